/* Transactions: all or nothing, and again where only bad luck was in the way. */
#include "base/file.h"
#include "db/handle.h"

#define TRIES 5
#define FIRST_WAIT_MS 20

static void wait_before(unsigned try)
{
	uint32_t random, max = (uint32_t)FIRST_WAIT_MS << try;

	hp_random(&random, sizeof(random));
	/* Half of it fixed and half by chance: two who met once should not meet again. */
	hp_nap(max / 2 + random % (max / 2));
}

/* What was set within the transaction is undone by it, too. */
static void rollback(struct hp_db *db)
{
	db->d->rollback(db->conn);
	db->walled = -1;
}

int hp_db_tx_once(struct hp_db *db, int (*fn)(struct hp_db *db, void *arg, struct hp_err *err),
	void *arg, struct hp_err *err)
{
	int r;

	HP_BUG_ON(db->in_tx);
	db->fault = HP_DB_FAULT_NONE;
	if (!db->conn) {
		r = hp_db_reconnect(db, err);
		if (r < 0) {
			db->fault = HP_DB_FAULT_LOST;
			return r;
		}
	}
	r = hp_db_fail(db, db->d->begin(db->conn, err));
	if (r < 0)
		return r;
	db->in_tx = true;
	r = fn(db, arg, err);
	if (r < 0) {
		rollback(db);
		db->in_tx = false;
		return r;
	}
	r = hp_db_fail(db, db->d->commit(db->conn, err));
	db->in_tx = false;
	if (r < 0 && db->fault == HP_DB_FAULT_LOST) {
		struct hp_err ignored = HP_ERR_INIT;

		hp_db_reconnect(db, &ignored);
		db->fault = HP_DB_FAULT_NONE; /* not to be run again */
		hp_err_set(err, HP_E_DB,
			"the connection to the database broke during COMMIT: whether the "
			"change was made is unknown");
		return hp_err_hint(err, "look whether it is there before trying again");
	}
	if (r < 0)
		rollback(db);
	return r;
}

int hp_db_tx(struct hp_db *db, int (*fn)(struct hp_db *db, void *arg, struct hp_err *err),
	void *arg, struct hp_err *err)
{
	for (unsigned try = 0;; try++) {
		int r = hp_db_tx_once(db, fn, arg, err);

		if (r >= 0 || (db->fault != HP_DB_FAULT_RETRY && db->fault != HP_DB_FAULT_LOST) ||
		    try + 1 == TRIES)
			return r;
		wait_before(try);
		if (db->fault == HP_DB_FAULT_LOST) {
			struct hp_err again = HP_ERR_INIT;

			/* When it does not come back at once, the next try asks anew. */
			hp_db_reconnect(db, &again);
		}
		hp_err_clear(err);
	}
}

int hp_db_tx_now(struct hp_db *db, int (*fn)(struct hp_db *db, void *arg, struct hp_err *err),
	void *arg, struct hp_err *err)
{
	struct hp_err ignored = HP_ERR_INIT;
	int r;

	if (db->conn && hp_db_fail(db, db->d->patience(db->conn, 1, err)) < 0)
		return err->code;
	r = hp_db_tx_once(db, fn, arg, err);
	/* where that fails the connection is gone, and the next one is as patient as ever */
	if (db->conn)
		db->d->patience(db->conn, db->opts.busy_timeout_ms, &ignored);
	return r;
}
