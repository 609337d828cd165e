// SPDX-License-Identifier: GPL-2.0-only
/* NVI: the second lookup, forwarding, and the second pass of a packet, IPv6. */
#include <linux/hash.h>
#include <linux/icmpv6.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/udp.h>
#include "nvi.h"

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

/* As ip6_pkt_too_big(). @first: the control block and ignore_df are still the first
 * pass's, and say nothing.
 */
static bool nvi_too_big6(const struct sk_buff *skb, unsigned int mtu,
			 bool first)
{
	if (likely(skb->len <= mtu))
		return false;
	/* Both are set where conntrack has reassembled it */
	if (!first && IP6CB(skb)->frag_max_size > mtu)
		return true;
	if (!first && skb->ignore_df)
		return false;
	return !skb_is_gso(skb) || !skb_gso_validate_network_len(skb, mtu);
}

/* Those refusals of ip6_forward() that it would answer, but to the address that NAT has
 * given the packet. @first: as nvi_too_big6(). Returns SKB_NOT_DROPPED_YET if the packet
 * may pass.
 */
static enum skb_drop_reason nvi_admit6(struct sk_buff *skb,
				       const struct dst_entry *dst, bool first)
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
	if (likely(!nvi_too_big6(skb, mtu, first)))
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

/* A copy of ip6_forward() for what that one drops: the box's own packets, which have a
 * socket, and all where IPv6 forwarding is off. Forwarding is not tested here: a client's
 * packet has passed that test where it came in. Consumes the packet, and says what became
 * of it.
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
	reason = dst_xfrm(dst) ? nvi_admit6(skb, dst, false) :
				 SKB_NOT_DROPPED_YET;
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

/* The input handler of nvi_route6_own()'s routes where IPv6 forwarding is off; as
 * nvi_forward4().
 */
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
		reason = nvi_admit6(skb, skb_dst(skb), false);
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
	/* Not where there are several next hops, one for each flow */
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

enum nvi_stat nvi_xmit6(const struct nvi *nvi, struct sk_buff *skb)
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
	reason = how == NVI_DIRECT ? nvi_admit6(skb, dst, true) :
				     SKB_NOT_DROPPED_YET;
	if (unlikely(reason))
		return nvi_refuse(skb, reason);
	/* What is local gets no route here, and is looked up again: a socket might
	 * keep the route, and so the device. The same for what IPsec might keep
	 * until it has a key.
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
unsigned int nvi_again6(const struct nvi *nvi, struct sk_buff *skb,
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
