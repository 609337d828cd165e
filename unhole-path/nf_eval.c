// SPDX-License-Identifier: GPL-2.0-only
/*
 * One rule and one packet. Of each bit in a register it is known whether it is known, so
 * that what is told of a packet is enough where the rest does not matter.
 */
#include "nf.h"
#include "box.h"
#include "fib.h"
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_UNHOLE.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_physdev.h>
#include <linux/netfilter_ipv6/ip6t_NPT.h>
#include <linux/rtnetlink.h>
#include <string.h>

#define TCP_FLAGS 13	/* their byte in the header */
#define ICMP_ECHO 8
#define ICMPV6_ECHO 128
#define RF 64

struct regs {
	uint8_t b[RF], k[RF];	/* bits, and which are known */
};

/* What one evaluation is about. */
struct at {
	struct walk *w;
	const struct nf_chain *c;
	const struct nf_rule *r;
	unsigned long *changed;
	struct nf_reach reach;
	enum tri matched;	/* does what this rule does happen? */
	enum tri own;		/* is it met, if the packet comes to it? */
	struct regs regs;
	struct nf_found found;	/* in a set */
	uint8_t found_in;	/* one of what is found is in there; NF_NO_REG: nowhere */
	uint32_t one_of[RF / 4];	/* the register is one of so many numbers, from 0; 0: who knows */
};

/* --- what is not known ------------------------------------------------------------------ */

void nf_unsure(struct walk *w, const struct nf_chain *c, unsigned int no, const char *what)
{
	char at[WHERE];

	if (!w->unsure[0])
		snprintf(w->unsure, sizeof(w->unsure), "%s: %s", nf_place(c, no, at, sizeof(at)), what);
}

void nf_mark_unsure(struct walk *w, const struct nf_chain *c, unsigned int no, uint32_t bits, const char *what)
{
	char at[WHERE];

	if (!(w->mark_known & bits))
		return;
	if (w->mark_known == 0xffffffff)
		snprintf(w->mark_why, sizeof(w->mark_why), "%s: %s", nf_place(c, no, at, sizeof(at)), what);
	w->mark_known &= ~bits;
	nf_unsure(w, c, no, what);
}

static void mark_unsure(struct at *a, uint32_t bits, const char *what)
{
	if (a->w->mark_known & bits)
		++*a->changed;
	nf_mark_unsure(a->w, a->c, a->r->no, bits, what);
}

/* --- fields ----------------------------------------------------------------------------- */

static void number(struct regs *v, uint32_t n, uint32_t known)
{
	memcpy(v->b, &n, sizeof(n));
	memcpy(v->k, &known, sizeof(known));
}

static void bytes(struct regs *v, size_t at, const void *data, size_t len)
{
	memcpy(v->b + at, data, len);
	memset(v->k + at, 0xff, len);
}

static void first_bits(uint8_t *k, unsigned int n, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		k[i] = n >= 8 * (i + 1) ? 0xff : n <= 8 * i ? 0 : (uint8_t)(0xff00 >> (n - 8 * i));
}

static void network_header(const struct walk *w, struct regs *v)
{
	bool v4 = w->family == AF_INET;
	size_t len = v4 ? 4 : 16, src = v4 ? 12 : 8;
	uint8_t tos_known = w->tos_unsure ? 0 : 0xff;

	bytes(v, src, &w->src, len);
	bytes(v, src + len, &w->dst, len);
	if (w->src_unsure)
		memset(v->k + src, 0, len);
	/* (Any IPv6 packet may have extension headers.) */
	if (w->proto && (v4 || !w->any))
		bytes(v, v4 ? 9 : 6, &w->proto, 1);
	if (w->any) {
		first_bits(v->k + src, w->src_len, len);
		first_bits(v->k + src + len, w->dst_len, len);
		return;
	}
	if (v4) {
		bytes(v, 0, "\x45", 1);
		v->b[1] = w->tos;
		v->k[1] = tos_known;
		/* No fragment; whether it may become one is not known */
		v->k[6] = 0xbf;
		v->k[7] = 0xff;
	} else {
		v->b[0] = 0x60 | w->tos >> 4;
		v->k[0] = 0xf0 | tos_known >> 4;
		v->b[1] = w->tos << 4;
		v->k[1] = tos_known << 4;
	}
}

static void transport_header(const struct walk *w, struct regs *v)
{
	uint16_t sport = htons(w->sport), dport = htons(w->dport);
	uint8_t icmp = w->family == AF_INET ? ICMP_ECHO : ICMPV6_ECHO;

	if (w->proto == (w->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6)) {
		/* That is what begins a connection */
		bytes(v, 0, w->conn ? &w->conn->type : &icmp, 1);
		bytes(v, 1, w->conn ? (const void *)&w->conn->code : "", 1);
		return;
	}
	if (w->proto == IPPROTO_TCP || w->proto == IPPROTO_UDP || w->proto == IPPROTO_SCTP ||
	    w->proto == IPPROTO_DCCP || w->proto == IPPROTO_UDPLITE) {
		if (w->sport)
			bytes(v, 0, &sport, 2);
		if (w->dport)
			bytes(v, 2, &dport, 2);
	}
	/* The first of a connection. Who asks for TCP's flags has asked for TCP before */
	if (w->proto != IPPROTO_TCP && w->proto)
		return;
	if (!w->conn || w->conn->state == NF_CT_STATE_BIT(IP_CT_NEW)) {
		bytes(v, TCP_FLAGS, "\x02", 1);
		return;
	}
	/* One in its midst: ACK, and neither SYN, RST nor FIN */
	v->b[TCP_FLAGS] = 0x10;
	v->k[TCP_FLAGS] = 0x17;
}

/* May it be of a connection that another one's helper has expected? */
static enum tri has_helper(const struct walk *w)
{
	if (w->ct == CT_UNKNOWN || w->ct == CT_TEMPLATE)
		return MAYBE;
	return w->ct == CT_ENTRY && w->conn->status & IPS_EXPECTED ? MAYBE : NO;
}

/* Of the connection's first packet, as it came */
static void ct_port(const struct walk *w, bool source, struct regs *v)
{
	uint16_t port = source ? w->ct_sport : w->ct_dport;

	if (w->ct == CT_ENTRY && w->conn->reply)
		port = w->conn->port[source ? MANIP_DST : MANIP_SRC];
	if (!port || !has_ports(w->proto))
		return;
	port = htons(port);
	bytes(v, 0, &port, sizeof(port));
}

