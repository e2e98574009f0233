/* Users' names, mail addresses, grants and passwords. */
#include "field.h"
#include "base/str.h"
#include "sys/pwhash.h"

#define USER(name, value, want) check(&hp_user_table, name, value, want)

static void names(void **state HP_UNUSED)
{
	static const char *const bad[] = {"", "Alice", "-a", ".a", "_a", "a b", "a@b", "a/b", "a:b",
		"0", "0a", "7", "root", "operator", "nobody", "hosting-panel", "\xc3\xa4", "a'b"};

	USER("username", "alice", "alice");
	USER("username", "a", "a");
	USER("username", "a0.b_c-d", "a0.b_c-d");
	for (size_t i = 0; i < HP_ARRAY_SIZE(bad); i++)
		USER("username", bad[i], NULL);
	USER("username", hp_pprintf(pool, "a%062d", 0), hp_pprintf(pool, "a%062d", 0));
	USER("username", hp_pprintf(pool, "a%063d", 0), NULL);
	/* of the same kind */
	SITE("owner", "alice", "alice");
	SITE("owner", "a b", NULL);
}

static void mail(void **state HP_UNUSED)
{
	static const char *const bad[] = {"a", "@b.example", "a@", "a@b@", "a b@c.example",
		".a@b.example", "a.@b.example", "a..b@c.example", "\"a\"@b.example",
		"a@[192.0.2.1]", "a@-b.example", "<a@b.example>", "a,b@c.example"};

	USER("email", "a@b.example", "a@b.example");
	USER("email", "A.b+c@SHOP.Example", "A.b+c@shop.example");
	USER("email", "a@m\xc3\xbcller.example", "a@xn--mller-kva.example");
	for (size_t i = 0; i < HP_ARRAY_SIZE(bad); i++)
		USER("email", bad[i], NULL);
}

static void grants(void **state HP_UNUSED)
{
	USER("grants", "site:set,site:add", "[\"site:set\",\"site:add\"]");
	USER("grants", "[\"site:set\"]", "[\"site:set\"]");
	USER("grants", "", "[]");
	USER("grants", "site", NULL);
	USER("grants", "site:", NULL);
	USER("grants", ":set", NULL);
	USER("grants", "site:*", NULL);
	USER("grants", "site:set:add", NULL);
	USER("grants", "*", NULL);
}

static void refused(const char *password, const char *text)
{
	struct hp_err err = HP_ERR_INIT;

	assert_int_equal(hp_password_check(password, "alice", &err), HP_E_USAGE);
	unit_assert_err(&err, HP_E_USAGE, text);
	/* it is never repeated */
	if (*password)
		assert_null(strstr(err.msg, password));
}

static void taken(const char *password)
{
	struct hp_err err = HP_ERR_INIT;

	if (hp_password_check(password, "alice", &err) < 0)
		fail_msg("%s: %s", password, err.msg);
}

static void passwords(void **state HP_UNUSED)
{
	taken("correct horse battery");
	taken("x7#kQ2!pLz");
	taken("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa9\xc3\xa8\xc3\xa0\xc3\xb1\xc3\xa7\xc3\xb8");
	taken("malice aforethought");
	refused("", "10 characters");
	refused("x7#kQ2!pL", "10 characters");
	refused("\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa9\xc3\xa8\xc3\xa0\xc3\xb1\xc3\xa7",
		"10 characters");
	refused("aaaaaaaaaaaaaaaa", "different");
	refused("abababababababab", "different");
	refused("1234567890", "row");
	refused("abcdefghijklm", "row");
	refused("9876543210", "row");
	refused("alice-2026!", "name");
	refused("2026ALICE!!!", "name");
	refused("Password123!", "first");
	refused("!!qwertz2026", "first");
	refused("12345hostingpanel", "first");
	refused("x7#kQ2!pLz\n", "control");
	refused("x7#kQ2!pLz\xff", "UTF-8");
	refused(hp_pprintf(pool, "%0600d", 1), "512");
}

static void hashes(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	const char *a, *b;

	assert_int_equal(hp_pwhash_login(pool, "correct horse battery", &a, &err), 0);
	assert_int_equal(hp_pwhash_login(pool, "correct horse battery", &b, &err), 0);
	assert_true(hp_str_starts(a, "$y$"));
	assert_true(hp_str_starts(b, "$y$"));
	assert_string_not_equal(a, b);
	assert_true(strlen(a) < 255); /* the column's width */
	assert_true(hp_pwhash_is("correct horse battery", a));
	assert_true(hp_pwhash_is("correct horse battery", b));
	assert_false(hp_pwhash_is("correct horse batterz", a));
	assert_false(hp_pwhash_is("", a));
	assert_false(hp_pwhash_is("correct horse battery", ""));
	assert_false(hp_pwhash_is("correct horse battery", "*"));
	assert_false(hp_pwhash_is("correct horse battery", hp_pstrndup(pool, a, strlen(a) - 1)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names, setup, teardown),
		cmocka_unit_test_setup_teardown(mail, setup, teardown),
		cmocka_unit_test_setup_teardown(grants, setup, teardown),
		cmocka_unit_test_setup_teardown(passwords, setup, teardown),
		cmocka_unit_test_setup_teardown(hashes, setup, teardown),
	};

	return cmocka_run_group_tests_name("user", tests, NULL, NULL);
}
