/* hp-user: users of the panel. The table of verbs is at the end. */
#include "cmd/apply.h"
#include "cmd/key.h"
#include "cmd/password.h"
#include "cmd/second.h"
#include "cmd/session.h"
#include "base/str.h"

/* ---- list and show ---- */
static const struct hp_col more_cols[] = {
	{"tenant", HP_COL_STR, "tenant that the user belongs to", false},
	CLI_REVISION_COL,
	{NULL, HP_COL_STR, NULL, false},
};
enum { MORE_TENANT = HP_USER_FIELDS, MORE_REVISION };

static void make_cols(struct hp_pool *pool, struct hp_col **ret)
{
	*ret = cli_cols(pool, &hp_user_table, more_cols);
}

static int put_user(void *arg, const struct hp_user *u, const char *tenant, struct hp_err *err)
{
	struct hp_out *o = ((struct cli *)arg)->out;
	unsigned i;

	for (i = 0; i < HP_USER_FIELDS; i++)
		cli_cell(o, i, &hp_user_table.fields[i], u->v[i]);
	hp_out_str(o, MORE_TENANT, tenant);
	cli_revision(o, MORE_REVISION, &hp_user_table, u->v, NULL);
	return hp_out_row(o, err);
}

static const struct hp_opt list_opts[] = {
	{"tenant", 't', "TENANT", "only this tenant's", 0, "tenant"},
	{"role", 0, "ROLE", "only admins, resellers or clients", 0, "=admin|reseller|client"},
	{"status", 0, "STATUS", "only active or suspended ones", 0, "=active|suspended"},
	{0},
};

static int user_list(struct cli *c, struct hp_err *err)
{
	const struct hp_user_filter f = {.tenant = cli_opt(c, "tenant"),
		.role = cli_opt(c, "role"),
		.status = cli_opt(c, "status")};
	const char *v;

	if ((f.role && hp_field_check(c->pool, &hp_user_table.fields[HP_USER_ROLE], f.role,
			       strlen(f.role), &v, err) < 0) ||
		(f.status && hp_field_check(c->pool, &hp_user_table.fields[HP_USER_STATUS],
				     f.status, strlen(f.status), &v, err) < 0))
		return err->code;
	if (cli_panel(c, err) < 0 || cli_out(c, err) < 0)
		return err->code;
	return hp_user_each(c->panel, &f, put_user, c, err);
}

static int user_show(struct cli *c, struct hp_err *err)
{
	const char *tenant;
	struct hp_user u;
	unsigned i;

	if (cli_panel(c, err) < 0 || cli_out(c, err) < 0)
		return err->code;
	for (i = 0; i < c->n_args; i++)
		if (hp_user_get(c->panel, c->pool, c->args[i], &u, &tenant, err) < 0 ||
			put_user(c, &u, tenant, err) < 0)
			return err->code;
	return 0;
}

/* ---- what changes a user ---- */
static const struct cli_input_kind add_kind = {
	"username", &hp_user_table, CLI_IN_TENANT, true, false};
static const struct cli_input_kind set_kind = {"username", &hp_user_table, 0, false, false};
static const struct cli_input_kind name_kind = {"username", NULL, 0, false, false};

typedef int user_fn(struct cli *c, const struct cli_input *in, bool *ret_changed,
	struct hp_err *err);

struct user_verb {
	const char *action;
	const struct cli_input_kind *kind;
	user_fn *fn;
};

static int say(struct cli *c, const char *action, const char *name, bool changed,
	const char *message, struct hp_err *err)
{
	const struct cli_result row = {.object = name,
		.action = action,
		.changed = changed,
		.result = !changed ? "unchanged" : c->dry_run ? "dry-run" : "recorded",
		.message = message};

	return cli_result(c, &row, err);
}

static void on_fail(struct cli *c, const char *name, const struct hp_err *why, void *arg)
{
	cli_result_failed(c, name, ((const struct user_verb *)arg)->action, why);
}

