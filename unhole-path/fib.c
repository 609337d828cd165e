// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lookup, done again in user space from what the kernel dumps: for the
 * question that the kernel would refuse (RTM_GETROUTE validates the source, and
 * knows no exemption of unholed packets), and to say which rule and route it was.
 */
#include "fib.h"
#include "box.h"
#include "names.h"
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <string.h>

#ifndef RTNH_F_LINKDOWN
#define RTNH_F_LINKDOWN 16
#endif

bool is_reject_in_disguise(int family, const struct route *rt)
{
	static const struct addr loopback = { .b = { [15] = 1 } };
	const struct link *l;

	/* fib6_is_reject(); a nexthop object is not asked */
	if (family != AF_INET6 || rt->type != RTN_UNICAST || rt->nhid || rt->n_nh != 1)
		return false;
	l = link_by_index(rt->nh[0].oif);
	return l && l->flags & IFF_LOOPBACK && !(rt->plen == 128 && in_prefix(&rt->dst, &loopback, 128));
}

/* What an error route makes of the lookup: fib_props[], fib6_prop. */
static int type_error(int family, const struct route *rt)
{
	switch (rt->type) {
	case RTN_UNREACHABLE:
		return EHOSTUNREACH;
	case RTN_PROHIBIT:
		return EACCES;
	case RTN_BLACKHOLE:
		return EINVAL;
	case RTN_THROW:
		return EAGAIN;
	}
	return is_reject_in_disguise(family, rt) ? ENETUNREACH : 0;
}

static bool usable(int family, const struct nexthop *nh)
{
	const struct link *l = link_by_index(nh->oif);

	if (nh->flags & RTNH_F_DEAD)
		return false;
	/* fib_lookup_good_nhc(), rt6_score_route() */
	if (nh->flags & RTNH_F_LINKDOWN && l &&
	    (conf(family, l->name, "ignore_routes_with_linkdown") > 0 ||
	     (family == AF_INET && conf(family, "all", "ignore_routes_with_linkdown") > 0)))
		return false;
	return true;
}

/* A route's nexthop that can be taken, and how many can */
struct choice {
	const struct route *route;
	const struct nexthop *nh;
	unsigned int alive;
};

/* Returns false where the route is passed over. */
static bool can_be_taken(const struct flow *f, const struct route *rt, struct choice *c, struct result *res)
{
	unsigned int n;

	*c = (struct choice){ .route = rt };
	for (n = 0; n < rt->n_nh; n++) {
		if (!usable(f->family, &rt->nh[n]) || (f->oif && rt->nh[n].oif != f->oif))
			continue;
		if (!c->nh)
			c->nh = &rt->nh[n];
		c->alive++;
	}
	if (!rt->n_nh && rt->nhid) {
		/* net.ipv4.nexthop_compat_mode is 0 */
		res->unsure = "a nexthop object that the route does not show";
		c->alive = 1;
	}
	return c->alive || type_error(f->family, rt);
}

/* Of routes with one prefix, dumped in the kernel's order: a TOS of its own counts most, then
 * the metric; the first of equals wins. rival: equals, of which IPv6 chooses otherwise.
 */
static bool is_better(const struct route *rt, const struct route *best, int family, bool *rival)
{
	if (!best || rt->plen > best->plen)
		return true;
	if (best->tos != rt->tos)
		return !best->tos;
	if (rt->metric == best->metric)
		*rival = family == AF_INET6;
	return rt->metric < best->metric;
}

static void found(const struct choice *c, uint32_t table, struct result *res)
{
	const struct route *rt = c->route;

	res->type = rt->type;
	res->mtu = rt->mtu;
	res->encap = rt->encap;
	res->has_prefsrc = rt->has_prefsrc;
	res->prefsrc = rt->prefsrc;
	res->paths = c->alive;
	if (c->nh) {
		res->oif = c->nh->oif;
		res->has_gw = c->nh->has_gw;
		res->gw_family = c->nh->gw_family;
		res->gw = c->nh->gw;
	}
	/* A local route names the address's device; the packet goes by loopback */
	if (rt->type == RTN_LOCAL || rt->type == RTN_ANYCAST)
		res->oif = world.lo;
	res->table = table;
}

