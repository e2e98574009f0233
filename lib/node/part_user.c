/* Unix users and folders of websites, as a part of the engine. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/engine.h"
#include "node/folders.h"
#include "node/users.h"
#include "base/fault.h"
#include "base/str.h"
#include "base/thread.h"

/* What the journal's lines of one recovery add up to. */
struct user_part {
	gid_t web_gid;
	bool *missing;            /* by index of site, from check() to make(); of the round */
	struct hp_strv reap;      /* users */
	struct hp_strv folders;   /* made by the run that is undone */
};

static struct user_part *mine(const struct hp_engine *x)
{
	return x->part[HP_PART_USER];
}

gid_t hp_part_web_gid(const struct hp_engine *x)
{
	return mine(x)->web_gid;
}

static int detect(struct hp_engine *x, struct hp_err *err)
{
	struct user_part *p = hp_palloc(x->pool, sizeof(*p));
	const char *name = x->o->conf ? hp_conf_get(x->o->conf, "web", "group") : NULL;
	struct group *g;

	x->part[HP_PART_USER] = p;
	if (!name)
		name = "www-data";
	g = getgrnam(name);
	if (g) {
		p->web_gid = g->gr_gid;
	} else if (x->live) {
		hp_err_set(err, HP_E_CONF, "[web] group: there is no group %s here", name);
		return hp_err_hint(err, "install a web server, or name its group in " HP_CONF_FILE);
	}
	return 0;
}

static struct hp_folders_want folders_of(struct hp_engine *x, const struct hp_wish *w)
{
	return (struct hp_folders_want){.domain = w->domain, .uid = (uid_t)w->uid,
		.web_gid = mine(x)->web_gid,
		/* a database was set back: what is in it comes again as it was */
		.take_back = x->o->force};
}

static bool needs_user(const struct hp_wish *w)
{
	return w->act == HP_ACT_ADD || w->act == HP_ACT_CHANGE;
}

/* Those that will have a user, as a batch; index[i] is the site's place. */
static struct hp_user_want *wants(struct hp_engine *x, struct hp_pool *pool, size_t **ret_index,
	size_t *ret_n)
{
	struct hp_user_want *v = hp_palloc(pool, (x->n_sites + 1) * sizeof(*v));
	size_t *index = hp_palloc(pool, (x->n_sites + 1) * sizeof(*index));
	size_t i, n = 0;

	for (i = 0; i < x->n_sites; i++) {
		if (!needs_user(&x->sites[i]))
			continue;
		index[n] = i;
		v[n++] = (struct hp_user_want){.name = x->sites[i].user,
			.uid = (uid_t)x->sites[i].uid,
			.home = hp_folders_state(pool, x->sites[i].domain)};
	}
	*ret_index = index;
	*ret_n = n;
	return v;
}

