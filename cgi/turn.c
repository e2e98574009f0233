/*
 * Programs that only read, a few at a time, in the order in which they were asked for. All at once
 * they would share the processors: in sum nobody waits less, and the unlucky wait longest.
 *
 * Tickets: who has number N goes when less than n of those before him are still there. It is a
 * matter of order, not of safety: whoever has waited long enough goes.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cgi/turn.h"
#include "base/file.h"

/* So much can slow programs delay those behind them. */
#define WAIT_US 200000

struct cgi_turns {
	_Atomic uint32_t next;  /* the next ticket's number */
	_Atomic uint32_t ended; /* tickets given back; what is waited on */
	uint32_t n;
	_Atomic bool held[CGI_WORKERS_MAX];
};

/* A waiter for every bit: who gives back wakes the one whose turn it is, and few besides. */
static uint32_t bit_of(uint32_t ticket)
{
	return UINT32_C(1) << (ticket % 32);
}

struct cgi_turns *cgi_turns_new(void)
{
	struct cgi_turns *t = mmap(
		NULL, sizeof(*t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (t == MAP_FAILED)
		return NULL;
	/* more than there are processors: while some end or wait for the kernel, others begin */
	t->n = processors < 1 ? 3 : 2 * (uint32_t)processors + 1;
	return t;
}

bool cgi_turn_take(struct cgi_turns *t, unsigned worker)
{
	uint64_t until = hp_now_us() + WAIT_US;
	struct timespec at = {(time_t)(until / 1000000), (long)(until % 1000000) * 1000};
	uint32_t mine, ended;

	if (!t)
		return true;
	mine = t->next++;
	t->held[worker] = true;
	/* numbers go round: it is their distance that counts */
	while ((int32_t)(mine - (ended = t->ended)) >= (int32_t)t->n)
		if (syscall(SYS_futex, &t->ended, FUTEX_WAIT_BITSET, ended, &at, NULL,
			    bit_of(mine)) < 0 && errno == ETIMEDOUT)
			return false;
	return true;
}

void cgi_turn_give(struct cgi_turns *t, unsigned worker)
{
	if (!t || !t->held[worker])
		return;
	t->held[worker] = false;
	syscall(SYS_futex, &t->ended, FUTEX_WAKE_BITSET, INT_MAX, NULL, NULL,
		bit_of(t->ended++ + t->n));
}
