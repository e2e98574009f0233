/* The one function that says who may do what. Whatever is not written here is denied. */
#include "panel/panel_impl.h"

/*
 * What the admin of a tenant may do to his own. Suspending is not among it: he could resume what
 * the operator has suspended.
 */
static const char *const tenant_verbs[] = {
	"audit:list",
	"site:add",
	"site:alias",
	"site:list",
	"site:remove",
	"site:set",
	"site:show",
	"tenant:list",
	"tenant:set",
	"tenant:show",
};

static bool is_listed(const char *verb)
{
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(tenant_verbs); i++)
		if (strcmp(tenant_verbs[i], verb) == 0)
			return true;
	return false;
}

int hp_may(const struct hp_actor *a, const char *verb, int64_t tenant, struct hp_err *err)
{
	switch (a->kind) {
	case HP_ACTOR_OPERATOR:
		return 0;
	case HP_ACTOR_TENANT:
		if (a->tenant_id > 0 && a->tenant_id == tenant && is_listed(verb))
			return 0;
		return hp_err_set(err, HP_E_DENIED, "%s: %s may not do that", verb, a->name);
	case HP_ACTOR_NOBODY:
		break;
	}
	hp_err_set(err, HP_E_DENIED, "%s: %s may not do that", verb, a->name);
	return hp_err_hint(err, "run it as root, or as the user that the database belongs to");
}

int hp_may_begin(const struct hp_actor *a, const char *verb, struct hp_err *err)
{
	return hp_may(a, verb, a->kind == HP_ACTOR_TENANT ? a->tenant_id : 0, err);
}

int hp_may_assign(
	const struct hp_actor *a, const struct hp_field *f, bool creating, struct hp_err *err)
{
	if (f->flags & HP_FF_READONLY)
		return hp_err_set(err, HP_E_USAGE, "%s: the panel sets it by itself", f->name);
	if ((f->flags & HP_FF_CREATE) && !creating)
		return hp_err_set(err, HP_E_USAGE,
			"%s: it is given once, when the object is made, and can't be "
			"changed",
			f->name);
	if ((f->flags & HP_FF_OPERATOR) && a->kind != HP_ACTOR_OPERATOR)
		return hp_err_set(err, HP_E_DENIED, "%s: only the operator may set it", f->name);
	return 0;
}
