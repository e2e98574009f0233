/*
 * The wrapper: requests in, programs run, answers out. What a request is allowed to do is decided
 * by the program that its route names, which runs as the user who asks (--as); the wrapper only
 * finds out who that is.
 */
#ifndef HP_CGI_CGI_H
#define HP_CGI_CGI_H

#include "cgi/request.h"
#include "base/buf.h"
#include "panel/panel.h"
#include "sys/json.h"
#include "sys/tmpl.h"

/* ---- one process ---- */
struct cgi_server {
	const char *sysroot;
	struct hp_pool *pool;      /* lives as long as the process */
	struct hp_conf *conf;      /* NULL until it could be read */
	struct hp_panel *panel;    /* NULL until it could be opened */
	struct hp_tmpl_set *tmpl;  /* of templates/html */
	unsigned timeout_ms;       /* of a program */
	struct cgi_turns *turns;   /* of those that only read; NULL: everybody at once */
	unsigned worker;           /* this process's number among those that share them */
	struct {
		const char *name, *path;
	} assets[8];               /* page_asset(): "style.css", "/static/style-0123456789ab.css" */
};

/* ---- who asks ---- */
enum cgi_auth { CGI_NOBODY, CGI_BY_SESSION, CGI_BY_KEY };
struct cgi_who {
	enum cgi_auth by;
	const char *username;
	int64_t user_id;
	const char *as;            /* for --as: "alice@192.0.2.1", "key:NAME@192.0.2.1" */
	bool operator;             /* above tenants */
	struct hp_actor actor;     /* as the panel knows him: for what pages offer, no more */
	struct hp_session session; /* CGI_BY_SESSION */
	const char *token;         /* likewise, as in the cookie */
	char csrf[65];             /* likewise: what its forms carry */
};

/* ---- the answer ---- */
struct cgi_answer {
	int status;
	const char *type;          /* NULL: no body */
	struct hp_buf headers;     /* further ones, each ended by CRLF */
	struct hp_buf body;
};

struct cgi {
	struct cgi_server *server;
	struct cgi_request req;
	struct cgi_who who;
	struct cgi_answer ans;
	struct hp_pool *pool;      /* the request's */
	const char *var[4];        /* what stands in the path's {…}, in their order */
	struct hp_json *docs[16];  /* freed with it */
	size_t n_docs;
	bool page;                 /* its route is for people: problems are pages, too */
	bool told;                 /* what the page before left to say is on this one */
};
/* Lives until the request is answered. NULL is allowed. */
void cgi_keep(struct cgi *c, struct hp_json *doc);

/* Name and value of a header; controls in it are a bug. */
void cgi_header(struct cgi *c, const char *name, const char *value);
void cgi_cookie(struct cgi *c, const char *name, const char *value, bool secure, long max_age_s);
/* RFC 9457. code is HP_E_*, field the setting that it is about, or NULL. */
void cgi_problem(struct cgi *c, int status, int code, const char *detail, const char *hint,
	const char *field);
void cgi_problem_err(struct cgi *c, const struct hp_err *err);
/* 303 to a path of ours; with whole, htmx loads all of it and not the main part alone. */
void cgi_redirect(struct cgi *c, const char *path, bool whole);
/* The HTTP status for HP_E_*. */
int cgi_status(int code);
const char *cgi_reason(int status);
void cgi_answer_send(struct cgi *c, struct hp_fcgi *f);

/* ---- who asks: auth.c ---- */
#define CGI_COOKIE "__Host-hp_session" /* over TLS; without it, where the server has none: … */
#define CGI_COOKIE_PLAIN "hp_session"
const char *cgi_cookie_name(const struct cgi *c);
/*
 * Fills c->who. 0; HP_E_DENIED where what was sent is no good (401); HP_E_DB and the like where it
 * can't be told. Nothing sent is CGI_NOBODY and no error.
 */
int cgi_authenticate(struct cgi *c, struct hp_err *err);
/* The panel of this process, opened at the first call, and again after it was lost. */
int cgi_panel(struct cgi *c, struct hp_err *err);
/* Could somebody else's page have sent it? HP_E_DENIED. Asked of whatever changes something. */
int cgi_check_origin(const struct cgi *c, struct hp_err *err);
/* That, and the token of its session in a header or as the form's "csrf". */
int cgi_check_csrf(const struct cgi *c, struct hp_err *err);
/* Did he come in by a password for once? Then he sets one of his own before anything else. */
bool cgi_needs_password(const struct cgi *c);
/* "operator", "admin" … */
const char *cgi_role(const struct cgi *c);
/* What forms that come with token carry. */
void cgi_csrf(const char *token, char ret[65]);

