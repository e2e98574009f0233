#include <dirent.h>
#include <errno.h>
#include <limits.h>

#include "base/file.h"
#include "base/str.h"
#include "node/php_impl.h"
#include "sys/run.h"

int hp_php_version_cmp(const char *a, const char *b)
{
	for (;;) {
		char *ea, *eb;
		unsigned long x = strtoul(a, &ea, 10), y = strtoul(b, &eb, 10);

		if (x != y)
			return x < y ? -1 : 1;
		if (*ea != '.' || *eb != '.')
			return (*ea == '.') - (*eb == '.');
		a = ea + 1;
		b = eb + 1;
	}
}

/* "8.2" and nothing else: what may stand in a path, a unit's name and a section's name. */
static bool is_version(const char *s)
{
	const char *dot = strchr(s, '.');
	size_t i;

	if (!dot || dot == s || dot - s > 2 || !dot[1] || strlen(dot + 1) > 2)
		return false;
	for (i = 0; s[i]; i++)
		if (s + i != dot && (s[i] < '0' || s[i] > '9'))
			return false;
	return true;
}

static int cmp_php(const void *a, const void *b)
{
	return hp_php_version_cmp(
		((const struct hp_php *)a)->version, ((const struct hp_php *)b)->version);
}

static void add(struct hp_pool *pool, struct hp_php_list *l, size_t *cap, const struct hp_php *p)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (hp_streq(l->v[i].version, p->version)) {
			l->v[i] = *p;
			return;
		}
	}
	if (l->n == *cap) {
		struct hp_php *v = hp_palloc(pool, (*cap + 8) * sizeof(*v));

		if (l->n)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
		*cap += 8;
	}
	l->v[l->n++] = *p;
}

static bool is_program(struct hp_pool *pool, const char *root, const char *path)
{
	struct stat st;

	return hp_path_is_clean(path) && stat(hp_path(pool, root, path), &st) == 0 &&
		S_ISREG(st.st_mode) && (st.st_mode & 0111);
}

static int detect_debian(struct hp_pool *pool, const char *root, struct hp_php_list *l, size_t *cap,
	struct hp_err *err)
{
	const char *dir = hp_path(pool, root, "/usr/sbin");
	struct dirent *e;
	DIR *d = opendir(dir);

	if (!d)
		return errno == ENOENT ? 0 : hp_err_errno(err, HP_E_OS, errno, "%s", dir);
	while ((e = readdir(d))) {
		const char *version = hp_str_after(e->d_name, "php-fpm");
		struct hp_php p = {0};

		if (!version || !is_version(version))
			continue;
		p.version = hp_pstrdup(pool, version);
		p.fpm = hp_pprintf(pool, "/usr/sbin/php-fpm%s", version);
		if (!is_program(pool, root, p.fpm))
			continue;
		p.cli = hp_pprintf(pool, "/usr/bin/php%s", version);
		if (!is_program(pool, root, p.cli))
			p.cli = NULL;
		add(pool, l, cap, &p);
	}
	closedir(d);
	return 0;
}

static int add_configured(struct hp_pool *pool, const char *root, const struct hp_conf *conf,
	const char *version, struct hp_php_list *l, size_t *cap, struct hp_err *err)
{
	const char *section = hp_pprintf(pool, "php.%s", version);
	const char *fpm = hp_conf_get(conf, section, "fpm");
	const char *cli = hp_conf_get(conf, section, "cli");
	const char *opcache = hp_conf_get(conf, section, "opcache_enabled");
	const struct hp_php *there = hp_php_find(l, version);
	struct hp_php p = {.version = hp_pstrdup(pool, version)};

	if (there)
		p = *there;
	if (fpm && !is_program(pool, root, fpm)) {
		hp_err_set(err, HP_E_CONF, "%s: [php.\"%s\"] fpm: %s is not a program",
			hp_conf_path(conf), version, fpm);
		return hp_err_hint(err, "give the absolute path of a php-fpm, or remove the line");
	}
	if (fpm)
		p.fpm = fpm;
	if (!p.fpm)
		return 0;
	if (cli)
		p.cli = is_program(pool, root, cli) ? cli : NULL;
	p.extension_dir = hp_conf_get(conf, section, "extension_dir");
	p.loads_opcache = hp_parse_bool(opcache, &p.loads_opcache) == 0 && p.loads_opcache &&
		hp_php_has_module(pool, root, &p, "opcache");
	add(pool, l, cap, &p);
	return 0;
}

int hp_php_detect(struct hp_pool *pool, const char *root, const struct hp_conf *conf,
	struct hp_php_list *ret, struct hp_err *err)
{
	struct hp_php_list l = {0};
	unsigned major, minor;
	size_t cap = 0;
	int r;

	r = detect_debian(pool, root, &l, &cap, err);
	if (r < 0)
		return r;
	/* PHP has never had a minor number of two digits; asking for each costs nothing */
	for (major = 5; conf && major <= 9; major++) {
		for (minor = 0; minor <= 9; minor++) {
			char version[8];

			snprintf(version, sizeof(version), "%u.%u", major, minor);
			r = add_configured(pool, root, conf, version, &l, &cap, err);
			if (r < 0)
				return r;
		}
	}
	if (l.n) {
		qsort(l.v, l.n, sizeof(*l.v), cmp_php);
		l.v[l.n - 1].is_default = true;
	}
	*ret = l;
	return 0;
}

const struct hp_php *hp_php_find(const struct hp_php_list *l, const char *version)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (hp_streq(l->v[i].version, version))
			return &l->v[i];
	return NULL;
}

int hp_php_need(const struct hp_php_list *l, const char *version, const struct hp_php **ret,
	struct hp_err *err)
{
	_cleanup_buf_ struct hp_buf have = HP_BUF_INIT;
	size_t i;

	*ret = hp_php_find(l, version);
	if (*ret)
		return 0;
	for (i = 0; i < l->n; i++)
		hp_buf_addf(&have, "%s%s", i ? ", " : "", l->v[i].version);
	hp_err_set(err, HP_E_NOT_FOUND, "PHP %s is not installed on this node; installed: %s",
		version, have.len ? hp_buf_str(&have) : "none");
	return hp_err_hint(
		err, "install the package php%s-fpm, or choose an installed version", version);
}

int hp_php_release(struct hp_pool *pool, const char *root, const struct hp_php *php,
	const char **ret, struct hp_err *err)
{
	_cleanup_buf_ struct hp_buf out = HP_BUF_INIT;
	const char *argv[] = {hp_path(pool, root, php->fpm), "-v", NULL};
	struct hp_run run = {.argv = argv, .out = &out, .timeout_ms = 10000};
	const char *p;
	int r;

	r = hp_run_ok(&run, err);
	if (r < 0)
		return r;
	p = hp_str_after(hp_buf_str(&out), "PHP ");
	if (!p)
		return hp_err_set(err, HP_E_REFUSED, "%s -v does not tell a PHP version", php->fpm);
	*ret = hp_pstrndup(pool, p, strcspn(p, " \n"));
	return 0;
}
