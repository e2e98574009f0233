/* Forms, made from the field tables, and what was filled in, made into members for a program. */
#include "cgi/page.h"
#include "cmd/cli.h"
#include "base/str.h"

/* ---- words ---- */
const char *form_label(struct cgi *c, const char *name)
{
	static const char *const words[][2] = {{"php", "PHP"}, {"ssl", "TLS"}, {"https", "HTTPS"},
		{"http", "HTTP"}, {"hsts", "HSTS"}, {"ips", "addresses"}, {"cpu", "CPU"},
		{"ttl", "lifetime"}, {"id", "ID"}, {"uid", "UID"}, {"url", "URL"}, {"gb", "(GiB)"},
		{"max", "maximum"}, {"root", "folder"}};
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_strv l = {0};
	size_t i, k;
	char *text;

	hp_str_split(c->pool, name, "_", &l);
	for (i = 0; i < l.n; i++) {
		const char *word = l.v[i];

		for (k = 0; k < HP_ARRAY_SIZE(words); k++)
			if (hp_streq(word, words[k][0]))
				word = words[k][1];
		hp_buf_addf(&b, "%s%s", i ? " " : "", word);
	}
	text = hp_pstrdup(c->pool, hp_buf_str(&b));
	if (*text >= 'a' && *text <= 'z')
		*text = (char)(*text - 0x20);
	return text;
}

static const char *group_title(const char *group)
{
	static const char *const titles[][2] = {{"site", "Website"}, {"web", "Web server"},
		{"php", "PHP"}, {"tls", "TLS"}, {"database", "Database"},
		{"performance", "Performance"}, {"security", "Security"}, {"limits", "Limits"},
		{"user", "User"}, {"tenant", "Tenant"}};
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(titles); i++)
		if (hp_streq(group, titles[i][0]))
			return titles[i][1];
	return group;
}

/* ---- values as text ---- */
static bool is_json(const struct hp_field *f)
{
	return f->type == HP_F_LIST || f->type == HP_F_MAP;
}

static const char *default_of(struct cgi *c, const struct hp_field *f)
{
	struct hp_err ignored = HP_ERR_INIT;
	struct hp_json *doc;
	const char *text = f->deflt ? f->deflt : "";

	if (!is_json(f) || hp_json_parse(text, strlen(text), &doc, &ignored) < 0)
		return text;
	text = hp_pstrdup(c->pool, page_text(c, doc));
	hp_json_free(doc);
	return text;
}

static const char *now_of(struct cgi *c, const struct page_form *f, const struct hp_field *field)
{
	return f->row ? page_member(c, f->row, field->name) : default_of(c, field);
}

/* Without blanks around it; each line of a list likewise, and none that is empty. */
static const char *tidy(struct cgi *c, const char *v, bool many)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_strv l = {0};
	size_t i;

	hp_str_split(c->pool, v, many ? "\r\n" : "", &l);
	for (i = 0; i < l.n; i++) {
		const char *s = l.v[i] + strspn(l.v[i], " \t");
		size_t n = strlen(s);

		while (n && strchr(" \t", s[n - 1]))
			n--;
		if (!n)
			continue;
		if (b.len)
			hp_buf_addc(&b, '\n');
		hp_buf_add(&b, s, n);
	}
	return hp_pstrdup(c->pool, hp_buf_str(&b));
}

/* What was filled in, or NULL: nothing of this field was asked for. */
static const char *given_of(struct cgi *c, const struct page_form *f, const struct hp_field *field)
{
	const char *v = f->given ? cgi_param(f->given, field->name) : NULL;

	if (v)
		return field->type == HP_F_BOOL || (field->flags & HP_FF_SECRET && !is_json(field))
			? v
			: tidy(c, v, is_json(field));
	/* of a whole form, a box without a tick is an answer, and says nothing */
	if (f->given && field->type == HP_F_BOOL && cgi_param(f->given, "whole"))
		return "false";
	return NULL;
}

