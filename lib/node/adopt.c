#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>

#include "node/adopt.h"
#include "node/certs.h"
#include "node/folders.h"
#include "node/tree.h"
#include "node/web.h"
#include "base/fault.h"
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

/* ---- the note ---- */
#define NOTE_BYTES (1 << 20)

static const char *note_path(struct hp_pool *pool, const char *domain)
{
	return hp_pprintf(pool, HP_ADOPTED_DIR "/%s/.unfinished", domain);
}

static int write_note(struct hp_pool *pool, const struct hp_adopt *a, struct hp_err *err)
{
	const char *path = full(pool, a, note_path(pool, a->found->domain));
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	size_t i;

	hp_buf_addf(&b, "uid %lld\n", (long long)a->made.uid);
	for (i = 0; i < a->made.saved.n; i++)
		hp_buf_addf(&b, "saved %s\n", a->made.saved.v[i]);
	if (a->made.snippet)
		hp_buf_addf(&b, "snippet %s\n", a->made.snippet);
	if (a->made.documents)
		hp_buf_adds(&b, "documents\n");
	hp_buf_adds(&b, "end\n");
	/* what stands in vhosts is root's to read, and HP_ETC is not for root alone */
	if (hp_mkdirs(full(pool, a, HP_ETC), 0755, err) < 0 ||
		hp_mkdirs(hp_path_dir(pool, path), 0700, err) < 0)
		return err->code;
	return hp_file_write(path, 0600, hp_buf_str(&b), b.len, err);
}

static bool is_ours(const char *path)
{
	return path && hp_path_is_clean(path) &&
		(hp_str_starts(path, HP_ADOPTED_DIR "/") || hp_str_starts(path, HP_CUSTOM_DIR "/"));
}

/* false: not a note of ours */
static bool read_line(
	struct hp_pool *pool, const char *line, struct hp_adopt_made *m, bool *ret_whole)
{
	const char *rest;

	if ((rest = hp_str_after(line, "uid ")))
		return hp_parse_i64(rest, 0, UINT32_MAX, &m->uid) == 0;
	if ((rest = hp_str_after(line, "saved "))) {
		hp_strv_add(pool, &m->saved, rest);
		return is_ours(rest);
	}
	if ((rest = hp_str_after(line, "snippet "))) {
		m->snippet = rest;
		return is_ours(rest);
	}
	if (hp_streq(line, "documents"))
		return m->documents = true;
	return !*line || (*ret_whole = hp_streq(line, "end"));
}

int hp_adopt_left(struct hp_pool *pool, const char *sysroot, const char *domain,
	struct hp_adopt_made *ret, struct hp_err *err)
{
	const char *path = note_path(pool, domain);
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_adopt_made m = {0};
	struct hp_strv lines = {0};
	bool whole = false;
	size_t i;

	if (hp_file_read(hp_path(pool, sysroot, path), NOTE_BYTES, &b, err) < 0) {
		if (err->code != HP_E_NOT_FOUND)
			return err->code;
		hp_err_clear(err);
		return 0;
	}
	hp_str_split(pool, hp_buf_str(&b), "\n", &lines);
	for (i = 0; i < lines.n; i++)
		if (!read_line(pool, lines.v[i], &m, &whole))
			break;
	if (i < lines.n || !whole) {
		hp_err_set(err, HP_E_CONF, "%s: damaged", path);
		return hp_err_hint(err,
			"a run of hp-vhost adopt was cut short and left it; look at what there is "
			"of %s, and remove the file",
			domain);
	}
	m.domain = hp_pstrdup(pool, domain);
	*ret = m;
	return 1;
}

/* The folders above path, where nothing is in them. */
static void drop_empty(struct hp_pool *pool, const char *sysroot, const char *path, int n)
{
	while (n--) {
		path = hp_path_dir(pool, path);
		rmdir(hp_path(pool, sysroot, path));
	}
}

void hp_adopt_done(struct hp_pool *pool, const char *sysroot, const char *domain)
{
	const char *note = note_path(pool, domain);

	unlink(hp_path(pool, sysroot, note));
	drop_empty(pool, sysroot, note, 3);
}

void hp_adopt_undo(struct hp_pool *pool, const char *sysroot, const char *domain,
	const struct hp_adopt_made *made)
{
	struct hp_err ignored = HP_ERR_INIT;
	size_t i;

	if (made->documents)
		hp_folders_remove(sysroot, domain, HP_FOLDERS_DOCROOT, &ignored);
	if (made->snippet) {
		unlink(hp_path(pool, sysroot, made->snippet));
		drop_empty(pool, sysroot, made->snippet, 3);
	}
	for (i = 0; i < made->saved.n; i++)
		unlink(hp_path(pool, sysroot, made->saved.v[i]));
}

