/*
 * The trail as a chain: an entry's hash is the SHA-256 over the hash before it and all of its own
 * text, so that no entry can be changed, put in, taken out or moved without all that follow.
 * Numbers have no gaps: they are given here, by the one who holds audit_head until he commits or
 * rolls back.
 */
#include "base/file.h"
#include "panel/panel_impl.h"
#include "panel/token.h"
#include "sys/digest.h"
#include "sys/json.h"

#define PAGE 500
#define REQUEST_LEN 20

/* ---- an entry's hash ---- */
/* The hash before and a line end; then each column as "LENGTH:TEXT", or "-" for none, and one. */
static void hash_of(const char *before, const char *const v[HP_AUDIT_COLS], char ret[HP_DIGEST_HEX])
{
	struct hp_digest d;
	char len[24];
	unsigned i;

	hp_digest_init(&d);
	hp_digest_add(&d, before, strlen(before));
	hp_digest_add(&d, "\n", 1);
	for (i = 0; i < HP_AUDIT_COLS; i++) {
		if (v[i]) {
			size_t n = strlen(v[i]);

			hp_digest_add(&d, len, (size_t)snprintf(len, sizeof(len), "%zu:", n));
			hp_digest_add(&d, v[i], n);
		} else {
			hp_digest_add(&d, "-", 1);
		}
		hp_digest_add(&d, "\n", 1);
	}
	hp_digest_hex(&d, ret);
}

/* ---- the head ---- */
int hp_audit_head_get(struct hp_panel *p, struct hp_audit_head *ret, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	const char *since;
	int r;

	if (hp_db_stmt(p->db, HP_SQL_AUDIT_HEAD_GET, &st, err) < 0)
		return err->code;
	r = hp_stmt_step(st, err);
	if (r < 0)
		return r;
	if (r == 0)
		return hp_err_set(err, HP_E_DB,
			"the audit trail has lost its head: the one row of the table audit_head is gone");
	*ret = (struct hp_audit_head){.first = hp_stmt_get_i64(st, 0),
		.last = hp_stmt_get_i64(st, 1),
		.left_out = hp_stmt_get_i64(st, 3)};
	snprintf(ret->hash, sizeof(ret->hash), "%s", hp_stmt_get_text(st, 2));
	since = hp_stmt_get_text(st, 4);
	if (since)
		hp_time_parse(since, &ret->left_out_since);
	return 0;
}

