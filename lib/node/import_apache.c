/* Apache's virtual hosts: each directive is a setting, goes on by itself, or is said. */
#include <string.h>
#include <strings.h>

#include "node/import_impl.h"
#include "base/str.h"

struct ctx {
	struct hp_reader *r;
	struct hp_build *b;
	const struct hp_directive *d;
	const char *path; /* of the URL that it is about: "/" for the whole website; NULL: files */
	bool global;      /* it stands outside of the virtual host: only a setting counts */
};

static void lost(const struct ctx *c, const char *why)
{
	if (!c->global)
		hp_import_note(c->r, c->b, c->d, HP_LOST, "%s", why);
}

static void keep(const struct ctx *c)
{
	if (!c->global)
		hp_import_keep(c->r, c->b, c->d);
}

static bool is_whole(const struct ctx *c)
{
	return hp_streq(c->path, "/");
}

static const char *arg(const struct ctx *c, unsigned i)
{
	return i < c->d->n_args ? c->d->args[i] : "";
}

/* ---- one directive each ---- */
static void on_nothing(const struct ctx *c HP_UNUSED)
{
}

static void on_own(const struct ctx *c)
{
	if (!c->global)
		hp_import_note(c->r, c->b, c->d, HP_HINT, "hosting-panel has its own");
}

static void on_root(const struct ctx *c)
{
	if (c->d->n_args && (!c->global || !c->b->f.root))
		hp_import_root(c->r, c->b, arg(c, 0), c->d);
}

static void on_index(const struct ctx *c)
{
	if (is_whole(c))
		hp_import_index(c->r, c->b, c->d);
	else
		keep(c);
}

static void on_body(const struct ctx *c)
{
	int64_t n = -1;

	hp_parse_i64(arg(c, 0), 0, INT64_MAX, &n);
	if (c->global && c->b->body_at)
		return;
	if (is_whole(c))
		hp_import_body(c->r, c->b, n, c->d);
	else
		keep(c);
}

/* SetHandler "proxy:unix:/run/php/php8.2-fpm.sock|fcgi://localhost" */
static void on_handler(const struct ctx *c)
{
	const char *to = arg(c, 0), *version;

	if (!strstr(to, "fcgi:") && !hp_str_starts(to, "application/x-httpd-php")) {
		keep(c);
		return;
	}
	version = hp_import_php_version(c->r->pool, to);
	if (c->global && c->b->f.site.v[HP_SITE_PHP_VERSION])
		return;
	if (version && (!c->path || is_whole(c)))
		hp_import_set(c->r, c->b, HP_SITE_PHP_VERSION, version, c->d);
	else if (version)
		hp_import_member(c->r, c->b, HP_PHP_PATHS, c->path, NULL, version, c->d);
	else if (!hp_str_starts(to, "application/"))
		lost(c,
			"no PHP version shows in it: the newest is taken, unless php_version says "
			"another");
}

/* ProxyPassMatch ^/(.*\.php)$ unix:/run/php/php8.2-fpm.sock|fcgi://… */
static void on_pass_match(const struct ctx *c)
{
	const char *version =
		strstr(arg(c, 1), "fcgi:") ? hp_import_php_version(c->r->pool, arg(c, 1)) : NULL;

	if (version)
		hp_import_set(c->r, c->b, HP_SITE_PHP_VERSION, version, c->d);
	else if (strstr(arg(c, 1), "fcgi:"))
		lost(c,
			"no PHP version shows in it: the newest is taken, unless php_version says "
			"another");
	else
		keep(c);
}

static void on_pass(const struct ctx *c)
{
	bool in_place = c->d->n_args == 1 || arg(c, 1)[0] != 'h' || strchr(arg(c, 0), ':');
	const char *from = in_place ? c->path : arg(c, 0), *to = arg(c, in_place ? 0 : 1);
	int port = hp_import_local_port(to);

	if (hp_streq(from, "/") && port)
		hp_import_set_i64(c->r, c->b, HP_SITE_PROXY_PORT, port, c->d);
	else if (hp_streq(from, "/"))
		lost(c,
			"only one port of this machine can answer instead of files and PHP, as "
			"http://127.0.0.1:3000/");
	else
		keep(c);
}

