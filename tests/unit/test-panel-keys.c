/* The control plane: API keys, what they may, what weaker ones they make, and when they end. */
#include "panel.h"
#include "base/str.h"

static char token[HP_TOKEN_SIZE];
static struct hp_key key;

static void people(void)
{
	struct hp_site_change c;

	OK(panel_add_user("anna", "acme", KV("role=admin")));
	OK(panel_add_user("cleo", "acme", NONE));
	OK(panel_add_user("otto", "beta", KV("role=admin")));
	OK(panel_add("shop.example", "acme", KV("php_version=8.2", "owner=cleo"), NULL, &c));
	OK(panel_add("blog.example", "acme", KV("php_version=8.2", "owner=cleo"), NULL, &c));
	OK(panel_add("shop.other", "beta", PHP, NULL, &c));
}

static int make(const char *user, struct hp_key_new w)
{
	return hp_key_add(p, pool, user, &w, &key, token, &err);
}

static void login(const char *address)
{
	OK(hp_key_login(p, token, address, &err));
}

/* Each table of what is within what: list, wider, is it? */
static void within(void **state HP_UNUSED)
{
	static const struct {
		const char *list, *wider;
		bool is;
	} sites[] =
		{
			{"[\"shop.*\"]", "[\"shop.*\"]", true},
			{"[\"shop.a.*\"]", "[\"shop.*\"]", true},
			{"[\"shop.example\"]", "[\"blog.*\",\"shop.*\"]", true},
			{"[\"*\"]", "[\"shop.*\"]", false},
			{"[\"s*\"]", "[\"shop.*\"]", false},
			{"[\"*shop.*\"]", "[\"shop.*\"]", false},
			{"[\"shop.*\",\"blog.*\"]", "[\"shop.*\"]", false},
			{"[]", "[\"shop.*\"]", false},
			{"[\"*\"]", "[]", true},
			{"[]", "[]", true},
		},
	  from[] = {
		  {"[\"192.0.2.7\"]", "[\"192.0.2.0/24\"]", true},
		  {"[\"192.0.2.0/25\"]", "[\"192.0.2.0/24\"]", true},
		  {"[\"192.0.2.0/23\"]", "[\"192.0.2.0/24\"]", false},
		  {"[\"192.0.3.7\"]", "[\"192.0.2.0/24\"]", false},
		  {"[\"2001:db8::/48\"]", "[\"2001:db8::/32\"]", true},
		  {"[\"2001:db8::/32\"]", "[\"0.0.0.0/0\"]", false},
		  {"[\"0.0.0.0/0\"]", "[\"192.0.2.0/24\"]", false},
		  {"[]", "[\"192.0.2.0/24\"]", false},
		  {"[\"192.0.2.7\"]", "[]", true},
	  };

	for (size_t i = 0; i < HP_ARRAY_SIZE(sites); i++)
		assert_int_equal(
			hp_sites_within(sites[i].list, sites[i].wider, &err) == 0, sites[i].is);
	for (size_t i = 0; i < HP_ARRAY_SIZE(from); i++)
		assert_int_equal(
			hp_addresses_within(from[i].list, from[i].wider, &err) == 0, from[i].is);
	assert_int_equal(
		hp_verbs_within("[\"site:set\"]", "[\"site:set\",\"site:list\"]", &err), 0);
	assert_int_equal(hp_verbs_within("[\"site:add\"]", "[\"site:set\"]", &err), HP_E_DENIED);
	assert_true(hp_sites_fit("[\"shop.*\"]", "shop.example"));
	assert_false(hp_sites_fit("[\"shop.*\"]", "shopping.example"));
	assert_true(hp_addresses_fit("[\"192.0.2.0/24\"]", "192.0.2.255"));
	assert_false(hp_addresses_fit("[\"192.0.2.0/24\"]", "192.0.3.0"));
}

