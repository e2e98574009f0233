/* Owner of <crypt.h>. */
#include <crypt.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "sys/lib.h"
#include "sys/pwhash.h"

static struct {
	__typeof__(&crypt_rn) crypt;
	__typeof__(&crypt_gensalt_rn) gensalt;
} lib;

static int load(struct hp_err *err)
{
	static const struct hp_lib_sym syms[] = {
		{"crypt_gensalt_rn", &lib.gensalt},
		{"crypt_rn", &lib.crypt},
		{NULL, NULL},
	};

	return lib.crypt ? 0 : hp_lib_load(HP_LIB_CRYPT, syms, err);
}

/* The hash in pool, or NULL. */
static const char *hash(struct hp_pool *pool, const char *password, const char *setting)
{
	struct crypt_data *data = hp_palloc(pool, sizeof(*data));
	const char *h = lib.crypt(password, setting, data, sizeof(*data));

	h = h && *h != '*' ? hp_pstrdup(pool, h) : NULL;
	hp_wipe(data, sizeof(*data));
	return h;
}

static int new_hash(struct hp_pool *pool, const char *kind, const char *password, const char **ret,
	struct hp_err *err)
{
	struct hp_pool *own _cleanup_pool_ = hp_pool_new();
	char setting[CRYPT_GENSALT_OUTPUT_SIZE], random[16];
	const char *h;

	if (load(err) < 0)
		return err->code;
	hp_random(random, sizeof(random));
	if (!lib.gensalt(kind, 0, random, sizeof(random), setting, sizeof(setting)) ||
		!(h = hash(own, password, setting)))
		return hp_err_set(err, HP_E_OS, "the system can't hash a password");
	*ret = hp_pstrdup(pool, h);
	hp_wipe(random, sizeof(random));
	return 0;
}

int hp_pwhash(struct hp_pool *pool, const char *password, const char **ret, struct hp_err *err)
{
	return new_hash(pool, "$6$", password, ret, err);
}

int hp_pwhash_login(struct hp_pool *pool, const char *password, const char **ret,
	struct hp_err *err)
{
	return new_hash(pool, "$y$", password, ret, err);
}

bool hp_pwhash_is(const char *password, const char *wanted)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_err ignored = HP_ERR_INIT;
	const char *h;

	if (load(&ignored) < 0)
		return false;
	h = hash(pool, password, wanted);
	return h && hp_str_is_same(h, wanted);
}
