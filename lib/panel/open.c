#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/paths.h"
#include "panel/panel_impl.h"
#include "sys/account.h"

const char *hp_panel_url(const struct hp_conf *conf)
{
	const char *url = hp_conf_get(conf, "database", "url");

	return url && *url ? url : "sqlite:" HP_DB_FILE;
}

static bool owns(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_uid == geteuid();
}

/*
 * Root is above all tenants, and so is who owns the folder that the database lies in: it could
 * write there what it likes. Below --sysroot the same holds for the sysroot's owner. The panel's
 * own user is neither, whatever belongs to him: he speaks for users.
 */
void hp_panel_find_actor(struct hp_panel *p, const char *url)
{
	const char *file = hp_str_after(url, "sqlite:");
	const char *sudo = getenv("SUDO_USER");
	uid_t uid = geteuid();

	p->actor = (struct hp_actor){.kind = HP_ACTOR_NOBODY, .source = "shell"};
	if (uid == 0 || (*p->sysroot && owns(p->sysroot)))
		p->actor.kind = HP_ACTOR_OPERATOR;
	else if (!*p->sysroot && hp_is_panel_uid(uid))
		p->actor.kind = HP_ACTOR_SERVICE;
	else if (file && *file == '/' && hp_path_is_clean(file) &&
		owns(hp_path_dir(p->pool, hp_path(p->pool, p->sysroot, file))))
		p->actor.kind = HP_ACTOR_OPERATOR;
	if (p->actor.kind == HP_ACTOR_SERVICE)
		p->actor.name = HP_PANEL_USER;
	else if (uid != 0)
		p->actor.name = hp_pprintf(p->pool, "uid %lu", (unsigned long)uid);
	else if (sudo && *sudo && strlen(sudo) <= 64 && hp_utf8_is_valid(sudo, strlen(sudo)) &&
		!hp_str_has_control(sudo, strlen(sudo)))
		p->actor.name = hp_pprintf(p->pool, "root (%s)", sudo);
	else
		p->actor.name = "root";
	p->host = p->actor;
}

/* ---- acting as somebody else ---- */
/* "alice@192.0.2.1" taken apart; without an address it is the one who runs the program. */
static int take_source(struct hp_panel *p, const char *who, char **ret_name,
	const char **ret_address, const char **ret, struct hp_err *err)
{
	char *at;

	*ret_name = hp_pstrdup(p->pool, who);
	at = strchr(*ret_name, '@');
	*ret = hp_pprintf(p->pool, "%s: %s", p->host.source, p->host.name);
	*ret_address = NULL;
	if (!at)
		return 0;
	*at = 0;
	*ret = *ret_address = hp_address(p->pool, at + 1);
	return *ret ? 0
		    : hp_err_set(err, HP_E_USAGE, "“%s” is not an address",
			      hp_str_printable(p->pool, at + 1, 60));
}

static int may_act(const struct hp_user_row *r, bool tenant_suspended, struct hp_err *err)
{
	if (hp_streq(r->u.v[HP_USER_STATUS], "suspended"))
		return hp_err_set(
			err, HP_E_DENIED, "user %s is suspended", r->u.v[HP_USER_USERNAME]);
	if (tenant_suspended)
		return hp_err_set(err, HP_E_DENIED, "tenant %s is suspended, and its users with it",
			r->tenant);
	return 0;
}

int hp_panel_become(struct hp_panel *p, const char *username, const struct hp_key *key,
	int64_t key_id, const char *source, struct hp_err *err)
{
	struct hp_user_row r;
	struct hp_tenant t;
	struct hp_actor a;

	p->actor = p->host;
	p->refused = (struct hp_actor){.name = NULL};
	if (hp_user_look(p, p->pool, username, &r, err) < 0 ||
		hp_tenant_find(p, p->pool, r.tenant, false, &t, err) < 0 ||
		hp_user_become(p, p->pool, &r, &a, err) < 0)
		return err->code;
	a.source = source;
	a.has_password = r.u.v[HP_USER_PASSWORD];
	if (may_act(&r,
		    hp_streq(t.v[HP_TENANT_STATUS], "suspended") && !hp_user_is_operator(&r.u),
		    err) < 0) {
		p->refused = a;
		return err->code;
	}
	a.key = key;
	a.key_id = key_id;
	p->actor = a;
	hp_panel_as_self(p);
	return 0;
}

