#include <errno.h>
#include <fcgiapp.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include "sys/fcgi.h"
#include "base/file.h"

/* How long a worker with a connection of its own leaves a new one to those that have none. */
#define YIELD_MS 5
/* Of a body that nobody wanted, so much is read; who sends more is hung up on. */
#define DRAIN_MAX (2 << 20)

struct hp_fcgi {
	FCGX_Request r;
	sigset_t waiting; /* the signal mask while nothing is to be done */
	bool plain, answered;
};

bool hp_fcgi_is_plain(void)
{
	return FCGX_IsCGI();
}

static int begin(struct hp_fcgi *f)
{
	int flags = fcntl(STDIN_FILENO, F_GETFL);
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	if (sigprocmask(SIG_BLOCK, &ends, &f->waiting) < 0)
		return -1;
	/* many wait for one connection: who comes too late must not be caught in accept(2) */
	if (flags < 0 || fcntl(STDIN_FILENO, F_SETFL, flags | O_NONBLOCK) < 0 || FCGX_Init() != 0)
		return -1;
	return FCGX_InitRequest(&f->r, STDIN_FILENO, FCGI_FAIL_ACCEPT_ON_INTR);
}

int hp_fcgi_new(struct hp_fcgi **ret, struct hp_err *err)
{
	static struct hp_fcgi one;

	one.plain = hp_fcgi_is_plain();
	if (!one.plain && begin(&one) != 0)
		return hp_err_set(err, HP_E_OS, "FastCGI can't be begun on descriptor 0");
	*ret = &one;
	return 0;
}

/*
 * Until there is something to read on the connection that the web server keeps, or a new one. The
 * latter is for those first that have none; but where all others are busy, a kept one that idles
 * gives way, so that a web server that keeps as many as there are workers shuts nobody out.
 */
static bool wait_for_one(struct hp_fcgi *f)
{
	const struct timespec yield = {.tv_nsec = YIELD_MS * 1000000};
	struct pollfd p[2] = {
		{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = f->r.ipcFd, .events = POLLIN}};
	bool yielded = false;

	for (;;) {
		if (ppoll(p, f->r.ipcFd < 0 ? 1 : 2, NULL, &f->waiting) < 0)
			return false;
		if (f->r.ipcFd < 0 || p[1].revents)
			return true;
		if (yielded) {
			FCGX_Free(&f->r, 1);
			return true;
		}
		switch (ppoll(p + 1, 1, &yield, &f->waiting)) {
		case -1: return false;
		case 0: break;
		default: return true;
		}
		/* still there: nobody is free to take it */
		yielded = poll(p, 1, 0) > 0;
	}
}

bool hp_fcgi_accept(struct hp_fcgi *f)
{
	int r;

	if (f->plain)
		return !f->answered;
	do {
		if (!wait_for_one(f))
			return false;
		r = FCGX_Accept_r(&f->r);
	} while (r == -EAGAIN || r == -EWOULDBLOCK);
	return r == 0;
}

const char *hp_fcgi_param(const struct hp_fcgi *f, const char *name)
{
	return f->plain ? getenv(name) : FCGX_GetParam(name, f->r.envp);
}

ssize_t hp_fcgi_read(struct hp_fcgi *f, void *p, size_t n)
{
	ssize_t got;

	if (!f->plain)
		return FCGX_GetStr(p, n > INT32_MAX ? INT32_MAX : (int)n, f->r.in);
	do {
		got = read(STDIN_FILENO, p, n);
	} while (got < 0 && errno == EINTR);
	return got;
}

void hp_fcgi_write(struct hp_fcgi *f, const void *p, size_t n)
{
	struct hp_err err = HP_ERR_INIT;
	const char *s = p;

	if (f->plain) {
		hp_fd_write(STDOUT_FILENO, "standard output", p, n, &err);
		return;
	}
	for (; n > INT32_MAX; n -= INT32_MAX, s += INT32_MAX)
		FCGX_PutStr(s, INT32_MAX, f->r.out);
	FCGX_PutStr(s, (int)n, f->r.out);
}

/*
 * libfcgi takes what is left of a body for records of its own, on a connection that goes on:
 * whoever sent it would write the next request, with every parameter that the web server vouches
 * for.
 */
static bool is_drained(struct hp_fcgi *f)
{
	size_t left = DRAIN_MAX;
	char skipped[8192];
	int n = 1;

	while (left && (n = FCGX_GetStr(skipped, sizeof(skipped), f->r.in)) > 0)
		left = left > (size_t)n ? left - (size_t)n : 0;
	return n == 0 && FCGX_HasSeenEOF(f->r.in) == EOF;
}

void hp_fcgi_end(struct hp_fcgi *f)
{
	f->answered = true;
	if (f->plain)
		return;
	if (!is_drained(f))
		f->r.keepConnection = 0;
	FCGX_Finish_r(&f->r);
}
