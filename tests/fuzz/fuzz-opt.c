/*
 * The option parser, over words that end with NUL. What it hands on points into the words, and
 * operands that it found stay the same behind "--".
 */
#include "base/opt.h"
#include "base/str.h"

#define WORDS 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct hp_opt own[] = {
	{.name = "columns", .letter = 'o', .arg = "COL,…", .help = "columns"},
	{.name = "json", .letter = 'j', .help = "JSON"},
	{.name = "alias", .arg = "NAME", .help = "a name"},
	{0},
};
static const struct hp_opt common[] = {
	{.name = "quiet", .letter = 'q', .help = "say nothing"},
	{.name = "nul", .letter = '0', .help = "NUL"},
	{.name = "hidden"},
	{0},
};
static const struct hp_opt *const tables[] = {own, common, NULL};

struct words {
	char *v[WORDS];
	int n;
};

static int seen(void *arg, const struct hp_opt *o, const char *value, struct hp_err *err HP_UNUSED)
{
	const struct words *w = arg;
	bool inside = false;

	HP_BUG_ON(!o->arg != !value);
	for (int i = 0; value && i < w->n; i++)
		inside = inside || (value >= w->v[i] && value <= w->v[i] + strlen(w->v[i]));
	HP_BUG_ON(value && !inside);
	return 0;
}

static void check_operands(struct hp_pool *pool, const struct hp_strv *operands)
{
	struct words w = {.v = {(char[]){"--"}}, .n = 1};
	struct hp_err err = HP_ERR_INIT;
	struct hp_strv again = {0};

	for (size_t i = 0; i < operands->n && w.n < WORDS; i++)
		w.v[w.n++] = (char *)(uintptr_t)operands->v[i];
	HP_BUG_ON(hp_opt_parse(pool, tables, w.n, w.v, seen, &w, &again, &err) < 0);
	HP_BUG_ON((int)again.n != w.n - 1);
	for (size_t i = 0; i < again.n; i++)
		HP_BUG_ON(again.v[i] != operands->v[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	const char *s = (const char *)data, *end = s + n;
	struct hp_err err = HP_ERR_INIT;
	struct hp_strv operands = {0};
	struct words w = {.n = 0};
	int used = -1, r;

	while (s < end && w.n < WORDS) {
		w.v[w.n] = hp_pstrndup(pool, s, (size_t)(end - s));
		s += strlen(w.v[w.n++]) + 1;
	}
	r = hp_opt_parse(pool, tables, w.n, w.v, seen, &w, &operands, &err);
	HP_BUG_ON(r < 0 && (r != HP_E_USAGE || err.code != r || !strstr(err.msg, "option -")));
	if (r == 0) {
		HP_BUG_ON((int)operands.n > w.n);
		check_operands(pool, &operands);
	}
	hp_err_clear(&err);
	if (hp_opt_parse_head(pool, tables, w.n, w.v, seen, &w, &used, &err) == 0)
		HP_BUG_ON(used < 0 || used > w.n);
	return 0;
}
