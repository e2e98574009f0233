#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "tests/unit/unit.h"
#include "base/buf.h"
#include "base/file.h"
#include "node/manifest.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void write_two(const char *path)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_manifest head = {.node = "web1", .generation = 42, .doc = SHA, .inputs = SHA,
		.complete = true};
	struct hp_mfile link = {.path = "/etc/x/b link",
		.target = "../b c",
		.sha = SHA,
		.mode = 0777,
		.kind = HP_MLINK,
		.part = 2,
		.sig = {.size = 6, .mtime = -5, .ctime = 7, .ino = UINT64_MAX}};
	struct hp_mfile file = {.next = &link,
		.path = "/etc/x/b",
		.sha = SHA,
		.mode = 0640,
		.gid = 20001,
		.kind = HP_MFILE_OWN_DIR,
		.part = 1,
		.sig = {.size = 9, .mtime = 1, .ctime = 2, .ino = 3}};
	struct hp_msite own = {.domain = "-", .digest = SHA};
	struct hp_msite a = {.domain = "a.example", .user = "site1", .uid = 20001, .digest = SHA,
		.suspended = true};
	struct hp_msite b = {.domain = "b.example", .user = "site2", .uid = 20002, .php = "8.2",
		.more_php = "8.0,8.10", .digest = SHA, .revision = "cafe", .note = "beef",
		.files = &file};
	struct hp_err err = HP_ERR_INIT;
	struct hp_manifest_writer *w;
	int fd _cleanup_close_ = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(hp_manifest_begin(pool, fd, &head, &w, &err), 0);
	assert_int_equal(hp_manifest_site(w, &own, &err), 0);
	assert_int_equal(hp_manifest_site(w, &a, &err), 0);
	assert_int_equal(hp_manifest_site(w, &b, &err), 0);
	assert_int_equal(hp_manifest_end(w, &err), 0);
}

static void test_round_trip(void **state HP_UNUSED)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_err err = HP_ERR_INIT;
	const struct hp_msite *s;
	struct hp_strv versions;
	struct hp_manifest m;

	write_two(unit_path("m"));
	assert_int_equal(hp_manifest_load(pool, unit_path("m"), &m, &err), 0);
	assert_string_equal(m.node, "web1");
	assert_int_equal(m.generation, 42);
	assert_true(m.complete);
	assert_int_equal(m.n, 2);
	assert_string_equal(m.own.digest, SHA);
	assert_null(hp_manifest_find(&m, "c.example"));
	s = hp_manifest_find(&m, "a.example");
	assert_non_null(s);
	assert_true(s->suspended);
	assert_null(s->php);
	assert_null(s->files);
	assert_false(hp_msite_has_php(s, "8.2"));
	hp_msite_versions(pool, s, &versions);
	assert_int_equal(versions.n, 0);
	s = hp_manifest_find(&m, "b.example");
	assert_string_equal(s->php, "8.2");
	hp_msite_versions(pool, s, &versions);
	assert_int_equal(versions.n, 3);
	assert_string_equal(versions.v[0], "8.2");
	assert_string_equal(versions.v[2], "8.10");
	assert_true(hp_msite_has_php(s, "8.2") && hp_msite_has_php(s, "8.0") &&
		hp_msite_has_php(s, "8.10"));
	assert_false(hp_msite_has_php(s, "8.1") || hp_msite_has_php(s, "8"));
	assert_string_equal(s->revision, "cafe");
	assert_string_equal(s->note, "beef");
	assert_int_equal(s->files->kind, HP_MFILE_OWN_DIR);
	assert_int_equal(s->files->gid, 20001);
	assert_int_equal(s->files->mode, 0640);
	s->files->sig.ino++;
	assert_int_equal(s->files->sig.ino, 4);
	assert_string_equal(s->files->next->target, "../b c");
	assert_string_equal(s->files->next->path, "/etc/x/b link");
	assert_int_equal(s->files->next->sig.mtime, -5);
	assert_true(s->files->next->sig.ino == UINT64_MAX);
	assert_null(s->files->next->next);
}

static void test_missing(void **state HP_UNUSED)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_err err = HP_ERR_INIT;
	struct hp_manifest m;

	assert_int_equal(hp_manifest_load(pool, unit_path("none"), &m, &err), 0);
	assert_null(m.node);
	assert_int_equal(m.n, 0);
}

/* Cut anywhere, or one byte changed anywhere: refused, never half read. */
static void test_damaged(void **state HP_UNUSED)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	struct hp_manifest m;
	size_t i;

	write_two(unit_path("m"));
	assert_int_equal(hp_file_read(unit_path("m"), 65536, &text, &err), 0);
	for (i = 0; i < text.len; i += 7) {
		hp_err_clear(&err);
		assert_int_equal(hp_file_write(unit_path("d"), 0600, text.s, i, &err), 0);
		assert_int_equal(hp_manifest_load(pool, unit_path("d"), &m, &err), HP_E_CONF);
		hp_err_clear(&err);
		text.s[i] ^= 1;
		assert_int_equal(hp_file_write(unit_path("d"), 0600, text.s, text.len, &err), 0);
		text.s[i] ^= 1;
		assert_int_equal(hp_manifest_load(pool, unit_path("d"), &m, &err), HP_E_CONF);
	}
}

/* A file as young as the manifest may have changed since without its signature telling. */
static void test_racy(void **state HP_UNUSED)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct timespec times[2] = {{.tv_sec = 0}, {.tv_sec = 0, .tv_nsec = 5}};
	struct hp_err err = HP_ERR_INIT;
	struct hp_manifest m;

	write_two(unit_path("m"));
	assert_int_equal(hp_manifest_load(pool, unit_path("m"), &m, &err), 0);
	assert_false(m.sites[1].files->racy);
	assert_int_equal(utimensat(AT_FDCWD, unit_path("m"), times, 0), 0);
	assert_int_equal(hp_manifest_load(pool, unit_path("m"), &m, &err), 0);
	assert_true(m.sites[1].files->racy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, unit_setup_dir, unit_teardown_dir),
		cmocka_unit_test_setup_teardown(test_missing, unit_setup_dir, unit_teardown_dir),
		cmocka_unit_test_setup_teardown(test_damaged, unit_setup_dir, unit_teardown_dir),
		cmocka_unit_test_setup_teardown(test_racy, unit_setup_dir, unit_teardown_dir),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
