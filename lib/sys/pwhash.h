/*
 * Password hashes, by crypt(3) of the system; libcrypt is loaded at the first of them.
 * Passwords are the caller's to wipe.
 */
#ifndef HP_SYS_PWHASH_H
#define HP_SYS_PWHASH_H

#include "base/err.h"
#include "base/pool.h"

/* "$6$…" with a salt of its own each time: of what every web server reads, the strongest. */
int hp_pwhash(struct hp_pool *pool, const char *password, const char **ret, struct hp_err *err);
/*
 * A yescrypt hash ("$y$…"), for who logs in to the panel: dear in memory, so that guessing it is
 * dear, too. Some 20 ms and 16 MB.
 */
int hp_pwhash_login(struct hp_pool *pool, const char *password, const char **ret,
	struct hp_err *err);
/*
 * Is it the password's hash? No also where the system can't tell. It takes the
 * same time wherever the hashes differ.
 */
bool hp_pwhash_is(const char *password, const char *hash);

#endif
