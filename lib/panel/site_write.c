/* Websites, row by row: what the changes in site_add.c, site_change.c and site_revert.c are made
 * of. */
#include "base/file.h"
#include "panel/panel_impl.h"
#include "sys/json.h"

static int exec(struct hp_stmt *st, struct hp_err *err)
{
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
}

static int begin(struct hp_panel *p, enum hp_sql id, const struct hp_site *s, struct hp_stmt **ret,
	struct hp_err *err)
{
	if (hp_db_stmt(p->db, id, ret, err) < 0)
		return err->code;
	hp_stmt_i64(*ret, "id", hp_site_i64(s, HP_SITE_ID));
	return 0;
}

/* ---- names ---- */
/* May the actor know whose it is? Who does not see all of his tenant may not. */
static bool may_know(const struct hp_panel *p, int64_t tenant)
{
	return !p->actor.key &&
	       (p->actor.kind == HP_ACTOR_OPERATOR ||
		       (hp_is_above_users(&p->actor) && p->actor.tenant_id == tenant));
}

static int name_taken(
	const struct hp_panel *p, const char *name, struct hp_stmt *st, struct hp_err *err)
{
	if (!may_know(p, hp_stmt_get_i64(st, 1)))
		return hp_err_set(err, HP_E_EXISTS, "%s: the name is taken already", name);
	if (hp_streq(hp_stmt_get_text(st, 2), "domain"))
		return hp_err_set(
			err, HP_E_EXISTS, "%s: there is a website of that name already", name);
	return hp_err_set(err, HP_E_EXISTS, "%s: it is a further name of website %s already", name,
		hp_stmt_get_text(st, 0));
}

/* 1 the name is somebody's, who stands in the row; 0 it is nobody's. */
static int find_owner(
	struct hp_panel *p, const char *name, struct hp_stmt **ret, struct hp_err *err)
{
	if (hp_db_stmt(p->db, HP_SQL_NAME_OWNER, ret, err) < 0)
		return err->code;
	hp_stmt_text(*ret, "name", name);
	return hp_stmt_step(*ret, err);
}

int hp_site_name_free(
	struct hp_panel *p, const char *field, const char *name, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	int r = find_owner(p, name, &st, err);

	return r == 1 ? name_taken(p, name, st, err), hp_err_about(err, field) : r;
}

int hp_site_unknown(struct hp_panel *p, const char *name, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	int r = find_owner(p, name, &st, err);

	if (r < 0)
		return r;
	hp_err_set(err, HP_E_NOT_FOUND, "there is no website %s", name);
	if (r == 1 && may_know(p, hp_stmt_get_i64(st, 1)))
		return hp_err_hint(
			err, "it is a further name of website %s", hp_stmt_get_text(st, 0));
	return hp_err_hint(err, "hp-site list shows them");
}

int hp_site_user_free(struct hp_panel *p, const char *user, int64_t node_id, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	int r;

	if (hp_db_stmt(p->db, HP_SQL_SITE_USER_OWNER, &st, err) < 0)
		return err->code;
	hp_stmt_text(st, "user", user);
	hp_stmt_i64(st, "node_id", node_id);
	r = hp_stmt_step(st, err);
	if (r != 1)
		return r;
	if (!may_know(p, hp_stmt_get_i64(st, 1)))
		return hp_err_field(err, HP_E_EXISTS, "user", "%s is taken already", user);
	return hp_err_field(err, HP_E_EXISTS, "user", "%s is the user of website %s already", user,
		hp_stmt_get_text(st, 0));
}

int hp_site_name_add(struct hp_panel *p, const struct hp_site *s, const char *name, bool is_alias,
	struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (begin(p, HP_SQL_NAME_ADD, s, &st, err) < 0)
		return err->code;
	hp_stmt_text(st, "name", name);
	hp_stmt_text(st, "kind", is_alias ? "alias" : "domain");
	/* somebody else was quicker */
	if (exec(st, err) == HP_E_EXISTS)
		return hp_err_set(err, HP_E_EXISTS, "%s: the name is taken already", name),
		       hp_err_about(err, is_alias ? "aliases" : "domain");
	return err->code;
}

