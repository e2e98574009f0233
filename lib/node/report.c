/* What a run says: JSON lines. */
#include <string.h>

#include "node/engine.h"
#include "base/str.h"
#include "sys/json.h"
#include "sys/run.h"

static void send(struct hp_engine *x, struct hp_buf *b)
{
	hp_buf_addc(b, '\n');
	if (x->o->report)
		x->o->report(x->o->report_arg, hp_buf_str(b), b->len);
	hp_buf_release(b);
}

static void begin(struct hp_jw *w, struct hp_buf *b, const char *event)
{
	hp_jw_init(w, b, false);
	hp_jw_obj(w, NULL);
	hp_jw_str(w, "event", event);
}

static const char *const act_names[] = {
	[HP_ACT_NONE] = "change", [HP_ACT_ADD] = "add", [HP_ACT_CHANGE] = "change",
	[HP_ACT_REMOVE] = "remove",
};

void hp_report_site(struct hp_engine *x, const struct hp_wish *w, bool undone)
{
	const char *result = x->dry ? "pending" : "applied";
	struct hp_buf b = HP_BUF_INIT;
	enum hp_act act = w->act;
	struct hp_jw jw;

	if (w->outcome == HP_IS_DRIFT)
		result = "drift";
	else if (w->outcome == HP_IS_REFUSED)
		result = "refused";
	else if (undone)
		result = "undone";
	if (w->outcome != HP_IS_FINE || act == HP_ACT_NONE)
		act = !w->line ? HP_ACT_REMOVE : w->old ? HP_ACT_CHANGE : HP_ACT_ADD;
	begin(&jw, &b, "site");
	hp_jw_str(&jw, "domain", w->domain);
	hp_jw_str(&jw, "action", act_names[act]);
	hp_jw_str(&jw, "result", result);
	hp_jw_i64(&jw, "exit", hp_exit_status(w->code));
	if (w->msg)
		hp_jw_str(&jw, "message", w->msg);
	if (w->hint && *w->hint)
		hp_jw_str(&jw, "hint", w->hint);
	hp_jw_end(&jw, '}');
	send(x, &b);
}

void hp_report_file(struct hp_engine *x, const char *path, const char *action, const char *domain,
	const char *message)
{
	struct hp_buf b = HP_BUF_INIT;
	struct hp_jw jw;

	begin(&jw, &b, "file");
	hp_jw_str(&jw, "path", path);
	hp_jw_str(&jw, "action", action);
	if (domain)
		hp_jw_str(&jw, "domain", domain);
	if (message)
		hp_jw_str(&jw, "message", message);
	hp_jw_end(&jw, '}');
	send(x, &b);
}

void hp_report_diff(
	struct hp_engine *x, const char *path, const char *domain, const char *diff)
{
	struct hp_buf b = HP_BUF_INIT;
	struct hp_jw jw;

	begin(&jw, &b, "diff");
	hp_jw_str(&jw, "path", path);
	if (domain)
		hp_jw_str(&jw, "domain", domain);
	hp_jw_str(&jw, "diff", diff);
	hp_jw_end(&jw, '}');
	send(x, &b);
}

void hp_report_reload(struct hp_engine *x, const char *server)
{
	struct hp_buf b = HP_BUF_INIT;
	struct hp_jw jw;

	begin(&jw, &b, "reload");
	hp_jw_str(&jw, "server", server);
	hp_jw_end(&jw, '}');
	send(x, &b);
}

void hp_report_note(struct hp_engine *x, const char *event, const char *message)
{
	struct hp_buf b = HP_BUF_INIT;
	struct hp_jw jw;

	begin(&jw, &b, event);
	hp_jw_str(&jw, "message", message);
	hp_jw_end(&jw, '}');
	send(x, &b);
}

void hp_report_end(struct hp_engine *x, const char *result, int64_t generation, size_t sites,
	size_t changed, size_t failed, const struct hp_err *err)
{
	struct hp_buf b = HP_BUF_INIT;
	struct hp_jw jw;

	begin(&jw, &b, "end");
	hp_jw_str(&jw, "node", x->node ? x->node : x->old.node);
	hp_jw_i64(&jw, "generation", generation);
	hp_jw_str(&jw, "result", result);
	hp_jw_i64(&jw, "sites", (int64_t)sites);
	hp_jw_i64(&jw, "changed", (int64_t)changed);
	hp_jw_i64(&jw, "failed", (int64_t)failed);
	hp_jw_i64(&jw, "total_us", (int64_t)(hp_now_us() - x->t0));
	hp_jw_i64(&jw, "children_us", (int64_t)(hp_run_children_us() - x->children0));
	hp_jw_i64(&jw, "servers_us", (int64_t)x->servers_us);
	if (err->code && *err->msg)
		hp_jw_str(&jw, "message", err->msg);
	if (err->code && *err->hint)
		hp_jw_str(&jw, "hint", err->hint);
	hp_jw_i64(&jw, "exit", hp_exit_status(err->code));
	hp_jw_end(&jw, '}');
	send(x, &b);
}
