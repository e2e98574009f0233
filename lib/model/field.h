/*
 * Field tables: one row per setting of an object, one definition for validation,
 * JSON keys, SQL columns, key=value, output columns, completion, forms and man
 * pages. A new setting is one row in a .def file (docs/new-setting.md).
 *
 * Values are held as canonical text ("8.3", "256M", "true", "[\"gd\"]"), NULL when
 * unset; the table says how to type them towards JSON and SQL.
 */
#ifndef HP_MODEL_FIELD_H
#define HP_MODEL_FIELD_H

#include "base/err.h"
#include "base/pool.h"

enum hp_ftype {
	HP_F_TEXT,     /* one line of UTF-8; min..max bytes */
	HP_F_ENUM,     /* arg: "a|b|c" */
	HP_F_BOOL,
	HP_F_INT,      /* min..max */
	HP_F_SIZE,     /* php.ini size, min..max bytes, stored as written in canonical form */
	HP_F_PHP_VERSION, /* X.Y */
	HP_F_DOMAIN,
	HP_F_HOST,     /* domain, IPv4 or IPv6 literal */
	HP_F_USER,     /* Unix user name that is not reserved */
	HP_F_LOGIN,    /* name of a user of the panel; max bytes */
	HP_F_EMAIL,    /* mail address; max bytes */
	HP_F_IDENT,    /* SQL database name: [A-Za-z_][A-Za-z0-9_]{0,62} */
	HP_F_LABEL,    /* DNS label (RFC 1123) */
	HP_F_NODENAME, /* as hp_node_name_check() takes it */
	HP_F_SUBPATH,  /* relative path of plain names, "" allowed; no "..", nothing hidden */
	HP_F_LIST,     /* JSON array of strings; arg: "cidr" "word" "file" "verb" "pattern" */
	HP_F_MAP,      /* JSON object; arg names what is in it (field_map.c) */
	HP_F_DBURL,    /* tenant database URL; secret */
	HP_F_TIME,     /* RFC 3339 UTC */
};

enum {
	HP_FF_READONLY = 1,   /* set by the panel, never by a request */
	HP_FF_CREATE = 2,     /* may be given when the object is made, not changed later */
	HP_FF_OPERATOR = 4,   /* only the operator may change it */
	HP_FF_NODE = 8,       /* goes into the state document */
	HP_FF_SECRET = 16,    /* masked in output and audit */
	HP_FF_NULLABLE = 32,  /* the empty value unsets it */
	HP_FF_LISTED = 64,    /* shown by list without -o */
};

struct hp_field {
	const char *name;       /* key, JSON key, SQL column */
	enum hp_ftype type;
	int64_t min, max;       /* value or length bounds */
	const char *arg;
	const char *deflt;      /* canonical, or NULL */
	unsigned flags;
	const char *group;      /* "web" "php" "tls" …: grouping in forms and man pages */
	const char *help;       /* one line, lower case, with the unit */
};

struct hp_field_table {
	const char *object;           /* "site" */
	const struct hp_field *fields;
	unsigned n;
};

/* Index by name or -1. */
int hp_field_find(const struct hp_field_table *t, const char *name);
/*
 * Check value and write its canonical form. HP_E_USAGE "field: why" naming the
 * field, what was given (printable, cut) and what is allowed.
 */
int hp_field_check(struct hp_pool *pool, const struct hp_field *f, const char *value, size_t len,
	const char **ret, struct hp_err *err);

/* What a request wants changed of an object. */
struct hp_assign {
	unsigned field;      /* index into the object's table */
	const char *member;  /* of a JSON object: this one alone; NULL: the whole value */
	const char *value;   /* canonical; of a member: an object of it alone; NULL unsets it */
};
/*
 * "key=value", or "key@member=value" where the value is a JSON object; "php_version@/path=X.Y"
 * stands for php_paths. An unknown key: error with the nearest name.
 */
int hp_field_assign(struct hp_pool *pool, const struct hp_field_table *t, const char *assignment,
	struct hp_assign *ret, struct hp_err *err);
/* The key of an assignment as a field: its index or -1, and where the key ends. */
int hp_field_of(const struct hp_field_table *t, const char *assignment);
/* The value that a field has after a, when it had old (or NULL) before; errors as of a check. */
int hp_field_apply(struct hp_pool *pool, const struct hp_field_table *t, const struct hp_assign *a,
	const char *old, const char **ret, struct hp_err *err);

/* The canonical value as a JSON member: numbers, booleans, lists, objects as such; NULL as null. */
struct hp_jw;
void hp_field_json(struct hp_jw *w, const struct hp_field *f, const char *value);

/* What people and the audit trail see: HP_FIELD_MASK for a secret, in an object for each value. */
#define HP_FIELD_MASK "***"
const char *hp_field_shown(struct hp_pool *pool, const struct hp_field *f, const char *value);

/*
 * A digest over all values but times, and the further names (or NULL): which state of an object
 * somebody saw. What changes by itself, as the time of the last login, is not in it.
 */
#define HP_REVISION_SIZE 33
void hp_field_revision(const struct hp_field_table *t, const char *const *v,
	const struct hp_strv *aliases, char ret[HP_REVISION_SIZE]);

/* An IPv4 or IPv6 address as inet_ntop(3) writes it, or NULL. */
const char *hp_address(struct hp_pool *pool, const char *s);
/* The block of so many bits that a canonical address is in: "2001:db8::/64". */
const char *hp_address_network(struct hp_pool *pool, const char *s, unsigned prefix);

/* Domain names: A-label form, lower case, no trailing dot; "*." allowed when wildcard is true. */
int hp_domain_check(struct hp_pool *pool, const char *s, size_t len, bool wildcard,
	const char **ret, struct hp_err *err);
/* A Unix user name the panel may use: syntax and not in the reserved list. */
int hp_username_check(const char *s, size_t len, struct hp_err *err);

#endif
