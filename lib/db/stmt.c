/*
 * Statements of the catalog: lending, binding, running, reading. A statement is prepared when it
 * runs for the first time on a connection, and kept.
 */
#include "base/str.h"
#include "db/handle.h"

static struct hp_stmt *stmt_new(struct hp_db *db, const struct hp_sql_def *def)
{
	struct hp_stmt *st = hp_palloc(db->pool, sizeof(*st));

	st->db = db;
	st->def = def;
	st->v = hp_palloc(db->pool, (def->nparams + 1U) * sizeof(*st->v));
	st->copy = hp_palloc(db->pool, (def->nparams + 1U) * sizeof(*st->copy));
	return st;
}

static struct hp_value *find(struct hp_stmt *st, const char *name)
{
	for (unsigned i = 0; i < st->def->nparams; i++)
		if (strcmp(st->def->params[i], name) == 0) {
			free(st->copy[i]);
			st->copy[i] = NULL;
			st->v[i] = (struct hp_value){0};
			return &st->v[i];
		}
	hp_die(HP_E_BUG, "bug: statement %s has no parameter :%s", st->def->name, name);
}

static void bind_i64(struct hp_stmt *st, const char *name, enum hp_vtype type, int64_t i)
{
	struct hp_value *v = find(st, name);

	v->type = type;
	v->i = i;
}

static int lend(struct hp_db *db, struct hp_stmt **list, const struct hp_sql_def *def,
	struct hp_stmt **ret)
{
	struct hp_stmt *st;

	for (st = *list; st && (st->busy || st->def != def); st = st->next)
		;
	if (!st) {
		st = stmt_new(db, def);
		st->next = *list;
		*list = st;
	}
	st->busy = true;
	st->started = st->lost = false;
	st->tenant = 0;
	if (def->scope == HP_SCOPE_TENANT) {
		if (db->tenant <= 0)
			hp_die(HP_E_BUG, "bug: statement %s on a handle without a tenant",
				def->name);
		st->tenant = db->tenant;
		bind_i64(st, "tenant", HP_V_I64, st->tenant);
	}
	*ret = st;
	return 0;
}

int hp_db_stmt(struct hp_db *db, enum hp_sql id, struct hp_stmt **ret, struct hp_err *err HP_UNUSED)
{
	HP_BUG_ON((unsigned)id >= HP_SQL_COUNT);
	return lend(db, &db->stmts[id], &hp_sql_defs[id], ret);
}

int hp_db_stmt_def(struct hp_db *db, const struct hp_sql_def *def, struct hp_stmt **ret,
	struct hp_err *err HP_UNUSED)
{
	return lend(db, &db->others, def, ret);
}

/* The caller's names; the tenant is not among them. */
static void check_name(const struct hp_stmt *st, const char *name)
{
	HP_BUG_ON(!st->busy || st->started);
	if (strcmp(name, "tenant") == 0)
		hp_die(HP_E_BUG, "bug: statement %s: :tenant is bound from the handle",
			st->def->name);
}

void hp_stmt_text(struct hp_stmt *st, const char *name, const char *s)
{
	struct hp_value *v;
	size_t n;

	if (!s) {
		hp_stmt_null(st, name);
		return;
	}
	check_name(st, name);
	n = strlen(s);
	v = find(st, name);
	v->type = HP_V_TEXT;
	v->len = n;
	v->s = st->copy[v - st->v] = malloc(n + 1);
	if (!v->s)
		hp_die(HP_E_OS, "out of memory");
	memcpy(st->copy[v - st->v], s, n + 1);
}

void hp_stmt_i64(struct hp_stmt *st, const char *name, int64_t i)
{
	check_name(st, name);
	bind_i64(st, name, HP_V_I64, i);
}

void hp_stmt_bool(struct hp_stmt *st, const char *name, bool b)
{
	check_name(st, name);
	bind_i64(st, name, HP_V_BOOL, b);
}

void hp_stmt_null(struct hp_stmt *st, const char *name)
{
	check_name(st, name);
	bind_i64(st, name, HP_V_NULL, 0);
}

void hp_stmt_time(struct hp_stmt *st, const char *name, int64_t t)
{
	char s[21];

	hp_time_format(t, s);
	s[10] = ' ';
	s[19] = '\0';
	hp_stmt_text(st, name, s);
}

/* ---- running ---- */

/* What is not the tenant's business alone sees all. */
static int wall(struct hp_stmt *st, struct hp_err *err)
{
	struct hp_db *db = st->db;
	int r;

	if (!db->d->tenant || db->walled == st->tenant)
		return 0;
	db->walled = -1;
	r = db->d->tenant(db->conn, st->tenant, err);
	if (r == 0)
		db->walled = st->tenant;
	return r;
}

