/* Apache httpd 2.4, as Debian lays it out. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "node/web.h"
#include "base/str.h"

#define ETC "/etc/apache2"
#define PORTS_CONF ETC "/ports.conf"
#define KEPT HP_ANSWERS "apache"

extern const struct hp_server hp_server_apache;

/*
 * What vhosts need and Debian does not enable. Loaded by ours where nobody else has: a2enmod's
 * links are the administrator's, and stand before ours.
 */
static const char *const modules[] = {"alias", "auth_basic", "authn_core", "authn_file",
	"authz_core", "authz_host", "authz_user", "cache", "cache_disk", "deflate", "dir", "env", "expires", "filter",
	"mime", "setenvif", "headers", "proxy", "proxy_fcgi", "proxy_http", "proxy_wstunnel",
	"remoteip", "rewrite", "socache_shmcb", "ssl", NULL};

/* ---- what the administrator says elsewhere ---- */
static void look(struct hp_engine *x, struct hp_web_server *s)
{
	/* ports.conf listens for TLS where the module stands before it */
	s->admin_sets =
		access(hp_engine_path(x, x->scratch, ETC "/mods-enabled/ssl.load"), F_OK) == 0;
}

/* ---- ports.conf: it is the administrator's, but two servers can't have one port ---- */
static bool is_listen(const char *line)
{
	return strncasecmp(line, "Listen", 6) == 0 && (line[6] == ' ' || line[6] == '\t');
}

/* Lines that Debian puts there; whoever has written others is asked to change them himself. */
static bool is_debians(const char *line)
{
	static const char *const known[] = {"Listen 80", "Listen 443", "<IfModule ssl_module>",
		"<IfModule mod_gnutls.c>", "</IfModule>", NULL};
	const char *const *k;

	for (k = known; *k; k++)
		if (hp_streq(line, *k))
			return true;
	return !*line || *line == '#';
}

struct ports {
	bool listens, foreign;
	const char *line; /* the foreign one */
};

static void read_ports(struct hp_pool *pool, const char *text, struct ports *ret)
{
	struct hp_strv lines = {0};
	const char *line;
	size_t i;

	*ret = (struct ports){0};
	hp_str_split(pool, text, "\n", &lines);
	for (i = 0; i < lines.n; i++) {
		line = lines.v[i] + strspn(lines.v[i], " \t");
		ret->listens |= is_listen(line);
		if (is_debians(line) || ret->foreign)
			continue;
		ret->foreign = true;
		ret->line = line;
	}
}

static const char front_ports[] =
	"# Edited by hosting-panel when Apache became the server that has the public ports.\n"
	"Listen 80\n\n<IfModule ssl_module>\n\tListen 443\n</IfModule>\n";
static const char back_ports[] =
	"# Edited by hosting-panel: another server has the public ports, and Apache listens where\n"
	"# conf-enabled/hosting-panel.conf says. hp-vhost front apache gives them back to it.\n";

static int edit_ports(
	struct hp_engine *x, struct hp_web_server *s, struct hp_emit *e, struct hp_err *err)
{
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;
	struct ports p;

	if (hp_disk_text(x, PORTS_CONF, &text, err) < 0)
		return err->code;
	read_ports(x->scratch, hp_buf_str(&text), &p);
	if (p.listens == s->front)
		return 0;
	if (p.foreign) {
		hp_err_set(err, HP_E_EXISTS,
			PORTS_CONF " has lines of the administrator's (%s), "
				   "so it is not changed, but apache %s",
			p.line,
			s->front ? "is to listen on ports 80 and 443"
				 : "can't listen where the front server does");
		return hp_err_hint(
			err, s->front ? "put into it: Listen 80" : "take its Listen lines out");
	}
	hp_emit_edit(e, PORTS_CONF, s->front ? front_ports : back_ports,
		strlen(s->front ? front_ports : back_ports));
	return 0;
}

static void inputs(struct hp_engine *x, struct hp_web_server *s, struct hp_digest *d)
{
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err ignored = HP_ERR_INIT;
	struct ports p;

	if (hp_disk_text(x, PORTS_CONF, &text, &ignored) < 0)
		return;
	read_ports(x->scratch, hp_buf_str(&text), &p);
	hp_digest_add(d, p.listens == s->front ? "=" : "!", 1);
}

