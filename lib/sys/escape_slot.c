#include <arpa/inet.h>

#include "base/file.h"
#include "base/str.h"
#include "sys/escape_slot.h"
#include "sys/tmpl_priv.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"
#define ALNUM LOWER UPPER DIGIT

/* All of first.., then all of rest, and not longer than max? */
static bool is_made_of(const char *v, const char *first, const char *rest, size_t max)
{
	return *v && strchr(first, *v) && v[strspn(v, rest)] == '\0' && strnlen(v, max + 1) <= max;
}

/* A host name (RFC 1123 §2.1), lower case; "*." may stand in front. */
static bool is_domain(const char *v)
{
	size_t n;

	if (v[0] == '*' && v[1] == '.')
		v += 2;
	if (strnlen(v, 254) > 253)
		return false;
	for (;; v += n + 1) {
		n = strspn(v, LOWER DIGIT "-");
		if (n == 0 || n > 63 || v[0] == '-' || v[n - 1] == '-')
			return false;
		if (v[n] == '\0')
			return true;
		if (v[n] != '.')
			return false;
	}
}

static bool is_path(const char *v)
{
	return is_made_of(v, "/", ALNUM "/._@+=~-", 1024) && hp_path_is_clean(v);
}

static bool is_ident(const char *v)
{
	return is_made_of(v, ALNUM "_", ALNUM "_.-", 128);
}

static bool is_int(const char *v)
{
	int64_t i;

	return hp_parse_i64(v, INT64_MIN, INT64_MAX, &i) == 0;
}

/* Digits and one of the units. */
static bool is_quantity(const char *v, const char *const *units)
{
	size_t n = strspn(v, DIGIT);

	if (n == 0 || n > 18)
		return false;
	for (; *units; units++) {
		if (strcmp(v + n, *units) == 0)
			return true;
	}
	return false;
}

static bool is_size(const char *v)
{
	static const char *const units[] = {"", "k", "K", "m", "M", "g", "G", NULL};

	return is_quantity(v, units);
}

static bool is_time(const char *v)
{
	static const char *const units[] = {"", "ms", "s", "m", "h", "d", NULL};

	return is_quantity(v, units);
}

static bool is_word(const char *v)
{
	return is_made_of(v, ALNUM "_", ALNUM "_./+:-", 256) && !strstr(v, "..");
}

/* An IPv4 or IPv6 address, with or without the length of a network's prefix. */
static bool is_cidr(const char *v)
{
	char address[INET6_ADDRSTRLEN];
	unsigned char bytes[16];
	size_t n = strcspn(v, "/");
	uint64_t prefix = 0;
	bool v6;

	if (n >= sizeof(address))
		return false;
	memcpy(address, v, n);
	address[n] = '\0';
	v6 = strchr(address, ':');
	if (inet_pton(v6 ? AF_INET6 : AF_INET, address, bytes) != 1)
		return false;
	return v[n] == '\0' || hp_parse_u64(v + n + 1, v6 ? 128 : 32, &prefix) == 0;
}

/* As useradd(8) takes them. */
static bool is_user(const char *v)
{
	return is_made_of(v, LOWER "_", LOWER DIGIT "_-", 32);
}

static const struct slot {
	const char *name, *what;
	bool (*is)(const char *v);
} slots[] = {
	{"domain", "a host name in lower case", is_domain},
	{"path", "an absolute path of plain characters", is_path},
	{"ident", "an identifier", is_ident},
	{"int", "a whole number", is_int},
	{"size", "a size such as 256M", is_size},
	{"time", "a time such as 30s", is_time},
	{"word", "a word of plain characters", is_word},
	{"cidr", "an IP address or network", is_cidr},
	{"user", "a Unix user's name", is_user},
};

static const struct slot *find_slot(const char *name)
{
	for (size_t i = 0; i < HP_ARRAY_SIZE(slots); i++) {
		if (strcmp(slots[i].name, name) == 0)
			return &slots[i];
	}
	return NULL;
}

bool hp_escape_slot_exists(const char *name)
{
	/* Apache's, OpenLiteSpeed's and HTML's */
	static const char *const own[] = {
		"percent", "rewrite", "regex", "header", "pattern", "url", NULL};
	const char *const *a = own;

	while (*a && strcmp(*a, name) != 0)
		a++;
	return *a || find_slot(name);
}

int hp_escape_slot(struct hp_buf *out, const char *v, const char *slot, struct hp_err *err)
{
	const struct slot *s = find_slot(slot);
	char shown[80];

	if (!s)
		return hp_err_set(err, HP_E_CONF, "the slot \"%s\" is not for this format", slot);
	if (!s->is(v)) {
		hp_str_to_printable(shown, sizeof(shown), v, strlen(v), false);
		return hp_err_set(err, HP_E_USAGE, "\"%s\" is not %s", shown, s->what);
	}
	hp_buf_adds(out, v);
	return 0;
}
