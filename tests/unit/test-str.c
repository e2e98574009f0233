#include "unit.h"

static void comparing(void **state HP_UNUSED)
{
	assert_true(hp_streq("a", "a"));
	assert_true(hp_streq(NULL, NULL));
	assert_false(hp_streq("a", NULL));
	assert_false(hp_streq("a", "ab"));
	assert_true(hp_str_starts("abc", ""));
	assert_true(hp_str_starts("abc", "abc"));
	assert_false(hp_str_starts("ab", "abc"));
	assert_true(hp_str_ends("abc", "bc"));
	assert_false(hp_str_ends("c", "bc"));
	assert_string_equal(hp_str_after("key=v", "key="), "v");
	assert_null(hp_str_after("ke", "key="));
}

static bool valid(const char *s)
{
	return hp_utf8_is_valid(s, strlen(s));
}

/* The borders of each row of RFC 3629 §4. */
static void utf8(void **state HP_UNUSED)
{
	static const char *const good[] = {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80",
		"\xe1\x80\x80", "\xec\xbf\xbf", "\xed\x80\x80", "\xed\x9f\xbf", "\xee\x80\x80",
		"\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf3\xbf\xbf\xbf", "\xf4\x8f\xbf\xbf"};
	static const char *const bad[] = {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2",
		"\xc2\x41", "\xe0\x9f\xbf", "\xe0\xa0", "\xe1\x80\x41", "\xed\xa0\x80",
		"\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80", "\xf0\x90\x80\x41",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xfe", "\xff", "a\xff"};

	for (size_t i = 0; i < HP_ARRAY_SIZE(good); i++)
		if (!valid(good[i]))
			fail_msg("good[%zu] was refused", i);
	for (size_t i = 0; i < HP_ARRAY_SIZE(bad); i++)
		if (valid(bad[i]))
			fail_msg("bad[%zu] was accepted", i);
	assert_false(hp_utf8_is_valid("a\0b", 3));
	assert_true(hp_utf8_is_valid("\xc3\xbcx", 2));
	assert_false(hp_utf8_is_valid("\xc3\xbc", 1));
	assert_int_equal(hp_utf8_char("\xf4\x8f\xbf\xbf", 4), 4);
	assert_int_equal(hp_utf8_char("a", 0), 0);
}

static void cutting(void **state HP_UNUSED)
{
	assert_int_equal(hp_utf8_cut("abc", 5), 3);
	assert_int_equal(hp_utf8_cut("abc", 3), 3);
	assert_int_equal(hp_utf8_cut("abc", 2), 2);
	assert_int_equal(hp_utf8_cut("a\xe2\x82\xac", 4), 4);
	assert_int_equal(hp_utf8_cut("a\xe2\x82\xac", 3), 1);
	assert_int_equal(hp_utf8_cut("a\xe2\x82\xac", 2), 1);
	assert_int_equal(hp_utf8_cut("\xe2\x82\xac", 0), 0);
	/* Not UTF-8 at all: cut where asked. */
	assert_int_equal(hp_utf8_cut("\x80\x80\x80\x80\x80\x80", 5), 5);
}

static void controls(void **state HP_UNUSED)
{
	assert_false(hp_str_has_control("a ü€", strlen("a ü€")));
	assert_true(hp_str_has_control("\t", 1));
	assert_true(hp_str_has_control("a\x7f", 2));
	assert_true(hp_str_has_control("a\0", 2));
	assert_true(hp_str_has_control("\xc2\x85", 2));
	assert_false(hp_str_has_control("\xc2\xa0", 2));
}

static void printable(void **state HP_UNUSED)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();

	assert_string_equal(hp_str_printable(pool, "a\nb\xff\xc2\x9b", 64), "a?b??");
	assert_string_equal(hp_str_printable(pool, "abcdef", 6), "abcdef");
	assert_string_equal(hp_str_printable(pool, "abcdefg", 6), "abc…");
	assert_string_equal(hp_str_printable(pool, "ab€defg", 6), "ab…");
	assert_string_equal(hp_str_printable(pool, "abcdefg", 3), "…");
	assert_string_equal(hp_str_printable(pool, "abcdefg", 2), "ab");
	assert_string_equal(hp_str_printable(pool, "abcdefg", 0), "");
	assert_string_equal(hp_str_printable(pool, "", 0), "");
	/* Whatever comes in: valid, no controls, not longer than asked. */
	for (unsigned seed = 1; seed < 3000; seed++) {
		char in[40];
		unsigned x = seed;
		char *out;

		for (size_t i = 0; i < sizeof(in) - 1; i++) {
			x = x * 1103515245 + 12345;
			in[i] = (char)(((x >> 16) & 0xff) | 1);
		}
		in[sizeof(in) - 1] = '\0';
		out = hp_str_printable(pool, in, seed % 45);
		assert_true(strlen(out) <= seed % 45);
		assert_true(valid(out));
		assert_false(hp_str_has_control(out, strlen(out)));
	}
}

static void lower_and_split(void **state HP_UNUSED)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	char s[] = "AbZ[Ü";
	struct hp_strv l = {0};

	hp_str_lower(s);
	assert_string_equal(s, "abz[Ü");
	hp_str_split(pool, ",,a, b,,c,", ", ", &l);
	assert_int_equal(l.n, 3);
	assert_string_equal(l.v[0], "a");
	assert_string_equal(l.v[1], "b");
	assert_string_equal(l.v[2], "c");
	hp_str_split(pool, " ,", ", ", &l);
	assert_int_equal(l.n, 3);
}

static void wiping(void **state HP_UNUSED)
{
	char s[] = "secret";

	hp_wipe(s, sizeof(s));
	for (size_t i = 0; i < sizeof(s); i++)
		assert_int_equal(s[i], 0);
	hp_wipe(NULL, 0);
}

static void distances(void **state HP_UNUSED)
{
	static char a[200], b[200];

	assert_int_equal(hp_str_distance("", ""), 0);
	assert_int_equal(hp_str_distance("", "abc"), 3);
	assert_int_equal(hp_str_distance("abc", ""), 3);
	assert_int_equal(hp_str_distance("abc", "abc"), 0);
	assert_int_equal(hp_str_distance("colums", "columns"), 1);
	assert_int_equal(hp_str_distance("kitten", "sitting"), 3);
	assert_int_equal(hp_str_distance("lsit", "list"), 1);
	assert_int_equal(hp_str_distance("ca", "abc"), 3);
	memset(a, 'a', sizeof(a) - 1);
	memset(b, 'b', sizeof(b) - 1);
	assert_int_equal(hp_str_distance(a, b), 64);
	assert_true(hp_str_is_near("lsit", "list"));
	assert_true(hp_str_is_near("col", "columns"));
	assert_true(hp_str_is_near("php_verison", "php_version"));
	assert_false(hp_str_is_near("x", "y"));
	assert_false(hp_str_is_near("restore", "list"));
	assert_false(hp_str_is_near("", "a"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comparing),
		cmocka_unit_test(utf8),
		cmocka_unit_test(cutting),
		cmocka_unit_test(controls),
		cmocka_unit_test(printable),
		cmocka_unit_test(lower_and_split),
		cmocka_unit_test(wiping),
		cmocka_unit_test(distances),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
