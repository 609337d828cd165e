// SPDX-License-Identifier: GPL-2.0-only
/*
 * nf_tables: tables, chains and rules, as nfnetlink dumps them; expressions into steps.
 * Numbers in attributes are in network order, registers hold data as the packet has it.
 */
#include "nf_netlink.h"
#include "box.h"
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_hook.h>
#include <linux/netfilter_ipv4.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

/* What a newer kernel calls a device's prefix in NFTA_HOOK_DEVS */
#define DEVICE_PREFIX 2

/* Tables whose chains are not hooked in */
struct dormant {
	int family;
	const char *table;
};

static struct nf_chain **chains;	/* in the order of the dump */
static struct nf_chain **by_name;	/* sorted */
static struct dormant *dormant;
static size_t n_chains, n_dormant;
static bool done;

/* --- the wire ----------------------------------------------------------------------- */

static struct mnl_socket *nfnl;

static int nfnl_open(void)
{
	if (nfnl)
		return 0;
	nfnl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (nfnl && mnl_socket_bind(nfnl, 0, MNL_SOCKET_AUTOPID) < 0)
		nfnl_close();
	return nfnl ? 0 : -errno;
}

void nfnl_close(void)
{
	int err = errno;

	if (nfnl)
		mnl_socket_close(nfnl);
	nfnl = NULL;
	errno = err;
}

struct nlmsghdr *nfnl_put(char *buf, int subsys, int msg, int flags, int family)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g;

	nlh->nlmsg_type = subsys << 8 | msg;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
	g->nfgen_family = family;
	g->version = NFNETLINK_V0;
	return nlh;
}

int nfnl_talk(struct nlmsghdr *nlh, int (*fn)(const struct nlmsghdr *nlh, void *arg), void *arg)
{
	int err = nfnl_open();

	if (!err)
		err = netlink_talk(nfnl, nlh, fn, arg);
	/* The rest of a dump that has been interrupted is still to come */
	if (err == -EINTR)
		nfnl_close();
	return err;
}

/* --- attributes ----------------------------------------------------------------------- */

/* What mnl_attr_for_each_nested() does, by hand: of a large ruleset it is most of the time. */
void nf_index_attrs(const struct nlattr *nest, const struct nlattr **tb, size_t n)
{
	const struct nlattr *a;
	size_t left, room;

	memset(tb, 0, n * sizeof(*tb));
	if (!nest || nest->nla_len < NLA_HDRLEN)
		return;
	left = nest->nla_len - NLA_HDRLEN;
	for (a = (const void *)((const char *)nest + NLA_HDRLEN);
	     left >= sizeof(*a) && a->nla_len >= sizeof(*a) && a->nla_len <= left;
	     a = (const void *)((const char *)a + NLA_ALIGN(a->nla_len))) {
		if ((a->nla_type & NLA_TYPE_MASK) < n)
			tb[a->nla_type & NLA_TYPE_MASK] = a;
		room = NLA_ALIGN(a->nla_len);
		if (left < room)
			break;
		left -= room;
	}
}

uint32_t nf_be32(const struct nlattr *a)
{
	return !a || mnl_attr_get_payload_len(a) < 4 ? 0 : ntohl(mnl_attr_get_u32(a));
}

static char *string(const struct nlattr *a)
{
	return must_have(a ? strndup(mnl_attr_get_payload(a), mnl_attr_get_payload_len(a)) : strdup(""));
}

static bool is_string(const struct nlattr *a, const char *s)
{
	size_t len = strlen(s), have = a ? mnl_attr_get_payload_len(a) : 0;
	const char *v = a ? mnl_attr_get_payload(a) : "";

	if (have && !v[have - 1])
		have--;
	return a && have == len && memcmp(v, s, len) == 0;
}

static const void *data_value(const struct nlattr *nest, size_t *len)
{
	const struct nlattr *tb[MAX_ATTR];

	index_attrs(nest, tb);
	if (!tb[NFTA_DATA_VALUE])
		return NULL;
	*len = mnl_attr_get_payload_len(tb[NFTA_DATA_VALUE]);
	return mnl_attr_get_payload(tb[NFTA_DATA_VALUE]);
}

/* --- chains and rules ------------------------------------------------------------------- */

static int on_table(const struct nlmsghdr *nlh, void *arg)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a, *name = NULL;
	uint32_t flags = 0;

	(void)arg;
	mnl_attr_for_each(a, nlh, sizeof(*g)) {
		if (mnl_attr_get_type(a) == NFTA_TABLE_NAME)
			name = a;
		else if (mnl_attr_get_type(a) == NFTA_TABLE_FLAGS)
			flags = nf_be32(a);
	}
	if (flags & NFT_TABLE_F_DORMANT) {
		struct dormant *d = one_more(&dormant, &n_dormant, sizeof(*d));

		*d = (struct dormant){ g->nfgen_family, string(name) };
	}
	return MNL_CB_OK;
}

/* Names, each with a 0 behind it. A prefix has a "+", as iptables writes it. */
static void add_dev(struct nf_chain *c, const struct nlattr *a, bool prefix)
{
	size_t had = 0, len = mnl_attr_get_payload_len(a);
	const char *name = mnl_attr_get_payload(a);
	char *to;

	while (c->devs && c->devs[had])
		had += strlen(c->devs + had) + 1;
	while (len && !name[len - 1])
		len--;
	to = realloc(c->devs, had + len + 3);
	if (!to)
		return;
	c->devs = to;
	memcpy(to + had, name, len);
	if (prefix)
		to[had + len++] = '+';
	to[had + len] = to[had + len + 1] = 0;
}

static void add_devs(struct nf_chain *c, const struct nlattr *list)
{
	const struct nlattr *d;

	mnl_attr_for_each_nested(d, list) {
		add_dev(c, d, mnl_attr_get_type(d) == DEVICE_PREFIX);
	}
}

