/* NGINX. */
#include <dirent.h>
#include <signal.h>
#include <string.h>

#include "node/web.h"
#include "node/web_slots.h"
#include "base/str.h"
#include "model/state.h"

#define ETC "/etc/nginx"
/* it makes them, its workers' alone */
#define KEPT_PHP HP_ANSWERS "nginx-php"
#define KEPT_PROXY HP_ANSWERS "nginx-proxy"

extern const struct hp_server hp_server_nginx;

/* ---- what the administrator says elsewhere ---- */
/* Does this file set server_names_hash_…, outside comments? Twice is an error to nginx. */
static bool sets_hash(struct hp_engine *x, const char *path)
{
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err ignored = HP_ERR_INIT;
	const char *p, *line;

	if (hp_file_read(hp_engine_path(x, x->scratch, path), (size_t)4 << 20, &text, &ignored) < 0)
		return false;
	for (p = hp_buf_str(&text); (p = strstr(p, "server_names_hash_")); p++) {
		for (line = p; line > text.s && line[-1] != '\n' && line[-1] != '#'; line--)
			;
		if (line == text.s || line[-1] == '\n')
			return true;
	}
	return false;
}

static bool somebody_sets_hash(struct hp_engine *x)
{
	DIR *d = opendir(hp_engine_path(x, x->scratch, ETC "/conf.d"));
	bool found = sets_hash(x, ETC "/nginx.conf");
	struct dirent *e;

	while (d && !found && (e = readdir(d)))
		found = hp_str_ends(e->d_name, ".conf") &&
			!hp_streq(e->d_name, "hosting-panel.conf") &&
			sets_hash(x, hp_pprintf(x->scratch, ETC "/conf.d/%s", e->d_name));
	if (d)
		closedir(d);
	return found;
}

static void look(struct hp_engine *x, struct hp_web_server *s)
{
	s->admin_sets = somebody_sets_hash(x);
}

/* ---- what all vhosts share ---- */
static int64_t power_of_two(int64_t n)
{
	int64_t p = 1;

	while (p < n)
		p *= 2;
	return p;
}

/*
 * A name takes a pointer, its length and itself, aligned, in a bucket that ends in a pointer
 * (ngx_hash.c): a bucket too small for one name is an error. Wide buckets for many names let
 * nginx find a size of its table at once, which otherwise takes seconds. Powers of two, so that
 * the file changes seldom.
 */
static int count_names(
	struct hp_engine *x, const struct hp_web_server *s, struct hp_tmap *m, struct hp_err *err)
{
	int64_t names = 0, longest = 32, bucket, len;
	struct hp_site site;
	size_t i, j;

	for (i = 0; i < x->n_sites; i++) {
		if (!x->sites[i].line)
			continue;
		/*
		 * a site with aliases names them in its line; parsing all of them would cost more
		 * than rendering
		 */
		names++;
		len = (int64_t)strlen(x->sites[i].domain);
		longest = len > longest ? len : longest;
		if (memmem(x->sites[i].line, x->sites[i].len, "\"aliases\":[]", 12))
			continue;
		hp_pool_reset(x->names);
		if (hp_state_parse_site(x->names, x->sites[i].line, x->sites[i].len, &site, err) <
			0)
			return err->code;
		names += (int64_t)site.aliases.n;
		for (j = 0; j < site.aliases.n; j++) {
			len = (int64_t)strlen(site.aliases.v[j]);
			longest = len > longest ? len : longest;
		}
	}
	bucket = power_of_two(8 + (longest + 2 + 7) / 8 * 8 + 8);
	if (names > 400 && bucket < 512)
		bucket = 512;
	names = power_of_two(names < 256 ? 256 : names);
	hp_tmap_bool(m, "names_hash", !s->admin_sets);
	hp_tmap_i64(m, "room", names);
	hp_tmap_i64(m, "longest", bucket - 24);
	hp_tmap_i64(m, "max_size", 4 * names);
	hp_tmap_i64(m, "bucket_size", bucket);
	return 0;
}

static int node_data(struct hp_engine *x, struct hp_web_server *s, struct hp_tmap *m,
	struct hp_emit *e HP_UNUSED, struct hp_err *err)
{
	if (!x->names)
		x->names = hp_pool_new();
	hp_tmap_bool(m, "tls", s->front && hp_web_any_tls(x));
	hp_tmap_str(m, "cache_php", KEPT_PHP);
	hp_tmap_str(m, "cache_proxy", KEPT_PROXY);
	hp_web_default_headers(x->scratch, m);
	return count_names(x, s, m, err);
}

