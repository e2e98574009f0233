/* Websites out of a web server's own configuration: hp-site import, hp-vhost adopt. */
#ifndef HP_CMD_IMPORT_H
#define HP_CMD_IMPORT_H

#include "cmd/cli.h"
#include "node/import.h"

/* Where both look when nothing is named: the server that is installed here, NGINX first. */
const char *cli_import_server(struct cli *c);
/* One note on stderr, whatever --quiet says of hints: "file:line: domain: directive: why". */
void cli_import_say(struct cli *c, const struct hp_note *n);

extern const struct hp_opt cli_import_opts[];
int cli_verb_import(struct cli *c, struct hp_err *err);
extern const struct hp_opt cli_adopt_opts[];
int cli_verb_adopt(struct cli *c, struct hp_err *err);

#endif
