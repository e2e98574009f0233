/*
 * PHP-FPM as a part of the engine: configuration files, and for every active site an instance of
 * its own version and one of each further version that some of its paths have. New instances run
 * and answer before anything points at them; a site is switched to another version by its stable
 * link (its paths by its vhost); old instances end after the run is decided.
 */
#include <errno.h>

#include "node/engine.h"
#include "node/instance.h"
#include "node/part_php.h"
#include "base/fault.h"
#include "base/str.h"
#include "sys/run.h"
#include "sys/service.h"

/* Tests of so many new instances at most are not waited for before these are started. */
#define ALL_NEW_MAX 32

static struct hp_php_part *mine(const struct hp_engine *x)
{
	return x->part[HP_PART_PHP];
}

/* As what becomes of the site's row. */
static void note_site(void *arg, const struct hp_instance *v, const char *what)
{
	struct hp_engine *x = arg;
	struct hp_wish *w = v->domain ? hp_engine_site(x, v->domain) : NULL;

	if (w && !w->msg)
		w->msg = hp_pstrdup(x->pool, what);
}

static int detect(struct hp_engine *x, struct hp_err *err)
{
	struct hp_php_part *p = hp_palloc(x->pool, sizeof(*p));

	x->part[HP_PART_PHP] = p;
	if (hp_php_detect(x->pool, x->root, x->o->conf, &p->list, err) < 0)
		return err->code;
	if (hp_instances_init(&p->in, x->root, x->o->conf, &p->list, err) < 0)
		return err->code;
	p->in.note = note_site;
	p->in.note_arg = x;
	return 0;
}

static int add_template(struct hp_engine *x, const char *format, const char *name,
	struct hp_digest *d, struct hp_err *err)
{
	const struct hp_tmpl *t;

	if (hp_tmpl_get(x->tmpl, format, name, &t, err) < 0)
		return err->code;
	hp_digest_add(d, hp_tmpl_digest(t), 64);
	return 0;
}

static int inputs(struct hp_engine *x, struct hp_digest *d, struct hp_err *err)
{
	struct hp_buf conf _cleanup_buf_ = HP_BUF_INIT;
	const struct hp_php_list *l = &mine(x)->list;
	/* the node's own: a container may become a machine, and either may get more memory */
	const uint64_t node[] = {hp_instances_units(&mine(x)->in), hp_php_memory()};
	size_t i;

	hp_digest_add(d, node, sizeof(node));
	if (add_template(x, "php-fpm", "site.conf", d, err) < 0 ||
		add_template(x, "php-fpm", "site.ini", d, err) < 0 ||
		add_template(x, "php-fpm", "version.ini", d, err) < 0 ||
		add_template(x, "php-fpm", "probe.php", d, err) < 0 ||
		add_template(x, "systemd", "php-fpm.limits", d, err) < 0 ||
		add_template(x, "systemd", "php-fpm.service", d, err) < 0 ||
		add_template(x, "systemd", "php-fpm.socket", d, err) < 0)
		return err->code;
	for (i = 0; i < l->n; i++)
		hp_digest_add(d, l->v[i].version, strlen(l->v[i].version) + 1);
	if (!x->o->conf || !hp_conf_path(x->o->conf))
		return 0;
	if (hp_file_read(hp_conf_path(x->o->conf), (size_t)1 << 20, &conf, err) < 0) {
		if (err->code != HP_E_NOT_FOUND)
			return err->code;
		hp_err_clear(err);
	}
	hp_digest_add(d, hp_buf_str(&conf), conf.len);
	return 0;
}

/* ---- which sites' files change ---- */
/* Of the versions there are; none of one that is not installed. */
static uint64_t bit_of(const struct hp_php_part *p, const char *version, size_t n)
{
	size_t i;

	HP_BUG_ON(p->list.n > 64);
	for (i = 0; i < p->list.n; i++)
		if (strncmp(p->list.v[i].version, version, n) == 0 && !p->list.v[i].version[n])
			return UINT64_C(1) << i;
	return 0;
}

static bool is_marked(const struct hp_php_part *p, const uint64_t *marks, size_t site,
	const char *version)
{
	return marks[site] & bit_of(p, version, strlen(version));
}