static void on_ini(const struct ctx *c)
{
	bool flag = hp_str_ends(c->d->name, "_flag");

	if (c->d->n_args != 2 || !(is_whole(c) || !c->path))
		lost(c, "PHP's settings are those of a whole website");
	else
		hp_import_ini(c->r, c->b, arg(c, 0),
			!flag                                      ? arg(c, 1)
				: strcasecmp(arg(c, 1), "on") == 0 ? "1"
								   : "0",
			c->d);
}

/* Header [always|onsuccess] set NAME VALUE */
static void on_header(const struct ctx *c)
{
	unsigned i = hp_import_arg_is(c->d, 0, "always") || hp_import_arg_is(c->d, 0, "onsuccess");
	bool sets = hp_import_arg_is(c->d, i, "set") || hp_import_arg_is(c->d, i, "add") ||
		hp_import_arg_is(c->d, i, "setifempty");
	char *name = hp_pstrdup(c->r->pool, arg(c, i + 1));

	if (*name && name[strlen(name) - 1] == ':')
		name[strlen(name) - 1] = 0;
	if (!c->path && sets && strcasecmp(name, "Cache-Control") == 0 &&
		hp_import_header(c->r, c->b, name, arg(c, i + 2), c->d))
		return;
	if (!sets || !is_whole(c) || c->d->n_args != i + 3 ||
		!hp_import_header(c->r, c->b, name, arg(c, i + 2), c->d))
		keep(c);
}

/* "access plus 1 month 2 days", "A2592000"; -1: it is none */
static int64_t expiry(struct hp_pool *pool, const char *s)
{
	static const struct {
		const char *unit;
		int64_t seconds;
	} units[] = {{"second", 1}, {"minute", 60}, {"hour", 3600}, {"day", 86400},
		{"week", 604800}, {"month", 2592000}, {"year", 31536000}};
	struct hp_strv words = {0};
	int64_t sum = 0, n;
	size_t i, j;

	if (s[0] == 'A' || s[0] == 'M')
		return hp_parse_i64(s + 1, 0, INT32_MAX, &n) == 0 ? n : -1;
	hp_str_split(pool, s, " \t", &words);
	if (words.n < 3 || (strcasecmp(words.v[0], "access") && strcasecmp(words.v[0], "now")))
		return -1;
	for (i = strcasecmp(words.v[1], "plus") ? 1 : 2; i + 1 < words.n; i += 2) {
		for (j = 0; j < HP_ARRAY_SIZE(units); j++)
			if (strncasecmp(words.v[i + 1], units[j].unit, strlen(units[j].unit)) == 0)
				break;
		if (j == HP_ARRAY_SIZE(units) || hp_parse_i64(words.v[i], 0, 10000000, &n) < 0)
			return -1;
		sum += n * units[j].seconds;
	}
	return sum;
}

static void on_expires(const struct ctx *c)
{
	const char *v = arg(c, c->d->n_args ? c->d->n_args - 1 : 0);
	int64_t n = expiry(c->r->pool, v);

	if (hp_streq(c->d->name, "expiresactive"))
		return;
	/* pages themselves are not kept by the panel's cache of browsers */
	if (hp_streq(c->d->name, "expiresbytype") && strcasecmp(arg(c, 0), "text/html") == 0)
		keep(c);
	else if (n >= 0)
		hp_import_ttl(c->r, c->b, n, c->d);
	else
		lost(c, "there is no setting for it");
}

static void on_deflate(const struct ctx *c)
{
	if (hp_import_arg_is(c->d, 0, "DEFLATE"))
		hp_import_set(c->r, c->b, HP_SITE_GZIP_ENABLED, "true", c->d);
	else
		keep(c);
}

