/*
 * The suite on one engine (engine.h): values in and out, errors. Runs the other files' groups too.
 */
#include "engine.h"
#include "base/file.h"

#define CREATE_T                                                                                   \
	"CREATE TABLE t (id INT NOT NULL PRIMARY KEY, s %s, n BIGINT, b BOOLEAN, at %s NULL)"

static struct hp_db *db;

static int setup(void **state)
{
	bool sqlite, pg;

	engine_group_setup(state);
	db = engine_open(NULL);
	sqlite = hp_db_engine(db) == HP_ENGINE_SQLITE;
	pg = hp_db_engine(db) == HP_ENGINE_POSTGRESQL;
	engine_exec(db, hp_pprintf(db->pool, CREATE_T, sqlite || pg ? "TEXT" : "MEDIUMTEXT",
		pg ? "TIMESTAMP WITH TIME ZONE" : "TIMESTAMP"));
	engine_exec(db, "INSERT INTO t (id) VALUES (0)");
	return 0;
}

static int teardown(void **state HP_UNUSED)
{
	hp_db_close(db);
	return 0;
}

static void engine_and_version(void **state HP_UNUSED)
{
	const char *want = getenv("HP_TEST_ENGINE");
	struct hp_err err = HP_ERR_INIT;
	uint64_t us = 0;

	if (want)
		assert_string_equal(hp_engine_name(hp_db_engine(db)), want);
	assert_true(strspn(hp_db_server_version(db), "0123456789.") > 2);
	assert_int_equal(hp_db_ping(db, &us, &err), 0);
	assert_true(us < 5000000);
	assert_null(strstr(hp_db_url_safe(db), "p%40ss"));
}

static void put(int64_t id, const char *s, int64_t n, bool b)
{
	struct hp_err err = HP_ERR_INIT;
	_cleanup_stmt_ struct hp_stmt *st = engine_stmt(db,
		"INSERT INTO t (id, s, n, b) VALUES (:id, :s, :n, :b)", HP_ROWS_NONE);

	hp_stmt_i64(st, "id", id);
	hp_stmt_text(st, "s", s);
	hp_stmt_i64(st, "n", n);
	hp_stmt_bool(st, "b", b);
	if (hp_stmt_exec(st, &err) != 1)
		fail_msg("%s", err.msg);
}

static struct hp_stmt *get(int64_t id)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_stmt *st =
		engine_stmt(db, "SELECT s, n, b, at FROM t WHERE id = :id", HP_ROWS_ONE);

	hp_stmt_i64(st, "id", id);
	if (hp_stmt_step(st, &err) != 1)
		fail_msg("%s", err.msg);
	return st;
}

static void check_value(int64_t id, const char *s, int64_t n, bool b)
{
	struct hp_err err = HP_ERR_INIT;
	_cleanup_stmt_ struct hp_stmt *st = NULL;

	put(id, s, n, b);
	st = get(id);
	assert_string_equal(hp_stmt_get_text(st, 0), s);
	assert_int_equal(hp_stmt_get_i64(st, 1), n);
	assert_int_equal(hp_stmt_get_bool(st, 2), b);
	assert_string_equal(hp_stmt_get_text(st, 2), b ? "true" : "false");
	assert_int_equal(hp_stmt_step(st, &err), 0);
	assert_int_equal(hp_stmt_step(st, &err), 0);
}

static void values(void **state HP_UNUSED)
{
	_cleanup_free_ char *big = malloc(65537);

	check_value(1, "", 0, false);
	check_value(2, "plain", 1, true);
	check_value(3, "b\xc3\xbc" "cher \xf0\x9f\x98\x80 \xe6\xbc\xa2", INT64_MAX, true);
	check_value(4, "'; DROP TABLE t; -- \\ \" ` $1 ?", INT64_MIN, false);
	check_value(5, "trailing blank ", -1, false);
	assert_non_null(big);
	memset(big, 'x', 65536);
	big[65535] = 'y';
	big[65536] = '\0';
	check_value(6, big, 65536, true);
	/* A short value after a long one in the same buffers. */
	check_value(7, "short", 7, false);
}

