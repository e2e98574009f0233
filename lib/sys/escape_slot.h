/*
 * Typed slots, {{name|slot}}: values that stand unquoted. Each is a class of
 * characters so narrow that the value is one word in every grammar we write.
 */
#ifndef HP_SYS_ESCAPE_SLOT_H
#define HP_SYS_ESCAPE_SLOT_H

#include "base/buf.h"
#include "base/err.h"

/* Append v, or HP_E_USAGE when it is not of that kind. slot must exist (HP_BUG_ON). */
int hp_escape_slot(struct hp_buf *out, const char *v, const char *slot, struct hp_err *err);

#endif
