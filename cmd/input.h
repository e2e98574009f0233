/*
 * What a verb is asked to do, to which object: from the words of the command line,
 * or from stdin ("-"), one input a line, either a name or a JSON object.
 */
#ifndef HP_CMD_INPUT_H
#define HP_CMD_INPUT_H

#include "cmd/cli.h"

#define CLI_LINE_MAX ((size_t)512 << 10)

struct cli_input {
	const char *name;         /* of the object, as given; with CLI_IN_NAMELESS it may be NULL */
	const char *if_revision;  /* what it must be still; NULL: whatever it is */
	const char *tenant;       /* "tenant": of a new website; NULL when not given */
	struct hp_strv aliases;   /* "aliases": further names of a new website */
	struct hp_strv add, remove; /* "add", "remove": further names that come and go */
	bool names;               /* one of the two was given */
	char *password, *code;    /* wiped when the input is done with */
	const char *label, *verbs, *sites, *from, *expires; /* of an API key; "name" is its label */
	struct hp_assign *assign; /* settings, each field (or member of it) once */
	size_t n_assign;
};

/* What may stand in an input besides the table's fields (input.c has their names). */
enum {
	CLI_IN_TENANT = 1,
	CLI_IN_ALIASES = 2,
	CLI_IN_NAMES = 4,
	CLI_IN_PASSWORD = 8,
	CLI_IN_CODE = 16,
	CLI_IN_KEY = 32,
	CLI_IN_REVISION = 64,  /* of every verb with CLI_IF_REVISION */
	CLI_IN_NAMELESS = 128, /* whose it is need not be said */
};

struct cli_input_kind {
	const char *key;                     /* field that names the object: "domain" */
	const struct hp_field_table *fields; /* of key=value, or NULL: none may be given */
	unsigned extra;                      /* CLI_IN_* */
	bool is_new;                         /* fields with HP_FF_CREATE may be given */
	bool words;                          /* the other operands are the verb's own business */
};

/*
 * Words "key=value" into ret, which may hold some already. A secret field wants "@FILE" or
 * "@-" (stdin) or nothing at all: what stands in argv can be read by every user of the host.
 */
int cli_assign(struct cli *c, const struct cli_input_kind *k, const char *const *words, unsigned n,
	struct cli_input *ret, struct hp_err *err);

/*
 * Call fn for each input: the object named by args[0] with the settings in the other words, or,
 * when args[0] is "-", each line of stdin with the words as settings for all of them (a line's own
 * win). pool dies after the call. An input that fails is said on stderr, handed to on_fail (for its
 * row) and counted, and the others go on; the first failure's code is returned at the end with an
 * empty message. A single input's failure is returned as it is; it has a row only where rows are
 * read by programs (--json and the like).
 */
typedef int cli_input_fn(struct cli *c, struct hp_pool *pool, const struct cli_input *in, void *arg,
	struct hp_err *err);
typedef void cli_fail_fn(struct cli *c, const char *name, const struct hp_err *why, void *arg);
int cli_inputs(struct cli *c, const struct cli_input_kind *k, cli_input_fn *fn,
	cli_fail_fn *on_fail, void *arg, struct hp_err *err);

/* Are the inputs read from stdin? */
bool cli_is_batch(const struct cli *c);

#endif
