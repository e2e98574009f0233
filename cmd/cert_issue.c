/* hp-cert issue and renew: certificates from the CA. */
#include "cmd/cert.h"
#include "base/file.h"
#include "base/str.h"
#include "node/acme.h"

#define BATCH 25 /* issued before the servers are brought along: one apply for all of them */

const struct hp_opt cert_issue_opts[] = {
	{"anew", 0, NULL, "ask for a new one although the present one is good for long", 0, NULL},
	{"partial", 0, NULL, "also without aliases that the CA would not find here", 0, NULL},
	{0},
};

/* ---- one ---- */
static const char *list_names(struct hp_pool *pool, const struct hp_strv *names)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;

	for (size_t i = 0; i < names->n; i++)
		hp_buf_addf(&b, "%s%s", i ? ", " : "", names->v[i]);
	return hp_pstrdup(pool, hp_buf_str(&b));
}

/* As hp_cert_uncovered(): the names alone count. */
static bool covers_all(const struct hp_cert *c, const struct hp_strv *names)
{
	for (size_t i = 0; i < names->n; i++)
		if (!hp_cert_covers(c, names->v[i]))
			return false;
	return true;
}

static bool covers_any(const struct hp_cert *c, const struct hp_strv *names)
{
	for (size_t i = 0; i < names->n; i++)
		if (hp_cert_covers(c, names->v[i]))
			return true;
	return false;
}

/* More than a ninth of its life is left (10 days of 90): what is due has a third. */
static bool can_wait(const struct hp_cert *c)
{
	return !c->revoked && c->not_after - hp_now() > (c->not_after - c->not_before) / 9;
}

/*
 * Names that the CA would not find here. A renewal goes on without them, so that a dead alias does
 * not take its website's certificate along; but what the present one is for is waited for while
 * there is time, since it may only be away for a day. *ret_ask: is the CA to be asked?
 */
static int leave_out(struct cert_run *r, struct cert_job *j, const struct hp_strv *found,
	const struct hp_strv *lost, const struct hp_err *why, bool *ret_ask, struct hp_err *err)
{
	struct cli *c = r->c;

	if (!r->renewing && !cli_opt(c, "partial")) {
		*err = *why;
		return err->code;
	}
	if (r->renewing && j->before && covers_any(j->before, lost) && can_wait(j->before)) {
		*err = *why;
		return hp_err_hint(err,
			"the present certificate is for it and good until then; shortly before its "
			"end it is renewed without what is missing");
	}
	j->left_out = hp_pprintf(
		c->pool, "the certificate is without %s: %s", list_names(c->pool, lost), why->msg);
	j->left_code = why->code;
	j->left_hint = hp_pprintf(c->pool,
		"when that is mended: hp-cert issue %s; the next renewal looks again, too",
		j->site.domain);
	/* nothing to be won, and the CA counts */
	*ret_ask =
		!j->before || hp_cert_is_due(j->before, hp_now()) || !covers_all(j->before, found);
	return 0;
}

static int order(struct cert_run *r, struct cert_job *j, const struct hp_acme *a,
	const struct hp_strv *names, struct hp_err *err)
{
	struct hp_buf chain _cleanup_buf_ = HP_BUF_INIT, key = HP_BUF_INIT;
	struct cli *c = r->c;

	if (hp_acme_issue(c->sysroot, a, names, &chain, &key, err) == 0 &&
		cert_put(r, j, &chain, &key, "letsencrypt", j->left_out != NULL, err) ==
			HP_E_USAGE) {
		err->code = HP_E_REFUSED;
		hp_err_prefix(err, "the CA's certificate is of no use");
	}
	if (key.s)
		hp_wipe(key.s, key.cap);
	hp_buf_release(&key);
	return err->code;
}

/* A website that an apply would leave as it is gets nothing of it, and the CA counts. */
static int check_edited(struct cert_run *r, const struct cert_job *j, struct hp_err *err)
{
	struct cli *c = r->c;
	struct hp_node_opts o;

	if (!j->site.enabled || c->force || c->no_apply)
		return 0;
	if (cli_node_opts(c, &o, err) < 0)
		return err->code;
	return hp_node_edited(&o, j->site.domain, err);
}

static int from_ca(
	struct cert_run *r, struct cert_job *j, const struct hp_acme *a, struct hp_err *err)
{
	struct hp_strv found, lost;
	struct cli *c = r->c;
	int lock _cleanup_close_ = -1;
	struct hp_err why;
	bool wanted = true;

	if (check_edited(r, j, err) < 0 ||
		hp_acme_lock(c->sysroot, c->wait_ms, &lock, err) < 0 ||
		hp_acme_look(c->pool, c->sysroot, a, &j->site.names, &found, &lost, &why, err) <
			0 ||
		(lost.n && leave_out(r, j, &found, &lost, &why, &wanted, err) < 0))
		return err->code;
	if (!wanted) {
		j->now = j->before;
		return 0;
	}
	if (c->dry_run) {
		j->result = "dry-run";
		j->message = hp_pprintf(c->pool, "would ask %s for %s", a->directory_url,
			list_names(c->pool, &found));
		return 0;
	}
	return order(r, j, a, &found, err);
}

static void ask(struct cert_run *r, struct cert_job *j, const struct hp_acme *a)
{
	struct hp_err err = HP_ERR_INIT;

	if (r->c->verbose)
		cli_say(r->c, "%s: asking %s", j->site.domain, a->directory_url);
	if (from_ca(r, j, a, &err) < 0)
		cert_failed(r, j, &err);
}

