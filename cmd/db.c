/* hp-db: the panel's own database. */
#include "cmd/apply.h"
#include "base/file.h"
#include "base/paths.h"
#include "base/str.h"

static const struct hp_col info_cols[] = {
	{"backend", HP_COL_STR, "engine: sqlite, postgresql, mysql or mariadb", false},
	{"server_version", HP_COL_STR, "version of the engine, as it says itself", false},
	{"schema_version", HP_COL_INT, "version of the tables in the database", false},
	{"schema_wanted", HP_COL_INT, "version of the tables that this build works with", false},
	{"latency_us", HP_COL_INT, "round trip of the smallest query, in microseconds", false},
	{"node", HP_COL_STR, "the node that this host is", false},
	{"url", HP_COL_STR, "where it is, without password", false},
	{NULL, HP_COL_STR, NULL, false},
};
enum { C_BACKEND, C_SERVER, C_HAVE, C_WANT, C_LATENCY, C_NODE, C_URL };

static int db_info(struct cli *c, struct hp_err *err)
{
	struct hp_panel_setup i;

	if (cli_conf(c, err) < 0 || hp_panel_info(c->pool, c->sysroot, c->conf, &i, err) < 0 ||
		cli_out(c, err) < 0)
		return err->code;
	hp_out_str(c->out, C_BACKEND, i.backend);
	hp_out_str(c->out, C_SERVER, i.server_version);
	hp_out_i64(c->out, C_HAVE, i.schema_before);
	hp_out_i64(c->out, C_WANT, i.schema_want);
	hp_out_i64(c->out, C_LATENCY, (int64_t)i.latency_us);
	hp_out_str(c->out, C_NODE, i.node);
	hp_out_str(c->out, C_URL, i.url);
	return hp_out_row(c->out, err);
}

static void on_step(void *arg, int n, const char *title)
{
	struct cli *c = arg;

	if (c->verbose || c->dry_run)
		cli_say(c, "migration %d: %s", n, title);
}

static int say(
	struct cli *c, const char *action, const struct hp_panel_setup *s, struct hp_err *err)
{
	struct cli_result row = {
		.object = s->url,
		.action = action,
		.changed = s->changed,
		.result = !s->changed ? "unchanged" : c->dry_run ? "dry-run" : "applied",
		.node = s->node,
	};

	if (s->schema_before != s->schema_after)
		row.message = hp_pprintf(c->pool, "schema version %d (it was %d)", s->schema_after,
			s->schema_before);
	else if (s->schema_after)
		row.message = hp_pprintf(c->pool, "schema version %d", s->schema_after);
	if (s->wrote_conf && !c->dry_run)
		cli_say(c, "%s names the database now", HP_CONF_FILE);
	return cli_result(c, &row, err);
}

/* The URL as given, or read from @FILE: a password has no place in argv. */
static int url_operand(struct cli *c, const char **ret, struct hp_err *err)
{
	struct hp_buf b = HP_BUF_INIT;
	const char *arg = c->n_args ? c->args[0] : NULL;
	int r;

	*ret = arg;
	if (!arg || arg[0] != '@')
		return 0;
	r = hp_streq(arg, "@-") ? hp_fd_read(STDIN_FILENO, "standard input", 8192, &b, err)
				: hp_file_read(arg + 1, 8192, &b, err);
	if (r == 0)
		*ret = hp_pstrndup(c->pool, hp_buf_str(&b), strcspn(hp_buf_str(&b), "\r\n"));
	if (b.s)
		hp_wipe(b.s, b.cap);
	hp_buf_release(&b);
	return r;
}

static int db_init(struct cli *c, struct hp_err *err)
{
	struct hp_panel_setup s;
	const char *url;

	if (cli_conf(c, err) < 0 || url_operand(c, &url, err) < 0 ||
		hp_panel_init(c->pool, c->sysroot, c->conf, url, c->dry_run, on_step, c, &s,
			err) < 0)
		return err->code;
	if (!s.url)
		s.url = url ? url : hp_conf_get(c->conf, "database", "url");
	return say(c, "init", &s, err);
}

static int db_migrate(struct cli *c, struct hp_err *err)
{
	struct hp_panel_setup s;

	if (cli_conf(c, err) < 0 ||
		hp_panel_migrate(c->pool, c->sysroot, c->conf, c->dry_run, on_step, c, &s, err) < 0)
		return err->code;
	return say(c, "migrate", &s, err);
}

static const struct cli_verb verbs[] = {
	{"init", db_init, "[URL|@FILE]", 0, 1, {"@file"}, CLI_MUTATES | CLI_ROWS, NULL,
		cli_db_result_cols, NULL, NULL, NULL, "make the panel's database, or complete it",
		"URL is sqlite:PATH, postgresql://, mysql:// or mariadb://USER:PASSWORD@HOST/DATABASE; without "
		"one it is that of the configuration, sqlite:/var/lib/hosting-panel/db/panel.db unless "
		"something else stands there. A URL with a password in it is better read from a file: "
		"@FILE, or @- for standard input.\n\n"
		"The tables are made, and this host becomes a node. Where there is no configuration file "
		"yet, one is written that names the database. Running it again changes nothing."},
	{"info", db_info, "", 0, 0, {NULL}, CLI_ROWS | CLI_ONE, NULL, info_cols, NULL, NULL,
		"db:info",
		"show the engine, its version, the schema's version and the latency", NULL},
	{"migrate", db_migrate, "", 0, 0, {NULL}, CLI_MUTATES | CLI_ROWS, NULL, cli_db_result_cols,
		NULL, NULL, NULL, "bring the tables up to this version of the panel",
		"A run that was cut short is resumed by the next."},
	{0},
};

const struct cli_program cli_hp_db = {"hp-db", verbs};
