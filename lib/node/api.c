#include <errno.h>
#include <netdb.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node/api.h"
#include "base/file.h"
#include "base/paths.h"
#include "base/str.h"
#include "sys/digest.h"
#include "sys/dns.h"
#include "sys/run.h"
#include "sys/service.h"
#include "sys/tmpl.h"

#define NGINX "/usr/sbin/nginx"
#define CUSTOM HP_API_ETC "/server.d"
#define NEW HP_API_CONF ".new"
#define LOCK HP_API_DIR "/lock"
#define JOURNAL "/run/systemd/journal/dev-log"
/* What follows is the digest of all lines behind this one. */
#define HEAD "# Written by hp-node api, which leaves alone what was edited by hand. SHA-256 "

struct setup {
	struct hp_pool *pool;
	const struct hp_api *a;
	uid_t uid; /* of the server; 0 below a sysroot */
	gid_t gid;
	struct hp_strv names; /* of [api] server_name */
	const char *port;
	struct hp_api_result *ret;
};

static const char *at(const struct setup *s, const char *path)
{
	return hp_path(s->pool, s->a->sysroot, path);
}

static const char *conf(const struct setup *s, const char *key)
{
	return hp_conf_get(s->a->conf, "api", key);
}

static int64_t number(const struct setup *s, const char *key)
{
	int64_t n;

	HP_BUG_ON(hp_parse_i64(conf(s, key), 0, INT64_MAX, &n) < 0);
	return n;
}

static int find_user(struct setup *s, struct hp_err *err)
{
	const struct passwd *p;

	if (*s->a->sysroot)
		return 0;
	p = getpwnam(HP_API_USER);
	if (!p) {
		hp_err_set(err, HP_E_CONF, "there is no Unix user " HP_API_USER);
		return hp_err_hint(err, "systemd-sysusers hosting-panel.conf");
	}
	s->uid = p->pw_uid;
	s->gid = p->pw_gid;
	return 0;
}

