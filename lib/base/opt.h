/*
 * The option parser of every program: table-driven, in the manner of
 * getopt_long(3) with these differences: abbreviated long options are not
 * accepted (a script that uses one breaks when a neighbour is added), nothing is
 * printed, and an unknown name brings the nearest known one as the hint.
 *
 *   --name   --name=value   --name value   -n   -nq   -o value   -ovalue   -o=… is the value "=…"
 *
 * Options and operands may be mixed; "--" ends the options; "-" is an operand.
 */
#ifndef HP_BASE_OPT_H
#define HP_BASE_OPT_H

#include "base/err.h"
#include "base/pool.h"

struct hp_opt {
	const char *name;     /* long name without dashes; NULL ends a table */
	char letter;          /* or 0 */
	const char *arg; /* what the value is called in help ("FILE"); NULL: a flag, takes none */
	const char *help;     /* one line, lower case, no full stop; NULL: not shown in help */
	int id;               /* the caller's */
	const char *complete; /* what completes the value: "file", "column" …; or NULL */
};

/*
 * Hears of each option in the order given. value is NULL for a flag, else points into argv.
 * 0, or a negative code with err filled: parsing ends there.
 */
typedef int hp_opt_fn(void *arg, const struct hp_opt *o, const char *value, struct hp_err *err);

/*
 * Parse argv[0..argc) (without the program's name). tables: arrays of options, NULL at the end; an
 * earlier table wins. Operands are appended to *ret_operands by reference to argv.
 * 0, what on_opt returned, or HP_E_USAGE with a sentence that names the option.
 */
int hp_opt_parse(struct hp_pool *pool, const struct hp_opt *const *tables, int argc, char **argv,
	hp_opt_fn *on_opt, void *arg, struct hp_strv *ret_operands, struct hp_err *err);

/* The same, but stops at the first operand: *ret_used arguments were options ("--" included). */
int hp_opt_parse_head(struct hp_pool *pool, const struct hp_opt *const *tables, int argc,
	char **argv, hp_opt_fn *on_opt, void *arg, int *ret_used, struct hp_err *err);

/* Look up by long name (without dashes; len bytes of it) or by letter; NULL when unknown. */
const struct hp_opt *hp_opt_find(const struct hp_opt *const *tables, const char *name, size_t len);
const struct hp_opt *hp_opt_find_letter(const struct hp_opt *const *tables, char letter);

#endif
