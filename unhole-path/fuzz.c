// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz [ROUNDS]: the same rounds each time. Arguments, good ones and mutilated ones; and
 * what the kernel would send: entries of x_tables, and messages of nf_tables, of
 * nfnetlink_hook and of ipset, events and traces of packets that are watched, and types (BTF),
 * of random bytes in a plausible frame. Built with sanitizers;
 * the linker's --wrap puts it between the program and the kernel.
 */
#include "journey.h"
#include "rules.h"
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/btf.h>
#include <linux/fib_rules.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_hook.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include "refusal.h"

int unhole_path(int argc, char **argv);

/* Is it this that answers, or the kernel? */
static bool fake;

static uint32_t seed = 1;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % n;
}

static void fill(void *to, size_t len)
{
	static const uint8_t likely[] = { 0, 0, 0, 1, 2, 4, 8, 16, 0xff, 0xfe };
	uint8_t *b = to;
	size_t i;

	for (i = 0; i < len; i++)
		b[i] = rnd(2) ? likely[rnd(ARRAY_SIZE(likely))] : rnd(256);
}

/* --- what is wrapped ------------------------------------------------------------------- */

void __wrap_exit(int s) __attribute__((noreturn));
int __wrap_conf(int family, const char *dev, const char *name);
int __real_conf(int family, const char *dev, const char *name);
bool __wrap_is_present(const char *module);
bool __real_is_present(const char *module);
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *len);
int __real_getsockopt(int fd, int level, int name, void *value, socklen_t *len);
FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__real_fopen(const char *path, const char *mode);
ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *nl, const void *req, size_t len);
ssize_t __real_mnl_socket_sendto(const struct mnl_socket *nl, const void *req, size_t len);
ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t len);
ssize_t __real_mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t len);

static jmp_buf unwind;
static int end_status;

void __wrap_exit(int s)
{
	end_status = s;
	longjmp(unwind, 1);
}

/* The sysctls of why_refused()'s test */
static bool fake_sysctls;
static int fake_rp_filter, fake_accept_local;

int __wrap_conf(int family, const char *dev, const char *name)
{
	if (!fake_sysctls)
		return __real_conf(family, dev, name);
	if (strcmp(dev, "all") == 0)
		return 0;
	return strcmp(name, "rp_filter") == 0 ? fake_rp_filter :
	       strcmp(name, "accept_local") == 0 ? fake_accept_local : 0;
}

bool __wrap_is_present(const char *module)
{
	return fake || __real_is_present(module);
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
	static char names[] = "nat\nfilter\n";

	static char symbols[] = "ffffffff81000000 T ip_forward\nzz\n0 t x\nffffffff81000100 t nf_hook_slow.part.0\t[m]\n";

	if (fake && strstr(path, "kallsyms"))
		return fmemopen(symbols, strlen(symbols), "r");
	if (fake && strstr(path, "_tables_names"))
		return fmemopen(names, strlen(names), "r");
	return __real_fopen(path, mode);
}

/* --- x_tables --------------------------------------------------------------------------- */

static struct ipt_getinfo info;

static void one_entry(int level, char *at, size_t base, size_t m, uint16_t next)
{
	static const char *const targets[] = {
		"", "", "", "UNHOLE", "MARK", "ERROR", "CONNMARK", "LOG", "CT", "SNAT", "DNAT", "MASQUERADE", "REDIRECT",
		"NETMAP", "SNPT", "TTL", "REJECT", "TOS", "DSCP", "SET", "X",
	};
	static const char *const matches[] = {
		"mark", "udp", "tcp", "comment", "addrtype", "conntrack", "state", "multiport", "icmp", "icmp6", "iprange",
		"connmark", "owner", "dscp", "policy", "rpfilter", "pkttype", "devgroup", "set", "socket", "physdev", "helper", "x",
	};
	struct xt_entry_target *tg = (void *)(at + base + m);

	if (m) {
		struct xt_entry_match *em = (void *)(at + base);

		em->u.match_size = rnd(8) ? m : rnd(512);
		em->u.user.revision = rnd(4);
		snprintf(em->u.user.name, sizeof(em->u.user.name), "%s", matches[rnd(ARRAY_SIZE(matches))]);
	}
	tg->u.target_size = rnd(8) ? 96 : rnd(512);
	tg->u.user.revision = rnd(3);
	snprintf(tg->u.user.name, sizeof(tg->u.user.name), "%s", targets[rnd(ARRAY_SIZE(targets))]);
	if (rnd(2))
		((struct xt_standard_target *)tg)->verdict = (int)rnd(info.size) - 6;
	if (level == IPPROTO_IP) {
		((struct ipt_entry *)at)->target_offset = base + m;
		((struct ipt_entry *)at)->next_offset = next;
	} else {
		((struct ip6t_entry *)at)->target_offset = base + m;
		((struct ip6t_entry *)at)->next_offset = next;
	}
}

