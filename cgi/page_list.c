/* Pages that a table of routes alone can describe: lists, one object, verbs without a form. */
#include "cgi/page.h"
#include "cmd/cli.h"
#include "base/str.h"

#define ROWS 50

/* "websites" of "/websites/{website}/settings": the entry of the navigation, and a list's template.
 */
const char *page_section(struct cgi *c, const struct cgi_route *r)
{
	return r->path[1] ? hp_pstrndup(c->pool, r->path + 1, strcspn(r->path + 1, "/"))
			  : "dashboard";
}

/* "{1}" is the path's first variable, percent-encoded in a path of ours. */
const char *page_expanded(struct cgi *c, const char *path)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;

	for (; *path; path++) {
		if (*path != '{') {
			hp_buf_addc(&b, *path);
			continue;
		}
		hp_buf_adds(&b, page_encoded(c, c->var[path[1] - '1']));
		path = strchr(path, '}');
	}
	return hp_pstrdup(c->pool, hp_buf_str(&b));
}

/* Another verb of the route's program, as "site:add" of hp-site. */
static bool may(struct cgi *c, const struct cgi_route *r, const char *verb)
{
	return page_may(c, hp_pprintf(c->pool, "%s:%s", r->program + strlen("hp-"), verb));
}

/* ---- lists ---- */
static const struct {
	const char *section, *columns; /* names and labels, their blanks as '_' */
} lists[] = {
	{"websites", "domain=Website web_server=Server php_version=PHP status=Status"},
	{"users", "username=User role=Role email=Mail status=Status last_login_at=Last_login"},
	{"keys", "key=Key username=User name=Purpose expires_at=Expires last_used_at=Last_used"},
	{"sessions",
		"session=Session username=User address=Address created_at=Begun "
		"last_seen_at=Last_seen"},
	{"audit", "at=When actor=Who verb=What object=Object"},
	{"php",
		"php_version=Version release=Release sites=Websites running=Running waiting=Asleep "
		"fpm=Program"},
	{"certificates",
		"domain=Website provider=From status=State not_after=Expires days=Days_left"},
	{"tenants",
		"subdomain=Tenant name=Name status=Status website_limit=Limit websites=Websites"},
};

/* The page's own address with one parameter of its query changed; NULL takes it away. */
static const char *link_with(struct cgi *c, const char *name, const char *value)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	size_t i;

	hp_buf_addf(&b, "%s%s", c->req.base, c->req.path);
	for (i = 0; i < c->req.query.n; i++) {
		const struct cgi_param *q = &c->req.query.v[i];

		/* another order or search begins at the first page */
		if (hp_streq(q->name, name) || hp_streq(q->name, "page") || !*q->value)
			continue;
		hp_buf_addf(&b, "%s%s=%s", strchr(hp_buf_str(&b), '?') ? "&" : "?",
			page_encoded(c, q->name), page_encoded(c, q->value));
	}
	if (value)
		hp_buf_addf(&b, "%s%s=%s", strchr(hp_buf_str(&b), '?') ? "&" : "?", name,
			page_encoded(c, value));
	return hp_pstrdup(c->pool, hp_buf_str(&b));
}

static void put_columns(struct cgi *c, const char *section, bool sorts, struct hp_tmap *m)
{
	const char *sort = cgi_param(&c->req.query, "sort");
	struct hp_strv l = {0};
	size_t i;

	hp_tmap_list(m, "columns");
	for (i = 0; i < HP_ARRAY_SIZE(lists); i++)
		if (hp_streq(lists[i].section, section))
			hp_str_split(c->pool, lists[i].columns, " ", &l);
	for (i = 0; i < l.n; i++) {
		size_t n = strcspn(l.v[i], "=");
		const char *name = hp_pstrndup(c->pool, l.v[i], n);
		char *label = hp_pstrdup(c->pool, l.v[i] + n + 1), *p;
		bool down = sort && *sort == '-' && hp_streq(sort + 1, name);
		bool up = hp_streq(sort, name);
		struct hp_tmap *col = hp_tmap_item(m, "columns");

		for (p = label; *p; p++)
			if (*p == '_')
				*p = ' ';
		hp_tmap_str(col, "label", label);
		hp_tmap_str(col, "aria_sort", up ? "ascending" : down ? "descending" : "none");
		hp_tmap_str(col, "link",
			!sorts ? ""
			       : link_with(
					 c, "sort", up ? hp_pprintf(c->pool, "-%s", name) : name));
	}
}

