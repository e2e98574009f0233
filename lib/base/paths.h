/*
 * Where things stand on a node. Every system path that the panel itself owns is
 * written here once; all of them are below --sysroot when one is given.
 */
#ifndef HP_BASE_PATHS_H
#define HP_BASE_PATHS_H

#include "base/attr.h"

#define HP_ETC "/etc/hosting-panel"
#define HP_CONF_FILE HP_ETC "/hosting-panel.conf"
#define HP_CUSTOM_DIR HP_ETC "/custom" /* <domain>/<format>/ *.conf: hand-made directives */
#define HP_TEMPLATES_DIR HP_ETC "/templates"     /* overrides of ours: <format>/<name> */
#define HP_API_ETC HP_ETC "/api" /* the panel's own web server: lib/node/api.h */
#define HP_PHP_ETC HP_ETC "/php" /* <version>/<user>.conf: FPM configuration of a site */

#define HP_LIB "/var/lib/hosting-panel"
#define HP_DB_DIR HP_LIB "/db"                  /* root's and the panel's own group's */
#define HP_DB_FILE HP_DB_DIR "/panel.db"
#define HP_NODE_DIR HP_LIB "/node"               /* state document, manifest, journal, lock */
#define HP_SITES_DIR HP_LIB "/sites" /* <domain>/{sessions,uploads,tmp}: private to the site */
#define HP_CERTS_DIR HP_LIB "/certs"             /* <domain>/: lib/node/certs.h */
#define HP_CA_DIR HP_LIB "/ca"                   /* the installation's own authority: root 0700 */
#define HP_API_DIR HP_LIB "/api"                 /* certificate of the panel's own web server */
#define HP_SITES_LOG_DIR "/var/log/hosting-panel/sites" /* <domain>/ */
#define HP_VHOSTS_DIR "/var/www/vhosts"          /* <domain>: document root */
/* Answers that the front keeps begin with it, and the server's name: lib/node/server_*.c. */
#define HP_ANSWERS "/var/cache/hosting-panel-"

#define HP_RUN "/run/hosting-panel"
/* where who is not root has a state document applied: systemd/hosting-panel-web-manager.socket */
#define HP_WEB_MANAGER_SOCKET HP_RUN "/web-manager.sock"
/* … and where he is told what it would change: systemd/hosting-panel-web-planner.socket */
#define HP_WEB_PLANNER_SOCKET HP_RUN "/web-planner.sock"
#define HP_CGI_SOCKET HP_RUN "/cgi.sock"         /* systemd/hosting-panel-cgi.socket */
/* where root runs a verb for a user: systemd/hosting-panel-node-manager.socket */
#define HP_NODE_MANAGER_SOCKET HP_RUN "/node-manager.sock"
#define HP_PHP_RUN HP_RUN "/php"                 /* <user>.sock -> <version>/<user>.sock */

/*
 * Where this build's own modules and data (templates, pages) are: what configure said, or
 * HP_LIBDIR, HP_LIBEXECDIR, HP_BINDIR, HP_DATADIR and HP_WEBDIR from the environment (ignored when
 * secure_getenv(3) ignores them), so that programs run from a build folder.
 */
const char *hp_libdir(void) HP_NONNULL_RET;
const char *hp_libexecdir(void) HP_NONNULL_RET; /* programs that only our own programs start */
const char *hp_bindir(void) HP_NONNULL_RET;     /* the programs that people start */
const char *hp_datadir(void) HP_NONNULL_RET;
const char *hp_webdir(void) HP_NONNULL_RET; /* what browsers load: style, scripts */

#endif
