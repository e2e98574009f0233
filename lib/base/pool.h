/*
 * The arena: strings and structs of one request, one file or one command live
 * in a pool and die with it. Allocation never fails (hp_die on out-of-memory);
 * nothing is freed singly. Not thread-safe.
 */
#ifndef HP_BASE_POOL_H
#define HP_BASE_POOL_H

#include <stdarg.h>
#include "base/attr.h"

struct hp_pool;

struct hp_pool *hp_pool_new(void) HP_NONNULL_RET;
void hp_pool_free(struct hp_pool *pool); /* NULL is allowed */
/* Forget everything in it but keep one block: for a loop over many objects. */
void hp_pool_reset(struct hp_pool *pool);

void *hp_palloc(struct hp_pool *pool, size_t size) HP_NONNULL_RET; /* zeroed, max-aligned */
void *hp_pmemdup(struct hp_pool *pool, const void *p, size_t size) HP_NONNULL_RET;
char *hp_pstrdup(struct hp_pool *pool, const char *s); /* NULL gives NULL */
char *hp_pstrndup(struct hp_pool *pool, const char *s, size_t n) HP_NONNULL_RET;
char *hp_pprintf(struct hp_pool *pool, const char *fmt, ...) HP_PRINTF(2, 3) HP_NONNULL_RET;
char *hp_pvprintf(struct hp_pool *pool, const char *fmt, va_list ap) HP_PRINTF(2, 0) HP_NONNULL_RET;

static inline void hp_cleanup_pool(struct hp_pool **p)
{
	hp_pool_free(*p);
}
#define _cleanup_pool_ _cleanup_(hp_cleanup_pool)

/* A growing list of strings; the array and (with _add) the strings live in the pool. */
struct hp_strv {
	const char **v; /* NULL-terminated once anything was added; may be NULL while n == 0 */
	size_t n, cap;
};
void hp_strv_add(struct hp_pool *pool, struct hp_strv *l, const char *s);      /* copies */
void hp_strv_add_ref(struct hp_pool *pool, struct hp_strv *l, const char *s);  /* does not */
void hp_strv_addf(struct hp_pool *pool, struct hp_strv *l, const char *fmt, ...) HP_PRINTF(3, 4);
bool hp_strv_has(const struct hp_strv *l, const char *s);
void hp_strv_sort(struct hp_strv *l); /* bytewise */

#endif
