/*
 * Apache's grammar: a directive a line, continued by a backslash at its end; sections;
 * ${VARIABLES}. What its modules and defines switch on and off is decided here, in the order of the
 * files, as Apache does.
 */
#include <ctype.h>
#include <string.h>
#include <sys/stat.h>

#include "node/import_impl.h"
#include "base/file.h"
#include "base/str.h"

#define LINE_MAX_BYTES 65536

struct lines {
	struct hp_reader *r;
	const struct hp_text *t;
	const char *p, *end;
	unsigned line; /* of what next() returned */
	unsigned next_line;
	const char *start;
	struct hp_buf buf;
};

static int broken(const struct lines *l, struct hp_err *err, const char *what)
{
	return hp_err_set(err, HP_E_CONF, "%s:%u: %s", l->t->name, l->line, what);
}

/* ---- lines ---- */
/* The next line that says something, continuations joined, blanks around it gone. 1, 0, <0. */
static int next(struct lines *l, struct hp_err *err)
{
	const char *nl;
	bool more;
	size_t n;

	while (l->p < l->end) {
		hp_buf_reset(&l->buf);
		l->start = l->p;
		l->line = l->next_line;
		do {
			nl = memchr(l->p, '\n', (size_t)(l->end - l->p));
			n = nl ? (size_t)(nl - l->p) : (size_t)(l->end - l->p);
			l->next_line++;
			if (n && l->p[n - 1] == '\r')
				n--;
			more = n && l->p[n - 1] == '\\';
			hp_buf_add(&l->buf, l->p, more ? n - 1 : n);
			l->p = nl ? nl + 1 : l->end;
			if (l->buf.len > LINE_MAX_BYTES)
				return broken(l, err, "the line is too long");
		} while (more && l->p < l->end);
		if (l->buf.len && memchr(l->buf.s, 0, l->buf.len))
			return broken(l, err, "there is a NUL byte");
		while (l->buf.len && isspace((unsigned char)l->buf.s[l->buf.len - 1]))
			l->buf.s[--l->buf.len] = 0;
		n = strspn(hp_buf_str(&l->buf), " \t\v\f\r");
		if (l->buf.len > n && l->buf.s[n] != '#')
			return 1;
	}
	return 0;
}

static const char *defined(struct hp_reader *r, const char *name)
{
	size_t i;

	for (i = r->defines.n; i-- > 0;)
		if (hp_streq(r->defines.v[i].key, name))
			return r->defines.v[i].value;
	return NULL;
}

/* ${NAME} by what Define said; others stay, as Apache leaves them. */
static const char *with_defines(struct hp_reader *r, const char *s)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	const char *close, *value;

	if (!strstr(s, "${") || !r->defines.n)
		return hp_pstrdup(r->pool, s);
	while (*s && b.len < LINE_MAX_BYTES) {
		close = s[0] == '$' && s[1] == '{' ? strchr(s, '}') : NULL;
		value = close ? defined(r, hp_pstrndup(r->pool, s + 2, (size_t)(close - s - 2)))
			      : NULL;
		if (value) {
			hp_buf_adds(&b, value);
			s = close + 1;
		} else {
			hp_buf_addc(&b, *s++);
		}
	}
	return hp_pstrdup(r->pool, hp_buf_str(&b));
}

/* Words as ap_getword_conf() parts them: in quotes a backslash keeps a quote or itself. */
static int split(struct lines *l, const char *s, struct hp_strv *ret, struct hp_err *err)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	char quote;

	for (;;) {
		s += strspn(s, " \t\v\f\r");
		if (!*s)
			return 0;
		if (++l->r->words > HP_IMPORT_WORDS)
			return broken(l, err, "there are too many words");
		hp_buf_reset(&b);
		quote = *s == '"' || *s == '\'' ? *s++ : 0;
		while (*s && (quote ? *s != quote : !isspace((unsigned char)*s))) {
			if (quote && *s == '\\' && (s[1] == quote || s[1] == '\\'))
				s++;
			hp_buf_addc(&b, *s++);
		}
		if (quote && *s)
			s++;
		hp_strv_add(l->r->pool, ret, hp_buf_str(&b));
	}
}

/* ---- conditions ---- */
static bool has_module(struct hp_reader *r, const char *name)
{
	static const char *const always[] = {"core.c", "http_core.c", "mod_so.c", "so_module",
		"mod_log_config.c", "log_config_module", "mod_logio.c", "logio_module",
		"mod_version.c", "version_module", "mod_watchdog.c", "watchdog_module",
		"mod_unixd.c", "unixd_module", "core_module", "http_module"};
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(always); i++)
		if (hp_streq(always[i], name))
			return true;
	/* a virtual host alone does not say what is loaded: then it is taken at its word */
	return !r->modules_known || hp_strv_has(&r->modules, name);
}

