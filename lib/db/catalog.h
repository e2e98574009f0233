/*
 * The statements of sql/catalog.sql and the migrations of sql/migrations as the
 * build made them: read-only tables. Only lib/db and its tests look in here.
 */
#ifndef HP_DB_CATALOG_H
#define HP_DB_CATALOG_H

#include "db/db.h"

enum hp_sql_scope { HP_SCOPE_TENANT, HP_SCOPE_GLOBAL, HP_SCOPE_SYSTEM };
enum hp_sql_rows { HP_ROWS_NONE, HP_ROWS_ONE, HP_ROWS_MANY };

#define HP_ENGINES 4 /* values of enum hp_engine */
#define HP_SQL_PARAMS_MAX 64

struct hp_sql_def {
	const char *name;
	unsigned char scope, rows; /* enum hp_sql_scope, enum hp_sql_rows */
	unsigned char nparams;
	const char *const *params; /* each name once, in the order of the placeholders' numbers */
	/* "?1" on SQLite, "$1" on PostgreSQL, "?" on the others */
	const char *text[HP_ENGINES];
	/* [0] MySQL, [1] MariaDB: the parameter that each "?" stands for */
	const unsigned char *order[2];
	unsigned char norder[2];
};
extern const struct hp_sql_def hp_sql_defs[HP_SQL_COUNT];

struct hp_migration {
	const char *title;
	const char *const *steps[HP_ENGINES]; /* statements, NULL at the end */
};
/* Index is the schema version; [0] makes the tables that migrations are written down in. */
extern const struct hp_migration hp_migrations[];
extern const int hp_migrations_newest;

#endif
