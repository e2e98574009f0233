/* One server block of NGINX: each of its directives is a setting, goes on by itself, or is said. */
#include <string.h>

#include "node/import_impl.h"
#include "base/str.h"

/* ---- numbers ---- */
int64_t hp_import_nginx_size(const char *s)
{
	static const char units[] = "kmg";
	size_t n = strspn(s, "0123456789");
	const char *unit;
	int64_t v = 0;
	size_t i;

	if (!n || n > 15)
		return -1;
	for (i = 0; i < n; i++)
		v = v * 10 + (s[i] - '0');
	if (!s[n])
		return v;
	unit = s[n + 1] ? NULL : strchr(units, s[n] | 0x20);
	if (!unit || v > (int64_t)1 << 32)
		return -1;
	return v << (10 * (unit - units + 1));
}

int64_t hp_import_nginx_time(const char *s)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}, {'M', 2592000},
		{'y', 31536000}};
	int64_t sum = 0, v;
	size_t n, i;

	if (!*s)
		return -1;
	while (*s) {
		n = strspn(s, "0123456789");
		if (!n || n > 10)
			return -1;
		for (v = 0; n--; s++)
			v = v * 10 + (*s - '0');
		if (s[0] == 'm' && s[1] == 's') {
			s += 2;
			v = v / 1000;
		} else if (*s) {
			for (i = 0; i < HP_ARRAY_SIZE(units) && units[i].unit != *s; i++)
				;
			if (i == HP_ARRAY_SIZE(units))
				return -1;
			v *= units[i].seconds;
			s++;
		}
		sum += v;
		if (sum > (int64_t)1 << 40)
			return -1;
		s += *s == ' ';
	}
	return sum;
}

/* ---- one directive each ---- */
struct ctx {
	struct hp_reader *r;
	struct hp_build *b;
	const struct hp_directive *d, *http;
	bool in_root; /* it stands in "location /": nothing of it can stand in a hand-made file */
};

static void lost(const struct ctx *c, const char *why)
{
	hp_import_note(c->r, c->b, c->d, HP_LOST, "%s", why);
}

static void on_root(const struct ctx *c)
{
	if (c->d->n_args == 1)
		hp_import_root(c->r, c->b, c->d->args[0], c->d);
}

static void on_index(const struct ctx *c)
{
	hp_import_index(c->r, c->b, c->d);
}

static void on_body(const struct ctx *c)
{
	hp_import_body(c->r, c->b, c->d->n_args ? hp_import_nginx_size(c->d->args[0]) : -1, c->d);
}

static void on_gzip(const struct ctx *c)
{
	hp_import_set(c->r, c->b, HP_SITE_GZIP_ENABLED,
		hp_import_arg_is(c->d, 0, "on") ? "true" : "false", c->d);
}

static void on_header(const struct ctx *c)
{
	if (c->d->n_args >= 2 && hp_import_header(c->r, c->b, c->d->args[0], c->d->args[1], c->d))
		return;
	if (c->in_root)
		lost(c, "the value of a header is the same for every request");
	else
		hp_import_keep(c->r, c->b, c->d);
}

static void on_expires(const struct ctx *c)
{
	const char *v = c->d->n_args ? c->d->args[c->d->n_args - 1] : "";

	if (hp_streq(v, "max"))
		hp_import_ttl(c->r, c->b, INT32_MAX, c->d);
	else if (hp_import_nginx_time(v) >= 0)
		hp_import_ttl(c->r, c->b, hp_import_nginx_time(v), c->d);
	else if (!hp_streq(v, "off") && !hp_streq(v, "epoch") && v[0] != '-')
		lost(c, "there is no setting for it");
}

static void on_allow(const struct ctx *c)
{
	struct hp_build *b = c->b;
	bool deny = hp_streq(c->d->name, "deny");
	const char *v = c->d->n_args ? c->d->args[0] : "";

	if (hp_streq(v, "all")) {
		if (deny)
			b->closed = c->d;
		return;
	}
	if (hp_streq(v, "unix:"))
		lost(c, "websites are asked over IP");
	else if (deny && b->allowed.n)
		lost(c,
			"an address in allowed_ips, which come first here, could be one in it: "
			"blocked_ips come first");
	else if (!hp_strv_has(deny ? &b->blocked : &b->allowed, v))
		hp_strv_add_ref(c->r->pool, deny ? &b->blocked : &b->allowed, v);
}

