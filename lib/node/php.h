/*
 * The PHP versions of a node and the configuration of one website's FPM: which are
 * installed, what a site's files contain, whether FPM accepts them. Starting and
 * stopping is instance.h.
 *
 * A site has at most three files below HP_PHP_ETC, each a function of (site, version, conf):
 *   <version>/<user>.conf          complete FPM configuration: [global] and the one pool [<user>]
 *   <version>/<user>.d/site.ini    extensions that the version does not load for everybody, and
 *                                  php_settings; only when there are any
 *   <version>/<user>.limits        memory_max, cpu_quota, tasks_max as systemd names them; only
 *                                  when one of them is set (instance.h makes them count)
 * and a version has
 *   <version>/conf.d/50-hosting-panel.ini   OPcache and JIT, which PHP reads only at start-up
 *   <version>/probe.php                     tells hp_php_ask() what runs
 *   HP_SYSTEMD_DIR/phpX.Y-fpm@.service and .socket   where systemd is PID 1
 */
#ifndef HP_NODE_PHP_H
#define HP_NODE_PHP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/paths.h"
#include "base/pool.h"
#include "model/site.h"
#include "node/settings.h"
#include "sys/conf.h"
#include "sys/tmpl.h"

#define HP_SYSTEMD_DIR "/etc/systemd/system"
#define HP_MSMTP "/usr/bin/msmtp"
/* What a pool answers to hp_fcgi_ping(), and where its status page is; no vhost passes them on. */
#define HP_PHP_PING "/.well-known/hosting-panel/ping"
#define HP_PHP_STATUS "/.well-known/hosting-panel/status"

struct hp_php {
	const char *version; /* "8.2" */
	const char *fpm;     /* "/usr/sbin/php-fpm8.2", without sysroot */
	const char *cli;     /* "/usr/bin/php8.2", or NULL */
	const char *extension_dir; /* [php."X.Y"] extension_dir, or NULL */
	bool loads_opcache;  /* from there, for every site: no package does it */
	bool is_default;     /* the newest */
};

struct hp_php_list {
	struct hp_php *v; /* by number: 8.2 before 8.10 */
	size_t n;
};

/*
 * Installed versions: /usr/sbin/php-fpmX.Y below root (Debian's layout) and [php."X.Y"] fpm= of
 * the configuration (conf may be NULL), which wins. Looks at the file system only, runs nothing.
 * HP_E_CONF when fpm= names no program. No version at all is not an error: n = 0.
 */
int hp_php_detect(struct hp_pool *pool, const char *root, const struct hp_conf *conf,
	struct hp_php_list *ret, struct hp_err *err);
/* NULL when it is not installed. */
const struct hp_php *hp_php_find(const struct hp_php_list *l, const char *version);
/* The same; HP_E_NOT_FOUND saying which are installed, with a hint how to install it. */
int hp_php_need(const struct hp_php_list *l, const char *version, const struct hp_php **ret,
	struct hp_err *err);
/* "8.2.29": runs `php-fpmX.Y -v` (50 ms and more): only when somebody wants to see it. */
int hp_php_release(struct hp_pool *pool, const char *root, const struct hp_php *php,
	const char **ret, struct hp_err *err);
/* Compare "8.2" and "8.10" as numbers: < 0, 0, > 0. */
int hp_php_version_cmp(const char *a, const char *b);

/* ---- the files of one site: php_render.c ---- */
/* What settings become in them: "php-fpm", "php.ini", "systemd"; a name NULL ends it. */
extern const struct hp_setting_place hp_php_places[];
/*
 * Settings that the site leaves to its version on this node: [php."X.Y"] memory_limit (but not
 * above the site's memory_max) and max_execution_time. conf may be NULL: the keys' own defaults.
 */
int hp_php_defaults(
	struct hp_pool *pool, const struct hp_conf *conf, struct hp_site *site, struct hp_err *err);
/* Paths without sysroot. */
const char *hp_php_conf_path(struct hp_pool *pool, const char *version, const char *user)
	HP_NONNULL_RET;
const char *hp_php_ini_path(struct hp_pool *pool, const char *version, const char *user)
	HP_NONNULL_RET;
