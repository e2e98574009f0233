#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>

/*
 * Asked for again and again instead of waited for in the kernel: a time-out there
 * would take a signal, and signals belong to the program, not to a library.
 */
#define LOCK_RETRY_MS 20

static int take_lock(int fd, unsigned wait_ms)
{
	uint64_t end = hp_now_ms() + wait_ms;

	for (;;) {
		uint64_t now;

		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return errno;
		now = hp_now_ms();
		if (now >= end)
			return EWOULDBLOCK;
		hp_nap(end - now < LOCK_RETRY_MS ? (unsigned)(end - now) : LOCK_RETRY_MS);
	}
}

int hp_lock(const char *path, unsigned wait_ms, int *ret_fd, struct hp_err *err)
{
	_cleanup_close_ int fd =
		open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	int e;

	if (fd < 0)
		return hp_err_errno(err, errno == EACCES || errno == EPERM ? HP_E_DENIED : HP_E_OS,
			errno, "cannot open the lock %s", path);
	e = take_lock(fd, wait_ms);
	if (e == EWOULDBLOCK) {
		hp_err_set(err, HP_E_BUSY, "%s is locked by another run", path);
		return hp_err_hint(err, "try again when it has ended");
	}
	if (e)
		return hp_err_errno(err, HP_E_OS, e, "cannot lock %s", path);
	*ret_fd = TAKE_FD(&fd);
	return 0;
}
