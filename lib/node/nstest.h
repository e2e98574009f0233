/*
 * A server's own test, run where the staged world is laid over the live one: in a private
 * mount namespace, so that neither the live tree nor any running process sees it.
 */
#ifndef HP_NODE_NSTEST_H
#define HP_NODE_NSTEST_H

#include "node/engine.h"

struct hp_nstest {
	const char *const *argv;
	const char *dir;        /* the server's folder: the staged files are laid over it */
	const char *logs;       /* covered by an empty file system … */
	const char *const *log_dirs; /* … with these folders (names, NULL-terminated) in it */
	/*
	 * A trial start rather than a test: in a network of its own, with this folder (of pid
	 * files) covered by an empty file system, too, and what goes to files of this name in
	 * log_dirs said to errs. NULL: no such thing.
	 */
	const char *run_dir, *log_name;
	struct hp_buf *out, *errs; /* what it said; out may be NULL */
	unsigned timeout_ms;
};

/*
 * Returns 0 and the program's exit status; 1 when this machine allows no such namespace (some
 * containers), with the reason in err; or a negative code.
 */
int hp_nstest_run(struct hp_engine *x, const struct hp_nstest *t, int *ret_status,
	struct hp_err *err);

#endif
