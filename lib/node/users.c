#include <errno.h>
#include <grp.h>
#include <pwd.h>

#include "base/file.h"
#include "base/str.h"
#include "node/procs.h"
#include "node/users.h"
#include "sys/run.h"

#define ETC_MAX ((size_t)256 << 20)

static const char *real_root(const char *root)
{
	return hp_streq(root, "/") ? "" : root;
}

/* ---- what is there ---- */

struct index {
	const struct hp_user_want *v;
	size_t n;
	size_t *by_name, *by_uid; /* indices into v, sorted */
};

static int cmp_name(const void *a, const void *b, void *arg)
{
	const struct hp_user_want *v = arg;

	return strcmp(v[*(const size_t *)a].name, v[*(const size_t *)b].name);
}

static int cmp_uid(const void *a, const void *b, void *arg)
{
	const struct hp_user_want *v = arg;
	uid_t x = v[*(const size_t *)a].uid, y = v[*(const size_t *)b].uid;

	return (x > y) - (x < y);
}

static void build_index(struct hp_pool *pool, const struct hp_user_want *v, size_t n,
	struct index *ret)
{
	size_t i;

	*ret = (struct index){.v = v, .n = n};
	ret->by_name = hp_palloc(pool, (n + 1) * sizeof(size_t));
	ret->by_uid = hp_palloc(pool, (n + 1) * sizeof(size_t));
	for (i = 0; i < n; i++)
		ret->by_name[i] = ret->by_uid[i] = i;
	qsort_r(ret->by_name, n, sizeof(size_t), cmp_name, (void *)v);
	qsort_r(ret->by_uid, n, sizeof(size_t), cmp_uid, (void *)v);
}

/* Index into v, or n. */
static size_t find_name(const struct index *x, const char *name)
{
	size_t lo = 0, hi = x->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = strcmp(name, x->v[x->by_name[mid]].name);

		if (c == 0)
			return x->by_name[mid];
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return x->n;
}

static size_t find_uid(const struct index *x, uid_t uid)
{
	size_t lo = 0, hi = x->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		uid_t u = x->v[x->by_uid[mid]].uid;

		if (u == uid)
			return x->by_uid[mid];
		if (uid < u)
			hi = mid;
		else
			lo = mid + 1;
	}
	return x->n;
}

static bool is_ours(const struct passwd *p)
{
	size_t n = strlen(HP_USER_GECOS);

	return p->pw_gecos && strncmp(p->pw_gecos, HP_USER_GECOS, n) == 0 &&
	       (!p->pw_gecos[n] || p->pw_gecos[n] == ',');
}

static int conflict(struct hp_err *err, const char *what, unsigned number, const char *wanted,
	const char *has)
{
	hp_err_set(err, HP_E_EXISTS, "%s %u, wanted for user %s, belongs to %s already", what,
		number, wanted, has);
	return hp_err_hint(
		err, "remove or renumber that account, or give the website another number");
}

static int check_account(const struct index *x, const struct passwd *p, bool *missing,
	size_t *ret_bad, struct hp_err *err)
{
	size_t i = find_name(x, p->pw_name);

	if (i < x->n) {
		*ret_bad = i;
		if (!is_ours(p)) {
			hp_err_set(err, HP_E_EXISTS, "user %s exists and is not a website's",
				p->pw_name);
			return hp_err_hint(err, "give the website another user");
		}
		if (p->pw_uid != x->v[i].uid)
			return hp_err_set(err, HP_E_EXISTS, "user %s has the number %u, not %u",
				p->pw_name, p->pw_uid, x->v[i].uid);
		missing[i] = false;
		*ret_bad = x->n;
		return 0;
	}
	i = find_uid(x, p->pw_uid);
	if (i < x->n) {
		*ret_bad = i;
		return conflict(err, "user number", p->pw_uid, x->v[i].name, p->pw_name);
	}
	return 0;
}

