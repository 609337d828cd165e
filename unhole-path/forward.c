// SPDX-License-Identifier: GPL-2.0-only
/*
 * FORWARD, where a packet goes into the hole, or comes out of it: a rule or a policy that drops all of it. doctor
 * asks for all that policy rules lead there, --explain for one packet. What is dropped only of some packets is
 * meant so. And of what policy rules lead there: whether it is forwarded, and whether UNHOLE leads it out of loopback.
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
#include <linux/netfilter/xt_UNHOLE.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
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

static bool overlap(const struct addr *a, unsigned int a_len, const struct addr *b, unsigned int b_len)
{
	return in_prefix(a, b, a_len < b_len ? a_len : b_len);
}

/* Do packets with the rule's sources come in by this device? Others' are dropped for good reasons, or let pass. */
static bool is_behind(const struct way_in *y, const struct link *in)
{
	const struct fib *fib = fib_of(y->family);
	const struct rule *r = y->rule;
	size_t i;

	if (!r->src_len || r->iif[0])
		return true;
	for (i = 0; i < world.n_addrs; i++)
		if (world.addrs[i].family == y->family && world.addrs[i].index == in->index &&
		    overlap(&world.addrs[i].a, world.addrs[i].plen, &r->src, r->src_len))
			return true;
	for (i = 0; i < fib->n_routes; i++) {
		const struct route *rt = &fib->routes[i];

		if (rt->n_nh && rt->nh[0].oif == in->index && rt->type == RTN_UNICAST && rt->plen > 1 &&
		    overlap(&rt->dst, rt->plen, &r->src, r->src_len))
			return true;
	}
	return false;
}

static bool leads(const struct way_in *y, const struct link *in)
{
	return !is_hole(in) && in->flags & IFF_UP && !is_uplink(y->family, in) &&
	       enters(y, in) && is_behind(y, in) && may_be_marked(y, HOOK_PREROUTING, in->name);
}

/* What FORWARD sees it come in by: of a port of a VRF that is the VRF. */
static const char *in_forward(const struct link *l)
{
	const char *vrf = vrf_of(l->index);

	return vrf ? vrf : l->name;
}

/* Is the box's own led in? */
static bool leads_own(const struct way_in *y)
{
	return (!y->rule->src_len || addr_is_local(y->family, &y->rule->src)) && enters(y, NULL) && may_be_marked(y, HOOK_OUTPUT, NULL);
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
	return leads_own(y);
}

/* What may be a way in, and FORWARD is asked of it */
static bool is_way_in(int family, const struct rule *r)
{
	return !r->strange && !r->l3mdev && !(r->flags & FIB_RULE_INVERT) && rule_leads_in(family, r);
}

/* The next route by which the rule leads into the hole, from number j on */
static bool next_way(int family, const struct rule *r, size_t *j, struct way_in *y)
{
	const struct fib *fib = fib_of(family);

	for (; *j < fib->n_routes; ++*j) {
		*y = (struct way_in){ .family = family, .rule = r, .route = &fib->routes[*j] };
		if (y->route->table != r->table || !hole_of(family, y->route))
			continue;
		y->hole = link_by_index(y->route->nh[0].oif);
		y->dst = example(family, r, y->route, NULL);
		++*j;
		return true;
	}
	return false;
}

size_t not_forwarded(int family, const char **dev, size_t max)
{
	const struct fib *fib = fib_of(family);
	size_t i, j, k, n_off = 0, n_ways = 0, n = 0;
	const struct link *off[64];
	struct way_in way[8];
	struct addr a;

	for (i = 0; i < world.n_links && n_off < ARRAY_SIZE(off); i++) {
		const struct link *l = &world.links[i];

		if (!is_hole(l) && first_addr(family, l->name, &a) &&
		    (family == AF_INET ? conf(AF_INET, in_forward(l), "forwarding") == 0 : !v6_forwards(in_forward(l))))
			off[n_off++] = l;
	}
	/* (Which packets of a rule that is for the box's own as well are meant is not known: a host forwards nothing.) */
	for (i = 0; n_off && i < fib->n_rules && n_ways < ARRAY_SIZE(way); i++) {
		const struct rule *r = &fib->rules[i];

		j = 0;
		if (!r->iif[0] && is_way_in(family, r) && next_way(family, r, &j, &way[n_ways]))
			n_ways += !leads_own(&way[n_ways]);
	}
	for (i = 0; i < n_off && n < max; i++) {
		for (k = 0; k < n_ways && !leads(&way[k], off[i]); k++)
			;
		if (k < n_ways)
			dev[n++] = in_forward(off[i]);
	}
	return n;
}

