/* An authority of one's own: its certificate, and those that it issues. */
#include "base/file.h"
#include "base/str.h"
#include "sys/x509.h"
#include "sys/x509_lib.h"

#define CA_DAYS 7300
#define LEEWAY_S 3600 /* clocks that are behind take it, too */

struct issue {
	const struct hp_ossl *o;
	X509 *cert;
	EVP_PKEY *key;              /* of the new one */
	X509 *issuer;               /* cert itself for an authority */
	EVP_PKEY *issuer_key;
};

static bool set_time(const struct hp_ossl *o, ASN1_TIME *t, int64_t at)
{
	char text[32];
	struct tm tm;
	time_t s = (time_t)at;

	return gmtime_r(&s, &tm) && strftime(text, sizeof(text), "%Y%m%d%H%M%SZ", &tm) &&
		o->ASN1_TIME_set_string_X509(t, text) == 1;
}

static bool add_name(const struct issue *i, X509_NAME *name, const char *cn)
{
	return i->o->X509_NAME_add_entry_by_txt(
		       name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0) == 1;
}

static bool add_ext(const struct issue *i, int nid, const char *value)
{
	X509V3_CTX ctx = {0};
	X509_EXTENSION *x;
	bool ok;

	i->o->X509V3_set_ctx(&ctx, i->issuer, i->cert, NULL, NULL, 0);
	x = i->o->X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = x && i->o->X509_add_ext(i->cert, x, -1) == 1;
	i->o->X509_EXTENSION_free(x);
	return ok;
}

/* What all have; extensions come behind it, and the signature last. */
static bool begin(const struct issue *i, const char *cn, int64_t now, int64_t days)
{
	const struct hp_ossl *o = i->o;
	uint32_t serial[2];

	hp_random(serial, sizeof(serial));
	return i->key && i->cert && o->X509_set_version(i->cert, 2) == 1 &&
		o->ASN1_INTEGER_set_uint64(o->X509_get_serialNumber(i->cert),
			((uint64_t)(serial[0] & 0x7fffffff) << 32 | serial[1]) + 1) == 1 &&
		set_time(o, o->X509_getm_notBefore(i->cert), now - LEEWAY_S) &&
		set_time(o, o->X509_getm_notAfter(i->cert), now + days * 86400) &&
		add_name(i, o->X509_get_subject_name(i->cert), cn) &&
		o->X509_set_issuer_name(i->cert, o->X509_get_subject_name(i->issuer)) == 1 &&
		o->X509_set_pubkey(i->cert, i->key) == 1;
}

int hp_x509_ca(const char *name, int64_t now, struct hp_buf *ret_key, struct hp_buf *ret_cert,
	struct hp_err *err)
{
	struct issue i = {.o = hp_ossl(err)};
	bool ok;

	if (!i.o)
		return err->code;
	i.o->ERR_clear_error();
	i.issuer_key = i.key = i.o->EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	i.issuer = i.cert = i.o->X509_new();
	ok = begin(&i, name, now, CA_DAYS) &&
		add_ext(&i, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
		add_ext(&i, NID_key_usage, "critical,keyCertSign,cRLSign") &&
		add_ext(&i, NID_subject_key_identifier, "hash") &&
		i.o->X509_sign(i.cert, i.issuer_key, i.o->EVP_sha256()) > 0 &&
		hp_ossl_put(i.o, i.key, i.cert, NULL, ret_key, ret_cert);
	i.o->X509_free(i.cert);
	i.o->EVP_PKEY_free(i.key);
	return ok ? 0 : hp_ossl_error(i.o, HP_E_OS, "no authority can be made", err);
}

static bool read_issuer(
	struct issue *i, const struct hp_buf *ca_key, const struct hp_buf *ca_cert)
{
	const struct hp_ossl *o = i->o;
	BIO *k = o->BIO_new_mem_buf(hp_buf_str(ca_key), (int)ca_key->len),
	    *c = o->BIO_new_mem_buf(hp_buf_str(ca_cert), (int)ca_cert->len);

	i->issuer_key = k ? o->PEM_read_bio_PrivateKey(k, NULL, NULL, NULL) : NULL;
	i->issuer = c ? o->PEM_read_bio_X509(c, NULL, NULL, NULL) : NULL;
	o->BIO_free(k);
	o->BIO_free(c);
	return i->issuer_key && i->issuer &&
		o->X509_check_private_key(i->issuer, i->issuer_key) == 1;
}

/* "DNS:a.example,IP:192.0.2.1": the names have been checked, so nothing else can stand in it. */
static bool add_names(const struct issue *i, const struct hp_strv *dns, const struct hp_strv *ips)
{
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;
	size_t n;

	for (n = 0; n < dns->n; n++)
		hp_buf_addf(&text, "%sDNS:%s", text.len ? "," : "", dns->v[n]);
	for (n = 0; n < ips->n; n++)
		hp_buf_addf(&text, "%sIP:%s", text.len ? "," : "", ips->v[n]);
	return add_ext(i, NID_subject_alt_name, hp_buf_str(&text));
}

int hp_x509_issue(const struct hp_buf *ca_key, const struct hp_buf *ca_cert,
	const struct hp_strv *dns, const struct hp_strv *ips, int64_t now, int64_t days,
	struct hp_buf *ret_key, struct hp_buf *ret_cert, struct hp_err *err)
{
	struct issue i = {.o = hp_ossl(err)};
	bool ok;

	HP_BUG_ON(!dns->n);
	if (!i.o)
		return err->code;
	i.o->ERR_clear_error();
	if (read_issuer(&i, ca_key, ca_cert)) {
		i.key = i.o->EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
		i.cert = i.o->X509_new();
		ok = begin(&i, strlen(dns->v[0]) <= 64 ? dns->v[0] : "hosting-panel", now, days) &&
			add_ext(&i, NID_basic_constraints, "critical,CA:FALSE") &&
			add_ext(&i, NID_key_usage, "critical,digitalSignature") &&
			add_ext(&i, NID_ext_key_usage, "serverAuth") && add_names(&i, dns, ips) &&
			add_ext(&i, NID_subject_key_identifier, "hash") &&
			add_ext(&i, NID_authority_key_identifier, "keyid:always") &&
			i.o->X509_sign(i.cert, i.issuer_key, i.o->EVP_sha256()) > 0 &&
			hp_ossl_put(i.o, i.key, i.cert, NULL, ret_key, ret_cert);
		if (!ok)
			hp_ossl_error(i.o, HP_E_OS, "no certificate can be made", err);
	} else {
		hp_ossl_error(i.o, HP_E_CONF, "the authority's key and certificate are no pair",
			err);
	}
	i.o->X509_free(i.cert);
	i.o->X509_free(i.issuer);
	i.o->EVP_PKEY_free(i.key);
	i.o->EVP_PKEY_free(i.issuer_key);
	return err->code;
}
