#include <stddef.h>

#include "cmd/input.h"
#include "base/file.h"
#include "base/str.h"
#include "sys/json.h"

bool cli_is_batch(const struct cli *c)
{
	return (c->verb->flags & CLI_STDIN) && c->n_args && hp_streq(c->args[0], "-");
}

static int put(struct hp_pool *pool, const struct cli_input_kind *k, struct cli_input *in,
	const struct hp_assign *a, bool replace, struct hp_err *err)
{
	const struct hp_field *f = &k->fields->fields[a->field];
	struct hp_assign *bigger;
	size_t i;

	if (hp_streq(f->name, k->key))
		return hp_err_field(err, HP_E_USAGE, f->name,
			"it is the name of the %s itself and can't be set", k->fields->object);
	if (f->flags & HP_FF_READONLY)
		return hp_err_field(err, HP_E_USAGE, f->name,
			"it is kept by the panel and can't be set");
	if ((f->flags & HP_FF_CREATE) && !k->is_new)
		return hp_err_field(err, HP_E_USAGE, f->name,
			"it can be given only when the %s is made, not changed later",
			k->fields->object);
	for (i = 0; i < in->n_assign; i++) {
		if (in->assign[i].field != a->field || !hp_streq(in->assign[i].member, a->member))
			continue;
		if (!replace)
			return hp_err_field(err, HP_E_USAGE, f->name, "it is given twice");
		in->assign[i] = *a;
		return 0;
	}
	bigger = hp_palloc(pool, (in->n_assign + 1) * sizeof(*bigger));
	if (in->n_assign)
		memcpy(bigger, in->assign, in->n_assign * sizeof(*bigger));
	bigger[in->n_assign] = *a;
	in->assign = bigger;
	in->n_assign++;
	return 0;
}

/* One line from a file or stdin; the line's end is not part of the secret. */
static int read_secret(struct cli *c, const char *name, const char *path, const char **ret,
	struct hp_err *err)
{
	struct hp_buf b = HP_BUF_INIT;
	int r;

	if (hp_streq(path, "-"))
		r = hp_fd_read(STDIN_FILENO, "standard input", 64 << 10, &b, err);
	else
		r = hp_file_read(path, 64 << 10, &b, err);
	if (r == 0) {
		while (b.len && (b.s[b.len - 1] == '\n' || b.s[b.len - 1] == '\r'))
			b.len--;
		if (b.len && memchr(b.s, 0, b.len))
			r = hp_err_set(err, HP_E_USAGE, "%s: there is a NUL byte in what was read",
				name);
		else
			*ret = hp_pstrndup(c->pool, b.len ? b.s : "", b.len);
	} else {
		hp_err_prefix(err, "%s", name);
	}
	if (b.s)
		hp_wipe(b.s, b.cap);
	hp_buf_release(&b);
	return r;
}

/* A secret stands in argv only as the name of where it is. */
static int secret_word(struct cli *c, const struct hp_field_table *t, const char **word,
	struct hp_err *err)
{
	const char *eq = strchr(*word, '=');
	const char *name, *value = "";
	int i;

	if (!eq)
		return 0;
	name = hp_pstrndup(c->pool, *word, (size_t)(eq - *word));
	i = hp_field_of(t, *word);
	if (i < 0 || !(t->fields[i].flags & HP_FF_SECRET) || !eq[1])
		return 0;
	if (eq[1] != '@') {
		hp_err_set(err, HP_E_USAGE,
			"%s: a secret can't be given in the command line, where "
			"every user of this host can read it",
			name);
		return hp_err_hint(err,
			"write it to a file and say %s=@FILE, or %s=@- to give it on "
			"standard input",
			name, name);
	}
	if (hp_streq(eq + 2, "-") && cli_is_batch(c))
		return hp_err_set(
			err, HP_E_USAGE, "%s: standard input gives the names already", name);
	if (read_secret(c, name, eq + 2, &value, err) < 0)
		return err->code;
	*word = hp_pprintf(c->pool, "%s=%s", name, value);
	return 0;
}

static int no_fields(const char *word, struct hp_pool *pool, struct hp_err *err)
{
	return hp_err_set(
		err, HP_E_USAGE, "unexpected operand “%s”", hp_str_printable(pool, word, 60));
}

