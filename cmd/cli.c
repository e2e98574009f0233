/* Parsing by the verb's table, and one run from argv to exit status. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include "cmd/cli.h"
#include "base/file.h"
#include "base/paths.h"
#include "base/str.h"
#include "sys/account.h"

#define WAIT_DEFAULT_MS 30000

/* ---- options that flags bring ---- */
enum {
	O_OWN, O_HELP, O_VERSION, O_QUIET, O_VERBOSE, O_SYSROOT, O_JSON, O_JSONL, O_TSV,
	O_COLUMNS, O_NO_HEADER, O_NUL, O_DRY_RUN, O_NO_APPLY, O_FORCE, O_WAIT, O_IF_EXISTS,
	O_IF_MISSING, O_IF_REVISION, O_YES, O_AS, O_DIFF, O_REQUEST,
	O_SORT, O_MATCH, O_LIMIT, O_OFFSET, O_PAGED
};

static const struct hp_opt common_opts[] = {
	{"quiet", 'q', NULL, "say nothing but errors and what --json and the like ask for", O_QUIET,
		NULL},
	{"verbose", 'v', NULL, "say on standard error what is being done", O_VERBOSE, NULL},
	{"as", 0, "USER[@ADDRESS]", "act as this user of the panel; for the operator", O_AS, "user"},
	{"request-id", 0, "ID", "what the audit trail calls this request; for the operator",
		O_REQUEST, ""},
	{"sysroot", 0, "DIR", "take every system path below DIR; touch no service", O_SYSROOT,
		"dir"},
	{"help", 'h', NULL, "show this help", O_HELP, NULL},
	{"version", 'V', NULL, "show the version", O_VERSION, NULL},
	{0},
};
static const struct hp_opt rows_opts[] = {
	{"json", 0, NULL, "print a JSON array", O_JSON, NULL},
	{"jsonl", 0, NULL, "print JSON lines", O_JSONL, NULL},
	{"tsv", 0, NULL, "print tab-separated values", O_TSV, NULL},
	{"columns", 'o', "COL,…", "print these columns; \"+COL,…\" adds to the usual ones",
		O_COLUMNS, "column"},
	{"no-header", 'n', NULL, "print no heading", O_NO_HEADER, NULL},
	{"null", '0', NULL, "print values ended by NUL bytes, without a heading", O_NUL, NULL},
	{0},
};
static const struct hp_opt list_opts[] = {
	{"sort", 0, "COL,…", "in the order of these columns; \"-COL\" for descending", O_SORT,
		"column"},
	{"match", 0, "TEXT", "only rows with this text in a column that a table, or -o, shows",
		O_MATCH, NULL},
	{"limit", 'l', "N", "at most N rows; 0 for all", O_LIMIT, NULL},
	{"offset", 0, "N", "pass over the first N rows", O_OFFSET, NULL},
	{"paged", 0, NULL, "with --json: an object of the rows, and how many there are in all",
		O_PAGED, NULL},
	{0},
};
static const struct hp_opt mutates_opts[] = {
	{"dry-run", 0, NULL, "record it, check it, take it back; no server is asked", O_DRY_RUN,
		NULL},
	{0},
};
static const struct hp_opt diff_opts[] = {
	{"diff", 0, NULL, "with --dry-run, which it means: show what would change in the node's files",
		O_DIFF, NULL},
	{0},
};
static const struct hp_opt no_apply_opts[] = {
	{"no-apply", 0, NULL, "only record; the node follows at its next apply", O_NO_APPLY, NULL},
	{0},
};
static const struct hp_opt node_opts[] = {
	{"force", 0, NULL, "take over files that were edited by hand", O_FORCE, NULL},
	{"wait", 0, "SECONDS", "wait so long for another run to end (30)", O_WAIT, ""},
	{0},
};
static const struct hp_opt if_exists_opts[] = {
	{"if-exists", 0, NULL, "when it is not there, do nothing and exit 0", O_IF_EXISTS, NULL},
	{0},
};
static const struct hp_opt if_missing_opts[] = {
	{"if-missing", 0, NULL, "when it is there already, do nothing and exit 0", O_IF_MISSING,
		NULL},
	{0},
};
static const struct hp_opt if_revision_opts[] = {
	{"if-revision", 0, "REVISION",
		"only when it is this revision still (show -o revision); for one object",
		O_IF_REVISION, NULL},
	{0},
};
static const struct hp_opt yes_opts[] = {
	{"yes", 'y', NULL, "yes, do it; refused without", O_YES, NULL},
	{0},
};