/* Returns false where the kernel's expression ends the rule. */
static bool ct_field(const struct walk *w, enum nf_field field, struct regs *v)
{
	uint32_t state = w->ct == CT_NONE ? NF_CT_STATE_INVALID_BIT :
			 w->ct == CT_UNTRACKED ? NF_CT_STATE_UNTRACKED_BIT :
			 w->ct == CT_ENTRY ? w->conn->state : NF_CT_STATE_BIT(IP_CT_NEW);
	uint32_t status = w->ct == CT_ENTRY ? w->conn->status : (w->natted[MANIP_SRC] ? IPS_SRC_NAT : 0) |
			  (w->natted[MANIP_DST] ? IPS_DST_NAT : 0);
	bool entry = w->ct == CT_NEW || w->ct == CT_ENTRY;
	bool known = w->ct != CT_UNKNOWN && w->ct != CT_TEMPLATE;

	if (field == F_XT_STATE) {
		if (w->ct == CT_UNTRACKED)
			state = XT_CONNTRACK_STATE_UNTRACKED;
		if (entry && status & IPS_SRC_NAT)
			state |= XT_CONNTRACK_STATE_SNAT;
		if (entry && status & IPS_DST_NAT)
			state |= XT_CONNTRACK_STATE_DNAT;
	}
	if (field == F_CT_STATE || field == F_XT_STATE) {
		number(v, state, known ? 0xffffffff : 0);
		return true;
	}
	if (!known)
		return true;
	if (!entry)
		return false;
	if (field == F_CT_MARK)
		number(v, w->ctmark, w->ctmark_known);
	else if (field == F_CT_STATUS)
		number(v, status, (w->any ? 0 : IPS_SRC_NAT) | IPS_DST_NAT | IPS_SEEN_REPLY | IPS_ASSURED | IPS_EXPECTED);
	else if (field == F_CT_DIR)
		bytes(v, 0, w->ct == CT_ENTRY && w->conn->reply ? "\1" : "", 1);
	else if (field == F_CT_SRC || field == F_CT_DST)
		bytes(v, 0, field == F_CT_SRC ? &w->ct_src : &w->ct_dst, 16);
	else if (field == F_CT_SPORT || field == F_CT_DPORT)
		ct_port(w, field == F_CT_SPORT, v);
	else if (field == F_CT_L4PROTO && w->proto)
		bytes(v, 0, &w->proto, 1);
	else if (field == F_CT_L3PROTO)
		bytes(v, 0, w->family == AF_INET ? "\2" : "\12", 1);
	return field != F_CT_HELPER || has_helper(w) != NO;
}

static bool device_field(const struct walk *w, enum nf_field field, struct regs *v)
{
	bool in = field == F_IIFNAME || field == F_IIF || field == F_IIFGROUP || field == F_IIFKIND;
	const char *name = in ? w->iif : w->oif;
	const struct link *l = name ? link_by_name(name) : NULL;
	char padded[16] = { 0 };

	/* Some port */
	if (w->bridged && !name)
		return true;
	switch (field) {
	case F_IIFNAME:
	case F_OIFNAME:
		memcpy(padded, name ? name : "", name ? strnlen(name, 16) : 0);
		bytes(v, 0, padded, 16);
		return true;
	case F_IIF:
	case F_OIF:
		number(v, l ? l->index : 0, 0xffffffff);
		return true;
	case F_IIFGROUP:
	case F_OIFGROUP:
		number(v, l ? l->group : 0, 0xffffffff);
		return l;
	default:
		if (l)
			memcpy(padded, l->kind, strnlen(l->kind, 16));
		bytes(v, 0, padded, 16);
		return l && l->kind[0];
	}
}

/* By the way back, does the source lie behind iif? nft_fib4_eval(), rpfilter_mt() */
static void way_back(const struct walk *w, uint32_t how, struct regs *v)
{
	const struct link *in = w->iif ? link_by_name(w->iif) : NULL, *master = in ? link_by_index(in->master) : NULL;
	struct flow back = { .family = w->family, .dst = w->src, .src = w->dst, .has_src = true };
	uint32_t found = 0;
	struct result res;
	unsigned int i;

	/* In a VRF the kernel looks in its table, or not, from version to version */
	if (!in || strcmp(in->kind, "vrf") == 0 || (master && strcmp(master->kind, "vrf") == 0))
		return;
	if (how & RPF_MARK)
		back.mark = w->mark;
	if (in->flags & IFF_LOOPBACK) {
		found = in->index;
	} else {
		if (how & RPF_MARK && fib_mark_matters(&back, w->mark_known))
			return;
		fib_lookup(&back, &res);
		if (res.unsure)
			return;
		if (!res.err && res.type == RTN_UNICAST && res.route)
			for (i = 0; i < res.route->n_nh; i++)
				if (how & RPF_LOOSE || res.route->nh[i].oif == in->index)
					found = in->index;
	}
	if (how & RPF_PRESENT)
		bytes(v, 0, found ? "\1" : "", 1);
	else
		number(v, found, 0xffffffff);
}

static bool is_vrf(const char *name)
{
	const struct link *l = name ? link_by_name(name) : NULL, *m = l ? link_by_index(l->master) : NULL;

	return (l && strcmp(l->kind, "vrf") == 0) || (m && strcmp(m->kind, "vrf") == 0);
}

/* nft_fib4_eval_type(), which looks in table local, whatever the mark is. A VRF's own addresses are in its table. */
static void type_of(const struct walk *w, uint32_t how, struct regs *v)
{
	const char *name = how & TYPE_IIF ? w->iif : how & TYPE_OIF ? w->oif : NULL;
	const struct link *l = name ? link_by_name(name) : NULL;

	if (w->src_unsure && !(how & TYPE_DST))
		return;
	if ((how & (TYPE_IIF | TYPE_OIF) && (!l || is_vrf(name))) || (how & TYPE_MARK && w->family == AF_INET6))
		return;
	number(v, addr_type_at(w->family, how & TYPE_DST ? &w->dst : &w->src, l ? l->index : 0), 0xffffffff);
}

/* What comes in for a socket that is there has it in INPUT (early demux); a new connection's first packet has none. */
static bool may_have_socket(const struct walk *w)
{
	return w->own || (w->hook == HOOK_INPUT && w->ct == CT_ENTRY);
}

/* Is it not known of a packet that may be any? */
static bool may_be_any(const struct walk *w, enum nf_field field)
{
	switch (field) {
	case F_OIFNAME:
	case F_OIF:
	case F_OIFKIND:
	case F_OIFGROUP:
		return w->hook == HOOK_OUTPUT;
	case F_PKTTYPE:
	case F_ZERO:
	case F_TRANSPORT:
	case F_ADDRTYPE:
	case F_RPF:
	case F_OPTIONS:
	case F_CT_SRC:
	case F_CT_DST:
	case F_CT_SPORT:
	case F_CT_DPORT:
		return true;
	default:
		return false;
	}
}

