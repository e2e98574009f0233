/* What a site's FPM is configured with: templates/php-fpm and the data for it. */
#include <dirent.h>
#include <errno.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "node/folders.h"
#include "node/php_impl.h"
#include "sys/json.h"

const char *hp_php_conf_path(struct hp_pool *pool, const char *version, const char *user)
{
	return hp_pprintf(pool, HP_PHP_ETC "/%s/%s.conf", version, user);
}

const char *hp_php_ini_path(struct hp_pool *pool, const char *version, const char *user)
{
	return hp_pprintf(pool, HP_PHP_ETC "/%s/%s.d/site.ini", version, user);
}

const char *hp_php_limits_path(struct hp_pool *pool, const char *version, const char *user)
{
	return hp_pprintf(pool, HP_PHP_ETC "/%s/%s.limits", version, user);
}

const char *hp_php_probe_path(struct hp_pool *pool, const char *version)
{
	return hp_pprintf(pool, HP_PHP_ETC "/%s/probe.php", version);
}

int hp_php_custom(struct hp_pool *pool, const char *root, const char *domain, struct hp_strv *ret,
	struct hp_err *err)
{
	const char *rel = hp_pprintf(pool, HP_CUSTOM_DIR "/%s/php-fpm", domain);
	const char *dir = hp_path(pool, root, rel);
	struct hp_strv l = {0};
	struct dirent *e;
	DIR *d = opendir(dir);

	if (!d && errno != ENOENT)
		return hp_err_errno(err, HP_E_OS, errno, "%s", rel);
	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.' && hp_str_ends(e->d_name, ".conf"))
			hp_strv_addf(pool, &l, "%s/%s", rel, e->d_name);
	if (d)
		closedir(d);
	hp_strv_sort(&l);
	*ret = l;
	return 0;
}

/* The smaller of two sizes, of which the second may be NULL. */
static const char *smaller(const char *a, const char *b)
{
	uint64_t x, y;

	return b && hp_parse_size(a, UINT64_MAX, &x) == 0 &&
			hp_parse_size(b, UINT64_MAX, &y) == 0 && y < x
		? b
		: a;
}

int hp_php_defaults(
	struct hp_pool *pool, const struct hp_conf *conf, struct hp_site *site, struct hp_err *err)
{
	const char **memory = &site->v[HP_SITE_PHP_MEMORY_LIMIT];
	const char **seconds = &site->v[HP_SITE_PHP_MAX_EXECUTION_TIME];
	const char *section;
	struct hp_conf *none;

	if ((*memory && *seconds) || !site->v[HP_SITE_PHP_VERSION])
		return 0;
	if (!conf) {
		if (hp_conf_parse(pool, "defaults", "", 0, &none, err) < 0)
			return err->code;
		conf = none;
	}
	section = hp_pprintf(pool, "php.%s", site->v[HP_SITE_PHP_VERSION]);
	if (!*memory)
		*memory = smaller(
			hp_conf_get(conf, section, "memory_limit"), site->v[HP_SITE_MEMORY_MAX]);
	if (!*seconds)
		*seconds = hp_conf_get(conf, section, "max_execution_time");
	return 0;
}

/* A number from the configuration; its check has been made when the file was read. */
static int64_t conf_i64(const struct hp_conf *conf, const char *section, const char *key,
	int64_t min, int64_t max, int64_t deflt)
{
	const char *v = conf ? hp_conf_get(conf, section, key) : NULL;
	int64_t n;

	return v && hp_parse_i64(v, min, max, &n) == 0 ? n : deflt;
}

static int64_t conf_seconds(const struct hp_conf *conf, const char *key, int64_t deflt)
{
	const char *v = conf ? hp_conf_get(conf, "php", key) : NULL;
	uint64_t n;

	return v && hp_parse_duration(v, 86400, &n) == 0 ? (int64_t)n : deflt;
}

/*
 * How many requests of one site may run at once. Sites share the machine: one may take a
 * quarter of its memory (or what it is limited to) if each of its requests takes what an ordinary
 * one does (64 MiB).
 */
