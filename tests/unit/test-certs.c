/* The certificate store: numbers, the link, what is kept, what is damaged. */
#include <dirent.h>
#include <sys/stat.h>

#include "tests/unit/unit.h"
#include "base/buf.h"
#include "base/file.h"
#include "node/certs.h"

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct hp_pool *pool;
static struct hp_err err;
static const char *root;

static int setup(void **state)
{
	int lock = -1;

	unit_setup_dir(state);
	pool = hp_pool_new();
	hp_err_clear(&err);
	root = hp_pstrdup(pool, unit_path("root"));
	assert_int_equal(hp_cert_lock(root, 0, &lock, &err), 0);
	close(lock);
	return 0;
}

static int teardown(void **state)
{
	hp_pool_free(pool);
	return unit_teardown_dir(state);
}

static const struct hp_cert *put(const char *domain, const char *text, bool want_changed)
{
	struct hp_buf chain _cleanup_buf_ = HP_BUF_INIT, key _cleanup_buf_ = HP_BUF_INIT;
	struct hp_cert in = {.domain = domain,
		.issuer = "CN=\"x\" \\",
		.serial = "01",
		.key_type = "ec256",
		.provider = "custom",
		.sha256 = SHA,
		.not_before = 100,
		.not_after = 400};
	const struct hp_cert *ret = NULL;
	bool changed;

	hp_strv_add(pool, &in.names, "*.example.com");
	hp_strv_add(pool, &in.names, domain);
	hp_buf_addf(&chain, "chain %s", text);
	hp_buf_addf(&key, "key %s", text);
	assert_int_equal(hp_cert_put(pool, root, &in, &chain, &key, &ret, &changed, &err), 0);
	assert_int_equal(changed, want_changed);
	return ret;
}

static const struct hp_cert *current(const char *domain)
{
	const struct hp_cert *c;

	assert_int_equal(hp_cert_current(pool, root, domain, &c, &err), 0);
	return c;
}

static bool exists(const char *rel)
{
	return access(hp_pprintf(pool, "%s%s/%s", root, HP_CERTS_DIR, rel), F_OK) == 0;
}

static void spoil(const char *rel, const char *text)
{
	assert_int_equal(hp_file_write(hp_pprintf(pool, "%s%s/%s", root, HP_CERTS_DIR, rel), 0600,
				 text, strlen(text), &err),
		0);
}

static void test_round_trip(void **state HP_UNUSED)
{
	struct hp_buf chain _cleanup_buf_ = HP_BUF_INIT, key _cleanup_buf_ = HP_BUF_INIT;
	const struct hp_cert *c;

	assert_null(current("a.example"));
	put("a.example", "1", true);
	c = current("a.example");
	assert_non_null(c);
	assert_int_equal(c->number, 1);
	assert_string_equal(c->chain, HP_CERTS_DIR "/a.example/1/fullchain.pem");
	assert_string_equal(c->key, HP_CERTS_DIR "/a.example/1/key.pem");
	assert_string_equal(c->issuer, "CN=\"x\" \\");
	assert_string_equal(c->sha256, SHA);
	assert_int_equal(c->not_before, 100);
	assert_int_equal(c->not_after, 400);
	assert_int_equal(c->names.n, 2);
	assert_int_equal(hp_cert_read(root, c, &chain, &key, &err), 0);
	assert_string_equal(hp_buf_str(&chain), "chain 1");
	assert_string_equal(hp_buf_str(&key), "key 1");
	put("a.example", "1", false);
	assert_string_not_equal(put("a.example", "2", true)->pair, c->pair);
	assert_int_equal(current("a.example")->number, 2);
	/* whoever had found the first one still has it */
	assert_int_equal(hp_cert_read(root, c, &chain, &key, &err), 0);
	assert_string_equal(hp_buf_str(&key), "key 1");
}

static void test_back(void **state HP_UNUSED)
{
	put("a.example", "1", true);
	put("a.example", "2", true);
	assert_int_equal(hp_cert_back(root, "a.example", 1, 2, &err), 0);
	assert_int_equal(current("a.example")->number, 1);
	assert_false(exists("a.example/2"));
	assert_int_equal(hp_cert_back(root, "a.example", 0, 1, &err), 0);
	assert_null(current("a.example"));
	assert_false(exists("a.example/1"));
}

static void test_prune(void **state HP_UNUSED)
{
	for (int i = 1; i <= 12; i++)
		put("a.example", hp_pprintf(pool, "%d", i), true);
	/* by number, not by name */
	assert_int_equal(hp_cert_prune(root, "a.example", &err), 0);
	assert_false(exists("a.example/9"));
	assert_true(exists("a.example/10") && exists("a.example/11") && exists("a.example/12"));
	/* the one in use stays however old */
	assert_int_equal(hp_cert_back(root, "a.example", 10, 12, &err), 0);
	put("a.example", "13", true);
	put("a.example", "14", true);
	put("a.example", "15", true);
	assert_int_equal(hp_cert_back(root, "a.example", 10, 14, &err), 0);
	put("a.example", "16", true);
	assert_int_equal(hp_cert_back(root, "a.example", 10, 99, &err), 0);
	assert_int_equal(hp_cert_prune(root, "a.example", &err), 0);
	assert_int_equal(current("a.example")->number, 10);
	assert_int_equal(hp_cert_remove(root, "a.example", &err), 0);
	assert_false(exists("a.example"));
	assert_int_equal(hp_cert_remove(root, "a.example", &err), 0);
}

