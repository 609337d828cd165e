/* SPDX-License-Identifier: GPL-2.0-only */
/* The whole box (doctor.c). */
#ifndef UNHOLE_DOCTOR_H
#define UNHOLE_DOCTOR_H

#include "netlink.h"

enum level { OK, NOTE, WARN, BAD };
/* One finding: a word for scripts, a command that mends it, or NULL, and the text */
__attribute__((format(printf, 4, 5)))
void say(enum level level, const char *check, const char *fix, const char *fmt, ...);

enum hole { NO_HOLE, HOLE_LO, HOLE_NVI, N_HOLES };
/* What kind of hole a route leads into */
enum hole hole_of(int family, const struct route *rt);
/* A packet that this rule and this route are for, or one for a route that is longer */
struct addr example(int family, const struct rule *r, const struct route *rt, const struct route *longer);

/* For a packet that this rule and this route are for: its second lookup. Returns false if that
 * cannot be known. look: rules are read.
 */
bool second_lookup(int family, const struct rule *r, const struct route *rt, const struct addr *dst, bool look,
		   struct flow *f, struct result *res);
bool rule_leads_in(int family, const struct rule *r);

/* Of several uplinks: does rp_filter lose what comes back by one of them? marks: those that rules
 * set (replies.c).
 */
struct marks {
	uint32_t mark[16];
	unsigned int n;
};
/* Does one of them have the bits that the rule asks for? */
bool has_mark(const struct marks *set, const struct rule *r);
void check_uplinks(const struct marks *marks);
/* A client with a private address that enters the hole and is not translated there */
struct untranslated {
	struct addr client, to;	/* to what it could be */
	int hole, plen;
};
bool find_untranslated(const struct marks *marks, struct untranslated *u);
bool has_several_uplinks(void);
/* What is said of an uplink's rp_filter is said once. */
bool first_time(int index);

/* forward.c: does FORWARD drop all that comes into the hole, or out of it? */
void check_forward(int family, const struct marks *marks, const struct marks *reply_marks);
/* Devices whose packets rules that name no device lead into the hole, and that are not forwarded */
size_t not_forwarded(int family, const char **dev, size_t max);
/* A route into loopback, by which all that comes there meets no rule of UNHOLE; or NULL */
const struct route *never_unholed(int family);
/* May what comes in by another device come out of loopback by a rule with --allow-local? */
bool outside_may_be_let_in(int family);
/* holes.c: rules before the hole's that take all of it; tables that have lost their routes */
void check_ways(int family);
/* A rule that seems to have led to this device, or NULL: there is a route, or no such rule; one_of: there is another,
 * with another table
 */
const struct rule *way_in_lost(int family, const struct link *nvi, bool *one_of);
/* recipes.c: what they have made and is gone */
void check_recipes(void);

int doctor(bool json, bool color);

#endif
