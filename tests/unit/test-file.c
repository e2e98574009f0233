#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "base/file.h"

static unsigned entries(const char *dir)
{
	DIR *d = opendir(dir);
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void round_trip(void **state)
{
	_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	const char *f = unit_path("f");
	struct stat st;

	umask(077);
	assert_int_equal(hp_file_write(f, 0644, "one", 3, &err), 0);
	assert_int_equal(stat(f, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(hp_file_write(f, 0640, "t\0wo", 4, &err), 0);
	assert_int_equal(stat(f, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	hp_buf_adds(&b, "old");
	assert_int_equal(hp_file_read(f, 4, &b, &err), 0);
	assert_int_equal(b.len, 4);
	assert_memory_equal(b.s, "t\0wo", 5);
	assert_int_equal(hp_file_read(f, 3, &b, &err), HP_E_CONF);
	unit_assert_err(&err, HP_E_CONF, "is larger than 3 bytes");
	assert_int_equal(hp_file_write(f, 0600, "", 0, &err), 0);
	assert_int_equal(hp_file_read(f, 0, &b, &err), 0);
	assert_int_equal(b.len, 0);
	assert_int_equal(entries(*state), 1);
}

static void sizes(void **state HP_UNUSED)
{
	static char data[70000];
	_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (char)i;
	for (size_t n = 16382; n < 16388; n++) {
		assert_int_equal(hp_file_write(unit_path("f"), 0600, data, n, &err), 0);
		assert_int_equal(hp_file_read(unit_path("f"), n, &b, &err), 0);
		assert_int_equal(b.len, n);
		assert_memory_equal(b.s, data, n);
	}
	/* A pipe, which has no size beforehand. */
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	fcntl(fds[1], F_SETPIPE_SZ, 1 << 17);
	assert_int_equal(hp_fd_write(fds[1], "pipe", data, sizeof(data), &err), 0);
	close(fds[1]);
	assert_int_equal(hp_fd_read(fds[0], "pipe", sizeof(data), &b, &err), 0);
	close(fds[0]);
	assert_int_equal(b.len, sizeof(data));
	assert_memory_equal(b.s, data, sizeof(data));
}

static void failures(void **state)
{
	_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;
	int fd;

	assert_int_equal(hp_file_read(unit_path("no"), 10, &b, &err), HP_E_NOT_FOUND);
	unit_assert_err(&err, HP_E_NOT_FOUND, "/no: No such file or directory");
	assert_int_equal(hp_file_read(*state, 10, &b, &err), HP_E_OS);
	assert_int_equal(hp_file_write(unit_path("no/f"), 0600, "x", 1, &err), HP_E_OS);
	assert_int_equal(mkdir(unit_path("d"), 0700), 0);
	assert_int_equal(hp_file_write(unit_path("d"), 0600, "x", 1, &err), HP_E_OS);
	unit_assert_err(&err, HP_E_OS, "cannot replace");
	/* Nothing is left of the attempts. */
	assert_int_equal(entries(*state), 1);
	fd = open("/dev/full", O_WRONLY);
	assert_int_equal(hp_fd_write(fd, "full", "x", 1, &err), HP_E_OS);
	unit_assert_err(&err, HP_E_OS, "cannot write full: No space left on device");
	close(fd);
}

static void making_folders(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	struct stat st;

	umask(077);
	assert_int_equal(hp_mkdirs(unit_path("a/b//c/"), 0755, &err), 0);
	assert_int_equal(stat(unit_path("a/b/c"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	assert_int_equal(chmod(unit_path("a"), 0711), 0);
	assert_int_equal(hp_mkdirs(unit_path("a/b/d"), 0750, &err), 0);
	assert_int_equal(stat(unit_path("a"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0711);
	assert_int_equal(hp_mkdirs(unit_path("a/b/d"), 0700, &err), 0);
	assert_int_equal(hp_mkdirs("/", 0700, &err), 0);
	assert_int_equal(hp_file_write(unit_path("f"), 0600, "x", 1, &err), 0);
	assert_int_equal(hp_mkdirs(unit_path("f/g"), 0700, &err), HP_E_OS);
	unit_assert_err(&err, HP_E_OS, "Not a directory");
	assert_int_equal(hp_mkdirs(unit_path("f"), 0700, &err), HP_E_OS);
	assert_int_equal(hp_mkdirs("", 0700, &err), HP_E_OS);
}

static void beneath(void **state)
{
	struct hp_err err = HP_ERR_INIT;
	_cleanup_close_ int dir = -1;
	int fd;

	assert_int_equal(hp_mkdirs(unit_path("top/in"), 0700, &err), 0);
	assert_int_equal(hp_file_write(unit_path("out"), 0600, "x", 1, &err), 0);
	assert_int_equal(symlink("../out", unit_path("top/link")), 0);
	assert_int_equal(symlink("in", unit_path("top/dirlink")), 0);
	dir = open(unit_path("top"), O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	assert_int_equal(
		hp_open_beneath(dir, "in/new", O_WRONLY | O_CREAT | O_EXCL, 0640, &fd, &err), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	assert_int_equal(
		hp_open_beneath(dir, "in/new", O_WRONLY | O_CREAT | O_EXCL, 0640, &fd, &err),
		HP_E_EXISTS);
	assert_int_equal(hp_open_beneath(dir, "in/none", O_RDONLY, 0, &fd, &err), HP_E_NOT_FOUND);
	assert_int_equal(hp_open_beneath(dir, "link", O_RDONLY, 0, &fd, &err), HP_E_DENIED);
	assert_int_equal(hp_open_beneath(dir, "dirlink/new", O_RDONLY, 0, &fd, &err), HP_E_DENIED);
	unit_assert_err(&err, HP_E_DENIED, "symbolic link");
	assert_int_equal(hp_open_beneath(dir, "../out", O_RDONLY, 0, &fd, &err), HP_E_DENIED);
	assert_int_equal(hp_open_beneath(dir, "in/../../out", O_RDONLY, 0, &fd, &err), HP_E_DENIED);
	assert_int_equal(hp_open_beneath(dir, "/etc/passwd", O_RDONLY, 0, &fd, &err), HP_E_DENIED);
	unit_assert_err(&err, HP_E_DENIED, "out of its folder");
	(void)state;
}

static void locking(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	const char *path = unit_path("lock");
	int fd = -1, other = -1, status;
	uint64_t t;
	pid_t pid;

	assert_int_equal(hp_lock(path, 0, &fd, &err), 0);
	t = hp_now_ms();
	assert_int_equal(hp_lock(path, 60, &other, &err), HP_E_BUSY);
	assert_in_range(hp_now_ms() - t, 60, 5000);
	unit_assert_err(&err, HP_E_BUSY, "locked by another run");
	assert_int_equal(other, -1);
	/* Given up by somebody else while we wait. */
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		usleep(100 * 1000);
		_exit(0);
	}
	close(fd);
	assert_int_equal(hp_lock(path, 10000, &other, &err), 0);
	assert_true(fcntl(other, F_GETFD) & FD_CLOEXEC);
	close(other);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(hp_lock(unit_path("no/lock"), 0, &other, &err), HP_E_OS);
}

static void random_bytes(void **state HP_UNUSED)
{
	unsigned char a[600] = {0}, b[600] = {0};

	hp_random(a, sizeof(a));
	hp_random(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_memory_not_equal(a + 300, b + 300, 300);
}

int main(void)
{
#define DIR_TEST(f) cmocka_unit_test_setup_teardown(f, unit_setup_dir, unit_teardown_dir)
	const struct CMUnitTest tests[] = {
		DIR_TEST(round_trip),
		DIR_TEST(sizes),
		DIR_TEST(failures),
		DIR_TEST(making_folders),
		DIR_TEST(beneath),
		DIR_TEST(locking),
		cmocka_unit_test(random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
