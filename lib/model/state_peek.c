/*
 * Whose line of a state document it is, without reading it: for one that was accepted before. It
 * is scanned for four members; what is written in any other way than the panel's is left to the
 * reader.
 */
#include <string.h>

#include "base/str.h"
#include "model/state.h"

struct scan {
	struct hp_pool *pool;
	const char *p, *end;
	struct hp_site *site;
	unsigned found; /* bits of the four */
};

/* What stands between quotes at s->p, which moves behind them; NULL: none, or it is cut. */
static const char *take_quoted(struct scan *s, size_t *ret_len)
{
	const char *from = s->p + 1, *p = from;

	if (s->p == s->end || *s->p != '"')
		return NULL;
	while (p < s->end && *p != '"')
		p += *p == '\\' ? 2 : 1;
	if (p >= s->end)
		return NULL;
	*ret_len = (size_t)(p - from);
	s->p = p + 1;
	return from;
}

/* The same where it says what it means. */
static const char *take_text(struct scan *s)
{
	size_t len;
	const char *from = take_quoted(s, &len);

	return from && !memchr(from, '\\', len) ? hp_pstrndup(s->pool, from, len) : NULL;
}

static const char *take_number(struct scan *s)
{
	const char *from = s->p;

	while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
		s->p++;
	if (s->p == from || s->p == s->end || (*s->p != ',' && *s->p != '}'))
		return NULL;
	return hp_pstrndup(s->pool, from, (size_t)(s->p - from));
}

static bool take_aliases(struct scan *s)
{
	const char *name;

	if (s->end - s->p < 2 || *s->p++ != '[')
		return false;
	if (*s->p != ']') {
		do {
			name = take_text(s);
			if (!name || s->p == s->end)
				return false;
			hp_strv_add_ref(s->pool, &s->site->aliases, name);
		} while (*s->p == ',' && s->p++);
	}
	return s->p < s->end && *s->p++ == ']';
}

/* One of "site"; others are passed over. */
static bool take_member(struct scan *s, const char *key, size_t len)
{
	static const struct {
		const char *key;
		unsigned field;
	} texts[] = {{"id", HP_SITE_ID}, {"domain", HP_SITE_DOMAIN}, {"user", HP_SITE_USER}};
	size_t i;

	if (len == 7 && memcmp(key, "aliases", 7) == 0) {
		s->found |= 1u << HP_ARRAY_SIZE(texts);
		return take_aliases(s);
	}
	for (i = 0; i < HP_ARRAY_SIZE(texts); i++) {
		if (len != strlen(texts[i].key) || memcmp(key, texts[i].key, len) != 0)
			continue;
		s->found |= 1u << i;
		s->site->v[texts[i].field] = i ? take_text(s) : take_number(s);
		return s->site->v[texts[i].field];
	}
	return true;
}

bool hp_state_peek(struct hp_pool *pool, const char *line, size_t len, struct hp_site *ret)
{
	struct scan s = {.pool = pool, .p = line, .end = line + len, .site = ret};
	const char *key;
	int depth = 0;
	size_t n;

	memset(ret, 0, sizeof(*ret));
	while (s.p < s.end) {
		if (*s.p != '"') {
			depth += (*s.p == '{' || *s.p == '[') - (*s.p == '}' || *s.p == ']');
			s.p++;
			continue;
		}
		key = take_quoted(&s, &n);
		if (!key)
			return false;
		if (depth == 2 && s.p < s.end && *s.p == ':') {
			s.p++;
			if (!take_member(&s, key, n))
				return false;
		}
	}
	return s.found == 0xf;
}