static int conf(struct cli *c, struct hp_acme *ret, struct hp_err *err)
{
	if (*c->sysroot) {
		hp_err_set(err, HP_E_USAGE, "%s: with --sysroot no CA can be asked", c->verb->name);
		return hp_err_hint(err, "a CA looks at this machine's own servers");
	}
	if (cli_conf(c, err) < 0)
		return err->code;
	return hp_acme_conf(c->pool, c->conf, ret, err);
}

/* Good for long, and for all names: asking again would only use up the CA's patience. */
static bool is_good(const struct cert_job *j)
{
	return j->before && !hp_cert_is_due(j->before, hp_now()) &&
		!hp_cert_uncovered(j->before, &j->site);
}

/* ---- issue ---- */
static void keep(struct cli *c, struct cert_job *j)
{
	char end[21];

	hp_time_format(j->before->not_after, end);
	j->now = j->before;
	j->message = hp_pprintf(c->pool, "%s is good until %s%s",
		hp_streq(j->before->provider, "letsencrypt") ? "its certificate"
							      : "the one imported",
		end, c->as ? "" : "; --anew asks for another");
}

static int job_of(struct cli *c, const char *word, struct cert_job *j, struct hp_err *err)
{
	struct hp_err damaged = HP_ERR_INIT;

	memset(j, 0, sizeof(*j));
	if (cert_site(c, word, &j->site, err) < 0)
		return err->code;
	hp_cert_current(c->pool, c->sysroot, j->site.domain, &j->before, &damaged);
	cert_ask(c, &j->before);
	if (j->site.letsencrypt)
		return 0;
	hp_err_set(err, HP_E_EXISTS,
		"%s: its certificates are imported: its ssl_provider is custom", j->site.domain);
	return hp_err_hint(err, "hp-site set %s ssl_provider=letsencrypt, or hp-cert import %s",
		j->site.domain, j->site.domain);
}

int cert_issue(struct cli *c, struct hp_err *err)
{
	struct cert_run r = {.c = c, .action = "issue", .n = c->n_args};
	struct hp_acme a;
	size_t i;

	r.v = hp_palloc(c->pool, r.n * sizeof(*r.v));
	/* the CA counts, for all websites of this host together */
	if (c->as && cli_opt(c, "anew") && c->panel->actor.kind != HP_ACTOR_OPERATOR)
		return hp_err_set(err, HP_E_DENIED, "--anew: only the operator may");
	for (i = 0; i < r.n; i++)
		if (job_of(c, c->args[i], &r.v[i], err) < 0)
			return err->code;
	if (conf(c, &a, err) < 0)
		return err->code;
	for (i = 0; i < r.n; i++) {
		if (is_good(&r.v[i]) && !cli_opt(c, "anew"))
			keep(c, &r.v[i]);
		else
			ask(&r, &r.v[i], &a);
	}
	return cert_finish(&r, err);
}

/* ---- renew ---- */
static bool is_named(struct cli *c, const char *domain)
{
	for (unsigned i = 0; i < c->n_args; i++)
		if (hp_streq(c->args[i], domain))
			return true;
	return false;
}

/* Is it for this run to renew? Who names a website does not wait for the next try. */
static bool wants(struct cli *c, const struct hp_cert_site *s, struct cert_job *j)
{
	struct hp_err ignored = HP_ERR_INIT;
	struct hp_cert_renewal w;
	bool seen;

	memset(j, 0, sizeof(*j));
	j->site = *s;
	if (c->n_args ? !is_named(c, s->domain) : !s->auto_renew)
		return false;
	if (!s->enabled || !s->letsencrypt || s->suspended ||
		cli_sees_site(c, s->domain, &seen, &ignored) < 0 || !seen)
		return false;
	hp_cert_current(c->pool, c->sysroot, s->domain, &j->before, &ignored);
	cert_ask(c, &j->before);
	if (is_good(j))
		return false;
	if (c->n_args)
		return true;
	return hp_cert_renewal_get(c->pool, c->sysroot, s->domain, &w, &ignored) < 0 ||
		w.next_try <= hp_now();
}

/* Names given must be websites of this node, as A-labels from here on. */
static int check_named(struct cli *c, struct hp_err *err)
{
	const char **args = hp_palloc(c->pool, (c->n_args + 1) * sizeof(*args));
	struct hp_cert_site s;

	for (unsigned i = 0; i < c->n_args; i++) {
		if (cert_site(c, c->args[i], &s, err) < 0)
			return err->code;
		args[i] = s.domain;
	}
	c->args = args;
	return 0;
}

static void end_batch(struct cert_run *r, struct hp_err *first)
{
	struct hp_err err = HP_ERR_INIT;

	if (cert_finish(r, &err) < 0 && !first->code)
		*first = err;
	r->n = 0;
}

int cert_renew(struct cli *c, struct hp_err *err)
{
	struct cert_run r = {.c = c, .action = "renew", .renewing = true};
	struct hp_cert_site *sites;
	struct cert_job job;
	struct hp_acme a;
	size_t i, n, done = 0;
	bool have_conf = false;

	if (check_named(c, err) < 0 ||
		hp_cert_sites(c->pool, c->sysroot, NULL, &sites, &n, err) < 0)
		return err->code;
	r.v = hp_palloc(c->pool, BATCH * sizeof(*r.v));
	for (i = 0; i < n; i++) {
		if (!wants(c, &sites[i], &job))
			continue;
		if (!have_conf && conf(c, &a, err) < 0)
			return err->code;
		have_conf = true;
		r.v[r.n] = job;
		ask(&r, &r.v[r.n++], &a);
		done++;
		if (r.n == BATCH)
			end_batch(&r, err);
	}
	/* with nothing due, too: a killed run may have left something for the servers */
	end_batch(&r, err);
	if (!done && c->n_args)
		cli_say(c, "nothing is due");
	return err->code;
}
