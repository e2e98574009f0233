/*
 * The panel's certificate: that of the website whose name the panel is asked by, where this node
 * has one, else one of the installation's own authority.
 */
#include <errno.h>
#include <unistd.h>

#include "node/api.h"
#include "node/certs.h"
#include "base/file.h"
#include "base/paths.h"
#include "base/str.h"
#include "sys/x509.h"

#define LIFE_DAYS 397 /* more is refused by browsers */
#define CA_CERT HP_CA_DIR "/ca.pem"
#define CA_KEY HP_CA_DIR "/key.pem"
#define CHAIN HP_API_DIR "/chain.pem"
#define KEY HP_API_DIR "/key.pem"
#define NAMES HP_API_DIR "/names" /* what one of our own is for, a line each */

struct store {
	struct hp_pool *pool;
	const struct hp_api *a;
	gid_t gid;
	struct hp_api_result *ret;
};

static const char *at(const struct store *s, const char *path)
{
	return hp_path(s->pool, s->a->sysroot, path);
}

static int put(const struct store *s, const char *path, mode_t mode, const struct hp_buf *b,
	struct hp_err *err)
{
	if (hp_file_write(at(s, path), mode & 0700, b->s, b->len, err) < 0)
		return err->code;
	if ((geteuid() == 0 && chown(at(s, path), 0, s->gid) < 0) || chmod(at(s, path), mode) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s", path);
	return 0;
}

/* The key goes first: who reads in between has two that don't fit, and is told again behind it. */
static int put_pair(const struct store *s, const struct hp_buf *chain, const struct hp_buf *key,
	const struct hp_buf *names, struct hp_err *err)
{
	s->ret->changed = true;
	if (s->a->dry_run)
		return 0;
	if (put(s, KEY, 0640, key, err) < 0 || put(s, CHAIN, 0644, chain, err) < 0)
		return err->code;
	return put(s, NAMES, 0644, names, err);
}

/* ---- the authority ---- */
static int authority(
	const struct store *s, struct hp_buf *ca_cert, struct hp_buf *ca_key, struct hp_err *err)
{
	char host[65] = "";
	int r = hp_file_read(at(s, CA_CERT), HP_CERT_CHAIN_MAX, ca_cert, err);

	if (r == 0)
		r = hp_file_read(at(s, CA_KEY), HP_CERT_KEY_MAX, ca_key, err);
	if (r != HP_E_NOT_FOUND)
		return r;
	hp_err_clear(err);
	gethostname(host, sizeof(host) - 1);
	if (hp_x509_ca(hp_pprintf(s->pool, "hosting-panel %.40s", host), hp_now(), ca_key, ca_cert,
		    err) < 0 ||
		hp_mkdirs(at(s, HP_CA_DIR), 0700, err) < 0)
		return err->code;
	/* without its certificate a key is none, and both are made anew */
	if (hp_file_write(at(s, CA_KEY), 0600, ca_key->s, ca_key->len, err) < 0)
		return err->code;
	return hp_file_write(at(s, CA_CERT), 0644, ca_cert->s, ca_cert->len, err);
}

/* ---- one of its own ---- */
static void list_names(const struct hp_api_cert *want, struct hp_buf *ret)
{
	size_t i;

	for (i = 0; i < want->dns.n; i++)
		hp_buf_addf(ret, "%s\n", want->dns.v[i]);
	for (i = 0; i < want->ips.n; i++)
		hp_buf_addf(ret, "%s\n", want->ips.v[i]);
}

/* Names that are not asked for any more do no harm: addresses come and go. */
static bool is_for(struct hp_pool *pool, const char *has, const char *wanted)
{
	struct hp_strv have = {0}, want = {0};
	size_t i;

	hp_str_split(pool, has, "\n", &have);
	hp_str_split(pool, wanted, "\n", &want);
	for (i = 0; i < want.n; i++)
		if (!hp_strv_has(&have, want.v[i]))
			return false;
	return have.n > 0;
}

/* The pair that stands there, if it is whole. */
static bool look(const struct store *s, struct hp_buf *chain, struct hp_x509 *ret)
{
	struct hp_buf key _cleanup_buf_ = HP_BUF_INIT, c _cleanup_buf_ = HP_BUF_INIT,
		      k _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err ignored = HP_ERR_INIT;
	bool ok = hp_file_read(at(s, CHAIN), HP_CERT_CHAIN_MAX, chain, &ignored) == 0 &&
		hp_file_read(at(s, KEY), HP_CERT_KEY_MAX, &key, &ignored) == 0 &&
		hp_x509_pair(s->pool, &key, chain, hp_now(), ret, &c, &k, &ignored) == 0;

	if (key.s)
		hp_wipe(key.s, key.len);
	if (k.s)
		hp_wipe(k.s, k.len);
	return ok;
}

static bool has_time(const struct hp_x509 *x)
{
	return x->not_after - hp_now() >= (x->not_after - x->not_before) / 3;
}

static int own(const struct store *s, const struct hp_api_cert *want, struct hp_err *err)
{
	struct hp_buf names _cleanup_buf_ = HP_BUF_INIT, had _cleanup_buf_ = HP_BUF_INIT,
		      chain _cleanup_buf_ = HP_BUF_INIT, key _cleanup_buf_ = HP_BUF_INIT,
		      ca_cert _cleanup_buf_ = HP_BUF_INIT, ca_key _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err ignored = HP_ERR_INIT;
	struct hp_x509 x;
	int r;

	s->ret->certificate = "own";
	list_names(want, &names);
	if (hp_file_read(at(s, NAMES), HP_CERT_CHAIN_MAX, &had, &ignored) == 0 &&
		is_for(s->pool, hp_buf_str(&had), hp_buf_str(&names)) && look(s, &chain, &x) &&
		has_time(&x)) {
		s->ret->not_after = x.not_after;
		return 0;
	}
	s->ret->changed = true;
	s->ret->not_after = hp_now() + LIFE_DAYS * 86400;
	if (s->a->dry_run)
		return 0;
	r = authority(s, &ca_cert, &ca_key, err);
	if (r == 0)
		r = hp_x509_issue(&ca_key, &ca_cert, &want->dns, &want->ips, hp_now(), LIFE_DAYS,
			&key, &chain, err);
	if (r == 0)
		r = put_pair(s, &chain, &key, &names, err);
	if (ca_key.s)
		hp_wipe(ca_key.s, ca_key.len);
	if (key.s)
		hp_wipe(key.s, key.len);
	return r;
}

/* ---- a website's ---- */
/* 1: it is there, and for all the names; 0: it is not. */
static int website(const struct store *s, const struct hp_api_cert *want, struct hp_err *err)
{
	struct hp_buf chain _cleanup_buf_ = HP_BUF_INIT, key _cleanup_buf_ = HP_BUF_INIT,
		      had _cleanup_buf_ = HP_BUF_INIT, none _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err ignored = HP_ERR_INIT;
	const struct hp_cert *c;
	int r;

	if (!want->website ||
		hp_cert_current(s->pool, s->a->sysroot, want->website, &c, &ignored) < 0 || !c ||
		c->revoked || c->not_after <= hp_now() || !hp_cert_covers(c, want->website))
		return 0;
	s->ret->certificate = "website";
	s->ret->not_after = c->not_after;
	if (hp_cert_read(s->a->sysroot, c, &chain, &key, err) < 0)
		return err->code;
	r = 1;
	if (hp_file_read(at(s, CHAIN), HP_CERT_CHAIN_MAX, &had, &ignored) < 0 ||
		had.len != chain.len || memcmp(had.s, chain.s, chain.len) != 0)
		r = put_pair(s, &chain, &key, &none, err) < 0 ? err->code : 1;
	hp_wipe(key.s, key.len);
	return r;
}

int hp_api_cert(struct hp_pool *pool, const struct hp_api *a, const struct hp_api_cert *want,
	gid_t gid, struct hp_api_result *ret, struct hp_err *err)
{
	const struct store s = {.pool = pool, .a = a, .gid = gid, .ret = ret};
	int r = website(&s, want, err);

	if (r == 0)
		r = own(&s, want, err);
	return r < 0 ? r : 0;
}
