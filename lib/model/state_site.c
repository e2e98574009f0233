/*
 * One website's line of a state document, as untrusted input. Only what the
 * writer would have written is taken: every key once, every value canonical.
 */
#include <string.h>

#include "base/str.h"
#include "model/state.h"
#include "sys/json.h"

/* The member as text for the field's check; NULL when its JSON type is not the field's. */
static const char *member_text(
	struct hp_pool *pool, const struct hp_field *f, const struct hp_json *v)
{
	struct hp_buf buf _cleanup_buf_ = HP_BUF_INIT;
	enum hp_json_type type = hp_json_type(v);
	struct hp_jw w;
	int64_t n;

	switch (f->type) {
	case HP_F_INT:
		return hp_json_i64(v, &n) < 0 ? NULL : hp_pprintf(pool, "%lld", (long long)n);
	case HP_F_BOOL:
		return type != HP_JSON_BOOL ? NULL : hp_json_is_true(v) ? "true" : "false";
	case HP_F_LIST:
	case HP_F_MAP:
		if (type != (f->type == HP_F_LIST ? HP_JSON_ARRAY : HP_JSON_OBJECT))
			return NULL;
		if (!hp_json_first(v))
			return f->type == HP_F_LIST ? "[]" : "{}";
		hp_jw_init(&w, &buf, false);
		hp_jw_value(&w, NULL, v);
		return hp_pstrdup(pool, hp_buf_str(&buf));
	default:
		return hp_json_str(v);
	}
}

static int take_field(struct hp_pool *pool, unsigned i, const struct hp_json *v, struct hp_site *s,
	struct hp_err *err)
{
	const struct hp_field *f = &hp_site_table.fields[i];
	const char *text;

	if ((f->flags & HP_FF_NULLABLE) && hp_json_type(v) == HP_JSON_NULL) {
		s->v[i] = NULL;
		return 0;
	}
	text = member_text(pool, f, v);
	if (!text)
		return hp_err_set(
			err, HP_E_USAGE, "%s: the value has the wrong JSON type", f->name);
	if (hp_field_check(pool, f, text, strlen(text), &s->v[i], err) < 0)
		return err->code;
	if (!hp_streq(text, s->v[i]))
		return hp_err_set(err, HP_E_USAGE,
			"%s: the value is not written as the panel writes it", f->name);
	return 0;
}

static int take_aliases(
	struct hp_pool *pool, const struct hp_json *list, struct hp_site *s, struct hp_err *err)
{
	const struct hp_json *v;
	const char *name;

	if (hp_json_type(list) != HP_JSON_ARRAY)
		return hp_err_set(err, HP_E_USAGE, "aliases: the value has the wrong JSON type");
	for (v = hp_json_first(list); v; v = hp_json_next(v)) {
		const char *text = hp_json_str(v);

		if (!text)
			return hp_err_set(err, HP_E_USAGE, "aliases: an item is not a string");
		if (hp_domain_check(pool, text, strlen(text), true, &name, err) < 0)
			return hp_err_prefix(err, "aliases");
		if (!hp_streq(text, name) ||
			(s->aliases.n && strcmp(s->aliases.v[s->aliases.n - 1], name) >= 0))
			return hp_err_set(err, HP_E_USAGE,
				"aliases: they are not sorted A-labels, each once");
		if (s->aliases.n == HP_SITE_ALIASES_MAX)
			return hp_err_set(
				err, HP_E_USAGE, "aliases: more than %d", HP_SITE_ALIASES_MAX);
		hp_strv_add_ref(pool, &s->aliases, name);
	}
	return 0;
}

/* The fields that must be there, as bits: filled while reading, compared at the end. */
static uint64_t wanted_fields(void)
{
	uint64_t bits = 0;
	unsigned i;

	_Static_assert(HP_SITE_FIELDS < 64, "one bit for each field");
	for (i = 0; i < HP_SITE_FIELDS; i++)
		if (hp_site_table.fields[i].flags & HP_FF_NODE)
			bits |= (uint64_t)1 << i;
	return bits;
}

static int take_members(
	struct hp_pool *pool, const struct hp_json *obj, struct hp_site *s, struct hp_err *err)
{
	uint64_t missing = wanted_fields();
	const struct hp_json *v, *aliases = NULL;
	unsigned guess = 0;

	for (v = hp_json_first(obj); v; v = hp_json_next(v)) {
		const char *key = hp_json_key(v);
		int i;

		if (hp_streq(key, "aliases")) {
			aliases = v;
			continue;
		}
		/* they come in the table's order: look there first */
		while (guess < HP_SITE_FIELDS && !(hp_site_table.fields[guess].flags & HP_FF_NODE))
			guess++;
		i = guess < HP_SITE_FIELDS && hp_streq(hp_site_table.fields[guess].name, key)
			    ? (int)guess++
			    : hp_field_find(&hp_site_table, key);
		if (i < 0 || !(missing & ((uint64_t)1 << i)))
			return hp_err_set(err, HP_E_USAGE, "key \"%s\" has no place in it",
				hp_str_printable(pool, key, 60));
		missing &= ~((uint64_t)1 << i);
		if (take_field(pool, (unsigned)i, v, s, err) < 0)
			return err->code;
	}
	if (missing)
		return hp_err_set(err, HP_E_USAGE, "key \"%s\" is missing",
			hp_site_table.fields[__builtin_ctzll(missing)].name);
	if (!aliases)
		return hp_err_set(err, HP_E_USAGE, "key \"aliases\" is missing");
	return take_aliases(pool, aliases, s, err);
}

int hp_state_parse_site(
	struct hp_pool *pool, const char *line, size_t len, struct hp_site *ret, struct hp_err *err)
{
	struct hp_json *doc _cleanup_json_ = NULL;
	const struct hp_json *obj;
	struct hp_site s;
	int64_t id;

	memset(&s, 0, sizeof(s));
	if (hp_json_parse(line, len, &doc, err) < 0)
		return err->code;
	obj = hp_json_get(doc, "site");
	if (!obj || hp_json_type(obj) != HP_JSON_OBJECT || hp_json_next(hp_json_first(doc)))
		return hp_err_set(err, HP_E_USAGE, "it is not {\"site\":{…}}");
	if (take_members(pool, obj, &s, err) < 0 || hp_site_check(&s, err) < 0)
		return err->code;
	/* a document can't choose the uid that a site's PHP runs as */
	id = hp_site_i64(&s, HP_SITE_ID);
	if (hp_site_i64(&s, HP_SITE_UID) != hp_site_uid(id))
		return hp_err_set(err, HP_E_USAGE,
			"uid: %s is not the uid of website %lld, which is %lld", s.v[HP_SITE_UID],
			(long long)id, (long long)hp_site_uid(id));
	if (hp_strv_has(&s.aliases, s.v[HP_SITE_DOMAIN]))
		return hp_err_set(err, HP_E_USAGE, "aliases: the domain itself is among them");
	*ret = s;
	return 0;
}
