// SPDX-License-Identifier: GPL-2.0-only
/*
 * UNHOLE: a packet that was routed into loopback keeps that route when it
 * comes back in, and is never looked up again. This target drops the route of
 * such a packet in PREROUTING, so that the stack routes it a second time.
 *
 * Traffic that loopback is for (local, broadcast, multicast, anycast) keeps
 * its route and is not touched.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/inetdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_UNHOLE.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/percpu.h>
#include <linux/proc_fs.h>
#include <linux/ratelimit.h>
#include <linux/seq_file.h>
#include <linux/skbuff.h>
#include <linux/user_namespace.h>
#include <net/dst_metadata.h>
#include <net/ip.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/lwtunnel.h>
#include <net/net_namespace.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_nat.h>
#include <net/netns/generic.h>
#include <net/route.h>

MODULE_DESCRIPTION("Xtables: route a packet that came out of loopback again");
MODULE_AUTHOR("xt_UNHOLE");
MODULE_LICENSE("GPL");
MODULE_ALIAS("ipt_UNHOLE");
MODULE_ALIAS("ip6t_UNHOLE");

static unsigned int unhole_net_id __read_mostly;

/* The module's own hooks, by what they are for: see unhole_ops[]. */
enum unhole_hook {
	UNHOLE_WINDOW,
	UNHOLE_INPUT,
	UNHOLE_HOOKS
};

/* Options that take the conntrack entry off. */
#define UNHOLE_DETACHES	(XT_UNHOLE_NOTRACK | XT_UNHOLE_RESET_CT)

/**
 * struct unhole_stat - what became of the packets that met a rule, per CPU
 * @unholed: route dropped, to be routed again
 * @genuine: kept, loopback's own traffic: its route is not a unicast one out
 *	of loopback; or met where the rule must not take the conntrack entry off
 * @no_route: kept, no route attached: injected or redirected, not routed
 * @not_lo: kept, received on another device than this namespace's loopback
 *
 * Packets. Written in softirq context with BHs off, read without locks. 32
 * bits each, since that is what lnstat(8) reads.
 */
struct unhole_stat {
	u32 unholed;
	u32 genuine;
	u32 no_route;
	u32 not_lo;
};

/**
 * struct unhole_net - this module's part of a network namespace
 * @stat: the counters behind /proc/net/stat/unhole
 * @hooked: which of the module's own hooks are registered, by what they are for
 *	and by family; under unhole_mutex. They stay until the namespace or the
 *	module goes.
 * @packets: by family, limits what is written into the log about packets. Not
 *	shared, so that no message is lost because of another namespace's or the
 *	other family's.
 * @rules: limits what is written into the log about rules that are refused
 */
struct unhole_net {
	struct unhole_stat __percpu *stat;
	bool hooked[UNHOLE_HOOKS][2];
	struct ratelimit_state packets[2];
	struct ratelimit_state rules;
};

static DEFINE_MUTEX(unhole_mutex);

static bool userns;
module_param(userns, bool, 0644);
MODULE_PARM_DESC(userns, "let network namespaces that a user without rights may own use the target (default: no)");

static struct unhole_net *unhole_pernet(const struct net *net)
{
	return net_generic(net, unhole_net_id);
}

static struct unhole_stat __percpu *unhole_stat(const struct net *net)
{
	return unhole_pernet(net)->stat;
}

/* Whether a message about this namespace belongs into the machine's log: not
 * if a user without rights may own it, who could fill the log.
 */
static bool unhole_may_say(struct net *net, struct ratelimit_state *limit)
{
	return net->user_ns == &init_user_ns && __ratelimit(limit);
}

/* The module's own bits in the control block's flags, the highest ones of both
 * families' flags: no kernel uses them. ip_rcv() and ip6_rcv_core() clear
 * them; defragmentation keeps the first fragment's.
 */
#define UNHOLE_SKB_WINDOW	BIT(15)
#define UNHOLE_SKB_NOT_LOCAL	BIT(14)

static u16 *unhole_skb_flags(struct sk_buff *skb, u8 family)
{
	return family == NFPROTO_IPV4 ? &IPCB(skb)->flags : &IP6CB(skb)->flags;
}