int hp_panel_act(struct hp_panel *p, const char *who, struct hp_err *err)
{
	const char *source, *address, *key;
	char *name;

	if (hp_may_speak(&p->host, err) < 0 ||
		take_source(p, who, &name, &address, &source, err) < 0)
		return err->code;
	key = hp_str_after(name, "key:");
	if (key)
		return hp_key_act(p, key, address, source, err);
	return hp_panel_become(p, name, NULL, 0, source, err);
}

struct hp_actor hp_panel_begin_own(struct hp_panel *p)
{
	struct hp_actor was = p->actor;

	p->actor = p->host;
	hp_panel_as_self(p);
	return was;
}

void hp_panel_end_own(struct hp_panel *p, const struct hp_actor *was)
{
	p->actor = *was;
	hp_panel_as_self(p);
}

static int check_schema(struct hp_db *db, struct hp_err *err)
{
	int have, want;

	if (hp_db_schema_version(db, &have, &want, err) < 0)
		return err->code;
	if (have == want)
		return 0;
	if (have > want) {
		hp_err_set(err, HP_E_CONF,
			"the database's schema is of version %d, but this program knows "
			"version %d",
			have, want);
		return hp_err_hint(err,
			"it was migrated by a newer hosting-panel: install that one here, too");
	}
	hp_err_set(err, HP_E_CONF,
		have ? "the database's schema is of version %d, but this program needs "
		       "version %d"
		     : "the database has no tables yet",
		have, want);
	return hp_err_hint(err, "run %s", have ? "hp-db migrate" : "hp-db init");
}

static int open_panel(const char *sysroot, const struct hp_conf *conf, bool read_only,
	struct hp_panel **ret, struct hp_err *err)
{
	struct hp_pool *home = hp_pool_new();
	struct hp_panel *p = hp_palloc(home, sizeof(*p));
	const struct hp_db_opts o = {.sysroot = sysroot, .read_only = read_only};

	p->home = home;
	p->pool = hp_pool_new();
	p->conf = conf;
	p->sysroot = sysroot && strcmp(sysroot, "/") != 0 ? sysroot : "";
	p->read_only = read_only;
	hp_panel_find_actor(p, hp_panel_url(conf));
	p->host.name = hp_pstrdup(home, p->host.name);
	p->actor = p->host;
	if (hp_db_open(hp_panel_url(conf), &o, &p->db, err) < 0 || check_schema(p->db, err) < 0) {
		hp_panel_close(p);
		return err->code;
	}
	*ret = p;
	return 0;
}

int hp_panel_open(
	const char *sysroot, const struct hp_conf *conf, struct hp_panel **ret, struct hp_err *err)
{
	return open_panel(sysroot, conf, false, ret, err);
}

int hp_panel_open_read(
	const char *sysroot, const struct hp_conf *conf, struct hp_panel **ret, struct hp_err *err)
{
	return open_panel(sysroot, conf, true, ret, err);
}

void hp_panel_close(struct hp_panel *p)
{
	if (!p)
		return;
	hp_db_close(p->db);
	hp_pool_free(p->pool);
	hp_pool_free(p->home);
}

void hp_panel_rest(struct hp_panel *p)
{
	p->actor = p->host;
	hp_panel_as_self(p);
	memset(&p->refused, 0, sizeof(p->refused));
	p->request_id = NULL;
	hp_pool_reset(p->pool);
}

int hp_panel_node_name(
	struct hp_pool *pool, const struct hp_conf *conf, const char **ret, struct hp_err *err)
{
	const char *name = hp_conf_get(conf, "node", "name");
	char host[256];

