/* Which build this is. */
#ifndef HP_BASE_VERSION_H
#define HP_BASE_VERSION_H

#include "base/attr.h"

const char *hp_version(void) HP_NONNULL_RET; /* "3.0.0", as --version tells it */

#endif