static int cmp_user(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/*
 * A user that a removed site has until the end of this run can't be a new site's before: files and
 * account would go with the old one. That happens when the panel was set back to an older database.
 */
static int check_successors(struct hp_engine *x, struct hp_err *err)
{
	struct hp_strv going = {0};
	struct hp_wish *w;
	size_t i;
	int rc = 0;

	for (i = 0; i < x->n_sites; i++)
		if (x->sites[i].act == HP_ACT_REMOVE)
			hp_strv_add_ref(x->round, &going, x->sites[i].user);
	if (!going.n)
		return 0;
	hp_strv_sort(&going);
	for (i = 0; i < x->n_sites; i++) {
		w = &x->sites[i];
		if (w->act != HP_ACT_ADD ||
			!bsearch(&w->user, going.v, going.n, sizeof(*going.v), cmp_user))
			continue;
		hp_err_set(err, HP_E_EXISTS,
			"its Unix user %s is that of a website which is only now removed", w->user);
		hp_err_hint(err, "when that is done, run: hp-vhost apply");
		rc = hp_blame(x, w, HP_IS_REFUSED, err);
	}
	return rc;
}

static int check(struct hp_engine *x, struct hp_err *err)
{
	struct hp_user_want *v;
	size_t *index, n, i, bad = 0;
	bool *missing;

	if (check_successors(x, err))
		return HP_RETRY;

	mine(x)->missing = hp_palloc(x->round, x->n_sites + 1);
	if (!x->live)
		return 0;
	v = wants(x, x->round, &index, &n);
	missing = hp_palloc(x->round, n + 1);
	if (!n)
		return 0;
	bad = n;
	if (hp_users_check("", v, n, missing, &bad, err) < 0) {
		if (err->code == HP_E_EXISTS && bad < n)
			return hp_blame(x, &x->sites[index[bad]], HP_IS_REFUSED, err);
		return err->code;
	}
	for (i = 0; i < n; i++)
		mine(x)->missing[index[i]] = missing[i];
	return 0;
}

/* Which of a site's three folders are not there yet. */
static unsigned missing_folders(struct hp_engine *x, const struct hp_wish *w)
{
	const char *const paths[] = {hp_folders_docroot(x->scratch, w->domain),
		hp_folders_state(x->scratch, w->domain), hp_folders_logs(x->scratch, w->domain)};
	static const unsigned bits[] = {HP_FOLDERS_DOCROOT, HP_FOLDERS_STATE, HP_FOLDERS_LOGS};
	unsigned mask = 0, i;
	struct stat st;

	for (i = 0; i < HP_ARRAY_SIZE(paths); i++)
		if (fstatat(x->rootfd, hp_rel(paths[i]), &st, AT_SYMLINK_NOFOLLOW) < 0)
			mask |= bits[i];
	return mask;
}

static int journal(struct hp_engine *x, struct hp_err *err HP_UNUSED)
{
	unsigned what = HP_FOLDERS_STATE, lack;
	struct hp_wish *w;
	size_t i, there;

	for (i = 0; i < x->n_sites; i++) {
		w = &x->sites[i];
		hp_pool_reset(x->scratch);
		if (mine(x)->missing[i])
			hp_journal_note(x, HP_PART_USER, "user\t%s", w->user);
		/* before the folder that it is in: undoing goes by this order */
		if (needs_user(w) && w->below &&
			hp_folders_lack_below(x->scratch, x->root, w->domain, w->below, &there))
			hp_journal_note(
				x, HP_PART_USER, "below\t%s\t%zu\t%s", w->domain, there, w->below);
		lack = needs_user(w) ? missing_folders(x, w) : 0;
		if (lack)
			hp_journal_note(x, HP_PART_USER, "folders\t%s\t%u", w->domain, lack);
		if (w->act != HP_ACT_REMOVE)
			continue;
		what = HP_FOLDERS_STATE;
		if (x->o->purge && hp_strv_has(x->o->purge, w->domain))
			what = HP_FOLDERS_ALL;
		hp_journal_note(x, HP_PART_USER, "reap\t%s\t%s\t%u", w->user, w->domain, what);
	}
	return 0;
}

static int make_users(struct hp_engine *x, struct hp_err *err)
{
	struct hp_user_want *v;
	size_t *index, n, i, missing = 0;

	if (!x->live)
		return 0;
	v = wants(x, x->scratch, &index, &n);
	for (i = 0; i < n; i++)
		if (mine(x)->missing[index[i]])
			v[missing++] = v[i];
	return missing ? hp_users_make(x->scratch, "", v, missing, NULL, err) : 0;
}

/*
 * Folders of many websites are made by several threads: it is the kernel's work, and one processor
 * is not enough to keep the disk busy. Each has a stretch of the sites, and a pool, of its own.
 */
#define MAKERS_MAX 4
#define SITES_PER_MAKER 256

struct maker {
	struct hp_engine *x;
	const struct hp_folders *f;
	size_t from, to;         /* sites */
	struct hp_pool *pool;
	struct hp_pool *kept;    /* what tenants have in the way of their document_root */
	struct hp_strv notes;
	struct hp_wish *bad;     /* whom the error is about */
	struct hp_err err;
	pthread_t thread;
	bool runs;
};

/*
 * What is the tenant's own must not keep his website from being changed, or suspended: that the
 * folder is not there is said, and that is all.
 */
static int make_below(struct maker *m, struct hp_wish *w, const struct hp_folders_want *want)
{
	struct hp_err one = HP_ERR_INIT;

	if (!w->below || hp_folders_make_below(m->f, m->pool, want, w->below, &one) == 0)
		return 0;
	if (one.code == HP_E_OS)
		return m->err = one, one.code;
	hp_strv_add(m->kept, &m->notes, w->domain);
	hp_strv_add(m->kept, &m->notes, one.msg);
	return 0;
}

static int make_site(struct maker *m, struct hp_wish *w)
{
	struct hp_folders_want want = folders_of(m->x, w);
	int rc = 0;

	hp_pool_reset(m->pool);
	if (w->act != HP_ACT_ADD)
		rc = hp_folders_is_made(m->f, m->pool, &want, &m->err);
	if (rc == 0)
		rc = hp_folders_make_in(m->f, m->pool, &want, NULL, &m->err);
	if (rc >= 0)
		rc = make_below(m, w, &want);
	hp_fault("mid-folders");
	return rc < 0 ? rc : 0;
}

static void *make_stretch(void *arg)
{
	struct maker *m = arg;
	size_t i;

	for (i = m->from; i < m->to && !m->bad; i++)
		if (needs_user(&m->x->sites[i]) && make_site(m, &m->x->sites[i]) < 0)
			m->bad = &m->x->sites[i];
	return NULL;
}

static size_t choose_makers(size_t work)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t n = work / SITES_PER_MAKER;

	if (n > MAKERS_MAX)
		n = MAKERS_MAX;
	if (cpus > 0 && n > (size_t)cpus)
		n = (size_t)cpus;
	return n ? n : 1;
}

