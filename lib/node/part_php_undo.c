/* What a journal says of PHP instances: undone, or brought to its end. */
#include "node/part_php.h"
#include "base/str.h"
#include "sys/service.h"

static struct hp_php_part *mine(const struct hp_engine *x)
{
	return x->part[HP_PART_PHP];
}

static void collect(struct hp_engine *x, struct hp_php_batch *b, const struct hp_strv *f)
{
	struct hp_wish w = {.user = f->v[2], .domain = f->v[4]};

	hp_parse_i64(f->v[3], 0, INT64_C(0xffffffff), &w.uid);
	if (!x->round)
		x->round = hp_pool_new();
	hp_php_add_instance(x, b, f->v[1], &w);
	b->sites[b->n - 1] = NULL;
}

/* By hp_instance_stop() or hp_instance_retire(); what is in the way of others is killed. */
static int end_instances(struct hp_engine *x, const struct hp_php_batch *b,
	int (*end)(const struct hp_instances *, const struct hp_instance *, size_t,
		struct hp_err *),
	struct hp_err *err)
{
	const struct hp_instances *in = &mine(x)->in;

	if (!b->n || end(in, b->v, b->n, err) == 0)
		return 0;
	hp_err_clear(err);
	return hp_instance_kill(in, b->v, b->n, err);
}

/* Has the user another version by now? Else it may be about to be removed. */
static bool goes_on(struct hp_engine *x, const char *user, const char *version)
{
	struct hp_err ignored = HP_ERR_INIT;
	const char *linked;

	return hp_instance_linked(x->pool, &mine(x)->in, user, &linked, &ignored) == 0 && linked &&
		!hp_streq(linked, version);
}

/*
 * With the settings of before. What can't be, because its tenant's processes are in the way or its
 * version is uninstalled, must not keep all the rest from being undone: it goes on as it is.
 */
static void restart_again(struct hp_engine *x, const struct hp_php_batch *b)
{
	const struct hp_instances *in = &mine(x)->in;
	struct hp_err one = HP_ERR_INIT;
	size_t i;

	if (!b->n || hp_instance_restart(in, b->v, b->n, &one) == 0)
		return;
	for (i = 0; i < b->n; i++) {
		hp_err_clear(&one);
		if (hp_instance_restart(in, &b->v[i], 1, &one) < 0)
			hp_report_file(x, hp_instance_socket(x->pool, b->v[i].version, b->v[i].user),
				"drift", b->v[i].domain, one.msg);
	}
}

static void limit_again(struct hp_engine *x, const struct hp_php_batch *b)
{
	const struct hp_instances *in = &mine(x)->in;
	struct hp_err one = HP_ERR_INIT;
	size_t i;

	for (i = 0; i < b->n; i++) {
		hp_err_clear(&one);
		if (hp_instance_limit(in, &b->v[i], 1, &one) < 0)
			hp_report_file(x,
				hp_php_limits_path(x->pool, b->v[i].version, b->v[i].user), "drift",
				b->v[i].domain, one.msg);
	}
}

int hp_php_part_undo(struct hp_engine *x, const char *line, struct hp_err *err)
{
	struct hp_php_part *p = mine(x);
	struct hp_strv f = {0};
	int rc;

	if (!line) {
		rc = p->units_back ? hp_service_daemon_reload(err) : 0;
		if (!rc)
			rc = end_instances(x, &p->ended, hp_instance_stop, err);
		if (!rc) {
			restart_again(x, &p->again);
			limit_again(x, &p->relimited);
		}
		memset(&p->ended, 0, sizeof(p->ended));
		memset(&p->again, 0, sizeof(p->again));
		memset(&p->relimited, 0, sizeof(p->relimited));
		p->units_back = false;
		return rc;
	}
	hp_str_split(x->pool, line, "\t", &f);
	if (f.n == 4 && hp_streq(f.v[0], "link"))
		return hp_streq(f.v[2], "-") ? hp_instance_unlink(&p->in, f.v[1], err)
					     : hp_instance_link(x->pool, &p->in, f.v[1], f.v[2], NULL, err);
	if (f.n == 5 && hp_streq(f.v[0], "start"))
		collect(x, &p->ended, &f);
	else if (f.n == 5 && hp_streq(f.v[0], "restart"))
		collect(x, &p->again, &f);
	else if (f.n == 5 && hp_streq(f.v[0], "limit"))
		collect(x, &p->relimited, &f);
	else if (f.n == 1 && hp_streq(f.v[0], "units"))
		p->units_back = true;
	return 0;
}

int hp_php_part_finish(struct hp_engine *x, const char *line, struct hp_err *err)
{
	struct hp_php_part *p = mine(x);
	struct hp_strv f = {0};
	int rc;

	if (!line) {
		p->in.left_ms = x->changed_ms;
		/* they wait for nothing of their old version */
		rc = end_instances(x, &p->retired, hp_instance_retire, err);
		if (!rc)
			rc = end_instances(x, &p->ended, hp_instance_stop, err);
		p->in.left_ms = 0;
		memset(&p->retired, 0, sizeof(p->retired));
		memset(&p->ended, 0, sizeof(p->ended));
		return rc;
	}
	hp_str_split(x->pool, line, "\t", &f);
	if (f.n == 3 && hp_streq(f.v[0], "unlink"))
		return hp_instance_unlink(&p->in, f.v[1], err);
	if (f.n == 5 && hp_streq(f.v[0], "stop"))
		collect(x, goes_on(x, f.v[2], f.v[1]) ? &p->retired : &p->ended, &f);
	return 0;
}