/* unhole_mark(): for the second lookup of a kernel with the core patches. On any
 * other kernel that lookup obeys accept_local and forwarding, and unhole_input()
 * refuses local delivery.
 *
 * Whatever was routed into the hole counts as outside traffic, unless the rule
 * allows local delivery (@local). The dropped route does not tell: a VRF, IPVS
 * or a copy (TEE) has an output route, as the box's own packets have, and IPv6
 * has one kind only.
 */
#ifdef IPSKB_UNHOLED
#define UNHOLE_CORE	true

static void unhole_mark(struct sk_buff *skb, u8 family, bool local)
{
	*unhole_skb_flags(skb, family) |= family == NFPROTO_IPV4 ?
		IPSKB_UNHOLED | (local ? 0 : IPSKB_UNHOLED_FWD) :
		IP6SKB_UNHOLED | (local ? 0 : IP6SKB_UNHOLED_FWD);
}
#else
#define UNHOLE_CORE	false

static void unhole_mark(struct sk_buff *skb, u8 family, bool local)
{
	if (!local)
		*unhole_skb_flags(skb, family) |= UNHOLE_SKB_NOT_LOCAL;
}
#endif

/* Read by those who ask what this kernel does, as unhole-path(8). */
static int unhole_core_set(const char *val, const struct kernel_param *kp)
{
	return -EPERM;
}

static int unhole_core_get(char *buffer, const struct kernel_param *kp)
{
	return sprintf(buffer, "%c\n", UNHOLE_CORE ? 'Y' : 'N');
}

static const struct kernel_param_ops unhole_core_ops = {
	.set	= unhole_core_set,
	.get	= unhole_core_get,
};

module_param_cb(core, &unhole_core_ops, NULL, 0444);
MODULE_PARM_DESC(core, "read only: whether the module was built for a kernel with the core patches");

#if IS_ENABLED(CONFIG_NF_CONNTRACK)
/* Softirq, or process context behind NFQUEUE. RCU. */
static unsigned int unhole_window_open(void *priv, struct sk_buff *skb,
				       const struct nf_hook_state *state)
{
	u16 *flags = unhole_skb_flags(skb, state->pf);

	if (state->in && state->in->flags & IFF_LOOPBACK)
		*flags |= UNHOLE_SKB_WINDOW;
	else
		*flags &= ~UNHOLE_SKB_WINDOW;
	return NF_ACCEPT;
}

static unsigned int unhole_window_close(void *priv, struct sk_buff *skb,
					const struct nf_hook_state *state)
{
	*unhole_skb_flags(skb, state->pf) &= ~UNHOLE_SKB_WINDOW;
	return NF_ACCEPT;
}

/* Whether --notrack and --reset-ct may take the packet's conntrack entry off. */
static bool unhole_may_detach(struct sk_buff *skb, u8 family)
{
	return !skb_nfct(skb) ||
	       *unhole_skb_flags(skb, family) & UNHOLE_SKB_WINDOW;
}
#else
static bool unhole_may_detach(struct sk_buff *skb, u8 family)
{
	return true;
}
#endif

/* A packet that was unholed, and is not to be delivered locally, has come to
 * INPUT. On a kernel with the core patches the lookup has dropped it before.
 * Softirq, or process context behind NFQUEUE. RCU.
 */
static unsigned int unhole_input(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	if (likely(!(*unhole_skb_flags(skb, state->pf) & UNHOLE_SKB_NOT_LOCAL)))
		return NF_ACCEPT;
	if (state->pf == NFPROTO_IPV4)
		IP_INC_STATS(state->net, IPSTATS_MIB_INADDRERRORS);
#if IS_ENABLED(CONFIG_IP6_NF_IPTABLES)
	else
		IP6_INC_STATS(state->net, __in6_dev_get(skb->dev),
			      IPSTATS_MIB_INADDRERRORS);
#endif
	return NF_DROP;
}

#define UNHOLE_OPS(function, family, where, when) {	\
	.hook		= function,			\
	.pf		= family,			\
	.hooknum	= where,			\
	.priority	= when,				\
}

/* UNHOLE_WINDOW: UNHOLE_SKB_WINDOW is set while a packet is between the first
 * PREROUTING hook and NAT's.
 *
 * NAT's hook uses the conntrack entry while it calls its chains, so the entry
 * must stay. nft_compat lets the user choose a table's name and a chain's type,
 * and does not tell the target: a rule of "table raw" may be called by NAT's
 * hook. The bit says that the packet has not come that far. Without the hooks
 * there is no bit, and the entry stays.
 *
 * The closing hook is registered first, so it is there before any packet gets
 * the bit. A packet that waits in NFQUEUE meanwhile goes on by its hook's old
 * index (nf_reinject()). Hooks that are added move the others back, so it may
 * meet a hook twice, but skips none.
 *
 * UNHOLE_INPUT: INPUT rules trust "-i lo", so what was routed into the hole
 * must not enter there. An accept of any chain ends that chain only, so this
 * hook has its say whatever the user's rules are.
 */
