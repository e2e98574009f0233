/*
 * libmd does the work and every padding; it is loaded at the first digest. Where the processor
 * has instructions for SHA-256, whole blocks go through those: a plan over thousands of files
 * spends most of its time in digests.
 */
#include "base/err.h"
#include "sys/digest.h"
#include "sys/lib.h"

#include <sha2.h>

static struct {
	__typeof__(&SHA256Init) init;
	__typeof__(&SHA256Update) update;
	__typeof__(&SHA256Final) final;
} lib;

static void load(void)
{
	static const struct hp_lib_sym syms[] = {
		{"SHA256Init", &lib.init},
		{"SHA256Update", &lib.update},
		{"SHA256Final", &lib.final},
		{NULL, NULL},
	};
	struct hp_err err = HP_ERR_INIT;

	if (!lib.final && hp_lib_load(HP_LIB_MD, syms, &err) < 0)
		hp_die(err.code, "%s", err.msg);
}

_Static_assert(sizeof(SHA2_CTX) <= sizeof(((struct hp_digest *)0)->ctx), "hp_digest is too small");

static SHA2_CTX *context(struct hp_digest *d)
{
	return (SHA2_CTX *)(void *)d->ctx.mem;
}

#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>

/* FIPS 180-4 §4.2.2 */
static const uint32_t k256[64] __attribute__((aligned(16))) = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5,
	0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
	0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
	0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5,
	0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static bool has_sha_instructions(void)
{
	static int known = -1;
	unsigned a, b, c, d;

	if (known < 0)
		known = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSSE3) && (c & bit_SSE4_1) &&
			__get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & (1u << 29));
	return known;
}

/* n blocks of 64 bytes into state (a…h). The instructions want it as (a,b,e,f) and (c,d,g,h). */
__attribute__((target("sha,ssse3,sse4.1"))) static void add_blocks(uint32_t state[8],
	const uint8_t *p, size_t n)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i abef, cdgh, abef_before, cdgh_before, k, t, m[4];

	t = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(void *)state), 0xb1);
	cdgh = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(void *)(state + 4)), 0x1b);
	abef = _mm_alignr_epi8(t, cdgh, 8);
	cdgh = _mm_blend_epi16(cdgh, t, 0xf0);
	for (; n; n--, p += SHA256_BLOCK_LENGTH) {
		abef_before = abef;
		cdgh_before = cdgh;
		for (int i = 0; i < 4; i++)
			m[i] = _mm_shuffle_epi8(
				_mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i)), swap);
#pragma GCC unroll 16
		for (int i = 0; i < 16; i++) { /* four rounds each */
			k = _mm_add_epi32(m[i & 3],
				_mm_load_si128((const __m128i *)(const void *)(k256 + 4 * i)));
			cdgh = _mm_sha256rnds2_epu32(cdgh, abef, k);
			abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(k, 0x0e));
			if (i >= 12)
				continue;
			t = _mm_sha256msg1_epu32(m[i & 3], m[(i + 1) & 3]);
			t = _mm_add_epi32(t, _mm_alignr_epi8(m[(i + 3) & 3], m[(i + 2) & 3], 4));
			m[i & 3] = _mm_sha256msg2_epu32(t, m[(i + 3) & 3]);
		}
		abef = _mm_add_epi32(abef, abef_before);
		cdgh = _mm_add_epi32(cdgh, cdgh_before);
	}
	t = _mm_shuffle_epi32(abef, 0x1b);
	cdgh = _mm_shuffle_epi32(cdgh, 0xb1);
	_mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(t, cdgh, 0xf0));
	_mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(cdgh, t, 8));
}
#else
static bool has_sha_instructions(void)
{
	return false;
}

static void add_blocks(uint32_t state[8] HP_UNUSED, const uint8_t *p HP_UNUSED, size_t n HP_UNUSED)
{
}
#endif

void hp_digest_init(struct hp_digest *d)
{
	load();
	lib.init(context(d));
}

void hp_digest_add(struct hp_digest *d, const void *data, size_t n)
{
	SHA2_CTX *c = context(d);
	const uint8_t *p = data;
	size_t buffered = c->bitcount[0] / 8 % SHA256_BLOCK_LENGTH, part;

	if (n >= 2 * SHA256_BLOCK_LENGTH && has_sha_instructions()) {
		if (buffered) { /* complete the block that was begun */
			part = SHA256_BLOCK_LENGTH - buffered;
			lib.update(c, p, part);
			p += part;
			n -= part;
		}
		part = n / SHA256_BLOCK_LENGTH;
		add_blocks(c->state.st32, p, part);
		p += part * SHA256_BLOCK_LENGTH;
		n %= SHA256_BLOCK_LENGTH;
		c->bitcount[0] += (uint64_t)part * SHA256_BLOCK_LENGTH * 8;
	}
	if (n)
		lib.update(c, p, n);
}

void hp_digest_hex(struct hp_digest *d, char ret[HP_DIGEST_HEX])
{
	static const char hex[] = "0123456789abcdef";
	uint8_t sum[SHA256_DIGEST_LENGTH];

	lib.final(sum, context(d));
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
