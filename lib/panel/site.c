/* Websites, read. */
#include "panel/panel_impl.h"

int hp_site_get(struct hp_panel *p, struct hp_pool *pool, const char *domain, struct hp_site *ret,
	struct hp_err *err)
{
	struct hp_site s;
	int r;

	if (hp_may_begin(&p->actor, "site:show", err) < 0)
		return err->code;
	r = hp_site_find(p, pool, domain, "site:show", false, &s, NULL, err);
	hp_panel_as_self(p);
	if (r == 0)
		*ret = s;
	return r;
}

int hp_site_may(struct hp_panel *p, const char *domain, const char *verb, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_site s;
	int r;

	if (hp_may_begin(&p->actor, verb, err) < 0)
		return err->code;
	r = hp_site_find(p, pool, domain, verb, false, &s, NULL, err);
	hp_panel_as_self(p);
	if (r != HP_E_NOT_FOUND || p->actor.kind != HP_ACTOR_OPERATOR || p->actor.key)
		return r;
	hp_err_clear(err);
	return 0;
}

int hp_site_tenant(struct hp_panel *p, struct hp_pool *pool, const struct hp_site *s,
	const char **ret, bool *ret_suspended, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	int r;

	if (hp_may_begin(&p->actor, "site:show", err) < 0 ||
		hp_db_stmt(p->db, HP_SQL_TENANT_GET_ID, &st, err) < 0)
		return err->code;
	/* a user's websites are all of his own tenant */
	hp_stmt_i64(st, "id", p->actor.kind == HP_ACTOR_USER ? p->actor.tenant_id
							     : hp_site_i64(s, HP_SITE_TENANT_ID));
	r = hp_stmt_step(st, err);
	if (r == 0)
		return hp_err_set(err, HP_E_NOT_FOUND, "the tenant is gone");
	if (r < 0)
		return r;
	*ret = hp_pstrdup(pool, hp_stmt_get_text(st, HP_TENANT_SUBDOMAIN));
	*ret_suspended = hp_streq(hp_stmt_get_text(st, HP_TENANT_STATUS), "suspended");
	return 0;
}

/* ---- all of them ---- */
enum { COL_TENANT = HP_SITE_FIELDS + 1, COL_ALIAS }; /* node_id stands before them */

struct each {
	int (*fn)(void *arg, const struct hp_site *s, const char *tenant, struct hp_err *err);
	void *arg;
	struct hp_pool *pool; /* one website's */
	struct hp_site site;
	const char *tenant;
	const struct hp_key *key; /* what the actor asks with, or NULL */
	bool full;
};

static int hand_out(struct each *e, struct hp_err *err)
{
	int r;

	if (e->full && e->key && !hp_sites_fit(e->key->v[HP_KEY_SITES], e->site.v[HP_SITE_DOMAIN]))
		e->full = false;
	if (!e->full)
		return 0;
	hp_strv_sort(&e->site.aliases);
	r = e->fn(e->arg, &e->site, e->tenant, err);
	hp_pool_reset(e->pool);
	e->full = false;
	return r;
}

/* One row: a website, or one more name of the website before it. */
static int take_row(struct each *e, struct hp_stmt *st, struct hp_err *err)
{
	const char *alias;
	int r;

	if (!e->full || !hp_streq(hp_stmt_get_text(st, HP_SITE_ID), e->site.v[HP_SITE_ID])) {
		r = hand_out(e, err);
		if (r != 0)
			return r;
		memset(&e->site, 0, sizeof(e->site));
		hp_site_from_row(st, 0, e->pool, &e->site);
		e->tenant = hp_pstrdup(e->pool, hp_stmt_get_text(st, COL_TENANT));
		e->full = true;
	}
	alias = hp_stmt_get_text(st, COL_ALIAS);
	if (alias)
		hp_strv_add(e->pool, &e->site.aliases, alias);
	return 0;
}

static void bind_filter(struct hp_stmt *st, const char *name, const char *v)
{
	hp_stmt_text(st, name, v ? v : "");
}

static int begin_each(struct hp_panel *p, const struct hp_site_filter *f, struct hp_pool *pool,
	struct hp_stmt **ret, struct hp_err *err)
{
	bool own = p->actor.kind == HP_ACTOR_USER;
	struct hp_tenant t;
	int64_t node;

	/* a mistyped name is told, not answered by an empty list */
	if (f->tenant && hp_tenant_find(p, pool, f->tenant, false, &t, err) < 0)
		return err->code;
	if (f->node && !own && hp_node_find(p, f->node, &node, err) < 0)
		return err->code;
	if (hp_db_stmt(p->db, own ? HP_SQL_SITE_LIST : HP_SQL_SITE_LIST_ANY, ret, err) < 0)
		return err->code;
	if (own)
		hp_stmt_i64(*ret, "mine", hp_mine(&p->actor));
	else
		bind_filter(*ret, "tenant_name", f->tenant ? t.v[HP_TENANT_SUBDOMAIN] : NULL);
	bind_filter(*ret, "php_version", f->php_version);
	bind_filter(*ret, "status", f->status);
	bind_filter(*ret, "web_server", f->web_server);
	bind_filter(*ret, "node", f->node);
	return 0;
}

int hp_site_each(struct hp_panel *p, const struct hp_site_filter *f,
	int (*fn)(void *arg, const struct hp_site *s, const char *tenant, struct hp_err *err),
	void *arg, struct hp_err *err)
{
	static const struct hp_site_filter all;
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new(), *look _cleanup_pool_ = hp_pool_new();
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	struct each e = {.fn = fn, .arg = arg, .pool = pool, .key = p->actor.key};
	int r;

	if (hp_may_begin(&p->actor, "site:list", err) < 0 ||
		begin_each(p, f ? f : &all, look, &st, err) < 0)
		return err->code;
	while ((r = hp_stmt_step(st, err)) == 1) {
		r = take_row(&e, st, err);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return r < 0 || hand_out(&e, err) < 0 ? err->code : 0;
}