static const struct nf_hook_ops unhole_ops[UNHOLE_HOOKS][2][2] = {
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	[UNHOLE_WINDOW] = {
		{
			UNHOLE_OPS(unhole_window_close, NFPROTO_IPV4,
				   NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST - 1),
			UNHOLE_OPS(unhole_window_open, NFPROTO_IPV4,
				   NF_INET_PRE_ROUTING, NF_IP_PRI_FIRST),
		},
		{
			UNHOLE_OPS(unhole_window_close, NFPROTO_IPV6,
				   NF_INET_PRE_ROUTING, NF_IP6_PRI_NAT_DST - 1),
			UNHOLE_OPS(unhole_window_open, NFPROTO_IPV6,
				   NF_INET_PRE_ROUTING, NF_IP6_PRI_FIRST),
		},
	},
#endif
	[UNHOLE_INPUT] = {
		{
			UNHOLE_OPS(unhole_input, NFPROTO_IPV4,
				   NF_INET_LOCAL_IN, NF_IP_PRI_FIRST),
		},
		{
			UNHOLE_OPS(unhole_input, NFPROTO_IPV6,
				   NF_INET_LOCAL_IN, NF_IP6_PRI_FIRST),
		},
	},
};

static const unsigned int unhole_ops_n[UNHOLE_HOOKS] = {
	[UNHOLE_WINDOW]	= IS_ENABLED(CONFIG_NF_CONNTRACK) ? 2 : 0,
	[UNHOLE_INPUT]	= 1,
};

/* Process context, when a rule that needs them is inserted. */
static int unhole_hook(struct net *net, enum unhole_hook what, u8 family)
{
	struct unhole_net *un = unhole_pernet(net);
	unsigned int i = family == NFPROTO_IPV6;
	int err = 0;

	mutex_lock(&unhole_mutex);
	if (!un->hooked[what][i]) {
		err = nf_register_net_hooks(net, unhole_ops[what][i],
					    unhole_ops_n[what]);
		un->hooked[what][i] = !err;
	}
	mutex_unlock(&unhole_mutex);
	return err;
}

static void unhole_unhook(struct net *net)
{
	struct unhole_net *un = unhole_pernet(net);
	unsigned int what, i;

	for (what = 0; what < UNHOLE_HOOKS; what++)
		for (i = 0; i < 2; i++)
			if (un->hooked[what][i])
				nf_unregister_net_hooks(net,
							unhole_ops[what][i],
							unhole_ops_n[what]);
}

static bool unhole_wants4(const struct sk_buff *skb, const struct rtable *rt)
{
	const struct iphdr *iph = ip_hdr(skb);

	/* 127/8 stays in the box, also where route_localnet would let it out */
	return rt->rt_type == RTN_UNICAST &&
	       !ipv4_is_loopback(iph->saddr) && !ipv4_is_loopback(iph->daddr);
}

/* What both families do. Returns the route to drop, or NULL to leave the
 * packet alone.
 */
static struct dst_entry *unhole_dst(struct sk_buff *skb, const struct net *net,
				    const struct xt_unhole_tginfo *info,
				    u8 family)
{
	struct dst_entry *dst;

	if (skb->dev != net->loopback_dev) {
		this_cpu_inc(unhole_stat(net)->not_lo);
		return NULL;
	}
	if (!skb_valid_dst(skb)) {
		this_cpu_inc(unhole_stat(net)->no_route);
		return NULL;
	}
	dst = skb_dst(skb);
	/* SRv6 (End.DX4, End.DX6) crosses PREROUTING with a lightweight tunnel's
	 * route or another family's, and needs it afterwards.
	 */
	if (unlikely(dst->dev != skb->dev || dst->ops->family != family ||
		     lwtunnel_input_redirect(dst->lwtstate) ||
		     (info->flags & UNHOLE_DETACHES &&
		      !unhole_may_detach(skb, family)))) {
		this_cpu_inc(unhole_stat(net)->genuine);
		return NULL;
	}
	return dst;
}

