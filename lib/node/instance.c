#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "node/folders.h"
#include "node/instance_impl.h"
#include "node/masters.h"
#include "sys/probe.h"
#include "sys/service.h"

/* Masters that systemd is asked to start together, before they are pinged. */
#define WAKE_MAX 32
/* As many are asked in one call where a ping wakes a master of 10 MB and more. */
#define PROVE_MAX 64
/* Longest wait for one answer before the master is looked at again. */
#define SLICE_MS 1000

int hp_instances_init(struct hp_instances *in, const char *root, const struct hp_conf *conf,
	const struct hp_php_list *php, struct hp_err *err)
{
	const char *name = conf ? hp_conf_get(conf, "web", "group") : NULL;
	struct group *g;

	if (!name)
		name = "www-data";
	*in = (struct hp_instances){.root = hp_streq(root, "/") ? "" : root,
		.conf = conf,
		.php = php,
		.web_gid = getegid()};
	if (*in->root)
		return 0;
	in->systemd = hp_service_manager() == HP_SERVICE_SYSTEMD;
	in->by_user = !in->systemd || !hp_limits_are_counted();
	g = getgrnam(name);
	if (!g) {
		hp_err_set(err, HP_E_CONF, "the web servers' group \"%s\" does not exist", name);
		return hp_err_hint(err, "install a web server, or set group in [web] of %s",
			HP_CONF_FILE);
	}
	in->web_gid = g->gr_gid;
	return 0;
}

enum hp_php_units hp_instances_units(const struct hp_instances *in)
{
	if (!in->systemd)
		return HP_PHP_NO_UNITS;
	return in->by_user ? HP_PHP_UNITS_BY_USER : HP_PHP_UNITS;
}

static const struct hp_instance_ops *ops(const struct hp_instances *in)
{
	return in->systemd ? &hp_instance_systemd : &hp_instance_plain;
}

const char *hp_instance_socket(struct hp_pool *pool, const char *version, const char *user)
{
	return hp_pprintf(pool, HP_PHP_RUN "/%s/%s.sock", version, user);
}

const char *hp_instance_link_path(struct hp_pool *pool, const char *user)
{
	return hp_pprintf(pool, HP_PHP_RUN "/%s.sock", user);
}

const char *hp_instance_fpm_log(struct hp_pool *pool, const char *domain)
{
	return hp_pprintf(pool, "%s/php-fpm.log", hp_folders_logs(pool, domain));
}

unsigned hp_instance_stop_ms(const struct hp_instances *in)
{
	const char *v = in->conf ? hp_conf_get(in->conf, "php", "stop_timeout") : NULL;
	uint64_t s;

	return v && hp_parse_duration(v, 86400, &s) == 0 ? (unsigned)s * 1000 : 10000;
}

int hp_instance_run_dir(const struct hp_instances *in, const char *version, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	const char *dir = hp_pprintf(pool, HP_PHP_RUN "/%s", version);
	struct stat st;

	if (hp_mkdirs(dir, 0755, err) < 0)
		return err->code;
	if (stat(dir, &st) < 0 || (st.st_gid != in->web_gid && chown(dir, 0, in->web_gid) < 0))
		return hp_err_errno(err, HP_E_OS, errno, "%s", dir);
	/* services may not (RestrictSUIDSGID=): there the folder above has it, by tmpfiles.d */
	if (!(st.st_mode & S_ISGID) && chmod(dir, 02755) < 0 && errno != EPERM)
		return hp_err_errno(err, HP_E_OS, errno, "%s", dir);
	return 0;
}

/* Asked in slices; of two that queue one behind the other the later proves as much as the first. */
void hp_instance_drain(const char *socket, pid_t master, unsigned timeout_ms)
{
	struct hp_err ignored = HP_ERR_INIT;
	uint64_t end = hp_now_ms() + timeout_ms, now, left;
	unsigned slice, looks = 0;

	do {
		now = hp_now_ms();
		left = now < end ? end - now : 0;
		slice = left < SLICE_MS ? (unsigned)left : SLICE_MS;
		/* one that fails sooner fails for good */
		if (hp_fcgi_ping(socket, HP_PHP_PING, slice, &ignored) == 0 ||
			hp_now_ms() < now + slice)
			return;
		looks = master && hp_masters_is_stuck(master) ? looks + 1 : 0;
	} while (left > SLICE_MS && looks < HP_MASTERS_LOOKS);
}

