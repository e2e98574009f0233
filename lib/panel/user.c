/* Users, read. */
#include "panel/panel_impl.h"

int hp_user_get(struct hp_panel *p, struct hp_pool *pool, const char *username, struct hp_user *ret,
	const char **ret_tenant, struct hp_err *err)
{
	struct hp_user_row r;
	int rc;

	if (hp_may_begin(&p->actor, "user:show", err) < 0)
		return err->code;
	rc = hp_user_find(p, pool, username, "user:show", &r, err);
	hp_panel_as_self(p);
	if (rc < 0)
		return rc;
	*ret = r.u;
	*ret_tenant = r.tenant;
	return 0;
}

static int begin_each(struct hp_panel *p, struct hp_pool *pool, const struct hp_user_filter *f,
	struct hp_stmt **ret, struct hp_err *err)
{
	bool own = p->actor.kind == HP_ACTOR_USER;
	struct hp_tenant t;

	/* a mistyped name is told, not answered by an empty list */
	if (f->tenant && hp_tenant_find(p, pool, f->tenant, false, &t, err) < 0)
		return err->code;
	if (hp_db_stmt(p->db, own ? HP_SQL_USER_LIST : HP_SQL_USER_LIST_ANY, ret, err) < 0)
		return err->code;
	if (own)
		hp_stmt_i64(*ret, "mine", hp_mine(&p->actor));
	else
		hp_stmt_text(*ret, "tenant_name", f->tenant ? t.v[HP_TENANT_SUBDOMAIN] : "");
	hp_stmt_text(*ret, "role", f->role ? f->role : "");
	hp_stmt_text(*ret, "status", f->status ? f->status : "");
	return 0;
}

int hp_user_each(struct hp_panel *p, const struct hp_user_filter *f,
	int (*fn)(void *arg, const struct hp_user *u, const char *tenant, struct hp_err *err),
	void *arg, struct hp_err *err)
{
	static const struct hp_user_filter all;
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new(), *look _cleanup_pool_ = hp_pool_new();
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	int r;

	if (hp_may_begin(&p->actor, "user:list", err) < 0 ||
		begin_each(p, look, f ? f : &all, &st, err) < 0)
		return err->code;
	while ((r = hp_stmt_step(st, err)) == 1) {
		struct hp_user_row row;

		hp_user_from_row(st, pool, &row);
		r = fn(arg, &row.u, row.tenant, err);
		hp_pool_reset(pool);
		if (r != 0)
			break;
	}
	return r < 0 ? r : 0;
}
