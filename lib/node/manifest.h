/*
 * The manifest: what the last run wrote, so that the next one knows what is its own.
 *
 * For each website its user, PHP version and the digest of the wish it was made from; for
 * each file path, mode, SHA-256 and a stat signature (size, mtime, inode, ctime), as git's
 * index has it: a file whose signature is unchanged needs one stat(2) and no reading. Where
 * the file's ctime is not clearly older than the manifest itself the signature proves
 * nothing (it may have been changed within the clock's grain) and the file is read.
 *
 * Text, one record a line, fields separated by one tab, closed by the digest of all before:
 *   hosting-panel-manifest <version>
 *   node <generation> <name> <document sha256> <inputs sha256> <complete 0|1>
 *   s <domain> <user> <uid> <php> <status> <digest> <revision> <note>
 *   f|o|l <part> <mode> <gid> <sha256> <size> <mtime> <inode> <ctime> <path> [<target>]
 *   end <sites> <sha256>
 * "-" stands for none. The site "-" holds the files of the node itself. <php> is the website's
 * version, behind it with commas those that only some of its paths have.
 */
#ifndef HP_NODE_MANIFEST_H
#define HP_NODE_MANIFEST_H

#include <sys/stat.h>
#include "base/buf.h"
#include "base/err.h"
#include "base/pool.h"

struct hp_sig {
	int64_t size, mtime, ctime; /* times in nanoseconds since the epoch */
	uint64_t ino;
};

enum hp_mkind {
	HP_MFILE = 'f',
	HP_MFILE_OWN_DIR = 'o', /* its folder goes with it */
	HP_MLINK = 'l',         /* symbolic link; sha is that of its target */
};

struct hp_mfile {
	struct hp_mfile *next; /* of the same site */
	const char *path;      /* absolute, without sysroot */
	const char *target;    /* of a link, else NULL */
	const char *sha;
	struct hp_sig sig;
	uint32_t gid;
	uint16_t mode;
	uint8_t part, kind;
	bool racy;             /* sig proves nothing */
};

struct hp_msite {
	const char *domain, *user, *php; /* php NULL: none */
	const char *more_php;  /* further versions, some paths': "8.0,8.1"; NULL: none */
	int64_t uid;
	bool suspended;
	const char *digest;    /* of the wish */
	const char *revision;  /* that the web server answers, or NULL */
	const char *note;      /* the PHP part's: what its instance was started with, or NULL */
	struct hp_mfile *files;
};

struct hp_manifest {
	const char *node;      /* NULL: nothing was ever applied */
	int64_t generation;
	const char *doc;       /* sha256 of the whole document last applied, or NULL */
	const char *inputs;    /* sha256 of what else goes into rendering, or NULL */
	bool complete;         /* no site was left as it was */
	struct hp_msite *sites; /* by domain, bytewise */
	size_t n;
	struct hp_msite own;   /* files of the node itself */
	char *text;            /* strings point into it */
};

/*
 * Read it; a missing file gives an empty manifest. Strings and arrays live in pool.
 * HP_E_CONF when it was cut or changed.
 */
int hp_manifest_load(struct hp_pool *pool, const char *path, struct hp_manifest *ret,
	struct hp_err *err);
const struct hp_msite *hp_manifest_find(const struct hp_manifest *m, const char *domain);
/* All PHP versions of a website, its own first; none of NULL. They refer to s and pool. */
void hp_msite_versions(struct hp_pool *pool, const struct hp_msite *s, struct hp_strv *ret);
bool hp_msite_has_php(const struct hp_msite *s, const char *version);
/* Writing streams to an open descriptor; sites are given one by one, in order. */
struct hp_manifest_writer;
int hp_manifest_begin(struct hp_pool *pool, int fd, const struct hp_manifest *head,
	struct hp_manifest_writer **ret, struct hp_err *err);
int hp_manifest_site(struct hp_manifest_writer *w, const struct hp_msite *s, struct hp_err *err);
int hp_manifest_end(struct hp_manifest_writer *w, struct hp_err *err);

void hp_sig_of(const struct stat *st, struct hp_sig *ret);
static inline bool hp_sig_same(const struct hp_sig *a, const struct hp_sig *b)
{
	return a->size == b->size && a->mtime == b->mtime && a->ctime == b->ctime &&
		a->ino == b->ino;
}

#endif
