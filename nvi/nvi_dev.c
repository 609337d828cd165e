// SPDX-License-Identifier: GPL-2.0-only
/* NVI: the device. */
#include <linux/ethtool.h>
#include <linux/if_arp.h>
#include <linux/module.h>
#include <net/ip6_fib.h>
#include <net/ndisc.h>
#include <net/rtnetlink.h>
#include "nvi.h"

MODULE_DESCRIPTION("NAT Virtual Interface: route a packet again after NAT");
MODULE_AUTHOR("xt_UNHOLE");
MODULE_LICENSE("GPL");
MODULE_ALIAS_RTNL_LINK("nvi");

static bool nvi_userns;
module_param_named(userns, nvi_userns, bool, 0644);
MODULE_PARM_DESC(userns, "Devices in network namespaces of user namespaces too (default: off)");

/* IPv6 makes a neighbour entry for each destination, in a table that all namespaces
 * share. More than NVI_NEIGH_FEW are flushed half a second later, more than
 * NVI_NEIGH_MANY at once.
 */
#define NVI_NEIGH_FEW	8
#define NVI_NEIGH_MANY	256

static const char nvi_stat_names[NVI_STATS][ETH_GSTRING_LEN] = {
	"direct", "rx_local", "rx_fragment", "rx_options", "rx_context",
	"rx_prerouting", "drop_no_dst", "drop_multicast", "drop_martian", "drop_no_route",
	"drop_refused", "drop_loop", "drop_nested", "drop_backlog",
	"drop_error", "rx_refused",
};

static const char nvi_flag_names[][ETH_GSTRING_LEN] = {
	"notrack", "prerouting", "reset-ct",
};

/* The flags as attributes in IFLA_INFO_DATA, in the same order, each a u8, 0 or 1. */
enum {
	IFLA_NVI_UNSPEC,
	IFLA_NVI_NOTRACK,
	IFLA_NVI_PREROUTING,
	IFLA_NVI_RESET_CT,
	__IFLA_NVI_MAX
};

#define IFLA_NVI_MAX	(__IFLA_NVI_MAX - 1)

LIST_HEAD(nvi_list);

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
/* Entries of all nvi devices. They hold no address, and are made again when they are
 * missed. Called with the table's lock and the entry's.
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
	 * table's lock, which is a spinlock in later kernels.
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

/* A new entry. If there are many they are flushed: they hold no address. */
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

/* A packet in NFQUEUE may hold a marker for longer, so markers are released. */
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

/* dev_deactivate_many() has put a qdisc there that drops, so nothing new is sent. */
static int nvi_stop(struct net_device *dev)
{
	struct nvi *nvi = netdev_priv(dev);
	unsigned int cpu;

	/* Wait for nvi_xmit() to end: the kernel does so only where there are qdiscs */
	synchronize_net();
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

const struct net_device_ops nvi_netdev_ops = {
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

/* reset-ct takes the conntrack entry off: only PREROUTING makes another one, and with
 * notrack there would be none.
 */
static bool nvi_flags_valid(u32 flags)
{
	return !(flags & ~NVI_FLAGS) &&
	       (!(flags & NVI_RESET_CT) ||
		(flags & (NVI_PREROUTING | NVI_NOTRACK)) == NVI_PREROUTING);
}

/* RTNL. After an error the flags are as they were. */
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
	dev->hw_features = NVI_OFFLOADS & ~NETIF_F_GSO;
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
	/* The kernel would ignore attributes that it does not know */
	nla_for_each_nested(attr, info, rem) {
		if (nla_type(attr) > IFLA_NVI_MAX || !nla_type(attr)) {
			NL_SET_ERR_MSG_ATTR(extack, attr,
					    "nvi has no such attribute");
			return -EINVAL;
		}
	}
	return 0;
}

/* Changes *flags as the attributes say. Returns 0, or an error, with its reason. */
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

/* For NVI_PREROUTING the notifier registers the hooks, or clears the flag if it cannot. */
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

/* A device that wants the hooks leaves a namespace, or comes into one. RTNL. */
static void nvi_moves(struct nvi *nvi, unsigned long event)
{
	if (!(nvi->flags & NVI_PREROUTING))
		return;
	if (event == NETDEV_UNREGISTER) {
		nvi_unhook(nvi);
		/* The event is repeated as long as somebody holds the device */
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
	/* Policy rules go by the device's name: now others match, and no event says so */
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
