/* Database URLs. */
#include "db/url.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"

static const struct {
	const char *scheme;
	enum hp_engine engine;
} schemes[] = {
	{"sqlite:", HP_ENGINE_SQLITE},
	{"postgresql://", HP_ENGINE_POSTGRESQL},
	{"postgres://", HP_ENGINE_POSTGRESQL},
	{"mysql://", HP_ENGINE_MYSQL},
	{"mariadb://", HP_ENGINE_MARIADB},
};

static const char *const sslmodes[] = {
	[HP_SSL_PREFER] = "prefer",
	[HP_SSL_DISABLE] = "disable",
	[HP_SSL_REQUIRE] = "require",
	[HP_SSL_VERIFY_CA] = "verify-ca",
	[HP_SSL_VERIFY_FULL] = "verify-full",
};

/* RFC 3986 unreserved and sub-delims, and what else the component takes. */
static bool is_pchar(char c, const char *also)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-._~!$&'()*+,;=", c)) || (c && strchr(also, c));
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decode one component of n bytes. what names it in messages; its bytes stay out of them. */
static int decode(struct hp_pool *pool, const char *what, const char *s, size_t n, const char *also,
	char **ret, struct hp_err *err)
{
	char *out = hp_palloc(pool, n + 1);
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (c == '%') {
			if (n - i < 3 || hex(s[i + 1]) < 0 || hex(s[i + 2]) < 0)
				return hp_err_set(err, HP_E_CONF,
					"database URL: a \"%%\" in the %s is not followed by two hexadecimal digits",
					what);
			c = (char)(hex(s[i + 1]) << 4 | hex(s[i + 2]));
			i += 2;
		} else if (!is_pchar(c, also)) {
			hp_err_set(err, HP_E_CONF,
				"database URL: the %s contains a character that must be written as %%XX",
				what);
			return hp_err_hint(err, "\"@\" is %%40, \":\" is %%3A, \"/\" is %%2F");
		}
		out[len++] = c;
	}
	if (memchr(out, '\0', len) || hp_str_has_control(out, len) || !hp_utf8_is_valid(out, len))
		return hp_err_set(err, HP_E_CONF,
			"database URL: the %s contains a control character or bad UTF-8", what);
	*ret = out;
	return 0;
}

static void encode(struct hp_buf *b, const char *s, const char *also)
{
	for (; *s; s++)
		if (is_pchar(*s, also))
			hp_buf_addc(b, *s);
		else
			hp_buf_addf(b, "%%%02X", (unsigned)(unsigned char)*s);
}

static int parse_sqlite(
	struct hp_pool *pool, const char *s, struct hp_db_url *u, struct hp_err *err)
{
	_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;
	char *path;
	int r;

	if (hp_str_starts(s, "///")) /* an empty authority */
		s += 2;
	r = decode(pool, "path", s, strlen(s), "/:@", &path, err);
	if (r < 0)
		return r;
	if (!hp_path_is_clean(path) || strcmp(path, "/") == 0) {
		hp_err_set(
			err, HP_E_CONF, "database URL: the path is not an absolute path of a file");
		return hp_err_hint(err, "write it as sqlite:/var/lib/hosting-panel/db/panel.db");
	}
	u->path = path;
	hp_buf_adds(&b, "sqlite:");
	encode(&b, path, "/:@");
	u->safe = hp_pstrdup(pool, hp_buf_str(&b));
	return 0;
}

static int parse_host(struct hp_pool *pool, const char *s, size_t n, struct hp_db_url *u,
	struct hp_err *err)
{
	const char *end = s + n, *colon;
	uint64_t port;
	char *host;
	int r;

