/* The control plane: users, what their roles let them do, and what they must not even see. */
#include "panel.h"
#include "base/str.h"

#define PASSWORD "correct horse battery"

/* Two tenants of the same kind; rita and her client carl, and cleo who is nobody's. */
static void people(void)
{
	struct hp_site_change c;

	OK(panel_add_user("anna", "acme", KV("role=admin")));
	OK(panel_add_user("rita", "acme", KV("role=reseller", "grants=site:set,site:add")));
	OK(panel_add_user("carl", "acme", KV("parent=rita", "email=carl@a.example")));
	OK(panel_add_user("cleo", "acme", NONE));
	OK(panel_add_user("otto", "beta", KV("role=admin")));
	OK(panel_add("none.example", "acme", PHP, NULL, &c));
	OK(panel_add("rita.example", "acme", KV("php_version=8.2", "owner=rita"), NULL, &c));
	OK(panel_add("carl.example", "acme", KV("php_version=8.2", "owner=carl"), NULL, &c));
	OK(panel_add("cleo.example", "acme", KV("php_version=8.2", "owner=cleo"), NULL, &c));
	OK(panel_add("otto.example", "beta", KV("php_version=8.2", "owner=otto"), NULL, &c));
}

static const char *sites(void)
{
	struct panel_names n = {{0}};
	const char *s = "";

	OK(hp_site_each(p, NULL, panel_see_site, &n, &err));
	for (size_t i = 0; i < n.v.n; i++)
		s = hp_pprintf(
			pool, "%s%s%.*s", s, i ? " " : "", (int)strcspn(n.v.v[i], "."), n.v.v[i]);
	return s;
}

static const char *users(void)
{
	struct panel_names n = {{0}};
	const char *s = "";

	OK(hp_user_each(p, NULL, panel_see_user, &n, &err));
	for (size_t i = 0; i < n.v.n; i++)
		s = hp_pprintf(pool, "%s%s%s", s, i ? " " : "", n.v.v[i]);
	return s;
}

static void who_sees_what(void **state HP_UNUSED)
{
	static const struct {
		const char *who, *sites, *users;
	} t[] = {
		{"anna", "carl cleo none rita", "anna carl cleo rita"},
		{"rita", "carl rita", "carl rita"},
		{"carl", "carl", "carl"},
		{"cleo", "cleo", "cleo"},
		{"otto", "otto", "otto"},
	};

	people();
	for (size_t i = 0; i < HP_ARRAY_SIZE(t); i++) {
		panel_act_as_user(t[i].who);
		assert_string_equal(sites(), t[i].sites);
		assert_string_equal(users(), t[i].users);
	}
	panel_act_as_operator();
	assert_string_equal(sites(), "carl cleo none otto rita");
	assert_string_equal(users(), "anna carl cleo otto rita");
}

/* What is another's is told like what is not there: in every call, to every role below admin. */
static void foreign_is_unknown(void **state HP_UNUSED)
{
	static const char *const who[] = {"rita", "carl", "cleo", "otto"};
	static const char *const foreign[][2] = {{"cleo.example", "cleo"}, {"rita.example", "rita"},
		{"carl.example", "carl"}, {"carl.example", "carl"}};
	struct hp_site_change c;
	struct hp_site s;
	struct hp_user u;
	const char *tenant, *msg[2], *hint[2];
	bool changed;

	people();
	for (size_t i = 0; i < HP_ARRAY_SIZE(who); i++) {
		const char *domains[] = {foreign[i][0], "nono.example"};
		const char *names[] = {foreign[i][1], "nono"};

		panel_act_as_user(who[i]);
		for (size_t k = 0; k < 2; k++) {
			REFUSED(hp_site_get(p, pool, domains[k], &s, &err), HP_E_NOT_FOUND,
				hp_pprintf(pool, "there is no website %s", domains[k]));
			assert_string_equal(err.hint, "hp-site list shows them");
			REFUSED(hp_user_get(p, pool, names[k], &u, &tenant, &err), HP_E_NOT_FOUND,
				names[k]);
			msg[k] = hp_pprintf(pool, "%s", err.msg + strlen("there is no user nono"));
			hint[k] = hp_pstrdup(pool, err.hint);
			REFUSED(panel_set(domains[k], KV("gzip_enabled=no"), &c), HP_E_NOT_FOUND,
				domains[k]);
			REFUSED(panel_set_user(names[k], KV("email=x@x.example")), HP_E_NOT_FOUND,
				names[k]);
			REFUSED(hp_user_passwd(p, names[k], PASSWORD, &changed, &err),
				HP_E_NOT_FOUND, names[k]);
		}
		assert_string_equal(msg[0], msg[1]);
		assert_string_equal(hint[0], hint[1]);
	}
	panel_act_as_operator();
}

