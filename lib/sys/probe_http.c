#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>

#include "base/file.h"
#include "base/str.h"
#include "sys/probe.h"
#include "sys/probe_io.h"

#define HEAD_MAX ((size_t)32 << 10)
#define BODY_MAX ((size_t)64 << 10)

/*
 * The value of a header in a head that ends with an empty line, or NULL; *ret_len without blanks.
 */
static const char *find_header(const char *head, const char *name, size_t *ret_len)
{
	size_t n = strlen(name);

	for (const char *line = strstr(head, "\r\n"); line; line = strstr(line, "\r\n")) {
		const char *v, *end;

		line += 2;
		if (strncasecmp(line, name, n) != 0 || line[n] != ':')
			continue;
		v = line + n + 1;
		end = strstr(v, "\r\n");
		if (!end)
			return NULL;
		while (v < end && (*v == ' ' || *v == '\t'))
			v++;
		while (end > v && (end[-1] == ' ' || end[-1] == '\t'))
			end--;
		*ret_len = (size_t)(end - v);
		return v;
	}
	return NULL;
}

/* "HTTP/1.1 200 …" → 200, or -1 */
static int parse_status(const char *head)
{
	if (strncmp(head, "HTTP/1.", 7) != 0 || head[8] != ' ')
		return -1;
	for (int i = 9; i < 12; i++)
		if (head[i] < '0' || head[i] > '9')
			return -1;
	return (head[9] - '0') * 100 + (head[10] - '0') * 10 + (head[11] - '0');
}

/* RFC 9112 §7.1; what is cut short is taken as far as it came. */
static void decode_chunks(const char *p, size_t n, struct hp_buf *body)
{
	const char *end = p + n;

	while (p < end && body->len < BODY_MAX) {
		size_t size = 0;
		int digits = 0;

		for (; p < end && digits < 8; p++, digits++) {
			int d = *p >= '0' && *p <= '9' ? *p - '0'
				: *p >= 'a' && *p <= 'f' ? *p - 'a' + 10
				: *p >= 'A' && *p <= 'F' ? *p - 'A' + 10 : -1;

			if (d < 0)
				break;
			size = size * 16 + (size_t)d;
		}
		while (p < end && *p != '\n') /* chunk extensions */
			p++;
		if (digits == 0 || size == 0 || p == end)
			return;
		p++;
		if (size > (size_t)(end - p))
			size = (size_t)(end - p);
		hp_buf_add(body, p, size < BODY_MAX - body->len ? size : BODY_MAX - body->len);
		p += size;
		if (end - p >= 2)
			p += 2; /* CR LF behind the data */
	}
}

/*
 * The whole answer until the server closes, bounded. *ret_head: length of the head, 0 if none came.
 */
static int read_answer(int fd, uint64_t deadline, const char *name, struct hp_buf *in,
	size_t *ret_head, struct hp_err *err)
{
	*ret_head = 0;
	for (;;) {
		char chunk[8192];
		ssize_t n = hp_probe_recv(fd, chunk, sizeof(chunk), deadline, name, err);

		if (n < 0)
			return (int)n;
		if (n == 0)
			return 0;
		hp_buf_add(in, chunk, (size_t)n);
		if (*ret_head == 0) {
			const char *e = memmem(in->s, in->len, "\r\n\r\n", 4);

			if (e)
				*ret_head = (size_t)(e - in->s) + 4;
			else if (in->len > HEAD_MAX)
				return hp_err_set(err, HP_E_BUSY, "%s: the answer's head is over %zu bytes",
					name, HEAD_MAX);
		}
		/* Enough to judge: twice the body's bound leaves room for chunk sizes. */
		if (*ret_head && in->len - *ret_head > 2 * BODY_MAX)
			return 0;
	}
}

static int connect_to(const struct hp_http_probe *p, uint64_t deadline, const char *name,
	int *ret, struct hp_err *err)
{
	struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)p->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)p->port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT};

	if (p->addr && p->addr->v6)
		in6.sin6_addr = p->addr->in6;
	else if (p->addr)
		in4.sin_addr = p->addr->in4;
	if (p->addr ? p->addr->v6 : p->ipv6)
		return hp_probe_connect(
			(struct sockaddr *)&in6, sizeof(in6), deadline, name, ret, err);
	return hp_probe_connect((struct sockaddr *)&in4, sizeof(in4), deadline, name, ret, err);
}

int hp_http_probe(const struct hp_http_probe *p, int *ret_status, struct hp_buf *body,
	struct hp_buf *header, struct hp_err *err)
{
	uint64_t deadline = hp_now_ms() + (p->timeout_ms ? p->timeout_ms : 5000);
	_cleanup_buf_ struct hp_buf req = HP_BUF_INIT, in = HP_BUF_INIT;
	_cleanup_close_ int fd = -1;
	size_t head, n, len;
	const char *v;
	char name[300];
	int r, status;

	snprintf(name, sizeof(name), "http://%s:%u", p->host, p->port);
	r = connect_to(p, deadline, name, &fd, err);
	if (r < 0)
		return r;
	hp_buf_addf(&req, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: hosting-panel\r\n"
		"Accept: */*\r\nConnection: close\r\n\r\n", p->path, p->host);
	r = hp_probe_send(fd, req.s, req.len, deadline, name, err);
	if (r < 0)
		return r;
	r = read_answer(fd, deadline, name, &in, &head, err);
	if (r < 0)
		return r;
	status = head ? parse_status(in.s) : -1;
	if (status < 0)
		return hp_err_set(err, HP_E_BUSY, "%s: the answer is not HTTP", name);
	in.s[head - 1] = '\0'; /* the head is text now; it still ends with CR LF CR */
	n = in.len - head;
	if (header) {
		hp_buf_reset(header);
		v = p->want_header ? find_header(in.s, p->want_header, &len) : NULL;
		if (v)
			hp_buf_add(header, v, len);
	}
	if (body) {
		hp_buf_reset(body);
		v = find_header(in.s, "Transfer-Encoding", &len);
		if (v && len == 7 && strncasecmp(v, "chunked", 7) == 0)
			decode_chunks(in.s + head, n, body);
		else
			hp_buf_add(body, in.s + head, n < BODY_MAX ? n : BODY_MAX);
	}
	*ret_status = status;
	return 0;
}