static uint64_t *marks_of(const struct hp_php_part *p, const char *path)
{
	return hp_str_ends(path, ".limits") ? p->limited : p->touched;
}

static void mark_changes(struct hp_engine *x)
{
	struct hp_php_part *p = mine(x);
	const char *version;
	size_t i, j;

	p->touched = hp_palloc(x->round, (x->n_sites + 1) * sizeof(*p->touched));
	p->limited = hp_palloc(x->round, (x->n_sites + 1) * sizeof(*p->limited));
	p->units = false;
	for (i = 0; i < x->n_ops; i++) {
		const struct hp_op *op = &x->ops[i];

		if (op->file->part != HP_PART_PHP)
			continue;
		version = hp_str_after(op->file->path, HP_PHP_ETC "/");
		if (op->site && version)
			marks_of(p, op->file->path)[op->site - x->sites] |=
				bit_of(p, version, strcspn(version, "/"));
		for (j = 0; !op->site && j < p->n_files; j++)
			if (p->files[j].unit && hp_streq(p->files[j].path, op->file->path))
				p->units = true;
	}
}

/* Do all sites of this version start anew because what the version loads changed? */
static bool version_changed(const struct hp_engine *x, const char *version)
{
	const char *prefix = hp_pprintf(x->scratch, HP_PHP_ETC "/%s/", version);
	size_t i;

	for (i = 0; i < x->n_ops; i++)
		if (!x->ops[i].site && hp_str_starts(x->ops[i].file->path, prefix))
			return true;
	return false;
}

/* ---- test: one run of FPM for each version, all beside the web server's ---- */
struct hp_php_trial {
	struct hp_php_trial *next;
	/*
	 * All of them begin to have this version: nobody is led to their instances until these
	 * answer and FPM has said what it thinks of them, side by side.
	 */
	bool all_new;
	struct hp_php_testing *testing;
	struct hp_php_staged *v;
	struct hp_wish **sites;     /* of v */
	size_t n;
};

/* A second name for each file: the first goes to its place while FPM may not have read it yet. */
static bool keep_staged(struct hp_engine *x, const struct hp_php_trial *t)
{
	const char *kept;
	size_t i;

	for (i = 0; i < t->n; i++) {
		kept = hp_pprintf(x->round, "%s.tested", t->v[i].staged);
		if (linkat(x->rootfd, hp_rel(t->v[i].staged), x->rootfd, hp_rel(kept), 0) < 0)
			return false;
		t->v[i].staged = kept;
	}
	return true;
}

/* Everything of the round: the test goes on when this has returned. */
static struct hp_php_trial *choose_files(struct hp_engine *x, const struct hp_php *php)
{
	struct hp_php_trial *t = hp_palloc(x->round, sizeof(*t));
	struct hp_php_staged *s;
	struct hp_wish *w;
	size_t i;

	t->v = hp_palloc(x->round, (x->changed + 1) * sizeof(*t->v));
	t->sites = hp_palloc(x->round, (x->changed + 1) * sizeof(*t->sites));
	t->all_new = true;
	for (i = 0; i < x->n_sites; i++) {
		w = &x->sites[i];
		if (!hp_wish_moves(w) || !w->now || !hp_msite_has_php(w->now, php->version))
			continue;
		if (!is_marked(mine(x), mine(x)->touched, i, php->version) &&
			!(w->old && !hp_streq(w->old->note, w->now->note)))
			continue;
		HP_BUG_ON(t->n == x->changed);
		if (hp_wish_php_before(w) && hp_msite_has_php(w->old, php->version))
			t->all_new = false;
		s = &t->v[t->n];
		s->user = w->user;
		s->path = hp_php_conf_path(x->round, php->version, w->user);
		s->staged = hp_stage_path(x, x->round, false, s->path);
		if (faccessat(x->rootfd, hp_rel(s->staged), F_OK, 0) < 0)
			s->staged = s->path; /* only what it includes changed */
		t->sites[t->n++] = w;
	}
	/* to take back many costs more than to wait */
	t->all_new = t->all_new && t->n && t->n <= ALL_NEW_MAX && keep_staged(x, t);
	return t;
}

