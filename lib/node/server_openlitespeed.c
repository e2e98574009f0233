/* OpenLiteSpeed, as its own packages lay it out: everything below /usr/local/lsws. */
#include <arpa/inet.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "node/certs.h"
#include "node/web.h"
#include "base/str.h"
#include "sys/json.h"

#define ETC "/usr/local/lsws/conf"
#define OWN ETC "/hosting-panel"
#define MAIN_CONF ETC "/httpd_config.conf"
#define NODE_CONF OWN "/node.conf"
#define KEPT HP_ANSWERS "openlitespeed"
/* Its test says nothing at all, and succeeds, where this is not there. */
#define TMP_DIR "/tmp/lshttpd"
/* Requests that wait in FPM's own queue are no error, so this need not be exact. */
#define CHILDREN 100

extern const struct hp_server hp_server_openlitespeed;

/* ---- httpd_config.conf: the administrator's, but it must include ours ---- */
/* What FPM's sockets are open to, and the files with websites' users. */
static const char *group_name(const struct hp_engine *x)
{
	const char *name = x->o->conf ? hp_conf_get(x->o->conf, "web", "group") : NULL;

	return name ? name : "www-data";
}

/* "group   nogroup" → "nogroup"; NULL: another line. */
static const char *value_of(const char *line, const char *name)
{
	size_t n = strlen(name);

	line += strspn(line, " \t");
	if (strncasecmp(line, name, n) != 0 || (line[n] != ' ' && line[n] != '\t'))
		return NULL;
	return line + n + strspn(line + n, " \t");
}

static bool is_word(const char *value, const char *word)
{
	size_t n = strcspn(value, " \t\r");

	return n == strlen(word) && strncmp(value, word, n) == 0;
}

struct reading {
	int depth; /* of blocks */
	bool includes, grouped;
};

/* One line, as it should be. */
static void copy_line(
	const struct hp_engine *x, struct reading *r, const char *line, struct hp_buf *ret)
{
	const char *first = line + strspn(line, " \t"), *value;
	size_t n = strlen(line);

	while (n && strchr(" \t\r", line[n - 1]))
		n--;
	value = r->depth == 0 && !r->grouped ? value_of(line, "group") : NULL;
	r->grouped |= value != NULL;
	if (value && !is_word(value, group_name(x)))
		hp_buf_addf(ret, "group                            %s", group_name(x));
	else
		hp_buf_adds(ret, line);
	value = value_of(line, "include");
	r->includes |= value && is_word(value, NODE_CONF);
	if (*first == '}')
		r->depth--;
	else if (*first != '#' && n && line[n - 1] == '{')
		r->depth++;
}

/* The file as it should be; what it is already, when nothing is missing. */
static void complete(const struct hp_engine *x, const char *text, struct hp_buf *ret)
{
	struct reading r = {0};
	size_t n;

	for (; *text; text += n) {
		n = strcspn(text, "\n");
		copy_line(x, &r, hp_pstrndup(x->scratch, text, n), ret);
		if (text[n] == '\n' && ++n)
			hp_buf_addc(ret, '\n');
	}
	if (r.grouped && r.includes)
		return;
	if (ret->len && ret->s[ret->len - 1] != '\n')
		hp_buf_addc(ret, '\n');
	if (!r.grouped)
		hp_buf_addf(ret, "group %s\n", group_name(x));
	if (!r.includes)
		hp_buf_adds(
			ret, "\n# Added by hosting-panel: its websites.\ninclude " NODE_CONF "\n");
}

static int edit_main(struct hp_engine *x, struct hp_emit *e, struct hp_err *err)
{
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT, whole _cleanup_buf_ = HP_BUF_INIT;

	if (hp_disk_text(x, MAIN_CONF, &text, err) < 0)
		return err->code;
	if (!text.len && x->live) {
		hp_err_set(err, HP_E_NOT_FOUND, MAIN_CONF " is not there or empty");
		return hp_err_hint(err,
			"install OpenLiteSpeed again, or bring its configuration "
			"back");
	}
	if (!text.len)
		return 0;
	complete(x, hp_buf_str(&text), &whole);
	if (!hp_streq(hp_buf_str(&text), hp_buf_str(&whole)))
		hp_emit_edit(e, MAIN_CONF, hp_buf_str(&whole), whole.len);
	return 0;
}

