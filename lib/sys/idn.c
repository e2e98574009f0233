/*
 * libidn2 and, for the script of a character, the libunistring that it stands
 * on; both loaded at the first name that needs them.
 */
#include <idn2.h>
#include <unictype.h>

#include "base/str.h"
#include "sys/idn.h"
#include "sys/lib.h"

/*
 * Without IDN2_USE_STD3_ASCII_RULES: libidn2 2.3 drops what they forbid (a name with "_" would be
 * taken as one without) instead of refusing it. check_std3() refuses.
 */
#define FLAGS (IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL)
#define MAX_INPUT 1024 /* bytes; a domain has at most 253 characters */

static struct {
	__typeof__(&idn2_lookup_u8) lookup;
	__typeof__(&idn2_to_unicode_8z8z) to_unicode;
	__typeof__(&idn2_strerror) strerror;
	__typeof__(&idn2_free) free;
	__typeof__(&uc_script) script;
} lib;

static int load(struct hp_err *err)
{
	/* uc_script is libunistring's, which libidn2 depends on. */
	static const struct hp_lib_sym syms[] = {
		{"idn2_lookup_u8", &lib.lookup},
		{"idn2_to_unicode_8z8z", &lib.to_unicode},
		{"idn2_strerror", &lib.strerror},
		{"idn2_free", &lib.free},
		{"uc_script", &lib.script},
		{NULL, NULL},
	};

	if (lib.script)
		return 0;
	if (hp_lib_load(HP_LIB_IDN2, syms, err) < 0) {
		hp_err_prefix(err, "internationalised names need libidn2");
		return hp_err_hint(err, "install the package libidn2-0");
	}
	return 0;
}

/* What libidn2 returns is copied into the pool and given back to it. */
static char *taken(struct hp_pool *pool, void *s)
{
	char *copy = hp_pstrdup(pool, s);

	lib.free(s);
	return copy;
}

static int refused(int rc, struct hp_err *err)
{
	if (rc == IDN2_MALLOC)
		hp_die(HP_E_OS, "out of memory");
	return hp_err_set(err, HP_E_USAGE, "%s", lib.strerror(rc));
}

static int to_ascii(struct hp_pool *pool, const char *name, const char **ret, struct hp_err *err)
{
	uint8_t *out = NULL;
	int rc = lib.lookup((const uint8_t *)name, &out, FLAGS);

	if (rc != IDN2_OK)
		return refused(rc, err);
	*ret = taken(pool, out);
	return 0;
}

static int to_unicode(struct hp_pool *pool, const char *name, const char **ret, struct hp_err *err)
{
	char *out = NULL;
	int rc = lib.to_unicode(name, &out, 0);

	if (rc != IDN2_OK)
		return refused(rc, err);
	*ret = taken(pool, out);
	return 0;
}

/* ---- mixed scripts ---- */

/*
 * "Highly Restrictive" of UTS 39 §5.2: all characters of a label from one script, or from the
 * Latin one together with those that Japanese, Chinese or Korean is written in. Digits,
 * hyphens and marks belong to all scripts (Common, Inherited).
 */
enum {
	LATIN = 1, HAN = 2, HIRAGANA = 4, KATAKANA = 8, BOPOMOFO = 16, HANGUL = 32, OTHER = 64,
};

static unsigned script_bit(const char *name)
{
	static const struct {
		const char *name;
		unsigned bit;
	} known[] = {
		{"Common", 0},
		{"Inherited", 0},
		{"Latin", LATIN},
		{"Han", HAN},
		{"Hiragana", HIRAGANA},
		{"Katakana", KATAKANA},
		{"Bopomofo", BOPOMOFO},
		{"Hangul", HANGUL},
	};

	for (size_t i = 0; i < HP_ARRAY_SIZE(known); i++) {
		if (strcmp(known[i].name, name) == 0)
			return known[i].bit;
	}
	return OTHER;
}

static bool may_mix(unsigned scripts)
{
	return !(scripts & ~(unsigned)(LATIN | HAN | HIRAGANA | KATAKANA)) ||
	       !(scripts & ~(unsigned)(LATIN | HAN | BOPOMOFO)) ||
	       !(scripts & ~(unsigned)(LATIN | HAN | HANGUL));
}

/* The character at s, which is well-formed and n bytes long. */
static ucs4_t decode(const char *s, size_t n)
{
	static const unsigned char first[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	ucs4_t c = (unsigned char)*s & first[n];

	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)s[i] & 0x3f);
	return c;
}

