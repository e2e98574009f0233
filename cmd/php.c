/* hp-php: PHP versions of this node and of each website. The table of verbs is at the end. */
#include "cmd/events.h"
#include "base/str.h"
#include "node/instance.h"
#include "node/php.h"
#include "node/php_ask.h"
#include "sys/json.h"

/* ---- list ---- */
static const struct hp_col list_cols[] = {
	{"php_version", HP_COL_STR, "version X.Y", false},
	{"release", HP_COL_STR, "full version, as the program says it", false},
	{"default", HP_COL_BOOL, "is it what a new website gets?", false},
	{"sites", HP_COL_INT, "websites of this node that have it, if only below a path", false},
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
	/* how many websites others have is not a user's to know */
	bool all = !c->as || c->panel->actor.kind == HP_ACTOR_OPERATOR;
	size_t i, n;

	if (cli_node_opts(c, &o, err) < 0 || hp_node_php_list(c->pool, &o, &v, &n, err) < 0 ||
		cli_out(c, err) < 0)
		return err->code;
	for (i = 0; i < n; i++) {
		hp_out_str(c->out, 0, v[i].version);
		hp_out_str(c->out, 1, v[i].release);
		hp_out_bool(c->out, 2, v[i].is_default);
		if (all) {
			hp_out_i64(c->out, 3, v[i].sites);
			hp_out_i64(c->out, 4, v[i].running);
			hp_out_i64(c->out, 5, v[i].waiting);
		}
		hp_out_str(c->out, 6, v[i].fpm);
		hp_out_str(c->out, 7, v[i].cli);
		if (hp_out_row(c->out, err) < 0)
			return err->code;
	}
	return 0;
}

/*
 * ---- show: the node's side first, then what its PHP says of itself, then the settings that the
 * panel has ----
 */
static const struct hp_col instance_cols[] = {
	{"domain", HP_COL_STR, "the website", false},
	{"user", HP_COL_STR, "Unix user that its PHP runs as", false},
	{"applied_version", HP_COL_STR, "PHP version that serves it on this node", false},
	{"instance", HP_COL_STR, "running, waiting for a request, or stopped", false},
	{"socket", HP_COL_STR, "socket of its PHP", false},
	{"path_instances", HP_COL_JSON,
		"PHP of each further version that paths of it have: what it answers", false},
};

enum {
	FACT_RELEASE,
	FACT_SAPI,
	FACT_PID,
	FACT_UID,
	FACT_EXTENSIONS,
	FACT_MEMORY,
	FACT_TIME,
	FACT_UPLOAD,
	FACT_POST,
	FACT_OPCACHE,
	FACT_JIT,
	FACT_OPCACHE_BYTES,
	FACT_OPCACHE_SCRIPTS,
	FACT_REQUESTS,
	FACT_ACTIVE,
	FACT_MAX_ACTIVE,
	FACT_MAX_REACHED,
	FACT_SLOW,
	FACTS
};
static const struct hp_col fact_cols[FACTS] = {
	[FACT_RELEASE] = {"release", HP_COL_STR, "full version of the PHP that answers", false},
	[FACT_SAPI] = {"sapi", HP_COL_STR, "how it is run: fpm-fcgi", false},
	[FACT_PID] = {"pid", HP_COL_INT, "process that answered", false},
	[FACT_UID] = {"uid", HP_COL_INT, "number of the Unix user that it runs as", false},
	[FACT_EXTENSIONS] = {"extensions", HP_COL_JSON, "extensions that are loaded", false},
	[FACT_MEMORY] = {"memory_limit", HP_COL_STR, "memory_limit in force", false},
	[FACT_TIME] = {"max_execution_time", HP_COL_STR, "max_execution_time in force", false},
	[FACT_UPLOAD] = {"upload_max_filesize", HP_COL_STR, "upload_max_filesize in force", false},
	[FACT_POST] = {"post_max_size", HP_COL_STR, "post_max_size in force", false},
	[FACT_OPCACHE] = {"opcache", HP_COL_STR, "on, off, or missing where it is not installed",
		false},
	[FACT_JIT] = {"jit", HP_COL_BOOL, "are hot scripts compiled to machine code?", false},
	[FACT_OPCACHE_BYTES] = {"opcache_bytes", HP_COL_INT, "memory that compiled scripts take",
		true},
	[FACT_OPCACHE_SCRIPTS] = {"opcache_scripts", HP_COL_INT, "compiled scripts in memory",
		true},
	[FACT_REQUESTS] = {"requests", HP_COL_INT, "requests since its master started", false},
	[FACT_ACTIVE] = {"active", HP_COL_INT, "requests being answered, this one among them",
		true},
	[FACT_MAX_ACTIVE] = {"max_active", HP_COL_INT, "the most at one time", true},
	[FACT_MAX_REACHED] = {"max_children_reached", HP_COL_INT,
		"how often php_max_children were not enough", false},
	[FACT_SLOW] = {"slow_requests", HP_COL_INT, "requests noted in the slow log", false},
};
#define FIRST_FACT HP_ARRAY_SIZE(instance_cols)
#define FIRST_FIELD (FIRST_FACT + FACTS)