/* ---- a program's run: program.c ---- */
struct cgi_run {
	const char *program, *verb;     /* "hp-site", "set" */
	struct hp_strv args;            /* operands and options, behind the verb */
	const char *in;                 /* for its standard input, or NULL */
	size_t in_len;
};
struct cgi_result {
	int code;                       /* 0 or HP_E_* */
	const char *out;                /* what it printed */
	size_t out_len;
	struct hp_json *json;           /* that, parsed, where cgi_run_json() ran it; or NULL */
	const char *msg, *hint, *field; /* of a failure, without the program's name */
};
/*
 * As who asks, with --json; not in a shell. 0, also where the program says no (ret->code); HP_E_*
 * when it could not be run at all. Its output lives until the request is answered.
 */
int cgi_run(struct cgi *c, const struct cgi_run *r, struct cgi_result *ret, struct hp_err *err);
/* What runs there; NULL where no program does. */
const struct cli_verb *cgi_verb(const char *program, const char *verb);
/* Does the verb have the option? */
bool cgi_has_option(const struct cgi_run *r, const char *option);

struct cgi_route;
/* The route's operands, behind "--": what comes from outside is never taken for an option. */
void cgi_operands(struct cgi *c, const struct cgi_route *r, struct cgi_run *run);

/* ---- routes: route.c ---- */
typedef void cgi_fn(struct cgi *c, const struct cgi_route *r);
enum cgi_route_flag {
	CGI_OPEN = 1 << 0,    /* for everybody, without asking who it is */
	CGI_PAGE = 1 << 1,    /* HTML, for people: sent to log in where they are not */
	CGI_LIST = 1 << 2,    /* rows, in pages */
	CGI_CREATES = 1 << 3, /* 201 */
	CGI_SECRET = 1 << 4,  /* the answer has something that is shown once */
	CGI_MANY = 1 << 5,    /* rows, all of them */
};
struct cgi_route {
	const char *method, *path;      /* "/api/v1/websites/{website}" */
	cgi_fn *fn;                     /* what answers; of the API cgi_api() */
	const char *program, *verb;
	/*
	 * Its operands: words, "{1}" the path's first variable; of a page also "=name", what its
	 * form has there, "@me", who asks, and of a list "?user", from its query; "-": one JSON
	 * line on standard input, the body, with the path's variable as the member named by key.
	 */
	const char *operands;
	/* "domain"; NULL: the body has it, or none. Of a page: its template, or where to go on */
	const char *key;
	/*
	 * What the query may have besides what all have: "php_version=--php status=--status". Of a
	 * page that is not a list: where to go back.
	 */
	const char *query;
	unsigned flags;
	const char *summary;
};
extern const struct cgi_route cgi_routes[];
extern const size_t cgi_n_routes;
/* Is it a path that shows a page, and is not on somebody else's server? */
bool cgi_is_page(struct cgi *c, const char *path);
/*
 * The route, with c->var filled. NULL: no such path (*ret_allow NULL), or not with this method
 * (*ret_allow: those it has, for Allow).
 */
const struct cgi_route *cgi_find_route(struct cgi *c, const char **ret_allow);

/* ---- what answers ---- */
cgi_fn cgi_api;            /* api.c: runs the route's program, answers with its JSON */
cgi_fn cgi_api_index, cgi_me, cgi_openapi;
cgi_fn cgi_health, cgi_ready; /* health.c */

/* ---- pages: page*.c ---- */
void cgi_login_page(struct cgi *c, int status);
cgi_fn page_static, page_login, page_do_login, page_logout;
cgi_fn page_list;    /* rows of the route's program */
cgi_fn page_object;  /* one object */
cgi_fn page_confirm; /* before a verb that wants its name typed */
cgi_fn page_do;      /* a verb */
cgi_fn page_form, page_save; /* one made or changed */
cgi_fn page_user, page_passwd, page_second, page_second_confirm, page_recovery;
cgi_fn page_key_form, page_key_add, page_cert_import;
cgi_fn page_dashboard, page_metrics, page_recent, page_chart;
cgi_fn page_undo_form, page_undo;

/* One request from its beginning to its answer: serve.c. */
void cgi_serve(struct cgi_server *s, struct hp_fcgi *f);

#endif