/* All but the last in a thread, that one here. */
static void run_makers(struct maker *m, size_t n)
{
	size_t i;

	for (i = 0; i + 1 < n; i++)
		m[i].runs = hp_thread_start(&m[i].thread, make_stretch, &m[i]);
	for (i = n; i-- > 0;) {
		if (m[i].runs)
			pthread_join(m[i].thread, NULL);
		else
			make_stretch(&m[i]);
	}
}

/* As what becomes of the site's row. */
static void take_notes(struct hp_engine *x, const struct hp_strv *notes)
{
	struct hp_wish *w;
	size_t i;

	for (i = 0; i + 1 < notes->n; i += 2) {
		w = hp_engine_site(x, notes->v[i]);
		if (w)
			w->msg = hp_pstrdup(x->pool, notes->v[i + 1]);
	}
}

static int make_folders(struct hp_engine *x, const struct hp_folders *f, size_t work,
	struct hp_err *err)
{
	struct maker m[MAKERS_MAX] = {0}, *bad = NULL;
	size_t i, n = choose_makers(work);

	for (i = 0; i < n; i++) {
		m[i] = (struct maker){.x = x, .f = f, .pool = hp_pool_new(),
			.kept = hp_pool_new(), .err = HP_ERR_INIT,
			.from = x->n_sites * i / n, .to = x->n_sites * (i + 1) / n};
	}
	run_makers(m, n);
	for (i = 0; i < n; i++) {
		take_notes(x, &m[i].notes);
		hp_pool_free(m[i].pool);
		hp_pool_free(m[i].kept);
		if (m[i].bad && !bad)
			bad = &m[i];
	}
	if (!bad)
		return 0;
	*err = bad->err;
	return err->code == HP_E_EXISTS ? hp_blame(x, bad->bad, HP_IS_REFUSED, err) : err->code;
}

/* Will a web server read its configuration in this run? */
static bool moves_vhosts(const struct hp_engine *x)
{
	size_t i;

	for (i = 0; i < x->n_ops; i++)
		if (x->ops[i].file->part == HP_PART_WEB)
			return true;
	return false;
}

/*
 * NGINX opens the logs of all sites whenever it reads its configuration: one folder that somebody
 * has removed would keep every other site from being changed.
 */
