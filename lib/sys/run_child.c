#include "sys/run_child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* Above the descriptors that a child is given. */
#define FD_SPARE 10

static void send_msg(int fd, enum hp_child_step step, int value)
{
	struct hp_child_msg m = {step, value};
	ssize_t n;

	/* Smaller than PIPE_BUF: all or nothing. Nobody left to read it: nobody to tell. */
	do
		n = write(fd, &m, sizeof(m));
	while (n < 0 && errno == EINTR);
}

static void __attribute__((noreturn)) fail(int fd, enum hp_child_step step, int errnum)
{
	send_msg(fd, step, errnum);
	_exit(127);
}

/* Handlers first, then unblock: no handler of the parent's may run here. */
static void reset_signals(void)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int s = 1; s < NSIG; s++)
		sigaction(s, &dfl, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Everything from first on is closed at exec. */
static void close_at_exec(unsigned first)
{
	struct rlimit l = {.rlim_cur = 1024};
	int max;

	if (syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		return;
	/* Linux before 5.11, or a container that knows only older calls. */
	getrlimit(RLIMIT_NOFILE, &l);
	max = l.rlim_cur < 65536 ? (int)l.rlim_cur : 65536;
	for (int fd = (int)first; fd < max; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* Puts the descriptors where they belong; returns where the status pipe is now, or -1. */
static int place_fds(const struct hp_child *c)
{
	int from[4], status;

	/* Out of the way first: one may stand where another belongs. */
	status = fcntl(c->status_fd, F_DUPFD_CLOEXEC, FD_SPARE);
	if (status < 0)
		return -1;
	for (int i = 0; i < 4; i++) {
		from[i] = c->fds[i] < 0 ? -1 : fcntl(c->fds[i], F_DUPFD_CLOEXEC, FD_SPARE);
		if (c->fds[i] >= 0 && from[i] < 0)
			return -1;
	}
	for (int i = 0; i < 4; i++)
		if (from[i] >= 0 && dup2(from[i], i) < 0)
			return -1;
	close_at_exec(from[3] >= 0 ? 4 : 3);
	return status;
}

/*
 * The bare system calls: glibc's own functions tell every thread of the process, which in shared
 * memory would be the parent's business.
 */
static int drop_user(uid_t uid, gid_t gid)
{
	if (syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SYS_setresgid, gid, gid, gid) < 0 ||
		syscall(SYS_setresuid, uid, uid, uid) < 0)
		return errno;
	return 0;
}

static void __attribute__((noreturn)) become(const struct hp_child *c)
{
	const struct hp_run *r = c->r;
	int status, e;

	reset_signals();
	umask(022);
	status = place_fds(c);
	if (status < 0)
		fail(c->status_fd, HP_CHILD_FDS, errno);
	if (r->in_child) {
		e = r->in_child(r->in_child_arg);
		if (e)
			fail(status, HP_CHILD_PREPARE, e);
	}
	if (c->drop_user) {
		e = drop_user(r->uid, r->gid);
		if (e)
			fail(status, HP_CHILD_USER, e);
	}
	/* As that user: a folder that only root may enter is none of its business. */
	if (chdir(r->dir ? r->dir : "/") < 0)
		fail(status, HP_CHILD_DIR, errno);
	execve(r->argv[0], (char *const *)(uintptr_t)r->argv, c->envp);
	fail(status, HP_CHILD_EXEC, errno);
}

/*
 * vfork(2) where it may be: no page tables are copied and no page has to be copied
 * afterwards, which for a process with a large state document is most of the cost. Not for a child
 * that changes its user: who may signal that user's processes could hold the parent in it.
 */
pid_t hp_child_start(const struct hp_child *c)
{
	pid_t pid;

	if (c->drop_user)
		pid = fork();
	else
		pid = vfork();
	if (pid == 0) {
		setpgid(0, 0);
		become(c);
	}
	return pid;
}

static void __attribute__((noreturn)) detach(const struct hp_child *c)
{
	pid_t pid;

	setsid();
	pid = fork();
	if (pid < 0)
		fail(c->status_fd, HP_CHILD_FORK, errno);
	if (pid == 0) {
		/* Not the session's leader, so that no terminal it opens becomes its own. */
		setpgid(0, 0);
		become(c);
	}
	send_msg(c->status_fd, HP_CHILD_PID, pid);
	_exit(0);
}

pid_t hp_child_start_detached(const struct hp_child *c)
{
	pid_t pid = fork();

	if (pid == 0)
		detach(c);
	return pid;
}