static int64_t sized_children(const struct hp_site *s)
{
	const char *limit = s->v[HP_SITE_MEMORY_MAX];
	uint64_t mib = (uint64_t)sysconf(_SC_PHYS_PAGES) / 1024 * (uint64_t)sysconf(_SC_PAGESIZE) /
		1024 / 4,
		 max;
	int64_t n;

	if (limit && hp_parse_size(limit, UINT64_MAX, &max) == 0 && max >> 20 < mib)
		mib = max >> 20;
	n = (int64_t)(mib / 64);
	return n < 4 ? (limit ? (n < 1 ? 1 : n) : 4) : n > 32 ? 32 : n;
}

static int64_t children(const struct hp_php_render *r)
{
	int64_t n = hp_site_i64(r->site, HP_SITE_PHP_MAX_CHILDREN);
	int64_t tasks = hp_site_i64(r->site, HP_SITE_TASKS_MAX);

	if (n)
		return n;
	n = conf_i64(r->conf, "php", "max_children", 1, 10000, sized_children(r->site));
	/* its master is a task, too, and a script may start one */
	return tasks && n > tasks - 4 ? tasks - 4 : n;
}

/*
 * What PHP's mail() runs. The unit lets nobody gain rights, so Postfix's own sendmail can't put a
 * message into its queue: it is handed over by SMTP.
 */
static const char *sendmail(struct hp_pool *pool, const struct hp_conf *conf, const char *domain)
{
	const char *server = conf ? hp_conf_get(conf, "php", "mail_server") : "127.0.0.1:25";
	const char *colon = strrchr(server, ':');
	size_t v6 = *server == '[';

	return hp_pprintf(pool,
		HP_MSMTP " --host=%.*s --port=%s --domain=%s --timeout=60 --read-recipients",
		(int)((size_t)(colon - server) - 2 * v6), server + v6, colon + 1, domain);
}

static struct hp_tmap *pool_data(struct hp_pool *pool, const struct hp_php_render *r)
{
	const struct hp_site *s = r->site;
	const char *domain = s->v[HP_SITE_DOMAIN], *user = s->v[HP_SITE_USER];
	const char *docroot = hp_folders_docroot(pool, domain);
	const char *state = hp_folders_state(pool, domain);
	const char *logs = hp_folders_logs(pool, domain);
	int64_t seconds = hp_site_i64(s, HP_SITE_PHP_MAX_EXECUTION_TIME);
	int64_t slow = hp_site_i64(s, HP_SITE_PHP_SLOWLOG_SECONDS);
	struct hp_tmap *m = hp_tmap_new(pool);
	size_t i;

