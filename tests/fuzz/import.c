/* Websites out of a configuration that somebody else has written. */
#include "base/str.h"
#include "node/import.h"
#include "tests/fuzz/import.h"

int fuzz_import(const char *server, const uint8_t *data, size_t n)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_import_opts o = {.server = server, .name = "fuzz", .len = n};
	struct hp_err err = HP_ERR_INIT;
	struct hp_import found;
	char *text;
	size_t i, j;
	int r;

	text = hp_palloc(pool, n + 1);
	if (n)
		memcpy(text, data, n);
	o.text = text;
	r = hp_import(pool, &o, &found, &err);
	HP_BUG_ON(r != err.code || (r < 0 && !*err.msg));
	for (i = 0; r == 0 && i < found.n; i++) {
		const char *domain = found.v[i].site.v[HP_SITE_DOMAIN], *v;

		HP_BUG_ON(hp_domain_check(pool, domain, strlen(domain), false, &v, &err) < 0);
		/* what comes out is what every setting takes */
		for (j = 0; j < HP_SITE_FIELDS; j++) {
			v = found.v[i].site.v[j];
			HP_BUG_ON(v &&
				hp_field_check(pool, &hp_site_table.fields[j], v, strlen(v), &v,
					&err) < 0);
		}
	}
	for (i = 0; r == 0 && i < found.n_notes; i++)
		HP_BUG_ON(hp_str_has_control(found.notes[i].why, strlen(found.notes[i].why)));
	return 0;
}