/* ---- what all vhosts share ---- */
static int node_data(struct hp_engine *x, struct hp_web_server *s, struct hp_tmap *m,
	struct hp_emit *e, struct hp_err *err)
{
	bool tls = s->front && hp_web_any_tls(x);
	const char *const *name;

	hp_tmap_str(m, "kept", KEPT);
	hp_tmap_bool(m, "listen_tls", !s->admin_sets);
	hp_tmap_bool(m, "tls", tls);
	if (tls && hp_web_nobody(x, s, m, e, err) < 0)
		return err->code;
	hp_tmap_list(m, "modules");
	for (name = modules; *name; name++)
		hp_tmap_str(hp_tmap_item(m, "modules"), "name", *name);
	/* each request without TLS would pay for it, too */
	if (tls)
		hp_tmap_str(hp_tmap_item(m, "modules"), "name", "http2");
	return edit_ports(x, s, e, err);
}

/* ---- its test ---- */
/*
 * (2)No such file or directory: AH02291: Cannot access directory '/…' for error log of vhost
 * defined at /etc/apache2/sites-enabled/a.example.conf:3
 */
static void read_other(struct hp_pool *pool, const char *text, struct hp_web_verdict *ret)
{
	/* said beside every complaint, or behind it */
	static const char *const noise[] = {"Warning",
		"AH00557:", "AH00558:", "AH00014:", "Action '", "The Apache error log may have",
		NULL};
	struct hp_strv lines = {0};
	const char *const *word;
	const char *at, *shown;
	size_t i;

	hp_str_split(pool, text, "\n", &lines);
	for (i = 0; i < lines.n && !ret->message; i++) {
		for (word = noise; *word && !strstr(lines.v[i], *word); word++)
			;
		if (*word)
			continue;
		ret->message = hp_str_printable(pool, lines.v[i], 300);
		at = strstr(lines.v[i], " at /");
		if (at)
			ret->domain = hp_web_domain_of(pool, &hp_server_apache,
				hp_pstrndup(pool, at + 4, strcspn(at + 4, ":")), &shown);
	}
}

/*
 * AH00526: Syntax error on line 3 of /etc/apache2/sites-enabled/a.example.conf:
 * Invalid command 'Foo', perhaps misspelled or …
 */
void hp_apache_read_verdict(struct hp_pool *pool, const char *text, struct hp_web_verdict *ret)
{
	const char *at = strstr(text, "Syntax error on line "), *of, *end, *shown, *why;
	char *path;

	*ret = (struct hp_web_verdict){0};
	if (!at) {
		read_other(pool, text, ret);
		return;
	}
	at += strlen("Syntax error on line ");
	of = strstr(at, " of ");
	end = of ? strstr(of, ":\n") : NULL;
	if (!of || !end || (size_t)(of - at) != strspn(at, "0123456789"))
		return;
	path = hp_pstrndup(pool, of + 4, (size_t)(end - of - 4));
	ret->domain = hp_web_domain_of(pool, &hp_server_apache, path, &shown);
	why = end + 2;
	ret->message = hp_pprintf(pool, "%s in %s:%.*s",
		hp_str_printable(pool, hp_pstrndup(pool, why, strcspn(why, "\n")), 300), shown,
		(int)(of - at), at);
}

/* A name that a vhost has, as "-D DUMP_VHOSTS" tells it. */
struct name {
	const char *listen, *name, *file;
};

static int by_listen(const void *a, const void *b)
{
	const struct name *l = a, *r = b;
	int d = strcmp(l->listen, r->listen);

	d = d ? d : strcmp(l->name, r->name);
	return d ? d : strcmp(l->file, r->file);
}

/* "…NAME (/file:3)" behind the words that say what it is; NULL: no such line. */
static const char *behind(const char *line, const char *word)
{
	const char *p = strstr(line, word);

	return p ? p + strlen(word) : NULL;
}

