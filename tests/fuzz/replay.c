/*
 * Takes the place of libFuzzer where it is not built in: runs a fuzzer's function over the files
 * given, or over its corpus in the tree, and ends with the number of inputs.
 */
#include <dirent.h>
#include <errno.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* From an exact allocation, so that a sanitizer sees a read behind the end. */
static int replay_file(const char *path, struct hp_err *err)
{
	_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;
	uint8_t *exact;
	int r;

	r = hp_file_read(path, 64 << 20, &b, err);
	if (r < 0)
		return r;
	exact = malloc(b.len ? b.len : 1);
	if (!exact)
		hp_die(HP_E_OS, "out of memory");
	if (b.len)
		memcpy(exact, b.s, b.len);
	LLVMFuzzerTestOneInput(exact, b.len);
	free(exact);
	return 1;
}

/* A file, or every file of a folder. Returns how many. */
static int replay(const char *path, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	DIR *d = opendir(path);
	const struct dirent *e;
	int n = 0, r = 0;

	if (!d)
		return errno == ENOTDIR ? replay_file(path, err)
					: hp_err_errno(err, HP_E_OS, errno, "cannot open %s", path);
	while (r >= 0 && (e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		r = replay_file(hp_pprintf(pool, "%s/%s", path, e->d_name), err);
		n += r;
	}
	closedir(d);
	return r < 0 ? r : n;
}

int main(int argc, char **argv)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	const char *name = strrchr(argv[0], '/'), *src = getenv("srcdir");
	struct hp_err err = HP_ERR_INIT;
	int n = 0, r = 0;

	name = name ? name + 1 : argv[0];
	if (argc == 1) {
		name = strstr(name, "fuzz-");
		HP_BUG_ON(!name);
		r = n = replay(
			hp_pprintf(pool, "%s/tests/fuzz/corpus/%s", src ? src : ".", name + 5),
			&err);
	}
	for (int i = 1; i < argc && r >= 0; i++) {
		r = replay(argv[i], &err);
		n += r;
	}
	if (r < 0) {
		fprintf(stderr, "%s: %s\n", name, err.msg);
		return hp_exit_status(r);
	}
	printf("%d inputs\n", n);
	return n ? 0 : 1;
}
