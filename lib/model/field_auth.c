/*
 * Paths that ask for a password: path → user → hash. Hashes are of those kinds that NGINX and
 * Apache both understand, and cheap ones: NGINX hashes in its event loop, once a
 * request, so that a dear hash is everybody's standstill, and a website could choose it.
 */
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "model/field_impl.h"
#include "sys/json.h"
#include "sys/pwhash.h"

#define B64 "./0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define CLEAR "{PLAIN}" /* as RFC 2307 and NGINX write that no hash is meant */
#define CLEAR_MAX_LEN 256
#define USERS_MAX 100
#define ROUNDS_MAX 5000 /* what crypt(5) has unless told otherwise */
#define COST_MAX 7      /* htpasswd -B has 5 */

/* salt "$" hash, of these lengths, to the end of s. */
static bool is_salted(const char *s, size_t salt_min, size_t salt_max, size_t hash)
{
	size_t n = strspn(s, B64);

	if (n < salt_min || n > salt_max || s[n] != '$')
		return false;
	s += n + 1;
	return strspn(s, B64) == hash && !s[hash];
}

/* Behind "$5$" or "$6$". */
static bool is_sha(const char *s, size_t hash, bool *ret_dear)
{
	const char *rounds = hp_str_after(s, "rounds=");
	uint64_t n;

	if (rounds) {
		const char *end = strchr(rounds, '$');
		char text[16];

		if (!end || (size_t)(end - rounds) >= sizeof(text))
			return false;
		memcpy(text, rounds, (size_t)(end - rounds));
		text[end - rounds] = 0;
		if (hp_parse_u64(text, 999999999, &n) < 0 || n < 1000)
			return false;
		*ret_dear = n > ROUNDS_MAX;
		s = end + 1;
	}
	return is_salted(s, 0, 16, hash);
}

/* Behind "$2y$": "05$", 22 characters of salt, 31 of hash. */
static bool is_bcrypt(const char *s, bool *ret_dear)
{
	unsigned cost;

	if (strspn(s, "0123456789") != 2 || s[2] != '$')
		return false;
	cost = (unsigned)(s[0] - '0') * 10 + (unsigned)(s[1] - '0');
	*ret_dear = cost > COST_MAX;
	return cost >= 4 && cost <= 31 && strspn(s + 3, B64) == 53 && !s[56];
}

static bool is_hash(const char *v, bool *ret_dear)
{
	const char *s;

	*ret_dear = false;
	if ((s = hp_str_after(v, "$6$")))
		return is_sha(s, 86, ret_dear);
	if ((s = hp_str_after(v, "$5$")))
		return is_sha(s, 43, ret_dear);
	if ((s = hp_str_after(v, "$2y$")))
		return is_bcrypt(s, ret_dear);
	if ((s = hp_str_after(v, "$apr1$")))
		return is_salted(s, 1, 8, 22);
	return false;
}

