/* The handle on SQLite, and database URLs. What all engines share is in tests/db/test-engine.c. */
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "unit.h"
#include "base/file.h"
#include "base/str.h"
#include "db/handle.h"

static const char *dir;

static int setup(void **state HP_UNUSED)
{
	setenv("HP_LIBDIR", HP_TEST_LIBDIR, 1);
	dir = unit_mkdir();
	return 0;
}

static int teardown(void **state HP_UNUSED)
{
	unit_rmdir();
	return 0;
}

static struct hp_db *open_file(const char *name, bool create, bool read_only, struct hp_err *err)
{
	char url[200];
	struct hp_db_opts o = {.sysroot = dir, .create = create, .read_only = read_only,
		.busy_timeout_ms = 200};
	struct hp_db *db = NULL;

	snprintf(url, sizeof(url), "sqlite:/%s", name);
	hp_err_clear(err);
	return hp_db_open(url, &o, &db, err) == 0 ? db : NULL;
}

/* ---- URLs ---- */

static void url_good(void **state HP_UNUSED)
{
	static const struct {
		const char *url, *user, *password, *host, *database, *safe;
		enum hp_engine engine;
		unsigned port;
	} t[] = {
		{"postgresql://u:p%40ss@db.example.com:5433/panel", "u", "p@ss", "db.example.com",
			"panel", "postgresql://u@db.example.com:5433/panel", HP_ENGINE_POSTGRESQL,
			5433},
		{"postgres:///panel", NULL, NULL, NULL, "panel", "postgres:///panel",
			HP_ENGINE_POSTGRESQL, 0},
		{"mysql://u:@[::1]:3306/p%2Fd?sslmode=require", "u", "", "::1", "p/d",
			"mysql://u@[::1]:3306/p%2Fd?sslmode=require", HP_ENGINE_MYSQL, 3306},
		{"mariadb://%C3%BC@h/d?socket=/run/m.sock&connect_timeout=3", NULL, NULL, NULL,
			NULL, NULL, HP_ENGINE_MARIADB, 0},
		{"mariadb://%C3%BC@localhost/d?socket=/run/m.sock&connect_timeout=3", "\xc3\xbc",
			NULL, "localhost", "d",
			"mariadb://%C3%BC@localhost/d?socket=/run/m.sock&connect_timeout=3",
			HP_ENGINE_MARIADB, 0},
		{"postgresql://u:a:b@h/d?sslmode=verify-full&sslrootcert=/etc/ca.pem&sslcert=/c&sslkey=/k",
			"u", "a:b", "h", "d",
			"postgresql://u@h/d?sslmode=verify-full&sslrootcert=/etc/ca.pem&sslcert=/c&sslkey=/k",
			HP_ENGINE_POSTGRESQL, 0},
	};
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();

	for (size_t i = 0; i < HP_ARRAY_SIZE(t); i++) {
		struct hp_err err = HP_ERR_INIT;
		struct hp_db_url u;
		int r = hp_db_url_parse(pool, t[i].url, &u, &err);

		if (!t[i].safe) { /* a host and a socket */
			assert_int_equal(r, HP_E_CONF);
			continue;
		}
		assert_int_equal(r, 0);
		assert_int_equal(u.engine, t[i].engine);
		assert_true(hp_streq(u.user, t[i].user));
		assert_true(hp_streq(u.password, t[i].password));
		assert_true(hp_streq(u.host, t[i].host));
		assert_string_equal(u.database, t[i].database);
		assert_string_equal(u.safe, t[i].safe);
		assert_int_equal(u.port, t[i].port);
	}
}