static int make_lost_logs(struct hp_engine *x, struct hp_err *err)
{
	struct hp_folders_want want;
	const struct hp_wish *w;
	size_t i;

	if (!moves_vhosts(x))
		return 0;
	for (i = 0; i < x->n_sites; i++) {
		w = &x->sites[i];
		if (!w->old || !w->now || needs_user(w))
			continue;
		hp_pool_reset(x->scratch);
		if (faccessat(x->rootfd, hp_rel(hp_folders_logs(x->scratch, w->domain)), F_OK,
			    AT_SYMLINK_NOFOLLOW) == 0)
			continue;
		want = folders_of(x, w);
		if (hp_folders_make(x->scratch, x->root, &want, NULL, err) < 0)
			return hp_err_prefix(err, "%s", w->domain);
	}
	return 0;
}

static int make(struct hp_engine *x, struct hp_err *err)
{
	struct hp_folders f = HP_FOLDERS_INIT;
	size_t i, work = 0;
	int rc;

	hp_pool_reset(x->scratch);
	if (make_users(x, err) < 0 || make_lost_logs(x, err) < 0)
		return err->code;
	hp_fault("after-users");
	for (i = 0; i < x->n_sites; i++)
		work += needs_user(&x->sites[i]);
	if (!work)
		return 0;
	rc = hp_folders_open(&f, x->root, err);
	if (rc == 0)
		rc = make_folders(x, &f, work, err);
	hp_folders_close(&f);
	return rc;
}

/* ---- from the journal ---- */
static int bad_line(const char *line, struct hp_err *err)
{
	return hp_err_set(err, HP_E_CONF, "the journal says \"%s\", which means nothing", line);
}

static void split(struct hp_engine *x, const char *line, struct hp_strv *f)
{
	memset(f, 0, sizeof(*f));
	hp_str_split(x->pool, line, "\t", f);
}

static int undo_folders(struct hp_engine *x, const char *domain, uint64_t mask, struct hp_err *err)
{
	struct hp_strv made = {0};

	if (mask & HP_FOLDERS_DOCROOT)
		hp_strv_add_ref(x->pool, &made, hp_folders_docroot(x->pool, domain));
	if (mask & HP_FOLDERS_STATE)
		hp_strv_add_ref(x->pool, &made, hp_folders_state(x->pool, domain));
	if (mask & HP_FOLDERS_LOGS)
		hp_strv_add_ref(x->pool, &made, hp_folders_logs(x->pool, domain));
	return hp_folders_undo(x->root, &made, err);
}

/* Removes the accounts that the lines before have named. */
static int reap(struct hp_engine *x, struct hp_err *err)
{
	struct user_part *p = mine(x);
	int rc = 0;

	if (x->live && p->reap.n)
		rc = hp_users_remove("", p->reap.v, p->reap.n, err);
	memset(&p->reap, 0, sizeof(p->reap));
	return rc;
}

static int undo(struct hp_engine *x, const char *line, struct hp_err *err)
{
	struct user_part *p = mine(x);
	struct hp_strv f;
	uint64_t mask;

	if (!line)
		return reap(x, err);
	split(x, line, &f);
	if (f.n == 4 && hp_streq(f.v[0], "reap"))
		return 0;
	if (f.n == 2 && hp_streq(f.v[0], "user")) {
		hp_strv_add_ref(x->pool, &p->reap, f.v[1]);
		return 0;
	}
	if (f.n == 4 && hp_streq(f.v[0], "below")) {
		if (hp_parse_u64(f.v[2], SIZE_MAX, &mask) < 0)
			return bad_line(line, err);
		hp_folders_undo_below(x->scratch, x->root, f.v[1], f.v[3], (size_t)mask);
		return 0;
	}
	if (f.n != 3 || !hp_streq(f.v[0], "folders") ||
		hp_parse_u64(f.v[2], HP_FOLDERS_ALL, &mask) < 0)
		return bad_line(line, err);
	return undo_folders(x, f.v[1], mask, err);
}

