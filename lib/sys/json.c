/*
 * Reading: the scan judges the text, cJSON builds the tree, a walk looks for duplicate keys. cJSON
 * is loaded at the first text: most commands only write JSON.
 */
#include <cjson/cJSON.h>
#include <math.h>

#include "base/str.h"
#include "sys/json.h"
#include "sys/json_scan.h"
#include "sys/lib.h"

static struct {
	__typeof__(&cJSON_ParseWithLengthOpts) parse;
	__typeof__(&cJSON_Delete) delete;
} lib;

static int load(struct hp_err *err)
{
	static const struct hp_lib_sym syms[] = {
		{"cJSON_ParseWithLengthOpts", &lib.parse},
		{"cJSON_Delete", &lib.delete},
		{NULL, NULL},
	};

	if (lib.delete || hp_lib_load(HP_LIB_CJSON, syms, err) == 0)
		return 0;
	return hp_err_prefix(err, "JSON can't be read");
}

/* struct hp_json is cJSON under another name, so that nobody else needs its header. */
static const cJSON *node(const struct hp_json *v)
{
	return (const cJSON *)(const void *)v;
}

static const struct hp_json *value(const cJSON *c)
{
	return (const struct hp_json *)(const void *)c;
}

struct key {
	const char *s;
	size_t len;
};

static int key_compare(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->s, y->s, x->len);
}

/* Index of a key that stands there twice, or n. Sorts when there are many. */
static size_t find_twin(struct key *k, size_t n)
{
	if (n > 64) {
		qsort(k, n, sizeof(*k), key_compare);
		for (size_t i = 1; i < n; i++) {
			if (key_compare(&k[i - 1], &k[i]) == 0)
				return i;
		}
		return n;
	}
	for (size_t i = 1; i < n; i++) {
		for (size_t j = 0; j < i; j++) {
			if (k[i].len == k[j].len && memcmp(k[i].s, k[j].s, k[i].len) == 0)
				return i;
		}
	}
	return n;
}

static int check_members(const cJSON *obj, struct hp_err *err)
{
	struct key few[64], *k = few;
	_cleanup_free_ struct key *many = NULL;
	size_t n = 0, twin, i = 0;

	for (const cJSON *c = obj->child; c; c = c->next)
		n++;
	if (n > HP_ARRAY_SIZE(few)) {
		k = many = calloc(n, sizeof(*many));
		if (!many)
			hp_die(HP_E_OS, "out of memory");
	}
	for (const cJSON *c = obj->child; c; c = c->next, i++)
		k[i] = (struct key){.s = c->string, .len = strlen(c->string)};
	twin = find_twin(k, n);
	if (twin < n)
		return hp_err_set(err, HP_E_USAGE,
			"invalid JSON: the key \"%.100s\" stands there twice", k[twin].s);
	return 0;
}

/* What only the tree shows. Recursion is bounded by HP_JSON_MAX_DEPTH. */
static int check_tree(const cJSON *v, struct hp_err *err)
{
	int r = 0;

	if (v->type == cJSON_Number && !isfinite(v->valuedouble))
		return hp_err_set(err, HP_E_USAGE, "invalid JSON: a number is out of range");
	if (v->type == cJSON_Object)
		r = check_members(v, err);
	for (const cJSON *c = v->child; c && r == 0; c = c->next) {
		if (c->child || c->type == cJSON_Number)
			r = check_tree(c, err);
	}
	return r;
}

int hp_json_parse(const char *text, size_t n, struct hp_json **ret, struct hp_err *err)
{
	cJSON *doc;
	int r;

	r = hp_json_scan(text, n, err);
	if (r == 0)
		r = load(err);
	if (r < 0)
		return r;
	doc = lib.parse(text, n, NULL, 0);
	if (!doc) /* the scan found nothing wrong with it */
		hp_die(HP_E_OS, "out of memory reading JSON of %zu bytes", n);
	r = check_tree(doc, err);
	if (r < 0) {
		lib.delete(doc);
		return r;
	}
	*ret = (struct hp_json *)(void *)doc;
	return 0;
}

void hp_json_free(struct hp_json *doc)
{
	if (doc)
		lib.delete((cJSON *)(void *)doc);
}

static bool is(const struct hp_json *v, int type)
{
	return v && (node(v)->type & 0xff) == type;
}

enum hp_json_type hp_json_type(const struct hp_json *v)
{
	switch (node(v)->type & 0xff) {
	case cJSON_True:
	case cJSON_False:
		return HP_JSON_BOOL;
	case cJSON_Number:
		return HP_JSON_NUMBER;
	case cJSON_String:
		return HP_JSON_STRING;
	case cJSON_Array:
		return HP_JSON_ARRAY;
	case cJSON_Object:
		return HP_JSON_OBJECT;
	default:
		return HP_JSON_NULL;
	}
}

const struct hp_json *hp_json_get(const struct hp_json *obj, const char *key)
{
	if (!is(obj, cJSON_Object))
		return NULL;
	for (const cJSON *c = node(obj)->child; c; c = c->next) {
		if (strcmp(c->string, key) == 0)
			return value(c);
	}
	return NULL;
}

const struct hp_json *hp_json_first(const struct hp_json *v)
{
	return value(node(v)->child);
}

const struct hp_json *hp_json_next(const struct hp_json *v)
{
	return value(node(v)->next);
}

const char *hp_json_key(const struct hp_json *member)
{
	return node(member)->string;
}

const char *hp_json_str(const struct hp_json *v)
{
	return is(v, cJSON_String) ? node(v)->valuestring : NULL;
}

int hp_json_i64(const struct hp_json *v, int64_t *ret)
{
	double d;

	if (!is(v, cJSON_Number))
		return HP_E_USAGE;
	d = node(v)->valuedouble;
	/* 2^53 itself may be 2^53 + 1 rounded (RFC 8259 §6). */
	if (fabs(d) >= 9007199254740992.0 || (double)(int64_t)d != d)
		return HP_E_USAGE;
	*ret = (int64_t)d;
	return 0;
}

bool hp_json_is_true(const struct hp_json *v)
{
	return is(v, cJSON_True);
}

double hp_json_double(const struct hp_json *v)
{
	return node(v)->valuedouble;
}
