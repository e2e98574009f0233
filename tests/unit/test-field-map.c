/* Settings that are paths or JSON objects, their members, and how settings fit each other. */
#include "base/str.h"
#include "field.h"

static void paths(void **state HP_UNUSED)
{
	SITE("document_root", "", "");
	SITE("document_root", "public/", "public");
	SITE("document_root", "public/web.2_x-y", "public/web.2_x-y");
	SITE("document_root", "/", NULL);
	SITE("document_root", "/etc", NULL);
	SITE("document_root", "a//b", NULL);
	SITE("document_root", "a/../..", NULL);
	SITE("document_root", "a/..", NULL);
	SITE("document_root", "./a", NULL);
	SITE("document_root", ".git", NULL);
	SITE("document_root", "a/.git", NULL);
	SITE("document_root", hp_pprintf(pool, "%0256d", 0), NULL);
	SITE("index_files", "index.php,home.html", "[\"index.php\",\"home.html\"]");
	SITE("index_files", "", NULL);
	SITE("index_files", "[]", NULL);
	SITE("index_files", "a/b.html", NULL);
	SITE("index_files", ".htaccess", NULL);
	SITE("index_files", "a..b", NULL);
}

static void redirects(void **state HP_UNUSED)
{
	static const char *const bad[] = {"/a\":\"/b", "/a\":\"300 /b", "/a\":\"303 /b",
		"/a\":\"301", "/a\":\"301 ", "/a\":\"301  /b", "/a\":\"301 b", "/a\":\"301 //b",
		"/a\":\"301 ftp://b", "/a\":\"301 https://", "/a\":\"301 https:///b",
		"/a\":\"301 https://a_b/", "/a\":\"301 https://u:p@b/", "/a\":\"301 https://b:0/",
		"/a\":\"301 https://b:65536/", "/a\":\"301 https://b:x/", "/a\":\"301 javascript:1",
		"/a\":\"301 /b c", "/a\":\"301 /b$host", "/a\":\"301 /b\\r\\nX: y",
		"/a\":\"301 /b%0", "/a\":\"301 /b%zz", "/a\":\"301 /b\\u0000", "/a\":\"301 /b{",
		"/a\":\"301 /b/*", "/a/*\":\"301 /b*", "/a/*\":\"301 /b/*/c", "a\":\"301 /b",
		"/a*\":\"301 /b", "/a/*/b\":\"301 /b", "*\":\"301 /b", "/a//b\":\"301 /b",
		"/../a\":\"301 /b", "/a?b\":\"301 /b", "/a b\":\"301 /b", "/a=b\":\"301 /b",
		"/a\":\"301 /a", "/a\":\"301 /a?x=1", "/a/*\":\"301 /a/b", "/a/*\":\"301 /a/*",
		"/*\":\"301 /b", "/.well-known/acme-challenge/x\":\"301 /b",
		"/.well-known/hosting-panel/*\":\"301 /b"};
	static const char *const good[] = {"/a\":\"301 /b", "/\":\"302 /b?x=1&y=2#z",
		"/a/\":\"307 /a", "/a\":\"308 https://b.example",
		"/a\":\"301 http://b.example:8080/c%20d", "/old/*\":\"301 /new/*",
		"/*\":\"302 https://b.example/*", "/old/*\":\"301 /gone.html", "/a\":\"301 /*",
		"/.well-known/carddav\":\"301 /dav/"};

	for (size_t i = 0; i < HP_ARRAY_SIZE(bad); i++)
		SITE("redirects", hp_pprintf(pool, "{\"%s\"}", bad[i]), NULL);
	for (size_t i = 0; i < HP_ARRAY_SIZE(good); i++) {
		const char *v = hp_pprintf(pool, "{\"%s\"}", good[i]);

		if (hp_str_ends(good[i], "301 /*"))
			SITE("redirects", v, NULL); /* no star to take it from */
		else
			SITE("redirects", v, v);
	}
}

static void error_pages(void **state HP_UNUSED)
{
	static const char *const bad_codes[] = {"399", "600", "200", "301", "418", "499", "4xx",
		"0404", "404 ", "", "-404", "404 500", "509", "599"};

	SITE("error_pages", "{ \"404\": \"/404.html\", \"503\": \"/e/503.php\" }",
		"{\"404\":\"/404.html\",\"503\":\"/e/503.php\"}");
	for (size_t i = 0; i < HP_ARRAY_SIZE(bad_codes); i++)
		SITE("error_pages", hp_pprintf(pool, "{\"%s\":\"/e.html\"}", bad_codes[i]), NULL);
	SITE("error_pages", "{\"404\":\"e.html\"}", NULL);
	SITE("error_pages", "{\"404\":\"/e/\"}", NULL);
	SITE("error_pages", "{\"404\":\"/../e\"}", NULL);
	SITE("error_pages", "{\"404\":\"https://x/e\"}", NULL);
	SITE("error_pages", "{\"404\":404}", NULL);
	SITE("error_pages", "[\"404\"]", NULL);
}

