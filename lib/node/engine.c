/* Setting a run up: sysroot, templates, manifest, what parts find on the machine. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "node/engine.h"
#include "base/str.h"
#include "base/version.h"
#include "sys/run.h"

char *hp_engine_path(struct hp_engine *x, struct hp_pool *pool, const char *path)
{
	return hp_path(pool, x->root, path);
}

static int open_root(struct hp_engine *x, struct hp_err *err)
{
	const char *root = x->o->sysroot;

	x->root = root && !hp_streq(root, "/") ? root : "";
	x->live = !*x->root;
	x->rootfd = open(*x->root ? x->root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (x->rootfd < 0)
		return hp_err_errno(err, HP_E_OS, errno, "the folder %s can't be opened",
			*x->root ? x->root : "/");
	return 0;
}

/* ---- hand-made directives ---- */
static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/*
 * Names in a folder, sorted, without those that begin with a dot. A folder that is not there is
 * empty.
 */
static int names_in(struct hp_engine *x, struct hp_pool *pool, const char *path,
	struct hp_strv *ret, struct hp_err *err)
{
	int fd = openat(x->rootfd, hp_rel(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *e;
	DIR *d;

	if (fd < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 0;
		return hp_err_errno(err, HP_E_OS, errno, "the folder %s can't be read", path);
	}
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return hp_err_errno(err, HP_E_OS, errno, "the folder %s can't be read", path);
	}
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			hp_strv_add(pool, ret, e->d_name);
	closedir(d);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
	return 0;
}

/* Digest of all *.conf in one format's folder. */
static int digest_format(struct hp_engine *x, const char *dir, struct hp_digest *d,
	struct hp_err *err)
{
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;
	struct hp_strv names = {0};
	const char *path;
	size_t i;

	if (names_in(x, x->scratch, dir, &names, err) < 0)
		return err->code;
	for (i = 0; i < names.n; i++) {
		if (!hp_str_ends(names.v[i], ".conf"))
			continue;
		path = hp_engine_path(
			x, x->scratch, hp_pprintf(x->scratch, "%s/%s", dir, names.v[i]));
		if (hp_file_read(path, (size_t)1 << 20, &text, err) < 0)
			return err->code;
		hp_digest_add(d, dir, strlen(dir) + 1);
		hp_digest_add(d, names.v[i], strlen(names.v[i]) + 1);
		hp_digest_add(d, hp_buf_str(&text), text.len);
	}
	return 0;
}

/* Which certificate is in use: what stands in a numbered folder of the store never changes. */
static int digest_certificate(struct hp_engine *x, const char *domain, struct hp_digest *d,
	struct hp_err *err)
{
	const char *path = hp_pprintf(x->scratch, HP_CERTS_DIR "/%s/current", domain);
	char target[64];
	ssize_t n = readlinkat(x->rootfd, hp_rel(path), target, sizeof(target));

	if (n < 0 && errno != ENOENT && errno != ENOTDIR)
		return hp_err_errno(err, HP_E_OS, errno, "the link %s can't be read", path);
	if (n > 0)
		hp_digest_add(d, target, (size_t)n);
	return 0;
}

/*
 * The domains with hand-made directives (has_dir), and those with certificates: sorted, each once.
 */
static int domains_with_own(struct hp_engine *x, struct hp_strv *ret, bool **ret_has_dir,
	struct hp_err *err)
{
	struct hp_strv custom = {0}, certs = {0};
	size_t i = 0, j = 0;
	int d;

