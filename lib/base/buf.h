/*
 * A growing byte buffer on the heap, always NUL-terminated when used as text.
 * Never fails (hp_die on out-of-memory).
 */
#ifndef HP_BASE_BUF_H
#define HP_BASE_BUF_H

#include <stdarg.h>
#include "base/attr.h"

struct hp_buf {
	char *s;    /* NULL until the first byte; use hp_buf_str() for text */
	size_t len; /* without the NUL */
	size_t cap;
};

#define HP_BUF_INIT {0}

void hp_buf_add(struct hp_buf *b, const void *p, size_t n);
void hp_buf_addc(struct hp_buf *b, char c);
void hp_buf_adds(struct hp_buf *b, const char *s);
void hp_buf_addf(struct hp_buf *b, const char *fmt, ...) HP_PRINTF(2, 3);
void hp_buf_vaddf(struct hp_buf *b, const char *fmt, va_list ap) HP_PRINTF(2, 0);
void hp_buf_reserve(struct hp_buf *b, size_t more); /* room for more bytes and a NUL */
void hp_buf_reset(struct hp_buf *b);                /* len = 0, memory kept */
void hp_buf_release(struct hp_buf *b);              /* freed; the struct is as new */
char *hp_buf_detach(struct hp_buf *b) HP_NONNULL_RET; /* the caller frees; "" if empty */
const char *hp_buf_str(const struct hp_buf *b) HP_NONNULL_RET;

#define _cleanup_buf_ _cleanup_(hp_buf_release)

#endif
