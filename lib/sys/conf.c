/*
 * The configuration file. inih reads keys and values; what it passes over in
 * silence (section headers without keys, what follows a "]", cut lines) is
 * checked here, where each line passes on its way to it.
 */
#include <ini.h>

#include "base/file.h"
#include "base/str.h"
#include "sys/conf.h"
#include "sys/lib.h"

#define MAX_LINE 65535
#define MAX_FILE (1u << 20)

struct entry {
	const char *section, *key, *value;
	unsigned line;
	struct entry *next;
};

struct section {
	const char *name;
	unsigned line;
	struct section *next;
};

struct hp_conf {
	const char *path;
	struct entry *entries;
	struct section *sections, **last_section;
};

struct reader {
	struct hp_pool *pool;
	struct hp_conf *conf;
	const char *p, *end;
	unsigned line;       /* the one that inih has in hand */
	const struct section *section;
	struct hp_err *err;
	int failed;          /* a code once err is set */
};

static int bad(struct reader *r, const char *fmt, ...) HP_PRINTF(2, 3);
static int bad(struct reader *r, const char *fmt, ...)
{
	char what[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	r->failed = hp_err_set(r->err, HP_E_CONF, "%s:%u: %s", r->conf->path, r->line, what);
	return r->failed;
}

/* ---- the list of what may stand there ---- */

/* Does a section of the list ("php.*" or "web") stand for this one? */
static bool section_matches(const struct hp_conf_key *k, const char *section)
{
	size_t n = strlen(k->section);

	if (n < 2 || strcmp(k->section + n - 2, ".*") != 0)
		return strcmp(k->section, section) == 0;
	return strncmp(k->section, section, n - 1) == 0 && section[n - 1] &&
	       (!k->part || k->part(section + n - 1));
}

static const struct hp_conf_key *find_key(const char *section, const char *key)
{
	for (const struct hp_conf_key *k = hp_conf_keys; k->section; k++) {
		if (strcmp(k->key, key) == 0 && section_matches(k, section))
			return k;
	}
	return NULL;
}

/* What the writer may have meant: the nearest of all sections (key NULL) or of a section's keys. */
static const char *nearest(const char *section, const char *key)
{
	const char *wanted = key ? key : section, *best = NULL;
	unsigned best_distance = 0;

	for (const struct hp_conf_key *k = hp_conf_keys; k->section; k++) {
		const char *name = key ? k->key : k->section;
		unsigned d;

		if ((key && !section_matches(k, section)) || !hp_str_is_near(wanted, name))
			continue;
		d = hp_str_distance(wanted, name);
		if (!best || d < best_distance) {
			best = name;
			best_distance = d;
		}
	}
	return best;
}

/* ---- section headers ---- */

/* php."8.3" → php.8.3; NULL when it is not a name. */
static const char *normal_section(struct hp_pool *pool, const char *from, const char *to)
{
	char *name = hp_pstrndup(pool, from, (size_t)(to - from)), *o = name;
	bool quoted = false;

	for (const char *p = name; *p; p++) {
		if (*p == '"')
			quoted = !quoted;
		else
			*o++ = *p;
	}
	*o = '\0';
	if (quoted || !*name ||
		name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "0123456789_.-")])
		return NULL;
	return name;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Nothing but blanks or a comment? */
static bool is_rest(const char *p, const char *end)
{
	while (p < end && is_blank(*p))
		p++;
	return p == end || *p == ';' || *p == '#';
}

static int open_section(struct reader *r, const char *name)
{
	struct section *s;
	const char *near;
	bool known = false;

	for (const struct hp_conf_key *k = hp_conf_keys; k->section && !known; k++)
		known = section_matches(k, name);
	if (!known) {
		bad(r, "there is no section [%s]", name);
		near = nearest(name, NULL);
		if (near)
			hp_err_hint(r->err, "did you mean [%s]?", near);
		return r->failed;
	}
	for (s = r->conf->sections; s; s = s->next) {
		if (strcmp(s->name, name) == 0)
			return bad(r, "the section [%s] was opened in line %u already", name,
				s->line);
	}
	s = hp_palloc(r->pool, sizeof(*s));
	s->name = name;
	s->line = r->line;
	*r->conf->last_section = s;
	r->conf->last_section = &s->next;
	r->section = s;
	return 0;
}

