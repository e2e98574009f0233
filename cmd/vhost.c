/* hp-vhost: web servers and virtual hosts. The table of verbs is at the end. */
#include "cmd/apply.h"
#include "cmd/events.h"
#include "cmd/import.h"
#include "base/str.h"
#include "node/settings.h"
#include "sys/json.h"

/* ---- detect ---- */
static const struct hp_col detect_cols[] = {
	{"server", HP_COL_STR, "nginx, apache or openlitespeed", false},
	{"version", HP_COL_STR, "as the program says it", false},
	{"active", HP_COL_BOOL, "is it running?", false},
	{"front", HP_COL_BOOL, "does it own ports 80 and 443?", false},
	{"listens", HP_COL_STR, "addresses that it listens on", false},
	{"binary", HP_COL_STR, "the program", true},
	{"service", HP_COL_STR, "name of its service", true},
	{NULL, HP_COL_STR, NULL, false},
};

static int vhost_detect(struct cli *c, struct hp_err *err)
{
	struct hp_server_info *v;
	struct hp_node_opts o;
	size_t i, n;

	if (cli_node_opts(c, &o, err) < 0 || hp_node_detect(c->pool, &o, &v, &n, err) < 0 ||
		cli_out(c, err) < 0)
		return err->code;
	for (i = 0; i < n; i++) {
		hp_out_str(c->out, 0, v[i].name);
		hp_out_str(c->out, 1, v[i].version);
		hp_out_bool(c->out, 2, v[i].active);
		hp_out_bool(c->out, 3, v[i].front);
		hp_out_str(c->out, 4, v[i].listens);
		hp_out_str(c->out, 5, v[i].binary);
		hp_out_str(c->out, 6, v[i].service);
		if (hp_out_row(c->out, err) < 0)
			return err->code;
	}
	return 0;
}

/* ---- plan ---- */
static const struct hp_opt plan_opts[] = {
	{"kept", 0, NULL, "take the document of the last run, not the panel's", 0, NULL},
	{"paths", 0, NULL, "print the paths that would change, not how", 0, NULL},
	{"timeout", 0, "SECONDS", "give up when the document has not come to its end by then", 0,
		""},
	{"front", 0, "SERVER", "show what hp-vhost front SERVER would change", 0, NULL},
	{"force", 0, NULL, "show what apply --force would change, edits by hand included", 0, NULL},
	{0},
};

static void plan_event(void *arg, const char *line, size_t len)
{
	struct cli *c = arg;

	if (c->out_opts.mode != HP_OUT_TABLE || c->out_opts.columns)
		cli_event(c, line, len);
	else if (c->verbose)
		cli_event_say(c, line, len);
}

static int vhost_plan(struct cli *c, struct hp_err *err)
{
	struct hp_node_opts o;
	bool panel;
	int fd _cleanup_close_ = -1;

	if (cli_is_asked_for_plan(c))
		return cli_tell_plan(c, err);
	if (cli_node_opts(c, &o, err) < 0 ||
		cli_state_source(c, &fd, &panel, &o.state_name, err) < 0)
		return err->code;
	o.state_fd = fd;
	o.quiet_plan = cli_opt(c, "paths");
	o.force = cli_opt(c, "force");
	o.front = cli_opt(c, "front");
	if (!c->quiet && c->out_opts.mode == HP_OUT_TABLE && !c->out_opts.columns)
		o.diff_fd = STDOUT_FILENO;
	o.report = plan_event;
	o.report_arg = c;
	return hp_node_plan(&o, err);
}

/* ---- front ---- */
static int vhost_front(struct cli *c, struct hp_err *err)
{
	struct hp_node_opts o;

	if (cli_node_opts(c, &o, err) < 0)
		return err->code;
	o.front = c->args[0];
	o.report = cli_event;
	o.report_arg = c;
	return hp_node_apply(&o, err);
}

/* ---- verify and recover ---- */
static int vhost_verify(struct cli *c, struct hp_err *err)
{
	struct hp_node_opts o;

	if (cli_node_opts(c, &o, err) < 0)
		return err->code;
	o.report = cli_event;
	o.report_arg = c;
	return hp_node_verify(&o, err);
}

static int vhost_recover(struct cli *c, struct hp_err *err)
{
	struct hp_node_opts o;

	if (cli_node_opts(c, &o, err) < 0)
		return err->code;
	o.report = cli_event;
	o.report_arg = c;
	return hp_node_recover(&o, err);
}

/* ---- reopen ---- */
static int vhost_reopen(struct cli *c, struct hp_err *err)
{
	struct hp_node_opts o;

	if (cli_node_opts(c, &o, err) < 0)
		return err->code;
	o.report = cli_event;
	o.report_arg = c;
	return hp_node_reopen_web(&o, err);
}

