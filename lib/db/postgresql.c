/*
 * The PostgreSQL driver. Owner of <libpq-fe.h>.
 *
 * Values travel as text; the server finds the parameters' types. A result is held whole, so that
 * statements can be run within the rows of others.
 */
#include <libpq-fe.h>
#include "base/str.h"
#include "db/driver.h"

#define OLDEST 140000
#define CA_LIST "/etc/ssl/certs/ca-certificates.crt"
/* pg_type.h: fixed numbers of built-in types. */
#define OID_BOOL 16
#define OID_TIMESTAMP 1114
#define OID_TIMESTAMPTZ 1184

struct hp_dconn {
	PGconn *pg;
	enum hp_db_fault fault;
	unsigned named; /* statements prepared: their names are numbers */
	bool read_only;
};

struct hp_dstmt {
	struct hp_dconn *c;
	char name[16];
	unsigned nparams;
	const char **values;
	char (*numbers)[24];
	PGresult *res;
	int row, rows;
	char (*times)[21];
};

static void *allocate(size_t n, size_t size)
{
	void *p = calloc(n + 1, size);

	if (!p)
		hp_die(HP_E_OS, "out of memory");
	return p;
}

/* libpq ends its messages with a newline. */
static int say(struct hp_err *err, int code, const char *what, const char *msg)
{
	int n = (int)strlen(msg);

	while (n > 0 && (msg[n - 1] == '\n' || msg[n - 1] == ' '))
		n--;
	for (int i = 0; i < n; i++)
		if (msg[i] == '\n') /* the first line tells it */
			n = i;
	return hp_err_set(err, code, "%s: %.*s", what, n, msg);
}

static int lost(struct hp_dconn *c, struct hp_err *err)
{
	c->fault = HP_DB_FAULT_LOST;
	say(err, HP_E_BUSY, "the connection to the database is lost", PQerrorMessage(c->pg));
	return hp_err_hint(err, "is PostgreSQL running? try again");
}

/* What an error means: SQLSTATE, PostgreSQL's manual, appendix A. res is cleared. */
static int fail(struct hp_dconn *c, PGresult *res, struct hp_err *err)
{
	static const struct {
		const char *state;
		enum hp_db_fault fault;
		int code;
		const char *what;
	} states[] = {
		{"40001", HP_DB_FAULT_RETRY, HP_E_BUSY, "the database is busy"},
		{"40P01", HP_DB_FAULT_RETRY, HP_E_BUSY, "the database is busy"},
		{"55P03", HP_DB_FAULT_NONE, HP_E_BUSY, "the database is busy"},
		{"53300", HP_DB_FAULT_NONE, HP_E_BUSY, "the database is busy"},
		{"57P01", HP_DB_FAULT_LOST, HP_E_BUSY, "the connection to the database is lost"},
		{"57P02", HP_DB_FAULT_LOST, HP_E_BUSY, "the connection to the database is lost"},
		{"57P03", HP_DB_FAULT_LOST, HP_E_BUSY, "the connection to the database is lost"},
		{"23505", HP_DB_FAULT_NONE, HP_E_EXISTS, "database"},
		{"23503", HP_DB_FAULT_NONE, HP_E_EXISTS, "database"},
		{"42P01", HP_DB_FAULT_NO_TABLE, HP_E_DB, "database"},
		{"42P07", HP_DB_FAULT_ALREADY, HP_E_DB, "database"},
		{"42710", HP_DB_FAULT_ALREADY, HP_E_DB, "database"},
		{"42701", HP_DB_FAULT_ALREADY, HP_E_DB, "database"},
		{"42501", HP_DB_FAULT_NONE, HP_E_CONF, "the database does not permit it"},
		{"25006", HP_DB_FAULT_NONE, HP_E_DENIED, "the database may not be written"},
	};
	const char *state = res ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
	const char *msg = res ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	size_t i;

	c->fault = HP_DB_FAULT_NONE;
	if (!state || PQstatus(c->pg) != CONNECTION_OK) {
		PQclear(res);
		if (PQstatus(c->pg) != CONNECTION_OK)
			return lost(c, err);
		return say(err, HP_E_DB, "database", PQerrorMessage(c->pg));
	}
	for (i = 0; i < HP_ARRAY_SIZE(states); i++)
		if (strcmp(state, states[i].state) == 0)
			break;
	if (i < HP_ARRAY_SIZE(states)) {
		c->fault = states[i].fault;
		say(err, states[i].code, states[i].what, msg ? msg : state);
	} else {
		say(err, HP_E_DB, "database", msg ? msg : state);
	}
	PQclear(res);
	return err->code;
}

