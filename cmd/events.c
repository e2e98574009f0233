#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "cmd/events.h"
#include "base/str.h"
#include "sys/json.h"

const struct hp_col cli_event_cols[] = {
	{"event", HP_COL_STR, "site, file, reload or end", false},
	{"domain", HP_COL_STR, "the website", false},
	{"action", HP_COL_STR, "add, change, remove or drift", false},
	{"result", HP_COL_STR, "applied, unchanged, refused, drift, undone, partial or pending",
		false},
	{"path", HP_COL_STR, "the file", false},
	{"server", HP_COL_STR, "the server reloaded", false},
	{"exit", HP_COL_INT, "exit status of this one", true},
	{"message", HP_COL_STR, "why", false},
	{"hint", HP_COL_STR, "what to do next", true},
	{"node", HP_COL_STR, "name of the node", true},
	{"generation", HP_COL_INT, "of the state that the node has", true},
	{"sites", HP_COL_INT, "websites in the state document", true},
	{"changed", HP_COL_INT, "websites changed", true},
	{"failed", HP_COL_INT, "websites that could not be", true},
	{"total_us", HP_COL_INT, "wall time of the run in microseconds", true},
	{"children_us", HP_COL_INT, "of it, in the servers' own programs", true},
	{NULL, HP_COL_STR, NULL, false},
};

static void put_cell(struct hp_out *o, unsigned i, const struct hp_json *v)
{
	int64_t n;

	if (!v)
		return;
	if (cli_event_cols[i].type == HP_COL_INT && hp_json_i64(v, &n) == 0)
		hp_out_i64(o, i, n);
	else if (hp_json_str(v))
		hp_out_str(o, i, hp_json_str(v));
}

void cli_event(void *arg, const char *line, size_t len)
{
	struct cli *c = arg;
	struct hp_json *ev _cleanup_json_ = NULL;
	struct hp_err err = HP_ERR_INIT;
	unsigned i;

	if (c->verbose)
		cli_event_say(c, line, len);
	if (c->quiet && c->out_opts.mode == HP_OUT_TABLE)
		return;
	if (c->out_opts.mode == HP_OUT_JSONL && !c->out_opts.columns) {
		fwrite(line, 1, len, stdout);
		if (!len || line[len - 1] != '\n')
			putc('\n', stdout);
		fflush(stdout); /* whoever waits at the other end of a pipe sees it now */
		return;
	}
	if (cli_out(c, &err) < 0 || hp_json_parse(line, len, &ev, &err) < 0) {
		cli_print_err(c, &err);
		return;
	}
	if (c->out_opts.mode == HP_OUT_TABLE && !c->verbose &&
		hp_streq(hp_json_str(hp_json_get(ev, "result")), "unchanged") &&
		hp_streq(hp_json_str(hp_json_get(ev, "event")), "site"))
		return;
	for (i = 0; cli_event_cols[i].name; i++)
		put_cell(c->out, i, hp_json_get(ev, cli_event_cols[i].name));
	if (hp_out_row(c->out, &err) < 0)
		cli_print_err(c, &err);
}

static const char *text(const struct hp_json *ev, const char *key)
{
	const struct hp_json *v = hp_json_get(ev, key);

	return v && hp_json_str(v) ? hp_json_str(v) : "";
}

void cli_event_say(struct cli *c, const char *line, size_t len)
{
	struct hp_json *ev _cleanup_json_ = NULL;
	struct hp_err err = HP_ERR_INIT;
	const char *event;

	if (hp_json_parse(line, len, &ev, &err) < 0)
		return;
	event = text(ev, "event");
	if (hp_streq(event, "site"))
		cli_say(c, "%s: %s %s%s%s", text(ev, "domain"), text(ev, "action"),
			text(ev, "result"), *text(ev, "message") ? ": " : "", text(ev, "message"));
	else if (hp_streq(event, "file"))
		cli_say(c, "%s: %s", text(ev, "path"), text(ev, "action"));
	else if (hp_streq(event, "reload"))
		cli_say(c, "%s reloaded", text(ev, "server"));
	else if (hp_streq(event, "end"))
		cli_say(c, "%s%s%s", text(ev, "result"), *text(ev, "message") ? ": " : "",
			text(ev, "message"));
}

/* ---- where the document comes from ---- */
const struct hp_opt cli_state_opts[] = {
	{"kept", 0, NULL, "take the document of the last run, not the panel's", 0, NULL},
	{0},
};

int cli_state_source(struct cli *c, int *ret_fd, bool *ret_panel, const char **ret_name,
	struct hp_err *err)
{
	const char *node;
	int64_t generation;

	*ret_fd = -1;
	*ret_panel = false;
	*ret_name = "the state document kept by the node";
	if (c->n_args && !hp_streq(c->args[0], "-"))
		return hp_err_set(err, HP_E_USAGE,
			"unexpected operand “%s”: only “-” may stand here",
			hp_str_printable(c->pool, c->args[0], 60));
	if (c->n_args && cli_opt(c, "kept"))
		return hp_err_set(err, HP_E_USAGE, "“-” and --kept exclude each other");
	if (c->n_args) {
		*ret_name = "standard input";
		*ret_fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
		return *ret_fd >= 0 ? 0 : hp_err_errno(err, HP_E_OS, errno, "standard input");
	}
	if (cli_conf(c, err) < 0)
		return err->code;
	if (cli_opt(c, "kept") || !cli_has_panel(c))
		return 0;
	if (cli_this_node(c, &node, err) < 0 || cli_state_fd(c, node, ret_fd, &generation, err) < 0)
		return err->code;
	*ret_panel = true;
	*ret_name = "the panel's state document";
	return 0;
}

/*
 * Behind hosting-panel-web-manager.socket stdin is a connection that anybody on this host could
 * have opened, if somebody widened the socket's mode: the kernel says who it is.
 */
static int check_peer(struct hp_err *err)
{
	struct passwd *panel;
	struct ucred who;
	socklen_t len = sizeof(who);
	struct stat st;

	if (fstat(STDIN_FILENO, &st) < 0 || !S_ISSOCK(st.st_mode))
		return 0;
	if (getsockopt(STDIN_FILENO, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0)
		return hp_err_errno(
			err, HP_E_DENIED, errno, "who speaks over standard input can't be asked");
	if (who.uid == 0)
		return 0;
	panel = getpwnam("hosting-panel");
	if (panel && panel->pw_uid == who.uid)
		return 0;
	return hp_err_set(err, HP_E_DENIED, "uid %lu may not apply anything on this node",
		(unsigned long)who.uid);
}

int cli_verb_apply(struct cli *c, struct hp_err *err)
{
	struct hp_node_opts o;
	const char *name;
	bool panel;
	int fd _cleanup_close_ = -1;

	if (c->n_args) {
		if (check_peer(err) < 0)
			return err->code;
		/* the report of a document that came through a pipe goes back through a pipe */
		if (c->out_opts.mode == HP_OUT_TABLE && !c->out_opts.columns)
			c->out_opts.mode = HP_OUT_JSONL;
	}
	if (cli_state_source(c, &fd, &panel, &name, err) < 0)
		return err->code;
	if (panel)
		return cli_apply_node(c, cli_event, c, NULL, err);
	if (cli_node_opts(c, &o, err) < 0)
		return err->code;
	o.state_fd = fd;
	o.state_name = name;
	o.report = cli_event;
	o.report_arg = c;
	return hp_node_apply(&o, err);
}
