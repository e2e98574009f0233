/*
 * The control plane on SQLite in a folder of its own, or on the database that HP_TEST_DB_URL names: an
 * empty one, or one that this test has filled before.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "unit.h"
#include "base/file.h"
#include "model/state.h"
#include "panel/panel.h"

static struct hp_pool *pool;
static struct hp_panel *p;
static struct hp_conf *conf;
static const char *dir;
static struct hp_err err;

#define OK(call)                                                                                   \
	do {                                                                                       \
		hp_err_clear(&err);                                                                \
		if ((call) < 0)                                                                    \
			fail_msg("%s: %s", #call, err.msg);                                        \
	} while (0)
#define REFUSED(call, code, text)                                                                  \
	do {                                                                                       \
		hp_err_clear(&err);                                                                \
		assert_int_equal((call), code);                                                    \
		unit_assert_err(&err, code, text);                                                 \
	} while (0)

static const struct hp_assign *assigns(const struct hp_field_table *t, size_t *n, const char *const *kv)
{
	struct hp_assign *a = hp_palloc(pool, 32 * sizeof(*a));

	for (*n = 0; kv[*n]; ++*n)
		OK(hp_field_assign(pool, t, kv[*n], &a[*n].field, &a[*n].value, &err));
	return a;
}

static int add_tenant(const char *name, const char *const *kv)
{
	size_t n;
	const struct hp_assign *a = assigns(&hp_tenant_table, &n, kv);
	struct hp_tenant t;

	return hp_tenant_add(p, name, a, n, &t, &err);
}

static int add(const char *domain, const char *tenant, const char *const *kv, const char *const *aliases,
	struct hp_site_change *c)
{
	size_t n;
	const struct hp_assign *a = assigns(&hp_site_table, &n, kv);
	struct hp_strv names = {0};

	while (aliases && *aliases)
		hp_strv_add(pool, &names, *aliases++);
	return hp_site_add(p, pool, domain, tenant, a, n, &names, c, &err);
}

static int set(const char *domain, const char *const *kv, struct hp_site_change *c)
{
	size_t n;
	const struct hp_assign *a = assigns(&hp_site_table, &n, kv);

	return hp_site_set(p, pool, domain, a, n, c, &err);
}

#define KV(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NONE ((const char *const[]){NULL})
#define PHP KV("php_version=8.2")

/* ---- a fresh panel for each test ---- */
struct names {
	struct hp_strv v;
};

static int see_site(void *arg, const struct hp_site *s, const char *tenant, struct hp_err *e HP_UNUSED)
{
	struct names *n = arg;

	assert_non_null(tenant);
	hp_strv_add(pool, &n->v, s->v[HP_SITE_DOMAIN]);
	return 0;
}

static int see_tenant(void *arg, const struct hp_tenant *t, int64_t sites HP_UNUSED,
	struct hp_err *e HP_UNUSED)
{
	struct names *n = arg;

	hp_strv_add(pool, &n->v, t->v[HP_TENANT_SUBDOMAIN]);
	return 0;
}

static size_t count_sites(void)
{
	struct names n = {{0}};

	OK(hp_site_each(p, NULL, see_site, &n, &err));
	return n.v.n;
}

