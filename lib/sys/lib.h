/* Libraries that few commands need, loaded by their owner files when they are first asked for. */
#ifndef HP_SYS_LIB_H
#define HP_SYS_LIB_H

#include "base/err.h"

/* A function or variable of the library, and the pointer that is to hold its address. */
struct hp_lib_sym {
	const char *name;
	void *pointer;
};

/*
 * file is the name that the linker would have recorded (HP_LIB_CJSON and the like, found by
 * configure). syms ends with a name NULL; all are found, or HP_E_OS. Loaded until the process ends.
 */
int hp_lib_load(const char *file, const struct hp_lib_sym *syms, struct hp_err *err);

#endif