	hp_tmap_str(m, "domain", domain);
	hp_tmap_str(m, "user", user);
	hp_tmap_str(m, "version", r->php->version);
	hp_tmap_str(m, "listen", hp_pprintf(pool, HP_PHP_RUN "/inherited/%s", user));
	hp_tmap_str(m, "fpm_log", hp_pprintf(pool, "%s/php-fpm.log", logs));
	hp_tmap_str(m, "error_log", hp_pprintf(pool, "%s/php-error.log", logs));
	hp_tmap_str(m, "stop_timeout",
		hp_pprintf(pool, "%llds", (long long)conf_seconds(r->conf, "stop_timeout", 10)));
	hp_tmap_i64(m, "max_children", children(r));
	hp_tmap_i64(m, "max_requests", conf_i64(r->conf, "php", "max_requests", 0, 1000000, 500));
	hp_tmap_str(m, "child_idle_timeout",
		hp_pprintf(
			pool, "%llds", (long long)conf_seconds(r->conf, "child_idle_timeout", 20)));
	hp_tmap_str(m, "ping_path", HP_PHP_PING);
	hp_tmap_str(m, "status_path", HP_PHP_STATUS);
	/* max_execution_time counts PHP's own CPU time; this the clock, a little later */
	hp_tmap_str(m, "terminate_timeout", hp_pprintf(pool, "%llds", (long long)seconds + 5));
	hp_tmap_bool(m, "slowlog", slow > 0);
	/* FPM does not start with more than the time that a request may take */
	hp_tmap_str(m, "slowlog_timeout",
		hp_pprintf(pool, "%llds", (long long)(slow < seconds ? slow : seconds)));
	hp_tmap_str(m, "slow_log", hp_pprintf(pool, "%s/php-slow.log", logs));
	hp_tmap_str(m, "open_basedir",
		hp_pprintf(pool, "%s:%s/sessions:%s/uploads:%s/tmp:/usr/share/php:%s", docroot,
			state, state, state, hp_php_probe_path(pool, r->php->version)));
	hp_tmap_str(m, "sessions", hp_pprintf(pool, "%s/sessions", state));
	hp_tmap_str(m, "uploads", hp_pprintf(pool, "%s/uploads", state));
	hp_tmap_str(m, "tmp", hp_pprintf(pool, "%s/tmp", state));
	hp_tmap_str(m, "home", state);
	hp_tmap_str(m, "sendmail", sendmail(pool, r->conf, domain));
	hp_tmap_str(m, "envelope_sender", hp_pprintf(pool, "--from=%s@%s", user, domain));
	hp_tmap_str(m, "memory_limit", s->v[HP_SITE_PHP_MEMORY_LIMIT]);
	hp_tmap_i64(m, "max_execution_time", seconds);
	hp_tmap_str(m, "upload_max_filesize", s->v[HP_SITE_PHP_UPLOAD_MAX_FILESIZE]);
	hp_tmap_str(m, "post_max_size", s->v[HP_SITE_PHP_POST_MAX_SIZE]);
	hp_tmap_list(m, "custom");
	for (i = 0; r->custom && i < r->custom->n; i++)
		hp_tmap_str(hp_tmap_item(m, "custom"), "path", r->custom->v[i]);
	return m;
}

static int render(struct hp_tmpl_set *set, const char *format, const char *name,
	const struct hp_tmap *data, struct hp_buf *out, struct hp_err *err)
{
	const struct hp_tmpl *t;
	int r;

	r = hp_tmpl_get(set, format, name, &t, err);
	if (r < 0)
		return r;
	return hp_tmpl_render(t, data, out, err);
}

/* ---- the site's php.ini ---- */
static int add_settings(struct hp_pool *pool, const char *value, struct hp_tmap *m, bool *ret_any,
	struct hp_err *err)
{
	_cleanup_json_ struct hp_json *doc = NULL;
	const struct hp_json *v;

	hp_tmap_list(m, "settings");
	if (!value || hp_streq(value, "{}"))
		return 0;
	if (hp_json_parse(value, strlen(value), &doc, err) < 0)
		return hp_err_prefix(err, "php_settings");
	for (v = hp_json_first(doc); v; v = hp_json_next(v)) {
		struct hp_tmap *item = hp_tmap_item(m, "settings");

		hp_tmap_str(item, "name", hp_pstrdup(pool, hp_json_key(v)));
		hp_tmap_str(item, "value", hp_pstrdup(pool, hp_json_str(v)));
		*ret_any = true;
	}
	return 0;
}

static int render_ini(
	struct hp_pool *pool, const struct hp_php_render *r, struct hp_buf *out, struct hp_err *err)
{
	struct hp_tmap *m = hp_tmap_new(pool);
	struct hp_php_extension *x = NULL;
	bool any = false;
	size_t i, n;

	if (hp_php_extensions(
		    pool, r->root, r->php, r->site->v[HP_SITE_PHP_EXTENSIONS], &x, &n, err) < 0 ||
		add_settings(pool, r->site->v[HP_SITE_PHP_SETTINGS], m, &any, err) < 0)
		return err->code;
	if (!n && !any)
		return 0;
	hp_tmap_str(m, "domain", r->site->v[HP_SITE_DOMAIN]);
	hp_tmap_list(m, "extensions");
	for (i = 0; i < n; i++) {
		struct hp_tmap *item = hp_tmap_item(m, "extensions");

		hp_tmap_bool(item, "zend", x[i].zend);
		hp_tmap_str(item, "file", hp_pprintf(pool, "%s.so", x[i].name));
	}
	return render(r->templates, "php-fpm", "site.ini", m, out, err);
}

