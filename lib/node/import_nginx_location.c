/* NGINX's locations: those that a panel's website has anyway, those that are settings, the rest. */
#include <string.h>

#include "node/import_impl.h"
#include "base/str.h"

struct location {
	const struct hp_directive *d;
	const char *how;  /* "" "=" "^~" "~" "~*" "@" */
	const char *what; /* path or regular expression */
};

static void split(const struct hp_directive *d, struct location *ret)
{
	static const char *const modifiers[] = {"=", "^~", "~", "~*", NULL};
	const char *s = d->n_args ? d->args[0] : "";
	size_t n = strspn(s, "=^~*");

	*ret = (struct location){.d = d, .how = "", .what = s};
	if (d->n_args == 2 && hp_import_is_one(modifiers, s)) {
		ret->how = s;
		ret->what = d->args[1];
	} else if (*s == '@') {
		ret->how = "@";
	} else if (n == 1 && *s == '=') {
		ret->how = "=";
		ret->what = s + 1;
	}
}

static bool is_regex(const struct location *l)
{
	return l->how[0] == '~';
}

static const struct hp_directive *child(const struct hp_directive *block, const char *name)
{
	const struct hp_directive *d;

	for (d = block->child; d; d = d->next)
		if (hp_streq(d->name, name))
			return d;
	return NULL;
}

/* Nothing in it but these. */
static bool only(const struct hp_directive *block, const char *const *names)
{
	const struct hp_directive *d;

	for (d = block->child; d; d = d->next)
		if (!hp_import_is_one(names, d->name))
			return false;
	return true;
}

/* ---- PHP ---- */
/* Lines "name=value" of PHP_VALUE and PHP_ADMIN_VALUE. */
static void take_php_value(struct hp_reader *r, struct hp_build *b, const struct hp_directive *d)
{
	struct hp_strv lines = {0};
	const char *eq;
	size_t i;

	hp_str_split(r->pool, d->args[1], "\r\n", &lines);
	for (i = 0; i < lines.n; i++) {
		const char *line = lines.v[i] + strspn(lines.v[i], " \t");
		const char *value;
		size_t n;

		eq = strchr(line, '=');
		if (!eq) {
			if (*line)
				hp_import_note(r, b, d, HP_LOST, "“%s” is not name=value",
					hp_str_printable(r->pool, line, 60));
			continue;
		}
		for (n = (size_t)(eq - line); n && strchr(" \t", line[n - 1]); n--)
			;
		value = eq + 1 + strspn(eq + 1, " \t");
		hp_import_ini(r, b, hp_pstrndup(r->pool, line, n),
			hp_pstrndup(
				r->pool, value, strlen(value) - (hp_str_ends(value, ";") ? 1 : 0)),
			d);
	}
}

static void take_param(struct hp_reader *r, struct hp_build *b, const struct hp_directive *d)
{
	static const char *const usual[] = {"SCRIPT_FILENAME", "SCRIPT_NAME", "PATH_INFO",
		"PATH_TRANSLATED", "QUERY_STRING", "REQUEST_METHOD", "CONTENT_TYPE",
		"CONTENT_LENGTH", "REQUEST_URI", "DOCUMENT_URI", "DOCUMENT_ROOT", "SERVER_PROTOCOL",
		"REQUEST_SCHEME", "HTTPS", "GATEWAY_INTERFACE", "SERVER_SOFTWARE", "REMOTE_ADDR",
		"REMOTE_PORT", "REMOTE_USER", "SERVER_ADDR", "SERVER_PORT", "SERVER_NAME",
		"REDIRECT_STATUS", "HTTP_PROXY", NULL};

	if (d->n_args < 2)
		return;
	if (hp_streq(d->args[0], "PHP_VALUE") || hp_streq(d->args[0], "PHP_ADMIN_VALUE"))
		take_php_value(r, b, d);
	else if (!hp_import_is_one(usual, d->args[0]))
		hp_import_note(
			r, b, d, HP_LOST, "what PHP is told with a request is the panel's own");
}

