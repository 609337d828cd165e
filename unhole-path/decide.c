// SPDX-License-Identifier: GPL-2.0-only
/* The packet's way, step by step, and the verdict. */
#define _GNU_SOURCE	/* vasprintf() */
#include "decide.h"
#include "box.h"
#include "forward.h"
#include "ipvs.h"
#include "others.h"
#include "refusal.h"
#include "rules.h"
#include <errno.h>
#include <linux/lwtunnel.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_UNHOLE.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

__attribute__((format(printf, 2, 3)))
static void note(struct path *p, const char *fmt, ...)
{
	va_list ap;

	if (p->n_notes == MAX_NOTES)
		return;
	va_start(ap, fmt);
	vsnprintf(p->note[p->n_notes++], TEXT, fmt, ap);
	va_end(ap);
}

/* A command that would change the verdict. */
__attribute__((format(printf, 2, 3)))
static void fix(struct path *p, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (p->n_fixes == MAX_NOTES)
		return;
	va_start(ap, fmt);
	n = vsnprintf(p->fix[p->n_fixes], TEXT, fmt, ap);
	va_end(ap);
	/* What is cut off is another command */
	if (n >= 0 && n < TEXT && !has_strange_name(p->fix[p->n_fixes]))
		p->n_fixes++;
}

__attribute__((format(printf, 4, 5)))
static void verdict(struct path *p, enum verdict v, const char *reason, const char *fmt, ...)
{
	va_list ap;

	p->verdict = v;
	p->reason = reason;
	va_start(ap, fmt);
	vsnprintf(p->text, sizeof(p->text), fmt, ap);
	va_end(ap);
}

static const char *ipt(int family)
{
	return family == AF_INET ? "iptables" : "ip6tables";
}

static bool is_v4_loopback(const struct addr *a)
{
	return a->b[0] == 127;
}

static bool is_v6_loopback(const struct addr *a)
{
	static const struct addr lo = { .b = { [15] = 1 } };

	return memcmp(a, &lo, sizeof(lo)) == 0;
}

static bool is_v6_any(const struct addr *a)
{
	static const struct addr any;

	return memcmp(a, &any, sizeof(any)) == 0;
}