static void made_and_shown_once(void **state HP_UNUSED)
{
	struct panel_trail t;
	struct hp_key k;

	people();
	OK(make("anna",
		(struct hp_key_new){.name = "ci",
			.verbs = "site:list,site:set",
			.sites = "shop.*",
			.from = "192.0.2.0/24"}));
	assert_int_equal(strlen(token), HP_TOKEN_SIZE - 1);
	assert_true(hp_str_starts(token, hp_pprintf(pool, "hpk_%s_", key.v[HP_KEY_KEY])));
	t = panel_trail();
	assert_string_equal(t.verb, "key:add");
	assert_null(strstr(t.after, token + 17));
	OK(hp_key_get(p, pool, key.v[HP_KEY_KEY], &k, &err));
	assert_string_equal(k.v[HP_KEY_VERBS], "[\"site:list\",\"site:set\"]");
	assert_string_equal(k.v[HP_KEY_SITES], "[\"shop.*\"]");
	assert_string_equal(k.v[HP_KEY_FROM], "[\"192.0.2.0/24\"]");
	assert_null(k.v[HP_KEY_LAST_USED_AT]);
	REFUSED(make("anna", (struct hp_key_new){.verbs = NULL}), HP_E_USAGE, "verbs");
	REFUSED(make("anna", (struct hp_key_new){.verbs = "node:state"}), HP_E_USAGE, "node:state");
	REFUSED(make("anna", (struct hp_key_new){.verbs = "site:list", .sites = "a b"}), HP_E_USAGE,
		"sites");
	REFUSED(make("nono", (struct hp_key_new){.verbs = "site:list"}), HP_E_NOT_FOUND, "nono");
	REFUSED(make(NULL, (struct hp_key_new){.verbs = "site:list"}), HP_E_USAGE, "user");
	REFUSED(hp_key_get(p, pool, "aaaaaaaaaaaa", &k, &err), HP_E_NOT_FOUND, "aaaaaaaaaaaa");
	REFUSED(hp_key_get(p, pool, "' OR 1=1", &k, &err), HP_E_NOT_FOUND, "no key");
}

static void what_it_may(void **state HP_UNUSED)
{
	struct hp_site_change c;
	struct panel_names n = {{0}};
	struct hp_site s;
	size_t foreign;

	people();
	OK(make("anna",
		(struct hp_key_new){.verbs = "site:list,site:set,site:add", .sites = "shop.*"}));
	login("192.0.2.7");
	assert_string_equal(p->actor.name, "anna");
	OK(hp_site_each(p, NULL, panel_see_site, &n, &err));
	assert_int_equal(n.v.n, 1);
	assert_string_equal(n.v.v[0], "shop.example");
	OK(panel_set("shop.example", KV("gzip_enabled=no"), &c));
	/* what the user may and the key may not */
	REFUSED(hp_site_get(p, pool, "shop.example", &s, &err), HP_E_DENIED, "key");
	REFUSED(hp_site_remove(p, pool, "shop.example", &c, &err), HP_E_DENIED, "key");
	REFUSED(panel_add("more.example", NULL, PHP, NULL, &c), HP_E_DENIED, "other websites");
	OK(panel_add("shop.more", NULL, PHP, NULL, &c));
	REFUSED(panel_set("blog.example", KV("gzip_enabled=no"), &c), HP_E_NOT_FOUND,
		"blog.example");
	foreign = strlen(err.msg) + strlen(err.hint);
	REFUSED(panel_set("nono.example", KV("gzip_enabled=no"), &c), HP_E_NOT_FOUND,
		"nono.example");
	assert_string_equal(err.hint, "hp-site list shows them");
	assert_int_equal(foreign, strlen(err.msg) + strlen(err.hint));
	REFUSED(panel_set("shop.other", KV("gzip_enabled=no"), &c), HP_E_NOT_FOUND, "shop.other");
	panel_act_as_operator();
	/* and not more than the user: a client's key */
	OK(make("cleo", (struct hp_key_new){.verbs = "site:set,site:remove,user:list"}));
	login("192.0.2.7");
	OK(panel_set("shop.example", KV("gzip_enabled=yes"), &c));
	REFUSED(hp_site_remove(p, pool, "shop.example", &c, &err), HP_E_DENIED, "client");
	panel_act_as_operator();
	assert_string_equal(panel_trail().actor, "cleo");
}

