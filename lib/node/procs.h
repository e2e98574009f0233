/* What proc(5) tells about processes: FPM masters, and what is left of a user. */
#ifndef HP_NODE_PROCS_H
#define HP_NODE_PROCS_H

#include <sys/types.h>
#include "base/attr.h"

struct hp_proc {
	pid_t pid, ppid;
	char state;          /* 'Z': dead, only not waited for yet */
	uint64_t starttime;  /* in ticks since boot: with pid the identity of a process */
	uint64_t cminflt;    /* minor faults of children that ended: changes with each */
};

/* 1, or 0 when there is no such process (a dead one counts as none). */
int hp_proc_get(pid_t pid, struct hp_proc *ret);
/* Is it this very process, alive? */
bool hp_proc_is_alive(pid_t pid, uint64_t starttime);
/* Real uid, or (uid_t)-1. The owner of /proc/PID says nothing: FPM's children are not dumpable. */
uid_t hp_proc_uid(pid_t pid);
/*
 * Its arguments (for FPM soon one alone: its title), each ended by a NUL, cut to size; returns how
 * many bytes, 0 when it has none. There is a NUL behind them in any case.
 */
size_t hp_proc_args(pid_t pid, char *buf, size_t size);
/* Every process number; stops when fn returns other than 0 and returns that. */
int hp_proc_each(int (*fn)(void *arg, pid_t pid), void *arg);
/* Signal this very process through a pidfd: 0, or errno (ESRCH when it is another by now). */
int hp_proc_signal(pid_t pid, uint64_t starttime, int sig);
/* Wait until it has ended, at most timeout_ms. True when it has. */
bool hp_proc_wait(pid_t pid, uint64_t starttime, unsigned timeout_ms);
/* SIGKILL everything of this uid until nothing is left, at most timeout_ms; uid must be > 0. */
bool hp_proc_kill_uid(uid_t uid, unsigned timeout_ms);

#endif
