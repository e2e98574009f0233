/* The writer. Copies runs that need no escape whole; all escaping is done here. */
#include <inttypes.h>

#include "base/str.h"
#include "sys/json.h"

void hp_jw_init(struct hp_jw *w, struct hp_buf *out, bool pretty)
{
	*w = (struct hp_jw){.out = out, .pretty = pretty};
}

static void newline(struct hp_jw *w)
{
	hp_buf_addc(w->out, '\n');
	for (unsigned i = 0; i < w->depth; i++)
		hp_buf_add(w->out, "  ", 2);
}

static char *put_hex4(char *o, unsigned v)
{
	static const char hex[] = "0123456789abcdef";

	*o++ = '\\';
	*o++ = 'u';
	*o++ = hex[v >> 12 & 15];
	*o++ = hex[v >> 8 & 15];
	*o++ = hex[v >> 4 & 15];
	*o++ = hex[v & 15];
	return o;
}

/* One byte or sequence that can't be copied as it is; at most 6 bytes are written. */
static char *put_special(char *o, const unsigned char **sp, const unsigned char *end)
{
	const unsigned char *s = *sp;
	size_t n;

	if (*s < 0x80) {
		static const char letters[] = "\bb\ff\nn\rr\tt\"\"\\\\";

		(*sp)++;
		for (const char *l = letters; *l; l += 2) {
			if (*s == (unsigned char)*l) {
				*o++ = '\\';
				*o++ = l[1];
				return o;
			}
		}
		return put_hex4(o, *s);
	}
	n = hp_utf8_char((const char *)s, (size_t)(end - s));
	if (!n) { /* U+FFFD for each byte that is part of no character */
		(*sp)++;
		*o++ = (char)0xef;
		*o++ = (char)0xbf;
		*o++ = (char)0xbd;
		return o;
	}
	*sp += n;
	if (s[0] == 0xc2 && s[1] < 0xa0) /* C1 controls would reach a terminal */
		return put_hex4(o, s[1]);
	for (size_t i = 0; i < n; i++)
		*o++ = (char)s[i];
	return o;
}

/*
 * Is any of these 8 bytes a control character, DEL, '"', '\\' or not ASCII? A borrow crosses
 * into the next byte only where there is one already, so that the answer is exact.
 */
static bool has_special8(const unsigned char *s)
{
	const uint64_t ones = 0x0101010101010101ull, highs = 0x8080808080808080ull;
	uint64_t v, quote, slash, del;

	memcpy(&v, s, 8);
	quote = v ^ ones * '"';
	slash = v ^ ones * '\\';
	del = v ^ ones * 0x7f;
	return ((v - ones * 0x20) | (quote - ones) | (slash - ones) | (del - ones) | v) & highs;
}

static bool is_special(unsigned char c)
{
	return c < 0x20 || c >= 0x7f || c == '"' || c == '\\';
}

static void put_string(struct hp_buf *out, const char *v, size_t n)
{
	const unsigned char *s = (const unsigned char *)v, *end = s + n, *run;
	char *o;

	/* No byte becomes more than 6, but most become 1: room for the usual case first. */
	hp_buf_reserve(out, n + 2);
	out->s[out->len++] = '"';
	while (s < end) {
		run = s;
		while (end - s >= 8 && !has_special8(s))
			s += 8;
		while (s < end && !is_special(*s))
			s++;
		hp_buf_reserve(out, (size_t)(end - run) + 8);
		memcpy(out->s + out->len, run, (size_t)(s - run));
		out->len += (size_t)(s - run);
		if (s < end) {
			o = put_special(out->s + out->len, &s, end);
			out->len = (size_t)(o - out->s);
		}
	}
	hp_buf_reserve(out, 1);
	out->s[out->len++] = '"';
	out->s[out->len] = '\0';
}

