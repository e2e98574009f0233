/*
 * Rows as JSON, TSV and NUL-separated values are written while they come; a row's
 * cells are encoded the moment they are set. Only the table waits for its end.
 */
#include <inttypes.h>

#include "base/file.h"
#include "base/str.h"
#include "sys/json.h"
#include "sys/out_impl.h"

#define FLUSH_AT ((size_t)64 << 10)

int hp_out_new(const struct hp_col *cols, const struct hp_out_opts *opts, struct hp_out **ret,
	struct hp_err *err)
{
	struct hp_pool *pool = hp_pool_new();
	struct hp_out *o = hp_palloc(pool, sizeof(*o));

	o->pool = pool;
	o->cols = cols;
	o->o = *opts;
	while (cols[o->ncols].name)
		o->ncols++;
	o->shown = hp_palloc(pool, o->ncols * sizeof(*o->shown));
	o->pos = hp_palloc(pool, o->ncols * sizeof(*o->pos));
	o->want = hp_palloc(pool, o->ncols);
	o->cells = hp_palloc(pool, o->ncols * sizeof(*o->cells));
	o->keys = hp_palloc(pool, o->ncols * sizeof(*o->keys));
	if (hp_out_choose(o, err) < 0 || hp_out_pick_new(o, err) < 0)
		goto fail;
	for (unsigned i = 0; i < o->nshown; i++)
		o->keys[i] = hp_pprintf(pool, "\"%s\":", cols[o->shown[i]].name);
	if (o->o.mode == HP_OUT_TABLE && !o->o.vertical && hp_out_table_new(o, &o->table, err) < 0)
		goto fail;
	*ret = o;
	return 0;
fail:
	hp_out_free(o);
	return err->code;
}

bool hp_out_wants(const struct hp_out *o, unsigned i)
{
	return o->want[i];
}

static bool is_json(const struct hp_out *o)
{
	return o->o.mode == HP_OUT_JSON || o->o.mode == HP_OUT_JSONL;
}

/* As COPY of PostgreSQL writes text, but that NULL is the empty value. */
static void add_tsv(struct hp_buf *b, const char *v)
{
	for (; *v; v++) {
		const char *esc = *v == '\t' ? "\\t" : *v == '\n' ? "\\n" : *v == '\r' ? "\\r"
			: *v == '\\' ? "\\\\" : NULL;

		if (esc)
			hp_buf_adds(b, esc);
		else
			hp_buf_addc(b, *v);
	}
}

static void add_printable(struct hp_buf *b, const char *v)
{
	_cleanup_pool_ struct hp_pool *pool = NULL;
	size_t n = strlen(v);

	if (hp_utf8_is_valid(v, n) && !hp_str_has_control(v, n)) {
		hp_buf_add(b, v, n);
		return;
	}
	pool = hp_pool_new();
	hp_buf_adds(b, hp_str_printable(pool, v, SIZE_MAX));
}

static struct hp_out_cell *begin_cell(struct hp_out *o, unsigned i)
{
	struct hp_out_cell *c = &o->cells[o->pos[i]];

	c->off = o->row.len;
	c->set = true;
	return c;
}

static void end_cell(struct hp_out *o, struct hp_out_cell *c)
{
	c->len = o->row.len - c->off;
	hp_buf_addc(&o->row, '\0');
}

/* Text for the modes that are not JSON. */
static void add_plain(struct hp_out *o, const char *v)
{
	switch (o->o.mode) {
	case HP_OUT_TSV:
		add_tsv(&o->row, v);
		break;
	case HP_OUT_NUL:
		hp_buf_adds(&o->row, v);
		break;
	default:
		add_printable(&o->row, v);
		break;
	}
}

