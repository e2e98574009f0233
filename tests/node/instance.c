/*
 * instance: users, folders, pools and FPM instances by hand, for tests. Real root, no engine.
 *
 *   instance [-c CONF] VERB VERSION ID…
 *
 * ID n is the website n.example with user siten and uid 20000 + n.
 * Verbs: units (VERSION ignored), make, render, test, start, wait, restart, stop, retire, kill,
 * link, status, reexec (status before and after systemd has executed itself anew), list, idle (ID:
 * seconds), remove. Prints what it finds, or the error, and exits with its
 * status.
 */
#include <errno.h>
#include <stdio.h>

#include "base/file.h"
#include "base/str.h"
#include "node/folders.h"
#include "node/instance.h"
#include "node/users.h"
#include "sys/run.h"
#include "sys/service.h"

struct tool {
	struct hp_pool *pool;
	const struct hp_conf *conf;
	struct hp_php_list php;
	struct hp_instances in;
	struct hp_tmpl_set *templates;
	const char *version;
	struct hp_instance *v;
	size_t n;
	int64_t arg; /* the first ID as a number */
};

static int write_file(struct tool *t, const char *path, const struct hp_buf *b, mode_t mode,
	gid_t gid, struct hp_err *err)
{
	int r;

	r = hp_mkdirs(hp_path_dir(t->pool, path), 0755, err);
	if (r == 0)
		r = hp_file_write(path, mode, b->s, b->len, err);
	if (r == 0 && gid && chown(path, 0, gid) < 0)
		r = hp_err_errno(err, HP_E_OS, errno, "%s", path);
	return r;
}

static int do_units(struct tool *t, struct hp_err *err)
{
	struct hp_php_file *f;
	size_t i, n;
	int r;

	r = hp_php_version_files(
		t->pool, &t->php, t->conf, t->templates, hp_instances_units(&t->in), &f, &n, err);
	for (i = 0; r == 0 && i < n; i++) {
		struct hp_buf b = {.s = (char *)f[i].text, .len = f[i].len};

		r = write_file(t, f[i].path, &b, 0644, 0, err);
	}
	return r == 0 ? hp_service_daemon_reload(err) : r;
}

static int do_make(struct tool *t, struct hp_err *err)
{
	struct hp_user_want *u = hp_palloc(t->pool, (t->n + 1) * sizeof(*u));
	size_t i;
	int r;

	for (i = 0; i < t->n; i++)
		u[i] = (struct hp_user_want){
			t->v[i].user, t->v[i].uid, hp_folders_state(t->pool, t->v[i].domain)};
	r = hp_users_make(t->pool, "", u, t->n, NULL, err);
	for (i = 0; r == 0 && i < t->n; i++) {
		struct hp_folders_want w = {t->v[i].domain, t->v[i].uid, t->in.web_gid, false};

		r = hp_folders_make(t->pool, "", &w, NULL, err);
	}
	return r;
}

static void fill_site(struct tool *t, const struct hp_instance *v, struct hp_site *s)
{
	*s = (struct hp_site){0};
	s->v[HP_SITE_DOMAIN] = v->domain;
	s->v[HP_SITE_USER] = v->user;
	s->v[HP_SITE_UID] = hp_pprintf(t->pool, "%u", v->uid);
	s->v[HP_SITE_PHP_VERSION] = v->version;
	s->v[HP_SITE_PHP_MEMORY_LIMIT] = "256M";
	s->v[HP_SITE_PHP_MAX_EXECUTION_TIME] = "300";
	s->v[HP_SITE_PHP_UPLOAD_MAX_FILESIZE] = "64M";
	s->v[HP_SITE_PHP_POST_MAX_SIZE] = "64M";
	s->v[HP_SITE_PHP_EXTENSIONS] = "[]";
}

static int do_render(struct tool *t, struct hp_err *err)
{
	struct hp_php_texts x _cleanup_php_texts_ = {0};
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < t->n; i++) {
		const struct hp_instance *v = &t->v[i];
		struct hp_strv custom = {0};
		struct hp_site s;
		struct hp_php_render p = {.root = "",
			.conf = t->conf,
			.templates = t->templates,
			.site = &s,
			.custom = &custom};

		fill_site(t, v, &s);
		r = hp_php_need(&t->php, v->version, &p.php, err);
		if (r == 0)
			r = hp_php_custom(t->pool, "", v->domain, &custom, err);
		if (r == 0)
			r = hp_php_render(t->pool, &p, &x, err);
		if (r == 0)
			r = write_file(t, hp_php_conf_path(t->pool, v->version, v->user), &x.conf,
				0640, (gid_t)v->uid, err);
	}
	return r;
}

static int do_test(struct tool *t, struct hp_err *err)
{
	struct hp_php_staged *s = hp_palloc(t->pool, (t->n + 1) * sizeof(*s));
	const struct hp_php *php;
	size_t i, bad;
	int r;

	for (i = 0; i < t->n; i++) {
		const char *path = hp_php_conf_path(t->pool, t->v[i].version, t->v[i].user);

		s[i] = (struct hp_php_staged){t->v[i].user, path, path};
	}
	r = hp_php_need(&t->php, t->version, &php, err);
	if (r == 0)
		r = hp_php_test("", php, s, t->n, &bad, err);
	if (r < 0 && bad < t->n)
		printf("bad: %s\n", t->v[bad].user);
	return r;
}

static int do_start(struct tool *t, struct hp_err *err)
{
	return hp_instance_start(&t->in, t->v, t->n, false, err);
}

