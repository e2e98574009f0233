/*
 * The suite: migrations, whether the engine takes every statement of the catalog, the tenant's
 * wall.
 */
#include <signal.h>
#include <sys/wait.h>
#include "base/fault.h"
#include "engine.h"

/* ---- migrations ---- */

static void count_step(void *arg, int n, const char *title)
{
	assert_true(n > 0 && *title);
	++*(int *)arg;
}

static int migrate(bool dry_run, int *ret_steps)
{
	struct hp_err err = HP_ERR_INIT;
	_cleanup_db_ struct hp_db *db = engine_open(NULL);
	int r;

	*ret_steps = 0;
	r = hp_db_migrate(db, dry_run, count_step, ret_steps, &err);
	if (r < 0)
		print_error("%s\n", err.msg);
	return r;
}

static int version(void)
{
	struct hp_err err = HP_ERR_INIT;
	_cleanup_db_ struct hp_db *db = engine_open(NULL);
	int have = -1, want;

	if (hp_db_schema_version(db, &have, &want, &err) < 0)
		fail_msg("%s", err.msg);
	return have;
}

static void migrate_twice(void **state HP_UNUSED)
{
	int steps;

	engine_reset(false);
	assert_int_equal(version(), 0);
	assert_int_equal(migrate(true, &steps), 0);
	assert_int_equal(steps, hp_migrations_newest);
	assert_int_equal(version(), 0);
	assert_int_equal(migrate(false, &steps), 0);
	assert_int_equal(steps, hp_migrations_newest);
	assert_int_equal(version(), hp_migrations_newest);
	assert_int_equal(migrate(false, &steps), 0);
	assert_int_equal(steps, 0);
}

static void newer_schema(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	_cleanup_db_ struct hp_db *db = NULL;

	engine_reset(true);
	db = engine_open(NULL);
	engine_exec(db,
		"INSERT INTO schema_migrations (version, title) VALUES (9999, 'of the future')");
	assert_int_equal(hp_db_migrate(db, false, NULL, NULL, &err), HP_E_CONF);
}

