/*
 * Waiting for a database file that somebody else is writing. SQLite's own waiting looks ever more
 * seldom, at last each tenth of a second, and is no queue: among many writers who has waited
 * longest comes last.
 */
#ifndef HP_DB_SQLITE_WAIT_H
#define HP_DB_SQLITE_WAIT_H

#include <stdbool.h>
#include <stdint.h>

struct hp_sqlite_wait {
	unsigned patience_ms; /* how long in all; may be changed between two waits */
	uint64_t since;       /* hp_now_us(): it is waited */
	int folder;           /* of the file, to queue at; -1: none */
	bool is_next;         /* of those who queue */
};

void hp_sqlite_wait_init(struct hp_sqlite_wait *w, unsigned patience_ms);
/* From here on, writers queue at the folder of that file; where it can't be opened they don't. */
void hp_sqlite_wait_queue_at(struct hp_sqlite_wait *w, const char *path);
void hp_sqlite_wait_release(struct hp_sqlite_wait *w);

/* sqlite3_busy_handler(), with a struct hp_sqlite_wait. */
int hp_sqlite_wait_busy(void *arg, int count);

/*
 * Around BEGIN IMMEDIATE. Who wants to write queues for the lock on the folder first, and holds it
 * until the database's own is his: else one who changes a thousand things, each in a transaction of
 * its own, would always be there before those who sleep. It is a courtesy: whoever may read the
 * folder can lock it, too, so that without it, in the end, the database's lock is tried for all the
 * same.
 */
void hp_sqlite_wait_turn(struct hp_sqlite_wait *w);
void hp_sqlite_wait_over(struct hp_sqlite_wait *w);

#endif
