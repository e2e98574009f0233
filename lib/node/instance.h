/*
 * One FPM master per website and PHP version: an instance. Its listening socket
 * exists from start to stop; where systemd is PID 1 the master behind it comes with
 * the first request (phpX.Y-fpm@<user>.socket and .service), elsewhere we start it
 * ourselves with the same configuration and keep its pid in a file.
 *
 *   HP_PHP_RUN/<version>/<user>.sock   site:www-data 0660
 *   HP_PHP_RUN/<user>.sock             -> <version>/<user>.sock: the stable link vhosts name
 *   HP_PHP_RUN/<version>/<user>.pid    without systemd: "pid starttime"
 *
 * Everything here is level-triggered: starting what runs and stopping what does not
 * exist succeed and do nothing. Many at once are started together, without systemd a
 * bounded number of masters at a time.
 *
 * With a sysroot only links are made; nothing is started, asked or stopped, and all succeed.
 */
#ifndef HP_NODE_INSTANCE_H
#define HP_NODE_INSTANCE_H

#include <sys/types.h>
#include "node/php.h"

struct hp_instance;

/* Where instances are managed; plain data, made by hp_instances_init(). */
struct hp_instances {
	const char *root;              /* sysroot, "" for the real one */
	const struct hp_conf *conf;    /* or NULL */
	const struct hp_php_list *php;
	bool systemd;                  /* is PID 1 */
	bool by_user;                  /* no control group counts tasks: the kernel does by user */
	gid_t web_gid;                 /* [web] group */
	/* Since when nothing leads any more to those that are to end (hp_now_ms()); 0: just now. */
	uint64_t left_ms;
	/* What a website is to be told, though the operation succeeds; NULL: nobody asks. */
	void (*note)(void *arg, const struct hp_instance *v, const char *what);
	void *note_arg;
};
/* Refers to its arguments. HP_E_CONF when [web] group does not exist (real root only). */
int hp_instances_init(struct hp_instances *in, const char *root, const struct hp_conf *conf,
	const struct hp_php_list *php, struct hp_err *err);

/* Which template units this node's instances want. */
enum hp_php_units hp_instances_units(const struct hp_instances *in);

/* An instance. The user (uid, and a group gid of the same number) exists when it is started. */
struct hp_instance {
	const char *version, *user, *domain;
	uid_t uid;
};

/* Paths without sysroot. */
const char *hp_instance_socket(struct hp_pool *pool, const char *version, const char *user)
	HP_NONNULL_RET;
const char *hp_instance_link_path(struct hp_pool *pool, const char *user) HP_NONNULL_RET;

/*
 * Make sockets listen (and masters run, without systemd). When one can't, those that this call
 * started are stopped again. Version files (hp_php_version_files()) and the sites' own files are in
 * place. A socket there without anybody behind it is replaced. call: masters are to come up while
 * the caller does something else, before hp_instance_wait(); what fails there is found then.
 */
int hp_instance_start(const struct hp_instances *in, const struct hp_instance *v, size_t n,
	bool call, struct hp_err *err);
/*
 * Wait until each answers a FastCGI ping through its own socket (this wakes it under systemd), at
 * most timeout_ms in all. HP_E_BUSY names the first that does not, with the last line of its log.
 * *ret_bad: its index. Under systemd, of more than 64 only 64 are asked, spread evenly: all
 * sockets listen and all pools passed the test, and thousands of masters awake would fill the
 * memory.
 */
int hp_instance_wait(const struct hp_instances *in, const struct hp_instance *v, size_t n,
	unsigned timeout_ms, size_t *ret_bad, struct hp_err *err);
/*
 * New settings for instances that are started, requests served on: under systemd the master ends
 * gracefully while its socket queues (masters that sleep are left asleep); elsewhere a new
 * master takes over the path before the old one ends.
 */
int hp_instance_restart(const struct hp_instances *in, const struct hp_instance *v, size_t n,
	struct hp_err *err);
/*
 * Limits that stand in <version>/<user>.limits count from now on, without a restart: under systemd
 * as properties of the unit; elsewhere as resource limits of each process (the number of processes
 * holds for all of a site's together, its share of the processors can't be limited). start and
 * restart do the same.
 */
int hp_instance_limit(
	const struct hp_instances *in, const struct hp_instance *v, size_t n, struct hp_err *err);
/*
 * End them: requests already accepted or queued are answered first (up to [php] stop_timeout), then
 * master, socket and pid file go. Their stable link must point elsewhere by now or be unwanted: it
 * is removed when it points here. user and version suffice.
 */
int hp_instance_stop(const struct hp_instances *in, const struct hp_instance *v, size_t n,
	struct hp_err *err);
/*
 * As hp_instance_stop(), for instances whose user goes on with another version. Under systemd
 * nobody waits for their last requests: it ends them, by force after [php] stop_timeout.
 */
int hp_instance_retire(const struct hp_instances *in, const struct hp_instance *v, size_t n,
	struct hp_err *err);
/* Kill without grace what hp_instance_stop() could not end; then as hp_instance_stop(). */
int hp_instance_kill(const struct hp_instances *in, const struct hp_instance *v, size_t n,
	struct hp_err *err);

/* ---- the stable link ---- */
/*
 * Point <user>.sock at version's socket by rename(2): at every instant there is one link.
 * *ret_old (may be NULL) gets the version it pointed at, or NULL.
 */
int hp_instance_link(struct hp_pool *pool, const struct hp_instances *in, const char *user,
	const char *version, const char **ret_old, struct hp_err *err);
/* The version the link points at, or NULL. */
int hp_instance_linked(struct hp_pool *pool, const struct hp_instances *in, const char *user,
	const char **ret, struct hp_err *err);
int hp_instance_unlink(const struct hp_instances *in, const char *user, struct hp_err *err);

/* ---- looking ---- */
enum hp_instance_state {
	HP_INSTANCE_STOPPED,   /* no socket (or, without systemd, a socket whose master died) */
	HP_INSTANCE_WAITING,   /* a socket; the master comes with the next request */
	HP_INSTANCE_RUNNING,
};
const char *hp_instance_state_name(enum hp_instance_state s) HP_NONNULL_RET;
struct hp_instance_status {
	const char *version, *user;
	enum hp_instance_state state;
	pid_t pid;             /* master, or 0 */
};
/* One of them, or all of the node (in order of version, user). */
int hp_instance_status(struct hp_pool *pool, const struct hp_instances *in, const char *version,
	const char *user, struct hp_instance_status *ret, struct hp_err *err);
int hp_instance_list(struct hp_pool *pool, const struct hp_instances *in,
	struct hp_instance_status **ret, size_t *ret_n, struct hp_err *err);

/*
 * Stop masters (not sockets) that served no request for idle_s seconds; called every minute or so,
 * keeps its notes in HP_PHP_RUN/<version>/<user>.idle. Only under systemd, where the next request
 * wakes them; elsewhere does nothing. *ret_n: how many.
 */
int hp_instance_idle_stop(const struct hp_instances *in, unsigned idle_s, size_t *ret_n,
	struct hp_err *err);

#endif
