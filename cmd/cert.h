/* What is shared by the files of hp-cert. */
#ifndef HP_CMD_CERT_H
#define HP_CMD_CERT_H

#include "cmd/apply.h"
#include "node/certs.h"
#include "sys/x509.h"

/* One website's certificate on its way. */
struct cert_job {
	struct hp_cert_site site;
	const struct hp_cert *before, *now; /* before NULL: had none */
	bool changed;                       /* now is stored, and was not before */
	int code;                           /* what became of it */
	const char *result;                 /* as struct cli_result; NULL: follows from the rest */
	const char *message, *hint;
	/* It has, or gets, a certificate without some of its names: what is wrong with them. */
	const char *left_out, *left_hint;
	int left_code;
	bool partial; /* code and message are those */
};

struct cert_run {
	struct cli *c;
	const char *action; /* "issue" … */
	struct cert_job *v;
	size_t n;
	bool renewing; /* failures are noted for the next time */
};

int cert_issue(struct cli *c, struct hp_err *err);
int cert_renew(struct cli *c, struct hp_err *err);
int cert_import(struct cli *c, struct hp_err *err);
extern const struct hp_opt cert_issue_opts[], cert_import_opts[];

/* An operand as a domain. */
int cert_domain(struct cli *c, const char *word, const char **ret, struct hp_err *err);
/* Ask its authority, if it names one, whether it is revoked: *cert, or NULL, gets a copy. */
void cert_ask(struct cli *c, const struct hp_cert **cert);
/* The website of this node; HP_E_NOT_FOUND with a hint. */
int cert_site(struct cli *c, const char *word, struct hp_cert_site *ret, struct hp_err *err);

/* Judge a pair, and store it as the job's. Every name of the website must be covered, unless
 * partial. */
int cert_put(struct cert_run *r, struct cert_job *j, const struct hp_buf *chain,
	const struct hp_buf *key, const char *provider, bool partial, struct hp_err *err);
/* The job failed: remember why. */
void cert_failed(struct cert_run *r, struct cert_job *j, const struct hp_err *why);
/*
 * Bring the servers along, where there is something to bring; a website whose new certificate they
 * don't take gets its old one back. Then the audit trail, and a row for each job. The first failure
 * is returned.
 */
int cert_finish(struct cert_run *r, struct hp_err *err);

#endif
