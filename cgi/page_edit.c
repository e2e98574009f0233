/* Objects made and changed by forms. What websites become is shown before it is carried out. */
#include "cgi/page.h"
#include "cmd/cli.h"
#include "base/str.h"

static const struct kind {
	const char *program, *key, *path;
	const struct hp_field_table *table;
	const char *one;
	const char *skip[4]; /* fields that are not for these forms */
	bool plans;          /* shown before it is carried out */
	bool has_tenant;     /* made for a tenant, which the operator names */
} kinds[] = {
	{"hp-site", "domain", "/websites", &hp_site_table, "website", {NULL}, true, true},
	{"hp-user", "username", "/users", &hp_user_table, "user", {NULL}, false, true},
	{"hp-tenant", "subdomain", "/tenants", &hp_tenant_table, "tenant", {NULL}, false, false},
};

static const struct kind *kind_of(const struct cgi_route *r)
{
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(kinds); i++)
		if (hp_streq(kinds[i].program, r->program))
			return &kinds[i];
	HP_BUG_ON(true);
}

/* One form on its way. */
struct edit {
	const struct kind *k;
	const struct cgi_route *r;
	struct page_form f;
	struct hp_tmap *m;
};

/* The PHP versions there are, to choose from; without them it is typed. */
static const struct hp_json *versions(struct cgi *c)
{
	struct cgi_run run = {.program = "hp-php", .verb = "list"};
	struct cgi_result res;
	struct hp_err err = HP_ERR_INIT;

	if (cgi_run(c, &run, &res, &err) < 0 || res.code || !page_parse(c, &res))
		return NULL;
	return page_rows_of(&res);
}

static void put_tenants(struct cgi *c, const struct edit *e)
{
	struct cgi_run run = {.program = "hp-tenant", .verb = "list"};
	struct hp_err err = HP_ERR_INIT;
	const char *given = cgi_param(&c->req.form, "tenant");
	struct cgi_result res;
	const struct hp_json *v;

	hp_tmap_bool(e->m, "asks_tenant", false);
	hp_tmap_list(e->m, "tenants");
	if (!e->f.is_new || !e->k->has_tenant || !c->who.operator)
		return;
	if (cgi_run(c, &run, &res, &err) < 0 || res.code || !page_parse(c, &res))
		return;
	v = page_rows_of(&res);
	hp_tmap_bool(e->m, "asks_tenant", true);
	for (v = v ? hp_json_first(v) : NULL; v; v = hp_json_next(v)) {
		struct hp_tmap *item = hp_tmap_item(e->m, "tenants");
		const char *name = page_member(c, v, "subdomain");

		hp_tmap_str(item, "option", name);
		hp_tmap_bool(item, "selected", hp_streq(name, given));
	}
}

/* As the form was made from: who changes it meanwhile is not overwritten. */
static const char *revision_of(struct cgi *c, const struct edit *e)
{
	const char *given = page_clean(c, cgi_param(&c->req.form, "revision"));

	return given ? given : page_member(c, e->f.row, "revision");
}

static int begin(struct cgi *c, const struct cgi_route *r, struct edit *e)
{
	struct cgi_run show = {.program = r->program, .verb = "show"};
	struct cgi_result res;

	memset(e, 0, sizeof(*e));
	e->k = kind_of(r);
	e->r = r;
	e->f.table = e->k->table;
	e->f.skip = e->k->skip;
	e->f.is_new = hp_streq(r->verb, "add");
	if (!e->f.is_new) {
		hp_strv_add_ref(c->pool, &show.args, "--columns=+revision");
		hp_strv_add_ref(c->pool, &show.args, "--");
		hp_strv_add_ref(c->pool, &show.args, c->var[0]);
		if (page_read(c, &show, &res) < 0)
			return -1;
		e->f.row = page_row(&res);
	}
	e->m = page_data(c,
		e->f.is_new ? hp_pprintf(c->pool, "New %s", e->k->one)
			    : hp_pprintf(c->pool, "%s: settings", c->var[0]),
		e->k->path + 1);
	hp_tmap_bool(e->m, "is_new", e->f.is_new);
	hp_tmap_bool(e->m, "plans", e->k->plans);
	hp_tmap_str(e->m, "object", e->f.is_new ? "" : c->var[0]);
	hp_tmap_str(e->m, "one", e->k->one);
	hp_tmap_str(e->m, "revision", revision_of(c, e));
	hp_tmap_str(e->m, "action", hp_pprintf(c->pool, "%s%s", c->req.base, c->req.path));
	hp_tmap_str(e->m, "back",
		e->f.is_new ? e->k->path
			    : hp_pprintf(c->pool, "%s/%s", e->k->path, page_encoded(c, c->var[0])));
	return 0;
}

static void show_form(struct cgi *c, struct edit *e, int status)
{
	const char *aliases = cgi_param(&c->req.form, "aliases");

	if (e->k->table == &hp_site_table)
		e->f.versions = versions(c);
	put_tenants(c, e);
	hp_tmap_bool(e->m, "asks_aliases", e->f.is_new && e->k->table == &hp_site_table);
	hp_tmap_str(e->m, "aliases", page_clean(c, aliases));
	form_fill(c, &e->f, e->m);
	page_show(c, status, "form.html", e->m);
}

