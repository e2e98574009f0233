/* sd-bus, loaded when the first unit is asked about: most commands never do. */
#include <errno.h>
#include <signal.h>
#include <systemd/sd-bus.h>

#include "base/file.h"
#include "base/thread.h"
#include "sys/lib.h"
#include "sys/units.h"

#define SERVICE "org.freedesktop.systemd1"
#define PATH "/org/freedesktop/systemd1"
#define MANAGER SERVICE ".Manager"
/* The manager answers root here even where no message bus runs; it is what systemctl asks. */
#define PRIVATE "unix:path=/run/systemd/private"
/* Reading all unit files anew takes long on a node with thousands. */
#define CALL_MS 120000
/* Names in one message: it is bounded. */
#define CHUNK 1000

#define FUNCTIONS(X)                                                                               \
	X(sd_bus_new)                                                                              \
	X(sd_bus_set_address)                                                                      \
	X(sd_bus_start)                                                                            \
	X(sd_bus_is_open)                                                                          \
	X(sd_bus_open_system)                                                                      \
	X(sd_bus_unref)                                                                            \
	X(sd_bus_set_method_call_timeout)                                                          \
	X(sd_bus_call)                                                                             \
	X(sd_bus_call_method)                                                                      \
	X(sd_bus_get_property_trivial)                                                             \
	X(sd_bus_error_free)                                                                       \
	X(sd_bus_error_has_name)                                                                   \
	X(sd_bus_match_signal)                                                                     \
	X(sd_bus_slot_unref)                                                                       \
	X(sd_bus_process)                                                                          \
	X(sd_bus_wait)                                                                             \
	X(sd_bus_message_new_method_call)                                                          \
	X(sd_bus_message_append_strv)                                                              \
	X(sd_bus_message_enter_container)                                                          \
	X(sd_bus_message_exit_container)                                                           \
	X(sd_bus_message_read)                                                                     \
	X(sd_bus_message_unref)

/* Types from the header, addresses from the library. */
static struct {
	bool loaded;
	sd_bus *bus;
#define X(f) __typeof__(&f) f;
	FUNCTIONS(X)
#undef X
} lib;

static int load(struct hp_err *err)
{
#define X(f) {#f, &lib.f},
	static const struct hp_lib_sym syms[] = {FUNCTIONS(X){NULL, NULL}};
#undef X

	if (lib.loaded)
		return 0;
	if (hp_lib_load(HP_LIB_SYSTEMD, syms, err) < 0) {
		hp_err_prefix(err, "systemd can't be asked");
		return hp_err_hint(err, "install libsystemd0");
	}
	lib.loaded = true;
	return 0;
}

static int cannot_ask(struct hp_err *err, int r)
{
	return hp_err_errno(err, HP_E_OS, -r, "systemd can't be asked");
}

/* Whoever is not root comes by the bus; there signals are for those who ask for them. */
static int open_system(sd_bus **ret)
{
	int r = lib.sd_bus_open_system(ret);

	if (r >= 0)
		r = lib.sd_bus_call_method(
			*ret, SERVICE, PATH, MANAGER, "Subscribe", NULL, NULL, NULL);
	return r;
}

static int open_private(sd_bus **ret)
{
	int r = lib.sd_bus_new(ret);

	if (r >= 0)
		r = lib.sd_bus_set_address(*ret, PRIVATE);
	return r < 0 ? r : lib.sd_bus_start(*ret);
}

static int open_bus(struct hp_err *err)
{
	sd_bus *bus = NULL;
	int r;

	if (load(err) < 0)
		return err->code;
	r = open_private(&bus);
	if (r < 0) {
		lib.sd_bus_unref(bus);
		bus = NULL;
		r = open_system(&bus);
	}
	if (r >= 0)
		r = lib.sd_bus_set_method_call_timeout(bus, (uint64_t)CALL_MS * 1000);
	if (r < 0) {
		lib.sd_bus_unref(bus);
		return cannot_ask(err, r);
	}
	lib.bus = bus;
	return 0;
}

/* ---- ahead of the first question ---- */
static struct {
	pthread_t thread;
	bool runs, joins_at_exit;
} ahead;

static void *open_ahead(void *arg HP_UNUSED)
{
	struct hp_err ignored = HP_ERR_INIT;

	/* who asks tries again, and is told */
	open_bus(&ignored);
	return NULL;
}

static void join_ahead(void)
{
	if (ahead.runs)
		pthread_join(ahead.thread, NULL);
	ahead.runs = false;
}

void hp_units_expect(void)
{
	if (lib.bus || ahead.runs)
		return;
	if (!ahead.joins_at_exit)
		ahead.joins_at_exit = atexit(join_ahead) == 0;
	ahead.runs = hp_thread_start(&ahead.thread, open_ahead, NULL);
}

static int connect_bus(struct hp_err *err)
{
	join_ahead();
	return lib.bus ? 0 : open_bus(err);
}

/*
 * After an error of the connection itself the next question opens another. Such an error may be
 * told as one of the manager's, in words.
 */