static bool is_v6_linklocal(const struct addr *a)
{
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

/* unhole_wants4(), unhole_wants6(): what the target leaves alone by its addresses. */
static bool unholable(int family, const struct addr *src, const struct addr *dst)
{
	if (family == AF_INET)
		return !is_v4_loopback(src) && !is_v4_loopback(dst);
	return dst->b[0] != 0xff && !is_v6_linklocal(dst) && !is_v6_loopback(dst) &&
	       !is_v6_loopback(src);
}

/* --- lookups ----------------------------------------------------------------- */

/* fib_multipath_hash(), rt6_multipath_hash(): is what it chooses by as the kernel was told? NULL: it is; or what is not. */
static const char *hash_untold(const struct flow *f, bool asked)
{
	bool ports = has_ports(f->proto), v4 = f->family == AF_INET;

	switch (hash_policy(f->family)) {
	case 0:
		/* By the client's flow label as well, and by TCP's own of its socket */
		if (!v4 && (f->iif || !f->proto || f->proto == IPPROTO_TCP))
			return "which of several nexthops it takes, by a hash of addresses and flow label";
		return asked ? NULL : "which of several nexthops it takes, by a hash of its addresses";
	case 1:
		if (asked && f->proto && (!ports || (f->sport && f->dport)) && (v4 || f->proto != IPPROTO_TCP || f->iif))
			return NULL;
		return "which of several nexthops it takes, by a hash of protocol and ports: say ipproto, sport, dport";
	default:
		return "which of several nexthops it takes, by the hash of fib_multipath_hash_policy";
	}
}

/* Does it matter for the way which of its nexthops is taken? */
static bool nexthops_differ(const struct result *res)
{
	const struct route *rt = res->paths > 1 ? res->route : NULL;
	unsigned int i;

	for (i = 1; rt && i < rt->n_nh; i++)
		if (rt->nh[i].oif != rt->nh[0].oif)
			return true;
	return false;
}

/* A protocol that RTM_GETROUTE does not take, and rules that ask for it. Routes and rules
 * are known; whether the kernel objects to the source, and which it chooses, is asked of
 * any packet.
 */
static void lookup_unasked(const struct flow *f, struct result *res, bool trust_refusal)
{
	struct flow any = *f;
	struct result asked, emulated;

	any.proto = 0;
	any.sport = any.dport = 0;
	if (res->err || !ask_route(&any, &asked))
		return;
	if (asked.err) {
		fib_lookup(&any, &emulated);
		if (trust_refusal && !emulated.err)
			res->err = asked.err;
	} else if (!f->has_src && !f->iif && !res->has_prefsrc) {
		res->has_prefsrc = asked.oif == res->oif ? asked.has_prefsrc :
				   addr_of_dev(f->family, dev_name(res->oif), res->has_gw ? &res->gw : &f->dst, &asked.prefsrc);
		res->prefsrc = asked.prefsrc;
	}
}

/* The kernel is asked. Its answer holds where it is one; what it refuses, and
 * which rule and route it was, is looked up again here.
 */
static struct step *lookup(struct path *p, const struct flow *f, const char *why, bool trust_refusal)
{
	const char *untold;
	struct result asked;
	struct step *s;

	if (p->n_steps == MAX_STEPS)
		p->n_steps--;
	s = &p->step[p->n_steps++];
	memset(s, 0, sizeof(*s));
	s->flow = *f;
	s->why = why;
	fib_lookup(f, &s->res);
	if (!ask_route(f, &asked)) {
		lookup_unasked(f, &s->res, trust_refusal);
		if (!s->res.err && !s->res.unsure && nexthops_differ(&s->res))
			s->res.unsure = hash_untold(f, false);
		return s;
	}
	untold = s->res.untold ? s->res.unsure : NULL;
	/* The kernel itself calls it a route: ip6_rt_init_dst_reject() makes its
	 * handlers discard, but no error of a unicast route (fib6_prop[]).
	 */
	if (!asked.err && s->res.err && s->res.route && asked.oif == world.lo &&
	    is_reject_in_disguise(f->family, s->res.route))
		return s;
	if (!asked.err) {
		bool same = !s->res.err && s->res.oif == asked.oif;

		/* One of several paths: the kernel's choice for this question */
		asked.paths = same || s->res.paths > 1 ? s->res.paths : 1;
		asked.route = same || s->res.paths > 1 ? s->res.route : NULL;
		asked.rule = same || s->res.paths > 1 ? s->res.rule : NULL;
		if (!asked.table)
			asked.table = s->res.table;
		s->res = asked;
		s->res.unsure = untold || !nexthops_differ(&asked) ? untold : hash_untold(f, true);
	} else if (trust_refusal) {
		s->res.err = asked.err;
		s->res.unsure = untold;
	}
	return s;
}

static bool sure(struct path *p, const struct step *s)
{
	if (!s->res.unsure)
		return true;
	verdict(p, V_UNKNOWN, "lookup-unknown", "unknown: %s", s->res.unsure);
	return false;
}

/* Why a lookup failed, if no sysctl is to blame. Returns false if the routes
 * alone do not explain it.
 */
static bool explain_no_route(struct path *p, const struct step *s, const char *which)
{
	char buf[200];
	struct result e;

	fib_lookup(&s->flow, &e);
	if (!e.err)
		return false;
	if (e.route && is_reject_in_disguise(s->flow.family, e.route)) {
		uint32_t id = free_nhid();

		verdict(p, V_DIES, "reject-in-disguise",
			"dies: the %s lookup finds \"%s\", which IPv6 made a reject route; only a nexthop object leads into lo",
			which, describe_route(s->flow.family, e.route, buf, sizeof(buf)));
		fix(p, "ip -6 nexthop add id %u dev %s", id, dev_name(world.lo));
		if (e.route->plen)
			fix(p, "ip -6 route replace %s/%u nhid %u table %u",
			    addr_text(AF_INET6, &e.route->dst), e.route->plen, id, e.route->table);
		else
			fix(p, "ip -6 route replace default nhid %u table %u", id, e.route->table);
	} else if (e.route) {
		verdict(p, V_DIES, "error-route", "dies: the %s lookup finds the route \"%s\"", which,
			describe_route(s->flow.family, e.route, buf, sizeof(buf)));
	} else if (e.rule) {
		verdict(p, V_DIES, "error-rule", "dies: the %s lookup meets the rule \"%s\"", which,
			describe_rule(e.rule, buf, sizeof(buf)));
	} else {
		verdict(p, V_DIES, "no-route", "dies: the %s lookup finds no route to %s", which,
			addr_text(s->flow.family, &s->flow.dst));
		fix(p, "ip%s route add %s via GATEWAY dev DEV", s->flow.family == AF_INET6 ? " -6" : "",
		    addr_text(s->flow.family, &s->flow.dst));
	}
	return true;
}

/* A router drops the default routes that it has learned by router advertisements,
 * unless accept_ra is 2.
 */
const char *fix_forwarding6(void)
{
	static char fix[TEXT];
	const struct fib *fib = fib_of(AF_INET6);
	size_t i, n = snprintf(fix, sizeof(fix), "sysctl -w");

	for (i = 0; i < fib->n_routes && n < sizeof(fix) / 2; i++) {
		const struct route *r = &fib->routes[i];
		const struct link *l = r->n_nh ? link_by_index(r->nh->oif) : NULL;

		if (r->plen == 0 && r->protocol == RTPROT_RA && l && conf(AF_INET6, l->name, "accept_ra") == 1)
			n += snprintf(fix + n, sizeof(fix) - n, " net/ipv6/conf/%s/accept_ra=2", l->name);
	}
	snprintf(fix + n, sizeof(fix) - n, " net.ipv6.conf.all.forwarding=1");
	return fix;
}

static void fix_rp_filter(struct path *p, const char *dev)
{
	/* The greater of the device's and "all" counts */
	if (rp_filter(dev) == 1)
		fix(p, "sysctl -w %s=2", knob(AF_INET, dev, "rp_filter"));
	else
		fix(p, "sysctl -w net.ipv4.conf.all.rp_filter=0 %s=0", knob(AF_INET, dev, "rp_filter"));
}

static void explain_refusal(struct path *p, const struct step *s, const char *which)
{
	const char *dev = dev_name(s->flow.iif), *src = addr_text(AF_INET, &s->flow.src);

	switch (why_refused(&s->flow, s->res.err)) {
	case RP_FILTER:
		verdict(p, V_DIES, "rp-filter",
			"dies: rp_filter of %s is %d, and the route back to %s does not lead out of it",
			dev, rp_filter(dev), src);
		fix_rp_filter(p, dev);
		return;
	case NO_FORWARDING:
		verdict(p, V_DIES, "forwarding-off", "dies: forwarding is off on %s", dev);
		/* To write the switch for all devices is to write each of them; but only if it changes. For
		 * loopback it is not wanted: the box stays a host.
		 */
		if (s->flow.iif == world.lo || conf(AF_INET, "all", "forwarding") == 1)
			fix(p, "sysctl -w %s=1", knob(AF_INET, dev, "forwarding"));
		else
			fix(p, "sysctl -w net.ipv4.ip_forward=1");
		return;
	case MARTIAN:
		verdict(p, V_DIES, "martian-source",
			"dies: the source %s is one of the box's own, a martian on %s while accept_local is 0",
			src, dev);
		/* On a NIC it is what keeps forged ones out */
		if (s->flow.iif == world.lo)
			fix(p, "sysctl -w %s=1", knob(AF_INET, dev, "accept_local"));
		return;
	default:
		verdict(p, V_DIES, "refused", "dies: the %s lookup is refused (%s)", which, strerror(s->res.err));
	}
}

/* --- rules ------------------------------------------------------------------- */

static const char *const hook_names[] = {
	[HOOK_PREROUTING] = "PREROUTING", [HOOK_INPUT] = "INPUT", [HOOK_FORWARD] = "FORWARD", [HOOK_OUTPUT] = "OUTPUT",
	[HOOK_POSTROUTING] = "POSTROUTING", [HOOK_INGRESS] = "ingress", [HOOK_EGRESS] = "egress",
};

/* What is between the hooks: the packet, and what rules know of it. */
struct way {
	struct path *p;
	struct walk w;
	struct flow f;
	const char *fwd;	/* the input device that FORWARD and POSTROUTING see, or NULL */
	bool no_forward;	/* but FORWARD is not crossed */
	int err;		/* why rules cannot be read, or 0 */
};

struct trace trace;
static bool tracing;

__attribute__((format(printf, 1, 2)))
static void trace_line(const char *fmt, ...)
{
	va_list ap;
	char **to;

	if (!tracing)
		return;
	to = realloc(trace.line, (trace.n + 1) * sizeof(*to));
	if (!to)
		return;
	trace.line = to;
	va_start(ap, fmt);
	if (vasprintf(&trace.line[trace.n], fmt, ap) >= 0)
		trace.n++;
	va_end(ap);
}

static void on_rule(const char *line, void *arg)
{
	(void)arg;
	trace_line("  %s", line);
}

void trace_on(void)
{
	tracing = true;
	rules_trace(on_rule, NULL);
}

static void trace_again(void)
{
	while (trace.n)
		free(trace.line[--trace.n]);
}

static void say_nat(struct path *p, const struct walk *w, enum hook hook)
{
	struct nat_done *n;
	bool source = hook == HOOK_POSTROUTING || hook == HOOK_INPUT || hook == HOOK_FORWARD;

	if (!(w->nat.has_addr || w->nat.has_port) || p->n_nats == MAX_NATS)
		return;
	n = &p->nat[p->n_nats++];
	n->hook = hook_names[hook];
	n->source = source;
	n->to = source ? w->src : w->dst;
	n->port = w->nat.has_port ? w->nat.port : 0;
	n->before = p->n_steps;
	snprintf(n->by, sizeof(n->by), "%s", w->nat.by[0] ? w->nat.by : "as told");
}

static bool not_decided(struct path *p, const struct walk *w)
{
	/* The first rule that could not be evaluated may be another, before it */
	bool same = strncmp(w->unsure, w->drop_at, strlen(w->drop_at)) == 0;

	verdict(p, V_UNKNOWN, "rule-unknown", "unknown: whether it is dropped (%s%s%s)",
		same ? w->unsure : w->drop_at, same ? "" : "; ",
		same ? "" : w->unsure[0] ? w->unsure : "with a match that is not evaluated");
	return false;
}

static bool taken(struct path *p, const struct walk *w, enum hook hook)
{
	if (w->taken != NO)
		verdict(p, V_UNKNOWN, "ipvs", "unknown: what IPVS makes of it, which takes it in %s (%s)", hook_names[hook], w->vs->name);
	return w->taken != NO;
}

/* Who may not see rules, may see the services all the same: of a packet that no rule has changed. */
static bool taken_unseen(struct way *y, enum hook hook)
{
	struct walk w = {
		.family = y->f.family, .dst = y->f.dst, .proto = y->f.proto, .dport = y->f.dport, .mark = y->f.mark, .mark_known = 0xffffffff,
	};
	struct ipvs vs;

	if (hook != HOOK_INPUT && hook != HOOK_OUTPUT)
		return false;
	w.taken = ipvs_takes(&w, &vs);
	w.vs = &vs;
	return taken(y->p, &w, hook);
}

/* Dropped between the hole and another device: that may be nobody's will. */
static void fix_forward(struct way *y)
{
	int iif = y->p->q.flow.iif;
	const char *vrf = vrf_of(iif);
	char buf[2 * TEXT], *save, *line;

	if (!forward_cure(&y->w, vrf ? vrf : iif ? dev_name(iif) : NULL, buf, sizeof(buf)))
		return;
	for (line = strtok_r(buf, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		fix(y->p, "%s", line);
}

/* One hook. Returns false where the packet's way ends there, or where it is not known. */
static bool walk(struct way *y, enum hook hook, const char *iif, const char *oif)
{
	struct walk *w = &y->w;
	struct flow *f = &y->f;
	struct path *p = y->p;
	struct addr own;

	if (y->err)
		return !taken_unseen(y, hook);
	w->family = f->family;
	w->hook = hook;
	w->src = f->src;
	w->dst = f->dst;
	w->iif = iif;
	w->oif = oif;
	w->proto = f->proto;
	w->sport = f->sport;
	w->dport = f->dport;
	w->tos = f->tos;
	w->mark = f->mark;
	trace_line("%s%s%s%s%s%s", w->bridged ? "bridge " : "", hook_names[hook], iif ? " -i " : "", iif ? iif : "", oif ? " -o " : "", oif ? oif : "");
	rules_walk(w);
	p->dnat_done = p->q.has_dnat && !w->is_told[MANIP_DST];
	f->src = w->src;
	f->dst = w->dst;
	f->sport = w->sport;
	f->dport = w->dport;
	f->tos = w->tos;
	f->mark = w->mark;
	if (w->dropped == YES) {
		verdict(p, V_DIES, "rule-drop", "dies: dropped by %s, in %s", w->drop_at, hook_names[hook]);
		if (w->nat.drops && box_addr(f->family, &own))
			fix(p, "ip%s addr add %s/%d dev %s", f->family == AF_INET6 ? " -6" : "",
			    addr_text(f->family, &own), f->family == AF_INET6 ? 128 : 32, iif);
		if (hook == HOOK_FORWARD)
			fix_forward(y);
		return false;
	}
	if (w->fork) {
		p->fork = w->nat_unknown ? 1 : w->n_outcomes;
		snprintf(p->fork_by, sizeof(p->fork_by), "%s", w->nat_unknown ? w->unsure : w->outcome[0].by);
		verdict(p, V_UNKNOWN, "nat-unknown", "unknown: what NAT makes of it (%s)", p->fork_by);
		return false;
	}
	if (w->dropped == MAYBE)
		return not_decided(p, w);
	say_nat(p, w, hook);
	return !taken(p, w, hook);
}

/* The device below this one, whose own hooks of ingress and egress see the packet as well, or NULL */
static const struct link *device_below(const struct link *l)
{
	static const char *const kinds[] = { "vlan", "macvlan", "macvtap", "ipvlan" };
	size_t i;

	for (i = 0; l && i < ARRAY_SIZE(kinds); i++)
		if (strcmp(l->kind, kinds[i]) == 0)
			return link_by_index(l->link);
	return NULL;
}

#define MAX_STACK 8

/* Ingress or egress of a device, and of those below it. Returns false as walk() does. */
static bool walk_device(struct way *y, enum hook hook, const struct link *l)
{
	const struct link *stack[MAX_STACK];
	int n = 0, i;

	for (; l && n < MAX_STACK; l = device_below(l))
		stack[n++] = l;
	for (i = 0; i < n; i++) {
		l = stack[hook == HOOK_EGRESS ? i : n - 1 - i];
		if (!walk(y, hook, hook == HOOK_EGRESS ? NULL : l->name, hook == HOOK_EGRESS ? l->name : NULL))
			return false;
	}
	return true;
}

/* By one of its ports, and nobody knows by which: do all make the same of it? */
static bool walk_ports(struct way *y, enum hook hook, const struct link *master)
{
	static struct path end;
	struct way one;
	size_t i;

	if (!rules_hooked(y->f.family, hook))
		return true;
	for (i = 0; i < world.n_links; i++) {
		const struct link *l = &world.links[i];

		if (l->master != master->index)
			continue;
		one = *y;
		one.p = &end;
		end = *y->p;
		if (walk_device(&one, hook, l) && one.f.mark == y->f.mark && one.w.mark_known == y->w.mark_known &&
		    memcmp(&one.f.src, &y->f.src, sizeof(y->f.src)) == 0 && memcmp(&one.f.dst, &y->f.dst, sizeof(y->f.dst)) == 0)
			continue;
		verdict(y->p, V_UNKNOWN, "rule-unknown", "unknown: whether it goes by %s, a port of %s, for which there is a chain in %s",
			l->name, master->name, hook_names[hook]);
		return false;
	}
	return true;
}

/* The hooks of family bridge, of what a bridge gives to the box, or gets from it. */
static bool bridge_hooks(struct way *y, bool in, const struct link *port)
{
	const char *name = port ? port->name : NULL;
	enum ct_state ct = y->w.ct;
	bool on;

	/* What conntrack has of it there depends on the bridge */
	y->w.bridged = true;
	y->w.ct = CT_UNKNOWN;
	on = in ? walk(y, HOOK_PREROUTING, name, NULL) && walk(y, HOOK_INPUT, name, NULL) :
		  walk(y, HOOK_OUTPUT, NULL, NULL) && walk(y, HOOK_POSTROUTING, NULL, NULL);
	y->w.bridged = false;
	y->w.ct = ct;
	return on;
}

/* Where a device gives it to the box; port: the one that it came in by, if that is told */
static bool ingress(struct way *y, const char *dev, int port)
{
	const struct link *l = link_by_name(dev), *below = link_by_index(port);

	if (!l)
		return true;
	if (below ? !walk_device(y, HOOK_INGRESS, below) : has_members(l) && !walk_ports(y, HOOK_INGRESS, l))
		return false;
	if (is_bridge(l) && !bridge_hooks(y, true, below))
		return false;
	return walk_device(y, HOOK_INGRESS, l);
}

static bool egress(struct way *y, const char *dev)
{
	const struct link *l = link_by_name(dev);

	return !l || (walk_device(y, HOOK_EGRESS, l) && (!is_bridge(l) || bridge_hooks(y, false, NULL)) && (!has_members(l) || walk_ports(y, HOOK_EGRESS, l)));
}

/* What is not known of mark and TOS: does the lookup of this packet depend on it? */
static bool mark_known(struct way *y, uint32_t known)
{
	if (known != 0xffffffff && fib_mark_matters(&y->f, known)) {
		verdict(y->p, V_UNKNOWN, "mark-unknown", "unknown: which mark it has (%s), and policy rules ask for marks",
			y->w.mark_why);
		return false;
	}
	if (y->w.tos_unsure && fib_tos_matters(y->f.family)) {
		verdict(y->p, V_UNKNOWN, "mark-unknown", "unknown: which TOS it has, and rules or routes ask for it");
		return false;
	}
	return true;
}

/* Rules could not be read. For a path that does not enter the hole they are of
 * no use, but for marks: those may be what leads into it, or around it.
 */
static bool may_look(struct path *p, int err, const char *why)
{
	if (!err)
		return true;
	if (err == -EPERM)
		verdict(p, V_UNKNOWN, "may-not-look", "unknown: %s, and only root may see what rules do", why);
	else
		verdict(p, V_UNKNOWN, "may-not-look", "unknown: the rules cannot be read (%s)", strerror(-err));
	return false;
}

/* By the same device, to the same next hop */
static bool same_nexthop(const struct result *a, const struct result *b)
{
	return a->oif == b->oif && a->has_gw == b->has_gw && memcmp(&a->gw, &b->gw, sizeof(a->gw)) == 0;
}

/* ip_vs_route_me_harder(): does what a server answers leave as before, with the service's address? */
static bool same_way(struct way *y, const struct step *s)
{
	struct flow f = { .family = y->f.family, .src = y->f.src, .has_src = true, .dst = y->f.dst, .mark = y->f.mark, .tos = y->f.tos };
	struct result res;

	fib_lookup(&f, &res);
	if (ipvs_knob("snat_reroute") == 0 ||
	    (!res.err && !res.unsure && same_nexthop(&res, &s->res)))
		return true;
	verdict(y->p, V_UNKNOWN, "ipvs", "unknown: which way an answer of a server of IPVS is routed, with the source %s",
		addr_text(f.family, &f.src));
	return false;
}

/* ip_forward(), ip6_forward(): of a TTL that a rule has set one is left too few. Behind a hole one more may be gone. */
static bool ttl_left(struct way *y)
{
	const struct walk *w = &y->w;

	if (!w->ttl_unsure && (!w->ttl || w->ttl > 2 || (w->ttl == 2 && y->p->hole == NO)))
		return true;
	if (!w->ttl_unsure && w->ttl == 1)
		verdict(y->p, V_DIES, "ttl", "dies: a rule has set its TTL to 1, so it is not forwarded");
	else
		verdict(y->p, V_UNKNOWN, "ttl", "unknown: whether it is forwarded with the TTL that rules make of it");
	return false;
}

/* The rest of the way of what is routed to a device: FORWARD, if it is not of this box or
 * has come in once more; POSTROUTING; and the device's egress.
 */
static bool goes_out(struct way *y, const struct step *s)
{
	const char *out = dev_name(s->res.oif);

	y->w.nexthop = s->res.has_gw && s->res.gw_family == y->f.family ? s->res.gw : y->f.dst;
	if (y->fwd && !y->no_forward && (!ttl_left(y) || !walk(y, HOOK_FORWARD, y->fwd, out) || (y->w.answers && !same_way(y, s))))
		return false;
	return walk(y, HOOK_POSTROUTING, y->fwd, out) && egress(y, out);
}

/* --- the end of the way ------------------------------------------------------ */

/* nf_nat_oif_changed(): MASQUERADE drops a connection that leaves by another device than before, and conntrack
 * does not say whether it was that or SNAT.
 */
static bool masquerade_may_end(struct way *y, const struct step *s)
{
	const struct ct_conn *c = y->w.conn;

	if (!c || y->w.ct != CT_ENTRY || c->reply || !(c->status & IPS_SRC_NAT) || !addr_is_local(y->f.family, &y->f.src) ||
	    addr_on_link(y->f.family, &y->f.src, s->res.oif))
		return false;
	verdict(y->p, V_UNKNOWN, "nat-unknown", "unknown: it is routed to %s with the source %s; if that was MASQUERADE's at another device, it is dropped",
		dev_name(s->res.oif), addr_text(y->f.family, &y->f.src));
	return true;
}

static void leaves(struct way *y, const struct step *s)
{
	const struct link *l = link_by_index(s->res.oif);
	char gw[80] = "", paths[64] = "";
	struct path *p = y->p;

	if (!goes_out(y, s))
		return;
	p->source = y->f.src;
	if (y->w.src_unsure)
		note(p, "NAT gives it one of many sources, of which %s is the first", addr_text(y->f.family, &p->source));

	if (l && !(l->flags & LOWER_UP)) {
		verdict(p, V_DIES, "no-carrier", "dies: it is routed to %s, which has no carrier", l->name);
		return;
	}
	if (l && strcmp(l->kind, "vrf") == 0) {
		verdict(p, V_UNKNOWN, "vrf", "unknown: it is routed to the VRF %s, where it is looked up again",
			l->name);
		return;
	}
	if (s->res.encap == LWTUNNEL_ENCAP_BPF) {
		verdict(p, V_UNKNOWN, "bpf-route", "unknown: the route to %s has a BPF program, which may have the packet looked up again",
			dev_name(s->res.oif));
		return;
	}
	if (s->res.encap) {
		verdict(p, V_UNKNOWN, "tunnel", "unknown: the route to %s is one of a lightweight tunnel",
			dev_name(s->res.oif));
		return;
	}
	if (s->res.has_gw)
		snprintf(gw, sizeof(gw), " via %s", addr_text(s->res.gw_family, &s->res.gw));
	if (s->res.paths > 1)
		snprintf(paths, sizeof(paths), " (or another of %u nexthops)", s->res.paths);
	if (masquerade_may_end(y, s))
		return;
	verdict(p, V_LEAVES, p->forward_iif ? "nvi" : p->hole == YES ? "unholed" : "no-hole", "leaves by %s%s%s, source %s%s",
		dev_name(s->res.oif), gw, paths, addr_text(s->flow.family, &p->source),
		p->hole == YES ? "" : "; it does not enter the hole");
}

/* In main it is in every lookup's way, and in rp_filter's: to a table of its own. */
static void fix_moves(struct path *p, const struct flow *f, const struct result *res, const char *dev)
{
	const char *six = f->family == AF_INET6 ? " -6" : "";
	char prefix[INET6_ADDRSTRLEN + 8] = "default", to[40];

	if (res->route->plen)
		snprintf(prefix, sizeof(prefix), "%s/%u", addr_text(f->family, &res->route->dst), res->route->plen);
	if (res->route->nhid)
		snprintf(to, sizeof(to), "nhid %u", res->route->nhid);
	else
		snprintf(to, sizeof(to), "dev %s", dev);
	fix(p, "ip%s route del %s %s", six, prefix, to);
	fix(p, "ip%s route add %s %s table 50", six, prefix, to);
	/* Connected networks stay where they are */
	if (!res->route->plen)
		fix(p, "ip%s rule add lookup main suppress_prefixlength 0 pref 49", six);
	fix(p, "ip%s rule add to %s lookup 50 pref 50", six, res->route->plen ? prefix : "all");
}

/* What led into the hole leads there again. A mark tells the second lookup from
 * the first: the one that led there comes off, or a new one is put on. Of nvi, nothing
 * but the second lookup has this device as its iif.
 */
static void fix_loop(struct path *p, const struct flow *f, bool nvi)
{
	const char *lo = dev_name(world.lo), *six = f->family == AF_INET6 ? " -6" : "";
	struct flow unmarked = *f;
	struct result res, other;
	uint32_t mask, pref;

	fib_lookup(f, &res);
	mask = res.rule ? res.rule->mask : 0;
	unmarked.mark &= ~mask;
	fib_lookup(&unmarked, &other);
	if (!nvi && f->mark & mask && !other.err && other.oif != world.lo) {
		fix(p, "%s -t mangle -A PREROUTING -i %s -j MARK --set-xmark 0x0/0x%x", ipt(f->family), lo, mask);
		return;
	}
	pref = pref_before(res.rule);
	if (!res.err && res.route && res.table == RT_TABLE_MAIN) {
		fix_moves(p, f, &res, dev_name(res.oif));
		pref = 48;
	}
	if (nvi) {
		fix(p, "ip%s rule add iif %s lookup main pref %u", six, dev_name(f->iif), pref);
		return;
	}
	fix(p, "ip%s rule add iif %s fwmark 0x51/0xff lookup main pref %u", six, lo, pref);
	fix(p, "%s -t raw -I PREROUTING -i %s -j UNHOLE --set-xmark 0x51/0xff", ipt(f->family), lo);
}

/* A command that changes one rule of iptables, which awk is told how to. Its save and restore quote for each other: no
 * shell sees what the rule says, which may be a stranger's (a comment "$(...)"). "place" is nf_place()'s. Returns NULL
 * if it is no rule of iptables, or too long.
 */
static const char *edit_rule(int family, const char *place, const char *awk, char *buf, size_t len)
{
	bool legacy = strncmp(place, "legacy ", 7) == 0;
	const char *tool = legacy ? "legacy" : "nft";
	char table[16], chain[40];
	unsigned int no;

	if (sscanf(place + (legacy ? 7 : 0), "%15s %39[^,], rule %u", table, chain, &no) != 3 ||
	    (!legacy && !is_iptables(family, table)))
		return NULL;
	if ((size_t)snprintf(buf, len, "%s-%s-save -c -t %s | awk '$2 == \"-A\" && $3 == \"%s\" && ++n == %u { %s } 1' | %s-%s-restore -c",
			     ipt(family), tool, table, chain, no, awk, ipt(family), tool) >= len)
		return NULL;
	return buf;
}

const char *fix_redirect(int family, const char *place, char *buf, size_t len)
{
	char to[INET6_ADDRSTRLEN + 2], awk[TEXT];
	struct addr own;

	if (!box_addr(family, &own))
		return NULL;
	snprintf(to, sizeof(to), family == AF_INET ? "%s" : "[%s]", addr_text(family, &own));
	snprintf(awk, sizeof(awk), "sub(/-j REDIRECT --to-ports /, \"-j DNAT --to-destination %s:\"); sub(/-j REDIRECT$/, \"-j DNAT --to-destination %s\"); "
		 "sub(/--to-destination %s/, \"--to-destination %s\")", to, to, family == AF_INET ? "127[0-9.]*" : "\\[?::1\\]?", to);
	return edit_rule(family, place, awk, buf, len);
}

/* A rule behind the hole has led it to an address of loopback, as REDIRECT does on lo: any other
 * address of the box will do.
 */
static void fix_local_dnat(struct path *p, const struct flow *f)
{
	const struct nat_done *n = p->n_nats ? &p->nat[p->n_nats - 1] : NULL;
	char buf[TEXT];

	if (n && !n->source && strcmp(n->hook, "PREROUTING") == 0 && fix_redirect(f->family, n->by, buf, sizeof(buf)))
		fix(p, "%s", buf);
}

/* nvi_xmit4(), nvi_xmit6(): what ends there before any lookup. */
static bool nvi_takes(struct path *p, const struct flow *f)
{
	const uint8_t *s = f->src.b, *d = f->dst.b;
	bool v4 = f->family == AF_INET;

	if (v4 ? (d[0] & 0xf0) == 0xe0 || !memcmp(d, "\377\377\377\377", 4) :
	    d[0] == 0xff || is_v6_linklocal(&f->dst)) {
		p->counter = "drop_multicast";
	} else if (v4 ? !d[0] || !s[0] || d[0] == 127 || s[0] == 127 || (s[0] & 0xf0) == 0xe0 ||
		   !memcmp(s, "\377\377\377\377", 4) :
		   is_v6_loopback(&f->dst) || is_v6_loopback(&f->src) || s[0] == 0xff ||
		   is_v6_linklocal(&f->src) || is_v6_any(&f->dst) || is_v6_any(&f->src)) {
		p->counter = "drop_martian";
	} else {
		return true;
	}
	if (p->again)
		p->counter = "rx_refused";
	verdict(p, V_DIES, "nvi-address", "dies: %s takes no packet from %s to %s", dev_name(f->iif),
		addr_text(f->family, &f->src), addr_text(f->family, &f->dst));
	fix_local_dnat(p, f);
	return false;
}

/* nvi_unreach4(), nvi_unreach6() */
static void nvi_tells(struct path *p, int family, int err, const char *counter)
{
	const char *what = "net unreachable";

	p->counter = p->again ? "rx_refused" : counter;
	if (err == EINVAL)
		return;
	if (err == EACCES)
		what = family == AF_INET ? "packet filtered" : "administratively prohibited";
	else if (family == AF_INET6)
		what = "no route";
	else if (err == EHOSTUNREACH)
		what = "host unreachable";
	note(p, "the sender is told: %s", what);
}

/* A port of a VRF: hooks run once more with the VRF, which is what all later ones see of what comes in. Returns the
 * VRF's name, or NULL.
 */
const char *vrf_of(int index)
{
	const struct link *l = link_by_index(index), *m = l ? link_by_index(l->master) : NULL;

	return m && strcmp(m->kind, "vrf") == 0 ? m->name : NULL;
}

/* nvi_rx_dev(); behind PREROUTING, nvi_again4() */
static const char *nvi_sees(const struct path *p, const struct link *nvi)
{
	const char *vrf = vrf_of(p->q.flow.iif);

	/* vrf_ip_rcv() writes skb_iif */
	if (vrf && !nvi->link && !p->again)
		return vrf;
	return dev_name(nvi->link ? nvi->link : p->q.flow.iif && !p->again ? p->q.flow.iif : nvi->index);
}

/* What is for the box is received on the nvi device, by PREROUTING. */
static void nvi_local(struct way *y)
{
	const char *dev = dev_name(y->f.iif);
	struct path *p = y->p;

	p->counter = p->again ? "rx_prerouting" : "rx_local";
	if (!p->again && (!may_look(p, y->err, "it meets PREROUTING there") || !ingress(y, dev, 0) ||
			  !walk(y, HOOK_PREROUTING, dev, NULL)))
		return;
	if (walk(y, HOOK_INPUT, dev, NULL))
		verdict(p, V_LOCAL, "second-lookup-local",
			"stays: the second lookup delivers it on this box, and INPUT sees it come in by %s", dev);
}

/* The rule that unholed it, with one option more */
static void fix_allow_local(struct path *p, const struct flow *f)
{
	char buf[TEXT];

	if (edit_rule(f->family, p->by, "sub(/ -j UNHOLE/, \" -j UNHOLE --allow-local\")", buf, sizeof(buf)))
		fix(p, "%s", buf);
}

/* The second lookup has found something else than a way out. */
static void second_stays(struct way *y, const struct step *s, bool external, bool nvi)
{
	struct path *p = y->p;

	if (nvi && s->res.type != RTN_LOCAL && s->res.type != RTN_ANYCAST) {
		p->counter = p->again ? "rx_refused" : "drop_multicast";
		verdict(p, V_DIES, "not-unicast", "dies: the second lookup finds a broadcast route, and nvi drops it");
		return;
	}
	if (nvi) {
		nvi_local(y);
		return;
	}
	/* ip_route_input_slow(): IPSKB_UNHOLED_FWD; ip6_rcv_unholed(); on a kernel
	 * without the patches the target's unhole_input()
	 */
	if (!(p->unhole_flags & XT_UNHOLE_ALLOW_LOCAL)) {
		verdict(p, V_DIES, "local-refused",
			"dies: the second lookup is local, and unholed traffic is not delivered as loopback's own");
		/* Outside traffic would enter INPUT as loopback's own, which every firewall trusts */
		if (!external)
			fix_allow_local(p, &y->f);
		return;
	}
	if (!walk(y, HOOK_INPUT, dev_name(y->f.iif), NULL))
		return;
	verdict(p, V_LOCAL, "second-lookup-local", "stays: the second lookup delivers it on this box, as iif %s",
		dev_name(y->f.iif));
	if (external)
		note(p, "INPUT sees outside traffic come in by lo: --allow-local says so");
}

static void second_refused(struct path *p, const struct step *s, bool nvi)
{
	int family = s->flow.family;

	/* A route of IPv6 that became a reject still has its device, and no error */
	if (nvi && s->res.route && is_reject_in_disguise(family, s->res.route))
		nvi_tells(p, family, ELOOP, "drop_loop");
	else if (nvi)
		nvi_tells(p, family, s->res.err, "drop_no_route");
	if (!explain_no_route(p, s, "second"))
		explain_refusal(p, s, "second");
}

/* Back into a hole; returns false if it is none. */
static bool second_hole(struct way *y, const struct link *out, enum tri core, bool nvi)
{
	struct path *p = y->p;

	if (nvi && is_hole(out)) {
		verdict(p, V_DIES, "second-lookup-hole", "dies: the second lookup leads to %s, and %s drops it",
			out->name, dev_name(y->f.iif));
		nvi_tells(p, y->f.family, ELOOP, "drop_loop");
		fix_loop(p, &y->f, true);
	} else if (is_nvi(out)) {
		verdict(p, V_UNKNOWN, "second-lookup-hole", "unknown: the second lookup leads to %s, another hole",
			out->name);
	} else if (out && out->flags & IFF_LOOPBACK) {
		verdict(p, V_DIES, "second-lookup-lo", "dies: the second lookup leads back into %s; %s", out->name,
			core == YES ? "the kernel stops it there" : "it circles until its TTL is 0");
		fix_loop(p, &y->f, false);
	} else {
		return false;
	}
	return true;
}

/* ip6_rcv_core(): what ends before any hook. */
static bool received6(struct way *y, const char *dev)
{
	const struct addr *src = &y->f.src;
	const struct link *l = link_by_name(dev);

	if (conf(AF_INET6, dev, "disable_ipv6") > 0) {
		verdict(y->p, V_DIES, "refused", "dies: IPv6 is off on %s (disable_ipv6)", dev);
		fix(y->p, "sysctl -w %s=0", knob(AF_INET6, dev, "disable_ipv6"));
		return false;
	}
	if (src->b[0] != 0xff && (!is_v6_loopback(src) || (l && l->flags & IFF_LOOPBACK)))
		return true;
	verdict(y->p, V_DIES, "martian-source", "dies: nothing comes in by %s from %s", dev, addr_text(AF_INET6, src));
	return false;
}

/* ip6_forward(): a source of one link stays there. */
static bool can_be_forwarded6(struct way *y)
{
	if (is_v6_any(&y->f.src)) {
		verdict(y->p, V_DIES, "martian-source", "dies: what has no source is not forwarded");
		return false;
	}
	if (!is_v6_linklocal(&y->f.src))
		return true;
	verdict(y->p, V_DIES, "link-local-source", "dies: a link-local source is not forwarded");
	return false;
}

/* ip6_forward(); what the patches exempt is unholed packets. nvi has a copy of it. Returns
 * false if it ends there.
 */
static bool second_forwards6(struct way *y, bool external, bool exempt, bool nvi)
{
	const char *dev = dev_name(y->f.iif);
	struct path *p = y->p;

	if (!nvi && !exempt && !v6_forwards(dev)) {
		verdict(p, V_DIES, "forwarding-off", "dies: IPv6 forwarding is off");
		/* The least for the box's own: for that device alone, where there is such a thing */
		if (!external && conf(AF_INET6, dev, "force_forwarding") == 0)
			fix(p, "sysctl -w %s=1", knob(AF_INET6, dev, "force_forwarding"));
		else
			fix(p, "%s", fix_forwarding6());
		return false;
	}
	return can_be_forwarded6(y);
}

/* ip_route_input_slow(): a martian, unless route_localnet is set; with the patches it always is one. */
static bool to_loopback(struct path *p, const struct step *s, enum tri core)
{
	const char *lo = dev_name(s->flow.iif);

	if (!is_v4_loopback(&s->flow.dst) ||
	    (core != YES && (conf(AF_INET, lo, "route_localnet") == 1 || conf(AF_INET, "all", "route_localnet") == 1)))
		return false;
	verdict(p, V_DIES, "loopback-address", "dies: behind the hole it is for %s, and nothing that is unholed is delivered there",
		addr_text(AF_INET, &s->flow.dst));
	fix_local_dnat(p, &s->flow);
	return true;
}

/* What came out of loopback unholed, or out of an nvi device. */
static void second_lookup(struct way *y, bool external, enum tri core, bool nvi)
{
	/* A patched kernel, and the nvi driver, do not validate the source */
	bool exempt = core == YES || nvi;
	bool v4 = y->f.family == AF_INET;
	struct path *p = y->p;
	struct step *s = lookup(p, &y->f, nvi ? "second, by the nvi device" : "second", !v4 || !exempt);
	const struct link *out;

	if (!sure(p, s) || (v4 && !nvi && to_loopback(p, s, core)))
		return;
	if (s->res.err)
		return second_refused(p, s, nvi);
	if (s->res.type != RTN_UNICAST)
		return second_stays(y, s, external, nvi);
	out = link_by_index(s->res.oif);
	if (second_hole(y, out, core, nvi) || (!v4 && !second_forwards6(y, external, exempt, nvi)))
		return;
	if (nvi)
		p->forward_iif = nvi_sees(p, link_by_index(y->f.iif));
	y->fwd = nvi ? p->forward_iif : dev_name(y->f.iif);
	leaves(y, s);
}

/* --- remarks on what leaves -------------------------------------------------- */

/* What PREROUTING makes of a reply: its mark, and its destination before NAT. Returns false if that is not
 * known, or if it ends there.
 */
static bool reply_comes_in(struct way *y, const struct step *last, struct flow *r)
{
	const struct flow *first = &y->p->step[0].flow;
	const struct walk *out = &y->w;
	struct ct_conn conn = {
		.reply = true, .state = NF_CT_STATE_BIT(IP_CT_ESTABLISHED), .mark = out->ctmark, .mark_known = out->ctmark_known,
		.status = IPS_SEEN_REPLY | (out->natted[MANIP_SRC] ? IPS_SRC_NAT : 0) | (out->natted[MANIP_DST] ? IPS_DST_NAT : 0),
		.src = out->ct_src, .dst = out->ct_dst, .to = { [MANIP_SRC] = out->ct_dst, [MANIP_DST] = first->src },
		.port = { [MANIP_SRC] = out->ct_dport, [MANIP_DST] = first->sport }, .has_ports = true, .zone = out->zone,
		.type = first->family == AF_INET ? 0 : 129, /* an echo reply */
	};
	struct walk w = {
		.family = first->family, .hook = HOOK_PREROUTING, .iif = dev_name(last->res.oif), .src = last->flow.dst,
		.dst = y->p->source, .proto = first->proto, .sport = y->f.dport, .dport = y->f.sport,
		.mark_known = 0xffffffff, .ctmark_known = 0xffffffff, .conn = out->ct == CT_NEW ? &conn : NULL,
	};

	if (!y->err) {
		rules_trace(NULL, NULL);
		rules_walk(&w);
		if (tracing)
			rules_trace(on_rule, NULL);
	}
	if (w.dropped == YES)
		note(y->p, "a reply that comes in by %s is dropped by %s", w.iif, w.drop_at);
	*r = (struct flow){
		.family = first->family, .src = w.src, .dst = first->src, .has_src = true, .mark = w.mark,
		.iif = last->res.oif, .proto = first->proto, .sport = first->dport, .dport = first->sport,
	};
	return w.dropped == NO && !w.fork && (w.mark_known == 0xffffffff || !fib_mark_matters(r, w.mark_known));
}

/* By the hole, or by another uplink: rp_filter looks up the way back. */
static void reply_filtered(struct path *p, const struct flow *r, const struct step *last)
{
	struct flow back = { .family = AF_INET, .src = r->dst, .dst = r->src, .has_src = true };
	const struct link *l;
	struct result res;

	back.iif = p->q.flow.iif ? p->q.flow.iif : world.lo;
	fib_lookup(&back, &res);
	l = res.err ? NULL : link_by_index(res.oif);
	note(p, "a reply is dropped: rp_filter of %s, since the route to %s leads %s%s, and not out of it%s",
	     dev_name(last->res.oif), addr_text(r->family, &r->src), l ? "to " : "nowhere", l ? l->name : "",
	     is_hole(l) ? " (a mark that leads into the hole, and not a route in main, cures it)" : "");
	if (l)
		fix(p, "sysctl -w %s=2", knob(AF_INET, dev_name(r->iif), "rp_filter"));
	else
		fix_rp_filter(p, dev_name(r->iif));
}

static void remark_reply(struct way *y, const struct step *last)
{
	struct path *p = y->p;
	struct flow r;
	struct result res, e;
	enum refusal why;

	/* Of a connection that is there, the packet may be the reply itself */
	if (p->q.conntrack || !reply_comes_in(y, last, &r) || !ask_route(&r, &res))
		return;
	if (!res.err && (res.oif != last->res.oif || addr_is_local(r.family, &r.dst))) {
		const struct link *l = link_by_index(res.oif);

		if (res.type == RTN_UNICAST && l && l->flags & IFF_LOOPBACK)
			note(p, "a reply that comes in by %s is routed into lo too", dev_name(r.iif));
		return;
	}
	if (!res.err)
		return;
	fib_lookup(&r, &e);
	why = why_refused(&r, res.err);
	if (!e.err && why == RP_FILTER)
		reply_filtered(p, &r, last);
	else if (e.err)
		note(p, "a reply has no route to %s", addr_text(r.family, &r.dst));
	else
		note(p, "a reply that comes in by %s is refused (%s)%s", dev_name(r.iif), strerror(res.err),
		     why == NO_FORWARDING ? ": forwarding is off" : "");
}

static void remark_source(struct path *p, const struct step *last)
{
	int family = last->flow.family;

	if (is_private(family, &p->source) && !is_private(family, &last->flow.dst))
		note(p, "the source %s is a private address: no answer comes back to it from elsewhere, unless somebody translates it",
		     addr_text(family, &p->source));
	if (addr_is_local(family, &p->source))
		return;
	if (addr_on_link(family, &p->source, last->res.oif))
		note(p, "%s is in the next hop's subnet, and no address of the box: the next hop asks for it, and somebody must answer (an address, or proxy %s)",
		     addr_text(family, &p->source), family == AF_INET ? "ARP" : "NDP");
	else if (p->n_nats && p->hole == YES)
		note(p, "the next hop must have a route to %s by this box: that cannot be seen from here",
		     addr_text(family, &p->source));
}

static void remark_mtu(struct path *p, const struct step *first, const struct step *last)
{
	unsigned int before = result_mtu(&first->res), after = result_mtu(&last->res);

	if (first == last || !after || before <= after)
		return;
	note(p, "the egress MTU is %u, the first route's %u: what is larger is fragmented, or its sender is told", after,
	     before);
}

static void remarks(struct way *y)
{
	struct path *p = y->p;
	const struct step *last = &p->step[p->n_steps - 1];

	if (p->verdict != V_LEAVES)
		return;
	remark_source(p, last);
	if (p->hole == YES)
		remark_mtu(p, &p->step[p->n_steps - 2], last);
	remark_reply(y, last);
}

/* --- the whole way ----------------------------------------------------------- */

/* DNAT that is told, where rules cannot be read; false if what they make of the mark would
 * have to be known for the lookup.
 */
static bool behind_dnat(struct way *y)
{
	const struct query *q = &y->p->q;

	if (!y->err)
		return true;
	if (q->has_dnat) {
		y->f.dst = q->dnat;
		if (q->dnat_port)
			y->f.dport = q->dnat_port;
	}
	return !fib_mark_matters(&y->f, 0) || may_look(y->p, y->err, "policy rules ask for marks");
}

/* What an output lookup ends with, if it does. Returns false if that was all. */
static bool output_found(struct path *p, const struct step *s, const char *which)
{
	const struct flow *f = &s->flow;

	if (!sure(p, s))
		return false;
	if (!s->res.err)
		return true;
	if (explain_no_route(p, s, "first"))
		return false;
	if (f->has_src && !addr_is_local(f->family, &f->src))
		verdict(p, V_DIES, "not-own-source",
			"dies: %s is no address of the box (for a packet from outside, say iif)",
			addr_text(f->family, &f->src));
	else
		verdict(p, V_DIES, "refused", "dies: the %s is refused (%s)", which, strerror(s->res.err));
	return false;
}

/* ip_route_connect(): what connect() finds a source by is looked up again with it. */
static bool connects(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_DCCP;
}

/* A socket of UDP may be connected, and then looks up as TCP does; or it is not, and has looked up once. */
static bool same_connected(struct path *p, const struct step *s)
{
	struct flow f = s->flow;
	struct result again;

	f.has_src = true;
	if (s->flow.family != AF_INET || s->flow.proto != IPPROTO_UDP || s->res.err || s->res.unsure)
		return true;
	if (!ask_route(&f, &again) || (!again.err && same_nexthop(&again, &s->res)))
		return true;
	verdict(p, V_UNKNOWN, "lookup-unknown", "unknown: whether its socket is connected: then it is looked up again with its source (say from %s), else it goes to %s",
		addr_text(AF_INET, &s->flow.src), dev_name(s->res.oif));
	return false;
}

/* Out of a socket: its first lookup, or both of them. Returns NULL if that was all. */
static struct step *from_socket(struct way *y)
{
	struct path *p = y->p;
	struct flow *f = &y->f;
	struct step *s = lookup(p, f, "first", true);

	if (!f->has_src && s->res.has_prefsrc) {
		bool again = f->family == AF_INET && connects(f->proto) && !s->res.err && !s->res.unsure;
		int before = s->res.oif;

		f->src = s->res.prefsrc;
		f->has_src = true;
		s->flow.src = f->src;
		if (again) {
			s = lookup(p, f, "first, again with its source", true);
			/* The same: then it is not worth a word */
			if (!s->res.err && s->res.oif == before) {
				s[-1].res = s->res;
				s[-1].flow = s->flow;
				s--;
				p->n_steps--;
			}
		} else if (!same_connected(p, s)) {
			return NULL;
		}
	}
	return output_found(p, s, "first lookup") ? s : NULL;
}

/* ip6_route_me_harder() of 6.1 does not ask for the traffic class, that of 6.12 does. */
static bool class_matters(const struct flow *f)
{
	struct flow without = *f;
	struct result one, other;

	without.tos = 0;
	fib_lookup(f, &one);
	fib_lookup(&without, &other);
	return one.err != other.err || (!one.err && one.oif != other.oif);
}

/* vrf_l3_out(): what leaves by a port of a VRF passes OUTPUT and POSTROUTING with the VRF before, untracked. */
static bool out_by_vrf(struct way *y, const char *vrf)
{
	struct walk *w = &y->w;

	w->ct = CT_UNTRACKED;
	if (!walk(y, HOOK_OUTPUT, NULL, vrf))
		return false;
	if (w->relook) {
		verdict(y->p, V_UNKNOWN, "vrf", "unknown: which way it is routed behind OUTPUT -o %s", vrf);
		return false;
	}
	if (!walk(y, HOOK_POSTROUTING, NULL, vrf))
		return false;
	w->ct = CT_NONE;
	return true;
}

/* Returns false if that was all. */
static bool first_output(struct way *y)
{
	struct path *p = y->p;
	struct flow *f = &y->f;
	struct step *s = from_socket(y);
	const char *vrf = s ? vrf_of(s->res.oif) : NULL;
	struct flow marked;
	uint32_t mark;

	if (!s || (vrf && !out_by_vrf(y, vrf)) || !walk(y, HOOK_OUTPUT, NULL, dev_name(s->res.oif)) || !behind_dnat(y))
		return false;
	/* ip_route_me_harder(), ip6_route_me_harder() */
	if (!(y->err ? p->q.has_dnat : y->w.relook))
		return true;
	mark = f->mark;
	if (!y->err)
		f->mark = y->w.relook_mark;
	if (!mark_known(y, y->err ? 0xffffffff : y->w.relook_known))
		return false;
	marked = *f;
	if (!y->err)
		marked.tos = y->w.relook_tos;
	/* ip_route_me_harder() does not say whose it is, so it is root's */
	if (f->family == AF_INET) {
		marked.has_uid = true;
		marked.uid = 0;
	}
	if (f->family == AF_INET6 && class_matters(&marked)) {
		verdict(p, V_UNKNOWN, "lookup-unknown",
			"unknown: kernels differ in whether a lookup behind OUTPUT asks for IPv6's traffic class");
		return false;
	}
	s = lookup(p, &marked, "first, again behind OUTPUT", true);
	/* A mark that no lookup has asked for stays on it, and a second lookup may */
	f->mark = mark;
	return output_found(p, s, "lookup behind OUTPUT");
}

/* In by a NIC. */
static bool first_input(struct way *y)
{
	const char *dev = dev_name(y->f.iif), *vrf = vrf_of(y->f.iif);
	struct path *p = y->p;
	struct step *s;

	if (!ingress(y, dev, p->q.port_of) || (y->f.family == AF_INET6 && !received6(y, dev)) ||
	    !walk(y, HOOK_PREROUTING, dev, NULL) ||
	    (vrf && !walk(y, HOOK_PREROUTING, vrf, NULL)) || !behind_dnat(y) ||
	    !mark_known(y, y->w.mark_known))
		return false;
	y->fwd = vrf ? vrf : dev;
	/* ip_rcv_finish() looks up by the port all the same, ip6_route_input() by the VRF */
	if (vrf && y->f.family == AF_INET6)
		y->f.iif = link_by_name(vrf)->index;
	s = lookup(p, &y->f, "first", true);
	if (!sure(p, s))
		return false;
	if (s->res.err) {
		if (!explain_no_route(p, s, "first"))
			explain_refusal(p, s, "first");
		return false;
	}
	if (y->f.family == AF_INET6 && s->res.type == RTN_UNICAST) {
		if (!v6_forwards(dev)) {
			verdict(p, V_DIES, "forwarding-off", "dies: IPv6 forwarding is off, on its way in by %s", dev);
			fix(p, "%s", fix_forwarding6());
			return false;
		}
		return can_be_forwarded6(y);
	}
	return true;
}

/* For this box: by INPUT; its own go out of loopback, and in again. */
static void first_stays(struct way *y, bool external)
{
	const char *lo = dev_name(world.lo);

	if (external ? !walk(y, HOOK_INPUT, y->fwd, NULL) :
	    !walk(y, HOOK_POSTROUTING, NULL, lo) || !egress(y, lo) || !ingress(y, lo, 0) ||
	    !walk(y, HOOK_PREROUTING, lo, NULL) || !walk(y, HOOK_INPUT, lo, NULL))
		return;
	verdict(y->p, V_LOCAL, "local", "stays: it is for this box");
}

static void held(struct way *y, bool external, bool ends)
{
	const char *lo = dev_name(world.lo);
	const struct flow *f = &y->f;
	struct path *p = y->p;

	/* Behind a rule that accepts it, it would not be met */
	fix(p, "%s -t raw -%c PREROUTING -i %s -j UNHOLE", ipt(f->family), ends ? 'I' : 'A', lo);
	if (f->family == AF_INET && !external) {
		/* __mkroute_output(): RTCF_LOCAL */
		if (!walk(y, HOOK_INPUT, lo, NULL))
			return;
		verdict(p, V_LOCAL, "no-rule",
			"stays in the hole: no UNHOLE rule in PREROUTING meets it, so it is delivered on this box");
		return;
	}
	if (f->family == AF_INET6 && p->core == NO && !v6_forwards(lo)) {
		verdict(p, V_DIES, "no-rule",
			"dies in the hole: no UNHOLE rule in PREROUTING meets it, and IPv6 forwarding is off");
		return;
	}
	verdict(p, V_DIES, "no-rule", "dies in the hole: no UNHOLE rule in PREROUTING meets it%s",
		p->core == YES ? "; the kernel stops it there" :
		p->core == NO ? "; it circles until its TTL is 0" : "");
}

/* Out of loopback: by a rule of UNHOLE, or not at all. */
static bool unholed(struct way *y, const struct link *lo, bool external)
{
	struct path *p = y->p;
	struct walk *w = &y->w;

	w->unholable = unholable(y->f.family, &y->f.src, &y->f.dst);
	if (!ingress(y, lo->name, 0) || (y->f.family == AF_INET6 && !received6(y, lo->name)) ||
	    !walk(y, HOOK_PREROUTING, lo->name, NULL))
		return false;
	p->unholed = w->unholed;
	if (w->unholed == MAYBE) {
		verdict(p, V_UNKNOWN, "rule-unknown", "unknown: whether it is unholed (%s)", w->unsure);
		return false;
	}
	if (w->unholed == NO) {
		if (w->unholable)
			held(y, external, w->raw_ends);
		else
			verdict(p, V_DIES, "loopback-address",
				"stays in the hole: UNHOLE leaves loopback and link-local addresses alone");
		return false;
	}
	snprintf(p->by, sizeof(p->by), "%s", w->where);
	p->unhole_flags = w->unhole_flags;
	p->unhole_mark = w->unhole_mark;
	p->unhole_mask = w->unhole_mask;
	return mark_known(y, w->mark_known);
}

/* Through an nvi device, up to its lookup. */
static bool through_nvi(struct way *y, const struct link *nvi)
{
	struct path *p = y->p;

	if (!mark_known(y, y->w.mark_known) || !nvi_takes(p, &y->f))
		return false;
	if (nvi_flag(nvi->name, "notrack"))
		y->w.ct = CT_UNTRACKED;
	if (!nvi_flag(nvi->name, "prerouting"))
		return true;
	p->again = true;
	/* An entry of its own: nvi_again4() */
	if (nvi_flag(nvi->name, "reset-ct"))
		walk_reset_ct(&y->w, CT_NONE);
	return may_look(p, y->err, "it meets PREROUTING again") && ingress(y, nvi->name, 0) && walk(y, HOOK_PREROUTING, nvi->name, NULL) &&
	       mark_known(y, y->w.mark_known) && nvi_takes(p, &y->f);
}

/* What is looked up again has to have one. */
static bool source_known(struct way *y)
{
	if (y->w.src_unsure)
		verdict(y->p, V_UNKNOWN, "nat-unknown", "unknown: which source NAT gives it, of many (%s)", y->w.nat.by);
	return !y->w.src_unsure;
}

/* Loopback, or an nvi device: the hole. */
static void enters(struct way *y, const struct step *s, const struct link *out, bool external)
{
	bool nvi = is_nvi(out);
	struct path *p = y->p, other;
	const struct query *q = &p->q;
	struct way again;

	p->hole = YES;
	if (!nvi)
		p->core = core_patched(&p->core_why);
	else if (!(out->flags & LOWER_UP)) {
		verdict(p, V_DIES, "no-carrier", "dies: it is routed to %s, which has no carrier", out->name);
		return;
	}
	if (y->err && q->has_snat) {
		y->f.src = q->snat;
		y->f.has_src = true;
	} else if (q->has_snat) {
		y->w.is_told[MANIP_SRC] = true;
		y->w.told[MANIP_SRC] = (struct nat_to){ .has_addr = true, .addr = q->snat };
	}
	y->f.iif = out->index;
	y->f.oif = 0;
	/* Of nvi, all that rules may do before is to mark */
	if (!may_look(p, nvi && !fib_mark_matters(&y->f, 0) ? 0 : y->err, "it enters the hole"))
		return;
	if (!goes_out(y, s) || !source_known(y) || (nvi ? !through_nvi(y, out) : !unholed(y, out, external)))
		return;
	/* loopback_xmit(): skb_orphan() */
	y->w.own = y->w.own && nvi;
	if (p->core != MAYBE || nvi) {
		second_lookup(y, external, p->core, nvi);
		return;
	}
	/* Not known which kernel: what both would do is known all the same */
	other = *p;
	again = *y;
	again.p = &other;
	second_lookup(&again, external, NO, nvi);
	second_lookup(y, external, YES, nvi);
	if (other.verdict != p->verdict || strcmp(other.reason, p->reason) != 0)
		verdict(p, V_UNKNOWN, "core-unknown",
			"unknown: a patched kernel and a stock one differ here, and which it is cannot be seen (--core yes|no)");
}

/* What the packet is told to be one of, or NULL */
static const struct ct_conn *the_connection;
/* DNAT that is told is done where rules would do it: where the second pass has an entry of
 * its own, that may be there.
 */
static bool where_rules;

/* One of the servers: as picked, or the only one. False: it is to be picked. */
static bool pick_server(struct way *y, const struct ipvs *vs)
{
	struct path *p = y->p;
	struct nat_done *n;
	unsigned int i = 0;

	if (vs->n > 1 && y->w.picked == y->w.n_picks) {
		p->fork = vs->n;
		snprintf(p->fork_by, sizeof(p->fork_by), "IPVS, %s", vs->name);
		return false;
	}
	if (vs->n > 1)
		i = y->w.pick[y->w.picked++] % vs->n;
	y->f.dst = vs->server[i];
	y->f.dport = vs->port[i];
	if (p->n_nats < MAX_NATS) {
		n = &p->nat[p->n_nats++];
		*n = (struct nat_done){ .hook = hook_names[y->w.hook], .to = y->f.dst, .port = y->f.dport, .before = p->n_steps };
		snprintf(n->by, sizeof(n->by), "IPVS, %s", vs->name);
	}
	return true;
}

/* ip_vs_nat_xmit(): from INPUT or OUTPUT it is led to a server, as a packet of the box. */
static void served(struct way *y)
{
	const struct ipvs *vs = y->w.vs;
	struct flow to = { .family = y->f.family };
	const struct link *out;
	struct step *s;

	if (!vs->follows || (to.family == AF_INET && is_v4_loopback(&y->f.src)) || !pick_server(y, vs))
		return;
	y->w.served = y->no_forward = true;
	to.dst = y->f.dst;
	s = lookup(y->p, &to, "again, by IPVS", true);
	out = link_by_index(s->res.oif);
	/* The box itself, a hole, none: all this is its own affair */
	if (s->res.err || s->res.unsure || s->res.type != RTN_UNICAST || !out || is_hole(out))
		return;
	s->flow.src = y->f.src;
	s->flow.has_src = true;
	if (!walk(y, HOOK_OUTPUT, NULL, out->name))
		return;
	if (!y->w.relook)
		leaves(y, s);
	else
		verdict(y->p, V_UNKNOWN, "ipvs", "unknown: which way it is routed behind IPVS (%s)", vs->name);
}

/* From where it comes in, or is made, to its end. */
static void goes(struct way *y, bool external)
{
	struct path *p = y->p;
	const struct link *out;
	const struct step *s;

	if (external ? !first_input(y) : !first_output(y))
		return;
	s = &p->step[p->n_steps - 1];
	if (s->res.type == RTN_LOCAL || s->res.type == RTN_ANYCAST)
		return first_stays(y, external);
	if (s->res.type != RTN_UNICAST) {
		verdict(p, V_UNKNOWN, "not-unicast", "unknown: multicast and broadcast are not followed");
		return;
	}
	out = link_by_index(s->res.oif);
	if (is_hole(out))
		return enters(y, s, out, external);
	if (p->q.has_snat)
		note(p, "SNAT where the hole begins does not see it");
	if (y->err)
		note(p, "whether a rule drops it is not known: rules are for root's eyes only");
	leaves(y, s);
}

/* With what is picked, where NAT has several outcomes. */
static void decide_once(const struct query *q, struct path *p, const unsigned int *pick, unsigned int n_picks)
{
	bool external = q->flow.iif != 0;
	static struct way y;

	trace_again();
	memset(p, 0, sizeof(*p));
	p->q = *q;
	p->hole = NO;
	p->unholed = NO;
	p->core = MAYBE;
	y = (struct way){ .p = p, .f = q->flow };
	y.w.mark_known = y.w.ctmark_known = 0xffffffff;
	y.w.own = !external;
	y.w.has_uid = q->flow.has_uid;
	y.w.uid = q->flow.uid;
	y.w.pick = pick;
	y.w.conn = the_connection;
	y.w.n_picks = n_picks;
	if (q->has_dnat) {
		y.w.is_told[MANIP_DST] = true;
		y.w.told_where_rules = where_rules;
		y.w.told[MANIP_DST] = (struct nat_to){
			.has_addr = true, .addr = q->dnat, .has_port = q->dnat_port, .port = q->dnat_port,
		};
	}
	y.err = rules_read(y.f.family);
	goes(&y, external);
	if (y.w.taken == YES && p->hole == NO)
		served(&y);
	remarks(&y);
}

#define MAX_PICKS 4
#define MAX_RUNS 64

static bool same_end(const struct path *a, const struct path *b)
{
	if (a->verdict != b->verdict || strcmp(a->reason, b->reason) != 0)
		return false;
	return a->verdict != V_LEAVES || a->step[a->n_steps - 1].res.oif == b->step[b->n_steps - 1].res.oif;
}

/* All outcomes of NAT, one after the other: p is the first one's, as long as all end alike. */
static void decide_all(const struct query *q, struct path *p, unsigned int *pick, unsigned int n, unsigned int *runs)
{
	unsigned int outcomes, i;
	struct path *other;
	char by[WHERE + 80];

	decide_once(q, p, pick, n);
	outcomes = p->fork;
	if (outcomes < 2 || n == MAX_PICKS || *runs + outcomes > MAX_RUNS)
		return;
	snprintf(by, sizeof(by), "%s", p->fork_by);
	other = malloc(sizeof(*other));
	if (!other)
		return;
	*runs += outcomes;
	for (i = 0; i < outcomes; i++) {
		pick[n] = i;
		decide_all(q, i ? other : p, pick, n + 1, runs);
		if (i && !same_end(p, other)) {
			char one[TEXT];

			snprintf(one, sizeof(one), "%s", p->text);
			verdict(p, V_UNKNOWN, "nat-unknown",
				"unknown: NAT has %u outcomes (%s), and they do not end alike (\"%.120s\", \"%.120s\")",
				outcomes, by, one, other->text);
			break;
		}
	}
	if (i == outcomes && p->verdict != V_UNKNOWN)
		note(p, "NAT has %u outcomes (%s), of which this is one: all end alike", outcomes, by);
	free(other);
}

/* Nothing is known of the connection that the packet is said to be of. */
static void no_connection(struct path *p, int err)
{
	if (err == -EPERM)
		verdict(p, V_UNKNOWN, "may-not-look", "unknown: only root may see connections");
	else if (err == -ENOENT)
		verdict(p, V_UNKNOWN, "no-connection", "unknown: conntrack has no connection with these addresses and ports (conntrack -L; without the word conntrack it is asked about a new one)");
	else
		verdict(p, V_UNKNOWN, "no-connection", "unknown: conntrack cannot be asked for connections (%s; modprobe nf_conntrack_netlink)",
			strerror(-err));
	p->hole = p->unholed = MAYBE;
}

const char *conn_state(const struct ct_conn *c)
{
	return c->state == NF_CT_STATE_BIT(IP_CT_NEW) ? "NEW" :
	       c->state == NF_CT_STATE_BIT(IP_CT_RELATED) ? "RELATED" : "ESTABLISHED";
}

static void say_connection(struct path *p, const struct ct_conn *c)
{
	p->has_conn = true;
	p->conn = *c;
	note(p, "it is one of a connection that conntrack has: %s, %s direction, mark 0x%x%s%s",
	     conn_state(c),
	     c->reply ? "reply" : "original", c->mark, c->status & IPS_SRC_NAT ? ", SNAT" : "", c->status & IPS_DST_NAT ? ", DNAT" : "");
}

/* Who says where it goes says what may make something else of it. */
static void say_others(struct path *p)
{
	int dev[MAX_STEPS + 1], i;
	char text[300];
	size_t n = 0;

	if (p->verdict != V_LEAVES && p->verdict != V_LOCAL)
		return;
	if (p->q.flow.iif)
		dev[n++] = p->q.flow.iif;
	for (i = 0; i < p->n_steps; i++)
		dev[n++] = p->step[i].res.oif;
	not_looked_at(dev, n, text, sizeof(text));
	if (text[0])
		note(p, "not looked at: %s", text);
}

void decide(const struct query *q, struct path *p)
{
	unsigned int pick[MAX_PICKS] = { 0 }, runs = 0;
	static struct ct_conn conn;
	int err = q->conntrack ? conn_find(&q->flow, &q->key, &conn) : 0;

	if (err) {
		memset(p, 0, sizeof(*p));
		p->q = *q;
		no_connection(p, err);
		return;
	}
	the_connection = q->conntrack ? &conn : NULL;
	where_rules = q->has_dnat;
	decide_all(q, p, pick, 0, &runs);
	/* No rule does: then at once */
	if (where_rules && !p->dnat_done) {
		where_rules = false;
		runs = 0;
		decide_all(q, p, pick, 0, &runs);
	}
	if (q->conntrack)
		say_connection(p, &conn);
	if (q->port_of)
		note(p, "%s is a port of %s, which is what IP sees it come in by", dev_name(q->port_of),
		     dev_name(q->flow.iif));
	say_others(p);
}