/* fib_table_lookup(), fib6_table_lookup(): the longest prefix, then the lowest
 * metric; a route without a usable nexthop is passed over.
 */
static int table_lookup(const struct flow *f, uint32_t table, struct result *res)
{
	const struct fib *fib = fib_of(f->family);
	struct choice best = { NULL, NULL, 0 }, c;
	bool rival = false;
	size_t i;

	for (i = 0; i < fib->n_routes; i++) {
		const struct route *rt = &fib->routes[i];

		if (rt->table != table || (best.route && rt->plen < best.route->plen) ||
		    !in_prefix(&f->dst, &rt->dst, rt->plen))
			continue;
		/* fib_dscp_masked_match(): a route without one is for all */
		if (rt->tos && rt->tos != (f->tos & 0xfc))
			continue;
		if (rt->src_plen) {
			res->unsure = "a route that depends on the source";
			continue;
		}
		if (!can_be_taken(f, rt, &c, res) || !is_better(rt, best.route, f->family, &rival))
			continue;
		best = c;
		rival = false;
	}
	if (!best.route)
		return EAGAIN;
	res->route = best.route;
	res->table = table;
	if (type_error(f->family, best.route))
		return type_error(f->family, best.route);
	/* Neighbours' states and router preferences choose between equals */
	if (rival)
		res->unsure = "routes of the same metric";
	found(&best, table, res);
	return 0;
}

/* __inet_dev_addr_type() */
uint8_t addr_type_at(int family, const struct addr *a, int index)
{
	struct flow f = { .family = family, .dst = *a };
	struct result res = { 0 };
	uint8_t first = a->b[0];

	if (family == AF_INET && (first == 0 || memcmp(a, "\xff\xff\xff\xff", 4) == 0))
		return RTN_BROADCAST;
	if (family == AF_INET ? (first & 0xf0) == 0xe0 : first == 0xff)
		return RTN_MULTICAST;
	if (table_lookup(&f, RT_TABLE_LOCAL, &res) == 0 && res.type != RTN_UNICAST &&
	    (!index || (res.route->n_nh && res.route->nh[0].oif == index)))
		return res.type;
	return RTN_UNICAST;
}

uint8_t addr_type(int family, const struct addr *a)
{
	return addr_type_at(family, a, 0);
}

/* proto_ports_offset(), but for IPsec's */
bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP || proto == IPPROTO_DCCP ||
	       proto == IPPROTO_UDPLITE;
}

/* Is a selector met, or is the packet's field not told? fib_rule_port_match() */
static enum tri port_match(const uint16_t *range, uint16_t mask, uint16_t port, uint8_t proto)
{
	if (!range[0] && !range[1])
		return YES;
	if (proto && !has_ports(proto) && proto != IPPROTO_ESP && proto != IPPROTO_AH)
		return NO;
	if (!port)
		return MAYBE;
	if (mask)
		return ((range[0] ^ port) & mask) == 0;
	return port >= range[0] && port <= range[1];
}

static int master_of(int index)
{
	const struct link *l = link_by_index(index), *m;

	if (l && strcmp(l->kind, "vrf") == 0)
		return l->index;
	m = l ? link_by_index(l->master) : NULL;
	return m && strcmp(m->kind, "vrf") == 0 ? m->index : 0;
}

/* A rule's device. One that is a VRF also means its ports, and the VRF's own lookups,
 * since about 6.15 (l3mdev_fib_rule_iif_match()), and does not before.
 */
static enum tri device_match(const char *name, const struct link *dev, const struct flow *f)
{
	const struct link *vrf;
	int master;

	if (dev && strcmp(name, dev->name) == 0)
		return YES;
	master = master_of(f->iif) ? master_of(f->iif) : master_of(f->oif);
	vrf = link_by_index(master);
	return master && vrf && strcmp(name, vrf->name) == 0 ? MAYBE : NO;
}

/* IPv4 has looked at all six bits of the DSCP only since about 6.13, before at three of
 * them. IPv6 always has.
 */
