/*
 * Instances without systemd: we bind the socket, start the master as the site's user with the
 * socket as descriptor 3, and note its pid. Nobody wakes a master here, so it runs from start to
 * stop.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/file.h"
#include "base/str.h"
#include "node/instance_impl.h"
#include "node/procs.h"
#include "sys/probe.h"
#include "sys/run.h"

/* Masters that may be starting up at one time: each takes 0.1 s of a CPU and more. */
#define STARTING_MAX 8
#define READY_MS 20000
#define BACKLOG 511

struct master {
	pid_t pid;
	uint64_t starttime;
};

static const char *run_path(struct hp_pool *pool, const struct hp_instance *v, const char *suffix)
{
	return hp_pprintf(pool, HP_PHP_RUN "/%s/%s.%s", v->version, v->user, suffix);
}

/* ---- who runs ---- */

static bool read_pid(struct hp_pool *pool, const struct hp_instance *v, struct master *ret)
{
	_cleanup_buf_ struct hp_buf text = HP_BUF_INIT;
	struct hp_err ignored = HP_ERR_INIT;
	unsigned long long starttime;
	int pid;

	if (hp_file_read(run_path(pool, v, "pid"), 4096, &text, &ignored) < 0 ||
		sscanf(hp_buf_str(&text), "%d %llu", &pid, &starttime) != 2)
		return false;
	*ret = (struct master){.pid = pid, .starttime = starttime};
	return hp_proc_is_alive(ret->pid, ret->starttime);
}

static int write_pid(struct hp_pool *pool, const struct hp_instance *v, const struct master *m,
	struct hp_err *err)
{
	const char *text = hp_pprintf(pool, "%d %llu\n", (int)m->pid, (unsigned long long)m->starttime);

	return hp_file_write(run_path(pool, v, "pid"), 0644, text, strlen(text), err);
}

static bool is_listening(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

/* All masters of one instance: the noted one first, then strays. More than two are a killed run's. */
#define MASTERS_MAX 8
struct masters {
	struct master v[MASTERS_MAX];
	size_t n;
	bool noted; /* v[0] is the one in the pid file, alive */
};

static void add_master(struct masters *l, struct master m)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->v[i].pid == m.pid)
			return;
	if (l->n < MASTERS_MAX)
		l->v[l->n++] = m;
}

/*
 * Masters by their title, for those that a killed run left without a pid file: one that it had just
 * started, or one that it had replaced and not yet ended.
 */
struct scan {
	struct hp_pool *pool;
	const struct hp_instance *v;
	struct masters *masters; /* parallel to v */
	uid_t *uids;
	size_t n;
};

static int scan_one(void *arg, pid_t pid)
{
	static const char lead[] = "php-fpm: master process (" HP_PHP_ETC "/";
	struct scan *s = arg;
	char title[256], *end;
	const char *conf;
	struct hp_proc p;
	size_t i;

	hp_proc_title(pid, title, sizeof(title));
	if (!hp_str_starts(title, lead) || !(end = strchr(title, ')')) || !hp_proc_get(pid, &p))
		return 0;
	*end = '\0';
	conf = strchr(title, '(') + 1;
	for (i = 0; i < s->n; i++) {
		/* a tenant may write any title: only processes of the instance's own user count */
		if (hp_streq(conf, hp_php_conf_path(s->pool, s->v[i].version, s->v[i].user)) &&
			hp_proc_uid(pid) == s->uids[i])
			add_master(&s->masters[i],
				(struct master){.pid = pid, .starttime = p.starttime});
	}
	return 0;
}

static uid_t uid_of(const struct hp_instance *v)
{
	struct passwd *p = v->uid ? NULL : getpwnam(v->user);

	return v->uid ? v->uid : p ? p->pw_uid : 0;
}

static struct masters *find_masters(struct hp_pool *pool, const struct hp_instance *v, size_t n)
{
	struct scan s = {.pool = pool, .v = v, .n = n};
	size_t i;

	s.masters = hp_palloc(pool, (n + 1) * sizeof(*s.masters));
	s.uids = hp_palloc(pool, (n + 1) * sizeof(*s.uids));
	for (i = 0; i < n; i++) {
		struct master m;

		s.uids[i] = uid_of(&v[i]);
		s.masters[i].noted = read_pid(pool, &v[i], &m);
		if (s.masters[i].noted)
			add_master(&s.masters[i], m);
	}
	hp_proc_each(scan_one, &s);
	return s.masters;
}

