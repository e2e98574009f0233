/* Making the database, bringing it up to date, and telling how it is. */
#include <errno.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/paths.h"
#include "panel/panel_impl.h"
#include "sys/account.h"

#define CONF_MAX ((size_t)1 << 20)
#define CONF_MODE 0640 /* the url may hold a password */

struct setup {
	struct hp_panel p;
	const char *url;
	struct hp_panel_setup *ret;
};

static int open_db(struct setup *s, bool create, bool read_only, struct hp_err *err)
{
	const struct hp_db_opts o = {
		.sysroot = s->p.sysroot, .create = create, .read_only = read_only};

	if (hp_db_open(s->url, &o, &s->p.db, err) < 0)
		return err->code;
	s->ret->url = hp_pstrdup(s->p.pool, hp_db_url_safe(s->p.db));
	s->ret->backend = hp_engine_name(hp_db_engine(s->p.db));
	s->ret->server_version = hp_pstrdup(s->p.pool, hp_db_server_version(s->p.db));
	if (hp_db_schema_version(s->p.db, &s->ret->schema_before, &s->ret->schema_want, err) < 0)
		return err->code;
	s->ret->schema_after = s->ret->schema_before;
	hp_panel_find_actor(&s->p, s->url);
	return 0;
}

static void begin(struct setup *s, struct hp_pool *pool, const char *sysroot,
	const struct hp_conf *conf, struct hp_panel_setup *ret)
{
	memset(s, 0, sizeof(*s));
	memset(ret, 0, sizeof(*ret));
	s->p.pool = pool;
	s->p.conf = conf;
	s->p.sysroot = sysroot && strcmp(sysroot, "/") != 0 ? sysroot : "";
	s->url = hp_panel_url(conf);
	s->ret = ret;
}

static int migrate(struct setup *s, void (*on_step)(void *arg, int n, const char *title), void *arg,
	struct hp_err *err)
{
	int have, want;

	if (hp_db_migrate(s->p.db, s->p.dry_run, on_step, arg, err) < 0)
		return err->code;
	if (s->p.dry_run)
		have = s->ret->schema_want;
	else if (hp_db_schema_version(s->p.db, &have, &want, err) < 0)
		return err->code;
	s->ret->schema_after = have;
	s->ret->changed |= have != s->ret->schema_before;
	return 0;
}

/* ---- the panel's own group ---- */
/* (gid_t)-1 where it is no matter of ours: below --sysroot, and for who is not root. */
static gid_t own_group(const struct setup *s)
{
	return geteuid() == 0 && !*s->p.sysroot ? hp_panel_gid() : (gid_t)-1;
}

/*
 * SQLite makes and removes -wal and -shm beside the database, so that who writes the one must be
 * able to write the folder: it is the database's alone, and what is made in it is the group's.
 */
static int make_db_dir(struct setup *s, struct hp_err *err)
{
	const char *dir = hp_path(s->p.pool, s->p.sysroot, HP_DB_DIR);
	gid_t gid = own_group(s);

	if (hp_mkdirs(dir, 0750, err) < 0)
		return err->code;
	if (gid != (gid_t)-1 && (chown(dir, 0, gid) < 0 || chmod(dir, 02770) < 0))
		return hp_err_errno(err, HP_E_OS, errno, "%s", dir);
	return 0;
}

/* ---- the configuration file ---- */
/* text with "url = …" in its section [database], which is begun at the end when it is not there. */
static void add_url(struct hp_buf *out, const char *text, const char *url)
{
	const char *at = text;
	bool done = false;

	while (*at) {
		size_t n = strcspn(at, "\n");

		hp_buf_add(out, at, n);
		hp_buf_addc(out, '\n');
		if (!done && hp_str_starts(at + strspn(at, " \t"), "[database]")) {
			hp_buf_addf(out, "url = %s\n", url);
			done = true;
		}
		at += n + (at[n] == '\n');
	}
	if (!done)
		hp_buf_addf(out, "%s[database]\nurl = %s\n", out->len ? "\n" : "", url);
}

/* What was written is read back before it takes the file's place. */
static int check_conf(
	const char *path, const struct hp_buf *text, const char *url, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_conf *conf;

	if (hp_conf_parse(pool, path, hp_buf_str(text), text->len, &conf, err) < 0)
		return err->code;
	if (hp_streq(hp_conf_get(conf, "database", "url"), url))
		return 0;
	return hp_err_set(err, HP_E_USAGE,
		"the database's URL can't be written to %s as it is: escape what "
		"is special in it by %%XX",
		path);
}

static int write_conf(struct setup *s, struct hp_err *err)
{
	struct hp_buf old _cleanup_buf_ = HP_BUF_INIT, text _cleanup_buf_ = HP_BUF_INIT;
	const char *path = hp_conf_path(s->p.conf);
	struct stat st;

	if (hp_file_read(path, CONF_MAX, &old, err) < 0) {
		if (err->code != HP_E_NOT_FOUND)
			return err->code;
		hp_err_clear(err);
	}
	add_url(&text, hp_buf_str(&old), s->url);
	if (check_conf(path, &text, s->url, err) < 0)
		return err->code;
	s->ret->wrote_conf = s->ret->changed = true;
	if (s->p.dry_run)
		return 0;
	if (hp_mkdirs(hp_path_dir(s->p.pool, path), 0755, err) < 0)
		return err->code;
	/* a new one is the panel's own group's to read, too */
	if (stat(path, &st) < 0)
		st = (struct stat){
			.st_mode = CONF_MODE, .st_uid = geteuid(), .st_gid = own_group(s)};
	if (hp_file_write(path, st.st_mode & CONF_MODE, text.s, text.len, err) < 0)
		return err->code;
	return geteuid() != 0 || chown(path, st.st_uid, st.st_gid) == 0
		? 0
		: hp_err_errno(err, HP_E_OS, errno, "%s", path);
}

