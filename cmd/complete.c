/*
 * Completion: the shell asks the program itself (PROGRAM --complete -- WORD…), so that it knows
 * what this build knows. Candidates that need the database are left out where it can't be read. The
 * answer is a line for each candidate, the whole word and behind a tab what it means. An empty
 * candidate says that the shell shall offer files: tab, "file" or "dir", tab, what stands in front
 * in the same word.
 */
#include "cmd/cli.h"
#include "base/str.h"
#include "node/php.h"

struct asked {
	struct cli *c;
	const char *word;     /* to be completed; "" for any */
	const char *before;   /* what stands in front of it in the same word: "php_version=" */
};

static void offer(const struct asked *a, const char *candidate, const char *help)
{
	const char *rest = hp_str_after(a->word, a->before);

	if (!rest || !hp_str_starts(candidate, rest))
		return;
	printf("%s%s%s%s\n", a->before, candidate, help ? "\t" : "", help ? help : "");
}

static void offer_list(const struct asked *a, const char *values)
{
	struct hp_strv l = {0};
	size_t i;

	hp_str_split(a->c->pool, values, "|", &l);
	for (i = 0; i < l.n; i++)
		offer(a, l.v[i], NULL);
}

/* ---- what the database knows ---- */
static int see_site(
	void *arg, const struct hp_site *s, const char *tenant, struct hp_err *err HP_UNUSED)
{
	offer(arg, s->v[HP_SITE_DOMAIN], tenant);
	return 0;
}

static int see_tenant(void *arg, const struct hp_tenant *t, int64_t sites HP_UNUSED,
	struct hp_err *err HP_UNUSED)
{
	offer(arg, t->v[HP_TENANT_SUBDOMAIN], t->v[HP_TENANT_NAME]);
	return 0;
}

static int see_user(
	void *arg, const struct hp_user *u, const char *tenant, struct hp_err *err HP_UNUSED)
{
	offer(arg, u->v[HP_USER_USERNAME], tenant);
	return 0;
}

static int see_key(void *arg, const struct hp_key *k, struct hp_err *err HP_UNUSED)
{
	offer(arg, k->v[HP_KEY_KEY], k->v[HP_KEY_NAME]);
	return 0;
}

static int see_node(void *arg, const struct hp_node_row *r, struct hp_err *err HP_UNUSED)
{
	offer(arg, r->name, NULL);
	return 0;
}

static void offer_php(struct asked *a)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_php_list l;
	size_t i;

	if (cli_conf(a->c, &err) < 0 ||
		hp_php_detect(a->c->pool, a->c->sysroot, a->c->conf, &l, &err) < 0)
		return;
	for (i = 0; i < l.n; i++)
		offer(a, l.v[i].version, l.v[i].is_default ? "default" : NULL);
}

static void offer_columns(struct asked *a, const struct cli_verb *v)
{
	const struct hp_col *c = cli_verb_cols(a->c->pool, v);
	const char *list = a->word + strlen(a->before), *comma = strrchr(list, ',');

	/* those in front of the last comma stay; "+" of -o and "-" of --sort too */
	list = comma ? comma + 1 : list;
	a->before = hp_pstrndup(a->c->pool, a->word,
		(size_t)(list + (*list == '+' || *list == '-') - a->word));
	for (; c && c->name; c++)
		offer(a, c->name, c->help);
}

static void offer_what(struct asked *a, const struct cli_verb *v, const char *what);

static void offer_values(struct asked *a, const struct hp_field *f)
{
	if (f->type == HP_F_ENUM)
		offer_list(a, f->arg);
	else if (f->type == HP_F_BOOL)
		offer_list(a, "true|false");
	else if (f->type == HP_F_PHP_VERSION)
		offer_php(a);
	else if (f->deflt)
		offer(a, f->deflt, "default");
}

static void offer_assign(struct asked *a, const struct cli_verb *v)
{
	const char *eq = strchr(a->word, '=');
	unsigned i;
	int found;

	if (!v->fields)
		return;
	if (eq) {
		const char *name = hp_pstrndup(a->c->pool, a->word, (size_t)(eq - a->word));

		a->before = hp_pstrndup(a->c->pool, a->word, (size_t)(eq - a->word) + 1);
		found = hp_field_find(v->fields, name);
		if (hp_streq(name, "owner") || hp_streq(name, "parent"))
			offer_what(a, v, "user");
		else if (found >= 0)
			offer_values(a, &v->fields->fields[found]);
		else if (hp_streq(name, "tenant"))
			offer_what(a, v, "tenant");
		return;
	}
	if (v->fields != &hp_tenant_table && hp_streq(v->name, "add"))
		offer(a, "tenant=", "the tenant that it belongs to");
	for (i = 0; i < v->fields->n; i++)
		if (cli_field_is_key(v, &v->fields->fields[i]))
			offer(a, hp_pprintf(a->c->pool, "%s=", v->fields->fields[i].name),
				v->fields->fields[i].help);
}

