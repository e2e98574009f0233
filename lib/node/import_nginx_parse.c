/*
 * NGINX's grammar (ngx_conf_file.c): words, ";" and blocks. Quotes count at the start of a word,
 * "#" begins a comment there, "${" does not begin a block.
 */
#include <string.h>

#include "node/import_impl.h"
#include "base/str.h"

int hp_import_directive(struct hp_reader *r, struct hp_directive *parent, const char *file,
	unsigned line, const char *const *words, size_t n, struct hp_directive **ret,
	struct hp_err *err)
{
	struct hp_directive *d;

	if (++r->directives > HP_IMPORT_DIRECTIVES)
		return hp_err_set(err, HP_E_CONF, "%s:%u: more than %d directives are not read",
			file, line, HP_IMPORT_DIRECTIVES);
	d = hp_palloc(r->pool, sizeof(*d));
	d->name = words[0];
	d->args = hp_palloc(r->pool, n * sizeof(*d->args));
	memcpy(d->args, words + 1, (n - 1) * sizeof(*d->args));
	d->n_args = (unsigned)(n - 1);
	d->file = file;
	d->line = line;
	d->parent = parent;
	*ret = d;
	if (!parent)
		return 0;
	if (parent->last)
		parent->last->next = d;
	else
		parent->child = d;
	parent->last = d;
	return 0;
}

struct lexer {
	struct hp_reader *r;
	const char *file, *p, *end;
	unsigned line;
	struct hp_buf word;
};

