/*
 * What is the node's and not the panel's: that certificates changed, or could not be renewed, and
 * that kept answers were thrown away, is told here.
 */
#include "panel/panel_impl.h"

struct noting {
	struct hp_pool *pool;
	const char *verb, *domain, *before, *after, *note;
};

static int note_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	const struct noting *x = arg;
	struct hp_site s;
	int64_t tenant = 0;

	memset(&s, 0, sizeof(s));
	if (hp_site_find(p, x->pool, x->domain, x->verb, false, &s, NULL, err) == 0)
		tenant = hp_site_i64(&s, HP_SITE_TENANT_ID);
	else if (err->code != HP_E_NOT_FOUND)
		return err->code;
	hp_err_clear(err);
	return hp_audit_add(p, tenant, x->verb, x->domain, x->before, x->after, x->note, err);
}

int hp_node_note(struct hp_panel *p, const char *verb, const char *domain, const char *before,
	const char *after, const char *note, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct noting x = {.pool = pool,
		.verb = verb,
		.domain = domain,
		.before = before,
		.after = after,
		.note = note};

	if (hp_may_begin(&p->actor, verb, err) < 0)
		return err->code;
	return hp_panel_tx(p, note_tx, &x, err);
}
