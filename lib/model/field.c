#include <stdarg.h>
#include <string.h>

#include "base/str.h"
#include "model/field_impl.h"
#include "model/site.h"
#include "sys/json.h"

/* A value that is repeated in a message is cut to this many bytes. */
#define SHOWN 60

int hp_check_bad(const struct hp_check *c, const char *fmt, ...)
{
	const char *why;
	va_list ap;

	va_start(ap, fmt);
	why = hp_pvprintf(c->pool, fmt, ap);
	va_end(ap);
	if (c->f->flags & HP_FF_SECRET)
		return hp_err_field(c->err, HP_E_USAGE, c->f->name, "the value %s", why);
	if (!c->len)
		return hp_err_field(c->err, HP_E_USAGE, c->f->name, "the empty value %s", why);
	return hp_err_field(c->err, HP_E_USAGE, c->f->name, "\"%s\" %s",
		hp_str_printable(c->pool,
			hp_pstrndup(c->pool, c->value, c->len < 4 * SHOWN ? c->len : 4 * SHOWN),
			SHOWN),
		why);
}

/* ---- numbers ---- */
/* Numbers are short: one that does not fit here is none. */
static bool small_text(const struct hp_check *c, char *buf, size_t size)
{
	if (!c->len || c->len >= size)
		return false;
	memcpy(buf, c->value, c->len);
	buf[c->len] = 0;
	return true;
}

static int check_int(const struct hp_check *c, const char **ret)
{
	char buf[24];
	int64_t v;

	if (!small_text(c, buf, sizeof(buf)) || hp_parse_i64(buf, c->f->min, c->f->max, &v) < 0)
		return hp_check_bad(c, "is not a whole number from %lld to %lld",
			(long long)c->f->min, (long long)c->f->max);
	*ret = hp_pprintf(c->pool, "%lld", (long long)v);
	return 0;
}

/* The largest unit that says it exactly: 1024M becomes 1G. */
static const char *size_text(struct hp_pool *pool, uint64_t v)
{
	static const char units[] = "KMG";
	unsigned i = 0;

	while (i < 3 && v && v % 1024 == 0) {
		v /= 1024;
		i++;
	}
	if (!i)
		return hp_pprintf(pool, "%llu", (unsigned long long)v);
	return hp_pprintf(pool, "%llu%c", (unsigned long long)v, units[i - 1]);
}

static int check_size(const struct hp_check *c, const char **ret)
{
	char buf[24];
	const char *text;
	uint64_t v;

	if (!small_text(c, buf, sizeof(buf)) || hp_parse_size(buf, (uint64_t)c->f->max, &v) < 0 ||
		v < (uint64_t)c->f->min)
		return hp_check_bad(c,
			"is not a size from %s to %s: a number with K, M, G or nothing "
			"behind it is wanted",
			size_text(c->pool, (uint64_t)c->f->min),
			size_text(c->pool, (uint64_t)c->f->max));
	text = size_text(c->pool, v);
	if (strlen(text) > 10) /* the column's width */
		return hp_check_bad(c, "is not a whole number of K, M or G");
	*ret = text;
	return 0;
}

static int check_bool(const struct hp_check *c, const char **ret)
{
	char buf[8];
	bool v;

	if (!small_text(c, buf, sizeof(buf)) || hp_parse_bool(buf, &v) < 0)
		return hp_check_bad(c, "is neither true nor false");
	*ret = v ? "true" : "false";
	return 0;
}

/* ---- words ---- */
static const char *spoken_choices(struct hp_pool *pool, const char *arg)
{
	struct hp_strv l = {0};
	const char *s;
	size_t i;

	hp_str_split(pool, arg, "|", &l);
	s = l.n ? l.v[0] : "";
	for (i = 1; i < l.n; i++)
		s = hp_pprintf(pool, "%s%s%s", s, i + 1 < l.n ? ", " : " and ", l.v[i]);
	return s;
}

