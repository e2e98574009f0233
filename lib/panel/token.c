#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "panel/token.h"

/* Letters and digits without those that look alike: 32, so that each is as likely. */
static const char digits[] = "abcdefghijkmnpqrstuvwxyz23456789";

void hp_token_random(char *to, size_t n)
{
	size_t i;

	hp_random(to, n);
	for (i = 0; i < n; i++)
		to[i] = digits[(unsigned char)to[i] % 32];
	to[n] = 0;
}

void hp_token_make(const char *prefix, struct hp_token *ret)
{
	char secret[HP_TOKEN_SIZE - 4 - HP_TOKEN_ID_LEN - 1];

	hp_token_random(ret->id, HP_TOKEN_ID_LEN);
	hp_token_random(secret, sizeof(secret) - 1);
	snprintf(ret->text, sizeof(ret->text), "%.4s%s_%s", prefix, ret->id, secret);
	hp_wipe(secret, sizeof(secret));
	hp_digest_of(ret->text, strlen(ret->text), ret->hash);
}

bool hp_token_is_random(const char *s, size_t n)
{
	return strlen(s) == n && strspn(s, digits) == n;
}

bool hp_token_is_id(const char *s)
{
	return hp_token_is_random(s, HP_TOKEN_ID_LEN);
}

void hp_token_id(const char *prefix, const char *text, char ret[HP_TOKEN_ID_LEN + 1])
{
	memset(ret, 0, HP_TOKEN_ID_LEN + 1);
	if (strlen(text) == HP_TOKEN_SIZE - 1 && hp_str_starts(text, prefix))
		memcpy(ret, text + 4, HP_TOKEN_ID_LEN);
	if (!hp_token_is_id(ret))
		*ret = 0;
}

bool hp_token_is(const char *text, const char *hash)
{
	static const char none[HP_DIGEST_HEX] = "";
	char have[HP_DIGEST_HEX];
	unsigned char differ = 0;
	size_t i;

	if (!hash || strlen(hash) != HP_DIGEST_HEX - 1)
		hash = none;
	hp_digest_of(text, strlen(text), have);
	for (i = 0; i < HP_DIGEST_HEX - 1; i++)
		differ |= (unsigned char)(have[i] ^ hash[i]);
	return !differ;
}
