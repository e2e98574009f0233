/* How pages are filled and sent. */
#include "cgi/page.h"
#include "cmd/cli.h"
#include "base/str.h"
#include "panel/token.h"

/* ---- from JSON to what a template takes ---- */
/* Line breaks and tabs are text; nothing else that has no picture is. */
const char *page_clean(struct cgi *c, const char *s)
{
	size_t n = s ? strlen(s) : 0, i;
	char *t;

	if (!n || !hp_str_has_control(s, n))
		return s;
	t = hp_pstrdup(c->pool, s);
	for (i = 0; i < n; i++) {
		unsigned char ch = (unsigned char)t[i];

		if ((ch < 0x20 && ch != '\n' && ch != '\t' && ch != '\r') || ch == 0x7f)
			t[i] = '?';
		else if (ch == 0xc2 && (unsigned char)t[i + 1] < 0xa0)
			t[i] = t[i + 1] = '?';
	}
	return t;
}

static void lines(struct cgi *c, struct hp_buf *b, const char *prefix, const struct hp_json *v)
{
	const struct hp_json *m;

	for (m = hp_json_first(v); m; m = hp_json_next(m)) {
		const char *key = hp_json_type(v) == HP_JSON_OBJECT ? hp_json_key(m) : NULL;

		if (hp_json_type(m) == HP_JSON_OBJECT) {
			lines(c, b, key ? hp_pprintf(c->pool, "%s%s ", prefix, key) : prefix, m);
			continue;
		}
		if (b->len)
			hp_buf_addc(b, '\n');
		if (key)
			hp_buf_addf(b, "%s%s = %s", prefix, key, page_text(c, m));
		else
			hp_buf_adds(b, page_text(c, m));
	}
}

const char *page_text(struct cgi *c, const struct hp_json *v)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	int64_t i;

	switch (v ? hp_json_type(v) : HP_JSON_NULL) {
	case HP_JSON_NULL: return "";
	case HP_JSON_BOOL: return hp_json_is_true(v) ? "true" : "false";
	case HP_JSON_STRING: return page_clean(c, hp_json_str(v));
	case HP_JSON_NUMBER:
		if (hp_json_i64(v, &i) == 0)
			return hp_pprintf(c->pool, "%lld", (long long)i);
		return hp_pprintf(c->pool, "%g", hp_json_double(v));
	default: lines(c, &b, "", v); return page_clean(c, hp_pstrdup(c->pool, hp_buf_str(&b)));
	}
}

const char *page_member(struct cgi *c, const struct hp_json *obj, const char *name)
{
	return page_text(c, obj ? hp_json_get(obj, name) : NULL);
}

/* "2026-01-31T08:15:02Z" is "2026-01-31 08:15 UTC" to people. */
static const char *for_people(struct cgi *c, const char *s)
{
	int64_t t;

	if (strlen(s) != 20 || s[10] != 'T' || hp_time_parse(s, &t) < 0)
		return s;
	return hp_pprintf(c->pool, "%.10s %.5s UTC", s, s + 11);
}

static void put(struct cgi *c, struct hp_tmap *m, const char *name, const struct hp_json *v)
{
	const struct hp_json *e;
	struct hp_tmap *item;

	switch (hp_json_type(v)) {
	case HP_JSON_BOOL: hp_tmap_bool(m, name, hp_json_is_true(v)); break;
	case HP_JSON_ARRAY: page_rows(c, m, name, v); break;
	case HP_JSON_OBJECT:
		hp_tmap_list(m, name);
		for (e = hp_json_first(v); e; e = hp_json_next(e)) {
			item = hp_tmap_item(m, name);
			hp_tmap_str(item, "key", page_clean(c, hp_json_key(e)));
			hp_tmap_str(item, "value", page_text(c, e));
		}
		break;
	default: hp_tmap_str(m, name, for_people(c, page_text(c, v)));
	}
}

void page_json(struct cgi *c, struct hp_tmap *m, const struct hp_json *obj)
{
	const struct hp_json *v;

	for (v = obj ? hp_json_first(obj) : NULL; v; v = hp_json_next(v))
		put(c, m, hp_json_key(v), v);
}

