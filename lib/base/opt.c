#include "base/opt.h"

#include "base/str.h"

struct parse {
	struct hp_pool *pool;
	const struct hp_opt *const *tables;
	int argc;
	char **argv;
	int i; /* the argument being looked at */
	hp_opt_fn *on_opt;
	void *arg;
	struct hp_err *err;
};

const struct hp_opt *hp_opt_find(const struct hp_opt *const *tables, const char *name, size_t len)
{
	for (; *tables; tables++)
		for (const struct hp_opt *o = *tables; o->name; o++)
			if (strlen(o->name) == len && memcmp(o->name, name, len) == 0)
				return o;
	return NULL;
}

const struct hp_opt *hp_opt_find_letter(const struct hp_opt *const *tables, char letter)
{
	if (!letter)
		return NULL;
	for (; *tables; tables++)
		for (const struct hp_opt *o = *tables; o->name; o++)
			if (o->letter == letter)
				return o;
	return NULL;
}

static const struct hp_opt *nearest(const struct hp_opt *const *tables, const char *name)
{
	const struct hp_opt *best = NULL;
	unsigned best_d = 0;

	for (; *tables; tables++)
		for (const struct hp_opt *o = *tables; o->name; o++) {
			/* Somebody who stopped early meant this one, however long its rest. */
			unsigned d =
				hp_str_starts(o->name, name) ? 0 : hp_str_distance(name, o->name);

			if (o->help && hp_str_is_near(name, o->name) && (!best || d < best_d)) {
				best = o;
				best_d = d;
			}
		}
	return best;
}

/* Options are named in messages only up to their "=": what is behind may be a secret. */
static int unknown_long(struct parse *p, const char *name, size_t len)
{
	const char *shown = hp_pstrndup(p->pool, name, len);
	const struct hp_opt *near = nearest(p->tables, shown);

	hp_err_set(p->err, HP_E_USAGE, "unknown option --%s", hp_str_printable(p->pool, shown, 64));
	if (near)
		hp_err_hint(p->err, "did you mean --%s?", near->name);
	return HP_E_USAGE;
}

static int unknown_letter(struct parse *p, const char *at)
{
	const char *word = p->argv[p->i] + 1;
	size_t n = hp_utf8_char(at, strlen(at)), len = strcspn(word, "=");
	const struct hp_opt *whole = hp_opt_find(p->tables, word, len);

	hp_err_set(p->err, HP_E_USAGE, "unknown option -%.*s", (int)(n ? n : 1), at);
	if (whole && len > 1)
		hp_err_hint(p->err, "did you mean --%s?", whole->name);
	return HP_E_USAGE;
}

/* The value stands in the next argument. */
static int next_value(struct parse *p, const struct hp_opt *o, const char **ret)
{
	if (p->i + 1 >= p->argc)
		return hp_err_set(
			p->err, HP_E_USAGE, "option --%s needs a value: %s", o->name, o->arg);
	*ret = p->argv[++p->i];
	return 0;
}

static int parse_long(struct parse *p)
{
	const char *name = p->argv[p->i] + 2, *value = NULL;
	size_t len = strcspn(name, "=");
	const struct hp_opt *o = hp_opt_find(p->tables, name, len);
	int r;

	if (!o)
		return unknown_long(p, name, len);
	if (!o->arg) {
		if (name[len])
			return hp_err_set(p->err, HP_E_USAGE, "option --%s takes no value", o->name);
	} else if (name[len]) {
		value = name + len + 1;
	} else {
		r = next_value(p, o, &value);
		if (r < 0)
			return r;
	}
	return p->on_opt(p->arg, o, value, p->err);
}

static int parse_letters(struct parse *p)
{
	for (const char *s = p->argv[p->i] + 1; *s; s++) {
		const struct hp_opt *o = hp_opt_find_letter(p->tables, *s);
		const char *value = NULL;
		int r;

		if (!o)
			return unknown_letter(p, s);
		if (o->arg && s[1]) {
			value = s + 1;
		} else if (o->arg) {
			r = next_value(p, o, &value);
			if (r < 0)
				return r;
		}
		r = p->on_opt(p->arg, o, value, p->err);
		if (r < 0 || value)
			return r;
	}
	return 0;
}

/* operands NULL: stop at the first. */
static int parse_args(struct parse *p, struct hp_strv *operands)
{
	for (; p->i < p->argc; p->i++) {
		const char *a = p->argv[p->i];
		int r;

		if (a[0] != '-' || !a[1]) {
			if (!operands)
				return 0;
			hp_strv_add_ref(p->pool, operands, a);
			continue;
		}
		if (hp_streq(a, "--")) {
			p->i++;
			break;
		}
		r = a[1] == '-' ? parse_long(p) : parse_letters(p);
		if (r < 0)
			return r;
	}
	for (; operands && p->i < p->argc; p->i++)
		hp_strv_add_ref(p->pool, operands, p->argv[p->i]);
	return 0;
}

int hp_opt_parse(struct hp_pool *pool, const struct hp_opt *const *tables, int argc, char **argv,
	hp_opt_fn *on_opt, void *arg, struct hp_strv *ret_operands, struct hp_err *err)
{
	struct parse p = {pool, tables, argc, argv, 0, on_opt, arg, err};

	return parse_args(&p, ret_operands);
}

int hp_opt_parse_head(struct hp_pool *pool, const struct hp_opt *const *tables, int argc,
	char **argv, hp_opt_fn *on_opt, void *arg, int *ret_used, struct hp_err *err)
{
	struct parse p = {pool, tables, argc, argv, 0, on_opt, arg, err};
	int r = parse_args(&p, NULL);

	if (r < 0)
		return r;
	*ret_used = p.i;
	return 0;
}