static int on_input(struct cli *c, struct hp_pool *pool, const struct cli_input *in, void *arg,
	struct hp_err *err)
{
	const struct user_verb *v = arg;
	bool changed = true;
	const char *why;

	if (v->fn(c, in, &changed, err) == 0)
		return say(c, v->action, in->name, changed, NULL, err);
	if ((err->code != HP_E_NOT_FOUND || !c->if_exists) &&
		(err->code != HP_E_EXISTS || !c->if_missing))
		return err->code;
	why = hp_pstrdup(pool, err->msg);
	hp_err_clear(err);
	return say(c, v->action, in->name, false, why, err);
}

static int change(struct cli *c, const struct user_verb *v, struct hp_err *err)
{
	if (cli_panel(c, err) < 0)
		return err->code;
	return cli_inputs(c, v->kind, on_input, on_fail, (void *)(uintptr_t)v, err);
}

static int do_add(struct cli *c, const struct cli_input *in, bool *ret_changed HP_UNUSED,
	struct hp_err *err)
{
	struct hp_user u;

	return hp_user_add(c->panel, in->name, in->tenant ? in->tenant : cli_opt(c, "tenant"),
		in->assign, in->n_assign, &u, err);
}

static int user_add(struct cli *c, struct hp_err *err)
{
	static const struct user_verb v = {"add", &add_kind, do_add};

	return change(c, &v, err);
}

static int do_set(struct cli *c, const struct cli_input *in, bool *ret_changed, struct hp_err *err)
{
	if (!in->n_assign)
		return hp_err_set(err, HP_E_USAGE, "%s: no KEY=VALUE was given", in->name);
	return hp_user_set(c->panel, in->name, in->assign, in->n_assign, ret_changed, err);
}

static int user_set(struct cli *c, struct hp_err *err)
{
	static const struct user_verb v = {"set", &set_kind, do_set};

	return change(c, &v, err);
}

static int do_suspend(
	struct cli *c, const struct cli_input *in, bool *ret_changed, struct hp_err *err)
{
	return hp_user_status(c->panel, in->name, "suspended", ret_changed, err);
}

static int user_suspend(struct cli *c, struct hp_err *err)
{
	static const struct user_verb v = {"suspend", &name_kind, do_suspend};

	return change(c, &v, err);
}

static int do_resume(
	struct cli *c, const struct cli_input *in, bool *ret_changed, struct hp_err *err)
{
	return hp_user_status(c->panel, in->name, "active", ret_changed, err);
}

static int user_resume(struct cli *c, struct hp_err *err)
{
	static const struct user_verb v = {"resume", &name_kind, do_resume};

	return change(c, &v, err);
}

static int do_remove(struct cli *c, const struct cli_input *in, bool *ret_changed HP_UNUSED,
	struct hp_err *err)
{
	return hp_user_remove(c->panel, in->name, err);
}

static int user_remove(struct cli *c, struct hp_err *err)
{
	static const struct user_verb v = {"remove", &name_kind, do_remove};

	return change(c, &v, err);
}

/* ---- passwd ---- */
/* Nobody is asked for what belongs to one who is not there. */
static int is_there(struct cli *c, const char *name, struct hp_err *err)
{
	const char *tenant;
	struct hp_user u;

	if (hp_may_begin(&c->panel->actor, c->verb->permission, err) < 0)
		return err->code;
	return hp_user_get(c->panel, c->pool, name, &u, &tenant, err);
}

static const struct hp_opt passwd_opts[] = {
	{"once", 0, NULL, "it lets in once, within 24 hours", 0, NULL},
	{0},
};

static int do_passwd(
	struct cli *c, const struct cli_input *in, bool *ret_changed, struct hp_err *err)
{
	__typeof__(hp_user_passwd) *set = cli_opt(c, "once") ? hp_user_passwd_once : hp_user_passwd;
	char *password;
	int r;

