/* The extensions that a website loads besides those of every site on its version. */
#include <dirent.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "node/php.h"
#include "node/php_impl.h"
#include "sys/json.h"
#include "sys/run.h"

static const char *mods_dir(struct hp_pool *pool, const struct hp_php *php)
{
	return hp_pprintf(pool, "/etc/php/%s/mods-available", php->version);
}

bool hp_php_has_module(
	struct hp_pool *pool, const char *root, const struct hp_php *php, const char *name)
{
	const char *dir = php->extension_dir;

	return dir && hp_path_is_clean(dir) &&
		access(hp_path(pool, root, hp_pprintf(pool, "%s/%s.so", dir, name)), F_OK) == 0;
}

/*
 * Debian: mods-available/NAME.ini is what is installed, conf.d/NN-NAME.ini what every FPM of the
 * version loads already; loading twice warns in each request.
 */
static bool is_loaded(
	struct hp_pool *pool, const char *root, const struct hp_php *php, const char *name)
{
	const char *dir =
		hp_path(pool, root, hp_pprintf(pool, "/etc/php/%s/fpm/conf.d", php->version));
	DIR *d = opendir(dir);
	struct dirent *e;
	bool found = false;

	while (d && !found && (e = readdir(d))) {
		const char *dash = strchr(e->d_name, '-');
		size_t n = strlen(name);

		found = dash && strncmp(dash + 1, name, n) == 0 && hp_streq(dash + 1 + n, ".ini");
	}
	if (d)
		closedir(d);
	return found;
}

/* Those that PHP itself or its own configuration brings, as `php-fpmX.Y -m` lists them. */
static void list_loaded(
	struct hp_pool *pool, const char *root, const struct hp_php *php, struct hp_strv *ret)
{
	_cleanup_buf_ struct hp_buf out = HP_BUF_INIT;
	const char *argv[] = {hp_path(pool, root, php->fpm), "-m", NULL};
	struct hp_run run = {.argv = argv, .out = &out, .timeout_ms = 10000};
	struct hp_err ignored = HP_ERR_INIT;
	struct hp_strv lines = {0};
	size_t i;

	if (hp_run(&run, &ignored) != 0)
		return;
	hp_str_split(pool, hp_buf_str(&out), "\n", &lines);
	for (i = 0; i < lines.n; i++)
		if (*lines.v[i] && *lines.v[i] != '[')
			hp_strv_add(pool, ret, lines.v[i]);
}

/* Names of files that end so. */
static void list_files(
	struct hp_pool *pool, const char *dir, const char *suffix, struct hp_strv *ret)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.' && hp_str_ends(e->d_name, suffix))
			hp_strv_addf(pool, ret, "%.*s", (int)(strlen(e->d_name) - strlen(suffix)),
				e->d_name);
	if (d)
		closedir(d);
}

static bool has_word(const struct hp_strv *l, const char *name)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcasecmp(l->v[i], name) == 0)
			return true;
	return false;
}

/* Refused: with all that could have been asked for. */
static int no_such(struct hp_pool *pool, const char *root, const struct hp_php *php,
	const struct hp_strv *loaded, const char *name, struct hp_err *err)
{
	_cleanup_buf_ struct hp_buf text = HP_BUF_INIT;
	struct hp_strv all = {0}, have = {0};
	size_t i;

	list_files(pool, hp_path(pool, root, mods_dir(pool, php)), ".ini", &all);
	if (php->extension_dir && hp_path_is_clean(php->extension_dir))
		list_files(pool, hp_path(pool, root, php->extension_dir), ".so", &all);
	for (i = 0; i < loaded->n; i++)
		if (!strchr(loaded->v[i], ' '))
			hp_strv_add_ref(pool, &all, loaded->v[i]);
	for (i = 0; i < all.n; i++)
		if (!has_word(&have, all.v[i]))
			hp_strv_add_ref(pool, &have, all.v[i]);
	hp_strv_sort(&have);
	for (i = 0; i < have.n; i++)
		hp_buf_addf(&text, "%s%s", i ? " " : "", have.v[i]);
	hp_err_set(err, HP_E_USAGE, "php_extensions: PHP %s has no extension \"%s\"; it has: %s",
		php->version, name, have.n ? hp_buf_str(&text) : "none");
	return hp_err_hint(err,
		php->extension_dir ? "put %s.so into %s" : "install the package php%s-%s",
		php->extension_dir ? name : php->version,
		php->extension_dir ? php->extension_dir : name);
}