/* ---- making ---- */
/* Where the text of a file that gives way is kept: a name that nothing has. */
static const char *saved_path(struct hp_pool *pool, const struct hp_adopt *a, const char *path)
{
	const char *copy, *name = strrchr(path, '/') + 1;
	struct stat st;
	unsigned i;

	for (i = 0;; i++) {
		copy = hp_pprintf(pool, HP_ADOPTED_DIR "/%s/%s%s", a->found->domain, name,
			i ? hp_pprintf(pool, ".%u", i) : "");
		if (!hp_strv_has(&a->made.saved, copy) && lstat(full(pool, a, copy), &st) < 0)
			return copy;
	}
}

/* a link's own file stays */
static bool is_link(struct hp_pool *pool, const struct hp_adopt *a, const char *path)
{
	struct stat st;

	return lstat(full(pool, a, path), &st) == 0 && S_ISLNK(st.st_mode);
}

static int plan_snippet(struct hp_pool *pool, struct hp_adopt *a, struct hp_err *err)
{
	const char *path = hp_pprintf(
		pool, HP_CUSTOM_DIR "/%s/%s/adopted.conf", a->found->domain, a->found->server);
	struct hp_buf old _cleanup_buf_ = HP_BUF_INIT;

	if (!*a->found->rest)
		return 0;
	if (hp_file_read(full(pool, a, path), HP_IMPORT_BYTES, &old, err) == 0)
		return hp_streq(hp_buf_str(&old), a->found->rest)
			? 0
			: hp_err_set(err, HP_E_EXISTS, "%s is there already", path);
	if (err->code != HP_E_NOT_FOUND)
		return err->code;
	hp_err_clear(err);
	a->made.snippet = path;
	return 0;
}

static int plan(struct hp_pool *pool, struct hp_adopt *a, struct hp_err *err)
{
	size_t i;

	for (i = 0; i < a->takeover.paths.n; i++)
		if (!is_link(pool, a, a->takeover.paths.v[i]))
			hp_strv_add_ref(
				pool, &a->made.saved, saved_path(pool, a, a->takeover.paths.v[i]));
	a->made.documents = a->copy_from != NULL;
	return plan_snippet(pool, a, err);
}

static int save(struct hp_pool *pool, const struct hp_adopt *a, const char *path, const char *copy,
	struct hp_err *err)
{
	struct hp_buf text _cleanup_buf_ = HP_BUF_INIT;

	if (hp_file_read(full(pool, a, path), HP_IMPORT_BYTES, &text, err) < 0)
		return err->code;
	return hp_file_write(full(pool, a, copy), 0600, hp_buf_str(&text), text.len, err);
}

static int save_all(struct hp_pool *pool, const struct hp_adopt *a, struct hp_err *err)
{
	size_t i, n = 0;

	for (i = 0; i < a->takeover.paths.n; i++)
		if (!is_link(pool, a, a->takeover.paths.v[i]) && n < a->made.saved.n &&
			save(pool, a, a->takeover.paths.v[i], a->made.saved.v[n++], err) < 0)
			return err->code;
	return 0;
}

static int write_snippet(struct hp_pool *pool, const struct hp_adopt *a, struct hp_err *err)
{
	const char *path = a->made.snippet, *rest = a->found->rest;

	if (!path)
		return 0;
	if (hp_mkdirs(full(pool, a, hp_path_dir(pool, path)), 0755, err) < 0)
		return err->code;
	return hp_file_write(full(pool, a, path), 0644, rest, strlen(rest), err);
}

static int copy_documents(struct hp_pool *pool, struct hp_adopt *a, struct hp_err *err)
{
	struct hp_folders f = HP_FOLDERS_INIT;
	const char *group = hp_conf_get(a->conf, "web", "group");
	const struct group *g = getgrnam(group ? group : "www-data");
	uid_t uid = (uid_t)a->made.uid;
	size_t left_out = 0;
	int rc;

	if (!a->made.documents)
		return 0;
	/* folders above are the panel's own, and nobody can put a link into them */
	rc = hp_folders_open(&f, a->sysroot, err);
	if (rc == 0)
		rc = hp_copy_tree(full(pool, a, a->copy_from), f.dir[0], a->found->domain,
			geteuid() == 0 ? uid : (uid_t)-1, g ? g->gr_gid : (gid_t)uid, &left_out,
			err);
	/* it has left nothing, and what was there before is not ours */
	a->made.documents = rc == 0;
	hp_folders_close(&f);
	return rc;
}

int hp_adopt_begin(struct hp_pool *pool, struct hp_adopt *a, struct hp_err *err)
{
	a->made = (struct hp_adopt_made){0};
	return write_note(pool, a, err);
}

int hp_adopt_prepare(struct hp_pool *pool, struct hp_adopt *a, int64_t uid, struct hp_err *err)
{
	a->made.uid = uid;
	if (plan(pool, a, err) < 0) {
		a->made = (struct hp_adopt_made){0};
		return err->code;
	}
	if (write_note(pool, a, err) < 0) {
		a->made = (struct hp_adopt_made){0};
		return err->code;
	}
	hp_fault("adopt-note");
	if (save_all(pool, a, err) < 0 || write_snippet(pool, a, err) < 0) {
		a->made.documents = false;
		return err->code;
	}
	hp_fault("adopt-copy");
	return copy_documents(pool, a, err);
}
