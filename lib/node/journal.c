/*
 * The journal: what a run is about to do, on the disk before it does any of it.
 *
 *   journal          the run is not decided: whoever finds it undoes everything
 *   journal.commit   the new world stands: whoever finds it finishes breaking the old one
 *
 * The one becomes the other by rename(2), after the new manifest is on the disk as
 * manifest.new. Lines, fields separated by tabs:
 *   hosting-panel-journal 1
 *   stage <prefix> <dir>
 *   dir <path>                            made by this run
 *   put|del <had old 0|1> <late 0|1> <own dir 0|1> <path>
 *   part <name> <what the part noted>
 *   end
 * A journal without "end" was never acted on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "node/engine.h"
#include "base/fault.h"
#include "base/str.h"

#define HEAD "hosting-panel-journal\t1\n"
#define JOURNAL_MAX ((size_t)256 << 20)

static void add_line(struct hp_engine *x, const char *line)
{
	struct hp_lines *l = &x->undo;

	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 64;
		l->v = realloc(l->v, l->cap * sizeof(*l->v));
		if (!l->v)
			hp_die(HP_E_OS, "out of memory");
	}
	l->v[l->n++] = line;
}

void hp_journal_note(struct hp_engine *x, enum hp_part_id part, const char *fmt, ...)
{
	va_list ap;
	char *line;

	va_start(ap, fmt);
	line = hp_pvprintf(x->scratch, fmt, ap);
	va_end(ap);
	HP_BUG_ON(strchr(line, '\n'));
	add_line(x, hp_pprintf(x->round, "%s\t%s", hp_parts[part]->name, line));
}

static int sync_node_dir(struct hp_engine *x, struct hp_err *err)
{
	int fd _cleanup_close_ =
		openat(x->rootfd, hp_rel(HP_NODE_DIR), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "the folder " HP_NODE_DIR
			" can't be written to the disk");
	return 0;
}

int hp_journal_write(struct hp_engine *x, struct hp_err *err)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	const struct hp_op *op;
	size_t i;

	hp_buf_adds(&b, HEAD);
	for (i = 0; i < x->n_stages; i++)
		hp_buf_addf(&b, "stage\t%s\t%s\n", x->stages[i].prefix, x->stages[i].dir);
	for (i = 0; i < x->dirs.n; i++)
		hp_buf_addf(&b, "dir\t%s\n", x->dirs.v[i]);
	for (i = 0; i < x->n_ops; i++) {
		op = &x->ops[i];
		hp_buf_addf(&b, "%s\t%d\t%d\t%d\t%s\n", op->remove ? "del" : "put", op->had_old,
			op->late, op->file->kind == HP_MFILE_OWN_DIR, op->file->path);
	}
	for (i = 0; i < x->undo.n; i++)
		hp_buf_addf(&b, "part\t%s\n", x->undo.v[i]);
	hp_buf_adds(&b, "end\n");
	return hp_file_write(hp_engine_path(x, x->scratch, HP_JOURNAL_FILE), 0600, b.s, b.len, err);
}

int hp_journal_commit(struct hp_engine *x, struct hp_err *err)
{
	if (renameat(x->rootfd, hp_rel(HP_JOURNAL_FILE), x->rootfd, hp_rel(HP_COMMIT_FILE)) < 0)
		return hp_err_errno(err, HP_E_OS, errno, HP_JOURNAL_FILE " can't be renamed");
	return sync_node_dir(x, err);
}

int hp_journal_done(struct hp_engine *x, struct hp_err *err)
{
	static const char *const files[] = {HP_JOURNAL_FILE, HP_COMMIT_FILE,
		HP_MANIFEST_FILE ".new", HP_STATE_FILE ".new"};
	bool undone = false;
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(files); i++) {
		if (unlinkat(x->rootfd, hp_rel(files[i]), 0) == 0)
			undone |= i == 0;
		else if (errno != ENOENT)
			return hp_err_errno(err, HP_E_OS, errno, "%s can't be removed", files[i]);
	}
	/*
	 * What was undone must not be found again after a power cut, when the stage has no old
	 * files any more. What was decided may: it is finished again, which changes nothing, as
	 * another run's journal takes this folder to the disk before anything moves.
	 */
	if (undone && sync_node_dir(x, err) < 0)
		return err->code;
	hp_fault("before-clear");
	return hp_stage_clear(x, err);
}

/* ---- a journal found ---- */
struct record {
	char kind; /* 's'tage 'd'ir 'p'ut 'r'emove 'n'ote */
	bool had_old, late, own_dir;
	char *path, *more;
};

struct found {
	struct record *v;
	size_t n, cap;
	bool whole;
};

static struct record *add_record(struct hp_pool *pool, struct found *f)
{
	struct record *bigger;

	if (f->n == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 256;
		bigger = hp_palloc(pool, f->cap * sizeof(*bigger));
		if (f->n)
			memcpy(bigger, f->v, f->n * sizeof(*bigger));
		f->v = bigger;
	}
	return &f->v[f->n++];
}

static char *cut(char **p)
{
	return strsep(p, "\t");
}

