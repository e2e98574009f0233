/* Fields that name hosts and networks. */
#include <arpa/inet.h>
#include <string.h>

#include "base/str.h"
#include "model/field_impl.h"

const char *hp_address(struct hp_pool *pool, const char *s)
{
	unsigned char bin[16];
	char text[INET6_ADDRSTRLEN];
	int af = strchr(s, ':') ? AF_INET6 : AF_INET;

	if (inet_pton(af, s, bin) != 1)
		return NULL;
	return hp_pstrdup(pool, inet_ntop(af, bin, text, sizeof(text)));
}

const char *hp_address_network(struct hp_pool *pool, const char *s, unsigned prefix)
{
	unsigned char bin[16];
	char text[INET6_ADDRSTRLEN];
	int af = strchr(s, ':') ? AF_INET6 : AF_INET;
	unsigned i, bits = af == AF_INET6 ? 128 : 32;

	if (inet_pton(af, s, bin) != 1)
		return s;
	for (i = prefix; i < bits; i++)
		bin[i / 8] &= (unsigned char)~(0x80u >> (i % 8));
	return hp_pprintf(pool, "%s/%u", inet_ntop(af, bin, text, sizeof(text)), prefix);
}

int hp_check_host(const struct hp_check *c, const char **ret)
{
	struct hp_err why = HP_ERR_INIT;
	char *s = hp_pstrndup(c->pool, c->value, c->len);
	size_t n = c->len;
	const char *a;

	if (n > 2 && s[0] == '[' && s[n - 1] == ']') { /* as URLs write IPv6 */
		s[n - 1] = 0;
		a = strchr(s, ':') ? hp_address(c->pool, s + 1) : NULL;
	} else {
		a = n <= INET6_ADDRSTRLEN ? hp_address(c->pool, s) : NULL;
	}
	if (!a && !strchr(s, '.')) { /* "localhost" and the like */
		if (hp_ldh_check(s, n, 1, &why) == 0 && strspn(s, "0123456789") < n)
			a = s;
	} else if (!a && hp_domain_check(c->pool, s, n, false, &a, &why) < 0) {
		a = NULL;
	}
	if (!a)
		return hp_check_bad(c,
			"is not a host: a name as db.example.com, an IPv4 or an IPv6 address "
			"is wanted");
	*ret = a;
	return 0;
}

/* Bits behind the prefix must be zero: 10.0.0.1/8 is a slip for one of two things. */
static bool host_bits(const unsigned char *bin, unsigned bytes, unsigned prefix)
{
	unsigned i;

	for (i = prefix; i < bytes * 8; i++)
		if (bin[i / 8] & (0x80u >> (i % 8)))
			return true;
	return false;
}

int hp_cidr_check(struct hp_pool *pool, const char *s, const char **ret, struct hp_err *err)
{
	const char *slash = strchr(s, '/');
	unsigned char bin[16];
	char addr[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN];
	size_t n = slash ? (size_t)(slash - s) : strlen(s);
	int af = memchr(s, ':', n) ? AF_INET6 : AF_INET;
	unsigned bytes = af == AF_INET6 ? 16 : 4;
	uint64_t prefix = bytes * 8;

	if (n >= sizeof(addr))
		return hp_err_set(err, HP_E_USAGE, "is not an address");
	memcpy(addr, s, n);
	addr[n] = 0;
	if (inet_pton(af, addr, bin) != 1)
		return hp_err_set(err, HP_E_USAGE,
			"is not an IPv4 or IPv6 address or block, as 192.0.2.0/24 "
			"or 2001:db8::/32");
	if (slash && hp_parse_u64(slash + 1, bytes * 8, &prefix) < 0)
		return hp_err_set(err, HP_E_USAGE,
			"has no prefix length from 0 to %u behind its slash", bytes * 8);
	if (host_bits(bin, bytes, (unsigned)prefix))
		return hp_err_set(err, HP_E_USAGE,
			"has bits set behind its prefix of %u: write the block's "
			"first address",
			(unsigned)prefix);
	inet_ntop(af, bin, text, sizeof(text));
	*ret = prefix == bytes * 8 ? hp_pstrdup(pool, text)
				   : hp_pprintf(pool, "%s/%u", text, (unsigned)prefix);
	return 0;
}

/*
 * Only what can be judged without a driver: scheme, and that a server or a path stands behind it.
 * lib/db reads the rest when it opens it.
 */
int hp_check_dburl(const struct hp_check *c, const char **ret)
{
	static const char *const servers[] = {"postgresql://", "mysql://", "mariadb://"};
	const char *rest = NULL, *s = hp_pstrndup(c->pool, c->value, c->len);
	size_t i;

	if (c->len > (size_t)c->f->max)
		return hp_check_bad(
			c, "has %zu bytes, but %lld are allowed", c->len, (long long)c->f->max);
	for (i = 0; i < c->len; i++)
		if (s[i] == ' ' || (unsigned char)s[i] >= 0x80 || strchr("\"<>\\^`{|}", s[i]))
			return hp_check_bad(
				c, "contains a character that a URL has only as %%XX (RFC 3986)");
	rest = hp_str_after(s, "sqlite:");
	if (rest && (rest[0] != '/' || rest[1] == '/' || !rest[1] || strstr(rest, "/../")))
		return hp_check_bad(c, "is not sqlite:/PATH with a clean absolute path");
	for (i = 0; i < HP_ARRAY_SIZE(servers) && !rest; i++) {
		rest = hp_str_after(s, servers[i]);
		if (rest && (!*rest || !strchr(rest, '/') || strchr(rest, '/') == rest))
			return hp_check_bad(c,
				"names no server and database: %suser:password@host:port/database "
				"is wanted",
				servers[i]);
	}
	if (!rest)
		return hp_check_bad(c,
			"is not a database URL: it begins with sqlite:, postgresql://, mysql:// "
			"or mariadb://");
	*ret = s;
	return 0;
}