static int judge_trial(struct hp_engine *x, const struct hp_php_trial *t, int rc, size_t bad,
	struct hp_err *err)
{
	if (rc != HP_E_REFUSED || bad >= t->n)
		return rc;
	return hp_blame(x, t->sites[bad], HP_IS_REFUSED, err);
}

static int test(struct hp_engine *x, bool live, struct hp_err *err)
{
	const struct hp_php_list *l = &mine(x)->list;
	struct hp_php_part *p = mine(x);
	struct hp_php_trial *t;
	size_t i, bad;
	int rc;

	if (!x->live || live)
		return 0;
	mark_changes(x);
	for (i = 0; i < l->n; i++) {
		hp_pool_reset(x->scratch);
		t = choose_files(x, &l->v[i]);
		rc = hp_php_test_begin(
			"", &l->v[i], t->v, t->n, t->all_new, &t->testing, &bad, err);
		if (rc < 0)
			return judge_trial(x, t, rc, bad, err);
		t->next = p->trials;
		p->trials = t;
	}
	return 0;
}

static int tested(struct hp_engine *x, bool all, struct hp_err *err)
{
	struct hp_php_trial **next = &mine(x)->trials, *t;
	struct hp_err one = HP_ERR_INIT;
	size_t bad;
	int rc = 0, r;

	while ((t = *next)) {
		if (!all && t->all_new) {
			next = &t->next;
			continue;
		}
		*next = t->next;
		hp_err_clear(&one);
		bad = t->n;
		r = hp_php_test_end(t->testing, &bad, &one);
		r = judge_trial(x, t, r, bad, &one);
		if (r && !rc) {
			rc = r;
			*err = one;
		}
	}
	return rc;
}

/* ---- instances ---- */
void hp_php_add_instance(struct hp_engine *x, struct hp_php_batch *b, const char *version,
	const struct hp_wish *w)
{
	if (b->n == b->cap) {
		struct hp_instance *bigger;
		struct hp_wish const **sites;

		b->cap = b->cap ? b->cap * 2 : 64;
		bigger = hp_palloc(x->round, b->cap * sizeof(*bigger));
		sites = hp_palloc(x->round, b->cap * sizeof(*sites));
		if (b->n) {
			memcpy(bigger, b->v, b->n * sizeof(*bigger));
			memcpy(sites, b->sites, b->n * sizeof(*sites));
		}
		b->v = bigger;
		b->sites = sites;
	}
	b->sites[b->n] = w;
	b->v[b->n++] = (struct hp_instance){.version = hp_pstrdup(x->round, version),
		.user = w->user,
		.domain = w->domain,
		.uid = (uid_t)w->uid};
}

static void note_instance(struct hp_engine *x, const char *verb, const char *version,
	const struct hp_wish *w)
{
	hp_journal_note(x, HP_PART_PHP, "%s\t%s\t%s\t%lld\t%s", verb, version, w->user,
		(long long)w->uid, w->domain);
}

/*
 * A site that changes, but not its PHP, is served by an instance that may have died since. Under
 * systemd the socket outlives the master.
 */
static bool is_down(struct hp_engine *x, const char *version, const char *user)
{
	const struct hp_instances *in = &mine(x)->in;
	struct hp_instance_status status = {.state = HP_INSTANCE_RUNNING};
	struct hp_err ignored = HP_ERR_INIT;

	if (!x->live)
		return false;
	/* through the link, which may be gone, too */
	if (access(hp_instance_link_path(x->scratch, user), F_OK) < 0)
		return true;
	if (in->systemd)
		return access(hp_instance_socket(x->scratch, version, user), F_OK) < 0;
	hp_instance_status(x->scratch, in, version, user, &status, &ignored);
	return status.state == HP_INSTANCE_STOPPED;
}

/* What becomes of the instance of a version that the site has from now on. Is it started? */
static bool plan_instance(struct hp_engine *x, size_t i, const char *version, bool had)
{
	struct hp_php_part *p = mine(x);
	struct hp_wish *w = &x->sites[i];

	if (!had || (hp_wish_moves(w) && is_down(x, version, w->user))) {
		hp_php_add_instance(x, &p->start, version, w);
		note_instance(x, "start", version, w);
		return true;
	}
	if ((hp_wish_moves(w) && (is_marked(p, p->touched, i, version) ||
						!hp_streq(w->old->note, w->now->note))) ||
		(w->outcome == HP_IS_FINE && version_changed(x, version))) {
		hp_php_add_instance(x, &p->restart, version, w);
		note_instance(x, "restart", version, w);
	} else if (hp_wish_moves(w) && is_marked(p, p->limited, i, version)) {
		hp_php_add_instance(x, &p->limit, version, w);
		note_instance(x, "limit", version, w);
	}
	return false;
}

