#include "unit.h"

#include <ftw.h>
#include <limits.h>

static char dir[PATH_MAX / 2];

const char *unit_mkdir(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/hp-unit-XXXXXX", tmp && *tmp ? tmp : P_tmpdir);
	assert_non_null(mkdtemp(dir));
	return dir;
}

static int remove_one(const char *path, const struct stat *st HP_UNUSED, int type HP_UNUSED,
	struct FTW *ftw HP_UNUSED)
{
	return remove(path);
}

void unit_rmdir(void)
{
	assert_int_equal(nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
	dir[0] = '\0';
}

const char *unit_path(const char *name)
{
	static char ring[8][PATH_MAX];
	static unsigned i;
	char *r = ring[i++ % 8];

	snprintf(r, PATH_MAX, "%s/%s", dir, name);
	return r;
}

int unit_setup_dir(void **state)
{
	*state = (void *)(uintptr_t)unit_mkdir();
	return 0;
}

int unit_teardown_dir(void **state HP_UNUSED)
{
	unit_rmdir();
	return 0;
}

void unit_assert_err(const struct hp_err *err, int code, const char *text)
{
	if (err->code != code || !strstr(err->msg, text))
		print_error(
			"got %d \"%s\", want %d with \"%s\"\n", err->code, err->msg, code, text);
	assert_int_equal(err->code, code);
	assert_non_null(strstr(err->msg, text));
}
