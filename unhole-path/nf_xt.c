// SPDX-License-Identifier: GPL-2.0-only
/*
 * x_tables: tables, as getsockopt() has them, into chains; rules, matches and targets
 * into steps.
 */
#include "nf.h"
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_CT.h>
#include <linux/netfilter/xt_DSCP.h>
#include <linux/netfilter/xt_TPROXY.h>
#include <linux/netfilter/xt_UNHOLE.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_socket.h>
#include <linux/netfilter/xt_devgroup.h>
#include <linux/netfilter/xt_helper.h>
#include <linux/netfilter/xt_dscp.h>
#include <linux/netfilter/xt_iprange.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_owner.h>
#include <linux/netfilter/xt_physdev.h>
#include <linux/netfilter/xt_pkttype.h>
#include <linux/netfilter/xt_policy.h>
#include <linux/netfilter/xt_rpfilter.h>
#include <linux/netfilter/xt_sctp.h>
#include <linux/netfilter/xt_set.h>
#include <linux/netfilter/xt_state.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <linux/netfilter_ipv6/ip6t_NPT.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The kernel's answer: struct ipt_getinfo and a blob of entries. The two families'
 * entries differ in the part that matches addresses only.
 */
struct nf_table {
	int family;
	char name[XT_TABLE_MAXNAMELEN];
	unsigned int size, valid_hooks, hook_entry[NF_INET_NUMHOOKS], underflow[NF_INET_NUMHOOKS];
	char *blob;
	struct nf_chain *chains;	/* by their offset */
	size_t n_chains;
};

#define MAX_TABLES 8
static struct nf_table tables[2][MAX_TABLES];
static unsigned int n_tables[2];

/* --- steps ---------------------------------------------------------------------- */

static struct nf_step *load(struct nf_code *code, enum nf_field field, uint8_t reg, uint8_t len)
{
	struct nf_step *s = nf_step(code, NF_LOAD);

	s->field = field;
	s->reg = reg;
	s->len = len;
	return s;
}

static void compare(struct nf_code *code, uint8_t reg, const void *value, uint8_t len, bool equal)
{
	struct nf_step *s = nf_step(code, NF_CMP);

	s->sreg = reg;
	s->len = len;
	s->arg = equal ? NFT_CMP_EQ : NFT_CMP_NEQ;
	s->a = value;
}

static void mask(struct nf_code *code, uint8_t reg, const void *and, const void *xor, uint8_t len)
{
	struct nf_step *s = nf_step(code, NF_BITWISE);

	s->reg = s->sreg = reg;
	s->len = len;
	s->a = and;
	s->b = xor;
}

static void constant(struct nf_code *code, uint8_t reg, const void *value, uint8_t len)
{
	struct nf_step *s = nf_step(code, NF_CONST);

	s->reg = reg;
	s->len = len;
	s->a = nf_scratch(code, value, len);
}

static void number_is(struct nf_code *code, enum nf_field field, uint32_t and, uint32_t value, bool equal)
{
	load(code, field, 0, 4);
	mask(code, 0, nf_scratch(code, &and, 4), nf_scratch(code, "\0\0\0", 4), 4);
	compare(code, 0, nf_scratch(code, &value, 4), 4, equal);
}

static void maybe(struct nf_code *code, const char *name)
{
	struct nf_step *s = nf_step(code, NF_MAYBE);

	s->name = name;
	s->name_len = strlen(name);
}

static void never(struct nf_code *code, bool invert)
{
	nf_step(code, NF_NEVER)->invert = invert;
}

static void verdict(struct nf_code *code, uint32_t what)
{
	nf_step(code, NF_VERDICT)->arg = what;
}

/* --- matches ---------------------------------------------------------------------- */

/* which: 1 source, 2 destination, 3 either; ranges: pairs, host order */
static void ports(struct nf_code *code, uint32_t which, const uint16_t *ranges, uint32_t n, bool invert)
{
	struct nf_step *s;

	if (n == 1 && ranges[0] == 0 && ranges[1] == 0xffff) {
		if (invert)
			never(code, false);
		return;
	}
	s = nf_step(code, NF_PORTS);
	s->off = which;
	s->arg = n;
	s->a = ranges;
	s->invert = invert;
}

static void multiport(struct nf_code *code, const struct xt_multiport_v1 *m)
{
	uint16_t range[XT_MULTI_PORTS][2] = { 0 };
	unsigned int i, n = 0;

	for (i = 0; i < m->count && i < XT_MULTI_PORTS; i++, n++) {
		range[n][0] = range[n][1] = m->ports[i];
		if (m->pflags[i] && i + 1 < XT_MULTI_PORTS)
			range[n][1] = m->ports[++i];
	}
	ports(code, m->flags == XT_MULTIPORT_SOURCE ? 1 : m->flags == XT_MULTIPORT_DESTINATION ? 2 : 3,
	      nf_scratch(code, range, n * sizeof(range[0])), n, m->invert);
}

static void tcp(struct nf_code *code, const struct xt_tcp *m)
{
	uint8_t and = m->flg_mask;

	ports(code, 1, m->spts, 1, m->invflags & XT_TCP_INV_SRCPT);
	ports(code, 2, m->dpts, 1, m->invflags & XT_TCP_INV_DSTPT);
	if (and) {
		load(code, F_TRANSPORT, 0, 1)->off = 13;
		mask(code, 0, nf_scratch(code, &and, 1), "", 1);
		compare(code, 0, &m->flg_cmp, 1, !(m->invflags & XT_TCP_INV_FLAGS));
	}
	if (m->option)
		maybe(code, "tcp");
}

static void sctp(struct nf_code *code, const struct xt_sctp_info *m)
{
	if (m->flags & XT_SCTP_SRC_PORTS)
		ports(code, 1, m->spts, 1, m->invflags & XT_SCTP_SRC_PORTS);
	if (m->flags & XT_SCTP_DEST_PORTS)
		ports(code, 2, m->dpts, 1, m->invflags & XT_SCTP_DEST_PORTS);
	if (m->flags & XT_SCTP_CHUNK_TYPES)
		maybe(code, "sctp");
}