/* A line that starts with '['. */
static int read_header(struct reader *r, const char *p, const char *end)
{
	const char *close = memchr(p, ']', (size_t)(end - p)), *from = p + 1, *to = close, *name;

	if (!close)
		return bad(r, "\"[\" without \"]\"");
	if (!is_rest(close + 1, end))
		return bad(r, "something follows the section's \"]\"");
	while (from < to && is_blank(*from))
		from++;
	while (to > from && is_blank(to[-1]))
		to--;
	name = normal_section(r->pool, from, to);
	if (!name)
		return bad(r, "this is not the name of a section");
	return open_section(r, name);
}

/* fgets(3) over the text, as inih wants it: one line each time. */
static char *next_line(char *buf, int size, void *arg)
{
	struct reader *r = arg;
	const char *start = r->p, *p = start, *eol;
	size_t n;

	if (r->failed || start == r->end)
		return NULL;
	r->line++;
	eol = memchr(start, '\n', (size_t)(r->end - start));
	n = (size_t)((eol ? eol + 1 : r->end) - start);
	if (n > MAX_LINE || n >= (size_t)size) {
		bad(r, "the line is longer than %d bytes", MAX_LINE);
		return NULL;
	}
	r->p += n;
	eol = eol ? eol : r->end;
	while (p < eol && is_blank(*p))
		p++;
	if (p < eol && *p == '[' && read_header(r, p, eol) < 0)
		return NULL;
	memcpy(buf, start, n);
	buf[n] = '\0';
	return buf;
}

/* ---- values ---- */

/* "…" with \" and \\, or '…' as it is; behind it only a comment. */
static int unquote(struct reader *r, const char *v, const char **ret)
{
	const char *p = v + 1;
	char *out = hp_pstrdup(r->pool, v), *o = out;

	for (; *p && *p != *v; p++) {
		if (*v == '"' && *p == '\\' && (p[1] == '"' || p[1] == '\\'))
			p++;
		*o++ = *p;
	}
	if (!*p)
		return bad(r, "a quote without its end");
	if (!is_rest(p + 1, p + strlen(p)))
		return bad(r, "something follows the value's closing quote");
	*o = '\0';
	*ret = out;
	return 0;
}

/* Up to a comment, which starts with a blank and ';' or '#'. */
static const char *unquoted(struct reader *r, const char *v)
{
	size_t n = 0;

	if (*v == ';' || *v == '#')
		return "";
	while (v[n] && !(is_blank(v[n]) && (v[n + 1] == ';' || v[n + 1] == '#')))
		n++;
	while (n && is_blank(v[n - 1]))
		n--;
	return hp_pstrndup(r->pool, v, n);
}

static int add_entry(struct reader *r, const char *key, const char *text)
{
	const struct hp_conf_key *k;
	const struct entry *twin;
	const char *value = NULL, *near;
	struct entry *e;

	if (!r->section)
		return bad(r, "\"%.100s\" stands before the first section", key);
	k = find_key(r->section->name, key);
	if (!k) {
		bad(r, "there is no key \"%.100s\" in section [%s]", key, r->section->name);
		near = nearest(r->section->name, key);
		if (near)
			hp_err_hint(r->err, "did you mean %s?", near);
		return r->failed;
	}
	for (twin = r->conf->entries; twin; twin = twin->next) {
		if (twin->section == r->section->name && strcmp(twin->key, key) == 0)
			return bad(r, "%s was set in line %u already", key, twin->line);
	}
	if (*text != '"' && *text != '\'')
		value = unquoted(r, text);
	else if (unquote(r, text, &value) < 0)
		return r->failed;
	if (strchr(value, '\t'))
		return bad(r, "%s: a tab within a value", key);
	if (k->check && k->check(value, r->err) < 0) {
		r->failed = hp_err_prefix(r->err, "%s:%u: %s", r->conf->path, r->line, key);
		return r->failed;
	}
	e = hp_palloc(r->pool, sizeof(*e));
	*e = (struct entry){.section = r->section->name, .key = k->key, .value = value,
		.line = r->line, .next = r->conf->entries};
	r->conf->entries = e;
	return 0;
}

static int on_key(void *arg, const char *section HP_UNUSED, const char *key, const char *value)
{
	return add_entry(arg, key, value) == 0;
}

/* ---- the whole ---- */

/* Tabs may stand between words, and CR before the line's end. */
static bool has_control(const char *p, const char *eol)
{
	if (eol > p && eol[-1] == '\r')
		eol--;
	for (const char *tab; p < eol; p = tab + 1) {
		tab = memchr(p, '\t', (size_t)(eol - p));
		tab = tab ? tab : eol;
		if (hp_str_has_control(p, (size_t)(tab - p)))
			return true;
	}
	return false;
}

