/* hp-site import: another configuration as JSON lines that hp-site add - takes. */
#include "cmd/import.h"
#include "cmd/apply.h"
#include "base/file.h"
#include "base/str.h"
#include "sys/json.h"

const struct hp_opt cli_import_opts[] = {
	{"web-server", 0, "SERVER", "serve them by this one, not by the one they were found on", 0,
		"=nginx|apache|openlitespeed"},
	{0},
};

const char *cli_import_server(struct cli *c)
{
	struct hp_server_info *v;
	struct hp_node_opts o;
	struct hp_err ignored = HP_ERR_INIT;
	size_t n = 0;

	if (cli_node_opts(c, &o, &ignored) == 0)
		hp_node_detect(c->pool, &o, &v, &n, &ignored);
	return n ? v[0].name : "nginx";
}

void cli_import_say(struct cli *c, const struct hp_note *n)
{
	const char *place = n->file ? hp_pprintf(c->pool, "%s:%u: ", n->file, n->line) : "";
	const char *domain = n->domain ? hp_pprintf(c->pool, "%s: ", n->domain) : "";
	const char *what = n->what ? hp_pprintf(c->pool, "%s: ", n->what) : "";

	if (n->hint)
		cli_say(c, "%s%s%s%s", place, domain, what, n->why);
	else
		cli_warn(c, "%s%s%s%s", place, domain, what, n->why);
}

static int read_text(
	const char *path, struct hp_import_opts *o, struct hp_buf *b, struct hp_err *err)
{
	bool in = hp_streq(path, "-");
	int rc = in ? hp_fd_read(STDIN_FILENO, "standard input", HP_IMPORT_BYTES, b, err)
		    : hp_file_read(path, HP_IMPORT_BYTES, b, err);

	if (rc < 0)
		return rc;
	o->text = hp_buf_str(b);
	o->len = b->len;
	o->name = in ? "standard input" : path;
	o->read_files = !in;
	if (!b->len)
		return hp_err_set(err, HP_E_USAGE, "%s is empty", o->name);
	return 0;
}

static int print_site(const struct hp_found *f, const char *server, struct hp_err *err)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_jw w;
	size_t i;

	hp_jw_init(&w, &b, false);
	hp_jw_obj(&w, NULL);
	for (i = 0; i < HP_SITE_FIELDS; i++)
		if (i == HP_SITE_WEB_SERVER && server)
			hp_field_json(&w, &hp_site_table.fields[i], server);
		else if (f->site.v[i])
			hp_field_json(&w, &hp_site_table.fields[i], f->site.v[i]);
	if (f->site.aliases.n) {
		hp_jw_arr(&w, "aliases");
		for (i = 0; i < f->site.aliases.n; i++)
			hp_jw_str(&w, NULL, f->site.aliases.v[i]);
		hp_jw_end(&w, ']');
	}
	hp_jw_end(&w, '}');
	hp_buf_addc(&b, '\n');
	return hp_fd_write(STDOUT_FILENO, "standard output", b.s, b.len, err);
}

int cli_verb_import(struct cli *c, struct hp_err *err)
{
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;
	const char *other = cli_opt(c, "web-server");
	const struct hp_field *f = &hp_site_table.fields[HP_SITE_WEB_SERVER];
	struct hp_import_opts o = {.sysroot = c->sysroot};
	struct hp_import found;
	size_t i, lost = 0;

	if (other && hp_field_check(c->pool, f, other, strlen(other), &other, err) < 0)
		return hp_err_prefix(err, "--web-server");
	o.server = c->n_args ? c->args[0] : cli_import_server(c);
	if (c->n_args > 1 && read_text(c->args[1], &o, &text, err) < 0)
		return err->code;
	if (hp_import(c->pool, &o, &found, err) < 0)
		return err->code;
	for (i = 0; i < found.n_notes; i++) {
		cli_import_say(c, &found.notes[i]);
		lost += !found.notes[i].hint;
	}
	for (i = 0; i < found.n; i++)
		if (print_site(&found.v[i], other, err) < 0)
			return err->code;
	if (!lost)
		return 0;
	cli_warn(c, "%zu websites; of %zu directives there is no setting for all that they say",
		found.n, lost);
	return hp_err_set(err, HP_E_NO, "%s", "");
}
