// SPDX-License-Identifier: GPL-2.0-only
/* NVI: forwarding, and the second pass of a packet, IPv4. */
#include <linux/icmp.h>
#include <net/icmp.h>
/* skb_gso_validate_network_len(): net/gso.h, on kernels that have one */
#include <net/udp.h>
#include "nvi.h"

static bool nvi_too_big(const struct sk_buff *skb, unsigned int mtu)
{
	if (skb->len <= mtu || !(ip_hdr(skb)->frag_off & htons(IP_DF)))
		return false;
	return IPCB(skb)->frag_max_size > mtu || !skb_is_gso(skb) ||
	       !skb_gso_validate_network_len(skb, mtu);
}

/* Routes of packets that wait for a key (xfrm's hold queue). The kernel never releases
 * such a route (dst_destroy() passes over the child of a dst that has no state), so its
 * egress device could never leave. Held by a reference, and released with the device.
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

/* Those that lead out of @dev; NULL: all of them. */
void nvi_unhold(const struct net_device *dev)
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

/* What ip_forward() does, which is not exported, in two halves. The differences:
 * - errors go to the sender's true address if NAT has changed it (icmp_ndo_send())
 * - router alert is left to the first pass
 * - the address that is recorded in options is ip_options_compile()'s
 * - there are no redirects
 * - what TCP keeps of a packet is not copied: only headers are written, as in any
 *   transmit function
 * - the box's own packets keep their socket, so that it is held back while they wait
 *   at the true egress, and hears when they leave
 *
 * The first half: what may refuse the packet. It wants the conntrack entry of the
 * first pass, if there is one. @dev is the lookup's. Returns SKB_NOT_DROPPED_YET if
 * nothing does.
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
	/* The route's own function, since IPsec has several. Not dst_output(),
	 * which would be compiled into this module: NFQUEUE may keep the packet
	 * until the module is gone.
	 */
	return NF_HOOK(NFPROTO_IPV4, NF_INET_FORWARD, net, NULL, skb,
		       skb->dev, rt->dst.dev, rt->dst.output);
}

/* What has crossed PREROUTING with nvi as input device has its link from FORWARD on. */
void nvi_show_link(const struct nvi *nvi, struct sk_buff *skb)
{
	struct net_device *link = rcu_dereference(nvi->link);

	if (link && READ_ONCE(nvi->flags) & NVI_PREROUTING)
		skb->dev = link;
}

/* The input handler of nvi's routes: for what comes back by the receive path.
 * Context: RCU; BHs on, if NFQUEUE has had the packet. Consumes it.
 */
int nvi_forward4(struct sk_buff *skb)
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

/* --- transmit ------------------------------------------------------------ */

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
	/* An error route: for these the kernel has no counter and no drop reason */
	kfree_skb(skb);
	return NVI_DROP_NO_ROUTE;
}

/* Whether the packet has a strict source route. The receive path refuses one if the
 * packet is not addressed to the box. This packet no longer is: the first pass has made
 * the next address its destination, and has written what options want written.
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

enum nvi_stat nvi_xmit4(const struct nvi *nvi, struct sk_buff *skb)
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
	/* Not what IPsec has made here: on the receive path nothing would tell
	 * it from what IPsec has not seen yet. And no strict source route, which
	 * the receive path refuses.
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
		/* opt.srr stays 0: errors do not go back by the source route,
		 * whose last address is the box's
		 */
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
unsigned int nvi_again4(const struct nvi *nvi, struct sk_buff *skb,
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
		/* icmp_send() sends nothing about a packet without a route */
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
