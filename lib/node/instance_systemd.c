/* Instances as units: systemd holds the socket and starts the master at the first request. */
#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "node/instance_impl.h"
#include "sys/run.h"
#include "sys/service.h"
#include "sys/units.h"

#define JOB_MS 120000
/* Masters that end, or end and start, together. */
#define AT_ONCE 100

static const char *unit(struct hp_pool *pool, const char *version, const char *user,
	const char *suffix)
{
	return hp_pprintf(pool, "php%s-fpm@%s.%s", version, user, suffix);
}

static void add_service(struct hp_pool *pool, struct hp_strv *units, const struct hp_instance *i)
{
	hp_strv_add_ref(pool, units, unit(pool, i->version, i->user, "service"));
}

static void add_services(struct hp_pool *pool, struct hp_strv *units, const struct hp_instance *v,
	size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		add_service(pool, units, &v[i]);
}

/* What is waited for may take as long as its requests. */
static unsigned stop_ms(const struct hp_instances *in)
{
	return hp_instance_stop_ms(in) + JOB_MS;
}

/* ---- status ---- */

/* Two units for each of n instances: its socket, its service. */
static int look(struct hp_pool *pool, const struct hp_instance *v, size_t n, struct hp_unit **ret,
	struct hp_err *err)
{
	struct hp_strv units = {0};
	size_t i;

	for (i = 0; i < n; i++) {
		hp_strv_add_ref(pool, &units, unit(pool, v[i].version, v[i].user, "socket"));
		add_service(pool, &units, &v[i]);
	}
	*ret = hp_palloc(pool, (units.n + 1) * sizeof(**ret));
	return hp_units_look(&units, *ret, err);
}

static const struct hp_unit *socket_of(const struct hp_unit *u, size_t i)
{
	return &u[2 * i];
}

static const struct hp_unit *service_of(const struct hp_unit *u, size_t i)
{
	return &u[2 * i + 1];
}

static struct hp_instance *as_instances(struct hp_pool *pool, const struct hp_instance_status *s,
	size_t n)
{
	struct hp_instance *v = hp_palloc(pool, (n + 1) * sizeof(*v));
	size_t i;

	for (i = 0; i < n; i++)
		v[i] = (struct hp_instance){.version = s[i].version, .user = s[i].user};
	return v;
}

/* Some at a time, each a job of its own. */
static int bounded(enum hp_unit_job job, const struct hp_strv *units, unsigned timeout_ms,
	struct hp_err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < units->n; i += AT_ONCE) {
		struct hp_strv some = {.v = units->v + i,
			.n = units->n - i < AT_ONCE ? units->n - i : AT_ONCE};

		r = hp_units_do(job, &some, NULL, timeout_ms, err);
	}
	return r;
}

static int status(const struct hp_instances *in HP_UNUSED, struct hp_instance_status *v, size_t n,
	struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_unit *u;
	size_t i;
	int r;

	r = look(pool, as_instances(pool, v, n), n, &u, err);
	for (i = 0; r == 0 && i < n; i++) {
		v[i].pid = service_of(u, i)->pid;
		v[i].state = v[i].pid ? HP_INSTANCE_RUNNING
			: socket_of(u, i)->active ? HP_INSTANCE_WAITING
					     : HP_INSTANCE_STOPPED;
	}
	return r;
}

/* ---- limits ---- */

/* By systemctl, which knows how each property is written. */
static int set_property(struct hp_pool *pool, const char *name, const struct hp_strv *lines,
	struct hp_err *err)
{
	static const char *const paths[] = {"/usr/bin/systemctl", "/bin/systemctl", NULL};
	const char *systemctl = hp_run_find(paths);
	struct hp_strv argv = {0};
	struct hp_run run = {.timeout_ms = JOB_MS};
	size_t i;

	hp_strv_add_ref(pool, &argv, systemctl ? systemctl : paths[0]);
	hp_strv_add_ref(pool, &argv, "set-property");
	hp_strv_add_ref(pool, &argv, "--runtime");
	hp_strv_add_ref(pool, &argv, "--");
	hp_strv_add_ref(pool, &argv, name);
	for (i = 0; i < lines->n; i++)
		hp_strv_add_ref(pool, &argv, lines->v[i]);
	run.argv = argv.v;
	return hp_run_ok(&run, err);
}

