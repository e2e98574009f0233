/*
 * What servers keep of websites' answers, thrown away: by hp-vhost purge, and by each apply that
 * changes a website. How a server keeps them is its own business (hp_server.forget).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/web.h"
#include "base/file.h"
#include "base/str.h"

/* of folders in folders; what lies deeper is nobody's */
#define DEPTH_MAX 16

static int by_domain(const void *a, const void *b)
{
	return strcmp(((const struct hp_kept *)a)->domain, ((const struct hp_kept *)b)->domain);
}

struct hp_kept *hp_kept_find(const struct hp_forget *f, const char *domain)
{
	const struct hp_kept wanted = {.domain = domain};

	return bsearch(&wanted, f->v, f->n, sizeof(*f->v), by_domain);
}

struct hp_kept *hp_kept_read(
	const struct hp_forget *f, int dirfd, const char *name, const char *mark, char stop)
{
	int fd _cleanup_close_ =
		openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	char head[HP_KEPT_HEAD + 1];
	ssize_t n = fd >= 0 ? read(fd, head, HP_KEPT_HEAD) : -1;
	char *key = n > 0 ? memmem(head, (size_t)n, mark, strlen(mark)) : NULL;
	char *end;

	if (!key)
		return NULL;
	key += strlen(mark);
	end = memchr(key, stop, (size_t)(head + n - key));
	if (!end)
		return NULL;
	*end = 0;
	return hp_kept_find(f, key);
}

/* What goes meanwhile is no error: servers remove files, too. */
int hp_kept_remove(const struct hp_forget *f, struct hp_kept *of, int dirfd, const char *name)
{
	int rc = f->dry ? 0 : unlinkat(dirfd, name, 0);

	of->removed += rc == 0;
	return rc < 0 && errno == ENOENT ? 0 : rc;
}

/* Takes fd. */
static int walk(const struct hp_forget *f, int fd, unsigned depth, hp_kept_fn *fn, void *arg)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;
	int rc = 0, below, saved;

	if (!d) {
		close(fd);
		return -1;
	}
	while (rc == 0 && (errno = 0, e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		below = e->d_type == DT_REG ? -1
					    : openat(dirfd(d), e->d_name,
						      O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
							      O_CLOEXEC);
		if (below < 0)
			rc = fn(f, arg, dirfd(d), e->d_name);
		else if (depth < DEPTH_MAX)
			rc = walk(f, below, depth + 1, fn, arg);
		else
			close(below);
	}
	if (rc == 0 && errno)
		rc = -1;
	saved = errno;
	closedir(d);
	errno = saved;
	return rc;
}

int hp_kept_walk(const struct hp_forget *f, const char *dir, hp_kept_fn *fn, void *arg,
	struct hp_err *err)
{
	const char *path = hp_path(f->pool, f->sysroot, dir);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || walk(f, fd, 0, fn, arg) < 0)
		return hp_err_errno(
			err, HP_E_OS, errno, "what is kept in %s can't be removed", path);
	return 0;
}

/* All servers: one that is not the front any more may be it again before all of it is over. */
int hp_web_forget(const struct hp_forget *f, struct hp_err *err)
{
	size_t i;

	if (!f->n)
		return 0;
	qsort(f->v, f->n, sizeof(*f->v), by_domain);
	for (i = 0; hp_servers[i]; i++)
		if (hp_servers[i]->forget && hp_servers[i]->forget(f, err) < 0)
			return err->code;
	return 0;
}

/* Those of this node. One that was removed has nothing that could still be shown. */
static int mark_known(const struct hp_node_opts *o, struct hp_kept *v, size_t n, struct hp_err *err)
{
	struct hp_engine x;
	size_t i;

	if (hp_engine_init(&x, o, true, err) == 0 && hp_engine_load(&x, err) == 0)
		for (i = 0; i < n; i++)
			v[i].known = hp_manifest_find(&x.old, v[i].domain) != NULL;
	hp_engine_free(&x);
	return err->code;
}

int hp_node_purge_kept(struct hp_pool *pool, const struct hp_node_opts *o, struct hp_kept *v,
	size_t n, bool dry, struct hp_err *err)
{
	const struct hp_forget f = {
		.pool = pool, .sysroot = o->sysroot, .v = v, .n = n, .dry = dry};

	return mark_known(o, v, n, err) < 0 ? err->code : hp_web_forget(&f, err);
}

/* ---- a bound ---- */
struct kept_file {
	int64_t ns, bytes;
};

struct trim {
	struct kept_file *v;
	size_t n, room;
	int64_t until; /* files from then and before go */
	struct hp_kept gone;
};

static int64_t written(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

/* 1: a file; 0: something else, or it has gone. */
static int look(int dirfd, const char *name, struct stat *ret)
{
	if (fstatat(dirfd, name, ret, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -1;
	return S_ISREG(ret->st_mode);
}

static int weigh_file(const struct hp_forget *f, void *arg, int dirfd, const char *name)
{
	struct trim *t = arg;
	struct kept_file *more;
	struct stat st;
	int rc = look(dirfd, name, &st);

	if (rc <= 0)
		return rc;
	if (t->n == t->room) {
		t->room = t->room ? 2 * t->room : 1024;
		more = hp_palloc(f->pool, t->room * sizeof(*more));
		if (t->n)
			memcpy(more, t->v, t->n * sizeof(*more));
		t->v = more;
	}
	t->v[t->n++] = (struct kept_file){written(&st), (int64_t)st.st_blocks * 512};
	return 0;
}

static int trim_file(const struct hp_forget *f, void *arg, int dirfd, const char *name)
{
	struct trim *t = arg;
	struct stat st;
	int rc = look(dirfd, name, &st);

	if (rc <= 0 || written(&st) > t->until)
		return rc < 0 ? rc : 0;
	return hp_kept_remove(f, &t->gone, dirfd, name);
}

static int newest_first(const void *a, const void *b)
{
	const struct kept_file *x = a, *y = b;

	return (x->ns < y->ns) - (x->ns > y->ns);
}

/* What comes in meanwhile is newer than what goes. */
static int trim(const struct hp_forget *f, const char *dir, uint64_t most, struct trim *t,
	int64_t *ret_left, struct hp_err *err)
{
	int64_t bytes = 0;
	size_t i;

	if (hp_kept_walk(f, dir, weigh_file, t, err) < 0)
		return err->code;
	if (t->n)
		qsort(t->v, t->n, sizeof(*t->v), newest_first);
	for (i = 0; i < t->n && (uint64_t)(bytes + t->v[i].bytes) <= most; i++)
		bytes += t->v[i].bytes;
	*ret_left += bytes;
	if (i == t->n)
		return 0;
	t->until = t->v[i].ns;
	return hp_kept_walk(f, dir, trim_file, t, err);
}

int hp_node_trim_kept(struct hp_pool *pool, const char *sysroot, uint64_t most, bool dry,
	int64_t *ret_removed, int64_t *ret_left, struct hp_err *err)
{
	const struct hp_forget f = {.pool = pool, .sysroot = sysroot, .dry = dry};
	struct trim t;
	size_t i;

	*ret_removed = *ret_left = 0;
	for (i = 0; hp_servers[i]; i++) {
		if (!hp_servers[i]->unbounded)
			continue;
		t = (struct trim){0};
		if (trim(&f, hp_servers[i]->unbounded, most, &t, ret_left, err) < 0)
			return err->code;
		*ret_removed += t.gone.removed;
	}
	return 0;
}
