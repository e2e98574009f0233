/* API keys, at the command line. */
#ifndef HP_CMD_KEY_H
#define HP_CMD_KEY_H

#include "cmd/cli.h"

extern const struct hp_opt cli_key_add_opts[], cli_key_check_opts[];
void cli_key_cols(struct hp_pool *pool, struct hp_col **ret);
void cli_key_add_cols(struct hp_pool *pool, struct hp_col **ret);
int cli_key_list(struct cli *c, struct hp_err *err);
int cli_key_show(struct cli *c, struct hp_err *err);
int cli_key_add(struct cli *c, struct hp_err *err);
int cli_key_check(struct cli *c, struct hp_err *err);
/* One line of standard input; the caller wipes it. */
int cli_token(struct cli *c, char **ret, struct hp_err *err);
/* Each of the objects named, with a row for it. */
int cli_remove_each(struct cli *c, const char *key, const char *action,
	int (*fn)(struct cli *c, const char *name, struct hp_err *err), struct hp_err *err);
int cli_key_remove(struct cli *c, struct hp_err *err);

#endif
