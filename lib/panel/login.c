/*
 * Logging in. Each attempt is counted as a failure before it is looked at, and forgiven when it was
 * none: so a thousand at once are a thousand, too.
 */
#include "base/file.h"
#include "base/str.h"
#include "panel/panel_impl.h"
#include "panel/token.h"
#include "sys/pwhash.h"

#define FORGET_S 86400 /* failures without another one behind them for so long are none */
#define WAIT_MAX_S 900

/* As many are free; then each wait is twice the one before, from one second on. */
static const struct throttle {
	const char *kind;
	int64_t free;
} throttles[] = {{"account", 5}, {"address", 20}};

struct attempt {
	struct hp_pool *pool;
	const char *name, *subject[HP_ARRAY_SIZE(throttles)]; /* NULL: not counted */
	const char *address;
	struct hp_user_row u;
	struct hp_token t;
	char code[HP_CODE_SIZE]; /* of the second factor; wipe it */
	const char *wrong;       /* what is, for the audit trail */
	bool known, once; /* once: his password lets in once */
	int64_t wait; /* seconds; > 0: not looked at */
};

/* ---- counting ---- */
static int64_t wait_s(const struct throttle *t, int64_t failures, int64_t age)
{
	int64_t over = failures - t->free, wait;

	if (over < 0)
		return 0;
	wait = over < 10 ? (int64_t)1 << over : WAIT_MAX_S;
	wait = wait > WAIT_MAX_S ? WAIT_MAX_S : wait;
	return age < wait ? wait - age : 0;
}

static int begin(struct hp_panel *p, enum hp_sql id, size_t i, const struct attempt *a,
	struct hp_stmt **ret, struct hp_err *err)
{
	if (hp_db_stmt(p->db, id, ret, err) < 0)
		return err->code;
	hp_stmt_text(*ret, "kind", throttles[i].kind);
	hp_stmt_text(*ret, "subject", a->subject[i]);
	return 0;
}

/* Failures so far, -1 for no row. */
static int failures(
	struct hp_panel *p, size_t i, struct attempt *a, int64_t *ret, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	int64_t last = 0, wait;
	int r;

	*ret = -1;
	if (begin(p, HP_SQL_ATTEMPT_GET, i, a, &st, err) < 0)
		return err->code;
	r = hp_stmt_step(st, err);
	if (r <= 0)
		return r;
	*ret = hp_stmt_get_i64(st, 0);
	hp_time_parse(hp_stmt_get_text(st, 1), &last);
	if (last <= hp_now() - FORGET_S)
		*ret = 0;
	wait = wait_s(&throttles[i], *ret, hp_now() - last);
	a->wait = wait > a->wait ? wait : a->wait;
	return 0;
}

static int count_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	struct attempt *a = arg;
	int64_t n[HP_ARRAY_SIZE(throttles)];
	size_t i;

	a->wait = 0;
	for (i = 0; i < HP_ARRAY_SIZE(throttles); i++)
		if (a->subject[i] && failures(p, i, a, &n[i], err) < 0)
			return err->code;
	for (i = 0; i < HP_ARRAY_SIZE(throttles) && !a->wait; i++) {
		struct hp_stmt *st _cleanup_stmt_ = NULL;

		if (!a->subject[i])
			continue;
		if (begin(p, n[i] < 0 ? HP_SQL_ATTEMPT_ADD : HP_SQL_ATTEMPT_SET, i, a, &st, err) <
			0)
			return err->code;
		hp_stmt_i64(st, "failures", n[i] < 0 ? 1 : n[i] + 1);
		if (hp_stmt_exec(st, err) < 0)
			return err->code;
	}
	return 0;
}

static int sweep(struct hp_panel *p, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (hp_db_stmt(p->db, HP_SQL_ATTEMPT_SWEEP, &st, err) < 0)
		return err->code;
	hp_stmt_time(st, "before", hp_now() - FORGET_S);
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
}

/* This one was none; the earlier ones stay. */
static int take_back(struct hp_panel *p, size_t i, const struct attempt *a, struct hp_err *err)
{
	struct hp_stmt *get _cleanup_stmt_ = NULL, *set _cleanup_stmt_ = NULL;
	int64_t n;
	int r;

	if (begin(p, HP_SQL_ATTEMPT_GET, i, a, &get, err) < 0)
		return err->code;
	r = hp_stmt_step(get, err);
	if (r <= 0)
		return r;
	n = hp_stmt_get_i64(get, 0);
	hp_stmt_end(TAKE(get));
	if (begin(p, HP_SQL_ATTEMPT_SET, i, a, &set, err) < 0)
		return err->code;
	hp_stmt_i64(set, "failures", n > 0 ? n - 1 : 0);
	return hp_stmt_exec(set, err) < 0 ? err->code : 0;
}

