/*
 * The run: rounds of plan, stage and test until nobody is blamed any more; then journal, make,
 * switch, change, probe, decide, break. Any failure before the decision is undone whole
 * from the journal, by the code that also cleans up after a crash.
 */
#include <errno.h>

#include "node/engine.h"
#include "base/fault.h"
#include "base/str.h"

#define EACH_PART(x, step, err)                                                                    \
	({                                                                                         \
		int each_rc_ = 0;                                                                  \
		for (size_t each_i_ = 0; each_i_ < HP_PARTS && !each_rc_; each_i_++)               \
			if (hp_parts[each_i_]->step)                                               \
				each_rc_ = hp_parts[each_i_]->step(x, err);                        \
		each_rc_;                                                                          \
	})

/* Of two verdicts the one counts that is worse: a refusal, a site blamed, something broke. */
static int badness(int rc)
{
	return rc == 0 ? 0 : rc == HP_E_REFUSED ? 1 : rc == HP_RETRY ? 2 : 3;
}

/* What the parts' tests say, beside rc. all: also those that could be waited with. */
static int verdicts(struct hp_engine *x, bool all, int rc, struct hp_err *err)
{
	struct hp_err one = HP_ERR_INIT;
	size_t i;
	int more;

	for (i = 0; i < HP_PARTS; i++) {
		hp_err_clear(&one);
		more = hp_parts[i]->tested ? hp_parts[i]->tested(x, all, &one) : 0;
		/* what did not come up says less than the test of why */
		if (more && badness(more) >= badness(rc)) {
			rc = more;
			*err = one;
			x->test_refused = rc == HP_E_REFUSED;
		}
	}
	return rc;
}

static int test_parts(struct hp_engine *x, bool live, bool all, struct hp_err *err)
{
	int rc = 0;
	size_t i;

	for (i = 0; i < HP_PARTS && !rc; i++)
		if (hp_parts[i]->test)
			rc = hp_parts[i]->test(x, live, err);
	x->test_refused = rc == HP_E_REFUSED;
	rc = verdicts(x, all, rc, err);
	/* nothing follows that could be waited for beside it */
	return rc ? verdicts(x, true, rc, err) : 0;
}

/* The journal on the disk, and all that it refers to. */
static int announce(struct hp_engine *x, struct hp_err *err)
{
	int rc = EACH_PART(x, journal, err);

	if (rc)
		return rc;
	if (hp_stage_keep_old(x, err) < 0 || hp_stage_sync(x, err) < 0)
		return err->code;
	hp_fault("before-journal");
	if (hp_journal_write(x, err) < 0)
		return err->code;
	hp_fault("after-journal");
	return 0;
}

/* What was switched in, and what will be remembered of it, on its way to the disk. */
static int remember(struct hp_engine *x, struct hp_err *err)
{
	if (x->remembered)
		return 0;
	if (hp_switch_sync_begin(x, err) < 0 || hp_commit_prepare(x, err) < 0)
		return err->code;
	x->remembered = true;
	hp_fault("after-remember");
	return 0;
}

/* Is nothing left to be switched before the decision? So it is when only PHP changes. */
static bool is_in_place(const struct hp_engine *x)
{
	size_t i;

	for (i = 0; i < x->n_ops; i++)
		if (!x->ops[i].early && !x->ops[i].late)
			return false;
	return true;
}

/* Masters take their time to come up: meanwhile is done what grows with the number of sites. */
static int make_early(struct hp_engine *x, struct hp_err *err)
{
	int rc;

	if (hp_switch_dirs(x, err) < 0 || hp_switch_files(x, true, err) < 0)
		return err->code;
	hp_fault("after-early");
	rc = EACH_PART(x, make, err);
	if (!rc && is_in_place(x))
		rc = remember(x, err);
	return rc ? rc : EACH_PART(x, made, err);
}

/* From the journal to files switched in; nothing was told to a running server yet, or synced. */
static int move_in(struct hp_engine *x, struct hp_err *err)
{
	int rc = announce(x, err);

	if (!rc)
		rc = make_early(x, err);
	rc = verdicts(x, true, rc, err);
	if (rc)
		return rc;
	hp_fault("before-switch");
	if (hp_switch_files(x, false, err) < 0)
		return err->code;
	hp_fault("after-rename");
	return 0;
}

/* Undo what stands in the journal; what went wrong before stays the error. */
static int undo(struct hp_engine *x, int rc, struct hp_err *err)
{
	struct hp_err why = HP_ERR_INIT;
	const char *what;

	/* of what is undone nobody asks whether it is on the disk */
	hp_bgsync_end(&x->bgsync, &why);
	hp_err_clear(&why);
	if (hp_journal_recover(x, &what, &why) == 0)
		return rc;
	if (rc == HP_RETRY || !err->code)
		hp_err_set(err, HP_E_OS, "a round could not be undone: %s", why.msg);
	else
		hp_err_set(err, err->code, "%s; undoing it failed too: %s",
			hp_pstrdup(x->pool, err->msg), why.msg);
	return hp_err_hint(
		err, "when its reason is gone, run: hp-vhost apply; it undoes the rest first");
}

