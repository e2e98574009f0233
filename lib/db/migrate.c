/*
 * The schema's version, and bringing it up to this build's.
 *
 * Where CREATE TABLE can be rolled back (SQLite, PostgreSQL), a migration is one transaction. MySQL
 * and MariaDB commit at every such statement, so there each step is written down in schema_steps
 * before and after it runs: a run that was killed goes on where it stopped, and only the one step
 * that may or may not have been carried out is forgiven for finding its work done.
 */
#include "base/fault.h"
#include "db/handle.h"

/* A statement with at most :version, :step and :title; its first column, or 0 without a row. */
static int run(struct hp_db *db, enum hp_sql id, int version, int step, const char *title,
	int64_t *ret, struct hp_err *err)
{
	_cleanup_stmt_ struct hp_stmt *st = NULL;
	int r;

	r = hp_db_stmt(db, id, &st, err);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < st->def->nparams; i++) {
		const char *name = st->def->params[i];

		if (*name == 'v')
			hp_stmt_i64(st, name, version);
		else if (*name == 's')
			hp_stmt_i64(st, name, step);
		else
			hp_stmt_text(st, name, title);
	}
	if (st->def->rows == HP_ROWS_NONE) {
		int64_t n = hp_stmt_exec(st, err);

		return n < 0 ? (int)n : 0;
	}
	r = hp_stmt_step(st, err);
	if (r < 0)
		return r;
	if (ret)
		*ret = r == 1 ? hp_stmt_get_i64(st, 0) : 0;
	return 0;
}

static int version(struct hp_db *db, int64_t *ret, struct hp_err *err)
{
	int r = run(db, HP_SQL_SCHEMA_VERSION, 0, 0, NULL, ret, err);

	if (r < 0 && db->fault == HP_DB_FAULT_NO_TABLE) {
		hp_err_clear(err);
		*ret = 0;
		r = 0;
	}
	return r;
}

int hp_db_schema_version(struct hp_db *db, int *ret_have, int *ret_want, struct hp_err *err)
{
	int64_t have;
	int r;

	r = version(db, &have, err);
	if (r < 0)
		return r;
	*ret_have = (int)have;
	*ret_want = hp_migrations_newest;
	return 0;
}

/* ---- in one transaction ---- */

static int migrate_one(struct hp_db *db, void *arg, struct hp_err *err)
{
	int n = *(int *)arg;
	const struct hp_migration *m = &hp_migrations[n];
	int64_t have;
	int r = 0;

	if (n) {
		/* SQLite: another may have done it while we waited for the lock. */
		r = run(db, HP_SQL_SCHEMA_VERSION, 0, 0, NULL, &have, err);
		if (r < 0 || have >= n)
			return r;
	}
	for (unsigned i = 0; m->steps[db->engine][i] && r == 0; i++) {
		r = hp_db_exec(db, m->steps[db->engine][i], err);
		hp_fault("db-migrate");
	}
	if (r < 0 || n == 0)
		return r;
	return run(db, HP_SQL_SCHEMA_ADD, n, 0, m->title, NULL, err);
}

/* ---- step by step ---- */

static int finish(struct hp_db *db, void *arg, struct hp_err *err)
{
	int n = *(int *)arg;
	int r = run(db, HP_SQL_SCHEMA_ADD, n, 0, hp_migrations[n].title, NULL, err);

	return r < 0 ? r : run(db, HP_SQL_SCHEMA_STEP_FORGET, n, 0, NULL, NULL, err);
}

struct step {
	int version, number;
	const char *sql;
	bool maybe_done;
};

/* What changes rows is in one transaction with its note; what commits by itself ends it early. */
static int do_step(struct hp_db *db, void *arg, struct hp_err *err)
{
	const struct step *s = arg;
	int r;

	hp_fault("db-migrate"); /* the step is announced and not carried out, */
	r = hp_db_exec(db, s->sql, err);

	/* triggers only keep others' hands off: what stands behind them holds without */
	if (r < 0 &&
		((s->maybe_done && db->fault == HP_DB_FAULT_ALREADY) ||
			db->fault == HP_DB_FAULT_NO_TRIGGERS)) {
		hp_err_clear(err);
		db->fault = HP_DB_FAULT_NONE;
		r = 0;
	}
	if (r < 0)
		return r;
	hp_fault("db-migrate"); /* and carried out and not written down */
	return run(db, HP_SQL_SCHEMA_STEP_FINISH, s->version, s->number, NULL, NULL, err);
}