/* Of the address the earlier ones stay: it may try other people's names. */
static int forgive(struct hp_panel *p, const struct attempt *a, struct hp_err *err)
{
	struct hp_stmt *gone _cleanup_stmt_ = NULL;

	if (begin(p, HP_SQL_ATTEMPT_FORGET, 0, a, &gone, err) < 0 || hp_stmt_exec(gone, err) < 0)
		return err->code;
	return take_back(p, 1, a, err);
}

int hp_login_forget(struct hp_panel *p, const char *username, struct hp_err *err)
{
	const struct attempt a = {.subject = {username, NULL}};
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (begin(p, HP_SQL_ATTEMPT_FORGET, 0, &a, &st, err) < 0)
		return err->code;
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
}

/* ---- in, or not ---- */
static struct hp_audit_entry entry(const struct attempt *a, const char *verb, const char *note)
{
	return (struct hp_audit_entry){.tenant = a->known ? hp_user_trail(&a->u) : 0,
		.actor = a->known ? a->u.u.v[HP_USER_USERNAME] : "nobody",
		.source = a->address,
		.verb = verb,
		.object = a->name,
		.outcome = "ok",
		.note = note};
}

/* The password was right. Not forgiven, lest that be a way of guessing codes without end. */
static int no_code_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	const struct attempt *a = arg;
	const struct hp_audit_entry e = entry(a, "user:login-failed", a->wrong);

	if (take_back(p, 0, a, err) < 0 || take_back(p, 1, a, err) < 0)
		return err->code;
	return hp_audit_deny(p, &e, err);
}

/* As it is now, whatever it was when the code was asked for. */
static int second_factor(
	struct hp_panel *p, struct attempt *a, const char **ret_note, struct hp_err *err)
{
	struct hp_factor f;
	int64_t left = -1;
	int r;

	*ret_note = NULL;
	if (hp_tenant_lock(p, a->u.tenant_id, err) < 0)
		return err->code;
	hp_panel_as(p, a->u.tenant_id);
	r = hp_factor_get(p, a->u.id, &f, err);
	if (r == 1 && f.counts) {
		r = hp_factor_use(p, a->u.id, &f, a->code, &left, err);
		if (r == 0) {
			a->wrong = "wrong code";
			r = hp_err_set(err, HP_E_DENIED,
				"the code of the second factor is wrong, or was used already");
		}
	}
	hp_wipe(&f, sizeof(f));
	if (left >= 0)
		*ret_note = hp_pprintf(a->pool, "by a recovery code, %lld left", (long long)left);
	return r < 0 ? r : 0;
}

/*
 * While his password was looked at, somebody may have changed it, and ended all sessions. Asked
 * when his row is ours already: whoever changes him now waits, and ends this session with the
 * others.
 */
static int check_same(struct hp_panel *p, const struct attempt *a, struct hp_err *err)
{
	static const unsigned char fields[] = {HP_USER_PASSWORD, HP_USER_STATUS};
	struct hp_user_row now;
	bool same;
	size_t i;

	if (hp_user_look(p, a->pool, a->name, &now, err) < 0 && err->code != HP_E_NOT_FOUND)
		return err->code;
	same = !err->code && now.id == a->u.id;
	for (i = 0; same && i < HP_ARRAY_SIZE(fields); i++)
		same = hp_streq(now.u.v[fields[i]], a->u.u.v[fields[i]]);
	hp_err_clear(err);
	return same ? 0 : hp_err_set(err, HP_E_DENIED, "the name or the password is wrong");
}