/* icmp and icmp6 have one layout: type, codes from and to, inverted */
static void icmp(struct nf_code *code, const uint8_t *m)
{
	static const uint8_t any = 0xff;
	bool invert = m[3];
	struct nf_step *s;

	if (m[0] == any && m[1] == 0 && m[2] == 0xff) {
		if (invert)
			never(code, false);
		return;
	}
	/* Type and code as one number: from its first code to its last */
	load(code, F_TRANSPORT, 0, 2)->off = 0;
	s = nf_step(code, NF_RANGE);
	s->sreg = 0;
	s->len = 2;
	s->a = nf_scratch(code, (uint8_t[2]){ m[0], m[1] }, 2);
	s->b = nf_scratch(code, (uint8_t[2]){ m[0], m[2] }, 2);
	s->invert = invert;
}

static void iprange(struct nf_code *code, int family, const struct xt_iprange_mtinfo *m)
{
	uint8_t len = family == AF_INET ? 4 : 16, at = family == AF_INET ? 12 : 8;
	struct nf_step *s;

	if (m->flags & IPRANGE_SRC) {
		load(code, F_NETWORK, 0, len)->off = at;
		s = nf_step(code, NF_RANGE);
		s->len = len;
		s->a = &m->src_min;
		s->b = &m->src_max;
		s->invert = m->flags & IPRANGE_SRC_INV;
	}
	if (m->flags & IPRANGE_DST) {
		load(code, F_NETWORK, 0, len)->off = at + len;
		s = nf_step(code, NF_RANGE);
		s->len = len;
		s->a = &m->dst_min;
		s->b = &m->dst_max;
		s->invert = m->flags & IPRANGE_DST_INV;
	}
}

/* What a rule says of types is a bit for each RTN_* of IPv4, and bits of its own for
 * IPv6, which the kernel turns into those.
 */
static void types(struct nf_code *code, uint32_t off, uint32_t mask_of_types, bool invert)
{
	struct nf_step *s;

	if (!mask_of_types)
		return;
	s = nf_step(code, NF_TYPES);
	s->off = off;
	s->arg = mask_of_types;
	s->invert = invert;
}

/* Local to the very device that it comes in or goes out by; of other types it is seldom asked. */
static void local_of_device(struct nf_code *code, uint32_t off, uint32_t mask_of_types, bool out, bool invert)
{
	struct nf_step *s;

	if (!mask_of_types)
		return;
	if (mask_of_types != XT_ADDRTYPE_LOCAL) {
		maybe(code, "addrtype");
		return;
	}
	s = nf_step(code, NF_DEV_LOCAL);
	s->off = off;
	s->arg = out;
	s->invert = invert;
}

static void addrtype(struct nf_code *code, const struct xt_addrtype_info_v1 *m)
{
	if (m->flags & (XT_ADDRTYPE_LIMIT_IFACE_IN | XT_ADDRTYPE_LIMIT_IFACE_OUT)) {
		bool out = m->flags & XT_ADDRTYPE_LIMIT_IFACE_OUT;

		local_of_device(code, 0, m->source, out, m->flags & XT_ADDRTYPE_INVERT_SOURCE);
		local_of_device(code, 1, m->dest, out, m->flags & XT_ADDRTYPE_INVERT_DEST);
		return;
	}
	types(code, 0, m->source, m->flags & XT_ADDRTYPE_INVERT_SOURCE);
	types(code, 1, m->dest, m->flags & XT_ADDRTYPE_INVERT_DEST);
}

static void ct_address(struct nf_code *code, int family, enum nf_field field, const void *addr,
		       const void *and, bool equal)
{
	uint8_t len = family == AF_INET ? 4 : 16;

	load(code, field, 0, len);
	mask(code, 0, and, nf_scratch(code, (uint8_t[16]){ 0 }, 16), len);
	compare(code, 0, addr, len, equal);
}

static void ct_port(struct nf_code *code, enum nf_field field, uint16_t from, uint16_t to, bool invert)
{
	struct nf_step *s;

	load(code, field, 0, 2);
	from = htons(from);
	to = htons(to);
	s = nf_step(code, NF_RANGE);
	s->len = 2;
	s->a = nf_scratch(code, &from, 2);
	s->b = nf_scratch(code, &to, 2);
	s->invert = invert;
}

/* One of each in network order, or from revision 3 on a range, as the host has it */
static void ct_ports(struct nf_code *code, int rev, const void *info, uint16_t flags)
{
	const struct xt_conntrack_mtinfo3 *m3 = info;
	const struct xt_conntrack_mtinfo2 *m2 = info;
	const struct xt_conntrack_mtinfo1 *m1 = info;
	uint16_t inv = rev == 1 ? m1->invert_flags : m2->invert_flags, src, dst;

	if (!(flags & (XT_CONNTRACK_ORIGSRC_PORT | XT_CONNTRACK_ORIGDST_PORT)))
		return;
	src = rev == 3 ? m3->origsrc_port : ntohs(m2->origsrc_port);
	dst = rev == 3 ? m3->origdst_port : ntohs(m2->origdst_port);
	if (flags & XT_CONNTRACK_ORIGSRC_PORT)
		ct_port(code, F_CT_SPORT, src, rev == 3 ? m3->origsrc_port_high : src, inv & XT_CONNTRACK_ORIGSRC_PORT);
	if (flags & XT_CONNTRACK_ORIGDST_PORT)
		ct_port(code, F_CT_DPORT, dst, rev == 3 ? m3->origdst_port_high : dst, inv & XT_CONNTRACK_ORIGDST_PORT);
}