	if (n && *s == '[') {
		const char *close = memchr(s, ']', n);

		if (!close || close == s + 1 ||
		    strspn(s + 1, "0123456789abcdefABCDEF:.") != (size_t)(close - s - 1))
			return hp_err_set(err, HP_E_CONF,
				"database URL: what stands in \"[…]\" is not an IPv6 address");
		u->host = hp_pstrndup(pool, s + 1, (size_t)(close - s - 1));
		colon = close + 1;
		if (colon < end && *colon != ':')
			return hp_err_set(
				err, HP_E_CONF, "database URL: text after the \"]\" of the host");
	} else {
		colon = memchr(s, ':', n);
		if (!colon)
			colon = end;
		r = decode(pool, "host", s, (size_t)(colon - s), "", &host, err);
		if (r < 0)
			return r;
		/*
		 * A slash would make libpq take it for a socket's folder, a comma for several
		 * hosts.
		 */
		if (strpbrk(host, "/,@") || *host == '-')
			return hp_err_set(
				err, HP_E_CONF, "database URL: the host is not a host name");
		u->host = *host ? host : NULL;
	}
	if (colon < end && colon + 1 < end) {
		char *digits = hp_pstrndup(pool, colon + 1, (size_t)(end - colon - 1));

		if (hp_parse_u64(digits, 65535, &port) < 0 || !port)
			return hp_err_set(err, HP_E_CONF,
				"database URL: the port is not a number from 1 to 65535");
		u->port = (unsigned)port;
	}
	return 0;
}

static int parse_authority(struct hp_pool *pool, const char *s, size_t n, struct hp_db_url *u,
	struct hp_err *err)
{
	const char *at = memchr(s, '@', n);
	const char *host = s;
	int r;

	if (at) {
		size_t len = (size_t)(at - s);
		const char *colon = memchr(s, ':', len);

		r = decode(
			pool, "user name", s, colon ? (size_t)(colon - s) : len, "", &u->user, err);
		if (r < 0)
			return r;
		if (!*u->user)
			u->user = NULL;
		if (colon) {
			r = decode(pool, "password", colon + 1, len - (size_t)(colon + 1 - s), ":",
				&u->password, err);
			if (r < 0)
				return r;
		}
		host = at + 1;
	}
	return parse_host(pool, host, n - (size_t)(host - s), u, err);
}

static int option(struct hp_pool *pool, struct hp_db_url *u, const char *key, const char *value,
	struct hp_err *err)
{
	const char **path = NULL;
	uint64_t n;

	if (hp_streq(key, "sslmode")) {
		for (unsigned i = 0; i < HP_ARRAY_SIZE(sslmodes); i++)
			if (hp_streq(value, sslmodes[i])) {
				u->sslmode = (enum hp_sslmode)i;
				return 0;
			}
		return hp_err_set(err, HP_E_CONF,
			"database URL: sslmode is one of disable, prefer, "
			"require, verify-ca, verify-full");
	}
	if (hp_streq(key, "connect_timeout")) {
		if (hp_parse_u64(value, 300, &n) < 0 || !n)
			return hp_err_set(err, HP_E_CONF,
				"database URL: connect_timeout is a number of seconds from 1 to 300");
		u->connect_timeout_s = (unsigned)n;
		return 0;
	}
	if (hp_streq(key, "sslrootcert"))
		path = &u->sslrootcert;
	else if (hp_streq(key, "sslcert"))
		path = &u->sslcert;
	else if (hp_streq(key, "sslkey"))
		path = &u->sslkey;
	else if (hp_streq(key, "socket"))
		path = &u->socket;
	if (!path) {
		hp_err_set(err, HP_E_CONF, "database URL: there is no option \"%s\"",
			hp_str_printable(pool, key, 40));
		return hp_err_hint(err,
			"options are sslmode, sslrootcert, sslcert, sslkey, connect_timeout "
			"and socket");
	}
	if (!hp_path_is_clean(value))
		return hp_err_set(err, HP_E_CONF, "database URL: %s is not an absolute path", key);
	*path = value;
	return 0;
}

static int parse_query(struct hp_pool *pool, const char *s, struct hp_db_url *u, struct hp_err *err)
{
	struct hp_strv seen = {0};

	while (*s) {
		size_t n = strcspn(s, "&");
		const char *eq = memchr(s, '=', n);
		char *key, *value;
		int r;

		if (!eq)
			return hp_err_set(
				err, HP_E_CONF, "database URL: an option is not written key=value");
		r = decode(pool, "option's name", s, (size_t)(eq - s), "", &key, err);
		if (r < 0)
			return r;
		r = decode(pool, "option's value", eq + 1, n - (size_t)(eq + 1 - s), ":@/?", &value,
			err);
		if (r < 0)
			return r;
		if (hp_strv_has(&seen, key))
			return hp_err_set(err, HP_E_CONF, "database URL: option \"%s\" stands twice",
				hp_str_printable(pool, key, 40));
		hp_strv_add_ref(pool, &seen, key);
		r = option(pool, u, key, value, err);
		if (r < 0)
			return r;
		s += n;
		if (*s)
			s++;
	}
	return 0;
}

