// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor, of several uplinks: rp_filter looks up the way back to a reply's source, by the reply's
 * destination and the device that it goes on by. The mark or the translated source by which the
 * connection has left is not known there. So what one uplink has sent comes back by it, and is
 * dropped, since the way back leads to another.
 * And of clients with private addresses: who is translated at none of the hole's ends.
 */
#include "doctor.h"
#include "box.h"
#include "fib.h"
#include "refusal.h"
#include "rules.h"
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <string.h>

#define MAX_SENDERS 6
#define MAX_TOLD 8

/* A client of a device, or (iif 0) the box itself */
struct sender {
	int iif, plen;
	struct addr src;
};

/* Leads a route of a rule's table to elsewhere by this device? */
static const struct route *leads_out(const struct route *rt, int index)
{
	const struct fib *fib = fib_of(AF_INET);
	size_t i;

	if (rt->type != RTN_UNICAST || !rt->n_nh || rt->nh[0].oif != index || (rt->plen > 1 && !rt->nh[0].has_gw))
		return NULL;
	for (i = 0; i < fib->n_rules; i++)
		if (fib->rules[i].action == FR_ACT_TO_TBL && fib->rules[i].table == rt->table)
			return rt;
	return NULL;
}

/* A route by which this one is an uplink, behind another one, or NULL */
static const struct route *uplink_route(const struct link *l, const struct route *behind)
{
	const struct fib *fib = fib_of(AF_INET);
	const struct route *rt = behind ? behind + 1 : fib->routes;

	/* A VRF has its own lookups */
	if (is_hole(l) || l->master || strcmp(l->kind, "vrf") == 0)
		return NULL;
	for (; rt && rt < fib->routes + fib->n_routes; rt++)
		if (leads_out(rt, l->index))
			return rt;
	return NULL;
}

bool has_several_uplinks(void)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < world.n_links && n < 2; i++)
		n += uplink_route(&world.links[i], NULL) != NULL;
	return n > 1;
}

/* The box, with an address of the uplink, if one is told; and a client of each device that is none */
static unsigned int find_senders(const struct link *up, struct sender *s)
{
	unsigned int n = 0;
	size_t i;

	s[n] = (struct sender){ .iif = 0 };
	if (up && first_addr(AF_INET, up->name, &s[n].src))
		n++;
	for (i = 0; i < world.n_addrs && n < MAX_SENDERS; i++) {
		const struct address *a = &world.addrs[i];
		const struct link *l = link_by_index(a->index);

		if (a->family != AF_INET || a->plen > 30 || !l || is_hole(l) || l->master ||
		    uplink_route(l, NULL))
			continue;
		s[n] = (struct sender){ .iif = l->index, .plen = a->plen, .src = a->a };
		s[n++].src.b[3] ^= 3;
	}
	return n;
}

/* Marks that rules set and policy rules ask for; and none */
static unsigned int find_marks(const struct marks *set, uint32_t *mark, unsigned int max)
{
	const struct fib *fib = fib_of(AF_INET);
	unsigned int n = 0;
	size_t i;

	mark[n++] = 0;
	for (i = 0; i < fib->n_rules && n < max; i++) {
		const struct rule *r = &fib->rules[i];

		if (r->mark & r->mask && has_mark(set, r))
			mark[n++] = r->mark & r->mask;
	}
	return n;
}

/* NAT where the hole begins: does it leave this client's source as it is? */
static bool keeps_source(const struct sender *s, const struct addr *dst, const struct result *first, uint32_t mark)
{
	struct walk w = {
		.family = AF_INET, .hook = HOOK_POSTROUTING, .iif = dev_name(s->iif), .oif = dev_name(first->oif),
		.src = s->src, .dst = *dst, .nexthop = *dst, .mark = mark, .mark_known = 0xffffffff, .ctmark_known = 0xffffffff,
	};

	rules_walk(&w);
	return !w.fork && w.dropped == NO && w.ct == CT_NEW && memcmp(&w.src, &s->src, sizeof(w.src)) == 0;
}

bool find_untranslated(const struct marks *set, struct untranslated *u)
{
	static const struct addr far = { .b = { 198, 0, 0, 1 } };
	struct sender sender[MAX_SENDERS];
	uint32_t mark[6];
	unsigned int n = find_senders(NULL, sender), n_marks = find_marks(set, mark, ARRAY_SIZE(mark)), i;
	struct result first, second;

	/* Each client with each mark, and another one of its network */
	for (i = 0; i < 2 * n * n_marks; i++) {
		struct sender s = sender[i / 2 % n];
		struct flow f = { .family = AF_INET, .iif = s.iif, .has_src = true, .dst = far, .mark = mark[i / 2 / n] };

		s.src.b[3] ^= i & 1 && s.plen <= 24 ? 0x54 : 0;
		f.src = s.src;
		fib_lookup(&f, &first);
		if (!is_private(AF_INET, &s.src) || first.err || first.unsure || !first.route || !hole_of(AF_INET, first.route) ||
		    !keeps_source(&s, &far, &first, f.mark))
			continue;
		f.iif = first.oif;
		f.mark = 0;
		fib_lookup(&f, &second);
		if (second.err || second.unsure || second.type != RTN_UNICAST || hole_of(AF_INET, second.route) ||
		    !addr_of_dev(AF_INET, dev_name(second.oif), NULL, &u->to))
			continue;
		u->client = s.src;
		u->plen = s.plen;
		u->hole = first.oif;
		return true;
	}
	return false;
}

