// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults to order, for the tests of the harness: insmod plant.ko fault=warn.
 * fault=arp, fault=ip and fault=ip6 are for scenarios: they set, in the control
 * block of each ARP, IPv4 or IPv6 packet that the namespace of insmod receives by
 * another device than loopback (ARP: by any), the bit that says "unholed".
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_arp.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>

static char *fault = "";
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "panic, int3, warn, leak, uaf, lock, arp, ip or ip6");

static unsigned int hits;
module_param(hits, uint, 0444);
MODULE_PARM_DESC(hits, "packets that fault=arp, ip or ip6 has touched");

MODULE_DESCRIPTION("Plants a fault for the harness to find");
MODULE_LICENSE("GPL");

static DEFINE_MUTEX(plant_one);
static DEFINE_MUTEX(plant_two);

/* Reads what it has freed. Not to be seen through by the compiler. */
static noinline int plant_uaf(void)
{
	char *p = kmalloc(64, GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	kfree(p);
	OPTIMIZER_HIDE_VAR(p);
	return READ_ONCE(p[8]) & 0;
}

/* Two locks in one order, and then in the other: nobody waits, but lockdep
 * knows that somebody could.
 */
static void plant_lock(void)
{
	mutex_lock(&plant_one);
	mutex_lock(&plant_two);
	mutex_unlock(&plant_two);
	mutex_unlock(&plant_one);
	mutex_lock(&plant_two);
	mutex_lock(&plant_one);
	mutex_unlock(&plant_one);
	mutex_unlock(&plant_two);
}

#ifdef IPSKB_UNHOLED
static unsigned int plant_mark(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state)
{
	if (state->pf != NFPROTO_ARP && state->in->flags & IFF_LOOPBACK)
		return NF_ACCEPT;
	if (state->pf == NFPROTO_IPV6)
		IP6CB(skb)->flags |= IP6SKB_UNHOLED | IP6SKB_UNHOLED_FWD;
	else
		IPCB(skb)->flags |= IPSKB_UNHOLED;
	hits++;
	return NF_ACCEPT;
}

static struct nf_hook_ops plant_ops = {
	.hook		= plant_mark,
};

/* The namespace outlives the module: its scenario removes it. */
static struct net *plant_net;
#endif

static int __init plant_init(void)
{
	int i;

	if (!strcmp(fault, "panic"))
		panic("planted");
	/* A breakpoint that nobody has set */
	if (!strcmp(fault, "int3"))
		asm volatile("int3");
	if (!strcmp(fault, "warn"))
		WARN(1, "planted\n");
	if (!strcmp(fault, "uaf"))
		return plant_uaf();
	if (!strcmp(fault, "lock"))
		plant_lock();
	if (!strcmp(fault, "leak")) {
		/* Several, since a stale pointer on a stack may hide one */
		for (i = 0; i < 16; i++)
			if (!kmalloc(1000 + i, GFP_KERNEL))
				return -ENOMEM;
	}
#ifdef IPSKB_UNHOLED
	if (!strcmp(fault, "arp"))
		plant_ops.pf = NFPROTO_ARP;
	if (!strcmp(fault, "ip"))
		plant_ops.pf = NFPROTO_IPV4;
	if (!strcmp(fault, "ip6"))
		plant_ops.pf = NFPROTO_IPV6;
	if (plant_ops.pf) {
		plant_ops.hooknum = plant_ops.pf == NFPROTO_ARP ? NF_ARP_IN : NF_INET_PRE_ROUTING;
		plant_net = current->nsproxy->net_ns;
		return nf_register_net_hook(plant_net, &plant_ops);
	}
#endif
	return 0;
}

static void __exit plant_exit(void)
{
#ifdef IPSKB_UNHOLED
	if (plant_net)
		nf_unregister_net_hook(plant_net, &plant_ops);
#endif
}

module_init(plant_init);
module_exit(plant_exit);
