/* API keys as the rest of the program knows them: values indexed by field. */
#ifndef HP_MODEL_KEY_H
#define HP_MODEL_KEY_H

#include "model/field.h"

enum hp_key_field {
	HP_KEY_KEY, HP_KEY_USERNAME, HP_KEY_NAME, HP_KEY_VERBS, HP_KEY_SITES, HP_KEY_FROM,
	HP_KEY_MADE_BY,
	HP_KEY_EXPIRES_AT, HP_KEY_CREATED_AT, HP_KEY_LAST_USED_AT, HP_KEY_LAST_USED_FROM,
	HP_KEY_FIELDS
};
extern const struct hp_field_table hp_key_table;

struct hp_key {
	const char *v[HP_KEY_FIELDS];
};

#define HP_KEY_EXPIRES_S (90LL * 86400)       /* unless given */
#define HP_KEY_EXPIRES_MAX_S (1825LL * 86400) /* five years */

/* Is the string in a JSON array of strings? */
bool hp_list_has(const char *list, const char *s);
/* Does a pattern of the list (a JSON array; empty: everything) fit the domain? */
bool hp_sites_fit(const char *sites, const char *domain);
/* Is the address within the list (likewise)? */
bool hp_addresses_fit(const char *cidrs, const char *address);
/*
 * Is everything that list allows allowed by wider, too? Each HP_E_DENIED naming what is not. An
 * empty list of verbs allows nothing, of the others everything.
 */
int hp_verbs_within(const char *list, const char *wider, struct hp_err *err);
int hp_sites_within(const char *list, const char *wider, struct hp_err *err);
int hp_addresses_within(const char *list, const char *wider, struct hp_err *err);

#endif
