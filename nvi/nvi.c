// SPDX-License-Identifier: GPL-2.0-only
/*
 * NVI: a device that routes again what is routed to it.
 *
 * A packet routed to an nvi device crosses POSTROUTING (where SNAT is), and is
 * then looked up a second time on its translated addresses, with "iif nviN" for
 * the policy rules. What comes after that lookup, FORWARD first, sees the
 * interface that the packet came in by.
 *
 * All of this happens in the transmit function. What is not safe there, or needs
 * the receive path's help, is put on a queue and received on the nvi device.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/hash.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/if_arp.h>
#include <linux/inetdevice.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_bridge.h>
#include <linux/netfilter_ipv4.h>
#include <linux/skbuff.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>
#include <net/arp.h>
#include <net/dst_metadata.h>
#include <net/icmp.h>
#include <net/ip.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/ip_fib.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/ndisc.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_helper.h>
#include <net/netfilter/nf_nat.h>
#include <net/nexthop.h>
#include <net/route.h>
#include <net/rtnetlink.h>
#include <net/sch_generic.h>
/* skb_gso_validate_network_len(): net/gso.h, on kernels that have one */
#include <net/udp.h>
#include <net/xfrm.h>

MODULE_DESCRIPTION("NAT Virtual Interface: route a packet again after NAT");
MODULE_AUTHOR("xt_UNHOLE");
MODULE_LICENSE("GPL");
MODULE_ALIAS_RTNL_LINK("nvi");

static bool nvi_userns;
module_param_named(userns, nvi_userns, bool, 0644);
MODULE_PARM_DESC(userns, "Devices in network namespaces of user namespaces too (default: off)");

/* Receive queue of a CPU, in packets: netdev_max_backlog's default. */
#define NVI_BACKLOG	1000
/* How often a packet may come by within another one's transmission or
 * reception: a tunnel over nvi over a tunnel ... The kernel's own limit,
 * XMIT_RECURSION_LIMIT, is 8.
 */
#define NVI_DEPTH_MAX	4
/* Neighbour entries, in a table that all namespaces share: IPv6 has one for each
 * destination. More than these are flushed, half a second later, or at once.
 */
#define NVI_NEIGH_FEW	8
#define NVI_NEIGH_MANY	256
/* Second lookups that a CPU keeps, and routes by next hop, which many lookups share.
 * None with PREEMPT_RT, where it may be taken away in between.
 */
#define NVI_ROUTES_BITS	7
#define NVI_HOPS_BITS	4
#define NVI_KEEPS	(!IS_ENABLED(CONFIG_PREEMPT_RT))

/* Where kernels differ. Their headers tell, not their version, which says nothing
 * of what a distribution has taken over. Where no macro tells, Kbuild does:
 * NVI_NEWLINK_PARAMS, newlink() has its arguments in a structure (6.15).
 */

/* What of the TOS an input lookup takes along: all of the DSCP where rules can ask
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

/* What became of a packet; the order is that of nvi_stat_names. */
enum nvi_stat {
	NVI_DIRECT,
	NVI_RX_LOCAL,
	NVI_RX_FRAGMENT,
	NVI_RX_OPTIONS,
	NVI_RX_CONTEXT,
	NVI_RX_PREROUTING,
	NVI_DROP_NO_DST,
	NVI_DROP_MULTICAST,
	NVI_DROP_MARTIAN,
	NVI_DROP_NO_ROUTE,
	NVI_DROP_REFUSED,
	NVI_DROP_LOOP,
	NVI_DROP_NESTED,
	NVI_DROP_BACKLOG,
	NVI_DROP_ERROR,
	NVI_SUM,	/* what was routed to the device is in one of those */
	NVI_RX_REFUSED = NVI_SUM,
	NVI_STATS
};

static const char nvi_stat_names[NVI_STATS][ETH_GSTRING_LEN] = {
	"direct", "rx_local", "rx_fragment", "rx_options", "rx_context",
	"rx_prerouting", "drop_no_dst", "drop_multicast", "drop_martian", "drop_no_route",
	"drop_refused", "drop_loop", "drop_nested", "drop_backlog",
	"drop_error", "rx_refused",
};

/* The order is that of nvi_flag_names. */
enum {
	NVI_NOTRACK	= 1 << 0,
	NVI_PREROUTING	= 1 << 1,
	NVI_RESET_CT	= 1 << 2,
	NVI_FLAGS	= NVI_NOTRACK | NVI_PREROUTING | NVI_RESET_CT,
};

static const char nvi_flag_names[][ETH_GSTRING_LEN] = {
	"notrack", "prerouting", "reset-ct",
};

/* The same in IFLA_INFO_DATA, each a u8, 0 or 1, in the flags' order. */
enum {
	IFLA_NVI_UNSPEC,
	IFLA_NVI_NOTRACK,
	IFLA_NVI_PREROUTING,
	IFLA_NVI_RESET_CT,
	__IFLA_NVI_MAX
};

#define IFLA_NVI_MAX	(__IFLA_NVI_MAX - 1)

/**
 * struct nvi_route - a second lookup's result, as long as IPv4's routes and
 *	rules stay as they are
 * @rt: the route, with a reference; NULL if there is none. Set by the CPU that
 *	owns it, with BHs off; taken away by anybody, with xchg().
 * @saddr: source, translated
 * @daddr: destination
 * @mark: fwmark
 * @tos: DSCP
 */
struct nvi_route {
	struct rtable *rt;
	__be32 saddr;
	__be32 daddr;
	u32 mark;
	u8 tos;
};

/**
 * struct nvi_hop - the route by a next hop, for lookups that are not kept: more flows
 *	than there is room for would have one made for each packet
 * @rt: as &nvi_route.rt
 * @fi: whose next hop; with @nhc a key only, and not to be followed. IPv4's routes have
 *	not changed since (rt_genid), or it is not the same any more.
 * @nhc: next hop
 */
struct nvi_hop {
	struct rtable *rt;
	const struct fib_info *fi;
	const struct fib_nh_common *nhc;
};

/**
 * struct nvi_route6 - the same as &nvi_route for IPv6, which has no one number that every change
 *	of routes and rules changes
 * @dst: the route, as &nvi_route.rt
 * @saddr: source, translated
 * @daddr: destination
 * @flowinfo: traffic class and flow label
 * @mark: fwmark
 * @cookie: of the route, for dst_check()
 * @sernum: of the last change of a route
 * @rules: number of changes of rules
 * @expires: jiffies; a second, since what neighbour discovery learns about routers
 *	has no number
 */
struct nvi_route6 {
	struct dst_entry *dst;
	struct in6_addr saddr;
	struct in6_addr daddr;
	__be32 flowinfo;
	u32 mark;
	u32 cookie;
	int sernum;
	unsigned int rules;
	unsigned long expires;
};

/**
 * struct nvi_pcpu - a CPU's part of a device
 * @syncp: for readers of the counters on 32 bits
 * @packets: by what became of them
 * @bytes: routed to the device
 * @rx_bytes: of what was routed again
 * @queue: packets to be received on the device; those of this CPU, and drained
 *	by it unless its NAPI is threaded
 * @napi: drains @queue
 * @routes: hashed by addresses
 * @hops: hashed by next hop
 * @routes6: hashed by addresses
 */
struct nvi_pcpu {
	struct u64_stats_sync syncp;
	u64_stats_t packets[NVI_STATS];
	u64_stats_t bytes;
	u64_stats_t rx_bytes;
	struct sk_buff_head queue;
	struct napi_struct napi;
	struct nvi_route routes[1 << NVI_ROUTES_BITS];
	struct nvi_hop hops[1 << NVI_HOPS_BITS];
	struct nvi_route6 routes6[1 << NVI_ROUTES_BITS];
};

/**
 * struct nvi - private part of the net device
 * @pcpu: counters, queues, routes
 * @link: "link" of "ip link add": what stands for the receive interface, or
 *	NULL. In this device's namespace: dropped when either leaves it. RTNL.
 * @flags: NVI_FLAGS; RTNL, read without locks
 * @neighbours: entries of IPv6 on this device, made since the last flush
 * @neigh_work: flushes them
 * @markers: what a packet has instead of a route until it crosses PREROUTING on
 *	its second pass; indexed by whether IPsec's policies have been asked
 * @list: in nvi_list
 * @dev: back
 */
struct nvi {
	struct nvi_pcpu __percpu *pcpu;
	struct net_device __rcu *link;
	u32 flags;
	atomic_t neighbours;
	struct delayed_work neigh_work;
	struct metadata_dst *markers[2];

	struct list_head list;
	struct net_device *dev;
};

/* All devices, under RTNL. */
static LIST_HEAD(nvi_list);

/* Depth of the packet that this CPU has taken off a queue; 0 outside. */
static DEFINE_PER_CPU(unsigned int, nvi_depth);

/* While a packet is on a queue of ours; ip_rcv() clears it. */
struct nvi_cb {
	unsigned int depth;
};

#define NVI_CB(skb) ((struct nvi_cb *)(skb)->cb)

static const struct net_device_ops nvi_netdev_ops;

/* What the kernel is told of a drop. */
static const enum skb_drop_reason nvi_reasons[NVI_STATS] = {
	[NVI_DROP_NO_DST] = SKB_DROP_REASON_IP_OUTNOROUTES,
	[NVI_DROP_MULTICAST] = SKB_DROP_REASON_IP_INADDRERRORS,
	[NVI_DROP_MARTIAN] = SKB_DROP_REASON_IP_INADDRERRORS,
	[NVI_DROP_NO_ROUTE] = SKB_DROP_REASON_IP_INNOROUTES,
	[NVI_DROP_REFUSED] = SKB_DROP_REASON_NOT_SPECIFIED,
	[NVI_DROP_LOOP] = SKB_DROP_REASON_IP_INNOROUTES,
	[NVI_DROP_NESTED] = SKB_DROP_REASON_IP_INNOROUTES,
	[NVI_DROP_BACKLOG] = SKB_DROP_REASON_CPU_BACKLOG,
	[NVI_DROP_ERROR] = SKB_DROP_REASON_NOMEM,
};

static bool nvi_is(const struct net_device *dev)
{
	return dev->netdev_ops == &nvi_netdev_ops;
}

static void nvi_count(const struct nvi *nvi, enum nvi_stat what,
		      unsigned int len)
{
	struct nvi_pcpu *pc = this_cpu_ptr(nvi->pcpu);

	u64_stats_update_begin(&pc->syncp);
	u64_stats_inc(&pc->packets[what]);
	u64_stats_add(&pc->bytes, len);
	if (what < NVI_DROP_NO_DST)
		u64_stats_add(&pc->rx_bytes, len);
	u64_stats_update_end(&pc->syncp);
}

