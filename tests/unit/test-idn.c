/* Internationalised names: how they are written, and which are refused. */
#include "pool.h"
#include "base/buf.h"
#include "sys/idn.h"

static void written(void **state HP_UNUSED)
{
	static const char *const cases[][2] = {
		{"example.com", "example.com"}, {"Example.COM", "example.com"},
		{"b\u00fccher.example", "xn--bcher-kva.example"},
		{"B\u00dcCHER.Example", "xn--bcher-kva.example"},
		{"bu\u0308cher.example", "xn--bcher-kva.example"}, /* not composed */
		{"XN--Bcher-KVA.example", "xn--bcher-kva.example"},
		{"*.b\u00fccher.example", "*.xn--bcher-kva.example"}, {"*.a.b", "*.a.b"},
		{"fa\u00df.de", "xn--fa-hia.de"}, /* non-transitional: not fass.de */
		{"\u4f8b\u3048.jp", "xn--r8jz45g.jp"},
		{"\u4f8b\u3048\u3002jp", "xn--r8jz45g.jp"}, /* ideographic full stop */
		{"\uff45xample.com", "example.com"},        /* full-width e */
		{"\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444", "xn--e1afmkfd.xn--p1ai"},
		{"\u03c0\u03b1\u03c1\u03ac\u03b4\u03b5\u03b9\u03b3\u03bc\u03b1.gr",
			"xn--hxajbheg2az3al.gr"},
		/* scripts that are written together */
		{"abc\u4f8b\u3048\u30ab\u30fc1-2.jp", NULL}, {"abc\u4e2d\u3105.tw", NULL},
		{"abc\ud55c\u4e2d.kr", NULL},
	};

	for (size_t i = 0; i < HP_ARRAY_SIZE(cases); i++) {
		struct hp_err err = HP_ERR_INIT;
		const char *a = NULL, *u = NULL, *again = NULL;

		if (hp_idn_to_ascii(pool, cases[i][0], &a, &err) < 0)
			fail_msg("%s: %s", cases[i][0], err.msg);
		if (cases[i][1])
			assert_string_equal(a, cases[i][1]);
		assert_int_equal(hp_idn_to_unicode(pool, a, &u, &err), 0);
		assert_int_equal(hp_idn_to_ascii(pool, u, &again, &err), 0);
		assert_string_equal(a, again);
	}
}

static void refused(void **state HP_UNUSED)
{
	static const char *const cases[][2] = {
		{"", "it is empty"},
		{"*.", "it is empty"},
		{"\u2060", "it is empty"},
		{"a b", "characters other"},
		{"a_b.c", "characters other"},
		{"a/b", "characters other"},
		{"*x", "characters other"},
		{"a\xff", "UTF-8"},
		{"b\u00fc_x.de", "characters other"},
		{"b\u00fc\uff3fx.de", ""},
		{"b\u00fc\uff0fx.de", ""},
		{"b\u2260.de", ""},
		{"b\u2100.de", ""},
		{"b\uff3fx.de", ""},
		{"b\u00fc cher.de", ""},
		{"-\u00fc.de", ""},
		{"\u00fc-.de", ""},
		{"\u0301a.de", ""},
		{"a\u2028\u00fc.de", ""},
		{"\u00fc\u200b\u2060\x01", ""},
		{"xn--a.de", ""},
		{"xn--.de", ""},
		{"xn--\u00fc.de", ""},
		{"xn--example-.com", ""},
		{"xn--BCHER-kva99999999.de", ""},
		{"\u2665\ue000.de", ""},
		/* a Cyrillic a in a Latin name; Greek in Latin; Cyrillic and Greek */
		{"p\u0430ypal.com", "one label mixes Latin and Cyrillic letters"},
		{"xn--pypal-4ve.com", "one label mixes Latin and Cyrillic letters"},
		{"\u03bfmega.com", "one label mixes Greek and Latin letters"},
		{"\u0430\u03bf.com", "one label mixes Cyrillic and Greek letters"},
		{"\u4e2d\u0430.com", "one label mixes Han and Cyrillic letters"},
		{"\ud55c\u3042.com", "one label mixes Hangul and Hiragana letters"},
	};

	for (size_t i = 0; i < HP_ARRAY_SIZE(cases); i++) {
		struct hp_err err = HP_ERR_INIT;
		const char *a = NULL;

		if (hp_idn_to_ascii(pool, cases[i][0], &a, &err) != HP_E_USAGE)
			fail_msg("%s was taken as %s", cases[i][0], a);
		unit_assert_err(&err, HP_E_USAGE, cases[i][1]);
		assert_null(a);
	}
}

static void lengths(void **state HP_UNUSED)
{
	_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	const char *a = NULL;

	for (int i = 0; i < 60; i++)
		hp_buf_adds(&b, "\u00fc\u0142");
	assert_int_equal(hp_idn_to_ascii(pool, hp_buf_str(&b), &a, &err), HP_E_USAGE);
	for (int i = 0; i < 30000; i++)
		hp_buf_adds(&b, "\u00fc");
	assert_int_equal(hp_idn_to_ascii(pool, hp_buf_str(&b), &a, &err), HP_E_USAGE);
	unit_assert_err(&err, HP_E_USAGE, "it is longer than 1024 bytes");
}

static void shown(void **state HP_UNUSED)
{
	static const char *const cases[][2] = {
		{"example.com", "example.com"}, {"xn--bcher-kva.example", "b\u00fccher.example"},
		{"*.xn--bcher-kva.example", "*.b\u00fccher.example"},
		{"www.xn--bcher-kva.example", "www.b\u00fccher.example"}, {"", ""},
	};

	for (size_t i = 0; i < HP_ARRAY_SIZE(cases); i++) {
		struct hp_err err = HP_ERR_INIT;
		const char *u = NULL;

		assert_int_equal(hp_idn_to_unicode(pool, cases[i][0], &u, &err), 0);
		assert_string_equal(u, cases[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(written, setup, teardown),
		cmocka_unit_test_setup_teardown(refused, setup, teardown),
		cmocka_unit_test_setup_teardown(lengths, setup, teardown),
		cmocka_unit_test_setup_teardown(shown, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
