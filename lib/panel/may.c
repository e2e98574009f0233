/*
 * The one function that says who may do what. Whatever is not written here is denied to everybody
 * but the operator.
 */
#include "panel/panel_impl.h"
#include "base/buf.h"

enum {
	ADMIN = 1,    /* the admin of a tenant, with everything that is the tenant's */
	RESELLER = 2, /* every reseller, with what is his own or his sub-clients' */
	GRANT = 4,    /* a reseller whom it was granted, likewise */
	OPERATOR = 0, /* nobody else */
	CLIENT = 8, /* a client, with what is his own; a sub-client where GRANT is there, too, only
		       what was granted to his reseller */
};

/*
 * Suspending a website is the operator's: a tenant could resume what he has suspended. What stands
 * here as the operator's alone is what a key of a user who acts as him can be made for. Sorted.
 */
static const struct rule {
	const char *verb;
	unsigned char who;
} rules[] = {
	{"audit:head", OPERATOR},
	{"audit:list", ADMIN | GRANT},
	{"audit:undo", ADMIN | GRANT},
	{"audit:verify", OPERATOR},
	{"cert:check", ADMIN | RESELLER | CLIENT},
	{"cert:import", ADMIN | GRANT | CLIENT},
	{"cert:issue", ADMIN | GRANT | CLIENT},
	{"cert:list", ADMIN | RESELLER | CLIENT},
	{"cert:remove", ADMIN | GRANT | CLIENT},
	{"cert:renew", ADMIN | GRANT | CLIENT},
	{"cert:show", ADMIN | RESELLER | CLIENT},
	{"db:info", OPERATOR},
	{"key:add", ADMIN | RESELLER | CLIENT},
	{"key:list", ADMIN | RESELLER | CLIENT},
	{"key:remove", ADMIN | RESELLER | CLIENT},
	{"key:show", ADMIN | RESELLER | CLIENT},
	{"node:list", OPERATOR},
	{"node:show", OPERATOR},
	{"node:state", OPERATOR},
	{"php:list", ADMIN | RESELLER | CLIENT},
	{"php:show", ADMIN | RESELLER | CLIENT},
	{"session:list", ADMIN | RESELLER | CLIENT},
	{"session:revoke", ADMIN | RESELLER | CLIENT},
	{"site:add", ADMIN | GRANT},
	{"site:alias", ADMIN | GRANT | CLIENT},
	{"site:list", ADMIN | RESELLER | CLIENT},
	{"site:remove", ADMIN | GRANT},
	{"site:resume", OPERATOR},
	{"site:set", ADMIN | GRANT | CLIENT},
	{"site:show", ADMIN | RESELLER | CLIENT},
	{"site:suspend", OPERATOR},
	{"tenant:add", OPERATOR},
	{"tenant:list", ADMIN | GRANT},
	{"tenant:remove", OPERATOR},
	{"tenant:resume", OPERATOR},
	{"tenant:set", ADMIN},
	{"tenant:show", ADMIN | GRANT},
	{"tenant:suspend", OPERATOR},
	{"user:add", ADMIN | RESELLER},
	{"user:can", ADMIN | RESELLER | CLIENT},
	{"user:list", ADMIN | RESELLER | CLIENT},
	{"user:passwd", ADMIN | RESELLER | CLIENT},
	{"user:recovery-codes", ADMIN | RESELLER | CLIENT},
	{"user:remove", ADMIN | RESELLER},
	{"user:resume", ADMIN | RESELLER},
	{"user:set", ADMIN | RESELLER | CLIENT},
	{"user:show", ADMIN | RESELLER | CLIENT},
	{"user:suspend", ADMIN | RESELLER},
	{"user:totp-confirm", ADMIN | RESELLER | CLIENT},
	{"user:totp-disable", ADMIN | RESELLER | CLIENT},
	{"user:totp-enable", ADMIN | RESELLER | CLIENT},
	{"vhost:detect", OPERATOR},
	{"vhost:purge", ADMIN | GRANT | CLIENT},
	{"vhost:verify", OPERATOR},
};

static const struct rule *find_rule(const char *verb)
{
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(rules); i++)
		if (strcmp(rules[i].verb, verb) == 0)
			return &rules[i];
	return NULL;
}

static unsigned rule_of(const char *verb)
{
	const struct rule *r = find_rule(verb);

	return r ? r->who : OPERATOR;
}

bool hp_verb_is_known(const char *verb)
{
	return find_rule(verb);
}

bool hp_verb_is_users(const char *verb)
{
	return rule_of(verb) != OPERATOR;
}

bool hp_may_be_granted(const char *verb)
{
	return rule_of(verb) & GRANT;
}

const char *hp_verbs_to_grant(struct hp_pool *pool)
{
	struct hp_buf names _cleanup_buf_ = HP_BUF_INIT;
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(rules); i++)
		if (rules[i].who & GRANT)
			hp_buf_addf(&names, "%s%s", names.len ? " " : "", rules[i].verb);
	return hp_pstrdup(pool, hp_buf_str(&names));
}

/* Does the actor's role allow the verb with anything at all? NULL, or why not. */
static const char *role_forbids(const struct hp_actor *a, const char *verb)
{
	unsigned who = rule_of(verb);

	if (who == OPERATOR)
		return "only the operator may";
	switch (a->role) {
	case HP_ROLE_ADMIN: return who & ADMIN ? NULL : "an admin may not";
	case HP_ROLE_RESELLER:
		if (who & RESELLER)
			return NULL;
		if (!(who & GRANT))
			return "a reseller may not";
		return hp_list_has(a->grants, verb) ? NULL : "it was not granted";
	case HP_ROLE_CLIENT:
		if (!(who & CLIENT))
			return "a client may not";
		if (a->parent_id && (who & GRANT) && !hp_list_has(a->grants, verb))
			return "it was not granted to the reseller";
		return NULL;
	}
	return "the role is unknown";
}

