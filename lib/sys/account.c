#include <grp.h>
#include <pwd.h>
#include <stddef.h>

#include "sys/account.h"

bool hp_is_panel_uid(uid_t uid)
{
	const struct passwd *panel = uid != 0 ? getpwnam(HP_PANEL_USER) : NULL;

	return panel && panel->pw_uid == uid;
}

gid_t hp_panel_gid(void)
{
	const struct group *panel = getgrnam(HP_PANEL_USER);

	return panel ? panel->gr_gid : (gid_t)-1;
}
