/* SPDX-License-Identifier: GPL-2.0-only */
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
 *
 * nvi_dev.c	the device: statistics, options, its life
 * nvi_xmit.c	what both families do with a packet: whose it is, conntrack, the queue
 * nvi_ipv4.c	forwarding and the second pass, IPv4
 * nvi_route4.c	the second lookup, IPv4
 * nvi_ipv6.c	both, IPv6
 * nvi_prerouting.c	PREROUTING on the second pass
 */
#ifndef NVI_H
#define NVI_H
#include <linux/inetdevice.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>
#include <net/dst_metadata.h>
#include <net/ip.h>
#include <net/ip_fib.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/sch_generic.h>
#include <net/xfrm.h>

/* Second lookups that a CPU keeps, and routes by next hop, which many lookups share.
 * None with PREEMPT_RT, where another task may run on the CPU between test and use.
 */
#define NVI_ROUTES_BITS	7
#define NVI_HOPS_BITS	4
#define NVI_KEEPS	(!IS_ENABLED(CONFIG_PREEMPT_RT))

/* Where kernels differ their headers tell, not their version, since distributions
 * backport. Where no macro tells, Kbuild makes one:
 * NVI_NEWLINK_PARAMS, newlink() has its arguments in a structure (6.15).
 */

/* What is on by default; the kernel adds NETIF_F_GSO. */
#define NVI_OFFLOADS	(NETIF_F_SG | NETIF_F_FRAGLIST | NETIF_F_HW_CSUM |	\
			 NETIF_F_HIGHDMA | NETIF_F_GSO_SOFTWARE |		\
			 NETIF_F_GSO_ENCAP_ALL | NETIF_F_GSO)

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
	NVI_SUM,	/* a packet routed to the device is counted in one of the above */
	NVI_RX_REFUSED = NVI_SUM,
	NVI_STATS
};

/* The order is that of nvi_flag_names. */
enum {
	NVI_NOTRACK	= 1 << 0,
	NVI_PREROUTING	= 1 << 1,
	NVI_RESET_CT	= 1 << 2,
	NVI_FLAGS	= NVI_NOTRACK | NVI_PREROUTING | NVI_RESET_CT,
};

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
 * struct nvi_hop - the route by a next hop, which many lookups share: with more flows
 *	than &nvi_route has room for, one would be made for each packet
 * @rt: as &nvi_route.rt
 * @fi: the route that @nhc belongs to. Both are compared, not used: they may have been
 *	freed, unless @rt's rt_genid is still the namespace's.
 * @nhc: next hop
 */
struct nvi_hop {
	struct rtable *rt;
	const struct fib_info *fi;
	const struct fib_nh_common *nhc;
};

/**
 * struct nvi_route6 - the same as &nvi_route for IPv6, which has no one number that
 *	every change of routes and rules changes
 * @dst: the route, as &nvi_route.rt
 * @saddr: source, translated
 * @daddr: destination
 * @flowinfo: traffic class and flow label
 * @mark: fwmark
 * @cookie: of the route, for dst_check()
 * @sernum: of the last change of a route
 * @rules: number of changes of rules
 * @expires: in jiffies, after a second: what neighbour discovery learns about routers
 *	changes none of these numbers
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
 * @routes: kept lookups, hashed by addresses and mark
 * @hops: routes by next hop, hashed by it
 * @routes6: kept lookups, hashed by addresses and flowinfo
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
 * @hooked: it is one of the devices that its namespace's hooks are there for; RTNL
 * @neighbours: entries of IPv6 on this device, made since the last flush
 * @neigh_work: flushes them
 * @markers: what a packet has instead of a route until it crosses PREROUTING on
 *	its second pass; indexed by whether IPsec's policies have been asked
 * @list: in nvi_list
 * @dev: the net device that this is the private part of
 */
struct nvi {
	struct nvi_pcpu __percpu *pcpu;
	struct net_device __rcu *link;
	u32 flags;
	bool hooked;
	atomic_t neighbours;
	struct delayed_work neigh_work;
	struct metadata_dst *markers[2];

	struct list_head list;
	struct net_device *dev;
};

/* The control block of a packet on nvi's queue; ip_rcv(), ip6_rcv_core() clear it. */
struct nvi_cb {
	unsigned int depth;
};

#define NVI_CB(skb) ((struct nvi_cb *)(skb)->cb)

/* All devices, under RTNL. */
extern struct list_head nvi_list;
/* Depth of the packet that this CPU has taken off a queue; 0 outside. */
DECLARE_PER_CPU(unsigned int, nvi_depth);
extern const struct net_device_ops nvi_netdev_ops;

static inline bool nvi_is(const struct net_device *dev)
{
	return dev->netdev_ops == &nvi_netdev_ops;
}

