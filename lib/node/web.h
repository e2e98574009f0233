/*
 * Web servers as a part of the engine. One of them is the front: it has the public ports, serves
 * its own sites, and hands requests for the others' sites to their servers on loopback. What is
 * common to all stands in web*.c; a server is one file with one struct hp_server in it
 * (server_*.c), its templates, and a row in servers.c.
 *
 * A change goes through the servers in this order: those behind the front take their new vhosts
 * in and answer; then the front changes; and only when that is decided do those behind it lose
 * the vhosts that nobody is sent to any more. So a site that moves from one server to another
 * is served at every instant.
 */
#ifndef HP_NODE_WEB_H
#define HP_NODE_WEB_H

#include "node/emit.h"
#include "node/engine.h"
#include "node/settings.h"

#define HP_WEB_WORKERS_MAX 1024
/* Of the panel itself: no website's. */
#define HP_PANEL_PORT 8001
/* Where the front's name is kept: one of the node's own files. */
#define HP_WEB_FRONT_FILE HP_ETC "/front"
#define HP_WEB_KEY_FILE HP_NODE_DIR "/front-key"
/* .crt and .key: the pair for names that are no website's. */
#define HP_WEB_NOBODY HP_NODE_DIR "/nobody"
/* Begins names of files that are to be read last, and ends what orders them; no domain has it. */
#define HP_WEB_LAST "~"
/* Of each website, in its log folder. */
#define HP_WEB_ERROR_LOG "error.log"
#define HP_WEB_PROBE_PATH "/.well-known/hosting-panel/probe"

struct hp_web_server;

/* What a server's own test said: its first complaint, and the website to blame, if any. */
struct hp_web_verdict {
	const char *message; /* "unknown directive \"x\" in /…/a.conf:3", or NULL: none */
	const char *domain;  /* whose file it is, or NULL */
};

/* A file that all vhosts of a server share: the template of that name, put below its own folder. */
struct hp_web_shared {
	const char *name;
	unsigned mode;
	enum { HP_WEB_ALWAYS, HP_WEB_AT_FRONT, HP_WEB_BEHIND } when;
};

/* Whose answers are to be thrown away (web_kept.c). */
struct hp_forget {
	struct hp_pool *pool;
	const char *sysroot;
	struct hp_kept *v; /* by name */
	size_t n;
	bool dry; /* only counted */
};

struct hp_server {
	const char *name;    /* value of web_server; templates/<name>/, custom/<domain>/<name>/ */
	const char *package; /* apt install … */
	const char *service;
	const char *pidfile;
	const char *const *comms; /* what names of its processes begin with: any of these */
	const char *etc;  /* everything that we write for it stands below */
	const char *own;  /* and this is ours alone */
	const char *error_log;
	const char *sites, *enabled; /* folders of <domain>.conf, and of links to them (or NULL) */
	unsigned port;               /* on 127.0.0.1 where another server is the front */
	int reload;                  /* signal that makes it read its configuration */
	const char *const *binaries; /* where it may be */
	const char *node_file;       /* what the template node.conf becomes: it is read by itself */
	const char *node_link;       /* a link to it, through which it is read; or NULL */
	/*
	 * Of vhosts that fit a name the first counts, also where it has it by *.example.com: such
	 * names are to be read behind all others, the longest first.
	 */
	bool first_counts;
	const struct hp_web_shared *shared; /* read by what includes it; a name NULL ends it */
	const struct hp_becomes *becomes; /* what its vhosts make of each setting */
	/* The probe's answer ends this header of its response; NULL: it is the body. */
	const char *probe_header;
	/*
	 * It knows X-Forwarded-For and the like alone: it believes them behind another server, and
	 * as the front it sets none but them. A front tells it a word of each website's own.
	 */
	bool common_names;
	/* A reload puts another process in its place, which takes a moment to say its number. */
	bool renumbers;
	/*
	 * Its master lets signals in only while it sleeps (sigsuspend(2)), and sees to those that
	 * came while it worked afterwards. The others have no workers before they have seen to all.
	 */
	bool blocks;