void page_form(struct cgi *c, const struct cgi_route *r)
{
	struct edit e;

	if (begin(c, r, &e) == 0)
		show_form(c, &e, 200);
}

/* ---- carried out ---- */
static void put_kept(struct cgi *c, const struct edit *e, const char *name)
{
	const char *v = cgi_param(&c->req.form, name);
	struct hp_tmap *item;

	if (!v || !*v)
		return;
	item = hp_tmap_item(e->m, "kept");
	hp_tmap_str(item, "name", name);
	hp_tmap_str(item, "value", page_clean(c, v));
}

/* Of a new one what no field is: its tenant and further names. */
static void put_more(struct cgi *c, const struct edit *e, struct hp_jw *w)
{
	const char *tenant = cgi_param(&c->req.form, "tenant");
	const char *aliases = cgi_param(&c->req.form, "aliases");
	struct hp_strv l = {0};
	size_t i;

	if (tenant && *tenant && e->k->has_tenant)
		hp_jw_str(w, "tenant", tenant);
	if (!aliases || e->k->table != &hp_site_table)
		return;
	hp_str_split(c->pool, aliases, " \t\r\n", &l);
	if (!l.n)
		return;
	hp_jw_arr(w, "aliases");
	for (i = 0; i < l.n; i++)
		hp_jw_str(w, NULL, l.v[i]);
	hp_jw_end(w, ']');
}

/* The line for the program: 0, or 1 where there is nothing to do, or -1 with f->bad. */
static int make_line(struct cgi *c, struct edit *e, struct cgi_run *run)
{
	struct hp_buf line _cleanup_buf_ = HP_BUF_INIT;
	struct hp_jw w;
	int n;

	hp_jw_init(&w, &line, false);
	hp_jw_obj(&w, NULL);
	if (!e->f.is_new)
		hp_jw_str(&w, e->k->key, c->var[0]);
	if (!e->f.is_new && *revision_of(c, e))
		hp_jw_str(&w, "if_revision", revision_of(c, e));
	n = form_changes(c, &e->f, &w, e->m);
	if (e->f.is_new) {
		put_more(c, e, &w);
		put_kept(c, e, "tenant");
		put_kept(c, e, "aliases");
	}
	hp_jw_end(&w, '}');
	hp_buf_addc(&line, '\n');
	run->in_len = line.len;
	run->in = hp_pmemdup(c->pool, line.s, line.len);
	hp_wipe(line.s, line.len);
	return n < 0 ? -1 : n == 0;
}

static void show_plan(struct cgi *c, struct edit *e, const struct cgi_result *res)
{
	const struct hp_json *row = page_row(res);

	page_diff(c, e->m, page_member(c, row, "diff"));
	hp_tmap_str(e->m, "message", page_member(c, row, "message"));
	page_show(c, 200, "plan.html", e->m);
}

static void failed(struct cgi *c, struct edit *e, const struct cgi_result *res)
{
	if (res->code == HP_E_NOT_FOUND && !e->f.is_new) {
		cgi_problem(c, 404, res->code, res->msg, res->hint, NULL);
		return;
	}
	form_blame(c, &e->f, res);
	page_error(e->m, res->msg ? res->msg : "it failed", res->hint);
	show_form(c, e, cgi_status(res->code) == 400 ? 422 : cgi_status(res->code));
}

void page_save(struct cgi *c, const struct cgi_route *r)
{
	struct cgi_run run = {.program = r->program, .verb = r->verb}, plain;
	struct cgi_result res;
	const char *kind, *text;
	bool rehearse;
	struct edit e;
	int n;

	if (begin(c, r, &e) < 0)
		return;
	e.f.given = &c->req.form;
	n = make_line(c, &e, &run);
	if (cgi_param(&c->req.form, "again")) {
		show_form(c, &e, 200);
		return;
	}
	if (n != 0) {
		page_error(e.m, n < 0 ? "one entry can't be read" : "nothing was changed", NULL);
		show_form(c, &e, 422);
		return;
	}
	plain = run;
	rehearse = e.k->plans && !cgi_param(&c->req.form, "apply");
	if (rehearse)
		hp_strv_add_ref(c->pool, &run.args, "--dry-run");
	if (rehearse && cgi_has_option(&run, "diff"))
		hp_strv_add_ref(c->pool, &run.args, "--diff");
	hp_strv_add_ref(c->pool, &run.args, "--");
	hp_strv_add_ref(c->pool, &run.args, "-");
	if (page_run(c, &run, &res) < 0)
		return;
	/* the node can't be asked now: the settings can be judged all the same */
	hp_tmap_str(e.m, "no_diff", NULL);
	if (rehearse && res.code == HP_E_BUSY) {
		hp_tmap_str(e.m, "no_diff", res.msg);
		hp_strv_add_ref(c->pool, &plain.args, "--dry-run");
		hp_strv_add_ref(c->pool, &plain.args, "--");
		hp_strv_add_ref(c->pool, &plain.args, "-");
		if (page_run(c, &plain, &res) < 0)
			return;
	}
	if (cgi_status(res.code) != 200) {
		failed(c, &e, &res);
	} else if (rehearse) {
		show_plan(c, &e, &res);
	} else {
		text = page_outcome(c, &res, &kind);
		page_go(c,
			hp_pprintf(c->pool, "%s/%s", e.k->path,
				page_encoded(c, page_member(c, page_row(&res), e.k->key))),
			kind, text);
	}
}
