#include <string.h>

#include "base/str.h"
#include "model/site.h"

#define HP_FIELD(id, name, type, min, max, arg, deflt, flags, group, help)                         \
	{name, type, min, max, arg, deflt, flags, group, help},

static const struct hp_field tenant_fields[] = {
#include "model/tenant.def"
};

static const struct hp_field site_fields[] = {
#include "model/site.def"
};
#undef HP_FIELD

const struct hp_field_table hp_tenant_table = {"tenant", tenant_fields, HP_TENANT_FIELDS};
const struct hp_field_table hp_site_table = {"website", site_fields, HP_SITE_FIELDS};

int64_t hp_site_i64(const struct hp_site *s, enum hp_site_field f)
{
	int64_t v = 0;

	if (s->v[f])
		hp_parse_i64(s->v[f], INT64_MIN, INT64_MAX, &v);
	return v;
}

bool hp_site_bool(const struct hp_site *s, enum hp_site_field f)
{
	return hp_streq(s->v[f], "true");
}

/*
 * 20000 to 59999 is free on Debian (policy §9.2.2) between useradd's own first users and the range
 * that systemd and the globally allocated ids begin at; behind it comes what no tool allocates by
 * itself.
 */
int64_t hp_site_uid(int64_t id)
{
	return id <= 39999 ? 20000 + id : 1000000 + id;
}

int hp_node_name_check(const char *name, struct hp_err *err)
{
	size_t i, n = strlen(name);

	for (i = 0; i < n; i++)
		if (!((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= '0' && name[i] <= '9') ||
			    (i && (name[i] == '-' || name[i] == '.'))))
			break;
	if (!n || n > 63 || i < n)
		return hp_err_field(err, HP_E_USAGE, "node",
			"a name of 1 to 63 lower case letters, digits, hyphens "
			"and dots is wanted");
	return 0;
}
