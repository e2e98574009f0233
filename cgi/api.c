/* The REST API: a route's program runs, and its JSON is the answer. */
#include "cgi/cgi.h"
#include "cmd/cli.h"
#include "base/str.h"

#define PAGE_ROWS 100
#define PAGE_ROWS_MAX 1000

void cgi_keep(struct cgi *c, struct hp_json *doc)
{
	if (!doc)
		return;
	HP_BUG_ON(c->n_docs == HP_ARRAY_SIZE(c->docs));
	c->docs[c->n_docs++] = doc;
}

/* ---- the body, as one JSON line ---- */
static int not_json(struct cgi *c)
{
	cgi_problem(c, 415, HP_E_USAGE, "the body is not application/json",
		"send Content-Type: application/json", NULL);
	return -1;
}

/* What the path names stands in front; the body may name the same again, and nothing else. */
static int make_line(struct cgi *c, const struct cgi_route *r, struct cgi_run *run)
{
	struct hp_buf line _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	struct hp_json *doc = NULL;
	const struct hp_json *m;
	struct hp_jw w;

	if (c->req.body_len && c->req.type != CGI_JSON)
		return not_json(c);
	if (c->req.body_len && hp_json_parse(c->req.body, c->req.body_len, &doc, &err) < 0) {
		cgi_problem_err(c, &err);
		return -1;
	}
	cgi_keep(c, doc);
	if (doc && hp_json_type(doc) != HP_JSON_OBJECT) {
		cgi_problem(c, 400, HP_E_USAGE, "the body is not a JSON object", NULL, NULL);
		return -1;
	}
	hp_jw_init(&w, &line, false);
	hp_jw_obj(&w, NULL);
	if (r->key && c->var[0])
		hp_jw_str(&w, r->key, c->var[0]);
	for (m = doc ? hp_json_first(doc) : NULL; m; m = hp_json_next(m)) {
		const char *name = hp_json_key(m);

		if (!r->key || !c->var[0] || !hp_streq(name, r->key)) {
			hp_jw_value(&w, name, m);
		} else if (!hp_streq(hp_json_str(m), c->var[0])) {
			cgi_problem(c, 400, HP_E_USAGE,
				hp_pprintf(c->pool, "%s: the path names another one", name), NULL,
				name);
			return -1;
		}
	}
	hp_jw_end(&w, '}');
	hp_buf_addc(&line, '\n');
	run->in = hp_pmemdup(c->pool, line.s, line.len);
	run->in_len = line.len;
	return 0;
}

/* ---- the query, as options ---- */
static int bad_query(struct cgi *c, const char *name, const char *why)
{
	cgi_problem(c, 400, HP_E_USAGE,
		hp_pprintf(c->pool, "%s: %s", hp_str_printable(c->pool, name, 60), why), NULL,
		name);
	return -1;
}

/* "php_version=--php": the option that the query's name stands for, or NULL. */
static const char *option_of(struct cgi *c, const struct cgi_route *r, const char *name)
{
	struct hp_strv l = {0};
	size_t i;

	hp_str_split(c->pool, r->query ? r->query : "", " ", &l);
	for (i = 0; i < l.n; i++) {
		const char *opt = hp_str_after(l.v[i], name);

		if (opt && *opt == '=')
			return opt + 1;
	}
	return NULL;
}

static bool is_count(const char *v, int64_t max)
{
	int64_t n;

	return hp_parse_i64(v, 0, max, &n) == 0;
}

static int take_page(struct cgi *c, struct cgi_run *run)
{
	const char *limit = cgi_param(&c->req.query, "limit");
	const char *offset = cgi_param(&c->req.query, "offset");

	if (limit && !is_count(limit, PAGE_ROWS_MAX))
		return bad_query(c, "limit", "a number from 0 to 1000 is wanted");
	if (offset && !is_count(offset, INT32_MAX))
		return bad_query(c, "offset", "a number is wanted");
	hp_strv_add_ref(c->pool, &run->args, "--paged");
	hp_strv_addf(c->pool, &run->args, "--limit=%s",
		limit ? limit : hp_pprintf(c->pool, "%d", PAGE_ROWS));
	if (offset)
		hp_strv_addf(c->pool, &run->args, "--offset=%s", offset);
	return 0;
}

static int take_query(
	struct cgi *c, const struct cgi_route *r, const struct cli_verb *v, struct cgi_run *run)
{
	static const char *const of_lists[][2] = {
		{"sort", "--sort"}, {"q", "--match"}, {"fields", "--columns"}};
	size_t i, j;

