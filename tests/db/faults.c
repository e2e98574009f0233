/* The suite: transactions, what comes between them, and connections. */
#include <sys/wait.h>
#include "engine.h"

static int setup(void **state)
{
	struct hp_db *db;

	engine_group_setup(state);
	db = engine_open(NULL);
	engine_fill(db, 2);
	hp_db_close(db);
	return 0;
}

/* skip() jumps: it stands before anything that a test opens. */
static bool is_sqlite(void)
{
	return hp_str_starts(getenv("HP_TEST_URL"), "sqlite:");
}

static int64_t generation(struct hp_db *db)
{
	return engine_i64(db, "SELECT generation FROM nodes WHERE id = 1");
}

static int run_sql(struct hp_db *db, const char *sql, struct hp_err *err)
{
	_cleanup_stmt_ struct hp_stmt *st = engine_stmt(db, sql, HP_ROWS_NONE);
	int64_t n = hp_stmt_exec(st, err);

	return n < 0 ? (int)n : 0;
}

/* ---- all or nothing ---- */

static int raise_generation(struct hp_db *db, void *arg, struct hp_err *err)
{
	int r = run_sql(db, "UPDATE nodes SET generation = generation + 1 WHERE id = 1", err);

	return r < 0 ? r : *(int *)arg ? hp_err_set(err, *(int *)arg, "no") : 0;
}

static void commit_and_rollback(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	_cleanup_db_ struct hp_db *db = engine_open(NULL);
	int64_t before = generation(db);
	int no = HP_E_NO, yes = 0;

	assert_int_equal(hp_db_tx(db, raise_generation, &no, &err), HP_E_NO);
	assert_string_equal(err.msg, "no");
	assert_int_equal(generation(db), before);
	hp_err_clear(&err);
	assert_int_equal(hp_db_tx(db, raise_generation, &yes, &err), 0);
	assert_int_equal(generation(db), before + 1);
}

static int swallow_error(struct hp_db *db, void *arg HP_UNUSED, struct hp_err *err)
{
	struct hp_err ignored = HP_ERR_INIT;
	int r = run_sql(db, "UPDATE nodes SET generation = generation + 1 WHERE id = 1", err);

	assert_int_equal(
		run_sql(db, "INSERT INTO nodes (name) VALUES ('n1')", &ignored), HP_E_EXISTS);
	return r;
}

/* Some engines go on after an error and some don't; none may say "done" when it was not. */
static void swallowed_error(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	_cleanup_db_ struct hp_db *db = engine_open(NULL);
	int64_t before = generation(db);
	int r = hp_db_tx(db, swallow_error, NULL, &err);

	assert_int_equal(generation(db), r == 0 ? before + 1 : before);
	assert_int_equal(engine_i64(db, "SELECT 1"), 1);
}

static void closed_in_the_middle(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_db *a = engine_open(NULL);
	_cleanup_db_ struct hp_db *b = engine_open(NULL);
	int64_t before = generation(b);

	assert_int_equal(a->d->begin(a->conn, &err), 0);
	a->in_tx = true;
	engine_exec(a, "UPDATE nodes SET generation = 99 WHERE id = 1");
	hp_db_close(a);
	assert_int_equal(generation(b), before);
}

/* ---- two at once ---- */

struct pair {
	const char *first, *second;
	int in, out; /* pipes to the other process */
	int calls;
};

static int update_both(struct hp_db *db, void *arg, struct hp_err *err)
{
	struct pair *p = arg;
	char c = 'x';
	int r = run_sql(db, p->first, err);

	if (r < 0)
		return r;
	/* The first time, both hold their first row before either wants its second. */
	if (p->calls++ == 0) {
		assert_int_equal(write(p->out, &c, 1), 1);
		assert_int_equal(read(p->in, &c, 1), 1);
	}
	return run_sql(db, p->second, err);
}

static int both(const char *first, const char *second, int in, int out, int *ret_calls)
{
	struct pair p = {first, second, in, out, 0};
	struct hp_err err = HP_ERR_INIT;
	struct hp_db *db = engine_open(NULL);
	int r = hp_db_tx(db, update_both, &p, &err);

	if (r < 0)
		print_error("%s\n", err.msg);
	hp_db_close(db);
	*ret_calls = p.calls;
	return r;
}

