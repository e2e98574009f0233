#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "node/tree.h"
#include "base/pool.h"
#include "base/str.h"

#define DEPTH_MAX 64

/* Open the folder path[0..len) below rootfd, making what is missing. */
static int open_made(int rootfd, const char *path, size_t len, struct hp_err *err)
{
	char *part = strndup(path + 1, len ? len - 1 : 0);
	char *slash;
	int fd;

	if (!part)
		hp_die(HP_E_OS, "out of memory");
	fd = openat(rootfd, *part ? part : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT) {
		for (slash = strchr(part, '/');; slash = strchr(slash + 1, '/')) {
			if (slash)
				*slash = 0;
			if (mkdirat(rootfd, part, 0755) < 0 && errno != EEXIST)
				break;
			if (!slash)
				break;
			*slash = '/';
		}
		fd = openat(rootfd, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if (fd < 0)
		hp_err_errno(err, HP_E_OS, errno, "the folder /%s can't be made", part);
	free(part);
	return fd;
}

int hp_tree_dir(struct hp_dircache *c, int rootfd, const char *path, int *ret_fd,
	struct hp_err *err)
{
	size_t len = (size_t)(strrchr(path, '/') - path);
	unsigned i, oldest = 0;

	for (i = 0; i < HP_DIRCACHE; i++) {
		if (c->slot[i].path && strlen(c->slot[i].path) == len &&
			memcmp(c->slot[i].path, path, len) == 0) {
			c->slot[i].used = ++c->clock;
			*ret_fd = c->slot[i].fd;
			return 0;
		}
		if (c->slot[i].used < c->slot[oldest].used)
			oldest = i;
	}
	if (c->slot[oldest].path) {
		close(c->slot[oldest].fd);
		free(c->slot[oldest].path);
		c->slot[oldest].path = NULL;
	}
	c->slot[oldest].fd = open_made(rootfd, path, len, err);
	if (c->slot[oldest].fd < 0)
		return err->code;
	c->slot[oldest].path = strndup(path, len);
	if (!c->slot[oldest].path)
		hp_die(HP_E_OS, "out of memory");
	c->slot[oldest].used = ++c->clock;
	*ret_fd = c->slot[oldest].fd;
	return 0;
}

int hp_tree_cache_sync(struct hp_dircache *c, struct hp_err *err)
{
	unsigned i;

	for (i = 0; i < HP_DIRCACHE; i++)
		if (c->slot[i].path && fsync(c->slot[i].fd) < 0)
			return hp_err_errno(err, HP_E_OS, errno,
				"the folder %s can't be written to the disk", c->slot[i].path);
	return 0;
}

void hp_tree_cache_drop(struct hp_dircache *c)
{
	unsigned i;

	for (i = 0; i < HP_DIRCACHE; i++)
		if (c->slot[i].path) {
			close(c->slot[i].fd);
			free(c->slot[i].path);
			c->slot[i].path = NULL;
			c->slot[i].used = 0;
		}
}

static int remove_in(int fd, unsigned depth);

static int remove_entry(int dirfd, const char *name, unsigned depth)
{
	int fd;

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (remove_in(fd, depth + 1) < 0)
		return -1;
	return unlinkat(dirfd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -1 : 0;
}

/* Empties the folder; takes fd. */
static int remove_in(int fd, unsigned depth)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;
	int rc = 0, saved;

	if (!d) {
		close(fd);
		return -1;
	}
	if (depth > DEPTH_MAX) {
		errno = ELOOP;
		rc = -1;
	}
	while (rc == 0 && (e = readdir(d)))
		if (!hp_streq(e->d_name, ".") && !hp_streq(e->d_name, ".."))
			rc = remove_entry(dirfd(d), e->d_name, depth);
	saved = errno;
	closedir(d);
	errno = saved;
	return rc;
}

int hp_tree_remove(int dirfd, const char *rel, const char *name, struct hp_err *err)
{
	struct stat st;

	/* unlink(2) would say "read-only" of a name that is not there */
	if (fstatat(dirfd, rel, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return 0;
	if (remove_entry(dirfd, rel, 0) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s can't be removed", name);
	return 0;
}
