/* Users as rows: found, and become who acts. */
#include "panel/panel_impl.h"

enum { COL_PARENT_ID = HP_USER_FIELDS, COL_TENANT };

bool hp_user_is_operator(const struct hp_user *u)
{
	return hp_streq(u->v[HP_USER_OPERATOR], "true");
}

int64_t hp_user_trail(const struct hp_user_row *r)
{
	return hp_user_is_operator(&r->u) ? 0 : r->tenant_id;
}

void hp_user_from_row(struct hp_stmt *st, struct hp_pool *pool, struct hp_user_row *ret)
{
	unsigned i;

	memset(ret, 0, sizeof(*ret));
	for (i = 0; i < HP_USER_FIELDS; i++) {
		const char *v = hp_stmt_get_text(st, i);

		ret->u.v[i] = v ? hp_pstrdup(pool, v) : hp_user_table.fields[i].deflt;
	}
	ret->id = hp_stmt_get_i64(st, HP_USER_ID);
	ret->tenant_id = hp_stmt_get_i64(st, HP_USER_TENANT_ID);
	ret->parent_id = hp_stmt_get_i64(st, COL_PARENT_ID);
	ret->tenant = hp_pstrdup(pool, hp_stmt_get_text(st, COL_TENANT));
}

static int not_found(const char *name, struct hp_err *err)
{
	hp_err_set(err, HP_E_NOT_FOUND, "there is no user %s", name);
	return hp_err_hint(err, "hp-user list shows them");
}

/* own: among those that the actor may know of. */
static int look(struct hp_panel *p, struct hp_pool *pool, const char *username, bool own,
	struct hp_user_row *ret, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	const char *name;
	int r;

	if (hp_field_check(pool, &hp_user_table.fields[HP_USER_USERNAME], username,
		    strlen(username), &name, err) < 0 ||
		hp_db_stmt(p->db, own ? HP_SQL_USER_GET : HP_SQL_USER_GET_ANY, &st, err) < 0)
		return err->code;
	hp_stmt_text(st, "username", name);
	if (own)
		hp_stmt_i64(st, "mine", hp_mine(&p->actor));
	r = hp_stmt_step(st, err);
	if (r < 0)
		return r;
	if (r == 0)
		return not_found(name, err);
	hp_user_from_row(st, pool, ret);
	return 0;
}

int hp_user_look(struct hp_panel *p, struct hp_pool *pool, const char *username,
	struct hp_user_row *ret, struct hp_err *err)
{
	return look(p, pool, username, p->actor.kind == HP_ACTOR_USER, ret, err);
}

int hp_user_find(struct hp_panel *p, struct hp_pool *pool, const char *username, const char *verb,
	struct hp_user_row *ret, struct hp_err *err)
{
	struct hp_object o;

	if (hp_user_look(p, pool, username, ret, err) < 0)
		return err->code;
	o = (struct hp_object){
		.tenant = ret->tenant_id, .owner = ret->id, .parent = ret->parent_id};
	if (hp_may(&p->actor, verb, &o, err) < 0)
		return err->code;
	hp_panel_as(p, ret->tenant_id);
	return 0;
}

/* ---- acting ---- */
static enum hp_role role_of(const char *role)
{
	if (hp_streq(role, "admin"))
		return HP_ROLE_ADMIN;
	return hp_streq(role, "reseller") ? HP_ROLE_RESELLER : HP_ROLE_CLIENT;
}

int hp_user_become(struct hp_panel *p, struct hp_pool *pool, const struct hp_user_row *r,
	struct hp_actor *ret, struct hp_err *err)
{
	struct hp_user_row parent;
	struct hp_actor a = {
		.kind = hp_user_is_operator(&r->u) ? HP_ACTOR_OPERATOR : HP_ACTOR_USER,
		.role = role_of(r->u.v[HP_USER_ROLE]),
		.tenant_id = r->tenant_id,
		.user_id = r->id,
		.parent_id = r->parent_id,
		.grants = r->u.v[HP_USER_GRANTS],
		.name = r->u.v[HP_USER_USERNAME],
		.source = p->actor.source};

	/* a reseller could log in as a client whom he has made: the client may no more than he */
	if (r->parent_id) {
		if (look(p, pool, r->u.v[HP_USER_PARENT], false, &parent, err) < 0)
			return err->code;
		a.grants = parent.u.v[HP_USER_GRANTS];
	}
	*ret = a;
	return 0;
}
