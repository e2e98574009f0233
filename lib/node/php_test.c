/*
 * Does FPM accept these pools? One run of `php-fpmX.Y -t` for all of them, and before it our
 * own reading of the custom snippets for what -t lets pass.
 */
#include <errno.h>
#include <ftw.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "node/php.h"
#include "sys/run.h"

#define SNIPPET_MAX ((size_t)1 << 20)

struct test {
	struct hp_pool *pool;
	const char *root;
	const struct hp_php_staged *v;
	size_t n;
};

/*
 * A snippet is included in the middle of its pool. A section in it would end the pool and open
 * another of the same master; these settings are what the instance and the vhost rely on.
 */
static const char *const not_in_snippets[] = {"user", "group", "listen", "ping.path",
	"ping.response", "pm.status_path", "chroot", "prefix", "include", NULL};

static int check_line(const char *line, struct hp_err *err)
{
	const char *key = line + strspn(line, " \t");
	size_t n = strcspn(key, " \t=[;\r");
	unsigned i;

	if (*key == '[')
		return hp_err_set(err, HP_E_REFUSED, "a custom snippet can't open a section");
	for (i = 0; not_in_snippets[i]; i++) {
		const char *no = not_in_snippets[i];

		if ((n == strlen(no) && strncasecmp(key, no, n) == 0) ||
			(n > 7 && strncasecmp(key, "listen.", 7) == 0))
			return hp_err_set(err, HP_E_REFUSED,
				"\"%.*s\" is set by the panel: a custom snippet can't change it",
				(int)n, key);
	}
	return 0;
}

static int check_snippet(struct test *t, const char *path, struct hp_err *err)
{
	_cleanup_buf_ struct hp_buf text = HP_BUF_INIT;
	unsigned number = 1;
	char *p, *end;
	int r;

	r = hp_file_read(hp_path(t->pool, t->root, path), SNIPPET_MAX, &text, err);
	if (r < 0)
		return r;
	for (p = text.s; p && *p; p = end ? end + 1 : NULL, number++) {
		end = strchr(p, '\n');
		if (end)
			*end = '\0';
		r = check_line(p, err);
		if (r < 0) {
			hp_err_prefix(err, "%s:%u", path, number);
			return hp_err_hint(err, "correct the file, then apply again");
		}
	}
	return 0;
}

/* Our own rendering, unless somebody overrode the template: look at its frame. */
static int check_staged(struct test *t, const struct hp_php_staged *s, struct hp_err *err)
{
	const char *want = hp_pprintf(t->pool, "[%s]", s->user);
	_cleanup_buf_ struct hp_buf text = HP_BUF_INIT;
	struct hp_strv lines = {0};
	bool found = false;
	size_t i;
	int r;

	r = hp_file_read(s->staged, SNIPPET_MAX, &text, err);
	if (r < 0)
		return r;
	hp_str_split(t->pool, hp_buf_str(&text), "\n", &lines);
	for (i = 0; i < lines.n; i++) {
		const char *l = lines.v[i], *v = hp_str_after(l, "include");

		if (*l == '[' && !hp_streq(l, "[global]")) {
			if (!hp_streq(l, want) || found)
				return hp_err_set(err, HP_E_REFUSED,
					"%s: the one pool in it must be %s, not %s", s->path, want, l);
			found = true;
		}
		if (hp_str_starts(l, "user") && (l[4] == ' ' || l[4] == '='))
			return hp_err_set(err, HP_E_REFUSED,
				"%s: the pool must not set a user: its master runs as the site's",
				s->path);
		if (v && (*v == ' ' || *v == '=')) {
			v += strspn(v, " =\"'");
			r = check_snippet(t, hp_pstrndup(t->pool, v, strcspn(v, "\"'")), err);
			if (r < 0)
				return r;
		}
	}
	if (!found)
		return hp_err_set(
			err, HP_E_REFUSED, "%s: there is no pool %s in it", s->path, want);
	return 0;
}

struct by_user {
	const char *user;
	size_t i;
};

static int cmp_user(const void *a, const void *b)
{
	return strcmp(((const struct by_user *)a)->user, ((const struct by_user *)b)->user);
}

