/* Lines of a document that were accepted before. */
#include "state.h"

struct known {
	const char *line;
	unsigned read;
};

static int on_known(void *arg, const struct hp_site *s HP_UNUSED, const char *line, size_t len,
	struct hp_err *err HP_UNUSED)
{
	const struct known *k = arg;

	return strlen(k->line) == len && memcmp(k->line, line, len) == 0;
}

static int on_other(void *arg, struct hp_pool *row HP_UNUSED, const struct hp_site *s HP_UNUSED,
	const char *line HP_UNUSED, size_t len HP_UNUSED, struct hp_err *err HP_UNUSED)
{
	((struct known *)arg)->read++;
	return 0;
}

static int read_knowing(struct known *k, const char *a, const char *b, struct hp_err *err)
{
	const struct hp_state_handler h = {.on_peek = on_known, .on_site = on_other, .arg = k};
	const char *lines[] = {head_line, a, b, NULL};

	k->read = 0;
	return read_lines_to(&h, lines, err);
}

static void known_lines_are_not_read(void **state HP_UNUSED)
{
	struct known k = {.line = line_of(1)};
	struct hp_err err = HP_ERR_INIT;

	assert_int_equal(read_knowing(&k, k.line, line_of(2), &err), 0);
	assert_int_equal(k.read, 1);
	/* nor judged: this is the caller's word */
	k.line = swap(k.line, "\"gzip_enabled\":true", "\"gzip_enabled\":\"maybe\"");
	assert_int_equal(read_knowing(&k, k.line, line_of(2), &err), 0);
	assert_int_equal(k.read, 1);
	/* what can't be peeked into is read */
	k.line = swap(line_of(1), "\"domain\":\"s00001", "\"domain\":\"\\u007300001");
	assert_int_equal(read_knowing(&k, k.line, line_of(2), &err), 0);
	assert_int_equal(k.read, 2);
}

/* Nothing stands twice, be it known or not. */
static void known_lines_have_names(void **state HP_UNUSED)
{
	static const struct {
		const char *from, *to, *why;
	} bad[] = {
		{"\"domain\":\"s00002", "\"domain\":\"s00001", "the name"},
		{"www.s00002.example.com", "www.s00001.example.com", "the name www.s00001"},
		{"\"*.s00002.example.com", "\"*.s00001.example.com", "the name *.s00001"},
		{"www.s00002.example.com", "x.s00001.example.com", NULL},
		{"\"user\":\"site2\"", "\"user\":\"site1\"", "the user site1"},
		{"\"id\":2,", "\"id\":1,", "uid"},
	};
	struct known k = {.line = line_of(1)};
	struct hp_err err = HP_ERR_INIT;
	const char *other;

	for (size_t i = 0; i < HP_ARRAY_SIZE(bad); i++) {
		other = swap(line_of(2), bad[i].from, bad[i].to);
		assert_int_equal(
			read_knowing(&k, k.line, other, &err), bad[i].why ? HP_E_USAGE : 0);
		if (bad[i].why)
			unit_assert_err(&err, HP_E_USAGE, bad[i].why);
	}
	assert_int_equal(read_knowing(&k, k.line, k.line, &err), HP_E_USAGE);
	other = swap(line_of(2), "\"id\":2,", "\"id\":1,");
	other = swap(other, "\"uid\":20002", "\"uid\":20001");
	assert_int_equal(read_knowing(&k, k.line, other, &err), HP_E_USAGE);
	unit_assert_err(&err, HP_E_USAGE, "the id 1 stands in it twice");
}

static void peek(void **state HP_UNUSED)
{
	static const char *const no[] = {
		"", "{", "{\"site\":{", "{\"site\":{}}", "\"", "{\"site\":{\"id\":", "{\"site\":{\"id\":1",
		"{\"site\":{\"id\":1,\"domain\":\"a\",\"user\":\"b\"}}",
		"{\"site\":{\"id\":1,\"domain\":\"a\",\"user\":\"b\",\"aliases\":",
		"{\"site\":{\"id\":1,\"domain\":\"a\",\"user\":\"b\",\"aliases\":[",
		"{\"site\":{\"id\":1,\"domain\":\"a\",\"user\":\"b\",\"aliases\":[\"",
		"{\"site\":{\"id\":1,\"domain\":\"a\",\"user\":\"b\",\"aliases\":[\"c\"",
		"{\"site\":{\"id\":1,\"domain\":\"a\",\"user\":\"b\",\"aliases\":[\"c\" ]}}",
		"{\"site\":{\"id\":1,\"domain\":\"a\\\"\",\"user\":\"b\",\"aliases\":[]}}",
		"{\"site\":{\"id\":1e1,\"domain\":\"a\",\"user\":\"b\",\"aliases\":[]}}",
		"{\"site\":{\"x\":{\"id\":1,\"domain\":\"a\",\"user\":\"b\",\"aliases\":[]}}}",
	};
	const char *line = "{\"site\":{\"x\":\"\\\"id\\\":2\",\"y\":{\"domain\":\"no\","
		"\"aliases\":[\"no\"]},"
		"\"id\":7,\"user\":\"site7\",\"aliases\":[\"a\",\"b\"],\"domain\":\"d\","
		"\"z\":[\"id\",\"user\"]}}";
	struct hp_site s;

	for (size_t i = 0; i < HP_ARRAY_SIZE(no); i++)
		if (hp_state_peek(pool, no[i], strlen(no[i]), &s))
			fail_msg("%s", no[i]);
	assert_true(hp_state_peek(pool, line, strlen(line), &s));
	assert_string_equal(s.v[HP_SITE_ID], "7");
	assert_string_equal(s.v[HP_SITE_DOMAIN], "d");
	assert_string_equal(s.v[HP_SITE_USER], "site7");
	assert_int_equal(s.aliases.n, 2);
	assert_string_equal(s.aliases.v[1], "b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_lines_are_not_read),
		cmocka_unit_test(known_lines_have_names),
		cmocka_unit_test(peek),
	};
	int r;

	pool = hp_pool_new();
	r = cmocka_run_group_tests_name("state-known", tests, NULL, NULL);
	hp_pool_free(pool);
	return r;
}
