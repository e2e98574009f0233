/*
 * A pair of 2026 with names that are worth a look, judged at given times. Its names: A.example,
 * "c.example" NUL ".evil.example", *.b.example, and an address. Valid in June, July and August.
 */
#include "tests/unit/unit.h"
#include "base/buf.h"
#include "sys/x509.h"

#define LEAF_SHA256 "91fe8edb2853c51ad726243c06976b00109187431fe42283c29dc3ebca2319f1"
#define JULY 1782864000 /* 2026-07-01T00:00:00Z */

static const char leaf_key[] = "-----BEGIN PRIVATE KEY-----\n"
			       "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgxa9P1d8X+aj/bQEW\n"
			       "tn/+/Yp81TYIHFHrmd7mun9V2kShRANCAARWje/eGCf0mbezJmOoKqUy+30VYX0B\n"
			       "NwFGZKkJXBdBQfsT122mJMRcnUqMviYfFpk2xs8EAZ+3pK7BfzcaGaL1\n"
			       "-----END PRIVATE KEY-----\n";
static const char leaf[] = "-----BEGIN CERTIFICATE-----\n"
			   "MIIBpjCCAUygAwIBAgICEAIwCgYIKoZIzj0EAwIwHDEaMBgGA1UEAwwRVGVzdCBJ\n"
			   "bnRlcm1lZGlhdGUwHhcNMjYwNjAxMDAwMDAwWhcNMjYwOTAxMDAwMDAwWjAUMRIw\n"
			   "EAYDVQQDDAlhLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARWje/e\n"
			   "GCf0mbezJmOoKqUy+30VYX0BNwFGZKkJXBdBQfsT122mJMRcnUqMviYfFpk2xs8E\n"
			   "AZ+3pK7BfzcaGaL1o4GFMIGCMEAGA1UdEQQ5MDeCCUEuZXhhbXBsZYIXYy5leGFt\n"
			   "cGxlAC5ldmlsLmV4YW1wbGWCCyouYi5leGFtcGxlhwTAAAIBMB0GA1UdDgQWBBQy\n"
			   "gSN/bWJsCI5zvh1G0/qrSzaf4jAfBgNVHSMEGDAWgBS8I7Cpalnv60VQqH79pQu0\n"
			   "7Rp1nTAKBggqhkjOPQQDAgNIADBFAiEA8oiTGYalDJ7IHLLmAcioOf6VYj1bLRRg\n"
			   "+E4ce+yvwO0CIHKpFJhojEwlIOaD/76OYQnCd+RWCBtbRb9JCCaN0nkC\n"
			   "-----END CERTIFICATE-----\n";
static const char inter[] = "-----BEGIN CERTIFICATE-----\n"
			    "MIIBdDCCARmgAwIBAgICEAEwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJVGVzdCBS\n"
			    "b290MB4XDTI2MDEwMTAwMDAwMFoXDTM2MDEwMTAwMDAwMFowHDEaMBgGA1UEAwwR\n"
			    "VGVzdCBJbnRlcm1lZGlhdGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARCUWNN\n"
			    "JDs7i9Wq8r2Nv40nfLGlrWYIJwaW8+28cPf+KGe7masXe0JNl3AIHbojK7DUniL+\n"
			    "dK0trZYmmsbiWxSYo1MwUTAPBgNVHRMBAf8EBTADAQH/MB0GA1UdDgQWBBS8I7Cp\n"
			    "alnv60VQqH79pQu07Rp1nTAfBgNVHSMEGDAWgBRL1N7jpnkbM4Md+s5bkkP5dZXa\n"
			    "YjAKBggqhkjOPQQDAgNJADBGAiEAx0OpqS4I9JWtTpERZMMJOamD3OVjKOQOv8Fq\n"
			    "5A26IWoCIQD1ZtZUgsUU8bqoyqOjV4ffw8jkqGFKhPRvJmRH3Y4obg==\n"
			    "-----END CERTIFICATE-----\n";
