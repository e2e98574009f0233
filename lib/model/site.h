/* Tenants and websites as the rest of the program knows them: values indexed by field. */
#ifndef HP_MODEL_SITE_H
#define HP_MODEL_SITE_H

#include "model/field.h"

enum hp_tenant_field {
#define HP_FIELD(id, ...) HP_TENANT_##id,
#include "model/tenant.def"
#undef HP_FIELD
	HP_TENANT_FIELDS
};
extern const struct hp_field_table hp_tenant_table;

struct hp_tenant {
	const char *v[HP_TENANT_FIELDS];
};

/*
 * One website: the columns of websites and website_configs together, and its
 * further names. id, tenant_id, uid are decimal text like everything in v[].
 */
enum hp_site_field {
#define HP_FIELD(id, ...) HP_SITE_##id,
#include "model/site.def"
#undef HP_FIELD
	HP_SITE_FIELDS
};
extern const struct hp_field_table hp_site_table;

struct hp_site {
	const char *v[HP_SITE_FIELDS];
	struct hp_strv aliases; /* A-labels, sorted; "*.example.com" allowed */
};

/* Decimal text in v[f] as a number; 0 when unset. */
int64_t hp_site_i64(const struct hp_site *s, enum hp_site_field f);
bool hp_site_bool(const struct hp_site *s, enum hp_site_field f);

/* Further names that one website may have. */
#define HP_SITE_ALIASES_MAX 256

/* The uid that the website of this id has on every node. */
int64_t hp_site_uid(int64_t id);
/* What one field alone can't tell: that the settings fit each other. HP_E_USAGE naming both. */
int hp_site_check(const struct hp_site *s, struct hp_err *err);

/* Response headers that every website sends unless its http_security_headers names them. */
#define HP_SITE_HEADER_DEFAULTS 3
struct hp_site_header {
	const char *name, *value;
};
extern const struct hp_site_header hp_site_header_defaults[HP_SITE_HEADER_DEFAULTS];
/* The one of that name, in any case; or NULL. */
const struct hp_site_header *hp_site_header_default(const char *name);

/* A node's name: 1 to 63 lower case letters, digits, hyphens and dots. */
int hp_node_name_check(const char *name, struct hp_err *err);

#endif