/* ---- limits of its processes together ---- */
uint64_t hp_php_memory(void)
{
	return (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / 2;
}

static int render_limits(
	struct hp_pool *pool, const struct hp_php_render *r, struct hp_buf *out, struct hp_err *err)
{
	static const enum hp_site_field fields[] = {
		HP_SITE_MEMORY_MAX, HP_SITE_CPU_QUOTA, HP_SITE_TASKS_MAX};
	struct hp_tmap *m = hp_tmap_new(pool);
	bool any = false;
	uint64_t bytes;
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(fields); i++) {
		const char *value = r->site->v[fields[i]];

		/* in bytes: what reads it need not be systemd */
		if (value && fields[i] == HP_SITE_MEMORY_MAX &&
			hp_parse_size(value, UINT64_MAX, &bytes) == 0)
			value = hp_pprintf(pool, "%llu", (unsigned long long)bytes);
		hp_tmap_str(m, hp_site_table.fields[fields[i]].name, value);
		any = any || value;
	}
	return any ? render(r->templates, "systemd", "php-fpm.limits", m, out, err) : 0;
}

void hp_php_texts_release(struct hp_php_texts *t)
{
	hp_buf_release(&t->conf);
	hp_buf_release(&t->ini);
	hp_buf_release(&t->limits);
}

int hp_php_render(struct hp_pool *pool, const struct hp_php_render *r, struct hp_php_texts *ret,
	struct hp_err *err)
{
	hp_buf_reset(&ret->conf);
	hp_buf_reset(&ret->ini);
	hp_buf_reset(&ret->limits);
	if (render_ini(pool, r, &ret->ini, err) < 0 ||
		render_limits(pool, r, &ret->limits, err) < 0)
		return err->code;
	return render(r->templates, "php-fpm", "site.conf", pool_data(pool, r), &ret->conf, err);
}

/* ---- the files of a version ---- */

static bool conf_bool(const struct hp_conf *conf, const char *section, const char *key, bool deflt)
{
	const char *v = conf ? hp_conf_get(conf, section, key) : NULL;
	bool b;

	return v && hp_parse_bool(v, &b) == 0 ? b : deflt;
}

static int one_file(struct hp_pool *pool, struct hp_tmpl_set *set, const char *format,
	const char *name, const struct hp_tmap *m, const char *path, struct hp_php_file *ret,
	struct hp_err *err)
{
	_cleanup_buf_ struct hp_buf out = HP_BUF_INIT;
	const struct hp_tmpl *t;
	int r;

	r = hp_tmpl_get(set, format, name, &t, err);
	if (r == 0)
		r = hp_tmpl_render(t, m, &out, err);
	if (r < 0)
		return r;
	*ret = (struct hp_php_file){.path = path,
		.text = hp_pstrndup(pool, hp_buf_str(&out), out.len),
		.len = out.len,
		.unit = hp_streq(format, "systemd")};
	return 0;
}

static int version_files(struct hp_pool *pool, const struct hp_php *php, const struct hp_conf *conf,
	struct hp_tmpl_set *set, enum hp_php_units units, struct hp_php_file *v, size_t *n,
	struct hp_err *err)
{
	const char *section = hp_pprintf(pool, "php.%s", php->version);
	const char *unit = hp_pprintf(pool, HP_SYSTEMD_DIR "/php%s-fpm@", php->version);
	struct hp_tmap *m = hp_tmap_new(pool);
	int r;