static void weaker_ones(void **state HP_UNUSED)
{
	char first[HP_TOKEN_SIZE];
	struct hp_key maker, k;

	people();
	OK(make("anna",
		(struct hp_key_new){.verbs = "site:list,site:set,key:add",
			.sites = "shop.*",
			.from = "192.0.2.0/24",
			.expires_s = 3600}));
	memcpy(first, token, sizeof(first));
	maker = key;
	login("192.0.2.7");
	REFUSED(make(NULL, (struct hp_key_new){.verbs = "site:add"}), HP_E_DENIED, "site:add");
	REFUSED(make(NULL, (struct hp_key_new){.sites = "*"}), HP_E_DENIED, "sites");
	REFUSED(make(NULL, (struct hp_key_new){.sites = ""}), HP_E_DENIED, "sites");
	REFUSED(make(NULL, (struct hp_key_new){.from = "0.0.0.0/0"}), HP_E_DENIED, "from");
	REFUSED(make(NULL, (struct hp_key_new){.from = ""}), HP_E_DENIED, "from");
	REFUSED(make(NULL, (struct hp_key_new){.expires_s = 7200}), HP_E_DENIED, "expires");
	REFUSED(make("cleo", (struct hp_key_new){.verbs = "site:list"}), HP_E_DENIED, "own user");
	/* what is not given is the maker's */
	OK(make(NULL, (struct hp_key_new){.verbs = "site:list", .from = "192.0.2.7"}));
	assert_string_equal(key.v[HP_KEY_SITES], "[\"shop.*\"]");
	assert_string_equal(key.v[HP_KEY_MADE_BY], maker.v[HP_KEY_KEY]);
	assert_true(strcmp(key.v[HP_KEY_EXPIRES_AT], maker.v[HP_KEY_EXPIRES_AT]) <= 0);
	login("192.0.2.7");
	REFUSED(make(NULL, (struct hp_key_new){.verbs = "site:list"}), HP_E_DENIED, "key");
	panel_act_as_operator();
	/* it goes with its maker */
	OK(hp_key_remove(p, maker.v[HP_KEY_KEY], &err));
	REFUSED(hp_key_get(p, pool, key.v[HP_KEY_KEY], &k, &err), HP_E_NOT_FOUND, "no key");
	REFUSED(hp_key_login(p, first, "192.0.2.7", &err), HP_E_DENIED, "not valid");
}

/* What would make a key's holder more than the key. */
static void never_raises(void **state HP_UNUSED)
{
	bool changed;

	people();
	OK(make("anna",
		(struct hp_key_new){
			.verbs = "user:add,user:set,user:passwd,user:remove,user:suspend"}));
	login("192.0.2.7");
	REFUSED(hp_user_passwd(p, "anna", "correct horse battery", &changed, &err), HP_E_DENIED,
		"own user");
	REFUSED(panel_set_user("anna", KV("email=x@x.example")), HP_E_DENIED, "own user");
	REFUSED(panel_add_user("boss", NULL, KV("role=admin")), HP_E_DENIED, "clients");
	REFUSED(panel_set_user("cleo", KV("role=admin")), HP_E_DENIED, "clients");
	OK(panel_add_user("mini", NULL, NONE));
	OK(hp_user_passwd(p, "mini", "correct horse battery", &changed, &err));
	OK(hp_user_remove(p, "mini", &err));
	panel_act_as_operator();
	OK(panel_add_user("boss", "acme", KV("role=admin")));
	login("192.0.2.7");
	REFUSED(hp_user_passwd(p, "boss", "correct horse battery", &changed, &err), HP_E_DENIED,
		"clients");
	REFUSED(hp_user_status(p, "boss", "suspended", &changed, &err), HP_E_DENIED, "clients");
	REFUSED(hp_user_remove(p, "boss", &err), HP_E_DENIED, "clients");
	panel_act_as_operator();
}