/* conntrack_mt() */
static void conntrack(struct nf_code *code, int family, int rev, const void *info)
{
	const struct xt_conntrack_mtinfo1 *m1 = info;
	const struct xt_conntrack_mtinfo2 *m = info;	/* the beginning of revision 3, too */
	uint32_t states = rev == 1 ? m1->state_mask : m->state_mask;
	uint32_t status = rev == 1 ? m1->status_mask : m->status_mask;
	uint16_t flags = m->match_flags & ~XT_CONNTRACK_STATE_ALIAS, inv = m->invert_flags;
	const uint16_t known = XT_CONNTRACK_STATE | XT_CONNTRACK_PROTO | XT_CONNTRACK_ORIGSRC |
			       XT_CONNTRACK_ORIGDST | XT_CONNTRACK_STATUS | XT_CONNTRACK_DIRECTION |
			       XT_CONNTRACK_ORIGSRC_PORT | XT_CONNTRACK_ORIGDST_PORT;
	struct nf_step *rest = NULL;
	unsigned int before;

	/* Without an entry the state is all that is asked for, and nothing else is met */
	if (flags & XT_CONNTRACK_STATE) {
		number_is(code, F_XT_STATE, states, 0, inv & XT_CONNTRACK_STATE);
		rest = nf_step(code, NF_IF_ENTRY);
	}
	before = code->n;
	if (flags & XT_CONNTRACK_PROTO) {
		uint8_t proto = m->l4proto;

		load(code, F_CT_L4PROTO, 0, 1);
		compare(code, 0, nf_scratch(code, &proto, 1), 1, !(inv & XT_CONNTRACK_PROTO));
	}
	if (flags & XT_CONNTRACK_ORIGSRC)
		ct_address(code, family, F_CT_SRC, &m->origsrc_addr, &m->origsrc_mask, !(inv & XT_CONNTRACK_ORIGSRC));
	if (flags & XT_CONNTRACK_ORIGDST)
		ct_address(code, family, F_CT_DST, &m->origdst_addr, &m->origdst_mask, !(inv & XT_CONNTRACK_ORIGDST));
	if (flags & XT_CONNTRACK_STATUS)
		number_is(code, F_CT_STATUS, status, 0, inv & XT_CONNTRACK_STATUS);
	if (flags & XT_CONNTRACK_DIRECTION) {
		load(code, F_CT_DIR, 0, 1);
		compare(code, 0, nf_scratch(code, "", 1), 1, !(inv & XT_CONNTRACK_DIRECTION));
	}
	ct_ports(code, rev, info, flags);
	if (flags & ~known)
		maybe(code, "conntrack");
	if (rest)
		rest->arg = code->n - before;
}

/* No packet without a socket (but if invert), and who knows which with one */
static void of_a_socket(struct nf_code *code, bool invert)
{
	struct nf_step *s = nf_step(code, NF_OWNER);

	s->arg = 1;
	s->off = 0;
	s->invert = invert;
}

static void owner(struct nf_code *code, const struct xt_owner_match_info *m)
{
	struct nf_step *s;

	if (m->match & XT_OWNER_UID) {
		s = nf_step(code, NF_OWNER);
		s->arg = m->uid_min;
		s->off = m->uid_max;
		s->invert = m->invert & XT_OWNER_UID;
	}
	if (m->match & ~XT_OWNER_UID)
		of_a_socket(code, (m->match & ~XT_OWNER_UID) == (m->invert & ~XT_OWNER_UID));
}

static void dscp(struct nf_code *code, int family, uint8_t value, bool equal)
{
	uint16_t v, and;

	if (family == AF_INET) {
		load(code, F_NETWORK, 0, 1)->off = 1;
		mask(code, 0, "\xfc", "", 1);
		value <<= 2;
		compare(code, 0, nf_scratch(code, &value, 1), 1, equal);
		return;
	}
	v = htons(value << 6);
	and = htons(0x0fc0);
	load(code, F_NETWORK, 0, 2)->off = 0;
	mask(code, 0, nf_scratch(code, &and, 2), "\0", 2);
	compare(code, 0, nf_scratch(code, &v, 2), 2, equal);
}

static void policy(struct nf_code *code, const struct xt_policy_info *m)
{
	/* The packet of the question has not come out of a tunnel; which it goes into
	 * is the IPsec policies' to say.
	 */
	if (m->flags & XT_POLICY_MATCH_IN)
		never(code, m->flags & XT_POLICY_MATCH_NONE);
	else
		maybe(code, "policy");
}

static void rpfilter(struct nf_code *code, const struct xt_rpfilter_info *m)
{
	uint32_t zero = 0;

	load(code, F_RPF, 0, 4)->off = (m->flags & XT_RPFILTER_LOOSE ? RPF_LOOSE : 0) |
				       (m->flags & XT_RPFILTER_VALID_MARK ? RPF_MARK : 0);
	compare(code, 0, nf_scratch(code, &zero, 4), 4, m->flags & XT_RPFILTER_INVERT);
}

struct match_kind {
	const char *name;
	int rev, rev_max;
	size_t len;
};

/* Those that are decoded, by number */
enum { M_CONNTRACK, M_CONNTRACK2, M_STATE, M_MARK, M_UDP, M_TCP, M_MULTIPORT, M_ICMP, M_ICMP6, M_IPRANGE,
	M_ADDRTYPE, M_CONNMARK, M_OWNER, M_DSCP, M_POLICY, M_RPFILTER, M_PKTTYPE, M_DEVGROUP, M_SET, M_SOCKET,
	M_COMMENT, M_NFACCT, M_SCTP, M_CONNTRACK3, M_HELPER,
	M_PHYSDEV, M_CGROUP, M_RT, M_FRAG, M_HBH, M_DST, N_MATCHES };

