/*
 * The stage: new files stand here, under their full path, until the switch renames them
 * into place; hard links of the old ones stand beside them until the run is decided.
 * Renaming needs one file system, so a folder of servers' files that is on another one
 * than ours gets a stage of its own within it.
 *   <stage>/new/<full path>    what will be
 *   <stage>/old/<full path>    what was
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "node/engine.h"
#include "base/fault.h"
#include "base/str.h"
#include "node/tree.h"

#define FEW_FILES                                                                                  \
	16 /* so many are synced one by one; syncfs(2) also waits for everybody else's data */

/* The device of a folder, or of the nearest one above it that is there. */
static int device_of(struct hp_engine *x, const char *path, dev_t *ret, bool *ret_there,
	struct hp_err *err)
{
	char *p = hp_pstrdup(x->scratch, path);
	struct stat st;

	*ret_there = true;
	for (;;) {
		if (fstatat(x->rootfd, p[1] ? p + 1 : ".", &st, 0) == 0)
			break;
		if (errno != ENOENT)
			return hp_err_errno(err, HP_E_OS, errno, "the folder %s can't be read", p);
		*ret_there = false;
		p = hp_path_dir(x->scratch, p);
	}
	*ret = st.st_dev;
	return 0;
}

static int add_stage(struct hp_engine *x, const char *prefix, const char *dir, struct hp_err *err)
{
	if (x->n_stages == HP_STAGES_MAX)
		return hp_err_set(err, HP_E_CONF,
			"servers' folders are on more than %d file systems", HP_STAGES_MAX);
	x->stages[x->n_stages++] = (struct hp_stage){.prefix = prefix, .dir = dir, .fd = -1};
	return 0;
}

/* Which stages this machine needs. */
static int choose(struct hp_engine *x, struct hp_err *err)
{
	const char *root;
	dev_t ours, theirs;
	bool there;
	size_t i, j;

	if (x->n_stages)
		return 0;
	if (device_of(x, HP_ETC, &ours, &there, err) < 0 ||
		add_stage(x, "", HP_STAGE_DIR, err) < 0)
		return err->code;
	for (i = 0; i < HP_PARTS; i++)
		for (j = 0; hp_parts[i]->root && (root = hp_parts[i]->root(j)); j++) {
			if (device_of(x, root, &theirs, &there, err) < 0)
				return err->code;
			if (theirs == ours || !there)
				continue;
			if (add_stage(x, root,
				    hp_pprintf(x->pool, "%s/" HP_STAGE_NAME, root), err) < 0)
				return err->code;
		}
	return 0;
}

const struct hp_stage *hp_stage_of(const struct hp_engine *x, const char *path)
{
	const struct hp_stage *best = &x->stages[0];
	const char *rest;
	size_t i;

	for (i = 1; i < x->n_stages; i++) {
		rest = hp_str_after(path, x->stages[i].prefix);
		if (rest && (*rest == '/' || !*rest))
			best = &x->stages[i];
	}
	return best;
}

const char *hp_stage_path(struct hp_engine *x, struct hp_pool *pool, bool old, const char *path)
{
	return hp_pprintf(pool, "%s/%s%s", hp_stage_of(x, path)->dir, old ? "old" : "new", path);
}

int hp_stage_clear(struct hp_engine *x, struct hp_err *err)
{
	size_t i;

	if (choose(x, err) < 0)
		return err->code;
	for (i = 0; i < x->n_stages; i++) {
		if (x->stages[i].fd >= 0)
			close(x->stages[i].fd);
		x->stages[i].fd = -1;
		if (hp_tree_remove(x->rootfd, hp_rel(x->stages[i].dir), x->stages[i].dir, err) < 0)
			return err->code;
	}
	hp_tree_cache_drop(&x->dircache);
	return 0;
}