static int head_set(struct hp_panel *p, const struct hp_audit_head *h, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (hp_db_stmt(p->db, HP_SQL_AUDIT_HEAD_SET, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "last_id", h->last);
	hp_stmt_text(st, "hash", h->hash);
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
}

int hp_audit_leave_out(struct hp_panel *p, int64_t left_out, int64_t since, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (hp_db_stmt(p->db, HP_SQL_AUDIT_LEAVE_OUT, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "left_out", left_out);
	if (left_out)
		hp_stmt_time(st, "since", since);
	else
		hp_stmt_null(st, "since");
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
}

int hp_audit_lock(struct hp_panel *p, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (hp_db_stmt(p->db, HP_SQL_AUDIT_LOCK, &st, err) < 0)
		return err->code;
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
}

/* ---- adding ---- */
static const char *request_id(struct hp_panel *p)
{
	char *made;

	if (!p->request_id) {
		made = hp_palloc(p->pool, REQUEST_LEN + 1);
		hp_token_random(made, REQUEST_LEN);
		p->request_id = made;
	}
	return p->request_id;
}

int hp_panel_request(struct hp_panel *p, const char *id, struct hp_err *err)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "._:-";

	if (p->host.kind != HP_ACTOR_OPERATOR && p->host.kind != HP_ACTOR_SERVICE)
		return hp_err_set(
			err, HP_E_DENIED, "only the operator may say what a request is called");
	if (!*id || strlen(id) > HP_REQUEST_MAX || id[strspn(id, good)])
		return hp_err_set(err, HP_E_USAGE,
			"“%s” is not the name of a request: at most %d letters, digits and . _ : - are wanted",
			hp_str_printable(p->pool, id, 80), HP_REQUEST_MAX);
	p->request_id = hp_pstrdup(p->pool, id);
	return 0;
}

static int add(struct hp_panel *p, struct hp_audit_head *h, const struct hp_audit_entry *e,
	struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	char id[24], tenant[24], at[21];
	int64_t now = hp_now();
	const char *const v[HP_AUDIT_COLS] = {id, at, e->tenant ? tenant : NULL, e->actor,
		e->source, e->verb, e->object, e->outcome, e->before, e->after, e->note,
		request_id(p)};

	snprintf(id, sizeof(id), "%lld", (long long)h->last + 1);
	snprintf(tenant, sizeof(tenant), "%lld", (long long)e->tenant);
	hp_time_format(now, at);
	hash_of(h->hash, v, h->hash);
	h->last++;
	if (hp_db_stmt(p->db, HP_SQL_AUDIT_ADD, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "id", h->last);
	hp_stmt_time(st, "at", now);
	if (e->tenant)
		hp_stmt_i64(st, "tenant_id", e->tenant);
	else
		hp_stmt_null(st, "tenant_id");
	hp_stmt_text(st, "actor", e->actor);
	hp_stmt_text(st, "source", e->source);
	hp_stmt_text(st, "verb", e->verb);
	hp_stmt_text(st, "object", e->object);
	hp_stmt_text(st, "outcome", e->outcome);
	hp_stmt_text(st, "before", e->before);
	hp_stmt_text(st, "after", e->after);
	hp_stmt_text(st, "note", e->note);
	hp_stmt_text(st, "request", p->request_id);
	hp_stmt_text(st, "hash", h->hash);
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
}

/* The flood is over, or goes on: either way, what was left out of it is told. */
static int close_flood(struct hp_panel *p, struct hp_audit_head *h, struct hp_err *err)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_audit_entry e = {.actor = "hosting-panel",
		.source = "audit",
		.verb = "audit:left-out",
		.object = "denials",
		.outcome = "ok",
		.note = "denials that were not written down, since there were too many"};
	char since[21];
	struct hp_jw w;

	hp_time_format(h->left_out_since, since);
	hp_jw_init(&w, &b, false);
	hp_jw_obj(&w, NULL);
	hp_jw_i64(&w, "denials", h->left_out);
	hp_jw_str(&w, "since", since);
	hp_jw_end(&w, '}');
	e.after = hp_buf_str(&b);
	if (add(p, h, &e, err) < 0)
		return err->code;
	return hp_audit_leave_out(p, 0, 0, err);
}

int hp_audit_write(struct hp_panel *p, const struct hp_audit_entry *e, struct hp_err *err)
{
	struct hp_audit_head h;

	if (hp_audit_head_get(p, &h, err) < 0)
		return err->code;
	if (h.left_out && hp_now() - h.left_out_since >= HP_DENIALS_S &&
		close_flood(p, &h, err) < 0)
		return err->code;
	return add(p, &h, e, err) < 0 ? err->code : head_set(p, &h, err);
}

/* ---- looking it through ---- */
struct walk {
	int (*fn)(void *arg, const struct hp_audit_finding *f, struct hp_err *err);
	void *arg;
	struct hp_audit_chain *ret;
	const char *want;         /* a hash that somebody has noted, or NULL */
	int64_t next;             /* the number that comes now */
	char hash[HP_DIGEST_HEX]; /* the one before it */
	bool known, found;        /* is that the true one; is want among them */
};

static int HP_PRINTF(5, 6) tell(
	struct walk *w, int64_t id, const char *problem, struct hp_err *err, const char *fmt, ...)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_audit_finding f = {.id = id, .problem = problem};
	va_list ap;

	va_start(ap, fmt);
	f.detail = hp_pvprintf(pool, fmt, ap);
	va_end(ap);
	w->ret->findings++;
	return w->fn(w->arg, &f, err);
}

static int missing(struct walk *w, int64_t until, struct hp_err *err)
{
	if (w->next == until)
		return tell(
			w, w->next, "missing", err, "entry %lld is missing", (long long)w->next);
	return tell(w, w->next, "missing", err, "entries %lld to %lld are missing",
		(long long)w->next, (long long)until);
}

static int see(struct walk *w, int64_t id, const char *const v[HP_AUDIT_COLS], const char *hash,
	struct hp_err *err)
{
	char is[HP_DIGEST_HEX];
	int r = 0;

	if (id < w->ret->first) {
		w->ret->before += !hash;
		return hash
			? tell(w, id, "inserted", err,
				  "entry %lld has a hash, and is before the chain", (long long)id)
			: 0;
	}
	w->ret->entries++;
	if (id > w->next) {
		r = missing(w, id - 1, err);
		w->known = false;
	}
	if (r == 0 && !hash) {
		r = tell(w, id, "changed", err, "entry %lld has no hash", (long long)id);
	} else if (r == 0 && w->known) {
		hash_of(w->hash, v, is);
		if (strcmp(is, hash) != 0)
			r = tell(w, id, "changed", err,
				"entry %lld does not fit its hash: it was changed, or the hash "
				"of the one before it was",
				(long long)id);
	}
	w->next = id + 1;
	w->known = hash != NULL;
	snprintf(w->hash, sizeof(w->hash), "%s", hash ? hash : "");
	w->found |= w->want && hp_streq(hash, w->want);
	return r;
}

