/* Links and instances as the manifest wants them: told by verify, made again after a boot. */
#include "node/part_php.h"
#include "base/str.h"

static int cmp_status(const void *a, const void *b)
{
	const struct hp_instance_status *x = a, *y = b;
	int d = strcmp(x->user, y->user);

	return d ? d : strcmp(x->version, y->version);
}

static enum hp_instance_state state_of(const struct hp_instance_status *all, size_t n,
	const char *version, const char *user)
{
	struct hp_instance_status key = {.version = version, .user = user}, *found = NULL;

	if (n)
		found = bsearch(&key, all, n, sizeof(key), cmp_status);
	return found ? found->state : HP_INSTANCE_STOPPED;
}

static bool wants_php(const struct hp_msite *s)
{
	return s->php && !s->suspended;
}

static void told(struct hp_engine *x, const struct hp_instance *v, bool repair, struct hp_err *one,
	struct hp_err *err)
{
	const char *path = hp_instance_socket(x->scratch, v->version, v->user);

	if (one->code)
		hp_mend_failed(x, path, v->domain, one, err);
	else
		hp_mend_tell(x, repair, path, v->domain, "the site's PHP does not run");
}

/* All together; when that fails one by one, so that one broken site does not keep others down. */
static void start_down(struct hp_engine *x, const struct hp_instance *v, size_t n, bool repair,
	struct hp_err *err)
{
	const struct hp_instances *in = &((struct hp_php_part *)x->part[HP_PART_PHP])->in;
	struct hp_err one = HP_ERR_INIT;
	bool together = repair && n && hp_instance_start(in, v, n, false, &one) == 0;
	size_t i, bad;

	for (i = 0; i < n; i++) {
		hp_err_clear(&one);
		hp_pool_reset(x->scratch);
		if (repair && !together)
			hp_instance_start(in, &v[i], 1, false, &one);
		/* at boot masters sleep until they are asked */
		if (repair && !one.code && !x->boot)
			hp_instance_wait(in, &v[i], 1, 15000, &bad, &one);
		told(x, &v[i], repair, &one, err);
	}
}

/* Links that lead elsewhere, or nowhere. */
static int look_at_link(struct hp_engine *x, const struct hp_msite *s, bool repair,
	size_t *ret_wrong, struct hp_err *err)
{
	const struct hp_instances *in = &((struct hp_php_part *)x->part[HP_PART_PHP])->in;
	const char *linked;

	hp_pool_reset(x->scratch);
	if (hp_instance_linked(x->scratch, in, s->user, &linked, err) < 0)
		return err->code;
	if (hp_streq(linked, s->php))
		return 0;
	(*ret_wrong)++;
	if (repair && hp_instance_link(x->scratch, in, s->user, s->php, NULL, err) < 0)
		return err->code;
	hp_mend_tell(x, repair, hp_instance_link_path(x->scratch, s->user), s->domain,
		"does not point at the site's PHP");
	return 0;
}

/* All instances of the manifest's sites that are down. */
static struct hp_instance *find_down(struct hp_engine *x, const struct hp_instance_status *all,
	size_t n, size_t *ret_n)
{
	const struct hp_php_part *p = x->part[HP_PART_PHP];
	struct hp_instance *down;
	struct hp_strv versions;
	const struct hp_msite *s;
	size_t i, j, most = 1;

	for (i = 0; i < x->old.n; i++)
		most += 1 + (x->old.sites[i].more_php ? strlen(x->old.sites[i].more_php) / 3 : 0);
	down = hp_palloc(x->round, most * sizeof(*down));
	*ret_n = 0;
	for (i = 0; i < x->old.n; i++) {
		s = &x->old.sites[i];
		if (!wants_php(s))
			continue;
		hp_msite_versions(x->round, s, &versions);
		for (j = 0; j < versions.n; j++) {
			if (!hp_php_find(&p->list, versions.v[j]) ||
				state_of(all, n, versions.v[j], s->user) != HP_INSTANCE_STOPPED)
				continue;
			HP_BUG_ON(*ret_n == most);
			down[(*ret_n)++] = (struct hp_instance){.version = versions.v[j],
				.user = s->user, .domain = s->domain, .uid = (uid_t)s->uid};
		}
	}
	return down;
}

/* What was uninstalled, and sites are still on. */
static void tell_missing(struct hp_engine *x, size_t *ret_wrong, struct hp_err *err)
{
	const struct hp_php_part *p = x->part[HP_PART_PHP];
	struct hp_err one = HP_ERR_INIT;
	const struct hp_msite *s;
	const struct hp_php *php;
	struct hp_strv versions;
	size_t i, j;

	for (i = 0; i < x->old.n; i++) {
		s = &x->old.sites[i];
		if (!wants_php(s))
			continue;
		hp_pool_reset(x->scratch);
		hp_msite_versions(x->scratch, s, &versions);
		for (j = 0; j < versions.n; j++) {
			hp_err_clear(&one);
			if (hp_php_need(&p->list, versions.v[j], &php, &one) == 0)
				continue;
			(*ret_wrong)++;
			hp_mend_failed(x, hp_php_conf_path(x->scratch, versions.v[j], s->user),
				s->domain, &one, err);
		}
	}
}

int hp_php_part_revive(struct hp_engine *x, bool repair, size_t *ret_wrong, struct hp_err *err)
{
	struct hp_php_part *p = x->part[HP_PART_PHP];
	struct hp_instance_status *all = NULL;
	struct hp_instance *down = NULL;
	struct hp_err first = HP_ERR_INIT, unsaid = HP_ERR_INIT;
	size_t i, n = 0, n_down = 0;

	if (x->live && hp_instance_list(x->round, &p->in, &all, &n, err) < 0)
		return err->code;
	if (n)
		qsort(all, n, sizeof(*all), cmp_status);
	/* sockets before links: a link that leads nowhere is worth nothing */
	if (x->live)
		down = find_down(x, all, n, &n_down);
	*ret_wrong += n_down;
	start_down(x, down, n_down, repair, &first);
	tell_missing(x, ret_wrong, repair ? &first : &unsaid);
	for (i = 0; i < x->old.n; i++)
		if (wants_php(&x->old.sites[i]) &&
			look_at_link(x, &x->old.sites[i], repair, ret_wrong, err) < 0)
			return err->code;
	if (first.code)
		*err = first;
	return err->code;
}
