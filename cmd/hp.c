/*
 * hp: "hp site list" runs "hp-site list", as git does. It knows the names of the programs and
 * nothing else; what it does not know it looks for beside itself, so that others can add theirs.
 */
#include "config.h"

#include <errno.h>

#include "base/err.h"
#include "base/pool.h"
#include "base/str.h"

static const struct {
	const char *name, *summary;
} programs[] = {
#define CLI_PROGRAM(symbol, name, summary) {name, summary},
#include "cmd/programs.def"
#undef CLI_PROGRAM
};

/* The folder that this program stands in: its neighbours are of the same build. */
static const char *own_folder(struct hp_pool *pool)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	if (n <= 0)
		return NULL;
	path[n] = 0;
	slash = strrchr(path, '/');
	if (!slash)
		return NULL;
	*slash = 0;
	return hp_pstrdup(pool, path);
}

static bool is_known(const char *word)
{
	unsigned i;

	for (i = 0; i < HP_ARRAY_SIZE(programs); i++)
		if (hp_streq(programs[i].name + strlen("hp-"), word))
			return true;
	return false;
}

static int complain(int code, const char *word, int errnum)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();

	fprintf(stderr, "hp: %s: %s\n", hp_str_printable(pool, word, 60), strerror(errnum));
	return hp_exit_status(code);
}

static int usage(FILE *to)
{
	unsigned i;

	fprintf(to, "Usage: hp CONCERN VERB [OPTION]… [OPERAND]…\n\n"
		    "\"hp site list\" runs \"hp-site list\".\n\nConcerns:\n");
	for (i = 0; i < HP_ARRAY_SIZE(programs); i++)
		fprintf(to, "  %-8s %s\n", programs[i].name + strlen("hp-"), programs[i].summary);
	fprintf(to, "\nhp help CONCERN shows its manual page, hp CONCERN --help a short help;\n"
		    "hosting-panel(7) tells how they work together.\n");
	if (to == stderr)
		return -HP_E_USAGE;
	return fflush(to) == 0 ? 0 : complain(HP_E_OS, "standard output", errno);
}

static int unknown(struct hp_pool *pool, const char *word)
{
	unsigned i;

	if (word[0] == '-') {
		fprintf(stderr, "hp: unknown option %s\n", hp_str_printable(pool, word, 60));
		fprintf(stderr, "hint: options stand behind the verb: hp site list --json\n");
		return -HP_E_USAGE;
	}
	fprintf(stderr, "hp: “%s” is not one of its concerns\n", hp_str_printable(pool, word, 60));
	for (i = 0; i < HP_ARRAY_SIZE(programs); i++) {
		if (hp_str_is_near(word, programs[i].name + strlen("hp-"))) {
			fprintf(stderr, "hint: the nearest is: hp %s\n",
				programs[i].name + strlen("hp-"));
			return -HP_E_USAGE;
		}
	}
	fprintf(stderr, "hint: hp help lists them\n");
	return -HP_E_USAGE;
}

/* Only comes back with an error. A word with a slash or a dot in it names no program. */
static int run(struct hp_pool *pool, const char *word, char **argv)
{
	const char *folder = own_folder(pool), *path;

	if (!*word || word[0] == '-' || strchr(word, '/'))
		return unknown(pool, word);
	path = hp_pprintf(pool, "%s/hp-%s", folder ? folder : ".", word);
	argv[0] = hp_pprintf(pool, "hp-%s", word);
	if (folder)
		execv(path, argv);
	if (folder && errno != ENOENT)
		return complain(HP_E_OS, path, errno);
	if (is_known(word))
		return complain(HP_E_OS, path, ENOENT);
	return unknown(pool, word);
}

/* The manual page where there is one and a terminal to read it on, else the program's own help. */
static int help(struct hp_pool *pool, int argc, char **argv)
{
	char *word[] = {NULL, (char *)"--help", argc > 3 ? argv[3] : NULL, NULL};

	if (argc < 3)
		return usage(stdout);
	if (!is_known(argv[2]))
		return unknown(pool, argv[2]);
	if (isatty(STDOUT_FILENO) && argc == 3)
		execl("/usr/bin/man", "man", hp_pprintf(pool, "hp-%s", argv[2]), (char *)NULL);
	if (argc > 3) {
		word[1] = argv[3];
		word[2] = (char *)"--help";
	}
	return run(pool, argv[2], word);
}

/* Candidates as the other programs give them; what stands behind the concern is the concern's. */
static int complete(struct hp_pool *pool, int argc, char **argv)
{
	const char *word = argc > 3 ? argv[3] : "";
	unsigned i;

	if (argc > 4 && hp_streq(word, "help")) {
		word = argc == 5 ? argv[4] : NULL;
	} else if (argc > 4) {
		/* hp --complete -- site li  →  hp-site --complete -- li */
		char **rest = argv + 1;

		rest[0] = argv[0];
		rest[1] = (char *)"--complete";
		rest[2] = (char *)"--";
		if (is_known(word))
			run(pool, word, rest);
		return 0;
	} else if (hp_str_starts("help", word)) {
		printf("help\tshow the manual page of a concern\n");
	}
	for (i = 0; word && i < HP_ARRAY_SIZE(programs); i++)
		if (hp_str_starts(programs[i].name + strlen("hp-"), word))
			printf("%s\t%s\n", programs[i].name + strlen("hp-"), programs[i].summary);
	return 0;
}

int main(int argc, char **argv)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();

	if (argc < 2)
		return usage(stderr);
	if (hp_streq(argv[1], "--complete"))
		return complete(pool, argc, argv);
	if (hp_streq(argv[1], "help") || hp_streq(argv[1], "--help") || hp_streq(argv[1], "-h"))
		return help(pool, argc, argv);
	if (hp_streq(argv[1], "--version") || hp_streq(argv[1], "-V")) {
		printf("hp (%s) %s\n", PACKAGE_NAME, PACKAGE_VERSION);
		return 0;
	}
	return run(pool, argv[1], argv + 1);
}
