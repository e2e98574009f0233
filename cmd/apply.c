#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "cmd/events.h"
#include "base/file.h"
#include "base/paths.h"
#include "base/str.h"
#include "base/thread.h"
#include "sys/door.h"
#include "sys/json.h"

int cli_this_node(struct cli *c, const char **ret, struct hp_err *err)
{
	if (!c->node &&
		(cli_conf(c, err) < 0 || hp_panel_node_name(c->pool, c->conf, &c->node, err) < 0))
		return err->code;
	*ret = c->node;
	return 0;
}

int cli_node_opts(struct cli *c, struct hp_node_opts *ret, struct hp_err *err)
{
	if (cli_conf(c, err) < 0)
		return err->code;
	memset(ret, 0, sizeof(*ret));
	ret->sysroot = c->sysroot;
	ret->conf = c->conf;
	ret->state_fd = -1;
	ret->diff_fd = -1;
	ret->force = c->force;
	/* who changes a site waits for that site; who says apply means everything */
	ret->mend = !(c->verb->flags & CLI_MUTATES);
	ret->wait_ms = c->wait_ms;
	ret->takeover = c->takeover;
	return 0;
}

/* As the panel's own, whoever asks for the change. */
static int write_state(struct hp_panel *p, const char *node, int fd, int64_t *ret_generation,
	struct hp_err *err)
{
	struct hp_actor who = hp_panel_begin_own(p);
	int r = hp_node_state(p, node, fd, ret_generation, err);

	hp_panel_end_own(p, &who);
	return r;
}

int cli_state_fd(struct cli *c, const char *node, int *ret_fd, int64_t *ret_generation,
	struct hp_err *err)
{
	int fd _cleanup_close_ = memfd_create("state", MFD_CLOEXEC);

	if (fd < 0)
		return hp_err_errno(err, HP_E_OS, errno, "no memory file can be made");
	if (cli_panel(c, err) < 0 || write_state(c->panel, node, fd, ret_generation, err) < 0)
		return err->code;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "the state document can't be read again");
	*ret_fd = TAKE_FD(&fd);
	return 0;
}

/* Below a sysroot all is the caller's; the host itself is root's. */
bool cli_goes_through_door(const struct cli *c)
{
	return geteuid() != 0 && !*c->sysroot;
}

bool cli_can_apply(struct cli *c, const char *node, const char **ret_why)
{
	struct hp_err err = HP_ERR_INIT;
	const char *here = NULL, *role;
	bool web = true;

	*ret_why = NULL;
	if (c->no_apply)
		*ret_why = "recorded only: --no-apply";
	else if (cli_this_node(c, &here, &err) < 0)
		*ret_why = hp_pstrdup(c->pool, err.msg);
	else if (!hp_streq(here, node))
		*ret_why = hp_pprintf(c->pool, "recorded; it takes effect when node %s applies it "
			"(hp-node state %s | ssh %s hp-vhost apply -)", node, node, node);
	else if (cli_goes_through_door(c) && !hp_door_is_open(HP_WEB_MANAGER_SOCKET))
		*ret_why = "recorded; it takes effect when root runs: hp-vhost apply";
	else if (cli_goes_through_door(c) && c->force)
		*ret_why = "recorded; it takes effect when root runs: hp-vhost apply --force";
	if (*ret_why)
		return false;
	role = hp_conf_get(c->conf, "roles", "enable_web_manager");
	if (role && hp_parse_bool(role, &web) == 0 && !web)
		*ret_why = "recorded only: enable_web_manager is false on this host";
	return !*ret_why;
}

/* ---- one run of the engine, and what it says ---- */
static int cmp_change(const void *a, const void *b)
{
	return strcmp(
		((const struct cli_change *)a)->domain, ((const struct cli_change *)b)->domain);
}

static int64_t member_i64(const struct hp_json *ev, const char *key, int64_t deflt)
{
	const struct hp_json *v = hp_json_get(ev, key);
	int64_t n;

	return v && hp_json_i64(v, &n) == 0 ? n : deflt;
}

