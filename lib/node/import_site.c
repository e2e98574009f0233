/* A website put together from what its virtual hosts say, and the notes about the rest. */
#include <stdarg.h>
#include <string.h>
#include <strings.h>

#include "node/import_impl.h"
#include "base/paths.h"
#include "base/str.h"
#include "sys/json.h"

/* The same file is included by many virtual hosts: so far back a note is looked for again. */
#define LOOK_BACK 256

void *hp_import_grow(struct hp_pool *pool, void *v, size_t n, size_t *cap, size_t size)
{
	void *bigger;

	if (n < *cap)
		return v;
	*cap = *cap ? *cap * 2 : 16;
	bigger = hp_palloc(pool, *cap * size);
	if (n)
		memcpy(bigger, v, n * size);
	return bigger;
}

/* ---- notes ---- */
/* "limit_req zone=one burst=5": a directive for people, its block left out. */
static const char *in_words(struct hp_pool *pool, const struct hp_directive *d)
{
	const char *written = d->text ? d->text + strspn(d->text, " \t") : NULL;
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	size_t n = strlen(d->name);
	unsigned i;

	/* Apache's as it was written */
	if (d->text && strncasecmp(written, d->name, n) == 0)
		hp_buf_add(&b, written, n);
	else
		hp_buf_adds(&b, d->name);
	for (i = 0; i < d->n_args && b.len < 100; i++)
		hp_buf_addf(&b, " %s", d->args[i]);
	if (*d->name == '<')
		hp_buf_addc(&b, '>');
	return hp_str_printable(pool, hp_buf_str(&b), 100);
}

static bool is_same(const struct hp_note *a, const struct hp_note *b)
{
	return a->line == b->line && hp_streq(a->file, b->file) && hp_streq(a->domain, b->domain) &&
		hp_streq(a->why, b->why);
}

void hp_import_note(struct hp_reader *r, const struct hp_build *b, const struct hp_directive *d,
	enum hp_fate fate, const char *fmt, ...)
{
	struct hp_note n = {.kept = fate == HP_KEPT, .hint = fate == HP_HINT};
	size_t i;
	va_list ap;

	va_start(ap, fmt);
	n.why = hp_str_printable(r->pool, hp_pvprintf(r->pool, fmt, ap), 400);
	va_end(ap);
	n.domain = b ? b->f.domain : NULL;
	if (d) {
		n.file = hp_str_printable(r->pool, d->file, 400);
		n.line = d->line;
		n.what = in_words(r->pool, d);
	}
	for (i = r->n_notes; i-- > 0 && r->n_notes - i <= LOOK_BACK;)
		if (is_same(&r->notes[i], &n))
			return;
	HP_IMPORT_GROW(r->pool, r->notes, r->n_notes, r->cap_notes);
	r->notes[r->n_notes++] = n;
}

/* Blank lines and blanks at its ends go; the first line's indentation stands for all. */
static void add_text(struct hp_buf *to, const struct hp_directive *d)
{
	size_t n = d->len;

	while (n && strchr(" \t\r\n", d->text[n - 1]))
		n--;
	hp_buf_add(to, d->text, n);
	hp_buf_addc(to, '\n');
}

void hp_import_keep(struct hp_reader *r, struct hp_build *b, const struct hp_directive *d)
{
	const char *place = hp_pprintf(r->pool, "%s:%u", d->file, d->line);

	/* a file that two virtual hosts of one website include is one file here */
	if (hp_strv_has(&b->kept, place))
		return;
	if (b->kept.n >= HP_IMPORT_MEMBERS || !d->text) {
		hp_import_note(r, b, d, HP_LOST, "there is no setting for it");
		return;
	}
	hp_strv_add_ref(r->pool, &b->kept, place);
	hp_buf_addf(&b->rest, "# %s\n", hp_str_printable(r->pool, place, 400));
	add_text(&b->rest, d);
	hp_import_note(r, b, d, HP_KEPT,
		"there is no setting for it; it can stand in " HP_CUSTOM_DIR "/%s/%s/", b->f.domain,
		r->o->server);
}

/* ---- websites by name ---- */
struct hp_build *hp_import_find(struct hp_reader *r, const char *name)
{
	size_t i;

	for (i = 0; i < r->n_sites; i++)
		if (hp_strv_has(&r->sites[i]->names, name))
			return r->sites[i];
	return NULL;
}