static enum nvi_stat nvi_drop(struct sk_buff *skb, enum nvi_stat why)
{
	kfree_skb_reason(skb, nvi_reasons[why]);
	return why;
}

/* Drops what has been refused, and says why. */
static enum nvi_stat nvi_refuse(struct sk_buff *skb,
				enum skb_drop_reason reason)
{
	kfree_skb_reason(skb, reason);
	return NVI_DROP_REFUSED;
}

/* --- forwarding, IPv4 ---------------------------------------------------- */

static bool nvi_too_big(const struct sk_buff *skb, unsigned int mtu)
{
	if (skb->len <= mtu || !(ip_hdr(skb)->frag_off & htons(IP_DF)))
		return false;
	return IPCB(skb)->frag_max_size > mtu || !skb_is_gso(skb) ||
	       !skb_gso_validate_network_len(skb, mtu);
}

/* Routes that packets without a key wait with (xfrm's hold queue). The kernel never
 * gives them back (dst_destroy() does not know the child of a dst without a state), and
 * their egress device could not leave. With a reference; dropped with the device.
 */
struct nvi_held {
	struct list_head list;
	struct rtable *rt;
};

static LIST_HEAD(nvi_helds);
static DEFINE_SPINLOCK(nvi_held_lock);

static void nvi_hold(struct rtable *rt)
{
	struct nvi_held *held;

	spin_lock_bh(&nvi_held_lock);
	list_for_each_entry(held, &nvi_helds, list)
		if (held->rt == rt)
			goto out;
	held = kmalloc(sizeof(*held), GFP_ATOMIC);
	if (!held)
		goto out;
	dst_hold(&rt->dst);
	held->rt = rt;
	list_add(&held->list, &nvi_helds);
out:
	spin_unlock_bh(&nvi_held_lock);
}

/* NULL: all of them. */
static void nvi_unhold(const struct net_device *dev)
{
	struct nvi_held *held, *next;

	spin_lock_bh(&nvi_held_lock);
	list_for_each_entry_safe(held, next, &nvi_helds, list) {
		if (dev && held->rt->dst.dev != dev)
			continue;
		list_del(&held->list);
		dst_dev_put(&held->rt->dst);
		dst_release(&held->rt->dst);
		kfree(held);
	}
	spin_unlock_bh(&nvi_held_lock);
}

/* What ip_forward() does, which is not exported, in two halves. It differs in this:
 * errors go to the sender's true address if NAT has changed it (icmp_ndo_send()),
 * router alert is left to the first pass, the address that is recorded in options
 * is ip_options_compile()'s, there are no redirects, what TCP keeps of a packet
 * is not copied (as for any transmit function, only headers are written), and the box's
 * own packets keep their socket: it is held back as long as they wait at the true
 * egress, which tells it when they leave.
 *
 * The first half: what may refuse the packet. It wants the conntrack entry of the
 * first pass, if there is one. @dev is the lookup's. SKB_NOT_DROPPED_YET: it does
 * not.
 */
static enum skb_drop_reason
nvi_admit4(struct sk_buff *skb, const struct net_device *dev)
{
	struct in_device *in_dev = __in_dev_get_rcu(dev);
	struct net *net = dev_net(dev);
	struct rtable *rt;
	unsigned int mtu;

	if ((in_dev && IN_DEV_ORCONF(in_dev, NOPOLICY)) ||
	    skb_dst(skb)->flags & DST_NOPOLICY)
		IPCB(skb)->flags |= IPSKB_NOPOLICY;
	if (!xfrm4_policy_check(NULL, XFRM_POLICY_FWD, skb))
		return SKB_DROP_REASON_XFRM_POLICY;
	if (unlikely(ip_hdr(skb)->ttl <= 1)) {
		__IP_INC_STATS(net, IPSTATS_MIB_INHDRERRORS);
		icmp_ndo_send(skb, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0);
		return SKB_DROP_REASON_IP_INHDR;
	}
	rt = skb_rtable(skb);
	if (!xfrm4_route_forward(skb))
		return SKB_DROP_REASON_XFRM_POLICY;
	if (unlikely(skb_rtable(skb) != rt)) {
		if (!dst_xfrm(skb_dst(skb)))
			nvi_hold(rt);
		rt = skb_rtable(skb);
	}
	if (unlikely(IPCB(skb)->opt.is_strictroute && rt->rt_uses_gateway)) {
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_SR_FAILED, 0);
		return SKB_DROP_REASON_NOT_SPECIFIED;
	}

	IPCB(skb)->flags |= IPSKB_FORWARDED;
	mtu = ip_dst_mtu_maybe_forward(&rt->dst, true);
	if (unlikely(nvi_too_big(skb, mtu))) {
		IP_INC_STATS(net, IPSTATS_MIB_FRAGFAILS);
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
			      htonl(mtu));
		return SKB_DROP_REASON_PKT_TOO_BIG;
	}
	return SKB_NOT_DROPPED_YET;
}

/* The second half. Consumes the packet. */
static int nvi_send4(struct sk_buff *skb)
{
	struct rtable *rt = skb_rtable(skb);
	struct net *net = dev_net(skb->dev);

	skb_forward_csum(skb);
	if (skb_cow_head(skb, LL_RESERVED_SPACE(rt->dst.dev) +
			 rt->dst.header_len)) {
		kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
		return NET_RX_DROP;
	}
	ip_decrease_ttl(ip_hdr(skb));
	/* ip_rcv_options() has written into it */
	if (unlikely(IPCB(skb)->opt.is_changed))
		ip_send_check(ip_hdr(skb));
	if (READ_ONCE(net->ipv4.sysctl_ip_fwd_update_priority))
		skb->priority = rt_tos2priority(ip_hdr(skb)->tos);

	__IP_INC_STATS(net, IPSTATS_MIB_OUTFORWDATAGRAMS);
	skb_clear_tstamp(skb);
	/* The route's own function: IPsec has several. No function of this
	 * module, as dst_output() would be: NFQUEUE may keep the packet for
	 * longer than the module is there.
	 */
	return NF_HOOK(NFPROTO_IPV4, NF_INET_FORWARD, net, NULL, skb,
		       skb->dev, rt->dst.dev, rt->dst.output);
}

/* What has crossed PREROUTING as the nvi device's own is the link's from FORWARD on. */
static void nvi_show_link(const struct nvi *nvi, struct sk_buff *skb)
{
	struct net_device *link = rcu_dereference(nvi->link);

	if (link && READ_ONCE(nvi->flags) & NVI_PREROUTING)
		skb->dev = link;
}

/* The input handler of nvi's routes: for what comes back by the receive path.
 * Context: RCU; BHs on, if NFQUEUE has had the packet. Consumes it.
 */
static int nvi_forward4(struct sk_buff *skb)
{
	enum skb_drop_reason reason = SKB_DROP_REASON_NOT_SPECIFIED;
	const struct nvi *nvi = NULL;
	const struct net_device *dev;

	/* Not skb->dev, if nvi is in a VRF */
	dev = dev_get_by_index_rcu(dev_net(skb->dev), IPCB(skb)->iif);
	if (dev && nvi_is(dev))
		nvi = netdev_priv(dev);
	if (likely(skb->pkt_type == PACKET_HOST && !skb->sk))
		reason = nvi_admit4(skb, dev ?: skb->dev);
	if (likely(!reason)) {
		if (nvi)
			nvi_show_link(nvi, skb);
		return nvi_send4(skb);
	}
	if (nvi) {
		local_bh_disable();
		nvi_count(nvi, NVI_RX_REFUSED, 0);
		local_bh_enable();
	}
	kfree_skb_reason(skb, reason);
	return NET_RX_DROP;
}

/* --- the second lookup, IPv4 --------------------------------------------- */

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

	nvi_rt_forget(&nr->rt);
	nr->saddr = iph->saddr;
	nr->daddr = iph->daddr;
	nr->mark = skb->mark;
	nr->tos = iph->tos & NVI_TOS_MASK;
	dst_hold(&rt->dst);
	/* Only this CPU looks at the key, the others at rt alone */
	WRITE_ONCE(nr->rt, rt);
}

/* They hold their egress device. */
static void nvi_routes_flush(const struct nvi *nvi)
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

/* Realms: who comes first has a say. */
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

/* The second lookup. Attaches nothing. @own: a route for this packet alone. *ref says
 * whether the route comes with a reference. NULL: the next hop has a lightweight
 * tunnel, which the receive path shall set up. -EAFNOSUPPORT: no unicast.
 */
static struct rtable *nvi_route4(const struct nvi *nvi, struct sk_buff *skb,
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
	/* Read before the lookup: writers change it last, so a later reading would
	 * make a route look fresh that is not. (rt_dst_alloc() reads it later; a
	 * route for which both differ is not kept.)
	 */
	genid = rt_genid_ipv4(net);
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
		/* A group's member is replaced without a word to the route */
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

/* --- both families ------------------------------------------------------- */

/* What stands for the interface that the packet came in by: the link, or that
 * interface, or, for the box's own packets, nvi itself.
 */
static struct net_device *nvi_rx_dev(const struct nvi *nvi,
				     const struct sk_buff *skb)
{
	struct net_device *rx = rcu_dereference(nvi->link);

	if (rx)
		return rx;
	if (skb->skb_iif)
		rx = dev_get_by_index_rcu(dev_net(nvi->dev), skb->skb_iif);
	return rx ?: nvi->dev;
}

/* Whether the control block is still IP's: a qdisc uses it as well. */
static bool nvi_cb_valid(const struct sk_buff *skb)
{
	const struct netdev_queue *txq =
		netdev_get_tx_queue(skb->dev, skb_get_queue_mapping(skb));

	return !rcu_dereference_bh(txq->qdisc)->enqueue;
}

/* Whether IPsec has made the packet here. It is not asked about it again, as no
 * other packet of the box is (ip_route_me_harder()).
 */
static bool nvi_transformed(const struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP) ?
	    !(IPCB(skb)->flags & IPSKB_XFRM_TRANSFORMED) :
	    !(IP6CB(skb)->flags & IP6SKB_XFRM_TRANSFORMED))
		return false;
	return nvi_cb_valid(skb);
}

/* The source that the packet had before NAT. */
static __be32 nvi_source4(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	enum ip_conntrack_info ctinfo;
	const struct nf_conn *ct = nf_ct_get(skb, &ctinfo);

	if (ct)
		return ct->tuplehash[CTINFO2DIR(ctinfo)].tuple.src.u3.ip;
#endif
	return ip_hdr(skb)->saddr;
}

