/*
 * Codes of a second factor: TOTP (RFC 6238) as every authenticator does it by default, SHA-1, 30
 * seconds, by liboath, which is loaded at the first of them. Secrets and codes are the caller's to
 * wipe.
 */
#ifndef HP_SYS_TOTP_H
#define HP_SYS_TOTP_H

#include "base/err.h"

#define HP_TOTP_STEP_S 30
#define HP_TOTP_DIGITS 6
#define HP_TOTP_SECRET_SIZE 33 /* 160 bits in base32 (RFC 4226, 4), and the NUL */
#define HP_TOTP_CODE_SIZE 9    /* of 8 digits at the most */

int hp_totp_secret(char ret[HP_TOTP_SECRET_SIZE], struct hp_err *err);
/* The code of a time, with 6 to 8 digits. secret in base32; HP_E_USAGE where it is none. */
int hp_totp_code(const char *secret, int64_t at, unsigned digits, char ret[HP_TOTP_CODE_SIZE],
	struct hp_err *err);
/*
 * Is it the code of the time's step, or of the one before or behind it, and of one later than
 * "after" (a step, so that none is good twice)? 1 and the step, or 0, in the same time.
 */
int hp_totp_find(const char *secret, const char *code, int64_t at, int64_t after,
	int64_t *ret_step, struct hp_err *err);

#endif
