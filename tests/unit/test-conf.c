/* The configuration file: what is read, and how each mistake is named. */
#include "unit.h"
#include "base/file.h"
#include "sys/conf.h"

static struct hp_pool *pool;

static int setup(void **state)
{
	pool = hp_pool_new();
	return unit_setup_dir(state);
}

static int teardown(void **state)
{
	hp_pool_free(pool);
	return unit_teardown_dir(state);
}

static struct hp_conf *parse_ok(const char *text)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_conf *c = NULL;

	if (hp_conf_parse(pool, "x.conf", text, strlen(text), &c, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return c;
}

static void refused_n(const char *text, size_t n, const char *message, const char *hint)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_conf *c = NULL;

	assert_int_equal(hp_conf_parse(pool, "x.conf", text, n, &c, &err), HP_E_CONF);
	unit_assert_err(&err, HP_E_CONF, message);
	assert_null(c);
	if (hint)
		assert_string_equal(err.hint, hint);
}

static void refused(const char *text, const char *message)
{
	refused_n(text, strlen(text), message, NULL);
}

static void reference_page(void **state HP_UNUSED)
{
	struct hp_conf *c = parse_ok("# Per PHP version\n[php.\"8.0\"]\nmemory_limit = \"256M\"\n"
		"max_execution_time = 300\nopcache_enabled = true\n\n[php.\"8.3\"]\n"
		"memory_limit = \"512M\"\njit_enabled = true\n[roles]\nenable_api_core = false\n");
	struct hp_strv sections = {0};

	assert_string_equal(hp_conf_get(c, "php.8.0", "memory_limit"), "256M");
	assert_string_equal(hp_conf_get(c, "php.8.0", "max_execution_time"), "300");
	assert_string_equal(hp_conf_get(c, "php.8.3", "memory_limit"), "512M");
	assert_string_equal(hp_conf_get(c, "php.8.3", "jit_enabled"), "true");
	assert_string_equal(hp_conf_get(c, "php.8.0", "jit_enabled"), "false");
	assert_false(hp_conf_is_set(c, "php.8.0", "jit_enabled"));
	assert_true(hp_conf_is_set(c, "php.8.3", "jit_enabled"));
	assert_string_equal(hp_conf_get(c, "php.7.4", "memory_limit"), "256M");
	assert_string_equal(hp_conf_get(c, "roles", "enable_api_core"), "false");
	assert_string_equal(hp_conf_get(c, "roles", "enable_web_manager"), "true");
	hp_conf_sections(c, pool, "php.", &sections);
	assert_int_equal(sections.n, 2);
	assert_string_equal(sections.v[1], "php.8.3");
}

static void defaults(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_conf *c = NULL;

	assert_int_equal(hp_conf_load(pool, unit_path("absent.conf"), &c, &err), 0);
	assert_string_equal(hp_conf_path(c), unit_path("absent.conf"));
	assert_string_equal(hp_conf_get(c, "database", "url"),
		"sqlite:/var/lib/hosting-panel/db/panel.db");
	assert_null(hp_conf_get(c, "node", "name"));
	assert_false(hp_conf_is_set(c, "database", "url"));
	assert_string_equal(hp_conf_get(parse_ok(""), "web", "group"), "www-data");
	/* each default passes its own check, each key has its help */
	for (const struct hp_conf_key *k = hp_conf_keys; k->section; k++) {
		assert_non_null(k->help);
		if (k->deflt && k->check && k->check(k->deflt, &err) < 0)
			fail_msg("[%s] %s: %s", k->section, k->key, err.msg);
	}
}

