/*
 * The document: read whole before anything is done, since its last line may prove it
 * false. One line a site stays in memory; values are parsed again when a site is rendered.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "node/engine.h"
#include "node/php.h"
#include "base/file.h"
#include "base/str.h"
#include "model/state.h"
#include "sys/json.h"

#define CHUNK 65536

static const char *state_name(const struct hp_engine *x)
{
	return x->o->state_name ? x->o->state_name : "the state document";
}

/*
 * An unnamed file: below the node's own folder, where the disk bears it, since a document may be
 * longer than memory should be; in memory for a run that touches nothing, for what comes out of
 * this process's memory, or where the file system makes no unnamed files.
 */
static int make_spool(struct hp_engine *x, struct hp_err *err)
{
	int fd = -1;

	if (!x->dry && !x->o->state_beside) {
		if (hp_engine_make_dir(x, err) < 0)
			return err->code;
		fd = open(hp_engine_path(x, x->scratch, HP_NODE_DIR),
			O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
	}
	if (fd < 0)
		fd = memfd_create("state", MFD_CLOEXEC);
	return fd >= 0 ? fd : hp_err_errno(err, HP_E_OS, errno, "no unnamed file can be made");
}

/* Wait until there is something to read; HP_E_BUSY when none has come by doc_by. */
static int wait_readable(struct hp_engine *x, struct hp_err *err)
{
	struct pollfd p = {.fd = x->o->state_fd, .events = POLLIN};
	int n, left = -1;

	do {
		uint64_t now = hp_now_ms();

		if (x->o->state_ms)
			left = now < x->doc_by ? (int)(x->doc_by - now) : 0;
		n = poll(&p, 1, left);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s can't be read", state_name(x));
	if (n > 0)
		return 0;
	hp_err_set(err, HP_E_BUSY, "%s has not come to its end within %u seconds", state_name(x),
		(x->o->state_ms + 999) / 1000);
	return hp_err_hint(err, "nothing was done: send it again");
}

static int keep(struct hp_engine *x, const char *p, size_t n, struct hp_err *err)
{
	ssize_t r;

	if ((uint64_t)x->doc_end + n > HP_STATE_MAX)
		return hp_err_set(err, HP_E_USAGE, "%s is longer than %zu MiB", state_name(x),
			HP_STATE_MAX >> 20);
	for (; n > 0; p += r, n -= (size_t)r, x->doc_end += r) {
		r = pwrite(x->doc_fd, p, n, x->doc_end);
		if (r < 0 && errno == EINTR)
			r = 0;
		if (r < 0)
			return hp_err_errno(
				err, HP_E_OS, errno, "%s can't be kept", state_name(x));
	}
	return 0;
}

/*
 * What comes through a pipe is put into an unnamed file, so that it can be read twice. 1: more of
 * it has come; 0: it is whole.
 */
static int more(struct hp_engine *x, struct hp_err *err)
{
	char chunk[CHUNK];
	ssize_t n;

	if (!x->doc_comes)
		return 0;
	do {
		if (wait_readable(x, err) < 0)
			return err->code;
		n = read(x->o->state_fd, chunk, sizeof(chunk));
	} while (n < 0 && (errno == EINTR || errno == EAGAIN));
	if (n < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s can't be read", state_name(x));
	x->doc_comes = n > 0;
	return n > 0 && keep(x, chunk, (size_t)n, err) < 0 ? err->code : n > 0;
}

static int digest_doc(struct hp_engine *x, const char *name, struct hp_err *err)
{
	char chunk[CHUNK], hex[HP_DIGEST_HEX];
	off_t at = x->doc_at;
	struct hp_digest d;
	ssize_t n;
	int r = 1;

	hp_digest_init(&d);
	for (; r > 0; r = more(x, err)) {
		while ((n = pread(x->doc_fd, chunk, sizeof(chunk), at)) > 0) {
			hp_digest_add(&d, chunk, (size_t)n);
			at += n;
			if ((uint64_t)(at - x->doc_at) > HP_STATE_MAX)
				return hp_err_set(err, HP_E_USAGE, "%s is longer than %zu MiB",
					name, HP_STATE_MAX >> 20);
		}
		if (n < 0)
			return hp_err_errno(err, HP_E_OS, errno, "%s can't be read", name);
	}
	if (r < 0)
		return r;
	hp_digest_hex(&d, hex);
	x->doc = hp_pstrdup(x->pool, hex);
	return 0;
}

int hp_engine_receive(struct hp_engine *x, struct hp_err *err)
{
	const char *name = state_name(x);
	struct stat st;
	int r;

	if (x->o->state_fd < 0)
		return 0;
	if (fstat(x->o->state_fd, &st) == 0 && S_ISREG(st.st_mode)) {
		x->doc_fd = fcntl(x->o->state_fd, F_DUPFD_CLOEXEC, 3);
		if (x->doc_fd < 0)
			return hp_err_errno(err, HP_E_OS, errno, "%s can't be read", name);
		x->doc_at = lseek(x->doc_fd, 0, SEEK_CUR);
		return 0;
	}
	x->doc_by = hp_now_ms() + x->o->state_ms;
	x->doc_fd = make_spool(x, err);
	if (x->doc_fd < 0)
		return err->code;
	x->doc_comes = true;
	if (x->o->state_beside)
		return 0;
	while ((r = more(x, err)) > 0)
		;
	return r;
}

int hp_engine_open(struct hp_engine *x, struct hp_err *err)
{
	if (x->doc_fd >= 0)
		return 0;
	x->doc_fd = openat(x->rootfd, hp_rel(HP_STATE_FILE), O_RDONLY | O_CLOEXEC);
	if (x->doc_fd < 0 && errno == ENOENT) {
		hp_err_set(err, HP_E_NOT_FOUND, "this node was never given a state document");
		return hp_err_hint(err,
			"send it one from the panel: hp-node state NODE | ssh NODE "
			"hp-vhost apply -");
	}
	if (x->doc_fd < 0)
		return hp_err_errno(err, HP_E_OS, errno, HP_STATE_FILE " can't be read");
	return 0;
}

/* One of another generation is another one: then its digest comes with reading it. */
int hp_engine_is_same_doc(struct hp_engine *x, bool *ret, struct hp_err *err)
{
	struct hp_err ignored = HP_ERR_INIT;
	struct hp_state_head head;
	const char *nl;
	char line[4096];
	ssize_t n;
	int r;

	*ret = false;
	do {
		n = pread(x->doc_fd, line, sizeof(line), x->doc_at);
		nl = n > 0 ? memchr(line, '\n', (size_t)n) : NULL;
	} while (!nl && n >= 0 && (size_t)n < sizeof(line) && (r = more(x, err)) > 0);
	if (err->code)
		return err->code;
	if (!nl ||
		hp_state_parse_head(x->scratch, line, (size_t)(nl - line), &head, &ignored) < 0 ||
		head.generation != x->old.generation)
		return 0;
	if (digest_doc(x, state_name(x), err) < 0)
		return err->code;
	*ret = hp_streq(x->old.doc, x->doc);
	return 0;
}

/* ---- sites ---- */
static int on_head(void *arg, const struct hp_state_head *head, struct hp_err *err)
{
	struct hp_engine *x = arg;
	const char *name = x->old.node;

	x->node = hp_pstrdup(x->pool, head->node);
	x->generation = head->generation;
	if (x->o->conf && hp_conf_is_set(x->o->conf, "node", "name"))
		name = hp_conf_get(x->o->conf, "node", "name");
	if (!name || hp_streq(name, x->node))
		return 0;
	hp_err_set(err, HP_E_USAGE, "the document is for node %s; this one is %s", x->node, name);
	return hp_err_hint(err, "export the document of this node: hp-node state %s", name);
}

static struct hp_wish *add_wish(struct hp_engine *x)
{
	if (x->n_sites == x->cap_sites) {
		size_t cap = x->cap_sites ? x->cap_sites * 2 : 64;
		struct hp_wish *bigger = realloc(x->sites, cap * sizeof(*bigger));

		if (!bigger)
			hp_die(HP_E_OS, "out of memory");
		x->sites = bigger;
		x->cap_sites = cap;
	}
	memset(&x->sites[x->n_sites], 0, sizeof(*x->sites));
	return &x->sites[x->n_sites++];
}

/* PHP versions and servers are few: one copy of each. */
static const char *intern(struct hp_engine *x, const char *word)
{
	size_t i;

	if (!word || !*word)
		return NULL;
	for (i = 0; i < x->words.n; i++)
		if (hp_streq(x->words.v[i], word))
			return x->words.v[i];
	hp_strv_add(x->pool, &x->words, word);
	return x->words.v[x->words.n - 1];
}

/* Versions of php_paths that are not the website's own, in order, each once. */
static int read_more_php(struct hp_engine *x, struct hp_pool *pool, const struct hp_site *site,
	const char **ret, struct hp_err *err)
{
	const char *text = site->v[HP_SITE_PHP_PATHS];
	struct hp_json *doc _cleanup_json_ = NULL;
	struct hp_buf all _cleanup_buf_ = HP_BUF_INIT;
	const struct hp_json *v;
	struct hp_strv l = {0};
	size_t i;

	if (!text || hp_streq(text, "{}"))
		return 0;
	if (hp_json_parse(text, strlen(text), &doc, err) < 0)
		return hp_err_prefix(err, "php_paths");
	for (v = hp_json_first(doc); v; v = hp_json_next(v))
		if (!hp_streq(hp_json_str(v), site->v[HP_SITE_PHP_VERSION]) &&
			!hp_strv_has(&l, hp_json_str(v)))
			hp_strv_add(pool, &l, hp_json_str(v));
	hp_strv_sort(&l);
	for (i = 0; i < l.n; i++)
		hp_buf_addf(&all, "%s%s", i ? "," : "", l.v[i]);
	*ret = intern(x, hp_buf_str(&all));
	return 0;
}

int hp_engine_site_on(struct hp_engine *x, const struct hp_wish *w, const char *version,
	struct hp_site *ret, struct hp_err *err)
{
	if (hp_state_parse_site(x->scratch, w->line, w->len, ret, err) < 0)
		return err->code;
	if (version)
		ret->v[HP_SITE_PHP_VERSION] = version;
	return hp_php_defaults(x->scratch, x->o->conf, ret, err);
}

static void digest_of(const struct hp_engine *x, const struct hp_wish *w, const char *inputs,
	char hex[HP_DIGEST_HEX])
{
	const struct hp_custom *custom = hp_engine_custom(x, w->domain);
	struct hp_digest d;

	hp_digest_init(&d);
	hp_digest_add(&d, w->line, w->len);
	hp_digest_add(&d, inputs, 64);
	if (custom)
		hp_digest_add(&d, custom->digest, 64);
	hp_digest_hex(&d, hex);
}

bool hp_engine_is_as_applied(const struct hp_engine *x, const struct hp_wish *w)
{
	const char *inputs = x->old.own.digest;
	char hex[HP_DIGEST_HEX];

	if (!w->old || !w->line || !inputs || strlen(inputs) != 64)
		return false;
	digest_of(x, w, inputs, hex);
	return hp_streq(w->old->digest, hex);
}

/*
 * A line that reads as it did when it was applied, to the same inputs, was judged then: what is
 * wished of the site is what the manifest says of it.
 */
static int on_peek(void *arg, const struct hp_site *site, const char *line, size_t len,
	struct hp_err *err HP_UNUSED)
{
	struct hp_engine *x = arg;
	const struct hp_msite *old = hp_manifest_find(&x->old, site->v[HP_SITE_DOMAIN]);
	struct hp_wish w = {.line = line, .len = len}, *to;
	char hex[HP_DIGEST_HEX];

	if (!old)
		return 0;
	w.domain = old->domain;
	digest_of(x, &w, x->inputs, hex);
	if (!hp_streq(hex, old->digest))
		return 0;
	w.user = old->user;
	w.uid = old->uid;
	w.php = old->php;
	w.more_php = old->more_php;
	w.suspended = old->suspended;
	w.digest = old->digest;
	w.known = true;
	w.line = hp_pmemdup(x->pool, line, len);
	to = add_wish(x);
	*to = w;
	return 1;
}

static int on_site(void *arg, struct hp_pool *pool, const struct hp_site *site,
	const char *line, size_t len, struct hp_err *err)
{
	struct hp_engine *x = arg;
	struct hp_wish *w = add_wish(x);
	char hex[HP_DIGEST_HEX];

	w->domain = hp_pstrdup(x->pool, site->v[HP_SITE_DOMAIN]);
	w->user = hp_pstrdup(x->pool, site->v[HP_SITE_USER]);
	w->uid = hp_site_i64(site, HP_SITE_UID);
	w->php = intern(x, site->v[HP_SITE_PHP_VERSION]);
	if (w->php && read_more_php(x, pool, site, &w->more_php, err) < 0)
		return err->code;
	w->below = site->v[HP_SITE_DOCUMENT_ROOT];
	w->below = w->below && *w->below ? hp_pstrdup(x->pool, w->below) : NULL;
	w->server = intern(x, site->v[HP_SITE_WEB_SERVER]);
	w->suspended = hp_streq(site->v[HP_SITE_STATUS], "suspended");
	w->line = hp_pmemdup(x->pool, line, len);
	w->len = len;
	digest_of(x, w, x->inputs, hex);
	w->digest = hp_pstrdup(x->pool, hex);
	return 0;
}

static int cmp_wish(const void *a, const void *b)
{
	return strcmp(((const struct hp_wish *)a)->domain, ((const struct hp_wish *)b)->domain);
}

/* Each wish finds what was applied; what is wished no more is to be removed. */
static void match_old(struct hp_engine *x)
{
	size_t i, j, n = x->n_sites;
	struct hp_wish *w;
	int d;

	if (n)
		qsort(x->sites, n, sizeof(*x->sites), cmp_wish);
	for (i = j = 0; j < x->old.n;) {
		d = i < n ? strcmp(x->sites[i].domain, x->old.sites[j].domain) : 1;
		if (d == 0)
			x->sites[i].old = &x->old.sites[j];
		if (d <= 0) {
			i++;
			j += d == 0;
			continue;
		}
		w = add_wish(x);
		w->old = &x->old.sites[j++];
		w->domain = w->old->domain;
		w->user = w->old->user;
		w->uid = w->old->uid;
		w->php = w->old->php;
		w->more_php = w->old->more_php;
	}
	if (x->n_sites > n)
		qsort(x->sites, x->n_sites, sizeof(*x->sites), cmp_wish);
}

static int on_more(void *arg, struct hp_err *err)
{
	return more(arg, err);
}

int hp_engine_read(struct hp_engine *x, struct hp_err *err)
{
	static const struct hp_state_handler handler = {
		.on_head = on_head, .on_site = on_site, .more = on_more};
	const char *name = state_name(x);
	struct hp_state_handler h = handler;

	h.arg = x;
	h.doc = hp_palloc(x->pool, HP_DIGEST_HEX);
	/* what has drifted is made anew, for which all of it has to be read */
	if (!x->o->force)
		h.on_peek = on_peek;
	if (lseek(x->doc_fd, x->doc_at, SEEK_SET) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s can't be read", name);
	if (hp_state_read(x->doc_fd, name, &h, err) < 0)
		return err->code;
	x->doc = h.doc;
	match_old(x);
	x->own.domain = NULL;
	x->own.old = x->old.own.digest ? &x->old.own : NULL;
	return 0;
}

struct hp_wish *hp_engine_site(struct hp_engine *x, const char *domain)
{
	struct hp_wish key = {.domain = domain};

	if (!x->n_sites)
		return NULL;
	return bsearch(&key, x->sites, x->n_sites, sizeof(key), cmp_wish);
}
