#include "cgi/request.h"
#include "base/file.h"
#include "base/str.h"
#include "model/field.h"

const char *cgi_param(const struct cgi_params *l, const char *name)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (hp_streq(l->v[i].name, name))
			return l->v[i].value;
	return NULL;
}

static void add(struct hp_pool *pool, struct cgi_params *l, const char *name, const char *value)
{
	if (!l->v)
		l->v = hp_palloc(pool, CGI_PARAMS_MAX * sizeof(*l->v));
	l->v[l->n++] = (struct cgi_param){name, value};
}

/* ---- application/x-www-form-urlencoded ---- */
static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* NULL: malformed, or no text. Lines may be broken in a value. */
static const char *decode(struct hp_pool *pool, const char *s, size_t n)
{
	char *d = hp_palloc(pool, n + 1);
	size_t i, len = 0;

	for (i = 0; i < n; i++) {
		if (s[i] == '+') {
			d[len++] = ' ';
		} else if (s[i] != '%') {
			d[len++] = s[i];
		} else {
			if (n - i < 3 || hex(s[i + 1]) < 0 || hex(s[i + 2]) < 0)
				return NULL;
			d[len++] = (char)(hex(s[i + 1]) << 4 | hex(s[i + 2]));
			i += 2;
		}
	}
	d[len] = 0;
	return hp_utf8_is_valid(d, len) ? d : NULL;
}

int cgi_parse_form(
	struct hp_pool *pool, const char *s, size_t n, struct cgi_params *ret, struct hp_err *err)
{
	const char *end = s + n;

	memset(ret, 0, sizeof(*ret));
	while (s < end) {
		const char *amp = memchr(s, '&', (size_t)(end - s)), *eq, *name, *value;

		if (!amp)
			amp = end;
		eq = memchr(s, '=', (size_t)(amp - s));
		if (amp > s) {
			name = decode(pool, s, (size_t)((eq ? eq : amp) - s));
			value = eq ? decode(pool, eq + 1, (size_t)(amp - eq - 1)) : "";
			if (!name || !value)
				return hp_err_set(err, HP_E_USAGE,
					"a parameter is not percent-encoded UTF-8 text");
			if (ret->n == CGI_PARAMS_MAX)
				return hp_err_set(
					err, HP_E_USAGE, "more than %d parameters", CGI_PARAMS_MAX);
			if (cgi_param(ret, name))
				return hp_err_set(err, HP_E_USAGE, "%s: it is given twice",
					hp_str_printable(pool, name, 60));
			add(pool, ret, name, value);
		}
		s = amp + 1;
	}
	return 0;
}

/* ---- cookies ---- */
static bool is_token(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((unsigned char)s[i] <= ' ' || (unsigned char)s[i] >= 0x7f ||
			strchr("()<>@,;:\\\"/[]?={}", s[i]))
			return false;
	return n > 0;
}

static bool is_cookie_value(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((unsigned char)s[i] <= ' ' || (unsigned char)s[i] >= 0x7f ||
			strchr("\",;\\", s[i]))
			return false;
	return true;
}

void cgi_parse_cookies(struct hp_pool *pool, const char *s, struct cgi_params *ret)
{
	memset(ret, 0, sizeof(*ret));
	while (*s && ret->n < CGI_PARAMS_MAX) {
		size_t n;
		const char *eq;

		s += strspn(s, " \t;");
		n = strcspn(s, ";");
		eq = memchr(s, '=', n);
		if (eq && is_token(s, (size_t)(eq - s)) &&
			is_cookie_value(eq + 1, (size_t)(s + n - eq - 1))) {
			const char *name = hp_pstrndup(pool, s, (size_t)(eq - s));

			if (!cgi_param(ret, name))
				add(pool, ret, name,
					hp_pstrndup(pool, eq + 1, (size_t)(s + n - eq - 1)));
		}
		s += n;
	}
}

/* ---- the request ---- */
static int refuse(int *ret_status, int status, struct hp_err *err, const char *what)
{
	*ret_status = status;
	return hp_err_set(err, HP_E_USAGE, "%s", what);
}

/* A header's value: text without controls, or as if it had not been sent. */
static const char *header(struct cgi_request *r, struct hp_fcgi *f, const char *name)
{
	const char *v = hp_fcgi_param(f, name);

	if (!v || !*v || !hp_utf8_is_valid(v, strlen(v)) || hp_str_has_control(v, strlen(v)))
		return NULL;
	return hp_pstrdup(r->pool, v);
}

/* "example.com:8001", "[2001:db8::1]:8001": RFC 3986 §3.2.2, without user information. */
static bool is_host(const char *s)
{
	return *s &&
		strspn(s,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			"0123456789.-_:[]") == strlen(s);
}

static int take_path(struct cgi_request *r, struct hp_fcgi *f, int *ret_status, struct hp_err *err)
{
	const char *path = hp_fcgi_param(f, "PATH_INFO"), *base = hp_fcgi_param(f, "SCRIPT_NAME");
	size_t n;

	if (!path || !*path)
		path = "/";
	n = strlen(path);
	if (n > CGI_PATH_MAX)
		return refuse(ret_status, 414, err, "the path is too long");
	if (*path != '/' || !hp_utf8_is_valid(path, n) || hp_str_has_control(path, n))
		return refuse(ret_status, 400, err, "the path is not UTF-8 text");
	r->path = hp_pstrdup(r->pool, path);
	r->base = "";
	if (base && *base == '/' && hp_path_is_clean(base) && strlen(base) <= CGI_PATH_MAX)
		r->base = hp_streq(base, "/") ? "" : hp_pstrdup(r->pool, base);
	return 0;
}

