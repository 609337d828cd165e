// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor, of policy rules around the hole: one that comes before what leads in and takes all of it; and tables
 * that have lost their routes, as they do when a device goes down.
 */
#include "decide.h"
#include "doctor.h"
#include "fib.h"
#include "rules.h"
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

/* --- tables without routes -------------------------------------------------------------- */

static bool is_empty(const struct fib *fib, const struct rule *r)
{
	size_t i;

	if (r->action != FR_ACT_TO_TBL || r->table == RT_TABLE_MAIN || r->table == RT_TABLE_LOCAL || r->table == RT_TABLE_DEFAULT)
		return false;
	for (i = 0; i < fib->n_routes; i++)
		if (fib->routes[i].table == r->table)
			return false;
	return true;
}

/* (The link-local prefix is each device's own.) */
static bool is_led_to(const struct fib *fib, const struct link *nvi)
{
	size_t i;

	for (i = 0; i < fib->n_routes; i++)
		if (fib->routes[i].type == RTN_UNICAST && fib->routes[i].n_nh && fib->routes[i].nh[0].oif == nvi->index &&
		    fib->routes[i].table != RT_TABLE_LOCAL && fib->routes[i].dst.b[0] != 0xfe)
			return true;
	return false;
}

/* Is there anything that speaks of this device? One that is only there waits for its use, and tables without routes
 * are other programs' then: of an uplink that is down.
 */
static bool is_in_use(const struct fib *fib, int family, const struct link *nvi, bool *has_way_out)
{
	struct addr a;
	size_t i;

	for (i = 0; i < fib->n_rules; i++)
		*has_way_out = *has_way_out || strcmp(fib->rules[i].iif, nvi->name) == 0;
	return *has_way_out || first_addr(family, nvi->name, &a) || rules_name_out(family, nvi->name);
}

const struct rule *way_in_lost(int family, const struct link *nvi, bool *one_of)
{
	const struct fib *fib = fib_of(family);
	const struct rule *found = NULL;
	bool has_way_out = false;
	size_t i;

	*one_of = false;

	/* A device that goes down takes the routes of both families along. One family's alone may be meant: no
	 * uplink has it.
	 */
	if (is_led_to(fib, nvi) || is_led_to(fib_of(family == AF_INET ? AF_INET6 : AF_INET), nvi) ||
	    !is_in_use(fib, family, nvi, &has_way_out))
		return NULL;
	for (i = 0; i < fib->n_rules; i++) {
		const struct rule *r = &fib->rules[i];
		const struct link *in = r->iif[0] ? link_by_name(r->iif) : NULL;

		/* One for all is other programs', as a rule */
		if (r->iif[0] ? !in || is_nvi(in) : !has_way_out || !(r->mask || r->src_len || r->dst_len))
			continue;
		if (found ? r->table == found->table : !is_empty(fib, r))
			continue;
		if (found && is_empty(fib, r))
			*one_of = true;
		else if (!found)
			found = r;
	}
	return found;
}

static void check_tables(int family)
{
	const struct fib *fib = fib_of(family);
	const char *six = family == AF_INET6 ? " -6" : "";
	char fix[160], text[200];
	const struct rule *lost;
	bool one_of;
	size_t i;

	for (i = 0; i < world.n_links; i++) {
		const struct link *l = &world.links[i];

		lost = is_nvi(l) && l->flags & IFF_UP ? way_in_lost(family, l, &one_of) : NULL;
		if (!lost)
			continue;
		snprintf(fix, sizeof(fix), "ip%s route add default dev %s table %u", six, l->name, lost->table);
		/* Of several tables, one may be an uplink's that is down */
		say(BAD, "no-way-in", one_of ? NULL : fix, "IPv%d: no route leads to %s; \"%s\" finds nothing", family == AF_INET ? 4 : 6, l->name,
		    describe_rule(lost, text, sizeof(text)));
	}
	for (i = 0; i < fib->n_rules; i++) {
		const struct rule *r = &fib->rules[i];
		const struct link *l = r->iif[0] ? link_by_name(r->iif) : NULL;

		if (!l || !is_nvi(l) || !is_empty(fib, r))
			continue;
		snprintf(fix, sizeof(fix), "ip%s route add default via GATEWAY dev DEV table %u", six, r->table);
		say(WARN, "no-way-out", fix, "IPv%d: what comes out of %s by \"%s\" finds no route there, and goes on to the next rule",
		    family == AF_INET ? 4 : 6, l->name, describe_rule(r, text, sizeof(text)));
	}
}

