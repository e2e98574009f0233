/* Answers: headers, problems (RFC 9457), what each HP_E_* is over HTTP. */
#include "cgi/page.h"
#include "base/str.h"

static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{200, "OK"},
	{201, "Created"},
	{204, "No Content"},
	{303, "See Other"},
	{304, "Not Modified"},
	{400, "Bad Request"},
	{401, "Unauthorized"},
	{403, "Forbidden"},
	{404, "Not Found"},
	{405, "Method Not Allowed"},
	{409, "Conflict"},
	{411, "Length Required"},
	{412, "Precondition Failed"},
	{413, "Content Too Large"},
	{414, "URI Too Long"},
	{415, "Unsupported Media Type"},
	{422, "Unprocessable Content"},
	{428, "Precondition Required"},
	{429, "Too Many Requests"},
	{500, "Internal Server Error"},
	{503, "Service Unavailable"},
};

const char *cgi_reason(int status)
{
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Status";
}

int cgi_status(int code)
{
	switch (code) {
	case HP_OK:
	case HP_E_PENDING: return 200;
	case HP_E_USAGE: return 400;
	case HP_E_NOT_FOUND: return 404;
	case HP_E_EXISTS: return 409;
	case HP_E_DENIED: return 403;
	case HP_E_BUSY: return 503;
	case HP_E_NO:
	case HP_E_REFUSED: return 422;
	default: return 500;
	}
}

/* The code as errors.def names it. */
static const char *name_of(int code, const char **ret_text)
{
	const char *name;
	int status;
	unsigned i;

	for (i = 0; hp_exit_status_at(i, &status, &name, ret_text); i++)
		if (status == -code)
			return name;
	*ret_text = "unknown";
	return "UNKNOWN";
}

void cgi_header(struct cgi *c, const char *name, const char *value)
{
	HP_BUG_ON(hp_str_has_control(value, strlen(value)));
	hp_buf_addf(&c->ans.headers, "%s: %s\r\n", name, value);
}

void cgi_cookie(struct cgi *c, const char *name, const char *value, bool secure, long max_age_s)
{
	const char *path = secure ? "/" : *c->req.base ? c->req.base : "/";

	cgi_header(c, "Set-Cookie",
		hp_pprintf(c->pool, "%s=%s; Path=%s; Max-Age=%ld; HttpOnly; SameSite=Strict%s",
			name, value, path, max_age_s, secure ? "; Secure" : ""));
}

void cgi_problem(struct cgi *c, int status, int code, const char *detail, const char *hint,
	const char *field)
{
	const char *text, *name = name_of(code, &text);
	char *type = hp_pprintf(c->pool, "urn:hosting-panel:error:%s", name);
	struct hp_jw w;

	if (page_is_wanted(c)) {
		page_problem(c, status, detail && *detail ? detail : text, hint);
		return;
	}
	hp_str_lower(type);
	hp_buf_reset(&c->ans.body);
	c->ans.status = status;
	c->ans.type = "application/problem+json";
	hp_jw_init(&w, &c->ans.body, false);
	hp_jw_obj(&w, NULL);
	hp_jw_str(&w, "type", type);
	hp_jw_str(&w, "title", status == cgi_status(code) ? text : cgi_reason(status));
	hp_jw_i64(&w, "status", status);
	hp_jw_str(&w, "detail", detail && *detail ? detail : text);
	hp_jw_i64(&w, "exit", hp_exit_status(code));
	if (hint && *hint)
		hp_jw_str(&w, "hint", hint);
	if (field && *field)
		hp_jw_str(&w, "field", field);
	hp_jw_str(&w, "request_id", c->req.id);
	hp_jw_end(&w, '}');
}

void cgi_problem_err(struct cgi *c, const struct hp_err *err)
{
	cgi_problem(c, cgi_status(err->code), err->code, err->msg, err->hint, NULL);
}

void cgi_redirect(struct cgi *c, const char *path, bool whole)
{
	hp_buf_reset(&c->ans.body);
	c->ans.status = 303;
	c->ans.type = NULL;
	/* a browser follows Location by itself: htmx is then given the main part of that */
	if (whole && c->req.htmx)
		c->ans.status = 204;
	cgi_header(c, whole && c->req.htmx ? "HX-Redirect" : "Location",
		hp_pprintf(c->pool, "%s%s", c->req.base, path));
}

void cgi_answer_send(struct cgi *c, struct hp_fcgi *f)
{
	struct cgi_answer *a = &c->ans;
	bool bare = hp_streq(c->req.method, "HEAD");
	struct hp_buf head _cleanup_buf_ = HP_BUF_INIT;

	hp_buf_addf(&head, "Status: %d %s\r\n", a->status, cgi_reason(a->status));
	if (a->type)
		hp_buf_addf(
			&head, "Content-Type: %s\r\nContent-Length: %zu\r\n", a->type, a->body.len);
	/* with no-referrer, browsers would send a form as if it were of another's page */
	hp_buf_addf(&head,
		"X-Request-Id: %s\r\n"
		"X-Content-Type-Options: nosniff\r\n"
		"X-Frame-Options: DENY\r\n"
		"Referrer-Policy: same-origin\r\n"
		"Cross-Origin-Opener-Policy: same-origin\r\n"
		"Cross-Origin-Resource-Policy: same-origin\r\n"
		"Permissions-Policy: camera=(), geolocation=(), microphone=()\r\n"
		"Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
		"img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; "
		"base-uri 'none'; frame-ancestors 'none'\r\n",
		c->req.id);
	if (!a->headers.len || !strstr(hp_buf_str(&a->headers), "Cache-Control:"))
		hp_buf_adds(&head, "Cache-Control: no-store\r\n");
	if (a->headers.len)
		hp_buf_add(&head, a->headers.s, a->headers.len);
	hp_buf_adds(&head, "\r\n");
	hp_fcgi_write(f, head.s, head.len);
	if (a->type && !bare && a->body.len)
		hp_fcgi_write(f, a->body.s, a->body.len);
}
