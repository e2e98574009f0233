/* A route's program, run as who asks. */
#include "cgi/cgi.h"
#include "cgi/turn.h"
#include "cmd/cli.h"
#include "base/paths.h"
#include "base/str.h"
#include "sys/door.h"
#include "sys/run.h"

#define OUTPUT_MAX (32 << 20)

/* Where this build's own parts are is passed on; the rest of the environment is nobody's business.
 */
static const char *const *environment(struct hp_pool *pool)
{
	static const char *const names[] = {
		"HP_LIBDIR", "HP_LIBEXECDIR", "HP_DATADIR", "HP_LSWS_ROOT", "ASAN_OPTIONS"};
	struct hp_strv l = {0};
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(names); i++) {
		const char *v = secure_getenv(names[i]);

		if (v)
			hp_strv_addf(pool, &l, "%s=%s", names[i], v);
	}
	return l.v;
}

/* "hp-site: example.com: …" and "hint: …": the last of them is what it ended with. */
static void read_errors(
	struct cgi *c, const struct cgi_run *r, const char *errs, struct cgi_result *ret)
{
	const char *prefix = hp_pprintf(c->pool, "%s: ", r->program);
	struct hp_strv lines = {0};
	size_t i;

	hp_str_split(c->pool, errs, "\n", &lines);
	for (i = 0; i < lines.n; i++) {
		const char *msg = hp_str_after(lines.v[i], prefix);
		const char *hint = hp_str_after(lines.v[i], "hint: ");

		if (msg) {
			ret->msg = msg;
			ret->hint = NULL;
		} else if (hint && ret->msg) {
			ret->hint = hint;
		}
	}
}

static const char *member(const struct hp_json *row, const char *name)
{
	const struct hp_json *v = hp_json_get(row, name);

	return v ? hp_json_str(v) : NULL;
}

/* Of one object, what became of it stands in its row. */
static void read_row(struct cgi_result *ret)
{
	const struct hp_json *row = ret->json, *v;
	int64_t status;

	if (row && hp_json_type(row) == HP_JSON_ARRAY) {
		row = hp_json_first(row);
		if (!row || hp_json_next(row))
			return;
	}
	if (!row || hp_json_type(row) != HP_JSON_OBJECT)
		return;
	v = hp_json_get(row, "exit");
	if (!v || hp_json_i64(v, &status) < 0 || status <= 0 || status > 255)
		return;
	ret->code = -(int)status;
	ret->msg = member(row, "message");
	ret->hint = member(row, "hint");
	ret->field = member(row, "field");
}

const struct cli_verb *cgi_verb(const char *program, const char *verb)
{
	const struct cli_verb *v =
		program ? cli_verb_find(cli_program_find(program), verb) : NULL;

	HP_BUG_ON(program && !v);
	return v;
}

bool cgi_has_option(const struct cgi_run *r, const char *option)
{
	const struct hp_opt *tables[CLI_TABLES], *o;
	size_t i;

	cli_opt_tables(cgi_verb(r->program, r->verb), tables);
	for (i = 0; tables[i]; i++)
		for (o = tables[i]; o->name; o++)
			if (hp_streq(o->name, option))
				return true;
	return false;
}

/* What is root's on this host; below a sysroot all is ours. */
static bool is_behind_door(const struct cgi *c, const struct cli_verb *v)
{
	return (v->flags & CLI_DOOR) && geteuid() != 0 && !*c->server->sysroot;
}

/* What broke inside is the log's business: it names files and statements. */
static void hide(struct cgi *c, struct cgi_result *res)
{
	fprintf(stderr, "hp-cgi: %s: %s\n", c->req.id, res->msg ? res->msg : "");
	res->msg = "something broke inside";
	res->hint = hp_pprintf(
		c->pool, "the panel's log has more, with the request's id %s", c->req.id);
	res->field = NULL;
}

int cgi_run(struct cgi *c, const struct cgi_run *r, struct cgi_result *ret, struct hp_err *err)
{
	const struct cli_verb *v = cgi_verb(r->program, r->verb);
	struct hp_strv argv = {0};
	struct hp_buf *out = hp_palloc(c->pool, sizeof(*out));
	struct hp_buf errs _cleanup_buf_ = HP_BUF_INIT;
	struct hp_run run = {
		.env = environment(c->pool),
		.in = r->in,
		.in_len = r->in_len,
		.out = out,
		.errs = &errs,
		.max_out = OUTPUT_MAX,
		.timeout_ms = c->server->timeout_ms,
	};
	struct hp_err parse = HP_ERR_INIT;
	struct cgi_turns *turns;
	size_t i;
	int status;

	memset(ret, 0, sizeof(*ret));
	hp_strv_addf(c->pool, &argv, "%s/%s", hp_bindir(), r->program);
	hp_strv_add_ref(c->pool, &argv, r->verb);
	if (*c->server->sysroot)
		hp_strv_addf(c->pool, &argv, "--sysroot=%s", c->server->sysroot);
	if (v->flags & CLI_ROWS)
		hp_strv_add_ref(c->pool, &argv, "--json");
	hp_strv_addf(c->pool, &argv, "--as=%s", c->who.as);
	hp_strv_addf(c->pool, &argv, "--request-id=%s", c->req.id);
	for (i = 0; i < r->args.n; i++)
		hp_strv_add_ref(c->pool, &argv, r->args.v[i]);
	run.argv = argv.v;
	/* what changes something takes its time, and has its own order */
	turns = v->flags & CLI_MUTATES ? NULL : c->server->turns;
	cgi_turn_take(turns, c->server->worker);
	status = is_behind_door(c, v) ? hp_door_run(&run, err) : hp_run(&run, err);
	cgi_turn_give(turns, c->server->worker);
	/* the pool's end is the request's: the bytes go there, the buffer goes */
	ret->out_len = out->len;
	ret->out = hp_pstrndup(c->pool, hp_buf_str(out), out->len);
	if (out->s)
		hp_wipe(out->s, out->len);
	hp_buf_release(out);
	if (status < 0)
		return status;
	ret->code = -status;
	if (status != 0)
		read_errors(c, r, hp_buf_str(&errs), ret);
	/* of a list that was read, the bytes will do */
	if ((v->flags & CLI_ROWS) && ret->out_len &&
		(status != 0 || (v->flags & (CLI_MUTATES | CLI_ONE)))) {
		if (hp_json_parse(ret->out, ret->out_len, &ret->json, &parse) == 0)
			read_row(ret);
		cgi_keep(c, ret->json);
	}
	/* a question is answered by no, too; what was to be done, and can't be, is not done */
	if (ret->code == HP_E_NO && !(v->flags & CLI_MUTATES))
		ret->code = 0;
	if (cgi_status(ret->code) == 500)
		hide(c, ret);
	return 0;
}

void cgi_operands(struct cgi *c, const struct cgi_route *r, struct cgi_run *run)
{
	struct hp_strv l = {0};
	size_t i;

	hp_str_split(c->pool, r->operands ? r->operands : "", " ", &l);
	if (l.n)
		hp_strv_add_ref(c->pool, &run->args, "--");
	for (i = 0; i < l.n; i++) {
		const char *word = l.v[i];

		if (*word == '{')
			word = c->var[word[1] - '1'];
		else if (hp_streq(word, "@me"))
			word = c->who.username;
		else if (*word == '=')
			word = cgi_param(&c->req.form, word + 1);
		hp_strv_add_ref(c->pool, &run->args, word ? word : "");
	}
}
