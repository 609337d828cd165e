// SPDX-License-Identifier: GPL-2.0-only
/* NVI: PREROUTING on the second pass. */
#include <linux/netfilter_ipv4.h>
#include "nvi.h"

/* What crosses PREROUTING on its second pass comes in by the nvi device, with a marker
 * for a route; in the last hook nvi_again4() or nvi_again6() makes the lookup. @skb
 * still has its first route. The second one is not known yet, so for what has come in
 * by IPsec the policies are asked as if it were forwarded (see nvi_policy_ok()), and it
 * keeps its secpath.
 */
enum nvi_stat nvi_prerouting(const struct nvi *nvi, struct sk_buff *skb)
{
	bool checked = secpath_exists(skb);
	struct dst_entry *marker = &nvi->markers[checked]->dst;

	if (unlikely(checked && !nvi_policy_ok(nvi, skb)))
		return nvi_refuse(skb, SKB_DROP_REASON_XFRM_POLICY);
	/* Conntrack makes a new entry, also where the first pass is untracked */
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

#ifdef CONFIG_NETFILTER
/* Bits of the control block's flags, from the first hook to the last. The receive path
 * clears all of them before. (The core patches may use the same bits, but on loopback
 * only.)
 */
#define NVI_SKB_AGAIN	BIT(13)
#define NVI_SKB_CHECKED	BIT(12)

static u16 *nvi_skb_flags(struct sk_buff *skb, u8 family)
{
	return family == NFPROTO_IPV4 ? &IPCB(skb)->flags : &IP6CB(skb)->flags;
}

/* The first hook of PREROUTING: what has the marker is nvi_prerouting()'s. Everything
 * else that comes in by the device (by tc, out of a tunnel that ends here) is the
 * receive path's to validate. DNAT drops a packet's dst, so the marker is noted in the
 * control block.
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
		if (other != nvi && other->hooked &&
		    net_eq(dev_net(other->dev), dev_net(nvi->dev)))
			return true;
	return false;
}

int nvi_hook(struct nvi *nvi)
{
	int err = 0;

	if (!nvi->hooked && !nvi_hooks_shared(nvi))
		err = nf_register_net_hooks(dev_net(nvi->dev), nvi_hook_ops,
					    ARRAY_SIZE(nvi_hook_ops));
	if (!err)
		nvi->hooked = true;
	return err;
}

/* Does nothing for a device without hooks, whose registration may have failed. */
void nvi_unhook(struct nvi *nvi)
{
	if (nvi->hooked && !nvi_hooks_shared(nvi))
		nf_unregister_net_hooks(dev_net(nvi->dev), nvi_hook_ops,
					ARRAY_SIZE(nvi_hook_ops));
	nvi->hooked = false;
}
#else
int nvi_hook(struct nvi *nvi)
{
	return -EOPNOTSUPP;
}

void nvi_unhook(struct nvi *nvi) { }
#endif
