/*
 * The glue between the two planes, at a root shell: a change is recorded by
 * lib/panel, the node's state document goes to lib/node, and a change that the
 * node can't carry out is taken back. Neither plane knows the other.
 */
#ifndef HP_CMD_APPLY_H
#define HP_CMD_APPLY_H

#include "cmd/cli.h"
#include "cmd/input.h"
#include "node/node.h"

/* ---- result rows of verbs that change something ---- */
/* action changed result node generation exit message hint field, behind the object's own column. */
extern const struct hp_col cli_site_result_cols[];
extern const struct hp_col cli_tenant_result_cols[];
extern const struct hp_col cli_user_result_cols[];
extern const struct hp_col cli_key_result_cols[];
extern const struct hp_col cli_session_result_cols[];
extern const struct hp_col cli_db_result_cols[];
extern const struct hp_col cli_undo_result_cols[];

struct cli_result {
	const char *object, *action;
	bool changed;
	const char *result; /* applied recorded unchanged dry-run failed */
	const char *node;
	int64_t generation; /* 0: none */
	int code;           /* HP_OK or HP_E_* */
	const char *message, *hint;
	const char *diff; /* what would become of files, or NULL */
	const char *field;  /* of what was asked for, that it is about; NULL or "": none */
};
int cli_result(struct cli *c, const struct cli_result *r, struct hp_err *err);
/* The row of one that failed; name is as it was asked for, whatever is in it. */
void cli_result_failed(
	struct cli *c, const char *name, const char *action, const struct hp_err *why);

/* ---- the node ---- */
/* The node that this host is: [node] name, or the host name's first label. */
int cli_this_node(struct cli *c, const char **ret, struct hp_err *err);
/* Options for lib/node as the command line gave them. report is set by the caller. */
int cli_node_opts(struct cli *c, struct hp_node_opts *ret, struct hp_err *err);
/* The panel's state document of a node into an unlinked file, read from its start. */
int cli_state_fd(struct cli *c, const char *node, int *ret_fd, int64_t *ret_generation,
	struct hp_err *err);
/* Is what this host has touched by root alone, behind hosting-panel-web-manager.socket? */
bool cli_goes_through_door(const struct cli *c);
/*
 * May this command bring the node along? False with the reason (for people) in *ret_why when
 * --no-apply, another node, neither root nor somebody for whom hosting-panel-web-manager.socket is
 * open, or not a web node.
 */
bool cli_can_apply(struct cli *c, const char *node, const char **ret_why);
/*
 * What that document would change in the files of one website, as a unified diff ("" for nothing);
 * nothing is touched.
 */
int cli_plan_site(struct cli *c, int state_fd, const char *domain, const char **ret,
	struct hp_err *err);
/*
 * Export this host's state, apply it and tell the panel; events go to report (or NULL). After an
 * error *ret_undone (or NULL) says whether nothing at all of it stands.
 */
int cli_apply_node(struct cli *c, hp_report_fn *report, void *arg, bool *ret_undone,
	struct hp_err *err);

/* ---- changes of websites ---- */
/* What a verb does to one site: one call of lib/panel. */
typedef int cli_change_fn(struct cli *c, struct hp_pool *pool, const struct cli_input *in,
	struct hp_site_change *ret, struct hp_err *err);

struct cli_change {
	const char *domain;
	struct hp_site_change change;
	int code;                  /* what became of it on the node */
	const char *message, *hint;
	const char *diff;          /* with --diff */
	const char *field;         /* as of struct cli_result */
};

/*
 * One run of the engine over this host's newest state, with what became of some changes: in this
 * process, or, where that is not root's, behind hosting-panel-web-manager.socket.
 */
struct cli_run {
	struct cli *c;
	struct cli_change *changes; /* sorted by domain; NULL where none is followed */
	size_t n;
	hp_report_fn *report;       /* where the events go besides, or NULL */
	void *arg;
	/* out */
	bool ended;                 /* it got as far as telling about each site */
	bool undone;                /* nothing of this run stands */
	int64_t generation;         /* that the node has at the end */
	char result[32];
	int others;                 /* sites failing that are not among changes; said on stderr */
};
int cli_run_newest(struct cli_run *r, const char *node, struct hp_err *err);
/* The same over the document that the node keeps: for what is no matter of the panel's. */
int cli_run_kept(struct cli_run *r, struct hp_err *err);
/*
 * A run that failed (rc) before it came to its sites, or that was undone without naming one, is the
 * failure of all changes. How many of them have failed.
 */
size_t cli_run_blame(struct cli_run *r, int rc, const struct hp_err *err);

struct cli_change_verb {
	const char *action;        /* "add" */
	const struct cli_input_kind *kind;
	cli_change_fn *fn;
	/* after the node has carried it out, for what is beyond both planes; or NULL */
	int (*after)(struct cli *c, struct cli_change *ch, struct hp_err *err);
	/* what a dry run says besides; or NULL */
	const char *(*preview)(struct cli *c, const char *domain);
};
/* Every input recorded, one apply for all of them, what was refused taken back, one row each. */
int cli_change_sites(struct cli *c, const struct cli_change_verb *v, struct hp_err *err);

#endif
