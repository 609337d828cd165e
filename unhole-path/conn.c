// SPDX-License-Identifier: GPL-2.0-only
/* One connection, asked of conntrack: "as this connection". */
#include "box.h"
#include "nf_netlink.h"
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <string.h>

struct tuple {
	struct addr src, dst;
	uint16_t sport, dport;	/* network order; of ICMP: the identifier; type and code */
};

struct entry {
	bool found;
	struct tuple tuple[2];	/* IP_CT_DIR_* */
	uint32_t status, mark;
};

static void get(const struct nlattr *a, void *to, size_t len)
{
	if (a && mnl_attr_get_payload_len(a) >= len)
		memcpy(to, mnl_attr_get_payload(a), len);
}

static void parse_tuple(const struct nlattr *nest, int family, struct tuple *t)
{
	const struct nlattr *tb[MAX_ATTR], *ip[MAX_ATTR], *proto[MAX_ATTR];
	bool v4 = family == AF_INET;
	size_t len = v4 ? 4 : 16;
	uint8_t icmp[2] = { 0 };

	index_attrs(nest, tb);
	index_attrs(tb[CTA_TUPLE_IP], ip);
	index_attrs(tb[CTA_TUPLE_PROTO], proto);
	get(ip[v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC], &t->src, len);
	get(ip[v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST], &t->dst, len);
	get(proto[CTA_PROTO_SRC_PORT], &t->sport, 2);
	get(proto[CTA_PROTO_DST_PORT], &t->dport, 2);
	if (!proto[v4 ? CTA_PROTO_ICMP_TYPE : CTA_PROTO_ICMPV6_TYPE])
		return;
	get(proto[v4 ? CTA_PROTO_ICMP_ID : CTA_PROTO_ICMPV6_ID], &t->sport, 2);
	get(proto[v4 ? CTA_PROTO_ICMP_TYPE : CTA_PROTO_ICMPV6_TYPE], icmp, 1);
	get(proto[v4 ? CTA_PROTO_ICMP_CODE : CTA_PROTO_ICMPV6_CODE], icmp + 1, 1);
	memcpy(&t->dport, icmp, 2);
}

static int on_entry(const struct nlmsghdr *nlh, void *arg)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a;
	struct entry *e = arg;

	e->found = true;
	mnl_attr_for_each(a, nlh, sizeof(*g)) {
		switch (mnl_attr_get_type(a)) {
		case CTA_TUPLE_ORIG:
			parse_tuple(a, g->nfgen_family, &e->tuple[IP_CT_DIR_ORIGINAL]);
			break;
		case CTA_TUPLE_REPLY:
			parse_tuple(a, g->nfgen_family, &e->tuple[IP_CT_DIR_REPLY]);
			break;
		case CTA_STATUS:
			e->status = nf_be32(a);
			break;
		case CTA_MARK:
			e->mark = nf_be32(a);
			break;
		}
	}
	return MNL_CB_OK;
}

/* What it has in the place of ports, in network order */
static struct tuple own_tuple(const struct flow *f, const struct ct_key *key)
{
	struct tuple t = { .src = f->src, .dst = f->dst, .sport = htons(f->sport), .dport = htons(f->dport) };
	uint8_t icmp[2] = { key->type, key->code };

	if (key->has_type) {
		t.sport = htons(key->id);
		memcpy(&t.dport, icmp, 2);
	}
	return t;
}

static void put_tuple(struct nlmsghdr *nlh, const struct flow *f, const struct ct_key *key)
{
	bool v4 = f->family == AF_INET;
	size_t len = v4 ? 4 : 16;
	struct nlattr *tuple = mnl_attr_nest_start(nlh, CTA_TUPLE_ORIG), *part;

	part = mnl_attr_nest_start(nlh, CTA_TUPLE_IP);
	mnl_attr_put(nlh, v4 ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, len, &f->src);
	mnl_attr_put(nlh, v4 ? CTA_IP_V4_DST : CTA_IP_V6_DST, len, &f->dst);
	mnl_attr_nest_end(nlh, part);
	part = mnl_attr_nest_start(nlh, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(nlh, CTA_PROTO_NUM, f->proto);
	if (key->has_type) {
		mnl_attr_put_u16(nlh, v4 ? CTA_PROTO_ICMP_ID : CTA_PROTO_ICMPV6_ID, htons(key->id));
		mnl_attr_put_u8(nlh, v4 ? CTA_PROTO_ICMP_TYPE : CTA_PROTO_ICMPV6_TYPE, key->type);
		mnl_attr_put_u8(nlh, v4 ? CTA_PROTO_ICMP_CODE : CTA_PROTO_ICMPV6_CODE, key->code);
	} else {
		mnl_attr_put_u16(nlh, CTA_PROTO_SRC_PORT, htons(f->sport));
		mnl_attr_put_u16(nlh, CTA_PROTO_DST_PORT, htons(f->dport));
	}
	mnl_attr_nest_end(nlh, part);
	mnl_attr_nest_end(nlh, tuple);
}

/* resolve_normal_ct() */
static uint32_t state_of(const struct entry *e, bool reply)
{
	if (reply || e->status & IPS_SEEN_REPLY)
		return NF_CT_STATE_BIT(IP_CT_ESTABLISHED);
	return NF_CT_STATE_BIT(e->status & IPS_EXPECTED ? IP_CT_RELATED : IP_CT_NEW);
}

int conn_find(const struct flow *f, const struct ct_key *key, struct ct_conn *c)
{
	char req[MNL_NLMSG_HDRLEN + 256] = { 0 };
	struct entry e = { .found = false };
	const struct tuple *own = &e.tuple[IP_CT_DIR_ORIGINAL], *back = &e.tuple[IP_CT_DIR_REPLY], asked = own_tuple(f, key);
	struct nlmsghdr *nlh;
	int err;

	/* To ask would load it */
	if (!is_present("nf_conntrack_netlink"))
		return -EOPNOTSUPP;
	nlh = nfnl_put(req, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_GET, NLM_F_ACK, f->family);
	put_tuple(nlh, f, key);
	if (key->zone)
		mnl_attr_put_u16(nlh, CTA_ZONE, htons(key->zone));
	err = nfnl_talk(nlh, on_entry, &e);
	if (err || !e.found)
		return err ? err : -ENOENT;
	*c = (struct ct_conn){
		.src = own->src, .dst = own->dst, .status = e.status, .mark = e.mark, .mark_known = 0xffffffff,
		.has_ports = !key->has_type, .zone = key->zone, .type = key->type, .code = key->code,
	};
	c->reply = memcmp(&own->src, &f->src, sizeof(f->src)) != 0 || memcmp(&own->dst, &f->dst, sizeof(f->dst)) != 0 ||
		   own->sport != asked.sport || own->dport != asked.dport;
	c->state = state_of(&e, c->reply);
	/* NAT makes of it what the other direction answers to */
	if (c->reply)
		back = own;
	c->to[MANIP_DST] = back->src;
	c->port[MANIP_DST] = ntohs(back->sport);
	c->to[MANIP_SRC] = back->dst;
	c->port[MANIP_SRC] = ntohs(back->dport);
	return 0;
}
