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

/* An address of either family, in network order; IPv4 uses the first 4 bytes. */
struct addr {
	uint8_t b[16];
};

/* Yes, no, and what cannot be known. */
enum tri { NO, YES, MAYBE };

enum { EXIT_LEAVES, EXIT_STAYS, EXIT_USAGE, EXIT_UNKNOWN };

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
bool in_prefix(const struct addr *a, const struct addr *p, int plen);
/* Is the address in a subnet of this device? */
bool addr_on_link(int family, const struct addr *a, int index);

/* --- lookups (fib.c, and netlink.c for the kernel's own) ------------------- */

struct flow {
	int family;
	struct addr src, dst;
	bool has_src;
	int iif, oif;		/* iif 0: an output lookup */
	uint32_t mark;
	uint8_t proto;		/* 0: not told */
	uint16_t sport, dport;	/* 0: not told */
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
/* Might another mark lead it elsewhere? */
bool fib_mark_matters(const struct flow *f);
/* IPv6: a route through loopback that the kernel made a reject of. */
bool is_reject_in_disguise(int family, const struct route *rt);
const char *describe_rule(const struct rule *r, char *buf, size_t len);
const char *describe_route(int family, const struct route *rt, char *buf, size_t len);

/* --- netfilter (rules.c) --------------------------------------------------- */

enum hook { HOOK_PREROUTING = 0, HOOK_FORWARD = 2, HOOK_OUTPUT = 3, HOOK_POSTROUTING = 4 };

/* What conntrack has of the packet. CT_TEMPLATE: rules have said something; it comes
 * to conntrack later.
 */
enum ct_state { CT_NONE, CT_TEMPLATE, CT_NEW, CT_UNTRACKED, CT_UNKNOWN };

struct walk {
	/* in */
	int family;
	enum hook hook;
	struct addr src, dst, dst_nat;	/* dst_nat: behind nat PREROUTING */
	const char *iif, *oif;
	uint8_t proto;
	uint16_t sport, dport;
	bool unholable;			/* it has a route that UNHOLE drops */
	bool dnat;			/* OUTPUT: table nat changes the destination */
	/* in and out, from hook to hook */
	uint32_t mark;
	bool mark_unsure;
	char mark_why[200];		/* the rule that made it so */
	enum ct_state ct;
	/* out */
	enum tri unholed, dropped;
	uint32_t unhole_flags, unhole_mark, unhole_mask;
	char where[128];			/* the UNHOLE rule */
	char drop_at[128];		/* the one that drops */
	char unsure[200];		/* the first that could not be evaluated */
	bool raw_ends;			/* a rule of table raw may end it */
	/* OUTPUT: it is routed again, with this mark, which is not the last one */
	bool relook, relook_unsure;
	uint32_t relook_mark;
};

/* 0; -EPERM: may not look; other: could not. */
int rules_read(int family);
void rules_free(void);
void rules_walk(struct walk *w);

/* A look at all rules, for doctor. */
enum finding {
	FOUND_UNHOLE,		/* flags: the rule's options */
	FOUND_MASQUERADE,	/* dev: its -o */
	FOUND_SNAT,		/* the same */
	FOUND_INPUT_LO,		/* INPUT takes all that comes in by lo, since it does */
	FOUND_INPUT_GUARD,	/* INPUT drops what comes in by lo from outside */
	FOUND_OFFLOAD,		/* dev: what comes in by it goes to a flow table */
};
/* A device is a name, the beginning of one and "+", or empty: any. And: */
enum {
	FOUND_NOT = 1,		/* any but that */
	FOUND_PERHAPS = 2,	/* one of a set that is not looked into */
	FOUND_SOME = 4,		/* some packets only: there are other matches */
	FOUND_BEHIND = 8,	/* what leaves by lo has met another rule before */
};
typedef void (*found_fn)(enum finding what, const char *where, const char *dev, uint32_t flags,
			 void *arg);
enum tri found_takes(const char *pattern, uint32_t flags, const char *dev);
void rules_scan(int family, found_fn fn, void *arg);

/* --- the box (box.c) ------------------------------------------------------- */

/* conf.DEV.NAME or conf.all.NAME of a family; -1 if it cannot be read. */
int conf(int family, const char *dev, const char *name);
/* It, as a command names it. A dot in the device's name is none of the separators: then
 * these are slashes. Good until the fourth call after.
 */
const char *knob(int family, const char *dev, const char *name);
/* Is what comes in by a device forwarded? From 6.17 on, one may be exempt from the global switch. */
bool v6_forwards(const char *dev);
/* Does the second pass of an nvi device cross PREROUTING (nvi(8))? */
bool nvi_prerouting(const char *dev);
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
};

struct step {
	struct flow flow;
	struct result res;
	const char *why;	/* what kind of lookup */
};

#define MAX_STEPS 4
#define MAX_NOTES 8
#define TEXT 320
struct path {
	struct query q;
	enum verdict verdict;
	const char *reason;	/* a word, for scripts: see the manual page */
	char text[TEXT];
	struct step step[MAX_STEPS];
	int n_steps;
	enum tri hole;		/* it entered loopback, or an nvi device */
	enum tri unholed;
	char by[128];		/* the rule that unholed it */
	uint32_t unhole_flags, unhole_mark, unhole_mask;
	enum tri core;
	const char *core_why;
	/* nvi: what counts it if it does not leave (ethtool -S), and the input device
	 * that FORWARD sees if it does; or NULL
	 */
	const char *counter, *forward_iif;
	bool again;		/* nvi: its second pass has crossed PREROUTING */
	char note[MAX_NOTES][TEXT];
	int n_notes;
	char fix[MAX_NOTES][TEXT];
	int n_fixes;
};

void decide(const struct query *q, struct path *p);
/* Of a device, by ip(7) the greater of its own and that of all */
int rp_filter(const char *dev);

/* --- output (print.c) ------------------------------------------------------ */

void print_text(const struct path *p, bool explain, bool color);
void print_json(const struct path *p);
void json_string(const char *s);
const char *addr_text(int family, const struct addr *a);

int doctor(bool json, bool color);

#endif
