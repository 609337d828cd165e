// SPDX-License-Identifier: GPL-2.0-only
/* rtnetlink: links, addresses, rules and routes; and the kernel's own lookup. */
#include "netlink.h"
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Those that recipes use begin at 50 */
#define FIRST_NHID 50
#define N_NHIDS 1000

struct world world;

static struct mnl_socket *rtnl;

static int rtnl_open(void)
{
	int on = 1;

	if (rtnl)
		return 0;
	rtnl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!rtnl || mnl_socket_bind(rtnl, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	/* Rules and routes are dumped for what was asked for, and no more */
	mnl_socket_setsockopt(rtnl, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	return 0;
}

/* An answer to one question has no end mark; where an acknowledgment is asked for, it is one. */
int netlink_talk(struct mnl_socket *nl, struct nlmsghdr *nlh, int (*fn)(const struct nlmsghdr *nlh, void *arg), void *arg)
{
	static char buf[65536];
	static uint32_t seq;
	ssize_t n;
	int ret;

	if (!seq)
		seq = time(NULL);
	nlh->nlmsg_seq = ++seq;
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (n < 0)
			return -errno;
		ret = mnl_cb_run(buf, n, seq, mnl_socket_get_portid(nl), fn, arg);
	} while (ret > MNL_CB_STOP && nlh->nlmsg_flags & (NLM_F_DUMP | NLM_F_ACK));
	return ret < 0 ? -errno : 0;
}

static int talk(struct nlmsghdr *nlh, mnl_cb_t fn, void *arg)
{
	return netlink_talk(rtnl, nlh, fn, arg);
}

/* Attributes come from the kernel; their sizes are checked all the same. */
static uint32_t get_u32(const struct nlattr *a)
{
	return mnl_attr_validate(a, MNL_TYPE_U32) < 0 ? 0 : mnl_attr_get_u32(a);
}

static void get_addr(const struct nlattr *a, struct addr *to)
{
	size_t len = mnl_attr_get_payload_len(a);

	memset(to, 0, sizeof(*to));
	memcpy(to, mnl_attr_get_payload(a), len < sizeof(*to) ? len : sizeof(*to));
}

static void get_name(const struct nlattr *a, char *to, size_t size)
{
	snprintf(to, size, "%.*s", (int)mnl_attr_get_payload_len(a),
		 (const char *)mnl_attr_get_payload(a));
}

static int on_link(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifinfomsg *ifi = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a, *b;
	bool elsewhere = false;
	struct link *l;

	(void)arg;
	l = one_more(&world.links, &world.n_links, sizeof(*l));
	l->index = ifi->ifi_index;
	l->flags = ifi->ifi_flags;
	mnl_attr_for_each(a, nlh, sizeof(*ifi)) {
		switch (mnl_attr_get_type(a)) {
		case IFLA_IFNAME:
			get_name(a, l->name, sizeof(l->name));
			break;
		case IFLA_MTU:
			l->mtu = get_u32(a);
			break;
		case IFLA_MASTER:
			l->master = get_u32(a);
			break;
		case IFLA_LINK:
			l->link = get_u32(a);
			break;
		case IFLA_LINK_NETNSID:
			elsewhere = true;
			break;
		case IFLA_GROUP:
			l->group = get_u32(a);
			break;
		case IFLA_XDP:
			mnl_attr_for_each_nested(b, a)
				if (mnl_attr_get_type(b) == IFLA_XDP_ATTACHED && mnl_attr_validate(b, MNL_TYPE_U8) == 0)
					l->xdp = mnl_attr_get_u8(b) != XDP_ATTACHED_NONE;
			break;
		case IFLA_LINKINFO:
			mnl_attr_for_each_nested(b, a)
				if (mnl_attr_get_type(b) == IFLA_INFO_KIND)
					get_name(b, l->kind, sizeof(l->kind));
			break;
		}
	}
	/* Its number is one of another namespace */
	if (elsewhere)
		l->link = 0;
	if (l->flags & IFF_LOOPBACK)
		world.lo = l->index;
	return MNL_CB_OK;
}

static int on_addr(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a;
	struct address *i;
	bool local = false;

	(void)arg;
	if (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6)
		return MNL_CB_OK;
	i = one_more(&world.addrs, &world.n_addrs, sizeof(*i));
	i->index = ifa->ifa_index;
	i->family = ifa->ifa_family;
	i->plen = ifa->ifa_prefixlen;
	i->scope = ifa->ifa_scope;
	i->flags = ifa->ifa_flags;
	mnl_attr_for_each(a, nlh, sizeof(*ifa)) {
		/* On a point-to-point link IFA_ADDRESS is the other end */
		if (mnl_attr_get_type(a) == IFA_LOCAL) {
			get_addr(a, &i->a);
			local = true;
		} else if (mnl_attr_get_type(a) == IFA_ADDRESS && !local) {
			get_addr(a, &i->a);
		}
	}
	return MNL_CB_OK;
}

static void get_ports(const struct nlattr *a, uint16_t *ports)
{
	const struct fib_rule_port_range *r = mnl_attr_get_payload(a);

	if (mnl_attr_get_payload_len(a) < sizeof(*r))
		return;
	ports[0] = r->start;
	ports[1] = r->end;
}

/* What kernels from 6.12 on may say of a rule; the headers that this is compiled with may
 * be older. A mask of ports is host byte order, and comes with every rule for one port.
 */
enum {
	RULE_DSCP = FRA_DPORT_RANGE + 1,
	RULE_FLOWLABEL,
	RULE_FLOWLABEL_MASK,
	RULE_SPORT_MASK,
	RULE_DPORT_MASK,
	RULE_DSCP_MASK,
};

/* RTA_FLOWLABEL, of 6.14 and later */
#define ROUTE_FLOWLABEL (RTA_NH_ID + 1)

/* What kernels from 6.12 on may say. Returns false if it is newer than this. */
static bool newer_selector(const struct nlattr *a, struct rule *r)
{
	switch (mnl_attr_get_type(a)) {
	case RULE_SPORT_MASK:
		r->sport_mask = mnl_attr_get_u16(a);
		return true;
	case RULE_DPORT_MASK:
		r->dport_mask = mnl_attr_get_u16(a);
		return true;
	case RULE_DSCP:
		r->dscp = mnl_attr_get_u8(a);
		if (!r->dscp_mask)
			r->dscp_mask = 0x3f;
		return true;
	case RULE_DSCP_MASK:
		r->dscp_mask = mnl_attr_get_u8(a);
		return true;
	case RULE_FLOWLABEL:
		r->label = ntohl(get_u32(a));
		if (!r->label_mask)
			r->label_mask = 0xfffff;
		return true;
	case RULE_FLOWLABEL_MASK:
		r->label_mask = ntohl(get_u32(a));
		return true;
	}
	return false;
}

/* Returns false if it is none that has been there for long. */
static bool selector(const struct nlattr *a, struct rule *r)
{
	const struct fib_rule_uid_range *u = mnl_attr_get_payload(a);

	switch (mnl_attr_get_type(a)) {
	case FRA_DST:
		get_addr(a, &r->dst);
		return true;
	case FRA_SRC:
		get_addr(a, &r->src);
		return true;
	case FRA_IIFNAME:
		get_name(a, r->iif, sizeof(r->iif));
		return true;
	case FRA_OIFNAME:
		get_name(a, r->oif, sizeof(r->oif));
		return true;
	case FRA_FWMARK:
		r->mark = get_u32(a);
		r->has_mark = true;
		return true;
	case FRA_FWMASK:
		r->mask = get_u32(a);
		r->has_mark = true;
		return true;
	case FRA_L3MDEV:
		r->l3mdev = mnl_attr_get_u8(a);
		return true;
	case FRA_UID_RANGE:
		r->uid_start = u->start;
		r->uid_end = u->end;
		r->has_uid = true;
		return true;
	case FRA_IP_PROTO:
		r->ipproto = mnl_attr_get_u8(a);
		return true;
	case FRA_SPORT_RANGE:
		get_ports(a, r->sport);
		return true;
	case FRA_DPORT_RANGE:
		get_ports(a, r->dport);
		return true;
	}
	return newer_selector(a, r);
}

static int on_rule(const struct nlmsghdr *nlh, void *arg)
{
	const struct fib_rule_hdr *h = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a;
	struct fib *fib = arg;
	struct rule *r;

	r = one_more(&fib->rules, &fib->n_rules, sizeof(*r));
	*r = (struct rule){
		.action = h->action, .table = h->table, .flags = h->flags, .src_len = h->src_len, .dst_len = h->dst_len,
		.tos = h->tos, .suppress_plen = -1, .suppress_group = -1,
	};
	mnl_attr_for_each(a, nlh, sizeof(*h)) {
		switch (mnl_attr_get_type(a)) {
		case FRA_GOTO:
			r->target = get_u32(a);
			break;
		case FRA_PRIORITY:
			r->pref = get_u32(a);
			break;
		case FRA_TABLE:
			r->table = get_u32(a);
			break;
		case FRA_SUPPRESS_PREFIXLEN:
			r->suppress_plen = get_u32(a);
			break;
		case FRA_SUPPRESS_IFGROUP:
			r->suppress_group = get_u32(a);
			break;
		case FRA_FLOW:
			r->realms = get_u32(a);
			break;
		case FRA_PAD:
		case FRA_PROTOCOL:
			break;
		default:	/* a tunnel's id, and what is newer than this, are strange */
			r->strange = !selector(a, r) || r->strange;
		}
	}
	return MNL_CB_OK;
}

static void get_via(const struct nlattr *a, struct nexthop *nh)
{
	const struct rtvia *via = mnl_attr_get_payload(a);
	size_t len = mnl_attr_get_payload_len(a);

	if (len <= sizeof(*via) || len > sizeof(*via) + sizeof(nh->gw))
		return;
	nh->has_gw = true;
	nh->gw_family = via->rtvia_family;
	memcpy(&nh->gw, via->rtvia_addr, len - sizeof(*via));
}

static void get_gateway(const struct nlattr *a, int family, struct nexthop *nh)
{
	nh->has_gw = true;
	nh->gw_family = family;
	get_addr(a, &nh->gw);
}

static void get_multipath(const struct nlattr *a, int family, struct route *rt)
{
	const struct rtnexthop *r = mnl_attr_get_payload(a);
	int len = mnl_attr_get_payload_len(a);
	const struct nlattr *attr;
	size_t n = rt->n_nh;
	struct nexthop *nh;

	for (; len >= (int)sizeof(*r) && r->rtnh_len >= sizeof(*r) && r->rtnh_len <= len;
	     len -= RTNH_ALIGN(r->rtnh_len), r = RTNH_NEXT(r)) {
		nh = one_more(&rt->nh, &n, sizeof(*nh));
		rt->n_nh = n;
		nh->oif = r->rtnh_ifindex;
		nh->flags = r->rtnh_flags;
		mnl_attr_for_each_payload((void *)RTNH_DATA(r), r->rtnh_len - sizeof(*r)) {
			if (mnl_attr_get_type(attr) == RTA_GATEWAY)
				get_gateway(attr, family, nh);
			else if (mnl_attr_get_type(attr) == RTA_VIA)
				get_via(attr, nh);
			else if (mnl_attr_get_type(attr) == RTA_ENCAP_TYPE)
				rt->encap = mnl_attr_get_u16(attr);
		}
	}
}

static unsigned int get_mtu(const struct nlattr *metrics)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, metrics)
		if (mnl_attr_get_type(a) == RTAX_MTU)
			return get_u32(a);
	return 0;
}

