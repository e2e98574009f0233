/* What a website's PHP says of itself when it is asked over FastCGI, not what files say of it. */
#ifndef HP_NODE_PHP_ASK_H
#define HP_NODE_PHP_ASK_H

#include <sys/types.h>
#include "base/err.h"
#include "base/pool.h"

struct hp_php_facts {
	const char *release, *sapi; /* "8.3.8", "fpm-fcgi" */
	pid_t pid;                  /* of the child that answered */
	uid_t uid;                  /* that it runs as: what the kernel says */
	const char *extensions;     /* JSON array, sorted, lower case */
	/* as ini_get() has them for a request */
	const char *memory_limit, *max_execution_time, *upload_max_filesize, *post_max_size;
	const char *opcache; /* on, off, missing */
	bool jit;
	int64_t opcache_bytes, opcache_scripts;
	/* of the pool, since its master started */
	int64_t requests, active, max_active, max_children_reached, slow_requests;
};

/*
 * One request for <version>/probe.php and one for the pool's status through its socket (a real
 * path): this wakes a master that sleeps. It is the tenant's process that answers: nothing in it
 * is trusted, everything is checked for its form. HP_E_BUSY when nobody answers in time or what
 * is answered is nothing of this.
 */
int hp_php_ask(struct hp_pool *pool, const char *socket, const char *version, unsigned timeout_ms,
	struct hp_php_facts *ret, struct hp_err *err);

#endif
