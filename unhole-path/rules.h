/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What netfilter's rules make of one packet, and what doctor wants to know of all of
 * them. Both front ends are read into one form (nf.h) and walked by one walker.
 */
#ifndef UNHOLE_RULES_H
#define UNHOLE_RULES_H

#include "netlink.h"

/* Numbered as NF_INET_*; the last two are a device's: before and behind all others. */
enum hook { HOOK_PREROUTING, HOOK_INPUT, HOOK_FORWARD, HOOK_OUTPUT, HOOK_POSTROUTING, HOOK_INGRESS, HOOK_EGRESS };

/*
 * What conntrack has of the packet. CT_TEMPLATE: a rule has said something of the entry
 * that it will have. CT_ENTRY: it is one of a connection that is there, see struct ct_conn.
 */
enum ct_state { CT_NONE, CT_TEMPLATE, CT_NEW, CT_ENTRY, CT_UNTRACKED, CT_UNKNOWN };

enum manip { MANIP_SRC, MANIP_DST };

/* What NAT makes of source or destination. */
struct nat_to {
	bool has_addr, has_port;
	bool drops;		/* REDIRECT, and the device has no address */
	bool some;		/* one of so many that addr is but the first of them */
	struct addr addr;
	uint16_t port;		/* host order; 0: one that is not known */
	char by[WHERE];		/* the rule; "": no NAT */
};

/* A connection, and a packet of it (conn.c). */
struct ct_conn {
	bool reply;			/* the packet's direction */
	uint32_t state;			/* the packet's, as nf_tables has it */
	uint32_t status, mark, mark_known;
	struct addr src, dst;		/* of its first packet */
	struct addr to[2];		/* what NAT makes of this packet, by enum manip */
	uint16_t port[2];
	bool has_ports;
	uint32_t zone;			/* in which it was asked for */
	uint8_t type, code;		/* of ICMP */
};

/* What else tells one connection from another */
struct ct_key {
	bool has_type, has_id;
	uint8_t type, code;
	uint16_t id, zone;
};

/* Asks conntrack for the one that a packet with these addresses and ports is of. 0, or -ENOENT, -EPERM... */
int conn_find(const struct flow *f, const struct ct_key *key, struct ct_conn *c);

#define MAX_NAT 16

#define ZONE_UNKNOWN 0x10000

struct nf_chain;

/* An entry that the packet had before it was reset: conntrack may find it again. */
struct ct_entry {
	enum tri there;
	struct addr src, dst;
	uint16_t sport, dport;
	uint32_t zone, mark, mark_known;
	bool natted[2];
};

/*
 * A packet on its way, as a rule the first of its connection. A bit of a mark whose bit in
 * *_known is 0 is not known.
 */
