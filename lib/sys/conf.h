/*
 * Configuration files (/etc/hosting-panel/hosting-panel.conf): [section] and
 * key = value (or key: value) as inih reads them, quotes around values and section
 * parts stripped ([php."8.3"] is section php.8.3). "…" knows \" and \\, '…' nothing.
 * A comment is a line that starts with ';' or '#', or what follows a value behind
 * a blank. Lines up to 64 KiB, the file up to 1 MiB, valid UTF-8. Duplicate keys,
 * reopened sections, unknown sections and keys are errors naming file:line.
 * The only user of inih.
 */
#ifndef HP_SYS_CONF_H
#define HP_SYS_CONF_H

#include "base/err.h"
#include "base/pool.h"

struct hp_conf;

/* What may stand in the file. section may end in ".*" (php.*). The table ends with section NULL. */
struct hp_conf_key {
	const char *section, *key;
	const char *deflt; /* or NULL */
	const char *help;
	/* 0, or HP_E_CONF and a message about the value alone; NULL accepts any text */
	int (*check)(const char *value, struct hp_err *err);
	/* what the "*" may stand for; NULL accepts any word */
	bool (*part)(const char *part);
};
extern const struct hp_conf_key hp_conf_keys[]; /* lib/sys/conf_keys.c: the one list */

/* Read it; a missing file gives the defaults. Lives in pool. */
int hp_conf_load(struct hp_pool *pool, const char *path, struct hp_conf **ret, struct hp_err *err);
/* The same from text (tests, fuzzing). */
int hp_conf_parse(struct hp_pool *pool, const char *name, const char *text, size_t n,
	struct hp_conf **ret, struct hp_err *err);
/* The value as written, or the key's default, or NULL. A key that is not on the list is a bug. */
const char *hp_conf_get(const struct hp_conf *c, const char *section, const char *key);
bool hp_conf_is_set(const struct hp_conf *c, const char *section, const char *key);
/* The path it was given, also where there is no such file. */
const char *hp_conf_path(const struct hp_conf *c);
/* The sections in the file that start with prefix ("php."), in order, appended to ret. */
void hp_conf_sections(const struct hp_conf *c, struct hp_pool *pool, const char *prefix,
	struct hp_strv *ret);

#endif
