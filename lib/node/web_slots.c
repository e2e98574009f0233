#include <string.h>
#include <strings.h>

#include "node/folders.h"
#include "node/instance.h"
#include "node/emit.h"
#include "node/web_slots.h"
#include "base/str.h"
#include "sys/digest.h"
#include "sys/json.h"

struct slots {
	struct hp_engine *x;
	struct hp_pool *pool;
	const struct hp_wish *w;
	const struct hp_site *s;
	const char *own;
	struct hp_tmap *m;
	struct hp_emit *e;
};

/* What a setting holds; *ret is NULL where that is nothing. */
static int members(
	const struct slots *k, enum hp_site_field f, struct hp_json **ret, struct hp_err *err)
{
	const char *text = k->s->v[f];

	*ret = NULL;
	if (!text || hp_streq(text, "{}") || hp_streq(text, "[]"))
		return 0;
	if (hp_json_parse(text, strlen(text), ret, err) < 0)
		return hp_err_prefix(err, "%s", hp_site_table.fields[f].name);
	return 0;
}

static const struct hp_json *first(const struct hp_json *doc)
{
	return doc ? hp_json_first(doc) : NULL;
}

static const char *copy(const struct slots *k, const char *s)
{
	return hp_pstrdup(k->pool, s);
}

/* ---- files ---- */
static void add_root(const struct slots *k)
{
	const char *folder = hp_folders_docroot(k->pool, k->w->domain);
	const char *below = k->s->v[HP_SITE_DOCUMENT_ROOT];

	hp_tmap_str(k->m, "folder", folder);
	hp_tmap_str(k->m, "root",
		below && *below ? hp_pprintf(k->pool, "%s/%s", folder, below) : folder);
}

static int add_index(const struct slots *k, const char **ret_fallback, struct hp_err *err)
{
	struct hp_json *doc _cleanup_json_ = NULL;
	const char *file, *fallback = "";
	const struct hp_json *v;
	size_t n = 0;

	hp_tmap_list(k->m, "index");
	if (members(k, HP_SITE_INDEX_FILES, &doc, err) < 0)
		return err->code;
	for (v = first(doc); v; v = hp_json_next(v)) {
		file = copy(k, hp_json_str(v));
		if (hp_str_ends(file, ".php")) {
			if (!k->w->php)
				continue;
			if (!*fallback)
				fallback = hp_pprintf(k->pool, "/%s", file);
		}
		hp_tmap_str(hp_tmap_item(k->m, "index"), "file", file);
		n++;
	}
	if (!n)
		hp_tmap_str(hp_tmap_item(k->m, "index"), "file", "index.html");
	hp_tmap_str(k->m, "fallback", fallback);
	*ret_fallback = fallback;
	return 0;
}

/* ---- regular expressions: paths have no characters but letters, digits and "/._~+-" ---- */
static const char *quoted(const struct slots *k, const char *path)
{
	char *out = hp_palloc(k->pool, 2 * strlen(path) + 1), *o = out;

	for (; *path; path++) {
		if (*path == '.' || *path == '+')
			*o++ = '\\';
		*o++ = *path;
	}
	*o = 0;
	return out;
}

/* The place and all below it: "/a" and "/a/b", but not "/ab". No "$", which not all can write. */
static const char *place_pattern(const struct slots *k, const char *path)
{
	return hp_streq(path, "/") ? "^/" : hp_pprintf(k->pool, "^%s(?![^/])", quoted(k, path));
}

/* Those whose keys are the longest come first, whatever order they were given in. */
static int by_length(const void *a, const void *b)
{
	const char *x = hp_json_key(*(const struct hp_json *const *)a);
	const char *y = hp_json_key(*(const struct hp_json *const *)b);
	size_t n = strlen(x), m = strlen(y);

	return n == m ? strcmp(x, y) : n < m ? 1 : -1;
}

static const struct hp_json **sorted(
	const struct slots *k, const struct hp_json *doc, size_t *ret_n)
{
	const struct hp_json **list, *v;
	size_t n = 0;

	for (v = first(doc); v; v = hp_json_next(v))
		n++;
	list = hp_palloc(k->pool, (n + 1) * sizeof(*list));
	n = 0;
	for (v = first(doc); v; v = hp_json_next(v))
		list[n++] = v;
	if (n)
		qsort(list, n, sizeof(*list), by_length);
	*ret_n = n;
	return list;
}

