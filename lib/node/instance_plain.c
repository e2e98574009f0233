/*
 * Instances without systemd: we bind the socket, start the master as the site's user with the
 * socket as descriptor 3, and note its pid. Nobody wakes a master here, so it runs from start to
 * stop.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/str.h"
#include "node/masters.h"
#include "node/procs.h"
#include "sys/probe.h"
#include "sys/run.h"

/* Masters that may be starting up at one time: each takes 0.1 s of a CPU and more. */
#define STARTING_MAX 8
#define READY_MS 20000
#define BACKLOG 511

static const char *run_path(struct hp_pool *pool, const struct hp_instance *v, const char *suffix)
{
	return hp_pprintf(pool, HP_PHP_RUN "/%s/%s.%s", v->version, v->user, suffix);
}

static bool is_listening(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* ---- one socket, one master ---- */

/* Listening at path, site:web 0660. Bound beside it and renamed: path is never half made. */
static int listen_at(struct hp_pool *pool, const struct hp_instances *in,
	const struct hp_instance *v, const char *path, int *ret_fd, struct hp_err *err)
{
	const char *temp = hp_pprintf(pool, HP_PHP_RUN "/%s/.%s.bind", v->version, v->user);
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	_cleanup_close_ int fd = -1;

	if (strlen(temp) >= sizeof(a.sun_path))
		return hp_err_set(err, HP_E_USAGE, "%s: too long for a socket's path", temp);
	memcpy(a.sun_path, temp, strlen(temp) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return hp_err_errno(err, HP_E_OS, errno, "socket");
	unlink(temp);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 || chmod(temp, 0660) < 0 ||
		chown(temp, v->uid, in->web_gid) < 0 || listen(fd, BACKLOG) < 0 ||
		rename(temp, path) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s", path);
	*ret_fd = TAKE_FD(&fd);
	return 0;
}

/* The folder is root's: no tenant can have put a link there. A rotated log is made anew. */
static int open_log(const struct hp_instance *v, const char *path, int *ret_fd, struct hp_err *err)
{
	_cleanup_close_ int fd = open(path,
		O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0640);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 ||
		(st.st_uid != v->uid && fchown(fd, v->uid, (gid_t)v->uid) < 0))
		return hp_err_errno(err, HP_E_OS, errno, "%s", path);
	*ret_fd = TAKE_FD(&fd);
	return 0;
}

/* When all memory runs out: what a tenant runs, before servers. Anybody may say so of himself. */
static void end_first(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		if (write(fd, HP_OOM_SCORE, strlen(HP_OOM_SCORE)) < 0) {
			/* it has what its parent has: nothing that it needs */
		}
		close(fd);
	}
}

/*
 * What the unit sets where systemd starts it; the rest is not what the administrator's shell
 * happens to have: a master outlives it.
 */
static int set_limits(void *arg)
{
	const struct hp_rlimits *own = arg;
	const struct {
		int what;
		rlim_t most;
	} limits[] = {{RLIMIT_NPROC, own->nproc}, {RLIMIT_NOFILE, 65536}, {RLIMIT_CORE, 0},
		{RLIMIT_FSIZE, RLIM_INFINITY}, {RLIMIT_CPU, RLIM_INFINITY},
		{RLIMIT_AS, RLIM_INFINITY}, {RLIMIT_DATA, own->data}, {RLIMIT_STACK, 8 << 20}};
	struct rlimit l;
	size_t i;

	end_first();
	for (i = 0; i < HP_ARRAY_SIZE(limits); i++) {
		l.rlim_cur = l.rlim_max = limits[i].most;
		/* a container may forbid raising: then what it allows must do */
		if (setrlimit(limits[i].what, &l) < 0 && errno != EPERM)
			return errno;
	}
	return 0;
}

