#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#include "base/str.h"

/* The code of a file operation that failed: who may not, should hear so. */
static int file_error(struct hp_err *err, int errnum, const char *what, const char *path)
{
	int code = errnum == EACCES || errnum == EPERM ? HP_E_DENIED : HP_E_OS;

	return hp_err_errno(err, code, errnum, "%s %s", what, path);
}

int hp_file_read(const char *path, size_t max, struct hp_buf *buf, struct hp_err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	hp_buf_reset(buf);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return hp_err_errno(err, HP_E_NOT_FOUND, errno, "cannot open %s", path);
	if (fd < 0)
		return file_error(err, errno, "cannot open", path);
	return hp_fd_read(fd, path, max, buf, err);
}

int hp_fd_read(int fd, const char *name, size_t max, struct hp_buf *buf, struct hp_err *err)
{
	size_t chunk = 16 * 1024;
	struct stat st;

	hp_buf_reset(buf);
	/* A regular file fits at once, with a byte over to see its end without growing. */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= 0)
		chunk = (size_t)st.st_size < max ? (size_t)st.st_size + 1 : chunk;
	for (;;) {
		ssize_t n;

		hp_buf_reserve(buf, chunk);
		n = read(fd, buf->s + buf->len, buf->cap - buf->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int e = errno;

			buf->s[buf->len] = '\0';
			return hp_err_errno(err, HP_E_OS, e, "cannot read %s", name);
		}
		buf->len += (size_t)n;
		buf->s[buf->len] = '\0';
		if (buf->len > max)
			return hp_err_set(err, HP_E_CONF, "%s is larger than %zu bytes", name, max);
		if (n == 0)
			return 0;
		if (buf->cap - buf->len < 512)
			chunk = buf->len < 1024 * 1024 ? buf->len + 1024 : 1024 * 1024;
		else
			chunk = 0;
	}
}

int hp_fd_write(int fd, const char *name, const void *p, size_t n, struct hp_err *err)
{
	const char *s = p;

	while (n > 0) {
		ssize_t r = write(fd, s, n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return hp_err_errno(err, HP_E_OS, errno, "cannot write %s", name);
		s += r;
		n -= (size_t)r;
	}
	return 0;
}

static int fsync_dir(const char *dir, struct hp_err *err)
{
	_cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return file_error(err, errno, "cannot open", dir);
	/* EINVAL: a file system without anything to sync. */
	if (fsync(fd) < 0 && errno != EINVAL)
		return hp_err_errno(err, HP_E_OS, errno, "cannot sync %s", dir);
	return 0;
}

/* Fill the temp file and move it to path. The caller removes it on failure. */
static int write_and_rename(int fd, const char *tmp, const char *path, mode_t mode, const void *p,
	size_t n, struct hp_err *err)
{
	int r = hp_fd_write(fd, path, p, n, err);

	if (r < 0)
		return r;
	if (fchmod(fd, mode) < 0)
		return file_error(err, errno, "cannot set the mode of", path);
	if (fsync(fd) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "cannot sync %s", path);
	if (rename(tmp, path) < 0)
		return file_error(err, errno, "cannot replace", path);
	return 0;
}

int hp_file_write(const char *path, mode_t mode, const void *p, size_t n, struct hp_err *err)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX], tmp[PATH_MAX];
	int len, r;

	if (!slash)
		len = snprintf(dir, sizeof(dir), ".");
	else
		len = snprintf(
			dir, sizeof(dir), "%.*s", slash == path ? 1 : (int)(slash - path), path);
	/* A dot in front: no server's include pattern takes a half-written file in. */
	if (len < 0 || (size_t)len >= sizeof(dir)
		|| (size_t)snprintf(tmp, sizeof(tmp), "%s/.hp-XXXXXX", dir) >= sizeof(tmp))
		return hp_err_errno(err, HP_E_OS, ENAMETOOLONG, "cannot write %s", path);

	_cleanup_close_ int fd = mkostemp(tmp, O_CLOEXEC);

	if (fd < 0)
		return file_error(err, errno, "cannot write", path);
	r = write_and_rename(fd, tmp, path, mode, p, n, err);
	if (r < 0) {
		unlink(tmp);
		return r;
	}
	return fsync_dir(dir, err);
}

/* One folder. Others may be making it as well, so EEXIST is looked at afterwards. */
static int make_dir(const char *path, mode_t mode, struct hp_err *err)
{
	struct stat st;
	int e;

	if (mkdir(path, mode) == 0) {
		/* The mode that was asked for, whatever the umask. */
		if (chmod(path, mode) < 0)
			return file_error(err, errno, "cannot set the mode of", path);
		return 0;
	}
	e = errno;
	/* EROFS and EACCES come even where the folder exists already. */
	if (stat(path, &st) < 0)
		return file_error(err, e, "cannot make the folder", path);
	if (!S_ISDIR(st.st_mode))
		return file_error(err, ENOTDIR, "cannot make the folder", path);
	return 0;
}

int hp_mkdirs(const char *path, mode_t mode, struct hp_err *err)
{
	char part[PATH_MAX];
	size_t len = strlen(path);
	struct stat st;

	if (len == 0 || len >= sizeof(part))
		return hp_err_errno(err, HP_E_OS, len ? ENAMETOOLONG : ENOENT,
			"cannot make the folder %s", path);
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	memcpy(part, path, len + 1);
	for (size_t i = 1; i <= len; i++) {
		char c = part[i];
		int r;

		if ((c != '/' && c) || part[i - 1] == '/')
			continue;
		part[i] = '\0';
		r = make_dir(part, mode, err);
		if (r < 0)
			return r;
		part[i] = c;
	}
	return 0;
}

int hp_open_beneath(
	int dirfd, const char *rel, int flags, mode_t mode, int *ret_fd, struct hp_err *err)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd = -1;

	if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE)
		how.mode = mode & 07777;
	/* EAGAIN: the kernel saw a rename meanwhile and cannot vouch for "..": openat2(2). */
	for (int i = 0; i < 16; i++) {
		fd = syscall(SYS_openat2, dirfd, rel, &how, sizeof(how));
		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			break;
	}
	if (fd >= 0) {
		*ret_fd = (int)fd;
		return 0;
	}
	switch (errno) {
	case ENOENT:
	case ENOTDIR:
		return hp_err_errno(err, HP_E_NOT_FOUND, errno, "cannot open %s", rel);
	case EEXIST:
		return hp_err_errno(err, HP_E_EXISTS, errno, "cannot make %s", rel);
	case ELOOP:
		return hp_err_set(
			err, HP_E_DENIED, "cannot open %s: a symbolic link is on the way", rel);
	case EXDEV:
		return hp_err_set(
			err, HP_E_DENIED, "cannot open %s: it leads out of its folder", rel);
	default:
		return file_error(err, errno, "cannot open", rel);
	}
}