/* MASQUERADE at POSTROUTING -o lo has noted lo, and NAT would drop the packet
 * when it leaves by another device (nf_nat_oif_changed()). Without the note it
 * is SNAT to the same address. Returns true for the first packet of such a
 * connection, if its source was changed.
 */
static bool unhole_masquerade(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_NF_NAT_MASQUERADE)
	enum ip_conntrack_info ctinfo;
	struct nf_conn_nat *nat;
	struct nf_conn *ct;

	ct = nf_ct_get(skb, &ctinfo);
	if (!ct)
		return false;
	nat = nfct_nat(ct);
	if (!nat || nat->masq_index != skb->dev->ifindex)
		return false;
	WRITE_ONCE(nat->masq_index, 0);
	/* No warning if it took the address that the packet had anyway */
	return CTINFO2DIR(ctinfo) == IP_CT_DIR_ORIGINAL &&
	       ct->status & IPS_SRC_NAT;
#else
	return false;
#endif
}

/* What both families do to a packet that is unholed. */
static void unhole(struct sk_buff *skb, const struct net *net,
		   const struct xt_unhole_tginfo *info)
{
	skb->mark = (skb->mark & ~info->mask) ^ info->mark;
#if IS_ENABLED(CONFIG_NF_CONNTRACK)
	if (info->flags & UNHOLE_DETACHES)
		nf_reset_ct(skb);
	if (info->flags & XT_UNHOLE_NOTRACK)
		nf_ct_set(skb, NULL, IP_CT_UNTRACKED);
#endif
	skb_dst_drop(skb);
	this_cpu_inc(unhole_stat(net)->unholed);
}

static noinline void unhole4(struct sk_buff *skb,
			     const struct xt_action_param *par)
{
	const struct xt_unhole_tginfo *info = par->targinfo;
	struct net *net = xt_net(par);
	struct dst_entry *dst = unhole_dst(skb, net, info, NFPROTO_IPV4);

	if (!dst)
		return;
	if (!unhole_wants4(skb, container_of(dst, struct rtable, dst))) {
		this_cpu_inc(unhole_stat(net)->genuine);
		return;
	}

	unhole_mark(skb, NFPROTO_IPV4, info->flags & XT_UNHOLE_ALLOW_LOCAL);
	if (unlikely(unhole_masquerade(skb)) &&
	    !inet_confirm_addr(net, __in_dev_get_rcu(skb->dev), 0,
			       ip_hdr(skb)->saddr, RT_SCOPE_HOST) &&
	    unhole_may_say(net, &unhole_pernet(net)->packets[0]))
		pr_warn("MASQUERADE at -o lo took %pI4, which is not an address of lo: use SNAT --to-source, or give lo the address\n",
			&ip_hdr(skb)->saddr);
	unhole(skb, net, info);
}

/* As skb_valid_dst(), but always inline: a kernel built for size calls that. */
static __always_inline bool unhole_valid_dst(const struct sk_buff *skb)
{
	const struct dst_entry *dst = skb_dst(skb);

	return dst && !(dst->flags & DST_METADATA);
}

/* Nearly all that meets the rule is loopback's own traffic. The type of its route
 * tells it, and it shall pay for no other test. Nor for a call of unhole_stat(),
 * which a kernel that is built for size does not inline.
 *
 * XT_CONTINUE always: the rules that follow still see the packet, and
 * nft_compat would take an errno for a verdict.
 */
static unsigned int
unhole_tg4(struct sk_buff *skb, const struct xt_action_param *par)
{
	const struct net *net = xt_net(par);

	if (likely(skb->dev == net->loopback_dev && unhole_valid_dst(skb) &&
		   skb_rtable(skb)->rt_type != RTN_UNICAST)) {
		const struct unhole_net *un = net_generic(net, unhole_net_id);

		this_cpu_inc(un->stat->genuine);
	} else {
		unhole4(skb, par);
	}
	return XT_CONTINUE;
}

#if IS_ENABLED(CONFIG_IP6_NF_IPTABLES)
static bool unhole_wants6(const struct sk_buff *skb, const struct rt6_info *rt)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);

	/* ip6_null_entry and its kin lead out of loopback too: RTF_REJECT */
	return !(rt->rt6i_flags & (RTF_LOCAL | RTF_ANYCAST | RTF_REJECT)) &&
	       !(ipv6_addr_type(&ip6h->daddr) &
		 (IPV6_ADDR_MULTICAST | IPV6_ADDR_LINKLOCAL |
		  IPV6_ADDR_LOOPBACK)) &&
	       !ipv6_addr_loopback(&ip6h->saddr);
}