static size_t read_names(struct hp_pool *pool, const char *text, struct name **ret)
{
	struct hp_strv lines = {0};
	const char *listen = "", *file = "", *line, *p, *open;
	struct name *v;
	size_t i, n = 0;

	hp_str_split(pool, text, "\n", &lines);
	v = hp_palloc(pool, (lines.n + 1) * sizeof(*v));
	for (i = 0; i < lines.n; i++) {
		line = lines.v[i];
		open = strstr(line, " (/");
		if (*line && *line != ' ' && *line != '\t' && strchr(line, ':')) {
			listen = hp_pstrndup(pool, line, strcspn(line, " "));
			p = open ? line + strlen(listen) : NULL;
			p = p ? p + strspn(p, " ") : NULL;
		} else if (!(p = behind(line, " namevhost ")) &&
			!(p = behind(line, " wild alias ")) && !(p = behind(line, " alias "))) {
			continue;
		}
		if (open)
			file = hp_pstrndup(pool, open + 2, strcspn(open + 2, ":)"));
		if (p)
			v[n++] = (struct name){.listen = listen,
				.file = file,
				.name = hp_pstrndup(pool, p, strcspn(p, " "))};
	}
	*ret = v;
	return n;
}

size_t hp_apache_conflicts(
	struct hp_pool *pool, const char *text, struct hp_strv *names, struct hp_strv *listens)
{
	struct name *v;
	size_t n = read_names(pool, text, &v), i;

	if (n)
		qsort(v, n, sizeof(*v), by_listen);
	for (i = 1; i < n; i++) {
		if (!hp_streq(v[i].name, v[i - 1].name) ||
			!hp_streq(v[i].listen, v[i - 1].listen) ||
			hp_streq(v[i].file, v[i - 1].file))
			continue;
		hp_strv_add(pool, names, v[i].name);
		hp_strv_add(pool, listens, v[i].listen);
	}
	return names->n;
}

/* What comes behind the reason, and tells none: that it ends, or what OpenSSL calls the same. */
static bool is_epilogue(const char *words)
{
	static const char *const says[] = {"AH00019:", "AH02311:", "SSL Library Error:", NULL};
	const char *end = words + strcspn(words, "\n"), *at;
	const char *const *s;

	for (s = says; *s; s++) {
		at = strstr(words, *s);
		if (at && at < end)
			return true;
	}
	return false;
}

static char *last_of(char *log, const char *level, bool epilogue)
{
	char *p, *last = NULL;

	for (p = strstr(log, level); p; p = strstr(p, level)) {
		p += strlen(level);
		if (is_epilogue(p) == epilogue)
			last = p;
	}
	return last;
}

/* "[… 2026] [ssl:emerg] [pid 1:tid 1] AH02572: …"; an epilogue only where it says nothing else */
static const char *last_words(struct hp_pool *pool, char *log)
{
	static const char *const levels[] = {":emerg] ", ":alert] ", ":crit] ", ":error] "};
	const size_t n = HP_ARRAY_SIZE(levels);
	char *last = NULL, *behind_pid;
	size_t i;

	for (i = 0; i < 2 * n && !last; i++)
		last = last_of(log, levels[i % n], i >= n);
	if (!last)
		return NULL;
	last[strcspn(last, "\n")] = 0;
	behind_pid = *last == '[' ? strstr(last, "] ") : NULL;
	return hp_str_printable(pool, behind_pid ? behind_pid + 2 : last, 300);
}

/* "… AH02240: Server should be SSL-aware but has no certificate configured [Hint: …] (/file:3)" */
static void read_trial(struct hp_pool *pool, char *said, struct hp_web_verdict *ret)
{
	const char *words, *shown;
	char *at, *open = NULL;

	for (at = strstr(said, " (" ETC "/"); at && !open; at = strstr(at + 1, " (" ETC "/"))
		open = at + 2;
	if (open)
		ret->domain = hp_web_domain_of(pool, &hp_server_apache,
			hp_pstrndup(pool, open, strcspn(open, ":)\n")), &shown);
	words = last_words(pool, said);
	ret->message = words;
}

/*
 * Its test reads no certificate, and what it does not find at a reload is the end of it. So it is
 * started for a trial: it reads everything before it lets go of its terminal, and as that process
 * is the first of its own process namespace, everything that it has started ends with it. Unless it
 * is told that systemd has started it, apache2ctl has systemd start the real one instead.
 */
