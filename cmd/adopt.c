/* hp-vhost adopt: a hand-made virtual host becomes a website, in one run or not at all. */
#include "cmd/apply.h"
#include "cmd/import.h"
#include "base/fault.h"
#include "base/paths.h"
#include "base/str.h"
#include "node/adopt.h"

const struct hp_opt cli_adopt_opts[] = {
	{"tenant", 't', "TENANT", "tenant that it is to belong to; the only one unless given", 0,
		"tenant"},
	{"yes", 'y', NULL, "do it; without, only what would be done is said", 0, NULL},
	{"copy", 0, NULL, "copy its documents to where those of a website are", 0, NULL},
	{"http-only", 0, NULL, "even without the certificate that its HTTPS has now", 0, NULL},
	{0},
};

static const struct cli_input_kind kind = {"domain", NULL, 0, true, true};

static bool is_there(struct cli *c, const char *domain)
{
	struct hp_err none = HP_ERR_INIT;
	struct hp_site site;

	return hp_site_get(c->panel, c->pool, domain, &site, &none) == 0;
}

static const struct hp_found *find(
	struct cli *c, const struct hp_import *im, const char *server, struct hp_err *err)
{
	const char *domain;
	size_t i;

	if (hp_domain_check(c->pool, c->args[0], strlen(c->args[0]), false, &domain, err) < 0)
		return NULL;
	for (i = 0; i < im->n; i++) {
		if (hp_streq(im->v[i].domain, domain))
			return &im->v[i];
		if (hp_strv_has(&im->v[i].site.aliases, domain)) {
			hp_err_set(err, HP_E_NOT_FOUND, "%s: it is a further name of %s", domain,
				im->v[i].domain);
			return NULL;
		}
	}
	hp_err_set(err, HP_E_NOT_FOUND, "%s: no hand-made virtual host of %s has this name", domain,
		server);
	if (is_there(c, domain))
		hp_err_hint(err, "it is a website of hosting-panel already: hp-site show %s",
			domain);
	else if (c->n_args > 1)
		hp_err_hint(err, "hp-site import %s lists those that there are", server);
	else
		hp_err_hint(err,
			"hp-site import %s lists those that there are; one of another server: "
			"hp-vhost adopt %s %s",
			server, domain, hp_streq(server, "nginx") ? "apache" : "nginx");
	return NULL;
}

/* What becomes of each directive, and of each file. */
static void tell(struct cli *c, const struct hp_import *im, const struct hp_adopt *a)
{
	const struct hp_found *f = a->found;
	size_t i;

	for (i = 0; i < im->n_notes; i++) {
		const struct hp_note *n = &im->notes[i];

		if (n->hint ||
			(!hp_streq(n->domain, f->domain) &&
				(n->domain || !hp_strv_has(&f->files, n->file))))
			continue;
		if (n->kept)
			cli_say(c, "%s:%u: %s: goes into " HP_CUSTOM_DIR "/%s/%s/adopted.conf",
				n->file, n->line, n->what, f->domain, f->server);
		else
			cli_import_say(c, n);
	}
	for (i = 0; i < a->kept.n; i++)
		cli_say(c, "%s", a->kept.v[i]);
	if (a->copy_from)
		cli_say(c, "%s: it is copied; what is there stays", a->copy_from);
}

static void assign(struct hp_pool *pool, struct cli *c, const struct hp_found *f,
	struct hp_assign **ret, size_t *ret_n)
{
	struct hp_assign *v = hp_palloc(pool, (HP_SITE_FIELDS + 2) * sizeof(*v));
	bool cert = f->tls && hp_adopt_has_cert(pool, c->sysroot, f->domain);
	unsigned i;
	size_t n = 0;

	for (i = 0; i < HP_SITE_FIELDS; i++)
		if (i != HP_SITE_DOMAIN && f->site.v[i])
			v[n++] = (struct hp_assign){.field = i, .value = f->site.v[i]};
	if (cert)
		v[n++] = (struct hp_assign){.field = HP_SITE_SSL_ENABLED, .value = "true"};
	if (cert && f->hsts)
		v[n++] = (struct hp_assign){.field = HP_SITE_HSTS_MAX_AGE, .value = f->hsts};
	*ret = v;
	*ret_n = n;
}