/* Entries that hang together, or nearly */
static void entries(int level, char *blob)
{
	size_t base = level == IPPROTO_IP ? sizeof(struct ipt_entry) : sizeof(struct ip6t_entry), at = 0;

	fill(blob, info.size);
	while (at + 1024 <= info.size) {
		size_t m = rnd(3) == 0 ? 48 : rnd(3) == 0 ? 208 : 0;
		uint16_t next = rnd(8) ? base + m + 96 : rnd(1024);

		memset(blob + at, 0, rnd(2) ? base : 8);
		one_entry(level, blob + at, base, m, next);
		at += next ? next : 8;
		at &= ~(size_t)7;
	}
}

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
	unsigned int i;

	if (!fake || (level != IPPROTO_IP && level != IPPROTO_IPV6))
		return __real_getsockopt(fd, level, name, value, len);
	if (name != IPT_SO_GET_INFO) {
		entries(level, (char *)value + offsetof(struct ipt_get_entries, entrytable));
		return 0;
	}
	memcpy(&info, value, sizeof(info));
	info.size = (1 + rnd(6)) * 1024;
	info.valid_hooks = 1;
	for (i = 0; i < NF_INET_NUMHOOKS; i++) {
		info.valid_hooks |= rnd(2) << i;
		info.hook_entry[i] = rnd(8) ? 0 : rnd(info.size + 64);
		info.underflow[i] = rnd(info.size + 64);
	}
	memcpy(value, &info, sizeof(info));
	return 0;
}

/* --- netlink ---------------------------------------------------------------------------- */

static char answer[65536];
static uint16_t asked_type, asked_flags;
static uint32_t asked_seq;
static const char *const chain_names[] = { "a", "b", "c", "d" };

/* A small number (an operator, a register, a length), or anything. */
static void put_random(struct nlmsghdr *nlh, uint16_t type)
{
	uint8_t b[40];
	size_t len = rnd(4) ? 4 : rnd(sizeof(b));

	fill(b, sizeof(b));
	if (rnd(4)) {
		memset(b, 0, 3);
		b[3] = rnd(26);
	}
	mnl_attr_put(nlh, type, len, b);
}

static void put_value(struct nlmsghdr *nlh, uint16_t type)
{
	uint8_t b[40];

	fill(b, sizeof(b));
	mnl_attr_put(nlh, type, rnd(sizeof(b)), b);
}

static void put_verdict(struct nlmsghdr *nlh)
{
	struct nlattr *v = mnl_attr_nest_start(nlh, NFTA_DATA_VERDICT);

	mnl_attr_put_u32(nlh, NFTA_VERDICT_CODE, htonl((uint32_t)((int)rnd(8) - 5)));
	if (rnd(2))
		mnl_attr_put_strz(nlh, NFTA_VERDICT_CHAIN, chain_names[rnd(4)]);
	mnl_attr_nest_end(nlh, v);
}

static void put_expressions(struct nlmsghdr *nlh)
{
	static const char *const names[] = {
		"meta", "payload", "cmp", "bitwise", "byteorder", "immediate", "range", "match", "target", "counter", "ct",
		"lookup", "masq", "redir", "nat", "fib", "reject", "flow_offload", "queue", "notrack", "objref", "dynset",
		"socket", "exthdr", "xfrm", "numgen", "x",
	};
	static const char *const compat[] = { "UNHOLE", "MARK", "CONNMARK", "SNAT", "multiport", "conntrack", "set" };
	struct nlattr *top = mnl_attr_nest_start(nlh, NFTA_RULE_EXPRESSIONS), *e, *d, *n;
	int i, j;

	for (i = rnd(8); i >= 0; i--) {
		e = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
		mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, names[rnd(ARRAY_SIZE(names))]);
		d = mnl_attr_nest_start(nlh, NFTA_EXPR_DATA);
		if (rnd(2))
			mnl_attr_put_strz(nlh, NFTA_TARGET_NAME, compat[rnd(ARRAY_SIZE(compat))]);
		for (j = rnd(6); j >= 0; j--) {
			if (rnd(3)) {
				put_random(nlh, rnd(9));
				continue;
			}
			n = mnl_attr_nest_start(nlh, rnd(9));
			if (rnd(3) == 0)
				put_verdict(nlh);
			else if (rnd(2))
				put_value(nlh, NFTA_DATA_VALUE);
			else
				put_random(nlh, rnd(4));
			mnl_attr_nest_end(nlh, n);
		}
		mnl_attr_nest_end(nlh, d);
		mnl_attr_nest_end(nlh, e);
	}
	mnl_attr_nest_end(nlh, top);
	/* Lengths that lie */
	if (rnd(3) == 0)
		((uint8_t *)top)[4 + rnd(top->nla_len - 4)] ^= 1 << rnd(8);
}

