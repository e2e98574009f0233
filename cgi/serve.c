/* One request: read, routed, found out who asks, answered. */
#include "cgi/page.h"
#include "base/str.h"

/* GET and the like change nothing, whoever sends them (RFC 9110 §9.2.1). */
static bool is_safe(const char *method)
{
	return hp_streq(method, "GET") || hp_streq(method, "HEAD") || hp_streq(method, "OPTIONS");
}

static void unauthorized(struct cgi *c, const struct cgi_route *r, const struct hp_err *err)
{
	if (r ? (r->flags & CGI_PAGE) != 0 : page_is_wanted(c)) {
		cgi_login_page(c, 401);
		return;
	}
	cgi_header(c, "WWW-Authenticate", "Bearer realm=\"hosting-panel\"");
	cgi_problem(c, 401, HP_E_DENIED, err->code ? err->msg : "who asks is not known",
		"send an API key: Authorization: Bearer hpk_…", NULL);
}

static void no_route(struct cgi *c, const char *allow)
{
	if (!allow) {
		cgi_problem(c, 404, HP_E_NOT_FOUND, "there is nothing at this path", NULL, NULL);
		return;
	}
	cgi_header(c, "Allow", allow);
	if (hp_streq(c->req.method, "OPTIONS"))
		c->ans.status = 204;
	else
		cgi_problem(c, 405, HP_E_USAGE, "this method is not for this path",
			hp_pprintf(c->pool, "allowed: %s", allow), NULL);
}

/* What is open to who came in by a password for once: that he sets his own, and goes. */
static bool is_for_password(const struct cgi_route *r)
{
	static const char *const paths[] = {"/account", "/account/password", "/logout"};
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(paths); i++)
		if (hp_streq(r->path, paths[i]))
			return true;
	return false;
}

static void answer(struct cgi *c)
{
	const char *allow;
	const struct cgi_route *r = cgi_find_route(c, &allow);
	struct hp_err err = HP_ERR_INIT;

	c->page = r && (r->flags & CGI_PAGE);
	if (r && (r->flags & CGI_OPEN)) {
		r->fn(c, r);
		return;
	}
	if (cgi_authenticate(c, &err) < 0 && err.code != HP_E_DENIED) {
		fprintf(stderr, "hp-cgi: %s: %s\n", c->req.id, err.msg);
		cgi_problem(c, 503, HP_E_BUSY, "it can't be told who asks: the panel's database "
			"does not answer", NULL, NULL);
		cgi_header(c, "Retry-After", "5");
	} else if (c->who.by == CGI_NOBODY) {
		unauthorized(c, r, &err);
	} else if (!r) {
		no_route(c, allow);
	} else if (c->page && c->who.by == CGI_BY_KEY) {
		cgi_problem(c, 403, HP_E_DENIED, "pages are for people who have logged in",
			"an API key is for the paths below /api/v1", NULL);
	} else if (!is_safe(c->req.method) && cgi_check_csrf(c, &err) < 0) {
		cgi_problem_err(c, &err);
	} else if (cgi_needs_password(c) && !is_for_password(r)) {
		if (c->page)
			cgi_redirect(c, "/account", true);
		else
			cgi_problem(c, 403, HP_E_DENIED, "a password of one's own is wanted first",
				"set it on the page /account", NULL);
	} else {
		r->fn(c, r);
	}
}

void cgi_serve(struct cgi_server *s, struct hp_fcgi *f)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct cgi c = {.server = s, .pool = pool, .ans = {.status = 500}};
	struct hp_err err = HP_ERR_INIT;
	int status = 400;

	if (cgi_request_read(pool, f, &c.req, &status, &err) < 0)
		cgi_problem(&c, status, err.code, err.msg, err.hint, NULL);
	else
		answer(&c);
	cgi_answer_send(&c, f);
	while (c.n_docs)
		hp_json_free(c.docs[--c.n_docs]);
	hp_buf_release(&c.ans.headers);
	if (c.ans.body.s)
		hp_wipe(c.ans.body.s, c.ans.body.len);
	hp_buf_release(&c.ans.body);
	if (s->panel)
		hp_panel_rest(s->panel);
}