static void hooked(struct nf_chain *c, const struct nlattr *hook)
{
	const struct nlattr *b;
	uint32_t num = 0;

	c->base = true;
	mnl_attr_for_each_nested(b, hook) {
		switch (mnl_attr_get_type(b)) {
		case NFTA_HOOK_HOOKNUM:
			num = nf_be32(b);
			break;
		case NFTA_HOOK_PRIORITY:
			c->prio = nf_be32(b);
			break;
		case NFTA_HOOK_DEV:
			add_dev(c, b, false);
			break;
		case NFTA_HOOK_DEVS:
			add_devs(c, b);
			break;
		}
	}
	/* Those of a device have numbers of their own */
	if (c->family == NFPROTO_NETDEV)
		c->hook = num ? HOOK_EGRESS : HOOK_INGRESS;
	else
		c->hook = num <= HOOK_INGRESS ? (enum hook)num : HOOK_INGRESS;
}

static int on_chain(const struct nlmsghdr *nlh, void *arg)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a, *hook = NULL, *type = NULL;
	struct nf_chain *c = must_have(calloc(1, sizeof(*c)));
	size_t i;

	(void)arg;
	*(struct nf_chain **)one_more(&chains, &n_chains, sizeof(*chains)) = c;
	c->family = g->nfgen_family;
	c->policy = NF_ACCEPT;
	mnl_attr_for_each(a, nlh, sizeof(*g)) {
		switch (mnl_attr_get_type(a)) {
		case NFTA_CHAIN_TABLE:
			c->table = string(a);
			break;
		case NFTA_CHAIN_NAME:
			c->name = string(a);
			break;
		case NFTA_CHAIN_TYPE:
			type = a;
			break;
		case NFTA_CHAIN_POLICY:
			c->policy = nf_be32(a);
			break;
		case NFTA_CHAIN_HOOK:
			hook = a;
			break;
		}
	}
	if (!c->table)
		c->table = string(NULL);
	if (!c->name)
		c->name = string(NULL);
	if (hook)
		hooked(c, hook);
	c->is_nat = is_string(type, "nat");
	c->routes = is_string(type, "route");
	for (i = 0; i < n_dormant; i++)
		if (dormant[i].family == c->family && strcmp(dormant[i].table, c->table) == 0)
			c->base = false;
	return MNL_CB_OK;
}

static int compare_names(int family, const char *table, const char *name, const struct nf_chain *c)
{
	int d = family - c->family;

	if (!d)
		d = strcmp(table, c->table);
	return d ? d : strcmp(name, c->name);
}

static int by_names(const void *a, const void *b)
{
	const struct nf_chain *x = *(struct nf_chain *const *)a;

	return compare_names(x->family, x->table, x->name, *(struct nf_chain *const *)b);
}

static struct nf_chain *find(int family, const char *table, const char *name)
{
	size_t low = 0, high = n_chains;

