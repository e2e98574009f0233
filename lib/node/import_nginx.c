/* NGINX's server blocks: whose they are, which only lead elsewhere, and what stands beside them. */
#include <string.h>

#include "node/import_impl.h"
#include "base/str.h"

enum kind {
	CONTENT,   /* it serves something */
	TO_HTTPS,  /* it leads to the same names over HTTPS */
	ELSEWHERE, /* it leads to another name */
};

struct server {
	const struct hp_directive *d;
	struct hp_strv names;
	bool tls, plain;
	enum kind kind;
	const char *target; /* of ELSEWHERE: "https://example.com" */
	const char *status;
};

struct servers {
	struct server *v;
	size_t n, cap;
};

/* ---- names ---- */
static void take_name(
	struct hp_reader *r, struct server *s, const struct hp_directive *d, const char *name)
{
	const char *bare = name[0] == '.' ? name + 1 : name, *ok;

	if (!*name || hp_streq(name, "_"))
		return;
	ok = hp_import_name(r->pool, bare, name[0] == '*');
	if (!ok) {
		hp_import_note(r, NULL, d, HP_LOST, "“%s” is not the name of a website",
			hp_str_printable(r->pool, name, 80));
		return;
	}
	if (!hp_strv_has(&s->names, ok))
		hp_strv_add_ref(r->pool, &s->names, ok);
	/* ".example.com" is that and all below it */
	if (name[0] == '.' && s->names.n < HP_IMPORT_MEMBERS)
		hp_strv_addf(r->pool, &s->names, "*.%s", ok);
}

static bool is_plain_name(const struct hp_strv *names)
{
	size_t i;

	for (i = 0; i < names->n; i++)
		if (names->v[i][0] != '*')
			return true;
	return false;
}

/* "443 ssl" "[::]:80" "127.0.0.1:8080 default_server": "80" unless it says another port. */
static const char *port_of(const char *listen)
{
	const char *colon = strrchr(listen, ':'), *bracket = strrchr(listen, ']');

	if (hp_str_starts(listen, "unix:"))
		return listen;
	if (colon && (!bracket || colon > bracket))
		return colon + 1;
	return listen[strspn(listen, "0123456789")] ? "80" : listen;
}

static void take_listen(struct hp_reader *r, struct server *s, const struct hp_directive *d)
{
	const char *port = d->n_args ? port_of(d->args[0]) : "80";
	bool ssl = hp_streq(port, "443");
	unsigned i;

	for (i = 1; i < d->n_args; i++)
		ssl |= hp_streq(d->args[i], "ssl");
	s->tls |= ssl;
	s->plain |= !ssl;
	if (!hp_streq(port, ssl ? "443" : "80"))
		hp_import_note(r, NULL, d, HP_LOST,
			"websites are served on ports 80 and 443, not on %s",
			hp_str_printable(r->pool, port, 60));
}

/* ---- what leads elsewhere ---- */
/* "https://$host$request_uri" → "https" and "$host"; what stands behind the host must be all. */
static bool split_target(
	struct hp_pool *pool, const char *url, const char **ret_scheme, const char **ret_host)
{
	static const char *const whole[] = {
		"$request_uri", "$uri$is_args$args", "$1", "/$1", "$uri", NULL};
	const char *s = hp_str_after(url, "https://"), *end;

	*ret_scheme = "https";
	if (!s) {
		s = hp_str_after(url, "http://");
		*ret_scheme = "http";
	}
	if (!s && (s = hp_str_after(url, "$scheme://")))
		*ret_scheme = "$scheme";
	if (!s)
		return false;
	end = s + (*s == '$') + strcspn(s + (*s == '$'), "$/");
	*ret_host = hp_pstrndup(pool, s, (size_t)(end - s));
	if (hp_str_ends(end, "?"))
		end = hp_pstrndup(pool, end, strlen(end) - 1);
	return hp_import_is_one(whole, end);
}

static bool is_own_host(const char *host)
{
	static const char *const all[] = {
		"$host", "$server_name", "$http_host", "$ssl_server_name", NULL};

	return hp_import_is_one(all, host);
}

