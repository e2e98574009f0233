#include "base/buf.h"

#include <string.h>

#include "base/err.h"

void hp_buf_reserve(struct hp_buf *b, size_t more)
{
	size_t need, cap;
	char *p;

	if (__builtin_add_overflow(b->len, more, &need) || __builtin_add_overflow(need, 1, &need))
		hp_die(HP_E_OS, "out of memory");
	if (need <= b->cap)
		return;
	/* Half as much again, so that adding byte by byte stays linear in all. */
	if (__builtin_add_overflow(b->cap, b->cap / 2, &cap) || cap < need)
		cap = need;
	if (cap < 64)
		cap = 64;
	p = realloc(b->s, cap);
	if (!p)
		hp_die(HP_E_OS, "out of memory: a buffer of %zu bytes", cap);
	/* text from the first, even when nothing comes after all */
	if (!b->s)
		*p = '\0';
	b->s = p;
	b->cap = cap;
}

void hp_buf_add(struct hp_buf *b, const void *p, size_t n)
{
	hp_buf_reserve(b, n);
	if (n)
		memcpy(b->s + b->len, p, n);
	b->len += n;
	b->s[b->len] = '\0';
}

void hp_buf_addc(struct hp_buf *b, char c)
{
	if (b->cap - b->len < 2 || !b->s)
		hp_buf_reserve(b, 1);
	b->s[b->len++] = c;
	b->s[b->len] = '\0';
}

void hp_buf_adds(struct hp_buf *b, const char *s)
{
	hp_buf_add(b, s, strlen(s));
}

void hp_buf_vaddf(struct hp_buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	hp_buf_reserve(b, 63);
	va_copy(again, ap);
	n = vsnprintf(b->s + b->len, b->cap - b->len, fmt, ap);
	HP_BUG_ON(n < 0);
	if ((size_t)n >= b->cap - b->len) {
		hp_buf_reserve(b, (size_t)n);
		vsnprintf(b->s + b->len, b->cap - b->len, fmt, again);
	}
	va_end(again);
	b->len += (size_t)n;
}

void hp_buf_addf(struct hp_buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	hp_buf_vaddf(b, fmt, ap);
	va_end(ap);
}

void hp_buf_reset(struct hp_buf *b)
{
	b->len = 0;
	if (b->s)
		b->s[0] = '\0';
}

void hp_buf_release(struct hp_buf *b)
{
	free(b->s);
	*b = (struct hp_buf)HP_BUF_INIT;
}

char *hp_buf_detach(struct hp_buf *b)
{
	char *s;

	hp_buf_reserve(b, 0);
	b->s[b->len] = '\0';
	s = b->s;
	*b = (struct hp_buf)HP_BUF_INIT;
	return s;
}

const char *hp_buf_str(const struct hp_buf *b)
{
	return b->s ? b->s : "";
}
