#include <pwd.h>
#include <signal.h>

#include "base/file.h"
#include "base/str.h"
#include "node/masters.h"
#include "node/procs.h"

/* Between two looks at a master that is to end. */
#define LOOK_MS 500

static const char *pid_path(struct hp_pool *pool, const struct hp_instance *v)
{
	return hp_pprintf(pool, HP_PHP_RUN "/%s/%s.pid", v->version, v->user);
}

bool hp_masters_read_pid(struct hp_pool *pool, const struct hp_instance *v, struct hp_master *ret)
{
	_cleanup_buf_ struct hp_buf text = HP_BUF_INIT;
	struct hp_err ignored = HP_ERR_INIT;
	unsigned long long starttime;
	int pid;

	if (hp_file_read(pid_path(pool, v), 4096, &text, &ignored) < 0 ||
		sscanf(hp_buf_str(&text), "%d %llu", &pid, &starttime) != 2)
		return false;
	*ret = (struct hp_master){.pid = pid, .starttime = starttime};
	return hp_proc_is_alive(ret->pid, ret->starttime);
}

int hp_masters_write_pid(struct hp_pool *pool, const struct hp_instance *v,
	const struct hp_master *m, struct hp_err *err)
{
	const char *text =
		hp_pprintf(pool, "%d %llu\n", (int)m->pid, (unsigned long long)m->starttime);

	return hp_file_write(pid_path(pool, v), 0644, text, strlen(text), err);
}

static void add_master(struct hp_pool *pool, struct hp_masters *l, struct hp_master m)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->v[i].pid == m.pid)
			return;
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 4;
		struct hp_master *v = hp_palloc(pool, cap * sizeof(*v));

		if (l->n)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = m;
}

/*
 * Found by their titles: masters that a killed run left without a pid file, just started or
 * replaced and not yet ended, and orphans.
 */
struct scan {
	struct hp_pool *pool;
	const struct hp_instance *v;
	struct hp_masters *masters; /* parallel to v */
	uid_t *uids;
	size_t n;
};

/* The configuration that a master was started with; NULL for any other process. */
static const char *conf_of(char *args, size_t n)
{
	static const char title[] = "php-fpm: master process (", option[] = "--fpm-config";
	char *end;
	size_t i;

	if (hp_str_starts(args, title)) {
		end = strchr(args, ')');
		if (!end)
			return NULL;
		*end = '\0';
		return args + strlen(title);
	}
	/* it has just been started and has not given itself its title */
	for (i = 0; i < n; i += strlen(args + i) + 1)
		if (hp_streq(args + i, option))
			return args + i + sizeof(option);
	return NULL;
}

/* The pool whose child this is, when its master is gone; NULL for any other process. */
static const char *orphan_of(const char *args, const struct hp_proc *p)
{
	const char *pool = hp_str_after(args, "php-fpm: pool ");
	char parent[64];

	if (!pool)
		return NULL;
	hp_proc_args(p->ppid, parent, sizeof(parent));
	return hp_str_starts(parent, "php-fpm: master process") ? NULL : pool;
}

static int scan_one(void *arg, pid_t pid)
{
	struct scan *s = arg;
	const char *conf, *pool = NULL;
	struct hp_proc p;
	char args[512];
	size_t i, n = hp_proc_args(pid, args, sizeof(args) - 1);

	args[sizeof(args) - 1] = '\0';
	if (!n)
		return 0;
	conf = conf_of(args, n);
	if ((!conf && !hp_str_starts(args, "php-fpm: pool ")) || !hp_proc_get(pid, &p))
		return 0;
	if (!conf && !(pool = orphan_of(args, &p)))
		return 0;
	for (i = 0; i < s->n; i++) {
		const struct hp_instance *v = &s->v[i];
		bool is = conf ? hp_streq(conf, hp_php_conf_path(s->pool, v->version, v->user))
			       : hp_streq(pool, v->user);

		/* a tenant may write any title: only processes of the instance's own user count */
		if (is && hp_proc_uid(pid) == s->uids[i])
			add_master(s->pool, &s->masters[i],
				(struct hp_master){.pid = pid, .starttime = p.starttime});
	}
	return 0;
}

uid_t hp_masters_uid(const struct hp_instance *v)
{
	struct passwd *p = v->uid ? NULL : getpwnam(v->user);

	return v->uid ? v->uid : p ? p->pw_uid : 0;
}