/* ---- show ---- */
static const struct hp_col show_cols[] = {
	{"domain", HP_COL_STR, "the website", false},
	{"user", HP_COL_STR, "its Unix user", false},
	{"document_root", HP_COL_STR, "folder that it serves", false},
	{"log_dir", HP_COL_STR, "folder of its logs", false},
	{"state_dir", HP_COL_STR, "folder of its sessions, uploads and temporary files", false},
	{"php_version", HP_COL_STR, "PHP version that its link points at", false},
	{"instance", HP_COL_STR, "its PHP: running, waiting for a request, or stopped", false},
	{"socket", HP_COL_STR, "socket of its PHP", false},
	{"files", HP_COL_JSON, "files that the panel wrote for it, a JSON array", false},
	{NULL, HP_COL_STR, NULL, false},
};

static int put_site(struct cli *c, const struct hp_site_info *s, struct hp_err *err)
{
	struct hp_buf json _cleanup_buf_ = HP_BUF_INIT;
	struct hp_jw w;
	size_t i;

	hp_jw_init(&w, &json, false);
	hp_jw_arr(&w, NULL);
	for (i = 0; i < s->files.n; i++)
		hp_jw_str(&w, NULL, s->files.v[i]);
	hp_jw_end(&w, ']');
	hp_out_str(c->out, 0, s->domain);
	hp_out_str(c->out, 1, s->user);
	hp_out_str(c->out, 2, s->document_root);
	hp_out_str(c->out, 3, s->log_dir);
	hp_out_str(c->out, 4, s->state_dir);
	hp_out_str(c->out, 5, s->php_version);
	hp_out_str(c->out, 6, s->instance_state);
	hp_out_str(c->out, 7, s->socket);
	hp_out_json(c->out, 8, hp_buf_str(&json));
	return hp_out_row(c->out, err);
}

static int vhost_show(struct cli *c, struct hp_err *err)
{
	struct hp_site_info *s;
	struct hp_node_opts o;
	const char *domain;
	unsigned i;

	if (cli_node_opts(c, &o, err) < 0 || cli_out(c, err) < 0)
		return err->code;
	for (i = 0; i < c->n_args; i++) {
		if (hp_domain_check(c->pool, c->args[i], strlen(c->args[i]), false, &domain, err) <
				0 ||
			hp_node_site_info(c->pool, &o, domain, &s, err) < 0 ||
			put_site(c, s, err) < 0)
			return err->code;
	}
	return 0;
}

/* ---- settings ---- */
static const struct hp_col settings_cols[] = {
	{"setting", HP_COL_STR, "name of the setting", false},
	{"where", HP_COL_STR, "a web server, or php-fpm, php.ini, systemd, node", false},
	{"directives", HP_COL_STR, "names of the directives there, parted by blanks", false},
	{"note", HP_COL_STR, "when, with what, or why none", false},
	{NULL, HP_COL_STR, NULL, false},
};

static int put_setting(struct cli *c, unsigned f, struct hp_err *err)
{
	struct hp_setting_place places[HP_SETTING_PLACES_MAX];
	size_t i, servers;

	hp_setting_places(places, &servers);
	for (i = 0; places[i].name; i++) {
		const struct hp_becomes *b = &places[i].v[f];

		if (!hp_becomes_any(b))
			continue;
		hp_out_str(c->out, 0, hp_site_table.fields[f].name);
		hp_out_str(c->out, 1, places[i].name);
		hp_out_str(c->out, 2, b->directives);
		hp_out_str(c->out, 3, b->note);
		if (hp_out_row(c->out, err) < 0)
			return err->code;
	}
	return 0;
}

static int vhost_settings(struct cli *c, struct hp_err *err)
{
	unsigned i;
	int f;

	if (cli_out(c, err) < 0)
		return err->code;
	for (i = 0; !c->n_args && i < hp_site_table.n; i++)
		if (put_setting(c, i, err) < 0)
			return err->code;
	for (i = 0; i < c->n_args; i++) {
		f = hp_field_find(&hp_site_table, c->args[i]);
		if (f < 0) {
			hp_err_set(err, HP_E_USAGE, "\"%s\" is no setting of a website",
				hp_str_printable(c->pool, c->args[i], 60));
			return hp_err_hint(err, "hp-vhost settings lists them");
		}
		if (put_setting(c, (unsigned)f, err) < 0)
			return err->code;
	}
	return 0;
}

