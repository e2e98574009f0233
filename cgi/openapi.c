/*
 * The API's description, OpenAPI 3.1.0 (https://spec.openapis.org/oas/v3.1.0), out of the table of
 * routes, the programs' tables of verbs and the field tables: what it says is what is done.
 */
#include "cgi/cgi.h"
#include "cmd/cli.h"
#include "base/str.h"
#include "base/version.h"

#define VERSION_3_1 "3.1.0"

static bool is_described(const struct cgi_route *r)
{
	return !(r->flags & CGI_PAGE) &&
		(hp_str_starts(r->path, "/api/v1") || hp_str_starts(r->path, "/health"));
}

/* ---- schemas ---- */
static void put_type(struct hp_jw *w, const char *type, bool nullable)
{
	if (!nullable) {
		hp_jw_str(w, "type", type);
		return;
	}
	hp_jw_arr(w, "type");
	hp_jw_str(w, NULL, type);
	hp_jw_str(w, NULL, "null");
	hp_jw_end(w, ']');
}

static void put_enum(struct cgi *c, struct hp_jw *w, const char *words)
{
	struct hp_strv l = {0};
	size_t i;

	hp_str_split(c->pool, words, "|", &l);
	hp_jw_arr(w, "enum");
	for (i = 0; i < l.n; i++)
		hp_jw_str(w, NULL, l.v[i]);
	hp_jw_end(w, ']');
}

static void put_field(struct cgi *c, struct hp_jw *w, const struct hp_field *f)
{
	bool nullable = f->flags & HP_FF_NULLABLE;

	hp_jw_obj(w, f->name);
	switch (f->type) {
	case HP_F_BOOL: put_type(w, "boolean", nullable); break;
	case HP_F_INT:
		put_type(w, "integer", nullable);
		hp_jw_i64(w, "minimum", f->min);
		hp_jw_i64(w, "maximum", f->max);
		break;
	case HP_F_LIST:
		put_type(w, "array", nullable);
		hp_jw_obj(w, "items");
		hp_jw_str(w, "type", "string");
		hp_jw_end(w, '}');
		break;
	case HP_F_MAP: put_type(w, "object", nullable); break;
	case HP_F_ENUM:
		put_type(w, "string", false);
		put_enum(c, w, f->arg);
		break;
	default: put_type(w, "string", nullable);
	}
	if (f->flags & HP_FF_SECRET)
		hp_jw_bool(w, "writeOnly", true);
	if (f->type == HP_F_TIME)
		hp_jw_str(w, "format", "date-time");
	hp_jw_str(w, "description", f->help);
	hp_jw_end(w, '}');
}

static void put_body(struct cgi *c, struct hp_jw *w, const struct cgi_route *r)
{
	const struct cli_verb *v = cgi_verb(r->program, r->verb);
	unsigned i;

	hp_jw_obj(w, "requestBody");
	hp_jw_bool(w, "required", true);
	hp_jw_obj(w, "content");
	hp_jw_obj(w, "application/json");
	hp_jw_obj(w, "schema");
	hp_jw_str(w, "type", "object");
	hp_jw_obj(w, "properties");
	for (i = 0; v->fields && i < v->fields->n; i++)
		if (cli_field_is_key(v, &v->fields->fields[i]) ||
			hp_streq(v->fields->fields[i].name, r->key))
			put_field(c, w, &v->fields->fields[i]);
	for (i = 0; i < 5; i++)
		hp_jw_end(w, '}');
}

static void put_col(struct hp_jw *w, const struct hp_col *col)
{
	hp_jw_obj(w, col->name);
	switch (col->type) {
	case HP_COL_INT: put_type(w, "integer", true); break;
	case HP_COL_BOOL: put_type(w, "boolean", true); break;
	case HP_COL_STR:
	case HP_COL_SIZE:
	case HP_COL_VERSION: put_type(w, "string", true); break;
	case HP_COL_JSON: break; /* whatever is kept there */
	}
	hp_jw_str(w, "description", col->help);
	hp_jw_end(w, '}');
}

static void put_row(struct cgi *c, struct hp_jw *w, const char *key, const struct cli_verb *v)
{
	const struct hp_col *col = cli_verb_cols(c->pool, v);

	hp_jw_obj(w, key);
	hp_jw_str(w, "type", "object");
	hp_jw_obj(w, "properties");
	for (; col && col->name; col++)
		put_col(w, col);
	hp_jw_end(w, '}');
	hp_jw_end(w, '}');
}

static void put_rows(struct cgi *c, struct hp_jw *w, const char *key, const struct cli_verb *v)
{
	hp_jw_obj(w, key);
	hp_jw_str(w, "type", "array");
	put_row(c, w, "items", v);
	hp_jw_end(w, '}');
}