const char *hp_php_limits_path(
	struct hp_pool *pool, const char *version, const char *user) HP_NONNULL_RET;
/* The script that a pool of this version may run besides the site's own. */
const char *hp_php_probe_path(struct hp_pool *pool, const char *version) HP_NONNULL_RET;
/* HP_CUSTOM_DIR/<domain>/php-fpm/ *.conf, sorted, paths without sysroot; none is fine. */
int hp_php_custom(struct hp_pool *pool, const char *root, const char *domain, struct hp_strv *ret,
	struct hp_err *err);
/*
 * The texts of the site's files; those that stay empty are not to be written. custom: what
 * hp_php_custom() found; they are included by name, so a new snippet changes the file. The engine
 * writes all root:<user> 0640 in folders 0755. HP_E_USAGE for a value that can't be written, and
 * for an extension that the version does not have (saying which it has).
 */
struct hp_php_render {
	const char *root;
	const struct hp_conf *conf;     /* or NULL: defaults */
	struct hp_tmpl_set *templates;
	const struct hp_php *php;
	const struct hp_site *site;
	const struct hp_strv *custom;   /* or NULL */
};
struct hp_php_texts {
	struct hp_buf conf, ini, limits; /* reset first */
};
void hp_php_texts_release(struct hp_php_texts *t);
#define _cleanup_php_texts_ _cleanup_(hp_php_texts_release)
int hp_php_render(struct hp_pool *pool, const struct hp_php_render *r, struct hp_php_texts *ret,
	struct hp_err *err);

/* ---- the files of one version ---- */
/* Tasks, and bytes of memory (half of the host's), of a website that has no limits of its own. */
#define HP_TASKS_MAX 512
uint64_t hp_php_memory(void);

struct hp_php_file {
	const char *path;    /* without sysroot */
	const char *text;
	size_t len;
	bool unit;           /* systemd's: one hp_service_daemon_reload() when any changed */
};
/*
 * conf.d/50-hosting-panel.ini, probe.php, and the two template units, for each installed version.
 * They are the node's, not a site's. Mode 0644.
 */
enum hp_php_units {
	HP_PHP_NO_UNITS,
	HP_PHP_UNITS,
	HP_PHP_UNITS_BY_USER, /* no control group counts: the master limits itself */
};
int hp_php_version_files(struct hp_pool *pool, const struct hp_php_list *l,
	const struct hp_conf *conf, struct hp_tmpl_set *templates,
	enum hp_php_units units, struct hp_php_file **ret, size_t *ret_n, struct hp_err *err);

/* ---- does FPM accept them? php_test.c ---- */
struct hp_php_staged {
	const char *user;    /* the pool's name */
	const char *path;    /* where the file will be, without sysroot: for messages */
	const char *staged;  /* where its text is now: a real path, readable by us */
};
/*
 * One `php-fpmX.Y -t` over all of them, and our own checks of what -t lets pass: one pool a file,
 * named after the user; names unique; custom snippets that open a section or change user, group,
 * listen, ping or chroot. HP_E_REFUSED with FPM's own words at the file's live path and line.
 * *ret_bad is the index of the file to blame, or n when the message names none: then bisect.
 * Takes 0.08 s for one pool, 0.5 s for 1,000.
 */
int hp_php_test(const char *root, const struct hp_php *php, const struct hp_php_staged *v, size_t n,
	size_t *ret_bad, struct hp_err *err);
/*
 * The same in two steps, so that FPM reads while other servers test. begin: our own checks; 0 and
 * *ret NULL when n is 0. end waits for FPM's verdict and frees. v and its strings stay until then.
 * beside: something else is waited for first. FPM reads only from hp_php_test_go() on, or from the
 * end, and leaves the processors to others (setpriority(2)).
 */
struct hp_php_testing;
int hp_php_test_begin(const char *root, const struct hp_php *php, const struct hp_php_staged *v,
	size_t n, bool beside, struct hp_php_testing **ret, size_t *ret_bad, struct hp_err *err);
int hp_php_test_go(struct hp_php_testing *t, struct hp_err *err);
int hp_php_test_end(struct hp_php_testing *t, size_t *ret_bad, struct hp_err *err);

#endif
