/*
 * From rendered files to operations: what is there already, what is ours, what is somebody else's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>

#include "node/emit.h"
#include "node/diff.h"
#include "base/str.h"

static struct hp_emitted *add(struct hp_emit *e, const char *path)
{
	struct hp_emitted *f = hp_palloc(e->x->scratch, sizeof(*f));

	HP_BUG_ON(!hp_path_is_clean(path));
	f->file.path = hp_pstrdup(e->x->scratch, path);
	f->file.part = (uint8_t)e->part;
	*e->tail = f;
	e->tail = &f->next;
	return f;
}

static const char *digest(struct hp_emit *e, const void *p, size_t n)
{
	char hex[HP_DIGEST_HEX];

	hp_digest_of(p, n, hex);
	return hp_pstrdup(e->x->scratch, hex);
}

void hp_emit_file(struct hp_emit *e, const char *path, unsigned mode, gid_t gid, bool own_dir,
	const void *text, size_t len)
{
	struct hp_emitted *f = add(e, path);

	f->file.kind = own_dir ? HP_MFILE_OWN_DIR : HP_MFILE;
	f->file.mode = (uint16_t)mode;
	f->file.gid = gid;
	f->file.sha = digest(e, text, len);
	f->text = hp_pstrndup(e->x->scratch, text, len);
	f->len = len;
}

void hp_emit_link(struct hp_emit *e, const char *path, const char *target)
{
	struct hp_emitted *f = add(e, path);

	f->file.kind = HP_MLINK;
	f->file.mode = 0777;
	f->file.target = hp_pstrdup(e->x->scratch, target);
	f->file.sha = digest(e, target, strlen(target));
}

void hp_emit_edit(struct hp_emit *e, const char *path, const void *text, size_t len)
{
	struct stat st = {.st_mode = 0644};
	struct hp_emitted *f;

	if (fstatat(e->x->rootfd, hp_rel(path), &st, 0) < 0)
		st.st_mode = 0644;
	hp_emit_file(e, path, st.st_mode & 07777, st.st_gid, false, text, len);
	f = (struct hp_emitted *)((char *)e->tail - offsetof(struct hp_emitted, next));
	f->edit = true;
}

void hp_emit_as_is(struct hp_emit *e, const struct hp_mfile *old)
{
	struct hp_emitted *f = add(e, old->path);

	f->file = *old;
	f->file.next = NULL;
	f->as_is = true;
}

/* ---- judging ---- */
static const struct hp_mfile *old_file(const struct hp_wish *w, const char *path)
{
	const struct hp_mfile *m;

	for (m = w->old ? w->old->files : NULL; m; m = m->next)
		if (hp_streq(m->path, path))
			return m;
	return NULL;
}

int hp_emit_edited(const char *domain, const char *path, const char *why, struct hp_err *err)
{
	hp_err_set(err, HP_E_EXISTS, "%s %s", path, why);
	return hp_err_hint(err,
		"look at it with: hp-vhost plan --force; directives of your own belong into "
		HP_CUSTOM_DIR
		"/%s/; --force takes the file over",
		domain ? domain : "DOMAIN");
}

static int drift(struct hp_engine *x, struct hp_wish *w, const char *path, const char *why,
	bool *ret_drift, struct hp_err *err)
{
	*ret_drift = true;
	if (!w->told)
		hp_report_file(x, path, "drift", w->domain, why);
	hp_emit_edited(w->domain, path, why, err);
	return 0;
}

/* A hand-made file that gives way to this website. */
static bool gives_way(const struct hp_engine *x, const struct hp_wish *w, const char *path)
{
	const struct hp_takeover *t = x->o->takeover;

	return t && w->now && !w->old && hp_streq(t->domain, w->domain) &&
		hp_strv_has(&t->paths, path);
}

static int judge(struct hp_engine *x, struct hp_wish *w, struct hp_emitted *f, bool *ret_drift,
	struct hp_err *err)
{
	const struct hp_mfile *m = old_file(w, f->file.path);
	enum hp_disk disk;
	struct hp_sig fresh;
	char sha[65];

