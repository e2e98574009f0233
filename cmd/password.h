/* A password, asked for: never an argument, never shown. */
#ifndef HP_CMD_PASSWORD_H
#define HP_CMD_PASSWORD_H

#include "cmd/cli.h"

/*
 * On a terminal without echo, a new one twice; else the one line that standard input gives. The
 * caller wipes it (strlen(*ret) bytes). HP_E_USAGE: none came, or the two differ.
 */
int cli_password(
	struct cli *c, const char *whose, bool is_new, char **ret, struct hp_err *err);

#endif
