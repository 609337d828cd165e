// SPDX-License-Identifier: GPL-2.0-only
/*
 * FORWARD, where a packet goes into the hole, or comes out of it: a rule or a policy that drops all of it. doctor
 * asks for all that policy rules lead there, --explain for one packet. What is dropped only of some packets is
 * meant so.
 */
#include "doctor.h"
#include "box.h"
#include "decide.h"
#include "fib.h"
#include "forward.h"
#include "nf.h"
#include "rules.h"
#include <linux/fib_rules.h>
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX_DEVS 8
#define MAX_ROUTES 4
/* What is true of so many rules is true of the others, as a rule: there may be thousands */
#define MAX_RULES 64

struct devs {
	const char *name[MAX_DEVS];
	unsigned int n;
	bool more;		/* than fit in here */
};

/* A way into the hole */
struct way_in {
	int family;
	const struct rule *rule;
	const struct route *route;
	const struct link *hole;
	struct addr dst;
};

static void add_dev(struct devs *d, const char *name)
{
	unsigned int i;

	for (i = 0; i < d->n && strcmp(d->name[i], name) != 0; i++)
		;
	if (i == d->n && d->n < MAX_DEVS)
		d->name[d->n++] = name;
	else if (i == d->n)
		d->more = true;
}

/* What comes in by an uplink is strangers': to drop that is what a firewall is for. */
static bool is_uplink(int family, const struct link *l)
{
	const struct fib *fib = fib_of(family);
	unsigned int i;
	size_t n;

	for (n = 0; n < fib->n_routes; n++)
		for (i = 0; fib->routes[n].plen <= 1 && i < fib->routes[n].n_nh; i++)
			if (fib->routes[n].nh[i].oif == l->index)
				return true;
	return false;
}

/* May a packet have the mark that the rule asks for, behind this hook? */
static bool may_be_marked(const struct way_in *y, enum hook hook, const char *iif)
{
	struct walk w = {
		.family = y->family, .hook = hook, .iif = iif, .any = true, .own = !iif, .dst = y->dst, .nexthop = y->dst,
		.dst_len = y->rule->dst_len, .mark_known = 0xffffffff, .ctmark_known = 0xffffffff,
	};

	if (!y->rule->mask)
		return true;
	rules_walk(&w);
	return ((w.mark ^ y->rule->mark) & y->rule->mask & w.mark_known) == 0;
}

/* Does a packet of the rule's, by this device (NULL: of the box), really enter the hole by it? */
static bool enters(const struct way_in *y, const struct link *in)
{
	struct flow f = {
		.family = y->family, .iif = in ? in->index : 0, .src = y->rule->src, .dst = y->dst, .has_src = true,
		.mark = y->rule->mark & y->rule->mask,
	};
	struct result res;

	if (!y->rule->src_len && first_addr(y->family, in ? in->name : y->hole->name, &f.src) && in)
		f.src.b[y->family == AF_INET ? 3 : 15] ^= 3;
	fib_lookup(&f, &res);
	return !res.err && !res.unsure && res.rule == y->rule && res.route && res.oif == y->hole->index;
}

static bool leads(const struct way_in *y, const struct link *in)
{
	return !is_hole(in) && in->flags & IFF_UP && !is_uplink(y->family, in) &&
	       enters(y, in) && may_be_marked(y, HOOK_PREROUTING, in->name);
}

/* What FORWARD sees it come in by: of a port of a VRF that is the VRF. */
static const char *in_forward(const struct link *l)
{
	const char *vrf = vrf_of(l->index);

	return vrf ? vrf : l->name;
}

/* By which devices it is led in; is it the box's own, too? */
static bool ways_in(const struct way_in *y, struct devs *in)
{
	const struct rule *r = y->rule;
	const struct link *l = r->iif[0] ? link_by_name(r->iif) : NULL;
	size_t i;

	if (r->iif[0] && (!l || l->index != world.lo)) {
		if (l && leads(y, l))
			add_dev(in, in_forward(l));
		return false;
	}
	/* (With more than fit in here, nothing is said.) */
	for (i = 0; !l && i < world.n_links && !in->more; i++) {
		struct addr a;

		if (first_addr(y->family, world.links[i].name, &a) && leads(y, &world.links[i]))
			add_dev(in, in_forward(&world.links[i]));
	}
	return (!r->src_len || addr_is_local(y->family, &r->src)) && enters(y, NULL) && may_be_marked(y, HOOK_OUTPUT, NULL);
}