/* Whether the box has made the packet of another, one that came in: then it is the
 * box's own, and comes in by nvi. Most tunnels say so themselves (skb_scrub_packet()).
 * Others have looked for a route of their own, from one of the box's addresses; so does
 * a VRF device, but not from one of those.
 */
static bool nvi_encapsulated4(const struct nvi *nvi, const struct sk_buff *skb)
{
	return skb->skb_iif && rt_is_output_route(skb_rtable(skb)) &&
	       inet_addr_type(dev_net(nvi->dev), nvi_source4(skb)) == RTN_LOCAL;
}

/* LOG and "-m mac" look for the Ethernet header in front of the packet. It is
 * still there, unless the packet has been copied into another buffer; take it
 * for that if it is one to this interface.
 */
static void nvi_set_mac_header(struct sk_buff *skb, const struct net_device *rx)
{
	skb_reset_mac_header(skb);
	if (rx->type != ARPHRD_ETHER || skb->skb_iif != rx->ifindex ||
	    skb_headroom(skb) < ETH_HLEN)
		return;
	skb_set_mac_header(skb, -ETH_HLEN);
	if (eth_hdr(skb)->h_proto != skb->protocol ||
	    !ether_addr_equal(eth_hdr(skb)->h_dest, rx->dev_addr))
		skb_reset_mac_header(skb);
}

/* Whether the connection tracking entry must not be seen again: helpers and
 * sequence adjustment work at each POSTROUTING (nf_confirm()), and would change
 * the payload twice.
 */
static bool nvi_once(const struct nf_conn *ct)
{
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	const struct nf_conn_help *help = nfct_help(ct);

	return (help && rcu_access_pointer(help->helper)) ||
	       test_bit(IPS_SEQ_ADJUST_BIT, &ct->status);
#else
	return false;
#endif
}

static void nvi_conntrack(const struct nvi *nvi, struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = nf_ct_get(skb, &ctinfo);

	if (!ct)
		return;
	if (READ_ONCE(nvi->flags) & NVI_NOTRACK || nvi_once(ct)) {
		nf_reset_ct(skb);
		nf_ct_set(skb, NULL, IP_CT_UNTRACKED);
		/* Policies know the addresses that the entry knows; the first
		 * pass has checked them.
		 */
		secpath_reset(skb);
		return;
	}
#if IS_ENABLED(CONFIG_NF_NAT_MASQUERADE)
	/* MASQUERADE took note of the device, and the packet would be dropped
	 * on its way out of another one (nf_nat_oif_changed()). From here on
	 * it is SNAT to the address chosen.
	 */
	if (nfct_nat(ct) && nfct_nat(ct)->masq_index == nvi->dev->ifindex)
		WRITE_ONCE(nfct_nat(ct)->masq_index, 0);
#endif
#endif
}

/* Whether IPsec has no say in what leaves the box: the condition that makes
 * xfrm_lookup() give back the route that it was given.
 */
static bool nvi_unencrypted(const struct net *net, const struct sk_buff *skb)
{
#ifdef CONFIG_XFRM
	const struct sock *sk = skb->sk;

	return !READ_ONCE(net->xfrm.policy_count[XFRM_POLICY_OUT]) &&
	       READ_ONCE(net->xfrm.policy_default[XFRM_POLICY_OUT]) ==
							XFRM_USERPOLICY_ACCEPT &&
	       (!sk || (sk_fullsock(sk) &&
			!rcu_access_pointer(sk->sk_policy[XFRM_POLICY_OUT])));
#else
	return true;
#endif
}

/* A tunnel device's packet, which has no input interface. A qdisc on the tunnel or on
 * nvi hides how deep the stack is, and a tunnel into itself would not be noticed.
 */
static bool nvi_tunnelled(const struct sk_buff *skb, u8 protocol)
{
	return !skb->skb_iif &&
	       (protocol == IPPROTO_IPIP || protocol == IPPROTO_IPV6 ||
		protocol == IPPROTO_GRE);
}

/* Whether handling the packet here could meet its own sender's locks: the
 * kernel's per-CPU sockets (ICMP errors and replies, TCP resets) are locked
 * while they send, and an error about what they send would be lost. Or whether
 * the stack is deep already: a tunnel's packet.
 */
static bool nvi_defers(const struct sk_buff *skb, u8 protocol)
{
	return dev_recursion_level() > 1 || nvi_tunnelled(skb, protocol) ||
	       (skb->sk && sk_fullsock(skb->sk) && !skb->sk->sk_net_refcnt);
}

/* Puts the packet on this CPU's queue, to be received on the nvi device. It keeps
 * its route, if it has one, so that it is not looked up nor validated there. Returns
 * what became of it.
 */
static enum nvi_stat nvi_receive(const struct nvi *nvi, struct sk_buff *skb,
				 enum nvi_stat why)
{
	struct nvi_pcpu *pc = this_cpu_ptr(nvi->pcpu);
	/* What is delivered here ends here; an answer to it is another packet */
	unsigned int depth = why == NVI_RX_LOCAL ? 0 :
			     this_cpu_read(nvi_depth) + 1;

	if (depth > NVI_DEPTH_MAX)
		why = NVI_DROP_NESTED;
	else if (skb_queue_len_lockless(&pc->queue) >= NVI_BACKLOG)
		why = NVI_DROP_BACKLOG;
	if (why >= NVI_DROP_NO_DST)
		return nvi_drop(skb, why);
	/* What is received has no sender on this box */
	skb_orphan(skb);
	skb_dst_force(skb);
	skb_clear_tstamp(skb);
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	/* ip_sabotage_in() hides PREROUTING from a packet that has crossed it in
	 * the bridge, once. Of a bridge in a VRF that has not happened yet, and
	 * would happen here, to the first of several fragments.
	 */
	if (nf_bridge_info_exists(skb))
		nf_bridge_info_get(skb)->sabotage_in_done = 1;
#endif
	skb->dev = nvi->dev;
	skb_reset_mac_header(skb);
	NVI_CB(skb)->depth = depth;
	skb_queue_tail(&pc->queue, skb);
	napi_schedule(&pc->napi);
	return why;
}

/* What has come in by IPsec is asked here about the policies, and not on the receive
 * path, where an xfrm interface's packets would no longer be known as such. The
 * route says so (DST_NOPOLICY). What is delivered here keeps its secpath: sockets ask.
 */
static bool nvi_policy_ok(const struct nvi *nvi, struct sk_buff *skb)
{
	unsigned short family = skb_dst(skb)->ops->family;
	struct net_device *dev = skb->dev;
	bool ok;

	/* A qdisc may have used it */
	if (family == AF_INET) {
		memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	} else {
		memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
		IP6CB(skb)->nhoff = offsetof(struct ipv6hdr, nexthdr);
	}
	skb->dev = nvi_rx_dev(nvi, skb);
	ok = xfrm_policy_check(NULL, XFRM_POLICY_FWD, skb, family);
	skb->dev = dev;
	return ok;
}

static bool nvi_policy_check(const struct nvi *nvi, struct sk_buff *skb)
{
	bool ok = nvi_policy_ok(nvi, skb);

	if (ok)
		secpath_reset(skb);
	return ok;
}

static int nvi_poll(struct napi_struct *napi, int budget)
{
	struct nvi_pcpu *pc = container_of(napi, struct nvi_pcpu, napi);
	struct sk_buff *skb;
	int done = 0;

	while (done < budget && (skb = skb_dequeue(&pc->queue))) {
		this_cpu_write(nvi_depth, NVI_CB(skb)->depth);
		/* Here, and not where receive packet steering would have it:
		 * the depth is this CPU's
		 */
		netif_receive_skb_core(skb);
		done++;
	}
	this_cpu_write(nvi_depth, 0);
	if (done < budget)
		napi_complete_done(napi, done);
	return done;
}

/* What crosses PREROUTING on its second pass comes in by the nvi device, with a marker
 * for a route; behind the last hook nvi_again4() or nvi_again6() makes the lookup. @skb
 * has its first route still. As long as the second is not known, what has come by IPsec
 * is asked as if it were forwarded (see nvi_policy_ok()), and keeps its secpath.
 */
static enum nvi_stat nvi_prerouting(const struct nvi *nvi, struct sk_buff *skb)
{
	bool checked = secpath_exists(skb);
	struct dst_entry *marker = &nvi->markers[checked]->dst;

	if (unlikely(checked && !nvi_policy_ok(nvi, skb)))
		return nvi_refuse(skb, SKB_DROP_REASON_XFRM_POLICY);
	/* Conntrack makes another one, also where the first pass is untracked */
	if (READ_ONCE(nvi->flags) & NVI_RESET_CT)
		nf_reset_ct(skb);
	else
		nvi_conntrack(nvi, skb);
	skb_dst_drop(skb);
	dst_hold(marker);
	skb_dst_set(skb, marker);
	skb->pkt_type = PACKET_HOST;
	skb->ignore_df = 0;
	return nvi_receive(nvi, skb, NVI_RX_PREROUTING);
}

/* --- transmit, IPv4 ------------------------------------------------------ */

/* The sender hears what ip_error() would tell it. */
static enum nvi_stat nvi_unreach4(struct sk_buff *skb, int err)
{
	switch (err) {
	case -EAFNOSUPPORT:
		return nvi_drop(skb, NVI_DROP_MULTICAST);
	case -EHOSTUNREACH:
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
		break;
	case -EACCES:
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_PKT_FILTERED, 0);
		break;
	case -ENOBUFS:
		return nvi_drop(skb, NVI_DROP_ERROR);
	case -ELOOP:
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_NET_UNREACH, 0);
		return nvi_drop(skb, NVI_DROP_LOOP);
	case -ENETUNREACH:
		icmp_ndo_send(skb, ICMP_DEST_UNREACH, ICMP_NET_UNREACH, 0);
		__IP_INC_STATS(dev_net(skb->dev), IPSTATS_MIB_INNOROUTES);
		return nvi_drop(skb, NVI_DROP_NO_ROUTE);
	}
	/* A route says so: the kernel has no counter for that, and no reason */
	kfree_skb(skb);
	return NVI_DROP_NO_ROUTE;
}

/* Whether the packet has a strict source route. The receive path refuses that of any
 * packet that is not addressed to the box, as this one is no more: the first pass has
 * put in the next address, and written what options want written.
 */
