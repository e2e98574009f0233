/* SHA-256 (FIPS 180-4) through libmd. */
#ifndef HP_SYS_DIGEST_H
#define HP_SYS_DIGEST_H

#include "base/attr.h"

#define HP_DIGEST_HEX 65 /* 64 hexadecimal digits and a NUL */

struct hp_digest {
	union {
		char mem[256];
		long long align;
	} ctx;
};
void hp_digest_init(struct hp_digest *d);
void hp_digest_add(struct hp_digest *d, const void *p, size_t n);
void hp_digest_hex(struct hp_digest *d, char ret[HP_DIGEST_HEX]); /* ends it */
void hp_digest_of(const void *p, size_t n, char ret[HP_DIGEST_HEX]);

#endif
