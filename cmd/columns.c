/* Output columns out of field tables: names and types are written once, in lib/model. */
#include "cmd/cli.h"
#include "base/str.h"

static enum hp_col_type col_type(const struct hp_field *f)
{
	switch (f->type) {
	case HP_F_BOOL:
		return HP_COL_BOOL;
	case HP_F_INT:
		return HP_COL_INT;
	case HP_F_LIST:
	case HP_F_MAP:
		return HP_COL_JSON;
	case HP_F_SIZE:
		return HP_COL_SIZE;
	case HP_F_PHP_VERSION:
		return HP_COL_VERSION;
	default:
		return HP_COL_STR;
	}
}

struct hp_col cli_col(const struct hp_field *f, bool shown)
{
	return (struct hp_col){f->name, col_type(f), f->help, !shown};
}

struct hp_col *cli_cols(struct hp_pool *pool, const struct hp_field_table *t,
	const struct hp_col *more)
{
	struct hp_col *cols;
	unsigned i, n = 0;

	while (more && more[n].name)
		n++;
	cols = hp_palloc(pool, (t->n + n + 1) * sizeof(*cols));
	for (i = 0; i < t->n; i++)
		cols[i] = cli_col(&t->fields[i], t->fields[i].flags & HP_FF_LISTED);
	if (n)
		memcpy(cols + t->n, more, n * sizeof(*cols));
	return cols;
}

void cli_revision(struct hp_out *o, unsigned i, const struct hp_field_table *t,
	const char *const *v, const struct hp_strv *aliases)
{
	char revision[HP_REVISION_SIZE];

	if (!hp_out_wants(o, i))
		return;
	hp_field_revision(t, v, aliases, revision);
	hp_out_str(o, i, revision);
}

void cli_cell(struct hp_out *o, unsigned i, const struct hp_field *f, const char *value)
{
	struct hp_pool *pool _cleanup_pool_ = NULL;
	int64_t n;
	bool b;

	if (!value || !hp_out_wants(o, i))
		return;
	if (f->flags & HP_FF_SECRET) {
		pool = hp_pool_new();
		value = hp_field_shown(pool, f, value);
	}
	switch (col_type(f)) {
	case HP_COL_BOOL:
		if (hp_parse_bool(value, &b) == 0)
			hp_out_bool(o, i, b);
		break;
	case HP_COL_INT:
		if (hp_parse_i64(value, INT64_MIN, INT64_MAX, &n) == 0)
			hp_out_i64(o, i, n);
		break;
	case HP_COL_JSON:
		hp_out_json(o, i, value);
		break;
	default:
		hp_out_str(o, i, value);
	}
}
