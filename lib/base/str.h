/*
 * Text: comparing, splitting, UTF-8, numbers. All parsers are strict: the whole string or nothing.
 */
#ifndef HP_BASE_STR_H
#define HP_BASE_STR_H

#include <string.h>
#include "base/attr.h"
#include "base/pool.h"

static inline bool hp_streq(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}
/* The same for secrets: in a time that depends on the lengths alone. */
bool hp_str_is_same(const char *a, const char *b);
bool hp_str_starts(const char *s, const char *prefix);
bool hp_str_ends(const char *s, const char *suffix);
/* s without the prefix, or NULL. */
const char *hp_str_after(const char *s, const char *prefix);

/*
 * Well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms) over n bytes? NUL counts as bad.
 */
bool hp_utf8_is_valid(const char *s, size_t n);
/*
 * Length (1–4) of the well-formed character at s with n bytes left; 0 when it is not one, or NUL.
 */
size_t hp_utf8_char(const char *s, size_t n);
/* The longest start of s of at most max bytes that does not cut a character in two. */
size_t hp_utf8_cut(const char *s, size_t max);
/* Any byte < 0x20 or 0x7f, or a C1 control in UTF-8? */
bool hp_str_has_control(const char *s, size_t n);
/* Copy for a message: control characters and bad UTF-8 become '?', cut to max bytes with "…". */
char *hp_str_printable(struct hp_pool *pool, const char *s, size_t max);
/*
 * The same into dst (size ≥ 1), for n bytes at s; cut: s itself was cut short already.
 * A character halved by that is dropped.
 */
void hp_str_to_printable(char *dst, size_t size, const char *s, size_t n, bool cut);
/* ASCII only, locale-independent. */
void hp_str_lower(char *s);
/*
 * How many insertions, deletions, replacements and swaps of neighbours lead from a to b (optimal
 * string alignment, over bytes). Both are looked at up to 64 bytes: for "did you mean".
 */
unsigned hp_str_distance(const char *a, const char *b);
/* Is b near enough to a mistyped a to be worth suggesting? */
bool hp_str_is_near(const char *a, const char *b);
/* Split at any of seps; empty pieces are dropped. */
void hp_str_split(struct hp_pool *pool, const char *s, const char *seps, struct hp_strv *ret);
/* Overwrite with zeros, not optimised away. */
void hp_wipe(void *p, size_t n);

/* Decimal, optional '-', no blanks, no leading '+'. 0 or HP_E_USAGE (no message). */
int hp_parse_i64(const char *s, int64_t min, int64_t max, int64_t *ret);
int hp_parse_u64(const char *s, uint64_t max, uint64_t *ret);
/* "256M", "1G", "512K", "1048576": bytes, factor 1024 (as php.ini writes sizes). */
int hp_parse_size(const char *s, uint64_t max, uint64_t *ret);
/* "90s" "15m" "12h" "90d", plain number = seconds. */
int hp_parse_duration(const char *s, uint64_t max, uint64_t *ret);
/* true false yes no on off 1 0 */
int hp_parse_bool(const char *s, bool *ret);

/* UTC now or t as RFC 3339 "2026-01-31T23:59:59Z" (20 characters + NUL). */
void hp_time_format(int64_t t, char ret[21]);
/* RFC 3339 with Z, or "YYYY-MM-DD HH:MM:SS[.frac][+00[:00]]" as databases print UTC. */
int hp_time_parse(const char *s, int64_t *ret);

#endif
