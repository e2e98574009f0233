/* The one list of configuration keys: what may stand in hosting-panel.conf, with which values. */
#include "base/file.h"
#include "base/str.h"
#include "sys/conf.h"
#include "sys/dns.h"
#include "sys/x509.h"

static int not_a(const char *value, const char *what, struct hp_err *err)
{
	char shown[100];

	hp_str_to_printable(shown, sizeof(shown), value, strlen(value), false);
	return hp_err_set(err, HP_E_CONF, "\"%s\" is not %s", shown, what);
}

static int check_bool(const char *v, struct hp_err *err)
{
	bool b;

	return hp_parse_bool(v, &b) == 0 ? 0 : not_a(v, "true or false", err);
}

static int check_seconds(const char *v, struct hp_err *err)
{
	uint64_t s;

	if (hp_parse_duration(v, 86400, &s) == 0)
		return 0;
	return not_a(v, "a time of at most a day, such as 30s or 15m", err);
}

static int check_idle(const char *v, struct hp_err *err)
{
	uint64_t s;

	if (hp_parse_duration(v, INT32_MAX, &s) == 0)
		return 0;
	return not_a(v, "a time such as 30m or 12h, or 0 for never", err);
}

static int check_number(const char *v, int64_t min, int64_t max, struct hp_err *err)
{
	char what[80];
	int64_t n;

	if (hp_parse_i64(v, min, max, &n) == 0)
		return 0;
	snprintf(what, sizeof(what), "a whole number from %lld to %lld", (long long)min,
		(long long)max);
	return not_a(v, what, err);
}

static int check_children(const char *v, struct hp_err *err)
{
	return check_number(v, 1, 10000, err);
}

static int check_requests(const char *v, struct hp_err *err)
{
	return check_number(v, 0, 1000000, err);
}

static int check_execution_time(const char *v, struct hp_err *err)
{
	return check_number(v, 1, 86400, err);
}

static int check_memory(const char *v, struct hp_err *err)
{
	uint64_t n;

	if (hp_parse_size(v, (uint64_t)1 << 50, &n) == 0 && n >= 1 << 20)
		return 0;
	return not_a(v, "a size of 1M or more, such as 256M", err);
}

/* "127.0.0.1:25", "mail.example:587", "[::1]:25": the form that php_render.c takes apart. */
static int check_host_port(const char *v, struct hp_err *err)
{
	const char *colon = strrchr(v, ':');
	size_t n = colon ? (size_t)(colon - v) : 0, brackets = n > 2 && *v == '[' ? 2 : 0;
	const char *chars = brackets ? "0123456789abcdef:."
				     : "abcdefghijklmnopqrstuvwxyz0123456789.-";
	uint64_t port;

	if (n && n <= 253 && *v != '-' && hp_parse_u64(colon + 1, 65535, &port) == 0 && port &&
		strspn(v + brackets / 2, chars) == n - brackets && (!brackets || v[n - 1] == ']'))
		return 0;
	return not_a(v, "an address and a port, such as 127.0.0.1:25", err);
}

static int check_path(const char *v, struct hp_err *err)
{
	return hp_path_is_clean(v) ? 0 : not_a(v, "an absolute path without \".\" and \"..\"", err);
}

/* A Unix group, as groupadd(8) takes it. */
static int check_group(const char *v, struct hp_err *err)
{
	size_t n = strspn(v, "abcdefghijklmnopqrstuvwxyz0123456789_-");

	if (n && !v[n] && n <= 32 && *v != '-' && !(*v >= '0' && *v <= '9'))
		return 0;
	return not_a(v, "the name of a Unix group", err);
}

