/*
 * Putting idle masters to sleep. A pool on demand has a child only while requests come (and
 * child_idle_timeout after them); that a child came and went between two looks shows in the
 * master's count of its dead children's page faults. So no request is needed to ask, and nothing
 * wakes what sleeps.
 */
#include <errno.h>

#include "base/file.h"
#include "base/str.h"
#include "node/instance_impl.h"
#include "node/procs.h"

struct parents {
	pid_t *v;
	size_t n, cap;
	struct hp_pool *pool;
};

static int add_parent(void *arg, pid_t pid)
{
	struct parents *l = arg;
	struct hp_proc p;

	if (!hp_proc_get(pid, &p))
		return 0;
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 1024;
		pid_t *v = hp_palloc(l->pool, cap * sizeof(*v));

		if (l->n)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = p.ppid;
	return 0;
}

static int cmp_pid(const void *a, const void *b)
{
	pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;

	return (x > y) - (x < y);
}

/* "since starttime cminflt": idle since, and of which master that was said. */
static bool is_idle_for(const char *note, const struct hp_proc *p, unsigned idle_s,
	struct hp_err *err)
{
	_cleanup_buf_ struct hp_buf old = HP_BUF_INIT;
	unsigned long long since, starttime, cminflt;
	uint64_t now = hp_now_ms() / 1000;
	char text[96];

	if (hp_file_read(note, 4096, &old, err) == 0 &&
		sscanf(hp_buf_str(&old), "%llu %llu %llu", &since, &starttime, &cminflt) == 3 &&
		starttime == p->starttime && cminflt == p->cminflt && since <= now)
		return now - since >= idle_s;
	snprintf(text, sizeof(text), "%llu %llu %llu\n", (unsigned long long)now,
		(unsigned long long)p->starttime, (unsigned long long)p->cminflt);
	hp_file_write(note, 0600, text, strlen(text), err);
	return idle_s == 0;
}

int hp_instance_idle_stop(const struct hp_instances *in, unsigned idle_s, size_t *ret_n,
	struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct parents parents = {.pool = pool};
	struct hp_instance_status *v;
	size_t i, n, idle = 0;
	int r;

	*ret_n = 0;
	if (*in->root || !in->systemd)
		return 0;
	r = hp_instance_list(pool, in, &v, &n, err);
	if (r < 0)
		return r;
	hp_proc_each(add_parent, &parents);
	if (parents.n)
		qsort(parents.v, parents.n, sizeof(*parents.v), cmp_pid);
	for (i = 0; i < n; i++) {
		const char *note =
			hp_pprintf(pool, HP_PHP_RUN "/%s/%s.idle", v[i].version, v[i].user);
		struct hp_err ignored = HP_ERR_INIT;
		struct hp_proc p;

		if (v[i].state != HP_INSTANCE_RUNNING || !hp_proc_get(v[i].pid, &p) ||
			bsearch(&v[i].pid, parents.v, parents.n, sizeof(*parents.v), cmp_pid)) {
			unlink(note);
			continue;
		}
		if (is_idle_for(note, &p, idle_s, &ignored))
			v[idle++] = v[i];
	}
	if (idle)
		r = hp_instance_systemd.sleep(in, v, idle, err);
	if (r == 0)
		*ret_n = idle;
	return r;
}