static int64_t number_of(const struct hp_json *obj, const char *name, int64_t otherwise)
{
	const struct hp_json *v = obj ? hp_json_get(obj, name) : NULL;
	int64_t n;

	return v && hp_json_i64(v, &n) == 0 ? n : otherwise;
}

static void put_pages(struct cgi *c, const struct cgi_result *res, int64_t page, struct hp_tmap *m)
{
	const struct hp_json *rows = page_rows_of(res), *e;
	int64_t n = 0, total, first = (page - 1) * ROWS;

	for (e = rows ? hp_json_first(rows) : NULL; e; e = hp_json_next(e))
		n++;
	total = rows == res->json ? n : number_of(res->json, "total", n);
	hp_tmap_i64(m, "total", total);
	hp_tmap_i64(m, "from", n ? first + 1 : 0);
	hp_tmap_i64(m, "to", first + n);
	hp_tmap_str(m, "previous",
		page > 1 ? link_with(c, "page", hp_pprintf(c->pool, "%lld", (long long)page - 1))
			 : "");
	hp_tmap_str(m, "next",
		first + n < total
			? link_with(c, "page", hp_pprintf(c->pool, "%lld", (long long)page + 1))
			: "");
}

static const struct hp_opt *option_of(const struct cgi_run *run, const char *name)
{
	const struct hp_opt *tables[CLI_TABLES], *o;
	size_t i;

	cli_opt_tables(cgi_verb(run->program, run->verb), tables);
	for (i = 0; tables[i]; i++)
		for (o = tables[i]; o->name; o++)
			if (hp_streq(o->name, name))
				return o;
	return NULL;
}

/* One that rows can be chosen by: among words that are known, or freely. */
static void put_filter(
	struct cgi *c, const struct hp_opt *o, const char *name, const char *v, struct hp_tmap *m)
{
	struct hp_tmap *f = hp_tmap_item(m, "filters");
	struct hp_strv words = {0};
	size_t i;

	hp_tmap_str(f, "name", name);
	hp_tmap_str(f, "label", form_label(c, name));
	hp_tmap_str(f, "help", o->help);
	hp_tmap_str(f, "value", page_clean(c, v));
	hp_tmap_list(f, "options");
	if (o->complete && *o->complete == '=')
		hp_str_split(c->pool, o->complete + 1, "|", &words);
	for (i = 0; i < words.n; i++) {
		struct hp_tmap *item = hp_tmap_item(f, "options");

		hp_tmap_str(item, "option", words.v[i]);
		hp_tmap_bool(item, "selected", hp_streq(words.v[i], v));
	}
	hp_tmap_bool(f, "is_free", words.n == 0);
}

/* What the route's query names, as options; an empty one is none. */
static void take_filters(
	struct cgi *c, const struct cgi_route *r, struct cgi_run *run, struct hp_tmap *m)
{
	struct hp_strv l = {0};
	bool any = false;
	size_t i;

	hp_tmap_list(m, "filters");
	hp_str_split(c->pool, r->query ? r->query : "", " ", &l);
	for (i = 0; i < l.n; i++) {
		const char *eq = strchr(l.v[i], '=');
		const char *name = hp_pstrndup(c->pool, l.v[i], (size_t)(eq - l.v[i]));
		const char *v = cgi_param(&c->req.query, name);
		const struct hp_opt *o = option_of(run, eq + 3);

		/* others see one tenant, and on which node it is is not theirs to know */
		if (!o || (!c->who.operator&&(hp_streq(name, "tenant") || hp_streq(name, "node"))))
			continue;
		put_filter(c, o, name, v ? v : "", m);
		if (!v || !*v)
			continue;
		any = true;
		hp_strv_addf(c->pool, &run->args, "%s=%s", eq + 1, v);
	}
	hp_tmap_bool(m, "filtered", any);
}

