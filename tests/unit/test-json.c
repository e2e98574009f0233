/* JSON: what is read, what is refused and where, and what is written. */
#include "unit.h"
#include "base/str.h"
#include "sys/json.h"

static struct hp_json *parse_ok(const char *text)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_json *doc = NULL;

	if (hp_json_parse(text, strlen(text), &doc, &err) != 0)
		fail_msg("%s: %s", text, err.msg);
	return doc;
}

static void refused(const char *text, size_t n, const char *message)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_json *doc = NULL;

	assert_int_equal(hp_json_parse(text, n, &doc, &err), HP_E_USAGE);
	assert_null(doc);
	if (!strstr(err.msg, message))
		fail_msg("%s: expected \"%s\", got \"%s\"", text, message, err.msg);
}
#define REFUSED(text, message) refused(text, sizeof(text) - 1, message)

static void values(void **state HP_UNUSED)
{
	_cleanup_json_ struct hp_json *doc = parse_ok(
		" {\"s\":\"a\\u00e9\\n\\ud83d\\ude00\", \"i\":-42, \"t\":true,\n\"f\":false,"
		"\"n\":null, \"l\":[1, [], {}], \"\":\"empty\", \"S\":\"upper\", \"d\":1.5e2} ");
	const struct hp_json *l;
	int64_t i = 0;

	assert_int_equal(hp_json_type(doc), HP_JSON_OBJECT);
	assert_string_equal(hp_json_str(hp_json_get(doc, "s")), "a\u00e9\n\U0001F600");
	assert_string_equal(hp_json_str(hp_json_get(doc, "S")), "upper");
	assert_string_equal(hp_json_str(hp_json_get(doc, "")), "empty");
	assert_int_equal(hp_json_i64(hp_json_get(doc, "i"), &i), 0);
	assert_int_equal(i, -42);
	assert_int_equal(hp_json_i64(hp_json_get(doc, "d"), &i), 0);
	assert_int_equal(i, 150);
	assert_true(hp_json_is_true(hp_json_get(doc, "t")));
	assert_false(hp_json_is_true(hp_json_get(doc, "f")));
	assert_int_equal(hp_json_type(hp_json_get(doc, "f")), HP_JSON_BOOL);
	assert_int_equal(hp_json_type(hp_json_get(doc, "n")), HP_JSON_NULL);
	assert_null(hp_json_get(doc, "N"));
	assert_null(hp_json_str(hp_json_get(doc, "i")));
	assert_null(hp_json_str(NULL));
	l = hp_json_get(doc, "l");
	assert_int_equal(hp_json_type(l), HP_JSON_ARRAY);
	l = hp_json_next(hp_json_first(l));
	assert_int_equal(hp_json_type(l), HP_JSON_ARRAY);
	assert_null(hp_json_first(l));
	assert_null(hp_json_next(hp_json_next(l)));
	assert_string_equal(hp_json_key(hp_json_first(doc)), "s");
}

static void numbers(void **state HP_UNUSED)
{
	static const struct {
		const char *text;
		int status;
		int64_t value;
	} cases[] = {
		{"0", 0, 0}, {"-0", 0, 0}, {"9007199254740991", 0, 9007199254740991},
		{"-9007199254740991", 0, -9007199254740991}, {"9007199254740992", HP_E_USAGE, 0},
		{"9007199254740993", HP_E_USAGE, 0}, {"1.5", HP_E_USAGE, 0}, {"1.0", 0, 1},
		{"1e3", 0, 1000}, {"1e300", HP_E_USAGE, 0}, {"\"1\"", HP_E_USAGE, 0},
		{"true", HP_E_USAGE, 0},
	};

	for (size_t k = 0; k < HP_ARRAY_SIZE(cases); k++) {
		_cleanup_json_ struct hp_json *doc = parse_ok(cases[k].text);
		int64_t v = 0;

		assert_int_equal(hp_json_i64(doc, &v), cases[k].status);
		assert_int_equal(v, cases[k].value);
	}
}

