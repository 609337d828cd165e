// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets: the kernel is asked for one element, which is quick in sets of any size and
 * changes nothing. Of nf_tables NFT_MSG_GETSETELEM; of ipset IPSET_CMD_TEST.
 */
#include "nf_netlink.h"
#include "fib.h"
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_set.h>
#include <string.h>

/* Since 5.13; the element that stands for all others */
#define ELEM_CATCHALL 2

static void put_name(struct nlmsghdr *nlh, int type, const char *name, size_t len)
{
	char buf[NFT_NAME_MAXLEN];

	snprintf(buf, sizeof(buf), "%.*s", (int)len, name);
	mnl_attr_put_strz(nlh, type, buf);
}

uint64_t set_bit(const char *name, size_t len)
{
	uint32_t h = 0;

	while (len--)
		h = h * 31 + (uint8_t)*name++;
	return 1ull << (h * 0x9e3779b1u >> 26);
}

enum tri set_since(const struct walk *w, uint64_t bit, enum tri found)
{
	return (found == NO ? w->put_into : w->taken_from) & bit ? MAYBE : found;
}

/* --- nf_tables ------------------------------------------------------------------------ */

/* What matters of a set itself */
struct shape {
	uint32_t key_len, flags;
};

static int on_set(const struct nlmsghdr *nlh, void *arg)
{
	struct shape *to = arg;
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(a) == NFTA_SET_KEY_LEN)
			to->key_len = nf_be32(a);
		else if (mnl_attr_get_type(a) == NFTA_SET_FLAGS)
			to->flags = nf_be32(a);
	}
	return MNL_CB_OK;
}

static struct shape shape_of(const struct nf_chain *c, const struct nf_key *key)
{
	char req[MNL_NLMSG_HDRLEN + 2 * NFT_NAME_MAXLEN + 64] = { 0 };
	struct nlmsghdr *nlh = nfnl_put(req, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETSET, NLM_F_ACK, c->family);
	struct shape shape = { 0, 0 };

	put_name(nlh, NFTA_SET_TABLE, c->table, strlen(c->table));
	put_name(nlh, NFTA_SET_NAME, key->set, key->set_len);
	if (nfnl_talk(nlh, on_set, &shape))
		shape.key_len = 0;
	return shape;
}

struct answer {
	const struct nf_chain *chain;
	const struct nf_key *key;
	size_t len;
	struct nf_found *found;
	bool too_many;
	bool limits;		/* an element says more than that it is there */
};

static void take(struct answer *to, const struct nlattr **el)
{
	const struct nlattr *data[MAX_ATTR], *v[MAX_ATTR];
	struct nf_elem *elem;
	uint32_t code;

	if (to->found->n == MAX_CANDIDATES) {
		to->too_many = true;
		return;
	}
	elem = &to->found->elem[to->found->n++];
	memset(elem, 0, sizeof(*elem));
	to->limits = to->limits || !nf_only_counts(el[NFTA_SET_ELEM_EXPR], el[NFTA_SET_ELEM_EXPRESSIONS]);
	index_attrs(el[NFTA_SET_ELEM_DATA], data);
	if (data[NFTA_DATA_VERDICT]) {
		index_attrs(data[NFTA_DATA_VERDICT], v);
		nf_verdict(to->chain, v, &code, &elem->to);
		elem->code = code;
		elem->has_verdict = true;
	} else if (data[NFTA_DATA_VALUE]) {
		elem->data_len = mnl_attr_get_payload_len(data[NFTA_DATA_VALUE]);
		if (elem->data_len > sizeof(elem->data))
			elem->data_len = sizeof(elem->data);
		memcpy(elem->data, mnl_attr_get_payload(data[NFTA_DATA_VALUE]), elem->data_len);
	}
}

/* May it be this element, by what is known? An element without a key is for all others. */
static bool may_be(const struct answer *to, const struct nlattr **el)
{
	const struct nlattr *data[MAX_ATTR];
	const uint8_t *v;
	size_t i;

	index_attrs(el[NFTA_SET_ELEM_KEY], data);
	if (!data[NFTA_DATA_VALUE] || mnl_attr_get_payload_len(data[NFTA_DATA_VALUE]) < to->len)
		return true;
	v = mnl_attr_get_payload(data[NFTA_DATA_VALUE]);
	for (i = 0; i < to->len; i++)
		if ((v[i] ^ to->key->b[i]) & to->key->k[i])
			return false;
	return true;
}

