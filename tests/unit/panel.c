#include "panel.h"

struct hp_pool *pool;
struct hp_panel *p;
struct hp_conf *conf;
const char *dir;
struct hp_err err;

const struct hp_assign *panel_assigns(
	const struct hp_field_table *t, size_t *n, const char *const *kv)
{
	struct hp_assign *a = hp_palloc(pool, 32 * sizeof(*a));

	for (*n = 0; kv[*n]; ++*n)
		OK(hp_field_assign(pool, t, kv[*n], &a[*n], &err));
	return a;
}

int panel_add_tenant(const char *name, const char *const *kv)
{
	size_t n;
	const struct hp_assign *a = panel_assigns(&hp_tenant_table, &n, kv);
	struct hp_tenant t;

	return hp_tenant_add(p, name, a, n, &t, &err);
}

int panel_add_user(const char *name, const char *tenant, const char *const *kv)
{
	size_t n;
	const struct hp_assign *a = panel_assigns(&hp_user_table, &n, kv);
	struct hp_user u;

	return hp_user_add(p, name, tenant, a, n, &u, &err);
}

int panel_set_user(const char *name, const char *const *kv)
{
	size_t n;
	const struct hp_assign *a = panel_assigns(&hp_user_table, &n, kv);
	bool changed;

	return hp_user_set(p, name, a, n, &changed, &err);
}

int panel_add(const char *domain, const char *tenant, const char *const *kv,
	const char *const *aliases, struct hp_site_change *c)
{
	size_t n;
	const struct hp_assign *a = panel_assigns(&hp_site_table, &n, kv);
	struct hp_strv names = {0};

	while (aliases && *aliases)
		hp_strv_add(pool, &names, *aliases++);
	return hp_site_add(p, pool, domain, tenant, a, n, &names, c, &err);
}

int panel_set(const char *domain, const char *const *kv, struct hp_site_change *c)
{
	size_t n;
	const struct hp_assign *a = panel_assigns(&hp_site_table, &n, kv);

	return hp_site_set(p, pool, domain, a, n, c, &err);
}

/* ---- a fresh panel for each test ---- */

int panel_see_site(
	void *arg, const struct hp_site *s, const char *tenant, struct hp_err *e HP_UNUSED)
{
	struct panel_names *n = arg;

	assert_non_null(tenant);
	hp_strv_add(pool, &n->v, s->v[HP_SITE_DOMAIN]);
	return 0;
}

int panel_see_tenant(
	void *arg, const struct hp_tenant *t, int64_t sites HP_UNUSED, struct hp_err *e HP_UNUSED)
{
	struct panel_names *n = arg;

	hp_strv_add(pool, &n->v, t->v[HP_TENANT_SUBDOMAIN]);
	return 0;
}

int panel_see_user(
	void *arg, const struct hp_user *u, const char *tenant, struct hp_err *e HP_UNUSED)
{
	struct panel_names *n = arg;

	assert_non_null(tenant);
	hp_strv_add(pool, &n->v, u->v[HP_USER_USERNAME]);
	return 0;
}

size_t panel_count_sites(void)
{
	struct panel_names n = {{0}};

	OK(hp_site_each(p, NULL, panel_see_site, &n, &err));
	return n.v.n;
}

static void empty_panel(void)
{
	struct panel_names sites = {{0}}, users = {{0}}, tenants = {{0}};
	struct hp_site_change c;

	OK(hp_site_each(p, NULL, panel_see_site, &sites, &err));
	for (size_t i = 0; i < sites.v.n; i++)
		OK(hp_site_remove(p, pool, sites.v.v[i], &c, &err));
	/* clients first: a reseller stays as long as he has some */
	for (size_t i = 0; i < 2; i++) {
		const struct hp_user_filter clients = {.role = i ? NULL : "client"};

		memset(&users, 0, sizeof(users));
		OK(hp_user_each(p, &clients, panel_see_user, &users, &err));
		for (size_t k = 0; k < users.v.n; k++)
			OK(hp_user_remove(p, users.v.v[k], &err));
	}
	OK(hp_tenant_each(p, panel_see_tenant, &tenants, &err));
	for (size_t i = 0; i < tenants.v.n; i++)
		OK(hp_tenant_remove(p, tenants.v.v[i], &err));
}

static void parse_conf(void)
{
	const char *url = getenv("HP_TEST_DB_URL");
	const char *text = "[node]\nname = web1\n";

	if (url)
		text = hp_pprintf(pool, "%s[database]\nurl = %s\n", text, url);
	OK(hp_conf_parse(pool, unit_path("hosting-panel.conf"), text, strlen(text), &conf, &err));
}

int panel_setup(void **state HP_UNUSED)
{
	struct hp_panel_setup s;

	setenv("HP_LIBDIR", HP_TEST_LIBDIR, 1);
	pool = hp_pool_new();
	dir = unit_mkdir();
	parse_conf();
	OK(hp_panel_init(pool, dir, conf, NULL, false, NULL, NULL, &s, &err));
	OK(hp_panel_open(dir, conf, &p, &err));
	empty_panel();
	OK(panel_add_tenant("acme", NONE));
	OK(panel_add_tenant("beta", NONE));
	return 0;
}

int panel_teardown(void **state HP_UNUSED)
{
	hp_panel_close(p);
	p = NULL;
	hp_pool_free(pool);
	unit_rmdir();
	return 0;
}

static int64_t tenant_id(const char *name)
{
	struct hp_tenant t;
	int64_t id;

	OK(hp_tenant_get(p, pool, name, &t, &err));
	assert_int_equal(hp_parse_i64(t.v[HP_TENANT_ID], 1, INT64_MAX, &id), 0);
	return id;
}

void panel_act_as(const char *tenant)
{
	struct hp_actor a = {.kind = HP_ACTOR_USER,
		.role = HP_ROLE_ADMIN,
		.tenant_id = tenant_id(tenant),
		.name = "alice",
		.source = "192.0.2.1"};

	p->actor = a;
	hp_db_set_tenant(p->db, a.tenant_id);
}

void panel_act_as_user(const char *name)
{
	OK(hp_panel_act(p, name, &err));
}

void panel_act_as_operator(void)
{
	p->actor = p->host;
	hp_db_set_tenant(p->db, 0);
}

/* ---- audit and nodes, counted ---- */

static int see_audit(void *arg, const struct hp_audit_row *r, struct hp_err *e HP_UNUSED)
{
	struct panel_trail *t = arg;

	if (t->n++)
		return 0;
	snprintf(t->verb, sizeof(t->verb), "%s", r->verb);
	snprintf(t->actor, sizeof(t->actor), "%s", r->actor);
	snprintf(t->before, sizeof(t->before), "%s", r->before ? r->before : "");
	snprintf(t->after, sizeof(t->after), "%s", r->after ? r->after : "");
	snprintf(t->note, sizeof(t->note), "%s", r->note ? r->note : "");
	return 0;
}

struct panel_trail panel_trail(void)
{
	struct panel_trail t = {0};

	OK(hp_audit_each(p, NULL, see_audit, &t, &err));
	return t;
}

static int see_node(void *arg, const struct hp_node_row *r, struct hp_err *e HP_UNUSED)
{
	if (hp_streq(r->name, "web1"))
		*(int64_t *)arg = r->generation;
	return 0;
}

int64_t panel_generation(void)
{
	int64_t g = -1;

	OK(hp_node_each(p, see_node, &g, &err));
	return g;
}
