/* The new manifest and the kept document: written beside the old ones, then renamed. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "node/engine.h"
#include "base/fault.h"
#include "base/str.h"

#define MANIFEST_NEW HP_MANIFEST_FILE ".new"
#define STATE_NEW HP_STATE_FILE ".new"

/* Signatures of what was just switched in. */
static int sign(struct hp_engine *x, struct hp_msite *s, struct hp_err *err)
{
	struct hp_mfile *f;
	struct stat st;
	int dir;

	for (f = s ? s->files : NULL; f; f = f->next) {
		if (f->sig.ino)
			continue;
		if (hp_tree_dir(&x->dircache, x->rootfd, f->path, &dir, err) < 0)
			return err->code;
		if (fstatat(dir, strrchr(f->path, '/') + 1, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return hp_err_errno(err, HP_E_OS, errno, "%s can't be looked at", f->path);
		hp_sig_of(&st, &f->sig);
	}
	return 0;
}

static int open_new(struct hp_engine *x, const char *path, int *ret_fd, struct hp_err *err)
{
	*ret_fd = openat(x->rootfd, hp_rel(path),
		O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*ret_fd < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s can't be written", path);
	return 0;
}

static bool all_fine(const struct hp_engine *x)
{
	size_t i;

	for (i = 0; i < x->n_sites; i++)
		if (x->sites[i].outcome != HP_IS_FINE)
			return false;
	return x->own.outcome == HP_IS_FINE;
}

static int write_manifest(struct hp_engine *x, struct hp_err *err)
{
	struct hp_manifest head = {.node = x->node, .generation = x->generation, .doc = x->doc,
		.inputs = x->all_inputs, .complete = all_fine(x)};
	struct hp_manifest_writer *w;
	int fd _cleanup_close_ = -1;
	size_t i;

	if (open_new(x, MANIFEST_NEW, &fd, err) < 0 ||
		hp_manifest_begin(x->round, fd, &head, &w, err) < 0)
		return err->code;
	if (x->own.now &&
		(sign(x, x->own.now, err) < 0 || hp_manifest_site(w, x->own.now, err) < 0))
		return err->code;
	for (i = 0; i < x->n_sites; i++)
		if (x->sites[i].now && (sign(x, x->sites[i].now, err) < 0 ||
					       hp_manifest_site(w, x->sites[i].now, err) < 0))
			return err->code;
	if (hp_manifest_end(w, err) < 0)
		return err->code;
	if (fsync(fd) < 0)
		return hp_err_errno(err, HP_E_OS, errno, MANIFEST_NEW " can't be written");
	return 0;
}

static int copy_state(struct hp_engine *x, struct hp_err *err)
{
	char hex[HP_DIGEST_HEX], chunk[65536];
	int fd _cleanup_close_ = -1;
	struct hp_digest d;
	off_t at = x->doc_at;
	ssize_t n;

	if (x->o->state_fd < 0)
		return 0; /* the kept one */
	if (open_new(x, STATE_NEW, &fd, err) < 0)
		return err->code;
	hp_digest_init(&d);
	while ((n = pread(x->doc_fd, chunk, sizeof(chunk), at)) > 0) {
		hp_digest_add(&d, chunk, (size_t)n);
		if (hp_fd_write(fd, STATE_NEW, chunk, (size_t)n, err) < 0)
			return err->code;
		at += n;
	}
	hp_digest_hex(&d, hex);
	if (n < 0 || !hp_streq(hex, x->doc))
		return hp_err_set(err, HP_E_OS, "the state document changed while it was applied");
	if (fsync(fd) < 0)
		return hp_err_errno(err, HP_E_OS, errno, STATE_NEW " can't be written");
	return 0;
}

int hp_commit_prepare(struct hp_engine *x, struct hp_err *err)
{
	if (hp_fault_err("commit", err))
		return err->code;
	if (hp_plan_look_at_rest(x, err) < 0 || write_manifest(x, err) < 0)
		return err->code;
	return copy_state(x, err);
}

static int publish(struct hp_engine *x, const char *from, const char *to, struct hp_err *err)
{
	if (renameat(x->rootfd, hp_rel(from), x->rootfd, hp_rel(to)) < 0 && errno != ENOENT)
		return hp_err_errno(err, HP_E_OS, errno, "%s can't be renamed", from);
	return 0;
}

int hp_commit_publish(struct hp_engine *x, struct hp_err *err)
{
	int fd _cleanup_close_ = -1;

	hp_fault("before-manifest");
	if (publish(x, STATE_NEW, HP_STATE_FILE, err) < 0)
		return err->code;
	hp_fault("mid-manifest");
	if (publish(x, MANIFEST_NEW, HP_MANIFEST_FILE, err) < 0)
		return err->code;
	fd = openat(x->rootfd, hp_rel(HP_NODE_DIR), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return hp_err_errno(
			err, HP_E_OS, errno, HP_NODE_DIR " can't be written to the disk");
	hp_fault("after-manifest");
	return 0;
}
