/* The panel's own user and group, as systemd/sysusers.d makes them. Neither is there everywhere. */
#ifndef HP_SYS_ACCOUNT_H
#define HP_SYS_ACCOUNT_H

#include <stdbool.h>
#include <sys/types.h>

#define HP_PANEL_USER "hosting-panel"

/* Is it the panel's own user? Never root. */
bool hp_is_panel_uid(uid_t uid);
/* The group of that name; (gid_t)-1 where there is none. */
gid_t hp_panel_gid(void);

#endif