	/* Hand-made configuration that rendering depends on; into s. */
	void (*look)(struct hp_engine *x, struct hp_web_server *s);
	/* What else files are made from: the administrator's that may need an edit. */
	void (*inputs)(struct hp_engine *x, struct hp_web_server *s, struct hp_digest *d);
	/* Slots that only its own shared files have, and what it needs besides them. */
	int (*node_data)(struct hp_engine *x, struct hp_web_server *s, struct hp_tmap *m,
		struct hp_emit *e, struct hp_err *err);
	/* Slots that only its own vhosts have. */
	int (*site_data)(struct hp_engine *x, const struct hp_site *site, struct hp_tmap *m,
		struct hp_err *err);
	/* What is to be as it wants it before it reads files of ours; on a live node alone. */
	int (*make)(struct hp_engine *x, struct hp_err *err);
	/* Its own test: run, and judged. As hp_part's. */
	int (*test)(struct hp_engine *x, struct hp_web_server *s, bool live, struct hp_err *err);
	/* Its last complaint in what its log has got since; NULL: none. */
	const char *(*last_words)(struct hp_pool *pool, char *log);
	/* A process that was of before a reload: does it take connections still? */
	bool (*accepts)(pid_t pid);
	const char *(*version)(struct hp_pool *pool, const char *binary);
	/*
	 * Throw away what it keeps of these websites' answers, as the front or since it was; NULL:
	 * it keeps none. It may be running or not.
	 */
	int (*forget)(const struct hp_forget *f, struct hp_err *err);
	/* A folder that is there while it is the front, root's and open to its group; or NULL. */
	const char *kept;
	/* Where it keeps an answer a file, which nobody bounds (hp_node_trim_kept()); or NULL. */
	const char *unbounded;
};
/* In the order in which the front is chosen when nobody says which. */
extern const struct hp_server *const hp_servers[];
/* By name; NULL: no server is called that. */
const struct hp_server *hp_server_find(const char *name);
#define HP_SERVERS_MAX 8

struct hp_web_server {
	const struct hp_server *is;
	const char *binary; /* without sysroot; NULL: not installed */
	uint8_t number;     /* of its row in hp_servers */
	bool used;          /* it is the front, or sites are wished on it */
	bool front;
	/*
	 * The administrator says himself what we would: NGINX's server_names_hash_*, Apache's
	 * "Listen 443".
	 */
	bool admin_sets;
	/* of this round */
	bool gains, loses; /* files are put or changed now; or go when all is decided */
	bool was_down;
	bool told; /* it was told to reload or start */
	uint64_t told_us;
	pid_t pid;                         /* of its master then; 0: it was to be started */
	off_t log_at;                      /* where its log ended then */
	pid_t workers[HP_WEB_WORKERS_MAX]; /* of before */
	size_t n_workers;
	/* from a journal */
	bool reload_back, stop_back, lose_now;
};

struct hp_web {
	struct hp_web_server v[HP_SERVERS_MAX];
	size_t n;
	struct hp_web_server *front;
	const char *front_before; /* of the last run; NULL: there was none */
	bool ipv6;
	const char *key; /* in the names of headers that only the front sets */
	struct hp_strv forget; /* from a journal: domains whose kept answers are to go */
};

static inline struct hp_web *hp_web(const struct hp_engine *x)
{
	return x->part[HP_PART_WEB];
}
/* ---- web_choose.c ---- */
/* Which servers are here and which is the front: x->part[HP_PART_WEB], nothing more looked at. */
int hp_web_choose(struct hp_engine *x, struct hp_err *err);
/* web->key, made once a node. */
int hp_web_load_key(struct hp_engine *x, struct hp_web *web, struct hp_err *err);
/* By name; NULL: no server is called that. */
struct hp_web_server *hp_web_find(struct hp_engine *x, const char *name);
/* The server whose folder a file stands in; NULL: none's (the front's name). */
struct hp_web_server *hp_web_of_file(struct hp_engine *x, const char *path);

/* Is one of these files that server's? */
bool hp_web_has_files(struct hp_engine *x, const struct hp_mfile *m, const struct hp_web_server *s);

/* ---- web_site.c ---- */
int hp_web_inputs(struct hp_engine *x, struct hp_digest *d, struct hp_err *err);
int hp_web_render_site(struct hp_engine *x, struct hp_wish *w, const struct hp_site *site,
	struct hp_emit *e, struct hp_err *err);