static bool is_mine(const struct cgi *c, const struct page_form *f, const struct hp_field *field)
{
	const char *const *skip;

	if ((field->flags & HP_FF_READONLY) || (!f->is_new && (field->flags & HP_FF_CREATE)) ||
		((field->flags & HP_FF_OPERATOR) && !c->who.operator))
		return false;
	for (skip = f->skip; skip && *skip; skip++)
		if (hp_streq(*skip, field->name))
			return false;
	return true;
}

/* ---- the form ---- */
static void add_option(struct hp_tmap *m, const char *value, const char *label, const char *now)
{
	struct hp_tmap *o = hp_tmap_item(m, "options");

	hp_tmap_str(o, "option", value);
	hp_tmap_str(o, "option_label", label);
	hp_tmap_bool(o, "selected", hp_streq(value, now));
}

/* What there is to choose from; an empty list where it is free. */
static void put_options(struct cgi *c, const struct page_form *f, const struct hp_field *field,
	struct hp_tmap *m, const char *now)
{
	struct hp_strv l = {0};
	const struct hp_json *v;
	bool known = !*now;
	size_t i;

	hp_tmap_list(m, "options");
	if (field->type == HP_F_ENUM)
		hp_str_split(c->pool, field->arg, "|", &l);
	else if (field->type == HP_F_PHP_VERSION && f->versions)
		for (v = hp_json_first(f->versions); v; v = hp_json_next(v))
			hp_strv_add(c->pool, &l, page_member(c, v, "php_version"));
	if (!l.n)
		return;
	if (!*now || (field->flags & HP_FF_NULLABLE))
		add_option(m, "", "—", now);
	for (i = 0; i < l.n; i++) {
		add_option(m, l.v[i], l.v[i], now);
		known |= hp_streq(l.v[i], now);
	}
	if (!known) {
		now = page_clean(c, now);
		add_option(m, now, now, now);
	}
}

static const char *syntax_of(const struct hp_field *field)
{
	if (field->type == HP_F_LIST)
		return "One entry a line.";
	if (field->type != HP_F_MAP)
		return "";
	if (hp_streq(field->arg, "basic_auth"))
		return "One entry a line: PATH USER = {PLAIN}PASSWORD, or a hash; " HP_FIELD_MASK
		       " stays as it is.";
	return "One entry a line: NAME = VALUE.";
}

/* A browser's field for numbers shows nothing else: what was typed and is none is kept as text. */
static bool is_int(const struct hp_field *field, const char *v)
{
	int64_t ignored;

	return field->type == HP_F_INT &&
		(!*v || hp_parse_i64(v, INT64_MIN, INT64_MAX, &ignored) == 0);
}

static void put_bounds(
	struct cgi *c, const struct hp_field *field, const char *v, struct hp_tmap *m)
{
	bool bounded = is_int(field, v);

	hp_tmap_bool(m, "is_int", bounded);
	hp_tmap_i64(m, "min", field->min);
	hp_tmap_i64(m, "max", field->max);
	hp_tmap_str(m, "range", bounded ? cli_field_range(c->pool, field) : "");
}

/* What its JSON looks like is of no use here, where it is lines. */
static const char *help_of(struct cgi *c, const struct hp_field *field)
{
	const char *cut = strstr(field->help, ", a JSON "), *rest;

	if (!cut)
		return field->help;
	rest = strchr(cut, ';');
	return hp_pprintf(
		c->pool, "%.*s%s", (int)(cut - field->help), field->help, rest ? rest : "");
}

static void put_field(
	struct cgi *c, const struct page_form *f, const struct hp_field *field, struct hp_tmap *m)
{
	const char *v = given_of(c, f, field);
	bool secret = (field->flags & HP_FF_SECRET) && !is_json(field);
	bool bad = f->bad && hp_streq(f->bad, field->name), choice;

