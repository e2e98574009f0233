/*
 * Services: systemd where it is PID 1 (/run/systemd/system exists), else
 * Debian's /etc/init.d scripts. Names are systemd's without ".service" ("nginx").
 */
#ifndef HP_SYS_SERVICE_H
#define HP_SYS_SERVICE_H

#include <sys/types.h>
#include "base/err.h"

enum hp_service_manager { HP_SERVICE_SYSTEMD, HP_SERVICE_SYSV };
enum hp_service_manager hp_service_manager(void);

int hp_service_start(const char *const *names, struct hp_err *err);
int hp_service_stop(const char *const *names, struct hp_err *err);
int hp_service_daemon_reload(struct hp_err *err);                     /* no-op without systemd */
/*
 * Main pid, 0 when not running. Where there is no systemd, it is what pidfile says: that may be
 * another program's by now, which the caller looks at.
 */
int hp_service_pid(
	const char *name, const char *pidfile, pid_t *ret, struct hp_err *err);

#endif