static bool nvi_strict_route(const struct sk_buff *skb)
{
	const u8 *header = skb_network_header(skb);
	unsigned int at = sizeof(struct iphdr);
	unsigned int end = ip_hdr(skb)->ihl * 4;

	while (at < end && header[at] != IPOPT_END && header[at] != IPOPT_SSRR)
		if (header[at] == IPOPT_NOOP)
			at++;
		else if (at + 1 < end && header[at + 1] > 1)
			at += header[at + 1];
		else
			return false;
	return at < end && header[at] == IPOPT_SSRR;
}

/* Which drop the addresses alone decide, or NVI_DIRECT. */
static enum nvi_stat nvi_judge4(const struct iphdr *iph)
{
	if (ipv4_is_multicast(iph->daddr) || ipv4_is_lbcast(iph->daddr))
		return NVI_DROP_MULTICAST;
	/* 127/8 stays in the box, whatever route_localnet says */
	if (ipv4_is_loopback(iph->saddr) || ipv4_is_loopback(iph->daddr) ||
	    ipv4_is_zeronet(iph->saddr) || ipv4_is_zeronet(iph->daddr) ||
	    ipv4_is_multicast(iph->saddr) || ipv4_is_lbcast(iph->saddr))
		return NVI_DROP_MARTIAN;
	return NVI_DIRECT;
}

static enum nvi_stat nvi_xmit4(const struct nvi *nvi, struct sk_buff *skb)
{
	bool ref, transformed, checked = false, strict = false;
	enum nvi_stat how;
	enum skb_drop_reason reason;
	const struct iphdr *iph;
	struct rtable *rt;

	if (!pskb_may_pull(skb, sizeof(*iph)))
		return nvi_drop(skb, NVI_DROP_ERROR);
	if (unlikely(ip_hdr(skb)->ihl > 5)) {
		if (!pskb_may_pull(skb, ip_hdr(skb)->ihl * 4))
			return nvi_drop(skb, NVI_DROP_ERROR);
		strict = nvi_strict_route(skb);
	}
	iph = ip_hdr(skb);
	how = nvi_judge4(iph);
	if (how != NVI_DIRECT)
		return nvi_drop(skb, how);

	/* Nothing but the receive path reassembles fragments, and NAT without
	 * that would write ports into the later ones.
	 */
	if (unlikely(ip_is_fragment(iph)))
		how = NVI_RX_FRAGMENT;
	else if (unlikely(iph->ihl > 5 && !strict))
		how = NVI_RX_OPTIONS;
	else if (unlikely(nvi_defers(skb, iph->protocol)))
		how = NVI_RX_CONTEXT;

	transformed = nvi_transformed(skb);
	if (transformed || nvi_encapsulated4(nvi, skb))
		skb->skb_iif = 0;
	/* Not what IPsec has made here: nothing would tell it from what it is to
	 * make; nor what the receive path refuses.
	 */
	if (READ_ONCE(nvi->flags) & NVI_PREROUTING && !transformed && !strict)
		return nvi_prerouting(nvi, skb);
	if (unlikely(how != NVI_DIRECT))
		checked = secpath_exists(skb);

	rt = nvi_route4(nvi, skb, transformed || checked, &ref);
	if (IS_ERR(rt))
		return nvi_unreach4(skb, PTR_ERR(rt));
	if (unlikely(!rt))
		how = NVI_RX_CONTEXT;
	else if (rt->rt_type == RTN_LOCAL)
		how = NVI_RX_LOCAL;
	else if (unlikely(transformed || checked))
		rt->dst.flags |= (transformed ? DST_NOXFRM : 0) |
				 (checked ? DST_NOPOLICY : 0);
	if (unlikely(checked && rt && how != NVI_RX_LOCAL) &&
	    !nvi_policy_check(nvi, skb)) {
		dst_release(&rt->dst);
		return nvi_refuse(skb, SKB_DROP_REASON_XFRM_POLICY);
	}

	skb_dst_drop(skb);
	if (rt && ref)
		skb_dst_set(skb, &rt->dst);
	else if (rt)
		skb_dst_set_noref(skb, &rt->dst);
	skb->pkt_type = PACKET_HOST;
	skb->ignore_df = 0;
	if (how != NVI_DIRECT) {
		nvi_conntrack(nvi, skb);
		return nvi_receive(nvi, skb, how);
	}

	skb->dev = nvi_rx_dev(nvi, skb);
	nvi_set_mac_header(skb, skb->dev);
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	IPCB(skb)->iif = skb->skb_iif;
	/* NAT would ask IPsec about the new source once more, and dissects the
	 * packet for that (nf_xfrm_me_harder())
	 */
	if (likely(nvi_unencrypted(dev_net(nvi->dev), skb)))
		IPCB(skb)->flags = IPSKB_XFRM_TRANSFORMED;
	if (unlikely(strict)) {
		/* Errors do not go back by it: its last address is the box's */
		IPCB(skb)->opt.optlen = iph->ihl * 4 - sizeof(*iph);
		IPCB(skb)->opt.is_strictroute = 1;
	}
	reason = nvi_admit4(skb, nvi->dev);
	if (unlikely(reason))
		return nvi_refuse(skb, reason);
	nvi_conntrack(nvi, skb);
	nvi_send4(skb);
	return how;
}

/* The lookup of what has crossed PREROUTING on its second pass. Returns a verdict;
 * BHs off.
 */
static unsigned int nvi_again4(const struct nvi *nvi, struct sk_buff *skb,
			       bool checked)
{
	enum nvi_stat why;
	struct rtable *rt;
	bool ref;
	int err;

	/* Rules may have changed the addresses */
	why = nvi_judge4(ip_hdr(skb));
	if (why != NVI_DIRECT) {
		nvi_drop(skb, why);
		return NF_STOLEN;
	}
	rt = nvi_route4(nvi, skb, checked, &ref);
	if (IS_ERR(rt)) {
		err = PTR_ERR(rt);
		/* An ICMP error asks the packet's route what it is an error of */
		rt = rt_dst_alloc(nvi->dev, 0, RTN_UNREACHABLE, false);
		if (rt) {
			rt->rt_is_input = 1;
			skb_dst_set(skb, &rt->dst);
		}
		nvi_unreach4(skb, rt ? err : -ENOBUFS);
		return NF_STOLEN;
	}
	/* A lightweight tunnel is the receive path's business */
	if (unlikely(!rt))
		return NF_ACCEPT;
	if (rt->rt_type == RTN_LOCAL) {
		this_cpu_write(nvi_depth, 0);
	} else if (unlikely(checked)) {
		rt->dst.flags |= DST_NOPOLICY;
		secpath_reset(skb);
	}
	if (ref)
		skb_dst_set(skb, &rt->dst);
	else
		skb_dst_set_noref(skb, &rt->dst);
	return NF_ACCEPT;
}

/* --- transmit, IPv6 ------------------------------------------------------ */

#if IS_ENABLED(CONFIG_IPV6)
static enum nvi_stat nvi_unreach6(struct sk_buff *skb, int err)
{
	/* A blackhole, of which the kernel says nothing */
	if (err == -EINVAL) {
		kfree_skb(skb);
		return NVI_DROP_NO_ROUTE;
	}
	icmpv6_ndo_send(skb, ICMPV6_DEST_UNREACH,
			err == -EACCES ? ICMPV6_ADM_PROHIBITED : ICMPV6_NOROUTE,
			0);
	if (err == -ELOOP)
		return nvi_drop(skb, NVI_DROP_LOOP);
	__IP6_INC_STATS(dev_net(skb->dev), NULL, IPSTATS_MIB_INNOROUTES);
	return nvi_drop(skb, NVI_DROP_NO_ROUTE);
}

/* What of ip6_forward()'s refusals has an answer: it would go to the address that
 * NAT has given the packet. SKB_NOT_DROPPED_YET: none.
 */
static enum skb_drop_reason nvi_admit6(struct sk_buff *skb,
				       const struct dst_entry *dst)
{
	unsigned int mtu;

	if (unlikely(ipv6_hdr(skb)->hop_limit <= 1)) {
		__IP6_INC_STATS(dev_net(skb->dev), NULL,
				IPSTATS_MIB_INHDRERRORS);
		icmpv6_ndo_send(skb, ICMPV6_TIME_EXCEED,
				ICMPV6_EXC_HOPLIMIT, 0);
		return SKB_DROP_REASON_IP_INHDR;
	}
	mtu = max_t(unsigned int, ip6_dst_mtu_maybe_forward(dst, true),
		    IPV6_MIN_MTU);
	if (likely(skb->len <= mtu ||
		   (skb_is_gso(skb) && skb_gso_validate_network_len(skb, mtu))))
		return SKB_NOT_DROPPED_YET;
	__IP6_INC_STATS(dev_net(skb->dev), NULL, IPSTATS_MIB_INTOOBIGERRORS);
	__IP6_INC_STATS(dev_net(skb->dev), NULL, IPSTATS_MIB_FRAGFAILS);
	icmpv6_ndo_send(skb, ICMPV6_PKT_TOOBIG, 0, mtu);
	return SKB_DROP_REASON_PKT_TOO_BIG;
}

static bool nvi_forwards6(const struct nvi *nvi)
{
	return READ_ONCE(dev_net(nvi->dev)->ipv6.devconf_all->forwarding);
}

/* ip6_forward(), which drops packets that have a socket, for the box's own; and for
 * all where IPv6 forwarding is off. What is here has passed that test where it came
 * in, or is the box's own, which has none to pass. Consumes the packet, and says what
 * became of it.
 */
static enum nvi_stat nvi_send6(const struct nvi *nvi, struct sk_buff *skb)
{
	struct inet6_dev *idev = __in6_dev_get(nvi->dev);
	struct net *net = dev_net(nvi->dev);
	enum skb_drop_reason reason;
	struct dst_entry *dst;

	if ((!READ_ONCE(net->ipv6.devconf_all->disable_policy) &&
	     (!idev || !READ_ONCE(idev->cnf.disable_policy)) &&
	     !xfrm6_policy_check(NULL, XFRM_POLICY_FWD, skb)) ||
	    !xfrm6_route_forward(skb)) {
		__IP6_INC_STATS(net, idev, IPSTATS_MIB_INDISCARDS);
		return nvi_refuse(skb, SKB_DROP_REASON_XFRM_POLICY);
	}
	dst = skb_dst(skb);
	reason = dst_xfrm(dst) ? nvi_admit6(skb, dst) : SKB_NOT_DROPPED_YET;
	if (unlikely(reason))
		return nvi_refuse(skb, reason);