static void undo(struct cli *c, struct hp_adopt *a)
{
	hp_adopt_undo(c->pool, c->sysroot, a->found->domain, &a->made);
	hp_adopt_done(c->pool, c->sysroot, a->found->domain);
}

static int do_adopt(struct cli *c, struct hp_pool *pool, const struct cli_input *in HP_UNUSED,
	struct hp_site_change *ret, struct hp_err *err)
{
	struct hp_adopt *a = c->adopt;
	struct hp_err again = HP_ERR_INIT;
	struct hp_assign *v;
	size_t n;

	assign(pool, c, a->found, &v, &n);
	if (!c->dry_run && hp_adopt_begin(c->pool, a, err) < 0)
		return err->code;
	if (hp_site_add(c->panel, pool, a->found->domain, cli_opt(c, "tenant"), v, n,
		    &a->found->site.aliases, ret, err) < 0 ||
		c->dry_run)
		return err->code;
	hp_fault("adopt-row");
	if (hp_adopt_prepare(c->pool, a, hp_site_i64(&ret->after, HP_SITE_UID), err) == 0)
		return 0;
	hp_adopt_undo(c->pool, c->sysroot, a->found->domain, &a->made);
	if (hp_site_revert(c->panel, ret, err->msg, &again) < 0)
		cli_print_err(c, &again);
	return err->code;
}

/* ---- what a killed run has left ---- */
/*
 * Is a website that was recorded, and never applied here, the one of the run that has left the
 * note? Killed before it could write down the uid, it had recorded what the vhost says.
 */
static bool is_left(struct cli *c, const struct hp_found *f, const struct hp_adopt_made *left,
	const struct hp_site *row)
{
	struct hp_assign *v;
	size_t n, i;

	if (left->uid)
		return hp_site_i64(row, HP_SITE_UID) == left->uid;
	assign(c->pool, c, f, &v, &n);
	for (i = 0; i < n; i++)
		if (!hp_streq(row->v[v[i].field], v[i].value))
			return false;
	if (row->aliases.n != f->site.aliases.n)
		return false;
	for (i = 0; i < row->aliases.n; i++)
		if (!hp_strv_has(&f->site.aliases, row->aliases.v[i]))
			return false;
	return true;
}

static bool is_applied(struct cli *c, const char *domain)
{
	struct hp_err none = HP_ERR_INIT;
	struct hp_site_info *info;
	struct hp_node_opts o;

	return cli_node_opts(c, &o, &none) == 0 &&
		hp_node_site_info(c->pool, &o, domain, &info, &none) == 0;
}

/* The hand-made vhost is in its place: record and copies go, and all begins anew. */
static int undo_left(
	struct cli *c, const struct hp_found *f, struct hp_adopt_made *left, struct hp_err *err)
{
	struct hp_site_change change = {.changed = true};

	if (is_applied(c, f->domain)) {
		hp_adopt_done(c->pool, c->sysroot, f->domain);
		return 0;
	}
	if (hp_site_get(c->panel, c->pool, f->domain, &change.after, err) < 0 &&
		err->code != HP_E_NOT_FOUND)
		return err->code;
	hp_err_clear(err);
	/* without its record nothing says whose the files are by now: they stay */
	if (change.after.v[HP_SITE_ID] && is_left(c, f, left, &change.after)) {
		cli_say(c, "%s: a run that was cut short is undone first", f->domain);
		hp_adopt_undo(c->pool, c->sysroot, f->domain, left);
		hp_fault("adopt-undone");
		if (hp_site_revert(
			    c->panel, &change, "a run of hp-vhost adopt was cut short", err) < 0)
			return err->code;
	}
	hp_adopt_done(c->pool, c->sysroot, f->domain);
	return 0;
}

/*
 * The run that was killed had got so far that its website stands: what was left to do is done by
 * recovering, and the panel hears of it by an apply.
 */