/* Where it goes behind the hole. Returns false if some of it is for this box. */
static bool ways_out(const struct way_in *y, struct devs *out)
{
	const struct fib *fib = fib_of(y->family);
	struct result res;
	struct flow f;
	size_t i, j;

	if (second_lookup(y->family, y->rule, y->route, &y->dst, true, &f, &res)) {
		if (res.type != RTN_UNICAST)
			return false;
		if (!hole_of(y->family, res.route))
			add_dev(out, dev_name(res.oif));
	}
	for (i = 0; i < fib->n_rules; i++) {
		const struct rule *r = &fib->rules[i];

		if (r->action != FR_ACT_TO_TBL || r->table == RT_TABLE_LOCAL || strcmp(r->iif, y->hole->name) != 0)
			continue;
		for (j = 0; j < fib->n_routes; j++) {
			const struct route *rt = &fib->routes[j];

			if (rt->table != r->table || rt->plen > 1)
				continue;
			if (rt->type == RTN_LOCAL)
				return false;
			if (rt->type == RTN_UNICAST && rt->n_nh && !hole_of(y->family, rt))
				add_dev(out, dev_name(rt->nh[0].oif));
		}
	}
	return true;
}

/* --- what is dropped, and the cure ------------------------------------------------------- */

struct dropped {
	int family;
	const char *in, *out, *hole;
	const char *sep;	/* between two commands of the cure */
	unsigned int n;
	struct {
		const struct nf_chain *chain;
		unsigned int no;
	} by[4];
	char at[WHERE], fix[2 * TEXT];
	size_t len;
	bool no_fix;
};

__attribute__((format(printf, 2, 3)))
static void fix_more(struct dropped *d, const char *fmt, ...)
{
	va_list ap;

	if (d->len)
		d->len += snprintf(d->fix + d->len, sizeof(d->fix) - d->len, "%s", d->sep);
	va_start(ap, fmt);
	if (d->len < sizeof(d->fix))
		d->len += vsnprintf(d->fix + d->len, sizeof(d->fix) - d->len, fmt, ap);
	va_end(ap);
	d->no_fix = d->no_fix || d->len >= sizeof(d->fix);
	if (d->len >= sizeof(d->fix))
		d->len = sizeof(d->fix) - 1;
}

/* A table that iptables-nft has made */
static bool is_of_iptables(const struct nf_chain *c)
{
	return c->family != NFPROTO_INET && (strcmp(c->table, "filter") == 0 || strcmp(c->table, "mangle") == 0) &&
	       nft_chain_find(c->family, c->table, "FORWARD", strlen("FORWARD"));
}

/* What leaves by a device is judged by its zone, and nobody else may change firewalld's table. */
static void fix_firewalld(struct dropped *d)
{
	fix_more(d, "firewall-cmd --permanent --new-zone=unhole");
	fix_more(d, "firewall-cmd --permanent --zone=unhole --add-interface=%s", d->out);
	fix_more(d, "firewall-cmd --permanent --new-policy=unhole-in");
	fix_more(d, "firewall-cmd --permanent --policy=unhole-in --add-ingress-zone=ANY");
	fix_more(d, "firewall-cmd --permanent --policy=unhole-in --add-egress-zone=unhole");
	fix_more(d, "firewall-cmd --permanent --policy=unhole-in --set-target=ACCEPT");
	fix_more(d, "firewall-cmd --reload");
}

