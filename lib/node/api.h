/*
 * The panel's own web server on this node: an NGINX of its own, as a user of its own, in front of
 * hp-cgi. Nothing of it is the websites'.
 *   HP_API_ETC/nginx.conf     its configuration, from the template nginx/api.conf
 *   HP_API_ETC/server.d/      directives by hand, *.conf, within its server { }
 *   HP_CA_DIR/{ca,key}.pem    the installation's own authority; the key is root's alone
 *   HP_API_DIR/{chain,key}.pem  what it shows: root's, and to be read by its group
 */
#ifndef HP_NODE_API_H
#define HP_NODE_API_H

#include "base/err.h"
#include "base/paths.h"
#include "base/pool.h"
#include "sys/conf.h"

#define HP_API_USER "hosting-panel-api"
#define HP_API_CONF HP_API_ETC "/nginx.conf"
#define HP_API_RUN "/run/hosting-panel-api"
#define HP_API_CACHE "/var/cache/hosting-panel-api"

struct hp_api {
	const char *sysroot;
	const struct hp_conf *conf;
	bool force;   /* write over what was edited by hand */
	bool dry_run; /* look, write nothing */
	unsigned wait_ms;
};
struct hp_api_result {
	bool changed;            /* something was written */
	bool edited;             /* by hand, and so left as it is */
	bool reloaded;           /* it runs, and was told */
	const char *certificate; /* "own", or "website": the one of [api] server_name */
	int64_t not_after;
	const char *url;
};

/*
 * Bring it to what the configuration says: certificate, files, and where something changed and the
 * server runs, its reload. The new configuration is tested first (HP_E_REFUSED, the old one stays).
 * Nothing is stopped or started. As root, or below a sysroot, where nothing is tested or reloaded.
 */
int hp_api_setup(struct hp_pool *pool, const struct hp_api *a, struct hp_api_result *ret,
	struct hp_err *err);

/* ---- its certificate: api_cert.c ---- */
struct hp_api_cert {
	struct hp_strv dns, ips; /* what one of our own has to be for */
	const char *website;     /* the first of [api] server_name: its certificate is as good */
};
/*
 * Is there one for a while yet? Else it is made. *ret_changed is set true where something was, or
 * would have been, written. gid may read the key.
 */
int hp_api_cert(struct hp_pool *pool, const struct hp_api *a, const struct hp_api_cert *want,
	gid_t gid, struct hp_api_result *ret, struct hp_err *err);

#endif
