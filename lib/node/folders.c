#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/file.h"
#include "base/str.h"
#include "node/folders.h"

/* Folders deeper than this are moved up before they are emptied: descriptors stay few. */
#define DEPTH_MAX 32

const char *hp_folders_docroot(struct hp_pool *pool, const char *domain)
{
	return hp_pprintf(pool, HP_VHOSTS_DIR "/%s", domain);
}

const char *hp_folders_state(struct hp_pool *pool, const char *domain)
{
	return hp_pprintf(pool, HP_SITES_DIR "/%s", domain);
}

const char *hp_folders_logs(struct hp_pool *pool, const char *domain)
{
	return hp_pprintf(pool, HP_SITES_LOG_DIR "/%s", domain);
}

/* ---- what a site has ---- */

enum owner { OWNER_ROOT, OWNER_SITE, OWNER_WEB };
enum parent { IN_VHOSTS, IN_SITES, IN_LOGS };

static const char *const parents[HP_FOLDERS_PARENTS] = {
	[IN_VHOSTS] = HP_VHOSTS_DIR, [IN_SITES] = HP_SITES_DIR, [IN_LOGS] = HP_SITES_LOG_DIR};
/* a bit of HP_FOLDERS_* is a parent's number */
_Static_assert(HP_FOLDERS_DOCROOT == 1u << IN_VHOSTS && HP_FOLDERS_STATE == 1u << IN_SITES &&
	HP_FOLDERS_LOGS == 1u << IN_LOGS, "the order of parents is not that of HP_FOLDERS_*");

struct item {
	enum parent in;
	const char *sub; /* <in>/<domain>[/sub]; it follows its folder's item */
	enum owner uid, gid;
	mode_t mode;
	bool file;
	bool tenants; /* the tenant may write in it: taken as it is when it is theirs */
};

static const struct item items[] = {
	{IN_VHOSTS, NULL, OWNER_SITE, OWNER_WEB, 0750, false, true},
	{IN_SITES, NULL, OWNER_ROOT, OWNER_SITE, 0750, false, false},
	{IN_SITES, "sessions", OWNER_SITE, OWNER_SITE, 0700, false, true},
	{IN_SITES, "uploads", OWNER_SITE, OWNER_SITE, 0700, false, true},
	{IN_SITES, "tmp", OWNER_SITE, OWNER_SITE, 0700, false, true},
	{IN_LOGS, NULL, OWNER_ROOT, OWNER_SITE, 0750, false, false},
	{IN_LOGS, "php-error.log", OWNER_SITE, OWNER_SITE, 0640, true, false},
	{IN_LOGS, "php-fpm.log", OWNER_SITE, OWNER_SITE, 0640, true, false},
	{IN_LOGS, "php-slow.log", OWNER_SITE, OWNER_SITE, 0640, true, false},
};

static unsigned resolve(enum owner o, const struct hp_folders_want *w, bool group)
{
	if (o == OWNER_ROOT)
		return 0;
	return o == OWNER_WEB && group ? w->web_gid : w->uid;
}

static const char *item_path(struct hp_pool *pool, const struct item *it, const char *domain)
{
	return it->sub ? hp_pprintf(pool, "%s/%s/%s", parents[it->in], domain, it->sub)
		       : hp_pprintf(pool, "%s/%s", parents[it->in], domain);
}

/* owners: not asked of unprivileged runs below a sysroot, which own everything themselves */
static bool is_right(const struct item *it, const struct stat *st, const struct hp_folders_want *w,
	bool owners)
{
	if (it->file ? !S_ISREG(st->st_mode) : !S_ISDIR(st->st_mode))
		return false;
	if (owners && st->st_uid != resolve(it->uid, w, false))
		return false;
	if (it->tenants)
		return true;
	return (st->st_mode & 07777) == it->mode &&
	       (!owners || st->st_gid == resolve(it->gid, w, true));
}

int hp_folders_is_made(const struct hp_folders *f, struct hp_pool *pool,
	const struct hp_folders_want *w, struct hp_err *err)
{
	const struct item *it;
	const char *name;
	struct stat st;
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(items); i++) {
		it = &items[i];
		if (f->dir[it->in] < 0)
			return 0;
		name = it->sub ? hp_pprintf(pool, "%s/%s", w->domain, it->sub) : w->domain;
		if (fstatat(f->dir[it->in], name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			if (errno == ENOENT)
				return 0;
			return hp_err_errno(
				err, HP_E_OS, errno, "%s", item_path(pool, it, w->domain));
		}
		if (!is_right(it, &st, w, f->owners))
			return 0;
	}
	return 1;
}

