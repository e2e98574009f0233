#include "unit.h"

#include "base/buf.h"

static void empty(void **state HP_UNUSED)
{
	struct hp_buf b = HP_BUF_INIT;
	char *s;

	assert_string_equal(hp_buf_str(&b), "");
	hp_buf_reset(&b);
	hp_buf_release(&b);
	s = hp_buf_detach(&b);
	assert_string_equal(s, "");
	free(s);
	hp_buf_add(&b, NULL, 0);
	assert_string_equal(hp_buf_str(&b), "");
	hp_buf_release(&b);
}

static void adding(void **state HP_UNUSED)
{
	_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;

	hp_buf_adds(&b, "ab");
	hp_buf_addc(&b, 'c');
	hp_buf_add(&b, "d\0e", 3);
	assert_int_equal(b.len, 6);
	assert_memory_equal(b.s, "abcd\0e", 7);
	hp_buf_reset(&b);
	assert_string_equal(hp_buf_str(&b), "");
	hp_buf_addf(&b, "%s=%d", "k", 7);
	assert_string_equal(hp_buf_str(&b), "k=7");
	assert_int_equal(b.len, 3);
}

/* Every length around the places where the buffer grows. */
static void growing(void **state HP_UNUSED)
{
	_cleanup_buf_ struct hp_buf one = HP_BUF_INIT;

	for (size_t n = 0; n < 500; n++) {
		_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;

		hp_buf_addf(&b, "%*s|", (int)n, "");
		assert_int_equal(b.len, n + 1);
		assert_int_equal(strlen(b.s), b.len);
		hp_buf_addf(&b, "%*s", (int)(500 - n), "");
		assert_int_equal(strlen(b.s), b.len);
		hp_buf_addc(&one, 'x');
		assert_int_equal(strlen(one.s), n + 1);
	}
}

static void detaching(void **state HP_UNUSED)
{
	struct hp_buf b = HP_BUF_INIT;
	char *s;

	hp_buf_adds(&b, "mine");
	s = hp_buf_detach(&b);
	assert_null(b.s);
	assert_int_equal(b.len, 0);
	assert_string_equal(s, "mine");
	free(s);
}

static void reserving(void **state HP_UNUSED)
{
	_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;
	char *s;

	hp_buf_reserve(&b, 1000);
	assert_string_equal(hp_buf_str(&b), "");
	s = b.s;
	for (int i = 0; i < 1000; i++)
		hp_buf_addc(&b, 'y');
	assert_ptr_equal(s, b.s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty),
		cmocka_unit_test(adding),
		cmocka_unit_test(growing),
		cmocka_unit_test(detaching),
		cmocka_unit_test(reserving),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
