/* Between the files of php*.c. Nobody else includes this. */
#ifndef HP_NODE_PHP_IMPL_H
#define HP_NODE_PHP_IMPL_H

#include "node/php.h"

/* An extension to be loaded for one site: php_ext.c */
struct hp_php_extension {
	const char *name;
	bool zend;
	int64_t priority; /* they are loaded in this order */
};
/*
 * Those of value, a JSON array of names, that the version does not load anyhow, in order.
 * HP_E_USAGE for one that the version does not have, saying which it has.
 */
int hp_php_extensions(struct hp_pool *pool, const char *root, const struct hp_php *php,
	const char *value, struct hp_php_extension **ret, size_t *ret_n, struct hp_err *err);
/* Is there NAME.so in its own extension_dir? False where it is Debian's. */
bool hp_php_has_module(
	struct hp_pool *pool, const char *root, const struct hp_php *php, const char *name);

#endif
