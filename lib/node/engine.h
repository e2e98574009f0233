/*
 * The inside of one run of the apply engine (node.h is what others see). The
 * engine knows sites, files and parts; what a file means is the part's business (part.h).
 *
 * A run goes in rounds. A round plans, stages and tests; when a part blames one
 * site, the site is set aside (it stays as it was) and the next round starts afresh
 * without it. Nothing live is touched before a round has passed its tests, except
 * where no private mount namespace is to be had: there the round switches, tests and rolls back.
 */
#ifndef HP_NODE_ENGINE_H
#define HP_NODE_ENGINE_H

#include <signal.h>

#include "base/file.h"
#include "base/paths.h"
#include "node/bgsync.h"
#include "node/manifest.h"
#include "node/node.h"
#include "node/part.h"
#include "node/tree.h"
#include "sys/tmpl.h"

#define HP_MANIFEST_FILE HP_NODE_DIR "/manifest"
#define HP_STATE_FILE HP_NODE_DIR "/state.jsonl"
#define HP_JOURNAL_FILE HP_NODE_DIR "/journal"         /* in the way: to be rolled back */
#define HP_COMMIT_FILE HP_NODE_DIR "/journal.commit"   /* decided: to be rolled forward */
#define HP_STAGE_DIR HP_ETC "/.stage"
#define HP_STAGE_NAME ".hosting-panel-stage"           /* in a folder on another file system */

enum hp_act { HP_ACT_NONE, HP_ACT_ADD, HP_ACT_CHANGE, HP_ACT_REMOVE };
enum hp_outcome { HP_IS_FINE, HP_IS_REFUSED, HP_IS_DRIFT };

/* One website in this run: as wished, as it was, as it will be. */
struct hp_wish {
	const char *domain, *user, *php; /* php NULL: none */
	const char *more_php;            /* as in struct hp_msite */
	bool known;                      /* it was applied so: below and server were not read */
	const char *below;               /* document_root, NULL: the folder itself */
	const char *server;              /* that serves it; NULL: the front */
	int64_t uid;
	bool suspended;
	const char *line;                /* of the document; NULL: to be removed */
	size_t len;
	const char *digest;
	const struct hp_msite *old;      /* NULL: new */
	struct hp_msite *now;            /* for the new manifest; NULL: gone */
	enum hp_act act;
	/* why it was set aside */
	enum hp_outcome outcome;
	int code;
	const char *msg, *hint;
	bool held;                       /* by a bisection, for this round only */
	bool told;                       /* its drift was reported */
	bool lacks;                      /* a program that it needs is not installed */
};

/* One file on its way. */
struct hp_op {
	struct hp_wish *site;            /* NULL: the node's own */
	struct hp_mfile *file;           /* new, or for a removal the old one */
	bool remove, had_old;
	bool late;                       /* a removal that waits until the new world stands */
	bool early;                      /* in place before instances are started */
};

struct hp_stage {
	const char *prefix;              /* of the paths it serves: "" or "/etc/nginx" */
	const char *dir;                 /* without sysroot */
	int fd;                          /* <dir>, -1 while it is not made */
};

struct hp_lines {                        /* journal lines of the parts */
	const char **v;
	size_t n, cap;
};

#define HP_STAGES_MAX 8

struct hp_engine {
	const struct hp_node_opts *o;
	const char *root;                /* "" for the real one */
	int rootfd, lock;
	bool live;                       /* no sysroot: services, users, servers are real */
	bool dry;                        /* plan: nothing is written */
	uint64_t t0, children0;
	uint64_t servers_us;             /* spent waiting for servers that were told something */
	struct hp_pool *pool;            /* of the run */
	struct hp_pool *round;           /* of one round */
	struct hp_pool *scratch;         /* of one site */
	struct hp_pool *names;           /* for looking through all sites while scratch is in use */
	struct hp_tmpl_set *tmpl;
	const char *inputs; /* sha256 of what goes into every rendering beside the document */
	const char *all_inputs;          /* the same with all hand-made directives */
	struct hp_custom *custom; /* sites with hand-made directives or certificates, by domain */
	size_t n_custom;
	void *part[HP_PARTS];            /* each part's own */

	struct hp_manifest old;
	const char *node;
	int64_t generation;
	const char *doc;                 /* sha256 of the document */
	int doc_fd; /* the document, seekable; -1: the kept one, nothing to keep */
	off_t doc_at;                    /* where it begins */
	off_t doc_end;                   /* so much of a pipe has come */
	uint64_t doc_by;                 /* when it is to be whole (hp_now_ms()) */
	bool doc_comes;                  /* it is not whole yet */
	struct hp_wish *sites;           /* by domain */
	size_t n_sites, cap_sites;
	struct hp_wish own;              /* the node's own files */
	struct hp_strv words;            /* that many sites say: PHP versions, servers */