/* Control characters and bad UTF-8 are refused before anything is read. */
static int check_bytes(struct reader *r, const char *text, size_t n)
{
	const char *end = text + n, *eol;

	for (const char *p = text; p < end; p = eol + 1) {
		r->line++;
		eol = memchr(p, '\n', (size_t)(end - p));
		eol = eol ? eol : end;
		if (!hp_utf8_is_valid(p, (size_t)(eol - p)))
			return bad(r, memchr(p, '\0', (size_t)(eol - p)) ? "a NUL byte" :
				"invalid UTF-8");
		if (has_control(p, eol))
			return bad(r, "a control character");
	}
	r->line = 0;
	return 0;
}

/* inih is loaded where there is something to read. Its switches are variables of the library. */
static int load(__typeof__(&ini_parse_stream) *ret, struct hp_err *err)
{
	__typeof__(&ini_allow_multiline) multiline, inline_comments, no_value, stack, grow, stop;
	__typeof__(&ini_max_line) line, first;
	const struct hp_lib_sym syms[] = {
		{"ini_parse_stream", ret},
		{"ini_allow_multiline", &multiline},
		{"ini_allow_inline_comments", &inline_comments},
		{"ini_allow_no_value", &no_value},
		{"ini_use_stack", &stack},
		{"ini_allow_realloc", &grow},
		{"ini_stop_on_first_error", &stop},
		{"ini_max_line", &line},
		{"ini_initial_alloc", &first},
		{NULL, NULL},
	};

	if (hp_lib_load(HP_LIB_INIH, syms, err) < 0)
		return hp_err_prefix(err, "configuration files can't be read");
	*multiline = *no_value = *stack = *grow = false;
	*inline_comments = false; /* it would look for them within quotes */
	*line = *first = MAX_LINE + 3;
	*stop = true;
	return 0;
}

static int parse(struct reader *r)
{
	__typeof__(&ini_parse_stream) parse_stream;
	int line;

	if (load(&parse_stream, r->err) < 0)
		return r->err->code;
	line = parse_stream(next_line, r, on_key, r);
	if (r->failed)
		return r->failed;
	if (line == -2)
		hp_die(HP_E_OS, "out of memory");
	if (line)
		return bad(r, "neither a section nor a key with a value");
	return 0;
}

int hp_conf_parse(struct hp_pool *pool, const char *name, const char *text, size_t n,
	struct hp_conf **ret, struct hp_err *err)
{
	struct hp_conf *c = hp_palloc(pool, sizeof(*c));
	struct reader r = {.pool = pool, .conf = c, .err = err};
	int res;

	c->path = hp_pstrdup(pool, name);
	c->last_section = &c->sections;
	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		n -= 3;
	}
	r.p = text;
	r.end = text + n;
	res = n ? check_bytes(&r, text, n) : 0;
	if (res == 0 && n)
		res = parse(&r);
	if (res == 0)
		*ret = c;
	return res;
}

int hp_conf_load(struct hp_pool *pool, const char *path, struct hp_conf **ret, struct hp_err *err)
{
	_cleanup_buf_ struct hp_buf text = HP_BUF_INIT;
	int r;

	r = hp_file_read(path, MAX_FILE, &text, err);
	if (r == HP_E_NOT_FOUND) {
		hp_err_clear(err);
		hp_buf_reset(&text);
		r = 0;
	}
	if (r < 0)
		return r;
	return hp_conf_parse(pool, path, hp_buf_str(&text), text.len, ret, err);
}

static const struct entry *find_entry(const struct hp_conf *c, const char *section, const char *key)
{
	for (const struct entry *e = c->entries; e; e = e->next) {
		if (strcmp(e->key, key) == 0 && strcmp(e->section, section) == 0)
			return e;
	}
	return NULL;
}

const char *hp_conf_get(const struct hp_conf *c, const char *section, const char *key)
{
	const struct hp_conf_key *k = find_key(section, key);
	const struct entry *e = find_entry(c, section, key);

	if (!k)
		hp_die(HP_E_BUG, "bug: [%s] %s is not in the list of configuration keys", section,
			key);
	return e ? e->value : k->deflt;
}

bool hp_conf_is_set(const struct hp_conf *c, const char *section, const char *key)
{
	return find_entry(c, section, key);
}

const char *hp_conf_path(const struct hp_conf *c)
{
	return c->path;
}

void hp_conf_sections(const struct hp_conf *c, struct hp_pool *pool, const char *prefix,
	struct hp_strv *ret)
{
	for (const struct section *s = c->sections; s; s = s->next) {
		if (hp_str_starts(s->name, prefix))
			hp_strv_add(pool, ret, s->name);
	}
}