static int try_start(struct hp_engine *x, struct hp_web_server *s, struct hp_err *err)
{
	static const char *const argv[] = {"/usr/bin/unshare", "--pid", "--fork", "--kill-child",
		"/usr/bin/env", "APACHE_STARTED_BY_SYSTEMD=true", "/usr/sbin/apache2ctl", "-k",
		"start", NULL};
	struct hp_buf said _cleanup_buf_ = HP_BUF_INIT;
	struct hp_web_verdict v = {0};
	off_t from = hp_web_log_end(s->is);
	int status, rc = hp_web_try_start(x, s, argv, &status, &said, err);

	if (rc || status == 0)
		return rc < 0 ? rc : 0;
	read_trial(x->round, hp_pstrdup(x->round, hp_buf_str(&said)), &v);
	if (!v.message)
		v.message = hp_web_last_words(x->round, s->is, from);
	return hp_web_refused(x, s, &v, hp_buf_str(&said), err);
}

static int test(struct hp_engine *x, struct hp_web_server *s, bool live, struct hp_err *err)
{
	/* it knows the variables that Debian's configuration needs */
	static const char *const argv[] = {"/usr/sbin/apache2ctl", "-t", "-D", "DUMP_VHOSTS", NULL};
	struct hp_buf said _cleanup_buf_ = HP_BUF_INIT;
	struct hp_strv names = {0}, listens = {0};
	struct hp_web_verdict v;
	int status, rc = hp_web_run_test(x, s, argv, live, &status, &said, err), one;
	size_t i;

	if (rc)
		return rc < 0 ? rc : 0;
	if (status) {
		hp_apache_read_verdict(x->round, hp_buf_str(&said), &v);
		return hp_web_refused(x, s, &v, hp_buf_str(&said), err);
	}
	hp_apache_conflicts(x->round, hp_buf_str(&said), &names, &listens);
	for (i = 0; i < names.n; i++) {
		one = hp_web_conflict(x, s, names.v[i], listens.v[i], err);
		rc = one ? one : rc;
	}
	return rc || live ? rc : try_start(x, s, err);
}

/* ---- as it runs ---- */
/* A child of before closes its listening sockets when it has begun to end. */
static bool accepts(pid_t pid)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();

	return *hp_web_listens(pool, pid) != 0;
}

/* "Server version: Apache/2.4.62 (Debian)" */
static const char *version(struct hp_pool *pool, const char *binary)
{
	const char *const argv[] = {binary, "-v", NULL};

	return hp_web_ask_version(pool, argv, "Apache/");
}

/* ---- what it keeps ---- */
/*
 * Two files for each answer. The one with headers begins with 120 bytes of numbers and the key,
 * which begins with the website's name (CacheKeyBaseURL).
 */
static int forget_file(const struct hp_forget *f, void *arg HP_UNUSED, int dirfd, const char *name)
{
	struct hp_kept *of = hp_str_ends(name, ".header")
		? hp_kept_read(f, dirfd, name, "http://", '/')
		: NULL;
	const char *body;

	if (!of)
		return 0;
	body = hp_pprintf(f->pool, "%.*s.data", (int)(strlen(name) - strlen(".header")), name);
	if (!f->dry && unlinkat(dirfd, body, 0) < 0 && errno != ENOENT)
		return -1;
	return hp_kept_remove(f, of, dirfd, name);
}

static int forget(const struct hp_forget *f, struct hp_err *err)
{
	return hp_kept_walk(f, KEPT, forget_file, NULL, err);
}

static const char *const comms[] = {"apache2", NULL};
static const char *const binaries[] = {"/usr/sbin/apache2", NULL};
static const struct hp_web_shared shared[] = {
	{"cache.conf", 0644, HP_WEB_AT_FRONT},
	{"cache-answer.conf", 0644, HP_WEB_AT_FRONT},
	{"proxy.conf", HP_EMIT_SECRET, HP_WEB_AT_FRONT},
	{"forwarded.conf", 0644, HP_WEB_AT_FRONT},
	{"behind.conf", HP_EMIT_SECRET, HP_WEB_BEHIND},
	{"behind-php.conf", 0644, HP_WEB_BEHIND},
	{0},
};

/*
 * What settings become here, as templates/apache writes them. Kept beside it, since
 * tests/node/directives.bats renders each and wants exactly these.
 */