static void grants_decide(void **state HP_UNUSED)
{
	struct hp_site_change c;

	people();
	panel_act_as_user("rita");
	OK(panel_set("rita.example", KV("gzip_enabled=no"), &c));
	OK(panel_set("carl.example", KV("gzip_enabled=no"), &c));
	OK(panel_add("new.example", NULL, PHP, NULL, &c));
	assert_string_equal(c.after.v[HP_SITE_OWNER], "rita");
	panel_act_as_operator();
	assert_string_equal(panel_trail().actor, "rita");
	panel_act_as_user("rita");
	OK(panel_set("new.example", KV("owner=carl"), &c));
	REFUSED(panel_set("new.example", KV("owner="), &c), HP_E_DENIED, "owner");
	REFUSED(panel_set("new.example", KV("owner=cleo"), &c), HP_E_NOT_FOUND, "no user cleo");
	REFUSED(panel_set("new.example", KV("owner=nono"), &c), HP_E_NOT_FOUND, "no user nono");
	REFUSED(hp_site_remove(p, pool, "new.example", &c, &err), HP_E_DENIED, "not granted");
	REFUSED(panel_set("rita.example", KV("memory_max=1G"), &c), HP_E_DENIED, "memory_max");
	panel_act_as_user("carl");
	OK(panel_set("new.example", KV("gzip_enabled=no"), &c));
	REFUSED(panel_add("more.example", NULL, PHP, NULL, &c), HP_E_DENIED, "a client may not");
	REFUSED(panel_set("new.example", KV("owner=rita"), &c), HP_E_NOT_FOUND, "no user rita");
	/* a sub-client may no more than his reseller; one who is nobody's may */
	panel_act_as_operator();
	OK(panel_set_user("rita", KV("grants=")));
	panel_act_as_user("carl");
	REFUSED(panel_set("carl.example", KV("gzip_enabled=yes"), &c), HP_E_DENIED, "reseller");
	panel_act_as_user("cleo");
	OK(panel_set("cleo.example", KV("gzip_enabled=no"), &c));
	panel_act_as_user("rita");
	REFUSED(panel_set("rita.example", KV("gzip_enabled=yes"), &c), HP_E_DENIED, "not granted");
	panel_act_as_operator();
}