/* ---- redirects ---- */
static void add_redirect(const struct slots *k, const struct hp_json *v)
{
	const char *from = hp_json_key(v), *text = hp_json_str(v), *to = text + 4;
	bool below = hp_str_ends(from, "/*"), rest = hp_str_ends(to, "/*");
	const char *base = hp_pstrndup(k->pool, from, strlen(from) - below);
	struct hp_tmap *item = hp_tmap_item(k->m,
		!below                        ? "redirects"
			: hp_streq(base, "/") ? "all"
					      : "moves");

	hp_tmap_str(item, "code", hp_pstrndup(k->pool, text, 3));
	hp_tmap_str(item, "to", hp_pstrndup(k->pool, to, strlen(to) - rest));
	/* a target with a query or a fragment of its own has no place for another */
	hp_tmap_bool(item, "query", !strpbrk(to, "?#"));
	hp_tmap_str(item, below ? "below" : "from", base);
	if (!below) {
		hp_tmap_str(item, "exact", hp_pprintf(k->pool, "^%s(?!.)", quoted(k, base)));
		return;
	}
	hp_tmap_str(item, "request", hp_pprintf(k->pool, "^[A-Z]+ %s([^? ]*)", quoted(k, base)));
	hp_tmap_bool(item, "rest", rest);
	hp_tmap_str(item, "pattern",
		hp_pprintf(k->pool, "^%s(?<hosting_panel_rest>[^?]*)", quoted(k, base)));
}

static int add_redirects(const struct slots *k, struct hp_err *err)
{
	struct hp_json *doc _cleanup_json_ = NULL;
	const struct hp_json **list;
	size_t i, n;

	hp_tmap_list(k->m, "redirects");
	hp_tmap_list(k->m, "moves");
	hp_tmap_list(k->m, "all");
	if (members(k, HP_SITE_REDIRECTS, &doc, err) < 0)
		return err->code;
	list = sorted(k, doc, &n);
	for (i = 0; i < n; i++)
		add_redirect(k, list[i]);
	hp_tmap_bool(k->m, "redirected", n > 0);
	return 0;
}

/* ---- other PHP versions ---- */
/*
 * Below such a place its own index file answers what is neither file nor folder, as the website's
 * does elsewhere. Asked through the version's own socket, also where that is the website's version:
 * its stable link may be swung to another one before this vhost counts no more.
 */
static void add_php_path(const struct slots *k, const char *list, const struct hp_json *v,
	const char *fallback)
{
	const char *path = copy(k, hp_json_key(v)), *version = copy(k, hp_json_str(v));
	struct hp_tmap *item = hp_tmap_item(k->m, list);

	hp_tmap_str(item, "path", path);
	hp_tmap_str(item, "path_pattern", place_pattern(k, path));
	hp_tmap_str(item, "path_version", version);
	hp_tmap_str(item, "path_socket", hp_instance_socket(k->pool, version, k->w->user));
	/* a name of the pool's own: Apache keeps what it knows of a socket by it */
	hp_tmap_str(item, "path_pool", hp_pprintf(k->pool, "%s-%s", k->w->user, version));
	hp_tmap_str(item, "path_fallback",
		*fallback ? hp_pprintf(k->pool, "%s%s", path, fallback) : "");
}

/* The longest first, for whoever takes the first that matches; and the other way round. */
static int add_php_paths(const struct slots *k, const char *fallback, struct hp_err *err)
{
	struct hp_json *doc _cleanup_json_ = NULL;
	const struct hp_json **list;
	size_t i, n;

	hp_tmap_list(k->m, "php_paths");
	hp_tmap_list(k->m, "php_paths_rising");
	if (!k->w->php || k->w->suspended)
		return 0;
	if (members(k, HP_SITE_PHP_PATHS, &doc, err) < 0)
		return err->code;
	list = sorted(k, doc, &n);
	for (i = 0; i < n; i++) {
		add_php_path(k, "php_paths", list[i], fallback);
		add_php_path(k, "php_paths_rising", list[n - 1 - i], fallback);
	}
	return 0;
}

/* ---- pages for errors ---- */
static int add_pages(const struct slots *k, struct hp_err *err)
{
	struct hp_json *doc _cleanup_json_ = NULL;
	struct hp_strv seen = {0};
	const struct hp_json *v;
	struct hp_tmap *item;

	hp_tmap_list(k->m, "error_pages");
	hp_tmap_list(k->m, "pages");
	if (members(k, HP_SITE_ERROR_PAGES, &doc, err) < 0)
		return err->code;
	for (v = first(doc); v; v = hp_json_next(v)) {
		const char *page = copy(k, hp_json_str(v));

		item = hp_tmap_item(k->m, "error_pages");
		hp_tmap_str(item, "code", copy(k, hp_json_key(v)));
		hp_tmap_str(item, "page", page);
		if (hp_str_ends(page, ".php") || hp_strv_has(&seen, page))
			continue;
		hp_strv_add_ref(k->pool, &seen, page);
		hp_tmap_str(hp_tmap_item(k->m, "pages"), "page", page);
	}
	return 0;
}

