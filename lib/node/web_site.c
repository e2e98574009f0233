/*
 * Files of a website: a vhost on its own server, and where that one is behind the front, another
 * on the front that hands requests over.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "node/certs.h"
#include "node/folders.h"
#include "node/instance.h"
#include "node/web.h"
#include "node/web_slots.h"
#include "base/str.h"
#include "model/state.h"
#include "sys/json.h"

/*
 * A website's vhosts answer with their digest, which is known only when they are rendered: this
 * stands there until then. What PHP alone is concerned with does not change it, so such a change
 * needs no reload.
 */
#define REVISION_HOLE "0hp0revision0hp0"
#define REVISION_LEN (sizeof(REVISION_HOLE) - 1)

/* Every vhost's, and the server's own file; what stands in shared comes on top. */
static const char *const templates[] = {"site.conf", "node.conf", "key.conf"};

static int add_template(struct hp_engine *x, const struct hp_server *s, const char *name,
	struct hp_digest *d, struct hp_err *err)
{
	const struct hp_tmpl *t;

	if (hp_tmpl_get(x->tmpl, s->name, name, &t, err) < 0)
		return err->code;
	hp_digest_add(d, hp_tmpl_digest(t), 64);
	return 0;
}

static int add_templates(
	struct hp_engine *x, const struct hp_server *s, struct hp_digest *d, struct hp_err *err)
{
	const struct hp_web_shared *f;
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(templates); i++)
		if (add_template(x, s, templates[i], d, err) < 0)
			return err->code;
	for (f = s->shared; f->name; f++)
		if (add_template(x, s, f->name, d, err) < 0)
			return err->code;
	return 0;
}

int hp_web_inputs(struct hp_engine *x, struct hp_digest *d, struct hp_err *err)
{
	struct hp_web *web = hp_web(x);
	struct hp_web_server *s;
	size_t i;

	for (i = 0; i < web->n; i++) {
		s = &web->v[i];
		hp_digest_add(d, s->binary ? "b" : "-", 1);
		/* nobody is bothered by templates of what he does not have */
		if (!s->binary && !s->front)
			continue;
		if (add_templates(x, s->is, d, err) < 0)
			return err->code;
		if (s->is->inputs && s->binary)
			s->is->inputs(x, s, d);
		hp_digest_add(d, s->front ? "f" : s->admin_sets ? "h" : "-", 1);
	}
	hp_digest_add(d, web->ipv6 ? "6" : "4", 1);
	return 0;
}

/* ---- values ---- */
static int add_list(struct hp_tmap *m, const char *list, const char *item, const char *json,
	struct hp_pool *pool, struct hp_err *err)
{
	struct hp_json *doc _cleanup_json_ = NULL;
	const struct hp_json *v;

	hp_tmap_list(m, list);
	if (!json || !*json)
		return 0;
	if (hp_json_parse(json, strlen(json), &doc, err) < 0)
		return err->code;
	for (v = hp_json_first(doc); v; v = hp_json_next(v))
		hp_tmap_str(hp_tmap_item(m, list), item, hp_pstrdup(pool, hp_json_str(v)));
	return 0;
}

static void add_names(struct hp_tmap *m, const struct hp_site *site)
{
	struct hp_tmap *item;
	size_t i;

	hp_tmap_list(m, "names");
	hp_tmap_list(m, "aliases");
	hp_tmap_str(hp_tmap_item(m, "names"), "name", site->v[HP_SITE_DOMAIN]);
	for (i = 0; i < site->aliases.n; i++) {
		hp_tmap_str(hp_tmap_item(m, "names"), "name", site->aliases.v[i]);
		item = hp_tmap_item(m, "aliases");
		hp_tmap_str(item, "name", site->aliases.v[i]);
		hp_tmap_bool(item, "wild", site->aliases.v[i][0] == '*');
	}
}

static bool is_list(const char *json)
{
	return json && *json && !hp_streq(json, "[]");
}