bool hp_verb_is_of_site(const char *verb)
{
	return hp_str_starts(verb, "site:") || hp_str_starts(verb, "cert:") ||
		hp_str_starts(verb, "php:") || hp_str_starts(verb, "vhost:");
}

/* Is the object within the actor's reach? What has an owner is judged by that. */
static bool reaches(const struct hp_actor *a, const char *verb, const struct hp_object *o)
{
	bool owned = hp_verb_is_of_site(verb) || hp_str_starts(verb, "user:") ||
		hp_str_starts(verb, "key:") || hp_str_starts(verb, "session:");

	if (a->tenant_id <= 0 || o->tenant != a->tenant_id)
		return false;
	if (a->role == HP_ROLE_ADMIN || !owned)
		return true;
	if (a->user_id <= 0)
		return false;
	return o->owner == a->user_id || (a->role == HP_ROLE_RESELLER && o->parent == a->user_id);
}

static const char *user_forbids(
	const struct hp_actor *a, const char *verb, const struct hp_object *o)
{
	const char *why = role_forbids(a, verb);

	return why || reaches(a, verb, o) ? why : "it belongs to somebody else";
}

/* To say who somebody is, one must not be a user: it is for who runs the programs. */
static const char *host_forbids(const struct hp_actor *a, const char *verb)
{
	static const char *const verbs[] = {"key:check", "session:check", "user:login"};
	size_t i;

	for (i = 0; a->user_id && i < HP_ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i], verb) == 0)
			return "only who runs the programs may";
	return NULL;
}

/*
 * A key has what it lists and no more: not what would give its holder more than that, which is to
 * change the user himself.
 */
static const char *key_forbids(
	const struct hp_actor *a, const char *verb, const struct hp_object *o)
{
	static const char *const looks[] = {"user:can", "user:list", "user:show"};
	size_t i;

	if (!a->key)
		return NULL;
	if (!hp_list_has(a->key->v[HP_KEY_VERBS], verb))
		return "the key is not for it";
	if (o->site && !hp_sites_fit(a->key->v[HP_KEY_SITES], o->site))
		return "the key is for other websites";
	if (o->any || !hp_str_starts(verb, "user:") || o->owner != a->user_id)
		return NULL;
	for (i = 0; i < HP_ARRAY_SIZE(looks); i++)
		if (strcmp(looks[i], verb) == 0)
			return NULL;
	return "a key does not change its own user";
}

/* What a user's change entails: hp_panel_begin_own(). And how the database is. */
static bool is_own_business(const char *verb)
{
	static const char *const verbs[] = {
		"db:info", "node:applied", "node:list", "node:state", "site:revert"};
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i], verb) == 0)
			return true;
	return false;
}

int hp_may_speak(const struct hp_actor *host, struct hp_err *err)
{
	if (host->kind == HP_ACTOR_OPERATOR || host->kind == HP_ACTOR_SERVICE)
		return 0;
	return hp_err_set(err, HP_E_DENIED, "only the operator may act as somebody else");
}

int hp_may(
	const struct hp_actor *a, const char *verb, const struct hp_object *o, struct hp_err *err)
{
	const char *why;

	switch (a->kind) {
	case HP_ACTOR_OPERATOR:
	case HP_ACTOR_USER:
		why = a->kind == HP_ACTOR_USER ? user_forbids(a, verb, o) : host_forbids(a, verb);
		if (!why)
			why = key_forbids(a, verb, o);
		if (!why)
			return 0;
		return hp_err_set(
			err, HP_E_DENIED, "%s: %s may not do that: %s", verb, a->name, why);
	case HP_ACTOR_SERVICE:
		if (is_own_business(verb))
			return 0;
		hp_err_set(err, HP_E_DENIED, "%s: %s does nothing in its own name", verb, a->name);
		return hp_err_hint(err, "--as USER says for whom");
	case HP_ACTOR_NOBODY: break;
	}
	hp_err_set(err, HP_E_DENIED, "%s: %s may not do that", verb, a->name);
	return hp_err_hint(err, "run it as root, or as the user that the database belongs to");
}

int hp_may_begin(const struct hp_actor *a, const char *verb, struct hp_err *err)
{
	const struct hp_object own = {
		.tenant = a->tenant_id, .owner = a->user_id, .any = true};

	return hp_may(a, verb, &own, err);
}

int hp_may_assign(
	const struct hp_actor *a, const struct hp_field *f, bool creating, struct hp_err *err)
{
	if (f->flags & HP_FF_READONLY)
		return hp_err_field(err, HP_E_USAGE, f->name, "the panel sets it by itself");
	if ((f->flags & HP_FF_CREATE) && !creating)
		return hp_err_field(err, HP_E_USAGE, f->name,
			"it is given once, when the object is made, and can't be "
			"changed");
	if ((f->flags & HP_FF_OPERATOR) && a->kind != HP_ACTOR_OPERATOR)
		return hp_err_field(err, HP_E_DENIED, f->name, "only the operator may set it");
	return 0;
}

bool hp_is_above_users(const struct hp_actor *a)
{
	return a->kind == HP_ACTOR_OPERATOR ||
		(a->kind == HP_ACTOR_USER && a->role == HP_ROLE_ADMIN);
}

int64_t hp_mine(const struct hp_actor *a)
{
	/* one who is nobody in particular owns nothing, and 0 would be everything */
	if (a->kind != HP_ACTOR_USER || a->role == HP_ROLE_ADMIN)
		return 0;
	return a->user_id > 0 ? a->user_id : -1;
}