/* FPM merges pools of one name in silence. */
static int check_unique(struct test *t, size_t *ret_bad, struct hp_err *err)
{
	struct by_user *u = hp_palloc(t->pool, (t->n + 1) * sizeof(*u));
	size_t i;

	for (i = 0; i < t->n; i++)
		u[i] = (struct by_user){.user = t->v[i].user, .i = i};
	qsort(u, t->n, sizeof(*u), cmp_user);
	for (i = 1; i < t->n; i++) {
		if (hp_streq(u[i].user, u[i - 1].user)) {
			*ret_bad = u[i].i;
			return hp_err_set(err, HP_E_REFUSED, "%s: pool %s stands in %s already",
				t->v[u[i].i].path, u[i].user, t->v[u[i - 1].i].path);
		}
	}
	return 0;
}

/*
 * FPM's main file for the test. As root it wants a user for each pool, although the masters
 * of the sites are started as their users: naming a pool again adds to it. The last
 * error_log counts, so that the sites' own logs are not opened by a test.
 */
static void write_main(const struct test *t, const char *dir, struct hp_buf *out)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		hp_buf_addf(out, "include = %s\n[%s]\nuser = nobody\n", t->v[i].staged,
			t->v[i].user);
	hp_buf_addf(out, "[global]\nerror_log = %s/log\n", dir);
}

static size_t find_staged(const struct test *t, const char *path, size_t len)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (strlen(t->v[i].staged) == len && strncmp(t->v[i].staged, path, len) == 0)
			return i;
	return t->n;
}

static size_t find_user(const struct test *t, const char *user, size_t len)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (strlen(t->v[i].user) == len && strncmp(t->v[i].user, user, len) == 0)
			return i;
	return t->n;
}

/*
 * "[/x/y.conf:12] unknown entry 'z'", then for each file that includes the one before
 * "Unable to include A from B at line N", or "[pool site1] …" for what is checked at the end.
 */
static int explain(const struct test *t, const char *said, size_t *ret_bad, struct hp_err *err)
{
	struct hp_strv lines = {0};
	const char *first = NULL, *where = NULL;
	size_t i, bad = t->n;

	hp_str_split(t->pool, said, "\n", &lines);
	for (i = 0; i < lines.n; i++) {
		const char *p = strstr(lines.v[i], "ERROR: "), *q;

		if (!p)
			p = strstr(lines.v[i], "ALERT: ");
		if (!p)
			continue;
		p += 7;
		if (!first)
			first = p;
		q = hp_str_after(p, "[pool ");
		if (q && bad == t->n)
			bad = find_user(t, q, strcspn(q, "]"));
		if (*p == '[' && !q && bad == t->n)
			bad = find_staged(t, p + 1, strcspn(p + 1, ":]"));
		q = hp_str_after(p, "Unable to include ");
		if (q && bad == t->n)
			bad = find_staged(t, q, strcspn(q, " "));
	}
	*ret_bad = bad;
	if (!first)
		return hp_err_set(
			err, HP_E_REFUSED, "FPM refused the configuration without a word");
	if (bad < t->n && *first == '[' && hp_str_after(first + 1, t->v[bad].staged)) {
		where = first + 1 + strlen(t->v[bad].staged);
		return hp_err_set(err, HP_E_REFUSED, "%s%.*s: %s", t->v[bad].path,
			(int)strcspn(where, "]"), where, where + strcspn(where, "]") + 2);
	}
	if (*first == '[' && first[1] == '/')
		return hp_err_set(err, HP_E_REFUSED, "%.*s: %s", (int)strcspn(first + 1, "]"),
			first + 1, first + 1 + strcspn(first + 1, "]") + 2);
	if (bad < t->n)
		return hp_err_set(err, HP_E_REFUSED, "%s: %s", t->v[bad].path, first);
	return hp_err_set(err, HP_E_REFUSED, "%s", first);
}

struct hp_php_testing {
	struct test t; /* its pool is all that this is made of */
	const struct hp_php *php;
	char *dir;     /* of the main file; NULL while it is not made */
	const char *argv[5];
	struct hp_buf said;
	struct hp_run run;
	struct hp_running *running;
};

static int remove_one(const char *path, const struct stat *st HP_UNUSED, int type HP_UNUSED,
	struct FTW *ftw HP_UNUSED)
{
	remove(path);
	return 0;
}

