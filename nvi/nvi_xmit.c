// SPDX-License-Identifier: GPL-2.0-only
/* NVI: what both families do with a packet that is routed to the device. */
#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/netfilter_bridge.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_helper.h>
#include <net/netfilter/nf_nat.h>
#include "nvi.h"

/* Receive queue of a CPU, in packets: netdev_max_backlog's default. */
#define NVI_BACKLOG	1000
/* How often a packet may come by within another one's transmission or
 * reception: a tunnel over nvi over a tunnel ... The kernel's own limit,
 * XMIT_RECURSION_LIMIT, is 8.
 */
#define NVI_DEPTH_MAX	4

DEFINE_PER_CPU(unsigned int, nvi_depth);
/* The task that has set nvi_depth: with PREEMPT_RT another one may come in between. */
static DEFINE_PER_CPU(struct task_struct *, nvi_poller);

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

enum nvi_stat nvi_drop(struct sk_buff *skb, enum nvi_stat why)
{
	kfree_skb_reason(skb, nvi_reasons[why]);
	return why;
}

/* Drops what has been refused, and says why. */
enum nvi_stat nvi_refuse(struct sk_buff *skb,
			 enum skb_drop_reason reason)
{
	kfree_skb_reason(skb, reason);
	return NVI_DROP_REFUSED;
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

/* Whether the box has made the packet out of one that came in. Then it is the box's
 * own, and its input interface is nvi. Most tunnels clear skb_iif (skb_scrub_packet()).
 * Others are known by an output route and a source that is one of the box's addresses.
 * A VRF device makes output routes as well, but for other sources.
 */
bool nvi_encapsulated4(const struct nvi *nvi, const struct sk_buff *skb)
{
	return skb->skb_iif && rt_is_output_route(skb_rtable(skb)) &&
	       inet_addr_type(dev_net(nvi->dev), nvi_source4(skb)) == RTN_LOCAL;
}

/* LOG and "-m mac" want the Ethernet header that the packet came in with. It is
 * still in front of the packet, unless that was copied into another buffer. Use what
 * is there if its destination is this interface's MAC address.
 */
void nvi_set_mac_header(struct sk_buff *skb, const struct net_device *rx)
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

/* Whether the second pass must not have the conntrack entry: helpers and sequence
 * adjustment work at each POSTROUTING (nf_confirm()), and would change the payload
 * twice.
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

void nvi_conntrack(const struct nvi *nvi, struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = nf_ct_get(skb, &ctinfo);

	if (!ct)
		return;
	if (READ_ONCE(nvi->flags) & NVI_NOTRACK || nvi_once(ct)) {
		nf_reset_ct(skb);
		nf_ct_set(skb, NULL, IP_CT_UNTRACKED);
		/* IPsec's policies are about the addresses before NAT, which the
		 * entry had; the first pass has checked them.
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
bool nvi_defers(const struct sk_buff *skb, u8 protocol)
{
	return dev_recursion_level() > 1 || nvi_tunnelled(skb, protocol) ||
	       (skb->sk && sk_fullsock(skb->sk) && !skb->sk->sk_net_refcnt);
}

/* Puts the packet on this CPU's queue, to be received on the nvi device. It keeps
 * its route, if it has one, so that it is not looked up nor validated there. Returns
 * what became of it.
 */
enum nvi_stat nvi_receive(const struct nvi *nvi, struct sk_buff *skb,
			  enum nvi_stat why)
{
	struct nvi_pcpu *pc = this_cpu_ptr(nvi->pcpu);
	/* What is delivered here ends here; an answer to it is another packet */
	unsigned int depth = 0;

	if (why != NVI_RX_LOCAL)
		depth = this_cpu_read(nvi_poller) == current ?
			this_cpu_read(nvi_depth) + 1 : 1;
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

/* Whether IPsec's policies let pass what has come in by IPsec. They are asked here, since
 * an xfrm interface's packet is not known as such on the receive path. There the route
 * says that they have been asked (DST_NOPOLICY). What is delivered on this box keeps its
 * secpath, since sockets ask as well.
 */
bool nvi_policy_ok(const struct nvi *nvi, struct sk_buff *skb)
{
	unsigned short family = skb_dst(skb)->ops->family;
	struct net_device *dev = skb->dev;
	bool ok;

	/* A qdisc may have used the control block */
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

bool nvi_policy_check(const struct nvi *nvi, struct sk_buff *skb)
{
	bool ok = nvi_policy_ok(nvi, skb);

	if (ok)
		secpath_reset(skb);
	return ok;
}

int nvi_poll(struct napi_struct *napi, int budget)
{
	struct nvi_pcpu *pc = container_of(napi, struct nvi_pcpu, napi);
	struct sk_buff *skb;
	int done = 0;

	while (done < budget && (skb = skb_dequeue(&pc->queue))) {
		this_cpu_write(nvi_depth, NVI_CB(skb)->depth);
		this_cpu_write(nvi_poller, current);
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

/* Context: BHs off, possibly with the sending socket's lock. */
netdev_tx_t nvi_xmit(struct sk_buff *skb, struct net_device *dev)
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

/* Whether the transmit path has something to do: a tap, a qdisc, a hook, priorities of
 * cgroups, an offload that is off, a VLAN tag, a socket or an SA that encrypts there. Or
 * whether this is below another device's transmission: it counts how deep these nest.
 */
static bool nvi_watched(struct net_device *dev, struct sk_buff *skb)
{
	if (!(dev->flags & IFF_UP) || dev_recursion_level() ||
	    ~dev->features & NVI_OFFLOADS ||
	    rcu_dereference_bh(netdev_get_tx_queue(dev, 0)->qdisc)->enqueue)
		return true;
#if IS_ENABLED(CONFIG_CGROUP_NET_PRIO)
	if (rcu_access_pointer(dev->priomap))
		return true;
#endif
#ifdef CONFIG_SOCK_VALIDATE_XMIT
	if (skb->sk && sk_fullsock(skb->sk) && skb->sk->sk_validate_xmit_skb)
		return true;
#endif
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
int nvi_neigh_output(struct neighbour *neigh, struct sk_buff *skb)
{
	struct net_device *dev = neigh->dev;

	local_bh_disable();
	if (unlikely(nvi_watched(dev, skb))) {
		local_bh_enable();
		return dev_queue_xmit(skb);
	}
	/* As netdev_core_pick_tx(): the mapping is still of the NIC that it came in by */
	skb_set_queue_mapping(skb, 0);
	nvi_xmit(skb, dev);
	local_bh_enable();
	return NET_XMIT_SUCCESS;
}