	skb_forward_csum(skb);
	if (skb_cow_head(skb, LL_RESERVED_SPACE(dst->dev) + dst->header_len)) {
		__IP6_INC_STATS(net, ip6_dst_idev(dst), IPSTATS_MIB_OUTDISCARDS);
		return nvi_drop(skb, NVI_DROP_ERROR);
	}
	ipv6_hdr(skb)->hop_limit--;
	__IP6_INC_STATS(net, ip6_dst_idev(dst), IPSTATS_MIB_OUTFORWDATAGRAMS);
	skb_clear_tstamp(skb);
	NF_HOOK(NFPROTO_IPV6, NF_INET_FORWARD, net, NULL, skb, skb->dev,
		dst->dev, dst->output);
	return NVI_DIRECT;
}

/* As nvi_forward4(), of a route of nvi_route6_own(), where ip6_forward() would drop. */
static int nvi_forward6(struct sk_buff *skb)
{
	enum skb_drop_reason reason = SKB_DROP_REASON_NOT_SPECIFIED;
	enum nvi_stat what = NVI_DROP_REFUSED;
	const struct net_device *dev;
	const struct nvi *nvi;

	dev = dev_get_by_index_rcu(dev_net(skb->dev), IP6CB(skb)->iif);
	if (!dev || !nvi_is(dev)) {
		kfree_skb_reason(skb, reason);
		return NET_RX_DROP;
	}
	nvi = netdev_priv(dev);
	local_bh_disable();
	if (likely(skb->pkt_type == PACKET_HOST && !skb->sk))
		reason = nvi_admit6(skb, skb_dst(skb));
	if (likely(!reason)) {
		nvi_show_link(nvi, skb);
		what = nvi_send6(nvi, skb);
	} else {
		kfree_skb_reason(skb, reason);
	}
	if (unlikely(what != NVI_DIRECT))
		nvi_count(nvi, NVI_RX_REFUSED, 0);
	local_bh_enable();
	return what == NVI_DIRECT ? NET_RX_SUCCESS : NET_RX_DROP;
}

static bool nvi_fragment6(const struct sk_buff *skb)
{
	unsigned int off = 0;

	if (!ipv6_ext_hdr(ipv6_hdr(skb)->nexthdr))
		return false;
	return ipv6_find_hdr(skb, &off, NEXTHDR_FRAGMENT, NULL, NULL) ==
	       NEXTHDR_FRAGMENT;
}

static unsigned int nvi_rules6(const struct net *net)
{
#ifdef CONFIG_IPV6_MULTIPLE_TABLES
	return READ_ONCE(net->ipv6.fib6_rules_ops->fib_rules_seq);
#else
	return 0;
#endif
}

static struct dst_entry *nvi_route_get6(const struct net *net,
					const struct nvi_route6 *nr,
					const struct sk_buff *skb)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	struct dst_entry *dst = READ_ONCE(nr->dst);

	if (!dst || !ipv6_addr_equal(&nr->saddr, &ip6h->saddr) ||
	    !ipv6_addr_equal(&nr->daddr, &ip6h->daddr) ||
	    nr->mark != skb->mark || nr->flowinfo != ip6_flowinfo(ip6h) ||
	    nr->sernum != atomic_read(&net->ipv6.fib6_sernum) ||
	    nr->rules != nvi_rules6(net) ||
	    time_after(jiffies, nr->expires))
		return NULL;
	return dst_check(dst, nr->cookie);
}

/* The second lookup; the route comes without a reference. */
static struct dst_entry *nvi_route6(const struct nvi *nvi, struct sk_buff *skb)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	u32 hash = ipv6_addr_hash(&ip6h->saddr) ^
		   ipv6_addr_hash(&ip6h->daddr) ^
		   (__force u32)ip6_flowinfo(ip6h);
	struct net *net = dev_net(nvi->dev);
	struct flow_keys flkeys;
	struct fib6_info *from;
	struct dst_entry *dst;
	struct nvi_route6 *nr;
	struct rt6_info *rt;
	struct flowi6 fl6;
	bool keep;

	nr = &this_cpu_ptr(nvi->pcpu)->routes6[hash_32(hash, NVI_ROUTES_BITS)];
	if (NVI_KEEPS) {
		dst = nvi_route_get6(net, nr, skb);
		if (dst)
			return dst;

		dst_release(xchg(&nr->dst, NULL));
		nr->saddr = ip6h->saddr;
		nr->daddr = ip6h->daddr;
		nr->mark = skb->mark;
		nr->flowinfo = ip6_flowinfo(ip6h);
		nr->sernum = atomic_read(&net->ipv6.fib6_sernum);
		nr->rules = nvi_rules6(net);
		nr->expires = jiffies + HZ;
	}

	fl6 = (struct flowi6) {
		.flowi6_iif = nvi->dev->ifindex,
		.daddr = ip6h->daddr,
		.saddr = ip6h->saddr,
		.flowlabel = ip6_flowinfo(ip6h),
		.flowi6_mark = skb->mark,
		.flowi6_proto = ip6h->nexthdr,
	};
	keep = !fib6_rules_early_flow_dissect(net, skb, &fl6, &flkeys);
	dst = ip6_route_input_lookup(net, nvi->dev, &fl6, skb,
				     RT6_LOOKUP_F_HAS_SADDR |
				     RT6_LOOKUP_F_DST_NOREF);
	rt = container_of(dst, struct rt6_info, dst);
	from = rcu_dereference(rt->from);
	/* Not where each flow takes one of several ways */
	if (NVI_KEEPS && keep && !dst->error && from && !from->nh &&
	    !READ_ONCE(from->fib6_nsiblings) && dst_hold_safe(dst)) {
		nr->cookie = rt6_get_cookie(rt);
		WRITE_ONCE(nr->dst, dst);
	}
	return dst;
}

static bool nvi_queues(const struct net *net)
{
#ifdef CONFIG_XFRM
	return READ_ONCE(net->xfrm.policy_count[XFRM_POLICY_OUT]) &&
	       !READ_ONCE(net->xfrm.sysctl_larval_drop);
#else
	return false;
#endif
}

/* A copy of the route, for this packet alone. Its interface is nvi, which
 * ip6_rcv_core() takes for the one that the packet has come in by: if it were the
 * egress, ip6_forward() would make redirects.
 */
static struct dst_entry *nvi_route6_own(const struct nvi *nvi,
					struct dst_entry *dst,
					unsigned short flags, bool forwards)
{
	const struct rt6_info *from = container_of(dst, struct rt6_info, dst);
	struct inet6_dev *idev = in6_dev_get(nvi->dev);
	struct rt6_info *rt;

	if (!idev)
		return NULL;
	rt = ip6_dst_alloc(dev_net(nvi->dev), dst->dev, DST_NOCOUNT | flags |
			   (dst->flags & (DST_NOXFRM | DST_NOPOLICY)));
	if (!rt) {
		in6_dev_put(idev);
		return NULL;
	}
	rt->dst.input = forwards ? dst->input : nvi_forward6;
	rt->dst.output = dst->output;
	rt->dst.lastuse = jiffies;
	rt->dst.lwtstate = lwtstate_get(dst->lwtstate);
	ip_dst_init_metrics(&rt->dst, (void *)dst_metrics_ptr(dst));
	rt->rt6i_idev = idev;
	rt->rt6i_dst = from->rt6i_dst;
	rt->rt6i_src = from->rt6i_src;
	rt->rt6i_gateway = from->rt6i_gateway;
	rt->rt6i_flags = from->rt6i_flags & ~RTF_PCPU;
	return &rt->dst;
}

/* As nvi_judge4(). */
static enum nvi_stat nvi_judge6(const struct ipv6hdr *ip6h)
{
	int from = ipv6_addr_type(&ip6h->saddr);
	int to = ipv6_addr_type(&ip6h->daddr);

	/* Neighbour and router discovery have nobody to talk to */
	if (to & (IPV6_ADDR_MULTICAST | IPV6_ADDR_LINKLOCAL))
		return NVI_DROP_MULTICAST;
	if (to == IPV6_ADDR_ANY || to & IPV6_ADDR_LOOPBACK ||
	    from == IPV6_ADDR_ANY ||
	    from & (IPV6_ADDR_MULTICAST | IPV6_ADDR_LOOPBACK |
		    IPV6_ADDR_LINKLOCAL))
		return NVI_DROP_MARTIAN;
	return NVI_DIRECT;
}

static enum nvi_stat nvi_xmit6(const struct nvi *nvi, struct sk_buff *skb)
{
	struct dst_entry *dst, *own = NULL;
	enum nvi_stat how;
	enum skb_drop_reason reason;
	const struct ipv6hdr *ip6h;
	bool checked, forwards, transformed;
	u32 flags;

	if (!pskb_may_pull(skb, sizeof(*ip6h)))
		return nvi_drop(skb, NVI_DROP_ERROR);
	ip6h = ipv6_hdr(skb);
	how = nvi_judge6(ip6h);
	if (how != NVI_DIRECT)
		return nvi_drop(skb, how);
	transformed = nvi_transformed(skb);
	if (READ_ONCE(nvi->flags) & NVI_PREROUTING && !transformed)
		return nvi_prerouting(nvi, skb);

	dst = nvi_route6(nvi, skb);
	flags = container_of(dst, struct rt6_info, dst)->rt6i_flags;
	if (dst->error)
		return nvi_unreach6(skb, dst->error);
	if (flags & (RTF_LOCAL | RTF_ANYCAST))
		how = NVI_RX_LOCAL;
	else if (nvi_is(dst->dev) || dst->dev->flags & IFF_LOOPBACK)
		return nvi_unreach6(skb, -ELOOP);
	else if (unlikely(nvi_fragment6(skb)))
		how = NVI_RX_FRAGMENT;
	else if (unlikely(ip6h->nexthdr == NEXTHDR_HOP))
		how = NVI_RX_OPTIONS;
	else if (unlikely(dst->lwtstate || nvi_defers(skb, ip6h->nexthdr)))
		how = NVI_RX_CONTEXT;

