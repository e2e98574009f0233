#include "unit.h"
#include "model/field.h"

static struct hp_pool *pool;

static void check(const char *s, size_t n, bool wildcard, const char *want)
{
	struct hp_err err = HP_ERR_INIT;
	const char *got = "untouched";
	int r = hp_domain_check(pool, s, n, wildcard, &got, &err);

	if (!want) {
		if (r == 0)
			fail_msg("%s was taken as %s", s, got);
		unit_assert_err(&err, HP_E_USAGE, "is not a domain name");
		assert_string_equal(got, "untouched");
		return;
	}
	if (r < 0)
		fail_msg("%s", err.msg);
	assert_string_equal(got, want);
}

#define OK(s, want) check(s, sizeof(s) - 1, false, want)
#define BAD(s) check(s, sizeof(s) - 1, true, NULL)

static void plain_names(void **state HP_UNUSED)
{
	OK("example.com", "example.com");
	OK("EXAMPLE.Com", "example.com");
	OK("example.com.", "example.com");
	OK("a.b", "a.b");
	OK("1.example", "1.example");
	OK("3com.example", "3com.example");
	OK("x-n--y.example", "x-n--y.example");
	OK("example.test", "example.test");
	OK("example.x0", "example.x0");
	OK("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example");
}

static void refused(void **state HP_UNUSED)
{
	BAD("");
	BAD(".");
	BAD("..");
	BAD("example");
	BAD("localhost");
	OK("www.localhost", "www.localhost");
	BAD("example..com");
	BAD(".example.com");
	BAD("example.com..");
	BAD("-a.example");
	BAD("a-.example");
	BAD("a_b.example");
	BAD("ab--c.example");
	BAD("192.0.2.1");
	BAD("1.2");
	BAD("example.0x7f");
	BAD("[2001:db8::1]");
	BAD("2001:db8::1");
	BAD("exa mple.com");
	BAD("example.com/x");
	BAD("example.com:80");
	BAD("user@example.com");
	BAD("../example.com");
	BAD("example.com;");
	BAD("example.com{");
	BAD("$host.example");
	BAD("%2e.example");
	BAD("\"a\".example");
	BAD("a\0b.example");
	BAD("a\nb.example");
	BAD("\xff.example");
	BAD("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example");
}

static void long_names(void **state HP_UNUSED)
{
	char name[300];
	struct hp_err err = HP_ERR_INIT;
	const char *got;

	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = i % 50 == 49 ? '.' : 'a';
	assert_int_equal(hp_domain_check(pool, name, 253, false, &got, &err), 0);
	assert_int_equal(hp_domain_check(pool, name, 254, false, &got, &err), HP_E_USAGE);
	hp_err_clear(&err);
	name[0] = '*';
	name[1] = '.';
	assert_int_equal(hp_domain_check(pool, name, 253, true, &got, &err), 0);
}

static void wildcards(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	const char *got;

	check("*.example.com", 13, true, "*.example.com");
	check("*.Example.com.", 14, true, "*.example.com");
	assert_int_equal(hp_domain_check(pool, "*.example.com", 13, false, &got, &err), HP_E_USAGE);
	assert_non_null(strstr(err.msg, "alias"));
	BAD("*.com");
	BAD("*");
	BAD("*.");
	BAD("*.*.example.com");
	BAD("a*.example.com");
	BAD("www.*.example.com");
	BAD("*example.com");
}

static void international(void **state HP_UNUSED)
{
	OK("bücher.example", "xn--bcher-kva.example");
	OK("BÜCHER.example", "xn--bcher-kva.example");
	OK("xn--bcher-kva.example", "xn--bcher-kva.example");
	OK("XN--bcher-KVA.example", "xn--bcher-kva.example");
	OK("例え.テスト", "xn--r8jz45g.xn--zckzah");
	check("*.bücher.example", sizeof("*.bücher.example") - 1, true, "*.xn--bcher-kva.example");
	BAD("xn--a.example"); /* no A-label */
	BAD("xn--\xc3\xbc.example");
	BAD("p\xd0\xb0ypal.example"); /* Latin with a Cyrillic a */
	BAD("\xe2\x80\xae.example");  /* right-to-left override */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_names),
		cmocka_unit_test(refused),
		cmocka_unit_test(long_names),
		cmocka_unit_test(wildcards),
		cmocka_unit_test(international),
	};
	int r;

	pool = hp_pool_new();
	r = cmocka_run_group_tests_name("domain", tests, NULL, NULL);
	hp_pool_free(pool);
	return r;
}
