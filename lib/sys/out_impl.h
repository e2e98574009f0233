/* What the files of out.h share. */
#ifndef HP_SYS_OUT_IMPL_H
#define HP_SYS_OUT_IMPL_H

#include "base/pool.h"
#include "sys/out.h"

struct hp_out_cell {
	size_t off, len; /* within hp_out.row; a NUL follows */
	bool set;
};

struct hp_out_pick;

enum { HP_OUT_SHOWN = 1, HP_OUT_SORT = 2, HP_OUT_SEARCH = 4 };

struct hp_out {
	struct hp_pool *pool;
	const struct hp_col *cols;
	unsigned ncols;
	struct hp_out_opts o;
	unsigned *shown;          /* indices into cols, in the order of output */
	unsigned nshown;
	int *pos;                 /* by column: its place in shown, or -1 */
	unsigned char *want;      /* by column: HP_OUT_…, of the row that is being set */
	const char **keys;        /* by place in shown: "\"name\":" */
	struct hp_out_cell *cells; /* by place in shown */
	struct hp_buf row;        /* the cells of the row that is being set, encoded for the mode */
	struct hp_buf out;        /* not written yet */
	uint64_t rows;
	bool ended;
	struct hp_out_table *table;
	struct hp_out_pick *pick; /* NULL: every row is printed when it comes */
};

/* Fill shown, pos and want from o.columns: out_cols.c. */
int hp_out_choose(struct hp_out *o, struct hp_err *err);
/* A column by its name in any case; HP_E_USAGE names the nearest. */
int hp_out_find(const struct hp_out *o, const char *name, unsigned *ret, struct hp_err *err);

/* Which rows: out_rows.c. Make o->pick when there is something to pick. */
int hp_out_pick_new(struct hp_out *o, struct hp_err *err);
/* A value of a column that is wanted for more than printing. */
void hp_out_pick_text(struct hp_out *o, unsigned i, const char *v);
void hp_out_pick_number(struct hp_out *o, unsigned i, int64_t n);
/* The row is complete: is it to be printed now? */
bool hp_out_pick_row(struct hp_out *o);
bool hp_out_pick_is_enough(const struct hp_out *o);
/* Print those that waited for their order. */
int hp_out_pick_end(struct hp_out *o,
	int (*put)(struct hp_out *o, struct hp_err *err), struct hp_err *err);
uint64_t hp_out_pick_total(const struct hp_out *o);

/* The table: out_table.c, the only user of libsmartcols. */
int hp_out_table_new(const struct hp_out *o, struct hp_out_table **ret, struct hp_err *err);
int hp_out_table_row(struct hp_out_table *t, const struct hp_out *o, struct hp_err *err);
/* The finished text is appended to out. */
int hp_out_table_print(struct hp_out_table *t, struct hp_buf *out, struct hp_err *err);
void hp_out_table_free(struct hp_out_table *t);

#endif
