/*
 * Certificates from a CA that speaks ACME (RFC 8555), by uacme(1) as a child. The panel's part is
 * what comes before: whether the CA would find this node at all, since a failed validation counts
 * towards the CA's rate limits and a look of our own does not.
 */
#ifndef HP_NODE_ACME_H
#define HP_NODE_ACME_H

#include "base/buf.h"
#include "base/err.h"
#include "base/pool.h"
#include "sys/conf.h"
#include "sys/dns.h"

/* Section [acme] of the configuration. */
struct hp_acme {
	const char *directory_url;
	const char *email; /* or NULL */
	const char *
		ca_file; /* whom to trust as the CA's server instead of the system's CAs; or NULL */
	const char *key_type;   /* of new certificates, as hp_x509_request() knows it */
	const char *dns_hook;   /* program for DNS-01; NULL: HTTP-01 */
	struct hp_addrs own;    /* addresses by which others reach this node */
	struct hp_addrs mapped; /* those of them that no interface of its own has */
	bool ca_is_here;        /* the CA is reached over loopback, and so may reach us */
};
int hp_acme_conf(
	struct hp_pool *pool, const struct hp_conf *conf, struct hp_acme *ret, struct hp_err *err);

/*
 * One issue at a time, since the account and the folder that it works in are one; closing *ret_fd
 * unlocks.
 */
int hp_acme_lock(const char *root, unsigned wait_ms, int *ret_fd, struct hp_err *err);

/*
 * Would the CA find these names here? With HTTP-01 each must resolve to addresses of this node
 * alone, and a random token must come back from each of these addresses over HTTP; "*." names are
 * refused. HP_E_NO says which name and address fail, and what was got; HP_E_BUSY that the DNS does
 * not answer. With DNS-01 there is nothing to look at.
 *
 * An error is the first name's, or this machine's. Those of the others are left out of *ret_found;
 * *ret_lost are their names, and *ret_why what is wrong with the first of them (HP_ERR_INIT: none).
 */
int hp_acme_look(struct hp_pool *pool, const char *root, const struct hp_acme *a,
	const struct hp_strv *names, struct hp_strv *ret_found, struct hp_strv *ret_lost,
	struct hp_err *ret_why, struct hp_err *err);

/*
 * Ask the CA: a new key, and a certificate for names, as PEM (buffers are reset first). Makes the
 * account at the first time. HP_E_REFUSED with what the CA said; HP_E_BUSY when it was not reached
 * in time, or asks to come back later. Under hp_acme_lock().
 */
int hp_acme_issue(const char *root, const struct hp_acme *a, const struct hp_strv *names,
	struct hp_buf *ret_chain, struct hp_buf *ret_key, struct hp_err *err);

#endif
