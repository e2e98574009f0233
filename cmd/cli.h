/*
 * What every program has in common: a table of verbs, and hp_main(), which parses
 * the command line by that table, opens what the verb needs, runs it, prints its
 * error and returns its exit status. Help, completion and the manual pages are
 * made from the same table, so that none of them can go stale.
 */
#ifndef HP_CMD_CLI_H
#define HP_CMD_CLI_H

#include "base/err.h"
#include "base/opt.h"
#include "base/pool.h"
#include "model/field.h"
#include "panel/panel.h"
#include "sys/conf.h"
#include "sys/out.h"

/* ---- tables ---- */
enum cli_flag {
	CLI_MUTATES = 1 << 0,    /* --dry-run */
	CLI_APPLIES = 1 << 1,    /* --no-apply --force --wait: the node is brought along */
	CLI_STDIN = 1 << 2,      /* the operand "-": one input a line */
	CLI_ROWS = 1 << 3,       /* --json --jsonl --tsv -o -n -0 */
	CLI_IF_EXISTS = 1 << 4,  /* --if-exists: an object that is not there is no error */
	CLI_IF_MISSING = 1 << 5, /* --if-missing: an object that is there already is no error */
	CLI_YES = 1 << 6,        /* --yes: refused without it */
	CLI_ROOT = 1 << 7,       /* root, unless --sysroot is given */
	CLI_ONE = 1 << 8,        /* one object: shown as "name: value" lines on a terminal */
	CLI_NODE_OPTS = 1 << 9,  /* --force --wait alone: the node's own verbs */
	CLI_IF_REVISION = 1 << 10, /* --if-revision: only what nobody has changed meanwhile */
	CLI_LIST = 1 << 11,      /* --sort --match --limit --offset --paged: only looked at */
	CLI_DIFF = 1 << 12,      /* --diff: a dry run that shows what would become of files */
	CLI_NEWEST = 1 << 13,    /* --limit is CLI_NEWEST_ROWS unless given */
	CLI_DOOR = 1 << 14,      /* root runs it for users who may: cmd/hp-door.c, hp_door_run() */
};

/*
 * What a word may be, for completion (hp_opt.complete and cli_verb.complete): "dir" "@file"
 * "column" "domain" "tenant" "user" "key" "php" "node" "setting" "assign" (key=value of the verb's
 * table)
 * "program" "verb" or "=a|b|c". NULL: nothing is known.
 */

#define CLI_NEWEST_ROWS 100
#define CLI_WAIT_MAX_S 3600 /* the most that --wait and --timeout take */

struct cli;
struct hp_adopt;
struct hp_takeover;
struct hp_undo;
typedef int cli_verb_fn(struct cli *c, struct hp_err *err);

struct cli_verb {
	const char *name;                /* "set"; "key-add" may be said as two words, too */
	cli_verb_fn *run;
	const char *operands;            /* as help prints them: "DOMAIN [KEY=VALUE]…" */
	unsigned min_args, max_args;     /* how many words may stand there */
	const char *complete[3];         /* what the words may be; the last one given repeats */
	unsigned flags;
	const struct hp_opt *opts;       /* the verb's own, or NULL */
	const struct hp_col *cols;       /* what its rows have, or NULL … */
	void (*make_cols)(
		struct hp_pool *pool, struct hp_col **ret); /* … or made from a field table */
	const struct hp_field_table *fields; /* of key=value */
	const char *permission; /* verb as hp_may() knows it, "site:set"; NULL: none is asked */
	const char *summary;             /* one line, lower case */
	const char *details; /* paragraphs (parted by an empty line) for help and man, or NULL */
};

struct cli_program {
	const char *name;                /* "hp-site" */
	const struct cli_verb *verbs;    /* ends with name NULL */
};

#define CLI_PROGRAM(symbol, name, summary) extern const struct cli_program symbol;
#include "cmd/programs.def"
#undef CLI_PROGRAM
/* Every program of the package but the dispatcher; ends with NULL. */
extern const struct cli_program *const cli_programs[];
const struct cli_program *cli_program_find(const char *name);
const struct cli_verb *cli_verb_find(const struct cli_program *p, const char *name);

/*
 * The option tables that a verb has, its own first, then those that its flags bring, then the
 * common ones; NULL at the end. v NULL: the common ones.
 */
#define CLI_TABLES 13
void cli_opt_tables(const struct cli_verb *v, const struct hp_opt *ret[CLI_TABLES]);

/* ---- one run ---- */
struct cli_given {
	const struct hp_opt *opt;
	const char *value;
};

struct cli {
	const struct cli_program *prog;
	const struct cli_verb *verb;
	struct hp_pool *pool;
	const char *const *args;         /* operands */
	unsigned n_args;