static int spawn(struct hp_pool *pool, const struct hp_instances *in, const struct hp_instance *v,
	int listen_fd, struct hp_master *ret, struct hp_err *err)
{
	const char *log = hp_instance_fpm_log(pool, v->domain);
	const struct hp_php *php;
	const char *argv[] = {NULL, "--nodaemonize", "--fpm-config",
		hp_php_conf_path(pool, v->version, v->user), NULL};
	const char *env[] = {hp_pprintf(pool, "FPM_SOCKETS=" HP_PHP_RUN "/inherited/%s=3", v->user),
		hp_pprintf(pool,
			"PHP_INI_SCAN_DIR=:" HP_PHP_ETC "/%s/conf.d:" HP_PHP_ETC "/%s/%s.d",
			v->version, v->version, v->user),
		NULL};
	struct hp_rlimits limits;
	struct hp_run run = {.argv = argv,
		.env = env,
		.uid = v->uid,
		.gid = (gid_t)v->uid,
		.in_child = set_limits,
		.in_child_arg = &limits};
	struct hp_strv own = {0};
	_cleanup_close_ int log_fd = -1;
	struct hp_proc p;
	int r;

	HP_BUG_ON(v->uid == 0);
	r = hp_php_need(in->php, v->version, &php, err);
	if (r == 0)
		r = open_log(v, log, &log_fd, err);
	if (r == 0)
		r = hp_limits_read(pool, v, &own, err);
	if (r < 0)
		return r;
	hp_limits_rlimits(&own, &limits);
	argv[0] = php->fpm;
	r = hp_run_detached(&run, log_fd, listen_fd, &ret->pid, err);
	if (r < 0)
		return hp_err_prefix(err, "%s", v->domain);
	if (!hp_proc_get(ret->pid, &p)) {
		hp_err_set(err, HP_E_REFUSED, "%s: PHP %s ended at once", v->domain, v->version);
		return hp_err_hint(err, "look into %s", log);
	}
	ret->starttime = p.starttime;
	return 0;
}

static int start_one(struct hp_pool *pool, const struct hp_instances *in,
	const struct hp_instance *v, struct hp_err *err)
{
	_cleanup_close_ int fd = -1;
	const char *path = hp_instance_socket(pool, v->version, v->user);
	struct hp_master m;
	int r;

	r = hp_instance_run_dir(in, v->version, err);
	if (r == 0)
		r = listen_at(pool, in, v, path, &fd, err);
	if (r < 0)
		return r;
	r = spawn(pool, in, v, fd, &m, err);
	if (r < 0) {
		unlink(path);
		return r;
	}
	hp_fault("instance-started");
	r = hp_masters_write_pid(pool, v, &m, err);
	if (r < 0) {
		hp_masters_kill(pool, &m);
		unlink(path);
	}
	return r;
}

/* ---- replacing masters: make before break ---- */

struct replacement {
	const struct hp_instance *v;
	const char *path, *next, *old; /* sockets */
	struct hp_master m;
	bool started, has_old;
};

static int make_next(struct hp_pool *pool, const struct hp_instances *in, struct replacement *r,
	struct hp_err *err)
{
	_cleanup_close_ int fd = -1;
	int e;

	r->path = hp_instance_socket(pool, r->v->version, r->v->user);
	r->next = hp_pprintf(pool, HP_PHP_RUN "/%s/.%s.next", r->v->version, r->v->user);
	r->old = hp_pprintf(pool, HP_PHP_RUN "/%s/.%s.old", r->v->version, r->v->user);
	/* workers can outlive both their master and the folder */
	e = hp_instance_run_dir(in, r->v->version, err);
	if (e == 0)
		e = listen_at(pool, in, r->v, r->next, &fd, err);
	if (e == 0)
		e = spawn(pool, in, r->v, fd, &r->m, err);
	r->started = e == 0;
	return e;
}