static int check_user(const struct hp_check *c, const char *key, const char **ret)
{
	size_t n = strlen(key);

	if (!n || n > 64 ||
		key[strspn(key,
			"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			"._@+-")])
		return hp_check_member(
			c, key, "is not a user's name of 1 to 64 letters, digits and ._@+-");
	*ret = key;
	return 0;
}

static int check_hash(const struct hp_check *c, const char *key, const char *v, const char **ret)
{
	const char *clear = c->request ? hp_str_after(v, CLEAR) : NULL;
	bool dear;

	if (clear && (!*clear || strlen(clear) > CLEAR_MAX_LEN))
		return hp_check_member(c, key,
			"has an empty password, or one of more than %d bytes", CLEAR_MAX_LEN);
	/* who sees passwords masked sends back those that are to stay as they are */
	if (clear || (c->request && hp_streq(v, HP_FIELD_MASK))) {
		*ret = v;
		return 0;
	}
	if (!is_hash(v, &dear)) {
		hp_check_member(c, key,
			"has what is not a hash that every web server knows: $6$, $5$, $2y$ or "
			"$apr1$ is wanted, as crypt(5) writes it");
		return hp_err_hint(c->err,
			"openssl passwd -6 makes one, and the panel does of \"" CLEAR "PASSWORD\"");
	}
	if (dear)
		return hp_check_member(c, key,
			"has a hash that takes too long for every request: $6$ and $5$ with %d "
			"rounds, $2y$ with a cost of %d are the most",
			ROUNDS_MAX, COST_MAX);
	*ret = v;
	return 0;
}

static const struct hp_map_kind users = {
	.of = "users and hashes", .key = check_user, .value = check_hash};

const struct hp_map_kind hp_map_basic_auth = {.name = "basic_auth",
	.of = "paths and their users",
	.key = hp_check_place,
	.inner = &users,
	.inner_max = USERS_MAX};

/* ---- from passwords to hashes ---- */
static int hash_one(struct hp_pool *pool, const char *clear, const struct hp_json *old,
	const char **ret, struct hp_err *err)
{
	const char *had = old ? hp_json_str(old) : NULL;

	if (had && hp_pwhash_is(clear, had)) {
		*ret = had;
		return 0;
	}
	if (hp_pwhash(pool, clear, ret, err) < 0)
		return hp_err_prefix(err, "basic_auth");
	return 0;
}

/* The one that there is. */
static int keep_one(const struct hp_json *path, const struct hp_json *v, const struct hp_json *old,
	const char **ret, struct hp_err *err)
{
	const char *had = old ? hp_json_str(old) : NULL;

	if (had) {
		*ret = had;
		return 0;
	}
	hp_err_field(err, HP_E_USAGE, "basic_auth",
		"%s of %s has no password yet that " HP_FIELD_MASK " could stand for",
		hp_json_key(v), hp_json_key(path));
	return hp_err_hint(err, "give one: " CLEAR "PASSWORD, or a hash");
}

static int hash_users(struct hp_pool *pool, struct hp_jw *w, const struct hp_json *path,
	const struct hp_json *old, struct hp_err *err)
{
	const struct hp_json *v;

	hp_jw_obj(w, hp_json_key(path));
	for (v = hp_json_first(path); v; v = hp_json_next(v)) {
		const char *h = hp_json_str(v), *clear = hp_str_after(h, CLEAR);
		const struct hp_json *had = old ? hp_json_get(old, hp_json_key(v)) : NULL;

		if ((clear && hash_one(pool, clear, had, &h, err) < 0) ||
			(hp_streq(h, HP_FIELD_MASK) && keep_one(path, v, had, &h, err) < 0))
			return err->code;
		hp_jw_str(w, hp_json_key(v), h);
	}
	hp_jw_end(w, '}');
	return 0;
}

int hp_auth_hash(struct hp_pool *pool, const struct hp_field *f, const char *auth, const char *old,
	const char **ret, struct hp_err *err)
{
	struct hp_json *doc _cleanup_json_ = NULL, *was _cleanup_json_ = NULL;
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	const struct hp_json *v;
	struct hp_jw w;

	if (!hp_streq(f->arg, hp_map_basic_auth.name) ||
		!(strstr(auth, CLEAR) || strstr(auth, HP_FIELD_MASK)))
		return 0;
	if (hp_json_parse(auth, strlen(auth), &doc, err) < 0 ||
		hp_json_parse(old, strlen(old), &was, err) < 0)
		return err->code;
	hp_jw_init(&w, &b, false);
	hp_jw_obj(&w, NULL);
	for (v = hp_json_first(doc); v; v = hp_json_next(v))
		if (hash_users(pool, &w, v, hp_json_get(was, hp_json_key(v)), err) < 0)
			return err->code;
	hp_jw_end(&w, '}');
	*ret = hp_pstrdup(pool, hp_buf_str(&b));
	return 0;
}
