/* Web servers as they run. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>

#include "node/web.h"
#include "base/str.h"
#include "sys/run.h"
#include "sys/service.h"

static ssize_t read_proc(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[64];
	int fd _cleanup_close_ = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 ? read(fd, buf, size - 1) : -1;
	buf[n > 0 ? n : 0] = 0;
	return n;
}

bool hp_web_is_alive(const struct hp_server *s, pid_t pid)
{
	const char *const *name;
	char comm[32];

	if (read_proc(pid, "comm", comm, sizeof(comm)) <= 0)
		return false;
	for (name = s->comms; *name; name++)
		if (hp_str_starts(comm, *name))
			return true;
	return false;
}

const char *hp_web_title(pid_t pid, char *buf, size_t size)
{
	read_proc(pid, "cmdline", buf, size);
	return buf;
}

bool hp_web_blocks(pid_t pid, int signo)
{
	unsigned long long mask;
	char status[4096];
	const char *p;

	read_proc(pid, "status", status, sizeof(status));
	p = strstr(status, "\nSigBlk:");
	return p && sscanf(p + 8, "%llx", &mask) == 1 && (mask >> (signo - 1) & 1);
}

/* A pid file may be stale and its number another program's. */
int hp_web_pid(const struct hp_server *s, pid_t *ret, struct hp_err *err)
{
	*ret = 0;
	if (hp_service_pid(s->service, s->pidfile, ret, err) < 0)
		return err->code;
	if (*ret > 0 && !hp_web_is_alive(s, *ret))
		*ret = 0;
	return 0;
}

/* ---- workers ---- */
/* The fourth field of stat; the second is a name in brackets that may contain anything. */
static pid_t parent_of(pid_t pid)
{
	char stat[512];
	const char *p;
	int ppid = 0;

	if (read_proc(pid, "stat", stat, sizeof(stat)) <= 0)
		return 0;
	p = strrchr(stat, ')');
	return p && sscanf(p + 1, " %*c %d", &ppid) == 1 ? ppid : 0;
}

void hp_web_workers(struct hp_web_server *s, pid_t master)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	uint64_t pid;

	s->n_workers = 0;
	while (d && s->n_workers < HP_WEB_WORKERS_MAX && (e = readdir(d)))
		if (hp_parse_u64(e->d_name, INT32_MAX, &pid) == 0 &&
			hp_web_is_alive(s->is, (pid_t)pid) && parent_of((pid_t)pid) == master)
			s->workers[s->n_workers++] = (pid_t)pid;
	if (d)
		closedir(d);
}

/* ---- where it listens: its sockets' inodes, looked up in /proc/net/tcp ---- */
struct inodes {
	uint64_t v[256];
	size_t n;
};

static void read_inodes(pid_t pid, struct inodes *ret)
{
	char path[64], target[64];
	struct dirent *e;
	uint64_t ino;
	ssize_t n;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	d = opendir(path);
	while (d && ret->n < HP_ARRAY_SIZE(ret->v) && (e = readdir(d))) {
		n = readlinkat(dirfd(d), e->d_name, target, sizeof(target) - 1);
		if (n < 10)
			continue;
		target[n - 1] = 0; /* the closing bracket */
		if (hp_str_starts(target, "socket:[") &&
			hp_parse_u64(target + 8, UINT64_MAX, &ino) == 0)
			ret->v[ret->n++] = ino;
	}
	if (d)
		closedir(d);
}

/*
 * "0100007F:0050" → "127.0.0.1:80": words of the address in host order, as the kernel prints them.
 */
static const char *show_address(struct hp_pool *pool, const char *hex, bool v6)
{
	unsigned words[4] = {0}, port = 0;
	char text[INET6_ADDRSTRLEN];

	if (v6 ? sscanf(hex, "%8X%8X%8X%8X:%4X", &words[0], &words[1], &words[2], &words[3],
			 &port) != 5
	       : sscanf(hex, "%8X:%4X", &words[0], &port) != 2)
		return NULL;
	if (!inet_ntop(v6 ? AF_INET6 : AF_INET, words, text, sizeof(text)))
		return NULL;
	return v6 ? hp_pprintf(pool, "[%s]:%u", text, port) : hp_pprintf(pool, "%s:%u", text, port);
}