static void values(void **state HP_UNUSED)
{
	static const char *const cases[][2] = {
		{"mysql://h/d", "mysql://h/d"}, {"  mysql://h/d \t", "mysql://h/d"},
		{"\"mysql://h/d\"", "mysql://h/d"}, {"'mysql://h/d'", "mysql://h/d"},
		{"\"mysql://u:p ; #@h\" # comment", "mysql://u:p ; #@h"},
		{"\"mysql://u:\\\"\\\\\\x@h\"", "mysql://u:\"\\\\x@h"},
		{"'mysql://u:\\\"@h';c", "mysql://u:\\\"@h"},
		{"mysql://h/d ; comment", "mysql://h/d"}, {"mysql://h/d\t# comment", "mysql://h/d"},
		{"mysql://h/d#frag;x=y:z", "mysql://h/d#frag;x=y:z"},
		{"mysql://b\u00fccher/d\r", "mysql://b\u00fccher/d"},
	};

	for (size_t i = 0; i < HP_ARRAY_SIZE(cases); i++) {
		struct hp_conf *c = parse_ok(
			hp_pprintf(pool, "\xef\xbb\xbf[database]\n  url = %s\n", cases[i][0]));

		assert_string_equal(hp_conf_get(c, "database", "url"), cases[i][1]);
	}
	assert_string_equal(hp_conf_get(parse_ok("[ web ] ; c\ngroup: x"), "web", "group"), "x");
}

static void long_lines(void **state HP_UNUSED)
{
	char *v = hp_palloc(pool, 70000);
	const char *text;

	memset(v, 'x', 69999);
	v[65000] = '\0';
	text = hp_pprintf(pool, "[database]\nurl = sqlite:%s\n[web]\ngroup = g\n", v);
	assert_int_equal(strlen(hp_conf_get(parse_ok(text), "database", "url")), 65007);
	assert_string_equal(hp_conf_get(parse_ok(text), "web", "group"), "g");
	v[65000] = 'x';
	refused(hp_pprintf(pool, "[database]\nurl = sqlite:%s\n", v),
		"x.conf:2: the line is longer than 65535 bytes");
}

static void mistakes(void **state HP_UNUSED)
{
	static const char *const cases[][2] = {
		{"url = x", "x.conf:1: \"url\" stands before the first section"},
		{"\n[web]\ngroup\n", "x.conf:3: neither a section nor a key with a value"},
		{"[web]\n= x\n", "x.conf:2: there is no key \"\" in section [web]"},
		{"[web\ngroup = x", "x.conf:1: \"[\" without \"]\""},
		{"[web] group = x", "x.conf:1: something follows the section's \"]\""},
		{"[]", "x.conf:1: this is not the name of a section"},
		{"[php.\"8.3]", "x.conf:1: this is not the name of a section"},
		{"[we b]", "x.conf:1: this is not the name of a section"},
		{"[nonsense]", "x.conf:1: there is no section [nonsense]"},
		{"[php.x]", "x.conf:1: there is no section [php.x]"},
		{"[php.]", "x.conf:1: there is no section [php.]"},
		{"[php.8.3.1]", "x.conf:1: there is no section"},
		{"[Web]", "x.conf:1: there is no section [Web]"},
		{"[web]\n[roles]\n\n[web]\n",
			"x.conf:4: the section [web] was opened in line 1 already"},
		{"[php.8.3]\n[php.\"8.3\"]",
			"x.conf:2: the section [php.8.3] was opened in line 1"},
		{"[web]\ngroup = a\ngroup = a\n", "x.conf:3: group was set in line 2 already"},
		{"[web]\nurl = a\n", "x.conf:2: there is no key \"url\" in section [web]"},
		{"[php]\nmemory_limit = 1M\n",
			"x.conf:2: there is no key \"memory_limit\" in section [php]"},
		{"[web]\ngroup = \"a", "x.conf:2: a quote without its end"},
		{"[web]\ngroup = 'a", "x.conf:2: a quote without its end"},
		{"[web]\ngroup = \"a\" b", "x.conf:2: something follows the value's closing quote"},
		{"[web]\ngroup = a b", "x.conf:2: group: \"a b\" is not the name of a Unix group"},
		{"[web]\ngroup =", "x.conf:2: group: \"\" is not the name"},
		{"[web]\ngroup = ; c", "x.conf:2: group: \"\" is not the name"},
		{"[web]\nserver = iis", "x.conf:2: server: \"iis\" is not one of auto, nginx"},
		{"[roles]\nenable_api_core = maybe",
			"x.conf:2: enable_api_core: \"maybe\" is not true or"},
		{"[database]\nurl = oracle://u:secret@h",
			"x.conf:2: url: a database URL starts with"},
		{"[node]\nname = Web1", "is not a node's name"},
		{"[php]\nmax_children = 0", "\"0\" is not a whole number from 1 to 10000"},
		{"[php]\nstop_timeout = 2d", "is not a time of at most a day"},
		{"[php]\nidle_timeout = soon", "is not a time such as"},
		{"[php]\nmail_server = localhost", "is not an address and a port"},
		{"[php]\nmail_server = :25", "is not an address and a port"},
		{"[php]\nmail_server = localhost:0", "is not an address and a port"},
		{"[php]\nmail_server = a b:25", "is not an address and a port"},
		{"[php]\nmail_server = -x:25", "is not an address and a port"},
		{"[php]\nmail_server = []:25", "is not an address and a port"},
		{"[php.8.3]\nmemory_limit = 5", "is not a size of 1M or more"},
		{"[php.8.3]\nfpm = ../x", "is not an absolute path"},
		{"[php.8.3]\nmax_execution_time = 1.5", "is not a whole number from 1 to 86400"},
		{"[database]\nurl = sqlite:a\tb", "x.conf:2: url: a tab within a value"},
		{"[web]\n# \xff\n", "x.conf:2: invalid UTF-8"},
		{"[web]\ngroup = a\x01\n", "x.conf:2: a control character"},
		{"[web]\rgroup = a\n", "x.conf:1: a control character"},
		{"[web]\ngroup = a\xc2\x98\n", "x.conf:2: a control character"},
	};

	for (size_t i = 0; i < HP_ARRAY_SIZE(cases); i++)
		refused(cases[i][0], cases[i][1]);
	refused_n("[web]\n\0group = x", 17, "x.conf:2: a NUL byte", NULL);
}

