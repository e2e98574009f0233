/* Unix users and folders of websites, as a part of the engine. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>

#include "node/engine.h"
#include "node/folders.h"
#include "node/users.h"
#include "base/fault.h"
#include "base/str.h"

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
		.web_gid = mine(x)->web_gid};
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

static int check(struct hp_engine *x, struct hp_err *err)
{
	struct hp_user_want *v;
	size_t *index, n, i, bad = 0;
	bool *missing;

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
	unsigned what = HP_FOLDERS_STATE;
	struct hp_wish *w;
	size_t i;

	for (i = 0; i < x->n_sites; i++) {
		w = &x->sites[i];
		hp_pool_reset(x->scratch);
		if (mine(x)->missing[i])
			hp_journal_note(x, HP_PART_USER, "user\t%s", w->user);
		if (needs_user(w) && missing_folders(x, w))
			hp_journal_note(x, HP_PART_USER, "folders\t%s\t%u", w->domain,
				missing_folders(x, w));
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

static int make(struct hp_engine *x, struct hp_err *err)
{
	struct hp_folders_want f;
	size_t i;
	int rc;

	hp_pool_reset(x->scratch);
	if (make_users(x, err) < 0)
		return err->code;
	hp_fault("after-users");
	for (i = 0; i < x->n_sites; i++) {
		if (!needs_user(&x->sites[i]))
			continue;
		hp_pool_reset(x->scratch);
		f = folders_of(x, &x->sites[i]);
		rc = hp_folders_is_made(x->root, &f, err);
		if (rc == 0 && hp_folders_make(x->scratch, x->root, &f, NULL, err) < 0)
			rc = err->code;
		if (rc == HP_E_EXISTS)
			return hp_blame(x, &x->sites[i], HP_IS_REFUSED, err);
		if (rc < 0)
			return rc;
		hp_fault("mid-folders");
	}
	return 0;
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

static int undo(struct hp_engine *x, const char *line, struct hp_err *err)
{
	struct user_part *p = mine(x);
	struct hp_strv f;
	uint64_t mask;
	int rc = 0;

	if (!line) {
		if (x->live && p->reap.n)
			rc = hp_users_remove("", p->reap.v, p->reap.n, err);
		memset(&p->reap, 0, sizeof(p->reap));
		return rc;
	}
	split(x, line, &f);
	if (f.n == 4 && hp_streq(f.v[0], "reap"))
		return 0;
	if (f.n == 2 && hp_streq(f.v[0], "user")) {
		hp_strv_add_ref(x->pool, &p->reap, f.v[1]);
		return 0;
	}
	if (f.n != 3 || !hp_streq(f.v[0], "folders") || hp_parse_u64(f.v[2], HP_FOLDERS_ALL, &mask) < 0)
		return bad_line(line, err);
	return undo_folders(x, f.v[1], mask, err);
}

static int finish(struct hp_engine *x, const char *line, struct hp_err *err)
{
	struct user_part *p = mine(x);
	struct hp_strv f;
	uint64_t mask;
	int rc = 0;

	if (!line) {
		if (x->live && p->reap.n)
			rc = hp_users_remove("", p->reap.v, p->reap.n, err);
		memset(&p->reap, 0, sizeof(p->reap));
		return rc;
	}
	split(x, line, &f);
	if (f.n != 4 || !hp_streq(f.v[0], "reap"))
		return 0;
	if (hp_parse_u64(f.v[3], HP_FOLDERS_ALL, &mask) < 0)
		return bad_line(line, err);
	/* accounts go after all folders: a process of theirs that still runs is killed with them */
	hp_strv_add_ref(x->pool, &p->reap, f.v[1]);
	return hp_folders_remove(x->root, f.v[2], (unsigned)mask, err);
}

/* ---- are they as they should be? Mending is the next apply's business. ---- */
static int revive(struct hp_engine *x, bool repair, size_t *ret_wrong, struct hp_err *err)
{
	const struct hp_msite *s;
	struct hp_folders_want f;
	size_t i;
	int rc;

	if (repair)
		return 0;
	for (i = 0; i < x->old.n; i++) {
		s = &x->old.sites[i];
		hp_pool_reset(x->scratch);
		f = (struct hp_folders_want){.domain = s->domain, .uid = (uid_t)s->uid,
			.web_gid = mine(x)->web_gid};
		rc = hp_folders_is_made(x->root, &f, err);
		if (rc < 0)
			return rc;
		if (rc == 0) {
			(*ret_wrong)++;
			hp_report_file(x, hp_folders_docroot(x->scratch, s->domain), "drift",
				s->domain, "this site's folders are not all as they should be");
		}
	}
	return 0;
}

static int revive_users(struct hp_engine *x, bool repair, size_t *ret_wrong, struct hp_err *err)
{
	struct hp_user_want *v = hp_palloc(x->round, (x->old.n + 1) * sizeof(*v));
	bool *missing = hp_palloc(x->round, x->old.n + 1);
	size_t i, bad = x->old.n;

	if (repair || !x->live || !x->old.n)
		return revive(x, repair, ret_wrong, err);
	for (i = 0; i < x->old.n; i++)
		v[i] = (struct hp_user_want){.name = x->old.sites[i].user,
			.uid = (uid_t)x->old.sites[i].uid,
			.home = hp_folders_state(x->round, x->old.sites[i].domain)};
	if (hp_users_check("", v, x->old.n, missing, &bad, err) < 0) {
		if (err->code != HP_E_EXISTS || bad >= x->old.n)
			return err->code;
		(*ret_wrong)++;
		hp_report_file(x, v[bad].home, "drift", x->old.sites[bad].domain, err->msg);
		hp_err_clear(err);
	}
	for (i = 0; i < x->old.n; i++)
		if (missing[i]) {
			(*ret_wrong)++;
			hp_report_file(x, v[i].home, "drift", x->old.sites[i].domain,
				"the site's Unix user is gone");
		}
	return revive(x, repair, ret_wrong, err);
}

const struct hp_part hp_part_user = {
	.name = "user",
	.detect = detect,
	.check = check,
	.journal = journal,
	.make = make,
	.undo = undo,
	.finish = finish,
	.revive = revive_users,
};