#define PATH_INSTANCES (FIRST_FACT - 1)

#define ASK_MS 10000

static bool is_php_field(unsigned i)
{
	return hp_streq(hp_site_table.fields[i].group, "php");
}

static void show_cols(struct hp_pool *pool, struct hp_col **ret)
{
	struct hp_col *cols;
	unsigned i, n = FIRST_FIELD;

	cols = hp_palloc(pool, (n + HP_SITE_FIELDS + 1) * sizeof(*cols));
	memcpy(cols, instance_cols, sizeof(instance_cols));
	memcpy(cols + FIRST_FACT, fact_cols, sizeof(fact_cols));
	for (i = 0; i < HP_SITE_FIELDS; i++)
		if (is_php_field(i))
			cols[n++] = cli_col(&hp_site_table.fields[i], true);
	*ret = cols;
}

/* Only when somebody wants to see it: asking wakes a PHP that sleeps. */
static int show_facts(struct cli *c, const struct hp_site_info *info, struct hp_err *err)
{
	struct hp_php_facts f;
	struct hp_out *o = c->out;
	unsigned i;

	for (i = 0; i < FACTS && !hp_out_wants(o, FIRST_FACT + i); i++)
		;
	if (i == FACTS || *c->sysroot || !info->socket ||
		hp_streq(info->instance_state, hp_instance_state_name(HP_INSTANCE_STOPPED)))
		return 0;
	if (hp_php_ask(c->pool, info->socket, info->php_version, ASK_MS, &f, err) < 0)
		return hp_err_prefix(err, "%s", info->domain);
	hp_out_str(o, FIRST_FACT + FACT_RELEASE, f.release);
	hp_out_str(o, FIRST_FACT + FACT_SAPI, f.sapi);
	hp_out_i64(o, FIRST_FACT + FACT_PID, f.pid);
	if (f.uid != (uid_t)-1)
		hp_out_i64(o, FIRST_FACT + FACT_UID, f.uid);
	hp_out_json(o, FIRST_FACT + FACT_EXTENSIONS, f.extensions);
	hp_out_str(o, FIRST_FACT + FACT_MEMORY, f.memory_limit);
	hp_out_str(o, FIRST_FACT + FACT_TIME, f.max_execution_time);
	hp_out_str(o, FIRST_FACT + FACT_UPLOAD, f.upload_max_filesize);
	hp_out_str(o, FIRST_FACT + FACT_POST, f.post_max_size);
	hp_out_str(o, FIRST_FACT + FACT_OPCACHE, f.opcache);
	hp_out_bool(o, FIRST_FACT + FACT_JIT, f.jit);
	hp_out_i64(o, FIRST_FACT + FACT_OPCACHE_BYTES, f.opcache_bytes);
	hp_out_i64(o, FIRST_FACT + FACT_OPCACHE_SCRIPTS, f.opcache_scripts);
	hp_out_i64(o, FIRST_FACT + FACT_REQUESTS, f.requests);
	hp_out_i64(o, FIRST_FACT + FACT_ACTIVE, f.active);
	hp_out_i64(o, FIRST_FACT + FACT_MAX_ACTIVE, f.max_active);
	hp_out_i64(o, FIRST_FACT + FACT_MAX_REACHED, f.max_children_reached);
	hp_out_i64(o, FIRST_FACT + FACT_SLOW, f.slow_requests);
	return 0;
}

/* Which paths are to have this version: the panel knows, if there is one. */
static void put_paths(struct hp_jw *w, const struct hp_json *paths, const char *version)
{
	const struct hp_json *v;

	hp_jw_arr(w, "paths");
	for (v = paths ? hp_json_first(paths) : NULL; v; v = hp_json_next(v))
		if (hp_streq(hp_json_str(v), version))
			hp_jw_str(w, NULL, hp_json_key(v));
	hp_jw_end(w, ']');
}

