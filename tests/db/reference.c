/*
 * The suite: the statements of the quick reference page, letter by letter, on the engines whose SQL
 * they are in. "?" is the placeholder of MySQL, MariaDB and SQLite; for PostgreSQL it is written
 * "$1".
 */
#include "engine.h"

static struct hp_db *db;

static int setup(void **state)
{
	engine_group_setup(state);
	db = engine_open(NULL);
	engine_exec(db, "INSERT INTO nodes (name) VALUES ('n1')");
	engine_exec(db, "INSERT INTO tenants (name, subdomain) VALUES ('One', 'one')");
	engine_exec(
		db, "INSERT INTO sites (tenant_id, domain, node_id) VALUES (1, 'example.com', 1)");
	return 0;
}

static int teardown(void **state HP_UNUSED)
{
	hp_db_close(db);
	return 0;
}

/* Run it with every parameter 1; returns the number of rows. */
static int64_t rows(const char *sql)
{
	struct hp_err err = HP_ERR_INIT;
	_cleanup_stmt_ struct hp_stmt *st = engine_stmt(db, sql, HP_ROWS_MANY);
	int64_t n = 0;
	int r;

	for (unsigned i = 0; i < st->def->nparams; i++)
		hp_stmt_i64(st, st->def->params[i], 1);
	while ((r = hp_stmt_step(st, &err)) == 1)
		n++;
	if (r < 0)
		fail_msg("%s: %s", err.msg, sql);
	return n;
}

static void columns(const char *table, const char *want)
{
	struct hp_err err = HP_ERR_INIT;
	_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;
	_cleanup_stmt_ struct hp_stmt *st =
		engine_stmt(db, hp_pprintf(db->pool, "SELECT * FROM %s", table), HP_ROWS_MANY);

	assert_true(hp_stmt_step(st, &err) >= 0);
	for (unsigned i = 0; i < hp_stmt_columns(st); i++)
		hp_buf_addf(&b, "%s%s", i ? " " : "", hp_stmt_column_name(st, i));
	assert_string_equal(hp_buf_str(&b), want);
}

/* What later migrations added to website_configs. */
static const char more[] =
	"document_root index_files redirects error_pages proxy_port php_settings php_paths "
	"php_max_children php_slowlog_seconds https_redirect hsts_max_age basic_auth memory_max "
	"cpu_quota tasks_max";

static void table_columns(void **state HP_UNUSED)
{
	columns("tenants",
		"id name subdomain database_backend database_url storage_quota_gb website_limit "
		"email_accounts_limit status created_at updated_at");
	columns("website_configs",
		hp_pprintf(db->pool,
			"id website_id tenant_id web_server php_version php_memory_limit "
			"php_max_execution_time php_upload_max_filesize php_post_max_size php_extensions "
			"database_backend database_host database_port database_name database_charset "
			"ssl_enabled ssl_provider ssl_auto_renew gzip_enabled cache_enabled "
			"cache_ttl_seconds http_security_headers allowed_ips blocked_ips created_at "
			"updated_at%s%s",
			engine_is_mysql(db) ? "" : " ", engine_is_mysql(db) ? "" : more));
	/* where "*" leaves them out, they are there by name */
	assert_true(rows("SELECT document_root, tasks_max FROM website_configs") >= 0);
}

static void insert_example(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	_cleanup_stmt_ struct hp_stmt *st = NULL;

	if (hp_db_engine(db) == HP_ENGINE_SQLITE) {
		/* It has no NOW(); the rest of the file wants the row. */
		engine_exec(db,
			"INSERT INTO website_configs (id, website_id, tenant_id, web_server, "
			"php_version, database_backend, ssl_enabled) VALUES (1, 1, 1, 'nginx', '8.3', 'mysql', "
			"true)");
		return;
	}
	engine_exec(db,
		"INSERT INTO website_configs VALUES (\n"
		"    1,                          -- id\n"
		"    1,                          -- website_id\n"
		"    1,                          -- tenant_id\n"
		"    'nginx',                    -- web_server\n"
		"    '8.3',                      -- php_version\n"
		"    '512M',                     -- php_memory_limit\n"
		"    300,                        -- php_max_execution_time\n"
		"    '256M',                     -- php_upload_max_filesize\n"
		"    '256M',                     -- php_post_max_size\n"
		"    '[\"gd\",\"curl\",\"zip\"]',      -- php_extensions\n"
		"    'mysql',                    -- database_backend\n"
		"    'db.example.com',           -- database_host\n"
		"    3306,                       -- database_port\n"
		"    'website1_db',              -- database_name\n"
		"    'utf8mb4',                  -- database_charset\n"
		"    true,                       -- ssl_enabled\n"
		"    'letsencrypt',              -- ssl_provider\n"
		"    true,                       -- ssl_auto_renew\n"
		"    true,                       -- gzip_enabled\n"
		"    true,                       -- cache_enabled\n"
		"    3600,                       -- cache_ttl_seconds\n"
		"    '{}',                       -- http_security_headers\n"
		"    '[]',                       -- allowed_ips\n"
		"    '[]',                       -- blocked_ips\n"
		"    NOW(),                      -- created_at\n"
		"    NOW()                       -- updated_at\n"
		");");
	st = engine_stmt(db, "SELECT ssl_enabled, created_at, php_extensions FROM website_configs",
		HP_ROWS_ONE);
	assert_int_equal(hp_stmt_step(st, &err), 1);
	assert_string_equal(hp_stmt_get_text(st, 0), "true");
	assert_int_equal(strlen(hp_stmt_get_text(st, 1)), 20);
	assert_string_equal(hp_stmt_get_text(st, 2), "[\"gd\",\"curl\",\"zip\"]");
}

