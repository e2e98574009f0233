/* Requests that may come again: answered as before, and not done twice. */
#include "base/file.h"
#include "panel/panel_impl.h"

#define DAY_S 86400
#define DEAD_S 900 /* longer than any program of a request may run */

enum { COL_REQUEST, COL_STATUS, COL_BODY };

struct repeat {
	struct hp_repeat *r;
	char key[HP_DIGEST_HEX], request[HP_DIGEST_HEX];
};

static void digest(const struct hp_repeat *r, struct repeat *ret)
{
	hp_digest_of(r->key, strlen(r->key), ret->key);
	if (r->request)
		hp_digest_of(r->request, r->request_len, ret->request);
}

static int begin(struct hp_panel *p, enum hp_sql id, const struct repeat *x, struct hp_stmt **ret,
	struct hp_err *err)
{
	if (hp_db_stmt(p->db, id, ret, err) < 0)
		return err->code;
	hp_stmt_i64(*ret, "user_id", x->r->user_id);
	hp_stmt_text(*ret, "key_hash", x->key);
	return 0;
}

static int sweep(struct hp_panel *p, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (hp_db_stmt(p->db, HP_SQL_REPEAT_SWEEP, &st, err) < 0)
		return err->code;
	hp_stmt_time(st, "day", hp_now() - DAY_S);
	hp_stmt_time(st, "dead", hp_now() - DEAD_S);
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
}

static int begin_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	const struct repeat *x = arg;
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (sweep(p, err) < 0 || begin(p, HP_SQL_REPEAT_BEGIN, x, &st, err) < 0)
		return err->code;
	hp_stmt_text(st, "request_hash", x->request);
	hp_stmt_time(st, "now", hp_now());
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
}

static int look(
	struct hp_panel *p, struct hp_pool *pool, const struct repeat *x, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	const char *body;
	int r;

	if (begin(p, HP_SQL_REPEAT_GET, x, &st, err) < 0)
		return err->code;
	r = hp_stmt_step(st, err);
	if (r < 0)
		return r;
	/* gone between the two looks: it could not be done, and may be tried again */
	if (r == 0 || hp_stmt_get_i64(st, COL_STATUS) == 0)
		return hp_err_set(err, HP_E_BUSY, "the same request is being worked on");
	if (!hp_streq(hp_stmt_get_text(st, COL_REQUEST), x->request))
		return hp_err_set(err, HP_E_EXISTS, "Idempotency-Key: it was of another request");
	x->r->status = (int)hp_stmt_get_i64(st, COL_STATUS);
	body = hp_stmt_get_text(st, COL_BODY);
	x->r->body = body ? hp_pstrdup(pool, body) : NULL;
	return 0;
}

int hp_repeat_begin(
	struct hp_panel *p, struct hp_pool *pool, struct hp_repeat *r, struct hp_err *err)
{
	struct repeat x = {.r = r};
	int rc;

	digest(r, &x);
	rc = hp_panel_tx(p, begin_tx, &x, err);
	if (rc == 0)
		return 1;
	if (rc != HP_E_EXISTS)
		return rc;
	hp_err_clear(err);
	return look(p, pool, &x, err);
}

static int end_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	const struct repeat *x = arg;
	enum hp_sql id = x->r->status ? HP_SQL_REPEAT_END : HP_SQL_REPEAT_FORGET;
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (begin(p, id, x, &st, err) < 0)
		return err->code;
	if (x->r->status) {
		hp_stmt_i64(st, "status", x->r->status);
		if (x->r->body)
			hp_stmt_text(st, "body", x->r->body);
		else
			hp_stmt_null(st, "body");
	}
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
}

int hp_repeat_end(struct hp_panel *p, const struct hp_repeat *r, struct hp_err *err)
{
	struct hp_repeat copy = *r;
	struct repeat x = {.r = &copy};

	digest(r, &x);
	return hp_panel_tx(p, end_tx, &x, err);
}
