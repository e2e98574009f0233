/* The PHP part's own: shared by its files only. */
#ifndef HP_NODE_PART_PHP_H
#define HP_NODE_PART_PHP_H

#include "node/engine.h"
#include "node/instance.h"

/* Instances of a round, with the site of each (NULL when they come from a journal). */
struct hp_php_batch {
	struct hp_instance *v;
	const struct hp_wish **sites;
	size_t n, cap;
};

struct hp_php_part {
	struct hp_php_list list;
	struct hp_instances in;
	struct hp_php_file *files;  /* of the versions; of the round */
	size_t n_files;
	/* by index of site, a bit for each version in list: its files change in this round */
	uint64_t *touched;
	uint64_t *limited;          /* the same of the file of its limits */
	struct hp_php_trial *trials; /* FPM's tests that run; of the round */
	bool units;                 /* systemd's units change in this round */
	struct hp_php_batch start, restart, limit;
	struct hp_php_batch link;   /* sites' own versions, where stable links are to lead */
	/* what the lines of a journal add up to */
	struct hp_php_batch ended, retired, again, relimited;
	bool units_back;
};

/* One more into b; of the round. */
void hp_php_add_instance(struct hp_engine *x, struct hp_php_batch *b, const char *version,
	const struct hp_wish *w);
/* Files: part_php_files.c */
int hp_php_part_render_site(struct hp_engine *x, struct hp_wish *w, const struct hp_site *site,
	struct hp_emit *e, struct hp_err *err);
int hp_php_part_render_node(struct hp_engine *x, struct hp_emit *e, struct hp_err *err);
/* A line of the journal, or NULL for doing what they add up to: part_php_undo.c */
int hp_php_part_undo(struct hp_engine *x, const char *line, struct hp_err *err);
int hp_php_part_finish(struct hp_engine *x, const char *line, struct hp_err *err);
/* Links and instances against the manifest: part_php_look.c */
int hp_php_part_revive(struct hp_engine *x, bool repair, size_t *ret_wrong, struct hp_err *err);

#endif