/* Behind the hole, by loopback: what UNHOLE makes of it. w: as it was before */
static void comes_out(const struct way_in *y, struct walk *w)
{
	w->hook = HOOK_PREROUTING;
	w->iif = y->hole->name;
	w->oif = NULL;
	w->unholable = true;
	rules_walk(w);
}

static bool by_loopback(const struct way_in *y)
{
	return y->hole->flags & IFF_LOOPBACK && !(y->family == AF_INET && y->dst.b[0] == 127);
}

const struct route *never_unholed(int family)
{
	const struct fib *fib = fib_of(family);
	unsigned int n, rules = 0;
	struct way_in y;
	size_t i, j;

	for (i = 0; i < fib->n_rules && rules < MAX_RULES; i++) {
		if (!is_way_in(family, &fib->rules[i]))
			continue;
		rules++;
		for (j = n = 0; n < MAX_ROUTES && next_way(family, &fib->rules[i], &j, &y); n++) {
			/* Which marks it has there is not asked, and no NAT has changed its destination */
			struct walk w = {
				.family = family, .any = true, .dst = y.dst, .nexthop = y.dst, .ct = CT_UNKNOWN, .nat_done = { true, true },
			};

			w.dst_len = y.rule->dst_len > y.route->plen ? y.rule->dst_len : y.route->plen;
			if (!by_loopback(&y))
				continue;
			comes_out(&y, &w);
			if (w.unholed == NO && w.dropped != YES)
				return y.route;
		}
	}
	return NULL;
}

/* What comes in by a device, and goes into loopback with the mark that it has then */
static bool may_be_let_in(const struct way_in *y, const struct link *in)
{
	/* What NAT may make of it is as any other */
	struct walk w = {
		.family = y->family, .hook = HOOK_PREROUTING, .iif = in_forward(in), .any = true, .dst = y->dst, .nexthop = y->dst,
		.mark_known = 0xffffffff, .ctmark_known = 0xffffffff, .nat_done = { true, true },
	};
	static const enum hook hooks[] = { HOOK_FORWARD, HOOK_POSTROUTING };
	size_t i;

	if (is_hole(in) || !(in->flags & IFF_UP) || !enters(y, in))
		return false;
	rules_walk(&w);
	if ((w.mark ^ y->rule->mark) & y->rule->mask & w.mark_known)
		return false;
	w.oif = y->hole->name;
	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		w.hook = hooks[i];
		rules_walk(&w);
		if (w.dropped == YES)
			return false;
	}
	comes_out(y, &w);
	return w.unholed == MAYBE || (w.unholed == YES && w.unhole_flags & XT_UNHOLE_ALLOW_LOCAL);
}

bool outside_may_be_let_in(int family)
{
	const struct fib *fib = fib_of(family);
	unsigned int rules = 0, n;
	struct way_in y;
	size_t i, j, k;

	for (i = 0; i < fib->n_rules; i++) {
		const struct rule *r = &fib->rules[i];

		if (!rule_leads_in(family, r))
			continue;
		if (!is_way_in(family, r) || rules++ == MAX_RULES)
			return true;
		for (j = n = 0; next_way(family, r, &j, &y); n++) {
			if (n == MAX_ROUTES)
				return true;
			for (k = 0; k < world.n_links && by_loopback(&y); k++)
				if ((!r->iif[0] || link_by_name(r->iif) == &world.links[k]) && may_be_let_in(&y, &world.links[k]))
					return true;
		}
	}
	return false;
}