/* ---- making ---- */

static int not_theirs(const struct item *it, const struct stat *st, const struct hp_folders_want *w,
	const char *path, struct hp_err *err)
{
	if (it->file ? !S_ISREG(st->st_mode) : !S_ISDIR(st->st_mode)) {
		hp_err_set(err, HP_E_EXISTS, "%s is in the way: it is not a %s", path,
			it->file ? "file" : "folder");
		return hp_err_hint(err, "move it away");
	}
	hp_err_set(err, HP_E_EXISTS, "%s exists and belongs to user number %u, not %u", path,
		st->st_uid, w->uid);
	return hp_err_hint(err,
		"move it away and try again; what is moved back into the new one then is handed over "
		"with: chown -R --no-dereference --reference=%s %s", path, path);
}

/* Not to be listed: whose websites stand on this machine is nobody else's business. */
static int make_parent(struct hp_pool *pool, const char *root, const char *path, struct hp_err *err)
{
	const char *full = hp_path(pool, root, path);
	int r;

	r = hp_mkdirs(hp_path_dir(pool, full), 0755, err);
	if (r < 0)
		return r;
	/* its own mode matters: an umask must not take away what web servers need */
	if (mkdir(full, 0711) == 0)
		return chmod(full, 0711) < 0 ? hp_err_errno(err, HP_E_OS, errno, "%s", path) : 0;
	return errno == EEXIST ? 0 : hp_err_errno(err, HP_E_OS, errno, "%s", path);
}

/* What a folder gives on to all that is made in it would change the modes that we ask for. */
static bool is_plain(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && !(st.st_mode & S_ISGID) &&
	       fgetxattr(fd, "system.posix_acl_default", NULL, 0) < 0;
}