/* ---- init ---- */
static int node_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	struct setup *s = arg;
	struct hp_stmt *st _cleanup_stmt_ = NULL;
	int64_t id;

	if (hp_node_find(p, s->ret->node, &id, err) != HP_E_NOT_FOUND)
		return err->code;
	hp_err_clear(err);
	if (hp_db_stmt(p->db, HP_SQL_NODE_ADD, &st, err) < 0)
		return err->code;
	hp_stmt_text(st, "name", s->ret->node);
	if (hp_stmt_exec(st, err) < 0)
		return err->code;
	s->ret->changed = true;
	return hp_audit_add(p, 0, "node:add", s->ret->node, NULL, NULL, "hp-db init", err);
}

/* Nothing is made: what is missing is looked for. */
static int rehearse(struct setup *s, void (*on_step)(void *arg, int n, const char *title),
	void *arg, struct hp_err *err)
{
	int64_t id;

	if (open_db(s, false, true, err) < 0) {
		if (err->code != HP_E_CONF)
			return err->code;
		hp_err_clear(err); /* there is no file yet */
		s->ret->changed = true;
		return 0;
	}
	if (s->ret->schema_before == 0) {
		s->ret->changed = true;
		return 0;
	}
	if (migrate(s, on_step, arg, err) < 0)
		return err->code;
	if (hp_node_find(&s->p, s->ret->node, &id, err) == HP_E_NOT_FOUND) {
		hp_err_clear(err);
		s->ret->changed = true;
	}
	return err->code;
}

static int make_all(struct setup *s, void (*on_step)(void *arg, int n, const char *title),
	void *arg, struct hp_err *err)
{
	if (s->p.dry_run)
		return rehearse(s, on_step, arg, err);
	/* websites' users go through it to their sessions and temporary files */
	if (hp_mkdirs(hp_path(s->p.pool, s->p.sysroot, HP_LIB), 0751, err) < 0 ||
		(hp_streq(s->url, "sqlite:" HP_DB_FILE) && make_db_dir(s, err) < 0) ||
		open_db(s, true, false, err) < 0 || hp_may_begin(&s->p.actor, "db:init", err) < 0 ||
		migrate(s, on_step, arg, err) < 0)
		return err->code;
	return hp_panel_tx(&s->p, node_tx, s, err);
}

int hp_panel_init(struct hp_pool *pool, const char *sysroot, const struct hp_conf *conf,
	const char *url, bool dry_run, void (*on_step)(void *arg, int n, const char *title),
	void *arg, struct hp_panel_setup *ret, struct hp_err *err)
{
	struct setup s;
	int r;

	begin(&s, pool, sysroot, conf, ret);
	s.p.dry_run = dry_run;
	if (url && strcmp(url, s.url) != 0 && hp_conf_is_set(conf, "database", "url")) {
		hp_err_set(err, HP_E_EXISTS, "another database is configured in %s",
			hp_conf_path(conf));
		return hp_err_hint(err,
			"change url in its section [database] first; nothing is moved by that");
	}
	if (url)
		s.url = url;
	if (hp_panel_node_name(pool, conf, &ret->node, err) < 0)
		return err->code;
	r = make_all(&s, on_step, arg, err);
	if (r >= 0 && url && strcmp(url, hp_panel_url(conf)) != 0)
		r = write_conf(&s, err);
	hp_db_close(s.p.db);
	return r;
}

/* ---- migrate, info ---- */
int hp_panel_migrate(struct hp_pool *pool, const char *sysroot, const struct hp_conf *conf,
	bool dry_run, void (*on_step)(void *arg, int n, const char *title), void *arg,
	struct hp_panel_setup *ret, struct hp_err *err)
{
	struct setup s;
	int r;

	begin(&s, pool, sysroot, conf, ret);
	s.p.dry_run = dry_run;
	r = open_db(&s, false, dry_run, err);
	if (r == 0)
		r = hp_may_begin(&s.p.actor, "db:migrate", err);
	if (r == 0 && ret->schema_before == 0) {
		hp_err_set(err, HP_E_CONF, "the database has no tables yet");
		r = hp_err_hint(err, "run hp-db init");
	}
	if (r == 0)
		r = migrate(&s, on_step, arg, err);
	hp_db_close(s.p.db);
	return r;
}

int hp_panel_info(struct hp_pool *pool, const char *sysroot, const struct hp_conf *conf,
	struct hp_panel_setup *ret, struct hp_err *err)
{
	struct setup s;
	int r;

	begin(&s, pool, sysroot, conf, ret);
	r = open_db(&s, false, true, err);
	if (r == 0)
		r = hp_may_begin(&s.p.actor, "db:info", err);
	if (r == 0)
		r = hp_panel_node_name(pool, conf, &ret->node, err);
	if (r == 0)
		r = hp_db_ping(s.p.db, &ret->latency_us, err);
	hp_db_close(s.p.db);
	return r;
}