/* ---- headers ---- */
static void add_default(struct hp_pool *pool, struct hp_tmap *m, const struct hp_site_header *h)
{
	struct hp_tmap *item = hp_tmap_item(m, "default_headers");
	char *variable = hp_pstrdup(pool, h->name), *p;

	hp_str_lower(variable);
	for (p = variable; *p; p++)
		if (*p == '-')
			*p = '_';
	hp_tmap_str(item, "name", h->name);
	hp_tmap_str(item, "value", h->value);
	hp_tmap_str(item, "variable", variable);
}

void hp_web_default_headers(struct hp_pool *pool, struct hp_tmap *m)
{
	size_t i;

	hp_tmap_list(m, "default_headers");
	for (i = 0; i < HP_SITE_HEADER_DEFAULTS; i++)
		add_default(pool, m, &hp_site_header_defaults[i]);
}

static int add_headers(const struct slots *k, struct hp_err *err)
{
	bool named[HP_SITE_HEADER_DEFAULTS] = {false};
	struct hp_json *doc _cleanup_json_ = NULL;
	const struct hp_site_header *h;
	const struct hp_json *v;
	struct hp_tmap *item;
	size_t i;

	hp_tmap_list(k->m, "headers");
	hp_tmap_list(k->m, "default_headers");
	if (members(k, HP_SITE_HTTP_SECURITY_HEADERS, &doc, err) < 0)
		return err->code;
	for (v = first(doc); v; v = hp_json_next(v)) {
		h = hp_site_header_default(hp_json_key(v));
		if (h)
			named[h - hp_site_header_defaults] = true;
		if (!*hp_json_str(v))
			continue;
		item = hp_tmap_item(k->m, "headers");
		hp_tmap_str(item, "name", copy(k, hp_json_key(v)));
		hp_tmap_str(item, "value", copy(k, hp_json_str(v)));
	}
	for (i = 0; i < HP_SITE_HEADER_DEFAULTS; i++)
		if (!named[i])
			add_default(k->pool, k->m, &hp_site_header_defaults[i]);
	return 0;
}

/* ---- passwords ---- */
/*
 * The file's name comes from the path, so that a server that still has the old configuration never
 * finds another path's users in it.
 */
static const char *users_file(const struct slots *k, const char *path)
{
	char hex[HP_DIGEST_HEX];

	hp_digest_of(path, strlen(path), hex);
	return hp_pprintf(k->pool, "%s/users/%s@%.16s", k->own, k->w->domain, hex);
}

static void add_realm(const struct slots *k, const struct hp_json *v)
{
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;
	const char *path = copy(k, hp_json_key(v)), *file = users_file(k, path);
	struct hp_tmap *item = hp_tmap_item(k->m, "realms");
	const struct hp_json *user;

	for (user = hp_json_first(v); user; user = hp_json_next(user))
		hp_buf_addf(&text, "%s:%s\n", hp_json_key(user), hp_json_str(user));
	hp_emit_file(k->e, file, HP_EMIT_SECRET_GROUP, hp_part_web_gid(k->x), false, text.s,
		text.len);
	hp_tmap_str(item, "path", path);
	hp_tmap_str(item, "pattern", place_pattern(k, path));
	hp_tmap_str(item, "realm", hp_pprintf(k->pool, "%s%s", k->w->domain, path));
	hp_tmap_str(item, "users", file);
}

static int add_realms(const struct slots *k, struct hp_err *err)
{
	struct hp_json *doc _cleanup_json_ = NULL;
	const struct hp_json **list;
	size_t n;

	hp_tmap_list(k->m, "realms");
	hp_tmap_bool(k->m, "guarded", false);
	if (k->w->suspended)
		return 0;
	if (members(k, HP_SITE_BASIC_AUTH, &doc, err) < 0)
		return err->code;
	list = sorted(k, doc, &n);
	hp_tmap_bool(k->m, "guarded", n);
	while (n--)
		add_realm(k, list[n]);
	return 0;
}

/* ---- places: for a server of which one block alone answers, all that counts in each ---- */
struct places {
	const struct hp_json **realms, **paths; /* the longest first */
	size_t n_realms, n_paths;
	struct hp_strv versions;
	const char *fallback;
};

