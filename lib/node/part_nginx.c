/* NGINX as a part of the engine. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include "node/part_nginx.h"
#include "base/fault.h"
#include "base/str.h"
#include "sys/run.h"
#include "sys/service.h"

#define ERROR_LOG "/var/log/nginx/error.log"

/* ---- what is here ---- */
/* Does this file set server_names_hash_…, outside comments? Twice is an error to nginx. */
static bool sets_hash(struct hp_engine *x, const char *path)
{
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err ignored = HP_ERR_INIT;
	const char *p, *line;

	if (hp_file_read(hp_engine_path(x, x->scratch, path), (size_t)4 << 20, &text, &ignored) < 0)
		return false;
	for (p = hp_buf_str(&text); (p = strstr(p, "server_names_hash_")); p++) {
		for (line = p; line > text.s && line[-1] != '\n' && line[-1] != '#'; line--)
			;
		if (line == text.s || line[-1] == '\n')
			return true;
	}
	return false;
}

static bool somebody_sets_hash(struct hp_engine *x)
{
	DIR *d = opendir(hp_engine_path(x, x->scratch, HP_NGINX_ETC "/conf.d"));
	bool found = sets_hash(x, HP_NGINX_ETC "/nginx.conf");
	struct dirent *e;

	while (d && !found && (e = readdir(d)))
		found = hp_str_ends(e->d_name, ".conf") &&
			!hp_streq(e->d_name, "hosting-panel.conf") &&
			sets_hash(x, hp_pprintf(x->scratch, HP_NGINX_ETC "/conf.d/%s", e->d_name));
	if (d)
		closedir(d);
	return found;
}

static int detect(struct hp_engine *x, struct hp_err *err HP_UNUSED)
{
	static const char *const places[] = {"/usr/sbin/nginx", "/usr/local/sbin/nginx",
		"/usr/bin/nginx", NULL};
	struct hp_nginx_part *p = hp_palloc(x->pool, sizeof(*p));
	const char *const *place;

	x->part[HP_PART_NGINX] = p;
	for (place = places; *place && !p->binary; place++)
		if (access(hp_engine_path(x, x->scratch, *place), X_OK) == 0)
			p->binary = *place;
	p->ipv6 = access("/proc/net/if_inet6", F_OK) == 0;
	p->sets_hash = somebody_sets_hash(x);
	return 0;
}

/* ---- reload ---- */
static bool any_moves(const struct hp_engine *x)
{
	size_t i;

	for (i = 0; i < x->n_ops; i++)
		if (x->ops[i].file->part == HP_PART_NGINX)
			return true;
	return false;
}

static int journal(struct hp_engine *x, struct hp_err *err)
{
	struct hp_nginx_part *p = hp_nginx(x);
	pid_t pid;

	p->moves = x->live && p->binary && any_moves(x);
	if (!p->moves)
		return 0;
	if (hp_nginx_pid(&pid, err) < 0)
		return err->code;
	p->was_down = pid == 0;
	hp_journal_note(x, HP_PART_NGINX, p->was_down ? "start" : "reload");
	return 0;
}

