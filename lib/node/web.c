/* Web servers as one part of the engine, and in which order they are told. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/web.h"
#include "base/fault.h"
#include "base/str.h"
#include "sys/service.h"

#define OLD_WORKERS_MS 5000
/* In the journal: before a domain. */
#define FORGET "forget\t"

static int detect(struct hp_engine *x, struct hp_err *err)
{
	struct hp_web *web;
	size_t i;

	if (hp_web_choose(x, err) < 0)
		return err->code;
	web = hp_web(x);
	web->ipv6 = access("/proc/net/if_inet6", F_OK) == 0;
	if (hp_web_load_key(x, web, err) < 0)
		return err->code;
	for (i = 0; i < web->n; i++)
		if (web->v[i].is->look)
			web->v[i].is->look(x, &web->v[i]);
	return 0;
}

/* ---- files of the node ---- */
bool hp_web_has_files(struct hp_engine *x, const struct hp_mfile *m, const struct hp_web_server *s)
{
	for (; m; m = m->next)
		if (m->part == HP_PART_WEB && hp_web_of_file(x, m->path) == s)
			return true;
	return false;
}

/* Whoever has a vhost of a website that stays as it is. */
static void find_used_before(struct hp_engine *x, const struct hp_msite *old)
{
	const struct hp_mfile *m;
	struct hp_web_server *s;

	for (m = old->files; m; m = m->next) {
		s = m->part == HP_PART_WEB ? hp_web_of_file(x, m->path) : NULL;
		if (s)
			s->used = true;
	}
}

/* One that was used keeps listening on loopback: Apache without a port to listen on ends. */
static void find_used(struct hp_engine *x)
{
	struct hp_web *web = hp_web(x);
	struct hp_web_server *s;
	size_t i;

	for (i = 0; i < web->n; i++)
		web->v[i].used = web->v[i].front ||
			(web->v[i].binary && hp_web_has_files(x, x->old.own.files, &web->v[i]));
	for (i = 0; i < x->n_sites; i++) {
		if (x->sites[i].known) {
			find_used_before(x, x->sites[i].old);
			continue;
		}
		/* one that is set aside stays where it is, if it is anywhere */
		s = x->sites[i].line && x->sites[i].outcome == HP_IS_FINE
			? hp_web_find(x, x->sites[i].server) : NULL;
		if (s)
			s->used = true;
	}
}

/* A server is not installed: what its vhosts refer to stays with them until it is back. */
static void keep_shared(struct hp_engine *x, struct hp_web_server *s, struct hp_emit *e)
{
	const struct hp_mfile *m;

	if (!x->old.n)
		return;
	for (m = x->old.own.files; m; m = m->next)
		if (m->part == HP_PART_WEB && hp_web_of_file(x, m->path) == s)
			hp_emit_as_is(e, m);
}

static int render_node(struct hp_engine *x, struct hp_emit *e, struct hp_err *err)
{
	struct hp_web *web = hp_web(x);
	const char *name = hp_pprintf(x->scratch, "%s\n", web->front->is->name);
	struct hp_web_server *s;
	size_t i;

	find_used(x);
	hp_emit_file(e, HP_WEB_FRONT_FILE, 0644, 0, false, name, strlen(name));
	for (i = 0; i < web->n; i++) {
		s = &web->v[i];
		if (s->used && x->live && !s->binary)
			keep_shared(x, s, e);
		else if (s->used && hp_web_render_shared(x, s, e, err) < 0)
			return err->code;
	}
	return 0;
}

/* ---- what a round changes ---- */
/*
 * A website that stays as it was when the front changes would have its vhost on the old one's
 * ports, with files in it that are another's now: it is all of them or none.
 */
static int check_front(struct hp_engine *x, struct hp_err *err)
{
	const struct hp_wish *w = x->own.outcome != HP_IS_FINE ? &x->own : NULL;
	size_t i;

	for (i = 0; i < x->n_sites && !w; i++)
		if (x->sites[i].outcome != HP_IS_FINE && x->sites[i].old)
			w = &x->sites[i];
	if (!x->whole || !w)
		return 0;
	hp_err_set(err, w->code, "%s can't become the front while %s%sstays as it is: %s",
		hp_web(x)->front->is->name, w->domain ? w->domain : "",
		w->domain ? " " : "a file of the node's own ", w->msg);
	if (w->hint && *w->hint)
		hp_err_hint(err, "%s", w->hint);
	return err->code;
}

