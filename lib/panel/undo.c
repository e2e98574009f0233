/*
 * What an entry of the audit trail tells, undone: the object becomes what it was before, by the
 * same functions that any change goes through, judged as the change that it is. Refused where the
 * trail does not say enough (secrets are masked in it), and where the object is not any more what
 * the entry made of it.
 */
#include "panel/panel_impl.h"
#include "sys/json.h"

enum how { SET, ALIAS, STATUS, REMOVE, ADD };

/* Sorted. */
static const struct way {
	const char *verb;
	enum hp_undo_kind kind;
	enum how how;
} ways[] = {
	{"key:add", HP_UNDO_KEY, REMOVE},
	{"site:add", HP_UNDO_SITE, REMOVE},
	{"site:alias", HP_UNDO_SITE, ALIAS},
	{"site:remove", HP_UNDO_SITE, ADD},
	{"site:resume", HP_UNDO_SITE, STATUS},
	{"site:set", HP_UNDO_SITE, SET},
	{"site:suspend", HP_UNDO_SITE, STATUS},
	{"tenant:add", HP_UNDO_TENANT, REMOVE},
	{"tenant:remove", HP_UNDO_TENANT, ADD},
	{"tenant:resume", HP_UNDO_TENANT, STATUS},
	{"tenant:set", HP_UNDO_TENANT, SET},
	{"tenant:suspend", HP_UNDO_TENANT, STATUS},
	{"user:add", HP_UNDO_USER, REMOVE},
	{"user:remove", HP_UNDO_USER, ADD},
	{"user:resume", HP_UNDO_USER, STATUS},
	{"user:set", HP_UNDO_USER, SET},
	{"user:suspend", HP_UNDO_USER, STATUS},
};

static const struct hp_field_table *const tables[] = {
	[HP_UNDO_SITE] = &hp_site_table,
	[HP_UNDO_TENANT] = &hp_tenant_table,
	[HP_UNDO_USER] = &hp_user_table,
	[HP_UNDO_KEY] = &hp_key_table,
};

/* One side of an entry, in canonical values; NULL where there is none. */
struct hp_undo_side {
	const char *v[HP_SITE_FIELDS]; /* a website has the most fields */
	bool has[HP_SITE_FIELDS];
	struct hp_strv aliases;
	bool has_aliases;
};
_Static_assert(HP_SITE_FIELDS >= (unsigned)HP_TENANT_FIELDS &&
		HP_SITE_FIELDS >= (unsigned)HP_USER_FIELDS &&
		HP_SITE_FIELDS >= (unsigned)HP_KEY_FIELDS,
	"hp_undo_side is too small");

static const struct way *find_way(const char *verb)
{
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(ways); i++)
		if (hp_streq(ways[i].verb, verb))
			return &ways[i];
	return NULL;
}

static int HP_PRINTF(3, 4) cannot(const struct hp_undo *u, struct hp_err *err, const char *fmt, ...)
{
	char why[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return hp_err_set(err, HP_E_NO, "entry %lld (%s %s) can't be undone: %s", (long long)u->id,
		u->verb, u->object, why);
}

/* ---- what the entry says ---- */
/* The value as it was shown: of a secret only that there was one. */
static const char *text_of(struct hp_pool *pool, const struct hp_json *m)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_jw w;

	if (hp_json_type(m) == HP_JSON_NULL)
		return NULL;
	if (hp_json_str(m))
		return hp_pstrdup(pool, hp_json_str(m));
	hp_jw_init(&w, &b, false);
	hp_jw_value(&w, NULL, m);
	return hp_pstrdup(pool, hp_buf_str(&b));
}

static bool is_masked(const struct hp_field *f, const char *v)
{
	return v && (f->flags & HP_FF_SECRET) && strstr(v, HP_FIELD_MASK);
}

static int read_member(struct hp_pool *pool, const struct hp_undo *u, const struct hp_json *m,
	struct hp_undo_side *s, struct hp_err *err)
{
	const struct hp_field_table *t = tables[u->kind];
	const struct hp_json *e;
	const char *v;
	int i;

