/*
 * hp-node-tool: lib/node by itself, without a panel. For tests.
 *
 *   hp-node-tool [--sysroot DIR] [--force] [--wait MS] [--purge DOMAIN] [--conf FILE] COMMAND
 *     state NODE GENERATION    a state document on stdout from lines "id domain
 * [key=value|+alias]…" apply|plan [FILE|-]      as hp_node_apply(), hp_node_plan(); the report on
 * stdout verify|recover detect|php|info DOMAIN
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "model/state.h"
#include "node/node.h"

static void report(void *arg HP_UNUSED, const char *line, size_t len)
{
	fwrite(line, 1, len, stdout);
	fflush(stdout);
}

static int fail(const struct hp_err *err)
{
	if (err->code && *err->msg)
		fprintf(stderr, "hp-node-tool: %s\n", err->msg);
	if (err->code && *err->hint)
		fprintf(stderr, "hint: %s\n", err->hint);
	return hp_exit_status(err->code);
}

/* ---- state: from lines to a document ---- */
static int set_word(struct hp_pool *pool, struct hp_site *s, const char *word, struct hp_err *err)
{
	struct hp_assign a;

	if (*word == '+') {
		hp_strv_add(pool, &s->aliases, word + 1);
		return 0;
	}
	if (hp_field_assign(pool, &hp_site_table, word, &a, err) < 0)
		return err->code;
	return hp_field_apply(pool, &hp_site_table, &a, s->v[a.field], &s->v[a.field], err);
}

static int make_site(struct hp_pool *pool, const char *line, struct hp_site *s, struct hp_err *err)
{
	struct hp_strv w = {0};
	int64_t id;
	size_t i;

	memset(s, 0, sizeof(*s));
	hp_str_split(pool, line, " ", &w);
	if (w.n < 2 || hp_parse_i64(w.v[0], 1, INT32_MAX, &id) < 0)
		return hp_err_set(err, HP_E_USAGE, "\"%s\" is not: id domain …", line);
	for (i = 0; i < hp_site_table.n; i++)
		s->v[i] = hp_site_table.fields[i].deflt;
	s->v[HP_SITE_ID] = w.v[0];
	s->v[HP_SITE_DOMAIN] = w.v[1];
	s->v[HP_SITE_USER] = hp_pprintf(pool, "site%s", w.v[0]);
	s->v[HP_SITE_UID] =
		hp_pprintf(pool, "%lld", (long long)(id <= 39999 ? 20000 : 1000000) + id);
	s->v[HP_SITE_WEB_SERVER] = "nginx";
	s->v[HP_SITE_PHP_VERSION] = "8.2";
	for (i = 2; i < w.n; i++)
		if (set_word(pool, s, w.v[i], err) < 0)
			return err->code;
	hp_strv_sort(&s->aliases);
	return 0;
}

static int cmd_state(const char *node, const char *generation, struct hp_err *err)
{
	struct hp_state_head head = {.node = node};
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_state_writer w;
	struct hp_site site;
	char line[8192];

	if (hp_parse_i64(generation, 0, INT64_MAX, &head.generation) < 0)
		return hp_err_set(err, HP_E_USAGE, "%s is not a generation", generation);
	if (hp_state_begin(&w, STDOUT_FILENO, &head, err) < 0)
		return err->code;
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		hp_pool_reset(pool);
		if (*line &&
			(make_site(pool, line, &site, err) < 0 ||
				hp_state_site(&w, &site, err) < 0))
			return err->code;
	}
	return hp_state_end(&w, err);
}

/* ---- looking ---- */
static int cmd_detect(const struct hp_node_opts *o, struct hp_pool *pool, struct hp_err *err)
{
	struct hp_server_info *v;
	size_t i, n;

	if (hp_node_detect(pool, o, &v, &n, err) < 0)
		return err->code;
	for (i = 0; i < n; i++)
		printf("%s %s %s active=%d front=%d listens=%s\n", v[i].name, v[i].binary,
			v[i].version ? v[i].version : "-", v[i].active, v[i].front, v[i].listens);
	return 0;
}

