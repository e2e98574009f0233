#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>

#include "node/adopt.h"
#include "node/certs.h"
#include "node/folders.h"
#include "node/tree.h"
#include "node/web.h"
#include "base/file.h"
#include "base/str.h"

static const char *full(struct hp_pool *pool, const struct hp_adopt *a, const char *path)
{
	return hp_path(pool, a->sysroot, path);
}

bool hp_adopt_has_cert(struct hp_pool *pool, const char *sysroot, const char *domain)
{
	const struct hp_cert *c = NULL;
	struct hp_err ignored = HP_ERR_INIT;

	return hp_cert_current(pool, sysroot, domain, &c, &ignored) == 0 && c;
}

/* ---- looking ---- */
static bool is_live(const char *file)
{
	return file[0] == '/' && hp_path_is_clean(file) &&
		(strstr(file, "/sites-enabled/") || strstr(file, "/conf.d/") ||
			strstr(file, "/vhosts.d/") || strstr(file, "/sites/"));
}

static int look_files(struct hp_pool *pool, struct hp_adopt *a, struct hp_err *err)
{
	const struct hp_found *f = a->found;
	struct stat st;
	size_t i;

	a->takeover.domain = f->domain;
	for (i = 0; i < f->files.n; i++) {
		const char *file = f->files.v[i];

		if (!f->alone || !is_live(file)) {
			hp_err_set(err, HP_E_EXISTS, "%s: more stands in %s than this website",
				f->domain, file);
			return hp_err_hint(err,
				"give the website a file of its own in "
				"sites-enabled, and what else is in it one in conf.d; then again");
		}
		if (lstat(full(pool, a, file), &st) < 0)
			return hp_err_errno(err, HP_E_OS, errno, "%s can't be looked at", file);
		hp_strv_add_ref(pool, &a->takeover.paths, file);
		hp_strv_addf(pool, &a->kept,
			S_ISLNK(st.st_mode) ? "%s: the link is removed, what it leads to stays"
					    : "%s: the file moves into " HP_ADOPTED_DIR "/%s/",
			file, f->domain);
	}
	return 0;
}

/* The website's own file may be in the way where the hand-made one has the same name. */
static void look_same_name(struct hp_pool *pool, struct hp_adopt *a)
{
	const struct hp_server *s = hp_server_find(a->found->server);
	const char *path = hp_pprintf(pool, "%s/%s.conf", s->sites, a->found->domain);

	if (access(full(pool, a, path), F_OK) < 0)
		return;
	hp_strv_add_ref(pool, &a->takeover.paths, path);
	hp_strv_addf(pool, &a->kept, "%s: the file moves into " HP_ADOPTED_DIR "/%s/", path,
		a->found->domain);
}

static int look_documents(struct hp_pool *pool, struct hp_adopt *a, bool copy, struct hp_err *err)
{
	const struct hp_found *f = a->found;
	const char *own = hp_folders_docroot(pool, f->domain);
	struct stat st;

	if (!f->root || f->site.v[HP_SITE_PROXY_PORT])
		return 0;
	if (hp_streq(f->below, own)) {
		hp_err_set(err, HP_E_EXISTS,
			"%s: its documents are in %s already, and belong to somebody else",
			f->domain, own);
		return hp_err_hint(err,
			"move that folder away, let the virtual host lead to "
			"where it is then, and say --copy");
	}
	if (!copy) {
		hp_err_set(err, HP_E_EXISTS,
			"%s: its documents are in %s, but those of a website "
			"are in %s",
			f->domain, f->below, own);
		return hp_err_hint(
			err, "--copy copies them; those that are there stay as they are");
	}
	if (lstat(full(pool, a, own), &st) == 0) {
		hp_err_set(err, HP_E_EXISTS, "%s: %s is there already", f->domain, own);
		return hp_err_hint(err, "move it away");
	}
	a->copy_from = f->below;
	return 0;
}

int hp_adopt_look(
	struct hp_pool *pool, struct hp_adopt *a, bool copy, bool http_only, struct hp_err *err)
{
	const struct hp_found *f = a->found;

	if (look_files(pool, a, err) < 0 || look_documents(pool, a, copy, err) < 0)
		return err->code;
	look_same_name(pool, a);
	if (f->tls && !http_only && !hp_adopt_has_cert(pool, a->sysroot, f->domain)) {
		hp_err_set(err, HP_E_EXISTS,
			"%s: it is served over HTTPS, and there is no certificate for it in the "
			"panel's store",
			f->domain);
		return hp_err_hint(err, "--http-only serves it without for the time being");
	}
	return 0;
}