/* Where it goes behind the hole. Returns false if some of it is for this box. */
static bool ways_out(const struct way_in *y, struct devs *out)
{
	const struct fib *fib = fib_of(y->family);
	struct result res;
	struct flow f;
	size_t i, j;
	unsigned int k;

	if (second_lookup(y->family, y->rule, y->route, &y->dst, true, &f, &res)) {
		if (res.type != RTN_UNICAST)
			return false;
		for (k = 0; k < res.route->n_nh && !hole_of(y->family, res.route); k++)
			add_dev(out, dev_name(res.route->nh[k].oif));
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
			for (k = 0; rt->type == RTN_UNICAST && k < rt->n_nh && !hole_of(y->family, rt); k++)
				add_dev(out, dev_name(rt->nh[k].oif));
		}
	}
	return true;
}

/* --- where it is dropped ----------------------------------------------------------------- */

/* A rule, or the policy (0) */
struct site {
	const struct nf_chain *base, *chain;
	unsigned int no;
};

struct sites {
	unsigned int n;
	struct site by[8];
};

static void on_drop(const struct nf_chain *base, const struct nf_chain *c, unsigned int no, void *arg)
{
	struct sites *s = arg;

	if (s->n < ARRAY_SIZE(s->by))
		s->by[s->n] = (struct site){ base, c, no };
	s->n++;
}

static unsigned int kept(const struct sites *s)
{
	return s->n < ARRAY_SIZE(s->by) ? s->n : ARRAY_SIZE(s->by);
}

static bool has_base(const struct sites *s, const struct nf_chain *base)
{
	unsigned int i;

	for (i = 0; i < kept(s); i++)
		if (s->by[i].base == base)
			return true;
	return false;
}

/* The same rules drop both. */
static bool same_sites(const struct sites *a, const struct sites *b)
{
	unsigned int i;

	for (i = 0; i < kept(a); i++)
		if (a->by[i].chain != b->by[i].chain || a->by[i].no != b->by[i].no)
			return false;
	return a->n == b->n && i == a->n;
}

/* All of a protocol is dropped there, by a chain that drops all the rest elsewhere: "-p tcp -j REJECT --reject-with
 * tcp-reset", then "-j REJECT". What is let pass behind the first alone is TCP's no way. icmp: "no pings" may be
 * meant so, but where a chain is there to refuse.
 */
static void add_site(struct sites *s, const struct site *o, bool icmp)
{
	unsigned int i, n = kept(s);

	if (o->no && nf_names_device(o->chain, o->no))
		return;	/* somebody has said so */
	for (i = 0; i < n && s->by[i].chain != o->chain; i++)
		;
	if (i == n && !icmp && has_base(s, o->base))
		on_drop(o->base, o->chain, o->no, s);
	else if (i < n && o->no && (!s->by[i].no || o->no < s->by[i].no) && !(icmp && o->chain->base))
		s->by[i].no = o->no;
}

/* Where what begins a connection is to be let pass, of which all is dropped at these */
static void find_ways_by(const struct walk *of, const struct sites *all, struct sites *by)
{
	const uint8_t protos[] = { IPPROTO_TCP, IPPROTO_UDP, of->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6 };
	struct walk w = *of;
	struct sites one;
	unsigned int i, j;

	*by = *all;
	for (i = 0; i < ARRAY_SIZE(protos); i++) {
		one.n = 0;
		w.proto = protos[i];
		rules_drops(&w, on_drop, &one);
		for (j = 0; j < kept(&one); j++)
			add_site(by, &one.by[j], i == 2);
	}
}

/* --- the cure ---------------------------------------------------------------------------- */

struct cure {
	int family;
	const char *hole;
	const char *sep;	/* between two commands */
	char text[2 * TEXT];
	size_t len;
	bool firewalld, none;
};

