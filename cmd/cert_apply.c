/*
 * From the store to the servers. A pair is stored first and brought along by an apply of the node's
 * kept document; the link goes back for a website whose servers refuse it.
 */
#include "cmd/cert.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/str.h"
#include "sys/json.h"

#define BACKOFF_MIN_S 3600 /* Let's Encrypt: 5 failed validations of a name an hour */
#define BACKOFF_MAX_S 86400

/* ---- storing ---- */
static int check_names(struct cert_run *r, const struct cert_job *j, const struct hp_cert *c,
	bool partial, struct hp_err *err)
{
	const char *missing = hp_cert_uncovered(c, &j->site);

	if (!missing)
		return 0;
	if (partial && hp_cert_covers(c, j->site.domain)) {
		/* of names left out more is said at the end */
		if (j->left_out)
			return 0;
		cli_warn(r->c, "%s: the certificate is not for its alias %s", j->site.domain,
			missing);
		return 0;
	}
	hp_err_set(err, HP_E_USAGE, "the certificate is not for %s, but for %s%s%s", missing,
		c->names.v[0], c->names.n > 1 ? ", " : "",
		c->names.n > 2           ? "…"
			: c->names.n > 1 ? c->names.v[1]
					 : "");
	if (hp_cert_covers(c, j->site.domain))
		hp_err_hint(err, "%s is an alias of %s; --partial takes it nevertheless", missing,
			j->site.domain);
	return err->code;
}

int cert_put(struct cert_run *r, struct cert_job *j, const struct hp_buf *chain,
	const struct hp_buf *key, const char *provider, bool partial, struct hp_err *err)
{
	struct hp_buf new_chain _cleanup_buf_ = HP_BUF_INIT, new_key = HP_BUF_INIT;
	struct cli *c = r->c;
	struct hp_cert in = {.domain = j->site.domain, .provider = provider};
	int lock _cleanup_close_ = -1;
	struct hp_x509 x;

	if (hp_x509_pair(c->pool, key, chain, hp_now(), &x, &new_chain, &new_key, err) < 0)
		goto out;
	in.names = x.names;
	in.issuer = x.issuer;
	in.serial = x.serial;
	in.key_type = x.key_type;
	/* who asks needs the issuer's certificate */
	in.ocsp = x.certificates > 1 ? x.ocsp : NULL;
	in.sha256 = x.sha256;
	in.not_before = x.not_before;
	in.not_after = x.not_after;
	if (check_names(r, j, &in, partial, err) < 0)
		goto out;
	if (x.certificates == 1 && x.open_end)
		cli_warn(c,
			"%s: there is no chain: whoever does not know its issuer (%s) will not trust it",
			j->site.domain, x.open_end);
	if (c->dry_run)
		goto out;
	if (hp_cert_lock(c->sysroot, c->wait_ms, &lock, err) < 0 ||
		hp_cert_pending_set(c->sysroot, err) < 0)
		goto out;
	hp_cert_put(c->pool, c->sysroot, &in, &new_chain, &new_key, &j->now, &j->changed, err);
out:
	if (new_key.s)
		hp_wipe(new_key.s, new_key.cap);
	hp_buf_release(&new_key);
	return err->code;
}

void cert_failed(struct cert_run *r, struct cert_job *j, const struct hp_err *why)
{
	j->code = why->code;
	j->message = hp_pstrdup(r->c->pool, why->msg);
	j->hint = *why->hint ? hp_pstrdup(r->c->pool, why->hint) : NULL;
}

/* ---- the servers ---- */
static void take_back(struct cert_run *r, struct cert_job *j)
{
	const char *root = r->c->sysroot, *domain = j->site.domain;
	const struct hp_cert *current = NULL;
	struct hp_err err = HP_ERR_INIT;
	int lock _cleanup_close_ = -1;

	if (hp_cert_lock(root, r->c->wait_ms, &lock, &err) == 0 &&
		hp_cert_current(r->c->pool, root, domain, &current, &err) == 0 && current &&
		current->number == j->now->number)
		hp_cert_back(root, domain, j->before ? j->before->number : 0, j->now->number, &err);
	if (err.code) {
		hp_err_prefix(&err, "%s: the former certificate can't be put back", domain);
		cli_print_err(r->c, &err);
	}
	j->changed = false;
	if (!j->hint || !*j->hint)
		j->hint = j->before ? "the former certificate is in use as before"
				    : "nothing was changed: it has no certificate, as before";
}

static int cmp_change(const void *a, const void *b)
{
	return strcmp(
		((const struct cli_change *)a)->domain, ((const struct cli_change *)b)->domain);
}

