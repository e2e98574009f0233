/* What the files of the suite share. */
#include "engine.h"
#include "base/buf.h"
#include "base/file.h"

static const char *url(void)
{
	const char *u = getenv("HP_TEST_URL");

	if (!u)
		fail_msg("HP_TEST_URL is not set");
	return u;
}

struct hp_db *engine_open(const struct hp_db_opts *o)
{
	struct hp_db_opts opts = o ? *o : (struct hp_db_opts){0};
	struct hp_err err = HP_ERR_INIT;
	struct hp_db *db = NULL;

	opts.create = !opts.read_only;
	if (hp_db_open(url(), &opts, &db, &err) < 0)
		fail_msg("%s", err.msg);
	return db;
}

void engine_exec(struct hp_db *db, const char *sql)
{
	struct hp_err err = HP_ERR_INIT;

	if (hp_db_exec(db, sql, &err) < 0)
		fail_msg("%s: %s", err.msg, sql);
}

void engine_reset(bool migrate)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_db *db;

	if (hp_str_starts(url(), "sqlite:")) {
		const char *path = url() + strlen("sqlite:");
		_cleanup_pool_ struct hp_pool *pool = hp_pool_new();

		unlink(path);
		unlink(hp_pprintf(pool, "%s-wal", path));
		unlink(hp_pprintf(pool, "%s-shm", path));
	} else {
		db = engine_open(NULL);
		if (engine_is_mysql(db)) {
			engine_exec(db, hp_pprintf(db->pool, "DROP DATABASE %s", db->url.database));
			engine_exec(db,
				hp_pprintf(db->pool,
					"CREATE DATABASE %s CHARACTER SET utf8mb4 "
					"COLLATE utf8mb4_bin",
					db->url.database));
		} else {
			engine_exec(db, "DROP SCHEMA public CASCADE");
			engine_exec(db, "CREATE SCHEMA public");
		}
		hp_db_close(db);
	}
	if (!migrate)
		return;
	db = engine_open(NULL);
	if (hp_db_migrate(db, false, NULL, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	hp_db_close(db);
}

int engine_group_setup(void **state HP_UNUSED)
{
	engine_reset(true);
	return 0;
}

/* ---- statements ---- */

static const unsigned char counting[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* Each parameter stands once here, so its number is its place. */
static const struct hp_sql_def *make_def(struct hp_db *db, const char *sql, enum hp_sql_rows rows)
{
	struct hp_sql_def *d = hp_palloc(db->pool, sizeof(*d));
	struct hp_strv params = {0};
	_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;
	bool quoted = false;

	for (const char *s = sql; *s; s++) {
		if (*s == '\'')
			quoted = !quoted;
		if (quoted || (*s != '?' && (*s != ':' || s[1] < 'a' || s[1] > 'z'))) {
			hp_buf_addc(&b, *s);
			continue;
		}
		if (*s == '?') {
			hp_strv_addf(db->pool, &params, "p%zu", params.n + 1);
		} else {
			size_t n = strspn(s + 1, "abcdefghijklmnopqrstuvwxyz0123456789_");

			hp_strv_add_ref(db->pool, &params, hp_pstrndup(db->pool, s + 1, n));
			s += n;
		}
		if (hp_db_engine(db) == HP_ENGINE_POSTGRESQL)
			hp_buf_addf(&b, "$%zu", params.n);
		else
			hp_buf_addc(&b, '?');
	}
	assert_true(params.n <= HP_ARRAY_SIZE(counting));
	*d = (struct hp_sql_def){
		.name = hp_pstrdup(db->pool, sql),
		.scope = HP_SCOPE_SYSTEM,
		.rows = rows,
		.nparams = (unsigned char)params.n,
		.params = params.v,
		.order = {counting, counting},
		.norder = {(unsigned char)params.n, (unsigned char)params.n},
	};
	d->text[hp_db_engine(db)] = hp_pstrdup(db->pool, hp_buf_str(&b));
	return d;
}

struct hp_stmt *engine_stmt(struct hp_db *db, const char *sql, enum hp_sql_rows rows)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_stmt *st;

	for (st = db->others; st; st = st->next)
		if (!st->busy && strcmp(st->def->name, sql) == 0 && st->def->rows == rows)
			break;
	assert_int_equal(hp_db_stmt_def(db, st ? st->def : make_def(db, sql, rows), &st, &err), 0);
	return st;
}

int64_t engine_i64(struct hp_db *db, const char *sql)
{
	struct hp_err err = HP_ERR_INIT;
	_cleanup_stmt_ struct hp_stmt *st = engine_stmt(db, sql, HP_ROWS_ONE);
	int r = hp_stmt_step(st, &err);

	if (r < 0)
		fail_msg("%s: %s", err.msg, sql);
	return r == 1 ? hp_stmt_get_i64(st, 0) : -1;
}

int64_t engine_session(struct hp_db *db)
{
	return engine_i64(
		db, engine_is_mysql(db) ? "SELECT CONNECTION_ID()" : "SELECT pg_backend_pid()");
}

void engine_kill(int64_t session)
{
	_cleanup_db_ struct hp_db *db = engine_open(NULL);
	bool mysql = engine_is_mysql(db);
	const char *sql = hp_pprintf(db->pool,
		mysql ? "KILL %lld" : "SELECT pg_terminate_backend(%lld)", (long long)session);

	engine_exec(db, sql);
	/* It dies when it comes to it. */
	sql = hp_pprintf(db->pool, mysql
		? "SELECT COUNT(*) FROM information_schema.processlist WHERE id = %lld"
		: "SELECT COUNT(*) FROM pg_stat_activity WHERE pid = %lld", (long long)session);
	for (int i = 0; i < 500 && engine_i64(db, sql) != 0; i++)
		usleep(10000);
}

void engine_fill(struct hp_db *db, int tenants)
{
	engine_exec(db, "INSERT INTO nodes (name) VALUES ('n1')");
	for (int i = 1; i <= tenants; i++) {
		_cleanup_pool_ struct hp_pool *pool = hp_pool_new();

		engine_exec(db,
			hp_pprintf(pool,
				"INSERT INTO tenants (name, subdomain) VALUES ('t%d', 't%d')", i,
				i));
		engine_exec(db,
			hp_pprintf(pool,
				"INSERT INTO sites (tenant_id, domain, node_id, user_name, uid) "
				"SELECT t.id, 's%d.example', n.id, 'site%d', %d FROM tenants t, nodes n "
				"WHERE t.subdomain = 't%d' AND n.name = 'n1'",
				i, i, 20000 + i, i));
		engine_exec(db,
			hp_pprintf(pool,
				"INSERT INTO website_configs (id, website_id, tenant_id, "
				"web_server, php_version) SELECT id, id, tenant_id, 'nginx', '8.2' FROM sites "
				"WHERE domain = 's%d.example'",
				i));
		engine_exec(db,
			hp_pprintf(pool,
				"INSERT INTO website_names (name, website_id, tenant_id, kind) "
				"SELECT domain, id, tenant_id, 'domain' FROM sites WHERE domain = 's%d.example'",
				i));
	}
}