static int check_enum(const struct hp_check *c, const char **ret)
{
	const char *p = c->f->arg;

	while (c->len) {
		size_t n = strcspn(p, "|");

		if (n == c->len && memcmp(p, c->value, n) == 0) {
			*ret = hp_pstrndup(c->pool, p, n);
			return 0;
		}
		if (!p[n])
			break;
		p += n + 1;
	}
	return hp_check_bad(c, "is not one of %s", spoken_choices(c->pool, c->f->arg));
}

static int check_text(const struct hp_check *c, const char **ret)
{
	if (c->len < (size_t)c->f->min || c->len > (size_t)c->f->max)
		return hp_check_bad(c, "has %zu bytes, but %lld to %lld are allowed", c->len,
			(long long)c->f->min, (long long)c->f->max);
	if (c->len && (c->value[0] == ' ' || c->value[c->len - 1] == ' '))
		return hp_check_bad(c, "begins or ends with a blank");
	*ret = hp_pstrndup(c->pool, c->value, c->len);
	return 0;
}

/* X.Y without leading zeros: it becomes part of paths and unit names. */
bool hp_is_php_version(const char *v, size_t n)
{
	size_t i = 0, from;

	while (i < n && i < 2 && v[i] >= '0' && v[i] <= '9')
		i++;
	if (!i || v[0] == '0' || i == n || v[i] != '.')
		return false;
	from = ++i;
	while (i < n && i < from + 2 && v[i] >= '0' && v[i] <= '9')
		i++;
	return i == n && i > from && (v[from] != '0' || i == from + 1);
}

static int check_php_version(const struct hp_check *c, const char **ret)
{
	if (!hp_is_php_version(c->value, c->len))
		return hp_check_bad(c, "is not a PHP version: X.Y is wanted, as 8.2");
	*ret = hp_pstrndup(c->pool, c->value, c->len);
	return 0;
}

static bool is_alpha(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');
}

static bool is_digit(char ch)
{
	return ch >= '0' && ch <= '9';
}

static int check_ident(const struct hp_check *c, const char **ret)
{
	size_t i;

	for (i = 0; i < c->len; i++)
		if (!is_alpha(c->value[i]) && c->value[i] != '_' && (!i || !is_digit(c->value[i])))
			break;
	if (!c->len || i < c->len || c->len > 63)
		return hp_check_bad(c, "is not a database name: 1 to 63 letters, digits and _ are "
				       "allowed, no digit first");
	*ret = hp_pstrndup(c->pool, c->value, c->len);
	return 0;
}

static int check_label(const struct hp_check *c, const char **ret)
{
	struct hp_err why = HP_ERR_INIT;
	char *s = NULL;

	if (c->len <= 63 && !memchr(c->value, '.', c->len)) {
		s = hp_pstrndup(c->pool, c->value, c->len);
		if (hp_ldh_check(s, c->len, 1, &why) == 0) {
			*ret = s;
			return 0;
		}
	}
	return hp_check_bad(c,
		"is not a DNS label: 1 to 63 letters, digits and hyphens are allowed, no "
		"hyphen at either end");
}

/* ---- names with checks of their own ---- */
static int check_node(const struct hp_check *c, const char **ret)
{
	struct hp_err why = HP_ERR_INIT;
	const char *s = hp_pstrndup(c->pool, c->value, c->len);

	if (hp_node_name_check(s, &why) < 0)
		return hp_check_bad(c,
			"is not a node's name: 1 to 63 lower case letters, digits, hyphens and "
			"dots are allowed");
	*ret = s;
	return 0;
}

static int check_domain(const struct hp_check *c, const char **ret)
{
	const char *s;

	if (hp_domain_check(c->pool, c->value, c->len, false, &s, c->err) < 0)
		return hp_err_prefix(c->err, "%s", c->f->name);
	if (strlen(s) > (size_t)c->f->max)
		return hp_check_bad(c,
			"has %zu bytes as A-label, but files are named after it and %lld are "
			"allowed",
			strlen(s), (long long)c->f->max);
	*ret = s;
	return 0;
}

