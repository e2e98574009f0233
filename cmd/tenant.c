/* hp-tenant: tenants. The table of verbs is at the end. */
#include "cmd/apply.h"
#include "cmd/tenant.h"
#include "base/str.h"

/* ---- list and show ---- */
static const struct hp_col more_cols[] = {
	{"websites", HP_COL_INT, "number of websites it has", false},
	CLI_REVISION_COL,
	{NULL, HP_COL_STR, NULL, false},
};
enum { MORE_WEBSITES = HP_TENANT_FIELDS, MORE_REVISION };

static void make_cols(struct hp_pool *pool, struct hp_col **ret)
{
	*ret = cli_cols(pool, &hp_tenant_table, more_cols);
}

struct lister {
	struct cli *c;
	const char *only; /* id of the one to show, or NULL */
	const char *status;
};

static int put_tenant(void *arg, const struct hp_tenant *t, int64_t sites, struct hp_err *err)
{
	struct lister *l = arg;
	unsigned i;

	if (l->only && !hp_streq(l->only, t->v[HP_TENANT_ID]))
		return 0;
	if (l->status && !hp_streq(l->status, t->v[HP_TENANT_STATUS]))
		return 0;
	for (i = 0; i < HP_TENANT_FIELDS; i++)
		cli_cell(l->c->out, i, &hp_tenant_table.fields[i], t->v[i]);
	hp_out_i64(l->c->out, MORE_WEBSITES, sites);
	cli_revision(l->c->out, MORE_REVISION, &hp_tenant_table, t->v, NULL);
	return hp_out_row(l->c->out, err);
}

static const struct hp_opt list_opts[] = {
	{"status", 0, "STATUS", "only active or suspended ones", 0,"=active|suspended"},
	{0},
};

static int tenant_list(struct cli *c, struct hp_err *err)
{
	struct lister l = {.c = c, .status = cli_opt(c, "status")};

	if (cli_panel(c, err) < 0 || cli_out(c, err) < 0 ||
		hp_tenant_each(c->panel, put_tenant, &l, err) < 0)
		return err->code;
	return 0;
}

static int tenant_show(struct cli *c, struct hp_err *err)
{
	unsigned i;

	if (cli_panel(c, err) < 0 || cli_out(c, err) < 0)
		return err->code;
	for (i = 0; i < c->n_args; i++) {
		struct lister l = {.c = c};
		struct hp_tenant t;

		memset(&t, 0, sizeof(t));
		if (hp_tenant_get(c->panel, c->pool, c->args[i], &t, err) < 0)
			return err->code;
		l.only = t.v[HP_TENANT_ID];
		if (hp_tenant_each(c->panel, put_tenant, &l, err) < 0)
			return err->code;
	}
	return 0;
}

/* ---- what changes a tenant ---- */
static const struct cli_input_kind add_kind = {"subdomain", &hp_tenant_table, 0, true, false};
static const struct cli_input_kind set_kind = {"subdomain", &hp_tenant_table, 0, false, false};
static const struct cli_input_kind name_kind = {"subdomain", NULL, 0, false, false};

typedef int tenant_fn(struct cli *c, struct hp_pool *pool, const struct cli_input *in,
	bool *ret_changed, struct hp_err *err);

struct tenant_verb {
	const char *action;
	const struct cli_input_kind *kind;
	tenant_fn *fn;
	bool applies;      /* its websites follow on the node */
	const char *undo;  /* status to go back to when the node could do nothing of it */
	struct hp_strv changed;
};

static int say(struct cli *c, const char *action, const char *name, bool changed,
	const char *result, const char *message, struct hp_err *err)
{
	struct cli_result row = {.object = name,
		.action = action,
		.changed = changed,
		.result = result,
		.message = message};

	return cli_result(c, &row, err);
}

static void on_fail(struct cli *c, const char *name, const struct hp_err *why, void *arg)
{
	cli_result_failed(c, name, ((const struct tenant_verb *)arg)->action, why);
}

static int on_input(struct cli *c, struct hp_pool *pool, const struct cli_input *in, void *arg,
	struct hp_err *err)
{
	struct tenant_verb *v = arg;
	bool changed = true;
	const char *why;

