/* The control plane: logging in, being kept waiting, and sessions until they end. */
#include <sys/wait.h>

#include "panel.h"
#include "base/str.h"

#define PASSWORD "correct horse battery"
#define WRONG "correct horse bakery"

static char token[HP_TOKEN_SIZE];

static void people(void)
{
	OK(panel_add_user("anna", "acme", KV("role=admin", "password=" PASSWORD)));
	OK(panel_add_user("cleo", "acme", KV("password=" PASSWORD)));
	OK(panel_add_user("mute", "acme", NONE));
	OK(panel_add_user("otto", "beta", KV("role=admin", "password=" PASSWORD)));
}

static int login(const char *name, const char *password, const char *address)
{
	hp_err_clear(&err);
	return hp_login(p, name, password, address, token, &err);
}

static int see_session(void *arg, const struct hp_session *s, struct hp_err *e HP_UNUSED)
{
	struct panel_names *n = arg;

	hp_strv_add(pool, &n->v, s->v[HP_SESSION_SESSION]);
	return 0;
}

static size_t sessions(const char *name, const char **ret_first)
{
	struct panel_names n = {{0}};

	OK(hp_session_each(p, name, see_session, &n, &err));
	if (ret_first)
		*ret_first = n.v.n ? n.v.v[0] : NULL;
	return n.v.n;
}

static void in_and_out(void **state HP_UNUSED)
{
	struct hp_session s;
	struct hp_user u;
	const char *id, *tenant;
	struct panel_trail t;

	people();
	OK(login("cleo", PASSWORD, "192.0.2.7"));
	assert_int_equal(strlen(token), HP_TOKEN_SIZE - 1);
	assert_int_equal(p->actor.kind, HP_ACTOR_OPERATOR);
	t = panel_trail();
	assert_string_equal(t.verb, "user:login");
	assert_string_equal(t.actor, "cleo");
	OK(hp_user_get(p, pool, "cleo", &u, &tenant, &err));
	assert_non_null(u.v[HP_USER_LAST_LOGIN_AT]);
	OK(hp_session_use(p, token, "192.0.2.8", &s, &err));
	assert_string_equal(p->actor.name, "cleo");
	assert_string_equal(p->actor.source, "192.0.2.8");
	assert_string_equal(s.v[HP_SESSION_ADDRESS], "192.0.2.7");
	assert_int_equal(sessions(NULL, &id), 1);
	OK(hp_session_revoke(p, id, &err));
	panel_act_as_operator();
	REFUSED(hp_session_use(p, token, "192.0.2.7", &s, &err), HP_E_DENIED, "over");
	assert_int_equal(sessions("cleo", NULL), 0);
}

static void wrong_is_wrong(void **state HP_UNUSED)
{
	static const struct {
		const char *name, *password;
	} bad[] = {{"cleo", WRONG}, {"cleo", ""}, {"nono", PASSWORD}, {"mute", PASSWORD},
		{"mute", ""}, {"' OR 1=1", PASSWORD}, {"", PASSWORD}, {"CLEO", PASSWORD}};
	struct panel_trail t;

	people();
	for (size_t i = 0; i < HP_ARRAY_SIZE(bad); i++) {
		assert_int_equal(login(bad[i].name, bad[i].password, "192.0.2.50"), HP_E_DENIED);
		assert_string_equal(err.msg, "the name or the password is wrong");
		assert_int_equal(p->actor.kind, HP_ACTOR_OPERATOR);
	}
	t = panel_trail();
	assert_string_equal(t.verb, "user:login-failed");
	assert_int_equal(sessions(NULL, NULL), 0);
	assert_int_equal(login("cleo", PASSWORD, "nowhere"), HP_E_USAGE);
	panel_act_as_user("anna");
	assert_int_equal(login("cleo", PASSWORD, "192.0.2.50"), HP_E_DENIED);
	panel_act_as_operator();
}

static void kept_waiting(void **state HP_UNUSED)
{
	int r = 0;

	people();
	for (int i = 0; i < 5; i++)
		assert_int_equal(login("cleo", WRONG, "192.0.2.51"), HP_E_DENIED);
	/* from another address, too, and with the right password: each failure makes it longer */
	for (int i = 0; i < 8 && r != HP_E_BUSY; i++)
		r = login("cleo", WRONG, "198.51.100.1");
	assert_int_equal(r, HP_E_BUSY);
	assert_non_null(strstr(err.msg, "try again in"));
	/* a name that nobody has is no different */
	r = 0;
	for (int i = 0; i < 13 && r != HP_E_BUSY; i++)
		r = login("nono", WRONG, "203.0.113.9");
	assert_int_equal(r, HP_E_BUSY);
	/* others are not kept */
	OK(login("anna", PASSWORD, "192.0.2.99"));
}

