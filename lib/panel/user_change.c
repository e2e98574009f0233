/* Users, changed. Whoever changes a tenant's users waits for the others who do. */
#include "base/file.h"
#include "panel/panel_impl.h"
#include "sys/json.h"
#include "sys/pwhash.h"

#define ONCE_S 86400 /* so long a password for once is good */

struct change {
	struct hp_pool *pool;
	const char *username, *verb, *tenant;
	const struct hp_assign *a;
	size_t n;
	const char *status, *hash;
	int64_t tenant_id;
	struct hp_user_row after;
	bool changed;
};

/* ---- what fits ---- */
static int refuse_grant(const char *verb, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();

	hp_err_field(err, HP_E_USAGE, "grants", "%s is not among what a reseller can be granted",
		verb);
	return hp_err_hint(err, "these are, besides what every reseller may: %s",
		hp_verbs_to_grant(pool));
}

static int check_grants(const struct hp_user *u, struct hp_err *err)
{
	struct hp_json *doc _cleanup_json_ = NULL;
	const char *grants = u->v[HP_USER_GRANTS];
	const struct hp_json *v;

	if (hp_json_parse(grants, strlen(grants), &doc, err) < 0)
		return err->code;
	if (hp_json_first(doc) && !hp_streq(u->v[HP_USER_ROLE], "reseller"))
		return hp_err_field(err, HP_E_USAGE, "grants",
			"only a reseller is granted something");
	for (v = hp_json_first(doc); v; v = hp_json_next(v))
		if (!hp_may_be_granted(hp_json_str(v)))
			return refuse_grant(hp_json_str(v), err);
	return 0;
}

int hp_user_key_fits(struct hp_panel *p, const struct hp_user *before, const struct hp_user *after,
	struct hp_err *err)
{
	if (!p->actor.key ||
		(hp_streq(before->v[HP_USER_ROLE], "client") &&
			hp_streq(after->v[HP_USER_ROLE], "client")))
		return 0;
	return hp_err_field(err, HP_E_DENIED, "role",
		"with a key only clients are made and changed");
}

