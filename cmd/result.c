/* The row that a verb prints for each object it was asked to change. */
#include "cmd/apply.h"
#include "base/str.h"

enum { C_OBJECT, C_ACTION, C_CHANGED, C_RESULT, C_NODE, C_GENERATION, C_EXIT, C_MESSAGE, C_HINT,
	C_FIELD, C_DIFF };

#define RESULT_COLS(object, help)                                                                  \
	{object, HP_COL_STR, help, false},                                                         \
	{"action", HP_COL_STR, "what was asked for: add, set, remove …", false},                   \
	{"changed", HP_COL_BOOL, "did anything change?", false},                                   \
	{"result", HP_COL_STR, "applied, partial, recorded, unchanged, dry-run, failed", false},   \
	{"node", HP_COL_STR, "node that it concerns", true},                                       \
	{"generation", HP_COL_INT, "of the node's state that has the change", true},               \
	{"exit", HP_COL_INT, "exit status of this one", true},                                     \
	{"message", HP_COL_STR, "why, where there is something to say", false},                    \
	{"hint", HP_COL_STR, "what to do next", true},                                             \
	{"field", HP_COL_STR, "the setting or member that was refused, where it was one", true}
#define END {NULL, HP_COL_STR, NULL, false}

const struct hp_col cli_site_result_cols[] = {RESULT_COLS("domain", "name of the website"),
	{"diff", HP_COL_STR, "with --diff: what would change in its files, a unified diff", true},
	END};
const struct hp_col cli_tenant_result_cols[] = {
	RESULT_COLS("subdomain", "short name of the tenant"), END};
const struct hp_col cli_user_result_cols[] = {RESULT_COLS("username", "name of the user"), END};
const struct hp_col cli_key_result_cols[] = {RESULT_COLS("key", "name of the API key"), END};
const struct hp_col cli_session_result_cols[] = {
	RESULT_COLS("session", "name of the session"), END};
const struct hp_col cli_undo_result_cols[] = {
	RESULT_COLS("object", "name of what it was about"), END};
const struct hp_col cli_db_result_cols[] = {
	RESULT_COLS("database", "URL of the database, without password"), END};

int cli_result(struct cli *c, const struct cli_result *r, struct hp_err *err)
{
	struct hp_out *o;

	if (c->unheard || (c->quiet && c->out_opts.mode == HP_OUT_TABLE))
		return 0;
	if (cli_out(c, err) < 0)
		return err->code;
	o = c->out;
	hp_out_str(o, C_OBJECT, r->object);
	hp_out_str(o, C_ACTION, r->action);
	hp_out_bool(o, C_CHANGED, r->changed);
	hp_out_str(o, C_RESULT, r->result);
	if (r->node)
		hp_out_str(o, C_NODE, r->node);
	if (r->generation > 0)
		hp_out_i64(o, C_GENERATION, r->generation);
	hp_out_i64(o, C_EXIT, hp_exit_status(r->code));
	if (r->message && *r->message)
		hp_out_str(o, C_MESSAGE, r->message);
	if (r->hint && *r->hint)
		hp_out_str(o, C_HINT, r->hint);
	if (r->diff)
		hp_out_str(o, C_DIFF, r->diff);
	if (r->field && *r->field)
		hp_out_str(o, C_FIELD, r->field);
	if (hp_out_row(o, err) < 0 && cli_reader_is_gone()) {
		/* the change is made; that nobody wants to hear of it is no failure of it */
		c->unheard = true;
		hp_err_clear(err);
	}
	return err->code;
}

void cli_result_failed(
	struct cli *c, const char *name, const char *action, const struct hp_err *why)
{
	struct hp_err err = HP_ERR_INIT;
	const struct cli_result row = {.object = hp_str_printable(c->pool, name, 253),
		.action = action,
		.result = "failed",
		.code = why->code,
		.message = why->msg,
		.hint = why->hint,
		.field = why->field};

	if (cli_result(c, &row, &err) < 0)
		cli_print_err(c, &err);
}
