/* Files as they are on the disk, against what the manifest says of them. */
#include <errno.h>
#include <fcntl.h>

#include "node/engine.h"
#include "base/str.h"
#include "sys/digest.h"

#define TEXT_MAX ((size_t)4 << 20) /* nothing that we write comes near it */

static int read_link(struct hp_engine *x, const char *path, struct hp_buf *buf, struct hp_err *err)
{
	char target[4096];
	ssize_t n = readlinkat(x->rootfd, hp_rel(path), target, sizeof(target));

	if (n < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s can't be read", path);
	hp_buf_add(buf, target, (size_t)n);
	return 0;
}

static int read_file(struct hp_engine *x, const char *path, struct hp_buf *buf, struct hp_err *err)
{
	int fd _cleanup_close_ =
		openat(x->rootfd, hp_rel(path), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s can't be read", path);
	return hp_fd_read(fd, path, TEXT_MAX, buf, err);
}

int hp_disk_text(struct hp_engine *x, const char *path, struct hp_buf *buf, struct hp_err *err)
{
	struct stat st;

	hp_buf_reset(buf);
	if (fstatat(x->rootfd, hp_rel(path), &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		return hp_err_errno(err, HP_E_OS, errno, "%s can't be read", path);
	}
	if (S_ISLNK(st.st_mode))
		return read_link(x, path, buf, err);
	if (S_ISREG(st.st_mode))
		return read_file(x, path, buf, err);
	return 0;
}

/* Same kind and permissions? Links have none of their own. */
static bool same_shape(const struct hp_engine *x, const struct hp_mfile *m, const struct stat *st)
{
	if (m->kind == HP_MLINK)
		return S_ISLNK(st->st_mode);
	return S_ISREG(st->st_mode) && (st->st_mode & 07777) == m->mode &&
	       (!x->live || st->st_gid == m->gid);
}

int hp_disk_check(struct hp_engine *x, const struct hp_mfile *m, enum hp_disk *ret,
	struct hp_sig *fresh, char sha[65], struct hp_err *err)
{
	struct hp_buf buf _cleanup_buf_ = HP_BUF_INIT;
	char hex[HP_DIGEST_HEX] = "";
	struct hp_sig sig;
	struct stat st;

	if (fstatat(x->rootfd, hp_rel(m->path), &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return hp_err_errno(err, HP_E_OS, errno, "%s can't be read", m->path);
		*ret = HP_DISK_MISSING;
		if (sha)
			sha[0] = 0;
		return 0;
	}
	hp_sig_of(&st, &sig);
	if (fresh)
		*fresh = sig;
	if (m->sig.ino && !m->racy && hp_sig_same(&sig, &m->sig)) {
		*ret = HP_DISK_SAME;
		if (sha)
			memcpy(sha, m->sha, 65);
		return 0;
	}
	if (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode)) {
		if (hp_disk_text(x, m->path, &buf, err) < 0)
			return err->code;
		hp_digest_of(hp_buf_str(&buf), buf.len, hex);
	}
	*ret = same_shape(x, m, &st) && hp_streq(hex, m->sha) ? HP_DISK_SAME : HP_DISK_OTHER;
	if (sha)
		memcpy(sha, hex, 65);
	return 0;
}
