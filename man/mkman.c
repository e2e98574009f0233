/*
 * mkman: fills in what the manual pages say about verbs, options, settings, columns, keys and exit
 * statuses, out of the tables that the programs run by. A line "@WHAT ARG@" in a page's source is
 * replaced; everything else is copied.
 *
 *   mkman PAGE.mdoc >PAGE.8
 */
#include "cmd/cli.h"
#include "base/str.h"
#include "model/site.h"

#define LINE_MAX_BYTES 4096

static const struct {
	const char *from, *to;
} specials[] = {
	{"\\", "\\e"}, {"“", "\\(lq"}, {"”", "\\(rq"}, {"…", "..."}, {"–", "\\(en"}, {"→", "\\(->"},
	{"ü", "\\(:u"},
};

/* One line of text, written so that mdoc takes it for text. */
static void put_text(const char *s, size_t n)
{
	const char *end = s + n;

	if (n && (*s == '.' || *s == '\''))
		fputs("\\&", stdout);
	while (s < end) {
		size_t i;

		for (i = 0; i < HP_ARRAY_SIZE(specials); i++)
			if (hp_str_starts(s, specials[i].from))
				break;
		if (i < HP_ARRAY_SIZE(specials)) {
			fputs(specials[i].to, stdout);
			s += strlen(specials[i].from);
		} else {
			putchar(*s++);
		}
	}
}

/* Prose: each sentence on its own line, an empty line is a paragraph. first is capitalised. */
static void prose(const char *s, bool sentence)
{
	if (sentence && *s >= 'a' && *s <= 'z') {
		printf("%c", *s - 'a' + 'A');
		s++;
	}
	while (*s) {
		const char *end = s;

		while (*end && *end != '\n' &&
			!(hp_str_starts(end, ". ") && end[2] >= 'A' && end[2] <= 'Z'))
			end++;
		if (*end == '.')
			end++;
		put_text(s, (size_t)(end - s));
		if (!*end && sentence && end > s && end[-1] != '.')
			putchar('.');
		putchar('\n');
		if (end[0] == '\n' && end[1] == '\n') {
			puts(".Pp");
			end++;
		}
		s = *end ? end + 1 : end;
	}
}

/* "DOMAIN|- [KEY=VALUE]…" in macros on one line, each behind sep; only the first one's is given. */
static void operands(const char *s, const char *sep)
{
	for (; *s; sep = " ") {
		size_t n = strcspn(s, " ");
		const char *word = s;
		size_t len = n;
		bool more = false, opt;

		if (len > 3 && memcmp(word + len - 3, "…", 3) == 0) {
			more = true;
			len -= 3;
		}
		fputs(sep, stdout);
		opt = len > 2 && word[0] == '[' && word[len - 1] == ']';
		if (opt) {
			fputs("Oo ", stdout);
			word++;
			len -= 2;
		}
		if (len == 1 && *word == '-')
			fputs("Fl", stdout);
		else {
			printf("%s \"",
				*word >= 'a' && *word <= 'z' && !memchr(word, '=', len) ? "Cm"
											: "Ar");
			put_text(word, len);
			putchar('"');
		}
		if (opt)
			fputs(" Oc", stdout);
		if (more)
			fputs(" ...", stdout);
		s += n;
		s += *s == ' ';
	}
	putchar('\n');
}

static void option(const struct hp_opt *o)
{
	fputs(".It ", stdout);
	if (o->letter)
		printf("Fl %c , ", o->letter);
	printf("Fl -%s", o->name);
	if (o->arg) {
		fputs(" Ns = Ns Ar \"", stdout);
		put_text(o->arg, strlen(o->arg));
		putchar('"');
	}
	putchar('\n');
	prose(o->help, true);
}

static void options(const struct hp_opt *const *tables, unsigned skip)
{
	const struct hp_opt *o;
	unsigned t;

	puts(".Bl -tag -width Ds -compact");
	for (t = skip; tables[t]; t++)
		for (o = tables[t]; o->name; o++)
			if (o->help)
				option(o);
	puts(".El");
}

/* ---- what the markers stand for ---- */
static void do_synopsis(const struct cli_program *p)
{
	const struct cli_verb *v;

	for (v = p->verbs; v->name; v++) {
		printf(".Nm\n.Cm %s\n.Op Ar OPTION ...\n", v->name);
		if (*v->operands) {
			putchar('.');
			operands(v->operands, "");
		}
	}
}

