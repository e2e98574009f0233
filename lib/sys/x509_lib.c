#include "base/str.h"
#include "sys/lib.h"
#include "sys/x509_lib.h"

#define SYM(f) {#f, &lib.f},

const struct hp_ossl *hp_ossl(struct hp_err *err)
{
	static struct hp_ossl lib;
	static const struct hp_lib_sym syms[] = {HP_OSSL_FUNCTIONS(SYM){NULL, NULL}};

	if (!lib.X509_verify && hp_lib_load(HP_LIB_CRYPTO, syms, err) < 0) {
		hp_err_prefix(err, "certificates need OpenSSL");
		hp_err_hint(err, "install the package libssl3");
		return NULL;
	}
	return &lib;
}

int hp_ossl_error(const struct hp_ossl *o, int code, const char *what, struct hp_err *err)
{
	unsigned long e = o->ERR_peek_last_error();
	const char *why;
	char text[256];

	o->ERR_error_string_n(e, text, sizeof(text));
	/* "error:0480006C:PEM routines::no start line": the words behind the last colon */
	why = strrchr(text, ':');
	o->ERR_clear_error();
	if (!e)
		return hp_err_set(err, code, "%s", what);
	return hp_err_set(err, code, "%s: %s", what, why ? why + 1 : text);
}

void hp_ossl_take(const struct hp_ossl *o, BIO *b, struct hp_buf *ret)
{
	char *p = NULL;
	long n = o->BIO_ctrl(b, BIO_CTRL_INFO, 0, &p);

	if (n > 0)
		hp_buf_add(ret, p, (size_t)n);
}

bool hp_ossl_put(const struct hp_ossl *o, EVP_PKEY *key, X509 *cert, X509_REQ *req,
	struct hp_buf *ret_key, struct hp_buf *ret)
{
	BIO *k = o->BIO_new(o->BIO_s_mem()), *r = o->BIO_new(o->BIO_s_mem());
	bool ok = k && r && o->PEM_write_bio_PrivateKey(k, key, NULL, NULL, 0, NULL, NULL) == 1 &&
		(cert ? o->PEM_write_bio_X509(r, cert) : o->PEM_write_bio_X509_REQ(r, req)) == 1;

	hp_buf_reset(ret_key);
	hp_buf_reset(ret);
	if (ok) {
		hp_ossl_take(o, k, ret_key);
		hp_ossl_take(o, r, ret);
	}
	o->BIO_free(k);
	o->BIO_free(r);
	return ok;
}