static const struct match_kind kinds[N_MATCHES] = {
	[M_CONNTRACK] = { "conntrack", 1, 1, sizeof(struct xt_conntrack_mtinfo1) },
	[M_CONNTRACK2] = { "conntrack", 2, 2, sizeof(struct xt_conntrack_mtinfo2) },
	[M_CONNTRACK3] = { "conntrack", 3, 3, sizeof(struct xt_conntrack_mtinfo3) },
	[M_PHYSDEV] = { "physdev", 0, 0, sizeof(struct xt_physdev_info) },
	[M_CGROUP] = { "cgroup", 0, 2, 0 },
	[M_RT] = { "rt", 0, 0, 0 },
	[M_FRAG] = { "frag", 0, 0, 0 },
	[M_HBH] = { "hbh", 0, 0, 0 },
	[M_DST] = { "dst", 0, 0, 0 },
	[M_HELPER] = { "helper", 0, 0, sizeof(struct xt_helper_info) },
	[M_STATE] = { "state", 0, 0, sizeof(struct xt_state_info) },
	[M_MARK] = { "mark", 1, 1, sizeof(struct xt_mark_mtinfo1) },
	[M_UDP] = { "udp", 0, 0, sizeof(struct xt_udp) },
	[M_TCP] = { "tcp", 0, 0, sizeof(struct xt_tcp) },
	[M_MULTIPORT] = { "multiport", 1, 1, sizeof(struct xt_multiport_v1) },
	[M_ICMP] = { "icmp", 0, 0, 4 },
	[M_ICMP6] = { "icmp6", 0, 0, 4 },
	[M_IPRANGE] = { "iprange", 1, 1, sizeof(struct xt_iprange_mtinfo) },
	[M_ADDRTYPE] = { "addrtype", 1, 1, sizeof(struct xt_addrtype_info_v1) },
	[M_CONNMARK] = { "connmark", 1, 1, sizeof(struct xt_connmark_mtinfo1) },
	[M_OWNER] = { "owner", 1, 1, sizeof(struct xt_owner_match_info) },
	[M_DSCP] = { "dscp", 0, 0, sizeof(struct xt_dscp_info) },
	[M_POLICY] = { "policy", 0, 0, sizeof(struct xt_policy_info) },
	[M_RPFILTER] = { "rpfilter", 0, 0, sizeof(struct xt_rpfilter_info) },
	[M_PKTTYPE] = { "pkttype", 0, 0, sizeof(struct xt_pkttype_info) },
	[M_DEVGROUP] = { "devgroup", 0, 0, sizeof(struct xt_devgroup_info) },
	[M_SET] = { "set", 1, 4, sizeof(struct xt_set_info_match_v1) },
	[M_SOCKET] = { "socket", 0, 3, 0 },
	[M_COMMENT] = { "comment", 0, 0, 0 },
	[M_SCTP] = { "sctp", 0, 0, sizeof(struct xt_sctp_info) },
	[M_NFACCT] = { "nfacct", 0, 1, 0 },
};

static int match_kind(const char *name, int rev, size_t len)
{
	int i;

	for (i = 0; i < N_MATCHES; i++)
		if (strcmp(name, kinds[i].name) == 0 && rev >= kinds[i].rev && rev <= kinds[i].rev_max &&
		    len >= kinds[i].len)
			return i;
	return -1;
}

static void device_group(struct nf_code *code, const struct xt_devgroup_info *m)
{
	if (m->flags & XT_DEVGROUP_MATCH_SRC)
		number_is(code, F_IIFGROUP, m->src_mask, m->src_group, !(m->flags & XT_DEVGROUP_INVERT_SRC));
	if (m->flags & XT_DEVGROUP_MATCH_DST)
		number_is(code, F_OIFGROUP, m->dst_mask, m->dst_group, !(m->flags & XT_DEVGROUP_INVERT_DST));
}

/* Later revisions may count packets and bytes as well, and have other flags: none as a rule */
static void set_match(struct nf_code *code, const struct xt_set_info_match_v1 *m, size_t len)
{
	static const char none[sizeof(struct xt_set_info_match_v4)];
	size_t rest = len - sizeof(*m);
	struct nf_step *s;

	if (m->match_set.flags & IPSET_RETURN_NOMATCH || rest > sizeof(none) || memcmp(m + 1, none, rest) != 0) {
		maybe(code, "set");
		return;
	}
	s = nf_step(code, NF_IPSET);
	s->a = &m->match_set;
	s->invert = m->match_set.flags & IPSET_INV_MATCH;
}

/* Those of one step, or none; false: another one */
static bool simple_match(struct nf_code *code, int kind, const void *info, size_t len)
{
	switch (kind) {
	case M_SOCKET:
		/* A listener for all addresses counts with --nowildcard alone */
		nf_step(code, NF_SOCKET)->arg = len && *(const uint8_t *)info & XT_SOCKET_NOWILDCARD;
		return true;
	case M_HELPER:
		nf_step(code, NF_HELPER)->invert = ((const struct xt_helper_info *)info)->invert;
		return true;
	case M_PHYSDEV:
		nf_step(code, NF_PHYSDEV)->a = info;
		return true;
	case M_RT:
	case M_FRAG:
	case M_HBH:
	case M_DST:
		nf_step(code, NF_OPTION);
		return true;
	case M_CGROUP:
		of_a_socket(code, false);
		return true;
	case M_COMMENT:
	case M_NFACCT:
		return true;
	}
	return false;
}

static void pkttype(struct nf_code *code, const struct xt_pkttype_info *m)
{
	uint8_t type = m->pkttype;

	load(code, F_PKTTYPE, 0, 1);
	compare(code, 0, nf_scratch(code, &type, 1), 1, !m->invert);
}

void xt_match(struct nf_code *code, int family, const char *name, int rev, const void *info, size_t len)
{
	const struct xt_mark_mtinfo1 *mark = info;
	const struct xt_udp *udp = info;
	int kind = match_kind(name, rev, len);

	switch (kind) {
	case M_CONNTRACK:
	case M_CONNTRACK2:
	case M_CONNTRACK3:
		return conntrack(code, family, rev, info);
	case M_STATE:
		return number_is(code, F_CT_STATE, ((const struct xt_state_info *)info)->statemask, 0, false);
	case M_MARK:
		return number_is(code, F_MARK, mark->mask, mark->mark, !mark->invert);
	case M_CONNMARK:	/* the same layout */
		return number_is(code, F_CT_MARK, mark->mask, mark->mark, !mark->invert);
	case M_UDP:
		ports(code, 1, udp->spts, 1, udp->invflags & XT_UDP_INV_SRCPT);
		return ports(code, 2, udp->dpts, 1, udp->invflags & XT_UDP_INV_DSTPT);
	case M_TCP:
		return tcp(code, info);
	case M_SCTP:
		return sctp(code, info);
	case M_MULTIPORT:
		return multiport(code, info);
	case M_ICMP:
	case M_ICMP6:
		return icmp(code, info);
	case M_IPRANGE:
		return iprange(code, family, info);
	case M_ADDRTYPE:
		return addrtype(code, info);
	case M_OWNER:
		return owner(code, info);
	case M_DSCP:
		return dscp(code, family, ((const struct xt_dscp_info *)info)->dscp,
			    !((const struct xt_dscp_info *)info)->invert);
	case M_POLICY:
		return policy(code, info);
	case M_RPFILTER:
		return rpfilter(code, info);
	case M_PKTTYPE:
		return pkttype(code, info);
	case M_DEVGROUP:
		return device_group(code, info);
	case M_SET:
		return set_match(code, info, len);
	default:
		if (simple_match(code, kind, info, len))
			return;
	}
	maybe(code, nf_scratch(code, name, strlen(name) + 1));
}

