/*
 * The second factor: a secret that codes are computed from, and codes for who has lost it. Whoever
 * changes one, or uses a code, holds the tenant, so that none is used twice.
 */
#include <ctype.h>

#include "base/file.h"
#include "panel/panel_impl.h"

#define ISSUER "hosting-panel"
#define GROUP 5                  /* of a recovery code, characters between two hyphens */
#define RECOVERY_LEN (4 * GROUP) /* of it without hyphens */

/* ---- rows ---- */
static int begin(struct hp_panel *p, enum hp_sql id, int64_t user, struct hp_stmt **ret,
	struct hp_err *err)
{
	if (hp_db_stmt(p->db, id, ret, err) < 0)
		return err->code;
	hp_stmt_i64(*ret, "id", user);
	return 0;
}

int hp_factor_get(struct hp_panel *p, int64_t user, struct hp_factor *ret, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	int r;

	memset(ret, 0, sizeof(*ret));
	if (begin(p, HP_SQL_FACTOR_GET, user, &st, err) < 0)
		return err->code;
	r = hp_stmt_step(st, err);
	if (r <= 0)
		return r;
	snprintf(ret->secret, sizeof(ret->secret), "%s", hp_stmt_get_text(st, 0));
	ret->last_step = hp_stmt_get_i64(st, 1);
	ret->counts = hp_stmt_get_i64(st, 2) == 1;
	return 1;
}

static int run(struct hp_panel *p, enum hp_sql id, int64_t user, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (begin(p, id, user, &st, err) < 0)
		return err->code;
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
}

int hp_factor_remove(struct hp_panel *p, int64_t user, struct hp_err *err)
{
	if (run(p, HP_SQL_RECOVERY_REMOVE, user, err) < 0)
		return err->code;
	return run(p, HP_SQL_FACTOR_REMOVE, user, err);
}

/* ---- a code, used ---- */
/* Without what people put in between: "" where there is too much of it for any. */
static void plain(const char *code, char ret[RECOVERY_LEN + 1])
{
	size_t n = 0;

	for (; *code; code++) {
		if (*code == ' ' || *code == '-')
			continue;
		if (n == RECOVERY_LEN) {
			n = 0;
			break;
		}
		ret[n++] = (char)tolower((unsigned char)*code);
	}
	ret[n] = 0;
}

