// SPDX-License-Identifier: GPL-2.0-only
/* nftables' own trace: the rules that a packet met, where one of them said "nftrace set 1". */
#include "nft_trace.h"
#include "box.h"
#include "nf_netlink.h"
#include <endian.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

/* What a message has, or nothing: NULL, 0 */
struct told {
	const struct nlattr *a[NFTA_TRACE_MAX + 1];
};

static int by_type(const struct nlattr *a, void *arg)
{
	struct told *t = arg;

	if (mnl_attr_get_type(a) <= NFTA_TRACE_MAX)
		t->a[mnl_attr_get_type(a)] = a;
	return MNL_CB_OK;
}

static void name(const struct nlattr *a, char *to, size_t room)
{
	printable(to, room, a ? mnl_attr_get_payload(a) : NULL, a ? mnl_attr_get_payload_len(a) : 0);
}

static const char *verdict(int32_t code)
{
	switch (code) {
	case NFT_CONTINUE:
		return "continue";
	case NFT_BREAK:
		return "break";
	case NFT_JUMP:
		return "jump";
	case NFT_GOTO:
		return "goto";
	case NFT_RETURN:
		return "return";
	}
	switch (code & NF_VERDICT_MASK) {
	case NF_DROP:
		return "drop";
	case NF_ACCEPT:
		return "accept";
	case NF_STOLEN:
		return "stolen";
	case NF_QUEUE:
		return "queue";
	}
	return "?";
}

static const char *family(uint8_t f)
{
	return f == NFPROTO_INET ? "inet" : f == NFPROTO_IPV4 ? "ip" : f == NFPROTO_IPV6 ? "ip6" :
	       f == NFPROTO_NETDEV ? "netdev" : f == NFPROTO_BRIDGE ? "bridge" : "?";
}

/* What it says, as text */
static void say(struct traced *l, const struct told *t, uint8_t nfproto)
{
	const struct nlattr *handle = t->a[NFTA_TRACE_RULE_HANDLE], *v[MAX_ATTR];
	uint32_t type = nf_be32(t->a[NFTA_TRACE_TYPE]);
	char table[64], chain[64], by[40];
	int32_t code;

	index_attrs(t->a[NFTA_TRACE_VERDICT], v);
	code = nf_be32(type == NFT_TRACETYPE_POLICY ? t->a[NFTA_TRACE_POLICY] : v[NFTA_VERDICT_CODE]);
	l->drops = code >= 0 && (code & NF_VERDICT_MASK) == NF_DROP;
	if (type == NFT_TRACETYPE_RULE && handle && mnl_attr_get_payload_len(handle) >= 8)
		snprintf(by, sizeof(by), "rule handle %llu", (unsigned long long)be64toh(mnl_attr_get_u64(handle)));
	else
		snprintf(by, sizeof(by), "%s", type == NFT_TRACETYPE_POLICY ? "the policy" : "its end");
	name(t->a[NFTA_TRACE_TABLE], table, sizeof(table));
	name(t->a[NFTA_TRACE_CHAIN], chain, sizeof(chain));
	snprintf(l->chain, sizeof(l->chain), "%s %s %s", family(nfproto), table, chain);
	snprintf(l->text, sizeof(l->text), "%s %s %s, %s: %s", family(nfproto), table, chain, by, verdict(code));
}

/* Room for one more; the oldest goes. */
static struct traced *line(struct nft_trace *t)
{
	if (t->n == MAX_TRACED)
		memmove(t->line, t->line + 1, --t->n * sizeof(*t->line));
	memset(&t->line[t->n], 0, sizeof(*t->line));
	return &t->line[t->n++];
}

int nft_trace_message(const struct nlmsghdr *nlh, void *arg)
{
	struct nft_trace *t = arg;
	const struct nfgenmsg *nfg;
	struct told told = { { NULL } };
	uint32_t id;
	struct traced *l;
	size_t i, len;

	if (nlh->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_TRACE) || nlh->nlmsg_len < MNL_NLMSG_HDRLEN + sizeof(*nfg))
		return MNL_CB_OK;
	nfg = mnl_nlmsg_get_payload(nlh);
	mnl_attr_parse(nlh, sizeof(*nfg), by_type, &told);
	id = nf_be32(told.a[NFTA_TRACE_ID]);
	l = line(t);
	l->id = id;
	/* The header is told once for each chain */
	for (i = t->n - 1; i-- > 0; )
		if (t->line[i].id == id) {
			memcpy(l->header, t->line[i].header, sizeof(l->header));
			break;
		}
	if (told.a[NFTA_TRACE_NETWORK_HEADER]) {
		len = mnl_attr_get_payload_len(told.a[NFTA_TRACE_NETWORK_HEADER]);
		memcpy(l->header, mnl_attr_get_payload(told.a[NFTA_TRACE_NETWORK_HEADER]),
		       len < sizeof(l->header) ? len : sizeof(l->header));
	}
	say(l, &told, nfg->nfgen_family);
	return MNL_CB_OK;
}

void nft_trace_open(struct nft_trace *t)
{
	int group = NFNLGRP_NFTRACE;

	t->n = 0;
	t->nl = NULL;
	/* The kernel would load nf_tables for it */
	if (!is_present("nf_tables"))
		return;
	t->nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (t->nl && (mnl_socket_bind(t->nl, 0, MNL_SOCKET_AUTOPID) < 0 ||
		      mnl_socket_setsockopt(t->nl, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0))
		nft_trace_close(t);
}

void nft_trace_read(struct nft_trace *t)
{
	static char buf[65536];
	int i;
	ssize_t len;

	/* No longer than what a socket's queue holds, however much comes */
	for (i = 0; t->nl && i < 1024; i++) {
		len = mnl_socket_recvfrom(t->nl, buf, sizeof(buf));
		if (len <= 0)
			return;
		mnl_cb_run(buf, len, 0, 0, nft_trace_message, t);
	}
}

void nft_trace_close(struct nft_trace *t)
{
	if (t->nl)
		mnl_socket_close(t->nl);
	t->nl = NULL;
}