void page_rows(struct cgi *c, struct hp_tmap *m, const char *name, const struct hp_json *arr)
{
	const struct hp_json *e;

	hp_tmap_list(m, name);
	for (e = arr ? hp_json_first(arr) : NULL; e; e = hp_json_next(e)) {
		struct hp_tmap *item = hp_tmap_item(m, name);

		if (hp_json_type(e) == HP_JSON_OBJECT)
			page_json(c, item, e);
		else
			hp_tmap_str(item, "value", page_text(c, e));
	}
}

void page_diff(struct cgi *c, struct hp_tmap *m, const char *diff)
{
	struct hp_strv l = {0};
	size_t i;

	hp_tmap_list(m, "diff");
	hp_tmap_bool(m, "has_diff", *diff != 0);
	hp_str_split(c->pool, diff, "\n", &l);
	for (i = 0; i < l.n; i++) {
		const char *s = l.v[i];
		struct hp_tmap *item = hp_tmap_item(m, "diff");

		hp_tmap_str(item, "line", s);
		hp_tmap_str(item, "line_kind",
			hp_str_starts(s, "+++") || hp_str_starts(s, "---") ? "file"
				: *s == '+'                                ? "plus"
				: *s == '-'                                ? "minus"
				: *s == '@'                                ? "at"
									   : "same");
	}
}

void page_error(struct hp_tmap *m, const char *msg, const char *hint)
{
	hp_tmap_str(m, "error", msg);
	hp_tmap_str(m, "hint", hint);
}

/* ---- what every page has ---- */
bool page_may(const struct cgi *c, const char *verb)
{
	struct hp_err ignored = HP_ERR_INIT;

	return c->who.operator|| hp_may_begin(&c->who.actor, verb, &ignored) == 0;
}

static void put_nav(struct cgi *c, struct hp_tmap *m, const char *here)
{
	static const struct {
		const char *name, *path, *label, *verb;
	} nav[] = {
		{"dashboard", "/", "Dashboard", "site:list"},
		{"websites", "/websites", "Websites", "site:list"},
		{"php", "/php", "PHP", "php:list"},
		{"certificates", "/certificates", "Certificates", "cert:list"},
		{"users", "/users", "Users", "user:list"},
		{"keys", "/keys", "API keys", "key:list"},
		{"sessions", "/sessions", "Sessions", "session:list"},
		{"audit", "/audit", "Audit trail", "audit:list"},
		{"tenants", "/tenants", "Tenants", "tenant:add"},
	};
	size_t i;

	hp_tmap_list(m, "nav");
	if (c->who.by == CGI_NOBODY || cgi_needs_password(c))
		return;
	for (i = 0; i < HP_ARRAY_SIZE(nav); i++) {
		struct hp_tmap *item;

		if (!page_may(c, nav[i].verb))
			continue;
		item = hp_tmap_item(m, "nav");
		hp_tmap_str(item, "path", nav[i].path);
		hp_tmap_str(item, "label", nav[i].label);
		hp_tmap_bool(item, "here", hp_streq(nav[i].name, here));
	}
}

struct hp_tmap *page_data(struct cgi *c, const char *title, const char *nav)
{
	struct hp_tmap *m = hp_tmap_new(c->pool);
	bool known = c->who.by != CGI_NOBODY;

	hp_tmap_str(m, "title", title);
	hp_tmap_str(m, "base", c->req.base);
	hp_tmap_bool(m, "fragment", c->req.htmx);
	hp_tmap_str(m, "style", page_asset(c, "style.css"));
	hp_tmap_str(m, "app", page_asset(c, "app.js"));
	hp_tmap_str(m, "htmx", page_asset(c, "htmx.js"));
	hp_tmap_str(m, "icon", page_asset(c, "icon.svg"));
	hp_tmap_bool(m, "known", known);
	hp_tmap_str(m, "csrf", c->who.csrf);
	hp_tmap_str(m, "me", known ? c->who.username : "");
	hp_tmap_str(m, "my_role", known ? cgi_role(c) : "");
	hp_tmap_bool(m, "operator", c->who.operator);
	hp_tmap_bool(m, "account_here", hp_streq(nav, "account"));
	hp_tmap_bool(m, "needs_password", cgi_needs_password(c));
	put_nav(c, m, nav);
	page_error(m, NULL, NULL);
	page_flash(c, m);
	return m;
}

