/* The servers' own tests over the staged world. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "node/nstest.h"
#include "node/web.h"
#include "base/str.h"
#include "model/state.h"
#include "sys/run.h"

/* A test takes seconds for thousands of vhosts. */
static unsigned patience(const struct hp_engine *x)
{
	return 60000 + 10 * (unsigned)x->n_sites;
}

/* Of sites that go, too: a vhost behind the front goes last. */
static const char *const *log_dirs(struct hp_engine *x)
{
	const char **v = hp_palloc(x->round, (x->n_sites + 1) * sizeof(*v));
	size_t i, n = 0;

	for (i = 0; i < x->n_sites; i++)
		if (x->sites[i].now || x->sites[i].old)
			v[n++] = x->sites[i].domain;
	return v;
}

/* ---- what they say ---- */
const char *hp_web_domain_of(
	struct hp_pool *pool, const struct hp_server *s, const char *path, const char **ret_shown)
{
	const char *const dirs[] = {s->sites, s->enabled};
	const char *name, *at, *domain;
	size_t i;

	*ret_shown = path;
	for (i = 0; i < HP_ARRAY_SIZE(dirs); i++) {
		name = dirs[i] ? hp_str_after(path, dirs[i]) : NULL;
		if (!name || *name != '/' || !hp_str_ends(name, ".conf"))
			continue;
		at = strrchr(name, *HP_WEB_LAST);
		name = at ? at + 1 : name + 1;
		return hp_pstrndup(pool, name, strlen(name) - strlen(".conf"));
	}
	name = hp_str_after(path, hp_pprintf(pool, "%s/custom/", s->own));
	at = name ? strchr(name, '@') : NULL;
	if (!at)
		return NULL;
	domain = hp_pstrndup(pool, name, (size_t)(at - name));
	*ret_shown = hp_pprintf(pool, HP_CUSTOM_DIR "/%s/%s/%s", domain, s->name, at + 1);
	return domain;
}

int hp_web_refused(struct hp_engine *x, struct hp_web_server *s, const struct hp_web_verdict *v,
	const char *said, struct hp_err *err)
{
	struct hp_wish *w;

	hp_err_set(err, HP_E_REFUSED, "%s refuses the configuration: %s", s->is->name,
		v->message ? v->message : hp_str_printable(x->round, said, 300));
	w = v->domain ? hp_engine_site(x, v->domain) : NULL;
	if (w && hp_wish_moves(w) && w->outcome == HP_IS_FINE)
		return hp_blame(x, w, HP_IS_REFUSED, err);
	return err->code;
}

static bool has_name(struct hp_engine *x, const struct hp_wish *w, const char *name)
{
	struct hp_err ignored = HP_ERR_INIT;
	struct hp_site site;

	if (hp_streq(w->domain, name))
		return true;
	hp_pool_reset(x->scratch);
	return w->line && memmem(w->line, w->len, name, strlen(name)) &&
		hp_state_parse_site(x->scratch, w->line, w->len, &site, &ignored) == 0 &&
		hp_strv_has(&site.aliases, name);
}

/* Do its hand-made directives speak of this name? */
static bool speaks_of(struct hp_engine *x, const struct hp_server *s, const struct hp_wish *w,
	const char *name)
{
	const char *copies = hp_pprintf(x->round, "%s/custom/", s->own), *staged;
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err ignored = HP_ERR_INIT;
	const struct hp_mfile *m;

	for (m = w->now->files; m; m = m->next) {
		if (!hp_str_starts(m->path, copies))
			continue;
		staged = hp_stage_path(x, x->round, false, m->path);
		if (faccessat(x->rootfd, hp_rel(staged), F_OK, 0) < 0)
			staged = m->path;
		if (hp_file_read(hp_engine_path(x, x->round, staged), (size_t)1 << 20, &text,
			    &ignored) == 0 &&
			strstr(hp_buf_str(&text), name))
			return true;
	}
	return false;
}

int hp_web_conflict(struct hp_engine *x, struct hp_web_server *s, const char *name,
	const char *listen, struct hp_err *err)
{
	int rc = 0;
	size_t i;

	for (i = 0; i < x->n_sites; i++) {
		struct hp_wish *w = &x->sites[i];

		if (!hp_wish_moves(w) || !w->now || w->outcome != HP_IS_FINE ||
			(!has_name(x, w, name) && !speaks_of(x, s->is, w, name)))
			continue;
		hp_err_set(err, HP_E_EXISTS, "another vhost of %s has the name %s on %s already",
			s->is->name, name, listen);
		hp_err_hint(err, "find it with: grep -rn -F '%s' %s", name, s->is->etc);
		rc = hp_blame(x, w, HP_IS_REFUSED, err);
	}
	return rc;
}

/* ---- running them ---- */
int hp_web_try_start(struct hp_engine *x, struct hp_web_server *s, const char *const *argv,
	int *ret_status, struct hp_buf *said, struct hp_err *err)
{
	struct hp_buf out _cleanup_buf_ = HP_BUF_INIT;
	struct hp_nstest t = {.argv = argv,
		.dir = s->is->etc,
		.logs = HP_SITES_LOG_DIR,
		.log_dirs = log_dirs(x),
		.run_dir = hp_path_dir(x->round, s->is->pidfile),
		.log_name = HP_WEB_ERROR_LOG,
		.out = &out,
		.errs = said,
		.timeout_ms = patience(x)};
	int rc;

	if (hp_mkdirs(t.run_dir, 0755, err) < 0)
		return err->code;
	rc = hp_nstest_run(x, &t, ret_status, err);
	if (rc == 1)
		hp_err_clear(err); /* what it would have found is found by the reload */
	return rc;
}

int hp_web_run_test(struct hp_engine *x, struct hp_web_server *s, const char *const *argv,
	bool live, int *ret_status, struct hp_buf *said, struct hp_err *err)
{
	struct hp_buf out _cleanup_buf_ = HP_BUF_INIT;
	struct hp_nstest t = {.argv = argv,
		.dir = s->is->etc,
		.logs = HP_SITES_LOG_DIR,
		.out = &out,
		.errs = said,
		.timeout_ms = patience(x)};
	struct hp_run plain = {.argv = argv,
		.out = &out,
		.errs = said,
		.max_out = (size_t)16 << 20,
		.timeout_ms = patience(x)};
	/* some open their pid file even to test, and make it when it is not there */
	bool had_pidfile = access(s->is->pidfile, F_OK) == 0;
	int rc;

	*ret_status = 0;
	if (live) {
		*ret_status = hp_run(&plain, err);
		rc = *ret_status < 0 ? *ret_status : 0;
	} else {
		t.log_dirs = log_dirs(x);
		rc = hp_nstest_run(x, &t, ret_status, err);
		x->no_ns |= rc == 1;
	}
	if (!had_pidfile && access(s->is->pidfile, F_OK) == 0)
		unlink(s->is->pidfile);
	hp_buf_add(said, hp_buf_str(&out), out.len);
	if (rc == 1)
		hp_err_clear(err); /* the live test after the switch says it */
	return rc;
}

int hp_web_test(struct hp_engine *x, bool live, struct hp_err *err)
{
	struct hp_web *web = hp_web(x);
	struct hp_web_server *s;
	size_t i;
	int rc = 0;

	if (x->live)
		hp_web_make_room(x, 0);
	for (i = 0; x->live && i < web->n && !rc; i++) {
		s = &web->v[i];
		/* a bisection asks also whether all is well with nothing changed */
		if (s->binary && s->used && (s->gains || s->loses || x->limit != SIZE_MAX))
			rc = s->is->test(x, s, live, err);
	}
	return rc;
}