	if (hp_disk_check(x, m ? m : &f->file, &disk, &fresh, sha, err) < 0)
		return err->code;
	f->put = true;
	f->had_old = disk != HP_DISK_MISSING;
	if (disk == HP_DISK_MISSING) {
		if (m && !x->o->force)
			return drift(x, w, f->file.path, "was removed by hand", ret_drift, err);
		return 0;
	}
	if (m ? disk == HP_DISK_SAME && hp_streq(m->sha, f->file.sha) && m->mode == f->file.mode &&
				m->kind == f->file.kind && m->gid == f->file.gid
	      : disk == HP_DISK_SAME) {
		f->put = false;
		f->file.sig = fresh;
		return 0;
	}
	if (!*sha) {
		hp_err_set(err, HP_E_EXISTS, "%s is there and is no file", f->file.path);
		return hp_err_hint(err, "move it away");
	}
	if (f->edit || (m && disk == HP_DISK_SAME) || hp_streq(sha, f->file.sha) || x->o->force ||
		gives_way(x, w, f->file.path))
		return 0;
	return drift(x, w, f->file.path,
		m ? "was changed by hand" : "is there already and was not made by hosting-panel",
		ret_drift, err);
}

/* A file of before that is not wished any more. */
static int judge_gone(struct hp_engine *x, struct hp_wish *w, const struct hp_mfile *m,
	bool *ret_gone, bool *ret_drift, struct hp_err *err)
{
	enum hp_disk disk;
	char sha[65];

	*ret_gone = false;
	if (hp_disk_check(x, m, &disk, NULL, sha, err) < 0)
		return err->code;
	if (disk == HP_DISK_MISSING)
		return 0;
	if (disk == HP_DISK_OTHER && !hp_streq(sha, m->sha) && (!x->o->force || !*sha))
		return drift(x, w, m->path, "was changed by hand", ret_drift, err);
	*ret_gone = true;
	return 0;
}

/* ---- operations ---- */
static struct hp_op *add_op(struct hp_engine *x)
{
	if (x->n_ops == x->cap_ops) {
		x->cap_ops = x->cap_ops ? x->cap_ops * 2 : 64;
		x->ops = realloc(x->ops, x->cap_ops * sizeof(*x->ops));
		if (!x->ops)
			hp_die(HP_E_OS, "out of memory");
	}
	memset(&x->ops[x->n_ops], 0, sizeof(*x->ops));
	return &x->ops[x->n_ops++];
}

static struct hp_mfile *keep(struct hp_engine *x, const struct hp_mfile *f)
{
	struct hp_mfile *m = hp_pmemdup(x->round, f, sizeof(*m));

	m->next = NULL;
	m->path = hp_pstrdup(x->round, f->path);
	m->target = hp_pstrdup(x->round, f->target);
	m->sha = hp_pstrdup(x->round, f->sha);
	return m;
}

/* w NULL: a file of the node's own. */
static int show_change(struct hp_engine *x, const struct hp_wish *w, const struct hp_mfile *m,
	bool had_old, bool remove, const char *text, size_t len, struct hp_err *err)
{
	struct hp_buf old _cleanup_buf_ = HP_BUF_INIT, out _cleanup_buf_ = HP_BUF_INIT;
	const char *path = m->path;

	if (x->o->diff_fd < 0 && !x->o->diff_events)
		return 0;
	if (x->o->quiet_plan || hp_emit_is_secret(m->mode)) {
		hp_buf_addf(&out, "%s %s\n", remove ? "remove" : had_old ? "change" : "add", path);
	} else {
		if (had_old && hp_disk_text(x, path, &old, err) < 0)
			return err->code;
		if (old.len && old.s[old.len - 1] != '\n' && !text)
			hp_buf_addc(&old, '\n');
		hp_diff(&out, had_old ? path : "/dev/null", hp_buf_str(&old), old.len,
			remove ? "/dev/null" : path, text ? text : "", len);
	}
	if (x->o->diff_events)
		hp_report_diff(x, path, w ? w->domain : NULL, hp_buf_str(&out));
	if (x->o->diff_fd < 0)
		return 0;
	return hp_fd_write(x->o->diff_fd, "the plan", hp_buf_str(&out), out.len, err);
}

static int settle_put(struct hp_emit *e, struct hp_wish *w, struct hp_emitted *f,
	struct hp_mfile *m, struct hp_err *err)
{
	struct hp_engine *x = e->x;
	struct hp_op *op = add_op(x);
	char *text;

	m->sig.ino = 0; /* signed after the switch */
	op->site = w->domain ? w : NULL;
	op->file = m;
	op->had_old = f->had_old;
	op->early = hp_parts[m->part]->early;
	if (!x->dry)
		return hp_stage_put(x, m, f->text, f->len, err);
	if (f->text)
		return show_change(x, w, m, f->had_old, false, f->text, f->len, err);
	text = hp_pprintf(x->scratch, "link to %s\n", f->file.target);
	return show_change(x, w, m, false, false, text, strlen(text), err);
}

static int settle_gone(
	struct hp_emit *e, struct hp_wish *w, const struct hp_mfile *m, struct hp_err *err)
{
	struct hp_engine *x = e->x;
	struct hp_op *op = add_op(x);