static void parse_route(const struct nlmsghdr *nlh, struct route *rt)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct nexthop one = { 0 };
	const struct nlattr *a;

	/* rt->nh is its own, or, if there is one, points to nothing yet: rt may move */
	memset(rt, 0, sizeof(*rt));
	rt->table = rtm->rtm_table;
	rt->plen = rtm->rtm_dst_len;
	rt->src_plen = rtm->rtm_src_len;
	rt->type = rtm->rtm_type;
	rt->tos = rtm->rtm_tos;
	rt->protocol = rtm->rtm_protocol;
	rt->flags = one.flags = rtm->rtm_flags;
	mnl_attr_for_each(a, nlh, sizeof(*rtm)) {
		switch (mnl_attr_get_type(a)) {
		case RTA_TABLE:
			rt->table = get_u32(a);
			break;
		case RTA_DST:
			get_addr(a, &rt->dst);
			break;
		case RTA_PRIORITY:
			rt->metric = get_u32(a);
			break;
		case RTA_OIF:
			one.oif = get_u32(a);
			break;
		case RTA_GATEWAY:
			get_gateway(a, rtm->rtm_family, &one);
			break;
		case RTA_VIA:
			get_via(a, &one);
			break;
		case RTA_PREFSRC:
			get_addr(a, &rt->prefsrc);
			rt->has_prefsrc = true;
			break;
		case RTA_METRICS:
			rt->mtu = get_mtu(a);
			break;
		case RTA_MULTIPATH:
			get_multipath(a, rtm->rtm_family, rt);
			break;
		case RTA_NH_ID:
			rt->nhid = get_u32(a);
			break;
		case RTA_FLOW:
			rt->realms = get_u32(a);
			break;
		case RTA_ENCAP_TYPE:
			rt->encap = mnl_attr_get_u16(a);
			break;
		}
	}
	if (one.oif && !rt->n_nh) {
		rt->one = one;
		rt->n_nh = 1;
	}
}

