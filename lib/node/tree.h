/* Folders: a small cache of open ones, and whole trees that belong to root removed. */
#ifndef HP_NODE_TREE_H
#define HP_NODE_TREE_H

#include "base/err.h"

#define HP_DIRCACHE 64

struct hp_dircache {
	struct {
		char *path;
		int fd;
		uint64_t used;
	} slot[HP_DIRCACHE];
	uint64_t clock;
};

/*
 * The folder that path (absolute, below rootfd) stands in, open; it and those above it are made
 * 0755. The cache keeps and closes it.
 */
int hp_tree_dir(struct hp_dircache *c, int rootfd, const char *path, int *ret_fd,
	struct hp_err *err);
/* fsync(2) on all that are open in it. */
int hp_tree_cache_sync(struct hp_dircache *c, struct hp_err *err);
void hp_tree_cache_drop(struct hp_dircache *c);
/* rm -rf without following links; a tree that is not there is fine. name is for messages. */
int hp_tree_remove(int dirfd, const char *rel, const char *name, struct hp_err *err);

#endif
