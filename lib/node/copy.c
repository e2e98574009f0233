/* A folder copied, without trusting who owns it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>

#include "node/adopt.h"
#include "node/tree.h"
#include "base/file.h"
#include "base/str.h"

#define DEPTH_MAX 100

struct copying {
	uid_t uid;
	gid_t gid;
	dev_t dev;
	size_t left_out;
	const char *root; /* for messages */
};

static mode_t mode_of(const struct stat *st)
{
	return st->st_mode & 0755;
}

static int failed(const struct copying *c, const char *name, struct hp_err *err)
{
	return hp_err_errno(err, HP_E_OS, errno, "%s: %s can't be copied", c->root, name);
}

static int own(const struct copying *c, int fd)
{
	return c->uid == (uid_t)-1 ? 0 : fchown(fd, c->uid, c->gid);
}

static int copy_bytes(int in, int out)
{
	char chunk[65536];
	struct hp_err ignored = HP_ERR_INIT;
	ssize_t n;

	if (ioctl(out, FICLONE, in) == 0)
		return 0;
	while ((n = read(in, chunk, sizeof(chunk))) > 0)
		if (hp_fd_write(out, "", chunk, (size_t)n, &ignored) < 0)
			return -1;
	return (int)n;
}

static int copy_file(struct copying *c, int from, int to, const char *name, struct hp_err *err)
{
	int in _cleanup_close_ =
		openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int out _cleanup_close_ = -1;
	struct timespec times[2];
	struct stat st;

	if (in < 0 || fstat(in, &st) < 0)
		return failed(c, name, err);
	if (!S_ISREG(st.st_mode)) {
		c->left_out++;
		return 0;
	}
	out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	if (out < 0 || copy_bytes(in, out) < 0 || own(c, out) < 0 ||
		fchmod(out, mode_of(&st)) < 0 || futimens(out, times) < 0)
		return failed(c, name, err);
	return 0;
}

static int copy_link(struct copying *c, int from, int to, const char *name, struct hp_err *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from, name, target, sizeof(target) - 1);

	if (n < 0)
		return failed(c, name, err);
	target[n] = 0;
	if (symlinkat(target, to, name) < 0 ||
		(c->uid != (uid_t)-1 &&
			fchownat(to, name, c->uid, c->gid, AT_SYMLINK_NOFOLLOW) < 0))
		return failed(c, name, err);
	return 0;
}

static int copy_dir(struct copying *c, int from, int to, unsigned depth, struct hp_err *err);

static int copy_sub(
	struct copying *c, int from, int to, const char *name, unsigned depth, struct hp_err *err)
{
	int in _cleanup_close_ =
		openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int out _cleanup_close_ = -1;
	struct stat st;

	if (in < 0 || fstat(in, &st) < 0)
		return failed(c, name, err);
	if (st.st_dev != c->dev) {
		c->left_out++;
		return 0;
	}
	/* nobody else's until all is in it */
	if (mkdirat(to, name, 0700) < 0)
		return failed(c, name, err);
	out = openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (out < 0)
		return failed(c, name, err);
	if (copy_dir(c, in, out, depth + 1, err) < 0)
		return err->code;
	if (own(c, out) < 0 || fchmod(out, mode_of(&st) | 0700) < 0)
		return failed(c, name, err);
	return 0;
}

static int copy_one(
	struct copying *c, int from, int to, const char *name, unsigned depth, struct hp_err *err)
{
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : failed(c, name, err);
	if (S_ISDIR(st.st_mode))
		return copy_sub(c, from, to, name, depth, err);
	if (S_ISLNK(st.st_mode))
		return copy_link(c, from, to, name, err);
	if (S_ISREG(st.st_mode))
		return copy_file(c, from, to, name, err);
	c->left_out++;
	return 0;
}

static int copy_dir(struct copying *c, int from, int to, unsigned depth, struct hp_err *err)
{
	int fd = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e;
	int rc = 0;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return failed(c, ".", err);
	}
	if (depth > DEPTH_MAX)
		rc = hp_err_set(err, HP_E_CONF, "%s: folders stand in folders too deeply", c->root);
	while (rc == 0 && (e = readdir(d)))
		if (!hp_streq(e->d_name, ".") && !hp_streq(e->d_name, ".."))
			rc = copy_one(c, from, to, e->d_name, depth, err);
	closedir(d);
	return rc;
}

int hp_copy_tree(const char *from, int dirfd, const char *name, uid_t uid, gid_t gid,
	size_t *ret_left_out, struct hp_err *err)
{
	struct copying c = {.uid = uid, .gid = gid, .root = from};
	int in _cleanup_close_ = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int out _cleanup_close_ = -1;
	struct hp_err ignored = HP_ERR_INIT;
	struct stat st;
	int rc;

	if (in < 0 || fstat(in, &st) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "the folder %s can't be read", from);
	c.dev = st.st_dev;
	if (mkdirat(dirfd, name, 0700) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "the folder %s can't be made", name);
	out = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	rc = out < 0 ? failed(&c, name, err) : copy_dir(&c, in, out, 0, err);
	if (rc == 0 && (own(&c, out) < 0 || fchmod(out, 0750) < 0))
		rc = failed(&c, name, err);
	if (rc < 0)
		hp_tree_remove(dirfd, name, name, &ignored);
	*ret_left_out = c.left_out;
	return rc;
}
