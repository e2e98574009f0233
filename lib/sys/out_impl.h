/* What the files of out.h share. */
#ifndef HP_SYS_OUT_IMPL_H
#define HP_SYS_OUT_IMPL_H

#include "base/pool.h"
#include "sys/out.h"

struct hp_out_cell {
	size_t off, len; /* within hp_out.row; a NUL follows */
	bool set;
};

struct hp_out {
	struct hp_pool *pool;
	const struct hp_col *cols;
	unsigned ncols;
	struct hp_out_opts o;
	unsigned *shown;          /* indices into cols, in the order of output */
	unsigned nshown;
	int *pos;                 /* by column: its place in shown, or -1 */
	const char **keys;        /* by place in shown: "\"name\":" */
	struct hp_out_cell *cells; /* by place in shown */
	struct hp_buf row;        /* the cells of the row that is being set, encoded for the mode */
	struct hp_buf out;        /* not written yet */
	uint64_t rows;
	bool ended;
	struct hp_out_table *table;
};

/* Fill shown and pos from o.columns: out_cols.c. */
int hp_out_choose(struct hp_out *o, struct hp_err *err);

/* The table: out_table.c, the only user of libsmartcols. */
int hp_out_table_new(const struct hp_out *o, struct hp_out_table **ret, struct hp_err *err);
int hp_out_table_row(struct hp_out_table *t, const struct hp_out *o, struct hp_err *err);
/* The finished text is appended to out. */
int hp_out_table_print(struct hp_out_table *t, struct hp_buf *out, struct hp_err *err);
void hp_out_table_free(struct hp_out_table *t);

#endif
