/* People: their passwords, second factors and keys. What is shown once is shown by these. */
#include "cgi/page.h"
#include "cmd/cli.h"
#include "base/str.h"
#include "sys/qr.h"

/* One JSON line of what the form has under these names, where it is not empty. */
static void make_line(struct cgi *c, struct cgi_run *run, const char *key, const char *value,
	const char *const *names)
{
	struct hp_buf line _cleanup_buf_ = HP_BUF_INIT;
	struct hp_jw w;

	hp_jw_init(&w, &line, false);
	hp_jw_obj(&w, NULL);
	if (value && *value)
		hp_jw_str(&w, key, value);
	for (; *names; names++) {
		const char *v = cgi_param(&c->req.form, *names);

		if (v && *v)
			hp_jw_str(&w, *names, v);
	}
	hp_jw_end(&w, '}');
	hp_buf_addc(&line, '\n');
	run->in_len = line.len;
	run->in = hp_pmemdup(c->pool, line.s, line.len);
	hp_wipe(line.s, line.len);
	hp_strv_add_ref(c->pool, &run->args, "--");
	hp_strv_add_ref(c->pool, &run->args, "-");
}

static bool is_me(const struct cgi *c, const char *username)
{
	return hp_streq(username, c->who.username);
}

/* ---- one user ---- */
static void show_user(
	struct cgi *c, int status, const char *name, const char *error, const char *hint)
{
	struct cgi_run run = {.program = "hp-user", .verb = "show"};
	struct hp_tmap *m = page_data(c, name, is_me(c, name) ? "account" : "users");
	struct cgi_result res;

	hp_strv_add_ref(c->pool, &run.args, "--");
	hp_strv_add_ref(c->pool, &run.args, name);
	if (page_read(c, &run, &res) < 0)
		return;
	page_json(c, m, page_row(&res));
	hp_tmap_bool(m, "is_active", hp_streq(page_member(c, page_row(&res), "status"), "active"));
	hp_tmap_bool(m, "is_me", is_me(c, name));
	page_error(m, error, hint);
	page_show(c, status, "user.html", m);
}

void page_user(struct cgi *c, const struct cgi_route *r HP_UNUSED)
{
	show_user(c, 200, c->var[0] ? c->var[0] : c->who.username, NULL, NULL);
}

void page_passwd(struct cgi *c, const struct cgi_route *r)
{
	static const char *const names[] = {"password", NULL};
	const char *name = c->var[0] ? c->var[0] : c->who.username, *kind, *text;
	const char *one = cgi_param(&c->req.form, "password");
	const char *two = cgi_param(&c->req.form, "again");
	struct cgi_run run = {.program = r->program, .verb = r->verb};
	struct cgi_result res;

	if (!one || !*one || !hp_streq(one, two)) {
		show_user(c, 422, name,
			one && *one ? "the two passwords are not the same" : "a password is wanted",
			NULL);
		return;
	}
	make_line(c, &run, "username", name, names);
	if (page_run(c, &run, &res) < 0)
		return;
	if (cgi_status(res.code) != 200) {
		if (res.code == HP_E_NOT_FOUND || res.code == HP_E_DENIED)
			cgi_problem(c, cgi_status(res.code), res.code, res.msg, res.hint, NULL);
		else
			show_user(c, 422, name, res.msg, res.hint);
		return;
	}
	/* all of his sessions are over, this one with them */
	if (is_me(c, name)) {
		cgi_cookie(c, cgi_cookie_name(c), "", c->req.https, 0);
		cgi_redirect(c, "/login?told=password", true);
		return;
	}
	text = page_outcome(c, &res, &kind);
	page_go(c, hp_pprintf(c->pool, "/users/%s", page_encoded(c, name)), kind, text);
}

/* ---- the second factor, of one's own ---- */
static void show_second(
	struct cgi *c, int status, const char *secret, const char *uri, const char *error)
{
	struct hp_tmap *m = page_data(c, "Second factor", "account");
	struct hp_err ignored = HP_ERR_INIT;
	const char *path = "";
	int side = 0;

	hp_qr_path(c->pool, uri, &side, &path, &ignored);
	hp_tmap_str(m, "secret", secret);
	hp_tmap_str(m, "uri", uri);
	hp_tmap_str(m, "qr", path);
	hp_tmap_i64(m, "side", side);
	page_error(m, error, NULL);
	page_show(c, status, "second.html", m);
}

void page_second(struct cgi *c, const struct cgi_route *r)
{
	struct cgi_run run = {.program = r->program, .verb = r->verb};
	struct cgi_result res;

	hp_strv_add_ref(c->pool, &run.args, "--");
	hp_strv_add_ref(c->pool, &run.args, c->who.username);
	if (page_run(c, &run, &res) < 0)
		return;
	if (res.code) {
		page_go(c, "/account", "warn", res.msg ? res.msg : "it failed");
		return;
	}
	show_second(c, 200, page_member(c, page_row(&res), "secret"),
		page_member(c, page_row(&res), "uri"), NULL);
}