static int failed(int r, sd_bus_error *e, const char *name, struct hp_err *err)
{
	int rc = e->message ? hp_err_set(err, HP_E_OS, "%s: systemd: %s", name, e->message)
			    : hp_err_errno(err, HP_E_OS, -r, "%s: systemd can't be asked", name);

	if (!e->message || lib.sd_bus_is_open(lib.bus) <= 0) {
		lib.sd_bus_unref(lib.bus);
		lib.bus = NULL;
	}
	lib.sd_bus_error_free(e);
	return rc;
}

/* ---- looking ---- */

static int main_pid(const char *path, pid_t *ret, sd_bus_error *e)
{
	uint32_t pid = 0;
	int r = lib.sd_bus_get_property_trivial(
		lib.bus, SERVICE, path, SERVICE ".Service", "MainPID", e, 'u', &pid);

	*ret = (pid_t)pid;
	return r;
}

/* One of "a(ssssssouso)" (ListUnitsByNames): < 0, 0 at the end, 1. */
static int read_unit(sd_bus_message *m, const char **name, const char **state, const char **path)
{
	return lib.sd_bus_message_read(m, "(ssssssouso)", name, NULL, NULL, state, NULL, NULL,
		path, NULL, NULL, NULL);
}

static int ask_chunk(char **names, sd_bus_message **ret, sd_bus_error *e)
{
	sd_bus_message *m = NULL;
	int r = lib.sd_bus_message_new_method_call(
		lib.bus, &m, SERVICE, PATH, MANAGER, "ListUnitsByNames");

	if (r >= 0)
		r = lib.sd_bus_message_append_strv(m, names);
	if (r >= 0)
		r = lib.sd_bus_call(lib.bus, m, 0, e, ret);
	if (r >= 0)
		r = lib.sd_bus_message_enter_container(*ret, 'a', "(ssssssouso)");
	lib.sd_bus_message_unref(m);
	return r;
}

/* They come in the order of the names; a name that no unit can have is left out. */
static int look_chunk(const char *const *names, size_t n, struct hp_unit *v, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	char **copy = hp_palloc(pool, (n + 1) * sizeof(*copy));
	const char *name, *state, *path;
	sd_bus_error e = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	size_t i;
	int r;

	for (i = 0; i < n; i++)
		copy[i] = hp_pstrdup(pool, names[i]);
	r = ask_chunk(copy, &reply, &e);
	for (i = 0; r >= 0 && (r = read_unit(reply, &name, &state, &path)) > 0;) {
		while (i < n && !hp_streq(names[i], name))
			i++;
		if (i == n)
			break;
		v[i].failed = hp_streq(state, "failed");
		v[i].active = !v[i].failed && !hp_streq(state, "inactive");
		if (v[i].active && hp_str_ends(name, ".service"))
			r = main_pid(path, &v[i].pid, &e);
	}
	lib.sd_bus_message_unref(reply);
	return r < 0 ? failed(r, &e, names[0], err) : 0;
}

int hp_units_look(const struct hp_strv *names, struct hp_unit *ret, struct hp_err *err)
{
	size_t i, n;
	int r = 0;

	for (i = 0; i < names->n; i++)
		ret[i] = (struct hp_unit){.name = names->v[i]};
	if (names->n && connect_bus(err) < 0)
		return err->code;
	for (i = 0; r == 0 && i < names->n; i += n) {
		n = names->n - i < CHUNK ? names->n - i : CHUNK;
		r = look_chunk(names->v + i, n, ret + i, err);
		/* it has executed itself anew meanwhile */
		if (r < 0 && !lib.bus) {
			hp_err_clear(err);
			r = connect_bus(err) < 0 ? err->code
						 : look_chunk(names->v + i, n, ret + i, err);
		}
	}
	return r;
}

/* ---- jobs ---- */

struct job {
	const char *unit, *path;
	bool done;
};

struct jobs {
	struct hp_pool *pool;
	struct job *v;
	size_t n, left;
	const char *failed, *result;   /* the first that did not succeed */
};

/* JobRemoved(u id, o job, s unit, s result) */
static int on_removed(sd_bus_message *m, void *arg, sd_bus_error *e HP_UNUSED)
{
	struct jobs *l = arg;
	const char *path, *result;
	size_t i;

	if (lib.sd_bus_message_read(m, "uoss", NULL, &path, NULL, &result) < 0)
		return 0;
	for (i = 0; i < l->n; i++) {
		if (l->v[i].done || !hp_streq(l->v[i].path, path))
			continue;
		l->v[i].done = true;
		l->left--;
		/* "skipped": a restart of what does not run */
		if (!l->failed && !hp_streq(result, "done") && !hp_streq(result, "skipped")) {
			l->failed = l->v[i].unit;
			l->result = hp_pstrdup(l->pool, result);
		}
	}
	return 0;
}

static const char *method(enum hp_unit_job job)
{
	static const char *const names[] = {
		[HP_UNIT_START] = "StartUnit",
		[HP_UNIT_STOP] = "StopUnit",
		[HP_UNIT_TRY_RESTART] = "TryRestartUnit",
	};

	return names[job];
}

