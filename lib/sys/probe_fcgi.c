/* FastCGI 1.0 as a client: one request of the responder role, request id 1. */
#include <errno.h>
#include <sys/un.h>

#include "base/file.h"
#include "base/str.h"
#include "sys/probe.h"
#include "sys/probe_io.h"

#define FCGI_BEGIN_REQUEST 1
#define FCGI_END_REQUEST 3
#define FCGI_PARAMS 4
#define FCGI_STDIN 5
#define FCGI_STDOUT 6
#define FCGI_RESPONDER 1
#define FCGI_RECORD_MAX 65535
#define ANSWER_MAX ((size_t)1 << 20)

static void add_record(struct hp_buf *b, unsigned type, const void *p, size_t n)
{
	unsigned char h[8] = {
		1, (unsigned char)type, 0, 1, (unsigned char)(n >> 8), (unsigned char)n};

	hp_buf_add(b, h, sizeof(h));
	if (n)
		hp_buf_add(b, p, n);
}

static void add_length(struct hp_buf *b, size_t n)
{
	unsigned char l[4] = {(unsigned char)(0x80 | n >> 24), (unsigned char)(n >> 16),
		(unsigned char)(n >> 8), (unsigned char)n};

	if (n < 128)
		hp_buf_addc(b, (char)n);
	else
		hp_buf_add(b, l, 4);
}

static int build_request(const char *const *params, struct hp_buf *out, struct hp_err *err)
{
	static const unsigned char begin[8] = {0, FCGI_RESPONDER};
	_cleanup_buf_ struct hp_buf pairs = HP_BUF_INIT;

	for (; *params; params++) {
		const char *eq = strchr(*params, '=');

		HP_BUG_ON(!eq);
		add_length(&pairs, (size_t)(eq - *params));
		add_length(&pairs, strlen(eq + 1));
		hp_buf_add(&pairs, *params, (size_t)(eq - *params));
		hp_buf_adds(&pairs, eq + 1);
	}
	if (pairs.len > FCGI_RECORD_MAX)
		return hp_err_set(
			err, HP_E_USAGE, "fastcgi: parameters over %d bytes", FCGI_RECORD_MAX);
	add_record(out, FCGI_BEGIN_REQUEST, begin, sizeof(begin));
	add_record(out, FCGI_PARAMS, pairs.s, pairs.len);
	add_record(out, FCGI_PARAMS, NULL, 0);
	add_record(out, FCGI_STDIN, NULL, 0);
	return 0;
}

/* Takes whole records off the front of in. 1 when the request has ended. */
static int take_records(struct hp_buf *in, struct hp_buf *out)
{
	size_t at = 0;
	int ended = 0;

	while (!ended && in->len - at >= 8) {
		const unsigned char *h = (const unsigned char *)in->s + at;
		size_t n = (size_t)h[4] << 8 | h[5], whole = 8 + n + h[6];

		if (in->len - at < whole)
			break;
		if (h[1] == FCGI_STDOUT && n)
			hp_buf_add(out, h + 8, n);
		ended = h[1] == FCGI_END_REQUEST;
		at += whole;
	}
	if (at) {
		memmove(in->s, in->s + at, in->len - at);
		in->len -= at;
	}
	return ended;
}

int hp_fcgi_request(const char *socket, const char *const *params, unsigned timeout_ms,
	struct hp_buf *out, struct hp_err *err)
{
	uint64_t deadline = hp_now_ms() + (timeout_ms ? timeout_ms : 5000);
	struct sockaddr_un sa = {.sun_family = AF_UNIX};
	_cleanup_buf_ struct hp_buf req = HP_BUF_INIT, in = HP_BUF_INIT;
	_cleanup_close_ int fd = -1;
	int r;

	if (strlen(socket) >= sizeof(sa.sun_path))
		return hp_err_set(
			err, HP_E_USAGE, "%s: longer than a socket's path may be", socket);
	memcpy(sa.sun_path, socket, strlen(socket) + 1);
	r = build_request(params, &req, err);
	if (r < 0)
		return r;
	r = hp_probe_connect((struct sockaddr *)&sa, sizeof(sa), deadline, socket, &fd, err);
	if (r < 0)
		return r;
	r = hp_probe_send(fd, req.s, req.len, deadline, socket, err);
	if (r < 0)
		return r;
	hp_buf_reset(out);
	for (;;) {
		char chunk[8192];
		ssize_t n = hp_probe_recv(fd, chunk, sizeof(chunk), deadline, socket, err);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return hp_err_set(
				err, HP_E_BUSY, "%s: closed before the answer was whole", socket);
		hp_buf_add(&in, chunk, (size_t)n);
		if (take_records(&in, out))
			return 0;
		if (out->len > ANSWER_MAX)
			return hp_err_set(err, HP_E_BUSY, "%s: the answer is over %zu bytes",
				socket, ANSWER_MAX);
	}
}

static int ping_once(
	const char *socket, const char *ping_path, unsigned timeout_ms, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	_cleanup_buf_ struct hp_buf out = HP_BUF_INIT;
	const char *const params[] = {
		hp_pprintf(pool, "SCRIPT_NAME=%s", ping_path),
		hp_pprintf(pool, "SCRIPT_FILENAME=%s", ping_path),
		"REQUEST_METHOD=GET", "SERVER_PROTOCOL=HTTP/1.1", NULL,
	};
	int r = hp_fcgi_request(socket, params, timeout_ms, &out, err);

	if (r < 0)
		return r;
	if (!memmem(hp_buf_str(&out), out.len, "\r\n\r\npong", 8))
		return hp_err_set(
			err, HP_E_BUSY, "%s: answers, but not to a ping at %s", socket, ping_path);
	return 0;
}

int hp_fcgi_ping(const char *socket, const char *ping_path, unsigned timeout_ms, struct hp_err *err)
{
	uint64_t deadline = hp_now_ms() + timeout_ms;
	unsigned pause_ms = 2;

	for (;;) {
		uint64_t now;
		int r;

		hp_err_clear(err);
		now = hp_now_ms();
		r = ping_once(
			socket, ping_path, now < deadline ? (unsigned)(deadline - now) : 1, err);
		if (r == 0 || r == HP_E_USAGE || hp_now_ms() + pause_ms >= deadline)
			return r;
		hp_nap(pause_ms);
		if (pause_ms < 50)
			pause_ms *= 2;
	}
}