	if (is_there(c, in->name, err) < 0)
		return err->code;
	if (cli_is_batch(c))
		return in->password ? set(c->panel, in->name, in->password, ret_changed, err)
				    : hp_err_field(err, HP_E_USAGE, "password",
					      "it is missing in the JSON object");
	r = cli_password(c, in->name, true, &password, err);
	if (r == 0)
		r = set(c->panel, in->name, password, ret_changed, err);
	hp_wipe(password, strlen(password));
	return r;
}

static const struct cli_input_kind passwd_kind = {
	"username", NULL, CLI_IN_PASSWORD, false, false};
static const struct cli_input_kind code_kind = {"username", NULL, CLI_IN_CODE, false, false};

static int user_passwd(struct cli *c, struct hp_err *err)
{
	static const struct user_verb v = {"passwd", &passwd_kind, do_passwd};

	return change(c, &v, err);
}

/* ---- the second factor ---- */
static int do_confirm(struct cli *c, const struct cli_input *in, bool *ret_changed HP_UNUSED,
	struct hp_err *err)
{
	char code[HP_CODE_SIZE] = "";
	int r;

	if (is_there(c, in->name, err) < 0)
		return err->code;
	if (cli_is_batch(c))
		return in->code ? hp_totp_confirm(c->panel, in->name, in->code, err)
				: hp_err_field(err, HP_E_USAGE, "code",
					  "it is missing in the JSON object");
	r = cli_code(c, in->name, code, err);
	if (r == 0)
		r = hp_totp_confirm(c->panel, in->name, code, err);
	hp_wipe(code, sizeof(code));
	return r;
}

static int user_totp_confirm(struct cli *c, struct hp_err *err)
{
	static const struct user_verb v = {"totp-confirm", &code_kind, do_confirm};

	return change(c, &v, err);
}

static int do_disable(
	struct cli *c, const struct cli_input *in, bool *ret_changed, struct hp_err *err)
{
	return hp_totp_disable(c->panel, in->name, ret_changed, err);
}

static int user_totp_disable(struct cli *c, struct hp_err *err)
{
	static const struct user_verb v = {"totp-disable", &name_kind, do_disable};

	return change(c, &v, err);
}

/* ---- can ---- */
static const struct hp_col can_cols[] = {
	{"username", HP_COL_STR, "name of the user", false},
	{"verb", HP_COL_STR, "what", false},
	{"object", HP_COL_STR, "with which object", false},
	{"can", HP_COL_BOOL, "yes or no", false},
	{"why", HP_COL_STR, "why not", false},
	{NULL, HP_COL_STR, NULL, false},
};

static int user_can(struct cli *c, struct hp_err *err)
{
	const char *object = c->n_args > 2 ? c->args[2] : NULL;
	struct hp_err no = HP_ERR_INIT;
	int r;

	if (cli_panel(c, err) < 0)
		return err->code;
	r = hp_user_can(c->panel, c->args[0], c->args[1], object, &no);
	if (r < 0 && r != HP_E_NO) {
		*err = no;
		return r;
	}
	if (cli_out(c, err) < 0)
		return err->code;
	hp_out_str(c->out, 0, c->args[0]);
	hp_out_str(c->out, 1, c->args[1]);
	if (object)
		hp_out_str(c->out, 2, object);
	hp_out_bool(c->out, 3, r == 0);
	if (r < 0)
		hp_out_str(c->out, 4, no.msg);
	if (hp_out_row(c->out, err) < 0)
		return err->code;
	/* the row has said it */
	return r < 0 ? hp_err_set(err, HP_E_NO, "%s", "") : 0;
}

/* ---- the table ---- */
#define CHANGES (CLI_MUTATES | CLI_STDIN | CLI_ROWS)
/* of one that is there */
#define OF_ONE (CHANGES | CLI_IF_EXISTS | CLI_IF_REVISION)

