/* procs.c with children of this program's own. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/file.h"
#include "node/procs.h"
#include "unit.h"

static pid_t child(uid_t uid)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (uid && setresuid(uid, uid, uid) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	return pid;
}

static void test_get_and_identity(void **state HP_UNUSED)
{
	pid_t pid = child(0);
	struct hp_proc p;

	assert_int_equal(hp_proc_get(pid, &p), 1);
	assert_int_equal(p.ppid, getpid());
	assert_int_equal(hp_proc_uid(pid), getuid());
	assert_true(hp_proc_is_alive(pid, p.starttime));
	assert_false(hp_proc_is_alive(pid, p.starttime + 1));
	assert_int_equal(hp_proc_signal(pid, p.starttime + 1, SIGKILL), ESRCH);
	assert_true(hp_proc_is_alive(pid, p.starttime));
	assert_false(hp_proc_wait(pid, p.starttime, 30));
	assert_int_equal(hp_proc_signal(pid, p.starttime, SIGKILL), 0);
	/* not waited for: dead all the same */
	assert_true(hp_proc_wait(pid, p.starttime, 5000));
	assert_int_equal(hp_proc_get(pid, &p), 0);
	waitpid(pid, NULL, 0);
	assert_int_equal(hp_proc_get(pid, &p), 0);
	assert_int_equal(hp_proc_get(0, &p), 0);
	assert_int_equal(hp_proc_get(-1, &p), 0);
}

static int find_pid(void *arg, pid_t pid)
{
	return pid == *(pid_t *)arg;
}

static void test_each_finds_us(void **state HP_UNUSED)
{
	pid_t self = getpid(), none = -1;
	char title[256];

	assert_int_equal(hp_proc_each(find_pid, &self), 1);
	assert_int_equal(hp_proc_each(find_pid, &none), 0);
	assert_true(hp_proc_args(self, title, sizeof(title)) > 0);
	assert_int_equal(hp_proc_args(-1, title, sizeof(title)), 0);
	assert_true(hp_proc_args(self, title, sizeof(title)) > 0);
	assert_non_null(strstr(title, "test-procs"));
}

static void test_kill_uid_takes_all_of_one(void **state HP_UNUSED)
{
	const uid_t uid = 20990, other = 20991;
	struct hp_proc p;
	pid_t a, b, c;

	if (geteuid() != 0)
		skip();
	a = child(uid);
	b = child(uid);
	c = child(other);
	while (hp_proc_uid(a) != uid || hp_proc_uid(b) != uid || hp_proc_uid(c) != other)
		usleep(1000);
	assert_true(hp_proc_kill_uid(uid, 5000));
	assert_int_equal(hp_proc_get(a, &p), 0);
	assert_int_equal(hp_proc_get(b, &p), 0);
	assert_int_equal(hp_proc_get(c, &p), 1);
	kill(c, SIGKILL);
	while (wait(NULL) > 0)
		;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_get_and_identity),
		cmocka_unit_test(test_each_finds_us),
		cmocka_unit_test(test_kill_uid_takes_all_of_one),
	};

	return cmocka_run_group_tests_name("procs", tests, NULL, NULL);
}
