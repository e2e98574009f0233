/* hp-php: PHP versions of this node and of each website. The table of verbs is at the end. */
#include "cmd/events.h"
#include "base/str.h"
#include "node/instance.h"
#include "node/php.h"

/* ---- list ---- */
static const struct hp_col list_cols[] = {
	{"php_version", HP_COL_STR, "version X.Y", false},
	{"release", HP_COL_STR, "full version, as the program says it", false},
	{"default", HP_COL_BOOL, "is it what a new website gets?", false},
	{"sites", HP_COL_INT, "websites of this node on it", false},
	{"running", HP_COL_INT, "instances with a master", false},
	{"waiting", HP_COL_INT, "instances that are only a socket until the next request", false},
	{"fpm", HP_COL_STR, "path of php-fpm", true},
	{"cli", HP_COL_STR, "path of php", true},
	{NULL, HP_COL_STR, NULL, false},
};

static int php_list(struct cli *c, struct hp_err *err)
{
	struct hp_node_opts o;
	struct hp_php_info *v;
	size_t i, n;

	if (cli_node_opts(c, &o, err) < 0 || hp_node_php_list(c->pool, &o, &v, &n, err) < 0 ||
		cli_out(c, err) < 0)
		return err->code;
	for (i = 0; i < n; i++) {
		hp_out_str(c->out, 0, v[i].version);
		hp_out_str(c->out, 1, v[i].release);
		hp_out_bool(c->out, 2, v[i].is_default);
		hp_out_i64(c->out, 3, v[i].sites);
		hp_out_i64(c->out, 4, v[i].running);
		hp_out_i64(c->out, 5, v[i].waiting);
		hp_out_str(c->out, 6, v[i].fpm);
		hp_out_str(c->out, 7, v[i].cli);
		if (hp_out_row(c->out, err) < 0)
			return err->code;
	}
	return 0;
}

/* ---- show: the node's side first, then the settings that the panel has ---- */
static const struct hp_col instance_cols[] = {
	{"domain", HP_COL_STR, "the website", false},
	{"user", HP_COL_STR, "Unix user that its PHP runs as", false},
	{"applied_version", HP_COL_STR, "PHP version that serves it on this node", false},
	{"instance", HP_COL_STR, "running, waiting for a request, or stopped", false},
	{"socket", HP_COL_STR, "socket of its PHP", false},
};

static bool is_php_field(unsigned i)
{
	return hp_streq(hp_site_table.fields[i].group, "php");
}

static void show_cols(struct hp_pool *pool, struct hp_col **ret)
{
	struct hp_col *cols;
	unsigned i, n = HP_ARRAY_SIZE(instance_cols);

	cols = hp_palloc(pool, (n + HP_SITE_FIELDS + 1) * sizeof(*cols));
	memcpy(cols, instance_cols, sizeof(instance_cols));
	for (i = 0; i < HP_SITE_FIELDS; i++)
		if (is_php_field(i))
			cols[n++] = cli_col(&hp_site_table.fields[i], true);
	*ret = cols;
}

static int show_one(
	struct cli *c, const struct hp_node_opts *o, const char *arg, struct hp_err *err)
{
	struct hp_err node_err = HP_ERR_INIT;
	struct hp_site_info *info = NULL;
	unsigned i, n = HP_ARRAY_SIZE(instance_cols);
	struct hp_site s;
	const char *domain;

	memset(&s, 0, sizeof(s));
	if (hp_domain_check(c->pool, arg, strlen(arg), false, &domain, err) < 0)
		return err->code;
	if (hp_node_site_info(c->pool, o, domain, &info, &node_err) < 0 &&
		node_err.code != HP_E_NOT_FOUND) {
		*err = node_err;
		return err->code;
	}
	if (cli_has_panel(c) && (cli_panel(c, err) < 0 ||
				       hp_site_get(c->panel, c->pool, domain, &s, err) < 0))
		return err->code;
	if (!info && !s.v[HP_SITE_DOMAIN]) {
		*err = node_err;
		return err->code;
	}
	hp_out_str(c->out, 0, domain);
	hp_out_str(c->out, 1, info ? info->user : s.v[HP_SITE_USER]);
	if (info) {
		hp_out_str(c->out, 2, info->php_version);
		hp_out_str(c->out, 3, info->instance_state);
		hp_out_str(c->out, 4, info->socket);
	}
	for (i = 0; i < HP_SITE_FIELDS; i++)
		if (is_php_field(i))
			cli_cell(c->out, n++, &hp_site_table.fields[i], s.v[i]);
	return hp_out_row(c->out, err);
}