static void put_chain(struct nlmsghdr *nlh)
{
	static const char *const types[] = { "filter", "nat", "route" };
	struct nlattr *hook;

	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, "t");
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, chain_names[rnd(4)]);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, types[rnd(3)]);
	mnl_attr_put_u32(nlh, NFTA_CHAIN_POLICY, htonl(rnd(2)));
	if (rnd(2)) {
		hook = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);
		mnl_attr_put_u32(nlh, NFTA_HOOK_HOOKNUM, htonl(rnd(7)));
		mnl_attr_put_u32(nlh, NFTA_HOOK_PRIORITY, htonl(rnd(3)));
		if (rnd(2))
			put_value(nlh, NFTA_HOOK_DEV);
		mnl_attr_nest_end(nlh, hook);
	}
}

static void put_rule(struct nlmsghdr *nlh)
{
	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, "t");
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, chain_names[rnd(4)]);
	put_expressions(nlh);
}

static void put_element(struct nlmsghdr *nlh)
{
	struct nlattr *list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	struct nlattr *elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM), *data;

	data = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_DATA);
	if (rnd(2))
		put_verdict(nlh);
	else
		put_value(nlh, NFTA_DATA_VALUE);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, elem);
	mnl_attr_nest_end(nlh, list);
}

static void put_hook(struct nlmsghdr *nlh)
{
	struct nlattr *chain, *desc;

	mnl_attr_put_u32(nlh, NFNLA_HOOK_PRIORITY, htonl(rnd(3)));
	chain = mnl_attr_nest_start(nlh, NFNLA_HOOK_CHAIN_INFO);
	mnl_attr_put_u32(nlh, NFNLA_HOOK_INFO_TYPE, htonl(rnd(2)));
	desc = mnl_attr_nest_start(nlh, NFNLA_HOOK_INFO_DESC);
	mnl_attr_put_strz(nlh, NFNLA_CHAIN_TABLE, "t");
	mnl_attr_put_strz(nlh, NFNLA_CHAIN_NAME, chain_names[rnd(4)]);
	mnl_attr_put_u8(nlh, NFNLA_CHAIN_FAMILY, rnd(8));
	mnl_attr_nest_end(nlh, desc);
	mnl_attr_nest_end(nlh, chain);
}

static void put_ipset(struct nlmsghdr *nlh)
{
	static const char *const types[] = { "hash:ip", "hash:net,port", "bitmap:port", "hash:ip,port,net", "hash:", "list:set" };

	mnl_attr_put_strz(nlh, 2, "s");
	mnl_attr_put_strz(nlh, 3, types[rnd(ARRAY_SIZE(types))]);
	mnl_attr_put_u8(nlh, 5, rnd(3) ? 0 : rnd(12));
}

static void fill_answer(struct nlmsghdr *nlh)
{
	switch (asked_type) {
	case NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN:
		mnl_attr_put_u32(nlh, NFTA_GEN_ID, 1);
		break;
	case NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE:
		mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, "t");
		mnl_attr_put_u32(nlh, NFTA_TABLE_FLAGS, rnd(8) ? 0 : htonl(1));
		break;
	case NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN:
		put_chain(nlh);
		break;
	case NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE:
		put_rule(nlh);
		break;
	case NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSET:
		mnl_attr_put_u32(nlh, NFTA_SET_KEY_LEN, htonl(rnd(3) ? 4 : rnd(100)));
		break;
	case NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSETELEM:
		put_element(nlh);
		break;
	case NFNL_SUBSYS_HOOK << 8 | NFNL_MSG_HOOK_GET:
		put_hook(nlh);
		break;
	default:
		put_ipset(nlh);
	}
}