/*
 * Check, test, and switch. Where tests run beside the live tree nothing is switched for
 * only_test; where they can't, the switch is undone after it.
 */
static int attempt(struct hp_engine *x, bool only_test, struct hp_err *err)
{
	int rc = hp_plan_round(x, err);

	if (!rc)
		rc = EACH_PART(x, check, err);
	hp_fault("after-stage");
	if (!rc)
		rc = test_parts(x, false, only_test, err);
	hp_fault("after-test");
	if (rc || (only_test && !x->no_ns) || (!x->n_ops && !x->changed))
		return rc;
	rc = move_in(x, err);
	if (!rc && x->no_ns)
		rc = test_parts(x, true, true, err);
	return rc || only_test ? undo(x, rc, err) : 0;
}

/* ---- one site breaks the test and nobody says which ---- */
static struct hp_wish *last_moved(struct hp_engine *x)
{
	size_t i;

	for (i = x->n_sites; i-- > 0;)
		if (hp_wish_moves(&x->sites[i]))
			return &x->sites[i];
	return NULL;
}

/*
 * The first k of the changed sites pass together, k + 1 do not: the last one of these is to
 * blame. Everything without any of them must pass, else the fault is not ours.
 */
static int bisect(struct hp_engine *x, struct hp_err *err)
{
	size_t lo = 0, hi = x->changed;
	struct hp_err why = *err, now;
	struct hp_wish *w;
	int rc;

	x->limit = 0;
	for (;;) {
		now = (struct hp_err)HP_ERR_INIT;
		x->test_refused = false;
		rc = attempt(x, true, &now);
		if (rc == HP_RETRY)
			break; /* somebody was blamed after all */
		if (rc < 0 && (!x->test_refused || x->limit == 0)) {
			*err = now;
			break;
		}
		if (rc < 0) {
			hi = x->limit;
			why = now;
		} else {
			lo = x->limit;
		}
		if (hi - lo <= 1) {
			x->limit = hi;
			rc = hp_plan_round(x, err);
			w = last_moved(x);
			if (rc == 0 && w)
				rc = hp_blame(x, w, HP_IS_REFUSED, &why);
			else if (rc == 0)
				*err = why, rc = why.code;
			break;
		}
		x->limit = lo + (hi - lo) / 2;
	}
	x->limit = SIZE_MAX;
	return rc;
}

/* ---- the new world ---- */
/*
 * What is switched in, and what will be remembered of it, goes to the disk while servers take
 * their time over a reload: a crash until the decision undoes all of it anyway.
 */
static int decide(struct hp_engine *x, struct hp_err *err)
{
	int rc = EACH_PART(x, change, err);

	x->changed_ms = hp_now_ms();
	hp_fault("after-change");
	if (!rc)
		rc = remember(x, err);
	if (!rc)
		rc = EACH_PART(x, probe, err);
	hp_fault("after-probe");
	if (!rc)
		rc = hp_switch_sync_end(x, err);
	hp_fault("before-commit");
	if (!rc)
		rc = hp_journal_commit(x, err);
	x->decided = rc == 0;
	return rc;
}

static int finish(struct hp_engine *x, struct hp_err *err)
{
	const char *what;

	hp_fault("after-commit");
	if (hp_journal_recover(x, &what, err) == 0)
		return 0;
	hp_err_prefix(err, "the new state is served, but the old one could not be cleared away");
	return hp_err_hint(err, "when its reason is gone, run: hp-vhost apply");
}

/* Nothing moves; but the document, or what its files are made from, reads differently now. */
static int note_document(struct hp_engine *x, struct hp_err *err)
{
	if (hp_stage_clear(x, err) < 0)
		return err->code;
	if (x->failed && !x->changed)
		return 0;
	if (hp_commit_prepare(x, err) < 0)
		return err->code;
	return hp_commit_publish(x, err);
}

static size_t count_failed(const struct hp_engine *x)
{
	size_t i, n = x->own.outcome != HP_IS_FINE;

	for (i = 0; i < x->n_sites; i++)
		n += x->sites[i].outcome != HP_IS_FINE;
	return n;
}

