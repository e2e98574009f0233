/* Finding and ending FPM masters that no service manager keeps: instance_plain.c's other half. */
#ifndef HP_NODE_MASTERS_H
#define HP_NODE_MASTERS_H

#include "node/instance_impl.h"

struct hp_master {
	pid_t pid;
	uint64_t starttime;
};

/*
 * All processes to be ended with one instance: the noted master first, then strays of killed runs
 * and the children of a master that was killed (they go on answering).
 */
struct hp_masters {
	struct hp_master *v;
	size_t n, cap;
	bool noted; /* v[0] is the one in the pid file, alive */
};

/* What the pid file says, when it is true. */
bool hp_masters_read_pid(struct hp_pool *pool, const struct hp_instance *v, struct hp_master *ret);
int hp_masters_write_pid(struct hp_pool *pool, const struct hp_instance *v,
	const struct hp_master *m, struct hp_err *err);
/* Who a master of this instance runs as; 0 when the account is gone. */
uid_t hp_masters_uid(const struct hp_instance *v);
/* One entry for each of n instances, from one look at all processes. Lives in pool. */
struct hp_masters *hp_masters_find(struct hp_pool *pool, const struct hp_instance *v, size_t n);
/*
 * Can nothing answer in it, nor end by being asked to? It is stopped (SIGSTOP, a debugger), or all
 * of its children are. One look proves nothing, since FPM stops children itself for its slow log:
 * true at HP_MASTERS_LOOKS in a row does.
 */
bool hp_masters_is_stuck(pid_t master);
#define HP_MASTERS_LOOKS 3
/* This master and its children, at once. */
void hp_masters_kill(struct hp_pool *pool, const struct hp_master *m);
/* All of n instances: told together, waited for together; killed when they don't end. */
int hp_masters_end(struct hp_pool *pool, const struct hp_instances *in, const struct hp_instance *v,
	const struct hp_masters *l, size_t n, bool grace, struct hp_err *err);

#endif
