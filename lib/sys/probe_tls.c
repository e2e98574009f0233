/* Which certificate a server on this machine shows for a name. OpenSSL is loaded at the first call.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>

#include "base/file.h"
#include "sys/lib.h"
#include "sys/probe.h"
#include "sys/probe_io.h"

#define FUNCTIONS(X)                                                                               \
	X(TLS_client_method)                                                                       \
	X(SSL_CTX_new)                                                                             \
	X(SSL_CTX_free)                                                                            \
	X(SSL_new)                                                                                 \
	X(SSL_free)                                                                                \
	X(SSL_set_fd)                                                                              \
	X(SSL_ctrl)                                                                                \
	X(SSL_connect)                                                                             \
	X(SSL_get_error)                                                                           \
	X(SSL_get1_peer_certificate)                                                               \
	X(i2d_X509)                                                                                \
	X(X509_free)                                                                               \
	X(CRYPTO_free)
#define POINTER(f) __typeof__(&f) f;
#define SYM(f) {#f, &lib.f},

static struct {
	FUNCTIONS(POINTER)
} lib;

static int load(struct hp_err *err)
{
	static const struct hp_lib_sym syms[] = {FUNCTIONS(SYM){NULL, NULL}};

	if (lib.SSL_new || hp_lib_load(HP_LIB_SSL, syms, err) == 0)
		return 0;
	hp_err_prefix(err, "asking a server for its certificate needs OpenSSL");
	return hp_err_hint(err, "install the package libssl3");
}

static int handshake(SSL *ssl, int fd, uint64_t deadline, const char *name, struct hp_err *err)
{
	int rc, why;

	while ((rc = lib.SSL_connect(ssl)) != 1) {
		why = lib.SSL_get_error(ssl, rc);
		if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE)
			return hp_err_set(err, HP_E_BUSY, "%s: no TLS handshake", name);
		if (hp_probe_wait(fd, why == SSL_ERROR_WANT_WRITE, deadline, name, err) < 0)
			return err->code;
	}
	return 0;
}

static int digest_leaf(SSL *ssl, char ret[HP_DIGEST_HEX], const char *name, struct hp_err *err)
{
	X509 *leaf = lib.SSL_get1_peer_certificate(ssl);
	unsigned char *der = NULL;
	int n = leaf ? lib.i2d_X509(leaf, &der) : -1;

	lib.X509_free(leaf);
	if (n < 0)
		return hp_err_set(err, HP_E_BUSY, "%s: it shows no certificate", name);
	hp_digest_of(der, (size_t)n, ret);
	lib.CRYPTO_free(der, __FILE__, __LINE__);
	return 0;
}

int hp_tls_probe(const struct hp_http_probe *p, char ret_sha256[HP_DIGEST_HEX], struct hp_err *err)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)p->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	uint64_t deadline = hp_now_ms() + (p->timeout_ms ? p->timeout_ms : 5000);
	int fd _cleanup_close_ = -1;
	SSL_CTX *ctx;
	SSL *ssl;
	char name[300];

	snprintf(name, sizeof(name), "https://%s:%u", p->host, p->port);
	if (load(err) < 0 ||
		hp_probe_connect((struct sockaddr *)&to, sizeof(to), deadline, name, &fd, err) < 0)
		return err->code;
	ctx = lib.SSL_CTX_new(lib.TLS_client_method());
	ssl = ctx ? lib.SSL_new(ctx) : NULL;
	if (!ssl || lib.SSL_set_fd(ssl, fd) != 1 ||
		lib.SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
			(void *)(uintptr_t)p->host) != 1)
		hp_err_set(err, HP_E_OS, "%s: OpenSSL can't begin", name);
	else if (handshake(ssl, fd, deadline, name, err) == 0)
		digest_leaf(ssl, ret_sha256, name, err);
	lib.SSL_free(ssl);
	lib.SSL_CTX_free(ctx);
	return err->code;
}
