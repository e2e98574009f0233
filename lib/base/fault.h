/*
 * Fault points, for tests: named steps at which a run can be killed or made to
 * fail, so that tests can show what is left behind. Compiled in by
 * ./configure --enable-fault-points only; nothing otherwise.
 *
 *   HP_FAULT=name      SIGKILL to itself at the first passage of the point
 *   HP_FAULT=name:N    at the N-th passage
 *   HP_FAULT=name:err  the caller of hp_fault_err() gets an error (name:N:err likewise)
 */
#ifndef HP_BASE_FAULT_H
#define HP_BASE_FAULT_H

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/err.h"

#ifdef HP_FAULT_POINTS

/* A point that can only be died at. */
void hp_fault(const char *name);
/* 0, or HP_E_OS with the message "fault injected at NAME". */
int hp_fault_err(const char *name, struct hp_err *err);

#else

#define hp_fault(name) ((void)0)
#define hp_fault_err(name, err) ((void)(name), (void)(err), 0)

#endif
#endif