static int check_group(const struct index *x, const struct group *g, size_t *ret_bad,
	struct hp_err *err)
{
	size_t i = find_name(x, g->gr_name);

	if (i < x->n && g->gr_gid != x->v[i].uid) {
		*ret_bad = i;
		return hp_err_set(err, HP_E_EXISTS, "group %s has the number %u, not %u",
			g->gr_name, g->gr_gid, x->v[i].uid);
	}
	if (i == x->n && (i = find_uid(x, g->gr_gid)) < x->n) {
		*ret_bad = i;
		return conflict(err, "group number", g->gr_gid, x->v[i].name, g->gr_name);
	}
	return 0;
}

/*
 * NULL where it is missing or empty: a folder that is to become a machine. From memory, since
 * fgetpwent(3) asks the kernel twice a line where it is in the file.
 */
static int open_etc(struct hp_pool *pool, const char *root, const char *path, FILE **ret,
	struct hp_err *err)
{
	_cleanup_buf_ struct hp_buf text = HP_BUF_INIT;

	*ret = NULL;
	if (hp_file_read(hp_path(pool, root, path), ETC_MAX, &text, err) < 0) {
		if (err->code != HP_E_NOT_FOUND)
			return err->code;
		hp_err_clear(err);
		return 0;
	}
	if (!text.len)
		return 0;
	*ret = fmemopen(hp_pmemdup(pool, text.s, text.len), text.len, "r");
	return *ret ? 0 : hp_err_errno(err, HP_E_OS, errno, "%s", path);
}

static int check_files(struct hp_pool *pool, const char *root, const struct index *x, bool *missing,
	size_t *ret_bad, struct hp_err *err)
{
	_cleanup_fclose_ FILE *passwd = NULL, *group = NULL;
	struct passwd *p;
	struct group *g;
	int r;

	r = open_etc(pool, root, "/etc/passwd", &passwd, err);
	while (r == 0 && passwd && (p = fgetpwent(passwd)))
		r = check_account(x, p, missing, ret_bad, err);
	if (r == 0)
		r = open_etc(pool, root, "/etc/group", &group, err);
	while (r == 0 && group && (g = fgetgrent(group)))
		r = check_group(x, g, ret_bad, err);
	return r;
}

/* Does nsswitch.conf name another source of accounts than this machine's files? */
static bool has_directory(struct hp_pool *pool)
{
	_cleanup_buf_ struct hp_buf text = HP_BUF_INIT;
	struct hp_err ignored = HP_ERR_INIT;
	struct hp_strv lines = {0}, words = {0};
	size_t i, j;

	if (hp_file_read("/etc/nsswitch.conf", 65536, &text, &ignored) < 0)
		return false;
	hp_str_split(pool, hp_buf_str(&text), "\n", &lines);
	for (i = 0; i < lines.n; i++) {
		const char *v = hp_str_after(lines.v[i], "passwd:");

		if (!v)
			continue;
		hp_str_split(pool, v, " \t", &words);
		for (j = 0; j < words.n && words.v[j][0] != '#'; j++)
			if (!hp_streq(words.v[j], "files") && !hp_streq(words.v[j], "compat") &&
				!hp_streq(words.v[j], "systemd") && words.v[j][0] != '[')
				return true;
	}
	return false;
}

/* What the files do not have and a name service knows is somebody else's. */
static int check_directory(const struct index *x, const bool *missing, size_t *ret_bad,
	struct hp_err *err)
{
	size_t i;

	for (i = 0; i < x->n; i++) {
		const struct passwd *p;

		if (!missing[i])
			continue;
		*ret_bad = i;
		if (getpwnam(x->v[i].name))
			return hp_err_set(err, HP_E_EXISTS, "user %s exists in a name service",
				x->v[i].name);
		p = getpwuid(x->v[i].uid);
		if (p)
			return conflict(err, "user number", x->v[i].uid, x->v[i].name, p->pw_name);
	}
	*ret_bad = x->n;
	return 0;
}

