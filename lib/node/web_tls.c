/* TLS of websites: it ends at the front server. */
#include "node/certs.h"
#include "node/web.h"
#include "base/str.h"
#include "sys/probe.h"
#include "sys/x509.h"

static const char *copy_path(struct hp_engine *x, const char *domain, const char *ext)
{
	return hp_pprintf(x->scratch, "%s/tls/%s.%s", hp_web(x)->front->is->own, domain, ext);
}

static void emit_pair(struct hp_emit *e, const char *cert_path, const struct hp_buf *cert,
	const char *key_path, const struct hp_buf *key)
{
	hp_emit_file(e, cert_path, 0600, 0, false, hp_buf_str(cert), cert->len);
	hp_emit_file(e, key_path, HP_EMIT_SECRET, 0, false, hp_buf_str(key), key->len);
}

/*
 * A website whose certificate is still to come is served over HTTP meanwhile: that is how the
 * authority, too, gets to see its proof.
 */
int hp_web_tls_data(struct hp_engine *x, const struct hp_wish *w, const struct hp_site *site,
	struct hp_tmap *m, struct hp_emit *e, struct hp_digest *d, bool *ret_has,
	struct hp_err *err)
{
	struct hp_buf chain _cleanup_buf_ = HP_BUF_INIT, key _cleanup_buf_ = HP_BUF_INIT;
	const char *chain_path = copy_path(x, w->domain, "crt");
	const char *key_path = copy_path(x, w->domain, "key");
	const struct hp_cert *c = NULL;

	*ret_has = false;
	hp_tmap_bool(m, "stapling", false);
	hp_tmap_str(m, "certificate", chain_path);
	hp_tmap_str(m, "certificate_key", key_path);
	if (!hp_site_bool(site, HP_SITE_SSL_ENABLED))
		return 0;
	if (hp_cert_current(x->scratch, x->root, w->domain, &c, err) < 0)
		return hp_err_prefix(err, "its certificate");
	if (!c)
		return 0;
	if (hp_cert_read(x->root, c, &chain, &key, err) < 0)
		return hp_err_prefix(err, "its certificate");
	*ret_has = true;
	hp_tmap_bool(m, "stapling", c->ocsp != NULL);
	hp_digest_add(d, c->pair, strlen(c->pair));
	emit_pair(e, chain_path, &chain, key_path, &key);
	return 0;
}

/* ---- what is shown to who asks for no website ---- */
static int make_nobody(
	struct hp_engine *x, struct hp_buf *cert, struct hp_buf *key, struct hp_err *err)
{
	if (hp_x509_nobody(key, cert, err) < 0 || hp_engine_make_dir(x, err) < 0 ||
		hp_file_write(hp_engine_path(x, x->scratch, HP_WEB_NOBODY ".key"), 0400,
			hp_buf_str(key), key->len, err) < 0 ||
		hp_file_write(hp_engine_path(x, x->scratch, HP_WEB_NOBODY ".crt"), 0600,
			hp_buf_str(cert), cert->len, err) < 0)
		return hp_err_prefix(err, "the certificate for unknown names");
	return 0;
}

int hp_web_nobody(struct hp_engine *x, const struct hp_web_server *s, struct hp_tmap *m,
	struct hp_emit *e, struct hp_err *err)
{
	struct hp_buf cert _cleanup_buf_ = HP_BUF_INIT, key _cleanup_buf_ = HP_BUF_INIT;
	const char *cert_path = hp_pprintf(x->scratch, "%s/nobody.crt", s->is->own);
	const char *key_path = hp_pprintf(x->scratch, "%s/nobody.key", s->is->own);
	struct hp_err none = HP_ERR_INIT;
	bool there = hp_file_read(hp_engine_path(x, x->scratch, HP_WEB_NOBODY ".crt"), 65536, &cert,
			     &none) == 0 &&
		hp_file_read(hp_engine_path(x, x->scratch, HP_WEB_NOBODY ".key"), 65536, &key,
			&none) == 0;

	/* a plan of the first time shows that there will be one */
	if (!there && !x->dry && make_nobody(x, &cert, &key, err) < 0)
		return err->code;
	hp_tmap_str(m, "nobody_certificate", cert_path);
	hp_tmap_str(m, "nobody_key", key_path);
	emit_pair(e, cert_path, &cert, key_path, &key);
	return 0;
}

bool hp_web_any_tls(const struct hp_engine *x)
{
	static const char wish[] = "\"ssl_enabled\":true";
	size_t i;

	for (i = 0; i < x->n_sites; i++)
		if (x->sites[i].line &&
			memmem(x->sites[i].line, x->sites[i].len, wish, sizeof(wish) - 1))
			return true;
	return false;
}

static bool has_certificate(struct hp_engine *x, const struct hp_wish *w)
{
	const char *path = copy_path(x, w->domain, "crt");
	const struct hp_mfile *m;

	for (m = w->now ? w->now->files : NULL; m; m = m->next)
		if (hp_streq(m->path, path))
			return true;
	return false;
}

bool hp_web_tls_is_shown(struct hp_engine *x, const struct hp_wish *w, char *heard, size_t size)
{
	struct hp_http_probe p = {.host = w->domain, .port = 443, .timeout_ms = 3000};
	const struct hp_cert *c = NULL;
	struct hp_err err = HP_ERR_INIT;
	char shown[HP_DIGEST_HEX];

	if (!has_certificate(x, w))
		return true;
	if (hp_cert_current(x->scratch, x->root, w->domain, &c, &err) < 0 ||
		hp_tls_probe(&p, shown, &err) < 0) {
		snprintf(heard, size, "%s", err.msg);
		return false;
	}
	if (c && hp_streq(shown, c->sha256))
		return true;
	snprintf(heard, size, "over TLS it shows another certificate");
	return false;
}