	struct hp_op *ops;
	size_t n_ops, cap_ops;
	struct hp_strv dirs;             /* folders that the switch has to make, outermost first */
	struct hp_stage stages[HP_STAGES_MAX];
	size_t n_stages;
	struct hp_bgsync bgsync;
	size_t n_staged;                 /* files written in this round */
	struct hp_dircache dircache;
	const char *last_dir;
	struct hp_lines undo;            /* what parts want to know again after a crash */
	size_t changed;                  /* sites in this round */
	size_t limit;                    /* bisection: only that many of them; SIZE_MAX: all */
	size_t failed;                   /* sites set aside so far */
	bool test_refused;               /* the last error is a server's test that named nobody */
	bool looked;                     /* at the files of sites that stay as they are */
	bool remembered;                 /* this round: remember() in apply.c */
	uint64_t changed_ms;             /* when the new world began to count (hp_now_ms()) */
	bool decided;                    /* the new world stands */
	bool no_ns;                      /* a private mount namespace is refused here */
	sigset_t signals;                /* the caller's mask, while some are held back */
	bool holds_signals;
	bool boot;                       /* before the servers start: mend in silence, start none */
	bool whole;                      /* no site can stay as it was while others change */
};

/* What a site has besides its wish: hand-made directives, a certificate. */
struct hp_custom {
	const char *domain;
	const char *digest;              /* over all of it */
};

/* ---- engine.c: set-up and small things ---- */
int hp_engine_init(struct hp_engine *x, const struct hp_node_opts *o, bool dry, struct hp_err *err);
/* One run at a time; a dry one waits too. HP_E_BUSY after o->wait_ms. */
int hp_engine_lock(struct hp_engine *x, struct hp_err *err);
/* The folder of the engine's own notes. */
int hp_engine_make_dir(struct hp_engine *x, struct hp_err *err);
/* What parts find on the machine. */
int hp_engine_detect(struct hp_engine *x, struct hp_err *err);
/* The manifest: after a journal found was dealt with. */
int hp_engine_load(struct hp_engine *x, struct hp_err *err);
/* Hand-made directives and the digests of all that files are rendered from. */
int hp_engine_look(struct hp_engine *x, struct hp_err *err);
void hp_engine_free(struct hp_engine *x);
static inline const char *hp_rel(const char *path)
{
	return path + 1; /* to rootfd */
}
/* sysroot + path in the scratch pool or another. */
char *hp_engine_path(struct hp_engine *x, struct hp_pool *pool, const char *path) HP_NONNULL_RET;
const struct hp_custom *hp_engine_custom(const struct hp_engine *x, const char *domain);
/* Set a site aside; *why is kept. Returns HP_RETRY. */
int hp_blame(struct hp_engine *x, struct hp_wish *w, enum hp_outcome outcome,
	const struct hp_err *why);
static inline bool hp_wish_moves(const struct hp_wish *w)
{
	return w->act != HP_ACT_NONE;
}
/* Will the site be served after this run, and by PHP of which version? */
static inline bool hp_wish_php_after(const struct hp_wish *w)
{
	return w->now && !w->now->suspended && w->now->php;
}
static inline bool hp_wish_php_before(const struct hp_wish *w)
{
	return w->old && !w->old->suspended && w->old->php;
}

/* ---- read.c: the document ---- */
/*
 * Take the one that was given, if one was, to its last byte. Before the lock: whoever sends it
 * slowly, or never ends it, holds up himself alone. HP_E_BUSY after o->state_ms.
 */
int hp_engine_receive(struct hp_engine *x, struct hp_err *err);
/* Where none was given, open the kept one, likewise. HP_E_NOT_FOUND: there is none. */
int hp_engine_open(struct hp_engine *x, struct hp_err *err);
/* Is it, byte for byte, the one that was applied last? */
int hp_engine_is_same_doc(struct hp_engine *x, bool *ret, struct hp_err *err);
/* Read it whole into x->sites, with its digest. */
int hp_engine_read(struct hp_engine *x, struct hp_err *err);
struct hp_wish *hp_engine_site(struct hp_engine *x, const char *domain);
/* Is it wished as it was applied, whatever else has changed on the node since? */
bool hp_engine_is_as_applied(const struct hp_engine *x, const struct hp_wish *w);
/*
 * A site of the document as one of its PHP versions sees it (NULL: its own): what the site leaves
 * open is what that version's section of the configuration says. In scratch.
 */
int hp_engine_site_on(struct hp_engine *x, const struct hp_wish *w, const char *version,
	struct hp_site *ret, struct hp_err *err);

/* ---- plan.c ---- */
/*
 * Plan (and unless x->dry stage) one round: fills ops and each site's act and now. HP_RETRY as
 * parts say.
 */
int hp_plan_round(struct hp_engine *x, struct hp_err *err);
/*
 * Sites that stay as they are may have drifted: told, and signatures are renewed. In a run that
 * writes it is no part of the round, since nothing depends on it; once a run.
 */
int hp_plan_look_at_rest(struct hp_engine *x, struct hp_err *err);
/*
 * The same document, inputs and files as at the last run, all applied? Then nothing needs to be
 * read.
 */
int hp_plan_is_unchanged(struct hp_engine *x, bool *ret, struct hp_err *err);

