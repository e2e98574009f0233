#include "sys/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/pool.h"
#include "base/str.h"
#include "sys/run_child.h"

#define MAX_OUT ((size_t)1 << 20)
#define TIMEOUT_MS 60000
/* From SIGTERM to SIGKILL, and from there to giving up on a process stuck in the kernel. */
#define KILL_MS 3000
#define GIVE_UP_MS 10000
/* How long a pipe is read on that somebody else holds open after the program has ended. */
#define ORPHAN_MS 100
/* Without pidfds: how often to look whether the program has ended. */
#define TICK_MS 20
/* What is kept of a stderr that nobody asked for. */
#define TAIL 4096

/* One of the program's outputs. */
struct stream {
	struct hp_buf *buf;
	struct hp_buf tail; /* used as buf when the caller wants none */
	size_t start;       /* buf->len at the beginning */
	size_t max;         /* 0: keep the tail */
	int fd;             /* our end of the pipe, or -1 */
};

/* Descriptors of one run. in, out and errs are the child's ends. */
struct run {
	const struct hp_run *r;
	const char *name;       /* the program's, for messages */
	struct stream out, errs;
	int in_fd, out_fd, errs_fd, null_fd;
	int status[2];
	int pidfd;
	pid_t pid;
	uint64_t start;         /* µs */
	bool ended;             /* the program, not those that it left behind */
};

static uint64_t children_us;

uint64_t hp_run_children_us(void)
{
	return children_us;
}

