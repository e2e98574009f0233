/*
 * The data plane: state document in, report out. Knows no database and no panel;
 * trusts nothing that it is sent.
 *
 * One run is one transaction over the node's files, users, PHP instances and
 * servers: recover → plan → test → make → switch → break → commit (see
 * docs/design.md). At every instant, kill -9 included, the node is in the old
 * world or the new one, or the next run (or hosting-panel-recover.service at boot)
 * brings it there.
 */
#ifndef HP_NODE_NODE_H
#define HP_NODE_NODE_H

#include "base/err.h"
#include "base/pool.h"
#include "base/buf.h"
#include "sys/conf.h"
#include "model/site.h"

/* ---- the report: JSON lines ---- */
/*
 * One line per site that changed or could not, one per server reloaded, one at the end:
 *   {"event":"site","domain":"example.com","action":"add|change|remove","result":"applied|pending|
 *     refused|drift|undone","exit":0,"message":"…","hint":"…"}
 *   {"event":"file","path":"/etc/nginx/…","domain":"…","message":"…",
 *     "action":"drift|restored"}
 *   {"event":"diff","path":"/etc/nginx/…","domain":"…","diff":"--- …"}       a plan's, if wanted
 *   {"event":"reload","server":"nginx"}
 *   {"event":"end","node":"web1","generation":42,
 *     "result":"applied|unchanged|partial|undone|pending","sites":1000,"changed":1,
 *     "failed":0,"total_us":…,"children_us":…,"servers_us":…,"message":"…","exit":0}
 * total_us is the whole run; children_us of it went into programs that it ran (tests, systemctl),
 * servers_us into waiting for servers that it told to reload or start. A run that fails before it
 * knows what is to be done (a bad document, another run at work) reports nothing.
 */
typedef void hp_report_fn(void *arg, const char *json_line, size_t len);

/* ---- one run ---- */
/*
 * Hand-made files of a server that give way to a website in the run that makes it: they are removed
 * (or overwritten, where the website has a file of that name) when its own are put in place, and
 * are back where they were whenever it is undone. Whoever gives them keeps what was in them.
 */
struct hp_takeover {
	const char *domain;
	struct hp_strv paths;     /* clean, without sysroot; below a server's own folder */
};

struct hp_node_opts {
	const char *sysroot;      /* files go below it; no service is touched and no server asked */
	const struct hp_conf *conf;
	int state_fd;             /* the document; -1: the one kept from the last run */
	const char *state_name;   /* for messages */
	unsigned state_ms;        /* for it to arrive whole; then HP_E_BUSY. 0: no limit */
	/*
	 * state_fd is a pipe of this very process, which writes the document while the run begins:
	 * the lock is taken before it is there.
	 */
	bool state_beside;
	bool force;               /* take over files that were edited by hand */
	bool mend;                /* apply: make again what any site lacks besides files */
	const char *front;        /* server to have the public ports; NULL: the one that has */
	unsigned wait_ms;         /* for another run to end; then HP_E_BUSY */
	bool quiet_plan;          /* plan: only the list of paths, no diff */
	int diff_fd;              /* plan: the unified diff goes here; -1: none */
	bool diff_events;         /* plan: each file's diff is an event of the report, too */
	hp_report_fn *report;
	void *report_arg;
	/*
	 * Domains whose document roots and logs go too when the document no longer has them (sorted
	 * or not; NULL: none). All others keep theirs: the document says what is served, not what
	 * is thrown away.
	 */
	const struct hp_strv *purge;
	const struct hp_takeover *takeover; /* or NULL */
};

/*
 * 0: the node is as the document says (changed or not). HP_E_REFUSED / HP_E_EXISTS /
 * HP_E_BUSY / …: what failed first; the report says which sites are applied and which were
 * left as they were. An older generation than the one applied is not an error: nothing is done.
 */
int hp_node_apply(const struct hp_node_opts *o, struct hp_err *err);
/* 0 nothing to do, HP_E_PENDING changes pending (no message). Touches nothing. */
int hp_node_plan(const struct hp_node_opts *o, struct hp_err *err);
/*
 * Files, links, users and instances against the manifest: 0, or HP_E_NO with events for each drift.
 */
int hp_node_verify(const struct hp_node_opts *o, struct hp_err *err);
/*
 * HP_E_EXISTS when a file of this website is not as it was written: an apply would leave the
 * website as it is, as it says itself.
 */
int hp_node_edited(const struct hp_node_opts *o, const char *domain, struct hp_err *err);
/* Roll a journal left by a killed run; make run-time links and sockets that a boot has lost. */
int hp_node_recover(const struct hp_node_opts *o, struct hp_err *err);

/* ---- looking ---- */
struct hp_server_info {
	const char *name;      /* "nginx" */
	const char *binary, *version, *service;
	bool active, front;
	const char *listens;   /* "0.0.0.0:80 [::]:80" */
};
int hp_node_detect(struct hp_pool *pool, const struct hp_node_opts *o, struct hp_server_info **ret,
	size_t *ret_n, struct hp_err *err);

/* Name of the server that has the public ports, or is to have them. */
int hp_node_front(struct hp_pool *pool, const struct hp_node_opts *o, const char **ret,
	struct hp_err *err);

struct hp_php_info {
	const char *version;   /* "8.2" */
	const char *release;   /* "8.2.29" */
	const char *fpm, *cli; /* programs */
	int64_t sites, running, waiting; /* instances with a master / only a socket */
	bool is_default;
};
int hp_node_php_list(struct hp_pool *pool, const struct hp_node_opts *o, struct hp_php_info **ret,
	size_t *ret_n, struct hp_err *err);

/* What is on this node for one site: files with digests, user, PHP instance. HP_E_NOT_FOUND. */
struct hp_site_info {
	const char *domain, *user, *php_version, *socket,
		*instance_state; /* running waiting stopped */
	/* Further versions, that some of its paths have, with the socket and state of each. */
	struct hp_strv more_php, more_sockets, more_states;
	struct hp_strv files;   /* paths */
	const char *document_root, *log_dir, *state_dir;
};
int hp_node_site_info(struct hp_pool *pool, const struct hp_node_opts *o, const char *domain,
	struct hp_site_info **ret, struct hp_err *err);

/* ---- log files ---- */
/*
 * Websites' log files were renamed: servers that have websites open new ones, by a reload after
 * their own test, and requests go on. A server that refuses goes on in the old files; the others
 * are told all the same. Events of kind reload; the first error.
 */
int hp_node_reopen_web(const struct hp_node_opts *o, struct hp_err *err);
/* The same for the PHP masters that run. *ret_n: how many were told. */
int hp_node_reopen_php(const struct hp_node_opts *o, size_t *ret_n, struct hp_err *err);

/* ---- what the front keeps of websites' answers (cache_enabled) ---- */
struct hp_kept {
	const char *domain;
	bool known;      /* it is a website of this node */
	int64_t removed; /* answers, counted up */
};
/*
 * Throw away all that is kept of these websites (which are sorted), and nothing of others'. The
 * server runs on; an answer that it is waiting for meanwhile may still be kept. dry: only counted.
 */
int hp_node_purge_kept(struct hp_pool *pool, const struct hp_node_opts *o, struct hp_kept *v,
	size_t n, bool dry, struct hp_err *err);
/*
 * Where a server has no bound for them, remove the oldest answers until the others have that many
 * bytes of the disk at most. *ret_left: what they have.
 */
int hp_node_trim_kept(struct hp_pool *pool, const char *sysroot, uint64_t most, bool dry,
	int64_t *ret_removed, int64_t *ret_left, struct hp_err *err);

#endif
