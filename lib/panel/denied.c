/*
 * What was refused is written down, too, as far as there is room for it: a flood of denials would
 * fill the disk. What is left out is counted and told (lib/panel/audit_chain.c).
 */
#include "base/file.h"
#include "panel/panel_impl.h"

#define WINDOW 200 /* newest entries that are looked at */
#define OF_ONE 10  /* in HP_DENIALS_S seconds, of one actor from one place … */
#define OF_ALL 60  /* … and of all */
#define OBJECT_MAX 253
#define NOTE_MAX 500
#define WAIT_MS 2000 /* for others who write, where a reading program has something to write down  \
		      */

static int is_flood(struct hp_panel *p, const struct hp_audit_head *h,
	const struct hp_audit_entry *e, bool *ret, struct hp_err *err)
{
	struct hp_stmt *st _cleanup_stmt_ = NULL;

	if (hp_db_stmt(p->db, HP_SQL_AUDIT_DENIALS, &st, err) < 0)
		return err->code;
	hp_stmt_text(st, "actor", e->actor);
	hp_stmt_text(st, "source", e->source);
	hp_stmt_i64(st, "after", h->last - WINDOW);
	hp_stmt_time(st, "since", hp_now() - HP_DENIALS_S);
	if (hp_stmt_step(st, err) < 0)
		return err->code;
	*ret = hp_stmt_get_i64(st, 0) >= OF_ALL || hp_stmt_get_i64(st, 1) >= OF_ONE;
	return 0;
}

int hp_audit_deny(struct hp_panel *p, const struct hp_audit_entry *e, struct hp_err *err)
{
	struct hp_audit_entry denied = *e;
	struct hp_audit_head h;
	bool flood = false;

	denied.outcome = "denied";
	if (hp_audit_head_get(p, &h, err) < 0 || is_flood(p, &h, e, &flood, err) < 0)
		return err->code;
	if (!flood)
		return hp_audit_write(p, &denied, err);
	return hp_audit_leave_out(p, h.left_out + 1, h.left_out ? h.left_out_since : hp_now(), err);
}

static int deny_tx(struct hp_panel *p, void *arg, struct hp_err *err)
{
	return hp_audit_deny(p, arg, err);
}

/* SQLite's handle of a reader can't be beside one of a writer. */
static int reopen(struct hp_panel *p, struct hp_err *err)
{
	const struct hp_db_opts o = {.sysroot = p->sysroot, .busy_timeout_ms = WAIT_MS};

	hp_db_close(TAKE(p->db));
	p->read_only = false;
	return hp_db_open(hp_panel_url(p->conf), &o, &p->db, err);
}

void hp_audit_denied(struct hp_panel *p, struct hp_audit_entry *e)
{
	struct hp_err ignored = HP_ERR_INIT;
	bool dry_run = p->dry_run;

	/* who rehearses was refused for real */
	p->dry_run = false;
	if (p->db && (!p->read_only || reopen(p, &ignored) == 0))
		hp_panel_tx(p, deny_tx, e, &ignored);
	p->dry_run = dry_run;
}

void hp_panel_denied(
	struct hp_panel *p, const char *verb, const char *object, const struct hp_err *why)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	const struct hp_actor *a = p->refused.name ? &p->refused : &p->actor;
	struct hp_audit_entry e = {.tenant = a->tenant_id,
		.actor = a->name,
		.source = a->source,
		.verb = verb,
		.object = object ? hp_str_printable(pool, object, OBJECT_MAX) : "",
		.note = hp_str_printable(pool, why->msg, NOTE_MAX)};

	if (a->kind == HP_ACTOR_OPERATOR ||
		(why->code != HP_E_DENIED && why->code != HP_E_NOT_FOUND))
		return;
	hp_audit_denied(p, &e);
}
