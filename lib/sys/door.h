/*
 * Doors: Unix sockets behind which systemd starts a program of ours as root, one for each
 * connection (Accept=yes). It takes what comes to the end, then answers in lines, and closes.
 */
#ifndef HP_SYS_DOOR_H
#define HP_SYS_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "sys/run.h"

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
/*
 * Behind a door: who is at the other end of the connection? Root, who we are ourselves, and the
 * panel's own user are let in, whatever the socket's mode; HP_E_DENIED.
 */
int hp_door_check_peer(int fd, struct hp_err *err);

/* ---- programs, run by root (lib/sys/door_run.c) ---- */
#define HP_DOOR_ARGS_MAX 64
#define HP_DOOR_REQUEST_MAX ((size_t)512 << 10) /* bytes of JSON */
/*
 * As hp_run(), but root runs it, behind hosting-panel-node-manager.socket (cmd/hp-door.c): one of
 * our programs, with a verb that is marked CLI_DOOR, and --as. Of r argv (the last part of argv[0]
 * counts), in (text), out, errs, max_out and timeout_ms are looked at. The same result; HP_E_BUSY
 * also when nobody is there, HP_E_DENIED when we may not knock.
 */
int hp_door_run(const struct hp_run *r, struct hp_err *err);

#endif
