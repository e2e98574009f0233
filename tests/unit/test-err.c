#include "unit.h"

#include <errno.h>
#include <sys/wait.h>

static void set_and_clear(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;

	assert_int_equal(hp_err_hint(&err, "old"), HP_OK);
	assert_int_equal(hp_err_set(&err, HP_E_EXISTS, "%s is there", "site"), HP_E_EXISTS);
	assert_int_equal(err.code, HP_E_EXISTS);
	assert_string_equal(err.msg, "site is there");
	assert_string_equal(err.hint, "");
	assert_int_equal(hp_err_hint(&err, "take %d", 2), HP_E_EXISTS);
	assert_string_equal(err.hint, "take 2");
	hp_err_clear(&err);
	assert_int_equal(err.code, HP_OK);
	assert_string_equal(err.msg, "");
	assert_string_equal(err.hint, "");
}

static void control_characters(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;

	hp_err_set(&err, HP_E_USAGE, "a\nb\033[31mc\x7f \xc2\x9b \xff ü");
	assert_string_equal(err.msg, "a?b?[31mc? ? ? ü");
	hp_err_hint(&err, "x\r\ny");
	assert_string_equal(err.hint, "x??y");
}

static void own_message_as_argument(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;

	hp_err_set(&err, HP_E_DB, "no such table");
	hp_err_set(&err, HP_E_DB, "panel.db: %s", err.msg);
	assert_string_equal(err.msg, "panel.db: no such table");
	hp_err_hint(&err, "seen: %s", err.msg);
	assert_string_equal(err.hint, "seen: panel.db: no such table");
}

static void which_field(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;
	char name[100];

	assert_int_equal(hp_err_field(&err, HP_E_USAGE, "owner", "no %s", "user"), HP_E_USAGE);
	assert_string_equal(err.msg, "owner: no user");
	assert_string_equal(err.field, "owner");
	hp_err_prefix(&err, "line 3");
	hp_err_hint(&err, "look");
	assert_string_equal(err.field, "owner");
	hp_err_about(&err, "parent");
	assert_string_equal(err.field, "parent");
	hp_err_set(&err, HP_E_DB, "gone");
	assert_string_equal(err.field, "");
	hp_err_about(&err, "owner");
	assert_string_equal(err.field, "");
	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = 0;
	hp_err_field(&err, HP_E_USAGE, name, "bad");
	assert_true(strlen(err.field) < sizeof(err.field));
	hp_err_clear(&err);
	assert_string_equal(err.field, "");
}

static void errno_and_prefix(void **state HP_UNUSED)
{
	struct hp_err err = HP_ERR_INIT;

	assert_int_equal(hp_err_errno(&err, HP_E_OS, ENOENT, "cannot open %s", "/x"), HP_E_OS);
	assert_string_equal(err.msg, "cannot open /x: No such file or directory");
	hp_err_hint(&err, "kept");
	assert_int_equal(hp_err_prefix(&err, "%s:%d", "a.conf", 3), HP_E_OS);
	assert_string_equal(err.msg, "a.conf:3: cannot open /x: No such file or directory");
	assert_string_equal(err.hint, "kept");
}

/* Whatever the length, the message ends at a character's end and says that it was cut. */
static void long_messages(void **state HP_UNUSED)
{
	static char s[5000];
	struct hp_err err = HP_ERR_INIT;

	for (size_t lead = 0; lead < 4; lead++) {
		memset(s, 'x', lead);
		for (size_t i = lead; i + 3 < sizeof(s); i += 3)
			memcpy(s + i, "\xe2\x82\xac", 4); /* the euro sign */
		hp_err_set(&err, HP_E_USAGE, "%s", s);
		assert_true(hp_utf8_is_valid(err.msg, strlen(err.msg)));
		assert_true(hp_str_ends(err.msg, "…"));
		assert_in_range(strlen(err.msg), sizeof(err.msg) - 8, sizeof(err.msg) - 1);
		assert_null(strchr(err.msg, '?'));
		hp_err_errno(&err, HP_E_OS, EIO, "%s", s);
		assert_true(hp_str_ends(err.msg, ": Input/output error"));
		assert_true(hp_utf8_is_valid(err.msg, strlen(err.msg)));
		for (int i = 0; i < 3; i++)
			hp_err_prefix(&err, "%s", s);
		assert_true(hp_utf8_is_valid(err.msg, strlen(err.msg)));
		assert_true(strlen(err.msg) < sizeof(err.msg));
	}
}

static void exit_statuses(void **state HP_UNUSED)
{
	const char *name, *text;
	int status;
	unsigned i;

	assert_int_equal(hp_exit_status(HP_OK), 0);
	assert_int_equal(hp_exit_status(HP_E_NOT_FOUND), 3);
	assert_int_equal(hp_exit_status(HP_E_OS), 71);
	assert_int_equal(hp_exit_status(-9999), 70);
	assert_int_equal(hp_exit_status(5), 70);
	for (i = 0; hp_exit_status_at(i, &status, &name, &text); i++) {
		assert_int_equal(hp_exit_status(-status), status);
		assert_true(*name && *text);
	}
	assert_int_equal(i, 12);
	assert_int_equal(hp_exit_status_at(0, &status, &name, &text), 1);
	assert_string_equal(name, "NO");
	assert_int_equal(hp_exit_status_at(99, &status, &name, &text), 0);
}

static void dying(void **state HP_UNUSED)
{
	char out[200] = "";
	int fds[2], status;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		dup2(fds[1], STDERR_FILENO);
		hp_die(HP_E_BUG, "bug: line\n%d", 1);
	}
	close(fds[1]);
	assert_true(read(fds[0], out, sizeof(out) - 1) > 0);
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 70);
	assert_string_equal(out, "hosting-panel: bug: line?1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_and_clear),
		cmocka_unit_test(control_characters),
		cmocka_unit_test(own_message_as_argument),
		cmocka_unit_test(which_field),
		cmocka_unit_test(errno_and_prefix),
		cmocka_unit_test(long_messages),
		cmocka_unit_test(exit_statuses),
		cmocka_unit_test(dying),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
