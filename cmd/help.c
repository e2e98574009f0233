/* Help, out of the verb tables. */
#include "cmd/cli.h"
#include "base/file.h"
#include "base/str.h"

#define WIDTH 80

/* Text at an indentation, broken at spaces; the first line begins at column at. */
static void wrap(struct hp_buf *b, const char *text, unsigned at, unsigned indent)
{
	unsigned col = at;

	while (*text) {
		size_t bytes = strcspn(text, " \n"), i, wide = 0;

		for (i = 0; i < bytes; i++)
			wide += ((unsigned char)text[i] & 0xc0) != 0x80;
		if (col > indent && col + 1 + wide > WIDTH) {
			hp_buf_addf(b, "\n%*s", (int)indent, "");
			col = indent;
		} else if (col > indent) {
			hp_buf_addc(b, ' ');
			col++;
		}
		hp_buf_add(b, text, bytes);
		col += (unsigned)wide;
		text += bytes;
		if (text[0] == '\n' && text[1] == '\n') {
			hp_buf_addf(b, "\n\n%*s", (int)indent, "");
			col = indent;
			text++;
		}
		if (*text)
			text++;
	}
	hp_buf_addc(b, '\n');
}

static unsigned width(const char *s)
{
	unsigned n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

/* "  left      right", right wrapped in its own column */
static void pair(struct hp_buf *b, const char *left, const char *right, unsigned indent)
{
	unsigned at = 2 + width(left);

	hp_buf_addf(b, "  %s", left);
	if (at + 2 > indent) {
		hp_buf_addf(b, "\n%*s", (int)indent, "");
	} else {
		hp_buf_addf(b, "%*s", (int)(indent - at), "");
	}
	wrap(b, right, indent, indent);
}

static void options(struct hp_buf *b, struct hp_pool *pool, const struct cli_verb *v)
{
	const struct hp_opt *tables[CLI_TABLES];
	const struct hp_opt *o;
	unsigned t;

	cli_opt_tables(v, tables);
	hp_buf_adds(b, "\nOptions:\n");
	for (t = 0; tables[t]; t++) {
		for (o = tables[t]; o->name; o++) {
			char letter[5] = "    ";

			if (!o->help)
				continue;
			if (o->letter)
				snprintf(letter, sizeof(letter), "-%c, ", o->letter);
			pair(b, hp_pprintf(pool, "%s--%s%s%s", letter, o->name, o->arg ? "=" : "",
				     o->arg ? o->arg : ""), o->help, 28);
		}
	}
}

const char *cli_field_range(struct hp_pool *pool, const struct hp_field *f)
{
	switch (f->type) {
	case HP_F_ENUM:
		return f->arg;
	case HP_F_BOOL:
		return "true|false";
	case HP_F_INT:
		return hp_pprintf(pool, "%lld–%lld", (long long)f->min, (long long)f->max);
	case HP_F_SIZE:
		return "a size as 256M";
	case HP_F_DOMAIN:
		return "a domain name";
	case HP_F_HOST:
		return "a host name or address";
	case HP_F_IDENT:
		return "letters, digits and _";
	case HP_F_LABEL:
		return "letters, digits and -";
	case HP_F_NODENAME:
		return "the name of a node";
	case HP_F_LIST:
		return hp_streq(f->arg, "cidr") ? "addresses or networks" :
			hp_streq(f->arg, "file") ? "names of files" :
			hp_streq(f->arg, "verb") ? "verbs as site:set" : "words";
	case HP_F_SUBPATH:
		return "a path without a slash in front";
	case HP_F_PHP_VERSION: /* of these the help line says all */
	case HP_F_USER:
	case HP_F_LOGIN:
	case HP_F_EMAIL:
	case HP_F_MAP:
		return NULL;
	case HP_F_DBURL:
		return "a database URL";
	case HP_F_TIME:
		return "a time";
	case HP_F_TEXT:
		break;
	}
	return hp_pprintf(pool, "%lld to %lld bytes", (long long)f->min, (long long)f->max);
}

/* May this field stand as key=value of the verb? The name of the object itself may not. */
bool cli_field_is_key(const struct cli_verb *v, const struct hp_field *f)
{
	if (f->flags & HP_FF_READONLY)
		return false;
	if (f->type == HP_F_DOMAIN || f->type == HP_F_LABEL || hp_streq(f->name, "username"))
		return false;
	return !(f->flags & HP_FF_CREATE) || hp_streq(v->name, "add");
}

static void settings(struct hp_buf *b, struct hp_pool *pool, const struct cli_verb *v)
{
	const char *range;
	unsigned i;

	if (!v->fields)
		return;
	hp_buf_adds(b, "\nSettings (KEY=VALUE):\n");
	for (i = 0; i < v->fields->n; i++) {
		const struct hp_field *f = &v->fields->fields[i];

		if (!cli_field_is_key(v, f))
			continue;
		range = cli_field_range(pool, f);
		pair(b, f->name, hp_pprintf(pool, "%s%s%s%s%s%s", f->help, range ? "; " : "",
				       range ? range : "", f->deflt ? " (" : "",
				       f->deflt ? f->deflt : "", f->deflt ? ")" : ""), 28);
	}
}

static void columns(struct hp_buf *b, struct hp_pool *pool, const struct cli_verb *v)
{
	const struct hp_col *c = cli_verb_cols(pool, v);

	if (!(v->flags & CLI_ROWS) || !c)
		return;
	hp_buf_adds(b, "\nColumns (* not shown unless asked for):\n");
	for (; c->name; c++)
		pair(b, hp_pprintf(pool, "%s%s", c->name, c->hidden ? "*" : ""), c->help, 28);
}

static void verb_help(struct hp_buf *b, struct hp_pool *pool, const struct cli_program *p,
	const struct cli_verb *v)
{
	hp_buf_addf(b, "Usage: %s %s [OPTION]…%s%s\n", p->name, v->name, *v->operands ? " " : "",
		v->operands);
	wrap(b, hp_pprintf(pool, "%c%s.", v->summary[0] - 'a' + 'A', v->summary + 1), 0, 0);
	if (v->details) {
		hp_buf_addc(b, '\n');
		wrap(b, v->details, 0, 0);
	}
	if (v->flags & CLI_STDIN)
		wrap(b, "\n“-” reads standard input: one name or JSON object a line.", 0, 0);
	settings(b, pool, v);
	options(b, pool, v);
	columns(b, pool, v);
}

static void program_help(struct hp_buf *b, struct hp_pool *pool, const struct cli_program *p)
{
	const struct cli_verb *v;
	const char *name, *text;
	int status;
	unsigned i;

	hp_buf_addf(b, "Usage: %s VERB [OPTION]… [OPERAND]…\n\nVerbs:\n", p->name);
	for (v = p->verbs; v->name; v++)
		pair(b, hp_pprintf(pool, "%s%s%s", v->name, *v->operands ? " " : "", v->operands),
			v->summary, 40);
	options(b, pool, NULL);
	hp_buf_adds(b, "\nExit status:\n");
	pair(b, "0", "done, or nothing was to be done", 6);
	for (i = 0; hp_exit_status_at(i, &status, &name, &text); i++)
		if (status)
			pair(b, hp_pprintf(pool, "%d", status), text, 6);
	hp_buf_addf(
		b, "\n%s VERB --help tells more about a verb; see also %s(8).\n", p->name, p->name);
}

int cli_help(const struct cli_program *p, const struct cli_verb *v, int fd, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;

	if (v)
		verb_help(&b, pool, p, v);
	else
		program_help(&b, pool, p);
	return hp_fd_write(fd, "standard output", b.s, b.len, err);
}
