/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules of both front ends in one form: steps that put parts of the packet into
 * registers, as nf_tables does, compare them, and say what is done. Of x_tables the
 * decoder (nf_xt.c) makes the same steps as that of nf_tables (nf_nft.c).
 */
#ifndef UNHOLE_NF_H
#define UNHOLE_NF_H

#include "rules.h"

/* What a register can be loaded with, and the length there. */
enum nf_field {
	F_UNKNOWN,
	F_IIFNAME, F_OIFNAME,		/* 16 bytes */
	F_IIFKIND, F_OIFKIND,		/* 16 bytes */
	F_IIF, F_OIF,			/* an index, host order */
	F_IIFGROUP, F_OIFGROUP,		/* host order */
	F_MARK,				/* host order */
	F_L4PROTO, F_NFPROTO, F_PKTTYPE,	/* a byte */
	F_PROTOCOL,			/* an ethertype, network order */
	F_SOCKET,			/* of its socket, if it has one, and not known */
	F_OPTIONS,			/* of IP; off: OPT_* */
	F_ZERO,				/* what is 0 of a packet like this */
	F_UID,				/* of its socket, if it has one; host order */
	F_NETWORK, F_TRANSPORT,		/* headers: off, len */
	F_CT_STATE,			/* as nf_tables has it, host order */
	F_XT_STATE,			/* as conntrack's match has it, with its bits for NAT */
	F_CT_MARK, F_CT_STATUS,		/* host order */
	F_CT_SRC, F_CT_DST,		/* addresses as conntrack saw them first */
	F_CT_DIR,			/* a byte */
	F_CT_L3PROTO, F_CT_L4PROTO,	/* a byte */
	F_CT_SPORT, F_CT_DPORT,		/* as conntrack saw them first; network order, 2 bytes */
	F_CT_HELPER,			/* of the connection that it was expected by */
	F_CT_OTHER,			/* of the entry, and not known */
	F_ADDRTYPE,			/* RTN_*, host order; off: TYPE_* */
	F_RPF,				/* the way back: iif's index, or 0; off: RPF_* */
};

/* By any device; a byte: is there one?; with the packet's mark */
enum { RPF_LOOSE = 1, RPF_PRESENT = 2, RPF_MARK = 4 };

/* Of IPv6, extension headers; a byte: is it there? */
enum { OPT_IPV6 = 1, OPT_PRESENT = 2 };
/* Of the device that it comes in by, or goes out by; with the packet's mark */
enum { TYPE_DST = 1, TYPE_IIF = 2, TYPE_OIF = 4, TYPE_MARK = 8 };

enum nf_what {
	/* registers */
	NF_LOAD,	/* reg, len: field, off */
	NF_CONST,	/* reg, len: a */
	NF_BITWISE,	/* reg, len: sreg & a ^ b */
	NF_SWAP,	/* reg, len: sreg, in units of off bytes, turned round */
	NF_SHIFT,	/* reg, len (up to 4): sreg, host order, by arg bits; off: to the right */
	NF_FORGET,	/* reg, len: what is not known; of arg values, if that is not 0 */
	/* matches; invert turns them round */
	NF_CMP,		/* sreg, len: NFT_CMP_* arg with a */
	NF_RANGE,	/* sreg, len: from a to b */
	NF_LOOKUP,	/* sreg: is in set name; with a reg: and has its value there */
	NF_PORTS,	/* one of a's ranges, pairs of arg ports; off: 1 source, 2 destination, 3 either */
	NF_IPSET,	/* a: struct xt_set_info */
	NF_TYPES,	/* one of arg's types of address (1 << RTN_*); off as of F_ADDRTYPE */
	NF_DEV_LOCAL,	/* an address of the device that it comes in by (arg: goes out by); off the same */
	NF_OWNER,	/* the socket's user is from arg to off; no socket: no */
	NF_SOCKET,	/* there is a socket for it; arg: one for all addresses counts */
	NF_OPTION,	/* an extension header of IPv6 */
	NF_PHYSDEV,	/* a: struct xt_physdev_info */
	NF_HELPER,	/* its connection was expected by another's helper */
	NF_IF_ENTRY,	/* with no entry of conntrack, the next arg steps are left out */
	NF_MAYBE,	/* name: a match that is not evaluated */
	NF_NEVER,	/* (or always) */
	/* what is done */
	NF_SET_MARK, NF_SET_CTMARK,	/* sreg */
	NF_CONNMARK,	/* a: struct xt_connmark_tginfo2 */
	NF_MARK_UNKNOWN,	/* name */
	NF_SET_TOS,	/* (tos & ~arg) ^ off */
	NF_TOS_UNKNOWN,
	NF_SET_TTL,	/* arg: to off; arg 1: off more; 2: off less */
	NF_NPT,		/* a: struct ip6t_npt_tginfo, of the destination if arg */
	NF_SET_HEADER,	/* sreg, len: into header field at off */
	NF_SET_CT,	/* arg: enum ct_state */
	NF_UNHOLE,	/* a: struct xt_unhole_tginfo */
	NF_NAT,		/* see struct nf_nat */
	NF_OFFLOAD,
	NF_PUT,		/* into set name, or out of it: what arg says, enum nf_put */
	NF_IPSET_PUT,	/* the same: set number off */
	/* verdicts */
	NF_VERDICT,	/* arg: NF_*, NFT_*; to */
	NF_VMAP,	/* sreg: the verdict is what map name has */
};

