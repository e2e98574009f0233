/*
 * The node's certificates. Below HP_CERTS_DIR (root, 0700) each website has
 *   <domain>/<n>/fullchain.pem   leaf first, then its chain
 *   <domain>/<n>/key.pem         its private key, 0600
 *   <domain>/<n>/meta.json       what is in them, so that nobody has to load OpenSSL to know
 *   <domain>/current             link to the <n> in use; renamed into place, so there is always one
 *   <domain>/revoked             that its authority has revoked it, once that was heard
 *   <domain>/renewal.json        how often renewing has failed, and when to try again
 * A numbered folder is never changed once it has its number, so that whoever follows the link once
 * has a pair that fits, whatever is stored meanwhile; the last HP_CERT_KEEP of them stay.
 *
 * root is the --sysroot ("" for none); paths handed out are without it. What is written here is
 * written by one at a time (hp_cert_lock()); readers need no lock.
 */
#ifndef HP_NODE_CERTS_H
#define HP_NODE_CERTS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/paths.h"
#include "base/pool.h"

#define HP_CERT_KEEP 3 /* pairs of one website, the current one among them */
#define HP_CERT_CHAIN_MAX ((size_t)256 << 10)
#define HP_CERT_KEY_MAX ((size_t)64 << 10)
#define HP_CERT_REVOKED "revoked"
#define HP_CERT_ACCOUNT_DIR HP_LIB "/acme" /* root 0700: the account's key at each CA */
/*
 * What vhosts answer at /.well-known/acme-challenge/<token>: the file <token> in it (root, 0755,
 * its files 0644). Each is there while a CA, or our own look before it, asks for it.
 */
#define HP_CERT_CHALLENGE_DIR HP_LIB "/acme-challenge"

struct hp_cert {
	const char *domain;
	unsigned number;
	const char *chain, *key;     /* paths, by number and not through "current" */
	struct hp_strv names;        /* what it is for: lower case, sorted; "*.example.com" too */
	const char *issuer, *serial; /* for people */
	const char *key_type;        /* "rsa2048", "ec256" … */
	const char *ocsp; /* where its state can be asked for, if its chain is here; or NULL */
	const char *revoked; /* since when and why, by what was heard last; NULL: it is not */
	const char *provider;        /* "letsencrypt" or "custom" */
	const char *sha256;          /* of the leaf (DER), what a TLS client sees: 64 hex digits */
	const char *pair; /* of both files: equal where the bytes are; a website's input */
	int64_t not_before,
		not_after; /* seconds since 1970; of the pair: the first end in its chain */
	int64_t stored;
};

/* ---- reading: any program ---- */
/*
 * The current pair of a website, in pool. *ret is NULL (and the result 0) when it has none.
 * HP_E_CONF when the store is damaged there: the link leads nowhere, or meta.json can't be read.
 */
int hp_cert_current(struct hp_pool *pool, const char *root, const char *domain,
	const struct hp_cert **ret, struct hp_err *err);
/* The bytes of a pair (buffers are reset first). HP_E_CONF when they are not what meta says. */
int hp_cert_read(const char *root, const struct hp_cert *c, struct hp_buf *chain,
	struct hp_buf *key, struct hp_err *err);
/* Is the name ("*.example.com" too) among the certificate's, wildcards as RFC 6125 §6.4.3? */
bool hp_cert_covers(const struct hp_cert *c, const char *name);
/*
 * Ask its authority, over the network, and keep what it says of it: c->revoked. HP_E_BUSY: no word
 * that counts; then, and where it names nobody to ask, c->revoked is what was heard before. For who
 * may write to the store.
 */
int hp_cert_ask(struct hp_pool *pool, const char *root, struct hp_cert *c, struct hp_err *err);
/* What was kept of it. */
const char *hp_cert_revoked_get(
	struct hp_pool *pool, const char *root, const struct hp_cert *c);
/* The websites that have a folder in the store, sorted. */
int hp_cert_domains(
	struct hp_pool *pool, const char *root, struct hp_strv *ret, struct hp_err *err);

/* ---- writing ---- */
/* One writer at a time; closing *ret_fd unlocks. HP_E_BUSY after wait_ms. Makes the folders. */
int hp_cert_lock(const char *root, unsigned wait_ms, int *ret_fd, struct hp_err *err);
/*
 * Store a pair under the next number and make it the current one. in: all but number, chain, key,
 * pair and stored, which are for *ret. The same pair as the current one again changes nothing
 * (*ret_changed). After an error or a crash the current one is as it was.
 */
int hp_cert_put(struct hp_pool *pool, const char *root, const struct hp_cert *in,
	const struct hp_buf *chain, const struct hp_buf *key, const struct hp_cert **ret,
	bool *ret_changed, struct hp_err *err);
/* Make number the current one again (0: none) and delete the pair "of" that replaced it. */
int hp_cert_back(
	const char *root, const char *domain, unsigned number, unsigned of, struct hp_err *err);
/* Delete pairs beyond the last HP_CERT_KEEP, and what a killed run has begun. */
int hp_cert_prune(const char *root, const char *domain, struct hp_err *err);
/* All of a website's, and the folder. Nothing there is no error. */
int hp_cert_remove(const char *root, const char *domain, struct hp_err *err);

/*
 * A note that the store has what the servers may not have been told yet: written before a pair is
 * put, taken away when an apply has brought it along, so that whoever comes next after a kill
 * knows.
 */
int hp_cert_pending_set(const char *root, struct hp_err *err);
void hp_cert_pending_clear(const char *root);
bool hp_cert_pending(const char *root);

/* How renewing goes. */
struct hp_cert_renewal {
	int64_t failures; /* in a row; 0: the last one succeeded, or there was none */
	int64_t last_try, next_try;
	const char *error; /* of the last failure, or NULL */
};
/* All zero where nothing was noted. */
int hp_cert_renewal_get(struct hp_pool *pool, const char *root, const char *domain,
	struct hp_cert_renewal *ret, struct hp_err *err);
int hp_cert_renewal_set(
	const char *root, const char *domain, const struct hp_cert_renewal *r, struct hp_err *err);

/* ---- who wants one: the websites of the document that the node keeps (certs_site.c) ---- */
struct hp_cert_site {
	const char *domain;
	struct hp_strv names; /* the domain first, then the aliases */
	bool enabled;         /* served over TLS */
	bool letsencrypt;     /* else custom */
	bool auto_renew;
	bool suspended;
};
/* In order of domain; none where the node was never given a document. only (or NULL): that one. */
int hp_cert_sites(struct hp_pool *pool, const char *root, const char *only,
	struct hp_cert_site **ret, size_t *ret_n, struct hp_err *err);
/* The first of a website's names that the certificate is not for, or NULL. */
const char *hp_cert_uncovered(const struct hp_cert *c, const struct hp_cert_site *s);
/* Revoked, or less than a third of its life is left (Let's Encrypt's own advice: 30 days of 90). */
bool hp_cert_is_due(const struct hp_cert *c, int64_t now);

#endif
