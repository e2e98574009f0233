/* NGINX's files: one vhost a website, a few that all of them share. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "node/folders.h"
#include "node/instance.h"
#include "node/part_nginx.h"
#include "base/str.h"
#include "model/state.h"
#include "sys/json.h"

/*
 * A vhost answers with its own digest, which is known only when it is rendered: this stands
 * there until then. What PHP alone is concerned with does not change it, so such a change needs no
 * reload.
 */
#define REVISION_HOLE "0hp0revision0hp0"
#define REVISION_LEN (sizeof(REVISION_HOLE) - 1)

static const char *const shared[] = {"site.conf", "node.conf", "php.conf"};

int hp_nginx_inputs(struct hp_engine *x, struct hp_digest *d, struct hp_err *err)
{
	const struct hp_tmpl *t;
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(shared); i++) {
		if (hp_tmpl_get(x->tmpl, "nginx", shared[i], &t, err) < 0)
			return err->code;
		hp_digest_add(d, hp_tmpl_digest(t), 64);
	}
	hp_digest_add(d, hp_nginx(x)->ipv6 ? "6" : "4", 1);
	hp_digest_add(d, hp_nginx(x)->sets_hash ? "h" : "-", 1);
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

static int add_headers(struct hp_tmap *m, const char *json, struct hp_pool *pool,
	struct hp_err *err)
{
	struct hp_json *doc _cleanup_json_ = NULL;
	const struct hp_json *v;
	struct hp_tmap *item;

	hp_tmap_list(m, "headers");
	if (!json || !*json)
		return 0;
	if (hp_json_parse(json, strlen(json), &doc, err) < 0)
		return err->code;
	for (v = hp_json_first(doc); v; v = hp_json_next(v)) {
		item = hp_tmap_item(m, "headers");
		hp_tmap_str(item, "name", hp_pstrdup(pool, hp_json_key(v)));
		hp_tmap_str(item, "value", hp_pstrdup(pool, hp_json_str(v)));
	}
	return 0;
}

static void add_names(struct hp_tmap *m, const struct hp_site *site)
{
	size_t i;

	hp_tmap_list(m, "names");
	hp_tmap_str(hp_tmap_item(m, "names"), "name", site->v[HP_SITE_DOMAIN]);
	for (i = 0; i < site->aliases.n; i++)
		hp_tmap_str(hp_tmap_item(m, "names"), "name", site->aliases.v[i]);
}

static int site_data(struct hp_engine *x, const struct hp_wish *w, const struct hp_site *s,
	struct hp_tmap *m, struct hp_err *err)
{
	struct hp_pool *pool = x->scratch;
	const char *logs = hp_folders_logs(pool, w->domain);
	const char *allowed = s->v[HP_SITE_ALLOWED_IPS];

	hp_tmap_str(m, "domain", w->domain);
	add_names(m, s);
	hp_tmap_bool(m, "ipv6", hp_nginx(x)->ipv6);
	hp_tmap_str(m, "root", hp_folders_docroot(pool, w->domain));
	hp_tmap_str(m, "access_log", hp_pprintf(pool, "%s/access.log", logs));
	hp_tmap_str(m, "error_log", hp_pprintf(pool, "%s/error.log", logs));
	hp_tmap_str(m, "revision", REVISION_HOLE);
	hp_tmap_bool(m, "suspended", w->suspended);
	hp_tmap_bool(m, "php", w->php != NULL);
	hp_tmap_str(m, "socket", hp_instance_link_path(pool, w->user));
	hp_tmap_str(m, "read_timeout", hp_pprintf(pool, "%llds",
		(long long)hp_site_i64(s, HP_SITE_PHP_MAX_EXECUTION_TIME) + 10));
	hp_tmap_str(m, "max_body", s->v[HP_SITE_PHP_POST_MAX_SIZE]);
	hp_tmap_bool(m, "gzip", hp_site_bool(s, HP_SITE_GZIP_ENABLED));
	hp_tmap_bool(m, "cache", hp_site_bool(s, HP_SITE_CACHE_ENABLED));
	hp_tmap_str(m, "cache_ttl", hp_pprintf(pool, "%llds",
		(long long)hp_site_i64(s, HP_SITE_CACHE_TTL_SECONDS)));
	hp_tmap_bool(m, "restricted", allowed && *allowed && !hp_streq(allowed, "[]"));
	if (add_list(m, "allowed", "address", allowed, pool, err) < 0)
		return hp_err_prefix(err, "allowed_ips");
	if (add_list(m, "blocked", "address", s->v[HP_SITE_BLOCKED_IPS], pool, err) < 0)
		return hp_err_prefix(err, "blocked_ips");
	if (add_headers(m, s->v[HP_SITE_HTTP_SECURITY_HEADERS], pool, err) < 0)
		return hp_err_prefix(err, "http_security_headers");
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

static int emit_custom(struct hp_engine *x, const struct hp_wish *w, struct hp_tmap *m,
	struct hp_emit *e, struct hp_digest *d, struct hp_err *err)
{
	const char *dir = hp_pprintf(x->scratch, HP_CUSTOM_DIR "/%s/nginx", w->domain), *path,
		   *origin;
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;
	struct hp_strv names = {0};
	struct hp_tmap *item;
	size_t i;

