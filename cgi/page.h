/*
 * Pages: HTML for people. Each page works as a plain document; with htmx, which says so in a
 * header, the same template gives what changes of it: the main part and the navigation.
 */
#ifndef HP_CGI_PAGE_H
#define HP_CGI_PAGE_H

#include "cgi/cgi.h"

/* ---- what a template is filled with ---- */
/* What head.html and foot.html want. nav: the entry that this page is under, or "". */
struct hp_tmap *page_data(struct cgi *c, const char *title, const char *nav);
/*
 * The members of an object: null is "", an array or object a list. Items of an array are what their
 * own members say, or "value"; those of an object "key" and "value". A text that no page can show
 * has '?' in the place of what is wrong with it. The document must live as long as m.
 */
void page_json(struct cgi *c, struct hp_tmap *m, const struct hp_json *obj);
/* The items of an array as the list of that name. */
void page_rows(struct cgi *c, struct hp_tmap *m, const char *name, const struct hp_json *arr);
/* A text with '?' for each character that no page can show, whoever sent it; NULL is NULL. */
const char *page_clean(struct cgi *c, const char *s);
/* A JSON value as one text; lists and objects one entry a line ("key = value"). */
const char *page_text(struct cgi *c, const struct hp_json *v);
const char *page_member(struct cgi *c, const struct hp_json *obj, const char *name);

/* What page_go() left for this page: "told" and "told_warn". */
void page_flash(struct cgi *c, struct hp_tmap *m);

/* A unified diff as "has_diff" and the list "diff", a line at a time, each of its own kind. */
void page_diff(struct cgi *c, struct hp_tmap *m, const char *diff);
/* Rows of the audit trail as the list "rows". */
void page_entries(struct cgi *c, const struct cgi_result *res, struct hp_tmap *m);

/* Names "error" and "hint", of what went wrong; "" without. */
void page_error(struct hp_tmap *m, const char *msg, const char *hint);

/* May who asks have this verb with anything at all? What he may not is not offered. */
bool page_may(const struct cgi *c, const char *verb);

/* ---- the answer ---- */
/* templates/html/NAME. */
void page_show(struct cgi *c, int status, const char *name, const struct hp_tmap *m);
/* What went wrong, as a page of its own. */
void page_problem(struct cgi *c, int status, const char *detail, const char *hint);
/* Is the answer for a person's browser, and not for a program? */
bool page_is_wanted(const struct cgi *c);
/* 303 to a path of ours, which then shows the text once. kind: "good" or "warn". */
void page_go(struct cgi *c, const char *path, const char *kind, const char *text);
/* Where to find a file of web/, as its name there says without the digest; "" where it is not. */
const char *page_asset(struct cgi *c, const char *name);
/* The path's part for a name, percent-encoded. */
const char *page_encoded(struct cgi *c, const char *s);

/* ---- programs ---- */
/* Its JSON, where cgi_run() left it as bytes. False: there is none. */
bool page_parse(struct cgi *c, struct cgi_result *res);
/* As cgi_run(), with the JSON read always; where it could not be run, that is the page, and -1. */
int page_run(struct cgi *c, const struct cgi_run *r, struct cgi_result *ret);
/* Likewise, and where it failed, that is the page. */
int page_read(struct cgi *c, const struct cgi_run *r, struct cgi_result *ret);
/* Its one row: of an array of one, too. */
const struct hp_json *page_row(const struct cgi_result *res);
/* Its rows, of a page of them, too. */
const struct hp_json *page_rows_of(const struct cgi_result *res);

/* ---- by the table of routes: page_list.c ---- */
/* The entry of the navigation that a route is under, and its list's template. */
const char *page_section(struct cgi *c, const struct cgi_route *r);
/* "/websites/{1}" with what stands in the request's path. */
const char *page_expanded(struct cgi *c, const char *path);
/* Rows, columns, pages and filters; -1 where the answer is a problem. */
int page_list_data(struct cgi *c, const struct cgi_route *r, struct hp_tmap *m);
/* The object's row; NULL where the answer is a problem. */
const struct hp_json *page_object_data(struct cgi *c, const struct cgi_route *r, struct hp_tmap *m);
/* What a change came to, in a sentence; *ret_kind: "good" or "warn". */
const char *page_outcome(struct cgi *c, const struct cgi_result *res, const char **ret_kind);

/* ---- forms: form.c ---- */
struct page_form {
	const struct hp_field_table *table;
	bool is_new;
	const struct hp_json *row;       /* as it is; NULL: there is none yet */
	const struct cgi_params *given;  /* as it was filled in; NULL: not yet */
	const char *bad, *why;           /* the field that was refused, or NULL */
	const char *const *skip;         /* names that are not for this form, ending with NULL */
	const struct hp_json *versions;  /* rows of hp-php list, or NULL */
};
/* The list "groups" of "fields". */
void form_fill(struct cgi *c, const struct page_form *f, struct hp_tmap *m);
/*
 * Members for what was filled in and is not so already, behind what w has; lists "changes" (label,
 * before, after) and "kept" (name, value: for the next form). Returns how many, or -1 and
 * f->bad and f->why.
 */
int form_changes(struct cgi *c, struct page_form *f, struct hp_jw *w, struct hp_tmap *m);
/* Which of its fields was it that the program refused? Fills bad and why. */
void form_blame(struct cgi *c, struct page_form *f, const struct cgi_result *res);
/* "php_memory_limit": "PHP memory limit" */
const char *form_label(struct cgi *c, const char *name);

#endif
