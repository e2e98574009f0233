/*
 * Log files have been renamed (logrotate(8)): whoever writes to them opens new ones. Web servers
 * read their configuration anew for it. A signal that only reopens logs would not do: NGINX'
 * workers open them as its user, who can't enter websites' log folders, and would go on in the old
 * files.
 */
#include <errno.h>
#include <signal.h>

#include "node/engine.h"
#include "node/instance.h"
#include "node/web.h"
#include "base/str.h"

/* A master reads thousands of vhosts before its workers of before hear of it. */
#define READ_MS 60000

/* ---- web servers ---- */
/* A worker that still takes connections writes what is asked on them into the old file. */
static int wait_reopened(struct hp_web_server *s, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	bool reopened = hp_web_wait_old(s, HP_WEB_CLOSED, hp_now_ms() + READ_MS);
	const char *words;

	if (hp_web_lives(s, err) < 0 || reopened)
		return err->code;
	words = hp_web_last_words(pool, s->is, s->log_at);
	hp_err_set(err, HP_E_REFUSED, "%s goes on in the old log files%s%s", s->is->name,
		words ? ": " : "", words ? words : "");
	return hp_err_hint(err, "its own words are in %s", s->is->error_log);
}

/*
 * What it reads may have been changed by hand since: Apache would end over what NGINX only refuses,
 * and neither is worth a log file.
 */
static int reopen_server(
	struct hp_engine *x, struct hp_web_server *s, bool *told, struct hp_err *err)
{
	pid_t pid;

	*told = false;
	if (!s->binary || !hp_web_has_files(x, x->old.own.files, s))
		return 0;
	if (hp_web_pid(s->is, &pid, err) < 0 || pid == 0)
		return err->code;
	if (s->is->test(x, s, true, err) < 0) {
		hp_err_prefix(err, "%s goes on in the old log files", s->is->name);
		return hp_err_hint(err, "put it right, then run: hp-vhost reopen");
	}
	s->log_at = hp_web_log_end(s->is);
	if (hp_web_reload(s, err) < 0)
		return err->code;
	*told = true;
	return wait_reopened(s, err);
}

static int reopen_servers(struct hp_engine *x, struct hp_err *err)
{
	struct hp_err one;
	size_t i, n_told = 0, failed = 0;
	struct hp_web *web;
	bool told;

	if (hp_engine_lock(x, err) < 0 || hp_parts[HP_PART_WEB]->detect(x, err) < 0 ||
		hp_engine_load(x, err) < 0)
		return err->code;
	web = hp_web(x);
	for (i = 0; x->live && i < web->n; i++) {
		hp_err_clear(&one);
		reopen_server(x, &web->v[i], &told, &one);
		n_told += told;
		failed += one.code < 0;
		if (told)
			hp_report_reload(x, web->v[i].is->name);
		if (one.code && !err->code)
			*err = one;
	}
	hp_report_end(x,
		failed           ? "partial"
			: n_told ? "applied"
				 : "unchanged",
		x->old.generation, x->old.n, 0, 0, err);
	return err->code;
}

int hp_node_reopen_web(const struct hp_node_opts *o, struct hp_err *err)
{
	struct hp_engine x;

	if (hp_engine_init(&x, o, true, err) == 0)
		reopen_servers(&x, err);
	hp_engine_free(&x);
	return err->code;
}

/* ---- PHP ---- */
/*
 * Does it wait for this signal? One that is still starting would end by it, and opens new files
 * anyway; so would whatever has got the number since.
 */
static bool catches(struct hp_pool *pool, pid_t pid, int sig)
{
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err ignored = HP_ERR_INIT;
	unsigned long long mask;
	const char *at;

	if (hp_file_read(hp_pprintf(pool, "/proc/%d/status", (int)pid), 65536, &text, &ignored) < 0)
		return false;
	at = strstr(hp_buf_str(&text), "\nSigCgt:");
	return at && sscanf(at, "\nSigCgt: %llx", &mask) == 1 && mask >> (sig - 1) & 1;
}

int hp_node_reopen_php(const struct hp_node_opts *o, size_t *ret_n, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_instance_status *v = NULL;
	struct hp_php_list list = {0};
	struct hp_instances in;
	size_t i, n = 0;

	*ret_n = 0;
	if (hp_php_detect(pool, o->sysroot, o->conf, &list, err) < 0 ||
		hp_instances_init(&in, o->sysroot, o->conf, &list, err) < 0 ||
		hp_instance_list(pool, &in, &v, &n, err) < 0)
		return err->code;
	for (i = 0; !*o->sysroot && i < n; i++) {
		if (v[i].pid <= 0 || !catches(pool, v[i].pid, SIGUSR1))
			continue;
		if (kill(v[i].pid, SIGUSR1) == 0)
			(*ret_n)++;
		else if (errno != ESRCH)
			hp_err_errno(err, HP_E_OS, errno, "PHP %s of %s: its log can't be reopened",
				v[i].version, v[i].user);
	}
	return err->code;
}