/* Rows of one column, shown this once. */
static void show_once(struct cgi *c, const char *title, const char *text,
	const struct hp_json *rows, const char *member, bool is_over)
{
	struct hp_tmap *m = page_data(c, title, "account");
	const struct hp_json *v;

	hp_tmap_str(m, "text", text);
	hp_tmap_bool(m, "is_over", is_over);
	hp_tmap_list(m, "secrets");
	for (v = rows; v; v = hp_json_next(v))
		hp_tmap_str(hp_tmap_item(m, "secrets"), "secret", page_member(c, v, member));
	page_show(c, 200, "once.html", m);
}

static void show_codes(struct cgi *c, bool is_over)
{
	struct cgi_run run = {.program = "hp-user", .verb = "recovery-codes"};
	struct cgi_result res;
	const struct hp_json *rows;

	hp_strv_add_ref(c->pool, &run.args, "--");
	hp_strv_add_ref(c->pool, &run.args, c->who.username);
	if (page_read(c, &run, &res) < 0)
		return;
	rows = page_rows_of(&res);
	show_once(c, "Recovery codes",
		"Each is good once in the place of a code, for the day when the "
		"authenticator is lost. Keep them where it is not.",
		rows ? hp_json_first(rows) : NULL, "code", is_over);
}

void page_second_confirm(struct cgi *c, const struct cgi_route *r)
{
	const char *secret = page_clean(c, cgi_param(&c->req.form, "secret")),
		   *uri = page_clean(c, cgi_param(&c->req.form, "uri"));
	const char *code = cgi_param(&c->req.form, "code");
	struct cgi_run run = {.program = r->program, .verb = r->verb};
	struct cgi_result res;

	hp_strv_add_ref(c->pool, &run.args, "--");
	hp_strv_add_ref(c->pool, &run.args, c->who.username);
	run.in = hp_pprintf(c->pool, "%s\n", code ? code : "");
	run.in_len = strlen(run.in);
	if (page_run(c, &run, &res) < 0)
		return;
	if (res.code && secret && uri && hp_str_starts(uri, "otpauth://")) {
		show_second(c, 422, secret, uri, res.msg);
	} else if (res.code) {
		page_go(c, "/account", "warn", res.msg ? res.msg : "it failed");
	} else {
		/* sessions that were begun without one are over */
		cgi_cookie(c, cgi_cookie_name(c), "", c->req.https, 0);
		show_codes(c, true);
	}
}

void page_recovery(struct cgi *c, const struct cgi_route *r HP_UNUSED)
{
	show_codes(c, false);
}

/* ---- keys ---- */
/* Every verb that something may be asked for with, as the programs' own tables name them. */
static void put_verbs(struct cgi *c, struct hp_tmap *m)
{
	const struct cli_program *const *p;
	const struct cli_verb *v;
	struct hp_strv seen = {0};
	size_t i;

	for (p = cli_programs; *p; p++)
		for (v = (*p)->verbs; v->name; v++)
			if (v->permission && !hp_strv_has(&seen, v->permission))
				hp_strv_add_ref(c->pool, &seen, v->permission);
	hp_tmap_list(m, "verbs");
	for (i = 0; i < seen.n; i++) {
		struct hp_tmap *item = hp_tmap_item(m, "verbs");
		const char *name = hp_pprintf(c->pool, "verb.%s", seen.v[i]);

		hp_tmap_str(item, "verb", seen.v[i]);
		hp_tmap_str(item, "id", hp_pprintf(c->pool, "v%zu", i));
		hp_tmap_bool(item, "checked", cgi_param(&c->req.form, name) != NULL);
	}
}

static void show_key_form(struct cgi *c, int status, const struct cgi_result *res)
{
	static const char *const names[] = {"username", "name", "sites", "expires", "from"};
	struct hp_tmap *m = page_data(c, "New API key", "keys");
	size_t i;

	put_verbs(c, m);
	for (i = 0; i < HP_ARRAY_SIZE(names); i++)
		hp_tmap_str(m, names[i], page_clean(c, cgi_param(&c->req.form, names[i])));
	hp_tmap_str(m, "bad", res ? res->field : NULL);
	page_error(m, res ? res->msg : NULL, res ? res->hint : NULL);
	page_show(c, status, "key-new.html", m);
}

void page_key_form(struct cgi *c, const struct cgi_route *r HP_UNUSED)
{
	show_key_form(c, 200, NULL);
}

/* The ticks, as one word. */
static const char *ticked(struct cgi *c)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	size_t i;

	for (i = 0; i < c->req.form.n; i++) {
		const char *verb = hp_str_after(c->req.form.v[i].name, "verb.");

		if (verb)
			hp_buf_addf(&b, "%s%s", b.len ? "," : "", verb);
	}
	return hp_pstrdup(c->pool, hp_buf_str(&b));
}

void page_key_add(struct cgi *c, const struct cgi_route *r)
{
	static const char *const names[] = {"username", "name", "sites", "expires", "from", NULL};
	struct cgi_run run = {.program = r->program, .verb = r->verb};
	struct cgi_result res;

	make_line(c, &run, "verbs", ticked(c), names);
	if (page_run(c, &run, &res) < 0)
		return;
	if (res.code)
		show_key_form(c, cgi_status(res.code) == 400 ? 422 : cgi_status(res.code), &res);
	else
		show_once(c, "The key is made",
			"Send it as “Authorization: Bearer …”. It is kept "
			"nowhere and can't be shown again.",
			page_row(&res), "token", false);
}