static void auth(void **state HP_UNUSED)
{
	/* as openssl passwd -6, -5, -apr1 and htpasswd -B write them, of the password "x" */
	static const char *const good[] = {HASH,
		"$5$saltsalt$hcyDOxdIg0p3xyqtpHh/v8Ph.am06tQaovp1KpEklb7",
		("$6$rounds=5000$salt$wZU8LXJfJJqoagopbB7RuK6JEotEMZ0CQDy0phpP"
		 "AuLMYQFcmf6L6BdAbs/Q7w7o1qsZ9pFqFVY4yuUSWgaYt1"),
		"$apr1$saltsalt$Q17bmANhIA7pctgRGqF/S0",
		"$2y$05$abcdefghijklmnopqrstuuhKF09ZYWwH2zP/0fwE1X8e/Q1YNx/hO"};
	static const char *const bad[] = {"", "x", "geheim", "$6$", "$6$salt", "$6$salt$short",
		"$1$saltsalt$2vnaRpHa6Jxjz5n83ok8Z0", "$y$j9T$x$y", "{SHA}x", "{PLAIN}x", "*", "!",
		("$6$rounds=99$salt$wZU8LXJfJJqoagopbB7RuK6JEotEMZ0CQDy0phpP"
		 "AuLMYQFcmf6L6BdAbs/Q7w7o1qsZ9pFqFVY4yuUSWgaYt1"),
		("$6$rounds=999999999$salt$wZU8LXJfJJqoagopbB7RuK6JEotEMZ0CQDy0phpP"
		 "AuLMYQFcmf6L6BdAbs/Q7w7o1qsZ9pFqFVY4yuUSWgaYt1"),
		"$2y$08$abcdefghijklmnopqrstuuhKF09ZYWwH2zP/0fwE1X8e/Q1YNx/hO",
		"$2y$99$abcdefghijklmnopqrstuuhKF09ZYWwH2zP/0fwE1X8e/Q1YNx/hO",
		"$2b$05$abcdefghijklmnopqrstuuhKF09ZYWwH2zP/0fwE1X8e/Q1YNx/hO", HASH ":x", HASH "x",
		HASH "\\nbob:x"};
	struct hp_err err = HP_ERR_INIT;
	const char *v;

	for (size_t i = 0; i < HP_ARRAY_SIZE(good); i++) {
		v = hp_pprintf(pool, "{\"/a\":{\"alice\":\"%s\"}}", good[i]);
		SITE("basic_auth", v, v);
	}
	for (size_t i = 0; i < HP_ARRAY_SIZE(bad); i++)
		SITE("basic_auth", hp_pprintf(pool, "{\"/a\":{\"alice\":\"%s\"}}", bad[i]), NULL);
	v = "{\"/a\":{\"alice\":\"geheim\"}}";
	assert_int_equal(
		hp_field_check(pool, field(&hp_site_table, "basic_auth"), v, strlen(v), &v, &err),
		HP_E_USAGE);
	assert_null(strstr(err.msg, "geheim"));
	SITE("basic_auth", "{\"/a/\":{\"a\":\"" HASH "\"}}", "{\"/a\":{\"a\":\"" HASH "\"}}");
	SITE("basic_auth", "{\"/\":{\"a@b.example\":\"" HASH "\"}}",
		"{\"/\":{\"a@b.example\":\"" HASH "\"}}");
	SITE("basic_auth", "{\"/a/\":{\"a\":\"" HASH "\"},\"/a\":{\"b\":\"" HASH "\"}}", NULL);
	SITE("basic_auth", "{\"/a\":{}}", NULL);
	SITE("basic_auth", "{\"/a\":\"" HASH "\"}", NULL);
	SITE("basic_auth", "{\"/a\":{\"a:b\":\"" HASH "\"}}", NULL);
	SITE("basic_auth", "{\"/a\":{\"a\":{\"b\":\"" HASH "\"}}}", NULL);
	assert_string_equal(hp_field_shown(pool, field(&hp_site_table, "basic_auth"),
				    "{\"/a\":{\"alice\":\"" HASH "\"}}"),
		"{\"/a\":{\"alice\":\"***\"}}");
	assert_string_equal(hp_field_shown(pool, field(&hp_site_table, "basic_auth"), "{}"), "{}");
}

