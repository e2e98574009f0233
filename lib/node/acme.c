/* uacme(1), driven. Its own retries, words and exit statuses are those of 1.7.4. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/str.h"
#include "node/acme.h"
#include "node/certs.h"
#include "sys/digest.h"
#include "sys/run.h"
#include "sys/x509.h"

#define SYSTEM_CAS                                                                                 \
	"/etc/ssl/certs/ca-certificates.crt" /* what Debian's libcurl is built to trust */
#define WORK_DIR HP_CERT_ACCOUNT_DIR "/.work"
#define ISSUE_MS (10 * 60 * 1000) /* DNS takes its time */
#define NONCE_TRIES 20
#define PAUSE_MS 200

struct asking {
	struct hp_pool *pool;
	const char *root;
	const struct hp_acme *a;
	const char *uacme, *account, *work; /* account and work with the sysroot */
	struct hp_buf said;
};

/* ---- folders ---- */
static int empty_dir(struct hp_pool *pool, const char *path, struct hp_err *err)
{
	DIR *d = opendir(path);
	struct dirent *e;

	if (!d)
		return hp_err_errno(err, HP_E_OS, errno, "%s can't be read", path);
	while ((e = readdir(d)))
		if (!hp_streq(e->d_name, ".") && !hp_streq(e->d_name, ".."))
			unlink(hp_pprintf(pool, "%s/%s", path, e->d_name));
	closedir(d);
	return 0;
}

int hp_acme_lock(const char *root, unsigned wait_ms, int *ret_fd, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	const char *dir = hp_path(pool, root, HP_CERT_ACCOUNT_DIR),
		   *work = hp_path(pool, root, WORK_DIR),
		   *challenge = hp_path(pool, root, HP_CERT_CHALLENGE_DIR);

	if (hp_mkdirs(hp_path(pool, root, HP_LIB), 0751, err) < 0 ||
		hp_mkdirs(dir, 0700, err) < 0 || hp_mkdirs(work, 0700, err) < 0 ||
		hp_mkdirs(challenge, 0755, err) < 0 ||
		hp_lock(hp_pprintf(pool, "%s/.lock", dir), wait_ms, ret_fd, err) < 0)
		return err->code;
	/* nobody else is at work: what lies there is a killed run's */
	if (empty_dir(pool, work, err) < 0)
		return err->code;
	return empty_dir(pool, challenge, err);
}

/* One account a CA: its key is another one at the next. */
static const char *account_dir(struct hp_pool *pool, const char *root, const char *url)
{
	const char *host = strstr(url, "://");
	char hex[HP_DIGEST_HEX];
	size_t n;

	host = host ? host + 3 : url;
	n = strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");
	hp_digest_of(url, strlen(url), hex);
	return hp_path(pool, root,
		hp_pprintf(pool, HP_CERT_ACCOUNT_DIR "/%.*s-%.8s", (int)(n > 100 ? 100 : n), host,
			hex));
}

/* ---- one call ---- */
/*
 * libcurl trusts one file, which can't be told to uacme: so that file is another one in its world.
 */
static int trust(void *arg)
{
	const char *ca_file = arg;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount(ca_file, SYSTEM_CAS, NULL, MS_BIND, NULL) < 0)
		return errno;
	return 0;
}

static int run_uacme(struct asking *q, const char *const *words, struct hp_err *err)
{
	const char *argv[24] = {q->uacme, "-v", "-a", q->a->directory_url, "-c", q->account};
	struct hp_run r = {.argv = argv, .errs = &q->said, .out = &q->said, .timeout_ms = ISSUE_MS};
	size_t n = 6;

	while (*words)
		argv[n++] = *words++;
	if (q->a->ca_file) {
		r.in_child = trust;
		r.in_child_arg = (void *)(uintptr_t)q->a->ca_file;
	}
	hp_buf_reset(&q->said);
	return hp_run(&r, err);
}

static bool said(const struct asking *q, const char *text)
{
	return strstr(hp_buf_str(&q->said), text) != NULL;
}

/* The last JSON string with this key in what was said, its escapes as they are. */
static const char *said_member(const struct asking *q, const char *key)
{
	const char *mark = hp_pprintf(q->pool, "\"%s\": \"", key), *at = NULL, *p, *end;
	const char *text = hp_buf_str(&q->said);

	for (p = text; (p = strstr(p, mark)); p++)
		at = p + strlen(mark);
	if (!at)
		return NULL;
	for (end = at; *end && *end != '"'; end++)
		end += *end == '\\' && end[1];
	return hp_pstrndup(q->pool, at, (size_t)(end - at));
}

static const char *last_line(const struct asking *q)
{
	struct hp_strv lines = {0};
	const char *line, *at;

	hp_str_split(q->pool, hp_buf_str(&q->said), "\r\n", &lines);
	while (lines.n) {
		line = lines.v[--lines.n];
		at = hp_str_after(line, "uacme: ");
		if (at && !hp_str_starts(at, "running "))
			return at;
	}
	return "it says nothing";
}