	while (by_name && low < high) {
		size_t mid = (low + high) / 2;
		int d = compare_names(family, table, name, by_name[mid]);

		if (!d)
			return by_name[mid];
		if (d > 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

const struct nf_chain *nft_chain_find(int family, const char *table, const char *name, size_t name_len)
{
	const struct nf_chain *c;
	char *copy = strndup(name, name_len);

	c = copy ? find(family, table, copy) : NULL;
	free(copy);
	return c;
}

static int on_rule(const struct nlmsghdr *nlh, void *arg)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a, *table = NULL, *chain = NULL, *exprs = NULL;
	struct nf_chain **last = arg, *c = *last;
	struct nf_rule *r;
	void *raw = NULL;

	mnl_attr_for_each(a, nlh, sizeof(*g)) {
		switch (mnl_attr_get_type(a)) {
		case NFTA_RULE_TABLE:
			table = a;
			break;
		case NFTA_RULE_CHAIN:
			chain = a;
			break;
		case NFTA_RULE_EXPRESSIONS:
			exprs = a;
			break;
		}
	}
	/* As a rule it is the last one's chain */
	if (!c || c->family != g->nfgen_family || !is_string(table, c->table) || !is_string(chain, c->name)) {
		char *t = string(table), *n = string(chain);

		c = *last = find(g->nfgen_family, t, n);
		free(t);
		free(n);
	}
	/* Chains have changed since they were read */
	if (!c) {
		errno = EINTR;
		return MNL_CB_ERROR;
	}
	if (exprs) {
		raw = must_have(malloc(exprs->nla_len));
		memcpy(raw, exprs, exprs->nla_len);
	}
	r = one_more(&c->rules, &c->n_rules, sizeof(*r));
	r->raw = raw;
	r->no = c->n_rules;
	return MNL_CB_OK;
}

static int on_generation(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == NFTA_GEN_ID)
			*(uint32_t *)arg = nf_be32(a);
	return MNL_CB_OK;
}

static int ask(int msg, int flags, int (*fn)(const struct nlmsghdr *nlh, void *arg), void *arg)
{
	char req[MNL_NLMSG_HDRLEN + 64] = { 0 };

	return nfnl_talk(nfnl_put(req, NFNL_SUBSYS_NFTABLES, msg, flags, AF_UNSPEC), fn, arg);
}

/* All families at once. A part of the rules is worse than none. */
static int read_once(void)
{
	uint32_t before = 0, after = 0;
	struct nf_chain *last = NULL;
	int err;

	err = ask(NFT_MSG_GETGEN, NLM_F_ACK, on_generation, &before);
	if (!err)
		err = ask(NFT_MSG_GETTABLE, NLM_F_DUMP, on_table, NULL);
	if (!err)
		err = ask(NFT_MSG_GETCHAIN, NLM_F_DUMP, on_chain, NULL);
	if (!err && n_chains) {
		by_name = malloc(n_chains * sizeof(*by_name));
		if (!by_name)
			return -ENOMEM;
		memcpy(by_name, chains, n_chains * sizeof(*by_name));
		qsort(by_name, n_chains, sizeof(*by_name), by_names);
		err = ask(NFT_MSG_GETRULE, NLM_F_DUMP, on_rule, &last);
	}
	if (!err)
		err = ask(NFT_MSG_GETGEN, NLM_F_ACK, on_generation, &after);
	return !err && before != after ? -EINTR : err;
}

static void list_chains(void)
{
	size_t i;
	int f;

	for (i = 0; i < n_chains; i++)
		if (chains[i]->family == NFPROTO_BRIDGE)
			*(struct nf_chain **)one_more(&nf_bridge_chains.chain, &nf_bridge_chains.n,
						      sizeof(*nf_bridge_chains.chain)) = chains[i];

	for (f = 0; f < 2; f++)
		for (i = 0; i < n_chains; i++) {
			struct nf_chain *c = chains[i];
			struct nf_chains *list = &nf_chains[f];

			if (c->family != NFPROTO_INET && c->family != NFPROTO_NETDEV &&
			    c->family != (f ? NFPROTO_IPV6 : NFPROTO_IPV4))
				continue;
			*(struct nf_chain **)one_more(&list->chain, &list->n, sizeof(*list->chain)) = c;
		}
}

static void forget(void)
{
	size_t i, j;

	for (i = 0; i < n_chains; i++) {
		struct nf_chain *c = chains[i];

		for (j = 0; j < c->n_rules; j++)
			free((void *)c->rules[j].raw);
		free(c->rules);
		free(c->devs);
		free((void *)c->table);
		free((void *)c->name);
		free(c);
	}
	for (i = 0; i < n_dormant; i++)
		free((void *)dormant[i].table);
	free(chains);
	free(by_name);
	free(dormant);
	chains = by_name = NULL;
	dormant = NULL;
	n_chains = n_dormant = 0;
}

int nft_read(void)
{
	int err, tries = 0;

	if (done || !is_present("nf_tables"))
		return 0;
	/* EINTR: the rules have changed in between */
	do {
		err = read_once();
		if (err)
			forget();
	} while (err == -EINTR && again(&tries));
	/* No nf_tables in this kernel: no rules of it either */
	if (err == -EINVAL || err == -EOPNOTSUPP || err == -EPROTONOSUPPORT)
		err = 0;
	if (!err)
		list_chains();
	done = !err;
	return err;
}

void nft_free(void)
{
	forget();
	nfnl_close();
	done = false;
}

/* --- expressions ------------------------------------------------------------------------ */

/* A register's place among 64 bytes; NF_NO_REG: there is none. */
static uint8_t reg(const struct nlattr *a)
{
	uint32_t r = nf_be32(a);

	if (r >= NFT_REG_1 && r <= NFT_REG_4)
		return (r - NFT_REG_1) * 16;
	if (r >= NFT_REG32_00 && r <= NFT_REG32_15)
		return (r - NFT_REG32_00) * 4;
	return NF_NO_REG;
}

static void unknown_of(struct nf_code *code, const char *name, size_t len)
{
	struct nf_step *s = nf_step(code, NF_MAYBE);

	s->name = name;
	s->name_len = strnlen(name, len);
}

static void unknown(struct nf_code *code, const char *name)
{
	unknown_of(code, name, strlen(name));
}

static struct nf_step *load(struct nf_code *code, enum nf_field field, const struct nlattr *dreg, uint8_t len)
{
	struct nf_step *s = nf_step(code, NF_LOAD);