/* Redirect [status] FROM TO: FROM and all below it. */
static void on_redirect(const struct ctx *c)
{
	static const char *const words[] = {"permanent", "temp", "seeother", "gone", NULL};
	const char *status = "302", *from = arg(c, 0), *to = arg(c, 1);

	if (hp_streq(c->d->name, "redirectpermanent"))
		status = "301";
	else if (c->d->n_args == 3 || hp_import_is_one(words, from)) {
		status = hp_import_arg_is(c->d, 0, "permanent") ? "301"
			: hp_import_arg_is(c->d, 0, "temp")     ? "302"
								: arg(c, 0);
		from = arg(c, 1);
		to = arg(c, 2);
	}
	if (!*to || *from != '/') {
		keep(c);
		return;
	}
	/* at a path with a slash at its end what stands behind it is put behind the target */
	if (hp_str_ends(from, "/")) {
		from = hp_pprintf(c->r->pool, "%s*", from);
		to = hp_pprintf(c->r->pool, "%s%s*", to, hp_str_ends(to, "/") ? "" : "/");
	} else {
		hp_import_note(c->r, c->b, c->d, HP_HINT,
			"what is below %s led on, too; here only that path does",
			hp_str_printable(c->r->pool, from, 80));
	}
	if (!hp_import_redirect(c->r, c->b, from, status, to, c->d))
		keep(c);
}

static void on_redirect_match(const struct ctx *c)
{
	bool has_status = c->d->n_args == 3;
	const char *from = hp_import_plain_regex(c->r->pool, arg(c, has_status));
	const char *status = hp_import_arg_is(c->d, 0, "permanent") ? "301"
		: has_status && arg(c, 0)[0] == '3'                 ? arg(c, 0)
								    : "302";

	if (!from || !hp_import_redirect(c->r, c->b, from, status, arg(c, has_status + 1u), c->d))
		keep(c);
}

/* RewriteRule ^old$ /new [R=301,L] without a condition before it */
static void on_rewrite(const struct ctx *c)
{
	const struct hp_directive *before = NULL, *d;
	const char *flags = arg(c, 2), *to = arg(c, 1), *from;

	for (d = c->d->parent->child; d && d != c->d; d = d->next)
		before = d;
	if (hp_str_starts(to, "https://%{") && strstr(to, "%{REQUEST_URI}")) {
		c->b->to_https = true;
		return;
	}
	from = before && hp_streq(before->name, "rewritecond")
		? NULL
		: hp_import_plain_regex(c->r->pool, arg(c, 0));
	if (from && is_whole(c) && (strstr(flags, "R=301") || strstr(flags, "R=permanent")) &&
		hp_import_redirect(c->r, c->b, from, "301", to, c->d))
		return;
	if (from && is_whole(c) && (strstr(flags, "R=302") || strstr(flags, "[R,")) &&
		hp_import_redirect(c->r, c->b, from, "302", to, c->d))
		return;
	lost(c, "there is no setting for it; a file .htaccess in the document root can have it");
}

static void on_cond(const struct ctx *c)
{
	const struct hp_directive *d;

	/* it belongs to the rule behind it, which says what becomes of both */
	for (d = c->d->next; d && hp_streq(d->name, "rewritecond"); d = d->next)
		;
	if (!d || !hp_str_starts(d->n_args > 1 ? d->args[1] : "", "https://%{"))
		lost(c, "it goes with its rule");
}

static void on_error(const struct ctx *c)
{
	if (is_whole(c) && arg(c, 1)[0] == '/')
		hp_import_member(c->r, c->b, HP_ERROR_PAGES, arg(c, 0), NULL, arg(c, 1), c->d);
	else
		keep(c);
}

static void add_address(const struct ctx *c, bool deny, const char *v)
{
	struct hp_strv *l = deny ? &c->b->blocked : &c->b->allowed;

	if (!hp_strv_has(l, v))
		hp_strv_add_ref(c->r->pool, l, v);
}

static bool asks_for_user(const struct hp_directive *d)
{
	return hp_import_arg_is(d, 0, "valid-user");
}

