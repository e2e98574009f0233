/* hp-audit: the audit trail. */
#include "cmd/apply.h"
#include "cmd/audit.h"
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
	{"outcome", HP_COL_STR, "ok, or denied: then nothing was done", false},
	{"before", HP_COL_JSON, "what changed, as it was; secrets are masked", true},
	{"after", HP_COL_JSON, "what changed, as it became; secrets are masked", true},
	{"change", HP_COL_STR, "the same in one line, for people", false},
	{"note", HP_COL_STR, "why, where somebody said it", false},
	{"request_id", HP_COL_STR, "what belongs to one request, or one run of a program", true},
	{"hash", HP_COL_STR, "of the entry and of all before it; for the operator", true},
	{NULL, HP_COL_STR, NULL, false},
};
enum {
	C_ID, C_AT, C_ACTOR, C_SOURCE, C_TENANT, C_VERB, C_OBJECT, C_OUTCOME, C_BEFORE, C_AFTER,
	C_CHANGE, C_NOTE, C_REQUEST, C_HASH
};

static const struct hp_opt list_opts[] = {
	{"object", 0, "NAME", "only changes of this object (a domain, a tenant)", 0, "domain"},
	{"actor", 0, "NAME", "only changes by this one", 0, ""},
	{"verb", 0, "VERB", "only this verb, as site:set", 0, ""},
	{"outcome", 0, "OUTCOME", "only what was done, or only what was denied", 0, "=ok|denied"},
	{"request", 0, "ID", "only what belongs to this request", 0, ""},
	{"since", 0, "TIME", "only from this day or time (UTC) on, or \"2h\", \"7d\" ago", 0, ""},
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
	hp_out_str(o, C_OUTCOME, r->outcome);
	if (r->before)
		hp_out_json(o, C_BEFORE, r->before);
	if (r->after)
		hp_out_json(o, C_AFTER, r->after);
	put_change(o, r);
	if (r->note)
		hp_out_str(o, C_NOTE, r->note);
	if (r->request_id)
		hp_out_str(o, C_REQUEST, r->request_id);
	if (r->hash)
		hp_out_str(o, C_HASH, r->hash);
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
		.outcome = cli_opt(c, "outcome"),
		.request = cli_opt(c, "request"),
	};
	const char *from = cli_opt(c, "since");
	const struct hp_out_opts *o = &c->out_opts;

	if (f.outcome && !hp_streq(f.outcome, "ok") && !hp_streq(f.outcome, "denied"))
		return hp_err_set(err, HP_E_USAGE, "--outcome: “%s” is neither ok nor denied",
			hp_str_printable(c->pool, f.outcome, 40));
	/* the database leaves out what is not printed, where nothing but the newest is asked for */
	if (o->limit && !o->sort && !o->match && !o->paged)
		f.limit = (int64_t)(o->offset + o->limit);
	if (from && since(c, from, &f.since, err) < 0)
		return err->code;
	if (cli_panel(c, err) < 0 || cli_out(c, err) < 0)
		return err->code;
	return hp_audit_each(c->panel, &f, put, c, err);
}

/* ---- the chain ---- */
static const struct hp_col head_cols[] = {
	{"entry", HP_COL_INT, "number of the newest entry", false},
	{"hash", HP_COL_STR, "of it and of all before it", false},
	{"first", HP_COL_INT, "number of the first entry of the chain", true},
	{NULL, HP_COL_STR, NULL, false},
};

static int audit_head(struct cli *c, struct hp_err *err)
{
	struct hp_audit_chain chain;

	if (cli_panel(c, err) < 0 || hp_audit_head(c->panel, &chain, err) < 0 ||
		cli_out(c, err) < 0)
		return err->code;
	hp_out_i64(c->out, 0, chain.last);
	hp_out_str(c->out, 1, chain.hash);
	hp_out_i64(c->out, 2, chain.first);
	return hp_out_row(c->out, err);
}

static const struct hp_opt verify_opts[] = {
	{"head", 0, "HASH", "one that \"hp-audit head\" gave at any time, which has to be there", 0,
		""},
	{0},
};