void cli_opt_tables(const struct cli_verb *v, const struct hp_opt *ret[CLI_TABLES])
{
	unsigned n = 0, flags = v ? v->flags : 0;

	if (v && v->opts)
		ret[n++] = v->opts;
	if (flags & CLI_YES)
		ret[n++] = yes_opts;
	if (flags & CLI_IF_EXISTS)
		ret[n++] = if_exists_opts;
	if (flags & CLI_IF_MISSING)
		ret[n++] = if_missing_opts;
	if (flags & CLI_IF_REVISION)
		ret[n++] = if_revision_opts;
	if (flags & CLI_MUTATES)
		ret[n++] = mutates_opts;
	if (flags & CLI_DIFF)
		ret[n++] = diff_opts;
	if (flags & CLI_APPLIES)
		ret[n++] = no_apply_opts;
	if (flags & (CLI_APPLIES | CLI_NODE_OPTS))
		ret[n++] = node_opts;
	if (flags & CLI_LIST)
		ret[n++] = list_opts;
	if (flags & CLI_ROWS)
		ret[n++] = rows_opts;
	ret[n++] = common_opts;
	HP_BUG_ON(n >= CLI_TABLES);
	ret[n] = NULL;
}

/* "key add" is a verb of two words: key-add. */
static const struct cli_verb *find_words(struct cli *c, const char *word, const char *next)
{
	const struct cli_verb *v = cli_verb_find(c->prog, word);

	return v || !next ? v : cli_verb_find(c->prog, hp_pprintf(c->pool, "%s-%s", word, next));
}

const struct cli_verb *cli_verb_find(const struct cli_program *p, const char *name)
{
	const struct cli_verb *v;

	for (v = p->verbs; v->name; v++)
		if (hp_streq(v->name, name))
			return v;
	return NULL;
}

/* ---- parsing ---- */
struct parse {
	struct cli *c;
	bool help, version;
};

static void keep_own(struct cli *c, const struct hp_opt *o, const char *value)
{
	struct cli_given *bigger = hp_palloc(c->pool, (c->n_given + 1) * sizeof(*bigger));

	if (c->n_given)
		memcpy(bigger, c->given, c->n_given * sizeof(*bigger));
	bigger[c->n_given++] = (struct cli_given){o, value ? value : ""};
	c->given = bigger;
}

static int set_sysroot(struct cli *c, const char *value, struct hp_err *err)
{
	char *dir;
	size_t n;

	if (value[0] != '/')
		return hp_err_set(err, HP_E_USAGE,
			"--sysroot: an absolute path is wanted, not “%s”",
			hp_str_printable(c->pool, value, 80));
	dir = hp_pstrdup(c->pool, value);
	for (n = strlen(dir); n && dir[n - 1] == '/'; n--)
		dir[n - 1] = 0;
	if (*dir && !hp_path_is_clean(dir))
		return hp_err_set(err, HP_E_USAGE, "--sysroot: “%s” is not a plain absolute path",
			hp_str_printable(c->pool, value, 80));
	c->sysroot = dir;
	return 0;
}

static int set_wait(struct cli *c, const char *value, struct hp_err *err)
{
	uint64_t s;

	if (hp_parse_duration(value, CLI_WAIT_MAX_S, &s) < 0)
		return hp_err_set(err, HP_E_USAGE, "--wait: “%s” is not a time of 0 to %d seconds",
			hp_str_printable(c->pool, value, 40), CLI_WAIT_MAX_S);
	c->wait_ms = (unsigned)s * 1000;
	return 0;
}

static int set_rows(const struct hp_opt *o, const char *value, uint64_t *ret, struct hp_err *err)
{
	if (hp_parse_u64(value, INT32_MAX, ret) == 0)
		return 0;
	return hp_err_set(err, HP_E_USAGE, "--%s: “%.40s” is not a number of rows", o->name, value);
}

