/* Which columns are shown: the defaults, or what -o says. */
#include <strings.h>

#include "base/str.h"
#include "sys/out_impl.h"

static bool shows_all(const struct hp_out_opts *o)
{
	return o->mode == HP_OUT_JSON || o->mode == HP_OUT_JSONL || o->vertical;
}

static void show(struct hp_out *o, unsigned i)
{
	o->want[i] |= HP_OUT_SHOWN;
	o->pos[i] = (int)o->nshown;
	o->shown[o->nshown++] = i;
}

static int unknown(const struct hp_out *o, const char *name, struct hp_err *err)
{
	_cleanup_buf_ struct hp_buf known = HP_BUF_INIT;
	const char *near = NULL;

	for (unsigned i = 0; i < o->ncols; i++) {
		hp_buf_addf(&known, "%s%s", i ? " " : "", o->cols[i].name);
		if (!near && hp_str_is_near(name, o->cols[i].name))
			near = o->cols[i].name;
	}
	hp_err_set(err, HP_E_USAGE, "there is no column \"%s\"", name);
	if (near)
		return hp_err_hint(err, "did you mean %s? There are: %s", near, hp_buf_str(&known));
	return hp_err_hint(err, "there are: %s", hp_buf_str(&known));
}

int hp_out_find(const struct hp_out *o, const char *name, unsigned *ret, struct hp_err *err)
{
	unsigned i;

	/* A table heads its columns in capitals, and that is what people copy. */
	for (i = 0; i < o->ncols; i++)
		if (strcasecmp(o->cols[i].name, name) == 0)
			break;
	if (i == o->ncols)
		return unknown(o, name, err);
	*ret = i;
	return 0;
}

/* Numbers and yes or no are not what somebody looks for by a text. */
static void search(struct hp_out *o, unsigned i)
{
	if (o->o.match && o->cols[i].type != HP_COL_INT && o->cols[i].type != HP_COL_BOOL)
		o->want[i] |= HP_OUT_SEARCH;
}

static int choose(struct hp_out *o, const char *name, bool add, struct hp_err *err)
{
	unsigned i;

	if (hp_out_find(o, name, &i, err) < 0)
		return err->code;
	search(o, i);
	if (o->pos[i] < 0)
		show(o, i);
	else if (!add)
		return hp_err_set(err, HP_E_USAGE, "column %s is named twice", o->cols[i].name);
	return 0;
}

int hp_out_choose(struct hp_out *o, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	const char *names = o->o.columns;
	bool add = names && *names == '+';
	struct hp_strv list = {0};
	size_t i;

	for (i = 0; i < o->ncols; i++)
		o->pos[i] = -1;
	for (i = 0; (!names || add) && i < o->ncols; i++) {
		if (!o->cols[i].hidden)
			search(o, (unsigned)i);
		if (!o->cols[i].hidden ||
			(shows_all(&o->o) && o->cols[i].hidden != HP_COL_ASKED))
			show(o, (unsigned)i);
	}
	if (!names)
		return 0;
	hp_str_split(pool, names + add, ", ", &list);
	if (!list.n) {
		hp_err_set(err, HP_E_USAGE, "no column is named in \"%s\"", names);
		return hp_err_hint(err, "give names with commas between, or +NAME to add one");
	}
	for (i = 0; i < list.n; i++)
		if (choose(o, list.v[i], add, err) < 0)
			return err->code;
	return 0;
}
