/* The NGINX part's own: shared by its files only. */
#ifndef HP_NODE_PART_NGINX_H
#define HP_NODE_PART_NGINX_H

#include "node/engine.h"

#define HP_NGINX_ETC "/etc/nginx"
#define HP_NGINX_OWN HP_NGINX_ETC "/hosting-panel"         /* what vhosts include */
#define HP_NGINX_CUSTOM HP_NGINX_OWN "/custom"             /* <domain>@<file>: tested copies */
#define HP_NGINX_CONF_D HP_NGINX_ETC "/conf.d/hosting-panel.conf"
#define HP_NGINX_PIDFILE "/run/nginx.pid"

#define HP_NGINX_WORKERS_MAX 1024

struct hp_nginx_part {
	const char *binary;      /* without sysroot; NULL: not installed */
	bool ipv6;
	bool sets_hash;          /* the administrator sets server_names_hash_* elsewhere */
	bool moves;              /* files change in this round: a reload is due */
	bool was_down;
	uint64_t told_us;        /* when it was told to reload */
	pid_t workers[HP_NGINX_WORKERS_MAX]; /* of before */
	size_t n_workers;
	bool reload_back, stop_back; /* what a journal's lines add up to */
};

static inline struct hp_nginx_part *hp_nginx(const struct hp_engine *x)
{
	return x->part[HP_PART_NGINX];
}

/* ---- nginx_render.c ---- */
int hp_nginx_inputs(struct hp_engine *x, struct hp_digest *d, struct hp_err *err);
int hp_nginx_render_site(struct hp_engine *x, struct hp_wish *w, const struct hp_site *site,
	struct hp_emit *e, struct hp_err *err);
int hp_nginx_render_node(struct hp_engine *x, struct hp_emit *e, struct hp_err *err);

/* ---- nginx_test.c ---- */
int hp_nginx_test(struct hp_engine *x, bool live, struct hp_err *err);
/*
 * What nginx -t said: its first complaint as a sentence, and the website to blame, if any.
 * conflict: complaints about a name that another vhost has already count too.
 */
struct hp_nginx_verdict {
	const char *message;     /* "unknown directive \"x\" in /…/a.conf:3", or NULL: none */
	const char *domain;      /* whose file it is, or NULL */
	const char *name, *listen; /* conflicting server name; else NULL */
};
void hp_nginx_read_verdict(struct hp_pool *pool, const char *text, struct hp_nginx_verdict *ret);
/* All conflicting names, one after the other: *at is where to read on. false at the end. */
bool hp_nginx_next_conflict(struct hp_pool *pool, const char **at, const char **ret_name,
	const char **ret_listen);

/* ---- nginx_look.c ---- */
/* The master's pid, 0 when it does not run. */
int hp_nginx_pid(pid_t *ret, struct hp_err *err);
/* Its workers: children of the master. */
void hp_nginx_workers(pid_t master, struct hp_nginx_part *p);
/* Does this worker take connections still: it has not ended, nor begun to? */
bool hp_nginx_worker_accepts(pid_t pid);
/* "0.0.0.0:80 [::]:80" from /proc. */
const char *hp_nginx_listens(struct hp_pool *pool, pid_t pid);
int hp_nginx_info(struct hp_pool *pool, struct hp_engine *x, struct hp_server_info *ret,
	struct hp_err *err);

/* ---- nginx_probe.c ---- */
int hp_nginx_probe(struct hp_engine *x, struct hp_err *err);

#endif