static int prepare_and_run(struct hp_stmt *st, struct hp_err *err)
{
	struct hp_db *db = st->db;
	unsigned e = db->engine;
	bool my = e == HP_ENGINE_MYSQL || e == HP_ENGINE_MARIADB;
	int r;

	if (!db->conn)
		return hp_err_set(err, HP_E_BUSY, "the connection to the database is lost");
	if (wall(st, err) < 0)
		return err->code;
	if (!st->st) {
		r = db->d->prepare(db->conn, st->def->text[e], st->def->nparams,
			my ? st->def->order[e - HP_ENGINE_MYSQL] : NULL,
			my ? st->def->norder[e - HP_ENGINE_MYSQL] : 0, &st->st, err);
		if (r < 0) {
			st->st = NULL;
			return r;
		}
	}
	return db->d->run(st->st, st->v, &st->changed, err);
}

/*
 * Outside a transaction a lost connection is replaced at once, and what only reads is run again. A
 * change is not: it may have been carried out before the connection broke.
 */
static int start(struct hp_stmt *st, struct hp_err *err)
{
	struct hp_db *db = st->db;
	bool connected = db->conn != NULL;
	int r;

	for (unsigned i = 0; i < st->def->nparams; i++)
		if (st->v[i].type == HP_V_UNBOUND)
			hp_die(HP_E_BUG, "bug: statement %s: :%s is not bound", st->def->name,
				st->def->params[i]);
	if (!db->in_tx)
		db->fault = HP_DB_FAULT_NONE;
	r = hp_db_fail(db, prepare_and_run(st, err));
	if (r < 0 && db->fault == HP_DB_FAULT_LOST && !db->in_tx) {
		struct hp_err again = HP_ERR_INIT;

		if (hp_db_reconnect(db, &again) < 0) {
			*err = again;
			r = again.code;
		} else if (!connected || st->def->rows != HP_ROWS_NONE) {
			hp_err_clear(err);
			db->fault = HP_DB_FAULT_NONE;
			r = hp_db_fail(db, prepare_and_run(st, err));
		} else {
			r = hp_err_set(err, HP_E_DB,
				"the connection to the database broke during a change: whether it was made is unknown");
		}
	}
	if (r < 0)
		return r;
	st->started = true;
	return 0;
}

int hp_stmt_step(struct hp_stmt *st, struct hp_err *err)
{
	int r;

	HP_BUG_ON(!st->busy);
	if (st->lost)
		return hp_err_set(
			err, HP_E_BUSY, "the connection to the database was lost while reading");
	if (!st->started) {
		r = start(st, err);
		if (r < 0)
			return r;
	}
	return hp_db_fail(st->db, st->db->d->next(st->st, err));
}

int64_t hp_stmt_exec(struct hp_stmt *st, struct hp_err *err)
{
	int r = start(st, err);

	if (r < 0)
		return r;
	do
		r = hp_db_fail(st->db, st->db->d->next(st->st, err));
	while (r == 1);
	return r < 0 ? r : st->changed;
}

/* ---- reading ---- */

unsigned hp_stmt_columns(const struct hp_stmt *st)
{
	return st->started && !st->lost ? st->db->d->columns(st->st) : 0;
}

const char *hp_stmt_column_name(const struct hp_stmt *st, unsigned i)
{
	HP_BUG_ON(i >= hp_stmt_columns(st));
	return st->db->d->column_name(st->st, i);
}

const char *hp_stmt_get_text(struct hp_stmt *st, unsigned i)
{
	HP_BUG_ON(i >= hp_stmt_columns(st));
	return st->db->d->text(st->st, i);
}

int64_t hp_stmt_get_i64(struct hp_stmt *st, unsigned i)
{
	HP_BUG_ON(i >= hp_stmt_columns(st));
	return st->db->d->i64(st->st, i);
}

bool hp_stmt_get_bool(struct hp_stmt *st, unsigned i)
{
	return hp_stmt_get_i64(st, i) != 0;
}

bool hp_stmt_is_null(struct hp_stmt *st, unsigned i)
{
	return hp_stmt_get_text(st, i) == NULL;
}

void hp_stmt_end(struct hp_stmt *st)
{
	if (!st)
		return;
	HP_BUG_ON(!st->busy);
	if (st->st)
		st->db->d->reset(st->st);
	for (unsigned i = 0; i < st->def->nparams; i++) {
		free(st->copy[i]);
		st->copy[i] = NULL;
		st->v[i] = (struct hp_value){0};
	}
	st->busy = st->started = st->lost = false;
}
