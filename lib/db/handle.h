/* The inside of a database handle; for the files of lib/db only. */
#ifndef HP_DB_HANDLE_H
#define HP_DB_HANDLE_H

#include "db/catalog.h"
#include "db/driver.h"

struct hp_stmt {
	struct hp_stmt *next;        /* of the same statement, for use within its own rows */
	struct hp_db *db;
	const struct hp_sql_def *def;
	struct hp_dstmt *st;         /* NULL: not prepared on this connection */
	bool busy, started, lost;    /* lent out; has run; its rows went with the connection */
	int64_t changed;
	int64_t tenant;              /* whose rows it may see; 0: everybody's */
	struct hp_value *v;          /* def->nparams */
	char **copy;                 /* texts bound, malloced */
};

struct hp_db {
	struct hp_pool *pool;
	struct hp_db_url url;
	struct hp_dopts opts;
	const struct hp_db_driver *d;
	struct hp_dconn *conn;       /* NULL: gone, and not come back yet */
	enum hp_engine engine;
	int64_t tenant;
	int64_t walled; /* whom the server keeps the session to; -1: unknown */
	bool in_tx;
	enum hp_db_fault fault;    /* the worst since the transaction began */
	struct hp_stmt *stmts[HP_SQL_COUNT];
	struct hp_stmt *others;      /* of statements that are not in the catalog */
};

/* Each statement of the handle, whoever has it. */
#define HP_DB_EACH_STMT(db, st)                                                                    \
	for (unsigned slot_ = 0; slot_ <= HP_SQL_COUNT; slot_++)                                   \
		for (struct hp_stmt *st = slot_ < HP_SQL_COUNT ? (db)->stmts[slot_]                \
							       : (db)->others;                     \
			st; st = st->next)

/* Remember what an error meant; returns r. */
int hp_db_fail(struct hp_db *db, int r);
/* Connect again after the connection was lost. Every statement must be prepared anew. */
int hp_db_reconnect(struct hp_db *db, struct hp_err *err);
/* One try of hp_db_tx(). */
int hp_db_tx_once(struct hp_db *db, int (*fn)(struct hp_db *db, void *arg, struct hp_err *err),
	void *arg, struct hp_err *err);
/*
 * hp_db_stmt() for a statement that stands elsewhere than in the catalog, and as long as the
 * handle.
 */
int hp_db_stmt_def(struct hp_db *db, const struct hp_sql_def *def, struct hp_stmt **ret,
	struct hp_err *err);
int hp_db_exec(struct hp_db *db, const char *sql, struct hp_err *err);

#endif