static const char *member_str(const struct hp_json *ev, const char *key)
{
	const struct hp_json *v = hp_json_get(ev, key);

	return v ? hp_json_str(v) : NULL;
}

static void on_site_event(struct cli_run *r, const struct hp_json *ev)
{
	struct cli_change key = {.domain = member_str(ev, "domain")}, *ch = NULL;
	const char *result = member_str(ev, "result"), *message = member_str(ev, "message");
	int status = (int)member_i64(ev, "exit", 0);

	if (!key.domain || !result)
		return;
	if (!status && (hp_streq(result, "refused") || hp_streq(result, "drift") ||
			       hp_streq(result, "undone")))
		status = hp_streq(result, "drift") ? -HP_E_EXISTS : -HP_E_REFUSED;
	if (r->n)
		ch = bsearch(&key, r->changes, r->n, sizeof(*ch), cmp_change);
	if (ch) {
		ch->code = -status;
		ch->message = hp_pstrdup(r->c->pool, message);
		ch->hint = hp_pstrdup(r->c->pool, member_str(ev, "hint"));
	} else if (status && !hp_streq(result, "undone") && r->changes) {
		if (r->others++ < 5)
			cli_warn(r->c, "%s: left as it was: %s", key.domain,
				message ? message : result);
	}
}

static void on_report(void *arg, const char *line, size_t len)
{
	struct cli_run *r = arg;
	struct hp_json *ev _cleanup_json_ = NULL;
	struct hp_err err = HP_ERR_INIT;
	const char *event, *result;

	if (r->report)
		r->report(r->arg, line, len);
	else if (r->c->verbose)
		cli_event_say(r->c, line, len);
	if (hp_json_parse(line, len, &ev, &err) < 0)
		return;
	event = member_str(ev, "event");
	if (hp_streq(event, "site")) {
		on_site_event(r, ev);
	} else if (hp_streq(event, "end")) {
		r->ended = true;
		r->generation = member_i64(ev, "generation", 0);
		result = member_str(ev, "result");
		r->undone = hp_streq(result, "undone");
		snprintf(r->result, sizeof(r->result), "%s", result ? result : "");
	}
}

/* ---- applied by root, for who is not ---- */
/* As long as a run behind the door may take, and a little (RuntimeMaxSec=). */
#define DOOR_MS ((30 * 60 + 30) * 1000)
#define DOOR_LINE_MAX ((size_t)1 << 20)

struct through {
	const struct hp_node_opts *o;
	bool ended;
	struct hp_err *err;
};

/* What the run ended with. 1 when it had begun, and so has a report as it would have here. */
static int on_end(struct through *t, const struct hp_json *ev)
{
	int64_t status = member_i64(ev, "exit", 0);
	const char *message = member_str(ev, "message"), *hint = member_str(ev, "hint");

	t->ended = true;
	if (status) {
		hp_err_set(t->err, status > 0 && status < 128 ? (int)-status : HP_E_OS, "%s",
			message ? message : "the web manager does not say what failed");
		if (hint)
			hp_err_hint(t->err, "%s", hint);
	}
	return !hp_streq(member_str(ev, "result"), "refused");
}

static void on_line(void *arg, const char *line, size_t len)
{
	struct through *t = arg;
	struct hp_json *ev _cleanup_json_ = NULL;
	struct hp_err err = HP_ERR_INIT;

	if (t->ended || hp_json_parse(line, len, &ev, &err) < 0)
		return;
	if (!hp_streq(member_str(ev, "event"), "end") || on_end(t, ev))
		t->o->report(t->o->report_arg, line, len);
}

