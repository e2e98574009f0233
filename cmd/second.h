/* The second factor of a user, at the command line: what is shown once. */
#ifndef HP_CMD_SECOND_H
#define HP_CMD_SECOND_H

#include "cmd/cli.h"

extern const struct hp_col cli_totp_cols[];
int cli_totp_enable(struct cli *c, struct hp_err *err);

extern const struct hp_col cli_recovery_cols[];
int cli_recovery_codes(struct cli *c, struct hp_err *err);

#endif