static int rounds(struct hp_engine *x, struct hp_err *err)
{
	int rc;

	do {
		hp_err_clear(err);
		x->test_refused = false;
		rc = attempt(x, false, err);
		x->failed = count_failed(x);
		if (rc == 0 && !x->n_ops && !x->changed)
			return note_document(x, err);
		if (rc < 0 && x->test_refused && x->changed && !x->whole)
			rc = bisect(x, err);
		else if (rc == 0) {
			rc = decide(x, err);
			if (rc)
				rc = undo(x, rc, err);
			else
				return finish(x, err);
		}
	} while (rc == HP_RETRY);
	x->failed = count_failed(x);
	return undo(x, rc, err);
}

/* ---- what is said about it ---- */
static size_t count_served(const struct hp_engine *x)
{
	size_t i, n = 0;

	for (i = 0; i < x->n_sites; i++)
		n += x->sites[i].now != NULL;
	return n;
}

static void first_failure(struct hp_engine *x, struct hp_err *err)
{
	const struct hp_wish *w = x->own.outcome != HP_IS_FINE ? &x->own : NULL;
	size_t i;

	for (i = 0; i < x->n_sites && !w; i++)
		if (x->sites[i].outcome != HP_IS_FINE)
			w = &x->sites[i];
	if (!w)
		return;
	if (x->failed == 1)
		hp_err_set(err, w->code, "%s: %s", w->domain ? w->domain : "this node", w->msg);
	else
		hp_err_set(err, w->code, "%zu sites were left as they were; the first is %s: %s",
			x->failed, w->domain ? w->domain : "this node", w->msg);
	if (w->hint && *w->hint)
		hp_err_hint(err, "%s", w->hint);
}

/* A bisection has held back everything when it finds that the fault is nobody's. */
static bool is_concerned(const struct hp_wish *w)
{
	return hp_wish_moves(w) || w->held || w->outcome != HP_IS_FINE;
}

/* A run may fail before it has come to this site: that it should change is known nevertheless. */
static bool is_wished(const struct hp_wish *w)
{
	return is_concerned(w) || !w->line || !w->old || !hp_streq(w->digest, w->old->digest);
}

static int tell(struct hp_engine *x, int rc, size_t mended, struct hp_err *err)
{
	bool undone = rc < 0 && !x->decided;
	const char *result;
	size_t i;

	for (i = 0; i < x->n_sites; i++) {
		struct hp_wish *w = &x->sites[i];

		if (undone && w->outcome == HP_IS_FINE && is_wished(w)) {
			w->code = err->code;
			w->msg = err->msg;
			w->hint = err->hint;
		}
		if (is_concerned(w) || w->code)
			hp_report_site(x, w, undone);
	}
	if (rc == 0 && x->failed)
		first_failure(x, err);
	if (undone || (x->failed && !x->decided))
		result = "undone";
	else if (x->failed)
		result = "partial";
	else
		result = x->decided || mended ? "applied" : "unchanged";
	hp_report_end(x, result, hp_streq(result, "undone") ? x->old.generation : x->generation,
		undone ? x->old.n : count_served(x), x->decided ? x->changed : 0,
		x->failed, err);
	return err->code;
}

/*
 * What was begun is brought to its end, one way or the other: who presses ^C, or whose connection
 * breaks, would leave the node between two worlds until the next run. The signal comes afterwards.
 */
static void hold_signals(struct hp_engine *x)
{
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGHUP);
	x->holds_signals = sigprocmask(SIG_BLOCK, &held, &x->signals) == 0;
}

static int begin(struct hp_engine *x, struct hp_err *err)
{
	const char *what = NULL;

	if (hp_engine_lock(x, err) < 0)
		return err->code;
	hold_signals(x);
	if (hp_engine_detect(x, err) < 0)
		return err->code;
	if (hp_journal_recover(x, &what, err) < 0)
		return hp_err_prefix(err, "an earlier run was cut short and can't be undone yet");
	if (what)
		hp_report_note(x, "recover", what);
	return hp_engine_load(x, err);
}

static int unchanged(struct hp_engine *x, int64_t generation, struct hp_err *err)
{
	x->node = x->old.node;
	hp_report_end(x, "unchanged", generation, x->old.n, 0, 0, err);
	return 0;
}

/* Nothing is to be done about files; about the rest only who runs apply asks. */
static int apply_same(struct hp_engine *x, struct hp_err *err)
{
	size_t mended = 0;

	if (x->o->mend && hp_mend(x, true, &mended, err) < 0) {
		hp_report_end(x, "partial", x->old.generation, x->old.n, 0, 1, err);
		return err->code;
	}
	x->node = x->old.node;
	hp_report_end(x, mended ? "applied" : "unchanged", x->old.generation, x->old.n, 0, 0, err);
	return 0;
}

/* The sites that did not change, after those that did; the manifest is the new one. */
static int mend_others(struct hp_engine *x, size_t *ret_mended, struct hp_err *err)
{
	if (!x->o->mend || (x->decided && x->changed == x->n_sites))
		return 0;
	if (x->decided && hp_engine_load(x, err) < 0)
		return err->code;
	return hp_mend(x, true, ret_mended, err);
}

