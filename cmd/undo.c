/*
 * hp-audit undo: what an entry tells becomes as it was before. Once it is known which object that
 * is, the command is one about that object.
 */
#include "cmd/apply.h"
#include "cmd/audit.h"
#include "cmd/tenant.h"
#include "base/str.h"

const struct hp_opt cli_undo_opts[] = {
	{"yes", 'y', NULL, "yes, what was made may go; refused without", 0, NULL},
	{0},
};

/* ---- websites ---- */
static int do_site(struct cli *c, struct hp_pool *pool, const struct cli_input *in HP_UNUSED,
	struct hp_site_change *ret, struct hp_err *err)
{
	bool changed;

	return hp_undo(c->panel, pool, c->undo, ret, &changed, err);
}

static const char *preview(struct cli *c, const char *domain HP_UNUSED)
{
	return c->undo->summary;
}

static int undo_site(struct cli *c, struct hp_err *err)
{
	static const struct cli_input_kind kind = {"domain", NULL, 0, false, false};
	static const struct cli_change_verb v = {"undo", &kind, do_site, NULL, preview};

	return cli_change_sites(c, &v, err);
}

/* ---- others ---- */
static int undo_other(struct cli *c, struct hp_err *err)
{
	const struct hp_undo *u = c->undo;
	struct cli_result row = {.object = u->object, .action = "undo"};
	struct hp_err ignored = HP_ERR_INIT;
	bool changed;

	if (hp_undo(c->panel, c->pool, u, NULL, &changed, err) < 0) {
		row.result = "failed";
		row.code = err->code;
		row.message = err->msg;
		row.hint = err->hint;
		if (c->out_opts.mode != HP_OUT_TABLE)
			cli_result(c, &row, &ignored);
		return err->code;
	}
	if (u->applies && changed && !c->dry_run)
		return cli_tenant_follow(c, "undo", u->object,
			hp_streq(u->verb, "tenant:suspend") ? "suspended" : "active", err);
	row.changed = changed;
	row.result = !changed ? "unchanged" : c->dry_run ? "dry-run" : "recorded";
	row.message = c->dry_run ? u->summary : NULL;
	return cli_result(c, &row, err);
}

int cli_audit_undo(struct cli *c, struct hp_err *err)
{
	struct hp_undo *u = hp_palloc(c->pool, sizeof(*u));
	const char **object = hp_palloc(c->pool, sizeof(*object));

	if (cli_panel(c, err) < 0 || hp_undo_find(c->panel, c->pool, c->args[0], u, err) < 0)
		return err->code;
	if (u->removes && !cli_opt(c, "yes") && !c->dry_run) {
		hp_err_set(err, HP_E_USAGE, "undo %s: it removes %s, and is not done without --yes",
			c->args[0], u->object);
		return hp_err_hint(err, "--dry-run shows what it would do");
	}
	c->undo = u;
	*object = u->object;
	c->args = object;
	return u->kind == HP_UNDO_SITE ? undo_site(c, err) : undo_other(c, err);
}
