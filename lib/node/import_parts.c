/* Settings that both servers have, whatever their directives are called. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "node/import_impl.h"
#include "base/file.h"
#include "base/str.h"

const struct hp_handler *hp_import_handler(const struct hp_handler *v, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (hp_streq(v[i].name, name))
			return &v[i];
	return NULL;
}

bool hp_import_is_one(const char *const *list, const char *name)
{
	for (; *list; list++)
		if (strcasecmp(*list, name) == 0)
			return true;
	return false;
}

bool hp_import_says(const struct hp_directive *block, const char *name)
{
	const struct hp_directive *d;

	for (d = block->child; d; d = d->next)
		if (hp_streq(d->name, name))
			return true;
	return false;
}

bool hp_import_arg_is(const struct hp_directive *d, unsigned i, const char *value)
{
	return i < d->n_args && strcasecmp(d->args[i], value) == 0;
}

/* ---- names ---- */
const char *hp_import_name(struct hp_pool *pool, const char *name, bool wildcard)
{
	struct hp_err ignored = HP_ERR_INIT;
	const char *ret;

	if (hp_domain_check(pool, name, strlen(name), wildcard, &ret, &ignored) < 0)
		return NULL;
	/* as long as a website's name may be: files are named after it */
	return strlen(ret) <= (size_t)hp_site_table.fields[HP_SITE_DOMAIN].max ? ret : NULL;
}

/* ---- PHP ---- */
/* Where "php" is followed by X.Y, or by XY as some call their sockets. */
const char *hp_import_php_version(struct hp_pool *pool, const char *path)
{
	const char *p = path, *d;

	while ((p = strstr(p, "php"))) {
		p += 3;
		d = p + (*p == '-' || *p == '/' || *p == '_');
		if (hp_str_starts(d, "fpm") && (d[3] == '-' || d[3] == '_'))
			d += 4;
		if (*d < '5' || *d > '9')
			continue;
		if (d[1] == '.' && isdigit((unsigned char)d[2]))
			return hp_pprintf(pool, "%c.%c", d[0], d[2]);
		if (isdigit((unsigned char)d[1]) && !isdigit((unsigned char)d[2]))
			return hp_pprintf(pool, "%c.%c", d[0], d[1]);
	}
	return NULL;
}

void hp_import_ini(struct hp_reader *r, struct hp_build *b, const char *name, const char *value,
	const struct hp_directive *d)
{
	static const struct {
		const char *name;
		enum hp_site_field field;
	} own[] = {
		{"memory_limit", HP_SITE_PHP_MEMORY_LIMIT},
		{"max_execution_time", HP_SITE_PHP_MAX_EXECUTION_TIME},
		{"upload_max_filesize", HP_SITE_PHP_UPLOAD_MAX_FILESIZE},
		{"post_max_size", HP_SITE_PHP_POST_MAX_SIZE},
	};
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(own); i++)
		if (hp_streq(own[i].name, name)) {
			hp_import_set(r, b, own[i].field, value, d);
			return;
		}
	hp_import_member(r, b, HP_PHP_SETTINGS, name, NULL, value, d);
}

/* ---- headers ---- */
/* "max-age=31536000; includeSubDomains" */
static bool set_hsts(
	struct hp_reader *r, struct hp_build *b, const char *value, const struct hp_directive *d)
{
	struct hp_strv parts = {0};
	const char *age = NULL, *word;
	bool more = false;
	size_t i;

	hp_str_split(r->pool, value, "; ", &parts);
	for (i = 0; i < parts.n; i++) {
		if ((word = hp_str_after(parts.v[i], "max-age=")))
			age = word;
		else
			more = true;
	}
	if (!age)
		return false;
	hp_import_set(r, b, HP_SITE_HSTS_MAX_AGE, age, d);
	if (more)
		hp_import_note(r, b, d, HP_LOST,
			"hsts_max_age is of this name alone: what else the header says is left out");
	return true;
}

/* "public, max-age=31536000, immutable" of static files: the age of it. */
static bool set_cache_control(
	struct hp_reader *r, struct hp_build *b, const char *value, const struct hp_directive *d)
{
	const char *age = strstr(value, "max-age=");
	int64_t n;

