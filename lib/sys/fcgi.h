/*
 * One request at a time from a web server: FastCGI on the listening socket at descriptor 0, or
 * plain CGI (RFC 3875), where the environment is the one request there is. The only user of
 * libfcgi. A process has one of these; several processes may accept on the same socket.
 */
#ifndef HP_SYS_FCGI_H
#define HP_SYS_FCGI_H

#include "base/err.h"

struct hp_fcgi;

/* Is descriptor 0 no listening socket, and so the environment the request? */
bool hp_fcgi_is_plain(void);
/*
 * Never freed before the process ends. From here on SIGTERM and SIGINT, which the caller catches,
 * come in hp_fcgi_accept() only, so that a request that has begun is answered.
 */
int hp_fcgi_new(struct hp_fcgi **ret, struct hp_err *err);
/*
 * Waits for the next request, on a new connection or on the one that the web server keeps. False
 * when there will be none: a signal came, or plain CGI's one was answered.
 */
bool hp_fcgi_accept(struct hp_fcgi *f);
/* NULL: not set. Valid until hp_fcgi_end(). */
const char *hp_fcgi_param(const struct hp_fcgi *f, const char *name);
/* Of the request's body: bytes, 0 at its end, or -1. */
ssize_t hp_fcgi_read(struct hp_fcgi *f, void *p, size_t n);
/* Whoever asked may have gone; that is not told. */
void hp_fcgi_write(struct hp_fcgi *f, const void *p, size_t n);
/* What was left of its body is skipped. */
void hp_fcgi_end(struct hp_fcgi *f);

#endif
