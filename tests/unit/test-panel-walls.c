/* The control plane: who sees what, the state document, and several programs at once. */
#include <sys/mman.h>
#include <sys/wait.h>

#include "panel.h"
#include "model/state.h"

/* ---- walls ---- */
static void foreign_is_unknown(void **state HP_UNUSED)
{
	struct hp_site_change c;
	struct hp_site s;
	struct hp_tenant t;
	char foreign[1024];
	struct panel_names seen = {{0}};
	bool changed;
	struct hp_strv l = {0}, none = {0};
	size_t n;
	const struct hp_assign *a;

	OK(panel_add("a.example", "acme", PHP, NULL, &c));
	OK(panel_add("b.example", "beta", PHP, NULL, &c));
	panel_act_as("beta");
	OK(hp_site_get(p, pool, "b.example", &s, &err));
	REFUSED(hp_site_get(p, pool, "a.example", &s, &err), HP_E_NOT_FOUND, "a.example");
	snprintf(foreign, sizeof(foreign), "%s", err.msg);
	REFUSED(hp_site_get(p, pool, "x.example", &s, &err), HP_E_NOT_FOUND, "x.example");
	assert_int_equal(strlen(foreign), strlen(err.msg));
	assert_string_equal(err.hint, "hp-site list shows them");
	REFUSED(panel_set("a.example", KV("php_version=8.3"), &c), HP_E_NOT_FOUND, "a.example");
	hp_strv_add(pool, &l, "q.example");
	REFUSED(hp_site_alias(p, pool, "a.example", &l, &none, &c, &err), HP_E_NOT_FOUND,
		"a.example");
	REFUSED(hp_site_remove(p, pool, "a.example", &c, &err), HP_E_NOT_FOUND, "a.example");
	REFUSED(panel_add("c.example", "acme", PHP, NULL, &c), HP_E_NOT_FOUND, "acme");
	REFUSED(hp_tenant_get(p, pool, "acme", &t, &err), HP_E_NOT_FOUND, "acme");
	OK(hp_tenant_get(p, pool, "beta", &t, &err));
	OK(hp_site_each(p, NULL, panel_see_site, &seen, &err));
	assert_int_equal(seen.v.n, 1);
	OK(hp_tenant_each(p, panel_see_tenant, &seen, &err));
	assert_int_equal(seen.v.n, 2);
	/* what only the operator may */
	REFUSED(hp_site_status(p, pool, "b.example", "active", &c, &err), HP_E_DENIED,
		"site:resume");
	REFUSED(panel_add_tenant("gamma", NONE), HP_E_DENIED, "tenant:add");
	REFUSED(hp_tenant_remove(p, "beta", &err), HP_E_DENIED, "tenant:remove");
	REFUSED(hp_tenant_status(p, "beta", "active", &changed, &err), HP_E_DENIED,
		"tenant:resume");
	a = panel_assigns(&hp_tenant_table, &n, KV("website_limit=100"));
	REFUSED(hp_tenant_set(p, "beta", a, n, &changed, &err), HP_E_DENIED, "website_limit");
	REFUSED(hp_node_state(p, "web1", 1, NULL, &err), HP_E_DENIED, "node:state");
	REFUSED(panel_add("c.example", "beta", KV("php_version=8.2", "user=bob"), NULL, &c),
		HP_E_DENIED, "user");
	REFUSED(panel_set("b.example", KV("proxy_port=5432"), &c), HP_E_DENIED, "proxy_port");
	REFUSED(panel_set("b.example", KV("memory_max=64G"), &c), HP_E_DENIED, "memory_max");
	REFUSED(panel_set("b.example", KV("cpu_quota=9999"), &c), HP_E_DENIED, "cpu_quota");
	REFUSED(panel_set("b.example", KV("tasks_max=9999"), &c), HP_E_DENIED, "tasks_max");
	/* what he may */
	OK(panel_add("c.example", NULL, PHP, NULL, &c));
	OK(panel_set("c.example", KV("php_version=8.3"), &c));
	assert_string_equal(panel_trail().actor, "alice");
	OK(hp_site_remove(p, pool, "c.example", &c, &err));
	panel_act_as_operator();
	OK(panel_set("b.example", KV("php_version=8.3"), &c));
}

