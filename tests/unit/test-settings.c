#include "tests/unit/unit.h"
#include "base/str.h"
#include "node/settings.h"

static struct hp_setting_place places[HP_SETTING_PLACES_MAX];
static size_t servers;

static int setup(void **state HP_UNUSED)
{
	hp_setting_places(places, &servers);
	return 0;
}

static size_t count(unsigned f, size_t from, size_t to)
{
	size_t i, n = 0;

	for (i = from; i < to && places[i].name; i++)
		n += hp_becomes_any(&places[i].v[f]);
	return n;
}

static void test_every_setting_is_said(void **state HP_UNUSED)
{
	const struct hp_field *f = hp_site_table.fields;
	unsigned i;

	assert_true(servers >= 2);
	for (i = 0; i < hp_site_table.n; i++)
		if (!(f[i].flags & HP_FF_READONLY) && !count(i, 0, HP_SETTING_PLACES_MAX))
			fail_msg("%s: neither a server nor PHP nor the node says what it becomes",
				f[i].name);
}

/* Equals: what one web server does, each says, be it only why not. */
static void test_every_server_says_it(void **state HP_UNUSED)
{
	unsigned i;
	size_t n;

	for (i = 0; i < hp_site_table.n; i++) {
		n = count(i, 0, servers);
		if (n && n < servers)
			fail_msg("%s: %zu of %zu web servers say what it becomes",
				hp_site_table.fields[i].name, n, servers);
	}
}

static void check_names(const char *place, const char *setting, const char *names)
{
	size_t len = strlen(names);

	if (!len || names[0] == ' ' || names[len - 1] == ' ' || strstr(names, "  ") ||
		strpbrk(names, ",|\t\n"))
		fail_msg("%s, %s: \"%s\" is not names parted by blanks", setting, place, names);
}

static void test_names_are_parted_by_blanks(void **state HP_UNUSED)
{
	const struct hp_becomes *b;
	unsigned i;
	size_t p;

	for (p = 0; places[p].name; p++)
		for (i = 0; i < hp_site_table.n; i++) {
			b = &places[p].v[i];
			if (b->directives)
				check_names(places[p].name, hp_site_table.fields[i].name,
					b->directives);
			assert_true(!b->note || (*b->note && !strpbrk(b->note, "|\t\n")));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_every_setting_is_said, setup),
		cmocka_unit_test_setup(test_every_server_says_it, setup),
		cmocka_unit_test_setup(test_names_are_parted_by_blanks, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
