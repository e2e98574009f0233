/* hp-cert: the certificates of this node's websites. The table of verbs is at the end. */
#include "cmd/cert.h"
#include "base/file.h"
#include "base/str.h"
#include "sys/json.h"

#define CHECK_DAYS "14" /* letsencrypt's are renewed long before */
#define DAY_S 86400

int cert_domain(struct cli *c, const char *word, const char **ret, struct hp_err *err)
{
	if (hp_domain_check(c->pool, word, strlen(word), false, ret, err) < 0)
		return err->code;
	return cli_may_site(c, *ret, err);
}

int cert_site(struct cli *c, const char *word, struct hp_cert_site *ret, struct hp_err *err)
{
	struct hp_cert_site *v;
	const char *domain;
	size_t n;

	if (cert_domain(c, word, &domain, err) < 0 ||
		hp_cert_sites(c->pool, c->sysroot, domain, &v, &n, err) < 0)
		return err->code;
	if (!n) {
		hp_err_set(err, HP_E_NOT_FOUND, "%s: this node serves no website of this name",
			domain);
		return hp_err_hint(err, "what it serves is what was applied last: hp-vhost apply");
	}
	*ret = v[0];
	return 0;
}

/* ---- what is known of one ---- */
struct view {
	const char *domain, *status;
	const struct hp_cert_site *site; /* NULL: the node serves none */
	const struct hp_cert *cert;      /* NULL: none, or damaged */
	struct hp_cert_renewal renewal;
	const char *problem; /* for people; NULL: none */
};

static const char *stamp(struct hp_pool *pool, int64_t t)
{
	char text[21];

	hp_time_format(t, text);
	return hp_pstrdup(pool, text);
}

static void judge(struct cli *c, struct view *v, const struct hp_err *damage)
{
	int64_t now = hp_now();
	const char *missing;

	if (damage->code) {
		v->status = "damaged";
		v->problem = hp_pstrdup(c->pool, damage->msg);
	} else if (!v->cert) {
		v->status = "missing";
		v->problem = "it has no certificate";
	} else if (v->cert->revoked) {
		v->status = "revoked";
		v->problem = hp_pprintf(
			c->pool, "its authority has revoked it: %s", v->cert->revoked);
	} else if (v->cert->not_after < now) {
		v->status = "expired";
		v->problem =
			hp_pprintf(c->pool, "it expired at %s", stamp(c->pool, v->cert->not_after));
	} else if (v->site && (missing = hp_cert_uncovered(v->cert, v->site))) {
		v->status = "uncovered";
		v->problem = hp_pprintf(c->pool, "it is not for %s", missing);
	} else if (v->renewal.failures) {
		v->status = "failing";
	} else if (!v->site || !v->site->enabled) {
		v->status = "unused";
	} else {
		v->status = hp_cert_is_due(v->cert, now) ? "due" : "ok";
	}
}

void cert_ask(struct cli *c, const struct hp_cert **cert)
{
	struct hp_cert *k = *cert ? hp_pmemdup(c->pool, *cert, sizeof(*k)) : NULL;
	struct hp_err err = HP_ERR_INIT;

	if (!k)
		return;
	if (hp_cert_ask(c->pool, c->sysroot, k, &err) < 0)
		cli_warn(c, "%s: whether its certificate is revoked is not known: %s", k->domain,
			err.msg);
	*cert = k;
}

static int look(struct cli *c, const char *domain, const struct hp_cert_site *site, struct view *v,
	struct hp_err *err)
{
	struct hp_err damage = HP_ERR_INIT;

	memset(v, 0, sizeof(*v));
	v->domain = domain;
	v->site = site;
	if (hp_cert_current(c->pool, c->sysroot, domain, &v->cert, &damage) < 0 &&
		damage.code != HP_E_CONF)
		return *err = damage, err->code;
	if (hp_cert_renewal_get(c->pool, c->sysroot, domain, &v->renewal, err) < 0)
		return err->code;
	judge(c, v, &damage);
	return 0;
}