/* As root does it: the document goes in, the same report comes out. */
static int through_door(const char *socket, const struct hp_node_opts *o, struct hp_err *err)
{
	struct hp_err said = HP_ERR_INIT;
	struct through t = {.o = o, .err = &said};
	const struct hp_door d = {.path = socket,
		.in_fd = o->state_fd,
		.timeout_ms = DOOR_MS,
		.max_line = DOOR_LINE_MAX,
		.line = on_line,
		.arg = &t};

	hp_door_call(&d, err);
	if (t.ended) {
		*err = said;
		return err->code;
	}
	if (err->code)
		return hp_err_prefix(err, "the web manager");
	hp_err_set(err, HP_E_BUSY,
		"the web manager closed its door before the report had come to its end");
	return hp_err_hint(err, "it turns away who comes when 16 are there already; otherwise "
		"journalctl -t hosting-panel-web-manager says why");
}

/* ---- the document written while the run begins ---- */
/* As much as most documents are: who writes it need not wait for who reads. */
#define PIPE_SIZE (1 << 20)

struct exporting {
	struct hp_panel *panel;
	const char *node;
	int fd;                    /* the pipe's end to write to */
	_Atomic bool unwanted;     /* nobody reads it any more */
	int64_t generation;
	struct hp_err err;
};

static void *export_state(void *arg)
{
	struct exporting *e = arg;

	write_state(e->panel, e->node, e->fd, &e->generation, &e->err);
	if (e->unwanted)
		hp_err_clear(&e->err);
	hp_cleanup_close(&e->fd);
	return NULL;
}

/* Nothing else uses the panel until the thread has ended. False: none is to be had. */
static bool begin_export(struct exporting *e, pthread_t *thread, int *ret_fd)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	fcntl(ends[0], F_SETPIPE_SZ, PIPE_SIZE);
	e->fd = ends[1];
	if (hp_thread_start(thread, export_state, e)) {
		*ret_fd = ends[0];
		return true;
	}
	close(ends[0]);
	close(ends[1]);
	return false;
}

static int apply_beside(struct cli *c, const char *node, struct hp_node_opts *o,
	int64_t *ret_generation, bool *ret_done, struct hp_err *err)
{
	struct exporting e = {.node = node, .err = HP_ERR_INIT};
	pthread_t thread;

	if (cli_panel(c, err) < 0)
		return err->code;
	e.panel = c->panel;
	*ret_done = begin_export(&e, &thread, &o->state_fd);
	if (!*ret_done)
		return 0;
	o->state_beside = true;
	hp_node_apply(o, err);
	e.unwanted = true;
	close(o->state_fd);
	pthread_join(thread, NULL);
	*ret_generation = e.generation;
	/* what came of it, a document that is cut, says less */
	if (e.err.code)
		*err = e.err;
	return err->code;
}

static int apply_state(struct cli *c, const char *node, struct hp_node_opts *o,
	int64_t *ret_generation, struct hp_err *err)
{
	int fd _cleanup_close_ = -1;
	bool door = cli_goes_through_door(c), done = false;

	if (!door && (apply_beside(c, node, o, ret_generation, &done, err) < 0 || done))
		return err->code;
	if (cli_state_fd(c, node, &fd, ret_generation, err) < 0)
		return err->code;
	o->state_fd = fd;
	return door ? through_door(HP_WEB_MANAGER_SOCKET, o, err) : hp_node_apply(o, err);
}

static int run_once(
	struct cli_run *r, const char *node, int64_t *ret_generation, struct hp_err *err)
{
	struct hp_err late = HP_ERR_INIT;
	struct hp_node_opts o;
	struct hp_actor who;
	int rc;

	r->ended = r->undone = false;
	r->result[0] = 0;
	r->others = 0;
	if (cli_node_opts(r->c, &o, err) < 0)
		return err->code;
	o.state_name = "the panel's state document";
	o.report = on_report;
	o.report_arg = r;
	rc = apply_state(r->c, node, &o, ret_generation, err);
	/* what the panel remembers of it is news, not part of the change: a failure is only said */
	who = hp_panel_begin_own(r->c->panel);
	if (r->ended && hp_node_applied(r->c->panel, node, r->generation, r->result, &late) < 0)
		cli_warn(r->c, "the node's report could not be recorded: %s", late.msg);
	hp_panel_end_own(r->c->panel, &who);
	return rc;
}

