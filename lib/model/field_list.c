/*
 * JSON arrays of strings: extensions, addresses, names of files. "a,b" is taken, too, since it is
 * easily typed.
 */
#include <string.h>

#include "base/buf.h"
#include "base/str.h"
#include "model/field_impl.h"
#include "sys/json.h"

/* A word names an extension's file and an ini value: no more than that needs. */
static int word_check(struct hp_pool *pool, const char *s, const char **ret, struct hp_err *err)
{
	size_t i, n = strlen(s);
	char *w;

	for (i = 0; i < n; i++)
		if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
			    (i && ((s[i] >= '0' && s[i] <= '9') || s[i] == '_'))))
			break;
	if (!n || n > 32 || i < n)
		return hp_err_set(
			err, HP_E_USAGE, "is not a name of 1 to 32 letters, digits and _");
	w = hp_pstrdup(pool, s);
	hp_str_lower(w);
	*ret = w;
	return 0;
}

/* A file's name, without a path. */
static int file_check(struct hp_pool *pool, const char *s, const char **ret, struct hp_err *err)
{
	size_t n = strlen(s);

	if (!n || n > 64 || *s == '.' || *s == '-' || strstr(s, "..") ||
		s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")])
		return hp_err_set(err, HP_E_USAGE,
			"is not a file's name of 1 to 64 letters, digits, '.', '_' and '-', no "
			"'.' or '-' in front, no \"..\"");
	*ret = hp_pstrdup(pool, s);
	return 0;
}

/* As the table of what may be done names it: "site:set". */
static int verb_check(struct hp_pool *pool, const char *s, const char **ret, struct hp_err *err)
{
	const char *letters = "abcdefghijklmnopqrstuvwxyz-";
	size_t object = strspn(s, letters);
	size_t verb = s[object] == ':' ? strspn(s + object + 1, letters) : 0;

	if (!object || !verb || s[object + 1 + verb] || object + verb > 60 || *s == '-' ||
		s[object + 1] == '-')
		return hp_err_set(err, HP_E_USAGE, "is not an object and a verb, as site:set");
	*ret = hp_pstrdup(pool, s);
	return 0;
}

/* A domain, or a part of one with "*" for anything: "shop.*". */
static int pattern_check(struct hp_pool *pool, const char *s, const char **ret, struct hp_err *err)
{
	size_t n = strlen(s);
	char *w;

	if (!n || n > 253 || *s == '.' || *s == '-' || strstr(s, "..") || strstr(s, "**") ||
		s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-*")])
		return hp_err_set(err, HP_E_USAGE,
			"is not a domain, nor a pattern as shop.* or *.example.com");
	w = hp_pstrdup(pool, s);
	hp_str_lower(w);
	*ret = w;
	return 0;
}

static int add_item(const struct hp_check *c, const char *item, struct hp_strv *l)
{
	struct hp_err why = HP_ERR_INIT;
	const char *s;
	int r;

	if (hp_streq(c->f->arg, "cidr"))
		r = hp_cidr_check(c->pool, item, &s, &why);
	else if (hp_streq(c->f->arg, "file"))
		r = file_check(c->pool, item, &s, &why);
	else if (hp_streq(c->f->arg, "pattern"))
		r = pattern_check(c->pool, item, &s, &why);
	else if (hp_streq(c->f->arg, "verb"))
		r = verb_check(c->pool, item, &s, &why);
	else
		r = word_check(c->pool, item, &s, &why);
	if (r < 0)
		return hp_err_field(c->err, HP_E_USAGE, c->f->name, "item \"%s\" %s",
			hp_str_printable(c->pool, item, 60), why.msg);
	if (!hp_strv_has(l, s))
		hp_strv_add_ref(c->pool, l, s);
	if (l->n > (size_t)c->f->max)
		return hp_err_field(c->err, HP_E_USAGE, c->f->name,
			"there are more than %lld items", (long long)c->f->max);
	return 0;
}

static int from_json(const struct hp_check *c, struct hp_strv *l)
{
	struct hp_json *doc _cleanup_json_ = NULL;
	struct hp_err why = HP_ERR_INIT;
	const struct hp_json *v;

	if (hp_json_parse(c->value, c->len, &doc, &why) < 0)
		return hp_check_bad(c, "is not a JSON array: %s", why.msg);
	if (hp_json_type(doc) != HP_JSON_ARRAY)
		return hp_check_bad(c, "is not a JSON array of strings");
	for (v = hp_json_first(doc); v; v = hp_json_next(v)) {
		if (!hp_json_str(v))
			return hp_check_bad(c, "has an item that is not a string");
		if (add_item(c, hp_json_str(v), l) < 0)
			return c->err->code;
	}
	return 0;
}

static int from_words(const struct hp_check *c, struct hp_strv *l)
{
	struct hp_strv items = {0};
	size_t i;

	hp_str_split(c->pool, hp_pstrndup(c->pool, c->value, c->len), ",", &items);
	for (i = 0; i < items.n; i++) {
		const char *s = items.v[i] + strspn(items.v[i], " ");
		size_t n = strlen(s);

		while (n && s[n - 1] == ' ')
			n--;
		if (add_item(c, hp_pstrndup(c->pool, s, n), l) < 0)
			return c->err->code;
	}
	return 0;
}

int hp_check_list(const struct hp_check *c, const char **ret)
{
	struct hp_buf out _cleanup_buf_ = HP_BUF_INIT;
	struct hp_strv l = {0};
	struct hp_jw w;
	size_t i;

	if (!c->f->min && (!c->len || (c->len == 2 && memcmp(c->value, "[]", 2) == 0))) {
		*ret = "[]";
		return 0;
	}
	if (c->len > 65536)
		return hp_check_bad(c, "has %zu bytes: that is more than a list may have", c->len);
	if ((c->len && c->value[0] == '[' ? from_json(c, &l) : from_words(c, &l)) < 0)
		return c->err->code;
	if (l.n < (size_t)c->f->min)
		return hp_check_bad(c, "has no item, but one is wanted");
	hp_jw_init(&w, &out, false);
	hp_jw_arr(&w, NULL);
	for (i = 0; i < l.n; i++)
		hp_jw_str(&w, NULL, l.v[i]);
	hp_jw_end(&w, ']');
	*ret = hp_pstrndup(c->pool, out.s, out.len);
	return 0;
}
