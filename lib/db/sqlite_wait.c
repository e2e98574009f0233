#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/pool.h"
#include "base/str.h"
#include "db/sqlite_wait.h"

/* How often, at most, a lock that another has is tried for; and when that was LONG_US. */
#define LOOK_US 8000
#define LONG_US 1000000
#define LOOK_LONG_US 1000

void hp_sqlite_wait_init(struct hp_sqlite_wait *w, unsigned patience_ms)
{
	*w = (struct hp_sqlite_wait){.patience_ms = patience_ms, .folder = -1};
}

void hp_sqlite_wait_queue_at(struct hp_sqlite_wait *w, const char *path)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();

	w->folder = open(hp_path_dir(pool, path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

void hp_sqlite_wait_release(struct hp_sqlite_wait *w)
{
	if (w->folder >= 0)
		close(w->folder);
	w->folder = -1;
}

/* Who has waited long looks more often. */
static bool wait_a_little(struct hp_sqlite_wait *w)
{
	uint64_t waited = hp_now_us() - w->since;
	uint32_t random;

	if (waited >= (uint64_t)w->patience_ms * 1000)
		return false;
	hp_random(&random, sizeof(random));
	usleep(500 + random % (w->is_next || waited >= LONG_US ? LOOK_LONG_US : LOOK_US));
	return true;
}

int hp_sqlite_wait_busy(void *arg, int count)
{
	struct hp_sqlite_wait *w = arg;

	if (count == 0 && !w->is_next)
		w->since = hp_now_us();
	return wait_a_little(w);
}

void hp_sqlite_wait_turn(struct hp_sqlite_wait *w)
{
	w->since = hp_now_us();
	while (w->folder >= 0 && !w->is_next) {
		w->is_next = flock(w->folder, LOCK_EX | LOCK_NB) == 0;
		if (!w->is_next && !wait_a_little(w))
			break;
	}
}

void hp_sqlite_wait_over(struct hp_sqlite_wait *w)
{
	if (w->is_next)
		flock(w->folder, LOCK_UN);
	w->is_next = false;
}
