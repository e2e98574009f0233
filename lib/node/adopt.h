/*
 * What taking a hand-made virtual host over needs besides the engine: its documents copied, what
 * stood in its files kept, its directives written down as hand-made ones of the website.
 *
 * All of it stands beside what is served, until a run of the engine makes the website and has the
 * hand-made files give way (struct hp_takeover); hp_adopt_undo() takes it away again.
 */
#ifndef HP_NODE_ADOPT_H
#define HP_NODE_ADOPT_H

#include "node/import.h"
#include "node/node.h"

#define HP_ADOPTED_DIR HP_ETC "/adopted" /* <domain>/: what stood in files that gave way */

/*
 * What hp_adopt_prepare() makes, for undoing. It stands in a note on the disk before it is made, so
 * that the next run can undo what a killed one has left.
 */
struct hp_adopt_made {
	const char *domain; /* of hp_adopt_left() */
	int64_t uid; /* of the website; 0: nothing was made yet */
	struct hp_strv saved;
	const char *snippet; /* or NULL */
	bool documents;
};

struct hp_adopt {
	const char *sysroot;
	const struct hp_conf *conf;
	const struct hp_found *found;
	struct hp_takeover takeover;
	struct hp_strv kept;   /* links that go and files whose text is kept: "path -> copy" */
	const char *copy_from; /* folder of its documents, or NULL: nothing is copied */
	struct hp_adopt_made made;
};

/*
 * What would be taken over, looked at without changing anything. HP_E_EXISTS with a hint where it
 * can't be: more stands in its files than this website, documents that would have to be copied
 * (copy false), a folder in the way, HTTPS without a certificate in the store.
 */
int hp_adopt_look(
	struct hp_pool *pool, struct hp_adopt *a, bool copy, bool http_only, struct hp_err *err);
/* Leave the note that a website is going to be recorded, and nothing more. */
int hp_adopt_begin(struct hp_pool *pool, struct hp_adopt *a, struct hp_err *err);
/* Make it: texts kept, directives written, documents copied and handed over to uid. */
int hp_adopt_prepare(struct hp_pool *pool, struct hp_adopt *a, int64_t uid, struct hp_err *err);
/* Take away what hp_adopt_prepare() made; once more does no harm. */
void hp_adopt_undo(struct hp_pool *pool, const char *sysroot, const char *domain,
	const struct hp_adopt_made *made);
/* It is a website, or nothing: the note goes, last of all. */
void hp_adopt_done(struct hp_pool *pool, const char *sysroot, const char *domain);
/* The note that a killed run has left: 1, or 0 if there is none. */
int hp_adopt_left(struct hp_pool *pool, const char *sysroot, const char *domain,
	struct hp_adopt_made *ret, struct hp_err *err);
/* Is a certificate of this website in the node's store? */
bool hp_adopt_has_cert(struct hp_pool *pool, const char *sysroot, const char *domain);

/* ---- copy.c ---- */
/*
 * Copy a folder that somebody else may be writing in to the new folder name in dirfd: no link is
 * followed, no mount crossed, set-id bits and what group and others could write are left out, all
 * of it belongs to uid and gid ((uid_t)-1: nobody is made owner). Links are copied as they are;
 * devices, pipes and sockets are left out, and counted. Nothing is left after an error.
 */
int hp_copy_tree(const char *from, int dirfd, const char *name, uid_t uid, gid_t gid,
	size_t *ret_left_out, struct hp_err *err);

#endif