static void testing_free(struct hp_php_testing *g)
{
	if (g->dir)
		nftw(g->dir, remove_one, 4, FTW_DEPTH | FTW_PHYS);
	hp_buf_release(&g->said);
	hp_pool_free(g->t.pool);
}

/* One at a time tests (the node's lock): what was killed in it has left one, not one each time. */
static int make_dir(struct hp_php_testing *g, struct hp_err *err)
{
	char *dir = hp_path(g->t.pool, g->t.root,
		hp_pprintf(g->t.pool, HP_RUN "/fpm-test.%s", g->php->version));

	if (hp_mkdirs(hp_path(g->t.pool, g->t.root, HP_RUN), 0755, err) < 0)
		return err->code;
	nftw(dir, remove_one, 4, FTW_DEPTH | FTW_PHYS);
	if (mkdir(dir, 0700) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "%s", dir);
	g->dir = dir;
	return 0;
}

int hp_php_test_go(struct hp_php_testing *g, struct hp_err *err)
{
	return g->running ? 0 : hp_run_begin(&g->run, &g->running, err);
}

/* 10 has a tenth of what it would have while others run, and all of what they leave. */
static int step_back(void *arg HP_UNUSED)
{
	return setpriority(PRIO_PROCESS, 0, 10) < 0 ? errno : 0;
}

static int begin(struct hp_php_testing *g, bool beside, size_t *ret_bad, struct hp_err *err)
{
	_cleanup_buf_ struct hp_buf text = HP_BUF_INIT;
	struct test *t = &g->t;
	const char *main_file;
	size_t i;

	if (check_unique(t, ret_bad, err) < 0)
		return err->code;
	for (i = 0; i < t->n; i++)
		if (check_staged(t, &t->v[i], err) < 0) {
			*ret_bad = i;
			return err->code;
		}
	if (make_dir(g, err) < 0)
		return err->code;
	main_file = hp_pprintf(t->pool, "%s/main.conf", g->dir);
	write_main(t, g->dir, &text);
	if (hp_file_write(main_file, 0600, text.s, text.len, err) < 0)
		return err->code;
	g->argv[0] = hp_path(t->pool, t->root, g->php->fpm);
	g->argv[1] = "-t";
	g->argv[2] = "--fpm-config";
	g->argv[3] = main_file;
	g->run = (struct hp_run){.argv = g->argv,
		.errs = &g->said,
		.max_out = (size_t)16 << 20,
		.in_child = beside ? step_back : NULL};
	return beside ? 0 : hp_php_test_go(g, err);
}

int hp_php_test_begin(const char *root, const struct hp_php *php, const struct hp_php_staged *v,
	size_t n, bool beside, struct hp_php_testing **ret, size_t *ret_bad, struct hp_err *err)
{
	struct hp_pool *pool;
	struct hp_php_testing *g;
	int r;

	*ret = NULL;
	*ret_bad = n;
	if (n == 0)
		return 0;
	pool = hp_pool_new();
	g = hp_palloc(pool, sizeof(*g));
	g->t = (struct test){.pool = pool, .root = root, .v = v, .n = n};
	g->php = php;
	r = begin(g, beside, ret_bad, err);
	if (r < 0)
		testing_free(g);
	else
		*ret = g;
	return r;
}

int hp_php_test_end(struct hp_php_testing *g, size_t *ret_bad, struct hp_err *err)
{
	int r;

	if (!g)
		return 0;
	*ret_bad = g->t.n;
	r = hp_php_test_go(g, err);
	if (r == 0)
		r = hp_run_end(g->running, err);
	if (r > 0) {
		explain(&g->t, hp_buf_str(&g->said), ret_bad, err);
		r = hp_err_prefix(err, "php-fpm%s", g->php->version);
	}
	testing_free(g);
	return r;
}

int hp_php_test(const char *root, const struct hp_php *php, const struct hp_php_staged *v, size_t n,
	size_t *ret_bad, struct hp_err *err)
{
	struct hp_php_testing *g;
	int r = hp_php_test_begin(root, php, v, n, false, &g, ret_bad, err);

	return r < 0 ? r : hp_php_test_end(g, ret_bad, err);
}
