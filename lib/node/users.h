/*
 * The Unix users of websites, many in one go. An account is ours when its GECOS
 * field is HP_USER_GECOS; any other is never changed, taken over or removed.
 * Accounts get a locked password, shell /usr/sbin/nologin and a group of the same
 * name and number. Files are not made here (folders.h).
 *
 * root is the sysroot whose /etc/passwd is meant. The engine makes no users when a
 * --sysroot is given; tests do.
 */
#ifndef HP_NODE_USERS_H
#define HP_NODE_USERS_H

#include <sys/types.h>
#include "base/err.h"
#include "base/pool.h"

#define HP_USER_GECOS "hosting-panel site"
#define HP_USER_SHELL "/usr/sbin/nologin"

struct hp_user_want {
	const char *name;
	uid_t uid;             /* and gid */
	const char *home;      /* absolute; not made */
};

/*
 * Compare with what is there. missing[i] (may be NULL) is set true for those to be made.
 * HP_E_EXISTS, and *ret_bad the index: the name is a foreign account, has another uid, or the uid
 * or gid is another's. Asks other name services (LDAP …) only where nsswitch.conf names one.
 */
int hp_users_check(const char *root, const struct hp_user_want *v, size_t n, bool *missing,
	size_t *ret_bad, struct hp_err *err);
/*
 * Check, then make those that are missing: one systemd-sysusers run (needs no running systemd),
 * else groupadd and useradd one by one. Names that were made are added to made (may be NULL), for
 * undo; after an error those made so far are in it.
 */
int hp_users_make(struct hp_pool *pool, const char *root, const struct hp_user_want *v, size_t n,
	struct hp_strv *made, struct hp_err *err);
/*
 * Remove accounts that are ours (a foreign one is HP_E_EXISTS, a missing one is fine) with their
 * groups; their files stay. Processes still running under the uid are killed first (real root
 * only): stop the instances before, gracefully.
 */
int hp_users_remove(const char *root, const char *const *names, size_t n, struct hp_err *err);
/* Does this account exist and is it ours? 1 yes, 0 no such account, HP_E_EXISTS foreign. */
int hp_users_is_ours(const char *root, const char *name, uid_t *ret_uid, struct hp_err *err);

#endif