static void websites(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	_cleanup_stmt_ struct hp_stmt *st = NULL;

	assert_int_equal(rows("SELECT DISTINCT php_version FROM websites"), 1);
	assert_int_equal(rows("SELECT DISTINCT php_version FROM websites;"), 1);
	assert_int_equal(rows("SELECT * FROM websites WHERE id = ?"), 1);
	assert_int_equal(rows("SELECT * FROM websites WHERE id = ? AND tenant_id = ?"), 1);
	assert_int_equal(rows("SELECT * FROM website_configs WHERE website_id = ?"), 1);
	assert_int_equal(rows("SELECT website_id, web_server, php_version, database_backend "
		"FROM website_configs"), 1);
	/* One value behind both names. */
	engine_exec(db, "UPDATE website_configs SET php_version = '8.1' WHERE website_id = 1");
	st = engine_stmt(
		db, "SELECT php_version, ssl_enabled, created_at FROM websites", HP_ROWS_ONE);
	assert_int_equal(hp_stmt_step(st, &err), 1);
	assert_string_equal(hp_stmt_get_text(st, 0), "8.1");
	assert_string_equal(hp_stmt_get_text(st, 1), "true");
	assert_int_equal(strlen(hp_stmt_get_text(st, 2)), 20);
}

static void tenants_and_users(void **state HP_UNUSED)
{
	engine_exec(db, "UPDATE tenants SET database_backend='mysql' WHERE id=1;");
	assert_int_equal(
		engine_i64(db, "SELECT COUNT(*) FROM tenants WHERE database_backend = 'mysql'"), 1);
	engine_exec(db, "UPDATE tenants SET database_backend='postgresql' WHERE id=1;");
	engine_exec(
		db, "INSERT INTO users (tenant_id, username, role) VALUES (1, 'alice', 'admin')");
	assert_int_equal(rows("SELECT * FROM users WHERE tenant_id = ? AND id = ?"), 1);
}

static void monitoring(void **state HP_UNUSED)
{
	static const char *const types[] = {"cpu_usage", "memory_usage", "disk_usage", "error_rate",
		"service_down", "certificate_expiry"};

	engine_exec(db, "INSERT INTO system_metrics (node_id, cpu_usage) VALUES (1, 12.5)");
	engine_exec(db,
		"INSERT INTO website_metrics (website_id, tenant_id, requests) VALUES (1, 1, 10)");
	for (size_t i = 0; i < HP_ARRAY_SIZE(types); i++)
		engine_exec(db,
			hp_pprintf(db->pool,
				"INSERT INTO alerts (tenant_id, alert_type, threshold, "
				"enabled) VALUES (1, '%s', 80, %s)",
				types[i], i ? "true" : "false"));
	engine_exec(db, "INSERT INTO alert_logs (alert_id, tenant_id, value) VALUES (1, 1, 81.5)");
	if (engine_is_mysql(db))
		assert_int_equal(rows("SELECT * FROM system_metrics\n"
			"WHERE timestamp > DATE_SUB(NOW(), INTERVAL 30 DAY)\n"
			"ORDER BY timestamp DESC;"), 1);
	assert_int_equal(rows("SELECT * FROM system_metrics ORDER BY timestamp DESC LIMIT 10;"), 1);
	assert_int_equal(rows("SELECT * FROM website_metrics\n"
		"WHERE website_id = ? AND tenant_id = ?\n"
		"ORDER BY timestamp DESC;"), 1);
	assert_int_equal(
		rows("SELECT * FROM website_metrics WHERE website_id = 1 ORDER BY timestamp DESC;"),
		1);
	assert_int_equal(rows("SELECT * FROM alerts WHERE tenant_id = ? AND enabled = true;"), 5);
	assert_int_equal(rows("SELECT * FROM alerts WHERE enabled = true;"), 5);
	assert_int_equal(rows("SELECT * FROM alerts WHERE tenant_id = 1;"), 6);
	assert_int_equal(
		rows("SELECT * FROM alert_logs WHERE alert_id = ? ORDER BY triggered_at DESC;"), 1);
}

int engine_run_reference(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_columns),
		cmocka_unit_test(insert_example),
		cmocka_unit_test(websites),
		cmocka_unit_test(tenants_and_users),
		cmocka_unit_test(monitoring),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