	if ((r->flags & CGI_LIST) && take_page(c, run) < 0)
		return -1;
	for (i = 0; i < c->req.query.n; i++) {
		const struct cgi_param *q = &c->req.query.v[i];
		const char *opt = option_of(c, r, q->name);
		bool yes;

		for (j = 0; !opt && (r->flags & CGI_LIST) && j < HP_ARRAY_SIZE(of_lists); j++)
			if (hp_streq(q->name, of_lists[j][0]))
				opt = of_lists[j][1];
		if (opt) {
			hp_strv_addf(c->pool, &run->args, "%s=%s", opt, q->value);
		} else if (hp_streq(q->name, "dry_run") && (v->flags & CLI_MUTATES)) {
			if (hp_parse_bool(q->value, &yes) < 0)
				return bad_query(c, q->name, "1 or 0 is wanted");
			if (yes)
				hp_strv_add_ref(c->pool, &run->args, "--dry-run");
		} else if (!(r->flags & CGI_LIST) ||
			(!hp_streq(q->name, "limit") && !hp_streq(q->name, "offset"))) {
			return bad_query(c, q->name, "there is no such parameter");
		}
	}
	return 0;
}

/* ---- the run ---- */
static int take_operands(struct cgi *c, const struct cgi_route *r, struct cgi_run *run)
{
	if (hp_streq(r->operands, "-") && make_line(c, r, run) < 0)
		return -1;
	cgi_operands(c, r, run);
	if (c->req.body_len && !run->in) {
		cgi_problem(c, 400, HP_E_USAGE, "no body is wanted", NULL, NULL);
		return -1;
	}
	return 0;
}

/* RFC 9110 §13.1.1; of several tags none can be told to the program. */
static int take_match(struct cgi *c, const struct cli_verb *v, struct cgi_run *run)
{
	const char *tag = c->req.if_match;
	size_t n = tag ? strlen(tag) : 0;

	if (!tag || hp_streq(tag, "*") || !(v->flags & CLI_MUTATES))
		return 0;
	if (n < 3 || tag[0] != '"' || tag[n - 1] != '"' || memchr(tag + 1, '"', n - 2) != NULL) {
		cgi_problem(c, 412, HP_E_EXISTS, "If-Match: one strong entity tag is wanted", NULL,
			NULL);
		return -1;
	}
	/* a tag that what has none can't have */
	if (!cgi_has_option(run, "if-revision")) {
		cgi_problem(c, 412, HP_E_EXISTS, "If-Match: there is no entity tag of this",
			"leave it away", NULL);
		return -1;
	}
	hp_strv_addf(c->pool, &run->args, "--if-revision=%.*s", (int)(n - 2), tag + 1);
	return 0;
}

static const char *text_of(const struct hp_json *row, const char *name)
{
	const struct hp_json *v = row ? hp_json_get(row, name) : NULL;

	return v ? hp_json_str(v) : NULL;
}

/* The one object that it is about, out of an array of it, too. */
static const struct hp_json *only(const struct hp_json *doc)
{
	if (doc && hp_json_type(doc) == HP_JSON_ARRAY) {
		const struct hp_json *first = hp_json_first(doc);

		return first && !hp_json_next(first) ? first : NULL;
	}
	return doc && hp_json_type(doc) == HP_JSON_OBJECT ? doc : NULL;
}

static void put_failure(struct cgi *c, const struct cgi_result *res)
{
	int status = cgi_status(res->code);

	if (c->req.if_match && res->code == HP_E_EXISTS && hp_streq(res->field, "if_revision"))
		status = 412;
	if (status == 503)
		cgi_header(c, "Retry-After", "5");
	cgi_problem(c, status, res->code, res->msg, res->hint, res->field);
}

/* A tag of what was read, so that it can be changed on condition that it is still so. */
static bool put_etag(struct cgi *c, const struct hp_json *row)
{
	const char *revision = text_of(row, "revision"), *have = c->req.if_none_match;
	const char *tag;

	if (!revision || !hp_streq(c->req.method, "GET"))
		return false;
	tag = hp_pprintf(c->pool, "\"%s\"", revision);
	cgi_header(c, "ETag", tag);
	if (!have || !strstr(have, tag))
		return false;
	c->ans.status = 304;
	c->ans.type = NULL;
	return true;
}

static void put_success(struct cgi *c, const struct cgi_route *r, const struct cgi_result *res)
{
	const struct hp_json *row = r->flags & (CGI_LIST | CGI_MANY) ? NULL : only(res->json);
	const char *name = r->key ? text_of(row, r->key) : NULL;
	struct hp_jw w;

	c->ans.status = 200;
	if (put_etag(c, row))
		return;
	if (!res->out_len) {
		c->ans.status = 204;
		return;
	}
	c->ans.type = "application/json";
	if (!row) {
		hp_buf_add(&c->ans.body, res->out, res->out_len);
	} else {
		hp_jw_init(&w, &c->ans.body, false);
		hp_jw_value(&w, NULL, row);
		hp_buf_addc(&c->ans.body, '\n');
	}
	if (!(r->flags & CGI_CREATES) || cgi_param(&c->req.query, "dry_run"))
		return;
	c->ans.status = 201;
	if (name)
		cgi_header(
			c, "Location", hp_pprintf(c->pool, "%s%s/%s", c->req.base, r->path, name));
}

