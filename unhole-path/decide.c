// SPDX-License-Identifier: GPL-2.0-only
/* The packet's way, step by step, and the verdict. */
#include "path.h"
#include <errno.h>
#include <linux/lwtunnel.h>
#include <linux/netfilter/xt_UNHOLE.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
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

	if (p->n_fixes == MAX_NOTES)
		return;
	va_start(ap, fmt);
	vsnprintf(p->fix[p->n_fixes++], TEXT, fmt, ap);
	va_end(ap);
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

static const char *dev_name(int index)
{
	const struct link *l = link_by_index(index);

	return l ? l->name : "?";
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
		/* Protocols that RTM_GETROUTE does not take; the routes are known,
		 * what else the kernel would object to is not
		 */
		if (trust_refusal)
			s->res.unsure = "the kernel cannot be asked about this protocol, and policy rules are";
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
		s->res.unsure = untold;
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

/* Why the kernel refuses an input lookup that has a route: ip_route_input_slow(),
 * fib_validate_source(). Newer kernels say EINVAL whatever it is; then the source is
 * looked up here, as they do it.
 */
enum refusal { OTHER_REFUSAL, MARTIAN, RP_FILTER, NO_FORWARDING };

int rp_filter(const char *dev)
{
	int own = conf(AF_INET, dev, "rp_filter"), all = conf(AF_INET, "all", "rp_filter");

	return own > all ? own : all;
}

static bool accepts_local(const char *dev)
{
	return conf(AF_INET, dev, "accept_local") == 1 || conf(AF_INET, "all", "accept_local") == 1;
}

static bool has_address(int index)
{
	size_t i;

	for (i = 0; i < world.n_addrs; i++)
		if (world.addrs[i].family == AF_INET && world.addrs[i].index == index)
			return true;
	return false;
}

static enum refusal why_refused(const struct flow *f, int err)
{
	const char *dev = dev_name(f->iif);
	const uint8_t *s = f->src.b;
	int rp = rp_filter(dev);
	struct flow back = {
		.family = AF_INET, .src = f->dst, .dst = f->src, .has_src = true, .proto = f->proto,
		.sport = f->dport, .dport = f->sport,
	};
	struct result res;
	unsigned int i;

	if (f->family != AF_INET)
		return OTHER_REFUSAL;
	if (err == EXDEV)
		return RP_FILTER;
	if (err == EHOSTUNREACH)
		return NO_FORWARDING;
	/* No unicast address: nothing makes the kernel take it */
	if (err != EINVAL || !s[0] || s[0] == 127 || s[0] >= 224)
		return OTHER_REFUSAL;
	if (conf(AF_INET, dev, "src_valid_mark") == 1 || conf(AF_INET, "all", "src_valid_mark") == 1)
		back.mark = f->mark;
	fib_lookup(&back, &res);
	if (!accepts_local(dev) && (addr_is_local(AF_INET, &f->src) || (!res.err && res.type == RTN_LOCAL)))
		return MARTIAN;
	if (rp <= 0 || (!res.err && res.type != RTN_UNICAST))
		return OTHER_REFUSAL;
	for (i = 0; !res.err && res.route && i < res.route->n_nh; i++)
		if (res.route->nh[i].oif == f->iif)
			return OTHER_REFUSAL;
	return rp == 1 || res.err || !has_address(f->iif) ? RP_FILTER : OTHER_REFUSAL;
}

static void fix_rp_filter(struct path *p, const char *dev)
{
	if (conf(AF_INET, "all", "rp_filter") == 1)
		fix(p, "sysctl -w net.ipv4.conf.all.rp_filter=2");
	else if (conf(AF_INET, dev, "rp_filter") == 1)
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
		/* To write the switch for all devices is to write each of them; but only if it changes */
		if (conf(AF_INET, "all", "forwarding") == 1)
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

static bool walk(struct path *p, struct walk *w, enum hook hook, const struct flow *f,
		 const char *iif, const char *oif)
{
	w->family = f->family;
	w->hook = hook;
	w->src = f->src;
	w->dst = f->dst;
	if (hook != HOOK_PREROUTING)
		w->dst_nat = f->dst;
	w->iif = iif;
	w->oif = oif;
	w->proto = f->proto;
	w->sport = f->sport;
	w->dport = f->dport;
	w->mark = f->mark;
	rules_walk(w);
	if (w->dropped == YES) {
		verdict(p, V_DIES, "rule-drop", "dies: dropped by %s", w->drop_at);
		return false;
	}
	if (w->dropped == MAYBE) {
		/* The first rule that could not be evaluated may be another, before it */
		bool same = strncmp(w->unsure, w->drop_at, strlen(w->drop_at)) == 0;

		verdict(p, V_UNKNOWN, "rule-unknown", "unknown: whether it is dropped (%s%s%s)",
			same ? w->unsure : w->drop_at, same ? "" : "; ",
			same ? "" : w->unsure[0] ? w->unsure : "with a match that is not evaluated");
		return false;
	}
	return true;
}

/* What is not known of the mark: does the lookup of this packet depend on it? */
static bool mark_known(struct path *p, bool unsure, const struct walk *w, const struct flow *f)
{
	if (!unsure || !fib_mark_matters(f))
		return true;
	verdict(p, V_UNKNOWN, "mark-unknown", "unknown: which mark it has (%s), and policy rules ask for marks",
		w->mark_why);
	return false;
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

/* --- the end of the way ------------------------------------------------------ */

static void leaves(struct path *p, const struct step *s)
{
	const struct link *l = link_by_index(s->res.oif);
	char gw[80] = "", paths[64] = "";

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
	verdict(p, V_LEAVES, p->forward_iif ? "nvi" : p->hole == YES ? "unholed" : "no-hole", "leaves by %s%s%s, source %s%s",
		dev_name(s->res.oif), gw, paths, addr_text(s->flow.family, &s->flow.src),
		p->hole == YES ? "" : "; it does not enter the hole");
}

/* What led into the hole leads there again. A mark tells the second lookup from
 * the first: the one that led there comes off, or a new one is put on.
 */
static void fix_loop(struct path *p, const struct flow *f, bool nvi)
{
	const char *lo = dev_name(world.lo), *six = f->family == AF_INET6 ? " -6" : "";
	struct flow unmarked = *f;
	struct result res;

	/* Nothing but the second lookup has this device as its iif */
	if (nvi) {
		fix(p, "ip%s rule add iif %s lookup main pref 10", six, dev_name(f->iif));
		return;
	}
	unmarked.mark = 0;
	fib_lookup(&unmarked, &res);
	if (f->mark && !res.err && res.oif != world.lo) {
		fix(p, "%s -t mangle -A PREROUTING -i %s -j MARK --set-mark 0", ipt(f->family), lo);
		return;
	}
	/* In main it is in every lookup's way, and in rp_filter's: to a table of its own */
	fib_lookup(f, &res);
	if (!res.err && res.route && res.table == RT_TABLE_MAIN) {
		char prefix[INET6_ADDRSTRLEN + 8] = "default", to[40];

		if (res.route->plen)
			snprintf(prefix, sizeof(prefix), "%s/%u", addr_text(f->family, &res.route->dst), res.route->plen);
		snprintf(to, sizeof(to), res.route->nhid ? "nhid %u" : "dev %.0u%s", res.route->nhid, lo);
		fix(p, "ip%s route del %s %s", six, prefix, to);
		fix(p, "ip%s route add %s %s table 50", six, prefix, to);
		fix(p, "ip%s rule add to %s lookup 50 pref 50", six, res.route->plen ? prefix : "all");
	}
	fix(p, "ip%s rule add iif %s fwmark 0x51 lookup main pref 10", six, lo);
	fix(p, "%s -t raw -I PREROUTING -i %s -j UNHOLE --set-xmark 0x51", ipt(f->family), lo);
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
	verdict(p, V_DIES, "nvi-address", "dies: %s takes no packet from %s to %s", dev_name(f->iif),
		addr_text(f->family, &f->src), addr_text(f->family, &f->dst));
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

/* nvi_rx_dev(); behind PREROUTING, nvi_again4() */
static const char *nvi_sees(const struct path *p, const struct link *nvi)
{
	return dev_name(nvi->link ? nvi->link : p->q.flow.iif && !p->again ? p->q.flow.iif : nvi->index);
}

/* What is for the box is received on the nvi device, by PREROUTING. */
static void nvi_local(struct path *p, const struct flow *f)
{
	struct walk w = { 0 };

	p->counter = p->again ? "rx_prerouting" : "rx_local";
	w.dst_nat = f->dst;
	if (p->again || (may_look(p, rules_read(f->family), "it meets PREROUTING there") &&
			  walk(p, &w, HOOK_PREROUTING, f, dev_name(f->iif), NULL)))
		verdict(p, V_LOCAL, "second-lookup-local",
			"stays: the second lookup delivers it on this box, and INPUT sees it come in by %s",
			dev_name(f->iif));
}

/* The rule that unholed it, with all that it says, and one option more. Which other
 * matches it has, its reader knows.
 */
static void fix_allow_local(struct path *p, const struct flow *f)
{
	char table[16] = "raw", chain[40] = "PREROUTING", xmark[40] = "";
	bool legacy = strncmp(p->by, "legacy ", 7) == 0;
	unsigned int no;

	if (sscanf(p->by + (legacy ? 7 : 0), "%15s %39[^,], rule %u", table, chain, &no) != 3)
		return;
	if (p->unhole_mark || p->unhole_mask)
		snprintf(xmark, sizeof(xmark), " --set-xmark 0x%x/0x%x", p->unhole_mark, p->unhole_mask);
	fix(p, "%s%s -t %s -R %s %u -i %s -j UNHOLE%s%s%s --allow-local", ipt(f->family), legacy ? "-legacy" : "",
	    table, chain, no, dev_name(world.lo), xmark,
	    p->unhole_flags & XT_UNHOLE_NOTRACK ? " --notrack" : "",
	    p->unhole_flags & XT_UNHOLE_RESET_CT ? " --reset-ct" : "");
}

/* What came out of loopback unholed, or out of an nvi device. */
static void second_lookup(struct path *p, struct flow *f, bool external, enum tri core, bool nvi)
{
	/* A patched kernel, and the nvi driver, do not validate the source */
	bool exempt = core == YES || nvi;
	bool v4 = f->family == AF_INET;
	struct step *s = lookup(p, f, nvi ? "second, by the nvi device" : "second", !v4 || !exempt);
	const struct link *out;

	if (!sure(p, s))
		return;
	if (s->res.err) {
		/* A route of IPv6 that became a reject still has its device, and no error */
		if (nvi && s->res.route && is_reject_in_disguise(f->family, s->res.route))
			nvi_tells(p, f->family, ELOOP, "drop_loop");
		else if (nvi)
			nvi_tells(p, f->family, s->res.err, "drop_no_route");
		if (!explain_no_route(p, s, "second"))
			explain_refusal(p, s, "second");
		return;
	}
	if (nvi && s->res.type != RTN_UNICAST) {
		if (s->res.type == RTN_LOCAL || s->res.type == RTN_ANYCAST) {
			nvi_local(p, f);
			return;
		}
		p->counter = p->again ? "rx_refused" : "drop_multicast";
		verdict(p, V_DIES, "not-unicast", "dies: the second lookup finds a broadcast route, and nvi drops it");
		return;
	}
	if (s->res.type != RTN_UNICAST) {
		/* ip_route_input_slow(): IPSKB_UNHOLED_FWD; ip6_rcv_unholed(); on a kernel
		 * without the patches the target's unhole_input()
		 */
		if (!(p->unhole_flags & XT_UNHOLE_ALLOW_LOCAL)) {
			verdict(p, V_DIES, "local-refused",
				"dies: the second lookup is local, and unholed traffic is not delivered as loopback's own");
			fix_allow_local(p, f);
			return;
		}
		verdict(p, V_LOCAL, "second-lookup-local", "stays: the second lookup delivers it on this box, as iif %s",
			dev_name(f->iif));
		if (external)
			note(p, "INPUT sees outside traffic come in by lo: --allow-local says so");
		return;
	}
	out = link_by_index(s->res.oif);
	if (nvi && out && (is_nvi(out) || out->flags & IFF_LOOPBACK)) {
		verdict(p, V_DIES, "second-lookup-hole", "dies: the second lookup leads to %s, and %s drops it",
			out->name, dev_name(f->iif));
		nvi_tells(p, f->family, ELOOP, "drop_loop");
		fix_loop(p, f, true);
		return;
	}
	if (is_nvi(out)) {
		verdict(p, V_UNKNOWN, "second-lookup-hole", "unknown: the second lookup leads to %s, another hole",
			out->name);
		return;
	}
	if (out && out->flags & IFF_LOOPBACK) {
		verdict(p, V_DIES, "second-lookup-lo", "dies: the second lookup leads back into %s; %s", out->name,
			core == YES ? "the kernel stops it there" : "it circles until its TTL is 0");
		fix_loop(p, f, false);
		return;
	}
	if (!v4) {
		/* ip6_forward(); what the patches exempt is unholed packets. nvi has a copy of it */
		if (!nvi && !exempt && !v6_forwards(dev_name(f->iif))) {
			verdict(p, V_DIES, "forwarding-off", "dies: IPv6 forwarding is off");
			/* The least for the box's own: for that device alone, where there is such a thing */
			if (!external && conf(AF_INET6, dev_name(f->iif), "force_forwarding") == 0)
				fix(p, "sysctl -w %s=1", knob(AF_INET6, dev_name(f->iif), "force_forwarding"));
			else
				fix(p, "sysctl -w net.ipv6.conf.all.forwarding=1");
			return;
		}
		if (is_v6_linklocal(&f->src)) {
			verdict(p, V_DIES, "link-local-source", "dies: a link-local source is not forwarded");
			return;
		}
	}
	if (nvi)
		p->forward_iif = nvi_sees(p, link_by_index(f->iif));
	leaves(p, s);
}

/* --- remarks on what leaves -------------------------------------------------- */

static void remark_reply(struct path *p, const struct step *last)
{
	const struct flow *first = &p->step[0].flow;
	struct flow r = {
		.family = first->family, .src = last->flow.dst, .dst = first->src, .has_src = true,
		.iif = last->res.oif, .proto = first->proto, .sport = first->dport, .dport = first->sport,
	};
	struct result res, e;
	enum refusal why;

	if (!ask_route(&r, &res))
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
	if (!e.err && why == RP_FILTER) {
		note(p, "a reply is dropped: rp_filter of %s, since the route to %s does not lead out of it (a mark that leads into the hole, and not a route in main, cures it)",
		     dev_name(r.iif), addr_text(r.family, &r.src));
		fix(p, "sysctl -w %s=2", knob(AF_INET, dev_name(r.iif), "rp_filter"));
	} else if (e.err) {
		note(p, "a reply has no route to %s", addr_text(r.family, &r.dst));
	} else {
		note(p, "a reply that comes in by %s is refused (%s)%s", dev_name(r.iif), strerror(res.err),
		     why == NO_FORWARDING ? ": forwarding is off" : "");
	}
}

static void remark_source(struct path *p, const struct step *last)
{
	const struct flow *f = &last->flow;

	if (addr_is_local(f->family, &f->src))
		return;
	if (addr_on_link(f->family, &f->src, last->res.oif))
		note(p, "%s is in the next hop's subnet, and no address of the box: the next hop asks for it, and somebody must answer (an address, or proxy %s)",
		     addr_text(f->family, &f->src), f->family == AF_INET ? "ARP" : "NDP");
	else if (p->q.has_snat && p->hole == YES)
		note(p, "the next hop must have a route to %s by this box: that cannot be seen from here",
		     addr_text(f->family, &f->src));
}

static unsigned int step_mtu(const struct step *s)
{
	const struct link *l = link_by_index(s->res.oif);

	return s->res.mtu ? s->res.mtu : l ? l->mtu : 0;
}

static void remark_mtu(struct path *p, const struct step *first, const struct step *last)
{
	unsigned int before = step_mtu(first), after = step_mtu(last);

	if (first == last || !after || before <= after)
		return;
	note(p, "the egress MTU is %u, the first route's %u: what is larger is fragmented, or its sender is told", after,
	     before);
}

static void remarks(struct path *p)
{
	const struct step *last = &p->step[p->n_steps - 1];

	if (p->verdict != V_LEAVES)
		return;
	remark_source(p, last);
	if (p->hole == YES)
		remark_mtu(p, &p->step[p->n_steps - 2], last);
	remark_reply(p, last);
}

/* --- the whole way ----------------------------------------------------------- */

/* DNAT is done, and the lookup comes: false if what rules make of the mark would have
 * to be known for it, and err says that they could not be read.
 */
static bool behind_dnat(struct path *p, struct flow *f, int err)
{
	if (p->q.has_dnat) {
		f->dst = p->q.dnat;
		if (p->q.dnat_port)
			f->dport = p->q.dnat_port;
	}
	return !err || !fib_mark_matters(f) || may_look(p, err, "policy rules ask for marks");
}

/* Out of a socket. Returns false if that was all. */
static bool first_output(struct path *p, struct flow *f, struct walk *w, int err)
{
	struct step *s;

	s = lookup(p, f, "first", true);
	if (!f->has_src && s->res.has_prefsrc) {
		f->src = s->res.prefsrc;
		f->has_src = true;
		s->flow.src = f->src;
	}
	if (!sure(p, s))
		return false;
	if (s->res.err) {
		if (!explain_no_route(p, s, "first")) {
			if (f->has_src && !addr_is_local(f->family, &f->src))
				verdict(p, V_DIES, "not-own-source",
					"dies: %s is no address of the box (for a packet from outside, say iif)",
					addr_text(f->family, &f->src));
			else
				verdict(p, V_DIES, "refused", "dies: the first lookup is refused (%s)",
					strerror(s->res.err));
		}
		return false;
	}
	w->dnat = p->q.has_dnat;
	if (!err && !walk(p, w, HOOK_OUTPUT, f, NULL, dev_name(s->res.oif)))
		return false;
	if (!behind_dnat(p, f, err))
		return false;
	/* ip_route_me_harder(), ip6_route_me_harder() */
	if (err ? p->q.has_dnat : w->relook) {
		if (!err)
			f->mark = w->relook_mark;
		if (!mark_known(p, w->relook_unsure, w, f))
			return false;
		s = lookup(p, f, "first, again behind OUTPUT", true);
		if (!sure(p, s))
			return false;
		if (s->res.err) {
			if (!explain_no_route(p, s, "first"))
				verdict(p, V_DIES, "refused", "dies: the lookup behind OUTPUT is refused (%s)",
					strerror(s->res.err));
			return false;
		}
	}
	/* A mark that no lookup has asked for stays on it, and a second lookup may */
	if (!err)
		f->mark = w->mark;
	return true;
}

/* In by a NIC. */
static bool first_input(struct path *p, struct flow *f, struct walk *w, int err)
{
	const char *dev = dev_name(f->iif);
	struct step *s;

	w->dst_nat = p->q.has_dnat ? p->q.dnat : f->dst;
	if (!err) {
		if (!walk(p, w, HOOK_PREROUTING, f, dev, NULL))
			return false;
		f->mark = w->mark;
	}
	if (!behind_dnat(p, f, err))
		return false;
	if (!mark_known(p, w->mark_unsure, w, f))
		return false;
	s = lookup(p, f, "first", true);
	if (!sure(p, s))
		return false;
	if (s->res.err) {
		if (!explain_no_route(p, s, "first"))
			explain_refusal(p, s, "first");
		return false;
	}
	if (f->family == AF_INET6 && s->res.type == RTN_UNICAST) {
		if (!v6_forwards(dev)) {
			verdict(p, V_DIES, "forwarding-off", "dies: IPv6 forwarding is off, on its way in by %s", dev);
			fix(p, "sysctl -w net.ipv6.conf.all.forwarding=1");
			return false;
		}
		if (is_v6_linklocal(&f->src)) {
			verdict(p, V_DIES, "link-local-source", "dies: a link-local source is not forwarded");
			return false;
		}
	}
	return true;
}

static void held(struct path *p, const struct flow *f, bool external, bool ends)
{
	const char *lo = dev_name(world.lo);

	/* Behind a rule that accepts it, it would not be met */
	fix(p, "%s -t raw -%c PREROUTING -i %s -j UNHOLE", ipt(f->family), ends ? 'I' : 'A', lo);
	if (f->family == AF_INET && !external) {
		/* __mkroute_output(): RTCF_LOCAL */
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

void decide(const struct query *q, struct path *p)
{
	struct flow f = q->flow, second;
	bool external = f.iif != 0;
	const char *in = external ? dev_name(f.iif) : NULL;
	const struct link *out;
	struct walk w = { 0 };
	struct path other;
	struct step *s;
	bool nvi;
	int err;

	memset(p, 0, sizeof(*p));
	p->q = *q;
	p->hole = NO;
	p->unholed = NO;
	p->core = MAYBE;

	err = rules_read(f.family);
	if (external ? !first_input(p, &f, &w, err) : !first_output(p, &f, &w, err))
		return;
	s = &p->step[p->n_steps - 1];
	if (s->res.type == RTN_LOCAL || s->res.type == RTN_ANYCAST) {
		verdict(p, V_LOCAL, "local", "stays: it is for this box");
		return;
	}
	if (s->res.type != RTN_UNICAST) {
		verdict(p, V_UNKNOWN, "not-unicast", "unknown: multicast and broadcast are not followed");
		return;
	}
	out = link_by_index(s->res.oif);
	nvi = is_nvi(out);
	if (!nvi && !(out && out->flags & IFF_LOOPBACK)) {
		if (q->has_snat)
			note(p, "SNAT where the hole begins does not see it");
		if (err)
			note(p, "whether a rule drops it is not known: rules are for root's eyes only");
		leaves(p, s);
		remarks(p);
		return;
	}

	/* Loopback, or an nvi device: the hole */
	p->hole = YES;
	if (!nvi)
		p->core = core_patched(&p->core_why);
	else if (!(out->flags & LOWER_UP)) {
		leaves(p, s);
		return;
	}
	second = f;
	second.iif = out->index;
	second.oif = 0;
	if (q->has_snat) {
		second.src = q->snat;
		second.has_src = true;
	}
	/* Of nvi, all that rules may do before is to mark */
	if (!may_look(p, nvi && !fib_mark_matters(&second) ? 0 : err, "it enters the hole"))
		return;
	if (!err) {
		/* Marks that FORWARD and POSTROUTING of the first pass leave on it */
		if (external) {
			if (!walk(p, &w, HOOK_FORWARD, &f, in, out->name))
				return;
			f.mark = w.mark;
		}
		if (!walk(p, &w, HOOK_POSTROUTING, &f, NULL, out->name))
			return;
		f.mark = w.mark;
	}
	second.mark = f.mark;
	f = second;
	if (!nvi) {
		w.unholable = unholable(f.family, &f.src, &f.dst);
		w.dst_nat = f.dst;
		if (!walk(p, &w, HOOK_PREROUTING, &f, out->name, NULL))
			return;
		p->unholed = w.unholed;
		if (w.unholed == MAYBE) {
			verdict(p, V_UNKNOWN, "rule-unknown", "unknown: whether it is unholed (%s)", w.unsure);
			return;
		}
		if (w.unholed == NO) {
			if (w.unholable)
				held(p, &f, external, w.raw_ends);
			else
				verdict(p, V_DIES, "loopback-address",
					"stays in the hole: UNHOLE leaves loopback and link-local addresses alone");
			return;
		}
		snprintf(p->by, sizeof(p->by), "%s", w.where);
		p->unhole_flags = w.unhole_flags;
		p->unhole_mark = w.unhole_mark;
		p->unhole_mask = w.unhole_mask;
		f.mark = w.mark;
	}
	if (!mark_known(p, w.mark_unsure, &w, &f))
		return;
	if (nvi && !nvi_takes(p, &f))
		return;
	if (nvi && nvi_prerouting(out->name)) {
		p->again = true;
		w.dst_nat = f.dst;
		if (!may_look(p, err, "it meets PREROUTING again") ||
		    !walk(p, &w, HOOK_PREROUTING, &f, out->name, NULL))
			return;
		f.mark = w.mark;
		if (!mark_known(p, w.mark_unsure, &w, &f))
			return;
	}
	if (p->core != MAYBE || nvi) {
		second_lookup(p, &f, external, p->core, nvi);
	} else {
		/* Not known which kernel: what both would do is known all the same */
		other = *p;
		second_lookup(&other, &f, external, NO, nvi);
		second_lookup(p, &f, external, YES, nvi);
		if (other.verdict != p->verdict || strcmp(other.reason, p->reason) != 0)
			verdict(p, V_UNKNOWN, "core-unknown",
				"unknown: a patched kernel and a stock one differ here, and which it is cannot be seen (--core yes|no)");
	}
	remarks(p);
}
