/* Instances as units: systemd holds the socket and starts the master at the first request. */
#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/str.h"
#include "node/instance_impl.h"
#include "sys/run.h"
#include "sys/service.h"

/* Units named in one systemctl call: its argument list and its time-out are bounded. */
#define CHUNK 100

static const char *unit(struct hp_pool *pool, const char *version, const char *user,
	const char *suffix)
{
	return hp_pprintf(pool, "php%s-fpm@%s.%s", version, user, suffix);
}

static const char *find_systemctl(void)
{
	static const char *const paths[] = {"/usr/bin/systemctl", "/bin/systemctl", NULL};
	const char *p = hp_run_find(paths);

	return p ? p : paths[0];
}

/* systemctl VERB UNIT…, at most timeout_ms. */
static int call(struct hp_pool *pool, const char *const *verb, const struct hp_strv *units,
	unsigned timeout_ms, struct hp_buf *out, struct hp_err *err)
{
	struct hp_strv argv = {0};
	struct hp_run run = {.out = out, .timeout_ms = timeout_ms, .max_out = (size_t)16 << 20};
	size_t i;

	hp_strv_add_ref(pool, &argv, find_systemctl());
	for (i = 0; verb[i]; i++)
		hp_strv_add_ref(pool, &argv, verb[i]);
	hp_strv_add_ref(pool, &argv, "--");
	for (i = 0; i < units->n; i++)
		hp_strv_add_ref(pool, &argv, units->v[i]);
	run.argv = argv.v;
	return hp_run_ok(&run, err);
}

/* ---- status ---- */

struct unit_state {
	const char *id;
	bool active, failed;
	pid_t pid;
};

static int cmp_unit(const void *a, const void *b)
{
	return strcmp(((const struct unit_state *)a)->id, ((const struct unit_state *)b)->id);
}

/* `systemctl show` prints K=V lines, an empty line between units. Sorted by id. */
static void parse_show(
	struct hp_pool *pool, char *text, struct unit_state *v, size_t max, size_t *n)
{
	struct unit_state u = {0};
	char *p, *end;

	for (p = text; p; p = end ? end + 1 : NULL) {
		const char *a;

		end = strchr(p, '\n');
		if (end)
			*end = '\0';
		if ((a = hp_str_after(p, "Id=")))
			u.id = hp_pstrdup(pool, a);
		else if ((a = hp_str_after(p, "ActiveState="))) {
			/* a master that is coming up or going down is there all the same */
			u.active = !hp_streq(a, "inactive") && !hp_streq(a, "failed");
			u.failed = hp_streq(a, "failed");
		} else if ((a = hp_str_after(p, "MainPID="))) {
			int64_t pid;

			if (hp_parse_i64(a, 0, INT32_MAX, &pid) == 0)
				u.pid = (pid_t)pid;
		}
		if ((!end || end[1] == '\n' || !end[1]) && u.id) {
			if (*n < max)
				v[(*n)++] = u;
			u = (struct unit_state){0};
		}
	}
}

static const struct unit_state *find_unit(const struct unit_state *v, size_t n, const char *id)
{
	struct unit_state key = {.id = id};

	return n ? bsearch(&key, v, n, sizeof(*v), cmp_unit) : NULL;
}

/* Sockets and services of n instances; ret is sorted by id. */
static int show(struct hp_pool *pool, const struct hp_instance_status *v, size_t n,
	struct unit_state **ret, size_t *ret_n, struct hp_err *err)
{
	static const char *const verb[] = {
		"show", "--property=Id", "--property=ActiveState", "--property=MainPID", NULL};
	_cleanup_buf_ struct hp_buf out = HP_BUF_INIT;
	struct unit_state *u = hp_palloc(pool, (2 * n + 1) * sizeof(*u));
	size_t i, j, nu = 0;

	for (i = 0; i < n; i = j) {
		struct hp_strv units = {0};
		int r;

		for (j = i; j < n && j < i + CHUNK; j++) {
			hp_strv_add_ref(pool, &units, unit(pool, v[j].version, v[j].user, "socket"));
			hp_strv_add_ref(
				pool, &units, unit(pool, v[j].version, v[j].user, "service"));
		}
		hp_buf_reset(&out);
		r = call(pool, verb, &units, 60000, &out, err);
		if (r < 0)
			return r;
		if (out.s)
			parse_show(pool, out.s, u, 2 * n, &nu);
	}
	if (nu)
		qsort(u, nu, sizeof(*u), cmp_unit);
	*ret = u;
	*ret_n = nu;
	return 0;
}

static int status(const struct hp_instances *in HP_UNUSED, struct hp_instance_status *v, size_t n,
	struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct unit_state *u;
	size_t i, nu;
	int r;

	r = show(pool, v, n, &u, &nu, err);
	if (r < 0)
		return r;
	for (i = 0; i < n; i++) {
		const struct unit_state *sock =
			find_unit(u, nu, unit(pool, v[i].version, v[i].user, "socket"));
		const struct unit_state *serv =
			find_unit(u, nu, unit(pool, v[i].version, v[i].user, "service"));

		v[i].pid = serv && serv->active ? serv->pid : 0;
		v[i].state = v[i].pid ? HP_INSTANCE_RUNNING
			: sock && sock->active ? HP_INSTANCE_WAITING
					       : HP_INSTANCE_STOPPED;
	}
	return 0;
}