static int progress(struct hp_db *db, int n, int *ret_begun, int *ret_finished, struct hp_err *err)
{
	_cleanup_stmt_ struct hp_stmt *st = NULL;
	int r;

	r = hp_db_stmt(db, HP_SQL_SCHEMA_STEP, &st, err);
	if (r < 0)
		return r;
	hp_stmt_i64(st, "version", n);
	r = hp_stmt_step(st, err);
	if (r < 0)
		return r;
	*ret_begun = r == 1 ? (int)hp_stmt_get_i64(st, 0) : 0;
	*ret_finished = r == 1 ? (int)hp_stmt_get_i64(st, 1) : 0;
	return 0;
}

static int migrate_steps(struct hp_db *db, int n, struct hp_err *err)
{
	const struct hp_migration *m = &hp_migrations[n];
	int begun, finished, r;

	r = progress(db, n, &begun, &finished, err);
	if (r < 0)
		return r;
	for (int i = finished + 1; m->steps[db->engine][i - 1]; i++) {
		struct step s = {n, i, m->steps[db->engine][i - 1], i == begun};

		if (i > begun) {
			r = run(db, begun ? HP_SQL_SCHEMA_STEP_BEGIN : HP_SQL_SCHEMA_STEP_FIRST, n,
				i, NULL, NULL, err);
			if (r < 0)
				return r;
			begun = i;
		}
		r = hp_db_tx_once(db, do_step, &s, err);
		if (r < 0)
			return r;
	}
	return hp_db_tx_once(db, finish, &n, err);
}

/* ---- all of them ---- */

static int migrate_to(struct hp_db *db, int n, struct hp_err *err)
{
	bool steps = db->engine == HP_ENGINE_MYSQL || db->engine == HP_ENGINE_MARIADB;
	int r;

	r = steps && n ? migrate_steps(db, n, err) : hp_db_tx_once(db, migrate_one, &n, err);
	return r < 0 ? hp_err_prefix(err, "migration %d (%s)", n, hp_migrations[n].title) : 0;
}

static int migrate_locked(struct hp_db *db, void (*on_step)(void *arg, int n, const char *title),
	void *arg, struct hp_err *err)
{
	int64_t have;
	int r;

	r = version(db, &have, err);
	if (r == 0 && have == 0)
		r = migrate_to(db, 0, err);
	while (r == 0) {
		/* Read anew each time: on SQLite another may have come first. */
		r = version(db, &have, err);
		if (r < 0 || have >= hp_migrations_newest)
			break;
		r = migrate_to(db, (int)have + 1, err);
		if (r == 0 && on_step)
			on_step(arg, (int)have + 1, hp_migrations[have + 1].title);
	}
	return r;
}

int hp_db_migrate(struct hp_db *db, bool dry_run,
	void (*on_step)(void *arg, int n, const char *title), void *arg, struct hp_err *err)
{
	struct hp_err ignored = HP_ERR_INIT;
	int64_t have, got = 0;
	int r;

	r = version(db, &have, err);
	if (r < 0)
		return r;
	if (have > hp_migrations_newest) {
		hp_err_set(err, HP_E_CONF,
			"the database has schema version %d, newer than this program's %d",
			(int)have, hp_migrations_newest);
		return hp_err_hint(err, "install the newer hosting-panel that has made it");
	}
	if (dry_run) {
		for (int n = (int)have + 1; n <= hp_migrations_newest && on_step; n++)
			on_step(arg, n, hp_migrations[n].title);
		return 0;
	}
	if (have == hp_migrations_newest)
		return 0;
	r = run(db, HP_SQL_SCHEMA_LOCK, 0, 0, NULL, &got, err);
	if (r < 0)
		return r;
	if (!got) {
		hp_err_set(err, HP_E_BUSY, "another program is changing the database's schema");
		return hp_err_hint(err, "wait until it is done and try again");
	}
	r = migrate_locked(db, on_step, arg, err);
	run(db, HP_SQL_SCHEMA_UNLOCK, 0, 0, NULL, NULL, &ignored);
	return r;
}