static void put_page(struct cgi *c, struct hp_jw *w, const struct cli_verb *v)
{
	static const char *const counts[] = {"offset", "limit", "total"};
	size_t i;

	hp_jw_obj(w, "schema");
	hp_jw_str(w, "type", "object");
	hp_jw_obj(w, "properties");
	put_rows(c, w, "rows", v);
	for (i = 0; i < HP_ARRAY_SIZE(counts); i++) {
		hp_jw_obj(w, counts[i]);
		hp_jw_str(w, "type", "integer");
		hp_jw_end(w, '}');
	}
	hp_jw_end(w, '}');
	hp_jw_end(w, '}');
}

static void put_schema(struct cgi *c, struct hp_jw *w, const struct cgi_route *r)
{
	const struct cli_verb *v = cgi_verb(r->program, r->verb);

	if (!v) {
		hp_jw_obj(w, "schema");
		hp_jw_str(w, "type", "object");
		hp_jw_end(w, '}');
	} else if (r->flags & CGI_LIST) {
		put_page(c, w, v);
	} else if (r->flags & CGI_MANY) {
		put_rows(c, w, "schema", v);
	} else {
		put_row(c, w, "schema", v);
	}
}

/* ---- parameters ---- */
static void put_param(
	struct hp_jw *w, const char *in, const char *name, const char *type, const char *help)
{
	hp_jw_obj(w, NULL);
	hp_jw_str(w, "name", name);
	hp_jw_str(w, "in", in);
	if (hp_streq(in, "path"))
		hp_jw_bool(w, "required", true);
	if (help)
		hp_jw_str(w, "description", help);
	hp_jw_obj(w, "schema");
	hp_jw_str(w, "type", type);
	hp_jw_end(w, '}');
	hp_jw_end(w, '}');
}

static void put_of_path(struct cgi *c, struct hp_jw *w, const char *path)
{
	const char *p = path;

	while ((p = strchr(p, '{'))) {
		const char *end = strchr(p, '}');

		put_param(w, "path", hp_pstrndup(c->pool, p + 1, (size_t)(end - p - 1)), "string",
			NULL);
		p = end;
	}
}

static void put_of_query(struct cgi *c, struct hp_jw *w, const struct cgi_route *r)
{
	struct hp_strv l = {0};
	size_t i;

	hp_str_split(c->pool, r->query ? r->query : "", " ", &l);
	for (i = 0; i < l.n; i++)
		put_param(w, "query", hp_pstrndup(c->pool, l.v[i], strcspn(l.v[i], "=")), "string",
			"only rows that have it");
	if (!(r->flags & CGI_LIST))
		return;
	put_param(w, "query", "limit", "integer", "so many rows at most (100, up to 1000)");
	put_param(w, "query", "offset", "integer", "after so many that are left out");
	put_param(w, "query", "sort", "string", "column to sort by, \"-\" in front for descending");
	put_param(w, "query", "q", "string", "only rows with this text in them");
	put_param(w, "query", "fields", "string", "columns, parted by commas");
}

static void put_params(struct cgi *c, struct hp_jw *w, const struct cgi_route *r)
{
	const struct cli_verb *v = cgi_verb(r->program, r->verb);

	hp_jw_arr(w, "parameters");
	put_of_path(c, w, r->path);
	put_of_query(c, w, r);
	if (v && (v->flags & CLI_MUTATES))
		put_param(w, "query", "dry_run", "boolean", "1: check it, change nothing");
	if (v && (v->flags & CLI_IF_REVISION))
		put_param(w, "header", "If-Match", "string",
			"the ETag of what was looked at: 412 when it was changed since");
	hp_jw_end(w, ']');
}

/* ---- one operation ---- */
static void put_answers(struct cgi *c, struct hp_jw *w, const struct cgi_route *r)
{
	hp_jw_obj(w, "responses");
	hp_jw_obj(w, r->flags & CGI_CREATES ? "201" : "200");
	hp_jw_str(w, "description", r->flags & CGI_CREATES ? "made" : "done, or as asked for");
	hp_jw_obj(w, "content");
	hp_jw_obj(w, "application/json");
	put_schema(c, w, r);
	hp_jw_end(w, '}');
	hp_jw_end(w, '}');
	hp_jw_end(w, '}');
	hp_jw_obj(w, "default");
	hp_jw_str(w, "$ref", "#/components/responses/problem");
	hp_jw_end(w, '}');
	hp_jw_end(w, '}');
}