/* ---- disk.c: files as they are ---- */
enum hp_disk { HP_DISK_MISSING, HP_DISK_SAME, HP_DISK_OTHER };
/*
 * Is the file at m->path what m says? fresh (may be NULL) gets its present signature. sha (may be
 * NULL) gets the digest of what is there ("" when it is neither file nor link).
 */
int hp_disk_check(struct hp_engine *x, const struct hp_mfile *m, enum hp_disk *ret,
	struct hp_sig *fresh, char sha[65], struct hp_err *err);
/* Text of a file or target of a link for showing; empty when missing. */
int hp_disk_text(struct hp_engine *x, const char *path, struct hp_buf *buf, struct hp_err *err);

/* ---- stage.c ---- */
int hp_stage_open(struct hp_engine *x, struct hp_err *err);
/* Throw away what stands in the stages. */
int hp_stage_clear(struct hp_engine *x, struct hp_err *err);
const struct hp_stage *hp_stage_of(const struct hp_engine *x, const char *path);
/* Write a file or link where the switch will rename it from. */
int hp_stage_put(struct hp_engine *x, const struct hp_mfile *m, const void *text, size_t len,
	struct hp_err *err);
/* An empty file in the place of one that will be gone, for the servers' tests. */
int hp_stage_gap(struct hp_engine *x, const char *path, struct hp_err *err);
/* Hard links of what will be replaced or removed; folders to be made into x->dirs. */
int hp_stage_keep_old(struct hp_engine *x, struct hp_err *err);
/* Everything staged is on the disk: fsync for a few, syncfs(2) for many. */
int hp_stage_sync(struct hp_engine *x, struct hp_err *err);
/* "<stage dir>/new<path>" or …/old<path>, without sysroot. */
const char *hp_stage_path(struct hp_engine *x, struct hp_pool *pool, bool old, const char *path)
	HP_NONNULL_RET;

/* ---- journal.c ---- */
/* A line for the parts' undo(): fields are joined by tabs; none may contain one. */
void hp_journal_note(struct hp_engine *x, enum hp_part_id part, const char *fmt, ...)
	HP_PRINTF(3, 4);
int hp_journal_write(struct hp_engine *x, struct hp_err *err);
/*
 * The decision: from here the run is rolled forward. The new manifest and document stand beside it.
 */
int hp_journal_commit(struct hp_engine *x, struct hp_err *err);
/* Everything is done. */
int hp_journal_done(struct hp_engine *x, struct hp_err *err);
/* A journal found: undo or finish the run that wrote it. *ret_what: "" or what was done. */
int hp_journal_recover(struct hp_engine *x, const char **ret_what, struct hp_err *err);

/* ---- switch.c ---- */
int hp_switch_dirs(struct hp_engine *x, struct hp_err *err);
int hp_switch_files(struct hp_engine *x, bool early, struct hp_err *err);
/*
 * Bring what was switched to the disk, many files in the background; end waits for it. The
 * engine may be freed in between: that waits, too.
 */
int hp_switch_sync_begin(struct hp_engine *x, struct hp_err *err);
int hp_switch_sync_end(struct hp_engine *x, struct hp_err *err);
/* Remove what waited; also when rolling forward. */
int hp_switch_late(struct hp_engine *x, const char *path, bool own_dir, struct hp_err *err);
/* One file back to what it was. */
int hp_switch_back(struct hp_engine *x, const char *path, bool remove, bool had_old,
	struct hp_err *err);

/* ---- commit.c ---- */
/*
 * Write manifest.new and state.new from x->sites, durable, when all files are in place. Looks at
 * the rest before, so that their new signatures are in it.
 */
int hp_commit_prepare(struct hp_engine *x, struct hp_err *err);
/* Rename them into place. Also when rolling forward. */
int hp_commit_publish(struct hp_engine *x, struct hp_err *err);

/* ---- mend.c ---- */
/*
 * Have all parts look at what the manifest's sites need besides files, and with repair make it
 * again. *ret_wrong counts what was found. The first error; everything was gone through.
 */
int hp_mend(struct hp_engine *x, bool repair, size_t *ret_wrong, struct hp_err *err);
/* For parts: something is not there (or was made again); a plan shows it as a line. */
void hp_mend_tell(struct hp_engine *x, bool repaired, const char *path, const char *domain,
	const char *message);
/* It could not be made again: told, and *first gets it unless an earlier one has that place. */
int hp_mend_failed(struct hp_engine *x, const char *path, const char *domain,
	const struct hp_err *why, struct hp_err *first);

/* ---- report.c ---- */
void hp_report_site(struct hp_engine *x, const struct hp_wish *w, bool undone);
void hp_report_diff(
	struct hp_engine *x, const char *path, const char *domain, const char *diff);
void hp_report_file(struct hp_engine *x, const char *path, const char *action, const char *domain,
	const char *message);
void hp_report_reload(struct hp_engine *x, const char *server);
void hp_report_note(struct hp_engine *x, const char *event, const char *message);
void hp_report_end(struct hp_engine *x, const char *result, int64_t generation, size_t sites,
	size_t changed, size_t failed, const struct hp_err *err);

#endif
