/* Shared by the files of the template engine only: tmpl_data.c, tmpl_parse.c, tmpl.c, escape.c. */
#ifndef HP_SYS_TMPL_PRIV_H
#define HP_SYS_TMPL_PRIV_H

#include "sys/digest.h"
#include "sys/tmpl.h"

/* FNV-1a, to find names: computed once for each tag and each value set. */
static inline uint32_t hp_tmpl_hash(const char *s, size_t n)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619u;
	return h;
}

/* ---- data ---- */
enum hp_tval_type { HP_TVAL_STR, HP_TVAL_INT, HP_TVAL_BOOL, HP_TVAL_LIST };

struct hp_tval {
	const char *name;
	uint32_t hash;
	enum hp_tval_type type;
	union {
		const char *s;
		int64_t i;
		bool b;
		struct {
			struct hp_tmap **v;
			size_t n, cap;
		} list;
	} u;
};

/* NULL when the map itself (not an outer one) has no such name. */
const struct hp_tval *hp_tmap_find(const struct hp_tmap *m, const char *name, uint32_t hash);

/* ---- parsed templates: one flat list; a section knows where it ends ---- */
enum hp_tnode_type { HP_TNODE_TEXT, HP_TNODE_VALUE, HP_TNODE_SECTION, HP_TNODE_INVERTED };

struct hp_tnode {
	enum hp_tnode_type type;
	uint32_t hash;       /* of the name */
	const char *s;       /* text, or name (NUL-terminated) */
	size_t n;            /* length of the text */
	const char *slot;    /* of a value, or NULL */
	const char *file;    /* where the tag stands */
	unsigned line;
	size_t end;          /* of a section: index of the first node behind it */
};

struct hp_tmpl {
	const struct hp_tnode *nodes;
	size_t n;
	hp_escape_fn *escape;
	char digest[HP_DIGEST_HEX];
};

/* Is it on the list of typed slots? */
bool hp_escape_slot_exists(const char *slot);

#endif