static int find_moves(struct hp_engine *x, struct hp_err *err)
{
	struct hp_web *web = hp_web(x);
	struct hp_web_server *s;
	size_t i;

	if (check_front(x, err) < 0)
		return err->code;
	for (i = 0; i < web->n; i++)
		web->v[i].gains = web->v[i].loses = false;
	for (i = 0; i < x->n_ops; i++) {
		if (x->ops[i].file->part != HP_PART_WEB)
			continue;
		s = hp_web_of_file(x, x->ops[i].file->path);
		if (s && s->binary)
			*(x->ops[i].late ? &s->loses : &s->gains) = true;
	}
	return 0;
}

/*
 * A vhost behind the front goes when the front sends nobody there any more; but when the front
 * itself changes, none may keep a port that another one needs.
 */
static bool is_late(struct hp_engine *x, const struct hp_wish *w, const struct hp_mfile *m)
{
	struct hp_web_server *s = w->old ? hp_web_of_file(x, m->path) : NULL;

	/* what a vhost that stays loses (a link of another name) goes with what it gets */
	return w->domain && s && !s->front &&
		!(w->now && hp_web_has_files(x, w->now->files, s)) &&
		hp_streq(hp_web(x)->front_before, hp_web(x)->front->is->name);
}

static int note(struct hp_engine *x, struct hp_web_server *s, struct hp_err *err)
{
	pid_t pid;

	if (hp_web_pid(s->is, &pid, err) < 0)
		return err->code;
	s->was_down = pid == 0;
	if (s->gains)
		hp_journal_note(
			x, HP_PART_WEB, "%s\t%s", s->was_down ? "start" : "reload", s->is->name);
	if (s->loses)
		hp_journal_note(x, HP_PART_WEB, "lose\t%s", s->is->name);
	return 0;
}

/*
 * Whatever changes, answers of before are not to be shown any more. A key has the vhost's revision
 * in it, which does not change with PHP, and may become what it was.
 */
static void note_kept(struct hp_engine *x)
{
	size_t i;

	for (i = 0; i < x->n_sites; i++)
		if (hp_wish_moves(&x->sites[i]) && x->sites[i].old)
			hp_journal_note(x, HP_PART_WEB, FORGET "%s", x->sites[i].domain);
}

static int journal(struct hp_engine *x, struct hp_err *err)
{
	struct hp_web *web = hp_web(x);
	size_t i;

	note_kept(x);
	if (!x->live)
		return 0;
	for (i = 0; i < web->n; i++) {
		web->v[i].told = false;
		if ((web->v[i].gains || web->v[i].loses) && note(x, &web->v[i], err) < 0)
			return err->code;
	}
	return 0;
}

/* ---- the folder for what the front keeps ---- */
/*
 * Websites' users are not in the web servers' group, and what is root's can't be moved away by a
 * web server.
 */