static void on_error_page(const struct ctx *c)
{
	const char *page = c->d->n_args ? c->d->args[c->d->n_args - 1] : "";
	unsigned i;

	for (i = 0; i + 1 < c->d->n_args; i++)
		if (c->d->args[i][0] == '=' || page[0] != '/') {
			if (c->in_root)
				lost(c, "there is no setting for it");
			else
				hp_import_keep(c->r, c->b, c->d);
			return;
		}
	for (i = 0; i + 1 < c->d->n_args; i++)
		hp_import_member(c->r, c->b, HP_ERROR_PAGES, c->d->args[i], NULL, page, c->d);
}

static void on_auth_file(const struct ctx *c)
{
	const struct hp_directive *d;

	for (d = c->d->parent->child; d; d = d->next)
		if (hp_streq(d->name, "auth_basic") && hp_import_arg_is(d, 0, "off"))
			return;
	if (c->d->n_args)
		hp_import_auth(c->r, c->b, "/", hp_import_absolute(c->r, c->d->args[0]), c->d);
}

static void on_cert(const struct ctx *c)
{
	if (c->d->n_args)
		hp_import_cert(c->r, c->b, hp_streq(c->d->name, "ssl_certificate_key"),
			c->d->args[0], c->d);
}

/* rewrite ^/old$ /new permanent; of a whole path, without a variable */
static void on_rewrite(const struct ctx *c)
{
	const char *from = c->d->n_args ? hp_import_plain_regex(c->r->pool, c->d->args[0]) : NULL;
	const char *status = hp_import_arg_is(c->d, 2, "permanent") ? "301"
		: hp_import_arg_is(c->d, 2, "redirect")             ? "302"
								    : NULL;

	if (from && status && hp_import_redirect(c->r, c->b, from, status, c->d->args[1], c->d))
		return;
	if (c->in_root)
		lost(c, "in “location /”, which is the panel's own, it can't stand");
	else
		hp_import_keep(c->r, c->b, c->d);
}

/* What leads from HTTP to HTTPS within a block that serves both, or is certbot's. */
static void on_if(const struct ctx *c)
{
	const struct hp_directive *in = c->d->child;
	const char *to = in && !in->next && hp_streq(in->name, "return") && in->n_args == 2
		? hp_str_after(in->args[1], "https://")
		: NULL;

	if (to &&
		(hp_str_starts(to, "$host$") || hp_str_starts(to, "$server_name$") ||
			hp_str_starts(to, "$http_host$")))
		c->b->to_https = true;
	else if (c->in_root)
		lost(c, "in “location /”, which is the panel's own, it can't stand");
	else
		hp_import_keep(c->r, c->b, c->d);
}

static void on_try_files(const struct ctx *c)
{
	const char *last = c->d->n_args ? c->d->args[c->d->n_args - 1] : "";
	const struct hp_directive *d = c->d;
	unsigned i;

	for (i = 0; i + 1 < d->n_args; i++)
		if (!hp_streq(d->args[i], "$uri") && !hp_streq(d->args[i], "$uri/") &&
			!hp_streq(d->args[i], "/index.php"))
			break;
	/* the file, the folder, then index.php or 404: as the panel does */
	if (i + 1 == d->n_args && (hp_streq(last, "=404") || hp_str_starts(last, "/index.php")))
		return;
	lost(c, "what is not there is for index.php, where a website has PHP, else it is 404");
}

static void on_return(const struct ctx *c)
{
	lost(c, "nothing of the website would be served; hp-site suspend answers 503");
}

static void on_proxy(const struct ctx *c)
{
	int port = c->d->n_args ? hp_import_local_port(c->d->args[0]) : 0;
	const struct hp_directive *d, *s, *member = NULL;
	const char *host = c->d->n_args ? hp_str_after(c->d->args[0], "http://") : NULL;
	size_t n = 0;

	/* upstream NAME { server 127.0.0.1:3000; } */
	for (d = c->http ? c->http->child : NULL; d && host && !port; d = d->next) {
		if (!hp_streq(d->name, "upstream") || !d->n_args ||
			!hp_streq(d->args[0], hp_pstrndup(c->r->pool, host, strcspn(host, "/"))))
			continue;
		for (s = d->child; s; s = s->next)
			if (hp_streq(s->name, "server") && s->n_args) {
				member = s;
				n++;
			}
		if (n == 1)
			port = hp_import_local_port(
				hp_pprintf(c->r->pool, "http://%s", member->args[0]));
	}
	if (port)
		hp_import_set_i64(c->r, c->b, HP_SITE_PROXY_PORT, port, c->d);
	else
		lost(c,
			"only one port of this machine can answer instead of files and PHP, as "
			"http://127.0.0.1:3000");
}

