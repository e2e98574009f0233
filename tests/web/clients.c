/*
 * Many clients at once: so many TLS connections to 127.0.0.1, each of which asks once, gets its
 * answer, and then stays as it is.
 *   clients N PORT     prints "open N" when they are there, and "left N" at the end of standard
 *                      input: how many the server has not closed
 */
#include <arpa/inet.h>
#include <err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static SSL_SESSION *session;

static int keep(SSL *s, SSL_SESSION *x)
{
	(void)s;
	if (session)
		return 0;
	session = x;
	return 1;
}

/* What a client keeps in memory goes; the connection stays. */
static int open_one(SSL_CTX *ctx, int port, unsigned from)
{
	static const char ask[] = "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)},
			   me = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char answer[4096];
	SSL *s = SSL_new(ctx);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	me.sin_addr.s_addr = htonl(0x7f010000 + from);
	if (fd < 0 || !s || bind(fd, (struct sockaddr *)&me, sizeof(me)) < 0 ||
		connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		err(1, "connect");
	if (session)
		SSL_set_session(s, session);
	SSL_set_fd(s, fd);
	if (SSL_connect(s) != 1 || SSL_write(s, ask, sizeof(ask) - 1) != sizeof(ask) - 1 ||
		SSL_read(s, answer, sizeof(answer)) < 12 || memcmp(answer + 9, "200", 3) != 0)
		errx(1, "connection from %s: no answer", inet_ntoa(me.sin_addr));
	SSL_set_quiet_shutdown(s, 1);
	SSL_free(s);
	return fd;
}

int main(int argc, char **argv)
{
	int n = argc == 3 ? atoi(argv[1]) : 0, port = argc == 3 ? atoi(argv[2]) : 0, left = 0;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct pollfd *p = calloc((size_t)n + 1, sizeof(*p));
	char c;

	if (n < 1 || !ctx || !p)
		errx(2, "usage: clients N PORT");
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, keep);
	for (int i = 0; i < n; i++)
		p[i].fd = open_one(ctx, port, (unsigned)i / 100 + 1);
	printf("open %d\n", n);
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	for (int i = 0; i < n; i++) {
		p[i].events = POLLRDHUP;
		if (poll(p + i, 1, 0) == 0)
			left++;
	}
	printf("left %d\n", left);
	SSL_SESSION_free(session);
	SSL_CTX_free(ctx);
	free(p);
	return 0;
}