static noinline void unhole6(struct sk_buff *skb,
			     const struct xt_action_param *par)
{
	const struct xt_unhole_tginfo *info = par->targinfo;
	struct net *net = xt_net(par);
	struct dst_entry *dst = unhole_dst(skb, net, info, NFPROTO_IPV6);

	if (!dst)
		return;
	if (!unhole_wants6(skb, container_of(dst, struct rt6_info, dst))) {
		this_cpu_inc(unhole_stat(net)->genuine);
		return;
	}

	unhole_mark(skb, NFPROTO_IPV6, info->flags & XT_UNHOLE_ALLOW_LOCAL);
	if (unlikely(unhole_masquerade(skb)) &&
	    !nf_ipv6_chk_addr(net, &ipv6_hdr(skb)->saddr, skb->dev, 1) &&
	    unhole_may_say(net, &unhole_pernet(net)->packets[1]))
		pr_warn("MASQUERADE at -o lo took %pI6c, which is not an address of lo: use SNAT --to-source, or give lo the address\n",
			&ipv6_hdr(skb)->saddr);
	unhole(skb, net, info);
}

static unsigned int
unhole_tg6(struct sk_buff *skb, const struct xt_action_param *par)
{
	const struct net *net = xt_net(par);

	if (likely(skb->dev == net->loopback_dev && unhole_valid_dst(skb) &&
		   container_of(skb_dst(skb), struct rt6_info,
				dst)->rt6i_flags & RTF_LOCAL)) {
		const struct unhole_net *un = net_generic(net, unhole_net_id);

		this_cpu_inc(un->stat->genuine);
	} else {
		unhole6(skb, par);
	}
	return XT_CONTINUE;
}
#endif

/* Called when the rule is inserted, in process context. The hook is checked by
 * x_tables; it can name one table only, and there are two.
 */
static int unhole_tg_check(const struct xt_tgchk_param *par)
{
	const struct xt_unhole_tginfo *info = par->targinfo;
	struct ratelimit_state *limit = &unhole_pernet(par->net)->rules;
	int err = 0;
	bool raw;

	/* Whoever owns such a namespace need have no rights outside of it */
	if (par->net->user_ns != &init_user_ns && !READ_ONCE(userns))
		return -EPERM;
	raw = strcmp(par->table, "raw") == 0;
	if (!raw && strcmp(par->table, "mangle") != 0) {
		/* The user may have chosen the name: it is escaped */
		if (unhole_may_say(par->net, limit))
			pr_info("only usable in PREROUTING of the raw and mangle tables, not in %*pE\n",
				(int)strlen(par->table), par->table);
		return -EINVAL;
	}
	if (info->flags & ~XT_UNHOLE_MASK) {
		if (unhole_may_say(par->net, limit))
			pr_info("this module does not know flags 0x%x: the plug-in is newer, update the module\n",
				info->flags & ~XT_UNHOLE_MASK);
		return -EINVAL;
	}
	if ((info->flags & UNHOLE_DETACHES) == UNHOLE_DETACHES) {
		if (unhole_may_say(par->net, limit))
			pr_info("--reset-ct and --notrack exclude each other\n");
		return -EINVAL;
	}
	if (info->flags & XT_UNHOLE_RESET_CT && !raw) {
		if (unhole_may_say(par->net, limit))
			pr_info("--reset-ct is for the raw table: in mangle, conntrack has already seen the packet\n");
		return -EINVAL;
	}
	if (info->flags & UNHOLE_DETACHES)
		err = unhole_hook(par->net, UNHOLE_WINDOW, par->family);
	if (!err && !UNHOLE_CORE && !(info->flags & XT_UNHOLE_ALLOW_LOCAL))
		err = unhole_hook(par->net, UNHOLE_INPUT, par->family);
	return err;
}