	op->site = w->domain ? w : NULL;
	op->file = keep(x, m);
	op->remove = op->had_old = true;
	op->late = hp_parts[m->part]->is_late && hp_parts[m->part]->is_late(x, w, m);
	op->early = hp_parts[m->part]->early;
	if (x->dry)
		return show_change(x, w, m, true, true, NULL, 0, err);
	return op->late ? 0 : hp_stage_gap(x, m->path, err);
}

static int part_of(const char *path)
{
	const char *root, *rest;
	size_t j;
	int i;

	for (i = 0; i < HP_PARTS; i++)
		for (j = 0; hp_parts[i]->root && (root = hp_parts[i]->root(j)); j++)
			if ((rest = hp_str_after(path, root)) && *rest == '/')
				return i;
	return -1;
}

static bool is_wished(const struct hp_emit *e, const char *path)
{
	const struct hp_emitted *f;

	for (f = e->head; f; f = f->next)
		if (hp_streq(f->file.path, path))
			return true;
	return false;
}

/* The next hand-made file that gives way with nothing of the website in its place, or NULL. */
static const char *next_takeover(const struct hp_emit *e, const struct hp_wish *w, size_t *i)
{
	const struct hp_takeover *t = e->x->o->takeover;

	for (; t && *i < t->paths.n; (*i)++)
		if (gives_way(e->x, w, t->paths.v[*i]) && !is_wished(e, t->paths.v[*i]))
			return t->paths.v[(*i)++];
	return NULL;
}

static int judge_takeover(struct hp_emit *e, const struct hp_wish *w, struct hp_err *err)
{
	const char *path;
	struct stat st;
	size_t i = 0;

	while ((path = next_takeover(e, w, &i)))
		if (part_of(path) < 0 ||
			fstatat(e->x->rootfd, hp_rel(path), &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			(!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode)))
			return hp_err_set(err, HP_E_EXISTS,
				"%s is not a file of a server that could give way", path);
	return 0;
}

static int settle_takeover(struct hp_emit *e, struct hp_wish *w, struct hp_err *err)
{
	struct hp_mfile m = {.kind = HP_MFILE};
	size_t i = 0;

	while ((m.path = next_takeover(e, w, &i))) {
		m.part = (uint8_t)part_of(m.path);
		if (settle_gone(e, w, &m, err) < 0)
			return err->code;
	}
	return 0;
}

static int settle_all(
	struct hp_emit *e, struct hp_wish *w, const bool *gone, size_t n_old, struct hp_err *err)
{
	struct hp_engine *x = e->x;
	struct hp_mfile **tail = w->now ? &w->now->files : NULL;
	const struct hp_mfile **old = hp_palloc(x->scratch, (n_old + 1) * sizeof(*old)), *m;
	struct hp_emitted *f;
	size_t i = 0, n = 0;

	for (f = e->head; f; f = f->next) {
		if (f->edit) {
			if (f->put && settle_put(e, w, f, keep(x, &f->file), err) < 0)
				return err->code;
			continue;
		}
		*tail = keep(x, &f->file);
		if (f->put && settle_put(e, w, f, *tail, err) < 0)
			return err->code;
		tail = &(*tail)->next;
	}
	/* the last one first: a link goes before what it leads to */
	for (m = w->old ? w->old->files : NULL; m; m = m->next)
		if (gone[i++])
			old[n++] = m;
	while (n-- > 0)
		if (settle_gone(e, w, old[n], err) < 0)
			return err->code;
	return 0;
}

int hp_emit_settle(struct hp_emit *e, struct hp_wish *w, bool *ret_drift, struct hp_err *err)
{
	struct hp_engine *x = e->x;
	const struct hp_mfile *m;
	struct hp_emitted *f;
	size_t n = 0;
	bool *gone;

	*ret_drift = false;
	for (f = e->head; f; f = f->next)
		if (!f->as_is && judge(x, w, f, ret_drift, err) < 0)
			return err->code;
	for (m = w->old ? w->old->files : NULL; m; m = m->next)
		n++;
	gone = hp_palloc(x->scratch, n + 1);
	for (m = w->old ? w->old->files : NULL, n = 0; m; m = m->next, n++)
		if (!is_wished(e, m->path) && judge_gone(x, w, m, &gone[n], ret_drift, err) < 0)
			return err->code;
	if (*ret_drift)
		return 0;
	hp_err_clear(err);
	if (judge_takeover(e, w, err) < 0 || settle_all(e, w, gone, n, err) < 0)
		return err->code;
	return settle_takeover(e, w, err);
}
