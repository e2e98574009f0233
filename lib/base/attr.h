/* GNU attributes and the small macros every file wants. */
#ifndef HP_BASE_ATTR_H
#define HP_BASE_ATTR_H

#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <unistd.h>

#include "base/banned.h"

#define HP_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define HP_UNUSED __attribute__((unused))
#define HP_NONNULL_RET __attribute__((returns_nonnull))

/* 1 where AddressSanitizer watches, 0 elsewhere. */
#if defined(__SANITIZE_ADDRESS__)
#define HP_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HP_ASAN 1
#endif
#endif
#ifndef HP_ASAN
#define HP_ASAN 0
#endif

#define HP_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/*
 * Locals that free themselves. Ownership leaves by TAKE() (pointers) and
 * TAKE_FD() (descriptors): return TAKE(x);
 */
#define _cleanup_(f) __attribute__((cleanup(f)))

static inline void hp_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void hp_cleanup_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void hp_cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define _cleanup_free_ _cleanup_(hp_cleanup_free)
#define _cleanup_close_ _cleanup_(hp_cleanup_close)
#define _cleanup_fclose_ _cleanup_(hp_cleanup_fclose)

#define TAKE(p)                                                                                    \
	({                                                                                         \
		__typeof__(p) *take_ptr_ = &(p);                                                   \
		__typeof__(p) take_val_ = *take_ptr_;                                              \
		*take_ptr_ = NULL;                                                                 \
		take_val_;                                                                         \
	})

static inline int TAKE_FD(int *fd)
{
	int v = *fd;

	*fd = -1;
	return v;
}

#endif