ssize_t __wrap_mnl_socket_sendto(const struct mnl_socket *nl, const void *req, size_t len)
{
	const struct nlmsghdr *nlh = req;

	if (!fake)
		return __real_mnl_socket_sendto(nl, req, len);
	asked_type = nlh->nlmsg_type;
	asked_flags = nlh->nlmsg_flags;
	asked_seq = nlh->nlmsg_seq;
	return len;
}

ssize_t __wrap_mnl_socket_recvfrom(const struct mnl_socket *nl, void *buf, size_t len)
{
	bool dump = (asked_flags & NLM_F_DUMP) == NLM_F_DUMP;
	char *at = answer;
	struct nlmsghdr *nlh;
	struct nfgenmsg *g;
	int n = dump ? 1 + rnd(6) : 1;

	if (!fake)
		return __real_mnl_socket_recvfrom(nl, buf, len);
	memset(answer, 0, sizeof(answer));
	for (; n > 0; n--) {
		nlh = mnl_nlmsg_put_header(at);
		nlh->nlmsg_type = asked_type;
		nlh->nlmsg_seq = asked_seq;
		nlh->nlmsg_flags = dump ? NLM_F_MULTI : 0;
		g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
		g->nfgen_family = rnd(8) ? 1 : rnd(12);
		fill_answer(nlh);
		at += NLMSG_ALIGN(nlh->nlmsg_len);
	}
	nlh = mnl_nlmsg_put_header(at);
	nlh->nlmsg_seq = asked_seq;
	nlh->nlmsg_type = dump ? NLMSG_DONE : NLMSG_ERROR;
	if (dump)
		*(int *)mnl_nlmsg_put_extra_header(nlh, sizeof(int)) = 0;
	else
		((struct nlmsgerr *)mnl_nlmsg_put_extra_header(nlh, sizeof(struct nlmsgerr)))->error = rnd(4) ? 0 : -ENOENT;
	at += NLMSG_ALIGN(nlh->nlmsg_len);
	memcpy(buf, answer, at - answer);
	return at - answer;
}

/* --- rounds ------------------------------------------------------------------------------- */

static void on_any(enum finding what, const char *where, const char *dev, uint32_t flags, void *arg)
{
	(void)what, (void)where, (void)dev, (void)flags, (void)arg;
}

static void fuzz_rules(void)
{
	static const unsigned int pick[4] = { 0, 1, 2, 3 };
	struct walk w = { .mark_known = 0xffffffff, .ctmark_known = 0xffffffff, .pick = pick, .n_picks = rnd(5) };
	int family = rnd(2) ? AF_INET : AF_INET6, i;

	fake = true;
	w.family = family;
	w.iif = rnd(2) ? "lo" : NULL;
	w.oif = rnd(2) ? "eth0" : NULL;
	w.proto = rnd(2) ? IPPROTO_UDP : 0;
	w.dport = rnd(2) * 53;
	w.unholable = rnd(2);
	w.own = rnd(2);
	if (setjmp(unwind) == 0 && rules_read(family) == 0) {
		for (i = rnd(6); i >= 0; i--) {
			w.hook = rnd(HOOK_EGRESS + 1);
			rules_walk(&w);
		}
		rules_scan(family, on_any, NULL);
	}
	rules_free();
	fake = false;
}