static int set_mode(struct cli *c, enum hp_out_mode mode, struct hp_err *err)
{
	if (c->out_opts.mode != HP_OUT_TABLE && c->out_opts.mode != mode)
		return hp_err_set(
			err, HP_E_USAGE, "--json, --jsonl, --tsv and -0 exclude each other");
	c->out_opts.mode = mode;
	return 0;
}

static int on_opt(void *arg, const struct hp_opt *o, const char *value, struct hp_err *err)
{
	struct parse *p = arg;
	struct cli *c = p->c;

	switch (o->id) {
	case O_HELP: p->help = true; break;
	case O_VERSION: p->version = true; break;
	case O_QUIET: c->quiet = true; break;
	case O_VERBOSE: c->verbose = true; break;
	case O_AS: c->as = value; break;
	case O_REQUEST: c->request_id = value; break;
	case O_SYSROOT: return set_sysroot(c, value, err);
	case O_JSON: return set_mode(c, HP_OUT_JSON, err);
	case O_JSONL: return set_mode(c, HP_OUT_JSONL, err);
	case O_TSV: return set_mode(c, HP_OUT_TSV, err);
	case O_NUL: return set_mode(c, HP_OUT_NUL, err);
	case O_SORT: c->out_opts.sort = value; break;
	case O_MATCH: c->out_opts.match = value; break;
	case O_LIMIT: c->limit_given = true; return set_rows(o, value, &c->out_opts.limit, err);
	case O_OFFSET: return set_rows(o, value, &c->out_opts.offset, err);
	case O_PAGED: c->out_opts.paged = true; break;
	case O_COLUMNS: c->out_opts.columns = value; break;
	case O_NO_HEADER: c->out_opts.no_header = true; break;
	case O_DRY_RUN: c->dry_run = true; break;
	case O_DIFF: c->diff = c->dry_run = true; break;
	case O_NO_APPLY: c->no_apply = true; break;
	case O_FORCE: c->force = true; break;
	case O_WAIT: return set_wait(c, value, err);
	case O_IF_EXISTS: c->if_exists = true; break;
	case O_IF_MISSING: c->if_missing = true; break;
	case O_IF_REVISION: c->if_revision = value; break;
	case O_YES: c->yes = true; break;
	default: keep_own(c, o, value);
	}
	return 0;
}

static int unknown_verb(struct cli *c, const char *word, struct hp_err *err)
{
	const struct cli_verb *v;
	const char *of = "";
	size_t n = strlen(word);

	hp_err_set(err, HP_E_USAGE, "“%s” is not one of its verbs",
		hp_str_printable(c->pool, word, 60));
	/* the first of two words: "key" of "key add" */
	for (v = c->prog->verbs; v->name; v++)
		if (n && strncmp(v->name, word, n) == 0 && v->name[n] == '-')
			of = hp_pprintf(c->pool, "%s%s%s", of, *of ? ", " : "", v->name);
	if (*of)
		return hp_err_hint(err, "there are: %s", of);
	for (v = c->prog->verbs; v->name; v++)
		if (hp_str_is_near(word, v->name))
			return hp_err_hint(err, "the nearest is: %s %s", c->prog->name, v->name);
	return hp_err_hint(err, "%s --help lists them", c->prog->name);
}

static int check_operands(struct cli *c, struct hp_err *err)
{
	const struct cli_verb *v = c->verb;

	if (c->n_args < v->min_args)
		hp_err_set(err, HP_E_USAGE, "%s: an operand is missing", v->name);
	else if (c->n_args > v->max_args)
		hp_err_set(err, HP_E_USAGE, "%s: unexpected operand “%s”", v->name,
			hp_str_printable(c->pool, c->args[v->max_args], 60));
	else
		return 0;
	return hp_err_hint(err, "usage: %s %s%s%s", c->prog->name, v->name, *v->operands ? " " : "",
		v->operands);
}

