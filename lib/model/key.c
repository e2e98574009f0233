/* The table of keys, and which scope is within which. */
#include <arpa/inet.h>
#include <fnmatch.h>
#include <string.h>

#include "base/str.h"
#include "model/key.h"
#include "sys/json.h"

#define RO HP_FF_READONLY
#define LI HP_FF_LISTED
static const struct hp_field key_fields[] = {
	{"key", HP_F_TEXT, 1, 12, NULL, NULL, RO | LI, "key", "name of the key, no secret"},
	{"username", HP_F_LOGIN, 1, 63, NULL, NULL, RO | LI, "key", "the user that it acts as"},
	{"name", HP_F_TEXT, 1, 255, NULL, NULL, HP_FF_NULLABLE | LI, "key", "what it is for"},
	{"verbs", HP_F_LIST, 1, 64, "verb", NULL, LI, "key", "what may be done with it"},
	{"sites", HP_F_LIST, 0, 64, "pattern", "[]", LI, "key",
		"with which websites; none: all of the user's"},
	{"from", HP_F_LIST, 0, 64, "cidr", "[]", 0, "key", "from which addresses; none: from all"},
	{"made_by", HP_F_TEXT, 1, 12, NULL, NULL, RO, "key", "key that has made it, if one has"},
	{"expires_at", HP_F_TIME, 0, 0, NULL, NULL, RO | LI, "key", "until when it is good, UTC"},
	{"created_at", HP_F_TIME, 0, 0, NULL, NULL, RO, "key", "when it was made, UTC"},
	{"last_used_at", HP_F_TIME, 0, 0, NULL, NULL, RO | LI, "key",
		"when it was last used, UTC, to the minute"},
	{"last_used_from", HP_F_HOST, 0, 64, NULL, NULL, RO, "key",
		"address it was last used from"},
};

const struct hp_field_table hp_key_table = {"key", key_fields, HP_KEY_FIELDS};

/* ---- lists ---- */
/* Does fn say yes to a string of the JSON array? */
static bool any(const char *list, bool (*fn)(const char *item, const char *arg), const char *arg)
{
	struct hp_json *doc _cleanup_json_ = NULL;
	struct hp_err ignored = HP_ERR_INIT;
	const struct hp_json *v;

	if (!list || hp_json_parse(list, strlen(list), &doc, &ignored) < 0)
		return false;
	for (v = hp_json_first(doc); v; v = hp_json_next(v))
		if (hp_json_str(v) && fn(hp_json_str(v), arg))
			return true;
	return false;
}

static bool is_same(const char *item, const char *arg)
{
	return strcmp(item, arg) == 0;
}

bool hp_list_has(const char *list, const char *s)
{
	return any(list, is_same, s);
}

/*
 * A pattern matches another one as text only where its own "*" covers the other's: then it matches
 * whatever the other does.
 */
static bool pattern_fits(const char *pattern, const char *arg)
{
	return fnmatch(pattern, arg, FNM_NOESCAPE) == 0;
}

bool hp_sites_fit(const char *sites, const char *domain)
{
	return hp_streq(sites, "[]") || any(sites, pattern_fits, domain);
}

/* "192.0.2.0/24" into bytes and the length of the prefix. */
static bool take_cidr(const char *s, unsigned char bytes[16], int *af, unsigned *prefix)
{
	const char *slash = strchr(s, '/');
	char text[INET6_ADDRSTRLEN];
	size_t n = slash ? (size_t)(slash - s) : strlen(s);
	uint64_t bits;

	if (n >= sizeof(text))
		return false;
	memcpy(text, s, n);
	text[n] = 0;
	*af = strchr(text, ':') ? AF_INET6 : AF_INET;
	bits = *af == AF_INET6 ? 128 : 32;
	if (inet_pton(*af, text, bytes) != 1 || (slash && hp_parse_u64(slash + 1, bits, &bits) < 0))
		return false;
	*prefix = (unsigned)bits;
	return true;
}

/* Is arg, an address or a block, within item? */
static bool cidr_fits(const char *item, const char *arg)
{
	unsigned char a[16], b[16];
	unsigned i, wide, narrow;
	int af, bf;

	if (!take_cidr(item, a, &af, &wide) || !take_cidr(arg, b, &bf, &narrow) || af != bf ||
		wide > narrow)
		return false;
	for (i = 0; i < wide; i++)
		if ((a[i / 8] ^ b[i / 8]) & (0x80u >> (i % 8)))
			return false;
	return true;
}

bool hp_addresses_fit(const char *cidrs, const char *address)
{
	return hp_streq(cidrs, "[]") || any(cidrs, cidr_fits, address);
}

/* ---- within ---- */
static int within(const char *list, const char *wider, const char *what,
	bool (*fn)(const char *item, const char *arg), struct hp_err *err)
{
	struct hp_json *doc _cleanup_json_ = NULL;
	const struct hp_json *v;

	if (hp_json_parse(list, strlen(list), &doc, err) < 0)
		return err->code;
	for (v = hp_json_first(doc); v; v = hp_json_next(v))
		if (!any(wider, fn, hp_json_str(v)))
			return hp_err_field(err, HP_E_DENIED, what,
				"%s is more than the key has that makes it", hp_json_str(v));
	return 0;
}

int hp_verbs_within(const char *list, const char *wider, struct hp_err *err)
{
	return within(list, wider, "verbs", is_same, err);
}

/* No list is everything, which is within a list of nothing. */
static int all_or_within(const char *list, const char *wider, const char *what,
	bool (*fn)(const char *item, const char *arg), struct hp_err *err)
{
	if (hp_streq(wider, "[]"))
		return 0;
	if (hp_streq(list, "[]"))
		return hp_err_field(
			err, HP_E_DENIED, what, "all is more than the key has that makes it");
	return within(list, wider, what, fn, err);
}

int hp_sites_within(const char *list, const char *wider, struct hp_err *err)
{
	return all_or_within(list, wider, "sites", pattern_fits, err);
}

int hp_addresses_within(const char *list, const char *wider, struct hp_err *err)
{
	return all_or_within(list, wider, "from", cidr_fits, err);
}