/* ---- what would become of one website's files ---- */
struct planning {
	const char *domain;
	struct hp_buf diff;
};

static void on_plan(void *arg, const char *line, size_t len)
{
	struct planning *p = arg;
	struct hp_json *ev _cleanup_json_ = NULL;
	struct hp_err err = HP_ERR_INIT;
	const char *diff;

	if (hp_json_parse(line, len, &ev, &err) < 0 || !hp_streq(member_str(ev, "event"), "diff"))
		return;
	diff = member_str(ev, "diff");
	if (diff && hp_streq(member_str(ev, "domain"), p->domain))
		hp_buf_adds(&p->diff, diff);
}

int cli_plan_site(struct cli *c, int state_fd, const char *domain, const char **ret,
	struct hp_err *err)
{
	struct planning p = {.domain = domain};
	struct hp_node_opts o;
	int rc;

	if (cli_node_opts(c, &o, err) < 0)
		return err->code;
	o.state_fd = state_fd;
	o.state_name = "the panel's state document";
	o.diff_events = true;
	o.report = on_plan;
	o.report_arg = &p;
	rc = cli_goes_through_door(c) ? through_door(HP_WEB_PLANNER_SOCKET, &o, err)
				      : hp_node_plan(&o, err);
	*ret = hp_pstrndup(c->pool, hp_buf_str(&p.diff), p.diff.len);
	hp_buf_release(&p.diff);
	if (rc < 0 && rc != HP_E_PENDING)
		return rc;
	hp_err_clear(err);
	return 0;
}

/*
 * When another command has applied a newer document meanwhile, the node does nothing with ours;
 * ours is in theirs, but what became of it was told to them. The newest document once more tells it
 * to us.
 */
int cli_run_newest(struct cli_run *r, const char *node, struct hp_err *err)
{
	int64_t generation = 0, last;
	int rc;

	do {
		hp_err_clear(err);
		last = generation;
		rc = run_once(r, node, &generation, err);
	} while (rc == 0 && r->generation > generation && generation != last);
	if (rc < 0 || r->generation <= generation)
		return rc;
	/* nobody has a newer one: the node is ahead of the panel, and nothing was done */
	r->undone = true;
	hp_err_set(err, HP_E_EXISTS, "node %s has generation %lld applied, but this panel's newest "
		"is %lld: its database was set back", node, (long long)r->generation,
		(long long)generation);
	return hp_err_hint(err, "see what would become of the node with: hp-vhost plan --force; "
		"then hp-vhost apply --force makes it follow the panel");
}

int cli_run_kept(struct cli_run *r, struct hp_err *err)
{
	struct hp_node_opts o;

	if (cli_node_opts(r->c, &o, err) < 0)
		return err->code;
	o.report = on_report;
	o.report_arg = r;
	return hp_node_apply(&o, err);
}

static void blame(struct cli_run *r, size_t i, int rc, const struct hp_err *err)
{
	r->changes[i].code = rc;
	r->changes[i].message = hp_pstrdup(r->c->pool, err->msg);
	r->changes[i].hint = hp_pstrdup(r->c->pool, err->hint);
}

size_t cli_run_blame(struct cli_run *r, int rc, const struct hp_err *err)
{
	size_t i, failed = 0;

	for (i = 0; i < r->n; i++) {
		if (rc < 0 && !r->ended)
			blame(r, i, rc, err);
		failed += r->changes[i].code != 0;
	}
	if (rc == 0 || !r->undone || failed || r->others)
		return failed;
	for (i = 0; i < r->n; i++)
		blame(r, i, rc, err);
	return r->n;
}

int cli_apply_node(struct cli *c, hp_report_fn *report, void *arg, bool *ret_undone,
	struct hp_err *err)
{
	struct cli_run r = {.c = c, .report = report, .arg = arg};
	const char *node;
	int rc = cli_this_node(c, &node, err);

	if (rc == 0)
		rc = cli_run_newest(&r, node, err);
	if (ret_undone)
		*ret_undone = rc < 0 && (!r.ended || r.undone);
	return rc;
}