static void deadlock(void **state HP_UNUSED)
{
	if (is_sqlite())
		skip(); /* one writer at a time: test-db shows how the other waits */

	static const char one[] =
		"UPDATE tenants SET website_limit = COALESCE(website_limit, 0) + 1 "
		"WHERE id = 1";
	static const char two[] =
		"UPDATE tenants SET website_limit = COALESCE(website_limit, 0) + 1 "
		"WHERE id = 2";
	int to_child[2], to_parent[2], calls, r, status;
	_cleanup_db_ struct hp_db *db = NULL;
	pid_t pid;

	assert_int_equal(pipe(to_child), 0);
	assert_int_equal(pipe(to_parent), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		r = both(two, one, to_child[0], to_parent[1], &calls);
		_exit(r < 0 ? 100 : calls);
	}
	r = both(one, two, to_parent[0], to_child[1], &calls);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(r, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 100);
	/* One of them had to run again, and nothing is counted twice. */
	assert_true(calls + WEXITSTATUS(status) > 2);
	db = engine_open(NULL);
	assert_int_equal(engine_i64(db, "SELECT SUM(website_limit) FROM tenants"), 4);
	for (int i = 0; i < 2; i++) {
		close(to_child[i]);
		close(to_parent[i]);
	}
}

struct read_then_write {
	struct hp_db *other;
	int calls;
};

static int read_then_write(struct hp_db *db, void *arg, struct hp_err *err)
{
	struct read_then_write *a = arg;
	int64_t g = generation(db);

	if (a->calls++ == 0)
		engine_exec(a->other, "UPDATE nodes SET generation = generation + 1 WHERE id = 1");
	return g < 0
		? HP_E_DB
		: run_sql(db, "UPDATE nodes SET generation = generation + 1 WHERE id = 1", err);
}

static void serialisation_failure(void **state HP_UNUSED)
{
	if (is_sqlite())
		skip();

	struct hp_err err = HP_ERR_INIT;
	_cleanup_db_ struct hp_db *db = engine_open(NULL);
	_cleanup_db_ struct hp_db *other = engine_open(NULL);
	struct read_then_write a = {other, 0};
	int64_t before = generation(db);

	assert_int_equal(hp_db_tx(db, read_then_write, &a, &err), 0);
	if (hp_db_engine(db) == HP_ENGINE_POSTGRESQL)
		assert_int_equal(a.calls, 2);
	assert_int_equal(generation(db), before + 2);
}

static void lock_wait(void **state HP_UNUSED)
{
	struct hp_db_opts o = {.busy_timeout_ms = 1000};
	struct hp_err err = HP_ERR_INIT;
	_cleanup_db_ struct hp_db *a = engine_open(NULL);
	_cleanup_db_ struct hp_db *b = engine_open(&o);
	int zero = 0;

	assert_int_equal(a->d->begin(a->conn, &err), 0);
	a->in_tx = true;
	engine_exec(a, "UPDATE nodes SET generation = 99 WHERE id = 1");
	assert_int_equal(hp_db_tx(b, raise_generation, &zero, &err), HP_E_BUSY);
	a->d->rollback(a->conn);
	a->in_tx = false;
	hp_err_clear(&err);
	assert_int_equal(hp_db_tx(b, raise_generation, &zero, &err), 0);
}

/* ---- lost connections ---- */

struct lose {
	int calls, lose_at; /* which call kills its own session */
};

static int lose_in_tx(struct hp_db *db, void *arg, struct hp_err *err)
{
	struct lose *l = arg;
	int r = run_sql(db, "UPDATE nodes SET generation = generation + 1 WHERE id = 1", err);

	if (r < 0)
		return r;
	if (l->calls++ < l->lose_at)
		engine_kill(engine_session(db));
	return run_sql(db, "UPDATE nodes SET generation = generation + 1 WHERE id = 1", err);
}

static void lost_in_a_transaction(void **state HP_UNUSED)
{
	if (is_sqlite())
		skip();

	struct hp_err err = HP_ERR_INIT;
	_cleanup_db_ struct hp_db *db = engine_open(NULL);
	struct lose l = {.lose_at = 1};
	int64_t before = generation(db);

	assert_int_equal(hp_db_tx(db, lose_in_tx, &l, &err), 0);
	assert_int_equal(l.calls, 2);
	assert_int_equal(generation(db), before + 2);
	/* Every time: it gives up, and says so. */
	l = (struct lose){.lose_at = 100};
	assert_int_equal(hp_db_tx(db, lose_in_tx, &l, &err), HP_E_BUSY);
	assert_int_equal(l.calls, 5);
	assert_int_equal(generation(db), before + 2);
}

static int lose_at_commit(struct hp_db *db, void *arg, struct hp_err *err)
{
	int r = run_sql(db, "UPDATE nodes SET generation = generation + 1 WHERE id = 1", err);

	++*(int *)arg;
	engine_kill(engine_session(db));
	return r;
}

