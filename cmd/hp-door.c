/*
 * hp-door: what stands behind hosting-panel-node-manager.socket, as root. One line comes in,
 *   {"argv":["hp-cert","issue","example.com","--json","--as","alice@192.0.2.1"],"stdin":"…"}
 * and, where the verb is marked for it (CLI_DOOR) and somebody is named who asks, it is run for
 * him, and one line goes out:
 *   {"exit":0,"stdout":"…","stderr":"…"}
 * What is parsed here was written by somebody who is not root; what he may is judged by the program
 * that is run.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "cmd/cli.h"
#include "base/file.h"
#include "base/paths.h"
#include "base/str.h"
#include "sys/door.h"
#include "sys/json.h"
#include "sys/run.h"

#define READ_MS 30000
#define RUN_MS (25 * 60 * 1000) /* RuntimeMaxSec= is half an hour */
#define ARG_MAX_LEN 4096
#define OUT_MAX ((size_t)8 << 20)

struct request {
	struct hp_pool *pool;
	char *argv[HP_DOOR_ARGS_MAX + 1];
	int argc;
	const char *in;
};

/* ---- in ---- */
/* The line and nothing behind it. */
static int read_line(struct hp_buf *b, struct hp_err *err)
{
	uint64_t until = hp_now_ms() + READ_MS, now;
	const char *nl = NULL;
	char part[16384];
	ssize_t n = 1;

	while (n > 0) {
		struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};

		now = hp_now_ms();
		if (now >= until || poll(&p, 1, (int)(until - now)) == 0)
			return hp_err_set(err, HP_E_BUSY, "the request has not come to its end");
		n = read(STDIN_FILENO, part, sizeof(part));
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			return hp_err_errno(err, HP_E_OS, errno, "the request");
		else if (nl && n > 0)
			return hp_err_set(err, HP_E_USAGE, "there is something behind the request");
		else
			hp_buf_add(b, part, (size_t)n);
		if (b->len > HP_DOOR_REQUEST_MAX)
			return hp_err_set(err, HP_E_USAGE, "the request has more than %zu bytes",
				HP_DOOR_REQUEST_MAX);
		nl = b->len ? memchr(b->s, '\n', b->len) : NULL;
		if (nl && nl != b->s + b->len - 1)
			return hp_err_set(err, HP_E_USAGE, "there is something behind the request");
	}
	return nl ? 0 : hp_err_set(err, HP_E_USAGE, "the request was cut");
}

static int take_argv(struct request *r, const struct hp_json *list, struct hp_err *err)
{
	const struct hp_json *v;

	for (v = hp_json_first(list); v; v = hp_json_next(v)) {
		const char *s = hp_json_str(v);

		if (!s || strlen(s) > ARG_MAX_LEN || hp_str_has_control(s, strlen(s)))
			return hp_err_set(err, HP_E_USAGE, "argv: an argument is not acceptable");
		if (r->argc == HP_DOOR_ARGS_MAX)
			return hp_err_set(err, HP_E_USAGE, "argv: more than %d arguments",
				HP_DOOR_ARGS_MAX);
		r->argv[r->argc++] = hp_pstrdup(r->pool, s);
	}
	return r->argc ? 0 : hp_err_set(err, HP_E_USAGE, "argv: it is empty");
}

static int take(struct request *r, const struct hp_buf *line, struct hp_err *err)
{
	struct hp_json *doc _cleanup_json_ = NULL;
	const struct hp_json *v;

	if (hp_json_parse(line->s, line->len, &doc, err) < 0)
		return err->code;
	if (hp_json_type(doc) != HP_JSON_OBJECT)
		return hp_err_set(err, HP_E_USAGE, "the request is no object");
	for (v = hp_json_first(doc); v; v = hp_json_next(v)) {
		if (hp_streq(hp_json_key(v), "argv") && hp_json_type(v) == HP_JSON_ARRAY) {
			if (take_argv(r, v, err) < 0)
				return err->code;
		} else if (hp_streq(hp_json_key(v), "stdin") && hp_json_str(v)) {
			r->in = hp_pstrdup(r->pool, hp_json_str(v));
		} else {
			return hp_err_set(err, HP_E_USAGE,
				"%s: it is not known here, or no such value",
				hp_str_printable(r->pool, hp_json_key(v), 60));
		}
	}
	if (!r->argc)
		return hp_err_set(err, HP_E_USAGE, "argv: it is missing");
	return cli_check_door(r->pool, r->argc, r->argv, err);
}

/* ---- run ---- */
/* Where a build folder's modules are is told on. Of a unit there is none of these. */
static const char *const *env(struct hp_pool *pool)
{
	static const char *const names[] = {
		"HP_LIBDIR", "HP_LIBEXECDIR", "HP_DATADIR", HP_ASAN ? "ASAN_OPTIONS" : NULL};
	const char **ret = hp_palloc(pool, (HP_ARRAY_SIZE(names) + 1) * sizeof(*ret));
	size_t i, n = 0;

	for (i = 0; i < HP_ARRAY_SIZE(names); i++) {
		const char *v = names[i] ? secure_getenv(names[i]) : NULL;

		if (v)
			ret[n++] = hp_pprintf(pool, "%s=%s", names[i], v);
	}
	ret[n] = NULL;
	return ret;
}

static int run(struct request *q, struct hp_buf *out, struct hp_buf *errs, struct hp_err *err)
{
	const struct hp_run r = {.argv = (const char *const *)q->argv,
		.env = env(q->pool),
		.in = q->in,
		.in_len = q->in ? strlen(q->in) : 0,
		.out = out,
		.errs = errs,
		.max_out = OUT_MAX,
		.timeout_ms = RUN_MS};

	q->argv[0] = hp_pprintf(q->pool, "%s/%s", hp_bindir(), q->argv[0]);
	return hp_run(&r, err);
}

/* ---- out ---- */
static void answer(int status, const struct hp_buf *out, const struct hp_buf *errs)
{
	static const struct timeval patience = {.tv_sec = 30};
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	struct hp_jw w;

	hp_jw_init(&w, &b, false);
	hp_jw_obj(&w, NULL);
	hp_jw_i64(&w, "exit", status);
	hp_jw_str(&w, "stdout", hp_buf_str(out));
	hp_jw_str(&w, "stderr", hp_buf_str(errs));
	hp_jw_end(&w, '}');
	hp_buf_addc(&b, '\n');
	setsockopt(STDOUT_FILENO, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (hp_fd_write(STDOUT_FILENO, "the answer", b.s, b.len, &err) < 0)
		fprintf(stderr, "hp-door: %s\n", err.msg);
}

int main(void)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_buf line _cleanup_buf_ = HP_BUF_INIT, out _cleanup_buf_ = HP_BUF_INIT,
			   errs _cleanup_buf_ = HP_BUF_INIT;
	struct request q = {.pool = pool};
	struct hp_err err = HP_ERR_INIT;
	int status = 0;

	signal(SIGPIPE, SIG_IGN);
	/* who is not known is not heard, and nothing is read of him */
	if (hp_door_check_peer(STDIN_FILENO, &err) == 0 && read_line(&line, &err) == 0 &&
		take(&q, &line, &err) == 0)
		status = run(&q, &out, &errs, &err);
	if (err.code) {
		status = hp_exit_status(err.code);
		hp_buf_reset(&out);
		hp_buf_reset(&errs);
		hp_buf_addf(&errs, "hp-door: %s\n", err.msg);
		fputs(hp_buf_str(&errs), stderr);
	}
	answer(status, &out, &errs);
	if (line.s)
		hp_wipe(line.s, line.cap);
	return 0;
}
