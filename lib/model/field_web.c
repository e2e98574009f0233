/* What a website's paths lead to: redirects, pages for errors, other PHP versions. */
#include <string.h>

#include "base/str.h"
#include "model/field_impl.h"

#define TARGET_MAX_LEN 2000

/* ---- keys that are paths ---- */
static int bad_path(const struct hp_check *c, const char *path)
{
	if (hp_url_path_is_own(path))
		return hp_check_member(c, path, "is answered by the panel itself");
	return hp_check_member(c, path,
		"is not a path: it begins with \"/\", and letters, digits and /._~+- are allowed");
}

/* "/a/" and "/a" are one place. */
int hp_check_place(const struct hp_check *c, const char *key, const char **ret)
{
	char *s = hp_pstrdup(c->pool, key);
	size_t n = strlen(s);

	while (n > 1 && s[n - 1] == '/')
		s[--n] = 0;
	if (!hp_url_path_is_plain(s) || hp_url_path_is_own(s))
		return bad_path(c, key);
	*ret = s;
	return 0;
}

/* ---- redirects ---- */
/* What "/old/" of "/old/" followed by a star is; NULL: it is one path alone. */
static const char *before_star(struct hp_pool *pool, const char *s)
{
	return hp_str_ends(s, "/*") ? hp_pstrndup(pool, s, strlen(s) - 1) : NULL;
}

static int check_from(const struct hp_check *c, const char *key, const char **ret)
{
	const char *below = before_star(c->pool, key);
	const char *path = below ? below : key;

	if (!hp_url_path_is_plain(path) || hp_url_path_is_own(path))
		return bad_path(c, key);
	*ret = key;
	return 0;
}

/* Behind "http://" or "https://": a host, perhaps a port, perhaps what is wanted there. */
static bool is_elsewhere(struct hp_pool *pool, const char *s)
{
	size_t n = strcspn(s, ":/?#");
	struct hp_err ignored = HP_ERR_INIT;
	uint64_t port;

	if (!n || hp_ldh_check(hp_pstrndup(pool, s, n), n, 1, &ignored) < 0)
		return false;
	s += n;
	if (*s == ':') {
		n = strcspn(s + 1, "/?#");
		if (hp_parse_u64(hp_pstrndup(pool, s + 1, n), 65535, &port) < 0 || !port)
			return false;
	}
	return true;
}

/* The characters of RFC 3986 but for those that one of the servers could read as its own. */
static bool is_url_text(const char *s)
{
	size_t n = strlen(s), i;

	for (i = 0; i < n; i++) {
		if (s[i] == '%' &&
			(!strchr("0123456789abcdefABCDEF", s[i + 1]) || !s[i + 1] ||
				!strchr("0123456789abcdefABCDEF", s[i + 2]) || !s[i + 2]))
			return false;
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			    "/._~+-%?#&=:@!,;()",
			    s[i]))
			return false;
	}
	return n <= TARGET_MAX_LEN;
}

bool hp_redirect_is_loop(struct hp_pool *pool, const char *from, const char *to)
{
	const char *below = before_star(pool, from);
	size_t n;

	if (!*to)
		to = "/";
	n = strcspn(to, "?#");

	if (below)
		return hp_str_starts(to, below);
	return strlen(from) == n && memcmp(from, to, n) == 0;
}

static int check_to(const struct hp_check *c, const char *from, const char *v, const char **ret)
{
	static const char *const codes[] = {"301 ", "302 ", "307 ", "308 "};
	const char *to = NULL, *text, *host;
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(codes) && !to; i++)
		to = hp_str_after(v, codes[i]);
	if (!to)
		return hp_check_member(c, from,
			"does not lead to \"301 TARGET\": 301, 302, 307 or 308, a blank and a path "
			"or URL are wanted");
	text = hp_pstrndup(c->pool, to, strlen(to) - hp_str_ends(to, "/*"));
	host = hp_str_after(text, "https://");
	if (!host)
		host = hp_str_after(text, "http://");
	if (!is_url_text(text) ||
		(host ? !is_elsewhere(c->pool, host) : text[0] != '/' || text[1] == '/'))
		return hp_check_member(c, from,
			"leads to what is neither a path as \"/new\" nor a URL with http:// or "
			"https:// (special characters as %%20, of at most %d bytes)",
			TARGET_MAX_LEN);
	if (hp_str_ends(to, "/*") && !hp_str_ends(from, "/*"))
		return hp_check_member(c, from,
			"leads to a target with a star, but has none itself: \"/old/*\" is wanted");
	if (!host && hp_redirect_is_loop(c->pool, from, to))
		return hp_check_member(c, from, "leads to itself");
	*ret = v;
	return 0;
}

const struct hp_map_kind hp_map_redirects = {.name = "redirects",
	.of = "paths and where they lead",
	.key = check_from,
	.value = check_to};

/* ---- pages for errors ---- */
/* Those that IANA has and Apache knows by name: it refuses others. */
static bool is_error_code(const char *s)
{
	uint64_t n;

	if (strlen(s) != 3 || hp_parse_u64(s, 599, &n) < 0)
		return false;
	return (n >= 400 && n <= 417) || (n >= 421 && n <= 424) || n == 426 || n == 428 ||
		n == 429 || n == 431 || n == 451 || (n >= 500 && n <= 508) || n == 510 || n == 511;
}

static int check_code(const struct hp_check *c, const char *key, const char **ret)
{
	if (!is_error_code(key))
		return hp_check_member(
			c, key, "is not the status of an error, from 400 to 511, as 404");
	*ret = key;
	return 0;
}

static int check_page(const struct hp_check *c, const char *key, const char *v, const char **ret)
{
	if (!hp_url_path_is_plain(v) || hp_str_ends(v, "/") || hp_url_path_is_own(v))
		return hp_check_member(c, key,
			"has a page that is not a file's path below the document root, as "
			"\"/404.html\"");
	*ret = v;
	return 0;
}

const struct hp_map_kind hp_map_error_pages = {
	.name = "error_pages", .of = "statuses and pages", .key = check_code, .value = check_page};

/* ---- other PHP versions ---- */
static int check_php_place(const struct hp_check *c, const char *key, const char **ret)
{
	if (hp_check_place(c, key, ret) < 0)
		return c->err->code;
	if (!hp_streq(*ret, "/"))
		return 0;
	hp_check_member(c, key, "is the whole website");
	return hp_err_hint(c->err, "php_version=X.Y sets its version");
}

static int check_version(const struct hp_check *c, const char *key, const char *v, const char **ret)
{
	if (!hp_is_php_version(v, strlen(v)))
		return hp_check_member(
			c, key, "has what is not a PHP version: X.Y is wanted, as 8.2");
	*ret = v;
	return 0;
}

const struct hp_map_kind hp_map_php_paths = {.name = "php_paths",
	.of = "paths and PHP versions",
	.key = check_php_place,
	.value = check_version};
