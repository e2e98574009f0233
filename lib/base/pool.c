#include "base/pool.h"

#include <stdalign.h>

#include "base/err.h"
#include "base/str.h"

/*
 * Blocks double from the first to the last size; what is larger than a quarter
 * of a block gets one of its own, behind the current one in the chain, so that
 * the current one is not given up half empty.
 */
#define BLOCK_FIRST 2048
#define BLOCK_LAST (64 * 1024)

/* Under AddressSanitizer every allocation is a block, so that it sees each one's bounds. */
#define POOL_SINGLE HP_ASAN

struct block {
	struct block *next;
	size_t size, used;
	alignas(max_align_t) char mem[];
};

struct hp_pool {
	struct block *blocks; /* the first is the current one */
	size_t next_size;
};

static struct block *block_new(size_t size)
{
	struct block *b;
	size_t total;

	if (__builtin_add_overflow(size, sizeof(*b), &total) || !(b = malloc(total)))
		hp_die(HP_E_OS, "out of memory: a block of %zu bytes", size);
	b->next = NULL;
	b->size = size;
	b->used = 0;
	return b;
}

struct hp_pool *hp_pool_new(void)
{
	struct hp_pool *pool = malloc(sizeof(*pool));

	if (!pool)
		hp_die(HP_E_OS, "out of memory");
	pool->blocks = NULL;
	pool->next_size = BLOCK_FIRST;
	return pool;
}

static void free_blocks(struct block *b)
{
	while (b) {
		struct block *next = b->next;

		free(b);
		b = next;
	}
}

void hp_pool_free(struct hp_pool *pool)
{
	if (!pool)
		return;
	free_blocks(pool->blocks);
	free(pool);
}

void hp_pool_reset(struct hp_pool *pool)
{
	struct block *keep = pool->blocks;

	if (!keep)
		return;
	/* A block made for one huge string is not worth keeping. */
	if (POOL_SINGLE || keep->size > BLOCK_LAST) {
		free_blocks(keep);
		pool->blocks = NULL;
		return;
	}
	free_blocks(keep->next);
	keep->next = NULL;
	keep->used = 0;
}

/* Not zeroed. */
static void *take(struct hp_pool *pool, size_t size)
{
	struct block *b = pool->blocks, *own;
	size_t room;
	void *p;

	if (__builtin_add_overflow(size, alignof(max_align_t) - 1, &room))
		hp_die(HP_E_OS, "out of memory: %zu bytes", size);
	room &= ~(alignof(max_align_t) - 1);
	if (POOL_SINGLE || room > BLOCK_LAST / 4) {
		own = block_new(POOL_SINGLE ? size : room);
		own->used = own->size;
		if (b) {
			own->next = b->next;
			b->next = own;
		} else {
			pool->blocks = own;
		}
		return own->mem;
	}
	if (!b || b->size - b->used < room) {
		while (pool->next_size < room * 4 && pool->next_size < BLOCK_LAST)
			pool->next_size *= 2;
		b = block_new(pool->next_size);
		b->next = pool->blocks;
		pool->blocks = b;
		if (pool->next_size < BLOCK_LAST)
			pool->next_size *= 2;
	}
	p = b->mem + b->used;
	b->used += room;
	return p;
}

void *hp_palloc(struct hp_pool *pool, size_t size)
{
	return memset(take(pool, size), 0, size);
}

void *hp_pmemdup(struct hp_pool *pool, const void *p, size_t size)
{
	void *r = take(pool, size);

	return size ? memcpy(r, p, size) : r;
}

char *hp_pstrdup(struct hp_pool *pool, const char *s)
{
	return s ? hp_pmemdup(pool, s, strlen(s) + 1) : NULL;
}

char *hp_pstrndup(struct hp_pool *pool, const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *r = take(pool, len + 1);

	memcpy(r, s, len);
	r[len] = '\0';
	return r;
}

char *hp_pvprintf(struct hp_pool *pool, const char *fmt, va_list ap)
{
	char tmp[256];
	va_list again;
	char *r;
	int n;

	va_copy(again, ap);
	n = vsnprintf(tmp, sizeof(tmp), fmt, ap);
	HP_BUG_ON(n < 0);
	if ((size_t)n < sizeof(tmp)) {
		r = hp_pmemdup(pool, tmp, (size_t)n + 1);
	} else {
		r = take(pool, (size_t)n + 1);
		vsnprintf(r, (size_t)n + 1, fmt, again);
	}
	va_end(again);
	return r;
}

char *hp_pprintf(struct hp_pool *pool, const char *fmt, ...)
{
	va_list ap;
	char *r;

	va_start(ap, fmt);
	r = hp_pvprintf(pool, fmt, ap);
	va_end(ap);
	return r;
}

void hp_strv_add_ref(struct hp_pool *pool, struct hp_strv *l, const char *s)
{
	/* One more than n for the NULL at the end. */
	if (l->n + 1 >= l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 8;
		const char **v = take(pool, cap * sizeof(*v));

		if (l->n)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = s;
	l->v[l->n] = NULL;
}

void hp_strv_add(struct hp_pool *pool, struct hp_strv *l, const char *s)
{
	hp_strv_add_ref(pool, l, hp_pstrdup(pool, s));
}

void hp_strv_addf(struct hp_pool *pool, struct hp_strv *l, const char *fmt, ...)
{
	va_list ap;
	const char *s;

	va_start(ap, fmt);
	s = hp_pvprintf(pool, fmt, ap);
	va_end(ap);
	hp_strv_add_ref(pool, l, s);
}

bool hp_strv_has(const struct hp_strv *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (hp_streq(l->v[i], s))
			return true;
	return false;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void hp_strv_sort(struct hp_strv *l)
{
	if (l->n > 1)
		qsort(l->v, l->n, sizeof(*l->v), compare);
}
