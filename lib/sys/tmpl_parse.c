/*
 * From template text to nodes. Partials are parsed in place, each time they are
 * named, because their indentation depends on the place (as the mustache manual
 * has it); so a rendered template needs no look-ups.
 */
#include "base/file.h"
#include "base/str.h"
#include "sys/tmpl_priv.h"

#define MAX_TEXT (256u << 10)   /* bytes in a template file */
#define MAX_NESTING 16          /* partials within partials */
#define MAX_PARTIALS 1000       /* in one template: a doubling chain ends here */
#define MAX_SECTIONS 32         /* sections within sections */

struct entry {
	const char *format, *name;
	const struct hp_tmpl *t;
	struct entry *next;
};

struct hp_tmpl_set {
	struct hp_pool *pool;
	struct hp_strv dirs;
	struct entry *entries;
};

struct hp_tmpl_set *hp_tmpl_set_new(struct hp_pool *pool, const char *const *dirs)
{
	struct hp_tmpl_set *set = hp_palloc(pool, sizeof(*set));

	set->pool = pool;
	for (; dirs && *dirs; dirs++)
		hp_strv_add(pool, &set->dirs, *dirs);
	return set;
}

/* One text being parsed; partials stand in a chain behind the text that names them. */
struct text {
	const char *file;     /* for messages: its path */
	const char *p, *end;
	const char *start;
	unsigned line;        /* at p */
	unsigned nesting;
};

struct parser {
	struct hp_pool *pool;
	struct hp_tmpl_set *set; /* or NULL */
	const char *format;
	struct hp_buf nodes;     /* of struct hp_tnode */
	size_t open[MAX_SECTIONS];
	unsigned n_open;
	unsigned n_partials;
	struct hp_digest digest;
	struct hp_err *err;
};

static struct hp_tnode *node_at(struct parser *p, size_t i)
{
	return (struct hp_tnode *)(void *)p->nodes.s + i;
}

static size_t n_nodes(const struct parser *p)
{
	return p->nodes.len / sizeof(struct hp_tnode);
}

static void add_node(struct parser *p, const struct hp_tnode *node)
{
	hp_buf_add(&p->nodes, node, sizeof(*node));
}

static int bad(struct parser *p, const struct text *t, const char *what)
{
	return hp_err_set(p->err, HP_E_CONF, "%s:%u: %s", t->file, t->line, what);
}

/* ---- finding the text ---- */

/* Formats and names are single path components. */
static bool is_file_name(const char *s)
{
	return *s && *s != '.' &&
	       !s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")];
}

/* The first folder that has it wins. HP_E_NOT_FOUND without a message when none has. */
static int read_text(struct hp_pool *pool, const struct hp_tmpl_set *set, const char *format,
	const char *name, struct hp_buf *text, const char **ret_path, struct hp_err *err)
{
	for (size_t i = 0; i < set->dirs.n; i++) {
		const char *path = hp_pprintf(pool, "%s/%s/%s", set->dirs.v[i], format, name);
		int r = hp_file_read(path, MAX_TEXT, text, err);

		if (r == 0)
			*ret_path = path;
		if (r != HP_E_NOT_FOUND)
			return r;
		hp_err_clear(err);
	}
	return HP_E_NOT_FOUND;
}

/* Put indent before every line that is not empty. */
static const char *indented(struct hp_pool *pool, const struct hp_buf *text, const char *indent,
	size_t n_indent, size_t *ret_n)
{
	_cleanup_buf_ struct hp_buf b = HP_BUF_INIT;
	const char *p = hp_buf_str(text), *end = p + text->len, *eol;

	for (; p < end; p = eol) {
		eol = memchr(p, '\n', (size_t)(end - p));
		eol = eol ? eol + 1 : end;
		if (*p != '\n' && *p != '\r')
			hp_buf_add(&b, indent, n_indent);
		hp_buf_add(&b, p, (size_t)(eol - p));
	}
	*ret_n = b.len;
	return hp_pmemdup(pool, hp_buf_str(&b), b.len);
}

/* ---- tags ---- */

