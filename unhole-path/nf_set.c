// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets: the kernel is asked for one element, which is quick in sets of any size and
 * changes nothing. Of nf_tables NFT_MSG_GETSETELEM; of ipset IPSET_CMD_TEST.
 */
#include "nf_netlink.h"
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/xt_set.h>
#include <string.h>

#define MAX_ATTR 24
#define index_attrs(nest, tb) nf_index_attrs(nest, tb, ARRAY_SIZE(tb))
/* Since 5.13; the element that stands for all others */
#define ELEM_CATCHALL 2

static void put_name(struct nlmsghdr *nlh, int type, const char *name, size_t len)
{
	char buf[NFT_NAME_MAXLEN];

	snprintf(buf, sizeof(buf), "%.*s", (int)len, name);
	mnl_attr_put_strz(nlh, type, buf);
}

/* --- nf_tables ------------------------------------------------------------------------ */

static int on_set(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == NFTA_SET_KEY_LEN)
			*(uint32_t *)arg = nf_be32(a);
	return MNL_CB_OK;
}

static uint32_t key_len(const struct nf_chain *c, const char *name, size_t name_len)
{
	char req[MNL_NLMSG_HDRLEN + 2 * NFT_NAME_MAXLEN + 64] = { 0 };
	struct nlmsghdr *nlh = nfnl_put(req, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETSET, NLM_F_ACK, c->family);
	uint32_t len = 0;

	put_name(nlh, NFTA_SET_TABLE, c->table, strlen(c->table));
	put_name(nlh, NFTA_SET_NAME, name, name_len);
	return nfnl_talk(nlh, on_set, &len) ? 0 : len;
}

struct answer {
	const struct nf_chain *chain;
	struct nf_elem *elem;
	bool found;
};

static void element(struct answer *to, const struct nlattr *e)
{
	const struct nlattr *el[MAX_ATTR], *data[MAX_ATTR], *v[MAX_ATTR];
	struct nf_elem *elem = to->elem;
	uint32_t code;

	index_attrs(e, el);
	index_attrs(el[NFTA_SET_ELEM_DATA], data);
	to->found = true;
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

static int on_elem(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *a, *e;

	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == NFTA_SET_ELEM_LIST_ELEMENTS)
			mnl_attr_for_each_nested(e, a)
				element(arg, e);
	return MNL_CB_OK;
}

/* key: NULL for the element that stands for all others */
static int ask_elem(struct answer *to, const char *name, size_t name_len, const uint8_t *key, uint32_t len)
{
	const struct nf_chain *c = to->chain;
	char req[MNL_NLMSG_HDRLEN + 2 * NFT_NAME_MAXLEN + 256] = { 0 };
	struct nlmsghdr *nlh = nfnl_put(req, NFNL_SUBSYS_NFTABLES, NFT_MSG_GETSETELEM, NLM_F_ACK, c->family);
	struct nlattr *list, *elem, *value;

	put_name(nlh, NFTA_SET_ELEM_LIST_TABLE, c->table, strlen(c->table));
	put_name(nlh, NFTA_SET_ELEM_LIST_SET, name, name_len);
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

enum tri nft_set_has(const struct nf_chain *c, const char *name, size_t name_len, const uint8_t *key,
		     const uint8_t *known, size_t room, struct nf_elem *elem)
{
	uint32_t len = key_len(c, name, name_len), i;
	struct answer to = { .chain = c, .elem = elem };
	int err;

	memset(elem, 0, sizeof(*elem));
	if (!len || len > room)
		return MAYBE;
	for (i = 0; i < len; i++)
		if (known[i] != 0xff)
			return MAYBE;
	err = ask_elem(&to, name, name_len, key, len);
	if (err == -ENOENT)
		err = ask_elem(&to, name, name_len, NULL, 0);
	/* Kernels that know no such element say that it wants a key */
	if (err == -ENOENT || err == -EINVAL)
		return NO;
	return !err && to.found ? YES : MAYBE;
}

/* --- ipset ------------------------------------------------------------------------------ */

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

static bool find_ipset(uint16_t index, struct ipset *to)
{
	char req[MNL_NLMSG_HDRLEN + 128] = { 0 };
	struct nlmsghdr *nlh = ipset_put(req, IPSET_CMD_GET_BYINDEX, AF_INET);

	memset(to, 0, sizeof(*to));
	mnl_attr_put_u16(nlh, IPSET_ATTR_INDEX | NLA_F_NET_BYTEORDER, htons(index));
	if (nfnl_talk(nlh, on_ipset, to))
		return false;
	memset(req, 0, sizeof(req));
	nlh = ipset_put(req, IPSET_CMD_HEADER, AF_INET);
	mnl_attr_put_strz(nlh, IPSET_ATTR_SETNAME, to->name);
	return !nfnl_talk(nlh, on_ipset, to);
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

	if (!port || (w->proto != IPPROTO_TCP && w->proto != IPPROTO_UDP && w->proto != IPPROTO_SCTP))
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

enum tri ipset_has(const struct walk *w, const void *match)
{
	const struct xt_set_info *info = match;
	char req[MNL_NLMSG_HDRLEN + 512] = { 0 }, *part, *save = NULL;
	struct nlmsghdr *nlh;
	struct nlattr *data;
	struct ipset set;
	int i = 0, n_addrs = 0, err;
	bool hash;

	if (!find_ipset(info->index, &set))
		return MAYBE;
	if (set.family != AF_UNSPEC && set.family != w->family)
		return NO;
	hash = strncmp(set.type, "hash:", 5) == 0;
	if (!hash && strncmp(set.type, "bitmap:", 7) != 0)
		return MAYBE;
	nlh = ipset_put(req, IPSET_CMD_TEST, w->family);
	mnl_attr_put_strz(nlh, IPSET_ATTR_SETNAME, set.name);
	data = mnl_attr_nest_start(nlh, IPSET_ATTR_DATA);
	for (part = strtok_r(strchr(set.type, ':') + 1, ",", &save); part; part = strtok_r(NULL, ",", &save)) {
		if (i == info->dim || !put_part(nlh, w, part, info->flags & IPSET_DIM_ONE_SRC << i, hash, &n_addrs))
			return MAYBE;
		i++;
	}
	mnl_attr_nest_end(nlh, data);
	err = nfnl_talk(nlh, no_answer, NULL);
	/* ENOTEMPTY: an exception ("nomatch") from a larger network */
	return !err ? YES : err == -IPSET_ERR_EXIST || err == -ENOTEMPTY ? NO : MAYBE;
}
