/* OpenSSL's functions as lib/sys/x509*.c call them; nobody else includes this. */
#ifndef HP_SYS_X509_LIB_H
#define HP_SYS_X509_LIB_H

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "base/err.h"

/* X(name): what the calls need besides macros and inline functions of the headers. */
#define HP_OSSL_FUNCTIONS(X)                                                                       \
	X(ASN1_INTEGER_set)                                                                        \
	X(ASN1_INTEGER_set_uint64)                                                                 \
	X(ASN1_STRING_get0_data)                                                                   \
	X(ASN1_STRING_length)                                                                      \
	X(ASN1_TIME_set_string_X509)                                                               \
	X(ASN1_TIME_to_tm)                                                                         \
	X(BIO_ctrl)                                                                                \
	X(BIO_free)                                                                                \
	X(BIO_new)                                                                                 \
	X(BIO_new_mem_buf)                                                                         \
	X(BIO_s_mem)                                                                               \
	X(ERR_clear_error)                                                                         \
	X(ERR_error_string_n)                                                                      \
	X(ERR_peek_last_error)                                                                     \
	X(EVP_PKEY_Q_keygen)                                                                       \
	X(EVP_PKEY_free)                                                                           \
	X(EVP_PKEY_get0_type_name)                                                                 \
	X(EVP_PKEY_get_bits)                                                                       \
	X(EVP_PKEY_get_security_bits)                                                              \
	X(EVP_sha256)                                                                              \
	X(GENERAL_NAMES_free)                                                                      \
	X(OPENSSL_sk_free)                                                                         \
	X(OPENSSL_sk_new_null)                                                                     \
	X(OPENSSL_sk_num)                                                                          \
	X(OPENSSL_sk_push)                                                                         \
	X(OPENSSL_sk_value)                                                                        \
	X(PEM_read_bio_PrivateKey)                                                                 \
	X(PEM_read_bio_X509)                                                                       \
	X(PEM_write_bio_PrivateKey)                                                                \
	X(PEM_write_bio_X509)                                                                      \
	X(PEM_write_bio_X509_REQ)                                                                  \
	X(X509V3_EXT_conf_nid)                                                                     \
	X(X509V3_set_ctx)                                                                          \
	X(X509_EXTENSION_free)                                                                     \
	X(X509_NAME_add_entry_by_txt)                                                              \
	X(X509_NAME_print_ex)                                                                      \
	X(X509_REQ_add_extensions)                                                                 \
	X(X509_REQ_free)                                                                           \
	X(X509_REQ_new)                                                                            \
	X(X509_REQ_set_pubkey)                                                                     \
	X(X509_REQ_set_version)                                                                    \
	X(X509_REQ_sign)                                                                           \
	X(X509_add_ext)                                                                            \
	X(X509_check_issued)                                                                       \
	X(X509_check_private_key)                                                                  \
	X(X509_check_purpose)                                                                      \
	X(X509_cmp)                                                                                \
	X(X509_digest)                                                                             \
	X(X509_email_free)                                                                         \
	X(X509_free)                                                                               \
	X(X509_get0_notAfter)                                                                      \
	X(X509_get0_notBefore)                                                                     \
	X(X509_get0_pubkey)                                                                        \
	X(X509_get0_serialNumber)                                                                  \
	X(X509_get1_ocsp)                                                                          \
	X(X509_get_ext_d2i)                                                                        \
	X(X509_get_issuer_name)                                                                    \
	X(X509_get_serialNumber)                                                                   \
	X(X509_get_signature_info)                                                                 \
	X(X509_get_subject_name)                                                                   \
	X(X509_getm_notAfter)                                                                      \
	X(X509_getm_notBefore)                                                                     \
	X(X509_new)                                                                                \
	X(X509_set_issuer_name)                                                                    \
	X(X509_set_pubkey)                                                                         \
	X(X509_set_version)                                                                        \
	X(X509_sign)                                                                               \
	X(X509_verify)

#define HP_OSSL_POINTER(name) __typeof__(&name) name;
struct hp_ossl {
	HP_OSSL_FUNCTIONS(HP_OSSL_POINTER)
};

/* The functions, loaded at the first call; NULL with err filled where there is no OpenSSL. */
const struct hp_ossl *hp_ossl(struct hp_err *err);
/* HP_E_OS, or code: the sentence, and what OpenSSL says of the last error, behind a colon. */
int hp_ossl_error(const struct hp_ossl *o, int code, const char *what, struct hp_err *err);
/* What was written to a BIO_s_mem(), appended. */
void hp_ossl_take(const struct hp_ossl *o, BIO *b, struct hp_buf *ret);
/* A key, and its certificate or else its request, as PEM; resets the buffers, also if it fails. */
bool hp_ossl_put(const struct hp_ossl *o, EVP_PKEY *key, X509 *cert, X509_REQ *req,
	struct hp_buf *ret_key, struct hp_buf *ret);

#endif