/* u: U-labels. Names the two scripts that clash. */
static int check_scripts(const char *u, struct hp_err *err)
{
	const char *end = u + strlen(u), *before = NULL;
	unsigned scripts = 0;

	for (size_t n; u < end; u += n) {
		const uc_script_t *script;

		n = hp_utf8_char(u, (size_t)(end - u));
		HP_BUG_ON(n == 0);
		if (*u == '.') {
			scripts = 0;
			before = NULL;
			continue;
		}
		script = lib.script(decode(u, n));
		if (script && !script_bit(script->name))
			continue;
		if (!script || (before && strcmp(before, script->name) != 0 &&
			!may_mix(scripts | script_bit(script->name))))
			return hp_err_set(err, HP_E_USAGE, "one label mixes %s and %s letters",
				before ? before : "unknown", script ? script->name : "unknown");
		scripts |= script_bit(script->name);
		before = script->name;
	}
	return 0;
}

/* ---- names ---- */

static bool is_ascii(const char *s)
{
	while (*s && (unsigned char)*s < 0x80)
		s++;
	return !*s;
}

/* Does any label start with "xn--", in either case? */
static bool has_alabel(const char *s)
{
	for (; s; s = strchr(s, '.'), s = s ? s + 1 : NULL) {
		if ((s[0] | 0x20) == 'x' && (s[1] | 0x20) == 'n' && s[2] == '-' && s[3] == '-')
			return true;
	}
	return false;
}

/*
 * Of ASCII only letters, digits, hyphens and dots (STD 3); nor the three characters that
 * decompose to something else (≠ ≮ ≯: "disallowed_STD3_valid" in UTS 46's table).
 */
static int check_std3(const char *s, struct hp_err *err)
{
	if (strstr(s, "\u2260") || strstr(s, "\u226e") || strstr(s, "\u226f"))
		return hp_err_set(err, HP_E_USAGE, "a mathematical sign");
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x80 && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z') &&
			!(c >= '0' && c <= '9') && c != '-' && c != '.')
			return hp_err_set(err, HP_E_USAGE,
				"characters other than letters, digits and hyphens");
	}
	return 0;
}

static int check_input(const char *name, struct hp_err *err)
{
	size_t n = strnlen(name, MAX_INPUT + 1);

	if (n == 0)
		return hp_err_set(err, HP_E_USAGE, "it is empty");
	if (n > MAX_INPUT)
		return hp_err_set(err, HP_E_USAGE, "it is longer than %d bytes", MAX_INPUT);
	if (!hp_utf8_is_valid(name, n))
		return hp_err_set(err, HP_E_USAGE, "it is not valid UTF-8");
	return 0;
}

/* The rest of hp_idn_to_ascii() for names that need the libraries. */
static int convert(struct hp_pool *pool, const char *name, const char **ret, struct hp_err *err)
{
	const char *a, *u, *again;
	int r;

	r = load(err);
	if (r == 0)
		r = to_ascii(pool, name, &a, err);
	if (r == 0 && !*a) /* characters that are dropped, and no other */
		r = hp_err_set(err, HP_E_USAGE, "it is empty");
	if (r == 0)
		r = to_unicode(pool, a, &u, err);
	if (r == 0)
		r = check_scripts(u, err);
	/* An A-label that no name is written as would be shown as one name, served as another. */
	if (r == 0)
		r = to_ascii(pool, u, &again, err);
	if (r == 0 && strcmp(a, again) != 0)
		r = hp_err_set(err, HP_E_USAGE,
			"its \"xn--\" part is not what any name is written as");
	if (r == 0)
		r = check_std3(u, err);
	if (r == 0)
		*ret = a;
	return r;
}

int hp_idn_to_ascii(struct hp_pool *pool, const char *name, const char **ret, struct hp_err *err)
{
	bool wildcard = name[0] == '*' && name[1] == '.';
	const char *rest = wildcard ? name + 2 : name, *a = NULL;
	char *lower;
	int r;

	r = check_input(rest, err);
	if (r == 0)
		r = check_std3(rest, err);
	if (r < 0)
		return r;
	if (is_ascii(rest) && !has_alabel(rest)) {
		lower = hp_pstrdup(pool, rest);
		hp_str_lower(lower);
		a = lower;
	} else {
		r = convert(pool, rest, &a, err);
	}
	if (r < 0)
		return r;
	*ret = wildcard ? hp_pprintf(pool, "*.%s", a) : a;
	return 0;
}

int hp_idn_to_unicode(struct hp_pool *pool, const char *name, const char **ret, struct hp_err *err)
{
	bool wildcard = name[0] == '*' && name[1] == '.';
	const char *u;
	int r;

	if (!has_alabel(name)) {
		*ret = hp_pstrdup(pool, name);
		return 0;
	}
	r = check_input(name, err);
	if (r == 0)
		r = load(err);
	if (r == 0)
		r = to_unicode(pool, wildcard ? name + 2 : name, &u, err);
	if (r == 0)
		*ret = wildcard ? hp_pprintf(pool, "*.%s", u) : u;
	return r;
}