static void inputs(struct hp_engine *x, struct hp_web_server *s HP_UNUSED, struct hp_digest *d)
{
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT, whole _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err ignored = HP_ERR_INIT;

	if (hp_disk_text(x, MAIN_CONF, &text, &ignored) < 0)
		return;
	complete(x, hp_buf_str(&text), &whole);
	hp_digest_add(d, hp_streq(hp_buf_str(&text), hp_buf_str(&whole)) ? "=" : "!", 1);
}

/* ---- what all vhosts share ---- */
static int node_data(struct hp_engine *x, struct hp_web_server *s, struct hp_tmap *m,
	struct hp_emit *e, struct hp_err *err)
{
	bool tls = s->front && hp_web_any_tls(x);

	/* a listener for TLS has no life without a certificate */
	hp_tmap_bool(m, "tls", tls);
	if (tls && hp_web_nobody(x, s, m, e, err) < 0)
		return err->code;
	return edit_main(x, e, err);
}

/* ---- what a website's vhost has besides ---- */
/* It makes this folder itself; no domain has "/" in it. */
static const char *kept_of(struct hp_pool *pool, const char *domain)
{
	return hp_pprintf(pool, KEPT "/%s", domain);
}

struct net {
	unsigned char bytes[16];
	unsigned bits;
	bool v6;
};

static bool read_net(const char *text, struct net *ret)
{
	char address[INET6_ADDRSTRLEN];
	size_t n = strcspn(text, "/");
	uint64_t bits;

	if (n >= sizeof(address))
		return false;
	memcpy(address, text, n);
	address[n] = 0;
	ret->v6 = strchr(address, ':');
	ret->bits = ret->v6 ? 128 : 32;
	if (text[n] && (hp_parse_u64(text + n + 1, ret->bits, &bits) < 0))
		return false;
	if (text[n])
		ret->bits = (unsigned)bits;
	return inet_pton(ret->v6 ? AF_INET6 : AF_INET, address, ret->bytes) == 1;
}

static bool contains(const struct net *out, const struct net *in)
{
	unsigned whole = out->bits / 8, rest = out->bits % 8;

	if (out->v6 != in->v6 || out->bits > in->bits || memcmp(out->bytes, in->bytes, whole) != 0)
		return false;
	return !rest || !((out->bytes[whole] ^ in->bytes[whole]) >> (8 - rest));
}

static bool is_blocked(const char *address, const struct hp_json *blocked)
{
	const struct hp_json *v;
	struct net in, out;

	if (!read_net(address, &in))
		return false;
	for (v = blocked ? hp_json_first(blocked) : NULL; v; v = hp_json_next(v))
		if (read_net(hp_json_str(v), &out) && contains(&out, &in))
			return true;
	return false;
}

static int read_list(
	const struct hp_site *site, enum hp_site_field f, struct hp_json **ret, struct hp_err *err)
{
	const char *text = site->v[f];

	if (!text || !*text)
		return 0;
	if (hp_json_parse(text, strlen(text), ret, err) < 0)
		return hp_err_prefix(err, "%s", hp_site_table.fields[f].name);
	return 0;
}

/*
 * Elsewhere who is blocked is blocked; here the smallest network that an address is in counts. So
 * what is allowed within a blocked network is left out.
 */
static int site_data(
	struct hp_engine *x, const struct hp_site *site, struct hp_tmap *m, struct hp_err *err)
{
	struct hp_json *allowed _cleanup_json_ = NULL, *blocked _cleanup_json_ = NULL;
	const struct hp_json *v;
	int64_t n = hp_site_i64(site, HP_SITE_PHP_MAX_CHILDREN);
	bool any = false;

	hp_tmap_str(m, "answers", kept_of(x->scratch, site->v[HP_SITE_DOMAIN]));
	hp_tmap_i64(m, "php_children", n > 0 ? n : CHILDREN);
	/* of the two virtual hosts that a website has at the front, what counts over TLS alone */
	hp_tmap_bool(m, "secure", false);
	hp_tmap_list(m, "secured");
	hp_tmap_bool(hp_tmap_item(m, "secured"), "secure", true);
	hp_tmap_list(m, "admitted");
	if (read_list(site, HP_SITE_ALLOWED_IPS, &allowed, err) < 0 ||
		read_list(site, HP_SITE_BLOCKED_IPS, &blocked, err) < 0)
		return err->code;
	for (v = allowed ? hp_json_first(allowed) : NULL; v; v = hp_json_next(v)) {
		if (is_blocked(hp_json_str(v), blocked))
			continue;
		hp_tmap_str(hp_tmap_item(m, "admitted"), "address",
			hp_pstrdup(x->scratch, hp_json_str(v)));
		any = true;
	}
	/* a list without entries is an error; nobody asks from here */
	if (!any)
		hp_tmap_str(hp_tmap_item(m, "admitted"), "address", "255.255.255.255");
	return 0;
}