__attribute__((format(printf, 2, 3)))
static void cure_more(struct cure *d, const char *fmt, ...)
{
	va_list ap;

	if (d->len)
		d->len += snprintf(d->text + d->len, sizeof(d->text) - d->len, "%s", d->sep);
	va_start(ap, fmt);
	if (d->len < sizeof(d->text))
		d->len += vsnprintf(d->text + d->len, sizeof(d->text) - d->len, fmt, ap);
	va_end(ap);
	d->none = d->none || d->len >= sizeof(d->text);
	if (d->len >= sizeof(d->text))
		d->len = sizeof(d->text) - 1;
}

/* A table that iptables-nft has made */
static bool is_of_iptables(const struct nf_chain *c)
{
	return c->family != NFPROTO_INET && (strcmp(c->table, "filter") == 0 || strcmp(c->table, "mangle") == 0) &&
	       nft_chain_find(c->family, c->table, "FORWARD", strlen("FORWARD"));
}

/* What leaves by a device is judged by its zone, and nobody else may change firewalld's table. */
static void cure_firewalld(struct cure *d, const char *out)
{
	if (d->firewalld)
		return;
	d->firewalld = true;
	cure_more(d, "firewall-cmd --permanent --new-zone=unhole");
	cure_more(d, "firewall-cmd --permanent --zone=unhole --add-interface=%s", out);
	cure_more(d, "firewall-cmd --permanent --new-policy=unhole-in");
	cure_more(d, "firewall-cmd --permanent --policy=unhole-in --add-ingress-zone=ANY");
	cure_more(d, "firewall-cmd --permanent --policy=unhole-in --add-egress-zone=unhole");
	cure_more(d, "firewall-cmd --permanent --policy=unhole-in --set-target=ACCEPT");
	cure_more(d, "firewall-cmd --reload");
}

/* Right before the rule that drops it, or at the end: what drops more before it stands. */
static void cure_site(struct cure *d, const struct site *s, const char *in, const char *out)
{
	const struct nf_chain *c = s->chain;
	char number[16] = "", index[24] = "";

	if (s->no && nf_names_device(c, s->no)) {
		d->none = true;	/* somebody has said so */
		return;
	}
	if (s->no) {
		snprintf(number, sizeof(number), " %u", s->no);
		snprintf(index, sizeof(index), "index %u ", s->no - 1);
	}
	if (c->legacy || is_of_iptables(c))
		cure_more(d, "%s-%s -t %s -%c %s%s -i %s -o %s -j ACCEPT", d->family == AF_INET ? "iptables" : "ip6tables",
			  c->legacy ? "legacy" : "nft", c->table, s->no ? 'I' : 'A', c->name, number, in, out);
	else if (strcmp(c->table, "firewalld") != 0)
		cure_more(d, "nft '%s rule %s %s %s %siifname \"%s\" oifname \"%s\" accept'", s->no ? "insert" : "add",
			  c->family == NFPROTO_INET ? "inet" : c->family == NFPROTO_IPV4 ? "ip" : "ip6", c->table, c->name, index,
			  in, out);
	else if (strcmp(out, d->hole) == 0)
		cure_firewalld(d, out);
	else
		d->none = true;	/* nobody else may change it */
}

static const char *cure_text(const struct cure *d)
{
	return d->none || !d->text[0] ? NULL : d->text;
}

/* All that begins a connection, from one device to another; or of one protocol */
static struct walk all_from(const struct walk *of, const char *iif, const char *oif, uint8_t proto)
{
	return (struct walk){
		.family = of->family, .hook = HOOK_FORWARD, .iif = iif, .oif = oif, .any = true, .src = of->src, .dst = of->dst,
		.nexthop = of->nexthop, .ctmark_known = 0xffffffff, .proto = proto,
	};
}

/* Is it dropped where all are that it is one of: all, or all of its protocol, which is dropped with the others? */
static bool is_one_of_all(const struct walk *w, const struct walk *any, const struct sites *all)
{
	struct walk proto = all_from(w, any->iif, any->oif, w->proto);
	struct sites one = { .n = 0 }, same = { .n = 0 };
	unsigned int i;

	rules_drops(w, on_drop, &one);
	if (same_sites(all, &one))
		return true;
	if (!w->proto)
		return false;
	rules_drops(&proto, on_drop, &same);
	for (i = 0; i < kept(&same); i++)
		if (!has_base(all, same.by[i].base))
			return false;
	return same_sites(&same, &one);
}