static struct hp_instance_status *as_status(struct hp_pool *pool, const struct hp_instance *v,
	size_t n)
{
	struct hp_instance_status *s = hp_palloc(pool, (n + 1) * sizeof(*s));
	size_t i;

	for (i = 0; i < n; i++)
		s[i] = (struct hp_instance_status){.version = v[i].version, .user = v[i].user};
	return s;
}

/* ---- limits ---- */

/* Only those that have some or had some cost a call. */
static int limit(const struct hp_instances *in HP_UNUSED, const struct hp_instance *v, size_t n,
	struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	static const char *const verb[] = {"set-property", "--runtime", NULL};
	bool dropped = false;
	struct hp_strv *l = hp_palloc(pool, (n + 1) * sizeof(*l));
	size_t i, j;
	int r = 0;

	for (i = 0; r == 0 && i < n; i++) {
		r = hp_limits_read(pool, &v[i], &l[i], err);
		if (r == 0 &&
			hp_limits_drop(pool, unit(pool, v[i].version, v[i].user, "service"), &l[i]))
			dropped = true;
	}
	if (r == 0 && dropped)
		r = hp_service_daemon_reload(err);
	for (i = 0; r == 0 && i < n; i++) {
		struct hp_strv words = {0};

		hp_strv_add_ref(pool, &words, unit(pool, v[i].version, v[i].user, "service"));
		for (j = 0; j < l[i].n; j++)
			hp_strv_add_ref(pool, &words, l[i].v[j]);
		if (l[i].n)
			r = call(pool, verb, &words, 60000, NULL, err);
	}
	return r;
}

/* ---- start ---- */

/*
 * Sockets that gave up (their master failed too often) start only after a reset. It sets back the
 * count of starts as well, also for those that run: what we restart is no master that fails, and
 * systemd would let none start a sixth time in ten seconds.
 */
static int reset_failed(struct hp_pool *pool, const struct unit_state *u, size_t n, bool running,
	struct hp_err *err)
{
	static const char *const verb[] = {"reset-failed", NULL};
	struct hp_strv failed = {0};
	size_t i;

	for (i = 0; i < n; i++)
		if (u[i].failed || (running && u[i].active))
			hp_strv_add_ref(pool, &failed, u[i].id);
	return failed.n ? call(pool, verb, &failed, 60000, NULL, err) : 0;
}

static bool is_socket(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode);
}

static int start_chunk(struct hp_pool *pool, const struct hp_instance *v, size_t n,
	struct hp_strv *started, struct hp_err *err)
{
	static const char *const start_verb[] = {"start", NULL};
	static const char *const again_verb[] = {"restart", NULL};
	struct hp_strv todo = {0}, lost = {0};
	struct unit_state *u;
	size_t i, nu;
	int r;

	r = show(pool, as_status(pool, v, n), n, &u, &nu, err);
	if (r == 0)
		r = reset_failed(pool, u, nu, false, err);
	if (r < 0)
		return r;
	for (i = 0; i < n; i++) {
		const char *name = unit(pool, v[i].version, v[i].user, "socket");
		const struct unit_state *s = find_unit(u, nu, name);

		if (!s || !s->active)
			hp_strv_add_ref(pool, &todo, name);
		else if (!is_socket(hp_instance_socket(pool, v[i].version, v[i].user)))
			/* somebody removed the path: systemd listens where nobody can come */
			hp_strv_add_ref(pool, &lost, name);
	}
	for (i = 0; i < todo.n; i++)
		hp_strv_add(pool, started, todo.v[i]);
	if (todo.n)
		r = call(pool, start_verb, &todo, 120000, NULL, err);
	if (r == 0 && lost.n) {
		struct hp_strv stop = {0};

		/* a socket can't be started again while its service runs */
		for (i = 0; i < lost.n; i++)
			hp_strv_addf(pool, &stop, "%.*s.service", (int)strlen(lost.v[i]) - 7,
				lost.v[i]);
		r = call(pool, (const char *const[]){"stop", NULL}, &stop, 120000, NULL, err);
		if (r == 0)
			r = call(pool, again_verb, &lost, 120000, NULL, err);
	}
	return r;
}

static int start(
	const struct hp_instances *in, const struct hp_instance *v, size_t n, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_strv started = {0};
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < n; i++)
		if (i == 0 || !hp_streq(v[i].version, v[i - 1].version))
			r = hp_instance_run_dir(v[i].version, err);
	if (r == 0)
		r = limit(in, v, n, err);
	for (i = 0; r == 0 && i < n; i += CHUNK)
		r = start_chunk(pool, v + i, n - i < CHUNK ? n - i : CHUNK, &started, err);
	if (r < 0 && started.n) {
		struct hp_err ignored = HP_ERR_INIT;

		call(pool, (const char *const[]){"stop", NULL}, &started, 120000, NULL, &ignored);
	}
	return r;
}