/* The words taken apart; what is missing is not missed yet. */
static int parse_words(struct parse *p, int argc, char **argv, struct hp_err *err)
{
	struct cli *c = p->c;
	const struct hp_opt *tables[CLI_TABLES];
	struct hp_strv words = {0};
	int used = 0;

	cli_opt_tables(NULL, tables);
	if (hp_opt_parse_head(c->pool, tables, argc, argv, on_opt, p, &used, err) < 0)
		return err->code;
	if (used < argc && !p->version) {
		const char *word = argv[used], *next;

		if (hp_streq(word, "help") && !cli_verb_find(c->prog, "help")) {
			p->help = true;
			word = used + 1 < argc ? argv[used + 1] : NULL;
		}
		next = word == argv[used] && used + 1 < argc ? argv[used + 1] : NULL;
		if (word && !(c->verb = find_words(c, word, next)))
			return unknown_verb(c, word, err);
		used += 1 + (c->verb && !hp_streq(c->verb->name, word) && !p->help);
	}
	if (c->verb && !p->help) {
		cli_opt_tables(c->verb, tables);
		if (hp_opt_parse(
			    c->pool, tables, argc - used, argv + used, on_opt, p, &words, err) < 0)
			return err->code;
	}
	c->args = words.v;
	c->n_args = (unsigned)words.n;
	return 0;
}

/* Whether to run the verb: 1; 0: done already (help, version). */
static int parse_args(struct cli *c, int argc, char **argv, struct hp_err *err)
{
	struct parse p = {.c = c};

	if (parse_words(&p, argc, argv, err) < 0)
		return err->code;
	if (p.help)
		return cli_help(c->prog, c->verb, STDOUT_FILENO, err);
	if (p.version) {
		printf("%s (%s) %s\n", c->prog->name, PACKAGE_NAME, PACKAGE_VERSION);
		return 0;
	}
	if (!c->verb) {
		hp_err_set(err, HP_E_USAGE, "a verb is missing");
		return hp_err_hint(err, "%s --help lists them", c->prog->name);
	}
	return check_operands(c, err) < 0 ? err->code : 1;
}

int cli_check_door(struct hp_pool *pool, int argc, char **argv, struct hp_err *err)
{
	struct cli c = {.pool = pool, .sysroot = "", .prog = cli_program_find(argv[0])};
	struct parse p = {.c = &c};

	if (!c.prog)
		return hp_err_set(err, HP_E_DENIED, "“%s” is no program of the panel",
			hp_str_printable(pool, argv[0], 60));
	if (parse_words(&p, argc - 1, argv + 1, err) < 0)
		return err->code;
	/* settings may name files, and root reads all of them */
	if (!c.verb || p.help || p.version || !(c.verb->flags & CLI_DOOR) || c.verb->fields)
		return hp_err_set(err, HP_E_DENIED, "%s%s%s: it is not run for others here",
			c.prog->name, c.verb ? " " : "", c.verb ? c.verb->name : "");
	if (!c.as)
		return hp_err_set(err, HP_E_DENIED, "%s %s: --as is missing: for whom?",
			c.prog->name, c.verb->name);
	if (*c.sysroot || c.force)
		return hp_err_set(err, HP_E_DENIED, "%s: it is not for who is not root",
			c.force ? "--force" : "--sysroot");
	return check_operands(&c, err);
}

/* The panel's own user is asked by users, over the web: what he runs is run for one of them. */
static int check_service(struct cli *c, struct hp_err *err)
{
	if (c->as || *c->sysroot || !hp_is_panel_uid(geteuid()))
		return 0;
	hp_err_set(err, HP_E_DENIED, "%s: %s does nothing in its own name", c->verb->name,
		HP_PANEL_USER);
	return hp_err_hint(err, "--as USER says for whom");
}

