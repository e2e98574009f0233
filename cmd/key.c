/* API keys: the verbs key-… of hp-user. */
#include "cmd/key.h"
#include "cmd/apply.h"
#include "base/file.h"
#include "base/str.h"

/* ---- list and show ---- */
void cli_key_cols(struct hp_pool *pool, struct hp_col **ret)
{
	*ret = cli_cols(pool, &hp_key_table, NULL);
}

static void put_cells(struct hp_out *o, const struct hp_key *k)
{
	unsigned i;

	for (i = 0; i < HP_KEY_FIELDS; i++)
		cli_cell(o, i, &hp_key_table.fields[i], k->v[i]);
}

static int put_key(void *arg, const struct hp_key *k, struct hp_err *err)
{
	struct hp_out *o = ((struct cli *)arg)->out;

	put_cells(o, k);
	return hp_out_row(o, err);
}

int cli_key_list(struct cli *c, struct hp_err *err)
{
	if (cli_panel(c, err) < 0 || cli_out(c, err) < 0)
		return err->code;
	return hp_key_each(c->panel, c->n_args ? c->args[0] : NULL, put_key, c, err);
}

int cli_key_show(struct cli *c, struct hp_err *err)
{
	struct hp_key k;
	unsigned i;

	if (cli_panel(c, err) < 0 || cli_out(c, err) < 0)
		return err->code;
	for (i = 0; i < c->n_args; i++)
		if (hp_key_get(c->panel, c->pool, c->args[i], &k, err) < 0 ||
			put_key(c, &k, err) < 0)
			return err->code;
	return 0;
}

/* ---- add ---- */
const struct hp_opt cli_key_add_opts[] = {
	{"verbs", 0, "VERB,…", "what may be done with it, as site:list,site:set", 0, ""},
	{"sites", 0, "PATTERN,…", "with which websites, as 'shop.*' (all of the user's)", 0, "domain"},
	{"expires", 0, "TIME", "for how long it is good, as 12h or 365d (90d)", 0, ""},
	{"from", 0, "NETWORK,…", "from which addresses, as 192.0.2.0/24 (all)", 0, ""},
	{"name", 0, "TEXT", "what it is for", 0, ""},
	{0},
};

static const struct hp_col token_cols[] = {
	{"token", HP_COL_STR, "what to send; shown this once", false},
	{"exit", HP_COL_INT, "exit status of this one", true},
	{"message", HP_COL_STR, "why none was made", true},
	{"hint", HP_COL_STR, "what to do next", true},
	{"field", HP_COL_STR, "the option or member that was refused, where it was one", true},
	{NULL, HP_COL_STR, NULL, false},
};
enum { C_TOKEN = HP_KEY_FIELDS, C_EXIT, C_MESSAGE, C_HINT, C_FIELD };

void cli_key_add_cols(struct hp_pool *pool, struct hp_col **ret)
{
	*ret = cli_cols(pool, &hp_key_table, token_cols);
}

/* What a line has not, the options say for all of them. */
static const char *wish(struct cli *c, const char *own, const char *opt)
{
	return own ? own : cli_opt(c, opt);
}

static int add_one(struct cli *c, struct hp_pool *pool, const struct cli_input *in,
	void *arg HP_UNUSED, struct hp_err *err)
{
	struct hp_key_new w = {.name = wish(c, in->label, "name"),
		.verbs = wish(c, in->verbs, "verbs"),
		.sites = wish(c, in->sites, "sites"),
		.from = wish(c, in->from, "from")};
	const char *expires = wish(c, in->expires, "expires");
	char token[HP_TOKEN_SIZE];
	struct hp_key k;
	uint64_t s = 0;
	int r;

	if (expires && (hp_parse_duration(expires, HP_KEY_EXPIRES_MAX_S, &s) < 0 || !s))
		return hp_err_field(err, HP_E_USAGE, "expires",
			"“%s” is not a time as 12h or 90d, of at most %lld days",
			hp_str_printable(pool, expires, 40), HP_KEY_EXPIRES_MAX_S / 86400);
	w.expires_s = (int64_t)s;
	if (hp_key_add(c->panel, pool, in->name, &w, &k, token, err) < 0)
		return err->code;
	r = cli_out(c, err);
	if (r == 0) {
		put_cells(c->out, &k);
		/* a rehearsed one would be good for nothing */
		if (!c->dry_run)
			hp_out_str(c->out, C_TOKEN, token);
		if (c->out_opts.mode != HP_OUT_TABLE)
			hp_out_i64(c->out, C_EXIT, 0);
		r = hp_out_row(c->out, err);
	}
	hp_wipe(token, sizeof(token));
	return r;
}

