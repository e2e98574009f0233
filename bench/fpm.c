/*
 * fpm: what PHP-FPM costs by itself, measured as the panel asks it: by a FastCGI ping.
 *
 *	fpm start FPM VERSION USER   one master of a website's configuration, by hand as its user,
 *	                             until it answers; it is ended again
 *	fpm ask SOCKET               until who is behind this socket answers: one that sleeps wakes
 *	fpm watch                    until SIGTERM: the most masters that were starting at one
 *	                             time, and the most that there were
 *
 * start and ask print microseconds.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/str.h"
#include "node/php.h"
#include "node/procs.h"
#include "sys/probe.h"

#define ANSWER_MS 60000
/* /proc with a thousand masters takes about as long to read. */
#define WATCH_NAP_MS 2

static volatile sig_atomic_t stopped;

static void on_term(int sig HP_UNUSED)
{
	stopped = 1;
}

static int fail(const char *what)
{
	fprintf(stderr, "fpm: %s: %s\n", what, strerror(errno));
	return 71;
}

static int ask(const char *socket)
{
	struct hp_err err = HP_ERR_INIT;
	uint64_t began = hp_now_us();

	if (hp_fcgi_ping(socket, HP_PHP_PING, ANSWER_MS, &err) < 0) {
		fprintf(stderr, "fpm: %s: no answer\n", socket);
		return 1;
	}
	printf("%llu\n", (unsigned long long)(hp_now_us() - began));
	return 0;
}

static int listen_at(const char *path, const struct passwd *user)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
		chown(path, user->pw_uid, user->pw_gid) < 0 || listen(fd, 511) < 0)
		return -1;
	return fd;
}

/* As the unit and the panel start it, without what else these do. */
static void become_master(char *fpm, const char *version, const struct passwd *user, int fd)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	char *argv[] = {fpm, hp_pstrdup(pool, "--nodaemonize"), hp_pstrdup(pool, "--fpm-config"),
		hp_pstrdup(pool, hp_php_conf_path(pool, version, user->pw_name)), NULL};
	char *env[] = {hp_pprintf(pool, "FPM_SOCKETS=" HP_PHP_RUN "/inherited/%s=3", user->pw_name),
		hp_pprintf(pool,
			"PHP_INI_SCAN_DIR=:" HP_PHP_ETC "/%s/conf.d:" HP_PHP_ETC "/%s/%s.d",
			version, version, user->pw_name),
		NULL};

	if (dup2(fd, 3) < 0 || setgroups(0, NULL) < 0 || setgid(user->pw_gid) < 0 ||
		setuid(user->pw_uid) < 0)
		_exit(fail(user->pw_name));
	execve(fpm, argv, env);
	_exit(fail(fpm));
}

static int start(char *fpm, const char *version, const char *name)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	const char *path = hp_pprintf(pool, "/run/by-hand-%s.sock", name);
	const struct passwd *user = getpwnam(name);
	struct hp_err err = HP_ERR_INIT;
	int fd, rc, status;
	uint64_t began;
	pid_t pid;

	if (!user)
		return fail(name);
	fd = listen_at(path, user);
	if (fd < 0)
		return fail(path);
	began = hp_now_us();
	pid = fork();
	if (pid == 0)
		become_master(fpm, version, user, fd);
	if (pid < 0)
		return fail("fork");
	rc = hp_fcgi_ping(path, HP_PHP_PING, ANSWER_MS, &err);
	if (rc == 0)
		printf("%llu\n", (unsigned long long)(hp_now_us() - began));
	else
		fprintf(stderr, "fpm: %s does not answer\n", fpm);
	kill(pid, SIGQUIT);
	waitpid(pid, &status, 0);
	unlink(path);
	return rc == 0 ? 0 : 1;
}

struct seen {
	unsigned starting, masters;
};

/* systemd's child is "(php-fpm8.2)" at first; a master is starting until it has its title. */
static int look(void *arg, pid_t pid)
{
	struct seen *s = arg;
	char args[512];
	size_t i, n = hp_proc_args(pid, args, sizeof(args) - 1);

	if (hp_str_starts(args, "php-fpm: master process (" HP_PHP_ETC "/"))
		s->masters++;
	if (hp_str_starts(args, "(php-fpm"))
		s->starting++;
	for (i = 0; i < n; i += strlen(args + i) + 1) {
		if (hp_streq(args + i, "-t"))
			return 0;
		if (hp_streq(args + i, "--fpm-config")) {
			s->starting++;
			break;
		}
	}
	return 0;
}

static int watch(void)
{
	struct seen most = {0}, now;
	struct timespec nap = {.tv_nsec = WATCH_NAP_MS * 1000000};

	signal(SIGTERM, on_term);
	while (!stopped) {
		now = (struct seen){0};
		hp_proc_each(look, &now);
		most.starting = now.starting > most.starting ? now.starting : most.starting;
		most.masters = now.masters > most.masters ? now.masters : most.masters;
		nanosleep(&nap, NULL);
	}
	printf("%u\t%u\n", most.starting, most.masters);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && hp_streq(argv[1], "start"))
		return start(argv[2], argv[3], argv[4]);
	if (argc == 3 && hp_streq(argv[1], "ask"))
		return ask(argv[2]);
	if (argc == 2 && hp_streq(argv[1], "watch"))
		return watch();
	fprintf(stderr, "usage: fpm start FPM VERSION USER | ask SOCKET | watch\n");
	return 2;
}