/* ---- its test ---- */
/* Behind "[WARN] [1234] [config:…] …" what is meant; NULL: another line. */
static const char *complaint(const char *line, const char *level)
{
	const char *p = strstr(line, level), *end;

	if (!p)
		return NULL;
	p += strlen(level);
	p += strspn(p, " \t");
	/* the number of the process */
	if (*p == '[' && p[1] >= '0' && p[1] <= '9') {
		end = strchr(p, ']');
		if (end)
			p = end + 1 + strspn(end + 1, " \t");
	}
	return p;
}

/* Of the names that site.conf makes: "a.example-stars2-tls" is a.example's. */
static const char *domain_of_vhost(struct hp_pool *pool, const char *name, size_t n)
{
	char *domain = hp_pstrndup(pool, name, n), *end;

	if (hp_str_ends(domain, "-tls"))
		domain[n - 4] = 0;
	for (end = domain + strlen(domain); end > domain && end[-1] >= '0' && end[-1] <= '9'; end--)
		;
	if (*end && end - domain > 6 && hp_str_starts(end - 6, "-stars"))
		end[-6] = 0;
	return domain;
}

/* "… in file /…/hosting-panel/sites/a.example.conf:12", "[config:vhost:a.example]" */
static void read_place(struct hp_pool *pool, const char *what, struct hp_web_verdict *ret)
{
	static const char *const marks[] = {"vhost:", "virtualhost:", "virtualHost:", NULL};
	const char *at = strstr(what, " " OWN "/"), *shown, *path, *const * mark;
	size_t n;

	if (at) {
		n = strcspn(at + 1, ": ");
		path = hp_pstrndup(pool, at + 1, n);
		ret->domain = hp_web_domain_of(pool, &hp_server_openlitespeed, path, &shown);
		if (ret->domain)
			ret->message = hp_pprintf(pool, "%.*s %s%s", (int)(at - what), what, shown,
				hp_str_printable(pool, at + 1 + n, 300));
	}
	for (mark = marks; *mark && !ret->domain; mark++) {
		at = strstr(what, *mark);
		if (!at)
			continue;
		at += strlen(*mark);
		ret->domain = domain_of_vhost(pool, at, strcspn(at, "]: \t"));
	}
}

/* A website's folder is made only when the test is passed. */
static bool is_folder_to_come(const char *what)
{
	return strstr(what, "document root") || strstr(what, "vhost root");
}

void hp_openlitespeed_read_verdict(
	struct hp_pool *pool, const char *text, struct hp_web_verdict *ret)
{
	static const char *const levels[] = {"[ERROR]", "[WARN]"};
	struct hp_strv lines = {0};
	struct hp_web_verdict v;
	const char *what;
	size_t i, j;

	*ret = (struct hp_web_verdict){0};
	hp_str_split(pool, text, "\n", &lines);
	for (i = 0; i < HP_ARRAY_SIZE(levels); i++)
		for (j = 0; j < lines.n; j++) {
			what = complaint(lines.v[j], levels[i]);
			if (!what || is_folder_to_come(what))
				continue;
			v = (struct hp_web_verdict){.message = hp_str_printable(pool, what, 300)};
			read_place(pool, what, &v);
			/* the first that is about a website of ours; else the first */
			if (!ret->message || (v.domain && !ret->domain))
				*ret = v;
			if (ret->domain)
				return;
		}
}

/*
 * A website that does not change may have become none: a tenant's link where its document root was.
 * The server passes over it and serves the others; so does its test, or a tenant had a veto.
 */
static const char *without_others(struct hp_engine *x, const char *said)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_strv lines = {0};
	struct hp_web_verdict v;
	struct hp_wish *w;
	size_t i;

	hp_str_split(x->round, said, "\n", &lines);
	for (i = 0; i < lines.n; i++) {
		hp_openlitespeed_read_verdict(x->round, lines.v[i], &v);
		w = v.domain ? hp_engine_site(x, v.domain) : NULL;
		if (v.message && (!w || hp_wish_moves(w)))
			hp_buf_addf(&b, "%s\n", lines.v[i]);
	}
	return hp_pstrdup(x->round, hp_buf_str(&b));
}