static int on_elem(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *a, *e, *el[MAX_ATTR];
	struct answer *to = arg;

	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(a) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		mnl_attr_for_each_nested(e, a) {
			index_attrs(e, el);
			if (!to->len || may_be(to, el))
				take(to, el);
		}
	}
	return MNL_CB_OK;
}

/* key: NULL for the element that stands for all others */
static int ask_elem(struct answer *to, const uint8_t *key, uint32_t len)
{
	const struct nf_chain *c = to->chain;
	char req[MNL_NLMSG_HDRLEN + 2 * NFT_NAME_MAXLEN + 256] = { 0 };
	struct nlmsghdr *nlh = nfnl_put(req, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETSETELEM, NLM_F_ACK, c->family);
	struct nlattr *list, *elem, *value;

	put_name(nlh, NFTA_SET_ELEM_LIST_TABLE, c->table, strlen(c->table));
	put_name(nlh, NFTA_SET_ELEM_LIST_SET, to->key->set, to->key->set_len);
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	if (key) {
		value = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
		mnl_attr_put(nlh, NFTA_DATA_VALUE, len, key);
		mnl_attr_nest_end(nlh, value);
	} else {
		mnl_attr_put_u32(nlh, NFTA_SET_ELEM_FLAGS, htonl(ELEM_CATCHALL));
	}
	mnl_attr_nest_end(nlh, elem);
	mnl_attr_nest_end(nlh, list);
	return nfnl_talk(nlh, on_elem, to);
}

/* A part of the key is not known: all elements, one after the other. Of intervals the
 * ends are elements of their own, which this does not put together.
 */
static enum tri candidates(struct answer *to, const struct shape *shape)
{
	const struct nf_chain *c = to->chain;
	char req[MNL_NLMSG_HDRLEN + 2 * NFT_NAME_MAXLEN + 64] = { 0 };
	struct nlmsghdr *nlh = nfnl_put(req, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETSETELEM, NLM_F_DUMP, c->family);
	int err;

	if (shape->flags & (NFT_SET_INTERVAL | NFT_SET_EVAL))
		return MAYBE;
	put_name(nlh, NFTA_SET_ELEM_LIST_TABLE, c->table, strlen(c->table));
	put_name(nlh, NFTA_SET_ELEM_LIST_SET, to->key->set, to->key->set_len);
	to->len = shape->key_len;
	err = nfnl_talk(nlh, on_elem, to);
	if (!err && !to->found->n)
		return NO;
	if (err || to->too_many || to->limits)
		to->found->n = 0;
	return MAYBE;
}

enum tri nft_set_has(const struct nf_chain *c, const struct nf_key *key, struct nf_found *found)
{
	struct shape shape = shape_of(c, key);
	struct answer to = { .chain = c, .key = key, .found = found };
	uint32_t i;
	int err;

	found->n = 0;
	if (!shape.key_len || shape.key_len > key->room)
		return MAYBE;
	for (i = 0; i < shape.key_len; i++)
		if (key->k[i] != 0xff)
			return candidates(&to, &shape);
	err = ask_elem(&to, key->b, shape.key_len);
	if (err == -ENOENT)
		err = ask_elem(&to, NULL, 0);
	/* Kernels that know no such element say that it wants a key */
	if (err == -ENOENT || err == -EINVAL)
		return NO;
	/* nft_lookup_eval(): the element's own limit is asked as well */
	if (!err && found->n == 1 && !to.limits)
		return YES;
	found->n = 0;
	return MAYBE;
}

/* --- ipset ------------------------------------------------------------------------------ */

/* More sets than a list of real boxes has */
#define MAX_MEMBERS 64

struct ipset {
	char name[IPSET_MAXNAMELEN], type[IPSET_MAXNAMELEN];
	uint8_t family;
};

static int on_ipset(const struct nlmsghdr *nlh, void *arg)
{
	struct ipset *to = arg;
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg)) {
		const char *v = mnl_attr_get_payload(a);
		int len = mnl_attr_get_payload_len(a);

		if (mnl_attr_get_type(a) == IPSET_ATTR_SETNAME)
			snprintf(to->name, sizeof(to->name), "%.*s", len, v);
		else if (mnl_attr_get_type(a) == IPSET_ATTR_TYPENAME)
			snprintf(to->type, sizeof(to->type), "%.*s", len, v);
		else if (mnl_attr_get_type(a) == IPSET_ATTR_FAMILY && len)
			to->family = *(const uint8_t *)v;
	}
	return MNL_CB_OK;
}

