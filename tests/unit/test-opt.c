#include "unit.h"

#include "base/buf.h"
#include "base/opt.h"

static const struct hp_opt common[] = {
	{.name = "columns", .letter = 'o', .arg = "COL,…", .help = "columns to show", .id = 1},
	{.name = "json", .help = "print JSON", .id = 2},
	{.name = "no-header", .letter = 'n', .help = "no header", .id = 3},
	{.name = "quiet", .letter = 'q', .help = "say nothing", .id = 4},
	{.name = "nul", .letter = '0', .help = "end values with NUL", .id = 5},
	{.name = "internal", .id = 6},
	{0},
};
static const struct hp_opt own[] = {
	{.name = "quiet", .letter = 'Q', .help = "another", .id = 7},
	{.name = "fail", .help = "fails", .id = 8},
	{0},
};
static const struct hp_opt *const tables[] = {own, common, NULL};

static int seen(void *arg, const struct hp_opt *o, const char *value, struct hp_err *err)
{
	hp_buf_addf(arg, "%d%s%s ", o->id, value ? "=" : "", value ? value : "");
	return o->id == 8 ? hp_err_set(err, HP_E_BUSY, "failed as told") : 0;
}

/* Parse words (split at blanks) and say what was heard, then the operands in brackets. */
static const char *parse(struct hp_pool *pool, const char *words, struct hp_err *err)
{
	_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;
	struct hp_strv argv = {0}, operands = {0};

	hp_str_split(pool, words, " ", &argv);
	hp_err_clear(err);
	if (hp_opt_parse(pool, tables, (int)argv.n, (char **)(uintptr_t)argv.v, seen, &b, &operands,
			err) < 0)
		return "error";
	for (size_t i = 0; i < operands.n; i++)
		hp_buf_addf(&b, "[%s]", operands.v[i]);
	return hp_pstrdup(pool, hp_buf_str(&b));
}

static void forms(void **state HP_UNUSED)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"--json", "2 "},
		{"--columns a,b x", "1=a,b [x]"},
		{"--columns=a,b x", "1=a,b [x]"},
		{"--columns= x", "1= [x]"},
		{"--columns=a=b", "1=a=b "},
		{"--columns --json", "1=--json "},
		{"-o a,b x", "1=a,b [x]"},
		{"-oa,b x", "1=a,b [x]"},
		{"-o=a", "1==a "},
		{"-nq", "3 4 "},
		{"-nqo a", "3 4 1=a "},
		{"-n0oa", "3 5 1=a "},
		{"-o -- x", "1=-- [x]"},
		{"x --json y -n z", "2 3 [x][y][z]"},
		{"x -- --json -n --", "[x][--json][-n][--]"},
		{"- -n -", "3 [-][-]"},
		{"--quiet -q -Q", "7 4 7 "},
		{"--internal", "6 "},
	};
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_err err = HP_ERR_INIT;

	for (size_t i = 0; i < HP_ARRAY_SIZE(cases); i++)
		assert_string_equal(parse(pool, cases[i][0], &err), cases[i][1]);
}

static void errors(void **state HP_UNUSED)
{
	static const char *const cases[][3] = {
		{"--colums a", "unknown option --colums", "did you mean --columns?"},
		{"--col=secret", "unknown option --col", "did you mean --columns?"},
		{"--intern", "unknown option --intern", ""},
		{"--=x", "unknown option --", ""},
		{"--xyzzyplugh", "unknown option --xyzzyplugh", ""},
		{"-x", "unknown option -x", ""},
		{"-nx", "unknown option -x", ""},
		{"-json", "unknown option -j", "did you mean --json?"},
		{"-é", "unknown option -é", ""},
		{"-\xff", "unknown option -?", ""},
		{"--json=1", "option --json takes no value", ""},
		{"--json=", "option --json takes no value", ""},
		{"--columns", "option --columns needs a value: COL,…", ""},
		{"-no", "option --columns needs a value: COL,…", ""},
	};
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_err err = HP_ERR_INIT;

	for (size_t i = 0; i < HP_ARRAY_SIZE(cases); i++) {
		assert_string_equal(parse(pool, cases[i][0], &err), "error");
		assert_int_equal(err.code, HP_E_USAGE);
		assert_string_equal(err.msg, cases[i][1]);
		assert_string_equal(err.hint, cases[i][2]);
	}
	assert_string_equal(parse(pool, "--fail --nonsense", &err), "error");
	unit_assert_err(&err, HP_E_BUSY, "failed as told");
}

static void heads(void **state HP_UNUSED)
{
	static const struct {
		const char *words;
		int used;
	} cases[] = {
		{"", 0}, {"site list --json", 0}, {"--json site --nonsense", 1}, {"-o a site", 2},
		{"--json -- --site", 2}, {"- x", 0},
	};
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_err err = HP_ERR_INIT;

	for (size_t i = 0; i < HP_ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;
		struct hp_strv argv = {0};
		int used = -1;

		hp_str_split(pool, cases[i].words, " ", &argv);
		assert_int_equal(hp_opt_parse_head(pool, tables, (int)argv.n,
					 (char **)(uintptr_t)argv.v, seen, &b, &used, &err), 0);
		assert_int_equal(used, cases[i].used);
	}
}

static void finding(void **state HP_UNUSED)
{
	assert_int_equal(hp_opt_find(tables, "json", 4)->id, 2);
	assert_int_equal(hp_opt_find(tables, "jsonx", 4)->id, 2);
	assert_null(hp_opt_find(tables, "jso", 3));
	assert_null(hp_opt_find(tables, "", 0));
	assert_int_equal(hp_opt_find_letter(tables, '0')->id, 5);
	assert_null(hp_opt_find_letter(tables, 'z'));
	assert_null(hp_opt_find_letter(tables, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),
		cmocka_unit_test(errors),
		cmocka_unit_test(heads),
		cmocka_unit_test(finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