static void address_waits(void **state HP_UNUSED)
{
	int r = 0, tries = 0;

	people();
	/* many names, one network */
	for (; tries < 40 && r != HP_E_BUSY; tries++)
		r = login(hp_pprintf(pool, "name%d", tries), WRONG,
			hp_pprintf(pool, "2001:db8::%x", tries + 1));
	assert_int_equal(r, HP_E_BUSY);
	assert_true(tries > 20);
	OK(login("anna", PASSWORD, "2001:db8:0:1::1"));
}

/* What is right forgets the account's failures. */
static void forgiven(void **state HP_UNUSED)
{
	people();
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 4; i++)
			assert_int_equal(login("cleo", WRONG, "192.0.2.52"), HP_E_DENIED);
		OK(login("cleo", PASSWORD, "192.0.2.52"));
	}
}

/* Twelve at once are twelve, not one: the later ones are kept waiting. */
static void at_once(void **state HP_UNUSED)
{
	pid_t pids[12];
	int status, denied = 0, busy = 0;

	people();
	hp_panel_close(p);
	p = NULL;
	for (size_t i = 0; i < HP_ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			struct hp_err e = HP_ERR_INIT;

			if (hp_panel_open(dir, conf, &p, &e) < 0)
				_exit(100);
			hp_login(p, "cleo", WRONG, hp_pprintf(pool, "192.0.2.%zu", i + 1), token,
				&e);
			hp_panel_close(p);
			_exit(-e.code);
		}
	}
	for (size_t i = 0; i < HP_ARRAY_SIZE(pids); i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		denied += WEXITSTATUS(status) == -HP_E_DENIED;
		busy += WEXITSTATUS(status) == -HP_E_BUSY;
	}
	OK(hp_panel_open(dir, conf, &p, &err));
	assert_int_equal(denied + busy, 12);
	assert_true(denied <= 10);
}

static void sessions_end(void **state HP_UNUSED)
{
	struct hp_session s;
	bool changed;

	people();
	OK(login("cleo", PASSWORD, "192.0.2.7"));
	OK(hp_user_passwd(p, "cleo", "another horse battery", &changed, &err));
	REFUSED(hp_session_use(p, token, "192.0.2.7", &s, &err), HP_E_DENIED, "over");
	OK(login("cleo", "another horse battery", "192.0.2.7"));
	OK(hp_user_status(p, "cleo", "suspended", &changed, &err));
	REFUSED(hp_session_use(p, token, "192.0.2.7", &s, &err), HP_E_DENIED, "over");
	assert_int_equal(login("cleo", "another horse battery", "192.0.2.7"), HP_E_DENIED);
	assert_non_null(strstr(err.msg, "suspended"));
	OK(hp_user_status(p, "cleo", "active", &changed, &err));
	REFUSED(hp_session_use(p, token, "192.0.2.7", &s, &err), HP_E_DENIED, "over");
	OK(login("cleo", "another horse battery", "192.0.2.7"));
	OK(hp_user_remove(p, "cleo", &err));
	REFUSED(hp_session_use(p, token, "192.0.2.7", &s, &err), HP_E_DENIED, "over");
	REFUSED(hp_session_use(p, "", "192.0.2.7", &s, &err), HP_E_DENIED, "over");
	REFUSED(hp_session_use(p, "hps_aaaaaaaaaaaa_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			"192.0.2.7", &s, &err),
		HP_E_DENIED, "over");
}

static void whose_sessions(void **state HP_UNUSED)
{
	const char *id;

	people();
	OK(login("anna", PASSWORD, "192.0.2.7"));
	OK(login("cleo", PASSWORD, "192.0.2.7"));
	sessions("anna", &id);
	panel_act_as_user("cleo");
	assert_int_equal(sessions(NULL, NULL), 1);
	REFUSED(hp_session_revoke(p, id, &err), HP_E_NOT_FOUND, "no session");
	REFUSED(hp_session_revoke(p, "aaaaaaaaaaaa", &err), HP_E_NOT_FOUND, "no session");
	panel_act_as_user("otto");
	assert_int_equal(sessions(NULL, NULL), 0);
	REFUSED(hp_session_revoke(p, id, &err), HP_E_NOT_FOUND, "no session");
	panel_act_as_user("anna");
	assert_int_equal(sessions(NULL, NULL), 2);
	OK(hp_session_revoke(p, id, &err));
	panel_act_as_operator();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(in_and_out),
		T(wrong_is_wrong),
		T(kept_waiting),
		T(address_waits),
		T(forgiven),
		T(at_once),
		T(sessions_end),
		T(whose_sessions),
	};

	return cmocka_run_group_tests_name("panel-login", tests, NULL, NULL);
}