	if (transformed)
		skb->skb_iif = 0;
	checked = how != NVI_DIRECT && how != NVI_RX_LOCAL &&
		  secpath_exists(skb);
	if (unlikely(checked && !nvi_policy_check(nvi, skb)))
		return nvi_refuse(skb, SKB_DROP_REASON_XFRM_POLICY);
	reason = how == NVI_DIRECT ? nvi_admit6(skb, dst) : SKB_NOT_DROPPED_YET;
	if (unlikely(reason))
		return nvi_refuse(skb, reason);
	/* What is local is looked up again: a socket might keep the route, and so
	 * the device. And so is what IPsec might keep for lack of a key.
	 */
	forwards = nvi_forwards6(nvi) || lwtunnel_input_redirect(dst->lwtstate);
	if (unlikely(how != NVI_RX_LOCAL && (how != NVI_DIRECT || transformed)) &&
	    (transformed || checked || !nvi_queues(dev_net(nvi->dev)))) {
		own = nvi_route6_own(nvi, dst, (transformed ? DST_NOXFRM : 0) |
					       (checked ? DST_NOPOLICY : 0),
				     forwards);
		if (!own)
			return nvi_drop(skb, NVI_DROP_ERROR);
	}
	nvi_conntrack(nvi, skb);
	skb_dst_drop(skb);
	if (own)
		skb_dst_set(skb, own);
	else if (how == NVI_DIRECT)
		skb_dst_set_noref(skb, dst);
	skb->pkt_type = PACKET_HOST;
	skb->ignore_df = 0;
	if (how != NVI_DIRECT)
		return nvi_receive(nvi, skb, how);

	skb->dev = nvi_rx_dev(nvi, skb);
	nvi_set_mac_header(skb, skb->dev);
	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
	/* Not the interface that the packet came in by: if it leaves by that
	 * one, ip6_forward() would tell the sender to go there directly, and
	 * not look at the source.
	 */
	IP6CB(skb)->iif = nvi->dev->ifindex;
	IP6CB(skb)->nhoff = offsetof(struct ipv6hdr, nexthdr);
	if (likely(nvi_unencrypted(dev_net(nvi->dev), skb)))
		IP6CB(skb)->flags = IP6SKB_XFRM_TRANSFORMED; /* as in IPv4 */
	if (skb->sk || !forwards)
		return nvi_send6(nvi, skb);
	dst_input(skb);
	return how;
}

/* As nvi_again4(). What is local is looked up again, and a lightweight tunnel is the
 * receive path's business.
 */
static unsigned int nvi_again6(const struct nvi *nvi, struct sk_buff *skb,
			       bool checked)
{
	enum nvi_stat why = nvi_judge6(ipv6_hdr(skb));
	struct dst_entry *dst, *own;
	bool forwards;

	if (why != NVI_DIRECT) {
		nvi_drop(skb, why);
		return NF_STOLEN;
	}
	dst = nvi_route6(nvi, skb);
	if (dst->error) {
		nvi_unreach6(skb, dst->error);
		return NF_STOLEN;
	}
	if (container_of(dst, struct rt6_info, dst)->rt6i_flags &
	    (RTF_LOCAL | RTF_ANYCAST)) {
		this_cpu_write(nvi_depth, 0);
		return NF_ACCEPT;
	}
	if (nvi_is(dst->dev) || dst->dev->flags & IFF_LOOPBACK) {
		nvi_unreach6(skb, -ELOOP);
		return NF_STOLEN;
	}
	if (unlikely(dst->lwtstate))
		return NF_ACCEPT;
	forwards = nvi_forwards6(nvi);
	if (unlikely(checked || !forwards)) {
		own = nvi_route6_own(nvi, dst, checked ? DST_NOPOLICY : 0,
				     forwards);
		if (!own) {
			nvi_drop(skb, NVI_DROP_ERROR);
			return NF_STOLEN;
		}
		if (checked)
			secpath_reset(skb);
		skb_dst_set(skb, own);
	} else {
		skb_dst_set_noref(skb, dst);
	}
	nvi_show_link(nvi, skb);
	return NF_ACCEPT;
}
#else
static enum nvi_stat nvi_xmit6(const struct nvi *nvi, struct sk_buff *skb)
{
	return nvi_drop(skb, NVI_DROP_NO_DST);
}
#endif

/* Context: BHs off, possibly with the sending socket's lock. */
static netdev_tx_t nvi_xmit(struct sk_buff *skb, struct net_device *dev)
{
	const struct nvi *nvi = netdev_priv(dev);
	unsigned int len = skb->len;
	enum nvi_stat what;

	rcu_read_lock();
	/* Only what was routed here is routed again: a packet socket's, or
	 * what tc has redirected, has passed no lookup at all.
	 */
	if (!skb_valid_dst(skb) || skb_dst(skb)->dev != dev)
		what = nvi_drop(skb, NVI_DROP_NO_DST);
	else if (skb->protocol == htons(ETH_P_IP) &&
		 skb_dst(skb)->ops->family == AF_INET)
		what = nvi_xmit4(nvi, skb);
	else if (skb->protocol == htons(ETH_P_IPV6) &&
		 skb_dst(skb)->ops->family == AF_INET6)
		what = nvi_xmit6(nvi, skb);
	else
		what = nvi_drop(skb, NVI_DROP_NO_DST);
	rcu_read_unlock();
	nvi_count(nvi, what, len);
	return NETDEV_TX_OK;
}

/* Whether somebody would miss the transmit path: a tap, a qdisc, a hook, or, below
 * another device's transmission, the limit of how deep these nest.
 */
static bool nvi_watched(struct net_device *dev, struct sk_buff *skb)
{
	if (!(dev->flags & IFF_UP) || dev_recursion_level() ||
	    dev->num_tx_queues > 1 ||
	    rcu_dereference_bh(netdev_get_tx_queue(dev, 0)->qdisc)->enqueue)
		return true;
#ifdef CONFIG_NETFILTER_EGRESS
	if (rcu_access_pointer(dev->nf_hooks_egress))
		return true;
#endif
#ifdef CONFIG_NET_XGRESS
	if (rcu_access_pointer(dev->tcx_egress))
		return true;
#elif defined(CONFIG_NET_CLS_ACT)
	if (rcu_access_pointer(dev->miniq_egress))
		return true;
#endif
	return skb_vlan_tag_present(skb) || xfrm_offload(skb) ||
	       dev_nit_active(dev);
}

/* neigh_output() of all that is routed here, in both families. Without ARP that is
 * neigh_direct_output(), which calls dev_queue_xmit(); but what that does is a third of
 * what the second lookup costs. Context: RCU; BHs on or off, possibly with the sending
 * socket's lock. Consumes the packet.
 */
static int nvi_neigh_output(struct neighbour *neigh, struct sk_buff *skb)
{
	struct net_device *dev = neigh->dev;

	local_bh_disable();
	if (unlikely(nvi_watched(dev, skb))) {
		local_bh_enable();
		return dev_queue_xmit(skb);
	}
	/* As netdev_core_pick_tx(): it is the queue of where it came in still */
	skb_set_queue_mapping(skb, 0);
	nvi_xmit(skb, dev);
	local_bh_enable();
	return NET_XMIT_SUCCESS;
}

/* --- PREROUTING on the second pass --------------------------------------- */

#ifdef CONFIG_NETFILTER
/* Bits of the control block's flags, from the first hook to the last. The receive path
 * clears all of them before. (Those of the core patches may be the same: they are for
 * loopback, and come later.)
 */
#define NVI_SKB_AGAIN	BIT(13)
#define NVI_SKB_CHECKED	BIT(12)

static u16 *nvi_skb_flags(struct sk_buff *skb, u8 family)
{
	return family == NFPROTO_IPV4 ? &IPCB(skb)->flags : &IP6CB(skb)->flags;
}

/* The first hook of PREROUTING: what has the marker is nvi_prerouting()'s. Everything
 * else that comes in by the device (by tc, out of a tunnel that ends here) is the
 * receive path's to validate. DNAT drops what a packet has for a route, so the control
 * block takes note.
 */
static unsigned int nvi_note(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *state)
{
	const struct dst_entry *dst = skb_dst(skb);
	const struct nvi *nvi;

	if (!nvi_is(state->in) || !dst)
		return NF_ACCEPT;
	nvi = netdev_priv(state->in);
	if (dst == &nvi->markers[true]->dst)
		*nvi_skb_flags(skb, state->pf) |= NVI_SKB_AGAIN | NVI_SKB_CHECKED;
	else if (dst == &nvi->markers[false]->dst)
		*nvi_skb_flags(skb, state->pf) |= NVI_SKB_AGAIN;
	return NF_ACCEPT;
}

/* The last hook of PREROUTING. Context: softirq, or process context with BHs on, if
 * NFQUEUE has had the packet. RCU.
 */
static unsigned int nvi_again(void *priv, struct sk_buff *skb,
			      const struct nf_hook_state *state)
{
	u16 *flags = nvi_skb_flags(skb, state->pf);
	unsigned int verdict = NF_ACCEPT;
	const struct nvi *nvi;
	bool checked;

	if (!nvi_is(state->in) || !(*flags & NVI_SKB_AGAIN))
		return NF_ACCEPT;
	nvi = netdev_priv(state->in);
	checked = *flags & NVI_SKB_CHECKED;
	*flags &= ~(NVI_SKB_AGAIN | NVI_SKB_CHECKED);
	skb_dst_drop(skb);
	local_bh_disable();
	if (state->pf == NFPROTO_IPV4)
		verdict = nvi_again4(nvi, skb, checked);
#if IS_ENABLED(CONFIG_IPV6)
	else
		verdict = nvi_again6(nvi, skb, checked);
#endif
	if (verdict == NF_STOLEN)
		nvi_count(nvi, NVI_RX_REFUSED, 0);
	local_bh_enable();
	return verdict;
}

#define NVI_OPS(function, family, when) {		\
	.hook		= function,			\
	.pf		= family,			\
	.hooknum	= NF_INET_PRE_ROUTING,		\
	.priority	= when,				\
}

static const struct nf_hook_ops nvi_hook_ops[] = {
	NVI_OPS(nvi_note, NFPROTO_IPV4, INT_MIN),
	NVI_OPS(nvi_again, NFPROTO_IPV4, INT_MAX),
#if IS_ENABLED(CONFIG_IPV6)
	NVI_OPS(nvi_note, NFPROTO_IPV6, INT_MIN),
	NVI_OPS(nvi_again, NFPROTO_IPV6, INT_MAX),
#endif
};

/* A namespace has the hooks as long as one of its devices wants them, since all of
 * its packets pay for them. RTNL.
 */
static bool nvi_hooks_shared(const struct nvi *nvi)
{
	const struct nvi *other;

	list_for_each_entry(other, &nvi_list, list)
		if (other != nvi && other->flags & NVI_PREROUTING &&
		    net_eq(dev_net(other->dev), dev_net(nvi->dev)))
			return true;
	return false;
}

static int nvi_hook(const struct nvi *nvi)
{
	if (nvi_hooks_shared(nvi))
		return 0;
	return nf_register_net_hooks(dev_net(nvi->dev), nvi_hook_ops,
				     ARRAY_SIZE(nvi_hook_ops));
}

