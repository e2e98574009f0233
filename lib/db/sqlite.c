/*
 * The SQLite driver. Owner of <sqlite3.h>.
 *
 * A read-only handle is one transaction from its opening to its end: all its statements see the
 * same state, and the files are locked and looked at once. Rows are streamed. Times and booleans
 * are told by the column's declared type.
 */
#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"
#include "db/driver.h"
#include "db/sqlite_wait.h"

#define LOOKS 20 /* at a head that seems broken */

struct hp_dconn {
	sqlite3 *db;
	enum hp_db_fault fault;
	bool read_only;
	bool needs_shm; /* reading could not begin without writing the -shm file */
	struct hp_sqlite_wait wait;
};

enum column_kind { KIND_UNKNOWN, KIND_PLAIN, KIND_BOOL, KIND_TIME };

struct hp_dstmt {
	struct hp_dconn *c;
	sqlite3_stmt *st;
	unsigned nparams, ncolumns;
	bool ready; /* the first step is taken and its row not handed out yet */
	int first;
	char *kind;          /* of each column, found when first asked for */
	char (*times)[21];   /* room for a column's time as text */
};

static const char *file_of(const struct hp_dconn *c)
{
	const char *file = sqlite3_db_filename(c->db, "main");

	return file && *file ? file : "database";
}

static int fail(struct hp_dconn *c, struct hp_err *err)
{
	int code = sqlite3_extended_errcode(c->db);
	const char *msg = sqlite3_errmsg(c->db);

	c->fault = HP_DB_FAULT_NONE;
	switch (code) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return hp_err_set(err, HP_E_EXISTS, "database: %s", msg);
	case SQLITE_BUSY_SNAPSHOT:
		c->fault = HP_DB_FAULT_RETRY;
		break;
	}
	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		hp_err_set(err, HP_E_BUSY, "the database is busy: %s", msg);
		return hp_err_hint(err, "another program is writing; try again");
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return hp_err_set(err, HP_E_DENIED, "the database may not be written: %s", msg);
	case SQLITE_CANTOPEN:
		if (code == SQLITE_CANTOPEN_SYMLINK) {
			hp_err_set(err, HP_E_DENIED, "the database is a symbolic link");
			return hp_err_hint(err,
				"it is not followed where others than the folder's owner could "
				"have put it");
		}
		hp_err_set(err, HP_E_DENIED, "the database does not open: %s", msg);
		return hp_err_hint(err,
			"who may not write its folder can read it while its -wal and -shm "
			"files are there");
	case SQLITE_FULL:
		hp_err_set(err, HP_E_OS, "%s: %s", file_of(c), msg);
		return hp_err_hint(err,
			"nothing was changed: make room where it is (df), and try again");
	case SQLITE_IOERR:
		return hp_err_set(err, HP_E_OS, "%s: %s", file_of(c), msg);
	case SQLITE_CORRUPT:
		hp_err_set(err, HP_E_DB, "%s: %s", file_of(c), msg);
		return hp_err_hint(err,
			"put a copy from a backup in its place; what can be read still, "
			"sqlite3 FILE .recover prints");
	case SQLITE_NOTADB:
		return hp_err_set(err, HP_E_CONF, "the database's file is not an SQLite database");
	case SQLITE_ERROR:
		if (hp_str_starts(msg, "no such table:"))
			c->fault = HP_DB_FAULT_NO_TABLE;
		else if (hp_str_ends(msg, " already exists"))
			c->fault = HP_DB_FAULT_ALREADY;
		break;
	}
	return hp_err_set(err, HP_E_DB, "database: %s", msg);
}

/*
 * The file itself, with its mode set before there is anything in it, whatever the umask: SQLite
 * gives the same to -wal and -shm. Root makes it for the owner and the group of the folder, and
 * whom the folder lets make and remove files may write it.
 */