const char *forward_cure(const struct walk *w, const char *from, char *buf, size_t len)
{
	const struct link *in = link_by_name(w->iif), *out = link_by_name(w->oif);
	struct walk any = all_from(w, w->iif, w->oif, 0), direct = all_from(w, from, w->oif, 0);
	struct cure d = { .family = w->family, .sep = "\n" };
	struct sites all = { .n = 0 }, plain = { .n = 0 }, by;
	unsigned int i;

	if (is_hole(out))
		d.hole = w->oif;
	else if (is_hole(in))
		d.hole = w->iif;
	else
		return NULL;
	rules_drops(&any, on_drop, &all);
	/* Where only some packets are dropped, or nobody may go out by that uplink, that is somebody's will */
	if (from && d.hole == w->iif)
		rules_drops(&direct, on_drop, &plain);
	if (!all.n || plain.n || !is_one_of_all(w, &any, &all))
		return NULL;
	find_ways_by(&any, &all, &by);
	for (i = 0; i < kept(&by); i++)
		cure_site(&d, &by.by[i], w->iif, w->oif);
	if (!cure_text(&d) || (size_t)snprintf(buf, len, "%s", d.text) >= len)
		return NULL;
	return buf;
}

/* --- from each of some devices to each of others -------------------------------------------- */

struct dropped {
	char in[MAX_DEVS * (IF_NAMESIZE + 1)], out[MAX_DEVS * (IF_NAMESIZE + 1)];
	char at[WHERE];
	struct cure cure;
};

/* All of it that the way is for, from one device to another */
static struct walk of_way(const struct way_in *y, const char *iif, const char *oif)
{
	const struct rule *r = y->rule;
	struct walk w = {
		.family = y->family, .hook = HOOK_FORWARD, .iif = iif, .oif = oif, .any = true,
		.src = r->src, .dst = y->dst, .nexthop = y->dst, .ctmark_known = 0xffffffff,
	};

	/* Behind NAT they may be others */
	if (strcmp(oif, y->hole->name) == 0) {
		w.src_len = r->src_len;
		w.dst_len = r->dst_len > y->route->plen ? r->dst_len : y->route->plen;
	}
	return w;
}

static void find_drops(const struct way_in *y, const char *iif, const char *oif, struct sites *all)
{
	struct walk w = of_way(y, iif, oif);

	all->n = 0;
	rules_drops(&w, on_drop, all);
}

static void add_name(char *to, size_t len, const char *name)
{
	size_t n = strlen(to);

	snprintf(to + n, len - n, "%s%s", n ? ", " : "", name);
}

/* Is all of it dropped that comes in by each of these, and goes on by each of those? The cure lets pass all of it:
 * what lets pass the first alone would hide the others.
 */
static bool is_dropped(const struct way_in *y, const struct devs *in, const struct devs *out, struct dropped *d)
{
	struct sites all, by;
	unsigned int i, j, k;

	*d = (struct dropped){ .cure = { .family = y->family, .hole = y->hole->name, .sep = "; " } };
	for (i = 0; i < in->n; i++)
		add_name(d->in, sizeof(d->in), in->name[i]);
	for (j = 0; j < out->n; j++)
		add_name(d->out, sizeof(d->out), out->name[j]);
	for (i = 0; i < in->n; i++)
		for (j = 0; j < out->n; j++) {
			struct walk w = of_way(y, in->name[i], out->name[j]);

			find_drops(y, w.iif, w.oif, &all);
			if (!all.n)
				return false;
			if (!i && !j)
				nf_place(all.by[0].chain, all.by[0].no, d->at, sizeof(d->at));
			find_ways_by(&w, &all, &by);
			for (k = 0; k < kept(&by); k++)
				cure_site(&d->cure, &by.by[k], w.iif, w.oif);
		}
	return in->n && out->n && !in->more && !out->more;
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
			struct sites all = { .n = 0 };

			rules_drops(&w, on_drop, &all);
			if (!all.n)
				return true;
		}
	return false;
}

