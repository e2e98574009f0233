/*
 * A request as the web server hands it on (RFC 3875), taken apart once and strictly: what is
 * malformed is refused here, so that nobody behind has to look again.
 */
#ifndef HP_CGI_REQUEST_H
#define HP_CGI_REQUEST_H

#include "base/err.h"
#include "base/pool.h"
#include "sys/fcgi.h"

#define CGI_BODY_MAX (1 << 20) /* bytes; the panel's own NGINX has the same limit */
#define CGI_PARAMS_MAX 256
#define CGI_PATH_MAX 1024

struct cgi_param {
	const char *name, *value;
};
struct cgi_params {
	struct cgi_param *v;
	size_t n;
};
/* NULL: not given. */
const char *cgi_param(const struct cgi_params *l, const char *name);

enum cgi_type { CGI_NO_BODY, CGI_JSON, CGI_FORM, CGI_OTHER };

struct cgi_request {
	struct hp_pool *pool;
	const char *method;  /* GET HEAD POST PUT PATCH DELETE OPTIONS … */
	const char *base;    /* what stands in front of every path of ours ("" or SCRIPT_NAME) */
	const char *path;    /* behind it: absolute, decoded, valid UTF-8 without controls */
	struct cgi_params query, form, cookies;
	enum cgi_type type;
	const char *body;    /* ends with a NUL that does not count */
	size_t body_len;
	const char *address; /* canonical */
	const char *host;    /* as the client named it, with its port; "" for none */
	bool https, htmx;
	/* headers, or NULL */
	const char *authorization, *origin, *fetch_site, *accept, *if_match, *if_none_match,
		*idempotency_key, *csrf;
	char id[33];         /* hexadecimal, new for each request */
};

/* HP_E_USAGE: malformed. *ret_status is the HTTP status for it (400, 411, 413, 414, 415). */
int cgi_request_read(struct hp_pool *pool, struct hp_fcgi *f, struct cgi_request *ret,
	int *ret_status, struct hp_err *err);

/* ---- parsers, for fuzzing and tests, too ---- */
/* application/x-www-form-urlencoded. A name that comes twice is HP_E_USAGE. */
int cgi_parse_form(struct hp_pool *pool, const char *s, size_t n, struct cgi_params *ret,
	struct hp_err *err);
/*
 * RFC 6265 §4.2.1. What is no pair is left out, since other programs of the same host may have set
 * it; the first of one name counts.
 */
void cgi_parse_cookies(struct hp_pool *pool, const char *s, struct cgi_params *ret);

#endif