static int check_flags(struct cli *c, struct hp_err *err)
{
	unsigned f = c->verb->flags;

	if (check_service(c, err) < 0)
		return err->code;
	if (c->as && (!c->verb->permission || ((f & CLI_ROOT) && !(f & CLI_DOOR))))
		return hp_err_set(err, HP_E_DENIED, "%s: only the operator may do that",
			c->verb->name);
	if (c->as && c->force)
		return hp_err_set(err, HP_E_DENIED,
			"--force: only the operator may take over what was edited by hand");
	if ((f & CLI_ROOT) && geteuid() != 0 && !*c->sysroot)
		return hp_err_set(err, HP_E_DENIED, "%s: it needs root", c->verb->name);
	if ((f & CLI_YES) && !c->yes && !c->dry_run) {
		hp_err_set(err, HP_E_USAGE, "%s%s%s: it is not done without --yes", c->verb->name,
			c->n_args ? " " : "",
			c->n_args ? hp_str_printable(c->pool, c->args[0], 80) : "");
		return hp_err_hint(err, "--dry-run shows what it would do");
	}
	return 0;
}

/* ---- what verbs ask for ---- */
const char *cli_opt(const struct cli *c, const char *name)
{
	size_t i;

	for (i = c->n_given; i-- > 0;)
		if (hp_streq(c->given[i].opt->name, name))
			return c->given[i].value;
	return NULL;
}

void cli_opt_all(const struct cli *c, const char *name, struct hp_strv *ret)
{
	size_t i;

	for (i = 0; i < c->n_given; i++)
		if (hp_streq(c->given[i].opt->name, name))
			hp_strv_add(c->pool, ret, c->given[i].value);
}

int cli_conf(struct cli *c, struct hp_err *err)
{
	if (c->conf)
		return 0;
	return hp_conf_load(c->pool, hp_path(c->pool, c->sysroot, HP_CONF_FILE), &c->conf, err);
}

bool cli_has_panel(struct cli *c)
{
	return hp_conf_is_set(c->conf, "database", "url") ||
	       access(hp_path(c->pool, c->sysroot, HP_DB_FILE), F_OK) == 0;
}

int cli_panel(struct cli *c, struct hp_err *err)
{
	if (c->panel)
		return 0;
	if (cli_conf(c, err) < 0)
		return err->code;
	if (c->read_only ? hp_panel_open_read(c->sysroot, c->conf, &c->panel, err) < 0
			 : hp_panel_open(c->sysroot, c->conf, &c->panel, err) < 0)
		return err->code;
	c->panel->dry_run = c->dry_run;
	if (c->request_id && hp_panel_request(c->panel, c->request_id, err) < 0)
		return err->code;
	return c->as ? hp_panel_act(c->panel, c->as, err) : 0;
}

void cli_denied(struct cli *c, const char *object, const struct hp_err *why)
{
	struct hp_err ignored = HP_ERR_INIT;
	const char *verb = c->verb->permission;

	/* of a verb that is no user's nothing was opened yet */
	if (!c->panel && c->as && why->code == HP_E_DENIED)
		cli_panel(c, &ignored);
	if (!verb)
		verb = hp_pprintf(
			c->pool, "%s:%s", hp_str_after(c->prog->name, "hp-"), c->verb->name);
	if (c->panel)
		hp_panel_denied(c->panel, verb, object, why);
}

int cli_may_site(struct cli *c, const char *domain, struct hp_err *err)
{
	if (!c->as)
		return 0;
	return hp_site_may(c->panel, domain, c->verb->permission, err);
}

int cli_sees_site(struct cli *c, const char *domain, bool *ret, struct hp_err *err)
{
	int r = cli_may_site(c, domain, err);

	*ret = r == 0;
	if (r == HP_E_NOT_FOUND || r == HP_E_DENIED) {
		hp_err_clear(err);
		r = 0;
	}
	return r;
}

const struct hp_col *cli_verb_cols(struct hp_pool *pool, const struct cli_verb *v)
{
	struct hp_col *made;

	if (!v->make_cols)
		return v->cols;
	v->make_cols(pool, &made);
	return made;
}

int cli_out(struct cli *c, struct hp_err *err)
{
	if (c->out)
		return 0;
	c->out_opts.fd = STDOUT_FILENO;
	/* one object is one JSON object; several asked for by name are an array */
	c->out_opts.vertical = (c->verb->flags & CLI_ONE) &&
			       (c->out_opts.mode == HP_OUT_TABLE || c->n_args <= 1);
	c->out_opts.color = isatty(STDOUT_FILENO) && !getenv("NO_COLOR");
	return hp_out_new(cli_verb_cols(c->pool, c->verb), &c->out_opts, &c->out, err);
}

