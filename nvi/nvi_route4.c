// SPDX-License-Identifier: GPL-2.0-only
/* NVI: the second lookup, IPv4. */
#include <linux/hash.h>
#include <linux/icmp.h>
#include <net/arp.h>
#include <net/l3mdev.h>
#include <net/ndisc.h>
#include <net/nexthop.h>
#include "nvi.h"

/* The bits of the TOS that an input lookup uses: all of the DSCP where rules can ask
 * for that (FRA_DSCP, 6.12: the attribute behind FRA_DPORT_RANGE), else
 * ip_route_input()'s IPTOS_RT_MASK.
 */
#define NVI_TOS_MASK	(FRA_MAX - FRA_DPORT_RANGE ? INET_DSCP_MASK : \
						     IPTOS_TOS_MASK & ~3)
/* 6.18: a lookup's TOS is a dscp_t, and its field a macro of another name. */
#ifdef flowi4_dscp
#define nvi_fl4_tos	flowi4_dscp
#define nvi_tos(tos)	inet_dsfield_to_dscp(tos)
#else
#define nvi_fl4_tos	flowi4_tos
#define nvi_tos(tos)	((tos) & NVI_TOS_MASK)
#endif

static struct nvi_route *nvi_route_slot(const struct nvi *nvi,
					const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	u32 hash = (__force u32)(iph->saddr ^ iph->daddr) ^ skb->mark;

	return &this_cpu_ptr(nvi->pcpu)->routes[hash_32(hash, NVI_ROUTES_BITS)];
}

/* The route that this CPU has kept for the flow, without a reference, or NULL.
 * It is good as long as nothing in IPv4's tables and rules has changed, which
 * is what rt_genid is about.
 */
static struct rtable *nvi_route_get(const struct nvi *nvi,
				    const struct nvi_route *nr,
				    const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	struct rtable *rt = READ_ONCE(nr->rt);

	if (!rt || nr->saddr != iph->saddr || nr->daddr != iph->daddr ||
	    nr->mark != skb->mark || nr->tos != (iph->tos & NVI_TOS_MASK) ||
	    rt->rt_genid != rt_genid_ipv4(dev_net(nvi->dev)))
		return NULL;
	return rt;
}

static void nvi_rt_forget(struct rtable **kept)
{
	struct rtable *old = xchg(kept, NULL);

	if (old)
		dst_release(&old->dst);
}

static void nvi_route_keep(struct nvi_route *nr, const struct sk_buff *skb,
			   struct rtable *rt)
{
	const struct iphdr *iph = ip_hdr(skb);

	/* It may come without a reference, and be flushed by another CPU */
	if (!dst_hold_safe(&rt->dst))
		return;
	nvi_rt_forget(&nr->rt);
	nr->saddr = iph->saddr;
	nr->daddr = iph->daddr;
	nr->mark = skb->mark;
	nr->tos = iph->tos & NVI_TOS_MASK;
	/* Only this CPU looks at the key, the others at rt alone */
	WRITE_ONCE(nr->rt, rt);
}

/* Kept routes hold their egress device: drop them all. */
void nvi_routes_flush(const struct nvi *nvi)
{
	unsigned int cpu, i;

	for_each_possible_cpu(cpu) {
		struct nvi_pcpu *pc = per_cpu_ptr(nvi->pcpu, cpu);

		for (i = 0; i < ARRAY_SIZE(pc->routes); i++) {
			nvi_rt_forget(&pc->routes[i].rt);
			dst_release(xchg(&pc->routes6[i].dst, NULL));
		}
		for (i = 0; i < ARRAY_SIZE(pc->hops); i++)
			nvi_rt_forget(&pc->hops[i].rt);
	}
}

/* What fib_multipath_hash(), which is not exported, makes of a packet. From 6.11 on
 * it also takes in a number of its own (fib_multipath_hash_from_keys()), which no
 * module knows. Not skb_get_hash(): TCP's own changes while a connection lasts.
 */
