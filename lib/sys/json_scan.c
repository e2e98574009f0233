#include "base/str.h"
#include "sys/json_scan.h"

struct scan {
	const char *text, *p, *end;
	struct hp_err *err;
};

static int bad_at(struct scan *s, const char *where, const char *what)
{
	return hp_err_set(s->err, HP_E_USAGE, "invalid JSON at byte %zu: %s",
		(size_t)(where - s->text), what);
}

static int bad(struct scan *s, const char *what)
{
	return bad_at(s, s->p, s->p == s->end ? "the text ends too early" : what);
}

static void skip_blanks(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r'))
		s->p++;
}

static bool is_digit(const struct scan *s)
{
	return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

/* number = [ "-" ] ( "0" / 1-9 *DIGIT ) [ "." 1*DIGIT ] [ e [ sign ] 1*DIGIT ]  (RFC 8259 §6) */
static int scan_number(struct scan *s)
{
	const char *start = s->p;

	if (*s->p == '-')
		s->p++;
	if (!is_digit(s))
		return bad(s, "a digit is missing");
	if (*s->p++ == '0') {
		if (is_digit(s))
			return bad_at(s, start, "a number with a leading zero");
	}
	while (is_digit(s))
		s->p++;
	if (s->p < s->end && *s->p == '.') {
		s->p++;
		if (!is_digit(s))
			return bad(s, "a digit is missing behind the point");
		while (is_digit(s))
			s->p++;
	}
	if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
		s->p++;
		if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
			s->p++;
		if (!is_digit(s))
			return bad(s, "the exponent is missing");
		while (is_digit(s))
			s->p++;
	}
	if (s->p - start > HP_JSON_MAX_NUMBER)
		return bad_at(s, start, "the number is too long");
	return 0;
}

/* Four hexadecimal digits at p; -1 when they are not there. */
static int hex4(const struct scan *s, const char *p)
{
	int v = 0;

	if (s->end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];

		v <<= 4;
		if (c >= '0' && c <= '9')
			v |= c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v |= (c | 0x20) - 'a' + 10;
		else
			return -1;
	}
	return v;
}

/* Behind the backslash. */
static int scan_escape(struct scan *s)
{
	int v, low;

	if (s->p == s->end)
		return bad(s, "");
	if (*s->p != 'u') {
		if (!memchr("\"\\/bfnrt", *s->p, 8))
			return bad_at(s, s->p - 1, "an unknown escape");
		s->p++;
		return 0;
	}
	v = hex4(s, s->p + 1);
	if (v < 0)
		return bad_at(s, s->p - 1, "\\u without four hexadecimal digits");
	if (v == 0)
		return bad_at(s, s->p - 1, "\\u0000 is not accepted");
	if (v >= 0xdc00 && v <= 0xdfff)
		return bad_at(s, s->p - 1, "half a surrogate pair");
	s->p += 5;
	if (v < 0xd800 || v > 0xdbff)
		return 0;
	low = s->end - s->p >= 2 && s->p[0] == '\\' && s->p[1] == 'u' ? hex4(s, s->p + 2) : -1;
	if (low < 0xdc00 || low > 0xdfff)
		return bad_at(s, s->p - 6, "half a surrogate pair");
	s->p += 6;
	return 0;
}

/* A run of bytes >= 0x80. */
static int scan_utf8(struct scan *s)
{
	const char *start = s->p;

	while (s->p < s->end && (unsigned char)*s->p >= 0x80)
		s->p++;
	if (hp_utf8_is_valid(start, (size_t)(s->p - start)))
		return 0;
	return bad_at(s, start, "invalid UTF-8");
}

static int scan_string(struct scan *s)
{
	int r;

	s->p++;
	for (;;) {
		while (s->p < s->end && *s->p >= 0x20 && *s->p != '"' && *s->p != '\\')
			s->p++;
		if (s->p == s->end)
			return bad(s, "");
		if (*s->p == '"') {
			s->p++;
			return 0;
		}
		if (*s->p == '\\') {
			s->p++;
			r = scan_escape(s);
		} else if ((unsigned char)*s->p >= 0x80) {
			r = scan_utf8(s);
		} else {
			return bad(s, "a control character within a string");
		}
		if (r < 0)
			return r;
	}
}

static int scan_word(struct scan *s, const char *word, size_t n)
{
	if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
		return bad_at(s, s->p, "not a value");
	s->p += n;
	return 0;
}

static int scan_scalar(struct scan *s)
{
	if (s->p == s->end)
		return bad(s, "");
	switch (*s->p) {
	case '"':
		return scan_string(s);
	case 't':
		return scan_word(s, "true", 4);
	case 'f':
		return scan_word(s, "false", 5);
	case 'n':
		return scan_word(s, "null", 4);
	case '-': case '0': case '1': case '2': case '3': case '4':
	case '5': case '6': case '7': case '8': case '9':
		return scan_number(s);
	default:
		return bad(s, "not a value");
	}
}

/* "key": before a member's value. */
static int scan_key(struct scan *s)
{
	int r;

	skip_blanks(s);
	if (s->p == s->end || *s->p != '"')
		return bad(s, "a key is missing");
	r = scan_string(s);
	if (r < 0)
		return r;
	skip_blanks(s);
	if (s->p == s->end || *s->p != ':')
		return bad(s, "':' is missing behind a key");
	s->p++;
	return 0;
}

int hp_json_scan(const char *text, size_t n, struct hp_err *err)
{
	struct scan s = {.text = text, .p = text, .end = text + n, .err = err};
	char close[HP_JSON_MAX_DEPTH]; /* the bracket that ends each open value */
	unsigned depth = 0;
	int r;

	for (;;) {
		/* a value starts here */
		skip_blanks(&s);
		if (s.p < s.end && (*s.p == '{' || *s.p == '[')) {
			if (depth == HP_JSON_MAX_DEPTH)
				return bad(&s, "nested too deeply (at most 16 levels)");
			close[depth++] = *s.p++ == '{' ? '}' : ']';
			skip_blanks(&s);
			if (s.p == s.end || *s.p != close[depth - 1]) {
				r = close[depth - 1] == '}' ? scan_key(&s) : 0;
				if (r < 0)
					return r;
				continue;
			}
			s.p++;
			depth--;
		} else {
			r = scan_scalar(&s);
			if (r < 0)
				return r;
		}
		/* a value ended here: its parents may end as well */
		for (skip_blanks(&s); depth && s.p < s.end && *s.p == close[depth - 1];
			skip_blanks(&s)) {
			s.p++;
			depth--;
		}
		if (!depth)
			return s.p == s.end ? 0 : bad(&s, "something follows the value");
		if (s.p == s.end || *s.p != ',')
			return bad(&s, "',' or the end of the list is missing");
		s.p++;
		r = close[depth - 1] == '}' ? scan_key(&s) : 0;
		if (r < 0)
			return r;
	}
}
