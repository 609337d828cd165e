// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz [ROUNDS]: the same rounds each time. Arguments, good ones and mutilated
 * ones; and what the kernel would send: entries of x_tables and expressions of
 * nf_tables, of random bytes in a plausible frame. To be built with sanitizers.
 */
#include "path.h"
#include <setjmp.h>
#include <linux/fib_rules.h>
#include <stdlib.h>

#define main unhole_path
#define exit fuzz_exit
int unhole_path(int argc, char **argv);

static jmp_buf unwind;
static int end_status;

static void fuzz_exit(int s) __attribute__((noreturn));
static void fuzz_exit(int s)
{
	end_status = s;
	longjmp(unwind, 1);
}

#include "main.c"
#include "rules.c"
#undef main
#undef exit

/* The sysctls of why_refused()'s test */
static int fake_rp_filter, fake_accept_local;

static int fake_conf(int family, const char *dev, const char *name)
{
	(void)family;
	if (strcmp(dev, "all") == 0)
		return 0;
	return strcmp(name, "rp_filter") == 0 ? fake_rp_filter :
	       strcmp(name, "accept_local") == 0 ? fake_accept_local : 0;
}

#define conf fake_conf
#include "decide.c"
#undef conf

static uint32_t seed = 1;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % n;
}

static const char *const words[] = {
	"to", "from", "iif", "mark", "ipproto", "sport", "dport", "snat", "dnat", "-4", "-6", "-j",
	"--explain", "--core", "yes", "no", "doctor", "lo", "eth0", "nodev", "", "-", "--", "0", "1",
	"0x50", "0xffffffff", "0x100000000", "-1", "65535", "65536", "4294967296", " 1", "1 ", "tcp",
	"udp", "icmp", "255", "256", "192.0.2.1", "192.0.2.1:80", "192.0.2.1:", "192.0.2.1:99999",
	"192.0.2.300", "127.0.0.1", "0.0.0.0", "255.255.255.255", "224.0.0.1", "2001:db8::1", "::",
	"::1", "fe80::1", "ff02::1", "::ffff:192.0.2.1", "[2001:db8::1]:80", "[2001:db8::1]",
	"[2001:db8::1", "[]:", "[::]:0", "2001:db8:::1", "%s%n", "\xff\xfe",
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
};

static void fuzz_arguments(void)
{
	static const char *const keys[] = {
		"from", "192.0.2.1", "iif", "lo", "mark", "7", "ipproto", "udp", "dport", "53",
		"snat", "198.51.100.1", "dnat", "203.0.113.1:53",
	};
	char store[24][128];
	char *argv[26] = { "unhole-path" };
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
	for (i = rnd(5); i > 0 && argc < 24; i--) {
		char *s = store[argc];

		snprintf(s, sizeof(store[0]), "%s", words[rnd(ARRAY_SIZE(words))]);
		if (*s && rnd(4) == 0)
			s[rnd(strlen(s))] ^= 1 << rnd(8);
		argv[argc++] = s;
	}
	argv[argc] = NULL;
	if (setjmp(unwind) == 0)
		end_status = unhole_path(argc, argv);
	else
		world_free();
	if (end_status < 0 || end_status > 3) {
		dprintf(2, "exit status %d\n", end_status);
		abort();
	}
}

static void fill(void *to, size_t len)
{
	static const uint8_t likely[] = { 0, 0, 0, 1, 2, 4, 8, 16, 0xff, 0xfe };
	uint8_t *b = to;
	size_t i;

	for (i = 0; i < len; i++)
		b[i] = rnd(2) ? likely[rnd(ARRAY_SIZE(likely))] : rnd(256);
}

static void fuzz_packet(struct walk *w)
{
	memset(w, 0, sizeof(*w));
	w->family = rnd(2) ? AF_INET : AF_INET6;
	w->hook = HOOK_PREROUTING;
	w->iif = rnd(2) ? "lo" : NULL;
	w->oif = rnd(2) ? "eth0" : NULL;
	w->proto = rnd(2) ? IPPROTO_UDP : 0;
	w->dport = rnd(2) * 53;
	w->unholable = rnd(2);
}

static void on_any(enum finding what, const char *where, const char *dev, uint32_t flags, void *arg)
{
	(void)what, (void)where, (void)dev, (void)flags, (void)arg;
}