static const char root[] = "-----BEGIN CERTIFICATE-----\n"
			   "MIIBSjCB8KADAgECAgIQADAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlUZXN0IFJv\n"
			   "b3QwHhcNMjYwMTAxMDAwMDAwWhcNMzYwMTAxMDAwMDAwWjAUMRIwEAYDVQQDDAlU\n"
			   "ZXN0IFJvb3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARezhYDg/x3dMLQIwsI\n"
			   "9fhUMcAJ8wEcoJZ6BAv9rE/KcIUKQTDa4R5m2GOHJaLYqYe5xL/ehehVeI8HEan8\n"
			   "GVLjozIwMDAPBgNVHRMBAf8EBTADAQH/MB0GA1UdDgQWBBRL1N7jpnkbM4Md+s5b\n"
			   "kkP5dZXaYjAKBggqhkjOPQQDAgNJADBGAiEA3egTkEGAyqlwSos/fVOpExdUCOZf\n"
			   "p/7LTzan4KbzspQCIQC2ReKPDTHgo54UXk1zsyssEGXVJ1cqGHYedXKMqF4/FQ==\n"
			   "-----END CERTIFICATE-----\n";

static struct hp_pool *pool;
static struct hp_err err;
static struct hp_x509 x;
static struct hp_buf chain, key;

static int setup(void **state HP_UNUSED)
{
	pool = hp_pool_new();
	hp_err_clear(&err);
	return 0;
}

static int teardown(void **state HP_UNUSED)
{
	hp_buf_release(&chain);
	hp_buf_release(&key);
	hp_pool_free(pool);
	return 0;
}

static int judge(const char *key_text, int64_t now, const char *a, const char *b, const char *c)
{
	struct hp_buf certs _cleanup_buf_ = HP_BUF_INIT, k _cleanup_buf_ = HP_BUF_INIT;

	hp_err_clear(&err);
	hp_buf_adds(&k, key_text);
	hp_buf_adds(&certs, a);
	hp_buf_adds(&certs, b);
	hp_buf_adds(&certs, c);
	return hp_x509_pair(pool, &k, &certs, now, &x, &chain, &key, &err);
}

static void refused(const char *text)
{
	unit_assert_err(&err, HP_E_USAGE, text);
}

static void test_what_it_says(void **state HP_UNUSED)
{
	assert_int_equal(judge(leaf_key, JULY, leaf, inter, ""), 0);
	assert_int_equal(x.names.n, 2); /* neither the forged one nor the address */
	assert_string_equal(x.names.v[0], "*.b.example");
	assert_string_equal(x.names.v[1], "a.example");
	assert_string_equal(x.issuer, "CN=Test Intermediate");
	assert_string_equal(x.serial, "1002");
	assert_string_equal(x.key_type, "ec256");
	assert_string_equal(x.sha256, LEAF_SHA256);
	assert_int_equal(x.not_before, 1780272000);
	assert_int_equal(x.not_after, 1788220800);
	assert_int_equal(x.certificates, 2);
	assert_string_equal(x.open_end, "CN=Test Root");
	assert_string_equal(hp_buf_str(&key), leaf_key);
	assert_memory_equal(chain.s, leaf, sizeof(leaf) - 1);
	assert_string_equal(chain.s + sizeof(leaf) - 1, inter);
}

static void test_what_is_not_stored(void **state HP_UNUSED)
{
	size_t n;

	assert_int_equal(judge(leaf_key, JULY, leaf, inter, ""), 0);
	n = chain.len;
	/* a root at the end, the leaf twice, words between */
	assert_int_equal(judge(leaf_key, JULY, leaf, inter, root), 0);
	assert_int_equal(chain.len, n);
	assert_null(strstr(chain.s, "secret"));
	/* whoever gave it knows where the chain ends */
	assert_null(x.open_end);
	assert_int_equal(judge(leaf_key, JULY, "secret\n", leaf, leaf), 0);
	assert_string_equal(hp_buf_str(&chain), leaf);
	assert_string_equal(x.open_end, "CN=Test Intermediate");
}

