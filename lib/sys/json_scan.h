/*
 * The strict half of hp_json_parse(): judges a whole text before any tree is
 * built, without recursion and without allocating, so that neither hostile
 * nesting nor what cJSON lets pass (trailing bytes, raw control characters,
 * \u0000, numbers such as 01 or 1.) gets any further.
 */
#ifndef HP_SYS_JSON_SCAN_H
#define HP_SYS_JSON_SCAN_H

#include "base/err.h"

#define HP_JSON_MAX_DEPTH 16
/* cJSON copies a number into 64 bytes and would cut a longer one. */
#define HP_JSON_MAX_NUMBER 60

/* 0, or HP_E_USAGE naming the byte offset (from 0) and what is wrong there. */
int hp_json_scan(const char *text, size_t n, struct hp_err *err);

#endif