/* Returns false where the kernel's expression ends the rule: there is nothing to load. */
static bool load(const struct walk *w, const struct nf_step *s, struct regs *v)
{
	uint16_t ethertype = htons(w->family == AF_INET ? 0x0800 : 0x86dd);
	uint8_t nfproto = w->family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6;

	memset(v, 0, sizeof(*v));
	if (w->any && may_be_any(w, s->field))
		return true;
	if (s->field >= F_CT_STATE && s->field <= F_CT_OTHER)
		return ct_field(w, s->field, v);
	switch (s->field) {
	case F_UNKNOWN:
		return true;
	case F_MARK:
		number(v, w->mark, w->mark_known);
		return true;
	case F_L4PROTO:
		if (w->proto)
			bytes(v, 0, &w->proto, 1);
		return true;
	case F_NFPROTO:
		bytes(v, 0, &nfproto, 1);
		return true;
	case F_PROTOCOL:
		/* vrf_ip_out() calls OUTPUT before it is set */
		if (!w->own || w->hook != HOOK_OUTPUT || !is_vrf(w->oif))
			bytes(v, 0, &ethertype, 2);
		return true;
	case F_PKTTYPE:
	case F_ZERO:
		bytes(v, 0, "", 1);
		return true;
	case F_UID:
		if (w->has_uid && w->own)
			number(v, w->uid, 0xffffffff);
		return may_have_socket(w);
	case F_NETWORK:
		network_header(w, v);
		return true;
	case F_TRANSPORT:
		transport_header(w, v);
		return true;
	case F_ADDRTYPE:
		type_of(w, s->off, v);
		return true;
	case F_OPTIONS:
		/* A plain packet has none, and of the other family nothing is asked */
		if (s->off & OPT_PRESENT)
			bytes(v, 0, "", 1);
		return s->off & OPT_PRESENT && (w->family == AF_INET6) == (bool)(s->off & OPT_IPV6);
	case F_SOCKET:
		return may_have_socket(w);
	case F_RPF:
		way_back(w, s->off, v);
		return true;
	default:
		return device_field(w, s->field, v);
	}
}

/* --- registers ---------------------------------------------------------------------------- */

static bool fits(uint8_t reg, uint8_t len)
{
	return reg < RF && len <= RF - reg;
}

/* Padded to whole words, as the kernel does it; data NULL: not known. */
static void put(struct regs *r, uint8_t reg, const uint8_t *data, const uint8_t *known, uint8_t len)
{
	unsigned int i;

	for (i = 0; i < len && reg + i < RF; i++) {
		r->b[reg + i] = data ? data[i] : 0;
		r->k[reg + i] = !data ? 0 : known ? known[i] : 0xff;
	}
	for (; (i & 3) && reg + i < RF; i++) {
		r->b[reg + i] = 0;
		r->k[reg + i] = 0xff;
	}
}

static void do_load(struct at *a, const struct nf_step *s)
{
	bool header = s->field == F_NETWORK || s->field == F_TRANSPORT;
	uint32_t off = header ? s->off : 0;
	struct regs v;

	if (!fits(s->reg, 0))
		return;
	if (!load(a->w, s, &v))
		a->matched = NO;
	if (off + s->len > RF)
		put(&a->regs, s->reg, NULL, NULL, s->len);
	else
		put(&a->regs, s->reg, v.b + off, v.k + off, s->len);
}

static void do_bitwise(struct regs *r, const struct nf_step *s)
{
	const uint8_t *and = s->a, *xor = s->b;
	uint8_t b[RF] = { 0 }, k[RF] = { 0 };
	unsigned int i;

	if (!fits(s->sreg, s->len) || !fits(s->reg, s->len))
		return;
	for (i = 0; i < s->len; i++) {
		b[i] = (r->b[s->sreg + i] & and[i]) ^ xor[i];
		k[i] = r->k[s->sreg + i] | ~and[i];
	}
	put(r, s->reg, b, k, s->len);
}

static void do_shift(struct regs *r, const struct nf_step *s)
{
	uint32_t b = 0, k = 0;

	if (!fits(s->sreg, 4) || !fits(s->reg, 4))
		return;
	memcpy(&b, r->b + s->sreg, 4);
	memcpy(&k, r->k + s->sreg, 4);
	b = s->off ? b >> s->arg : b << s->arg;
	k = ~(s->off ? ~k >> s->arg : ~k << s->arg);
	put(r, s->reg, (uint8_t *)&b, (uint8_t *)&k, 4);
}

static void do_swap(struct regs *r, const struct nf_step *s)
{
	uint8_t b[RF], k[RF];
	unsigned int i, j, size = s->off;

	if (!fits(s->sreg, s->len) || !fits(s->reg, s->len))
		return;
	memcpy(b, r->b + s->sreg, s->len);
	memcpy(k, r->k + s->sreg, s->len);
	/* On a host of the other kind the two orders are one */
	if (htons(1) != 1 && size)
		for (i = 0; i + size <= s->len; i += size)
			for (j = 0; j < size; j++) {
				b[i + j] = r->b[s->sreg + i + size - 1 - j];
				k[i + j] = r->k[s->sreg + i + size - 1 - j];
			}
	put(r, s->reg, b, k, s->len);
}

static bool number_in(const struct regs *r, uint8_t reg, uint32_t *b, uint32_t *k)
{
	if (!fits(reg, 4))
		return false;
	memcpy(b, r->b + reg, 4);
	memcpy(k, r->k + reg, 4);
	return true;
}

/* --- matches ------------------------------------------------------------------------------ */

/* The least and the greatest that a register may be, and d[i]: the sign of it beside v. */
static void span(const struct regs *r, const struct nf_step *s, const uint8_t *v, int *least, int *greatest)
{
	uint8_t min[RF] = { 0 }, max[RF] = { 0 };
	unsigned int i;

	for (i = 0; i < s->len; i++) {
		min[i] = r->b[s->sreg + i] & r->k[s->sreg + i];
		max[i] = min[i] | (uint8_t)~r->k[s->sreg + i];
	}
	*least = memcmp(min, v, s->len);
	*greatest = memcmp(max, v, s->len);
}

static enum tri equal(const struct regs *r, const struct nf_step *s)
{
	const uint8_t *v = s->a;
	enum tri is = YES;
	unsigned int i;

	for (i = 0; i < s->len; i++) {
		if ((r->b[s->sreg + i] ^ v[i]) & r->k[s->sreg + i])
			return NO;
		if (r->k[s->sreg + i] != 0xff)
			is = MAYBE;
	}
	return is;
}

/* From what is to be true of the least and of the greatest */
static enum tri all_or_none(bool least, bool greatest)
{
	return least && greatest ? YES : least || greatest ? MAYBE : NO;
}

static enum tri do_cmp(const struct regs *r, const struct nf_step *s)
{
	int least, greatest;