/* Right before the rule that drops it, or at the end: what drops more before it stands. */
static void on_drop(const struct nf_chain *c, unsigned int no, void *arg)
{
	struct dropped *d = arg;
	char number[16] = "", index[24] = "";

	if (!d->n)
		nf_place(c, no, d->at, sizeof(d->at));
	if (d->n < sizeof(d->by) / sizeof(d->by[0])) {
		d->by[d->n].chain = c;
		d->by[d->n].no = no;
	}
	d->n++;
	if (no && nf_names_device(c, no)) {
		d->no_fix = true;	/* somebody has said so */
		return;
	}
	if (no) {
		snprintf(number, sizeof(number), " %u", no);
		snprintf(index, sizeof(index), "index %u ", no - 1);
	}
	if (c->legacy || is_of_iptables(c))
		fix_more(d, "%s-%s -t %s -%c %s%s -i %s -o %s -j ACCEPT", d->family == AF_INET ? "iptables" : "ip6tables",
			 c->legacy ? "legacy" : "nft", c->table, no ? 'I' : 'A', c->name, number, d->in, d->out);
	else if (strcmp(c->table, "firewalld") != 0)
		fix_more(d, "nft '%s rule %s %s %s %siifname \"%s\" oifname \"%s\" accept'", no ? "insert" : "add",
			 c->family == NFPROTO_INET ? "inet" : c->family == NFPROTO_IPV4 ? "ip" : "ip6", c->table, c->name, index,
			 d->in, d->out);
	else if (strcmp(d->out, d->hole) == 0)
		fix_firewalld(d);
	else
		d->no_fix = true;	/* nobody else may change it */
}

/* Is all of it dropped that comes in by each of these, and goes on by each of those? Of the first two. */
static bool is_dropped(const struct way_in *y, const struct devs *in, const struct devs *out, struct dropped *d)
{
	const struct rule *r = y->rule;
	struct dropped one;
	unsigned int i, j;

	for (i = 0; i < in->n; i++)
		for (j = 0; j < out->n; j++) {
			struct walk w = {
				.family = y->family, .hook = HOOK_FORWARD, .iif = in->name[i], .oif = out->name[j], .any = true,
				.src = r->src, .dst = y->dst, .nexthop = y->dst, .ctmark_known = 0xffffffff,
			};

			/* Behind NAT they may be others */
			if (strcmp(out->name[j], y->hole->name) == 0) {
				w.src_len = r->src_len;
				w.dst_len = r->dst_len > y->route->plen ? r->dst_len : y->route->plen;
			}
			one = (struct dropped){
				.family = y->family, .in = w.iif, .out = w.oif, .hole = y->hole->name, .sep = "; ",
			};
			rules_drops(&w, on_drop, &one);
			if (!one.n)
				return false;
			if (!i && !j)
				*d = one;
		}
	return in->n && out->n && !in->more && !out->more;
}

/* All of it, from one device to another: its rules, and their cure */
static void drops_all(const struct walk *of, const char *iif, const char *oif, struct dropped *d)
{
	struct walk w = {
		.family = of->family, .hook = HOOK_FORWARD, .iif = iif, .oif = oif, .any = true, .src = of->src, .dst = of->dst,
		.nexthop = of->nexthop, .ctmark_known = 0xffffffff,
	};

	rules_drops(&w, on_drop, d);
}

/* The same rules drop both. */
static bool same_drops(const struct dropped *a, const struct dropped *b)
{
	unsigned int i;

	for (i = 0; i < a->n && i < sizeof(a->by) / sizeof(a->by[0]); i++)
		if (a->by[i].chain != b->by[i].chain || a->by[i].no != b->by[i].no)
			return false;
	return i == a->n && i == b->n;
}

const char *forward_cure(const struct walk *w, const char *from, char *buf, size_t len)
{
	const struct link *in = link_by_name(w->iif), *out = link_by_name(w->oif);
	struct dropped d = { .family = w->family, .in = w->iif, .out = w->oif, .sep = "\n" };
	struct dropped plain = { .family = w->family, .in = from, .out = w->oif, .sep = "\n" }, one;

	if (is_hole(out))
		d.hole = w->oif;
	else if (is_hole(in))
		d.hole = w->iif;
	else
		return NULL;
	plain.hole = d.hole;
	one = d;
	rules_drops(w, on_drop, &one);
	drops_all(w, w->iif, w->oif, &d);
	/* Where only some packets are dropped, or nobody may go out by that uplink, that is somebody's will */
	if (from && d.hole == w->iif)
		drops_all(w, from, w->oif, &plain);
	if (!same_drops(&d, &one) || d.no_fix || plain.n || (size_t)snprintf(buf, len, "%s", d.fix) >= len)
		return NULL;
	return buf[0] ? buf : NULL;
}