	if (hp_streq(hp_json_key(m), "aliases") && u->kind == HP_UNDO_SITE) {
		s->has_aliases = true;
		for (e = hp_json_first(m); e; e = hp_json_next(e))
			if (hp_json_str(e))
				hp_strv_add(pool, &s->aliases, hp_json_str(e));
		return 0;
	}
	i = hp_field_find(t, hp_json_key(m));
	if (i < 0)
		return cannot(u, err, "there is no setting %s any more", hp_json_key(m));
	v = text_of(pool, m);
	if (v && !is_masked(&t->fields[i], v) &&
		hp_field_check(pool, &t->fields[i], v, strlen(v), &v, err) < 0)
		return err->code;
	s->v[i] = v;
	s->has[i] = true;
	return 0;
}

static int read_side(struct hp_pool *pool, const struct hp_undo *u, const char *json,
	struct hp_undo_side **ret, struct hp_err *err)
{
	struct hp_json *doc _cleanup_json_ = NULL;
	const struct hp_json *m;

	*ret = NULL;
	if (!json)
		return 0;
	*ret = hp_palloc(pool, sizeof(**ret));
	if (hp_json_parse(json, strlen(json), &doc, err) < 0)
		return err->code;
	for (m = hp_json_first(doc); m; m = hp_json_next(m))
		if (read_member(pool, u, m, *ret, err) < 0)
			return err->code;
	return 0;
}

/* Is there a secret in it whose value the trail does not have? */
static int no_secrets(const struct hp_undo *u, const struct hp_undo_side *s, struct hp_err *err)
{
	const struct hp_field_table *t = tables[u->kind];
	unsigned i;

	for (i = 0; s && i < t->n; i++)
		if (is_masked(&t->fields[i], s->v[i]))
			return cannot(u, err, "%s is a secret, and masked in the trail",
				t->fields[i].name);
	return 0;
}

static int read_entry(struct hp_pool *pool, const struct way *w, const struct hp_audit_row *r,
	struct hp_undo *u, struct hp_err *err)
{
	if (!hp_streq(r->outcome, "ok"))
		return cannot(u, err, "it was denied, and nothing was done");
	if (!w)
		return cannot(u, err, "it is no change whose state of before the trail has");
	u->kind = w->kind;
	u->removes = w->how == REMOVE;
	u->applies = w->kind == HP_UNDO_TENANT && w->how == STATUS;
	if (read_side(pool, u, r->before, &u->before, err) < 0 ||
		read_side(pool, u, r->after, &u->after, err) < 0)
		return err->code;
	if ((w->how != ADD && !u->after) || (w->how != REMOVE && !u->before))
		return cannot(u, err, "the trail does not say what was there");
	if (w->how == REMOVE)
		return 0;
	/* nor could one tell whether it is still the one that was set */
	return no_secrets(u, u->before, err) < 0 ? err->code : no_secrets(u, u->after, err);
}

/* ---- in words ---- */
static void say(struct hp_buf *b, const char *name, const char *from, const char *to)
{
	hp_buf_addf(b, "%s%s: %s -> %s", b->len ? ", " : "", name, from ? from : "null",
		to ? to : "null");
}

static const char *list(struct hp_pool *pool, const struct hp_strv *l)
{
	const char *s = "";
	size_t i;

	for (i = 0; i < l->n; i++)
		s = hp_pprintf(pool, "%s%s%s", s, i ? " " : "", l->v[i]);
	return l->n ? s : "none";
}

static const char *summary(struct hp_pool *pool, const struct hp_undo *u, enum how how)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	const struct hp_field_table *t = tables[u->kind];
	unsigned i;

	if (how == REMOVE)
		return "it would be removed";
	if (how == ADD)
		return "it would be made again";
	for (i = 0; i < t->n; i++)
		if (u->before->has[i])
			say(&b, t->fields[i].name, u->after->v[i], u->before->v[i]);
	if (u->before->has_aliases)
		say(&b, "aliases", list(pool, &u->after->aliases), list(pool, &u->before->aliases));
	return hp_pstrdup(pool, hp_buf_str(&b));
}

static int not_there(const char *entry, struct hp_pool *pool, struct hp_err *err)
{
	hp_err_set(err, HP_E_NOT_FOUND, "there is no entry %s", hp_str_printable(pool, entry, 40));
	return hp_err_hint(err, "hp-audit list shows them: hp-audit list -o +id");
}