void hp_instance_let_answer(const struct hp_instances *in, const struct hp_instance *v,
	const pid_t *master, size_t n, unsigned late_ms)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	uint64_t gone = in->left_ms ? hp_now_ms() - in->left_ms : 0;
	bool any = false;
	size_t i;

	for (i = 0; i < n; i++)
		any |= master[i] != 0;
	if (any && gone < late_ms)
		hp_nap(late_ms - (unsigned)gone);
	for (i = 0; i < n; i++)
		if (master[i])
			hp_instance_drain(hp_instance_socket(pool, v[i].version, v[i].user),
				master[i], hp_instance_stop_ms(in));
}

const char *hp_instance_state_name(enum hp_instance_state s)
{
	switch (s) {
	case HP_INSTANCE_RUNNING:
		return "running";
	case HP_INSTANCE_WAITING:
		return "waiting";
	case HP_INSTANCE_STOPPED:
		break;
	}
	return "stopped";
}

/* As hp_instance_wait() begins: of many it does not ask these. */
int hp_instance_start(const struct hp_instances *in, const struct hp_instance *v, size_t n,
	bool call, struct hp_err *err)
{
	size_t called = !call || n > PROVE_MAX ? 0 : n < WAKE_MAX ? n : WAKE_MAX;

	return *in->root || n == 0 ? 0 : ops(in)->start(in, v, n, called, err);
}

int hp_instance_restart(const struct hp_instances *in, const struct hp_instance *v, size_t n,
	struct hp_err *err)
{
	return *in->root || n == 0 ? 0 : ops(in)->restart(in, v, n, err);
}

int hp_instance_limit(
	const struct hp_instances *in, const struct hp_instance *v, size_t n, struct hp_err *err)
{
	return *in->root || n == 0 ? 0 : ops(in)->limit(in, v, n, err);
}

/* ---- wait ---- */

/* The last line of text that says why; FPM ends its complaints with lines that say only that. */
static const char *last_words(struct hp_pool *pool, const char *text)
{
	struct hp_strv lines = {0};
	size_t i;

	hp_str_split(pool, text, "\n", &lines);
	for (i = lines.n; i-- > 0;)
		if (!strstr(lines.v[i], "FPM initialization failed") &&
			!strstr(lines.v[i], "failed to post process"))
			return lines.v[i];
	return NULL;
}

