#include "unit.h"
#include "base/buf.h"
#include "base/str.h"
#include "field.h"

static void tables_are_whole(void **state HP_UNUSED)
{
	static const struct hp_field_table *const tables[] = {
		&hp_site_table, &hp_tenant_table, &hp_user_table, &hp_key_table};

	for (size_t t = 0; t < HP_ARRAY_SIZE(tables); t++)
		for (unsigned i = 0; i < tables[t]->n; i++) {
			const struct hp_field *f = &tables[t]->fields[i];

			assert_int_equal(hp_field_find(tables[t], f->name), (int)i);
			assert_true(f->help && *f->help);
			if (f->deflt)
				check(tables[t], f->name, f->deflt, f->deflt);
		}
	assert_int_equal(hp_field_find(&hp_site_table, "nope"), -1);
}

/* Every field of the tables, every kind of hostile bytes. */
static void hostile_values(void **state HP_UNUSED)
{
	static const struct hp_field_table *const tables[] = {
		&hp_site_table, &hp_tenant_table, &hp_user_table, &hp_key_table};
	static const struct {
		const char *s;
		size_t n;
	} bad[] = {
#define BAD(s) {s, sizeof(s) - 1}
		BAD("a\rb"),
		BAD("a\nb"),
		BAD("a\0b"),
		BAD("\0"),
		BAD("8.2\n"),
		BAD("256M\r\n"),
		BAD("\x1b[2J"),
		BAD("\x7f"),
		BAD("a\xc2\x85z"),
		BAD("\xff\xfe"),
		BAD("\xc0\xaf"),
		BAD("\xed\xa0\x80"),
		BAD("example.com\0.evil"),
#undef BAD
	};
	_cleanup_free_ char *big = malloc(65536);

	memset(big, 'a', 65536);
	for (size_t t = 0; t < HP_ARRAY_SIZE(tables); t++)
		for (unsigned i = 0; i < tables[t]->n; i++) {
			const struct hp_field *f = &tables[t]->fields[i];
			struct hp_err err = HP_ERR_INIT;
			const char *got = NULL;

			for (size_t k = 0; k < HP_ARRAY_SIZE(bad); k++) {
				hp_err_clear(&err);
				assert_int_equal(
					hp_field_check(pool, f, bad[k].s, bad[k].n, &got, &err),
					HP_E_USAGE);
				assert_non_null(strstr(err.msg, f->name));
				assert_null(got);
			}
			hp_err_clear(&err);
			assert_int_equal(
				hp_field_check(pool, f, big, 65536, &got, &err), HP_E_USAGE);
			assert_non_null(strstr(err.msg, f->name));
			assert_true(strlen(err.msg) < 500);
		}
}

/* What breaks out of a configuration file, where the field has no use for it. */
static void meta_characters(void **state HP_UNUSED)
{
	static const char *const bad[] = {"\"", "'", ";", "{", "}", "$", "%", "../",
		"../../etc/passwd", "a;b", "a b", "a/b", "$(id)", "`id`", "${x}", "\\", "-", "--",
		".", "..", "*", "<", ">", "|"};

	for (unsigned i = 0; i < hp_site_table.n; i++) {
		const struct hp_field *f = &hp_site_table.fields[i];

		if (f->type == HP_F_TEXT)
			continue;
		for (size_t k = 0; k < HP_ARRAY_SIZE(bad); k++)
			if (f->type != HP_F_SUBPATH || !hp_streq(bad[k], "a/b"))
				SITE(f->name, bad[k], NULL);
	}
}

/* A value of each type, cut in three: what stands in the middle is the text that can be hostile. */
struct sample {
	const char *head, *text, *tail;
};

/* The hostile text stands in the key of the innermost object. */
static struct sample map_sample(const struct hp_field *f)
{
	static const struct {
		const char *arg;
		struct sample s;
	} maps[] = {
		{"headers", {"{\"", "X-Frame-Options", "\":\"DENY\"}"}},
		{"redirects", {"{\"", "/old/page", "\":\"301 /new\"}"}},
		{"error_pages", {"{\"404\":\"", "/404.html", "\"}"}},
		{"basic_auth", {"{\"/admin\":{\"", "alice", "\":\"" HASH "\"}}"}},
		{"php_settings", {"{\"date.timezone\":\"", "Etc_UTC", "\"}"}},
		{"php_paths", {"{\"", "/legacy", "\":\"8.0\"}"}},
	};