	const char *sysroot;             /* "" for none */
	const char *as;                  /* act as this user of the panel, or NULL */
	const char *request_id;          /* what the trail calls this run, or NULL */
	bool quiet, verbose, dry_run, diff, no_apply, force, if_exists, if_missing, yes;
	const char *if_revision;         /* --if-revision, or NULL */
	unsigned wait_ms;
	struct hp_out_opts out_opts;
	bool limit_given;                /* --limit, 0 for all */
	struct cli_given *given;         /* the verb's own options in the order given */
	size_t n_given;

	struct hp_adopt *adopt;          /* of hp-vhost adopt: what is taken over … */
	const struct hp_undo *undo;      /* of hp-audit undo: what is undone */
	const struct hp_takeover *takeover; /* … and what gives way to it in the run */

	struct hp_conf *conf;            /* cli_conf() */
	const char *node;                /* cli_this_node() */
	bool read_only;                  /* nothing is changed by this verb */
	struct hp_panel *panel;          /* cli_panel() */
	bool unheard;                    /* whoever read the rows has gone */
	struct hp_out *out; /* cli_out(); ended by hp_main(), when the verb does not fail */
};

/*
 * May root run that for who stands in it as --as? argv[0] is the program's name alone. HP_E_DENIED
 * for a verb that is not marked so, without --as, and with --sysroot or --force; HP_E_USAGE as
 * hp_main() would say.
 */
int cli_check_door(struct hp_pool *pool, int argc, char **argv, struct hp_err *err);
/* main() of a program. Returns the exit status. */
int hp_main(const struct cli_program *prog, int argc, char **argv);

/*
 * The verb's own option: its value ("" for one without), or NULL when not given. The last one wins.
 */
const char *cli_opt(const struct cli *c, const char *name);
/* Every value of an option that may be repeated. */
void cli_opt_all(const struct cli *c, const char *name, struct hp_strv *ret);

/* Loaded and opened at the first call. */
int cli_conf(struct cli *c, struct hp_err *err);
int cli_panel(struct cli *c, struct hp_err *err);
int cli_out(struct cli *c, struct hp_err *err);
/* Is the panel's database this host's business (configured, or there)? After cli_conf(). */
bool cli_has_panel(struct cli *c);
/*
 * With --as: may that user do to the website what the verb does? HP_E_NOT_FOUND, as the panel says.
 */
int cli_may_site(struct cli *c, const char *domain, struct hp_err *err);
/* The same for one of several: false without a word where he may not know of it. */
int cli_sees_site(struct cli *c, const char *domain, bool *ret, struct hp_err *err);

/*
 * What the verb was refused for one of its inputs goes into the audit trail, if it was refused
 * because of who asks. hp_main() does it for a verb's own error.
 */
void cli_denied(struct cli *c, const char *object, const struct hp_err *why);

/* Has whoever read our output gone away? Then there is nobody to complain to. */
bool cli_reader_is_gone(void);

/* "hp-site: example.com: msg" and the hint on stderr. Nothing when err holds no message. */
void cli_print_err(const struct cli *c, const struct hp_err *err);
void cli_warn(const struct cli *c, const char *fmt, ...) HP_PRINTF(2, 3);
/* On stderr unless --quiet: what happened, for people. */
void cli_say(const struct cli *c, const char *fmt, ...) HP_PRINTF(2, 3);

/* ---- columns from field tables (cmd/columns.c) ---- */
/*
 * All fields of the table in its order, those not listed hidden, then more (ends with name NULL).
 */
struct hp_col *cli_cols(struct hp_pool *pool, const struct hp_field_table *t,
	const struct hp_col *more);
struct hp_col cli_col(const struct hp_field *f, bool shown);
/* Set column i of a row to the object's revision, where it is wanted. */
void cli_revision(struct hp_out *o, unsigned i, const struct hp_field_table *t,
	const char *const *v, const struct hp_strv *aliases);
#define CLI_REVISION_COL                                                                           \
	{"revision", HP_COL_STR, "which state it is in, for --if-revision", HP_COL_ASKED}
/* Set column i of a row to a field's value, typed as the table says; secrets are masked. */
void cli_cell(struct hp_out *o, unsigned i, const struct hp_field *f, const char *value);

/* ---- help, man, completion ---- */
/* The columns of a verb's rows, or NULL. */
const struct hp_col *cli_verb_cols(struct hp_pool *pool, const struct cli_verb *v);
/* May the field stand as key=value of the verb? */
bool cli_field_is_key(const struct cli_verb *v, const struct hp_field *f);
/*
 * What may stand there, in words ("nginx|apache|openlitespeed", "1–65535"), where help does not say
 * it.
 */
const char *cli_field_range(struct hp_pool *pool, const struct hp_field *f);
/* standard output failed behind a change */
#define CLI_LOST_HINT "only the report of it is lost: what was asked for is done"
int cli_help(const struct cli_program *p, const struct cli_verb *v, int fd, struct hp_err *err);
/*
 * Candidates for the last of words (those behind the program's name), one a line, a tab and a
 * description behind those that have one. Never an error.
 */
void cli_complete(struct cli *c, char **words, int n);

#endif
