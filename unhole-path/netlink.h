/* SPDX-License-Identifier: GPL-2.0-only */
/* What rtnetlink says of the box, read once; and the kernel's own lookup (netlink.c). */
#ifndef UNHOLE_NETLINK_H
#define UNHOLE_NETLINK_H

#include "util.h"

struct link {
	int index, master, link;
	unsigned int flags, mtu;
	uint32_t group;
	char name[IF_NAMESIZE];
	char kind[16];
	bool xdp;		/* has a program of XDP */
};

struct address {
	int index, family, plen;
	uint8_t scope;		/* RT_SCOPE_* */
	uint32_t flags;		/* IFA_F_* */
	struct addr a;
};

struct rule {
	uint32_t pref, table, action, target, flags, realms;
	uint8_t src_len, dst_len, tos;
	struct addr src, dst;
	char iif[IF_NAMESIZE], oif[IF_NAMESIZE];
	uint32_t mark, mask;
	bool has_mark;
	uint32_t uid_start, uid_end;
	bool has_uid, l3mdev;
	uint8_t ipproto;
	uint16_t sport[2], dport[2], sport_mask, dport_mask;
	uint8_t dscp, dscp_mask;	/* of the six bits of the DSCP */
	uint32_t label, label_mask;	/* the flow label, host order */
	int suppress_plen, suppress_group;
	bool strange;		/* has a selector that this tool does not know */
};

struct nexthop {
	int oif;
	unsigned int flags;
	bool has_gw;
	int gw_family;
	struct addr gw;
};

struct route {
	uint32_t table, metric;
	uint8_t plen, src_plen, type, tos, protocol;
	unsigned int flags, mtu, n_nh;
	uint32_t nhid, realms;
	struct addr dst, prefsrc;
	bool has_prefsrc;
	uint16_t encap;		/* LWTUNNEL_ENCAP_*, or 0 */
	/* All of them; that is &one, where there is one: most routes of a large table */
	struct nexthop *nh, one;
};

/* One family's picture. It is taken once, at the start. */
struct fib {
	struct rule *rules;
	struct route *routes;
	size_t n_rules, n_routes;
};

struct world {
	struct link *links;
	struct address *addrs;
	size_t n_links, n_addrs;
	struct fib fib[2];	/* IPv4, IPv6: see fib_of() */
	int lo;			/* index of loopback */
};

extern struct world world;

struct mnl_socket;
struct nlmsghdr;
/* Sends a request and gives each answer to fn: 0, or a negative errno. */
int netlink_talk(struct mnl_socket *nl, struct nlmsghdr *nlh, int (*fn)(const struct nlmsghdr *nlh, void *arg), void *arg);

int world_read(void);
/* What is read changes meanwhile: waits, longer each time. False: often enough. */
bool again(int *tries);
void world_free(void);
struct fib *fib_of(int family);
const struct link *link_by_index(int index);
const struct link *link_by_name(const char *name);
/* "?" if there is none */
const char *dev_name(int index);
bool is_nvi(const struct link *l);
/* What a packet is looked up again behind: loopback, or an nvi device */
bool is_hole(const struct link *l);
bool is_bridge(const struct link *l);
/* Ports of this device are nothing to IP: a bridge, a bond, a team */
bool has_members(const struct link *l);
/* A number that no nexthop object has. */
uint32_t free_nhid(void);
bool addr_is_local(int family, const struct addr *a);
/* Is the address in a subnet of this device? */
bool addr_on_link(int family, const struct addr *a, int index);
/* The address that NAT takes of a device (inet_select_addr(); of IPv6 if there is but one
 * to take); near: an address that it is to reach, or NULL. False: it is not known.
 */
bool addr_of_dev(int family, const char *dev, const struct addr *near, struct addr *to);
/* One of the box's, but for loopback's */
bool box_addr(int family, struct addr *to);
/* The first address of a device, which REDIRECT takes; false: it has none. */
bool first_addr(int family, const char *dev, struct addr *to);

struct flow {
	int family;
	struct addr src, dst;
	bool has_src;
	int iif, oif;		/* iif 0: an output lookup */
	uint32_t mark;
	uint8_t proto;		/* 0: not told */
	uint16_t sport, dport;	/* 0: not told */
	uint8_t tos;
	bool has_uid, has_label;
	uint32_t uid, label;	/* label: IPv6's, host order */
};

struct result {
	int err;		/* 0, or the errno that the lookup ends with */
	uint8_t type;		/* RTN_* */
	uint32_t table;
	int oif;
	bool has_gw;
	int gw_family;
	struct addr gw;
	bool has_prefsrc;
	struct addr prefsrc;
	unsigned int mtu;	/* of the route, or 0 */
	uint16_t encap;
	/* emulated only */
	const struct route *route;
	const struct rule *rule;
	unsigned int paths;	/* nexthops to choose from */
	const char *unsure;	/* why the emulation may be wrong, or NULL */
	bool untold;		/* ... since the question leaves it open */
};

/* The route's MTU, or its device's */
unsigned int result_mtu(const struct result *res);
/* RTM_GETROUTE. Returns false if it cannot be asked; res->err is the answer. */
bool ask_route(const struct flow *f, struct result *res);

#endif
