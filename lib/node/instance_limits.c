/*
 * Limits of a website's processes together: what stands in <version>/<user>.limits, made to count
 * for processes that run. systemd keeps them as properties of the unit until the next boot, when
 * starting the instance sets them again; nothing has to be loaded anew by its manager.
 */
#include <dirent.h>
#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "node/instance_impl.h"
#include "node/masters.h"
#include "node/procs.h"

int hp_limits_read(struct hp_pool *pool, const struct hp_instance *v, struct hp_strv *ret,
	struct hp_err *err)
{
	_cleanup_buf_ struct hp_buf text = HP_BUF_INIT;

	if (hp_file_read(hp_php_limits_path(pool, v->version, v->user), 4096, &text, err) < 0) {
		if (err->code != HP_E_NOT_FOUND)
			return err->code;
		hp_err_clear(err);
		return 0;
	}
	hp_str_split(pool, hp_buf_str(&text), "\n", ret);
	return 0;
}

/* ---- systemd ---- */
/* Where `systemctl set-property --runtime` keeps what it was told. */
static const char *kept_dir(struct hp_pool *pool, const char *unit)
{
	return hp_pprintf(pool, "/run/systemd/system.control/%s.d", unit);
}

/* Does some limit begin with this property's name? */
static bool has_property(const struct hp_strv *limits, const char *name, size_t len)
{
	size_t i;

	for (i = 0; limits && i < limits->n; i++)
		if (strncmp(limits->v[i], name, len) == 0 && limits->v[i][len] == '=')
			return true;
	return false;
}

bool hp_limits_drop(struct hp_pool *pool, const char *unit, const struct hp_strv *keep)
{
	const char *dir = kept_dir(pool, unit);
	DIR *d = opendir(dir);
	bool dropped = false;
	struct dirent *e;

	while (d && (e = readdir(d))) {
		const char *name = hp_str_after(e->d_name, "50-");

		if (!name || !hp_str_ends(name, ".conf") ||
			has_property(keep, name, strlen(name) - 5))
			continue;
		dropped = unlink(hp_pprintf(pool, "%s/%s", dir, e->d_name)) == 0 || dropped;
	}
	if (d)
		closedir(d);
	rmdir(dir);
	return dropped;
}

bool hp_limits_are_counted(void)
{
	_cleanup_buf_ struct hp_buf have = HP_BUF_INIT;
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_err ignored = HP_ERR_INIT;
	struct hp_strv words = {0};

	/* the first version's hierarchies are there in a container, too, but nothing in them */
	if (hp_file_read("/sys/fs/cgroup/cgroup.controllers", 4096, &have, &ignored) < 0)
		return access("/sys/fs/cgroup/pids/system.slice", F_OK) == 0;
	hp_str_split(pool, hp_buf_str(&have), " \n", &words);
	return hp_strv_has(&words, "pids");
}

/* ---- by user ---- */
void hp_limits_rlimits(const struct hp_strv *limits, struct hp_rlimits *ret)
{
	uint64_t n;
	size_t i;

	*ret = (struct hp_rlimits){.data = hp_php_memory(), .nproc = HP_TASKS_MAX};
	for (i = 0; i < limits->n; i++) {
		const char *memory = hp_str_after(limits->v[i], "MemoryMax=");
		const char *tasks = hp_str_after(limits->v[i], "TasksMax=");

		if (memory && hp_parse_size(memory, UINT64_MAX, &n) == 0)
			ret->data = n;
		if (tasks && hp_parse_u64(tasks, INT32_MAX, &n) == 0)
			ret->nproc = n;
	}
}

struct change {
	uid_t uid;
	struct rlimit data, nproc;
	bool refused;
};

static int change_one(void *arg, pid_t pid)
{
	struct change *c = arg;

	if (hp_proc_uid(pid) != c->uid)
		return 0;
	/* one that ends meanwhile is no failure */
	if (prlimit(pid, RLIMIT_DATA, &c->data, NULL) < 0 ||
		prlimit(pid, RLIMIT_NPROC, &c->nproc, NULL) < 0)
		c->refused = c->refused || errno == EPERM;
	return 0;
}

int hp_limits_change(const struct hp_instances *in, const struct hp_instance *v, size_t n,
	int (*restart)(const struct hp_instances *, const struct hp_instance *, size_t,
		struct hp_err *),
	struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_rlimits l;
	size_t i;

	for (i = 0; i < n; i++) {
		struct change c = {.uid = hp_masters_uid(&v[i])};
		struct hp_strv own = {0};

		if (c.uid == 0)
			continue;
		if (hp_limits_read(pool, &v[i], &own, err) < 0)
			return err->code;
		hp_limits_rlimits(&own, &l);
		c.data = (struct rlimit){l.data, l.data};
		c.nproc = (struct rlimit){l.nproc, l.nproc};
		hp_proc_each(change_one, &c);
		if (c.refused && restart(in, &v[i], 1, err) < 0)
			return err->code;
	}
	return 0;
}