	if (!fits(s->sreg, s->len))
		return MAYBE;
	if (s->arg == NFT_CMP_EQ || s->arg == NFT_CMP_NEQ)
		return invert(equal(r, s), s->arg == NFT_CMP_NEQ);
	span(r, s, s->a, &least, &greatest);
	switch (s->arg) {
	case NFT_CMP_LT:
		return all_or_none(least < 0, greatest < 0);
	case NFT_CMP_LTE:
		return all_or_none(least <= 0, greatest <= 0);
	case NFT_CMP_GT:
		return all_or_none(least > 0, greatest > 0);
	case NFT_CMP_GTE:
		return all_or_none(least >= 0, greatest >= 0);
	}
	return MAYBE;
}

static enum tri do_range(const struct regs *r, const struct nf_step *s)
{
	int from_least, from_greatest, to_least, to_greatest;

	if (!fits(s->sreg, s->len))
		return MAYBE;
	span(r, s, s->a, &from_least, &from_greatest);
	span(r, s, s->b, &to_least, &to_greatest);
	if (from_greatest < 0 || to_least > 0)
		return s->invert ? YES : NO;
	if (from_least >= 0 && to_greatest <= 0)
		return s->invert ? NO : YES;
	return MAYBE;
}

static enum tri port_in(const struct nf_step *s, uint16_t port)
{
	const uint16_t *range = s->a;
	unsigned int i;

	if (!port)
		return MAYBE;
	for (i = 0; i < s->arg; i++)
		if (port >= range[2 * i] && port <= range[2 * i + 1])
			return YES;
	return NO;
}

static enum tri do_ports(const struct walk *w, const struct nf_step *s)
{
	enum tri src = s->off & 1 ? port_in(s, w->sport) : NO, dst = s->off & 2 ? port_in(s, w->dport) : NO;

	return invert(src == YES || dst == YES ? YES : src == MAYBE || dst == MAYBE ? MAYBE : NO, s->invert);
}

/* xt_owner: a packet without a socket meets a rule that asks for none */
static enum tri do_owner(const struct walk *w, const struct nf_step *s)
{
	if (!w->own)
		return s->invert ? YES : NO;
	if (!w->has_uid || s->arg > s->off)
		return MAYBE;
	return invert(w->uid >= s->arg && w->uid <= s->off ? YES : NO, s->invert);
}

/* nf_sk_lookup_slow_v4(): of a reply it is the one that has sent what it answers to */
static enum tri do_socket(const struct walk *w, const struct nf_step *s)
{
	struct flow f = { .family = w->family, .proto = w->proto, .src = w->src, .sport = w->sport, .dst = w->dst, .dport = w->dport };

	if (w->ct == CT_ENTRY && w->conn->reply) {
		f.dst = w->conn->to[MANIP_DST];
		f.dport = w->conn->port[MANIP_DST];
	}
	return local_socket(&f, s->arg);
}

static enum tri do_types(const struct walk *w, const struct nf_step *s)
{
	int type = addr_type(w->family, s->off ? &w->dst : &w->src);

	return invert(s->arg & 1u << type ? YES : NO, s->invert);
}

/* inet_dev_addr_type(), ipv6_chk_addr() */
static enum tri do_dev_local(const struct walk *w, const struct nf_step *s)
{
	const struct addr *a = s->off ? &w->dst : &w->src;
	const char *name = s->arg ? w->oif : w->iif;
	const struct link *l = name ? link_by_name(name) : NULL;
	uint8_t len = w->family == AF_INET ? 32 : 128;
	size_t i;

	for (i = 0; l && i < world.n_addrs; i++)
		if (world.addrs[i].family == w->family && world.addrs[i].index == l->index &&
		    in_prefix(a, &world.addrs[i].a, len))
			return s->invert ? NO : YES;
	if (l && l->flags & IFF_LOOPBACK && w->family == AF_INET && a->b[0] == 127)
		return s->invert ? NO : YES;
	/* Of IPv4 a route in table local may say it as well, and that is not looked at */
	if (w->family == AF_INET && addr_type(w->family, a) == RTN_LOCAL && !addr_is_local(w->family, a))
		return MAYBE;
	return s->invert ? YES : NO;
}

/* physdev_mt(): of what has not come in by a port of a bridge */
static enum tri do_physdev(const struct walk *w, const struct xt_physdev_info *m)
{
	const struct link *in = w->iif ? link_by_name(w->iif) : NULL;
	const uint8_t no_port = XT_PHYSDEV_OP_BRIDGED | XT_PHYSDEV_OP_ISIN | XT_PHYSDEV_OP_ISOUT | XT_PHYSDEV_OP_IN | XT_PHYSDEV_OP_OUT;

	/* It may have been behind a hole; the bridge's note is still on it */
	if (w->any || (!w->own && (!in || is_bridge(in) || is_hole(in))))
		return MAYBE;
	return m->bitmask & ~m->invert & no_port ? NO : YES;
}

static void because(struct at *a, enum tri m, const struct nf_step *s)
{
	char what[100];

	if (m != MAYBE)
		return;
	if (s->what == NF_MAYBE)
		snprintf(what, sizeof(what), "%.*s, a match that is not evaluated", (int)s->name_len, s->name);
	else if (s->what == NF_LOOKUP || s->what == NF_VMAP)
		snprintf(what, sizeof(what), "a match that is not evaluated: set %.*s", (int)s->name_len, s->name);
	else
		snprintf(what, sizeof(what), "a match that is not evaluated, since the packet is not told so exactly");
	nf_unsure(a->w, a->c, a->r->no, what);
}

static enum tri look_up(struct at *a, const struct nf_step *s)
{
	struct nf_key key = {
		.set = s->name, .set_len = s->name_len, .b = a->regs.b + s->sreg, .k = a->regs.k + s->sreg,
		.room = RF - s->sreg,
	};

	enum tri has, since;

	a->found.n = 0;
	has = fits(s->sreg, 0) ? nft_set_has(a->c, &key, &a->found) : MAYBE;
	since = set_since(a->w, set_bit(s->name, s->name_len), has);
	if (since != has)
		a->found.n = 0;
	return since;
}

static void put_into(struct at *a, uint64_t bit, uint32_t how)
{
	struct walk *w = a->w;
	uint64_t in = how & PUT_IN ? bit : 0, out = how & TAKE_OUT ? bit : 0;

	if ((w->put_into & in) == in && (w->taken_from & out) == out)
		return;
	w->put_into |= in;
	w->taken_from |= out;
	++*a->changed;
}

static enum tri do_lookup(struct at *a, const struct nf_step *s)
{
	enum tri m = look_up(a, s);

