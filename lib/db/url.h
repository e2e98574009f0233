/*
 * A database URL taken apart. Grammar of RFC 3986 §3, strict: what the grammar
 * does not allow unescaped is refused, so is a bad escape, an escaped control
 * character, an unknown or repeated option. Messages never quote the URL's
 * authority, where a password may stand.
 */
#ifndef HP_DB_URL_H
#define HP_DB_URL_H

#include "base/err.h"
#include "base/pool.h"
#include "db/db.h"

#define HP_DB_URL_MAX 2048 /* bytes */

enum hp_sslmode {
	HP_SSL_PREFER, /* TLS when the server has it; the default */
	HP_SSL_DISABLE,
	HP_SSL_REQUIRE,   /* TLS, whoever the server is */
	HP_SSL_VERIFY_CA, /* its certificate comes from sslrootcert (default: the system's list) */
	HP_SSL_VERIFY_FULL, /* and names the host */
};

struct hp_db_url {
	enum hp_engine engine;     /* as the scheme says; the server may be its sibling */
	const char *path;          /* sqlite: absolute and clean; the rest is unset */
	char *user, *password;     /* NULL when not given; password is to be wiped */
	const char *host;          /* NULL when not given; IPv6 without brackets */
	unsigned port;             /* 0 when not given */
	const char *database;
	const char *socket;        /* folder (PostgreSQL) or socket (MySQL, MariaDB), absolute */
	enum hp_sslmode sslmode;
	const char *sslrootcert, *sslcert, *sslkey; /* absolute paths or NULL */
	unsigned connect_timeout_s; /* 0 when not given */
	const char *safe;          /* the URL again without its password */
};

/* HP_E_CONF with what is wrong. Strings live in the pool. */
int hp_db_url_parse(struct hp_pool *pool, const char *url, struct hp_db_url *ret,
	struct hp_err *err);

#endif