static enum tri tos_match(const struct rule *r, const struct flow *f)
{
	uint8_t now = f->tos & 0xfc, before = f->family == AF_INET ? f->tos & 0x1c : now;

	if (r->tos && (r->tos == now) != (r->tos == before))
		return MAYBE;
	if (r->tos && r->tos != now)
		return NO;
	if (r->dscp_mask && ((r->dscp ^ f->tos >> 2) & r->dscp_mask))
		return NO;
	return YES;
}

/* fib_rule_match(), fib4_rule_match(), fib6_rule_match() */
static enum tri rule_match(const struct rule *r, const struct flow *f)
{
	const struct link *in = link_by_index(f->iif ? f->iif : world.lo);
	const struct link *out = link_by_index(f->oif);
	enum tri m = YES;

	if (r->iif[0])
		m = both(m, device_match(r->iif, in, f));
	if (r->oif[0])
		m = both(m, device_match(r->oif, out, f));
	if ((r->mark ^ f->mark) & r->mask)
		m = NO;
	if (r->src_len && (!f->has_src || !in_prefix(&f->src, &r->src, r->src_len)))
		m = NO;
	if (r->dst_len && !in_prefix(&f->dst, &r->dst, r->dst_len))
		m = NO;
	/* A packet without a socket is root's; else the asker's, who is not known */
	if (r->has_uid && (f->iif || f->has_uid))
		m = both(m, (f->iif ? 0 : f->uid) >= r->uid_start && (f->iif ? 0 : f->uid) <= r->uid_end);
	else if (r->has_uid)
		m = both(m, MAYBE);
	if (r->l3mdev && !master_of(f->iif) && !master_of(f->oif))
		m = NO;
	else if (r->l3mdev)
		m = both(m, MAYBE);	/* the kernel is asked, not this */
	m = both(m, tos_match(r, f));
	/* Of its own packets the kernel chooses one, behind the first lookup */
	if (r->label_mask && f->has_label)
		m = both(m, ((r->label ^ f->label) & r->label_mask) == 0);
	else if (r->label_mask)
		m = both(m, f->iif ? MAYBE : (r->label & r->label_mask) == 0);
	if (r->ipproto)
		m = both(m, f->proto ? r->ipproto == f->proto : MAYBE);
	m = both(m, port_match(r->sport, r->sport_mask, f->sport, f->proto));
	m = both(m, port_match(r->dport, r->dport_mask, f->dport, f->proto));
	if (r->strange)
		m = both(m, MAYBE);
	return r->flags & FIB_RULE_INVERT ? invert(m, true) : m;
}

static bool suppressed(const struct rule *r, const struct result *res)
{
	const struct link *l = link_by_index(res->oif);

	if (!res->route)
		return false;
	if (r->suppress_plen != -1 && res->route->plen <= r->suppress_plen)
		return true;
	return r->suppress_group != -1 && l && l->group == (uint32_t)r->suppress_group;
}

/* fib_rules_lookup() */
void fib_lookup(const struct flow *f, struct result *res)
{
	const struct fib *fib = fib_of(f->family);
	const char *unsure = NULL;
	bool untold = false;
	size_t i, j;
	int err;

	for (i = 0; i < fib->n_rules; i++) {
		const struct rule *r = &fib->rules[i];
		enum tri m = rule_match(r, f);

		if (m == MAYBE && !untold) {
			untold = (r->ipproto && !f->proto) || (r->sport[1] && !f->sport) ||
				 (r->dport[1] && !f->dport) || (r->label_mask && !f->has_label);
			unsure = r->label_mask && !f->has_label ? "a policy rule asks for a flow label: say flowlabel" :
				untold ? "a policy rule asks for a protocol or port: say ipproto, sport, dport" :
				"a policy rule with a selector that is not evaluated";
		}
		if (m != YES || r->action == FR_ACT_NOP)
			continue;
		if (r->action == FR_ACT_GOTO) {
			/* Only ever forwards */
			for (j = i + 1; j < fib->n_rules; j++)
				if (fib->rules[j].pref == r->target)
					break;
			if (j < fib->n_rules)
				i = j - 1;
			continue;
		}
		memset(res, 0, sizeof(*res));
		switch (r->action) {
		case FR_ACT_TO_TBL:
			err = table_lookup(f, r->table, res);
			break;
		case FR_ACT_UNREACHABLE:
			err = ENETUNREACH;
			break;
		case FR_ACT_PROHIBIT:
			err = EACCES;
			break;
		default:
			err = EINVAL;
		}
		if (res->unsure && !untold)
			unsure = res->unsure;
		if (err == EAGAIN || (!err && suppressed(r, res)))
			continue;
		res->err = err;
		res->rule = r;
		res->unsure = unsure;
		res->untold = untold;
		return;
	}
	memset(res, 0, sizeof(*res));
	res->err = ENETUNREACH;
	res->unsure = unsure;
	res->untold = untold;
}