static void nobody_raises_himself(void **state HP_UNUSED)
{
	struct hp_user u;
	const char *tenant;
	bool changed;

	people();
	panel_act_as_user("rita");
	REFUSED(panel_set_user("rita", KV("grants=site:remove")), HP_E_DENIED, "grants");
	REFUSED(panel_set_user("rita", KV("role=admin")), HP_E_DENIED, "role");
	REFUSED(panel_set_user("carl", KV("role=admin")), HP_E_DENIED, "role");
	REFUSED(panel_set_user("carl", KV("parent=")), HP_E_DENIED, "parent");
	REFUSED(panel_add_user("new", NULL, KV("role=admin")), HP_E_DENIED, "role");
	REFUSED(panel_add_user("new", NULL, KV("parent=cleo")), HP_E_DENIED, "parent");
	REFUSED(panel_add_user("new", "beta", NONE), HP_E_NOT_FOUND, "beta");
	OK(panel_add_user("new", NULL, NONE));
	OK(hp_user_get(p, pool, "new", &u, &tenant, &err));
	assert_string_equal(u.v[HP_USER_PARENT], "rita");
	assert_string_equal(u.v[HP_USER_ROLE], "client");
	OK(panel_set_user("new", KV("email=new@a.example")));
	OK(hp_user_status(p, "new", "suspended", &changed, &err));
	OK(hp_user_remove(p, "new", &err));
	REFUSED(hp_user_status(p, "rita", "suspended", &changed, &err), HP_E_DENIED, "himself");
	REFUSED(hp_user_remove(p, "rita", &err), HP_E_DENIED, "himself");
	panel_act_as_user("carl");
	REFUSED(panel_set_user("carl", KV("role=admin")), HP_E_DENIED, "role");
	REFUSED(panel_set_user("carl", KV("parent=")), HP_E_DENIED, "parent");
	REFUSED(panel_add_user("more", NULL, NONE), HP_E_DENIED, "user:add");
	REFUSED(hp_user_remove(p, "carl", &err), HP_E_DENIED, "user:remove");
	OK(hp_user_passwd(p, "carl", PASSWORD, &changed, &err));
	assert_true(changed);
	panel_act_as_user("anna");
	REFUSED(panel_add_user("more", "beta", NONE), HP_E_NOT_FOUND, "beta");
	REFUSED(panel_set_user("carl", KV("parent=otto")), HP_E_NOT_FOUND, "no user otto");
	REFUSED(hp_user_remove(p, "anna", &err), HP_E_DENIED, "himself");
	OK(panel_set_user("cleo", KV("role=admin")));
	panel_act_as_operator();
	/* who acts as somebody has that one's rights, and is never the operator again by it */
	panel_act_as_user("anna");
	p->host.kind = HP_ACTOR_NOBODY;
	REFUSED(hp_panel_act(p, "otto", &err), HP_E_DENIED, "operator");
	p->host.kind = HP_ACTOR_OPERATOR;
	panel_act_as_operator();
}

static void rules_hold(void **state HP_UNUSED)
{
	struct hp_site_change c;

	people();
	REFUSED(panel_add_user("rita", "beta", NONE), HP_E_EXISTS, "taken");
	REFUSED(panel_add_user("x", "acme", KV("role=client", "grants=site:set")), HP_E_USAGE,
		"grants");
	REFUSED(panel_add_user("x", "acme", KV("role=reseller", "grants=site:suspend")), HP_E_USAGE,
		"site:suspend");
	REFUSED(panel_add_user("x", "acme", KV("role=reseller", "grants=node:state")), HP_E_USAGE,
		"node:state");
	REFUSED(panel_add_user("x", "acme", KV("role=reseller", "parent=rita")), HP_E_USAGE,
		"parent");
	REFUSED(panel_add_user("x", "acme", KV("parent=cleo")), HP_E_USAGE, "no reseller");
	REFUSED(panel_add_user("x", "beta", KV("parent=rita")), HP_E_USAGE, "another tenant");
	REFUSED(panel_set_user("rita", KV("role=client", "grants=")), HP_E_EXISTS, "1 sub-client");
	REFUSED(panel_set("otto.example", KV("owner=anna"), &c), HP_E_USAGE, "another tenant");
	REFUSED(hp_user_remove(p, "carl", &err), HP_E_EXISTS, "1 website");
	OK(panel_set("carl.example", KV("owner="), &c));
	OK(panel_set("rita.example", KV("owner="), &c));
	REFUSED(hp_user_remove(p, "rita", &err), HP_E_EXISTS, "1 sub-client");
	OK(hp_user_remove(p, "carl", &err));
	OK(hp_user_remove(p, "rita", &err));
	REFUSED(hp_tenant_remove(p, "acme", &err), HP_E_EXISTS, "website");
}