struct hp_build *hp_import_build(
	struct hp_reader *r, const struct hp_strv *names, const struct hp_directive *at)
{
	struct hp_build *b = NULL;
	size_t i;

	for (i = 0; i < names->n && !b; i++)
		b = hp_import_find(r, names->v[i]);
	if (!b) {
		b = hp_palloc(r->pool, sizeof(*b));
		b->f.server = r->o->server;
		b->at = at;
		HP_IMPORT_GROW(r->pool, r->sites, r->n_sites, r->cap_sites);
		r->sites[r->n_sites++] = b;
	}
	for (i = 0; i < names->n; i++) {
		const char *name = names->v[i];

		if (hp_import_find(r, name))
			continue;
		hp_strv_add_ref(r->pool, &b->names, name);
		if (!b->f.domain && name[0] != '*')
			b->f.domain = name;
	}
	if (!hp_strv_has(&b->f.files, at->file))
		hp_strv_add_ref(r->pool, &b->f.files, at->file);
	return b;
}

/* ---- settings ---- */
void hp_import_set(struct hp_reader *r, struct hp_build *b, enum hp_site_field field,
	const char *value, const struct hp_directive *d)
{
	const struct hp_field *f = &hp_site_table.fields[field];
	struct hp_err why = HP_ERR_INIT;
	const char *v, *old = b->f.site.v[field];

	if (hp_field_check(r->pool, f, value, strlen(value), &v, &why) < 0)
		hp_import_note(r, b, d, HP_LOST, "%s", why.msg);
	else if (!old)
		b->f.site.v[field] = v;
	else if (!hp_streq(old, v))
		hp_import_note(r, b, d, HP_LOST,
			"%s is %s for this website already, and can't be "
			"%s at once",
			f->name, hp_str_printable(r->pool, old, 60),
			hp_str_printable(r->pool, v, 60));
}

static const enum hp_site_field group_field[HP_GROUPS] = {
	[HP_REDIRECTS] = HP_SITE_REDIRECTS,
	[HP_HEADERS] = HP_SITE_HTTP_SECURITY_HEADERS,
	[HP_ERROR_PAGES] = HP_SITE_ERROR_PAGES,
	[HP_PHP_SETTINGS] = HP_SITE_PHP_SETTINGS,
	[HP_PHP_PATHS] = HP_SITE_PHP_PATHS,
	[HP_AUTH] = HP_SITE_BASIC_AUTH,
};

static const char *one_member(struct hp_pool *pool, const struct hp_member *m)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_jw w;

	hp_jw_init(&w, &b, false);
	hp_jw_obj(&w, NULL);
	if (m->inner) {
		hp_jw_obj(&w, m->key);
		hp_jw_str(&w, m->inner, m->value);
		hp_jw_end(&w, '}');
	} else {
		hp_jw_str(&w, m->key, m->value);
	}
	hp_jw_end(&w, '}');
	return hp_pstrdup(pool, hp_buf_str(&b));
}

void hp_import_member(struct hp_reader *r, struct hp_build *b, enum hp_group group, const char *key,
	const char *inner, const char *value, const struct hp_directive *d)
{
	struct hp_member m = {.key = key, .inner = inner, .value = value, .d = d};
	const struct hp_field *f = &hp_site_table.fields[group_field[group]];
	struct hp_members *l = &b->group[group];
	struct hp_err why = HP_ERR_INIT;
	const char *text = one_member(r->pool, &m);
	size_t i;

	if (hp_field_check(r->pool, f, text, strlen(text), &text, &why) < 0) {
		hp_import_note(r, b, d, HP_LOST, "%s", why.msg);
		return;
	}
	for (i = 0; i < l->n; i++)
		if (hp_streq(l->v[i].key, key) && hp_streq(l->v[i].inner, inner)) {
			if (!hp_streq(l->v[i].value, value))
				hp_import_note(r, b, d, HP_LOST,
					"%s has \"%s\" for this website already", f->name,
					hp_str_printable(r->pool, key, 60));
			return;
		}
	if (l->n >= HP_IMPORT_MEMBERS) {
		hp_import_note(r, b, d, HP_LOST, "%s has too many members already", f->name);
		return;
	}
	HP_IMPORT_GROW(r->pool, l->v, l->n, l->cap);
	l->v[l->n++] = m;
}