const char *hp_run_find(const char *const *paths)
{
	for (; *paths; paths++)
		if (access(*paths, X_OK) == 0)
			return *paths;
	return NULL;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- before ---- */

static bool has_key(const char *const *env, const char *kv)
{
	size_t n = (size_t)(strchr(kv, '=') - kv) + 1;

	for (; env && *env; env++)
		if (strncmp(*env, kv, n) == 0)
			return true;
	return false;
}

static char *const *environment(struct hp_pool *pool, const char *const *env)
{
	static const char *const base[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"};
	struct hp_strv v = {0};

	for (size_t i = 0; i < HP_ARRAY_SIZE(base); i++)
		if (!has_key(env, base[i]))
			hp_strv_add_ref(pool, &v, base[i]);
	for (; env && *env; env++)
		hp_strv_add_ref(pool, &v, *env);
	return (char *const *)(uintptr_t)v.v;
}

/*
 * Its input is a file in memory, not a pipe: nothing has to be fed while it runs, and a program
 * that doesn't read costs no SIGPIPE.
 */
static int open_input(struct run *x, struct hp_err *err)
{
	const struct hp_run *r = x->r;

	if (r->in_fd > 0 || !r->in)
		return 0;
	x->in_fd = memfd_create("hosting-panel", MFD_CLOEXEC);
	if (x->in_fd < 0)
		return hp_err_errno(
			err, HP_E_OS, errno, "cannot run %s: no memory file", r->argv[0]);
	if (hp_fd_write(x->in_fd, "a memory file", r->in, r->in_len, err) < 0)
		return err->code;
	if (lseek(x->in_fd, 0, SEEK_SET) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "cannot rewind a memory file");
	return 0;
}

static int open_pipe(struct stream *s, int *child_fd)
{
	int p[2];

	if (pipe2(p, O_CLOEXEC) < 0)
		return -1;
	s->fd = p[0];
	*child_fd = p[1];
	return fcntl(p[0], F_SETFL, O_NONBLOCK);
}

static void stream_init(struct stream *s, struct hp_buf *want, size_t max)
{
	s->buf = want ? want : &s->tail;
	s->start = s->buf->len;
	s->max = !want ? 0 : max ? max : MAX_OUT;
}

static int run_open(struct run *x, struct hp_err *err)
{
	const struct hp_run *r = x->r;
	struct sigaction sa;

	HP_BUG_ON(!r->argv[0] || r->argv[0][0] != '/');
	stream_init(&x->out, r->out, r->max_out);
	stream_init(&x->errs, r->errs, r->max_out);
	/* Whoever started us may have left SIGCHLD ignored: then a child leaves no status. */
	if (sigaction(SIGCHLD, NULL, &sa) == 0 &&
		(sa.sa_handler == SIG_IGN || (sa.sa_flags & SA_NOCLDWAIT)))
		signal(SIGCHLD, SIG_DFL);
	if (open_input(x, err) < 0)
		return err->code;
	x->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (x->null_fd < 0 || pipe2(x->status, O_CLOEXEC) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "cannot run %s", r->argv[0]);
	return 0;
}

static void run_close(struct run *x)
{
	int *fds[] = {&x->out.fd, &x->errs.fd, &x->in_fd, &x->out_fd, &x->errs_fd, &x->null_fd,
		&x->status[0], &x->status[1], &x->pidfd};

	for (size_t i = 0; i < HP_ARRAY_SIZE(fds); i++)
		close_fd(fds[i]);
	hp_buf_release(&x->out.tail);
	hp_buf_release(&x->errs.tail);
}
#define _cleanup_run_ _cleanup_(run_close)
#define RUN_INIT(run, prog)                                                                        \
	{.r = (run), .name = (prog), .in_fd = -1, .out_fd = -1, .errs_fd = -1, .null_fd = -1,      \
		.out.fd = -1, .errs.fd = -1, .status = {-1, -1}, .pidfd = -1, .pid = -1}

/* ---- starting ---- */

static bool must_drop(const struct hp_run *r)
{
	/* Who is that user already may not change groups, and has no need to. */
	return r->uid != 0 && (geteuid() != r->uid || getegid() != r->gid || getuid() != r->uid);
}

static pid_t start_blocked(struct run *x, pid_t (*start)(const struct hp_child *c), int in, int out,
	int errs, int listen_fd)
{
	_cleanup_pool_ struct hp_pool *pool = hp_pool_new();
	struct hp_child c = {.r = x->r, .envp = environment(pool, x->r->env),
		.fds = {in, out, errs, listen_fd}, .status_fd = x->status[1],
		.drop_user = must_drop(x->r)};
	sigset_t all, old;
	pid_t pid;
	int e;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = start(&c);
	e = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	close_fd(&x->status[1]);
	errno = e;
	return pid;
}

static int start_error(const struct hp_run *r, const struct hp_child_msg *m, struct hp_err *err)
{
	switch (m->step) {
	case HP_CHILD_USER:
		return hp_err_errno(err, HP_E_OS, m->value, "cannot run %s as uid %u", r->argv[0],
			(unsigned)r->uid);
	case HP_CHILD_DIR:
		return hp_err_errno(err, HP_E_OS, m->value, "cannot run %s in %s", r->argv[0],
			r->dir ? r->dir : "/");
	case HP_CHILD_PREPARE:
		return hp_err_errno(err, HP_E_OS, m->value, "cannot prepare to run %s", r->argv[0]);
	default:
		return hp_err_errno(err, HP_E_OS, m->value, "cannot run %s", r->argv[0]);
	}
}

/* What the child has to say before exec. 1 a message, 0 the pipe is closed, HP_E_BUSY. */
static int read_msg(struct run *x, uint64_t deadline, struct hp_child_msg *m, struct hp_err *err)
{
	struct pollfd p = {.fd = x->status[0], .events = POLLIN};
	ssize_t n;

	for (;;) {
		uint64_t now = hp_now_ms();

		n = poll(&p, 1, now < deadline ? (int)(deadline - now) : 0);
		if (n == 0)
			return hp_err_set(err, HP_E_BUSY, "%s could not be started in time",
				x->r->argv[0]);
		if (n > 0) {
			n = read(x->status[0], m, sizeof(*m));
			if (n >= 0)
				return n == sizeof(*m);
		}
		if (errno != EINTR)
			return hp_err_errno(err, HP_E_OS, errno, "cannot run %s", x->r->argv[0]);
	}
}

static unsigned timeout_of(const struct hp_run *r)
{
	return r->timeout_ms ? r->timeout_ms : TIMEOUT_MS;
}

static void reap(pid_t pid, int *ret_status)
{
	while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
		;
}

static int run_start(struct run *x, uint64_t deadline, struct hp_err *err)
{
	const struct hp_run *r = x->r;
	int in = r->in_fd > 0 ? r->in_fd : x->in_fd >= 0 ? x->in_fd : x->null_fd;
	int out = r->out_fd > 0 ? r->out_fd : x->null_fd;
	bool merged = r->out && r->out == r->errs && r->out_fd <= 0;
	struct hp_child_msg m;
	int rc, status;

	if (r->out && r->out_fd <= 0) {
		if (open_pipe(&x->out, &x->out_fd) < 0)
			return hp_err_errno(err, HP_E_OS, errno, "cannot run %s", r->argv[0]);
		out = x->out_fd;
	}
	if (!merged && open_pipe(&x->errs, &x->errs_fd) < 0)
		return hp_err_errno(err, HP_E_OS, errno, "cannot run %s", r->argv[0]);
	x->pid = start_blocked(x, hp_child_start, in, out, merged ? out : x->errs_fd, -1);
	if (x->pid < 0)
		return hp_err_errno(
			err, HP_E_OS, errno, "cannot start a process for %s", r->argv[0]);
	close_fd(&x->in_fd);
	close_fd(&x->out_fd);
	close_fd(&x->errs_fd);
	rc = read_msg(x, deadline, &m, err);
	if (rc == 0)
		return 0;
	if (rc > 0)
		rc = start_error(r, &m, err);
	else
		kill(x->pid, SIGKILL);
	reap(x->pid, &status);
	return rc;
}

/* ---- while it runs ---- */

static void keep_tail(struct hp_buf *b)
{
	size_t cut;

	if (b->len <= 2 * TAIL)
		return;
	cut = b->len - TAIL;
	memmove(b->s, b->s + cut, TAIL);
	b->len = TAIL;
	b->s[b->len] = '\0';
}

/* Read what is there, some of it at least. Closes the descriptor at its end. */
static int drain(struct run *x, struct stream *s, struct hp_err *err)
{
	/* Bounded: who writes faster than we read may not keep us from looking at the clock. */
	for (int i = 0; s->fd >= 0 && i < 64; i++) {
		ssize_t n;

		hp_buf_reserve(s->buf, 4096);
		n = read(s->fd, s->buf->s + s->buf->len, s->buf->cap - s->buf->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return 0;
		if (n <= 0) {
			close_fd(&s->fd);
			return 0;
		}
		s->buf->len += (size_t)n;
		s->buf->s[s->buf->len] = '\0';
		if (!s->max)
			keep_tail(s->buf);
		else if (s->buf->len - s->start > s->max)
			return hp_err_set(err, HP_E_REFUSED, "%s printed more than %zu bytes",
				x->name, s->max);
	}
	return 0;
}

static bool has_ended(struct run *x)
{
	siginfo_t si = {.si_pid = 0};

	/* Its number stays taken until it is reaped, so that its group can still be signalled. */
	if (!x->ended)
		x->ended = waitid(P_PID, (id_t)x->pid, &si, WEXITED | WNOHANG | WNOWAIT) < 0
				   ? errno == ECHILD
				   : si.si_pid == x->pid;
	return x->ended;
}

/* Wait for something to happen, at most until then. */
static void wait_any(struct run *x, uint64_t until)
{
	uint64_t now = hp_now_ms();
	int ms = now >= until ? 0 : until - now > 60000 ? 60000 : (int)(until - now);
	struct pollfd p[] = {
		{.fd = x->out.fd, .events = POLLIN},
		{.fd = x->errs.fd, .events = POLLIN},
		{.fd = x->ended ? -1 : x->pidfd, .events = POLLIN},
	};

	if (x->pidfd < 0 && !x->ended && ms > TICK_MS)
		ms = TICK_MS;
	poll(p, HP_ARRAY_SIZE(p), ms);
}

/* Until the program has ended and its pipes are read, or the deadline. 1 done, 0 not yet, < 0. */
static int attend(struct run *x, uint64_t deadline, struct hp_err *err)
{
	uint64_t until = deadline;
	bool ended = false;

	for (;;) {
		/* First this: what it wrote before it ended is in the pipes then. */
		if (!ended && has_ended(x)) {
			ended = true;
			until = hp_now_ms() + ORPHAN_MS;
		}
		if (drain(x, &x->out, err) < 0 || drain(x, &x->errs, err) < 0)
			return err->code;
		if (ended && x->out.fd < 0 && x->errs.fd < 0)
			return 1;
		if (hp_now_ms() >= until)
			return ended;
		wait_any(x, until);
	}
}

/* End the whole group, politely first. The output that still comes is of no interest. */
static void end_group(struct run *x)
{
	static const struct {
		int sig;
		unsigned ms;
	} steps[] = {{SIGTERM, KILL_MS}, {SIGKILL, GIVE_UP_MS}};

	close_fd(&x->out.fd);
	close_fd(&x->errs.fd);
	for (size_t i = 0; i < HP_ARRAY_SIZE(steps); i++) {
		uint64_t until = hp_now_ms() + steps[i].ms;

		kill(-x->pid, steps[i].sig);
		while (!has_ended(x) && hp_now_ms() < until)
			wait_any(x, until);
		if (x->ended)
			break;
	}
	/* The leader is a zombie at the most now, so the number is still its group's. */
	kill(-x->pid, SIGKILL);
}

static int wait_end(struct run *x, uint64_t deadline, struct hp_err *err)
{
	int rc, status = 0;

	x->pidfd = (int)syscall(SYS_pidfd_open, x->pid, 0);
	rc = attend(x, deadline, err);
	if (rc <= 0)
		end_group(x);
	if (rc == 0)
		rc = hp_err_set(err, HP_E_BUSY, "%s did not end within %u ms", x->name,
			timeout_of(x->r));
	if (x->ended)
		reap(x->pid, &status);
	if (rc < 0)
		return rc;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Where two ran side by side their time counts once. */
static void account(const struct run *x)
{
	static uint64_t until;
	uint64_t now = hp_now_us();

	children_us += now - (x->start > until ? x->start : until);
	until = now;
}

static uint64_t deadline_of(const struct run *x)
{
	return x->start / 1000 + timeout_of(x->r);
}

static int run_begin(struct run *x, struct hp_err *err)
{
	int rc;

	x->start = hp_now_us();
	rc = run_open(x, err);
	if (rc == 0)
		rc = run_start(x, deadline_of(x), err);
	if (rc < 0)
		account(x);
	return rc;
}

static int run_end(struct run *x, struct hp_err *err)
{
	int rc = wait_end(x, deadline_of(x), err);

	account(x);
	return rc;
}

int hp_run(const struct hp_run *r, struct hp_err *err)
{
	_cleanup_run_ struct run x = RUN_INIT(r, base_name(r->argv[0]));

	if (run_begin(&x, err) < 0)
		return err->code;
	return run_end(&x, err);
}

struct hp_running {
	struct run run;
};

int hp_run_begin(const struct hp_run *r, struct hp_running **ret, struct hp_err *err)
{
	struct hp_running *x = malloc(sizeof(*x));

	if (!x)
		hp_die(HP_E_OS, "out of memory");
	x->run = (struct run)RUN_INIT(r, base_name(r->argv[0]));
	if (run_begin(&x->run, err) < 0) {
		run_close(&x->run);
		free(x);
		return err->code;
	}
	*ret = x;
	return 0;
}

int hp_run_end(struct hp_running *x, struct hp_err *err)
{
	int rc = run_end(&x->run, err);

	run_close(&x->run);
	free(x);
	return rc;
}

/* ---- a status ≠ 0 in words ---- */

/* The last line that says something; *ret_len without the white space around it. */
static const char *last_line(const struct stream *s, size_t *ret_len)
{
	const char *start = hp_buf_str(s->buf) + s->start, *end = hp_buf_str(s->buf) + s->buf->len,
		   *p;

	while (end > start && strchr(" \t\r\n", end[-1]))
		end--;
	for (p = end; p > start && p[-1] != '\n';)
		p--;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	*ret_len = (size_t)(end - p);
	return p;
}

static int refused(const struct run *x, int status, struct hp_err *err)
{
	size_t n, name = strlen(x->name);
	const char *line = last_line(&x->errs, &n);

	if (!n)
		line = last_line(&x->out, &n);
	if (n > 800)
		n = 800;
	if (!n && status > 128)
		return hp_err_set(err, HP_E_REFUSED, "%s was ended by signal %d (%s)", x->name,
			status - 128, strsignal(status - 128));
	if (!n)
		return hp_err_set(err, HP_E_REFUSED, "%s ended with status %d", x->name, status);
	/* Most programs put their own name in front. */
	if (n > name && strncmp(line, x->name, name) == 0 && line[name] == ':')
		return hp_err_set(err, HP_E_REFUSED, "%.*s", (int)n, line);
	return hp_err_set(err, HP_E_REFUSED, "%s: %.*s", x->name, (int)n, line);
}

int hp_run_ok(const struct hp_run *r, struct hp_err *err)
{
	_cleanup_run_ struct run x = RUN_INIT(r, base_name(r->argv[0]));
	int rc = run_begin(&x, err);

	if (rc == 0)
		rc = run_end(&x, err);
	return rc > 0 ? refused(&x, rc, err) : rc;
}

/* ---- detached ---- */

int hp_run_detached(const struct hp_run *r, int log_fd, int listen_fd, pid_t *ret_pid,
	struct hp_err *err)
{
	_cleanup_run_ struct run x = RUN_INIT(r, base_name(r->argv[0]));
	uint64_t deadline = hp_now_ms() + timeout_of(r);
	struct hp_child_msg m, failed = {0};
	bool has_failed = false;
	pid_t program = -1;
	int rc, log, status;

	rc = run_open(&x, err);
	if (rc < 0)
		return rc;
	log = log_fd >= 0 ? log_fd : x.null_fd;
	x.pid = start_blocked(&x, hp_child_start_detached, x.null_fd, log, log, listen_fd);
	if (x.pid < 0)
		return hp_err_errno(
			err, HP_E_OS, errno, "cannot start a process for %s", r->argv[0]);
	/* Two tell us something, in either order; the pipe closes when both have. */
	while ((rc = read_msg(&x, deadline, &m, err)) > 0) {
		if (m.step == HP_CHILD_PID) {
			program = m.value;
		} else {
			failed = m;
			has_failed = true;
		}
	}
	if (rc < 0) {
		kill(x.pid, SIGKILL);
		if (program > 0)
			kill(program, SIGKILL);
	}
	reap(x.pid, &status);
	if (rc < 0)
		return rc;
	if (has_failed)
		return start_error(r, &failed, err);
	if (program < 0)
		return hp_err_set(err, HP_E_OS, "cannot run %s: it was killed before it began",
			r->argv[0]);
	*ret_pid = program;
	return 0;
}