int hp_undo_find(struct hp_panel *p, struct hp_pool *pool, const char *entry, struct hp_undo *ret,
	struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	const struct way *w;
	struct hp_audit_row r;
	int64_t id;
	int rc;

	if (hp_may_begin(&p->actor, "audit:undo", err) < 0)
		return err->code;
	if (hp_parse_i64(entry, 1, INT64_MAX, &id) < 0)
		return not_there(entry, pool, err);
	rc = hp_audit_get(p, id, &st, &r, err);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return not_there(entry, pool, err);
	*ret = (struct hp_undo){.id = id,
		.tenant_id = r.tenant_id,
		.verb = hp_pstrdup(pool, r.verb),
		.object = hp_pstrdup(pool, r.object)};
	w = find_way(r.verb);
	if (read_entry(pool, w, &r, ret, err) < 0)
		return err->code;
	ret->summary = summary(pool, ret, w->how);
	return 0;
}

/* ---- is it still what the entry made of it? ---- */
/* Of one that was made: what it was made with, and that it is the same one. */
static bool is_compared(const struct hp_undo *u, unsigned i)
{
	const struct hp_field *f = &tables[u->kind]->fields[i];

	if (f->type == HP_F_TIME || (f->flags & HP_FF_SECRET))
		return false;
	if (!u->removes)
		return u->after->has[i];
	return u->kind != HP_UNDO_KEY &&
		(!(f->flags & HP_FF_READONLY) || hp_streq(f->name, "id") ||
			hp_streq(f->name, "status"));
}

static int is_as_left(
	const void *arg, const char *const *v, const struct hp_strv *aliases, struct hp_err *err)
{
	const struct hp_undo *u = arg;
	const struct hp_field_table *t = tables[u->kind];
	const char *what = NULL;
	unsigned i;
	size_t k;

	for (i = 0; i < t->n && !what; i++) {
		/* a setting that came later had its default */
		const char *left =
			u->after->has[i] || !u->removes ? u->after->v[i] : t->fields[i].deflt;

		if (is_compared(u, i) && !hp_streq(left, v[i]))
			what = t->fields[i].name;
	}
	if (!what && aliases && u->after->has_aliases) {
		if (aliases->n != u->after->aliases.n)
			what = "aliases";
		for (k = 0; k < aliases->n && !what; k++)
			if (!hp_streq(aliases->v[k], u->after->aliases.v[k]))
				what = "aliases";
	}
	if (!what)
		return 0;
	hp_err_set(err, HP_E_EXISTS, "%s: %s has been changed since entry %lld", u->object, what,
		(long long)u->id);
	return hp_err_hint(
		err, "undo the later change first: hp-audit list --object %s", u->object);
}

/* ---- doing ---- */
static size_t assigns(
	struct hp_pool *pool, const struct hp_undo *u, bool creating, struct hp_assign **ret)
{
	const struct hp_field_table *t = tables[u->kind];
	struct hp_assign *a = hp_palloc(pool, t->n * sizeof(*a));
	unsigned i, skip = HP_FF_READONLY | (creating ? HP_FF_CREATE : 0);
	size_t n = 0;

	for (i = 0; i < t->n; i++)
		if (u->before->has[i] && !(t->fields[i].flags & skip))
			a[n++] = (struct hp_assign){.field = i, .value = u->before->v[i]};
	*ret = a;
	return n;
}

static const char *status_of(const struct hp_undo *u)
{
	int i = hp_field_find(tables[u->kind], "status");

	return i >= 0 && hp_streq(u->before->v[i], "suspended") ? "suspended" : "active";
}

/* The tenant of before has to be there still. */
static int tenant_of(struct hp_panel *p, struct hp_pool *pool, const struct hp_undo *u,
	const char **ret, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	int r;

	if (hp_db_stmt(p->db, HP_SQL_TENANT_GET_ID, &st, err) < 0)
		return err->code;
	hp_stmt_i64(st, "id", u->tenant_id);
	r = hp_stmt_step(st, err);
	if (r == 0)
		return hp_err_set(
			err, HP_E_EXISTS, "%s: the tenant that it belonged to is gone", u->object);
	if (r == 1)
		*ret = hp_pstrdup(pool, hp_stmt_get_text(st, HP_TENANT_SUBDOMAIN));
	return r < 0 ? r : 0;
}