	hp_tmap_str(m, "version", php->version);
	hp_tmap_str(m, "fpm", php->fpm);
	hp_tmap_i64(m, "stop_timeout", conf_seconds(conf, "stop_timeout", 10) + 5);
	hp_tmap_bool(m, "opcache", conf_bool(conf, section, "opcache_enabled", true));
	hp_tmap_bool(m, "jit", conf_bool(conf, section, "jit_enabled", false));
	hp_tmap_bool(m, "by_user", units == HP_PHP_UNITS_BY_USER);
	hp_tmap_i64(m, "tasks_max", HP_TASKS_MAX);
	hp_tmap_i64(m, "memory_max", (int64_t)hp_php_memory());
	hp_tmap_str(m, "extension_dir", php->extension_dir);
	hp_tmap_bool(m, "load_opcache", php->loads_opcache);
	r = one_file(pool, set, "php-fpm", "version.ini", m,
		hp_pprintf(pool, HP_PHP_ETC "/%s/conf.d/50-hosting-panel.ini", php->version),
		&v[(*n)++], err);
	if (r == 0)
		r = one_file(pool, set, "php-fpm", "probe.php", m,
			hp_php_probe_path(pool, php->version), &v[(*n)++], err);
	if (r == 0 && units)
		r = one_file(pool, set, "systemd", "php-fpm.service", m,
			hp_pprintf(pool, "%s.service", unit), &v[(*n)++], err);
	if (r == 0 && units)
		r = one_file(pool, set, "systemd", "php-fpm.socket", m,
			hp_pprintf(pool, "%s.socket", unit), &v[(*n)++], err);
	return r;
}

int hp_php_version_files(struct hp_pool *pool, const struct hp_php_list *l,
	const struct hp_conf *conf, struct hp_tmpl_set *templates, enum hp_php_units units,
	struct hp_php_file **ret, size_t *ret_n, struct hp_err *err)
{
	struct hp_php_file *v = hp_palloc(pool, (l->n * 4 + 1) * sizeof(*v));
	size_t i, n = 0;
	int r;

	for (i = 0; i < l->n; i++) {
		r = version_files(pool, &l->v[i], conf, templates, units, v, &n, err);
		if (r < 0)
			return r;
	}
	*ret = v;
	*ret_n = n;
	return 0;
}

/*
 * ---- what settings become ----
 * as templates/php-fpm and templates/systemd write them; tests/node/directives.bats renders each
 */
static const struct hp_becomes fpm[HP_SITE_FIELDS] = {
	[HP_SITE_USER] = {"listen php_admin_value[mail.force_extra_parameters]",
		"the pool's name, too"},
	[HP_SITE_PHP_MEMORY_LIMIT] = {"php_admin_value[memory_limit]", NULL},
	[HP_SITE_PHP_MAX_EXECUTION_TIME] = {"php_admin_value[max_execution_time] "
					    "request_terminate_timeout",
		"the latter 5 seconds more, of the clock instead of the processor"},
	[HP_SITE_PHP_UPLOAD_MAX_FILESIZE] = {"php_admin_value[upload_max_filesize]", NULL},
	[HP_SITE_PHP_POST_MAX_SIZE] = {"php_admin_value[post_max_size]", NULL},
	[HP_SITE_PHP_MAX_CHILDREN] = {"pm.max_children", NULL},
	[HP_SITE_PHP_SLOWLOG_SECONDS] = {"request_slowlog_timeout slowlog", NULL},
	[HP_SITE_MEMORY_MAX] = {"pm.max_children php_admin_value[memory_limit]",
		"no more than it leaves room for, where they are not set"},
	[HP_SITE_TASKS_MAX] = {"pm.max_children",
		"no more than it leaves room for, where that is not set"},
};

static const struct hp_becomes ini[HP_SITE_FIELDS] = {
	[HP_SITE_PHP_EXTENSIONS] = {"extension zend_extension", NULL},
	[HP_SITE_PHP_SETTINGS] = {NULL, "each by its own name"},
};

static const struct hp_becomes limits[HP_SITE_FIELDS] = {
	[HP_SITE_USER] = {NULL, "phpX.Y-fpm@USER.service and .socket"},
	[HP_SITE_PHP_VERSION] = {NULL,
		"phpX.Y-fpm@USER.service and .socket; a link leads web servers to them"},
	[HP_SITE_PHP_PATHS] = {NULL, "the same for each further version, by a socket of its own"},
	[HP_SITE_MEMORY_MAX] = {"MemoryMax", "of each PHP version of the website"},
	[HP_SITE_CPU_QUOTA] = {"CPUQuota", NULL},
	[HP_SITE_TASKS_MAX] = {"TasksMax", NULL},
};

const struct hp_setting_place hp_php_places[] = {
	{"php-fpm", fpm},
	{"php.ini", ini},
	{"systemd", limits},
	{NULL, NULL},
};