/* The files that all vhosts of a server share. */
int hp_web_render_shared(
	struct hp_engine *x, struct hp_web_server *s, struct hp_emit *e, struct hp_err *err);

/* ---- web_tls.c ---- */
/*
 * The slots certificate and certificate_key, and whether there is one: the site's certificate, if
 * it is to have one and has, is copied below the front's own folder, where its test sees it before
 * it counts.
 */
int hp_web_tls_data(struct hp_engine *x, const struct hp_wish *w, const struct hp_site *site,
	struct hp_tmap *m, struct hp_emit *e, struct hp_digest *d, bool *ret_has,
	struct hp_err *err);
/*
 * For a server that can't refuse a handshake for names that are no website's, and would show
 * somebody's certificate: the slots nobody_certificate and nobody_key, a pair that is made once a
 * node.
 */
int hp_web_nobody(struct hp_engine *x, const struct hp_web_server *s, struct hp_tmap *m,
	struct hp_emit *e, struct hp_err *err);
/* Is any website wished to have TLS? */
bool hp_web_any_tls(const struct hp_engine *x);
/* Does the front show this site's current certificate by now? what it shows is in heard. */
bool hp_web_tls_is_shown(struct hp_engine *x, const struct hp_wish *w, char *heard, size_t size);

/* ---- web_kept.c ---- */
/* Have all servers throw away what they keep of these; they are sorted. */
int hp_web_forget(const struct hp_forget *f, struct hp_err *err);
/* The one of that name; NULL: it is not among them. */
struct hp_kept *hp_kept_find(const struct hp_forget *f, const char *domain);
/*
 * The one whose name stands between the first mark in a file's first HP_KEPT_HEAD bytes and the
 * character that ends it; NULL: another website's, or nothing of ours.
 */
#define HP_KEPT_HEAD 1024
struct hp_kept *hp_kept_read(const struct hp_forget *f, int dirfd, const char *name,
	const char *mark, char stop);
/* Remove a file, and count it. -1 with errno. */
int hp_kept_remove(const struct hp_forget *f, struct hp_kept *of, int dirfd, const char *name);
/* fn for each file below a folder, which need not be there. It returns 0, or -1 with errno. */
typedef int hp_kept_fn(const struct hp_forget *f, void *arg, int dirfd, const char *name);
int hp_kept_walk(const struct hp_forget *f, const char *dir, hp_kept_fn *fn, void *arg,
	struct hp_err *err);

/* ---- web_test.c ---- */
int hp_web_test(struct hp_engine *x, bool live, struct hp_err *err);
/*
 * Run a server's test where the staged files are laid over its folder (or live). Returns 0 with
 * its exit status and all it said, 1 when this machine allows no such thing, or an error.
 */
int hp_web_run_test(struct hp_engine *x, struct hp_web_server *s, const char *const *argv,
	bool live, int *ret_status, struct hp_buf *said, struct hp_err *err);
/*
 * Start it for a trial, apart from everything that runs, with argv, which must end all it has
 * started. As hp_web_run_test().
 */
int hp_web_try_start(struct hp_engine *x, struct hp_web_server *s, const char *const *argv,
	int *ret_status, struct hp_buf *said, struct hp_err *err);
/* It refused: blame the site that the verdict names, if it is one that changes. */
int hp_web_refused(struct hp_engine *x, struct hp_web_server *s, const struct hp_web_verdict *v,
	const char *said, struct hp_err *err);
/* Another vhost has this name already: the site that has it, and changes, is to blame. 0: none. */
int hp_web_conflict(struct hp_engine *x, struct hp_web_server *s, const char *name,
	const char *listen, struct hp_err *err);
/*
 * "…/sites-enabled/example.com.conf" → "example.com"; a tested copy of hand-made directives
 * likewise, and *ret_shown is then its original. NULL: no site's file.
 */
const char *hp_web_domain_of(
	struct hp_pool *pool, const struct hp_server *s, const char *path, const char **ret_shown);

