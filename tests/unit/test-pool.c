#include "unit.h"

#include <stdalign.h>

static void zeroed_and_aligned(void **state HP_UNUSED)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();

	for (int round = 0; round < 3; round++) {
		for (size_t n = 0; n < 3000; n += 7) {
			unsigned char *p = hp_palloc(pool, n);

			assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
			for (size_t i = 0; i < n; i++)
				assert_int_equal(p[i], 0);
			memset(p, 0xaa, n);
		}
		hp_pool_reset(pool);
	}
}

/* Neighbours do not overlap, small and large ones mixed. */
static void apart(void **state HP_UNUSED)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	static const size_t sizes[] = {1, 40000, 16, 17, 200000, 3, 2048, 15, 16384, 16385};
	unsigned char *p[200];

	for (size_t i = 0; i < 200; i++) {
		p[i] = hp_palloc(pool, sizes[i % HP_ARRAY_SIZE(sizes)]);
		memset(p[i], (int)i, sizes[i % HP_ARRAY_SIZE(sizes)]);
	}
	for (size_t i = 0; i < 200; i++)
		for (size_t j = 0; j < sizes[i % HP_ARRAY_SIZE(sizes)]; j++)
			if (p[i][j] != i)
				fail_msg("byte %zu of allocation %zu was overwritten", j, i);
}

static void resetting(void **state HP_UNUSED)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();

	hp_pool_reset(pool);
	hp_palloc(pool, 1000000);
	hp_pool_reset(pool);
	hp_palloc(pool, 10);
	hp_pool_reset(pool);
	hp_pool_reset(pool);
	assert_string_equal(hp_pstrdup(pool, "after"), "after");
	hp_pool_free(NULL);
}

static void strings(void **state HP_UNUSED)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	static char big[1000];

	assert_null(hp_pstrdup(pool, NULL));
	assert_string_equal(hp_pstrdup(pool, ""), "");
	assert_string_equal(hp_pstrndup(pool, "abcdef", 3), "abc");
	assert_string_equal(hp_pstrndup(pool, "ab", 3), "ab");
	assert_string_equal(hp_pstrndup(pool, "abc", 0), "");
	assert_memory_equal(hp_pmemdup(pool, "a\0b", 3), "a\0b", 3);
	assert_non_null(hp_pmemdup(pool, NULL, 0));
	memset(big, 'z', sizeof(big) - 1);
	for (size_t n = 250; n < 262; n++)
		assert_int_equal(strlen(hp_pprintf(pool, "%.*s", (int)n, big)), n);
	assert_string_equal(hp_pprintf(pool, "%s", big), big);
}

static void lists(void **state HP_UNUSED)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_strv l = {0};
	char s[] = "first";

	assert_false(hp_strv_has(&l, "x"));
	hp_strv_sort(&l);
	hp_strv_add(pool, &l, s);
	s[0] = 'F';
	assert_string_equal(l.v[0], "first");
	hp_strv_add_ref(pool, &l, s);
	assert_ptr_equal(l.v[1], s);
	for (int i = 0; i < 1000; i++) {
		hp_strv_addf(pool, &l, "n%04d", 999 - i);
		assert_null(l.v[l.n]);
	}
	assert_int_equal(l.n, 1002);
	assert_true(hp_strv_has(&l, "n0500"));
	assert_false(hp_strv_has(&l, "n050"));
	hp_strv_sort(&l);
	assert_string_equal(l.v[0], "First");
	assert_string_equal(l.v[2], "n0000");
	assert_string_equal(l.v[1001], "n0999");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zeroed_and_aligned),
		cmocka_unit_test(apart),
		cmocka_unit_test(resetting),
		cmocka_unit_test(strings),
		cmocka_unit_test(lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