	for (size_t i = 0; i < HP_ARRAY_SIZE(maps); i++)
		if (hp_streq(maps[i].arg, f->arg))
			return maps[i].s;
	fail_msg("%s: an object without a sample", f->name);
	return (struct sample){"", "", ""};
}

/* Does the grammar of the field's text have a use for these characters? */
static bool is_at_home(const struct hp_field *f, const char *meta)
{
	static const struct {
		const char *arg, *chars;
	} at_home[] = {
		{"headers", "'$%`|&#!0a"}, /* parts of an RFC 9110 token */
		{"php_settings", "% @,#/.0a"},
		{"basic_auth", "@"},
	};

	/* "\/" is JSON's other way to write a slash; "\\" is tried in any case */
	if (f->type == HP_F_MAP && *meta == '\\' && *map_sample(f).text == '/')
		return true;
	for (size_t i = 0; i < HP_ARRAY_SIZE(at_home); i++)
		if (hp_streq(at_home[i].arg, f->arg))
			return !meta[strspn(meta, at_home[i].chars)];
	return false;
}

static struct sample sample(const struct hp_field *f)
{
	switch (f->type) {
	case HP_F_TEXT: return (struct sample){"", "Acme", ""};
	case HP_F_ENUM:
		return (struct sample){"", hp_pstrndup(pool, f->arg, strcspn(f->arg, "|")), ""};
	case HP_F_BOOL: return (struct sample){"", "true", ""};
	case HP_F_INT: return (struct sample){"", hp_pprintf(pool, "%lld", (long long)f->max), ""};
	case HP_F_SIZE: return (struct sample){"", "64M", ""};
	case HP_F_PHP_VERSION: return (struct sample){"", "8.2", ""};
	case HP_F_DOMAIN: return (struct sample){"", "shop.example", ""};
	case HP_F_HOST: return (struct sample){"", "db.example", ""};
	case HP_F_LOGIN: return (struct sample){"", "alice", ""};
	case HP_F_EMAIL: return (struct sample){"", "alice@shop.example", ""};
	case HP_F_USER: return (struct sample){"", "alice", ""};
	case HP_F_IDENT: return (struct sample){"", "shop", ""};
	case HP_F_LABEL: return (struct sample){"", "acme", ""};
	case HP_F_NODENAME: return (struct sample){"", "web1", ""};
	case HP_F_SUBPATH: return (struct sample){"", "public/web", ""};
	case HP_F_LIST:
		return (struct sample){"[\"",
			hp_streq(f->arg, "cidr")   ? "10.0.0.0/8"
			: hp_streq(f->arg, "file") ? "index.php"
			: hp_streq(f->arg, "verb") ? "site:set"
			: hp_streq(f->arg, "pattern") ? "shop.example"
						   : "gd",
			"\"]"};
	case HP_F_MAP: return map_sample(f);
	case HP_F_DBURL: return (struct sample){"", "mysql://u:p@db.example/shop", ""};
	case HP_F_TIME: return (struct sample){"", "2026-01-31T23:59:59Z", ""};
	}
	fail_msg("%s: a type without a sample", f->name);
	return (struct sample){"", "", ""};
}

/* bad before, within, behind and instead of what is good: refused each time, naming the field. */
static void spoil(const struct hp_field *f, const char *bad, size_t n)
{
	const struct sample s = sample(f);
	size_t len = strlen(s.text), cuts[] = {0, len / 2, len};

	for (size_t i = 0; i <= HP_ARRAY_SIZE(cuts); i++) {
		struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
		struct hp_err err = HP_ERR_INIT;
		const char *got = NULL;
		size_t cut = i < HP_ARRAY_SIZE(cuts) ? cuts[i] : 0;

		hp_buf_adds(&b, s.head);
		if (i < HP_ARRAY_SIZE(cuts))
			hp_buf_add(&b, s.text, cut);
		hp_buf_add(&b, bad, n);
		if (i < HP_ARRAY_SIZE(cuts))
			hp_buf_adds(&b, s.text + cut);
		hp_buf_adds(&b, s.tail);
		if (hp_field_check(pool, f, b.s, b.len, &got, &err) == 0)
			fail_msg("%s was taken with \"%s\" in it: %s", f->name, bad, got);
		if (err.code != HP_E_USAGE || !hp_str_starts(err.msg, f->name))
			fail_msg("%s with \"%s\" in it: %s", f->name, bad, err.msg);
		assert_null(got);
		assert_false(hp_str_has_control(err.msg, strlen(err.msg)));
		assert_true(hp_utf8_is_valid(err.msg, strlen(err.msg)));
	}
}