static int refused(struct asking *q, struct hp_err *err)
{
	const char *type = said_member(q, "type"), *detail = said_member(q, "detail");
	const char *kind = type ? hp_str_after(type, "urn:ietf:params:acme:error:") : NULL;

	if (!type && !detail && said(q, " declined\n")) {
		hp_err_set(err, HP_E_REFUSED,
			"none of the challenges that the CA offers was taken: %s",
			hp_str_printable(q->pool, last_line(q), 300));
		return hp_err_hint(err, "%s must take %s, by exit status 0",
			q->a->dns_hook ? q->a->dns_hook : "its hook",
			q->a->dns_hook ? "dns-01" : "http-01");
	}
	if (!type && !detail) {
		hp_err_set(err, HP_E_BUSY, "no certificate from %s: %s", q->a->directory_url,
			hp_str_printable(q->pool, last_line(q), 300));
		return hp_err_hint(
			err, "is it reached from here? a CA of your own needs ca_file in [acme]");
	}
	hp_err_set(err,
		hp_streq(kind, "rateLimited") || hp_streq(kind, "serverInternal") ? HP_E_BUSY
										  : HP_E_REFUSED,
		"the CA refuses: %s (%s)", hp_str_printable(q->pool, detail ? detail : "?", 400),
		hp_str_printable(q->pool,
			kind           ? kind
				: type ? type
				       : "?",
			60));
	if (hp_streq(kind, "rateLimited"))
		hp_err_hint(err, "nothing helps but waiting; the present certificate stays");
	return err->code;
}

/*
 * A stale nonce is the CA's way to say "again" (RFC 8555 §6.5); uacme does that twice for each
 * request and then gives up everything.
 */
static int call(struct asking *q, const char *const *words, struct hp_err *err)
{
	int i, rc;

	for (i = 1;; i++) {
		rc = run_uacme(q, words, err);
		if (rc <= 0 || i == NONCE_TRIES ||
			!hp_streq(said_member(q, "type"), "urn:ietf:params:acme:error:badNonce"))
			return rc;
		hp_nap(PAUSE_MS);
	}
}

static int make_account(struct asking *q, struct hp_err *err)
{
	const char *const words[] = {"-y", "new", q->a->email, NULL};
	int rc = call(q, words, err);

	if (rc <= 0 || said(q, "Account already exists"))
		return rc < 0 ? rc : 0;
	refused(q, err);
	return hp_err_prefix(err, "no account");
}

static int ask(struct asking *q, const char *request, struct hp_err *err)
{
	const char *hook = q->a->dns_hook ? q->a->dns_hook
					  : hp_pprintf(q->pool, "%s/acme-hook", hp_libexecdir());
	const char *const words[] = {"-n", "-h", hook, "issue", request, NULL};
	int rc;

	if (access(hook, X_OK) < 0)
		return hp_err_errno(err, HP_E_CONF, errno, "%s can't be run", hook);
	rc = call(q, words, err);
	/* an account that the CA has forgotten, or that was begun by a run that ended early */
	if (rc > 0 && (said(q, "accountDoesNotExist") || said(q, "no account associated"))) {
		if (make_account(q, err) < 0)
			return err->code;
		rc = call(q, words, err);
	}
	if (rc > 0)
		return refused(q, err);
	return rc;
}

static int find_uacme(struct asking *q, struct hp_err *err)
{
	static const char *const paths[] = {"/usr/bin/uacme", "/usr/local/bin/uacme", NULL};

	q->uacme = hp_run_find(paths);
	if (q->uacme)
		return 0;
	hp_err_set(err, HP_E_CONF, "uacme is not installed, which speaks to CAs");
	return hp_err_hint(err, "apt install uacme");
}

int hp_acme_issue(const char *root, const struct hp_acme *a, const struct hp_strv *names,
	struct hp_buf *ret_chain, struct hp_buf *ret_key, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_buf request _cleanup_buf_ = HP_BUF_INIT;
	struct asking q = {.pool = pool, .root = root, .a = a};
	const char *csr;

	q.account = account_dir(pool, root, a->directory_url);
	q.work = hp_path(pool, root, WORK_DIR);
	csr = hp_pprintf(pool, "%s/request.pem", q.work);
	if (find_uacme(&q, err) < 0 || hp_mkdirs(q.account, 0700, err) < 0 ||
		hp_x509_request(a->key_type, names, ret_key, &request, err) < 0 ||
		hp_file_write(csr, 0600, hp_buf_str(&request), request.len, err) < 0)
		return err->code;
	if (access(hp_pprintf(pool, "%s/private/key.pem", q.account), F_OK) < 0)
		make_account(&q, err);
	if (!err->code)
		ask(&q, csr, err);
	hp_buf_release(&q.said);
	if (err->code || hp_fault_err("acme-issued", err) < 0 ||
		hp_file_read(hp_pprintf(pool, "%s/request-cert.pem", q.work), HP_CERT_CHAIN_MAX,
			ret_chain, err) < 0)
		return err->code;
	return empty_dir(pool, q.work, err);
}
