#include "tests/unit/verdict.h"

static void expect(const char *said, const char *message, const char *domain)
{
	expect_verdict(hp_nginx_read_verdict, said, message, domain);
}

static void test_site(void **state HP_UNUSED)
{
	expect("nginx: [emerg] unknown directive \"foo\" in /etc/nginx/sites-enabled/a.example.conf:12\n"
	       "nginx: configuration file /etc/nginx/nginx.conf test failed\n",
		"unknown directive \"foo\" in /etc/nginx/sites-enabled/a.example.conf:12",
		"a.example");
}

static void test_copy_is_named_by_its_origin(void **state HP_UNUSED)
{
	expect("nginx: [emerg] unexpected \"}\" in /etc/nginx/hosting-panel/custom/a.example@10-x.conf:3\n",
		"unexpected \"}\" in /etc/hosting-panel/custom/a.example/nginx/10-x.conf:3",
		"a.example");
}

static void test_foreign(void **state HP_UNUSED)
{
	expect("nginx: [emerg] a duplicate default server for 0.0.0.0:80 in /etc/nginx/conf.d/x.conf:7\n",
		"a duplicate default server for 0.0.0.0:80 in /etc/nginx/conf.d/x.conf:7", NULL);
	expect("nginx: [emerg] host not found in upstream \"x\" in /etc/nginx/nginx.conf:7\n",
		"host not found in upstream \"x\" in /etc/nginx/nginx.conf:7", NULL);
}

static void test_no_place(void **state HP_UNUSED)
{
	expect("2026/01/01 10:00:00 [emerg] 12#34: could not build server_names_hash\n",
		"could not build server_names_hash", NULL);
	expect("nginx: [emerg] open() \"/x\" failed in /etc/nginx/a:b\n",
		"open() \"/x\" failed in /etc/nginx/a:b", NULL);
	expect("nginx: [emerg] ", "", NULL);
}

/* Warnings are no verdict; what is worst speaks, wherever it stands. */
static void test_order(void **state HP_UNUSED)
{
	expect("nginx: [warn] low address bits\nnginx: ok\n", NULL, NULL);
	expect("nginx: [alert] could not open error log\nnginx: [emerg] broken\n", "broken", NULL);
	expect("nginx: [alert] could not open error log\n", "could not open error log", NULL);
	expect("", NULL, NULL);
}

static void test_conflicts(void **state HP_UNUSED)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	const char *at =
		"nginx: [warn] conflicting server name \"a.example\" on 0.0.0.0:80, ignored\n"
		"nginx: [warn] conflicting server name \"cut\n"
		"nginx: [warn] other\n"
		"2026/01/01 10:00:00 [warn] 1#1: conflicting server name \"*.b.example\" on [::]:80, "
		"ignored";
	const char *name, *listen;

	assert_true(hp_nginx_next_conflict(pool, &at, &name, &listen));
	assert_string_equal(name, "a.example");
	assert_string_equal(listen, "0.0.0.0:80");
	assert_true(hp_nginx_next_conflict(pool, &at, &name, &listen));
	assert_string_equal(name, "*.b.example");
	assert_string_equal(listen, "[::]:80");
	assert_false(hp_nginx_next_conflict(pool, &at, &name, &listen));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_site),
		cmocka_unit_test(test_copy_is_named_by_its_origin),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_no_place),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_conflicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
