/* users.c against folders that stand for machines; making accounts for real needs root. */
#include "base/file.h"
#include "node/users.h"
#include "unit.h"

static const char *root;
static struct hp_pool *pool;

static int set_up(void **state HP_UNUSED)
{
	pool = hp_pool_new();
	root = hp_pstrdup(pool, unit_mkdir());
	return mkdir(hp_path(pool, root, "/etc"), 0755);
}

static int tear_down(void **state HP_UNUSED)
{
	unit_rmdir();
	hp_pool_free(pool);
	return 0;
}

static void put(const char *path, const char *text)
{
	struct hp_err err = HP_ERR_INIT;

	assert_int_equal(
		hp_file_write(hp_path(pool, root, path), 0644, text, strlen(text), &err), 0);
}

static const struct hp_user_want two[] = {
	{"site1", 20001, "/var/lib/hosting-panel/sites/a.example"},
	{"site2", 20002, "/var/lib/hosting-panel/sites/b.example"},
};

static void test_check_tells_missing(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	bool missing[2];
	size_t bad;

	put("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n"
			   "site2:x:20002:20002:hosting-panel site:/x:/usr/sbin/nologin\n");
	put("/etc/group", "root:x:0:\nsite2:x:20002:\n");
	assert_int_equal(hp_users_check(root, two, 2, missing, &bad, &err), 0);
	assert_true(missing[0]);
	assert_false(missing[1]);
	assert_int_equal(bad, 2);
}

static void refused(const char *passwd, const char *group, size_t want_bad, const char *want)
{
	struct hp_err err = HP_ERR_INIT;
	size_t bad;

	put("/etc/passwd", passwd);
	put("/etc/group", group);
	assert_int_equal(hp_users_check(root, two, 2, NULL, &bad, &err), HP_E_EXISTS);
	assert_int_equal(bad, want_bad);
	assert_non_null(strstr(err.msg, want));
}

static void test_check_refuses_what_is_anothers(void **state HP_UNUSED)
{
	refused("site2:x:1000:1000:A person:/home/site2:/bin/sh\n", "", 1, "is not a website's");
	refused("site1:x:20001:20001:A person:/home/site1:/bin/sh\n", "", 0, "is not a website's");
	refused("site1:x:20007:20007:hosting-panel site:/x:/x\n", "", 0, "number 20007, not 20001");
	refused("anna:x:20002:100:Anna:/home/anna:/bin/sh\n", "", 1, "belongs to anna");
	refused("", "staff2:x:20001:\n", 0, "belongs to staff2");
	refused("", "site1:x:50:\n", 0, "group site1 has the number 50");
	refused("site1:x:20001:20001:hosting-panel sites club:/x:/x\n", "", 0, "not a website's");
}

static void test_is_ours(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	uid_t uid = 0;

	put("/etc/passwd", "root:x:0:0:hosting-panel site:/root:/bin/bash\n"
			   "site2:x:20002:20002:hosting-panel site:/x:/usr/sbin/nologin\n");
	assert_int_equal(hp_users_is_ours(root, "site2", &uid, &err), 1);
	assert_int_equal(uid, 20002);
	assert_int_equal(hp_users_is_ours(root, "site1", &uid, &err), 0);
	assert_int_equal(hp_users_is_ours(root, "root", &uid, &err), HP_E_EXISTS);
}

static void test_remove_refuses_foreign(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	const char *names[] = {"anna"};

	put("/etc/passwd", "anna:x:1000:100:Anna:/home/anna:/bin/sh\n");
	assert_int_equal(hp_users_remove(root, names, 1, &err), HP_E_EXISTS);
}

static void test_make_and_remove(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_strv made = {0};
	const char *names[] = {"site1", "site2", "site3"};
	uid_t uid;

	if (geteuid() != 0)
		skip();
	put("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n");
	put("/etc/group", "root:x:0:\n");
	if (hp_users_make(pool, root, two, 2, &made, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(made.n, 2);
	assert_int_equal(hp_users_is_ours(root, "site1", &uid, &err), 1);
	assert_int_equal(uid, 20001);
	/* once more: nothing to do */
	made = (struct hp_strv){0};
	assert_int_equal(hp_users_make(pool, root, two, 2, &made, &err), 0);
	assert_int_equal(made.n, 0);
	if (hp_users_remove(root, names, 3, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(hp_users_is_ours(root, "site1", NULL, &err), 0);
	assert_int_equal(hp_users_is_ours(root, "site2", NULL, &err), 0);
}

static void test_make_refuses_home_that_breaks_the_line(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_user_want w = {"site1", 20001, "/x\" /bin/sh\nu root2 0"};

	assert_int_equal(hp_users_make(pool, root, &w, 1, NULL, &err), HP_E_USAGE);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_check_tells_missing),
		TEST(test_check_refuses_what_is_anothers),
		TEST(test_is_ours),
		TEST(test_remove_refuses_foreign),
		TEST(test_make_and_remove),
		TEST(test_make_refuses_home_that_breaks_the_line),
	};

	return cmocka_run_group_tests_name("users", tests, NULL, NULL);
}
