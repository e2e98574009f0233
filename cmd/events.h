/* The node's report as rows: printed by verbs of hp-vhost and of hp-php. */
#ifndef HP_CMD_EVENTS_H
#define HP_CMD_EVENTS_H

#include "cmd/apply.h"

extern const struct hp_col cli_event_cols[];

/*
 * hp_report_fn with a struct cli * as arg. Rows go out in the mode asked for; with --jsonl the
 * lines go out as they are. In a table without -v, what is unchanged is left out.
 */
void cli_event(void *arg, const char *line, size_t len);
/* "example.com: applied" on stderr, for --verbose. */
void cli_event_say(struct cli *c, const char *line, size_t len);

/* apply of hp-vhost and hp-php: the engine is one, so is what it is told. */
int cli_verb_apply(struct cli *c, struct hp_err *err);
/*
 * Is this hp-vhost plan -, behind hosting-panel-web-planner.socket? Then its report, with each
 * file's diff, goes back over the connection as that of an apply does.
 */
bool cli_is_asked_for_plan(const struct cli *c);
int cli_tell_plan(struct cli *c, struct hp_err *err);
extern const struct hp_opt cli_state_opts[];
/*
 * The document that plan and apply work on: stdin for "-", the panel's where this host has its
 * database, else the one kept by the node. *ret_panel: it is the panel's. *ret_fd is -1 for the
 * kept one; to be closed by the caller otherwise.
 */
int cli_state_source(struct cli *c, int *ret_fd, bool *ret_panel, const char **ret_name,
	struct hp_err *err);

/* hp-vhost purge (cmd/purge.c) */
extern const struct hp_col cli_purge_cols[];
int cli_verb_purge(struct cli *c, struct hp_err *err);
extern const struct hp_col cli_trim_cols[];
int cli_verb_trim(struct cli *c, struct hp_err *err);

#endif
