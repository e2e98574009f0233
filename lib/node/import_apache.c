/* Apache's virtual hosts: whose they are, which only lead elsewhere, and what stands beside them.
 */
#include <string.h>

#include "node/import_impl.h"
#include "base/str.h"

struct vhost {
	const struct hp_directive *d;
	struct hp_strv names;
	bool tls;
	const struct hp_directive *leads; /* Redirect / https://…, where that is all it does */
};

struct vhosts {
	struct vhost *v;
	size_t n, cap;
};

static void add_name(
	struct hp_reader *r, struct vhost *v, const struct hp_directive *d, const char *name)
{
	const char *s = strstr(name, "://"), *ok;

	s = s ? s + 3 : name;
	ok = hp_import_name(r->pool, hp_pstrndup(r->pool, s, strcspn(s, ":/")), s[0] == '*');
	if (!ok)
		hp_import_note(r, NULL, d, HP_LOST, "“%s” is not the name of a website",
			hp_str_printable(r->pool, name, 80));
	else if (!hp_strv_has(&v->names, ok))
		hp_strv_add_ref(r->pool, &v->names, ok);
}

/* Where all of it leads over HTTPS or elsewhere: its one Redirect of "/", or a rule as certbot's.
 */
static const struct hp_directive *leads(const struct hp_directive *vhost)
{
	const struct hp_directive *d, *found = NULL;

	for (d = vhost->child; d; d = d->next) {
		if (hp_str_starts(d->name, "proxypass") || hp_streq(d->name, "alias"))
			return NULL;
		if (hp_str_starts(d->name, "redirect") && d->n_args >= 2 &&
			hp_streq(d->args[d->n_args - 2], "/") &&
			strstr(d->args[d->n_args - 1], "://"))
			found = d;
		else if (hp_streq(d->name, "rewriterule") && d->n_args >= 2 &&
			hp_str_starts(d->args[1], "https://%{") &&
			strstr(d->args[1], "%{REQUEST_URI}"))
			found = d;
	}
	return found;
}

static void take_vhost(struct hp_reader *r, struct vhosts *l, const struct hp_directive *d)
{
	struct vhost v = {.d = d};
	const struct hp_directive *c;
	unsigned i, pass;

	if (hp_import_is_ours(r, d->file)) {
		hp_import_note(r, NULL, d, HP_HINT, "hosting-panel wrote it");
		return;
	}
	for (pass = 0; pass < 2; pass++)
		for (c = d->child; c; c = c->next)
			for (i = 0; hp_streq(c->name, pass ? "serveralias" : "servername") &&
				i < c->n_args;
				i++)
				add_name(r, &v, c, c->args[i]);
	for (c = d->child; c; c = c->next)
		v.tls |= hp_streq(c->name, "sslengine") && hp_import_arg_is(c, 0, "on");
	for (i = 0; i < d->n_args; i++) {
		const char *port = strrchr(d->args[i], ':');

		if (port && !hp_streq(port, ":80") && !hp_streq(port, ":443") && port[1] != '*')
			hp_import_note(r, NULL, d, HP_LOST,
				"websites are served on ports 80 and 443, not on %s",
				hp_str_printable(r->pool, port + 1, 20));
	}
	if (!v.names.n || v.names.v[0][0] == '*') {
		hp_import_note(r, NULL, d, HP_HINT,
			"no domain is its name: it answers for what nobody else does");
		return;
	}
	v.leads = leads(d);
	HP_IMPORT_GROW(r->pool, l->v, l->n, l->cap);
	l->v[l->n++] = v;
}

/* mod_php: the one version of the whole server. */
static void take_mod_php(struct hp_reader *r, struct hp_build *b, const struct hp_directive *root)
{
	const struct hp_directive *d;
	const char *version;

	for (d = root->child; d && !b->f.site.v[HP_SITE_PHP_VERSION]; d = d->next)
		if (hp_streq(d->name, "loadmodule") && d->n_args == 2 &&
			strstr(d->args[1], "libphp") &&
			(version = hp_import_php_version(r->pool, d->args[1])))
			hp_import_set(r, b, HP_SITE_PHP_VERSION, version, d);
}

static void take_content(
	struct hp_reader *r, const struct vhost *v, const struct hp_directive *root)
{
	struct hp_build *b = hp_import_build(r, &v->names, v->d);
	const struct hp_directive *d;

	if (!b->f.domain)
		return;
	b->tls |= v->tls;
	b->plain |= !v->tls;
	/* sections refer to it, wherever it stands */
	for (d = v->d->child; d; d = d->next)
		if (hp_streq(d->name, "documentroot") && d->n_args == 1 && !b->f.root)
			hp_import_root(r, b, d->args[0], d);
	hp_import_apache_vhost(r, b, v->d, root);
	take_mod_php(r, b, root);
}

/* The host that all of it leads to, or NULL: its own. */
static const char *host_of(struct hp_reader *r, const struct vhost *v)
{
	const char *url = v->leads->args[v->leads->n_args - 1], *s;

	if (hp_streq(v->leads->name, "rewriterule"))
		return NULL;
	s = strstr(url, "://") + 3;
	s = hp_import_name(r->pool, hp_pstrndup(r->pool, s, strcspn(s, ":/")), false);
	return !s || hp_strv_has(&v->names, s) ? NULL : s;
}

static void take_lead(struct hp_reader *r, const struct vhost *v)
{
	const char *host = host_of(r, v);
	const struct hp_directive *d;
	struct hp_build *b;
	size_t i;

	if (host && !hp_import_find(r, v->names.v[0])) {
		b = hp_import_build(r, &v->names, v->d);
		b->tls |= v->tls;
		b->plain |= !v->tls;
		hp_import_apache_directive(r, b, v->leads);
		for (d = v->d->child; d; d = d->next)
			if (hp_str_starts(d->name, "sslcertificate"))
				hp_import_apache_directive(r, b, d);
		return;
	}
	for (i = 0; i < v->names.n; i++) {
		b = hp_import_find(r, v->names.v[i]);
		if (b && !host)
			b->to_https = true;
		else
			hp_import_note(r, b, v->leads, HP_LOST,
				host ? "%s leads elsewhere, but is a name of this website"
				     : "%s leads to HTTPS, but nothing serves it there",
				v->names.v[i]);
		if (b && !hp_strv_has(&b->f.files, v->d->file))
			hp_strv_add_ref(r->pool, &b->f.files, v->d->file);
	}
}

void hp_import_apache(struct hp_reader *r, const struct hp_directive *root)
{
	struct vhosts l = {0};
	const struct hp_directive *d;
	size_t i, pass;

	for (d = root->child; d; d = d->next) {
		if (hp_streq(d->name, "<virtualhost"))
			take_vhost(r, &l, d);
		else if (hp_streq(d->name, "use"))
			hp_import_note(r, NULL, d, HP_LOST, "macros are not followed");
	}
	for (i = 0; i < l.n; i++)
		if (!l.v[i].leads)
			hp_import_build(r, &l.v[i].names, l.v[i].d);
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < l.n; i++)
			if (!l.v[i].leads && l.v[i].tls == (pass == 0))
				take_content(r, &l.v[i], root);
	for (i = 0; i < l.n; i++)
		if (l.v[i].leads)
			take_lead(r, &l.v[i]);
}