static void two_migrate_at_once(void **state HP_UNUSED)
{
	int steps, child_steps, status, p[2];
	pid_t pid;

	engine_reset(false);
	assert_int_equal(pipe(p), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int r = migrate(false, &steps);

		_exit(r < 0 || write(p[1], &steps, sizeof(steps)) != sizeof(steps));
	}
	assert_int_equal(migrate(false, &steps), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(read(p[0], &child_steps, sizeof(child_steps)), sizeof(child_steps));
	close(p[0]);
	close(p[1]);
	assert_int_equal(version(), hp_migrations_newest);
}

/* kill -9 at every step: the next run ends with the same schema as an undisturbed one. */
static void killed_migration(void **state HP_UNUSED)
{
#ifdef HP_FAULT_POINTS
	bool died = true;

	for (int n = 1; died; n += n < 6 ? 1 : 5) {
		int steps, status;
		pid_t pid;

		engine_reset(false);
		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			char fault[32];

			snprintf(fault, sizeof(fault), "db-migrate:%d", n);
			setenv("HP_FAULT", fault, 1);
			_exit(migrate(false, &steps) < 0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		died = WIFSIGNALED(status);
		assert_true(died ? WTERMSIG(status) == SIGKILL : status == 0);
		assert_int_equal(migrate(false, &steps), 0);
		assert_int_equal(version(), hp_migrations_newest);
		{
			_cleanup_db_ struct hp_db *db = engine_open(NULL);

			assert_int_equal(engine_i64(db, "SELECT COUNT(*) FROM schema_steps"), 0);
			assert_int_equal(engine_i64(db, "SELECT COUNT(*) FROM websites"), 0);
			assert_int_equal(engine_i64(db, "SELECT COUNT(*) FROM audit_log"), 0);
		}
	}
#else
	skip(); /* configure --enable-fault-points */
#endif
}

/* ---- the catalog ---- */

static void every_statement_prepares(void **state HP_UNUSED)
{
	_cleanup_db_ struct hp_db *db = NULL;
	int bad = 0;

	engine_reset(true);
	db = engine_open(NULL);
	for (unsigned i = 0; i < HP_SQL_COUNT; i++) {
		const struct hp_sql_def *d = &hp_sql_defs[i];
		enum hp_engine e = hp_db_engine(db);
		bool my = engine_is_mysql(db);
		struct hp_err err = HP_ERR_INIT;
		struct hp_dstmt *st;

		if (db->d->prepare(db->conn, d->text[e], d->nparams,
			    my ? d->order[e - HP_ENGINE_MYSQL] : NULL,
			    my ? d->norder[e - HP_ENGINE_MYSQL] : 0, &st, &err) < 0) {
			print_error("%s: %s\n", d->name, err.msg);
			bad++;
		} else {
			db->d->release(st);
		}
	}
	assert_int_equal(bad, 0);
}

/*
 * The wall: each statement of scope tenant runs as tenant 71 with the keys of tenant 7222222, and
 * nothing of the other's is read, changed or joined. Whatever is the other's has "222222" in it.
 */
static void fill_two(struct hp_db *db)
{
	static const struct {
		const char *name;
		int tenant, site;
	} t[] = {{"one", 71, 81}, {"two222222", 7222222, 8222222}};

	engine_exec(db, "INSERT INTO nodes (id, name) VALUES (61, 'n1')");
	for (size_t i = 0; i < HP_ARRAY_SIZE(t); i++) {
		_cleanup_pool_ struct hp_pool *pool = hp_pool_new();

		engine_exec(db, hp_pprintf(pool, "INSERT INTO tenants (id, name, subdomain) "
			"VALUES (%d, '%s', '%s')", t[i].tenant, t[i].name, t[i].name));
		engine_exec(db,
			hp_pprintf(pool,
				"INSERT INTO sites (id, tenant_id, domain, node_id, user_name, "
				"uid) VALUES (%d, %d, '%s.example', 61, 'u%s', %d)",
				t[i].site, t[i].tenant, t[i].name, t[i].name, 1000000 + t[i].site));
		engine_exec(db,
			hp_pprintf(pool,
				"INSERT INTO website_configs (id, website_id, tenant_id, "
				"web_server, php_version, database_name) VALUES (%d, %d, %d, 'nginx', '8.2', 'd%s')",
				t[i].site, t[i].site, t[i].tenant, t[i].name));
		engine_exec(db,
			hp_pprintf(pool,
				"INSERT INTO website_names (name, website_id, tenant_id, kind) "
				"VALUES ('%s.example', %d, %d, 'domain')",
				t[i].name, t[i].site, t[i].tenant));
		engine_exec(db,
			hp_pprintf(pool,
				"INSERT INTO website_names (name, website_id, tenant_id, kind) "
				"VALUES ('w%s.example', %d, %d, 'alias')",
				t[i].name, t[i].site, t[i].tenant));
		engine_exec(db,
			hp_pprintf(pool,
				"INSERT INTO users (id, tenant_id, username, role) "
				"VALUES (%d, %d, 'p%s', 'reseller')",
				t[i].site, t[i].tenant, t[i].name));
		engine_exec(db,
			hp_pprintf(pool,
				"INSERT INTO users (id, tenant_id, username, role) "
				"VALUES (%d, %d, 'c%s', 'client')",
				t[i].site + 1, t[i].tenant, t[i].name));
		engine_exec(db,
			hp_pprintf(pool,
				"INSERT INTO user_parents (user_id, tenant_id, parent_id) "
				"VALUES (%d, %d, %d)",
				t[i].site + 1, t[i].tenant, t[i].site));
		engine_exec(db,
			hp_pprintf(pool,
				"INSERT INTO website_owners (website_id, tenant_id, user_id) "
				"VALUES (%d, %d, %d)",
				t[i].site, t[i].tenant, t[i].site));
		engine_exec(db,
			hp_pprintf(pool,
				"INSERT INTO audit_log (id, tenant_id, actor, source, verb, object) "
				"VALUES (%d, %d, 'p%s', 'shell', 'site:add', '%s.example')",
				t[i].site, t[i].tenant, t[i].name, t[i].name));
		engine_exec(db,
			hp_pprintf(pool,
				"INSERT INTO api_keys (id, tenant_id, user_id, name, token_id, "
				"token_hash, verbs, sites, addresses) "
				"VALUES (%d, %d, %d, 'k%s', 't%s', '', '[]', '[]', '[]')",
				t[i].site, t[i].tenant, t[i].site, t[i].name, t[i].name));
		engine_exec(db,
			hp_pprintf(pool,
				"INSERT INTO sessions (id, tenant_id, user_id, token_id, "
				"token_hash, address) VALUES (%d, %d, %d, 's%s', '', '::1')",
				t[i].site, t[i].tenant, t[i].site, t[i].name));
		engine_exec(db,
			hp_pprintf(pool,
				"INSERT INTO second_factors (user_id, tenant_id, secret) "
				"VALUES (%d, %d, 'f%s')",
				t[i].site, t[i].tenant, t[i].name));
		engine_exec(db,
			hp_pprintf(pool,
				"INSERT INTO recovery_codes (id, tenant_id, user_id, code_hash) "
				"VALUES (%d, %d, %d, '*')",
				t[i].site, t[i].tenant, t[i].site));
	}
}

/* The other tenant's value for a parameter, by its name; filters are left empty. */
static void bind_foreign(struct hp_stmt *st, const char *name)
{
	static const struct {
		const char *name;
		int64_t n;
	} numbers[] = {{"id", 8222222}, {"website_id", 8222222}, {"node_id", 61}, {"uid", 9222222},
		{"limit", 1000}, {"php_max_execution_time", 300}, {"database_port", 3306},
		{"cache_ttl_seconds", 60}, {"proxy_port", 8080}, {"php_max_children", 5},
		{"php_slowlog_seconds", 5}, {"hsts_max_age", 0}, {"cpu_quota", 50},
		{"tasks_max", 64}, {"mine", 0}, {"user_id", 8222222},
		{"parent_id", 8222222}, {"step", 9}};
	static const struct {
		const char *name, *s;
	} texts[] = {{"domain", "two222222.example"}, {"name", "wtwo222222.example"},
		{"kind", "alias"}, {"user", "utwo222222"}, {"username", "ptwo222222"},
		{"php_version", ""}, {"status", ""}, {"web_server", ""}, {"node", ""},
		{"object", ""}, {"actor", ""}, {"verb", ""}, {"self", ""}, {"role", ""},
		{"outcome", ""}, {"request", ""}, {"email", "x@two222222.example"},
		{"grants", "[]"}, {"password", "*"}, {"session", "stwo222222"},
		{"key", "ttwo222222"}, {"hash", "*"}, {"verbs", "[]"}, {"sites", "[]"},
		{"from", "[]"}, {"address", "192.0.2.1"}, {"secret", "ftwo222222"}};
	static const char *const bools[] = {
		"ssl_enabled", "ssl_auto_renew", "https_redirect", "gzip_enabled", "cache_enabled"};
	static const char *const nulls[] = {"php_memory_limit", "php_upload_max_filesize",
		"php_post_max_size", "php_extensions", "database_backend", "database_host", "database_name",
		"database_charset", "ssl_provider", "http_security_headers", "allowed_ips", "blocked_ips", "document_root", "index_files",
		"redirects", "error_pages", "php_settings", "php_paths", "basic_auth", "memory_max"};

	for (size_t i = 0; i < HP_ARRAY_SIZE(numbers); i++)
		if (hp_streq(name, numbers[i].name)) {
			hp_stmt_i64(st, name, numbers[i].n);
			return;
		}
	for (size_t i = 0; i < HP_ARRAY_SIZE(texts); i++)
		if (hp_streq(name, texts[i].name)) {
			hp_stmt_text(st, name, texts[i].s);
			return;
		}
	for (size_t i = 0; i < HP_ARRAY_SIZE(bools); i++)
		if (hp_streq(name, bools[i])) {
			hp_stmt_bool(st, name, true);
			return;
		}
	for (size_t i = 0; i < HP_ARRAY_SIZE(nulls); i++)
		if (hp_streq(name, nulls[i])) {
			hp_stmt_null(st, name);
			return;
		}
	if (hp_streq(name, "since") || hp_streq(name, "now") || hp_streq(name, "idle") ||
		hp_str_ends(name, "_at"))
		hp_stmt_time(st, name, 0);
	else
		fail_msg("%s: tell tests/db/schema.c what :%s of another tenant would be",
			st->def->name, name);
}

/* Returns what the statement did with the other's rows: < 0 refused, else rows seen or changed. */
static int run_foreign(struct hp_db *db, void *arg, struct hp_err *err)
{
	const struct hp_sql_def *d = arg;
	_cleanup_stmt_ struct hp_stmt *st = NULL;
	int64_t n = 0;
	int r;

	assert_int_equal(hp_db_stmt(db, (enum hp_sql)(d - hp_sql_defs), &st, err), 0);
	for (unsigned i = 0; i < d->nparams; i++)
		if (!hp_streq(d->params[i], "tenant"))
			bind_foreign(st, d->params[i]);
	if (d->rows == HP_ROWS_NONE) {
		n = hp_stmt_exec(st, err);
	} else {
		while ((r = hp_stmt_step(st, err)) == 1)
			for (unsigned i = 0; i < hp_stmt_columns(st); i++) {
				const char *s = hp_stmt_get_text(st, i);

				if (s && strstr(s, "222222")) {
					print_error("%s shows %s\n", d->name, s);
					n++;
				}
			}
		if (r < 0)
			fail_msg("%s: %s", d->name, err->msg);
	}
	if (n > 0)
		print_error("%s reaches another tenant\n", d->name);
	return hp_err_set(err, n > 0 ? HP_E_BUG : HP_E_NO, "rolled back");
}

static void tenants_wall(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	_cleanup_db_ struct hp_db *db = NULL;
	int bad = 0, seen = 0;

	engine_reset(true);
	db = engine_open(NULL);
	fill_two(db);
	hp_db_set_tenant(db, 71);
	for (unsigned i = 0; i < HP_SQL_COUNT; i++) {
		if (hp_sql_defs[i].scope != HP_SCOPE_TENANT)
			continue;
		seen++;
		if (hp_db_tx(db, run_foreign, (void *)(uintptr_t)&hp_sql_defs[i], &err) == HP_E_BUG)
			bad++;
	}
	assert_true(seen > 0);
	assert_int_equal(bad, 0);
}

/*
 * The third wall: statements of scope tenant that forget their tenant, as the build would never let
 * them pass. PostgreSQL itself shows and changes one tenant's rows alone; the others do as they are
 * told, which says that these are wrong.
 */
static int64_t run_wrong(struct hp_db *db, const char *table, const char *text,
	enum hp_sql_rows rows, int *ret_code)
{
	static const char *const params[] = {"tenant"};
	static const unsigned char order[] = {0};
	bool pg = hp_db_engine(db) == HP_ENGINE_POSTGRESQL;
	struct hp_sql_def *d = hp_palloc(db->pool, sizeof(*d));
	_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	_cleanup_stmt_ struct hp_stmt *st = NULL;
	int64_t n = 0;
	int r;

	for (; *text; text++) {
		if (*text == '@')
			hp_buf_adds(&b, table);
		else if (*text == '?')
			hp_buf_adds(&b, pg ? "$1::int" : "?");
		else
			hp_buf_addc(&b, *text);
	}
	*d = (struct hp_sql_def){.name = "wrong",
		.scope = HP_SCOPE_TENANT,
		.rows = (unsigned char)rows,
		.nparams = 1,
		.params = params,
		.order = {order, order},
		.norder = {1, 1}};
	d->text[hp_db_engine(db)] = hp_pstrdup(db->pool, hp_buf_str(&b));
	assert_int_equal(hp_db_stmt_def(db, d, &st, &err), 0);
	if (rows == HP_ROWS_NONE) {
		n = hp_stmt_exec(st, &err);
	} else {
		while ((r = hp_stmt_step(st, &err)) == 1)
			n++;
		n = r < 0 ? r : n;
	}
	*ret_code = err.code;
	return n;
}

static void wrong_statements(void **state HP_UNUSED)
{
	static const char *const all[] = {"tenants", "sites", "website_configs", "website_names",
		"users", "user_parents", "website_owners", "audit_log", "api_keys", "sessions",
		"second_factors", "recovery_codes", "websites"};
	_cleanup_db_ struct hp_db *db = NULL;
	bool walled;
	int code;

	engine_reset(true);
	db = engine_open(NULL);
	walled = hp_db_engine(db) == HP_ENGINE_POSTGRESQL;
	fill_two(db);
	hp_db_set_tenant(db, 71);
	for (size_t i = 0; i < HP_ARRAY_SIZE(all); i++) {
		int64_t n =
			run_wrong(db, all[i], "SELECT * FROM @ WHERE ? > 0", HP_ROWS_MANY, &code);
		int64_t both =
			engine_i64(db, hp_pprintf(db->pool, "SELECT COUNT(*) FROM %s", all[i]));

		assert_int_equal(code, 0);
		assert_true(both >= 2 && both % 2 == 0);
		if (n != (walled ? both / 2 : both))
			fail_msg("%s: %lld of %lld rows", all[i], (long long)n, (long long)both);
	}
	/* written, too, and the next statement of nobody in particular sees all again */
	assert_int_equal(run_wrong(db, "sites", "UPDATE @ SET status = 'x' WHERE ? > 0",
				 HP_ROWS_NONE, &code),
		walled ? 1 : 2);
	assert_int_equal(
		engine_i64(db, "SELECT COUNT(*) FROM sites WHERE status = 'x'"), walled ? 1 : 2);
	assert_int_equal(
		run_wrong(db, "sessions", "DELETE FROM @ WHERE ? > 0", HP_ROWS_NONE, &code),
		walled ? 1 : 2);
	run_wrong(db, "website_names",
		"INSERT INTO @ (name, website_id, tenant_id, kind) "
		"SELECT 'v.example', 8222222, 7222222, 'alias' FROM nodes WHERE ? > 0",
		HP_ROWS_NONE, &code);
	assert_int_equal(code, walled ? HP_E_CONF : 0);
	run_wrong(db, "website_configs", "UPDATE @ SET tenant_id = 7222222 WHERE ? > 0",
		HP_ROWS_NONE, &code);
	assert_int_equal(code, walled ? HP_E_CONF : HP_E_EXISTS);
}

/* A rollback takes back what the session was told, too: what comes then must not run without it. */
static int fail_as_tenant(struct hp_db *db, void *arg HP_UNUSED, struct hp_err *err)
{
	int code;

	run_wrong(db, "sites", "SELECT * FROM @ WHERE ? > 0", HP_ROWS_MANY, &code);
	return hp_err_set(err, HP_E_NO, "rolled back");
}

static void walled_again(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	_cleanup_db_ struct hp_db *db = NULL;
	bool walled;
	int code;

	engine_reset(true);
	db = engine_open(NULL);
	walled = hp_db_engine(db) == HP_ENGINE_POSTGRESQL;
	fill_two(db);
	hp_db_set_tenant(db, 71);
	assert_int_equal(hp_db_tx(db, fail_as_tenant, NULL, &err), HP_E_NO);
	assert_int_equal(
		run_wrong(db, "sites", "SELECT * FROM @ WHERE ? > 0", HP_ROWS_MANY, &code),
		walled ? 1 : 2);
	assert_int_equal(engine_i64(db, "SELECT COUNT(*) FROM sites"), 2);
	/* a connection that was replaced knows nothing of it */
	if (!walled)
		return;
	engine_kill(engine_session(db));
	assert_int_equal(
		run_wrong(db, "sites", "SELECT * FROM @ WHERE ? > 0", HP_ROWS_MANY, &code), 1);
	/* each table of tenants' data has its policy */
	assert_int_equal(
		engine_i64(db,
			"SELECT COUNT(*) FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
			"WHERE c.relkind = 'r' AND a.attname = 'tenant_id' AND NOT a.attisdropped "
			"AND c.relnamespace = CAST('public' AS regnamespace) AND NOT (c.relrowsecurity AND "
			"c.relforcerowsecurity AND EXISTS (SELECT 1 FROM pg_policy p "
			"WHERE p.polrelid = c.oid))"),
		0);
}

int engine_run_schema(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(migrate_twice),
		cmocka_unit_test(newer_schema),
		cmocka_unit_test(two_migrate_at_once),
		cmocka_unit_test(killed_migration),
		cmocka_unit_test(every_statement_prepares),
		cmocka_unit_test(tenants_wall),
		cmocka_unit_test(wrong_statements),
		cmocka_unit_test(walled_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