static int on_route(const struct nlmsghdr *nlh, void *arg)
{
	const struct rtmsg *rtm = mnl_nlmsg_get_payload(nlh);
	struct fib *fib = arg;

	/* What the kernel has cached is no route of its own */
	if (rtm->rtm_flags & RTM_F_CLONED)
		return MNL_CB_OK;
	parse_route(nlh, one_more(&fib->routes, &fib->n_routes, sizeof(*fib->routes)));
	return MNL_CB_OK;
}

static int dump(int type, int family, size_t header, mnl_cb_t fn, void *arg)
{
	char buf[MNL_NLMSG_HDRLEN + 64] = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	/* Every header of a dump request begins with the family */
	*(unsigned char *)mnl_nlmsg_put_extra_header(nlh, header) = family;
	return talk(nlh, fn, arg);
}

static int world_read_once(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	size_t i, j;
	int err;

	err = rtnl_open();
	if (!err)
		err = dump(RTM_GETLINK, AF_UNSPEC, sizeof(struct ifinfomsg), on_link, NULL);
	if (!err)
		err = dump(RTM_GETADDR, AF_UNSPEC, sizeof(struct ifaddrmsg), on_addr, NULL);
	for (i = 0; i < ARRAY_SIZE(families) && !err; i++) {
		struct fib *fib = fib_of(families[i]);

		err = dump(RTM_GETRULE, families[i], sizeof(struct fib_rule_hdr), on_rule, fib);
		if (!err)
			err = dump(RTM_GETROUTE, families[i], sizeof(struct rtmsg), on_route, fib);
		/* A kernel without IPv6 */
		if (families[i] == AF_INET6 && (err == -EOPNOTSUPP || err == -EAFNOSUPPORT))
			err = 0;
		/* They do not move any more */
		for (j = 0; j < fib->n_routes; j++)
			if (!fib->routes[j].nh && fib->routes[j].n_nh)
				fib->routes[j].nh = &fib->routes[j].one;
	}
	return err;
}

