/* A change taken back, because its node could not carry it out. */
#include "panel/panel_impl.h"

struct reverting {
	struct hp_pool *pool;
	const struct hp_site_change *change;
	const char *why;
};

static int moved_on(const char *domain, struct hp_err *err)
{
	return hp_err_set(err, HP_E_EXISTS,
		"%s: it has been changed by somebody else since, which stands", domain);
}

/* Is it still what the change made of it? */
static int find_as_left(struct hp_panel *p, struct reverting *x, struct hp_site *now,
	int64_t *node_id, struct hp_err *err)
{
	const char *domain = x->change->after.v[HP_SITE_DOMAIN];

	if (hp_site_find(p, x->pool, domain, "site:revert", true, now, node_id, err) < 0)
		return err->code == HP_E_NOT_FOUND ? moved_on(domain, err) : err->code;
	return hp_site_same(now, &x->change->after) ? 0 : moved_on(domain, err);
}

/* To whom it belonged; a user who is gone meanwhile leaves it to the tenant. */
static int give_back(struct hp_panel *p, struct reverting *x, const struct hp_site *s,
	struct hp_err *err)
{
	struct hp_user_row r = {.id = 0};

	if (s->v[HP_SITE_OWNER] && hp_user_look(p, x->pool, s->v[HP_SITE_OWNER], &r, err) < 0) {
		if (err->code != HP_E_NOT_FOUND)
			return err->code;
		hp_err_clear(err);
	}
	return hp_site_owner_write(p, s, r.id, err);
}

static int put_back(struct hp_panel *p, struct reverting *x, const struct hp_site *s,
	int64_t *node_id, struct hp_err *err)
{
	size_t i;

	if (hp_may(&p->actor, "site:revert",
		    &(struct hp_object){.tenant = hp_site_i64(s, HP_SITE_TENANT_ID),
			    .owner = p->actor.user_id},
		    err) < 0)
		return err->code;
	hp_panel_as(p, hp_site_i64(s, HP_SITE_TENANT_ID));
	if (hp_node_find(p, s->v[HP_SITE_NODE], node_id, err) < 0 ||
		hp_site_name_free(p, "domain", s->v[HP_SITE_DOMAIN], err) < 0)
		return err->code;
	for (i = 0; i < s->aliases.n; i++)
		if (hp_site_name_free(p, "aliases", s->aliases.v[i], err) < 0)
			return err->code;
	if (hp_site_put_back(p, s, *node_id, err) < 0)
		return err->code == HP_E_EXISTS ? moved_on(s->v[HP_SITE_DOMAIN], err) : err->code;
	if (give_back(p, x, s, err) < 0)
		return err->code;
	return hp_site_find(p, x->pool, s->v[HP_SITE_DOMAIN], "site:revert", true,
		&(struct hp_site){0}, NULL, err);
}

static int set_back(struct hp_panel *p, struct reverting *x, const struct hp_site *now,
	const struct hp_site *s, struct hp_err *err)
{
	size_t i;

	if (!hp_streq(now->v[HP_SITE_OWNER], s->v[HP_SITE_OWNER]) && give_back(p, x, s, err) < 0)
		return err->code;

	for (i = 0; i < now->aliases.n; i++)
		if (!hp_strv_has(&s->aliases, now->aliases.v[i]) &&
			hp_site_name_remove(p, s, now->aliases.v[i], err) < 0)
			return err->code;
	for (i = 0; i < s->aliases.n; i++)
		if (!hp_strv_has(&now->aliases, s->aliases.v[i]) &&
			hp_site_name_add(p, s, s->aliases.v[i], true, err) < 0)
			return err->code;
	if (hp_site_config_write(p, HP_SQL_SITE_CONFIG_SET, s, err) < 0)
		return err->code;
	return hp_site_touch(p, s, err);
}

static int revert_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	struct reverting *x = arg;
	const struct hp_site *before = &x->change->before;
	struct hp_site_change back = {0};
	int64_t node_id = 0;
	int r;

	if (!x->change->after.v[HP_SITE_ID]) {
		r = put_back(p, x, before, &node_id, err);
	} else {
		r = find_as_left(p, x, &back.before, &node_id, err);
		if (r == 0)
			r = before->v[HP_SITE_ID] ? set_back(p, x, &back.before, before, err)
						  : hp_site_delete(p, &back.before, err);
	}
	if (r < 0)
		return r;
	back.after = *before;
	return hp_site_changed(p, "site:revert", x->pool, node_id, &back, x->why, err);
}

int hp_site_revert(struct hp_panel *p, const struct hp_site_change *change, const char *why,
	struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct reverting x = {.pool = pool, .change = change, .why = why};

	if (!change->changed)
		return 0;
	if (hp_may_begin(&p->actor, "site:revert", err) < 0)
		return err->code;
	return hp_panel_tx(p, revert_tx, &x, err);
}