static int parse_line(struct hp_pool *pool, struct found *f, char *line)
{
	char *p = line, *kind = cut(&p), *a, *b, *c;
	struct record *r;

	if (hp_streq(kind, "end")) {
		f->whole = true;
		return 0;
	}
	r = add_record(pool, f);
	if (hp_streq(kind, "put") || hp_streq(kind, "del")) {
		a = cut(&p);
		b = cut(&p);
		c = cut(&p);
		r->path = p;
		r->kind = kind[0] == 'p' ? 'p' : 'r';
		r->had_old = hp_streq(a, "1");
		r->late = hp_streq(b, "1");
		r->own_dir = hp_streq(c, "1");
		return r->path && hp_path_is_clean(r->path) ? 0 : -1;
	}
	r->kind = hp_streq(kind, "stage") ? 's' : hp_streq(kind, "dir") ? 'd' : 'n';
	if (r->kind == 'n' && !hp_streq(kind, "part"))
		return -1;
	if (r->kind == 'd') {
		r->path = p;
		return p && hp_path_is_clean(p) ? 0 : -1;
	}
	r->path = cut(&p);
	r->more = p;
	return r->path && r->more ? 0 : -1;
}

static int parse(struct hp_engine *x, char *text, const char *name, struct found *f,
	struct hp_err *err)
{
	char *line, *p = text;
	unsigned n = 1;

	line = strsep(&p, "\n");
	if (!p || !hp_streq(line, "hosting-panel-journal\t1"))
		return hp_err_set(err, HP_E_CONF, "%s:1: not a journal of this version", name);
	while ((line = strsep(&p, "\n")) && *line) {
		n++;
		if (parse_line(x->pool, f, line) < 0)
			return hp_err_set(err, HP_E_CONF, "%s:%u: damaged", name, n);
	}
	return 0;
}

static int load(struct hp_engine *x, const char *name, struct found *f, struct hp_err *err)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	size_t i;

	if (hp_file_read(hp_engine_path(x, x->scratch, name), JOURNAL_MAX, &b, err) < 0)
		return err->code;
	if (parse(x, hp_pmemdup(x->pool, hp_buf_str(&b), b.len + 1), name, f, err) < 0)
		return err->code;
	for (i = 0; i < x->n_stages; i++)
		if (x->stages[i].fd >= 0)
			close(x->stages[i].fd);
	x->n_stages = 0;
	for (i = 0; i < f->n; i++)
		if (f->v[i].kind == 's' && x->n_stages < HP_STAGES_MAX)
			x->stages[x->n_stages++] = (struct hp_stage){
				.prefix = f->v[i].path, .dir = f->v[i].more, .fd = -1};
	return 0;
}

/* Lines of one part, in order, then NULL. */
static int tell_part(struct hp_engine *x, const struct found *f, const struct hp_part *p,
	int (*fn)(struct hp_engine *, const char *, struct hp_err *), struct hp_err *err)
{
	size_t i;

	if (!fn)
		return 0;
	for (i = 0; i < f->n; i++)
		if (f->v[i].kind == 'n' && hp_streq(f->v[i].path, p->name) &&
			fn(x, f->v[i].more, err) < 0)
			return err->code;
	return fn(x, NULL, err);
}

static int roll_back(struct hp_engine *x, const struct found *f, struct hp_err *err)
{
	const struct record *r;
	size_t i;

	for (i = f->n; i-- > 0;) {
		r = &f->v[i];
		if ((r->kind != 'p' && r->kind != 'r') || r->late)
			continue;
		hp_pool_reset(x->scratch);
		hp_fault("mid-rollback");
		if (hp_switch_back(x, r->path, r->kind == 'r', r->had_old, err) < 0)
			return err->code;
	}
	for (i = HP_PARTS; i-- > 0;)
		if (tell_part(x, f, hp_parts[i], hp_parts[i]->undo, err) < 0)
			return err->code;
	for (i = f->n; i-- > 0;)
		if (f->v[i].kind == 'd')
			unlinkat(x->rootfd, hp_rel(f->v[i].path), AT_REMOVEDIR);
	return hp_journal_done(x, err);
}

static int roll_forward(struct hp_engine *x, const struct found *f, struct hp_err *err)
{
	size_t i;

	/* first: who comes late to the old world is still answered meanwhile */
	if (hp_commit_publish(x, err) < 0 || hp_stage_clear(x, err) < 0)
		return err->code;
	for (i = HP_PARTS; i-- > 0;) {
		hp_fault("mid-break");
		if (tell_part(x, f, hp_parts[i], hp_parts[i]->finish, err) < 0)
			return err->code;
	}
	for (i = 0; i < f->n; i++)
		if (f->v[i].late && hp_switch_late(x, f->v[i].path, f->v[i].own_dir, err) < 0)
			return err->code;
	for (i = HP_PARTS; i-- > 0;)
		if (hp_parts[i]->cleared && hp_parts[i]->cleared(x, err) < 0)
			return err->code;
	hp_fault("after-break");
	return hp_journal_done(x, err);
}

int hp_journal_recover(struct hp_engine *x, const char **ret_what, struct hp_err *err)
{
	struct found f = {0};
	bool decided = faccessat(x->rootfd, hp_rel(HP_COMMIT_FILE), F_OK, 0) == 0;
	const char *name = decided ? HP_COMMIT_FILE : HP_JOURNAL_FILE;

	*ret_what = NULL;
	if (!decided && faccessat(x->rootfd, hp_rel(HP_JOURNAL_FILE), F_OK, 0) < 0) {
		if (errno == ENOENT)
			/* a stage left behind by a run that died before its journal */
			return hp_journal_done(x, err);
		return hp_err_errno(err, HP_E_OS, errno, HP_JOURNAL_FILE " can't be looked at");
	}
	if (load(x, name, &f, err) < 0)
		return err->code;
	if (decided) {
		if (roll_forward(x, &f, err) < 0)
			return err->code;
		*ret_what = "the new state of a run cut short was finished";
		return 0;
	}
	if (!f.whole)
		return hp_journal_done(x, err);
	if (roll_back(x, &f, err) < 0)
		return err->code;
	*ret_what = "a run cut short was undone";
	return 0;
}
