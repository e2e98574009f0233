/* hp-audit: the audit trail. */
#include "cmd/cli.h"
#include "base/str.h"
#include "sys/json.h"

static const struct hp_col cols[] = {
	{"id", HP_COL_INT, "number of the entry", true},
	{"at", HP_COL_STR, "when, UTC", false},
	{"actor", HP_COL_STR, "who", false},
	{"source", HP_COL_STR, "from where: an address, or shell", true},
	{"tenant_id", HP_COL_INT, "number of the tenant that it concerns", true},
	{"verb", HP_COL_STR, "what was done", false},
	{"object", HP_COL_STR, "to which object", false},
	{"before", HP_COL_JSON, "what changed, as it was; secrets are masked", true},
	{"after", HP_COL_JSON, "what changed, as it became; secrets are masked", true},
	{"change", HP_COL_STR, "the same in one line, for people", false},
	{"note", HP_COL_STR, "why, where somebody said it", false},
	{NULL, HP_COL_STR, NULL, false},
};
enum {
	C_ID, C_AT, C_ACTOR, C_SOURCE, C_TENANT, C_VERB, C_OBJECT, C_BEFORE, C_AFTER, C_CHANGE,
	C_NOTE
};

static const struct hp_opt list_opts[] = {
	{"object", 0, "NAME", "only changes of this object (a domain, a tenant)", 0, "domain"},
	{"actor", 0, "NAME", "only changes by this one", 0, ""},
	{"verb", 0, "VERB", "only this verb, as site:set", 0, ""},
	{"since", 0, "TIME", "only from this day or time (UTC) on, or \"2h\", \"7d\" ago", 0, ""},
	{"limit", 'l', "N", "at most the newest N; 0 for all (100)", 0, ""},
	{0},
};

static void value(struct hp_buf *b, const struct hp_json *v)
{
	struct hp_jw w;

	if (v && hp_json_str(v)) {
		hp_buf_adds(b, hp_json_str(v));
		return;
	}
	hp_jw_init(&w, b, false);
	if (v)
		hp_jw_value(&w, NULL, v);
	else
		hp_jw_null(&w, NULL);
}

/*
 * "php_version: 8.1 -> 8.2, …" of an entry that has both sides; what was made or removed is its
 * name.
 */
static void put_change(struct hp_out *o, const struct hp_audit_row *r)
{
	struct hp_json *before _cleanup_json_ = NULL, *after _cleanup_json_ = NULL;
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	const struct hp_json *m;

	if (!r->before || !r->after || !hp_out_wants(o, C_CHANGE) ||
		hp_json_parse(r->before, strlen(r->before), &before, &err) < 0 ||
		hp_json_parse(r->after, strlen(r->after), &after, &err) < 0)
		return;
	for (m = hp_json_first(after); m; m = hp_json_next(m)) {
		hp_buf_addf(&b, "%s%s: ", b.len ? ", " : "", hp_json_key(m));
		value(&b, hp_json_get(before, hp_json_key(m)));
		hp_buf_adds(&b, " -> ");
		value(&b, m);
	}
	hp_out_str(o, C_CHANGE, hp_buf_str(&b));
}

static int put(void *arg, const struct hp_audit_row *r, struct hp_err *err)
{
	struct hp_out *o = ((struct cli *)arg)->out;

	hp_out_i64(o, C_ID, r->id);
	hp_out_str(o, C_AT, r->at);
	hp_out_str(o, C_ACTOR, r->actor);
	hp_out_str(o, C_SOURCE, r->source);
	if (r->tenant_id)
		hp_out_i64(o, C_TENANT, r->tenant_id);
	hp_out_str(o, C_VERB, r->verb);
	hp_out_str(o, C_OBJECT, r->object);
	if (r->before)
		hp_out_json(o, C_BEFORE, r->before);
	if (r->after)
		hp_out_json(o, C_AFTER, r->after);
	put_change(o, r);
	if (r->note)
		hp_out_str(o, C_NOTE, r->note);
	return hp_out_row(o, err);
}

/* "2h" ago or a point in time, as the panel takes it. */
static int since(struct cli *c, const char *value, const char **ret, struct hp_err *err)
{
	char text[21];
	uint64_t ago;
	int64_t t;

	if (hp_parse_duration(value, (uint64_t)INT32_MAX, &ago) == 0)
		t = (int64_t)time(NULL) - (int64_t)ago;
	else if (hp_time_parse(value, &t) < 0 &&
		hp_time_parse(hp_pprintf(c->pool, "%s 00:00:00", value), &t) < 0 &&
		hp_time_parse(hp_pprintf(c->pool, "%s:00Z", value), &t) < 0 &&
		hp_time_parse(hp_pprintf(c->pool, "%sZ", value), &t) < 0)
		return hp_err_set(err, HP_E_USAGE,
			"--since: “%s” is neither a day or time (UTC) as 2026-01-31 or "
			"2026-01-31T08:00:00Z nor an age as 2h or 7d",
			hp_str_printable(c->pool, value, 60));
	hp_time_format(t, text);
	*ret = hp_pstrdup(c->pool, text);
	return 0;
}

static int audit_list(struct cli *c, struct hp_err *err)
{
	struct hp_audit_filter f = {
		.object = cli_opt(c, "object"),
		.actor = cli_opt(c, "actor"),
		.verb = cli_opt(c, "verb"),
		.limit = 100,
	};
	const char *limit = cli_opt(c, "limit"), *from = cli_opt(c, "since");

	if (limit && hp_parse_i64(limit, 0, INT32_MAX, &f.limit) < 0)
		return hp_err_set(err, HP_E_USAGE, "--limit: “%s” is not a number of entries",
			hp_str_printable(c->pool, limit, 40));
	if (from && since(c, from, &f.since, err) < 0)
		return err->code;
	if (cli_panel(c, err) < 0 || cli_out(c, err) < 0)
		return err->code;
	return hp_audit_each(c->panel, &f, put, c, err);
}

static const struct cli_verb verbs[] = {
	{"list", audit_list, "", 0, 0, {NULL}, CLI_ROWS, list_opts, cols, NULL, NULL, "audit:list",
		"list changes, the newest first",
		"Every change of a tenant or website has an entry, written in the same transaction as the "
		"change itself."},
	{0},
};

const struct cli_program cli_hp_audit = {"hp-audit", verbs};
