/* API keys: made, looked at, removed. */
#include "base/file.h"
#include "panel/panel_impl.h"
#include "panel/token.h"
#include "sys/json.h"

enum { COL_ID = HP_KEY_FIELDS, COL_USER_ID, COL_TENANT_ID, COL_PARENT_ID, COL_HASH, COL_OPERATOR };

/* ---- rows ---- */
static void from_row(struct hp_stmt *st, struct hp_pool *pool, struct hp_key_row *ret)
{
	unsigned i;

	for (i = 0; i < HP_KEY_FIELDS; i++)
		ret->k.v[i] = hp_pstrdup(pool, hp_stmt_get_text(st, i));
	ret->id = hp_stmt_get_i64(st, COL_ID);
	ret->user_id = hp_stmt_get_i64(st, COL_USER_ID);
	ret->tenant_id = hp_stmt_get_i64(st, COL_TENANT_ID);
	ret->parent_id = hp_stmt_get_i64(st, COL_PARENT_ID);
	ret->trail = hp_stmt_get_i64(st, COL_OPERATOR) ? 0 : ret->tenant_id;
	ret->hash = hp_pstrdup(pool, hp_stmt_get_text(st, COL_HASH));
}

int hp_key_look(struct hp_panel *p, struct hp_pool *pool, const char *key, struct hp_key_row *ret,
	struct hp_err *err)
{
	bool own = p->actor.kind == HP_ACTOR_USER;
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	int r;

	if (hp_db_stmt(p->db, own ? HP_SQL_KEY_GET : HP_SQL_KEY_GET_ANY, &st, err) < 0)
		return err->code;
	hp_stmt_text(st, "key", hp_token_is_id(key) ? key : "");
	if (own)
		hp_stmt_i64(st, "mine", hp_mine(&p->actor));
	r = hp_stmt_step(st, err);
	if (r == 1)
		from_row(st, pool, ret);
	return r;
}

int hp_key_find(struct hp_panel *p, struct hp_pool *pool, const char *key, const char *verb,
	struct hp_key_row *ret, struct hp_err *err)
{
	struct hp_object o;
	int r = hp_key_look(p, pool, key, ret, err);

	if (r < 0)
		return r;
	if (r == 0) {
		hp_err_set(
			err, HP_E_NOT_FOUND, "there is no key %s", hp_str_printable(pool, key, 60));
		return hp_err_hint(err, "hp-user key-list shows them");
	}
	o = (struct hp_object){
		.tenant = ret->tenant_id, .owner = ret->user_id, .parent = ret->parent_id};
	if (hp_may(&p->actor, verb, &o, err) < 0)
		return err->code;
	hp_panel_as(p, ret->tenant_id);
	return 0;
}

int hp_key_get(struct hp_panel *p, struct hp_pool *pool, const char *key, struct hp_key *ret,
	struct hp_err *err)
{
	struct hp_key_row row;
	int r;

	if (hp_may_begin(&p->actor, "key:show", err) < 0)
		return err->code;
	r = hp_key_find(p, pool, key, "key:show", &row, err);
	hp_panel_as_self(p);
	if (r == 0)
		*ret = row.k;
	return r;
}

int hp_key_each(struct hp_panel *p, const char *username,
	int (*fn)(void *arg, const struct hp_key *k, struct hp_err *err), void *arg,
	struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	bool own = p->actor.kind == HP_ACTOR_USER;
	struct hp_user_row u;
	int r;

	/* a mistyped name is told, not answered by an empty list */
	if (hp_may_begin(&p->actor, "key:list", err) < 0 ||
		(username && hp_user_look(p, pool, username, &u, err) < 0) ||
		hp_db_stmt(p->db, own ? HP_SQL_KEY_LIST : HP_SQL_KEY_LIST_ANY, &st, err) < 0)
		return err->code;
	hp_stmt_text(st, "username", username ? username : "");
	if (own)
		hp_stmt_i64(st, "mine", hp_mine(&p->actor));
	while ((r = hp_stmt_step(st, err)) == 1) {
		struct hp_key_row row;

		from_row(st, pool, &row);
		r = fn(arg, &row.k, err);
		if (r != 0)
			break;
	}
	return r < 0 ? r : 0;
}

