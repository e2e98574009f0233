/*
 * hp-cgi: the wrapper's process. As plain CGI it answers one request; as FastCGI it keeps some
 * workers, which all accept on the socket that it was started with.
 */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgi/cgi.h"
#include "cgi/turn.h"
#include "base/file.h"
#include "base/opt.h"
#include "base/paths.h"
#include "base/str.h"
#include "node/api.h"
#include "sys/account.h"

#define TIMEOUT_MS 300000

enum { O_WORKERS, O_SOCKET, O_SYSROOT, O_HELP, O_VERSION };
static const struct hp_opt opts[] = {
	{"workers", 0, "N", "so many processes that answer ([api] workers)", O_WORKERS, ""},
	{"socket", 0, "FILE", "listen there, and go on as hosting-panel (where there is no systemd)",
		O_SOCKET, "file"},
	{"sysroot", 0, "DIR", "take every system path below DIR", O_SYSROOT, "dir"},
	{"help", 'h', NULL, "show this help", O_HELP, NULL},
	{"version", 'V', NULL, "show the version", O_VERSION, NULL},
	{0},
};

struct arg {
	const char *sysroot, *socket;
	int64_t workers;
	bool help, version;
};

static int on_opt(void *a, const struct hp_opt *o, const char *value, struct hp_err *err)
{
	struct arg *arg = a;

	switch (o->id) {
	case O_WORKERS:
		if (hp_parse_i64(value, 1, CGI_WORKERS_MAX, &arg->workers) == 0)
			return 0;
		return hp_err_set(err, HP_E_USAGE, "--workers: a number from 1 to %d is wanted",
			CGI_WORKERS_MAX);
	case O_SYSROOT:
		arg->sysroot = value;
		return hp_path_is_clean(value) ? 0 : hp_err_set(err, HP_E_USAGE,
			"--sysroot: a plain absolute path is wanted");
	case O_SOCKET: arg->socket = value; break;
	case O_HELP: arg->help = true; break;
	case O_VERSION: arg->version = true; break;
	}
	return 0;
}

/* ---- workers ---- */
static volatile sig_atomic_t ending;

static void on_term(int sig HP_UNUSED)
{
	ending = 1;
}

/* No SA_RESTART: accept(2) and wait(2) come back. */
static void catch_term(void)
{
	struct sigaction sa = {.sa_handler = on_term};

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
}

static int work(struct cgi_server *s)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_fcgi *f;

	if (hp_fcgi_new(&f, &err) < 0) {
		fprintf(stderr, "hp-cgi: %s\n", err.msg);
		return hp_exit_status(err.code);
	}
	while (!ending && hp_fcgi_accept(f)) {
		cgi_serve(s, f);
		hp_fcgi_end(f);
	}
	hp_panel_close(s->panel);
	hp_pool_free(s->pool);
	return 0;
}

static pid_t start(struct cgi_server *s, pid_t parent)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	/* no worker outlives the one who looks after it */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(0);
	exit(work(s));
}

/* Workers that end are started again; one that can't live is not started over and over at once. */
static int look_after(struct cgi_server *s, pid_t *workers, int64_t n)
{
	pid_t self = getpid(), pid;
	int64_t i;

	while (!ending) {
		bool early = false;

		for (i = 0; i < n && !ending; i++) {
			if (workers[i] > 0)
				continue;
			s->worker = (unsigned)i;
			workers[i] = start(s, self);
			early |= workers[i] < 0;
		}
		if (early)
			sleep(1);
		pid = wait(NULL);
		for (i = 0; pid > 0 && i < n; i++) {
			if (workers[i] != pid)
				continue;
			workers[i] = 0;
			cgi_turn_give(s->turns, (unsigned)i);
			if (!ending) {
				fprintf(stderr, "hp-cgi: a worker has ended: another one starts\n");
				sleep(1);
			}
		}
	}
	for (i = 0; i < n; i++)
		if (workers[i] > 0)
			kill(workers[i], SIGTERM);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	hp_pool_free(s->pool);
	return 0;
}