static int finish(struct hp_dconn *c, PGresult *res, struct hp_err *err)
{
	ExecStatusType s = PQresultStatus(res);

	if (s != PGRES_COMMAND_OK && s != PGRES_TUPLES_OK)
		return fail(c, res, err);
	PQclear(res);
	return 0;
}

/* ---- connection ---- */

static void ignore_notice(void *arg HP_UNUSED, const PGresult *res HP_UNUSED)
{
}

static void close_conn(struct hp_dconn *c)
{
	PQfinish(c->pg);
	free(c);
}

/*
 * libpq has no code for why a connection failed. What the server itself refused begins with its
 * severity; everything else is a server that can't be reached.
 */
static int connect_error(struct hp_dconn *c, const struct hp_db_url *u, struct hp_err *err)
{
	const char *msg = PQerrorMessage(c->pg);
	bool refused = strstr(msg, "FATAL:") != NULL;

	if (strstr(msg, "too many") || strstr(msg, "remaining connection slots") ||
	    strstr(msg, "starting up") || strstr(msg, "shutting down") || strstr(msg, "recovery"))
		refused = false;
	if (strstr(msg, "SSL") || strstr(msg, "certificate") || strstr(msg, "no password supplied"))
		refused = true;
	say(err, refused ? HP_E_CONF : HP_E_BUSY, u->safe, msg);
	c->fault = refused ? HP_DB_FAULT_NONE : HP_DB_FAULT_LOST;
	return refused ? hp_err_hint(err, "check user, password, database and sslmode of the URL")
		       : hp_err_hint(err, "is PostgreSQL running there?");
}

static int check_server(struct hp_dconn *c, const struct hp_db_url *u, struct hp_err *err)
{
	int v = PQserverVersion(c->pg);

	if (v >= OLDEST)
		return 0;
	hp_err_set(err, HP_E_CONF, "%s: the server is PostgreSQL %d.%d", u->safe, v / 10000,
		v % 10000);
	return hp_err_hint(err, "PostgreSQL 14 or newer is needed");
}

static PGconn *dial(const struct hp_dopts *o)
{
	static const char *const sslmodes[] = {
		[HP_SSL_PREFER] = "prefer",
		[HP_SSL_DISABLE] = "disable",
		[HP_SSL_REQUIRE] = "require",
		[HP_SSL_VERIFY_CA] = "verify-ca",
		[HP_SSL_VERIFY_FULL] = "verify-full",
	};
	static const char *const keys[] = {"host", "port", "user", "password", "dbname", "sslmode",
		"sslrootcert", "sslcert", "sslkey", "connect_timeout", "options", "client_encoding",
		"application_name", "keepalives_idle", "tcp_user_timeout", "gssencmode", NULL};
	const struct hp_db_url *u = o->url;
	bool verify = u->sslmode == HP_SSL_VERIFY_CA || u->sslmode == HP_SSL_VERIFY_FULL;
	char port[12], timeout[12], options[256];
	/* NULL is libpq's default. */
	const char *const values[HP_ARRAY_SIZE(keys)] = {u->socket ? u->socket : u->host, port,
		u->user, u->password, u->database, sslmodes[u->sslmode],
		verify && !u->sslrootcert ? CA_LIST : u->sslrootcert, u->sslcert, u->sslkey,
		timeout, options, "UTF8", "hosting-panel", "30", "60000", "disable", NULL};

	snprintf(port, sizeof(port), "%u", u->port ? u->port : 5432);
	snprintf(timeout, sizeof(timeout), "%u", (o->connect_timeout_ms + 999) / 1000);
	/* Settings in the packet that opens the session cost no round trip. */
	snprintf(options, sizeof(options),
		"-c TimeZone=UTC -c DateStyle=ISO -c IntervalStyle=postgres -c lock_timeout=%u "
		"-c client_min_messages=warning -c standard_conforming_strings=on%s",
		o->busy_timeout_ms, o->read_only ? " -c default_transaction_read_only=on" : "");
	return PQconnectdbParams(keys, values, 0);
}

