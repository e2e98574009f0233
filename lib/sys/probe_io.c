#include <errno.h>
#include <poll.h>

#include "base/file.h"
#include "sys/probe_io.h"

/* 0 when fd is ready for events, HP_E_BUSY at the deadline. */
static int wait_for(int fd, short events, uint64_t deadline, const char *name, struct hp_err *err)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = events};
		uint64_t now = hp_now_ms();
		int n;

		if (now >= deadline)
			return hp_err_set(err, HP_E_BUSY, "%s: no answer in time", name);
		n = poll(&p, 1, (int)(deadline - now > 60000 ? 60000 : deadline - now));
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return hp_err_errno(err, HP_E_OS, errno, "%s: poll", name);
	}
}

int hp_probe_wait(int fd, bool to_write, uint64_t deadline, const char *name, struct hp_err *err)
{
	return wait_for(fd, to_write ? POLLOUT : POLLIN, deadline, name, err);
}

int hp_probe_connect(const struct sockaddr *sa, socklen_t len, uint64_t deadline, const char *name,
	int *ret_fd, struct hp_err *err)
{
	_cleanup_close_ int fd =
		socket(sa->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r, e = 0;
	socklen_t elen = sizeof(e);

	if (fd < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s: socket", name);
	if (connect(fd, sa, len) < 0) {
		/* EAGAIN: a Unix socket whose queue is full; it is for the caller to try again. */
		if (errno != EINPROGRESS && errno != EINTR)
			return hp_err_errno(err, HP_E_BUSY, errno, "%s: connect", name);
		r = wait_for(fd, POLLOUT, deadline, name, err);
		if (r < 0)
			return r;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &elen) < 0)
			e = errno;
		if (e)
			return hp_err_errno(err, HP_E_BUSY, e, "%s: connect", name);
	}
	*ret_fd = TAKE_FD(&fd);
	return 0;
}

int hp_probe_send(int fd, const void *p, size_t n, uint64_t deadline, const char *name,
	struct hp_err *err)
{
	const char *s = p;

	while (n > 0) {
		ssize_t w = send(fd, s, n, MSG_NOSIGNAL);

		if (w >= 0) {
			s += w;
			n -= (size_t)w;
		} else if (errno == EAGAIN) {
			int r = wait_for(fd, POLLOUT, deadline, name, err);

			if (r < 0)
				return r;
		} else if (errno != EINTR) {
			return hp_err_errno(err, HP_E_BUSY, errno, "%s: send", name);
		}
	}
	return 0;
}

ssize_t hp_probe_recv(int fd, void *p, size_t n, uint64_t deadline, const char *name,
	struct hp_err *err)
{
	for (;;) {
		ssize_t got = recv(fd, p, n, 0);

		if (got >= 0)
			return got;
		if (errno == EAGAIN) {
			int r = wait_for(fd, POLLIN, deadline, name, err);

			if (r < 0)
				return r;
		} else if (errno != EINTR) {
			return hp_err_errno(err, HP_E_BUSY, errno, "%s: recv", name);
		}
	}
}