static const struct hp_becomes becomes[HP_SITE_FIELDS] = {
	[HP_SITE_DOMAIN] = {"ServerName ServerAlias", "with the aliases"},
	[HP_SITE_STATUS] = {"RedirectMatch ErrorDocument",
		"503 for every path while it is suspended"},
	[HP_SITE_USER] = {"SetHandler Proxy", "the socket is named after it"},
	[HP_SITE_WEB_SERVER] = {"VirtualHost",
		"80 and 443 as the front, 127.0.0.1:8182 behind another"},
	[HP_SITE_DOCUMENT_ROOT] = {"DocumentRoot", NULL},
	[HP_SITE_INDEX_FILES] = {"DirectoryIndex RewriteRule",
		"the first script answers for what is no file"},
	[HP_SITE_REDIRECTS] = {"RewriteEngine RewriteRule RewriteCond", NULL},
	[HP_SITE_ERROR_PAGES] = {"ErrorDocument", NULL},
	[HP_SITE_PROXY_PORT] = {"ProxyPass ProxyPassReverse ProxyPreserveHost ProxyAddHeaders "
				"RequestHeader",
		NULL},
	[HP_SITE_PHP_MAX_EXECUTION_TIME] = {"ProxyTimeout", "10 seconds more than PHP has"},
	[HP_SITE_PHP_PATHS] = {"SetHandler Proxy ProxySet RewriteRule RewriteCond",
		"in a LocationMatch for each path"},
	[HP_SITE_PHP_POST_MAX_SIZE] = {"LimitRequestBody If",
		"by Content-Length; a body for PHP that does not say its length is refused with 411, and for a program has no limit"},
	[HP_SITE_PHP_MAX_CHILDREN] = {NULL, "requests beyond it wait in the queue of FPM"},
	[HP_SITE_SSL_ENABLED] = {"VirtualHost SSLEngine SSLCertificateFile "
				 "SSLCertificateKeyFile SSLUseStapling Protocols",
		"at the front, once there is a certificate; SSLUseStapling where it names an OCSP "
		"responder"},
	[HP_SITE_HTTPS_REDIRECT] = {"RewriteRule RewriteCond", "301, in the block for port 80"},
	[HP_SITE_HSTS_MAX_AGE] = {"Header", "Strict-Transport-Security, over HTTPS alone"},
	[HP_SITE_GZIP_ENABLED] = {"AddOutputFilterByType DeflateCompressionLevel FilterChain "
				  "SetEnv",
		"by brotli, too, where its module is loaded; SetEnv no-gzip where it is "
		"false"},
	[HP_SITE_CACHE_ENABLED] = {"ExpiresActive ExpiresDefault CacheEnable CacheKeyBaseURL "
				   "RequestHeader Header RewriteRule RewriteCond",
		"names of static files expire; as the front it keeps other answers"},
	[HP_SITE_CACHE_TTL_SECONDS] = {"ExpiresDefault Header",
		"where cache_enabled is true; the latter 10 seconds at most"},
	[HP_SITE_HTTP_SECURITY_HEADERS] = {"Header", NULL},
	[HP_SITE_ALLOWED_IPS] = {"Require RequireAll RequireAny", NULL},
	[HP_SITE_BLOCKED_IPS] = {"Require RequireAll", NULL},
	[HP_SITE_BASIC_AUTH] = {"AuthType AuthName AuthUserFile AuthMerging Require", NULL},
};

const struct hp_server hp_server_apache = {
	.name = "apache",
	.package = "apache2",
	.service = "apache2",
	.pidfile = "/run/apache2/apache2.pid",
	.comms = comms,
	.etc = ETC,
	.own = ETC "/hosting-panel",
	.error_log = "/var/log/apache2/error.log",
	.sites = ETC "/sites-available",
	.enabled = ETC "/sites-enabled",
	.port = 8182,
	.reload = SIGUSR1,
	.binaries = binaries,
	.node_file = ETC "/conf-available/hosting-panel.conf",
	.node_link = ETC "/conf-enabled/hosting-panel.conf",
	.first_counts = true,
	.shared = shared,
	.becomes = becomes,
	.look = look,
	.inputs = inputs,
	.node_data = node_data,
	.test = test,
	.last_words = last_words,
	.accepts = accepts,
	.version = version,
	.forget = forget,
	.kept = KEPT,
};