	if (v->fn(c, pool, in, &changed, err) < 0) {
		if ((err->code == HP_E_NOT_FOUND && c->if_exists) ||
			(err->code == HP_E_EXISTS && c->if_missing)) {
			why = hp_pstrdup(pool, err->msg);
			hp_err_clear(err);
			return say(c, v->action, in->name, false, "unchanged", why, err);
		}
		return err->code;
	}
	if (c->dry_run)
		return say(c, v->action, in->name, changed, changed ? "dry-run" : "unchanged", NULL,
			err);
	if (!v->applies || !changed)
		return say(c, v->action, in->name, changed, changed ? "recorded" : "unchanged",
			NULL, err);
	hp_strv_add(c->pool, &v->changed, in->name);
	return 0;
}

/* The node could do nothing at all of it: the tenants are as they were. */
static void take_back(struct cli *c, const struct tenant_verb *v)
{
	struct hp_err err = HP_ERR_INIT;
	bool changed;
	size_t i;

	for (i = 0; i < v->changed.n; i++) {
		hp_err_clear(&err);
		if (hp_tenant_status(c->panel, v->changed.v[i], v->undo, &changed, &err) < 0) {
			hp_err_prefix(
				&err, "%s: the record could not be taken back", v->changed.v[i]);
			cli_print_err(c, &err);
		}
	}
}

static int follow(struct cli *c, struct tenant_verb *v, struct hp_err *err)
{
	const char *node, *why, *result = "recorded";
	bool undone = false;
	size_t i;

	if (cli_this_node(c, &node, err) < 0)
		return err->code;
	if (cli_can_apply(c, node, &why)) {
		if (cli_apply_node(c, NULL, NULL, &undone, err) < 0) {
			if (!undone) {
				hp_err_prefix(err, "recorded, but not every website could follow");
				return hp_err_hint(err,
					"the others are as wanted; hp-vhost plan shows what "
					"is left to do");
			}
			take_back(c, v);
			if (!*err->hint)
				hp_err_hint(err, "nothing was changed");
			return err->code;
		}
		result = "applied";
	}
	for (i = 0; i < v->changed.n; i++)
		if (say(c, v->action, v->changed.v[i], true, result, why, err) < 0)
			return err->code;
	return 0;
}

int cli_tenant_follow(
	struct cli *c, const char *action, const char *name, const char *back, struct hp_err *err)
{
	struct tenant_verb v = {.action = action, .undo = back};

	hp_strv_add(c->pool, &v.changed, name);
	return follow(c, &v, err);
}

static int change(struct cli *c, struct tenant_verb *v, struct hp_err *err)
{
	struct hp_err later = HP_ERR_INIT;
	int rc;

	if (cli_panel(c, err) < 0)
		return err->code;
	rc = cli_inputs(c, v->kind, on_input, on_fail, v, err);
	if (v->changed.n && follow(c, v, &later) < 0) {
		if (rc < 0)
			cli_print_err(c, &later);
		else
			*err = later;
		return err->code;
	}
	return rc;
}

static int do_add(struct cli *c, struct hp_pool *pool HP_UNUSED, const struct cli_input *in,
	bool *ret_changed, struct hp_err *err)
{
	struct hp_tenant t;

	memset(&t, 0, sizeof(t));
	*ret_changed = true;
	return hp_tenant_add(c->panel, in->name, in->assign, in->n_assign, &t, err);
}

static int tenant_add(struct cli *c, struct hp_err *err)
{
	struct tenant_verb v = {.action = "add", .kind = &add_kind, .fn = do_add};

	return change(c, &v, err);
}

static int do_set(struct cli *c, struct hp_pool *pool HP_UNUSED, const struct cli_input *in,
	bool *ret_changed, struct hp_err *err)
{
	if (!in->n_assign)
		return hp_err_set(err, HP_E_USAGE, "%s: no KEY=VALUE was given", in->name);
	return hp_tenant_set(c->panel, in->name, in->assign, in->n_assign, ret_changed, err);
}