/* The old socket keeps a name, so that its queue can be seen to be empty before its master ends. */
static int take_over(struct hp_pool *pool, struct replacement *r, struct hp_err *err)
{
	int e;

	unlink(r->old);
	r->has_old = link(r->path, r->old) == 0;
	e = hp_masters_write_pid(pool, r->v, &r->m, err);
	if (e < 0)
		return e;
	hp_fault("instance-pid");
	if (rename(r->next, r->path) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s", r->path);
	return 0;
}

/* Asked in slices: one that has ended will not answer, however long we wait. */
static int wait_ready(const struct replacement *r, struct hp_err *err)
{
	uint64_t end = hp_now_ms() + READY_MS;
	int e;

	do {
		hp_err_clear(err);
		e = hp_fcgi_ping(r->next, HP_PHP_PING, 500, err);
	} while (e < 0 && hp_now_ms() < end && hp_proc_is_alive(r->m.pid, r->m.starttime));
	return e;
}

/* At most STARTING_MAX of them. old[] are the masters they have now. */
static int replace(struct hp_pool *pool, const struct hp_instances *in, const struct hp_instance *v,
	const struct hp_masters *old, size_t n, struct hp_err *err)
{
	struct replacement r[STARTING_MAX] = {0};
	size_t i;
	int e = 0;

	HP_BUG_ON(n > STARTING_MAX);
	for (i = 0; e == 0 && i < n; i++) {
		r[i].v = &v[i];
		e = make_next(pool, in, &r[i], err);
	}
	hp_fault("instance-next");
	for (i = 0; e == 0 && i < n; i++) {
		e = wait_ready(&r[i], err);
		if (e == 0)
			continue;
		if (!hp_proc_is_alive(r[i].m.pid, r[i].m.starttime))
			e = err->code = HP_E_REFUSED;
		hp_err_prefix(err, "%s: the new PHP %s does not answer", v[i].domain, v[i].version);
		hp_instance_last_words(&v[i], err);
	}
	if (e < 0) {
		/* nothing was taken over: the old masters serve on */
		for (i = 0; i < n; i++) {
			if (r[i].started)
				hp_masters_kill(pool, &r[i].m);
			if (r[i].next)
				unlink(r[i].next);
		}
		return e;
	}
	for (i = 0; e == 0 && i < n; i++)
		e = take_over(pool, &r[i], err);
	hp_fault("instance-taken");
	if (e == 0)
		hp_nap(HP_INSTANCE_LATE_MS);
	for (i = 0; e == 0 && i < n; i++)
		if (r[i].has_old && old[i].n)
			hp_instance_drain(r[i].old, old[i].v[0].pid, hp_instance_stop_ms(in));
	if (e == 0)
		e = hp_masters_end(pool, in, v, old, n, true, err);
	for (i = 0; i < n; i++)
		unlink(r[i].old);
	return e;
}

/* ---- the operations ---- */

static void stop_started(struct hp_pool *pool, const struct hp_instance *const *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct hp_master m;

		if (hp_masters_read_pid(pool, v[i], &m))
			hp_masters_kill(pool, &m);
		unlink(run_path(pool, v[i], "pid"));
		unlink(hp_instance_socket(pool, v[i]->version, v[i]->user));
	}
}

/* Not more than STARTING_MAX unready ones at a time; who never gets ready is found by the wait. */
static void let_settle(struct hp_pool *pool, const struct hp_instance *const *started, size_t n)
{
	const struct hp_instance *v;

	if (n < STARTING_MAX)
		return;
	v = started[n - STARTING_MAX];
	hp_instance_drain(hp_instance_socket(pool, v->version, v->user), 0, READY_MS);
}

static int start(const struct hp_instances *in, const struct hp_instance *v, size_t n,
	size_t called HP_UNUSED, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	const struct hp_instance **started = hp_palloc(pool, (n + 1) * sizeof(*started));
	struct hp_masters *l = hp_masters_find(pool, v, n);
	size_t i, done = 0;
	int r = 0;

	for (i = 0; r == 0 && i < n; i++) {
		bool there = is_listening(hp_instance_socket(pool, v[i].version, v[i].user));

		if (l[i].noted && l[i].n == 1 && there)
			continue;
		if (l[i].n) {
			/* a killed run's remains: which of them has the socket can't be seen */
			r = replace(pool, in, &v[i], &l[i], 1, err);
			continue;
		}
		let_settle(pool, started, done);
		r = start_one(pool, in, &v[i], err);
		if (r == 0)
			started[done++] = &v[i];
	}
	if (r < 0)
		stop_started(pool, started, done);
	return r;
}

