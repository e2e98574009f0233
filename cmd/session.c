/* Logging in and sessions, at the command line. */
#include "cmd/session.h"
#include "cmd/apply.h"
#include "cmd/input.h"
#include "cmd/key.h"
#include "cmd/password.h"
#include "base/str.h"

#define HERE "127.0.0.1"

/* ---- login ---- */
const struct hp_opt cli_login_opts[] = {
	{"from", 0, "ADDRESS", "where the user is (127.0.0.1)", 0, ""},
	{0},
};

const struct hp_col cli_login_cols[] = {
	{"username", HP_COL_STR, "who has logged in", false},
	{"token", HP_COL_STR, "what the session is known by; shown this once", false},
	{NULL, HP_COL_STR, NULL, false},
};

struct asking {
	struct cli *c;
	const struct cli_input *in;
};

static int login_code(void *arg, char ret[HP_CODE_SIZE], struct hp_err *err)
{
	const struct asking *a = arg;
	const char *code = a->in->code ? a->in->code : "";

	if (!cli_is_batch(a->c))
		return cli_code(a->c, a->in->name, ret, err);
	if (strlen(code) >= HP_CODE_SIZE)
		return hp_err_field(err, HP_E_USAGE, "code", "it has more than %d bytes",
			HP_CODE_SIZE - 1);
	memcpy(ret, code, strlen(code) + 1);
	return 0;
}

static int log_in(struct cli *c, struct hp_pool *pool HP_UNUSED, const struct cli_input *in,
	void *arg HP_UNUSED, struct hp_err *err)
{
	const char *from = cli_opt(c, "from");
	char token[HP_TOKEN_SIZE], *password = in->password;
	struct asking a = {c, in};
	struct hp_login l = {.username = in->name,
		.address = from ? from : HERE,
		.code = login_code,
		.arg = &a};
	int r = 0;

	if (!cli_is_batch(c))
		r = cli_password(c, in->name, false, &password, err);
	else if (!password)
		r = hp_err_field(err, HP_E_USAGE, "password", "it is missing in the JSON object");
	l.password = password;
	if (r == 0)
		r = hp_login(c->panel, &l, token, err);
	if (password)
		hp_wipe(password, strlen(password));
	if (r < 0 || cli_out(c, err) < 0)
		return err->code;
	hp_out_str(c->out, 0, in->name);
	/* a rehearsed one is none */
	if (!c->dry_run)
		hp_out_str(c->out, 1, token);
	r = hp_out_row(c->out, err);
	hp_wipe(token, sizeof(token));
	return r;
}

static void on_no_login(struct cli *c HP_UNUSED, const char *name HP_UNUSED,
	const struct hp_err *why HP_UNUSED, void *arg HP_UNUSED)
{
	/* there is no row of a session that is none */
}

int cli_login(struct cli *c, struct hp_err *err)
{
	static const struct cli_input_kind kind = {
		"username", NULL, CLI_IN_PASSWORD | CLI_IN_CODE, false, false};

	return cli_panel(c, err) < 0 ? err->code
				     : cli_inputs(c, &kind, log_in, on_no_login, NULL, err);
}

/* ---- list ---- */
void cli_session_cols(struct hp_pool *pool, struct hp_col **ret)
{
	*ret = cli_cols(pool, &hp_session_table, NULL);
}

static int put_session(void *arg, const struct hp_session *s, struct hp_err *err)
{
	struct hp_out *o = ((struct cli *)arg)->out;
	unsigned i;

	for (i = 0; i < HP_SESSION_FIELDS; i++)
		cli_cell(o, i, &hp_session_table.fields[i], s->v[i]);
	return hp_out_row(o, err);
}

int cli_session_list(struct cli *c, struct hp_err *err)
{
	if (cli_panel(c, err) < 0 || cli_out(c, err) < 0)
		return err->code;
	return hp_session_each(c->panel, c->n_args ? c->args[0] : NULL, put_session, c, err);
}

/* ---- check ---- */
const struct hp_opt cli_session_check_opts[] = {
	{"from", 0, "ADDRESS", "where the user is now (127.0.0.1)", 0, ""},
	{0},
};

int cli_session_check(struct cli *c, struct hp_err *err)
{
	const char *from = cli_opt(c, "from");
	struct hp_session s;
	char *token;
	int r;

	if (cli_panel(c, err) < 0)
		return err->code;
	r = cli_token(c, &token, err);
	if (r == 0)
		r = hp_session_use(c->panel, token, from ? from : HERE, &s, err);
	hp_wipe(token, strlen(token));
	if (r < 0)
		return r;
	return cli_out(c, err) < 0 ? err->code : put_session(c, &s, err);
}

/* ---- revoke ---- */
static int do_revoke(struct cli *c, const char *name, struct hp_err *err)
{
	return hp_session_revoke(c->panel, name, err);
}

int cli_session_revoke(struct cli *c, struct hp_err *err)
{
	return cli_remove_each(c, "session", "revoke", do_revoke, err);
}
