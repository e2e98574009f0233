/* Owner of <oath.h>. */
#include <oath.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "sys/lib.h"
#include "sys/totp.h"

#define WINDOW 1 /* steps before and behind (RFC 6238, 5.2: one for the way, clocks that differ) */

static struct {
	__typeof__(&oath_base32_decode) decode;
	__typeof__(&oath_base32_encode) encode;
	__typeof__(&oath_totp_generate) generate;
} lib;

static int load(struct hp_err *err)
{
	static const struct hp_lib_sym syms[] = {
		{"oath_base32_decode", &lib.decode},
		{"oath_base32_encode", &lib.encode},
		{"oath_totp_generate", &lib.generate},
		{NULL, NULL},
	};

	return lib.generate ? 0 : hp_lib_load(HP_LIB_OATH, syms, err);
}

int hp_totp_secret(char ret[HP_TOTP_SECRET_SIZE], struct hp_err *err)
{
	char random[20], *text = NULL;
	size_t n = 0;
	int r;

	if (load(err) < 0)
		return err->code;
	hp_random(random, sizeof(random));
	r = lib.encode(random, sizeof(random), &text, &n);
	hp_wipe(random, sizeof(random));
	if (r == OATH_OK && n == HP_TOTP_SECRET_SIZE - 1) {
		memcpy(ret, text, n);
		ret[n] = 0;
	} else {
		r = hp_err_set(err, HP_E_OS, "liboath can't write a secret in base32");
	}
	if (text)
		hp_wipe(text, n);
	free(text);
	return r;
}

/* The key is the caller's to wipe and free(). */
static int key_of(const char *secret, char **ret, size_t *ret_n, struct hp_err *err)
{
	*ret = NULL;
	*ret_n = 0;
	if (load(err) < 0)
		return err->code;
	if (lib.decode(secret, strlen(secret), ret, ret_n) != OATH_OK || !*ret_n)
		return hp_err_set(err, HP_E_USAGE, "the secret is not base32");
	return 0;
}

static void drop(char *key, size_t n)
{
	if (key)
		hp_wipe(key, n);
	free(key);
}

static int code_of(const char *key, size_t n, int64_t at, unsigned digits,
	char ret[HP_TOTP_CODE_SIZE], struct hp_err *err)
{
	int r = at < 0 ? OATH_TIME_ERROR
		       : lib.generate(key, n, (time_t)at, HP_TOTP_STEP_S,
				 OATH_TOTP_DEFAULT_START_TIME, digits, ret);

	return r == OATH_OK ? 0 : hp_err_set(err, HP_E_OS, "liboath can't make a code (%d)", r);
}

int hp_totp_code(const char *secret, int64_t at, unsigned digits, char ret[HP_TOTP_CODE_SIZE],
	struct hp_err *err)
{
	char *key;
	size_t n;
	int r = key_of(secret, &key, &n, err);

	if (r == 0)
		r = code_of(key, n, at, digits, ret, err);
	drop(key, n);
	return r;
}

/* In a time that does not tell where they differ. */
static bool same(const char *a, const char *b)
{
	unsigned char differ = 0;
	size_t i;

	for (i = 0; i < HP_TOTP_DIGITS; i++)
		differ |= (unsigned char)(a[i] ^ b[i]);
	return !differ;
}

int hp_totp_find(const char *secret, const char *code, int64_t at, int64_t after,
	int64_t *ret_step, struct hp_err *err)
{
	int64_t step, first = at / HP_TOTP_STEP_S - WINDOW;
	char have[HP_TOTP_CODE_SIZE], *key;
	int r, found = 0;
	size_t n;

	if (strlen(code) != HP_TOTP_DIGITS)
		return 0;
	r = key_of(secret, &key, &n, err);
	for (step = first < 0 ? 0 : first; r == 0 && step <= first + 2 * WINDOW; step++) {
		r = code_of(key, n, step * HP_TOTP_STEP_S, HP_TOTP_DIGITS, have, err);
		if (r == 0 && same(have, code) && step > after) {
			*ret_step = step;
			found = 1;
		}
	}
	hp_wipe(have, sizeof(have));
	drop(key, n);
	return r < 0 ? r : found;
}