static int wake(const struct hp_instances *in HP_UNUSED, const struct hp_instance *v HP_UNUSED,
	size_t n HP_UNUSED, struct hp_err *err HP_UNUSED)
{
	return 0;
}

static int restart(const struct hp_instances *in, const struct hp_instance *v, size_t n,
	struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_instance *todo = hp_palloc(pool, (n + 1) * sizeof(*todo));
	size_t i, k = 0;
	struct hp_masters *l;
	int r = 0;

	for (i = 0; i < n; i++)
		if (is_listening(hp_instance_socket(pool, v[i].version, v[i].user)))
			todo[k++] = v[i];
	l = hp_masters_find(pool, todo, k);
	for (i = 0; r == 0 && i < k; i += STARTING_MAX)
		r = replace(pool, in, todo + i, l + i, k - i < STARTING_MAX ? k - i : STARTING_MAX,
			err);
	return r;
}

static int limit(
	const struct hp_instances *in, const struct hp_instance *v, size_t n, struct hp_err *err)
{
	return hp_limits_change(in, v, n, restart, err);
}

/*
 * What a website's scripts have left running beside their master, which systemd's cgroup would take
 * along. Only when no link leads to the site any more: else it is being served by another version.
 */
static void end_strays(struct hp_pool *pool, const struct hp_instance *v)
{
	uid_t uid = hp_masters_uid(v);

	if (uid != 0 && access(hp_instance_link_path(pool, v->user), F_OK) < 0 && errno == ENOENT)
		hp_proc_kill_uid(uid, 2000);
}

static int stop(const struct hp_instances *in, const struct hp_instance *v, size_t n,
	enum hp_instance_end how, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_masters *l = hp_masters_find(pool, v, n);
	static const char *const rest[] = {"next", "old", "bind"};
	/* nobody but us sees to a master that does not end: one that retires is waited for, too */
	bool grace = how != HP_INSTANCE_KILL;
	pid_t *master = hp_palloc(pool, (n + 1) * sizeof(*master));
	size_t i, j;
	int r;

	for (i = 0; i < n; i++)
		master[i] = l[i].n ? l[i].v[0].pid : 0;
	if (grace)
		hp_instance_let_answer(in, v, master, n, HP_INSTANCE_LATE_MS);
	r = hp_masters_end(pool, in, v, l, n, grace, err);
	for (i = 0; r == 0 && i < n; i++) {
		const char *sock = hp_instance_socket(pool, v[i].version, v[i].user);

		if (unlink(sock) < 0 && errno != ENOENT)
			r = hp_err_errno(err, HP_E_OS, errno, "%s", sock);
		unlink(run_path(pool, &v[i], "pid"));
		end_strays(pool, &v[i]);
		for (j = 0; j < HP_ARRAY_SIZE(rest); j++)
			unlink(hp_pprintf(pool, HP_PHP_RUN "/%s/.%s.%s", v[i].version, v[i].user,
				rest[j]));
	}
	return r;
}

static int status(const struct hp_instances *in HP_UNUSED, struct hp_instance_status *v, size_t n,
	struct hp_err *err HP_UNUSED)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	size_t i;

	for (i = 0; i < n; i++) {
		struct hp_instance id = {.version = v[i].version, .user = v[i].user};
		struct hp_master m;
		bool alive = hp_masters_read_pid(pool, &id, &m) &&
			     is_listening(hp_instance_socket(pool, v[i].version, v[i].user));

		v[i].pid = alive ? m.pid : 0;
		v[i].state = alive ? HP_INSTANCE_RUNNING : HP_INSTANCE_STOPPED;
	}
	return 0;
}

const struct hp_instance_ops hp_instance_plain = {
	.start = start,
	.wake = wake,
	.restart = restart,
	.stop = stop,
	.status = status,
	.limit = limit,
};