	/* One of several, and each number that it can be has one */
	a->found_in = NF_NO_REG;
	if (fits(s->reg, 0) && m == MAYBE && a->found.n && a->found.n == a->one_of[s->sreg / 4] && !s->invert) {
		a->found_in = s->reg;
		put(&a->regs, s->reg, NULL, NULL, 16);
		return YES;
	}
	if (fits(s->reg, 0) && m == YES)
		put(&a->regs, s->reg, a->found.elem[0].data, NULL, a->found.elem[0].data_len);
	else if (fits(s->reg, 0))
		put(&a->regs, s->reg, NULL, NULL, 16);
	return invert(m, s->invert);
}

/* What a step says of the match; YES where it is none. */
static enum tri match(struct at *a, const struct nf_step *s)
{
	switch (s->what) {
	case NF_CMP:
		return do_cmp(&a->regs, s);
	case NF_RANGE:
		return do_range(&a->regs, s);
	case NF_LOOKUP:
		return do_lookup(a, s);
	case NF_PORTS:
		return do_ports(a->w, s);
	case NF_IPSET:
		return a->w->any || a->w->src_unsure ? MAYBE : invert(ipset_has(a->w, s->a), s->invert);
	case NF_TYPES:
		return a->w->any || (a->w->src_unsure && !s->off) ? MAYBE : do_types(a->w, s);
	case NF_DEV_LOCAL:
		return a->w->any || (a->w->src_unsure && !s->off) ? MAYBE : do_dev_local(a->w, s);
	case NF_OWNER:
		return do_owner(a->w, s);
	case NF_SOCKET:
		return a->w->any ? MAYBE : invert(do_socket(a->w, s), s->invert);
	case NF_OPTION:
		return a->w->any ? MAYBE : NO;
	case NF_PHYSDEV:
		return do_physdev(a->w, s->a);
	case NF_HELPER:
		return invert(has_helper(a->w), s->invert);
	case NF_MAYBE:
		return MAYBE;
	case NF_NEVER:
		return s->invert ? YES : NO;
	default:
		return YES;
	}
}

/* --- what is done ------------------------------------------------------------------------- */

/* To a mark that is known as far as k says */
static void set_mark(struct at *a, uint32_t b, uint32_t k)
{
	struct walk *w = a->w;
	uint32_t differs = ((b ^ w->mark) | ~k | ~w->mark_known);

	if (a->matched == YES) {
		if (w->mark == (b & k) && w->mark_known == k)
			return;
		if (k != 0xffffffff)
			mark_unsure(a, ~k, "sets the mark to what is not known");
		w->mark = b & k;
		w->mark_known = k;
		++*a->changed;
	} else if (differs) {
		mark_unsure(a, differs, "sets the mark, and has a match that is not evaluated");
	}
}

static void set_ctmark(struct at *a, uint32_t b, uint32_t k)
{
	struct walk *w = a->w;
	uint32_t mark = w->ctmark, known = w->ctmark_known;

	/* Of what has no entry it is not kept */
	if (w->ct != CT_NEW && w->ct != CT_ENTRY && w->ct != CT_UNKNOWN)
		return;
	if (a->matched == YES && w->ct != CT_UNKNOWN) {
		w->ctmark = b & k;
		w->ctmark_known = k;
	} else {
		w->ctmark_known &= k & ~(b ^ w->ctmark);
	}
	*a->changed += mark != w->ctmark || known != w->ctmark_known;
}

static uint32_t shifted(uint32_t v, const struct xt_connmark_tginfo2 *t)
{
	return !t->shift_bits || t->shift_bits > 31 ? v : t->shift_dir ? v >> t->shift_bits : v << t->shift_bits;
}

/* connmark_tg_shift() */
static void do_connmark(struct at *a, const struct xt_connmark_tginfo2 *t)
{
	struct walk *w = a->w;
	uint32_t b, k;

	if (w->ct == CT_UNKNOWN || w->ct == CT_TEMPLATE) {
		mark_unsure(a, t->mode == XT_CONNMARK_RESTORE ? t->nfmask : 0, "CONNMARK");
		w->ctmark_known = 0;
		return;
	}
	if (w->ct != CT_NEW && w->ct != CT_ENTRY)
		return;
	switch (t->mode) {
	case XT_CONNMARK_SET:
		b = shifted((w->ctmark & ~t->ctmask) ^ t->ctmark, t);
		return set_ctmark(a, b, shifted(w->ctmark_known | t->ctmask, t) | ~shifted(0xffffffff, t));
	case XT_CONNMARK_SAVE:
		b = shifted(w->mark & t->nfmask, t);
		k = shifted(w->mark_known | ~t->nfmask, t) | ~shifted(0xffffffff, t);
		return set_ctmark(a, (w->ctmark & ~t->ctmask) ^ b, (w->ctmark_known | t->ctmask) & k);
	case XT_CONNMARK_RESTORE:
		b = shifted(w->ctmark & t->ctmask, t);
		k = shifted(w->ctmark_known | ~t->ctmask, t) | ~shifted(0xffffffff, t);
		return set_mark(a, (w->mark & ~t->nfmask) ^ b, (w->mark_known | t->nfmask) & k);
	}
}

/* Of nf_tables it is what a register holds */
static uint32_t zone_of(const struct at *a, const struct nf_step *s)
{
	uint16_t zone;

	if (!s->len)
		return s->off;
	if (!fits(s->sreg, sizeof(zone)) || a->regs.k[s->sreg] != 0xff || a->regs.k[s->sreg + 1] != 0xff)
		return ZONE_UNKNOWN;
	memcpy(&zone, a->regs.b + s->sreg, sizeof(zone));
	return s->off | zone;
}

/* What becomes of the connection: only of what conntrack has not seen. */
static void set_ct(struct at *a, enum ct_state ct, uint32_t zone)
{
	if (a->w->ct != CT_NONE)
		return;
	if (ct == CT_TEMPLATE && zone != a->w->zone)
		a->w->zone = a->matched == YES ? zone : ZONE_UNKNOWN;
	/* An entry it has in the end either way */
	a->w->ct = a->matched == YES || ct == CT_TEMPLATE ? ct : CT_UNKNOWN;
	++*a->changed;
}

void walk_reset_ct(struct walk *w, enum ct_state ct)
{
	if (w->ct == CT_NEW || w->ct == CT_ENTRY || w->ct == CT_UNKNOWN)
		w->before = (struct ct_entry){
			.there = w->ct == CT_NEW ? YES : MAYBE, .src = w->ct_src, .dst = w->ct_dst,
			.sport = w->ct_sport, .dport = w->ct_dport, .zone = w->zone,
			.mark = w->ctmark, .mark_known = w->ctmark_known,
			.natted = { w->natted[MANIP_SRC], w->natted[MANIP_DST] },
		};
	w->zone = 0;
	w->ct = ct;
	w->ctmark = 0;
	w->ctmark_known = 0xffffffff;
	memset(w->nat_done, 0, sizeof(w->nat_done));
	memset(w->natted, 0, sizeof(w->natted));
}