static void php_settings(void **state HP_UNUSED)
{
	static const char *const good[] = {"date.timezone\":\"Europe/Berlin",
		"display_errors\":\"On", "max_input_vars\":\"5000",
		"session.gc_maxlifetime\":\"7200", "opcache.validate_timestamps\":\"0",
		"error_reporting\":\"32767", "session.cookie_samesite\":\"Lax",
		"allow_url_fopen\":\""};
	static const char *const refused[] = {"open_basedir", "disable_functions",
		"disable_classes", "extension", "zend_extension", "extension_dir", "error_log",
		"opcache.error_log", "sendmail_path", "session.save_path", "session.save_handler",
		"auto_prepend_file", "auto_append_file", "upload_tmp_dir", "sys_temp_dir",
		"mail.log", "mail.add_x_header", "mail.force_extra_parameters", "opcache.preload",
		"opcache.preload_user", "opcache.file_cache", "opcache.file_cache_only",
		"opcache.lockfile_path", "user_ini.filename", "user_ini.cache_ttl", "include_path",
		"memory_limit", "max_execution_time", "upload_max_filesize", "post_max_size",
		"doc_root", "user_dir", "cgi.fix_pathinfo", "allow_url_include", "enable_dl",
		"sqlite3.extension_dir", "ffi.enable", "ffi.preload", "curl.cainfo",
		"openssl.cafile", "browscap", "xdebug.output_dir", "nope", "", ".", "Memory_limit",
		"date.timezone\\n", "date timezone", "date.timezone]", "date[x]",
		"php_admin_value[date.timezone", "soap.wsdl_cache_dir", "mysqlnd.debug",
		"unserialize_callback_func", "unix_socket", "pool", "env"};
	static const char *const values[] = {"a;b", "a\\\"b", "a'b", "$pool", "${x}", "a\\\\b",
		"a\\nb", "a\\r", "a|b", "a&b", "^1", "~1", "!1", "(1)", "{1}", "[x]", "a<b", " a",
		"a ", "\\u0000"};

	for (size_t i = 0; i < HP_ARRAY_SIZE(good); i++) {
		const char *v = hp_pprintf(pool, "{\"%s\"}", good[i]);

		SITE("php_settings", v, v);
	}
	for (size_t i = 0; i < HP_ARRAY_SIZE(refused); i++)
		SITE("php_settings", hp_pprintf(pool, "{\"%s\":\"1\"}", refused[i]), NULL);
	for (size_t i = 0; i < HP_ARRAY_SIZE(values); i++)
		SITE("php_settings", hp_pprintf(pool, "{\"user_agent\":\"%s\"}", values[i]), NULL);
	SITE("php_settings", "{\"error_reporting\":\"E_ALL\"}", NULL);
	SITE("php_settings", "{\"max_input_vars\":5000}", NULL);
	SITE("php_paths", "{\"/legacy/\":\"8.0\"}", "{\"/legacy\":\"8.0\"}");
	SITE("php_paths", "{\"/\":\"8.0\"}", NULL);
	SITE("php_paths", "{\"/a\":\"8\"}", NULL);
	SITE("php_paths", "{\"/a\":\"8.0;\"}", NULL);
	SITE("php_paths", "{\"/a/*\":\"8.0\"}", NULL);
	SITE("php_paths", "{\"/a\":\"8.0\",\"/a/\":\"8.1\"}", NULL);
}

/* What key=value comes to on top of old; NULL: refused. */
static void assigned(const char *old, const char *word, const char *want)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_assign a;
	const char *got = NULL;
	int r = hp_field_assign(pool, &hp_site_table, word, &a, &err);

	if (r == 0)
		r = hp_field_apply(pool, &hp_site_table, &a, old, &got, &err);
	if (r < 0 && want)
		fail_msg("%s: %s", word, err.msg);
	if (!want) {
		assert_int_equal(r, HP_E_USAGE);
		return;
	}
	assert_string_equal(got, want);
}

/* basic_auth, after word was set on top of old. */
static const char *auth_after(const char *old, const char *word)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_assign a;
	const char *v = "";

	if (hp_field_assign(pool, &hp_site_table, word, &a, &err) < 0 ||
		hp_field_apply(pool, &hp_site_table, &a, old, &v, &err) < 0)
		fail_msg("%s: %s", word, err.msg);
	assert_null(strstr(v, "geheim"));
	SITE("basic_auth", v, v);
	return v;
}

