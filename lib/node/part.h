/*
 * A part of the apply engine: one kind of thing a node is made of (users and folders,
 * PHP-FPM, web servers, later mail). The engine runs every part through the same steps and
 * knows nothing of what they do; a new part is such a table and one row in parts.c.
 *
 * Any step may be NULL. Steps return 0, a negative HP_E_* (the whole run is undone), or
 * HP_RETRY after hp_blame() has set a site aside. They are called in the order of
 * enum hp_part_id, at breaking and undoing in the reverse order.
 */
#ifndef HP_NODE_PART_H
#define HP_NODE_PART_H

#include "base/err.h"
#include "base/pool.h"
#include "model/site.h"
#include "sys/digest.h"

enum hp_part_id { HP_PART_USER, HP_PART_PHP, HP_PART_WEB, HP_PARTS };

#define HP_RETRY 1

struct hp_engine;
struct hp_wish;
struct hp_emit; /* where rendered files go: emit.c */
struct hp_mfile;

struct hp_part {
	const char *name;
	/* Folders it writes files below, one by one, outermost first; NULL after the last. */
	const char *(*root)(size_t i);
	bool early;                /* its files are in place before make() */
	/*
	 * Must this file, which is to be removed, stay until the new world stands? w->domain is
	 * NULL for the node's own. NULL: none must.
	 */
	bool (*is_late)(struct hp_engine *x, const struct hp_wish *w, const struct hp_mfile *m);

	/* Look at the machine: what is installed. Fills x->part[id]. */
	int (*detect)(struct hp_engine *x, struct hp_err *err);
	/* Everything besides the document that its files are made from. */
	int (*inputs)(struct hp_engine *x, struct hp_digest *d, struct hp_err *err);
	/*
	 * The files of one site, by hp_emit_file() and hp_emit_link(). Anything wrong with the
	 * site's wish is a negative return: the engine sets the site aside. May set w->now's
	 * revision and note.
	 */
	int (*render_site)(struct hp_engine *x, struct hp_wish *w, const struct hp_site *site,
		struct hp_emit *e, struct hp_err *err);
	int (*render_node)(struct hp_engine *x, struct hp_emit *e, struct hp_err *err);
	/* Own checks over the whole plan, before anything else. */
	int (*check)(struct hp_engine *x, struct hp_err *err);
	/*
	 * The server's own test of the staged world; live: of the live one, just switched.
	 * A refusal that names nobody is HP_E_REFUSED: the engine bisects.
	 */
	int (*test)(struct hp_engine *x, bool live, struct hp_err *err);
	/*
	 * A test that test() left running has come to its end: its verdict. Called in any case,
	 * twice: before the journal, and, all, when what make() makes is there: a test of nothing
	 * but that, where no harm can come of it, may go on until then.
	 */
	int (*tested)(struct hp_engine *x, bool all, struct hp_err *err);
	/* Say in the journal what make(), change() and break() are going to do. */
	int (*journal)(struct hp_engine *x, struct hp_err *err);
	/*
	 * What the new world needs, beside the old one: begun, and brought to its end. In between
	 * the engine does what it has to do anyhow.
	 */
	int (*make)(struct hp_engine *x, struct hp_err *err);
	int (*made)(struct hp_engine *x, struct hp_err *err);
	/* Its files are in place: make them count (swing links, restart, reload). */
	int (*change)(struct hp_engine *x, struct hp_err *err);
	/* Does the new world answer? */
	int (*probe)(struct hp_engine *x, struct hp_err *err);
	/*
	 * A line of its own from the journal: undo what it announced, done, half done or not
	 * done; files are as they were. finish() is its counterpart behind the decision: break
	 * the old world. Both are called again after a crash and must not mind.
	 * Lines come one at a time; NULL after the last, to do things together.
	 */
	int (*undo)(struct hp_engine *x, const char *line, struct hp_err *err);
	int (*finish)(struct hp_engine *x, const char *line, struct hp_err *err);
	/* Behind finish() of all parts, when late files are gone; again after a crash, too. */
	int (*cleared)(struct hp_engine *x, struct hp_err *err);
	/*
	 * What the manifest's sites need besides files: counted, told by hp_mend_tell(), and with
	 * repair made again. What can't be is told by hp_mend_failed(), and the rest goes on.
	 */
	int (*revive)(struct hp_engine *x, bool repair, size_t *ret_wrong, struct hp_err *err);
	void (*release)(struct hp_engine *x);
};
extern const struct hp_part *const hp_parts[HP_PARTS];

/* Of the web servers' processes ([web] group): what they alone may read. */
gid_t hp_part_web_gid(const struct hp_engine *x);

/*
 * Modes without a bit to write are those of secrets: a plan shows that such a file changes, but not
 * what stands in it. Root's alone, and what a group may read, too.
 */
#define HP_EMIT_SECRET 0400
#define HP_EMIT_SECRET_GROUP 0440

static inline bool hp_emit_is_secret(unsigned mode)
{
	return !(mode & 0222);
}

/*
 * A rendered file: text is copied. gid 0 is root's. own_dir: the folder is made for this
 * file alone and goes with it.
 */
void hp_emit_file(struct hp_emit *e, const char *path, unsigned mode, gid_t gid, bool own_dir,
	const void *text, size_t len);
void hp_emit_link(struct hp_emit *e, const char *path, const char *target);
/*
 * Another text for a file that is there and stays the administrator's: planned, tested, switched
 * and undone as ours are, but not remembered, so that what he does with it later is no drift. Only
 * where an edit is needed; owner and mode stay.
 */
void hp_emit_edit(struct hp_emit *e, const char *path, const void *text, size_t len);
/* A file of before that sites still need, though what it was made for is not installed now. */
void hp_emit_as_is(struct hp_emit *e, const struct hp_mfile *old);

#endif