/* --- targets ------------------------------------------------------------------------ */

static void set_mark(struct nf_code *code, uint32_t and, uint32_t xor)
{
	uint32_t keep = ~and;

	load(code, F_MARK, 0, 4);
	mask(code, 0, nf_scratch(code, &keep, 4), nf_scratch(code, &xor, 4), 4);
	nf_step(code, NF_SET_MARK)->sreg = 0;
}

/* Of IPv4, struct nf_nat_ipv4_multi_range_compat; of both, struct nf_nat_range (and 2) */
static void nat(struct nf_code *code, enum nat_kind kind, int family, bool compat, const void *info, size_t len)
{
	const struct nf_nat_ipv4_multi_range_compat *mr = info;
	const struct nf_nat_range *r = info;
	uint8_t alen = family == AF_INET ? 4 : 16;
	unsigned int flags;
	struct nf_step *s;

	if (len < (compat ? sizeof(*mr) : sizeof(*r))) {
		nf_step(code, NF_MARK_UNKNOWN)->name = "NAT";
		return verdict(code, NF_QUEUE);
	}
	flags = compat ? mr->range[0].flags : r->flags;
	if (flags & NF_NAT_RANGE_MAP_IPS || kind == NAT_NETMAP) {
		constant(code, 0, compat ? (const void *)&mr->range[0].min_ip : (const void *)&r->min_addr, alen);
		constant(code, 16, compat ? (const void *)&mr->range[0].max_ip : (const void *)&r->max_addr, alen);
	}
	if (flags & NF_NAT_RANGE_PROTO_SPECIFIED) {
		constant(code, 32, compat ? (const void *)&mr->range[0].min : (const void *)&r->min_proto, 2);
		constant(code, 36, compat ? (const void *)&mr->range[0].max : (const void *)&r->max_proto, 2);
	}
	s = nf_step(code, NF_NAT);
	s->nat.kind = kind;
	s->nat.family = NFPROTO_INET;
	s->nat.min = flags & NF_NAT_RANGE_MAP_IPS || kind == NAT_NETMAP ? 0 : -1;
	s->nat.max = s->nat.min < 0 ? -1 : 16;
	s->nat.port = flags & NF_NAT_RANGE_PROTO_SPECIFIED ? 32 : -1;
	s->nat.port_max = s->nat.port < 0 ? -1 : 36;
	s->nat.netmap = kind == NAT_NETMAP;
	s->nat.random = flags & (NF_NAT_RANGE_PROTO_RANDOM | NF_NAT_RANGE_PROTO_RANDOM_FULLY);
}

static void unknown_target(struct nf_code *code, const char *name, bool goes_on)
{
	const char *copy = nf_scratch(code, name, strlen(name) + 1);

	nf_step(code, NF_MARK_UNKNOWN)->name = copy;
	if (!goes_on)
		verdict(code, NF_QUEUE);
}

static bool is_one_of(const char *name, const char *const *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(name, list[i]) == 0)
			return true;
	return false;
}

/* Targets that leave the path as it is, and let the next rule have the packet. */
static bool is_harmless(const char *name)
{
	static const char *const list[] = {
		"LOG", "NFLOG", "TRACE", "AUDIT", "CHECKSUM", "TCPMSS",
		"CLASSIFY", "TCPOPTSTRIP", "SECMARK", "CONNSECMARK", "RATEEST",
		"TEE", "IDLETIMER", "LED", "ULOG",
	};

	return is_one_of(name, list, ARRAY_SIZE(list));
}

static bool nat_target(struct nf_code *code, int family, const char *name, int rev, const void *info, size_t len)
{
	static const struct { const char *name; enum nat_kind kind; } list[] = {
		{ "SNAT", NAT_SNAT }, { "DNAT", NAT_DNAT }, { "MASQUERADE", NAT_MASQUERADE },
		{ "REDIRECT", NAT_REDIRECT }, { "NETMAP", NAT_NETMAP },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(list); i++)
		if (strcmp(name, list[i].name) == 0) {
			nat(code, list[i].kind, family, family == AF_INET && rev == 0, info, len);
			return true;
		}
	return false;
}

static void set_tos(struct nf_code *code, uint8_t and, uint8_t xor)
{
	struct nf_step *s = nf_step(code, NF_SET_TOS);

	s->arg = and;
	s->off = xor;
}

/* struct ipt_TTL_info, ip6t_HL_info: mode (set, inc, dec) and value */
static bool ttl_target(struct nf_code *code, const char *name, const uint8_t *info, size_t len)
{
	struct nf_step *s;

	if ((strcmp(name, "TTL") != 0 && strcmp(name, "HL") != 0) || len < 2)
		return false;
	s = nf_step(code, NF_SET_TTL);
	s->arg = info[0];
	s->off = info[1];
	return true;
}

static bool npt_target(struct nf_code *code, const char *name, const void *info, size_t len)
{
	struct nf_step *s;

	if ((strcmp(name, "SNPT") != 0 && strcmp(name, "DNPT") != 0) || len < sizeof(struct ip6t_npt_tginfo))
		return false;
	s = nf_step(code, NF_NPT);
	s->a = info;
	s->arg = name[0] == 'D';
	return true;
}

