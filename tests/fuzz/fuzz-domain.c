/* Domain names: what is accepted is an A-label name of a safe file name, and stays as it is. */
#include "base/str.h"
#include "model/field.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_accepted(struct hp_pool *pool, const char *name, bool wildcard)
{
	struct hp_err err = HP_ERR_INIT;
	const char *again, *rest = name;

	if (wildcard && hp_str_starts(name, "*."))
		rest += 2;
	HP_BUG_ON(strlen(name) > 253 || !strchr(rest, '.') || *rest == '.' || *rest == '-');
	HP_BUG_ON(strspn(rest, "abcdefghijklmnopqrstuvwxyz0123456789-.") != strlen(rest));
	HP_BUG_ON(strstr(rest, "..") || rest[strlen(rest) - 1] == '.');
	HP_BUG_ON(hp_domain_check(pool, name, strlen(name), wildcard, &again, &err) < 0);
	HP_BUG_ON(strcmp(name, again) != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();

	for (int wildcard = 0; wildcard < 2; wildcard++) {
		struct hp_err err = HP_ERR_INIT;
		const char *name;

		if (hp_domain_check(pool, (const char *)data, n, wildcard, &name, &err) == 0)
			check_accepted(pool, name, wildcard);
		else
			HP_BUG_ON(err.code != HP_E_USAGE || !*err.msg);
	}
	return 0;
}
