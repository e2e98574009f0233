/*
 * The folder that is served, where it is one below the website's own (document_root). All of it is
 * the tenant's to exchange at any moment: it is made with his rights and found without following a
 * link, so that nothing comes of it that he could not have made himself.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "node/folders.h"

#define MODE 0750

/* Rights of this thread alone, at files alone; the rest of the process stays what it is. */
static int act_as(uid_t uid, gid_t gid, struct hp_err *err)
{
	setfsgid(gid);
	setfsuid(uid);
	if ((uid_t)setfsuid((uid_t)-1) == uid && (gid_t)setfsgid((gid_t)-1) == gid)
		return 0;
	return hp_err_set(err, HP_E_OS, "the rights of user number %u can't be taken on", uid);
}

static void act_as_self(void)
{
	setfsuid(geteuid());
	setfsgid(getegid());
}

static int open_own(int vhosts, const char *domain)
{
	return openat(vhosts, domain, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The folder name in *fd, made if need be, in its place. */
static int step(const struct hp_folders *f, const char *name, int *fd, struct hp_err *err)
{
	bool made = mkdirat(*fd, name, MODE) == 0;
	int sub;

	if (!made && errno != EEXIST)
		return hp_err_errno(err, HP_E_DENIED, errno, "%s", name);
	/* an umask must not keep web servers out */
	if (made && (f->umask & MODE) && fchmodat(*fd, name, MODE, 0) < 0)
		return hp_err_errno(err, HP_E_DENIED, errno, "%s", name);
	if (hp_open_beneath(*fd, name, O_PATH | O_DIRECTORY, 0, &sub, err) < 0)
		return err->code;
	close(*fd);
	*fd = sub;
	return 0;
}

static int walk(const struct hp_folders *f, struct hp_pool *pool, int own, const char *below,
	struct hp_err *err)
{
	_cleanup_close_ int fd = fcntl(own, F_DUPFD_CLOEXEC, 3);
	struct hp_strv names = {0};
	struct stat st;
	size_t i;
	int r = 0;

	if (fd < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s", below);
	/* also through links of the tenant's: with his rights it is his own view of it */
	if (fstatat(own, below, &st, 0) == 0)
		return S_ISDIR(st.st_mode)
			? 0
			: hp_err_set(err, HP_E_DENIED, "what is there is not a folder");
	hp_str_split(pool, below, "/", &names);
	for (i = 0; r == 0 && i < names.n; i++)
		r = step(f, names.v[i], &fd, err);
	return r;
}

int hp_folders_make_below(const struct hp_folders *f, struct hp_pool *pool,
	const struct hp_folders_want *w, const char *below, struct hp_err *err)
{
	_cleanup_close_ int own = open_own(f->dir[0], w->domain);
	int r = 0;

	if (own < 0)
		r = hp_err_errno(err, HP_E_OS, errno, "its own folder can't be opened");
	else if (f->owners)
		r = act_as(w->uid, w->web_gid, err);
	if (r == 0)
		r = walk(f, pool, own, below, err);
	if (f->owners)
		act_as_self();
	return r < 0 ? hp_err_prefix(err, "document_root: %s/%s can't be made",
			       hp_folders_docroot(pool, w->domain), below)
		     : 0;
}

/* fd of the folder that is n names deep, or -1 */
static int open_deep(int own, struct hp_pool *pool, const struct hp_strv *names, size_t n)
{
	struct hp_err ignored = HP_ERR_INIT;
	const char *path = ".";
	size_t i;
	int fd;

	for (i = 0; i < n; i++)
		path = i ? hp_pprintf(pool, "%s/%s", path, names->v[i]) : names->v[i];
	return hp_open_beneath(own, path, O_PATH | O_DIRECTORY, 0, &fd, &ignored) == 0 ? fd : -1;
}

static int open_root(struct hp_pool *pool, const char *root, const char *domain)
{
	_cleanup_close_ int vhosts =
		open(hp_path(pool, root, HP_VHOSTS_DIR), O_PATH | O_DIRECTORY | O_CLOEXEC);

	return vhosts < 0 ? -1 : open_own(vhosts, domain);
}

bool hp_folders_lack_below(struct hp_pool *pool, const char *root, const char *domain,
	const char *below, size_t *ret_there)
{
	_cleanup_close_ int own = open_root(pool, root, domain);
	struct hp_strv names = {0};
	struct stat st;
	size_t i;
	int fd;

	*ret_there = 0;
	hp_str_split(pool, below, "/", &names);
	for (i = 0; own >= 0 && i < names.n; i++) {
		fd = open_deep(own, pool, &names, i);
		if (fd < 0)
			return false; /* a link or a file is on the way: nothing will be made */
		if (fstatat(fd, names.v[i], &st, AT_SYMLINK_NOFOLLOW) < 0) {
			close(fd);
			break;
		}
		close(fd);
		(*ret_there)++;
	}
	return *ret_there < names.n;
}

void hp_folders_undo_below(
	struct hp_pool *pool, const char *root, const char *domain, const char *below, size_t there)
{
	_cleanup_close_ int own = open_root(pool, root, domain);
	struct hp_strv names = {0};
	size_t i;
	int fd, r = 0;

	hp_str_split(pool, below, "/", &names);
	for (i = names.n; own >= 0 && r == 0 && i-- > there;) {
		fd = open_deep(own, pool, &names, i);
		if (fd < 0)
			continue;
		r = unlinkat(fd, names.v[i], AT_REMOVEDIR) < 0 && errno != ENOENT;
		close(fd);
	}
}
