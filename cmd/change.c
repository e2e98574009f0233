/*
 * A verb that changes websites, for one or for many of them: each recorded by itself, then one
 * apply for all, then what the node refused taken back.
 */
#include "cmd/apply.h"
#include "base/file.h"
#include "base/str.h"
#include "node/php.h"

struct changing {
	struct cli *c;
	const struct cli_change_verb *v;
	struct cli_change *list; /* those that wait for the node */
	size_t n, cap;
	int state_fd; /* with --diff: what the node's state would be; -1 otherwise */
};

static int say_result(struct cli *c, const struct cli_change_verb *v, const struct cli_change *ch,
	const char *result, struct hp_err *err)
{
	struct cli_result row = {.object = ch->domain,
		.action = v->action,
		.changed = ch->change.changed && !ch->code,
		.result = result,
		.node = ch->change.node,
		.generation = ch->change.generation,
		.code = ch->code,
		.message = ch->message,
		.hint = ch->hint,
		.field = ch->field,
		.diff = ch->diff};

	return cli_result(c, &row, err);
}

/* ---- --diff ---- */
/* Asked while the change stands, before it is taken back. */
static int keep_state(void *arg, struct hp_err *err)
{
	struct changing *s = arg;
	struct cli *c = s->c;
	const char *node;
	int64_t generation;

	hp_cleanup_close(&s->state_fd);
	s->state_fd = -1;
	return cli_this_node(c, &node, err) < 0 ||
			       cli_state_fd(c, node, &s->state_fd, &generation, err) < 0
		       ? err->code
		       : 0;
}

/* For people it stands where hp-vhost plan has it: on standard output, and no row with it. */
static int show_diff(struct cli *c, struct changing *s, struct cli_change *ch, struct hp_err *err)
{
	const char *here;

	if (cli_this_node(c, &here, err) < 0)
		return err->code;
	if (!hp_streq(here, ch->change.node)) {
		ch->message = hp_pprintf(c->pool,
			"node %s alone can tell what would change there", ch->change.node);
		return 0;
	}
	if (cli_plan_site(c, s->state_fd, ch->domain, &ch->diff, err) < 0)
		return err->code;
	if (c->out_opts.mode != HP_OUT_TABLE || c->quiet)
		return 0;
	fflush(stdout);
	return hp_fd_write(
		STDOUT_FILENO, "standard output", ch->diff, strlen(ch->diff), err);
}

static void on_fail(struct cli *c, const char *name, const struct hp_err *why, void *arg)
{
	const struct changing *s = arg;
	struct hp_err err = HP_ERR_INIT;
	struct cli_change ch = {.domain = hp_str_printable(c->pool, name, 253),
		.code = why->code,
		.message = why->msg,
		.hint = why->hint,
		.field = why->field};

	if (say_result(c, s->v, &ch, "failed", &err) < 0)
		cli_print_err(c, &err);
}

/* Does the node lag behind, because an earlier command only recorded, or was killed? */
static int see_node(void *arg, const struct hp_node_row *row, struct hp_err *err HP_UNUSED)
{
	const struct hp_node_row *want = arg;

	if (hp_streq(row->name, want->name))
		*(struct hp_node_row *)arg = (struct hp_node_row){.name = want->name,
			.generation = row->generation,
			.applied_generation = row->applied_generation};
	return 0;
}

static bool node_lags(struct cli *c, const char *node)
{
	struct hp_node_row row = {.name = node};
	struct hp_err err = HP_ERR_INIT;
	const struct hp_actor who = hp_panel_begin_own(c->panel);
	int r = hp_node_each(c->panel, see_node, &row, &err);

	hp_panel_end_own(c->panel, &who);
	return r == 0 && row.applied_generation != row.generation;
}

/* The same text as one there is already, or a copy. */
static const char *keep(struct hp_pool *pool, const char *v, const char *a, const char *b)
{
	if (hp_streq(v, a))
		return a;
	if (hp_streq(v, b))
		return b;
	return hp_pstrdup(pool, v);
}

static void keep_site(struct hp_pool *pool, const struct hp_site *from, const struct hp_site *a,
	const struct hp_site *b, struct hp_site *ret)
{
	struct hp_strv aliases = {0};
	size_t i;

	for (i = 0; i < HP_SITE_FIELDS; i++)
		ret->v[i] = keep(pool, from->v[i], a->v[i], b->v[i]);
	for (i = 0; i < from->aliases.n; i++)
		hp_strv_add(pool, &aliases, from->aliases.v[i]);
	ret->aliases = aliases;
}

/*
 * Changes outlive their input: the node is asked once for all of them. Most values of a site are
 * those of the one before it.
 */
