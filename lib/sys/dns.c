/* libc's resolver; what takes its answers apart is in libresolv, loaded at the first answer. */
#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <resolv.h>

#include "base/str.h"
#include "sys/dns.h"
#include "sys/lib.h"

#define LIB_RESOLV "libresolv.so.2" /* glibc's ABI since 2.2 */
#define TRY_S 3
#define TRIES 2

static struct {
	__typeof__(&ns_initparse) initparse;
	__typeof__(&ns_parserr) parserr;
} lib;

static int load(struct hp_err *err)
{
	static const struct hp_lib_sym syms[] = {
		{"ns_initparse", &lib.initparse},
		{"ns_parserr", &lib.parserr},
		{NULL, NULL},
	};

	return lib.parserr ? 0 : hp_lib_load(LIB_RESOLV, syms, err);
}

/* ---- addresses ---- */
void hp_addrs_add(struct hp_pool *pool, struct hp_addrs *l, const struct hp_addr *a)
{
	struct hp_addr *v = hp_palloc(pool, (l->n + 1) * sizeof(*v));

	if (l->n)
		memcpy(v, l->v, l->n * sizeof(*v));
	v[l->n++] = *a;
	l->v = v;
}

bool hp_addrs_has(const struct hp_addrs *l, const struct hp_addr *a)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].v6 == a->v6 && hp_streq(l->v[i].text, a->text))
			return true;
	return false;
}

static void set_v4(struct hp_addr *a, const void *p)
{
	memset(a, 0, sizeof(*a));
	memcpy(&a->in4, p, sizeof(a->in4));
	inet_ntop(AF_INET, &a->in4, a->text, sizeof(a->text));
}

static void set_v6(struct hp_addr *a, const void *p)
{
	memset(a, 0, sizeof(*a));
	a->v6 = true;
	memcpy(&a->in6, p, sizeof(a->in6));
	inet_ntop(AF_INET6, &a->in6, a->text, sizeof(a->text));
}

int hp_addr_parse(const char *text, struct hp_addr *ret)
{
	unsigned char b[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, text, b) == 1)
		set_v4(ret, b);
	else if (inet_pton(AF_INET6, text, b) == 1)
		set_v6(ret, b);
	else
		return HP_E_USAGE;
	return 0;
}

bool hp_addr_is_loopback(const struct hp_addr *a)
{
	if (a->v6)
		return IN6_IS_ADDR_LOOPBACK(&a->in6);
	return ntohl(a->in4.s_addr) >> 24 == 127;
}

int hp_own_addresses(struct hp_pool *pool, struct hp_addrs *ret, struct hp_err *err)
{
	struct ifaddrs *l, *i;
	struct hp_addr a;

	if (getifaddrs(&l) < 0)
		return hp_err_errno(
			err, HP_E_OS, errno, "this machine's addresses can't be listed");
	for (i = l; i; i = i->ifa_next) {
		if (!i->ifa_addr || !(i->ifa_flags & IFF_UP))
			continue;
		if (i->ifa_addr->sa_family == AF_INET) {
			set_v4(&a, &((struct sockaddr_in *)(void *)i->ifa_addr)->sin_addr);
			hp_addrs_add(pool, ret, &a);
		} else if (i->ifa_addr->sa_family == AF_INET6) {
			set_v6(&a, &((struct sockaddr_in6 *)(void *)i->ifa_addr)->sin6_addr);
			if (!IN6_IS_ADDR_LINKLOCAL(&a.in6))
				hp_addrs_add(pool, ret, &a);
		}
	}
	freeifaddrs(l);
	return 0;
}

/* ---- asking ---- */
static int take_answer(struct hp_pool *pool, const unsigned char *p, int n, int type,
	struct hp_addrs *ret, struct hp_err *err)
{
	struct hp_addr a;
	ns_msg m;
	ns_rr rr;

	if (load(err) < 0)
		return err->code;
	if (lib.initparse(p, n, &m) < 0)
		return hp_err_set(err, HP_E_BUSY, "the answer of the DNS can't be read");
	for (int i = 0; i < ns_msg_count(m, ns_s_an); i++) {
		if (lib.parserr(&m, ns_s_an, i, &rr) < 0)
			return hp_err_set(err, HP_E_BUSY, "the answer of the DNS can't be read");
		if ((int)ns_rr_type(rr) != type)
			continue;
		if (type == ns_t_a && ns_rr_rdlen(rr) == sizeof(struct in_addr))
			set_v4(&a, ns_rr_rdata(rr));
		else if (type == ns_t_aaaa && ns_rr_rdlen(rr) == sizeof(struct in6_addr))
			set_v6(&a, ns_rr_rdata(rr));
		else
			continue;
		if (!hp_addrs_has(ret, &a))
			hp_addrs_add(pool, ret, &a);
	}
	return 0;
}

int hp_dns_addresses(
	struct hp_pool *pool, const char *name, struct hp_addrs *ret, struct hp_err *err)
{
	static const int types[] = {ns_t_a, ns_t_aaaa};
	struct __res_state state = {0};
	unsigned char answer[NS_MAXMSG / 8];
	int n;

	if (res_ninit(&state) < 0)
		return hp_err_set(err, HP_E_OS, "the resolver can't be set up");
	state.retrans = TRY_S;
	state.retry = TRIES;
	for (size_t i = 0; i < HP_ARRAY_SIZE(types) && !err->code; i++) {
		n = res_nquery(&state, name, ns_c_in, types[i], answer, sizeof(answer));
		if (n > (int)sizeof(answer))
			n = (int)sizeof(answer);
		if (n >= 0)
			take_answer(pool, answer, n, types[i], ret, err);
		else if (state.res_h_errno != HOST_NOT_FOUND && state.res_h_errno != NO_DATA)
			hp_err_set(err, HP_E_BUSY, "%s: the DNS does not answer: %s", name,
				hstrerror(state.res_h_errno));
	}
	res_nclose(&state);
	return err->code;
}