static void samples_are_good(void **state HP_UNUSED)
{
	static const struct hp_field_table *const tables[] = {
		&hp_site_table, &hp_tenant_table, &hp_user_table, &hp_key_table};

	for (size_t t = 0; t < HP_ARRAY_SIZE(tables); t++)
		for (unsigned i = 0; i < tables[t]->n; i++) {
			const struct hp_field *f = &tables[t]->fields[i];
			const struct sample s = sample(f);
			const char *v = hp_pprintf(pool, "%s%s%s", s.head, s.text, s.tail);

			check(tables[t], f->name, v, v);
		}
}

/* Every field of the tables, with every class of hostile text in an otherwise good value. */
static void spoiled_values(void **state HP_UNUSED)
{
	static const struct hp_field_table *const tables[] = {
		&hp_site_table, &hp_tenant_table, &hp_user_table, &hp_key_table};
	static const struct {
		const char *s;
		size_t n;
	} always[] = {
#define BAD(s) {s, sizeof(s) - 1}
		BAD("\r"),
		BAD("\n"),
		BAD("\r\n"),
		BAD("\0"),
		BAD("\t"),
		BAD("\x01"),
		BAD("\x1b[2J"),
		BAD("\x7f"),
		BAD("\xc2\x85"),
		BAD("\xff"),
		BAD("\xc0\xaf"),
		BAD("\xed\xa0\x80"),
		BAD("\xf4\x90\x80\x80"),
		BAD("\xe2\x80"),
#undef BAD
	};
	/* as JSON has them within a string */
	static const char *const escaped[] = {
		"\\n", "\\r", "\\u0000", "\\u0001", "\\ud800", "\\u0085", "\\\"", "\\\\"};
	static const char *const meta[] = {"\"", "'", ";", "{", "}", "$", "%", "../", "/../", "`",
		"\\", "<", ">", "|", "&", " ", "(", "#", "!", "@", ",", "?", "%0a", "${x}",
		"{{x}}"};
	/* Cyrillic a, Greek o, a full-width a, an Arabic digit, right-to-left, a joiner */
	static const char *const scripts[] = {
		"\u0430", "\u03bf", "\uff41", "\u0663", "\u202e", "\u200d", "\u00e9\u0430"};
	_cleanup_free_ char *big = malloc(65536);

	memset(big, 'a', 65536);
	for (size_t t = 0; t < HP_ARRAY_SIZE(tables); t++)
		for (unsigned i = 0; i < tables[t]->n; i++) {
			const struct hp_field *f = &tables[t]->fields[i];
			bool json = f->type == HP_F_LIST || f->type == HP_F_MAP;

			for (size_t k = 0; k < HP_ARRAY_SIZE(always); k++)
				spoil(f, always[k].s, always[k].n);
			spoil(f, big, 65536);
			for (size_t k = 0; json && k < HP_ARRAY_SIZE(escaped); k++)
				spoil(f, escaped[k], strlen(escaped[k]));
			/* free text may have them; a URL escapes them, its own test has more */
			if (f->type == HP_F_TEXT || f->type == HP_F_DBURL)
				continue;
			for (size_t k = 0; k < HP_ARRAY_SIZE(meta); k++)
				if (!is_at_home(f, meta[k]))
					spoil(f, meta[k], strlen(meta[k]));
			/* a name wholly in another script is a good one: those are tested apart */
			for (size_t k = 0; k < HP_ARRAY_SIZE(scripts); k++)
				if (f->type != HP_F_DOMAIN && f->type != HP_F_HOST &&
					f->type != HP_F_EMAIL)
					spoil(f, scripts[k], strlen(scripts[k]));
		}
}

