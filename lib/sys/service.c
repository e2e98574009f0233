#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#include "base/file.h"
#include "base/str.h"
#include "sys/run.h"
#include "sys/service.h"
#include "sys/units.h"

#define START_TIMEOUT_MS 120000

enum hp_service_manager hp_service_manager(void)
{
	return access("/run/systemd/system", F_OK) == 0 ? HP_SERVICE_SYSTEMD : HP_SERVICE_SYSV;
}

/* systemd's names have a type */
static void unit_names(struct hp_pool *pool, const char *const *names, struct hp_strv *ret)
{
	for (; *names; names++)
		hp_strv_addf(pool, ret, "%s.service", *names);
}

static int ask_systemd(enum hp_unit_job job, const char *const *names, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_strv units = {0};

	unit_names(pool, names, &units);
	return hp_units_do(job, &units, NULL, START_TIMEOUT_MS, err);
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

/* What a pid file says; 0 when there is none. */
static pid_t pid_from_file(const char *pidfile)
{
	_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	int64_t pid;

	if (hp_file_read(pidfile, 64, &b, &err) < 0)
		return 0;
	while (b.len && (b.s[b.len - 1] == '\n' || b.s[b.len - 1] == ' '))
		b.s[--b.len] = '\0';
	return hp_parse_i64(hp_buf_str(&b), 1, INT32_MAX, &pid) < 0 ? 0 : (pid_t)pid;
}

int hp_service_start(const char *const *names, struct hp_err *err)
{
	if (hp_service_manager() == HP_SERVICE_SYSTEMD)
		return ask_systemd(HP_UNIT_START, names, err);
	return ask_scripts(names, "start", err);
}

int hp_service_stop(const char *const *names, struct hp_err *err)
{
	if (hp_service_manager() == HP_SERVICE_SYSTEMD)
		return ask_systemd(HP_UNIT_STOP, names, err);
	return ask_scripts(names, "stop", err);
}

int hp_service_daemon_reload(struct hp_err *err)
{
	return hp_service_manager() == HP_SERVICE_SYSTEMD ? hp_units_reload(err) : 0;
}

int hp_service_pid(
	const char *name, const char *pidfile, pid_t *ret, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	const char *const names[] = {name, NULL};
	struct hp_strv units = {0};
	struct hp_unit unit;

	if (hp_service_manager() != HP_SERVICE_SYSTEMD) {
		*ret = pid_from_file(pidfile);
		return 0;
	}
	unit_names(pool, names, &units);
	if (hp_units_look(&units, &unit, err) < 0)
		return err->code;
	*ret = unit.pid;
	return 0;
}
