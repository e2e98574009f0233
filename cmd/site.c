/* hp-site: websites and their settings. The table of verbs is at the end. */
#include "cmd/apply.h"
#include "cmd/import.h"
#include "base/str.h"
#include "node/folders.h"
#include "sys/idn.h"
#include "sys/json.h"

/* ---- list and show ---- */
static const struct hp_col more_cols[] = {
	{"domain_unicode", HP_COL_STR, "its name as people write it", true},
	{"tenant", HP_COL_STR, "short name of the tenant it belongs to", false},
	{"aliases", HP_COL_JSON, "its further names, a JSON array of A-labels", true},
	CLI_REVISION_COL,
	{NULL, HP_COL_STR, NULL, false},
};
enum { MORE_UNICODE = HP_SITE_FIELDS, MORE_TENANT, MORE_ALIASES, MORE_REVISION };

static void make_cols(struct hp_pool *pool, struct hp_col **ret)
{
	*ret = cli_cols(pool, &hp_site_table, more_cols);
}

struct lister {
	struct cli *c;
	struct hp_pool *pool; /* one row's */
	struct hp_buf json;
};

static void put_unicode(struct lister *l, const char *domain)
{
	struct hp_err err = HP_ERR_INIT;
	const char *u = domain;

	if (!hp_out_wants(l->c->out, MORE_UNICODE))
		return;
	if (strstr(domain, "xn--") && hp_idn_to_unicode(l->pool, domain, &u, &err) < 0)
		u = domain; /* a name of today may be unknown to the library of tomorrow */
	hp_out_str(l->c->out, MORE_UNICODE, u);
}

static void put_aliases(struct lister *l, const struct hp_strv *aliases)
{
	struct hp_jw w;
	size_t i;

	if (!hp_out_wants(l->c->out, MORE_ALIASES))
		return;
	hp_buf_reset(&l->json);
	hp_jw_init(&w, &l->json, false);
	hp_jw_arr(&w, NULL);
	for (i = 0; i < aliases->n; i++)
		hp_jw_str(&w, NULL, aliases->v[i]);
	hp_jw_end(&w, ']');
	hp_out_json(l->c->out, MORE_ALIASES, hp_buf_str(&l->json));
}

static int put_site(void *arg, const struct hp_site *s, const char *tenant, struct hp_err *err)
{
	struct lister *l = arg;
	unsigned i;

	for (i = 0; i < HP_SITE_FIELDS; i++)
		cli_cell(l->c->out, i, &hp_site_table.fields[i], s->v[i]);
	put_unicode(l, s->v[HP_SITE_DOMAIN]);
	if (tenant)
		hp_out_str(l->c->out, MORE_TENANT, tenant);
	put_aliases(l, &s->aliases);
	cli_revision(l->c->out, MORE_REVISION, &hp_site_table, s->v, &s->aliases);
	hp_pool_reset(l->pool);
	return hp_out_row(l->c->out, err);
}

static const struct hp_opt list_opts[] = {
	{"tenant", 't', "TENANT", "only websites of this tenant", 0, "tenant"},
	{"php", 0, "VERSION", "only websites on this PHP version", 0, "php"},
	{"status", 0, "STATUS", "only active or suspended ones", 0, "=active|suspended"},
	{"web-server", 0, "SERVER", "only websites on this web server", 0,
		"=nginx|apache|openlitespeed"},
	{"node", 0, "NODE", "only websites of this node", 0, "node"},
	{0},
};

/* A mistyped value is told, not answered by an empty list. */
static int check_filter(struct cli *c, const char *opt, const char *field, const char **v,
	struct hp_err *err)
{
	const struct hp_field *f = &hp_site_table.fields[hp_field_find(&hp_site_table, field)];

	if (!*v || hp_field_check(c->pool, f, *v, strlen(*v), v, err) == 0)
		return 0;
	return hp_err_prefix(err, "--%s", opt);
}

static int site_list(struct cli *c, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct lister l = {.c = c, .pool = pool};
	struct hp_site_filter f = {
		.tenant = cli_opt(c, "tenant"),
		.php_version = cli_opt(c, "php"),
		.status = cli_opt(c, "status"),
		.web_server = cli_opt(c, "web-server"),
		.node = cli_opt(c, "node"),
	};
	int r;

	if (check_filter(c, "php", "php_version", &f.php_version, err) < 0 ||
		check_filter(c, "status", "status", &f.status, err) < 0 ||
		check_filter(c, "web-server", "web_server", &f.web_server, err) < 0 ||
		cli_panel(c, err) < 0 || cli_out(c, err) < 0)
		return err->code;
	r = hp_site_each(c->panel, &f, put_site, &l, err);
	hp_buf_release(&l.json);
	return r;
}

