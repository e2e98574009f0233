/* Logging in and sessions, at the command line. */
#ifndef HP_CMD_SESSION_H
#define HP_CMD_SESSION_H

#include "cmd/cli.h"

extern const struct hp_opt cli_login_opts[], cli_session_check_opts[];
void cli_session_cols(struct hp_pool *pool, struct hp_col **ret);
extern const struct hp_col cli_login_cols[];
int cli_login(struct cli *c, struct hp_err *err);
int cli_session_list(struct cli *c, struct hp_err *err);
int cli_session_check(struct cli *c, struct hp_err *err);
int cli_session_revoke(struct cli *c, struct hp_err *err);

#endif