int hp_site_name_remove(
	struct hp_panel *p, const struct hp_site *s, const char *name, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (begin(p, HP_SQL_NAME_REMOVE, s, &st, err) < 0)
		return err->code;
	hp_stmt_text(st, "name", name);
	return exec(st, err);
}

/* ---- whose it is ---- */
int hp_site_owner_check(struct hp_panel *p, struct hp_pool *pool, const struct hp_site *before,
	const struct hp_site *s, int64_t *ret_user, struct hp_err *err)
{
	struct hp_user_row r;
	const char *owner = s->v[HP_SITE_OWNER];

	*ret_user = 0;
	if (before && hp_streq(before->v[HP_SITE_OWNER], owner))
		return 0;
	if (!owner)
		return !before || hp_is_above_users(&p->actor)
			       ? 0
			       : hp_err_field(err, HP_E_DENIED, "owner",
					 "only an admin may give it to nobody");
	if (hp_user_look(p, pool, owner, &r, err) < 0)
		return hp_err_prefix(err, "owner"), hp_err_about(err, "owner");
	/* the operator names users of all tenants */
	if (r.tenant_id != hp_site_i64(s, HP_SITE_TENANT_ID))
		return hp_err_field(err, HP_E_USAGE, "owner",
			"%s is a user of another tenant", owner);
	if (hp_user_is_operator(&r.u))
		return hp_err_field(err, HP_E_USAGE, "owner",
			"%s acts as the operator, and owns no website", owner);
	*ret_user = r.id;
	return 0;
}

int hp_site_owner_write(
	struct hp_panel *p, const struct hp_site *s, int64_t user_id, struct hp_err *err)
{
	struct hp_stmt *gone _cleanup_stmt_ = NULL, *st _cleanup_stmt_ = NULL;

	if (begin(p, HP_SQL_SITE_OWNER_REMOVE, s, &gone, err) < 0 || exec(gone, err) < 0)
		return err->code;
	if (!user_id)
		return 0;
	if (begin(p, HP_SQL_SITE_OWNER_ADD, s, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "user_id", user_id);
	return exec(st, err);
}

/* ---- rows ---- */
int hp_site_config_write(
	struct hp_panel *p, enum hp_sql statement, const struct hp_site *s, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (begin(p, statement, s, &st, err) < 0)
		return err->code;
	hp_site_bind(st, s);
	return exec(st, err);
}

int hp_site_touch(struct hp_panel *p, const struct hp_site *s, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (begin(p, HP_SQL_SITE_TOUCH, s, &st, err) < 0)
		return err->code;
	hp_stmt_text(st, "status", s->v[HP_SITE_STATUS]);
	return exec(st, err);
}

int hp_site_delete(struct hp_panel *p, const struct hp_site *s, struct hp_err *err)
{
	static const enum hp_sql steps[] = {
		HP_SQL_NAME_REMOVE_ALL, HP_SQL_SITE_CONFIG_REMOVE, HP_SQL_SITE_REMOVE};
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(steps); i++) {
		struct hp_stmt *st _cleanup_stmt_ = NULL;

		if (begin(p, steps[i], s, &st, err) < 0 || exec(st, err) < 0)
			return err->code;
	}
	return 0;
}

static int put_back_row(
	struct hp_panel *p, const struct hp_site *s, int64_t node_id, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	int64_t created = hp_now();

	if (begin(p, HP_SQL_SITE_PUT_BACK, s, &st, err) < 0)
		return err->code;
	hp_stmt_text(st, "domain", s->v[HP_SITE_DOMAIN]);
	hp_stmt_text(st, "status", s->v[HP_SITE_STATUS]);
	hp_stmt_i64(st, "node_id", node_id);
	hp_stmt_text(st, "user", s->v[HP_SITE_USER]);
	hp_stmt_i64(st, "uid", hp_site_i64(s, HP_SITE_UID));
	if (s->v[HP_SITE_CREATED_AT])
		hp_time_parse(s->v[HP_SITE_CREATED_AT], &created);
	hp_stmt_time(st, "created_at", created);
	return exec(st, err);
}