static int tenant_set(struct cli *c, struct hp_err *err)
{
	struct tenant_verb v = {.action = "set", .kind = &set_kind, .fn = do_set};

	return change(c, &v, err);
}

static int do_suspend(struct cli *c, struct hp_pool *pool HP_UNUSED, const struct cli_input *in,
	bool *ret_changed, struct hp_err *err)
{
	return hp_tenant_status(c->panel, in->name, "suspended", ret_changed, err);
}

static int tenant_suspend(struct cli *c, struct hp_err *err)
{
	struct tenant_verb v = {.action = "suspend", .kind = &name_kind, .fn = do_suspend,
		.applies = true, .undo = "active"};

	return change(c, &v, err);
}

static int do_resume(struct cli *c, struct hp_pool *pool HP_UNUSED, const struct cli_input *in,
	bool *ret_changed, struct hp_err *err)
{
	return hp_tenant_status(c->panel, in->name, "active", ret_changed, err);
}

static int tenant_resume(struct cli *c, struct hp_err *err)
{
	struct tenant_verb v = {.action = "resume", .kind = &name_kind, .fn = do_resume,
		.applies = true, .undo = "suspended"};

	return change(c, &v, err);
}

static int do_remove(struct cli *c, struct hp_pool *pool HP_UNUSED, const struct cli_input *in,
	bool *ret_changed, struct hp_err *err)
{
	*ret_changed = true;
	return hp_tenant_remove(c->panel, in->name, err);
}

static int tenant_remove(struct cli *c, struct hp_err *err)
{
	struct tenant_verb v = {.action = "remove", .kind = &name_kind, .fn = do_remove};

	return change(c, &v, err);
}

/* ---- the table ---- */
#define CHANGES (CLI_MUTATES | CLI_STDIN | CLI_ROWS)
/* of one that is there */
#define OF_ONE (CHANGES | CLI_IF_EXISTS | CLI_IF_REVISION)

static const struct cli_verb verbs[] = {
	{"list", tenant_list, "", 0, 0, {NULL},
		CLI_ROWS | CLI_LIST, list_opts, NULL, make_cols, NULL,
		"tenant:list", "list tenants", NULL},
	{"show", tenant_show, "TENANT…", 1, UINT32_MAX, {"tenant"}, CLI_ROWS | CLI_ONE, NULL, NULL,
		make_cols, NULL, "tenant:show", "show everything about tenants", NULL},
	{"add", tenant_add, "TENANT|- [KEY=VALUE]…", 1, UINT32_MAX, {"", "assign"},
		CHANGES | CLI_IF_MISSING, NULL, cli_tenant_result_cols, NULL, &hp_tenant_table,
		"tenant:add", "make a tenant",
		"TENANT is its subdomain: a short unique name, a DNS label."},
	{"set", tenant_set, "TENANT|- KEY=VALUE…", 1, UINT32_MAX, {"tenant", "assign"},
		OF_ONE, NULL, cli_tenant_result_cols, NULL, &hp_tenant_table,
		"tenant:set", "change settings and limits of a tenant",
		"An empty value unsets a setting: the limit is gone, or the panel's own database is used."},
	{"suspend", tenant_suspend, "TENANT|-", 1, 1, {"tenant"},
		OF_ONE | CLI_APPLIES, NULL, cli_tenant_result_cols, NULL, NULL,
		"tenant:suspend", "answer 503 on every website of a tenant; nothing is lost", NULL},
	{"resume", tenant_resume, "TENANT|-", 1, 1, {"tenant"},
		OF_ONE | CLI_APPLIES, NULL, cli_tenant_result_cols, NULL, NULL,
		"tenant:resume", "serve a suspended tenant's websites again",
		"Websites that were suspended one by one stay so."},
	{"remove", tenant_remove, "TENANT|-", 1, 1, {"tenant"},
		OF_ONE | CLI_YES, NULL, cli_tenant_result_cols, NULL, NULL,
		"tenant:remove", "remove a tenant that has no websites", NULL},
	{0},
};

const struct cli_program cli_hp_tenant = {"hp-tenant", verbs};