	if (!name || !*name) {
		if (gethostname(host, sizeof(host)) < 0)
			return hp_err_errno(err, HP_E_OS, errno, "the host's name can't be asked");
		host[sizeof(host) - 1] = 0;
		host[strcspn(host, ".")] = 0;
		hp_str_lower(host);
		name = hp_pstrdup(pool, host);
	}
	if (hp_node_name_check(name, err) < 0) {
		err->code = HP_E_CONF;
		return hp_err_hint(err, "set name in section [node] of %s", hp_conf_path(conf));
	}
	*ret = name;
	return 0;
}

/* ---- transactions ---- */
struct tx {
	struct hp_panel *p;
	int (*fn)(struct hp_panel *p, void *arg, struct hp_err *err);
	void *arg;
	bool rehearsed;
};

static int run(struct hp_db *db HP_UNUSED, void *arg, struct hp_err *err)
{
	struct tx *t = arg;
	int r;

	t->rehearsed = false;
	hp_panel_as_self(t->p);
	if (!t->p->read_only && hp_audit_lock(t->p, err) < 0)
		return err->code;
	r = t->fn(t->p, t->arg, err);
	if (r < 0 || !t->p->dry_run)
		return r;
	if (t->p->rehearsed && t->p->rehearsed(t->p->rehearsed_arg, err) < 0)
		return err->code;
	t->rehearsed = true;
	return hp_err_set(err, HP_E_PENDING, "rehearsed only");
}

int hp_panel_tx(struct hp_panel *p, int (*fn)(struct hp_panel *p, void *arg, struct hp_err *err),
	void *arg, struct hp_err *err)
{
	struct tx t = {.p = p, .fn = fn, .arg = arg};
	int r = hp_db_tx(p->db, run, &t, err);

	hp_panel_as_self(p);
	if (r == HP_E_PENDING && t.rehearsed) {
		hp_err_clear(err);
		return 0;
	}
	return r;
}

static int run_note(struct hp_db *db HP_UNUSED, void *arg, struct hp_err *err)
{
	struct tx *t = arg;

	hp_panel_as_self(t->p);
	return t->fn(t->p, t->arg, err);
}

void hp_panel_note(
	struct hp_panel *p, int (*fn)(struct hp_panel *p, void *arg, struct hp_err *err), void *arg)
{
	struct hp_err ignored = HP_ERR_INIT;
	struct tx t = {.p = p, .fn = fn, .arg = arg};

	if (!p->read_only && !p->dry_run)
		hp_db_tx_now(p->db, run_note, &t, &ignored);
	hp_panel_as_self(p);
}

int hp_panel_may_begin_with(const struct hp_panel *p, const struct hp_field_table *t,
	const char *const *v, const struct hp_strv *aliases, const char *name, struct hp_err *err)
{
	char now[HP_REVISION_SIZE];

	if (p->guard && p->guard(p->guard_arg, v, aliases, err) < 0)
		return err->code;
	if (!p->if_revision)
		return 0;
	hp_field_revision(t, v, aliases, now);
	if (strcmp(now, p->if_revision) == 0)
		return 0;
	hp_err_set(err, HP_E_EXISTS, "%s was changed meanwhile (it is now revision %s)", name, now);
	hp_err_about(err, "if_revision");
	return hp_err_hint(err, "look at it again (hp-%s show %s -o +revision), and then change it",
		t == &hp_site_table ? "site" : t->object, name);
}

void hp_panel_as(struct hp_panel *p, int64_t tenant)
{
	HP_BUG_ON(p->actor.kind == HP_ACTOR_NOBODY);
	HP_BUG_ON(p->actor.kind == HP_ACTOR_USER && tenant != p->actor.tenant_id);
	hp_db_set_tenant(p->db, tenant);
}

void hp_panel_as_self(struct hp_panel *p)
{
	hp_db_set_tenant(p->db, p->actor.kind == HP_ACTOR_USER ? p->actor.tenant_id : 0);
}