/* Comma, indentation and key before a value. */
static void begin(struct hp_jw *w, const char *key)
{
	uint64_t bit = UINT64_C(1) << w->depth;

	if (w->depth) {
		if (w->comma & bit)
			hp_buf_addc(w->out, ',');
		w->comma |= bit;
		if (w->pretty)
			newline(w);
	}
	if (key) {
		put_string(w->out, key, strlen(key));
		hp_buf_add(w->out, ": ", w->pretty ? 2 : 1);
	}
}

static void open_bracket(struct hp_jw *w, const char *key, char bracket)
{
	HP_BUG_ON(w->depth >= 63);
	begin(w, key);
	hp_buf_addc(w->out, bracket);
	w->depth++;
	w->comma &= ~(UINT64_C(1) << w->depth);
}

void hp_jw_obj(struct hp_jw *w, const char *key)
{
	open_bracket(w, key, '{');
}

void hp_jw_arr(struct hp_jw *w, const char *key)
{
	open_bracket(w, key, '[');
}

void hp_jw_end(struct hp_jw *w, char bracket)
{
	bool any = w->comma >> w->depth & 1;

	HP_BUG_ON(!w->depth);
	w->depth--;
	if (any && w->pretty)
		newline(w);
	hp_buf_addc(w->out, bracket);
}

void hp_jw_str(struct hp_jw *w, const char *key, const char *v)
{
	begin(w, key);
	if (v)
		put_string(w->out, v, strlen(v));
	else
		hp_buf_add(w->out, "null", 4);
}

void hp_jw_i64(struct hp_jw *w, const char *key, int64_t v)
{
	char digits[24], *d = digits + sizeof(digits);
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	do
		*--d = (char)('0' + u % 10);
	while (u /= 10);
	if (v < 0)
		*--d = '-';
	begin(w, key);
	hp_buf_add(w->out, d, (size_t)(digits + sizeof(digits) - d));
}

void hp_jw_bool(struct hp_jw *w, const char *key, bool v)
{
	begin(w, key);
	hp_buf_add(w->out, v ? "true" : "false", v ? 4 : 5);
}

void hp_jw_null(struct hp_jw *w, const char *key)
{
	begin(w, key);
	hp_buf_add(w->out, "null", 4);
}

void hp_jw_raw(struct hp_jw *w, const char *key, const char *json)
{
	begin(w, key);
	hp_buf_adds(w->out, json);
}

/* The shortest of 15 to 17 digits that reads back as the same number. */
static void put_double(struct hp_jw *w, const char *key, double d)
{
	char s[40];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(s, sizeof(s), "%.*g", digits, d);
		if (strtod(s, NULL) == d)
			break;
	}
	for (char *p = s; *p; p++) { /* the locale's decimal point */
		if (!strchr("0123456789+-eE", *p))
			*p = '.';
	}
	hp_jw_raw(w, key, s);
}

void hp_jw_value(struct hp_jw *w, const char *key, const struct hp_json *v)
{
	bool obj = hp_json_type(v) == HP_JSON_OBJECT;
	int64_t i;

	switch (hp_json_type(v)) {
	case HP_JSON_NULL:
		hp_jw_null(w, key);
		break;
	case HP_JSON_BOOL:
		hp_jw_bool(w, key, hp_json_is_true(v));
		break;
	case HP_JSON_STRING:
		hp_jw_str(w, key, hp_json_str(v));
		break;
	case HP_JSON_NUMBER:
		if (hp_json_i64(v, &i) == 0)
			hp_jw_i64(w, key, i);
		else
			put_double(w, key, hp_json_double(v));
		break;
	case HP_JSON_ARRAY:
	case HP_JSON_OBJECT:
		open_bracket(w, key, obj ? '{' : '[');
		for (const struct hp_json *c = hp_json_first(v); c; c = hp_json_next(c))
			hp_jw_value(w, obj ? hp_json_key(c) : NULL, c);
		hp_jw_end(w, obj ? '}' : ']');
		break;
	}
}
