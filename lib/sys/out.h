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

enum hp_col_type { HP_COL_STR, HP_COL_INT, HP_COL_BOOL, HP_COL_JSON /* validated JSON text */ };

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
};

/* cols ends with name NULL. HP_E_USAGE when columns names an unknown one (lists the known). */
int hp_out_new(const struct hp_col *cols, const struct hp_out_opts *o, struct hp_out **ret,
	struct hp_err *err);
/* i: index into cols. Cells not set are null. Setting a column that is not shown costs nothing. */
bool hp_out_wants(const struct hp_out *o, unsigned i);
void hp_out_str(struct hp_out *o, unsigned i, const char *v);
void hp_out_i64(struct hp_out *o, unsigned i, int64_t v);
void hp_out_bool(struct hp_out *o, unsigned i, bool v);
void hp_out_json(struct hp_out *o, unsigned i, const char *json);
int hp_out_row(struct hp_out *o, struct hp_err *err);  /* the row is complete */
int hp_out_end(struct hp_out *o, struct hp_err *err);  /* print what is left; EPIPE is HP_E_OS */
void hp_out_free(struct hp_out *o);

#endif