struct ipvs;
struct walk {
	/* in: where it is */
	int family;
	enum hook hook;
	const char *iif, *oif;		/* NULL: none */
	struct addr nexthop;		/* MASQUERADE's, at POSTROUTING */
	bool bridged;			/* a bridge's own hook; iif or oif is its port, or not known */
	bool own;			/* made on this box */
	bool has_uid;
	uint32_t uid;			/* whose socket it is of */
	bool unholable;			/* it has a route that UNHOLE drops */
	/* It is any packet that begins a connection: of it are known the devices, marks, so many
	 * bits of its addresses, and its protocol, if that is told
	 */
	bool any;
	unsigned int src_len, dst_len;
	/* NAT that is told, instead of rules */
	struct nat_to told[2];
	bool is_told[2];		/* and not yet done */
	bool told_where_rules;		/* DNAT: only where a rule does it, too */
	bool told_met;			/* such a rule is here */
	/* Of several outcomes of NAT, which to take; see fork */
	const unsigned int *pick;
	const struct ct_conn *conn;	/* it is one of this, or NULL: the first of its own */
	unsigned int n_picks;
	/* in and out, from hook to hook */
	struct addr src, dst;
	bool src_unsure;		/* src is but one that it may be */
	uint8_t proto, tos;
	uint16_t sport, dport;		/* host order; 0: not known */
	uint32_t mark, mark_known, ctmark, ctmark_known;
	char mark_why[WHERE + 80];	/* the rule that made it unknown */
	bool tos_unsure;
	uint8_t ttl;			/* that a rule has set, or 0 */
	bool ttl_unsure;		/* one may have */
	/* Sets that a rule on its way has put something into, or taken out; by set_bit() */
	uint64_t put_into, taken_from;
	enum ct_state ct;
	bool nat_done[2], natted[2];	/* bound; to something else than it had */
	struct addr ct_src, ct_dst;	/* as conntrack saw it first */
	uint16_t ct_sport, ct_dport;
	uint32_t zone;			/* of conntrack, or ZONE_UNKNOWN */
	struct ct_entry before;
	unsigned int picked;
	bool served;			/* IPVS has had it */
	bool answers;			/* it is a server's, as IPVS has it */
	/* out */
	enum tri taken;			/* by IPVS, which ends this hook; vs: for which service */
	const struct ipvs *vs;
	enum tri unholed, dropped;
	uint32_t unhole_flags, unhole_mark, unhole_mask;
	char where[WHERE];		/* the UNHOLE rule */
	char drop_at[WHERE];		/* the one that drops */
	unsigned int drop_no;		/* its number; 0: the policy */
	const struct nf_chain *drop_chain;
	char unsure[WHERE + 80];	/* the first that could not be evaluated */
	bool raw_ends;			/* a rule of table raw may end it */
	struct nat_to nat;		/* what NAT has made of it here: has_addr, has_port */
	/* NAT has several outcomes, and none is picked: the walk has ended there */
	bool fork, nat_unknown, nat_sure;
	unsigned int n_outcomes;
	struct nat_to outcome[MAX_NAT + 1];
	/* OUTPUT: it is routed again, with this mark and TOS, which are not the last ones */
	bool relook;
	uint32_t relook_mark, relook_known;
	uint8_t relook_tos;
};

/* 0; -EPERM: may not look; other: could not. */
int rules_read(int family);
void rules_free(void);
void rules_walk(struct walk *w);
/* Is there a chain in this hook at all? */
bool rules_hooked(int family, enum hook hook);
/* Another entry of conntrack, or none, with what that forgets. */
void walk_reset_ct(struct walk *w, enum ct_state ct);
/* Each base chain of this hook that drops it, whatever the others do: the rule, or 0, the policy. */
typedef void (*drops_fn)(const struct nf_chain *base, const struct nf_chain *c, unsigned int no, void *arg);
void rules_drops(const struct walk *w, drops_fn fn, void *arg);
/* Each rule that is met, as a line, to fn. */
void rules_trace(void (*fn)(const char *line, void *arg), void *arg);

/* A look at all rules, for doctor. */
enum finding {
	FOUND_UNHOLE,		/* flags: the rule's options */
	FOUND_MASQUERADE,	/* dev: its -o */
	FOUND_SNAT,		/* the same */
	FOUND_INPUT_LO,		/* INPUT takes all that comes in by lo, since it does */
	FOUND_INPUT_GUARD,	/* INPUT drops what comes in by lo from outside */
	FOUND_OFFLOAD,		/* dev: what comes in by it goes to a flow table */
	FOUND_REDIRECT,		/* in PREROUTING; dev: its -i */
	FOUND_MARK,		/* flags: a mark that it sets, of packet or connection, wherever it stands */
	FOUND_REPLY_MARK,	/* the same, of a rule for replies only */
	FOUND_TO_LO,		/* DNAT in PREROUTING to 127.0.0.0/8; the same */
	FOUND_TOO_MANY,		/* rules, with jumps among them: of this base chain, the first were looked at, flags of them */
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
/* How many rules of iptables are there in a chain that name these devices? "": none */
unsigned int rules_like(int family, const char *table, const char *chain, const char *in, const char *out);
/* Does a rule name this device, for what goes out by it? */
bool rules_name_out(int family, const char *dev);
/* Is there a table of nftables with a chain in it? nf: NFPROTO_* */
bool rules_have_table(int nf, const char *table);
/* Has iptables-nft made this table, of those that have PREROUTING? */
bool is_iptables(int family, const char *table);

/* Has a command a name in it that would be more than a word, typed into a shell? Devices, tables and chains have any
 * name that who made them has chosen: of a network namespace, anybody.
 */
bool has_strange_name(const char *command);

#endif