static void keep_change(struct cli *c, struct changing *s, const struct cli_change *ch)
{
	static const struct cli_change none;
	const struct cli_change *last = s->n ? &s->list[s->n - 1] : &none;
	struct cli_change *to;

	if (s->n == s->cap) {
		struct cli_change *list;

		s->cap = s->cap ? s->cap * 2 : 16;
		list = hp_palloc(c->pool, s->cap * sizeof(*list));
		if (s->n)
			memcpy(list, s->list, s->n * sizeof(*list));
		s->list = list;
		last = s->n ? &s->list[s->n - 1] : &none;
	}
	to = &s->list[s->n++];
	*to = *ch;
	keep_site(c->pool, &ch->change.after, &last->change.after, &last->change.before,
		&to->change.after);
	keep_site(c->pool, &ch->change.before, &to->change.after, &last->change.before,
		&to->change.before);
	to->change.node = keep(c->pool, ch->change.node, last->change.node, NULL);
	to->domain = to->change.after.v[HP_SITE_DOMAIN];
	if (!to->domain)
		to->domain = to->change.before.v[HP_SITE_DOMAIN];
}

/*
 * Is what went wrong no more than what --if-exists or --if-missing let pass? HP_E_EXISTS alone does
 * not say so: a limit or another website's alias is in the way with the same status.
 */
static bool let_pass(struct cli *c, struct hp_pool *pool, const struct changing *s,
	const struct cli_input *in, const struct hp_err *err)
{
	struct hp_err none = HP_ERR_INIT;
	struct hp_site site;

	if (err->code == HP_E_NOT_FOUND)
		return c->if_exists;
	return err->code == HP_E_EXISTS && c->if_missing && hp_streq(s->v->action, "add") &&
		hp_site_get(c->panel, pool, in->name, &site, &none) == 0;
}

static int on_input(struct cli *c, struct hp_pool *pool, const struct cli_input *in, void *arg,
	struct hp_err *err)
{
	struct changing *s = arg;
	struct cli_change ch = {0};
	const char *why;

	if (s->v->fn(c, pool, in, &ch.change, err) < 0) {
		if (let_pass(c, pool, s, in, err)) {
			ch.domain = in->name;
			ch.message = hp_pstrdup(pool, err->msg);
			hp_err_clear(err);
			return say_result(c, s->v, &ch, "unchanged", err);
		}
		return err->code;
	}
	ch.domain = ch.change.after.v[HP_SITE_DOMAIN];
	if (!ch.domain)
		ch.domain = ch.change.before.v[HP_SITE_DOMAIN];
	ch.message = ch.change.note;
	if (c->dry_run) {
		if (s->v->preview)
			ch.message = s->v->preview(c, ch.domain);
		ch.change.generation = 0;
		if (c->diff && show_diff(c, s, &ch, err) < 0)
			return err->code;
		if (ch.diff && c->out_opts.mode == HP_OUT_TABLE)
			return 0;
		return say_result(c, s->v, &ch, ch.change.changed ? "dry-run" : "unchanged", err);
	}
	if (!cli_can_apply(c, ch.change.node, &why)) {
		ch.message = ch.change.changed ? why : ch.change.note;
		return say_result(c, s->v, &ch, ch.change.changed ? "recorded" : "unchanged", err);
	}
	if (!ch.change.changed && !c->force && !node_lags(c, ch.change.node))
		return say_result(c, s->v, &ch, "unchanged", err);
	keep_change(c, s, &ch);
	return 0;
}

/* In the order of their making where one domain comes twice. */
static int cmp_made(const void *a, const void *b)
{
	const struct cli_change *x = a, *y = b;
	int d = strcmp(x->domain, y->domain);

	if (d)
		return d;
	return (x->change.generation > y->change.generation) -
	       (x->change.generation < y->change.generation);
}

/* One domain may come twice in a batch: the earlier change is then part of the later one. */
static void merge_same(struct changing *s)
{
	size_t i, n = 0;

	for (i = 0; i < s->n; i++) {
		struct cli_change *last = n ? &s->list[n - 1] : NULL;

		if (last && hp_streq(last->domain, s->list[i].domain)) {
			struct hp_site before = last->change.before;
			bool changed = last->change.changed;

			last->change = s->list[i].change;
			last->change.before = before;
			last->change.changed = last->change.changed || changed;
			continue;
		}
		s->list[n++] = s->list[i];
	}
	s->n = n;
}

/* What the node could not carry out becomes as it was in the database, too. */
static bool take_back(struct cli *c, struct changing *s)
{
	struct hp_err err = HP_ERR_INIT;
	const struct hp_actor who = hp_panel_begin_own(c->panel);
	bool any = false;
	size_t i;

	for (i = 0; i < s->n; i++) {
		struct cli_change *ch = &s->list[i];

		if (!ch->code || !ch->change.changed)
			continue;
		hp_err_clear(&err);
		if (hp_site_revert(c->panel, &ch->change, ch->message ? ch->message : "refused",
			    &err) < 0) {
			hp_err_prefix(&err, "%s: the record could not be taken back", ch->domain);
			cli_print_err(c, &err);
			continue;
		}
		any = true;
		if (!ch->hint || !*ch->hint)
			ch->hint = "nothing was changed: the site is as it was before, on this node "
				   "and in the panel";
	}
	hp_panel_end_own(c->panel, &who);
	return any;
}