static void verb_columns(struct hp_pool *pool, const struct cli_verb *v)
{
	const struct hp_col *c = cli_verb_cols(pool, v);
	const char *shown = "", *hidden = "", *asked = "";

	if (!(v->flags & CLI_ROWS) || !c)
		return;
	for (; c->name; c++) {
		const char **to = c->hidden == HP_COL_ASKED ? &asked
			: c->hidden ? &hidden : &shown;

		*to = hp_pprintf(pool, "%s%s.Cm %s", *to, **to ? " ,\n" : "", c->name);
	}
	printf(".Pp\nColumns:\n%s .\n", shown);
	if (*hidden)
		printf("Only with\n.Fl o\nor in JSON:\n%s .\n", hidden);
	if (*asked)
		printf("Only with\n.Fl o :\n%s .\n", asked);
}

static void do_verbs(struct hp_pool *pool, const struct cli_program *p)
{
	const struct cli_verb *v;
	const struct hp_opt *tables[CLI_TABLES];
	unsigned n;

	puts(".Bl -tag -width Ds");
	for (v = p->verbs; v->name; v++) {
		printf(".It Cm %s", v->name);
		operands(v->operands, " ");
		prose(v->summary, true);
		if (v->details) {
			puts(".Pp");
			prose(v->details, false);
		}
		if (v->flags & CLI_STDIN) {
			puts(".Pp");
			prose("With “-” names or JSON objects are read from standard input, one a line; there "
			      "is one result for each.",
				false);
		}
		cli_opt_tables(v, tables);
		for (n = 0; tables[n]; n++)
			;
		/* those of its own: the last tables are every verb's, and in a section below */
		n -= 1 + ((v->flags & CLI_ROWS) != 0) + ((v->flags & CLI_LIST) != 0);
		tables[n] = NULL;
		if (n) {
			puts(".Pp");
			options(tables, 0);
		}
		verb_columns(pool, v);
	}
	puts(".El");
}

static unsigned count(const struct hp_opt *o)
{
	unsigned n = 0;

	for (; o->name; o++)
		n += o->help != NULL;
	return n;
}

/* The first verb with that flag, or the end of the table. */
static const struct cli_verb *first(const struct cli_program *p, unsigned flag)
{
	const struct cli_verb *v = p->verbs;

	while (v->name && !(v->flags & flag))
		v++;
	return v;
}

/* Those that verbs share, the rarest first. */
static void do_options(const struct cli_program *p)
{
	static const char *const numbers[] = {"no", "one", "two", "three", "four", "five", "six",
		"seven", "eight", "nine", "ten", "eleven", "twelve"};
	const struct cli_verb *rows = first(p, CLI_ROWS), *list = first(p, CLI_LIST);
	const struct hp_opt *tables[CLI_TABLES];
	unsigned n = 0, common, of_rows;

	cli_opt_tables(list->name ? list : rows->name ? rows : NULL, tables);
	while (tables[n])
		n++;
	common = count(tables[n - 1]);
	of_rows = rows->name ? count(tables[n - 2]) : 0;
	HP_BUG_ON(common >= HP_ARRAY_SIZE(numbers) || of_rows >= HP_ARRAY_SIZE(numbers));
	if (list->name)
		printf("Every verb has the last %s of these, those that print rows have the %s before "
		       "them, too, and those that list something have all:\n.Pp\n",
			numbers[common], numbers[of_rows]);
	else if (rows->name)
		printf("Every verb has the last %s of these, and those that print rows have all:\n.Pp\n",
			numbers[common]);
	options(tables, n - 1 - (rows->name != NULL) - (list->name != NULL));
}

static void field(struct hp_pool *pool, const struct hp_field *f)
{
	const char *range;

	printf(".It Cm %s\n", f->name);
	range = cli_field_range(pool, f);
	prose(hp_pprintf(pool, "%s%s%s", f->help, range ? "; " : "", range ? range : ""), true);
	if (f->deflt)
		printf("The default is\n.Ql %s .\n", f->deflt);
	if (f->flags & HP_FF_NULLABLE)
		puts("An empty value unsets it.");
	if (f->flags & HP_FF_CREATE)
		puts("It can be given only when the object is made.");
	if (f->flags & HP_FF_OPERATOR)
		puts("Only the operator may set it.");
	if (f->flags & HP_FF_SECRET)
		printf("It is a secret: say\n.Ql %s=@FILE\nor\n.Ql %s=@-\n(standard input).\n",
			f->name, f->name);
}