static int do_finish(struct cli *c, struct hp_pool *pool, const struct cli_input *in,
	struct hp_site_change *ret, struct hp_err *err)
{
	if (hp_site_get(c->panel, pool, in->name, &ret->after, err) < 0)
		return err->code;
	ret->before = ret->after;
	ret->node = ret->after.v[HP_SITE_NODE];
	ret->note = "a run that was cut short is finished";
	return 0;
}

static int finish(struct cli *c, const char *domain, struct hp_err *err)
{
	static const struct cli_change_verb v = {"adopt", &kind, do_finish, NULL, NULL};

	if (cli_change_sites(c, &v, err) == 0)
		hp_adopt_done(c->pool, c->sysroot, domain);
	return err->code;
}

static int recover(struct cli *c, struct hp_err *err)
{
	struct hp_node_opts o;

	return cli_node_opts(c, &o, err) < 0 ? err->code : hp_node_recover(&o, err);
}

static int adopt(struct cli *c, const struct hp_import *im, struct hp_adopt *a, struct hp_err *err)
{
	static const struct cli_change_verb v = {"adopt", &kind, do_adopt, NULL, NULL};
	const char *domain = a->found->domain;

	if (hp_adopt_look(c->pool, a, cli_opt(c, "copy"), cli_opt(c, "http-only"), err) < 0)
		return err->code;
	tell(c, im, a);
	c->adopt = a;
	c->takeover = &a->takeover;
	cli_change_sites(c, &v, err);
	/* a record that could not be taken back keeps the note: the next run does it */
	if (!c->dry_run && !is_there(c, domain))
		undo(c, a);
	else if (!c->dry_run && (!err->code || !a->made.uid))
		hp_adopt_done(c->pool, c->sysroot, domain);
	c->adopt = NULL;
	c->takeover = NULL;
	return err->code;
}

/* Everything as it is before the first step: which run was cut short, and what the server has. */
static int begin(struct cli *c, struct hp_import_opts *o, struct hp_import *ret_im,
	struct hp_adopt_made *ret_left, int *ret_is_left, struct hp_err *err)
{
	const char *here, *why, *domain;

	if (cli_panel(c, err) < 0 || cli_this_node(c, &here, err) < 0 ||
		hp_domain_check(c->pool, c->args[0], strlen(c->args[0]), false, &domain, err) < 0)
		return err->code;
	if (!cli_can_apply(c, here, &why))
		return hp_err_set(err, HP_E_USAGE,
			"a virtual host is taken over where it is "
			"served: %s",
			why);
	*ret_is_left = hp_adopt_left(c->pool, c->sysroot, domain, ret_left, err);
	/* its hand-made vhost may not even be in its place */
	if (*ret_is_left < 0 || (*ret_is_left && !c->dry_run && recover(c, err) < 0))
		return err->code;
	return hp_import(c->pool, o, ret_im, err);
}

int cli_verb_adopt(struct cli *c, struct hp_err *err)
{
	struct hp_import_opts o = {.sysroot = c->sysroot};
	struct hp_adopt a = {.sysroot = c->sysroot};
	bool asked = !cli_opt(c, "yes") && !c->dry_run;
	struct hp_adopt_made left = {0};
	struct hp_import im;
	int is_left = 0;

	o.server = c->n_args > 1 ? c->args[1] : cli_import_server(c);
	/* how the panel is opened hangs on it */
	c->dry_run |= asked;
	if (begin(c, &o, &im, &left, &is_left, err) < 0)
		return err->code;
	a.conf = c->conf;
	a.found = find(c, &im, o.server, err);
	if (is_left && c->dry_run) {
		hp_err_set(err, HP_E_PENDING, "%s: a run of hp-vhost adopt was cut short",
			left.domain);
		return hp_err_hint(err, "--yes undoes or finishes what it has left");
	}
	if (is_left && !a.found && is_applied(c, left.domain)) {
		hp_err_clear(err);
		return finish(c, left.domain, err);
	}
	if (!a.found || (is_left && undo_left(c, a.found, &left, err) < 0) ||
		adopt(c, &im, &a, err) < 0 || !asked)
		return err->code;
	hp_err_set(err, HP_E_PENDING, "%s: nothing is changed yet", a.found->domain);
	return hp_err_hint(err, "--yes does it");
}