static void lost_at_commit(void **state HP_UNUSED)
{
	if (is_sqlite())
		skip();

	struct hp_err err = HP_ERR_INIT;
	_cleanup_db_ struct hp_db *db = engine_open(NULL);
	int calls = 0;

	assert_int_equal(hp_db_tx(db, lose_at_commit, &calls, &err), HP_E_DB);
	assert_non_null(strstr(err.msg, "unknown"));
	assert_int_equal(calls, 1);
	assert_int_equal(engine_i64(db, "SELECT 1"), 1);
}

static void lost_outside(void **state HP_UNUSED)
{
	if (is_sqlite())
		skip();

	struct hp_err err = HP_ERR_INIT;
	_cleanup_db_ struct hp_db *db = engine_open(NULL);
	int64_t before = generation(db);
	uint64_t us;

	/* A read is run again, a change is not. */
	engine_kill(engine_session(db));
	assert_int_equal(generation(db), before);
	engine_kill(engine_session(db));
	assert_int_equal(
		run_sql(db, "UPDATE nodes SET generation = generation + 1", &err), HP_E_DB);
	assert_non_null(strstr(err.msg, "unknown"));
	assert_int_equal(generation(db), before);
	engine_kill(engine_session(db));
	hp_err_clear(&err);
	assert_int_equal(hp_db_ping(db, &us, &err), 0);
}

static void lost_while_reading(void **state HP_UNUSED)
{
	if (is_sqlite())
		skip();

	struct hp_err err = HP_ERR_INIT;
	_cleanup_db_ struct hp_db *db = engine_open(NULL);
	_cleanup_stmt_ struct hp_stmt *st = NULL;

	st = engine_stmt(db, "SELECT id FROM tenants", HP_ROWS_MANY);
	assert_int_equal(hp_stmt_step(st, &err), 1);
	engine_kill(engine_session(db));
	assert_int_equal(engine_i64(db, "SELECT 1"), 1); /* has connected anew */
	assert_int_equal(hp_stmt_step(st, &err), HP_E_BUSY);
	assert_int_equal(hp_stmt_columns(st), 0);
}

/* ---- connecting ---- */

static int try_url(const char *url, struct hp_err *err)
{
	struct hp_db_opts o = {.connect_timeout_ms = 2000};
	struct hp_db *db = NULL;
	int r;

	hp_err_clear(err);
	r = hp_db_open(url, &o, &db, err);
	hp_db_close(db);
	assert_null(strstr(err->msg, "p@ss:w"));
	assert_null(strstr(err->msg, "p%40ss"));
	assert_null(strstr(err->msg, "SECRET"));
	return r;
}

static const char *tcp_url(void)
{
	const char *url = getenv("HP_TEST_URL_TCP");

	return url && *url ? url : NULL;
}

/* HP_TEST_URL_TCP with its first occurrence of from replaced. */
static const char *changed(struct hp_pool *pool, const char *from, const char *to)
{
	const char *url = getenv("HP_TEST_URL_TCP"), *at;

	at = strstr(url, from);
	assert_non_null(at);
	return hp_pprintf(pool, "%.*s%s%s", (int)(at - url), url, to, at + strlen(from));
}

static void refused(void **state HP_UNUSED)
{
	if (!tcp_url())
		skip();

	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_err err = HP_ERR_INIT;

	assert_int_equal(try_url(getenv("HP_TEST_URL_TCP"), &err), 0);
	assert_int_equal(try_url(changed(pool, "%25d@", "%25SECRET@"), &err), HP_E_CONF);
	assert_int_equal(
		try_url(changed(pool, "/panel_suite", "/no_such_database"), &err), HP_E_CONF);
	assert_int_equal(try_url(changed(pool, "//panel:", "//nobody:"), &err), HP_E_CONF);
	assert_int_equal(try_url(hp_pprintf(pool, "%s?socket=/nonexistent",
		changed(pool, "127.0.0.1", "localhost")), &err), HP_E_BUSY);
	/* Nothing listens on the discard port. */
	assert_int_equal(try_url(hp_pprintf(pool, "%.*s9/panel",
		(int)(strstr(getenv("HP_TEST_URL_TCP"), "0.1:") + 4 - getenv("HP_TEST_URL_TCP")),
		getenv("HP_TEST_URL_TCP")), &err), HP_E_BUSY);
	assert_true(*err.hint);
}

