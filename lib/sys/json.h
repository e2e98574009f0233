/*
 * JSON in and out. The only user of cJSON.
 *
 * Reading is strict where cJSON is not: whole text, valid UTF-8, no duplicate
 * keys, no \u0000, no number out of a double's range, depth at most 16, integers
 * exact up to 2^53 - 1 (RFC 8259 §6).
 * Writing streams straight into a buffer: a list of 10,000 rows never stands in
 * memory as a tree. The writer encodes; callers hand over raw text.
 */
#ifndef HP_SYS_JSON_H
#define HP_SYS_JSON_H

#include "base/err.h"
#include "base/buf.h"

struct hp_json; /* a value; lives as long as the document it came from */

enum hp_json_type { HP_JSON_NULL, HP_JSON_BOOL, HP_JSON_NUMBER, HP_JSON_STRING, HP_JSON_ARRAY,
	HP_JSON_OBJECT };

/* Parse n bytes; *ret is freed with hp_json_free(). HP_E_USAGE names the byte where it broke. */
int hp_json_parse(const char *text, size_t n, struct hp_json **ret, struct hp_err *err);
void hp_json_free(struct hp_json *doc);
static inline void hp_cleanup_json(struct hp_json **p)
{
	hp_json_free(*p);
}
#define _cleanup_json_ _cleanup_(hp_cleanup_json)

enum hp_json_type hp_json_type(const struct hp_json *v);
/* Member of an object (case-sensitive) or NULL. */
const struct hp_json *hp_json_get(const struct hp_json *obj, const char *key);
/* First child of an array or object, next sibling; NULL at the end. */
const struct hp_json *hp_json_first(const struct hp_json *v);
const struct hp_json *hp_json_next(const struct hp_json *v);
const char *hp_json_key(const struct hp_json *member); /* its name within its object */
const char *hp_json_str(const struct hp_json *v);      /* NULL unless a string */
/* 0, or HP_E_USAGE unless it is an exact integer. */
int hp_json_i64(const struct hp_json *v, int64_t *ret);
double hp_json_double(const struct hp_json *v); /* of a number; for others 0 */
bool hp_json_is_true(const struct hp_json *v);

/* The writer. Commas and nesting are its business. key is NULL inside arrays and at the top. */
struct hp_jw {
	struct hp_buf *out;
	unsigned depth;
	uint64_t comma;  /* bit per depth: something stands there already */
	bool pretty;     /* two-space indentation */
};
void hp_jw_init(struct hp_jw *w, struct hp_buf *out, bool pretty);
void hp_jw_obj(struct hp_jw *w, const char *key);
void hp_jw_arr(struct hp_jw *w, const char *key);
void hp_jw_end(struct hp_jw *w, char bracket); /* '}' or ']' */
/* NULL writes null; bytes that are no UTF-8 become U+FFFD. */
void hp_jw_str(struct hp_jw *w, const char *key, const char *v);
void hp_jw_i64(struct hp_jw *w, const char *key, int64_t v);
void hp_jw_bool(struct hp_jw *w, const char *key, bool v);
void hp_jw_null(struct hp_jw *w, const char *key);
/* json was accepted by hp_json_parse(). */
void hp_jw_raw(struct hp_jw *w, const char *key, const char *json);
/* A parsed value written again, compact. */
void hp_jw_value(struct hp_jw *w, const char *key, const struct hp_json *v);

#endif