static void take_page(struct cgi *c, struct cgi_run *run, int64_t *ret_page, struct hp_tmap *m)
{
	const char *q = cgi_param(&c->req.query, "q"), *sort = cgi_param(&c->req.query, "sort");
	const char *page = cgi_param(&c->req.query, "page");

	*ret_page = 1;
	hp_tmap_str(m, "q", page_clean(c, q));
	hp_tmap_str(m, "sort", page_clean(c, sort));
	hp_tmap_str(m, "path", c->req.path);
	hp_tmap_bool(m, "searches", cgi_has_option(run, "match"));
	if (!cgi_has_option(run, "paged"))
		return;
	if (page && hp_parse_i64(page, 1, INT32_MAX / ROWS, ret_page) < 0)
		*ret_page = 1;
	hp_strv_add_ref(c->pool, &run->args, "--paged");
	hp_strv_addf(c->pool, &run->args, "--limit=%d", ROWS);
	hp_strv_addf(c->pool, &run->args, "--offset=%lld", (long long)(*ret_page - 1) * ROWS);
	if (q && *q)
		hp_strv_addf(c->pool, &run->args, "--match=%s", q);
	if (sort && *sort)
		hp_strv_addf(c->pool, &run->args, "--sort=%s", sort);
}

/* Of lists that take a name: "?user" is the query's, where it has one. */
static void take_operand(
	struct cgi *c, const struct cgi_route *r, struct cgi_run *run, struct hp_tmap *m)
{
	static const struct hp_opt opt = {.name = "user", .help = "only this user's"};
	const char *name = r->operands && *r->operands == '?' ? r->operands + 1 : NULL;
	const char *v = name ? cgi_param(&c->req.query, name) : NULL;

	if (!name)
		return;
	put_filter(c, &opt, name, v ? v : "", m);
	if (!v || !*v)
		return;
	hp_tmap_bool(m, "filtered", true);
	hp_strv_add_ref(c->pool, &run->args, "--");
	hp_strv_add_ref(c->pool, &run->args, v);
}

int page_list_data(struct cgi *c, const struct cgi_route *r, struct hp_tmap *m)
{
	struct cgi_run run = {.program = r->program, .verb = r->verb};
	struct cgi_result res;
	int64_t page;

	take_filters(c, r, &run, m);
	take_page(c, &run, &page, m);
	take_operand(c, r, &run, m);
	if (page_run(c, &run, &res) < 0)
		return -1;
	if (cgi_status(res.code) != 200) {
		/* a filter that fits nothing is told beside it, in place of the rows */
		if (res.code != HP_E_USAGE) {
			cgi_problem(c, cgi_status(res.code), res.code, res.msg, res.hint, NULL);
			return -1;
		}
		page_error(m, res.msg, res.hint);
		res.json = NULL;
	}
	put_columns(c, page_section(c, r), cgi_has_option(&run, "sort"), m);
	if (hp_streq(r->program, "hp-audit"))
		page_entries(c, &res, m);
	else
		page_rows(c, m, "rows", page_rows_of(&res));
	put_pages(c, &res, page, m);
	return 0;
}

void page_list(struct cgi *c, const struct cgi_route *r)
{
	const char *section = page_section(c, r);
	struct hp_tmap *m = page_data(c, r->summary, section);

	hp_tmap_bool(m, "may_add", may(c, r, "add"));
	if (page_list_data(c, r, m) == 0)
		page_show(c, 200, hp_pprintf(c->pool, "%s.html", section), m);
}

/* ---- one object ---- */
const struct hp_json *page_object_data(struct cgi *c, const struct cgi_route *r, struct hp_tmap *m)
{
	struct cgi_run run = {.program = r->program, .verb = r->verb};
	struct cgi_result res;

	hp_strv_add_ref(c->pool, &run.args, "--");
	hp_strv_add_ref(c->pool, &run.args, c->var[0]);
	if (page_read(c, &run, &res) < 0)
		return NULL;
	hp_tmap_str(m, "object", c->var[0]);
	page_json(c, m, page_row(&res));
	hp_tmap_bool(m, "is_active", hp_streq(page_member(c, page_row(&res), "status"), "active"));
	return page_row(&res);
}