/* return 301 URL, or rewrite ^ URL permanent: the URL and the status; else NULL. */
static const char *leads_to(const struct hp_directive *d, const char **ret_status)
{
	static const char *const all[] = {"^", "^(.*)", "^(.*)$", "^/(.*)", "^/(.*)$", ".*", NULL};

	if (hp_streq(d->name, "return")) {
		*ret_status = d->n_args == 2 ? d->args[0] : "302";
		if (d->n_args == 2 && d->args[0][0] == '3')
			return d->args[1];
		return d->n_args == 1 && d->args[0][0] == 'h' ? d->args[0] : NULL;
	}
	if (!hp_streq(d->name, "rewrite") || d->n_args < 2 || !hp_import_is_one(all, d->args[0]))
		return NULL;
	*ret_status = hp_import_arg_is(d, 2, "permanent") ? "301" : "302";
	return d->args[1];
}

static bool is_scaffold(const struct hp_directive *d)
{
	static const char *const all[] = {"listen", "server_name", "root", "index", "access_log",
		"error_log", "server_tokens", "include", "http2", "add_header", "charset", NULL};

	return hp_import_is_one(all, d->name) || hp_str_starts(d->name, "ssl_") ||
		(hp_streq(d->name, "location") && d->n_args &&
			strstr(d->args[d->n_args - 1], "/.well-known/"));
}

/* "location / { return …; }", "if ($host = a) { return …; }": what is in it instead. */
static const struct hp_directive *only_child(const struct hp_directive *d)
{
	bool through = hp_streq(d->name, "if") ||
		(hp_streq(d->name, "location") && d->n_args == 1 && hp_streq(d->args[0], "/"));

	return through && d->child && !d->child->next ? d->child : NULL;
}

static void classify(struct hp_reader *r, struct server *s)
{
	const char *url = NULL, *status = NULL, *scheme, *host;
	const struct hp_directive *d, *in;

	for (d = s->d->child; d; d = d->next) {
		const char *one;

		if (is_scaffold(d))
			continue;
		in = only_child(d);
		one = leads_to(in ? in : d, &status);
		/* certbot's: behind its ifs stands what never happens */
		if (!one && url && hp_streq(d->name, "return"))
			continue;
		if (!one || (url && !hp_streq(one, url)))
			return;
		url = one;
	}
	if (!url || !split_target(r->pool, url, &scheme, &host))
		return;
	if (is_own_host(host) || hp_strv_has(&s->names, host)) {
		if (s->plain && !s->tls && hp_streq(scheme, "https"))
			s->kind = TO_HTTPS;
		return;
	}
	if (host[0] == '$' || !hp_import_name(r->pool, host, false))
		return;
	s->kind = ELSEWHERE;
	s->status = status;
	s->target = hp_pprintf(r->pool, "%s://%s", hp_streq(scheme, "$scheme") ? "https" : scheme,
		hp_import_name(r->pool, host, false));
}

/* ---- collecting ---- */
static void take_server(struct hp_reader *r, struct servers *l, const struct hp_directive *d)
{
	struct server s = {.d = d};
	const struct hp_directive *c;
	unsigned i;

	if (hp_import_is_ours(r, d->file)) {
		hp_import_note(r, NULL, d, HP_HINT, "hosting-panel wrote it");
		return;
	}
	for (c = d->child; c; c = c->next)
		for (i = 0; hp_streq(c->name, "server_name") && i < c->n_args; i++)
			take_name(r, &s, c, c->args[i]);
	if (!is_plain_name(&s.names)) {
		hp_import_note(r, NULL, d, HP_HINT,
			"no domain is its name: it answers for what nobody else does");
		return;
	}
	for (c = d->child; c; c = c->next)
		if (hp_streq(c->name, "listen"))
			take_listen(r, &s, c);
	s.plain |= !s.tls;
	classify(r, &s);
	HP_IMPORT_GROW(r->pool, l->v, l->n, l->cap);
	l->v[l->n++] = s;
}