static const struct hp_col finding_cols[] = {
	{"entry", HP_COL_INT, "number of the entry", false},
	{"problem", HP_COL_STR, "changed, missing, inserted, rewritten", false},
	{"detail", HP_COL_STR, "what it is, in words", false},
	{NULL, HP_COL_STR, NULL, false},
};

static int put_finding(void *arg, const struct hp_audit_finding *f, struct hp_err *err)
{
	struct cli *c = arg;

	if (c->quiet && c->out_opts.mode == HP_OUT_TABLE)
		return 0;
	hp_out_i64(c->out, 0, f->id);
	hp_out_str(c->out, 1, f->problem);
	hp_out_str(c->out, 2, f->detail);
	return hp_out_row(c->out, err);
}

static int audit_verify(struct cli *c, struct hp_err *err)
{
	struct hp_audit_chain chain;
	int r;

	if (cli_panel(c, err) < 0 || cli_out(c, err) < 0)
		return err->code;
	r = hp_audit_verify(c->panel, cli_opt(c, "head"), put_finding, c, &chain, err);
	if (r < 0 && r != HP_E_NO)
		return r;
	if (chain.before)
		cli_say(c,
			"%lld entries below %lld are from before the chain: nothing is known of them",
			(long long)chain.before, (long long)chain.first);
	if (r == 0 && chain.entries)
		cli_say(c, "%lld entries, %lld to %lld, are as they were written; the hash is %s",
			(long long)chain.entries, (long long)chain.first, (long long)chain.last,
			chain.hash);
	else if (r == 0)
		cli_say(c, "there is no entry in the chain yet");
	return r;
}

static const struct cli_verb verbs[] = {
	{"list", audit_list, "", 0, 0, {NULL}, CLI_ROWS | CLI_LIST | CLI_NEWEST, list_opts,
		cols, NULL, NULL,
		"audit:list", "list changes and denials, the newest first",
		"They are the newest 100 unless --limit says another number. Every change of a tenant, user or website has an entry, written in the same transaction as "
		"the change itself, and so has every login, and what was denied: to a user what he may not or "
		"what is not there for him, to others a wrong password, key or session. Of denials 10 a "
		"minute of one actor from one address are written down, and 60 of all; how many were left out "
		"is told by an entry audit:left-out."},
	{"head", audit_head, "", 0, 0, {NULL}, CLI_ROWS | CLI_ONE, NULL, head_cols, NULL, NULL,
		"audit:head", "print the hash of the newest entry, to note it elsewhere",
		"Whoever can write the database could make a trail anew from any entry on, hashes and all. A "
		"hash that was noted outside of it is what he can't make."},
	{"verify", audit_verify, "", 0, 0, {NULL}, CLI_ROWS, verify_opts, finding_cols, NULL, NULL,
		"audit:verify", "look whether an entry was changed, put in or taken out",
		"Prints a row for each that is not as it was written, and exits with 1 when there is one."},
	{"undo", cli_audit_undo, "ENTRY", 1, 1, {""}, CLI_MUTATES | CLI_APPLIES | CLI_ROWS,
		cli_undo_opts, cli_undo_result_cols, NULL, NULL, "audit:undo",
		"make something as it was before an entry",
		"It is a change like any other: who undoes must be allowed to make it, it is checked and "
		"carried out as one, and has an entry of its own that says what it undoes. It is refused when "
		"what the entry changed has been changed since; then that has to be undone first.\n\n"
		"Settings, aliases, owners, and whether something is suspended can be undone, of websites, "
		"tenants and users; what was made, websites, tenants, users and keys, is removed, with --yes; "
		"what was removed is made again, but for keys, and users who had a password. A website comes "
		"back with its number and its Unix user; its files have stayed where they were unless they were "
		"purged, and are root's: --force gives them back. What was a secret is masked in the trail, and "
		"so can't be brought back."},
	{0},
};

const struct cli_program cli_hp_audit = {"hp-audit", verbs};
