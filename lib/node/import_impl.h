/* What the files of the import share. */
#ifndef HP_NODE_IMPORT_IMPL_H
#define HP_NODE_IMPORT_IMPL_H

#include "base/buf.h"
#include "node/import.h"

/* Of one website; more is said and not taken. */
#define HP_IMPORT_MEMBERS 1024

/* A member of a JSON object, or of an object within it. */
struct hp_member {
	const char *key, *inner; /* inner NULL: the value is the key's own */
	const char *value;
	const struct hp_directive *d;
};
struct hp_members {
	struct hp_member *v;
	size_t n, cap;
};

struct hp_text {
	const char *name, *text;
	size_t len;
};

enum hp_group {
	HP_REDIRECTS,
	HP_HEADERS,
	HP_ERROR_PAGES,
	HP_PHP_SETTINGS,
	HP_PHP_PATHS,
	HP_AUTH,
	HP_GROUPS
};

/* A website while it is put together. */
struct hp_build {
	struct hp_found f;
	struct hp_strv names; /* canonical */
	struct hp_strv allowed, blocked;
	struct hp_members group[HP_GROUPS];
	struct hp_buf rest;
	struct hp_strv kept;               /* "file:line" of what is in rest */
	bool tls, plain;                   /* content over HTTPS, over HTTP */
	bool to_https;                     /* HTTP is led to HTTPS */
	const struct hp_directive *closed; /* "deny all" */
	int64_t body;                      /* largest request body in bytes; of what body_at says */
	const struct hp_directive *body_at;
	const struct hp_directive *at; /* its first virtual host */
};

struct hp_reader {
	const struct hp_import_opts *o;
	struct hp_pool *pool;
	struct hp_text *texts; /* given, or read before */
	size_t n_texts, cap_texts;
	bool disk; /* files may be read */
	size_t bytes, directives, words, includes;
	const char *prefix; /* folder that includes are relative to */
	/* Apache */
	struct hp_strv modules; /* "ssl_module" "mod_ssl.c" */
	bool modules_known;
	struct hp_members defines;
	struct hp_directive **served; /* virtual hosts that Apache says it has */
	size_t n_served, cap_served;
	/* what came out */
	struct hp_build **sites;
	size_t n_sites, cap_sites;
	struct hp_note *notes;
	size_t n_notes, cap_notes;
};

/* Room for one more in an array of the pool. */
void *hp_import_grow(struct hp_pool *pool, void *v, size_t n, size_t *cap, size_t size);
#define HP_IMPORT_GROW(pool, v, n, cap) ((v) = hp_import_grow(pool, v, n, &(cap), sizeof(*(v))))

/* ---- import_text.c: files ---- */
void hp_import_add_text(struct hp_reader *r, const char *name, const char *text, size_t len);
/* A file's text, given or from the disk. HP_E_NOT_FOUND; HP_E_CONF: no ordinary file, too big. */
int hp_import_text(struct hp_reader *r, const char *path, struct hp_text *ret, struct hp_err *err);
/* Names that a pattern stands for, sorted. One without * ? [ stands for itself. */
int hp_import_glob(
	struct hp_reader *r, const char *pattern, struct hp_strv *ret, struct hp_err *err);
/* path, or what it is relative to r->prefix. */
const char *hp_import_absolute(struct hp_reader *r, const char *path);
/* Was the file written by the panel itself? */
bool hp_import_is_ours(struct hp_reader *r, const char *file);

/* ---- the grammars ---- */
/* A new directive at the end of parent (or NULL: of nobody). HP_E_CONF when there are too many. */
int hp_import_directive(struct hp_reader *r, struct hp_directive *parent, const char *file,
	unsigned line, const char *const *words, size_t n, struct hp_directive **ret,
	struct hp_err *err);
/* Read a text into the block root. depth is that of includes. */
int hp_import_parse_nginx(struct hp_reader *r, const struct hp_text *t, struct hp_directive *root,
	unsigned depth, struct hp_err *err);
int hp_import_parse_apache(struct hp_reader *r, const struct hp_text *t, struct hp_directive *root,
	unsigned depth, struct hp_err *err);

/* import_apache_ask.c: does it take its configuration, and what does it serve? HP_E_REFUSED. */
int hp_import_ask_apache(struct hp_reader *r, struct hp_err *err);
/* What it serves and we have not found. */
void hp_import_missed_apache(struct hp_reader *r, const struct hp_directive *root);

/* ---- what they mean ---- */
void hp_import_nginx(struct hp_reader *r, const struct hp_directive *root);
void hp_import_apache(struct hp_reader *r, const struct hp_directive *root);

/* import_apache_map.c: the directives of one virtual host, those outside that it inherits. */
void hp_import_apache_vhost(struct hp_reader *r, struct hp_build *b,
	const struct hp_directive *vhost, const struct hp_directive *root);
/* One directive as if it stood in the virtual host itself. */
void hp_import_apache_directive(
	struct hp_reader *r, struct hp_build *b, const struct hp_directive *d);
/* import_nginx_map.c: the directives of one server block, those of http that it inherits. */
void hp_import_nginx_server(struct hp_reader *r, struct hp_build *b,
	const struct hp_directive *server, const struct hp_directive *http);
