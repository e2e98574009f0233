/*
 * Certificates: judging a pair that somebody hands over, making a key with a request for one, and
 * an authority of one's own.
 * The only user of OpenSSL, which is loaded at the first call: linking it would double the start of
 * every command.
 */
#ifndef HP_SYS_X509_H
#define HP_SYS_X509_H

#include "base/buf.h"
#include "base/err.h"
#include "base/pool.h"
#include "sys/digest.h"

#define HP_X509_CHAIN_MAX 10 /* certificates */

/* What the leaf says. Text lives in the caller's pool. */
struct hp_x509 {
	struct hp_strv names;          /* DNS names of the subjectAltName: lower case, sorted */
	const char *issuer, *serial;   /* RFC 4514; hexadecimal digits */
	const char *key_type;          /* "rsa2048", "ec256", "ed25519" */
	char sha256[HP_DIGEST_HEX];    /* of its DER */
	int64_t not_before, not_after; /* seconds since 1970; the first end of all in the chain */
	size_t certificates;           /* leaf and chain */
	const char *ocsp; /* whom to ask whether it is still good: "http://…"; NULL: nobody */
	/* who issued the last one; NULL: it is signed by itself, or by a root that was left out */
	const char *open_end;
};

/*
 * Judge a pair: PEM text with the key, and PEM text with the certificates (other blocks in either
 * are skipped). They must fit, and be: not encrypted, strong enough (112 bits, keys and
 * signatures), in order (each issued by the next), in date at now, and for a TLS server with DNS
 * names. The same certificate twice in a row counts once; a root at the end is left out. Both are
 * written anew to ret_key and ret_chain (reset first), so that nothing else that stood in the text
 * gets any further. HP_E_USAGE says what is wrong, with a hint.
 */
int hp_x509_pair(struct hp_pool *pool, const struct hp_buf *key, const struct hp_buf *certs,
	int64_t now, struct hp_x509 *ret, struct hp_buf *ret_chain, struct hp_buf *ret_key,
	struct hp_err *err);

/*
 * A new private key of type ("ec256" "ec384" "rsa2048" "rsa3072" "rsa4096") and a request (PKCS#10)
 * signed with it for these names, both PEM. The names are what hp_domain_check() gave.
 */
int hp_x509_request(const char *type, const struct hp_strv *names, struct hp_buf *ret_key,
	struct hp_buf *ret_request, struct hp_err *err);
/*
 * A key (ec256) and a certificate that it has signed itself, for a name that is nobody's, without
 * an end: what a server shows that has to show something.
 */
int hp_x509_nobody(struct hp_buf *ret_key, struct hp_buf *ret_cert, struct hp_err *err);
/*
 * An authority of this name: a key (ec256) and a certificate for 20 years, both PEM; and what it
 * issues to a TLS server of these names and addresses. The first name is its subject's, too; all of
 * them are checked before. HP_E_CONF when the authority's two don't belong together.
 */
int hp_x509_ca(const char *name, int64_t now, struct hp_buf *ret_key, struct hp_buf *ret_cert,
	struct hp_err *err);
int hp_x509_issue(const struct hp_buf *ca_key, const struct hp_buf *ca_cert,
	const struct hp_strv *dns, const struct hp_strv *ips, int64_t now, int64_t days,
	struct hp_buf *ret_key, struct hp_buf *ret_cert, struct hp_err *err);
bool hp_x509_is_key_type(const char *type);

#endif