static int wake(const struct hp_instances *in HP_UNUSED, const struct hp_instance *v, size_t n,
	struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_strv units = {0};
	size_t i;

	for (i = 0; i < n; i++)
		hp_strv_add_ref(pool, &units, unit(pool, v[i].version, v[i].user, "service"));
	return call(pool, (const char *const[]){"start", NULL}, &units, 120000, NULL, err);
}

/* ---- restart, stop ---- */

/*
 * The socket stays, so that what comes in while the old master ends is queued for the new one. A
 * master that has failed or sleeps reads its configuration at the next request anyhow.
 */
static int restart(const struct hp_instances *in, const struct hp_instance *v, size_t n,
	struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	static const char *const verb[] = {"try-restart", NULL};
	struct unit_state *u;
	size_t i, j, nu;
	int r;

	r = limit(in, v, n, err);
	if (r == 0)
		r = show(pool, as_status(pool, v, n), n, &u, &nu, err);
	if (r == 0)
		r = reset_failed(pool, u, nu, true, err);
	for (i = 0; r == 0 && i < n; i = j) {
		struct hp_strv units = {0};

		for (j = i; j < n && j < i + CHUNK; j++)
			hp_strv_add_ref(
				pool, &units, unit(pool, v[j].version, v[j].user, "service"));
		r = call(pool, verb, &units, hp_instance_stop_ms(in) + 120000, NULL, err);
	}
	return r;
}

static int stop_chunk(const struct hp_instances *in, struct hp_pool *pool,
	const struct hp_instance *v, size_t n, bool grace, struct hp_err *err)
{
	struct hp_strv units = {0}, services = {0};
	struct unit_state *u;
	size_t i, nu;
	int r;

	r = show(pool, as_status(pool, v, n), n, &u, &nu, err);
	if (r < 0)
		return r;
	for (i = 0; i < n; i++) {
		const char *sock = unit(pool, v[i].version, v[i].user, "socket");
		const char *serv = unit(pool, v[i].version, v[i].user, "service");
		const struct unit_state *s = find_unit(u, nu, serv), *k = find_unit(u, nu, sock);

		/* a sleeping master must not be woken only to be told to end */
		if (grace && s && s->active && s->pid)
			hp_instance_drain(hp_instance_socket(pool, v[i].version, v[i].user),
				hp_instance_stop_ms(in));
		if (s && s->active)
			hp_strv_add_ref(pool, &services, serv);
		if ((k && k->active) || (s && s->active)) {
			hp_strv_add_ref(pool, &units, sock);
			hp_strv_add_ref(pool, &units, serv);
		}
	}
	r = reset_failed(pool, u, nu, false, err);
	if (r == 0 && !grace && services.n) {
		struct hp_err ignored = HP_ERR_INIT;

		/* one that ends in between is no failure */
		call(pool, (const char *const[]){"kill", "--signal=SIGKILL", NULL}, &services,
			60000, NULL, &ignored);
	}
	if (r == 0 && units.n)
		r = call(pool, (const char *const[]){"stop", NULL}, &units,
			hp_instance_stop_ms(in) + 120000, NULL, err);
	if (r == 0 && !grace && services.n) {
		struct hp_err ignored = HP_ERR_INIT;

		/* being killed counts as failed; systemd would remember it */
		call(pool, (const char *const[]){"reset-failed", NULL}, &services, 60000, NULL,
			&ignored);
	}
	for (i = 0; r == 0 && i < n; i++) {
		const char *sock = hp_instance_socket(pool, v[i].version, v[i].user);

		if (unlink(sock) < 0 && errno != ENOENT)
			r = hp_err_errno(err, HP_E_OS, errno, "%s", sock);
		unlink(hp_pprintf(pool, HP_PHP_RUN "/%s/%s.idle", v[i].version, v[i].user));
		/* the unit is gone: nothing to be loaded anew */
		hp_limits_drop(pool, unit(pool, v[i].version, v[i].user, "service"), NULL);
	}
	return r;
}

static int stop(const struct hp_instances *in, const struct hp_instance *v, size_t n, bool grace,
	struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	size_t i;
	int r = 0;

	for (i = 0; r == 0 && i < n; i += CHUNK)
		r = stop_chunk(in, pool, v + i, n - i < CHUNK ? n - i : CHUNK, grace, err);
	return r;
}

static int put_to_sleep(const struct hp_instances *in, const struct hp_instance_status *v, size_t n,
	struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	size_t i, j;
	int r = 0;

	for (i = 0; r == 0 && i < n; i = j) {
		struct hp_strv units = {0};

		for (j = i; j < n && j < i + CHUNK; j++)
			hp_strv_add_ref(
				pool, &units, unit(pool, v[j].version, v[j].user, "service"));
		r = call(pool, (const char *const[]){"stop", NULL}, &units,
			hp_instance_stop_ms(in) + 120000, NULL, err);
	}
	return r;
}

const struct hp_instance_ops hp_instance_systemd = {
	.start = start,
	.wake = wake,
	.restart = restart,
	.stop = stop,
	.status = status,
	.limit = limit,
	.sleep = put_to_sleep,
};