static struct cert_job *find_job(struct cert_run *r, const char *domain)
{
	for (size_t i = 0; i < r->n; i++)
		if (hp_streq(r->v[i].site.domain, domain))
			return &r->v[i];
	return NULL;
}

/* A good certificate waits, when what was in the way is not its own; whoever applies next takes it.
 */
static void wait_for_next(
	struct cert_run *r, const struct cli_change *changes, size_t n, const struct hp_err *why)
{
	for (size_t i = 0; i < n; i++) {
		struct cert_job *j = find_job(r, changes[i].domain);

		if (changes[i].code)
			continue;
		j->result = "recorded";
		j->message = hp_pprintf(
			r->c->pool, "stored; it takes effect with the next apply: %s", why->msg);
	}
}

static void apply(struct cert_run *r, struct cli_change *changes, size_t n)
{
	struct cli_run run = {.c = r->c, .changes = changes, .n = n};
	struct hp_err err = HP_ERR_INIT;
	int rc;
	size_t i;

	qsort(changes, n, sizeof(*changes), cmp_change);
	rc = cli_run_kept(&run, &err);
	if (rc == HP_E_BUSY && !run.ended)
		return wait_for_next(r, changes, n, &err);
	if (!cli_run_blame(&run, rc, &err) && rc < 0 && !run.others)
		cli_print_err(r->c, &err);
	if (rc < 0 && run.undone)
		wait_for_next(r, changes, n, &err);
	for (i = 0; i < n; i++) {
		struct cert_job *j = find_job(r, changes[i].domain);

		if (!changes[i].code)
			continue;
		j->code = changes[i].code;
		j->message = changes[i].message;
		j->hint = changes[i].hint;
		if (j->changed)
			take_back(r, j);
	}
	if (run.ended && !run.undone)
		hp_cert_pending_clear(r->c->sysroot);
}

static void bring(struct cert_run *r)
{
	struct cli *c = r->c;
	struct cli_change *changes = hp_palloc(c->pool, (r->n + 1) * sizeof(*changes));
	struct hp_err err = HP_ERR_INIT;
	const char *node, *why = NULL;
	size_t i, n = 0;
	bool can;

	can = cli_this_node(c, &node, &err) == 0 && cli_can_apply(c, node, &why);
	for (i = 0; i < r->n; i++) {
		struct cert_job *j = &r->v[i];

		if (j->code || !j->now)
			continue;
		if (!j->site.enabled) {
			j->message = hp_pprintf(c->pool,
				"stored; it is served after: hp-site set %s "
				"ssl_enabled=yes",
				j->site.domain);
			j->result = j->changed ? "recorded" : "unchanged";
		} else if (!can) {
			j->message = err.code ? hp_pstrdup(c->pool, err.msg) : why;
			j->result = j->changed ? "recorded" : "unchanged";
		} else {
			changes[n++].domain = j->site.domain;
		}
	}
	if (can && hp_cert_pending(c->sysroot))
		apply(r, changes, n);
}

/* ---- what is told ---- */
static const char *cert_json(struct hp_pool *pool, const struct hp_cert *c)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	char text[21];
	struct hp_jw w;

	if (!c)
		return NULL;
	hp_time_format(c->not_after, text);
	hp_jw_init(&w, &b, false);
	hp_jw_obj(&w, NULL);
	hp_jw_str(&w, "provider", c->provider);
	hp_jw_str(&w, "not_after", text);
	hp_jw_str(&w, "sha256", c->sha256);
	hp_jw_end(&w, '}');
	return hp_pstrdup(pool, hp_buf_str(&b));
}

/* The panel may be elsewhere, or down: then the rows and the journal are all that is told. */
static void note(struct cert_run *r, const struct cert_job *j, const char *text)
{
	struct cli *c = r->c;
	struct hp_err err = HP_ERR_INIT;
	const char *verb = hp_pprintf(c->pool, "cert:%s", r->action);

	if (cli_conf(c, &err) == 0 && !cli_has_panel(c))
		return;
	if (!err.code && cli_panel(c, &err) == 0)
		hp_node_note(c->panel, verb, j->site.domain, cert_json(c->pool, j->before),
			cert_json(c->pool, j->changed ? j->now : NULL), text, &err);
	if (err.code) {
		hp_err_prefix(&err, "%s: the audit trail can't be written", j->site.domain);
		cli_print_err(c, &err);
	}
}