static int count(struct hp_panel *p, enum hp_sql id, int64_t user, int64_t *ret, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (hp_db_stmt(p->db, id, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "id", user);
	if (hp_stmt_step(st, err) < 0)
		return err->code;
	*ret = hp_stmt_get_i64(st, 0);
	return 0;
}

static int in_use(const struct hp_user_row *r, int64_t n, const char *what, const char *hint,
	struct hp_err *err)
{
	hp_err_set(err, HP_E_EXISTS, "%s: the user has %lld %s%s still", r->u.v[HP_USER_USERNAME],
		(long long)n, what, n == 1 ? "" : "s");
	return hp_err_hint(err, "%s gives them to somebody else", hint);
}

static int has_sites(const struct hp_user_row *r, int64_t n, struct hp_err *err)
{
	return in_use(r, n, "website", "hp-site set DOMAIN owner=USER", err);
}

/* Above all tenants nobody is a client, and what is a tenant's has an owner whom it knows. */
static int check_operator(struct hp_panel *p, const struct hp_user_row *before,
	const struct hp_user *after, struct hp_err *err)
{
	int64_t n = 0;

	if (!hp_user_is_operator(after))
		return 0;
	if (!hp_streq(after->v[HP_USER_ROLE], "admin"))
		return hp_err_set(err, HP_E_USAGE,
			"operator: role=admin goes with it; it is what is left without");
	if (hp_user_is_operator(&before->u))
		return 0;
	if (count(p, HP_SQL_USER_SITES, before->id, &n, err) < 0)
		return err->code;
	return n ? has_sites(before, n, err) : 0;
}

/* Who is below all admins changes what clients are called and how they are reached, no more. */
static int check_rank(struct hp_panel *p, const struct hp_user *before, const struct hp_user *after,
	struct hp_err *err)
{
	static const unsigned char fields[] = {HP_USER_ROLE, HP_USER_PARENT, HP_USER_GRANTS};
	size_t i;

	if (hp_is_above_users(&p->actor))
		return 0;
	for (i = 0; i < HP_ARRAY_SIZE(fields); i++)
		if (!hp_streq(before->v[fields[i]], after->v[fields[i]]))
			return hp_err_field(err, HP_E_DENIED,
				hp_user_table.fields[fields[i]].name, "only an admin may set it");
	return 0;
}

/* A client's reseller is one of the same tenant; sets after.parent_id. */
static int check_parent(struct hp_panel *p, struct change *c, struct hp_err *err)
{
	struct hp_user *u = &c->after.u;
	struct hp_user_row r;

	c->after.parent_id = 0;
	if (!u->v[HP_USER_PARENT])
		return 0;
	if (!hp_streq(u->v[HP_USER_ROLE], "client"))
		return hp_err_field(err, HP_E_USAGE, "parent", "only a client has a reseller");
	if (hp_user_look(p, c->pool, u->v[HP_USER_PARENT], &r, err) < 0)
		return hp_err_prefix(err, "parent"), hp_err_about(err, "parent");
	if (r.tenant_id != c->tenant_id)
		return hp_err_field(err, HP_E_USAGE, "parent", "%s is a user of another tenant",
			r.u.v[HP_USER_USERNAME]);
	if (!hp_streq(r.u.v[HP_USER_ROLE], "reseller"))
		return hp_err_field(
			err, HP_E_USAGE, "parent", "%s is no reseller", r.u.v[HP_USER_USERNAME]);
	c->after.parent_id = r.id;
	return 0;
}

/* A reseller with sub-clients stays one. */
static int check_role(struct hp_panel *p, const struct hp_user_row *before,
	const struct hp_user *after, struct hp_err *err)
{
	int64_t n = 0;

	if (hp_streq(after->v[HP_USER_ROLE], "reseller") ||
		!hp_streq(before->u.v[HP_USER_ROLE], "reseller"))
		return 0;
	if (count(p, HP_SQL_USER_CLIENTS, before->id, &n, err) < 0)
		return err->code;
	if (!n)
		return 0;
	hp_err_set(err, HP_E_EXISTS, "%s has %lld sub-client%s, and so stays a reseller",
		before->u.v[HP_USER_USERNAME], (long long)n, n == 1 ? "" : "s");
	return hp_err_about(err, "role");
}

static int assign(struct hp_panel *p, struct change *c, bool creating, struct hp_err *err)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		unsigned f = c->a[i].field;

		if (hp_may_assign(&p->actor, &hp_user_table.fields[f], creating, err) < 0)
			return err->code;
		/* hashed already, and not within a transaction that may be run again */
		if (f == HP_USER_PASSWORD)
			continue;
		if (hp_field_apply(c->pool, &hp_user_table, &c->a[i], c->after.u.v[f],
			    &c->after.u.v[f], err) < 0)
			return err->code;
	}
	if (c->after.u.v[HP_USER_USERNAME] &&
		!hp_streq(c->after.u.v[HP_USER_USERNAME], c->username))
		return hp_err_field(err, HP_E_USAGE, "username",
			"it is given twice, as %s and as %s",
			c->username, c->after.u.v[HP_USER_USERNAME]);
	return 0;
}

static bool is_given(const struct change *c, unsigned field)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (c->a[i].field == field)
			return true;
	return false;
}

/* ---- rows ---- */
static void bind(struct hp_stmt *st, const struct hp_user *u)
{
	static const unsigned char fields[] = {
		HP_USER_EMAIL, HP_USER_ROLE, HP_USER_GRANTS, HP_USER_PASSWORD};
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(fields); i++)
		hp_stmt_text(st, hp_user_table.fields[fields[i]].name, u->v[fields[i]]);
}

