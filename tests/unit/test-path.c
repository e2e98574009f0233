#include "unit.h"

#include "base/file.h"
#include "base/paths.h"

static void joining(void **state HP_UNUSED)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();

	assert_string_equal(hp_path(pool, "", "/etc/x"), "/etc/x");
	assert_string_equal(hp_path(pool, NULL, "/etc/x"), "/etc/x");
	assert_string_equal(hp_path(pool, "/", "/etc/x"), "/etc/x");
	assert_string_equal(hp_path(pool, "/root", "/etc/x"), "/root/etc/x");
	assert_string_equal(hp_path(pool, "root//", "/etc/..x/.y"), "root/etc/..x/.y");
	assert_string_equal(hp_path(pool, "/root", "/"), "/root/");
}

static void cleanness(void **state HP_UNUSED)
{
	static const char *const good[] = {"/", "/a", "/a/b.c", "/..a/a..", "/ü", "/.a", "/..."};
	static const char *const bad[] = {"", "a", "a/b", "/a/", "//", "/a//b", "/.", "/..",
		"/a/..", "/a/../b", "/./a", "/a\n", "/a\xff", "/a\x7f"};

	for (size_t i = 0; i < HP_ARRAY_SIZE(good); i++)
		if (!hp_path_is_clean(good[i]))
			fail_msg("\"%s\" was refused", good[i]);
	for (size_t i = 0; i < HP_ARRAY_SIZE(bad); i++)
		if (hp_path_is_clean(bad[i]))
			fail_msg("\"%s\" was accepted", bad[i]);
}

static void folders(void **state HP_UNUSED)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();

	assert_string_equal(hp_path_dir(pool, "/a/b/c"), "/a/b");
	assert_string_equal(hp_path_dir(pool, "/a"), "/");
	assert_string_equal(hp_path_dir(pool, "/"), "/");
}

static void from_the_environment(void **state HP_UNUSED)
{
	unsetenv("HP_LIBDIR");
	assert_true(hp_str_ends(hp_libdir(), "/hosting-panel"));
	setenv("HP_LIBDIR", "/other/lib", 1);
	setenv("HP_DATADIR", "/other/data", 1);
	assert_string_equal(hp_libdir(), "/other/lib");
	assert_string_equal(hp_datadir(), "/other/data");
	setenv("HP_DATADIR", "", 1);
	assert_true(hp_str_ends(hp_datadir(), "/hosting-panel"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joining),
		cmocka_unit_test(cleanness),
		cmocka_unit_test(folders),
		cmocka_unit_test(from_the_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