static int no_answer(const struct nlmsghdr *nlh, void *arg)
{
	(void)nlh, (void)arg;
	return MNL_CB_OK;
}

static struct nlmsghdr *ipset_put(char *buf, int cmd, int family)
{
	struct nlmsghdr *nlh = nfnl_put(buf, NFNL_SUBSYS_IPSET, cmd, NLM_F_ACK, family);

	mnl_attr_put_u8(nlh, IPSET_ATTR_PROTOCOL, IPSET_PROTOCOL);
	return nlh;
}

static bool ipset_header(const char *name, struct ipset *to)
{
	char req[MNL_NLMSG_HDRLEN + 128] = { 0 };
	struct nlmsghdr *nlh = ipset_put(req, IPSET_CMD_HEADER, AF_INET);

	/* It may be to->name */
	mnl_attr_put_strz(nlh, IPSET_ATTR_SETNAME, name);
	memset(to, 0, sizeof(*to));
	return !nfnl_talk(nlh, on_ipset, to);
}

static bool find_ipset(uint16_t index, struct ipset *to)
{
	char req[MNL_NLMSG_HDRLEN + 128] = { 0 };
	struct nlmsghdr *nlh = ipset_put(req, IPSET_CMD_GET_BYINDEX, AF_INET);

	memset(to, 0, sizeof(*to));
	mnl_attr_put_u16(nlh, IPSET_ATTR_INDEX | NLA_F_NET_BYTEORDER, htons(index));
	if (nfnl_talk(nlh, on_ipset, to))
		return false;
	return ipset_header(to->name, to);
}

static void put_addr(struct nlmsghdr *nlh, int type, const struct walk *w, const struct addr *a)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	if (w->family == AF_INET)
		mnl_attr_put(nlh, IPSET_ATTR_IPADDR_IPV4 | NLA_F_NET_BYTEORDER, 4, a);
	else
		mnl_attr_put(nlh, IPSET_ATTR_IPADDR_IPV6 | NLA_F_NET_BYTEORDER, 16, a);
	mnl_attr_nest_end(nlh, nest);
}

/* Its port, as this type of set has it; false if it is not known. */
static bool put_port(struct nlmsghdr *nlh, const struct walk *w, bool src, bool with_proto)
{
	uint16_t port = src ? w->sport : w->dport;

	/* get_port(): of ICMP it is type and code, an echo request's; of others there is none */
	if (w->proto == (w->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		port = w->family == AF_INET ? 8 << 8 : 128 << 8;
	else if (!has_ports(w->proto))
		port = 0;
	if (!w->proto || (!port && has_ports(w->proto)))
		return false;
	mnl_attr_put_u16(nlh, IPSET_ATTR_PORT | NLA_F_NET_BYTEORDER, htons(port));
	if (with_proto)
		mnl_attr_put_u8(nlh, IPSET_ATTR_PROTO, w->proto);
	return true;
}

/* One part of "hash:net,port": of the source, or of the destination. */
static bool put_part(struct nlmsghdr *nlh, const struct walk *w, const char *part, bool src, bool hash, int *n_addrs)
{
	const char *dev = src ? w->iif : w->oif;

	if (strcmp(part, "ip") == 0 || strcmp(part, "net") == 0) {
		put_addr(nlh, (*n_addrs)++ ? IPSET_ATTR_IP2 : IPSET_ATTR_IP, w, src ? &w->src : &w->dst);
		return true;
	}
	if (strcmp(part, "port") == 0)
		return put_port(nlh, w, src, hash);
	if (strcmp(part, "iface") == 0 && dev) {
		mnl_attr_put_strz(nlh, IPSET_ATTR_IFACE, dev);
		return true;
	}
	if (strcmp(part, "mark") == 0 && w->mark_known == 0xffffffff) {
		mnl_attr_put_u32(nlh, IPSET_ATTR_MARK | NLA_F_NET_BYTEORDER, htonl(w->mark));
		return true;
	}
	return false;
}

/* The members of a set of sets, in their order */
struct members {
	char name[MAX_MEMBERS][IPSET_MAXNAMELEN];
	unsigned int n;
	bool too_many;
};

static void on_member(const struct nlattr *one, struct members *to)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested(a, one) {
		if (mnl_attr_get_type(a) != IPSET_ATTR_NAME)
			continue;
		to->too_many = to->too_many || to->n == MAX_MEMBERS;
		if (!to->too_many)
			snprintf(to->name[to->n++], IPSET_MAXNAMELEN, "%.*s", mnl_attr_get_payload_len(a),
				 (const char *)mnl_attr_get_payload(a));
	}
}

static int on_members(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *a, *one;

	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(a) != IPSET_ATTR_ADT)
			continue;
		mnl_attr_for_each_nested(one, a) {
			on_member(one, arg);
		}
	}
	return MNL_CB_OK;
}

