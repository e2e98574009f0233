/*
 * One round of planning: which sites differ from what was applied, and what that means on the disk.
 */
#include <errno.h>

#include "node/engine.h"
#include "node/emit.h"
#include "base/str.h"

/* ---- sites whose wish is as before ---- */
/*
 * Are its files still as they were written? A file changed by hand is told once; with
 * --force the site is rendered again. Signatures that grew stale are renewed in a copy.
 */
static int look_at_files(struct hp_engine *x, struct hp_wish *w, bool *ret_drift,
	struct hp_err *err)
{
	const struct hp_mfile *m;
	enum hp_disk disk;
	struct hp_sig fresh;

	*ret_drift = false;
	for (m = w->old->files; m; m = m->next) {
		if (hp_disk_check(x, m, &disk, &fresh, NULL, err) < 0)
			return err->code;
		if (disk == HP_DISK_SAME) {
			if (m->racy || !hp_sig_same(&m->sig, &fresh)) {
				/* the manifest in memory is ours to mend */
				((struct hp_mfile *)(uintptr_t)m)->sig = fresh;
				((struct hp_mfile *)(uintptr_t)m)->racy = false;
			}
			continue;
		}
		*ret_drift = true;
		if (!w->told)
			hp_report_file(x, m->path, "drift", w->domain,
				disk == HP_DISK_MISSING ? "was removed by hand"
							: "was changed by hand");
	}
	return 0;
}

static bool is_as_before(const struct hp_wish *w)
{
	return w->line && w->old && hp_streq(w->old->digest, w->digest);
}

/* Is something done about a site's drift in this round? Else it is only told, which can wait. */
static bool looks_now(const struct hp_engine *x)
{
	return x->dry || x->o->force;
}

int hp_plan_look_at_rest(struct hp_engine *x, struct hp_err *err)
{
	struct hp_wish *w;
	bool drift;
	size_t i;

	if (x->looked || looks_now(x))
		return 0;
	x->looked = true;
	for (i = 0; i < x->n_sites; i++) {
		w = &x->sites[i];
		if (!is_as_before(w) || w->outcome != HP_IS_FINE)
			continue;
		if (look_at_files(x, w, &drift, err) < 0)
			return err->code;
		w->told |= drift;
	}
	return 0;
}

static void stay(struct hp_wish *w)
{
	w->act = HP_ACT_NONE;
	w->now = (struct hp_msite *)(uintptr_t)w->old;
}

/* ---- sites that change ---- */
static int render(struct hp_engine *x, struct hp_wish *w, struct hp_emit *e, struct hp_err *err)
{
	struct hp_site site;
	int i;

	if (hp_engine_site_on(x, w, NULL, &site, err) < 0)
		return err->code;
	for (i = 0; i < HP_PARTS; i++) {
		e->part = (enum hp_part_id)i;
		if (hp_parts[i]->render_site && hp_parts[i]->render_site(x, w, &site, e, err) < 0)
			return err->code;
	}
	return 0;
}

static struct hp_msite *wished(struct hp_engine *x, const struct hp_wish *w)
{
	struct hp_msite *s = hp_palloc(x->round, sizeof(*s));

	s->domain = w->domain;
	s->user = w->user;
	s->uid = w->uid;
	s->php = w->php;
	s->more_php = w->more_php;
	s->suspended = w->suspended;
	s->digest = w->digest;
	return s;
}

static int check_owner(const struct hp_wish *w, struct hp_err *err)
{
	if (!w->old || (hp_streq(w->old->user, w->user) && w->old->uid == w->uid))
		return 0;
	hp_err_set(err, HP_E_EXISTS,
		"it belongs to user %s (uid %lld) here and is wished for %s (uid %lld)",
		w->old->user, (long long)w->old->uid, w->user, (long long)w->uid);
	return hp_err_hint(
		err, "apply a document without this site first: files stay, the user goes");
}

/* Is the outcome what stands there already, although the wish reads differently? */
static bool is_same_after_all(const struct hp_wish *w, size_t ops, size_t ops_before)
{
	return w->old && w->now && ops == ops_before && hp_streq(w->old->php, w->now->php) &&
	       hp_streq(w->old->more_php, w->now->more_php) &&
	       w->old->suspended == w->now->suspended && hp_streq(w->old->note, w->now->note);
}

/*
 * What it needs was uninstalled, and nobody wishes anything else of it: it stays as it is, which is
 * said by who looks at what is missing (revive), and not by each command about another site.
 */
static int remain(struct hp_engine *x, struct hp_wish *w, struct hp_err *err)
{
	bool drift;

	hp_err_clear(err);
	w->act = HP_ACT_NONE;
	w->now = hp_pmemdup(x->round, w->old, sizeof(*w->now));
	w->now->digest = w->digest;
	if (look_at_files(x, w, &drift, err) < 0)
		return err->code;
	w->told |= drift;
	return 0;
}

