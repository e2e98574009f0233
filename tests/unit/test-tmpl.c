/* Templates: parsing, sections, lines that a tag takes with it, partials, overrides, digests. */
#include <sys/stat.h>

#include "unit.h"
#include "base/file.h"
#include "sys/tmpl.h"

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

static struct hp_tmap *data(void)
{
	struct hp_tmap *m = hp_tmap_new(pool), *item;

	hp_tmap_str(m, "name", "x");
	hp_tmap_str(m, "empty", "");
	hp_tmap_str(m, "null", NULL);
	hp_tmap_i64(m, "number", -7);
	hp_tmap_i64(m, "zero", 0);
	hp_tmap_bool(m, "yes", true);
	hp_tmap_bool(m, "no", false);
	hp_tmap_list(m, "none");
	item = hp_tmap_item(m, "list");
	hp_tmap_str(item, "name", "a");
	item = hp_tmap_item(m, "list");
	hp_tmap_str(item, "name", "b");
	item = hp_tmap_item(item, "inner");
	hp_tmap_i64(item, "depth", 2);
	return m;
}

static const char *render(const char *text)
{
	_cleanup_buf_ struct hp_buf out = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	const struct hp_tmpl *t = NULL;

	if (hp_tmpl_parse(pool, NULL, "text", "t", text, strlen(text), &t, &err) < 0 ||
		hp_tmpl_render(t, data(), &out, &err) < 0)
		fail_msg("%s: %s", text, err.msg);
	return hp_pstrdup(pool, hp_buf_str(&out));
}

static void tags(void **state HP_UNUSED)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"plain { } }} text\n", "plain { } }} text\n"},
		{"a{{name}}b{{ name }}", "axbx"},
		{"{{number}} {{zero}} {{number|int}}", "-7 0 -7"},
		{"[{{empty}}{{null}}]", "[]"},
		{"{{#yes}}y{{/yes}}{{#no}}n{{/no}}{{^yes}}Y{{/yes}}{{^no}}N{{/no}}", "yN"},
		{"{{#name}}s{{/name}}{{#empty}}e{{/empty}}{{^empty}}E{{/empty}}", "sE"},
		{"{{#number}}n{{/number}}{{#zero}}z{{/zero}}{{^zero}}Z{{/zero}}", "nZ"},
		{"{{#none}}x{{/none}}{{^none}}-{{/none}}{{^list}}x{{/list}}", "-"},
		{"{{#list}}<{{name}}{{number}}>{{/list}}{{name}}", "<a-7><b-7>x"},
		{"a{{! a comment {{ of two\nlines }}b", "ab"},
		{"{{#yes}}{{#no}}x{{/no}}{{^no}}{{name}}{{/no}}{{/yes}}", "x"},
	};

	for (size_t i = 0; i < HP_ARRAY_SIZE(cases); i++)
		assert_string_equal(render(cases[i][0]), cases[i][1]);
}

static void lines(void **state HP_UNUSED)
{
	static const char *const cases[][2] = {
		{"a\n  {{#yes}}\n  b\n  {{/yes}}\nc\n", "a\n  b\nc\n"},
		{"a\r\n{{#yes}}\r\nb\r\n{{/yes}}\r\nc", "a\r\nb\r\nc"},
		{"{{#yes}}\nb\n{{/yes}}", "b\n"},
		{"a\n\t{{! gone }}  \nb", "a\nb"},
		{"a\n{{! gone\n too }}\nb", "a\nb"},
		{"a {{! stays }}\nb", "a \nb"},
		{"{{#list}}\n{{name}}\n{{/list}}\n", "a\nb\n"},
		{"{{#yes}}a{{/yes}}\n", "a\n"},
		{"{{#yes}} {{/yes}}\n", " \n"},
		{"  {{name}}\n", "  x\n"},
		{"{{#no}}\n{{/no}}\n{{#no}}\n{{/no}}\n", ""},
	};

	for (size_t i = 0; i < HP_ARRAY_SIZE(cases); i++)
		assert_string_equal(render(cases[i][0]), cases[i][1]);
}