static int write_parent(struct hp_panel *p, const struct change *c, struct hp_err *err)
{
	struct hp_stmt *gone _cleanup_stmt_ = NULL, *st _cleanup_stmt_ = NULL;

	if (hp_db_stmt(p->db, HP_SQL_USER_PARENT_REMOVE, &gone, err) < 0)
		return err->code;
	hp_stmt_i64(gone, "id", c->after.id);
	if (hp_stmt_exec(gone, err) < 0)
		return err->code;
	if (!c->after.parent_id)
		return 0;
	if (hp_db_stmt(p->db, HP_SQL_USER_PARENT_ADD, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "id", c->after.id);
	hp_stmt_i64(st, "parent_id", c->after.parent_id);
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
}

static int write_operator(struct hp_panel *p, const struct change *c, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (hp_db_stmt(p->db,
		    hp_user_is_operator(&c->after.u) ? HP_SQL_USER_OPERATOR_ADD
						     : HP_SQL_USER_OPERATOR_REMOVE,
		    &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "id", c->after.id);
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
}

static bool is_operator(const struct hp_user *u)
{
	return u && hp_user_is_operator(u);
}

/* Of one who is, or was, above his tenant its trail says nothing. */
static int audit(struct hp_panel *p, const struct change *c, const struct hp_user *before,
	const struct hp_user *after, struct hp_err *err)
{
	const char *const *was = before ? before->v : NULL, *const *is = after ? after->v : NULL;
	int64_t trail = is_operator(before) || is_operator(after) ? 0 : c->tenant_id;

	return hp_audit_add(p, trail, c->verb,
		(before ? before : after)->v[HP_USER_USERNAME],
		was ? hp_audit_json(c->pool, &hp_user_table, was, is, NULL) : NULL,
		is ? hp_audit_json(c->pool, &hp_user_table, is, was, NULL) : NULL, NULL, err);
}

/* ---- add ---- */
static int taken(const char *name, struct hp_err *err)
{
	hp_err_set(err, HP_E_EXISTS, "%s: the name is taken already", name);
	return hp_err_about(err, "username");
}

static int insert(struct hp_panel *p, struct change *c, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (hp_db_stmt(p->db, HP_SQL_USER_ADD, &st, err) < 0)
		return err->code;
	bind(st, &c->after.u);
	hp_stmt_text(st, "username", c->username);
	if (hp_stmt_exec(st, err) < 0)
		return err->code == HP_E_EXISTS ? taken(c->username, err) : err->code;
	c->after.id = hp_db_last_id(p->db);
	if (hp_user_is_operator(&c->after.u) && write_operator(p, c, err) < 0)
		return err->code;
	return write_parent(p, c, err);
}

/* Names are unique among all tenants, so one that is taken is told, and no more. */
static int name_free(struct hp_panel *p, const struct change *c, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	int r;

	if (hp_db_stmt(p->db, HP_SQL_USER_GET_ANY, &st, err) < 0)
		return err->code;
	hp_stmt_text(st, "username", c->username);
	r = hp_stmt_step(st, err);
	return r == 1 ? taken(c->username, err) : r;
}

static int add_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	struct change *c = arg;
	struct hp_user blank = {{NULL}};
	struct hp_tenant t;

	if (hp_tenant_find(p, c->pool, c->tenant, true, &t, err) < 0)
		return hp_err_about(err, "tenant");
	c->tenant_id = hp_tenant_id(&t);
	if (hp_may(&p->actor, c->verb,
		    &(struct hp_object){
			    .tenant = c->tenant_id, .owner = p->actor.user_id, .any = true},
		    err) < 0)
		return err->code;
	hp_panel_as(p, c->tenant_id);
	blank.v[HP_USER_ROLE] = "client";
	blank.v[HP_USER_GRANTS] = "[]";
	blank.v[HP_USER_OPERATOR] = "false";
	c->after.u = blank;
	c->after.u.v[HP_USER_PASSWORD] = c->hash;
	if (assign(p, c, true, err) < 0)
		return err->code;
	if (hp_user_is_operator(&c->after.u) && !is_given(c, HP_USER_ROLE))
		c->after.u.v[HP_USER_ROLE] = "admin";
	if (hp_user_key_fits(p, &blank, &c->after.u, err) < 0 ||
		check_rank(p, &blank, &c->after.u, err) < 0 ||
		check_operator(p, &(struct hp_user_row){.u = blank}, &c->after.u, err) < 0)
		return err->code;
	/* whom a reseller makes is his */
	if (!hp_is_above_users(&p->actor))
		c->after.u.v[HP_USER_PARENT] = p->actor.name;
	if (check_parent(p, c, err) < 0 || check_grants(&c->after.u, err) < 0 ||
		name_free(p, c, err) < 0 || insert(p, c, err) < 0 ||
		hp_user_look(p, c->pool, c->username, &c->after, err) < 0)
		return err->code;
	return audit(p, c, NULL, &c->after.u, err);
}

static int hash_password(struct change *c, const char *password, struct hp_err *err)
{
	if (hp_password_check(password, c->username, err) < 0)
		return err->code;
	return hp_pwhash_login(c->pool, password, &c->hash, err);
}

int hp_user_add(struct hp_panel *p, const char *username, const char *tenant,
	const struct hp_assign *a, size_t n, struct hp_user *ret, struct hp_err *err)
{
	struct change c = {.pool = p->pool, .verb = "user:add", .tenant = tenant, .a = a, .n = n};
	size_t i;

	if (hp_may_begin(&p->actor, c.verb, err) < 0 ||
		hp_field_check(p->pool, &hp_user_table.fields[HP_USER_USERNAME], username,
			strlen(username), &c.username, err) < 0)
		return err->code;
	for (i = 0; i < n; i++)
		if (a[i].field == HP_USER_PASSWORD && a[i].value &&
			hash_password(&c, a[i].value, err) < 0)
			return err->code;
	if (!tenant && hp_tenant_default(p, p->pool, "user", &c.tenant, err) < 0)
		return err->code;
	if (hp_panel_tx(p, add_tx, &c, err) < 0)
		return err->code;
	*ret = c.after.u;
	return 0;
}

/* ---- set, passwd, suspend, resume ---- */
/* The tenant first, as everybody does who changes its users; then the user as he is now. */
static int begin(struct hp_panel *p, struct change *c, struct hp_user_row *ret, struct hp_err *err)
{
	if (hp_tenant_lock(p, c->tenant_id, err) < 0 ||
		hp_user_find(p, c->pool, c->username, c->verb, ret, err) < 0)
		return err->code;
	return hp_panel_may_begin_with(p, &hp_user_table, ret->u.v, NULL,
		ret->u.v[HP_USER_USERNAME], err);
}

static int write_row(struct hp_panel *p, const struct change *c, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (hp_db_stmt(p->db, HP_SQL_USER_SET, &st, err) < 0)
		return err->code;
	bind(st, &c->after.u);
	hp_stmt_text(st, "status", c->after.u.v[HP_USER_STATUS]);
	hp_stmt_i64(st, "id", c->after.id);
	return hp_stmt_exec(st, err) < 0 ? err->code : write_parent(p, c, err);
}

/*
 * Whoever could come as the user so far, with a password that an admin has set, a key that somebody
 * has made for him: none of them is the operator by that.
 */
static int begin_anew(struct hp_panel *p, struct change *c, struct hp_err *err)
{
	int64_t id = c->after.id;

	if (hp_session_end_all(p, id, err) < 0 || hp_key_remove_all(p, id, err) < 0 ||
		hp_factor_remove(p, id, err) < 0)
		return err->code;
	return 0;
}

static int set_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	struct change *c = arg;
	struct hp_user_row before;
	bool raised;
	unsigned i;

	c->changed = false;
	if (begin(p, c, &before, err) < 0)
		return err->code;
	if (c->status && before.id == p->actor.user_id)
		return hp_err_set(err, HP_E_DENIED, "%s: nobody suspends himself", c->verb);
	c->after = before;
	if (c->status)
		c->after.u.v[HP_USER_STATUS] = c->status;
	if (c->hash)
		c->after.u.v[HP_USER_PASSWORD] = c->hash;
	if (assign(p, c, false, err) < 0 || hp_user_key_fits(p, &before.u, &c->after.u, err) < 0 ||
		check_rank(p, &before.u, &c->after.u, err) < 0 ||
		check_role(p, &before, &c->after.u, err) < 0 ||
		check_grants(&c->after.u, err) < 0 ||
		check_operator(p, &before, &c->after.u, err) < 0)
		return err->code;
	raised = hp_user_is_operator(&c->after.u) && !hp_user_is_operator(&before.u);
	if (raised)
		c->after.u.v[HP_USER_PASSWORD] = NULL;
	/* who may not name a reseller keeps the one he has */
	if (hp_is_above_users(&p->actor) && check_parent(p, c, err) < 0)
		return err->code;
	for (i = 0; i < HP_USER_FIELDS; i++)
		c->changed |= !hp_streq(before.u.v[i], c->after.u.v[i]);
	if (!c->changed)
		return 0;
	if (write_row(p, c, err) < 0 || (raised && begin_anew(p, c, err) < 0))
		return err->code;
	if (!hp_streq(before.u.v[HP_USER_OPERATOR], c->after.u.v[HP_USER_OPERATOR]) &&
		write_operator(p, c, err) < 0)
		return err->code;
	/* who knew the old password, or was in, is out */
	if ((c->hash || hp_streq(c->status, "suspended")) &&
		hp_session_end_all(p, before.id, err) < 0)
		return err->code;
	return audit(p, c, &before.u, &c->after.u, err);
}

