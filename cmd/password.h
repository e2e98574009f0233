/* A password or a code, asked for: never an argument, never shown. */
#ifndef HP_CMD_PASSWORD_H
#define HP_CMD_PASSWORD_H

#include "cmd/cli.h"

/*
 * On a terminal without echo, a new one twice; else the one line that standard input gives. The
 * caller wipes it (strlen(*ret) bytes). HP_E_USAGE: none came, or the two differ.
 */
int cli_password(
	struct cli *c, const char *whose, bool is_new, char **ret, struct hp_err *err);
/*
 * A code of a second factor: from a terminal, or the next line of standard input; "" for none. The
 * caller wipes it.
 */
int cli_code(struct cli *c, const char *whose, char ret[HP_CODE_SIZE], struct hp_err *err);

#endif
