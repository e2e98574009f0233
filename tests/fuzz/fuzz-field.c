/*
 * The field tables: the first byte chooses a field of a website, a tenant or a user, the rest is
 * its value.
 * What is accepted has no control characters and is canonical; what is not names the field.
 */
#include "base/str.h"
#include "model/site.h"
#include "model/user.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_err err = HP_ERR_INIT;
	const struct hp_field *f;
	const char *v, *again;
	unsigned i;

	if (!n)
		return 0;
	i = data[0] % (HP_SITE_FIELDS + HP_TENANT_FIELDS + HP_USER_FIELDS);
	if (i < HP_SITE_FIELDS)
		f = &hp_site_table.fields[i];
	else if (i < HP_SITE_FIELDS + HP_TENANT_FIELDS)
		f = &hp_tenant_table.fields[i - HP_SITE_FIELDS];
	else
		f = &hp_user_table.fields[i - HP_SITE_FIELDS - HP_TENANT_FIELDS];
	if (hp_field_check(pool, f, (const char *)data + 1, n - 1, &v, &err) < 0) {
		HP_BUG_ON(err.code != HP_E_USAGE || !hp_str_starts(err.msg, f->name));
		return 0;
	}
	HP_BUG_ON(hp_str_has_control(v, strlen(v)) || !hp_utf8_is_valid(v, strlen(v)));
	HP_BUG_ON(hp_field_check(pool, f, v, strlen(v), &again, &err) < 0 || strcmp(v, again) != 0);
	return 0;
}