	if (names_in(x, x->pool, HP_CUSTOM_DIR, &custom, err) < 0 ||
		names_in(x, x->pool, HP_CERTS_DIR, &certs, err) < 0)
		return err->code;
	*ret_has_dir = hp_palloc(x->pool, custom.n + certs.n + 1);
	while (i < custom.n || j < certs.n) {
		d = i == custom.n ? 1 : j == certs.n ? -1 : strcmp(custom.v[i], certs.v[j]);
		(*ret_has_dir)[ret->n] = d <= 0;
		hp_strv_add_ref(x->pool, ret, d <= 0 ? custom.v[i] : certs.v[j]);
		i += d <= 0;
		j += d >= 0;
	}
	return 0;
}

static int read_custom(struct hp_engine *x, struct hp_err *err)
{
	struct hp_strv domains = {0}, formats;
	char hex[HP_DIGEST_HEX];
	struct hp_digest d;
	const char *dir;
	bool *has_dir = NULL;
	size_t i, j;

	if (domains_with_own(x, &domains, &has_dir, err) < 0)
		return err->code;
	if (domains.n)
		x->custom = hp_palloc(x->pool, domains.n * sizeof(*x->custom));
	for (i = 0; i < domains.n; i++) {
		dir = hp_pprintf(x->scratch, HP_CUSTOM_DIR "/%s", domains.v[i]);
		memset(&formats, 0, sizeof(formats));
		hp_digest_init(&d);
		if (has_dir[i] && names_in(x, x->scratch, dir, &formats, err) < 0)
			return err->code;
		for (j = 0; j < formats.n; j++)
			if (digest_format(x, hp_pprintf(x->scratch, "%s/%s", dir, formats.v[j]), &d,
				    err) < 0)
				return err->code;
		if (digest_certificate(x, domains.v[i], &d, err) < 0)
			return err->code;
		hp_digest_hex(&d, hex);
		x->custom[x->n_custom].domain = domains.v[i];
		x->custom[x->n_custom++].digest = hp_pstrdup(x->pool, hex);
		hp_pool_reset(x->scratch);
	}
	return 0;
}

static int cmp_custom(const void *a, const void *b)
{
	return strcmp(((const struct hp_custom *)a)->domain, ((const struct hp_custom *)b)->domain);
}

const struct hp_custom *hp_engine_custom(const struct hp_engine *x, const char *domain)
{
	struct hp_custom key = {.domain = domain};

	if (!x->n_custom)
		return NULL;
	return bsearch(&key, x->custom, x->n_custom, sizeof(key), cmp_custom);
}

/* ---- inputs ---- */
static int digest_inputs(struct hp_engine *x, struct hp_err *err)
{
	char hex[HP_DIGEST_HEX];
	struct hp_digest d, all;
	size_t i;

	hp_digest_init(&d);
	/* what an older program has accepted and rendered is read and rendered again */
	hp_digest_add(&d, hp_version(), strlen(hp_version()) + 1);
	for (i = 0; i < HP_PARTS; i++)
		if (hp_parts[i]->inputs && hp_parts[i]->inputs(x, &d, err) < 0)
			return err->code;
	hp_digest_hex(&d, hex);
	x->inputs = hp_pstrdup(x->pool, hex);
	hp_digest_init(&all);
	hp_digest_add(&all, hex, sizeof(hex));
	for (i = 0; i < x->n_custom; i++) {
		hp_digest_add(&all, x->custom[i].domain, strlen(x->custom[i].domain) + 1);
		hp_digest_add(&all, x->custom[i].digest, 64);
	}
	hp_digest_hex(&all, hex);
	x->all_inputs = hp_pstrdup(x->pool, hex);
	return 0;
}

static void find_templates(struct hp_engine *x)
{
	const char **dirs = hp_palloc(x->pool, 3 * sizeof(*dirs));

	dirs[0] = hp_engine_path(x, x->pool, HP_TEMPLATES_DIR);
	dirs[1] = hp_pprintf(x->pool, "%s/templates", hp_datadir());
	x->tmpl = hp_tmpl_set_new(x->pool, dirs);
}

int hp_engine_init(struct hp_engine *x, const struct hp_node_opts *o, bool dry, struct hp_err *err)
{
	size_t i;

	memset(x, 0, sizeof(*x));
	x->o = o;
	x->dry = dry;
	x->rootfd = x->doc_fd = x->lock = -1;
	x->limit = SIZE_MAX;
	x->t0 = hp_now_us();
	x->children0 = hp_run_children_us();
	for (i = 0; i < HP_STAGES_MAX; i++)
		x->stages[i].fd = -1;
	x->pool = hp_pool_new();
	x->round = hp_pool_new();
	x->scratch = hp_pool_new();
	return open_root(x, err);
}

int hp_engine_make_dir(struct hp_engine *x, struct hp_err *err)
{
	if (hp_mkdirs(hp_engine_path(x, x->scratch, HP_LIB), 0755, err) < 0)
		return err->code;
	return hp_mkdirs(hp_engine_path(x, x->scratch, HP_NODE_DIR), 0700, err);
}

int hp_engine_lock(struct hp_engine *x, struct hp_err *err)
{
	const char *dir = hp_engine_path(x, x->pool, HP_NODE_DIR);

	if (x->dry && access(dir, F_OK) < 0)
		return 0; /* nothing was ever applied: nobody to wait for */
	if (!x->dry && hp_engine_make_dir(x, err) < 0)
		return err->code;
	if (hp_lock(hp_pprintf(x->pool, "%s/lock", dir), x->o->wait_ms, &x->lock, err) == 0)
		return 0;
	if (err->code == HP_E_BUSY) {
		hp_err_set(err, HP_E_BUSY, "another run is at work on this node");
		hp_err_hint(err, "try again when it has ended, or wait longer where the verb has "
			"--wait SECONDS");
	}
	return err->code;
}

int hp_engine_load(struct hp_engine *x, struct hp_err *err)
{
	return hp_manifest_load(
		x->pool, hp_engine_path(x, x->pool, HP_MANIFEST_FILE), &x->old, err);
}

int hp_engine_detect(struct hp_engine *x, struct hp_err *err)
{
	size_t i;

	find_templates(x);
	for (i = 0; i < HP_PARTS; i++)
		if (hp_parts[i]->detect && hp_parts[i]->detect(x, err) < 0)
			return err->code;
	return 0;
}

int hp_engine_look(struct hp_engine *x, struct hp_err *err)
{
	if (read_custom(x, err) < 0)
		return err->code;
	return digest_inputs(x, err);
}

void hp_engine_free(struct hp_engine *x)
{
	struct hp_err ignored = HP_ERR_INIT;
	size_t i;

	hp_bgsync_end(&x->bgsync, &ignored);
	for (i = 0; i < HP_PARTS; i++)
		if (hp_parts[i]->release && x->part[i])
			hp_parts[i]->release(x);
	for (i = 0; i < x->n_stages; i++)
		if (x->stages[i].fd >= 0)
			close(x->stages[i].fd);
	if (x->rootfd >= 0)
		close(x->rootfd);
	if (x->doc_fd >= 0)
		close(x->doc_fd);
	hp_tree_cache_drop(&x->dircache);
	if (x->lock >= 0)
		close(x->lock);
	if (x->holds_signals)
		sigprocmask(SIG_SETMASK, &x->signals, NULL);
	free(x->ops);
	free(x->sites);
	free(x->undo.v);
	hp_pool_free(x->scratch);
	hp_pool_free(x->names);
	hp_pool_free(x->round);
	hp_pool_free(x->pool);
	memset(x, 0, sizeof(*x));
	x->rootfd = x->doc_fd = x->lock = -1;
}

int hp_blame(struct hp_engine *x, struct hp_wish *w, enum hp_outcome outcome,
	const struct hp_err *why)
{
	w->outcome = outcome;
	w->code = why->code;
	w->msg = hp_pstrdup(x->pool, why->msg);
	w->hint = hp_pstrdup(x->pool, why->hint);
	return HP_RETRY;
}