/* ---- list and show ---- */
enum {
	C_DOMAIN,
	C_PROVIDER,
	C_STATUS,
	C_NOT_AFTER,
	C_DAYS,
	C_NAMES,
	C_ISSUER,
	C_KEY_TYPE,
	C_NOT_BEFORE,
	C_SERIAL,
	C_SHA256,
	C_CHAIN,
	C_KEY,
	C_STORED,
	C_FAILURES,
	C_NEXT_TRY,
	C_ERROR
};

static const struct hp_col list_cols[] = {
	{"domain", HP_COL_STR, "name of the website", false},
	{"provider", HP_COL_STR, "where it comes from: letsencrypt or custom", false},
	{"status", HP_COL_STR,
		"ok, due, failing, expired, revoked, missing, damaged, uncovered (lacks a name) or unused",
		false},
	{"not_after", HP_COL_STR, "when it expires", false},
	{"days", HP_COL_INT, "days until then", false},
	{"names", HP_COL_JSON, "names that it is for, a JSON array", true},
	{"issuer", HP_COL_STR, "who issued it", true},
	{"key_type", HP_COL_STR, "kind and bits of its key", true},
	{"not_before", HP_COL_STR, "since when it is valid", true},
	{"serial", HP_COL_STR, "its serial number", true},
	{"sha256", HP_COL_STR, "its SHA-256 fingerprint", true},
	{"chain", HP_COL_STR, "file of it and its chain", true},
	{"key", HP_COL_STR, "file of its private key", true},
	{"stored", HP_COL_STR, "when it was stored here", true},
	{"failures", HP_COL_INT, "renewals that failed in a row", true},
	{"next_try", HP_COL_STR, "when the next is tried, after a failure", true},
	{"error", HP_COL_STR, "why the last one failed", true},
	{NULL, HP_COL_STR, NULL, false},
};

/* The same, and all of them are shown. */
static void show_cols(struct hp_pool *pool, struct hp_col **ret)
{
	struct hp_col *cols = hp_pmemdup(pool, list_cols, sizeof(list_cols));

	for (size_t i = 0; cols[i].name; i++)
		cols[i].hidden = false;
	*ret = cols;
}

static int64_t days_left(const struct hp_cert *c)
{
	int64_t s = c->not_after - hp_now();

	return s < 0 ? -((-s + DAY_S - 1) / DAY_S) : s / DAY_S;
}

static void put_cert(struct cli *c, const struct hp_cert *k)
{
	struct hp_buf json _cleanup_buf_ = HP_BUF_INIT;
	struct hp_jw w;

	hp_jw_init(&w, &json, false);
	hp_jw_arr(&w, NULL);
	for (size_t i = 0; i < k->names.n; i++)
		hp_jw_str(&w, NULL, k->names.v[i]);
	hp_jw_end(&w, ']');
	hp_out_str(c->out, C_NOT_AFTER, stamp(c->pool, k->not_after));
	hp_out_i64(c->out, C_DAYS, days_left(k));
	hp_out_json(c->out, C_NAMES, hp_buf_str(&json));
	hp_out_str(c->out, C_ISSUER, k->issuer);
	hp_out_str(c->out, C_KEY_TYPE, k->key_type);
	hp_out_str(c->out, C_NOT_BEFORE, stamp(c->pool, k->not_before));
	hp_out_str(c->out, C_SERIAL, k->serial);
	hp_out_str(c->out, C_SHA256, k->sha256);
	hp_out_str(c->out, C_CHAIN, k->chain);
	hp_out_str(c->out, C_KEY, k->key);
	hp_out_str(c->out, C_STORED, stamp(c->pool, k->stored));
}

