/* A new website. */
#include "panel/panel_impl.h"

struct adding {
	struct hp_pool *pool;
	const char *domain, *tenant, *node;
	bool node_given;
	const struct hp_assign *a;
	size_t n;
	struct hp_strv aliases; /* canonical, sorted */
	const struct hp_site *back;
	struct hp_site_change *ret;
};

/* ---- what is wished ---- */
static int take_aliases(struct adding *x, const struct hp_strv *aliases, struct hp_err *err)
{
	const char *name;
	size_t i;

	for (i = 0; aliases && i < aliases->n; i++) {
		if (hp_site_name(x->pool, "aliases", aliases->v[i], true, &name, err) < 0)
			return err->code;
		if (hp_streq(name, x->domain))
			return hp_err_field(
				err, HP_E_USAGE, "aliases", "%s is the website's own domain", name);
		if (!hp_strv_has(&x->aliases, name))
			hp_strv_add_ref(x->pool, &x->aliases, name);
	}
	if (x->aliases.n > HP_SITE_ALIASES_MAX)
		return hp_err_field(err, HP_E_USAGE, "aliases",
			"a website can have %d further names, not %zu", HP_SITE_ALIASES_MAX,
			x->aliases.n);
	hp_strv_sort(&x->aliases);
	return 0;
}

/* Names like these come from ids: one given by hand would be in the way of a later website. */
static bool is_automatic_user(const char *user)
{
	const char *n = hp_str_after(user, "site");

	return n && *n && strspn(n, "0123456789") == strlen(n);
}

static int assign(
	const struct hp_panel *p, const struct adding *x, struct hp_site *s, struct hp_err *err)
{
	size_t i;

	for (i = 0; i < x->n; i++) {
		const struct hp_field *f = &hp_site_table.fields[x->a[i].field];
		const char *v;

		if (hp_may_assign(&p->actor, f, true, err) < 0)
			return err->code;
		if (hp_field_apply(x->pool, &hp_site_table, &x->a[i], s->v[x->a[i].field],
			    &s->v[x->a[i].field], err) < 0)
			return err->code;
		v = s->v[x->a[i].field];
		if (x->a[i].field == HP_SITE_DOMAIN && !hp_streq(v, x->domain))
			return hp_err_field(err, HP_E_USAGE, "domain",
				"it is given twice, as %s and as %s", x->domain, v);
		if (x->a[i].field == HP_SITE_USER && is_automatic_user(v))
			return hp_err_field(err, HP_E_USAGE, "user",
				"names like %s are given by the panel itself", v);
	}
	return 0;
}

static int wish(struct hp_panel *p, const struct adding *x, struct hp_site *s, struct hp_err *err)
{
	unsigned i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < HP_SITE_FIELDS; i++)
		s->v[i] = hp_site_table.fields[i].deflt;
	s->v[HP_SITE_DOMAIN] = x->domain;
	s->aliases = x->aliases;
	if (assign(p, x, s, err) < 0)
		return err->code;
	/* who may not have the tenant's has his own */
	if (!s->v[HP_SITE_OWNER] && hp_mine(&p->actor) > 0)
		s->v[HP_SITE_OWNER] = p->actor.name;
	if (!s->v[HP_SITE_NODE] &&
		hp_panel_node_name(x->pool, p->conf, &s->v[HP_SITE_NODE], err) < 0)
		return err->code;
	if (!s->v[HP_SITE_WEB_SERVER])
		s->v[HP_SITE_WEB_SERVER] = p->server_default ? p->server_default : "nginx";
	if (!s->v[HP_SITE_PHP_VERSION])
		s->v[HP_SITE_PHP_VERSION] = p->php_default;
	if (!s->v[HP_SITE_PHP_VERSION]) {
		hp_err_field(err, HP_E_USAGE, "php_version",
			"none is given, and no PHP is known on this host");
		return hp_err_hint(
			err, "install one (apt install php-fpm) or give php_version=X.Y");
	}
	return hp_site_check(s, err) < 0 ? err->code : hp_site_php_ok(p, s, err);
}

/* ---- may it come in? ---- */
static int find_tenant(struct hp_panel *p, const struct adding *x, struct hp_site *s,
	struct hp_tenant *t, struct hp_err *err)
{
	if (hp_tenant_find(p, x->pool, x->tenant, true, t, err) < 0)
		return hp_err_about(err, "tenant");
	if (hp_may(&p->actor, "site:add",
			&(struct hp_object){
				.tenant = hp_tenant_id(t),
				.owner = p->actor.user_id,
				.site = x->domain},
			err) < 0)
		return err->code;
	s->v[HP_SITE_TENANT_ID] = t->v[HP_TENANT_ID];
	hp_panel_as(p, hp_tenant_id(t));
	return 0;
}