/* What stands beside servers in http: those that concern all websites, and are nobody's loss. */
static bool is_common(const struct hp_directive *d)
{
	static const char *const all[] = {"server", "include", "sendfile", "tcp_nopush",
		"tcp_nodelay", "types_hash_max_size", "types_hash_bucket_size",
		"server_names_hash_max_size", "server_names_hash_bucket_size", "server_tokens",
		"default_type", "access_log", "error_log", "log_format", "keepalive_timeout",
		"types", "charset", "upstream", "root", "index", "add_header", "expires", "allow",
		"deny", "error_page", "auth_basic", "auth_basic_user_file", "client_max_body_size",
		NULL};

	return hp_import_is_one(all, d->name) || hp_str_starts(d->name, "ssl_") ||
		hp_str_starts(d->name, "gzip");
}

static void take_http(struct hp_reader *r, struct servers *l, const struct hp_directive *http)
{
	const struct hp_directive *d;

	for (d = http->child; d; d = d->next) {
		if (hp_streq(d->name, "server"))
			take_server(r, l, d);
		else if (!is_common(d) && !hp_import_is_ours(r, d->file))
			hp_import_note(r, NULL, d, HP_HINT,
				"it stands outside of websites and stays where it is");
	}
}

static void take_main(struct hp_reader *r, struct servers *l, const struct hp_directive *root,
	const struct hp_directive **ret_http)
{
	static const char *const other[] = {"stream", "mail", "rtmp", NULL};
	const struct hp_directive *d;

	for (d = root->child; d; d = d->next) {
		if (hp_streq(d->name, "http")) {
			*ret_http = d;
			take_http(r, l, d);
		} else if (hp_import_is_one(other, d->name)) {
			hp_import_note(r, NULL, d, HP_LOST, "what is in it are no websites");
		}
	}
	/* a virtual host's file alone, as it stands in sites-available */
	if (!*ret_http) {
		*ret_http = root;
		take_http(r, l, root);
	}
}

/* ---- what they are ---- */
static void take_to_https(struct hp_reader *r, const struct server *s)
{
	struct hp_build *b;
	size_t i;

	for (i = 0; i < s->names.n; i++) {
		b = hp_import_find(r, s->names.v[i]);
		if (b)
			b->to_https = true;
		else
			hp_import_note(r, NULL, s->d, HP_LOST,
				"%s leads to HTTPS, but nothing serves it there", s->names.v[i]);
		if (b && !hp_strv_has(&b->f.files, s->d->file))
			hp_strv_add_ref(r->pool, &b->f.files, s->d->file);
	}
}

/* A name that leads elsewhere is a website of its own, with that as its only setting. */
static void take_elsewhere(struct hp_reader *r, const struct server *s)
{
	struct hp_build *b = hp_import_find(r, s->names.v[0]);

	if (b && !hp_streq(b->f.domain, s->names.v[0])) {
		hp_import_note(r, b, s->d, HP_LOST, "%s leads to %s, but is a name of this website",
			s->names.v[0], s->target);
		return;
	}
	b = hp_import_build(r, &s->names, s->d);
	if (!b->f.domain)
		return;
	b->tls |= s->tls;
	b->plain |= s->plain;
	hp_import_redirect(r, b, "/*", s->status, hp_pprintf(r->pool, "%s/*", s->target), s->d);
	hp_import_nginx_server(r, b, s->d, NULL);
}

void hp_import_nginx(struct hp_reader *r, const struct hp_directive *root)
{
	const struct hp_directive *http = NULL;
	struct servers l = {0};
	struct hp_build *b;
	size_t i, pass;

	take_main(r, &l, root, &http);
	/* in the order of the files, although what is served over HTTPS is looked at first */
	for (i = 0; i < l.n; i++)
		if (l.v[i].kind == CONTENT)
			hp_import_build(r, &l.v[i].names, l.v[i].d);
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < l.n; i++) {
			if (l.v[i].kind != CONTENT || l.v[i].tls != (pass == 0))
				continue;
			b = hp_import_build(r, &l.v[i].names, l.v[i].d);
			if (!b->f.domain)
				continue;
			b->tls |= l.v[i].tls;
			b->plain |= l.v[i].plain;
			hp_import_nginx_server(r, b, l.v[i].d, http);
		}
	for (i = 0; i < l.n; i++)
		if (l.v[i].kind == ELSEWHERE)
			take_elsewhere(r, &l.v[i]);
	for (i = 0; i < l.n; i++)
		if (l.v[i].kind == TO_HTTPS)
			take_to_https(r, &l.v[i]);
}