static int put_view(struct cli *c, const struct view *v, void *arg HP_UNUSED, struct hp_err *err)
{
	hp_out_str(c->out, C_DOMAIN, v->domain);
	if (v->cert)
		hp_out_str(c->out, C_PROVIDER, v->cert->provider);
	else if (v->site)
		hp_out_str(c->out, C_PROVIDER, v->site->letsencrypt ? "letsencrypt" : "custom");
	hp_out_str(c->out, C_STATUS, v->status);
	if (v->cert)
		put_cert(c, v->cert);
	hp_out_i64(c->out, C_FAILURES, v->renewal.failures);
	if (v->renewal.failures) {
		hp_out_str(c->out, C_NEXT_TRY, stamp(c->pool, v->renewal.next_try));
		hp_out_str(c->out, C_ERROR, v->renewal.error);
	}
	return hp_out_row(c->out, err);
}

/* Every website that is served over TLS, and every one that has a certificate, by name. */
static int each(struct cli *c,
	int (*fn)(struct cli *c, const struct view *v, void *arg, struct hp_err *err), void *arg,
	struct hp_err *err)
{
	struct hp_cert_site *sites;
	struct hp_strv stored = {0};
	size_t i = 0, k = 0, n;
	struct view v;
	bool seen;
	int d;

	if (hp_cert_sites(c->pool, c->sysroot, NULL, &sites, &n, err) < 0 ||
		hp_cert_domains(c->pool, c->sysroot, &stored, err) < 0)
		return err->code;
	while (i < n || k < stored.n) {
		const struct hp_cert_site *s = i < n ? &sites[i] : NULL;
		const char *domain;

		d = !s ? 1 : k == stored.n ? -1 : strcmp(s->domain, stored.v[k]);
		domain = d <= 0 ? s->domain : stored.v[k];
		i += d <= 0;
		k += d >= 0;
		if (d < 0 && !s->enabled)
			continue;
		if (cli_sees_site(c, domain, &seen, err) < 0)
			return err->code;
		if (!seen)
			continue;
		if (look(c, domain, d <= 0 ? s : NULL, &v, err) < 0 || fn(c, &v, arg, err) < 0)
			return err->code;
	}
	return 0;
}

static int cert_list(struct cli *c, struct hp_err *err)
{
	if (cli_out(c, err) < 0)
		return err->code;
	return each(c, put_view, NULL, err);
}

static int look_named(struct cli *c, const char *word, struct view *v, struct hp_err *err)
{
	struct hp_cert_site *site;
	const char *domain;
	size_t n;

	if (cert_domain(c, word, &domain, err) < 0 ||
		hp_cert_sites(c->pool, c->sysroot, domain, &site, &n, err) < 0 ||
		look(c, domain, n ? site : NULL, v, err) < 0)
		return err->code;
	if (!n && !v->cert && hp_streq(v->status, "missing"))
		return hp_err_set(err, HP_E_NOT_FOUND,
			"%s: neither a certificate nor a website of this "
			"name is on this node",
			domain);
	return 0;
}

static int cert_show(struct cli *c, struct hp_err *err)
{
	struct view v;

	if (cli_out(c, err) < 0)
		return err->code;
	for (unsigned i = 0; i < c->n_args; i++)
		if (look_named(c, c->args[i], &v, err) < 0 || put_view(c, &v, NULL, err) < 0)
			return err->code;
	return 0;
}

/* ---- check ---- */
static const struct hp_opt check_opts[] = {
	{"days", 'd', "N", "expiring within N days is a problem (" CHECK_DAYS ")", 0, NULL},
	{0},
};

static const struct hp_col check_cols[] = {
	{"domain", HP_COL_STR, "the website", false},
	{"problem", HP_COL_STR, "what is wrong with its certificate", false},
	{"not_after", HP_COL_STR, "when it expires", false},
	{"days", HP_COL_INT, "days until then", false},
	{NULL, HP_COL_STR, NULL, false},
};

