/* Which websites want a certificate. */
#include <errno.h>
#include <fcntl.h>

#include "base/str.h"
#include "model/state.h"
#include "node/certs.h"
#include "node/engine.h"

struct sites {
	struct hp_pool *pool;
	const char *only;
	struct hp_cert_site *v;
	size_t n, cap;
};

static int on_site(void *arg, struct hp_pool *pool HP_UNUSED, const struct hp_site *site,
	const char *line HP_UNUSED, size_t len HP_UNUSED, struct hp_err *err HP_UNUSED)
{
	struct sites *s = arg;
	struct hp_cert_site *to, *bigger;

	if (s->only && !hp_streq(s->only, site->v[HP_SITE_DOMAIN]))
		return 0;
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 16;
		bigger = hp_palloc(s->pool, s->cap * sizeof(*bigger));
		if (s->n)
			memcpy(bigger, s->v, s->n * sizeof(*bigger));
		s->v = bigger;
	}
	to = &s->v[s->n++];
	memset(to, 0, sizeof(*to));
	to->domain = hp_pstrdup(s->pool, site->v[HP_SITE_DOMAIN]);
	hp_strv_add_ref(s->pool, &to->names, to->domain);
	for (size_t i = 0; i < site->aliases.n; i++)
		hp_strv_add(s->pool, &to->names, site->aliases.v[i]);
	to->enabled = hp_site_bool(site, HP_SITE_SSL_ENABLED);
	to->letsencrypt = hp_streq(site->v[HP_SITE_SSL_PROVIDER], "letsencrypt");
	to->auto_renew = hp_site_bool(site, HP_SITE_SSL_AUTO_RENEW);
	to->suspended = hp_streq(site->v[HP_SITE_STATUS], "suspended");
	return 0;
}

int hp_cert_sites(struct hp_pool *pool, const char *root, const char *only,
	struct hp_cert_site **ret, size_t *ret_n, struct hp_err *err)
{
	struct sites s = {.pool = pool, .only = only};
	const struct hp_state_handler h = {.on_site = on_site, .arg = &s};
	int fd _cleanup_close_ = open(hp_path(pool, root, HP_STATE_FILE), O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno != ENOENT)
		return hp_err_errno(err, errno == EACCES ? HP_E_DENIED : HP_E_OS, errno,
			HP_STATE_FILE " can't be read");
	if (fd >= 0 && hp_state_read(fd, HP_STATE_FILE, &h, err) < 0)
		return err->code;
	*ret = s.v;
	*ret_n = s.n;
	return 0;
}

const char *hp_cert_uncovered(const struct hp_cert *c, const struct hp_cert_site *s)
{
	for (size_t i = 0; i < s->names.n; i++)
		if (!hp_cert_covers(c, s->names.v[i]))
			return s->names.v[i];
	return NULL;
}

bool hp_cert_is_due(const struct hp_cert *c, int64_t now)
{
	return c->revoked || c->not_after - now < (c->not_after - c->not_before) / 3;
}
