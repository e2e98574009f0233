#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "node/nstest.h"
#include "base/fault.h"
#include "base/str.h"
#include "sys/run.h"

/* What the child needs, ready before the fork: it may only make system calls. */
struct child {
	const char *overlay;    /* mount options, or NULL: nothing is staged there */
	const char *dir, *logs, *run_dir, *log_name;
	const char *const *log_dirs;
	volatile int *why;      /* shared: 0 not reached, -1 done, else errno */
};

static int cover_logs(const struct child *c)
{
	const char *const *name;

	if (mount("hosting-panel", c->logs, "tmpfs", MS_NODEV | MS_NOEXEC | MS_NOSUID,
		"mode=755") < 0)
		return errno;
	if (chdir(c->logs) < 0)
		return errno;
	for (name = c->log_dirs; *name; name++) {
		if (mkdir(*name, 0755) < 0 && errno != EEXIST)
			return errno;
		if (!c->log_name)
			continue;
		if (chdir(*name) < 0 || symlink("/proc/self/fd/2", c->log_name) < 0 ||
			chdir("..") < 0)
			return errno;
	}
	return chdir("/") < 0 ? errno : 0;
}

/* Addresses of this machine are none of the new network's; it may be bound to them all the same. */
static void bind_any(const char *sysctl)
{
	int fd _cleanup_close_ = open(sysctl, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "1", 1) < 0)
		return;
}

static int own_network(const struct child *c)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd _cleanup_close_ = -1;

	if (unshare(CLONE_NEWNET) < 0)
		return errno;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo) < 0)
		return errno;
	bind_any("/proc/sys/net/ipv4/ip_nonlocal_bind");
	bind_any("/proc/sys/net/ipv6/ip_nonlocal_bind");
	return mount("hosting-panel", c->run_dir, "tmpfs", MS_NODEV | MS_NOEXEC | MS_NOSUID,
		       "mode=755") < 0
		? errno
		: 0;
}

static int enter(void *arg)
{
	const struct child *c = arg;
	int why = 0;

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		why = errno;
	if (!why && c->overlay &&
		mount("hosting-panel", c->dir, "overlay", MS_RDONLY, c->overlay) < 0)
		why = errno;
	if (!why)
		why = cover_logs(c);
	if (!why && c->run_dir)
		why = own_network(c);
	*c->why = why ? why : -1;
	return why;
}

static bool is_forbidden(void)
{
#ifdef HP_FAULT_POINTS
	const char *v = getenv("HP_NO_NAMESPACE");

	return v && *v;
#else
	return false;
#endif
}

int hp_nstest_run(struct hp_engine *x, const struct hp_nstest *t, int *ret_status,
	struct hp_err *err)
{
	const char *staged = hp_stage_path(x, x->scratch, false, t->dir);
	struct child c = {.dir = t->dir, .logs = t->logs, .log_dirs = t->log_dirs,
		.run_dir = t->run_dir, .log_name = t->log_name};
	struct hp_run r = {.argv = t->argv, .out = t->out, .errs = t->errs,
		.max_out = (size_t)16 << 20,
		.timeout_ms = t->timeout_ms, .in_child = enter, .in_child_arg = &c};
	int status, why;
	void *shared;

	if (is_forbidden()) {
		hp_err_set(err, HP_E_DENIED, "no private mount namespace: HP_NO_NAMESPACE is set");
		return 1;
	}
	if (hp_mkdirs(hp_path_dir(x->scratch, t->logs), 0755, err) < 0 ||
		hp_mkdirs(t->logs, 0711, err) < 0)
		return err->code;
	if (faccessat(x->rootfd, hp_rel(staged), F_OK, 0) == 0)
		c.overlay = hp_pprintf(x->scratch, "lowerdir=%s:%s", staged, t->dir);
	shared = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return hp_err_errno(err, HP_E_OS, errno, "no shared memory");
	c.why = shared;
	status = hp_run(&r, err);
	why = *c.why;
	munmap(shared, sizeof(int));
	if (why > 0) {
		hp_err_clear(err);
		hp_err_errno(err, HP_E_DENIED, why, "no private mount namespace is to be had here");
		return 1;
	}
	if (status < 0)
		return status;
	*ret_status = status;
	return 0;
}
