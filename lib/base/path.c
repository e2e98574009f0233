#include "config.h"
#include "base/file.h"

#include "base/paths.h"
#include "base/str.h"

#ifndef HP_BINDIR
#define HP_BINDIR "/usr/bin"
#endif
#ifndef HP_PKGLIBDIR
#define HP_PKGLIBDIR "/usr/lib/hosting-panel"
#endif
#ifndef HP_PKGLIBEXECDIR
#define HP_PKGLIBEXECDIR "/usr/libexec/hosting-panel"
#endif
#ifndef HP_PKGDATADIR
#define HP_PKGDATADIR "/usr/share/hosting-panel"
#endif

/* Is the part of n bytes at s "." or ".."? */
static bool is_dots(const char *s, size_t n)
{
	return (n == 1 || n == 2) && s[0] == '.' && s[n - 1] == '.';
}

static bool has_dots(const char *path)
{
	for (const char *s = path; *s;) {
		size_t n = strcspn(s, "/");

		if (is_dots(s, n))
			return true;
		s += n;
		s += *s == '/';
	}
	return false;
}

char *hp_path(struct hp_pool *pool, const char *root, const char *path)
{
	size_t n = root ? strlen(root) : 0;

	HP_BUG_ON(path[0] != '/' || has_dots(path));
	while (n && root[n - 1] == '/')
		n--;
	if (n == 0)
		return hp_pstrndup(pool, path, SIZE_MAX);
	return hp_pprintf(pool, "%.*s%s", (int)n, root, path);
}

bool hp_path_is_clean(const char *path)
{
	size_t len = strlen(path);

	if (path[0] != '/' || has_dots(path) || strstr(path, "//"))
		return false;
	if (len > 1 && path[len - 1] == '/')
		return false;
	return hp_utf8_is_valid(path, len) && !hp_str_has_control(path, len);
}

char *hp_path_dir(struct hp_pool *pool, const char *path)
{
	const char *slash = strrchr(path, '/');

	HP_BUG_ON(!slash);
	return hp_pstrndup(pool, path, slash == path ? 1 : (size_t)(slash - path));
}

static const char *from_env(const char *name, const char *built)
{
	const char *v = secure_getenv(name);

	return v && *v ? v : built;
}

const char *hp_libdir(void)
{
	return from_env("HP_LIBDIR", HP_PKGLIBDIR);
}

const char *hp_libexecdir(void)
{
	return from_env("HP_LIBEXECDIR", HP_PKGLIBEXECDIR);
}

const char *hp_bindir(void)
{
	return from_env("HP_BINDIR", HP_BINDIR);
}

const char *hp_datadir(void)
{
	return from_env("HP_DATADIR", HP_PKGDATADIR);
}

const char *hp_webdir(void)
{
	return from_env("HP_WEBDIR", HP_PKGDATADIR "/web");
}