struct tag {
	char sigil;              /* '#' '^' '/' '>' '!' or 0 for a value */
	const char *name, *slot; /* NUL-terminated, in the pool; slot may be NULL */
	const char *start, *end; /* with the braces */
	const char *line_start;  /* alone on its line: where that begins, else NULL */
	const char *next;        /* where parsing goes on */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_name(const char *s)
{
	return (*s == '_' || ((*s | 0x20) >= 'a' && (*s | 0x20) <= 'z')) &&
	       !s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")];
}

/* A copy without blanks at both ends. */
static const char *trimmed(struct hp_pool *pool, const char *from, const char *to)
{
	while (from < to && is_blank(*from))
		from++;
	while (to > from && is_blank(to[-1]))
		to--;
	return hp_pstrndup(pool, from, (size_t)(to - from));
}

/* Is it alone on its line, and where does the line begin and end? */
static void find_line(const struct text *t, struct tag *tag)
{
	const char *from = tag->start, *to = tag->end;

	while (from > t->start && is_blank(from[-1]))
		from--;
	while (to < t->end && is_blank(*to))
		to++;
	if (from > t->start && from[-1] != '\n')
		return;
	if (to < t->end && *to == '\r')
		to++;
	if (to < t->end && *to++ != '\n')
		return;
	tag->line_start = from;
	tag->next = to;
}

/* t->p is at "{{". */
static int read_tag(struct parser *p, const struct text *t, struct tag *tag)
{
	const char *inner = t->p + 2, *close, *bar;

	close = memmem(inner, (size_t)(t->end - inner), "}}", 2);
	if (!close)
		return bad(p, t, "\"{{\" without \"}}\"");
	*tag = (struct tag){.start = t->p, .end = close + 2, .next = close + 2};
	if (inner < close && *inner && strchr("#^/>!", *inner))
		tag->sigil = *inner++;
	if (tag->sigil)
		find_line(t, tag);
	if (tag->sigil == '!')
		return 0;
	bar = tag->sigil ? NULL : memchr(inner, '|', (size_t)(close - inner));
	if (bar)
		tag->slot = trimmed(p->pool, bar + 1, close);
	tag->name = trimmed(p->pool, inner, bar ? bar : close);
	if (tag->sigil == '>' ? !is_file_name(tag->name) : !is_name(tag->name))
		return bad(p, t, "a tag without a proper name");
	if (tag->slot && !hp_escape_slot_exists(tag->slot))
		return hp_err_set(p->err, HP_E_CONF, "%s:%u: there is no slot \"%s\"", t->file,
			t->line, tag->slot);
	return 0;
}

static void add_text(struct parser *p, const char *from, const char *to)
{
	if (to > from)
		add_node(p, &(struct hp_tnode){.type = HP_TNODE_TEXT, .s = from,
			.n = (size_t)(to - from)});
}

static void add_tag(struct parser *p, const struct text *t, const struct tag *tag,
	enum hp_tnode_type type)
{
	add_node(p, &(struct hp_tnode){.type = type,
			    .s = tag->name,
			    .slot = tag->slot,
			    .hash = hp_tmpl_hash(tag->name, strlen(tag->name)),
			    .file = t->file,
			    .line = t->line});
}

static int open_section(struct parser *p, const struct text *t, const struct tag *tag)
{
	if (p->n_open == MAX_SECTIONS)
		return bad(p, t, "sections are nested too deeply (at most 32)");
	p->open[p->n_open++] = n_nodes(p);
	add_tag(p, t, tag, tag->sigil == '#' ? HP_TNODE_SECTION : HP_TNODE_INVERTED);
	return 0;
}

static int close_section(struct parser *p, const struct text *t, const struct tag *tag,
	unsigned n_open_before)
{
	struct hp_tnode *section;

	if (p->n_open == n_open_before)
		return hp_err_set(p->err, HP_E_CONF, "%s:%u: {{/%s}} ends no section", t->file,
			t->line, tag->name);
	section = node_at(p, p->open[--p->n_open]);
	if (!hp_streq(section->s, tag->name))
		return hp_err_set(p->err, HP_E_CONF,
			"%s:%u: {{/%s}} ends the section \"%s\" of line %u", t->file, t->line,
			tag->name, section->s, section->line);
	section->end = n_nodes(p);
	return 0;
}

static int parse_text(struct parser *p, struct text *t, const char *name);

static int add_partial(struct parser *p, const struct text *t, const struct tag *tag)
{
	_cleanup_buf_ struct hp_buf text = HP_BUF_INIT;
	size_t n_indent = tag->line_start ? (size_t)(tag->start - tag->line_start) : 0, n;
	struct text sub = {.line = 1, .nesting = t->nesting + 1};
	int r;

	if (sub.nesting > MAX_NESTING)
		return bad(
			p, t, "partials are nested too deeply (at most 16): does one name itself?");
	if (++p->n_partials > MAX_PARTIALS)
		return bad(p, t, "too many partials (at most 1000 in one template)");
	r = p->set ? read_text(p->pool, p->set, p->format, tag->name, &text, &sub.file, p->err)
		   : HP_E_NOT_FOUND;
	if (r == HP_E_NOT_FOUND)
		return hp_err_set(p->err, HP_E_CONF, "%s:%u: there is no partial \"%s\"", t->file,
			t->line, tag->name);
	if (r < 0)
		return r;
	sub.start = indented(p->pool, &text, tag->line_start, n_indent, &n);
	sub.p = sub.start;
	sub.end = sub.start + n;
	return parse_text(p, &sub, tag->name);
}

static int add_any_tag(struct parser *p, const struct text *t, const struct tag *tag,
	unsigned n_open_before)
{
	switch (tag->sigil) {
	case '#':
	case '^':
		return open_section(p, t, tag);
	case '/':
		return close_section(p, t, tag, n_open_before);
	case '>':
		return add_partial(p, t, tag);
	case 0:
		add_tag(p, t, tag, HP_TNODE_VALUE);
		return 0;
	default:
		return 0;
	}
}

static void count_lines(struct text *t, const char *from, const char *to)
{
	while ((from = memchr(from, '\n', (size_t)(to - from)))) {
		t->line++;
		from++;
	}
}

static int parse_text(struct parser *p, struct text *t, const char *name)
{
	uint64_t length = (uint64_t)(t->end - t->p);
	unsigned n_open_before = p->n_open;
	struct tag tag;
	const char *brace;
	int r;

	if (memchr(t->p, '\0', (size_t)length))
		return hp_err_set(p->err, HP_E_CONF, "%s: a NUL byte in a template", t->file);
	/* Name and length first, so that moving text between files changes the digest. */
	hp_digest_add(&p->digest, name, strlen(name) + 1);
	hp_digest_add(&p->digest, &length, sizeof(length));
	hp_digest_add(&p->digest, t->p, (size_t)length);
	while ((brace = memmem(t->p, (size_t)(t->end - t->p), "{{", 2))) {
		const char *from = t->p;

		count_lines(t, t->p, brace);
		t->p = brace;
		r = read_tag(p, t, &tag);
		if (r < 0)
			return r;
		add_text(p, from, tag.line_start ? tag.line_start : brace);
		r = add_any_tag(p, t, &tag, n_open_before);
		if (r < 0)
			return r;
		count_lines(t, brace, tag.next);
		t->p = tag.next;
	}
	add_text(p, t->p, t->end);
	if (p->n_open > n_open_before) {
		struct hp_tnode *section = node_at(p, p->open[p->n_open - 1]);

		return hp_err_set(p->err, HP_E_CONF, "%s:%u: the section \"%s\" has no end",
			section->file, section->line, section->s);
	}
	return 0;
}

/* ---- entry points ---- */

static int parse(struct hp_pool *pool, struct hp_tmpl_set *set, const char *format,
	const char *name, const char *path, const char *text, size_t n, const struct hp_tmpl **ret,
	struct hp_err *err)
{
	struct parser p = {.pool = pool, .set = set, .format = format, .err = err};
	struct text t = {.file = path, .line = 1};
	struct hp_tmpl *tmpl = hp_palloc(pool, sizeof(*tmpl));
	int r;