/* Servers, who may answer, and begin nothing: FORWARD lets new connections come to them, led there by DNAT perhaps, and
 * none go out. That answers are lost, too, it does not say.
 */
static bool only_answer(const struct way_in *y, const struct devs *in, const struct devs *out)
{
	struct dropped unused;
	unsigned int i, j;

	if (!is_dropped(y, in, out, &unused))
		return false;
	for (i = 0; i < in->n; i++)
		for (j = 0; j < out->n; j++) {
			struct walk w = {
				.family = y->family, .hook = HOOK_FORWARD, .iif = out->name[j], .oif = in->name[i], .any = true,
				.ctmark_known = 0xffffffff, .natted = { [MANIP_DST] = true },
			};

			unused = (struct dropped){ .family = y->family, .in = w.iif, .out = w.oif, .hole = y->hole->name, .sep = "; " };
			rules_drops(&w, on_drop, &unused);
			if (!unused.n)
				return true;
		}
	return false;
}

static void say_dropped(const struct dropped *d, const char *which)
{
	say(BAD, "forward-drop", d->no_fix || !d->fix[0] ? NULL : d->fix,
	    "IPv%d: FORWARD drops all that %s: from %s to %s (%s)", d->family == AF_INET ? 4 : 6, which, d->in, d->out, d->at);
}

/* Returns whether something was said. */
static bool check_way(const struct way_in *y)
{
	bool lo = y->hole->flags & IFF_LOOPBACK, again = lo || nvi_flag(y->hole->name, "prerouting"), own, goes_on;
	struct devs in = { .n = 0 }, out = { .n = 0 }, hole = { .n = 0 }, box = { .n = 0 };
	const struct link *link = y->hole->link ? link_by_index(y->hole->link) : NULL;
	const char *which = NULL;
	struct dropped d;

	own = ways_in(y, &in);
	add_dev(&hole, y->hole->name);
	/* What FORWARD sees it come in by, behind the hole */
	add_dev(&box, link ? link->name : y->hole->name);
	goes_on = ways_out(y, &out);
	if (is_dropped(y, &in, &hole, &d))
		which = "enters the hole";
	else if (goes_on && in.n && is_dropped(y, again || link ? &box : &in, &out, &d))
		which = "comes out of the hole";
	if (which && goes_on && only_answer(y, &in, &out)) {
		say(NOTE, "forward-drop", NULL, "IPv%d: FORWARD lets no new connection from %s into the hole, nor out to %s: it leads answers there, and nothing else",
		    y->family == AF_INET ? 4 : 6, in.name[0], out.name[0]);
		return true;
	}
	if (!which && goes_on && own && is_dropped(y, &box, &out, &d))
		which = "comes out of the hole of the box's own";
	if (which)
		say_dropped(&d, which);
	return which;
}

void check_forward(int family, const struct marks *marks, const struct marks *reply_marks)
{
	const struct fib *fib = fib_of(family);
	unsigned int n, rules = 0;
	size_t i, j;

	for (i = 0; i < fib->n_rules && rules < MAX_RULES; i++) {
		const struct rule *r = &fib->rules[i];

		if (r->strange || r->l3mdev || r->flags & FIB_RULE_INVERT || !rule_leads_in(family, r) ||
		    (r->mask && has_mark(reply_marks, r) && !has_mark(marks, r)))
			continue;
		rules++;
		for (j = n = 0; j < fib->n_routes && n < MAX_ROUTES; j++) {
			struct way_in y = { .family = family, .rule = r, .route = &fib->routes[j] };

			if (y.route->table != r->table || !hole_of(family, y.route))
				continue;
			n++;
			y.hole = link_by_index(y.route->nh[0].oif);
			y.dst = example(family, r, y.route, NULL);
			if (check_way(&y))
				break;
		}
	}
}