static void test_damage(void **state HP_UNUSED)
{
	static const char *const bad[] = {"", "{", "{}", "[]", "null", "{\"names\":[1]}",
		"{\"names\":[],\"issuer\":\"x\",\"serial\":\"1\",\"key_type\":\"x\","
		"\"provider\":\"custom\",\"sha256\":\"../..\",\"pair\":\"" SHA "\","
		"\"not_before\":1,\"not_after\":2,\"stored\":3}"};
	struct hp_buf chain _cleanup_buf_ = HP_BUF_INIT, key _cleanup_buf_ = HP_BUF_INIT;
	const struct hp_cert *c = put("a.example", "1", true);

	spoil("a.example/1/key.pem", "key 2");
	assert_int_equal(hp_cert_read(root, c, &chain, &key, &err), HP_E_CONF);
	assert_non_null(strstr(err.hint, "hp-cert import a.example"));
	for (size_t i = 0; i < HP_ARRAY_SIZE(bad); i++) {
		hp_err_clear(&err);
		spoil("a.example/1/meta.json", bad[i]);
		assert_int_equal(hp_cert_current(pool, root, "a.example", &c, &err), HP_E_CONF);
	}
	hp_err_clear(&err);
	put("a.example", "1", true);
	assert_int_equal(current("a.example")->number, 2);
	/* a link that leads nowhere, or out */
	for (int i = 0; i < 4; i++) {
		static const char *const targets[] = {"7", "../b.example/1", "02", ""};
		const char *link = hp_pprintf(pool, "%s%s/a.example/current", root, HP_CERTS_DIR);

		unlink(link);
		if (!*targets[i])
			spoil("a.example/current", "2");
		else
			assert_int_equal(symlink(targets[i], link), 0);
		hp_err_clear(&err);
		assert_int_equal(hp_cert_current(pool, root, "a.example", &c, &err), HP_E_CONF);
	}
}

static void test_names(void **state HP_UNUSED)
{
	struct hp_cert c = {.not_before = 0};
	static const struct {
		const char *pattern, *name;
		bool covers;
	} v[] = {
		{"a.example", "a.example", true},
		{"a.example", "www.a.example", false},
		{"*.a.example", "www.a.example", true},
		{"*.a.example", "a.example", false},
		{"*.a.example", "x.www.a.example", false},
		{"*.a.example", "*.a.example", true},
		{"*.a.example", "*.www.a.example", false},
		{"www.a.example", "*.a.example", false},
		{"*.example", "a.example", false}, /* all of a top-level domain */
		{"*", "example", false},
		{"*.", "a.", false},
		{"w*.a.example", "www.a.example", false},
		{"*.a.example", ".a.example", false},
	};

	for (size_t i = 0; i < HP_ARRAY_SIZE(v); i++) {
		memset(&c.names, 0, sizeof(c.names));
		hp_strv_add(pool, &c.names, "other.example.org");
		hp_strv_add(pool, &c.names, v[i].pattern);
		if (hp_cert_covers(&c, v[i].name) != v[i].covers)
			fail_msg("%s for %s", v[i].pattern, v[i].name);
	}
}

static void test_due(void **state HP_UNUSED)
{
	struct hp_cert c = {.not_before = 0, .not_after = 90 * 86400};

	assert_false(hp_cert_is_due(&c, 0));
	assert_false(hp_cert_is_due(&c, 60 * 86400));
	assert_true(hp_cert_is_due(&c, 60 * 86400 + 1));
	assert_true(hp_cert_is_due(&c, 91 * 86400));
}

static void test_renewal(void **state HP_UNUSED)
{
	struct hp_cert_renewal r = {.failures = 3, .last_try = 10, .next_try = 20, .error = "a\nb"};

	assert_int_equal(hp_cert_renewal_set(root, "a.example", &r, &err), 0);
	memset(&r, 0xff, sizeof(r));
	assert_int_equal(hp_cert_renewal_get(pool, root, "a.example", &r, &err), 0);
	assert_int_equal(r.failures, 3);
	assert_int_equal(r.next_try, 20);
	assert_string_equal(r.error, "a\nb");
	spoil("a.example/renewal.json", "{\"failures\":");
	assert_int_equal(hp_cert_renewal_get(pool, root, "a.example", &r, &err), 0);
	assert_int_equal(r.failures, 0);
	assert_int_equal(hp_cert_renewal_get(pool, root, "b.example", &r, &err), 0);
	assert_int_equal(r.next_try, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_prune, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_due, setup, teardown),
		cmocka_unit_test_setup_teardown(test_renewal, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