	if (!v)
		v = now_of(c, f, field);
	hp_tmap_str(m, "name", field->name);
	hp_tmap_str(m, "label", form_label(c, field->name));
	hp_tmap_str(m, "help", help_of(c, field));
	hp_tmap_str(m, "syntax", syntax_of(field));
	hp_tmap_str(m, "bad", bad ? f->why : "");
	hp_tmap_bool(m, "is_bool", field->type == HP_F_BOOL);
	hp_tmap_bool(m, "checked", hp_streq(v, "true"));
	put_bounds(c, field, v, m);
	hp_tmap_bool(m, "is_lines", is_json(field));
	hp_tmap_bool(m, "is_secret", secret);
	hp_tmap_bool(m, "required",
		f->is_new && !(field->flags & HP_FF_NULLABLE) && field->min > 0 && !field->deflt &&
			(field->flags & HP_FF_CREATE) && !(field->flags & HP_FF_OPERATOR));
	put_options(c, f, field, m, v);
	choice = field->type == HP_F_ENUM || (field->type == HP_F_PHP_VERSION && f->versions);
	hp_tmap_bool(m, "is_select", choice);
	hp_tmap_bool(m, "is_plain", !choice && !secret && !is_json(field) && !is_int(field, v));
	/* what is secret is not sent to whoever has the page */
	hp_tmap_str(m, "value", secret ? "" : page_clean(c, v));
}

/* All fields of the group whose first one is at i. */
static void put_group(struct cgi *c, const struct page_form *f, unsigned i, struct hp_tmap *m)
{
	const char *name = f->table->fields[i].group;
	struct hp_tmap *group = NULL;

	for (; i < f->table->n; i++) {
		const struct hp_field *field = &f->table->fields[i];

		if (!hp_streq(field->group, name) || !is_mine(c, f, field))
			continue;
		if (!group) {
			group = hp_tmap_item(m, "groups");
			hp_tmap_str(group, "group", name);
			hp_tmap_str(group, "group_title", group_title(name));
		}
		put_field(c, f, field, hp_tmap_item(group, "fields"));
	}
}

void form_fill(struct cgi *c, const struct page_form *f, struct hp_tmap *m)
{
	unsigned i, k;

	hp_tmap_list(m, "groups");
	for (i = 0; i < f->table->n; i++) {
		for (k = 0; k < i; k++)
			if (hp_streq(f->table->fields[k].group, f->table->fields[i].group))
				break;
		if (k == i)
			put_group(c, f, i, m);
	}
}

/* ---- what was filled in ---- */
static int refuse(struct page_form *f, const struct hp_field *field, const char *why)
{
	f->bad = field->name;
	f->why = why;
	return -1;
}

static void put_list(struct cgi *c, const struct hp_field *field, const char *v, struct hp_jw *w)
{
	struct hp_strv l = {0};
	size_t i;

	hp_str_split(c->pool, v, "\n", &l);
	hp_jw_arr(w, field->name);
	for (i = 0; i < l.n; i++)
		hp_jw_str(w, NULL, l.v[i]);
	hp_jw_end(w, ']');
}

/* "key = value", at the first '=': no key has one. */
static const char *part(struct cgi *c, const char *line, const char **ret_value)
{
	const char *eq = strchr(line, '=');
	size_t n;

	if (!eq)
		return NULL;
	n = (size_t)(eq - line);
	while (n && strchr(" \t", line[n - 1]))
		n--;
	*ret_value = eq + 1 + strspn(eq + 1, " \t");
	return n ? hp_pstrndup(c->pool, line, n) : NULL;
}

