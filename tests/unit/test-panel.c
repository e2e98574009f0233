/* The control plane: setting up, tenants, websites, and changes taken back. */
#include <sys/stat.h>

#include "panel.h"
#include "base/file.h"

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
	assert_int_equal(stat(hp_path(pool, dir, "/var/lib/hosting-panel/db/panel.db"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(stat(hp_path(pool, dir, "/var/lib/hosting-panel"), &st), 0);
	/* websites' users go through it to their own folders; they can neither list nor read */
	assert_int_equal(st.st_mode & 07777, 0751);
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
	assert_string_equal(hp_buf_str(&b), "# mine\n[node]\nname = web7\n[database]\nurl = "
					    "sqlite:/srv/other.db\n# none yet\n");
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

	REFUSED(panel_add_tenant("acme", NONE), HP_E_EXISTS, "acme");
	REFUSED(panel_add_tenant("no.dots", NONE), HP_E_USAGE, "subdomain");
	OK(panel_add_tenant("gamma",
		KV("name=Gamma & Co", "website_limit=3", "database_url=mysql://u:pw@h/d")));
	OK(hp_tenant_get(p, pool, "gamma", &t, &err));
	assert_string_equal(t.v[HP_TENANT_NAME], "Gamma & Co");
	assert_string_equal(t.v[HP_TENANT_WEBSITE_LIMIT], "3");
	assert_string_equal(t.v[HP_TENANT_DATABASE_BACKEND], "mysql");
	assert_null(t.v[HP_TENANT_STORAGE_QUOTA_GB]);
	assert_string_equal(t.v[HP_TENANT_STATUS], "active");
	assert_non_null(strstr(panel_trail().after, "\"database_url\":\"***\""));
	a = panel_assigns(&hp_tenant_table, &n, KV("website_limit=", "name=Gamma"));
	OK(hp_tenant_set(p, "gamma", a, n, &changed, &err));
	assert_true(changed);
	OK(hp_tenant_set(p, "gamma", a, n, &changed, &err));
	assert_false(changed);
	OK(hp_tenant_get(p, pool, "gamma", &t, &err));
	assert_null(t.v[HP_TENANT_WEBSITE_LIMIT]);
	a = panel_assigns(&hp_tenant_table, &n, KV("database_backend=postgresql"));
	REFUSED(hp_tenant_set(p, "gamma", a, n, &changed, &err), HP_E_USAGE, "database_url");
	a = panel_assigns(&hp_tenant_table, &n, KV("subdomain=delta"));
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
	const struct hp_assign *a = panel_assigns(&hp_tenant_table, &n, KV("website_limit=2"));

	OK(hp_tenant_set(p, "acme", a, n, &changed, &err));
	OK(panel_add("a.example", "acme", PHP, NULL, &c));
	OK(panel_add("b.example", "acme", PHP, NULL, &c));
	REFUSED(panel_add("c.example", "acme", PHP, NULL, &c), HP_E_EXISTS, "has 2 websites");
	assert_non_null(strstr(err.msg, "website_limit is 2"));
	assert_int_equal(panel_count_sites(), 2);
	OK(panel_add("c.example", "beta", PHP, NULL, &c));
	OK(hp_site_remove(p, pool, "a.example", &c, &err));
	OK(panel_add("d.example", "acme", PHP, NULL, &c));
	REFUSED(hp_tenant_remove(p, "acme", &err), HP_E_EXISTS, "2 websites");
}

/* ---- websites ---- */
static void add_and_show(void **state HP_UNUSED)
{
	struct hp_site_change c;
	struct hp_site s;
	int64_t g = panel_generation(), id;

	OK(panel_add("Example.COM", "acme", KV("php_version=8.2", "php_memory_limit=512M"),
		KV("www.example.com", "*.example.com"), &c));
	assert_true(c.changed);
	assert_null(c.before.v[HP_SITE_ID]);
	assert_string_equal(c.node, "web1");
	assert_int_equal(c.generation, g + 1);
	assert_int_equal(panel_generation(), g + 1);
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
	assert_string_equal(panel_trail().verb, "site:add");
	assert_non_null(strstr(panel_trail().after, "\"php_memory_limit\":\"512M\""));
	assert_non_null(
		strstr(panel_trail().after, "\"aliases\":[\"*.example.com\",\"www.example.com\"]"));
}

static void names_collide(void **state HP_UNUSED)
{
	struct hp_site_change c;
	struct hp_strv l = {0}, none = {0};

	OK(panel_add("example.com", "acme", PHP, KV("www.example.com", "*.example.net"), &c));
	REFUSED(panel_add("example.com", "acme", PHP, NULL, &c), HP_E_EXISTS, "example.com");
	REFUSED(panel_add("EXAMPLE.com", "beta", PHP, NULL, &c), HP_E_EXISTS, "example.com");
	REFUSED(panel_add("www.example.com", "beta", PHP, NULL, &c), HP_E_EXISTS,
		"further name of website example.com");
	REFUSED(panel_add("b.example", "beta", PHP, KV("example.com"), &c), HP_E_EXISTS,
		"example.com");
	REFUSED(panel_add("b.example", "beta", PHP, KV("*.example.net"), &c), HP_E_EXISTS,
		"*.example.net");
	REFUSED(panel_add("b.example", "beta", PHP, KV("b.example"), &c), HP_E_USAGE, "own domain");
	assert_int_equal(panel_count_sites(), 1);
	OK(panel_add("b.example", "beta", PHP, KV("a.example.net"),
		&c)); /* not the wildcard's own name */
	hp_strv_add(pool, &l, "www.example.com");
	REFUSED(hp_site_alias(p, pool, "b.example", &l, &none, &c, &err), HP_E_EXISTS,
		"www.example.com");
	panel_act_as("beta"); /* who has it is not for another tenant to know */
	REFUSED(hp_site_alias(p, pool, "b.example", &l, &none, &c, &err), HP_E_EXISTS,
		"is taken already");
	assert_null(strstr(err.msg, "website example.com"));
	panel_act_as_operator();
}

static void bad_wishes(void **state HP_UNUSED)
{
	struct hp_site_change c;
	unsigned before = panel_trail().n;
	int64_t g = panel_generation();

	REFUSED(panel_add("localhost", "acme", PHP, NULL, &c), HP_E_USAGE, "domain");
	REFUSED(panel_add("*.example.com", "acme", PHP, NULL, &c), HP_E_USAGE, "domain");
	REFUSED(panel_add("a.example", "nobody", PHP, NULL, &c), HP_E_NOT_FOUND, "nobody");
	REFUSED(panel_add("a.example", NULL, PHP, NULL, &c), HP_E_USAGE, "tenant");
	REFUSED(panel_add("a.example", "acme", NONE, NULL, &c), HP_E_USAGE, "php_version");
	REFUSED(panel_add("a.example", "acme", KV("php_version=8.2", "node=web9"), NULL, &c),
		HP_E_USAGE, "node");
	REFUSED(panel_add("a.example", "acme", KV("php_version=8.2", "user=site7"), NULL, &c),
		HP_E_USAGE, "user");
	REFUSED(panel_add("a.example", "acme", KV("php_version=8.2", "php_post_max_size=1M"), NULL,
			&c),
		HP_E_USAGE, "php_upload_max_filesize");
	REFUSED(panel_add("a.example", "acme", PHP, KV("a_b.example"), &c), HP_E_USAGE, "alias");
	assert_int_equal(panel_count_sites(), 0);
	assert_int_equal(panel_trail().n, before);
	assert_int_equal(panel_generation(), g);
	OK(panel_add("a.example", "acme", KV("php_version=8.2", "user=alice"), NULL, &c));
	REFUSED(panel_add("b.example", "beta", KV("php_version=8.2", "user=alice"), NULL, &c),
		HP_E_EXISTS, "user: alice");
	REFUSED(panel_set("a.example", KV("user=bob"), &c), HP_E_USAGE, "user");
	REFUSED(panel_set("a.example", KV("php_upload_max_filesize=1G"), &c), HP_E_USAGE,
		"php_post_max_size");
	REFUSED(panel_set("none.example", KV("php_version=8.2"), &c), HP_E_NOT_FOUND,
		"none.example");
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
	REFUSED(panel_add("a.example", "acme", KV("php_version=9.9"), NULL, &c), HP_E_USAGE, "9.9");
	OK(panel_add("a.example", "acme", NONE, NULL, &c));
	assert_string_equal(c.after.v[HP_SITE_PHP_VERSION], "8.2");
	REFUSED(panel_set("a.example", KV("php_version=9.9"), &c), HP_E_USAGE, "9.9");
	p->php_ok = NULL;
	OK(panel_set("a.example", KV("php_version=9.9"), &c));
}

static void set_settings(void **state HP_UNUSED)
{
	struct hp_site_change c;
	struct panel_trail t;
	int64_t g;

	OK(panel_add("a.example", "acme", PHP, NULL, &c));
	g = panel_generation();
	OK(panel_set("a.example",
		KV("php_version=8.3", "gzip_enabled=no", "allowed_ips=10.0.0.0/8",
			"http_security_headers={\"X-A\":\"1\"}"),
		&c));
	assert_true(c.changed);
	assert_string_equal(c.before.v[HP_SITE_PHP_VERSION], "8.2");
	assert_string_equal(c.after.v[HP_SITE_PHP_VERSION], "8.3");
	assert_string_equal(c.after.v[HP_SITE_GZIP_ENABLED], "false");
	assert_int_equal(c.generation, g + 1);
	t = panel_trail();
	assert_string_equal(t.verb, "site:set");
	assert_string_equal(t.before, "{\"php_version\":\"8.2\",\"gzip_enabled\":true,"
				      "\"http_security_headers\":{},\"allowed_ips\":[]}");
	assert_string_equal(t.after,
		"{\"php_version\":\"8.3\",\"gzip_enabled\":false,"
		"\"http_security_headers\":{\"X-A\":\"1\"},\"allowed_ips\":[\"10.0.0.0/8\"]}");
	OK(panel_set("a.example", KV("php_version=8.3", "gzip_enabled=0"), &c));
	assert_false(c.changed);
	assert_int_equal(c.generation, g + 1);
	assert_string_equal(c.node, "web1");
	assert_int_equal(panel_trail().n, t.n);
	/* the node need not know where the website's database is */
	OK(panel_set("a.example", KV("database_host=db.example.com", "database_port=3306"), &c));
	assert_true(c.changed);
	assert_int_equal(c.generation, g + 1);
	OK(panel_set("a.example", KV("database_host="), &c));
	assert_null(c.after.v[HP_SITE_DATABASE_HOST]);
	assert_string_equal(c.after.v[HP_SITE_DATABASE_PORT], "3306");
}

static void aliases(void **state HP_UNUSED)
{
	struct hp_site_change c;
	struct hp_strv l = {0}, none = {0};
	int64_t g;

	OK(panel_add("a.example", "acme", PHP, KV("z.a.example"), &c));
	g = panel_generation();
	hp_strv_add(pool, &l, "WWW.a.example");
	OK(hp_site_alias(p, pool, "a.example", &l, &none, &c, &err));
	assert_true(c.changed);
	assert_int_equal(c.generation, g + 1);
	assert_int_equal(c.before.aliases.n, 1);
	assert_int_equal(c.after.aliases.n, 2);
	assert_string_equal(c.after.aliases.v[0], "www.a.example");
	assert_string_equal(panel_trail().before, "{\"aliases\":[\"z.a.example\"]}");
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

	OK(panel_add("a.example", "acme", PHP, KV("b.example"), &c));
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
	OK(panel_add("b.example", "beta", PHP, KV("a.example"), &c));
}

static void dry_run(void **state HP_UNUSED)
{
	struct hp_site_change c;
	struct panel_trail t = panel_trail();
	int64_t g = panel_generation();

	p->dry_run = true;
	OK(panel_add("a.example", "acme", PHP, NULL, &c));
	assert_true(c.changed);
	assert_string_equal(c.after.v[HP_SITE_DOMAIN], "a.example");
	OK(panel_add_tenant("gamma", NONE));
	REFUSED(panel_add("a.example", "nobody", PHP, NULL, &c), HP_E_NOT_FOUND, "nobody");
	p->dry_run = false;
	assert_int_equal(panel_count_sites(), 0);
	assert_int_equal(panel_generation(), g);
	assert_int_equal(panel_trail().n, t.n);
	OK(panel_add("a.example", "acme", PHP, NULL, &c));
}

/* ---- taken back ---- */
static void revert(void **state HP_UNUSED)
{
	struct hp_site_change added, changed, removed, c;
	struct hp_strv l = {0}, none = {0};
	struct hp_site s;

	OK(panel_add("a.example", "acme", PHP, KV("www.a.example"), &added));
	OK(panel_set("a.example", KV("php_version=8.3"), &changed));
	OK(hp_site_revert(p, &changed, "nginx said no", &err));
	assert_string_equal(panel_trail().verb, "site:revert");
	assert_string_equal(panel_trail().note, "nginx said no");
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
	OK(panel_add("c.example", "beta", PHP, KV("www.a.example"), &c));
	REFUSED(hp_site_revert(p, &removed, "no", &err), HP_E_EXISTS, "www.a.example");
	OK(hp_site_revert(p, &c, "no", &err));
	REFUSED(hp_site_get(p, pool, "c.example", &s, &err), HP_E_NOT_FOUND, "c.example");
	assert_int_equal(panel_count_sites(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(init_again),
		T(init_writes_the_url),
		T(no_database_yet),
		T(tenants),
		T(website_limit),
		T(add_and_show),
		T(names_collide),
		T(bad_wishes),
		T(php_is_asked),
		T(set_settings),
		T(aliases),
		T(suspend_and_remove),
		T(dry_run),
		T(revert),
	};

	return cmocka_run_group_tests_name("panel", tests, NULL, NULL);
}
