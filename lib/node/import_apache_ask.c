/*
 * What Apache itself says: whether it takes its configuration, and which virtual hosts it has.
 * Those that were not found in its files (macros make some) are said, so that none is missed.
 */
#include <string.h>

#include "node/import_impl.h"
#include "base/str.h"
#include "sys/run.h"

#define ENVVARS "/etc/apache2/envvars"
#define VARS_MAX 64

/* Debian's main file names variables that its service's environment has: "export NAME=VALUE". */
static void read_envvars(struct hp_reader *r, const char **env)
{
	struct hp_err ignored = HP_ERR_INIT;
	struct hp_strv lines = {0};
	struct hp_text t;
	const char *line, *eq, *end;
	size_t i, n = 0;

	if (hp_import_text(r, ENVVARS, &t, &ignored) < 0)
		return;
	hp_str_split(r->pool, hp_pstrndup(r->pool, t.text, t.len), "\n", &lines);
	for (i = 0; i < lines.n && n < VARS_MAX; i++) {
		line = hp_str_after(lines.v[i], "export ");
		eq = line ? strchr(line, '=') : NULL;
		if (!eq)
			continue;
		/* of a second instance on one machine; there is none here */
		end = strstr(eq, "$SUFFIX");
		env[n++] = hp_pprintf(r->pool, "%.*s%s",
			(int)((end ? end : line + strlen(line)) - line), line,
			end ? end + strlen("$SUFFIX") : "");
		HP_IMPORT_GROW(r->pool, r->defines.v, r->defines.n, r->defines.cap);
		r->defines.v[r->defines.n++] =
			(struct hp_member){.key = hp_pstrndup(r->pool, line, (size_t)(eq - line)),
				.value = strchr(env[n - 1], '=') + 1};
	}
}

/*
 * "port 80 namevhost shop.example (/etc/apache2/sites-enabled/shop.conf:1)"; of a macro's it is
 * words that stand there, before the number of a line in it.
 */
static void take_line(struct hp_reader *r, char *line)
{
	char *open = strchr(line, '('), *close = strrchr(line, ')'), *colon, *name;
	struct hp_directive *d;
	uint64_t number;

	if (!open || !close || close < open || open == line)
		return;
	*close = 0;
	colon = strrchr(open, ':');
	if (!colon || hp_parse_u64(colon + 1, UINT32_MAX, &number) < 0)
		return;
	*colon = 0;
	open[-1] = 0;
	name = strrchr(line, ' ');
	d = hp_palloc(r->pool, sizeof(*d));
	d->name = "VirtualHost";
	d->args = hp_palloc(r->pool, 2 * sizeof(*d->args));
	d->args[0] = name ? name + 1 : line;
	d->n_args = 1;
	d->file = open + 1;
	d->line = (unsigned)number;
	HP_IMPORT_GROW(r->pool, r->served, r->n_served, r->cap_served);
	r->served[r->n_served++] = d;
}

static int refused(struct hp_reader *r, const char *said, struct hp_err *err)
{
	return hp_err_set(err, HP_E_REFUSED, "apache2 does not take its own configuration: %s",
		hp_str_printable(r->pool, hp_pstrndup(r->pool, said, strcspn(said, "\n")), 400));
}

int hp_import_ask_apache(struct hp_reader *r, struct hp_err *err)
{
	static const char *const places[] = {"/usr/sbin/apache2", "/usr/sbin/httpd", NULL};
	const char *argv[] = {hp_run_find(places), "-t", "-D", "DUMP_VHOSTS", NULL};
	struct hp_buf out _cleanup_buf_ = HP_BUF_INIT, errs _cleanup_buf_ = HP_BUF_INIT;
	const char **env = hp_palloc(r->pool, (VARS_MAX + 1) * sizeof(*env));
	struct hp_run run = {
		.argv = argv, .env = env, .out = &out, .errs = &errs, .max_out = HP_IMPORT_BYTES};
	struct hp_strv lines = {0};
	int status;
	size_t i;

	/* files of another machine, or of a server that is gone */
	if (!argv[0])
		return 0;
	read_envvars(r, env);
	status = hp_run(&run, err);
	if (status)
		return status < 0 ? status : refused(r, hp_buf_str(&errs), err);
	hp_str_split(r->pool, hp_buf_str(&out), "\n", &lines);
	for (i = 0; i < lines.n; i++)
		take_line(r, hp_pstrdup(r->pool, lines.v[i]));
	return 0;
}

static bool is_read(const struct hp_directive *root, const struct hp_directive *v)
{
	const struct hp_directive *d;

	for (d = root->child; d; d = d->next)
		if (d->line == v->line && hp_streq(d->name, "<virtualhost") &&
			hp_streq(d->file, v->file))
			return true;
	return false;
}

void hp_import_missed_apache(struct hp_reader *r, const struct hp_directive *root)
{
	size_t i;

	for (i = 0; i < r->n_served && i < HP_IMPORT_MEMBERS; i++)
		if (!is_read(root, r->served[i]))
			hp_import_note(r, NULL, r->served[i], HP_LOST,
				"Apache serves it, and it was not found where Apache says it is");
}