static int cmd_php(const struct hp_node_opts *o, struct hp_pool *pool, struct hp_err *err)
{
	struct hp_php_info *v;
	size_t i, n;

	if (hp_node_php_list(pool, o, &v, &n, err) < 0)
		return err->code;
	for (i = 0; i < n; i++)
		printf("%s %s sites=%lld running=%lld waiting=%lld\n", v[i].version,
			v[i].release ? v[i].release : "-", (long long)v[i].sites,
			(long long)v[i].running, (long long)v[i].waiting);
	return 0;
}

static int cmd_info(const struct hp_node_opts *o, struct hp_pool *pool, const char *domain,
	struct hp_err *err)
{
	struct hp_site_info *s;
	size_t i;

	if (hp_node_site_info(pool, o, domain, &s, err) < 0)
		return err->code;
	printf("%s user=%s php=%s state=%s\n", s->domain, s->user,
		s->php_version ? s->php_version : "-", s->instance_state);
	for (i = 0; i < s->files.n; i++)
		printf("%s\n", s->files.v[i]);
	return 0;
}

static int open_state(struct hp_node_opts *o, const char *file, struct hp_err *err)
{
	o->state_name = file ? file : "the kept document";
	if (!file)
		return 0;
	o->state_fd = hp_streq(file, "-") ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	return o->state_fd < 0 ? hp_err_errno(err, HP_E_OS, errno, "%s can't be read", file) : 0;
}

static int dispatch(struct hp_node_opts *o, struct hp_pool *pool, char **argv, struct hp_err *err)
{
	const char *cmd = argv[0], *arg = cmd ? argv[1] : NULL;

	if (hp_streq(cmd, "state") && arg && argv[2])
		return cmd_state(arg, argv[2], err);
	if (hp_streq(cmd, "apply"))
		return open_state(o, arg, err) < 0 ? err->code : hp_node_apply(o, err);
	if (hp_streq(cmd, "plan")) {
		o->diff_fd = STDERR_FILENO;
		return open_state(o, arg, err) < 0 ? err->code : hp_node_plan(o, err);
	}
	if (hp_streq(cmd, "verify"))
		return hp_node_verify(o, err);
	if (hp_streq(cmd, "recover"))
		return hp_node_recover(o, err);
	if (hp_streq(cmd, "detect"))
		return cmd_detect(o, pool, err);
	if (hp_streq(cmd, "php"))
		return cmd_php(o, pool, err);
	if (hp_streq(cmd, "info") && arg)
		return cmd_info(o, pool, arg, err);
	return hp_err_set(err, HP_E_USAGE, "no such command");
}

int main(int argc HP_UNUSED, char **argv)
{
	struct hp_node_opts o = {.state_fd = -1, .diff_fd = -1, .report = report};
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_err err = HP_ERR_INIT;
	struct hp_strv purge = {0};
	struct hp_conf *conf;
	uint64_t ms;

	for (argv++; *argv && hp_str_starts(*argv, "--"); argv++) {
		if (hp_streq(*argv, "--force")) {
			o.force = true;
		} else if (hp_streq(*argv, "--quiet")) {
			o.quiet_plan = true;
		} else if (hp_streq(*argv, "--sysroot") && argv[1]) {
			o.sysroot = *++argv;
		} else if (hp_streq(*argv, "--wait") && argv[1] &&
			hp_parse_u64(argv[1], 3600000, &ms) == 0) {
			o.wait_ms = (unsigned)ms;
			argv++;
		} else if (hp_streq(*argv, "--purge") && argv[1]) {
			hp_strv_add(pool, &purge, *++argv);
			o.purge = &purge;
		} else if (hp_streq(*argv, "--conf") && argv[1]) {
			if (hp_conf_load(pool, *++argv, &conf, &err) < 0)
				return fail(&err);
			o.conf = conf;
		} else {
			hp_err_set(&err, HP_E_USAGE, "%s is not an option", *argv);
			return fail(&err);
		}
	}
	dispatch(&o, pool, argv, &err);
	return fail(&err);
}