/* Whose user is it? The tenant stays the same as long as the user is there. */
static int find_tenant(
	struct hp_panel *p, struct change *c, struct hp_user_row *ret, struct hp_err *err)
{
	int r;

	if (hp_may_begin(&p->actor, c->verb, err) < 0)
		return err->code;
	r = hp_user_find(p, c->pool, c->username, c->verb, ret, err);
	hp_panel_as_self(p);
	c->tenant_id = r == 0 ? ret->tenant_id : 0;
	return r;
}

static int set(struct hp_panel *p, struct change *c, bool *ret_changed, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_user_row now;

	c->pool = pool;
	if (find_tenant(p, c, &now, err) < 0 || hp_panel_tx(p, set_tx, c, err) < 0)
		return err->code;
	if (ret_changed)
		*ret_changed = c->changed;
	return 0;
}

int hp_user_set(struct hp_panel *p, const char *username, const struct hp_assign *a, size_t n,
	bool *ret_changed, struct hp_err *err)
{
	struct change c = {.username = username, .verb = "user:set", .a = a, .n = n};

	return set(p, &c, ret_changed, err);
}

int hp_user_status(struct hp_panel *p, const char *username, const char *status, bool *ret_changed,
	struct hp_err *err)
{
	bool suspend = hp_streq(status, "suspended");
	struct change c = {.username = username,
		.status = suspend ? "suspended" : "active",
		.verb = suspend ? "user:suspend" : "user:resume"};