/* Objects within it: "/admin alice = …"; those of one path follow the first of it. */
static int put_nested(struct cgi *c, struct page_form *f, const struct hp_field *field,
	const struct hp_strv *l, struct hp_jw *w)
{
	const char **paths = hp_palloc(c->pool, (l->n + 1) * sizeof(*paths));
	size_t i, k;

	for (i = 0; i < l->n; i++) {
		const char *value, *key = part(c, l->v[i], &value);
		size_t n = key ? strcspn(key, " \t") : 0;

		if (!key || !key[n])
			return refuse(f, field, "each line is PATH USER = PASSWORD");
		paths[i] = hp_pstrndup(c->pool, key, n);
	}
	for (i = 0; i < l->n; i++) {
		for (k = 0; k < i && !hp_streq(paths[k], paths[i]); k++)
			;
		if (k < i)
			continue;
		hp_jw_obj(w, paths[i]);
		for (k = i; k < l->n; k++) {
			const char *value, *key = part(c, l->v[k], &value);

			if (!hp_streq(paths[k], paths[i]))
				continue;
			key += strcspn(key, " \t");
			hp_jw_str(w, key + strspn(key, " \t"), value);
		}
		hp_jw_end(w, '}');
	}
	return 0;
}

static int put_map(struct cgi *c, struct page_form *f, const struct hp_field *field, const char *v,
	struct hp_jw *w)
{
	struct hp_strv l = {0};
	size_t i;
	int r = 0;

	hp_str_split(c->pool, v, "\n", &l);
	hp_jw_obj(w, field->name);
	if (hp_streq(field->arg, "basic_auth")) {
		r = put_nested(c, f, field, &l, w);
	} else {
		for (i = 0; r == 0 && i < l.n; i++) {
			const char *value, *key = part(c, l.v[i], &value);

			if (key)
				hp_jw_str(w, key, value);
			else
				r = refuse(f, field, "each line is NAME = VALUE");
		}
	}
	hp_jw_end(w, '}');
	return r;
}

static void put_change(struct cgi *c, const struct page_form *f, const struct hp_field *field,
	const char *v, struct hp_tmap *m)
{
	bool secret = (field->flags & HP_FF_SECRET) != 0;
	struct hp_tmap *item = hp_tmap_item(m, "changes");
	struct hp_tmap *kept = hp_tmap_item(m, "kept");

	hp_tmap_str(item, "label", form_label(c, field->name));
	hp_tmap_str(item, "name", field->name);
	hp_tmap_str(item, "before", secret ? HP_FIELD_MASK : now_of(c, f, field));
	hp_tmap_str(item, "after", secret ? HP_FIELD_MASK : page_clean(c, v));
	hp_tmap_str(kept, "name", field->name);
	hp_tmap_str(kept, "value", page_clean(c, v));
}

int form_changes(struct cgi *c, struct page_form *f, struct hp_jw *w, struct hp_tmap *m)
{
	unsigned i;
	int n = 0, r;

	hp_tmap_list(m, "changes");
	hp_tmap_list(m, "kept");
	for (i = 0; i < f->table->n; i++) {
		const struct hp_field *field = &f->table->fields[i];
		const char *v = is_mine(c, f, field) ? given_of(c, f, field) : NULL;

		if (!v || hp_streq(v, now_of(c, f, field)))
			continue;
		r = 0;
		if (field->type == HP_F_LIST)
			put_list(c, field, v, w);
		else if (field->type == HP_F_MAP)
			r = put_map(c, f, field, v, w);
		else
			hp_jw_str(w, field->name, v);
		if (r < 0)
			return r;
		put_change(c, f, field, v, m);
		n++;
	}
	return n;
}

void form_blame(struct cgi *c, struct page_form *f, const struct cgi_result *res)
{
	const char *msg = res->msg ? res->msg : "";
	unsigned i;

	for (i = 0; i < f->table->n; i++) {
		const struct hp_field *field = &f->table->fields[i];
		const char *why = hp_str_after(msg, field->name);

		if (!is_mine(c, f, field))
			continue;
		if (hp_streq(res->field, field->name) || (why && *why == ':')) {
			f->bad = field->name;
			f->why = why && *why == ':' ? why + 1 + strspn(why + 1, " ") : msg;
			return;
		}
	}
}