static void take_pass(struct hp_reader *r, struct hp_build *b, const struct hp_directive *d,
	const struct hp_directive *http, const char *below)
{
	const char *to = d->n_args ? d->args[0] : "", *version;
	const struct hp_directive *u, *s;

	for (u = http ? http->child : NULL; u; u = u->next)
		if (hp_streq(u->name, "upstream") && u->n_args && hp_streq(u->args[0], to) &&
			(s = child(u, "server")) && s->n_args) {
			to = s->args[0];
			break;
		}
	version = hp_import_php_version(r->pool, to);
	if (!version)
		hp_import_note(r, b, d, HP_LOST,
			"no PHP version shows in “%s”: the newest is "
			"taken, unless php_version says another",
			hp_str_printable(r->pool, to, 80));
	else if (!below)
		hp_import_set(r, b, HP_SITE_PHP_VERSION, version, d);
	else if (!hp_streq(version, b->f.site.v[HP_SITE_PHP_VERSION]))
		hp_import_member(r, b, HP_PHP_PATHS, below, NULL, version, d);
}

static void take_php(struct hp_reader *r, struct hp_build *b, const struct hp_directive *loc,
	const struct hp_directive *http, const char *below)
{
	static const char *const usual[] = {"fastcgi_split_path_info", "fastcgi_index", "try_files",
		"set", "include", "if", "internal", "access_log", "log_not_found", NULL};
	const struct hp_directive *d;
	int64_t n;

	for (d = loc->child; d; d = d->next) {
		if (hp_streq(d->name, "fastcgi_pass"))
			take_pass(r, b, d, http, below);
		else if (hp_streq(d->name, "fastcgi_param"))
			take_param(r, b, d);
		else if (hp_streq(d->name, "fastcgi_read_timeout") && d->n_args == 1 && !below &&
			(n = hp_import_nginx_time(d->args[0])) > 0)
			hp_import_set_i64(r, b, HP_SITE_PHP_MAX_EXECUTION_TIME, n, d);
		else if (!hp_import_is_one(usual, d->name))
			hp_import_note(r, b, d, HP_LOST, "how PHP is asked is the panel's own");
	}
}

/* A location that hands requests to FastCGI, itself or in one within it. */
static const struct hp_directive *php_in(const struct hp_directive *loc)
{
	const struct hp_directive *d;

	for (d = loc->child; d; d = d->next)
		if (hp_streq(d->name, "location") && child(d, "fastcgi_pass"))
			return d;
	return NULL;
}

/* ---- those that a panel's website has by itself ---- */
static bool is_refusal(const struct hp_directive *loc)
{
	static const char *const quiet[] = {"deny", "access_log", "log_not_found", "return", NULL};
	const struct hp_directive *d = child(loc, "deny"), *ret = child(loc, "return");

	return only(loc, quiet) &&
		((d && hp_import_arg_is(d, 0, "all")) ||
			(ret && ret->n_args == 1 && ret->args[0][0] == '4'));
}

static bool is_given(struct hp_reader *r, struct hp_build *b, const struct location *l)
{
	static const char *const quiet[] = {
		"log_not_found", "access_log", "allow", "internal", "satisfy", NULL};

	/* .git, .htaccess: hidden files are nobody's */
	if (is_regex(l) &&
		(hp_str_starts(l->what, "/\\.") || hp_str_starts(l->what, "(^|/)\\.") ||
			hp_str_starts(l->what, "\\.ht")) &&
		is_refusal(l->d))
		return true;
	if (strstr(l->what, ".well-known/acme-challenge")) {
		hp_import_note(r, b, l->d, HP_HINT, "hosting-panel has its own");
		return true;
	}
	/* it says how a file is logged, or that it is a page for errors */
	return hp_streq(l->how, "=") && only(l->d, quiet);
}