	HP_BUG_ON(!suspend && !hp_streq(status, "active"));
	return set(p, &c, ret_changed, err);
}

static int passwd(struct hp_panel *p, const char *username, const char *password, bool once,
	bool *ret_changed, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct change c = {.pool = pool, .username = username, .verb = "user:passwd"};
	struct hp_user_row now;

	if (find_tenant(p, &c, &now, err) < 0 || hash_password(&c, password, err) < 0)
		return err->code;
	/* the same once more changes nothing */
	if (once)
		c.hash = hp_pprintf(pool, HP_ONCE "%lld:%s", (long long)hp_now() + ONCE_S, c.hash);
	else if (now.u.v[HP_USER_PASSWORD] && hp_pwhash_is(password, now.u.v[HP_USER_PASSWORD]))
		c.hash = NULL;
	if (hp_panel_tx(p, set_tx, &c, err) < 0)
		return err->code;
	*ret_changed = c.changed;
	return 0;
}

int hp_user_passwd(struct hp_panel *p, const char *username, const char *password,
	bool *ret_changed, struct hp_err *err)
{
	return passwd(p, username, password, false, ret_changed, err);
}

int hp_user_passwd_once(struct hp_panel *p, const char *username, const char *password,
	bool *ret_changed, struct hp_err *err)
{
	return passwd(p, username, password, true, ret_changed, err);
}

/* ---- remove ---- */
static int remove_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	struct change *c = arg;
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	struct hp_user_row r;
	int64_t sites = 0, clients = 0;

	if (begin(p, c, &r, err) < 0)
		return err->code;
	if (r.id == p->actor.user_id)
		return hp_err_set(err, HP_E_DENIED, "%s: nobody removes himself", c->verb);
	if (hp_user_key_fits(p, &r.u, &r.u, err) < 0)
		return err->code;
	if (count(p, HP_SQL_USER_SITES, r.id, &sites, err) < 0 ||
		count(p, HP_SQL_USER_CLIENTS, r.id, &clients, err) < 0)
		return err->code;
	if (sites)
		return has_sites(&r, sites, err);
	if (clients)
		return in_use(&r, clients, "sub-client", "hp-user set USER parent=USER", err);
	if (hp_db_stmt(p->db, HP_SQL_USER_REMOVE, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "id", r.id);
	if (hp_stmt_exec(st, err) < 0)
		return err->code;
	if (hp_login_forget(p, r.u.v[HP_USER_USERNAME], err) < 0)
		return err->code;
	return audit(p, c, &r.u, NULL, err);
}

int hp_user_remove(struct hp_panel *p, const char *username, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct change c = {.pool = pool, .username = username, .verb = "user:remove"};
	struct hp_user_row now;

	if (find_tenant(p, &c, &now, err) < 0)
		return err->code;
	return hp_panel_tx(p, remove_tx, &c, err);
}