/* ---- ending them ---- */

struct children {
	pid_t parent;
	struct hp_pool *pool;
	struct master *v;
	size_t n, cap;
};

static int add_child(void *arg, pid_t pid)
{
	struct children *c = arg;
	struct hp_proc p;

	if (!hp_proc_get(pid, &p) || p.ppid != c->parent)
		return 0;
	if (c->n == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 32;
		struct master *v = hp_palloc(c->pool, cap * sizeof(*v));

		if (c->n)
			memcpy(v, c->v, c->n * sizeof(*v));
		c->v = v;
		c->cap = cap;
	}
	c->v[c->n++] = (struct master){.pid = pid, .starttime = p.starttime};
	return 0;
}

/* The children of a killed master would go on accepting: they are killed with it. */
static void kill_master(struct hp_pool *pool, const struct master *m)
{
	struct children c = {.parent = m->pid, .pool = pool};
	size_t i;

	if (!hp_proc_is_alive(m->pid, m->starttime))
		return;
	hp_proc_signal(m->pid, m->starttime, SIGSTOP); /* no new child from here on */
	hp_proc_each(add_child, &c);
	hp_proc_signal(m->pid, m->starttime, SIGKILL);
	for (i = 0; i < c.n; i++)
		hp_proc_signal(c.v[i].pid, c.v[i].starttime, SIGKILL);
	hp_proc_wait(m->pid, m->starttime, 5000);
}

/* All masters of n instances: told together, waited for together. */
static int end_masters(struct hp_pool *pool, const struct hp_instances *in,
	const struct hp_instance *v, const struct masters *l, size_t n, bool grace,
	struct hp_err *err)
{
	uint64_t end = hp_now_ms() + (grace ? hp_instance_stop_ms(in) + 5000 : 0);
	size_t i, j;

	for (i = 0; grace && i < n; i++)
		for (j = 0; j < l[i].n; j++)
			hp_proc_signal(l[i].v[j].pid, l[i].v[j].starttime, SIGQUIT);
	for (i = 0; i < n; i++) {
		for (j = 0; j < l[i].n; j++) {
			const struct master *m = &l[i].v[j];
			uint64_t now = hp_now_ms();

			if (grace && hp_proc_wait(m->pid, m->starttime,
					     now < end ? (unsigned)(end - now) : 0))
				continue;
			kill_master(pool, m);
			if (hp_proc_is_alive(m->pid, m->starttime))
				return hp_err_set(err, HP_E_OS,
					"PHP %s of user %s (process %d) can't be killed",
					v[i].version, v[i].user, (int)m->pid);
		}
	}
	return 0;
}

/* ---- one socket, one master ---- */

/* Listening at path, site:web 0660. Bound beside it and renamed, so that path is never half made. */
static int listen_at(struct hp_pool *pool, const struct hp_instances *in, const struct hp_instance *v,
	const char *path, int *ret_fd, struct hp_err *err)
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

