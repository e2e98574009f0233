/* php.c and php_render.c below a folder that stands for the machine; no PHP is run. */
#include <sys/stat.h>

#include "base/file.h"
#include "model/site.h"
#include "node/php.h"
#include "unit.h"

static const char *root;
static struct hp_pool *pool;
static struct hp_tmpl_set *templates;

static int set_up(void **state HP_UNUSED)
{
	const char **dirs;

	pool = hp_pool_new();
	root = hp_pstrdup(pool, unit_mkdir());
	dirs = hp_palloc(pool, 2 * sizeof(*dirs));
	dirs[0] = HP_TEST_TEMPLATES;
	templates = hp_tmpl_set_new(pool, dirs);
	return 0;
}

static int tear_down(void **state HP_UNUSED)
{
	unit_rmdir();
	hp_pool_free(pool);
	return 0;
}

static void put(const char *path, const char *text, mode_t mode)
{
	struct hp_err err = HP_ERR_INIT;
	const char *full = hp_path(pool, root, path);

	assert_int_equal(hp_mkdirs(hp_path_dir(pool, full), 0755, &err), 0);
	assert_int_equal(hp_file_write(full, mode, text, strlen(text), &err), 0);
}

static struct hp_conf *conf(const char *text)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_conf *c;

	if (hp_conf_parse(pool, "test.conf", text, strlen(text), &c, &err) < 0)
		fail_msg("%s", err.msg);
	return c;
}

static void test_detect_sorts_by_number(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	const struct hp_php *php;
	struct hp_php_list l;

	assert_int_equal(hp_php_detect(pool, root, NULL, &l, &err), 0);
	assert_int_equal(l.n, 0);
	put("/usr/sbin/php-fpm8.10", "", 0755);
	put("/usr/sbin/php-fpm8.2", "", 0755);
	put("/usr/sbin/php-fpm7.4", "", 0755);
	put("/usr/sbin/php-fpm8.3", "", 0644);
	put("/usr/sbin/php-fpm", "", 0755);
	put("/usr/sbin/php-fpm8.2.bak", "", 0755);
	put("/usr/sbin/php-fpm8.", "", 0755);
	put("/usr/bin/php8.2", "", 0755);
	assert_int_equal(hp_php_detect(pool, root, NULL, &l, &err), 0);
	assert_int_equal(l.n, 3);
	assert_string_equal(l.v[0].version, "7.4");
	assert_string_equal(l.v[1].version, "8.2");
	assert_string_equal(l.v[1].cli, "/usr/bin/php8.2");
	assert_string_equal(l.v[2].version, "8.10");
	assert_null(l.v[2].cli);
	assert_true(l.v[2].is_default);
	assert_false(l.v[1].is_default);
	assert_int_equal(hp_php_need(&l, "9.9", &php, &err), HP_E_NOT_FOUND);
	unit_assert_err(&err, HP_E_NOT_FOUND, "installed: 7.4, 8.2, 8.10");
	assert_int_equal(hp_php_need(&l, "8.2", &php, &err), 0);
	assert_string_equal(php->fpm, "/usr/sbin/php-fpm8.2");
}

static void test_detect_configured(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_php_list l;

	put("/opt/php83/sbin/php-fpm", "", 0755);
	assert_int_equal(hp_php_detect(pool, root,
				 conf("[php.\"8.3\"]\nfpm = /opt/php83/sbin/php-fpm\n"), &l, &err),
		0);
	assert_int_equal(l.n, 1);
	assert_string_equal(l.v[0].version, "8.3");
	assert_string_equal(l.v[0].fpm, "/opt/php83/sbin/php-fpm");
	assert_int_equal(
		hp_php_detect(pool, root, conf("[php.\"8.3\"]\nfpm = /opt/no\n"), &l, &err),
		HP_E_CONF);
}

/* ---- rendering ---- */

static const struct hp_php php82 = {.version = "8.2", .fpm = "/usr/sbin/php-fpm8.2"};

static struct hp_site site(void)
{
	struct hp_site s = {0};

	s.v[HP_SITE_ID] = "1";
	s.v[HP_SITE_DOMAIN] = "a.example";
	s.v[HP_SITE_USER] = "site1";
	s.v[HP_SITE_UID] = "20001";
	s.v[HP_SITE_PHP_VERSION] = "8.2";
	s.v[HP_SITE_PHP_MEMORY_LIMIT] = "256M";
	s.v[HP_SITE_PHP_MAX_EXECUTION_TIME] = "300";
	s.v[HP_SITE_PHP_UPLOAD_MAX_FILESIZE] = "64M";
	s.v[HP_SITE_PHP_POST_MAX_SIZE] = "65M";
	s.v[HP_SITE_PHP_EXTENSIONS] = "[]";
	return s;
}