/* The bytes themselves: what fitted when it was stored, fits while it is the same. */
static const char *check_pair(struct cli *c, const struct hp_cert *k)
{
	struct hp_buf chain _cleanup_buf_ = HP_BUF_INIT, key = HP_BUF_INIT;
	struct hp_err err = HP_ERR_INIT;

	hp_cert_read(c->sysroot, k, &chain, &key, &err);
	if (key.s)
		hp_wipe(key.s, key.cap);
	hp_buf_release(&key);
	return err.code ? hp_pstrdup(c->pool, err.msg) : NULL;
}

static int check_one(struct cli *c, const struct view *seen, void *ret_wrong, struct hp_err *err)
{
	const char *days = cli_opt(c, "days"), *problem;
	const struct hp_err fine = HP_ERR_INIT;
	struct view asked = *seen;
	const struct view *v = &asked;
	int64_t most;

	if (hp_parse_i64(days ? days : CHECK_DAYS, 0, 36500, &most) < 0)
		return hp_err_set(
			err, HP_E_USAGE, "--days: a number of days from 0 to 36500 is wanted");
	if (!c->n_args && (!v->site || !v->site->enabled))
		return 0;
	if (asked.cert && asked.cert->ocsp) {
		cert_ask(c, &asked.cert);
		asked.problem = NULL;
		judge(c, &asked, &fine);
	}
	problem = v->problem;
	if (!problem)
		problem = check_pair(c, v->cert);
	if (!problem && v->cert->not_after - hp_now() < most * DAY_S)
		problem = v->renewal.failures
			? hp_pprintf(c->pool, "it expires soon, and renewing fails: %s",
				  v->renewal.error ? v->renewal.error : "?")
			: "it expires soon";
	if (!problem)
		return 0;
	hp_out_str(c->out, 0, v->domain);
	hp_out_str(c->out, 1, problem);
	if (v->cert) {
		hp_out_str(c->out, 2, stamp(c->pool, v->cert->not_after));
		hp_out_i64(c->out, 3, days_left(v->cert));
	}
	*(bool *)ret_wrong = true;
	return hp_out_row(c->out, err);
}

static int cert_check(struct cli *c, struct hp_err *err)
{
	bool wrong = false;
	struct view v;

	if (cli_out(c, err) < 0)
		return err->code;
	for (unsigned i = 0; i < c->n_args; i++)
		if (look_named(c, c->args[i], &v, err) < 0 || check_one(c, &v, &wrong, err) < 0)
			return err->code;
	if (!c->n_args && each(c, check_one, &wrong, err) < 0)
		return err->code;
	return wrong ? hp_err_set(err, HP_E_NO, "%s", "") : 0;
}

/* ---- remove ---- */
static int cert_remove(struct cli *c, struct hp_err *err)
{
	struct cert_job j = {0};
	struct cert_run r = {.c = c, .action = "remove", .v = &j, .n = 1};
	struct hp_cert_site *site;
	const char *domain;
	int lock _cleanup_close_ = -1;
	struct view v;
	size_t n;

	if (cert_domain(c, c->args[0], &domain, err) < 0 ||
		hp_cert_sites(c->pool, c->sysroot, domain, &site, &n, err) < 0 ||
		look(c, domain, n ? site : NULL, &v, err) < 0)
		return err->code;
	if (n && site->enabled) {
		hp_err_set(err, HP_E_EXISTS, "%s: the website is served over TLS with it", domain);
		return hp_err_hint(err, "first: hp-site set %s ssl_enabled=no", domain);
	}
	if (hp_streq(v.status, "missing") && c->if_exists)
		goto tell;
	if (hp_streq(v.status, "missing"))
		return hp_err_set(err, HP_E_NOT_FOUND, "%s: it has no certificate", domain);
	if (!c->dry_run &&
		(hp_cert_lock(c->sysroot, c->wait_ms, &lock, err) < 0 ||
			hp_cert_remove(c->sysroot, domain, err) < 0))
		return err->code;
	j.before = v.cert;
	j.changed = !c->dry_run;
	j.result = c->dry_run ? "dry-run" : "applied";
tell:
	j.site.domain = domain;
	return cert_finish(&r, err);
}