static const char *const words[] = {
	"to", "from", "iif", "mark", "ipproto", "sport", "dport", "snat", "dnat", "-4", "-6", "-j",
	"--explain", "--core", "yes", "no", "doctor", "lo", "eth0", "nodev", "", "-", "--", "0", "1",
	"0x50", "0xffffffff", "0x100000000", "-1", "65535", "65536", "4294967296", " 1", "1 ", "tcp",
	"udp", "icmp", "255", "256", "192.0.2.1", "192.0.2.1:80", "192.0.2.1:", "192.0.2.1:99999",
	"192.0.2.300", "127.0.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1", "2001:db8::1", "::",
	"::1", "fe80::1", "ff02::1", "::ffff:192.0.2.1", "[2001:db8::1]:80", "[2001:db8::1]",
	"[2001:db8::1", "[]:", "[::]:0", "2001:db8:::1", "%s%n", "\xff\xfe", "tos", "uid", "vrf", "oif",
	"conntrack", "flowlabel",
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

static void fuzz_arguments(void)
{
	static const char *const keys[] = {
		"from", "192.0.2.1", "iif", "lo", "mark", "7", "ipproto", "udp", "dport", "53",
		"snat", "198.51.100.1", "dnat", "203.0.113.1:53", "tos", "0x10", "uid", "0",
	};
	char store[28][128];
	char *argv[30] = { "unhole-path" };
	int argc = 1, i;

	/* Half of them begin well */
	if (rnd(2)) {
		argv[argc++] = rnd(2) ? "-j" : "--explain";
		argv[argc++] = "to";
		argv[argc++] = "203.0.113.7";
		for (i = 0; i < (int)ARRAY_SIZE(keys); i += 2)
			if (rnd(3) == 0) {
				argv[argc++] = (char *)keys[i];
				argv[argc++] = (char *)keys[i + 1];
			}
	}
	for (i = rnd(5); i > 0 && argc < 28; i--) {
		char *s = store[argc];

		snprintf(s, sizeof(store[0]), "%s", words[rnd(ARRAY_SIZE(words))]);
		if (*s && rnd(4) == 0)
			s[rnd(strlen(s))] ^= 1 << rnd(8);
		argv[argc++] = s;
	}
	argv[argc] = NULL;
	if (setjmp(unwind) == 0)
		end_status = unhole_path(argc, argv);
	rules_free();
	world_free();
	if (end_status < 0 || end_status > 3) {
		dprintf(2, "exit status %d\n", end_status);
		abort();
	}
}

/* Kernels differ in what they answer; that of 6.18 is EINVAL whatever they object
 * to. What it was has to come out all the same.
 */
static void test_refusals(void)
{
	static const struct {
		const char *src;
		int err, rp_filter, accept_local;
		bool has_address;
		enum refusal want;
	} t[] = {
		{ "10.9.9.9", EXDEV, 1, 0, true, RP_FILTER },
		{ "10.9.9.9", EINVAL, 1, 0, true, RP_FILTER },
		{ "10.9.9.9", EINVAL, 1, 1, true, RP_FILTER },
		{ "10.9.9.9", EINVAL, 2, 0, true, OTHER_REFUSAL },
		{ "10.9.9.9", EINVAL, 2, 0, false, RP_FILTER },
		{ "10.9.9.9", EINVAL, 0, 0, true, OTHER_REFUSAL },
		{ "203.0.113.1", EINVAL, 2, 0, true, RP_FILTER },
		{ "198.51.100.2", EINVAL, 1, 0, true, OTHER_REFUSAL },
		{ "192.0.2.1", EINVAL, 0, 0, true, MARTIAN },
		{ "192.0.2.1", EINVAL, 1, 0, true, MARTIAN },
		{ "192.0.2.1", EINVAL, 1, 1, true, OTHER_REFUSAL },
		{ "0.2.2.2", EINVAL, 1, 0, true, OTHER_REFUSAL },
		{ "224.0.0.1", EINVAL, 1, 0, true, OTHER_REFUSAL },
		{ "10.9.9.9", EHOSTUNREACH, 1, 0, true, NO_FORWARDING },
	};
	struct link links[] = { { .index = 1, .flags = IFF_LOOPBACK, .name = "lo" },
				{ .index = 2, .name = "eth0" }, { .index = 3, .name = "eth1" } };
	struct address addrs[] = { { .index = 2, .family = AF_INET, .plen = 24, .a = { { 192, 0, 2, 1 } } },
				   { .index = 3, .family = AF_INET, .plen = 24, .a = { { 198, 51, 100, 1 } } } };
	struct route routes[] = {
		{ .table = RT_TABLE_LOCAL, .plen = 32, .type = RTN_LOCAL, .dst = { { 192, 0, 2, 1 } }, .n_nh = 1 },
		{ .table = RT_TABLE_MAIN, .plen = 24, .type = RTN_UNICAST, .dst = { { 198, 51, 100 } }, .n_nh = 1 },
		{ .table = RT_TABLE_MAIN, .plen = 8, .type = RTN_UNICAST, .dst = { { 10 } }, .n_nh = 1 },
	};
	struct rule rules[] = { { .action = FR_ACT_TO_TBL, .table = RT_TABLE_LOCAL },
				{ .action = FR_ACT_TO_TBL, .table = RT_TABLE_MAIN } };
	struct flow f = { .family = AF_INET, .iif = 3, .has_src = true, .dst = { { 203, 0, 113, 7 } } };
	size_t i;

	fake_sysctls = true;
	for (i = 0; i < ARRAY_SIZE(routes); i++) {
		routes[i].nh = &routes[i].one;
		routes[i].one.oif = i == 1 ? 3 : 2;
	}
	for (i = 0; i < ARRAY_SIZE(rules); i++)
		rules[i].suppress_plen = rules[i].suppress_group = -1;
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		world = (struct world){
			.links = links, .n_links = 3, .addrs = addrs, .n_addrs = t[i].has_address ? 2 : 1, .lo = 1,
			.fib[0] = { .rules = rules, .n_rules = 2, .routes = routes, .n_routes = 3 },
		};
		fake_rp_filter = t[i].rp_filter;
		fake_accept_local = t[i].accept_local;
		inet_pton(AF_INET, t[i].src, &f.src);
		if (why_refused(&f, t[i].err) != t[i].want) {
			dprintf(2, "why_refused(): %s, case %zu\n", t[i].src, i);
			abort();
		}
	}
	memset(&world, 0, sizeof(world));
	fake_sysctls = false;
}