/* Require [not] ip A …, all granted|denied, valid-user */
static void on_require(const struct ctx *c)
{
	bool no = hp_import_arg_is(c->d, 0, "not");
	unsigned i = no;

	if (asks_for_user(c->d) || hp_import_arg_is(c->d, 1, "granted"))
		return;
	if (!is_whole(c)) {
		keep(c);
	} else if (hp_import_arg_is(c->d, 0, "all")) {
		c->b->closed = c->d;
	} else if (hp_import_arg_is(c->d, i, "ip")) {
		for (i++; i < c->d->n_args; i++)
			add_address(c, no, c->d->args[i]);
		if (!no)
			c->b->closed = c->d;
	} else {
		lost(c, "only addresses and passwords can be asked for");
	}
}

/* Apache 2.2: Order, Allow from A …, Deny from all */
static void on_allow(const struct ctx *c)
{
	bool deny = hp_streq(c->d->name, "deny");
	unsigned i;

	if (hp_streq(c->d->name, "order"))
		return;
	if (!is_whole(c)) {
		keep(c);
		return;
	}
	for (i = hp_import_arg_is(c->d, 0, "from"); i < c->d->n_args; i++) {
		if (strcasecmp(c->d->args[i], "all"))
			add_address(c, deny, c->d->args[i]);
		else if (deny)
			c->b->closed = c->d;
	}
}

static void on_auth_file(const struct ctx *c)
{
	if (c->path && c->d->n_args)
		hp_import_auth(c->r, c->b, c->path, hp_import_absolute(c->r, arg(c, 0)), c->d);
	else
		lost(c, "a password is asked for a path, not for kinds of files");
}

static void on_cert(const struct ctx *c)
{
	if (c->d->n_args)
		hp_import_cert(
			c->r, c->b, hp_streq(c->d->name, "sslcertificatekeyfile"), arg(c, 0), c->d);
}

static void on_logs(const struct ctx *c)
{
	if (!c->global)
		hp_import_note(c->r, c->b, c->d, HP_HINT,
			"its logs are in /var/log/hosting-panel/sites/%s/", c->b->f.domain);
}

static void each(const struct ctx *of, const struct hp_directive *block, const char *path);

static bool is_php_files(const char *pattern)
{
	return strstr(pattern, "php") || strstr(pattern, "ph(ar|p|tml)") ||
		strstr(pattern, "\\.ph(");
}

/* Does it turn away who asks for hidden files, which the panel does anyway? */
static bool hides(const struct hp_directive *d)
{
	const char *what = d->n_args ? d->args[d->n_args - 1] : "";

	return d->child && !d->child->next && hp_streq(d->child->name, "require") &&
		hp_import_arg_is(d->child, 1, "denied") &&
		(hp_str_starts(what, "^\\.") || hp_str_starts(what, ".ht"));
}

static void on_files(const struct ctx *c)
{
	const char *what = arg(c, c->d->n_args ? c->d->n_args - 1 : 0);
	const struct hp_directive *d;

	if (hides(c->d))
		return;
	if (is_php_files(what)) {
		each(c, c->d, NULL);
		return;
	}
	/* files that browsers may keep */
	for (d = c->d->child; d; d = d->next)
		if (!hp_str_starts(d->name, "expires") && !hp_streq(d->name, "header"))
			break;
	if (!d && c->d->child)
		each(c, c->d, NULL);
	else
		keep(c);
}

/* <Directory>: the path of the URL that leads there; NULL: it is elsewhere. */
static const char *path_of(const struct ctx *c)
{
	const char *dir = arg(c, 0), *root = c->b->f.root, *rest;
	size_t n = strlen(dir);

	while (n > 1 && dir[n - 1] == '/')
		n--;
	dir = hp_pstrndup(c->r->pool, dir, n);
	rest = root ? hp_str_after(dir, root) : NULL;
	if (!rest)
		/* a folder above is said for all that is below it */
		return root &&
				hp_str_starts(root,
					hp_pprintf(
						c->r->pool, "%s/", hp_streq(dir, "/") ? "" : dir))
			? "/"
			: NULL;
	return !*rest ? "/" : *rest == '/' ? rest : NULL;
}

static void on_directory(const struct ctx *c)
{
	const char *path = path_of(c);

	if (c->global)
		return;
	if (path)
		each(c, c->d, path);
	else
		keep(c);
}