static void say_dropped(const struct dropped *d, const char *which)
{
	say(BAD, "forward-drop", cure_text(&d->cure), "IPv%d: FORWARD drops all that %s: from %s to %s (%s)",
	    d->cure.family == AF_INET ? 4 : 6, which, d->in, d->out, d->at);
}

/* One of several devices whose packets are all dropped, where others' pass: that may be meant, but is not to be
 * hidden. It is said once, and not where the rule names these very devices.
 */
static void note_dropped(const struct way_in *y, const char *which, const char *iif, const char *oif, const struct site *by)
{
	static struct {
		int family;
		const char *iif, *oif;
	} noted[16];
	static unsigned int n;
	char at[WHERE];
	unsigned int i;

	for (i = 0; i < n; i++)
		if (noted[i].family == y->family && noted[i].iif == iif && noted[i].oif == oif)
			return;
	if (n == ARRAY_SIZE(noted) || (by->no && nf_names_device(by->chain, by->no)))
		return;
	noted[n].family = y->family;
	noted[n].iif = iif;
	noted[n++].oif = oif;
	say(NOTE, "forward-drop", NULL, "IPv%d: FORWARD drops all that %s from %s to %s (%s), and lets other devices' packets pass",
	    y->family == AF_INET ? 4 : 6, which, iif, oif, nf_place(by->chain, by->no, at, sizeof(at)));
}

/* Those of several that are dropped, to wherever they go, or from wherever they come, where not all is. Whoever is
 * named is taken from "in".
 */
static void note_some(const struct way_in *y, struct devs *in, const struct devs *out, const char *which)
{
	static unsigned int walks = 64;	/* each may take a while */
	bool by_in[MAX_DEVS], by_out[MAX_DEVS];
	struct site first[MAX_DEVS][MAX_DEVS];
	unsigned int i, j, n;

	if (in->n * out->n < 2 || in->more || out->more || walks < in->n * out->n)
		return;
	walks -= in->n * out->n;
	memset(by_in, true, sizeof(by_in));
	memset(by_out, true, sizeof(by_out));
	for (i = 0; i < in->n; i++)
		for (j = 0; j < out->n; j++) {
			struct sites all = { .n = 0 };

			find_drops(y, in->name[i], out->name[j], &all);
			by_in[i] = by_in[i] && all.n;
			by_out[j] = by_out[j] && all.n;
			first[i][j] = all.by[0];
		}
	for (j = 0; j < out->n; j++)
		if (by_out[j])
			note_dropped(y, which, in->name[0], out->name[j], &first[0][j]);
	for (i = n = 0; i < in->n; i++) {
		if (by_in[i])
			note_dropped(y, which, in->name[i], out->name[0], &first[i][0]);
		else
			in->name[n++] = in->name[i];
	}
	in->n = n;
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
	if (which) {
		say_dropped(&d, which);
		return true;
	}
	note_some(y, &in, &hole, "enters the hole");
	if (goes_on)
		note_some(y, again || link ? &box : &in, &out, "comes out of the hole");
	return false;
}

void check_forward(int family, const struct marks *marks, const struct marks *reply_marks)
{
	const struct fib *fib = fib_of(family);
	unsigned int n, rules = 0;
	struct way_in y;
	size_t i, j;

	for (i = 0; i < fib->n_rules && rules < MAX_RULES; i++) {
		const struct rule *r = &fib->rules[i];

		if (!is_way_in(family, r) || (r->mask && has_mark(reply_marks, r) && !has_mark(marks, r)))
			continue;
		rules++;
		for (j = n = 0; n < MAX_ROUTES && next_way(family, r, &j, &y); n++)
			if (check_way(&y))
				break;
	}
}
