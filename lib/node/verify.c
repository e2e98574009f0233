/* Looking: what stands on this node, against the manifest and for people. */
#include <errno.h>

#include "node/emit.h"
#include "node/engine.h"
#include "node/folders.h"
#include "node/instance.h"
#include "node/part_php.h"
#include "node/web.h"
#include "base/str.h"

static const char *what_happened(enum hp_disk disk)
{
	return disk == HP_DISK_MISSING ? "was removed by hand" : "was changed by hand";
}

static int verify_site(struct hp_engine *x, const struct hp_msite *s, const char *domain,
	size_t *wrong, struct hp_err *err)
{
	const struct hp_mfile *m;
	enum hp_disk disk;

	for (m = s->files; m; m = m->next) {
		hp_pool_reset(x->scratch);
		if (hp_disk_check(x, m, &disk, NULL, NULL, err) < 0)
			return err->code;
		if (disk == HP_DISK_SAME)
			continue;
		(*wrong)++;
		hp_report_file(x, m->path, "drift", domain, what_happened(disk));
	}
	return 0;
}

static int verify(struct hp_engine *x, struct hp_err *err)
{
	size_t i, files, wrong = 0;

	if (hp_engine_lock(x, err) < 0 || hp_engine_detect(x, err) < 0 ||
		hp_engine_load(x, err) < 0)
		return err->code;
	if (verify_site(x, &x->old.own, NULL, &wrong, err) < 0)
		return err->code;
	for (i = 0; i < x->old.n; i++)
		if (verify_site(x, &x->old.sites[i], x->old.sites[i].domain, &wrong, err) < 0)
			return err->code;
	files = wrong;
	if (hp_mend(x, false, &wrong, err) < 0)
		return err->code;
	if (wrong) {
		hp_err_set(err, HP_E_NO, "%zu thing%s not as hosting-panel left %s", wrong,
			wrong == 1 ? " is" : "s are", wrong == 1 ? "it" : "them");
		hp_err_hint(err,
			files ? "what was changed by hand is taken back with: hp-vhost apply --force"
			      : "bring it back with: hp-vhost apply");
	}
	hp_report_end(x, wrong ? "drift" : "unchanged", x->old.generation, x->old.n, 0, wrong, err);
	return err->code;
}

int hp_node_verify(const struct hp_node_opts *o, struct hp_err *err)
{
	struct hp_engine x;

	if (hp_engine_init(&x, o, true, err) == 0)
		verify(&x, err);
	hp_engine_free(&x);
	return err->code;
}

/* ---- may an apply change it? ---- */
static int edited(struct hp_engine *x, const char *domain, struct hp_err *err)
{
	const struct hp_msite *s;
	const struct hp_mfile *m;
	enum hp_disk disk;

	/* a run that is at it has files that its manifest does not know yet */
	if (hp_engine_lock(x, err) < 0 || hp_engine_load(x, err) < 0)
		return err->code;
	s = hp_manifest_find(&x->old, domain);
	for (m = s ? s->files : NULL; m; m = m->next) {
		hp_pool_reset(x->scratch);
		if (hp_disk_check(x, m, &disk, NULL, NULL, err) < 0)
			return err->code;
		if (disk != HP_DISK_SAME)
			return hp_emit_edited(domain, m->path, what_happened(disk), err);
	}
	return 0;
}

int hp_node_edited(const struct hp_node_opts *o, const char *domain, struct hp_err *err)
{
	struct hp_engine x;

	if (hp_engine_init(&x, o, true, err) == 0)
		edited(&x, domain, err);
	hp_engine_free(&x);
	return err->code;
}

/* ---- servers ---- */
int hp_node_detect(struct hp_pool *pool, const struct hp_node_opts *o, struct hp_server_info **ret,
	size_t *ret_n, struct hp_err *err)
{
	struct hp_engine x;

	if (hp_engine_init(&x, o, true, err) == 0 && hp_parts[HP_PART_WEB]->detect(&x, err) == 0)
		hp_web_info(pool, &x, ret, ret_n, err);
	hp_engine_free(&x);
	return err->code;
}

int hp_node_front(
	struct hp_pool *pool, const struct hp_node_opts *o, const char **ret, struct hp_err *err)
{
	struct hp_engine x;

	if (hp_engine_init(&x, o, true, err) == 0 && hp_web_choose(&x, err) == 0)
		*ret = hp_pstrdup(pool, hp_web(&x)->front->is->name);
	hp_engine_free(&x);
	return err->code;
}

/* ---- PHP ---- */
static void count_instances(
	const struct hp_instance_status *all, size_t n, struct hp_php_info *info)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (!hp_streq(all[i].version, info->version))
			continue;
		info->running += all[i].state == HP_INSTANCE_RUNNING;
		info->waiting += all[i].state == HP_INSTANCE_WAITING;
	}
}