static bool tos_target(struct nf_code *code, const char *name, int rev, const void *info, size_t len)
{
	const struct xt_tos_target_info *tos = info;
	const struct xt_DSCP_info *dscp = info;

	if (strcmp(name, "TOS") == 0 && rev == 1 && len >= sizeof(*tos))
		set_tos(code, tos->tos_mask, tos->tos_value);
	else if (strcmp(name, "DSCP") == 0 && len >= sizeof(*dscp))
		set_tos(code, 0xfc, dscp->dscp << 2);
	else if (strcmp(name, "TOS") == 0 || strcmp(name, "DSCP") == 0)
		nf_step(code, NF_TOS_UNKNOWN);
	else
		return strcmp(name, "ECN") == 0;	/* no route asks for its bits */
	return true;
}

static void connmark(struct nf_code *code, int rev, const struct xt_connmark_tginfo2 *info, size_t len)
{
	struct xt_connmark_tginfo2 t = { 0 };

	if ((rev == 1 && len >= sizeof(struct xt_connmark_tginfo1)) || (rev == 2 && len >= sizeof(t))) {
		/* The second begins with the first */
		memcpy(&t, info, rev == 1 ? sizeof(struct xt_connmark_tginfo1) : sizeof(t));
		if (rev == 1)
			t.shift_dir = t.shift_bits = 0;
		nf_step(code, NF_CONNMARK)->a = nf_scratch(code, &t, sizeof(t));
	} else {
		unknown_target(code, "CONNMARK", true);
	}
}

/* NOTRACK, CT: what conntrack is told before it sees the packet */
static void ct_target(struct nf_code *code, const char *name, const void *info)
{
	struct nf_step *s = nf_step(code, NF_SET_CT);
	uint16_t flags = XT_CT_NOTRACK, zone = 0;

	if (name[0] == 'C') {
		memcpy(&flags, info, sizeof(flags));
		memcpy(&zone, (const char *)info + offsetof(struct xt_ct_target_info, zone), sizeof(zone));
	}
	s->arg = flags & XT_CT_NOTRACK ? CT_UNTRACKED : CT_TEMPLATE;
	/* A zone of one direction is another one than that of both */
	s->off = flags & XT_CT_ZONE_MARK ? ZONE_UNKNOWN :
		 zone | (flags & (XT_CT_ZONE_DIR_ORIG | XT_CT_ZONE_DIR_REPL)) << 17;
}

static void set_put(struct nf_code *code, const struct xt_set_info *set, enum nf_put how)
{
	struct nf_step *s;

	if (set->index == IPSET_INVALID_ID)
		return;
	s = nf_step(code, NF_IPSET_PUT);
	memcpy(&s->off, &set->index, sizeof(set->index));
	s->arg = how;
}

static void set_target(struct nf_code *code, int rev, const struct xt_set_info_target_v1 *t, size_t len)
{
	const struct xt_set_info_target_v3 *t3 = (const void *)t;

	if (rev >= 1 && len >= sizeof(*t)) {
		set_put(code, &t->add_set, PUT_IN);
		set_put(code, &t->del_set, TAKE_OUT);
	}
	/* --map-set takes a mark out of a set */
	if (rev > 2 && (len < sizeof(*t3) || t3->map_set.index != IPSET_INVALID_ID))
		unknown_target(code, "SET", true);
}

void xt_target(struct nf_code *code, int family, const char *name, int rev, const void *info, size_t len)
{
	/* The second revision begins as the first */
	const struct xt_tproxy_target_info *tproxy = info;
	const struct xt_mark_tginfo2 *mark = info;

	if (strcmp(name, "UNHOLE") == 0 && len >= sizeof(struct xt_unhole_tginfo)) {
		nf_step(code, NF_UNHOLE)->a = info;
	} else if (strcmp(name, "MARK") == 0 && rev == 2 && len >= sizeof(*mark)) {
		set_mark(code, mark->mask, mark->mark);
	} else if (strcmp(name, "TPROXY") == 0 && len >= sizeof(*tproxy)) {
		set_mark(code, tproxy->mark_mask, tproxy->mark_value);
		verdict(code, NF_PROXIED);
	} else if (strcmp(name, "NOTRACK") == 0 || (strcmp(name, "CT") == 0 && len >= 2 * sizeof(uint16_t))) {
		ct_target(code, name, info);
	} else if (strcmp(name, "REJECT") == 0) {
		verdict(code, NF_DROP);
	} else if (strcmp(name, "CONNMARK") == 0) {
		connmark(code, rev, info, len);
	} else if (strcmp(name, "SET") == 0) {
		set_target(code, rev, info, len);
	} else if (strcmp(name, "HMARK") == 0) {
		unknown_target(code, name, true);
	} else if (!is_harmless(name) && !ttl_target(code, name, info, len) && !npt_target(code, name, info, len) && !tos_target(code, name, rev, info, len) &&
		   !nat_target(code, family, name, rev, info, len)) {
		unknown_target(code, name, false);
	}
}

/* --- entries ------------------------------------------------------------------------ */

static size_t entry_base(int family)
{
	return family == AF_INET ? sizeof(struct ipt_entry) : sizeof(struct ip6t_entry);
}

/* Where an entry's target is and where the next entry is. The kernel has checked
 * all this; to be read out of bounds is not to be risked all the same.
 */
static bool entry_offsets(const struct nf_table *t, unsigned int off, unsigned int *target, unsigned int *next)
{
	const size_t base = entry_base(t->family);
	const struct xt_entry_target *tg;
	const char *e = t->blob + off;

	if (off % sizeof(uint64_t) || off > t->size || t->size - off < base)
		return false;
	if (t->family == AF_INET) {
		*target = ((const struct ipt_entry *)e)->target_offset;
		*next = ((const struct ipt_entry *)e)->next_offset;
	} else {
		*target = ((const struct ip6t_entry *)e)->target_offset;
		*next = ((const struct ip6t_entry *)e)->next_offset;
	}
	if ((*target | *next) % sizeof(uint64_t) || *target < base || *next > t->size - off ||
	    *next < *target + sizeof(struct xt_standard_target))
		return false;
	tg = (const void *)(e + *target);
	return tg->u.target_size >= sizeof(*tg) && *target + tg->u.target_size <= *next &&
	       memchr(tg->u.user.name, 0, sizeof(tg->u.user.name));
}