void hp_out_str(struct hp_out *o, unsigned i, const char *v)
{
	struct hp_out_cell *c;

	if (!o->want[i] || !v)
		return;
	if (o->want[i] != HP_OUT_SHOWN)
		hp_out_pick_text(o, i, v);
	if (o->pos[i] < 0)
		return;
	c = begin_cell(o, i);
	if (is_json(o)) {
		struct hp_jw w;

		hp_jw_init(&w, &o->row, false);
		hp_jw_str(&w, NULL, v);
	} else {
		add_plain(o, v);
	}
	end_cell(o, c);
}

void hp_out_i64(struct hp_out *o, unsigned i, int64_t v)
{
	struct hp_out_cell *c;

	if (!o->want[i])
		return;
	if (o->want[i] != HP_OUT_SHOWN)
		hp_out_pick_number(o, i, v);
	if (o->pos[i] < 0)
		return;
	c = begin_cell(o, i);
	hp_buf_addf(&o->row, "%" PRId64, v);
	end_cell(o, c);
}

void hp_out_bool(struct hp_out *o, unsigned i, bool v)
{
	struct hp_out_cell *c;

	if (!o->want[i])
		return;
	if (o->want[i] != HP_OUT_SHOWN)
		hp_out_pick_number(o, i, v);
	if (o->pos[i] < 0)
		return;
	c = begin_cell(o, i);
	hp_buf_adds(&o->row, v ? "true" : "false");
	end_cell(o, c);
}

void hp_out_json(struct hp_out *o, unsigned i, const char *json)
{
	struct hp_out_cell *c;

	if (!o->want[i] || !json)
		return;
	if (o->want[i] != HP_OUT_SHOWN)
		hp_out_pick_text(o, i, json);
	if (o->pos[i] < 0)
		return;
	c = begin_cell(o, i);
	if (is_json(o))
		hp_buf_adds(&o->row, json);
	else
		add_plain(o, json);
	end_cell(o, c);
}

static int flush(struct hp_out *o, struct hp_err *err)
{
	int r = o->out.len ? hp_fd_write(o->o.fd, "standard output", o->out.s, o->out.len, err) : 0;

	hp_buf_reset(&o->out);
	return r;
}

static const char *cell_text(const struct hp_out *o, unsigned place, size_t *ret_len)
{
	const struct hp_out_cell *c = &o->cells[place];

	*ret_len = c->set ? c->len : 0;
	return c->set ? o->row.s + c->off : "";
}

static void put_json(struct hp_out *o)
{
	struct hp_buf *b = &o->out;

	if (o->o.mode == HP_OUT_JSON && !o->o.vertical)
		hp_buf_adds(b, o->rows ? ",\n" : o->o.paged ? "{\"rows\":[\n" : "[\n");
	else if (o->o.mode == HP_OUT_JSON && o->rows)
		hp_buf_adds(b, "\n");
	hp_buf_addc(b, '{');
	for (unsigned i = 0; i < o->nshown; i++) {
		size_t n;
		const char *text = cell_text(o, i, &n);

		if (i)
			hp_buf_addc(b, ',');
		hp_buf_adds(b, o->keys[i]);
		if (o->cells[i].set)
			hp_buf_add(b, text, n);
		else
			hp_buf_adds(b, "null");
	}
	hp_buf_addc(b, '}');
	if (o->o.mode == HP_OUT_JSONL)
		hp_buf_addc(b, '\n');
}

static void put_values(struct hp_out *o)
{
	for (unsigned i = 0; i < o->nshown; i++) {
		size_t n;
		const char *text = cell_text(o, i, &n);

		if (o->o.mode == HP_OUT_TSV && i)
			hp_buf_addc(&o->out, '\t');
		hp_buf_add(&o->out, text, n);
		if (o->o.mode == HP_OUT_NUL)
			hp_buf_addc(&o->out, '\0');
	}
	if (o->o.mode == HP_OUT_TSV)
		hp_buf_addc(&o->out, '\n');
}

