/* key=value, and key@member=value for one member of a JSON object. */
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/str.h"
#include "model/field_impl.h"
#include "sys/json.h"

/* A value that is repeated in a message is cut to this many bytes. */
#define SHOWN 60

int hp_field_find(const struct hp_field_table *t, const char *name)
{
	unsigned i;

	for (i = 0; i < t->n; i++)
		if (strcmp(t->fields[i].name, name) == 0)
			return (int)i;
	return -1;
}

/* ---- keys ---- */
/* Is name key with more words before or behind it? "memory_limit" of "php_memory_limit". */
static bool is_word_of(const char *key, const char *name)
{
	size_t n = strlen(key), m = strlen(name);

	if (n < 4 || n >= m)
		return false;
	return (hp_str_ends(name, key) && name[m - n - 1] == '_') ||
		(hp_str_starts(name, key) && name[n] == '_');
}

static int unknown_key(
	struct hp_pool *pool, const struct hp_field_table *t, const char *key, struct hp_err *err)
{
	const struct hp_field *near = NULL;
	unsigned i, d, best = UINT32_MAX;

	hp_err_set(err, HP_E_USAGE, "\"%s\" is not a setting of a %s",
		hp_str_printable(pool, key, SHOWN), t->object);
	hp_err_about(err, key);
	for (i = 0; i < t->n; i++) {
		if (t->fields[i].flags & HP_FF_READONLY)
			continue;
		d = hp_str_distance(key, t->fields[i].name);
		/* as PHP or NGINX call it: memory_limit, gzip */
		if (is_word_of(key, t->fields[i].name))
			d = 0;
		if (d < best && (d == 0 || hp_str_is_near(key, t->fields[i].name))) {
			best = d;
			near = &t->fields[i];
		}
	}
	if (near)
		hp_err_hint(err, "did you mean %s (%s)?", near->name, near->help);
	return err->code;
}

static bool is_name(const char *name, const char *key, size_t n)
{
	return strncmp(name, key, n) == 0 && !name[n];
}

int hp_field_of(const struct hp_field_table *t, const char *assignment)
{
	size_t n = strcspn(assignment, "=@");
	unsigned i;

	/* as the version of one path is called in speech: the version, at that path */
	if (assignment[n] == '@' && is_name("php_version", assignment, n))
		return hp_field_find(t, "php_paths");
	for (i = 0; i < t->n; i++)
		if (is_name(t->fields[i].name, assignment, n))
			return (int)i;
	return -1;
}

/* ---- one member ---- */
/* {"member":value}, where value may be an object itself. */
static const char *alone(struct hp_pool *pool, const char *member, const char *value)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_json *doc _cleanup_json_ = NULL;
	struct hp_err ignored = HP_ERR_INIT;
	struct hp_jw w;

	hp_jw_init(&w, &b, false);
	hp_jw_obj(&w, NULL);
	if (*value == '{' && hp_json_parse(value, strlen(value), &doc, &ignored) == 0)
		hp_jw_value(&w, member, doc);
	else
		hp_jw_str(&w, member, value);
	hp_jw_end(&w, '}');
	return hp_pstrdup(pool, hp_buf_str(&b));
}

static int assign_member(struct hp_pool *pool, const struct hp_field *f, const char *member,
	const char *value, struct hp_assign *ret, struct hp_err *err)
{
	struct hp_json *doc _cleanup_json_ = NULL;
	const char *text;

	if (f->type != HP_F_MAP) {
		hp_err_field(err, HP_E_USAGE, f->name,
			"it has no members that could be set one by one");
		return hp_err_hint(err, "%s=VALUE sets it", f->name);
	}
	if (!*member || !hp_utf8_is_valid(member, strlen(member)))
		return hp_err_field(err, HP_E_USAGE, f->name,
			"the name of a member is wanted behind \"@\"");
	ret->member = member;
	ret->value = NULL;
	if (!*value)
		return 0;
	text = alone(pool, member, value);
	if (hp_field_check_request(pool, f, text, strlen(text), &ret->value, err) < 0 ||
		hp_json_parse(ret->value, strlen(ret->value), &doc, err) < 0)
		return err->code;
	ret->member = hp_pstrdup(pool, hp_json_key(hp_json_first(doc)));
	return 0;
}

