/* nginx -t over the staged world, and what it lets pass. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "node/nstest.h"
#include "node/part_nginx.h"
#include "base/str.h"
#include "model/state.h"
#include "sys/run.h"

/* Its test takes seconds for thousands of vhosts. */
static unsigned patience(const struct hp_engine *x)
{
	return 60000 + 10 * (unsigned)x->n_sites;
}

static const char *const *log_dirs(struct hp_engine *x)
{
	const char **v = hp_palloc(x->round, (x->n_sites + 1) * sizeof(*v));
	size_t i, n = 0;

	for (i = 0; i < x->n_sites; i++)
		if (x->sites[i].now)
			v[n++] = x->sites[i].domain;
	return v;
}

static int refused(struct hp_engine *x, const char *said, struct hp_err *err)
{
	struct hp_nginx_verdict v;
	struct hp_wish *w;

	hp_nginx_read_verdict(x->round, said, &v);
	hp_err_set(err, HP_E_REFUSED, "nginx refuses the configuration: %s",
		v.message ? v.message : hp_str_printable(x->round, said, 300));
	w = v.domain ? hp_engine_site(x, v.domain) : NULL;
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

/* Of two vhosts with one name nginx serves the first and says only a warning. */
static int check_conflicts(struct hp_engine *x, const char *said, struct hp_err *err)
{
	const char *at = said, *name, *listen;
	int rc = 0;
	size_t i;

	while (hp_nginx_next_conflict(x->round, &at, &name, &listen))
		for (i = 0; i < x->n_sites; i++) {
			struct hp_wish *w = &x->sites[i];

			if (!hp_wish_moves(w) || !w->now || w->outcome != HP_IS_FINE ||
				!has_name(x, w, name))
				continue;
			hp_err_set(err, HP_E_EXISTS,
				"another vhost of nginx has the name %s on %s already", name,
				listen);
			hp_err_hint(err, "find it with: grep -rn -F '%s' " HP_NGINX_ETC, name);
			rc = hp_blame(x, w, HP_IS_REFUSED, err);
		}
	return rc;
}

static bool moves(const struct hp_engine *x)
{
	size_t i;

	for (i = 0; i < x->n_ops; i++)
		if (x->ops[i].file->part == HP_PART_NGINX)
			return true;
	return false;
}

/* nginx opens its pid file even to test, and makes it when it is not there. */
static bool has_pidfile(void)
{
	return access(HP_NGINX_PIDFILE, F_OK) == 0;
}

static int judge(struct hp_engine *x, int status, const char *said, struct hp_err *err)
{
	return status ? refused(x, said, err) : check_conflicts(x, said, err);
}

int hp_nginx_test(struct hp_engine *x, bool live, struct hp_err *err)
{
	const char *const argv[] = {hp_nginx(x)->binary, "-t", NULL};
	struct hp_buf errs _cleanup_buf_ = HP_BUF_INIT;
	struct hp_nstest t = {.argv = argv, .dir = HP_NGINX_ETC, .logs = HP_SITES_LOG_DIR,
		.errs = &errs, .timeout_ms = patience(x)};
	struct hp_run plain = {.argv = argv, .errs = &errs, .max_out = (size_t)16 << 20,
		.timeout_ms = patience(x)};
	bool had_pidfile = has_pidfile();
	int status = 0, rc;

	/* a bisection asks also whether all is well with nothing changed */
	if (!x->live || !hp_nginx(x)->binary || (!moves(x) && x->limit == SIZE_MAX))
		return 0;
	if (live) {
		status = hp_run(&plain, err);
		rc = status < 0 ? status : 0;
	} else {
		t.log_dirs = log_dirs(x);
		rc = hp_nstest_run(x, &t, &status, err);
		x->no_ns = rc == 1;
	}
	if (!had_pidfile && has_pidfile())
		unlink(HP_NGINX_PIDFILE);
	if (rc == 1) {
		/* the live test after the switch says it */
		hp_err_clear(err);
		return 0;
	}
	return rc < 0 ? rc : judge(x, status, hp_buf_str(&errs), err);
}