/* Only those that have some or had some cost a call. */
static int set_limits(const struct hp_instance *v, size_t n, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	bool dropped = false;
	struct hp_strv *l = hp_palloc(pool, (n + 1) * sizeof(*l));
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < n; i++) {
		r = hp_limits_read(pool, &v[i], &l[i], err);
		if (r == 0 &&
			hp_limits_drop(pool, unit(pool, v[i].version, v[i].user, "service"), &l[i]))
			dropped = true;
	}
	if (r == 0 && dropped)
		r = hp_service_daemon_reload(err);
	for (i = 0; r == 0 && i < n; i++) {
		if (l[i].n)
			r = set_property(
				pool, unit(pool, v[i].version, v[i].user, "service"), &l[i], err);
	}
	return r;
}

/* ---- start ---- */

/*
 * Sockets that gave up (their master failed too often) start only after a reset. It sets back the
 * count of starts as well, also for those that run: what we restart is no master that fails, and
 * systemd would let none start a sixth time in ten seconds.
 */
static int reset_failed(
	struct hp_pool *pool, const struct hp_unit *u, size_t n, bool running, struct hp_err *err)
{
	struct hp_strv failed = {0};
	size_t i;

	for (i = 0; i < 2 * n; i++)
		if (u[i].failed || (running && u[i].active))
			hp_strv_add_ref(pool, &failed, u[i].name);
	return hp_units_reset_failed(&failed, err);
}

static bool is_socket(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

/*
 * Somebody removed the path, or a stop is on its way (hp_instance_retire()): systemd listens where
 * nobody can come. Both end first: a socket can't be started while its service runs, and a restart
 * of one that is about to stop comes too late now and then, and is none.
 */
static int listen_again(const struct hp_instances *in, const struct hp_strv *sockets,
	const struct hp_strv *both, struct hp_err *err)
{
	int r = hp_units_do(HP_UNIT_STOP, both, NULL, stop_ms(in), err);

	return r == 0 ? hp_units_do(HP_UNIT_START, sockets, NULL, JOB_MS, err) : r;
}

/* *started: those that did not listen before. called: of how many the masters come up, too. */
static int start_all(const struct hp_instances *in, struct hp_pool *pool,
	const struct hp_instance *v, size_t n, size_t called, struct hp_strv *started,
	struct hp_err *err)
{
	struct hp_strv todo = {0}, lost = {0}, both = {0}, services = {0};
	struct hp_unit *u;
	size_t i;
	int r;

	r = look(pool, v, n, &u, err);
	if (r == 0)
		r = reset_failed(pool, u, n, false, err);
	for (i = 0; r == 0 && i < n; i++) {
		if (!socket_of(u, i)->active)
			hp_strv_add_ref(pool, started, socket_of(u, i)->name);
		if (!socket_of(u, i)->active ||
			is_socket(hp_instance_socket(pool, v[i].version, v[i].user))) {
			/* also what listens: a stop may be on its way */
			hp_strv_add_ref(pool, &todo, socket_of(u, i)->name);
		} else {
			hp_strv_add_ref(pool, &lost, socket_of(u, i)->name);
			hp_strv_add_ref(pool, &both, socket_of(u, i)->name);
			add_service(pool, &both, &v[i]);
		}
	}
	add_services(pool, &services, v, called);
	if (r == 0)
		r = hp_units_do(HP_UNIT_START, &todo, &services, JOB_MS, err);
	return r == 0 ? listen_again(in, &lost, &both, err) : r;
}

/* For web servers the group is enough; the owner may ask his own PHP, too. */
static int own_sockets(const struct hp_instances *in, struct hp_pool *pool,
	const struct hp_instance *v, size_t n, struct hp_err *err)
{
	const char *path;
	size_t i;

	for (i = 0; i < n; i++) {
		path = hp_instance_socket(pool, v[i].version, v[i].user);
		if (lchown(path, v[i].uid, in->web_gid) < 0)
			return hp_err_errno(err, HP_E_OS, errno, "%s", path);
	}
	return 0;
}

static int start(const struct hp_instances *in, const struct hp_instance *v, size_t n,
	size_t called, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_err ignored = HP_ERR_INIT;
	struct hp_strv started = {0};
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < n; i++)
		if (i == 0 || !hp_streq(v[i].version, v[i - 1].version))
			r = hp_instance_run_dir(in, v[i].version, err);
	if (r == 0)
		r = set_limits(v, n, err);
	if (r == 0)
		r = start_all(in, pool, v, n, called, &started, err);
	if (r == 0)
		r = own_sockets(in, pool, v, n, err);
	if (r < 0)
		hp_units_do(HP_UNIT_STOP, &started, NULL, JOB_MS, &ignored);
	return r;
}

