#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>

#include "base/err.h"
#include "base/file.h"
#include "base/str.h"
#include "node/procs.h"

static ssize_t read_small(pid_t pid, const char *name, char *buf, size_t size)
{
	_cleanup_close_ int fd = -1;
	char path[64];
	size_t n = 0;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	while (n < size - 1) {
		ssize_t r = read(fd, buf + n, size - 1 - n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -1;
		if (r == 0)
			break;
		n += (size_t)r;
	}
	buf[n] = '\0';
	return (ssize_t)n;
}

int hp_proc_get(pid_t pid, struct hp_proc *ret)
{
	unsigned long long cminflt, starttime;
	char buf[1024], *p;
	int ppid;
	char state;

	if (pid <= 0 || read_small(pid, "stat", buf, sizeof(buf)) <= 0)
		return 0;
	/* the program's name may contain a parenthesis: fields go on behind the last */
	p = strrchr(buf, ')');
	if (!p || sscanf(p + 1,
			 " %c %d %*d %*d %*d %*d %*u %*u %llu %*u %*u %*u %*u %*d %*d %*d %*d %*d "
			 "%*d %llu",
			 &state, &ppid, &cminflt, &starttime) != 4)
		return 0;
	if (state == 'Z' || state == 'X' || state == 'x')
		return 0;
	*ret = (struct hp_proc){.pid = pid,
		.ppid = ppid,
		.state = state,
		.starttime = starttime,
		.cminflt = cminflt};
	return 1;
}

bool hp_proc_is_alive(pid_t pid, uint64_t starttime)
{
	struct hp_proc p;

	return hp_proc_get(pid, &p) && p.starttime == starttime;
}

uid_t hp_proc_uid(pid_t pid)
{
	char buf[4096];
	const char *p;
	unsigned uid;

	if (read_small(pid, "status", buf, sizeof(buf)) <= 0)
		return (uid_t)-1;
	p = strstr(buf, "\nUid:");
	if (!p || sscanf(p + 5, "%u", &uid) != 1)
		return (uid_t)-1;
	return uid;
}

size_t hp_proc_args(pid_t pid, char *buf, size_t size)
{
	ssize_t n = read_small(pid, "cmdline", buf, size);

	if (n < 0)
		n = 0;
	buf[n] = '\0';
	return (size_t)n;
}

int hp_proc_each(int (*fn)(void *arg, pid_t pid), void *arg)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	int r = 0;

	if (!d)
		return 0;
	while (r == 0 && (e = readdir(d))) {
		uint64_t pid;

		if (hp_parse_u64(e->d_name, INT32_MAX, &pid) == 0)
			r = fn(arg, (pid_t)pid);
	}
	closedir(d);
	return r;
}

int hp_proc_signal(pid_t pid, uint64_t starttime, int sig)
{
	_cleanup_close_ int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0)
		return errno;
	/* asked after the descriptor was opened: from here on it is this process or a dead one */
	if (!hp_proc_is_alive(pid, starttime))
		return ESRCH;
	if (syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0) < 0)
		return errno;
	return 0;
}

bool hp_proc_wait(pid_t pid, uint64_t starttime, unsigned timeout_ms)
{
	_cleanup_close_ int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	uint64_t end = hp_now_ms() + timeout_ms;

	for (;;) {
		uint64_t now;
		struct pollfd p = {.fd = fd, .events = POLLIN};

		if (!hp_proc_is_alive(pid, starttime))
			return true;
		now = hp_now_ms();
		if (now >= end)
			return false;
		/* a short slice all the same: without a pidfd, poll() only sleeps */
		poll(&p, fd >= 0, end - now < 20 || fd < 0 ? 20 : (int)(end - now));
	}
}

struct killing {
	uid_t uid;
	size_t n; /* signalled in this round */
};

static int kill_if_uid(void *arg, pid_t pid)
{
	struct killing *k = arg;
	struct hp_proc p;

	if (!hp_proc_get(pid, &p) || hp_proc_uid(pid) != k->uid)
		return 0;
	if (hp_proc_signal(pid, p.starttime, SIGKILL) == 0)
		k->n++;
	return 0;
}

bool hp_proc_kill_uid(uid_t uid, unsigned timeout_ms)
{
	uint64_t end = hp_now_ms() + timeout_ms;

	HP_BUG_ON(uid == 0 || uid == (uid_t)-1);
	for (;;) {
		struct killing k = {.uid = uid};

		hp_proc_each(kill_if_uid, &k);
		if (k.n == 0)
			return true;
		if (hp_now_ms() >= end)
			return false;
		hp_nap(10);
	}
}
