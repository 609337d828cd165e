/* SPDX-License-Identifier: GPL-2.0-only */
/* Lookups, done again from what the kernel has told (fib.c). */
#ifndef UNHOLE_FIB_H
#define UNHOLE_FIB_H

#include "netlink.h"

void fib_lookup(const struct flow *f, struct result *res);
/* Might another mark, in bits that are not known, lead it elsewhere? */
bool fib_mark_matters(const struct flow *f, uint32_t known);
/* Might another TOS? */
bool fib_tos_matters(int family);
/* RTN_*: inet_addr_type(), and what IPv6 has like it */
uint8_t addr_type(int family, const struct addr *a);
/* The same, for a device: of others local addresses do not count. */
uint8_t addr_type_at(int family, const struct addr *a, int index);
/* Has this protocol ports that policy rules see? */
bool has_ports(uint8_t proto);
/* IPv6: a route through loopback that the kernel made a reject of. */
bool is_reject_in_disguise(int family, const struct route *rt);
const char *route_type(uint8_t type);
const char *describe_rule(const struct rule *r, char *buf, size_t len);
const char *describe_route(int family, const struct route *rt, char *buf, size_t len);
/* The preference of a rule that is to stand right in front of this one */
uint32_t pref_before(const struct rule *r);

#endif