/* Of every number and size in the tables: what lies beside its bounds, and what is no number. */
static void numbers_by_the_table(void **state HP_UNUSED)
{
	static const struct hp_field_table *const tables[] = {
		&hp_site_table, &hp_tenant_table, &hp_user_table, &hp_key_table};
	static const char *const never[] = {"", "-1", "+5", " 5", "5 ", "5.0", "1e3", "0x10", "1_0",
		"1,0", "\u0665", "\uff15", "NaN", "inf", "--5", "9223372036854775808",
		"18446744073709551616", "18446744073709551617", "-9223372036854775809",
		"99999999999999999999999999"};

	for (size_t t = 0; t < HP_ARRAY_SIZE(tables); t++)
		for (unsigned i = 0; i < tables[t]->n; i++) {
			const struct hp_field *f = &tables[t]->fields[i];
			const char *out[2];

			if (f->type != HP_F_INT && f->type != HP_F_SIZE)
				continue;
			out[0] = hp_pprintf(pool, "%lld", (long long)f->min - 1);
			out[1] = hp_pprintf(pool, "%lld", (long long)f->max + 1);
			check(tables[t], f->name, out[0], NULL);
			check(tables[t], f->name, out[1], NULL);
			for (size_t k = 0; k < HP_ARRAY_SIZE(never); k++)
				check(tables[t], f->name, never[k], NULL);
			if (f->type == HP_F_INT)
				continue;
			check(tables[t], f->name, "0", NULL);
			check(tables[t], f->name, "64T", NULL);
			check(tables[t], f->name, "99999999999G", NULL);
			check(tables[t], f->name, "17179869184G", NULL); /* 2^64 bytes */
		}
}

static void mixed_scripts(void **state HP_UNUSED)
{
	static const char *const mixed[] = {"p\u0430ypal.example", "\u0430pple.example",
		"shop.ex\u0430mple", "g\u03bfogle.example", "shop\u202e.example", "\u05d0b.example",
		"sh\u200dop.example"};

	for (size_t i = 0; i < HP_ARRAY_SIZE(mixed); i++) {
		SITE("domain", mixed[i], NULL);
		SITE("database_host", mixed[i], NULL);
	}
	SITE("domain", "b\u00fccher.example", "xn--bcher-kva.example");
	SITE("domain", "\u043f\u0440\u0438\u043c\u0435\u0440.example", "xn--e1afmkfd.example");
}

static void numbers(void **state HP_UNUSED)
{
	SITE("php_max_execution_time", "30", "30");
	SITE("php_max_execution_time", "0030", "30");
	SITE("php_max_execution_time", "0", NULL);
	SITE("php_max_execution_time", "86401", NULL);
	SITE("php_max_execution_time", "-1", NULL);
	SITE("php_max_execution_time", "99999999999999999999", NULL);
	SITE("database_port", "65536", NULL);
	SITE("database_port", "3306", "3306");
	SITE("uid", "0", NULL);
	SITE("uid", "999", NULL);
	SITE("uid", "2147483647", NULL);
	TENANT("website_limit", "0", "0");
	TENANT("website_limit", "1000001", NULL);
}

static void sizes(void **state HP_UNUSED)
{
	SITE("php_memory_limit", "256M", "256M");
	SITE("php_memory_limit", "256m", "256M");
	SITE("php_memory_limit", "1024M", "1G");
	SITE("php_memory_limit", "268435456", "256M");
	SITE("php_memory_limit", "8388609", "8388609");
	SITE("php_memory_limit", "10000000001", NULL); /* wider than the column */
	SITE("php_memory_limit", "1M", NULL);
	SITE("php_memory_limit", "65G", NULL);
	SITE("php_memory_limit", "-1", NULL);
	SITE("php_memory_limit", "256MB", NULL);
}

static void words(void **state HP_UNUSED)
{
	SITE("php_version", "8.2", "8.2");
	SITE("php_version", "10.12", "10.12");
	SITE("php_version", "9.9", "9.9"); /* whether it is installed is asked elsewhere */
	SITE("php_version", "8", NULL);
	SITE("php_version", "8.", NULL);
	SITE("php_version", ".2", NULL);
	SITE("php_version", "08.2", NULL);
	SITE("php_version", "8.02", NULL);
	SITE("php_version", "8.2.1", NULL);
	SITE("php_version", "8.123", NULL);
	SITE("php_version", "../8.2", NULL);
	SITE("web_server", "nginx", "nginx");
	SITE("web_server", "NGINX", NULL);
	SITE("web_server", "ngin", NULL);
	SITE("web_server", "nginx|apache", NULL);
	SITE("web_server", "", NULL);
	SITE("ssl_enabled", "yes", "true");
	SITE("ssl_enabled", "0", "false");
	SITE("ssl_enabled", "2", NULL);
	SITE("database_name", "website1_db", "website1_db");
	SITE("database_name", "1db", NULL);
	SITE("database_name", "a-b", NULL);
	SITE("database_name", "a;drop table x", NULL);
	TENANT("subdomain", "Acme", "acme");
	TENANT("subdomain", "a.b", NULL);
	TENANT("subdomain", "-a", NULL);
	TENANT("subdomain", "", NULL);
	TENANT("name", "Acme & Söhne \"GmbH\"; {x} $y %z", "Acme & Söhne \"GmbH\"; {x} $y %z");
	TENANT("name", " x", NULL);
	TENANT("created_at", "2026-01-31 23:59:59", "2026-01-31T23:59:59Z");
	TENANT("created_at", "yesterday", NULL);
}