static void on_nothing(const struct ctx *c HP_UNUSED)
{
}

static void on_own_logs(const struct ctx *c)
{
	if (!hp_import_arg_is(c->d, 0, "off") && !c->in_root)
		hp_import_note(c->r, c->b, c->d, HP_HINT,
			"its logs are in /var/log/hosting-panel/sites/%s/", c->b->f.domain);
}

static void on_own(const struct ctx *c)
{
	hp_import_note(c->r, c->b, c->d, HP_HINT, "hosting-panel has its own");
}

static void on_location(const struct ctx *c)
{
	hp_import_nginx_location(c->r, c->b, c->d, c->http);
}

static const struct hp_handler handlers[] = {
	{"access_log", on_own_logs, false},
	{"add_header", on_header, true},
	{"allow", on_allow, true},
	{"auth_basic", on_nothing, false},
	{"auth_basic_user_file", on_auth_file, true},
	{"client_max_body_size", on_body, true},
	{"deny", on_allow, true},
	{"disable_symlinks", on_own, false},
	{"error_log", on_own_logs, false},
	{"error_page", on_error_page, true},
	{"expires", on_expires, true},
	{"fastcgi_read_timeout", on_own, false},
	{"fastcgi_send_timeout", on_own, false},
	{"gzip", on_gzip, true},
	{"http2", on_nothing, false},
	{"if", on_if, false},
	{"include", on_nothing, false},
	{"index", on_index, true},
	{"listen", on_nothing, false},
	{"location", on_location, false},
	{"log_not_found", on_nothing, false},
	{"proxy_pass", on_proxy, false},
	{"return", on_return, false},
	{"rewrite", on_rewrite, false},
	{"root", on_root, true},
	{"server_name", on_nothing, false},
	{"server_tokens", on_nothing, false},
	{"ssl_certificate", on_cert, false},
	{"ssl_certificate_key", on_cert, false},
	{"try_files", on_try_files, false},
};

void hp_import_nginx_directive(struct hp_reader *r, struct hp_build *b,
	const struct hp_directive *d, const struct hp_directive *http, bool in_root)
{
	/* what a proxy is told about the request: the panel tells it all of this */
	static const char *const proxy[] = {"proxy_set_header", "proxy_http_version",
		"proxy_redirect", "proxy_cache_bypass", NULL};
	const struct hp_handler *h = hp_import_handler(handlers, HP_ARRAY_SIZE(handlers), d->name);
	struct ctx c = {.r = r, .b = b, .d = d, .http = http, .in_root = in_root};

	if (h)
		h->fn(&c);
	else if (hp_str_starts(d->name, "ssl_") || hp_str_starts(d->name, "gzip_"))
		on_own(&c);
	else if (hp_import_is_one(proxy, d->name))
		on_own(&c);
	else if (in_root)
		lost(&c, "in “location /”, which is the panel's own, it can't stand");
	else
		hp_import_keep(r, b, d);
}

void hp_import_nginx_server(struct hp_reader *r, struct hp_build *b,
	const struct hp_directive *server, const struct hp_directive *http)
{
	const struct hp_handler *h;
	const struct hp_directive *d;

	for (d = server->child; d; d = d->next) {
		/* what leads elsewhere has been seen as a whole */
		if (!http && !hp_str_starts(d->name, "ssl_certificate"))
			continue;
		hp_import_nginx_directive(r, b, d, http, false);
	}
	for (d = http ? http->child : NULL; d; d = d->next) {
		struct ctx c = {.r = r, .b = b, .d = d, .http = http};

		h = d->block ? NULL : hp_import_handler(handlers, HP_ARRAY_SIZE(handlers), d->name);
		if (h && h->inherited && !hp_import_says(server, d->name))
			h->fn(&c);
	}
}