static void test_dates(void **state HP_UNUSED)
{
	assert_int_equal(judge(leaf_key, 1780272000, leaf, inter, ""), 0);
	assert_int_equal(judge(leaf_key, 1788220800, leaf, inter, ""), 0);
	assert_true(judge(leaf_key, 1788220801, leaf, inter, "") < 0);
	refused("expired at 2026-09-01T00:00:00Z");
	assert_true(judge(leaf_key, 1780271999, leaf, inter, "") < 0);
	refused("is not valid before 2026-06-01T00:00:00Z");
}

static void test_order_and_key(void **state HP_UNUSED)
{
	assert_true(judge(leaf_key, JULY, inter, leaf, "") < 0);
	refused("the key does not belong to certificate 1 of 2 (CN=Test Intermediate)");
	assert_string_equal(err.hint,
		"it belongs to certificate 2 of 2 (CN=a.example): that one "
		"must stand first");
	assert_true(judge(leaf_key, JULY, leaf, root, inter) < 0);
	refused("certificate 1 of 3 (CN=a.example) was not issued by the one behind it");
	assert_true(judge("", JULY, leaf, inter, "") < 0);
	refused("there is no private key");
	assert_true(judge(leaf_key, JULY, "", "", "") < 0);
	refused("there is no certificate");
}

/* Every byte of the certificate flipped: none is taken for the one it was, none crashes. */
static void test_torn(void **state HP_UNUSED)
{
	char torn[sizeof(leaf)];
	size_t i;

	for (i = 40; i < sizeof(leaf) - 1; i += 7) {
		memcpy(torn, leaf, sizeof(leaf));
		torn[i] = torn[i] == 'A' ? 'B' : 'A';
		if (judge(leaf_key, JULY, torn, inter, "") == 0)
			assert_string_equal(x.sha256, LEAF_SHA256);
		else
			assert_int_equal(err.code, HP_E_USAGE);
	}
	for (i = 0; i < sizeof(leaf); i += 11) {
		memcpy(torn, leaf, i);
		torn[i < sizeof(leaf) ? i : 0] = '\0';
		assert_true(judge(leaf_key, JULY, torn, "", "") < 0 || i >= sizeof(leaf) - 2);
	}
}

static void test_too_many(void **state HP_UNUSED)
{
	struct hp_buf certs _cleanup_buf_ = HP_BUF_INIT, k _cleanup_buf_ = HP_BUF_INIT;

	hp_buf_adds(&k, leaf_key);
	for (int i = 0; i <= HP_X509_CHAIN_MAX; i++)
		hp_buf_adds(&certs, i % 2 ? inter : leaf);
	assert_true(hp_x509_pair(pool, &k, &certs, JULY, &x, &chain, &key, &err) < 0);
	refused("more than 10 certificates");
}

static void test_request(void **state HP_UNUSED)
{
	static const char *const types[] = {"ec256", "ec384", "rsa2048"};
	struct hp_strv names = {0};

	hp_strv_add(pool, &names, "a.example");
	hp_strv_add(pool, &names, "*.a.example");
	for (size_t i = 0; i < HP_ARRAY_SIZE(types); i++) {
		assert_true(hp_x509_is_key_type(types[i]));
		assert_int_equal(hp_x509_request(types[i], &names, &key, &chain, &err), 0);
		assert_memory_equal(key.s, "-----BEGIN PRIVATE KEY-----\n", 28);
		assert_memory_equal(chain.s, "-----BEGIN CERTIFICATE REQUEST-----\n", 36);
	}
	assert_false(hp_x509_is_key_type("rsa1024"));
	assert_false(hp_x509_is_key_type(""));
}

/* It fits its key, and is nothing that could be taken for a website's. */
static void test_nobody(void **state HP_UNUSED)
{
	assert_int_equal(hp_x509_nobody(&key, &chain, &err), 0);
	assert_memory_equal(key.s, "-----BEGIN PRIVATE KEY-----\n", 28);
	assert_memory_equal(chain.s, "-----BEGIN CERTIFICATE-----\n", 28);
	assert_null(strstr(hp_buf_str(&chain) + 28, "BEGIN"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_it_says, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_not_stored, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dates, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order_and_key, setup, teardown),
		cmocka_unit_test_setup_teardown(test_torn, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_request, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
