/* SPDX-License-Identifier: GPL-2.0-only */
/* unhole-path: what every part shares. */
#ifndef UNHOLE_PATH_H
#define UNHOLE_PATH_H

/* libc's own before the kernel's, which then leave out what is there */
#include <arpa/inet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

/* IFF_LOWER_UP, which libc's header does not have */
#define LOWER_UP 0x10000

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* A rule's place, as text */
#define WHERE 200

/* An address of either family, in network order; IPv4 uses the first 4 bytes. */
struct addr {
	uint8_t b[16];
};

/* Yes, no, and what cannot be known. */
enum tri { NO, YES, MAYBE };

enum { EXIT_LEAVES, EXIT_STAYS, EXIT_USAGE, EXIT_UNKNOWN };

/* --- addresses (addr.c) ---------------------------------------------------- */

const char *addr_text(int family, const struct addr *a);
bool in_prefix(const struct addr *a, const struct addr *p, int plen);
/* RFC 1918, 6598, 4193 */
bool is_private(int family, const struct addr *a);

/* --- what rtnetlink says (netlink.c) -------------------------------------- */

struct link {
	int index, master, link;
	unsigned int flags, mtu;
	uint32_t group;
	char name[IF_NAMESIZE];
	char kind[16];
};

struct address {
	int index, family, plen;
	uint8_t scope;		/* RT_SCOPE_* */
	uint32_t flags;		/* IFA_F_* */
	struct addr a;
};

struct rule {
	uint32_t pref, table, action, target, flags;
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
	bool has_label;		/* a flow label */
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
	uint32_t nhid;
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

int world_read(void);
/* What is read changes meanwhile: waits, longer each time. False: often enough. */
bool again(int *tries);
void world_free(void);
struct fib *fib_of(int family);
const struct link *link_by_index(int index);
const struct link *link_by_name(const char *name);
bool is_nvi(const struct link *l);
/* A number that no nexthop object has. */
uint32_t free_nhid(void);
bool addr_is_local(int family, const struct addr *a);
/* Is the address in a subnet of this device? */
bool addr_on_link(int family, const struct addr *a, int index);
/* The address that NAT takes of a device (inet_select_addr(); of IPv6 if there is but one
 * to take); near: an address that it is to reach, or NULL. False: it is not known.
 */
bool addr_of_dev(int family, const char *dev, const struct addr *near, struct addr *to);

/* --- lookups (fib.c, and netlink.c for the kernel's own) ------------------- */

struct flow {
	int family;
	struct addr src, dst;
	bool has_src;
	int iif, oif;		/* iif 0: an output lookup */
	uint32_t mark;
	uint8_t proto;		/* 0: not told */
	uint16_t sport, dport;	/* 0: not told */
	uint8_t tos;
	bool has_uid;
	uint32_t uid;
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

/* RTM_GETROUTE. Returns false if it cannot be asked; res->err is the answer. */
bool ask_route(const struct flow *f, struct result *res);
void fib_lookup(const struct flow *f, struct result *res);
/* Might another mark, in bits that are not known, lead it elsewhere? */
bool fib_mark_matters(const struct flow *f, uint32_t known);
/* Might another TOS? */
bool fib_tos_matters(int family);
/* RTN_*: inet_addr_type(), and what IPv6 has like it */
uint8_t addr_type(int family, const struct addr *a);
/* Has this protocol ports that policy rules see? */
bool has_ports(uint8_t proto);
/* IPv6: a route through loopback that the kernel made a reject of. */
bool is_reject_in_disguise(int family, const struct route *rt);
const char *describe_rule(const struct rule *r, char *buf, size_t len);
const char *describe_route(int family, const struct route *rt, char *buf, size_t len);

/* --- the box (box.c) ------------------------------------------------------- */

/* conf.DEV.NAME or conf.all.NAME of a family; -1 if it cannot be read. */
int conf(int family, const char *dev, const char *name);
/* It, as a command names it. A dot in the device's name is none of the separators: then
 * these are slashes. Good until the fourth call after.
 */
const char *knob(int family, const char *dev, const char *name);
/* Is what comes in by a device forwarded? From 6.17 on, one may be exempt from the global switch. */
bool v6_forwards(const char *dev);
/* Is this private flag of an nvi device set (nvi(8))? */
bool nvi_flag(const char *dev, const char *flag);
/* Has the kernel the core patches? why: how that is known. */
enum tri core_patched(const char **why);
void core_assume(bool yes);
/* Can a subsystem be asked without its module being loaded for it? */
bool is_present(const char *module);
const char *release(void);

/* --- the verdict (decide.c) ------------------------------------------------ */

enum verdict { V_LEAVES, V_LOCAL, V_DIES, V_UNKNOWN };

struct query {
	struct flow flow;	/* the packet as it is made or received */
	bool has_snat, has_dnat;
	struct addr snat, dnat;
	uint16_t dnat_port;
	int port_of;		/* iif was told as this device, a port of it; or 0 */
};

struct step {
	struct flow flow;
	struct result res;
	const char *why;	/* what kind of lookup */
};

/* NAT, where it was done */
struct nat_done {
	const char *hook;
	bool source;		/* or destination */
	struct addr to;
	uint16_t port;		/* 0: as it was, or not known */
	char by[WHERE];		/* the rule, or "as told" */
	int before;		/* the lookup that follows, by its number */
};

#define MAX_STEPS 6
#define MAX_NATS 6
#define MAX_NOTES 8
#define TEXT 480
struct path {
	struct query q;
	enum verdict verdict;
	const char *reason;	/* a word, for scripts: see the manual page */
	char text[TEXT];
	struct step step[MAX_STEPS];
	int n_steps;
	enum tri hole;		/* it entered loopback, or an nvi device */
	enum tri unholed;
	char by[WHERE];		/* the rule that unholed it */
	uint32_t unhole_flags, unhole_mark, unhole_mask;
	enum tri core;
	const char *core_why;
	/* nvi: what counts it if it does not leave (ethtool -S), and the input device
	 * that FORWARD sees if it does; or NULL
	 */
	const char *counter, *forward_iif;
	bool again;		/* nvi: its second pass has crossed PREROUTING */
	struct nat_done nat[MAX_NATS];
	int n_nats;
	struct addr source;	/* with which it leaves */
	unsigned int fork;	/* NAT has so many outcomes, and which is taken is not known */
	char fork_by[WHERE + 80];
	char note[MAX_NOTES][TEXT];
	int n_notes;
	char fix[MAX_NOTES][TEXT];
	int n_fixes;
};

void decide(const struct query *q, struct path *p);

/* Each hook and each rule that the packet meets, a line each, if they are asked for. */
struct trace {
	char **line;
	size_t n;
};
extern struct trace trace;
void trace_on(void);
/* The preference of a rule that is to stand right in front of this one */
uint32_t pref_before(const struct rule *r);
/* Of a device, by ip(7) the greater of its own and that of all */
int rp_filter(const char *dev);

/* --- output (print.c) ------------------------------------------------------ */

void print_text(const struct path *p, bool explain, bool color);
void print_json(const struct path *p);
void json_string(const char *s);

int doctor(bool json, bool color);

#endif