static int connect_server(const struct hp_dopts *o, struct hp_dconn **ret, struct hp_err *err)
{
	struct hp_dconn *c = allocate(1, sizeof(*c));
	int r;

	c->read_only = o->read_only;
	c->pg = dial(o);
	if (!c->pg)
		hp_die(HP_E_OS, "out of memory");
	if (PQstatus(c->pg) != CONNECTION_OK) {
		r = connect_error(c, o->url, err);
	} else {
		PQsetNoticeReceiver(c->pg, ignore_notice, NULL);
		r = check_server(c, o->url, err);
	}
	if (r < 0) {
		close_conn(c);
		return r;
	}
	*ret = c;
	return 0;
}

static enum hp_engine engine(const struct hp_dconn *c HP_UNUSED)
{
	return HP_ENGINE_POSTGRESQL;
}

static const char *version(const struct hp_dconn *c)
{
	const char *v = PQparameterStatus(c->pg, "server_version");

	return v ? v : "";
}

static enum hp_db_fault fault(const struct hp_dconn *c)
{
	return c->fault;
}

static int exec(struct hp_dconn *c, const char *sql, struct hp_err *err)
{
	return finish(c, PQexec(c->pg, sql), err);
}

static int patience(struct hp_dconn *c, unsigned ms, struct hp_err *err)
{
	char sql[48];

	snprintf(sql, sizeof(sql), "SET lock_timeout = %u", ms);
	return exec(c, sql, err);
}

static int begin(struct hp_dconn *c, struct hp_err *err)
{
	return exec(c, c->read_only ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
				    : "BEGIN ISOLATION LEVEL REPEATABLE READ", err);
}

static int commit(struct hp_dconn *c, struct hp_err *err)
{
	PGresult *res = PQexec(c->pg, "COMMIT");

	/*
	 * COMMIT of a transaction in which a statement has failed rolls back and says so only here.
	 */
	if (PQresultStatus(res) == PGRES_COMMAND_OK && strcmp(PQcmdStatus(res), "COMMIT") != 0) {
		PQclear(res);
		c->fault = HP_DB_FAULT_NONE;
		return hp_err_set(
			err, HP_E_DB, "database: an error in the transaction has rolled it back");
	}
	return finish(c, res, err);
}

static void rollback(struct hp_dconn *c)
{
	if (PQtransactionStatus(c->pg) != PQTRANS_IDLE)
		PQclear(PQexec(c->pg, "ROLLBACK"));
}

static int last_id(struct hp_dconn *c, int64_t *ret, struct hp_err *err)
{
	PGresult *res = PQexec(c->pg, "SELECT lastval()");

	if (PQresultStatus(res) != PGRES_TUPLES_OK)
		return fail(c, res, err);
	*ret = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
	PQclear(res);
	return 0;
}

/* What the policies of sql/migrations ask for. SET looks at no table: no snapshot is taken by it.
 */
