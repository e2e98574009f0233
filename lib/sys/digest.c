#include "base/err.h"
#include "sys/digest.h"

#include <sha2.h>

_Static_assert(sizeof(SHA2_CTX) <= sizeof(((struct hp_digest *)0)->ctx), "hp_digest is too small");

static SHA2_CTX *context(struct hp_digest *d)
{
	return (SHA2_CTX *)(void *)d->ctx.mem;
}

void hp_digest_init(struct hp_digest *d)
{
	SHA256Init(context(d));
}

void hp_digest_add(struct hp_digest *d, const void *p, size_t n)
{
	if (n)
		SHA256Update(context(d), p, n);
}

void hp_digest_hex(struct hp_digest *d, char ret[HP_DIGEST_HEX])
{
	static const char hex[] = "0123456789abcdef";
	uint8_t sum[SHA256_DIGEST_LENGTH];

	SHA256Final(sum, context(d));
	for (size_t i = 0; i < sizeof(sum); i++) {
		ret[2 * i] = hex[sum[i] >> 4];
		ret[2 * i + 1] = hex[sum[i] & 15];
	}
	ret[HP_DIGEST_HEX - 1] = '\0';
}

void hp_digest_of(const void *p, size_t n, char ret[HP_DIGEST_HEX])
{
	struct hp_digest d;

	hp_digest_init(&d);
	hp_digest_add(&d, p, n);
	hp_digest_hex(&d, ret);
}