/* ---- without systemd ---- */
/* What hosting-panel-cgi.socket and its service do: root's socket, and then a user who is not. */
static int listen_at(const char *path, struct hp_err *err)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	const struct passwd *user = getpwnam(HP_PANEL_USER);
	const struct group *web = getgrnam(HP_API_USER);
	int fd _cleanup_close_ = socket(AF_UNIX, SOCK_STREAM, 0);

	if (!user || !web)
		return hp_err_set(err, HP_E_CONF, "there is no Unix user " HP_PANEL_USER
			", or no group " HP_API_USER);
	if (strlen(path) >= sizeof(a.sun_path))
		return hp_err_set(err, HP_E_USAGE, "--socket: the path is too long");
	memcpy(a.sun_path, path, strlen(path) + 1);
	unlink(path);
	umask(0177);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&a, sizeof(a)) < 0 ||
		chown(path, 0, web->gr_gid) < 0 || chmod(path, 0660) < 0 || listen(fd, 1024) < 0 ||
		dup2(fd, STDIN_FILENO) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s", path);
	if (fd == STDIN_FILENO)
		fd = -1;
	umask(0007);
	if (initgroups(HP_PANEL_USER, user->pw_gid) < 0 || setgid(user->pw_gid) < 0 ||
		setuid(user->pw_uid) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "user " HP_PANEL_USER);
	return 0;
}

static int run(const struct arg *arg)
{
	struct cgi_server s = {.sysroot = arg->sysroot, .timeout_ms = TIMEOUT_MS};
	pid_t workers[CGI_WORKERS_MAX] = {0};
	const char *dirs[] = {NULL, NULL, NULL};
	struct hp_err err = HP_ERR_INIT;
	int64_t n = 1;

	s.pool = hp_pool_new();
	dirs[0] = hp_path(s.pool, arg->sysroot, HP_TEMPLATES_DIR);
	dirs[1] = hp_pprintf(s.pool, "%s/templates", hp_datadir());
	s.tmpl = hp_tmpl_set_new(s.pool, dirs);
	signal(SIGPIPE, SIG_IGN);
	if (arg->socket && listen_at(arg->socket, &err) < 0) {
		fprintf(stderr, "hp-cgi: %s\n", err.msg);
		return hp_exit_status(err.code);
	}
	if (hp_fcgi_is_plain())
		return work(&s);
	if (hp_conf_load(s.pool, hp_path(s.pool, arg->sysroot, HP_CONF_FILE), &s.conf, &err) < 0) {
		fprintf(stderr, "hp-cgi: %s\n", err.msg);
		return hp_exit_status(err.code);
	}
	if (arg->workers)
		n = arg->workers;
	else
		hp_parse_i64(hp_conf_get(s.conf, "api", "workers"), 1, CGI_WORKERS_MAX, &n);
	s.turns = cgi_turns_new();
	catch_term();
	return look_after(&s, workers, n);
}

int main(int argc, char **argv)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	const struct hp_opt *tables[] = {opts, NULL};
	struct hp_err err = HP_ERR_INIT;
	struct arg arg = {.sysroot = "", .workers = 0};
	struct hp_strv words = {0};

	if (hp_opt_parse(pool, tables, argc - 1, argv + 1, on_opt, &arg, &words, &err) == 0 &&
		words.n)
		hp_err_set(&err, HP_E_USAGE, "unexpected operand “%s”",
			hp_str_printable(pool, words.v[0], 60));
	if (err.code) {
		fprintf(stderr, "hp-cgi: %s\n", err.msg);
		return hp_exit_status(err.code);
	}
	if (arg.version) {
		printf("hp-cgi (%s) %s\n", PACKAGE_NAME, PACKAGE_VERSION);
		return 0;
	}
	if (arg.help) {
		const struct hp_opt *o;

		printf("Usage: hp-cgi [--workers=N] [--socket=FILE] [--sysroot=DIR]\n\nThe web panel and the REST API: "
		       "FastCGI on descriptor 0, or plain CGI.\n\n");
		for (o = opts; o->name; o++)
			printf("  --%s%s%s\t%s\n", o->name, o->arg ? "=" : "", o->arg ? o->arg : "",
				o->help);
		return 0;
	}
	return run(&arg);
}