/* ---- the end ---- */
/* Members of one key stand together: only a password file has several. */
static void write_group(const struct hp_members *l, struct hp_buf *b)
{
	struct hp_jw w;
	size_t i, j;

	hp_jw_init(&w, b, false);
	hp_jw_obj(&w, NULL);
	for (i = 0; i < l->n; i++) {
		for (j = 0; j < i && !hp_streq(l->v[j].key, l->v[i].key); j++)
			;
		if (j < i)
			continue;
		if (!l->v[i].inner) {
			hp_jw_str(&w, l->v[i].key, l->v[i].value);
			continue;
		}
		hp_jw_obj(&w, l->v[i].key);
		for (j = i; j < l->n; j++)
			if (hp_streq(l->v[j].key, l->v[i].key))
				hp_jw_str(&w, l->v[j].inner, l->v[j].value);
		hp_jw_end(&w, '}');
	}
	hp_jw_end(&w, '}');
}

/* A path with the version of the whole website, which may have stood behind it. */
static void drop_same_php(struct hp_build *b)
{
	struct hp_members *l = &b->group[HP_PHP_PATHS];
	size_t i, n = 0;

	for (i = 0; i < l->n; i++)
		if (!hp_streq(l->v[i].value, b->f.site.v[HP_SITE_PHP_VERSION]))
			l->v[n++] = l->v[i];
	l->n = n;
}

/* One that is too big as a whole, although each member would do. */
static void set_group(struct hp_reader *r, struct hp_build *b, enum hp_group group)
{
	struct hp_buf json _cleanup_buf_ = HP_BUF_INIT;

	if (!b->group[group].n)
		return;
	write_group(&b->group[group], &json);
	hp_import_set(r, b, group_field[group], hp_buf_str(&json), b->group[group].v[0].d);
}

static void set_list(
	struct hp_reader *r, struct hp_build *b, enum hp_site_field field, const struct hp_strv *l)
{
	struct hp_buf json _cleanup_buf_ = HP_BUF_INIT;
	struct hp_jw w;
	size_t i;

	if (!l->n)
		return;
	hp_jw_init(&w, &json, false);
	hp_jw_arr(&w, NULL);
	for (i = 0; i < l->n; i++)
		hp_jw_str(&w, NULL, l->v[i]);
	hp_jw_end(&w, ']');
	hp_import_set(r, b, field, hp_buf_str(&json), b->at);
}

static void set_addresses(struct hp_reader *r, struct hp_build *b)
{
	if (b->closed && !b->allowed.n)
		hp_import_note(r, b, b->closed, HP_LOST,
			"nobody may read this website; once it is there, hp-site suspend closes it");
	/* an address that is allowed where nobody is denied says nothing */
	if (b->closed)
		set_list(r, b, HP_SITE_ALLOWED_IPS, &b->allowed);
	set_list(r, b, HP_SITE_BLOCKED_IPS, &b->blocked);
}

/* Folders that hold many websites: what stands above such a document root is not the site's. */
static bool is_shared(const char *dir)
{
	static const char *const all[] = {"/", "/var/www", "/srv", "/srv/www", "/srv/http", "/home",
		"/usr/share/nginx", "/usr/share/nginx/html", "/var/www/html", "/opt", "/data",
		HP_VHOSTS_DIR, NULL};
	const char *home = hp_str_after(dir, "/home/");

	return hp_import_is_one(all, dir) || (home && !strchr(home, '/'));
}

/* "/srv/shop/public" is a folder of an application that has more than what is served. */
static void split_root(struct hp_reader *r, struct hp_build *b)
{
	static const char *const served[] = {"public", "web", "pub", "httpdocs", "htdocs",
		"public_html", "docroot", "webroot", NULL};
	const char *root = b->f.root, *slash, *own, *rest;

	if (!root)
		return;
	b->f.below = root;
	own = hp_pprintf(r->pool, HP_VHOSTS_DIR "/%s", b->f.domain);
	rest = hp_str_after(root, own);
	if (rest && (*rest == '/' || !*rest)) {
		b->f.below = own;
		if (*rest)
			hp_import_set(r, b, HP_SITE_DOCUMENT_ROOT, rest + 1, b->at);
		return;
	}
	slash = strrchr(root, '/');
	if (slash > root && hp_import_is_one(served, slash + 1)) {
		const char *above = hp_pstrndup(r->pool, root, (size_t)(slash - root));

		if (!is_shared(above)) {
			b->f.below = above;
			hp_import_set(r, b, HP_SITE_DOCUMENT_ROOT, slash + 1, b->at);
		}
	}
	hp_import_note(r, b, NULL, HP_HINT,
		"its documents are in %s and stay there: copy them to " HP_VHOSTS_DIR
		"/%s once the website is made",
		b->f.below, b->f.domain);
}