	s->field = field;
	s->reg = reg(dreg);
	s->len = len;
	return s;
}

static const struct { enum nf_field field; uint8_t len; } metas[] = {
	[NFT_META_PROTOCOL] = { F_PROTOCOL, 2 }, [NFT_META_MARK] = { F_MARK, 4 },
	[NFT_META_IIF] = { F_IIF, 4 }, [NFT_META_OIF] = { F_OIF, 4 },
	[NFT_META_IIFNAME] = { F_IIFNAME, 16 }, [NFT_META_OIFNAME] = { F_OIFNAME, 16 },
	[NFT_META_SKUID] = { F_UID, 4 }, [NFT_META_NFPROTO] = { F_NFPROTO, 1 },
	[NFT_META_L4PROTO] = { F_L4PROTO, 1 }, [NFT_META_PKTTYPE] = { F_PKTTYPE, 1 },
	[NFT_META_IIFGROUP] = { F_IIFGROUP, 4 }, [NFT_META_OIFGROUP] = { F_OIFGROUP, 4 },
	[NFT_META_SECPATH] = { F_ZERO, 1 }, [NFT_META_IIFKIND] = { F_IIFKIND, 16 },
	[NFT_META_OIFKIND] = { F_OIFKIND, 16 }, [NFT_META_SKGID] = { F_SOCKET, 4 }, [NFT_META_CGROUP] = { F_SOCKET, 4 },
};

static void meta(struct nf_code *code, const struct nlattr **tb)
{
	uint32_t key = nf_be32(tb[NFTA_META_KEY]);

	if (tb[NFTA_META_SREG]) {
		if (key == NFT_META_MARK)
			nf_step(code, NF_SET_MARK)->sreg = reg(tb[NFTA_META_SREG]);
		return;
	}
	if (key < ARRAY_SIZE(metas) && metas[key].field)
		load(code, metas[key].field, tb[NFTA_META_DREG], metas[key].len);
	else
		load(code, F_UNKNOWN, tb[NFTA_META_DREG], 16);
}

static void payload(struct nf_code *code, const struct nlattr **tb)
{
	uint32_t base = nf_be32(tb[NFTA_PAYLOAD_BASE]), len = nf_be32(tb[NFTA_PAYLOAD_LEN]);
	enum nf_field field = base == NFT_PAYLOAD_NETWORK_HEADER ? F_NETWORK :
			      base == NFT_PAYLOAD_TRANSPORT_HEADER ? F_TRANSPORT : F_UNKNOWN;
	struct nf_step *s;

	len = len > 64 ? 64 : len;
	if (tb[NFTA_PAYLOAD_SREG]) {
		s = nf_step(code, NF_SET_HEADER);
		s->field = field;
		s->sreg = reg(tb[NFTA_PAYLOAD_SREG]);
		s->len = len;
	} else {
		s = load(code, field, tb[NFTA_PAYLOAD_DREG], len);
	}
	s->off = nf_be32(tb[NFTA_PAYLOAD_OFFSET]);
}

static void bitwise(struct nf_code *code, const struct nlattr **tb)
{
	uint32_t op = nf_be32(tb[NFTA_BITWISE_OP]), len = nf_be32(tb[NFTA_BITWISE_LEN]);
	size_t al = 0, bl = 0;
	const void *a = data_value(tb[NFTA_BITWISE_MASK], &al), *b = data_value(tb[NFTA_BITWISE_XOR], &bl);
	struct nf_step *s;

	if (op == NFT_BITWISE_BOOL && a && b && len <= al && len <= bl && len <= 64) {
		s = nf_step(code, NF_BITWISE);
		s->a = a;
		s->b = b;
	} else if (op == NFT_BITWISE_LSHIFT || op == NFT_BITWISE_RSHIFT) {
		size_t dl = 0;
		const void *d = data_value(tb[NFTA_BITWISE_DATA], &dl);
		uint32_t by = 32;

		if (d && dl >= sizeof(by))
			memcpy(&by, d, sizeof(by));
		s = nf_step(code, by < 32 && len <= 4 ? NF_SHIFT : NF_FORGET);
		s->arg = by;
		s->off = op == NFT_BITWISE_RSHIFT;
	} else {
		s = nf_step(code, NF_FORGET);
	}
	s->sreg = reg(tb[NFTA_BITWISE_SREG]);
	s->reg = reg(tb[NFTA_BITWISE_DREG]);
	s->len = len > 64 ? 64 : len;
}

static void byteorder(struct nf_code *code, const struct nlattr **tb)
{
	uint32_t len = nf_be32(tb[NFTA_BYTEORDER_LEN]);
	struct nf_step *s = nf_step(code, NF_SWAP);

	s->sreg = reg(tb[NFTA_BYTEORDER_SREG]);
	s->reg = reg(tb[NFTA_BYTEORDER_DREG]);
	s->off = nf_be32(tb[NFTA_BYTEORDER_SIZE]);
	s->len = len > 64 ? 64 : len;
}

static void cmp(struct nf_code *code, const struct nlattr **tb)
{
	size_t len = 0;
	const void *v = data_value(tb[NFTA_CMP_DATA], &len);
	struct nf_step *s;

	if (!v || len > 64)
		return unknown(code, "cmp");
	s = nf_step(code, NF_CMP);
	s->sreg = reg(tb[NFTA_CMP_SREG]);
	s->len = len;
	s->arg = nf_be32(tb[NFTA_CMP_OP]);
	s->a = v;
}

static void range(struct nf_code *code, const struct nlattr **tb)
{
	size_t fl = 0, tl = 0;
	const void *from = data_value(tb[NFTA_RANGE_FROM_DATA], &fl), *to = data_value(tb[NFTA_RANGE_TO_DATA], &tl);
	struct nf_step *s;

	if (!from || !to || fl != tl || fl > 64)
		return unknown(code, "range");
	s = nf_step(code, NF_RANGE);
	s->sreg = reg(tb[NFTA_RANGE_SREG]);
	s->len = fl;
	s->a = from;
	s->b = to;
	s->invert = nf_be32(tb[NFTA_RANGE_OP]) == NFT_RANGE_NEQ;
}

static void lookup(struct nf_code *code, const struct nlattr **tb)
{
	bool map = tb[NFTA_LOOKUP_DREG], verdict = map && nf_be32(tb[NFTA_LOOKUP_DREG]) == NFT_REG_VERDICT;
	struct nf_step *s;

	if (!tb[NFTA_LOOKUP_SET])
		return unknown(code, "lookup");
	s = nf_step(code, verdict ? NF_VMAP : NF_LOOKUP);
	s->sreg = reg(tb[NFTA_LOOKUP_SREG]);
	s->reg = map && !verdict ? reg(tb[NFTA_LOOKUP_DREG]) : NF_NO_REG;
	s->name = mnl_attr_get_payload(tb[NFTA_LOOKUP_SET]);
	s->name_len = strnlen(s->name, mnl_attr_get_payload_len(tb[NFTA_LOOKUP_SET]));
	s->invert = nf_be32(tb[NFTA_LOOKUP_FLAGS]) & NFT_LOOKUP_F_INV;
}

static void immediate(struct nf_code *code, const struct nf_chain *c, const struct nlattr **tb)
{
	const struct nlattr *d[MAX_ATTR], *v[MAX_ATTR];
	struct nf_step *s;
	size_t len = 0;

	index_attrs(tb[NFTA_IMMEDIATE_DATA], d);
	if (nf_be32(tb[NFTA_IMMEDIATE_DREG]) != NFT_REG_VERDICT) {
		const void *value = data_value(tb[NFTA_IMMEDIATE_DATA], &len);

		s = nf_step(code, value && len <= 64 ? NF_CONST : NF_FORGET);
		s->reg = reg(tb[NFTA_IMMEDIATE_DREG]);
		s->len = value && len <= 64 ? len : 16;
		s->a = value;
		return;
	}
	index_attrs(d[NFTA_DATA_VERDICT], v);
	s = nf_step(code, NF_VERDICT);
	nf_verdict(c, v, &s->arg, &s->to);
}

/* What a verdict's attributes say; a chain that is not there is anybody's guess. */
void nf_verdict(const struct nf_chain *c, const struct nlattr **tb, uint32_t *code, const struct nf_chain **to)
{
	const struct nlattr *name = tb[NFTA_VERDICT_CHAIN];

	*code = nf_be32(tb[NFTA_VERDICT_CODE]);
	*to = NULL;
	if ((int)*code != NFT_JUMP && (int)*code != NFT_GOTO)
		return;
	if (name)
		*to = nft_chain_find(c->family, c->table, mnl_attr_get_payload(name),
				     strnlen(mnl_attr_get_payload(name), mnl_attr_get_payload_len(name)));
	if (!*to)
		*code = NF_QUEUE;
}

/* Is it of the kind that both families have? The deprecated ones are the packet's own. */
static enum nf_field ct_field(uint32_t key, const struct nlattr *direction)
{
	if (direction && *(const uint8_t *)mnl_attr_get_payload(direction) != 0)
		return F_CT_OTHER;
	switch (key) {
	case NFT_CT_STATE:
		return F_CT_STATE;
	case NFT_CT_MARK:
		return F_CT_MARK;
	case NFT_CT_STATUS:
		return F_CT_STATUS;
	case NFT_CT_SRC:
	case NFT_CT_SRC_IP:
	case NFT_CT_SRC_IP6:
		return F_CT_SRC;
	case NFT_CT_DST:
	case NFT_CT_DST_IP:
	case NFT_CT_DST_IP6:
		return F_CT_DST;
	case NFT_CT_PROTO_SRC:
		return F_CT_SPORT;
	case NFT_CT_PROTO_DST:
		return F_CT_DPORT;
	case NFT_CT_PROTOCOL:
		return F_CT_L4PROTO;
	case NFT_CT_L3PROTOCOL:
		return F_CT_L3PROTO;
	case NFT_CT_HELPER:
		return F_CT_HELPER;
	}
	return F_CT_OTHER;
}

/* The zone of the connection that it is to have; that of one direction is another one. */
static void set_zone(struct nf_code *code, const struct nlattr **tb)
{
	struct nf_step *s = nf_step(code, NF_SET_CT);

	s->arg = CT_TEMPLATE;
	s->sreg = reg(tb[NFTA_CT_SREG]);
	s->len = sizeof(uint16_t);
	if (tb[NFTA_CT_DIRECTION])
		s->off = (1 + mnl_attr_get_u8(tb[NFTA_CT_DIRECTION])) << 18;
}

static void ct(struct nf_code *code, const struct nlattr **tb)
{
	uint32_t key = nf_be32(tb[NFTA_CT_KEY]);
	enum nf_field field;
	uint8_t len = 16;

	if (tb[NFTA_CT_SREG]) {
		if (key == NFT_CT_MARK)
			nf_step(code, NF_SET_CTMARK)->sreg = reg(tb[NFTA_CT_SREG]);
		else if (key == NFT_CT_ZONE)
			set_zone(code, tb);
		return;
	}
	if (key == NFT_CT_DIRECTION) {
		load(code, F_CT_DIR, tb[NFTA_CT_DREG], 1);
		return;
	}
	field = ct_field(key, tb[NFTA_CT_DIRECTION]);
	if (field == F_CT_STATE || field == F_CT_MARK || field == F_CT_STATUS || key == NFT_CT_SRC_IP || key == NFT_CT_DST_IP)
		len = 4;
	else if (field == F_CT_SPORT || field == F_CT_DPORT)
		len = 2;
	else if (field == F_CT_L4PROTO || field == F_CT_L3PROTO)
		len = 1;
	load(code, field, tb[NFTA_CT_DREG], len);
}

static void fib(struct nf_code *code, const struct nlattr **tb)
{
	uint32_t flags = nf_be32(tb[NFTA_FIB_FLAGS]), result = nf_be32(tb[NFTA_FIB_RESULT]);
	bool present = flags & NFTA_FIB_F_PRESENT;
	uint32_t how = flags & NFTA_FIB_F_MARK ? RPF_MARK : 0;
	const struct nlattr *dreg = tb[NFTA_FIB_DREG];

	flags &= ~NFTA_FIB_F_PRESENT;
	if (result == NFT_FIB_RESULT_ADDRTYPE)
		load(code, F_ADDRTYPE, dreg, 4)->off = (flags & NFTA_FIB_F_DADDR ? TYPE_DST : 0) |
			(flags & NFTA_FIB_F_IIF ? TYPE_IIF : 0) | (flags & NFTA_FIB_F_OIF ? TYPE_OIF : 0) |
			(flags & NFTA_FIB_F_MARK ? TYPE_MARK : 0);
	else if (result == NFT_FIB_RESULT_OIF && (flags & ~NFTA_FIB_F_MARK) == (NFTA_FIB_F_SADDR | NFTA_FIB_F_IIF))
		load(code, F_RPF, dreg, present ? 1 : 4)->off = how | (present ? RPF_PRESENT : 0);
	else if (result == NFT_FIB_RESULT_OIF && present && (flags & ~NFTA_FIB_F_MARK) == NFTA_FIB_F_SADDR)
		load(code, F_RPF, dreg, 1)->off = how | RPF_PRESENT | RPF_LOOSE;
	else
		load(code, F_UNKNOWN, dreg, 16);
}

static void nat(struct nf_code *code, const struct nlattr **tb)
{
	uint32_t flags = nf_be32(tb[NFTA_NAT_FLAGS]);
	struct nf_step *s = nf_step(code, NF_NAT);

	s->nat.kind = nf_be32(tb[NFTA_NAT_TYPE]) == NFT_NAT_DNAT ? NAT_DNAT : NAT_SNAT;
	s->nat.family = nf_be32(tb[NFTA_NAT_FAMILY]);
	s->nat.min = tb[NFTA_NAT_REG_ADDR_MIN] ? reg(tb[NFTA_NAT_REG_ADDR_MIN]) : -1;
	s->nat.max = tb[NFTA_NAT_REG_ADDR_MAX] ? reg(tb[NFTA_NAT_REG_ADDR_MAX]) : s->nat.min;
	s->nat.port = tb[NFTA_NAT_REG_PROTO_MIN] ? reg(tb[NFTA_NAT_REG_PROTO_MIN]) : -1;
	s->nat.port_max = tb[NFTA_NAT_REG_PROTO_MAX] ? reg(tb[NFTA_NAT_REG_PROTO_MAX]) : s->nat.port;
	s->nat.netmap = flags & NF_NAT_RANGE_NETMAP;
	s->nat.random = flags & (NF_NAT_RANGE_PROTO_RANDOM | NF_NAT_RANGE_PROTO_RANDOM_FULLY);
}

static void nat_here(struct nf_code *code, enum nat_kind kind, const struct nlattr *port, const struct nlattr *port_max,
		     const struct nlattr *flag_attr)
{
	struct nf_step *s = nf_step(code, NF_NAT);

	s->nat.kind = kind;
	s->nat.family = NFPROTO_INET;
	s->nat.min = s->nat.max = -1;
	s->nat.port = port ? reg(port) : -1;
	s->nat.port_max = port_max ? reg(port_max) : s->nat.port;
	s->nat.random = nf_be32(flag_attr) & (NF_NAT_RANGE_PROTO_RANDOM | NF_NAT_RANGE_PROTO_RANDOM_FULLY);
}

/* A match or a target of x_tables */
static void compat(struct nf_code *code, const struct nf_chain *c, const struct nlattr **tb, bool match)
{
	const struct nlattr *name = tb[match ? (int)NFTA_MATCH_NAME : (int)NFTA_TARGET_NAME];
	const struct nlattr *info = tb[match ? (int)NFTA_MATCH_INFO : (int)NFTA_TARGET_INFO];
	int rev = nf_be32(tb[match ? (int)NFTA_MATCH_REV : (int)NFTA_TARGET_REV]);
	int family = c->family == NFPROTO_IPV6 ? AF_INET6 : AF_INET;
	size_t len = info ? mnl_attr_get_payload_len(info) : 0;
	char *n;

	if (!name || !info || len > NF_SCRATCH / 2 || (c->family != NFPROTO_IPV4 && c->family != NFPROTO_IPV6))
		return unknown(code, match ? "match" : "target");
	n = string(name);
	(match ? xt_match : xt_target)(code, family, n, rev, nf_scratch(code, mnl_attr_get_payload(info), len), len);
	free(n);
}

/* A named object: what counts lets it pass, what limits may not. */
static void object(struct nf_code *code, const struct nlattr **tb)
{
	uint32_t type = tb[NFTA_OBJREF_IMM_TYPE] ? nf_be32(tb[NFTA_OBJREF_IMM_TYPE]) : NFT_OBJECT_LIMIT;

	if (type == NFT_OBJECT_LIMIT || type == NFT_OBJECT_QUOTA || type == NFT_OBJECT_CONNLIMIT)
		unknown(code, "a named object");
	else if (type == NFT_OBJECT_SYNPROXY)
		nf_step(code, NF_VERDICT)->arg = NF_QUEUE;
}

static void verdict(struct nf_code *code, uint32_t what)
{
	nf_step(code, NF_VERDICT)->arg = what;
}

static void forget_all(struct nf_code *code)
{
	nf_step(code, NF_FORGET)->len = 64;
}

/* One of so many numbers, from 0 */
static void numgen(struct nf_code *code, const struct nlattr **tb)
{
	struct nf_step *s = nf_step(code, NF_FORGET);

	s->reg = reg(tb[NFTA_NG_DREG]);
	s->len = 4;
	s->arg = tb[NFTA_NG_OFFSET] && nf_be32(tb[NFTA_NG_OFFSET]) ? 0 : nf_be32(tb[NFTA_NG_MODULUS]);
}

/* The same, of a hash */
static void hash(struct nf_code *code, const struct nlattr **tb)
{
	struct nf_step *s = nf_step(code, NF_FORGET);

	s->reg = reg(tb[NFTA_HASH_DREG]);
	s->len = 4;
	s->arg = tb[NFTA_HASH_OFFSET] && nf_be32(tb[NFTA_HASH_OFFSET]) ? 0 : nf_be32(tb[NFTA_HASH_MODULUS]);
}

static bool only_counts(const struct nlattr *nest)
{
	const struct nlattr *e[MAX_ATTR];

	index_attrs(nest, e);
	return is_string(e[NFTA_EXPR_NAME], "counter") || is_string(e[NFTA_EXPR_NAME], "last");
}

bool nf_only_counts(const struct nlattr *one, const struct nlattr *list)
{
	const struct nlattr *e;

	if (one && !only_counts(one))
		return false;
	if (list)
		mnl_attr_for_each_nested(e, list)
			if (!only_counts(e))
				return false;
	return true;
}

/* Options of IPv4, and extension headers of IPv6 that no protocol is; false: others */
static bool options(struct nf_code *code, const struct nlattr **tb)
{
	uint32_t op = tb[NFTA_EXTHDR_OP] ? nf_be32(tb[NFTA_EXTHDR_OP]) : NFT_EXTHDR_OP_IPV6;
	uint8_t type = tb[NFTA_EXTHDR_TYPE] ? mnl_attr_get_u8(tb[NFTA_EXTHDR_TYPE]) : 0;
	bool v6 = op == NFT_EXTHDR_OP_IPV6;
	struct nf_step *s;

	if (!tb[NFTA_EXTHDR_DREG] || (!v6 && op != NFT_EXTHDR_OP_IPV4) ||
	    (v6 && type != IPPROTO_HOPOPTS && type != IPPROTO_ROUTING && type != IPPROTO_FRAGMENT && type != IPPROTO_DSTOPTS))
		return false;
	s = load(code, F_OPTIONS, tb[NFTA_EXTHDR_DREG], 1);
	s->off = (v6 ? OPT_IPV6 : 0) | (nf_be32(tb[NFTA_EXTHDR_FLAGS]) & NFT_EXTHDR_F_PRESENT ? OPT_PRESENT : 0);
	return true;
}

static void dynset(struct nf_code *code, const struct nlattr **tb)
{
	uint32_t op = nf_be32(tb[NFTA_DYNSET_OP]);
	struct nf_step *s;

	if (tb[NFTA_DYNSET_SET_NAME]) {
		s = nf_step(code, NF_PUT);
		s->name = mnl_attr_get_payload(tb[NFTA_DYNSET_SET_NAME]);
		s->name_len = strnlen(s->name, mnl_attr_get_payload_len(tb[NFTA_DYNSET_SET_NAME]));
		s->arg = op == NFT_DYNSET_OP_ADD ? PUT_IN : op > NFT_DYNSET_OP_UPDATE ? TAKE_OUT :
			 tb[NFTA_DYNSET_SREG_DATA] ? CHANGE : PUT_IN;
	}
	/* A meter may be a limit; and an element that is not there cannot go */
	if (!nf_only_counts(tb[NFTA_DYNSET_EXPR], tb[NFTA_DYNSET_EXPRESSIONS]) ||
	    nf_be32(tb[NFTA_DYNSET_FLAGS]) & NFT_DYNSET_F_INV || op > NFT_DYNSET_OP_UPDATE)
		unknown(code, "a set that it is put into");
}

enum expr {
	E_META, E_PAYLOAD, E_BITWISE, E_BYTEORDER, E_CMP, E_RANGE, E_LOOKUP, E_IMMEDIATE, E_CT, E_FIB, E_NAT, E_MASQ,
	E_REDIR, E_MATCH, E_TARGET, E_OBJREF, E_REJECT, E_QUEUE, E_SYNPROXY, E_FWD, E_NOTRACK, E_FLOW, E_DYNSET,
	E_SOCKET, E_EXTHDR, E_XFRM, E_COUNTER, E_LOG, E_LAST, E_DUP,
	E_NUMGEN, E_HASH, E_RT, N_EXPRS
};

static const char *const exprs[N_EXPRS] = {
	[E_META] = "meta", [E_PAYLOAD] = "payload", [E_BITWISE] = "bitwise", [E_BYTEORDER] = "byteorder",
	[E_CMP] = "cmp", [E_RANGE] = "range", [E_LOOKUP] = "lookup", [E_IMMEDIATE] = "immediate", [E_CT] = "ct",
	[E_FIB] = "fib", [E_NAT] = "nat", [E_MASQ] = "masq", [E_REDIR] = "redir", [E_MATCH] = "match",
	[E_TARGET] = "target", [E_OBJREF] = "objref", [E_REJECT] = "reject", [E_QUEUE] = "queue",
	[E_SYNPROXY] = "synproxy", [E_FWD] = "fwd", [E_NOTRACK] = "notrack", [E_FLOW] = "flow_offload",
	[E_DYNSET] = "dynset", [E_SOCKET] = "socket", [E_EXTHDR] = "exthdr", [E_XFRM] = "xfrm",
	[E_COUNTER] = "counter", [E_LOG] = "log", [E_LAST] = "last", [E_DUP] = "dup",
	[E_NUMGEN] = "numgen", [E_HASH] = "hash", [E_RT] = "rt",
};

/* What says something of the way, and nothing of registers. */
static void statement(struct nf_code *code, int e, const struct nlattr **tb)
{
	switch (e) {
	case E_NAT:
		return nat(code, tb);
	case E_MASQ:
		return nat_here(code, NAT_MASQUERADE, tb[NFTA_MASQ_REG_PROTO_MIN], tb[NFTA_MASQ_REG_PROTO_MAX],
				tb[NFTA_MASQ_FLAGS]);
	case E_REDIR:
		return nat_here(code, NAT_REDIRECT, tb[NFTA_REDIR_REG_PROTO_MIN], tb[NFTA_REDIR_REG_PROTO_MAX],
				tb[NFTA_REDIR_FLAGS]);
	case E_REJECT:
		return verdict(code, NF_DROP);
	case E_QUEUE:
	case E_SYNPROXY:
	case E_FWD:
		return verdict(code, NF_QUEUE);
	case E_NOTRACK:
		nf_step(code, NF_SET_CT)->arg = CT_UNTRACKED;
		return;
	case E_FLOW:
		nf_step(code, NF_OFFLOAD);
		return;
	case E_DYNSET:
		return dynset(code, tb);
	case E_OBJREF:
		return object(code, tb);
	}
}

static void expression(struct nf_code *code, const struct nf_chain *c, const struct nlattr *name, int e,
		       const struct nlattr **tb)
{
	switch (e) {
	case E_META:
		return meta(code, tb);
	case E_PAYLOAD:
		return payload(code, tb);
	case E_BITWISE:
		return bitwise(code, tb);
	case E_BYTEORDER:
		return byteorder(code, tb);
	case E_CMP:
		return cmp(code, tb);
	case E_RANGE:
		return range(code, tb);
	case E_LOOKUP:
		return lookup(code, tb);
	case E_IMMEDIATE:
		return immediate(code, c, tb);
	case E_CT:
		return ct(code, tb);
	case E_FIB:
		return fib(code, tb);
	case E_MATCH:
	case E_TARGET:
		return compat(code, c, tb, e == E_MATCH);
	case E_SOCKET:
		nf_step(code, NF_SOCKET)->arg = true;
		return forget_all(code);
	case E_NUMGEN:
		return numgen(code, tb);
	case E_HASH:
		return hash(code, tb);
	case E_RT:
		/* It only loads a register */
		return forget_all(code);
	case E_EXTHDR:
		/* What sets an option of TCP leaves the way as it is */
		if (tb[NFTA_EXTHDR_SREG] || options(code, tb))
			return;
		break;
	case E_XFRM:
		break;
	case E_COUNTER:
	case E_LOG:
	case E_LAST:
	case E_DUP:
		return;
	default:
		if (e < N_EXPRS)
			return statement(code, e, tb);
	}
	/* Some load a register, some match */
	forget_all(code);
	unknown_of(code, mnl_attr_get_payload(name), mnl_attr_get_payload_len(name));
}

static int expr_of(const struct nlattr *name)
{
	const char *v = mnl_attr_get_payload(name);
	int i;

	for (i = 0; i < N_EXPRS && (exprs[i][0] != *v || !is_string(name, exprs[i])); i++)
		;
	return i;
}

void nft_decode(const struct nf_chain *c, const struct nf_rule *r, struct nf_code *code)
{
	const struct nlattr *e;

	if (!r->raw)
		return;
	mnl_attr_for_each_nested(e, (const struct nlattr *)r->raw) {
		const struct nlattr *ex[MAX_ATTR], *tb[MAX_ATTR];

		index_attrs(e, ex);
		if (!ex[NFTA_EXPR_NAME] || !mnl_attr_get_payload_len(ex[NFTA_EXPR_NAME]))
			continue;
		index_attrs(ex[NFTA_EXPR_DATA], tb);
		expression(code, c, ex[NFTA_EXPR_NAME], expr_of(ex[NFTA_EXPR_NAME]), tb);
	}
}

/* --- which of two is called first -------------------------------------------------------- */

/* The order in which the kernel has chains of nf_tables in a hook: nfnetlink_hook says
 * it, where it is there to be asked.
 */
struct called {
	const struct nf_chain *chain;	/* NULL: something else than nf_tables */
	int prio;
};

static struct called *called[2][HOOK_EGRESS + 1];
static size_t n_called[2][HOOK_EGRESS + 1];
static bool asked[2][HOOK_EGRESS + 1];

static int on_hook(const struct nlmsghdr *nlh, void *arg)
{
	unsigned int *where = arg;
	const struct nlattr *a, *info[MAX_ATTR], *desc[MAX_ATTR];
	struct called one = { 0 };
	struct called **list = &called[where[0]][where[1]];
	size_t *n = &n_called[where[0]][where[1]];

	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(a) == NFNLA_HOOK_PRIORITY)
			one.prio = nf_be32(a);
		if (mnl_attr_get_type(a) != NFNLA_HOOK_CHAIN_INFO)
			continue;
		index_attrs(a, info);
		index_attrs(info[NFNLA_HOOK_INFO_DESC], desc);
		if (nf_be32(info[NFNLA_HOOK_INFO_TYPE]) == NFNL_HOOK_TYPE_NFTABLES && desc[NFNLA_CHAIN_FAMILY] &&
		    desc[NFNLA_CHAIN_TABLE] && desc[NFNLA_CHAIN_NAME]) {
			char *table = string(desc[NFNLA_CHAIN_TABLE]), *name = string(desc[NFNLA_CHAIN_NAME]);

			one.chain = find(*(const uint8_t *)mnl_attr_get_payload(desc[NFNLA_CHAIN_FAMILY]), table, name);
			free(table);
			free(name);
		}
	}
	*(struct called *)one_more(list, n, sizeof(**list)) = one;
	return MNL_CB_OK;
}