/* ---- making ---- */
static int save(struct hp_pool *pool, struct hp_adopt *a, const char *path, struct hp_err *err)
{
	const char *dir = hp_pprintf(pool, HP_ADOPTED_DIR "/%s", a->found->domain), *copy;
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;
	struct stat st;
	unsigned i;

	/* a link's own file stays */
	if (lstat(full(pool, a, path), &st) == 0 && S_ISLNK(st.st_mode))
		return 0;
	if (hp_file_read(full(pool, a, path), HP_IMPORT_BYTES, &text, err) < 0 ||
		hp_mkdirs(full(pool, a, dir), 0700, err) < 0)
		return err->code;
	for (i = 0;; i++) {
		copy = hp_pprintf(pool, "%s/%s%s", dir, strrchr(path, '/') + 1,
			i ? hp_pprintf(pool, ".%u", i) : "");
		if (lstat(full(pool, a, copy), &st) < 0)
			break;
	}
	if (hp_file_write(full(pool, a, copy), 0600, hp_buf_str(&text), text.len, err) < 0)
		return err->code;
	hp_strv_add_ref(pool, &a->saved, copy);
	return 0;
}

static const char *snippet_path(struct hp_pool *pool, const struct hp_adopt *a)
{
	return hp_pprintf(
		pool, HP_CUSTOM_DIR "/%s/%s/adopted.conf", a->found->domain, a->found->server);
}

static int write_snippet(struct hp_pool *pool, struct hp_adopt *a, struct hp_err *err)
{
	const char *path = snippet_path(pool, a), *rest = a->found->rest;
	struct hp_buf old _cleanup_buf_ = HP_BUF_INIT;

	if (!*rest)
		return 0;
	if (hp_file_read(full(pool, a, path), HP_IMPORT_BYTES, &old, err) == 0)
		/* of a run that was killed */
		return hp_streq(hp_buf_str(&old), rest)
			? 0
			: hp_err_set(err, HP_E_EXISTS, "%s is there already", path);
	if (err->code != HP_E_NOT_FOUND)
		return err->code;
	hp_err_clear(err);
	if (hp_mkdirs(full(pool, a, hp_path_dir(pool, path)), 0755, err) < 0 ||
		hp_file_write(full(pool, a, path), 0644, rest, strlen(rest), err) < 0)
		return err->code;
	a->made_snippet = true;
	return 0;
}

static int copy_documents(struct hp_pool *pool, struct hp_adopt *a, int64_t uid, struct hp_err *err)
{
	struct hp_folders f = HP_FOLDERS_INIT;
	const char *group = hp_conf_get(a->conf, "web", "group");
	const struct group *g = getgrnam(group ? group : "www-data");
	bool root = geteuid() == 0;
	size_t left_out = 0;
	int rc;

	if (!a->copy_from)
		return 0;
	/* folders above are the panel's own, and nobody can put a link into them */
	rc = hp_folders_open(&f, a->sysroot, err);
	if (rc == 0)
		rc = hp_copy_tree(full(pool, a, a->copy_from), f.dir[0], a->found->domain,
			root ? (uid_t)uid : (uid_t)-1, g ? g->gr_gid : (gid_t)uid, &left_out, err);
	a->made_copy = rc == 0;
	hp_folders_close(&f);
	return rc;
}

int hp_adopt_prepare(struct hp_pool *pool, struct hp_adopt *a, int64_t uid, struct hp_err *err)
{
	size_t i;

	for (i = 0; i < a->takeover.paths.n; i++)
		if (save(pool, a, a->takeover.paths.v[i], err) < 0)
			return err->code;
	if (write_snippet(pool, a, err) < 0)
		return err->code;
	return copy_documents(pool, a, uid, err);
}

/* The folders above path, where nothing is in them. */
static void drop_empty(struct hp_pool *pool, const struct hp_adopt *a, const char *path, int n)
{
	while (n--) {
		path = hp_path_dir(pool, path);
		rmdir(full(pool, a, path));
	}
}

void hp_adopt_undo(struct hp_pool *pool, struct hp_adopt *a)
{
	struct hp_err ignored = HP_ERR_INIT;
	const char *path;
	size_t i;

	if (a->made_copy)
		hp_folders_remove(a->sysroot, a->found->domain, HP_FOLDERS_DOCROOT, &ignored);
	path = snippet_path(pool, a);
	if (a->made_snippet)
		unlink(full(pool, a, path));
	drop_empty(pool, a, path, 3);
	for (i = 0; i < a->saved.n; i++)
		unlink(full(pool, a, a->saved.v[i]));
	drop_empty(pool, a, hp_pprintf(pool, HP_ADOPTED_DIR "/%s/-", a->found->domain), 2);
	a->made_copy = a->made_snippet = false;
	a->saved.n = 0;
}