static void nulls(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_stmt *st = get(0);

	assert_int_equal(hp_stmt_columns(st), 4);
	assert_string_equal(hp_stmt_column_name(st, 3), "at");
	for (unsigned i = 0; i < 4; i++) {
		assert_true(hp_stmt_is_null(st, i));
		assert_null(hp_stmt_get_text(st, i));
		assert_int_equal(hp_stmt_get_i64(st, i), 0);
		assert_false(hp_stmt_get_bool(st, i));
	}
	hp_stmt_end(st);
	st = engine_stmt(db, "UPDATE t SET s = :s, n = :n, b = :b WHERE id = 0", HP_ROWS_NONE);
	hp_stmt_text(st, "s", NULL);
	hp_stmt_null(st, "n");
	hp_stmt_null(st, "b");
	/* A row met counts, changed or not. */
	assert_int_equal(hp_stmt_exec(st, &err), 1);
	hp_stmt_end(st);
}

/* The servers of the suite stand in UTC+9: what the session says must be UTC all the same. */
static void times(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	_cleanup_stmt_ struct hp_stmt *st = NULL;
	int64_t t, now = hp_now();
	char want[21];

	engine_exec(db, "UPDATE t SET at = CURRENT_TIMESTAMP WHERE id = 0");
	st = get(0);
	assert_int_equal(strlen(hp_stmt_get_text(st, 3)), 20);
	assert_int_equal(hp_time_parse(hp_stmt_get_text(st, 3), &t), 0);
	assert_true(t >= now - 2 && t <= now + 5);
	hp_stmt_end(TAKE(st));

	st = engine_stmt(db, "UPDATE t SET at = :at WHERE id = 0", HP_ROWS_NONE);
	hp_stmt_time(st, "at", 1700000000);
	assert_int_equal(hp_stmt_exec(st, &err), 1);
	hp_stmt_end(TAKE(st));
	st = get(0);
	hp_time_format(1700000000, want);
	assert_string_equal(hp_stmt_get_text(st, 3), want);
	hp_stmt_end(TAKE(st));

	st = engine_stmt(db, "SELECT COUNT(*) FROM t WHERE at < :b AND at >= :a", HP_ROWS_ONE);
	hp_stmt_time(st, "a", 1700000000);
	hp_stmt_time(st, "b", 1700000001);
	assert_int_equal(hp_stmt_step(st, &err), 1);
	assert_int_equal(hp_stmt_get_i64(st, 0), 1);
}

static void same_statement_within_its_rows(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	const char *sql = "SELECT id FROM t WHERE id >= :from ORDER BY id";
	_cleanup_stmt_ struct hp_stmt *outer = engine_stmt(db, sql, HP_ROWS_MANY);
	int64_t n = 0, m = 0;

	hp_stmt_i64(outer, "from", 1);
	while (hp_stmt_step(outer, &err) == 1) {
		_cleanup_stmt_ struct hp_stmt *inner = engine_stmt(db, sql, HP_ROWS_MANY);

		assert_ptr_not_equal(inner, outer);
		hp_stmt_i64(inner, "from", hp_stmt_get_i64(outer, 0));
		while (hp_stmt_step(inner, &err) == 1)
			m++;
		n++;
	}
	assert_int_equal(err.code, HP_OK);
	assert_int_equal(n, 7);
	assert_int_equal(m, 28);
}

static void changed_rows_and_ids(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_stmt *st =
		engine_stmt(db, "INSERT INTO nodes (name) VALUES (:name)", HP_ROWS_NONE);
	int64_t first;

	hp_stmt_text(st, "name", "a");
	assert_int_equal(hp_stmt_exec(st, &err), 1);
	hp_stmt_end(st);
	first = hp_db_last_id(db);
	st = engine_stmt(db, "INSERT INTO nodes (name) VALUES (:name)", HP_ROWS_NONE);
	hp_stmt_text(st, "name", "b");
	assert_int_equal(hp_stmt_exec(st, &err), 1);
	hp_stmt_end(st);
	assert_int_equal(hp_db_last_id(db), first + 1);
	st = engine_stmt(db, "UPDATE nodes SET generation = :g", HP_ROWS_NONE);
	hp_stmt_i64(st, "g", 0);
	assert_int_equal(hp_stmt_exec(st, &err), 2);
	hp_stmt_end(st);
	st = engine_stmt(db, "DELETE FROM nodes WHERE name = :name", HP_ROWS_NONE);
	hp_stmt_text(st, "name", "nobody");
	assert_int_equal(hp_stmt_exec(st, &err), 0);
	hp_stmt_end(st);
	/* An id is not given again. */
	engine_exec(db, "DELETE FROM nodes");
	engine_exec(db, "INSERT INTO nodes (name) VALUES ('c')");
	assert_int_equal(engine_i64(db, "SELECT id FROM nodes"), first + 2);
}

