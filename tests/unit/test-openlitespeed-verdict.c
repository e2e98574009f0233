#include "tests/unit/verdict.h"

static void expect(const char *said, const char *message, const char *domain)
{
	expect_verdict(hp_openlitespeed_read_verdict, said, message, domain);
}

#define OWN "/usr/local/lsws/conf/hosting-panel"
#define NOW "2026-01-01 10:00:00.123456 "

static void test_site(void **state HP_UNUSED)
{
	expect(NOW
		"[INFO] [42] [PlainConf] Finished parsing file /x.conf\n" NOW
		"[WARN] [42] [PlainConf] [virtualhost:a.example] Not support [foo bar] in file " OWN
		"/sites/a.example.conf:12\n",
		"[PlainConf] [virtualhost:a.example] Not support [foo bar] in file " OWN
		"/sites/a.example.conf:12",
		"a.example");
	expect(NOW "[ERROR] [config:vhost:a.example-tls] [SSL] bad certificate\n",
		"[config:vhost:a.example-tls] [SSL] bad certificate", "a.example");
	expect(NOW "[ERROR] [config:vhost:a-stars.example9-stars12-tls] odd\n",
		"[config:vhost:a-stars.example9-stars12-tls] odd", "a-stars.example9");
	expect(NOW "[ERROR] [config:vhost:a.example9] odd\n", "[config:vhost:a.example9] odd",
		"a.example9");
}

static void test_copy_is_named_by_its_origin(void **state HP_UNUSED)
{
	expect(NOW "[WARN] [42] Not support [x y] in file " OWN "/custom/a.example@10-x.conf:3\n",
		"Not support [x y] in file /etc/hosting-panel/custom/a.example/openlitespeed/10-x.conf:3",
		"a.example");
}

/* What is about a website of ours comes before what is about nobody; errors before warnings. */
static void test_order(void **state HP_UNUSED)
{
	expect(NOW "[ERROR] no listener\n" NOW "[WARN] [config:vhost:b.example] odd\n",
		"[config:vhost:b.example] odd", "b.example");
	expect(NOW "[WARN] odd\n" NOW "[ERROR] bad\n", "bad", NULL);
	expect(NOW "[WARN] odd\n", "odd", NULL);
	expect(NOW "[NOTICE] Loading LiteSpeed/1.9.1 Open\n", NULL, NULL);
	expect("", NULL, NULL);
}

/* A website's folder is made when the test is passed. */
static void test_folder_to_come(void **state HP_UNUSED)
{
	expect(NOW
		"[ERROR] [config:vhost:a.example] Path for document root is not accessible: /x\n",
		NULL, NULL);
}

static void test_rubbish(void **state HP_UNUSED)
{
	expect("[ERROR]", "", NULL);
	expect("[ERROR] [", "[", NULL);
	expect("[ERROR] [1", "[1", NULL);
	expect("[WARN] vhost:", "vhost:", "");
	expect("[WARN] in file " OWN "/", "in file " OWN "/", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_site),
		cmocka_unit_test(test_copy_is_named_by_its_origin),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_folder_to_come),
		cmocka_unit_test(test_rubbish),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