static void url_bad(void **state HP_UNUSED)
{
	static const char *const t[] = {
		"", "x", "sqlite", "sqlite:", "sqlite:/", "sqlite:rel.db", "sqlite:/a/../b", "sqlite:/a//b",
		"sqlite:/a%00b", "sqlite:/a%0Ab", "sqlite:/a%zzb", "sqlite:/a b", "sqlite://host/a",
		"sqlite:/a?mode=ro", "oracle://SECRET@h/d", "postgresql:", "postgresql://", "postgresql://h",
		"postgresql://h/", "postgresql://u:SECRET@h", "mysql://u:SEC@RET@h/d", "mysql://u:SEC RET@h/d",
		"mysql://u:SECRET%@h/d", "mysql://u:SECRET%4@h/d", "mysql://u:SECRET%00@h/d",
		"mysql://u:SECRET\xff@h/d", "mysql://u:SECRET%ff@h/d", "mysql://h:0/d", "mysql://h:65536/d",
		"mysql://h:-1/d", "mysql://h:33x/d", "mysql://[::1/d", "mysql://[]/d", "mysql://[x]/d",
		"mysql://[::1]x/d", "mysql://-h/d", "mysql://a%2Cb/d", "mysql://%2Ftmp/d", "mysql://h/d/e",
		"mysql://h/d#frag", "mysql://h/d?", "mysql://h/d?x", "mysql://h/d?nope=1",
		"mysql://h/d?sslmode=allow", "mysql://h/d?sslmode=disable&sslmode=disable",
		"mysql://h/d?connect_timeout=0", "mysql://h/d?connect_timeout=301", "mysql://h/d?sslcert=/c",
		"mysql://h/d?sslrootcert=ca.pem", "mysql://h/d?sslrootcert=/a/../b",
		"mysql://h/d?socket=/run/x",
		"mysql://h/0123456789012345678901234567890123456789012345678901234567890123",
	};
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	_cleanup_buf_ struct hp_buf big = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	struct hp_db_url u;

	for (size_t i = 0; i < HP_ARRAY_SIZE(t); i++) {
		hp_err_clear(&err);
		/* One of them is well-formed: an empty list of options. */
		if (hp_streq(t[i], "mysql://h/d?"))
			assert_int_equal(hp_db_url_parse(pool, t[i], &u, &err), 0);
		else if (hp_db_url_parse(pool, t[i], &u, &err) != HP_E_CONF)
			fail_msg("accepted: %s", t[i]);
		assert_null(strstr(err.msg, "SEC"));
		assert_null(strstr(err.hint, "SEC"));
	}
	hp_buf_adds(&big, "mysql://h/d?socket=/");
	while (big.len <= HP_DB_URL_MAX)
		hp_buf_addc(&big, 'x');
	assert_int_equal(hp_db_url_parse(pool, hp_buf_str(&big), &u, &err), HP_E_CONF);
}

/* ---- SQLite's own ---- */

static void missing_file(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;

	assert_null(open_file("b.db", false, false, &err));
	assert_int_equal(err.code, HP_E_CONF);
	assert_string_equal(err.hint, "run hp-db init");
	assert_null(open_file("b.db", false, true, &err));
	assert_int_equal(err.code, HP_E_CONF);
}

