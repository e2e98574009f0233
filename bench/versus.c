/*
 * versus: run two commands in turn and compare them.
 *
 *	versus [-n RUNS] [-q] -- COMMAND … -- COMMAND …
 *
 * Prints, separated by tabs: median wall time of the first and of the second in microseconds, the
 * ratio of the medians, and the largest resident set of each in KiB. Taking turns spreads what
 * else the machine does over both. -n 1 with one command alone is allowed: the second half is 0.
 * Standard output of the commands goes to /dev/null; one that fails ends the comparison.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct side {
	char **argv;
	uint64_t *us;
	long maxrss;
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void run_once(struct side *s, unsigned i)
{
	struct rusage ru;
	uint64_t start = now_us();
	int status;
	pid_t pid = fork();

	if (pid < 0) {
		perror("versus: fork");
		exit(71);
	}
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		execvp(s->argv[0], s->argv);
		perror(s->argv[0]);
		_exit(127);
	}
	if (wait4(pid, &status, 0, &ru) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "versus: %s failed (status %d)\n", s->argv[0],
			WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
		exit(1);
	}
	s->us[i] = now_us() - start;
	if (ru.ru_maxrss > s->maxrss)
		s->maxrss = ru.ru_maxrss;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t median(struct side *s, unsigned n)
{
	qsort(s->us, n, sizeof(*s->us), by_value);
	return s->us[n / 2];
}

int main(int argc, char **argv)
{
	struct side side[2] = {{0}};
	unsigned runs = 11, sides = 0;
	uint64_t med[2] = {0, 0};
	int opt;

	while ((opt = getopt(argc, argv, "+n:")) != -1) {
		if (opt != 'n' || (runs = (unsigned)strtoul(optarg, NULL, 10)) == 0)
			return 2;
	}
	for (int i = optind; i < argc && sides < 2; i++) {
		side[sides++].argv = argv + i;
		while (i < argc && strcmp(argv[i], "--") != 0)
			i++;
		argv[i] = NULL; /* argv[argc] is NULL already */
	}
	if (sides == 0) {
		fprintf(stderr, "usage: versus [-n RUNS] -- COMMAND ... [-- COMMAND ...]\n");
		return 2;
	}
	for (unsigned s = 0; s < sides; s++) {
		side[s].us = calloc(runs, sizeof(*side[s].us));
		if (!side[s].us)
			return 71;
	}
	for (unsigned i = 0; i < runs; i++)
		for (unsigned s = 0; s < sides; s++)
			run_once(&side[s], i);
	for (unsigned s = 0; s < sides; s++)
		med[s] = median(&side[s], runs);
	printf("%llu\t%llu\t%.2f\t%ld\t%ld\n", (unsigned long long)med[0],
		(unsigned long long)med[1], med[1] ? (double)med[0] / (double)med[1] : 0.0,
		side[0].maxrss, side[1].maxrss);
	return 0;
}
