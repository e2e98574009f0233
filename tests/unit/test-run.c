#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "sys/run.h"

#define SH(text) ((const char *const[]){"/bin/sh", "-c", text, NULL})

static void out_and_status(void **state HP_UNUSED)
{
	_cleanup_buf_ struct hp_buf out = HP_BUF_INIT, errs = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	struct hp_run r = {
		.argv = SH("echo one; echo two >&2; exit 3"), .out = &out, .errs = &errs};

	assert_int_equal(hp_run(&r, &err), 3);
	assert_string_equal(hp_buf_str(&out), "one\n");
	assert_string_equal(hp_buf_str(&errs), "two\n");
	r.errs = NULL;
	assert_int_equal(hp_run(&r, &err), 3);
	assert_string_equal(hp_buf_str(&out), "one\none\n");
	assert_int_equal(err.code, HP_OK);
	r.argv = SH("kill -9 $$");
	assert_int_equal(hp_run(&r, &err), 128 + 9);
	r.argv = (const char *const[]){"/bin/true", NULL};
	assert_int_equal(hp_run(&r, &err), 0);
	assert_true(hp_run_children_us() > 0);
}

static void one_stream(void **state HP_UNUSED)
{
	_cleanup_buf_ struct hp_buf both = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	struct hp_run r = {.argv = SH("echo a; echo b >&2; echo c; echo d >&2; exit 1"),
		.out = &both,
		.errs = &both};

	assert_int_equal(hp_run_ok(&r, &err), HP_E_REFUSED);
	assert_string_equal(hp_buf_str(&both), "a\nb\nc\nd\n");
	assert_string_equal(err.msg, "sh: d");
}