static void passwords(void **state HP_UNUSED)
{
	static const char both[] = "basic_auth={\"/a\":{\"alice\":\"{PLAIN}geheim\",\"bob\":\"" HASH
				   "\"},\"/b\":{\"alice\":\"{PLAIN}geheim\"}}";
	static const char one[] = "basic_auth@/a={\"alice\":\"{PLAIN}geheim 2\"}";
	const char *v, *w, *x;

	v = auth_after("{}", both);
	assert_true(hp_str_starts(v, "{\"/a\":{\"alice\":\"$6$"));
	assert_non_null(strstr(v, HASH));
	/* salts of their own, and yet the same request changes nothing */
	assert_string_not_equal(v, auth_after("{}", both));
	assert_string_equal(v, auth_after(v, both));
	w = auth_after(v, one);
	assert_string_not_equal(v, w);
	assert_string_equal(w, auth_after(w, one));
	assert_string_equal(strstr(w, "\"/b\""), strstr(v, "\"/b\""));
	x = auth_after(
		"{\"/a\":{\"alice\":\"" HASH "\"}}", "basic_auth@/a={\"alice\":\"{PLAIN}x\"}");
	assert_string_equal(x, "{\"/a\":{\"alice\":\"" HASH "\"}}");
	assigned("{}", "basic_auth@/a={\"alice\":\"{PLAIN}\"}", NULL);
	assigned("{}", hp_pprintf(pool, "basic_auth@/a={\"alice\":\"{PLAIN}%0257d\"}", 0), NULL);
	/* in a document, a password is none */
	SITE("basic_auth", "{\"/a\":{\"alice\":\"{PLAIN}geheim\"}}", NULL);
	/* elsewhere it is a text like others */
	assigned("{}", "http_security_headers@X-A={PLAIN}x", "{\"X-A\":\"{PLAIN}x\"}");
}

static void members(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_assign a;
	const char *many = "{", *got;

	assigned("{}", "php_version@/legacy=8.0", "{\"/legacy\":\"8.0\"}");
	assigned(NULL, "php_version@/legacy/=8.0", "{\"/legacy\":\"8.0\"}");
	assigned("{\"/legacy\":\"8.0\"}", "php_version@/legacy=8.1", "{\"/legacy\":\"8.1\"}");
	assigned("{\"/a\":\"8.0\",\"/b\":\"8.1\"}", "php_version@/a/=", "{\"/b\":\"8.1\"}");
	assigned("{\"/a\":\"8.0\"}", "php_version@/a=", "{}");
	assigned("{\"/a\":\"8.0\"}", "php_version@/b=", "{\"/a\":\"8.0\"}");
	assigned("{}", "php_version@/=8.0", NULL);
	assigned("{}", "php_version@=8.0", NULL);
	assigned("{}", "php_version@/a=8", NULL);
	assigned("{}", "php_version@/a b=8.0", NULL);
	assigned("{}", "redirects@/a=301 /b?x=y", "{\"/a\":\"301 /b?x=y\"}");
	assigned("{}", "php_settings@date.timezone=UTC", "{\"date.timezone\":\"UTC\"}");
	assigned("{}", "basic_auth@/a={\"alice\":\"" HASH "\"}",
		"{\"/a\":{\"alice\":\"" HASH "\"}}");
	assigned("{}", "basic_auth@/a=" HASH, NULL);
	assigned("{\"X-A\":\"1\"}", "http_security_headers@x-a=2", "{\"x-a\":\"2\"}");
	assigned("{\"X-A\":\"1\"}", "http_security_headers@x-a=", "{}");
	assigned("{}", "web_server@x=nginx", NULL);
	assigned("{}", "nope@x=1", NULL);
	assigned("{}", "allowed_ips@x=1", NULL);
	assigned("{\"X-A\":\"1\"}", "http_security_headers@X-B=2", "{\"X-A\":\"1\",\"X-B\":\"2\"}");
	assert_int_equal(hp_field_assign(pool, &hp_site_table, "php_version@/a=8.0", &a, &err), 0);
	assert_int_equal(a.field, HP_SITE_PHP_PATHS);
	assert_string_equal(a.member, "/a");
	/* one more than there may be */
	for (int i = 0; i < 8; i++)
		many = hp_pprintf(pool, "%s%s\"/p%d\":\"8.0\"", many, i ? "," : "", i);
	many = hp_pprintf(pool, "%s}", many);
	assert_int_equal(hp_field_apply(pool, &hp_site_table, &a, many, &got, &err), HP_E_USAGE);
	assert_non_null(strstr(err.msg, "php_paths: there are 9"));
}