static void only_in(
	struct hp_pool *pool, const struct hp_strv *a, const struct hp_strv *b, struct hp_strv *ret)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (!hp_strv_has(b, a->v[i]))
			hp_strv_add(pool, ret, a->v[i]);
}

static int do_site(struct hp_panel *p, struct hp_pool *pool, const struct hp_undo *u, enum how how,
	struct hp_site_change *ret, struct hp_err *err)
{
	struct hp_strv add = {0}, remove = {0};
	struct hp_assign *a;
	struct hp_site s;
	const char *tenant;
	size_t n;

	switch (how) {
	case SET:
		n = assigns(pool, u, false, &a);
		return hp_site_set(p, pool, u->object, a, n, ret, err);
	case ALIAS:
		only_in(pool, &u->before->aliases, &u->after->aliases, &add);
		only_in(pool, &u->after->aliases, &u->before->aliases, &remove);
		return hp_site_alias(p, pool, u->object, &add, &remove, ret, err);
	case STATUS: return hp_site_status(p, pool, u->object, status_of(u), ret, err);
	case REMOVE: return hp_site_remove(p, pool, u->object, ret, err);
	case ADD: break;
	}
	memset(&s, 0, sizeof(s));
	for (n = 0; n < HP_SITE_FIELDS; n++)
		s.v[n] = u->before->has[n] ? u->before->v[n] : hp_site_table.fields[n].deflt;
	s.aliases = u->before->aliases;
	if (tenant_of(p, pool, u, &tenant, err) < 0)
		return err->code;
	return hp_site_bring_back(p, pool, tenant, &s, ret, err);
}

static int do_tenant(struct hp_panel *p, struct hp_pool *pool, const struct hp_undo *u,
	enum how how, bool *ret_changed, struct hp_err *err)
{
	struct hp_tenant t;
	struct hp_assign *a;
	size_t n;

	switch (how) {
	case SET:
		n = assigns(pool, u, false, &a);
		return hp_tenant_set(p, u->object, a, n, ret_changed, err);
	case STATUS: return hp_tenant_status(p, u->object, status_of(u), ret_changed, err);
	case REMOVE: return hp_tenant_remove(p, u->object, err);
	default: break;
	}
	n = assigns(pool, u, true, &a);
	if (hp_tenant_add(p, u->object, a, n, &t, err) < 0 || hp_streq(status_of(u), "active"))
		return err->code;
	return hp_tenant_status(p, u->object, "suspended", ret_changed, err);
}

static int do_user(struct hp_panel *p, struct hp_pool *pool, const struct hp_undo *u, enum how how,
	bool *ret_changed, struct hp_err *err)
{
	const char *tenant;
	struct hp_user made;
	struct hp_assign *a;
	size_t n;

	switch (how) {
	case SET:
		n = assigns(pool, u, false, &a);
		return hp_user_set(p, u->object, a, n, ret_changed, err);
	case STATUS: return hp_user_status(p, u->object, status_of(u), ret_changed, err);
	case REMOVE: return hp_user_remove(p, u->object, err);
	default: break;
	}
	n = assigns(pool, u, true, &a);
	if (tenant_of(p, pool, u, &tenant, err) < 0)
		return err->code;
	if (hp_user_add(p, u->object, tenant, a, n, &made, err) < 0 ||
		hp_streq(status_of(u), "active"))
		return err->code;
	/* he has no password, and so nobody has come in meanwhile */
	return hp_user_status(p, u->object, "suspended", ret_changed, err);
}

int hp_undo(struct hp_panel *p, struct hp_pool *pool, const struct hp_undo *u,
	struct hp_site_change *ret, bool *ret_changed, struct hp_err *err)
{
	enum how how = find_way(u->verb)->how;
	int r;

	*ret_changed = true;
	p->note = hp_pprintf(pool, "undoes %lld", (long long)u->id);
	if (how != ADD) {
		p->guard = is_as_left;
		p->guard_arg = u;
	}
	switch (u->kind) {
	case HP_UNDO_SITE: r = do_site(p, pool, u, how, ret, err); break;
	case HP_UNDO_TENANT: r = do_tenant(p, pool, u, how, ret_changed, err); break;
	case HP_UNDO_USER: r = do_user(p, pool, u, how, ret_changed, err); break;
	default: r = hp_key_remove(p, u->object, err);
	}
	p->note = NULL;
	p->guard = NULL;
	return r;
}
