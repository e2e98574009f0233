/* What the files of the field checks share; nobody else includes this. */
#ifndef HP_MODEL_FIELD_IMPL_H
#define HP_MODEL_FIELD_IMPL_H

#include "model/field.h"

/* One value under check: len bytes without NUL, valid UTF-8, no control characters. */
struct hp_check {
	struct hp_pool *pool;
	const struct hp_field *f;
	const char *value;
	size_t len;
	bool request; /* passwords may be "{PLAIN}…": hp_field_apply() hashes them */
	struct hp_err *err;
};

/* As hp_field_check(), of what a request says. */
int hp_field_check_request(struct hp_pool *pool, const struct hp_field *f, const char *value,
	size_t len, const char **ret, struct hp_err *err);

/* HP_E_USAGE "field: "given" why"; secrets are not repeated. */
int hp_check_bad(const struct hp_check *c, const char *fmt, ...) HP_PRINTF(2, 3);

int hp_check_host(const struct hp_check *c, const char **ret);    /* field_net.c */
int hp_check_dburl(const struct hp_check *c, const char **ret);   /* field_net.c */
int hp_check_list(const struct hp_check *c, const char **ret);    /* field_list.c */
int hp_check_map(const struct hp_check *c, const char **ret);     /* field_map.c */
int hp_check_login(const struct hp_check *c, const char **ret);   /* user.c */
int hp_check_email(const struct hp_check *c, const char **ret);   /* user.c */
int hp_check_subpath(const struct hp_check *c, const char **ret); /* field_path.c */

/*
 * What may stand in a JSON object: each key and value in its canonical form, or HP_E_USAGE by
 * hp_check_bad_member() or the like. A value is a string, or an object of kind inner.
 */
struct hp_map_kind {
	const char *name;   /* arg of the field */
	const char *of;     /* "header names and values" */
	bool any_case;      /* keys that differ in case alone are one */
	int (*key)(const struct hp_check *c, const char *key, const char **ret);
	int (*value)(const struct hp_check *c, const char *key, const char *v, const char **ret);
	const struct hp_map_kind *inner;
	size_t inner_max;   /* members of each inner object, at least one */
};
extern const struct hp_map_kind hp_map_headers;      /* field_headers.c */
extern const struct hp_map_kind hp_map_redirects;    /* field_web.c */
extern const struct hp_map_kind hp_map_error_pages;  /* field_web.c */
extern const struct hp_map_kind hp_map_basic_auth;   /* field_auth.c */
extern const struct hp_map_kind hp_map_php_settings; /* field_ini.c */
extern const struct hp_map_kind hp_map_php_paths;    /* field_web.c */

/* HP_E_USAGE "field: KEY why". */
int hp_check_member(const struct hp_check *c, const char *key, const char *fmt, ...)
	HP_PRINTF(3, 4);
/* X.Y */
bool hp_is_php_version(const char *v, size_t n);

/*
 * Hash what is "{PLAIN}…" in a checked basic_auth; *ret stays as it is where there is none. Where
 * old has that user with that password, its hash stays: the same request twice changes nothing; and
 * where HP_FIELD_MASK is what was asked for, which is refused where there is none.
 */
int hp_auth_hash(struct hp_pool *pool, const struct hp_field *f, const char *auth, const char *old,
	const char **ret, struct hp_err *err);           /* field_auth.c */
bool hp_map_has_any_case(const struct hp_field *f);      /* field_map.c */

/*
 * A path in a URL: begins with "/", of letters, digits and /._~+-, without empty names, "." and
 * "..". Below what the panel itself answers there is nothing to set.
 */
bool hp_url_path_is_plain(const char *path);
bool hp_url_path_is_own(const char *path);
/* A key that is such a path, without slashes at its end; "/" is the whole website. */
int hp_check_place(const struct hp_check *c, const char *key, const char **ret); /* field_web.c */

/* An address or a block "10.0.0.0/8" in its canonical form; a whole address has no "/32". */
int hp_cidr_check(struct hp_pool *pool, const char *s, const char **ret, struct hp_err *err);

/* Would a target, as a path, be redirected from "from" again? field_web.c */
bool hp_redirect_is_loop(struct hp_pool *pool, const char *from, const char *to);

/* Labels of letters, digits and hyphens (RFC 1123): at least min_labels of them; in place, lower
 * case. */
int hp_ldh_check(char *name, size_t len, unsigned min_labels, struct hp_err *err);

#endif