static void plan_link(struct hp_engine *x, const struct hp_wish *w, const char *old,
	const char *new, bool started)
{
	struct hp_php_part *p = mine(x);

	if (new && (!hp_streq(old, new) || started)) {
		hp_php_add_instance(x, &p->link, new, w);
		hp_journal_note(x, HP_PART_PHP, "link\t%s\t%s\t%s", w->user, old ? old : "-", new);
	} else if (old && !new) {
		hp_journal_note(x, HP_PART_PHP, "unlink\t%s\t%s", w->user, old);
	}
}

static void plan_site(struct hp_engine *x, size_t i)
{
	struct hp_wish *w = &x->sites[i];
	struct hp_strv before, after;
	bool started = false, one;
	size_t j;

	hp_msite_versions(x->scratch, hp_wish_php_before(w) ? w->old : NULL, &before);
	hp_msite_versions(x->scratch, hp_wish_php_after(w) ? w->now : NULL, &after);
	for (j = 0; j < after.n; j++) {
		one = plan_instance(x, i, after.v[j], hp_strv_has(&before, after.v[j]));
		started |= one && j == 0;
	}
	plan_link(x, w, before.n ? before.v[0] : NULL, after.n ? after.v[0] : NULL, started);
	for (j = 0; j < before.n; j++)
		if (!hp_strv_has(&after, before.v[j]))
			note_instance(x, "stop", before.v[j], w);
}

static int journal(struct hp_engine *x, struct hp_err *err HP_UNUSED)
{
	struct hp_php_part *p = mine(x);
	size_t i;

	memset(&p->start, 0, sizeof(p->start));
	memset(&p->restart, 0, sizeof(p->restart));
	memset(&p->limit, 0, sizeof(p->limit));
	memset(&p->link, 0, sizeof(p->link));
	mark_changes(x);
	if (p->units)
		hp_journal_note(x, HP_PART_PHP, "units");
	for (i = 0; i < x->n_sites; i++) {
		hp_pool_reset(x->scratch);
		plan_site(x, i);
	}
	return 0;
}

static int blame_instance(struct hp_engine *x, const struct hp_wish *w, struct hp_err *err)
{
	if (err->code == HP_E_OS || err->code == HP_E_BUG)
		return err->code;
	return hp_blame(x, &x->sites[w - x->sites], HP_IS_REFUSED, err);
}

/* Start them; when they don't start together, one by one, to see which it is. */
static int start(struct hp_engine *x, const struct hp_php_batch *b, struct hp_err *err)
{
	const struct hp_instances *in = &mine(x)->in;
	struct hp_err one = HP_ERR_INIT;
	size_t i;

	if (hp_instance_start(in, b->v, b->n, true, err) == 0)
		return 0;
	for (i = 0; i < b->n; i++) {
		hp_err_clear(&one);
		if (hp_instance_start(in, &b->v[i], 1, false, &one) == 0)
			continue;
		*err = one;
		return hp_blame(x, &x->sites[b->sites[i] - x->sites], HP_IS_REFUSED, err);
	}
	hp_err_clear(err);
	return 0;
}

static int answer(struct hp_engine *x, const struct hp_php_batch *b, struct hp_err *err)
{
	size_t bad = b->n;

	if (hp_instance_wait(&mine(x)->in, b->v, b->n, 15000 + 500 * (unsigned)b->n, &bad,
		err) == 0)
		return 0;
	return bad < b->n ? blame_instance(x, b->sites[bad], err) : err->code;
}

/* Waiting for masters is not the engine's own time; children are counted already. */
static void count_wait(struct hp_engine *x, uint64_t since, uint64_t children)
{
	x->servers_us += hp_now_us() - since - (hp_run_children_us() - children);
}