static void on_location(const struct ctx *c)
{
	const struct hp_directive *d;

	if (c->d->n_args != 1 || c->global) {
		keep(c);
		return;
	}
	if (hp_streq(arg(c, 0), "/")) {
		each(c, c->d, "/");
		return;
	}
	for (d = c->d->child; d; d = d->next)
		if (!hp_str_starts(d->name, "auth") && !hp_streq(d->name, "require"))
			break;
	if (!d && arg(c, 0)[0] == '/')
		each(c, c->d, arg(c, 0));
	else
		keep(c);
}

static void on_all(const struct ctx *c)
{
	each(c, c->d, c->path);
}

static void on_options(const struct ctx *c)
{
	if (c->global || hp_import_arg_is(c->d, 0, "None"))
		return;
	/* the panel lets .htaccess decide what it lets it decide */
	if (hp_streq(c->d->name, "options") && !strstr(arg(c, 0), "Indexes") &&
		!hp_import_arg_is(c->d, 1, "Indexes"))
		return;
	on_own(c);
}

static void on_use(const struct ctx *c)
{
	hp_import_note(c->r, c->b, c->d, HP_LOST, "macros are not followed");
}

static const struct handler {
	const char *name;
	void (*fn)(const struct ctx *c);
	bool inherited; /* counts also where it stands outside of virtual hosts */
} handlers[] = {
	{"<directory", on_directory, false},
	{"<files", on_files, false},
	{"<filesmatch", on_files, true},
	{"<location", on_location, false},
	{"<proxy", on_own, false},
	{"<requireall", on_all, false},
	{"<requireany", on_all, false},
	{"addoutputfilterbytype", on_deflate, true},
	{"allow", on_allow, false},
	{"allowoverride", on_options, false},
	{"authbasicprovider", on_nothing, false},
	{"authname", on_nothing, false},
	{"authtype", on_nothing, false},
	{"authuserfile", on_auth_file, false},
	{"customlog", on_logs, false},
	{"define", on_nothing, false},
	{"deny", on_allow, false},
	{"directoryindex", on_index, true},
	{"documentroot", on_root, true},
	{"errordocument", on_error, true},
	{"errorlog", on_logs, false},
	{"expiresactive", on_expires, false},
	{"expiresbytype", on_expires, true},
	{"expiresdefault", on_expires, true},
	{"header", on_header, true},
	{"include", on_nothing, false},
	{"includeoptional", on_nothing, false},
	{"limitrequestbody", on_body, true},
	{"loglevel", on_logs, false},
	{"options", on_options, false},
	{"order", on_allow, false},
	{"php_admin_flag", on_ini, true},
	{"php_admin_value", on_ini, true},
	{"php_flag", on_ini, true},
	{"php_value", on_ini, true},
	{"protocols", on_own, false},
	{"proxypass", on_pass, false},
	{"proxypassmatch", on_pass_match, true},
	{"proxypassreverse", on_nothing, false},
	{"proxypreservehost", on_nothing, false},
	{"proxyrequests", on_nothing, false},
	{"redirect", on_redirect, false},
	{"redirectmatch", on_redirect_match, false},
	{"redirectpermanent", on_redirect, false},
	{"redirecttemp", on_redirect, false},
	{"requestheader", on_own, false},
	{"require", on_require, false},
	{"rewritecond", on_cond, false},
	{"rewriteengine", on_nothing, false},
	{"rewriterule", on_rewrite, false},
	{"serveradmin", on_nothing, false},
	{"serveralias", on_nothing, false},
	{"servername", on_nothing, false},
	{"serversignature", on_nothing, false},
	{"sethandler", on_handler, true},
	{"setoutputfilter", on_deflate, true},
	{"sslcertificatechainfile", on_own, false},
	{"sslcertificatefile", on_cert, false},
	{"sslcertificatekeyfile", on_cert, false},
	{"sslengine", on_nothing, false},
	{"undefine", on_nothing, false},
	{"use", on_use, false},
};

static const struct handler *handler_of(const char *name)
{
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(handlers); i++)
		if (hp_streq(handlers[i].name, name))
			return &handlers[i];
	return NULL;
}

