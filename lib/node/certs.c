/* The certificate store. Only root can write where it stands, so paths are followed as they are. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/str.h"
#include "node/certs.h"
#include "sys/digest.h"
#include "sys/json.h"

#define META_MAX ((size_t)64 << 10)
#define BEGUN ".new" /* a pair that has no number yet */
#define LINK "current"
#define LINK_BEGUN ".current"
#define RENEWAL "renewal.json"
#define PENDING HP_CERTS_DIR "/.pending"

/* ---- where things are ---- */
static char *below(struct hp_pool *pool, const char *root, const char *domain, const char *rest)
{
	HP_BUG_ON(!*domain || *domain == '.' || strchr(domain, '/'));
	return hp_path(pool, root,
		hp_pprintf(
			pool, HP_CERTS_DIR "/%s%s%s", domain, rest ? "/" : "", rest ? rest : ""));
}

static char *numbered(struct hp_pool *pool, const char *root, const char *domain, unsigned number,
	const char *file)
{
	return below(pool, root, domain,
		hp_pprintf(pool, "%u%s%s", number, file ? "/" : "", file ? file : ""));
}

static int parse_number(const char *s, unsigned *ret)
{
	uint64_t n;

	if (*s == '0' || hp_parse_u64(s, UINT32_MAX - 1, &n) < 0)
		return HP_E_USAGE;
	*ret = (unsigned)n;
	return 0;
}

/* What the link names; *ret 0 where there is none. */
static int read_link(struct hp_pool *pool, const char *root, const char *domain, unsigned *ret,
	struct hp_err *err)
{
	const char *path = below(pool, root, domain, LINK);
	char target[32];
	ssize_t n = readlink(path, target, sizeof(target) - 1);