/* ---- the run ---- */
/* A program started with 0, 1 or 2 closed would write its messages into its database. */
static void open_std_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

/* Failures whose rows are what was asked for: each input's own, drifts, pending changes. */
static bool says_rows(const struct cli *c, int code)
{
	return (c->verb->flags & (CLI_MUTATES | CLI_NODE_OPTS)) || code == HP_E_NO ||
	       code == HP_E_PENDING;
}

static int run_verb(struct cli *c, struct hp_err *err)
{
	struct hp_err late = HP_ERR_INIT;
	int r;

	if (check_flags(c, err) < 0)
		return err->code;
	c->read_only = !(c->verb->flags & (CLI_MUTATES | CLI_APPLIES | CLI_NODE_OPTS));
	/* whatever a verb asks for by itself: who acts for somebody has that one's rights alone */
	if (c->as && (cli_panel(c, err) < 0 ||
			     hp_may_begin(&c->panel->actor, c->verb->permission, err) < 0))
		return err->code;
	if ((c->verb->flags & CLI_NEWEST) && !c->limit_given)
		c->out_opts.limit = CLI_NEWEST_ROWS;
	/* a bad -o is told before anything is changed, and a bad order before anything is read */
	if ((c->verb->flags & CLI_ROWS) &&
		(c->out_opts.columns || c->out_opts.sort || c->out_opts.paged) &&
		cli_out(c, err) < 0)
		return err->code;
	/* whoever reads the results may go; what was begun is ended nevertheless */
	if (c->verb->flags & (CLI_MUTATES | CLI_APPLIES | CLI_NODE_OPTS))
		signal(SIGPIPE, SIG_IGN);
	r = c->verb->run(c, err);
	r = r > 0 ? 0 : r; /* no more rows were wanted */
	/* a failed look has no table, but JSON must be ended whatever happened */
	if (!c->out || (r < 0 && c->out_opts.mode == HP_OUT_TABLE && !says_rows(c, r)))
		return r;
	if (hp_out_end(c->out, r == 0 ? err : &late) < 0 && r == 0) {
		r = err->code;
		if ((c->verb->flags & CLI_MUTATES) && !c->dry_run)
			hp_err_hint(err, CLI_LOST_HINT);
	}
	return r;
}

/*
 * One who has only read leaves nothing unfinished: the kernel takes back memory, locks and files
 * faster than they are given back one by one. Where memory is watched, it is given back.
 */
static bool may_just_exit(const struct cli *c)
{
	return c->read_only && !HP_ASAN;
}

int hp_main(const struct cli_program *prog, int argc, char **argv)
{
	struct hp_pool *pool _cleanup_pool_ = NULL;
	struct hp_err err = HP_ERR_INIT;
	struct cli c = {.prog = prog, .sysroot = "", .wait_ms = WAIT_DEFAULT_MS};
	int r;

	open_std_fds();
	/* a limit on files' sizes, of whoever called us, is an error that is undone, not a death */
	signal(SIGXFSZ, SIG_IGN);
	c.pool = pool = hp_pool_new();
	if (argc > 1 && hp_streq(argv[1], "--complete")) {
		cli_complete(&c, argc > 3 ? argv + 3 : NULL, argc > 3 ? argc - 3 : 0);
		hp_panel_close(c.panel);
		return 0;
	}
	r = parse_args(&c, argc - 1, argv + 1, &err);
	if (r > 0) {
		r = run_verb(&c, &err);
		if (r < 0 && *err.msg)
			cli_denied(&c, c.n_args ? c.args[0] : NULL, &err);
	}
	if (!may_just_exit(&c)) {
		hp_out_free(c.out);
		hp_panel_close(c.panel);
	}
	if (fflush(stdout) != 0 && r == 0)
		r = hp_err_errno(&err, HP_E_OS, errno, "standard output can't be written");
	if (r == HP_E_OS && cli_reader_is_gone())
		r = 0;
	if (r < 0)
		cli_print_err(&c, &err);
	if (may_just_exit(&c))
		_exit(hp_exit_status(r));
	return hp_exit_status(r);
}