int hp_site_put_back(
	struct hp_panel *p, const struct hp_site *s, int64_t node_id, struct hp_err *err)
{
	size_t i;

	if (put_back_row(p, s, node_id, err) < 0 ||
		hp_site_config_write(p, HP_SQL_SITE_CONFIG_ADD, s, err) < 0 ||
		hp_site_name_add(p, s, s->v[HP_SITE_DOMAIN], false, err) < 0)
		return err->code;
	for (i = 0; i < s->aliases.n; i++)
		if (hp_site_name_add(p, s, s->aliases.v[i], true, err) < 0)
			return err->code;
	return 0;
}

/* ---- what every change ends with ---- */
/* Each version of php_paths, too. */
static int php_paths_ok(struct hp_panel *p, const struct hp_site *s, struct hp_err *err)
{
	struct hp_json *doc _cleanup_json_ = NULL;
	const char *paths = s->v[HP_SITE_PHP_PATHS];
	const struct hp_json *v;

	if (!paths || hp_streq(paths, "{}"))
		return 0;
	if (hp_json_parse(paths, strlen(paths), &doc, err) < 0)
		return err->code;
	for (v = hp_json_first(doc); v; v = hp_json_next(v))
		if (p->php_ok(p->php_ok_arg, hp_json_str(v), err) < 0)
			return hp_err_prefix(err, "php_paths: %s", hp_json_key(v)),
			       hp_err_about(err, "php_paths");
	return 0;
}

int hp_site_php_ok(struct hp_panel *p, const struct hp_site *s, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	const char *here;

	if (!p->php_ok)
		return 0;
	if (hp_panel_node_name(pool, p->conf, &here, err) < 0)
		return err->code;
	if (!hp_streq(here, s->v[HP_SITE_NODE]))
		return 0;
	if (p->php_ok(p->php_ok_arg, s->v[HP_SITE_PHP_VERSION], err) < 0)
		return err->code;
	return php_paths_ok(p, s, err);
}

/* Is the website's line in the state document another one now? */
static bool node_concerned(const struct hp_site_change *c)
{
	struct hp_site a = c->before, b = c->after;
	unsigned i;

	for (i = 0; i < HP_SITE_FIELDS; i++)
		if (!(hp_site_table.fields[i].flags & HP_FF_NODE))
			a.v[i] = b.v[i] = NULL;
	return !hp_site_same(&a, &b);
}

int hp_site_changed(struct hp_panel *p, const char *verb, struct hp_pool *pool, int64_t node_id,
	struct hp_site_change *c, const char *note, struct hp_err *err)
{
	const struct hp_site *there = c->after.v[HP_SITE_ID] ? &c->after : &c->before;
	bool both = c->before.v[HP_SITE_ID] && c->after.v[HP_SITE_ID];
	bool names = !both || !hp_site_same_names(&c->before, &c->after);
	const char *before = NULL, *after = NULL;

	if (c->before.v[HP_SITE_ID])
		before = hp_audit_json(pool, &hp_site_table, c->before.v, both ? c->after.v : NULL,
			names ? &c->before.aliases : NULL);
	if (c->after.v[HP_SITE_ID])
		after = hp_audit_json(pool, &hp_site_table, c->after.v, both ? c->before.v : NULL,
			names ? &c->after.aliases : NULL);
	c->changed = true;
	c->node = there->v[HP_SITE_NODE];
	if (node_concerned(c) && hp_node_raise(p, node_id, err) < 0)
		return err->code;
	if (hp_node_generation(p, node_id, &c->generation, err) < 0)
		return err->code;
	return hp_audit_add(p, hp_site_i64(there, HP_SITE_TENANT_ID), verb,
		there->v[HP_SITE_DOMAIN], before, after, note, err);
}