static void do_settings(struct hp_pool *pool, const char *object)
{
	const struct hp_field_table *t =
		hp_streq(object, "tenant") ? &hp_tenant_table :
		hp_streq(object, "user") ? &hp_user_table : &hp_site_table;
	const char *group = NULL;
	unsigned i;

	for (i = 0; i < t->n; i++) {
		const struct hp_field *f = &t->fields[i];

		if ((f->flags & HP_FF_READONLY) || f->type == HP_F_DOMAIN ||
			f->type == HP_F_LABEL || hp_streq(f->name, "username"))
			continue;
		if (!hp_streq(group, f->group)) {
			if (group)
				puts(".El");
			group = f->group;
			printf(".Ss Group %s\n.Bl -tag -width Ds -compact\n", group);
		}
		field(pool, f);
	}
	puts(".El");
}

static void do_status(void)
{
	const char *name, *text;
	int status;
	unsigned i;

	puts(".Bl -tag -width 4n -compact\n.It 0\nDone, or nothing was to be done.");
	for (i = 0; hp_exit_status_at(i, &status, &name, &text); i++) {
		if (!status)
			continue;
		printf(".It %d\n", status);
		prose(text, true);
	}
	puts(".El");
}

static void do_conf(void)
{
	const struct hp_conf_key *k;
	const char *section = NULL;

	for (k = hp_conf_keys; k->section; k++) {
		if (!hp_streq(section, k->section)) {
			if (section)
				puts(".El");
			section = k->section;
			if (hp_str_ends(section, ".*"))
				puts(".Ss [php.\\(dqX.Y\\(dq]\nFor one PHP version.\n"
				     ".Bl -tag -width Ds -compact");
			else
				printf(".Ss [%s]\n.Bl -tag -width Ds -compact\n", section);
		}
		printf(".It Cm %s\n", k->key);
		prose(k->help, true);
		if (k->deflt)
			printf("The default is\n.Ql %s .\n", k->deflt);
	}
	puts(".El");
}

static void do_programs(void)
{
	puts(".Bl -tag -width hp-tenant(8) -compact");
#define CLI_PROGRAM(symbol, name, summary)                                                         \
	puts(".It Xr " name " 8");                                                                 \
	prose(summary, false);
#include "cmd/programs.def"
#undef CLI_PROGRAM
	puts(".El");
}

static bool marker(struct hp_pool *pool, const char *line)
{
	const struct cli_program *p;
	struct hp_strv w = {0};

	hp_str_split(pool, line, "@ \n", &w);
	if (!w.n)
		return false;
	if (hp_streq(w.v[0], "STATUS"))
		return do_status(), true;
	if (hp_streq(w.v[0], "CONF"))
		return do_conf(), true;
	if (hp_streq(w.v[0], "PROGRAMS"))
		return do_programs(), true;
	if (w.n < 2)
		return false;
	if (hp_streq(w.v[0], "SETTINGS"))
		return do_settings(pool, w.v[1]), true;
	p = cli_program_find(w.v[1]);
	if (!p)
		return false;
	if (hp_streq(w.v[0], "SYNOPSIS"))
		return do_synopsis(p), true;
	if (hp_streq(w.v[0], "VERBS"))
		return do_verbs(pool, p), true;
	if (hp_streq(w.v[0], "OPTIONS"))
		return do_options(p), true;
	return false;
}

int main(int argc, char **argv)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	FILE *f _cleanup_fclose_ = argc == 2 ? fopen(argv[1], "re") : NULL;
	char line[LINE_MAX_BYTES];

	if (!f) {
		fprintf(stderr, "usage: mkman PAGE.mdoc\n");
		return 2;
	}
	while (fgets(line, sizeof(line), f)) {
		if (line[0] != '@') {
			fputs(line, stdout);
		} else if (!marker(pool, line)) {
			fprintf(stderr, "mkman: %s: unknown marker: %s", argv[1], line);
			return 1;
		}
	}
	return fflush(stdout) || ferror(stdout) || ferror(f);
}
