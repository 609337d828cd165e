/* SPDX-License-Identifier: GPL-2.0-only */
/* The verdict: what its test asks of it apart from the packet's way (fuzz.c). */
#ifndef UNHOLE_DECIDE_H
#define UNHOLE_DECIDE_H

#include "path.h"

/*
 * Why the kernel refuses an input lookup that has a route: ip_route_input_slow(),
 * fib_validate_source(). Newer kernels say EINVAL whatever it is; then the source is
 * looked up here, as they do it.
 */
enum refusal { OTHER_REFUSAL, MARTIAN, RP_FILTER, NO_FORWARDING };
enum refusal why_refused(const struct flow *f, int err);

#endif