bool again(int *tries)
{
	struct timespec wait = { .tv_nsec = 1000000L << (*tries < 4 ? *tries : 4) };

	return nanosleep(&wait, NULL) == 0 && ++*tries < 40;
}

static int on_nexthop(const struct nlmsghdr *nlh, void *arg)
{
	bool *used = arg;
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(struct nhmsg))
		if (mnl_attr_get_type(a) == NHA_ID && get_u32(a) >= FIRST_NHID &&
		    get_u32(a) - FIRST_NHID < N_NHIDS)
			used[get_u32(a) - FIRST_NHID] = true;
	return MNL_CB_OK;
}

uint32_t free_nhid(void)
{
	bool used[N_NHIDS] = { 0 };
	uint32_t i;

	dump(RTM_GETNEXTHOP, AF_UNSPEC, sizeof(struct nhmsg), on_nexthop, used);
	for (i = 0; i < N_NHIDS && used[i]; i++)
		;
	return FIRST_NHID + i;
}

int world_read(void)
{
	int err, tries = 0;

	/* EINTR: what is read changes meanwhile (NLM_F_DUMP_INTR). The rest of the
	 * answer is still to come: another socket.
	 */
	do {
		err = world_read_once();
		if (err)
			world_free();
	} while (err == -EINTR && again(&tries));
	return err;
}

