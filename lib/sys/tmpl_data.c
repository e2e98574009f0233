/* What a template is filled with: a small hash table of names. */
#include "base/str.h"
#include "sys/tmpl_priv.h"

struct hp_tmap {
	struct hp_pool *pool;
	struct hp_tval *v;
	uint32_t n, cap;
	uint32_t *index; /* 2 * cap places, each 0 or 1 + a place in v */
};

struct hp_tmap *hp_tmap_new(struct hp_pool *pool)
{
	struct hp_tmap *m = hp_palloc(pool, sizeof(*m));

	m->pool = pool;
	return m;
}

const struct hp_tval *hp_tmap_find(const struct hp_tmap *m, const char *name, uint32_t hash)
{
	uint32_t mask = 2 * m->cap - 1;

	if (!m->cap)
		return NULL;
	for (uint32_t i = hash & mask; m->index[i]; i = (i + 1) & mask) {
		const struct hp_tval *v = &m->v[m->index[i] - 1];

		if (v->hash == hash && strcmp(v->name, name) == 0)
			return v;
	}
	return NULL;
}

static void put_in_index(struct hp_tmap *m, uint32_t place)
{
	uint32_t mask = 2 * m->cap - 1, i = m->v[place].hash & mask;

	while (m->index[i])
		i = (i + 1) & mask;
	m->index[i] = place + 1;
}

static void grow(struct hp_tmap *m)
{
	struct hp_tval *old = m->v;

	m->cap = m->cap ? 2 * m->cap : 16; /* a power of two */
	m->v = hp_palloc(m->pool, m->cap * sizeof(*m->v));
	if (m->n)
		memcpy(m->v, old, m->n * sizeof(*m->v));
	m->index = hp_palloc(m->pool, 2 * m->cap * sizeof(*m->index));
	for (uint32_t i = 0; i < m->n; i++)
		put_in_index(m, i);
}

/* The value of that name: the one there was, or a new one. Names are kept by reference. */
static struct hp_tval *slot_for(struct hp_tmap *m, const char *name, enum hp_tval_type type)
{
	uint32_t hash = hp_tmpl_hash(name, strlen(name));
	struct hp_tval *v = (struct hp_tval *)hp_tmap_find(m, name, hash);

	if (!v) {
		if (m->n == m->cap)
			grow(m);
		v = &m->v[m->n];
		v->name = name;
		v->hash = hash;
		put_in_index(m, m->n++);
	}
	v->type = type;
	return v;
}

void hp_tmap_str(struct hp_tmap *m, const char *name, const char *v)
{
	slot_for(m, name, HP_TVAL_STR)->u.s = v ? v : "";
}

void hp_tmap_i64(struct hp_tmap *m, const char *name, int64_t v)
{
	slot_for(m, name, HP_TVAL_INT)->u.i = v;
}

void hp_tmap_bool(struct hp_tmap *m, const char *name, bool v)
{
	slot_for(m, name, HP_TVAL_BOOL)->u.b = v;
}

void hp_tmap_list(struct hp_tmap *m, const char *name)
{
	struct hp_tval *v = slot_for(m, name, HP_TVAL_LIST);

	memset(&v->u, 0, sizeof(v->u));
}

struct hp_tmap *hp_tmap_item(struct hp_tmap *m, const char *name)
{
	const struct hp_tval *known = hp_tmap_find(m, name, hp_tmpl_hash(name, strlen(name)));
	struct hp_tmap *item = hp_tmap_new(m->pool), **old;
	struct hp_tval *v;

	if (!known || known->type != HP_TVAL_LIST)
		hp_tmap_list(m, name);
	v = slot_for(m, name, HP_TVAL_LIST);
	if (v->u.list.n == v->u.list.cap) {
		old = v->u.list.v;
		v->u.list.cap = v->u.list.cap ? 2 * v->u.list.cap : 4;
		v->u.list.v = hp_palloc(m->pool, v->u.list.cap * sizeof(*old));
		if (v->u.list.n)
			memcpy(v->u.list.v, old, v->u.list.n * sizeof(*old));
	}
	v->u.list.v[v->u.list.n++] = item;
	return item;
}
