/* Opening and closing a handle; loading its driver. */
#include <dlfcn.h>
#include <errno.h>
#include "base/file.h"
#include "base/paths.h"
#include "base/str.h"
#include "db/handle.h"

#define CONNECT_TIMEOUT_MS 5000
#define BUSY_TIMEOUT_MS 10000

const char *hp_engine_name(enum hp_engine e)
{
	static const char *const names[] = {
		[HP_ENGINE_SQLITE] = "sqlite",
		[HP_ENGINE_POSTGRESQL] = "postgresql",
		[HP_ENGINE_MYSQL] = "mysql",
		[HP_ENGINE_MARIADB] = "mariadb",
	};

	HP_BUG_ON((unsigned)e >= HP_ARRAY_SIZE(names));
	return names[e];
}

/*
 * A module stays loaded until the process ends: client libraries keep global state that does not
 * survive dlclose(3). RTLD_LOCAL, so that two drivers' libraries do not see each other.
 */
static int load_driver(struct hp_db *db, struct hp_err *err)
{
	static const char *const modules[] = {
		[HP_ENGINE_SQLITE] = "db-sqlite.so",
		[HP_ENGINE_POSTGRESQL] = "db-postgresql.so",
		[HP_ENGINE_MYSQL] = "db-mysql.so",
		[HP_ENGINE_MARIADB] = "db-mysql.so",
	};
	const char *file = hp_pprintf(db->pool, "%s/%s", hp_libdir(), modules[db->url.engine]);
	void *module = dlopen(file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	const struct hp_db_driver *d;

	if (!module) {
		hp_err_set(err, HP_E_CONF, "the database driver for %s does not load: %s",
			hp_engine_name(db->url.engine), dlerror());
		return hp_err_hint(err, "is the client library of %s installed?",
			hp_engine_name(db->url.engine));
	}
	d = dlsym(module, "hp_db_driver");
	if (!d || d->abi != HP_DB_DRIVER_ABI) {
		dlclose(module);
		return hp_err_set(
			err, HP_E_CONF, "%s is not a database driver of this version", file);
	}
	db->d = d;
	return 0;
}

static int connect_db(struct hp_db *db, struct hp_err *err)
{
	int r = db->d->connect(&db->opts, &db->conn, err);

	if (r < 0) {
		db->conn = NULL;
		return r;
	}
	db->engine = db->d->engine(db->conn);
	db->walled = 0;
	return 0;
}

int hp_db_open(const char *url, const struct hp_db_opts *o, struct hp_db **ret, struct hp_err *err)
{
	static const struct hp_db_opts none;
	struct hp_pool *pool = hp_pool_new();
	struct hp_db *db = hp_palloc(pool, sizeof(*db));
	int r;

	if (!o)
		o = &none;
	db->pool = pool;
	r = hp_db_url_parse(pool, url, &db->url, err);
	if (r < 0)
		goto fail;
	db->opts = (struct hp_dopts){
		.url = &db->url,
		.connect_timeout_ms =
			o->connect_timeout_ms ? o->connect_timeout_ms : CONNECT_TIMEOUT_MS,
		.busy_timeout_ms = o->busy_timeout_ms ? o->busy_timeout_ms : BUSY_TIMEOUT_MS,
		.create = o->create,
		.read_only = o->read_only,
	};
	if (db->url.connect_timeout_s)
		db->opts.connect_timeout_ms = db->url.connect_timeout_s * 1000;
	if (db->url.path)
		db->opts.path = hp_path(pool, o->sysroot ? o->sysroot : "", db->url.path);
	r = load_driver(db, err);
	if (r < 0)
		goto fail;
	r = connect_db(db, err);
	if (r < 0)
		goto fail;
	*ret = db;
	return 0;
fail:
	hp_db_close(db);
	return r;
}

static void stmt_free(struct hp_stmt *st)
{
	for (unsigned i = 0; i < st->def->nparams; i++)
		free(st->copy[i]);
}

void hp_db_close(struct hp_db *db)
{
	if (!db)
		return;
	HP_DB_EACH_STMT(db, st)
	{
		if (st->st)
			db->d->release(st->st);
		stmt_free(st);
	}
	if (db->conn) {
		if (db->in_tx)
			db->d->rollback(db->conn);
		db->d->close(db->conn);
	}
	if (db->url.password)
		hp_wipe(db->url.password, strlen(db->url.password));
	hp_pool_free(db->pool);
}

int hp_db_reconnect(struct hp_db *db, struct hp_err *err)
{
	HP_DB_EACH_STMT(db, st)
	{
		if (st->st)
			db->d->release(st->st);
		st->st = NULL;
		st->lost = st->busy && st->started;
	}
	if (db->conn)
		db->d->close(db->conn);
	db->conn = NULL;
	db->in_tx = false;
	return connect_db(db, err);
}

int hp_db_fail(struct hp_db *db, int r)
{
	enum hp_db_fault f;

	if (r >= 0)
		return r;
	f = db->conn ? db->d->fault(db->conn) : HP_DB_FAULT_LOST;
	if (db->fault != HP_DB_FAULT_LOST && f != HP_DB_FAULT_NONE)
		db->fault = f;
	return r;
}

int hp_db_exec(struct hp_db *db, const char *sql, struct hp_err *err)
{
	return hp_db_fail(db, db->d->exec(db->conn, sql, err));
}

enum hp_engine hp_db_engine(const struct hp_db *db)
{
	return db->engine;
}

const char *hp_db_server_version(const struct hp_db *db)
{
	return db->conn ? db->d->version(db->conn) : "";
}

const char *hp_db_url_safe(const struct hp_db *db)
{
	return db->url.safe;
}

void hp_db_set_tenant(struct hp_db *db, int64_t tenant)
{
	db->tenant = tenant;
}

int64_t hp_db_last_id(struct hp_db *db)
{
	struct hp_err err = HP_ERR_INIT;
	int64_t id = 0;

	if (db->conn && db->d->last_id(db->conn, &id, &err) < 0)
		hp_db_fail(db, err.code);
	return id;
}

bool hp_db_is_moved(struct hp_db *db)
{
	return db->conn && db->d->moved && db->d->moved(db->conn);
}

int hp_db_ping(struct hp_db *db, uint64_t *ret_us, struct hp_err *err)
{
	uint64_t from;
	int r = 0;

	HP_BUG_ON(db->in_tx);
	db->fault = HP_DB_FAULT_NONE;
	from = hp_now_us();
	if (db->conn)
		r = hp_db_exec(db, "SELECT 1", err);
	if (!db->conn || (r < 0 && db->fault == HP_DB_FAULT_LOST)) {
		r = hp_db_reconnect(db, err);
		if (r < 0)
			return r;
		from = hp_now_us();
		r = hp_db_exec(db, "SELECT 1", err);
	}
	if (r == 0)
		*ret_us = hp_now_us() - from;
	return r;
}