/* *ret: the job's path, or NULL where there is nothing to do. */
static int request(enum hp_unit_job job, const char *name, struct hp_pool *pool, const char **ret,
	struct hp_err *err)
{
	sd_bus_error e = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	const char *path;
	int r = lib.sd_bus_call_method(lib.bus, SERVICE, PATH, MANAGER, method(job), &e, &reply,
		"ss", name, "replace");

	if (r >= 0)
		r = lib.sd_bus_message_read(reply, "o", &path);
	if (r >= 0 && ret)
		*ret = hp_pstrdup(pool, path);
	lib.sd_bus_message_unref(reply);
	/* what was never loaded, or is gone by now, is stopped */
	if (r < 0 && job == HP_UNIT_STOP && lib.sd_bus_error_has_name(&e, SERVICE ".NoSuchUnit")) {
		lib.sd_bus_error_free(&e);
		return 0;
	}
	return r < 0 ? failed(r, &e, name, err) : 0;
}

static int wait_for(struct jobs *l, uint64_t end, struct hp_err *err)
{
	sd_bus_error none = SD_BUS_ERROR_NULL;
	size_t i;

	while (l->left) {
		uint64_t now = hp_now_us();
		int r = lib.sd_bus_process(lib.bus, NULL);

		if (r == 0 && now < end)
			r = lib.sd_bus_wait(lib.bus, end - now);
		if (r < 0 && r != -EINTR)
			return failed(r, &none, "jobs", err);
		if (now < end || r > 0)
			continue;
		for (i = 0; l->v[i].done; i++)
			;
		return hp_err_set(err, HP_E_BUSY, "%s: systemd's job is not through yet",
			l->v[i].unit);
	}
	if (!l->failed)
		return 0;
	hp_err_set(err, HP_E_REFUSED, "%s: systemd's job ended with \"%s\"", l->failed, l->result);
	return hp_err_hint(err, "journalctl -u %s tells why", l->failed);
}

int hp_units_do(enum hp_unit_job job, const struct hp_strv *names, const struct hp_strv *beside,
	unsigned timeout_ms, struct hp_err *err)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct jobs l = {.pool = pool, .v = hp_palloc(pool, (names->n + 1) * sizeof(*l.v))};
	uint64_t end = hp_now_us() + (uint64_t)timeout_ms * 1000;
	struct hp_err one = HP_ERR_INIT;
	sd_bus_slot *slot = NULL;
	size_t i;
	int r;

	if (!names->n)
		return 0;
	if (connect_bus(err) < 0)
		return err->code;
	r = lib.sd_bus_match_signal(
		lib.bus, &slot, NULL, PATH, MANAGER, "JobRemoved", on_removed, &l);
	if (r < 0)
		return cannot_ask(err, r);
	r = 0;
	for (i = 0; r == 0 && i < names->n; i++) {
		struct job *j = &l.v[l.n];

		*j = (struct job){.unit = names->v[i]};
		r = request(job, j->unit, pool, &j->path, err);
		if (r == 0 && j->path)
			l.n++;
	}
	l.left = l.n;
	/* without its connection there is nothing to wait for */
	if (r == 0 && beside && hp_units_request(job, beside, &one) < 0 && !lib.bus) {
		*err = one;
		r = err->code;
	}
	if (r == 0)
		r = wait_for(&l, end, err);
	lib.sd_bus_slot_unref(slot);
	return r;
}

int hp_units_request(enum hp_unit_job job, const struct hp_strv *names, struct hp_err *err)
{
	size_t i;
	int r = 0;

	if (names->n && connect_bus(err) < 0)
		return err->code;
	for (i = 0; r == 0 && i < names->n; i++)
		r = request(job, names->v[i], NULL, NULL, err);
	return r;
}

/* ---- the rest ---- */

void hp_units_kill(const struct hp_strv *names)
{
	struct hp_err ignored = HP_ERR_INIT;
	size_t i;

	if (names->n && connect_bus(&ignored) < 0)
		return;
	for (i = 0; i < names->n; i++)
		lib.sd_bus_call_method(lib.bus, SERVICE, PATH, MANAGER, "KillUnit", NULL, NULL,
			"ssi", names->v[i], "all", SIGKILL);
}

int hp_units_reset_failed(const struct hp_strv *names, struct hp_err *err)
{
	sd_bus_error e = SD_BUS_ERROR_NULL;
	size_t i;
	int r = 0;

	if (names->n && connect_bus(err) < 0)
		return err->code;
	for (i = 0; r >= 0 && i < names->n; i++)
		r = lib.sd_bus_call_method(lib.bus, SERVICE, PATH, MANAGER, "ResetFailedUnit", &e,
			NULL, "s", names->v[i]);
	return r < 0 ? failed(r, &e, names->v[i - 1], err) : 0;
}

int hp_units_reload(struct hp_err *err)
{
	sd_bus_error e = SD_BUS_ERROR_NULL;
	int r;

	if (connect_bus(err) < 0)
		return err->code;
	r = lib.sd_bus_call_method(lib.bus, SERVICE, PATH, MANAGER, "Reload", &e, NULL, NULL);
	return r < 0 ? failed(r, &e, "daemon-reload", err) : 0;
}
