/*
 * Units of systemd, where it is PID 1: its manager asked over its own socket (sd-bus(3),
 * org.freedesktop.systemd1(5)), as systemctl does, without a process for each question. Names are
 * whole ("nginx.service", "php8.2-fpm@site1.socket").
 *
 * Errors are HP_E_OS where the manager can't be asked or refuses (with its own words), HP_E_BUSY
 * where a job is not through in time, HP_E_REFUSED where one fails. All name the unit.
 */
#ifndef HP_SYS_UNITS_H
#define HP_SYS_UNITS_H

#include <sys/types.h>
#include "base/err.h"
#include "base/pool.h"
#include "base/str.h"

/* Questions follow soon: the manager is connected to while something else is done. */
void hp_units_expect(void);

struct hp_unit {
	const char *name;
	/* one that is coming up or going down is there all the same */
	bool active, failed;
	pid_t pid;             /* a service's main process, or 0 */
};
/* How names->n units are: ret[i] of names->v[i]. One that does not exist is not active. */
int hp_units_look(const struct hp_strv *names, struct hp_unit *ret, struct hp_err *err);

enum hp_unit_job {
	HP_UNIT_START,         /* of an active one: a stop not yet through is called off */
	HP_UNIT_STOP,
	HP_UNIT_TRY_RESTART,   /* those that are active */
};
/*
 * All of them at once, each in its place (systemd's order of dependencies); waits until all are
 * through, at most timeout_ms. The first that fails is told, the rest are waited for all the same.
 * The same is asked for beside (NULL: none), for which nobody waits: what fails there is not told.
 */
int hp_units_do(enum hp_unit_job job, const struct hp_strv *names, const struct hp_strv *beside,
	unsigned timeout_ms, struct hp_err *err);
/* The same, and nobody waits: systemd sees to it, and to what does not end by itself. */
int hp_units_request(enum hp_unit_job job, const struct hp_strv *names, struct hp_err *err);

/* SIGKILL to all processes of each; one that has none by now is no error. */
void hp_units_kill(const struct hp_strv *names);
/* Forget that they failed, and how often they were started. */
int hp_units_reset_failed(const struct hp_strv *names, struct hp_err *err);
/* Read all unit files again. */
int hp_units_reload(struct hp_err *err);

#endif
