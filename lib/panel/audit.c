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
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (hp_db_stmt(p->db, HP_SQL_AUDIT_ADD, &st, err) < 0)
		return err->code;
	if (tenant)
		hp_stmt_i64(st, "tenant_id", tenant);
	else
		hp_stmt_null(st, "tenant_id");
	hp_stmt_text(st, "actor", p->actor.name);
	hp_stmt_text(st, "source", p->actor.source);
	hp_stmt_text(st, "verb", verb);
	hp_stmt_text(st, "object", object);
	hp_stmt_text(st, "before", before);
	hp_stmt_text(st, "after", after);
	hp_stmt_text(st, "note", note);
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
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
	/* the tenant's admin sees the tenant's; others what they did themselves */
	if (p->actor.kind == HP_ACTOR_USER)
		hp_stmt_text(*ret, "self", hp_is_above_users(&p->actor) ? "" : p->actor.name);
	hp_stmt_text(*ret, "object", f->object ? f->object : "");
	hp_stmt_text(*ret, "actor", f->actor ? f->actor : "");
	hp_stmt_text(*ret, "verb", f->verb ? f->verb : "");
	hp_stmt_time(*ret, "since", since);
	hp_stmt_i64(*ret, "limit", f->limit > 0 ? f->limit : INT64_MAX);
	return 0;
}

int hp_audit_each(struct hp_panel *p, const struct hp_audit_filter *f,
	int (*fn)(void *arg, const struct hp_audit_row *r, struct hp_err *err), void *arg,
	struct hp_err *err)
{
	static const struct hp_audit_filter all;
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	int r;

	if (hp_may_begin(&p->actor, "audit:list", err) < 0 ||
		begin_list(p, f ? f : &all, &st, err) < 0)
		return err->code;
	while ((r = hp_stmt_step(st, err)) == 1) {
		const struct hp_audit_row row = {
			.id = hp_stmt_get_i64(st, 0),
			.tenant_id = hp_stmt_get_i64(st, 1),
			.at = hp_stmt_get_text(st, 2),
			.actor = hp_stmt_get_text(st, 3),
			.source = hp_stmt_get_text(st, 4),
			.verb = hp_stmt_get_text(st, 5),
			.object = hp_stmt_get_text(st, 6),
			.before = hp_stmt_get_text(st, 7),
			.after = hp_stmt_get_text(st, 8),
			.note = hp_stmt_get_text(st, 9),
		};

		r = fn(arg, &row, err);
		if (r < 0)
			break;
	}
	return r;
}
