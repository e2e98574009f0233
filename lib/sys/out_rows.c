/*
 * Which rows are printed, and in which order. Without an order rows pass by, and those that are
 * not printed are not kept; with one, the cells that are printed are kept of each.
 */
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "sys/out_impl.h"

struct hp_out_key {
	unsigned col;
	bool down;
};

struct value {
	bool set;
	int64_t n;        /* of numbers, sizes and booleans */
	const char *text; /* of all others */
};

struct kept {
	const char *text; /* as in hp_out.row */
	size_t len;
	uint64_t nr;
	struct hp_out_cell *cells;
	struct value *values; /* by key */
};

struct hp_out_pick {
	struct hp_out_key *keys;
	size_t nkeys;
	struct value *values; /* of the row that is being set, by key */
	bool matches;
	uint64_t seen;        /* rows that there are, printed or not */
	unsigned char *wanted, *nothing; /* by column: what hp_out.want is set to */
	struct kept *rows;
	size_t n, room;
};

/* ---- what is asked for ---- */
static int add_key(struct hp_out *o, const char *word, struct hp_err *err)
{
	struct hp_out_pick *p = o->pick;
	bool down = *word == '-';
	unsigned i;

	if (hp_out_find(o, word + down, &i, err) < 0)
		return hp_err_prefix(err, "--sort");
	if (o->want[i] & HP_OUT_SORT)
		return hp_err_set(
			err, HP_E_USAGE, "--sort: column %s is named twice", o->cols[i].name);
	o->want[i] |= HP_OUT_SORT;
	p->keys[p->nkeys++] = (struct hp_out_key){i, down};
	return 0;
}

static int take_keys(struct hp_out *o, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_strv list = {0};
	size_t i;

	hp_str_split(pool, o->o.sort, ", ", &list);
	if (!list.n)
		return hp_err_set(err, HP_E_USAGE, "--sort: no column is named in \"%s\"",
			hp_str_printable(pool, o->o.sort, 60));
	o->pick->keys = hp_palloc(o->pool, o->ncols * sizeof(*o->pick->keys));
	for (i = 0; i < list.n; i++)
		if (add_key(o, list.v[i], err) < 0)
			return err->code;
	o->pick->values = hp_palloc(o->pool, list.n * sizeof(*o->pick->values));
	return 0;
}

static bool is_within(const struct hp_out *o, uint64_t nr)
{
	return nr >= o->o.offset && (!o->o.limit || nr - o->o.offset < o->o.limit);
}

/* A row that will not be printed, and is only counted, needs no cells. */
static bool is_passed_over(const struct hp_out *o)
{
	return !o->pick->nkeys && !o->o.match && !is_within(o, o->pick->seen);
}

static void begin_row(struct hp_out *o)
{
	struct hp_out_pick *p = o->pick;

	p->matches = false;
	for (size_t i = 0; i < p->nkeys; i++)
		p->values[i].set = false;
	o->want = is_passed_over(o) ? p->nothing : p->wanted;
}

int hp_out_pick_new(struct hp_out *o, struct hp_err *err)
{
	if (o->o.paged && o->o.mode != HP_OUT_JSON)
		return hp_err_set(err, HP_E_USAGE, "--paged: it is for --json alone");
	if (!o->o.sort && !o->o.match && !o->o.limit && !o->o.offset && !o->o.paged)
		return 0;
	o->pick = hp_palloc(o->pool, sizeof(*o->pick));
	o->pick->wanted = o->want;
	o->pick->nothing = hp_palloc(o->pool, o->ncols);
	if (o->o.sort && take_keys(o, err) < 0)
		return err->code;
	begin_row(o);
	return 0;
}

/* ---- a row's values ---- */
static struct value *value_of(struct hp_out *o, unsigned i)
{
	struct hp_out_pick *p = o->pick;
	size_t k = 0;

	while (p->keys[k].col != i)
		k++;
	p->values[k].set = true;
	return &p->values[k];
}