static int apply(struct hp_engine *x, struct hp_err *err)
{
	size_t mended = 0;
	bool same;
	int rc;

	if (hp_engine_receive(x, err) < 0 || begin(x, err) < 0 || hp_engine_open(x, err) < 0 ||
		hp_engine_look(x, err) < 0 || hp_plan_is_unchanged(x, &same, err) < 0)
		return err->code;
	if (same)
		return apply_same(x, err);
	if (hp_engine_read(x, err) < 0)
		return err->code;
	if (x->old.node && x->generation < x->old.generation && !x->o->force)
		return unchanged(x, x->old.generation, err);
	rc = rounds(x, err);
	if (rc == 0)
		rc = hp_plan_look_at_rest(x, err);
	if (rc == 0)
		rc = mend_others(x, &mended, err);
	return tell(x, rc, mended, err);
}

int hp_node_apply(const struct hp_node_opts *o, struct hp_err *err)
{
	struct hp_engine x;

	if (hp_engine_init(&x, o, false, err) == 0)
		apply(&x, err);
	hp_engine_free(&x);
	return err->code;
}

int hp_node_recover(const struct hp_node_opts *o, struct hp_err *err)
{
	struct hp_engine x;
	size_t wrong = 0;

	if (hp_engine_init(&x, o, false, err) == 0) {
		x.boot = true;
		if (begin(&x, err) == 0)
			hp_mend(&x, true, &wrong, err);
	}
	hp_engine_free(&x);
	return err->code;
}

/* ---- plan ---- */
static bool journal_is_there(const struct hp_engine *x)
{
	return faccessat(x->rootfd, hp_rel(HP_JOURNAL_FILE), F_OK, 0) == 0 ||
	       faccessat(x->rootfd, hp_rel(HP_COMMIT_FILE), F_OK, 0) == 0;
}

static int plan_same(struct hp_engine *x, struct hp_err *err)
{
	size_t wrong = 0;

	if (hp_mend(x, false, &wrong, err) < 0)
		return err->code;
	if (!wrong)
		return unchanged(x, x->old.generation, err);
	err->code = HP_E_PENDING;
	hp_report_end(x, "pending", x->old.generation, x->old.n, 0, 0, err);
	return err->code;
}

/* Apply passes over it, since a newer document may have overtaken it; who looks wants to know. */
static int is_older(struct hp_engine *x, struct hp_err *err)
{
	hp_err_set(err, HP_E_EXISTS,
		"%s is of generation %lld, but this node has %lld applied already",
		x->o->state_name ? x->o->state_name : "the state document",
		(long long)x->generation, (long long)x->old.generation);
	return hp_err_hint(err, "was the panel's database set back? What it would change all the "
		"same shows: hp-vhost plan --force");
}

static int plan(struct hp_engine *x, struct hp_err *err)
{
	bool same;
	size_t i;
	int rc;

	if (hp_engine_receive(x, err) < 0 || hp_engine_lock(x, err) < 0 ||
		hp_engine_detect(x, err) < 0)
		return err->code;
	if (journal_is_there(x)) {
		hp_err_set(err, HP_E_BUSY, "an earlier run was cut short");
		return hp_err_hint(err, "bring it to an end first: hp-vhost recover");
	}
	if (hp_engine_load(x, err) < 0 || hp_engine_open(x, err) < 0 ||
		hp_engine_look(x, err) < 0 || hp_plan_is_unchanged(x, &same, err) < 0)
		return err->code;
	if (same)
		return plan_same(x, err);
	if (hp_engine_read(x, err) < 0)
		return err->code;
	if (x->old.node && x->generation < x->old.generation && !x->o->force)
		return is_older(x, err);
	if (hp_plan_round(x, err) < 0)
		return err->code;
	if (!x->n_ops && !x->changed && !count_failed(x))
		return plan_same(x, err);
	rc = EACH_PART(x, check, err);
	for (i = 0; i < x->n_sites; i++)
		if (x->sites[i].outcome != HP_IS_FINE || hp_wish_moves(&x->sites[i]))
			hp_report_site(x, &x->sites[i], false);
	x->failed = count_failed(x);
	if (x->failed && !rc)
		first_failure(x, err);
	else if (!rc && (x->n_ops || x->changed))
		err->code = HP_E_PENDING;
	hp_report_end(x, x->n_ops || x->changed ? "pending" : "unchanged", x->generation,
		count_served(x), x->changed, x->failed, err);
	return err->code;
}

int hp_node_plan(const struct hp_node_opts *o, struct hp_err *err)
{
	struct hp_engine x;

	if (hp_engine_init(&x, o, true, err) == 0)
		plan(&x, err);
	hp_engine_free(&x);
	return err->code;
}
