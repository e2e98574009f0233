/* Rendering: walks the flat list of nodes; only sections recurse. */
#include <inttypes.h>

#include "base/str.h"
#include "sys/tmpl_priv.h"

/* The maps in which a name is looked for, innermost first. */
struct scope {
	const struct hp_tmap *map;
	const struct scope *outer;
};

struct render {
	const struct hp_tmpl *t;
	struct hp_buf *out;
	struct hp_err *err;
};

static const struct hp_tval *find(const struct scope *scope, const struct hp_tnode *node)
{
	const struct hp_tval *v = NULL;

	for (; scope && !v; scope = scope->outer)
		v = hp_tmap_find(scope->map, node->s, node->hash);
	return v;
}

static int bug_at(struct render *r, const struct hp_tnode *node, const char *what)
{
	return hp_err_set(r->err, HP_E_BUG, "%s:%u: %s: %s", node->file, node->line, node->s, what);
}

static int put_value(struct render *r, const struct hp_tnode *node, const struct hp_tval *v)
{
	char digits[24];
	const char *text = digits;
	int ret;

	switch (v->type) {
	case HP_TVAL_STR:
		text = v->u.s;
		break;
	case HP_TVAL_INT:
		snprintf(digits, sizeof(digits), "%" PRId64, v->u.i);
		if (!node->slot) { /* digits are one value in every grammar */
			hp_buf_adds(r->out, digits);
			return 0;
		}
		break;
	default:
		return bug_at(r, node, "only a section can take this value");
	}
	ret = r->t->escape(r->out, text, node->slot, r->err);
	if (ret < 0)
		hp_err_prefix(r->err, "%s:%u: %s", node->file, node->line, node->s);
	return ret;
}

static bool is_taken(const struct hp_tval *v)
{
	switch (v->type) {
	case HP_TVAL_STR:
		return v->u.s[0] != '\0';
	case HP_TVAL_INT:
		return v->u.i != 0;
	case HP_TVAL_BOOL:
		return v->u.b;
	case HP_TVAL_LIST:
		return v->u.list.n > 0;
	}
	return false;
}

static int render_nodes(struct render *r, size_t from, size_t to, const struct scope *scope)
{
	for (size_t i = from; i < to;) {
		const struct hp_tnode *node = &r->t->nodes[i++];
		const struct hp_tval *v;
		int ret = 0;

		if (node->type == HP_TNODE_TEXT) {
			hp_buf_add(r->out, node->s, node->n);
			continue;
		}
		v = find(scope, node);
		if (!v)
			return bug_at(r, node, "the data have no such name");
		if (node->type == HP_TNODE_VALUE) {
			ret = put_value(r, node, v);
		} else if (is_taken(v) == (node->type == HP_TNODE_INVERTED)) {
			/* left out */
		} else if (node->type == HP_TNODE_SECTION && v->type == HP_TVAL_LIST) {
			for (size_t k = 0; k < v->u.list.n && ret == 0; k++) {
				struct scope inner = {.map = v->u.list.v[k], .outer = scope};

				ret = render_nodes(r, i, node->end, &inner);
			}
		} else {
			ret = render_nodes(r, i, node->end, scope);
		}
		if (ret < 0)
			return ret;
		if (node->type != HP_TNODE_VALUE)
			i = node->end;
	}
	return 0;
}

int hp_tmpl_render(const struct hp_tmpl *t, const struct hp_tmap *data, struct hp_buf *out,
	struct hp_err *err)
{
	struct scope outermost = {.map = data};
	struct render r = {.t = t, .out = out, .err = err};
	size_t before = out->len;
	int ret;

	ret = render_nodes(&r, 0, t->n, &outermost);
	if (ret < 0 && out->s) {
		out->len = before;
		out->s[before] = '\0';
	}
	return ret;
}

const char *hp_tmpl_digest(const struct hp_tmpl *t)
{
	return t->digest;
}