static void do_unhole(struct at *a, const struct xt_unhole_tginfo *t)
{
	struct walk *w = a->w;
	bool differs = t->flags != w->unhole_flags || t->mark != w->unhole_mark || t->mask != w->unhole_mask;

	if (!w->unholable || w->unholed == YES)
		return;
	/* One of two that do different things, or none */
	if (w->unholed == MAYBE && (a->matched == MAYBE || differs))
		return;
	++*a->changed;
	nf_place(a->c, a->r->no, w->where, sizeof(w->where));
	w->unhole_flags = t->flags;
	w->unhole_mark = t->mark;
	w->unhole_mask = t->mask;
	w->unholed = a->matched;
	if (a->matched == MAYBE)
		nf_unsure(w, a->c, a->r->no, "UNHOLE, with a match that is not evaluated");
	/* The same formula as MARK's */
	if (t->mask || t->mark)
		set_mark(a, (w->mark & ~t->mask) ^ t->mark, w->mark_known | t->mask);
	if (t->flags & (XT_UNHOLE_NOTRACK | XT_UNHOLE_RESET_CT))
		walk_reset_ct(w, a->matched == MAYBE ? CT_UNKNOWN : t->flags & XT_UNHOLE_NOTRACK ? CT_UNTRACKED : CT_NONE);
}

static void set_tos(struct at *a, uint8_t tos, bool known)
{
	struct walk *w = a->w;

	if (!w->tos_unsure && known && tos == w->tos)
		return;
	++*a->changed;
	if (a->matched == YES && known) {
		w->tos = tos;
		w->tos_unsure = false;
	} else {
		w->tos_unsure = true;
	}
}

/* No packet that comes is told to be so old that a few hops matter. */
#define HOPS_LEFT 16

static void set_ttl(struct at *a, uint8_t ttl, bool known)
{
	struct walk *w = a->w;

	/* One that is enough, or as before: the same */
	if (known && !w->ttl_unsure && (w->ttl == ttl || (a->matched != YES && ttl > 2 && (!w->ttl || w->ttl > 2))))
		return;
	++*a->changed;
	w->ttl = ttl;
	w->ttl_unsure = !known || a->matched != YES;
}

static void do_ttl(struct at *a, const struct nf_step *s)
{
	const struct walk *w = a->w;
	int ttl = s->arg == 0 ? (int)s->off : s->arg == 1 ? w->ttl + (int)s->off : w->ttl - (int)s->off;

	if (s->arg == 0)
		set_ttl(a, s->off ? s->off : 1, true);
	else if (w->ttl)
		set_ttl(a, ttl < 1 ? 1 : ttl > 255 ? 255 : ttl, !w->ttl_unsure);
	else if (s->arg > 1 && s->off >= HOPS_LEFT)
		set_ttl(a, 0, false);
}

static void set_addr(struct at *a, struct addr *to, const uint8_t *b, const uint8_t *k, size_t len)
{
	struct nf_step unknown = { .what = NF_SET_HEADER };
	size_t i;

	for (i = 0; i < len && k[i] == 0xff; i++)
		;
	++*a->changed;
	if (i == len && a->matched == YES) {
		memcpy(to, b, len);
	} else {
		/* Where it goes is anybody's guess */
		because(a, MAYBE, &unknown);
		a->w->dropped = MAYBE;
		nf_place(a->c, a->r->no, a->w->drop_at, sizeof(a->w->drop_at));
	}
}