	*ret = 0;
	if (n < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (n < 0 && errno != EINVAL)
		return hp_err_errno(err, errno == EACCES ? HP_E_DENIED : HP_E_OS, errno,
			"%s can't be read", path);
	target[n < 0 ? 0 : n] = '\0';
	if (parse_number(target, ret) < 0)
		return hp_err_set(err, HP_E_CONF, "%s is not a link to a number", path);
	return 0;
}

/* ---- digests ---- */
static void digest_pair(
	const struct hp_buf *chain, const struct hp_buf *key, char ret[HP_DIGEST_HEX])
{
	struct hp_digest d;

	hp_digest_init(&d);
	hp_digest_add(&d, hp_buf_str(chain), chain->len + 1); /* with a NUL between them */
	hp_digest_add(&d, hp_buf_str(key), key->len);
	hp_digest_hex(&d, ret);
}

static bool is_digest(const char *s)
{
	return s && strlen(s) == HP_DIGEST_HEX - 1 &&
		strspn(s, "0123456789abcdef") == HP_DIGEST_HEX - 1;
}

/* ---- meta.json ---- */
static void write_meta(const struct hp_cert *c, struct hp_buf *ret)
{
	struct hp_jw w;

	hp_jw_init(&w, ret, true);
	hp_jw_obj(&w, NULL);
	hp_jw_arr(&w, "names");
	for (size_t i = 0; i < c->names.n; i++)
		hp_jw_str(&w, NULL, c->names.v[i]);
	hp_jw_end(&w, ']');
	hp_jw_str(&w, "issuer", c->issuer);
	hp_jw_str(&w, "serial", c->serial);
	hp_jw_str(&w, "key_type", c->key_type);
	if (c->ocsp)
		hp_jw_str(&w, "ocsp", c->ocsp);
	hp_jw_str(&w, "provider", c->provider);
	hp_jw_str(&w, "sha256", c->sha256);
	hp_jw_str(&w, "pair", c->pair);
	hp_jw_i64(&w, "not_before", c->not_before);
	hp_jw_i64(&w, "not_after", c->not_after);
	hp_jw_i64(&w, "stored", c->stored);
	hp_jw_end(&w, '}');
	hp_buf_addc(ret, '\n');
}

static const char *text_of(struct hp_pool *pool, const struct hp_json *doc, const char *key)
{
	const struct hp_json *v = hp_json_get(doc, key);

	return v ? hp_pstrdup(pool, hp_json_str(v)) : NULL;
}

static int64_t number_of(const struct hp_json *doc, const char *key, int64_t deflt)
{
	const struct hp_json *v = hp_json_get(doc, key);
	int64_t n;

	return v && hp_json_i64(v, &n) == 0 ? n : deflt;
}

static bool parse_meta(struct hp_pool *pool, const struct hp_json *doc, struct hp_cert *c)
{
	const struct hp_json *v = hp_json_get(doc, "names");

	if (!v || hp_json_type(v) != HP_JSON_ARRAY)
		return false;
	for (v = hp_json_first(v); v; v = hp_json_next(v)) {
		if (!hp_json_str(v))
			return false;
		hp_strv_add(pool, &c->names, hp_json_str(v));
	}
	c->issuer = text_of(pool, doc, "issuer");
	c->serial = text_of(pool, doc, "serial");
	c->key_type = text_of(pool, doc, "key_type");
	c->ocsp = text_of(pool, doc, "ocsp"); /* few have one */
	c->provider = text_of(pool, doc, "provider");
	c->sha256 = text_of(pool, doc, "sha256");
	c->pair = text_of(pool, doc, "pair");
	c->not_before = number_of(doc, "not_before", -1);
	c->not_after = number_of(doc, "not_after", -1);
	c->stored = number_of(doc, "stored", -1);
	return c->issuer && c->serial && c->key_type && c->provider && is_digest(c->sha256) &&
		is_digest(c->pair) && c->not_before >= 0 && c->not_after >= 0 && c->stored >= 0;
}

static int read_number(struct hp_pool *pool, const char *root, const char *domain, unsigned number,
	const struct hp_cert **ret, struct hp_err *err)
{
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;
	struct hp_json *doc _cleanup_json_ = NULL;
	struct hp_cert *c = hp_palloc(pool, sizeof(*c));
	const char *path = numbered(pool, root, domain, number, "meta.json");

	if (hp_file_read(path, META_MAX, &text, err) < 0) {
		if (err->code == HP_E_NOT_FOUND)
			err->code = HP_E_CONF;
		return err->code;
	}
	if (hp_json_parse(hp_buf_str(&text), text.len, &doc, err) < 0) {
		err->code = HP_E_CONF;
		return hp_err_prefix(err, "%s", path);
	}
	if (!parse_meta(pool, doc, c))
		return hp_err_set(
			err, HP_E_CONF, "%s does not say what a certificate's must", path);
	c->domain = hp_pstrdup(pool, domain);
	c->number = number;
	c->chain = numbered(pool, "", domain, number, "fullchain.pem");
	c->key = numbered(pool, "", domain, number, "key.pem");
	c->revoked = hp_cert_revoked_get(pool, root, c);
	*ret = c;
	return 0;
}

/* ---- reading ---- */
static int damaged(struct hp_err *err, const char *domain)
{
	if (err->code == HP_E_CONF && !*err->hint)
		hp_err_hint(err, "store a certificate anew: hp-cert issue %s, or hp-cert import %s",
			domain, domain);
	return err->code;
}

int hp_cert_current(struct hp_pool *pool, const char *root, const char *domain,
	const struct hp_cert **ret, struct hp_err *err)
{
	unsigned number;

	if (read_link(pool, root, domain, &number, err) < 0)
		return damaged(err, domain);
	*ret = NULL;
	if (number && read_number(pool, root, domain, number, ret, err) < 0)
		return damaged(err, domain);
	return 0;
}

int hp_cert_read(const char *root, const struct hp_cert *c, struct hp_buf *chain,
	struct hp_buf *key, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	char hex[HP_DIGEST_HEX];

	if (hp_file_read(hp_path(pool, root, c->chain), HP_CERT_CHAIN_MAX, chain, err) < 0 ||
		hp_file_read(hp_path(pool, root, c->key), HP_CERT_KEY_MAX, key, err) < 0) {
		if (err->code == HP_E_NOT_FOUND)
			err->code = HP_E_CONF;
		return damaged(err, c->domain);
	}
	digest_pair(chain, key, hex);
	if (strcmp(hex, c->pair) != 0) {
		hp_err_set(err, HP_E_CONF, "%s or %s is not what was stored", c->chain, c->key);
		return damaged(err, c->domain);
	}
	return 0;
}

/*
 * RFC 6125 §6.4.3, as browsers take it: the "*" is all of the leftmost label, stands for exactly
 * one, and not for one directly below a top-level domain.
 */
static bool covers(const char *pattern, const char *name)
{
	const char *rest;

	if (hp_streq(pattern, name))
		return true;
	if (!hp_str_starts(pattern, "*.") || hp_str_starts(name, "*."))
		return false;
	rest = strchr(name, '.');
	return rest && rest > name && hp_streq(pattern + 1, rest) && strchr(rest + 1, '.');
}

bool hp_cert_covers(const struct hp_cert *c, const char *name)
{
	for (size_t i = 0; i < c->names.n; i++)
		if (covers(c->names.v[i], name))
			return true;
	return false;
}

/* Names in a folder but those that start with a dot; none where it is not there. */
static int list_dir(struct hp_pool *pool, const char *path, struct hp_strv *ret, struct hp_err *err)
{
	DIR *d = opendir(path);
	struct dirent *e;

	if (!d && errno == ENOENT)
		return 0;
	if (!d)
		return hp_err_errno(err, errno == EACCES ? HP_E_DENIED : HP_E_OS, errno,
			"%s can't be read", path);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			hp_strv_add(pool, ret, e->d_name);
	closedir(d);
	hp_strv_sort(ret);
	return 0;
}

int hp_cert_domains(struct hp_pool *pool, const char *root, struct hp_strv *ret, struct hp_err *err)
{
	return list_dir(pool, hp_path(pool, root, HP_CERTS_DIR), ret, err);
}

/* ---- writing ---- */
int hp_cert_lock(const char *root, unsigned wait_ms, int *ret_fd, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	const char *dir = hp_path(pool, root, HP_CERTS_DIR);

	if (hp_mkdirs(hp_path(pool, root, HP_LIB), 0751, err) < 0 || hp_mkdirs(dir, 0700, err) < 0)
		return err->code;
	return hp_lock(hp_pprintf(pool, "%s/.lock", dir), wait_ms, ret_fd, err);
}

static int sync_dir(const char *path, struct hp_err *err)
{
	int fd _cleanup_close_ = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
		return hp_err_errno(err, HP_E_OS, errno, "%s can't be synced", path);
	return 0;
}

/* A folder of files; one that is not there is fine. */
static int remove_dir(struct hp_pool *pool, const char *path, struct hp_err *err)
{
	static const char *const files[] = {"meta.json", "fullchain.pem", "key.pem"};
	struct hp_strv rest = {0};
	size_t i;

	for (i = 0; i < HP_ARRAY_SIZE(files); i++)
		unlink(hp_pprintf(pool, "%s/%s", path, files[i]));
	if (rmdir(path) == 0 || errno == ENOENT)
		return 0;
	/* what else lies there is a killed run's, or somebody's who knows what he does */
	if (list_dir(pool, path, &rest, err) < 0)
		return err->code;
	for (i = 0; i < rest.n; i++)
		unlink(hp_pprintf(pool, "%s/%s", path, rest.v[i]));
	if (rmdir(path) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s can't be removed", path);
	return 0;
}

static int swing(struct hp_pool *pool, const char *root, const char *domain, unsigned number,
	struct hp_err *err)
{
	const char *path = below(pool, root, domain, LINK),
		   *tmp = below(pool, root, domain, LINK_BEGUN);

	if (!number) {
		if (unlink(path) < 0 && errno != ENOENT)
			return hp_err_errno(err, HP_E_OS, errno, "%s can't be removed", path);
	} else {
		unlink(tmp);
		if (symlink(hp_pprintf(pool, "%u", number), tmp) < 0 || rename(tmp, path) < 0)
			return hp_err_errno(err, HP_E_OS, errno, "%s can't be made", path);
	}
	return sync_dir(below(pool, root, domain, NULL), err);
}

/* The numbers of a website's pairs, ascending. */
static int cmp_unsigned(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return (x > y) - (x < y);
}

static int list_numbers(struct hp_pool *pool, const char *root, const char *domain, unsigned **ret,
	size_t *ret_n, struct hp_err *err)
{
	struct hp_strv names = {0};
	size_t i, n = 0;

	if (list_dir(pool, below(pool, root, domain, NULL), &names, err) < 0)
		return err->code;
	*ret = hp_palloc(pool, (names.n + 1) * sizeof(**ret));
	for (i = 0; i < names.n; i++)
		if (parse_number(names.v[i], &(*ret)[n]) == 0)
			n++;
	qsort(*ret, n, sizeof(**ret), cmp_unsigned);
	*ret_n = n;
	return 0;
}

static int write_pair(struct hp_pool *pool, const char *dir, const struct hp_cert *c,
	const struct hp_buf *chain, const struct hp_buf *key, struct hp_err *err)
{
	struct hp_buf meta _cleanup_buf_ = HP_BUF_INIT;

	write_meta(c, &meta);
	if (remove_dir(pool, dir, err) < 0 || hp_mkdirs(dir, 0700, err) < 0 ||
		hp_file_write(hp_pprintf(pool, "%s/key.pem", dir), 0600, hp_buf_str(key), key->len,
			err) < 0 ||
		hp_file_write(hp_pprintf(pool, "%s/fullchain.pem", dir), 0600, hp_buf_str(chain),
			chain->len, err) < 0)
		return err->code;
	if (hp_fault_err("cert-store", err) < 0)
		return err->code;
	return hp_file_write(
		hp_pprintf(pool, "%s/meta.json", dir), 0600, hp_buf_str(&meta), meta.len, err);
}

int hp_cert_put(struct hp_pool *pool, const char *root, const struct hp_cert *in,
	const struct hp_buf *chain, const struct hp_buf *key, const struct hp_cert **ret,
	bool *ret_changed, struct hp_err *err)
{
	const char *begun = below(pool, root, in->domain, BEGUN), *dir;
	struct hp_err ignored = HP_ERR_INIT;
	const struct hp_cert *now = NULL;
	struct hp_cert c = *in;
	char hex[HP_DIGEST_HEX];
	unsigned *numbers;
	size_t n;

	digest_pair(chain, key, hex);
	/* a damaged one is what this one is to replace */
	if (hp_cert_current(pool, root, in->domain, &now, &ignored) == 0 && now &&
		hp_streq(now->pair, hex) && hp_streq(now->provider, in->provider)) {
		*ret = now;
		*ret_changed = false;
		return 0;
	}
	dir = below(pool, root, in->domain, NULL);
	if (hp_mkdirs(dir, 0700, err) < 0 ||
		list_numbers(pool, root, in->domain, &numbers, &n, err) < 0)
		return err->code;
	c.number = n ? numbers[n - 1] + 1 : 1;
	c.pair = hex;
	c.stored = hp_now();
	if (write_pair(pool, begun, &c, chain, key, err) < 0)
		return err->code;
	if (rename(begun, numbered(pool, root, in->domain, c.number, NULL)) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s can't be renamed", begun);
	hp_fault("cert-link");
	if (sync_dir(dir, err) < 0 || swing(pool, root, in->domain, c.number, err) < 0 ||
		read_number(pool, root, in->domain, c.number, ret, err) < 0)
		return err->code;
	*ret_changed = true;
	return 0;
}

int hp_cert_back(
	const char *root, const char *domain, unsigned number, unsigned of, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();

	if (swing(pool, root, domain, number, err) < 0)
		return err->code;
	return remove_dir(pool, numbered(pool, root, domain, of, NULL), err);
}

int hp_cert_prune(const char *root, const char *domain, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	unsigned *numbers, current;
	size_t i, n, excess;

	if (read_link(pool, root, domain, &current, err) < 0 ||
		list_numbers(pool, root, domain, &numbers, &n, err) < 0 ||
		remove_dir(pool, below(pool, root, domain, BEGUN), err) < 0)
		return err->code;
	excess = n > HP_CERT_KEEP ? n - HP_CERT_KEEP : 0;
	for (i = 0; i < excess; i++)
		if (numbers[i] != current &&
			remove_dir(pool, numbered(pool, root, domain, numbers[i], NULL), err) < 0)
			return err->code;
	return 0;
}

int hp_cert_remove(const char *root, const char *domain, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	const char *dir = below(pool, root, domain, NULL);
	unsigned *numbers;
	size_t i, n;

	if (access(dir, F_OK) < 0 && errno == ENOENT)
		return 0;
	if (swing(pool, root, domain, 0, err) < 0 ||
		list_numbers(pool, root, domain, &numbers, &n, err) < 0 ||
		remove_dir(pool, below(pool, root, domain, BEGUN), err) < 0)
		return err->code;
	for (i = 0; i < n; i++)
		if (remove_dir(pool, numbered(pool, root, domain, numbers[i], NULL), err) < 0)
			return err->code;
	unlink(below(pool, root, domain, RENEWAL));
	unlink(below(pool, root, domain, HP_CERT_REVOKED));
	unlink(below(pool, root, domain, LINK_BEGUN));
	if (rmdir(dir) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s can't be removed", dir);
	return 0;
}

/* ---- what is to be applied ---- */
int hp_cert_pending_set(const char *root, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();

	return hp_file_write(hp_path(pool, root, PENDING), 0600, "", 0, err);
}

void hp_cert_pending_clear(const char *root)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();

	unlink(hp_path(pool, root, PENDING));
}

bool hp_cert_pending(const char *root)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();

	return access(hp_path(pool, root, PENDING), F_OK) == 0;
}

/* ---- how renewing goes ---- */
int hp_cert_renewal_get(struct hp_pool *pool, const char *root, const char *domain,
	struct hp_cert_renewal *ret, struct hp_err *err)
{
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;
	struct hp_json *doc _cleanup_json_ = NULL;

	memset(ret, 0, sizeof(*ret));
	if (hp_file_read(below(pool, root, domain, RENEWAL), META_MAX, &text, err) < 0) {
		if (err->code != HP_E_NOT_FOUND)
			return err->code;
		hp_err_clear(err);
		return 0;
	}
	/* a damaged note is no note: it only says when to wait */
	if (hp_json_parse(hp_buf_str(&text), text.len, &doc, err) < 0) {
		hp_err_clear(err);
		return 0;
	}
	ret->failures = number_of(doc, "failures", 0);
	ret->last_try = number_of(doc, "last_try", 0);
	ret->next_try = number_of(doc, "next_try", 0);
	ret->error = text_of(pool, doc, "error");
	return 0;
}

int hp_cert_renewal_set(
	const char *root, const char *domain, const struct hp_cert_renewal *r, struct hp_err *err)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;
	struct hp_jw w;

	hp_jw_init(&w, &text, true);
	hp_jw_obj(&w, NULL);
	hp_jw_i64(&w, "failures", r->failures);
	hp_jw_i64(&w, "last_try", r->last_try);
	hp_jw_i64(&w, "next_try", r->next_try);
	hp_jw_str(&w, "error", r->error);
	hp_jw_end(&w, '}');
	hp_buf_addc(&text, '\n');
	if (hp_mkdirs(below(pool, root, domain, NULL), 0700, err) < 0)
		return err->code;
	return hp_file_write(
		below(pool, root, domain, RENEWAL), 0600, hp_buf_str(&text), text.len, err);
}
