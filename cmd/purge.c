/* hp-vhost purge and trim: what the front keeps of websites' answers is thrown away. */
#include "cmd/apply.h"
#include "cmd/events.h"
#include "base/str.h"

const struct hp_col cli_purge_cols[] = {
	{"domain", HP_COL_STR, "the website", false},
	{"removed", HP_COL_INT, "kept answers that were thrown away", false},
	{"exit", HP_COL_INT, "exit status of this one", true},
	{"message", HP_COL_STR, "why, where there is something to say", false},
	{NULL, HP_COL_STR, NULL, false},
};

static const struct cli_input_kind kind = {"domain", NULL, 0, false, false};

/* Names first: one walk through what is kept does for all of them. */
struct purge {
	struct hp_kept *v;
	size_t n, room;
	int first_code;
};

static int put_row(struct cli *c, const char *domain, int64_t removed, const struct hp_err *why,
	struct hp_err *err)
{
	if (c->quiet && c->out_opts.mode == HP_OUT_TABLE)
		return 0;
	if (cli_out(c, err) < 0)
		return err->code;
	hp_out_str(c->out, 0, domain);
	hp_out_i64(c->out, 1, removed);
	hp_out_i64(c->out, 2, hp_exit_status(why ? why->code : 0));
	if (why)
		hp_out_str(c->out, 3, why->msg);
	return hp_out_row(c->out, err);
}

static int collect(struct cli *c, struct hp_pool *pool, const struct cli_input *in, void *arg,
	struct hp_err *err)
{
	struct purge *p = arg;
	struct hp_kept *more;
	const char *domain;

	if (hp_domain_check(pool, in->name, strlen(in->name), false, &domain, err) < 0 ||
		cli_may_site(c, domain, err) < 0)
		return err->code;
	if (p->n == p->room) {
		p->room = p->room ? 2 * p->room : 16;
		more = hp_palloc(c->pool, p->room * sizeof(*more));
		if (p->n)
			memcpy(more, p->v, p->n * sizeof(*more));
		p->v = more;
	}
	p->v[p->n++] = (struct hp_kept){.domain = hp_pstrdup(c->pool, domain)};
	return 0;
}

static void on_fail(struct cli *c, const char *name, const struct hp_err *why, void *arg HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;

	if (put_row(c, hp_str_printable(c->pool, name, 253), 0, why, &err) < 0)
		cli_print_err(c, &err);
}

static int read_names(struct cli *c, struct purge *p, struct hp_err *err)
{
	struct cli_input in = {0};
	unsigned i;

	if (cli_is_batch(c))
		return cli_inputs(c, &kind, collect, on_fail, p, err);
	for (i = 0; i < c->n_args; i++) {
		in.name = c->args[i];
		if (collect(c, c->pool, &in, p, err) < 0)
			return err->code;
	}
	return 0;
}

/* The panel may be elsewhere, or down: then the rows are all that is told. */
static void note(struct cli *c, const struct hp_kept *k)
{
	struct hp_err err = HP_ERR_INIT;

	if (cli_conf(c, &err) == 0 && !cli_has_panel(c))
		return;
	if (!err.code && cli_panel(c, &err) == 0)
		hp_node_note(c->panel, "vhost:purge", k->domain, NULL,
			hp_pprintf(c->pool, "{\"removed\":%lld}", (long long)k->removed), NULL,
			&err);
	if (err.code) {
		hp_err_prefix(&err, "%s: the audit trail can't be written", k->domain);
		cli_print_err(c, &err);
	}
}

static int tell(struct cli *c, struct purge *p, const struct hp_kept *k, struct hp_err *err)
{
	struct hp_err why = HP_ERR_INIT;

	if (k->known) {
		if (!c->dry_run)
			note(c, k);
		return put_row(c, k->domain, k->removed, NULL, err);
	}
	hp_err_set(&why, HP_E_NOT_FOUND, "%s: it is no website of this node", k->domain);
	cli_print_err(c, &why);
	if (!p->first_code)
		p->first_code = why.code;
	return put_row(c, k->domain, k->removed, &why, err);
}

int cli_verb_purge(struct cli *c, struct hp_err *err)
{
	struct hp_err names = HP_ERR_INIT;
	struct hp_node_opts o;
	struct purge p = {0};
	size_t i;

	if (cli_node_opts(c, &o, err) < 0)
		return err->code;
	/* lines that are no names are said already; the others are done in any case */
	if (read_names(c, &p, &names) < 0 && (!cli_is_batch(c) || *names.msg)) {
		*err = names;
		return err->code;
	}
	if (hp_node_purge_kept(c->pool, &o, p.v, p.n, c->dry_run, err) < 0)
		return err->code;
	for (i = 0; i < p.n; i++)
		if (tell(c, &p, &p.v[i], err) < 0)
			return err->code;
	if (names.code || p.first_code)
		return hp_err_set(err, names.code ? names.code : p.first_code, "%s", "");
	return 0;
}

/* ---- trim ---- */
const struct hp_col cli_trim_cols[] = {
	{"removed", HP_COL_INT, "kept answers that were thrown away", false},
	{"bytes", HP_COL_INT, "what the others have of the disk", false},
	{NULL, HP_COL_STR, NULL, false},
};

int cli_verb_trim(struct cli *c, struct hp_err *err)
{
	int64_t removed, left;
	uint64_t most;

	if (hp_parse_size(c->args[0], INT64_MAX, &most) < 0) {
		hp_err_set(err, HP_E_USAGE, "\"%s\" is no size",
			hp_str_printable(c->pool, c->args[0], 60));
		return hp_err_hint(err, "bytes, or with K, M or G behind them: 512M");
	}
	if (hp_node_trim_kept(c->pool, c->sysroot, most, c->dry_run, &removed, &left, err) < 0 ||
		cli_out(c, err) < 0)
		return err->code;
	if (c->quiet && c->out_opts.mode == HP_OUT_TABLE)
		return 0;
	hp_out_i64(c->out, 0, removed);
	hp_out_i64(c->out, 1, left);
	return hp_out_row(c->out, err);
}
