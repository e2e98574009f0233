#include "base/file.h"

#include <errno.h>
#include <sys/random.h>

void hp_random(void *p, size_t n)
{
	char *s = p;

	while (n > 0) {
		ssize_t r = getrandom(s, n, 0);

		if (r < 0 && errno == EINTR)
			continue;
		/* Without random numbers there is no safe way to go on. */
		if (r < 0)
			hp_die(HP_E_OS, "the kernel gives no random numbers (errno %d)", errno);
		s += r;
		n -= (size_t)r;
	}
}
