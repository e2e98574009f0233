/* Logging in and sessions, at the command line. */
#include "cmd/session.h"
#include "cmd/apply.h"
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

static int login_code(void *arg, char ret[HP_CODE_SIZE], struct hp_err *err)
{
	struct cli *c = arg;

	return cli_code(c, c->args[0], ret, err);
}

int cli_login(struct cli *c, struct hp_err *err)
{
	const char *from = cli_opt(c, "from");
	char token[HP_TOKEN_SIZE], *password;
	struct hp_login l = {.username = c->args[0],
		.address = from ? from : HERE,
		.code = login_code,
		.arg = c};
	int r;

	if (cli_panel(c, err) < 0)
		return err->code;
	r = cli_password(c, c->args[0], false, &password, err);
	l.password = password;
	if (r == 0)
		r = hp_login(c->panel, &l, token, err);
	hp_wipe(password, strlen(password));
	if (r < 0 || cli_out(c, err) < 0)
		return err->code;
	hp_out_str(c->out, 0, c->args[0]);
	/* a rehearsed one is none */
	if (!c->dry_run)
		hp_out_str(c->out, 1, token);
	r = hp_out_row(c->out, err);
	hp_wipe(token, sizeof(token));
	return r;
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
