/* A control plane for tests: fresh for each, with the tenants acme and beta and the node web1. */
#ifndef HP_TESTS_UNIT_PANEL_H
#define HP_TESTS_UNIT_PANEL_H

#include "unit.h"
#include "panel/panel.h"

extern struct hp_pool *pool;
extern struct hp_panel *p;
extern struct hp_conf *conf;
extern const char *dir;
extern struct hp_err err;

#define OK(call)                                                                                   \
	do {                                                                                       \
		hp_err_clear(&err);                                                                \
		if ((call) < 0)                                                                    \
			fail_msg("%s: %s", #call, err.msg);                                        \
	} while (0)
#define REFUSED(call, code, text)                                                                  \
	do {                                                                                       \
		hp_err_clear(&err);                                                                \
		assert_int_equal((call), code);                                                    \
		unit_assert_err(&err, code, text);                                                 \
	} while (0)

/* Lists of "key=value". */
#define KV(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NONE ((const char *const[]){NULL})
#define PHP KV("php_version=8.2")


/*
 * cmocka set-up and tear-down: SQLite in a folder of its own, or the database that HP_TEST_DB_URL
 * names: an empty one, or one that these tests have filled before.
 */
int panel_setup(void **state);
int panel_teardown(void **state);
#define T(f) cmocka_unit_test_setup_teardown(f, panel_setup, panel_teardown)

const struct hp_assign *panel_assigns(const struct hp_field_table *t, size_t *n,
	const char *const *kv);
int panel_add_tenant(const char *name, const char *const *kv);
int panel_add(const char *domain, const char *tenant, const char *const *kv,
	const char *const *aliases, struct hp_site_change *c);
int panel_add_user(const char *name, const char *tenant, const char *const *kv);
int panel_set_user(const char *name, const char *const *kv);
int panel_set(const char *domain, const char *const *kv, struct hp_site_change *c);

/* For hp_site_each(), hp_user_each() and hp_tenant_each(): arg is a struct panel_names. */
struct panel_names {
	struct hp_strv v;
};
int panel_see_site(void *arg, const struct hp_site *s, const char *tenant, struct hp_err *e);
int panel_see_user(void *arg, const struct hp_user *u, const char *tenant, struct hp_err *e);
int panel_see_tenant(void *arg, const struct hp_tenant *t, int64_t sites, struct hp_err *e);
size_t panel_count_sites(void);

/* An admin who is nobody in particular. */
void panel_act_as(const char *tenant);
void panel_act_as_user(const char *name);
void panel_act_as_operator(void);

/* How many audit rows there are, and the newest. */
struct panel_trail {
	unsigned n;
	char verb[64], before[2000], after[4000], note[200], actor[64];
};
struct panel_trail panel_trail(void);
int64_t panel_generation(void); /* of web1 */

#endif