/* --- a rule before it ---------------------------------------------------------------------- */

static bool covers(const struct addr *of, unsigned int len, const struct addr *a, unsigned int a_len)
{
	return len <= a_len && in_prefix(a, of, len);
}

/* Is each packet that this rule is for one of that other rule's? */
static bool takes_all_of(const struct rule *o, const struct rule *r)
{
	if (o->strange || o->l3mdev || o->flags & FIB_RULE_INVERT || o->oif[0] || (o->iif[0] && strcmp(o->iif, r->iif) != 0))
		return false;
	if (!covers(&o->src, o->src_len, &r->src, r->src_len) || !covers(&o->dst, o->dst_len, &r->dst, r->dst_len))
		return false;
	if (o->mask & ~r->mask || (o->mark ^ r->mark) & o->mask)
		return false;
	/* (Of these one alone is seldom) */
	return !o->tos && !o->has_uid && !o->ipproto && !o->sport[1] && !o->dport[1] && !o->dscp_mask && !o->label_mask;
}

/* Does what is for this rule and route meet another rule before? Then for all of its destinations: the
 * route that takes this one is for all of them.
 */
static const struct rule *taken_before(int family, const struct rule *r, const struct route *rt)
{
	const struct fib *fib = fib_of(family);
	const struct link *in = r->iif[0] ? link_by_name(r->iif) : NULL;
	struct flow f = {
		.family = family, .iif = in && in->index != world.lo ? in->index : 0, .src = r->src, .has_src = true,
		.dst = example(family, r, rt, NULL), .mark = r->mark & r->mask,
	};
	unsigned int plen = r->dst_len > rt->plen ? r->dst_len : rt->plen;
	struct result res;

	if (r->iif[0] && !in)
		return NULL;
	fib_lookup(&f, &res);
	if (res.unsure || !res.rule || res.rule >= r || res.rule < fib->rules || !takes_all_of(res.rule, r))
		return NULL;
	if (res.err && !res.route)
		return res.rule;
	return res.route && res.route->plen <= plen && !hole_of(family, res.route) ? res.rule : NULL;
}

/* Returns whether it has been said. */
static bool check_before(int family, const struct rule *r, const struct route *rt)
{
	const struct rule *o = taken_before(family, r, rt);
	const char *six = family == AF_INET6 ? " -6" : "", *selectors;
	char own[200], other[200], route[200], fix[300];

	if (!o)
		return false;
	describe_rule(r, own, sizeof(own));
	selectors = strchr(own, ':');
	snprintf(fix, sizeof(fix), "ip%s rule add%s pref %u", six, selectors ? selectors + 1 : "", pref_before(o));
	say(BAD, "dead-rule", o->pref && selectors ? fix : NULL,
	    "IPv%d: \"%s\" takes all before \"%s\", so nothing of it enters the hole by \"%s\"", family == AF_INET ? 4 : 6,
	    describe_rule(o, other, sizeof(other)), own, describe_route(family, rt, route, sizeof(route)));
	return true;
}

void check_ways(int family)
{
	const struct fib *fib = fib_of(family);
	unsigned int n;
	size_t i, j;

	check_tables(family);
	for (i = 0; i < fib->n_rules; i++) {
		const struct rule *r = &fib->rules[i];
		const struct link *in = r->iif[0] ? link_by_name(r->iif) : NULL;

		/* In main, other ways are beside it; what is of the hole itself is another matter */
		if (r->table == RT_TABLE_MAIN || r->table == RT_TABLE_DEFAULT || is_nvi(in) || !rule_leads_in(family, r))
			continue;
		for (j = n = 0; j < fib->n_routes && n < 4; j++) {
			const struct route *rt = &fib->routes[j];

			if (rt->table != r->table || !hole_of(family, rt))
				continue;
			n++;
			if (check_before(family, r, rt))
				break;
		}
	}
}
