/* One virtual host of Apache: each of its directives is a setting, goes on by itself, or is said.
 */
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

static void on_expires(const struct ctx *c)
{
	const char *v = arg(c, c->d->n_args ? c->d->n_args - 1 : 0);
	int64_t n = hp_import_apache_time(c->r->pool, v);

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

static const struct hp_handler handlers[] = {
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

static void each(const struct ctx *of, const struct hp_directive *block, const char *path)
{
	struct ctx c = *of;
	const struct hp_handler *h;

	c.path = path;
	for (c.d = block->child; c.d; c.d = c.d->next) {
		h = hp_import_handler(handlers, HP_ARRAY_SIZE(handlers), c.d->name);
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

void hp_import_apache_directive(
	struct hp_reader *r, struct hp_build *b, const struct hp_directive *d)
{
	struct ctx c = {.r = r, .b = b, .d = d, .path = "/"};
	const struct hp_handler *h = hp_import_handler(handlers, HP_ARRAY_SIZE(handlers), d->name);

	if (h)
		h->fn(&c);
}

void hp_import_apache_vhost(struct hp_reader *r, struct hp_build *b,
	const struct hp_directive *vhost, const struct hp_directive *root)
{
	struct ctx c = {.r = r, .b = b};
	const struct hp_handler *h;

	each(&c, vhost, "/");
	c.global = true;
	c.path = "/";
	for (c.d = root->child; c.d; c.d = c.d->next) {
		h = hp_import_handler(handlers, HP_ARRAY_SIZE(handlers), c.d->name);
		if (h && h->inherited && !hp_import_says(vhost, c.d->name))
			h->fn(&c);
	}
}