static void hosts(void **state HP_UNUSED)
{
	SITE("database_host", "localhost", "localhost");
	SITE("database_host", "DB1", "db1");
	SITE("database_host", "db.example.com", "db.example.com");
	SITE("database_host", "192.0.2.1", "192.0.2.1");
	SITE("database_host", "2001:DB8:0::1", "2001:db8::1");
	SITE("database_host", "[2001:db8::1]", "2001:db8::1");
	SITE("database_host", "192.0.2.256", NULL);
	SITE("database_host", "192.0.2", NULL);
	SITE("database_host", "12345", NULL);
	SITE("database_host", "[::1", NULL);
	SITE("database_host", "[]", NULL);
	SITE("database_host", "a_b", NULL);
	SITE("database_host", "::g", NULL);
	SITE("database_host", "", NULL);
}

static void lists(void **state HP_UNUSED)
{
	SITE("allowed_ips", "", "[]");
	SITE("allowed_ips", "[]", "[]");
	SITE("allowed_ips", "[ \"10.0.0.0/8\" , \"192.0.2.7/32\" ]",
		"[\"10.0.0.0/8\",\"192.0.2.7\"]");
	SITE("allowed_ips", "10.0.0.0/8, 2001:DB8::/32", "[\"10.0.0.0/8\",\"2001:db8::/32\"]");
	SITE("allowed_ips", "[\"10.0.0.1\",\"10.0.0.1/32\"]", "[\"10.0.0.1\"]");
	SITE("allowed_ips", "0.0.0.0/0,::/0", "[\"0.0.0.0/0\",\"::/0\"]");
	SITE("allowed_ips", "10.0.0.1/8", NULL);
	SITE("allowed_ips", "10.0.0.0/33", NULL);
	SITE("allowed_ips", "10.0.0.0/", NULL);
	SITE("allowed_ips", "10.0.0.0/+8", NULL);
	SITE("allowed_ips", "2001:db8::1/64", NULL);
	SITE("allowed_ips", "example.com", NULL);
	SITE("allowed_ips", "[1]", NULL);
	SITE("allowed_ips", "[\"10.0.0.1\"] x", NULL);
	SITE("allowed_ips", "[\"10.0.0.1\\u0000\"]", NULL);
	SITE("allowed_ips", "[[\"10.0.0.1\"]]", NULL);
	SITE("php_extensions", "GD,curl", "[\"gd\",\"curl\"]");
	SITE("php_extensions", "[\"../x\"]", NULL);
	SITE("php_extensions", "[\"a.so\"]", NULL);
	SITE("php_extensions", "{\"a\":\"b\"}", NULL);
}

static void long_list(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	const char *list = "10.0.0.0", *got;

	for (unsigned i = 1; i <= 1024; i++)
		list = hp_pprintf(pool, "%s,10.0.%u.%u", list, i / 256, i % 256);
	assert_int_equal(hp_field_check(pool, field(&hp_site_table, "allowed_ips"), list,
				 strlen(list), &got, &err),
		HP_E_USAGE);
	unit_assert_err(&err, HP_E_USAGE, "allowed_ips: there are more than 1024 items");
}

static void headers(void **state HP_UNUSED)
{
	SITE("http_security_headers", "", "{}");
	SITE("http_security_headers", "{ }", "{}");
	SITE("http_security_headers", "{\"X-Frame-Options\": \"DENY\"}",
		"{\"X-Frame-Options\":\"DENY\"}");
	SITE("http_security_headers",
		"{\"Content-Security-Policy\":\"default-src 'self'; img-src \\\"x\\\"\"}",
		"{\"Content-Security-Policy\":\"default-src 'self'; img-src \\\"x\\\"\"}");
	SITE("http_security_headers", "{\"A\":\"1\",\"a\":\"2\"}", NULL);
	SITE("http_security_headers", "{\"A\":\"1\",\"A\":\"2\"}", NULL);
	SITE("http_security_headers", "{\"A B\":\"1\"}", NULL);
	SITE("http_security_headers", "{\"A:\":\"1\"}", NULL);
	SITE("http_security_headers", "{\"\":\"1\"}", NULL);
	SITE("http_security_headers", "{\"A\":\"x\\r\\nSet-Cookie: y\"}", NULL);
	SITE("http_security_headers", "{\"A\":\"x\\u0000\"}", NULL);
	SITE("http_security_headers", "{\"A\":\"$host\"}", NULL);
	SITE("http_security_headers", "{\"A\":1}", NULL);
	SITE("http_security_headers", "{\"A\":\"\"}", NULL);
	/* takes away what is sent by default */
	SITE("http_security_headers", "{\"x-frame-options\":\"\"}", "{\"x-frame-options\":\"\"}");
	SITE("http_security_headers", "{\"Content-Length\":\"0\"}", NULL);
	SITE("http_security_headers", "{\"transfer-encoding\":\"chunked\"}", NULL);
	SITE("http_security_headers", "[\"A\"]", NULL);
	SITE("http_security_headers", "{\"A\":\"b\"", NULL);
}

