/* Turns of programs that only read: so many at once, given back by anybody, and never for ever. */
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"
#include "cgi/turn.h"

static unsigned at_once(void)
{
	return 2 * (unsigned)sysconf(_SC_NPROCESSORS_ONLN) + 1;
}

static struct cgi_turns *all_taken(void)
{
	struct cgi_turns *t = cgi_turns_new();

	assert_non_null(t);
	for (unsigned i = 0; i < at_once(); i++)
		assert_true(cgi_turn_take(t, i));
	return t;
}

/* Runs fn in a worker of its own, which then is gone. */
static void elsewhere(void (*fn)(struct cgi_turns *t, unsigned worker), struct cgi_turns *t,
	unsigned worker)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		fn(t, worker);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void take(struct cgi_turns *t, unsigned worker)
{
	cgi_turn_take(t, worker);
}

static void one_more_waits(void **state HP_UNUSED)
{
	struct cgi_turns *t = all_taken();

	assert_false(cgi_turn_take(t, at_once()));
	/* it went without: what it gives back is nobody's turn yet, the next one's is */
	cgi_turn_give(t, at_once());
	assert_false(cgi_turn_take(t, at_once()));
	cgi_turn_give(t, at_once());
}

static void one_that_ends_makes_room(void **state HP_UNUSED)
{
	struct cgi_turns *t = all_taken();

	elsewhere(cgi_turn_give, t, 0);
	assert_true(cgi_turn_take(t, 0));
	/* twice is once */
	cgi_turn_give(t, 0);
	cgi_turn_give(t, 0);
	assert_true(cgi_turn_take(t, 0));
	assert_false(cgi_turn_take(t, at_once()));
}

static void one_that_died_is_given_back(void **state HP_UNUSED)
{
	struct cgi_turns *t = cgi_turns_new();

	assert_non_null(t);
	for (unsigned i = 0; i < 3 * at_once(); i++) {
		elsewhere(take, t, 0);
		cgi_turn_give(t, 0);
	}
	for (unsigned i = 0; i < at_once(); i++)
		assert_true(cgi_turn_take(t, i));
	assert_false(cgi_turn_take(t, at_once()));
}

static void without_any(void **state HP_UNUSED)
{
	assert_true(cgi_turn_take(NULL, 0));
	cgi_turn_give(NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_more_waits),
		cmocka_unit_test(one_that_ends_makes_room),
		cmocka_unit_test(one_that_died_is_given_back),
		cmocka_unit_test(without_any),
	};

	return cmocka_run_group_tests_name("turn", tests, NULL, NULL);
}