static int spawn(struct hp_pool *pool, const struct hp_instances *in, const struct hp_instance *v,
	int listen_fd, struct master *ret, struct hp_err *err)
{
	const char *log = hp_instance_fpm_log(pool, v->domain);
	const struct hp_php *php;
	const char *argv[] = {NULL, "--nodaemonize", "--fpm-config",
		hp_php_conf_path(pool, v->version, v->user), NULL};
	const char *env[] = {
		hp_pprintf(pool, "FPM_SOCKETS=" HP_PHP_RUN "/inherited/%s=3", v->user),
		hp_pprintf(pool, "PHP_INI_SCAN_DIR=:" HP_PHP_ETC "/%s/conf.d:" HP_PHP_ETC "/%s/%s.d",
			v->version, v->version, v->user),
		NULL};
	struct hp_run run = {.argv = argv, .env = env, .uid = v->uid, .gid = (gid_t)v->uid};
	_cleanup_close_ int log_fd = -1;
	struct hp_proc p;
	int r;

	HP_BUG_ON(v->uid == 0);
	r = hp_php_need(in->php, v->version, &php, err);
	if (r == 0)
		r = open_log(v, log, &log_fd, err);
	if (r < 0)
		return r;
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

static int start_one(struct hp_pool *pool, const struct hp_instances *in, const struct hp_instance *v,
	struct hp_err *err)
{
	_cleanup_close_ int fd = -1;
	const char *path = hp_instance_socket(pool, v->version, v->user);
	struct master m;
	int r;

	r = hp_instance_run_dir(v->version, err);
	if (r == 0)
		r = listen_at(pool, in, v, path, &fd, err);
	if (r < 0)
		return r;
	r = spawn(pool, in, v, fd, &m, err);
	if (r < 0) {
		unlink(path);
		return r;
	}
	r = write_pid(pool, v, &m, err);
	if (r < 0) {
		kill_master(pool, &m);
		unlink(path);
	}
	return r;
}

/* ---- replacing masters: make before break ---- */

struct replacement {
	const struct hp_instance *v;
	const char *path, *next, *old; /* sockets */
	struct master m;
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
	e = write_pid(pool, r->v, &r->m, err);
	if (e < 0)
		return e;
	if (rename(r->next, r->path) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s", r->path);
	return 0;
}

/* At most STARTING_MAX of them. old[] are the masters they have now. */
static int replace(struct hp_pool *pool, const struct hp_instances *in, const struct hp_instance *v,
	const struct masters *old, size_t n, struct hp_err *err)
{
	struct replacement r[STARTING_MAX] = {0};
	size_t i;
	int e = 0;

	HP_BUG_ON(n > STARTING_MAX);
	for (i = 0; e == 0 && i < n; i++) {
		r[i].v = &v[i];
		e = make_next(pool, in, &r[i], err);
	}
	for (i = 0; e == 0 && i < n; i++) {
		e = hp_fcgi_ping(r[i].next, HP_PHP_PING, READY_MS, err);
		if (e < 0)
			hp_err_prefix(err, "%s: the new PHP %s does not answer", v[i].domain,
				v[i].version);
	}
	if (e < 0) {
		/* nothing was taken over: the old masters serve on */
		for (i = 0; i < n; i++) {
			if (r[i].started)
				kill_master(pool, &r[i].m);
			if (r[i].next)
				unlink(r[i].next);
		}
		return e;
	}
	for (i = 0; e == 0 && i < n; i++)
		e = take_over(pool, &r[i], err);
	for (i = 0; e == 0 && i < n; i++)
		if (r[i].has_old && old[i].n)
			hp_instance_drain(r[i].old, hp_instance_stop_ms(in));
	if (e == 0)
		e = end_masters(pool, in, v, old, n, true, err);
	for (i = 0; i < n; i++)
		unlink(r[i].old);
	return e;
}

/* ---- the operations ---- */

static void stop_started(struct hp_pool *pool, const struct hp_instance *const *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct master m;

		if (read_pid(pool, v[i], &m))
			kill_master(pool, &m);
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
	hp_instance_drain(hp_instance_socket(pool, v->version, v->user), READY_MS);
}

static int start(const struct hp_instances *in, const struct hp_instance *v, size_t n,
	struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	const struct hp_instance **started = hp_palloc(pool, (n + 1) * sizeof(*started));
	struct masters *l = find_masters(pool, v, n);
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
	struct masters *l;
	int r = 0;

	for (i = 0; i < n; i++)
		if (is_listening(hp_instance_socket(pool, v[i].version, v[i].user)))
			todo[k++] = v[i];
	l = find_masters(pool, todo, k);
	for (i = 0; r == 0 && i < k; i += STARTING_MAX)
		r = replace(pool, in, todo + i, l + i, k - i < STARTING_MAX ? k - i : STARTING_MAX,
			err);
	return r;
}

static int stop(const struct hp_instances *in, const struct hp_instance *v, size_t n, bool grace,
	struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct masters *l = find_masters(pool, v, n);
	static const char *const rest[] = {"next", "old", "bind"};
	size_t i, j;
	int r;

	for (i = 0; grace && i < n; i++)
		if (l[i].n)
			hp_instance_drain(hp_instance_socket(pool, v[i].version, v[i].user),
				hp_instance_stop_ms(in));
	r = end_masters(pool, in, v, l, n, grace, err);
	for (i = 0; r == 0 && i < n; i++) {
		const char *sock = hp_instance_socket(pool, v[i].version, v[i].user);

		if (unlink(sock) < 0 && errno != ENOENT)
			r = hp_err_errno(err, HP_E_OS, errno, "%s", sock);
		unlink(run_path(pool, &v[i], "pid"));
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
		struct master m;
		bool alive = read_pid(pool, &id, &m) &&
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
};