static void secrets_are_not_repeated(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	const char *got, *url = "mysql://user:geheim@";

	TENANT("database_url", "mysql://user:pw@db.example.com:3306/acme?sslmode=require",
		"mysql://user:pw@db.example.com:3306/acme?sslmode=require");
	TENANT("database_url", "sqlite:/srv/acme.db", "sqlite:/srv/acme.db");
	TENANT("database_url", "sqlite:acme.db", NULL);
	TENANT("database_url", "sqlite:/a/../b", NULL);
	TENANT("database_url", "oracle://x/y", NULL);
	TENANT("database_url", "mysql://u:p w@h/d", NULL);
	assert_int_equal(hp_field_check(pool, field(&hp_tenant_table, "database_url"), url,
				 strlen(url), &got, &err),
		HP_E_USAGE);
	assert_null(strstr(err.msg, "geheim"));
}

static void users(void **state HP_UNUSED)
{
	static const char *const bad[] = {"", "root", "www-data", "nobody", "mysql", "postgres",
		"sshd", "hosting-panel", "hosting-panel-x", "systemd-network", "_apt", "Alice",
		"1a", "-a", "a_b", "a.b", "a b", "a/b", "a:b", "abcdefghijklmnopqrstuvwxyz012345",
		"daemon", "sync", "backup", "dovecot"};

	SITE("user", "alice", "alice");
	SITE("user", "site12", "site12");
	SITE("user", "abcdefghijklmnopqrstuvwxyz01234", "abcdefghijklmnopqrstuvwxyz01234");
	for (size_t i = 0; i < HP_ARRAY_SIZE(bad); i++)
		SITE("user", bad[i], NULL);
}

static void assignments(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_assign a;
	static const char *const bad[] = {"uid=0", "php_version", "=8.2", "php_version="};

	assert_int_equal(hp_field_assign(pool, &hp_site_table, "php_version=8.2", &a, &err), 0);
	assert_int_equal(a.field, HP_SITE_PHP_VERSION);
	assert_null(a.member);
	assert_string_equal(a.value, "8.2");
	assert_int_equal(hp_field_assign(pool, &hp_site_table, "database_host=", &a, &err), 0);
	assert_null(a.value);
	assert_int_equal(
		hp_field_assign(pool, &hp_site_table, "php_verison=8.2", &a, &err), HP_E_USAGE);
	assert_non_null(strstr(err.hint, "php_version"));
	hp_err_clear(&err);
	assert_int_equal(
		hp_field_assign(pool, &hp_site_table, "status=active", &a, &err), HP_E_USAGE);
	assert_non_null(strstr(err.hint, "suspend"));
	for (size_t i = 0; i < HP_ARRAY_SIZE(bad); i++) {
		hp_err_clear(&err);
		assert_int_equal(
			hp_field_assign(pool, &hp_site_table, bad[i], &a, &err), HP_E_USAGE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_are_whole),
		cmocka_unit_test(hostile_values),
		cmocka_unit_test(meta_characters),
		cmocka_unit_test(samples_are_good),
		cmocka_unit_test(spoiled_values),
		cmocka_unit_test(numbers_by_the_table),
		cmocka_unit_test(mixed_scripts),
		cmocka_unit_test(numbers),
		cmocka_unit_test(sizes),
		cmocka_unit_test(words),
		cmocka_unit_test(hosts),
		cmocka_unit_test(lists),
		cmocka_unit_test(long_list),
		cmocka_unit_test(headers),
		cmocka_unit_test(secrets_are_not_repeated),
		cmocka_unit_test(users),
		cmocka_unit_test(assignments),
	};

	return cmocka_run_group_tests_name("field", tests, setup, teardown);
}
