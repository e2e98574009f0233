/* A new key, and the request for a certificate. */
#include "base/str.h"
#include "sys/x509.h"
#include "sys/x509_lib.h"

static const struct key_type {
	const char *name;
	const char *curve; /* NULL: RSA */
	size_t bits;
} key_types[] = {
	{"ec256", "P-256", 0},
	{"ec384", "P-384", 0},
	{"rsa2048", NULL, 2048},
	{"rsa3072", NULL, 3072},
	{"rsa4096", NULL, 4096},
};

static const struct key_type *find_type(const char *name)
{
	for (size_t i = 0; i < HP_ARRAY_SIZE(key_types); i++)
		if (hp_streq(key_types[i].name, name))
			return &key_types[i];
	return NULL;
}

bool hp_x509_is_key_type(const char *type)
{
	return find_type(type) != NULL;
}

/* "DNS:a.example,DNS:b.example": the names have been checked, so nothing else can stand in it. */
static bool add_names(const struct hp_ossl *o, X509_REQ *req, const struct hp_strv *names)
{
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;
	OPENSSL_STACK *l = o->OPENSSL_sk_new_null();
	X509_EXTENSION *x;
	bool ok;

	for (size_t i = 0; i < names->n; i++)
		hp_buf_addf(&text, "%sDNS:%s", i ? "," : "", names->v[i]);
	x = o->X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, hp_buf_str(&text));
	ok = l && x && o->OPENSSL_sk_push(l, x) == 1 &&
		o->X509_REQ_add_extensions(req, (const STACK_OF(X509_EXTENSION) *)l) == 1;
	o->X509_EXTENSION_free(x);
	o->OPENSSL_sk_free(l);
	return ok;
}

static bool make(const struct hp_ossl *o, const struct hp_strv *names, EVP_PKEY *key,
	struct hp_buf *ret_key, struct hp_buf *ret_request)
{
	X509_REQ *req = o->X509_REQ_new();
	bool ok = req && key && o->X509_REQ_set_version(req, 0) == 1 &&
		o->X509_REQ_set_pubkey(req, key) == 1 && add_names(o, req, names) &&
		o->X509_REQ_sign(req, key, o->EVP_sha256()) > 0 &&
		hp_ossl_put(o, key, NULL, req, ret_key, ret_request);

	o->X509_REQ_free(req);
	return ok;
}

int hp_x509_request(const char *type, const struct hp_strv *names, struct hp_buf *ret_key,
	struct hp_buf *ret_request, struct hp_err *err)
{
	const struct key_type *t = find_type(type);
	const struct hp_ossl *o = hp_ossl(err);
	EVP_PKEY *key;
	bool ok;

	HP_BUG_ON(!t || !names->n);
	if (!o)
		return err->code;
	o->ERR_clear_error();
	key = t->curve ? o->EVP_PKEY_Q_keygen(NULL, NULL, "EC", t->curve)
		       : o->EVP_PKEY_Q_keygen(NULL, NULL, "RSA", t->bits);
	ok = make(o, names, key, ret_key, ret_request);
	o->EVP_PKEY_free(key);
	return ok ? 0 : hp_ossl_error(o, HP_E_OS, "no key can be made", err);
}

/* ---- nobody's certificate ---- */
#define NOBODY "unknown.invalid"

static bool fill_nobody(const struct hp_ossl *o, X509 *c, EVP_PKEY *key)
{
	X509_NAME *name = o->X509_get_subject_name(c);

	/* RFC 5280, section 4.1.2.5: the latter is "no end" */
	return o->X509_set_version(c, 2) == 1 &&
		o->ASN1_INTEGER_set(o->X509_get_serialNumber(c), 1) == 1 &&
		o->ASN1_TIME_set_string_X509(o->X509_getm_notBefore(c), "20200101000000Z") == 1 &&
		o->ASN1_TIME_set_string_X509(o->X509_getm_notAfter(c), "99991231235959Z") == 1 &&
		o->X509_NAME_add_entry_by_txt(
			name, "CN", MBSTRING_ASC, (const unsigned char *)NOBODY, -1, -1, 0) == 1 &&
		o->X509_set_issuer_name(c, name) == 1 && o->X509_set_pubkey(c, key) == 1 &&
		o->X509_sign(c, key, o->EVP_sha256()) > 0;
}

int hp_x509_nobody(struct hp_buf *ret_key, struct hp_buf *ret_cert, struct hp_err *err)
{
	const struct hp_ossl *o = hp_ossl(err);
	EVP_PKEY *key;
	X509 *c;
	bool ok;

	if (!o)
		return err->code;
	o->ERR_clear_error();
	key = o->EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	c = o->X509_new();
	ok = key && c && fill_nobody(o, c, key) &&
		hp_ossl_put(o, key, c, NULL, ret_key, ret_cert);
	o->X509_free(c);
	o->EVP_PKEY_free(key);
	return ok ? 0 : hp_ossl_error(o, HP_E_OS, "no certificate can be made", err);
}
