/*
 * What browsers load besides pages. A file's name has a part of its digest, so that it may be kept
 * for ever; the panel's NGINX answers these by itself.
 */
#include <dirent.h>

#include "cgi/page.h"
#include "base/file.h"
#include "base/paths.h"
#include "base/str.h"

#define FILE_MAX (1u << 20)

/* "style-0123456789ab.css" for "style.css" */
static bool is_version_of(const char *file, const char *name)
{
	size_t n = strcspn(name, ".");
	const char *digest = file + n + 1;

	return strncmp(file, name, n) == 0 && file[n] == '-' &&
		strspn(digest, "0123456789abcdef") == 12 && hp_streq(digest + 12, name + n);
}

/* Looked up once a process: an upgrade starts it anew. */
static const char *find(struct cgi_server *s, const char *name)
{
	DIR *d = opendir(hp_webdir());
	const char *found = "";
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (is_version_of(e->d_name, name))
			found = hp_pprintf(s->pool, "/static/%s", e->d_name);
	if (d)
		closedir(d);
	return found;
}

const char *page_asset(struct cgi *c, const char *name)
{
	struct cgi_server *s = c->server;
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(s->assets) && s->assets[i].name; i++)
		if (hp_streq(s->assets[i].name, name))
			return s->assets[i].path;
	HP_BUG_ON(i == HP_ARRAY_SIZE(s->assets));
	s->assets[i].path = find(s, name);
	s->assets[i].name = name;
	return s->assets[i].path;
}

static const char *type_of(const char *name)
{
	static const char *const types[][2] = {{".css", "text/css; charset=utf-8"},
		{".js", "text/javascript; charset=utf-8"}, {".svg", "image/svg+xml"}};
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(types); i++)
		if (hp_str_ends(name, types[i][0]))
			return types[i][1];
	return NULL;
}

void page_static(struct cgi *c, const struct cgi_route *r HP_UNUSED)
{
	const char *name = c->var[0], *type = type_of(name);
	struct hp_err err = HP_ERR_INIT;

	if (!type || *name == '.' ||
		strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") != strlen(name) ||
		hp_file_read(hp_pprintf(c->pool, "%s/%s", hp_webdir(), name), FILE_MAX,
			&c->ans.body, &err) < 0) {
		cgi_problem(c, 404, HP_E_NOT_FOUND, "there is nothing at this path", NULL, NULL);
		return;
	}
	c->ans.status = 200;
	c->ans.type = type;
	cgi_header(c, "Cache-Control", "public, max-age=31536000, immutable");
}