/* 1 when it was good. */
static int use_step(struct hp_panel *p, int64_t user, const struct hp_factor *f, const char *code,
	struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	int64_t step = 0, n;
	int r = hp_totp_find(f->secret, code, hp_now(), f->last_step, &step, err);

	if (r <= 0)
		return r;
	if (begin(p, HP_SQL_FACTOR_USE, user, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "step", step);
	n = hp_stmt_exec(st, err);
	return n < 0 ? err->code : n == 1;
}

static int use_recovery(struct hp_panel *p, int64_t user, const char *code, int64_t *ret_left,
	struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL, *count _cleanup_stmt_ = NULL;
	char hash[HP_DIGEST_HEX];
	int64_t n;

	hp_digest_of(code, strlen(code), hash);
	if (begin(p, HP_SQL_RECOVERY_USE, user, &st, err) < 0)
		return err->code;
	hp_stmt_text(st, "hash", hash);
	n = hp_stmt_exec(st, err);
	if (n <= 0)
		return (int)n;
	if (begin(p, HP_SQL_RECOVERY_COUNT, user, &count, err) < 0 ||
		hp_stmt_step(count, err) < 0)
		return err->code;
	*ret_left = hp_stmt_get_i64(count, 0);
	return 1;
}

int hp_factor_use(struct hp_panel *p, int64_t user, const struct hp_factor *f, const char *code,
	int64_t *ret_left, struct hp_err *err)
{
	char s[RECOVERY_LEN + 1];
	int r = 0;

	*ret_left = -1;
	plain(code, s);
	if (strlen(s) == HP_TOTP_DIGITS)
		r = use_step(p, user, f, s, err);
	else if (hp_token_is_random(s, RECOVERY_LEN))
		r = use_recovery(p, user, s, ret_left, err);
	hp_wipe(s, sizeof(s));
	return r;
}

/* ---- changed ---- */
struct work {
	struct hp_pool *pool;
	const char *username, *verb, *code;
	int64_t tenant_id;
	struct hp_user_row u;
	struct hp_factor f;
	bool there, changed; /* there: f is one */
	const char *secret;
	char (*codes)[HP_RECOVERY_SIZE];
};

/* The tenant first, as everybody does who changes its users; then the user as he is now. */
static int look(struct hp_panel *p, struct work *w, struct hp_err *err)
{
	int r;

	w->changed = false;
	if (hp_tenant_lock(p, w->tenant_id, err) < 0 ||
		hp_user_find(p, w->pool, w->username, w->verb, &w->u, err) < 0 ||
		hp_user_key_fits(p, &w->u.u, &w->u.u, err) < 0)
		return err->code;
	r = hp_factor_get(p, w->u.id, &w->f, err);
	w->there = r == 1;
	return r < 0 ? r : 0;
}

static int audit(struct hp_panel *p, const struct work *w, const char *before, const char *after,
	struct hp_err *err)
{
	return hp_audit_add(p, hp_user_trail(&w->u), w->verb, w->u.u.v[HP_USER_USERNAME], before,
		after, NULL, err);
}

static int none_there(const struct work *w, struct hp_err *err)
{
	hp_err_set(err, HP_E_NOT_FOUND, "%s: there is no second factor",
		w->u.u.v[HP_USER_USERNAME]);
	return hp_err_hint(err, "hp-user totp-enable makes one");
}

static int counts_already(const struct work *w, struct hp_err *err)
{
	hp_err_set(err, HP_E_EXISTS, "%s: there is a second factor already",
		w->u.u.v[HP_USER_USERNAME]);
	return hp_err_hint(err, "hp-user totp-disable takes it away");
}

static int work(struct hp_panel *p, struct work *w,
	int (*tx)(struct hp_panel *p, void *arg, struct hp_err *err), struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	int r;

	w->pool = pool;
	if (hp_may_begin(&p->actor, w->verb, err) < 0)
		return err->code;
	r = hp_user_find(p, pool, w->username, w->verb, &w->u, err);
	hp_panel_as_self(p);
	if (r < 0)
		return r;
	w->tenant_id = w->u.tenant_id;
	r = hp_panel_tx(p, tx, w, err);
	hp_wipe(&w->f, sizeof(w->f));
	return r;
}

static int enable_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	struct work *w = arg;
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (look(p, w, err) < 0)
		return err->code;
	if (w->f.counts)
		return counts_already(w, err);
	/* recovery codes, too: who made them may have been somebody else */
	if (hp_factor_remove(p, w->u.id, err) < 0 ||
		begin(p, HP_SQL_FACTOR_ADD, w->u.id, &st, err) < 0)
		return err->code;
	hp_stmt_text(st, "secret", w->secret);
	if (hp_stmt_exec(st, err) < 0)
		return err->code;
	return audit(p, w, NULL, "{\"totp_secret\":\"" HP_FIELD_MASK "\"}", err);
}

int hp_totp_enable(struct hp_panel *p, const char *username, struct hp_totp *ret,
	struct hp_err *err)
{
	struct work w = {.username = username, .verb = "user:totp-enable", .secret = ret->secret};
	const char *node;

	if (hp_totp_secret(ret->secret, err) < 0 || work(p, &w, enable_tx, err) < 0 ||
		hp_panel_node_name(p->pool, p->conf, &node, err) < 0)
		return err->code;
	/* names of users and nodes have no character that would have to be encoded */
	snprintf(ret->uri, sizeof(ret->uri),
		"otpauth://totp/" ISSUER ":%s@%s?secret=%s&issuer=" ISSUER
		"&algorithm=SHA1&digits=%d&period=%d",
		username, node, ret->secret, HP_TOTP_DIGITS, HP_TOTP_STEP_S);
	return 0;
}

