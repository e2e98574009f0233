/*
 * What a database driver is: a module db-<name>.so with one symbol, hp_db_driver.
 * It owns its client library: no other file includes that library's header. A
 * module carries its own copy of the base floor, so only plain data crosses.
 */
#ifndef HP_DB_DRIVER_H
#define HP_DB_DRIVER_H

#include "base/err.h"
#include "db/url.h"

#define HP_DB_DRIVER_ABI 3

struct hp_dconn; /* a connection; each driver has its own */
struct hp_dstmt; /* a prepared statement */

/* What the newest error on a connection means for going on; err->code is for people. */
enum hp_db_fault {
	HP_DB_FAULT_NONE,  /* an error like any other */
	HP_DB_FAULT_RETRY, /* serialisation failure or deadlock: the transaction may be run again */
	HP_DB_FAULT_LOST,  /* the connection is gone */
	HP_DB_FAULT_NO_TABLE,    /* the statement names a table that is not there */
	HP_DB_FAULT_ALREADY,     /* CREATE or ALTER: it is so already */
	HP_DB_FAULT_NO_TRIGGERS, /* the server lets nobody but its administrator make any */
};

struct hp_dopts {
	const struct hp_db_url *url;
	const char *path;           /* sqlite: with the sysroot in front */
	unsigned connect_timeout_ms, busy_timeout_ms;
	bool create, read_only;
};

enum hp_vtype { HP_V_UNBOUND, HP_V_NULL, HP_V_TEXT, HP_V_I64, HP_V_BOOL };
struct hp_value {
	enum hp_vtype type;
	const char *s; /* TEXT */
	size_t len;
	int64_t i;     /* I64, BOOL */
};

struct hp_db_driver {
	unsigned abi;
	/*
	 * Connects, makes the session UTC and strict, refuses a server that is too old (HP_E_CONF).
	 */
	int (*connect)(const struct hp_dopts *o, struct hp_dconn **ret, struct hp_err *err);
	void (*close)(struct hp_dconn *c); /* statements have been released before */
	enum hp_engine (*engine)(const struct hp_dconn *c);
	const char *(*version)(const struct hp_dconn *c);
	enum hp_db_fault (*fault)(const struct hp_dconn *c);
	/* From here on, wait so long for others' locks. */
	int (*patience)(struct hp_dconn *c, unsigned ms, struct hp_err *err);
	/* Is there another file, or none, by now where its own was? NULL: it has none. */
	bool (*moved)(struct hp_dconn *c);

	/* One statement without parameters; rows are thrown away. */
	int (*exec)(struct hp_dconn *c, const char *sql, struct hp_err *err);
	int (*begin)(struct hp_dconn *c, struct hp_err *err);
	int (*commit)(struct hp_dconn *c, struct hp_err *err);
	void (*rollback)(struct hp_dconn *c);
	int (*last_id)(struct hp_dconn *c, int64_t *ret, struct hp_err *err);
	/*
	 * From here on the server itself lets this session see one tenant's rows only; 0: all. A
	 * rollback may have undone it. NULL: the engine knows no such thing.
	 */
	int (*tenant)(struct hp_dconn *c, int64_t tenant, struct hp_err *err);

	/*
	 * nparams distinct parameters; order[norder] says which of them each "?" is, where the
	 * engine has no numbered placeholders.
	 */
	int (*prepare)(struct hp_dconn *c, const char *sql, unsigned nparams,
		const unsigned char *order, unsigned norder, struct hp_dstmt **ret,
		struct hp_err *err);
	/*
	 * Values live until reset. For a statement without rows *ret_changed is the number of rows.
	 */
	int (*run)(struct hp_dstmt *st, const struct hp_value *v, int64_t *ret_changed,
		struct hp_err *err);
	int (*next)(struct hp_dstmt *st, struct hp_err *err); /* 1 a row, 0 none, < 0 */
	unsigned (*columns)(const struct hp_dstmt *st);       /* once it has run */
	const char *(*column_name)(const struct hp_dstmt *st, unsigned i);
	/*
	 * NULL for SQL NULL. A column declared BOOLEAN reads "true" or "false", a time RFC 3339;
	 * lives until next().
	 */
	const char *(*text)(struct hp_dstmt *st, unsigned i);
	int64_t (*i64)(struct hp_dstmt *st, unsigned i); /* BOOLEAN: 0 or 1; no number: 0 */
	void (*reset)(struct hp_dstmt *st);
	void (*release)(struct hp_dstmt *st);
};

extern const struct hp_db_driver hp_db_driver;

/*
 * "YYYY-MM-DD HH:MM:SS…" in UTC as RFC 3339 into ret[21]; returns ret, or s when it is no such
 * text.
 */
static inline const char *hp_driver_time(const char *s, char ret[21])
{
	size_t n = 0;

	while (n < 19 && s[n])
		n++;
	if (n < 19 || s[4] != '-' || s[7] != '-' || s[13] != ':' || s[16] != ':')
		return s;
	for (n = 0; n < 19; n++)
		ret[n] = s[n];
	ret[10] = 'T';
	ret[19] = 'Z';
	ret[20] = '\0';
	return ret;
}

#endif