static int test(struct hp_engine *x, struct hp_web_server *s, bool live, struct hp_err *err)
{
	const char *const argv[] = {s->binary, "-t", NULL};
	struct hp_buf said _cleanup_buf_ = HP_BUF_INIT;
	struct hp_web_verdict v;
	const char *ours;
	int status, rc;

	rc = hp_openlitespeed_names(x, s, err);
	if (rc)
		return rc;
	if (hp_openlitespeed_listener(x, s, err) < 0)
		return err->code;
	/* it passes over a website whose place for a certificate authority is not there yet */
	if (hp_mkdirs(TMP_DIR, 0755, err) < 0 ||
		(s->front && hp_mkdirs(HP_CERT_CHALLENGE_DIR, 0755, err) < 0))
		return err->code;
	rc = hp_web_run_test(x, s, argv, live, &status, &said, err);
	if (rc)
		return rc < 0 ? rc : 0;
	/* it has nothing to say of what is fine */
	ours = without_others(x, hp_buf_str(&said));
	if (status <= 2 && !*ours)
		return 0;
	hp_openlitespeed_read_verdict(x->round, ours, &v);
	/* 1: warnings. The administrator's own are his business; an unknown word of ours is not. */
	if (!strstr(ours, "[ERROR]") && status <= 2 &&
		(!v.domain || !hp_engine_site(x, v.domain)) &&
		!(v.message && strstr(v.message, OWN)))
		return 0;
	return hp_web_refused(x, s, &v, hp_buf_str(&said), err);
}

/* ---- as it runs ---- */
static const char *last_words(struct hp_pool *pool, char *log)
{
	char *p, *last = NULL;

	for (p = strstr(log, "[ERROR]"); p; p = strstr(p + 1, "[ERROR]"))
		last = p;
	if (!last)
		return NULL;
	last[strcspn(last, "\n")] = 0;
	return hp_str_printable(pool, complaint(last, "[ERROR]"), 300);
}

/* One of before closes its listening sockets when it has begun to end. */
static bool accepts(pid_t pid)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();

	return *hp_web_listens(pool, pid) != 0;
}

/* "LiteSpeed/1.9.1 Open (BUILD built: …)" */
static const char *version(struct hp_pool *pool, const char *binary)
{
	const char *const argv[] = {binary, "-v", NULL};

	return hp_web_ask_version(pool, argv, "LiteSpeed/");
}

/* Links to one program: by which it is started is its name, and anew it starts by another. */
static const char *const comms[] = {"openlitespeed", "litespeed", "lshttpd", NULL};

/* ---- what it keeps ---- */
static int forget_file(const struct hp_forget *f, void *arg, int dirfd, const char *name)
{
	return hp_kept_remove(f, arg, dirfd, name);
}

/* A file for each answer; it looks whether that is there still when the clock has a new second. */
static int forget(const struct hp_forget *f, struct hp_err *err)
{
	int64_t before;
	bool any = false;
	size_t i;

	for (i = 0; i < f->n; i++) {
		before = f->v[i].removed;
		if (hp_kept_walk(f, kept_of(f->pool, f->v[i].domain), forget_file, &f->v[i], err) <
			0)
			return err->code;
		any |= f->v[i].removed > before;
	}
	if (any && !f->dry && (!f->sysroot || !*f->sysroot))
		hp_nap(1100);
	return 0;
}

static const char *const binaries[] = {"/usr/local/lsws/bin/openlitespeed", NULL};
static const struct hp_web_shared shared[] = {
	{"proxy.conf", HP_EMIT_SECRET, HP_WEB_AT_FRONT},
	{"proxy-tls.conf", HP_EMIT_SECRET, HP_WEB_AT_FRONT},
	{0},
};

/*
 * What settings become here, as templates/openlitespeed writes them. Kept beside it, since
 * tests/node/directives.bats renders each and wants exactly these.
 */
