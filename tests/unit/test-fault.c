#include "unit.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/fault.h"

/* How a child ends that passes "a" three times and "ab" once: 100 + errors seen, or −signal. */
static int run(const char *fault)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		struct hp_err err = HP_ERR_INIT;
		int n = 0;

		if (fault)
			setenv("HP_FAULT", fault, 1);
		for (int i = 0; i < 3; i++)
			n += hp_fault_err("a", &err) < 0;
		hp_fault("ab");
		_exit(100 + n);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static void points(void **state HP_UNUSED)
{
#ifdef HP_FAULT_POINTS
	assert_int_equal(run(NULL), 100);
	assert_int_equal(run("other"), 100);
	assert_int_equal(run("a"), -SIGKILL);
	assert_int_equal(run("a:3"), -SIGKILL);
	assert_int_equal(run("a:4"), 100);
	assert_int_equal(run("ab"), -SIGKILL);
	assert_int_equal(run("ab:err"), 100);
	assert_int_equal(run("a:err"), 101);
	assert_int_equal(run("a:2:err"), 101);
	assert_int_equal(run("a:x"), 70);
#else
	/* Compiled to nothing: the variable has no effect. */
	assert_int_equal(run("a"), 100);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(points),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