static int apply_list(struct cli *c, struct changing *s, struct hp_err *err)
{
	struct cli_run r = {.c = c, .changes = s->list, .n = s->n};
	struct hp_err again = HP_ERR_INIT;
	const char *node = s->list[0].change.node;
	int rc = cli_run_newest(&r, node, err);

	if (!cli_run_blame(&r, rc, err) && rc < 0 && !r.others && !r.undone)
		cli_warn(c, "%s", err->msg);
	hp_err_clear(err);
	if (take_back(c, s)) {
		struct cli_run quiet = {.c = c};

		/*
		 * So that the document kept by the node is the panel's again. Nothing is left for
		 * it to change; where it can't even be tested now, the next apply catches up.
		 */
		cli_run_newest(&quiet, node, &again);
	}
	return 0;
}

/* One row each; a single failure is the command's error, many are a row and a line each. */
static int tell(struct cli *c, struct changing *s, struct hp_err *err)
{
	struct hp_err one = HP_ERR_INIT, first = HP_ERR_INIT, lost = HP_ERR_INIT;
	size_t i, failed = 0;

	for (i = 0; i < s->n; i++) {
		struct cli_change *ch = &s->list[i];

		if (!ch->code && s->v->after && s->v->after(c, ch, &one) < 0) {
			ch->code = one.code;
			ch->message = hp_pstrdup(c->pool, one.msg);
			ch->hint = hp_pstrdup(c->pool, one.hint);
			hp_err_clear(&one);
		}
		if (ch->code) {
			hp_err_set(&one, ch->code, "%s", ch->message ? ch->message : "refused");
			if (!hp_str_starts(one.msg, ch->domain))
				hp_err_prefix(&one, "%s", ch->domain);
			if (ch->hint)
				hp_err_hint(&one, "%s", ch->hint);
			if (!failed++)
				first = one;
			if (cli_is_batch(c))
				cli_print_err(c, &one);
			else if (c->out_opts.mode == HP_OUT_TABLE)
				break;
		}
		/* nobody to tell it to: the others are brought to their end all the same */
		if (!lost.code &&
			say_result(c, s->v, ch,
				ch->code ? "failed" : ch->change.changed ? "applied" : "unchanged",
				&lost) < 0)
			hp_err_hint(&lost, CLI_LOST_HINT);
	}
	if (!failed && lost.code)
		*err = lost;
	if (!failed)
		return err->code;
	*err = first;
	if (cli_is_batch(c)) {
		cli_warn(c, "%zu of %zu failed on the node", failed, s->n);
		return hp_err_set(err, first.code, "%s", "");
	}
	return err->code;
}

/* ---- PHP versions: only the node knows which there are ---- */
static int php_ok(void *arg, const char *version, struct hp_err *err)
{
	const struct hp_php_list *l = arg;
	const struct hp_php *php;

	if (hp_php_need(l, version, &php, err) == 0)
		return 0;
	err->code = HP_E_USAGE;
	hp_err_about(err, "php_version");
	return hp_err_prefix(err, "php_version");
}

static int know_php(struct cli *c, struct hp_err *err)
{
	struct hp_php_list *l = hp_palloc(c->pool, sizeof(*l));
	const char *role = hp_conf_get(c->conf, "roles", "enable_php_manager");
	bool here = true;
	size_t i;

	if ((role && hp_parse_bool(role, &here) == 0 && !here))
		return 0;
	if (hp_php_detect(c->pool, c->sysroot, c->conf, l, err) < 0)
		return err->code;
	c->panel->php_ok = php_ok;
	c->panel->php_ok_arg = l;
	for (i = 0; i < l->n; i++)
		if (l->v[i].is_default)
			c->panel->php_default = l->v[i].version;
	return 0;
}

int cli_change_sites(struct cli *c, const struct cli_change_verb *v, struct hp_err *err)
{
	struct changing s = {.c = c, .v = v, .state_fd = -1};
	struct hp_err later = HP_ERR_INIT;
	int rc;

	if (cli_panel(c, err) < 0 || know_php(c, err) < 0)
		return err->code;
	if (c->diff) {
		c->panel->rehearsed = keep_state;
		c->panel->rehearsed_arg = &s;
	}
	rc = cli_inputs(c, v->kind, on_input, on_fail, &s, err);
	hp_cleanup_close(&s.state_fd);
	if (!s.n)
		return rc;
	qsort(s.list, s.n, sizeof(*s.list), cmp_made);
	merge_same(&s);
	if (apply_list(c, &s, &later) < 0 || tell(c, &s, &later) < 0) {
		if (rc == 0)
			*err = later;
		return err->code;
	}
	return rc;
}