static void expect_tls(const char *url, bool tls)
{
	struct hp_err err = HP_ERR_INIT;
	_cleanup_db_ struct hp_db *db = NULL;
	_cleanup_stmt_ struct hp_stmt *st = NULL;

	if (hp_db_open(url, NULL, &db, &err) < 0)
		fail_msg("%s", err.msg);
	if (hp_db_engine(db) == HP_ENGINE_POSTGRESQL) {
		assert_int_equal(engine_i64(db, "SELECT COUNT(*) FROM pg_stat_ssl WHERE ssl AND "
			"pid = pg_backend_pid()"), tls);
		return;
	}
	st = engine_stmt(db, "SHOW STATUS LIKE 'Ssl_cipher'", HP_ROWS_ONE);
	assert_int_equal(hp_stmt_step(st, &err), 1);
	assert_int_equal(*hp_stmt_get_text(st, 1) != '\0', tls);
}

static void tls(void **state HP_UNUSED)
{
	if (!tcp_url() || !getenv("HP_TEST_CA"))
		skip();

	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	const char *url = tcp_url(), *ca = getenv("HP_TEST_CA"), *named;
	struct hp_err err = HP_ERR_INIT;

	named = changed(pool, "127.0.0.1", "localhost");
	expect_tls(url, true);
	expect_tls(hp_pprintf(pool, "%s?sslmode=disable", url), false);
	expect_tls(hp_pprintf(pool, "%s?sslmode=require", url), true);
	expect_tls(hp_pprintf(pool, "%s?sslmode=verify-ca&sslrootcert=%s", url, ca), true);
	expect_tls(hp_pprintf(pool, "%s?sslmode=verify-full&sslrootcert=%s", named, ca), true);
	/* The certificate names localhost, and nobody else's list knows who signed it. */
	assert_int_equal(
		try_url(hp_pprintf(pool, "%s?sslmode=verify-full&sslrootcert=%s", url, ca), &err),
		HP_E_CONF);
	assert_int_equal(try_url(hp_pprintf(pool, "%s?sslmode=verify-ca", named), &err), HP_E_CONF);
	assert_int_equal(
		try_url(hp_pprintf(pool, "%s?sslmode=verify-full", named), &err), HP_E_CONF);
	assert_int_equal(
		try_url(hp_pprintf(
				pool, "%s?sslmode=verify-full&sslrootcert=/nonexistent.pem", named),
			&err),
		HP_E_CONF);
}

/* The server itself says what it is, whatever the URL calls it. */
static void detected_from_the_server(void **state HP_UNUSED)
{
	const char *url = getenv("HP_TEST_URL"), *rest;

	if (!hp_str_starts(url, "mysql:") && !hp_str_starts(url, "mariadb:"))
		skip();

	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	_cleanup_db_ struct hp_db *a = engine_open(NULL), *b = NULL;
	struct hp_err err = HP_ERR_INIT;

	rest = strchr(url, ':');
	assert_int_equal(
		hp_db_open(hp_pprintf(pool, "%s%s",
				   hp_str_starts(url, "mysql:") ? "mariadb" : "mysql", rest),
			NULL, &b, &err),
		0);
	assert_int_equal(hp_db_engine(a), hp_db_engine(b));
}

/*
 * caching_sha2_password without TLS: the password goes encrypted with the server's key when the
 * server has not seen it since its start, and as a digest afterwards.
 */
static void password_without_tls(void **state HP_UNUSED)
{
	const char *root = getenv("HP_TEST_ADMIN_MYSQL");

	if (!root || !tcp_url() || !hp_str_starts(tcp_url(), "mysql:"))
		skip();

	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	_cleanup_db_ struct hp_db *admin = NULL;
	struct hp_err err = HP_ERR_INIT;

	assert_int_equal(hp_db_open(root, NULL, &admin, &err), 0);
	engine_exec(admin, "FLUSH PRIVILEGES");
	expect_tls(hp_pprintf(pool, "%s?sslmode=disable", tcp_url()), false);
	expect_tls(hp_pprintf(pool, "%s?sslmode=disable", tcp_url()), false);
}

int engine_run_faults(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commit_and_rollback),
		cmocka_unit_test(swallowed_error),
		cmocka_unit_test(closed_in_the_middle),
		cmocka_unit_test(deadlock),
		cmocka_unit_test(serialisation_failure),
		cmocka_unit_test(lock_wait),
		cmocka_unit_test(lost_in_a_transaction),
		cmocka_unit_test(lost_at_commit),
		cmocka_unit_test(lost_outside),
		cmocka_unit_test(lost_while_reading),
		cmocka_unit_test(refused),
		cmocka_unit_test(tls),
		cmocka_unit_test(detected_from_the_server),
		cmocka_unit_test(password_without_tls),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