static void nobody(void **state HP_UNUSED)
{
	struct hp_site_change c;
	struct panel_names seen = {{0}};
	struct hp_site s;

	OK(panel_add("a.example", "acme", PHP, NULL, &c));
	p->actor.kind = HP_ACTOR_NOBODY;
	REFUSED(hp_site_get(p, pool, "a.example", &s, &err), HP_E_DENIED, "site:show");
	REFUSED(hp_site_each(p, NULL, panel_see_site, &seen, &err), HP_E_DENIED, "site:list");
	REFUSED(panel_add("b.example", "acme", PHP, NULL, &c), HP_E_DENIED, "site:add");
	REFUSED(hp_site_remove(p, pool, "a.example", &c, &err), HP_E_DENIED, "site:remove");
	panel_act_as_operator();
}

/* ---- the panel's own user ---- */
static void service(void **state HP_UNUSED)
{
	static const char *const verbs[] = {"site:list", "site:set", "site:add", "user:passwd",
		"user:login", "tenant:add", "node:show", "db:init", "cert:issue", "audit:list",
		"key:check"};
	struct hp_site_change c;
	struct panel_names seen = {{0}};
	struct hp_site s;
	struct hp_actor was;
	int fd _cleanup_close_ = memfd_create("state", MFD_CLOEXEC);

	OK(panel_add("a.example", "acme", PHP, NULL, &c));
	OK(panel_add_user("anna", "acme", KV("role=admin")));
	p->host.kind = HP_ACTOR_SERVICE;
	panel_act_as_operator(); /* who runs it, that is */
	for (size_t i = 0; i < HP_ARRAY_SIZE(verbs); i++)
		REFUSED(hp_may_begin(&p->actor, verbs[i], &err), HP_E_DENIED, "own name");
	REFUSED(hp_site_get(p, pool, "a.example", &s, &err), HP_E_DENIED, "site:show");
	REFUSED(hp_site_each(p, NULL, panel_see_site, &seen, &err), HP_E_DENIED, "site:list");
	REFUSED(panel_set("a.example", KV("gzip_enabled=no"), &c), HP_E_DENIED, "site:set");
	REFUSED(hp_site_remove(p, pool, "a.example", &c, &err), HP_E_DENIED, "site:remove");
	/* for a user with what is the user's, and what his change entails */
	OK(hp_panel_act(p, "anna@192.0.2.1", &err));
	OK(panel_set("a.example", KV("gzip_enabled=no"), &c));
	REFUSED(hp_node_state(p, "web1", fd, NULL, &err), HP_E_DENIED, "node:state");
	REFUSED(hp_site_revert(p, &c, "refused", &err), HP_E_DENIED, "site:revert");
	was = hp_panel_begin_own(p);
	OK(hp_node_state(p, "web1", fd, NULL, &err));
	OK(hp_node_applied(p, "web1", c.generation, "applied", &err));
	OK(hp_site_revert(p, &c, "refused", &err));
	REFUSED(panel_set("a.example", KV("gzip_enabled=no"), &c), HP_E_DENIED, "site:set");
	hp_panel_end_own(p, &was);
	OK(hp_site_get(p, pool, "a.example", &s, &err));
	assert_string_equal(s.v[HP_SITE_GZIP_ENABLED], "true");
	p->host.kind = HP_ACTOR_OPERATOR;
	panel_act_as_operator();
}

/* ---- the state document ---- */
static int state_site(void *arg, struct hp_pool *row HP_UNUSED, const struct hp_site *s,
	const char *line HP_UNUSED, size_t len HP_UNUSED, struct hp_err *e HP_UNUSED)
{
	struct hp_buf *b = arg;
	size_t i;

	hp_buf_addf(b, "%s %s", s->v[HP_SITE_DOMAIN], s->v[HP_SITE_STATUS]);
	for (i = 0; i < s->aliases.n; i++)
		hp_buf_addf(b, " %s", s->aliases.v[i]);
	hp_buf_addc(b, '\n');
	return 0;
}

static void read_state(struct hp_buf *b)
{
	const struct hp_state_handler h = {.on_site = state_site, .arg = b};
	int fd _cleanup_close_ = memfd_create("state", MFD_CLOEXEC);

	OK(hp_node_state(p, "web1", fd, NULL, &err));
	assert_true(lseek(fd, 0, SEEK_SET) == 0);
	OK(hp_state_read(fd, "state", &h, &err));
}

