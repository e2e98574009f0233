/*
 * Response headers that a website adds: a JSON object of field name (RFC 9110
 * §5.1) and value. What frames the message, or what the server has to say by
 * itself, can't be set: a wrong one breaks every response.
 */
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/str.h"
#include "model/field_impl.h"
#include "sys/json.h"

#define NAME_MAX_LEN 64
#define VALUE_MAX_LEN 4096
#define ALL_MAX_LEN 32768

/* clang-format off */
static const char *const refused[] = {
	"accept-ranges", "age", "connection", "content-encoding", "content-length",
	"content-range", "content-type", "date", "etag", "host", "keep-alive", "last-modified",
	"location", "proxy-authenticate", "proxy-authorization", "proxy-connection",
	"set-cookie", "status", "te", "trailer", "transfer-encoding", "upgrade", "via",
	"x-accel-redirect", "x-sendfile",
};
/* clang-format on */

static bool is_token(const char *s)
{
	size_t n = strlen(s);

	return n && n <= NAME_MAX_LEN &&
	       strspn(s, "!#%&'*+-.^_`|~"
			 "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == n;
}

static int check_name(const struct hp_check *c, const char *name, const struct hp_strv *seen)
{
	const char *shown = hp_str_printable(c->pool, name, 60);
	size_t i;

	if (!is_token(name))
		return hp_err_set(c->err, HP_E_USAGE,
			"%s: \"%s\" is not a header name of 1 to %d characters "
			"(RFC 9110)",
			c->f->name, shown, NAME_MAX_LEN);
	for (i = 0; i < HP_ARRAY_SIZE(refused); i++)
		if (strcasecmp(name, refused[i]) == 0)
			return hp_err_set(c->err, HP_E_USAGE,
				"%s: header %s is the server's own and can't be set "
				"here",
				c->f->name, shown);
	for (i = 0; i < seen->n; i++)
		if (strcasecmp(name, seen->v[i]) == 0)
			return hp_err_set(c->err, HP_E_USAGE, "%s: header %s stands twice",
				c->f->name, shown);
	return 0;
}

static int check_value(const struct hp_check *c, const char *name, const char *v)
{
	size_t n = v ? strlen(v) : 0;
	const char *why = NULL;

	if (!v)
		why = "has a value that is not a string";
	else if (!n || n > VALUE_MAX_LEN)
		why = "has an empty value or one of more than 4096 bytes";
	else if (hp_str_has_control(v, n))
		why = "has a control character in its value";
	else if (v[0] == ' ' || v[n - 1] == ' ')
		why = "has a value that begins or ends with a blank";
	else if (memchr(v, '$', n)) /* NGINX has no way to write it */
		why = "has a \"$\" in its value, which not every web server can write";
	if (why)
		return hp_err_set(c->err, HP_E_USAGE, "%s: header %s %s", c->f->name,
			hp_str_printable(c->pool, name, 60), why);
	return 0;
}

int hp_check_headers(const struct hp_check *c, const char **ret)
{
	struct hp_json *doc _cleanup_json_ = NULL;
	struct hp_buf out _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err why = HP_ERR_INIT;
	struct hp_strv seen = {0};
	const struct hp_json *v;
	struct hp_jw w;

	if (!c->len || (c->len == 2 && memcmp(c->value, "{}", 2) == 0)) {
		*ret = "{}";
		return 0;
	}
	if (c->len > ALL_MAX_LEN)
		return hp_check_bad(c, "has %zu bytes, but %d are allowed", c->len, ALL_MAX_LEN);
	if (hp_json_parse(c->value, c->len, &doc, &why) < 0)
		return hp_check_bad(c, "is not a JSON object: %s", why.msg);
	if (hp_json_type(doc) != HP_JSON_OBJECT)
		return hp_check_bad(c, "is not a JSON object of header names and values");
	hp_jw_init(&w, &out, false);
	hp_jw_obj(&w, NULL);
	for (v = hp_json_first(doc); v; v = hp_json_next(v)) {
		if (check_name(c, hp_json_key(v), &seen) < 0 ||
			check_value(c, hp_json_key(v), hp_json_str(v)) < 0)
			return c->err->code;
		hp_strv_add(c->pool, &seen, hp_json_key(v));
		hp_jw_str(&w, hp_json_key(v), hp_json_str(v));
	}
	hp_jw_end(&w, '}');
	if (seen.n > (size_t)c->f->max)
		return hp_err_set(c->err, HP_E_USAGE,
			"%s: there are %zu headers, but %lld are allowed", c->f->name, seen.n,
			(long long)c->f->max);
	*ret = hp_pstrndup(c->pool, out.s, out.len);
	return 0;
}