static int check_user(const struct hp_check *c, const char **ret)
{
	if (hp_username_check(c->value, c->len, c->err) < 0)
		return hp_err_prefix(c->err, "%s", c->f->name);
	*ret = hp_pstrndup(c->pool, c->value, c->len);
	return 0;
}

static int check_time(const struct hp_check *c, const char **ret)
{
	char buf[40], text[21];
	int64_t t;

	if (!small_text(c, buf, sizeof(buf)) || hp_time_parse(buf, &t) < 0)
		return hp_check_bad(
			c, "is not a time: RFC 3339 in UTC is wanted, as 2026-01-31T23:59:59Z");
	hp_time_format(t, text);
	*ret = hp_pstrdup(c->pool, text);
	return 0;
}

static int check(const struct hp_check *c, const char **ret)
{
	if (memchr(c->value, 0, c->len))
		return hp_check_bad(c, "contains a NUL byte");
	if (!hp_utf8_is_valid(c->value, c->len))
		return hp_check_bad(c, "is not valid UTF-8");
	if (hp_str_has_control(c->value, c->len))
		return hp_check_bad(c,
			"contains a control character: line ends, tabs and the like are "
			"not allowed");
	switch (c->f->type) {
	case HP_F_TEXT:
		return check_text(c, ret);
	case HP_F_ENUM:
		return check_enum(c, ret);
	case HP_F_BOOL:
		return check_bool(c, ret);
	case HP_F_INT:
		return check_int(c, ret);
	case HP_F_SIZE:
		return check_size(c, ret);
	case HP_F_PHP_VERSION:
		return check_php_version(c, ret);
	case HP_F_DOMAIN:
		return check_domain(c, ret);
	case HP_F_HOST:
		return hp_check_host(c, ret);
	case HP_F_USER:
		return check_user(c, ret);
	case HP_F_LOGIN:
		return hp_check_login(c, ret);
	case HP_F_EMAIL:
		return hp_check_email(c, ret);
	case HP_F_IDENT:
		return check_ident(c, ret);
	case HP_F_LABEL:
		return check_label(c, ret);
	case HP_F_NODENAME:
		return check_node(c, ret);
	case HP_F_LIST:
		return hp_check_list(c, ret);
	case HP_F_SUBPATH:
		return hp_check_subpath(c, ret);
	case HP_F_MAP:
		return hp_check_map(c, ret);
	case HP_F_DBURL:
		return hp_check_dburl(c, ret);
	case HP_F_TIME:
		return check_time(c, ret);
	}
	hp_die(HP_E_BUG, "bug: field %s has no known type", c->f->name);
}

int hp_field_check(struct hp_pool *pool, const struct hp_field *f, const char *value, size_t len,
	const char **ret, struct hp_err *err)
{
	const struct hp_check c = {.pool = pool, .f = f, .value = value, .len = len, .err = err};

	return check(&c, ret) < 0 ? hp_err_about(err, f->name) : 0;
}

int hp_field_check_request(struct hp_pool *pool, const struct hp_field *f, const char *value,
	size_t len, const char **ret, struct hp_err *err)
{
	const struct hp_check c = {
		.pool = pool, .f = f, .value = value, .len = len, .request = true, .err = err};

	if (check(&c, ret) == 0)
		return 0;
	/* who takes away what can't be unset wants it as it was at first */
	if (!len && f->deflt && *f->deflt && !*err->hint)
		hp_err_hint(err, "%s=%s is its default", f->name, f->deflt);
	return hp_err_about(err, f->name);
}

void hp_field_json(struct hp_jw *w, const struct hp_field *f, const char *value)
{
	/* canonical text of a number or a JSON value is JSON already */
	if (value && (f->type == HP_F_INT || f->type == HP_F_BOOL || f->type == HP_F_LIST ||
			     f->type == HP_F_MAP))
		hp_jw_raw(w, f->name, value);
	else
		hp_jw_str(w, f->name, value);
}
