/* The texts that an import reads: those of a dump, or files. */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <sys/stat.h>

#include "node/import_impl.h"
#include "base/file.h"
#include "base/str.h"

void hp_import_add_text(struct hp_reader *r, const char *name, const char *text, size_t len)
{
	HP_IMPORT_GROW(r->pool, r->texts, r->n_texts, r->cap_texts);
	r->texts[r->n_texts++] = (struct hp_text){.name = name, .text = text, .len = len};
}

/* No device, no pipe that nobody writes to. */
static int read_file(struct hp_reader *r, const char *path, struct hp_buf *b, struct hp_err *err)
{
	int fd _cleanup_close_ = open(hp_path(r->pool, r->o->sysroot, path),
		O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return hp_err_set(err, HP_E_NOT_FOUND, "%s is not there", path);
	if (fd < 0 || fstat(fd, &st) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s can't be read", path);
	if (!S_ISREG(st.st_mode))
		return hp_err_set(err, HP_E_CONF, "%s is not an ordinary file", path);
	return hp_fd_read(fd, path, HP_IMPORT_BYTES - r->bytes, b, err);
}

int hp_import_text(struct hp_reader *r, const char *path, struct hp_text *ret, struct hp_err *err)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	size_t i;

	for (i = 0; i < r->n_texts; i++)
		if (hp_streq(r->texts[i].name, path)) {
			*ret = r->texts[i];
			return 0;
		}
	if (!r->disk || !hp_path_is_clean(path))
		return hp_err_set(err, HP_E_NOT_FOUND, "%s is not in what was given",
			hp_str_printable(r->pool, path, 200));
	if (read_file(r, path, &b, err) < 0)
		return err->code;
	r->bytes += b.len;
	hp_import_add_text(r, hp_pstrdup(r->pool, path),
		hp_pmemdup(r->pool, hp_buf_str(&b), b.len + 1), b.len);
	*ret = r->texts[r->n_texts - 1];
	return 0;
}

static bool is_pattern(const char *s)
{
	return s[strcspn(s, "*?[")];
}

/* The sysroot's own characters mean themselves. */
static const char *quoted_root(struct hp_reader *r)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	const char *s;

	for (s = r->o->sysroot ? r->o->sysroot : ""; *s; s++) {
		if (strchr("*?[\\", *s))
			hp_buf_addc(&b, '\\');
		hp_buf_addc(&b, *s);
	}
	while (b.len && b.s[b.len - 1] == '/')
		b.s[--b.len] = 0;
	return hp_pstrdup(r->pool, hp_buf_str(&b));
}

static int glob_disk(
	struct hp_reader *r, const char *pattern, struct hp_strv *ret, struct hp_err *err)
{
	size_t i, skip = strlen(r->o->sysroot ? r->o->sysroot : "");
	glob_t g;
	int rc;

	while (skip && r->o->sysroot[skip - 1] == '/')
		skip--;
	rc = glob(hp_pprintf(r->pool, "%s%s", quoted_root(r), pattern), 0, NULL, &g);
	for (i = 0; rc == 0 && i < g.gl_pathc && i < HP_IMPORT_INCLUDES; i++)
		hp_strv_add(r->pool, ret, g.gl_pathv[i] + skip);
	if (rc == 0)
		globfree(&g);
	if (rc == GLOB_NOSPACE)
		return hp_err_set(err, HP_E_OS, "%s stands for too many files", pattern);
	return 0;
}

int hp_import_glob(
	struct hp_reader *r, const char *pattern, struct hp_strv *ret, struct hp_err *err)
{
	size_t i;

	if (!is_pattern(pattern)) {
		hp_strv_add(r->pool, ret, pattern);
		return 0;
	}
	if (strlen(pattern) > 4096 || strstr(pattern, "/../"))
		return hp_err_set(err, HP_E_CONF, "“%s” is no pattern that is followed",
			hp_str_printable(r->pool, pattern, 80));
	for (i = 0; i < r->n_texts; i++)
		if (fnmatch(pattern, r->texts[i].name, FNM_PATHNAME | FNM_PERIOD) == 0 &&
			!hp_strv_has(ret, r->texts[i].name))
			hp_strv_add_ref(r->pool, ret, r->texts[i].name);
	/* a dump is all there is; files are all on the disk, those read before among them */
	if (!r->disk)
		return 0;
	memset(ret, 0, sizeof(*ret));
	return glob_disk(r, pattern, ret, err);
}

const char *hp_import_absolute(struct hp_reader *r, const char *path)
{
	return path[0] == '/' ? path : hp_pprintf(r->pool, "%s/%s", r->prefix, path);
}

/*
 * Its first line says it, whatever it is called; a template of the operator's own has it, too. Of a
 * website's own file ": written", of what many share "; written".
 */
bool hp_import_is_ours(struct hp_reader *r, const char *file)
{
	static const char words[] = " written by hosting-panel";
	struct hp_err ignored = HP_ERR_INIT;
	struct hp_text t;
	const char *nl, *at;

	if (hp_import_text(r, file, &t, &ignored) < 0)
		return false;
	nl = memchr(t.text, '\n', t.len);
	at = memmem(t.text, nl ? (size_t)(nl - t.text) : t.len, words, strlen(words));
	return at && at > t.text && (at[-1] == ':' || at[-1] == ';');
}