static bool is_member(
	const struct hp_field *f, const struct hp_json *m, const struct hp_assign *a)
{
	const char *key = hp_json_key(m);
	size_t n = strlen(a->member);

	if (hp_streq(key, a->member) || (hp_map_has_any_case(f) && !strcasecmp(key, a->member)))
		return true;
	/* what is taken away need not be written in its canonical form */
	return !a->value && strncmp(key, a->member, strlen(key)) == 0 && n == strlen(key) + 1 &&
		a->member[n - 1] == '/';
}

/* The object that old becomes. */
static int merge(struct hp_pool *pool, const struct hp_field *f, const struct hp_assign *a,
	const char *old, const char **ret, struct hp_err *err)
{
	struct hp_json *was _cleanup_json_ = NULL, *one _cleanup_json_ = NULL;
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	const struct hp_json *m, *now = NULL;
	struct hp_jw w;

	if (hp_json_parse(old, strlen(old), &was, err) < 0 ||
		(a->value && hp_json_parse(a->value, strlen(a->value), &one, err) < 0))
		return err->code;
	if (one)
		now = hp_json_first(one);
	hp_jw_init(&w, &b, false);
	hp_jw_obj(&w, NULL);
	for (m = hp_json_first(was); m; m = hp_json_next(m)) {
		if (!is_member(f, m, a)) {
			hp_jw_value(&w, hp_json_key(m), m);
		} else if (now) {
			hp_jw_value(&w, hp_json_key(now), now);
			now = NULL;
		}
	}
	if (now)
		hp_jw_value(&w, hp_json_key(now), now);
	hp_jw_end(&w, '}');
	*ret = hp_pstrdup(pool, hp_buf_str(&b));
	return 0;
}

int hp_field_apply(struct hp_pool *pool, const struct hp_field_table *t, const struct hp_assign *a,
	const char *old, const char **ret, struct hp_err *err)
{
	const struct hp_field *f = &t->fields[a->field];
	const char *v = a->value;

	if (!a->member && !v && !(f->flags & HP_FF_NULLABLE))
		return hp_err_field(err, HP_E_USAGE, f->name, "it needs a value");
	if (f->type == HP_F_MAP) {
		old = old ? old : "{}";
		if ((a->member && merge(pool, f, a, old, &v, err) < 0) ||
			hp_auth_hash(pool, f, v, old, &v, err) < 0)
			return err->code;
		return hp_field_check(pool, f, v, strlen(v), ret, err);
	}
	*ret = v;
	return 0;
}

/* ---- the whole ---- */
int hp_field_assign(struct hp_pool *pool, const struct hp_field_table *t, const char *assignment,
	struct hp_assign *ret, struct hp_err *err)
{
	const char *eq = strchr(assignment, '='), *value, *at;
	struct hp_assign a = {0};
	const struct hp_field *f;
	int i;

	if (!eq || eq == assignment)
		return hp_err_set(err, HP_E_USAGE, "\"%s\" is not KEY=VALUE",
			hp_str_printable(pool, assignment, SHOWN));
	value = eq + 1;
	at = memchr(assignment, '@', (size_t)(eq - assignment));
	i = hp_field_of(t, assignment);
	if (i < 0)
		return unknown_key(pool, t,
			hp_pstrndup(pool, assignment, (size_t)((at ? at : eq) - assignment)), err);
	f = &t->fields[i];
	if (f->flags & HP_FF_READONLY) {
		hp_err_field(err, HP_E_USAGE, f->name, "the panel sets it by itself");
		if (strcmp(f->name, "status") == 0)
			hp_err_hint(err, "the verbs suspend and resume change it");
		return err->code;
	}
	a.field = (unsigned)i;
	if (at) {
		if (assign_member(pool, f, hp_pstrndup(pool, at + 1, (size_t)(eq - at - 1)), value,
			    &a, err) < 0)
			return err->code;
	} else if ((*value || !(f->flags & HP_FF_NULLABLE)) &&
		hp_field_check_request(pool, f, value, strlen(value), &a.value, err) < 0) {
		return err->code;
	}
	*ret = a;
	return 0;
}