static void on_no_key(
	struct cli *c, const char *name HP_UNUSED, const struct hp_err *why, void *arg HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;

	if (c->out_opts.mode == HP_OUT_TABLE)
		return;
	if (cli_out(c, &err) == 0) {
		hp_out_i64(c->out, C_EXIT, hp_exit_status(why->code));
		hp_out_str(c->out, C_MESSAGE, why->msg);
		if (*why->hint)
			hp_out_str(c->out, C_HINT, why->hint);
		if (*why->field)
			hp_out_str(c->out, C_FIELD, why->field);
		hp_out_row(c->out, &err);
	}
	if (err.code)
		cli_print_err(c, &err);
}

int cli_key_add(struct cli *c, struct hp_err *err)
{
	static const struct cli_input_kind kind = {
		"username", NULL, CLI_IN_KEY | CLI_IN_NAMELESS, false, false};

	return cli_panel(c, err) < 0
		       ? err->code
		       : cli_inputs(c, &kind, add_one, on_no_key, NULL, err);
}

/* ---- check ---- */
const struct hp_opt cli_key_check_opts[] = {
	{"from", 0, "ADDRESS", "as if it came from this address (127.0.0.1)", 0, ""},
	{0},
};

int cli_token(struct cli *c, char **ret, struct hp_err *err)
{
	struct hp_buf b = HP_BUF_INIT;
	int r = hp_fd_read(STDIN_FILENO, "standard input", 1024, &b, err);

	while (b.len && (b.s[b.len - 1] == '\n' || b.s[b.len - 1] == '\r'))
		b.len--;
	/* what can't be one is as good as none */
	if (r < 0 || (b.len && memchr(b.s, 0, b.len)))
		b.len = 0;
	*ret = hp_pstrndup(c->pool, b.len ? b.s : "", b.len);
	if (b.s)
		hp_wipe(b.s, b.cap);
	hp_buf_release(&b);
	return r;
}

int cli_key_check(struct cli *c, struct hp_err *err)
{
	const char *from = cli_opt(c, "from");
	char *token;
	int r;

	if (cli_panel(c, err) < 0)
		return err->code;
	r = cli_token(c, &token, err);
	if (r == 0)
		r = hp_key_login(c->panel, token, from ? from : "127.0.0.1", err);
	hp_wipe(token, strlen(token));
	if (r < 0)
		return r;
	return cli_out(c, err) < 0 ? err->code : put_key(c, c->panel->actor.key, err);
}

/* ---- remove ---- */
struct removing {
	const char *action;
	int (*fn)(struct cli *c, const char *name, struct hp_err *err);
};

static int say(struct cli *c, const struct removing *x, const char *name, const char *result,
	const struct hp_err *why, struct hp_err *err)
{
	const struct cli_result row = {.object = hp_str_printable(c->pool, name, 60),
		.action = x->action,
		.changed = hp_streq(result, "recorded") || hp_streq(result, "dry-run"),
		.result = result,
		.code = why && hp_streq(result, "failed") ? why->code : 0,
		.message = why ? why->msg : NULL,
		.hint = why ? why->hint : NULL,
		.field = why ? why->field : NULL};

	return cli_result(c, &row, err);
}

static void on_fail(struct cli *c, const char *name, const struct hp_err *why, void *arg)
{
	cli_result_failed(c, name, ((const struct removing *)arg)->action, why);
}

static int do_remove(struct cli *c, struct hp_pool *pool HP_UNUSED, const struct cli_input *in,
	void *arg, struct hp_err *err)
{
	const struct removing *x = arg;
	struct hp_err why;

	if (x->fn(c, in->name, err) == 0)
		return say(c, x, in->name, c->dry_run ? "dry-run" : "recorded", NULL, err);
	if (err->code != HP_E_NOT_FOUND || !c->if_exists)
		return err->code;
	why = *err;
	hp_err_clear(err);
	return say(c, x, in->name, "unchanged", &why, err);
}

int cli_remove_each(struct cli *c, const char *key, const char *action,
	int (*fn)(struct cli *c, const char *name, struct hp_err *err), struct hp_err *err)
{
	const struct cli_input_kind kind = {key, NULL, 0, false, false};
	struct removing x = {action, fn};

	if (cli_panel(c, err) < 0)
		return err->code;
	return cli_inputs(c, &kind, do_remove, on_fail, &x, err);
}

static int remove_key(struct cli *c, const char *name, struct hp_err *err)
{
	return hp_key_remove(c->panel, name, err);
}

int cli_key_remove(struct cli *c, struct hp_err *err)
{
	return cli_remove_each(c, "key", "remove", remove_key, err);
}