	hp_tmap_list(m, "custom");
	if (!hp_engine_custom(x, w->domain) || w->suspended)
		return 0;
	if (list_custom(x, dir, &names, err) < 0)
		return err->code;
	for (i = 0; i < names.n; i++) {
		origin = hp_pprintf(x->scratch, "%s/%s", dir, names.v[i]);
		path = hp_pprintf(x->scratch, HP_NGINX_CUSTOM "/%s@%s", w->domain, names.v[i]);
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

static int check_server(struct hp_engine *x, const struct hp_site *site, struct hp_err *err)
{
	const char *server = site->v[HP_SITE_WEB_SERVER];

	if (server && !hp_streq(server, "nginx")) {
		hp_err_set(err, HP_E_USAGE, "web_server: %s does not serve on this node", server);
		return hp_err_hint(err, "nginx does: web_server=nginx");
	}
	if (x->live && !hp_nginx(x)->binary) {
		hp_err_set(err, HP_E_NOT_FOUND, "web_server: nginx is not installed on this node");
		return hp_err_hint(err, "apt install nginx");
	}
	return 0;
}

int hp_nginx_render_site(struct hp_engine *x, struct hp_wish *w, const struct hp_site *site,
	struct hp_emit *e, struct hp_err *err)
{
	struct hp_tmap *m = hp_tmap_new(x->scratch);
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	const char *available, *enabled;
	const struct hp_tmpl *t;
	char hex[HP_DIGEST_HEX];
	struct hp_digest d;

	hp_digest_init(&d);
	if (check_server(x, site, err) < 0 || site_data(x, w, site, m, err) < 0 ||
		emit_custom(x, w, m, e, &d, err) < 0 ||
		hp_tmpl_get(x->tmpl, "nginx", "site.conf", &t, err) < 0 ||
		hp_tmpl_render(t, m, &b, err) < 0)
		return err->code;
	hp_digest_add(&d, b.s, b.len);
	hp_digest_hex(&d, hex);
	w->now->revision = hp_pstrndup(x->round, hex, REVISION_LEN);
	fill_revision(&b, w->now->revision);
	available = hp_pprintf(x->scratch, HP_NGINX_ETC "/sites-available/%s.conf", w->domain);
	enabled = hp_pprintf(x->scratch, HP_NGINX_ETC "/sites-enabled/%s.conf", w->domain);
	hp_emit_file(e, available, 0644, 0, false, b.s, b.len);
	hp_emit_link(e, enabled, hp_pprintf(x->scratch, "../sites-available/%s.conf", w->domain));
	return 0;
}

/* ---- what all share ---- */
static int64_t power_of_two(int64_t n)
{
	int64_t p = 1;

	while (p < n)
		p *= 2;
	return p;
}

/*
 * A name takes a pointer, its length and itself, aligned, in a bucket that ends in a pointer
 * (ngx_hash.c): a bucket too small for one name is an error. Wide buckets for many names let
 * nginx find a size of its table at once, which otherwise takes seconds. Powers of two, so that
 * the file changes seldom.
 */
static int count_names(struct hp_engine *x, struct hp_tmap *m, struct hp_err *err)
{
	int64_t names = 0, longest = 32, bucket, len;
	struct hp_site site;
	size_t i, j;

	for (i = 0; i < x->n_sites; i++) {
		if (!x->sites[i].line)
			continue;
		/*
		 * a site with aliases names them in its line; parsing all of them would cost more
		 * than rendering
		 */
		names++;
		len = (int64_t)strlen(x->sites[i].domain);
		longest = len > longest ? len : longest;
		if (memmem(x->sites[i].line, x->sites[i].len, "\"aliases\":[]", 12))
			continue;
		hp_pool_reset(x->names);
		if (hp_state_parse_site(x->names, x->sites[i].line, x->sites[i].len, &site,
			err) < 0)
			return err->code;
		names += (int64_t)site.aliases.n;
		for (j = 0; j < site.aliases.n; j++) {
			len = (int64_t)strlen(site.aliases.v[j]);
			longest = len > longest ? len : longest;
		}
	}
	bucket = power_of_two(8 + (longest + 2 + 7) / 8 * 8 + 8);
	if (names > 400 && bucket < 512)
		bucket = 512;
	names = power_of_two(names < 256 ? 256 : names);
	hp_tmap_bool(m, "names_hash", !hp_nginx(x)->sets_hash);
	hp_tmap_i64(m, "room", names);
	hp_tmap_i64(m, "longest", bucket - 24);
	hp_tmap_i64(m, "max_size", 4 * names);
	hp_tmap_i64(m, "bucket_size", bucket);
	return 0;
}

static int emit_shared(struct hp_engine *x, struct hp_emit *e, const char *name, const char *path,
	const struct hp_tmap *m, struct hp_err *err)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	const struct hp_tmpl *t;

	if (hp_tmpl_get(x->tmpl, "nginx", name, &t, err) < 0 || hp_tmpl_render(t, m, &b, err) < 0)
		return err->code;
	hp_emit_file(e, path, 0644, 0, false, hp_buf_str(&b), b.len);
	return 0;
}

/* NGINX is not installed: what its vhosts refer to stays with them until it is back. */
static void keep_shared(struct hp_engine *x, struct hp_emit *e)
{
	const struct hp_mfile *m;

	if (!x->old.n)
		return;
	for (m = x->old.own.files; m; m = m->next)
		if (m->part == HP_PART_NGINX)
			hp_emit_as_is(e, m);
}

int hp_nginx_render_node(struct hp_engine *x, struct hp_emit *e, struct hp_err *err)
{
	struct hp_tmap *m = hp_tmap_new(x->scratch);

	if (x->live && !hp_nginx(x)->binary) {
		keep_shared(x, e);
		return 0;
	}
	if (!x->names)
		x->names = hp_pool_new();
	if (count_names(x, m, err) < 0 ||
		emit_shared(x, e, "node.conf", HP_NGINX_CONF_D, m, err) < 0)
		return err->code;
	return emit_shared(x, e, "php.conf", HP_NGINX_OWN "/php.conf", m, err);
}
