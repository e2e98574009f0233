#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>

#include "cmd/apply.h"
#include "base/file.h"
#include "base/str.h"
#include "node/php.h"
#include "sys/json.h"

int cli_this_node(struct cli *c, const char **ret, struct hp_err *err)
{
	if (cli_conf(c, err) < 0)
		return err->code;
	return hp_panel_node_name(c->pool, c->conf, ret, err);
}

int cli_node_opts(struct cli *c, struct hp_node_opts *ret, struct hp_err *err)
{
	if (cli_conf(c, err) < 0)
		return err->code;
	memset(ret, 0, sizeof(*ret));
	ret->sysroot = c->sysroot;
	ret->conf = c->conf;
	ret->state_fd = -1;
	ret->diff_fd = -1;
	ret->force = c->force;
	ret->wait_ms = c->wait_ms;
	return 0;
}

/* The first line of a document says its generation. */
static int read_generation(int fd, int64_t *ret, struct hp_err *err)
{
	struct hp_json *doc _cleanup_json_ = NULL;
	const struct hp_json *g;
	char head[4096];
	ssize_t n = pread(fd, head, sizeof(head), 0);
	const char *nl = n > 0 ? memchr(head, '\n', (size_t)n) : NULL;

	if (!nl)
		return hp_err_set(err, HP_E_BUG, "the state document has no first line");
	if (hp_json_parse(head, (size_t)(nl - head), &doc, err) < 0)
		return err->code;
	g = hp_json_get(doc, "generation");
	if (!g || hp_json_i64(g, ret) < 0)
		return hp_err_set(err, HP_E_BUG, "the state document has no generation");
	return 0;
}

int cli_state_fd(struct cli *c, const char *node, int *ret_fd, int64_t *ret_generation,
	struct hp_err *err)
{
	int fd _cleanup_close_ = memfd_create("state", MFD_CLOEXEC);

	if (fd < 0)
		return hp_err_errno(err, HP_E_OS, errno, "no memory file can be made");
	if (cli_panel(c, err) < 0 || hp_node_state(c->panel, node, fd, err) < 0)
		return err->code;
	if (read_generation(fd, ret_generation, err) < 0)
		return err->code;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "the state document can't be read again");
	*ret_fd = TAKE_FD(&fd);
	return 0;
}

bool cli_can_apply(struct cli *c, const char *node, const char **ret_why)
{
	struct hp_err err = HP_ERR_INIT;
	const char *here = NULL, *role;
	bool web = true;

	*ret_why = NULL;
	if (c->no_apply)
		*ret_why = "recorded only: --no-apply";
	else if (cli_this_node(c, &here, &err) < 0)
		*ret_why = hp_pstrdup(c->pool, err.msg);
	else if (!hp_streq(here, node))
		*ret_why = hp_pprintf(c->pool, "recorded; it takes effect when node %s applies it "
			"(hp-node state %s | ssh %s hp-vhost apply -)", node, node, node);
	else if (geteuid() != 0 && !*c->sysroot)
		*ret_why = "recorded; it takes effect when root runs: hp-vhost apply";
	if (*ret_why)
		return false;
	role = hp_conf_get(c->conf, "roles", "enable_web_manager");
	if (role && hp_parse_bool(role, &web) == 0 && !web)
		*ret_why = "recorded only: enable_web_manager is false on this host";
	return !*ret_why;
}

/* ---- one run of the engine, and what it says ---- */
struct run {
	struct cli *c;
	struct cli_change *changes; /* sorted by domain; NULL where none is followed */
	size_t n;
	hp_report_fn *report;       /* where the events go besides, or NULL */
	void *arg;
	bool undone;                /* nothing of this run stands */
	bool ended;                 /* it got as far as telling about each site */
	int64_t generation;         /* that the node has at the end */
	char result[32];
	int others;                 /* sites failing that are not ours */
};