static void has_line(const struct hp_buf *b, const char *line)
{
	struct hp_strv lines = {0};

	hp_str_split(pool, hp_buf_str(b), "\n", &lines);
	if (!hp_strv_has(&lines, line))
		fail_msg("no line \"%s\" in:\n%s", line, hp_buf_str(b));
}

static void test_render(void **state HP_UNUSED)
{
	struct hp_php_texts t _cleanup_php_texts_ = {0};
	struct hp_err err = HP_ERR_INIT;
	struct hp_site s = site();
	struct hp_strv custom;
	struct hp_php_render r = {.root = root,
		.conf = conf(
			"[php]\nmax_children = 7\nstop_timeout = 30s\nmail_server = \"[::1]:2525\"\n"),
		.templates = templates,
		.php = &php82,
		.site = &s,
		.custom = &custom};

	put("/etc/hosting-panel/custom/a.example/php-fpm/b.conf", "", 0644);
	put("/etc/hosting-panel/custom/a.example/php-fpm/a.conf", "", 0644);
	put("/etc/hosting-panel/custom/a.example/php-fpm/a.conf~", "", 0644);
	assert_int_equal(hp_php_custom(pool, root, "a.example", &custom, &err), 0);
	assert_int_equal(custom.n, 2);
	if (hp_php_render(pool, &r, &t, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(t.ini.len, 0);
	has_line(&t.conf, "[site1]");
	has_line(&t.conf, "pm.max_children = 7");
	has_line(&t.conf, "process_control_timeout = 30s");
	has_line(&t.conf, "request_terminate_timeout = 305s");
	has_line(&t.conf, "php_admin_value[memory_limit] = 256M");
	has_line(&t.conf,
		"php_admin_value[sendmail_path] = \"/usr/bin/msmtp --host=::1 --port=2525 "
		"--domain=a.example --timeout=60 --read-recipients\"");
	has_line(&t.conf,
		"php_admin_value[mail.force_extra_parameters] = \"--from=site1@a.example\"");
	has_line(&t.conf, "include = \"/etc/hosting-panel/custom/a.example/php-fpm/a.conf\"");
	assert_true(strstr(t.conf.s, "/a.conf") < strstr(t.conf.s, "/b.conf"));
	assert_null(strstr(t.conf.s, "\nuser ="));
	assert_int_equal(hp_php_custom(pool, root, "b.example", &custom, &err), 0);
	assert_int_equal(custom.n, 0);
}

static void test_render_extensions(void **state HP_UNUSED)
{
	struct hp_php_texts t _cleanup_php_texts_ = {0};
	struct hp_err err = HP_ERR_INIT;
	struct hp_site s = site();
	struct hp_php_render r = {.root = root, .templates = templates, .php = &php82, .site = &s};
	const char *bad[] = {
		"[\"../x\"]", "[\"a/b\"]", "[\"a\\nb\"]", "[\"\"]", "[\"a.so\"]", "[1]"};
	size_t i;

	put("/etc/php/8.2/mods-available/xdebug.ini", "zend_extension=xdebug.so\n", 0644);
	put("/etc/php/8.2/mods-available/mysqlnd.ini", "; priority=10\nextension=mysqlnd.so\n",
		0644);
	put("/etc/php/8.2/mods-available/mysqli.ini", "extension=mysqli.so\n", 0644);
	put("/etc/php/8.2/mods-available/gd.ini", "extension=gd.so\n", 0644);
	put("/etc/php/8.2/fpm/conf.d/20-gd.ini", "extension=gd.so\n", 0644);
	s.v[HP_SITE_PHP_EXTENSIONS] = "[\"gd\",\"mysqli\",\"mysqlnd\",\"xdebug\"]";
	if (hp_php_render(pool, &r, &t, &err) < 0)
		fail_msg("%s", err.msg);
	has_line(&t.ini, "zend_extension = \"xdebug.so\"");
	has_line(&t.ini, "extension = \"mysqli.so\"");
	assert_null(strstr(t.ini.s, "gd.so"));
	assert_true(strstr(t.ini.s, "mysqlnd.so") < strstr(t.ini.s, "mysqli.so"));
	s.v[HP_SITE_PHP_EXTENSIONS] = "[\"nonesuch\"]";
	assert_int_equal(hp_php_render(pool, &r, &t, &err), HP_E_USAGE);
	unit_assert_err(
		&err, HP_E_USAGE, "no extension \"nonesuch\"; it has: gd mysqli mysqlnd xdebug");
	for (i = 0; i < HP_ARRAY_SIZE(bad); i++) {
		s.v[HP_SITE_PHP_EXTENSIONS] = bad[i];
		assert_int_equal(hp_php_render(pool, &r, &t, &err), HP_E_USAGE);
	}
}

static void test_version_files(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_php v[] = {php82};
	struct hp_php_list l = {v, 1};
	struct hp_php_file *f;
	size_t n;

	if (hp_php_version_files(pool, &l, conf("[php.\"8.2\"]\njit_enabled = true\n"), templates,
		    HP_PHP_UNITS, &f, &n, &err) < 0)
		fail_msg("%s", err.msg);
	assert_int_equal(n, 4);
	assert_string_equal(f[0].path, "/etc/hosting-panel/php/8.2/conf.d/50-hosting-panel.ini");
	assert_non_null(strstr(f[0].text, "\nopcache.jit = tracing\n"));
	assert_false(f[0].unit);
	assert_string_equal(f[1].path, "/etc/hosting-panel/php/8.2/probe.php");
	assert_memory_equal(f[1].text, "<?php\n", 6);
	assert_false(f[1].unit);
	assert_string_equal(f[2].path, "/etc/systemd/system/php8.2-fpm@.service");
	assert_non_null(strstr(f[2].text, "\nUser=%i\n"));
	assert_non_null(strstr(f[2].text,
		"\nExecStart=/usr/sbin/php-fpm8.2 --nodaemonize --fpm-config "
		"/etc/hosting-panel/php/8.2/%i.conf\n"));
	assert_null(strstr(f[2].text, "prlimit"));
	assert_true(f[2].unit);
	assert_non_null(strstr(f[3].text, "\nListenStream=/run/hosting-panel/php/8.2/%i.sock\n"));
	assert_int_equal(hp_php_version_files(
				 pool, &l, NULL, templates, HP_PHP_NO_UNITS, &f, &n, &err),
		0);
	assert_int_equal(n, 2);
	/* where no control group counts, the limits that every process has */
	assert_int_equal(hp_php_version_files(pool, &l, NULL, templates, HP_PHP_UNITS_BY_USER, &f,
				 &n, &err),
		0);
	assert_int_equal(n, 4);
	assert_non_null(strstr(f[2].text, "\nEnvironment=TasksMax=512 MemoryMax="));
	assert_non_null(strstr(f[2].text,
		"\nExecStart=/usr/bin/prlimit --nproc=${TasksMax} --data=${MemoryMax} "
		"/usr/sbin/php-fpm8.2 --nodaemonize --fpm-config "
		"/etc/hosting-panel/php/8.2/%i.conf\n"));
}

static void test_checks_before_fpm(void **state HP_UNUSED)
{
	static const struct {
		const char *snippet, *want;
	} bad[] = {
		{"[other]\n", "php-fpm/x.conf:1: a custom snippet can't open a section"},
		{"; fine\n user = root\n", "x.conf:2: \"user\" is set by the panel"},
		{"listen.mode=0666\n", "\"listen.mode\" is set by the panel"},
		{"\n\nListen = /tmp/x\n", "x.conf:3: \"Listen\""},
		{"include=/etc/passwd\n", "\"include\""},
		{"chroot = /\n", "\"chroot\""},
	};
	struct hp_err err = HP_ERR_INIT;
	struct hp_php_staged st[2] = {
		{"site1", "/etc/hosting-panel/php/8.2/site1.conf",
			hp_path(pool, root, "/staged/1")},
		{"site1", "/etc/hosting-panel/php/8.2/other.conf",
			hp_path(pool, root, "/staged/1")},
	};
	size_t i, which;

	put("/staged/1",
		"[global]\ndaemonize = no\n[site1]\nlisten = /x\n"
		"include = \"/etc/hosting-panel/custom/a.example/php-fpm/x.conf\"\n",
		0644);
	for (i = 0; i < HP_ARRAY_SIZE(bad); i++) {
		put("/etc/hosting-panel/custom/a.example/php-fpm/x.conf", bad[i].snippet, 0644);
		assert_int_equal(hp_php_test(root, &php82, st, 1, &which, &err), HP_E_REFUSED);
		unit_assert_err(&err, HP_E_REFUSED, bad[i].want);
		assert_int_equal(which, 0);
	}
	assert_int_equal(hp_php_test(root, &php82, st, 2, &which, &err), HP_E_REFUSED);
	unit_assert_err(&err, HP_E_REFUSED, "pool site1 stands in");
	put("/staged/1", "[site2]\nlisten = /x\n", 0644);
	assert_int_equal(hp_php_test(root, &php82, st, 1, &which, &err), HP_E_REFUSED);
	put("/staged/1", "[site1]\nuser = root\n", 0644);
	assert_int_equal(hp_php_test(root, &php82, st, 1, &which, &err), HP_E_REFUSED);
	unit_assert_err(&err, HP_E_REFUSED, "must not set a user");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_detect_sorts_by_number),
		TEST(test_detect_configured),
		TEST(test_render),
		TEST(test_render_extensions),
		TEST(test_version_files),
		TEST(test_checks_before_fpm),
	};

	return cmocka_run_group_tests_name("php", tests, NULL, NULL);
}