static int folder(const struct setup *s, const char *path, mode_t mode, uid_t uid, gid_t gid,
	struct hp_err *err)
{
	if (hp_mkdirs(at(s, path), mode, err) < 0)
		return err->code;
	if (*s->a->sysroot)
		return 0;
	if (chown(path, uid, gid) < 0 || chmod(path, mode) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s", path);
	return 0;
}

static int folders(const struct setup *s, struct hp_err *err)
{
	if (s->a->dry_run)
		return 0;
	if (folder(s, CUSTOM, 0755, 0, 0, err) < 0 ||
		folder(s, HP_API_DIR, 0750, 0, s->gid, err) < 0 ||
		folder(s, HP_API_CACHE, 0700, s->uid, s->gid, err) < 0)
		return err->code;
	return folder(s, HP_API_RUN, 0755, s->uid, s->gid, err);
}

/* ---- names ---- */
static void add_name(struct setup *s, struct hp_strv *l, const char *name)
{
	char *n = hp_pstrdup(s->pool, name);

	hp_str_lower(n);
	if (*n && strlen(n) <= 253 && !n[strspn(n, "abcdefghijklmnopqrstuvwxyz0123456789.-")] &&
		!hp_strv_has(l, n))
		hp_strv_add_ref(s->pool, l, n);
}

/* The host's own name, and what it is in full where the resolver knows. */
static void add_host(struct setup *s, struct hp_strv *l)
{
	const struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	char host[256] = "";

	if (gethostname(host, sizeof(host) - 1) < 0)
		return;
	if (getaddrinfo(host, NULL, &hints, &found) == 0) {
		if (found->ai_canonname && strchr(found->ai_canonname, '.'))
			add_name(s, l, found->ai_canonname);
		freeaddrinfo(found);
	}
	add_name(s, l, host);
}

static int wanted(struct setup *s, struct hp_api_cert *ret, struct hp_err *err)
{
	struct hp_addrs own = {0};
	struct hp_addr a;
	size_t i;

	memset(ret, 0, sizeof(*ret));
	hp_str_split(s->pool, conf(s, "server_name") ? conf(s, "server_name") : "", ", ",
		&s->names);
	for (i = 0; i < s->names.n; i++) {
		if (hp_addr_parse(s->names.v[i], &a) == 0) {
			hp_addrs_add(s->pool, &own, &a);
			continue;
		}
		if (!ret->website)
			ret->website = s->names.v[i];
		add_name(s, &ret->dns, s->names.v[i]);
	}
	add_host(s, &ret->dns);
	add_name(s, &ret->dns, "localhost");
	if (hp_own_addresses(s->pool, &own, err) < 0)
		return err->code;
	for (i = 0; i < own.n; i++)
		if (!hp_strv_has(&ret->ips, own.v[i].text))
			hp_strv_add(s->pool, &ret->ips, own.v[i].text);
	s->ret->url = hp_pprintf(s->pool, "https://%s:%s/",
		ret->website ? ret->website : ret->dns.v[0], s->port);
	return 0;
}

/* ---- the configuration ---- */
static void put_names(const struct setup *s, struct hp_tmap *m)
{
	struct hp_addr a;
	size_t i;

	hp_tmap_bool(m, "named", s->names.n > 0);
	hp_tmap_list(m, "names");
	hp_tmap_list(m, "names_v6");
	for (i = 0; i < s->names.n; i++)
		if (hp_addr_parse(s->names.v[i], &a) == 0 && a.v6)
			hp_tmap_str(hp_tmap_item(m, "names_v6"), "address", a.text);
		else
			hp_tmap_str(hp_tmap_item(m, "names"), "name", s->names.v[i]);
}

static void put_proxies(const struct setup *s, struct hp_tmap *m)
{
	struct hp_strv l = {0};
	size_t i;

	if (conf(s, "trusted_proxies"))
		hp_str_split(s->pool, conf(s, "trusted_proxies"), ", ", &l);
	hp_tmap_list(m, "proxies");
	for (i = 0; i < l.n; i++)
		hp_tmap_str(hp_tmap_item(m, "proxies"), "network", l.v[i]);
	hp_tmap_bool(m, "behind_proxy", l.n > 0);
}

static void put_limits(const struct setup *s, struct hp_tmap *m)
{
	int64_t rate = number(s, "rate_limit"), login = number(s, "login_rate_limit"),
		workers = number(s, "workers");
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	hp_tmap_i64(m, "rate", rate);
	hp_tmap_i64(m, "burst", 4 * rate);
	hp_tmap_i64(m, "login_rate", login);
	hp_tmap_i64(m, "login_burst", login > 2 ? login / 2 : 1);
	hp_tmap_i64(m, "workers", workers);
	hp_tmap_i64(m, "processes", cpus < 1 ? 1 : cpus > 4 ? 4 : cpus);
}

/* What the server refuses by itself, and in which words. */
static void put_problems(struct hp_tmap *m)
{
	static const struct {
		int status, caught[3];
		const char *retry_s, *error, *title, *detail;
	} problems[] = {
		{400, {400, 494}, "", "usage", "Bad Request",
			"the request is malformed, or its headers are too large"},
		{413, {413}, "", "usage", "Content Too Large", "the body is larger than 1 MiB"},
		{414, {414}, "", "usage", "URI Too Long", "the path is too long"},
		{429, {429}, "1", "busy", "Too Many Requests",
			"too many requests from this address, or with this API key"},
		{503, {502, 503, 504}, "5", "busy", "Service Unavailable",
			"the panel does not answer"},
	};
	size_t i, k;

	for (i = 0; i < HP_ARRAY_SIZE(problems); i++) {
		struct hp_tmap *item = hp_tmap_item(m, "problems");

		hp_tmap_i64(item, "status", problems[i].status);
		for (k = 0; k < HP_ARRAY_SIZE(problems[i].caught) && problems[i].caught[k]; k++)
			hp_tmap_i64(hp_tmap_item(item, "caught"), "code", problems[i].caught[k]);
		hp_tmap_str(item, "error", problems[i].error);
		hp_tmap_str(item, "title", problems[i].title);
		hp_tmap_str(item, "detail", problems[i].detail);
		hp_tmap_str(item, "retry", problems[i].retry_s);
	}
}

static int render(const struct setup *s, struct hp_buf *ret, struct hp_err *err)
{
	const char *dirs[] = {at(s, HP_TEMPLATES_DIR),
		hp_pprintf(s->pool, "%s/templates", hp_datadir()), NULL};
	struct hp_tmpl_set *set = hp_tmpl_set_new(s->pool, dirs);
	struct hp_tmap *m = hp_tmap_new(s->pool);
	const struct hp_tmpl *t;

	put_names(s, m);
	put_proxies(s, m);
	put_limits(s, m);
	put_problems(m);
	hp_tmap_str(m, "run", HP_API_RUN);
	hp_tmap_str(m, "cache", HP_API_CACHE);
	hp_tmap_str(m, "chain", HP_API_DIR "/chain.pem");
	hp_tmap_str(m, "key", HP_API_DIR "/key.pem");
	hp_tmap_str(m, "socket", HP_CGI_SOCKET);
	hp_tmap_str(m, "custom", CUSTOM);
	hp_tmap_str(m, "journal", access(JOURNAL, F_OK) == 0 ? JOURNAL : "");
	hp_tmap_str(m, "web", hp_webdir());
	hp_tmap_str(m, "port", s->port);
	hp_tmap_bool(m, "ipv6", access("/proc/net/if_inet6", F_OK) == 0);
	if (hp_tmpl_get(set, "nginx", "api.conf", &t, err) < 0)
		return err->code;
	return hp_tmpl_render(t, m, ret, err);
}

/* Is the file one that was written here, and as it was written? */
static bool is_ours(const struct hp_buf *text)
{
	const char *hex = hp_str_after(hp_buf_str(text), HEAD);
	char want[HP_DIGEST_HEX];
	size_t head = strlen(HEAD) + HP_DIGEST_HEX;

	if (!hex || text->len < head || text->s[head - 1] != '\n')
		return false;
	hp_digest_of(text->s + head, text->len - head, want);
	return memcmp(hex, want, HP_DIGEST_HEX - 1) == 0;
}

/* "nginx: [emerg] unknown directive … in FILE:1"; behind it only that it failed. */
static const char *reason(struct hp_pool *pool, const char *said)
{
	const char *why = strstr(said, "[emerg] ");

	if (!why)
		return "it does not say why";
	why += strlen("[emerg] ");
	return hp_str_printable(pool, hp_pstrndup(pool, why, strcspn(why, "\n")), 400);
}

/* As the server's user, who can do what it will be able to do, and no more. */
static int nginx(const struct setup *s, const char *file, const char *const *more,
	struct hp_err *err)
{
	struct hp_strv argv = {0};
	struct hp_buf errs _cleanup_buf_ = HP_BUF_INIT;
	struct hp_run run = {
		.uid = s->uid, .gid = s->gid, .errs = &errs, .timeout_ms = 30000};
	int status;

