/* Paths: below a website's folder, and in its URLs. Plain names only, so that every server and
 * every file system reads them alike. */
#include <string.h>

#include "base/str.h"
#include "model/field_impl.h"

#define ALNUM "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

bool hp_url_path_is_plain(const char *path)
{
	/* "/." alone is no name either, at the end as within */
	return *path == '/' && !path[strspn(path, ALNUM "/._~+-")] && strlen(path) <= 255 &&
		!strstr(path, "//") && !strstr(path, "..") && !strstr(path, "/./") &&
		!hp_str_ends(path, "/.");
}

bool hp_url_path_is_own(const char *path)
{
	static const char *const own[] = {
		"/.well-known/acme-challenge", "/.well-known/hosting-panel"};
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(own); i++) {
		const char *rest = hp_str_after(path, own[i]);

		if (rest && (!*rest || *rest == '/'))
			return true;
	}
	return false;
}

int hp_check_subpath(const struct hp_check *c, const char **ret)
{
	char *s = hp_pstrndup(c->pool, c->value, c->len);
	size_t n = c->len;
	const char *p;

	if (*s == '/') {
		hp_check_bad(c, "begins with a slash, but it is a path below the website's folder");
		return hp_err_hint(c->err, "as public, or public/web");
	}
	while (n && s[n - 1] == '/')
		s[--n] = 0;
	if (n > (size_t)c->f->max)
		return hp_check_bad(
			c, "has %zu bytes, but %lld are allowed", n, (long long)c->f->max);
	for (p = s; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL)
		if (*p == '.' || *p == '-' || *p == '/')
			break;
	if (p || strstr(s, "..") || s[strspn(s, ALNUM "/._-")])
		return hp_check_bad(c,
			"is not a path below the website's folder: names of "
			"letters, digits, '.', '_' and '-' are allowed, none with '.' "
			"or '-' in front, and no \"..\"");
	*ret = s;
	return 0;
}
