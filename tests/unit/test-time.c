#include "unit.h"

#include "base/file.h"

static void formatting(void **state HP_UNUSED)
{
	static const struct {
		int64_t t;
		const char *s;
	} cases[] = {
		{0, "1970-01-01T00:00:00Z"},
		{-1, "1969-12-31T23:59:59Z"},
		{951782400, "2000-02-29T00:00:00Z"},
		{1769903999, "2026-01-31T23:59:59Z"},
		{253402300799, "9999-12-31T23:59:59Z"},
		{-62135596800, "0001-01-01T00:00:00Z"},
		{INT64_MAX, "9999-12-31T23:59:59Z"},
		{INT64_MIN, "0000-01-01T00:00:00Z"},
	};
	char s[21];
	int64_t t;

	for (size_t i = 0; i < HP_ARRAY_SIZE(cases); i++) {
		hp_time_format(cases[i].t, s);
		assert_string_equal(s, cases[i].s);
	}
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(hp_time_parse(cases[i].s, &t), 0);
		assert_true(t == cases[i].t);
	}
}

static void databases(void **state HP_UNUSED)
{
	static const char *const good[] = {"2026-01-31 23:59:59", "2026-01-31 23:59:59.5",
		"2026-01-31 23:59:59.123456", "2026-01-31 23:59:59+00", "2026-01-31 23:59:59.1+00",
		"2026-01-31 23:59:59+00:00", "2026-01-31 23:59:59Z", "2026-01-31T23:59:59.999Z",
		"2026-01-31T23:59:59+00:00"};
	int64_t t;

	for (size_t i = 0; i < HP_ARRAY_SIZE(good); i++) {
		t = 0;
		if (hp_time_parse(good[i], &t) != 0 || t != 1769903999)
			fail_msg("%s", good[i]);
	}
}

static void refusing(void **state HP_UNUSED)
{
	static const char *const bad[] = {"", "2026", "2026-01-31", "2026-01-31T23:59:59",
		"2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
		"2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z",
		"2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z",
		"2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+01:00", "2026-01-01 00:00:00+02",
		"2026-01-01T00:00:00Z ", " 2026-01-01T00:00:00Z", "2026-1-01T00:00:00Z",
		"2026-01-01t00:00:00z", "+026-01-01T00:00:00Z"};
	int64_t t = 5;

	for (size_t i = 0; i < HP_ARRAY_SIZE(bad); i++)
		if (hp_time_parse(bad[i], &t) != HP_E_USAGE)
			fail_msg("\"%s\" was accepted", bad[i]);
	assert_int_equal(hp_time_parse(NULL, &t), HP_E_USAGE);
	assert_true(t == 5);
}

static void clocks(void **state HP_UNUSED)
{
	uint64_t ms = hp_now_ms(), us = hp_now_us();

	assert_in_range(us / 1000, ms, ms + 1000);
	assert_true(hp_now_us() >= us);
	assert_true(hp_now() > 1700000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formatting),
		cmocka_unit_test(databases),
		cmocka_unit_test(refusing),
		cmocka_unit_test(clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