static void device(struct nf_code *code, enum nf_field field, const char *name, const unsigned char *bits, bool invert)
{
	uint8_t len = 0;

	/* Of "l+" the first byte counts, of "lo" three */
	while (len < IFNAMSIZ && bits[len])
		len++;
	if (!len) {
		if (invert)
			never(code, false);
		return;
	}
	load(code, field, 0, IFNAMSIZ);
	compare(code, 0, name, len, !invert);
}

static void address(struct nf_code *code, uint8_t at, uint8_t len, const void *addr, const void *and, bool invert)
{
	static const uint8_t none[16];

	if (memcmp(and, none, len) == 0) {
		if (invert)
			never(code, false);
		return;
	}
	load(code, F_NETWORK, 0, len)->off = at;
	mask(code, 0, and, none, len);
	compare(code, 0, addr, len, !invert);
}

static void protocol(struct nf_code *code, uint8_t proto, bool invert)
{
	load(code, F_L4PROTO, 0, 1);
	compare(code, 0, nf_scratch(code, &proto, 1), 1, !invert);
}

/* ip_packet_match(), ip6_packet_match(); returns whether a jump is a goto */
static bool head(struct nf_code *code, int family, const char *e)
{
	if (family == AF_INET) {
		const struct ipt_ip *ip = &((const struct ipt_entry *)e)->ip;

		address(code, 12, 4, &ip->src, &ip->smsk, ip->invflags & IPT_INV_SRCIP);
		address(code, 16, 4, &ip->dst, &ip->dmsk, ip->invflags & IPT_INV_DSTIP);
		device(code, F_IIFNAME, ip->iniface, ip->iniface_mask, ip->invflags & IPT_INV_VIA_IN);
		device(code, F_OIFNAME, ip->outiface, ip->outiface_mask, ip->invflags & IPT_INV_VIA_OUT);
		if (ip->proto)
			protocol(code, ip->proto, ip->invflags & IPT_INV_PROTO);
		/* A whole packet, and the first fragment */
		if (ip->flags & IPT_F_FRAG)
			never(code, ip->invflags & IPT_INV_FRAG);
		return ip->flags & IPT_F_GOTO;
	} else {
		const struct ip6t_ip6 *ip = &((const struct ip6t_entry *)e)->ipv6;

		address(code, 8, 16, &ip->src, &ip->smsk, ip->invflags & IP6T_INV_SRCIP);
		address(code, 24, 16, &ip->dst, &ip->dmsk, ip->invflags & IP6T_INV_DSTIP);
		device(code, F_IIFNAME, ip->iniface, ip->iniface_mask, ip->invflags & IP6T_INV_VIA_IN);
		device(code, F_OIFNAME, ip->outiface, ip->outiface_mask, ip->invflags & IP6T_INV_VIA_OUT);
		if (ip->flags & IP6T_F_PROTO)
			protocol(code, ip->proto, ip->invflags & IP6T_INV_PROTO);
		return ip->flags & IP6T_F_GOTO;
	}
}

