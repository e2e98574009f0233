#include "base/str.h"

#include "base/err.h"

/* Digits at s, at least one, to *ret; *ret_end is where they end. False on overflow as well. */
static bool digits(const char *s, uint64_t *ret, const char **ret_end)
{
	uint64_t v = 0;
	const char *p = s;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(v, 10, &v)
			|| __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return false;
	*ret = v;
	*ret_end = p;
	return p > s;
}

int hp_parse_u64(const char *s, uint64_t max, uint64_t *ret)
{
	const char *end;
	uint64_t v;

	if (!s || !digits(s, &v, &end) || *end || v > max)
		return HP_E_USAGE;
	*ret = v;
	return 0;
}

int hp_parse_i64(const char *s, int64_t min, int64_t max, int64_t *ret)
{
	bool neg = s && *s == '-';
	const char *end;
	uint64_t u;
	int64_t v;

	if (!s || !digits(s + neg, &u, &end) || *end)
		return HP_E_USAGE;
	if (u > (uint64_t)INT64_MAX + neg)
		return HP_E_USAGE;
	/* Negate while unsigned: INT64_MIN has no positive counterpart. */
	v = neg ? (int64_t)(0 - u) : (int64_t)u;
	if (v < min || v > max)
		return HP_E_USAGE;
	*ret = v;
	return 0;
}

struct unit {
	char letter, other; /* other: accepted as well; 0 when there is none */
	uint64_t factor;
};

static int parse_unit(
	const char *s, const struct unit *units, size_t n, uint64_t max, uint64_t *ret)
{
	const char *end;
	uint64_t v;

	if (!s || !digits(s, &v, &end))
		return HP_E_USAGE;
	if (*end) {
		size_t i;

		for (i = 0; i < n && *end != units[i].letter && *end != units[i].other; i++)
			;
		if (i == n || end[1] || __builtin_mul_overflow(v, units[i].factor, &v))
			return HP_E_USAGE;
	}
	if (v > max)
		return HP_E_USAGE;
	*ret = v;
	return 0;
}

int hp_parse_size(const char *s, uint64_t max, uint64_t *ret)
{
	static const struct unit units[] = {
		{'K', 'k', 1 << 10},
		{'M', 'm', 1 << 20},
		{'G', 'g', 1 << 30},
	};

	return parse_unit(s, units, HP_ARRAY_SIZE(units), max, ret);
}

int hp_parse_duration(const char *s, uint64_t max, uint64_t *ret)
{
	static const struct unit units[] = {
		{'s', 's', 1},
		{'m', 'm', 60},
		{'h', 'h', 60 * 60},
		{'d', 'd', 24 * 60 * 60},
	};

	return parse_unit(s, units, HP_ARRAY_SIZE(units), max, ret);
}

int hp_parse_bool(const char *s, bool *ret)
{
	static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};

	for (size_t i = 0; s && i < HP_ARRAY_SIZE(words); i++)
		if (strcmp(s, words[i]) == 0) {
			*ret = i % 2;
			return 0;
		}
	return HP_E_USAGE;
}