/* The word would be right elsewhere: in another place, or with another verb. */
static int what_instead(struct cli *c, const struct cli_input_kind *k, const char *word,
	struct hp_err *err)
{
	if (!strchr(word, '=')) {
		if (c->n_args && strchr(c->args[0], '='))
			return hp_err_hint(err, "the %s comes first: %s %s %s", k->key,
				c->prog->name, c->verb->name, c->verb->operands);
		return hp_err_hint(err, "usage: %s %s %s", c->prog->name, c->verb->name,
			c->verb->operands);
	}
	if (k->fields != &hp_site_table)
		return err->code;
	if (hp_str_starts(word, "tenant="))
		return hp_err_hint(err, "a website stays with the tenant that it was made for");
	if (hp_str_starts(word, "aliases=") || hp_str_starts(word, "alias="))
		return hp_err_hint(err, "hp-site alias DOMAIN add|remove NAME… changes them");
	return err->code;
}

int cli_assign(struct cli *c, const struct cli_input_kind *k, const char *const *words, unsigned n,
	struct cli_input *ret, struct hp_err *err)
{
	struct hp_assign a;
	unsigned i;

	for (i = 0; i < n; i++) {
		const char *word = words[i];
		const char *tenant =
			(k->extra & CLI_IN_TENANT) ? hp_str_after(word, "tenant=") : NULL;
		const char *names =
			(k->extra & CLI_IN_ALIASES) ? hp_str_after(word, "aliases=") : NULL;

		if (!k->fields)
			return no_fields(word, c->pool, err);
		if (tenant) {
			if (ret->tenant)
				return hp_err_field(err, HP_E_USAGE, "tenant", "it is given twice");
			ret->tenant = tenant;
			continue;
		}
		if (names) {
			hp_str_split(c->pool, names, ",", &ret->aliases);
			continue;
		}
		if (secret_word(c, k->fields, &word, err) < 0)
			return err->code;
		if (hp_field_assign(c->pool, k->fields, word, &a, err) < 0)
			return what_instead(c, k, word, err);
		if (put(c->pool, k, ret, &a, false, err) < 0)
			return err->code;
	}
	return 0;
}

/* ---- JSON lines ---- */
/* What is no field of the table. A list of names is an array, any value is taken as key=value's. */
static const struct member {
	const char *name;
	unsigned extra; /* who takes it: CLI_IN_* */
	enum { TEXT, NAMES, VALUE } type;
	size_t at; /* in struct cli_input */
} members[] = {
	{"if_revision", CLI_IN_REVISION, TEXT, offsetof(struct cli_input, if_revision)},
	{"tenant", CLI_IN_TENANT, TEXT, offsetof(struct cli_input, tenant)},
	{"aliases", CLI_IN_ALIASES, NAMES, offsetof(struct cli_input, aliases)},
	{"add", CLI_IN_NAMES, NAMES, offsetof(struct cli_input, add)},
	{"remove", CLI_IN_NAMES, NAMES, offsetof(struct cli_input, remove)},
	{"password", CLI_IN_PASSWORD, TEXT, offsetof(struct cli_input, password)},
	{"code", CLI_IN_CODE, TEXT, offsetof(struct cli_input, code)},
	{"name", CLI_IN_KEY, TEXT, offsetof(struct cli_input, label)},
	{"verbs", CLI_IN_KEY, VALUE, offsetof(struct cli_input, verbs)},
	{"sites", CLI_IN_KEY, VALUE, offsetof(struct cli_input, sites)},
	{"from", CLI_IN_KEY, VALUE, offsetof(struct cli_input, from)},
	{"expires", CLI_IN_KEY, TEXT, offsetof(struct cli_input, expires)},
};

static int json_names(struct hp_pool *pool, const struct hp_json *v, struct hp_strv *ret,
	struct hp_err *err)
{
	const struct hp_json *e;

	if (hp_json_type(v) != HP_JSON_ARRAY)
		return hp_err_field(
			err, HP_E_USAGE, hp_json_key(v), "a JSON array of names is wanted");
	for (e = hp_json_first(v); e; e = hp_json_next(e)) {
		if (!hp_json_str(e))
			return hp_err_field(
				err, HP_E_USAGE, hp_json_key(v), "a name must be a string");
		hp_strv_add(pool, ret, hp_json_str(e));
	}
	return 0;
}

/* A JSON value as the text that key=value would have; NULL when it is null. */
static int json_text(struct hp_pool *pool, const struct hp_json *v, const char **ret)
{
	struct hp_buf b = HP_BUF_INIT;
	struct hp_jw w;

	switch (hp_json_type(v)) {
	case HP_JSON_NULL:
		*ret = "";
		return 0;
	case HP_JSON_STRING:
		*ret = hp_pstrdup(pool, hp_json_str(v));
		return 0;
	default:
		hp_jw_init(&w, &b, false);
		hp_jw_value(&w, NULL, v);
		*ret = hp_pstrdup(pool, hp_buf_str(&b));
		hp_buf_release(&b);
		return 0;
	}
}

