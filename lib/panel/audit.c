#include "base/buf.h"
#include "panel/panel_impl.h"
#include "sys/json.h"

const char *hp_audit_json(struct hp_pool *pool, const struct hp_field_table *t,
	const char *const *v, const char *const *other, const struct hp_strv *aliases)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_jw w;
	size_t i;

	hp_jw_init(&w, &b, false);
	hp_jw_obj(&w, NULL);
	for (i = 0; i < t->n; i++)
		if (other ? !hp_streq(v[i], other[i]) : v[i] != NULL)
			if (t->fields[i].type != HP_F_TIME)
				hp_field_json(&w, &t->fields[i],
					hp_field_shown(pool, &t->fields[i], v[i]));
	if (aliases) {
		hp_jw_arr(&w, "aliases");
		for (i = 0; i < aliases->n; i++)
			hp_jw_str(&w, NULL, aliases->v[i]);
		hp_jw_end(&w, ']');
	}
	hp_jw_end(&w, '}');
	return hp_pstrdup(pool, hp_buf_str(&b));
}

int hp_audit_add(struct hp_panel *p, int64_t tenant, const char *verb, const char *object,
	const char *before, const char *after, const char *note, struct hp_err *err)
{
	const struct hp_audit_entry e = {.tenant = tenant,
		.actor = p->actor.name,
		.source = p->actor.source,
		.verb = verb,
		.object = object,
		.outcome = "ok",
		.before = before,
		.after = after,
		.note = note ? note : p->note};

	return hp_audit_write(p, &e, err);
}

/* The tenant's admin sees the tenant's; others what they did themselves. */
static const char *self(const struct hp_panel *p)
{
	return hp_is_above_users(&p->actor) ? "" : p->actor.name;
}

/* Does he come with a key for some websites? Of others he is told nothing. */
static bool is_narrowed(const struct hp_panel *p)
{
	return p->actor.key && !hp_streq(p->actor.key->v[HP_KEY_SITES], "[]");
}

static bool is_for_key(const struct hp_panel *p, const char *verb, const char *object)
{
	return !is_narrowed(p) || !hp_verb_is_of_site(verb) || !*object ||
		hp_sites_fit(p->actor.key->v[HP_KEY_SITES], object);
}

static int begin_list(struct hp_panel *p, const struct hp_audit_filter *f, struct hp_stmt **ret,
	struct hp_err *err)
{
	enum hp_sql id =
		p->actor.kind == HP_ACTOR_USER ? HP_SQL_AUDIT_LIST : HP_SQL_AUDIT_LIST_ANY;
	int64_t since = 0;

	if (f->since && hp_time_parse(f->since, &since) < 0)
		return hp_err_set(
			err, HP_E_USAGE, "since: a time as 2026-01-31T23:59:59Z is wanted");
	if (hp_db_stmt(p->db, id, ret, err) < 0)
		return err->code;
	if (p->actor.kind == HP_ACTOR_USER)
		hp_stmt_text(*ret, "self", self(p));
	hp_stmt_text(*ret, "object", f->object ? f->object : "");
	hp_stmt_text(*ret, "actor", f->actor ? f->actor : "");
	hp_stmt_text(*ret, "verb", f->verb ? f->verb : "");
	hp_stmt_text(*ret, "outcome", f->outcome ? f->outcome : "");
	hp_stmt_text(*ret, "request", f->request ? f->request : "");
	hp_stmt_time(*ret, "since", since);
	/* what he is not told of does not count */
	hp_stmt_i64(*ret, "limit", f->limit > 0 && !is_narrowed(p) ? f->limit : INT64_MAX);
	return 0;
}

/* Lives as long as the statement's row. */
static void from_row(struct hp_stmt *st, struct hp_audit_row *ret)
{
	*ret = (struct hp_audit_row){
		.id = hp_stmt_get_i64(st, HP_AUDIT_ID),
		.at = hp_stmt_get_text(st, HP_AUDIT_AT),
		.tenant_id = hp_stmt_get_i64(st, HP_AUDIT_TENANT),
		.actor = hp_stmt_get_text(st, HP_AUDIT_ACTOR),
		.source = hp_stmt_get_text(st, HP_AUDIT_SOURCE),
		.verb = hp_stmt_get_text(st, HP_AUDIT_VERB),
		.object = hp_stmt_get_text(st, HP_AUDIT_OBJECT),
		.outcome = hp_stmt_get_text(st, HP_AUDIT_OUTCOME),
		.before = hp_stmt_get_text(st, HP_AUDIT_BEFORE),
		.after = hp_stmt_get_text(st, HP_AUDIT_AFTER),
		.note = hp_stmt_get_text(st, HP_AUDIT_NOTE),
		.request_id = hp_stmt_get_text(st, HP_AUDIT_REQUEST),
	};
}

int hp_audit_get(struct hp_panel *p, int64_t id, struct hp_stmt **ret_st, struct hp_audit_row *ret,
	struct hp_err *err)
{
	bool own = p->actor.kind == HP_ACTOR_USER;
	int r;

	if (hp_db_stmt(p->db, own ? HP_SQL_AUDIT_GET : HP_SQL_AUDIT_GET_ANY, ret_st, err) < 0)
		return err->code;
	if (own)
		hp_stmt_text(*ret_st, "self", self(p));
	hp_stmt_i64(*ret_st, "id", id);
	r = hp_stmt_step(*ret_st, err);
	if (r < 1)
		return r;
	from_row(*ret_st, ret);
	return is_for_key(p, ret->verb, ret->object);
}

int hp_audit_each(struct hp_panel *p, const struct hp_audit_filter *f,
	int (*fn)(void *arg, const struct hp_audit_row *r, struct hp_err *err), void *arg,
	struct hp_err *err)
{
	static const struct hp_audit_filter all;
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	bool own = p->actor.kind == HP_ACTOR_USER;
	struct hp_audit_row row;
	int r;

	if (hp_may_begin(&p->actor, "audit:list", err) < 0 ||
		begin_list(p, f ? f : &all, &st, err) < 0)
		return err->code;
	while ((r = hp_stmt_step(st, err)) == 1) {
		from_row(st, &row);
		if (!is_for_key(p, row.verb, row.object))
			continue;
		row.hash = own ? NULL : hp_stmt_get_text(st, HP_AUDIT_COLS);
		r = fn(arg, &row, err);
		if (r != 0)
			break;
	}
	return r < 0 ? r : 0;
}