/* What it said since from: its last complaint of the worst kind, or NULL. */
static const char *last_words(struct hp_pool *pool, off_t from)
{
	int fd _cleanup_close_ = open(ERROR_LOG, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char tail[8192], *p, *last = NULL, *colon;
	ssize_t n = fd >= 0 ? pread(fd, tail, sizeof(tail) - 1, from) : 0;

	if (n <= 0)
		return NULL;
	tail[n] = 0;
	for (p = strstr(tail, "[emerg] "); p; p = strstr(p + 1, "[emerg] "))
		if (!strstr(p, "still could not bind()") || !last)
			last = p + strlen("[emerg] ");
	if (!last)
		return NULL;
	last[strcspn(last, "\n")] = 0;
	colon = strstr(last, ": ");
	return hp_str_printable(pool, colon && colon - last < 24 ? colon + 2 : last, 300);
}

static int start(struct hp_err *err)
{
	static const char *const names[] = {"nginx", NULL};
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct stat log = {0};
	const char *words;
	pid_t pid;

	if (stat(ERROR_LOG, &log) < 0)
		log.st_size = 0;
	if (hp_service_start(names, err) < 0) {
		words = last_words(pool, log.st_size);
		if (words && err->code == HP_E_REFUSED) {
			hp_err_set(err, HP_E_REFUSED, "nginx can't be started: %s", words);
			hp_err_hint(err, "its own words are in " ERROR_LOG);
		}
		return err->code;
	}
	if (hp_nginx_pid(&pid, err) < 0)
		return err->code;
	if (pid > 0)
		return 0;
	hp_err_set(err, HP_E_REFUSED, "nginx was started and does not run");
	return hp_err_hint(err, "its own words are in " ERROR_LOG);
}

/*
 * The signal straight to the master: what it reads was tested a moment ago, and
 * `nginx -s reload` (which the service's own reload is) would read everything once more first.
 */
static int reload(struct hp_nginx_part *p, struct hp_err *err)
{
	pid_t pid;

	if (hp_nginx_pid(&pid, err) < 0)
		return err->code;
	if (pid == 0)
		return hp_err_set(err, HP_E_REFUSED, "nginx does not run any more");
	hp_nginx_workers(pid, p);
	if (kill(pid, SIGHUP) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "nginx can't be reloaded");
	return 0;
}

static int change(struct hp_engine *x, struct hp_err *err)
{
	struct hp_nginx_part *p = hp_nginx(x);

	if (!p->moves)
		return 0;
	if (hp_fault_err("reload", err))
		return err->code;
	p->told_us = hp_now_us();
	p->n_workers = 0;
	if ((p->was_down ? start(err) : reload(p, err)) < 0)
		return err->code;
	hp_report_reload(x, "nginx");
	hp_fault("after-reload");
	return 0;
}

/* ---- from the journal ---- */
static int undo(struct hp_engine *x, const char *line, struct hp_err *err)
{
	static const char *const names[] = {"nginx", NULL};
	struct hp_nginx_part *p = hp_nginx(x);
	pid_t pid;
	int rc = 0;

	if (line) {
		p->reload_back |= hp_streq(line, "reload");
		p->stop_back |= hp_streq(line, "start");
		return 0;
	}
	if (x->live && (p->reload_back || p->stop_back) && hp_nginx_pid(&pid, err) == 0 && pid > 0)
		rc = p->stop_back ? hp_service_stop(names, err) : reload(p, err);
	p->reload_back = p->stop_back = false;
	return rc;
}

/* ---- is what it serves what stands in its files? ---- */
static int revive(struct hp_engine *x, bool repair, size_t *ret_wrong, struct hp_err *err)
{
	struct hp_err one = HP_ERR_INIT;
	pid_t pid;

	/* at boot its own unit starts it */
	if (!x->live || x->boot || !x->old.n)
		return 0;
	if (!hp_nginx(x)->binary) {
		(*ret_wrong)++;
		hp_err_set(&one, HP_E_NOT_FOUND, "nginx is not installed on this node");
		hp_err_hint(&one, "apt install nginx");
		hp_mend_failed(x, HP_NGINX_ETC, NULL, &one, repair ? err : &one);
		return err->code;
	}
	if (hp_nginx_pid(&pid, err) < 0)
		return err->code;
	if (pid > 0)
		return 0;
	(*ret_wrong)++;
	if (repair && start(&one) < 0)
		return hp_mend_failed(x, HP_NGINX_PIDFILE, NULL, &one, err);
	hp_mend_tell(x, repair, HP_NGINX_PIDFILE, NULL, "nginx does not run");
	return 0;
}

static const char *const roots[] = {HP_NGINX_ETC, NULL};

const struct hp_part hp_part_nginx = {
	.name = "nginx",
	.roots = roots,
	.detect = detect,
	.inputs = hp_nginx_inputs,
	.render_site = hp_nginx_render_site,
	.render_node = hp_nginx_render_node,
	.test = hp_nginx_test,
	.journal = journal,
	.change = change,
	.probe = hp_nginx_probe,
	.undo = undo,
	.revive = revive,
};