static void empty_panel(void)
{
	struct names sites = {{0}}, tenants = {{0}};
	struct hp_site_change c;

	OK(hp_site_each(p, NULL, see_site, &sites, &err));
	for (size_t i = 0; i < sites.v.n; i++)
		OK(hp_site_remove(p, pool, sites.v.v[i], &c, &err));
	OK(hp_tenant_each(p, see_tenant, &tenants, &err));
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

static int setup(void **state HP_UNUSED)
{
	struct hp_panel_setup s;

	setenv("HP_LIBDIR", HP_TEST_LIBDIR, 1);
	pool = hp_pool_new();
	dir = unit_mkdir();
	parse_conf();
	OK(hp_panel_init(pool, dir, conf, NULL, false, NULL, NULL, &s, &err));
	OK(hp_panel_open(dir, conf, &p, &err));
	empty_panel();
	OK(add_tenant("acme", NONE));
	OK(add_tenant("beta", NONE));
	return 0;
}

static int teardown(void **state HP_UNUSED)
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

static void act_as(const char *tenant)
{
	struct hp_actor a = {.kind = HP_ACTOR_TENANT, .tenant_id = tenant_id(tenant), .name = "alice",
		.source = "192.0.2.1"};

	p->actor = a;
	hp_db_set_tenant(p->db, a.tenant_id);
}

static void act_as_operator(void)
{
	p->actor = (struct hp_actor){.kind = HP_ACTOR_OPERATOR, .name = "root", .source = "shell"};
	hp_db_set_tenant(p->db, 0);
}

/* ---- audit and nodes, counted ---- */
struct trail {
	unsigned n;
	char verb[64], before[2000], after[4000], note[200], actor[64];
};

static int see_audit(void *arg, const struct hp_audit_row *r, struct hp_err *e HP_UNUSED)
{
	struct trail *t = arg;

	if (t->n++)
		return 0;
	snprintf(t->verb, sizeof(t->verb), "%s", r->verb);
	snprintf(t->actor, sizeof(t->actor), "%s", r->actor);
	snprintf(t->before, sizeof(t->before), "%s", r->before ? r->before : "");
	snprintf(t->after, sizeof(t->after), "%s", r->after ? r->after : "");
	snprintf(t->note, sizeof(t->note), "%s", r->note ? r->note : "");
	return 0;
}

static struct trail trail(void)
{
	struct trail t = {0};

	OK(hp_audit_each(p, NULL, see_audit, &t, &err));
	return t;
}

static int see_node(void *arg, const struct hp_node_row *r, struct hp_err *e HP_UNUSED)
{
	if (hp_streq(r->name, "web1"))
		*(int64_t *)arg = r->generation;
	return 0;
}

static int64_t generation(void)
{
	int64_t g = -1;

	OK(hp_node_each(p, see_node, &g, &err));
	return g;
}

/* ---- setting up ---- */
static void init_again(void **state HP_UNUSED)
{
	struct hp_panel_setup s;
	struct stat st;

	OK(hp_panel_init(pool, dir, conf, NULL, false, NULL, NULL, &s, &err));
	assert_false(s.changed);
	assert_string_equal(s.node, "web1");
	assert_int_equal(s.schema_after, s.schema_want);
	OK(hp_panel_migrate(pool, dir, conf, false, NULL, NULL, &s, &err));
	assert_false(s.changed);
	OK(hp_panel_info(pool, dir, conf, &s, &err));
	assert_true(s.latency_us > 0);
	if (getenv("HP_TEST_DB_URL"))
		return;
	assert_string_equal(s.backend, "sqlite");
	assert_int_equal(stat(hp_path(pool, dir, "/var/lib/hosting-panel/panel.db"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(stat(hp_path(pool, dir, "/var/lib/hosting-panel"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
}

static void init_writes_the_url(void **state HP_UNUSED)
{
	static const char url[] = "sqlite:/srv/other.db";
	static const char old[] = "# mine\n[node]\nname = web7\n[database]\n# none yet\n";
	const char *path = unit_path("etc.conf");
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_panel_setup s;
	struct hp_conf *c;
	struct stat st;

	OK(hp_file_write(path, 0644, old, strlen(old), &err));
	OK(hp_conf_load(pool, path, &c, &err));
	OK(hp_panel_init(pool, dir, c, url, true, NULL, NULL, &s, &err));
	assert_true(s.changed);
	assert_int_not_equal(access(hp_path(pool, dir, "/srv/other.db"), F_OK), 0);
	OK(hp_panel_init(pool, dir, c, url, false, NULL, NULL, &s, &err));
	assert_true(s.wrote_conf);
	OK(hp_file_read(path, 10000, &b, &err));
	assert_string_equal(hp_buf_str(&b),
		"# mine\n[node]\nname = web7\n[database]\nurl = sqlite:/srv/other.db\n# none yet\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	OK(hp_conf_load(pool, path, &c, &err));
	OK(hp_panel_init(pool, dir, c, url, false, NULL, NULL, &s, &err));
	assert_false(s.changed);
	REFUSED(hp_panel_init(pool, dir, c, "sqlite:/srv/third.db", false, NULL, NULL, &s, &err),
		HP_E_EXISTS, "another database is configured");
}

static void no_database_yet(void **state HP_UNUSED)
{
	struct hp_panel *q = NULL;
	static const char text[] = "[database]\nurl = sqlite:/nowhere/x.db\n";
	struct hp_conf *c;

	OK(hp_conf_parse(pool, "x", text, strlen(text), &c, &err));
	REFUSED(hp_panel_open(dir, c, &q, &err), HP_E_CONF, "no database");
	assert_non_null(strstr(err.hint, "hp-db init"));
	assert_null(q);
}

/* ---- tenants ---- */
static void tenants(void **state HP_UNUSED)
{
	struct hp_tenant t;
	bool changed;
	size_t n;
	const struct hp_assign *a;

	REFUSED(add_tenant("acme", NONE), HP_E_EXISTS, "acme");
	REFUSED(add_tenant("no.dots", NONE), HP_E_USAGE, "subdomain");
	OK(add_tenant("gamma", KV("name=Gamma & Co", "website_limit=3", "database_url=mysql://u:pw@h/d")));
	OK(hp_tenant_get(p, pool, "gamma", &t, &err));
	assert_string_equal(t.v[HP_TENANT_NAME], "Gamma & Co");
	assert_string_equal(t.v[HP_TENANT_WEBSITE_LIMIT], "3");
	assert_string_equal(t.v[HP_TENANT_DATABASE_BACKEND], "mysql");
	assert_null(t.v[HP_TENANT_STORAGE_QUOTA_GB]);
	assert_string_equal(t.v[HP_TENANT_STATUS], "active");
	assert_non_null(strstr(trail().after, "\"database_url\":\"***\""));
	a = assigns(&hp_tenant_table, &n, KV("website_limit=", "name=Gamma"));
	OK(hp_tenant_set(p, "gamma", a, n, &changed, &err));
	assert_true(changed);
	OK(hp_tenant_set(p, "gamma", a, n, &changed, &err));
	assert_false(changed);
	OK(hp_tenant_get(p, pool, "gamma", &t, &err));
	assert_null(t.v[HP_TENANT_WEBSITE_LIMIT]);
	a = assigns(&hp_tenant_table, &n, KV("database_backend=postgresql"));
	REFUSED(hp_tenant_set(p, "gamma", a, n, &changed, &err), HP_E_USAGE, "database_url");
	a = assigns(&hp_tenant_table, &n, KV("subdomain=delta"));
	REFUSED(hp_tenant_set(p, "gamma", a, n, &changed, &err), HP_E_USAGE, "subdomain");
	OK(hp_tenant_remove(p, "gamma", &err));
	REFUSED(hp_tenant_get(p, pool, "gamma", &t, &err), HP_E_NOT_FOUND, "gamma");
	REFUSED(hp_tenant_remove(p, "gamma", &err), HP_E_NOT_FOUND, "gamma");
}

static void website_limit(void **state HP_UNUSED)
{
	struct hp_site_change c;
	bool changed;
	size_t n;
	const struct hp_assign *a = assigns(&hp_tenant_table, &n, KV("website_limit=2"));

	OK(hp_tenant_set(p, "acme", a, n, &changed, &err));
	OK(add("a.example", "acme", PHP, NULL, &c));
	OK(add("b.example", "acme", PHP, NULL, &c));
	REFUSED(add("c.example", "acme", PHP, NULL, &c), HP_E_EXISTS, "has 2 websites");
	assert_non_null(strstr(err.msg, "website_limit is 2"));
	assert_int_equal(count_sites(), 2);
	OK(add("c.example", "beta", PHP, NULL, &c));
	OK(hp_site_remove(p, pool, "a.example", &c, &err));
	OK(add("d.example", "acme", PHP, NULL, &c));
	REFUSED(hp_tenant_remove(p, "acme", &err), HP_E_EXISTS, "2 websites");
}

/* ---- websites ---- */
static void add_and_show(void **state HP_UNUSED)
{
	struct hp_site_change c;
	struct hp_site s;
	int64_t g = generation(), id;

	OK(add("Example.COM", "acme", KV("php_version=8.2", "php_memory_limit=512M"),
		KV("www.example.com", "*.example.com"), &c));
	assert_true(c.changed);
	assert_null(c.before.v[HP_SITE_ID]);
	assert_string_equal(c.node, "web1");
	assert_int_equal(c.generation, g + 1);
	assert_int_equal(generation(), g + 1);
	OK(hp_site_get(p, pool, "example.com.", &s, &err));
	assert_string_equal(s.v[HP_SITE_DOMAIN], "example.com");
	assert_string_equal(s.v[HP_SITE_PHP_MEMORY_LIMIT], "512M");
	assert_string_equal(s.v[HP_SITE_GZIP_ENABLED], "true");
	assert_string_equal(s.v[HP_SITE_SSL_ENABLED], "false");
	assert_string_equal(s.v[HP_SITE_ALLOWED_IPS], "[]");
	assert_string_equal(s.v[HP_SITE_STATUS], "active");
	assert_string_equal(s.v[HP_SITE_NODE], "web1");
	assert_null(s.v[HP_SITE_DATABASE_HOST]);
	assert_int_equal(s.aliases.n, 2);
	assert_string_equal(s.aliases.v[0], "*.example.com");
	id = hp_site_i64(&s, HP_SITE_ID);
	assert_string_equal(s.v[HP_SITE_USER], hp_pprintf(pool, "site%lld", (long long)id));
	assert_int_equal(hp_site_i64(&s, HP_SITE_UID), hp_site_uid(id));
	assert_int_equal(strlen(s.v[HP_SITE_CREATED_AT]), 20);
	assert_string_equal(trail().verb, "site:add");
	assert_non_null(strstr(trail().after, "\"php_memory_limit\":\"512M\""));
	assert_non_null(strstr(trail().after, "\"aliases\":[\"*.example.com\",\"www.example.com\"]"));
}

static void names_collide(void **state HP_UNUSED)
{
	struct hp_site_change c;
	struct hp_strv l = {0}, none = {0};

	OK(add("example.com", "acme", PHP, KV("www.example.com", "*.example.net"), &c));
	REFUSED(add("example.com", "acme", PHP, NULL, &c), HP_E_EXISTS, "example.com");
	REFUSED(add("EXAMPLE.com", "beta", PHP, NULL, &c), HP_E_EXISTS, "example.com");
	REFUSED(add("www.example.com", "beta", PHP, NULL, &c), HP_E_EXISTS,
		"further name of website example.com");
	REFUSED(add("b.example", "beta", PHP, KV("example.com"), &c), HP_E_EXISTS, "example.com");
	REFUSED(add("b.example", "beta", PHP, KV("*.example.net"), &c), HP_E_EXISTS, "*.example.net");
	REFUSED(add("b.example", "beta", PHP, KV("b.example"), &c), HP_E_USAGE, "own domain");
	assert_int_equal(count_sites(), 1);
	OK(add("b.example", "beta", PHP, KV("a.example.net"), &c)); /* not the wildcard's own name */
	hp_strv_add(pool, &l, "www.example.com");
	REFUSED(hp_site_alias(p, pool, "b.example", &l, &none, &c, &err), HP_E_EXISTS, "www.example.com");
	act_as("beta"); /* who has it is not for another tenant to know */
	REFUSED(hp_site_alias(p, pool, "b.example", &l, &none, &c, &err), HP_E_EXISTS, "is taken already");
	assert_null(strstr(err.msg, "website example.com"));
	act_as_operator();
}

static void bad_wishes(void **state HP_UNUSED)
{
	struct hp_site_change c;
	unsigned before = trail().n;
	int64_t g = generation();

	REFUSED(add("localhost", "acme", PHP, NULL, &c), HP_E_USAGE, "domain");
	REFUSED(add("*.example.com", "acme", PHP, NULL, &c), HP_E_USAGE, "domain");
	REFUSED(add("a.example", "nobody", PHP, NULL, &c), HP_E_NOT_FOUND, "nobody");
	REFUSED(add("a.example", NULL, PHP, NULL, &c), HP_E_USAGE, "tenant");
	REFUSED(add("a.example", "acme", NONE, NULL, &c), HP_E_USAGE, "php_version");
	REFUSED(add("a.example", "acme", KV("php_version=8.2", "node=web9"), NULL, &c), HP_E_USAGE, "node");
	REFUSED(add("a.example", "acme", KV("php_version=8.2", "user=site7"), NULL, &c), HP_E_USAGE, "user");
	REFUSED(add("a.example", "acme", KV("php_version=8.2", "php_post_max_size=1M"), NULL, &c),
		HP_E_USAGE, "php_upload_max_filesize");
	REFUSED(add("a.example", "acme", PHP, KV("a_b.example"), &c), HP_E_USAGE, "alias");
	assert_int_equal(count_sites(), 0);
	assert_int_equal(trail().n, before);
	assert_int_equal(generation(), g);
	OK(add("a.example", "acme", KV("php_version=8.2", "user=alice"), NULL, &c));
	REFUSED(add("b.example", "beta", KV("php_version=8.2", "user=alice"), NULL, &c), HP_E_EXISTS,
		"user: alice");
	REFUSED(set("a.example", KV("user=bob"), &c), HP_E_USAGE, "user");
	REFUSED(set("a.example", KV("php_upload_max_filesize=1G"), &c), HP_E_USAGE, "php_post_max_size");
	REFUSED(set("none.example", KV("php_version=8.2"), &c), HP_E_NOT_FOUND, "none.example");
}

static int only_82(void *arg HP_UNUSED, const char *version, struct hp_err *e)
{
	if (hp_streq(version, "8.2"))
		return 0;
	return hp_err_set(e, HP_E_USAGE, "php_version: %s is not installed", version);
}

static void php_is_asked(void **state HP_UNUSED)
{
	struct hp_site_change c;

	p->php_ok = only_82;
	p->php_default = "8.2";
	REFUSED(add("a.example", "acme", KV("php_version=9.9"), NULL, &c), HP_E_USAGE, "9.9");
	OK(add("a.example", "acme", NONE, NULL, &c));
	assert_string_equal(c.after.v[HP_SITE_PHP_VERSION], "8.2");
	REFUSED(set("a.example", KV("php_version=9.9"), &c), HP_E_USAGE, "9.9");
	p->php_ok = NULL;
	OK(set("a.example", KV("php_version=9.9"), &c));
}

static void set_settings(void **state HP_UNUSED)
{
	struct hp_site_change c;
	struct trail t;
	int64_t g;

	OK(add("a.example", "acme", PHP, NULL, &c));
	g = generation();
	OK(set("a.example", KV("php_version=8.3", "gzip_enabled=no", "allowed_ips=10.0.0.0/8",
		"http_security_headers={\"X-A\":\"1\"}"), &c));
	assert_true(c.changed);
	assert_string_equal(c.before.v[HP_SITE_PHP_VERSION], "8.2");
	assert_string_equal(c.after.v[HP_SITE_PHP_VERSION], "8.3");
	assert_string_equal(c.after.v[HP_SITE_GZIP_ENABLED], "false");
	assert_int_equal(c.generation, g + 1);
	t = trail();
	assert_string_equal(t.verb, "site:set");
	assert_string_equal(t.before, "{\"php_version\":\"8.2\",\"gzip_enabled\":true,"
		"\"http_security_headers\":{},\"allowed_ips\":[]}");
	assert_string_equal(t.after, "{\"php_version\":\"8.3\",\"gzip_enabled\":false,"
		"\"http_security_headers\":{\"X-A\":\"1\"},\"allowed_ips\":[\"10.0.0.0/8\"]}");
	OK(set("a.example", KV("php_version=8.3", "gzip_enabled=0"), &c));
	assert_false(c.changed);
	assert_int_equal(c.generation, g + 1);
	assert_string_equal(c.node, "web1");
	assert_int_equal(trail().n, t.n);
	/* the node need not know where the website's database is */
	OK(set("a.example", KV("database_host=db.example.com", "database_port=3306"), &c));
	assert_true(c.changed);
	assert_int_equal(c.generation, g + 1);
	OK(set("a.example", KV("database_host="), &c));
	assert_null(c.after.v[HP_SITE_DATABASE_HOST]);
	assert_string_equal(c.after.v[HP_SITE_DATABASE_PORT], "3306");
}

static void aliases(void **state HP_UNUSED)
{
	struct hp_site_change c;
	struct hp_strv l = {0}, none = {0};
	int64_t g;

	OK(add("a.example", "acme", PHP, KV("z.a.example"), &c));
	g = generation();
	hp_strv_add(pool, &l, "WWW.a.example");
	OK(hp_site_alias(p, pool, "a.example", &l, &none, &c, &err));
	assert_true(c.changed);
	assert_int_equal(c.generation, g + 1);
	assert_int_equal(c.before.aliases.n, 1);
	assert_int_equal(c.after.aliases.n, 2);
	assert_string_equal(c.after.aliases.v[0], "www.a.example");
	assert_string_equal(trail().before, "{\"aliases\":[\"z.a.example\"]}");
	OK(hp_site_alias(p, pool, "a.example", &l, &none, &c, &err));
	assert_false(c.changed);
	OK(hp_site_alias(p, pool, "a.example", &none, &l, &c, &err));
	assert_true(c.changed);
	assert_int_equal(c.after.aliases.n, 1);
	OK(hp_site_alias(p, pool, "a.example", &none, &l, &c, &err));
	assert_false(c.changed);
}

static void suspend_and_remove(void **state HP_UNUSED)
{
	struct hp_site_change c;
	struct hp_site s;

	OK(add("a.example", "acme", PHP, KV("b.example"), &c));
	OK(hp_site_status(p, pool, "a.example", "suspended", &c, &err));
	assert_true(c.changed);
	assert_string_equal(c.after.v[HP_SITE_STATUS], "suspended");
	OK(hp_site_status(p, pool, "a.example", "suspended", &c, &err));
	assert_false(c.changed);
	OK(hp_site_status(p, pool, "a.example", "active", &c, &err));
	OK(hp_site_remove(p, pool, "a.example", &c, &err));
	assert_null(c.after.v[HP_SITE_ID]);
	assert_string_equal(c.before.v[HP_SITE_DOMAIN], "a.example");
	assert_string_equal(c.node, "web1");
	REFUSED(hp_site_get(p, pool, "a.example", &s, &err), HP_E_NOT_FOUND, "a.example");
	REFUSED(hp_site_remove(p, pool, "a.example", &c, &err), HP_E_NOT_FOUND, "a.example");
	OK(add("b.example", "beta", PHP, KV("a.example"), &c));
}

static void dry_run(void **state HP_UNUSED)
{
	struct hp_site_change c;
	struct trail t = trail();
	int64_t g = generation();

	p->dry_run = true;
	OK(add("a.example", "acme", PHP, NULL, &c));
	assert_true(c.changed);
	assert_string_equal(c.after.v[HP_SITE_DOMAIN], "a.example");
	OK(add_tenant("gamma", NONE));
	REFUSED(add("a.example", "nobody", PHP, NULL, &c), HP_E_NOT_FOUND, "nobody");
	p->dry_run = false;
	assert_int_equal(count_sites(), 0);
	assert_int_equal(generation(), g);
	assert_int_equal(trail().n, t.n);
	OK(add("a.example", "acme", PHP, NULL, &c));
}

/* ---- taken back ---- */
static void revert(void **state HP_UNUSED)
{
	struct hp_site_change added, changed, removed, c;
	struct hp_strv l = {0}, none = {0};
	struct hp_site s;

	OK(add("a.example", "acme", PHP, KV("www.a.example"), &added));
	OK(set("a.example", KV("php_version=8.3"), &changed));
	OK(hp_site_revert(p, &changed, "nginx said no", &err));
	assert_string_equal(trail().verb, "site:revert");
	assert_string_equal(trail().note, "nginx said no");
	OK(hp_site_get(p, pool, "a.example", &s, &err));
	assert_string_equal(s.v[HP_SITE_PHP_VERSION], "8.2");
	REFUSED(hp_site_revert(p, &changed, "again", &err), HP_E_EXISTS, "somebody else");
	hp_strv_add(pool, &l, "b.example");
	OK(hp_site_alias(p, pool, "a.example", &l, &none, &c, &err));
	OK(hp_site_revert(p, &c, "no", &err));
	OK(hp_site_get(p, pool, "a.example", &s, &err));
	assert_int_equal(s.aliases.n, 1);
	OK(hp_site_status(p, pool, "a.example", "suspended", &c, &err));
	OK(hp_site_revert(p, &c, "no", &err));
	OK(hp_site_remove(p, pool, "a.example", &removed, &err));
	OK(hp_site_revert(p, &removed, "no", &err));
	OK(hp_site_get(p, pool, "a.example", &s, &err));
	assert_string_equal(s.v[HP_SITE_ID], removed.before.v[HP_SITE_ID]);
	assert_string_equal(s.v[HP_SITE_USER], removed.before.v[HP_SITE_USER]);
	assert_string_equal(s.v[HP_SITE_CREATED_AT], removed.before.v[HP_SITE_CREATED_AT]);
	assert_string_equal(s.v[HP_SITE_STATUS], "active");
	assert_string_equal(s.aliases.v[0], "www.a.example");
	OK(hp_site_remove(p, pool, "a.example", &removed, &err));
	OK(add("c.example", "beta", PHP, KV("www.a.example"), &c));
	REFUSED(hp_site_revert(p, &removed, "no", &err), HP_E_EXISTS, "www.a.example");
	OK(hp_site_revert(p, &c, "no", &err));
	REFUSED(hp_site_get(p, pool, "c.example", &s, &err), HP_E_NOT_FOUND, "c.example");
	assert_int_equal(count_sites(), 0);
}

/* ---- walls ---- */
static void foreign_is_unknown(void **state HP_UNUSED)
{
	struct hp_site_change c;
	struct hp_site s;
	struct hp_tenant t;
	char foreign[1024];
	struct names seen = {{0}};
	bool changed;
	struct hp_strv l = {0}, none = {0};
	size_t n;
	const struct hp_assign *a;

	OK(add("a.example", "acme", PHP, NULL, &c));
	OK(add("b.example", "beta", PHP, NULL, &c));
	act_as("beta");
	OK(hp_site_get(p, pool, "b.example", &s, &err));
	REFUSED(hp_site_get(p, pool, "a.example", &s, &err), HP_E_NOT_FOUND, "a.example");
	snprintf(foreign, sizeof(foreign), "%s", err.msg);
	REFUSED(hp_site_get(p, pool, "x.example", &s, &err), HP_E_NOT_FOUND, "x.example");
	assert_int_equal(strlen(foreign), strlen(err.msg));
	REFUSED(set("a.example", KV("php_version=8.3"), &c), HP_E_NOT_FOUND, "a.example");
	hp_strv_add(pool, &l, "q.example");
	REFUSED(hp_site_alias(p, pool, "a.example", &l, &none, &c, &err), HP_E_NOT_FOUND, "a.example");
	REFUSED(hp_site_remove(p, pool, "a.example", &c, &err), HP_E_NOT_FOUND, "a.example");
	REFUSED(add("c.example", "acme", PHP, NULL, &c), HP_E_NOT_FOUND, "acme");
	REFUSED(hp_tenant_get(p, pool, "acme", &t, &err), HP_E_NOT_FOUND, "acme");
	OK(hp_tenant_get(p, pool, "beta", &t, &err));
	OK(hp_site_each(p, NULL, see_site, &seen, &err));
	assert_int_equal(seen.v.n, 1);
	OK(hp_tenant_each(p, see_tenant, &seen, &err));
	assert_int_equal(seen.v.n, 2);
	/* what only the operator may */
	REFUSED(hp_site_status(p, pool, "b.example", "active", &c, &err), HP_E_DENIED, "site:resume");
	REFUSED(add_tenant("gamma", NONE), HP_E_DENIED, "tenant:add");
	REFUSED(hp_tenant_remove(p, "beta", &err), HP_E_DENIED, "tenant:remove");
	REFUSED(hp_tenant_status(p, "beta", "active", &changed, &err), HP_E_DENIED, "tenant:resume");
	a = assigns(&hp_tenant_table, &n, KV("website_limit=100"));
	REFUSED(hp_tenant_set(p, "beta", a, n, &changed, &err), HP_E_DENIED, "website_limit");
	REFUSED(hp_node_state(p, "web1", 1, &err), HP_E_DENIED, "node:state");
	REFUSED(add("c.example", "beta", KV("php_version=8.2", "user=bob"), NULL, &c), HP_E_DENIED, "user");
	/* what he may */
	OK(add("c.example", NULL, PHP, NULL, &c));
	OK(set("c.example", KV("php_version=8.3"), &c));
	assert_string_equal(trail().actor, "alice");
	OK(hp_site_remove(p, pool, "c.example", &c, &err));
	act_as_operator();
	OK(set("b.example", KV("php_version=8.3"), &c));
}

static void nobody(void **state HP_UNUSED)
{
	struct hp_site_change c;
	struct names seen = {{0}};
	struct hp_site s;

	OK(add("a.example", "acme", PHP, NULL, &c));
	p->actor.kind = HP_ACTOR_NOBODY;
	REFUSED(hp_site_get(p, pool, "a.example", &s, &err), HP_E_DENIED, "site:show");
	REFUSED(hp_site_each(p, NULL, see_site, &seen, &err), HP_E_DENIED, "site:list");
	REFUSED(add("b.example", "acme", PHP, NULL, &c), HP_E_DENIED, "site:add");
	REFUSED(hp_site_remove(p, pool, "a.example", &c, &err), HP_E_DENIED, "site:remove");
	act_as_operator();
}

/* ---- the state document ---- */
static int state_site(void *arg, struct hp_pool *row HP_UNUSED, const struct hp_site *s,
	const char *line HP_UNUSED, size_t len HP_UNUSED, struct hp_err *e HP_UNUSED)
{
	struct hp_buf *b = arg;
	size_t i;

	hp_buf_addf(b, "%s %s", s->v[HP_SITE_DOMAIN], s->v[HP_SITE_STATUS]);
	for (i = 0; i < s->aliases.n; i++)
		hp_buf_addf(b, " %s", s->aliases.v[i]);
	hp_buf_addc(b, '\n');
	return 0;
}

static void read_state(struct hp_buf *b)
{
	const struct hp_state_handler h = {NULL, state_site, b};
	int fd _cleanup_close_ = memfd_create("state", MFD_CLOEXEC);

	OK(hp_node_state(p, "web1", fd, &err));
	assert_true(lseek(fd, 0, SEEK_SET) == 0);
	OK(hp_state_read(fd, "state", &h, &err));
}

static void state_document(void **state HP_UNUSED)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_site_change c;
	bool changed;
	int64_t g;

	read_state(&b);
	assert_string_equal(hp_buf_str(&b), "");
	OK(add("b.example", "acme", PHP, KV("www.b.example", "*.b.example", "b-2.example"), &c));
	OK(add("a.example", "beta", PHP, NULL, &c));
	OK(add("a-b.example", "beta", PHP, KV("x.example"), &c));
	read_state(&b);
	assert_string_equal(hp_buf_str(&b), "a-b.example active x.example\na.example active\n"
		"b.example active *.b.example b-2.example www.b.example\n");
	g = generation();
	OK(hp_tenant_status(p, "beta", "suspended", &changed, &err));
	assert_true(changed);
	assert_int_equal(generation(), g + 1);
	hp_buf_reset(&b);
	read_state(&b);
	assert_string_equal(hp_buf_str(&b), "a-b.example suspended x.example\na.example suspended\n"
		"b.example active *.b.example b-2.example www.b.example\n");
	REFUSED(add("c.example", "beta", PHP, NULL, &c), HP_E_EXISTS, "suspended");
	OK(hp_tenant_status(p, "beta", "suspended", &changed, &err));
	assert_false(changed);
	OK(hp_tenant_status(p, "beta", "active", &changed, &err));
	REFUSED(hp_node_state(p, "web9", 1, &err), HP_E_NOT_FOUND, "web9");
	OK(hp_node_applied(p, "web1", generation(), "applied", &err));
	REFUSED(hp_node_applied(p, "web9", 1, "applied", &err), HP_E_NOT_FOUND, "web9");
}

static void filters(void **state HP_UNUSED)
{
	struct hp_site_change c;
	struct names n = {{0}};

	OK(add("a.example", "acme", PHP, NULL, &c));
	OK(add("b.example", "beta", KV("php_version=8.3"), NULL, &c));
	OK(hp_site_each(p, &(struct hp_site_filter){.php_version = "8.3"}, see_site, &n, &err));
	assert_int_equal(n.v.n, 1);
	assert_string_equal(n.v.v[0], "b.example");
	OK(hp_site_each(p, &(struct hp_site_filter){.tenant = "acme", .node = "web1"}, see_site, &n, &err));
	assert_int_equal(n.v.n, 2);
	OK(hp_site_each(p, &(struct hp_site_filter){.status = "suspended"}, see_site, &n, &err));
	assert_int_equal(n.v.n, 2);
	REFUSED(hp_site_each(p, &(struct hp_site_filter){.tenant = "nope"}, see_site, &n, &err),
		HP_E_NOT_FOUND, "nope");
}

/* ---- at once ---- */
static int child_add(const char *domain)
{
	struct hp_panel *q;
	struct hp_site_change c;
	struct hp_assign a = {HP_SITE_PHP_VERSION, "8.2"};
	struct hp_err e = HP_ERR_INIT;

	if (hp_panel_open(dir, conf, &q, &e) < 0)
		return 100;
	hp_site_add(q, pool, domain, "acme", &a, 1, NULL, &c, &e);
	hp_panel_close(q);
	return -e.code;
}

/* Six processes make one domain (or six of them): how many say ok, how many that it exists? */
static void at_once(bool same, unsigned *ok, unsigned *exists)
{
	pid_t pids[6];
	int status;

	hp_panel_close(p);
	p = NULL;
	for (unsigned i = 0; i < 6; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			_exit(child_add(same ? "race.example" : hp_pprintf(pool, "race%u.example", i)));
	}
	*ok = *exists = 0;
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		*ok += WEXITSTATUS(status) == 0;
		*exists += WEXITSTATUS(status) == -HP_E_EXISTS;
	}
	OK(hp_panel_open(dir, conf, &p, &err));
}

static void one_wins(void **state HP_UNUSED)
{
	unsigned ok, exists;

	at_once(true, &ok, &exists);
	assert_int_equal(ok, 1);
	assert_int_equal(exists, 5);
	assert_int_equal(count_sites(), 1);
}

static void limit_holds(void **state HP_UNUSED)
{
	unsigned ok, exists;
	bool changed;
	size_t n;
	const struct hp_assign *a = assigns(&hp_tenant_table, &n, KV("website_limit=3"));

	OK(hp_tenant_set(p, "acme", a, n, &changed, &err));
	at_once(false, &ok, &exists);
	assert_int_equal(ok, 3);
	assert_int_equal(exists, 3);
	assert_int_equal(count_sites(), 3);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(init_again), T(init_writes_the_url), T(no_database_yet), T(tenants), T(website_limit),
		T(add_and_show), T(names_collide), T(bad_wishes), T(php_is_asked), T(set_settings),
		T(aliases), T(suspend_and_remove), T(dry_run), T(revert), T(foreign_is_unknown), T(nobody),
		T(state_document), T(filters), T(one_wins), T(limit_holds),
	};

	return cmocka_run_group_tests_name("panel", tests, NULL, NULL);
}