/* ---- sent ---- */
static void broken(struct cgi *c, const struct hp_err *err)
{
	fprintf(stderr, "hp-cgi: %s: %s\n", c->req.id, err->msg);
	hp_buf_reset(&c->ans.body);
	c->ans.status = 500;
	c->ans.type = "text/plain; charset=utf-8";
	hp_buf_addf(&c->ans.body, "This page could not be made. The log has the reason under %s.\n",
		c->req.id);
}

void page_show(struct cgi *c, int status, const char *name, const struct hp_tmap *m)
{
	struct hp_err err = HP_ERR_INIT;
	const struct hp_tmpl *t;

	hp_buf_reset(&c->ans.body);
	c->ans.status = status;
	c->ans.type = "text/html; charset=utf-8";
	cgi_header(c, "Vary", "HX-Request");
	if (hp_tmpl_get(c->server->tmpl, "html", name, &t, &err) < 0 ||
		hp_tmpl_render(t, m, &c->ans.body, &err) < 0)
		broken(c, &err);
}

bool page_is_wanted(const struct cgi *c)
{
	return c->page ||
		(c->req.accept && strstr(c->req.accept, "text/html") &&
			!hp_str_starts(c->req.path, "/api/"));
}

void page_problem(struct cgi *c, int status, const char *detail, const char *hint)
{
	struct hp_tmap *m = page_data(c, cgi_reason(status), "");

	hp_tmap_i64(m, "status", status);
	hp_tmap_str(m, "request_id", c->req.id);
	page_error(m, page_clean(c, detail), page_clean(c, hint));
	page_show(c, status, "problem.html", m);
}

const char *page_encoded(struct cgi *c, const char *s)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err ignored = HP_ERR_INIT;

	hp_escaper("html")(&b, s, "url", &ignored);
	return hp_pstrdup(c->pool, hp_buf_str(&b));
}

/* ---- programs ---- */
bool page_parse(struct cgi *c, struct cgi_result *res)
{
	struct hp_err ignored = HP_ERR_INIT;

	if (!res->json && res->out_len &&
		hp_json_parse(res->out, res->out_len, &res->json, &ignored) == 0)
		cgi_keep(c, res->json);
	return res->json;
}

int page_run(struct cgi *c, const struct cgi_run *r, struct cgi_result *ret)
{
	struct hp_err err = HP_ERR_INIT;

	if (cgi_run(c, r, ret, &err) < 0) {
		cgi_problem_err(c, &err);
		return -1;
	}
	page_parse(c, ret);
	return 0;
}

int page_read(struct cgi *c, const struct cgi_run *r, struct cgi_result *ret)
{
	if (page_run(c, r, ret) < 0)
		return -1;
	if (cgi_status(ret->code) == 200)
		return 0;
	cgi_problem(c, cgi_status(ret->code), ret->code, ret->msg, ret->hint, NULL);
	return -1;
}

const struct hp_json *page_row(const struct cgi_result *res)
{
	const struct hp_json *v = res->json;

	if (v && hp_json_type(v) == HP_JSON_ARRAY)
		v = hp_json_first(v);
	return v && hp_json_type(v) == HP_JSON_OBJECT ? v : NULL;
}

const struct hp_json *page_rows_of(const struct cgi_result *res)
{
	const struct hp_json *v = res->json;

	if (v && hp_json_type(v) == HP_JSON_OBJECT)
		for (v = hp_json_first(v); v && hp_json_type(v) != HP_JSON_ARRAY;)
			v = hp_json_next(v);
	return v && hp_json_type(v) == HP_JSON_ARRAY ? v : NULL;
}
