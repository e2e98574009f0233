/* The state document on its way in: cut into lines, counted, digested, and nothing said twice. */
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"
#include "model/state.h"
#include "sys/json.h"

#define CHUNK ((size_t)64 << 10)

struct reader {
	const char *name;
	const struct hp_state_handler *h;
	struct hp_digest digest;
	struct hp_pool *row;  /* one line's */
	struct hp_pool *seen; /* the names below */
	struct hp_strv names; /* domains and aliases */
	struct hp_strv users;
	int64_t *ids; /* a uid follows from its id, so that these stand for both */
	size_t ids_cap;
	uint64_t lines, sites;
	bool ended;
};

/* ---- the first and the last line ---- */
int hp_state_parse_head(struct hp_pool *pool, const char *line, size_t len,
	struct hp_state_head *ret, struct hp_err *err)
{
	struct hp_json *doc _cleanup_json_ = NULL;
	struct hp_state_head head = {0};
	const struct hp_json *v;
	int64_t version;
	unsigned n = 0;

	if (hp_json_parse(line, len, &doc, err) < 0)
		return err->code;
	v = hp_json_get(doc, "hosting_panel_state");
	if (!v || hp_json_i64(v, &version) < 0)
		return hp_err_set(err, HP_E_USAGE, "it does not begin as a state document");
	if (version != HP_STATE_VERSION)
		return hp_err_set(err, HP_E_USAGE,
			"it is a state document of version %lld, and this program "
			"knows version %d",
			(long long)version, HP_STATE_VERSION);
	for (v = hp_json_first(doc); v; v = hp_json_next(v))
		n++;
	head.node = hp_json_str(hp_json_get(doc, "node"));
	v = hp_json_get(doc, "generation");
	if (n != 3 || !head.node || !v || hp_json_i64(v, &head.generation) < 0 ||
		head.generation < 0)
		return hp_err_set(err, HP_E_USAGE,
			"hosting_panel_state, node and generation are wanted, and "
			"nothing else");
	if (hp_node_name_check(head.node, err) < 0)
		return err->code;
	head.node = hp_pstrdup(pool, head.node);
	*ret = head;
	return 0;
}

static int read_head(struct reader *r, const char *line, size_t len, struct hp_err *err)
{
	struct hp_state_head head;

	if (hp_state_parse_head(r->row, line, len, &head, err) < 0)
		return err->code;
	return r->h->on_head ? r->h->on_head(r->h->arg, &head, err) : 0;
}

static int read_end(struct reader *r, const struct hp_json *end, struct hp_err *err)
{
	char hex[HP_DIGEST_HEX];
	const struct hp_json *v = hp_json_get(end, "sites");
	const char *sha = hp_json_str(hp_json_get(end, "sha256"));
	struct hp_digest before = r->digest;
	int64_t sites;

	if (!v || hp_json_i64(v, &sites) < 0 || !sha ||
		hp_json_next(hp_json_next(hp_json_first(end))))
		return hp_err_set(err, HP_E_USAGE,
			"sites and sha256 are wanted at the end, and nothing else");
	if (sites < 0 || (uint64_t)sites != r->sites)
		return hp_err_set(err, HP_E_USAGE,
			"it says that it has %lld websites, but it has %llu", (long long)sites,
			(unsigned long long)r->sites);
	hp_digest_hex(&before, hex);
	if (strcmp(sha, hex) != 0)
		return hp_err_set(
			err, HP_E_USAGE, "its digest is wrong: it was changed on its way");
	r->ended = true;
	return 0;
}

/* ---- nothing twice ---- */
static int cmp_str(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int cmp_i64(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int once(struct reader *r, struct hp_strv *l, const char *what, struct hp_err *err)
{
	size_t i;

	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), cmp_str);
	for (i = 1; i < l->n; i++)
		if (strcmp(l->v[i - 1], l->v[i]) == 0)
			return hp_err_set(err, HP_E_USAGE, "%s: %s %s stands in it twice", r->name,
				what, l->v[i]);
	return 0;
}

/* Sorting all of them at the end is cheaper than a set that lying names can't slow down. */
static int all_once(struct reader *r, struct hp_err *err)
{
	uint64_t i;

	if (once(r, &r->names, "the name", err) < 0 || once(r, &r->users, "the user", err) < 0)
		return err->code;
	if (r->sites)
		qsort(r->ids, r->sites, sizeof(*r->ids), cmp_i64);
	for (i = 1; i < r->sites; i++)
		if (r->ids[i - 1] == r->ids[i])
			return hp_err_set(err, HP_E_USAGE, "%s: the id %lld stands in it twice",
				r->name, (long long)r->ids[i]);
	return 0;
}

static void remember(struct reader *r, const struct hp_site *s)
{
	size_t i;

	hp_strv_add(r->seen, &r->names, s->v[HP_SITE_DOMAIN]);
	for (i = 0; i < s->aliases.n; i++)
		hp_strv_add(r->seen, &r->names, s->aliases.v[i]);
	hp_strv_add(r->seen, &r->users, s->v[HP_SITE_USER]);
	if (r->sites == r->ids_cap) {
		r->ids_cap = r->ids_cap ? 2 * r->ids_cap : 256;
		r->ids = reallocarray(r->ids, r->ids_cap, sizeof(*r->ids));
		if (!r->ids)
			hp_die(HP_E_OS, "out of memory");
	}
	r->ids[r->sites++] = hp_site_i64(s, HP_SITE_ID);
}

