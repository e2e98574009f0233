/* Sockets with a deadline, for the probes alone. Deadlines are hp_now_ms() values. */
#ifndef HP_SYS_PROBE_IO_H
#define HP_SYS_PROBE_IO_H

#include <sys/socket.h>
#include "base/err.h"

/* A connected, non-blocking, close-on-exec stream socket, or HP_E_BUSY. name is for messages. */
int hp_probe_connect(const struct sockaddr *sa, socklen_t len, uint64_t deadline, const char *name,
	int *ret_fd, struct hp_err *err);
/* 0 when it can be read from (or written to), HP_E_BUSY at the deadline. */
int hp_probe_wait(int fd, bool to_write, uint64_t deadline, const char *name, struct hp_err *err);
int hp_probe_send(int fd, const void *p, size_t n, uint64_t deadline, const char *name,
	struct hp_err *err);
/* Bytes read, 0 at the end of the stream, or HP_E_BUSY. */
ssize_t hp_probe_recv(int fd, void *p, size_t n, uint64_t deadline, const char *name,
	struct hp_err *err);

#endif