/* ---- reading what nginx -t says ---- */
/* The last "in /path:line" of a complaint. */
static void read_place(struct hp_pool *pool, char *line, struct hp_web_verdict *ret)
{
	char *in = NULL, *p, *colon;
	const char *shown;

	for (p = strstr(line, " in /"); p; p = strstr(p + 1, " in /"))
		in = p;
	colon = in ? strrchr(in, ':') : NULL;
	if (!colon || !colon[1] || colon[1 + strspn(colon + 1, "0123456789")])
		return;
	*colon = 0;
	ret->domain = hp_web_domain_of(pool, &hp_server_nginx, in + 4, &shown);
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

void hp_nginx_read_verdict(struct hp_pool *pool, const char *text, struct hp_web_verdict *ret)
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
bool hp_nginx_next_conflict(
	struct hp_pool *pool, const char **at, const char **ret_name, const char **ret_listen)
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

/* Of two vhosts with one name nginx serves the first and says only a warning. */
static int check_conflicts(
	struct hp_engine *x, struct hp_web_server *s, const char *said, struct hp_err *err)
{
	const char *at = said, *name, *listen;
	int rc = 0, one;

	while (hp_nginx_next_conflict(x->round, &at, &name, &listen)) {
		one = hp_web_conflict(x, s, name, listen, err);
		rc = one ? one : rc;
	}
	return rc;
}

static int test(struct hp_engine *x, struct hp_web_server *s, bool live, struct hp_err *err)
{
	const char *const argv[] = {s->binary, "-t", NULL};
	struct hp_buf said _cleanup_buf_ = HP_BUF_INIT;
	struct hp_web_verdict v;
	int status, rc = hp_web_run_test(x, s, argv, live, &status, &said, err);

	if (rc)
		return rc < 0 ? rc : 0;
	if (status == 0)
		return check_conflicts(x, s, hp_buf_str(&said), err);
	hp_nginx_read_verdict(x->round, hp_buf_str(&said), &v);
	return hp_web_refused(x, s, &v, hp_buf_str(&said), err);
}

/* ---- as it runs ---- */
static const char *last_words(struct hp_pool *pool, char *log)
{
	char *p, *last = NULL, *colon;

	for (p = strstr(log, "[emerg] "); p; p = strstr(p + 1, "[emerg] "))
		if (!strstr(p, "still could not bind()") || !last)
			last = p + strlen("[emerg] ");
	if (!last)
		return NULL;
	last[strcspn(last, "\n")] = 0;
	colon = strstr(last, ": ");
	return hp_str_printable(pool, colon && colon - last < 24 ? colon + 2 : last, 300);
}

static bool accepts(pid_t pid)
{
	char title[128];

	hp_web_title(pid, title, sizeof(title));
	return *title && !strstr(title, "is shutting down");
}

/* "nginx version: nginx/1.22.1" */
static const char *version(struct hp_pool *pool, const char *binary)
{
	const char *const argv[] = {binary, "-v", NULL};

	return hp_web_ask_version(pool, argv, "nginx/");
}

/* ---- what it keeps ---- */
/*
 * A file for each answer, with the key that it is found by ("example.com site1 …") behind a head of
 * less than 400 bytes and headers, which have no line ends in them. When one is gone it asks anew.
 */
static int forget_file(const struct hp_forget *f, void *arg HP_UNUSED, int dirfd, const char *name)
{
	struct hp_kept *of = hp_kept_read(f, dirfd, name, "\nKEY: ", ' ');

	return of ? hp_kept_remove(f, of, dirfd, name) : 0;
}

static int forget(const struct hp_forget *f, struct hp_err *err)
{
	if (hp_kept_walk(f, KEPT_PHP, forget_file, NULL, err) < 0)
		return err->code;
	return hp_kept_walk(f, KEPT_PROXY, forget_file, NULL, err);
}

static const char *const comms[] = {"nginx", NULL};
static const char *const binaries[] = {
	"/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx", NULL};
static const struct hp_web_shared shared[] = {
	{"php.conf", 0644, HP_WEB_ALWAYS},
	{"tls.conf", 0644, HP_WEB_ALWAYS},
	{"cache-php.conf", 0644, HP_WEB_AT_FRONT},
	{"cache-proxy.conf", 0644, HP_WEB_AT_FRONT},
	{"proxy.conf", HP_EMIT_SECRET, HP_WEB_AT_FRONT},
	{"forwarded.conf", 0644, HP_WEB_AT_FRONT},
	{"behind.conf", HP_EMIT_SECRET, HP_WEB_BEHIND},
	{"behind-app.conf", HP_EMIT_SECRET, HP_WEB_BEHIND},
	{"behind-php.conf", HP_EMIT_SECRET, HP_WEB_BEHIND},
	{0},
};

/*
 * What settings become here, as templates/nginx writes them. Kept beside it, since
 * tests/node/directives.bats renders each and wants exactly these.
 */
static const struct hp_becomes becomes[HP_SITE_FIELDS] = {
	[HP_SITE_DOMAIN] = {"server_name", "with the aliases"},
	[HP_SITE_STATUS] = {"return", "503 for every path while it is suspended"},
	[HP_SITE_USER] = {"fastcgi_pass", "the socket is named after it"},
	[HP_SITE_WEB_SERVER] = {"listen", "80 and 443 as the front, 127.0.0.1:8181 behind another"},
	[HP_SITE_DOCUMENT_ROOT] = {"root", NULL},
	[HP_SITE_INDEX_FILES] = {"index try_files", "the first script answers for what is no file"},
	[HP_SITE_REDIRECTS] = {"location return", NULL},
	[HP_SITE_ERROR_PAGES] = {"error_page", NULL},
	[HP_SITE_PROXY_PORT] = {"proxy_pass proxy_http_version proxy_set_header "
				"proxy_connect_timeout proxy_read_timeout proxy_send_timeout",
		NULL},
	[HP_SITE_PHP_MAX_EXECUTION_TIME] = {"fastcgi_read_timeout fastcgi_send_timeout "
					    "proxy_read_timeout proxy_send_timeout",
		"10 seconds more than PHP has"},
	[HP_SITE_PHP_PATHS] = {"fastcgi_pass fastcgi_read_timeout fastcgi_send_timeout return "
			       "try_files",
		"in a location for each path"},
	[HP_SITE_PHP_POST_MAX_SIZE] = {"client_max_body_size", NULL},
	[HP_SITE_PHP_MAX_CHILDREN] = {NULL, "requests beyond it wait in the queue of FPM"},
	[HP_SITE_SSL_ENABLED] = {"listen ssl_certificate ssl_certificate_key ssl_stapling",
		"at the front, once there is a certificate; ssl_stapling where it names an OCSP "
		"responder"},
	[HP_SITE_HTTPS_REDIRECT] = {"return", "301, in a block of its own for port 80"},
	[HP_SITE_HSTS_MAX_AGE] = {"add_header", "Strict-Transport-Security, over HTTPS alone"},
	[HP_SITE_GZIP_ENABLED] = {"gzip gzip_vary gzip_proxied gzip_comp_level gzip_min_length "
				  "gzip_types",
		NULL},
	[HP_SITE_CACHE_ENABLED] = {"location expires try_files fastcgi_cache_key "
				   "fastcgi_cache_valid proxy_cache_key proxy_cache_valid "
				   "add_header",
		"names of static files expire; as the front it keeps other answers"},
	[HP_SITE_CACHE_TTL_SECONDS] = {"expires fastcgi_cache_valid proxy_cache_valid",
		"where cache_enabled is true; the latter two 10 seconds at most"},
	[HP_SITE_HTTP_SECURITY_HEADERS] = {"add_header fastcgi_hide_header proxy_hide_header",
		NULL},
	[HP_SITE_ALLOWED_IPS] = {"allow deny", NULL},
	[HP_SITE_BLOCKED_IPS] = {"deny", NULL},
	[HP_SITE_BASIC_AUTH] = {"auth_basic auth_basic_user_file",
		"by variables that the path sets"},
};

const struct hp_server hp_server_nginx = {
	.name = "nginx",
	.package = "nginx",
	.service = "nginx",
	.pidfile = "/run/nginx.pid",
	.comms = comms,
	.etc = ETC,
	.own = ETC "/hosting-panel",
	.error_log = "/var/log/nginx/error.log",
	.sites = ETC "/sites-available",
	.enabled = ETC "/sites-enabled",
	.port = 8181,
	.reload = SIGHUP,
	.blocks = true,
	.binaries = binaries,
	.node_file = ETC "/conf.d/hosting-panel.conf",
	.shared = shared,
	.becomes = becomes,
	.look = look,
	.node_data = node_data,
	.test = test,
	.last_words = last_words,
	.accepts = accepts,
	.version = version,
	.forget = forget,
};