static bool has_revision(struct cgi *c, const struct cli_verb *v)
{
	const struct hp_col *col = cli_verb_cols(c->pool, v);

	for (; col && col->name; col++)
		if (hp_streq(col->name, "revision"))
			return true;
	return false;
}

static void run_route(struct cgi *c, const struct cgi_route *r, const struct cli_verb *v)
{
	struct cgi_run run = {.program = r->program, .verb = r->verb};
	struct hp_err err = HP_ERR_INIT;
	struct cgi_result res;

	/* what was looked at can be changed on condition that it is still so */
	if ((v->flags & CLI_ONE) && has_revision(c, v))
		hp_strv_add_ref(c->pool, &run.args, "--columns=+revision");
	/* who sends it has said so; that people do not by mistake is the forms' business */
	if (cgi_has_option(&run, "yes"))
		hp_strv_add_ref(c->pool, &run.args, "--yes");
	if (take_query(c, r, v, &run) < 0 || take_match(c, v, &run) < 0 ||
		take_operands(c, r, &run) < 0)
		return;
	if (cgi_run(c, &run, &res, &err) < 0) {
		fprintf(stderr, "hp-cgi: %s: %s\n", c->req.id, err.msg);
		cgi_problem_err(c, &err);
	} else if (cgi_status(res.code) == 200) {
		put_success(c, r, &res);
	} else {
		put_failure(c, &res);
	}
}

/* ---- Idempotency-Key ---- */
#define KEY_MAX 255

/*
 * What the client calls the request, and all that makes it this one. A body may have a password in
 * it, and its digest is kept: what stands in front is nobody's who reads the database, so that
 * nothing can be tried against it.
 */
static struct hp_repeat repeat_of(struct cgi *c)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	size_t i;

	hp_buf_addf(&b, "%s\n%s\n%s %s", c->req.authorization ? c->req.authorization : "",
		c->req.idempotency_key, c->req.method, c->req.path);
	for (i = 0; i < c->req.query.n; i++)
		hp_buf_addf(&b, "%c%s=%s", i ? '&' : '?', c->req.query.v[i].name,
			c->req.query.v[i].value);
	hp_buf_addf(&b, "\n%s\n", c->req.if_match ? c->req.if_match : "");
	hp_buf_add(&b, c->req.body, c->req.body_len);
	return (struct hp_repeat){.user_id = c->who.user_id,
		/* another key of the user's may do less: it is not told what this one was */
		.key = hp_pprintf(c->pool, "%.*s %s", (int)strcspn(c->who.as, "@"), c->who.as,
			c->req.idempotency_key),
		.request = hp_pmemdup(c->pool, b.s, b.len),
		.request_len = b.len};
}

static void answer_again(struct cgi *c, const struct hp_repeat *x)
{
	cgi_header(c, "Idempotency-Replayed", "true");
	if (!x->body) {
		cgi_problem(c, 409, HP_E_EXISTS,
			"it was done already, and what it was answered with was shown once", NULL,
			NULL);
		return;
	}
	c->ans.status = x->status;
	c->ans.type = x->status < 300 ? "application/json" : "application/problem+json";
	hp_buf_adds(&c->ans.body, x->body);
}

/* What failed for no fault of the request's, or before it was begun, is tried again. */
static bool is_final(int status)
{
	return status < 500 && status != 401 && status != 403 && status != 429;
}

static void run_once(struct cgi *c, const struct cgi_route *r, const struct cli_verb *v)
{
	struct hp_repeat x = repeat_of(c);
	struct hp_err err = HP_ERR_INIT;
	int rc;

	if (strlen(c->req.idempotency_key) > KEY_MAX) {
		cgi_problem(c, 400, HP_E_USAGE, "Idempotency-Key: it is too long", NULL, NULL);
		return;
	}
	rc = hp_repeat_begin(c->server->panel, c->pool, &x, &err);
	if (rc == 0) {
		answer_again(c, &x);
	} else if (rc < 0) {
		cgi_problem(c,
			rc == HP_E_EXISTS         ? 422
				: rc == HP_E_BUSY ? 409
						  : 503,
			rc, err.msg, NULL, NULL);
	} else {
		run_route(c, r, v);
		x.status = is_final(c->ans.status) ? c->ans.status : 0;
		x.body = r->flags & CGI_SECRET && c->ans.status < 300 ? NULL
								      : hp_buf_str(&c->ans.body);
		if (hp_repeat_end(c->server->panel, &x, &err) < 0)
			fprintf(stderr, "hp-cgi: %s: %s\n", c->req.id, err.msg);
	}
}

void cgi_api(struct cgi *c, const struct cgi_route *r)
{
	const struct cli_verb *v = cgi_verb(r->program, r->verb);

	if (c->req.idempotency_key && (v->flags & CLI_MUTATES))
		run_once(c, r, v);
	else
		run_route(c, r, v);
}
