/*
 * The suite that every engine passes: what its files share. The server is given by the environment:
 *   HP_TEST_URL        an empty database; it is emptied again before each group of tests
 *   HP_TEST_URL_TCP    the same over TCP, for TLS (optional)
 *   HP_TEST_CA         who has signed the server's certificate (with HP_TEST_URL_TCP)
 */
#ifndef HP_TESTS_DB_ENGINE_H
#define HP_TESTS_DB_ENGINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/str.h"
#include "db/handle.h"

/* A handle on HP_TEST_URL; options may be NULL. Fails the test when it does not open. */
struct hp_db *engine_open(const struct hp_db_opts *o);
/* Drop everything in the database and migrate it (unless version 0 is wanted). */
void engine_reset(bool migrate);
int engine_group_setup(void **state);

/* A statement from neutral text: ":name", or "?" (":p1", ":p2" …). rows as in the catalog. */
struct hp_stmt *engine_stmt(struct hp_db *db, const char *sql, enum hp_sql_rows rows);
/* Run text that has no parameters; fails the test on an error. */
void engine_exec(struct hp_db *db, const char *sql);
/* First column of the first row; -1 when there is none. */
int64_t engine_i64(struct hp_db *db, const char *sql);
/* The number that the server knows this handle's session by. */
int64_t engine_session(struct hp_db *db);
/* End that session from another one. */
void engine_kill(int64_t session);
static inline bool engine_is_mysql(const struct hp_db *db)
{
	return hp_db_engine(db) == HP_ENGINE_MYSQL || hp_db_engine(db) == HP_ENGINE_MARIADB;
}

/* A tenant, a node and a website 1 of it; where 2 is given, a second tenant with website 2. */
void engine_fill(struct hp_db *db, int tenants);

int engine_run_values(void);    /* test-engine.c */
int engine_run_faults(void);    /* faults.c: transactions, connections, TLS */
int engine_run_schema(void);    /* schema.c: migrations, the catalog, the tenant's wall */
int engine_run_reference(void); /* reference.c */

#endif