static void add_listens(struct hp_pool *pool, const char *table, bool v6, const struct inodes *in,
	struct hp_strv *ret)
{
	FILE *f _cleanup_fclose_ = fopen(table, "re");
	unsigned long long ino;
	char line[512], local[64];
	unsigned state;
	const char *shown;
	size_t i;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %*u: %63s %*s %X %*s %*s %*s %*u %*u %llu", local, &state,
			    &ino) != 3 ||
			state != 10 /* TCP_LISTEN */)
			continue;
		for (i = 0; i < in->n && in->v[i] != ino; i++)
			;
		shown = i < in->n ? show_address(pool, local, v6) : NULL;
		if (shown && !hp_strv_has(ret, shown))
			hp_strv_add_ref(pool, ret, shown);
	}
}

const char *hp_web_listens(struct hp_pool *pool, pid_t pid)
{
	struct hp_buf b _cleanup_buf_ = HP_BUF_INIT;
	struct hp_strv l = {0};
	struct inodes in = {.n = 0};
	size_t i;

	read_inodes(pid, &in);
	add_listens(pool, "/proc/net/tcp", false, &in, &l);
	add_listens(pool, "/proc/net/tcp6", true, &in, &l);
	for (i = 0; i < l.n; i++)
		hp_buf_addf(&b, "%s%s", i ? " " : "", l.v[i]);
	return hp_pstrdup(pool, hp_buf_str(&b));
}

bool hp_web_listens_on(pid_t pid, unsigned port)
{
	struct hp_pool *pool _cleanup_pool_ = hp_pool_new();
	const char *suffix = hp_pprintf(pool, ":%u", port);
	struct hp_strv at = {0};
	size_t i;

	hp_str_split(pool, hp_web_listens(pool, pid), " ", &at);
	for (i = 0; i < at.n; i++)
		if (hp_str_ends(at.v[i], suffix))
			return true;
	return false;
}

const char *hp_web_ask_version(struct hp_pool *pool, const char *const *argv, const char *before)
{
	struct hp_buf said _cleanup_buf_ = HP_BUF_INIT, errs _cleanup_buf_ = HP_BUF_INIT;
	struct hp_run r = {.argv = argv, .out = &said, .errs = &errs, .timeout_ms = 10000};
	struct hp_err ignored = HP_ERR_INIT;
	const char *p;

	if (hp_run(&r, &ignored) != 0)
		return NULL;
	hp_buf_adds(&said, hp_buf_str(&errs));
	p = strstr(hp_buf_str(&said), before);
	if (!p)
		return NULL;
	p += strlen(before);
	return hp_pstrndup(pool, p, strcspn(p, " \n"));
}

static int info(struct hp_pool *pool, struct hp_engine *x, const struct hp_web_server *s,
	struct hp_server_info *ret, struct hp_err *err)
{
	pid_t pid = 0;

	*ret = (struct hp_server_info){.name = s->is->name,
		.binary = hp_pstrdup(pool, s->binary),
		.service = s->is->service,
		.listens = "",
		.front = s->front};
	if (!x->live)
		return 0;
	ret->version = s->is->version(pool, s->binary);
	if (hp_web_pid(s->is, &pid, err) < 0)
		return err->code;
	ret->active = pid > 0;
	if (pid > 0)
		ret->listens = hp_web_listens(pool, pid);
	return 0;
}

int hp_web_info(struct hp_pool *pool, struct hp_engine *x, struct hp_server_info **ret,
	size_t *ret_n, struct hp_err *err)
{
	struct hp_server_info *v = hp_palloc(pool, HP_SERVERS_MAX * sizeof(*v));
	struct hp_web *web = hp_web(x);
	size_t i, n = 0;

	for (i = 0; i < web->n; i++)
		if (web->v[i].binary && info(pool, x, &web->v[i], &v[n++], err) < 0)
			return err->code;
	*ret = v;
	*ret_n = n;
	return 0;
}
