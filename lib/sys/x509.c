/* Judging a pair. */
#include "base/str.h"
#include "sys/x509.h"
#include "sys/x509_lib.h"

#define STRENGTH_MIN 112 /* bits: RSA 2048, SHA-224 and better; NIST SP 800-57 part 1, table 2 */

struct pair {
	const struct hp_ossl *o;
	struct hp_pool *pool;
	EVP_PKEY *key;
	X509 *v[HP_X509_CHAIN_MAX];
	size_t n;
	bool has_root; /* a root stood at the end, and was left out */
};

static void release(struct pair *p)
{
	if (!p->o)
		return;
	for (size_t i = 0; i < p->n; i++)
		p->o->X509_free(p->v[i]);
	p->o->EVP_PKEY_free(p->key);
}
#define _cleanup_pair_ _cleanup_(release)

/* ---- reading ---- */
static int note_password(char *buf HP_UNUSED, int size HP_UNUSED, int rw HP_UNUSED, void *arg)
{
	*(bool *)arg = true;
	return -1;
}

static BIO *text_bio(const struct hp_ossl *o, const struct hp_buf *text)
{
	BIO *b = o->BIO_new_mem_buf(hp_buf_str(text), (int)text->len);

	if (!b)
		hp_die(HP_E_OS, "out of memory");
	o->ERR_clear_error();
	return b;
}

static int read_key(struct pair *p, const struct hp_buf *text, struct hp_err *err)
{
	BIO *b = text_bio(p->o, text);
	bool encrypted = false;

	p->key = p->o->PEM_read_bio_PrivateKey(b, NULL, note_password, &encrypted);
	p->o->BIO_free(b);
	if (p->key)
		return 0;
	if (encrypted) {
		p->o->ERR_clear_error();
		hp_err_set(err, HP_E_USAGE, "the private key is encrypted");
		return hp_err_hint(err,
			"web servers start without anybody to type a password: "
			"openssl pkey -in KEY -out PLAIN-KEY");
	}
	hp_ossl_error(p->o, HP_E_USAGE, "there is no private key that can be read", err);
	return hp_err_hint(err, "a PEM block \"PRIVATE KEY\" is wanted");
}

static int read_certs(struct pair *p, const struct hp_buf *text, struct hp_err *err)
{
	BIO *b = text_bio(p->o, text);
	unsigned long e;
	X509 *x;

	while ((x = p->o->PEM_read_bio_X509(b, NULL, note_password, &(bool){false}))) {
		/* a chain that repeats the leaf is a usual mistake, and harmless */
		if (p->n && p->o->X509_cmp(p->v[p->n - 1], x) == 0) {
			p->o->X509_free(x);
			continue;
		}
		if (p->n == HP_X509_CHAIN_MAX) {
			p->o->X509_free(x);
			p->o->BIO_free(b);
			return hp_err_set(err, HP_E_USAGE, "there are more than %d certificates",
				HP_X509_CHAIN_MAX);
		}
		p->v[p->n++] = x;
	}
	p->o->BIO_free(b);
	e = p->o->ERR_peek_last_error();
	if (p->n && ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE) {
		p->o->ERR_clear_error();
		return 0;
	}
	if (p->n) {
		hp_ossl_error(p->o, HP_E_USAGE, "a certificate can't be read", err);
		return hp_err_prefix(err, "certificate %zu", p->n + 1);
	}
	hp_ossl_error(p->o, HP_E_USAGE, "there is no certificate that can be read", err);
	return hp_err_hint(err,
		"PEM blocks \"CERTIFICATE\" are wanted: the website's own, then its "
		"chain");
}

