#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "sys/door.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"
#include "sys/account.h"

#define CHUNK ((size_t)1 << 16)

struct call {
	const struct hp_door *d;
	int fd;
	uint64_t until; /* hp_now_ms() */
	size_t sent;
	char out[CHUNK]; /* of in_fd: what is read and not sent */
	size_t out_len, out_at;
	bool all_sent;
	struct hp_buf line;
};

bool hp_door_is_open(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISSOCK(st.st_mode) && access(path, W_OK) == 0;
}

static int lost(const struct call *c, struct hp_err *err)
{
	return hp_err_errno(err, HP_E_OS, errno, "%s", c->d->path);
}

static int knock(struct call *c, struct hp_err *err)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	const char *path = c->d->path;

	if (strlen(path) >= sizeof(a.sun_path))
		return hp_err_errno(err, HP_E_OS, ENAMETOOLONG, "%s", path);
	memcpy(a.sun_path, path, strlen(path) + 1);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->fd < 0)
		return lost(c, err);
	/* Unix sockets connect at once or, where too many wait already, not at all: EAGAIN */
	if (connect(c->fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return 0;
	return hp_err_errno(err, errno == EACCES || errno == EPERM ? HP_E_DENIED : HP_E_BUSY, errno,
		"%s can't be reached", path);
}

/* The next bytes to send; 0 when there are none. */
static int next_bytes(struct call *c, const char **ret, size_t *ret_n, struct hp_err *err)
{
	ssize_t n;

	if (c->d->in_fd <= 0) {
		*ret = (const char *)c->d->in + c->sent;
		*ret_n = c->d->in_len - c->sent;
		return 0;
	}
	if (c->out_at == c->out_len) {
		n = pread(c->d->in_fd, c->out, sizeof(c->out), (off_t)c->sent);
		if (n < 0)
			return hp_err_errno(err, HP_E_OS, errno, "what is to be sent");
		c->out_at = 0;
		c->out_len = (size_t)n;
	}
	*ret = c->out + c->out_at;
	*ret_n = c->out_len - c->out_at;
	return 0;
}

static int send_some(struct call *c, struct hp_err *err)
{
	const char *p = NULL;
	size_t len = 0;
	ssize_t n;

	if (next_bytes(c, &p, &len, err) < 0)
		return err->code;
	n = len ? send(c->fd, p, len, MSG_NOSIGNAL) : 0;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n > 0) {
		c->sent += (size_t)n;
		c->out_at += (size_t)n;
		return 0;
	}
	/* the end; or he wants no more, and may have said why */
	c->all_sent = true;
	shutdown(c->fd, SHUT_WR);
	return 0;
}

static int take(struct call *c, const char *p, size_t n, struct hp_err *err)
{
	while (n) {
		const char *nl = memchr(p, '\n', n);
		size_t len = nl ? (size_t)(nl - p) + 1 : n;

		if (c->line.len + len > c->d->max_line)
			return hp_err_set(err, HP_E_REFUSED, "%s: an answer of more than %zu bytes",
				c->d->path, c->d->max_line);
		hp_buf_add(&c->line, p, len);
		if (nl) {
			c->d->line(c->d->arg, hp_buf_str(&c->line), c->line.len);
			hp_buf_reset(&c->line);
		}
		p += len;
		n -= len;
	}
	return 0;
}

/* 1 there may be more, 0 that was the end. */
static int hear_some(struct call *c, struct hp_err *err)
{
	char buf[CHUNK];
	ssize_t n = recv(c->fd, buf, sizeof(buf), 0);

	if (n > 0)
		return take(c, buf, (size_t)n, err) < 0 ? err->code : 1;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 1;
	/* one who closes with something unread behind him: all that he said came before */
	return n == 0 || errno == ECONNRESET ? 0 : lost(c, err);
}

static int talk(struct call *c, struct hp_err *err)
{
	int r = 1;

	while (r == 1) {
		struct pollfd p = {.fd = c->fd, .events = POLLIN | (c->all_sent ? 0 : POLLOUT)};
		uint64_t now = hp_now_ms();

		if (now >= c->until)
			return hp_err_set(err, HP_E_BUSY, "%s: no end of the answer in %u seconds",
				c->d->path, c->d->timeout_ms / 1000);
		if (poll(&p, 1, (int)(c->until - now)) < 0 && errno != EINTR)
			return lost(c, err);
		if ((p.revents & POLLOUT) && send_some(c, err) < 0)
			return err->code;
		if (p.revents & (POLLIN | POLLHUP | POLLERR))
			r = hear_some(c, err);
	}
	return r;
}

int hp_door_call(const struct hp_door *d, struct hp_err *err)
{
	struct call c = {.d = d, .fd = -1, .until = hp_now_ms() + d->timeout_ms};

	if (knock(&c, err) == 0)
		talk(&c, err);
	if (c.fd >= 0)
		close(c.fd);
	if (c.line.s)
		hp_wipe(c.line.s, c.line.cap);
	hp_buf_release(&c.line);
	return err->code;
}

int hp_door_check_peer(int fd, struct hp_err *err)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0)
		return hp_err_errno(
			err, HP_E_DENIED, errno, "who speaks over standard input can't be asked");
	if (who.uid == 0 || who.uid == geteuid() || hp_is_panel_uid(who.uid))
		return 0;
	return hp_err_set(err, HP_E_DENIED,
		"uid %lu may neither apply nor see anything on this node",
		(unsigned long)who.uid);
}