	if (!age || (age > value && age[-1] == '-'))
		return false;
	age += strlen("max-age=");
	if (hp_parse_i64(hp_pstrndup(r->pool, age, strspn(age, "0123456789")), 0, INT32_MAX, &n) <
		0)
		return false;
	hp_import_ttl(r, b, n, d);
	return true;
}

bool hp_import_header(struct hp_reader *r, struct hp_build *b, const char *name, const char *value,
	const struct hp_directive *d)
{
	if (strchr(value, '$') || strchr(value, '%'))
		return false;
	if (strcasecmp(name, "Strict-Transport-Security") == 0)
		return set_hsts(r, b, value, d);
	if (strcasecmp(name, "Cache-Control") == 0)
		return set_cache_control(r, b, value, d);
	hp_import_member(r, b, HP_HEADERS, name, NULL, value, d);
	return true;
}

/* ---- redirects ---- */
bool hp_import_redirect(struct hp_reader *r, struct hp_build *b, const char *from,
	const char *status, const char *to, const struct hp_directive *d)
{
	static const char *const known[] = {"301", "302", "307", "308", NULL};

	if (!hp_import_is_one(known, status) || strchr(to, '$'))
		return false;
	hp_import_member(
		r, b, HP_REDIRECTS, from, NULL, hp_pprintf(r->pool, "%s %s", status, to), d);
	return true;
}

const char *hp_import_plain_regex(struct hp_pool *pool, const char *re)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	const char *s = re;

	if (*s++ != '^')
		return NULL;
	/* in .htaccess and within a folder of Apache's the slash is not there */
	if (*s != '/')
		hp_buf_addc(&b, '/');
	for (; *s && !hp_streq(s, "$"); s++) {
		if (hp_streq(s, "/?$"))
			break;
		if (*s == '\\' && s[1] && !isalnum((unsigned char)s[1]))
			s++;
		else if (strchr("\\^$.|?*+()[]{}", *s))
			return NULL;
		hp_buf_addc(&b, *s);
	}
	/* without its end it means all that begins so */
	return *s ? hp_pstrdup(pool, hp_buf_str(&b)) : NULL;
}

/* ---- passwords ---- */
void hp_import_auth(struct hp_reader *r, struct hp_build *b, const char *path, const char *file,
	const struct hp_directive *d)
{
	struct hp_err why = HP_ERR_INIT;
	struct hp_strv lines = {0};
	struct hp_text t;
	const char *colon, *end;
	size_t i;

	if (hp_import_text(r, file, &t, &why) < 0) {
		hp_import_note(r, b, d, HP_LOST, "its users are not known: %s", why.msg);
		return;
	}
	hp_str_split(r->pool, hp_pstrndup(r->pool, t.text, t.len), "\r\n", &lines);
	for (i = 0; i < lines.n && i < HP_IMPORT_MEMBERS; i++) {
		colon = strchr(lines.v[i], ':');
		if (!colon || *lines.v[i] == '#')
			continue;
		/* nginx allows a comment behind another colon */
		end = colon + 1 + strcspn(colon + 1, ":");
		hp_import_member(r, b, HP_AUTH, path,
			hp_pstrndup(r->pool, lines.v[i], (size_t)(colon - lines.v[i])),
			hp_pstrndup(r->pool, colon + 1, (size_t)(end - colon - 1)), d);
	}
}

/* ---- numbers ---- */
bool hp_import_set_i64(struct hp_reader *r, struct hp_build *b, enum hp_site_field field,
	int64_t value, const struct hp_directive *d)
{
	hp_import_set(r, b, field, hp_pprintf(r->pool, "%lld", (long long)value), d);
	return true;
}

/* What PHP itself was told to take may stand further below: hp_import_finish() decides. */
void hp_import_body(
	struct hp_reader *r, struct hp_build *b, int64_t bytes, const struct hp_directive *d)
{
	if (bytes <= 0 || bytes > hp_site_table.fields[HP_SITE_PHP_POST_MAX_SIZE].max) {
		hp_import_note(r, b, d, HP_LOST,
			"a request's body has a limit here: "
			"php_post_max_size and php_upload_max_filesize set it");
	} else if (!b->body_at) {
		b->body = bytes;
		b->body_at = d;
	} else if (b->body != bytes) {
		hp_import_note(r, b, d, HP_LOST, "the limit is one for the whole website");
	}
}