bool fib_tos_matters(int family)
{
	const struct fib *fib = fib_of(family);
	size_t i;

	for (i = 0; i < fib->n_rules; i++)
		if (fib->rules[i].tos || fib->rules[i].dscp_mask)
			return true;
	for (i = 0; i < fib->n_routes; i++)
		if (fib->routes[i].tos)
			return true;
	return false;
}

bool fib_mark_matters(const struct flow *f, uint32_t known)
{
	const struct fib *fib = fib_of(f->family);
	size_t i, j;

	for (i = 0; i < fib->n_rules; i++) {
		struct rule r = fib->rules[i];
		struct result res = { 0 };
		enum tri m;

		/* All of it but what is not known of the mark */
		r.mask &= known;
		r.flags &= ~FIB_RULE_INVERT;
		m = rule_match(&r, f);
		if (fib->rules[i].mask & ~known && m != NO) {
			/* Taken or not, by the mark: the same if there is no route */
			if (r.action == FR_ACT_TO_TBL &&
			    (table_lookup(f, r.table, &res) == EAGAIN || suppressed(&r, &res)))
				continue;
			if (r.action != FR_ACT_NOP)
				return true;
			continue;
		}
		if (fib->rules[i].flags & FIB_RULE_INVERT)
			m = invert(m, true);
		if (m != YES || r.action == FR_ACT_NOP)
			continue;
		if (r.action == FR_ACT_GOTO) {
			for (j = i + 1; j < fib->n_rules; j++)
				if (fib->rules[j].pref == r.target)
					break;
			if (j < fib->n_rules)
				i = j - 1;
			continue;
		}
		if (r.action != FR_ACT_TO_TBL)
			return false;
		if (table_lookup(f, r.table, &res) != EAGAIN && !suppressed(&r, &res))
			return false;
	}
	return false;
}

/* In front of the rule that leads in, and behind all that come before it: those are the
 * user's own policy.
 */
uint32_t pref_before(const struct rule *r)
{
	return r && r->pref ? r->pref - 1 : 0;
}

/* More of a text of so many bytes, as far as there is room. */
#define ADD(...) do { if (n < len) n += snprintf(buf + n, len - n, __VA_ARGS__); } while (0)

static size_t describe_ports(const struct rule *r, char *buf, size_t len, size_t n)
{
	if (r->ipproto)
		ADD(" ipproto %u", r->ipproto);
	if (r->dport[1])
		ADD(" dport %u-%u", r->dport[0], r->dport[1]);
	if (r->dport_mask && r->dport_mask != 0xffff)
		ADD("/0x%x", r->dport_mask);
	if (r->sport[1])
		ADD(" sport %u-%u", r->sport[0], r->sport[1]);
	if (r->sport_mask && r->sport_mask != 0xffff)
		ADD("/0x%x", r->sport_mask);
	return n;
}