static inline void nvi_count(const struct nvi *nvi, enum nvi_stat what,
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

/* What stands for the interface that the packet came in by: the link, or that
 * interface, or, for the box's own packets, nvi itself.
 */
static inline struct net_device *nvi_rx_dev(const struct nvi *nvi,
					    const struct sk_buff *skb)
{
	struct net_device *rx = rcu_dereference(nvi->link);

	if (rx)
		return rx;
	if (skb->skb_iif)
		rx = dev_get_by_index_rcu(dev_net(nvi->dev), skb->skb_iif);
	return rx ?: nvi->dev;
}

/* Whether IPsec has no say in what leaves the box: the condition that makes
 * xfrm_lookup() give back the route that it was given.
 */
static inline bool nvi_unencrypted(const struct net *net,
				   const struct sk_buff *skb)
{
#ifdef CONFIG_XFRM
	const struct sock *sk = skb->sk;

	return !READ_ONCE(net->xfrm.policy_count[XFRM_POLICY_OUT]) &&
	       READ_ONCE(net->xfrm.policy_default[XFRM_POLICY_OUT]) ==
							XFRM_USERPOLICY_ACCEPT &&
	       (!sk || (sk_fullsock(sk) && !sk_listener(sk) &&
			!rcu_access_pointer(sk->sk_policy[XFRM_POLICY_OUT])));
#else
	return true;
#endif
}

/* Whether the control block is still IP's: a qdisc uses it as well. */
static inline bool nvi_cb_valid(const struct sk_buff *skb)
{
	const struct netdev_queue *txq =
		netdev_get_tx_queue(skb->dev, skb_get_queue_mapping(skb));

	return !rcu_dereference_bh(txq->qdisc)->enqueue;
}

/* Whether IPsec has made the packet, on this box. Then its policies are not asked
 * again, as in ip_route_me_harder(). Where IPsec has no say the flag is nvi's own,
 * left on a copy (TEE) of a packet that has been here.
 */
static inline bool nvi_transformed(const struct sk_buff *skb)
{
	if (skb->protocol == htons(ETH_P_IP) ?
	    !(IPCB(skb)->flags & IPSKB_XFRM_TRANSFORMED) :
	    !(IP6CB(skb)->flags & IP6SKB_XFRM_TRANSFORMED))
		return false;
	return nvi_cb_valid(skb) && !nvi_unencrypted(dev_net(skb->dev), skb);
}

/* nvi_xmit.c */
enum nvi_stat nvi_drop(struct sk_buff *skb, enum nvi_stat why);
enum nvi_stat nvi_refuse(struct sk_buff *skb, enum skb_drop_reason reason);
bool nvi_encapsulated4(const struct nvi *nvi, const struct sk_buff *skb);
void nvi_set_mac_header(struct sk_buff *skb, const struct net_device *rx);
void nvi_conntrack(const struct nvi *nvi, struct sk_buff *skb);
bool nvi_defers(const struct sk_buff *skb, u8 protocol);
bool nvi_policy_ok(const struct nvi *nvi, struct sk_buff *skb);
bool nvi_policy_check(const struct nvi *nvi, struct sk_buff *skb);
enum nvi_stat nvi_receive(const struct nvi *nvi, struct sk_buff *skb,
			  enum nvi_stat why);
int nvi_poll(struct napi_struct *napi, int budget);
netdev_tx_t nvi_xmit(struct sk_buff *skb, struct net_device *dev);
int nvi_neigh_output(struct neighbour *neigh, struct sk_buff *skb);

/* nvi_ipv4.c */
void nvi_unhold(const struct net_device *dev);
void nvi_show_link(const struct nvi *nvi, struct sk_buff *skb);
int nvi_forward4(struct sk_buff *skb);
enum nvi_stat nvi_xmit4(const struct nvi *nvi, struct sk_buff *skb);
unsigned int nvi_again4(const struct nvi *nvi, struct sk_buff *skb,
			bool checked);

/* nvi_route4.c */
struct rtable *nvi_route4(const struct nvi *nvi, struct sk_buff *skb, bool own,
			  bool *ref);
void nvi_routes_flush(const struct nvi *nvi);

/* nvi_ipv6.c */
#if IS_ENABLED(CONFIG_IPV6)
enum nvi_stat nvi_xmit6(const struct nvi *nvi, struct sk_buff *skb);
unsigned int nvi_again6(const struct nvi *nvi, struct sk_buff *skb,
			bool checked);
#else
static inline enum nvi_stat nvi_xmit6(const struct nvi *nvi,
				      struct sk_buff *skb)
{
	return nvi_drop(skb, NVI_DROP_NO_DST);
}

static inline unsigned int nvi_again6(const struct nvi *nvi,
				      struct sk_buff *skb, bool checked)
{
	nvi_drop(skb, NVI_DROP_NO_DST);
	return NF_STOLEN;
}
#endif

/* nvi_prerouting.c */
enum nvi_stat nvi_prerouting(const struct nvi *nvi, struct sk_buff *skb);
int nvi_hook(struct nvi *nvi);
void nvi_unhook(struct nvi *nvi);
#endif