static enum tri set_has(const struct walk *w, const struct xt_set_info *info, struct ipset *set);

/* list_set_ktest(): in one of its members; those are no lists themselves. */
static enum tri list_has(const struct walk *w, const struct xt_set_info *info, const struct ipset *list)
{
	char req[MNL_NLMSG_HDRLEN + 128] = { 0 };
	struct nlmsghdr *nlh = nfnl_put(req, NFNL_SUBSYS_IPSET, IPSET_CMD_LIST, NLM_F_ACK | NLM_F_DUMP, AF_INET);
	struct members members = { .n = 0 };
	enum tri m, found = NO;
	struct ipset set;
	unsigned int i;

	mnl_attr_put_u8(nlh, IPSET_ATTR_PROTOCOL, IPSET_PROTOCOL);
	mnl_attr_put_strz(nlh, IPSET_ATTR_SETNAME, list->name);
	if (nfnl_talk(nlh, on_members, &members) || members.too_many)
		return MAYBE;
	for (i = 0; i < members.n && found != YES; i++) {
		m = !ipset_header(members.name[i], &set) || strcmp(set.type, "list:set") == 0 ? MAYBE : set_has(w, info, &set);
		found = m == NO ? found : m;
	}
	return found;
}

/* How many parts has an element of this type: "hash:ip,port,ip"? */
static unsigned int parts_of(const char *type)
{
	unsigned int n = 1;

	for (; *type; type++)
		n += *type == ',';
	return n;
}

static enum tri set_has(const struct walk *w, const struct xt_set_info *info, struct ipset *set)
{
	char req[MNL_NLMSG_HDRLEN + 512] = { 0 }, *part, *save = NULL;
	bool hash = strncmp(set->type, "hash:", 5) == 0;
	struct nlmsghdr *nlh;
	struct nlattr *data;
	int i = 0, n_addrs = 0, err;

	/* ip_set_test() */
	if (set->family != AF_UNSPEC && set->family != w->family)
		return NO;
	if (!hash && strncmp(set->type, "bitmap:", 7) != 0)
		return MAYBE;
	if (info->dim < parts_of(set->type))
		return NO;
	/* ip_set_get_ip_port() */
	if (strcmp(set->type, "bitmap:port") == 0 && w->proto && w->proto != IPPROTO_TCP && w->proto != IPPROTO_UDP)
		return NO;
	nlh = ipset_put(req, IPSET_CMD_TEST, w->family);
	mnl_attr_put_strz(nlh, IPSET_ATTR_SETNAME, set->name);
	data = mnl_attr_nest_start(nlh, IPSET_ATTR_DATA);
	for (part = strtok_r(strchr(set->type, ':') + 1, ",", &save); part; part = strtok_r(NULL, ",", &save))
		if (!put_part(nlh, w, part, info->flags & IPSET_DIM_ONE_SRC << i++, hash, &n_addrs))
			return MAYBE;
	mnl_attr_nest_end(nlh, data);
	err = nfnl_talk(nlh, no_answer, NULL);
	/* ENOTEMPTY: an exception ("nomatch") from a larger network */
	return !err ? YES : err == -IPSET_ERR_EXIST || err == -ENOTEMPTY ? NO : MAYBE;
}

enum tri ipset_has(const struct walk *w, const void *match)
{
	const struct xt_set_info *info = match;
	struct ipset set;

	if (!find_ipset(info->index, &set))
		return MAYBE;
	/* Of a list any member may have been changed */
	if (strcmp(set.type, "list:set") == 0)
		return set_since(w, ~0ull, list_has(w, info, &set));
	return set_since(w, set_bit((const char *)&info->index, sizeof(info->index)), set_has(w, info, &set));
}
