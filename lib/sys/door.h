/*
 * Doors: Unix sockets behind which systemd starts a program of ours as root, one for each
 * connection (Accept=yes). It takes what comes to the end, then answers in lines, and closes.
 */
#ifndef HP_SYS_DOOR_H
#define HP_SYS_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"

struct hp_door {
	const char *path;        /* of the socket */
	const void *in;          /* what is sent: these bytes … */
	size_t in_len;
	int in_fd;               /* … or, when > 0, this file from its start to its end */
	unsigned timeout_ms;     /* for all of it */
	size_t max_line;         /* a longer one ends it: HP_E_REFUSED */
	void (*line)(void *arg, const char *line, size_t len); /* each that comes, '\n' with it */
	void *arg;
};

/* Is it there, and may we knock? Nothing is started by asking. */
bool hp_door_is_open(const char *path);
/*
 * Everything sent, everything heard: 0, whatever was said; whether it was all there was to say is
 * seen from the lines. HP_E_DENIED, HP_E_BUSY (nobody there, too many at once, time-out), HP_E_OS.
 * One who closes before he has taken everything is no error: what he says of it is heard.
 */
int hp_door_call(const struct hp_door *d, struct hp_err *err);

#endif