/* ---- the table ---- */
#define CHANGES (CLI_MUTATES | CLI_APPLIES | CLI_ROWS | CLI_ROOT | CLI_DOOR)

static const struct cli_verb verbs[] = {
	{"list", cert_list, "", 0, 0, {NULL}, CLI_ROWS | CLI_LIST | CLI_DOOR, NULL, list_cols,
		NULL, NULL, "cert:list", "list certificates, and websites that lack theirs", NULL},
	{"show", cert_show, "DOMAIN…", 1, UINT32_MAX, {"domain"},
		CLI_ROWS | CLI_ONE | CLI_DOOR, NULL, NULL, show_cols, NULL, "cert:show",
		"show a website's certificate", NULL},
	{"issue", cert_issue, "DOMAIN…", 1, UINT32_MAX, {"domain"}, CHANGES, cert_issue_opts,
		cli_site_result_cols, NULL, NULL, "cert:issue",
		"get a website's certificate from the CA",
		"For the domain and all aliases. Before the CA is asked, each name is looked at as the CA "
		"would: it must resolve to this node alone, and a random token must come back over HTTP "
		"from each of its addresses, IPv4 and IPv6. What fails is said, and counts towards no rate "
		"limit. The present certificate stays until the servers answer with the new one. A "
		"certificate that is good for long is left alone; --anew asks nevertheless. With --partial aliases "
		"that fail are left out, which is exit status 1. Asking means "
		"agreeing to the terms of the CA."},
	{"renew", cert_renew, "[DOMAIN…]", 0, UINT32_MAX, {"domain"}, CHANGES, NULL,
		cli_site_result_cols, NULL, NULL, "cert:renew",
		"renew the certificates that are due",
		"Due is one that has less than a third of its life left, that its authority has revoked, that "
		"lacks a name of its website, or that is not there yet; of websites with ssl_enabled, ssl_auto_renew and ssl_provider "
		"letsencrypt. Run by hosting-panel-cert-renew.timer. A failure leaves everything as it is, "
		"makes an entry in the audit trail, and is tried again after an hour, then two, up to a "
		"day. An alias that the CA would not find here does not keep the others from being renewed: "
		"one that the present certificate is for is waited for until a ninth of its life is left, and "
		"then left out. That is result partial and exit status 1, and each later try looks whether "
		"the alias is back; the CA is asked only where there is something to be won. Named websites are tried at once, and without ssl_auto_renew, too."},
	{"import", cert_import, "DOMAIN", 1, 1, {"domain"}, CHANGES, cert_import_opts,
		cli_site_result_cols, NULL, NULL, "cert:import",
		"store a certificate from elsewhere",
		"Key and certificate are PEM; without options both come from standard input, in any order, "
		"the chain behind the certificate. They are refused, and nothing is changed, when they don't "
		"fit, the key is encrypted or weak, the chain is out of order, anything is out of date, or a "
		"name of the website is missing."},
	{"remove", cert_remove, "DOMAIN", 1, 1, {"domain"},
		CLI_MUTATES | CLI_ROWS | CLI_ROOT | CLI_DOOR | CLI_IF_EXISTS | CLI_YES, NULL,
		cli_site_result_cols, NULL, NULL, "cert:remove",
		"delete a website's certificates and keys",
		"Refused while the website is served over TLS."},
	{"check", cert_check, "[DOMAIN…]", 0, UINT32_MAX, {"domain"},
		CLI_ROWS | CLI_LIST | CLI_DOOR, check_opts, check_cols, NULL, NULL, "cert:check",
		"name certificates that are missing, wrong or expire soon",
		"Exit status 1 when there is one. Every website that is served over TLS is looked at, unless "
		"some are named. Of certificates that name an OCSP responder it is asked whether they are "
		"revoked; what it says is kept for list, show and renew."},
	{0},
};

const struct cli_program cli_hp_cert = {"hp-cert", verbs};