/* Behind the hole, does a rule lead out by the uplink, whatever source NAT gives? */
static bool second_leads(const struct link *hole, const struct link *up, const struct addr *dst, const struct addr *src)
{
	const struct fib *fib = fib_of(AF_INET);
	struct result res;
	size_t i;

	for (i = 0; i < fib->n_rules; i++) {
		const struct rule *r = &fib->rules[i];
		struct flow f = { .family = AF_INET, .iif = hole->index, .has_src = true, .dst = *dst, .src = *src };

		/* Those of the second lookup alone, and those for all */
		if (r->action != FR_ACT_TO_TBL || (r->iif[0] ? strcmp(r->iif, hole->name) != 0 : r->has_mark))
			continue;
		f.mark = r->mark & r->mask;
		if (r->src_len)
			f.src = r->src;
		if (r->src_len && r->src_len < 32)
			f.src.b[3] |= 1;
		fib_lookup(&f, &res);
		if (!res.err && !res.unsure && res.rule == r && res.oif == up->index && res.paths < 2)
			return true;
	}
	return false;
}

/* What this sender sends with this mark: does it leave by the uplink? */
static bool leaves_by(const struct sender *s, uint32_t mark, const struct addr *dst, const struct link *up)
{
	struct flow f = { .family = AF_INET, .iif = s->iif, .src = s->src, .has_src = true, .dst = *dst, .mark = mark };
	struct result res;

	fib_lookup(&f, &res);
	if (res.err || res.unsure || !res.route || res.type != RTN_UNICAST || res.paths > 1)
		return false;
	if (hole_of(AF_INET, res.route))
		return second_leads(link_by_index(res.oif), up, dst, &s->src);
	return res.oif == up->index;
}

/* fib_validate_source(): of a reply to this sender. Returns NULL if it passes, or if that is not
 * certain; else where the way back leads.
 */
static const char *lost(const struct sender *s, uint32_t mark, const struct addr *dst, const struct link *up, bool *loose)
{
	bool marked = conf(AF_INET, up->name, "src_valid_mark") == 1 || conf(AF_INET, "all", "src_valid_mark") == 1;
	struct flow f = {
		.family = AF_INET, .iif = s->iif ? s->iif : world.lo, .src = s->src, .has_src = true, .dst = *dst,
		.mark = marked ? mark : 0,
	};
	int rp = rp_filter(up->name);
	struct result res;
	unsigned int i;

	fib_lookup(&f, &res);
	*loose = !res.err && res.type == RTN_UNICAST;
	if (rp <= 0 || res.unsure || (!res.err && !res.route))
		return NULL;
	if (res.err)
		return "nowhere";
	if (rp != 1 || res.type != RTN_UNICAST)
		return NULL;
	for (i = 0; i < res.route->n_nh; i++)
		if (res.route->nh[i].oif == up->index)
			return NULL;
	return dev_name(res.oif);
}

static void say_lost(const struct sender *s, uint32_t mark, const struct link *up, const char *back, bool loose)
{
	char fix[200], by[16 + IF_NAMESIZE], marked[32] = "";
	int all = conf(AF_INET, "all", "rp_filter");

	/* Loose is enough where there is a way back at all */
	if (loose)
		snprintf(fix, sizeof(fix), "sysctl -w %s=2", knob(AF_INET, up->name, "rp_filter"));
	else
		snprintf(fix, sizeof(fix), "sysctl -w%s %s=0", all > 0 ? " net/ipv4/conf/all/rp_filter=0" : "",
			 knob(AF_INET, up->name, "rp_filter"));
	snprintf(by, sizeof(by), s->iif ? "by %s" : "of the box", dev_name(s->iif));
	if (mark)
		snprintf(marked, sizeof(marked), " with mark 0x%x", mark);
	say(BAD, "rp_filter", fix,
	    "rp_filter of %s is %s: what comes in %s and leaves by %s%s has its replies dropped there, since the way back leads %s%s",
	    up->name, rp_filter(up->name) == 1 ? "strict" : "on", by, up->name, marked, loose ? "to " : "", back);
}

bool first_time(int index)
{
	static int told[MAX_TOLD];
	static unsigned int n;
	unsigned int i;

	for (i = 0; i < n && told[i] != index; i++)
		;
	if (i < n)
		return false;
	if (n < MAX_TOLD)
		told[n++] = index;
	return true;
}

static void check_uplink(const struct link *up, const uint32_t *mark, unsigned int n_marks)
{
	static const struct rule any;
	struct sender sender[MAX_SENDERS];
	unsigned int n_senders = find_senders(up, sender), routes = 0, m, s;
	const struct route *rt = NULL;
	const char *back;
	bool loose;

	while ((rt = uplink_route(up, rt)) && routes++ < 3) {
		struct addr dst = example(AF_INET, &any, rt, NULL);

		/* Clients first: of the box's own, it is seldom so */
		for (s = n_senders; s-- > 0;)
			for (m = 0; m < n_marks; m++) {
				back = leaves_by(&sender[s], mark[m], &dst, up) ? lost(&sender[s], mark[m], &dst, up, &loose) : NULL;
				if (!back)
					continue;
				if (first_time(up->index))
					say_lost(&sender[s], mark[m], up, back, loose);
				return;
			}
	}
}

void check_uplinks(const struct marks *set)
{
	uint32_t mark[6];
	unsigned int n_marks = find_marks(set, mark, 6);
	size_t i;

	if (!has_several_uplinks())
		return;
	for (i = 0; i < world.n_links; i++)
		if (rp_filter(world.links[i].name) > 0)
			check_uplink(&world.links[i], mark, n_marks);
}