void page_object(struct cgi *c, const struct cgi_route *r)
{
	struct hp_tmap *m = page_data(c, c->var[0], page_section(c, r));

	hp_tmap_bool(m, "may_set", may(c, r, "set"));
	hp_tmap_bool(m, "may_suspend", may(c, r, "suspend"));
	hp_tmap_bool(m, "may_remove", may(c, r, "remove"));
	if (page_object_data(c, r, m))
		page_show(c, 200, r->key, m);
}

/* ---- verbs ---- */
/* What became of it, in a sentence. */
const char *page_outcome(struct cgi *c, const struct cgi_result *res, const char **ret_kind)
{
	static const char *const done[][2] = {{"add", "was made"}, {"set", "was changed"},
		{"suspend", "is suspended"}, {"resume", "is active again"},
		{"remove", "was removed"}, {"revoke", "was ended"}, {"alias", "was changed"},
		{"passwd", "has a new password"}, {"totp-disable", "has no second factor any more"},
		{"totp-confirm", "has a second factor from now on"}, {"undo", "was undone"},
		{"issue", "has a new certificate"}, {"renew", "has a new certificate"},
		{"import", "has this certificate now"}};
	const struct hp_json *row = page_row(res), *first = row ? hp_json_first(row) : NULL;
	const char *object = first ? page_text(c, first) : "";
	const char *action = page_member(c, row, "action"), *result = page_member(c, row, "result");
	const char *message = page_member(c, row, "message"), *what = "is done";
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(done); i++)
		if (hp_streq(done[i][0], action))
			what = done[i][1];
	*ret_kind = hp_streq(result, "partial") || (hp_streq(result, "recorded") && *message)
		? "warn"
		: "good";
	if (hp_streq(result, "unchanged"))
		what = "was so already";
	return hp_pprintf(c->pool, "%s %s.%s%s%s", object, what, *message ? " " : "", message,
		*message ? "." : "");
}

/* Has he typed its name, where that is wanted? */
static bool is_confirmed(struct cgi *c, const struct cli_verb *v)
{
	const char *typed = cgi_param(&c->req.form, "confirm");

	return !(v->flags & CLI_YES) || hp_streq(typed, c->var[0]);
}

static void confirm(struct cgi *c, const struct cgi_route *r, int status, const char *error)
{
	struct hp_tmap *m =
		page_data(c, hp_pprintf(c->pool, "%s: %s", c->var[0], r->verb), page_section(c, r));

	hp_tmap_str(m, "object", c->var[0]);
	hp_tmap_str(m, "what", cgi_verb(r->program, r->verb)->summary);
	hp_tmap_str(m, "action",
		page_expanded(c, hp_pprintf(c->pool, "%s%s", c->req.base, c->req.path)));
	hp_tmap_str(m, "back", page_expanded(c, r->query));
	page_error(m, error, NULL);
	page_show(c, status, "confirm.html", m);
}

void page_confirm(struct cgi *c, const struct cgi_route *r)
{
	confirm(c, r, 200, NULL);
}

void page_do(struct cgi *c, const struct cgi_route *r)
{
	const struct cli_verb *v = cgi_verb(r->program, r->verb);
	struct cgi_run run = {.program = r->program, .verb = r->verb};
	struct cgi_result res;
	const char *kind;

	if (!is_confirmed(c, v)) {
		confirm(c, r, 422, "type the name as it stands above");
		return;
	}
	if (v->flags & CLI_YES)
		hp_strv_add_ref(c->pool, &run.args, "--yes");
	cgi_operands(c, r, &run);
	if (page_run(c, &run, &res) < 0)
		return;
	if (cgi_status(res.code) == 200) {
		const char *text = page_outcome(c, &res, &kind);

		page_go(c, page_expanded(c, r->key), kind, text);
	} else if (res.code == HP_E_NOT_FOUND || res.code == HP_E_DENIED) {
		cgi_problem(c, cgi_status(res.code), res.code, res.msg, res.hint, NULL);
	} else {
		page_go(c, page_expanded(c, r->query), "warn",
			hp_pprintf(c->pool, "%s%s%s", res.msg ? res.msg : "it failed",
				res.hint ? ": " : "", res.hint ? res.hint : ""));
	}
}
