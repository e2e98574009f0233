/* May that user do that, and why not? The same look and the same judgement as if he did it. */
#include "panel/panel_impl.h"

/* As the verbs themselves look their objects up. */
static int judge(struct hp_panel *p, struct hp_pool *pool, const char *verb, const char *object,
	struct hp_err *err)
{
	struct hp_site s;
	struct hp_tenant t;
	struct hp_user_row r;
	struct hp_key_row k;
	struct hp_undo u;

	if (hp_may_begin(&p->actor, verb, err) < 0 || !object)
		return err->code;
	/* a key is made for a user */
	if (hp_streq(verb, "key:add"))
		return hp_user_find(p, pool, object, verb, &r, err);
	/* what is new belongs to whom it is made by */
	if (hp_str_ends(verb, ":add"))
		return 0;
	if (hp_verb_is_of_site(verb))
		return hp_site_find(p, pool, object, verb, false, &s, NULL, err);
	if (hp_str_starts(verb, "user:"))
		return hp_user_find(p, pool, object, verb, &r, err);
	if (hp_str_starts(verb, "key:"))
		return hp_key_find(p, pool, object, verb, &k, err);
	if (hp_str_starts(verb, "session:"))
		return hp_session_judge(p, pool, object, verb, err);
	if (hp_str_starts(verb, "tenant:"))
		return hp_tenant_find(p, pool, object, false, &t, err) < 0
			? err->code
			: hp_may(&p->actor, verb, &(struct hp_object){.tenant = hp_tenant_id(&t)},
				  err);
	/* the change that it would be is a question of its own */
	if (hp_streq(verb, "audit:undo")) {
		if (hp_undo_find(p, pool, object, &u, err) == HP_E_NO)
			hp_err_clear(err);
		return err->code;
	}
	return hp_err_set(err, HP_E_USAGE, "%s: no object is named with this verb", verb);
}

int hp_user_can(struct hp_panel *p, const char *username, const char *verb, const char *object,
	struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	const struct hp_actor was = p->actor;
	struct hp_user_row r;
	struct hp_actor a;
	int rc;

	if (hp_may_begin(&p->actor, "user:can", err) < 0 ||
		hp_user_find(p, pool, username, "user:can", &r, err) < 0)
		return err->code;
	if (hp_streq(r.u.v[HP_USER_STATUS], "suspended"))
		return hp_err_set(err, HP_E_NO, "user %s is suspended", r.u.v[HP_USER_USERNAME]);
	rc = hp_user_become(p, pool, &r, &a, err);
	if (rc == 0) {
		p->actor = a;
		hp_panel_as_self(p);
		rc = judge(p, pool, verb, object, err);
		p->actor = was;
	}
	hp_panel_as_self(p);
	if (rc == HP_E_DENIED || rc == HP_E_NOT_FOUND)
		err->code = rc = HP_E_NO;
	return rc;
}
