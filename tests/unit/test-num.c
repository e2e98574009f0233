#include "unit.h"

static void signed_numbers(void **state HP_UNUSED)
{
	static const char *const bad[] = {"", "-", "+1", " 1", "1 ", "0x1", "1.0", "--1", "1-",
		"9223372036854775808", "-9223372036854775809", "99999999999999999999999"};
	int64_t v = 77;

	assert_int_equal(hp_parse_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &v), 0);
	assert_true(v == INT64_MIN);
	assert_int_equal(hp_parse_i64("9223372036854775807", INT64_MIN, INT64_MAX, &v), 0);
	assert_true(v == INT64_MAX);
	assert_int_equal(hp_parse_i64("-0", -1, 1, &v), 0);
	assert_true(v == 0);
	v = 77;
	for (size_t i = 0; i < HP_ARRAY_SIZE(bad); i++)
		assert_int_equal(hp_parse_i64(bad[i], INT64_MIN, INT64_MAX, &v), HP_E_USAGE);
	assert_int_equal(hp_parse_i64(NULL, 0, 1, &v), HP_E_USAGE);
	assert_int_equal(hp_parse_i64("0", 1, 5, &v), HP_E_USAGE);
	assert_int_equal(hp_parse_i64("6", 1, 5, &v), HP_E_USAGE);
	assert_true(v == 77);
	assert_int_equal(hp_parse_i64("5", 1, 5, &v), 0);
}

static void unsigned_numbers(void **state HP_UNUSED)
{
	uint64_t v = 77;

	assert_int_equal(hp_parse_u64("18446744073709551615", UINT64_MAX, &v), 0);
	assert_true(v == UINT64_MAX);
	assert_int_equal(hp_parse_u64("18446744073709551616", UINT64_MAX, &v), HP_E_USAGE);
	assert_int_equal(hp_parse_u64("-1", UINT64_MAX, &v), HP_E_USAGE);
	assert_int_equal(hp_parse_u64("", UINT64_MAX, &v), HP_E_USAGE);
	assert_int_equal(hp_parse_u64("11", 10, &v), HP_E_USAGE);
	assert_true(v == UINT64_MAX);
}

static void sizes(void **state HP_UNUSED)
{
	static const char *const bad[] = {
		"", "M", "-1M", "1MB", "1 M", "1T", "1.5G", "17179869184G"};
	uint64_t v = 0;

	assert_int_equal(hp_parse_size("256M", UINT64_MAX, &v), 0);
	assert_true(v == 256ull << 20);
	assert_int_equal(hp_parse_size("1g", UINT64_MAX, &v), 0);
	assert_true(v == 1ull << 30);
	assert_int_equal(hp_parse_size("512K", 512 << 10, &v), 0);
	assert_int_equal(hp_parse_size("512K", (512 << 10) - 1, &v), HP_E_USAGE);
	assert_int_equal(hp_parse_size("1048576", UINT64_MAX, &v), 0);
	assert_true(v == 1 << 20);
	for (size_t i = 0; i < HP_ARRAY_SIZE(bad); i++)
		assert_int_equal(hp_parse_size(bad[i], UINT64_MAX, &v), HP_E_USAGE);
}

static void durations(void **state HP_UNUSED)
{
	uint64_t v = 0;

	assert_int_equal(hp_parse_duration("90s", UINT64_MAX, &v), 0);
	assert_true(v == 90);
	assert_int_equal(hp_parse_duration("15m", UINT64_MAX, &v), 0);
	assert_true(v == 900);
	assert_int_equal(hp_parse_duration("12h", UINT64_MAX, &v), 0);
	assert_true(v == 43200);
	assert_int_equal(hp_parse_duration("90d", UINT64_MAX, &v), 0);
	assert_true(v == 7776000);
	assert_int_equal(hp_parse_duration("0", 0, &v), 0);
	assert_true(v == 0);
	assert_int_equal(hp_parse_duration("1w", UINT64_MAX, &v), HP_E_USAGE);
	assert_int_equal(hp_parse_duration("2m", 119, &v), HP_E_USAGE);
	assert_int_equal(hp_parse_duration("1h30m", UINT64_MAX, &v), HP_E_USAGE);
}

static void bools(void **state HP_UNUSED)
{
	static const char *const yes[] = {"true", "yes", "on", "1"};
	static const char *const no[] = {"false", "no", "off", "0"};
	bool v;

	for (size_t i = 0; i < 4; i++) {
		v = false;
		assert_int_equal(hp_parse_bool(yes[i], &v), 0);
		assert_true(v);
		assert_int_equal(hp_parse_bool(no[i], &v), 0);
		assert_false(v);
	}
	assert_int_equal(hp_parse_bool("TRUE", &v), HP_E_USAGE);
	assert_int_equal(hp_parse_bool("", &v), HP_E_USAGE);
	assert_int_equal(hp_parse_bool(NULL, &v), HP_E_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signed_numbers),
		cmocka_unit_test(unsigned_numbers),
		cmocka_unit_test(sizes),
		cmocka_unit_test(durations),
		cmocka_unit_test(bools),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
