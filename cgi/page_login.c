/* Coming in and going out. */
#include "cgi/page.h"
#include "base/str.h"
#include "model/session.h"
#include "panel/token.h"

/*
 * Who is not known yet has no session that a form could belong to: the form's token is of a cookie
 * that is made for logging in alone, so that nobody is logged in as somebody else by another page.
 */
#define COOKIE "__Host-hp_login"
#define COOKIE_PLAIN "hp_login"
#define COOKIE_LEN 43
#define COOKIE_S 3600

static const char *cookie_name(const struct cgi *c)
{
	return c->req.https ? COOKIE : COOKIE_PLAIN;
}

static const char *form_token(struct cgi *c)
{
	const char *have = cgi_param(&c->req.cookies, cookie_name(c));
	char *csrf = hp_palloc(c->pool, 65), fresh[COOKIE_LEN + 1];

	if (!have || strlen(have) != COOKIE_LEN || !hp_token_is_random(have, COOKIE_LEN)) {
		hp_token_random(fresh, COOKIE_LEN);
		cgi_cookie(c, cookie_name(c), fresh, c->req.https, COOKIE_S);
		have = fresh;
	}
	cgi_csrf(have, csrf);
	return csrf;
}

static bool is_form_ours(struct cgi *c, struct hp_err *err)
{
	const char *have = cgi_param(&c->req.cookies, cookie_name(c));
	const char *given = cgi_param(&c->req.form, "csrf");
	char csrf[65];

	if (cgi_check_origin(c, err) < 0)
		return false;
	if (have && given) {
		cgi_csrf(have, csrf);
		if (hp_str_is_same(given, csrf))
			return true;
	}
	hp_err_set(err, HP_E_DENIED, "this form is too old, or your browser keeps no cookies");
	hp_err_hint(err, "try once more; the panel needs a cookie to know you by");
	return false;
}

/* ---- the form ---- */
/* Where somebody wanted to be when he was asked who he is. */
static const char *where_to(struct cgi *c)
{
	const char *next = cgi_param(&c->req.form, "next");

	if (!next)
		next = cgi_param(&c->req.query, "next");
	if (!next)
		next = hp_streq(c->req.method, "GET") ? c->req.path : "/";
	return cgi_is_page(c, next) ? next : "/";
}

/* The part that a second step adds to, and all of it for who has no JavaScript. */
static void show(struct cgi *c, int status, bool wants_code, const struct hp_err *err)
{
	const char *name = cgi_param(&c->req.form, "username");
	struct hp_tmap *m = page_data(c, "Log in", "");

	hp_tmap_str(m, "form_token", form_token(c));
	hp_tmap_str(m, "next", where_to(c));
	hp_tmap_str(m, "username", name && !hp_str_has_control(name, strlen(name)) ? name : "");
	hp_tmap_bool(m, "wants_code", wants_code);
	hp_tmap_bool(m, "told_warn", false);
	if (hp_streq(cgi_param(&c->req.query, "told"), "password"))
		hp_tmap_str(m, "told", "Your password is set. Log in with it.");
	if (err && err->code)
		page_error(m, err->msg, err->hint);
	page_show(c, status, c->req.htmx ? "login-step.html" : "login.html", m);
}

void cgi_login_page(struct cgi *c, int status)
{
	if (cgi_param(&c->req.cookies, cgi_cookie_name(c)))
		cgi_cookie(c, cgi_cookie_name(c), "", c->req.https, 0);
	/* a part of a page can't hold it: the browser loads the page again, and is asked there */
	if (c->req.htmx) {
		cgi_redirect(c, where_to(c), true);
		c->ans.status = status;
		return;
	}
	show(c, status, false, NULL);
}

void page_login(struct cgi *c, const struct cgi_route *r HP_UNUSED)
{
	show(c, 200, false, NULL);
}

/* ---- in ---- */
struct code {
	struct cgi *c;
	bool asked;
};

static int give_code(void *arg, char ret[HP_CODE_SIZE], struct hp_err *err)
{
	struct code *x = arg;
	const char *code = cgi_param(&x->c->req.form, "code");

	x->asked = true;
	if (code && strlen(code) >= HP_CODE_SIZE)
		return hp_err_set(err, HP_E_USAGE, "code: it is too long");
	snprintf(ret, HP_CODE_SIZE, "%s", code ? code : "");
	return 0;
}

static int try(struct cgi *c, struct code *x, struct hp_err *err)
{
	const char *name = cgi_param(&c->req.form, "username");
	const char *password = cgi_param(&c->req.form, "password");
	char token[HP_TOKEN_SIZE];
	struct hp_login l = {.username = name ? name : "",
		.password = password ? password : "",
		.address = c->req.address,
		.code = give_code,
		.arg = x};
	int r;

	if (!*l.username || !*l.password)
		return hp_err_set(err, HP_E_USAGE, "name and password are wanted");
	if (cgi_panel(c, err) < 0)
		return err->code;
	r = hp_login(c->server->panel, &l, token, err);
	hp_panel_rest(c->server->panel);
	if (r == 0) {
		cgi_cookie(c, cgi_cookie_name(c), token, c->req.https, HP_SESSION_MAX_S);
		cgi_cookie(c, cookie_name(c), "", c->req.https, 0);
	}
	hp_wipe(token, sizeof(token));
	return r;
}

void page_do_login(struct cgi *c, const struct cgi_route *r HP_UNUSED)
{
	const char *code = cgi_param(&c->req.form, "code");
	struct hp_err err = HP_ERR_INIT;
	struct code x = {.c = c};

	if (!is_form_ours(c, &err)) {
		show(c, 403, false, &err);
		return;
	}
	if (try(c, &x, &err) == 0) {
		cgi_redirect(c, where_to(c), true);
		return;
	}
	/* the first step went well: what is missing is the second */
	if (x.asked && (!code || !*code))
		hp_err_clear(&err);
	if (err.code && err.code != HP_E_DENIED && err.code != HP_E_BUSY &&
		err.code != HP_E_USAGE) {
		fprintf(stderr, "hp-cgi: %s: %s\n", c->req.id, err.msg);
		cgi_problem(c, 503, HP_E_BUSY, "the panel's database does not answer",
			"try again in a moment", NULL);
		return;
	}
	show(c, err.code == HP_E_BUSY ? 429 : 401, x.asked, &err);
}

/* ---- out ---- */
void page_logout(struct cgi *c, const struct cgi_route *r)
{
	struct cgi_run run = {.program = r->program, .verb = r->verb};
	struct hp_err err = HP_ERR_INIT;
	struct cgi_result res;

	hp_strv_add_ref(c->pool, &run.args, "--");
	hp_strv_add_ref(c->pool, &run.args, c->who.session.v[HP_SESSION_SESSION]);
	/* gone already is gone, too */
	if (cgi_run(c, &run, &res, &err) < 0 || (res.code && res.code != HP_E_NOT_FOUND)) {
		cgi_problem(c, 503, HP_E_BUSY, "the session could not be ended", res.msg, NULL);
		return;
	}
	cgi_cookie(c, cgi_cookie_name(c), "", c->req.https, 0);
	cgi_redirect(c, "/login", true);
}
