/* What every unit test includes: cmocka with the headers it wants, and a folder to work in. */
#ifndef HP_TESTS_UNIT_UNIT_H
#define HP_TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/pool.h"
#include "base/str.h"

/*
 * A new empty folder below TMPDIR; removed with all that is in it by unit_rmdir().
 * unit_path() gives a path inside, from a ring of eight buffers.
 */
const char *unit_mkdir(void);
void unit_rmdir(void);
const char *unit_path(const char *name);

/* cmocka set-up and tear-down functions: a folder for each test. */
int unit_setup_dir(void **state);
int unit_teardown_dir(void **state);

/* Fails the test unless err has this code and its message contains text. */
void unit_assert_err(const struct hp_err *err, int code, const char *text);

#endif
