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

static int look_at(struct hp_engine *x, const struct hp_msite *s, bool stopped, bool repair,
	size_t *ret_wrong, struct hp_err *err)
{
	struct hp_php_part *p = x->part[HP_PART_PHP];
	const char *linked, *path;

	if (hp_instance_linked(x->scratch, &p->in, s->user, &linked, err) < 0)
		return err->code;
	if (!stopped && hp_streq(linked, s->php))
		return 0;
	(*ret_wrong)++;
	path = stopped ? hp_instance_socket(x->scratch, s->php, s->user)
		       : hp_instance_link_path(x->scratch, s->user);
	if (!repair)
		hp_report_file(x, path, "drift", s->domain,
			stopped ? "the site's PHP does not run"
				: "does not point at the site's PHP");
	else if (!hp_streq(linked, s->php))
		return hp_instance_link(x->scratch, &p->in, s->user, s->php, NULL, err);
	return 0;
}

int hp_php_part_revive(struct hp_engine *x, bool repair, size_t *ret_wrong, struct hp_err *err)
{
	struct hp_php_part *p = x->part[HP_PART_PHP];
	struct hp_instance_status *all = NULL;
	struct hp_instance *down = hp_palloc(x->round, (x->old.n + 1) * sizeof(*down));
	size_t i, n = 0, n_down = 0;
	const struct hp_msite *s;

	if (x->live && hp_instance_list(x->round, &p->in, &all, &n, err) < 0)
		return err->code;
	if (n)
		qsort(all, n, sizeof(*all), cmp_status);
	/* sockets before links: a link that leads nowhere is worth nothing */
	for (i = 0; i < x->old.n; i++) {
		s = &x->old.sites[i];
		if (!s->php || s->suspended || !x->live ||
			state_of(all, n, s->php, s->user) != HP_INSTANCE_STOPPED)
			continue;
		down[n_down++] = (struct hp_instance){.version = s->php, .user = s->user,
			.domain = s->domain, .uid = (uid_t)s->uid};
	}
	if (repair && n_down && hp_instance_start(&p->in, down, n_down, err) < 0)
		return err->code;
	for (i = 0; i < x->old.n; i++) {
		s = &x->old.sites[i];
		hp_pool_reset(x->scratch);
		if (s->php && !s->suspended &&
			look_at(x, s,
				x->live && state_of(all, n, s->php, s->user) == HP_INSTANCE_STOPPED,
				repair, ret_wrong, err) < 0)
			return err->code;
	}
	return 0;
}
