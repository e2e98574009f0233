/* Starting and reloading a web server, and what it says when that goes wrong. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "node/web.h"
#include "base/fault.h"
#include "base/str.h"
#include "sys/service.h"

#define START_MS 4500
/* It reads thousands of vhosts in a fraction of this. */
#define AT_WORK_MS 10000
/* A website's two logs, of before and after a reload. */
#define FILES_EACH 4
/* and what NGINX keeps open of each (open_file_cache), as far as a kernel's own bound allows */
#define FILES_HOT 200
#define FILES_HOT_MAX 500000
/* Connections, listening sockets, files that are being served. */
#define FILES_BESIDE 8192

const char *hp_web_last_words(struct hp_pool *pool, const struct hp_server *s, off_t from)
{
	int fd _cleanup_close_ = open(s->error_log, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char tail[8192];
	ssize_t n = fd >= 0 ? pread(fd, tail, sizeof(tail) - 1, from) : 0;

	if (n <= 0)
		return NULL;
	tail[n] = 0;
	return s->last_words(pool, tail);
}

off_t hp_web_log_end(const struct hp_server *s)
{
	struct stat log;

	return stat(s->error_log, &log) < 0 ? 0 : log.st_size;
}

/*
 * By default a process may have 1,024 files open (systemd's and logins' soft limit), fewer than the
 * logs of 512 websites. Where more can't be had (fs.nr_open), the server's own test says so.
 */
void hp_web_make_room(const struct hp_engine *x, pid_t pid)
{
	size_t sites = x->n_sites > x->old.n ? x->n_sites : x->old.n;
	rlim_t hot = FILES_HOT * (rlim_t)sites;
	rlim_t need = FILES_EACH * (rlim_t)sites + (hot < FILES_HOT_MAX ? hot : FILES_HOT_MAX) +
		FILES_BESIDE;
	struct rlimit l;

	if (prlimit(pid, RLIMIT_NOFILE, NULL, &l) < 0 || l.rlim_cur >= need)
		return;
	l.rlim_cur = need;
	if (l.rlim_max >= need ||
		prlimit(pid, RLIMIT_NOFILE, &(struct rlimit){need, need}, NULL) < 0) {
		/* a container's root may not be allowed more than there is */
		if (l.rlim_cur > l.rlim_max)
			l.rlim_cur = l.rlim_max;
		prlimit(pid, RLIMIT_NOFILE, &l, NULL);
	}
}

/* Some let go of who started them, or of their old number, before they say where they are. */
static int await_pid(const struct hp_server *s, pid_t *ret, struct hp_err *err)
{
	uint64_t end = hp_now_ms() + (s->renumbers ? START_MS : 0);

	while (hp_web_pid(s, ret, err) == 0 && *ret == 0 && hp_now_ms() < end)
		hp_nap(20);
	return err->code;
}

int hp_web_lives(struct hp_web_server *s, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	const char *words;
	pid_t pid;

	/* most live on under their old number; some go on under a new one */
	if (s->pid > 0 && hp_web_is_alive(s->is, s->pid))
		return 0;
	if (await_pid(s->is, &pid, err) < 0 || pid > 0)
		return err->code;
	words = hp_web_last_words(pool, s->is, s->log_at);
	hp_err_set(err, HP_E_REFUSED, "%s ended when it was reloaded%s%s", s->is->name,
		words ? ": " : "", words ? words : "");
	return hp_err_hint(err, "its own words are in %s", s->is->error_log);
}

int hp_web_start(const struct hp_server *s, struct hp_err *err)
{
	const char *const names[] = {s->service, NULL};
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	off_t from = hp_web_log_end(s);
	const char *words;
	pid_t pid;

	if (hp_service_start(names, err) < 0) {
		words = hp_web_last_words(pool, s, from);
		if (words && err->code == HP_E_REFUSED) {
			hp_err_set(err, HP_E_REFUSED, "%s can't be started: %s", s->name, words);
			hp_err_hint(err, "its own words are in %s", s->error_log);
		}
		return err->code;
	}
	if (await_pid(s, &pid, err) < 0)
		return err->code;
	if (pid > 0)
		return 0;
	hp_err_set(err, HP_E_REFUSED, "%s was started and does not run", s->name);
	return hp_err_hint(err, "its own words are in %s", s->error_log);
}

/*
 * The signal straight to the master: what it reads was tested a moment ago, and the service's own
 * reload would have everything read once more first.
 */
int hp_web_reload(struct hp_web_server *s, struct hp_err *err)
{
	uint64_t end = hp_now_ms() + AT_WORK_MS;
	pid_t pid;

	if (hp_web_pid(s->is, &pid, err) < 0)
		return err->code;
	if (pid == 0)
		return hp_err_set(err, HP_E_REFUSED, "%s does not run any more", s->is->name);
	s->pid = pid;
	/*
	 * Somebody has it read its files as they were a moment ago. The workers that come of it are
	 * of before our signal, and are waited for as such only when they are there to be seen.
	 */
	while (s->is->blocks && hp_web_blocks(pid, s->is->reload) && hp_now_ms() < end)
		hp_nap(5);
	hp_web_workers(s, pid);
	if (kill(pid, s->is->reload) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s can't be reloaded", s->is->name);
	return 0;
}

/*
 * OpenLiteSpeed's process after a reload keeps the listening sockets that it has got from the one
 * before and has no use for, and answers nobody there. They are not handed on: the next one is
 * without.
 */
static int has_spare(struct hp_engine *x, const struct hp_web_server *s, pid_t pid, bool *ret,
	struct hp_err *err)
{
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;

	if (hp_disk_text(x, s->is->node_file, &text, err) < 0)
		return err->code;
	*ret = (hp_web_listens_on(pid, 80) && !strstr(hp_buf_str(&text), ":80\n")) ||
		(hp_web_listens_on(pid, 443) && !strstr(hp_buf_str(&text), ":443\n"));
	return 0;
}

int hp_web_let_go(struct hp_engine *x, struct hp_web_server *s, struct hp_err *err)
{
	uint64_t end = hp_now_ms() + START_MS;
	pid_t pid, told = s->pid;
	bool spare = false;

	if (!s->is->renumbers)
		return 0;
	while (hp_web_pid(s->is, &pid, err) == 0 && told && (pid == 0 || pid == told) &&
		hp_now_ms() < end)
		hp_nap(20);
	if (err->code || pid == 0 || has_spare(x, s, pid, &spare, err) < 0 || !spare)
		return err->code;
	if (hp_web_reload(s, err) < 0)
		return err->code;
	while (hp_web_is_alive(s->is, pid) && s->is->accepts(pid) && hp_now_ms() < end)
		hp_nap(20);
	return hp_web_lives(s, err);
}

/* The ports of a front that can't start may be another server's, for a vhost that is not ours. */
static void hint_at_holder(
	struct hp_engine *x, const struct hp_web_server *front, struct hp_err *err)
{
	struct hp_web *web = hp_web(x);
	struct hp_err ignored = HP_ERR_INIT;
	pid_t pid;
	size_t i;

	for (i = 0; i < web->n; i++) {
		if (&web->v[i] == front || hp_web_pid(web->v[i].is, &pid, &ignored) < 0 ||
			pid == 0 || !hp_web_listens_on(pid, 80))
			continue;
		hp_err_hint(err,
			"%s listens on port 80 as well, for a vhost that is not the panel's: take "
			"that off first (below %s)",
			web->v[i].is->name, web->v[i].is->etc);
		return;
	}
}

int hp_web_tell(struct hp_engine *x, struct hp_web_server *s, struct hp_err *err)
{
	pid_t pid;

	if (hp_fault_err("reload", err))
		return err->code;
	s->told = true;
	s->told_us = hp_now_us();
	s->n_workers = 0;
	s->log_at = hp_web_log_end(s->is);
	s->pid = 0;
	if (!s->was_down && hp_web_pid(s->is, &pid, err) == 0 && pid > 0)
		hp_web_make_room(x, pid);
	if ((s->was_down ? hp_web_start(s->is, err) : hp_web_reload(s, err)) < 0) {
		if (s->front && s->was_down)
			hint_at_holder(x, s, err);
		return err->code;
	}
	hp_report_reload(x, s->is->name);
	hp_fault("after-reload");
	return 0;
}
