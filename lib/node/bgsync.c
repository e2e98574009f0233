#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "node/bgsync.h"
#include "base/thread.h"

static void *sync_all(void *arg)
{
	struct hp_bgsync *b = arg;
	size_t i;

	for (i = 0; i < b->n; i++)
		if (syncfs(b->fd[i]) < 0 && !b->failure)
			b->failure = errno;
	return NULL;
}

int hp_bgsync_begin(struct hp_bgsync *b, const int *fd, size_t n, struct hp_err *err)
{
	HP_BUG_ON(b->runs || b->n || n > HP_BGSYNC_MAX);
	for (b->n = 0; b->n < n; b->n++) {
		b->fd[b->n] = fcntl(fd[b->n], F_DUPFD_CLOEXEC, 3);
		if (b->fd[b->n] < 0)
			return hp_err_errno(
				err, HP_E_OS, errno, "no further descriptor is to be had");
	}
	b->runs = hp_thread_start(&b->thread, sync_all, b);
	if (!b->runs)
		sync_all(b);
	return 0;
}

int hp_bgsync_end(struct hp_bgsync *b, struct hp_err *err)
{
	int failure;

	if (b->runs)
		pthread_join(b->thread, NULL);
	b->runs = false;
	while (b->n > 0)
		close(b->fd[--b->n]);
	failure = b->failure;
	b->failure = 0;
	return failure
		? hp_err_errno(err, HP_E_OS, failure, "a file system can't be written to the disk")
		: 0;
}
