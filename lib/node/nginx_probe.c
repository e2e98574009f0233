/* After a reload: does every changed website answer with its new configuration? */
#include <errno.h>
#include <time.h>

#include "node/part_nginx.h"
#include "base/fault.h"
#include "base/str.h"
#include "sys/probe.h"

#define NAP_MS 4
#define PROBE_PATH "/.well-known/hosting-panel/probe"

/* A reload of many vhosts takes seconds before the first new worker answers. */
static uint64_t deadline(const struct hp_engine *x)
{
	uint64_t ms = 15000 + 3 * (uint64_t)x->n_sites;

#ifdef HP_FAULT_POINTS
	const char *v = getenv("HP_PROBE_MS");

	if (v)
		hp_parse_u64(v, 600000, &ms);
#endif
	return hp_now_ms() + ms;
}

static void nap(unsigned ms)
{
	struct timespec t = {.tv_nsec = (long)ms * 1000000};

	nanosleep(&t, NULL);
}

/* The last website is gone, and nothing else of this server listens there: that is an answer. */
static bool nobody_listens(unsigned port)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_err ignored = HP_ERR_INIT;
	struct hp_strv at = {0};
	const char *suffix = hp_pprintf(pool, ":%u", port);
	pid_t pid;
	size_t i;

	if (hp_nginx_pid(&pid, &ignored) < 0 || pid == 0)
		return false;
	hp_str_split(pool, hp_nginx_listens(pool, pid), " ", &at);
	for (i = 0; i < at.n; i++)
		if (hp_str_ends(at.v[i], suffix))
			return false;
	return true;
}

/*
 * One question. True when the answer is the wished one: revision, or for a removed site anything
 * else.
 */
static bool ask(const char *domain, const char *revision, bool gone, char *ret_heard, size_t size,
	struct hp_err *err)
{
	struct hp_buf body _cleanup_buf_ = HP_BUF_INIT;
	struct hp_http_probe p = {
		.host = domain, .path = PROBE_PATH, .port = 80, .timeout_ms = 3000};
	bool same;
	int status;

	if (hp_http_probe(&p, &status, &body, NULL, err) < 0) {
		snprintf(ret_heard, size, "%s", err->msg);
		return gone && nobody_listens(p.port);
	}
	same = status == 200 && hp_streq(hp_buf_str(&body), revision);
	snprintf(ret_heard, size, "status %d", status);
	return same != gone;
}

static bool until_right(const char *domain, const char *revision, bool gone, uint64_t end,
	char *ret_heard, size_t size)
{
	struct hp_err err = HP_ERR_INIT;
	uint64_t asked = hp_now_ms();
	unsigned ms = 1;

	while (!ask(domain, revision, gone, ret_heard, size, &err)) {
		if (hp_now_ms() >= end)
			return false;
		nap(ms);
		/*
		 * most answer within a second: whoever waits at a prompt waits for the rest of a
		 * nap, too
		 */
		ms = hp_now_ms() - asked < 2000 ? NAP_MS : 10 * NAP_MS;
		hp_err_clear(&err);
	}
	return true;
}

static int check_master(struct hp_err *err)
{
	pid_t pid;

	if (hp_nginx_pid(&pid, err) < 0)
		return err->code;
	if (pid > 0)
		return 0;
	hp_err_set(err, HP_E_REFUSED, "nginx ended when it was reloaded");
	return hp_err_hint(err, "its own words are in /var/log/nginx/error.log");
}

/*
 * The master lets old and new workers accept side by side for a tenth of a second: a request right
 * after the first good answer could still meet the old configuration.
 */
static void wait_for_old_workers(const struct hp_nginx_part *p, uint64_t end)
{
	size_t i;

	for (i = 0; i < p->n_workers; i++)
		while (hp_nginx_worker_accepts(p->workers[i]) && hp_now_ms() < end)
			nap(5);
}

static bool is_touched(const struct hp_engine *x, const bool *touched, size_t i)
{
	const struct hp_wish *w = &x->sites[i];

	if (!touched[i])
		return false;
	return w->now ? w->now->revision != NULL : w->old && w->old->revision;
}

int hp_nginx_probe(struct hp_engine *x, struct hp_err *err)
{
	bool *touched = hp_palloc(x->round, x->n_sites + 1);
	uint64_t end = deadline(x);
	size_t i, asked = 0, wrong = 0;
	char heard[1100];
	int rc = 0;

	if (!hp_nginx(x)->moves)
		return 0;
	for (i = 0; i < x->n_ops; i++)
		if (x->ops[i].site && x->ops[i].file->part == HP_PART_NGINX)
			touched[x->ops[i].site - x->sites] = true;
	for (i = 0; i < x->n_sites; i++) {
		struct hp_wish *w = &x->sites[i];

		if (!is_touched(x, touched, i))
			continue;
		asked++;
		if (until_right(w->domain, w->now ? w->now->revision : w->old->revision, !w->now,
			    end, heard, sizeof(heard)))
			continue;
		wrong++;
		hp_err_set(err, HP_E_REFUSED,
			"nginx was reloaded, but the site does not answer with its new configuration (%s)",
			heard);
		hp_err_hint(err,
			"another vhost may have the name, or listen on a more specific address; see "
			"/var/log/nginx/error.log");
		rc = hp_blame(x, w, HP_IS_REFUSED, err);
		if (wrong == 1 && check_master(err) < 0)
			break;
	}
	/* nobody answers as wished: that is no site's fault */
	if (wrong && wrong == asked && asked > 1) {
		for (i = 0; i < x->n_sites; i++)
			if (is_touched(x, touched, i))
				x->sites[i].outcome = HP_IS_FINE;
		return err->code;
	}
	wait_for_old_workers(hp_nginx(x), end);
	x->servers_us += hp_now_us() - hp_nginx(x)->told_us;
	return rc ? rc : check_master(err);
}