static void nvi_hash_addrs(const struct sk_buff *skb, struct flow_keys *keys)
{
	const struct iphdr *iph = ip_hdr(skb);
	const struct icmphdr *icmph;
	struct icmphdr _icmph;
	struct iphdr _iph;

	/* An error goes where its flow goes */
	if (iph->protocol == IPPROTO_ICMP &&
	    !(iph->frag_off & htons(IP_OFFSET))) {
		icmph = skb_header_pointer(skb, skb_network_offset(skb) +
					   iph->ihl * 4, sizeof(_icmph),
					   &_icmph);
		if (icmph && icmp_is_err(icmph->type))
			iph = skb_header_pointer(skb, skb_network_offset(skb) +
						 iph->ihl * 4 + sizeof(_icmph),
						 sizeof(_iph), &_iph) ?: iph;
	}
	keys->control.addr_type = FLOW_DISSECTOR_KEY_IPV4_ADDRS;
	keys->addrs.v4addrs.src = iph->saddr;
	keys->addrs.v4addrs.dst = iph->daddr;
}

#define NVI_HASH_FIELD(inner, field) \
	((inner) ? FIB_MULTIPATH_HASH_FIELD_INNER_##field : \
		   FIB_MULTIPATH_HASH_FIELD_##field)

/* fib_multipath_hash_policy 3: what fib_multipath_hash_fields says, of the outer or
 * the inner header.
 */
static u32 nvi_hash_fields(const struct sk_buff *skb, u32 fields, bool inner,
			   bool *encapsulated)
{
	struct flow_keys keys, hash = {};

	if (!(fields & (inner ? FIB_MULTIPATH_HASH_FIELD_INNER_MASK :
				FIB_MULTIPATH_HASH_FIELD_OUTER_MASK)))
		return 0;
	skb_flow_dissect_flow_keys(skb, &keys, inner ? 0 :
				   FLOW_DISSECTOR_F_STOP_AT_ENCAP);
	*encapsulated = keys.control.flags & FLOW_DIS_ENCAPSULATION;
	if (inner && !*encapsulated)
		return 0;

	if (!inner || keys.control.addr_type == FLOW_DISSECTOR_KEY_IPV4_ADDRS) {
		hash.control.addr_type = FLOW_DISSECTOR_KEY_IPV4_ADDRS;
		if (fields & NVI_HASH_FIELD(inner, SRC_IP))
			hash.addrs.v4addrs.src = keys.addrs.v4addrs.src;
		if (fields & NVI_HASH_FIELD(inner, DST_IP))
			hash.addrs.v4addrs.dst = keys.addrs.v4addrs.dst;
	} else if (keys.control.addr_type == FLOW_DISSECTOR_KEY_IPV6_ADDRS) {
		hash.control.addr_type = FLOW_DISSECTOR_KEY_IPV6_ADDRS;
		if (fields & FIB_MULTIPATH_HASH_FIELD_INNER_SRC_IP)
			hash.addrs.v6addrs.src = keys.addrs.v6addrs.src;
		if (fields & FIB_MULTIPATH_HASH_FIELD_INNER_DST_IP)
			hash.addrs.v6addrs.dst = keys.addrs.v6addrs.dst;
		if (fields & FIB_MULTIPATH_HASH_FIELD_INNER_FLOWLABEL)
			hash.tags.flow_label = keys.tags.flow_label;
	}
	if (fields & NVI_HASH_FIELD(inner, IP_PROTO))
		hash.basic.ip_proto = keys.basic.ip_proto;
	if (fields & NVI_HASH_FIELD(inner, SRC_PORT))
		hash.ports.src = keys.ports.src;
	if (fields & NVI_HASH_FIELD(inner, DST_PORT))
		hash.ports.dst = keys.ports.dst;
	return flow_hash_from_keys(&hash);
}

static u32 nvi_hash4(const struct net *net, const struct sk_buff *skb)
{
	struct flow_keys keys, hash = {};
	bool encapsulated = true;
	u32 fields, outer, inner = 0;

	switch (READ_ONCE(net->ipv4.sysctl_fib_multipath_hash_policy)) {
	case 1:
		skb_flow_dissect_flow_keys(skb, &keys,
					   FLOW_DISSECTOR_F_STOP_AT_ENCAP);
		hash.control.addr_type = FLOW_DISSECTOR_KEY_IPV4_ADDRS;
		hash.addrs.v4addrs = keys.addrs.v4addrs;
		hash.ports = keys.ports;
		hash.basic.ip_proto = keys.basic.ip_proto;
		break;
	case 2:
		skb_flow_dissect_flow_keys(skb, &keys, 0);
		if (keys.control.addr_type == FLOW_DISSECTOR_KEY_IPV4_ADDRS) {
			hash.control.addr_type = keys.control.addr_type;
			hash.addrs.v4addrs = keys.addrs.v4addrs;
		} else if (keys.control.addr_type ==
			   FLOW_DISSECTOR_KEY_IPV6_ADDRS) {
			hash.control.addr_type = keys.control.addr_type;
			hash.addrs.v6addrs = keys.addrs.v6addrs;
			hash.tags.flow_label = keys.tags.flow_label;
			hash.basic.ip_proto = keys.basic.ip_proto;
		} else {
			nvi_hash_addrs(skb, &hash);
		}
		break;
	case 3:
		fields = READ_ONCE(net->ipv4.sysctl_fib_multipath_hash_fields);
		outer = nvi_hash_fields(skb, fields, false, &encapsulated);
		if (encapsulated)
			inner = nvi_hash_fields(skb, fields, true,
						&encapsulated);
		return jhash_2words(outer, inner, 0);
	default:
		nvi_hash_addrs(skb, &hash);
	}
	return flow_hash_from_keys(&hash);
}

/* Whether the next hop's neighbour answers, as far as is known. */
static bool nvi_good_path(const struct fib_nh_common *nhc)
{
	const struct neighbour *n = NULL;

	if (nhc->nhc_scope != RT_SCOPE_LINK)
		return true;
	if (nhc->nhc_gw_family == AF_INET)
		n = __ipv4_neigh_lookup_noref(nhc->nhc_dev,
					      (__force u32)nhc->nhc_gw.ipv4);
#if IS_ENABLED(CONFIG_IPV6)
	else if (nhc->nhc_gw_family == AF_INET6)
		n = __ipv6_neigh_lookup_noref(nhc->nhc_dev, &nhc->nhc_gw.ipv6);
#endif
	return !n || READ_ONCE(n->nud_state) & NUD_VALID;
}

/* One of several next hops: the flow's own, as fib_select_multipath() chooses. */
static void nvi_select_path(struct fib_result *res, const struct sk_buff *skb)
{
	struct net *net = res->fi->fib_net;
	int i, hash = nvi_hash4(net, skb) >> 1;
	bool first = true;

	if (res->fi->nh) {
		nexthop_path_fib_result(res, hash);
		return;
	}
	for (i = 0; i < fib_info_num_path(res->fi); i++) {
		struct fib_nh_common *nhc = fib_info_nhc(res->fi, i);

		if (READ_ONCE(net->ipv4.sysctl_fib_multipath_use_neigh)) {
			if (!nvi_good_path(nhc))
				continue;
			if (first)
				res->nhc = nhc;
			first = false;
		}
		/* Negative if it is dead */
		if (hash <= atomic_read(&nhc->nhc_upper_bound)) {
			res->nhc = nhc;
			return;
		}
	}
}

/* Sets those of the two realms that are not set yet. */
static void nvi_set_realms(struct rtable *rt, u32 tag)
{
#ifdef CONFIG_IP_ROUTE_CLASSID
	if (!(rt->dst.tclassid & 0xffff))
		rt->dst.tclassid |= tag & 0xffff;
	if (!(rt->dst.tclassid & 0xffff0000))
		rt->dst.tclassid |= tag & 0xffff0000;
#endif
}

/* The realms of the source, of which fib_validate_source() takes note. */
static u32 nvi_source_realms(const struct net_device *dev,
			     const struct sk_buff *skb,
			     const struct flowi4 *there,
			     const struct fib_result *res)
{
	u32 itag = 0;
#ifdef CONFIG_IP_ROUTE_CLASSID
	struct in_device *in_dev = __in_dev_get_rcu(dev);
	struct net *net = dev_net(dev);
	struct fib_result back = {};
	struct flow_keys flkeys;
	struct flowi4 fl4;

	if (likely(!fib_num_tclassid_users(net)))
		return 0;
	fl4 = (struct flowi4) {
		.flowi4_iif = res->type == RTN_UNICAST && FIB_RES_OIF(*res) ?
			      FIB_RES_OIF(*res) : LOOPBACK_IFINDEX,
		.flowi4_l3mdev = l3mdev_master_ifindex_rcu(dev),
		.flowi4_mark = in_dev && IN_DEV_SRC_VMARK(in_dev) ?
			       skb->mark : 0,
		.nvi_fl4_tos = there->nvi_fl4_tos,
		.flowi4_scope = RT_SCOPE_UNIVERSE,
		.flowi4_uid = there->flowi4_uid,
		.saddr = there->daddr,
		.daddr = there->saddr,
	};
	if (fib4_rules_early_flow_dissect(net, (struct sk_buff *)skb, &fl4,
					  &flkeys))
		swap(fl4.fl4_sport, fl4.fl4_dport);
	if (!fib_lookup(net, &fl4, &back, 0) &&
	    (back.type == RTN_UNICAST || back.type == RTN_LOCAL))
		fib_combine_itag(&itag, &back);
#endif
	return itag;
}

/* As __mkroute_input() and ip_route_input_slow() make them, but for source
 * validation, which is the business of the interface that the packet came in
 * by, and for ICMP redirects that the box has heard (a router does not).
 */
static struct rtable *nvi_route_make(const struct net_device *dev,
				     const struct fib_result *res, u32 itag)
{
	struct fib_nh_common *nhc;
	struct in_device *out;
	struct rtable *rt;

	if (res->type == RTN_LOCAL) {
		rt = rt_dst_alloc(dev_net(dev)->loopback_dev, RTCF_LOCAL,
				  RTN_LOCAL, false);
		if (!rt)
			return ERR_PTR(-ENOBUFS);
		rt->rt_is_input = 1;
		nvi_set_realms(rt, itag);
		return rt;
	}

	nhc = FIB_RES_NHC(*res);
	/* An nvi device again, or the hole: neither leads anywhere */
	if (nvi_is(nhc->nhc_dev) || nhc->nhc_dev->flags & IFF_LOOPBACK)
		return ERR_PTR(-ELOOP);
	out = __in_dev_get_rcu(nhc->nhc_dev);
	if (!out)
		return ERR_PTR(-ENETUNREACH);
	rt = rt_dst_alloc(nhc->nhc_dev, 0, res->type,
			  IN_DEV_ORCONF(out, NOXFRM));
	if (!rt)
		return ERR_PTR(-ENOBUFS);
	rt->rt_is_input = 1;
	rt->dst.input = nvi_forward4;
	if (nhc->nhc_gw_family && nhc->nhc_scope == RT_SCOPE_LINK) {
		rt->rt_uses_gateway = 1;
		rt->rt_gw_family = nhc->nhc_gw_family;
		if (nhc->nhc_gw_family == AF_INET)
			rt->rt_gw4 = nhc->nhc_gw.ipv4;
		else
			rt->rt_gw6 = nhc->nhc_gw.ipv6;
	}
	ip_dst_init_metrics(&rt->dst, res->fi->fib_metrics);
#ifdef CONFIG_IP_ROUTE_CLASSID
	if (nhc->nhc_family == AF_INET)
		nvi_set_realms(rt, container_of(nhc, struct fib_nh,
						nh_common)->nh_tclassid);
#ifdef CONFIG_IP_MULTIPLE_TABLES
	nvi_set_realms(rt, res->tclassid);
#endif
	nvi_set_realms(rt, itag);
#endif
	return rt;
}

/* The route by the next hop that a lookup has found, without a reference. @genid: of
 * before that lookup. NULL: there is none yet, or realms are in use, which are the
 * rule's and the source's, too.
 */
static struct rtable *nvi_hop_get(const struct nvi *nvi,
				  const struct fib_result *res, int genid)
{
	const struct fib_nh_common *nhc = FIB_RES_NHC(*res);
	struct nvi_hop *hop;
	struct rtable *rt;

	hop = &this_cpu_ptr(nvi->pcpu)->hops[hash_ptr(nhc, NVI_HOPS_BITS)];
	rt = READ_ONCE(hop->rt);
	return rt && hop->nhc == nhc && hop->fi == res->fi &&
	       rt->rt_genid == genid &&
	       !fib_num_tclassid_users(dev_net(nvi->dev)) ? rt : NULL;
}

static void nvi_hop_keep(const struct nvi *nvi, const struct fib_result *res,
			 struct rtable *rt)
{
	const struct fib_nh_common *nhc = FIB_RES_NHC(*res);
	struct nvi_hop *hop;

	hop = &this_cpu_ptr(nvi->pcpu)->hops[hash_ptr(nhc, NVI_HOPS_BITS)];
	nvi_rt_forget(&hop->rt);
	hop->fi = res->fi;
	hop->nhc = nhc;
	dst_hold(&rt->dst);
	WRITE_ONCE(hop->rt, rt);
}

/* The second lookup. Returns the route, and does not attach it. @own: a route for this
 * packet alone. *ref says whether the route comes with a reference. NULL: the next hop
 * has a lightweight tunnel, which the receive path shall set up. -EAFNOSUPPORT: the
 * route is neither unicast nor local.
 */
struct rtable *nvi_route4(const struct nvi *nvi, struct sk_buff *skb,
			  bool own, bool *ref)
{
	struct nvi_route *nr = nvi_route_slot(nvi, skb);
	const struct iphdr *iph = ip_hdr(skb);
	struct net *net = dev_net(nvi->dev);
	struct flow_keys flkeys;
	struct fib_result res;
	struct flowi4 fl4;
	struct rtable *rt;
	int err, genid;
	bool keep;
	u32 itag;

	rt = own || !NVI_KEEPS ? NULL : nvi_route_get(nvi, nr, skb);
	*ref = !rt;
	if (rt)
		return rt;

	fl4 = (struct flowi4) {
		.flowi4_iif = nvi->dev->ifindex,
		.flowi4_mark = skb->mark,
		.nvi_fl4_tos = nvi_tos(iph->tos),
		.flowi4_scope = RT_SCOPE_UNIVERSE,
		.flowi4_uid = sock_net_uid(net, NULL),
		.saddr = iph->saddr,
		.daddr = iph->daddr,
	};
	res = (struct fib_result) {};
	genid = rt_genid_ipv4(net);
	/* Before the lookup: writers change it last, so a later reading would make
	 * a route look fresh that is not. (rt_dst_alloc() reads it later; a route
	 * for which both differ is not kept.)
	 */
	smp_rmb();
	/* Rules that want ports: the key of a kept route does not have them */
	keep = !fib4_rules_early_flow_dissect(net, skb, &fl4, &flkeys) &&
	       !own && NVI_KEEPS;
	err = fib_lookup(net, &fl4, &res, 0);
	if (err)
		return ERR_PTR(err);
	if (res.type != RTN_UNICAST && res.type != RTN_LOCAL)
		return ERR_PTR(-EAFNOSUPPORT);
	if (res.type == RTN_UNICAST) {
		if (fib_info_num_path(res.fi) > 1) {
			nvi_select_path(&res, skb);
			keep = false;
		}
		if (FIB_RES_NHC(res)->nhc_lwtstate)
			return NULL;
		/* A group's member can be replaced without a change of rt_genid */
		if (res.fi->nh)
			keep = false;
	}
	itag = nvi_source_realms(nvi->dev, skb, &fl4, &res);
	keep = keep && !itag && res.type == RTN_UNICAST;
	if (keep) {
		rt = nvi_hop_get(nvi, &res, genid);
		if (rt) {
			nvi_route_keep(nr, skb, rt);
			*ref = false;
			return rt;
		}
	}
	rt = nvi_route_make(nvi->dev, &res, itag);
	if (!IS_ERR(rt) && keep && rt->rt_genid == genid) {
		nvi_hop_keep(nvi, &res, rt);
		nvi_route_keep(nr, skb, rt);
	}
	return rt;
}
