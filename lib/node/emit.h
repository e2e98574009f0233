/* What a part rendered for one site (or the node), until it is judged and staged. */
#ifndef HP_NODE_EMIT_H
#define HP_NODE_EMIT_H

#include "node/engine.h"

struct hp_emitted {
	struct hp_emitted *next;
	struct hp_mfile file;  /* for the new manifest; strings in the scratch pool */
	const char *text;      /* NULL for a link */
	size_t len;
	bool as_is;            /* it stays what it is: nobody can render it now */
	bool edit;             /* it is the administrator's, before and after */
	/* the verdict */
	bool put;              /* to be written; else it stands there already */
	bool had_old;
};

struct hp_emit {
	struct hp_engine *x;
	enum hp_part_id part;
	struct hp_emitted *head, **tail;
};

/*
 * Judge everything in e, and the files of before that are not in it any more, against the disk;
 * then stage what is to be written and add the operations. On drift nothing is staged and
 * *ret_drift is set with a message in err; the caller sets the site aside.
 */
int hp_emit_settle(struct hp_emit *e, struct hp_wish *w, bool *ret_drift, struct hp_err *err);
/* HP_E_EXISTS: the file is not as it was written; domain NULL for the node's own. */
int hp_emit_edited(const char *domain, const char *path, const char *why, struct hp_err *err);

#endif