/* A table: entries that hang together, or nearly. */
static void fuzz_legacy(void)
{
	static const char *const targets[] = {
		"", "", "", "UNHOLE", "MARK", "ERROR", "CONNMARK", "LOG", "CT", "SNAT", "MASQUERADE", "REJECT", "X",
	};
	static const char *const matches[] = { "mark", "udp", "tcp", "comment", "addrtype", "conntrack", "state", "x" };
	struct table t = { .valid_hooks = 1 };
	size_t base, at = 0, n = 1 + rnd(6), i;
	struct pkt p = { 0 };
	struct walk w;

	fuzz_packet(&w);
	base = entry_base(w.family);
	t.size = n * 512;
	t.blob = malloc(t.size);	/* of that size, so that ASan sees its end */
	fill(t.blob, t.size);
	for (i = 0; i < n && at + 512 <= t.size; i++) {
		unsigned int m = rnd(3) == 0 ? 48 : 0;
		struct xt_entry_target *tg = (void *)(t.blob + at + base + m);
		uint16_t next = base + m + 64;

		memset(t.blob + at, 0, rnd(2) ? base : 8);
		if (m) {
			struct xt_entry_match *em = (void *)(t.blob + at + base);

			em->u.match_size = rnd(8) ? 48 : rnd(256);
			em->u.user.revision = rnd(2);
			snprintf(em->u.user.name, sizeof(em->u.user.name), "%s", matches[rnd(ARRAY_SIZE(matches))]);
		}
		tg->u.target_size = rnd(8) ? 64 : rnd(512);
		tg->u.user.revision = rnd(3);
		snprintf(tg->u.user.name, sizeof(tg->u.user.name), "%s", targets[rnd(ARRAY_SIZE(targets))]);
		if (rnd(2))
			((struct xt_standard_target *)tg)->verdict = (int)rnd(t.size) - 6;
		if (rnd(8) == 0)
			next = rnd(1024);
		if (w.family == AF_INET) {
			((struct ipt_entry *)(t.blob + at))->target_offset = base + m;
			((struct ipt_entry *)(t.blob + at))->next_offset = next;
		} else {
			((struct ip6t_entry *)(t.blob + at))->target_offset = base + m;
			((struct ip6t_entry *)(t.blob + at))->next_offset = next;
		}
		at += next;
		at &= ~(size_t)7;
	}
	t.hook_entry[0] = rnd(8) ? 0 : rnd(t.size + 64);
	t.underflow[0] = rnd(t.size + 64);
	for (i = 1; i < NF_INET_NUMHOOKS; i++) {
		t.valid_hooks |= rnd(2) << i;
		t.hook_entry[i] = rnd(8) ? 0 : rnd(t.size + 64);
		t.underflow[i] = rnd(t.size + 64);
	}
	snprintf(t.name, sizeof(t.name), "%s", rnd(2) ? "nat" : "filter");
	p.w = &w;
	p.t = &t;
	p.filters = true;
	legacy_walk(&w, &t, &p);
	legacy_scan(w.family, &t, on_any, NULL);
	free(t.blob);
}

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

/* A rule: expressions with any attributes, some of them nested. */
static void fuzz_nft(void)
{
	static const char *const names[] = {
		"meta", "payload", "cmp", "bitwise", "immediate", "range", "match", "target",
		"counter", "ct", "lookup", "masq", "UNHOLE", "fib", "nat", "reject", "flow_offload",
		"queue", "notrack",
	};
	static char buf[65536];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(memset(buf, 0, sizeof(buf)));
	struct nft_chain c = { .is_base = true };
	struct nft_rule r = { 0 };
	struct verdict_of v = { 0 };
	struct pkt p = { 0 };
	struct nlattr *top, *e, *d, *n;
	struct walk w;
	int i, j;

	top = mnl_attr_nest_start(nlh, NFTA_RULE_EXPRESSIONS);
	for (i = rnd(8); i >= 0; i--) {
		const char *name = names[rnd(ARRAY_SIZE(names))];

		e = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
		mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, name);
		d = mnl_attr_nest_start(nlh, NFTA_EXPR_DATA);
		if (rnd(2))
			mnl_attr_put_strz(nlh, NFTA_TARGET_NAME, rnd(2) ? "UNHOLE" : "MARK");
		for (j = rnd(6); j >= 0; j--) {
			if (rnd(3) == 0) {
				n = mnl_attr_nest_start(nlh, rnd(9));
				if (rnd(2))
					put_value(nlh, NFTA_DATA_VALUE);
				else
					put_random(nlh, rnd(4));
				mnl_attr_nest_end(nlh, n);
			} else {
				put_random(nlh, rnd(9));
			}
		}
		mnl_attr_nest_end(nlh, d);
		mnl_attr_nest_end(nlh, e);
	}
	mnl_attr_nest_end(nlh, top);
	r.exprs = malloc(top->nla_len);
	memcpy(r.exprs, top, top->nla_len);
	/* Lengths that lie */
	if (rnd(3) == 0)
		((uint8_t *)r.exprs)[4 + rnd(top->nla_len - 4)] ^= 1 << rnd(8);
	fuzz_packet(&w);
	p.w = &w;
	p.table = p.chain = "fuzz";
	nft_rule_walk(&p, &r, &v);
	chains = &c;
	n_chains = 1;
	r.family = c.family = rnd(2) ? NFPROTO_INET : NFPROTO_IPV4;
	c.hook = rnd(5);
	snprintf(c.type, sizeof(c.type), "%s", rnd(2) ? "nat" : "filter");
	nft_rules = &r;
	n_nft_rules = 1;
	nft_scan(AF_INET, on_any, NULL);
	nft_rules = NULL;
	n_nft_rules = 0;
	chains = NULL;
	n_chains = 0;
	free(r.exprs);
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
		fuzz_legacy();
		fuzz_nft();
	}
	dprintf(2, "%d rounds\n", rounds);
	return 0;
}