static void ask_hook(int f, enum hook hook)
{
	char req[MNL_NLMSG_HDRLEN + 64] = { 0 };
	unsigned int where[2] = { f, hook };
	struct nlmsghdr *nlh;

	asked[f][hook] = true;
	if (hook > HOOK_POSTROUTING || !is_present("nfnetlink_hook"))
		return;
	nlh = nfnl_put(req, NFNL_SUBSYS_HOOK, NFNL_MSG_HOOK_GET, NLM_F_DUMP, f ? NFPROTO_IPV6 : NFPROTO_IPV4);
	mnl_attr_put_u32(nlh, NFNLA_HOOK_HOOKNUM, htonl(hook));
	if (nfnl_talk(nlh, on_hook, where))
		n_called[f][hook] = 0;
}

/* Is it what is meant? Of x_tables and of the kernel's own nothing but the priority is said; NAT's hook is shown as
 * the chains that it calls, since about 6.16.
 */
static bool is_called(const struct called *o, int prio, const struct nf_chain *c)
{
	if (!c)
		return o->prio == prio && (!o->chain || o->chain->is_nat);
	return c->legacy ? !o->chain && o->prio == prio : o->chain == c;
}

/* Its place, where nothing else can be meant. */
static int place_of(int f, enum hook hook, int prio, const struct nf_chain *c)
{
	int at = -1;
	size_t i;

	for (i = 0; i < n_called[f][hook]; i++) {
		if (!is_called(&called[f][hook][i], prio, c))
			continue;
		if (at >= 0 && (c || at != (int)i - 1))
			return -1;
		at = i;
	}
	return at;
}

enum tri nf_hook_order(int family, enum hook hook, int prio, const struct nf_chain *a, const struct nf_chain *b)
{
	int f = family == AF_INET6, x, y;

	if (!asked[f][hook])
		ask_hook(f, hook);
	x = place_of(f, hook, prio, a);
	y = place_of(f, hook, prio, b);
	return x < 0 || y < 0 ? MAYBE : x < y ? YES : NO;
}

void nf_hook_free(void)
{
	size_t f, h;

	for (f = 0; f < ARRAY_SIZE(called); f++)
		for (h = 0; h < ARRAY_SIZE(called[f]); h++) {
			free(called[f][h]);
			called[f][h] = NULL;
			n_called[f][h] = 0;
			asked[f][h] = false;
		}
}