static void suggestions(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_conf *c = NULL;
	const char text[] = "[database]\nurl = nosuch://u:secret@h";

	refused_n("[rolse]", 7, "there is no section", "did you mean [roles]?");
	refused_n("[web]\ngruop=x", 13, "there is no key", "did you mean group?");
	refused_n(
		"[php.8.3]\nmemory_limits=x", 25, "there is no key", "did you mean memory_limit?");
	/* a password does not get into messages */
	assert_int_equal(hp_conf_parse(pool, "x", text, sizeof(text) - 1, &c, &err), HP_E_CONF);
	assert_null(strstr(err.msg, "secret"));
}

static void from_file(void **state HP_UNUSED)
{
	static const char text[] = "[web]\ngroup = nobody\n", wrong[] = "[web]\nx = y\n";
	struct hp_err err = HP_ERR_INIT;
	struct hp_conf *c = NULL;

	assert_int_equal(hp_file_write(unit_path("a.conf"), 0644, text, sizeof(text) - 1, &err), 0);
	assert_int_equal(hp_conf_load(pool, unit_path("a.conf"), &c, &err), 0);
	assert_string_equal(hp_conf_get(c, "web", "group"), "nobody");
	assert_int_equal(
		hp_file_write(unit_path("a.conf"), 0644, wrong, sizeof(wrong) - 1, &err), 0);
	assert_int_equal(hp_conf_load(pool, unit_path("a.conf"), &c, &err), HP_E_CONF);
	unit_assert_err(&err, HP_E_CONF, "a.conf:2: there is no key");
	assert_true(hp_conf_load(pool, unit_path(""), &c, &err) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reference_page, setup, teardown),
		cmocka_unit_test_setup_teardown(defaults, setup, teardown),
		cmocka_unit_test_setup_teardown(values, setup, teardown),
		cmocka_unit_test_setup_teardown(long_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(mistakes, setup, teardown),
		cmocka_unit_test_setup_teardown(suggestions, setup, teardown),
		cmocka_unit_test_setup_teardown(from_file, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