static int do_wait(struct tool *t, struct hp_err *err)
{
	size_t bad;

	return hp_instance_wait(&t->in, t->v, t->n, 30000, &bad, err);
}

static int do_restart(struct tool *t, struct hp_err *err)
{
	return hp_instance_restart(&t->in, t->v, t->n, err);
}

static int do_stop(struct tool *t, struct hp_err *err)
{
	return hp_instance_stop(&t->in, t->v, t->n, err);
}

static int do_retire(struct tool *t, struct hp_err *err)
{
	return hp_instance_retire(&t->in, t->v, t->n, err);
}

static int do_kill(struct tool *t, struct hp_err *err)
{
	return hp_instance_kill(&t->in, t->v, t->n, err);
}

static int do_link(struct tool *t, struct hp_err *err)
{
	const char *old;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < t->n; i++) {
		r = hp_instance_link(t->pool, &t->in, t->v[i].user, t->version, &old, err);
		if (r == 0)
			printf("%s %s -> %s\n", t->v[i].user, old ? old : "-", t->version);
	}
	return r;
}

static void print_status(const struct hp_instance_status *s)
{
	printf("%s %s %s %d\n", s->version, s->user, hp_instance_state_name(s->state), (int)s->pid);
}

static int do_status(struct tool *t, struct hp_err *err)
{
	struct hp_instance_status s;
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < t->n; i++) {
		r = hp_instance_status(t->pool, &t->in, t->v[i].version, t->v[i].user, &s, err);
		if (r == 0)
			print_status(&s);
	}
	return r;
}

/* The connection to systemd is lost between two questions. */
static int do_reexec(struct tool *t, struct hp_err *err)
{
	static const char *const argv[] = {"/usr/bin/systemctl", "daemon-reexec", NULL};
	const struct hp_run run = {.argv = argv, .timeout_ms = 60000};

	if (do_status(t, err) < 0 || hp_run_ok(&run, err) < 0)
		return err->code;
	return do_status(t, err);
}

static int do_list(struct tool *t, struct hp_err *err)
{
	struct hp_instance_status *s;
	size_t i, n;
	int r;

	r = hp_instance_list(t->pool, &t->in, &s, &n, err);
	for (i = 0; r == 0 && i < n; i++)
		print_status(&s[i]);
	return r;
}

static int do_idle(struct tool *t, struct hp_err *err)
{
	size_t n;
	int r;

	r = hp_instance_idle_stop(&t->in, (unsigned)t->arg, &n, err);
	if (r == 0)
		printf("%zu\n", n);
	return r;
}

static int do_remove(struct tool *t, struct hp_err *err)
{
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < t->n; i++) {
		r = hp_users_remove("", &t->v[i].user, 1, err);
		if (r == 0)
			r = hp_folders_remove("", t->v[i].domain, HP_FOLDERS_ALL, err);
	}
	return r;
}

static const struct {
	const char *name;
	int (*fn)(struct tool *t, struct hp_err *err);
} verbs[] = {
	{"units", do_units},
	{"make", do_make},
	{"render", do_render},
	{"test", do_test},
	{"start", do_start},
	{"wait", do_wait},
	{"restart", do_restart},
	{"stop", do_stop},
	{"retire", do_retire},
	{"kill", do_kill},
	{"link", do_link},
	{"status", do_status},
	{"reexec", do_reexec},
	{"list", do_list},
	{"idle", do_idle},
	{"remove", do_remove},
};

static int set_up(struct tool *t, const char *conf_path, struct hp_err *err)
{
	const char **dirs = hp_palloc(t->pool, 2 * sizeof(*dirs));
	struct hp_conf *conf;
	int r;

	dirs[0] = hp_pprintf(t->pool, "%s/templates", hp_datadir());
	t->templates = hp_tmpl_set_new(t->pool, dirs);
	r = hp_conf_load(t->pool, conf_path, &conf, err);
	if (r < 0)
		return r;
	t->conf = conf;
	r = hp_php_detect(t->pool, "", conf, &t->php, err);
	return r < 0 ? r : hp_instances_init(&t->in, "", conf, &t->php, err);
}

int main(int argc, char **argv)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_err err = HP_ERR_INIT;
	struct tool t = {.pool = pool};
	const char *conf = HP_CONF_FILE;
	size_t i;
	int r, a = 1;

	if (argc > 2 && hp_streq(argv[1], "-c")) {
		conf = argv[2];
		a = 3;
	}
	if (argc < a + 2)
		return 2;
	t.version = argv[a + 1];
	t.v = hp_palloc(pool, (size_t)(argc + 1) * sizeof(*t.v));
	for (; a + 2 + (int)t.n < argc; t.n++) {
		int64_t id;

		if (hp_parse_i64(argv[a + 2 + (int)t.n], 0, 40000, &id) < 0)
			return 2;
		if (t.n == 0)
			t.arg = id;
		t.v[t.n] = (struct hp_instance){.version = t.version,
			.user = hp_pprintf(pool, "site%d", (int)id),
			.domain = hp_pprintf(pool, "%d.example", (int)id),
			.uid = (uid_t)(20000 + id)};
	}
	r = set_up(&t, conf, &err);
	for (i = 0; r == 0 && i < HP_ARRAY_SIZE(verbs); i++)
		if (hp_streq(argv[a], verbs[i].name))
			r = verbs[i].fn(&t, &err);
	if (r < 0)
		fprintf(stderr, "%s\n%s%s\n", err.msg, *err.hint ? "hint: " : "", err.hint);
	return hp_exit_status(r);
}
