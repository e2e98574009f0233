/* Codes of a second factor: RFC 6238's own, the window, and none twice. */
#include "unit.h"
#include "sys/totp.h"

/* "12345678901234567890", of appendix B */
#define SECRET "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

static void of_the_rfc(void **state HP_UNUSED)
{
	static const struct {
		int64_t at;
		const char *code;
	} t[] = {{59, "94287082"}, {1111111109, "07081804"}, {1111111111, "14050471"},
		{1234567890, "89005924"}, {2000000000, "69279037"}, {20000000000, "65353130"}};

	for (size_t i = 0; i < HP_ARRAY_SIZE(t); i++) {
		struct hp_err err = HP_ERR_INIT;
		char code[HP_TOTP_CODE_SIZE];
		int64_t step = 0;

		assert_int_equal(hp_totp_code(SECRET, t[i].at, 8, code, &err), 0);
		assert_string_equal(code, t[i].code);
		/* shorter ones are their ends */
		assert_int_equal(hp_totp_code(SECRET, t[i].at, 6, code, &err), 0);
		assert_string_equal(code, t[i].code + 2);
		assert_int_equal(hp_totp_find(SECRET, code, t[i].at, 0, &step, &err), 1);
		assert_int_equal(step, t[i].at / 30);
	}
}

static int find(const char *code, int64_t at, int64_t after)
{
	struct hp_err err = HP_ERR_INIT;
	int64_t step;
	int r = hp_totp_find(SECRET, code, at, after, &step, &err);

	return r == 1 ? (int)step : r;
}

static void window(void **state HP_UNUSED)
{
	/* the code of step 37037036 */
	const char *code = "081804";
	const int64_t step = 1111111109 / 30, from = step * 30;

	assert_int_equal(find(code, from - 31, 0), 0);
	assert_int_equal(find(code, from - 30, 0), step);
	assert_int_equal(find(code, from, 0), step);
	assert_int_equal(find(code, from + 59, 0), step);
	assert_int_equal(find(code, from + 60, 0), 0);
	/* used up, or one behind it was */
	assert_int_equal(find(code, from, step - 1), step);
	assert_int_equal(find(code, from, step), 0);
	assert_int_equal(find(code, from, step + 1), 0);
	assert_int_equal(find("081805", from, 0), 0);
	assert_int_equal(find("", from, 0), 0);
	assert_int_equal(find("07081804", from, 0), 0);
	assert_int_equal(find("81804", from, 0), 0);
	/* at the beginning of time there is no step before */
	assert_int_equal(find("755224", 0, -1), 0);
	assert_int_equal(find("287082", 0, -1), 1);
}

static void secrets(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	char a[HP_TOTP_SECRET_SIZE], b[HP_TOTP_SECRET_SIZE], code[HP_TOTP_CODE_SIZE];
	int64_t step;

	assert_int_equal(hp_totp_secret(a, &err), 0);
	assert_int_equal(hp_totp_secret(b, &err), 0);
	assert_int_equal(strlen(a), 32);
	assert_int_equal(strspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), 32);
	assert_string_not_equal(a, b);
	assert_int_equal(hp_totp_code("no base32!", 59, 6, code, &err), HP_E_USAGE);
	hp_err_clear(&err);
	assert_int_equal(hp_totp_code("", 59, 6, code, &err), HP_E_USAGE);
	hp_err_clear(&err);
	assert_int_equal(hp_totp_find("1!", "123456", 59, 0, &step, &err), HP_E_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_the_rfc),
		cmocka_unit_test(window),
		cmocka_unit_test(secrets),
	};

	return cmocka_run_group_tests_name("totp", tests, NULL, NULL);
}