static int exec_error(const char *sql, struct hp_err *err)
{
	hp_err_clear(err);
	return hp_db_exec(db, sql, err);
}

static void errors(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_stmt *st;

	engine_fill(db, 1);
	assert_int_equal(exec_error("INSERT INTO t (id) VALUES (1)", &err), HP_E_EXISTS);
	assert_int_equal(
		exec_error("INSERT INTO tenants (name, subdomain) VALUES ('x', 't1')", &err),
		HP_E_EXISTS);
	assert_int_equal(exec_error("INSERT INTO website_names (name, website_id, tenant_id, kind) "
		"VALUES ('x', 77, 1, 'alias')", &err), HP_E_EXISTS);
	assert_int_equal(exec_error("DELETE FROM tenants", &err), HP_E_EXISTS);
	assert_int_equal(exec_error("SELECT nonsense", &err), HP_E_DB);
	assert_int_equal(exec_error("SELECT * FROM no_such_table", &err), HP_E_DB);
	assert_int_equal(exec_error("INSERT INTO users (tenant_id, username, role) "
		"VALUES (1, 'u', 'emperor')", &err), HP_E_DB);
	/* The same from a prepared statement, and the handle is as good as before. */
	st = engine_stmt(db, "INSERT INTO t (id) VALUES (:id)", HP_ROWS_NONE);
	hp_stmt_i64(st, "id", 1);
	hp_err_clear(&err);
	assert_int_equal(hp_stmt_exec(st, &err), HP_E_EXISTS);
	hp_stmt_end(st);
	assert_int_equal(engine_i64(db, "SELECT 42"), 42);
}

static void names_are_told_apart_by_case(void **state HP_UNUSED)
{
	engine_exec(db, "INSERT INTO tenants (name, subdomain) VALUES ('x', 'Abc')");
	engine_exec(db, "INSERT INTO tenants (name, subdomain) VALUES ('x', 'abc')");
	engine_exec(db, "INSERT INTO tenants (name, subdomain) VALUES ('x', '\xc3\xa4" "bc')");
	assert_int_equal(engine_i64(db, "SELECT COUNT(*) FROM tenants WHERE subdomain = 'abc'"), 1);
}

static void read_only(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_db_opts o = {.read_only = true};
	_cleanup_db_ struct hp_db *ro = engine_open(&o);

	assert_int_equal(engine_i64(ro, "SELECT COUNT(*) FROM t WHERE id = 1"), 1);
	assert_int_equal(hp_db_exec(ro, "DELETE FROM t", &err), HP_E_DENIED);
}

int engine_run_values(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(engine_and_version),
		cmocka_unit_test(values),
		cmocka_unit_test(nulls),
		cmocka_unit_test(times),
		cmocka_unit_test(same_statement_within_its_rows),
		cmocka_unit_test(changed_rows_and_ids),
		cmocka_unit_test(errors),
		cmocka_unit_test(names_are_told_apart_by_case),
		cmocka_unit_test(read_only),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

/* test-engine [values|faults|schema|reference] */
int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} groups[] = {
		{"values", engine_run_values},
		{"faults", engine_run_faults},
		{"schema", engine_run_schema},
		{"reference", engine_run_reference},
	};
	int failed = 0;

	setenv("HP_LIBDIR", HP_TEST_LIBDIR, 1);
	for (size_t i = 0; i < HP_ARRAY_SIZE(groups); i++)
		if (argc < 2 || hp_streq(argv[1], groups[i].name))
			failed += groups[i].run();
	return failed != 0;
}