static void owners_come_back(void **state HP_UNUSED)
{
	struct hp_site_change c;
	struct hp_site s;

	people();
	OK(panel_set("carl.example", KV("owner=cleo"), &c));
	OK(hp_site_revert(p, &c, "refused", &err));
	OK(hp_site_get(p, pool, "carl.example", &s, &err));
	assert_string_equal(s.v[HP_SITE_OWNER], "carl");
	OK(hp_site_remove(p, pool, "carl.example", &c, &err));
	OK(hp_site_revert(p, &c, "refused", &err));
	OK(hp_site_get(p, pool, "carl.example", &s, &err));
	assert_string_equal(s.v[HP_SITE_OWNER], "carl");
	/* to a user who has gone it can't */
	OK(hp_site_remove(p, pool, "carl.example", &c, &err));
	OK(hp_user_remove(p, "carl", &err));
	OK(hp_site_revert(p, &c, "refused", &err));
	OK(hp_site_get(p, pool, "carl.example", &s, &err));
	assert_null(s.v[HP_SITE_OWNER]);
}

static void passwords(void **state HP_UNUSED)
{
	struct hp_user u;
	const char *tenant;
	bool changed;
	unsigned n;

	people();
	REFUSED(panel_add_user("weak", "acme", KV("password=weak-2026!!")), HP_E_USAGE, "password");
	OK(panel_add_user("well", "acme", KV("password=" PASSWORD)));
	OK(hp_user_get(p, pool, "well", &u, &tenant, &err));
	assert_true(hp_str_starts(u.v[HP_USER_PASSWORD], "$y$"));
	n = panel_trail().n;
	assert_null(strstr(panel_trail().after, "$y$"));
	assert_null(strstr(panel_trail().after, PASSWORD));
	assert_non_null(strstr(panel_trail().after, "\"password\":\"***\""));
	OK(hp_user_passwd(p, "well", PASSWORD, &changed, &err));
	assert_false(changed);
	assert_int_equal(panel_trail().n, n);
	OK(hp_user_passwd(p, "well", "another horse battery", &changed, &err));
	assert_true(changed);
	assert_string_equal(panel_trail().verb, "user:passwd");
	assert_string_equal(panel_trail().after, "{\"password\":\"***\"}");
	REFUSED(hp_user_passwd(p, "well", "well1234567", &changed, &err), HP_E_USAGE, "name");
}

static void suspended_is_out(void **state HP_UNUSED)
{
	bool changed;

	people();
	OK(hp_user_status(p, "carl", "suspended", &changed, &err));
	assert_true(changed);
	REFUSED(hp_panel_act(p, "carl", &err), HP_E_DENIED, "suspended");
	assert_int_equal(p->actor.kind, HP_ACTOR_OPERATOR);
	REFUSED(hp_user_can(p, "carl", "site:show", "carl.example", &err), HP_E_NO, "suspended");
	OK(hp_user_status(p, "carl", "active", &changed, &err));
	OK(hp_user_can(p, "carl", "site:show", "carl.example", &err));
	OK(hp_tenant_status(p, "acme", "suspended", &changed, &err));
	REFUSED(hp_panel_act(p, "carl", &err), HP_E_DENIED, "suspended");
	OK(hp_tenant_status(p, "acme", "active", &changed, &err));
	REFUSED(hp_panel_act(p, "nono", &err), HP_E_NOT_FOUND, "nono");
	REFUSED(hp_panel_act(p, "carl@nowhere", &err), HP_E_USAGE, "address");
	OK(hp_panel_act(p, "carl@2001:DB8::1", &err));
	assert_string_equal(p->actor.source, "2001:db8::1");
	panel_act_as_operator();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(who_sees_what),
		T(foreign_is_unknown),
		T(grants_decide),
		T(nobody_raises_himself),
		T(rules_hold),
		T(owners_come_back),
		T(passwords),
		T(suspended_is_out),
	};

	return cmocka_run_group_tests_name("panel-users", tests, NULL, NULL);
}
