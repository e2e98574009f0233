/* hp-node: nodes and their state documents. */
#include "cmd/apply.h"
#include "base/str.h"
#include "node/api.h"

static const struct hp_col cols[] = {
	{"node", HP_COL_STR, "name of the node", false},
	{"here", HP_COL_BOOL, "is it this host?", false},
	{"sites", HP_COL_INT, "number of websites it serves", false},
	{"generation", HP_COL_INT, "of the state that the panel wants", false},
	{"applied_generation", HP_COL_INT, "of the state that it reported last", false},
	{"applied_at", HP_COL_STR, "when it reported, UTC", false},
	{"last_result", HP_COL_STR, "what it reported: applied, unchanged, partial or undone",
		false},
	{NULL, HP_COL_STR, NULL, false},
};
enum { C_NODE, C_HERE, C_SITES, C_GENERATION, C_APPLIED, C_AT, C_RESULT };

struct lister {
	struct cli *c;
	const char *here, *only;
	bool found;
};

static int put(void *arg, const struct hp_node_row *r, struct hp_err *err)
{
	struct lister *l = arg;
	struct hp_out *o = l->c->out;

	if (l->only && !hp_streq(l->only, r->name))
		return 0;
	l->found = true;
	hp_out_str(o, C_NODE, r->name);
	hp_out_bool(o, C_HERE, hp_streq(r->name, l->here));
	hp_out_i64(o, C_SITES, r->sites);
	hp_out_i64(o, C_GENERATION, r->generation);
	hp_out_i64(o, C_APPLIED, r->applied_generation);
	if (r->applied_at)
		hp_out_str(o, C_AT, r->applied_at);
	if (r->last_result)
		hp_out_str(o, C_RESULT, r->last_result);
	return hp_out_row(o, err);
}

static int open_all(struct cli *c, struct lister *l, struct hp_err *err)
{
	l->c = c;
	if (cli_this_node(c, &l->here, err) < 0 || cli_panel(c, err) < 0)
		return err->code;
	return cli_out(c, err);
}

static int node_list(struct cli *c, struct hp_err *err)
{
	struct lister l = {0};

	if (open_all(c, &l, err) < 0)
		return err->code;
	return hp_node_each(c->panel, put, &l, err);
}

/* A name that no node can have is a mistake of who typed it, not a node that is missing. */
static int node_arg(struct cli *c, const char **ret, struct hp_err *err)
{
	const char *name = c->args[0];

	return hp_field_check(c->pool, &hp_site_table.fields[HP_SITE_NODE], name, strlen(name), ret,
		err);
}

static int node_show(struct cli *c, struct hp_err *err)
{
	struct lister l = {0};

	if (open_all(c, &l, err) < 0)
		return err->code;
	l.only = l.here;
	if ((c->n_args && node_arg(c, &l.only, err) < 0) ||
		hp_node_each(c->panel, put, &l, err) < 0)
		return err->code;
	if (!l.found)
		return hp_err_set(err, HP_E_NOT_FOUND, "node %s: not found",
			hp_str_printable(c->pool, l.only, 80));
	return 0;
}

/*
 * A pipe closed halfway, or an error halfway, must not leave half a document with somebody who
 * takes it for one: it has an end line for that. So it can be written as it is made.
 */
static int node_state(struct cli *c, struct hp_err *err)
{
	const char *node;

	if (cli_this_node(c, &node, err) < 0 || (c->n_args && node_arg(c, &node, err) < 0) ||
		cli_panel(c, err) < 0)
		return err->code;
	return hp_node_state(c->panel, node, STDOUT_FILENO, NULL, err);
}

/* ---- the panel's own web server ---- */
static const struct hp_col api_cols[] = {
	{"changed", HP_COL_BOOL, "was something written?", false},
	{"edited", HP_COL_BOOL, "was its configuration edited by hand, and so left as it is?",
		false},
	{"reloaded", HP_COL_BOOL, "does it run, and was it told?", false},
	{"certificate", HP_COL_STR,
		"own: of this installation's authority; website: of the website of that name",
		false},
	{"not_after", HP_COL_STR, "when the certificate ends, UTC", false},
	{"url", HP_COL_STR, "where the panel is", false},
	{NULL, HP_COL_STR, NULL, false},
};

static int node_api(struct cli *c, struct hp_err *err)
{
	struct hp_api a = {.sysroot = c->sysroot, .force = c->force, .dry_run = c->dry_run};
	struct hp_api_result r;
	char end[21];

	if (cli_conf(c, err) < 0)
		return err->code;
	a.conf = c->conf;
	a.wait_ms = c->wait_ms;
	if (hp_api_setup(c->pool, &a, &r, err) < 0)
		return err->code;
	if (r.edited)
		cli_warn(c, "%s was edited by hand and stays as it is (--force writes it anew)",
			HP_API_CONF);
	if (c->quiet && c->out_opts.mode == HP_OUT_TABLE)
		return 0;
	if (cli_out(c, err) < 0)
		return err->code;
	hp_time_format(r.not_after, end);
	hp_out_bool(c->out, 0, r.changed);
	hp_out_bool(c->out, 1, r.edited);
	hp_out_bool(c->out, 2, r.reloaded);
	hp_out_str(c->out, 3, r.certificate);
	hp_out_str(c->out, 4, end);
	hp_out_str(c->out, 5, r.url);
	return hp_out_row(c->out, err);
}

static const struct cli_verb verbs[] = {
	{"list", node_list, "", 0, 0, {NULL}, CLI_ROWS | CLI_LIST, NULL, cols, NULL, NULL, "node:list",
		"list nodes", NULL},
	{"show", node_show, "[NODE]", 0, 1, {"node"}, CLI_ROWS | CLI_ONE, NULL, cols, NULL, NULL,
		"node:show", "show a node; this host's unless one is named", NULL},
	{"state", node_state, "[NODE]", 0, 1, {"node"}, 0, NULL, NULL, NULL, NULL, "node:state",
		"print the state document of a node",
		"It is everything that the node must be, as JSON lines; hp-vhost apply - takes it, on this "
		"host or on the node itself: hp-node state web1 | ssh web1 hp-vhost apply -"},
	{"api", node_api, "", 0, 0, {NULL},
		CLI_MUTATES | CLI_ROWS | CLI_ONE | CLI_NODE_OPTS | CLI_ROOT, NULL, api_cols, NULL,
		NULL, NULL, "bring the panel's own web server to what the configuration says",
		"It is an NGINX of its own (hosting-panel-api.service), which has nothing in common with that "
		"of the websites. Its configuration is tested before it is put in place, and where it runs it "
		"is told. What was edited by hand stays as it is; /etc/hosting-panel/api/server.d/*.conf is "
		"the place for directives of your own, within its server { }.\n\n"
		"The certificate is that of the website called as the first of server_name in section [api] of "
		"hosting-panel.conf(5), where this node has one (hp-cert issue); else one of the installation's "
		"own authority, /var/lib/hosting-panel/ca/ca.pem, for all names and addresses of this host, "
		"renewed when a third of its time is left. hosting-panel-cert-renew.timer calls this every "
		"hour."},
	{0},
};

const struct cli_program cli_hp_node = {"hp-node", verbs};
