#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "base/file.h"
#include "base/str.h"
#include "sys/run.h"
#include "sys/service.h"

#define START_TIMEOUT_MS 120000
/* What the kernel keeps of a program's name (proc(5), /proc/PID/comm). */
#define COMM_MAX 15

enum hp_service_manager hp_service_manager(void)
{
	return access("/run/systemd/system", F_OK) == 0 ? HP_SERVICE_SYSTEMD : HP_SERVICE_SYSV;
}

static const char *systemctl(void)
{
	static const char *const paths[] = {"/usr/bin/systemctl", "/bin/systemctl", NULL};

	return hp_run_find(paths);
}

/* systemctl VERB [NAME …]: its exit status, or < 0. out may be NULL. */
static int ask_systemd(const char *const *words, const char *const *names, struct hp_buf *out,
	bool must, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_strv argv = {0};
	const char *prog = systemctl();
	struct hp_run run = {.out = out, .timeout_ms = START_TIMEOUT_MS};

	if (!prog)
		return hp_err_set(
			err, HP_E_OS, "systemctl: not found, although systemd is running");
	hp_strv_add_ref(pool, &argv, prog);
	for (; *words; words++)
		hp_strv_add_ref(pool, &argv, *words);
	for (; names && *names; names++)
		hp_strv_add_ref(pool, &argv, *names);
	run.argv = argv.v;
	return must ? hp_run_ok(&run, err) : hp_run(&run, err);
}

/* /etc/init.d/NAME VERB, for each name */
static int ask_scripts(const char *const *names, const char *verb, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();

	for (; *names; names++) {
		const char *argv[] = {hp_pprintf(pool, "/etc/init.d/%s", *names), verb, NULL};
		struct hp_run run = {.argv = argv, .timeout_ms = START_TIMEOUT_MS};
		int r = hp_run_ok(&run, err);

		if (r < 0)
			return hp_err_prefix(err, "%s: %s", *names, verb);
	}
	return 0;
}

/* The living process that a pid file names and that is this program; 0 when there is none. */
static pid_t pid_from_file(const char *pidfile, const char *comm)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	int64_t pid;

	if (hp_file_read(pidfile, 64, &b, &err) < 0)
		return 0;
	while (b.len && (b.s[b.len - 1] == '\n' || b.s[b.len - 1] == ' '))
		b.s[--b.len] = '\0';
	if (hp_parse_i64(hp_buf_str(&b), 1, INT32_MAX, &pid) < 0)
		return 0;
	if (hp_file_read(hp_pprintf(pool, "/proc/%lld/comm", (long long)pid), 64, &b, &err) < 0)
		return 0;
	if (b.len && b.s[b.len - 1] == '\n')
		b.s[--b.len] = '\0';
	/* A pid that was given to another program since is not this service. */
	return strncmp(hp_buf_str(&b), comm, COMM_MAX) == 0 ? (pid_t)pid : 0;
}

int hp_service_start(const char *const *names, struct hp_err *err)
{
	static const char *const words[] = {"start", "--", NULL};

	if (!*names)
		return 0;
	if (hp_service_manager() == HP_SERVICE_SYSTEMD)
		return ask_systemd(words, names, NULL, true, err);
	return ask_scripts(names, "start", err);
}

int hp_service_stop(const char *const *names, struct hp_err *err)
{
	static const char *const words[] = {"stop", "--", NULL};

	if (!*names)
		return 0;
	if (hp_service_manager() == HP_SERVICE_SYSTEMD)
		return ask_systemd(words, names, NULL, true, err);
	return ask_scripts(names, "stop", err);
}

int hp_service_daemon_reload(struct hp_err *err)
{
	static const char *const words[] = {"daemon-reload", NULL};

	if (hp_service_manager() != HP_SERVICE_SYSTEMD)
		return 0;
	return ask_systemd(words, NULL, NULL, true, err);
}

int hp_service_pid(const char *name, const char *comm, const char *pidfile, pid_t *ret,
	struct hp_err *err)
{
	static const char *const words[] = {"show", "--property=MainPID", "--value", "--", NULL};
	const char *const names[] = {name, NULL};
	_cleanup_buf_ struct hp_buf out = HP_BUF_INIT;
	int64_t pid;
	int r;

	if (hp_service_manager() != HP_SERVICE_SYSTEMD) {
		*ret = pid_from_file(pidfile, comm);
		return 0;
	}
	r = ask_systemd(words, names, &out, true, err);
	if (r < 0)
		return r;
	if (out.len && out.s[out.len - 1] == '\n')
		out.s[--out.len] = '\0';
	if (hp_parse_i64(hp_buf_str(&out), 0, INT32_MAX, &pid) < 0)
		return hp_err_set(err, HP_E_OS, "%s: systemctl show says %s for its pid", name,
			hp_buf_str(&out));
	*ret = (pid_t)pid;
	return 0;
}
