#include "tests/unit/unit.h"
#include "node/diff.h"

static void expect(const char *a, const char *b, const char *want)
{
	struct hp_buf out _cleanup_buf_ = HP_BUF_INIT;

	hp_diff(&out, "a", a, strlen(a), "b", b, strlen(b));
	assert_string_equal(hp_buf_str(&out), want);
}

static void test_equal(void **state HP_UNUSED)
{
	expect("", "", "");
	expect("x\ny\n", "x\ny\n", "");
}

static void test_whole(void **state HP_UNUSED)
{
	expect("", "x\ny\n", "--- a\n+++ b\n@@ -0,0 +1,2 @@\n+x\n+y\n");
	expect("x\n", "", "--- a\n+++ b\n@@ -1 +0,0 @@\n-x\n");
}

static void test_context(void **state HP_UNUSED)
{
	expect("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n",
		"--- a\n+++ b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

static void test_two_hunks(void **state HP_UNUSED)
{
	expect("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", "one\n2\n3\n4\n5\n6\n7\n8\n9\nten\n",
		"--- a\n+++ b\n@@ -1,4 +1,4 @@\n-1\n+one\n 2\n 3\n 4\n"
		"@@ -7,4 +7,4 @@\n 7\n 8\n 9\n-10\n+ten\n");
	/* six unchanged lines between: one hunk */
	expect("1\n2\n3\n4\n5\n6\n7\n8\n", "one\n2\n3\n4\n5\n6\n7\neight\n",
		"--- a\n+++ b\n@@ -1,8 +1,8 @@\n-1\n+one\n 2\n 3\n 4\n 5\n 6\n 7\n-8\n+eight\n");
}

static void test_no_newline(void **state HP_UNUSED)
{
	expect("x\ny", "x\nz\n",
		"--- a\n+++ b\n@@ -1,2 +1,2 @@\n x\n-y\n\\ No newline at end of file\n+z\n");
}

/* Longer than any edit script it would look for: shown as replaced whole, in bounded memory. */
static void test_huge(void **state HP_UNUSED)
{
	struct hp_buf a _cleanup_buf_ = HP_BUF_INIT, b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_buf out _cleanup_buf_ = HP_BUF_INIT;
	int i;

	for (i = 0; i < 5000; i++) {
		hp_buf_addf(&a, "a%d\n", i);
		hp_buf_addf(&b, "b%d\n", i);
	}
	hp_diff(&out, "a", a.s, a.len, "b", b.s, b.len);
	assert_non_null(strstr(hp_buf_str(&out), "@@ -1,5000 +1,5000 @@\n-a0\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_context),
		cmocka_unit_test(test_two_hunks),
		cmocka_unit_test(test_no_newline),
		cmocka_unit_test(test_huge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
