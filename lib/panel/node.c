#include "model/state.h"
#include "panel/panel_impl.h"

/* ---- rows ---- */
int hp_node_find(struct hp_panel *p, const char *name, int64_t *ret_id, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	int r;

	if (hp_db_stmt(p->db, HP_SQL_NODE_GET, &st, err) < 0)
		return err->code;
	hp_stmt_text(st, "name", name);
	r = hp_stmt_step(st, err);
	if (r == 1)
		*ret_id = hp_stmt_get_i64(st, 0);
	else if (r == 0)
		return hp_err_set(err, HP_E_NOT_FOUND, "there is no node %s", name);
	return r < 0 ? r : 0;
}

int hp_node_raise(struct hp_panel *p, int64_t node_id, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (hp_db_stmt(p->db, HP_SQL_NODE_RAISE, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "node_id", node_id);
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
}

int hp_node_generation(struct hp_panel *p, int64_t node_id, int64_t *ret, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	int r;

	if (hp_db_stmt(p->db, HP_SQL_NODE_GENERATION, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "node_id", node_id);
	r = hp_stmt_step(st, err);
	if (r == 1)
		*ret = hp_stmt_get_i64(st, 0);
	else if (r == 0)
		return hp_err_set(err, HP_E_NOT_FOUND, "the node is gone");
	return r < 0 ? r : 0;
}

/* ---- the state document ---- */
enum { COL_GENERATION, COL_TENANT_STATUS, COL_SITE, COL_ALIAS = COL_SITE + HP_SITE_FIELDS };

struct export
{
	struct hp_state_writer w;
	struct hp_pool *pool; /* one site's */
	struct hp_site site;
	int64_t generation;
	bool begun, full;
};

static int flush_site(struct export *x, struct hp_err *err)
{
	int r;

	if (!x->full)
		return 0;
	hp_strv_sort(&x->site.aliases);
	r = hp_state_site(&x->w, &x->site, err);
	x->full = false;
	hp_pool_reset(x->pool);
	return r;
}

/* One row: a website, or one more name of the website before it. */
static int export_row(struct export *x, struct hp_stmt *st, struct hp_err *err)
{
	const char *id = hp_stmt_get_text(st, COL_SITE + HP_SITE_ID), *alias;

	if (!id)
		return 0;
	if (!x->full || !hp_streq(id, x->site.v[HP_SITE_ID])) {
		if (flush_site(x, err) < 0)
			return err->code;
		memset(&x->site, 0, sizeof(x->site));
		hp_site_from_row(st, COL_SITE, x->pool, &x->site);
		if (hp_streq(hp_stmt_get_text(st, COL_TENANT_STATUS), "suspended"))
			x->site.v[HP_SITE_STATUS] = "suspended";
		x->full = true;
	}
	alias = hp_stmt_get_text(st, COL_ALIAS);
	if (alias)
		hp_strv_add(x->pool, &x->site.aliases, alias);
	return 0;
}

static int export_all(
	struct export *x, struct hp_stmt *st, const char *node, int fd, struct hp_err *err)
{
	int r;

	while ((r = hp_stmt_step(st, err)) == 1) {
		if (!x->begun) {
			const struct hp_state_head head = {
				node, hp_stmt_get_i64(st, COL_GENERATION)};

			x->generation = head.generation;
			if (hp_state_begin(&x->w, fd, &head, err) < 0)
				return err->code;
			x->begun = true;
		}
		if (export_row(x, st, err) < 0)
			return err->code;
	}
	if (r < 0)
		return r;
	if (!x->begun)
		return hp_err_set(err, HP_E_NOT_FOUND, "there is no node %s", node);
	return flush_site(x, err) < 0 ? err->code : hp_state_end(&x->w, err);
}

int hp_node_state(struct hp_panel *p, const char *node, int fd, int64_t *ret_generation,
	struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct export x = {.pool = pool};
	int r;

	if (hp_may_begin(&p->actor, "node:state", err) < 0 ||
		hp_db_stmt(p->db, HP_SQL_NODE_STATE, &st, err) < 0)
		return err->code;
	hp_stmt_text(st, "name", node);
	r = export_all(&x, st, node, fd, err);
	if (ret_generation)
		*ret_generation = x.generation;
	hp_buf_release(&x.w.buf);
	return r;
}

/* ---- what the node says ---- */
int hp_node_applied(struct hp_panel *p, const char *node, int64_t generation, const char *result,
	struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	int64_t n;

	if (hp_may_begin(&p->actor, "node:applied", err) < 0)
		return err->code;
	if (p->dry_run)
		return 0;
	if (hp_db_stmt(p->db, HP_SQL_NODE_APPLIED, &st, err) < 0)
		return err->code;
	hp_stmt_text(st, "name", node);
	hp_stmt_i64(st, "generation", generation);
	hp_stmt_text(st, "result", result);
	n = hp_stmt_exec(st, err);
	if (n == 0)
		return hp_err_set(err, HP_E_NOT_FOUND, "there is no node %s", node);
	return n < 0 ? err->code : 0;
}

int hp_node_each(struct hp_panel *p,
	int (*fn)(void *arg, const struct hp_node_row *r, struct hp_err *err), void *arg,
	struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	int r;

	if (hp_may_begin(&p->actor, "node:list", err) < 0 ||
		hp_db_stmt(p->db, HP_SQL_NODE_LIST, &st, err) < 0)
		return err->code;
	while ((r = hp_stmt_step(st, err)) == 1) {
		const struct hp_node_row row = {
			.name = hp_stmt_get_text(st, 0),
			.applied_at = hp_stmt_get_text(st, 1),
			.last_result = hp_stmt_get_text(st, 2),
			.generation = hp_stmt_get_i64(st, 3),
			.applied_generation = hp_stmt_get_i64(st, 4),
			.sites = hp_stmt_get_i64(st, 5),
		};

		r = fn(arg, &row, err);
		if (r != 0)
			break;
	}
	return r < 0 ? r : 0;
}
