/* What the tests of field tables share. */
#ifndef HP_TESTS_UNIT_FIELD_H
#define HP_TESTS_UNIT_FIELD_H

#include "pool.h"
#include "model/key.h"
#include "model/site.h"
#include "model/user.h"

/* of "x", as openssl passwd -6 writes it */
#define HASH                                                                                       \
	"$6$salt$wZU8LXJfJJqoagopbB7RuK6JEotEMZ0CQDy0"                                             \
	"phpPAuLMYQFcmf6L6BdAbs/Q7w7o1qsZ9pFqFVY4yuUSWgaYt1"

static const struct hp_field *field(const struct hp_field_table *t, const char *name)
{
	int i = hp_field_find(t, name);

	assert_true(i >= 0);
	return &t->fields[i];
}

/* want NULL: it must be refused, naming the field. */
static void check(
	const struct hp_field_table *t, const char *name, const char *value, const char *want)
{
	struct hp_err err = HP_ERR_INIT;
	const char *got = "untouched";
	int r = hp_field_check(pool, field(t, name), value, strlen(value), &got, &err);

	if (!want) {
		if (r == 0)
			fail_msg("%s=%s was taken as %s", name, value, got);
		unit_assert_err(&err, HP_E_USAGE, name);
		assert_string_equal(got, "untouched");
		return;
	}
	if (r < 0)
		fail_msg("%s=%s: %s", name, value, err.msg);
	assert_string_equal(got, want);
	/* what is canonical stays as it is */
	assert_int_equal(hp_field_check(pool, field(t, name), want, strlen(want), &got, &err), 0);
	assert_string_equal(got, want);
}

#define SITE(name, value, want) check(&hp_site_table, name, value, want)
#define TENANT(name, value, want) check(&hp_tenant_table, name, value, want)

#endif
