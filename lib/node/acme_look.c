/* What a CA would find, looked at before it is asked. */
#include <errno.h>

#include "base/file.h"
#include "base/str.h"
#include "node/acme.h"
#include "node/certs.h"
#include "sys/probe.h"
#include "sys/x509.h"

#define WAIT_MS 10000 /* for one answer; Let's Encrypt waits as long */
#define HTTP_PORT 80  /* RFC 8555 §8.3 */
#define CHALLENGE_URL "/.well-known/acme-challenge/"

/* ---- configuration ---- */
/* Is the host of an https URL this machine's loopback? */
static bool is_local(const char *url)
{
	const char *host = hp_str_after(url, "https://");
	struct hp_addr a;
	char text[INET6_ADDRSTRLEN + 1];
	size_t n;

	if (!host)
		return false;
	host += *host == '[';
	n = strcspn(host, *(host - 1) == '[' ? "]" : ":/");
	if (n >= sizeof(text))
		return false;
	memcpy(text, host, n);
	text[n] = '\0';
	return hp_streq(text, "localhost") ||
		(hp_addr_parse(text, &a) == 0 && hp_addr_is_loopback(&a));
}

static int add_mapped(
	struct hp_pool *pool, const struct hp_conf *conf, struct hp_acme *ret, struct hp_err *err)
{
	const char *text = hp_conf_get(conf, "node", "addresses");
	struct hp_strv words = {0};
	struct hp_addr a;

	if (text)
		hp_str_split(pool, text, ", ", &words);
	for (size_t i = 0; i < words.n; i++) {
		if (hp_addr_parse(words.v[i], &a) < 0)
			return hp_err_set(err, HP_E_CONF,
				"%s: [node] addresses: “%s” is no address", hp_conf_path(conf),
				words.v[i]);
		if (hp_addrs_has(&ret->own, &a))
			continue;
		hp_addrs_add(pool, &ret->own, &a);
		hp_addrs_add(pool, &ret->mapped, &a);
	}
	return 0;
}

int hp_acme_conf(
	struct hp_pool *pool, const struct hp_conf *conf, struct hp_acme *ret, struct hp_err *err)
{
	bool dns;

	memset(ret, 0, sizeof(*ret));
	ret->directory_url = hp_conf_get(conf, "acme", "directory_url");
	ret->email = hp_conf_get(conf, "acme", "email");
	ret->ca_file = hp_conf_get(conf, "acme", "ca_file");
	ret->key_type = hp_conf_get(conf, "acme", "key_type");
	dns = hp_streq(hp_conf_get(conf, "acme", "challenge"), "dns-01");
	ret->dns_hook = dns ? hp_conf_get(conf, "acme", "dns_hook") : NULL;
	if (dns && !ret->dns_hook) {
		hp_err_set(err, HP_E_CONF,
			"%s: [acme] challenge is dns-01, but there is no dns_hook",
			hp_conf_path(conf));
		return hp_err_hint(err,
			"dns_hook is a program that puts records into your DNS, called "
			"as uacme(1) calls its hooks");
	}
	ret->ca_is_here = is_local(ret->directory_url);
	if (hp_own_addresses(pool, &ret->own, err) < 0)
		return err->code;
	return add_mapped(pool, conf, ret, err);
}

/* ---- the look ---- */
struct look {
	struct hp_pool *pool;
	const struct hp_acme *a;
	char token[2 * 16 + 1], answer[2 * 16 + 1];
};

static void random_hex(char ret[33])
{
	unsigned char b[16];

	hp_random(b, sizeof(b));
	for (size_t i = 0; i < sizeof(b); i++)
		snprintf(ret + 2 * i, 3, "%02x", b[i]);
}

static const char *list_addrs(struct hp_pool *pool, const struct hp_addrs *l)
{
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;

	for (size_t i = 0; i < l->n; i++)
		if (!hp_addr_is_loopback(&l->v[i]))
			hp_buf_addf(&text, "%s%s", text.len ? ", " : "", l->v[i].text);
	return text.len ? hp_pstrdup(pool, hp_buf_str(&text)) : "none but loopback";
}

static int check_address(
	const struct look *l, const char *name, const struct hp_addr *a, struct hp_err *err)
{
	if (!hp_addrs_has(&l->a->own, a) && !hp_addr_is_loopback(a)) {
		hp_err_set(err, HP_E_NO,
			"%s: it resolves to %s, which is no address of this node (%s)", name,
			a->text, list_addrs(l->pool, &l->a->own));
		return hp_err_hint(err,
			"point its %s record here, or, where addresses are translated on the way, name "
			"this node's own in [node] addresses",
			a->v6 ? "AAAA" : "A");
	}
	if (hp_addr_is_loopback(a) && !l->a->ca_is_here) {
		hp_err_set(err, HP_E_NO, "%s: it resolves to %s, where no CA can reach this node",
			name, a->text);
		return hp_err_hint(err, "point its %s record to this node's public address",
			a->v6 ? "AAAA" : "A");
	}
	return 0;
}

