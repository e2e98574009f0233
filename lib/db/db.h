/*
 * The database: one neutral handle over SQLite, PostgreSQL, MariaDB and MySQL.
 *
 * Statements come from the catalog (sql/catalog.sql) only, by number; values go
 * in by name, never into the text. A statement of scope tenant contains
 * ":tenant", which is bound here from the handle's tenant and can't be bound by
 * the caller; running one on a handle without a tenant is a bug. Statements are
 * prepared once per connection and kept.
 *
 * Values are text, 64-bit integers, booleans or NULL. Times are UTC. Read as text,
 * a column declared BOOLEAN gives "true" or "false" and one declared TIMESTAMP gives
 * RFC 3339, on every engine; expressions over them (MAX(…)) give the engine's own form.
 */
#ifndef HP_DB_DB_H
#define HP_DB_DB_H

#include "base/err.h"
#include "base/pool.h"
#include "db/catalog.auto.h" /* enum hp_sql { HP_SQL_SITE_GET, … }, made from sql/catalog.sql */

enum hp_engine { HP_ENGINE_SQLITE, HP_ENGINE_POSTGRESQL, HP_ENGINE_MYSQL, HP_ENGINE_MARIADB };
const char *hp_engine_name(enum hp_engine e); /* "sqlite" "postgresql" "mysql" "mariadb" */

struct hp_db;

/*
 * url: sqlite:PATH, or postgresql:// mysql:// mariadb:// user:password@host:port/database
 * (RFC 3986 escapes) with ?sslmode=disable|prefer|require|verify-ca|verify-full, sslrootcert=,
 * sslcert=, sslkey=, connect_timeout=, socket=. Passwords never stand in messages.
 */
struct hp_db_opts {
	const char *sysroot;          /* for sqlite paths */
	unsigned connect_timeout_ms;  /* 0 = 5000 */
	unsigned busy_timeout_ms;     /* waiting for another writer; 0 = 10000 */
	bool create;                  /* sqlite: make the file (mode 0640) when missing */
	/*
	 * sqlite: the handle sees one state, that of its opening, until it is closed. The same
	 * process can't open the file for writing meanwhile.
	 */
	bool read_only;
};
int hp_db_open(const char *url, const struct hp_db_opts *o, struct hp_db **ret, struct hp_err *err);
void hp_db_close(struct hp_db *db); /* rolls back what is open; NULL is allowed */
static inline void hp_cleanup_db(struct hp_db **p)
{
	hp_db_close(*p);
}
#define _cleanup_db_ _cleanup_(hp_cleanup_db)

enum hp_engine hp_db_engine(const struct hp_db *db);          /* detected from the server itself */
const char *hp_db_server_version(const struct hp_db *db);     /* "15.18", "10.11.11-MariaDB" … */
const char *hp_db_url_safe(const struct hp_db *db);           /* without password */

/* The tenant that statements of scope tenant run as; 0 = none. Set by lib/panel from the actor. */
void hp_db_set_tenant(struct hp_db *db, int64_t tenant);

/* ---- one statement ---- */
struct hp_stmt; /* borrowed from the handle; ended by hp_stmt_end() */

int hp_db_stmt(struct hp_db *db, enum hp_sql id, struct hp_stmt **ret, struct hp_err *err);
void hp_stmt_text(
	struct hp_stmt *st, const char *name, const char *v); /* NULL binds NULL; copied */
void hp_stmt_i64(struct hp_stmt *st, const char *name, int64_t v);
void hp_stmt_bool(struct hp_stmt *st, const char *name, bool v);
void hp_stmt_null(struct hp_stmt *st, const char *name);
/* Seconds since 1970 as a time, comparable with the TIMESTAMP columns of every engine. */
void hp_stmt_time(struct hp_stmt *st, const char *name, int64_t t);
/* 1 a row is there, 0 no more, < 0. The first call runs it; every parameter must be bound (bug). */
int hp_stmt_step(struct hp_stmt *st, struct hp_err *err);
/* Columns of the row by position; text lives until the next step. NULL for SQL NULL. */
unsigned hp_stmt_columns(const struct hp_stmt *st);
const char *hp_stmt_column_name(const struct hp_stmt *st, unsigned i);
const char *hp_stmt_get_text(struct hp_stmt *st, unsigned i);
int64_t hp_stmt_get_i64(struct hp_stmt *st, unsigned i);   /* NULL reads 0 */
bool hp_stmt_get_bool(struct hp_stmt *st, unsigned i);
bool hp_stmt_is_null(struct hp_stmt *st, unsigned i);
void hp_stmt_end(struct hp_stmt *st); /* NULL is allowed; ready for the next use */
static inline void hp_cleanup_stmt(struct hp_stmt **p)
{
	hp_stmt_end(*p);
}
#define _cleanup_stmt_ _cleanup_(hp_cleanup_stmt)

/*
 * Run to the end, for statements without rows. Returns rows changed, or < 0. A unique or foreign
 * key in the way is HP_E_EXISTS.
 */
int64_t hp_stmt_exec(struct hp_stmt *st, struct hp_err *err);
/* The id that the last INSERT on this handle gave. */
int64_t hp_db_last_id(struct hp_db *db);

/* ---- transactions ---- */
/*
 * fn runs inside one transaction (SQLite: BEGIN IMMEDIATE; others: REPEATABLE READ or better
 * with row locks by the statements). 0 commits; < 0 rolls back and is returned. On a
 * serialisation failure, deadlock or lost connection everything is rolled back and fn is
 * called again, up to 5 times with growing random waits, so fn must be free of other effects.
 * fn must return the error of any statement in it: after one, PostgreSQL has given up the whole
 * transaction. Transactions do not nest.
 * A connection lost during COMMIT itself is not retried: HP_E_DB says that the outcome is unknown.
 */
int hp_db_tx(struct hp_db *db, int (*fn)(struct hp_db *db, void *arg, struct hp_err *err),
	void *arg, struct hp_err *err);
/*
 * For what may as well be left undone: once, and waiting for nobody (on MySQL and MariaDB a second
 * at most, for a lock on the row itself).
 */
int hp_db_tx_now(struct hp_db *db, int (*fn)(struct hp_db *db, void *arg, struct hp_err *err),
	void *arg, struct hp_err *err);

/* ---- schema ---- */
/* The schema version in the database (0 = empty) and the one this build brings. */
int hp_db_schema_version(struct hp_db *db, int *ret_have, int *ret_want, struct hp_err *err);
/*
 * Run what is missing; resumable. on_step (may be NULL) hears of each. A newer schema is HP_E_CONF.
 */
int hp_db_migrate(struct hp_db *db, bool dry_run,
	void (*on_step)(void *arg, int n, const char *title), void *arg, struct hp_err *err);
/* Round trip of the smallest query in microseconds. */
int hp_db_ping(struct hp_db *db, uint64_t *ret_us, struct hp_err *err);
/* Is an embedded database's file not at its path any more? Then close it, open what is there. */
bool hp_db_is_moved(struct hp_db *db);

#endif