/* May it have one more? The tenant's row is locked: two who count at once wait for each other. */
static int check_limit(struct hp_panel *p, const struct hp_tenant *t, struct hp_err *err)
{
	const char *name = t->v[HP_TENANT_SUBDOMAIN];
	int64_t have, limit;

	if (hp_streq(t->v[HP_TENANT_STATUS], "suspended"))
		return hp_err_set(err, HP_E_EXISTS,
			"tenant %s is suspended: it can't have new websites", name);
	if (!t->v[HP_TENANT_WEBSITE_LIMIT])
		return 0;
	if (hp_tenant_sites(p, &have, err) < 0)
		return err->code;
	hp_parse_i64(t->v[HP_TENANT_WEBSITE_LIMIT], 0, INT64_MAX, &limit);
	if (have < limit)
		return 0;
	hp_err_set(err, HP_E_EXISTS, "tenant %s has %lld website%s, and its website_limit is %lld",
		name, (long long)have, have == 1 ? "" : "s", (long long)limit);
	if (p->actor.kind == HP_ACTOR_OPERATOR)
		hp_err_hint(err, "hp-tenant set %s website_limit=%lld", name, (long long)limit + 1);
	return err->code;
}

static int find_node(struct hp_panel *p, const struct adding *x, const char *name, int64_t *ret,
	struct hp_err *err)
{
	if (hp_node_find(p, name, ret, err) != HP_E_NOT_FOUND)
		return err->code;
	if (x->node_given)
		return hp_err_field(err, HP_E_USAGE, "node", "there is no node %s", name);
	hp_err_set(err, HP_E_CONF, "this host's node %s is not in the database", name);
	return hp_err_hint(
		err, "run hp-db init, or set name in section [node] of %s", hp_conf_path(p->conf));
}

/* ---- in it comes ---- */
static int insert_site(struct hp_panel *p, const struct adding *x, struct hp_site *s,
	int64_t node_id, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	int64_t id;

	if (hp_db_stmt(p->db, HP_SQL_SITE_ADD, &st, err) < 0)
		return err->code;
	hp_stmt_text(st, "domain", s->v[HP_SITE_DOMAIN]);
	hp_stmt_i64(st, "node_id", node_id);
	if (hp_stmt_exec(st, err) < 0)
		return err->code == HP_E_EXISTS
			       ? hp_err_set(err, HP_E_EXISTS, "%s: the name is taken already",
					 s->v[HP_SITE_DOMAIN]),
			       hp_err_about(err, "domain") : err->code;
	id = hp_db_last_id(p->db);
	s->v[HP_SITE_ID] = hp_pprintf(x->pool, "%lld", (long long)id);
	s->v[HP_SITE_UID] = hp_pprintf(x->pool, "%lld", (long long)hp_site_uid(id));
	if (!s->v[HP_SITE_USER])
		s->v[HP_SITE_USER] = hp_pprintf(x->pool, "site%lld", (long long)id);
	return 0;
}

static int insert_user(struct hp_panel *p, const struct hp_site *s, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (hp_db_stmt(p->db, HP_SQL_SITE_OWN, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "id", hp_site_i64(s, HP_SITE_ID));
	hp_stmt_text(st, "user", s->v[HP_SITE_USER]);
	hp_stmt_i64(st, "uid", hp_site_i64(s, HP_SITE_UID));
	if (hp_stmt_exec(st, err) < 0)
		return err->code == HP_E_EXISTS
			       ? hp_err_field(err, HP_E_EXISTS, "user", "%s is taken already",
					 s->v[HP_SITE_USER])
			       : err->code;
	return 0;
}

static int insert_all(struct hp_panel *p, const struct adding *x, struct hp_site *s,
	int64_t node_id, struct hp_err *err)
{
	size_t i;

	if (insert_site(p, x, s, node_id, err) < 0 || insert_user(p, s, err) < 0 ||
		hp_site_config_write(p, HP_SQL_SITE_CONFIG_ADD, s, err) < 0 ||
		hp_site_name_add(p, s, s->v[HP_SITE_DOMAIN], false, err) < 0)
		return err->code;
	for (i = 0; i < s->aliases.n; i++)
		if (hp_site_name_add(p, s, s->aliases.v[i], true, err) < 0)
			return err->code;
	return 0;
}

static int add_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	struct adding *x = arg;
	struct hp_tenant t;
	struct hp_site s;
	int64_t node_id, owner;
	size_t i;

	memset(x->ret, 0, sizeof(*x->ret));
	if (wish(p, x, &s, err) < 0 || find_tenant(p, x, &s, &t, err) < 0 ||
		hp_site_owner_check(p, x->pool, NULL, &s, &owner, err) < 0 ||
		find_node(p, x, s.v[HP_SITE_NODE], &node_id, err) < 0 ||
		hp_site_name_free(p, "domain", x->domain, err) < 0)
		return err->code;
	for (i = 0; i < x->aliases.n; i++)
		if (hp_site_name_free(p, "aliases", x->aliases.v[i], err) < 0)
			return err->code;
	if (s.v[HP_SITE_USER] && hp_site_user_free(p, s.v[HP_SITE_USER], node_id, err) < 0)
		return err->code;
	if (check_limit(p, &t, err) < 0 || insert_all(p, x, &s, node_id, err) < 0 ||
		hp_site_owner_write(p, &s, owner, err) < 0 ||
		hp_site_find(p, x->pool, x->domain, "site:add", true, &x->ret->after, NULL,
			err) < 0)
		return err->code;
	return hp_site_changed(p, "site:add", x->pool, node_id, x->ret, NULL, err);
}

