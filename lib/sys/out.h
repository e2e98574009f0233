/*
 * What a command prints: rows of named columns as a table (libsmartcols), JSON,
 * JSON lines, TSV or NUL-separated values, from one definition. Names are a
 * promise. JSON and TSV stream; only the table is held until the end.
 */
#ifndef HP_SYS_OUT_H
#define HP_SYS_OUT_H

#include "base/err.h"
#include "base/buf.h"

enum hp_out_mode { HP_OUT_TABLE, HP_OUT_JSON, HP_OUT_JSONL, HP_OUT_TSV, HP_OUT_NUL };

enum hp_col_type {
	HP_COL_STR, HP_COL_INT, HP_COL_BOOL,
	HP_COL_JSON,    /* validated JSON text */
	HP_COL_SIZE,    /* text as hp_parse_size() takes it; ordered by that */
	HP_COL_VERSION, /* text as 8.10; ordered as strverscmp(3) does */
};

#define HP_COL_ASKED 2 /* costs too much to be there unless somebody wants it */

struct hp_col {
	const char *name; /* lower case: the JSON key; the table heads it in capitals */
	enum hp_col_type type;
	const char *help;
	unsigned char hidden; /* true: only with -o or in JSON; HP_COL_ASKED: only with -o */
};

struct hp_out;

struct hp_out_opts {
	enum hp_out_mode mode;
	const char *columns;   /* -o a,b or +c; NULL = the default ones (all of them in JSON) */
	bool no_header;        /* -n */
	bool vertical;         /* one object: "name: value" lines on a terminal (show) */
	int fd;                /* where to write */
	bool color;
	/* Which rows, in which order (out_rows.c). All zero: all of them as they come. */
	const char *sort;      /* "a,-b": columns, printed or not, "-" for descending; or NULL */
	const char *match;     /* only rows with this text in a column, in any case; or NULL */
	uint64_t offset;       /* rows passed over first */
	uint64_t limit;        /* rows printed; 0: all */
	bool paged;            /* with HP_OUT_JSON: {"rows":[…],"offset":…,"limit":…,"total":…} */
};

/*
 * cols ends with name NULL. HP_E_USAGE when columns or sort name an unknown one (lists the known).
 * Looked for is match in those text columns that a table shows or columns names, whatever the mode.
 */
int hp_out_new(const struct hp_col *cols, const struct hp_out_opts *o, struct hp_out **ret,
	struct hp_err *err);
/* i: index into cols. Cells not set are null. Setting a column that is not shown costs nothing. */
bool hp_out_wants(const struct hp_out *o, unsigned i);
void hp_out_str(struct hp_out *o, unsigned i, const char *v);
void hp_out_i64(struct hp_out *o, unsigned i, int64_t v);
void hp_out_bool(struct hp_out *o, unsigned i, bool v);
void hp_out_json(struct hp_out *o, unsigned i, const char *json);
/* The row is complete. 1: nothing will be made of any further one, so the rest need not be read. */
int hp_out_row(struct hp_out *o, struct hp_err *err);
int hp_out_end(struct hp_out *o, struct hp_err *err);  /* print what is left; EPIPE is HP_E_OS */
void hp_out_free(struct hp_out *o);

#endif