static int site_show(struct cli *c, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct lister l = {.c = c, .pool = pool};
	unsigned i;
	int r = 0;

	if (cli_panel(c, err) < 0 || cli_out(c, err) < 0)
		return err->code;
	for (i = 0; i < c->n_args && r >= 0; i++) {
		const char *tenant = NULL;
		struct hp_site s;
		bool suspended;

		memset(&s, 0, sizeof(s));
		r = hp_site_get(c->panel, c->pool, c->args[i], &s, err);
		if (r < 0)
			break;
		r = hp_site_tenant(c->panel, c->pool, &s, &tenant, &suspended, err);
		if (r >= 0)
			r = put_site(&l, &s, tenant, err);
	}
	hp_buf_release(&l.json);
	return r;
}

/* ---- what changes a site ---- */
static const struct hp_opt add_opts[] = {
	{"tenant", 't', "TENANT",
		"tenant that it belongs to, as tenant=TENANT; the only one unless given", 0,
		"tenant"},
	{"alias", 'a', "NAME", "a further name, \"*.NAME\" allowed; may be given again", 0, NULL},
	{0},
};

static const struct cli_input_kind add_kind = {
	"domain", &hp_site_table, CLI_IN_TENANT | CLI_IN_ALIASES, true, false,
};
static const struct cli_input_kind set_kind = {"domain", &hp_site_table, 0, false, false};
static const struct cli_input_kind name_kind = {"domain", NULL, 0, false, false};

static int do_add(struct cli *c, struct hp_pool *pool, const struct cli_input *in,
	struct hp_site_change *ret, struct hp_err *err)
{
	struct hp_strv aliases = {0};
	const char *tenant = in->tenant ? in->tenant : cli_opt(c, "tenant");
	size_t i;

	for (i = 0; i < in->aliases.n; i++)
		hp_strv_add(pool, &aliases, in->aliases.v[i]);
	if (!cli_is_batch(c))
		cli_opt_all(c, "alias", &aliases);
	return hp_site_add(
		c->panel, pool, in->name, tenant, in->assign, in->n_assign, &aliases, ret, err);
}

/* Only the node knows which server it is. */
static int know_server(struct cli *c, struct hp_err *err)
{
	struct hp_node_opts o;

	if (cli_node_opts(c, &o, err) < 0)
		return err->code;
	return hp_node_front(c->pool, &o, &c->panel->server_default, err);
}

static int site_add(struct cli *c, struct hp_err *err)
{
	static const struct cli_change_verb v = {"add", &add_kind, do_add, NULL, NULL};

	if (cli_is_batch(c) && cli_opt(c, "alias"))
		return hp_err_set(err, HP_E_USAGE,
			"--alias: it can't be the same for many websites; give "
			"\"aliases\" in the JSON lines");
	if (cli_panel(c, err) < 0 || know_server(c, err) < 0)
		return err->code;
	return cli_change_sites(c, &v, err);
}

static int do_set(struct cli *c, struct hp_pool *pool, const struct cli_input *in,
	struct hp_site_change *ret, struct hp_err *err)
{
	if (!in->n_assign)
		return hp_err_set(err, HP_E_USAGE, "%s: no KEY=VALUE was given", in->name);
	return hp_site_set(c->panel, pool, in->name, in->assign, in->n_assign, ret, err);
}

static int site_set(struct cli *c, struct hp_err *err)
{
	static const struct cli_change_verb v = {"set", &set_kind, do_set, NULL, NULL};

	return cli_change_sites(c, &v, err);
}

static int do_suspend(struct cli *c, struct hp_pool *pool, const struct cli_input *in,
	struct hp_site_change *ret, struct hp_err *err)
{
	return hp_site_status(c->panel, pool, in->name, "suspended", ret, err);
}

static int site_suspend(struct cli *c, struct hp_err *err)
{
	static const struct cli_change_verb v = {"suspend", &name_kind, do_suspend, NULL, NULL};

	return cli_change_sites(c, &v, err);
}

/* A website can be active and yet answer 503, because its tenant is suspended. */
static int do_resume(struct cli *c, struct hp_pool *pool, const struct cli_input *in,
	struct hp_site_change *ret, struct hp_err *err)
{
	const char *tenant;
	bool suspended;