/* ---- a new one ---- */
static int take(struct hp_pool *pool, enum hp_key_field f, const char *given, const char *inherited,
	struct hp_key *k, struct hp_err *err)
{
	const struct hp_field *field = &hp_key_table.fields[f];

	k->v[f] = inherited ? inherited : field->deflt;
	if (!given)
		return k->v[f] || (field->flags & HP_FF_NULLABLE)
			? 0
			: hp_err_field(err, HP_E_USAGE, field->name, "none is given");
	return hp_field_check(pool, field, given, strlen(given), &k->v[f], err);
}

/* A key can't have what nobody, or nobody but the operator, may. */
static int check_verbs(const char *verbs, bool (*fits)(const char *verb), struct hp_err *err)
{
	struct hp_json *doc _cleanup_json_ = NULL;
	const struct hp_json *v;

	if (hp_json_parse(verbs, strlen(verbs), &doc, err) < 0)
		return err->code;
	for (v = hp_json_first(doc); v; v = hp_json_next(v))
		if (!fits(hp_json_str(v)))
			return hp_err_field(err, HP_E_USAGE, "verbs",
				"no user may %s", hp_json_str(v));
	return 0;
}

static int check_weaker(const struct hp_key *k, const struct hp_key *maker, struct hp_err *err)
{
	if (hp_verbs_within(k->v[HP_KEY_VERBS], maker->v[HP_KEY_VERBS], err) < 0 ||
		hp_sites_within(k->v[HP_KEY_SITES], maker->v[HP_KEY_SITES], err) < 0)
		return err->code;
	return hp_addresses_within(k->v[HP_KEY_FROM], maker->v[HP_KEY_FROM], err);
}

struct adding {
	struct hp_pool *pool;
	const char *username, *hash;
	struct hp_key *k;
	int64_t expires;
};

static int wish(
	struct hp_panel *p, struct adding *x, const struct hp_key_new *w, struct hp_err *err)
{
	const struct hp_key *maker = p->actor.key;
	int64_t until;

	if (take(x->pool, HP_KEY_NAME, w->name, NULL, x->k, err) < 0 ||
		take(x->pool, HP_KEY_VERBS, w->verbs, maker ? maker->v[HP_KEY_VERBS] : NULL, x->k,
			err) < 0 ||
		take(x->pool, HP_KEY_SITES, w->sites, maker ? maker->v[HP_KEY_SITES] : NULL, x->k,
			err) < 0 ||
		take(x->pool, HP_KEY_FROM, w->from, maker ? maker->v[HP_KEY_FROM] : NULL, x->k,
			err) < 0)
		return err->code;
	if (w->expires_s < 0 || w->expires_s > HP_KEY_EXPIRES_MAX_S)
		return hp_err_field(err, HP_E_USAGE, "expires", "at most %lld days from now",
			HP_KEY_EXPIRES_MAX_S / 86400);
	x->expires = hp_now() + (w->expires_s ? w->expires_s : HP_KEY_EXPIRES_S);
	if (!maker)
		return 0;
	if (check_weaker(x->k, maker, err) < 0 ||
		hp_time_parse(maker->v[HP_KEY_EXPIRES_AT], &until) < 0)
		return err->code ? err->code : hp_err_set(err, HP_E_DB, "the key has no end");
	if (x->expires > until && w->expires_s)
		return hp_err_field(err, HP_E_DENIED, "expires",
			"the key that makes it is good until %s itself",
			maker->v[HP_KEY_EXPIRES_AT]);
	x->expires = x->expires > until ? until : x->expires;
	return 0;
}

static int insert(struct hp_panel *p, const struct adding *x, int64_t user, struct hp_err *err)
{
	static const unsigned char fields[] = {
		HP_KEY_NAME, HP_KEY_VERBS, HP_KEY_SITES, HP_KEY_FROM, HP_KEY_KEY};
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	size_t i;

	if (hp_db_stmt(p->db, HP_SQL_KEY_ADD, &st, err) < 0)
		return err->code;
	for (i = 0; i < HP_ARRAY_SIZE(fields); i++)
		hp_stmt_text(st, hp_key_table.fields[fields[i]].name, x->k->v[fields[i]]);
	hp_stmt_text(st, "hash", x->hash);
	hp_stmt_i64(st, "user_id", user);
	hp_stmt_time(st, "expires_at", x->expires);
	if (p->actor.key)
		hp_stmt_i64(st, "parent_id", p->actor.key_id);
	else
		hp_stmt_null(st, "parent_id");
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
}

