/* What an authority says of a certificate (OCSP, RFC 6960), asked by openssl(1). */
#include <ctype.h>
#include <string.h>
#include <sys/mman.h>

#include "node/certs.h"
#include "base/file.h"
#include "base/str.h"
#include "sys/run.h"

#define OPENSSL "/usr/bin/openssl"
#define BEGIN "-----BEGIN CERTIFICATE-----"
#define NOBODY 65534 /* what parses a stranger's bytes is not root */
#define ASK_S "5"

static char *note_path(struct hp_pool *pool, const char *root, const char *domain)
{
	return hp_path(pool, root, hp_pprintf(pool, HP_CERTS_DIR "/%s/" HP_CERT_REVOKED, domain));
}

/* "<sha256 of the leaf> <since when and why>" */
const char *hp_cert_revoked_get(struct hp_pool *pool, const char *root, const struct hp_cert *c)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err none = HP_ERR_INIT;
	const char *rest;

	if (!c->ocsp ||
		hp_file_read(note_path(pool, root, c->domain), 4096, &b, &none) < 0)
		return NULL;
	rest = hp_str_after(hp_buf_str(&b), c->sha256);
	if (!rest || *rest != ' ')
		return NULL;
	return hp_str_printable(pool, hp_pstrndup(pool, rest + 1, strcspn(rest + 1, "\n")), 200);
}

static void keep_note(struct hp_pool *pool, const char *root, const struct hp_cert *c)
{
	const char *path = note_path(pool, root, c->domain);
	const char *text = c->revoked ? hp_pprintf(pool, "%s %s\n", c->sha256, c->revoked) : NULL;
	struct hp_err none = HP_ERR_INIT;

	/* who may not write here, has been told all the same */
	if (text)
		hp_file_write(path, 0600, text, strlen(text), &none);
	else
		unlink(path);
}

/* Who issued it, and what is behind that in the chain, as a file without a name. */
static int issuer_fd(const char *root, const struct hp_cert *c, int *ret, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_buf chain _cleanup_buf_ = HP_BUF_INIT;
	int fd _cleanup_close_ = -1;
	const char *leaf, *rest;

	if (hp_file_read(hp_path(pool, root, c->chain), HP_CERT_CHAIN_MAX, &chain, err) < 0)
		return err->code;
	leaf = strstr(hp_buf_str(&chain), BEGIN);
	rest = leaf ? strstr(leaf + 1, BEGIN) : NULL;
	if (!rest)
		return hp_err_set(err, HP_E_CONF, "%s has no chain", c->chain);
	fd = memfd_create("issuer", MFD_CLOEXEC);
	if (fd < 0 || hp_fd_write(fd, "the issuer", rest, strlen(rest), err) < 0)
		return hp_err_set(err, HP_E_OS, "no memory file can be made");
	*ret = TAKE_FD(&fd);
	return 0;
}

/* "…: revoked" and behind it "\tReason: keyCompromise" and "\tRevocation Time: Nov 27 …" */
static const char *read_word(struct hp_pool *pool, const char *said, bool *ret_good)
{
	static const char *const marks[] = {"\tRevocation Time: ", "\tReason: "};
	const char *v[HP_ARRAY_SIZE(marks)], *at;
	size_t i;

	*ret_good = strstr(said, ": good\n");
	if (*ret_good || !strstr(said, ": revoked\n"))
		return NULL;
	for (i = 0; i < HP_ARRAY_SIZE(marks); i++) {
		at = strstr(said, marks[i]);
		at = at ? at + strlen(marks[i]) : NULL;
		v[i] = at ? hp_str_printable(pool, hp_pstrndup(pool, at, strcspn(at, "\n")), 80)
			  : NULL;
	}
	return hp_pprintf(pool, "%s%s%s%s", v[0] ? v[0] : "an unknown time", v[1] ? " (" : "",
		v[1] ? v[1] : "", v[1] ? ")" : "");
}

int hp_cert_ask(struct hp_pool *pool, const char *root, struct hp_cert *c, struct hp_err *err)
{
	const char *serial = hp_pprintf(pool, "0x%s", c->serial);
	/* the word counts when the issuer, or whom it has made its responder, has signed it */
	const char *const argv[] = {OPENSSL, "ocsp", "-issuer", "/dev/stdin", "-serial", serial,
		"-url", c->ocsp, "-CAfile", "/dev/stdin", "-partial_chain", "-no_nonce",
		"-timeout", ASK_S, NULL};
	struct hp_buf out _cleanup_buf_ = HP_BUF_INIT, errs _cleanup_buf_ = HP_BUF_INIT;
	struct hp_run r = {.argv = argv, .out = &out, .errs = &errs, .timeout_ms = 15000,
		.uid = geteuid() == 0 ? NOBODY : 0, .gid = NOBODY};
	int fd _cleanup_close_ = -1;
	const char *revoked;
	bool good;
	int rc;

	/* a sysroot is another machine's */
	if (!c->ocsp || *root)
		return 0;
	if (!*c->serial || c->serial[strspn(c->serial, "0123456789abcdefABCDEF")])
		return hp_err_set(err, HP_E_CONF, "its serial number is none");
	if (issuer_fd(root, c, &fd, err) < 0)
		return err->code;
	r.in_fd = fd;
	rc = hp_run(&r, err);
	if (rc < 0)
		return err->code;
	revoked = read_word(pool, hp_buf_str(&out), &good);
	if (rc != 0 || (!good && !revoked))
		return hp_err_set(err, HP_E_BUSY, "its authority (%s) gives no word of it: %s",
			c->ocsp,
			hp_str_printable(pool, *hp_buf_str(&errs) ? hp_buf_str(&errs) :
				hp_buf_str(&out), 200));
	c->revoked = revoked;
	keep_note(pool, root, c);
	return 0;
}
