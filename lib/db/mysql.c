/*
 * The driver for MySQL and MariaDB. Owner of <mysql.h> (MariaDB Connector/C, which speaks to both).
 *
 * Which of the two the server is, it says itself. Values travel in the binary protocol; results are
 * held whole and read as text.
 */
#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>
#include "base/str.h"
#include "db/driver.h"

#define OLDEST_MYSQL 80000
#define OLDEST_MARIADB 100600
#define READ_TIMEOUT_S 300
#define CA_LIST "/etc/ssl/certs/ca-certificates.crt"
/* MySQL 8 and later MariaDB versions, which the client's own header may not know. */
#define ER_CHECK_CONSTRAINT 3819
#define ER_KILLED 1927

struct hp_dconn {
	MYSQL *my;
	enum hp_db_fault fault;
	enum hp_engine engine;
	int64_t last_id;
	bool in_tx, read_only;
};

struct column {
	char *s;
	unsigned long size, length;
	my_bool null;
	char time[21];
};

struct hp_dstmt {
	struct hp_dconn *c;
	MYSQL_STMT *st;
	const unsigned char *order;
	unsigned norder, ncolumns;
	MYSQL_BIND *params, *binds;
	signed char *bools;
	MYSQL_RES *meta;
	MYSQL_FIELD *fields;
	struct column *columns;
};

static void *allocate(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	if (!p)
		hp_die(HP_E_OS, "out of memory");
	return p;
}

/* ---- errors ---- */

static const struct {
	unsigned number;
	enum hp_db_fault fault;
	int code;
} errors[] = {
	{ER_LOCK_DEADLOCK, HP_DB_FAULT_RETRY, HP_E_BUSY},
	{ER_CHECKREAD, HP_DB_FAULT_RETRY, HP_E_BUSY}, /* MariaDB's innodb_snapshot_isolation */
	{ER_LOCK_WAIT_TIMEOUT, HP_DB_FAULT_NONE, HP_E_BUSY},
	{ER_CON_COUNT_ERROR, HP_DB_FAULT_NONE, HP_E_BUSY},
	{ER_TOO_MANY_USER_CONNECTIONS, HP_DB_FAULT_NONE, HP_E_BUSY},
	{ER_USER_LIMIT_REACHED, HP_DB_FAULT_NONE, HP_E_BUSY},
	{ER_SERVER_SHUTDOWN, HP_DB_FAULT_LOST, HP_E_BUSY},
	{ER_KILLED, HP_DB_FAULT_LOST, HP_E_BUSY},
	{CR_SERVER_GONE_ERROR, HP_DB_FAULT_LOST, HP_E_BUSY},
	{CR_SERVER_LOST, HP_DB_FAULT_LOST, HP_E_BUSY},
	{CR_SERVER_LOST_EXTENDED, HP_DB_FAULT_LOST, HP_E_BUSY},
	{CR_CONNECTION_ERROR, HP_DB_FAULT_LOST, HP_E_BUSY},
	{CR_CONN_HOST_ERROR, HP_DB_FAULT_LOST, HP_E_BUSY},
	{CR_UNKNOWN_HOST, HP_DB_FAULT_LOST, HP_E_BUSY},
	{CR_SSL_CONNECTION_ERROR, HP_DB_FAULT_NONE, HP_E_CONF},
	{ER_ACCESS_DENIED_ERROR, HP_DB_FAULT_NONE, HP_E_CONF},
	{ER_DBACCESS_DENIED_ERROR, HP_DB_FAULT_NONE, HP_E_CONF},
	{ER_BAD_DB_ERROR, HP_DB_FAULT_NONE, HP_E_CONF},
	{ER_TABLEACCESS_DENIED_ERROR, HP_DB_FAULT_NONE, HP_E_CONF},
	{ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, HP_DB_FAULT_NONE, HP_E_DENIED},
	{ER_OPTION_PREVENTS_STATEMENT, HP_DB_FAULT_NONE, HP_E_DENIED},
	{ER_DUP_ENTRY, HP_DB_FAULT_NONE, HP_E_EXISTS},
	{ER_DUP_ENTRY_WITH_KEY_NAME, HP_DB_FAULT_NONE, HP_E_EXISTS},
	{ER_NO_REFERENCED_ROW, HP_DB_FAULT_NONE, HP_E_EXISTS},
	{ER_NO_REFERENCED_ROW_2, HP_DB_FAULT_NONE, HP_E_EXISTS},
	{ER_ROW_IS_REFERENCED, HP_DB_FAULT_NONE, HP_E_EXISTS},
	{ER_ROW_IS_REFERENCED_2, HP_DB_FAULT_NONE, HP_E_EXISTS},
	{ER_NO_SUCH_TABLE, HP_DB_FAULT_NO_TABLE, HP_E_DB},
	{ER_TABLE_EXISTS_ERROR, HP_DB_FAULT_ALREADY, HP_E_DB},
	{ER_DUP_FIELDNAME, HP_DB_FAULT_ALREADY, HP_E_DB},
	{ER_DUP_KEYNAME, HP_DB_FAULT_ALREADY, HP_E_DB},
	{ER_CANT_DROP_FIELD_OR_KEY, HP_DB_FAULT_ALREADY, HP_E_DB},
	{ER_TRG_ALREADY_EXISTS, HP_DB_FAULT_ALREADY, HP_E_DB},
	{ER_BINLOG_CREATE_ROUTINE_NEED_SUPER, HP_DB_FAULT_NO_TRIGGERS, HP_E_CONF},
};

