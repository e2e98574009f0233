/* Reading what nginx -t says. */
#include <string.h>

#include "node/part_nginx.h"
#include "base/str.h"

/* "…/sites-enabled/example.com.conf" → "example.com"; a copy of a hand-made file likewise. */
static const char *domain_of(struct hp_pool *pool, const char *path, const char **ret_shown)
{
	static const char *const dirs[] = {
		HP_NGINX_ETC "/sites-enabled/", HP_NGINX_ETC "/sites-available/"};
	const char *name, *at, *domain;
	size_t i;

	*ret_shown = path;
	for (i = 0; i < HP_ARRAY_SIZE(dirs); i++) {
		name = hp_str_after(path, dirs[i]);
		if (name && hp_str_ends(name, ".conf"))
			return hp_pstrndup(pool, name, strlen(name) - 5);
	}
	name = hp_str_after(path, HP_NGINX_CUSTOM "/");
	at = name ? strchr(name, '@') : NULL;
	if (!at)
		return NULL;
	domain = hp_pstrndup(pool, name, (size_t)(at - name));
	*ret_shown = hp_pprintf(pool, HP_CUSTOM_DIR "/%s/nginx/%s", domain, at + 1);
	return domain;
}

/* The last "in /path:line" of a complaint. */
static void read_place(struct hp_pool *pool, char *line, struct hp_nginx_verdict *ret)
{
	char *in = NULL, *p, *colon;
	const char *shown;

	for (p = strstr(line, " in /"); p; p = strstr(p + 1, " in /"))
		in = p;
	colon = in ? strrchr(in, ':') : NULL;
	if (!colon || !colon[1] || colon[1 + strspn(colon + 1, "0123456789")])
		return;
	*colon = 0;
	ret->domain = domain_of(pool, in + 4, &shown);
	ret->message = hp_pprintf(pool, "%.*s in %s:%s", (int)(in - line), line, shown, colon + 1);
}

static char *next_line(struct hp_pool *pool, const char **at)
{
	const char *p = *at, *nl;

	if (!*p)
		return NULL;
	nl = strchr(p, '\n');
	*at = nl ? nl + 1 : p + strlen(p);
	return hp_pstrndup(pool, p, nl ? (size_t)(nl - p) : strlen(p));
}

/* "nginx: [emerg] …" or, from its log, "2026/… [emerg] 12#12: …" */
static char *complaint(char *line, const char *level)
{
	char *p = strstr(line, level), *hash;

	if (!p)
		return NULL;
	p += strlen(level);
	hash = p + strspn(p, "0123456789");
	if (hash > p && *hash == '#') {
		hash += 1 + strspn(hash + 1, "0123456789");
		if (hash[0] == ':' && hash[1] == ' ')
			p = hash + 2;
	}
	return p;
}

void hp_nginx_read_verdict(struct hp_pool *pool, const char *text, struct hp_nginx_verdict *ret)
{
	static const char *const levels[] = {"[emerg] ", "[alert] ", "[crit] "};
	const char *at;
	char *line, *what;
	size_t i;

	memset(ret, 0, sizeof(*ret));
	for (i = 0; i < HP_ARRAY_SIZE(levels) && !ret->message; i++)
		for (at = text; !ret->message && (line = next_line(pool, &at));) {
			what = complaint(line, levels[i]);
			if (!what)
				continue;
			ret->message = hp_pstrdup(pool, what);
			read_place(pool, what, ret);
		}
}

/* nginx: [warn] conflicting server name "a.example" on 0.0.0.0:80, ignored */
bool hp_nginx_next_conflict(struct hp_pool *pool, const char **at, const char **ret_name,
	const char **ret_listen)
{
	char *line, *what, *name, *end, *on, *comma;

	while ((line = next_line(pool, at))) {
		what = complaint(line, "[warn] ");
		name = what ? strstr(what, "conflicting server name \"") : NULL;
		if (!name)
			continue;
		name += strlen("conflicting server name \"");
		end = strchr(name, '"');
		on = end ? strstr(end, " on ") : NULL;
		if (!on)
			continue;
		*end = 0;
		on += 4;
		comma = strchr(on, ',');
		if (comma)
			*comma = 0;
		*ret_name = name;
		*ret_listen = on;
		return true;
	}
	return false;
}