static void add_aliases(struct hp_reader *r, struct hp_build *b)
{
	size_t i;

	for (i = 0; i < b->names.n; i++) {
		if (hp_streq(b->names.v[i], b->f.domain))
			continue;
		if (b->f.site.aliases.n == HP_SITE_ALIASES_MAX) {
			hp_import_note(r, b, b->at, HP_LOST,
				"a website has at most %d names more: "
				"%s and those behind it are left out",
				HP_SITE_ALIASES_MAX, b->names.v[i]);
			return;
		}
		hp_strv_add_ref(r->pool, &b->f.site.aliases, b->names.v[i]);
	}
	if (b->f.site.aliases.n)
		hp_strv_sort(&b->f.site.aliases);
}

static void set_sizes(struct hp_reader *r, struct hp_build *b)
{
	const char **v = b->f.site.v;
	const char *size;
	uint64_t file;

	if (b->body_at) {
		size = b->body % (1 << 20) == 0
			? hp_pprintf(r->pool, "%lldM", (long long)(b->body >> 20))
			: b->body % 1024 == 0
			? hp_pprintf(r->pool, "%lldK", (long long)(b->body >> 10))
			: hp_pprintf(r->pool, "%lld", (long long)b->body);
		if (!v[HP_SITE_PHP_POST_MAX_SIZE])
			hp_import_set(r, b, HP_SITE_PHP_POST_MAX_SIZE, size, b->body_at);
		if (!v[HP_SITE_PHP_UPLOAD_MAX_FILESIZE])
			hp_import_set(r, b, HP_SITE_PHP_UPLOAD_MAX_FILESIZE, size, b->body_at);
	}
	size = v[HP_SITE_PHP_UPLOAD_MAX_FILESIZE];
	/* where the body's size is not said, it must fit a file of the size that is */
	if (size && !v[HP_SITE_PHP_POST_MAX_SIZE] && hp_parse_size(size, UINT64_MAX, &file) == 0 &&
		file > (uint64_t)64 << 20)
		hp_import_set(r, b, HP_SITE_PHP_POST_MAX_SIZE, size, b->at);
}

/* ssl_enabled waits for a certificate, and what needs it waits with it. */
static void set_tls(struct hp_reader *r, struct hp_build *b)
{
	const char *domain = b->f.domain, *how;

	b->f.tls = b->tls;
	b->f.hsts = b->f.site.v[HP_SITE_HSTS_MAX_AGE];
	b->f.site.v[HP_SITE_HSTS_MAX_AGE] = NULL;
	if (!b->tls)
		return;
	if (b->plain && !b->to_https)
		hp_import_set(r, b, HP_SITE_HTTPS_REDIRECT, "false", b->at);
	how = b->f.cert && b->f.key
		? hp_pprintf(r->pool, "hp-cert import %s %s %s", domain, b->f.cert, b->f.key)
		: hp_pprintf(r->pool, "hp-cert issue %s", domain);
	hp_import_note(r, b, NULL, HP_HINT,
		"it is served over HTTPS; once it is made: %s, and "
		"hp-site set %s ssl_enabled=true%s%s",
		how, domain, b->f.hsts ? " hsts_max_age=" : "", b->f.hsts ? b->f.hsts : "");
}

void hp_import_finish(struct hp_reader *r, struct hp_build *b)
{
	struct hp_site *s = &b->f.site;
	struct hp_err why = HP_ERR_INIT;
	int i;

	s->v[HP_SITE_DOMAIN] = b->f.domain;
	hp_import_set(r, b, HP_SITE_WEB_SERVER, r->o->server, b->at);
	add_aliases(r, b);
	set_addresses(r, b);
	drop_same_php(b);
	for (i = 0; i < HP_GROUPS; i++)
		set_group(r, b, (enum hp_group)i);
	set_sizes(r, b);
	split_root(r, b);
	set_tls(r, b);
	if (hp_site_check(s, &why) < 0)
		hp_import_note(r, b, b->at, HP_LOST, "%s", why.msg);
	b->f.rest = hp_pstrdup(r->pool, hp_buf_str(&b->rest));
	hp_buf_release(&b->rest);
}