static bool kept_is_made(struct hp_engine *x, const char *dir)
{
	struct stat st;

	return fstatat(x->rootfd, hp_rel(dir), &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISDIR(st.st_mode) && (!x->live || (st.st_mode & 0777) == 0770) &&
		(!x->live || st.st_gid == hp_part_web_gid(x));
}

static int make_kept(struct hp_engine *x, const char *dir, struct hp_err *err)
{
	int fd _cleanup_close_ = -1;

	if (hp_mkdirs(hp_engine_path(x, x->scratch, dir), 0755, err) < 0)
		return hp_err_prefix(err, "the folder for kept answers");
	fd = openat(x->rootfd, hp_rel(dir), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || (x->live && fchown(fd, 0, hp_part_web_gid(x)) < 0) || fchmod(fd, 0770) < 0)
		return hp_err_errno(
			err, HP_E_OS, errno, "the folder %s can't be given to web servers", dir);
	return 0;
}

static int make(struct hp_engine *x, struct hp_err *err)
{
	struct hp_web *web = hp_web(x);
	const char *dir = web->front->is->kept;
	size_t i;

	for (i = 0; x->live && i < web->n; i++)
		if (web->v[i].gains && web->v[i].is->make && web->v[i].is->make(x, err) < 0)
			return err->code;
	return dir && !kept_is_made(x, dir) ? make_kept(x, dir, err) : 0;
}

/* ---- telling the servers ---- */
/*
 * Those behind the front first, and until they answer; the front is told last, and answers while
 * the engine brings files to the disk (probe).
 */
static int change(struct hp_engine *x, struct hp_err *err)
{
	struct hp_web *web = hp_web(x);
	struct hp_web_server *s;
	size_t i;
	int rc;

	if (!x->live)
		return 0;
	for (i = 0; i < web->n; i++) {
		s = &web->v[i];
		if (!s->gains || s->front)
			continue;
		if (hp_web_tell(x, s, err) < 0)
			return err->code;
		rc = hp_web_probe_server(x, s, err);
		if (rc)
			return rc;
		if (hp_streq(web->front_before, s->is->name) && hp_web_let_go(x, s, err) < 0)
			return err->code;
	}
	return web->front->gains ? hp_web_tell(x, web->front, err) : 0;
}

static int probe(struct hp_engine *x, struct hp_err *err)
{
	struct hp_web_server *front = hp_web(x)->front;

	return front->told ? hp_web_probe_server(x, front, err) : 0;
}

/* ---- from the journal ---- */
static void mark(struct hp_engine *x, const char *line)
{
	const char *tab = strchr(line, '\t');
	struct hp_web_server *s = tab ? hp_web_find(x, tab + 1) : NULL;

	if (!s)
		return;
	s->reload_back |= hp_str_starts(line, "reload\t");
	s->stop_back |= hp_str_starts(line, "start\t");
	s->lose_now |= hp_str_starts(line, "lose\t");
}

static int back(struct hp_engine *x, struct hp_web_server *s, struct hp_err *err)
{
	const char *const names[] = {s->is->service, NULL};
	bool wanted = s->reload_back || s->stop_back, stop = s->stop_back;
	pid_t pid;

	s->reload_back = s->stop_back = s->lose_now = false;
	if (!x->live || !wanted || hp_web_pid(s->is, &pid, err) < 0)
		return err->code;
	/*
	 * One that ended over what is undone now ran before; at boot its own unit starts it, and
	 * waits for us to end.
	 */
	if (pid == 0)
		return stop || x->boot ? 0 : hp_web_start(s->is, err);
	if (stop)
		return hp_service_stop(names, err);
	if (hp_web_reload(s, err) < 0)
		return err->code;
	/* when this is over, nobody is served as it was to be */
	hp_web_wait_old(s, HP_WEB_CLOSED, hp_now_ms() + OLD_WORKERS_MS);
	/* nor are ports kept that it got for what is undone */
	return hp_web_let_go(x, s, err);
}

/* The front goes back first: it is the one that clients see, and it may hold another's port. */
static int undo(struct hp_engine *x, const char *line, struct hp_err *err)
{
	struct hp_web *web = hp_web(x);
	size_t i;

	if (line) {
		mark(x, line);
		return 0;
	}
	if (back(x, web->front, err) < 0)
		return err->code;
	for (i = 0; i < web->n; i++)
		if (back(x, &web->v[i], err) < 0)
			return err->code;
	return 0;
}

static int finish(struct hp_engine *x, const char *line, struct hp_err *err HP_UNUSED)
{
	const char *domain = line ? hp_str_after(line, FORGET) : NULL;

	if (domain)
		hp_strv_add_ref(x->pool, &hp_web(x)->forget, domain);
	else if (line)
		mark(x, line);
	return 0;
}

/* PHP of before has ended by now, and with it the answers that were on their way. */
static int forget(struct hp_engine *x, struct hp_err *err)
{
	struct hp_strv *names = &hp_web(x)->forget;
	struct hp_forget f = {.pool = x->scratch, .sysroot = x->o->sysroot, .n = names->n};
	size_t i;

	f.v = hp_palloc(x->pool, (names->n + 1) * sizeof(*f.v));
	for (i = 0; i < names->n; i++)
		f.v[i].domain = names->v[i];
	*names = (struct hp_strv){0};
	return hp_web_forget(&f, err);
}

/*
 * Vhosts that nobody is sent to any more have gone: their servers forget them. A worker of the
 * front's that takes no new connection may still have one whose request it has not read, and hands
 * it over as it always did.
 */
static int cleared(struct hp_engine *x, struct hp_err *err)
{
	struct hp_web *web = hp_web(x);
	struct hp_web_server *s;
	pid_t pid;
	size_t i;

	for (i = 0; i < web->n; i++) {
		s = &web->v[i];
		if (!s->lose_now)
			continue;
		s->lose_now = false;
		hp_web_wait_old(web->front, HP_WEB_GONE, hp_now_ms() + OLD_WORKERS_MS);
		if (hp_web_pid(s->is, &pid, err) < 0 || (pid > 0 && hp_web_reload(s, err) < 0))
			return err->code;
		/* a name of theirs may fit another website's star, which has it from now on */
		if (pid > 0)
			hp_web_wait_old(s, HP_WEB_CLOSED, hp_now_ms() + OLD_WORKERS_MS);
	}
	/* with the last website that had TLS goes who listens on port 443 */
	if (x->live && hp_web_let_go(x, web->front, err) < 0)
		return err->code;
	return forget(x, err);
}

/* ---- is what they serve what stands in their files? ---- */
static int revive_one(struct hp_engine *x, struct hp_web_server *s, bool repair, size_t *ret_wrong,
	struct hp_err *err)
{
	const char *name = s->is->name;
	struct hp_err one = HP_ERR_INIT;
	pid_t pid;

	if (!s->binary) {
		(*ret_wrong)++;
		hp_err_set(&one, HP_E_NOT_FOUND, "%s is not installed on this node", name);
		hp_err_hint(&one, "apt install %s", s->is->package);
		hp_mend_failed(x, s->is->etc, NULL, &one, repair ? err : &one);
		return err->code;
	}
	if (hp_web_pid(s->is, &pid, err) < 0)
		return err->code;
	if (pid > 0)
		return 0;
	(*ret_wrong)++;
	hp_web_make_room(x, 0);
	if (repair && hp_web_start(s->is, &one) < 0)
		return hp_mend_failed(x, s->is->pidfile, NULL, &one, err);
	hp_mend_tell(
		x, repair, s->is->pidfile, NULL, hp_pprintf(x->scratch, "%s does not run", name));
	return 0;
}

/* Does a website need it? One that has no files of the node's own is behind no vhost. */
static bool is_needed(struct hp_engine *x, struct hp_web_server *s)
{
	size_t i;

	if (!hp_web_has_files(x, x->old.own.files, s))
		return false;
	for (i = 0; i < x->old.n; i++)
		if (hp_web_has_files(x, x->old.sites[i].files, s))
			return true;
	return false;
}

static int revive_kept(struct hp_engine *x, bool repair, size_t *ret_wrong, struct hp_err *err)
{
	const char *dir = hp_web(x)->front->is->kept;
	struct hp_err one = HP_ERR_INIT;

	if (!dir || kept_is_made(x, dir))
		return 0;
	(*ret_wrong)++;
	if (repair && make_kept(x, dir, &one) < 0)
		return hp_mend_failed(x, dir, NULL, &one, err);
	hp_mend_tell(x, repair, dir, NULL, "the folder for kept answers is not there as it was");
	return 0;
}

static int revive(struct hp_engine *x, bool repair, size_t *ret_wrong, struct hp_err *err)
{
	struct hp_web *web = hp_web(x);
	size_t i;

	if (x->old.n && revive_kept(x, repair, ret_wrong, err) < 0)
		return err->code;

	/* at boot their own units start them */
	if (!x->live || x->boot || !x->old.n)
		return 0;
	for (i = 0; i < web->n; i++)
		if (is_needed(x, &web->v[i]) &&
			revive_one(x, &web->v[i], repair, ret_wrong, err) < 0)
			return err->code;
	return 0;
}

/* A folder that is not there is nobody's. */
static const char *root(size_t i)
{
	return hp_servers[i] ? hp_servers[i]->etc : NULL;
}

const struct hp_part hp_part_web = {
	.name = "web",
	.root = root,
	.detect = detect,
	.inputs = hp_web_inputs,
	.render_site = hp_web_render_site,
	.render_node = render_node,
	.is_late = is_late,
	.check = find_moves,
	.test = hp_web_test,
	.journal = journal,
	.make = make,
	.change = change,
	.probe = probe,
	.undo = undo,
	.finish = finish,
	.cleared = cleared,
	.revive = revive,
};
