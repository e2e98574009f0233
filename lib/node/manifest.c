#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include "node/manifest.h"
#include "base/file.h"
#include "base/str.h"
#include "sys/digest.h"

#define VERSION "1"
/*
 * A signature proves something when the file is older than the manifest by this: the grain of file
 * times.
 */
#define GRAIN_NS INT64_C(20000000)
#define MANIFEST_MAX ((size_t)256 << 20)
#define CHUNK 65536

void hp_sig_of(const struct stat *st, struct hp_sig *ret)
{
	ret->size = (int64_t)st->st_size;
	ret->ino = (uint64_t)st->st_ino;
	ret->mtime = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
	ret->ctime = (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec;
}

/* ---- reading ---- */
struct reader {
	struct hp_pool *pool;
	const char *path;
	char *at, *end;
	unsigned line;
	int64_t written; /* the manifest's own mtime in ns */
	struct hp_manifest *m;
	size_t cap;
	struct hp_mfile **tail;
};

static int broken(const struct reader *r, struct hp_err *err)
{
	hp_err_set(err, HP_E_CONF, "%s:%u: this is not a whole manifest", r->path, r->line);
	return hp_err_hint(err, "restore it from a backup, or move it away and apply with --force: "
				"files that are as they should be are taken over");
}

/*
 * Cut one line into fields at tabs, in place. Returns their number, 0 at the end, -1 when too many.
 */
static int fields(struct reader *r, char **f, int max)
{
	char *nl, *p = r->at;
	int n = 0;

	if (p >= r->end)
		return 0;
	nl = memchr(p, '\n', (size_t)(r->end - p));
	if (!nl)
		return -1;
	*nl = 0;
	r->at = nl + 1;
	r->line++;
	while (p) {
		if (n == max)
			return -1;
		f[n++] = p;
		p = strchr(p, '\t');
		if (p)
			*p++ = 0;
	}
	return n;
}

static const char *opt(const char *s)
{
	return hp_streq(s, "-") ? NULL : s;
}

static bool is_sha(const char *s)
{
	return strlen(s) == 64 && strspn(s, "0123456789abcdef") == 64;
}

static int read_head(struct reader *r, char **f, int n)
{
	int64_t complete;

	if (n != 6 || !hp_streq(f[0], "node") ||
		hp_parse_i64(f[1], 0, INT64_MAX, &r->m->generation) < 0 ||
		hp_parse_i64(f[5], 0, 1, &complete) < 0)
		return -1;
	r->m->node = f[2];
	r->m->doc = opt(f[3]);
	r->m->inputs = opt(f[4]);
	r->m->complete = complete;
	return 0;
}

static struct hp_msite *next_site(struct reader *r)
{
	struct hp_manifest *m = r->m;
	struct hp_msite *bigger;

	if (m->n == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 64;
		bigger = hp_palloc(r->pool, r->cap * sizeof(*bigger));
		if (m->n)
			memcpy(bigger, m->sites, m->n * sizeof(*bigger));
		m->sites = bigger;
	}
	return &m->sites[m->n++];
}

static int read_site(struct reader *r, char **f, int n)
{
	struct hp_msite *s;
	char *comma;

	if (n != 9 || !is_sha(f[6]))
		return -1;
	comma = strchr(f[4], ',');
	if (comma)
		*comma = 0;
	if (hp_streq(f[1], "-")) {
		s = &r->m->own;
	} else {
		if (r->m->n && strcmp(r->m->sites[r->m->n - 1].domain, f[1]) >= 0)
			return -1;
		s = next_site(r);
	}
	if (hp_parse_i64(f[3], 0, INT64_C(0xffffffff), &s->uid) < 0)
		return -1;
	s->domain = f[1];
	s->user = f[2];
	s->php = opt(f[4]);
	s->more_php = comma ? comma + 1 : NULL;
	s->suspended = hp_streq(f[5], "suspended");
	s->digest = f[6];
	s->revision = opt(f[7]);
	s->note = opt(f[8]);
	s->files = NULL;
	r->tail = &s->files;
	return 0;
}

static int read_file(struct reader *r, char **f, int n)
{
	struct hp_mfile *m;
	int64_t part, mode, gid;
	uint64_t ino;

	if (!r->tail || n != (f[0][0] == HP_MLINK ? 11 : 10) || !is_sha(f[4]) ||
		!hp_path_is_clean(f[9]))
		return -1;
	m = hp_palloc(r->pool, sizeof(*m));
	if (hp_parse_i64(f[1], 0, 255, &part) < 0 || hp_parse_i64(f[2], 0, 07777, &mode) < 0 ||
		hp_parse_i64(f[3], 0, INT64_C(0xffffffff), &gid) < 0 ||
		hp_parse_i64(f[5], 0, INT64_MAX, &m->sig.size) < 0 ||
		hp_parse_i64(f[6], INT64_MIN, INT64_MAX, &m->sig.mtime) < 0 ||
		hp_parse_u64(f[7], UINT64_MAX, &ino) < 0 ||
		hp_parse_i64(f[8], INT64_MIN, INT64_MAX, &m->sig.ctime) < 0)
		return -1;
	m->sig.ino = ino;
	m->kind = (uint8_t)f[0][0];
	m->part = (uint8_t)part;
	m->mode = (uint16_t)mode;
	m->gid = (uint32_t)gid;
	m->sha = f[4];
	m->path = f[9];
	m->target = m->kind == HP_MLINK ? f[10] : NULL;
	m->racy = m->sig.ctime >= r->written - GRAIN_NS;
	*r->tail = m;
	r->tail = &m->next;
	return 0;
}

/* Before the lines are cut: does the digest in the last line match what stands before it? */
static bool digest_fits(const char *text, size_t len)
{
	char hex[HP_DIGEST_HEX];
	size_t at = len;

	if (len < 80 || text[len - 1] != '\n')
		return false;
	for (at = len - 1; at > 0 && text[at - 1] != '\n'; at--)
		;
	hp_digest_of(text, at, hex);
	return memcmp(text + len - 65, hex, 64) == 0;
}

static int parse(struct reader *r, struct hp_err *err)
{
	char *f[12];
	int n, rc = 0;

	n = fields(r, f, 12);
	if (n != 2 || !hp_streq(f[0], "hosting-panel-manifest") || !hp_streq(f[1], VERSION))
		return broken(r, err);
	n = fields(r, f, 12);
	if (n <= 0 || read_head(r, f, n) < 0)
		return broken(r, err);
	while (rc == 0 && (n = fields(r, f, 12)) > 0) {
		if (hp_streq(f[0], "s"))
			rc = read_site(r, f, n);
		else if (hp_streq(f[0], "f") || hp_streq(f[0], "o") || hp_streq(f[0], "l"))
			rc = read_file(r, f, n);
		else if (hp_streq(f[0], "end"))
			return n == 3 && r->at == r->end ? 0 : broken(r, err);
		else
			rc = -1;
	}
	return broken(r, err);
}

int hp_manifest_load(struct hp_pool *pool, const char *path, struct hp_manifest *ret,
	struct hp_err *err)
{
	struct hp_buf buf _cleanup_buf_ = HP_BUF_INIT;
	struct reader r = {.pool = pool, .path = path, .m = ret};
	struct hp_sig sig;
	struct stat st;

	memset(ret, 0, sizeof(*ret));
	if (stat(path, &st) < 0) {
		if (errno == ENOENT)
			return 0;
		hp_err_errno(err, errno == EACCES ? HP_E_DENIED : HP_E_OS, errno,
			"%s can't be read", path);
		return err->code == HP_E_DENIED ? hp_err_hint(err, "run this as root") : err->code;
	}
	if (hp_file_read(path, MANIFEST_MAX, &buf, err) < 0)
		return err->code;
	hp_sig_of(&st, &sig);
	r.written = sig.mtime;
	if (!digest_fits(hp_buf_str(&buf), buf.len)) {
		r.line = 1;
		return broken(&r, err);
	}
	ret->text = hp_pmemdup(pool, buf.s, buf.len + 1);
	r.at = ret->text;
	r.end = ret->text + buf.len;
	return parse(&r, err);
}

const struct hp_msite *hp_manifest_find(const struct hp_manifest *m, const char *domain)
{
	size_t lo = 0, hi = m->n, mid;
	int d;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		d = strcmp(domain, m->sites[mid].domain);
		if (d == 0)
			return &m->sites[mid];
		if (d < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

void hp_msite_versions(struct hp_pool *pool, const struct hp_msite *s, struct hp_strv *ret)
{
	struct hp_strv more = {0};
	size_t i;

	memset(ret, 0, sizeof(*ret));
	if (!s || !s->php)
		return;
	hp_strv_add_ref(pool, ret, s->php);
	if (s->more_php)
		hp_str_split(pool, s->more_php, ",", &more);
	for (i = 0; i < more.n; i++)
		hp_strv_add_ref(pool, ret, more.v[i]);
}

bool hp_msite_has_php(const struct hp_msite *s, const char *version)
{
	const char *p = s->more_php;
	size_t n = strlen(version);

	if (!s->php || hp_streq(s->php, version))
		return s->php != NULL;
	for (; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
		if (strncmp(p, version, n) == 0 && (!p[n] || p[n] == ','))
			return true;
	return false;
}

/* ---- writing ---- */
struct hp_manifest_writer {
	int fd;
	struct hp_buf buf;
	struct hp_digest digest;
	uint64_t sites;
};

static int flush(struct hp_manifest_writer *w, struct hp_err *err)
{
	int rc = hp_fd_write(w->fd, "the manifest", hp_buf_str(&w->buf), w->buf.len, err);

	hp_digest_add(&w->digest, hp_buf_str(&w->buf), w->buf.len);
	hp_buf_reset(&w->buf);
	if (rc < 0)
		hp_buf_release(&w->buf);
	return rc;
}

static const char *dash(const char *s)
{
	return s && *s ? s : "-";
}

int hp_manifest_begin(struct hp_pool *pool, int fd, const struct hp_manifest *head,
	struct hp_manifest_writer **ret, struct hp_err *err HP_UNUSED)
{
	struct hp_manifest_writer *w = hp_palloc(pool, sizeof(*w));

	w->fd = fd;
	hp_digest_init(&w->digest);
	hp_buf_addf(&w->buf,
		"hosting-panel-manifest\t" VERSION "\nnode\t%" PRId64 "\t%s\t%s\t%s\t%d\n",
		head->generation, dash(head->node), dash(head->doc), dash(head->inputs),
		head->complete);
	*ret = w;
	return 0;
}

int hp_manifest_site(struct hp_manifest_writer *w, const struct hp_msite *s, struct hp_err *err)
{
	const struct hp_mfile *f;

	if (s->domain && !hp_streq(s->domain, "-"))
		w->sites++;
	hp_buf_addf(&w->buf, "s\t%s\t%s\t%" PRId64 "\t%s%s%s\t%s\t%s\t%s\t%s\n", dash(s->domain),
		dash(s->user), s->uid, dash(s->php), s->more_php ? "," : "",
		s->more_php ? s->more_php : "", s->suspended ? "suspended" : "active", s->digest,
		dash(s->revision), dash(s->note));
	for (f = s->files; f; f = f->next)
		hp_buf_addf(&w->buf,
			"%c\t%u\t%u\t%u\t%s\t%" PRId64 "\t%" PRId64 "\t%" PRIu64 "\t%" PRId64 "\t%s%s%s\n",
			f->kind, f->part, f->mode, f->gid, f->sha, f->sig.size, f->sig.mtime,
			f->sig.ino, f->sig.ctime, f->path, f->target ? "\t" : "",
			f->target ? f->target : "");
	return w->buf.len >= CHUNK ? flush(w, err) : 0;
}

int hp_manifest_end(struct hp_manifest_writer *w, struct hp_err *err)
{
	char hex[HP_DIGEST_HEX];
	int rc = flush(w, err);

	if (rc < 0)
		return rc;
	hp_digest_hex(&w->digest, hex);
	hp_buf_addf(&w->buf, "end\t%" PRIu64 "\t%s\n", w->sites, hex);
	rc = hp_fd_write(w->fd, "the manifest", w->buf.s, w->buf.len, err);
	hp_buf_release(&w->buf);
	return rc;
}