enum nf_put { PUT_IN = 1, TAKE_OUT = 2, CHANGE = PUT_IN | TAKE_OUT };

enum nat_kind { NAT_SNAT, NAT_DNAT, NAT_MASQUERADE, NAT_REDIRECT, NAT_NETMAP };

/* Registers, or -1, of the first and the last address and port. */
struct nf_nat {
	enum nat_kind kind;
	int family;		/* NFPROTO_*; NFPROTO_INET: either */
	int min, max, port, port_max;
	bool netmap, random;
};

struct nf_chain;
struct nlattr;

struct nf_step {
	enum nf_what what;
	enum nf_field field;
	uint8_t reg, sreg, len;
	bool invert;
	uint32_t arg, off;
	const void *a, *b;
	const char *name;	/* length: name_len */
	unsigned int name_len;
	struct nf_nat nat;
	const struct nf_chain *to;
};

/* Steps of a rule: the longest of both front ends have about 40 */
#define NF_MAX_STEPS 96
#define NF_SCRATCH 1024
#define NF_NO_REG 0xff

struct nf_code {
	unsigned int n;
	struct nf_step step[NF_MAX_STEPS];
	/* Values that stand nowhere else */
	unsigned int used;
	bool overflow;		/* it has more than fits in here */
	uint64_t scratch[NF_SCRATCH / 8];
};

struct nf_rule {
	const void *raw;	/* what the decoder reads */
	unsigned int no;	/* in its chain, from 1 */
};

struct nf_table;

struct nf_chain {
	bool legacy;
	int family;		/* NFPROTO_* */
	const char *table, *name;
	const struct nf_table *of;	/* x_tables */
	unsigned int off;		/* x_tables: where it begins */
	bool base, is_nat, routes;
	enum hook hook;
	int prio, policy;
	char *devs;		/* of ingress and egress: names, each with a 0 behind it, and one more */
	struct nf_rule *rules;
	size_t n_rules;
	bool reached;		/* a scan has come here */
	/* the walker's: what came of it, the last time */
	unsigned long seen_at;
	bool seen_back, seen_accepts, seen_natted, seen_nat_sure, walking;
	enum tri seen_here, seen_unnatted;
};

/* All chains of one family (0: IPv4, 1: IPv6), in the order of registration as far as
 * it is known. Those of family inet are in both.
 */
struct nf_chains {
	struct nf_chain **chain;
	size_t n;
	enum tri tracks;	/* does a rule want conntrack? MAYBE: not looked yet */
};
extern struct nf_chains nf_chains[2];
/* Those of family bridge */
extern struct nf_chains nf_bridge_chains;

/* --- decoders ---------------------------------------------------------------- */