static int finish(struct hp_engine *x, const char *line, struct hp_err *err)
{
	struct user_part *p = mine(x);
	struct hp_strv f;
	uint64_t mask;

	if (!line)
		return reap(x, err);
	split(x, line, &f);
	if (f.n != 4 || !hp_streq(f.v[0], "reap"))
		return 0;
	if (hp_parse_u64(f.v[3], HP_FOLDERS_ALL, &mask) < 0)
		return bad_line(line, err);
	/* accounts go after all folders: a process of theirs that still runs is killed with them */
	hp_strv_add_ref(x->pool, &p->reap, f.v[1]);
	if (hp_folders_remove(x->root, f.v[2], (unsigned)mask, err) < 0)
		return err->code;
	return hp_folders_retire(x->root, f.v[2], err);
}

/* ---- are they as they should be? ---- */
static int revive_folders(struct hp_engine *x, bool repair, size_t *ret_wrong, struct hp_err *err)
{
	struct hp_folders f = HP_FOLDERS_INIT;
	struct hp_folders_want want;
	const struct hp_msite *s;
	const char *path;
	struct hp_err one;
	size_t i;
	int rc;

	rc = hp_folders_look(&f, x->root, err);
	for (i = 0; rc >= 0 && i < x->old.n; i++) {
		s = &x->old.sites[i];
		hp_err_clear(&one);
		want = (struct hp_folders_want){.domain = s->domain, .uid = (uid_t)s->uid,
			.web_gid = mine(x)->web_gid};
		hp_pool_reset(x->scratch);
		rc = hp_folders_is_made(&f, x->scratch, &want, &one);
		if (rc > 0)
			continue;
		(*ret_wrong)++;
		if (rc == 0 && repair)
			rc = hp_folders_make(x->scratch, x->root, &want, NULL, &one);
		path = hp_folders_docroot(x->scratch, s->domain);
		if (rc < 0)
			hp_mend_failed(x, path, s->domain, &one, err);
		else
			hp_mend_tell(x, repair, path, s->domain,
				"this site's folders are not all as they should be");
		rc = 0;
	}
	hp_folders_close(&f);
	return err->code;
}

static int revive_users(struct hp_engine *x, bool repair, size_t *ret_wrong, struct hp_err *err)
{
	struct hp_user_want *v = hp_palloc(x->round, (x->old.n + 1) * sizeof(*v));
	bool *missing = hp_palloc(x->round, x->old.n + 1);
	struct hp_err one = HP_ERR_INIT;
	size_t i, lost = 0, bad = x->old.n;

	for (i = 0; i < x->old.n; i++)
		v[i] = (struct hp_user_want){.name = x->old.sites[i].user,
			.uid = (uid_t)x->old.sites[i].uid,
			.home = hp_folders_state(x->round, x->old.sites[i].domain)};
	if (hp_users_check("", v, x->old.n, missing, &bad, &one) < 0) {
		if (one.code != HP_E_EXISTS || bad >= x->old.n)
			return *err = one, err->code;
		(*ret_wrong)++;
		return hp_mend_failed(x, v[bad].home, x->old.sites[bad].domain, &one, err);
	}
	for (i = 0; i < x->old.n; i++) {
		if (!missing[i])
			continue;
		(*ret_wrong)++;
		hp_mend_tell(x, repair, v[i].home, x->old.sites[i].domain,
			"the site's Unix user is gone");
		v[lost++] = v[i];
	}
	return lost && repair ? hp_users_make(x->scratch, "", v, lost, NULL, err) : 0;
}

static int revive(struct hp_engine *x, bool repair, size_t *ret_wrong, struct hp_err *err)
{
	struct hp_err one = HP_ERR_INIT;
	int rc = 0;

	if (x->live && x->old.n)
		rc = revive_users(x, repair, ret_wrong, err);
	/* somebody else's account is that site's trouble: told, and a look goes on */
	if (!repair && rc == HP_E_EXISTS)
		hp_err_clear(err);
	if (revive_folders(x, repair, ret_wrong, &one) < 0 && !err->code && repair)
		*err = one;
	return err->code;
}

const struct hp_part hp_part_user = {
	.name = "user",
	.detect = detect,
	.check = check,
	.journal = journal,
	.make = make,
	.undo = undo,
	.finish = finish,
	.revive = revive,
};