static unsigned extras(const struct cli *c, const struct cli_input_kind *k)
{
	return k->extra | (c->verb->flags & CLI_IF_REVISION ? CLI_IN_REVISION : 0);
}

static int json_member(struct hp_pool *pool, const struct member *x, const struct hp_json *m,
	struct cli_input *in, struct hp_err *err)
{
	void *at = (char *)in + x->at;

	if (x->type == NAMES) {
		in->names |= x->extra == CLI_IN_NAMES;
		return json_names(pool, m, at, err);
	}
	if (x->type == VALUE)
		return json_text(pool, m, at);
	if (!hp_json_str(m))
		return hp_err_field(err, HP_E_USAGE, x->name, "a string is wanted");
	*(char **)at = hp_pstrdup(pool, hp_json_str(m));
	return 0;
}

static int unknown_member(struct hp_pool *pool, const struct cli_input_kind *k, unsigned extra,
	const char *key, struct hp_err *err)
{
	const char *known = k->key;
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(members); i++)
		if (members[i].extra & extra)
			known = hp_pprintf(pool, "%s, %s", known, members[i].name);
	hp_err_field(err, HP_E_USAGE, key, "it is not taken here");
	return hp_err_hint(err, "there are: %s", known);
}

static int json_field(struct hp_pool *pool, const struct cli_input_kind *k, const struct hp_json *m,
	struct cli_input *in, struct hp_err *err)
{
	const char *text, *key = hp_json_key(m);
	struct hp_assign a;

	if (strchr(key, '='))
		return hp_err_field(err, HP_E_USAGE, key, "it is not a setting");
	json_text(pool, m, &text);
	if (hp_field_assign(pool, k->fields, hp_pprintf(pool, "%s=%s", key, text), &a, err) < 0)
		return err->code;
	return put(pool, k, in, &a, true, err);
}

static int json_one(struct cli *c, struct hp_pool *pool, const struct cli_input_kind *k,
	const struct hp_json *m, struct cli_input *in, struct hp_err *err)
{
	const char *key = hp_json_key(m);
	unsigned extra = extras(c, k);
	size_t i;

	if (hp_streq(key, k->key)) {
		if (!hp_json_str(m))
			return hp_err_field(err, HP_E_USAGE, key, "a string is wanted");
		in->name = hp_pstrdup(pool, hp_json_str(m));
		return 0;
	}
	for (i = 0; i < HP_ARRAY_SIZE(members); i++)
		if ((members[i].extra & extra) && hp_streq(key, members[i].name))
			return json_member(pool, &members[i], m, in, err);
	return k->fields ? json_field(pool, k, m, in, err)
			 : unknown_member(pool, k, extra, key, err);
}

static int json_line(struct cli *c, struct hp_pool *pool, const struct cli_input_kind *k,
	const char *line, size_t len, struct cli_input *in, struct hp_err *err)
{
	struct hp_json *doc _cleanup_json_ = NULL;
	const struct hp_json *m;

	if (hp_json_parse(line, len, &doc, err) < 0)
		return err->code;
	/* its name first, so that a failure is told of it */
	m = hp_json_get(doc, k->key);
	if (m && json_one(c, pool, k, m, in, err) < 0)
		return err->code;
	for (m = hp_json_first(doc); m; m = hp_json_next(m))
		if (!hp_streq(hp_json_key(m), k->key) && json_one(c, pool, k, m, in, err) < 0)
			return err->code;
	if (!in->name && !(k->extra & CLI_IN_NAMELESS))
		return hp_err_field(err, HP_E_USAGE, k->key, "it is missing in the JSON object");
	return 0;
}

/* ---- the loop ---- */
struct batch {
	struct cli *c;
	const struct cli_input_kind *kind;
	const struct cli_input *common;
	cli_input_fn *fn;
	cli_fail_fn *on_fail;
	void *arg;
	uint64_t line, n, failed;
	int first_code;
};

/* What is asked of the object's revision is asked of this change alone, not of what follows it. */
static int call(struct batch *b, struct hp_pool *pool, const struct cli_input *in,
	struct hp_err *err)
{
	struct hp_panel *p = b->c->panel;
	int r;

	HP_BUG_ON(in->if_revision && !p);
	if (p)
		p->if_revision = in->if_revision;
	r = b->fn(b->c, pool, in, b->arg, err);
	if (p)
		p->if_revision = NULL;
	return r;
}

static void wipe(char *secret)
{
	if (secret)
		hp_wipe(secret, strlen(secret));
}