static int wake(const struct hp_instances *in HP_UNUSED, const struct hp_instance *v, size_t n,
	struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_strv units = {0};

	add_services(pool, &units, v, n);
	return hp_units_request(HP_UNIT_START, &units, err);
}

/* ---- restart, stop ---- */

/*
 * The socket stays, so that what comes in while the old master ends is queued for the new one. A
 * master that has failed or sleeps reads its configuration at the next request anyhow.
 */
static int restart(const struct hp_instances *in, const struct hp_instance *v, size_t n,
	struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_strv units = {0};
	struct hp_unit *u;
	int r;

	r = set_limits(v, n, err);
	if (r == 0)
		r = look(pool, v, n, &u, err);
	if (r == 0)
		r = reset_failed(pool, u, n, true, err);
	add_services(pool, &units, v, n);
	return r == 0 ? bounded(HP_UNIT_TRY_RESTART, &units, stop_ms(in), err) : r;
}

static int limit(
	const struct hp_instances *in, const struct hp_instance *v, size_t n, struct hp_err *err)
{
	if (set_limits(v, n, err) < 0)
		return err->code;
	return in->by_user ? hp_limits_change(in, v, n, restart, err) : 0;
}

/* What was killed counts as failed; systemd would remember it. */
static int kill_all(const struct hp_strv *units, const struct hp_strv *services,
	unsigned timeout_ms, struct hp_err *err)
{
	struct hp_err ignored = HP_ERR_INIT;
	int r;

	hp_units_kill(services);
	r = hp_units_do(HP_UNIT_STOP, units, NULL, timeout_ms, err);
	if (r == 0)
		hp_units_reset_failed(services, &ignored);
	return r;
}

static int forget(struct hp_pool *pool, const struct hp_instance *i, struct hp_err *err)
{
	const char *sock = hp_instance_socket(pool, i->version, i->user);

	if (unlink(sock) < 0 && errno != ENOENT)
		return hp_err_errno(err, HP_E_OS, errno, "%s", sock);
	unlink(hp_pprintf(pool, HP_PHP_RUN "/%s/%s.idle", i->version, i->user));
	/* the unit is gone: nothing to be loaded anew */
	hp_limits_drop(pool, unit(pool, i->version, i->user, "service"), NULL);
	return 0;
}

static int stop(const struct hp_instances *in, const struct hp_instance *v, size_t n,
	enum hp_instance_end how, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_strv units = {0}, services = {0};
	pid_t *master = hp_palloc(pool, (n + 1) * sizeof(*master));
	struct hp_unit *u;
	size_t i;
	int r;

	r = look(pool, v, n, &u, err);
	/* a sleeping master must not be woken only to be told to end: it has no pid */
	for (i = 0; r == 0 && i < n; i++)
		master[i] = service_of(u, i)->pid;
	if (r == 0 && how != HP_INSTANCE_KILL)
		hp_instance_let_answer(in, v, master, n,
			how == HP_INSTANCE_RETIRE ? HP_INSTANCE_RETIRE_LATE_MS
						  : HP_INSTANCE_LATE_MS);
	for (i = 0; r == 0 && i < n; i++) {
		if (service_of(u, i)->active)
			hp_strv_add_ref(pool, &services, service_of(u, i)->name);
		if (socket_of(u, i)->active || service_of(u, i)->active)
			hp_strv_add_ref(pool, &units, socket_of(u, i)->name);
		/* its end is part of its socket's */
		if (service_of(u, i)->active &&
			(how != HP_INSTANCE_RETIRE || !socket_of(u, i)->active))
			hp_strv_add_ref(pool, &units, service_of(u, i)->name);
	}
	if (r == 0)
		r = reset_failed(pool, u, n, false, err);
	if (r == 0)
		r = how == HP_INSTANCE_KILL	? kill_all(&units, &services, stop_ms(in), err)
			: how == HP_INSTANCE_RETIRE ? hp_units_request(HP_UNIT_STOP, &units, err)
						    : bounded(HP_UNIT_STOP, &units, stop_ms(in), err);
	for (i = 0; r == 0 && i < n; i++)
		r = forget(pool, &v[i], err);
	return r;
}

static int put_to_sleep(const struct hp_instances *in, const struct hp_instance_status *v, size_t n,
	struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_strv units = {0};

	add_services(pool, &units, as_instances(pool, v, n), n);
	return bounded(HP_UNIT_STOP, &units, stop_ms(in), err);
}

const struct hp_instance_ops hp_instance_systemd = {
	.start = start,
	.wake = wake,
	.restart = restart,
	.stop = stop,
	.status = status,
	.limit = limit,
	.sleep = put_to_sleep,
};