/* ---- lines ---- */
static int read_site(struct reader *r, const char *line, size_t len, struct hp_err *err)
{
	struct hp_site s;
	int rc = 0;

	if (r->h->on_peek && hp_state_peek(r->row, line, len, &s))
		rc = r->h->on_peek(r->h->arg, &s, line, len, err);
	if (rc) {
		remember(r, &s);
		hp_pool_reset(r->row);
		return rc < 0 ? rc : 0;
	}
	if (hp_state_parse_site(r->row, line, len, &s, err) < 0)
		return err->code;
	remember(r, &s);
	rc = r->h->on_site ? r->h->on_site(r->h->arg, r->row, &s, line, len, err) : 0;
	hp_pool_reset(r->row);
	return rc;
}

static bool is_end(const char *line, size_t len)
{
	return len >= 7 && memcmp(line, "{\"end\":", 7) == 0;
}

static int read_line(struct reader *r, const char *line, size_t len, struct hp_err *err)
{
	struct hp_json *doc _cleanup_json_ = NULL;
	const struct hp_json *end;

	if (r->ended)
		return hp_err_set(err, HP_E_USAGE, "there is something behind its end");
	if (r->lines == 1)
		return read_head(r, line, len, err);
	if (!is_end(line, len))
		return read_site(r, line, len, err);
	if (hp_json_parse(line, len, &doc, err) < 0)
		return err->code;
	end = hp_json_get(doc, "end");
	if (!end || hp_json_type(end) != HP_JSON_OBJECT || hp_json_next(hp_json_first(doc)))
		return hp_err_set(err, HP_E_USAGE, "its last line is not {\"end\":{…}}");
	return read_end(r, end, err);
}

/* Every whole line in b; what is left of it moves to the front. */
static int read_lines(struct reader *r, struct hp_buf *b, struct hp_err *err)
{
	char *at = b->s, *stop = b->s + b->len, *nl;

	while ((nl = memchr(at, '\n', (size_t)(stop - at)))) {
		size_t len = (size_t)(nl - at);
		int rc;

		r->lines++;
		rc = len > HP_STATE_LINE_MAX
			     ? hp_err_set(err, HP_E_USAGE, "the line has more than %zu bytes",
				       HP_STATE_LINE_MAX)
			     : read_line(r, at, len, err);
		if (rc < 0)
			return err->code == HP_E_USAGE
				       ? hp_err_prefix(err, "%s: line %llu", r->name,
						 (unsigned long long)r->lines)
				       : rc;
		hp_digest_add(&r->digest, at, len + 1);
		at = nl + 1;
	}
	b->len = (size_t)(stop - at);
	if (b->len && at != b->s)
		memmove(b->s, at, b->len);
	if (b->len > HP_STATE_LINE_MAX)
		return hp_err_set(err, HP_E_USAGE,
			"%s: line %llu: the line has more than %zu bytes", r->name,
			(unsigned long long)r->lines + 1, HP_STATE_LINE_MAX);
	return 0;
}

static int read_all(struct reader *r, int fd, struct hp_buf *b, struct hp_err *err)
{
	size_t total = 0;
	ssize_t n;
	int rc;

	for (;;) {
		hp_buf_reserve(b, CHUNK);
		n = read(fd, b->s + b->len, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return hp_err_errno(err, HP_E_OS, errno, "%s can't be read", r->name);
		if (n == 0) {
			rc = r->h->more ? r->h->more(r->h->arg, err) : 0;
			if (rc < 0)
				return rc;
			if (rc == 0)
				break;
			continue;
		}
		total += (size_t)n;
		b->len += (size_t)n;
		if (total > HP_STATE_MAX)
			return hp_err_set(err, HP_E_USAGE, "%s: it has more than %zu bytes",
				r->name, HP_STATE_MAX);
		if (read_lines(r, b, err) < 0)
			return err->code;
	}
	if (!r->ended || b->len)
		return hp_err_set(err, HP_E_USAGE, "%s: %s", r->name,
			r->ended ? "there is something behind its end"
				 : "it was cut: its last line is missing");
	if (r->h->doc)
		hp_digest_hex(&r->digest, r->h->doc);
	return all_once(r, err);
}

int hp_state_read(int fd, const char *name, const struct hp_state_handler *h, struct hp_err *err)
{
	struct hp_pool *row _cleanup_pool_ = hp_pool_new(), *seen _cleanup_pool_ = hp_pool_new();
	struct hp_buf buf _cleanup_buf_ = HP_BUF_INIT;
	struct reader r = {.name = name, .h = h, .row = row, .seen = seen};
	int rc;

	hp_digest_init(&r.digest);
	rc = read_all(&r, fd, &buf, err);
	free(r.ids);
	return rc;
}
