/* Changes of a website that is there. */
#include "panel/panel_impl.h"

struct changing {
	struct hp_pool *pool;
	const char *domain, *verb;
	const struct hp_assign *a;
	size_t n;
	const char *status;
	struct hp_strv add, remove; /* canonical */
	struct hp_site_change *ret;
};

static int begin(struct hp_panel *p, struct changing *x, int64_t *ret_node_id, struct hp_err *err)
{
	struct hp_site_change *c = x->ret;

	memset(c, 0, sizeof(*c));
	if (hp_site_find(p, x->pool, x->domain, x->verb, true, &c->before, ret_node_id, err) < 0 ||
		hp_panel_may_begin_with(p, &hp_site_table, c->before.v, &c->before.aliases,
			c->before.v[HP_SITE_DOMAIN], err) < 0)
		return err->code;
	c->after = c->before;
	c->node = c->before.v[HP_SITE_NODE];
	return 0;
}

/* Nothing to do: the generation is told all the same. */
static int unchanged(struct hp_panel *p, struct changing *x, int64_t node_id, struct hp_err *err)
{
	return hp_node_generation(p, node_id, &x->ret->generation, err);
}

static int finish(struct hp_panel *p, struct changing *x, int64_t node_id, struct hp_err *err)
{
	if (hp_site_touch(p, &x->ret->after, err) < 0 ||
		hp_site_find(p, x->pool, x->ret->before.v[HP_SITE_DOMAIN], x->verb, true,
			&x->ret->after, NULL, err) < 0 ||
		hp_site_check(&x->ret->after, err) < 0)
		return err->code;
	return hp_site_changed(p, x->verb, x->pool, node_id, x->ret, NULL, err);
}

/* ---- settings ---- */
static int assign(
	struct hp_panel *p, const struct changing *x, struct hp_site *s, struct hp_err *err)
{
	size_t i;

	for (i = 0; i < x->n; i++) {
		const struct hp_field *f = &hp_site_table.fields[x->a[i].field];

		if (hp_may_assign(&p->actor, f, false, err) < 0)
			return err->code;
		if (hp_field_apply(x->pool, &hp_site_table, &x->a[i], s->v[x->a[i].field],
			    &s->v[x->a[i].field], err) < 0)
			return err->code;
	}
	return hp_site_check(s, err);
}

static int set_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	struct changing *x = arg;
	struct hp_site *after = &x->ret->after, *before = &x->ret->before;
	bool owner;
	int64_t node_id, user_id;

	if (begin(p, x, &node_id, err) < 0 || assign(p, x, after, err) < 0)
		return err->code;
	if (hp_site_same(before, after))
		return unchanged(p, x, node_id, err);
	if ((!hp_streq(before->v[HP_SITE_PHP_VERSION], after->v[HP_SITE_PHP_VERSION]) ||
		    !hp_streq(before->v[HP_SITE_PHP_PATHS], after->v[HP_SITE_PHP_PATHS])) &&
		hp_site_php_ok(p, after, err) < 0)
		return err->code;
	owner = !hp_streq(before->v[HP_SITE_OWNER], after->v[HP_SITE_OWNER]);
	if (owner && (hp_site_owner_check(p, x->pool, before, after, &user_id, err) < 0 ||
			     hp_site_owner_write(p, after, user_id, err) < 0))
		return err->code;
	if (hp_site_config_write(p, HP_SQL_SITE_CONFIG_SET, after, err) < 0)
		return err->code;
	return finish(p, x, node_id, err);
}

int hp_site_set(struct hp_panel *p, struct hp_pool *pool, const char *domain,
	const struct hp_assign *a, size_t n, struct hp_site_change *ret, struct hp_err *err)
{
	struct changing x = {
		.pool = pool, .domain = domain, .verb = "site:set", .a = a, .n = n, .ret = ret};

	if (hp_may_begin(&p->actor, x.verb, err) < 0)
		return err->code;
	return hp_panel_tx(p, set_tx, &x, err);
}

/* ---- suspended or not ---- */
static int status_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	struct changing *x = arg;
	int64_t node_id;

	if (begin(p, x, &node_id, err) < 0)
		return err->code;
	if (hp_streq(x->ret->before.v[HP_SITE_STATUS], x->status))
		return unchanged(p, x, node_id, err);
	x->ret->after.v[HP_SITE_STATUS] = x->status;
	return finish(p, x, node_id, err);
}