static int list_php(struct hp_pool *pool, struct hp_engine *x, struct hp_php_info **ret,
	size_t *ret_n, struct hp_err *err)
{
	struct hp_instance_status *all = NULL;
	struct hp_php_list list = {0};
	struct hp_php_info *v;
	struct hp_instances in;
	size_t i, j, n = 0;

	if (hp_php_detect(pool, x->root, x->o->conf, &list, err) < 0 ||
		hp_instances_init(&in, x->root, x->o->conf, &list, err) < 0 ||
		hp_engine_load(x, err) < 0 || hp_instance_list(pool, &in, &all, &n, err) < 0)
		return err->code;
	v = hp_palloc(pool, (list.n + 1) * sizeof(*v));
	for (i = 0; i < list.n; i++) {
		v[i] = (struct hp_php_info){.version = list.v[i].version,
			.fpm = list.v[i].fpm,
			.cli = list.v[i].cli,
			.is_default = list.v[i].is_default};
		if (x->live && hp_php_release(pool, x->root, &list.v[i], &v[i].release, err) < 0)
			return err->code;
		for (j = 0; j < x->old.n; j++)
			v[i].sites += hp_msite_has_php(&x->old.sites[j], v[i].version);
		count_instances(all, n, &v[i]);
	}
	*ret = v;
	*ret_n = list.n;
	return 0;
}

int hp_node_php_list(struct hp_pool *pool, const struct hp_node_opts *o, struct hp_php_info **ret,
	size_t *ret_n, struct hp_err *err)
{
	struct hp_engine x;

	if (hp_engine_init(&x, o, true, err) == 0)
		list_php(pool, &x, ret, ret_n, err);
	hp_engine_free(&x);
	return err->code;
}

/* ---- one site ---- */
static int instances_of(struct hp_pool *pool, struct hp_engine *x, const struct hp_msite *s,
	struct hp_site_info *info, struct hp_err *err)
{
	struct hp_instance_status status;
	struct hp_php_list list = {0};
	struct hp_strv versions;
	struct hp_instances in;
	const char *state;
	size_t i;

	if (x->live && (hp_php_detect(pool, x->root, x->o->conf, &list, err) < 0 ||
			       hp_instances_init(&in, x->root, x->o->conf, &list, err) < 0))
		return err->code;
	hp_msite_versions(x->scratch, s, &versions);
	for (i = 0; i < versions.n; i++) {
		status = (struct hp_instance_status){.state = HP_INSTANCE_STOPPED};
		if (x->live && hp_instance_status(
				       pool, &in, versions.v[i], s->user, &status, err) < 0)
			return err->code;
		state = hp_instance_state_name(status.state);
		if (i == 0) {
			info->instance_state = state;
			continue;
		}
		hp_strv_add(pool, &info->more_php, versions.v[i]);
		hp_strv_add(pool, &info->more_sockets,
			hp_instance_socket(pool, versions.v[i], s->user));
		hp_strv_add_ref(pool, &info->more_states, state);
	}
	return 0;
}

static int site_info(struct hp_pool *pool, struct hp_engine *x, const char *domain,
	struct hp_site_info **ret, struct hp_err *err)
{
	struct hp_site_info *info = hp_palloc(pool, sizeof(*info));
	const struct hp_msite *s;
	const struct hp_mfile *m;

	if (hp_engine_load(x, err) < 0)
		return err->code;
	s = hp_manifest_find(&x->old, domain);
	if (!s) {
		hp_err_set(err, HP_E_NOT_FOUND, "no website %s was applied on this node", domain);
		return hp_err_hint(err,
			"what the panel has for this node is brought here with: hp-vhost apply");
	}
	info->domain = hp_pstrdup(pool, s->domain);
	info->user = hp_pstrdup(pool, s->user);
	info->php_version = hp_pstrdup(pool, s->php);
	info->document_root = hp_folders_docroot(pool, domain);
	info->log_dir = hp_folders_logs(pool, domain);
	info->state_dir = hp_folders_state(pool, domain);
	for (m = s->files; m; m = m->next)
		hp_strv_add(pool, &info->files, m->path);
	info->instance_state = hp_instance_state_name(HP_INSTANCE_STOPPED);
	*ret = info;
	if (!s->php)
		return 0;
	info->socket = hp_instance_link_path(pool, s->user);
	return instances_of(pool, x, s, info, err);
}

int hp_node_site_info(struct hp_pool *pool, const struct hp_node_opts *o, const char *domain,
	struct hp_site_info **ret, struct hp_err *err)
{
	struct hp_engine x;

	if (hp_engine_init(&x, o, true, err) == 0)
		site_info(pool, &x, domain, ret, err);
	hp_engine_free(&x);
	return err->code;
}