static void nvi_unhook(const struct nvi *nvi)
{
	if (!nvi_hooks_shared(nvi))
		nf_unregister_net_hooks(dev_net(nvi->dev), nvi_hook_ops,
					ARRAY_SIZE(nvi_hook_ops));
}
#else
static int nvi_hook(const struct nvi *nvi)
{
	return -EOPNOTSUPP;
}

static void nvi_unhook(const struct nvi *nvi) { }
#endif

/* --- the device ---------------------------------------------------------- */

static void nvi_read_stats(const struct nvi *nvi, u64 *packets, u64 *bytes,
			   u64 *rx_bytes)
{
	u64 p[NVI_STATS], b, r;
	unsigned int cpu, i, start;

	for_each_possible_cpu(cpu) {
		const struct nvi_pcpu *pc = per_cpu_ptr(nvi->pcpu, cpu);

		do {
			start = u64_stats_fetch_begin(&pc->syncp);
			for (i = 0; i < NVI_STATS; i++)
				p[i] = u64_stats_read(&pc->packets[i]);
			b = u64_stats_read(&pc->bytes);
			r = u64_stats_read(&pc->rx_bytes);
		} while (u64_stats_fetch_retry(&pc->syncp, start));
		for (i = 0; i < NVI_STATS; i++)
			packets[i] += p[i];
		*bytes += b;
		*rx_bytes += r;
	}
}

/* Sent: routed to the device. Received: routed again. */
static void nvi_get_stats64(struct net_device *dev,
			    struct rtnl_link_stats64 *st)
{
	u64 packets[NVI_STATS] = {};
	unsigned int i;

	nvi_read_stats(netdev_priv(dev), packets, &st->tx_bytes, &st->rx_bytes);
	st->rx_dropped = packets[NVI_RX_REFUSED];
	for (i = 0; i < NVI_SUM; i++) {
		st->tx_packets += packets[i];
		if (i < NVI_DROP_NO_DST)
			st->rx_packets += packets[i];
		else
			st->tx_dropped += packets[i];
	}
}

#if IS_ENABLED(CONFIG_IPV6)
/* Of any nvi device: an entry says nothing, and is made again where it is missed.
 * Called with the table's lock and the entry's.
 */
static int nvi_neigh_is_ours(struct neighbour *n)
{
	return nvi_is(n->dev) && !(n->nud_state & NUD_PERMANENT);
}

static void nvi_neigh_flush(struct work_struct *work)
{
	struct nvi *nvi = container_of(work, struct nvi, neigh_work.work);
	void *lock = &nd_tbl.lock;

	atomic_set(&nvi->neighbours, 0);
	/* The one way to release entries that all kernels export. It wants the
	 * table's lock, which is a spinlock in later ones.
	 */
	if (__same_type(nd_tbl.lock, spinlock_t)) {
		spin_lock_bh(lock);
		__neigh_for_each_release(&nd_tbl, nvi_neigh_is_ours);
		spin_unlock_bh(lock);
	} else {
		write_lock_bh(lock);
		__neigh_for_each_release(&nd_tbl, nvi_neigh_is_ours);
		write_unlock_bh(lock);
	}
}

/* An entry says nothing: all of them mean nvi. */
static void nvi_neigh_count(struct nvi *nvi, const struct neighbour *n)
{
	int count;

	if (n->tbl != &nd_tbl)
		return;
	count = atomic_inc_return(&nvi->neighbours);
	if (count > NVI_NEIGH_MANY)
		mod_delayed_work(system_wq, &nvi->neigh_work, 0);
	else if (count > NVI_NEIGH_FEW)
		schedule_delayed_work(&nvi->neigh_work, HZ / 2);
}
#else
static void nvi_neigh_count(struct nvi *nvi, const struct neighbour *n) { }
#endif

/* Context: as ___neigh_create(). */
static int nvi_neigh_construct(struct net_device *dev, struct neighbour *n)
{
	n->output = nvi_neigh_output;
	nvi_neigh_count(netdev_priv(dev), n);
	return 0;
}

/* Packets may keep a marker for longer (NFQUEUE). */
static void nvi_free(struct nvi *nvi)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(nvi->markers); i++)
		if (nvi->markers[i])
			dst_release(&nvi->markers[i]->dst);
	free_percpu(nvi->pcpu);
	module_put(THIS_MODULE);
}

static int nvi_init(struct net_device *dev)
{
	struct nvi *nvi = netdev_priv(dev);
	unsigned int cpu, i;

	/* Whoever unloads the module deletes the devices first */
	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	nvi->pcpu = alloc_percpu(struct nvi_pcpu);
	for (i = 0; i < ARRAY_SIZE(nvi->markers); i++)
		nvi->markers[i] = metadata_dst_alloc(0, METADATA_HW_PORT_MUX,
						     GFP_KERNEL);
	if (!nvi->pcpu || !nvi->markers[0] || !nvi->markers[1]) {
		nvi_free(nvi);
		return -ENOMEM;
	}
	for_each_possible_cpu(cpu) {
		struct nvi_pcpu *pc = per_cpu_ptr(nvi->pcpu, cpu);

		u64_stats_init(&pc->syncp);
		skb_queue_head_init(&pc->queue);
		set_bit(NAPI_STATE_NO_BUSY_POLL, &pc->napi.state);
		netif_napi_add(dev, &pc->napi, nvi_poll);
	}
	nvi->dev = dev;
#if IS_ENABLED(CONFIG_IPV6)
	INIT_DELAYED_WORK(&nvi->neigh_work, nvi_neigh_flush);
#endif
	list_add(&nvi->list, &nvi_list);
	netdev_lockdep_set_classes(dev);
	return 0;
}

static void nvi_uninit(struct net_device *dev)
{
	struct nvi *nvi = netdev_priv(dev);
	unsigned int cpu;

#if IS_ENABLED(CONFIG_IPV6)
	cancel_delayed_work_sync(&nvi->neigh_work);
#endif
	list_del(&nvi->list);
	for_each_possible_cpu(cpu)
		__netif_napi_del(&per_cpu_ptr(nvi->pcpu, cpu)->napi);
	/* As __netif_napi_del() asks; nor is anything in nvi_xmit() then */
	synchronize_net();
	for_each_possible_cpu(cpu)
		skb_queue_purge(&per_cpu_ptr(nvi->pcpu, cpu)->queue);
	nvi_routes_flush(nvi);
	/* rtnl_link_unregister() waits for devices on their way out */
	nvi_free(nvi);
}

static int nvi_open(struct net_device *dev)
{
	struct nvi *nvi = netdev_priv(dev);
	unsigned int cpu;

	for_each_possible_cpu(cpu)
		napi_enable(&per_cpu_ptr(nvi->pcpu, cpu)->napi);
	return 0;
}

/* Nothing is sent any more; see dev_deactivate_many(). */
static int nvi_stop(struct net_device *dev)
{
	struct nvi *nvi = netdev_priv(dev);
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		struct nvi_pcpu *pc = per_cpu_ptr(nvi->pcpu, cpu);

		napi_disable(&pc->napi);
		skb_queue_purge(&pc->queue);
	}
	nvi_routes_flush(nvi);
	return 0;
}

static int nvi_change_carrier(struct net_device *dev, bool on)
{
	if (on)
		netif_carrier_on(dev);
	else
		netif_carrier_off(dev);
	return 0;
}

static int nvi_get_iflink(const struct net_device *dev)
{
	const struct nvi *nvi = netdev_priv(dev);
	const struct net_device *link;
	int ifindex;

	rcu_read_lock();
	link = rcu_dereference(nvi->link);
	ifindex = link ? link->ifindex : dev->ifindex;
	rcu_read_unlock();
	return ifindex;
}

static const struct net_device_ops nvi_netdev_ops = {
	.ndo_init		= nvi_init,
	.ndo_uninit		= nvi_uninit,
	.ndo_open		= nvi_open,
	.ndo_stop		= nvi_stop,
	.ndo_start_xmit		= nvi_xmit,
	.ndo_get_stats64	= nvi_get_stats64,
	.ndo_get_iflink		= nvi_get_iflink,
	.ndo_change_carrier	= nvi_change_carrier,
	.ndo_neigh_construct	= nvi_neigh_construct,
};

static void nvi_get_drvinfo(struct net_device *dev,
			    struct ethtool_drvinfo *info)
{
	strscpy(info->driver, "nvi", sizeof(info->driver));
}

static int nvi_get_sset_count(struct net_device *dev, int set)
{
	switch (set) {
	case ETH_SS_STATS:
		return ARRAY_SIZE(nvi_stat_names);
	case ETH_SS_PRIV_FLAGS:
		return ARRAY_SIZE(nvi_flag_names);
	default:
		return -EOPNOTSUPP;
	}
}

static void nvi_get_strings(struct net_device *dev, u32 set, u8 *buf)
{
	if (set == ETH_SS_STATS)
		memcpy(buf, nvi_stat_names, sizeof(nvi_stat_names));
	else if (set == ETH_SS_PRIV_FLAGS)
		memcpy(buf, nvi_flag_names, sizeof(nvi_flag_names));
}

static void nvi_get_ethtool_stats(struct net_device *dev,
				  struct ethtool_stats *stats, u64 *data)
{
	u64 bytes = 0, rx_bytes = 0;

	memset(data, 0, NVI_STATS * sizeof(*data));
	nvi_read_stats(netdev_priv(dev), data, &bytes, &rx_bytes);
}

static u32 nvi_get_priv_flags(struct net_device *dev)
{
	const struct nvi *nvi = netdev_priv(dev);

	return nvi->flags;
}

/* Who takes the entry away must let conntrack make another, or none. */
static bool nvi_flags_valid(u32 flags)
{
	return !(flags & ~NVI_FLAGS) &&
	       (!(flags & NVI_RESET_CT) ||
		(flags & (NVI_PREROUTING | NVI_NOTRACK)) == NVI_PREROUTING);
}

/* RTNL. What fails leaves them as they were. */
static int nvi_set_priv_flags(struct net_device *dev, u32 flags)
{
	struct nvi *nvi = netdev_priv(dev);
	u32 changed = nvi->flags ^ flags;
	int err;

	if (!nvi_flags_valid(flags))
		return -EINVAL;
	if (changed & flags & NVI_PREROUTING) {
		err = nvi_hook(nvi);
		if (err)
			return err;
	}
	WRITE_ONCE(nvi->flags, flags);
	if (changed & ~flags & NVI_PREROUTING)
		nvi_unhook(nvi);
	return 0;
}