void world_free(void)
{
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(world.fib); i++) {
		struct fib *fib = &world.fib[i];

		for (j = 0; j < fib->n_routes; j++)
			if (fib->routes[j].nh != &fib->routes[j].one)
				free(fib->routes[j].nh);
		free(fib->routes);
		free(fib->rules);
	}
	free(world.links);
	free(world.addrs);
	memset(&world, 0, sizeof(world));
	if (rtnl)
		mnl_socket_close(rtnl);
	rtnl = NULL;
}

struct fib *fib_of(int family)
{
	return &world.fib[family == AF_INET6];
}

const struct link *link_by_index(int index)
{
	size_t i;

	for (i = 0; i < world.n_links; i++)
		if (world.links[i].index == index)
			return &world.links[i];
	return NULL;
}

const struct link *link_by_name(const char *name)
{
	size_t i;

	for (i = 0; i < world.n_links; i++)
		if (strcmp(world.links[i].name, name) == 0)
			return &world.links[i];
	return NULL;
}

const char *dev_name(int index)
{
	const struct link *l = link_by_index(index);

	return l ? l->name : "?";
}

bool is_nvi(const struct link *l)
{
	return l && strcmp(l->kind, "nvi") == 0;
}

bool is_hole(const struct link *l)
{
	return l && (l->flags & IFF_LOOPBACK || is_nvi(l));
}

bool is_bridge(const struct link *l)
{
	return l && strcmp(l->kind, "bridge") == 0;
}

bool has_members(const struct link *l)
{
	return is_bridge(l) || (l && (strcmp(l->kind, "bond") == 0 || strcmp(l->kind, "team") == 0));
}

bool addr_is_local(int family, const struct addr *a)
{
	size_t i;

	if (family == AF_INET && a->b[0] == 127)
		return true;
	for (i = 0; i < world.n_addrs; i++)
		if (world.addrs[i].family == family &&
		    in_prefix(&world.addrs[i].a, a, family == AF_INET ? 32 : 128))
			return true;
	return false;
}

bool addr_on_link(int family, const struct addr *a, int index)
{
	size_t i;

	for (i = 0; i < world.n_addrs; i++)
		if (world.addrs[i].family == family && world.addrs[i].index == index &&
		    world.addrs[i].plen < (family == AF_INET ? 32 : 128) &&
		    in_prefix(&world.addrs[i].a, a, world.addrs[i].plen))
			return true;
	return false;
}

/* Scope and flags of what NAT may take */
static bool can_be_source(const struct address *a, int family)
{
	return a->family == family && a->scope == RT_SCOPE_UNIVERSE &&
	       (family == AF_INET6 ? !(a->flags & (IFA_F_TENTATIVE | IFA_F_DEPRECATED)) : !(a->flags & IFA_F_SECONDARY));
}

bool addr_of_dev(int family, const char *dev, const struct addr *near, struct addr *to)
{
	const struct link *l = link_by_name(dev);
	const struct address *best = NULL;
	unsigned int n = 0;
	size_t i;

	for (i = 0; l && i < world.n_addrs; i++) {
		const struct address *a = &world.addrs[i];

		if (a->index != l->index || !can_be_source(a, family))
			continue;
		n++;
		if (!best || (family == AF_INET && near && !in_prefix(near, &best->a, best->plen) &&
			      in_prefix(near, &a->a, a->plen)))
			best = a;
	}
	/* One that has none is given another device's */
	for (i = 0; !best && near && family == AF_INET && i < world.n_addrs; i++)
		if (can_be_source(&world.addrs[i], family))
			best = &world.addrs[i];
	if (!best || (family == AF_INET6 && n > 1))
		return false;
	*to = best->a;
	return true;
}

bool box_addr(int family, struct addr *to)
{
	size_t i;

	for (i = 0; i < world.n_addrs; i++) {
		if (world.addrs[i].index == world.lo || !can_be_source(&world.addrs[i], family))
			continue;
		*to = world.addrs[i].a;
		return true;
	}
	return false;
}