static void cannot_start(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_run r = {.argv = (const char *const[]){"/no/such/program", NULL}};
	pid_t pid = 77;

	assert_int_equal(hp_run(&r, &err), HP_E_OS);
	assert_string_equal(err.msg, "cannot run /no/such/program: No such file or directory");
	assert_int_equal(hp_run_detached(&r, -1, -1, &pid, &err), HP_E_OS);
	assert_string_equal(err.msg, "cannot run /no/such/program: No such file or directory");
	assert_int_equal(pid, 77);
	r.argv = (const char *const[]){"/bin/true", NULL};
	r.dir = "/no/such/folder";
	assert_int_equal(hp_run(&r, &err), HP_E_OS);
	assert_string_equal(
		err.msg, "cannot run /bin/true in /no/such/folder: No such file or directory");
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void words(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_run r = {.argv = SH("echo first >&2; printf '  the reason \\n\\n' >&2; exit 1")};

	assert_int_equal(hp_run_ok(&r, &err), HP_E_REFUSED);
	assert_string_equal(err.msg, "sh: the reason");
	r.argv = SH("echo sh: itself >&2; exit 1");
	hp_run_ok(&r, &err);
	assert_string_equal(err.msg, "sh: itself");
	r.argv = SH("exit 4");
	hp_run_ok(&r, &err);
	assert_string_equal(err.msg, "sh ended with status 4");
	r.argv = SH("kill -9 $$");
	hp_run_ok(&r, &err);
	assert_string_equal(err.msg, "sh was ended by signal 9 (Killed)");
	r.argv = SH(
		"i=0; while [ $i -lt 3000 ]; do echo noise >&2; i=$((i+1)); done; echo end >&2; exit 1");
	hp_run_ok(&r, &err);
	assert_string_equal(err.msg, "sh: end");
	r.argv = SH("printf 'bad \\033[31mred' >&2; exit 1");
	hp_run_ok(&r, &err);
	assert_string_equal(err.msg, "sh: bad ?[31mred");
}

static void environment_is_new(void **state HP_UNUSED)
{
	_cleanup_buf_ struct hp_buf out = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	const char *env[] = {"HP_X=a b", "LANG=de", NULL};
	struct hp_run r = {
		.argv = (const char *const[]){"/usr/bin/env", NULL}, .env = env, .out = &out};

	setenv("HP_SECRET", "1", 1);
	assert_int_equal(hp_run(&r, &err), 0);
	assert_string_equal(hp_buf_str(&out),
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nHP_X=a b\nLANG=de\n");
	hp_buf_reset(&out);
	r.env = NULL;
	assert_int_equal(hp_run(&r, &err), 0);
	assert_string_equal(hp_buf_str(&out),
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nLANG=C.UTF-8\n");
}

static void nothing_else_is_open(void **state HP_UNUSED)
{
	_cleanup_buf_ struct hp_buf out = HP_BUF_INIT;
	_cleanup_close_ int leak = open("/dev/null", O_RDONLY);
	struct hp_err err = HP_ERR_INIT;
	struct hp_run r = {.argv = SH("cd /proc/self/fd; echo *; umask; pwd"), .out = &out};

	umask(077);
	assert_true(leak >= 3);
	assert_int_equal(hp_run(&r, &err), 0);
	umask(022);
	/* 3 may be the shell's own look into the folder */
	assert_true(hp_str_starts(hp_buf_str(&out), "0 1 2 3\n0022\n/proc/")
		    || hp_str_starts(hp_buf_str(&out), "0 1 2\n0022\n/proc/"));
}

static void signals_are_reset(void **state HP_UNUSED)
{
	_cleanup_buf_ struct hp_buf out = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	struct hp_run r = {.argv = (const char *const[]){"/bin/grep", "-E", "^Sig(Blk|Ign|Cgt):",
		"/proc/self/status", NULL}, .out = &out};
	sigset_t set, old, now;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &old);
	assert_int_equal(hp_run(&r, &err), 0);
	sigprocmask(SIG_SETMASK, &old, &now);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	assert_int_equal(sigismember(&now, SIGUSR1), 1);
	assert_int_equal(sigismember(&now, SIGUSR2), 0);
	assert_non_null(strstr(hp_buf_str(&out), "SigBlk:\t0000000000000000\n"));
	/* libc keeps two real-time signals to itself; whoever ignores those is not undone */
	assert_non_null(strstr(hp_buf_str(&out), "SigIgn:\t"));
	assert_int_equal(
		strtoull(strstr(hp_buf_str(&out), "SigIgn:\t") + 8, NULL, 16) & 0x7fffffff, 0);
}

static void input(void **state HP_UNUSED)
{
	static char big[300000];
	_cleanup_buf_ struct hp_buf out = HP_BUF_INIT;
	_cleanup_close_ int fd = -1;
	struct hp_err err = HP_ERR_INIT;
	struct hp_run r = {.argv = (const char *const[]){"/bin/cat", NULL}, .out = &out};

	assert_int_equal(hp_run(&r, &err), 0);
	assert_int_equal(out.len, 0);
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7);
	r.in = big;
	r.in_len = sizeof(big);
	assert_int_equal(hp_run(&r, &err), 0);
	assert_int_equal(out.len, sizeof(big));
	assert_memory_equal(out.s, big, sizeof(big));
	r.argv = (const char *const[]){"/bin/true", NULL}; /* reads nothing */
	assert_int_equal(hp_run(&r, &err), 0);
	assert_int_equal(hp_file_write(unit_path("in"), 0600, "from a file", 11, &err), 0);
	fd = open(unit_path("in"), O_RDONLY | O_CLOEXEC);
	hp_buf_reset(&out);
	r = (struct hp_run){.argv = SH("cat"), .in_fd = fd, .out = &out};
	assert_int_equal(hp_run(&r, &err), 0);
	assert_string_equal(hp_buf_str(&out), "from a file");
}

static void output_to_descriptor(void **state HP_UNUSED)
{
	_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;
	_cleanup_close_ int fd = open(unit_path("out"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct hp_err err = HP_ERR_INIT;
	struct hp_run r = {.argv = SH("echo straight"), .out_fd = fd};

	assert_int_equal(hp_run(&r, &err), 0);
	assert_int_equal(hp_file_read(unit_path("out"), 100, &b, &err), 0);
	assert_string_equal(hp_buf_str(&b), "straight\n");
}

static void cap(void **state HP_UNUSED)
{
	_cleanup_buf_ struct hp_buf out = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	struct hp_run r = {.argv = SH("echo $$; while :; do echo yes; done"), .out = &out,
		.max_out = 100000};
	uint64_t t = hp_now_ms();

	assert_int_equal(hp_run(&r, &err), HP_E_REFUSED);
	assert_string_equal(err.msg, "sh printed more than 100000 bytes");
	assert_true(hp_now_ms() - t < 3000);
	assert_true(out.len < 200000);
	/* exactly the cap is allowed */
	hp_buf_reset(&out);
	r.argv = SH("printf 12345");
	r.max_out = 5;
	assert_int_equal(hp_run(&r, &err), 0);
	hp_buf_reset(&out);
	r.max_out = 4;
	assert_int_equal(hp_run(&r, &err), HP_E_REFUSED);
}

static bool is_gone(pid_t pid)
{
	for (int i = 0; i < 200; i++) {
		char path[64], stat[256] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
		f = fopen(path, "re");
		if (!f)
			return true;
		if (!fgets(stat, sizeof(stat), f))
			stat[0] = '\0';
		fclose(f);
		if (strstr(stat, ") Z "))
			return true; /* nobody here reaps orphans, perhaps */
		usleep(10000);
	}
	return false;
}

static pid_t pid_in(const struct hp_buf *b)
{
	return (pid_t)strtol(hp_buf_str(b), NULL, 10);
}

static void time_out(void **state HP_UNUSED)
{
	_cleanup_buf_ struct hp_buf out = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	/* The shell's child is in its group and must go as well. */
	struct hp_run r = {.argv = SH("sleep 77 & echo $!; wait"), .out = &out, .timeout_ms = 200};
	uint64_t t = hp_now_ms();

	assert_int_equal(hp_run(&r, &err), HP_E_BUSY);
	assert_string_equal(err.msg, "sh did not end within 200 ms");
	assert_true(hp_now_ms() - t >= 190 && hp_now_ms() - t < 3000);
	assert_true(is_gone(pid_in(&out)));
	/* One that ignores SIGTERM. */
	hp_buf_reset(&out);
	r.argv = SH("trap '' TERM; echo $$; while :; do sleep 1; done");
	r.timeout_ms = 100;
	t = hp_now_ms();
	assert_int_equal(hp_run(&r, &err), HP_E_BUSY);
	assert_true(hp_now_ms() - t >= 3000 && hp_now_ms() - t < 6000);
	assert_true(is_gone(pid_in(&out)));
}

/* A daemon started by the child keeps stdout and stderr open: we go on without it. */
static void orphan(void **state HP_UNUSED)
{
	_cleanup_buf_ struct hp_buf out = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	struct hp_run r = {.argv = SH("setsid sleep 88 & echo $!; exit 5"), .out = &out};
	uint64_t t = hp_now_ms();

	assert_int_equal(hp_run(&r, &err), 5);
	assert_true(hp_now_ms() - t < 2000);
	assert_int_equal(kill(pid_in(&out), 0), 0);
	kill(pid_in(&out), SIGKILL);
	/* One that writes without end. */
	hp_buf_reset(&out);
	r.argv = SH("setsid sh -c 'while :; do echo y >&2; done' & echo $!");
	assert_int_equal(hp_run(&r, &err), 0);
	kill(pid_in(&out), SIGKILL);
}

static void sigchld_ignored(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_run r = {.argv = SH("exit 9")};

	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(hp_run(&r, &err), 9);
}

static int prepare(void *arg)
{
	return *(const int *)arg;
}

static void in_child(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	int e = 0;
	struct hp_run r = {.argv = SH("exit 2"), .in_child = prepare, .in_child_arg = &e};

	assert_int_equal(hp_run(&r, &err), 2);
	e = EPERM;
	assert_int_equal(hp_run(&r, &err), HP_E_OS);
	assert_string_equal(err.msg, "cannot prepare to run /bin/sh: Operation not permitted");
}

static void other_user(void **state HP_UNUSED)
{
	_cleanup_buf_ struct hp_buf out = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	struct hp_run r = {.argv = SH("grep -E '^(Uid|Gid|Groups):' /proc/self/status"),
		.out = &out,
		.uid = 65533,
		.gid = 65532};

	if (geteuid() != 0) {
		assert_int_equal(hp_run(&r, &err), HP_E_OS);
		unit_assert_err(&err, HP_E_OS, "as uid 65533: Operation not permitted");
		r.uid = geteuid();
		r.gid = getegid();
		assert_int_equal(hp_run(&r, &err), 0);
		return;
	}
	assert_int_equal(hp_run(&r, &err), 0);
	assert_string_equal(hp_buf_str(&out),
		"Uid:\t65533\t65533\t65533\t65533\nGid:\t65532\t65532\t65532\t65532\nGroups:\t \n");
}

static void detached(void **state HP_UNUSED)
{
	_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;
	_cleanup_close_ int log = open(unit_path("log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	_cleanup_close_ int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct hp_err err = HP_ERR_INIT;
	struct hp_run r = {.argv = SH("readlink /proc/$$/fd/3; ls /proc/$$/fd | tr '\\n' ' '; "
				       "cut -d' ' -f5,6 /proc/$$/stat >&2; exec sleep 99")};
	char want[64], line[64];
	pid_t pid;

	assert_int_equal(hp_run_detached(&r, log, sock, &pid, &err), 0);
	for (int i = 0; i < 200; i++) {
		assert_int_equal(hp_file_read(unit_path("log"), 1000, &b, &err), 0);
		if (b.len && b.s[b.len - 1] == '\n' && strchr(b.s, '\n') != strrchr(b.s, '\n'))
			break;
		usleep(10000);
	}
	assert_int_equal(readlink(unit_path("log"), want, sizeof(want)), -1);
	snprintf(want, sizeof(want), "/proc/self/fd/%d", sock);
	line[readlink(want, line, sizeof(line) - 1)] = '\0';
	assert_true(hp_str_starts(b.s, line)); /* the same socket */
	assert_non_null(strstr(b.s, "\n0 1 2 3 "));
	snprintf(want, sizeof(want), "%d ", (int)pid); /* its own group, another's session */
	assert_non_null(strstr(b.s, want));
	snprintf(want, sizeof(want), " %d\n", (int)getsid(0));
	assert_null(strstr(b.s, want));
	assert_int_equal(kill(pid, 0), 0);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1); /* not ours */
	kill(pid, SIGKILL);
}

/*
 * The first can only end while the second runs: each opens its end of a FIFO and waits for the
 * other.
 */
static void side_by_side(void **state HP_UNUSED)
{
	_cleanup_buf_ struct hp_buf out = HP_BUF_INIT, more = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	struct hp_running *first, *second;
	struct hp_run a = {.argv = SH("read x <fifo; echo heard $x; exit 3"), .dir = unit_path(""),
		.out = &out};
	struct hp_run b = {
		.argv = SH("echo word >fifo; echo told"), .dir = unit_path(""), .out = &more};

	assert_int_equal(mkfifo(unit_path("fifo"), 0600), 0);
	assert_int_equal(hp_run_begin(&a, &first, &err), 0);
	assert_int_equal(hp_run_begin(&b, &second, &err), 0);
	assert_int_equal(hp_run_end(first, &err), 3);
	assert_int_equal(hp_run_end(second, &err), 0);
	assert_string_equal(hp_buf_str(&out), "heard word\n");
	assert_string_equal(hp_buf_str(&more), "told\n");
	a.argv = (const char *const[]){"/no/such", NULL};
	assert_int_equal(hp_run_begin(&a, &first, &err), HP_E_OS);
}

/* Two that run at one time count once. */
static void time_of_children(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_run r = {.argv = SH("sleep 0.2")};
	uint64_t children = hp_run_children_us(), start = hp_now_us();
	struct hp_running *first, *second;

	assert_int_equal(hp_run_begin(&r, &first, &err), 0);
	assert_int_equal(hp_run_begin(&r, &second, &err), 0);
	assert_int_equal(hp_run_end(first, &err), 0);
	assert_int_equal(hp_run_end(second, &err), 0);
	children = hp_run_children_us() - children;
	assert_true(children >= 200000);
	assert_true(children <= hp_now_us() - start);
}

static void find(void **state HP_UNUSED)
{
	assert_string_equal(
		hp_run_find((const char *const[]){"/no/such", "/bin/sh", "/bin/cat", NULL}),
		"/bin/sh");
	assert_null(hp_run_find((const char *const[]){"/no/such", "/etc/passwd", NULL}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(out_and_status),
		cmocka_unit_test(one_stream),
		cmocka_unit_test(cannot_start),
		cmocka_unit_test(words),
		cmocka_unit_test(environment_is_new),
		cmocka_unit_test(nothing_else_is_open),
		cmocka_unit_test(signals_are_reset),
		cmocka_unit_test_setup_teardown(input, unit_setup_dir, unit_teardown_dir),
		cmocka_unit_test_setup_teardown(
			output_to_descriptor, unit_setup_dir, unit_teardown_dir),
		cmocka_unit_test(cap),
		cmocka_unit_test(time_out),
		cmocka_unit_test(orphan),
		cmocka_unit_test(sigchld_ignored),
		cmocka_unit_test(in_child),
		cmocka_unit_test(other_user),
		cmocka_unit_test_setup_teardown(detached, unit_setup_dir, unit_teardown_dir),
		cmocka_unit_test_setup_teardown(side_by_side, unit_setup_dir, unit_teardown_dir),
		cmocka_unit_test(time_of_children),
		cmocka_unit_test(find),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