static void offer_what(struct asked *a, const struct cli_verb *v, const char *what)
{
	struct hp_err err = HP_ERR_INIT;
	struct hp_site_filter all = {0};
	bool panel;
	unsigned i;

	if (!what || !*what)
		return;
	if (hp_streq(what, "dir")) {
		printf("\tdir\t%s\n", a->before);
		return;
	}
	if (hp_streq(what, "@file")) {
		if (a->word[0] == '@')
			printf("\tfile\t@\n");
		return;
	}
	if (what[0] == '=') {
		offer_list(a, what + 1);
		return;
	}
	if (hp_streq(what, "column")) {
		offer_columns(a, v);
		return;
	}
	if (hp_streq(what, "assign")) {
		offer_assign(a, v);
		return;
	}
	if (hp_streq(what, "setting")) {
		for (i = 0; i < hp_site_table.n; i++)
			offer(a, hp_site_table.fields[i].name, hp_site_table.fields[i].help);
		return;
	}
	if (hp_streq(what, "php")) {
		offer_php(a);
		return;
	}
	panel = cli_conf(a->c, &err) == 0 && cli_has_panel(a->c) && cli_panel(a->c, &err) == 0;
	if (!panel)
		return;
	if (hp_streq(what, "domain"))
		hp_site_each(a->c->panel, &all, see_site, a, &err);
	else if (hp_streq(what, "tenant"))
		hp_tenant_each(a->c->panel, see_tenant, a, &err);
	else if (hp_streq(what, "user"))
		hp_user_each(a->c->panel, NULL, see_user, a, &err);
	else if (hp_streq(what, "key"))
		hp_key_each(a->c->panel, NULL, see_key, a, &err);
	else if (hp_streq(what, "node"))
		hp_node_each(a->c->panel, see_node, a, &err);
}

/* ---- which word is it? ---- */
static void offer_options(const struct asked *a, const struct hp_opt *const *tables)
{
	const struct hp_opt *o;
	unsigned t;

	for (t = 0; tables[t]; t++)
		for (o = tables[t]; o->name; o++)
			if (o->help)
				offer(a, hp_pprintf(a->c->pool, "--%s%s", o->name, o->arg ? "=" : ""),
					o->help);
}

/* The option whose value the word behind it is, or NULL. */
static const struct hp_opt *takes_next(const struct hp_opt *const *tables, const char *word)
{
	const struct hp_opt *o = NULL;

	if (word[0] != '-' || !word[1])
		return NULL;
	if (word[1] == '-')
		o = strchr(word, '=') ? NULL : hp_opt_find(tables, word + 2, strlen(word + 2));
	else
		o = hp_opt_find_letter(tables, word[strlen(word) - 1]);
	return o && o->arg ? o : NULL;
}

/* What the words before say: the verb, how many operands, --sysroot. */
static const struct cli_verb *look_back(struct cli *c, char **words, int n, unsigned *ret_operands,
	const struct hp_opt **ret_pending)
{
	const struct hp_opt *tables[CLI_TABLES];
	const struct cli_verb *v = NULL;
	unsigned operands = 0;
	int i;

	*ret_pending = NULL;
	cli_opt_tables(NULL, tables);
	for (i = 0; i < n - 1; i++) {
		const char *dir = hp_str_after(words[i], "--sysroot=");

		if (!dir && i && hp_streq(words[i - 1], "--sysroot"))
			dir = words[i];
		if (dir && dir[0] == '/')
			c->sysroot = dir;
		if (*ret_pending) {
			*ret_pending = NULL;
		} else if (words[i][0] == '-' && words[i][1]) {
			*ret_pending = takes_next(tables, words[i]);
		} else if (!v) {
			v = cli_verb_find(c->prog, words[i]);
			/* "key add" for key-add */
			if (!v && i + 1 < n - 1) {
				v = cli_verb_find(c->prog,
					hp_pprintf(c->pool, "%s-%s", words[i], words[i + 1]));
				i++;
			}
			if (!v)
				return NULL;
			cli_opt_tables(v, tables);
		} else {
			operands++;
		}
	}
	*ret_operands = operands;
	return v;
}

static void offer_operand(struct asked *a, const struct cli_verb *v, unsigned n)
{
	unsigned i, last = 0;

	if (n >= v->max_args)
		return;
	for (i = 0; i < HP_ARRAY_SIZE(v->complete) && v->complete[i]; i++)
		last = i;
	offer_what(a, v, v->complete[n < last ? n : last]);
}

void cli_complete(struct cli *c, char **words, int n)
{
	struct asked a = {.c = c, .word = n ? words[n - 1] : "", .before = ""};
	const struct hp_opt *tables[CLI_TABLES], *pending, *o;
	const struct cli_verb *v, *each;
	unsigned operands = 0;
	const char *eq;

	c->read_only = true;
	v = look_back(c, words, n, &operands, &pending);
	c->verb = v;
	cli_opt_tables(v, tables);
	if (pending) {
		offer_what(&a, v, pending->complete);
		return;
	}
	if (a.word[0] == '-' && a.word[1] == '-' && (eq = strchr(a.word, '='))) {
		o = hp_opt_find(tables, a.word + 2, (size_t)(eq - a.word) - 2);
		a.before = hp_pstrndup(c->pool, a.word, (size_t)(eq + 1 - a.word));
		if (o)
			offer_what(&a, v, o->complete);
		return;
	}
	if (a.word[0] == '-') {
		offer_options(&a, tables);
		return;
	}
	if (v) {
		offer_operand(&a, v, operands);
		return;
	}
	if (n > 1 && !pending)
		for (int i = 0; i < n - 1; i++)
			if (words[i][0] != '-')
				return; /* no such verb: nothing to say */
	for (each = c->prog->verbs; each->name; each++)
		offer(&a, each->name, each->summary);
}