/* Doubled each time, a quarter more or less, so that many who failed at once don't come back so. */
static int64_t pause_after(int64_t failures)
{
	int64_t s = BACKOFF_MIN_S;
	uint32_t random;

	while (--failures > 0 && s < BACKOFF_MAX_S)
		s *= 2;
	if (s > BACKOFF_MAX_S)
		s = BACKOFF_MAX_S;
	hp_random(&random, sizeof(random));
	return s - s / 4 + (int64_t)(random % (uint32_t)(s / 2));
}

static const char *note_failure(struct cert_run *r, const struct cert_job *j)
{
	struct hp_cert_renewal w;
	struct hp_err err = HP_ERR_INIT;
	struct cli *c = r->c;
	int lock _cleanup_close_ = -1;
	char text[21];

	if (hp_cert_lock(c->sysroot, c->wait_ms, &lock, &err) < 0 ||
		hp_cert_renewal_get(c->pool, c->sysroot, j->site.domain, &w, &err) < 0) {
		cli_print_err(c, &err);
		return j->message;
	}
	w.failures++;
	w.last_try = hp_now();
	w.next_try = w.last_try + pause_after(w.failures);
	w.error = j->message;
	if (hp_cert_renewal_set(c->sysroot, j->site.domain, &w, &err) < 0)
		cli_print_err(c, &err);
	hp_time_format(w.next_try, text);
	return hp_pprintf(c->pool, "failed %lld times in a row, next try at %s: %s",
		(long long)w.failures, text, j->message ? j->message : "refused");
}

static void note_success(struct cert_run *r, const struct cert_job *j)
{
	struct hp_cert_renewal w = {.last_try = hp_now()};
	struct hp_err err = HP_ERR_INIT;
	int lock _cleanup_close_ = -1;

	if (hp_cert_lock(r->c->sysroot, r->c->wait_ms, &lock, &err) < 0 ||
		hp_cert_renewal_set(r->c->sysroot, j->site.domain, &w, &err) < 0 ||
		hp_cert_prune(r->c->sysroot, j->site.domain, &err) < 0)
		cli_print_err(r->c, &err);
}

/* Whatever else there was to do is done by now, and was no failure. */
static void take_left_out(struct cert_run *r, struct cert_job *j)
{
	if (j->code || !j->left_out)
		return;
	j->partial = true;
	j->code = j->left_code;
	j->hint = j->left_hint;
	j->message = j->message ? hp_pprintf(r->c->pool, "%s; %s", j->message, j->left_out)
				: j->left_out;
}

/* The audit trail, and what the next renewal is to know. */
static void remember(struct cert_run *r, struct cert_job *j)
{
	if (j->now && (!j->code || (j->partial && j->changed)))
		note_success(r, j);
	if (j->code && r->renewing)
		note(r, j, note_failure(r, j));
	else if (j->changed)
		note(r, j, j->partial ? j->left_out : NULL);
}

static int tell(struct cert_run *r, struct cert_job *j, struct hp_err *err)
{
	struct cli_result row = {.object = j->site.domain,
		.action = r->action,
		.changed = j->changed && !j->code,
		.code = j->code,
		.message = j->message,
		.hint = j->hint,
		.result = j->result};

	if (j->partial) {
		row.changed = j->changed;
		row.result = "partial";
	} else if (j->code) {
		row.result = "failed";
	} else if (!row.result) {
		row.result = j->changed ? "applied" : "unchanged";
	}
	/* a single failure is the command's error */
	if (j->code && !j->partial && r->n == 1 && r->c->out_opts.mode == HP_OUT_TABLE)
		return 0;
	return cli_result(r->c, &row, err);
}

int cert_finish(struct cert_run *r, struct hp_err *err)
{
	struct hp_err one = HP_ERR_INIT;
	size_t i, failed = 0;

	hp_fault("cert-bring");
	if (!r->c->dry_run)
		bring(r);
	for (i = 0; i < r->n; i++) {
		struct cert_job *j = &r->v[i];

		if (!r->c->dry_run) {
			take_left_out(r, j);
			remember(r, j);
		}
		if (tell(r, j, &one) < 0)
			return *err = one, err->code;
		if (!j->code)
			continue;
		hp_err_set(&one, j->code, "%s", j->message ? j->message : "refused");
		if (!hp_str_starts(one.msg, j->site.domain))
			hp_err_prefix(&one, "%s", j->site.domain);
		if (j->hint)
			hp_err_hint(&one, "%s", j->hint);
		if (r->n > 1)
			cli_print_err(r->c, &one);
		if (!failed++)
			*err = one;
	}
	if (failed && r->n > 1) {
		cli_warn(r->c, "%zu of %zu failed", failed, r->n);
		hp_err_set(err, err->code, "%s", "");
	}
	return err->code;
}