int hp_users_check(const char *root, const struct hp_user_want *v, size_t n, bool *missing,
	size_t *ret_bad, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct index x;
	size_t i;
	int r;

	root = real_root(root);
	*ret_bad = n;
	if (n == 0)
		return 0;
	if (!missing)
		missing = hp_palloc(pool, n * sizeof(*missing));
	build_index(pool, v, n, &x);
	for (i = 0; i < n; i++) {
		HP_BUG_ON(v[i].uid == 0 || v[i].uid == (uid_t)-1);
		missing[i] = true;
	}
	r = check_files(pool, root, &x, missing, ret_bad, err);
	if (r == 0 && !*root && has_directory(pool))
		r = check_directory(&x, missing, ret_bad, err);
	return r;
}

int hp_users_is_ours(const char *root, const char *name, uid_t *ret_uid, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	_cleanup_fclose_ FILE *f = NULL;
	struct passwd *p;
	int r;

	r = open_etc(pool, real_root(root), "/etc/passwd", &f, err);
	if (r < 0)
		return r;
	while (f && (p = fgetpwent(f))) {
		if (!hp_streq(p->pw_name, name))
			continue;
		if (!is_ours(p) || p->pw_uid == 0)
			return hp_err_set(err, HP_E_EXISTS, "user %s is not a website's", name);
		if (ret_uid)
			*ret_uid = p->pw_uid;
		return 1;
	}
	return 0;
}

/* ---- making them ---- */

static const char *find_tool(const char *name)
{
	static __thread char a[64], b[64];
	const char *paths[] = {a, b, NULL};

	snprintf(a, sizeof(a), "/usr/sbin/%s", name);
	snprintf(b, sizeof(b), "/usr/bin/%s", name);
	return hp_run_find(paths);
}

/* sysusers.d(5): a value in quotes, C escapes in them; a home folder is a clean path. */
static int make_by_sysusers(struct hp_pool *pool, const char *tool, const char *root,
	const struct hp_user_want *v, const bool *missing, size_t n, struct hp_err *err)
{
	_cleanup_buf_ struct hp_buf in = HP_BUF_INIT;
	const char *argv[] = {tool, hp_pprintf(pool, "--root=%s", *root ? root : "/"), "-", NULL};
	struct hp_run run = {.argv = argv, .timeout_ms = 300000};
	size_t i;

	for (i = 0; i < n; i++) {
		if (!missing[i])
			continue;
		hp_buf_addf(&in, "g %s %u\n", v[i].name, v[i].uid);
		hp_buf_addf(&in, "u %s %u:%u \"" HP_USER_GECOS "\" \"%s\" " HP_USER_SHELL "\n",
			v[i].name, v[i].uid, v[i].uid, v[i].home);
	}
	run.in = in.s;
	run.in_len = in.len;
	return hp_run_ok(&run, err);
}

static int make_by_useradd(struct hp_pool *pool, const char *root, const struct hp_user_want *w,
	struct hp_err *err)
{
	const char *number = hp_pprintf(pool, "%u", w->uid);
	/* -f: a group of that number is ours already, after a run that was cut short */
	const char *group[] = {"/usr/sbin/groupadd", "-f", "-g", number, "-P", *root ? root : "/",
		w->name, NULL};
	const char *user[] = {"/usr/sbin/useradd", "-P", *root ? root : "/", "-u", number, "-g",
		number, "-c", HP_USER_GECOS, "-d", w->home, "-M", "-N", "-s", HP_USER_SHELL,
		w->name, NULL};
	struct hp_run run = {.argv = group};
	int r;

	r = hp_run_ok(&run, err);
	if (r < 0)
		return r;
	run.argv = user;
	return hp_run_ok(&run, err);
}

