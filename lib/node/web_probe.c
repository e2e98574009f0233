/* After a reload: does every changed website answer with its new configuration? */
#include <errno.h>

#include "node/web.h"
#include "base/fault.h"
#include "base/str.h"
#include "sys/probe.h"

#define NAP_MS 4

/* A reload of many vhosts takes seconds before the first new worker answers. */
static uint64_t deadline(const struct hp_engine *x)
{
	uint64_t ms = 15000 + 3 * (uint64_t)x->n_sites;

#ifdef HP_FAULT_POINTS
	const char *v = getenv("HP_PROBE_MS");

	if (v)
		hp_parse_u64(v, 600000, &ms);
#endif
	return hp_now_ms() + ms;
}

/* The last website is gone, and nothing else of this server listens there: that is an answer. */
static bool nobody_listens(const struct hp_server *s, unsigned port)
{
	struct hp_err ignored = HP_ERR_INIT;
	pid_t pid;

	return hp_web_pid(s, &pid, &ignored) == 0 && pid > 0 && !hp_web_listens_on(pid, port);
}

/* What is asked, of which server, until when. */
struct question {
	struct hp_engine *x;
	const struct hp_wish *w;
	bool front;
	struct hp_web_server *server;
	unsigned port;
	const char *domain, *revision;
	bool gone; /* anything else is the right answer */
	uint64_t end;
	char heard[1100];
};

/* A server that can't say a word in its answer's body ends a header with it. */
static bool is_same(const struct question *q, struct hp_buf *body, struct hp_buf *header)
{
	if (!q->server->is->probe_header)
		return hp_streq(hp_buf_str(body), q->revision);
	return hp_str_ends(hp_buf_str(header), hp_pprintf(q->x->scratch, "/%s", q->revision));
}

/* Once. True when the answer is the wished one. */
static bool ask(struct question *q)
{
	struct hp_buf body _cleanup_buf_ = HP_BUF_INIT, header _cleanup_buf_ = HP_BUF_INIT;
	struct hp_http_probe p = {.host = q->domain,
		.path = HP_WEB_PROBE_PATH,
		.port = q->port,
		.timeout_ms = 3000,
		.want_header = q->server->is->probe_header};
	struct hp_err err = HP_ERR_INIT;
	bool same;
	int status;

	if (hp_http_probe(&p, &status, &body, p.want_header ? &header : NULL, &err) < 0) {
		snprintf(q->heard, sizeof(q->heard), "%s", err.msg);
		return q->gone && nobody_listens(q->server->is, q->port);
	}
	/* the status is a server's own choice: not all have a way to say 200 and a word */
	same = is_same(q, &body, &header);
	snprintf(q->heard, sizeof(q->heard), "status %d", status);
	if (q->gone || !same)
		return same != q->gone;
	return !q->front || hp_web_tls_is_shown(q->x, q->w, q->heard, sizeof(q->heard));
}

/*
 * One that lives on with its old configuration, because it can't listen where the new one says,
 * tells only its log: after two seconds and a half of trying.
 */
static bool has_refused(struct question *q, uint64_t asked)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	const char *words;

	if (hp_now_ms() - asked < 3000)
		return false;
	words = hp_web_last_words(pool, q->server->is, q->server->log_at);
	if (words)
		snprintf(q->heard, sizeof(q->heard), "it says: %s", words);
	return words != NULL;
}

static bool until_right(struct question *q)
{
	struct hp_err ended = HP_ERR_INIT;
	uint64_t asked = hp_now_ms(), looked = asked;
	unsigned ms = 1;

	while (!ask(q)) {
		if (hp_now_ms() >= q->end)
			return false;
		if (hp_now_ms() - looked > 500) {
			if (hp_web_lives(q->server, &ended) < 0 || has_refused(q, asked))
				return false;
			looked = hp_now_ms();
		}
		hp_nap(ms);
		/*
		 * most answer within a second: whoever waits at a prompt waits for the rest of a
		 * nap, too
		 */
		ms = hp_now_ms() - asked < 2000 ? NAP_MS : 10 * NAP_MS;
	}
	return true;
}

/*
 * Old and new workers accept side by side for a while: a request right after the first good
 * answer could still meet the old configuration.
 */
bool hp_web_wait_old(const struct hp_web_server *s, enum hp_web_until until, uint64_t end)
{
	size_t i;

	for (i = 0; i < s->n_workers; i++)
		while (hp_web_is_alive(s->is, s->workers[i]) &&
			(until == HP_WEB_GONE || s->is->accepts(s->workers[i]))) {
			if (hp_now_ms() >= end)
				return false;
			hp_nap(5);
		}
	return true;
}

static bool is_touched(
	struct hp_engine *x, const struct hp_web_server *s, const bool *touched, size_t i)
{
	const struct hp_wish *w = &x->sites[i];

	if (!touched[i])
		return false;
	/* one that only leaves this server is not asked of it */
	if (w->now)
		return w->now->revision && hp_web_has_files(x, w->now->files, s);
	return w->old && w->old->revision;
}

/* Sites of which files changed on this server; those that only leave it later are not asked. */
static bool *find_touched(struct hp_engine *x, const struct hp_web_server *s)
{
	bool *touched = hp_palloc(x->round, x->n_sites + 1);
	const struct hp_op *op;
	size_t i;

	for (i = 0; i < x->n_ops; i++) {
		op = &x->ops[i];
		if (op->site && !op->late && op->file->part == HP_PART_WEB &&
			hp_web_of_file(x, op->file->path) == s)
			touched[op->site - x->sites] = true;
	}
	return touched;
}

static int wrong(struct hp_engine *x, struct hp_web_server *s, struct hp_wish *w, const char *heard,
	struct hp_err *err)
{
	hp_err_set(err, HP_E_REFUSED,
		"%s was reloaded, but the site does not answer with its new configuration (%s)",
		s->is->name, heard);
	hp_err_hint(err,
		"another vhost may have the name, or listen on a more specific address; see %s",
		s->is->error_log);
	return hp_blame(x, w, HP_IS_REFUSED, err);
}

int hp_web_probe_server(struct hp_engine *x, struct hp_web_server *s, struct hp_err *err)
{
	struct question q = {.x = x,
		.front = s->front,
		.server = s,
		.port = s->front ? 80 : s->is->port,
		.end = deadline(x)};
	bool *touched = find_touched(x, s);
	size_t i, asked = 0, n_wrong = 0;
	int rc = 0;

	for (i = 0; i < x->n_sites; i++) {
		struct hp_wish *w = &x->sites[i];

		if (!is_touched(x, s, touched, i))
			continue;
		asked++;
		hp_pool_reset(x->scratch);
		q.w = w;
		q.domain = w->domain;
		q.gone = !w->now;
		q.revision = w->now ? w->now->revision : w->old->revision;
		if (until_right(&q))
			continue;
		if (hp_web_lives(s, err) < 0)
			return err->code;
		n_wrong++;
		rc = wrong(x, s, w, q.heard, err);
	}
	/* nobody answers as wished: that is no site's fault */
	if (n_wrong && n_wrong == asked && asked > 1) {
		for (i = 0; i < x->n_sites; i++)
			if (is_touched(x, s, touched, i))
				x->sites[i].outcome = HP_IS_FINE;
		return err->code;
	}
	/* where it is undone there may be no new ones to wait for */
	if (!n_wrong)
		hp_web_wait_old(s, HP_WEB_CLOSED, deadline(x));
	x->servers_us += hp_now_us() - s->told_us;
	return rc ? rc : hp_web_lives(s, err);
}