/* The media type alone, RFC 9110 §8.3.1. */
static enum cgi_type type_of(const char *v)
{
	size_t n = strcspn(v, "; \t");

	if (n == strlen("application/json") && strncasecmp(v, "application/json", n) == 0)
		return CGI_JSON;
	if (n == strlen("application/x-www-form-urlencoded") &&
		strncasecmp(v, "application/x-www-form-urlencoded", n) == 0)
		return CGI_FORM;
	return CGI_OTHER;
}

static int take_body(struct cgi_request *r, struct hp_fcgi *f, int *ret_status, struct hp_err *err)
{
	const char *length = hp_fcgi_param(f, "CONTENT_LENGTH"), *type;
	size_t got = 0;
	uint64_t n = 0;
	char *body;

	r->body = "";
	if (length && *length && hp_parse_u64(length, UINT64_MAX, &n) < 0)
		return refuse(ret_status, 400, err, "Content-Length is not a number");
	if (!n)
		return 0;
	if (n > CGI_BODY_MAX)
		return refuse(ret_status, 413, err, "the body is larger than 1 MiB");
	body = hp_palloc(r->pool, n + 1);
	while (got < n) {
		ssize_t some = hp_fcgi_read(f, body + got, n - got);

		if (some <= 0)
			return refuse(ret_status, 400, err, "the body ends too early");
		got += (size_t)some;
	}
	r->body = body;
	r->body_len = got;
	type = hp_fcgi_param(f, "CONTENT_TYPE");
	r->type = type_of(type ? type : "");
	if (r->type == CGI_FORM && cgi_parse_form(r->pool, body, got, &r->form, err) < 0)
		return *ret_status = 400, err->code;
	return 0;
}

static int take_query(struct cgi_request *r, struct hp_fcgi *f, int *ret_status, struct hp_err *err)
{
	const char *q = hp_fcgi_param(f, "QUERY_STRING");

	if (!q)
		q = "";
	if (cgi_parse_form(r->pool, q, strlen(q), &r->query, err) == 0)
		return 0;
	*ret_status = 400;
	return err->code;
}

static void take_headers(struct cgi_request *r, struct hp_fcgi *f)
{
	const char *v = hp_fcgi_param(f, "HTTP_COOKIE");

	if (v)
		cgi_parse_cookies(r->pool, v, &r->cookies);
	v = hp_fcgi_param(f, "HTTPS");
	r->https = v && (hp_streq(v, "on") || hp_streq(v, "1"));
	v = hp_fcgi_param(f, "HTTP_HX_REQUEST");
	r->htmx = v && hp_streq(v, "true");
	v = hp_fcgi_param(f, "HTTP_HOST");
	r->host = v && is_host(v) ? hp_pstrdup(r->pool, v) : "";
	r->authorization = header(r, f, "HTTP_AUTHORIZATION");
	r->origin = header(r, f, "HTTP_ORIGIN");
	r->fetch_site = header(r, f, "HTTP_SEC_FETCH_SITE");
	r->accept = header(r, f, "HTTP_ACCEPT");
	r->if_match = header(r, f, "HTTP_IF_MATCH");
	r->if_none_match = header(r, f, "HTTP_IF_NONE_MATCH");
	r->idempotency_key = header(r, f, "HTTP_IDEMPOTENCY_KEY");
	r->csrf = header(r, f, "HTTP_X_CSRF_TOKEN");
}

int cgi_request_read(struct hp_pool *pool, struct hp_fcgi *f, struct cgi_request *ret,
	int *ret_status, struct hp_err *err)
{
	const char *method = hp_fcgi_param(f, "REQUEST_METHOD");
	const char *address = hp_fcgi_param(f, "REMOTE_ADDR");
	unsigned char id[16];
	size_t i;

	memset(ret, 0, sizeof(*ret));
	ret->pool = pool;
	hp_random(id, sizeof(id));
	for (i = 0; i < sizeof(id); i++)
		snprintf(ret->id + 2 * i, 3, "%02x", id[i]);
	ret->base = "";
	ret->path = "/";
	ret->host = "";
	ret->method = method && is_token(method, strlen(method))
		? hp_pstrndup(pool, method, strlen(method) > 16 ? 16 : strlen(method))
		: "";
	ret->address = address ? hp_address(pool, address) : NULL;
	take_headers(ret, f);
	if (!*ret->method)
		return refuse(ret_status, 400, err, "the method is missing");
	/* keys may be bound to addresses, and logins are counted by them */
	if (!ret->address)
		return refuse(ret_status, 500, err,
			"the web server does not tell whose request it is (REMOTE_ADDR)");
	if (take_path(ret, f, ret_status, err) < 0 || take_query(ret, f, ret_status, err) < 0 ||
		take_body(ret, f, ret_status, err) < 0)
		return err->code;
	return 0;
}