static int add_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	struct adding *x = arg;
	struct hp_user_row u;
	struct hp_key_row row;

	if (hp_user_look(p, x->pool, x->username, &u, err) < 0 ||
		hp_may(&p->actor, "key:add",
			&(struct hp_object){
				.tenant = u.tenant_id, .owner = u.id, .parent = u.parent_id},
			err) < 0)
		return err->code;
	if (p->actor.key && u.id != p->actor.user_id)
		return hp_err_set(
			err, HP_E_DENIED, "key:add: a key makes keys of its own user only");
	if (check_verbs(x->k->v[HP_KEY_VERBS],
		    hp_user_is_operator(&u.u) ? hp_verb_is_known : hp_verb_is_users, err) < 0)
		return err->code;
	hp_panel_as(p, u.tenant_id);
	if (insert(p, x, u.id, err) < 0 ||
		hp_key_find(p, x->pool, x->k->v[HP_KEY_KEY], "key:add", &row, err) < 0)
		return err->code;
	*x->k = row.k;
	return hp_audit_add(p, row.trail, "key:add", x->k->v[HP_KEY_KEY], NULL,
		hp_audit_json(x->pool, &hp_key_table, x->k->v, NULL, NULL), NULL, err);
}

int hp_key_add(struct hp_panel *p, struct hp_pool *pool, const char *username,
	const struct hp_key_new *w, struct hp_key *ret, char ret_token[HP_TOKEN_SIZE],
	struct hp_err *err)
{
	struct hp_token t;
	struct hp_key k;
	struct adding x = {.pool = pool, .username = username, .hash = t.hash, .k = &k};
	int r;

	memset(&k, 0, sizeof(k));
	if (hp_may_begin(&p->actor, "key:add", err) < 0)
		return err->code;
	if (!username && p->actor.kind != HP_ACTOR_USER && !p->actor.user_id)
		return hp_err_field(err, HP_E_USAGE, "username",
			"whose key shall it be? No user is given");
	if (!username)
		x.username = p->actor.name;
	if (wish(p, &x, w, err) < 0)
		return err->code;
	hp_token_make("hpk_", &t);
	k.v[HP_KEY_KEY] = hp_pstrdup(pool, t.id);
	r = hp_panel_tx(p, add_tx, &x, err);
	if (r == 0) {
		memcpy(ret_token, t.text, sizeof(t.text));
		*ret = k;
	}
	hp_wipe(&t, sizeof(t));
	return r;
}

/* ---- gone ---- */
int hp_key_remove_all(struct hp_panel *p, int64_t user, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (hp_db_stmt(p->db, HP_SQL_KEY_REMOVE_USER, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "id", user);
	return hp_stmt_exec(st, err) < 0 ? err->code : 0;
}

struct removing {
	struct hp_pool *pool;
	const char *key;
};

static int remove_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	const struct removing *x = arg;
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	struct hp_key_row row;

	if (hp_key_find(p, x->pool, x->key, "key:remove", &row, err) < 0 ||
		hp_db_stmt(p->db, HP_SQL_KEY_REMOVE, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "id", row.id);
	if (hp_stmt_exec(st, err) < 0)
		return err->code;
	return hp_audit_add(p, row.trail, "key:remove", row.k.v[HP_KEY_KEY],
		hp_audit_json(x->pool, &hp_key_table, row.k.v, NULL, NULL), NULL, NULL, err);
}

int hp_key_remove(struct hp_panel *p, const char *key, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct removing x = {.pool = pool, .key = key};

	if (hp_may_begin(&p->actor, "key:remove", err) < 0)
		return err->code;
	return hp_panel_tx(p, remove_tx, &x, err);
}