static int fail_with(struct hp_dconn *c, unsigned number, const char *msg, struct hp_err *err)
{
	size_t i;
	int code = HP_E_DB;

	c->fault = HP_DB_FAULT_NONE;
	for (i = 0; i < HP_ARRAY_SIZE(errors); i++)
		if (errors[i].number == number) {
			c->fault = errors[i].fault;
			code = errors[i].code;
		}
	if (c->fault == HP_DB_FAULT_LOST) {
		hp_err_set(err, code, "the connection to the database is lost: %s", msg);
		return hp_err_hint(err, "is the database server running? try again");
	}
	return hp_err_set(
		err, code, "%s: %s", code == HP_E_BUSY ? "the database is busy" : "database", msg);
}

static int fail(struct hp_dconn *c, struct hp_err *err)
{
	return fail_with(c, mysql_errno(c->my), mysql_error(c->my), err);
}

static int fail_stmt(struct hp_dstmt *st, struct hp_err *err)
{
	return fail_with(st->c, mysql_stmt_errno(st->st), mysql_stmt_error(st->st), err);
}

/* ---- connection ---- */

static void close_conn(struct hp_dconn *c)
{
	mysql_close(c->my);
	free(c);
}

static void tls_options(MYSQL *my, const struct hp_db_url *u, enum hp_sslmode mode)
{
	my_bool on = 1, off = 0;

	mysql_optionsv(my, MYSQL_OPT_SSL_ENFORCE, mode == HP_SSL_DISABLE ? &off : &on);
	mysql_optionsv(
		my, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, mode == HP_SSL_VERIFY_FULL ? &on : &off);
	if (mode == HP_SSL_DISABLE)
		return;
	/* With a CA given the chain is checked, with VERIFY_SERVER_CERT the host's name too. */
	if (mode == HP_SSL_VERIFY_CA || mode == HP_SSL_VERIFY_FULL)
		mysql_optionsv(my, MYSQL_OPT_SSL_CA, u->sslrootcert ? u->sslrootcert : CA_LIST);
	if (u->sslcert) {
		mysql_optionsv(my, MYSQL_OPT_SSL_CERT, u->sslcert);
		mysql_optionsv(my, MYSQL_OPT_SSL_KEY, u->sslkey);
	}
}