/* nf_nat_redirect_ipv4(), nf_nat_redirect_ipv6(): dumped in the order of their lists */
bool first_addr(int family, const char *dev, struct addr *to)
{
	const struct link *l = link_by_name(dev);
	size_t i;

	for (i = 0; l && i < world.n_addrs; i++) {
		const struct address *a = &world.addrs[i];

		if (a->index != l->index || a->family != family ||
		    (family == AF_INET6 && a->flags & IFA_F_TENTATIVE && !(a->flags & IFA_F_OPTIMISTIC)))
			continue;
		*to = a->a;
		return true;
	}
	return false;
}

static int on_answer(const struct nlmsghdr *nlh, void *arg)
{
	struct result *res = arg;
	struct route rt;

	parse_route(nlh, &rt);
	res->type = rt.type;
	res->table = rt.table;
	res->mtu = rt.mtu;
	res->encap = rt.encap;
	res->has_prefsrc = rt.has_prefsrc;
	res->prefsrc = rt.prefsrc;
	if (rt.n_nh) {
		const struct nexthop *nh = rt.nh ? rt.nh : &rt.one;

		res->oif = nh->oif;
		res->has_gw = nh->has_gw;
		res->gw_family = nh->gw_family;
		res->gw = nh->gw;
	}
	free(rt.nh);
	return MNL_CB_OK;
}

/* rtm_getroute_parse_ip_proto() takes these and no others. */
static bool askable(int family, uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP ||
	       proto == (family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

/* Do policy rules ask for protocols or ports? */
static bool proto_matters(int family)
{
	const struct fib *fib = fib_of(family);
	size_t i;

	for (i = 0; i < fib->n_rules; i++)
		if (fib->rules[i].ipproto || fib->rules[i].sport[1] || fib->rules[i].dport[1])
			return true;
	return false;
}

unsigned int result_mtu(const struct result *res)
{
	const struct link *l = link_by_index(res->oif);

	return res->mtu ? res->mtu : l ? l->mtu : 0;
}

static bool label_matters(void)
{
	const struct fib *fib = fib_of(AF_INET6);
	size_t i;

	for (i = 0; i < fib->n_rules; i++)
		if (fib->rules[i].label_mask)
			return true;
	return false;
}

bool ask_route(const struct flow *f, struct result *res)
{
	char buf[MNL_NLMSG_HDRLEN + 256] = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	size_t len = f->family == AF_INET ? 4 : 16;
	struct rtmsg *rtm;
	int err;

	memset(res, 0, sizeof(*res));
	if (f->proto && !askable(f->family, f->proto) && proto_matters(f->family))
		return false;
	nlh->nlmsg_type = RTM_GETROUTE;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	rtm = mnl_nlmsg_put_extra_header(nlh, sizeof(*rtm));
	rtm->rtm_family = f->family;
	rtm->rtm_dst_len = len * 8;
	rtm->rtm_tos = f->tos & 0xfc;
	if (f->family == AF_INET)
		rtm->rtm_flags = RTM_F_LOOKUP_TABLE;
	mnl_attr_put(nlh, RTA_DST, len, &f->dst);
	if (f->has_src) {
		rtm->rtm_src_len = len * 8;
		mnl_attr_put(nlh, RTA_SRC, len, &f->src);
	}
	if (f->iif) {
		mnl_attr_put_u32(nlh, RTA_IIF, f->iif);
		/* sock_net_uid() of no socket is root, and not the asker */
		mnl_attr_put_u32(nlh, RTA_UID, 0);
	} else if (f->has_uid) {
		mnl_attr_put_u32(nlh, RTA_UID, f->uid);
	}
	if (!f->iif && f->oif)
		mnl_attr_put_u32(nlh, RTA_OIF, f->oif);
	if (f->mark)
		mnl_attr_put_u32(nlh, RTA_MARK, f->mark);
	/* A kernel that has no rules for it does not take the question */
	if (f->has_label && label_matters())
		mnl_attr_put_u32(nlh, ROUTE_FLOWLABEL, htonl(f->label));
	if (askable(f->family, f->proto)) {
		mnl_attr_put_u8(nlh, RTA_IP_PROTO, f->proto);
		if (f->sport)
			mnl_attr_put_u16(nlh, RTA_SPORT, htons(f->sport));
		if (f->dport)
			mnl_attr_put_u16(nlh, RTA_DPORT, htons(f->dport));
	}
	err = talk(nlh, on_answer, res);
	res->err = -err;
	return true;
}
