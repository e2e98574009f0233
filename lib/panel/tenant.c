#include "panel/panel_impl.h"

static void from_row(struct hp_stmt *st, struct hp_pool *pool, struct hp_tenant *t)
{
	unsigned i;

	for (i = 0; i < HP_TENANT_FIELDS; i++)
		t->v[i] = hp_pstrdup(pool, hp_stmt_get_text(st, i));
}

int64_t hp_tenant_id(const struct hp_tenant *t)
{
	int64_t id = 0;

	hp_parse_i64(t->v[HP_TENANT_ID], 1, INT64_MAX, &id);
	return id;
}

static int not_found(const char *subdomain, struct hp_err *err)
{
	hp_err_set(err, HP_E_NOT_FOUND, "there is no tenant \"%.64s\"", subdomain);
	return hp_err_hint(err, "hp-tenant list shows them");
}

/* Two transactions that count and then add wait for each other here. */
static int touch(struct hp_panel *p, const struct hp_tenant *t, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (hp_db_stmt(p->db, HP_SQL_TENANT_TOUCH, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "id", hp_tenant_id(t));
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
}

int hp_tenant_lock(struct hp_panel *p, int64_t id, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	struct hp_tenant t;
	int r;

	if (hp_db_stmt(p->db, HP_SQL_TENANT_LOCK_ID, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "id", id);
	r = hp_stmt_step(st, err);
	if (r < 0)
		return r;
	if (r == 0)
		return hp_err_set(err, HP_E_NOT_FOUND, "the tenant is gone");
	from_row(st, pool, &t);
	return touch(p, &t, err);
}

/* A user who acts sees one row: his own tenant's. */
static int begin_find(
	struct hp_panel *p, const char *name, bool lock, struct hp_stmt **ret, struct hp_err *err)
{
	if (p->actor.kind == HP_ACTOR_USER) {
		if (hp_db_stmt(p->db, lock ? HP_SQL_TENANT_LOCK_ID : HP_SQL_TENANT_GET_ID, ret,
			    err) < 0)
			return err->code;
		hp_stmt_i64(*ret, "id", p->actor.tenant_id);
		return 0;
	}
	if (hp_db_stmt(p->db, lock ? HP_SQL_TENANT_LOCK_ANY : HP_SQL_TENANT_GET_ANY, ret, err) < 0)
		return err->code;
	hp_stmt_text(*ret, "subdomain", name);
	return 0;
}

int hp_tenant_find(struct hp_panel *p, struct hp_pool *pool, const char *subdomain, bool lock,
	struct hp_tenant *ret, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	const char *name;
	int r;

	if (hp_field_check(pool, &hp_tenant_table.fields[HP_TENANT_SUBDOMAIN], subdomain,
		    strlen(subdomain), &name, err) < 0)
		return hp_err_prefix(err, "tenant");
	if (begin_find(p, name, lock, &st, err) < 0)
		return err->code;
	r = hp_stmt_step(st, err);
	if (r < 0)
		return r;
	if (r == 0 || !hp_streq(hp_stmt_get_text(st, HP_TENANT_SUBDOMAIN), name))
		return not_found(name, err);
	from_row(st, pool, ret);
	return lock ? touch(p, ret, err) : 0;
}

int hp_tenant_get(struct hp_panel *p, struct hp_pool *pool, const char *subdomain,
	struct hp_tenant *ret, struct hp_err *err)
{
	if (hp_may_begin(&p->actor, "tenant:show", err) < 0)
		return err->code;
	return hp_tenant_find(p, pool, subdomain, false, ret, err);
}

int hp_tenant_sites(struct hp_panel *p, int64_t *ret, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (hp_db_stmt(p->db, HP_SQL_TENANT_SITES, &st, err) < 0 || hp_stmt_step(st, err) < 0)
		return err->code;
	*ret = hp_stmt_get_i64(st, 0);
	return 0;
}

int hp_tenant_own(struct hp_panel *p, struct hp_pool *pool, struct hp_tenant *ret,
	struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	int r;

	if (hp_db_stmt(p->db, HP_SQL_TENANT_GET_ID, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "id", p->actor.tenant_id);
	r = hp_stmt_step(st, err);
	if (r == 1)
		from_row(st, pool, ret);
	else if (r == 0)
		return hp_err_set(err, HP_E_NOT_FOUND, "the tenant is gone");
	return r < 0 ? r : 0;
}

/* The tenant himself, as the only row. */
static int each_self(struct hp_panel *p,
	int (*fn)(void *arg, const struct hp_tenant *t, int64_t sites, struct hp_err *err),
	void *arg, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_tenant t;
	int64_t sites;

	if (hp_tenant_sites(p, &sites, err) < 0 || hp_tenant_own(p, pool, &t, err) < 0)
		return err->code;
	return fn(arg, &t, sites, err) < 0 ? err->code : 0;
}

int hp_tenant_each(struct hp_panel *p,
	int (*fn)(void *arg, const struct hp_tenant *t, int64_t sites, struct hp_err *err),
	void *arg, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	int r;

	if (hp_may_begin(&p->actor, "tenant:list", err) < 0)
		return err->code;
	if (p->actor.kind == HP_ACTOR_USER)
		return each_self(p, fn, arg, err);
	if (hp_db_stmt(p->db, HP_SQL_TENANT_LIST_ANY, &st, err) < 0)
		return err->code;
	while ((r = hp_stmt_step(st, err)) == 1) {
		struct hp_tenant t;

		from_row(st, pool, &t);
		r = fn(arg, &t, hp_stmt_get_i64(st, HP_TENANT_FIELDS), err);
		hp_pool_reset(pool);
		if (r != 0)
			break;
	}
	return r < 0 ? r : 0;
}

/* ---- where none is named ---- */
struct only {
	struct hp_pool *pool;
	const char *name;
};

static int see_only(
	void *arg, const struct hp_tenant *t, int64_t sites HP_UNUSED, struct hp_err *err)
{
	struct only *o = arg;

	if (o->name) {
		hp_err_field(err, HP_E_USAGE, "tenant", "there are several, and none is given");
		return hp_err_hint(err, "give tenant=TENANT; hp-tenant list shows them");
	}
	o->name = hp_pstrdup(o->pool, t->v[HP_TENANT_SUBDOMAIN]);
	return 0;
}

int hp_tenant_default(struct hp_panel *p, struct hp_pool *pool, const char *what, const char **ret,
	struct hp_err *err)
{
	struct only o = {.pool = pool};
	struct hp_tenant t;

	if (p->actor.kind == HP_ACTOR_USER) {
		if (hp_tenant_own(p, pool, &t, err) < 0)
			return err->code;
		*ret = t.v[HP_TENANT_SUBDOMAIN];
		return 0;
	}
	if (hp_tenant_each(p, see_only, &o, err) < 0)
		return err->code;
	if (!o.name) {
		hp_err_field(err, HP_E_USAGE, "tenant",
			"there is none yet that the %s could belong to",
			what);
		return hp_err_hint(err, "hp-tenant add TENANT makes one");
	}
	*ret = o.name;
	return 0;
}

/* ---- changes ---- */
struct change {
	const char *subdomain, *verb;
	const struct hp_assign *a;
	size_t n;
	const char *status;
	struct hp_pool *pool;
	struct hp_tenant after;
	bool changed;
};

/* The engine is in the URL, too: one follows from the other, or both must say the same. */
static int check_backend(
	struct hp_pool *pool, struct hp_tenant *t, bool backend_given, struct hp_err *err)
{
	const char *url = t->v[HP_TENANT_DATABASE_URL], *backend = t->v[HP_TENANT_DATABASE_BACKEND];
	const char *scheme;

	if (!url)
		return 0;
	scheme = hp_pstrndup(pool, url, strcspn(url, ":"));
	if (!backend || (!backend_given && !hp_streq(backend, scheme)))
		t->v[HP_TENANT_DATABASE_BACKEND] = scheme;
	else if (!hp_streq(backend, scheme))
		return hp_err_field(err, HP_E_USAGE, "database_backend",
			"it is %s, but database_url begins with %s:", backend,
			scheme);
	return 0;
}

static int assign(struct hp_panel *p, struct change *c, bool creating, struct hp_err *err)
{
	bool backend = false;
	size_t i;

	for (i = 0; i < c->n; i++) {
		const struct hp_field *f = &hp_tenant_table.fields[c->a[i].field];

		if (hp_may_assign(&p->actor, f, creating, err) < 0)
			return err->code;
		if (hp_field_apply(c->pool, &hp_tenant_table, &c->a[i],
			    c->after.v[c->a[i].field], &c->after.v[c->a[i].field], err) < 0)
			return err->code;
		backend |= c->a[i].field == HP_TENANT_DATABASE_BACKEND;
	}
	return check_backend(c->pool, &c->after, backend, err);
}

static void bind(struct hp_stmt *st, const struct hp_tenant *t)
{
	static const unsigned char settings[] = {HP_TENANT_NAME, HP_TENANT_DATABASE_BACKEND,
		HP_TENANT_DATABASE_URL, HP_TENANT_STORAGE_QUOTA_GB, HP_TENANT_WEBSITE_LIMIT,
		HP_TENANT_EMAIL_ACCOUNTS_LIMIT};
	size_t i;
	int64_t n;

	for (i = 0; i < HP_ARRAY_SIZE(settings); i++) {
		const struct hp_field *f = &hp_tenant_table.fields[settings[i]];
		const char *v = t->v[settings[i]];

		if (v && f->type == HP_F_INT && hp_parse_i64(v, INT64_MIN, INT64_MAX, &n) == 0)
			hp_stmt_i64(st, f->name, n);
		else
			hp_stmt_text(st, f->name, v);
	}
}

static int there_is(const struct change *c, struct hp_err *err)
{
	hp_err_set(err, HP_E_EXISTS, "there is a tenant %s already", c->subdomain);
	return hp_err_about(err, "subdomain");
}

static int add_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	struct change *c = arg;
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	struct hp_err none = HP_ERR_INIT;
	struct hp_tenant had;

	if (hp_tenant_find(p, c->pool, c->subdomain, false, &had, &none) == 0)
		return there_is(c, err);
	if (none.code != HP_E_NOT_FOUND) {
		*err = none;
		return err->code;
	}
	if (hp_db_stmt(p->db, HP_SQL_TENANT_ADD, &st, err) < 0)
		return err->code;
	bind(st, &c->after);
	hp_stmt_text(st, "subdomain", c->subdomain);
	if (hp_stmt_exec(st, err) < 0)
		return err->code == HP_E_EXISTS ? there_is(c, err) : err->code;
	if (hp_tenant_find(p, c->pool, c->subdomain, false, &c->after, err) < 0)
		return err->code;
	return hp_audit_add(p, hp_tenant_id(&c->after), "tenant:add", c->subdomain, NULL,
		hp_audit_json(c->pool, &hp_tenant_table, c->after.v, NULL, NULL), NULL, err);
}

int hp_tenant_add(struct hp_panel *p, const char *subdomain, const struct hp_assign *a, size_t n,
	struct hp_tenant *ret, struct hp_err *err)
{
	struct change c = {.a = a, .n = n, .pool = p->pool};

	if (hp_may_begin(&p->actor, "tenant:add", err) < 0)
		return err->code;
	if (hp_field_check(p->pool, &hp_tenant_table.fields[HP_TENANT_SUBDOMAIN], subdomain,
		    strlen(subdomain), &c.subdomain, err) < 0)
		return err->code;
	c.after.v[HP_TENANT_NAME] = c.subdomain;
	if (assign(p, &c, true, err) < 0)
		return err->code;
	if (c.after.v[HP_TENANT_SUBDOMAIN] &&
		!hp_streq(c.after.v[HP_TENANT_SUBDOMAIN], c.subdomain))
		return hp_err_field(err, HP_E_USAGE, "subdomain",
			"it is given twice, as %s and as %s",
			c.subdomain, c.after.v[HP_TENANT_SUBDOMAIN]);
	if (hp_panel_tx(p, add_tx, &c, err) < 0)
		return err->code;
	if (ret)
		*ret = c.after;
	return 0;
}

static int write_row(
	struct hp_panel *p, struct change *c, const struct hp_tenant *before, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (hp_db_stmt(p->db, HP_SQL_TENANT_SET, &st, err) < 0)
		return err->code;
	bind(st, &c->after);
	hp_stmt_text(st, "status", c->after.v[HP_TENANT_STATUS]);
	hp_stmt_i64(st, "id", hp_tenant_id(before));
	if (hp_stmt_exec(st, err) < 0)
		return err->code;
	return hp_audit_add(p, hp_tenant_id(before), c->verb, before->v[HP_TENANT_SUBDOMAIN],
		hp_audit_json(c->pool, &hp_tenant_table, before->v, c->after.v, NULL),
		hp_audit_json(c->pool, &hp_tenant_table, c->after.v, before->v, NULL), NULL, err);
}

/* Its websites are served, or suspended, with it. */
static int raise_nodes(struct hp_panel *p, const struct hp_tenant *t, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (hp_db_stmt(p->db, HP_SQL_NODE_RAISE_TENANT, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "tenant_id", hp_tenant_id(t));
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
}

static int revision_ok(const struct hp_panel *p, const struct hp_tenant *t, struct hp_err *err)
{
	return hp_panel_may_begin_with(
		p, &hp_tenant_table, t->v, NULL, t->v[HP_TENANT_SUBDOMAIN], err);
}

static int set_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	struct change *c = arg;
	struct hp_tenant before;

	c->changed = false;
	if (hp_tenant_find(p, c->pool, c->subdomain, true, &before, err) < 0 ||
		hp_may(&p->actor, c->verb, &(struct hp_object){.tenant = hp_tenant_id(&before)},
			err) < 0 ||
		revision_ok(p, &before, err) < 0)
		return err->code;
	c->after = before;
	if (c->status)
		c->after.v[HP_TENANT_STATUS] = c->status;
	if (assign(p, c, false, err) < 0)
		return err->code;
	for (unsigned i = 0; i < HP_TENANT_FIELDS; i++)
		c->changed |= !hp_streq(before.v[i], c->after.v[i]);
	if (!c->changed)
		return 0;
	if (c->status && raise_nodes(p, &before, err) < 0)
		return err->code;
	return write_row(p, c, &before, err);
}

static int set(struct hp_panel *p, struct change *c, bool *ret_changed, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();

	c->pool = pool;
	if (hp_may_begin(&p->actor, c->verb, err) < 0 || hp_panel_tx(p, set_tx, c, err) < 0)
		return err->code;
	if (ret_changed)
		*ret_changed = c->changed;
	return 0;
}

int hp_tenant_set(struct hp_panel *p, const char *subdomain, const struct hp_assign *a, size_t n,
	bool *ret_changed, struct hp_err *err)
{
	struct change c = {.subdomain = subdomain, .verb = "tenant:set", .a = a, .n = n};

	return set(p, &c, ret_changed, err);
}

int hp_tenant_status(struct hp_panel *p, const char *subdomain, const char *status,
	bool *ret_changed, struct hp_err *err)
{
	bool suspend = hp_streq(status, "suspended");
	struct change c = {.subdomain = subdomain,
		.status = suspend ? "suspended" : "active",
		.verb = suspend ? "tenant:suspend" : "tenant:resume"};

	HP_BUG_ON(!suspend && !hp_streq(status, "active"));
	return set(p, &c, ret_changed, err);
}

static int count_users(struct hp_panel *p, int64_t *ret, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (hp_db_stmt(p->db, HP_SQL_TENANT_USERS, &st, err) < 0 || hp_stmt_step(st, err) < 0)
		return err->code;
	*ret = hp_stmt_get_i64(st, 0);
	return 0;
}

static int not_empty(const struct hp_tenant *t, int64_t n, const char *what, const char *program,
	struct hp_err *err)
{
	const char *name = t->v[HP_TENANT_SUBDOMAIN];

	hp_err_set(err, HP_E_EXISTS, "%s: the tenant has %lld %s%s still", name, (long long)n, what,
		n == 1 ? "" : "s");
	return hp_err_hint(err, "remove them first: %s list --tenant %s", program, name);
}

static int remove_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	struct change *c = arg;
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	struct hp_tenant t;
	int64_t sites, users = 0;

	if (hp_tenant_find(p, c->pool, c->subdomain, true, &t, err) < 0 ||
		revision_ok(p, &t, err) < 0)
		return err->code;
	hp_panel_as(p, hp_tenant_id(&t));
	if (hp_tenant_sites(p, &sites, err) < 0 || count_users(p, &users, err) < 0)
		return err->code;
	if (sites)
		return not_empty(&t, sites, "website", "hp-site", err);
	if (users)
		return not_empty(&t, users, "user", "hp-user", err);
	if (hp_db_stmt(p->db, HP_SQL_TENANT_REMOVE, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "id", hp_tenant_id(&t));
	if (hp_stmt_exec(st, err) < 0)
		return err->code == HP_E_EXISTS
			       ? hp_err_prefix(err, "%s: something belongs to the tenant still",
					 t.v[HP_TENANT_SUBDOMAIN])
			       : err->code;
	return hp_audit_add(p, hp_tenant_id(&t), "tenant:remove", t.v[HP_TENANT_SUBDOMAIN],
		hp_audit_json(c->pool, &hp_tenant_table, t.v, NULL, NULL), NULL, NULL, err);
}

int hp_tenant_remove(struct hp_panel *p, const char *subdomain, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct change c = {.subdomain = subdomain, .pool = pool};

	if (hp_may_begin(&p->actor, "tenant:remove", err) < 0)
		return err->code;
	return hp_panel_tx(p, remove_tx, &c, err);
}
