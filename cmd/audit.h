/* hp-audit undo (cmd/undo.c). */
#ifndef HP_CMD_AUDIT_H
#define HP_CMD_AUDIT_H

#include "cmd/cli.h"

extern const struct hp_opt cli_undo_opts[];
int cli_audit_undo(struct cli *c, struct hp_err *err);

#endif