static void each(const struct ctx *of, const struct hp_directive *block, const char *path)
{
	struct ctx c = *of;
	const struct handler *h;

	c.path = path;
	for (c.d = block->child; c.d; c.d = c.d->next) {
		h = handler_of(c.d->name);
		if (h)
			h->fn(&c);
		else if (hp_str_starts(c.d->name, "ssl"))
			on_own(&c);
		else if (block != of->d)
			keep(&c);
		else
			/* in a section of which the rest is a setting: it can't stand alone */
			lost(&c, "there is no setting for it");
	}
}

/* ---- virtual hosts ---- */
struct vhost {
	const struct hp_directive *d;
	struct hp_strv names;
	bool tls;
	const struct hp_directive *leads; /* Redirect / https://…, where that is all it does */
};

struct vhosts {
	struct vhost *v;
	size_t n, cap;
};

static void add_name(
	struct hp_reader *r, struct vhost *v, const struct hp_directive *d, const char *name)
{
	const char *s = strstr(name, "://"), *ok;

	s = s ? s + 3 : name;
	ok = hp_import_name(r->pool, hp_pstrndup(r->pool, s, strcspn(s, ":/")), s[0] == '*');
	if (!ok)
		hp_import_note(r, NULL, d, HP_LOST, "“%s” is not the name of a website",
			hp_str_printable(r->pool, name, 80));
	else if (!hp_strv_has(&v->names, ok))
		hp_strv_add_ref(r->pool, &v->names, ok);
}

/* Where all of it leads over HTTPS or elsewhere: its one Redirect of "/", or a rule as certbot's.
 */
static const struct hp_directive *leads(const struct hp_directive *vhost)
{
	const struct hp_directive *d, *found = NULL;

	for (d = vhost->child; d; d = d->next) {
		if (hp_str_starts(d->name, "proxypass") || hp_streq(d->name, "alias"))
			return NULL;
		if (hp_str_starts(d->name, "redirect") && d->n_args >= 2 &&
			hp_streq(d->args[d->n_args - 2], "/") &&
			strstr(d->args[d->n_args - 1], "://"))
			found = d;
		else if (hp_streq(d->name, "rewriterule") && d->n_args >= 2 &&
			hp_str_starts(d->args[1], "https://%{") &&
			strstr(d->args[1], "%{REQUEST_URI}"))
			found = d;
	}
	return found;
}

static void take_vhost(struct hp_reader *r, struct vhosts *l, const struct hp_directive *d)
{
	struct vhost v = {.d = d};
	const struct hp_directive *c;
	unsigned i, pass;

	if (hp_import_is_ours(r, d->file)) {
		hp_import_note(r, NULL, d, HP_HINT, "hosting-panel wrote it");
		return;
	}
	for (pass = 0; pass < 2; pass++)
		for (c = d->child; c; c = c->next)
			for (i = 0; hp_streq(c->name, pass ? "serveralias" : "servername") &&
				i < c->n_args;
				i++)
				add_name(r, &v, c, c->args[i]);
	for (c = d->child; c; c = c->next)
		v.tls |= hp_streq(c->name, "sslengine") && hp_import_arg_is(c, 0, "on");
	for (i = 0; i < d->n_args; i++) {
		const char *port = strrchr(d->args[i], ':');

		if (port && !hp_streq(port, ":80") && !hp_streq(port, ":443") && port[1] != '*')
			hp_import_note(r, NULL, d, HP_LOST,
				"websites are served on ports 80 and 443, not on %s",
				hp_str_printable(r->pool, port + 1, 20));
	}
	if (!v.names.n || v.names.v[0][0] == '*') {
		hp_import_note(r, NULL, d, HP_HINT,
			"no domain is its name: it answers for what nobody else does");
		return;
	}
	v.leads = leads(d);
	HP_IMPORT_GROW(r->pool, l->v, l->n, l->cap);
	l->v[l->n++] = v;
}