void nf_decode(const struct nf_chain *c, const struct nf_rule *r, struct nf_code *code);
struct nf_step *nf_step(struct nf_code *code, enum nf_what what);
void *nf_scratch(struct nf_code *code, const void *data, size_t len);
/* Has this rule a match of a device? */
bool nf_names_device(const struct nf_chain *c, unsigned int no);
const char *nf_place(const struct nf_chain *c, unsigned int no, char *buf, size_t len);

int xt_read(int family);
void xt_free(int family);
void xt_decode(const struct nf_chain *c, const struct nf_rule *r, struct nf_code *code);
/* One match, one target, which nf_tables' compat expressions have as well */
void xt_match(struct nf_code *code, int family, const char *name, int rev, const void *info, size_t len);
void xt_target(struct nf_code *code, int family, const char *name, int rev, const void *info, size_t len);

int nft_read(void);
void nft_free(void);
void nft_decode(const struct nf_chain *c, const struct nf_rule *r, struct nf_code *code);
const struct nf_chain *nft_chain_find(int family, const char *table, const char *name, size_t name_len);

/* Of chains with one priority in one hook: is a called before b? MAYBE: not known. NULL: what the kernel itself does there. */
enum tri nf_hook_order(int family, enum hook hook, int prio, const struct nf_chain *a, const struct nf_chain *b);
void nf_hook_free(void);

/* --- sets (nf_set.c) ----------------------------------------------------------- */

struct nf_elem {
	bool has_verdict;
	int code;
	const struct nf_chain *to;
	uint8_t data[64];
	size_t data_len;
};

/* Is what the registers hold in a set of nf_tables? The kernel is asked. MAYBE: then which
 * elements it may be, if they are few enough to be told; n: how many, or 0.
 */
#define MAX_CANDIDATES 32
struct nf_key {
	const char *set;
	size_t set_len;
	const uint8_t *b, *k;	/* the registers, and which bits are known */
	size_t room;		/* bytes up to their end */
};
struct nf_found {
	struct nf_elem elem[MAX_CANDIDATES];
	unsigned int n;
};
enum tri nft_set_has(const struct nf_chain *c, const struct nf_key *key, struct nf_found *found);
/* One of 64, by its name: two may have the same, and then one of them is known less well than it could be. */
uint64_t set_bit(const char *name, size_t len);
/* What was found of a set, if a rule before has changed it. */
enum tri set_since(const struct walk *w, uint64_t bit, enum tri found);
/* Of expressions of an element, in one attribute or in a list: do they but count? */
bool nf_only_counts(const struct nlattr *one, const struct nlattr *list);
/* ipset's: MAYBE, where it is of a type that is not asked for. */
enum tri ipset_has(const struct walk *w, const void *info);

/* --- evaluation (nf_eval.c) ---------------------------------------------------- */

/* Beside nftables' verdicts: NAT, which ends the way through chains of that type */
#define NF_NATTED 1000
/* and TPROXY, which accepts, or drops what nobody listens for */
#define NF_PROXIED 1001

/* What a rule says, and whether it is met. */
struct nf_said {
	enum tri matched;
	int code;		/* NF_*, NFT_*; NFT_CONTINUE: nothing */
	const struct nf_chain *to;
	/* A verdict map whose key is not known: one of these verdicts, if there are any, or
	 * anything of its table; sure: it is one of them
	 */
	bool any, sure;
	unsigned int n;
	struct {
		int code;
		const struct nf_chain *to;
	} alt[MAX_CANDIDATES];
};

/* Does the packet come to this rule? Does it, if NAT has not had it before? */
struct nf_reach {
	enum tri here, unnatted;
};

/* changed: counts what it has changed. */
void nf_eval(struct walk *w, const struct nf_chain *c, const struct nf_rule *r, struct nf_reach reach,
	     unsigned long *changed, struct nf_said *said);
void nf_unsure(struct walk *w, const struct nf_chain *c, unsigned int no, const char *what);
void nf_mark_unsure(struct walk *w, const struct nf_chain *c, unsigned int no, uint32_t bits, const char *what);

#endif
