/*
 * The folders of a website (docs/design.md). Their parents belong to root, so no
 * tenant can move them; below the document root nothing is ever opened through a
 * symbolic link, and only what we have just made is chowned.
 *
 *   HP_VHOSTS_DIR/<domain>       site:web 0750      document root; below it that of the setting
 *                                                   document_root, where it is not there
 *   HP_SITES_DIR/<domain>        root:site 0750     and in it sessions, uploads, tmp: site 0700
 *   HP_SITES_LOG_DIR/<domain>    root:site 0750     and in it php-error.log, php-fpm.log,
 *                                                   php-slow.log: site 0640
 *
 * root is the sysroot; owners are set only when we are root.
 */
#ifndef HP_NODE_FOLDERS_H
#define HP_NODE_FOLDERS_H

#include <sys/types.h>
#include "base/err.h"
#include "base/paths.h"
#include "base/pool.h"

enum {
	HP_FOLDERS_DOCROOT = 1,
	HP_FOLDERS_STATE = 2,
	HP_FOLDERS_LOGS = 4,
	HP_FOLDERS_ALL = 7,
};

struct hp_folders_want {
	const char *domain;
	uid_t uid;           /* of the site, and gid */
	gid_t web_gid;       /* of the web servers */
	bool take_back;      /* the document root, where one of this domain and uid has left it */
};

/* Paths without sysroot. */
const char *hp_folders_docroot(struct hp_pool *pool, const char *domain) HP_NONNULL_RET;
const char *hp_folders_state(struct hp_pool *pool, const char *domain) HP_NONNULL_RET;
const char *hp_folders_logs(struct hp_pool *pool, const char *domain) HP_NONNULL_RET;

/* Parents of all websites' folders, open; and what a folder made in them gets. */
#define HP_FOLDERS_PARENTS 3
struct hp_folders {
	int dir[HP_FOLDERS_PARENTS];
	bool exact[HP_FOLDERS_PARENTS]; /* no set-group-id bit nor default ACL: modes as wished */
	mode_t umask;
	bool owners;                    /* we are root and set them */
};
#define HP_FOLDERS_INIT {.dir = {-1, -1, -1}}

/* Make the parents where they are missing, and open them; f is HP_FOLDERS_INIT. */
int hp_folders_open(struct hp_folders *f, const char *root, struct hp_err *err);
/* Open those that are there, and make none: for hp_folders_is_made() alone. */
int hp_folders_look(struct hp_folders *f, const char *root, struct hp_err *err);
void hp_folders_close(struct hp_folders *f);

/* Is everything there, with the right owners and modes? 1 yes, 0 no: hp_folders_make() mends it. */
int hp_folders_is_made(const struct hp_folders *f, struct hp_pool *pool,
	const struct hp_folders_want *w, struct hp_err *err);
/*
 * Make what is missing; mend owner and mode of the folders that root owns. Paths made are added to
 * made (may be NULL), in order, also after an error. A document root that is there already is
 * taken as it is if it belongs to the site's uid; else HP_E_EXISTS (kept files of a
 * removed site: hint how to hand them over).
 */
int hp_folders_make_in(const struct hp_folders *f, struct hp_pool *pool,
	const struct hp_folders_want *w, struct hp_strv *made, struct hp_err *err);
/* The same for one website alone. */
int hp_folders_make(struct hp_pool *pool, const char *root, const struct hp_folders_want *w,
	struct hp_strv *made, struct hp_err *err);
/*
 * The folder that is served, below the document root (relative, of plain names). What is there
 * stays as it is, also behind the tenant's own links; else it is made with his rights, site:web
 * 0750. HP_E_DENIED where he has something in its way: a file, a link that leads nowhere, a folder
 * closed to himself, a full quota. Nothing else of the website may depend on that.
 */
int hp_folders_make_below(const struct hp_folders *f, struct hp_pool *pool,
	const struct hp_folders_want *w, const char *below, struct hp_err *err);
/* Would it have to be made? How many of its names are there already. */
bool hp_folders_lack_below(struct hp_pool *pool, const char *root, const char *domain,
	const char *below, size_t *ret_there);
/* Undo: remove those of its folders, behind the first ones, that are empty. */
void hp_folders_undo_below(struct hp_pool *pool, const char *root, const char *domain,
	const char *below, size_t there);
/*
 * Undo: remove what hp_folders_make() made, newest first. Files that have come since go only from
 * the state and log folders; a document root that is no longer empty stays.
 */
int hp_folders_undo(const char *root, const struct hp_strv *made, struct hp_err *err);
/*
 * Remove whole trees (HP_FOLDERS_*), whatever stands in them, without following a link or crossing
 * a mount (HP_E_BUSY). The site's processes have ended. What is not there is fine; a run cut short
 * is finished by the next.
 */
int hp_folders_remove(const char *root, const char *domain, unsigned what, struct hp_err *err);
/*
 * A website goes and its document root and logs stay: both folders become root's alone, so that
 * whoever gets its uid next (a website, after the panel's database was set back; any local user)
 * reaches nothing in them. What is in them keeps its owners; the document root's group is the uid
 * that it was of. What is not there is fine.
 */
int hp_folders_retire(const char *root, const char *domain, struct hp_err *err);
/* Has the document root anything in it? 1, 0 (also when it is not there). */
int hp_folders_has_files(const char *root, const char *domain, struct hp_err *err);

#endif