static int cmp_change(const void *a, const void *b)
{
	return strcmp(((const struct cli_change *)a)->domain, ((const struct cli_change *)b)->domain);
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

static int64_t member_i64(const struct hp_json *ev, const char *key, int64_t deflt)
{
	const struct hp_json *v = hp_json_get(ev, key);
	int64_t n;

	return v && hp_json_i64(v, &n) == 0 ? n : deflt;
}

static const char *member_str(const struct hp_json *ev, const char *key)
{
	const struct hp_json *v = hp_json_get(ev, key);

	return v ? hp_json_str(v) : NULL;
}

static void on_site_event(struct run *r, const struct hp_json *ev)
{
	struct cli_change key = {.domain = member_str(ev, "domain")}, *ch = NULL;
	const char *result = member_str(ev, "result"), *message = member_str(ev, "message");
	int status = (int)member_i64(ev, "exit", 0);

	if (!key.domain || !result)
		return;
	if (!status && (hp_streq(result, "refused") || hp_streq(result, "drift") ||
			       hp_streq(result, "undone")))
		status = hp_streq(result, "drift") ? -HP_E_EXISTS : -HP_E_REFUSED;
	if (r->n)
		ch = bsearch(&key, r->changes, r->n, sizeof(*ch), cmp_change);
	if (ch) {
		ch->code = -status;
		ch->message = hp_pstrdup(r->c->pool, message);
		ch->hint = hp_pstrdup(r->c->pool, member_str(ev, "hint"));
	} else if (status && !hp_streq(result, "undone") && r->changes) {
		if (r->others++ < 5)
			cli_warn(r->c, "%s: left as it was: %s", key.domain,
				message ? message : result);
	}
}

static void on_report(void *arg, const char *line, size_t len)
{
	struct run *r = arg;
	struct hp_json *ev _cleanup_json_ = NULL;
	struct hp_err err = HP_ERR_INIT;
	const char *event, *result;

	if (r->report)
		r->report(r->arg, line, len);
	if (hp_json_parse(line, len, &ev, &err) < 0)
		return;
	event = member_str(ev, "event");
	if (hp_streq(event, "site")) {
		on_site_event(r, ev);
	} else if (hp_streq(event, "end")) {
		r->ended = true;
		r->generation = member_i64(ev, "generation", 0);
		result = member_str(ev, "result");
		r->undone = hp_streq(result, "undone");
		snprintf(r->result, sizeof(r->result), "%s", result ? result : "");
	}
}

static int run_once(struct run *r, const char *node, int64_t *ret_generation, struct hp_err *err)
{
	struct hp_err late = HP_ERR_INIT;
	struct hp_node_opts o;
	int fd _cleanup_close_ = -1;
	int rc;

	r->ended = r->undone = false;
	r->result[0] = 0;
	r->others = 0;
	if (cli_state_fd(r->c, node, &fd, ret_generation, err) < 0 ||
		cli_node_opts(r->c, &o, err) < 0)
		return err->code;
	o.state_fd = fd;
	o.state_name = "the panel's state document";
	o.report = on_report;
	o.report_arg = r;
	rc = hp_node_apply(&o, err);
	/* what the panel remembers of it is news, not part of the change: a failure is only said */
	if (r->ended && hp_node_applied(r->c->panel, node, r->generation, r->result, &late) < 0)
		cli_warn(r->c, "the node's report could not be recorded: %s", late.msg);
	return rc;
}

/*
 * When another command has applied a newer document meanwhile, the node does nothing with ours; ours
 * is in theirs, but what became of it was told to them. The newest document once more tells it to us.
 */
static int run_newest(struct run *r, const char *node, struct hp_err *err)
{
	int64_t generation = 0;
	int rc, tries = 0;

	do {
		hp_err_clear(err);
		rc = run_once(r, node, &generation, err);
	} while (rc == 0 && r->generation > generation && ++tries < 5);
	return rc;
}

int cli_apply_node(struct cli *c, hp_report_fn *report, void *arg, bool *ret_undone,
	struct hp_err *err)
{
	struct run r = {.c = c, .report = report, .arg = arg};
	const char *node;
	int rc = cli_this_node(c, &node, err);

	if (rc == 0)
		rc = run_newest(&r, node, err);
	if (ret_undone)
		*ret_undone = rc < 0 && (!r.ended || r.undone);
	return rc;
}

/* ---- changes of websites ---- */
struct changing {
	const struct cli_change_verb *v;
	struct cli_change *list; /* those that wait for the node */
	size_t n, cap;
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
		.hint = ch->hint};

	return cli_result(c, &row, err);
}

static void on_fail(struct cli *c, const char *name, const struct hp_err *why, void *arg)
{
	const struct changing *s = arg;
	struct hp_err err = HP_ERR_INIT;
	struct cli_change ch = {.domain = hp_str_printable(c->pool, name, 253),
		.code = why->code,
		.message = why->msg,
		.hint = why->hint};

	if (say_result(c, s->v, &ch, "failed", &err) < 0)
		cli_print_err(c, &err);
}