/* A host name without a domain (RFC 1123 §2.1), lower case. */
static int check_node(const char *v, struct hp_err *err)
{
	size_t n = strspn(v, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (n && !v[n] && n <= 63 && *v != '-' && v[n - 1] != '-')
		return 0;
	return not_a(v, "a node's name (lower-case letters, digits and hyphens)", err);
}

static int check_server(const char *v, struct hp_err *err)
{
	static const char *const servers[] = {"auto", "nginx", "apache", "openlitespeed"};

	for (size_t i = 0; i < HP_ARRAY_SIZE(servers); i++) {
		if (strcmp(v, servers[i]) == 0)
			return 0;
	}
	return not_a(v, "one of auto, nginx, apache, openlitespeed", err);
}

/* ACME is spoken over TLS alone (RFC 8555 §6.1). */
static int check_https(const char *v, struct hp_err *err)
{
	if (hp_str_starts(v, "https://") && v[8] && !strpbrk(v, " \t\"'"))
		return 0;
	return not_a(v, "a URL that starts with https://", err);
}

static int check_email(const char *v, struct hp_err *err)
{
	const char *at = strchr(v, '@');

	if (*v != '-' && at && at > v && at[1] && !strchr(at + 1, '@') && !strpbrk(v, " \t,<>\"'"))
		return 0;
	return not_a(v, "a mail address", err);
}

static int check_challenge(const char *v, struct hp_err *err)
{
	if (strcmp(v, "http-01") == 0 || strcmp(v, "dns-01") == 0)
		return 0;
	return not_a(v, "http-01 or dns-01", err);
}

static int check_key_type(const char *v, struct hp_err *err)
{
	if (hp_x509_is_key_type(v))
		return 0;
	return not_a(v, "one of ec256, ec384, rsa2048, rsa3072, rsa4096", err);
}

static int check_addresses(const char *v, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_strv words = {0};
	struct hp_addr a;

	hp_str_split(pool, v, ", ", &words);
	for (size_t i = 0; i < words.n; i++)
		if (hp_addr_parse(words.v[i], &a) < 0)
			return not_a(words.v[i], "an IPv4 or IPv6 address", err);
	return 0;
}

static int check_port(const char *v, struct hp_err *err)
{
	return check_number(v, 1024, 65535, err);
}

static int check_workers(const char *v, struct hp_err *err)
{
	return check_number(v, 1, 256, err);
}

static int check_rate(const char *v, struct hp_err *err)
{
	return check_number(v, 1, 100000, err);
}

/* Host names and addresses that the panel is asked by, without ports. */
static int check_names(const char *v, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_strv words = {0};
	struct hp_addr a;

	hp_str_split(pool, v, ", ", &words);
	for (size_t i = 0; i < words.n; i++) {
		const char *w = words.v[i];
		size_t n = strspn(w, "abcdefghijklmnopqrstuvwxyz0123456789.-");

		if (hp_addr_parse(w, &a) < 0 && (w[n] || n > 253 || *w == '-' || *w == '.'))
			return not_a(w, "a host name in lower case, nor an address", err);
	}
	return 0;
}

/* "192.0.2.0/24, 2001:db8::1" */
static int check_networks(const char *v, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_strv words = {0};
	struct hp_addr a;
	uint64_t bits;

	hp_str_split(pool, v, ", ", &words);
	for (size_t i = 0; i < words.n; i++) {
		const char *slash = strchr(words.v[i], '/');
		const char *addr = hp_pstrndup(pool, words.v[i], strcspn(words.v[i], "/"));

		if (hp_addr_parse(addr, &a) < 0 ||
			(slash && hp_parse_u64(slash + 1, a.v6 ? 128 : 32, &bits) < 0))
			return not_a(words.v[i], "an address or a network such as 192.0.2.0/24",
				err);
	}
	return 0;
}

/* Only the scheme: the rest is the driver's to judge. The value may hold a password: not shown. */
static int check_url(const char *v, struct hp_err *err)
{
	static const char *const schemes[] = {"sqlite:", "postgresql://", "postgres://", "mysql://",
		"mariadb://"};

	for (size_t i = 0; i < HP_ARRAY_SIZE(schemes); i++) {
		if (hp_str_starts(v, schemes[i]))
			return 0;
	}
	return hp_err_set(err, HP_E_CONF,
		"a database URL starts with sqlite:, postgresql://, mysql:// or mariadb://");
}

/* "8.3" */
static bool is_php_version(const char *v)
{
	size_t major = strspn(v, "0123456789"), minor;

	if (!major || major > 2 || v[major] != '.')
		return false;
	minor = strspn(v + major + 1, "0123456789");
	return minor && minor <= 2 && !v[major + 1 + minor];
}

#define PHP(name, def, chk, text)                                                                  \
	{.section = "php.*", .key = name, .deflt = def, .check = chk, .help = text,                \
		.part = is_php_version}

const struct hp_conf_key hp_conf_keys[] = {
	{"database", "url", "sqlite:/var/lib/hosting-panel/db/panel.db",
		"where the panel keeps its data", check_url, NULL},

	{"api", "port", "8001", "port of the panel's own web server", check_port, NULL},
	{"api", "server_name", NULL,
		"names and addresses that the panel is asked by; others are refused (all are taken)",
		check_names, NULL},
	{"api", "trusted_proxies", NULL,
		"addresses and networks whose X-Forwarded-For says who asks", check_networks, NULL},
	{"api", "workers", "16", "requests that are answered at once", check_workers, NULL},
	{"api", "rate_limit", "50",
		"requests a second, of one address and of one API key; short bursts may be more",
		check_rate, NULL},
	{"api", "login_rate_limit", "20", "attempts to log in a minute, of one address", check_rate,
		NULL},

	{"node", "name", NULL, "name of this server in the panel (the host name's first part)",
		check_node, NULL},
	{"node", "addresses", NULL,
		"public addresses of this server that its interfaces don't have (address translation)",
		check_addresses, NULL},

	{"acme", "directory_url", "https://acme-v02.api.letsencrypt.org/directory",
		"directory of the CA that certificates come from", check_https, NULL},
	{"acme", "email", NULL, "mail address that the CA may write to", check_email, NULL},
	{"acme", "ca_file", NULL,
		"certificates to trust as the CA's own server, instead of the system's", check_path,
		NULL},
	{"acme", "challenge", "http-01", "how names are proven: http-01 or dns-01",
		check_challenge, NULL},
	{"acme", "dns_hook", NULL,
		"program that puts records into the DNS for dns-01, a hook of uacme(1)",
		check_path, NULL},
	{"acme", "key_type", "ec256",
		"keys of new certificates: ec256, ec384, rsa2048, rsa3072 or rsa4096",
		check_key_type, NULL},

	{"web", "server", "auto", "web server: auto, nginx, apache or openlitespeed", check_server,
		NULL},
	{"web", "group", "www-data", "Unix group of the web server", check_group, NULL},

	{"roles", "enable_api_core", "true", "this server has the panel's database and API",
		check_bool, NULL},
	{"roles", "enable_web_manager", "true", "this server serves websites", check_bool, NULL},
	{"roles", "enable_php_manager", "true", "this server runs PHP", check_bool, NULL},
	{"roles", "enable_mail_manager", "true", "this server handles mail", check_bool, NULL},
	{"roles", "enable_backup_manager", "true", "this server keeps backups", check_bool, NULL},

	{"php", "max_children", NULL,
		"requests of one website that may run at once (by this server's memory)",
		check_children, NULL},
	{"php", "max_requests", "500", "requests after which a PHP process is replaced; 0 = never",
		check_requests, NULL},
	{"php", "child_idle_timeout", "20s", "an idle PHP process ends after this time",
		check_seconds, NULL},
	{"php", "idle_timeout", "15m",
		"a website's PHP is stopped after this time without a request; 0 = never",
		check_idle, NULL},
	{"php", "stop_timeout", "10s",
		"running requests may finish for this long when PHP is stopped", check_seconds,
		NULL},

	{"php", "mail_server", "127.0.0.1:25",
		"SMTP server that PHP's mail() hands messages to, address:port", check_host_port,
		NULL},

	PHP("memory_limit", "256M", check_memory,
		"memory of one request, for websites without php_memory_limit"),
	PHP("max_execution_time", "300", check_execution_time,
		"seconds that a request may run, for websites without php_max_execution_time"),
	PHP("opcache_enabled", "true", check_bool, "keep compiled scripts in memory"),
	PHP("jit_enabled", "false", check_bool, "compile hot scripts to machine code"),
	PHP("fpm", NULL, check_path, "php-fpm of this version, where it is not Debian's"),
	PHP("cli", NULL, check_path, "php of this version, where it is not Debian's"),
	PHP("extension_dir", NULL, check_path, "folder of extensions, where it is not Debian's"),
	{0},
};