/* ---- what stands in one ---- */
static const char *name_text(const struct pair *p, const X509_NAME *name)
{
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;
	BIO *b = p->o->BIO_new(p->o->BIO_s_mem());

	if (!b)
		hp_die(HP_E_OS, "out of memory");
	p->o->X509_NAME_print_ex(
		b, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
	hp_ossl_take(p->o, b, &text);
	p->o->BIO_free(b);
	return hp_str_printable(p->pool, hp_buf_str(&text), 512);
}

static int64_t seconds(const struct pair *p, const ASN1_TIME *t)
{
	struct tm tm;

	if (!t || p->o->ASN1_TIME_to_tm(t, &tm) != 1)
		return -1;
	return timegm(&tm);
}

static const char *serial_text(const struct pair *p, const X509 *x)
{
	const ASN1_INTEGER *a = p->o->X509_get0_serialNumber(x);
	const unsigned char *s = p->o->ASN1_STRING_get0_data(a);
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;

	for (int i = 0; i < p->o->ASN1_STRING_length(a); i++)
		hp_buf_addf(&text, "%02x", s[i]);
	return hp_pstrdup(p->pool, hp_buf_str(&text));
}

static bool is_self_signed(const struct pair *p, X509 *x)
{
	return p->o->X509_check_issued(x, x) == X509_V_OK &&
		p->o->X509_verify(x, p->o->X509_get0_pubkey(x)) == 1;
}

static const char *key_type(const struct pair *p)
{
	const char *type = p->o->EVP_PKEY_get0_type_name(p->key);
	char *text = hp_pstrdup(p->pool, type ? type : "?");

	hp_str_lower(text);
	if (!hp_streq(text, "rsa") && !hp_streq(text, "ec"))
		return text;
	return hp_pprintf(p->pool, "%s%d", text, p->o->EVP_PKEY_get_bits(p->key));
}

/* Names that are no DNS names (addresses, mail) are not ours to judge. */
static void add_names(const struct pair *p, struct hp_strv *ret)
{
	GENERAL_NAMES *l = p->o->X509_get_ext_d2i(p->v[0], NID_subject_alt_name, NULL, NULL);
	int n = l ? p->o->OPENSSL_sk_num((const OPENSSL_STACK *)l) : 0;

	for (int i = 0; i < n; i++) {
		const GENERAL_NAME *g = p->o->OPENSSL_sk_value((const OPENSSL_STACK *)l, i);
		const char *s;
		char *name;
		int len;

		if (g->type != GEN_DNS)
			continue;
		s = (const char *)p->o->ASN1_STRING_get0_data(g->d.dNSName);
		len = p->o->ASN1_STRING_length(g->d.dNSName);
		/* a NUL in it is how another site's name was once forged */
		if (len <= 0 || len > 255 || strnlen(s, (size_t)len) != (size_t)len)
			continue;
		name = hp_str_printable(p->pool, hp_pstrndup(p->pool, s, (size_t)len), 255);
		hp_str_lower(name);
		if (!hp_strv_has(ret, name))
			hp_strv_add_ref(p->pool, ret, name);
	}
	p->o->GENERAL_NAMES_free(l);
	hp_strv_sort(ret);
}

/* The first that servers can ask: over HTTP, and in characters that mean nothing anywhere. */
static const char *ocsp_url(const struct pair *p)
{
	STACK_OF(OPENSSL_STRING) *l = p->o->X509_get1_ocsp(p->v[0]);
	int n = l ? p->o->OPENSSL_sk_num((const OPENSSL_STACK *)l) : 0;
	const char *url, *found = NULL;

	for (int i = 0; i < n && !found; i++) {
		url = p->o->OPENSSL_sk_value((const OPENSSL_STACK *)l, i);
		if (hp_str_starts(url, "http://") && strlen(url) < 512 &&
			!url[strspn(url,
				"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"0123456789-._~:/?[]@=&+%")])
			found = hp_pstrdup(p->pool, url);
	}
	p->o->X509_email_free(l);
	return found;
}

static void describe(const struct pair *p, struct hp_x509 *ret)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	X509 *last = p->v[p->n - 1];

	memset(ret, 0, sizeof(*ret));
	add_names(p, &ret->names);
	ret->issuer = name_text(p, p->o->X509_get_issuer_name(p->v[0]));
	ret->serial = serial_text(p, p->v[0]);
	ret->key_type = key_type(p);
	ret->ocsp = ocsp_url(p);
	p->o->X509_digest(p->v[0], p->o->EVP_sha256(), sum, &n);
	for (unsigned i = 0; i < n && 2 * i + 2 < sizeof(ret->sha256); i++)
		snprintf(ret->sha256 + 2 * i, 3, "%02x", sum[i]);
	ret->not_before = seconds(p, p->o->X509_get0_notBefore(p->v[0]));
	ret->not_after = seconds(p, p->o->X509_get0_notAfter(p->v[0]));
	for (size_t i = 1; i < p->n; i++) {
		int64_t end = seconds(p, p->o->X509_get0_notAfter(p->v[i]));

		if (end < ret->not_after)
			ret->not_after = end;
	}
	ret->certificates = p->n;
	if (!p->has_root && !is_self_signed(p, last))
		ret->open_end = name_text(p, p->o->X509_get_issuer_name(last));
}

/* ---- the checks ---- */
static const char *which(const struct pair *p, size_t i)
{
	return hp_pprintf(p->pool, "certificate %zu of %zu (%s)", i + 1, p->n,
		name_text(p, p->o->X509_get_subject_name(p->v[i])));
}

static int check_key(const struct pair *p, struct hp_err *err)
{
	int bits = p->o->EVP_PKEY_get_security_bits(p->key);
	size_t i;

	if (p->o->X509_check_private_key(p->v[0], p->key) != 1) {
		p->o->ERR_clear_error();
		hp_err_set(err, HP_E_USAGE, "the key does not belong to %s", which(p, 0));
		for (i = 1; i < p->n; i++)
			if (p->o->X509_check_private_key(p->v[i], p->key) == 1)
				hp_err_hint(err, "it belongs to %s: that one must stand first",
					which(p, i));
		p->o->ERR_clear_error();
		return err->code;
	}
	if (bits < STRENGTH_MIN) {
		hp_err_set(err, HP_E_USAGE, "the key (%s) is too weak", key_type(p));
		return hp_err_hint(
			err, "RSA of 2048 bits or more, or a curve such as P-256, is wanted");
	}
	return 0;
}

static int check_order(const struct pair *p, struct hp_err *err)
{
	size_t i;

	for (i = 0; i + 1 < p->n; i++) {
		if (p->o->X509_check_issued(p->v[i + 1], p->v[i]) == X509_V_OK &&
			p->o->X509_verify(p->v[i], p->o->X509_get0_pubkey(p->v[i + 1])) == 1)
			continue;
		p->o->ERR_clear_error();
		hp_err_set(err, HP_E_USAGE, "%s was not issued by the one behind it", which(p, i));
		return hp_err_hint(err, "its issuer is %s: that certificate must stand behind it",
			name_text(p, p->o->X509_get_issuer_name(p->v[i])));
	}
	return 0;
}

static int check_dates(const struct pair *p, size_t i, int64_t now, struct hp_err *err)
{
	int64_t from = seconds(p, p->o->X509_get0_notBefore(p->v[i])),
		to = seconds(p, p->o->X509_get0_notAfter(p->v[i]));
	char text[21];

	if (from < 0 || to < 0)
		return hp_err_set(err, HP_E_USAGE, "%s has no dates that can be read", which(p, i));
	if (now > to) {
		hp_time_format(to, text);
		return hp_err_set(err, HP_E_USAGE, "%s expired at %s", which(p, i), text);
	}
	if (now < from) {
		hp_time_format(from, text);
		hp_err_set(err, HP_E_USAGE, "%s is not valid before %s", which(p, i), text);
		return hp_err_hint(err, "is this machine's clock right?");
	}
	return 0;
}

static int check_signature(const struct pair *p, size_t i, struct hp_err *err)
{
	int digest, type, bits = 0;
	uint32_t flags;

	if (p->o->X509_get_signature_info(p->v[i], &digest, &type, &bits, &flags) != 1)
		return hp_ossl_error(p->o, HP_E_USAGE, "a signature can't be judged", err);
	if (bits >= STRENGTH_MIN)
		return 0;
	hp_err_set(err, HP_E_USAGE, "%s is signed with too weak a digest", which(p, i));
	return hp_err_hint(err, "web servers and browsers refuse it; SHA-256 or better is wanted");
}

static int check_use(const struct pair *p, struct hp_err *err)
{
	if (p->o->X509_check_purpose(p->v[0], X509_PURPOSE_SSL_SERVER, 0) != 1) {
		p->o->ERR_clear_error();
		return hp_err_set(err, HP_E_USAGE, "%s is not for a TLS server", which(p, 0));
	}
	return 0;
}

static int check(struct pair *p, int64_t now, struct hp_err *err)
{
	size_t i;

	if (check_key(p, err) < 0 || check_order(p, err) < 0 || check_use(p, err) < 0)
		return err->code;
	for (i = 0; i < p->n; i++) {
		/* nobody looks at the signature of a root */
		if (check_dates(p, i, now, err) < 0 ||
			(!is_self_signed(p, p->v[i]) && check_signature(p, i, err) < 0))
			return err->code;
	}
	/* whoever trusts the root has it, whoever has not does not trust it */
	if (p->n > 1 && is_self_signed(p, p->v[p->n - 1])) {
		p->o->X509_free(p->v[--p->n]);
		p->has_root = true;
	}
	p->o->ERR_clear_error();
	return 0;
}

/* ---- written anew ---- */
static int put(
	const struct pair *p, struct hp_buf *ret_chain, struct hp_buf *ret_key, struct hp_err *err)
{
	BIO *certs = p->o->BIO_new(p->o->BIO_s_mem()), *key = p->o->BIO_new(p->o->BIO_s_mem());
	bool ok = certs && key;

	for (size_t i = 0; ok && i < p->n; i++)
		ok = p->o->PEM_write_bio_X509(certs, p->v[i]) == 1;
	ok = ok && p->o->PEM_write_bio_PrivateKey(key, p->key, NULL, NULL, 0, NULL, NULL) == 1;
	hp_buf_reset(ret_chain);
	hp_buf_reset(ret_key);
	if (ok) {
		hp_ossl_take(p->o, certs, ret_chain);
		hp_ossl_take(p->o, key, ret_key);
	} else {
		hp_ossl_error(p->o, HP_E_OS, "the pair can't be written anew", err);
	}
	p->o->BIO_free(certs);
	p->o->BIO_free(key);
	return err->code;
}

int hp_x509_pair(struct hp_pool *pool, const struct hp_buf *key, const struct hp_buf *certs,
	int64_t now, struct hp_x509 *ret, struct hp_buf *ret_chain, struct hp_buf *ret_key,
	struct hp_err *err)
{
	const struct hp_ossl *o = hp_ossl(err);
	struct pair p _cleanup_pair_ = {.o = o, .pool = pool};

	if (!o)
		return err->code;
	if (read_key(&p, key, err) < 0 || read_certs(&p, certs, err) < 0 || check(&p, now, err) < 0)
		return err->code;
	describe(&p, ret);
	if (!ret->names.n) {
		hp_err_set(err, HP_E_USAGE, "%s names no domain", which(&p, 0));
		return hp_err_hint(err, "browsers take names from the subjectAltName alone");
	}
	return put(&p, ret_chain, ret_key, err);
}