static int try_connect(struct hp_dconn *c, const struct hp_dopts *o, enum hp_sslmode mode)
{
	const struct hp_db_url *u = o->url;
	unsigned seconds = (o->connect_timeout_ms + 999) / 1000, rw = READ_TIMEOUT_S, no = 0;
	bool local = u->socket || !u->host;
	/* A host means TCP, "localhost" too, as with libpq. */
	unsigned protocol = local ? MYSQL_PROTOCOL_SOCKET : MYSQL_PROTOCOL_TCP;

	c->my = mysql_init(NULL);
	if (!c->my)
		hp_die(HP_E_OS, "out of memory");
	mysql_optionsv(c->my, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
	mysql_optionsv(c->my, MYSQL_OPT_PROTOCOL, &protocol);
	mysql_optionsv(c->my, MYSQL_OPT_READ_TIMEOUT, &rw);
	mysql_optionsv(c->my, MYSQL_OPT_WRITE_TIMEOUT, &rw);
	mysql_optionsv(c->my, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	/* A server may not ask for files of this machine, nor for the password in clear. */
	mysql_optionsv(c->my, MYSQL_OPT_LOCAL_INFILE, &no);
	mysql_optionsv(c->my, MARIADB_OPT_RESTRICTED_AUTH,
		"mysql_native_password,caching_sha2_password,sha256_password,client_ed25519");
	tls_options(c->my, u, mode);
	/* FOUND_ROWS: an UPDATE counts the rows that it met, as on the other engines. */
	return mysql_real_connect(c->my, local ? "localhost" : u->host, u->user, u->password,
		       u->database, local ? 0 : u->port, u->socket, CLIENT_FOUND_ROWS)
		? 0
		: -1;
}

static int connect_error(struct hp_dconn *c, const struct hp_db_url *u, struct hp_err *err)
{
	fail(c, err);
	hp_err_set(err, err->code == HP_E_DB ? HP_E_CONF : err->code, "%s: %s", u->safe,
		mysql_error(c->my));
	return err->code == HP_E_BUSY
		? hp_err_hint(err, "is the database server running there?")
		: hp_err_hint(err, "check user, password, database and sslmode of the URL");
}

static int check_server(struct hp_dconn *c, const struct hp_db_url *u, struct hp_err *err)
{
	const char *v = mysql_get_server_info(c->my);
	bool mariadb = strstr(v, "MariaDB") != NULL;

	c->engine = mariadb ? HP_ENGINE_MARIADB : HP_ENGINE_MYSQL;
	if (mysql_get_server_version(c->my) >= (mariadb ? OLDEST_MARIADB : OLDEST_MYSQL))
		return 0;
	hp_err_set(err, HP_E_CONF, "%s: the server is %s %s", u->safe,
		mariadb ? "MariaDB" : "MySQL", v);
	return hp_err_hint(
		err, mariadb ? "MariaDB 10.6 or newer is needed" : "MySQL 8.0 or newer is needed");
}

static int exec(struct hp_dconn *c, const char *sql, struct hp_err *err)
{
	MYSQL_RES *res;

	if (mysql_real_query(c->my, sql, strlen(sql)))
		return fail(c, err);
	res = mysql_store_result(c->my);
	if (res)
		mysql_free_result(res);
	else if (mysql_errno(c->my))
		return fail(c, err);
	return 0;
}

/* One statement: UTC, strict, standard quoting, and how long to wait for a row's lock. */
static int configure(struct hp_dconn *c, const struct hp_dopts *o, struct hp_err *err)
{
	bool maria = c->engine == HP_ENGINE_MARIADB;
	char sql[600];

	snprintf(sql, sizeof(sql),
		"SET time_zone = '+00:00', innodb_lock_wait_timeout = %u, lock_wait_timeout = %u, "
		"%s = 'REPEATABLE-READ', %s = %d, "
		"sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES,"
		"ONLY_FULL_GROUP_BY,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
		"NO_ENGINE_SUBSTITUTION'",
		(o->busy_timeout_ms + 999) / 1000, (o->busy_timeout_ms + 999) / 1000,
		maria ? "tx_isolation" : "transaction_isolation",
		maria ? "tx_read_only" : "transaction_read_only", o->read_only ? 1 : 0);
	return exec(c, sql, err);
}

static int connect_server(const struct hp_dopts *o, struct hp_dconn **ret, struct hp_err *err)
{
	const struct hp_db_url *u = o->url;
	struct hp_dconn *c = allocate(1, sizeof(*c));
	bool local = u->socket || !u->host;
	enum hp_sslmode mode = u->sslmode;
	int r;

	/* As libpq does: over a socket of this machine "prefer" means none. */
	if (mode == HP_SSL_PREFER && local)
		mode = HP_SSL_DISABLE;
	c->read_only = o->read_only;
	r = try_connect(c, o, mode);
	if (r < 0 && mode == HP_SSL_PREFER && mysql_errno(c->my) == CR_SSL_CONNECTION_ERROR) {
		mysql_close(c->my);
		r = try_connect(c, o, HP_SSL_DISABLE);
	}
	if (r < 0) {
		r = connect_error(c, u, err);
	} else {
		r = check_server(c, u, err);
		if (r == 0)
			r = configure(c, o, err);
	}
	if (r < 0) {
		close_conn(c);
		return r;
	}
	*ret = c;
	return 0;
}

static enum hp_engine engine(const struct hp_dconn *c)
{
	return c->engine;
}

static const char *version(const struct hp_dconn *c)
{
	return mysql_get_server_info(c->my);
}

static enum hp_db_fault fault(const struct hp_dconn *c)
{
	return c->fault;
}

/* In whole seconds: it knows no less. */
static int patience(struct hp_dconn *c, unsigned ms, struct hp_err *err)
{
	unsigned s = (ms + 999) / 1000;
	char sql[80];

	snprintf(sql, sizeof(sql), "SET innodb_lock_wait_timeout = %u, lock_wait_timeout = %u", s,
		s);
	return exec(c, sql, err);
}

static int begin(struct hp_dconn *c, struct hp_err *err)
{
	int r = exec(c, c->read_only ? "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"
				     : "START TRANSACTION", err);

	c->in_tx = r == 0;
	return r;
}

static int commit(struct hp_dconn *c, struct hp_err *err)
{
	int r = exec(c, "COMMIT", err);

	if (r == 0)
		c->in_tx = false;
	return r;
}

static void rollback(struct hp_dconn *c)
{
	struct hp_err ignored = HP_ERR_INIT;
	enum hp_db_fault kept = c->fault;

	if (c->in_tx && kept != HP_DB_FAULT_LOST)
		exec(c, "ROLLBACK", &ignored);
	c->in_tx = false;
	c->fault = kept;
}

static int last_id(struct hp_dconn *c, int64_t *ret, struct hp_err *err HP_UNUSED)
{
	*ret = c->last_id;
	return 0;
}

/* ---- statements ---- */

static void release(struct hp_dstmt *st)
{
	if (st->meta)
		mysql_free_result(st->meta);
	mysql_stmt_close(st->st);
	for (unsigned i = 0; i < st->ncolumns; i++)
		free(st->columns[i].s);
	free(st->columns);
	free(st->binds);
	free(st->params);
	free(st->bools);
	free(st);
}

static int prepare(struct hp_dconn *c, const char *sql, unsigned nparams HP_UNUSED,
	const unsigned char *order, unsigned norder, struct hp_dstmt **ret, struct hp_err *err)
{
	my_bool on = 1;
	struct hp_dstmt *st = allocate(1, sizeof(*st));

	st->c = c;
	st->order = order;
	st->norder = norder;
	st->params = allocate(norder, sizeof(*st->params));
	st->bools = allocate(norder, sizeof(*st->bools));
	st->st = mysql_stmt_init(c->my);
	if (!st->st)
		hp_die(HP_E_OS, "out of memory");
	if (mysql_stmt_prepare(st->st, sql, strlen(sql))) {
		fail_stmt(st, err);
		release(st);
		return err->code;
	}
	HP_BUG_ON(mysql_stmt_param_count(st->st) != norder);
	mysql_stmt_attr_set(st->st, STMT_ATTR_UPDATE_MAX_LENGTH, &on);
	*ret = st;
	return 0;
}

static void reset(struct hp_dstmt *st)
{
	mysql_stmt_free_result(st->st);
}

static void bind_param(struct hp_dstmt *st, unsigned i, const struct hp_value *v)
{
	MYSQL_BIND *b = &st->params[i];

	memset(b, 0, sizeof(*b));
	switch (v->type) {
	case HP_V_TEXT:
		b->buffer_type = MYSQL_TYPE_STRING;
		b->buffer = (void *)(uintptr_t)v->s;
		b->buffer_length = v->len;
		break;
	case HP_V_I64:
		b->buffer_type = MYSQL_TYPE_LONGLONG;
		b->buffer = (void *)(uintptr_t)&v->i;
		break;
	case HP_V_BOOL:
		st->bools[i] = v->i ? 1 : 0;
		b->buffer_type = MYSQL_TYPE_TINY;
		b->buffer = &st->bools[i];
		break;
	default:
		b->buffer_type = MYSQL_TYPE_NULL;
	}
}

/* Room for the widest value of each column of this result. */
static int bind_columns(struct hp_dstmt *st, struct hp_err *err)
{
	if (st->meta)
		mysql_free_result(st->meta);
	st->meta = mysql_stmt_result_metadata(st->st);
	if (!st->meta)
		return fail_stmt(st, err);
	if (!st->columns) {
		st->ncolumns = mysql_num_fields(st->meta);
		st->columns = allocate(st->ncolumns, sizeof(*st->columns));
		st->binds = allocate(st->ncolumns, sizeof(*st->binds));
	}
	st->fields = mysql_fetch_fields(st->meta);
	for (unsigned i = 0; i < st->ncolumns; i++) {
		struct column *c = &st->columns[i];
		unsigned long need =
			st->fields[i].max_length < 63 ? 64 : st->fields[i].max_length + 1;

		if (need > c->size) {
			free(c->s);
			c->s = allocate(need, 1);
			c->size = need;
		}
		st->binds[i] = (MYSQL_BIND){
			.buffer_type = MYSQL_TYPE_STRING,
			.buffer = c->s,
			.buffer_length = c->size,
			.length = &c->length,
			.is_null = &c->null,
		};
	}
	return mysql_stmt_bind_result(st->st, st->binds) ? fail_stmt(st, err) : 0;
}

static int run(struct hp_dstmt *st, const struct hp_value *v, int64_t *ret_changed,
	struct hp_err *err)
{
	for (unsigned i = 0; i < st->norder; i++)
		bind_param(st, i, &v[st->order[i]]);
	if (st->norder && mysql_stmt_bind_param(st->st, st->params))
		return fail_stmt(st, err);
	if (mysql_stmt_execute(st->st))
		return fail_stmt(st, err);
	if (!mysql_stmt_field_count(st->st)) {
		*ret_changed = (int64_t)mysql_stmt_affected_rows(st->st);
		if (mysql_stmt_insert_id(st->st))
			st->c->last_id = (int64_t)mysql_stmt_insert_id(st->st);
		return 0;
	}
	if (mysql_stmt_store_result(st->st))
		return fail_stmt(st, err);
	*ret_changed = 0;
	return bind_columns(st, err);
}

static int next(struct hp_dstmt *st, struct hp_err *err)
{
	if (!mysql_stmt_field_count(st->st))
		return 0;
	switch (mysql_stmt_fetch(st->st)) {
	case 0:
		break;
	case MYSQL_NO_DATA:
		return 0;
	case MYSQL_DATA_TRUNCATED:
		hp_die(HP_E_BUG, "bug: a column is wider than its result said");
	default:
		return fail_stmt(st, err);
	}
	for (unsigned i = 0; i < st->ncolumns; i++)
		st->columns[i].s[st->columns[i].null ? 0 : st->columns[i].length] = '\0';
	return 1;
}

static unsigned columns(const struct hp_dstmt *st)
{
	return st->ncolumns;
}

static const char *column_name(const struct hp_dstmt *st, unsigned i)
{
	return st->fields[i].name;
}

static const char *text(struct hp_dstmt *st, unsigned i)
{
	struct column *c = &st->columns[i];

	if (c->null)
		return NULL;
	switch (st->fields[i].type) {
	case MYSQL_TYPE_TINY: /* BOOLEAN is TINYINT(1) */
		return st->fields[i].length == 1 ? (strcmp(c->s, "0") == 0 ? "false" : "true")
						 : c->s;
	case MYSQL_TYPE_TIMESTAMP:
	case MYSQL_TYPE_DATETIME:
		return hp_driver_time(c->s, c->time);
	default:
		return c->s;
	}
}

static int64_t i64(struct hp_dstmt *st, unsigned i)
{
	return st->columns[i].null ? 0 : strtoll(st->columns[i].s, NULL, 10);
}

const struct hp_db_driver hp_db_driver = {
	.abi = HP_DB_DRIVER_ABI,
	.connect = connect_server,
	.close = close_conn,
	.engine = engine,
	.version = version,
	.fault = fault,
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