struct hp_masters *hp_masters_find(struct hp_pool *pool, const struct hp_instance *v, size_t n)
{
	struct scan s = {.pool = pool, .v = v, .n = n};
	size_t i;

	s.masters = hp_palloc(pool, (n + 1) * sizeof(*s.masters));
	s.uids = hp_palloc(pool, (n + 1) * sizeof(*s.uids));
	for (i = 0; i < n; i++) {
		struct hp_master m;

		s.uids[i] = hp_masters_uid(&v[i]);
		s.masters[i].noted = hp_masters_read_pid(pool, &v[i], &m);
		if (s.masters[i].noted)
			add_master(pool, &s.masters[i], m);
	}
	hp_proc_each(scan_one, &s);
	return s.masters;
}

/* ---- ending them ---- */

struct children {
	pid_t parent;
	struct hp_pool *pool;
	struct hp_master *v;
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
		struct hp_master *v = hp_palloc(c->pool, cap * sizeof(*v));

		if (c->n)
			memcpy(v, c->v, c->n * sizeof(*v));
		c->v = v;
		c->cap = cap;
	}
	c->v[c->n++] = (struct hp_master){.pid = pid, .starttime = p.starttime};
	return 0;
}

struct stuck {
	pid_t parent;
	bool any, runs;
};

static bool is_stopped(const struct hp_proc *p)
{
	return p->state == 'T' || p->state == 't';
}

static int look_at_child(void *arg, pid_t pid)
{
	struct stuck *s = arg;
	struct hp_proc p;

	if (!hp_proc_get(pid, &p) || p.ppid != s->parent)
		return 0;
	s->any = true;
	s->runs |= !is_stopped(&p);
	return 0;
}

bool hp_masters_is_stuck(pid_t master)
{
	struct stuck s = {.parent = master};
	struct hp_proc p;

	if (!hp_proc_get(master, &p))
		return false;
	if (is_stopped(&p))
		return true;
	hp_proc_each(look_at_child, &s);
	return s.any && !s.runs;
}

/* The children of a killed master would go on accepting: they are killed with it. */
void hp_masters_kill(struct hp_pool *pool, const struct hp_master *m)
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

static bool wait_end(const struct hp_master *m, uint64_t end)
{
	uint64_t now, left;
	unsigned looks = 0;

	do {
		now = hp_now_ms();
		left = now < end ? end - now : 0;
		if (hp_proc_wait(m->pid, m->starttime, left < LOOK_MS ? (unsigned)left : LOOK_MS))
			return true;
		looks = hp_masters_is_stuck(m->pid) ? looks + 1 : 0;
	} while (left > LOOK_MS && looks < HP_MASTERS_LOOKS);
	return false;
}

/* That it did not end by itself is nothing to fail over, but its tenant is to know. */
static void note_killed(const struct hp_instances *in, struct hp_pool *pool,
	const struct hp_instance *v, bool stuck)
{
	if (!in->note)
		return;
	in->note(in->note_arg, v,
		stuck ? hp_pprintf(pool,
				"PHP %s was stopped by a signal and could not end: it was killed",
				v->version)
		      : hp_pprintf(pool, "PHP %s did not end in time: it was killed", v->version));
}

/* All masters of n instances: told together, waited for together. */
int hp_masters_end(struct hp_pool *pool, const struct hp_instances *in,
	const struct hp_instance *v, const struct hp_masters *l, size_t n, bool grace,
	struct hp_err *err)
{
	uint64_t end = hp_now_ms() + (grace ? hp_instance_stop_ms(in) + 5000 : 0);
	size_t i, j;

	for (i = 0; grace && i < n; i++)
		for (j = 0; j < l[i].n; j++)
			hp_proc_signal(l[i].v[j].pid, l[i].v[j].starttime, SIGQUIT);
	for (i = 0; i < n; i++) {
		for (j = 0; j < l[i].n; j++) {
			const struct hp_master *m = &l[i].v[j];

			if (grace && wait_end(m, end))
				continue;
			if (grace)
				note_killed(in, pool, &v[i], hp_masters_is_stuck(m->pid));
			hp_masters_kill(pool, m);
			if (hp_proc_is_alive(m->pid, m->starttime))
				return hp_err_set(err, HP_E_OS,
					"PHP %s of user %s (process %d) can't be killed",
					v[i].version, v[i].user, (int)m->pid);
		}
	}
	return 0;
}