/* How long a request may take: servers wait as long as the most patient of the PHP versions. */
static int longest(struct hp_engine *x, const struct hp_wish *w, const struct hp_site *s,
	int64_t *ret, struct hp_err *err)
{
	struct hp_strv versions;
	struct hp_site other;
	int64_t seconds;
	size_t i;

	*ret = hp_site_i64(s, HP_SITE_PHP_MAX_EXECUTION_TIME);
	hp_msite_versions(x->scratch, w->now, &versions);
	for (i = 1; i < versions.n; i++) {
		if (hp_engine_site_on(x, w, versions.v[i], &other, err) < 0)
			return err->code;
		seconds = hp_site_i64(&other, HP_SITE_PHP_MAX_EXECUTION_TIME);
		if (seconds > *ret)
			*ret = seconds;
	}
	return 0;
}

/*
 * How long the front keeps an answer that doesn't say so itself. Not for hours, whatever browsers
 * may do with files: who changes a page expects to see it.
 */
#define KEPT_MAX_S 10

static int64_t kept_seconds(const struct hp_site *s)
{
	int64_t ttl = hp_site_i64(s, HP_SITE_CACHE_TTL_SECONDS);

	return ttl < KEPT_MAX_S ? ttl : KEPT_MAX_S;
}

/* Does the front keep answers of this website? None that a password stands before. */
static bool is_kept(const struct hp_site *s)
{
	const char *auth = s->v[HP_SITE_BASIC_AUTH];

	return hp_site_bool(s, HP_SITE_CACHE_ENABLED) && kept_seconds(s) > 0 &&
		(!auth || !*auth || hp_streq(auth, "{}"));
}

static int site_data(struct hp_engine *x, const struct hp_wish *w, const struct hp_site *s,
	struct hp_tmap *m, struct hp_err *err)
{
	struct hp_pool *pool = x->scratch;
	const char *logs = hp_folders_logs(pool, w->domain);
	uint64_t bytes = 0;
	int64_t seconds;

	hp_tmap_str(m, "domain", w->domain);
	hp_tmap_str(m, "user", w->user);
	add_names(m, s);
	hp_tmap_bool(m, "ipv6", hp_web(x)->ipv6);
	hp_tmap_str(m, "access_log", hp_pprintf(pool, "%s/access.log", logs));
	hp_tmap_str(m, "error_log", hp_pprintf(pool, "%s/error.log", logs));
	hp_tmap_str(m, "challenges", HP_CERT_CHALLENGE_DIR);
	hp_tmap_str(m, "revision", REVISION_HOLE);
	hp_tmap_bool(m, "suspended", w->suspended);
	hp_tmap_bool(m, "php", w->php != NULL);
	hp_tmap_str(m, "socket", hp_instance_link_path(pool, w->user));
	if (longest(x, w, s, &seconds, err) < 0)
		return err->code;
	seconds += 10;
	hp_tmap_str(m, "read_timeout", hp_pprintf(pool, "%llds", (long long)seconds));
	hp_tmap_i64(m, "read_seconds", seconds);
	hp_tmap_str(m, "max_body", s->v[HP_SITE_PHP_POST_MAX_SIZE]);
	hp_parse_size(s->v[HP_SITE_PHP_POST_MAX_SIZE], INT64_MAX, &bytes);
	hp_tmap_i64(m, "max_body_bytes", (int64_t)bytes);
	hp_tmap_bool(m, "gzip", hp_site_bool(s, HP_SITE_GZIP_ENABLED));
	hp_tmap_bool(m, "cache", hp_site_bool(s, HP_SITE_CACHE_ENABLED));
	hp_tmap_str(m, "cache_ttl",
		hp_pprintf(pool, "%llds", (long long)hp_site_i64(s, HP_SITE_CACHE_TTL_SECONDS)));
	hp_tmap_i64(m, "cache_seconds", hp_site_i64(s, HP_SITE_CACHE_TTL_SECONDS));
	hp_tmap_i64(m, "kept_seconds", kept_seconds(s));
	hp_tmap_str(m, "kept_time", hp_pprintf(pool, "%llds", (long long)kept_seconds(s)));
	hp_tmap_bool(m, "restricted", is_list(s->v[HP_SITE_ALLOWED_IPS]));
	hp_tmap_bool(m, "limited",
		is_list(s->v[HP_SITE_ALLOWED_IPS]) || is_list(s->v[HP_SITE_BLOCKED_IPS]));
	if (add_list(m, "allowed", "address", s->v[HP_SITE_ALLOWED_IPS], pool, err) < 0)
		return hp_err_prefix(err, "allowed_ips");
	if (add_list(m, "blocked", "address", s->v[HP_SITE_BLOCKED_IPS], pool, err) < 0)
		return hp_err_prefix(err, "blocked_ips");
	return 0;
}