static int confirm_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	struct work *w = arg;
	char code[RECOVERY_LEN + 1];
	int r;

	if (look(p, w, err) < 0)
		return err->code;
	if (!w->there)
		return none_there(w, err);
	if (w->f.counts)
		return counts_already(w, err);
	plain(w->code, code);
	r = use_step(p, w->u.id, &w->f, code, err);
	hp_wipe(code, sizeof(code));
	if (r < 0)
		return r;
	if (r == 0) {
		hp_err_set(err, HP_E_DENIED, "the code is wrong");
		return hp_err_hint(
			err, "are the clocks of this host and of the authenticator right?");
	}
	/* whoever is in without one is out */
	if (hp_session_end_all(p, w->u.id, err) < 0)
		return err->code;
	return audit(p, w, "{\"second_factor\":false}", "{\"second_factor\":true}", err);
}

int hp_totp_confirm(struct hp_panel *p, const char *username, const char *code, struct hp_err *err)
{
	struct work w = {.username = username, .verb = "user:totp-confirm", .code = code};

	return work(p, &w, confirm_tx, err);
}

static int disable_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	struct work *w = arg;

	if (look(p, w, err) < 0)
		return err->code;
	if (!w->there)
		return 0;
	w->changed = true;
	if (hp_factor_remove(p, w->u.id, err) < 0)
		return err->code;
	return audit(p, w,
		w->f.counts ? "{\"second_factor\":true}"
			    : "{\"totp_secret\":\"" HP_FIELD_MASK "\"}",
		w->f.counts ? "{\"second_factor\":false}" : NULL, err);
}

int hp_totp_disable(
	struct hp_panel *p, const char *username, bool *ret_changed, struct hp_err *err)
{
	struct work w = {.username = username, .verb = "user:totp-disable"};

	if (work(p, &w, disable_tx, err) < 0)
		return err->code;
	*ret_changed = w.changed;
	return 0;
}

/* ---- recovery codes ---- */
static int add_code(struct hp_panel *p, int64_t user, const char *code, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	char s[RECOVERY_LEN + 1], hash[HP_DIGEST_HEX];

	plain(code, s);
	hp_digest_of(s, strlen(s), hash);
	hp_wipe(s, sizeof(s));
	if (begin(p, HP_SQL_RECOVERY_ADD, user, &st, err) < 0)
		return err->code;
	hp_stmt_text(st, "hash", hash);
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
}

static int recovery_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	struct work *w = arg;
	size_t i;

	if (look(p, w, err) < 0)
		return err->code;
	if (!w->there)
		return none_there(w, err);
	if (run(p, HP_SQL_RECOVERY_REMOVE, w->u.id, err) < 0)
		return err->code;
	for (i = 0; i < HP_RECOVERY_CODES; i++)
		if (add_code(p, w->u.id, w->codes[i], err) < 0)
			return err->code;
	return audit(p, w, NULL, "{\"recovery_codes\":\"" HP_FIELD_MASK "\"}", err);
}

static void make_code(char ret[HP_RECOVERY_SIZE])
{
	size_t i;

	for (i = 0; i < HP_RECOVERY_SIZE; i += GROUP + 1) {
		hp_token_random(ret + i, GROUP);
		ret[i + GROUP] = '-';
	}
	ret[HP_RECOVERY_SIZE - 1] = 0;
}

int hp_recovery_make(struct hp_panel *p, const char *username,
	char ret[HP_RECOVERY_CODES][HP_RECOVERY_SIZE], struct hp_err *err)
{
	struct work w = {.username = username, .verb = "user:recovery-codes", .codes = ret};
	size_t i;

	for (i = 0; i < HP_RECOVERY_CODES; i++)
		make_code(ret[i]);
	return work(p, &w, recovery_tx, err);
}