/* A page at a time: drivers of servers hold a result whole. */
static int see_page(
	struct hp_panel *p, struct walk *w, int64_t *after, bool *ret_more, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	const char *v[HP_AUDIT_COLS];
	unsigned i, n = 0;
	int r;

	if (hp_db_stmt(p->db, HP_SQL_AUDIT_PAGE, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "after", *after);
	hp_stmt_i64(st, "last", w->ret->last);
	hp_stmt_i64(st, "limit", PAGE);
	while ((r = hp_stmt_step(st, err)) == 1) {
		for (i = 0; i < HP_AUDIT_COLS; i++)
			v[i] = hp_stmt_get_text(st, i);
		*after = hp_stmt_get_i64(st, HP_AUDIT_ID);
		r = see(w, *after, v, hp_stmt_get_text(st, HP_AUDIT_COLS), err);
		if (r < 0)
			break;
		n++;
	}
	*ret_more = n == PAGE;
	return r;
}

static int see_beyond(struct hp_panel *p, struct walk *w, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (hp_db_stmt(p->db, HP_SQL_AUDIT_BEYOND, &st, err) < 0 || hp_stmt_step(st, err) < 0)
		return err->code;
	if (hp_stmt_get_i64(st, 0) == 0)
		return 0;
	return tell(w, hp_stmt_get_i64(st, 1), "inserted", err,
		"%lld from entry %lld on stand behind the end of the chain",
		(long long)hp_stmt_get_i64(st, 0), (long long)hp_stmt_get_i64(st, 1));
}

static int see_end(struct hp_panel *p, struct walk *w, struct hp_err *err)
{
	struct hp_audit_chain *c = w->ret;
	int r = 0;

	if (w->next <= c->last)
		r = missing(w, c->last, err);
	else if (w->known && !hp_streq(w->hash, c->hash))
		r = tell(w, c->last, "changed", err,
			"the hash of the last entry is not the one that the chain ended with");
	if (r == 0)
		r = see_beyond(p, w, err);
	if (r == 0 && w->want && !w->found)
		r = tell(w, c->last, "rewritten", err, "no entry has the hash %s", w->want);
	return r;
}

static int take_hash(struct hp_panel *p, const char *hash, struct hp_err *err)
{
	if (!hash ||
		(strlen(hash) == HP_DIGEST_HEX - 1 &&
			strspn(hash, "0123456789abcdef") == HP_DIGEST_HEX - 1))
		return 0;
	hp_err_set(err, HP_E_USAGE, "“%s” is not a hash of 64 digits",
		hp_str_printable(p->pool, hash, 80));
	return hp_err_hint(err, "hp-audit head prints the newest");
}

static int chain_get(struct hp_panel *p, struct hp_audit_chain *ret, struct hp_err *err)
{
	struct hp_audit_head h;

	memset(ret, 0, sizeof(*ret));
	if (hp_audit_head_get(p, &h, err) < 0)
		return err->code;
	ret->first = h.first;
	ret->last = h.last;
	memcpy(ret->hash, h.hash, sizeof(ret->hash));
	return 0;
}

int hp_audit_head(struct hp_panel *p, struct hp_audit_chain *ret, struct hp_err *err)
{
	return hp_may_begin(&p->actor, "audit:head", err) < 0 ? err->code : chain_get(p, ret, err);
}

int hp_audit_verify(struct hp_panel *p, const char *hash,
	int (*fn)(void *arg, const struct hp_audit_finding *f, struct hp_err *err), void *arg,
	struct hp_audit_chain *ret, struct hp_err *err)
{
	struct walk w = {.fn = fn, .arg = arg, .ret = ret, .want = hash, .known = true};
	int64_t after = 0;
	bool more = true;

	if (hp_may_begin(&p->actor, "audit:verify", err) < 0 || take_hash(p, hash, err) < 0 ||
		chain_get(p, ret, err) < 0)
		return err->code;
	w.next = ret->first;
	while (more)
		if (see_page(p, &w, &after, &more, err) < 0)
			return err->code;
	if (see_end(p, &w, err) < 0)
		return err->code;
	return ret->findings ? hp_err_set(err, HP_E_NO, "the audit trail is not as it was written")
			     : 0;
}
