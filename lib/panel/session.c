/* Sessions: begun, used, listed, ended. */
#include "base/file.h"
#include "panel/panel_impl.h"
#include "panel/token.h"

#define SEEN_EVERY_S 60 /* last use is written so often, lest every look be a change */

enum {
	COL_ID = HP_SESSION_FIELDS,
	COL_USER_ID,
	COL_TENANT_ID,
	COL_PARENT_ID,
	COL_HASH,
	COL_OPERATOR
};

struct row {
	struct hp_session s;
	int64_t id, user_id, tenant_id, parent_id;
	int64_t trail; /* hp_user_trail() of its user */
	const char *hash;
};

static void from_row(struct hp_stmt *st, struct hp_pool *pool, struct row *ret)
{
	unsigned i;

	for (i = 0; i < HP_SESSION_FIELDS; i++)
		ret->s.v[i] = hp_pstrdup(pool, hp_stmt_get_text(st, i));
	ret->id = hp_stmt_get_i64(st, COL_ID);
	ret->user_id = hp_stmt_get_i64(st, COL_USER_ID);
	ret->tenant_id = hp_stmt_get_i64(st, COL_TENANT_ID);
	ret->parent_id = hp_stmt_get_i64(st, COL_PARENT_ID);
	ret->trail = hp_stmt_get_i64(st, COL_OPERATOR) ? 0 : ret->tenant_id;
	ret->hash = hp_pstrdup(pool, hp_stmt_get_text(st, COL_HASH));
}

/* Among those that the actor may know of: 1, or 0 for none. */
static int look(struct hp_panel *p, struct hp_pool *pool, const char *session, struct row *ret,
	struct hp_err *err)
{
	bool own = p->actor.kind == HP_ACTOR_USER;
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	int r;

	if (hp_db_stmt(p->db, own ? HP_SQL_SESSION_GET : HP_SQL_SESSION_GET_ANY, &st, err) < 0)
		return err->code;
	hp_stmt_text(st, "session", hp_token_is_id(session) ? session : "");
	if (own)
		hp_stmt_i64(st, "mine", hp_mine(&p->actor));
	r = hp_stmt_step(st, err);
	if (r == 1)
		from_row(st, pool, ret);
	return r;
}

static bool is_over(const struct hp_session *s)
{
	int64_t until = 0, seen = 0, now = hp_now();

	return !s->v[HP_SESSION_EXPIRES_AT] || !s->v[HP_SESSION_LAST_SEEN_AT] ||
		hp_time_parse(s->v[HP_SESSION_EXPIRES_AT], &until) < 0 ||
		hp_time_parse(s->v[HP_SESSION_LAST_SEEN_AT], &seen) < 0 || until <= now ||
		seen <= now - HP_SESSION_IDLE_S;
}

int hp_session_each(struct hp_panel *p, const char *username,
	int (*fn)(void *arg, const struct hp_session *s, struct hp_err *err), void *arg,
	struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	bool own = p->actor.kind == HP_ACTOR_USER;
	struct hp_user_row u;
	int r;

	/* a mistyped name is told, not answered by an empty list */
	if (hp_may_begin(&p->actor, "session:list", err) < 0 ||
		(username && hp_user_look(p, pool, username, &u, err) < 0) ||
		hp_db_stmt(p->db, own ? HP_SQL_SESSION_LIST : HP_SQL_SESSION_LIST_ANY, &st, err) <
			0)
		return err->code;
	hp_stmt_text(st, "username", username ? username : "");
	hp_stmt_time(st, "now", hp_now());
	hp_stmt_time(st, "idle", hp_now() - HP_SESSION_IDLE_S);
	if (own)
		hp_stmt_i64(st, "mine", hp_mine(&p->actor));
	while ((r = hp_stmt_step(st, err)) == 1) {
		struct row row;

		from_row(st, pool, &row);
		r = fn(arg, &row.s, err);
		hp_pool_reset(pool);
		if (r != 0)
			break;
	}
	return r < 0 ? r : 0;
}