/* import_nginx_location.c */
void hp_import_nginx_location(struct hp_reader *r, struct hp_build *b,
	const struct hp_directive *loc, const struct hp_directive *http);
/* One directive as if it stood in the server's own block, which it does for path "/". */
void hp_import_nginx_directive(struct hp_reader *r, struct hp_build *b,
	const struct hp_directive *d, const struct hp_directive *http, bool in_root);
/* "10m" "1h" "30d", plain number = seconds; -1: it is none. Sizes likewise, in bytes. */
int64_t hp_import_nginx_time(const char *s);
int64_t hp_import_nginx_size(const char *s);

/* ---- import_site.c: putting a website together ---- */
enum hp_fate {
	HP_LOST, /* nothing says it now */
	HP_KEPT, /* it is in the directives for a hand-made file */
	HP_HINT, /* nothing is lost: the panel has its own, or what to do next */
};
void hp_import_note(struct hp_reader *r, const struct hp_build *b, const struct hp_directive *d,
	enum hp_fate fate, const char *fmt, ...) HP_PRINTF(5, 6);
/* There is no setting for it: into the hand-made file, and said. */
void hp_import_keep(struct hp_reader *r, struct hp_build *b, const struct hp_directive *d);
struct hp_build *hp_import_find(struct hp_reader *r, const char *name);
/* The website that has one of names, or a new one; it gets those of them that nobody has. */
struct hp_build *hp_import_build(
	struct hp_reader *r, const struct hp_strv *names, const struct hp_directive *at);
/* A setting. A second, different value is a note, and so is one that the field does not take. */
void hp_import_set(struct hp_reader *r, struct hp_build *b, enum hp_site_field field,
	const char *value, const struct hp_directive *d);
/* The same for a member of a JSON object. */
void hp_import_member(struct hp_reader *r, struct hp_build *b, enum hp_group group, const char *key,
	const char *inner, const char *value, const struct hp_directive *d);
/* All of it into f, as JSON where it is; r's notes are final then. */
void hp_import_finish(struct hp_reader *r, struct hp_build *b);

/* ---- import_parts.c: what both servers have, said differently ---- */
bool hp_import_set_i64(struct hp_reader *r, struct hp_build *b, enum hp_site_field field,
	int64_t value, const struct hp_directive *d);
/* "/run/php/php8.2-fpm.sock" → "8.2"; NULL when no version shows. */
const char *hp_import_php_version(struct hp_pool *pool, const char *path);
/* A php.ini setting: into the panel's own where it has one. */
void hp_import_ini(struct hp_reader *r, struct hp_build *b, const char *name, const char *value,
	const struct hp_directive *d);
/* A response header. False when it can't be one of the panel's. */
bool hp_import_header(struct hp_reader *r, struct hp_build *b, const char *name, const char *value,
	const struct hp_directive *d);
/* from as the setting has it, perhaps with a star. False when there is no such redirect. */
bool hp_import_redirect(struct hp_reader *r, struct hp_build *b, const char *from,
	const char *status, const char *to, const struct hp_directive *d);
/* "^/old/?$" of a regular expression: the one path that it means, or NULL. */
const char *hp_import_plain_regex(struct hp_pool *pool, const char *re);
/* Users of a password file, for a path. */
void hp_import_auth(struct hp_reader *r, struct hp_build *b, const char *path, const char *file,
	const struct hp_directive *d);
/* Largest request body in bytes; 0: no limit. */
void hp_import_body(
	struct hp_reader *r, struct hp_build *b, int64_t bytes, const struct hp_directive *d);
void hp_import_ttl(
	struct hp_reader *r, struct hp_build *b, int64_t seconds, const struct hp_directive *d);
/* mod_expires' "access plus 1 month 2 days", "A2592000": seconds; -1: it is none. */
int64_t hp_import_apache_time(struct hp_pool *pool, const char *s);
void hp_import_root(
	struct hp_reader *r, struct hp_build *b, const char *path, const struct hp_directive *d);
void hp_import_cert(struct hp_reader *r, struct hp_build *b, bool key, const char *path,
	const struct hp_directive *d);
void hp_import_index(struct hp_reader *r, struct hp_build *b, const struct hp_directive *d);
/* "http://127.0.0.1:3000/" → 3000; 0: it is not a port of this machine. */
int hp_import_local_port(const char *url);
/* A name out of either server's lists in canonical form, or NULL. */
const char *hp_import_name(struct hp_pool *pool, const char *name, bool wildcard);
bool hp_import_arg_is(const struct hp_directive *d, unsigned i, const char *value);
/* Does a directive of that name stand in block itself? */
bool hp_import_says(const struct hp_directive *block, const char *name);
/* Is name one of list (NULL at its end)? */
bool hp_import_is_one(const char *const *list, const char *name);

/* A directive, and what is done with it; each server has its own struct ctx. */
struct ctx;
struct hp_handler {
	const char *name;
	void (*fn)(const struct ctx *c);
	bool inherited; /* counts also where it stands outside of the virtual host */
};
/* The row of that name in a table of n, or NULL. */
const struct hp_handler *hp_import_handler(
	const struct hp_handler *v, size_t n, const char *name);

#endif
