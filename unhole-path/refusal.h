/* SPDX-License-Identifier: GPL-2.0-only */
/* Why a lookup is refused that has a route (refusal.c). */
#ifndef UNHOLE_REFUSAL_H
#define UNHOLE_REFUSAL_H

#include "netlink.h"

/*
 * ip_route_input_slow(), fib_validate_source(). Newer kernels say EINVAL whatever it is;
 * then the source is looked up here, as they do it.
 */
enum refusal { OTHER_REFUSAL, MARTIAN, RP_FILTER, NO_FORWARDING };
enum refusal why_refused(const struct flow *f, int err);
/* Of a device, by ip(7) the greater of its own and that of all */
int rp_filter(const char *dev);

#endif