static void parse_errors(void **state HP_UNUSED)
{
	static const char *const cases[][2] = {
		{"a\n{{name", "text/t:2: \"{{\" without \"}}\""},
		{"{{}}", "text/t:1: a tag without a proper name"},
		{"{{a b}}", "proper name"},
		{"{{{a}}}", "proper name"},
		{"{{=<% %>=}}", "proper name"},
		{"{{a.b}}", "proper name"},
		{"{{&a}}", "proper name"},
		{"{{9}}", "proper name"},
		{"{{>../x}}", "proper name"},
		{"{{>.x}}", "proper name"},
		{"{{>a/b}}", "proper name"},
		{"\n\n{{a|nothing}}", "text/t:3: there is no slot \"nothing\""},
		{"{{a|}}", "there is no slot \"\""},
		{"{{#a}}\n\n", "text/t:1: the section \"a\" has no end"},
		{"\n{{/a}}", "text/t:2: {{/a}} ends no section"},
		{"{{#a}}\n{{#b}}\n{{/a}}", "text/t:3: {{/a}} ends the section \"b\" of line 2"},
		{"{{>part}}", "text/t:1: there is no partial \"part\""},
	};
	struct hp_err err = HP_ERR_INIT;
	const struct hp_tmpl *t = NULL;

	for (size_t i = 0; i < HP_ARRAY_SIZE(cases); i++) {
		assert_int_equal(hp_tmpl_parse(pool, NULL, "text", "t", cases[i][0],
			strlen(cases[i][0]), &t, &err), HP_E_CONF);
		unit_assert_err(&err, HP_E_CONF, cases[i][1]);
		assert_null(t);
	}
	assert_int_equal(hp_tmpl_parse(pool, NULL, "text", "t", "a\0b", 3, &t, &err), HP_E_CONF);
	unit_assert_err(&err, HP_E_CONF, "a NUL byte");
	assert_int_equal(hp_tmpl_parse(pool, NULL, "nosuch", "t", "", 0, &t, &err), HP_E_BUG);
}

static void deep_sections(void **state HP_UNUSED)
{
	_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	const struct hp_tmpl *t = NULL;

	for (int i = 0; i < 33; i++)
		hp_buf_adds(&b, "{{#a}}");
	assert_int_equal(hp_tmpl_parse(pool, NULL, "text", "t", b.s, b.len, &t, &err), HP_E_CONF);
	unit_assert_err(&err, HP_E_CONF, "nested too deeply");
}

static void render_errors(void **state HP_UNUSED)
{
	static const struct {
		const char *text, *message;
		int code;
	} cases[] = {
		{"a\n{{nosuch}}", "text/t:2: nosuch: the data have no such name", HP_E_BUG},
		{"{{#nosuch}}{{/nosuch}}", "text/t:1: nosuch", HP_E_BUG},
		{"{{^nosuch}}{{/nosuch}}", "text/t:1: nosuch", HP_E_BUG},
		{"{{#list}}{{depth}}{{/list}}", "text/t:1: depth", HP_E_BUG},
		{"{{yes}}", "text/t:1: yes: only a section", HP_E_BUG},
		{"{{list}}", "text/t:1: list: only a section", HP_E_BUG},
		{"{{name}}\n{{name|int}}", "text/t:2: name: \"x\" is not a whole number",
			HP_E_USAGE},
		{"{{number|size}}", "text/t:1: number: \"-7\" is not a size", HP_E_USAGE},
	};

	for (size_t i = 0; i < HP_ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct hp_buf out = HP_BUF_INIT;
		struct hp_err err = HP_ERR_INIT;
		const struct hp_tmpl *t = NULL;

		hp_buf_adds(&out, "before");
		assert_int_equal(hp_tmpl_parse(pool, NULL, "text", "t", cases[i].text,
			strlen(cases[i].text), &t, &err), 0);
		assert_int_equal(hp_tmpl_render(t, data(), &out, &err), cases[i].code);
		unit_assert_err(&err, cases[i].code, cases[i].message);
		assert_string_equal(hp_buf_str(&out), "before");
	}
}

static void data_is_replaced(void **state HP_UNUSED)
{
	struct hp_tmap *m = hp_tmap_new(pool);
	_cleanup_buf_ struct hp_buf out = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	const struct hp_tmpl *t = NULL;

	for (int i = 0; i < 100; i++) /* past several growths */
		hp_tmap_i64(m, hp_pprintf(pool, "n%d", i), i);
	hp_tmap_str(m, "n50", "fifty");
	hp_tmap_item(m, "l");
	hp_tmap_list(m, "l");
	for (int i = 0; i < 9; i++)
		hp_tmap_i64(hp_tmap_item(m, "l"), "i", i);
	assert_int_equal(hp_tmpl_parse(pool, NULL, "text", "t",
		"{{n0}} {{n50}} {{n99}} {{#l}}{{i}}{{/l}}", 40, &t, &err), 0);
	assert_int_equal(hp_tmpl_render(t, m, &out, &err), 0);
	assert_string_equal(hp_buf_str(&out), "0 fifty 99 012345678");
}