static int make(struct hp_engine *x, struct hp_err *err)
{
	uint64_t since = hp_now_us(), children = hp_run_children_us();
	struct hp_php_part *p = mine(x);
	struct hp_php_trial *t;
	int rc;

	if (p->units && hp_service_daemon_reload(err) < 0)
		return err->code;
	if (!p->start.n)
		return 0;
	rc = start(x, &p->start, err);
	for (t = p->trials; !rc && t; t = t->next)
		if (t->testing && hp_php_test_go(t->testing, err) < 0)
			rc = err->code;
	hp_fault("after-start");
	count_wait(x, since, children);
	return rc;
}

static int made(struct hp_engine *x, struct hp_err *err)
{
	uint64_t since = hp_now_us(), children = hp_run_children_us();
	struct hp_php_part *p = mine(x);
	int rc;

	if (!p->start.n)
		return 0;
	rc = answer(x, &p->start, err);
	count_wait(x, since, children);
	return rc;
}

/*
 * All together; when that fails one by one, to see whose it is: a site's processes are its
 * tenant's, who can keep a new master from answering, and no other site must wait for that. Where
 * none of several can be restarted, the reason is another one.
 */
static int restart(struct hp_engine *x, const struct hp_php_batch *b, struct hp_err *err)
{
	const struct hp_instances *in = &mine(x)->in;
	struct hp_err one = HP_ERR_INIT;
	size_t i, bad = 0;

	if (hp_instance_restart(in, b->v, b->n, err) == 0)
		return 0;
	for (i = 0; i < b->n; i++) {
		hp_err_clear(&one);
		if (hp_instance_restart(in, &b->v[i], 1, &one) == 0)
			continue;
		*err = one;
		if (b->sites[i])
			hp_blame(x, &x->sites[b->sites[i] - x->sites], HP_IS_REFUSED, err);
		bad++;
	}
	if (bad < b->n || b->n == 1)
		return bad ? HP_RETRY : (hp_err_clear(err), 0);
	for (i = 0; i < b->n; i++)
		x->sites[b->sites[i] - x->sites].outcome = HP_IS_FINE;
	return err->code;
}

static int change(struct hp_engine *x, struct hp_err *err)
{
	struct hp_php_part *p = mine(x);
	uint64_t since, children;
	size_t i;
	int rc;

	for (i = 0; i < p->link.n; i++) {
		hp_pool_reset(x->scratch);
		hp_fault("mid-link");
		if (hp_instance_link(x->scratch, &p->in, p->link.v[i].user, p->link.v[i].version,
			    NULL, err) < 0)
			return err->code;
	}
	hp_fault("after-link");
	if (hp_instance_limit(&p->in, p->limit.v, p->limit.n, err) < 0)
		return err->code;
	if (!p->restart.n)
		return 0;
	since = hp_now_us();
	children = hp_run_children_us();
	/* one that had died is brought back by the way */
	rc = start(x, &p->restart, err);
	if (!rc)
		rc = restart(x, &p->restart, err);
	hp_fault("after-restart");
	if (!rc)
		rc = answer(x, &p->restart, err);
	count_wait(x, since, children);
	return rc;
}

static const char *root(size_t i)
{
	static const char *const roots[] = {HP_PHP_ETC, HP_SYSTEMD_DIR, NULL};

	return roots[i];
}

/*
 * An instance that is going to end serves on with its files until then. One that stays and loses a
 * file is restarted in this run, and must not find it.
 */
static bool is_late(struct hp_engine *x, const struct hp_wish *w,
	const struct hp_mfile *m)
{
	const char *rest = hp_str_after(m->path, HP_PHP_ETC "/");

	if (!rest || !w->domain || !hp_wish_php_after(w))
		return true;
	return !hp_msite_has_php(w->now, hp_pstrndup(x->scratch, rest, strcspn(rest, "/")));
}

const struct hp_part hp_part_php = {
	.name = "php",
	.root = root,
	.early = true,
	.is_late = is_late,
	.detect = detect,
	.inputs = inputs,
	.render_site = hp_php_part_render_site,
	.render_node = hp_php_part_render_node,
	.test = test,
	.tested = tested,
	.journal = journal,
	.make = make,
	.made = made,
	.change = change,
	.undo = hp_php_part_undo,
	.finish = hp_php_part_finish,
	.revive = hp_php_part_revive,
};