/* It has let in once: of two at the same time the other finds none. */
static int spend(
	struct hp_panel *p, const struct attempt *a, const char **ret_note, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (hp_db_stmt(p->db, HP_SQL_USER_SPEND, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "id", a->u.id);
	if (!*ret_note)
		*ret_note = "by a password for once";
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
}

static int in_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	struct attempt *a = arg;
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	struct hp_audit_entry e;
	const char *note;

	a->wrong = NULL;
	if (second_factor(p, a, &note, err) < 0 || forgive(p, a, err) < 0 || sweep(p, err) < 0)
		return err->code;
	if (hp_db_stmt(p->db, HP_SQL_USER_LOGIN, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "id", a->u.id);
	if (hp_stmt_exec(st, err) < 0 || check_same(p, a, err) < 0 ||
		(a->once && spend(p, a, &note, err) < 0) ||
		hp_session_begin(p, &a->u, a->address, &a->t, err) < 0)
		return err->code;
	e = entry(a, "user:login", note);
	return hp_audit_write(p, &e, err);
}

/* Names that none can have are counted by address alone. */
static int find(struct hp_panel *p, struct attempt *a, const char *username, struct hp_err *err)
{
	struct hp_err why = HP_ERR_INIT;
	int r = hp_user_look(p, a->pool, username, &a->u, &why);

	a->known = r == 0;
	a->name = hp_str_printable(a->pool, username, 63);
	a->subject[0] = r == HP_E_USAGE ? NULL : a->name;
	if (r == 0 || r == HP_E_USAGE || r == HP_E_NOT_FOUND)
		return 0;
	*err = why;
	return r;
}

/* Who can't be let in takes as long as who can. */
static bool is_right(struct attempt *a, const char *password)
{
	struct hp_err ignored = HP_ERR_INIT;
	const char *hash = a->known ? a->u.u.v[HP_USER_PASSWORD] : NULL, *spent;
	const char *once = hash ? hp_str_after(hash, HP_ONCE) : NULL;

	a->once = once;
	if (once) {
		size_t n = strcspn(once, ":");
		int64_t until = 0;

		hp_parse_i64(hp_pstrndup(a->pool, once, n), 0, INT64_MAX, &until);
		hash = once[n] && until >= hp_now() ? once + n + 1 : NULL;
	}
	if (hash)
		return hp_pwhash_is(password, hash);
	hp_pwhash_login(a->pool, password, &spent, &ignored);
	return false;
}

/* An IPv6 customer has a network: what is counted is its first 64 bits. */
static const char *network(struct hp_pool *pool, const char *address)
{
	return strchr(address, ':') ? hp_address_network(pool, address, 64) : address;
}

/* It stays a failure, and why is what is told. */
static int refuse(struct hp_panel *p, struct attempt *a, const struct hp_err *why,
	struct hp_err *err)
{
	struct hp_audit_entry e = entry(a, "user:login-failed", a->wrong);

	hp_audit_denied(p, &e);
	*err = *why;
	return err->code;
}

/* Whether there is one that counts is looked at again when he is let in. */
static int ask_code(struct hp_panel *p, struct attempt *a, const struct hp_login *l,
	struct hp_err *err)
{
	struct hp_factor f;
	int r;

	hp_panel_as(p, a->u.tenant_id);
	r = hp_factor_get(p, a->u.id, &f, err);
	hp_panel_as_self(p);
	hp_wipe(f.secret, sizeof(f.secret));
	if (r <= 0 || !f.counts)
		return r;
	if (l->code && l->code(l->arg, a->code, err) < 0)
		return err->code;
	if (*a->code)
		return 0;
	a->wrong = "no code";
	if (hp_panel_tx(p, no_code_tx, a, err) < 0)
		return err->code;
	return hp_err_set(err, HP_E_DENIED, "a code of the second factor is wanted, too");
}

static int try(struct hp_panel *p, struct attempt *a, const struct hp_login *l, struct hp_err *err)
{
	const char *password = l->password;
	struct hp_err why = HP_ERR_INIT;
	int r;

	/* two who are the first for a name at once: the second one counts on */
	if (hp_panel_tx(p, count_tx, a, err) == HP_E_EXISTS) {
		hp_err_clear(err);
		hp_panel_tx(p, count_tx, a, err);
	}
	if (err->code)
		return err->code;
	if (a->wait) {
		a->wrong = "not looked at, since too many failed";
		hp_err_set(&why, HP_E_BUSY, "too many failed: try again in %lld second%s",
			(long long)a->wait, a->wait == 1 ? "" : "s");
		return refuse(p, a, &why, err);
	}
	if (strlen(password) > HP_PASSWORD_MAX || !is_right(a, password)) {
		a->wrong = a->known ? "wrong password" : "no such user";
		hp_err_set(&why, HP_E_DENIED, "the name or the password is wrong");
		return refuse(p, a, &why, err);
	}
	/* only who knows the password hears why he is out */
	if (hp_panel_become(p, a->name, NULL, 0, a->address, &why) < 0) {
		p->refused.name = NULL; /* told here */
		a->wrong = why.msg;
		return refuse(p, a, &why, err);
	}
	p->actor = p->host;
	hp_panel_as_self(p);
	if (ask_code(p, a, l, err) < 0)
		return err->code;
	hp_token_make("hps_", &a->t);
	r = hp_panel_tx(p, in_tx, a, err);
	if (r == 0 || !a->wrong)
		return r;
	why = *err;
	return refuse(p, a, &why, err);
}

int hp_login(struct hp_panel *p, const struct hp_login *l, char ret_token[HP_TOKEN_SIZE],
	struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct attempt a = {.pool = pool, .address = hp_address(pool, l->address)};
	int r;

	if (hp_may_speak(&p->host, err) < 0)
		return err->code;
	if (p->actor.kind != p->host.kind || p->actor.user_id)
		return hp_err_set(err, HP_E_DENIED, "user:login: only the operator may do that");
	if (!a.address)
		return hp_err_set(err, HP_E_USAGE, "“%s” is not an address",
			hp_str_printable(pool, l->address, 60));
	a.subject[1] = network(pool, a.address);
	if (find(p, &a, l->username, err) < 0)
		return err->code;
	r = try(p, &a, l, err);
	p->actor = p->host;
	hp_panel_as_self(p);
	if (r == 0)
		memcpy(ret_token, a.t.text, HP_TOKEN_SIZE);
	hp_wipe(&a.t, sizeof(a.t));
	hp_wipe(a.code, sizeof(a.code));
	return r;
}