	hp_strv_add_ref(s->pool, &argv, NGINX);
	for (; *more; more++)
		hp_strv_add_ref(s->pool, &argv, *more);
	hp_strv_add_ref(s->pool, &argv, "-e");
	hp_strv_add_ref(s->pool, &argv, "stderr");
	hp_strv_add_ref(s->pool, &argv, "-c");
	hp_strv_add_ref(s->pool, &argv, file);
	run.argv = argv.v;
	status = hp_run(&run, err);
	return status <= 0 ? status
			   : hp_err_set(err, HP_E_REFUSED, "nginx refuses it: %s",
				     reason(s->pool, hp_buf_str(&errs)));
}

static int test(const struct setup *s, const char *file, struct hp_err *err)
{
	if (*s->a->sysroot)
		return 0;
	if (access(NGINX, X_OK) < 0) {
		hp_err_set(err, HP_E_NOT_FOUND, NGINX " is not there");
		return hp_err_hint(
			err, "the panel's own web server is an NGINX: install nginx-light");
	}
	if (nginx(s, file, (const char *const[]){"-t", "-q", NULL}, err) == 0)
		return 0;
	hp_err_prefix(err, "%s", file);
	if (hp_streq(file, HP_API_CONF))
		return hp_err_hint(err, "it was edited by hand: mend it, or --force");
	return hp_err_hint(
		err, "directives by hand stand in " CUSTOM "; the file in use is as it was");
}

static int write_conf(const struct setup *s, const struct hp_buf *text, struct hp_err *err)
{
	struct hp_buf had _cleanup_buf_ = HP_BUF_INIT;
	int r = hp_file_read(at(s, HP_API_CONF), (size_t)1 << 20, &had, err);

	if (r < 0 && r != HP_E_NOT_FOUND)
		return r;
	hp_err_clear(err);
	if (r == 0 && had.len == text->len && memcmp(had.s, text->s, text->len) == 0)
		return 0;
	if (r == 0 && !is_ours(&had) && !s->a->force) {
		s->ret->edited = true;
		return s->a->dry_run ? 0 : test(s, HP_API_CONF, err);
	}
	s->ret->changed = true;
	if (s->a->dry_run)
		return 0;
	if (hp_file_write(at(s, NEW), 0644, text->s, text->len, err) < 0)
		return err->code;
	if (test(s, NEW, err) < 0) {
		unlink(at(s, NEW));
		return err->code;
	}
	if (rename(at(s, NEW), at(s, HP_API_CONF)) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s", HP_API_CONF);
	return 0;
}

static int configure(const struct setup *s, struct hp_err *err)
{
	struct hp_buf body _cleanup_buf_ = HP_BUF_INIT, text _cleanup_buf_ = HP_BUF_INIT;
	char hex[HP_DIGEST_HEX];

	if (render(s, &body, err) < 0)
		return err->code;
	hp_digest_of(body.s, body.len, hex);
	hp_buf_addf(&text, HEAD "%s\n", hex);
	hp_buf_add(&text, body.s, body.len);
	return write_conf(s, &text, err);
}

/* ---- the server that runs ---- */
/*
 * Told by NGINX itself, as its user: the file with its number is that user's, and must not have
 * root signal whom it likes.
 */
static int reload(const struct setup *s, struct hp_err *err)
{
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;
	struct hp_err ignored = HP_ERR_INIT;
	int64_t pid;

	if (!s->ret->changed || s->a->dry_run || *s->a->sysroot ||
		hp_file_read(HP_API_RUN "/nginx.pid", 32, &text, &ignored) < 0)
		return 0;
	while (text.len && text.s[text.len - 1] == '\n')
		text.s[--text.len] = 0;
	if (hp_parse_i64(hp_buf_str(&text), 2, INT32_MAX, &pid) < 0 || kill((pid_t)pid, 0) < 0)
		return 0;
	if (nginx(s, HP_API_CONF, (const char *const[]){"-s", "reload", NULL}, err) < 0)
		return hp_err_prefix(err, "the panel's web server can't be told of it");
	s->ret->reloaded = true;
	return 0;
}

int hp_api_setup(struct hp_pool *pool, const struct hp_api *a, struct hp_api_result *ret,
	struct hp_err *err)
{
	struct setup s = {.pool = pool, .a = a, .ret = ret};
	int lock _cleanup_close_ = -1;
	struct hp_api_cert want;

	memset(ret, 0, sizeof(*ret));
	s.port = conf(&s, "port");
	if (find_user(&s, err) < 0 || folders(&s, err) < 0)
		return err->code;
	if (!a->dry_run && hp_lock(at(&s, LOCK), a->wait_ms, &lock, err) < 0)
		return err->code;
	if (wanted(&s, &want, err) < 0 || hp_api_cert(pool, a, &want, s.gid, ret, err) < 0 ||
		configure(&s, err) < 0)
		return err->code;
	return reload(&s, err);
}
