/* Between instance.c and its two ways of running masters. Nobody else includes this. */
#ifndef HP_NODE_INSTANCE_IMPL_H
#define HP_NODE_INSTANCE_IMPL_H

#include "node/instance.h"

enum hp_instance_end {
	HP_INSTANCE_STOP,      /* requests are answered first */
	HP_INSTANCE_RETIRE,    /* the same, seen to by who manages them: nobody waits */
	HP_INSTANCE_KILL,
};

/* See instance.h for what each does. in->root is "" in all of them. */
struct hp_instance_ops {
	/* called: so many of the first are to come up at once, and nobody waits for them */
	int (*start)(const struct hp_instances *in, const struct hp_instance *v, size_t n,
		size_t called, struct hp_err *err);
	/* before they are pinged: have the masters come up together; nobody waits */
	int (*wake)(const struct hp_instances *in, const struct hp_instance *v, size_t n,
		struct hp_err *err);
	int (*restart)(const struct hp_instances *in, const struct hp_instance *v, size_t n,
		struct hp_err *err);
	int (*stop)(const struct hp_instances *in, const struct hp_instance *v, size_t n,
		enum hp_instance_end how, struct hp_err *err);
	/* fill state and pid of n that have version and user */
	int (*status)(const struct hp_instances *in, struct hp_instance_status *v, size_t n,
		struct hp_err *err);
	/* the files of their limits have changed */
	int (*limit)(const struct hp_instances *in, const struct hp_instance *v, size_t n,
		struct hp_err *err);
	/* stop these masters, keep their sockets; NULL where nobody would wake them */
	int (*sleep)(const struct hp_instances *in, const struct hp_instance_status *v, size_t n,
		struct hp_err *err);
};
extern const struct hp_instance_ops hp_instance_systemd, hp_instance_plain;

/* Longest time that a request may take to end when its master stops, in milliseconds. */
unsigned hp_instance_stop_ms(const struct hp_instances *in);
const char *hp_instance_fpm_log(struct hp_pool *pool, const char *domain) HP_NONNULL_RET;
/* Hint at what its log ends with. */
void hp_instance_last_words(const struct hp_instance *i, struct hp_err *err);
/*
 * For so long a master that nothing leads to any more goes on answering before it is told to end:
 * connect(2) looks up a path, and may be put off, on a busy machine, before it stands in the queue
 * that it has found.
 */
#define HP_INSTANCE_LATE_MS 100
/* The same where nobody is to wait for the old one: as much as a change of version can bear. */
#define HP_INSTANCE_RETIRE_LATE_MS 10
/*
 * What comes late, and what stands in the queue of each of n that has a master (0: none, or it
 * sleeps), is answered first; of late_ms only what is left is waited.
 */
void hp_instance_let_answer(const struct hp_instances *in, const struct hp_instance *v,
	const pid_t *master, size_t n, unsigned late_ms);
/* HP_PHP_RUN/<version>, root:[web] group 2755, and what is above it, root 0755. */
int hp_instance_run_dir(const struct hp_instances *in, const char *version, struct hp_err *err);
/*
 * The socket's queue is answered in order: when this ping is answered, so is all that was queued
 * before it. Failing is no error: the wait is bounded, and the master may be dead. One that can't
 * answer at all (hp_masters_is_stuck()) is not waited for; 0: it is not known.
 */
void hp_instance_drain(const char *socket, pid_t master, unsigned timeout_ms);

/* ---- limits: instance_limits.c ---- */
/* OOMScoreAdjust= of the unit */
#define HP_OOM_SCORE "500"

/* Lines "TasksMax=60" as set-property takes them; none where the site has no limits. */
int hp_limits_read(
	struct hp_pool *pool, const struct hp_instance *v, struct hp_strv *ret, struct hp_err *err);
/*
 * Forget the properties of a unit that are not among keep (NULL: all). True when there were any:
 * then they count until systemd's next daemon-reload.
 */
bool hp_limits_drop(struct hp_pool *pool, const char *unit, const struct hp_strv *keep);

/*
 * Where no cgroup holds a website's processes: the memory of each process by itself, the number of
 * all of them together.
 */
struct hp_rlimits {
	uint64_t data, nproc;
};
void hp_limits_rlimits(const struct hp_strv *limits, struct hp_rlimits *ret);
/*
 * Of all processes that run as these instances' users, as their files have it now. Where the
 * kernel lets us change none (CAP_SYS_RESOURCE) a new master gets them: restart() is of the ops.
 */
int hp_limits_change(const struct hp_instances *in, const struct hp_instance *v, size_t n,
	int (*restart)(const struct hp_instances *, const struct hp_instance *, size_t,
		struct hp_err *),
	struct hp_err *err);
/* Does systemd count a unit's tasks and hold their number? It does not in some containers. */
bool hp_limits_are_counted(void);

#endif
