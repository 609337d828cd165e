/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
#ifndef _XT_UNHOLE_H
#define _XT_UNHOLE_H

#include <linux/types.h>

/**
 * struct xt_unhole_tginfo - what a rule hands to the UNHOLE target, revision 0
 * @mark: value for skb->mark of an unholed packet, host byte order
 * @mask: bits of skb->mark that @mark replaces, host byte order
 * @flags: options of the target
 *
 * The kernel accepts only what it can do. No option is defined yet, so all
 * three fields must be zero and anything else is refused with -EINVAL.
 */
struct xt_unhole_tginfo {
	__u32 mark;
	__u32 mask;
	__u32 flags;
};

#endif /* _XT_UNHOLE_H */