/* sysusers takes another number where one is taken meanwhile: look again. */
static int check_made(struct hp_pool *pool, const char *root, const struct hp_user_want *v,
	const bool *wanted, size_t n, struct hp_strv *made, struct hp_err *err)
{
	bool *missing = hp_palloc(pool, n * sizeof(*missing));
	size_t i, bad;
	int r;

	r = hp_users_check(root, v, n, missing, &bad, err);
	for (i = 0; i < n; i++) {
		if (!wanted[i])
			continue;
		if (!missing[i] && made)
			hp_strv_add(pool, made, v[i].name);
		if (r == 0 && missing[i])
			r = hp_err_set(err, HP_E_OS, "user %s was not made", v[i].name);
	}
	return r;
}

int hp_users_make(struct hp_pool *pool, const char *root, const struct hp_user_want *v, size_t n,
	struct hp_strv *made, struct hp_err *err)
{
	const char *sysusers = find_tool("systemd-sysusers");
	bool *missing = hp_palloc(pool, (n + 1) * sizeof(*missing));
	size_t i, bad, todo = 0;
	int r;

	root = real_root(root);
	r = hp_users_check(root, v, n, missing, &bad, err);
	if (r < 0)
		return r;
	for (i = 0; i < n; i++) {
		if (!missing[i])
			continue;
		todo++;
		if (!hp_path_is_clean(v[i].home) || strpbrk(v[i].home, ":\"\\%\n"))
			return hp_err_set(err, HP_E_USAGE, "user %s: \"%s\" can't be a home folder",
				v[i].name, v[i].home);
	}
	if (todo == 0)
		return 0;
	if (sysusers)
		r = make_by_sysusers(pool, sysusers, root, v, missing, n, err);
	for (i = 0; !sysusers && r == 0 && i < n; i++)
		if (missing[i])
			r = make_by_useradd(pool, root, &v[i], err);
	if (r < 0) {
		struct hp_err ignored = HP_ERR_INIT;

		check_made(pool, root, v, missing, n, made, &ignored);
		return hp_err_prefix(err, "the websites' users could not be made");
	}
	return check_made(pool, root, v, missing, n, made, err);
}

/* ---- removing them ---- */

static bool has_group(struct hp_pool *pool, const char *root, const char *name)
{
	_cleanup_fclose_ FILE *f = NULL;
	struct hp_err ignored = HP_ERR_INIT;
	struct group *g;

	if (open_etc(pool, root, "/etc/group", &f, &ignored) < 0)
		return false;
	while (f && (g = fgetgrent(f)))
		if (hp_streq(g->gr_name, name))
			return true;
	return false;
}

static int remove_one(struct hp_pool *pool, const char *root, const char *name, struct hp_err *err)
{
	/* -f: dead processes whose parents have not asked for them yet count as busy otherwise */
	const char *user[] = {"/usr/sbin/userdel", "-f", "-P", *root ? root : "/", name, NULL};
	const char *group[] = {"/usr/sbin/groupdel", "-P", *root ? root : "/", name, NULL};
	struct hp_run run = {.argv = user};
	uid_t uid;
	int r;

	r = hp_users_is_ours(root, name, &uid, err);
	if (r < 0)
		return r;
	if (r == 1) {
		if (!*root && !hp_proc_kill_uid(uid, 10000))
			return hp_err_set(
				err, HP_E_BUSY, "user %s has processes that can't be killed", name);
		r = hp_run_ok(&run, err);
		if (r < 0)
			return hp_err_prefix(err, "user %s", name);
		/* userdel takes the group along where login.defs says so; a leftover group of
		 * an account that is gone already is not known to be ours and stays */
		run.argv = group;
		if (has_group(pool, root, name))
			r = hp_run_ok(&run, err);
		if (r < 0)
			return hp_err_prefix(err, "group %s", name);
	}
	return 0;
}

int hp_users_remove(const char *root, const char *const *names, size_t n, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < n; i++)
		r = remove_one(pool, real_root(root), names[i], err);
	return r;
}
