/* Websites as rows: from the view, back into the tables. */
#include "panel/panel_impl.h"

/*
 * A setting that somebody emptied by hand reads as its default: the node would refuse the whole
 * document for it.
 */
void hp_site_from_row(struct hp_stmt *st, unsigned first, struct hp_pool *pool, struct hp_site *s)
{
	unsigned i;

	for (i = 0; i < HP_SITE_FIELDS; i++) {
		const struct hp_field *f = &hp_site_table.fields[i];
		const char *v = hp_stmt_get_text(st, first + i);

		s->v[i] = v ? hp_pstrdup(pool, v) : f->deflt;
	}
}

void hp_site_bind(struct hp_stmt *st, const struct hp_site *s)
{
	unsigned i;

	for (i = HP_SITE_WEB_SERVER; i < HP_SITE_CREATED_AT; i++) {
		const struct hp_field *f = &hp_site_table.fields[i];

		if (!s->v[i])
			hp_stmt_null(st, f->name);
		else if (f->type == HP_F_INT)
			hp_stmt_i64(st, f->name, hp_site_i64(s, i));
		else if (f->type == HP_F_BOOL)
			hp_stmt_bool(st, f->name, hp_site_bool(s, i));
		else
			hp_stmt_text(st, f->name, s->v[i]);
	}
}

bool hp_site_same_names(const struct hp_site *a, const struct hp_site *b)
{
	size_t i;

	if (a->aliases.n != b->aliases.n)
		return false;
	for (i = 0; i < a->aliases.n; i++)
		if (!hp_streq(a->aliases.v[i], b->aliases.v[i]))
			return false;
	return true;
}

bool hp_site_same(const struct hp_site *a, const struct hp_site *b)
{
	size_t i;

	for (i = 0; i < HP_SITE_FIELDS; i++)
		if (!hp_streq(a->v[i], b->v[i]))
			return false;
	return hp_site_same_names(a, b);
}

int hp_site_name(struct hp_pool *pool, const char *field, const char *name, bool wildcard,
	const char **ret, struct hp_err *err)
{
	if (hp_domain_check(pool, name, strlen(name), wildcard, ret, err) < 0)
		return hp_err_prefix(err, "%s", field), hp_err_about(err, field);
	return 0;
}

static int read_aliases(
	struct hp_panel *p, struct hp_pool *pool, struct hp_site *s, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	int r;

	if (hp_db_stmt(p->db, HP_SQL_NAME_LIST, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "id", hp_site_i64(s, HP_SITE_ID));
	while ((r = hp_stmt_step(st, err)) == 1)
		hp_strv_add(pool, &s->aliases, hp_stmt_get_text(st, 0));
	hp_strv_sort(&s->aliases);
	return r;
}

/* Users look among their own only: what is another's is as unknown as what is not there. */
static int begin_find(
	struct hp_panel *p, const char *name, bool lock, struct hp_stmt **ret, struct hp_err *err)
{
	bool own = p->actor.kind == HP_ACTOR_USER;
	enum hp_sql id = own ? HP_SQL_SITE_GET : HP_SQL_SITE_GET_ANY;

	if (lock)
		id = own ? HP_SQL_SITE_LOCK : HP_SQL_SITE_LOCK_ANY;
	if (hp_db_stmt(p->db, id, ret, err) < 0)
		return err->code;
	hp_stmt_text(*ret, "domain", name);
	if (own)
		hp_stmt_i64(*ret, "mine", hp_mine(&p->actor));
	return 0;
}

/*
 * A website may be named by its number, too: no domain is one.
 */
static int of_number(struct hp_panel *p, struct hp_pool *pool, const char **name,
	struct hp_err *err)
{
	bool own = p->actor.kind == HP_ACTOR_USER;
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	const char *domain = NULL;
	int64_t id;
	int r;

	if (hp_parse_i64(*name, 1, INT32_MAX, &id) < 0)
		return 0;
	if (hp_db_stmt(p->db, own ? HP_SQL_SITE_OF_ID : HP_SQL_SITE_OF_ID_ANY, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "id", id);
	if (own)
		hp_stmt_i64(st, "mine", hp_mine(&p->actor));
	r = hp_stmt_step(st, err);
	if (r < 0)
		return r;
	if (r == 1)
		domain = hp_pstrdup(pool, hp_stmt_get_text(st, 0));
	if (r == 1 && (!p->actor.key || hp_sites_fit(p->actor.key->v[HP_KEY_SITES], domain))) {
		*name = domain;
		return 0;
	}
	hp_err_set(err, HP_E_NOT_FOUND, "there is no website %s", *name);
	return hp_err_hint(err, "hp-site list shows them");
}

/* Whose is it? Statements run as the website's tenant already. */
static int find_owner(
	struct hp_panel *p, const struct hp_site *s, struct hp_object *o, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	int r;

	o->tenant = hp_site_i64(s, HP_SITE_TENANT_ID);
	o->site = s->v[HP_SITE_DOMAIN];
	if (hp_is_above_users(&p->actor))
		return 0;
	if (hp_db_stmt(p->db, HP_SQL_SITE_OWNER_GET, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "id", hp_site_i64(s, HP_SITE_ID));
	r = hp_stmt_step(st, err);
	if (r == 1) {
		o->owner = hp_stmt_get_i64(st, 0);
		o->parent = hp_stmt_get_i64(st, 1);
	}
	return r < 0 ? r : 0;
}

int hp_site_find(struct hp_panel *p, struct hp_pool *pool, const char *domain, const char *verb,
	bool lock, struct hp_site *ret, int64_t *ret_node_id, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	const char *name;
	struct hp_object o = {.tenant = 0};
	int r;

	memset(ret, 0, sizeof(*ret));
	if (of_number(p, pool, &domain, err) < 0 ||
		hp_site_name(pool, "domain", domain, false, &name, err) < 0 ||
		begin_find(p, name, lock, &st, err) < 0)
		return err->code;
	r = hp_stmt_step(st, err);
	if (r < 0)
		return r;
	/* a key's other websites are as unknown to it as other people's */
	if (r == 0 || (p->actor.key && !hp_sites_fit(p->actor.key->v[HP_KEY_SITES], name)))
		return hp_site_unknown(p, name, err);
	hp_site_from_row(st, 0, pool, ret);
	if (ret_node_id)
		*ret_node_id = hp_stmt_get_i64(st, HP_SITE_FIELDS);
	hp_stmt_end(TAKE(st));
	hp_panel_as(p, hp_site_i64(ret, HP_SITE_TENANT_ID));
	if (find_owner(p, ret, &o, err) < 0 || hp_may(&p->actor, verb, &o, err) < 0)
		return err->code;
	return read_aliases(p, pool, ret, err);
}