static int put_path_instance(struct cli *c, const struct hp_site_info *info, size_t i,
	const struct hp_json *paths, struct hp_jw *w, struct hp_err *err)
{
	const char *version = info->more_php.v[i], *socket = info->more_sockets.v[i];
	const char *state = info->more_states.v[i];
	struct hp_php_facts f;

	hp_jw_obj(w, NULL);
	hp_jw_str(w, "version", version);
	put_paths(w, paths, version);
	hp_jw_str(w, "instance", state);
	hp_jw_str(w, "socket", socket);
	if (!*c->sysroot && !hp_streq(state, hp_instance_state_name(HP_INSTANCE_STOPPED)) &&
		hp_php_ask(c->pool, socket, version, ASK_MS, &f, err) == 0) {
		hp_jw_str(w, "release", f.release);
		hp_jw_i64(w, "pid", f.pid);
		hp_jw_str(w, "memory_limit", f.memory_limit);
		hp_jw_str(w, "max_execution_time", f.max_execution_time);
		hp_jw_raw(w, "extensions", f.extensions);
		hp_jw_i64(w, "requests", f.requests);
	}
	hp_jw_end(w, '}');
	return err->code ? hp_err_prefix(err, "%s: PHP %s", info->domain, version) : 0;
}

/* As show_facts(): one that does not answer is shown without what it would have said. */
static int show_path_instances(struct cli *c, const struct hp_site_info *info, const char *wished,
	struct hp_err *err)
{
	struct hp_json *paths _cleanup_json_ = NULL;
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err one = HP_ERR_INIT;
	struct hp_jw w;
	size_t i;

	if (!hp_out_wants(c->out, PATH_INSTANCES))
		return 0;
	if (wished && hp_json_parse(wished, strlen(wished), &paths, err) < 0)
		return err->code;
	hp_jw_init(&w, &text, false);
	hp_jw_arr(&w, NULL);
	for (i = 0; i < info->more_php.n; i++) {
		hp_err_clear(&one);
		if (put_path_instance(c, info, i, paths, &w, &one) < 0 && !err->code)
			*err = one;
	}
	hp_jw_end(&w, ']');
	hp_out_json(c->out, PATH_INSTANCES, hp_pstrdup(c->pool, hp_buf_str(&text)));
	return err->code;
}

/* Judged already, as this verb: another one's permission is not asked besides. */
static int get_site(struct cli *c, const char *domain, struct hp_site *ret, struct hp_err *err)
{
	struct hp_actor who;
	int r;

	if (cli_panel(c, err) < 0)
		return err->code;
	who = hp_panel_begin_own(c->panel);
	r = hp_site_get(c->panel, c->pool, domain, ret, err);
	hp_panel_end_own(c->panel, &who);
	return r;
}

static int show_one(
	struct cli *c, const struct hp_node_opts *o, const char *arg, struct hp_err *err)
{
	struct hp_err node_err = HP_ERR_INIT, silent = HP_ERR_INIT, path_err = HP_ERR_INIT;
	struct hp_site_info *info = NULL;
	unsigned i, n = FIRST_FIELD;
	struct hp_site s;
	const char *domain;

	memset(&s, 0, sizeof(s));
	if (hp_domain_check(c->pool, arg, strlen(arg), false, &domain, err) < 0 ||
		cli_may_site(c, domain, err) < 0)
		return err->code;
	if (hp_node_site_info(c->pool, o, domain, &info, &node_err) < 0 &&
		node_err.code != HP_E_NOT_FOUND) {
		*err = node_err;
		return err->code;
	}
	if (cli_has_panel(c) && get_site(c, domain, &s, err) < 0)
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
		show_facts(c, info, &silent);
		show_path_instances(c, info, s.v[HP_SITE_PHP_PATHS], &path_err);
		if (!silent.code)
			silent = path_err;
	}
	for (i = 0; i < HP_SITE_FIELDS; i++)
		if (is_php_field(i))
			cli_cell(c->out, n++, &hp_site_table.fields[i], s.v[i]);
	if (hp_out_row(c->out, err) < 0)
		return err->code;
	/* the rest is shown; that it does not answer is what the command has to say */
	*err = silent;
	return err->code;
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
static const struct cli_input_kind set_kind = {"domain", &hp_site_table, 0, false, true};

static int check_php(const struct hp_assign *a, struct hp_err *err)
{
	if (is_php_field(a->field))
		return 0;
	hp_err_set(err, HP_E_USAGE, "%s: it is not a setting of PHP",
		hp_site_table.fields[a->field].name);
	return hp_err_hint(err, "hp-site set changes all settings");
}

/* A JSON line's own settings win over the word of the command line. */
static int do_set(struct cli *c, struct hp_pool *pool, const struct cli_input *in,
	struct hp_site_change *ret, struct hp_err *err)
{
	struct hp_assign *a = hp_palloc(pool, (in->n_assign + 1) * sizeof(*a)), *word;
	const char *text = c->n_args > 1 ? c->args[1] : NULL;
	size_t i, n = in->n_assign;
	bool given = false;

