#include <string.h>

#include "node/diff.h"
#include "base/err.h"

#define CONTEXT 3
#define EDITS_MAX 2000 /* memory grows with its square */

struct line {
	const char *s;
	size_t n;       /* with its newline */
	uint64_t hash;
};

struct text {
	struct line *v;
	long n;
};

static void *grab(size_t n)
{
	void *p = calloc(1, n ? n : 1);

	if (!p)
		hp_die(HP_E_OS, "out of memory");
	return p;
}

static void split(struct text *t, const char *s, size_t len)
{
	const char *end = s + len, *p, *nl;
	size_t lines = 1, i;

	for (i = 0; i < len; i++)
		lines += s[i] == '\n';
	t->v = grab(lines * sizeof(*t->v));
	t->n = 0;
	for (p = s; p < end; p = nl) {
		nl = memchr(p, '\n', (size_t)(end - p));
		nl = nl ? nl + 1 : end;
		t->v[t->n].s = p;
		t->v[t->n].n = (size_t)(nl - p);
		t->v[t->n].hash = UINT64_C(14695981039346656037); /* FNV-1a */
		for (; p < nl; p++)
			t->v[t->n].hash =
				(t->v[t->n].hash ^ (unsigned char)*p) * UINT64_C(1099511628211);
		t->n++;
	}
}

static bool same(const struct line *a, const struct line *b)
{
	return a->hash == b->hash && a->n == b->n && memcmp(a->s, b->s, a->n) == 0;
}

/* Which lines stay: keep_a[i], keep_b[j] set for the common ones. */
static void walk_back(const struct text *a, const struct text *b, long **trace, long d,
	char *keep_a, char *keep_b)
{
	long i = a->n, j = b->n, k, pk, pi, pj;

	for (; d >= 0; d--) {
		const long *v = trace[d] + d + 1; /* v[-d-1 .. d+1] */

		k = i - j;
		pk = k == -d || (k != d && v[k - 1] < v[k + 1]) ? k + 1 : k - 1;
		pi = d ? v[pk] : 0;
		pj = d ? pi - pk : 0;
		while (i > pi && j > pj) {
			keep_a[--i] = 1;
			keep_b[--j] = 1;
		}
		if (d) {
			i = pi;
			j = pj;
		}
	}
}

/* The shortest edit script; false when it is longer than EDITS_MAX. */
static bool compare(const struct text *a, const struct text *b, char *keep_a, char *keep_b)
{
	long max = a->n + b->n < EDITS_MAX ? a->n + b->n : EDITS_MAX;
	long **trace = grab((size_t)(max + 1) * sizeof(*trace));
	long *row = grab((size_t)(2 * max + 3) * sizeof(*row)), *v = row + max + 1;
	long d, k, i, j;
	bool found = false;

	for (d = 0; d <= max && !found; d++) {
		trace[d] = grab((size_t)(2 * d + 3) * sizeof(long));
		memcpy(trace[d], v - d - 1, (size_t)(2 * d + 3) * sizeof(long));
		for (k = -d; k <= d && !found; k += 2) {
			i = k == -d || (k != d && v[k - 1] < v[k + 1]) ? v[k + 1] : v[k - 1] + 1;
			if (d == 0)
				i = 0;
			j = i - k;
			while (i < a->n && j < b->n && same(&a->v[i], &b->v[j]))
				i++, j++;
			v[k] = i;
			found = i >= a->n && j >= b->n;
		}
	}
	if (found)
		walk_back(a, b, trace, d - 1, keep_a, keep_b);
	for (k = 0; k < d; k++)
		free(trace[k]);
	free(trace);
	free(row);
	return found;
}

static void put_line(struct hp_buf *out, char mark, const struct line *l)
{
	hp_buf_addc(out, mark);
	hp_buf_add(out, l->s, l->n);
	if (!l->n || l->s[l->n - 1] != '\n')
		hp_buf_adds(out, "\n\\ No newline at end of file\n");
}

static void put_range(struct hp_buf *out, char mark, long from, long n)
{
	hp_buf_addf(out, "%c%ld", mark, n ? from + 1 : from);
	if (n != 1)
		hp_buf_addf(out, ",%ld", n);
}

/* Lines [i, i_end) of a and [j, j_end) of b as one hunk. */
static void put_hunk(struct hp_buf *out, const struct text *a, const struct text *b,
	const char *keep_a, const char *keep_b, long i, long i_end, long j, long j_end)
{
	hp_buf_adds(out, "@@ ");
	put_range(out, '-', i, i_end - i);
	hp_buf_addc(out, ' ');
	put_range(out, '+', j, j_end - j);
	hp_buf_adds(out, " @@\n");
	while (i < i_end || j < j_end) {
		if (i < i_end && !keep_a[i])
			put_line(out, '-', &a->v[i++]);
		else if (j < j_end && !keep_b[j])
			put_line(out, '+', &b->v[j++]);
		else
			put_line(out, ' ', &a->v[i++]), j++;
	}
}

static void put_hunks(struct hp_buf *out, const struct text *a, const struct text *b,
	const char *keep_a, const char *keep_b)
{
	long i = 0, j = 0, from_i, from_j, run;

	for (;;) {
		while (i < a->n && j < b->n && keep_a[i] && keep_b[j])
			i++, j++;
		if (i >= a->n && j >= b->n)
			return;
		from_i = i > CONTEXT && j > CONTEXT ? i - CONTEXT : i < j ? 0 : i - j;
		from_j = from_i + (j - i);
		if (from_j < 0)
			from_i -= from_j, from_j = 0;
		/* on until more unchanged lines follow than two contexts hold */
		for (run = 0; (i < a->n || j < b->n) && run <= 2 * CONTEXT;) {
			if (i < a->n && !keep_a[i])
				i++, run = 0;
			else if (j < b->n && !keep_b[j])
				j++, run = 0;
			else
				i++, j++, run++;
		}
		if (run > CONTEXT)
			i -= run - CONTEXT, j -= run - CONTEXT;
		put_hunk(out, a, b, keep_a, keep_b, from_i, i, from_j, j);
	}
}

void hp_diff(struct hp_buf *out, const char *a_name, const char *a, size_t a_len,
	const char *b_name, const char *b, size_t b_len)
{
	struct text ta, tb;
	char *keep_a, *keep_b;

	if (a_len == b_len && (!a_len || memcmp(a, b, a_len) == 0))
		return;
	split(&ta, a, a_len);
	split(&tb, b, b_len);
	keep_a = grab((size_t)ta.n + 1);
	keep_b = grab((size_t)tb.n + 1);
	if (!compare(&ta, &tb, keep_a, keep_b)) {
		memset(keep_a, 0, (size_t)ta.n);
		memset(keep_b, 0, (size_t)tb.n);
	}
	hp_buf_addf(out, "--- %s\n+++ %s\n", a_name, b_name);
	put_hunks(out, &ta, &tb, keep_a, keep_b);
	free(keep_a);
	free(keep_b);
	free(ta.v);
	free(tb.v);
}