static const struct hp_opt add_opts[] = {
	{"tenant", 't', "TENANT",
		"tenant that the user belongs to, as tenant=TENANT; the only one unless given", 0,
		"tenant"},
	{0},
};

static const struct cli_verb verbs[] = {
	{"list", user_list, "", 0, 0, {NULL}, CLI_ROWS | CLI_LIST, list_opts, NULL, make_cols, NULL,
		"user:list", "list users", NULL},
	{"show", user_show, "USER…", 1, UINT32_MAX, {"user"}, CLI_ROWS | CLI_ONE, NULL, NULL,
		make_cols, NULL, "user:show", "show everything about users", NULL},
	{"add", user_add, "USER|- [tenant=TENANT] [KEY=VALUE]…", 1, UINT32_MAX, {"", "assign"},
		CHANGES | CLI_IF_MISSING, add_opts, cli_user_result_cols, NULL, &hp_user_table,
		"user:add", "make a user",
		"Without a password, nobody can log in as that user until passwd has set one. Whom a "
		"reseller makes is a client, and his sub-client."},
	{"set", user_set, "USER|- KEY=VALUE…", 1, UINT32_MAX, {"user", "assign"},
		OF_ONE, NULL, cli_user_result_cols, NULL, &hp_user_table,
		"user:set", "change a user's role, reseller, grants or mail address",
		"Only an admin changes the first three."},
	{"passwd", user_passwd, "USER|-", 1, 1, {"user"},
		OF_ONE, passwd_opts, cli_user_result_cols, NULL, NULL,
		"user:passwd", "set a user's password",
		"It is asked for twice on a terminal, and otherwise read from standard input, one line. "
		"A JSON line is as {\"username\":\"alice\",\"password\":\"…\"}. With --once it is none any more "
		"when it has let in: whoever came in by it sets a password of his own before he goes."},
	{"suspend", user_suspend, "USER|-", 1, 1, {"user"}, OF_ONE, NULL,
		cli_user_result_cols, NULL, NULL, "user:suspend",
		"let nobody log in as a user; websites go on", NULL},
	{"resume", user_resume, "USER|-", 1, 1, {"user"}, OF_ONE, NULL,
		cli_user_result_cols, NULL, NULL, "user:resume", "let a suspended user in again",
		NULL},
	{"remove", user_remove, "USER|-", 1, 1, {"user"}, OF_ONE | CLI_YES, NULL,
		cli_user_result_cols, NULL, NULL, "user:remove",
		"remove a user who owns no website and has no sub-client", NULL},
	{"totp-enable", cli_totp_enable, "USER", 1, 1, {"user"}, CLI_MUTATES | CLI_ROWS | CLI_ONE,
		NULL, cli_totp_cols, NULL, NULL, "user:totp-enable",
		"make the secret of a user's second factor",
		"It is shown this once, for an authenticator, and counts when totp-confirm was given a code "
		"of it."},
	{"totp-confirm", user_totp_confirm, "USER|-", 1, 1, {"user"}, CHANGES | CLI_IF_EXISTS,
		NULL, cli_user_result_cols, NULL, NULL,
		"user:totp-confirm", "let a user's second factor count from here on",
		"A code of the authenticator is asked for on a terminal, and otherwise read from standard "
		"input; a JSON line is as {\"username\":\"alice\",\"code\":\"123456\"}. Sessions that the user has "
		"end."},
	{"totp-disable", user_totp_disable, "USER|-", 1, 1, {"user"}, CHANGES | CLI_IF_EXISTS, NULL,
		cli_user_result_cols, NULL, NULL, "user:totp-disable",
		"take a user's second factor away, with the recovery codes", NULL},
	{"recovery-codes", cli_recovery_codes, "USER", 1, 1, {"user"}, CLI_MUTATES | CLI_ROWS, NULL,
		cli_recovery_cols, NULL, NULL, "user:recovery-codes",
		"make ten codes for who has lost the second factor",
		"Each is good once in the place of a code. They are shown this once, and those made before "
		"are good no more."},
	{"can", user_can, "USER VERB [OBJECT]", 2, 3, {"user", "", ""}, CLI_ROWS, NULL, can_cols,
		NULL, NULL, "user:can", "say whether a user may do something, and why not",
		"VERB is an object and a verb, as site:set; OBJECT a domain, a user or a tenant. Without "
		"OBJECT: to anything at all. What belongs to somebody else is answered like what is not "
		"there. The exit status is 1 when the answer is no."},
	{"key-list", cli_key_list, "[USER]", 0, 1, {"user"},
		CLI_ROWS | CLI_LIST, NULL, NULL, cli_key_cols,
		NULL, "key:list", "list API keys, of a user or all", NULL},
	{"key-show", cli_key_show, "KEY…", 1, UINT32_MAX, {"key"}, CLI_ROWS | CLI_ONE, NULL, NULL,
		cli_key_cols, NULL, "key:show", "show everything about API keys", NULL},
	{"key-add", cli_key_add, "[USER|-]", 0, 1, {"user"},
		CLI_MUTATES | CLI_STDIN | CLI_ROWS | CLI_ONE,
		cli_key_add_opts, NULL, cli_key_add_cols, NULL, "key:add", "make an API key",
		"The token is shown this once and kept nowhere; of it the panel has a hash. Who acts with "
		"a key makes weaker ones of the same user only, and what is not given is that key's; they "
		"go when it goes. A JSON line has \"username\" and the options' names as members, as "
		"{\"username\":\"alice\",\"verbs\":[\"site:list\"]}."},
	{"key-check", cli_key_check, "", 0, 0, {NULL}, CLI_MUTATES | CLI_ROWS | CLI_ONE,
		cli_key_check_opts, NULL, cli_key_cols, NULL, "key:check",
		"say whether a token is good, and whose it is",
		"The token is read from standard input. That it was used is noted. The exit status is 5 "
		"when it is not good, whatever the reason."},
	{"key-remove", cli_key_remove, "KEY|-", 1, 1, {"key"}, CHANGES | CLI_IF_EXISTS, NULL,
		cli_key_result_cols, NULL, NULL, "key:remove",
		"remove an API key, and those that it has made", NULL},
	{"login", cli_login, "USER|-", 1, 1, {"user"},
		CLI_MUTATES | CLI_STDIN | CLI_ROWS | CLI_ONE,
		cli_login_opts, cli_login_cols, NULL, NULL, "user:login",
		"begin a session of a user who knows the password",
		"The password is read as passwd does. Who has a second factor is asked for a code, too, or for "
		"a recovery code: on the terminal, or by the second line of standard input. After five failures for one name, or twenty from one "
		"address, each further one has to wait, up to 15 minutes; the exit status is then 6. A wrong "
		"name and a wrong password are answered alike. A JSON line is as {\"username\":\"alice\",\"password\":\"…\",\"code\":\"123456\"}."},
	{"session-list", cli_session_list, "[USER]", 0, 1, {"user"},
		CLI_ROWS | CLI_LIST, NULL, NULL,
		cli_session_cols, NULL, "session:list", "list sessions, of a user or all", NULL},
	{"session-check", cli_session_check, "", 0, 0, {NULL}, CLI_MUTATES | CLI_ROWS | CLI_ONE,
		cli_session_check_opts, NULL, cli_session_cols, NULL, "session:check",
		"say whether a session goes on, and whose it is",
		"Its token is read from standard input. That it was used is noted. The exit status is 5 "
		"when it is over, whatever the reason."},
	{"session-revoke", cli_session_revoke, "SESSION|-", 1, 1, {""}, CHANGES | CLI_IF_EXISTS,
		NULL, cli_session_result_cols, NULL, NULL, "session:revoke", "end a session", NULL},
	{0},
};

const struct cli_program cli_hp_user = {"hp-user", verbs};