void hp_instance_last_words(const struct hp_instance *i, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	const char *log = hp_instance_fpm_log(pool, i->domain), *words;
	_cleanup_close_ int fd = open(log, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char buf[2049];
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	n = pread(fd, buf, sizeof(buf) - 1, st.st_size > 2048 ? st.st_size - 2048 : 0);
	if (n <= 0)
		return;
	buf[n] = '\0';
	words = last_words(pool, buf);
	if (words)
		hp_err_hint(err, "%s ends with: %s", log, hp_str_printable(pool, words, 300));
}

/* Asked in slices: a master that ended meanwhile will not answer, however long we wait. */
static int wait_one(const struct hp_instances *in, const struct hp_instance *i, uint64_t end,
	struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	const char *path = hp_instance_socket(pool, i->version, i->user);
	struct hp_instance_status s = {.version = i->version, .user = i->user};
	struct hp_err ignored = HP_ERR_INIT;
	unsigned looks = 0;
	int r;

	for (;;) {
		uint64_t now = hp_now_ms(), left = now < end ? end - now : 0;

		/* also when time is up: one that answers at once is not to blame */
		hp_err_clear(err);
		r = hp_fcgi_ping(path, HP_PHP_PING,
			left < 100        ? 100
			: left < SLICE_MS ? (unsigned)left
					  : SLICE_MS,
			err);
		if (r == 0)
			return 0;
		if (left <= SLICE_MS || (ops(in)->status(in, &s, 1, &ignored) == 0 &&
						s.state == HP_INSTANCE_STOPPED))
			break;
		looks = s.pid && hp_masters_is_stuck(s.pid) ? looks + 1 : 0;
		if (looks == HP_MASTERS_LOOKS) {
			hp_err_set(err, r,
				"%s: PHP %s of user %s does not answer: its processes (%d) are "
				"stopped by a signal",
				i->domain, i->version, i->user, (int)s.pid);
			return hp_err_hint(err, "let them go on: pkill -CONT -u %s", i->user);
		}
	}
	hp_err_prefix(err, "%s: PHP %s of user %s does not answer", i->domain, i->version, i->user);
	hp_instance_last_words(i, err);
	return r;
}

/* Who can't start is found by the ping. */
static void wake(const struct hp_instances *in, const struct hp_instance *v, size_t n)
{
	struct hp_err ignored = HP_ERR_INIT;

	ops(in)->wake(in, v, n < WAKE_MAX ? n : WAKE_MAX, &ignored);
}

int hp_instance_wait(const struct hp_instances *in, const struct hp_instance *v, size_t n,
	unsigned timeout_ms, size_t *ret_bad, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	size_t step = in->systemd && n > PROVE_MAX ? (n + PROVE_MAX - 1) / PROVE_MAX : 1;
	struct hp_instance *ask = hp_palloc(pool, (n / step + 2) * sizeof(*ask));
	uint64_t end = hp_now_ms() + timeout_ms;
	size_t i, k = 0;
	int r;

	*ret_bad = n;
	for (i = 0; !*in->root && i < n; i += step)
		ask[k++] = v[i];
	for (i = 0; i < k; i++) {
		if (i % WAKE_MAX == 0 && k > 1)
			wake(in, ask + i, k - i);
		r = wait_one(in, &ask[i], end, err);
		if (r < 0) {
			*ret_bad = i * step;
			return r;
		}
	}
	return 0;
}

/* ---- the stable link ---- */

int hp_instance_linked(struct hp_pool *pool, const struct hp_instances *in, const char *user,
	const char **ret, struct hp_err *err)
{
	const char *path = hp_instance_link_path(pool, user);
	char buf[256], *slash;
	ssize_t n;

	*ret = NULL;
	n = readlink(hp_path(pool, in->root, path), buf, sizeof(buf) - 1);
	if (n < 0 && errno == ENOENT)
		return 0;
	if (n < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s", path);
	buf[n] = '\0';
	slash = strchr(buf, '/');
	if (!slash)
		return 0;
	*slash = '\0';
	*ret = hp_pstrdup(pool, buf);
	return 0;
}

int hp_instance_link(struct hp_pool *pool, const struct hp_instances *in, const char *user,
	const char *version, const char **ret_old, struct hp_err *err)
{
	const char *path = hp_instance_link_path(pool, user);
	const char *full = hp_path(pool, in->root, path);
	const char *temp = hp_path(pool, in->root, hp_pprintf(pool, HP_PHP_RUN "/.%s.new", user));
	const char *target = hp_pprintf(pool, "%s/%s.sock", version, user), *old;
	int r;

	if (ret_old)
		*ret_old = NULL;
	/* most are new: then the path changes from nothing to the whole link at once */
	r = symlink(target, full);
	if (r < 0 && errno == ENOENT) {
		if (hp_mkdirs(hp_path(pool, in->root, HP_PHP_RUN), 0755, err) < 0)
			return err->code;
		r = symlink(target, full);
	}
	if (r == 0)
		return 0;
	if (errno != EEXIST)
		return hp_err_errno(err, HP_E_OS, errno, "%s", path);
	if (hp_instance_linked(pool, in, user, &old, err) < 0)
		return err->code;
	if (ret_old)
		*ret_old = old;
	if (hp_streq(old, version))
		return 0;
	if (unlink(temp) < 0 && errno != ENOENT)
		return hp_err_errno(err, HP_E_OS, errno, "%s", temp);
	if (symlink(target, temp) < 0 || rename(temp, full) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s", path);
	return 0;
}

int hp_instance_unlink(const struct hp_instances *in, const char *user, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	const char *path = hp_instance_link_path(pool, user);

	if (unlink(hp_path(pool, in->root, path)) < 0 && errno != ENOENT)
		return hp_err_errno(err, HP_E_OS, errno, "%s", path);
	return 0;
}

static int stop(const struct hp_instances *in, const struct hp_instance *v, size_t n,
	enum hp_instance_end how, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	const char *linked;
	size_t i;
	int r = 0;

	if (!*in->root && n)
		r = ops(in)->stop(in, v, n, how, err);
	for (i = 0; r == 0 && i < n; i++) {
		r = hp_instance_linked(pool, in, v[i].user, &linked, err);
		if (r == 0 && hp_streq(linked, v[i].version))
			r = hp_instance_unlink(in, v[i].user, err);
	}
	return r;
}

int hp_instance_stop(const struct hp_instances *in, const struct hp_instance *v, size_t n,
	struct hp_err *err)
{
	return stop(in, v, n, HP_INSTANCE_STOP, err);
}

int hp_instance_retire(const struct hp_instances *in, const struct hp_instance *v, size_t n,
	struct hp_err *err)
{
	return stop(in, v, n, HP_INSTANCE_RETIRE, err);
}

int hp_instance_kill(const struct hp_instances *in, const struct hp_instance *v, size_t n,
	struct hp_err *err)
{
	return stop(in, v, n, HP_INSTANCE_KILL, err);
}

/* ---- looking ---- */

int hp_instance_status(struct hp_pool *pool, const struct hp_instances *in, const char *version,
	const char *user, struct hp_instance_status *ret, struct hp_err *err)
{
	*ret = (struct hp_instance_status){.version = hp_pstrdup(pool, version),
		.user = hp_pstrdup(pool, user)};
	return *in->root ? 0 : ops(in)->status(in, ret, 1, err);
}

static int cmp_status(const void *a, const void *b)
{
	const struct hp_instance_status *x = a, *y = b;
	int c = hp_php_version_cmp(x->version, y->version);

	return c ? c : strcmp(x->user, y->user);
}

struct found {
	struct hp_pool *pool;
	struct hp_instance_status *v;
	size_t n, cap;
};

static void add_found(struct found *f, const char *version, const char *user, size_t len)
{
	if (f->n == f->cap) {
		size_t cap = f->cap ? f->cap * 2 : 64;
		struct hp_instance_status *v = hp_palloc(f->pool, cap * sizeof(*v));

		if (f->n)
			memcpy(v, f->v, f->n * sizeof(*v));
		f->v = v;
		f->cap = cap;
	}
	f->v[f->n++] = (struct hp_instance_status){
		.version = version, .user = hp_pstrndup(f->pool, user, len)};
}

/* Sockets and pid files tell what was started; "site1.sock" once, with or without its master. */
static int find_in(struct found *f, const char *version, struct hp_err *err)
{
	const char *dir = hp_pprintf(f->pool, HP_PHP_RUN "/%s", version);
	struct dirent *e;
	DIR *d = opendir(dir);

	if (!d)
		return errno == ENOENT ? 0 : hp_err_errno(err, HP_E_OS, errno, "%s", dir);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.' && hp_str_ends(e->d_name, ".sock"))
			add_found(f, version, e->d_name, strlen(e->d_name) - 5);
	closedir(d);
	return 0;
}

int hp_instance_list(struct hp_pool *pool, const struct hp_instances *in,
	struct hp_instance_status **ret, size_t *ret_n, struct hp_err *err)
{
	struct found f = {.pool = pool};
	struct dirent *e;
	DIR *d;
	int r = 0;

	*ret = NULL;
	*ret_n = 0;
	if (*in->root)
		return 0;
	d = opendir(HP_PHP_RUN);
	if (!d)
		return errno == ENOENT ? 0 : hp_err_errno(err, HP_E_OS, errno, HP_PHP_RUN);
	/* the folders, not the installed versions: a version may have been uninstalled since */
	while (r == 0 && (e = readdir(d)))
		if (e->d_name[0] >= '0' && e->d_name[0] <= '9' && strchr(e->d_name, '.') &&
			!hp_str_ends(e->d_name, ".sock"))
			r = find_in(&f, hp_pstrdup(pool, e->d_name), err);
	closedir(d);
	if (r == 0 && f.n) {
		qsort(f.v, f.n, sizeof(*f.v), cmp_status);
		r = ops(in)->status(in, f.v, f.n, err);
	}
	if (r < 0)
		return r;
	*ret = f.v;
	*ret_n = f.n;
	return 0;
}