static void put_operation(struct cgi *c, struct hp_jw *w, const struct cgi_route *r)
{
	const struct cli_verb *v = cgi_verb(r->program, r->verb);
	char *method = hp_pstrdup(c->pool, r->method);
	char *id = hp_pprintf(c->pool, "%s%s", method, r->path), *p;

	hp_str_lower(method);
	for (p = id; *p; p++)
		if (strchr("/{}.-", *p))
			*p = '_';
	hp_jw_obj(w, method);
	hp_jw_str(w, "operationId", id);
	hp_jw_str(w, "summary", r->summary ? r->summary : v->summary);
	if (v)
		hp_jw_str(
			w, "description", hp_pprintf(c->pool, "Runs %s %s.", r->program, r->verb));
	put_params(c, w, r);
	if (v && r->operands && hp_streq(r->operands, "-"))
		put_body(c, w, r);
	put_answers(c, w, r);
	if (r->flags & CGI_OPEN) {
		hp_jw_arr(w, "security");
		hp_jw_end(w, ']');
	}
	hp_jw_end(w, '}');
}

/* ---- the whole ---- */
static void put_problem(struct hp_jw *w)
{
	static const struct hp_col members[] = {
		{"type", HP_COL_STR, "a URN that says which kind of problem it is", false},
		{"title", HP_COL_STR, "that in words", false},
		{"status", HP_COL_INT, "the HTTP status", false},
		{"detail", HP_COL_STR, "what failed, on which object, why", false},
		{"exit", HP_COL_INT, "the program's exit status", false},
		{"hint", HP_COL_STR, "what to do next", false},
		{"field", HP_COL_STR, "the member of the body that it is about", false},
		{"request_id", HP_COL_STR, "what the audit trail calls this request", false},
	};
	size_t i;

	hp_jw_obj(w, "responses");
	hp_jw_obj(w, "problem");
	hp_jw_str(w, "description", "it was not done (RFC 9457)");
	hp_jw_obj(w, "content");
	hp_jw_obj(w, "application/problem+json");
	hp_jw_obj(w, "schema");
	hp_jw_str(w, "type", "object");
	hp_jw_obj(w, "properties");
	for (i = 0; i < HP_ARRAY_SIZE(members); i++)
		put_col(w, &members[i]);
	for (i = 0; i < 6; i++)
		hp_jw_end(w, '}');
}

static void put_components(struct hp_jw *w)
{
	hp_jw_obj(w, "components");
	put_problem(w);
	hp_jw_obj(w, "securitySchemes");
	hp_jw_obj(w, "key");
	hp_jw_str(w, "type", "http");
	hp_jw_str(w, "scheme", "bearer");
	hp_jw_str(w, "description", "an API key: hp-user key-add");
	hp_jw_end(w, '}');
	hp_jw_end(w, '}');
	hp_jw_end(w, '}');
	hp_jw_arr(w, "security");
	hp_jw_obj(w, NULL);
	hp_jw_arr(w, "key");
	hp_jw_end(w, ']');
	hp_jw_end(w, '}');
	hp_jw_end(w, ']');
}

/* The methods of one path stand together, where it comes first. */
static void put_path(struct cgi *c, struct hp_jw *w, size_t first)
{
	const char *path = cgi_routes[first].path;
	size_t i;

	for (i = 0; i < first; i++)
		if (hp_streq(cgi_routes[i].path, path))
			return;
	hp_jw_obj(w, path);
	for (i = first; i < cgi_n_routes; i++)
		if (hp_streq(cgi_routes[i].path, path))
			put_operation(c, w, &cgi_routes[i]);
	hp_jw_end(w, '}');
}

void cgi_openapi(struct cgi *c, const struct cgi_route *r HP_UNUSED)
{
	struct hp_jw w;
	size_t i;

	hp_jw_init(&w, &c->ans.body, false);
	hp_jw_obj(&w, NULL);
	hp_jw_str(&w, "openapi", VERSION_3_1);
	hp_jw_obj(&w, "info");
	hp_jw_str(&w, "title", "hosting-panel");
	hp_jw_str(&w, "version", hp_version());
	hp_jw_str(&w, "description", "Each operation runs a program of the panel, as who asks.");
	hp_jw_end(&w, '}');
	hp_jw_arr(&w, "servers");
	hp_jw_obj(&w, NULL);
	hp_jw_str(&w, "url", *c->req.base ? c->req.base : "/");
	hp_jw_end(&w, '}');
	hp_jw_end(&w, ']');
	hp_jw_obj(&w, "paths");
	for (i = 0; i < cgi_n_routes; i++)
		if (is_described(&cgi_routes[i]))
			put_path(c, &w, i);
	hp_jw_end(&w, '}');
	put_components(&w);
	hp_jw_end(&w, '}');
	hp_buf_addc(&c->ans.body, '\n');
	c->ans.status = 200;
	c->ans.type = "application/json";
}