int hp_site_status(struct hp_panel *p, struct hp_pool *pool, const char *domain, const char *status,
	struct hp_site_change *ret, struct hp_err *err)
{
	bool suspend = hp_streq(status, "suspended");
	struct changing x = {.pool = pool,
		.domain = domain,
		.status = suspend ? "suspended" : "active",
		.verb = suspend ? "site:suspend" : "site:resume",
		.ret = ret};

	HP_BUG_ON(!suspend && !hp_streq(status, "active"));
	if (hp_may_begin(&p->actor, x.verb, err) < 0)
		return err->code;
	return hp_panel_tx(p, status_tx, &x, err);
}

/* ---- further names ---- */
static int add_name(struct hp_panel *p, const struct changing *x, const char *name, bool *changed,
	struct hp_err *err)
{
	const struct hp_site *s = &x->ret->before;

	if (hp_streq(name, s->v[HP_SITE_DOMAIN]))
		return hp_err_field(err, HP_E_USAGE, "aliases",
			"%s is the website's own domain", name);
	if (hp_strv_has(&s->aliases, name))
		return 0;
	*changed = true;
	if (hp_site_name_free(p, "aliases", name, err) < 0)
		return err->code;
	return hp_site_name_add(p, s, name, true, err);
}

static int alias_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	struct changing *x = arg;
	const struct hp_site *s = &x->ret->before;
	bool changed = false;
	int64_t node_id;
	size_t i, gone = 0, more = 0;

	if (begin(p, x, &node_id, err) < 0)
		return err->code;
	for (i = 0; i < x->remove.n; i++)
		gone += hp_strv_has(&s->aliases, x->remove.v[i]);
	for (i = 0; i < x->add.n; i++)
		more += !hp_strv_has(&s->aliases, x->add.v[i]);
	if (s->aliases.n + more - gone > HP_SITE_ALIASES_MAX)
		return hp_err_field(err, HP_E_USAGE, "aliases",
			"a website can have %d further names, not %zu", HP_SITE_ALIASES_MAX,
			s->aliases.n + more - gone);
	for (i = 0; i < x->remove.n && gone; i++) {
		changed = true;
		if (hp_site_name_remove(p, s, x->remove.v[i], err) < 0)
			return err->code;
	}
	for (i = 0; i < x->add.n; i++)
		if (add_name(p, x, x->add.v[i], &changed, err) < 0)
			return err->code;
	return changed ? finish(p, x, node_id, err) : unchanged(p, x, node_id, err);
}

static int take_names(
	struct hp_pool *pool, const struct hp_strv *names, struct hp_strv *ret, struct hp_err *err)
{
	const char *name;
	size_t i;

	for (i = 0; names && i < names->n; i++) {
		if (hp_site_name(pool, "aliases", names->v[i], true, &name, err) < 0)
			return err->code;
		if (!hp_strv_has(ret, name))
			hp_strv_add_ref(pool, ret, name);
	}
	return 0;
}

int hp_site_alias(struct hp_panel *p, struct hp_pool *pool, const char *domain,
	const struct hp_strv *add, const struct hp_strv *remove, struct hp_site_change *ret,
	struct hp_err *err)
{
	struct changing x = {.pool = pool, .domain = domain, .verb = "site:alias", .ret = ret};
	size_t i;

	if (hp_may_begin(&p->actor, x.verb, err) < 0 || take_names(pool, add, &x.add, err) < 0 ||
		take_names(pool, remove, &x.remove, err) < 0)
		return err->code;
	for (i = 0; i < x.add.n; i++)
		if (hp_strv_has(&x.remove, x.add.v[i]))
			return hp_err_field(
				err, HP_E_USAGE, "aliases", "%s is both added and removed", x.add.v[i]);
	return hp_panel_tx(p, alias_tx, &x, err);
}

/* ---- gone ---- */
static int remove_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	struct changing *x = arg;
	int64_t node_id;

	if (begin(p, x, &node_id, err) < 0)
		return err->code;
	memset(&x->ret->after, 0, sizeof(x->ret->after));
	if (hp_site_delete(p, &x->ret->before, err) < 0)
		return err->code;
	return hp_site_changed(p, x->verb, x->pool, node_id, x->ret, NULL, err);
}

int hp_site_remove(struct hp_panel *p, struct hp_pool *pool, const char *domain,
	struct hp_site_change *ret, struct hp_err *err)
{
	struct changing x = {.pool = pool, .domain = domain, .verb = "site:remove", .ret = ret};

	if (hp_may_begin(&p->actor, x.verb, err) < 0)
		return err->code;
	return hp_panel_tx(p, remove_tx, &x, err);
}