/* mod_php: the one version of the whole server. */
static void take_mod_php(struct hp_reader *r, struct hp_build *b, const struct hp_directive *root)
{
	const struct hp_directive *d;
	const char *version;

	for (d = root->child; d && !b->f.site.v[HP_SITE_PHP_VERSION]; d = d->next)
		if (hp_streq(d->name, "loadmodule") && d->n_args == 2 &&
			strstr(d->args[1], "libphp") &&
			(version = hp_import_php_version(r->pool, d->args[1])))
			hp_import_set(r, b, HP_SITE_PHP_VERSION, version, d);
}

static bool says(const struct hp_directive *block, const char *name)
{
	const struct hp_directive *d;

	for (d = block->child; d; d = d->next)
		if (hp_streq(d->name, name))
			return true;
	return false;
}

static void take_content(
	struct hp_reader *r, const struct vhost *v, const struct hp_directive *root)
{
	struct hp_build *b = hp_import_build(r, &v->names, v->d);
	struct ctx c = {.r = r, .b = b};
	const struct hp_directive *d;

	if (!b->f.domain)
		return;
	b->tls |= v->tls;
	b->plain |= !v->tls;
	/* sections refer to it, wherever it stands */
	for (d = v->d->child; d; d = d->next)
		if (hp_streq(d->name, "documentroot") && d->n_args == 1 && !b->f.root)
			hp_import_root(r, b, d->args[0], d);
	each(&c, v->d, "/");
	c.global = true;
	c.path = "/";
	for (d = root->child; d; d = d->next) {
		const struct handler *h = handler_of(d->name);

		c.d = d;
		if (h && h->inherited && !says(v->d, d->name))
			h->fn(&c);
	}
	take_mod_php(r, b, root);
}

/* The host that all of it leads to, or NULL: its own. */
static const char *host_of(struct hp_reader *r, const struct vhost *v)
{
	const char *url = v->leads->args[v->leads->n_args - 1], *s;

	if (hp_streq(v->leads->name, "rewriterule"))
		return NULL;
	s = strstr(url, "://") + 3;
	s = hp_import_name(r->pool, hp_pstrndup(r->pool, s, strcspn(s, ":/")), false);
	return !s || hp_strv_has(&v->names, s) ? NULL : s;
}

static void take_lead(struct hp_reader *r, const struct vhost *v)
{
	const char *host = host_of(r, v);
	struct hp_build *b;
	struct ctx c;
	size_t i;

	if (host && !hp_import_find(r, v->names.v[0])) {
		b = hp_import_build(r, &v->names, v->d);
		c = (struct ctx){.r = r, .b = b, .d = v->leads, .path = "/"};
		b->tls |= v->tls;
		b->plain |= !v->tls;
		on_redirect(&c);
		for (c.d = v->d->child; c.d; c.d = c.d->next)
			if (hp_str_starts(c.d->name, "sslcertificate"))
				handler_of(c.d->name)->fn(&c);
		return;
	}
	for (i = 0; i < v->names.n; i++) {
		b = hp_import_find(r, v->names.v[i]);
		if (b && !host)
			b->to_https = true;
		else
			hp_import_note(r, b, v->leads, HP_LOST,
				host ? "%s leads elsewhere, but is a name of this website"
				     : "%s leads to HTTPS, but nothing serves it there",
				v->names.v[i]);
		if (b && !hp_strv_has(&b->f.files, v->d->file))
			hp_strv_add_ref(r->pool, &b->f.files, v->d->file);
	}
}

void hp_import_apache(struct hp_reader *r, const struct hp_directive *root)
{
	struct vhosts l = {0};
	const struct hp_directive *d;
	size_t i, pass;

	for (d = root->child; d; d = d->next) {
		if (hp_streq(d->name, "<virtualhost"))
			take_vhost(r, &l, d);
		else if (hp_streq(d->name, "use"))
			hp_import_note(r, NULL, d, HP_LOST, "macros are not followed");
	}
	for (i = 0; i < l.n; i++)
		if (!l.v[i].leads)
			hp_import_build(r, &l.v[i].names, l.v[i].d);
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < l.n; i++)
			if (!l.v[i].leads && l.v[i].tls == (pass == 0))
				take_content(r, &l.v[i], root);
	for (i = 0; i < l.n; i++)
		if (l.v[i].leads)
			take_lead(r, &l.v[i]);
}