static const struct nf_chain *chain_at(const struct nf_table *t, unsigned int off)
{
	size_t low = 0, high = t->n_chains;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (t->chains[mid].off == off)
			return &t->chains[mid];
		if (t->chains[mid].off < off)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* A verdict of a standard target: an offset, or -NF_* - 1, or XT_RETURN. */
static void standard(struct nf_code *code, const struct nf_table *t, int v, bool is_goto, unsigned int next)
{
	struct nf_step *s;

	/* A jump to what follows is how "no target" is said */
	if (v >= 0 && (unsigned int)v == next)
		return;
	s = nf_step(code, NF_VERDICT);
	if (v >= 0) {
		s->to = chain_at(t, v);
		s->arg = !s->to ? NF_QUEUE : is_goto ? (uint32_t)NFT_GOTO : (uint32_t)NFT_JUMP;
	} else {
		s->arg = v == XT_RETURN ? (uint32_t)NFT_RETURN : v == -NF_DROP - 1 ? NF_DROP :
			 v == -NF_ACCEPT - 1 ? NF_ACCEPT : NF_QUEUE;
	}
}

void xt_decode(const struct nf_chain *c, const struct nf_rule *r, struct nf_code *code)
{
	const struct nf_table *t = c->of;
	unsigned int off = (const char *)r->raw - t->blob, target_off, next, o = entry_base(t->family);
	const struct xt_entry_target *tg;
	const char *e = r->raw;
	bool is_goto;

	if (!entry_offsets(t, off, &target_off, &next))
		return;
	is_goto = head(code, t->family, e);
	while (o + sizeof(struct xt_entry_match) <= target_off) {
		const struct xt_entry_match *m = (const void *)(e + o);

		if (m->u.match_size < sizeof(*m) || m->u.match_size % sizeof(uint64_t) ||
		    m->u.match_size > target_off - o || !memchr(m->u.user.name, 0, sizeof(m->u.user.name))) {
			maybe(code, "a match");
			break;
		}
		xt_match(code, t->family, m->u.user.name, m->u.user.revision, m->data, m->u.match_size - sizeof(*m));
		o += m->u.match_size;
	}
	tg = (const void *)(e + target_off);
	if (tg->u.user.name[0])
		xt_target(code, t->family, tg->u.user.name, tg->u.user.revision, tg->data,
			  tg->u.target_size - sizeof(*tg));
	else
		standard(code, t, ((const struct xt_standard_target *)tg)->verdict, is_goto, off + next);
}

/* --- tables ---------------------------------------------------------------------------- */

/* Netfilter's own priorities, NF_IP_PRI_*. */
static int table_prio(const char *name, enum hook hook)
{
	if (strcmp(name, "raw") == 0)
		return NF_IP_PRI_RAW;
	if (strcmp(name, "mangle") == 0)
		return NF_IP_PRI_MANGLE;
	if (strcmp(name, "nat") == 0)
		return hook == HOOK_POSTROUTING || hook == HOOK_INPUT ? NF_IP_PRI_NAT_SRC : NF_IP_PRI_NAT_DST;
	return strcmp(name, "security") == 0 ? NF_IP_PRI_SECURITY : NF_IP_PRI_FILTER;
}

static struct nf_chain *add_chain(struct nf_table *t, unsigned int off, const char *name)
{
	struct nf_chain *c = one_more(&t->chains, &t->n_chains, sizeof(*c));

	c->legacy = true;
	c->family = t->family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6;
	c->table = t->name;
	c->name = name;
	c->of = t;
	c->off = off;
	c->policy = NF_ACCEPT;
	return c;
}

static struct nf_chain *base_chain(struct nf_table *t, unsigned int h, unsigned int off)
{
	static const char *const names[] = { "PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING" };
	struct nf_chain *c = add_chain(t, off, names[h]);

	c->base = true;
	c->hook = h;
	c->prio = table_prio(t->name, h);
	c->is_nat = strcmp(t->name, "nat") == 0;
	c->routes = strcmp(t->name, "mangle") == 0;
	return c;
}

/* The policy, by an entry that stands for it */
static bool is_policy(struct nf_table *t, struct nf_chain *c, unsigned int off, const struct xt_entry_target *tg)
{
	if (!c->base || t->underflow[c->hook] != off)
		return false;
	if (!tg->u.user.name[0] && ((const struct xt_standard_target *)tg)->verdict == -NF_DROP - 1)
		c->policy = NF_DROP;
	return true;
}

/* All entries, in their order: base chains, each behind its hook's entry point; others,
 * each behind an entry that bears its name.
 */
static void into_chains(struct nf_table *t)
{
	unsigned int off, target, next, h;
	struct nf_chain *c = NULL;
	struct nf_rule *r;

	for (off = 0; entry_offsets(t, off, &target, &next); off += next) {
		const struct xt_entry_target *tg = (const void *)(t->blob + off + target);
		const struct xt_error_target *error = (const void *)tg;

		for (h = 0; h < NF_INET_NUMHOOKS; h++)
			if (t->valid_hooks & (1u << h) && t->hook_entry[h] == off)
				c = base_chain(t, h, off);
		if (strcmp(tg->u.user.name, XT_ERROR_TARGET) == 0) {
			/* The last one of all has it, too */
			c = tg->u.target_size >= sizeof(*error) && memchr(error->errorname, 0, sizeof(error->errorname)) ?
				add_chain(t, off + next, error->errorname) : NULL;
			continue;
		}
		if (!c || is_policy(t, c, off, tg))
			continue;
		r = one_more(&c->rules, &c->n_rules, sizeof(*r));
		r->raw = t->blob + off;
		r->no = c->n_rules;
	}
}

static int table_read(int family, int fd, const char *name, struct nf_table *t)
{
	struct ipt_getinfo info = { 0 };	/* the same for both families */
	struct ipt_get_entries *get;
	socklen_t len = sizeof(info);
	int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	size_t head_len = offsetof(struct ipt_get_entries, entrytable);

	_Static_assert(sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo), "one layout");
	_Static_assert(offsetof(struct ipt_get_entries, entrytable) ==
		       offsetof(struct ip6t_get_entries, entrytable), "one layout");
	snprintf(info.name, sizeof(info.name), "%.*s", (int)sizeof(info.name) - 1, name);
	if (getsockopt(fd, level, IPT_SO_GET_INFO, &info, &len) < 0)
		return -errno;
	len = head_len + info.size;
	get = calloc(1, len);
	if (!get)
		return -ENOMEM;
	memcpy(get->name, info.name, sizeof(get->name));
	get->size = info.size;
	/* EAGAIN: the table has changed in between */
	if (getsockopt(fd, level, IPT_SO_GET_ENTRIES, get, &len) < 0) {
		int err = -errno;

		free(get);
		return err;
	}
	*t = (struct nf_table){ .family = family, .size = info.size, .valid_hooks = info.valid_hooks };
	memcpy(t->name, info.name, sizeof(t->name));
	memcpy(t->hook_entry, info.hook_entry, sizeof(t->hook_entry));
	memcpy(t->underflow, info.underflow, sizeof(t->underflow));
	/* The entries are to begin where malloc() begins, for their alignment */
	memmove(get, (char *)get + head_len, info.size);
	t->blob = (char *)get;
	into_chains(t);
	return 0;
}

static void list_chains(int f)
{
	struct nf_chains *list = &nf_chains[f];
	size_t i, j;

	for (i = 0; i < n_tables[f]; i++)
		for (j = 0; j < tables[f][i].n_chains; j++) {
			*(struct nf_chain **)one_more(&list->chain, &list->n, sizeof(*list->chain)) =
				&tables[f][i].chains[j];
		}
}

int xt_read(int family)
{
	const char *file = family == AF_INET ? "/proc/net/ip_tables_names" :
					       "/proc/net/ip6_tables_names";
	int i = family == AF_INET6, fd, err = 0;
	char name[64];
	FILE *f;

	/* A table that is not listed would be made by asking for it */
	f = fopen(file, "re");
	if (!f)
		return errno == ENOENT ? 0 : -errno;
	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		err = -errno;
	while (!err && fgets(name, sizeof(name), f) && n_tables[i] < MAX_TABLES) {
		int tries = 0;

		name[strcspn(name, "\n")] = 0;
		do {
			err = table_read(family, fd, name, &tables[i][n_tables[i]]);
		} while (err == -EAGAIN && again(&tries));
		if (!err)
			n_tables[i]++;
	}
	if (fd >= 0)
		close(fd);
	fclose(f);
	if (err)
		xt_free(family);
	else
		list_chains(i);
	return err;
}

void xt_free(int family)
{
	int f = family == AF_INET6;
	size_t i;

	while (n_tables[f]) {
		struct nf_table *t = &tables[f][--n_tables[f]];

		for (i = 0; i < t->n_chains; i++)
			free(t->chains[i].rules);
		free(t->chains);
		free(t->blob);
		memset(t, 0, sizeof(*t));
	}
}