static int plan_change(struct hp_engine *x, struct hp_wish *w, struct hp_err *err)
{
	struct hp_emit e = {.x = x};
	size_t before = x->n_ops;
	bool drift = false;

	e.tail = &e.head;
	w->now = w->line ? wished(x, w) : NULL;
	w->lacks = false;
	if (w->line && (check_owner(w, err) < 0 || render(x, w, &e, err) < 0)) {
		if (w->lacks && hp_engine_is_as_applied(x, w))
			return remain(x, w, err);
		/* only what lies in the wish is the site's own fault */
		if (err->code == HP_E_OS || err->code == HP_E_BUG)
			return err->code;
		return hp_blame(x, w, HP_IS_REFUSED, err);
	}
	if (hp_emit_settle(&e, w, &drift, err) < 0) {
		if (err->code == HP_E_EXISTS)
			return hp_blame(x, w, HP_IS_REFUSED, err);
		return err->code;
	}
	if (drift) {
		w->told = true;
		return hp_blame(x, w, HP_IS_DRIFT, err);
	}
	w->act = !w->line ? HP_ACT_REMOVE : w->old ? HP_ACT_CHANGE : HP_ACT_ADD;
	if (is_same_after_all(w, x->n_ops, before))
		w->act = HP_ACT_NONE;
	else
		x->changed++;
	return 0;
}

static int plan_site(struct hp_engine *x, struct hp_wish *w, struct hp_err *err)
{
	bool drift;
	int rc;

	hp_pool_reset(x->scratch);
	stay(w);
	if (w->outcome != HP_IS_FINE)
		return 0;
	if (is_as_before(w)) {
		if (!looks_now(x))
			return 0;
		if (look_at_files(x, w, &drift, err) < 0)
			return err->code;
		w->told |= drift;
		if (!drift || !x->o->force)
			return 0;
	}
	if (x->changed >= x->limit) {
		w->held = true;
		return 0;
	}
	rc = plan_change(x, w, err);
	if (rc != HP_RETRY)
		return rc;
	/* set aside before anything was staged: the round goes on without it */
	hp_err_clear(err);
	stay(w);
	return 0;
}

/* ---- the node's own files ---- */
static int plan_own(struct hp_engine *x, struct hp_err *err)
{
	struct hp_emit e = {.x = x};
	struct hp_wish *w = &x->own;
	bool drift = false;
	int i;

	hp_pool_reset(x->scratch);
	e.tail = &e.head;
	stay(w);
	if (w->outcome != HP_IS_FINE)
		return 0;
	w->now = hp_palloc(x->round, sizeof(*w->now));
	*w->now = (struct hp_msite){.domain = "-", .user = "-", .digest = x->inputs};
	for (i = 0; i < HP_PARTS; i++) {
		e.part = (enum hp_part_id)i;
		if (hp_parts[i]->render_node && hp_parts[i]->render_node(x, &e, err) < 0)
			return err->code;
	}
	if (hp_emit_settle(&e, w, &drift, err) < 0)
		return err->code;
	if (drift) {
		hp_blame(x, w, HP_IS_DRIFT, err);
		w->told = true;
		hp_err_clear(err);
		stay(w);
	}
	return 0;
}

/* Operations from n on go to the front: vhosts refer to the node's own at every instant. */
static void put_first(struct hp_engine *x, size_t n)
{
	size_t own = x->n_ops - n;
	struct hp_op *v;

	if (!own || !n)
		return;
	v = hp_pmemdup(x->scratch, x->ops + n, own * sizeof(*v));
	memmove(x->ops + own, x->ops, n * sizeof(*v));
	memcpy(x->ops, v, own * sizeof(*v));
}

int hp_plan_round(struct hp_engine *x, struct hp_err *err)
{
	size_t i, n;

	hp_err_clear(err); /* of a round before this one */
	hp_pool_reset(x->round);
	x->n_ops = x->undo.n = x->changed = x->n_staged = 0;
	x->remembered = false;
	memset(&x->dirs, 0, sizeof(x->dirs));
	x->last_dir = NULL;
	if (!x->dry && hp_stage_open(x, err) < 0)
		return err->code;
	for (i = 0; i < x->n_sites; i++) {
		x->sites[i].held = false;
		if (plan_site(x, &x->sites[i], err) < 0)
			return err->code;
	}
	/* what the node's own are depends on which sites are set aside */
	n = x->n_ops;
	if (plan_own(x, err) < 0)
		return err->code;
	put_first(x, n);
	return 0;
}

/* ---- nothing to do, seen at once ---- */
static int untouched(struct hp_engine *x, const struct hp_msite *s, bool *ret, struct hp_err *err)
{
	const struct hp_mfile *m;
	enum hp_disk disk;

	for (m = s->files; m && *ret; m = m->next) {
		if (hp_disk_check(x, m, &disk, NULL, NULL, err) < 0)
			return err->code;
		*ret = disk == HP_DISK_SAME;
	}
	return 0;
}

int hp_plan_is_unchanged(struct hp_engine *x, bool *ret, struct hp_err *err)
{
	const struct hp_manifest *m = &x->old;
	size_t i;

	*ret = m->node && m->complete && hp_streq(m->inputs, x->all_inputs);
	if (*ret && hp_engine_is_same_doc(x, ret, err) < 0)
		return err->code;
	if (*ret && untouched(x, &m->own, ret, err) < 0)
		return err->code;
	for (i = 0; i < m->n && *ret; i++)
		if (untouched(x, &m->sites[i], ret, err) < 0)
			return err->code;
	return 0;
}