static void refusals(void **state HP_UNUSED)
{
	REFUSED("", "byte 0: the text ends too early");
	REFUSED("  ", "byte 2: the text ends too early");
	REFUSED("{", "byte 1: the text ends too early");
	REFUSED("[1", "byte 2: the text ends too early");
	REFUSED("\"abc", "byte 4: the text ends too early");
	REFUSED("\"abc\\", "byte 5: the text ends too early");
	REFUSED("{}x", "byte 2: something follows");
	REFUSED("1 2", "byte 2: something follows");
	REFUSED("{}\0", "byte 2: something follows");
	REFUSED("[1,]", "byte 3: not a value");
	REFUSED("[,1]", "byte 1: not a value");
	REFUSED("[1}", "byte 2: ','");
	REFUSED("{\"a\":1,}", "byte 7: a key is missing");
	REFUSED("{\"a\" 1}", "byte 5: ':'");
	REFUSED("{a:1}", "byte 1: a key is missing");
	REFUSED("{\"a\":1 \"b\":2}", "byte 7: ','");
	REFUSED("'a'", "byte 0: not a value");
	REFUSED("nul", "byte 0: not a value");
	REFUSED("nullx", "byte 4: something follows");
	REFUSED("NaN", "not a value");
	REFUSED("01", "leading zero");
	REFUSED("-", "byte 1: the text ends");
	REFUSED("+1", "not a value");
	REFUSED(".5", "not a value");
	REFUSED("1.", "the text ends too early");
	REFUSED("[1.]", "a digit is missing");
	REFUSED("[1e]", "exponent");
	REFUSED("1e999", "out of range");
	REFUSED("[[-1e999]]", "out of range");
	REFUSED("1111111111111111111111111111111111111111111111111111111111111", "too long");
	REFUSED("\"a\nb\"", "byte 2: a control character");
	REFUSED("\"a\0b\"", "byte 2: a control character");
	REFUSED("\"\\x\"", "byte 1: an unknown escape");
	REFUSED("\"\\\0\"", "byte 1: an unknown escape");
	REFUSED("\"\\u12g4\"", "byte 1: \\u without");
	REFUSED("\"\\u0000\"", "byte 1: \\u0000");
	REFUSED("\"\\ud800\"", "byte 1: half a surrogate");
	REFUSED("\"\\ud800\\u0041\"", "byte 1: half a surrogate");
	REFUSED("\"\\udc00\"", "byte 1: half a surrogate");
	REFUSED("\"a\xff\"", "byte 2: invalid UTF-8");
	REFUSED("\"\xc0\xaf\"", "byte 1: invalid UTF-8");
	REFUSED("\"\xed\xa0\x80\"", "byte 1: invalid UTF-8");
	REFUSED("\xef\xbb\xbf{}", "byte 0: not a value");
	REFUSED("{\"a\":1,\"b\":2,\"a\":3}", "the key \"a\" stands there twice");
	REFUSED("[{\"x\":{\"a\":1,\"\\u0061\":3}}]", "the key \"a\" stands there twice");
}

static void depth(void **state HP_UNUSED)
{
	char text[20000];

	memset(text, '[', 16);
	memset(text + 16, ']', 16);
	text[32] = '\0';
	hp_json_free(parse_ok(text));
	memset(text, '[', 17);
	memset(text + 17, ']', 17);
	refused(text, 34, "byte 16: nested too deeply");
	memset(text, '[', sizeof(text));
	refused(text, sizeof(text), "byte 16: nested too deeply");
}

static void many_keys(void **state HP_UNUSED)
{
	_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;

	hp_buf_addc(&b, '{');
	for (int i = 0; i < 20000; i++)
		hp_buf_addf(&b, "%s\"k%d\":%d", i ? "," : "", i, i);
	hp_buf_addc(&b, '}');
	hp_json_free(parse_ok(hp_buf_str(&b)));
	b.len--;
	hp_buf_adds(&b, ",\"k777\":0}");
	refused(b.s, b.len, "the key \"k777\" stands there twice");
}

