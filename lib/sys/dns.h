/* The DNS as others see it: asked directly, so that /etc/hosts has no say. */
#ifndef HP_SYS_DNS_H
#define HP_SYS_DNS_H

#include <netinet/in.h>

#include "base/err.h"
#include "base/pool.h"

struct hp_addr {
	bool v6;
	union {
		struct in_addr in4;
		struct in6_addr in6;
	};
	char text[INET6_ADDRSTRLEN];
};

struct hp_addrs {
	struct hp_addr *v;
	size_t n;
};

/*
 * The name's A and AAAA records, by the servers of resolv.conf(5), which follow its CNAMEs; added
 * to *ret, in pool. A name that does not exist, or has none, adds nothing. HP_E_BUSY when no server
 * answers.
 */
int hp_dns_addresses(
	struct hp_pool *pool, const char *name, struct hp_addrs *ret, struct hp_err *err);
/* Those of this machine's interfaces that are up, but for link-local ones. */
int hp_own_addresses(struct hp_pool *pool, struct hp_addrs *ret, struct hp_err *err);
/* "192.0.2.1" or "2001:db8::1"; HP_E_USAGE (no message) when it is no address. */
int hp_addr_parse(const char *text, struct hp_addr *ret);
bool hp_addr_is_loopback(const struct hp_addr *a);
void hp_addrs_add(struct hp_pool *pool, struct hp_addrs *l, const struct hp_addr *a);
bool hp_addrs_has(const struct hp_addrs *l, const struct hp_addr *a);

#endif