static int create_file(const char *path, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	const char *dir = hp_path_dir(pool, path);
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	r = hp_mkdirs(dir, 0750, err);
	if (r < 0)
		return r;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return errno == EEXIST ? 0 : hp_err_errno(err, HP_E_OS, errno, "%s", path);
	if (stat(dir, &st) < 0 ||
		(geteuid() == 0 && fchown(fd, st.st_uid, st.st_gid) < 0) ||
		fchmod(fd, st.st_mode & S_IWGRP ? 0660 : 0640) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s", path);
	return 0;
}

/*
 * What to open without following links (SQLite then wants none in the whole path). In a folder that
 * its owner alone can write, he being root or us, a link is as good as the file; anywhere else
 * whoever may write there could lead root astray by one, so that the last part is taken as it is.
 */
static const char *real_path(struct hp_pool *pool, const char *path)
{
	char *dir = realpath(hp_path_dir(pool, path), NULL), *file = NULL;
	const char *ret = path;
	struct stat st;

	if (dir && stat(dir, &st) == 0) {
		if (!(st.st_mode & (S_IWGRP | S_IWOTH)) &&
			(st.st_uid == 0 || st.st_uid == geteuid()))
			file = realpath(path, NULL);
		ret = file ? hp_pstrdup(pool, file)
			   : hp_pprintf(pool, "%s%s", dir[1] ? dir : "", strrchr(path, '/'));
	}
	free(file);
	free(dir);
	return ret;
}

static int open_error(const char *path, bool write, struct hp_err *err)
{
	if (access(path, F_OK) < 0 && errno == ENOENT) {
		hp_err_set(err, HP_E_CONF, "%s: there is no database yet", path);
		return hp_err_hint(err, "run hp-db init");
	}
	if (access(path, write ? R_OK | W_OK : R_OK) == 0)
		return 0;
	hp_err_errno(err, errno == EACCES || errno == EROFS ? HP_E_DENIED : HP_E_OS, errno, "%s",
		path);
	if (err->code == HP_E_DENIED && geteuid() != 0)
		hp_err_hint(err, "run this as root, or as the user that owns the folder");
	return err->code;
}

static int exec(struct hp_dconn *c, const char *sql, struct hp_err *err)
{
	return sqlite3_exec(c->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : fail(c, err);
}

static int patience(struct hp_dconn *c, unsigned ms, struct hp_err *err HP_UNUSED)
{
	c->wait.patience_ms = ms;
	return 0;
}

/*
 * BEGIN alone reads nothing; what is read first fixes what all that follows sees. A handle that
 * leaves the -shm file alone and looks at it while somebody writes its head takes it for broken
 * if he has finished when it asks whether he is there: then it is looked at again.
 */
static int begin_reading(struct hp_dconn *c, struct hp_err *err)
{
	unsigned try = 0;
	int code, r;

	while ((r = exec(c, "BEGIN; PRAGMA schema_version", err)) < 0 &&
		sqlite3_errcode(c->db) == SQLITE_READONLY_RECOVERY && try++ < LOOKS) {
		sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
		hp_err_clear(err);
		usleep(500);
	}
	code = sqlite3_errcode(c->db) & 0xff;
	c->needs_shm = r < 0 && (code == SQLITE_CANTOPEN || code == SQLITE_READONLY);
	return r;
}

/*
 * Where two make the file at once, the log is wished for with a lock that is held already, and
 * SQLite then says busy without waiting, since waiting could be for ever.
 */
static int use_wal(struct hp_dconn *c, struct hp_err *err)
{
	uint64_t until = hp_now_us() + (uint64_t)c->wait.patience_ms * 1000;

	while (exec(c, "PRAGMA journal_mode=WAL", err) < 0) {
		if ((sqlite3_errcode(c->db) & 0xff) != SQLITE_BUSY || hp_now_us() >= until)
			return err->code;
		hp_err_clear(err);
		sqlite3_sleep(5);
	}
	return 0;
}

static int configure(struct hp_dconn *c, const struct hp_dopts *o, struct hp_err *err)
{
	int on = 1;

	sqlite3_extended_result_codes(c->db, 1);
	sqlite3_busy_handler(c->db, hp_sqlite_wait_busy, &c->wait);
	sqlite3_db_config(c->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, (int *)NULL);
	sqlite3_db_config(c->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
	sqlite3_db_config(c->db, SQLITE_DBCONFIG_DQS_DML, 0, (int *)NULL);
	sqlite3_db_config(c->db, SQLITE_DBCONFIG_DQS_DDL, 0, (int *)NULL);
	if (o->read_only)
		return begin_reading(c, err);
	/*
	 * The write-ahead log stays when the last writer closes: one who may only read the files
	 * could not make it again, and could not read the database.
	 */
	sqlite3_file_control(c->db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
	if (use_wal(c, err) < 0)
		return err->code;
	hp_sqlite_wait_queue_at(&c->wait, o->path);
	/* Emptied then, for who opens it next reads it from end to end. */
	return exec(c, "PRAGMA synchronous=FULL; PRAGMA journal_size_limit=0;", err);
}

static void close_conn(struct hp_dconn *c)
{
	sqlite3_close(c->db);
	hp_sqlite_wait_release(&c->wait);
	free(c);
}

static int open_file(const char *name, int flags, const struct hp_dopts *o, struct hp_dconn **ret,
	struct hp_err *err)
{
	struct hp_dconn *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		hp_die(HP_E_OS, "out of memory");
	c->read_only = o->read_only;
	hp_sqlite_wait_init(&c->wait, o->busy_timeout_ms);
	r = sqlite3_open_v2(
		name, &c->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
	if (!c->db)
		hp_die(HP_E_OS, "out of memory");
	if (r != SQLITE_OK) {
		r = open_error(o->path, !o->read_only, err);
		if (r == 0)
			r = fail(c, err);
	} else if (!o->read_only && sqlite3_db_readonly(c->db, "main") == 1) {
		r = hp_err_set(err, HP_E_DENIED, "%s: you may not write it", o->path);
	} else {
		r = configure(c, o, err);
		if (r < 0)
			hp_err_prefix(err, "%s", o->path);
	}
	*ret = c;
	return r;
}

/* file:PATH?readonly_shm=1 */
static const char *reader_uri(struct hp_pool *pool, const char *path)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;

	hp_buf_adds(&b, "file:");
	for (; *path; path++) {
		if (*path == '%' || *path == '?' || *path == '#')
			hp_buf_addf(&b, "%%%02x", (unsigned char)*path);
		else
			hp_buf_addc(&b, *path);
	}
	hp_buf_adds(&b, "?readonly_shm=1");
	return hp_pstrdup(pool, hp_buf_str(&b));
}

/*
 * The index of the write-ahead log (-shm) is made anew by the first who comes, which costs a reader
 * more than all its queries when nobody else is there. Opened for reading only, it is left alone:
 * libsqlite3 then keeps what it needs of it in memory, under the same locks. Where the file is not
 * there, or those who use it have not made it ready for such a reader, it is opened as usual.
 */
static int connect_reader(const struct hp_dopts *o, struct hp_dconn **ret, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	const char *path = real_path(pool, o->path);
	int r = open_file(
		reader_uri(pool, path), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, o, ret, err);

	if (r >= 0 || !(*ret)->needs_shm)
		return r;
	hp_err_clear(err);
	close_conn(*ret);
	return open_file(path, SQLITE_OPEN_READONLY, o, ret, err);
}

static int connect_file(const struct hp_dopts *o, struct hp_dconn **ret, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_dconn *c;
	int r;

	if (o->create && !o->read_only) {
		r = create_file(o->path, err);
		if (r < 0)
			return r;
	}
	/* Handles belong to one thread (base/pool.h), so mutexes and counters only cost. */
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	r = o->read_only ? connect_reader(o, &c, err)
			 : open_file(real_path(pool, o->path), SQLITE_OPEN_READWRITE, o, &c, err);
	if (r < 0) {
		close_conn(c);
		return r;
	}
	*ret = c;
	return 0;
}

static enum hp_engine engine(const struct hp_dconn *c HP_UNUSED)
{
	return HP_ENGINE_SQLITE;
}

static const char *version(const struct hp_dconn *c HP_UNUSED)
{
	return sqlite3_libversion();
}

static enum hp_db_fault fault(const struct hp_dconn *c)
{
	return c->fault;
}

/* A writer takes its lock at once: taken later, it could fail because another has written since. */
static int begin(struct hp_dconn *c, struct hp_err *err)
{
	int r;

	if (c->read_only)
		return 0;
	hp_sqlite_wait_turn(&c->wait);
	r = exec(c, "BEGIN IMMEDIATE", err);
	hp_sqlite_wait_over(&c->wait);
	return r;
}

static bool moved(struct hp_dconn *c)
{
	int is = 0;

	sqlite3_file_control(c->db, "main", SQLITE_FCNTL_HAS_MOVED, &is);
	return is;
}

/* SQLite itself would write on into a file that has no name any more, and call that a success. */
static int check_file(struct hp_dconn *c, struct hp_err *err)
{
	if (!moved(c))
		return 0;
	c->fault = HP_DB_FAULT_NONE;
	hp_err_set(err, HP_E_DB, "the database's file was removed or replaced meanwhile");
	return hp_err_hint(err, "nothing was recorded: put the file back, or look who did that");
}

static int commit(struct hp_dconn *c, struct hp_err *err)
{
	if (c->read_only)
		return 0;
	return check_file(c, err) < 0 ? err->code : exec(c, "COMMIT", err);
}

static void rollback(struct hp_dconn *c)
{
	/* Some errors have rolled back already. */
	if (!c->read_only && !sqlite3_get_autocommit(c->db))
		sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
}

static int last_id(struct hp_dconn *c, int64_t *ret, struct hp_err *err HP_UNUSED)
{
	*ret = sqlite3_last_insert_rowid(c->db);
	return 0;
}

static int prepare(struct hp_dconn *c, const char *sql, unsigned nparams,
	const unsigned char *order HP_UNUSED, unsigned norder HP_UNUSED, struct hp_dstmt **ret,
	struct hp_err *err)
{
	struct hp_dstmt *st;
	sqlite3_stmt *s;

	if (sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) != SQLITE_OK)
		return fail(c, err);
	st = calloc(1, sizeof(*st));
	if (!st)
		hp_die(HP_E_OS, "out of memory");
	st->c = c;
	st->st = s;
	st->nparams = nparams;
	st->ncolumns = (unsigned)sqlite3_column_count(s);
	st->kind = calloc(st->ncolumns + 1, sizeof(*st->kind));
	st->times = calloc(st->ncolumns + 1, sizeof(*st->times));
	if (!st->kind || !st->times)
		hp_die(HP_E_OS, "out of memory");
	*ret = st;
	return 0;
}

static int step(struct hp_dstmt *st, struct hp_err *err)
{
	int r = sqlite3_step(st->st);

	if (r == SQLITE_ROW)
		return 1;
	return r == SQLITE_DONE ? 0 : fail(st->c, err);
}

static int run(struct hp_dstmt *st, const struct hp_value *v, int64_t *ret_changed,
	struct hp_err *err)
{
	int r = SQLITE_OK, before;

	for (unsigned i = 0; i < st->nparams && r == SQLITE_OK; i++)
		switch (v[i].type) {
		case HP_V_TEXT:
			r = sqlite3_bind_text64(st->st, (int)i + 1, v[i].s, v[i].len, SQLITE_STATIC,
				SQLITE_UTF8);
			break;
		case HP_V_I64:
		case HP_V_BOOL:
			r = sqlite3_bind_int64(st->st, (int)i + 1, v[i].i);
			break;
		default:
			r = sqlite3_bind_null(st->st, (int)i + 1);
		}
	if (r != SQLITE_OK)
		return fail(st->c, err);
	before = sqlite3_total_changes(st->c->db);
	st->first = step(st, err);
	if (st->first < 0)
		return st->first;
	st->ready = true;
	/* sqlite3_changes() keeps its value over statements that change nothing. */
	*ret_changed = sqlite3_total_changes(st->c->db) != before ? sqlite3_changes(st->c->db) : 0;
	return 0;
}

static int next(struct hp_dstmt *st, struct hp_err *err)
{
	if (st->ready) {
		st->ready = false;
		return st->first;
	}
	/* After its end, a step would run the statement again. */
	if (st->first == 0)
		return 0;
	st->first = step(st, err);
	return st->first;
}

static unsigned columns(const struct hp_dstmt *st)
{
	return st->ncolumns;
}

static const char *column_name(const struct hp_dstmt *st, unsigned i)
{
	return sqlite3_column_name(st->st, (int)i);
}

static enum column_kind column_kind(struct hp_dstmt *st, unsigned i)
{
	if (st->kind[i] == KIND_UNKNOWN) {
		const char *type = sqlite3_column_decltype(st->st, (int)i);

		st->kind[i] = KIND_PLAIN;
		if (hp_streq(type, "BOOLEAN"))
			st->kind[i] = KIND_BOOL;
		else if (hp_streq(type, "TIMESTAMP"))
			st->kind[i] = KIND_TIME;
	}
	return (enum column_kind)st->kind[i];
}

static const char *text(struct hp_dstmt *st, unsigned i)
{
	const char *s = (const char *)sqlite3_column_text(st->st, (int)i);

	if (!s)
		return NULL;
	switch (column_kind(st, i)) {
	case KIND_BOOL:
		return sqlite3_column_int64(st->st, (int)i) ? "true" : "false";
	case KIND_TIME:
		return hp_driver_time(s, st->times[i]);
	default:
		return s;
	}
}

static int64_t i64(struct hp_dstmt *st, unsigned i)
{
	return sqlite3_column_int64(st->st, (int)i);
}

static void reset(struct hp_dstmt *st)
{
	sqlite3_reset(st->st);
	sqlite3_clear_bindings(st->st);
	st->ready = false;
	st->first = 0;
}

static void release(struct hp_dstmt *st)
{
	sqlite3_finalize(st->st);
	free(st->kind);
	free(st->times);
	free(st);
}

const struct hp_db_driver hp_db_driver = {
	.abi = HP_DB_DRIVER_ABI,
	.connect = connect_file,
	.close = close_conn,
	.engine = engine,
	.version = version,
	.fault = fault,
	.moved = moved,
	.exec = exec,
	.patience = patience,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.last_id = last_id,
	.prepare = prepare,
	.run = run,
	.next = next,
	.columns = columns,
	.column_name = column_name,
	.text = text,
	.i64 = i64,
	.reset = reset,
	.release = release,
};