/* ---- the table ---- */
static const struct cli_verb verbs[] = {
	{"detect", vhost_detect, "", 0, 0, {NULL}, CLI_ROWS | CLI_LIST | CLI_DOOR, NULL,
		detect_cols, NULL, NULL, "vhost:detect", "find the web servers of this host", NULL},
	{"plan", vhost_plan, "[-]", 0, 1, {NULL}, CLI_ROWS, plan_opts, cli_event_cols, NULL, NULL,
		NULL, "show as a unified diff what apply would change; touch nothing",
		"Exit status 10 when there is something to change, 0 when there is not. The document is "
		"taken from standard input (-), else from the panel where this host has its database, "
		"else it is the one that the node kept from its last run."},
	{"apply", cli_verb_apply, "[-]", 0, 1, {NULL}, CLI_ROWS | CLI_NODE_OPTS | CLI_ROOT,
		cli_state_opts, cli_event_cols, NULL, NULL, NULL,
		"bring this node to what the state document says",
		"All files are made and tested beside the live ones, then put in place together, the "
		"servers are reloaded once, every changed website is asked for, and everything is undone "
		"if any of that fails. A website that breaks the test is left as it was; the others are "
		"applied. What any website lacks besides files is made again: its Unix user, its folders, "
		"its PHP, its links, a server that does not run. With - the document comes from standard input and the "
		"report is JSON lines; the last one is the end, with the exit status and, where something "
		"failed, the message."},
	{"front", vhost_front, "SERVER", 1, 1, {"server"}, CLI_ROWS | CLI_NODE_OPTS | CLI_ROOT,
		NULL, cli_event_cols, NULL, NULL, NULL,
		"give the public ports to another web server of this node",
		"SERVER is nginx, apache or openlitespeed. The front server has ports 80 and 443, serves "
		"its own websites, and hands requests for the others' to their servers on loopback; TLS "
		"ends at it. All websites' vhosts are made anew, in one apply. One server lets the ports "
		"go before the other takes them: connections that come in between are refused. Hand-made "
		"vhosts are not moved."},
	{"verify", vhost_verify, "", 0, 0, {NULL}, CLI_ROWS | CLI_NODE_OPTS | CLI_DOOR, NULL,
		cli_event_cols, NULL, NULL, "vhost:verify",
		"compare files, links and PHP instances with what the panel wrote",
		"Exit status 1 when something differs: a file edited or deleted by hand, a link that "
		"points elsewhere, a PHP instance that is gone."},
	{"show", vhost_show, "DOMAIN…", 1, UINT32_MAX, {"domain"}, CLI_ROWS | CLI_ONE, NULL,
		show_cols, NULL, NULL, NULL, "show what is on this node for a website", NULL},
	{"settings", vhost_settings, "[SETTING…]", 0, UINT32_MAX, {"setting"},
		CLI_ROWS | CLI_LIST, NULL,
		settings_cols, NULL, NULL, NULL,
		"say which directives the settings of a website become",
		"Of each web server, of PHP and of systemd. Without SETTING all of them. Nothing is looked at "
		"on this host."},
	{"purge", cli_verb_purge, "DOMAIN…|-", 1, UINT32_MAX, {"domain"},
		CLI_MUTATES | CLI_STDIN | CLI_ROWS | CLI_ROOT | CLI_DOOR, NULL, cli_purge_cols,
		NULL, NULL, "vhost:purge",
		"throw away what the front server keeps of a website's answers",
		"With cache_enabled the front keeps answers of PHP and of programs for a while. They are "
		"removed while the server runs, and the next request is answered anew; other websites' stay. "
		"An apply that changes a website does the same for it. "
		"With - each line of standard input is a website's name."},
	{"trim", cli_verb_trim, "SIZE", 1, 1, {""}, CLI_MUTATES | CLI_ROWS | CLI_ONE, NULL,
		cli_trim_cols, NULL, NULL, NULL,
		"remove the oldest of what OpenLiteSpeed keeps of websites' answers beyond a size",
		"A timer does it each minute with 512M, as www-data. NGINX has a bound of its own, and for Apache "
		"that timer runs htcacheclean(8)."},
	{"recover", vhost_recover, "", 0, 0, {NULL}, CLI_ROWS | CLI_NODE_OPTS | CLI_ROOT, NULL,
		cli_event_cols, NULL, NULL, NULL, "finish or undo what a killed run left behind",
		"Every apply does this first; a unit does it at boot, before the web servers start."},
	{"reopen", vhost_reopen, "", 0, 0, {NULL}, CLI_ROWS | CLI_NODE_OPTS | CLI_ROOT, NULL,
		cli_event_cols, NULL, NULL, NULL,
		"have the web servers open websites' log files anew",
		"For logrotate(8), which calls it when it has renamed them. Each server that has "
		"websites is tested and then reloaded; no request is lost. One that refuses goes on in the old files, "
		"from which nothing is taken away meanwhile."},
	{"adopt", cli_verb_adopt, "DOMAIN [nginx|apache]", 1, 2, {"", "=nginx|apache"},
		CLI_MUTATES | CLI_NODE_OPTS | CLI_ROWS | CLI_ROOT, cli_adopt_opts,
		cli_site_result_cols, NULL, NULL, "site:add",
		"make a website of a hand-made virtual host",
		"Its directives become settings, as hp-site import reads them; what no setting says and can "
		"stand within a virtual host goes into the hand-made file adopted.conf of the website; the "
		"rest is said, and is lost. Without --yes nothing more happens, and the exit status is "
		"10.\n\n"
		"In the run that makes the website the hand-made files give way: a link is removed, and of a "
		"file the text is kept below /etc/hosting-panel/adopted/. If anything fails, all is as it was; "
		"what a run that was killed has left is undone, or finished, by the next one with --yes. "
		"Documents that are elsewhere are copied (--copy), handed over to the website's user and stay "
		"where they were, too; what group or others could write, they can't in the copy."},
	{0},
};

const struct cli_program cli_hp_vhost = {"hp-vhost", verbs};