static int check(struct hp_db_url *u, struct hp_err *err)
{
	if (u->socket && u->host && !hp_streq(u->host, "localhost"))
		return hp_err_set(
			err, HP_E_CONF, "database URL: a host and a socket are both given");
	if (!u->sslcert != !u->sslkey)
		return hp_err_set(
			err, HP_E_CONF, "database URL: sslcert and sslkey need each other");
	/* libpq and the servers cut longer names, each its own way. */
	if (!*u->database || strlen(u->database) > 63)
		return hp_err_set(err, HP_E_CONF,
			"database URL: the name of the database is missing or longer than 63 bytes");
	return 0;
}

static const char *safe_url(struct hp_pool *pool, const char *scheme, const struct hp_db_url *u)
{
	_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;
	const struct {
		const char *key, *value;
	} opts[] = {
		{"socket", u->socket},
		{"sslmode", u->sslmode == HP_SSL_PREFER ? NULL : sslmodes[u->sslmode]},
		{"sslrootcert", u->sslrootcert},
		{"sslcert", u->sslcert},
		{"sslkey", u->sslkey},
	};
	char sep = '?';

	hp_buf_adds(&b, scheme);
	if (u->user) {
		encode(&b, u->user, "");
		hp_buf_addc(&b, '@');
	}
	if (u->host && strchr(u->host, ':'))
		hp_buf_addf(&b, "[%s]", u->host);
	else if (u->host)
		encode(&b, u->host, "");
	if (u->port)
		hp_buf_addf(&b, ":%u", u->port);
	hp_buf_addc(&b, '/');
	encode(&b, u->database, "");
	for (size_t i = 0; i < HP_ARRAY_SIZE(opts); i++) {
		if (!opts[i].value)
			continue;
		hp_buf_addf(&b, "%c%s=", sep, opts[i].key);
		encode(&b, opts[i].value, "/:@");
		sep = '&';
	}
	if (u->connect_timeout_s)
		hp_buf_addf(&b, "%cconnect_timeout=%u", sep, u->connect_timeout_s);
	return hp_pstrdup(pool, hp_buf_str(&b));
}

int hp_db_url_parse(struct hp_pool *pool, const char *url, struct hp_db_url *ret,
	struct hp_err *err)
{
	struct hp_db_url u = {0};
	const char *s = NULL, *path, *query;
	size_t i, n;
	char *database;
	int r;

	if (strlen(url) > HP_DB_URL_MAX)
		return hp_err_set(
			err, HP_E_CONF, "database URL: longer than %d bytes", HP_DB_URL_MAX);
	for (i = 0; i < HP_ARRAY_SIZE(schemes) && !s; i++)
		s = hp_str_after(url, schemes[i].scheme);
	if (!s)
		return hp_err_set(err, HP_E_CONF, "database URL: it does not begin with sqlite:, "
			"postgresql://, mysql:// or mariadb://");
	u.engine = schemes[i - 1].engine;
	if (u.engine == HP_ENGINE_SQLITE) {
		r = parse_sqlite(pool, s, &u, err);
		if (r == 0)
			*ret = u;
		return r;
	}

	n = strcspn(s, "/?#");
	r = parse_authority(pool, s, n, &u, err);
	if (r < 0)
		return r;
	path = s + n;
	if (*path == '/')
		path++;
	n = strcspn(path, "?#");
	query = path + n;
	if (strchr(query, '#'))
		return hp_err_set(err, HP_E_CONF,
			"database URL: it has a \"#\" part, which means nothing here");
	r = decode(pool, "database's name", path, n, ":@", &database, err);
	if (r < 0)
		return r;
	u.database = database;
	r = parse_query(pool, *query ? query + 1 : query, &u, err);
	if (r < 0)
		return r;
	r = check(&u, err);
	if (r < 0)
		return r;
	u.safe = safe_url(pool, schemes[i - 1].scheme, &u);
	*ret = u;
	return 0;
}
