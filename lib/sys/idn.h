/*
 * Internationalised domain names through libidn2 (UTS 46, non-transitional,
 * RFC 5891), loaded only when a name needs it: most names are plain ASCII.
 * "*." in front is kept. Messages speak of the name as "it": the caller names it.
 * Not judged here: empty labels, and the length of labels in names that are plain ASCII.
 */
#ifndef HP_SYS_IDN_H
#define HP_SYS_IDN_H

#include "base/err.h"
#include "base/pool.h"

/*
 * UTF-8 or A-labels → lower-case A-labels. HP_E_USAGE for what UTS 46 disallows, for A-labels
 * that no name is written as, and for labels that mix scripts other than UTS 39's "Highly
 * Restrictive" allows (Latin with Japanese, Chinese or Korean). HP_E_OS without libidn2.
 */
int hp_idn_to_ascii(struct hp_pool *pool, const char *name, const char **ret, struct hp_err *err);
/* A-labels → U-labels for showing; the name itself when it has none. */
int hp_idn_to_unicode(struct hp_pool *pool, const char *name, const char **ret, struct hp_err *err);

#endif