/* Does the node lag behind, because an earlier command only recorded, or was killed? */
static int see_node(void *arg, const struct hp_node_row *row, struct hp_err *err HP_UNUSED)
{
	const struct hp_node_row *want = arg;

	if (hp_streq(row->name, want->name))
		*(struct hp_node_row *)arg = (struct hp_node_row){.name = want->name,
			.generation = row->generation, .applied_generation = row->applied_generation};
	return 0;
}

static bool node_lags(struct cli *c, const char *node)
{
	struct hp_node_row row = {.name = node};
	struct hp_err err = HP_ERR_INIT;

	return hp_node_each(c->panel, see_node, &row, &err) == 0 &&
	       row.applied_generation != row.generation;
}

static int on_input(struct cli *c, struct hp_pool *pool HP_UNUSED, const struct cli_input *in,
	void *arg, struct hp_err *err)
{
	struct changing *s = arg;
	struct cli_change ch = {0};
	const char *why;

	/* changes outlive the line: the node is asked once for all of them */
	if (s->v->fn(c, c->pool, in, &ch.change, err) < 0) {
		if ((err->code == HP_E_NOT_FOUND && c->if_exists) ||
			(err->code == HP_E_EXISTS && c->if_missing && hp_streq(s->v->action, "add"))) {
			ch.domain = hp_pstrdup(c->pool, in->name);
			ch.message = hp_pstrdup(c->pool, err->msg);
			hp_err_clear(err);
			return say_result(c, s->v, &ch, "unchanged", err);
		}
		return err->code;
	}
	ch.domain = ch.change.after.v[HP_SITE_DOMAIN];
	if (!ch.domain)
		ch.domain = ch.change.before.v[HP_SITE_DOMAIN];
	if (c->dry_run) {
		ch.change.generation = 0;
		return say_result(c, s->v, &ch, ch.change.changed ? "dry-run" : "unchanged", err);
	}
	if (!cli_can_apply(c, ch.change.node, &why)) {
		ch.message = ch.change.changed ? why : NULL;
		return say_result(c, s->v, &ch, ch.change.changed ? "recorded" : "unchanged", err);
	}
	if (!ch.change.changed && !c->force && !node_lags(c, ch.change.node))
		return say_result(c, s->v, &ch, "unchanged", err);
	if (s->n == s->cap) {
		struct cli_change *list;

		s->cap = s->cap ? s->cap * 2 : 16;
		list = hp_palloc(c->pool, s->cap * sizeof(*list));
		if (s->n)
			memcpy(list, s->list, s->n * sizeof(*list));
		s->list = list;
	}
	s->list[s->n++] = ch;
	return 0;
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
	return any;
}

static int apply_list(struct cli *c, struct changing *s, struct hp_err *err)
{
	struct run r = {.c = c, .changes = s->list, .n = s->n};
	struct hp_err again = HP_ERR_INIT;
	const char *node = s->list[0].change.node;
	size_t i, ours = 0;
	int rc = run_newest(&r, node, err);

	for (i = 0; i < s->n; i++) {
		struct cli_change *ch = &s->list[i];

		/* a run that did not come to its sites has one word for all of them */
		if (rc < 0 && !r.ended) {
			ch->code = rc;
			ch->message = hp_pstrdup(c->pool, err->msg);
			ch->hint = hp_pstrdup(c->pool, err->hint);
		}
		ours += ch->code != 0;
	}
	if (rc < 0 && !ours && !r.others)
		cli_warn(c, "%s", err->msg);
	hp_err_clear(err);
	if (take_back(c, s)) {
		struct run quiet = {.c = c};
		/* so that the node's kept document is the panel's: nothing is left to be changed by it */
		if (run_newest(&quiet, node, &again) < 0 && quiet.undone)
			cli_warn(c, "the node could not take the record back yet: %s", again.msg);
	}
	return 0;
}

/* One row each; a single failure is the command's error, many are a row and a line each. */
static int tell(struct cli *c, struct changing *s, struct hp_err *err)
{
	struct hp_err one = HP_ERR_INIT, first = HP_ERR_INIT;
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
		if (say_result(c, s->v, ch,
			    ch->code ? "failed" : ch->change.changed ? "applied" : "unchanged", err) < 0)
			return err->code;
	}
	if (!failed)
		return 0;
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
	struct changing s = {.v = v};
	struct hp_err later = HP_ERR_INIT;
	int rc;

	if (cli_panel(c, err) < 0 || know_php(c, err) < 0)
		return err->code;
	rc = cli_inputs(c, v->kind, on_input, on_fail, &s, err);
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