static int open_parent(struct hp_folders *f, struct hp_pool *pool, const char *root, size_t i)
{
	f->dir[i] = open(hp_path(pool, root, parents[i]), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return f->dir[i];
}

int hp_folders_look(struct hp_folders *f, const char *root, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	size_t i;

	f->owners = geteuid() == 0;
	for (i = 0; i < HP_FOLDERS_PARENTS; i++)
		if (open_parent(f, pool, root, i) < 0 && errno != ENOENT)
			return hp_err_errno(err, HP_E_OS, errno, "%s", parents[i]);
	return 0;
}

int hp_folders_open(struct hp_folders *f, const char *root, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	size_t i;

	f->owners = geteuid() == 0;
	f->umask = umask(077);
	umask(f->umask);
	for (i = 0; i < HP_FOLDERS_PARENTS; i++) {
		if (make_parent(pool, root, parents[i], err) < 0)
			return err->code;
		if (open_parent(f, pool, root, i) < 0)
			return hp_err_errno(err, HP_E_OS, errno, "%s", parents[i]);
		f->exact[i] = is_plain(f->dir[i]);
	}
	return 0;
}

void hp_folders_close(struct hp_folders *f)
{
	size_t i;

	for (i = 0; i < HP_FOLDERS_PARENTS; i++) {
		if (f->dir[i] >= 0)
			close(f->dir[i]);
		f->dir[i] = -1;
	}
}

/*
 * By name: the folder it stands in is root's, so no tenant can exchange it. Until it has its
 * owner it is root's alone.
 */
static int set_owner(const struct hp_folders *f, int parent, const char *name,
	const struct item *it, const struct hp_folders_want *w, bool is_new, const char *path,
	struct hp_err *err)
{
	/* chown first: it takes away bits of the mode */
	if (f->owners &&
		fchownat(parent, name, resolve(it->uid, w, false), resolve(it->gid, w, true),
			AT_SYMLINK_NOFOLLOW) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s", path);
	if (is_new && f->exact[it->in] && !(it->mode & f->umask))
		return 0;
	if (fchmodat(parent, name, it->mode, 0) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s", path);
	return 0;
}

/* What hp_folders_retire() has left of this very website, and it may have it again. */
static bool is_retired(const struct stat *st, const struct hp_folders_want *w)
{
	return w->take_back && S_ISDIR(st->st_mode) && (st->st_mode & 07777) == 0700 &&
		st->st_uid == 0 && st->st_gid == w->uid;
}

static int make_item(const struct hp_folders *f, struct hp_pool *pool, int parent, const char *name,
	const struct item *it, const struct hp_folders_want *w, struct hp_strv *made,
	struct hp_err *err)
{
	const char *path = item_path(pool, it, w->domain);
	bool is_new = (it->file ? mknodat(parent, name, S_IFREG | it->mode, 0)
				: mkdirat(parent, name, it->mode)) == 0;
	struct stat st;

	if (!is_new && errno != EEXIST)
		return hp_err_errno(err, HP_E_OS, errno, "%s", path);
	if (is_new && made)
		hp_strv_add(pool, made, path);
	if (!is_new) {
		if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return hp_err_errno(err, HP_E_OS, errno, "%s", path);
		if (is_right(it, &st, w, f->owners))
			return 0;
		if (it->in == IN_VHOSTS && is_retired(&st, w))
			return set_owner(f, parent, name, it, w, is_new, path, err);
		if (it->tenants || (it->file ? !S_ISREG(st.st_mode) : !S_ISDIR(st.st_mode)))
			return not_theirs(it, &st, w, path, err);
	}
	return set_owner(f, parent, name, it, w, is_new, path, err);
}

int hp_folders_make_in(const struct hp_folders *f, struct hp_pool *pool,
	const struct hp_folders_want *w, struct hp_strv *made, struct hp_err *err)
{
	_cleanup_close_ int sub = -1;
	const struct item *it;
	int r = 0;

	HP_BUG_ON(strchr(w->domain, '/') || w->domain[0] == '.');
	for (it = items; r == 0 && it < items + HP_ARRAY_SIZE(items); it++) {
		if (it->sub) {
			r = make_item(f, pool, sub, it->sub, it, w, made, err);
			continue;
		}
		r = make_item(f, pool, f->dir[it->in], w->domain, it, w, made, err);
		if (r < 0 || it->in == IN_VHOSTS)
			continue;
		if (sub >= 0)
			close(sub);
		sub = openat(f->dir[it->in], w->domain,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub < 0)
			r = hp_err_errno(err, HP_E_OS, errno, "%s/%s", parents[it->in], w->domain);
	}
	return r;
}

int hp_folders_make(struct hp_pool *pool, const char *root, const struct hp_folders_want *w,
	struct hp_strv *made, struct hp_err *err)
{
	struct hp_folders f = HP_FOLDERS_INIT;
	int r = hp_folders_open(&f, root, err);

	if (r == 0)
		r = hp_folders_make_in(&f, pool, w, made, err);
	hp_folders_close(&f);
	return r;
}

/* ---- removing ---- */

struct removal {
	int top;         /* where folders that lie too deep are moved to */
	dev_t dev;       /* nothing on another file system is touched */
	unsigned moved;
	const char *path; /* for messages */
};

static int empty(struct removal *r, int fd, unsigned depth, struct hp_err *err);

/* What lies deep comes to the top under a name of its own; the top's loop meets it again. */
static int move_up(struct removal *r, int parent, const char *name, struct hp_err *err)
{
	char to[64];

	for (;;) {
		snprintf(to, sizeof(to), ".hosting-panel-removing.%u", r->moved++);
		if (renameat2(parent, name, r->top, to, RENAME_NOREPLACE) == 0)
			return 0;
		if (errno != EEXIST)
			return hp_err_errno(err, HP_E_OS, errno, "%s: %s", r->path, name);
	}
}

static int remove_entry(struct removal *r, int parent, const char *name, unsigned depth,
	struct hp_err *err)
{
	_cleanup_close_ int fd = -1;
	struct stat st;
	int e;

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return hp_err_errno(err, HP_E_OS, errno, "%s: %s", r->path, name);
	if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno == EBUSY) {
		hp_err_set(err, HP_E_BUSY, "%s: something is mounted on %s", r->path, name);
		return hp_err_hint(err, "unmount it, then delete what is left");
	}
	if (errno != ENOTEMPTY && errno != EEXIST)
		return hp_err_errno(err, HP_E_OS, errno, "%s: %s", r->path, name);
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s: %s", r->path, name);
	if (st.st_dev != r->dev) {
		hp_err_set(
			err, HP_E_BUSY, "%s: another file system is mounted on %s", r->path, name);
		return hp_err_hint(err, "unmount it, then delete what is left");
	}
	if (depth >= DEPTH_MAX)
		return move_up(r, parent, name, err);
	e = empty(r, fd, depth + 1, err);
	if (e == 0 && unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		e = hp_err_errno(err, HP_E_OS, errno, "%s: %s", r->path, name);
	return e;
}

static int empty(struct removal *r, int fd, unsigned depth, struct hp_err *err)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *e;
	size_t n;
	int result = 0;

	if (!d) {
		result = hp_err_errno(err, HP_E_OS, errno, "%s", r->path);
		if (copy >= 0)
			close(copy);
		return result;
	}
	/* once more after a round that removed: entries that came up meanwhile, or were skipped */
	do {
		n = 0;
		rewinddir(d);
		while (result == 0 && (e = readdir(d))) {
			if (hp_streq(e->d_name, ".") || hp_streq(e->d_name, ".."))
				continue;
			n++;
			result = remove_entry(r, fd, e->d_name, depth, err);
		}
	} while (result == 0 && n > 0);
	closedir(d);
	return result;
}

static int remove_tree(const char *root, const char *parent, const char *domain, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	_cleanup_close_ int dir = -1, top = -1;
	struct removal r = {.path = hp_pprintf(pool, "%s/%s", parent, domain)};
	struct stat st, up;
	int e;

	dir = open(hp_path(pool, root, parent), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 && errno == ENOENT)
		return 0;
	if (dir < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s", parent);
	top = openat(dir, domain, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (top < 0 && (errno == ELOOP || errno == ENOTDIR)) {
		/* a link (an admin moved the data elsewhere): the link goes, what it names stays */
		if (unlinkat(dir, domain, 0) < 0)
			return hp_err_errno(err, HP_E_OS, errno, "%s", r.path);
		return 0;
	}
	if (top < 0 && errno == ENOENT)
		return 0;
	if (top < 0 || fstat(top, &st) < 0 || fstat(dir, &up) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s", r.path);
	r.top = top;
	r.dev = st.st_dev;
	e = empty(&r, top, 0, err);
	if (e == 0 && unlinkat(dir, domain, AT_REMOVEDIR) < 0 && errno != ENOENT)
		e = hp_err_errno(err, errno == EBUSY ? HP_E_BUSY : HP_E_OS, errno, "%s", r.path);
	return e;
}

int hp_folders_remove(const char *root, const char *domain, unsigned what, struct hp_err *err)
{
	struct hp_err one;
	size_t i;

	HP_BUG_ON(!*domain || strchr(domain, '/') || domain[0] == '.');
	for (i = 0; i < HP_FOLDERS_PARENTS; i++) {
		hp_err_clear(&one);
		if ((what & 1u << i) && remove_tree(root, parents[i], domain, &one) < 0 &&
			!err->code)
			*err = one;
	}
	return err->code;
}

static int retire(const char *root, const char *parent, const char *domain, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	_cleanup_close_ int dir =
		open(hp_path(pool, root, parent), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (dir >= 0)
		fd = openat(dir, domain, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ELOOP || errno == ENOTDIR))
		return 0;
	/* the group, which may do nothing, says whose it was; a second run finds it said */
	if (fd < 0 || fstat(fd, &st) < 0 ||
		(geteuid() == 0 && st.st_uid != 0 && fchown(fd, 0, st.st_uid) < 0) ||
		fchmod(fd, 0700) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s/%s", parent, domain);
	return 0;
}

int hp_folders_retire(const char *root, const char *domain, struct hp_err *err)
{
	HP_BUG_ON(!*domain || strchr(domain, '/') || domain[0] == '.');
	if (retire(root, HP_VHOSTS_DIR, domain, err) < 0)
		return err->code;
	return retire(root, HP_SITES_LOG_DIR, domain, err);
}

int hp_folders_undo(const char *root, const struct hp_strv *made, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	size_t i;
	int r = 0;

	for (i = made->n; r == 0 && i-- > 0;) {
		const char *path = made->v[i], *full = hp_path(pool, root, path);
		const char *name = strrchr(path, '/') + 1, *domain;

		if (hp_str_starts(path, HP_VHOSTS_DIR "/")) {
			if (rmdir(full) < 0 && errno != ENOENT && errno != ENOTEMPTY &&
				errno != EEXIST)
				r = hp_err_errno(err, HP_E_OS, errno, "%s", path);
			continue;
		}
		/* parent and name, so that the tree goes as hp_folders_remove() takes it */
		domain = hp_pstrndup(pool, path, (size_t)(name - path) - 1);
		r = remove_tree(root, domain, name, err);
	}
	return r;
}

int hp_folders_has_files(const char *root, const char *domain, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	const char *path = hp_folders_docroot(pool, domain);
	DIR *d = opendir(hp_path(pool, root, path));
	struct dirent *e;
	int found = 0;

	if (!d && errno == ENOENT)
		return 0;
	if (!d)
		return hp_err_errno(err, HP_E_OS, errno, "%s", path);
	while (!found && (e = readdir(d)))
		found = !hp_streq(e->d_name, ".") && !hp_streq(e->d_name, "..");
	closedir(d);
	return found;
}
