/*
 * Children: one way to run a program. Argument vector, absolute path, an
 * environment built from nothing (PATH, LANG=C.UTF-8, and what env adds),
 * every other descriptor closed, signals reset, own process group, time-out
 * (SIGTERM, then SIGKILL to the group), output cap. Never a shell.
 */
#ifndef HP_SYS_RUN_H
#define HP_SYS_RUN_H

#include <sys/types.h>
#include "base/err.h"
#include "base/buf.h"

struct hp_run {
	const char *const *argv; /* argv[0] absolute; NULL-terminated */
	const char *const *env;  /* further "K=V", or NULL */
	const char *dir;         /* working folder, or NULL for "/" */
	const void *in;          /* stdin: these bytes … */
	size_t in_len;
	int in_fd;               /* … or this descriptor when > 0; else /dev/null */
	struct hp_buf *out;      /* stdout is appended to it; NULL: /dev/null */
	struct hp_buf
		*errs; /* stderr likewise (may be out: one stream); NULL: kept for the message */
	int out_fd;              /* stdout straight to this descriptor when > 0 */
	size_t max_out;          /* cap for each; 0 = 1 MiB; more is an error */
	unsigned timeout_ms;     /* 0 = 60 s */
	uid_t uid;               /* when not 0: run as this user … */
	gid_t gid;               /* … and group, no supplementary groups */
	/*
	 * In the child before exec, as root still (namespaces …): 0 or errno. Async-signal-safe,
	 * and it may change no memory but its stack: the child may share the parent's (vfork(2)).
	 */
	int (*in_child)(void *arg);
	void *in_child_arg;
};

/*
 * Run it to its end. Returns its exit status (0–255; 128 + signal when it was
 * killed), or HP_E_OS (could not be started: "…: No such file or directory"),
 * HP_E_BUSY (time-out), HP_E_REFUSED (output over the cap). Processes that it
 * leaves behind go on and hold nothing up, even when they kept its stdout open.
 * A status ≠ 0 is not an error here: see hp_run_ok().
 */
int hp_run(const struct hp_run *r, struct hp_err *err);
/*
 * The same in two steps, so that several run side by side: start it, and go on. hp_run_end() waits,
 * returns what hp_run() would, and frees; it must be called where hp_run_begin() returned 0. r and
 * all that it refers to stay until then. The time-out counts from the start. More output than
 * a pipe holds (64 KiB) is read, and lets the program go on, only in hp_run_end().
 */
struct hp_running;
int hp_run_begin(const struct hp_run *r, struct hp_running **ret, struct hp_err *err);
int hp_run_end(struct hp_running *x, struct hp_err *err);
/* hp_run(); a status ≠ 0 becomes HP_E_REFUSED with the last line of its stderr in the message. */
int hp_run_ok(const struct hp_run *r, struct hp_err *err);
/*
 * Start and leave running: new session, stdin /dev/null, stdout and stderr to log_fd (-1:
 * /dev/null). listen_fd (or -1) becomes descriptor 3. Exec failures are reported. *ret_pid is a
 * grandchild, leader of a process group of its own: not ours to wait for. in*, out*, errs are
 * not looked at; timeout_ms is for the start.
 */
int hp_run_detached(const struct hp_run *r, int log_fd, int listen_fd, pid_t *ret_pid,
	struct hp_err *err);

/* Wall time while children of hp_run() ran, so far in this process, in microseconds. */
uint64_t hp_run_children_us(void);
/* Find a program: the first of the given absolute paths that is executable, or NULL. */
const char *hp_run_find(const char *const *paths);

#endif