static void put(const char *name, const char *text)
{
	struct hp_err err = HP_ERR_INIT;
	char *dir = hp_path_dir(pool, unit_path(name));

	if (hp_mkdirs(dir, 0755, &err) < 0 ||
		hp_file_write(unit_path(name), 0644, text, strlen(text), &err) < 0)
		fail_msg("%s", err.msg);
}

static struct hp_tmpl_set *set_of_two(void)
{
	const char *dirs[] = {
		hp_pstrdup(pool, unit_path("over")), hp_pstrdup(pool, unit_path("base")), NULL};

	return hp_tmpl_set_new(pool, dirs);
}

static const char *render_file(struct hp_tmpl_set *set, const char *name, const char **ret_digest)
{
	_cleanup_buf_ struct hp_buf out = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	const struct hp_tmpl *t = NULL, *again = NULL;

	if (hp_tmpl_get(set, "text", name, &t, &err) < 0 ||
		hp_tmpl_render(t, data(), &out, &err) < 0)
		fail_msg("%s: %s", name, err.msg);
	assert_int_equal(hp_tmpl_get(set, "text", name, &again, &err), 0);
	assert_ptr_equal(t, again);
	if (ret_digest)
		*ret_digest = hp_tmpl_digest(t);
	assert_int_equal(strlen(hp_tmpl_digest(t)), 64);
	return hp_pstrdup(pool, hp_buf_str(&out));
}

static void partials_and_overrides(void **state HP_UNUSED)
{
	const char *before, *again, *after;

	put("base/text/t", "a\n  {{>part}}\n[{{>inline}}]\n");
	put("base/text/part", "p {{name}}\n\n{{#list}}\n{{name}}\n{{/list}}\n");
	put("base/text/inline", "i");
	assert_string_equal(render_file(set_of_two(), "t", &before),
		"a\n  p x\n\n  a\n  b\n[i]\n");
	render_file(set_of_two(), "t", &again);
	assert_string_equal(before, again);
	put("over/text/part", "over {{name}}\n");
	assert_string_equal(render_file(set_of_two(), "t", &after), "a\n  over x\n[i]\n");
	assert_string_not_equal(before, after);
}

static void partial_errors(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	const struct hp_tmpl *t = NULL;
	struct hp_tmpl_set *set;

	put("base/text/self", "x{{>self}}");
	put("base/text/broken", "\n{{>half}}{{/yes}}");
	put("base/text/half", "{{#yes}}");
	put("base/text/closes", "{{#yes}}{{>close}}");
	put("base/text/close", "{{/yes}}");
	for (int i = 0; i < 12; i++)
		put(hp_pprintf(pool, "base/text/d%d", i), i == 11 ? "x" :
			hp_pprintf(pool, "{{>d%d}}{{>d%d}}", i + 1, i + 1));
	set = set_of_two();
	assert_int_equal(hp_tmpl_get(set, "text", "self", &t, &err), HP_E_CONF);
	unit_assert_err(&err, HP_E_CONF, "does one name itself?");
	assert_int_equal(hp_tmpl_get(set, "text", "broken", &t, &err), HP_E_CONF);
	unit_assert_err(&err, HP_E_CONF, "base/text/half:1: the section \"yes\" has no end");
	assert_int_equal(hp_tmpl_get(set, "text", "closes", &t, &err), HP_E_CONF);
	unit_assert_err(&err, HP_E_CONF, "base/text/close:1: {{/yes}} ends no section");
	assert_int_equal(hp_tmpl_get(set, "text", "d0", &t, &err), HP_E_CONF);
	unit_assert_err(&err, HP_E_CONF, "too many partials");
	assert_int_equal(hp_tmpl_get(set, "text", "absent", &t, &err), HP_E_NOT_FOUND);
	unit_assert_err(&err, HP_E_NOT_FOUND, "there is no template text/absent");
	assert_non_null(strstr(err.hint, "/base"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tags, setup, teardown),
		cmocka_unit_test_setup_teardown(lines, setup, teardown),
		cmocka_unit_test_setup_teardown(parse_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(deep_sections, setup, teardown),
		cmocka_unit_test_setup_teardown(render_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(data_is_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(partials_and_overrides, setup, teardown),
		cmocka_unit_test_setup_teardown(partial_errors, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