	if (hp_site_status(c->panel, pool, in->name, "active", ret, err) < 0)
		return err->code;
	if (cli_is_batch(c))
		return 0;
	if (hp_site_tenant(c->panel, c->pool, &ret->after, &tenant, &suspended, err) < 0)
		return err->code;
	if (suspended)
		ret->note = hp_pprintf(c->pool, "its tenant is suspended: it answers 503 until "
			"hp-tenant resume %s", tenant);
	return 0;
}

static int site_resume(struct cli *c, struct hp_err *err)
{
	static const struct cli_change_verb v = {"resume", &name_kind, do_resume, NULL, NULL};

	return cli_change_sites(c, &v, err);
}

/* ---- alias DOMAIN add|remove NAME… ---- */
static const struct cli_input_kind alias_kind = {"domain", NULL, CLI_IN_NAMES, false, true};

static int do_alias(struct cli *c, struct hp_pool *pool, const struct cli_input *in,
	struct hp_site_change *ret, struct hp_err *err)
{
	struct hp_strv names = {0}, none = {0};
	bool add;
	unsigned i;

	if (cli_is_batch(c))
		return in->names ? hp_site_alias(c->panel, pool, in->name, &in->add, &in->remove,
					   ret, err)
				 : hp_err_field(err, HP_E_USAGE, "add",
					   "names to \"add\" or to \"remove\" are wanted");
	add = hp_streq(c->args[1], "add");
	for (i = 2; i < c->n_args; i++)
		hp_strv_add_ref(pool, &names, c->args[i]);
	return hp_site_alias(
		c->panel, pool, in->name, add ? &names : &none, add ? &none : &names, ret, err);
}

static int site_alias(struct cli *c, struct hp_err *err)
{
	static const struct cli_change_verb v = {"alias", &alias_kind, do_alias, NULL, NULL};

	if (cli_is_batch(c) ? c->n_args > 1 : c->n_args < 3) {
		hp_err_set(err, HP_E_USAGE, cli_is_batch(c)
				? "alias: JSON lines name each website's own"
				: "alias: an operand is missing");
		return hp_err_hint(err, "usage: %s %s %s", c->prog->name, c->verb->name,
			c->verb->operands);
	}
	if (!cli_is_batch(c) && !hp_streq(c->args[1], "add") && !hp_streq(c->args[1], "remove"))
		return hp_err_set(err, HP_E_USAGE,
			"“%s”: add or remove is wanted behind the domain, as in: hp-site alias "
			"example.com add www.example.com",
			hp_str_printable(c->pool, c->args[1], 60));
	return cli_change_sites(c, &v, err);
}

/* ---- remove ---- */
static const struct hp_opt remove_opts[] = {
	{"keep-files", 0, NULL, "keep the document root with what is in it (the default)", 0, NULL},
	{"purge", 0, NULL, "delete the document root, the logs and all other files of it, too", 0,
		NULL},
	{0},
};

static int do_remove(struct cli *c, struct hp_pool *pool, const struct cli_input *in,
	struct hp_site_change *ret, struct hp_err *err)
{
	return hp_site_remove(c->panel, pool, in->name, ret, err);
}

static int after_remove(struct cli *c, struct cli_change *ch, struct hp_err *err)
{
	/* root's run has taken them from everybody: whether there are any is his to see */
	if (cli_goes_through_door(c)) {
		ch->message = hp_pprintf(c->pool, "what there is in %s is kept",
			hp_folders_docroot(c->pool, ch->domain));
		return 0;
	}
	if (cli_opt(c, "purge")) {
		if (hp_folders_remove(c->sysroot, ch->domain, HP_FOLDERS_ALL, err) < 0)
			hp_err_prefix(err, "%s: the website is removed, but not all of its files",
				ch->domain);
		return err->code;
	}
	if (hp_folders_has_files(c->sysroot, ch->domain, err) > 0)
		ch->message = hp_pprintf(c->pool, "its files are kept in %s",
			hp_folders_docroot(c->pool, ch->domain));
	else if (!err->code)
		hp_folders_remove(c->sysroot, ch->domain, HP_FOLDERS_DOCROOT, err);
	return err->code;
}

static const char *preview_remove(struct cli *c, const char *domain)
{
	const char *docroot = hp_folders_docroot(c->pool, domain);
	struct hp_err ignored = HP_ERR_INIT;

	if (cli_opt(c, "purge"))
		return hp_pprintf(
			c->pool, "%s, its logs and its sessions would be deleted", docroot);
	if (hp_folders_has_files(c->sysroot, domain, &ignored) > 0)
		return hp_pprintf(c->pool, "its files would be kept in %s", docroot);
	return NULL;
}

