/* The control plane: logging in, being kept waiting, and sessions until they end. */
#include <sys/wait.h>

#include "panel.h"
#include "base/file.h"
#include "base/str.h"

#define PASSWORD "correct horse battery"
#define WRONG "correct horse bakery"

static char token[HP_TOKEN_SIZE];
static int asked;

static void people(void)
{
	OK(panel_add_user("anna", "acme", KV("role=admin", "password=" PASSWORD)));
	OK(panel_add_user("cleo", "acme", KV("password=" PASSWORD)));
	OK(panel_add_user("mute", "acme", NONE));
	OK(panel_add_user("otto", "beta", KV("role=admin", "password=" PASSWORD)));
}

static int give_code(void *arg, char ret[HP_CODE_SIZE], struct hp_err *e HP_UNUSED)
{
	asked++;
	snprintf(ret, HP_CODE_SIZE, "%s", (const char *)arg);
	return 0;
}

/* code NULL: nobody is there to be asked for one */
static int login_with(
	const char *name, const char *password, const char *code, const char *address)
{
	const struct hp_login l = {.username = name,
		.password = password,
		.address = address,
		.code = code ? give_code : NULL,
		.arg = (void *)(uintptr_t)code};

	hp_err_clear(&err);
	asked = 0;
	return hp_login(p, &l, token, &err);
}