static int tenant(struct hp_dconn *c, int64_t tenant, struct hp_err *err)
{
	char sql[64] = "SET hosting_panel.tenant = ''";

	if (tenant)
		snprintf(sql, sizeof(sql), "SET hosting_panel.tenant = '%lld'", (long long)tenant);
	return exec(c, sql, err);
}

/* ---- statements ---- */

static int prepare(struct hp_dconn *c, const char *sql, unsigned nparams,
	const unsigned char *order HP_UNUSED, unsigned norder HP_UNUSED, struct hp_dstmt **ret,
	struct hp_err *err)
{
	struct hp_dstmt *st;
	char name[16];
	int r;

	snprintf(name, sizeof(name), "s%u", ++c->named);
	r = finish(c, PQprepare(c->pg, name, sql, 0, NULL), err);
	if (r < 0)
		return r;
	st = allocate(1, sizeof(*st));
	st->c = c;
	memcpy(st->name, name, sizeof(name));
	st->nparams = nparams;
	st->values = allocate(nparams, sizeof(*st->values));
	st->numbers = allocate(nparams, sizeof(*st->numbers));
	*ret = st;
	return 0;
}

static void reset(struct hp_dstmt *st)
{
	PQclear(st->res);
	st->res = NULL;
	free(st->times);
	st->times = NULL;
}

static int run(struct hp_dstmt *st, const struct hp_value *v, int64_t *ret_changed,
	struct hp_err *err)
{
	ExecStatusType s;
	PGresult *res;

	reset(st);
	for (unsigned i = 0; i < st->nparams; i++)
		switch (v[i].type) {
		case HP_V_TEXT:
			st->values[i] = v[i].s;
			break;
		case HP_V_I64:
			snprintf(st->numbers[i], sizeof(*st->numbers), "%lld", (long long)v[i].i);
			st->values[i] = st->numbers[i];
			break;
		case HP_V_BOOL:
			st->values[i] = v[i].i ? "true" : "false";
			break;
		default:
			st->values[i] = NULL;
		}
	res = PQexecPrepared(st->c->pg, st->name, (int)st->nparams, st->values, NULL, NULL, 0);
	s = PQresultStatus(res);
	if (s != PGRES_COMMAND_OK && s != PGRES_TUPLES_OK)
		return fail(st->c, res, err);
	st->res = res;
	st->row = -1;
	st->rows = PQntuples(res);
	st->times = allocate((size_t)PQnfields(res), sizeof(*st->times));
	*ret_changed = strtoll(PQcmdTuples(res), NULL, 10);
	return 0;
}

static int next(struct hp_dstmt *st, struct hp_err *err HP_UNUSED)
{
	if (st->row + 1 >= st->rows)
		return 0;
	st->row++;
	return 1;
}

static unsigned columns(const struct hp_dstmt *st)
{
	return (unsigned)PQnfields(st->res);
}

static const char *column_name(const struct hp_dstmt *st, unsigned i)
{
	return PQfname(st->res, (int)i);
}

static const char *text(struct hp_dstmt *st, unsigned i)
{
	const char *s;

	if (PQgetisnull(st->res, st->row, (int)i))
		return NULL;
	s = PQgetvalue(st->res, st->row, (int)i);
	switch (PQftype(st->res, (int)i)) {
	case OID_BOOL:
		return *s == 't' ? "true" : "false";
	case OID_TIMESTAMP:
	case OID_TIMESTAMPTZ:
		return hp_driver_time(s, st->times[i]);
	default:
		return s;
	}
}

static int64_t i64(struct hp_dstmt *st, unsigned i)
{
	const char *s = PQgetvalue(st->res, st->row, (int)i);

	if (PQftype(st->res, (int)i) == OID_BOOL)
		return *s == 't';
	return strtoll(s, NULL, 10);
}

static void release(struct hp_dstmt *st)
{
	/* The server drops its side with the session; a handle keeps its statements until then. */
	reset(st);
	free(st->values);
	free(st->numbers);
	free(st);
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
	.tenant = tenant,
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