void hp_import_ttl(
	struct hp_reader *r, struct hp_build *b, int64_t seconds, const struct hp_directive *d)
{
	const int64_t max = hp_site_table.fields[HP_SITE_CACHE_TTL_SECONDS].max;
	const char *old = b->f.site.v[HP_SITE_CACHE_TTL_SECONDS];

	if (seconds <= 0)
		return;
	if (seconds > max)
		seconds = max; /* "max" is for ever */
	if (old && !hp_streq(old, hp_pprintf(r->pool, "%lld", (long long)seconds))) {
		hp_import_note(
			r, b, d, HP_LOST, "cache_ttl_seconds is one for all files, %s here", old);
		return;
	}
	hp_import_set(r, b, HP_SITE_CACHE_ENABLED, "true", d);
	hp_import_set_i64(r, b, HP_SITE_CACHE_TTL_SECONDS, seconds, d);
}

int64_t hp_import_apache_time(struct hp_pool *pool, const char *s)
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

/* ---- places ---- */
void hp_import_root(
	struct hp_reader *r, struct hp_build *b, const char *path, const struct hp_directive *d)
{
	char *root = hp_pstrdup(r->pool, hp_import_absolute(r, path));
	size_t n = strlen(root);

	while (n > 1 && root[n - 1] == '/')
		root[--n] = 0;
	if (strchr(root, '$') || !hp_path_is_clean(root))
		hp_import_note(r, b, d, HP_LOST, "it is not the path of one folder");
	else if (!b->f.root)
		b->f.root = root;
	else if (!hp_streq(b->f.root, root))
		hp_import_note(
			r, b, d, HP_LOST, "a website has one document root, here %s", b->f.root);
}

void hp_import_cert(struct hp_reader *r, struct hp_build *b, bool key, const char *path,
	const struct hp_directive *d)
{
	const char **to = key ? &b->f.key : &b->f.cert, *full = hp_import_absolute(r, path);

	if (!hp_path_is_clean(full))
		hp_import_note(r, b, d, HP_LOST, "it is not the path of a file");
	else if (!*to)
		*to = full;
	else if (!hp_streq(*to, full))
		hp_import_note(r, b, d, HP_LOST, "a website has one certificate, here %s", *to);
}

void hp_import_index(struct hp_reader *r, struct hp_build *b, const struct hp_directive *d)
{
	struct hp_buf json _cleanup_buf_ = HP_BUF_INIT;
	unsigned i;

	hp_buf_addc(&json, '[');
	for (i = 0; i < d->n_args; i++) {
		if (strpbrk(d->args[i], "\"\\$/")) {
			hp_import_note(r, b, d, HP_LOST, "a file's name is wanted, not “%s”",
				hp_str_printable(r->pool, d->args[i], 60));
			return;
		}
		hp_buf_addf(&json, "%s\"%s\"", i ? "," : "", d->args[i]);
	}
	hp_buf_addc(&json, ']');
	if (!b->f.site.v[HP_SITE_INDEX_FILES])
		hp_import_set(r, b, HP_SITE_INDEX_FILES, hp_buf_str(&json), d);
}

int hp_import_local_port(const char *url)
{
	static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]"};
	const char *s = hp_str_after(url, "http://"), *p;
	uint64_t port;
	size_t i, n;
	char text[8];

	for (i = 0; s && i < HP_ARRAY_SIZE(hosts); i++) {
		p = hp_str_after(s, hosts[i]);
		if (!p || *p != ':')
			continue;
		n = strspn(p + 1, "0123456789");
		if (!n || n >= sizeof(text) || (p[1 + n] && !hp_streq(p + 1 + n, "/")))
			return 0;
		memcpy(text, p + 1, n);
		text[n] = 0;
		return hp_parse_u64(text, 65535, &port) == 0 ? (int)port : 0;
	}
	return 0;
}
