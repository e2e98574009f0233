/*
 * Errors: what a library function says when it could not do its work.
 *
 * A function that can fail returns 0 (or a count) or one of the negative
 * HP_E_* below, and fills its last parameter, struct hp_err *err, with a
 * finished sentence in lower case without a full stop and, where one helps, a
 * hint saying what to do next. libhp never prints and never exits, except on
 * out-of-memory and on a bug (hp_die()). err is never NULL.
 */
#ifndef HP_BASE_ERR_H
#define HP_BASE_ERR_H

#include "base/attr.h"

enum hp_code {
	HP_OK = 0,
#define HP_ERROR(name, status, text) HP_E_##name = -(status),
#include "base/errors.def"
#undef HP_ERROR
};

struct hp_err {
	int code;        /* HP_OK or HP_E_* */
	char msg[1024];  /* what failed, on which object, why; cut at a character's end */
	char hint[512];  /* what to do next, or "" */
	char field[64];  /* the one field of what was asked for that it is about, or "" */
};

#define HP_ERR_INIT {.code = HP_OK}

/*
 * Set code, message (control characters replaced by '?'); hint and field are emptied. Returns code.
 */
int hp_err_set(struct hp_err *err, int code, const char *fmt, ...) HP_PRINTF(3, 4);

/* As hp_err_set() with ": strerror(errnum)" appended; ENOENT and EEXIST do not change the code. */
int hp_err_errno(struct hp_err *err, int code, int errnum, const char *fmt, ...) HP_PRINTF(4, 5);

/* As hp_err_set() with "field: " in front: it is about this field. */
int hp_err_field(struct hp_err *err, int code, const char *field, const char *fmt, ...)
	HP_PRINTF(4, 5);

/*
 * It is about this field, which the message need not name; nothing where the code says that no
 * request could have done better. Returns err->code.
 */
int hp_err_about(struct hp_err *err, const char *field);

/* Put "prefix: " in front of the message ("example.com", "/etc/x.conf:3"). Returns err->code. */
int hp_err_prefix(struct hp_err *err, const char *fmt, ...) HP_PRINTF(2, 3);

/* Set the hint. Returns err->code, so that it can end a return statement. */
int hp_err_hint(struct hp_err *err, const char *fmt, ...) HP_PRINTF(2, 3);

/* Back to HP_OK. */
void hp_err_clear(struct hp_err *err);

/* The exit status for a code (0 for HP_OK, 70 for anything not on the list). */
int hp_exit_status(int code);

/* The list in errors.def for help and man pages: i from 0; 0 at the end. */
int hp_exit_status_at(unsigned i, int *ret_status, const char **ret_name, const char **ret_text);

/* The program can't go on: out of memory, or an invariant broken. Prints and exits 70/71. */
void hp_die(int code, const char *fmt, ...) HP_PRINTF(2, 3) __attribute__((noreturn));

#define HP_BUG_ON(cond)                                                                            \
	do {                                                                                       \
		if (cond)                                                                          \
			hp_die(HP_E_BUG, "bug: %s:%d: %s", __FILE__, __LINE__, #cond);             \
	} while (0)

#endif