/* --- what is watched -------------------------------------------------------------------- */

/* Types that hang together, or nearly */
static void make_types(struct btf *b)
{
	static const char strings[] = "\0sk_buff\0head\0skb_drop_reason\0SKB_DROP_REASON_X\0btf_trace_kfree_skb\0u32";
	size_t len = sizeof(struct btf_header) + 64 * rnd(8) + sizeof(strings), at;
	char *data = must_have(malloc(len));
	struct btf_header *h = (struct btf_header *)data;

	fill(data, len);
	*h = (struct btf_header){ .magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(*h),
				  .type_len = len - sizeof(*h) - sizeof(strings),
				  .str_off = len - sizeof(*h) - sizeof(strings), .str_len = sizeof(strings) };
	for (at = sizeof(*h); at + 64 <= len - sizeof(strings); at += 12 * (1 + rnd(5))) {
		struct btf_type *t = (struct btf_type *)(data + at);

		t->name_off = rnd(sizeof(strings) + 8);
		t->info = (rnd(21) << 24) | rnd(4) | (rnd(2) << 31);
		t->type = rnd(12);
	}
	memcpy(data + len - sizeof(strings), strings, sizeof(strings));
	if (!rnd(16))
		fill(h, sizeof(*h));
	if (btf_parse(b, data, len) != 0)
		b->n = 0;
}

/* One message of nftables' trace */
static void make_trace(struct nft_trace *t)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(answer);
	struct nfgenmsg *nfg;
	uint8_t b[48];
	int i;

	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_TRACE;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = rnd(12);
	for (i = rnd(8); i > 0; i--) {
		fill(b, sizeof(b));
		mnl_attr_put(nlh, rnd(NFTA_TRACE_MAX + 3), rnd(sizeof(b)), b);
	}
	nft_trace_message(nlh, t);
}

static void fuzz_watch(void)
{
	static struct nft_trace t;
	static struct path p;
	struct journey j = { NULL };
	uint8_t data[sizeof(struct seen) + 8];
	struct seen s;
	struct btf b;
	int i;

	fake = true;
	make_types(&b);
	btf_offset(&b, "sk_buff", "head");
	btf_arg(&b, "kfree_skb", rnd(2) ? "u32" : NULL);
	for (i = rnd(200); i > 0; i--) {
		fill(data, sizeof(data));
		data[offsetof(struct seen, sight)] = rnd(N_SIGHTS + 1);
		memset(data + offsetof(struct seen, sight) + 1, 0, 3);
		/* As if of one packet, mostly */
		if (rnd(8))
			memset(data + offsetof(struct seen, header), rnd(8) ? 0x45 : 0x60, 12);
		if (probe_record(data, rnd(8) ? sizeof(s) : rnd(sizeof(data)), &s) && s.sight != (uint32_t)(rnd(3) ? S_DROP : N_SIGHTS))
			journey_add(&j, &s, s.ns);
		make_trace(&t);
	}
	journey_rules(&j, &t);
	journey_close(&j, &b, rnd(2));
	p.verdict = rnd(V_UNKNOWN + 1);
	journey_text(&j, 1);
	journey_json(&j, 1, journey_agrees(&j, &p));
	journey_free(&j);
	btf_free(&b);
	fake = false;
}

int main(int argc, char **argv)
{
	int i, rounds = argc > 1 ? atoi(argv[1]) : 3000;

	/* The sanitizers write to file descriptor 2, which stays */
	if (!freopen("/dev/null", "w", stdout) || !(stderr = fopen("/dev/null", "w")))
		return 1;
	test_refusals();
	for (i = 0; i < rounds; i++) {
		fuzz_arguments();
		fuzz_rules();
		fuzz_watch();
	}
	dprintf(2, "%d rounds\n", rounds);
	return 0;
}