int hp_stage_open(struct hp_engine *x, struct hp_err *err)
{
	struct hp_stage *s;
	size_t i;

	if (hp_stage_clear(x, err) < 0)
		return err->code;
	for (i = 0; i < x->n_stages; i++) {
		s = &x->stages[i];
		if (hp_mkdirs(hp_engine_path(x, x->scratch, hp_path_dir(x->scratch, s->dir)), 0755,
			    err) < 0)
			return err->code;
		if (mkdirat(x->rootfd, hp_rel(s->dir), 0700) < 0 && errno != EEXIST)
			return hp_err_errno(
				err, HP_E_OS, errno, "the folder %s can't be made", s->dir);
		s->fd = openat(
			x->rootfd, hp_rel(s->dir), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (s->fd < 0)
			return hp_err_errno(
				err, HP_E_OS, errno, "the folder %s can't be opened", s->dir);
	}
	return 0;
}

/* The folder of a staged path, made where needed, from a small cache. Not the caller's to close. */
static int staged_dir(struct hp_engine *x, bool old, const char *path, const char **ret_base,
	int *ret_fd, struct hp_err *err)
{
	const char *full = hp_stage_path(x, x->scratch, old, path);

	*ret_base = strrchr(full, '/') + 1;
	return hp_tree_dir(&x->dircache, x->rootfd, full, ret_fd, err);
}

static int write_file(int dir, const char *base, const struct hp_mfile *m, const void *text,
	size_t len, bool live, bool sync, struct hp_err *err)
{
	int fd _cleanup_close_ =
		openat(dir, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s can't be staged", m->path);
	if (hp_fault_err("stage-write", err))
		return err->code;
	if (hp_fd_write(fd, m->path, text, len, err) < 0)
		return err->code;
	if (live && m->gid && fchown(fd, (uid_t)-1, m->gid) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s can't be given to its group", m->path);
	if (fchmod(fd, m->mode) < 0 || (sync && fsync(fd) < 0))
		return hp_err_errno(err, HP_E_OS, errno, "%s can't be staged", m->path);
	return 0;
}

int hp_stage_put(struct hp_engine *x, const struct hp_mfile *m, const void *text, size_t len,
	struct hp_err *err)
{
	const char *base;
	int dir;

	if (staged_dir(x, false, m->path, &base, &dir, err) < 0)
		return err->code;
	if (m->kind != HP_MLINK)
		return write_file(dir, base, m, text, len, x->live, x->n_staged++ < FEW_FILES, err);
	if (symlinkat(m->target, dir, base) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s can't be staged", m->path);
	x->n_staged++;
	return 0;
}

int hp_stage_gap(struct hp_engine *x, const char *path, struct hp_err *err)
{
	const char *base;
	int dir, fd;

	if (staged_dir(x, false, path, &base, &dir, err) < 0)
		return err->code;
	fd = openat(dir, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s can't be staged", path);
	close(fd);
	return 0;
}

/* Folders above a new file that are not there yet, outermost first. */
static void missing_dirs(struct hp_engine *x, const char *path)
{
	char *dir = hp_path_dir(x->scratch, path);
	struct hp_strv up = {0};
	struct stat st;

	if (hp_streq(dir, x->last_dir))
		return;
	x->last_dir = hp_pstrdup(x->round, dir);
	while (dir[1] && fstatat(x->rootfd, hp_rel(dir), &st, 0) < 0) {
		hp_strv_add_ref(x->scratch, &up, dir);
		dir = hp_path_dir(x->scratch, dir);
	}
	while (up.n--)
		if (!x->dirs.n || !hp_strv_has(&x->dirs, up.v[up.n]))
			hp_strv_add(x->round, &x->dirs, up.v[up.n]);
}

int hp_stage_keep_old(struct hp_engine *x, struct hp_err *err)
{
	const struct hp_op *op;
	const char *base;
	size_t i;
	int dir;

	for (i = 0; i < x->n_ops; i++) {
		op = &x->ops[i];
		hp_pool_reset(x->scratch);
		if (!op->had_old) {
			missing_dirs(x, op->file->path);
			continue;
		}
		if (op->late)
			continue;
		if (staged_dir(x, true, op->file->path, &base, &dir, err) < 0)
			return err->code;
		if (linkat(x->rootfd, hp_rel(op->file->path), dir, base, 0) < 0)
			return hp_err_errno(err, HP_E_OS, errno, "%s can't be kept for undoing",
				op->file->path);
	}
	return 0;
}

int hp_stage_sync(struct hp_engine *x, struct hp_err *err)
{
	size_t i;

	if (hp_fault_err("stage-sync", err))
		return err->code;
	if (x->n_staged <= FEW_FILES)
		return hp_tree_cache_sync(&x->dircache, err);
	for (i = 0; i < x->n_stages; i++)
		if (syncfs(x->stages[i].fd) < 0)
			return hp_err_errno(err, HP_E_OS, errno, "%s can't be written to the disk",
				x->stages[i].dir);
	return 0;
}