	if (!text && !n) {
		hp_err_field(err, HP_E_USAGE, "php_version", "it is missing");
		return hp_err_hint(err, "hp-php list shows the versions");
	}
	/* a version alone is the whole website's */
	if (text && !strchr(text, '='))
		text = hp_pprintf(pool, "php_version=%s", text);
	word = &a[n];
	if (text && hp_field_assign(pool, &hp_site_table, text, word, err) < 0)
		return err->code;
	for (i = 0; i < n; i++) {
		a[i] = in->assign[i];
		given = given || (text && a[i].field == word->field &&
					 hp_streq(a[i].member, word->member));
	}
	if (text && !given)
		n++;
	for (i = 0; i < n; i++)
		if (check_php(&a[i], err) < 0)
			return err->code;
	return hp_site_set(c->panel, pool, in->name, a, n, ret, err);
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

/* ---- reopen ---- */
static const struct hp_col reopen_cols[] = {
	{"told", HP_COL_INT, "PHP masters that were told", false},
	{NULL, HP_COL_STR, NULL, false},
};

static int php_reopen(struct cli *c, struct hp_err *err)
{
	struct hp_node_opts o;
	size_t n = 0;

	if (cli_node_opts(c, &o, err) < 0 || hp_node_reopen_php(&o, &n, err) < 0)
		return err->code;
	if (c->quiet && c->out_opts.mode == HP_OUT_TABLE)
		return 0;
	if (cli_out(c, err) < 0)
		return err->code;
	hp_out_i64(c->out, 0, (int64_t)n);
	return hp_out_row(c->out, err);
}

/* ---- the table ---- */
static const struct cli_verb verbs[] = {
	{"list", php_list, "", 0, 0, {NULL}, CLI_ROWS | CLI_LIST | CLI_DOOR, NULL, list_cols, NULL,
		NULL, "php:list", "list the PHP versions of this node", NULL},
	{"show", php_show, "DOMAIN…", 1, UINT32_MAX, {"domain"},
		CLI_ROWS | CLI_ONE | CLI_DOOR, NULL, NULL, show_cols, NULL, "php:show",
		"show the PHP of a website: what runs, and its settings",
		"What runs is what the website's PHP itself answers through its socket, as a web server "
		"asks it; one that sleeps is woken by this. Where paths have versions of their own, "
		"path_instances has the same of the PHP of each. The columns from php_version on are what "
		"is wished."},
	{"set", php_set, "DOMAIN|- [VERSION|php_version@/PATH=[VERSION]]", 1, 2, {"domain", "php"},
		CLI_MUTATES | CLI_APPLIES | CLI_STDIN | CLI_ROWS | CLI_IF_EXISTS | CLI_IF_REVISION,
		NULL, cli_site_result_cols, NULL, NULL, "site:set",
		"switch a website to another PHP version",
		"The new version is started and answers before the website is switched to it; the old one "
		"ends its requests before it is stopped. No request is lost.\n\n"
		"php_version@/legacy=8.0 gives /legacy and all below it a version of their own, and an empty "
		"one takes it away. Of several such paths the longest counts. What is neither a file nor a "
		"folder there is answered by the first PHP file of index_files in /legacy itself, not by "
		"the website's. Each version is an instance of its own, with all settings of PHP: limits as "
		"memory_max hold for each of them, not for all together; php_extensions must be there in "
		"each version.\n\n"
		"With - each line of standard input is a website's name, or a JSON object with domain and "
		"settings of PHP, which win over the operand. All of them are one apply."},
	{"apply", cli_verb_apply, "[-]", 0, 1, {NULL}, CLI_ROWS | CLI_NODE_OPTS | CLI_ROOT,
		cli_state_opts, cli_event_cols, NULL, NULL, NULL,
		"bring this node to what the state document says",
		"The same as hp-vhost apply: PHP instances and virtual hosts are one transaction."},
	{"idle", php_idle, "", 0, 0, {NULL}, CLI_ROWS | CLI_ONE | CLI_ROOT, NULL, idle_cols, NULL,
		NULL, NULL, "put PHP masters to sleep that nobody has asked for long",
		"Run by hosting-panel-php-manager.timer. A sleeping website keeps its socket and wakes with "
		"the next request. The time is idle_timeout in section [php] of hosting-panel.conf(5)."},
	{"reopen", php_reopen, "", 0, 0, {NULL}, CLI_ROWS | CLI_ONE | CLI_ROOT, NULL, reopen_cols,
		NULL, NULL, NULL, "have the PHP masters that run open their log files anew",
		"For logrotate(8), which calls it when it has renamed php-fpm.log; requests go on. The other "
		"logs of PHP are opened anew for each message."},
	{0},
};

const struct cli_program cli_hp_php = {"hp-php", verbs};