int hp_site_add(struct hp_panel *p, struct hp_pool *pool, const char *domain, const char *tenant,
	const struct hp_assign *a, size_t n, const struct hp_strv *aliases,
	struct hp_site_change *ret, struct hp_err *err)
{
	struct adding x = {.pool = pool, .tenant = tenant, .a = a, .n = n, .ret = ret};
	size_t i;

	if (hp_may_begin(&p->actor, "site:add", err) < 0 ||
		hp_field_check(pool, &hp_site_table.fields[HP_SITE_DOMAIN], domain, strlen(domain),
			&x.domain, err) < 0 ||
		take_aliases(&x, aliases, err) < 0)
		return err->code;
	for (i = 0; i < n; i++)
		x.node_given |= a[i].field == HP_SITE_NODE;
	if (!tenant && hp_tenant_default(p, pool, "website", &x.tenant, err) < 0)
		return err->code;
	return hp_panel_tx(p, add_tx, &x, err);
}

/* ---- back it comes ---- */
/* What the operator alone sets is his to bring back; what the panel chooses itself is no such
 * thing. */
static int may_bring_back(const struct hp_panel *p, const struct adding *x, const struct hp_site *s,
	struct hp_err *err)
{
	const char *here;
	unsigned i;

	if (p->actor.kind == HP_ACTOR_OPERATOR)
		return 0;
	if (hp_panel_node_name(x->pool, p->conf, &here, err) < 0)
		return err->code;
	for (i = 0; i < HP_SITE_FIELDS; i++) {
		const struct hp_field *f = &hp_site_table.fields[i];

		if (!(f->flags & HP_FF_OPERATOR) || hp_streq(s->v[i], f->deflt) ||
			(i == HP_SITE_NODE && hp_streq(s->v[i], here)) ||
			(i == HP_SITE_USER && is_automatic_user(s->v[i])))
			continue;
		return hp_may_assign(&p->actor, f, true, err);
	}
	return 0;
}

static int bring_back_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	struct adding *x = arg;
	struct hp_site s = *x->back;
	struct hp_tenant t;
	int64_t node_id, owner;
	size_t i;

	memset(x->ret, 0, sizeof(*x->ret));
	if (find_tenant(p, x, &s, &t, err) < 0 || may_bring_back(p, x, &s, err) < 0 ||
		hp_site_check(&s, err) < 0 || hp_site_php_ok(p, &s, err) < 0 ||
		hp_site_owner_check(p, x->pool, NULL, &s, &owner, err) < 0 ||
		find_node(p, x, s.v[HP_SITE_NODE], &node_id, err) < 0 ||
		hp_site_name_free(p, "domain", x->domain, err) < 0)
		return err->code;
	for (i = 0; i < s.aliases.n; i++)
		if (hp_site_name_free(p, "aliases", s.aliases.v[i], err) < 0)
			return err->code;
	if (hp_site_user_free(p, s.v[HP_SITE_USER], node_id, err) < 0 ||
		check_limit(p, &t, err) < 0)
		return err->code;
	if (hp_site_put_back(p, &s, node_id, err) < 0)
		return err->code == HP_E_EXISTS
			? hp_err_prefix(err, "%s: another website has its number", x->domain)
			: err->code;
	if (hp_site_owner_write(p, &s, owner, err) < 0 ||
		hp_site_find(p, x->pool, x->domain, "site:add", true, &x->ret->after, NULL, err) <
			0)
		return err->code;
	return hp_site_changed(p, "site:add", x->pool, node_id, x->ret, NULL, err);
}

int hp_site_bring_back(struct hp_panel *p, struct hp_pool *pool, const char *tenant,
	const struct hp_site *s, struct hp_site_change *ret, struct hp_err *err)
{
	static const unsigned char wanted[] = {HP_SITE_ID, HP_SITE_UID, HP_SITE_USER, HP_SITE_NODE,
		HP_SITE_DOMAIN, HP_SITE_WEB_SERVER, HP_SITE_PHP_VERSION};
	struct adding x = {.pool = pool,
		.domain = s->v[HP_SITE_DOMAIN],
		.tenant = tenant,
		.node_given = true,
		.back = s,
		.ret = ret};
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(wanted); i++)
		if (!s->v[wanted[i]])
			return hp_err_set(err, HP_E_NO, "%s of it is not in the trail",
				hp_site_table.fields[wanted[i]].name);
	if (hp_site_i64(s, HP_SITE_UID) != hp_site_uid(hp_site_i64(s, HP_SITE_ID)))
		return hp_err_set(err, HP_E_NO, "uid: it is not the one of its number");
	if (hp_may_begin(&p->actor, "site:add", err) < 0)
		return err->code;
	return hp_panel_tx(p, bring_back_tx, &x, err);
}