static struct xt_target unhole_tg_reg[] __read_mostly = {
	{
		.name		= "UNHOLE",
		.revision	= 0,
		.family		= NFPROTO_IPV4,
		.hooks		= 1 << NF_INET_PRE_ROUTING,
		.targetsize	= sizeof(struct xt_unhole_tginfo),
		.target		= unhole_tg4,
		.checkentry	= unhole_tg_check,
		.me		= THIS_MODULE,
	},
#if IS_ENABLED(CONFIG_IP6_NF_IPTABLES)
	{
		.name		= "UNHOLE",
		.revision	= 0,
		.family		= NFPROTO_IPV6,
		.hooks		= 1 << NF_INET_PRE_ROUTING,
		.targetsize	= sizeof(struct xt_unhole_tginfo),
		.target		= unhole_tg6,
		.checkentry	= unhole_tg_check,
		.me		= THIS_MODULE,
	},
#endif
};

/* /proc/net/stat/unhole, as lnstat(8) wants it: a line of names, then a line
 * of hexadecimal numbers for each CPU.
 */
static void *unhole_seq_start(struct seq_file *seq, loff_t *pos)
{
	const struct unhole_net *un = unhole_pernet(seq_file_net(seq));
	unsigned int cpu;

	if (*pos == 0)
		return SEQ_START_TOKEN;

	cpu = cpumask_next(*pos - 2, cpu_possible_mask);
	if (cpu >= nr_cpu_ids)
		return NULL;
	*pos = cpu + 1;
	return per_cpu_ptr(un->stat, cpu);
}

static void *unhole_seq_next(struct seq_file *seq, void *v, loff_t *pos)
{
	++*pos;
	return unhole_seq_start(seq, pos);
}

static void unhole_seq_stop(struct seq_file *seq, void *v)
{
}

static int unhole_seq_show(struct seq_file *seq, void *v)
{
	const struct unhole_stat *st = v;

	if (v == SEQ_START_TOKEN)
		seq_puts(seq, "unholed  genuine  no_route not_lo\n");
	else
		seq_printf(seq, "%08x %08x %08x %08x\n",
			   st->unholed, st->genuine, st->no_route, st->not_lo);
	return 0;
}

static const struct seq_operations unhole_seq_ops = {
	.start	= unhole_seq_start,
	.next	= unhole_seq_next,
	.stop	= unhole_seq_stop,
	.show	= unhole_seq_show,
};

static int __net_init unhole_net_init(struct net *net)
{
	struct unhole_net *un = unhole_pernet(net);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(un->packets); i++)
		ratelimit_state_init(&un->packets[i],
				     DEFAULT_RATELIMIT_INTERVAL,
				     DEFAULT_RATELIMIT_BURST);
	ratelimit_state_init(&un->rules, DEFAULT_RATELIMIT_INTERVAL, 50);
	un->stat = alloc_percpu(struct unhole_stat);
	if (!un->stat)
		return -ENOMEM;
#ifdef CONFIG_PROC_FS
	if (!proc_create_net("unhole", 0444, net->proc_net_stat,
			     &unhole_seq_ops, sizeof(struct seq_net_private))) {
		free_percpu(un->stat);
		return -ENOMEM;
	}
#endif
	return 0;
}

static void __net_exit unhole_net_exit(struct net *net)
{
	struct unhole_net *un = unhole_pernet(net);

	unhole_unhook(net);
	remove_proc_entry("unhole", net->proc_net_stat);
	free_percpu(un->stat);
}

static struct pernet_operations unhole_net_ops = {
	.init	= unhole_net_init,
	.exit	= unhole_net_exit,
	.id	= &unhole_net_id,
	.size	= sizeof(struct unhole_net),
};

static int __init unhole_tg_init(void)
{
	int err;

	err = register_pernet_subsys(&unhole_net_ops);
	if (err)
		return err;
	err = xt_register_targets(unhole_tg_reg, ARRAY_SIZE(unhole_tg_reg));
	if (err) {
		unregister_pernet_subsys(&unhole_net_ops);
		return err;
	}
	if (!UNHOLE_CORE)
		pr_info("this kernel lacks the core patches; the second lookup wants net.ipv4.conf.lo.accept_local=1 and net.ipv4.conf.lo.forwarding=1; for IPv6, net.ipv6.conf.all.forwarding=1: see xt_UNHOLE(8)\n");
	return 0;
}

static void __exit unhole_tg_exit(void)
{
	xt_unregister_targets(unhole_tg_reg, ARRAY_SIZE(unhole_tg_reg));
	unregister_pernet_subsys(&unhole_net_ops);
}

module_init(unhole_tg_init);
module_exit(unhole_tg_exit);