/* These two alone don't fit; the error names the first. */
static void unfit(enum hp_site_field a, const char *va, enum hp_site_field b, const char *vb)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_site s = {0};

	s.v[HP_SITE_DOMAIN] = "a.example";
	hp_strv_add(pool, &s.aliases, "www.a.example");
	s.v[a] = va;
	s.v[b] = vb;
	if (hp_site_check(&s, &err) != HP_E_USAGE)
		fail_msg("%s=%s fits", hp_site_table.fields[a].name, va);
	assert_true(hp_str_starts(err.msg, hp_site_table.fields[a].name));
}

static void more_settings_fit_each_other(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_site s = {0};

	s.v[HP_SITE_DOMAIN] = "a.example";
	s.v[HP_SITE_MEMORY_MAX] = s.v[HP_SITE_PHP_MEMORY_LIMIT] = "256M";
	s.v[HP_SITE_PHP_SLOWLOG_SECONDS] = s.v[HP_SITE_PHP_MAX_EXECUTION_TIME] = "5";
	s.v[HP_SITE_TASKS_MAX] = "9";
	s.v[HP_SITE_PHP_MAX_CHILDREN] = "8";
	s.v[HP_SITE_SSL_ENABLED] = "true";
	s.v[HP_SITE_HSTS_MAX_AGE] = "600";
	s.v[HP_SITE_HTTP_SECURITY_HEADERS] = "{\"X-A\":\"b\"}";
	s.v[HP_SITE_REDIRECTS] =
		"{\"/a\":\"301 https://a.example/b\",\"/*\":\"301 https://b.example/*\"}";
	s.v[HP_SITE_ERROR_PAGES] = "{\"404\":\"/b\"}";
	if (hp_site_check(&s, &err) < 0)
		fail_msg("%s", err.msg);
	unfit(HP_SITE_MEMORY_MAX, "128M", HP_SITE_PHP_MEMORY_LIMIT, "256M");
	unfit(HP_SITE_PHP_SLOWLOG_SECONDS, "6", HP_SITE_PHP_MAX_EXECUTION_TIME, "5");
	unfit(HP_SITE_PHP_MAX_CHILDREN, "8", HP_SITE_TASKS_MAX, "8");
	unfit(HP_SITE_PROXY_PORT, "80", HP_SITE_SSL_ENABLED, "true");
	unfit(HP_SITE_PROXY_PORT, "443", HP_SITE_SSL_ENABLED, "true");
	unfit(HP_SITE_HSTS_MAX_AGE, "600", HP_SITE_SSL_ENABLED, "false");
	s.v[HP_SITE_HTTP_SECURITY_HEADERS] = "{\"strict-transport-security\":\"b\"}";
	assert_int_equal(hp_site_check(&s, &err), HP_E_USAGE);
	unfit(HP_SITE_ERROR_PAGES, "{\"404\":\"/a\"}", HP_SITE_REDIRECTS, "{\"/a\":\"301 /b\"}");
	unfit(HP_SITE_REDIRECTS, "{\"/*\":\"301 https://www.a.example/*\"}", HP_SITE_ERROR_PAGES,
		"{}");
	unfit(HP_SITE_REDIRECTS, "{\"/\":\"301 http://A.example\"}", HP_SITE_ERROR_PAGES, "{}");
}

static void settings_fit_each_other(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_site s = {0};

	s.v[HP_SITE_PHP_POST_MAX_SIZE] = "64M";
	s.v[HP_SITE_PHP_UPLOAD_MAX_FILESIZE] = "64M";
	assert_int_equal(hp_site_check(&s, &err), 0);
	s.v[HP_SITE_PHP_UPLOAD_MAX_FILESIZE] = "1G";
	assert_int_equal(hp_site_check(&s, &err), HP_E_USAGE);
	assert_non_null(strstr(err.msg, "php_post_max_size"));
	assert_non_null(strstr(err.msg, "php_upload_max_filesize"));
	assert_int_equal(hp_site_uid(1), 20001);
	assert_int_equal(hp_site_uid(39999), 59999);
	assert_int_equal(hp_site_uid(40000), 1040000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(redirects),
		cmocka_unit_test(error_pages),
		cmocka_unit_test(auth),
		cmocka_unit_test(php_settings),
		cmocka_unit_test(members),
		cmocka_unit_test(passwords),
		cmocka_unit_test(settings_fit_each_other),
		cmocka_unit_test(more_settings_fit_each_other),
	};

	return cmocka_run_group_tests_name("field-map", tests, setup, teardown);
}
