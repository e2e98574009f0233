/* SHA-256 against the examples of FIPS 180-4. */
#include "unit.h"
#include "sys/digest.h"

static void known_answers(void **state HP_UNUSED)
{
	char hex[HP_DIGEST_HEX];

	hp_digest_of("", 0, hex);
	assert_string_equal(
		hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	hp_digest_of("abc", 3, hex);
	assert_string_equal(
		hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	hp_digest_of(NULL, 0, hex);
	assert_string_equal(
		hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void piecewise_is_the_same(void **state HP_UNUSED)
{
	char whole[HP_DIGEST_HEX], parts[HP_DIGEST_HEX], text[1000];
	struct hp_digest d;

	memset(text, 'x', sizeof(text));
	hp_digest_of(text, sizeof(text), whole);
	for (size_t step = 1; step < 130; step++) {
		hp_digest_init(&d);
		for (size_t at = 0; at < sizeof(text); at += step)
			hp_digest_add(&d, text + at,
				sizeof(text) - at < step ? sizeof(text) - at : step);
		hp_digest_hex(&d, parts);
		assert_string_equal(parts, whole);
	}
}

static void a_million_letters(void **state HP_UNUSED)
{
	char hex[HP_DIGEST_HEX], text[1000];
	struct hp_digest d;

	memset(text, 'a', sizeof(text));
	hp_digest_init(&d);
	for (int i = 0; i < 1000; i++)
		hp_digest_add(&d, text, sizeof(text));
	hp_digest_hex(&d, hex);
	assert_string_equal(
		hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* The way through the processor's own instructions against the byte-wise one. */
static void long_and_short_pieces(void **state HP_UNUSED)
{
	char expected[HP_DIGEST_HEX], got[HP_DIGEST_HEX];
	unsigned char text[700];
	struct hp_digest d;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (unsigned char)(i * i * 31 + i);
	for (size_t n = 0; n <= 400; n++) {
		hp_digest_init(&d);
		for (size_t i = 0; i < n; i++)
			hp_digest_add(&d, text + 7 + i, 1);
		hp_digest_hex(&d, expected);
		for (size_t head = 0; head < 70 && head <= n; head += 23) {
			hp_digest_init(&d);
			hp_digest_add(&d, text + 7, head);
			hp_digest_add(&d, text + 7 + head, n - head);
			hp_digest_hex(&d, got);
			assert_string_equal(got, expected);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(piecewise_is_the_same),
		cmocka_unit_test(a_million_letters),
		cmocka_unit_test(long_and_short_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