static int login(const char *name, const char *password, const char *address)
{
	return login_with(name, password, NULL, address);
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

/* The panel's own user lets people in, and nobody in by himself. */
static void let_in_by_the_service(void **state HP_UNUSED)
{
	static const struct hp_key_new w = {.verbs = "site:list"};
	char key[HP_TOKEN_SIZE];
	struct hp_session s;
	struct hp_key k;

	people();
	OK(hp_key_add(p, pool, "cleo", &w, &k, key, &err));
	p->host.kind = HP_ACTOR_SERVICE;
	panel_act_as_operator();
	OK(login("cleo", PASSWORD, "192.0.2.7"));
	assert_int_equal(p->actor.kind, HP_ACTOR_SERVICE);
	OK(hp_session_use(p, token, "192.0.2.7", &s, &err));
	assert_string_equal(p->actor.name, "cleo");
	assert_int_equal(login("cleo", PASSWORD, "192.0.2.7"), HP_E_DENIED);
	OK(hp_key_login(p, key, "192.0.2.7", &err));
	assert_int_equal(p->actor.kind, HP_ACTOR_USER);
	p->host.kind = HP_ACTOR_NOBODY;
	panel_act_as_operator();
	assert_int_equal(login("cleo", PASSWORD, "192.0.2.7"), HP_E_DENIED);
	REFUSED(hp_session_use(p, token, "192.0.2.7", &s, &err), HP_E_DENIED, "operator");
	REFUSED(hp_key_login(p, key, "192.0.2.7", &err), HP_E_DENIED, "operator");
	p->host.kind = HP_ACTOR_OPERATOR;
	panel_act_as_operator();
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
			if (hp_panel_open(dir, conf, &p, &err) < 0)
				_exit(100);
			login("cleo", WRONG, hp_pprintf(pool, "192.0.2.%zu", i + 1));
			hp_panel_close(p);
			_exit(-err.code);
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

/* Whoever comes while the password is being changed is not in when that is done. */
static void old_password_while_it_changes(void **state HP_UNUSED)
{
	pid_t pids[4];
	bool changed;
	int status;

	people();
	hp_panel_close(p);
	p = NULL;
	for (size_t i = 0; i < HP_ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			struct hp_err e = HP_ERR_INIT;

			usleep((useconds_t)i * 40000);
			if (hp_panel_open(dir, conf, &p, &e) < 0)
				_exit(100);
			hp_login(p,
				&(struct hp_login){.username = "cleo",
					.password = PASSWORD,
					.address = hp_pprintf(pool, "192.0.2.%zu", i + 1)},
				token, &e);
			hp_panel_close(p);
			_exit(-e.code);
		}
	}
	OK(hp_panel_open(dir, conf, &p, &err));
	OK(hp_user_passwd(p, "cleo", "another horse battery", &changed, &err));
	for (size_t i = 0; i < HP_ARRAY_SIZE(pids); i++)
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
	assert_int_equal(sessions("cleo", NULL), 0);
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

/* ---- the second factor ---- */
static struct hp_totp factor;

static const char *code_of(int steps)
{
	char code[HP_TOTP_CODE_SIZE];

	OK(hp_totp_code(factor.secret, hp_now() + steps * HP_TOTP_STEP_S, 6, code, &err));
	return hp_pstrdup(pool, code);
}

/* On, with the code of now used up: the next one is good all the same. */
static void enable(const char *name)
{
	OK(hp_totp_enable(p, name, &factor, &err));
	OK(hp_totp_confirm(p, name, code_of(0), &err));
}

static bool is_on(const char *name)
{
	const char *tenant;
	struct hp_user u;

	OK(hp_user_get(p, pool, name, &u, &tenant, &err));
	return hp_streq(u.v[HP_USER_SECOND_FACTOR], "true");
}

static void counts_when_confirmed(void **state HP_UNUSED)
{
	struct hp_session s;
	struct panel_trail t;
	bool changed;

	people();
	OK(login("cleo", PASSWORD, "192.0.2.7"));
	REFUSED(hp_totp_confirm(p, "cleo", "123456", &err), HP_E_NOT_FOUND, "no second factor");
	OK(hp_totp_enable(p, "cleo", &factor, &err));
	assert_non_null(strstr(factor.uri, "otpauth://totp/hosting-panel:cleo@web1?secret="));
	assert_non_null(strstr(factor.uri, factor.secret));
	t = panel_trail();
	assert_string_equal(t.verb, "user:totp-enable");
	assert_non_null(strstr(t.after, "***"));
	assert_null(strstr(t.after, factor.secret));
	assert_false(is_on("cleo"));
	OK(hp_session_use(p, token, "192.0.2.7", &s, &err));
	panel_act_as_operator();
	OK(login_with("cleo", PASSWORD, "", "192.0.2.7"));
	assert_int_equal(asked, 0);
	REFUSED(hp_totp_confirm(p, "cleo", code_of(50), &err), HP_E_DENIED, "wrong");
	REFUSED(hp_totp_confirm(p, "cleo", "", &err), HP_E_DENIED, "wrong");
	assert_false(is_on("cleo"));
	/* another one takes its place */
	OK(hp_totp_enable(p, "cleo", &factor, &err));
	OK(hp_totp_confirm(p, "cleo", code_of(0), &err));
	assert_true(is_on("cleo"));
	assert_string_equal(panel_trail().after, "{\"second_factor\":true}");
	/* who is in without a code is out */
	REFUSED(hp_session_use(p, token, "192.0.2.7", &s, &err), HP_E_DENIED, "over");
	REFUSED(hp_totp_enable(p, "cleo", &factor, &err), HP_E_EXISTS, "already");
	REFUSED(hp_totp_confirm(p, "cleo", "123456", &err), HP_E_EXISTS, "already");
	assert_false(is_on("anna"));
	OK(login("anna", PASSWORD, "192.0.2.7"));
	OK(hp_totp_disable(p, "cleo", &changed, &err));
	assert_true(changed);
	assert_false(is_on("cleo"));
	OK(login("cleo", PASSWORD, "192.0.2.7"));
	OK(hp_totp_disable(p, "cleo", &changed, &err));
	assert_false(changed);
}

static void no_way_around(void **state HP_UNUSED)
{
	const char *next;
	bool changed;

	people();
	enable("cleo");
	/* the confirmed code was used by that */
	assert_int_equal(login_with("cleo", PASSWORD, code_of(0), "192.0.2.7"), HP_E_DENIED);
	assert_string_equal(panel_trail().note, "wrong code");
	assert_int_equal(login("cleo", PASSWORD, "192.0.2.7"), HP_E_DENIED);
	assert_non_null(strstr(err.msg, "is wanted"));
	assert_string_equal(panel_trail().note, "no code");
	assert_int_equal(login_with("cleo", PASSWORD, "", "192.0.2.7"), HP_E_DENIED);
	assert_int_equal(login_with("cleo", PASSWORD, code_of(5), "192.0.2.7"), HP_E_DENIED);
	assert_int_equal(sessions(NULL, NULL), 0);
	/* nobody is asked who does not know the password, or he would know that it is right */
	next = code_of(1);
	assert_int_equal(login_with("cleo", WRONG, next, "192.0.2.7"), HP_E_DENIED);
	assert_string_equal(err.msg, "the name or the password is wrong");
	assert_int_equal(asked, 0);
	OK(login_with("cleo", PASSWORD, next, "192.0.2.7"));
	assert_int_equal(asked, 1);
	assert_int_equal(login_with("cleo", PASSWORD, next, "192.0.2.7"), HP_E_DENIED);
	/* a new password leaves it as it is */
	panel_act_as_user("anna");
	OK(hp_user_passwd(p, "cleo", "another horse battery", &changed, &err));
	panel_act_as_operator();
	assert_true(is_on("cleo"));
	assert_int_equal(login("cleo", "another horse battery", "192.0.2.7"), HP_E_DENIED);
	assert_non_null(strstr(err.msg, "is wanted"));
	assert_int_equal(sessions(NULL, NULL), 0);
}

static void wrong_codes_wait(void **state HP_UNUSED)
{
	int r = 0;

	people();
	enable("cleo");
	/* without a code it is no failure … */
	for (int i = 0; i < 8; i++) {
		assert_int_equal(login("cleo", PASSWORD, "192.0.2.8"), HP_E_DENIED);
		assert_non_null(strstr(err.msg, "is wanted"));
	}
	/* … and forgives none */
	for (int i = 0; i < 15 && r != HP_E_BUSY; i++) {
		r = login_with("cleo", PASSWORD, code_of(50), "192.0.2.8");
		if (r != HP_E_BUSY)
			r = login("cleo", PASSWORD, "192.0.2.8");
	}
	assert_int_equal(r, HP_E_BUSY);
	OK(login("anna", PASSWORD, "192.0.2.8"));
}

static void recovery(void **state HP_UNUSED)
{
	char codes[HP_RECOVERY_CODES][HP_RECOVERY_SIZE], more[HP_RECOVERY_CODES][HP_RECOVERY_SIZE];
	struct panel_trail t;
	bool changed;
	char *s;

	people();
	REFUSED(hp_recovery_make(p, "cleo", codes, &err), HP_E_NOT_FOUND, "no second factor");
	enable("cleo");
	OK(hp_recovery_make(p, "cleo", codes, &err));
	assert_string_equal(panel_trail().after, "{\"recovery_codes\":\"***\"}");
	for (size_t i = 0; i < HP_RECOVERY_CODES; i++)
		assert_int_equal(strlen(codes[i]), 23);
	assert_string_not_equal(codes[0], codes[1]);
	OK(login_with("cleo", PASSWORD, codes[3], "192.0.2.7"));
	t = panel_trail();
	assert_string_equal(t.note, "by a recovery code, 9 left");
	assert_int_equal(login_with("cleo", PASSWORD, codes[3], "192.0.2.7"), HP_E_DENIED);
	/* as people type them */
	for (s = codes[4]; *s; s++)
		*s = *s == '-' ? ' ' : (char)(*s >= 'a' && *s <= 'z' ? *s - 'a' + 'A' : *s);
	OK(login_with("cleo", PASSWORD, codes[4], "192.0.2.7"));
	/* of another user they are nothing */
	enable("anna");
	assert_int_equal(login_with("anna", PASSWORD, codes[5], "192.0.2.7"), HP_E_DENIED);
	/* new ones, and the old ones are none */
	OK(hp_recovery_make(p, "cleo", more, &err));
	assert_int_equal(login_with("cleo", PASSWORD, codes[5], "192.0.2.7"), HP_E_DENIED);
	OK(login_with("cleo", PASSWORD, more[0], "192.0.2.7"));
	/* they go with the secret, and do not come back with the next one */
	OK(hp_totp_disable(p, "cleo", &changed, &err));
	enable("cleo");
	assert_int_equal(login_with("cleo", PASSWORD, more[1], "192.0.2.7"), HP_E_DENIED);
	assert_int_equal(login_with("cleo", PASSWORD, "aaaaa-aaaaa-aaaaa-aaaaa", "192.0.2.7"),
		HP_E_DENIED);
}

static void whose_factor(void **state HP_UNUSED)
{
	char codes[HP_RECOVERY_CODES][HP_RECOVERY_SIZE];
	bool changed;

	people();
	enable("anna");
	panel_act_as_user("otto");
	REFUSED(hp_totp_enable(p, "cleo", &factor, &err), HP_E_NOT_FOUND, "no user cleo");
	panel_act_as_user("cleo");
	REFUSED(hp_totp_disable(p, "anna", &changed, &err), HP_E_NOT_FOUND, "no user anna");
	REFUSED(hp_recovery_make(p, "anna", codes, &err), HP_E_NOT_FOUND, "no user anna");
	REFUSED(hp_totp_disable(p, "nono", &changed, &err), HP_E_NOT_FOUND, "no user nono");
	OK(hp_totp_enable(p, "cleo", &factor, &err));
	panel_act_as_operator();
	/* the user goes with all of it */
	OK(hp_user_remove(p, "anna", &err));
}

/* With a key a client's is taken away, and neither its own user's nor an admin's. */
static void not_with_a_key(void **state HP_UNUSED)
{
	const struct hp_key_new w = {.verbs = "user:totp-disable,user:totp-enable"};
	char key_token[HP_TOKEN_SIZE];
	struct hp_key k;
	bool changed;

	people();
	OK(panel_add_user("arno", "acme", KV("role=admin")));
	enable("cleo");
	enable("arno");
	OK(hp_key_add(p, pool, "anna", &w, &k, key_token, &err));
	OK(hp_key_login(p, key_token, "192.0.2.7", &err));
	REFUSED(hp_totp_enable(p, "anna", &factor, &err), HP_E_DENIED, "its own user");
	REFUSED(hp_totp_disable(p, "arno", &changed, &err), HP_E_DENIED, "only clients");
	OK(hp_totp_disable(p, "cleo", &changed, &err));
	assert_true(changed);
	panel_act_as_operator();
	assert_true(is_on("arno"));
}

/* Eight at once with one code: one of them is in. */
static void one_code_at_once(void **state HP_UNUSED)
{
	char codes[HP_RECOVERY_CODES][HP_RECOVERY_SIZE];
	const char *used[2], *const who[2] = {"anna", "cleo"};
	pid_t pids[8];
	int status, in;

	people();
	enable("anna");
	OK(hp_recovery_make(p, "anna", codes, &err));
	used[0] = codes[0];
	enable("cleo");
	used[1] = code_of(1);
	for (size_t round = 0; round < 2; round++) {
		hp_panel_close(p);
		p = NULL;
		for (size_t i = 0; i < HP_ARRAY_SIZE(pids); i++) {
			pids[i] = fork();
			assert_true(pids[i] >= 0);
			if (pids[i] == 0) {
				if (hp_panel_open(dir, conf, &p, &err) < 0)
					_exit(100);
				login_with(who[round], PASSWORD, used[round],
					hp_pprintf(pool, "192.0.2.%zu", i + 1));
				hp_panel_close(p);
				_exit(-err.code);
			}
		}
		in = 0;
		for (size_t i = 0; i < HP_ARRAY_SIZE(pids); i++) {
			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_true(WIFEXITED(status));
			in += WEXITSTATUS(status) == 0;
		}
		OK(hp_panel_open(dir, conf, &p, &err));
		assert_int_equal(in, 1);
		assert_int_equal(sessions(who[round], NULL), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(in_and_out),
		T(let_in_by_the_service),
		T(wrong_is_wrong),
		T(kept_waiting),
		T(address_waits),
		T(forgiven),
		T(at_once),
		T(old_password_while_it_changes),
		T(sessions_end),
		T(whose_sessions),
		T(counts_when_confirmed),
		T(no_way_around),
		T(wrong_codes_wait),
		T(recovery),
		T(whose_factor),
		T(not_with_a_key),
		T(one_code_at_once),
	};

	return cmocka_run_group_tests_name("panel-login", tests, NULL, NULL);
}
