/*
 * The child's side of hp_run(): what happens between fork and exec. Everything in
 * run_child.c is async-signal-safe and changes no memory but its own stack, because the
 * child may share the parent's (vfork(2)).
 */
#ifndef HP_SYS_RUN_CHILD_H
#define HP_SYS_RUN_CHILD_H

#include "sys/run.h"

/* What the child sends through its status pipe, which closes by itself when exec succeeds. */
struct hp_child_msg {
	enum hp_child_step {
		HP_CHILD_PID,     /* detached only: value is the pid of the program */
		HP_CHILD_FDS,     /* failed: value is an errno */
		HP_CHILD_PREPARE, /* in_child */
		HP_CHILD_USER,
		HP_CHILD_DIR,
		HP_CHILD_EXEC,
		HP_CHILD_FORK,
	} step;
	int value;
};

struct hp_child {
	const struct hp_run *r;
	char *const *envp;
	int fds[4]; /* become descriptors 0, 1, 2 and (when ≥ 0) 3; none of them is closed here */
	int status_fd;
	bool drop_user;    /* to r->uid and r->gid */
};

/*
 * Start the program in a process group of its own. Signals are blocked by the caller. Returns the
 * pid or -1 (errno). The caller closes its copies of the descriptors.
 */
pid_t hp_child_start(const struct hp_child *c);
/*
 * Start an intermediate process (whose pid is returned: wait for it), which starts the program as
 * its child in a new session, sends HP_CHILD_PID and ends.
 */
pid_t hp_child_start_detached(const struct hp_child *c);

#endif