static const struct ethtool_ops nvi_ethtool_ops = {
	.get_drvinfo		= nvi_get_drvinfo,
	.get_link		= ethtool_op_get_link,
	.get_ts_info		= ethtool_op_get_ts_info,
	.get_sset_count		= nvi_get_sset_count,
	.get_strings		= nvi_get_strings,
	.get_ethtool_stats	= nvi_get_ethtool_stats,
	.get_priv_flags		= nvi_get_priv_flags,
	.set_priv_flags		= nvi_set_priv_flags,
};

static void nvi_setup(struct net_device *dev)
{
	dev->netdev_ops = &nvi_netdev_ops;
	dev->ethtool_ops = &nvi_ethtool_ops;
	dev->needs_free_netdev = true;

	dev->type = ARPHRD_NONE;
	dev->mtu = ETH_DATA_LEN;
	dev->min_mtu = ETH_MIN_MTU;
	dev->max_mtu = IP_MAX_MTU;
	/* Point to point: IPv4 needs one neighbour for all that goes through */
	dev->flags = IFF_NOARP | IFF_POINTOPOINT;
	dev->priv_flags |= IFF_NO_QUEUE | IFF_DISABLE_NETPOLL;
	netif_keep_dst(dev);
#ifdef NETIF_F_LLTX
	dev->features |= NETIF_F_LLTX;
#else
	dev->lltx = true;
#endif
	/* The true egress segments, and makes checksums */
	dev->hw_features = NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HW_CSUM |
			   NETIF_F_HIGHDMA | NETIF_F_GSO_SOFTWARE |
			   NETIF_F_GSO_ENCAP_ALL;
	dev->features |= dev->hw_features;
	dev->hw_enc_features = dev->hw_features;
	netif_set_tso_max_size(dev, GSO_MAX_SIZE);
}

static int nvi_validate(struct nlattr *tb[], struct nlattr *data[],
			struct netlink_ext_ack *extack)
{
	const struct nlattr *attr, *info;
	int rem;

	if (tb[IFLA_ADDRESS]) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IFLA_ADDRESS],
				    "nvi has no link layer address");
		return -EOPNOTSUPP;
	}
	info = tb[IFLA_LINKINFO] ?
	       nla_find_nested(tb[IFLA_LINKINFO], IFLA_INFO_DATA) : NULL;
	if (!info)
		return 0;
	/* Those that are not known would be passed over */
	nla_for_each_nested(attr, info, rem) {
		if (nla_type(attr) > IFLA_NVI_MAX || !nla_type(attr)) {
			NL_SET_ERR_MSG_ATTR(extack, attr,
					    "nvi has no such attribute");
			return -EINVAL;
		}
	}
	return 0;
}

/* What the attributes make of flags; an error with its reason, or 0. */
static int nvi_read_flags(u32 *flags, struct nlattr *data[],
			  struct netlink_ext_ack *extack)
{
	int i;

	for (i = 1; data && i <= IFLA_NVI_MAX; i++) {
		if (!data[i])
			continue;
		if (nla_get_u8(data[i]))
			*flags |= BIT(i - 1);
		else
			*flags &= ~BIT(i - 1);
	}
	if (nvi_flags_valid(*flags))
		return 0;
	NL_SET_ERR_MSG(extack,
		       "reset-ct wants prerouting, and does not go with notrack");
	return -EINVAL;
}

static int nvi_changelink(struct net_device *dev, struct nlattr *tb[],
			  struct nlattr *data[],
			  struct netlink_ext_ack *extack)
{
	const struct nvi *nvi = netdev_priv(dev);
	u32 flags = nvi->flags;
	int err;

	if (tb[IFLA_LINK] && nla_get_u32(tb[IFLA_LINK]) != dev_get_iflink(dev)) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IFLA_LINK],
				    "link cannot be changed: make another nvi device");
		return -EOPNOTSUPP;
	}
	err = nvi_read_flags(&flags, data, extack);
	return err ?: nvi_set_priv_flags(dev, flags);
}

static size_t nvi_get_size(const struct net_device *dev)
{
	return IFLA_NVI_MAX * nla_total_size(sizeof(u8));
}

static int nvi_fill_info(struct sk_buff *skb, const struct net_device *dev)
{
	const struct nvi *nvi = netdev_priv(dev);
	int i;

	for (i = 1; i <= IFLA_NVI_MAX; i++)
		if (nla_put_u8(skb, i, !!(READ_ONCE(nvi->flags) & BIT(i - 1))))
			return -EMSGSIZE;
	return 0;
}

/* The notifier hooks in what has NVI_PREROUTING, or takes that away. */
static int nvi_register(struct net_device *dev, u32 flags,
			struct netlink_ext_ack *extack)
{
	struct nvi *nvi = netdev_priv(dev);
	int err;

	WRITE_ONCE(nvi->flags, flags);
	err = register_netdevice(dev);
	if (err || nvi->flags == flags)
		return err;
	NL_SET_ERR_MSG(extack, "this kernel has no netfilter, or no memory, for prerouting");
	unregister_netdevice(dev);
	return -EOPNOTSUPP;
}

static int nvi_create(struct net *src_net, struct net_device *dev,
		      struct nlattr *tb[], struct nlattr *data[],
		      struct netlink_ext_ack *extack)
{
	struct nvi *nvi = netdev_priv(dev);
	struct net_device *link;
	u32 flags = 0;
	int err;

	if (!nvi_userns && dev_net(dev)->user_ns != &init_user_ns) {
		NL_SET_ERR_MSG(extack,
			       "nvi is not for user namespaces, unless its parameter userns is on");
		return -EPERM;
	}
	err = nvi_read_flags(&flags, data, extack);
	if (err)
		return err;
	if (!tb[IFLA_LINK])
		return nvi_register(dev, flags, extack);

	if (!net_eq(src_net, dev_net(dev))) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IFLA_LINK],
				    "link must be in the namespace of the nvi device");
		return -EINVAL;
	}
	link = __dev_get_by_index(src_net, nla_get_u32(tb[IFLA_LINK]));
	if (!link) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IFLA_LINK],
				    "link does not exist");
		return -ENODEV;
	}
	if (link->flags & IFF_LOOPBACK || nvi_is(link)) {
		NL_SET_ERR_MSG_ATTR(extack, tb[IFLA_LINK],
				    "link must be an interface that packets come in by, not loopback nor an nvi device");
		return -EINVAL;
	}
	if (!tb[IFLA_MTU])
		dev->mtu = clamp(link->mtu, dev->min_mtu, dev->max_mtu);
	rcu_assign_pointer(nvi->link, link);
	return nvi_register(dev, flags, extack);
}

/* "link" is of the namespace that IFLA_LINK_NETNSID names, else of the caller's; before
 * 6.15 rtnl_newlink() chose between them.
 */
#ifdef NVI_NEWLINK_PARAMS
static int nvi_newlink(struct net_device *dev,
		       struct rtnl_newlink_params *params,
		       struct netlink_ext_ack *extack)
{
	return nvi_create(rtnl_newlink_link_net(params), dev, params->tb,
			  params->data, extack);
}
#else
static int nvi_newlink(struct net *src_net, struct net_device *dev,
		       struct nlattr *tb[], struct nlattr *data[],
		       struct netlink_ext_ack *extack)
{
	return nvi_create(src_net, dev, tb, data, extack);
}
#endif

static struct net *nvi_get_link_net(const struct net_device *dev)
{
	return dev_net(dev);
}

static const struct nla_policy nvi_policy[IFLA_NVI_MAX + 1] = {
	[IFLA_NVI_NOTRACK]	= NLA_POLICY_MAX(NLA_U8, 1),
	[IFLA_NVI_PREROUTING]	= NLA_POLICY_MAX(NLA_U8, 1),
	[IFLA_NVI_RESET_CT]	= NLA_POLICY_MAX(NLA_U8, 1),
};

static struct rtnl_link_ops nvi_link_ops __read_mostly = {
	.kind		= "nvi",
	.maxtype	= IFLA_NVI_MAX,
	.policy		= nvi_policy,
	.priv_size	= sizeof(struct nvi),
	.setup		= nvi_setup,
	.validate	= nvi_validate,
	.newlink	= nvi_newlink,
	.changelink	= nvi_changelink,
	.get_size	= nvi_get_size,
	.fill_info	= nvi_fill_info,
	.get_link_net	= nvi_get_link_net,
};

/* The namespace that it is in has the hooks. */
static void nvi_moves(struct nvi *nvi, unsigned long event)
{
	if (!(nvi->flags & NVI_PREROUTING))
		return;
	if (event == NETDEV_UNREGISTER) {
		nvi_unhook(nvi);
		/* The event comes again, as long as somebody holds the device */
		if (nvi->dev->reg_state != NETREG_REGISTERED)
			WRITE_ONCE(nvi->flags, 0);
	} else if (event == NETDEV_REGISTER && nvi_hook(nvi)) {
		WRITE_ONCE(nvi->flags, nvi->flags & NVI_NOTRACK);
	}
}

/* A device leaves its namespace, for another one or for good, or its carrier
 * changes. RTNL.
 */
static int nvi_device_event(struct notifier_block *nb, unsigned long event,
			    void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct nvi *nvi;

	if (event == NETDEV_UNREGISTER)
		nvi_unhold(dev);
	if (nvi_is(dev))
		nvi_moves(netdev_priv(dev), event);
	/* Rules find their device by its name, and change without a word */
	if (event == NETDEV_CHANGENAME)
		rt_genid_bump_ipv4(dev_net(dev));
	if (event != NETDEV_UNREGISTER && event != NETDEV_CHANGE &&
	    event != NETDEV_CHANGENAME)
		return NOTIFY_DONE;
	list_for_each_entry(nvi, &nvi_list, list) {
		if (!net_eq(dev_net(nvi->dev), dev_net(dev)))
			continue;
		if (event == NETDEV_UNREGISTER &&
		    (dev == nvi->dev || dev == rtnl_dereference(nvi->link)))
			RCU_INIT_POINTER(nvi->link, NULL);
		nvi_routes_flush(nvi);
	}
	return NOTIFY_DONE;
}

static struct notifier_block nvi_notifier = {
	.notifier_call = nvi_device_event,
};

static int __init nvi_module_init(void)
{
	int err;

	err = register_netdevice_notifier(&nvi_notifier);
	if (err)
		return err;
	err = rtnl_link_register(&nvi_link_ops);
	if (err)
		unregister_netdevice_notifier(&nvi_notifier);
	return err;
}

static void __exit nvi_module_exit(void)
{
	rtnl_link_unregister(&nvi_link_ops);
	unregister_netdevice_notifier(&nvi_notifier);
	nvi_unhold(NULL);
}

module_init(nvi_module_init);
module_exit(nvi_module_exit);