static void put_tsv_header(struct hp_out *o)
{
	for (unsigned i = 0; i < o->nshown; i++)
		hp_buf_addf(&o->out, "%s%s", i ? "\t" : "", o->cols[o->shown[i]].name);
	hp_buf_addc(&o->out, '\n');
}

/* One object for people: "name: value", values below each other; what is unset is left out. */
static void put_vertical(struct hp_out *o)
{
	size_t width = 0;

	for (unsigned i = 0; i < o->nshown; i++) {
		size_t n = strlen(o->cols[o->shown[i]].name);

		if (o->cells[i].set && n > width)
			width = n;
	}
	if (o->rows)
		hp_buf_addc(&o->out, '\n');
	for (unsigned i = 0; i < o->nshown; i++) {
		const char *name = o->cols[o->shown[i]].name;
		size_t n;
		const char *text = cell_text(o, i, &n);

		if (!o->cells[i].set)
			continue;
		if (!o->o.no_header)
			hp_buf_addf(&o->out, "%s:%*s", name, (int)(width - strlen(name) + 1), "");
		hp_buf_add(&o->out, text, n);
		hp_buf_addc(&o->out, '\n');
	}
}

/* The cells that were set, printed. */
static int put_row(struct hp_out *o, struct hp_err *err)
{
	int r = 0;

	switch (o->o.mode) {
	case HP_OUT_JSON:
	case HP_OUT_JSONL:
		put_json(o);
		break;
	case HP_OUT_TSV:
		if (!o->rows && !o->o.no_header)
			put_tsv_header(o);
		put_values(o);
		break;
	case HP_OUT_NUL:
		put_values(o);
		break;
	case HP_OUT_TABLE:
		if (o->o.vertical)
			put_vertical(o);
		else
			r = hp_out_table_row(o->table, o, err);
		break;
	}
	o->rows++;
	if (r == 0 && o->out.len >= FLUSH_AT)
		r = flush(o, err);
	return r;
}

int hp_out_row(struct hp_out *o, struct hp_err *err)
{
	int r = 0;

	if (!o->pick || hp_out_pick_row(o))
		r = put_row(o, err);
	hp_buf_reset(&o->row);
	for (unsigned i = 0; i < o->nshown; i++)
		o->cells[i].set = false;
	return r == 0 && o->pick && hp_out_pick_is_enough(o) ? 1 : r;
}

static void end_pages(struct hp_out *o)
{
	hp_buf_adds(&o->out, o->rows ? "\n]" : "{\"rows\":[]");
	hp_buf_addf(&o->out, ",\"offset\":%" PRIu64 ",\"limit\":", o->o.offset);
	if (o->o.limit)
		hp_buf_addf(&o->out, "%" PRIu64, o->o.limit);
	else
		hp_buf_adds(&o->out, "null");
	hp_buf_addf(&o->out, ",\"total\":%" PRIu64 "}\n", hp_out_pick_total(o));
}

int hp_out_end(struct hp_out *o, struct hp_err *err)
{
	if (o->ended)
		return 0;
	o->ended = true;
	if (o->pick && hp_out_pick_end(o, put_row, err) < 0)
		return err->code;
	if (o->o.paged)
		end_pages(o);
	else if (o->o.mode == HP_OUT_JSON && !o->o.vertical)
		hp_buf_adds(&o->out, o->rows ? "\n]\n" : "[]\n");
	else if (o->o.mode == HP_OUT_JSON && o->rows)
		hp_buf_adds(&o->out, "\n");
	else if (o->o.mode == HP_OUT_TSV && !o->rows && !o->o.no_header)
		put_tsv_header(o);
	if (o->table && hp_out_table_print(o->table, &o->out, err) < 0)
		return err->code;
	return flush(o, err);
}

void hp_out_free(struct hp_out *o)
{
	if (!o)
		return;
	hp_out_table_free(o->table);
	hp_buf_release(&o->row);
	hp_buf_release(&o->out);
	hp_pool_free(o->pool);
}