static const char *what_was_got(
	const struct look *l, int status, const struct hp_buf *body, const struct hp_buf *location)
{
	if (location->len)
		return hp_pprintf(l->pool, "a redirect (%d) to %s", status,
			hp_str_printable(l->pool, hp_buf_str(location), 120));
	if (status != 200)
		return hp_pprintf(l->pool, "status %d", status);
	return hp_pprintf(
		l->pool, "another text (“%s”)", hp_str_printable(l->pool, hp_buf_str(body), 40));
}

static int fetch(
	const struct look *l, const char *name, const struct hp_addr *a, struct hp_err *err)
{
	struct hp_buf body _cleanup_buf_ = HP_BUF_INIT, location _cleanup_buf_ = HP_BUF_INIT;
	struct hp_http_probe p = {.host = name,
		.port = HTTP_PORT,
		.ipv6 = a->v6,
		.timeout_ms = WAIT_MS,
		.want_header = "Location"};
	const char *path = hp_pprintf(l->pool, CHALLENGE_URL "%s", l->token);
	struct hp_err why = HP_ERR_INIT;
	int status;

	p.path = path;
	/* from inside, a translated address mostly leads nowhere: then the own side of it is looked
	 * at */
	if (!hp_addrs_has(&l->a->mapped, a))
		p.addr = a;
	if (hp_http_probe(&p, &status, &body, &location, &why) < 0) {
		hp_err_set(err, HP_E_NO, "%s: nothing answers at %s, port %d: %s", name, a->text,
			HTTP_PORT, why.msg);
		return hp_err_hint(err,
			"the CA asks there for http://%s%s…; does the web server listen "
			"on %s?",
			name, CHALLENGE_URL, a->v6 ? "IPv6" : "IPv4");
	}
	while (body.len && (body.s[body.len - 1] == '\n' || body.s[body.len - 1] == '\r'))
		body.s[--body.len] = '\0';
	if (status == 200 && hp_streq(hp_buf_str(&body), l->answer))
		return 0;
	hp_err_set(err, HP_E_NO, "%s: at %s, http://%s%s… brings %s instead of the token put there",
		name, a->text, name, CHALLENGE_URL, what_was_got(l, status, &body, &location));
	return hp_err_hint(err, "is it a website of this node, and applied? hp-vhost verify");
}

static int look_at(const struct look *l, const char *name, struct hp_err *err)
{
	struct hp_addrs found = {0};
	size_t i;

	if (hp_str_starts(name, "*.")) {
		hp_err_set(err, HP_E_NO, "%s: a CA gives names with * only for a record in the DNS",
			name);
		return hp_err_hint(err,
			"set challenge = dns-01 and dns_hook in [acme] of "
			"hosting-panel.conf, or remove the alias");
	}
	if (hp_dns_addresses(l->pool, name, &found, err) < 0)
		return err->code;
	if (!found.n) {
		hp_err_set(err, HP_E_NO, "%s: it does not resolve: no A and no AAAA record", name);
		return hp_err_hint(err, "add one that leads to this node (%s)",
			list_addrs(l->pool, &l->a->own));
	}
	for (i = 0; i < found.n; i++)
		if (check_address(l, name, &found.v[i], err) < 0)
			return err->code;
	for (i = 0; i < found.n; i++)
		if (fetch(l, name, &found.v[i], err) < 0)
			return err->code;
	return 0;
}

static int look_at_all(const struct look *l, const struct hp_strv *names, struct hp_strv *ret_found,
	struct hp_strv *ret_lost, struct hp_err *ret_why, struct hp_err *err)
{
	struct hp_err one;

	for (size_t i = 0; i < names->n; i++) {
		hp_err_clear(&one);
		if (look_at(l, names->v[i], &one) == 0) {
			hp_strv_add_ref(l->pool, ret_found, names->v[i]);
			continue;
		}
		if (i == 0)
			return *err = one, one.code;
		if (!ret_lost->n)
			*ret_why = one;
		hp_strv_add_ref(l->pool, ret_lost, names->v[i]);
	}
	return 0;
}

int hp_acme_look(struct hp_pool *pool, const char *root, const struct hp_acme *a,
	const struct hp_strv *names, struct hp_strv *ret_found, struct hp_strv *ret_lost,
	struct hp_err *ret_why, struct hp_err *err)
{
	struct look l = {.pool = pool, .a = a};
	const char *dir = hp_path(pool, root, HP_CERT_CHALLENGE_DIR), *file;

	*ret_lost = (struct hp_strv){0};
	hp_err_clear(ret_why);
	*ret_found = a->dns_hook ? *names : (struct hp_strv){0};
	if (a->dns_hook)
		return 0;
	random_hex(l.token);
	random_hex(l.answer);
	file = hp_pprintf(pool, "%s/%s", dir, l.token);
	if (hp_mkdirs(dir, 0755, err) < 0 ||
		hp_file_write(file, 0644, l.answer, strlen(l.answer), err) < 0)
		return err->code;
	look_at_all(&l, names, ret_found, ret_lost, ret_why, err);
	unlink(file);
	return err->code;
}
