/* Which path is what. One table; the OpenAPI description is made from it, too. */
#include "cgi/page.h"
#include "base/str.h"

const struct cgi_route cgi_routes[] = {
#include "cgi/routes.def"
};
const size_t cgi_n_routes = HP_ARRAY_SIZE(cgi_routes);

/* To programs "-" is no name: they would read names from their standard input, and find none. */
static bool is_name(const char *segment, size_t n)
{
	return n && !(n == 1 && *segment == '-');
}

/* Does the path fit? What stands in {…} goes to var; it is one segment and not empty. */
static bool fits(struct cgi *c, const char *pattern, const char *path)
{
	unsigned n = 0;
	size_t len;

	memset(c->var, 0, sizeof(c->var));
	while (*pattern) {
		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		pattern = strchr(pattern, '}') + 1;
		len = strcspn(path, "/");
		if (!is_name(path, len))
			return false;
		c->var[n++] = hp_pstrndup(c->pool, path, len);
		path += len;
	}
	return !*path;
}

bool cgi_is_page(struct cgi *c, const char *path)
{
	size_t n = strcspn(path, "?#"), i;
	const char *plain = hp_pstrndup(c->pool, path, n);
	const char *had[HP_ARRAY_SIZE(c->var)];
	bool is = false;

	/* "//host" and "/\\host" are other servers to a browser */
	if (*path != '/' || path[1] == '/' || hp_str_starts(path, "/api/") || strchr(path, '\\') ||
		strchr(path, ' ') || hp_str_has_control(path, strlen(path)))
		return false;
	memcpy(had, c->var, sizeof(had));
	for (i = 0; i < cgi_n_routes && !is; i++)
		is = (cgi_routes[i].flags & CGI_PAGE) && !(cgi_routes[i].flags & CGI_OPEN) &&
			hp_streq(cgi_routes[i].method, "GET") && fits(c, cgi_routes[i].path, plain);
	memcpy(c->var, had, sizeof(had));
	return is;
}

const struct cgi_route *cgi_find_route(struct cgi *c, const char **ret_allow)
{
	const char *method = hp_streq(c->req.method, "HEAD") ? "GET" : c->req.method;
	const char *allow = NULL;
	size_t i;

	*ret_allow = NULL;
	for (i = 0; i < cgi_n_routes; i++) {
		const struct cgi_route *r = &cgi_routes[i];

		if (!fits(c, r->path, c->req.path))
			continue;
		if (hp_streq(r->method, method))
			return r;
		allow = allow ? hp_pprintf(c->pool, "%s, %s", allow, r->method) : r->method;
	}
	*ret_allow = allow;
	return NULL;
}