static void state_document(void **state HP_UNUSED)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_site_change c;
	bool changed;
	int64_t g;

	read_state(&b);
	assert_string_equal(hp_buf_str(&b), "");
	OK(panel_add(
		"b.example", "acme", PHP, KV("www.b.example", "*.b.example", "b-2.example"), &c));
	OK(panel_add("a.example", "beta", PHP, NULL, &c));
	OK(panel_add("a-b.example", "beta", PHP, KV("x.example"), &c));
	read_state(&b);
	assert_string_equal(hp_buf_str(&b),
		"a-b.example active x.example\na.example active\n"
		"b.example active *.b.example b-2.example www.b.example\n");
	g = panel_generation();
	OK(hp_tenant_status(p, "beta", "suspended", &changed, &err));
	assert_true(changed);
	assert_int_equal(panel_generation(), g + 1);
	hp_buf_reset(&b);
	read_state(&b);
	assert_string_equal(hp_buf_str(&b),
		"a-b.example suspended x.example\na.example suspended\n"
		"b.example active *.b.example b-2.example www.b.example\n");
	REFUSED(panel_add("c.example", "beta", PHP, NULL, &c), HP_E_EXISTS, "suspended");
	OK(hp_tenant_status(p, "beta", "suspended", &changed, &err));
	assert_false(changed);
	OK(hp_tenant_status(p, "beta", "active", &changed, &err));
	REFUSED(hp_node_state(p, "web9", 1, NULL, &err), HP_E_NOT_FOUND, "web9");
	OK(hp_node_applied(p, "web1", panel_generation(), "applied", &err));
	REFUSED(hp_node_applied(p, "web9", 1, "applied", &err), HP_E_NOT_FOUND, "web9");
}

static void filters(void **state HP_UNUSED)
{
	struct hp_site_change c;
	struct panel_names n = {{0}};

	OK(panel_add("a.example", "acme", PHP, NULL, &c));
	OK(panel_add("b.example", "beta", KV("php_version=8.3"), NULL, &c));
	OK(hp_site_each(
		p, &(struct hp_site_filter){.php_version = "8.3"}, panel_see_site, &n, &err));
	assert_int_equal(n.v.n, 1);
	assert_string_equal(n.v.v[0], "b.example");
	OK(hp_site_each(p, &(struct hp_site_filter){.tenant = "acme", .node = "web1"},
		panel_see_site, &n, &err));
	assert_int_equal(n.v.n, 2);
	OK(hp_site_each(
		p, &(struct hp_site_filter){.status = "suspended"}, panel_see_site, &n, &err));
	assert_int_equal(n.v.n, 2);
	REFUSED(hp_site_each(
			p, &(struct hp_site_filter){.tenant = "nope"}, panel_see_site, &n, &err),
		HP_E_NOT_FOUND, "nope");
}

/* ---- at once ---- */
static int child_add(const char *domain)
{
	struct hp_panel *q;
	struct hp_site_change c;
	struct hp_assign a = {HP_SITE_PHP_VERSION, NULL, "8.2"};
	struct hp_err e = HP_ERR_INIT;

	if (hp_panel_open(dir, conf, &q, &e) < 0)
		return 100;
	hp_site_add(q, pool, domain, "acme", &a, 1, NULL, &c, &e);
	hp_panel_close(q);
	return -e.code;
}

/* Six processes make one domain (or six of them): how many say ok, how many that it exists? */
static void at_once(bool same, unsigned *ok, unsigned *exists)
{
	pid_t pids[6];
	int status;

	hp_panel_close(p);
	p = NULL;
	for (unsigned i = 0; i < 6; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			_exit(child_add(
				same ? "race.example" : hp_pprintf(pool, "race%u.example", i)));
	}
	*ok = *exists = 0;
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFEXITED(status));
		*ok += WEXITSTATUS(status) == 0;
		*exists += WEXITSTATUS(status) == -HP_E_EXISTS;
	}
	OK(hp_panel_open(dir, conf, &p, &err));
}

static void one_wins(void **state HP_UNUSED)
{
	unsigned ok, exists;

	at_once(true, &ok, &exists);
	assert_int_equal(ok, 1);
	assert_int_equal(exists, 5);
	assert_int_equal(panel_count_sites(), 1);
}

static void limit_holds(void **state HP_UNUSED)
{
	unsigned ok, exists;
	bool changed;
	size_t n;
	const struct hp_assign *a = panel_assigns(&hp_tenant_table, &n, KV("website_limit=3"));

	OK(hp_tenant_set(p, "acme", a, n, &changed, &err));
	at_once(false, &ok, &exists);
	assert_int_equal(ok, 3);
	assert_int_equal(exists, 3);
	assert_int_equal(panel_count_sites(), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(foreign_is_unknown),
		T(nobody),
		T(service),
		T(state_document),
		T(filters),
		T(one_wins),
		T(limit_holds),
	};

	return cmocka_run_group_tests_name("panel-walls", tests, NULL, NULL);
}
