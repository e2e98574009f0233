/* The audit trail, and what it tells undone. */
#include "cgi/page.h"
#include "base/str.h"

void page_entries(struct cgi *c, const struct cgi_result *res, struct hp_tmap *m)
{
	const struct hp_json *rows = page_rows_of(res), *e;

	hp_tmap_list(m, "rows");
	for (e = rows ? hp_json_first(rows) : NULL; e; e = hp_json_next(e)) {
		struct hp_tmap *item = hp_tmap_item(m, "rows");
		const char *before = page_member(c, e, "before"),
			   *after = page_member(c, e, "after");

		page_json(c, item, e);
		if (!*before)
			hp_tmap_list(item, "before");
		if (!*after)
			hp_tmap_list(item, "after");
		hp_tmap_bool(item, "has_detail", *before || *after);
	}
}

static int undo(struct cgi *c, const struct cgi_route *r, const char *how, struct cgi_result *ret)
{
	struct cgi_run run = {.program = r->program, .verb = r->verb};

	hp_strv_add_ref(c->pool, &run.args, how);
	if (hp_streq(how, "--dry-run") && cgi_has_option(&run, "diff"))
		hp_strv_add_ref(c->pool, &run.args, "--diff");
	hp_strv_add_ref(c->pool, &run.args, "--");
	hp_strv_add_ref(c->pool, &run.args, c->var[0]);
	if (page_run(c, &run, ret) < 0)
		return -1;
	if (cgi_status(ret->code) == 200)
		return 0;
	if (ret->code == HP_E_NOT_FOUND || ret->code == HP_E_DENIED)
		cgi_problem(c, cgi_status(ret->code), ret->code, ret->msg, ret->hint, NULL);
	else
		page_go(c, "/audit", "warn", ret->msg ? ret->msg : "it can't be undone");
	return -1;
}

void page_undo_form(struct cgi *c, const struct cgi_route *r)
{
	struct hp_tmap *m = page_data(c, hp_pprintf(c->pool, "Undo entry %s", c->var[0]), "audit");
	struct cgi_result res;
	const struct hp_json *row;

	if (undo(c, r, "--dry-run", &res) < 0)
		return;
	row = page_row(&res);
	hp_tmap_str(m, "entry", c->var[0]);
	hp_tmap_str(m, "object", row && hp_json_first(row) ? page_text(c, hp_json_first(row)) : "");
	hp_tmap_str(m, "message", page_member(c, row, "message"));
	page_diff(c, m, page_member(c, row, "diff"));
	page_show(c, 200, "undo.html", m);
}

void page_undo(struct cgi *c, const struct cgi_route *r)
{
	struct cgi_result res;
	const char *kind, *text;

	if (undo(c, r, "--yes", &res) < 0)
		return;
	text = page_outcome(c, &res, &kind);
	page_go(c, "/audit", kind, text);
}
