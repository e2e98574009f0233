/*
 * Templates: a mustache subset. {{x}} {{#list}}…{{/list}} {{^empty}}…{{/empty}}
 * {{>part}} {{! comment }}, and typed slots {{x|domain}}. A section over a bool,
 * number or string is taken when it is true / not 0 / not empty; over a list once for each
 * item, whose names shadow the outer ones. A tag alone on its line takes the
 * line with it. Parsed once, rendered often.
 *
 * The folder fixes the escaper (templates/nginx → nginx). An escaper writes the
 * value so that the target's grammar reads it back as one value, or refuses it
 * (HP_E_USAGE) where the grammar has no such writing. A name that is missing in
 * the data is HP_E_BUG with file:line; a template that cannot be parsed is HP_E_CONF.
 * Escaper "text" refuses control characters only.
 *
 * nginx, apache, php-fpm and systemd: {{x}} writes the value WITH its quotes, so
 * a template has none: `root {{root}};`. Where a quoted value is not understood
 * or stands within a longer word, a slot writes it unquoted or refuses it:
 * `server_name {{domain|domain}};`, `fastcgi_pass unix:{{socket|path}};`. In
 * openlitespeed, which has no quotes, {{x}} takes plain words only.
 * Numbers set by hp_tmap_i64() are written as digits. Only sections take a bool.
 *
 * Slots: domain (A-labels, may begin with "*."), path (absolute, clean, no blanks),
 * ident, int, size (256M), time (30s), word ([A-Za-z0-9_./+:-]), cidr, user; in apache also
 * percent: quoted, each '%' doubled, for directives that take a format; and for mod_rewrite,
 * regex (a pattern, quoted) and rewrite (the beginning of a substitution, unquoted). In html
 * also url: percent-encoded, a part of a path or of a query.
 */
#ifndef HP_SYS_TMPL_H
#define HP_SYS_TMPL_H

#include "base/err.h"
#include "base/buf.h"
#include "base/pool.h"

/* ---- data: a map of names to values, in a pool ---- */
struct hp_tmap;
struct hp_tmap *hp_tmap_new(struct hp_pool *pool) HP_NONNULL_RET;
/* Names and v are kept by reference; NULL = "". Setting a name again replaces its value. */
void hp_tmap_str(struct hp_tmap *m, const char *name, const char *v);
void hp_tmap_i64(struct hp_tmap *m, const char *name, int64_t v);
void hp_tmap_bool(struct hp_tmap *m, const char *name, bool v);
void hp_tmap_list(struct hp_tmap *m, const char *name);            /* an empty list */
struct hp_tmap *hp_tmap_item(struct hp_tmap *m, const char *name); /* append an item to that list */

/* ---- templates ---- */
struct hp_tmpl;
struct hp_tmpl_set; /* where templates are looked up, and what was parsed already */

/*
 * dirs: folders searched in order (overrides first), each holding <format>/<name>.
 * A file in an overriding folder wins. Lives in pool.
 */
struct hp_tmpl_set *hp_tmpl_set_new(struct hp_pool *pool, const char *const *dirs) HP_NONNULL_RET;
/* format is the folder ("nginx"), name the file ("site.conf"). Cached in the set. */
int hp_tmpl_get(struct hp_tmpl_set *set, const char *format, const char *name,
	const struct hp_tmpl **ret, struct hp_err *err);
/* From text (tests, fuzzing). Partials are looked up in set, which may be NULL. */
int hp_tmpl_parse(struct hp_pool *pool, struct hp_tmpl_set *set, const char *format,
	const char *name, const char *text, size_t n, const struct hp_tmpl **ret,
	struct hp_err *err);
/* Appends to out; after an error out is as it was. */
int hp_tmpl_render(const struct hp_tmpl *t, const struct hp_tmap *data, struct hp_buf *out,
	struct hp_err *err);
/* SHA-256 over the template and its partials: the identity of what it would render. */
const char *hp_tmpl_digest(const struct hp_tmpl *t);

/* ---- escapers ---- */
/* slot is the text behind '|', or NULL. */
typedef int hp_escape_fn(struct hp_buf *out, const char *v, const char *slot, struct hp_err *err);
/* nginx apache openlitespeed php-fpm systemd html text; NULL when unknown. */
hp_escape_fn *hp_escaper(const char *format);

#endif
