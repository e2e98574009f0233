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
	struct hp_err *err;
};

/* HP_E_USAGE "field: "given" why"; secrets are not repeated. */
int hp_check_bad(const struct hp_check *c, const char *fmt, ...) HP_PRINTF(2, 3);

int hp_check_host(const struct hp_check *c, const char **ret);    /* field_net.c */
int hp_check_dburl(const struct hp_check *c, const char **ret);   /* field_net.c */
int hp_check_list(const struct hp_check *c, const char **ret);    /* field_list.c */
int hp_check_headers(const struct hp_check *c, const char **ret); /* field_headers.c */

/* An address or a block "10.0.0.0/8" in its canonical form; a whole address has no "/32". */
int hp_cidr_check(struct hp_pool *pool, const char *s, const char **ret, struct hp_err *err);

/* Labels of letters, digits and hyphens (RFC 1123): at least min_labels of them; in place, lower
 * case. */
int hp_ldh_check(char *name, size_t len, unsigned min_labels, struct hp_err *err);

#endif
