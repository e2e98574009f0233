#include "base/str.h"

#include "base/err.h"

bool hp_str_is_same(const char *a, const char *b)
{
	size_t i, n = strlen(a);
	unsigned char differ = 0;

	if (n != strlen(b))
		return false;
	for (i = 0; i < n; i++)
		differ |= (unsigned char)(a[i] ^ b[i]);
	return !differ;
}

bool hp_str_starts(const char *s, const char *prefix)
{
	return hp_str_after(s, prefix) != NULL;
}

bool hp_str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

const char *hp_str_after(const char *s, const char *prefix)
{
	size_t m = strlen(prefix);

	return strncmp(s, prefix, m) == 0 ? s + m : NULL;
}

static bool is_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* RFC 3629 §4, the grammar "UTF8-char" as it stands there. */
size_t hp_utf8_char(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;
	unsigned char lo = 0x80, hi = 0xbf;

	if (n == 0 || p[0] == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2)
		return 0;
	if (p[0] < 0xe0)
		return n >= 2 && is_tail(p[1]) ? 2 : 0;
	if (p[0] == 0xe0 || p[0] == 0xf0)
		lo = p[0] == 0xe0 ? 0xa0 : 0x90; /* shorter forms exist */
	else if (p[0] == 0xed)
		hi = 0x9f; /* surrogates */
	else if (p[0] == 0xf4)
		hi = 0x8f; /* beyond U+10FFFF */
	if (n < 2 || p[1] < lo || p[1] > hi)
		return 0;
	if (p[0] < 0xf0)
		return n >= 3 && is_tail(p[2]) ? 3 : 0;
	return p[0] <= 0xf4 && n >= 4 && is_tail(p[2]) && is_tail(p[3]) ? 4 : 0;
}

bool hp_utf8_is_valid(const char *s, size_t n)
{
	for (size_t i = 0, len; i < n; i += len) {
		len = hp_utf8_char(s + i, n - i);
		if (len == 0)
			return false;
	}
	return true;
}

size_t hp_utf8_cut(const char *s, size_t max)
{
	size_t n = strnlen(s, max + 1), start;

	if (n <= max)
		return n;
	/* s[max] exists. Where it continues a character, go back to that one's start. */
	for (start = max; start > 0 && max - start < 3 && is_tail((unsigned char)s[start]); start--)
		;
	return is_tail((unsigned char)s[start]) ? max : start;
}

/* A control character at s, which has n ≥ 1 bytes left? */
static bool is_control(const char *s, size_t n)
{
	unsigned char c = (unsigned char)s[0];

	if (c < 0x20 || c == 0x7f)
		return true;
	/* U+0080–U+009F: terminals obey these as they do ESC sequences. */
	return c == 0xc2 && n >= 2 && (unsigned char)s[1] >= 0x80 && (unsigned char)s[1] <= 0x9f;
}

bool hp_str_has_control(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_control(s + i, n - i))
			return true;
	return false;
}

/* Could s, of n < 4 bytes, be the start of a longer character that was cut off? */
static bool is_halved(const char *s, size_t n)
{
	unsigned char c = (unsigned char)s[0];
	size_t want = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc2 ? 2 : 1;

	for (size_t i = 1; i < n; i++)
		if (!is_tail((unsigned char)s[i]))
			return false;
	return n < want;
}

void hp_str_to_printable(char *dst, size_t size, const char *s, size_t n, bool cut)
{
	static const char dots[] = "…";
	const size_t dots_len = sizeof(dots) - 1;
	size_t o = 0, fits = 0; /* fits: where the dots would still have room */
	bool more = cut;

	for (size_t i = 0, len; i < n; i += len) {
		bool bad;

		len = hp_utf8_char(s + i, n - i);
		if (len == 0 && cut && is_halved(s + i, n - i))
			break;
		bad = len == 0 || is_control(s + i, n - i);
		if (len == 0)
			len = 1;
		if (o + (bad ? 1 : len) >= size) {
			more = true;
			break;
		}
		if (bad) {
			dst[o++] = '?';
		} else {
			memcpy(dst + o, s + i, len);
			o += len;
		}
		if (o + dots_len < size)
			fits = o;
	}
	if (more && size > dots_len) {
		memcpy(dst + fits, dots, dots_len);
		o = fits + dots_len;
	}
	dst[o] = '\0';
}

char *hp_str_printable(struct hp_pool *pool, const char *s, size_t max)
{
	size_t n = strnlen(s, max + 1);
	char *r = hp_palloc(pool, (n < max ? n : max) + 1);

	/* Replacing never lengthens: n bytes and a NUL are enough. */
	hp_str_to_printable(r, (n < max ? n : max) + 1, s, n, false);
	return r;
}

void hp_str_lower(char *s)
{
	for (; *s; s++)
		if (*s >= 'A' && *s <= 'Z')
			*s = (char)(*s - 'A' + 'a');
}

void hp_str_split(struct hp_pool *pool, const char *s, const char *seps, struct hp_strv *ret)
{
	for (;;) {
		size_t n;

		s += strspn(s, seps);
		if (!*s)
			return;
		n = strcspn(s, seps);
		hp_strv_add_ref(pool, ret, hp_pstrndup(pool, s, n));
		s += n;
	}
}

void hp_wipe(void *p, size_t n)
{
	if (n)
		explicit_bzero(p, n);
}

#define DISTANCE_MAX 64

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

unsigned hp_str_distance(const char *a, const char *b)
{
	/* Rows i-2, i-1 and i of the usual table, used in turn. */
	unsigned rows[3][DISTANCE_MAX + 1];
	size_t n = strnlen(a, DISTANCE_MAX), m = strnlen(b, DISTANCE_MAX);

	for (size_t j = 0; j <= m; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *row = rows[i % 3];
		const unsigned *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			row[j] = min3(up[j] + 1, row[j - 1] + 1, up[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]
				&& up2[j - 2] + 1 < row[j])
				row[j] = up2[j - 2] + 1;
		}
	}
	return rows[n % 3][m];
}

bool hp_str_is_near(const char *a, const char *b)
{
	size_t n = strlen(a);
	unsigned d;

	/* Somebody who stopped early: --col for --columns. */
	if (n >= 2 && strncmp(a, b, n) == 0)
		return true;
	d = hp_str_distance(a, b);
	return d <= (n < 3 ? 1 : n < 6 ? 2 : 3) && d < n;
}