/* One's complement sum of 16 bits each, with the first bits alone */
static uint32_t prefix_sum(const uint8_t *a, unsigned int bits, uint32_t sum, bool minus)
{
	uint8_t k[16];
	unsigned int i;

	first_bits(k, bits, sizeof(k));
	for (i = 0; i < 16; i += 2) {
		uint32_t v = (a[i] & k[i]) << 8 | (a[i + 1] & k[i + 1]);

		sum += minus ? 0xffff ^ v : v;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

/* ip6t_npt_map_pfx(): another prefix, and a word of 16 bits that keeps the checksum as it was. False: no packet. */
static bool npt_map(struct addr *a, const struct ip6t_npt_tginfo *t)
{
	unsigned int len = t->src_pfx_len > t->dst_pfx_len ? t->src_pfx_len : t->dst_pfx_len, i, at = 6;
	const uint8_t *src = (const uint8_t *)&t->src_pfx, *dst = (const uint8_t *)&t->dst_pfx;
	uint32_t sum = prefix_sum(src, t->src_pfx_len, prefix_sum(dst, t->dst_pfx_len, 0, true), false);
	uint8_t k[16];

	if (len > 64)
		return false;
	first_bits(k, len, sizeof(k));
	for (i = 0; i < 16; i++)
		a->b[i] = (a->b[i] & ~k[i]) | (dst[i] & k[i]);
	if (len > 48)
		for (at = 8; at < 14 && a->b[at] == 0xff && a->b[at + 1] == 0xff; at += 2)
			;
	if (at == 14 && a->b[14] == 0xff && a->b[15] == 0xff)
		return false;
	sum += a->b[at] << 8 | a->b[at + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	if (sum == 0xffff)
		sum = 0;
	a->b[at] = sum >> 8;
	a->b[at + 1] = sum;
	return true;
}

static void do_npt(struct at *a, const struct nf_step *s)
{
	struct addr *to = s->arg ? &a->w->dst : &a->w->src, new = *to;
	uint8_t k[16];

	memset(k, a->w->any || !npt_map(&new, s->a) ? 0 : 0xff, sizeof(k));
	set_addr(a, to, new.b, k, sizeof(k));
}

/* An address at some place of the header, or a part of it */
static void write_addr(struct at *a, const struct nf_step *s, struct addr *to, uint32_t at, size_t len)
{
	uint8_t b[16], k[16];
	uint32_t i;

	if (s->off >= at + len || s->off + s->len <= at)
		return;
	memcpy(b, to, sizeof(b));
	memset(k, 0xff, sizeof(k));
	for (i = 0; i < len; i++)
		if (at + i >= s->off && at + i < s->off + s->len) {
			b[i] = a->regs.b[s->sreg + at + i - s->off];
			k[i] = a->regs.k[s->sreg + at + i - s->off];
		}
	set_addr(a, to, b, k, len);
}

/* payload set: what is known here of the headers */
static void do_header(struct at *a, const struct nf_step *s)
{
	bool v4 = a->w->family == AF_INET;
	uint32_t end = s->off + s->len, len = v4 ? 4 : 16, src = v4 ? 12 : 8, ttl = v4 ? 8 : 7;
	const uint8_t *b = a->regs.b + s->sreg, *k = a->regs.k + s->sreg;
	uint16_t port;

	if (!fits(s->sreg, s->len) || s->off > RF)
		return;
	if (s->field == F_TRANSPORT) {
		/* Ports as they are put in, each whole */
		memcpy(&port, b, 2);
		if (s->off == 0 && s->len >= 2)
			a->w->sport = a->matched == YES && k[0] == 0xff && k[1] == 0xff ? ntohs(port) : 0;
		if (s->off == 2 && s->len >= 2)
			a->w->dport = a->matched == YES && k[0] == 0xff && k[1] == 0xff ? ntohs(port) : 0;
		++*a->changed;
		return;
	}
	if (s->field != F_NETWORK)
		return;
	if (v4 && s->off <= 1 && end > 1)
		set_tos(a, b[1 - s->off], k[1 - s->off] == 0xff);
	if (!v4 && s->off == 0 && s->len >= 2)
		set_tos(a, b[0] << 4 | b[1] >> 4, (k[0] & 0x0f) == 0x0f && (k[1] & 0xf0) == 0xf0);
	if (s->off <= ttl && end > ttl)
		set_ttl(a, b[ttl - s->off] ? b[ttl - s->off] : 1, k[ttl - s->off] == 0xff);
	write_addr(a, s, &a->w->src, src, len);
	write_addr(a, s, &a->w->dst, src + len, len);
}

/* --- NAT ----------------------------------------------------------------------------------- */

static enum manip manip_of(const struct walk *w, enum nat_kind kind)
{
	if (kind == NAT_NETMAP)
		return w->hook == HOOK_PREROUTING || w->hook == HOOK_OUTPUT ? MANIP_DST : MANIP_SRC;
	return kind == NAT_DNAT || kind == NAT_REDIRECT ? MANIP_DST : MANIP_SRC;
}

/* REDIRECT's; a packet that comes in by a device without an address is dropped. Returns false
 * if it is not known.
 */
static bool redirect_addr(const struct walk *w, struct nat_to *to)
{
	static const struct addr lo4 = { { 127, 0, 0, 1 } }, lo6 = { .b = { [15] = 1 } };

	if (w->hook == HOOK_OUTPUT)
		to->addr = w->family == AF_INET ? lo4 : lo6;
	else if (!w->iif || !link_by_name(w->iif))
		return false;
	else
		to->drops = !first_addr(w->family, w->iif, &to->addr);
	return true;
}

/* Returns false if the new address is not known. */
static bool new_addr(const struct at *a, const struct nf_nat *n, enum manip manip, struct nat_to *to)
{
	size_t len = a->w->family == AF_INET ? 4 : 16, i;
	const struct addr *old = manip == MANIP_DST ? &a->w->dst : &a->w->src;
	const struct regs *r = &a->regs;

	if (n->kind == NAT_MASQUERADE || n->kind == NAT_REDIRECT) {
		to->has_addr = true;
		return n->kind == NAT_REDIRECT ? redirect_addr(a->w, to) :
		       a->w->oif && addr_of_dev(a->w->family, a->w->oif, &a->w->nexthop, &to->addr);
	}
	if (n->min < 0)
		return true;
	if (!fits(n->min, len) || !fits(n->max, len))
		return false;
	to->has_addr = true;
	for (i = 0; i < len; i++) {
		uint8_t min = r->b[n->min + i], max = r->b[n->max + i];

		if (r->k[n->min + i] != 0xff || r->k[n->max + i] != 0xff || (min != max && !n->netmap))
			return false;
		to->addr.b[i] = n->netmap ? (min & ~(min ^ max)) | (old->b[i] & (min ^ max)) : min;
	}
	return true;
}

static void new_port(const struct at *a, const struct nf_nat *n, struct nat_to *to)
{
	const struct regs *r = &a->regs;
	uint16_t min, max;

	if (n->random) {
		to->has_port = true;
		return;
	}
	if (n->port < 0)
		return;
	to->has_port = true;
	if (!fits(n->port, 2) || !fits(n->port_max, 2))
		return;
	memcpy(&min, r->b + n->port, 2);
	memcpy(&max, r->b + n->port_max, 2);
	if (min == max && r->k[n->port] == 0xff && r->k[n->port + 1] == 0xff)
		to->port = ntohs(min);
}

static bool same_nat(const struct nat_to *a, const struct nat_to *b)
{
	return a->has_addr == b->has_addr && a->has_port == b->has_port && a->port == b->port && a->drops == b->drops &&
	       a->some == b->some &&
	       memcmp(&a->addr, &b->addr, sizeof(a->addr)) == 0;
}

static void add_one(struct at *a, const struct nat_to *to)
{
	struct walk *w = a->w;
	unsigned int i;

	if (w->n_outcomes == MAX_NAT) {
		nf_unsure(w, a->c, a->r->no, "NAT to one of too many addresses");
		w->nat_unknown = true;
		return;
	}
	for (i = 0; i < w->n_outcomes; i++)
		if (same_nat(&w->outcome[i], to))
			return;
	++*a->changed;
	w->outcome[w->n_outcomes++] = *to;
}

/* Of a range each address, if they are few. Which source of many it is does not matter as a rule. */
static bool add_range(struct at *a, const struct nf_nat *n, struct nat_to *to)
{
	size_t len = a->w->family == AF_INET ? 4 : 16, i;
	const uint8_t *min = a->regs.b + n->min, *max = a->regs.b + n->max;
	unsigned int last = len - 1, more;

	if (n->netmap || n->min < 0 || !fits(n->min, len) || !fits(n->max, len) || memcmp(min, max, len) >= 0)
		return false;
	for (i = 0; i < len; i++)
		if (a->regs.k[n->min + i] != 0xff || a->regs.k[n->max + i] != 0xff)
			return false;
	to->has_addr = true;
	memcpy(&to->addr, min, len);
	more = max[last] - min[last];
	if (memcmp(min, max, last) == 0 && more < MAX_NAT) {
		for (i = 0; i <= more; i++, to->addr.b[last]++)
			add_one(a, to);
		return true;
	}
	to->some = n->kind == NAT_SNAT;
	if (to->some)
		add_one(a, to);
	return to->some;
}

/* One more outcome of NAT; one that is not known is worse than many. */
static void add_outcome(struct at *a, const struct nf_nat *n, enum manip manip)
{
	struct walk *w = a->w;
	struct nat_to to = { 0 };

	nf_place(a->c, a->r->no, to.by, sizeof(to.by));
	new_port(a, n, &to);
	if ((n->kind == NAT_SNAT || n->kind == NAT_DNAT) && add_range(a, n, &to))
		return;
	if (new_addr(a, n, manip, &to)) {
		add_one(a, &to);
		return;
	}
	nf_unsure(w, a->c, a->r->no, "NAT to an address that is not known");
	w->nat_unknown = true;
}

/* Returns false if it is not for this packet. */
static bool do_nat(struct at *a, const struct nf_nat *n)
{
	struct walk *w = a->w;
	enum manip manip = manip_of(w, n->kind);
	unsigned int i;

	if (n->family != NFPROTO_INET && n->family != (w->family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6))
		return false;
	if (w->is_told[manip]) {
		w->told_met = true;
		return true;
	}
	w->nat_sure = w->nat_sure || both(a->reach.unnatted, a->own) == YES;
	if (a->found_in == NF_NO_REG || (n->min != a->found_in && n->port != a->found_in)) {
		add_outcome(a, n, manip);
		return true;
	}
	for (i = 0; i < a->found.n; i++) {
		put(&a->regs, a->found_in, a->found.elem[i].data, NULL, a->found.elem[i].data_len);
		add_outcome(a, n, manip);
	}
	return true;
}

/* --- one rule ------------------------------------------------------------------------------ */

static void do_vmap(struct at *a, const struct nf_step *s, struct nf_said *said)
{
	enum tri m = look_up(a, s), before = a->own;
	unsigned int i;

	a->matched = both(a->matched, m);
	a->own = both(a->own, m);
	if (m == NO)
		return;
	if (m == YES && a->found.elem[0].has_verdict) {
		said->code = a->found.elem[0].code;
		said->to = a->found.elem[0].to;
		return;
	}
	said->any = true;
	said->code = NF_QUEUE;
	said->n = a->found.n;
	for (i = 0; i < a->found.n; i++) {
		said->alt[i].code = a->found.elem[i].code;
		said->alt[i].to = a->found.elem[i].to;
	}
	/* Each number that it can be has an element */
	said->sure = a->found.n && a->found.n == a->one_of[s->sreg / 4];
	if (said->sure)
		a->own = before;
	else
		because(a, m, s);
}

static void act(struct at *a, const struct nf_step *s, struct nf_said *said)
{
	uint32_t b, k;

	switch (s->what) {
	case NF_SET_MARK:
		if (number_in(&a->regs, s->sreg, &b, &k))
			set_mark(a, b, k);
		break;
	case NF_SET_CTMARK:
		if (number_in(&a->regs, s->sreg, &b, &k))
			set_ctmark(a, b, k);
		break;
	case NF_CONNMARK:
		do_connmark(a, s->a);
		break;
	case NF_MARK_UNKNOWN:
		mark_unsure(a, 0xffffffff, s->name ? s->name : "a target that is not evaluated");
		break;
	case NF_SET_TOS:
		set_tos(a, (a->w->tos & ~s->arg) ^ s->off, !a->w->tos_unsure || (s->arg & 0xfc) == 0xfc);
		break;
	case NF_TOS_UNKNOWN:
		set_tos(a, 0, false);
		break;
	case NF_SET_TTL:
		do_ttl(a, s);
		break;
	case NF_NPT:
		do_npt(a, s);
		break;
	case NF_SET_HEADER:
		do_header(a, s);
		break;
	case NF_SET_CT:
		set_ct(a, s->arg, zone_of(a, s));
		break;
	case NF_UNHOLE:
		do_unhole(a, s->a);
		break;
	case NF_PUT:
		put_into(a, set_bit(s->name, s->name_len), s->arg);
		break;
	case NF_IPSET_PUT:
		put_into(a, set_bit((const char *)&s->off, sizeof(uint16_t)), s->arg);
		break;
	case NF_NAT:
		said->code = do_nat(a, &s->nat) ? NF_NATTED : said->code;
		break;
	case NF_VERDICT:
		said->code = s->arg;
		said->to = s->to;
		break;
	case NF_VMAP:
		do_vmap(a, s, said);
		break;
	default:
		break;
	}
}

static bool registers(struct at *a, const struct nf_step *s)
{
	switch (s->what) {
	case NF_LOAD:
		do_load(a, s);
		return true;
	case NF_CONST:
		if (fits(s->reg, 0))
			put(&a->regs, s->reg, s->a, NULL, s->len);
		return true;
	case NF_BITWISE:
		do_bitwise(&a->regs, s);
		return true;
	case NF_SWAP:
		do_swap(&a->regs, s);
		return true;
	case NF_SHIFT:
		do_shift(&a->regs, s);
		return true;
	case NF_FORGET:
		if (fits(s->reg, 0)) {
			put(&a->regs, s->reg, NULL, NULL, s->len);
			a->one_of[s->reg / 4] = s->arg;
		}
		return true;
	default:
		return false;
	}
}

void nf_eval(struct walk *w, const struct nf_chain *c, const struct nf_rule *r, struct nf_reach reach,
	     unsigned long *changed, struct nf_said *said)
{
	static struct nf_code code;
	static struct at a;
	enum tri m;
	unsigned int i;

	a.w = w;
	a.c = c;
	a.r = r;
	a.changed = changed;
	a.reach = reach;
	a.matched = reach.here;
	a.own = YES;
	/* Not what was found in sets: that is long, and each rule has its own */
	a.found.n = 0;
	a.found_in = NF_NO_REG;
	memset(&a.regs, 0, sizeof(a.regs));
	memset(a.one_of, 0, sizeof(a.one_of));
	said->matched = YES;
	said->code = NFT_CONTINUE;
	said->to = NULL;
	said->any = said->sure = false;
	said->n = 0;
	nf_decode(c, r, &code);
	if (code.overflow) {
		mark_unsure(&a, 0xffffffff, "a rule that is too long to be evaluated");
		said->matched = MAYBE;
		said->code = NF_QUEUE;
		said->any = true;
		return;
	}
	for (i = 0; i < code.n && a.matched != NO; i++) {
		const struct nf_step *s = &code.step[i];

		if (registers(&a, s))
			continue;
		if (s->what == NF_IF_ENTRY && (w->ct == CT_NONE || w->ct == CT_UNTRACKED))
			i += s->arg;
		m = match(&a, s);
		because(&a, m, s);
		a.own = both(a.own, m);
		a.matched = both(a.matched, m);
		if (a.matched != NO)
			act(&a, s, said);
	}
	said->matched = a.matched == NO ? NO : a.own;
}

bool nf_names_device(const struct nf_chain *c, unsigned int no)
{
	static struct nf_code code;
	unsigned int j;
	size_t i;

	for (i = 0; i < c->n_rules; i++) {
		if (c->rules[i].no != no)
			continue;
		nf_decode(c, &c->rules[i], &code);
		for (j = 0; j < code.n; j++)
			if (code.step[j].what == NF_LOAD && code.step[j].field >= F_IIFNAME && code.step[j].field <= F_OIFGROUP &&
			    code.step[j].field != F_MARK)
				return true;
	}
	return false;
}