static int php_show(struct cli *c, struct hp_err *err)
{
	struct hp_node_opts o;
	unsigned i;

	if (cli_node_opts(c, &o, err) < 0 || cli_out(c, err) < 0)
		return err->code;
	for (i = 0; i < c->n_args; i++)
		if (show_one(c, &o, c->args[i], err) < 0)
			return err->code;
	return 0;
}

/* ---- set ---- */
static const struct cli_input_kind set_kind = {"domain", NULL, 0, false, true};

static int do_set(struct cli *c, struct hp_pool *pool, const struct cli_input *in,
	struct hp_site_change *ret, struct hp_err *err)
{
	struct hp_assign a;
	const char *word = c->args[1];

	/* a version alone is the whole website's */
	if (!strchr(word, '='))
		word = hp_pprintf(pool, "php_version=%s", word);
	if (hp_field_assign(pool, &hp_site_table, word, &a, err) < 0)
		return err->code;
	if (!is_php_field(a.field))
		return hp_err_set(err, HP_E_USAGE, "%s: it is not a setting of PHP",
			hp_site_table.fields[a.field].name);
	return hp_site_set(c->panel, pool, in->name, &a, 1, ret, err);
}

static int php_set(struct cli *c, struct hp_err *err)
{
	static const struct cli_change_verb v = {"set", &set_kind, do_set, NULL, NULL};

	return cli_change_sites(c, &v, err);
}

/* ---- idle ---- */
#define IDLE_DEFAULT "15m"

static const struct hp_col idle_cols[] = {
	{"stopped", HP_COL_INT, "PHP masters that were put to sleep", false},
	{"idle_seconds", HP_COL_INT, "after so long without a request", false},
	{NULL, HP_COL_STR, NULL, false},
};

static int php_idle(struct cli *c, struct hp_err *err)
{
	struct hp_instances in;
	struct hp_php_list php;
	const char *value;
	size_t n = 0;
	uint64_t s;

	if (cli_conf(c, err) < 0)
		return err->code;
	value = hp_conf_get(c->conf, "php", "idle_timeout");
	if (!value)
		value = IDLE_DEFAULT;
	if (hp_parse_duration(value, INT32_MAX, &s) < 0)
		return hp_err_set(err, HP_E_CONF, "%s: [php] idle_timeout: “%s” is not a time",
			hp_conf_path(c->conf), value);
	if (hp_php_detect(c->pool, c->sysroot, c->conf, &php, err) < 0 ||
		hp_instances_init(&in, c->sysroot, c->conf, &php, err) < 0 ||
		(s && hp_instance_idle_stop(&in, (unsigned)s, &n, err) < 0) || cli_out(c, err) < 0)
		return err->code;
	hp_out_i64(c->out, 0, (int64_t)n);
	hp_out_i64(c->out, 1, (int64_t)s);
	return hp_out_row(c->out, err);
}

/* ---- the table ---- */
static const struct cli_verb verbs[] = {
	{"list", php_list, "", 0, 0, {NULL}, CLI_ROWS, NULL, list_cols, NULL, NULL, NULL,
		"list the PHP versions of this node", NULL},
	{"show", php_show, "DOMAIN…", 1, UINT32_MAX, {"domain"}, CLI_ROWS | CLI_ONE, NULL, NULL,
		show_cols, NULL, NULL, "show the PHP of a website", NULL},
	{"set", php_set, "DOMAIN|- VERSION|php_version@/PATH=[VERSION]", 2, 2, {"domain", "php"},
		CLI_MUTATES | CLI_APPLIES | CLI_STDIN | CLI_ROWS | CLI_IF_EXISTS, NULL,
		cli_site_result_cols, NULL, NULL, "site:set",
		"switch a website to another PHP version",
		"The new version is started and answers before the website is switched to it; the old one "
		"ends its requests before it is stopped. No request is lost.\n\n"
		"php_version@/legacy=8.0 gives the paths below /legacy a version of their own, and an empty "
		"one takes it away."},
	{"apply", cli_verb_apply, "[-]", 0, 1, {NULL}, CLI_ROWS | CLI_NODE_OPTS | CLI_ROOT,
		cli_state_opts, cli_event_cols, NULL, NULL, NULL,
		"bring this node to what the state document says",
		"The same as hp-vhost apply: PHP instances and virtual hosts are one transaction."},
	{"idle", php_idle, "", 0, 0, {NULL}, CLI_ROWS | CLI_ONE | CLI_ROOT, NULL, idle_cols, NULL,
		NULL, NULL, "put PHP masters to sleep that nobody has asked for long",
		"Run by hosting-panel-php-manager.timer. A sleeping website keeps its socket and wakes with "
		"the next request. The time is idle_timeout in section [php] of hosting-panel.conf(5)."},
	{0},
};

const struct cli_program cli_hp_php = {"hp-php", verbs};