/* ---- those that are settings ---- */
static bool take_redirect(struct hp_reader *r, struct hp_build *b, const struct location *l)
{
	static const char *const quiet[] = {"return", "access_log", "log_not_found", NULL};
	const struct hp_directive *ret = child(l->d, "return");
	const char *from = is_regex(l) ? hp_import_plain_regex(r->pool, l->what) : l->what;
	const char *to;

	if (!ret || ret->n_args != 2 || !only(l->d, quiet) || !from || *l->how == '@')
		return false;
	to = ret->args[1];
	if (is_regex(l) || hp_streq(l->how, "="))
		return hp_import_redirect(r, b, from, ret->args[0], to, ret);
	/* all that begins so leads to one place */
	if (!hp_str_ends(from, "/"))
		return false;
	return hp_import_redirect(r, b, hp_pprintf(r->pool, "%s*", from), ret->args[0], to, ret);
}

static bool take_auth(struct hp_reader *r, struct hp_build *b, const struct location *l,
	const struct hp_directive *http)
{
	static const char *const quiet[] = {"auth_basic", "auth_basic_user_file", "try_files",
		"location", "include", "access_log", NULL};
	const struct hp_directive *file = child(l->d, "auth_basic_user_file");
	const struct hp_directive *php = php_in(l->d), *d;

	if (!file || !file->n_args || is_regex(l) || *l->how == '@' || !only(l->d, quiet))
		return false;
	for (d = l->d->child; d; d = d->next)
		if (hp_streq(d->name, "location") && d != php)
			return false;
	hp_import_auth(r, b, l->what, hp_import_absolute(r, file->args[0]), file);
	if (php)
		take_php(r, b, php, http, l->what);
	return true;
}

/* Files that browsers may keep. */
static bool take_static(struct hp_reader *r, struct hp_build *b, const struct location *l)
{
	static const char *const quiet[] = {"expires", "add_header", "access_log", "log_not_found",
		"try_files", "etag", "tcp_nodelay", "sendfile", NULL};
	const struct hp_directive *d;

	if (!is_regex(l) || !child(l->d, "expires") || !only(l->d, quiet) ||
		!hp_str_starts(l->what, "\\."))
		return false;
	for (d = l->d->child; d; d = d->next) {
		if (hp_streq(d->name, "expires"))
			hp_import_nginx_directive(r, b, d, NULL, true);
		else if (hp_streq(d->name, "add_header") &&
			!(d->n_args && hp_streq(d->args[0], "Cache-Control")))
			hp_import_note(r, b, d, HP_LOST,
				"headers are the same for all files of a website");
	}
	return true;
}

static bool take_php_path(struct hp_reader *r, struct hp_build *b, const struct location *l,
	const struct hp_directive *http)
{
	static const char *const quiet[] = {"location", "try_files", "include", "index", NULL};
	const struct hp_directive *php = php_in(l->d), *d;

	if (!php || is_regex(l) || *l->how == '@' || !only(l->d, quiet))
		return false;
	for (d = l->d->child; d; d = d->next)
		if (hp_streq(d->name, "location") && d != php)
			return false;
	take_php(r, b, php, http, l->what);
	return true;
}

static void take_slash(struct hp_reader *r, struct hp_build *b, const struct hp_directive *loc,
	const struct hp_directive *http)
{
	const struct hp_directive *d;

	for (d = loc->child; d; d = d->next) {
		if (hp_streq(d->name, "location"))
			hp_import_nginx_location(r, b, d, http);
		else
			hp_import_nginx_directive(r, b, d, http, true);
	}
}

void hp_import_nginx_location(struct hp_reader *r, struct hp_build *b,
	const struct hp_directive *loc, const struct hp_directive *http)
{
	struct location l;

	split(loc, &l);
	if (hp_streq(l.what, "/") && (!*l.how || hp_streq(l.how, "^~")))
		take_slash(r, b, loc, http);
	else if (is_regex(&l) && strstr(l.what, "php") && child(loc, "fastcgi_pass"))
		take_php(r, b, loc, http, NULL);
	else if (is_given(r, b, &l) || take_redirect(r, b, &l) || take_auth(r, b, &l, http) ||
		take_static(r, b, &l) || take_php_path(r, b, &l, http))
		return;
	else if (is_regex(&l) && strstr(l.what, "php"))
		/* of regular expressions the first one counts, and that is the panel's */
		hp_import_note(r, b, loc, HP_LOST,
			"PHP files are answered by the panel's own location, which comes before it");
	else
		hp_import_keep(r, b, loc);
}
