#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include "cmd/events.h"
#include "base/str.h"
#include "sys/door.h"
#include "sys/json.h"

const struct hp_col cli_event_cols[] = {
	{"event", HP_COL_STR, "site, file, reload or end", false},
	{"domain", HP_COL_STR, "the website", false},
	{"action", HP_COL_STR, "add, change, remove, drift or restored", false},
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
	{"timeout", 0, "SECONDS", "give up when the document has not come to its end by then", 0,
		""},
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
 * Is stdin a connection that a listening socket took, as behind hosting-panel-web-manager.socket?
 * A pair of sockets, which sshd and others give instead of pipes, has no name: whoever started
 * this program made it or let it be made.
 */
static bool is_connection(void)
{
	union {
		struct sockaddr any;
		struct sockaddr_un un;
		struct sockaddr_storage room;
	} a;
	socklen_t len = sizeof(a);
	struct stat st;

	if (fstat(STDIN_FILENO, &st) < 0 || !S_ISSOCK(st.st_mode))
		return false;
	return getsockname(STDIN_FILENO, &a.any, &len) < 0 || a.any.sa_family != AF_UNIX ||
	       len > offsetof(struct sockaddr_un, sun_path);
}

/* ---- apply, and plan behind its door ---- */
struct applying {
	struct cli *c;
	int (*run)(const struct hp_node_opts *o, struct hp_err *err); /* hp_node_apply or _plan */
	bool connection; /* the report goes to somebody whom we do not know to read */
	bool ended;      /* the report has its last line */
};

#define END "{\"event\":\"end\","

static void on_event(void *arg, const char *line, size_t len)
{
	struct applying *a = arg;

	if (len > sizeof(END) - 1 && memcmp(line, END, sizeof(END) - 1) == 0)
		a->ended = true;
	cli_event(a->c, line, len);
	/* who takes nothing gets nothing more, and holds up nobody else */
	if (a->connection && ferror(stdout))
		shutdown(STDOUT_FILENO, SHUT_WR);
}

/*
 * Every report has its last line, also that of a run which ended before the node had anything to
 * tell: at the other end of a connection it is all that is heard of us.
 */
static void end_report(struct applying *a, const struct hp_err *err)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_jw w;

	if (!err->code || a->ended || a->c->out_opts.mode == HP_OUT_TABLE)
		return;
	hp_jw_init(&w, &b, false);
	hp_jw_obj(&w, NULL);
	hp_jw_str(&w, "event", "end");
	hp_jw_str(&w, "result", "refused");
	hp_jw_i64(&w, "changed", 0);
	hp_jw_i64(&w, "failed", 0);
	hp_jw_str(&w, "message", err->msg);
	if (*err->hint)
		hp_jw_str(&w, "hint", err->hint);
	hp_jw_i64(&w, "exit", hp_exit_status(err->code));
	hp_jw_end(&w, '}');
	hp_buf_addc(&b, '\n');
	on_event(a, hp_buf_str(&b), b.len);
}

static int take_timeout(struct cli *c, unsigned *ret_ms, struct hp_err *err)
{
	const char *value = cli_opt(c, "timeout");
	uint64_t s = 0;

	if (value && (hp_parse_duration(value, CLI_WAIT_MAX_S, &s) < 0 || !s))
		return hp_err_set(err, HP_E_USAGE,
			"--timeout: “%s” is not a time of 1 to %d seconds",
			hp_str_printable(c->pool, value, 40), CLI_WAIT_MAX_S);
	*ret_ms = (unsigned)s * 1000;
	return 0;
}

static int apply(struct applying *a, struct hp_err *err)
{
	struct cli *c = a->c;
	struct hp_node_opts o;
	const char *name;
	unsigned timeout = 0;
	bool panel;
	int fd _cleanup_close_ = -1;

	if ((a->connection && hp_door_check_peer(STDIN_FILENO, err) < 0) ||
		take_timeout(c, &timeout, err) < 0 ||
		cli_state_source(c, &fd, &panel, &name, err) < 0)
		return err->code;
	if (panel) /* never of a plan, which comes here with a document alone */
		return cli_apply_node(c, on_event, a, NULL, err);
	if (cli_node_opts(c, &o, err) < 0)
		return err->code;
	o.state_fd = fd;
	o.state_name = name;
	o.state_ms = timeout;
	o.report = on_event;
	o.report_arg = a;
	o.diff_events = a->run == hp_node_plan;
	return a->run(&o, err);
}

static int run_and_report(struct applying *a, struct hp_err *err)
{
	static const struct timeval patience = {.tv_sec = 30};
	struct cli *c = a->c;

	/* the report of a document that came through a pipe goes back through a pipe */
	if (c->n_args && c->out_opts.mode == HP_OUT_TABLE && !c->out_opts.columns)
		c->out_opts.mode = HP_OUT_JSONL;
	if (a->connection)
		setsockopt(STDOUT_FILENO, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	apply(a, err);
	end_report(a, err);
	return err->code;
}

int cli_verb_apply(struct cli *c, struct hp_err *err)
{
	struct applying a = {
		.c = c, .run = hp_node_apply, .connection = c->n_args && is_connection()};

	return run_and_report(&a, err);
}

bool cli_is_asked_for_plan(const struct cli *c)
{
	return c->n_args && is_connection();
}

int cli_tell_plan(struct cli *c, struct hp_err *err)
{
	struct applying a = {.c = c, .run = hp_node_plan, .connection = true};

	return run_and_report(&a, err);
}
