/* folders.c below a folder that stands for the machine. */
#include <fcntl.h>
#include "base/file.h"
#include "node/folders.h"
#include "unit.h"

static const char *root;
static struct hp_pool *pool;
static struct hp_folders_want want = {.domain = "a.example", .uid = 20001, .web_gid = 33};

static int set_up(void **state HP_UNUSED)
{
	pool = hp_pool_new();
	root = hp_pstrdup(pool, unit_mkdir());
	return 0;
}

static int tear_down(void **state HP_UNUSED)
{
	unit_rmdir();
	hp_pool_free(pool);
	return 0;
}

static void has(const char *path, unsigned uid, unsigned gid, unsigned mode)
{
	struct stat st;

	assert_int_equal(lstat(hp_path(pool, root, path), &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	if (geteuid() == 0) {
		assert_int_equal(st.st_uid, uid);
		assert_int_equal(st.st_gid, gid);
	}
}

static bool exists(const char *path)
{
	struct stat st;

	return lstat(hp_path(pool, root, path), &st) == 0;
}

static void make(struct hp_strv *made)
{
	struct hp_err err = HP_ERR_INIT;

	if (hp_folders_make(pool, root, &want, made, &err) < 0)
		fail_msg("%s", err.msg);
}

static void put(const char *path)
{
	int fd = open(hp_path(pool, root, path), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	close(fd);
}

static int is_made(void)
{
	struct hp_folders f = HP_FOLDERS_INIT;
	struct hp_err err = HP_ERR_INIT;
	int r;

	assert_int_equal(hp_folders_look(&f, root, &err), 0);
	r = hp_folders_is_made(&f, pool, &want, &err);
	hp_folders_close(&f);
	return r;
}

static void test_make_owners_and_modes(void **state HP_UNUSED)
{
	struct hp_strv made = {0};

	assert_int_equal(is_made(), 0);
	make(&made);
	assert_int_equal(made.n, 9);
	has(HP_VHOSTS_DIR "/a.example", 20001, 33, 0750);
	has(HP_SITES_DIR "/a.example", 0, 20001, 0750);
	has(HP_SITES_DIR "/a.example/sessions", 20001, 20001, 0700);
	has(HP_SITES_DIR "/a.example/tmp", 20001, 20001, 0700);
	has(HP_SITES_LOG_DIR "/a.example", 0, 20001, 0750);
	has(HP_SITES_LOG_DIR "/a.example/php-error.log", 20001, 20001, 0640);
	has(HP_SITES_LOG_DIR "/a.example/php-slow.log", 20001, 20001, 0640);
	assert_int_equal(is_made(), 1);
	/* again: nothing new; a changed mode of a folder of root is mended */
	made = (struct hp_strv){0};
	assert_int_equal(chmod(hp_path(pool, root, HP_SITES_DIR "/a.example"), 0777), 0);
	assert_int_equal(is_made(), 0);
	make(&made);
	assert_int_equal(made.n, 0);
	has(HP_SITES_DIR "/a.example", 0, 20001, 0750);
}

static void test_make_takes_no_foreign_tree(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	const char *docroot = hp_path(pool, root, HP_VHOSTS_DIR "/a.example");

	assert_int_equal(hp_mkdirs(hp_path(pool, root, HP_VHOSTS_DIR), 0755, &err), 0);
	assert_int_equal(symlink("/etc", docroot), 0);
	assert_int_equal(hp_folders_make(pool, root, &want, NULL, &err), HP_E_EXISTS);
	assert_int_equal(unlink(docroot), 0);
	if (geteuid() != 0)
		return;
	assert_int_equal(mkdir(docroot, 0755), 0);
	assert_int_equal(hp_folders_make(pool, root, &want, NULL, &err), HP_E_EXISTS);
	assert_non_null(strstr(err.hint, "chown"));
	assert_int_equal(chown(docroot, 20001, 20001), 0);
	make(NULL);
	has(HP_VHOSTS_DIR "/a.example", 20001, 20001, 0755);
}

static void test_undo_keeps_what_came_since(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_strv made = {0};

	make(&made);
	put(HP_VHOSTS_DIR "/a.example/index.php");
	put(HP_SITES_DIR "/a.example/sessions/sess_1");
	assert_int_equal(hp_folders_has_files(root, "a.example", &err), 1);
	if (hp_folders_undo(root, &made, &err) < 0)
		fail_msg("%s", err.msg);
	assert_true(exists(HP_VHOSTS_DIR "/a.example/index.php"));
	assert_false(exists(HP_SITES_DIR "/a.example"));
	assert_false(exists(HP_SITES_LOG_DIR "/a.example"));
}

static void test_remove_follows_nothing(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	char path[256];

	make(NULL);
	assert_int_equal(hp_mkdirs(hp_path(pool, root, "/keep/inner"), 0755, &err), 0);
	put("/keep/file");
	snprintf(path, sizeof(path), "%s/keep", root);
	assert_int_equal(
		symlink(path, hp_path(pool, root, HP_VHOSTS_DIR "/a.example/link")), 0);
	assert_int_equal(symlink("..", hp_path(pool, root, HP_VHOSTS_DIR "/a.example/up")), 0);
	if (hp_folders_remove(root, "a.example", HP_FOLDERS_ALL, &err) < 0)
		fail_msg("%s", err.msg);
	assert_false(exists(HP_VHOSTS_DIR "/a.example"));
	assert_false(exists(HP_SITES_DIR "/a.example"));
	assert_false(exists(HP_SITES_LOG_DIR "/a.example"));
	assert_true(exists("/keep/file"));
	assert_true(exists("/keep/inner"));
	assert_true(exists(HP_VHOSTS_DIR));
	/* what is gone is fine */
	assert_int_equal(hp_folders_remove(root, "a.example", HP_FOLDERS_ALL, &err), 0);
}

static void test_remove_very_deep(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	int i, fd;

	make(NULL);
	fd = open(hp_path(pool, root, HP_VHOSTS_DIR "/a.example"), O_RDONLY | O_DIRECTORY);
	for (i = 0; i < 2000; i++) {
		int sub;

		assert_int_equal(mkdirat(fd, "deep", 0755), 0);
		sub = openat(fd, "deep", O_RDONLY | O_DIRECTORY);
		assert_true(sub >= 0);
		close(fd);
		fd = sub;
	}
	close(fd);
	if (hp_folders_remove(root, "a.example", HP_FOLDERS_DOCROOT, &err) < 0)
		fail_msg("%s", err.msg);
	assert_false(exists(HP_VHOSTS_DIR "/a.example"));
	assert_true(exists(HP_SITES_DIR "/a.example"));
}

static int make_below(const char *below, struct hp_err *err)
{
	struct hp_folders f = HP_FOLDERS_INIT;
	int r;

	hp_err_clear(err);
	assert_int_equal(hp_folders_open(&f, root, err), 0);
	r = hp_folders_make_below(&f, pool, &want, below, err);
	hp_folders_close(&f);
	assert_int_equal(geteuid(), getuid());
	return r;
}

static void test_below_is_made_and_undone(void **state HP_UNUSED)
{
	const char *own = HP_VHOSTS_DIR "/a.example";
	struct hp_err err = HP_ERR_INIT;
	mode_t before;
	size_t there;

	assert_true(hp_folders_lack_below(pool, root, "a.example", "web/public", &there));
	assert_int_equal(there, 0);
	make(NULL);
	before = umask(077);
	assert_int_equal(make_below("web", &err), 0);
	umask(before);
	has(HP_VHOSTS_DIR "/a.example/web", 20001, 33, 0750);
	assert_true(hp_folders_lack_below(pool, root, "a.example", "web/public/en", &there));
	assert_int_equal(there, 1);
	assert_int_equal(make_below("web/public/en", &err), 0);
	has(HP_VHOSTS_DIR "/a.example/web/public/en", 20001, 33, 0750);
	assert_false(hp_folders_lack_below(pool, root, "a.example", "web/public/en", &there));
	/* what is there stays as it is */
	assert_int_equal(chmod(hp_path(pool, root, HP_VHOSTS_DIR "/a.example/web"), 0700), 0);
	assert_int_equal(make_below("web/public/en", &err), 0);
	has(HP_VHOSTS_DIR "/a.example/web", 20001, 33, 0700);
	/* undone: only what is empty, and nothing that was there before */
	put(HP_VHOSTS_DIR "/a.example/web/public/x");
	hp_folders_undo_below(pool, root, "a.example", "web/public/en", 1);
	assert_false(exists(HP_VHOSTS_DIR "/a.example/web/public/en"));
	assert_true(exists(HP_VHOSTS_DIR "/a.example/web/public/x"));
	assert_int_equal(unlink(hp_path(pool, root, hp_pprintf(pool, "%s/web/public/x", own))), 0);
	hp_folders_undo_below(pool, root, "a.example", "web/public/en", 1);
	assert_true(exists(HP_VHOSTS_DIR "/a.example/web"));
	assert_false(exists(HP_VHOSTS_DIR "/a.example/web/public"));
}

static void test_below_takes_no_way_out(void **state HP_UNUSED)
{
	const char *own = hp_path(pool, root, HP_VHOSTS_DIR "/a.example");
	const char *outside = hp_path(pool, root, "/outside");
	struct hp_err err = HP_ERR_INIT;
	size_t there;

	make(NULL);
	assert_int_equal(mkdir(outside, 0777), 0);
	/* a link out of the folder: nothing is made behind it, though anybody could */
	assert_int_equal(chmod(outside, 0777), 0);
	assert_int_equal(symlink(outside, hp_pprintf(pool, "%s/current", own)), 0);
	assert_int_equal(make_below("current/public", &err), HP_E_DENIED);
	assert_non_null(strstr(err.msg, "symbolic link"));
	assert_false(exists("/outside/public"));
	assert_false(hp_folders_lack_below(pool, root, "a.example", "current/public", &there));
	hp_folders_undo_below(pool, root, "a.example", "current/public", 0);
	assert_true(exists("/outside"));
	/* one that leads to a folder is the tenant's way of having it */
	assert_int_equal(mkdir(hp_path(pool, root, "/outside/public"), 0755), 0);
	if (geteuid() != 0)
		assert_int_equal(make_below("current/public", &err), 0);
	/* a file in the way */
	put(HP_VHOSTS_DIR "/a.example/file");
	assert_int_equal(make_below("file", &err), HP_E_DENIED);
	assert_true(make_below("file/x", &err) < 0);
	/* rights of the tenant's, not of root's */
	if (geteuid() != 0)
		return;
	assert_int_equal(mkdir(hp_pprintf(pool, "%s/roots", own), 0755), 0);
	assert_int_equal(make_below("roots/x", &err), HP_E_DENIED);
	assert_false(exists(HP_VHOSTS_DIR "/a.example/roots/x"));
	/* and root has its own back */
	put("/outside/public/y");
	has("/outside/public/y", 0, 0, 0644);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_make_owners_and_modes),
		TEST(test_make_takes_no_foreign_tree),
		TEST(test_undo_keeps_what_came_since), TEST(test_below_is_made_and_undone),
		TEST(test_below_takes_no_way_out),
		TEST(test_remove_follows_nothing),
		TEST(test_remove_very_deep),
	};

	return cmocka_run_group_tests_name("folders", tests, NULL, NULL);
}
