/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
#ifndef _XT_UNHOLE_H
#define _XT_UNHOLE_H

#include <linux/types.h>

/**
 * enum xt_unhole_flags - options of the UNHOLE target
 * @XT_UNHOLE_NOTRACK: the second pass is untracked
 * @XT_UNHOLE_RESET_CT: the second pass starts without a conntrack entry; table
 *	raw only, and not together with %XT_UNHOLE_NOTRACK
 * @XT_UNHOLE_ALLOW_LOCAL: the second lookup may deliver the packet locally
 * @XT_UNHOLE_MASK: all of them; anything else is refused with -EINVAL
 */
enum xt_unhole_flags {
	XT_UNHOLE_NOTRACK	= 1 << 0,
	XT_UNHOLE_RESET_CT	= 1 << 1,
	XT_UNHOLE_ALLOW_LOCAL	= 1 << 2,
	XT_UNHOLE_MASK		= XT_UNHOLE_NOTRACK | XT_UNHOLE_RESET_CT |
				  XT_UNHOLE_ALLOW_LOCAL,
};

/**
 * struct xt_unhole_tginfo - what a rule hands to the UNHOLE target, revision 0
 * @mark: value for skb->mark of an unholed packet, host byte order
 * @mask: bits of skb->mark that are zeroed before @mark is XORed in, host byte
 *	order; 0 with a @mark of 0 leaves skb->mark alone
 * @flags: &enum xt_unhole_flags
 */
struct xt_unhole_tginfo {
	__u32 mark;
	__u32 mask;
	__u32 flags;
};

#endif /* _XT_UNHOLE_H */