static void create(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	_cleanup_db_ struct hp_db *db = open_file("sub/c.db", true, false, &err);
	struct stat st;
	int have, want;

	assert_non_null(db);
	assert_int_equal(stat(unit_path("sub/c.db"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_string_equal(hp_db_url_safe(db), "sqlite:/sub/c.db");
	assert_int_equal(hp_db_schema_version(db, &have, &want, &err), 0);
	assert_int_equal(have, 0);
	assert_int_equal(want, hp_migrations_newest);
	assert_int_equal(hp_db_migrate(db, false, NULL, NULL, &err), 0);
	assert_int_equal(stat(unit_path("sub/c.db-wal"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static void not_a_database(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;

	assert_int_equal(hp_file_write(unit_path("text.db"), 0640,
		"this is no database, but text of some length\n", 45, &err), 0);
	assert_null(open_file("text.db", false, false, &err));
	assert_int_equal(err.code, HP_E_CONF);
}

static void read_only(void **state HP_UNUSED)
{
	static const struct hp_sql_def write = {.name = "write", .rows = HP_ROWS_NONE,
		.scope = HP_SCOPE_SYSTEM, .text[HP_ENGINE_SQLITE] = "DELETE FROM tenants"};
	struct hp_err err = HP_ERR_INIT;
	struct hp_stmt *st;
	int have, want;
	_cleanup_db_ struct hp_db *db = NULL;

	hp_db_close(open_file("a.db", true, false, &err));
	db = open_file("a.db", false, false, &err);
	assert_int_equal(hp_db_migrate(db, false, NULL, NULL, &err), 0);
	hp_db_close(db);
	db = open_file("a.db", false, true, &err);
	assert_non_null(db);
	assert_int_equal(hp_db_schema_version(db, &have, &want, &err), 0);
	assert_int_equal(have, want);
	assert_int_equal(hp_db_stmt_def(db, &write, &st, &err), 0);
	assert_int_equal(hp_stmt_exec(st, &err), HP_E_DENIED);
	hp_stmt_end(st);
}

static int64_t count(struct hp_db *db)
{
	static const struct hp_sql_def tenants = {.name = "count", .rows = HP_ROWS_ONE,
		.scope = HP_SCOPE_SYSTEM,
		.text[HP_ENGINE_SQLITE] = "SELECT COUNT(*) FROM tenants"};
	struct hp_err err = HP_ERR_INIT;
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	assert_int_equal(hp_db_stmt_def(db, &tenants, &st, &err), 0);
	assert_int_equal(hp_stmt_step(st, &err), 1);
	return hp_stmt_get_i64(st, 0);
}

static void insert(struct hp_db *db, const char *name)
{
	struct hp_err err = HP_ERR_INIT;
	char sql[200];

	snprintf(sql, sizeof(sql), "INSERT INTO tenants (name, subdomain) VALUES ('%s', '%s')",
		name, name);
	assert_int_equal(hp_db_exec(db, sql, &err), 0);
}

/* A file with tenants in it that nobody has open. */
static void make(const char *name, const char *const *tenants)
{
	struct hp_err err = HP_ERR_INIT;
	_cleanup_db_ struct hp_db *db = open_file(name, true, false, &err);

	assert_non_null(db);
	assert_int_equal(hp_db_migrate(db, false, NULL, NULL, &err), 0);
	for (; *tenants; tenants++)
		insert(db, *tenants);
}

static void reader_leaves_the_files_alone(void **state HP_UNUSED)
{
	static const char *const two[] = {"x", "y", NULL};
	struct hp_err err = HP_ERR_INIT;
	const char *url = "odd%3Fa=%2541%23b.db"; /* to be escaped for libsqlite3, too */
	struct stat before, after;
	struct hp_db *db;

	make(url, two);
	assert_int_equal(stat(unit_path("odd?a=%41#b.db-shm"), &before), 0);
	db = open_file(url, false, true, &err);
	assert_non_null(db);
	assert_int_equal(count(db), 2);
	hp_db_close(db);
	assert_int_equal(stat(unit_path("odd?a=%41#b.db-shm"), &after), 0);
	assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof(after.st_mtim));

	/* as another program leaves it that was the last */
	assert_int_equal(unlink(unit_path("odd?a=%41#b.db-shm")), 0);
	assert_int_equal(unlink(unit_path("odd?a=%41#b.db-wal")), 0);
	db = open_file(url, false, true, &err);
	assert_non_null(db);
	assert_int_equal(count(db), 2);
	hp_db_close(db);
}

/* Opens the file for writing when it is told so, adds a tenant, and stays until it is killed. */
static pid_t start_writer(const char *name, int *ret_go, int *ret_done)
{
	struct hp_err err = HP_ERR_INIT;
	int go[2], done[2];
	struct hp_db *db;
	pid_t pid;
	char c;

	assert_int_equal(pipe(go), 0);
	assert_int_equal(pipe(done), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(go[1]);
		close(done[0]);
		if (read(go[0], &c, 1) != 1)
			_exit(1);
		db = open_file(name, false, false, &err);
		if (!db)
			_exit(1);
		insert(db, "new");
		if (write(done[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	close(go[0]);
	close(done[1]);
	*ret_go = go[1];
	*ret_done = done[0];
	return pid;
}

/*
 * The writer is another process, begun before this one opens the file: within one, libsqlite3
 * shares the locks and the -shm file.
 */
static void reader_beside_a_writer(void **state HP_UNUSED)
{
	static const char *const one[] = {"x", NULL};
	struct hp_err err = HP_ERR_INIT;
	_cleanup_close_ int go = -1, done = -1;
	struct hp_db *db;
	pid_t pid;
	char c;

	make("w.db", one);
	pid = start_writer("w.db", &go, &done);
	db = open_file("w.db", false, true, &err);
	assert_non_null(db);
	assert_int_equal(count(db), 1);
	assert_int_equal(write(go, "", 1), 1);
	assert_int_equal(read(done, &c, 1), 1);
	/* one state from its opening on */
	assert_int_equal(count(db), 1);
	hp_db_close(db);
	db = open_file("w.db", false, true, &err);
	assert_non_null(db);
	assert_int_equal(count(db), 2);
	hp_db_close(db);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	/* what it wrote is in the log still, and the index of it is nobody's */
	db = open_file("w.db", false, true, &err);
	assert_non_null(db);
	assert_int_equal(count(db), 2);
	hp_db_close(db);
}

static int add_tenant(struct hp_db *db, void *arg, struct hp_err *err)
{
	struct hp_db *other = arg;
	struct hp_err busy = HP_ERR_INIT;

	/* Another writer waits its busy timeout, and then is told so. */
	assert_int_equal(other->d->begin(other->conn, &busy), HP_E_BUSY);
	return hp_db_exec(db, "INSERT INTO tenants (name, subdomain) VALUES ('a', 'a')", err);
}

static void two_writers(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	_cleanup_db_ struct hp_db *a = open_file("a.db", false, false, &err);
	_cleanup_db_ struct hp_db *b = open_file("a.db", false, false, &err);

	assert_non_null(a);
	assert_non_null(b);
	assert_int_equal(hp_db_tx(a, add_tenant, b, &err), 0);
	assert_int_equal(hp_db_exec(b, "UPDATE tenants SET name = 'b'", &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(url_good),
		cmocka_unit_test(url_bad),
		cmocka_unit_test(missing_file),
		cmocka_unit_test(create),
		cmocka_unit_test(not_a_database),
		cmocka_unit_test(read_only),
		cmocka_unit_test(reader_leaves_the_files_alone),
		cmocka_unit_test(reader_beside_a_writer),
		cmocka_unit_test(two_writers),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