/* The innermost that this path is in; NULL: it is in none. */
static const struct hp_json *nearest(const struct hp_json **list, size_t n, const char *path)
{
	const char *key;
	size_t i, len;

	for (i = 0; i < n; i++) {
		key = hp_json_key(list[i]);
		len = hp_streq(key, "/") ? 0 : strlen(key);
		if (strncmp(path, key, len) == 0 && (!path[len] || path[len] == '/'))
			return list[i];
	}
	return NULL;
}

/* "8.0" → "php80", a suffix that stands for scripts of that version */
static const char *type_of(const struct slots *k, const char *version)
{
	const char *dot = strchr(version, '.');

	return hp_pprintf(k->pool, "php%.*s%s", (int)(dot - version), version, dot + 1);
}

static void add_version(const struct slots *k, struct places *p, const char *version)
{
	struct hp_tmap *item;

	if (hp_strv_has(&p->versions, version))
		return;
	hp_strv_add(k->pool, &p->versions, version);
	item = hp_tmap_item(k->m, "php_versions");
	hp_tmap_str(item, "type", type_of(k, version));
	hp_tmap_str(item, "pool", hp_pprintf(k->pool, "%s-%s", k->w->user, version));
	hp_tmap_str(item, "pool_socket", hp_instance_socket(k->pool, version, k->w->user));
}

static void add_place(const struct slots *k, struct places *p, const struct hp_json *v)
{
	const char *path = copy(k, hp_json_key(v)), *fallback = "";
	const struct hp_json *realm = nearest(p->realms, p->n_realms, path);
	const struct hp_json *version = nearest(p->paths, p->n_paths, path);
	struct hp_tmap *item = hp_tmap_item(k->m, "places");
	bool whole = hp_streq(path, "/");

	if (version)
		add_version(k, p, hp_json_str(version));
	if (version && hp_streq(hp_json_key(version), path) && *p->fallback)
		fallback = hp_pprintf(k->pool, "%s%s", path, p->fallback);
	else if (whole)
		fallback = p->fallback;
	hp_tmap_bool(item, "whole", whole);
	/* the longest has the smallest, all of as many digits */
	hp_tmap_i64(item, "rank", 9000 - (int64_t)strlen(path));
	hp_tmap_str(item, "pattern", place_pattern(k, path));
	hp_tmap_str(item, "realm",
		realm ? hp_pprintf(k->pool, "%s%s", k->w->domain, hp_json_key(realm)) : "");
	hp_tmap_str(item, "type", version ? type_of(k, hp_json_str(version)) : "");
	hp_tmap_str(item, "fallback", fallback);
}

static int add_places(const struct slots *k, const char *fallback, struct hp_err *err)
{
	struct hp_json *auth _cleanup_json_ = NULL, *php _cleanup_json_ = NULL;
	struct places p = {.fallback = fallback};
	size_t i;

	hp_tmap_list(k->m, "places");
	hp_tmap_list(k->m, "php_versions");
	if (k->w->suspended)
		return 0;
	if (members(k, HP_SITE_BASIC_AUTH, &auth, err) < 0)
		return err->code;
	if (k->w->php && !k->s->v[HP_SITE_PROXY_PORT] &&
		members(k, HP_SITE_PHP_PATHS, &php, err) < 0)
		return err->code;
	p.realms = sorted(k, auth, &p.n_realms);
	p.paths = sorted(k, php, &p.n_paths);
	for (i = 0; i < p.n_paths; i++)
		add_place(k, &p, p.paths[i]);
	for (i = 0; i < p.n_realms; i++)
		if (!php || !hp_json_get(php, hp_json_key(p.realms[i])))
			add_place(k, &p, p.realms[i]);
	return 0;
}

int hp_web_slots(struct hp_engine *x, const struct hp_wish *w, const struct hp_site *s,
	const char *own, struct hp_tmap *m, struct hp_emit *e, struct hp_err *err)
{
	const struct slots k = {
		.x = x, .pool = x->scratch, .w = w, .s = s, .own = own, .m = m, .e = e};
	const char *fallback = "";

	add_root(&k);
	hp_tmap_bool(m, "proxied", s->v[HP_SITE_PROXY_PORT] != NULL);
	hp_tmap_i64(m, "proxy_port", hp_site_i64(s, HP_SITE_PROXY_PORT));
	if (add_index(&k, &fallback, err) < 0 || add_php_paths(&k, fallback, err) < 0 ||
		add_redirects(&k, err) < 0 || add_pages(&k, err) < 0 || add_headers(&k, err) < 0)
		return err->code;
	return add_realms(&k, err) < 0 ? err->code : add_places(&k, fallback, err);
}
