/*
 * Websites out of a web server's own configuration: NGINX (what nginx -T prints, or files) and
 * Apache (files). Read into a tree of directives, and what the panel has a setting for becomes one;
 * the rest is said, a note for each directive, so that nothing is lost in silence.
 *
 * The text is as hostile as whoever wrote it: its size, depth, number of files, directives and
 * includes are bounded, nothing in it is ever run, and only ordinary files are read.
 */
#ifndef HP_NODE_IMPORT_H
#define HP_NODE_IMPORT_H

#include "base/err.h"
#include "base/pool.h"
#include "model/site.h"

#define HP_IMPORT_BYTES ((size_t)64 << 20) /* of all texts together */
#define HP_IMPORT_DIRECTIVES 500000
#define HP_IMPORT_WORDS 4000000
#define HP_IMPORT_DEPTH 64 /* blocks within blocks, includes within includes */
#define HP_IMPORT_INCLUDES 20000

/* ---- what was read ---- */
/* A directive of either server, and what stands in its block. */
struct hp_directive {
	struct hp_directive *next, *parent, *child, *last;
	const char *name;  /* NGINX's as it stands there, Apache's in lower case */
	const char **args; /* without quotes; NULL-terminated */
	unsigned n_args;
	const char *file;
	unsigned line;
	bool block;
	const char *text; /* as it stands in its file, block and all */
	size_t len;
};

/* One that there is no setting for, or a word about one. */
struct hp_note {
	const char *file; /* NULL: of the website as a whole */
	unsigned line;
	const char *domain;     /* NULL: of no website */
	const char *what, *why; /* the directive (cut), and what becomes of it */
	bool kept;              /* it can stand in a hand-made file of the website: in rest */
	bool hint;              /* nothing is lost by it: what to do next */
};

/* ---- what was found ---- */
struct hp_found {
	struct hp_site site; /* v[]: canonical values, NULL where nothing was said; aliases */
	const char *domain;  /* site.v[HP_SITE_DOMAIN] */
	const char *server;  /* "nginx" "apache" */
	const char *root;    /* folder of its documents now, or NULL */
	const char *below;   /* what of it belongs to the site: root, or a folder above it */
	bool tls;            /* it is served over HTTPS: site says so when it has a certificate */
	const char *cert, *key; /* of it, or NULL */
	const char *hsts;       /* hsts_max_age, to be set with ssl_enabled; or NULL */
	struct hp_strv files;   /* that its virtual hosts stand in */
	const char *rest;       /* directives for a hand-made file, or "" */
	bool alone;             /* there is nothing else in those files */
	size_t lost;            /* notes that are neither kept nor hints */
};

struct hp_import_opts {
	const char *sysroot;
	const char *server; /* "nginx" "apache" */
	/*
	 * Text, with the name that its notes bear: the output of nginx -T, or a configuration file.
	 * NULL: the server is asked (NGINX, without a sysroot), or its main file is read.
	 */
	const char *text, *name; /* behind the len bytes of text stands a NUL */
	size_t len;
	bool read_files; /* files that text includes are read, too */
};

struct hp_import {
	struct hp_found *v;
	size_t n;
	struct hp_note *notes;
	size_t n_notes;
};
/*
 * HP_E_CONF "file:line: …": it is not that server's language. HP_E_NOT_FOUND: there is no such
 * server here. HP_E_REFUSED: it refuses its own configuration.
 */
int hp_import(struct hp_pool *pool, const struct hp_import_opts *o, struct hp_import *ret,
	struct hp_err *err);

#endif
