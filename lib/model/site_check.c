/* What one setting of a website alone can't tell: that they fit each other. */
#include <string.h>

#include "base/str.h"
#include "model/field_impl.h"
#include "model/site.h"
#include "sys/json.h"

static bool size_of(const struct hp_site *s, enum hp_site_field f, uint64_t *ret)
{
	return s->v[f] && hp_parse_size(s->v[f], UINT64_MAX, ret) == 0;
}

static int check_sizes(const struct hp_site *s, struct hp_err *err)
{
	const char *file = s->v[HP_SITE_PHP_UPLOAD_MAX_FILESIZE];
	uint64_t f, p, limit, max;

	if (size_of(s, HP_SITE_PHP_UPLOAD_MAX_FILESIZE, &f) &&
		size_of(s, HP_SITE_PHP_POST_MAX_SIZE, &p) && p < f) {
		hp_err_field(err, HP_E_USAGE, "php_post_max_size",
			"%s is less than php_upload_max_filesize, which "
			"is %s: such a file could not be sent",
			s->v[HP_SITE_PHP_POST_MAX_SIZE], file);
		return hp_err_hint(err,
			"set both at once: php_upload_max_filesize=%s php_post_max_size=%s", file,
			file);
	}
	if (size_of(s, HP_SITE_MEMORY_MAX, &max) && size_of(s, HP_SITE_PHP_MEMORY_LIMIT, &limit) &&
		max < limit)
		return hp_err_field(err, HP_E_USAGE, "memory_max",
			"%s is less than php_memory_limit, which is %s: one request "
			"would have the website's PHP killed",
			s->v[HP_SITE_MEMORY_MAX], s->v[HP_SITE_PHP_MEMORY_LIMIT]);
	return 0;
}

static int check_numbers(const struct hp_site *s, struct hp_err *err)
{
	int64_t slow = hp_site_i64(s, HP_SITE_PHP_SLOWLOG_SECONDS);
	int64_t longest = hp_site_i64(s, HP_SITE_PHP_MAX_EXECUTION_TIME);

	/* FPM refuses to start with more than its own time limit */
	if (longest && slow > longest)
		return hp_err_field(err, HP_E_USAGE, "php_slowlog_seconds",
			"%lld is more than php_max_execution_time, which is "
			"%lld: no request is ever that slow",
			(long long)slow, (long long)longest);
	/* the master is one, too */
	if (s->v[HP_SITE_TASKS_MAX] &&
		hp_site_i64(s, HP_SITE_PHP_MAX_CHILDREN) >= hp_site_i64(s, HP_SITE_TASKS_MAX))
		return hp_err_field(err, HP_E_USAGE, "php_max_children",
			"%s children and their master are more than tasks_max, "
			"which is %s",
			s->v[HP_SITE_PHP_MAX_CHILDREN], s->v[HP_SITE_TASKS_MAX]);
	return 0;
}

/* Requests would come back to the web server that sends them, until it has no connections left. */
static int check_port(const struct hp_site *s, struct hp_err *err)
{
	int64_t port = hp_site_i64(s, HP_SITE_PROXY_PORT);

	if (port == 80 || port == 443)
		return hp_err_field(err, HP_E_USAGE, "proxy_port", "%lld is the web server's own",
			(long long)port);
	return 0;
}

static int parse(const char *text, struct hp_json **ret, struct hp_err *err)
{
	*ret = NULL;
	return text && !hp_streq(text, "{}") ? hp_json_parse(text, strlen(text), ret, err) : 0;
}

static const struct hp_json *first(const struct hp_json *doc)
{
	return doc ? hp_json_first(doc) : NULL;
}

static int check_hsts(const struct hp_site *s, struct hp_err *err)
{
	struct hp_json *headers _cleanup_json_ = NULL;
	const struct hp_json *v;

	if (!hp_site_i64(s, HP_SITE_HSTS_MAX_AGE))
		return 0;
	if (!hp_site_bool(s, HP_SITE_SSL_ENABLED)) {
		hp_err_field(err, HP_E_USAGE, "hsts_max_age",
			"browsers that were told to insist on HTTPS would find "
			"none, since ssl_enabled is false");
		return hp_err_hint(err, "set hsts_max_age=0, or ssl_enabled=true at once");
	}
	if (parse(s->v[HP_SITE_HTTP_SECURITY_HEADERS], &headers, err) < 0)
		return err->code;
	for (v = first(headers); v; v = hp_json_next(v))
		if (strcasecmp(hp_json_key(v), "Strict-Transport-Security") == 0)
			return hp_err_field(err, HP_E_USAGE, "hsts_max_age",
				"http_security_headers has %s already",
				hp_json_key(v));
	return 0;
}

/* The path of a URL whose host is one of the website's own names; else NULL. */
static const char *own_path(struct hp_pool *pool, const struct hp_site *s, const char *url)
{
	const char *host = hp_str_after(url, "https://");
	char *name;
	size_t n;

	if (!host)
		host = hp_str_after(url, "http://");
	if (!host)
		return NULL;
	n = strcspn(host, ":/?#");
	name = hp_pstrndup(pool, host, n);
	hp_str_lower(name);
	if (host[n] == ':' ||
		(!hp_streq(name, s->v[HP_SITE_DOMAIN]) && !hp_strv_has(&s->aliases, name)))
		return NULL;
	return host + n;
}

static int check_redirects(const struct hp_site *s, struct hp_pool *pool,
	const struct hp_json *redirects, struct hp_err *err)
{
	const struct hp_json *v;

	for (v = first(redirects); v; v = hp_json_next(v)) {
		const char *to = own_path(pool, s, hp_json_str(v) + 4);

		if (!to || !hp_redirect_is_loop(pool, hp_json_key(v), to))
			continue;
		hp_err_field(err, HP_E_USAGE, "redirects",
			"\"%s\" leads to a name of this website, and so to itself",
			hp_json_key(v));
		return hp_err_hint(err,
			"https_redirect leads from HTTP to HTTPS; a name that leads "
			"elsewhere is a website of its own");
	}
	return 0;
}

static int check_pages(
	const struct hp_json *pages, const struct hp_json *redirects, struct hp_err *err)
{
	const struct hp_json *v;

	for (v = first(pages); v && redirects; v = hp_json_next(v))
		if (hp_json_get(redirects, hp_json_str(v)))
			return hp_err_field(err, HP_E_USAGE, "error_pages",
				"%s of \"%s\" leads elsewhere by redirects",
				hp_json_str(v), hp_json_key(v));
	return 0;
}

int hp_site_check(const struct hp_site *s, struct hp_err *err)
{
	struct hp_json *redirects _cleanup_json_ = NULL, *pages _cleanup_json_ = NULL;
	struct hp_pool *pool _cleanup_pool_ = NULL;

	if (check_sizes(s, err) < 0 || check_numbers(s, err) < 0 || check_hsts(s, err) < 0 ||
		check_port(s, err) < 0 || parse(s->v[HP_SITE_REDIRECTS], &redirects, err) < 0)
		return err->code;
	if (!redirects)
		return 0;
	pool = hp_pool_new();
	if (parse(s->v[HP_SITE_ERROR_PAGES], &pages, err) < 0 ||
		check_redirects(s, pool, redirects, err) < 0)
		return err->code;
	return check_pages(pages, redirects, err);
}