static void whose_keys(void **state HP_UNUSED)
{
	struct hp_key k;
	const char *id;

	people();
	OK(make("anna", (struct hp_key_new){.verbs = "site:list"}));
	id = key.v[HP_KEY_KEY];
	panel_act_as_user("cleo");
	REFUSED(hp_key_get(p, pool, id, &k, &err), HP_E_NOT_FOUND, "no key");
	REFUSED(hp_key_remove(p, id, &err), HP_E_NOT_FOUND, "no key");
	REFUSED(make("anna", (struct hp_key_new){.verbs = "site:list"}), HP_E_NOT_FOUND, "anna");
	OK(make(NULL, (struct hp_key_new){.verbs = "site:list"}));
	assert_string_equal(key.v[HP_KEY_USERNAME], "cleo");
	panel_act_as_user("otto");
	REFUSED(hp_key_get(p, pool, id, &k, &err), HP_E_NOT_FOUND, "no key");
	panel_act_as_user("anna");
	OK(hp_key_get(p, pool, id, &k, &err));
	OK(hp_key_remove(p, key.v[HP_KEY_KEY], &err));
	panel_act_as_operator();
}

/* The same words, whatever is wrong. */
static void not_valid(const char *t, const char *address)
{
	REFUSED(hp_key_login(p, t, address, &err), HP_E_DENIED, "");
	assert_string_equal(err.msg, "the key is not valid");
	assert_int_equal(p->actor.kind, HP_ACTOR_OPERATOR);
}

static void bad_tokens(void **state HP_UNUSED)
{
	char other[HP_TOKEN_SIZE];
	struct hp_key k;
	bool changed;

	people();
	OK(make("cleo", (struct hp_key_new){.verbs = "site:list", .from = "192.0.2.0/24"}));
	login("192.0.2.7");
	panel_act_as_operator();
	OK(hp_key_get(p, pool, key.v[HP_KEY_KEY], &k, &err));
	assert_non_null(k.v[HP_KEY_LAST_USED_AT]);
	assert_string_equal(k.v[HP_KEY_LAST_USED_FROM], "192.0.2.7");
	not_valid(token, "192.0.3.7");
	not_valid(token, "2001:db8::1");
	not_valid("", "192.0.2.7");
	not_valid("hpk_", "192.0.2.7");
	not_valid("hpk_aaaaaaaaaaaa_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "192.0.2.7");
	memcpy(other, token, sizeof(other));
	other[sizeof(other) - 2] = other[sizeof(other) - 2] == 'a' ? 'b' : 'a';
	not_valid(other, "192.0.2.7");
	memcpy(other, token, sizeof(other));
	other[17] = other[17] == 'a' ? 'b' : 'a';
	not_valid(other, "192.0.2.7");
	not_valid(hp_pprintf(pool, "%sx", token), "192.0.2.7");
	not_valid(hp_pstrndup(pool, token, strlen(token) - 1), "192.0.2.7");
	OK(hp_user_status(p, "cleo", "suspended", &changed, &err));
	not_valid(token, "192.0.2.7");
	OK(hp_user_status(p, "cleo", "active", &changed, &err));
	OK(hp_tenant_status(p, "acme", "suspended", &changed, &err));
	not_valid(token, "192.0.2.7");
	OK(hp_tenant_status(p, "acme", "active", &changed, &err));
	login("192.0.2.7");
	panel_act_as_operator();
	/* one second is long enough to make it, and over soon */
	OK(make("cleo", (struct hp_key_new){.verbs = "site:list", .expires_s = 1}));
	while (hp_key_login(p, token, "192.0.2.7", &err) == 0) {
		panel_act_as_operator();
		usleep(50000);
	}
	not_valid(token, "192.0.2.7");
	REFUSED(hp_panel_act(p, hp_pprintf(pool, "key:%s", key.v[HP_KEY_KEY]), &err), HP_E_DENIED,
		"expired");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(within),
		T(made_and_shown_once),
		T(what_it_may),
		T(weaker_ones),
		T(never_raises),
		T(whose_keys),
		T(bad_tokens),
	};

	return cmocka_run_group_tests_name("panel-keys", tests, NULL, NULL);
}
