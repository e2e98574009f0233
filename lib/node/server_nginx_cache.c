/*
 * What the front keeps of websites' answers, thrown away. NGINX has a file for each, with the key
 * that it is found by behind a head of numbers and headers (which have no line ends in them), and
 * is content when one is gone: it asks anew.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/engine.h"
#include "base/file.h"
#include "base/str.h"

#define KEY "\nKEY: "
/* nginx: a header of less than 400 bytes, then the line with the key */
#define HEAD_MAX 1024
#define LEVELS 2

struct purge {
	struct hp_kept *v; /* by name */
	size_t n;
	bool dry;
};

static int by_domain(const void *a, const void *b)
{
	return strcmp(((const struct hp_kept *)a)->domain, ((const struct hp_kept *)b)->domain);
}

/*
 * "…\nKEY: example.com site1 …": the name ends at a blank, which no name has in it. NULL: another
 * website's, or nothing of ours.
 */
static struct hp_kept *whose(const struct purge *p, int dirfd, const char *name)
{
	int fd _cleanup_close_ =
		openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	char head[HEAD_MAX + 1];
	ssize_t n = fd >= 0 ? read(fd, head, HEAD_MAX) : -1;
	char *key = n > 0 ? memmem(head, (size_t)n, KEY, strlen(KEY)) : NULL;
	struct hp_kept wanted;
	char *end;

	if (!key)
		return NULL;
	key += strlen(KEY);
	end = memchr(key, ' ', (size_t)(head + n - key));
	if (!end)
		return NULL;
	*end = 0;
	wanted.domain = key;
	return bsearch(&wanted, p->v, p->n, sizeof(*p->v), by_domain);
}

/* Takes fd. What goes meanwhile is no error: nginx removes files, too. */
static int purge_dir(struct purge *p, int fd, unsigned level)
{
	DIR *d = fdopendir(fd);
	struct hp_kept *of;
	struct dirent *e;
	int rc = 0, below, saved;

	if (!d) {
		close(fd);
		return -1;
	}
	while (rc == 0 && (errno = 0, e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		if (level < LEVELS) {
			below = openat(dirfd(d), e->d_name,
				O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			rc = below >= 0 ? purge_dir(p, below, level + 1) : 0;
		} else if ((of = whose(p, dirfd(d), e->d_name))) {
			rc = p->dry ? 0 : unlinkat(dirfd(d), e->d_name, 0);
			of->removed += rc == 0;
			rc = rc < 0 && errno == ENOENT ? 0 : rc;
		}
	}
	if (rc == 0 && errno)
		rc = -1;
	saved = errno;
	closedir(d);
	errno = saved;
	return rc;
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
	static const char *const places[] = {HP_NGINX_CACHE "-php", HP_NGINX_CACHE "-proxy"};
	struct purge p = {.v = v, .n = n, .dry = dry};
	const char *path;
	size_t i;
	int fd;

	if (mark_known(o, v, n, err) < 0)
		return err->code;
	if (n)
		qsort(v, n, sizeof(*v), by_domain);
	for (i = 0; i < HP_ARRAY_SIZE(places); i++) {
		path = hp_path(pool, o->sysroot, places[i]);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0 || purge_dir(&p, fd, 0) < 0)
			return hp_err_errno(
				err, HP_E_OS, errno, "what is kept in %s can't be removed", path);
	}
	return 0;
}
