/* syncfs(2) of a few file systems beside other work. */
#ifndef HP_NODE_BGSYNC_H
#define HP_NODE_BGSYNC_H

#include <pthread.h>

#include "base/err.h"

#define HP_BGSYNC_MAX 8

struct hp_bgsync {
	pthread_t thread;
	bool runs;
	int fd[HP_BGSYNC_MAX]; /* our own copies */
	size_t n;
	int failure;           /* errno, or 0 */
};

/*
 * Everything written to the file systems of fd[0..n) until now starts on its way to the disk.
 * b is all zero bytes, or was ended. Where no thread is to be had it is done at once.
 */
int hp_bgsync_begin(struct hp_bgsync *b, const int *fd, size_t n, struct hp_err *err);
/* It is on the disk, or HP_E_OS. Without a begin nothing is done. */
int hp_bgsync_end(struct hp_bgsync *b, struct hp_err *err);

#endif