/*
 * ---- hand-made directives: tested copies, so that a half-edited file never reaches a reload ----
 */
static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int list_custom(
	struct hp_engine *x, const char *dir, struct hp_strv *ret, struct hp_err *err)
{
	int fd = openat(x->rootfd, hp_rel(dir), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *ent;
	DIR *d;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	d = fd >= 0 ? fdopendir(fd) : NULL;
	if (!d) {
		if (fd >= 0)
			close(fd);
		return hp_err_errno(err, HP_E_OS, errno, "the folder %s can't be read", dir);
	}
	while ((ent = readdir(d)))
		if (ent->d_name[0] != '.' && hp_str_ends(ent->d_name, ".conf"))
			hp_strv_add(x->scratch, ret, ent->d_name);
	closedir(d);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
	return 0;
}

static int emit_custom(struct hp_engine *x, const struct hp_server *s, const struct hp_wish *w,
	struct hp_tmap *m, struct hp_emit *e, struct hp_digest *d, struct hp_err *err)
{
	const char *dir = hp_pprintf(x->scratch, HP_CUSTOM_DIR "/%s/%s", w->domain, s->name);
	const char *path, *origin;
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;
	struct hp_strv names = {0};
	struct hp_tmap *item;
	size_t i;

	hp_tmap_list(m, "custom");
	hp_tmap_bool(m, "snippets", false);
	if (!hp_engine_custom(x, w->domain) || w->suspended)
		return 0;
	if (list_custom(x, dir, &names, err) < 0)
		return err->code;
	hp_tmap_bool(m, "snippets", names.n > 0);
	for (i = 0; i < names.n; i++) {
		origin = hp_pprintf(x->scratch, "%s/%s", dir, names.v[i]);
		path = hp_pprintf(x->scratch, "%s/custom/%s@%s", s->own, w->domain, names.v[i]);
		if (names.v[i][strspn(names.v[i],
			    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789._-")]) {
			hp_err_set(err, HP_E_USAGE,
				"%s: its name is not made of letters, digits, '.', '_' "
				"and '-'",
				origin);
			return hp_err_hint(err, "give it another name");
		}
		if (hp_file_read(
			    hp_engine_path(x, x->scratch, origin), (size_t)1 << 20, &text, err) < 0)
			return err->code;
		hp_digest_add(d, text.s ? text.s : "", text.len);
		/* root's alone, whatever mode the original has: there may be a password in it */
		hp_emit_file(e, path, 0600, 0, false, hp_buf_str(&text), text.len);
		item = hp_tmap_item(m, "custom");
		hp_tmap_str(item, "origin", origin);
		hp_tmap_str(item, "path", path);
	}
	return 0;
}

/* ---- the vhost ---- */
static void fill_revision(struct hp_buf *b, const char *revision)
{
	char *p = b->s, *hit;

	while ((hit = memmem(p, b->len - (size_t)(p - b->s), REVISION_HOLE, REVISION_LEN))) {
		memcpy(hit, revision, REVISION_LEN);
		p = hit + REVISION_LEN;
	}
}

static int find_server(struct hp_engine *x, struct hp_wish *w, const struct hp_site *site,
	struct hp_web_server **ret, struct hp_err *err)
{
	const char *name = site->v[HP_SITE_WEB_SERVER];
	struct hp_web_server *s = name ? hp_web_find(x, name) : hp_web(x)->front;

	if (!s)
		return hp_err_set(err, HP_E_USAGE, "web_server: %s can't be driven", name);
	if (x->live && !s->binary) {
		w->lacks = true;
		hp_err_set(err, HP_E_NOT_FOUND, "web_server: %s is not installed on this node",
			s->is->name);
		return hp_err_hint(err, "apt install %s, or web_server=%s", s->is->package,
			hp_web(x)->front->is->name);
	}
	*ret = s;
	return 0;
}

/*
 * Ports that are known to be others'. A server that is not installed may be tomorrow, and then
 * requests would come back to who sends them.
 */
static int check_proxy_port(const struct hp_site *site, struct hp_err *err)
{
	int64_t port = hp_site_i64(site, HP_SITE_PROXY_PORT);
	const char *whose = port == HP_PANEL_PORT ? "the panel" : NULL;
	size_t i;

	for (i = 0; hp_servers[i] && !whose; i++)
		if (port == hp_servers[i]->port)
			whose = hp_servers[i]->name;
	if (!whose)
		return 0;
	hp_err_set(err, HP_E_USAGE, "proxy_port: on %lld %s listens, and not a website's program",
		(long long)port, whose);
	return hp_err_hint(err, "let the program listen on another port, and set that");
}

/* A file of the website's, up to its revision, and the names that it answers to. */
struct vhost_file {
	const char *name;
	struct hp_strv names;
	struct hp_buf text;
};

/* The website on one server. */
struct vhost {
	struct hp_web_server *s;
	struct vhost_file *v; /* its domain's first */
	size_t n;
};

static size_t count_labels(const char *name)
{
	size_t n = 1;

	for (; *name; name++)
		n += *name == '.';
	return n;
}

/*
 * Where the first that fits counts, names like *.example.com stand in files of their own, which
 * sort behind all others and, the longer the name, the earlier: so of several that fit a request
 * the most exact one is met first, whichever websites they are of.
 */
static struct vhost_file *file_for(
	struct hp_engine *x, struct vhost *v, const char *domain, const char *name)
{
	const char *file = domain;
	size_t i;

	if (*name == '*' && v->s->is->first_counts)
		file = hp_pprintf(x->scratch, HP_WEB_LAST "%03zu" HP_WEB_LAST "%s",
			999 - count_labels(name), domain);
	for (i = 0; i < v->n; i++)
		if (hp_streq(v->v[i].name, file))
			return &v->v[i];
	v->v[v->n] = (struct vhost_file){.name = file, .text = HP_BUF_INIT};
	return &v->v[v->n++];
}

static void vhost_init(struct hp_engine *x, struct vhost *v, struct hp_web_server *s,
	const struct hp_site *site, const char *domain)
{
	size_t i;

	*v = (struct vhost){.s = s};
	if (!s)
		return;
	v->v = hp_palloc(x->scratch, (1 + site->aliases.n) * sizeof(*v->v));
	hp_strv_add(x->scratch, &file_for(x, v, domain, domain)->names, domain);
	for (i = 0; i < site->aliases.n; i++)
		hp_strv_add(x->scratch, &file_for(x, v, domain, site->aliases.v[i])->names,
			site->aliases.v[i]);
}

static void vhost_release(struct vhost *v)
{
	while (v->n)
		hp_buf_release(&v->v[--v->n].text);
}

/* Each vhost is to have a name that is no other's; a star can't be it. */
static void add_file_names(struct hp_pool *pool, struct hp_tmap *m, const char *domain,
	const struct hp_strv *names)
{
	bool stars = names->v[0][0] == '*';
	size_t labels = count_labels(names->v[0]), i;

	hp_tmap_bool(m, "stars", stars);
	hp_tmap_i64(m, "labels", (int64_t)labels);
	hp_tmap_str(m, "server_name",
		stars ? hp_pprintf(pool, "stars-%zu.%s.invalid", labels, domain) : names->v[0]);
	hp_tmap_list(m, "server_aliases");
	for (i = stars ? 0 : 1; i < names->n; i++)
		hp_tmap_str(hp_tmap_item(m, "server_aliases"), "name", names->v[i]);
}

/* What a server does for the site: on is it, to the one that serves. */
static void set_role(struct hp_web_server *on, const struct hp_web_server *to, bool tls,
	const struct hp_site *site, struct hp_tmap *m)
{
	hp_tmap_bool(m, "tls", on->front && tls);
	hp_tmap_bool(m, "redirect", on->front && tls && hp_site_bool(site, HP_SITE_HTTPS_REDIRECT));
	hp_tmap_bool(m, "front", on->front);
	hp_tmap_bool(m, "kept", on->front && is_kept(site));
	hp_tmap_bool(m, "serves", on == to);
	hp_tmap_i64(m, "port", on->is->port);
	hp_tmap_i64(m, "back_port", to->is->port);
	hp_tmap_bool(m, "forwarded", to->is->common_names);
}

/*
 * What stands behind a server that knows common names alone sees all headers of a request, and so
 * the word that the front says, too: each website has one of its own, made of the node's.
 */
static int emit_key(struct hp_engine *x, const struct vhost *v, const struct hp_web_server *to,
	const struct hp_wish *w, struct hp_tmap *m, struct hp_emit *e, struct hp_err *err)
{
	const char *path = hp_pprintf(x->scratch, "%s/keys/%s.conf", v->s->is->own, w->domain);
	const char *from = hp_pprintf(x->scratch, "%s %s", hp_web(x)->key, w->domain);
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	char hex[HP_DIGEST_HEX];
	const struct hp_tmpl *t;

	hp_digest_of(from, strlen(from), hex);
	hp_tmap_str(m, "site_key", hp_pstrndup(x->scratch, hex, 32));
	hp_tmap_str(m, "key_file", path);
	if (!to->is->common_names || to->front)
		return 0;
	if (hp_tmpl_get(x->tmpl, v->s->is->name, "key.conf", &t, err) < 0 ||
		hp_tmpl_render(t, m, &b, err) < 0)
		return err->code;
	hp_emit_file(e, path, HP_EMIT_SECRET, 0, false, hp_buf_str(&b), b.len);
	return 0;
}

static int render(struct hp_engine *x, struct vhost *v, const struct hp_web_server *to, bool tls,
	const struct hp_wish *w, const struct hp_site *site, struct hp_tmap *m, struct hp_emit *e,
	struct hp_digest *d, struct hp_err *err)
{
	const struct hp_tmpl *t;
	struct vhost_file *f;

	set_role(v->s, to, tls, site, m);
	if (v->s->is->site_data && v->s->is->site_data(x, site, m, err) < 0)
		return err->code;
	if (emit_key(x, v, to, w, m, e, err) < 0 || emit_custom(x, v->s->is, w, m, e, d, err) < 0 ||
		hp_tmpl_get(x->tmpl, v->s->is->name, templates[0], &t, err) < 0)
		return err->code;
	for (f = v->v; f < v->v + v->n; f++) {
		add_file_names(x->scratch, m, w->domain, &f->names);
		if (hp_tmpl_render(t, m, &f->text, err) < 0)
			return err->code;
		hp_digest_add(d, f->text.s, f->text.len);
	}
	return 0;
}

/* From one folder of the server's to a file in another one, as a2ensite makes it. */
static void emit_link(struct hp_engine *x, const struct hp_server *s, const char *link,
	const char *path, struct hp_emit *e)
{
	hp_emit_link(e, link, hp_pprintf(x->scratch, "..%s", hp_str_after(path, s->etc)));
}

static void emit(struct hp_engine *x, struct vhost *v, const struct hp_wish *w, struct hp_emit *e)
{
	const struct hp_server *s = v->s->is;
	struct vhost_file *f;
	const char *path;

	for (f = v->v; f < v->v + v->n; f++) {
		path = hp_pprintf(x->scratch, "%s/%s.conf", s->sites, f->name);
		fill_revision(&f->text, w->now->revision);
		hp_emit_file(e, path, 0644, 0, false, f->text.s, f->text.len);
		if (s->enabled)
			emit_link(x, s, hp_pprintf(x->scratch, "%s/%s.conf", s->enabled, f->name),
				path, e);
	}
}

/* RFC 6797: only over TLS, and only a site that has it says so. */
static void add_hsts(struct hp_engine *x, const struct hp_site *site, bool tls, struct hp_tmap *m)
{
	int64_t age = tls ? hp_site_i64(site, HP_SITE_HSTS_MAX_AGE) : 0;

	hp_tmap_bool(m, "hsts", age > 0);
	hp_tmap_str(m, "hsts_value", hp_pprintf(x->scratch, "max-age=%lld", (long long)age));
}

int hp_web_render_site(struct hp_engine *x, struct hp_wish *w, const struct hp_site *site,
	struct hp_emit *e, struct hp_err *err)
{
	struct hp_tmap *m = hp_tmap_new(x->scratch);
	struct vhost front = {0}, back = {0};
	char hex[HP_DIGEST_HEX];
	struct hp_web_server *s = NULL;
	struct hp_digest d;
	bool tls;

	hp_digest_init(&d);
	if (find_server(x, w, site, &s, err) < 0 || check_proxy_port(site, err) < 0 ||
		site_data(x, w, site, m, err) < 0 ||
		hp_web_slots(x, w, site, s->is->own, m, e, err) < 0)
		return err->code;
	vhost_init(x, &front, hp_web(x)->front, site, w->domain);
	vhost_init(x, &back, s->front ? NULL : s, site, w->domain);
	if (hp_web_tls_data(x, w, site, m, e, &d, &tls, err) < 0)
		return err->code;
	add_hsts(x, site, tls, m);
	if (render(x, &front, s, tls, w, site, m, e, &d, err) == 0 &&
		(!back.s || render(x, &back, s, tls, w, site, m, e, &d, err) == 0)) {
		hp_digest_hex(&d, hex);
		w->now->revision = hp_pstrndup(x->round, hex, REVISION_LEN);
		emit(x, &front, w, e);
		if (back.s)
			emit(x, &back, w, e);
	}
	vhost_release(&front);
	vhost_release(&back);
	return err->code;
}

/* ---- what all vhosts of a server share ---- */
static int emit_shared(struct hp_engine *x, struct hp_web_server *s, const char *name,
	const char *path, unsigned mode, const struct hp_tmap *m, struct hp_emit *e,
	struct hp_err *err)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	const struct hp_tmpl *t;

	if (hp_tmpl_get(x->tmpl, s->is->name, name, &t, err) < 0 ||
		hp_tmpl_render(t, m, &b, err) < 0)
		return err->code;
	hp_emit_file(e, path, mode, 0, false, hp_buf_str(&b), b.len);
	return 0;
}

int hp_web_render_shared(
	struct hp_engine *x, struct hp_web_server *s, struct hp_emit *e, struct hp_err *err)
{
	struct hp_tmap *m = hp_tmap_new(x->scratch);
	const struct hp_web_shared *f;

	hp_tmap_bool(m, "front", s->front);
	hp_tmap_bool(m, "ipv6", hp_web(x)->ipv6);
	hp_tmap_i64(m, "port", s->is->port);
	hp_tmap_str(m, "key", hp_web(x)->key);
	hp_tmap_bool(m, "forwards", hp_web(x)->front->is->common_names);
	if (s->is->node_data(x, s, m, e, err) < 0 ||
		emit_shared(x, s, "node.conf", s->is->node_file, 0644, m, e, err) < 0)
		return err->code;
	if (s->is->node_link)
		emit_link(x, s->is, s->is->node_link, s->is->node_file, e);
	for (f = s->is->shared; f->name; f++)
		if (f->when == HP_WEB_ALWAYS || (f->when == HP_WEB_AT_FRONT) == s->front)
			if (emit_shared(x, s, f->name,
				    hp_pprintf(x->scratch, "%s/%s", s->is->own, f->name), f->mode,
				    m, e, err) < 0)
				return err->code;
	return 0;
}
