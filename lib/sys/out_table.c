/*
 * The table. libsmartcols is loaded when the first one is printed: JSON and TSV, and
 * commands that print nothing, do not pay for it.
 */
#include <ctype.h>
#include <libsmartcols.h>
#include <locale.h>

#include "sys/lib.h"
#include "sys/out_impl.h"

#define BOLD "\033[1m"

#define FUNCTIONS(X)                                                                               \
	X(scols_new_table)                                                                         \
	X(scols_unref_table)                                                                       \
	X(scols_table_new_column)                                                                  \
	X(scols_table_new_line)                                                                    \
	X(scols_line_set_data)                                                                     \
	X(scols_table_enable_noheadings)                                                           \
	X(scols_table_enable_colors)                                                               \
	X(scols_table_set_termforce)                                                               \
	X(scols_column_get_header)                                                                 \
	X(scols_cell_set_color)                                                                    \
	X(scols_print_table_to_string)

/* Types from the header, addresses from the library. */
static struct {
	bool loaded;
#define X(f) __typeof__(&f) f;
	FUNCTIONS(X)
#undef X
} lib;

struct hp_out_table {
	struct libscols_table *tb;
	struct libscols_column **columns;
	bool has_lines;
};

static int load(struct hp_err *err)
{
#define X(f) {#f, &lib.f},
	static const struct hp_lib_sym syms[] = {FUNCTIONS(X){NULL, NULL}};
#undef X

	if (lib.loaded)
		return 0;
	if (hp_lib_load(HP_LIB_SMARTCOLS, syms, err) < 0) {
		hp_err_prefix(err, "tables can't be printed");
		return hp_err_hint(err, "install libsmartcols1, or choose --tsv or --json");
	}
	lib.loaded = true;
	return 0;
}

static int no_memory(struct hp_err *err)
{
	return hp_err_set(err, HP_E_OS, "out of memory for a table");
}

static int add_column(struct hp_out_table *t, const struct hp_out *o, unsigned place)
{
	const struct hp_col *col = &o->cols[o->shown[place]];
	char *name = hp_pstrdup(o->pool, col->name);
	struct libscols_column *c;

	for (char *p = name; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	c = lib.scols_table_new_column(
		t->tb, name, 0, col->type == HP_COL_INT ? SCOLS_FL_RIGHT : 0);
	if (!c)
		return -1;
	t->columns[place] = c;
	return o->o.color ? lib.scols_cell_set_color(lib.scols_column_get_header(c), BOLD) : 0;
}

/*
 * What we print is UTF-8 whatever the locale says, as in every other mode; the library counts
 * columns by the locale and writes what it can't count as \x…: so give it one that can.
 */
static void know_utf8(void)
{
	if (MB_CUR_MAX < 2)
		setlocale(LC_CTYPE, "C.UTF-8");
}

int hp_out_table_new(const struct hp_out *o, struct hp_out_table **ret, struct hp_err *err)
{
	struct hp_out_table *t;

	if (load(err) < 0)
		return err->code;
	know_utf8();
	t = hp_palloc(o->pool, sizeof(*t));
	t->columns = hp_palloc(o->pool, o->nshown * sizeof(struct libscols_column *));
	t->tb = lib.scols_new_table();
	if (!t->tb)
		return no_memory(err);
	/* Whole values, whatever the terminal's width: a cut domain is a wrong domain. */
	lib.scols_table_set_termforce(t->tb, SCOLS_TERMFORCE_NEVER);
	lib.scols_table_enable_noheadings(t->tb, o->o.no_header);
	lib.scols_table_enable_colors(t->tb, o->o.color);
	for (unsigned i = 0; i < o->nshown; i++) {
		if (add_column(t, o, i) < 0) {
			lib.scols_unref_table(t->tb);
			return no_memory(err);
		}
	}
	*ret = t;
	return 0;
}

int hp_out_table_row(struct hp_out_table *t, const struct hp_out *o, struct hp_err *err)
{
	struct libscols_line *line = lib.scols_table_new_line(t->tb, NULL);

	if (!line)
		return no_memory(err);
	t->has_lines = true;
	for (unsigned i = 0; i < o->nshown; i++) {
		const struct hp_out_cell *c = &o->cells[i];

		if (c->set && c->len && lib.scols_line_set_data(line, i, o->row.s + c->off) < 0)
			return no_memory(err);
	}
	return 0;
}

int hp_out_table_print(struct hp_out_table *t, struct hp_buf *out, struct hp_err *err)
{
	_cleanup_free_ char *text = NULL;

	if (!t->has_lines)
		return 0;
	if (lib.scols_print_table_to_string(t->tb, &text) < 0 || !text)
		return no_memory(err);
	hp_buf_adds(out, text);
	if (out->len && out->s[out->len - 1] != '\n')
		hp_buf_addc(out, '\n');
	return 0;
}

void hp_out_table_free(struct hp_out_table *t)
{
	if (t)
		lib.scols_unref_table(t->tb);
}