/* ---- begun ---- */
int hp_session_begin(struct hp_panel *p, const struct hp_user_row *u, const char *address,
	struct hp_token *t, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL, *sweep _cleanup_stmt_ = NULL;

	if (hp_db_stmt(p->db, HP_SQL_SESSION_SWEEP, &sweep, err) < 0)
		return err->code;
	hp_stmt_time(sweep, "now", hp_now());
	if (hp_stmt_exec(sweep, err) < 0 || hp_db_stmt(p->db, HP_SQL_SESSION_ADD, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "user_id", u->id);
	hp_stmt_text(st, "session", t->id);
	hp_stmt_text(st, "hash", t->hash);
	hp_stmt_text(st, "address", address);
	hp_stmt_time(st, "expires_at", hp_now() + HP_SESSION_MAX_S);
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
}

/* ---- used ---- */
static int seen_now(struct hp_panel *p, void *arg, struct hp_err *err)
{
	const struct row *r = arg;
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	hp_panel_as(p, r->tenant_id);
	if (hp_db_stmt(p->db, HP_SQL_SESSION_SEEN, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "id", r->id);
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
}

/* Where somebody else is writing, the next use is noted. */
static void note_use(struct hp_panel *p, struct row *r)
{
	int64_t seen = 0;

	hp_time_parse(r->s.v[HP_SESSION_LAST_SEEN_AT], &seen);
	if (seen <= hp_now() - SEEN_EVERY_S)
		hp_panel_note(p, seen_now, r);
}

/* As with keys, whose it was is for the trail alone. */
static int not_valid(struct hp_panel *p, const char *id, const struct row *r, const char *from,
	const char *why, struct hp_err *err)
{
	struct hp_audit_entry e = {.tenant = r ? r->tenant_id : 0,
		.actor = r ? r->s.v[HP_SESSION_USERNAME] : "nobody",
		.source = from,
		.verb = "session:check",
		.object = id,
		.note = why};

	p->actor = p->host;
	p->refused.name = NULL; /* told here */
	hp_panel_as_self(p);
	hp_audit_denied(p, &e);
	return hp_err_set(err, HP_E_DENIED, "the session is over");
}

int hp_session_use(struct hp_panel *p, const char *token, const char *address,
	struct hp_session *ret, struct hp_err *err)
{
	char id[HP_TOKEN_ID_LEN + 1];
	const char *from = hp_address(p->pool, address);
	struct row r = {.hash = NULL};
	int rc;

	if (hp_may_speak(&p->host, err) < 0)
		return err->code;
	if (!from)
		return hp_err_set(err, HP_E_USAGE, "“%s” is not an address",
			hp_str_printable(p->pool, address, 60));
	p->actor = p->host;
	hp_token_id("hps_", token, id);
	rc = look(p, p->pool, id, &r, err);
	if (rc < 0)
		return rc;
	if (!hp_token_is(token, rc ? r.hash : NULL))
		return not_valid(p, id, NULL, from, "it is no session", err);
	if (is_over(&r.s))
		return not_valid(p, id, &r, from, "it is over", err);
	note_use(p, &r);
	rc = hp_panel_become(p, r.s.v[HP_SESSION_USERNAME], NULL, 0, from, err);
	if (rc == HP_E_DENIED || rc == HP_E_NOT_FOUND)
		return not_valid(p, id, &r, from, hp_pstrdup(p->pool, err->msg), err);
	if (rc == 0)
		*ret = r.s;
	return rc;
}

/* ---- ended ---- */
struct ending {
	struct hp_pool *pool;
	const char *session;
};

static int find(struct hp_panel *p, struct hp_pool *pool, const char *session, const char *verb,
	struct row *ret, struct hp_err *err)
{
	struct hp_object o;
	int r = look(p, pool, session, ret, err);

	if (r < 0)
		return r;
	if (r == 0) {
		hp_err_set(err, HP_E_NOT_FOUND, "there is no session %s",
			hp_str_printable(pool, session, 60));
		return hp_err_hint(err, "hp-user session-list shows them");
	}
	o = (struct hp_object){
		.tenant = ret->tenant_id, .owner = ret->user_id, .parent = ret->parent_id};
	return hp_may(&p->actor, verb, &o, err);
}

int hp_session_judge(struct hp_panel *p, struct hp_pool *pool, const char *session,
	const char *verb, struct hp_err *err)
{
	struct row row;

	return find(p, pool, session, verb, &row, err);
}

static int revoke_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	const struct ending *x = arg;
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	struct row row;

	if (find(p, x->pool, x->session, "session:revoke", &row, err) < 0)
		return err->code;
	hp_panel_as(p, row.tenant_id);
	if (hp_db_stmt(p->db, HP_SQL_SESSION_REMOVE, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "id", row.id);
	if (hp_stmt_exec(st, err) < 0)
		return err->code;
	return hp_audit_add(p, row.trail, "session:revoke", row.s.v[HP_SESSION_SESSION],
		hp_audit_json(x->pool, &hp_session_table, row.s.v, NULL, NULL), NULL, NULL, err);
}

int hp_session_revoke(struct hp_panel *p, const char *session, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct ending x = {.pool = pool, .session = session};

	if (hp_may_begin(&p->actor, "session:revoke", err) < 0)
		return err->code;
	return hp_panel_tx(p, revoke_tx, &x, err);
}

int hp_session_end_all(struct hp_panel *p, int64_t user, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (hp_db_stmt(p->db, HP_SQL_SESSION_REMOVE_USER, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "id", user);
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
}