void hp_out_pick_text(struct hp_out *o, unsigned i, const char *v)
{
	struct value *to;
	uint64_t n;

	if (o->o.match && (o->want[i] & HP_OUT_SEARCH) && !o->pick->matches)
		o->pick->matches = strcasestr(v, o->o.match) != NULL;
	if (!(o->want[i] & HP_OUT_SORT))
		return;
	to = value_of(o, i);
	to->n = 0;
	to->text = "";
	if (o->cols[i].type != HP_COL_SIZE)
		to->text = hp_pstrdup(o->pool, v);
	else if (hp_parse_size(v, INT64_MAX, &n) == 0)
		to->n = (int64_t)n;
}

void hp_out_pick_number(struct hp_out *o, unsigned i, int64_t n)
{
	struct value *to;

	if (!(o->want[i] & HP_OUT_SORT))
		return;
	to = value_of(o, i);
	to->n = n;
	to->text = "";
}

/* ---- a row is complete ---- */
static void keep(struct hp_out *o)
{
	struct hp_out_pick *p = o->pick;
	struct kept *k;

	if (p->n == p->room) {
		struct kept *more;

		p->room = p->room ? 2 * p->room : 64;
		more = hp_palloc(o->pool, p->room * sizeof(*more));
		if (p->n)
			memcpy(more, p->rows, p->n * sizeof(*more));
		p->rows = more;
	}
	k = &p->rows[p->n++];
	k->nr = p->seen;
	k->len = o->row.len;
	k->text = k->len ? hp_pmemdup(o->pool, o->row.s, k->len) : "";
	k->cells = hp_palloc(o->pool, (o->nshown + 1) * sizeof(*k->cells));
	if (o->nshown)
		memcpy(k->cells, o->cells, o->nshown * sizeof(*k->cells));
	k->values = hp_pmemdup(o->pool, p->values, p->nkeys * sizeof(*p->values));
}

bool hp_out_pick_row(struct hp_out *o)
{
	struct hp_out_pick *p = o->pick;
	bool now = false;

	if (!o->o.match || p->matches) {
		if (p->nkeys)
			keep(o);
		else
			now = is_within(o, p->seen);
		p->seen++;
	}
	begin_row(o);
	return now;
}

bool hp_out_pick_is_enough(const struct hp_out *o)
{
	return o->o.limit && !o->pick->nkeys && !o->o.paged &&
	       o->pick->seen >= o->o.offset + o->o.limit;
}

uint64_t hp_out_pick_total(const struct hp_out *o)
{
	return o->pick->seen;
}

/* ---- in order ---- */
static int compare_text(enum hp_col_type type, const char *a, const char *b)
{
	int d = type == HP_COL_VERSION ? strverscmp(a, b) : strcasecmp(a, b);

	return d ? d : strcmp(a, b);
}

static int compare(const void *a, const void *b, void *arg)
{
	const struct kept *x = a, *y = b;
	const struct hp_out *o = arg;

	for (size_t i = 0; i < o->pick->nkeys; i++) {
		const struct hp_out_key *k = &o->pick->keys[i];
		const struct value *v = &x->values[i], *w = &y->values[i];
		int d;

		/* what has none comes last, whichever way */
		if (!v->set || !w->set) {
			if (v->set != w->set)
				return v->set ? -1 : 1;
			continue;
		}
		d = (v->n > w->n) - (v->n < w->n);
		if (!d)
			d = compare_text(o->cols[k->col].type, v->text, w->text);
		if (d)
			return k->down ? -d : d;
	}
	return x->nr < y->nr ? -1 : x->nr > y->nr;
}

int hp_out_pick_end(struct hp_out *o,
	int (*put)(struct hp_out *o, struct hp_err *err), struct hp_err *err)
{
	struct hp_out_pick *p = o->pick;
	uint64_t i;

	if (!p->n)
		return 0;
	qsort_r(p->rows, p->n, sizeof(*p->rows), compare, o);
	for (i = o->o.offset; i < p->n && is_within(o, i); i++) {
		hp_buf_reset(&o->row);
		hp_buf_add(&o->row, p->rows[i].text, p->rows[i].len);
		if (o->nshown)
			memcpy(o->cells, p->rows[i].cells, o->nshown * sizeof(*o->cells));
		if (put(o, err) < 0)
			return err->code;
	}
	return 0;
}