	tmpl->escape = hp_escaper(format);
	if (!tmpl->escape)
		return hp_err_set(err, HP_E_BUG, "%s: there is no escaper \"%s\"", path, format);
	if (n > MAX_TEXT)
		return hp_err_set(err, HP_E_CONF, "%s: longer than %u bytes", path, MAX_TEXT);
	t.p = t.start = hp_pmemdup(pool, text, n);
	t.end = t.p + n;
	hp_digest_init(&p.digest);
	hp_digest_add(&p.digest, format, strlen(format) + 1);
	r = parse_text(&p, &t, name);
	if (r == 0) {
		tmpl->n = n_nodes(&p);
		tmpl->nodes = hp_pmemdup(pool, hp_buf_str(&p.nodes), p.nodes.len);
		hp_digest_hex(&p.digest, tmpl->digest);
		*ret = tmpl;
	}
	hp_buf_release(&p.nodes);
	return r;
}

int hp_tmpl_parse(struct hp_pool *pool, struct hp_tmpl_set *set, const char *format,
	const char *name, const char *text, size_t n, const struct hp_tmpl **ret,
	struct hp_err *err)
{
	const char *path = hp_pprintf(pool, "%s/%s", format, name);

	return parse(pool, set, hp_pstrdup(pool, format), name, path, n ? text : "", n, ret, err);
}

int hp_tmpl_get(struct hp_tmpl_set *set, const char *format, const char *name,
	const struct hp_tmpl **ret, struct hp_err *err)
{
	_cleanup_buf_ struct hp_buf text = HP_BUF_INIT;
	const char *path = NULL;
	struct entry *e;
	int r;

	for (e = set->entries; e; e = e->next) {
		if (strcmp(e->name, name) == 0 && strcmp(e->format, format) == 0) {
			*ret = e->t;
			return 0;
		}
	}
	HP_BUG_ON(!is_file_name(format) || !is_file_name(name));
	r = read_text(set->pool, set, format, name, &text, &path, err);
	if (r == HP_E_NOT_FOUND) {
		hp_err_set(err, r, "there is no template %s/%s", format, name);
		return hp_err_hint(err, "templates are looked for in %s",
			set->dirs.n ? set->dirs.v[set->dirs.n - 1] : "no folder at all");
	}
	if (r < 0)
		return r;
	e = hp_palloc(set->pool, sizeof(*e));
	e->format = hp_pstrdup(set->pool, format);
	e->name = hp_pstrdup(set->pool, name);
	r = parse(set->pool, set, e->format, name, path, hp_buf_str(&text), text.len, &e->t, err);
	if (r < 0)
		return r;
	e->next = set->entries;
	set->entries = e;
	*ret = e->t;
	return 0;
}
