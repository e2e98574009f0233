/*
 * What is handed out once and kept as a hash: "hpk_", a name of 12 characters that is no secret,
 * "_", and 43 random ones, 215 bits, of which a plain SHA-256 is hash enough.
 */
#ifndef HP_PANEL_TOKEN_H
#define HP_PANEL_TOKEN_H

#include "sys/digest.h"

#define HP_TOKEN_ID_LEN 12
#define HP_TOKEN_SIZE (4 + HP_TOKEN_ID_LEN + 1 + 43 + 1)

struct hp_token {
	char text[HP_TOKEN_SIZE]; /* the secret; wipe it */
	char id[HP_TOKEN_ID_LEN + 1];
	char hash[HP_DIGEST_HEX];
};
/* n random characters, of 5 bits each, and a NUL behind them. */
void hp_token_random(char *to, size_t n);
/* Could it be n of those? */
bool hp_token_is_random(const char *s, size_t n);
/* prefix: 4 characters, "hpk_". */
void hp_token_make(const char *prefix, struct hp_token *ret);
/* The name in it, or "" where it can't be a token. */
void hp_token_id(const char *prefix, const char *text, char ret[HP_TOKEN_ID_LEN + 1]);
/* Could it be a name? */
bool hp_token_is_id(const char *s);
/* Is it the token's hash? hash NULL: no, in the same time. */
bool hp_token_is(const char *text, const char *hash);

#endif
