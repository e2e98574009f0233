/* The configuration reader: what it accepts it can give back, every value a line of text. */
#include "base/str.h"
#include "sys/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void look(const struct hp_conf *c, const char *section, const char *key)
{
	const char *v = hp_conf_get(c, section, key);

	HP_BUG_ON(hp_conf_is_set(c, section, key) && !v);
	HP_BUG_ON(v && (hp_str_has_control(v, strlen(v)) || !hp_utf8_is_valid(v, strlen(v))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_err err = HP_ERR_INIT;
	struct hp_conf *c;
	int r;

	r = hp_conf_parse(pool, "fuzz.conf", (const char *)data, n, &c, &err);
	if (r < 0) {
		HP_BUG_ON(err.code != HP_E_CONF || !hp_str_starts(err.msg, "fuzz.conf"));
		return 0;
	}
	for (const struct hp_conf_key *k = hp_conf_keys; k->section; k++) {
		if (!hp_str_ends(k->section, ".*")) {
			look(c, k->section, k->key);
			continue;
		}
		look(c, hp_pprintf(pool, "%.*s.8.2", (int)strlen(k->section) - 2, k->section),
			k->key);
	}
	return 0;
}
