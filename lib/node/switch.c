/*
 * The switch: staged files renamed into place, old ones away; and back. Each step can be
 * repeated: what was done already is seen from what stands in the stage.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/engine.h"
#include "base/fault.h"
#include "base/str.h"

/* So many are synced by syncfs(2); it also waits for everybody else's data. */
#define MANY_OPS 64

int hp_switch_dirs(struct hp_engine *x, struct hp_err *err)
{
	size_t i;

	for (i = 0; i < x->dirs.n; i++)
		if (mkdirat(x->rootfd, hp_rel(x->dirs.v[i]), 0755) < 0 && errno != EEXIST)
			return hp_err_errno(err, HP_E_OS, errno, "the folder %s can't be made",
				x->dirs.v[i]);
	return 0;
}

static int put(struct hp_engine *x, const struct hp_op *op, struct hp_err *err)
{
	const char *path = op->file->path, *base = strrchr(path, '/') + 1;
	unsigned flags = op->had_old ? 0 : RENAME_NOREPLACE;
	int from, to;

	if (hp_tree_dir(&x->dircache, x->rootfd, hp_stage_path(x, x->scratch, false, path), &from,
		    err) < 0 ||
		hp_tree_dir(&x->dircache, x->rootfd, path, &to, err) < 0)
		return err->code;
	if (renameat2(from, base, to, base, flags) == 0)
		return 0;
	if (errno == EINVAL && flags && faccessat(to, base, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
		renameat(from, base, to, base) == 0)
		return 0; /* a file system without RENAME_NOREPLACE */
	if (errno == EEXIST)
		return hp_err_set(
			err, HP_E_EXISTS, "%s was made by somebody else in this instant", path);
	return hp_err_errno(err, HP_E_OS, errno, "%s can't be renamed into place", path);
}

static int drop(struct hp_engine *x, const char *path, bool own_dir, struct hp_err *err)
{
	if (unlinkat(x->rootfd, hp_rel(path), 0) < 0 && errno != ENOENT && errno != ENOTDIR)
		return hp_err_errno(err, HP_E_OS, errno, "%s can't be removed", path);
	/* not empty: somebody keeps something there, so the folder stays */
	if (own_dir &&
		unlinkat(x->rootfd, hp_rel(hp_path_dir(x->scratch, path)), AT_REMOVEDIR) < 0 &&
		errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR)
		return hp_err_errno(err, HP_E_OS, errno, "the folder of %s can't be removed", path);
	return 0;
}

int hp_switch_files(struct hp_engine *x, bool early, struct hp_err *err)
{
	const struct hp_op *op;
	size_t i;

	for (i = 0; i < x->n_ops; i++) {
		op = &x->ops[i];
		if (op->late || op->early != early)
			continue;
		hp_pool_reset(x->scratch);
		hp_fault("mid-rename");
		if (hp_fault_err("rename", err))
			return err->code;
		if (op->remove ? drop(x, op->file->path, op->file->kind == HP_MFILE_OWN_DIR, err) <
					0
			       : put(x, op, err) < 0)
			return err->code;
	}
	return 0;
}

static int sync_dir(struct hp_engine *x, const char *dir, struct hp_err *err)
{
	int fd _cleanup_close_ =
		openat(x->rootfd, hp_rel(dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* a folder of its own that went with its file */
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fsync(fd) < 0)
		return hp_err_errno(
			err, HP_E_OS, errno, "the folder %s can't be written to the disk", dir);
	return 0;
}

int hp_switch_sync_begin(struct hp_engine *x, struct hp_err *err)
{
	int fds[HP_STAGES_MAX];
	struct hp_strv dirs = {0};
	const char *dir;
	size_t i;

	if (x->n_ops > MANY_OPS) {
		for (i = 0; i < x->n_stages; i++)
			fds[i] = x->stages[i].fd;
		return hp_bgsync_begin(&x->bgsync, fds, x->n_stages, err);
	}
	hp_pool_reset(x->scratch);
	for (i = 0; i < x->n_ops; i++) {
		dir = hp_path_dir(x->scratch, x->ops[i].file->path);
		if (dirs.n && hp_strv_has(&dirs, dir))
			continue;
		hp_strv_add_ref(x->scratch, &dirs, dir);
		if (sync_dir(x, dir, err) < 0)
			return err->code;
	}
	return 0;
}

int hp_switch_sync_end(struct hp_engine *x, struct hp_err *err)
{
	if (hp_bgsync_end(&x->bgsync, err) < 0)
		return hp_err_prefix(err, "the switch can't be synced");
	return 0;
}

int hp_switch_late(struct hp_engine *x, const char *path, bool own_dir, struct hp_err *err)
{
	return drop(x, path, own_dir, err);
}

static bool is_there(const struct hp_engine *x, const char *path)
{
	return faccessat(x->rootfd, hp_rel(path), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int hp_switch_back(struct hp_engine *x, const char *path, bool remove, bool had_old,
	struct hp_err *err)
{
	const char *staged = hp_stage_path(x, x->scratch, false, path);
	const char *kept = hp_stage_path(x, x->scratch, true, path);
	struct hp_err ignored = HP_ERR_INIT;
	int dir;

	if (had_old) {
		if (!is_there(x, kept))
			return 0;
		/* its folder may have gone with it */
		if (hp_tree_dir(&x->dircache, x->rootfd, path, &dir, err) < 0)
			return err->code;
		if (renameat(x->rootfd, hp_rel(kept), x->rootfd, hp_rel(path)) < 0)
			return hp_err_errno(err, HP_E_OS, errno, "%s can't be put back", path);
		/* two names of one file: rename(2) does nothing then */
		unlinkat(x->rootfd, hp_rel(kept), 0);
		return 0;
	}
	/* still in the stage: never switched, and what stands at path is not ours */
	if (remove || is_there(x, staged))
		return 0;
	return drop(x, path, false, &ignored) < 0 ? (*err = ignored, err->code) : 0;
}