static void batch_line(struct batch *b, struct hp_pool *pool, const char *line, size_t len)
{
	struct hp_err err = HP_ERR_INIT, shown;
	struct cli_input in = *b->common;
	int r;

	/*
	 * the arrays are copied on write: put() never changes one in place unless it is the line's
	 */
	if (in.n_assign)
		in.assign = hp_pmemdup(pool, in.assign, in.n_assign * sizeof(*in.assign));
	memset(&in.aliases, 0, sizeof(in.aliases));
	for (size_t i = 0; i < b->common->aliases.n; i++)
		hp_strv_add(pool, &in.aliases, b->common->aliases.v[i]);
	b->n++;
	if (memchr(line, 0, len))
		r = hp_err_set(&err, HP_E_USAGE, "there is a NUL byte in the line");
	else if (line[0] == '{')
		r = json_line(b->c, pool, b->kind, line, len, &in, &err);
	else
		r = 0, in.name = line;
	if (r == 0 && b->c->if_revision && b->n > 1)
		r = hp_err_set(&err, HP_E_USAGE,
			"--if-revision: it is for one object; give \"if_revision\" in the JSON lines");
	if (r == 0)
		r = call(b, pool, &in, &err);
	wipe(in.password);
	wipe(in.code);
	if (r == 0)
		return;
	b->failed++;
	if (!b->first_code)
		b->first_code = r;
	shown = err;
	hp_err_prefix(&shown, "line %llu", (unsigned long long)b->line);
	cli_print_err(b->c, &shown);
	cli_denied(b->c, in.name ? in.name : "", &err);
	/* not what the line says: there may be secrets in it */
	b->on_fail(b->c,
		in.name ? in.name : hp_pprintf(pool, "line %llu", (unsigned long long)b->line),
		&err, b->arg);
}

/* Lists come with blanks around names, from other systems with CR LF, and with comments. */
static char *trim(char *line, size_t *n)
{
	while (*n && (line[*n - 1] == '\n' || line[*n - 1] == '\r' || line[*n - 1] == ' ' ||
			     line[*n - 1] == '\t'))
		line[--*n] = 0;
	while (*n && (*line == ' ' || *line == '\t'))
		line++, --*n;
	return line;
}

/*
 * The next line without its end: 1, or 0 where there is none. Not getline(3), which would read
 * whatever comes into memory before anybody could say that it is too much.
 */
static int next_line(struct hp_buf *line, uint64_t number, struct hp_err *err)
{
	int ch;

	hp_buf_reset(line);
	while ((ch = getc_unlocked(stdin)) != EOF && ch != '\n') {
		if (line->len == CLI_LINE_MAX)
			return hp_err_set(err, HP_E_USAGE,
				"standard input: line %llu is longer than %zu bytes",
				(unsigned long long)number, CLI_LINE_MAX);
		hp_buf_addc(line, (char)ch);
	}
	if (ferror(stdin))
		return hp_err_set(err, HP_E_OS, "standard input can't be read");
	return ch != EOF || line->len;
}

static int batch_read(struct batch *b, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_buf line _cleanup_buf_ = HP_BUF_INIT;
	char *text;
	size_t len;
	int r;

	while ((r = next_line(&line, ++b->line, err)) > 0) {
		hp_buf_str(&line); /* ends it by NUL */
		len = line.len;
		text = trim(line.s, &len);
		if (!len || *text == '#')
			continue;
		batch_line(b, pool, text, len);
		hp_wipe(line.s, line.len);
		hp_pool_reset(pool);
	}
	return r;
}

static int single(struct batch *b, struct cli_input *in, struct hp_err *err)
{
	struct cli *c = b->c;
	const struct cli_input_kind *k = b->kind;

	in->name = c->n_args ? c->args[0] : NULL;
	if ((c->n_args && !k->words &&
		    cli_assign(c, k, c->args + 1, c->n_args - 1, in, err) < 0) ||
		call(b, c->pool, in, err) < 0) {
		if (c->out_opts.mode != HP_OUT_TABLE)
			b->on_fail(c, in->name, err, b->arg);
		return err->code;
	}
	return 0;
}

int cli_inputs(struct cli *c, const struct cli_input_kind *k, cli_input_fn *fn,
	cli_fail_fn *on_fail, void *arg, struct hp_err *err)
{
	struct cli_input common = {.if_revision = c->if_revision};
	struct batch b = {.c = c, .kind = k, .common = &common, .fn = fn, .on_fail = on_fail,
		.arg = arg};

	if (!cli_is_batch(c))
		return single(&b, &common, err);
	if (!k->words && cli_assign(c, k, c->args + 1, c->n_args - 1, &common, err) < 0)
		return err->code;
	if (batch_read(&b, err) < 0)
		return err->code;
	if (!b.failed)
		return 0;
	cli_warn(c, "%llu of %llu failed", (unsigned long long)b.failed, (unsigned long long)b.n);
	return hp_err_set(err, b.first_code, "%s", "");
}