static size_t describe_action(const struct rule *r, char *buf, size_t len, size_t n)
{
	char realms[80];

	switch (r->action) {
	case FR_ACT_TO_TBL:
		ADD(" lookup %s", table_text(r->table));
		break;
	case FR_ACT_UNREACHABLE:
		ADD(" unreachable");
		break;
	case FR_ACT_PROHIBIT:
		ADD(" prohibit");
		break;
	case FR_ACT_BLACKHOLE:
		ADD(" blackhole");
		break;
	case FR_ACT_GOTO:
		ADD(" goto %u", r->target);
		break;
	case FR_ACT_NOP:
		ADD(" nop");
		break;
	}
	if (r->realms)
		ADD(" realms %s", realms_text(r->realms, realms, sizeof(realms)));
	if (r->suppress_plen != -1)
		ADD(" suppress_prefixlength %d", r->suppress_plen);
	if (r->suppress_group != -1)
		ADD(" suppress_ifgroup %d", r->suppress_group);
	return n;
}

const char *describe_rule(const struct rule *r, char *buf, size_t len)
{
	int family = r >= world.fib[1].rules && r < world.fib[1].rules + world.fib[1].n_rules ?
		AF_INET6 : AF_INET;
	size_t n;

	n = snprintf(buf, len, "%u:%s", r->pref, r->flags & FIB_RULE_INVERT ? " not" : "");
	if (r->src_len)
		ADD(" from %s/%u", addr_text(family, &r->src), r->src_len);
	if (r->dst_len)
		ADD(" to %s/%u", addr_text(family, &r->dst), r->dst_len);
	if (r->has_mark)
		ADD(" fwmark 0x%x", r->mark);
	if (r->has_mark && r->mask != 0xffffffff)
		ADD("/0x%x", r->mask);
	if (r->iif[0])
		ADD(" iif %s", r->iif);
	if (r->oif[0])
		ADD(" oif %s", r->oif);
	n = describe_ports(r, buf, len, n);
	if (r->tos)
		ADD(" tos 0x%02x", r->tos);
	if (r->dscp_mask)
		ADD(" dscp %u", r->dscp);
	if (r->dscp_mask && r->dscp_mask != 0x3f)
		ADD("/0x%02x", r->dscp_mask);
	if (r->label_mask)
		ADD(" flowlabel 0x%05x", r->label);
	if (r->label_mask && r->label_mask != 0xfffff)
		ADD("/0x%05x", r->label_mask);
	if (r->has_uid)
		ADD(" uidrange %u-%u", r->uid_start, r->uid_end);
	if (r->l3mdev)
		ADD(" l3mdev");
	describe_action(r, buf, len, n);
	return buf;
}

const char *route_type(uint8_t type)
{
	static const char *const types[] = {
		[RTN_UNICAST] = "unicast", [RTN_LOCAL] = "local", [RTN_BROADCAST] = "broadcast", [RTN_ANYCAST] = "anycast",
		[RTN_MULTICAST] = "multicast", [RTN_BLACKHOLE] = "blackhole", [RTN_UNREACHABLE] = "unreachable",
		[RTN_PROHIBIT] = "prohibit", [RTN_THROW] = "throw",
	};

	return type < ARRAY_SIZE(types) && types[type] ? types[type] : "other";
}

const char *describe_route(int family, const struct route *rt, char *buf, size_t len)
{
	const struct link *l;
	char realms[80];
	size_t n;

	n = rt->type == RTN_UNICAST ? snprintf(buf, len, "%s", "") : snprintf(buf, len, "%s ", route_type(rt->type));
	if (rt->plen)
		ADD("%s/%u", addr_text(family, &rt->dst), rt->plen);
	else
		ADD("default");
	if (rt->nhid)
		ADD(" nhid %u", rt->nhid);
	if (rt->n_nh) {
		if (rt->nh[0].has_gw)
			ADD(" via %s", addr_text(rt->nh[0].gw_family, &rt->nh[0].gw));
		l = link_by_index(rt->nh[0].oif);
		if (l)
			ADD(" dev %s", l->name);
		if (rt->n_nh > 1)
			ADD(" (of %u)", rt->n_nh);
	}
	if (rt->table != RT_TABLE_MAIN)
		ADD(" table %s", table_text(rt->table));
	if (rt->realms)
		ADD(" realm%s %s", rt->realms >> 16 ? "s" : "", realms_text(rt->realms, realms, sizeof(realms)));
#undef ADD
	return buf;
}
