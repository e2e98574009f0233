/*
 * Asking servers on this machine whether they answer: one HTTP/1.1 request over
 * loopback with a given Host, and a FastCGI ping or request over a Unix socket.
 * Small on purpose: libcurl would cost more than the rest of an apply, and this
 * needs no redirects, no proxies and no name look-ups.
 */
#ifndef HP_SYS_PROBE_H
#define HP_SYS_PROBE_H

#include "base/err.h"
#include "base/buf.h"
#include "sys/digest.h"
#include "sys/dns.h"

/*
 * GET path from 127.0.0.1:port (or [::1], or the address given) with this Host header, Connection:
 * close.
 * *ret_status gets the status code, body (may be NULL) up to 64 KiB, header (may be NULL)
 * the value of the response header want_header. HP_E_BUSY when nobody answers in time.
 */
struct hp_http_probe {
	const char *host, *path;
	unsigned port;
	bool ipv6;
	const struct hp_addr *addr; /* NULL: loopback, as ipv6 says */
	unsigned timeout_ms;
	const char *want_header;
};
int hp_http_probe(const struct hp_http_probe *p, int *ret_status, struct hp_buf *body,
	struct hp_buf *header, struct hp_err *err);

/*
 * The SHA-256 of the certificate (DER) that 127.0.0.1:port shows when it is asked for p->host by
 * SNI. Nothing of it is judged. HP_E_BUSY when there is no handshake in time.
 */
int hp_tls_probe(const struct hp_http_probe *p, char ret_sha256[HP_DIGEST_HEX], struct hp_err *err);

/*
 * One FastCGI GET (FastCGI 1.0 specification, responder role) over a Unix socket:
 * params is "K=V" strings; the response (headers and body) goes to out.
 */
int hp_fcgi_request(const char *socket, const char *const *params, unsigned timeout_ms,
	struct hp_buf *out, struct hp_err *err);
/* ping.path of a pool answers ping.response? 0, or HP_E_BUSY. Retries until timeout_ms. */
int hp_fcgi_ping(
	const char *socket, const char *ping_path, unsigned timeout_ms, struct hp_err *err);

#endif