/* LoadModule ssl_module …/mod_ssl.so: known as ssl_module and as mod_ssl.c */
static void load_module(struct hp_reader *r, const struct hp_directive *d)
{
	const char *base, *dot;

	if (d->n_args < 2)
		return;
	r->modules_known = true;
	hp_strv_add_ref(r->pool, &r->modules, d->args[0]);
	base = strrchr(d->args[1], '/');
	base = base ? base + 1 : d->args[1];
	dot = strstr(base, ".so");
	if (hp_str_starts(base, "libphp"))
		hp_strv_add_ref(r->pool, &r->modules, "mod_php.c");
	else if (dot)
		hp_strv_addf(r->pool, &r->modules, "%.*s.c", (int)(dot - base), base);
}

static bool holds(struct hp_reader *r, const struct hp_directive *d)
{
	const char *what = d->n_args ? d->args[0] : "";
	bool not = *what == '!', is = false;
	struct stat st;

	if (not )
		what++;
	if (hp_streq(d->name, "<ifmodule"))
		is = has_module(r, what);
	else if (hp_streq(d->name, "<ifdefine"))
		is = defined(r, what);
	else if (hp_streq(d->name, "<ifversion"))
		is = true; /* what asks is the 2.4 that runs here */
	else if (hp_streq(d->name, "<iffile"))
		is = r->disk && hp_path_is_clean(hp_import_absolute(r, what)) &&
			stat(hp_path(r->pool, r->o->sysroot, hp_import_absolute(r, what)), &st) ==
				0;
	return is != not ;
}

static void define(struct hp_reader *r, const struct hp_directive *d)
{
	if (!d->n_args || r->defines.n >= HP_IMPORT_MEMBERS)
		return;
	HP_IMPORT_GROW(r->pool, r->defines.v, r->defines.n, r->defines.cap);
	r->defines.v[r->defines.n++] =
		(struct hp_member){.key = d->args[0], .value = d->n_args > 1 ? d->args[1] : ""};
}

static void undefine(struct hp_reader *r, const struct hp_directive *d)
{
	size_t i;

	for (i = 0; d->n_args && i < r->defines.n; i++)
		if (hp_streq(r->defines.v[i].key, d->args[0]))
			r->defines.v[i].key = "";
}

/* ---- includes ---- */
static int include_file(struct hp_reader *r, const struct hp_directive *d, const char *path,
	unsigned depth, struct hp_err *err)
{
	struct hp_strv in = {0};
	struct stat st;
	struct hp_text t;
	size_t i;

	if (depth >= HP_IMPORT_DEPTH || ++r->includes > HP_IMPORT_INCLUDES)
		return hp_err_set(
			err, HP_E_CONF, "%s:%u: too many files are included", d->file, d->line);
	if (r->disk && hp_path_is_clean(path) &&
		stat(hp_path(r->pool, r->o->sysroot, path), &st) == 0 && S_ISDIR(st.st_mode)) {
		if (hp_import_glob(r, hp_pprintf(r->pool, "%s/*", path), &in, err) < 0)
			return err->code;
		for (i = 0; i < in.n; i++)
			if (include_file(r, d, in.v[i], depth + 1, err) < 0)
				return err->code;
		return 0;
	}
	if (hp_import_text(r, path, &t, err) == 0)
		return hp_import_parse_apache(r, &t, d->parent, depth + 1, err);
	if (err->code == HP_E_OS)
		return err->code;
	if (err->code != HP_E_NOT_FOUND || !hp_streq(d->name, "includeoptional"))
		hp_import_note(r, NULL, d, HP_LOST, "%s", err->msg);
	hp_err_clear(err);
	return 0;
}

static int include(
	struct hp_reader *r, const struct hp_directive *d, unsigned depth, struct hp_err *err)
{
	struct hp_strv names = {0};
	const char *path;
	size_t i;

	if (d->n_args != 1)
		return 0;
	path = hp_import_absolute(r, d->args[0]);
	if (strlen(path) > 1 && hp_str_ends(path, "/"))
		path = hp_pstrndup(r->pool, path, strlen(path) - 1);
	if (hp_import_glob(r, path, &names, err) < 0)
		return err->code;
	for (i = 0; i < names.n; i++)
		if (include_file(r, d, names.v[i], depth, err) < 0)
			return err->code;
	return 0;
}