/* ---- server_nginx.c, for its tests ---- */
void hp_nginx_read_verdict(struct hp_pool *pool, const char *text, struct hp_web_verdict *ret);
/* All conflicting names, one after the other: *at is where to read on. false at the end. */
bool hp_nginx_next_conflict(
	struct hp_pool *pool, const char **at, const char **ret_name, const char **ret_listen);

/* ---- server_apache.c, for its tests ---- */
void hp_apache_read_verdict(struct hp_pool *pool, const char *text, struct hp_web_verdict *ret);
/* Names that two files' vhosts have on one address, by what -D DUMP_VHOSTS prints. */
size_t hp_apache_conflicts(
	struct hp_pool *pool, const char *text, struct hp_strv *names, struct hp_strv *listens);

/* ---- openlitespeed.c ---- */
/* As hp_server's. */
int hp_openlitespeed_make(struct hp_engine *x, struct hp_err *err);
/* "www." before a name is nothing to it: two websites may not differ by that alone. As a test. */
int hp_openlitespeed_names(
	struct hp_engine *x, const struct hp_web_server *s, struct hp_err *err);

int hp_openlitespeed_listener(
	struct hp_engine *x, const struct hp_web_server *s, struct hp_err *err);

/* ---- server_openlitespeed.c, for its tests ---- */
void hp_openlitespeed_read_verdict(
	struct hp_pool *pool, const char *text, struct hp_web_verdict *ret);

/* ---- web_tell.c ---- */
/* Room for the open files that all websites need, for a server or (pid 0) us and what we start. */
void hp_web_make_room(const struct hp_engine *x, pid_t pid);
/* One that does not run: HP_E_REFUSED with its last words. */
int hp_web_start(const struct hp_server *s, struct hp_err *err);
/* Where its log ends, and what it said since then; NULL: nothing of weight. */
off_t hp_web_log_end(const struct hp_server *s);
const char *hp_web_last_words(struct hp_pool *pool, const struct hp_server *s, off_t from);
/* Have it read its configuration; its workers of before are noted. */
int hp_web_reload(struct hp_web_server *s, struct hp_err *err);
/* Either, as its state at the journal wants, and report it. */
int hp_web_tell(struct hp_engine *x, struct hp_web_server *s, struct hp_err *err);
/* 0, or HP_E_REFUSED with its last words: the server was told to reload, and ended. */
int hp_web_lives(struct hp_web_server *s, struct hp_err *err);
/* After a reload: ports that it should not have any more (80, 443) are nobody's from here on. */
int hp_web_let_go(struct hp_engine *x, struct hp_web_server *s, struct hp_err *err);

/* ---- web_look.c ---- */
/* The master's pid, 0 when it does not run. */
int hp_web_pid(const struct hp_server *s, pid_t *ret, struct hp_err *err);
/* Its workers: children of the master. */
void hp_web_workers(struct hp_web_server *s, pid_t master);
/* Is this still a process of that server? */
bool hp_web_is_alive(const struct hp_server *s, pid_t pid);
/* A process's command line as it shows itself; "" when it is gone. */
const char *hp_web_title(pid_t pid, char *buf, size_t size);
/* Does it keep this signal waiting at the moment (sigprocmask(2))? */
bool hp_web_blocks(pid_t pid, int signo);
/* "0.0.0.0:80 [::]:80" from /proc. */
const char *hp_web_listens(struct hp_pool *pool, pid_t pid);
/* At any address. */
bool hp_web_listens_on(pid_t pid, unsigned port);
/* What a program says of its version behind this word; NULL. */
const char *hp_web_ask_version(struct hp_pool *pool, const char *const *argv, const char *before);
/* Of those that are installed. */
int hp_web_info(struct hp_pool *pool, struct hp_engine *x, struct hp_server_info **ret,
	size_t *ret_n, struct hp_err *err);

/* ---- web_probe.c ---- */
enum hp_web_until { HP_WEB_CLOSED, HP_WEB_GONE };
/*
 * Its workers of before the last reload take no new connection, or have ended; false: they have not
 * until end (hp_now_ms()).
 */
bool hp_web_wait_old(const struct hp_web_server *s, enum hp_web_until until, uint64_t end);
/* Do the sites that change on this server answer with their new configuration? */
int hp_web_probe_server(struct hp_engine *x, struct hp_web_server *s, struct hp_err *err);
#endif