static int broken(struct lexer *l, struct hp_err *err, const char *what)
{
	return hp_err_set(err, HP_E_CONF, "%s:%u: %s", l->file, l->line, what);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(struct lexer *l)
{
	while (l->p < l->end) {
		if (*l->p == '#') {
			while (l->p < l->end && *l->p != '\n')
				l->p++;
		} else if (is_blank(*l->p)) {
			l->line += *l->p++ == '\n';
		} else {
			break;
		}
	}
}

/* One character of a word, escapes undone. */
static void take(struct lexer *l)
{
	static const char plain[] = "\"'\\", named[] = "trn", means[] = "\t\r\n";
	const char *hit;

	if (*l->p == '\\' && l->p + 1 < l->end) {
		if (l->p[1] && strchr(plain, l->p[1]))
			l->p++;
		else if (l->p[1] && (hit = strchr(named, l->p[1]))) {
			hp_buf_addc(&l->word, means[hit - named]);
			l->p += 2;
			return;
		} else {
			/* kept, as the start of a regular expression's own escape */
			hp_buf_addc(&l->word, *l->p++);
		}
	}
	l->line += *l->p == '\n';
	hp_buf_addc(&l->word, *l->p++);
}

static int quoted(struct lexer *l, struct hp_err *err)
{
	char quote = *l->p++;

	while (l->p < l->end && *l->p != quote)
		take(l);
	if (l->p == l->end)
		return broken(l, err, "a quoted word has no end");
	l->p++;
	if (l->p < l->end && *l->p == ')')
		return 0;
	if (l->p < l->end && !is_blank(*l->p) && *l->p != ';' && *l->p != '{')
		return broken(l, err, "a blank, “;” or “{” is wanted behind a quoted word");
	return 0;
}

static void bare(struct lexer *l)
{
	while (l->p < l->end && !is_blank(*l->p) && *l->p != ';' && *l->p != '{') {
		if (l->p[0] == '$' && l->p + 1 < l->end && l->p[1] == '{') {
			hp_buf_addc(&l->word, *l->p++);
			hp_buf_addc(&l->word, *l->p++);
			continue;
		}
		take(l);
	}
}

static int word(struct lexer *l, struct hp_strv *words, struct hp_err *err)
{
	if (++l->r->words > HP_IMPORT_WORDS)
		return broken(l, err, "there are too many words");
	hp_buf_reset(&l->word);
	if (*l->p == '"' || *l->p == '\'') {
		if (quoted(l, err) < 0)
			return err->code;
	} else {
		bare(l);
	}
	if (l->word.len && memchr(l->word.s, 0, l->word.len))
		return broken(l, err, "there is a NUL byte");
	hp_strv_add(l->r->pool, words, hp_buf_str(&l->word));
	return 0;
}

/* "…_by_lua_block {": another language, up to its closing bracket. */
static int skip_foreign(struct lexer *l, struct hp_err *err)
{
	unsigned depth = 1;

	for (; l->p < l->end && depth; l->p++) {
		l->line += *l->p == '\n';
		depth += *l->p == '{';
		depth -= *l->p == '}';
	}
	return depth ? broken(l, err, "a block has no end") : 0;
}

/* ---- include ---- */
static int include(struct lexer *l, struct hp_directive *d, unsigned depth, struct hp_err *err)
{
	struct hp_directive *parent = d->parent;
	struct hp_strv names = {0};
	struct hp_text t;
	size_t i;

	if (d->n_args != 1)
		return broken(l, err, "include wants one file");
	if (depth >= HP_IMPORT_DEPTH)
		return broken(l, err, "files include each other too deeply");
	if (hp_import_glob(l->r, hp_import_absolute(l->r, d->args[0]), &names, err) < 0)
		return hp_err_prefix(err, "%s:%u", d->file, d->line);
	for (i = 0; i < names.n; i++) {
		if (++l->r->includes > HP_IMPORT_INCLUDES)
			return broken(l, err, "too many files are included");
		if (hp_import_text(l->r, names.v[i], &t, err) < 0) {
			if (err->code == HP_E_OS)
				return err->code;
			hp_import_note(l->r, NULL, d, HP_LOST, "%s", err->msg);
			hp_err_clear(err);
			continue;
		}
		if (hp_import_parse_nginx(l->r, &t, parent, depth + 1, err) < 0)
			return err->code;
	}
	return 0;
}

/* ---- directives ---- */
struct open {
	struct hp_directive *d;
	const char *start;
};

static void close_text(struct hp_directive *d, const char *start, const char *end)
{
	d->text = start;
	d->len = (size_t)(end - start);
}

/* Words up to ";" or "{": one directive below at. *ret_block when it opens a block. */
static int directive(struct lexer *l, struct hp_directive *at, unsigned depth,
	struct hp_directive **ret, struct hp_err *err)
{
	const char *start = l->p;
	unsigned line = l->line;
	struct hp_strv words = {0};
	struct hp_directive *d;

	for (;;) {
		skip_blanks(l);
		if (l->p == l->end)
			return broken(l, err, "the last directive has no end");
		if (*l->p == ';' || *l->p == '{')
			break;
		if (*l->p == '}')
			return broken(l, err, "“}” was not expected here");
		if (word(l, &words, err) < 0)
			return err->code;
	}
	if (!words.n)
		return broken(l, err, "a directive was expected here");
	if (hp_import_directive(l->r, at, l->file, line, words.v, words.n, &d, err) < 0)
		return err->code;
	d->block = *l->p++ == '{';
	*ret = d;
	if (d->block && hp_str_ends(d->name, "_by_lua_block")) {
		d->block = false;
		if (skip_foreign(l, err) < 0)
			return err->code;
	}
	close_text(d, start, l->p);
	if (!d->block && hp_streq(d->name, "include"))
		return include(l, d, depth, err);
	return 0;
}

static int blocks(struct lexer *l, struct hp_directive *root, unsigned depth, struct hp_err *err)
{
	struct open open[HP_IMPORT_DEPTH];
	struct hp_directive *d = NULL, *at = root;
	size_t n = 0;

	for (;;) {
		skip_blanks(l);
		if (l->p == l->end)
			break;
		if (*l->p == '}') {
			if (!n)
				return broken(l, err, "“}” was not expected here");
			l->p++;
			n--;
			close_text(open[n].d, open[n].start, l->p);
			at = open[n].d->parent;
			continue;
		}
		open[n].start = l->p;
		if (directive(l, at, depth, &d, err) < 0)
			return err->code;
		if (!d->block)
			continue;
		open[n++].d = at = d;
		if (n == HP_IMPORT_DEPTH)
			return broken(l, err, "blocks stand in blocks too deeply");
	}
	return n ? broken(l, err, "a block has no end") : 0;
}

int hp_import_parse_nginx(struct hp_reader *r, const struct hp_text *t, struct hp_directive *root,
	unsigned depth, struct hp_err *err)
{
	struct lexer l = {
		.r = r, .file = t->name, .p = t->text, .end = t->text + t->len, .line = 1};
	int rc = blocks(&l, root, depth, err);

	hp_buf_release(&l.word);
	return rc;
}