static const struct hp_becomes becomes[HP_SITE_FIELDS] = {
	[HP_SITE_DOMAIN] = {"virtualHost vhDomain", "with the aliases"},
	[HP_SITE_STATUS] = {"RewriteRule", "503 for every path while it is suspended"},
	[HP_SITE_USER] = {"extprocessor address add", "the socket is named after it"},
	[HP_SITE_WEB_SERVER] = {"virtualHost listeners",
		"80 and 443 as the front, 127.0.0.1:8183 behind another"},
	[HP_SITE_DOCUMENT_ROOT] = {"docRoot location", NULL},
	[HP_SITE_INDEX_FILES] = {"indexFiles RewriteRule",
		"the first script answers for what is no file"},
	[HP_SITE_REDIRECTS] = {"RewriteRule RewriteCond", NULL},
	[HP_SITE_ERROR_PAGES] = {"errorPage url", NULL},
	[HP_SITE_PROXY_PORT] = {"extprocessor type address maxConns handler websocket "
				"RequestHeader",
		NULL},
	[HP_SITE_PHP_PATHS] = {"extprocessor type address maxConns initTimeout retryTimeout "
			       "persistConn respBuffer autoStart add context location allowBrowse "
			       "addMIMEType RewriteCond RewriteRule addDefaultCharset extraHeaders "
			       "Header allow",
		"a media type of its own in a context for each path"},
	[HP_SITE_PHP_MAX_EXECUTION_TIME] = {"initTimeout", "10 seconds more than PHP has"},
	[HP_SITE_PHP_POST_MAX_SIZE] = {"RewriteCond",
		"by Content-Length; a body for PHP that does not say its length is refused with 411"},
	[HP_SITE_PHP_MAX_CHILDREN] = {"maxConns", NULL},
	[HP_SITE_SSL_ENABLED] = {"virtualHost listeners vhssl certFile keyFile certChain "
				 "enableStapling",
		"at the front, once there is a certificate; enableStapling where it names an OCSP "
		"responder"},
	[HP_SITE_HTTPS_REDIRECT] = {"RewriteRule RewriteCond", "301, in the vhost for port 80"},
	[HP_SITE_HSTS_MAX_AGE] = {"Header",
		"Strict-Transport-Security, over HTTPS alone; where it is not the front, that says it"},
	[HP_SITE_GZIP_ENABLED] = {"enableGzip enableBr", NULL},
	[HP_SITE_CACHE_ENABLED] = {"enableExpires expiresByType ls_enabled storagePath enableCache "
				   "enablePrivateCache checkPublicCache checkPrivateCache "
				   "expireInSeconds maxStaleAge maxCacheObjSize qsCache "
				   "reqCookieCache respCookieCache ignoreReqCacheCtrl "
				   "ignoreRespCacheCtrl RewriteCond RewriteRule",
		"types of static files expire; as the front it keeps what X-LiteSpeed-Cache-Control asks "
		"for"},
	[HP_SITE_CACHE_TTL_SECONDS] = {"expiresByType expireInSeconds",
		"where cache_enabled is true; the latter 10 seconds at most"},
	[HP_SITE_HTTP_SECURITY_HEADERS] = {"Header", NULL},
	[HP_SITE_ALLOWED_IPS] = {"allow deny", NULL},
	[HP_SITE_BLOCKED_IPS] = {"allow deny", NULL},
	[HP_SITE_BASIC_AUTH] = {"realm userDB location required context allowBrowse RewriteCond "
				 "RewriteRule addDefaultCharset extraHeaders Header allow",
		NULL},
};

const struct hp_server hp_server_openlitespeed = {
	.name = "openlitespeed",
	.package = "openlitespeed",
	.service = "lsws",
	.pidfile = "/run/openlitespeed.pid",
	.comms = comms,
	.etc = ETC,
	.own = OWN,
	.error_log = "/usr/local/lsws/logs/error.log",
	.sites = OWN "/sites",
	.port = 8183,
	/* SIGHUP would end it, after a while */
	.reload = SIGUSR1,
	.binaries = binaries,
	.node_file = NODE_CONF,
	.shared = shared,
	.becomes = becomes,
	.first_counts = true,
	.probe_header = "Location",
	.common_names = true,
	.renumbers = true,
	.inputs = inputs,
	.node_data = node_data,
	.site_data = site_data,
	.make = hp_openlitespeed_make,
	.test = test,
	.last_words = last_words,
	.accepts = accepts,
	.version = version,
	.forget = forget,
	.unbounded = KEPT,
};
