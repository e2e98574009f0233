/*
 * JSON objects: what all of them have in common. What may stand in one is its kind, named by
 * the field's arg.
 */
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/str.h"
#include "model/field_impl.h"
#include "sys/json.h"

#define ALL_MAX_LEN 32768

static const struct hp_map_kind *const kinds[] = {&hp_map_headers, &hp_map_redirects,
	&hp_map_error_pages, &hp_map_basic_auth, &hp_map_php_settings, &hp_map_php_paths};

static const struct hp_map_kind *kind_of(const struct hp_field *f)
{
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(kinds); i++)
		if (hp_streq(kinds[i]->name, f->arg))
			return kinds[i];
	hp_die(HP_E_BUG, "bug: field %s has no known kind of members", f->name);
}

bool hp_map_has_any_case(const struct hp_field *f)
{
	return kind_of(f)->any_case;
}

int hp_check_member(const struct hp_check *c, const char *key, const char *fmt, ...)
{
	const char *why;
	va_list ap;

	va_start(ap, fmt);
	why = hp_pvprintf(c->pool, fmt, ap);
	va_end(ap);
	return hp_err_field(c->err, HP_E_USAGE, c->f->name, "\"%s\" %s",
		hp_str_printable(c->pool, key, 60), why);
}

static bool is_seen(const struct hp_map_kind *k, const struct hp_strv *seen, const char *key)
{
	size_t i;

	for (i = 0; i < seen->n; i++)
		if (k->any_case ? strcasecmp(seen->v[i], key) == 0 : hp_streq(seen->v[i], key))
			return true;
	return false;
}

static int put_members(const struct hp_check *c, const struct hp_map_kind *k,
	const struct hp_json *obj, struct hp_jw *w, size_t max);

static int put_value(const struct hp_check *c, const struct hp_map_kind *k, const char *key,
	const struct hp_json *v, struct hp_jw *w)
{
	const char *text;

	if (k->inner) {
		if (hp_json_type(v) != HP_JSON_OBJECT || !hp_json_first(v))
			return hp_check_member(
				c, key, "has a value that is not an object of %s", k->inner->of);
		hp_jw_obj(w, key);
		if (put_members(c, k->inner, v, w, k->inner_max) < 0)
			return c->err->code;
		hp_jw_end(w, '}');
		return 0;
	}
	if (!hp_json_str(v))
		return hp_check_member(c, key, "has a value that is not a string");
	if (hp_str_has_control(hp_json_str(v), strlen(hp_json_str(v))))
		return hp_check_member(c, key, "has a control character in its value");
	if (k->value(c, key, hp_json_str(v), &text) < 0)
		return c->err->code;
	hp_jw_str(w, key, text);
	return 0;
}

static int put_members(const struct hp_check *c, const struct hp_map_kind *k,
	const struct hp_json *obj, struct hp_jw *w, size_t max)
{
	struct hp_strv seen = {0};
	const struct hp_json *v;
	const char *key;

	for (v = hp_json_first(obj); v; v = hp_json_next(v)) {
		if (k->key(c, hp_json_key(v), &key) < 0)
			return c->err->code;
		if (is_seen(k, &seen, key))
			return hp_check_member(c, key, "stands twice");
		hp_strv_add(c->pool, &seen, key);
		if (put_value(c, k, key, v, w) < 0)
			return c->err->code;
	}
	if (seen.n > max)
		return hp_err_field(c->err, HP_E_USAGE, c->f->name,
			"there are %zu %s, but %zu are allowed", seen.n, k->of, max);
	return 0;
}

int hp_check_map(const struct hp_check *c, const char **ret)
{
	const struct hp_map_kind *k = kind_of(c->f);
	struct hp_json *doc _cleanup_json_ = NULL;
	struct hp_buf out _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err why = HP_ERR_INIT;
	struct hp_jw w;

	if (!c->len || (c->len == 2 && memcmp(c->value, "{}", 2) == 0)) {
		*ret = "{}";
		return 0;
	}
	if (c->len > ALL_MAX_LEN)
		return hp_check_bad(c, "has %zu bytes, but %d are allowed", c->len, ALL_MAX_LEN);
	if (hp_json_parse(c->value, c->len, &doc, &why) < 0)
		return hp_check_bad(c, "is not a JSON object: %s", why.msg);
	if (hp_json_type(doc) != HP_JSON_OBJECT)
		return hp_check_bad(c, "is not a JSON object of %s", k->of);
	hp_jw_init(&w, &out, false);
	hp_jw_obj(&w, NULL);
	if (put_members(c, k, doc, &w, (size_t)c->f->max) < 0)
		return c->err->code;
	hp_jw_end(&w, '}');
	if (out.len > ALL_MAX_LEN) /* escapes may be longer than what they stand for */
		return hp_check_bad(c, "has %zu bytes, but %d are allowed", out.len, ALL_MAX_LEN);
	*ret = hp_pstrndup(c->pool, out.s, out.len);
	return 0;
}

/* ---- secrets ---- */
static void put_masked(struct hp_jw *w, const char *key, const struct hp_json *v)
{
	const struct hp_json *m;

	if (hp_json_type(v) != HP_JSON_OBJECT) {
		hp_jw_str(w, key, HP_FIELD_MASK);
		return;
	}
	hp_jw_obj(w, key);
	for (m = hp_json_first(v); m; m = hp_json_next(m))
		put_masked(w, hp_json_key(m), m);
	hp_jw_end(w, '}');
}

const char *hp_field_shown(struct hp_pool *pool, const struct hp_field *f, const char *value)
{
	struct hp_json *doc _cleanup_json_ = NULL;
	struct hp_buf out _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err ignored = HP_ERR_INIT;
	struct hp_jw w;

	if (!value || !(f->flags & HP_FF_SECRET))
		return value;
	if (f->type != HP_F_MAP)
		return HP_FIELD_MASK;
	if (hp_json_parse(value, strlen(value), &doc, &ignored) < 0)
		return "{}";
	hp_jw_init(&w, &out, false);
	put_masked(&w, NULL, doc);
	return hp_pstrdup(pool, hp_buf_str(&out));
}