static void write_all(struct hp_jw *w)
{
	hp_jw_obj(w, NULL);
	hp_jw_str(w, "s",
		"q\" b\\ n\n \x01 \x7f \u00e9 \xc2\x85 \xff \U0001F600 long enough for eight");
	hp_jw_str(w, "none", NULL);
	hp_jw_i64(w, "min", INT64_MIN);
	hp_jw_i64(w, "zero", 0);
	hp_jw_bool(w, "yes", true);
	hp_jw_arr(w, "l");
	hp_jw_bool(w, NULL, false);
	hp_jw_null(w, NULL);
	hp_jw_obj(w, NULL);
	hp_jw_end(w, '}');
	hp_jw_raw(w, NULL, "{\"r\":1}");
	hp_jw_end(w, ']');
	hp_jw_arr(w, "e");
	hp_jw_end(w, ']');
	hp_jw_end(w, '}');
}

static void writing(void **state HP_UNUSED)
{
	_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;
	struct hp_jw w;

	hp_jw_init(&w, &b, false);
	write_all(&w);
	assert_string_equal(hp_buf_str(&b),
		"{\"s\":\"q\\\" b\\\\ n\\n \\u0001 \\u007f \u00e9 \\u0085 \xef\xbf\xbd \U0001F600 "
		"long enough for eight\",\"none\":null,\"min\":-9223372036854775808,\"zero\":0,"
		"\"yes\":true,\"l\":[false,null,{},{\"r\":1}],\"e\":[]}");
	hp_buf_reset(&b);
	hp_jw_init(&w, &b, true);
	hp_jw_obj(&w, NULL);
	hp_jw_arr(&w, "l");
	hp_jw_i64(&w, NULL, 1);
	hp_jw_i64(&w, NULL, 2);
	hp_jw_end(&w, ']');
	hp_jw_obj(&w, "o");
	hp_jw_end(&w, '}');
	hp_jw_end(&w, '}');
	assert_string_equal(hp_buf_str(&b),
		"{\n  \"l\": [\n    1,\n    2\n  ],\n  \"o\": {}\n}");
	/* values at the top have no comma: JSON lines from one writer */
	hp_buf_reset(&b);
	hp_jw_init(&w, &b, false);
	for (int i = 0; i < 2; i++) {
		hp_jw_i64(&w, NULL, i);
		hp_buf_addc(&b, '\n');
	}
	assert_string_equal(hp_buf_str(&b), "0\n1\n");
}

/* Every byte at every place of a string of 40 is written so that it reads back. */
static void escapes_round_trip(void **state HP_UNUSED)
{
	for (int c = 1; c < 0x80; c++) {
		for (size_t at = 0; at < 40; at += 3) {
			_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;
			_cleanup_json_ struct hp_json *doc = NULL;
			char s[41];
			struct hp_jw w;

			memset(s, 'x', 40);
			s[40] = '\0';
			s[at] = (char)c;
			hp_jw_init(&w, &b, false);
			hp_jw_str(&w, NULL, s);
			doc = parse_ok(hp_buf_str(&b));
			assert_string_equal(hp_json_str(doc), s);
		}
	}
}

static void value_written_again(void **state HP_UNUSED)
{
	static const char text[] = "{\"a\":[1,-2.5,1e+100,0.1,\"x\\n\",null,true,false,{\"k\":{}}],"
				   "\"b\":9007199254740991}";
	_cleanup_json_ struct hp_json *doc = parse_ok(text);
	_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;
	struct hp_jw w;

	hp_jw_init(&w, &b, false);
	hp_jw_value(&w, NULL, doc);
	assert_string_equal(hp_buf_str(&b), text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values), cmocka_unit_test(numbers), cmocka_unit_test(refusals),
		cmocka_unit_test(depth), cmocka_unit_test(many_keys), cmocka_unit_test(writing),
		cmocka_unit_test(escapes_round_trip), cmocka_unit_test(value_written_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