static int site_remove(struct cli *c, struct hp_err *err)
{
	static const struct cli_change_verb v = {
		"remove", &name_kind, do_remove, after_remove, preview_remove};

	if (cli_opt(c, "purge") && cli_opt(c, "keep-files"))
		return hp_err_set(err, HP_E_USAGE, "--purge and --keep-files exclude each other");
	if (cli_opt(c, "purge") && c->no_apply)
		return hp_err_set(err, HP_E_USAGE,
			"--purge and --no-apply exclude each other: the node would "
			"still serve what is deleted");
	if (cli_opt(c, "purge") && cli_goes_through_door(c))
		return hp_err_set(err, HP_E_DENIED, "--purge: it needs root");
	return cli_change_sites(c, &v, err);
}

/* ---- the table ---- */
#define CHANGES (CLI_MUTATES | CLI_APPLIES | CLI_DIFF | CLI_STDIN | CLI_ROWS)
/* of one that is there */
#define OF_ONE (CHANGES | CLI_IF_EXISTS | CLI_IF_REVISION)

static const struct cli_verb verbs[] = {
	{"list", site_list, "", 0, 0, {NULL}, CLI_ROWS | CLI_LIST, list_opts, NULL, make_cols, NULL,
		"site:list", "list websites", NULL},
	{"show", site_show, "DOMAIN…", 1, UINT32_MAX, {"domain"}, CLI_ROWS | CLI_ONE, NULL, NULL,
		make_cols, NULL, "site:show", "show everything about websites", NULL},
	{"add", site_add, "DOMAIN|- [tenant=TENANT] [KEY=VALUE]…", 1, UINT32_MAX, {"", "assign"},
		CHANGES | CLI_IF_MISSING, add_opts, cli_site_result_cols, NULL, &hp_site_table,
		"site:add", "make a website",
		"The name is taken by the rules of internationalised domain names (UTS 46): it may be "
		"written in any script and is kept as its A-label.\n\n"
		"Its Unix user, its folders, its PHP and its virtual host are made at once where this host "
		"is its node and the command runs as root; when the node refuses, the website is taken "
		"out of the panel again."},
	{"set", site_set, "DOMAIN|- KEY=VALUE…", 1, UINT32_MAX, {"domain", "assign"},
		OF_ONE, NULL, cli_site_result_cols, NULL, &hp_site_table,
		"site:set", "change settings of a website",
		"An empty value unsets a setting that can be unset. All settings of one command are one "
		"change: they are carried out together, or none of them is."},
	{"alias", site_alias, "DOMAIN|- [add|remove] [NAME]…", 1, UINT32_MAX,
		{"domain", "=add|remove", ""}, OF_ONE, NULL,
		cli_site_result_cols, NULL, NULL, "site:alias",
		"add or remove further names of a website",
		"A name \"*.example.com\" stands for every name with one more label. A name belongs to "
		"one website only. A JSON line is as {\"domain\":\"example.com\",\"add\":[\"www.example.com\"],"
		"\"remove\":[]}."},
	{"suspend", site_suspend, "DOMAIN|-", 1, 1, {"domain"}, OF_ONE, NULL,
		cli_site_result_cols, NULL, NULL, "site:suspend",
		"answer 503 on every name of a website; nothing is lost", NULL},
	{"resume", site_resume, "DOMAIN|-", 1, 1, {"domain"}, OF_ONE, NULL,
		cli_site_result_cols, NULL, NULL, "site:resume", "serve a suspended website again",
		NULL},
	{"remove", site_remove, "DOMAIN|-", 1, 1, {"domain"}, OF_ONE | CLI_YES | CLI_DOOR,
		remove_opts, cli_site_result_cols, NULL, NULL, "site:remove", "remove a website",
		"Its document root stays where it is, root's alone, as long as there is a file in it, unless --purge is "
		"given."},
	{"import", cli_verb_import, "[nginx|apache] [FILE|-]", 0, 2, {"=nginx|apache", ""}, 0,
		cli_import_opts, NULL, NULL, NULL, NULL,
		"read websites from a web server's own configuration, as JSON lines for add -",
		"NGINX is asked what it runs with (nginx -T); Apache's files are read. Where none is named it is "
		"NGINX, if that is installed. FILE or standard input gives what nginx -T printed, here or on "
		"another machine, or a configuration file. "
		"Virtual hosts of one name over HTTP and HTTPS become one website. Nothing is changed: "
		"hp-site import | hp-site add - makes them.\n\n"
		"Each directive that no setting says is a line on standard error, with its file and line, and "
		"the exit status is then 1. Documents and certificates are not moved; what to do about them "
		"is said, too, unless --quiet is given."},
	{0},
};

const struct cli_program cli_hp_site = {"hp-site", verbs};