/* What a package's mods-available/NAME.ini says about it. */
static void read_mod_ini(struct hp_pool *pool, const char *text, struct hp_php_extension *ret)
{
	struct hp_strv lines = {0};
	size_t i;

	hp_str_split(pool, text, "\n", &lines);
	for (i = 0; i < lines.n; i++) {
		const char *p = hp_str_after(lines.v[i], "; priority=");

		if (p)
			hp_parse_i64(p, 0, 99, &ret->priority);
		if (hp_str_starts(lines.v[i], "zend_extension"))
			ret->zend = true;
	}
}

/* 1: to be loaded, 0: loaded already. */
static int find(struct hp_pool *pool, const char *root, const struct hp_php *php, const char *name,
	struct hp_php_extension *ret, struct hp_err *err)
{
	_cleanup_buf_ struct hp_buf text = HP_BUF_INIT;
	struct hp_err ignored = HP_ERR_INIT;
	struct hp_strv loaded = {0};

	*ret = (struct hp_php_extension){.name = name, .priority = 20};
	if (is_loaded(pool, root, php, name) || (php->loads_opcache && hp_streq(name, "opcache")))
		return 0;
	if (hp_file_read(
		    hp_path(pool, root, hp_pprintf(pool, "%s/%s.ini", mods_dir(pool, php), name)),
		    65536, &text, &ignored) == 0) {
		read_mod_ini(pool, hp_buf_str(&text), ret);
		return 1;
	}
	if (hp_php_has_module(pool, root, php, name)) {
		ret->zend = hp_streq(name, "opcache") || hp_streq(name, "xdebug");
		/* as Debian orders them: mysqlnd before mysqli, xml before its kin */
		if (ret->zend || hp_streq(name, "mysqlnd") || hp_streq(name, "pdo"))
			ret->priority = 10;
		else if (hp_streq(name, "xml"))
			ret->priority = 15;
		return 1;
	}
	/* asked last, since it costs a process: json, pcre and others are part of PHP itself */
	list_loaded(pool, root, php, &loaded);
	if (has_word(&loaded, name))
		return 0;
	return no_such(pool, root, php, &loaded, name, err);
}

static int cmp_extension(const void *a, const void *b)
{
	const struct hp_php_extension *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return strcmp(x->name, y->name);
}

int hp_php_extensions(struct hp_pool *pool, const char *root, const struct hp_php *php,
	const char *value, struct hp_php_extension **ret, size_t *ret_n, struct hp_err *err)
{
	_cleanup_json_ struct hp_json *doc = NULL;
	const struct hp_json *item;
	struct hp_php_extension *v;
	size_t n = 0, max = 0;
	int e;

	*ret_n = 0;
	if (!value || hp_streq(value, "[]"))
		return 0;
	e = hp_json_parse(value, strlen(value), &doc, err);
	if (e < 0)
		return hp_err_prefix(err, "php_extensions");
	for (item = hp_json_first(doc); item; item = hp_json_next(item))
		max++;
	v = hp_palloc(pool, (max + 1) * sizeof(*v));
	for (item = hp_json_first(doc); item; item = hp_json_next(item)) {
		const char *name = hp_json_str(item);

		/* it becomes part of a path: checked by the field table, and once more here */
		if (!name || !*name ||
			strspn(name,
				"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"0123456789_") != strlen(name))
			return hp_err_set(err, HP_E_USAGE,
				"php_extensions: \"%s\" is not an extension's name",
				name ? name : "");
		e = find(pool, root, php, hp_pstrdup(pool, name), &v[n], err);
		if (e < 0)
			return e;
		n += (size_t)e;
	}
	qsort(v, n, sizeof(*v), cmp_extension);
	*ret = v;
	*ret_n = n;
	return 0;
}