/* ---- sections ---- */
struct open {
	struct hp_directive *d; /* NULL: a condition that holds: what is in it counts */
	const char *name, *start;
};

struct sections {
	struct open v[HP_IMPORT_DEPTH];
	size_t n;
	unsigned skip; /* within a condition that does not hold: so many deep */
};

/* "<VirtualHost *:80>" without its last bracket, the name in lower case with the first one. */
static int words_of(struct lines *l, struct hp_strv *ret, struct hp_err *err)
{
	const char *s = with_defines(l->r, hp_buf_str(&l->buf));
	char *name, *text;

	s += strspn(s, " \t\v\f\r");
	text = hp_pstrdup(l->r->pool, s);
	if (*text == '<' && text[strlen(text) - 1] == '>')
		text[strlen(text) - 1] = 0;
	else if (*text == '<')
		return broken(l, err, "a section's line does not end with “>”");
	if (split(l, text, ret, err) < 0)
		return err->code;
	name = hp_pstrdup(l->r->pool, ret->v[0]);
	hp_str_lower(name);
	ret->v[0] = name;
	return 0;
}

static int close_section(struct lines *l, struct sections *s, const char *name,
	struct hp_directive **at, struct hp_err *err)
{
	struct open *o;

	if (!s->n || !hp_streq(s->v[s->n - 1].name + 1, name + 2))
		return broken(l, err, "a section ends here that was not begun");
	o = &s->v[--s->n];
	if (o->d) {
		o->d->text = o->start;
		o->d->len = (size_t)(l->p - o->start);
		*at = o->d->parent;
	}
	return 0;
}

/* Conditions are not part of the tree: what holds stands where the condition stood. */
static bool is_condition(const char *name)
{
	static const char *const all[] = {"<ifmodule", "<ifdefine", "<ifversion", "<iffile"};
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(all); i++)
		if (hp_streq(all[i], name))
			return true;
	return false;
}

static int open_section(struct lines *l, struct sections *s, struct hp_directive *d,
	struct hp_directive **at, struct hp_err *err)
{
	bool condition = is_condition(d->name);

	if (s->n + 1 >= HP_IMPORT_DEPTH)
		return broken(l, err, "sections stand in sections too deeply");
	if (condition && !holds(l->r, d)) {
		s->skip = 1;
		return 0;
	}
	s->v[s->n++] = (struct open){.d = condition ? NULL : d, .name = d->name, .start = l->start};
	d->block = true;
	if (!condition)
		*at = d;
	return 0;
}

static int act(struct lines *l, struct sections *s, struct hp_directive **at, unsigned depth,
	struct hp_err *err)
{
	struct hp_strv words = {0};
	struct hp_directive *d;
	const char *name;

	if (words_of(l, &words, err) < 0)
		return err->code;
	name = words.v[0];
	if (s->skip) {
		if (*name == '<')
			s->skip = name[1] == '/' ? s->skip - 1 : s->skip + 1;
		return 0;
	}
	if (hp_str_starts(name, "</"))
		return close_section(l, s, name, at, err);
	if (hp_import_directive(l->r, is_condition(name) ? NULL : *at, l->t->name, l->line, words.v,
		    words.n, &d, err) < 0)
		return err->code;
	d->text = l->start;
	d->len = (size_t)(l->p - l->start);
	if (*name == '<')
		return open_section(l, s, d, at, err);
	if (hp_streq(name, "loadmodule"))
		load_module(l->r, d);
	else if (hp_streq(name, "define"))
		define(l->r, d);
	else if (hp_streq(name, "undefine"))
		undefine(l->r, d);
	else if (hp_streq(name, "serverroot") && d->n_args && d->args[0][0] == '/')
		l->r->prefix = d->args[0];
	else if (hp_streq(name, "include") || hp_streq(name, "includeoptional"))
		return include(l->r, d, depth, err);
	return 0;
}

int hp_import_parse_apache(struct hp_reader *r, const struct hp_text *t, struct hp_directive *root,
	unsigned depth, struct hp_err *err)
{
	struct lines l = {.r = r, .t = t, .p = t->text, .end = t->text + t->len, .next_line = 1};
	struct sections *s = hp_palloc(r->pool, sizeof(*s));
	struct hp_directive *at = root;
	int rc;

	while ((rc = next(&l, err)) > 0) {
		rc = act(&l, s, &at, depth, err);
		if (rc < 0)
			break;
	}
	if (rc == 0 && (s->n || s->skip))
		rc = broken(&l, err, "a section has no end");
	hp_buf_release(&l.buf);
	return rc;
}
