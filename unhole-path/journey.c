// SPDX-License-Identifier: GPL-2.0-only
/*
 * What was seen of one packet. Devices, addresses and the end are read from the packet
 * itself. A lookup does not say whose it is: it is taken for this packet's if it happened on
 * the same processor, between two looks at the packet, with addresses that it had before or
 * after.
 */
#include "journey.h"
#include "netlink.h"
#include "print.h"
#include "symbols.h"
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

static const char *const hops[N_SIGHTS] = {
	[S_RECEIVE] = "in", [S_QUEUE] = "out", [S_XMIT] = "busy", [S_DROP] = "dropped",
	[S_CONSUME] = "freed", [S_LOOKUP4] = "lookup", [S_LOOKUP6] = "lookup",
};

static bool is_lookup(const struct seen *s)
{
	return s->sight == S_LOOKUP4 || s->sight == S_LOOKUP6;
}

static int family_of(const struct seen *s)
{
	if (is_lookup(s))
		return s->sight == S_LOOKUP4 ? AF_INET : AF_INET6;
	return s->header[0] >> 4 == 4 ? AF_INET : s->header[0] >> 4 == 6 ? AF_INET6 : AF_UNSPEC;
}

static struct addr address(const struct seen *s, bool source)
{
	struct addr a = { { 0 } };

	if (family_of(s) == AF_INET)
		memcpy(&a, s->header + (source ? 12 : 16), 4);
	else
		memcpy(&a, s->header + (source ? 8 : 24), 16);
	return a;
}

static bool same(const struct addr *a, const struct addr *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* What NAT and the way leave as it is: the protocol, and IPv4's ID or IPv6's flow label */
static bool same_packet(const uint8_t *a, const uint8_t *b)
{
	if (a[0] >> 4 != b[0] >> 4)
		return false;
	if (a[0] >> 4 == 4)
		return a[9] == b[9] && memcmp(a + 4, b + 4, 2) == 0;
	return a[6] == b[6] && ((a[1] ^ b[1]) & 15) == 0 && memcmp(a + 2, b + 2, 2) == 0;
}

/* NAT changes one address at a time */
static bool same_end(const uint8_t *a, const uint8_t *b)
{
	size_t at = a[0] >> 4 == 4 ? 12 : 8, len = a[0] >> 4 == 4 ? 4 : 16;

	return memcmp(a + at, b + at, len) == 0 || memcmp(a + at + len, b + at + len, len) == 0;
}

void journey_rules(struct journey *j, const struct nft_trace *t)
{
	size_t i;

	for (i = 0; i < t->n && family_of(&j->last); i++) {
		const struct traced *l = &t->line[i];

		if (!same_packet(l->header, j->last.header) ||
		    (!same_end(l->header, j->first.header) && !same_end(l->header, j->last.header)))
			continue;
		snprintf(one_more(&j->rule, &j->n_rules, sizeof(*j->rule)), sizeof(*j->rule), "%s", l->text);
		if (l->drops)
			snprintf(j->chain, sizeof(j->chain), "%s", l->chain);
	}
}

/* Has this table nothing for it? Then another is asked. */
static bool is_nothing(const struct seen *s)
{
	return s->sight == S_LOOKUP4 ? s->lookup.err == -EAGAIN :
	       s->lookup.type == RTN_UNREACHABLE && s->ifindex == 1;
}

static bool same_question(const struct seen *a, const struct seen *b)
{
	return a->pid == b->pid && a->iif == b->iif && a->mark == b->mark && same(&a->lookup.src, &b->lookup.src) &&
	       same(&a->lookup.dst, &b->lookup.dst);
}

void journey_lookup(struct seen *pending, unsigned int *n, const struct seen *s)
{
	unsigned int i;

	for (i = 0; i < *n; i++) {
		const struct seen *o = &pending[i];

		/* Of several tables the last one counts; of the same one again, once */
		if (!same_question(o, s) || (!is_nothing(o) && (o->lookup.table != s->lookup.table || o->ifindex != s->ifindex)))
			continue;
		if (i == *n - 1 || !is_nothing(o))
			break;
	}
	if (i == *n && *n == MAX_PENDING)
		i = 0;
	if (i < *n)
		memmove(&pending[i], &pending[i + 1], (--*n - i) * sizeof(*pending));
	pending[(*n)++] = *s;
}

static void keep(struct journey *j, const struct seen *s, bool check)
{
	/* The end is kept in any case */
	if (j->n >= MAX_HOPS && s->sight != S_DROP && s->sight != S_CONSUME) {
		j->more++;
		return;
	}
	*(struct hop *)one_more(&j->hop, &j->n, sizeof(*j->hop)) = (struct hop){ .s = *s, .check = check };
}

static bool is_for_here(const struct seen *s)
{
	return s->sight == S_LOOKUP4 ? s->lookup.table == RT_TABLE_LOCAL && !s->lookup.err : s->lookup.type == RTN_LOCAL;
}

void journey_adopt(struct journey *j, const struct seen *s)
{
	j->local = is_for_here(s);
	keep(j, s, false);
}

/* Which of the lookups were this packet's; now is its header behind them. */
static void settle(struct journey *j, const struct seen *now)
{
	struct addr src[2], dst[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		const struct seen *s = i || !family_of(&j->last) ? now : &j->last;

		src[i] = address(s, true);
		dst[i] = address(s, false);
	}
	for (i = 0; i < j->n_pending; i++) {
		const struct seen *s = &j->pending[i];
		const struct addr *to = &s->lookup.dst;

		if (same(to, &dst[0]) || same(to, &dst[1])) {
			j->local = is_for_here(s);
			keep(j, s, false);
		} else if (same(to, &src[0]) || same(to, &src[1])) {
			keep(j, s, true);
		}
	}
	j->n_pending = 0;
}

/* What it goes through and is looked up again behind, so that it does not leave by it */
static bool is_passage(int ifindex)
{
	const struct link *l = link_by_index(ifindex);

	return l && (l->index == world.lo || is_nvi(l) || strcmp(l->kind, "vrf") == 0);
}

void journey_add(struct journey *j, const struct seen *s, uint32_t ns)
{
	if (j->closed)
		return;
	if (is_lookup(s)) {
		journey_lookup(j->pending, &j->n_pending, s);
		return;
	}
	if (s->sight == S_XMIT) {
		if (s->ifindex == (uint32_t)j->egress && !s->reason)
			j->sent = true;
		else if (s->reason)
			keep(j, s, false);
		return;
	}
	/* Another packet at the same place in memory, or what a tunnel has made of it */
	if (family_of(&j->last) && !same_packet(j->last.header, s->header)) {
		settle(j, &j->last);
		j->closed = true;
		return;
	}
	settle(j, s);
	keep(j, s, false);
	if (!family_of(&j->last))
		j->first = *s;
	j->last = *s;
	if (s->sight == S_RECEIVE) {
		if (s->ns != ns) {
			j->closed = true;
			return;
		}
		j->egress = 0;
		j->sent = j->local = false;
	} else if (s->sight == S_QUEUE && !j->egress && !is_passage(s->ifindex)) {
		j->egress = s->ifindex;
		memcpy(j->egress_dev, s->dev, sizeof(j->egress_dev));
	}
	if (s->sight == S_DROP || s->sight == S_CONSUME)
		j->closed = true;
}

/* --- what it comes to ------------------------------------------------------------------- */

/* Who calls netfilter, and for which hook */
static const char *hook_of(const char *function)
{
	static const char *const callers[][2] = {
		{ "ip_rcv", "PREROUTING" }, { "ipv6_rcv", "PREROUTING" }, { "ip_sublist_rcv", "PREROUTING" },
		{ "ip6_sublist_rcv", "PREROUTING" }, { "ip_local_deliver", "INPUT" }, { "ip6_input", "INPUT" },
		{ "ip_forward", "FORWARD" }, { "ip6_forward", "FORWARD" }, { "__ip_local_out", "OUTPUT" },
		{ "__ip6_local_out", "OUTPUT" }, { "ip6_xmit", "OUTPUT" }, { "ip_output", "POSTROUTING" },
		{ "ip_mc_output", "POSTROUTING" }, { "ip6_output", "POSTROUTING" },
		{ "raw_sendmsg", "OUTPUT" }, { "rawv6_sendmsg", "OUTPUT" },
		{ "__netif_receive_skb_core", "ingress" }, { "__dev_queue_xmit", "egress" },
	};
	size_t i, len = strcspn(function, ".");

	for (i = 0; i < ARRAY_SIZE(callers); i++)
		if (strlen(callers[i][0]) == len && strncmp(callers[i][0], function, len) == 0)
			return callers[i][1];
	return NULL;
}

/* The names behind an end: the function, and for what netfilter drops the hook */
static void name_end(struct journey *j, const struct seen *s, const struct btf *b)
{
	uint64_t at[FRAMES + 1];
	char name[FRAMES + 1][64];
	const char *reason = s->sight == S_DROP ? btf_enum(b, "skb_drop_reason", s->reason) : NULL;
	size_t i;

	at[0] = s->location;
	memcpy(at + 1, s->frames, sizeof(s->frames));
	symbols(at, name, FRAMES + 1);
	if (s->sight == S_DROP) {
		if (reason && strncmp(reason, "SKB_DROP_REASON_", 16) == 0)
			reason += 16;
		if (reason)
			snprintf(j->reason, sizeof(j->reason), "%s", reason);
		else
			snprintf(j->reason, sizeof(j->reason), "reason %u", s->reason);
		snprintf(j->function, sizeof(j->function), "%s", name[0]);
		if (strcmp(j->reason, "NETFILTER_DROP") != 0)
			return;
		/* Who has called netfilter, and nobody further out: a bridge's hooks are others */
		for (i = 1; i < FRAMES && strncmp(name[i], "nf_hook_slow", 12) != 0; i++)
			;
		while (i < FRAMES && strncmp(name[i], "nf_hook", 7) == 0)
			i++;
		j->hook = i < FRAMES ? hook_of(name[i]) : NULL;
		return;
	}
	/* Who called it: past the program's own frames */
	for (i = 1; i <= FRAMES; i++)
		if (*name[i] && strncmp(name[i], "bpf_", 4) != 0 && !strstr(name[i], "consume_skb") &&
		    !strstr(name[i], "trace"))
			break;
	snprintf(j->function, sizeof(j->function), "%s", i <= FRAMES ? name[i] : "?");
}

static void say(struct journey *j, enum verdict v, const char *text)
{
	j->verdict = v;
	snprintf(j->text, sizeof(j->text), "%s", text);
}

static void say_dropped(struct journey *j)
{
	char by[80] = "";

	/* It came to where it was to go, and nobody asked for it */
	if (strcmp(j->reason, "NO_SOCKET") == 0) {
		j->verdict = V_LOCAL;
		snprintf(j->text, sizeof(j->text), "delivered here, and no socket takes it (NO_SOCKET in %s)", j->function);
		return;
	}
	j->verdict = V_DIES;
	if (j->egress)
		snprintf(by, sizeof(by), ", on its way out by %s", clean(j->egress_dev));
	snprintf(j->text, sizeof(j->text), "dropped in %s (%s)%s%s%s%s%s", j->function, j->reason, j->hook ? ", hook " : "",
		 j->hook ? j->hook : "", j->hook && *j->chain ? ", nft " : "", j->hook ? j->chain : "", by);
}

void journey_close(struct journey *j, const struct btf *b, int refused)
{
	const struct seen *s = &j->last;
	bool any = family_of(s);
	struct addr src;

	if (any)
		settle(j, s);
	j->closed = true;
	/* Who frees what has left is of no interest, and names take time */
	if (any && (s->sight == S_DROP || (s->sight == S_CONSUME && !j->egress)))
		name_end(j, s, b);
	if (any && s->sight == S_DROP) {
		say_dropped(j);
	} else if (j->egress) {
		src = address(&j->last, true);
		j->verdict = V_LEAVES;
		snprintf(j->text, sizeof(j->text), "leaves by %s, source %s", clean(j->egress_dev),
			 addr_text(family_of(&j->last), &src));
	} else if (j->local) {
		say(j, V_LOCAL, "delivered here");
	} else if (refused) {
		j->verdict = V_DIES;
		snprintf(j->text, sizeof(j->text), "refused to who sends it: %s", strerror(refused));
	} else if (any && s->sight == S_CONSUME) {
		j->verdict = V_UNKNOWN;
		snprintf(j->text, sizeof(j->text), "ended in %s: what that made of it is not known", j->function);
	} else {
		say(j, V_UNKNOWN, "not seen again: it may wait (for a neighbour, in a queue, for a program), or be another packet by now (a tunnel, IPsec)");
	}
}

enum tri journey_agrees(const struct journey *j, const struct path *p)
{
	const struct result *r = p->n_steps ? &p->step[p->n_steps - 1].res : NULL;

	if (p->verdict == V_UNKNOWN || j->verdict == V_UNKNOWN)
		return MAYBE;
	if (p->verdict != j->verdict)
		return NO;
	/* Of several nexthops the prediction names one */
	return p->verdict != V_LEAVES || !r || r->paths > 1 || r->oif == j->egress ? YES : NO;
}

/* --- what is printed -------------------------------------------------------------------- */

const char *clean(const char *s)
{
	static char buf[4][IF_NAMESIZE];
	static unsigned int n;
	return printable(buf[n++ % ARRAY_SIZE(buf)], IF_NAMESIZE, s, IF_NAMESIZE);
}

static void text_lookup(const struct hop *h)
{
	const struct seen *s = &h->s;
	int family = family_of(s), gw = s->lookup.gw_family;
	const struct link *in = link_by_index(s->iif);

	printf("  %s ", h->check ? "source?" : "lookup ");
	/* What the box sends is looked up as if it came in by loopback */
	if (s->iif && (int)s->iif != world.lo)
		printf("iif %s ", in ? clean(in->name) : "?");
	printf("from %s to %s", addr_text(family, &s->lookup.src), addr_text(family, &s->lookup.dst));
	if (s->mark)
		printf(" mark 0x%x", s->mark);
	if (is_nothing(s) || s->lookup.err)
		printf(": no route");
	else
		printf(": dev %s", clean(s->dev));
	if (gw == AF_INET || gw == AF_INET6)
		printf(" via %s", addr_text(gw, &s->lookup.gw));
	printf(" table %u (inferred)\n", s->lookup.table);
}

static void text_hop(const struct journey *j, size_t i)
{
	const struct seen *s = &j->hop[i].s;
	struct addr src = address(s, true), dst = address(s, false);

	if (is_lookup(s)) {
		text_lookup(&j->hop[i]);
	} else if (s->sight == S_DROP || s->sight == S_CONSUME) {
		printf("  %-7s%s%s", hops[s->sight], *j->function ? " in " : "", j->function);
		if (*s->dev)
			printf("%s device %s", *j->function ? "," : "", clean(s->dev));
		putchar('\n');
	} else if (s->sight == S_XMIT) {
		printf("  %-7s %s (%d)\n", hops[s->sight], clean(s->dev), (int)s->reason);
	} else {
		printf("  %-7s %s  %s > %s", hops[s->sight], clean(s->dev), addr_text(family_of(s), &src),
		       addr_text(family_of(s), &dst));
		if (s->mark)
			printf(" mark 0x%x", s->mark);
		/* Only what has left is seen there */
		if (i && i == j->n - 1 && s->sight == S_RECEIVE && j->egress)
			printf(" (another network namespace)");
		putchar('\n');
	}
}

void journey_text(const struct journey *j, unsigned int no)
{
	size_t i;

	printf("\npacket %u\n", no);
	for (i = 0; i < j->n; i++) {
		if (i == MAX_HOPS && j->more)
			printf("  ... and %u more ...\n", j->more);
		text_hop(j, i);
	}
	if (i <= MAX_HOPS && j->more)
		printf("  ... and %u more\n", j->more);
	for (i = 0; i < j->n_rules; i++)
		printf("  nft     %s\n", j->rule[i]);
	printf("seen: %s\n", j->text);
}

static void json_hop(const struct journey *j, const struct hop *h)
{
	const struct seen *s = &h->s;
	struct addr src = is_lookup(s) ? s->lookup.src : address(s, true);
	struct addr dst = is_lookup(s) ? s->lookup.dst : address(s, false);
	const struct link *in = is_lookup(s) ? link_by_index(s->iif) : NULL;

	printf("{\"hop\":");
	json_string(h->check ? "source-check" : hops[s->sight]);
	printf(",\"certain\":%s", is_lookup(s) ? "false" : "true");
	if (in)
		json_field("iif", in->name);
	if (*s->dev)
		json_field("dev", s->dev);
	if (s->sight != S_XMIT && family_of(s)) {
		json_field("src", addr_text(family_of(s), &src));
		json_field("dst", addr_text(family_of(s), &dst));
		printf(",\"mark\":%u", s->mark);
	}
	if (is_lookup(s)) {
		printf(",\"table\":%u,\"found\":%s", s->lookup.table, is_nothing(s) || s->lookup.err ? "false" : "true");
		if (s->lookup.gw_family == AF_INET || s->lookup.gw_family == AF_INET6)
			json_field("gateway", addr_text(s->lookup.gw_family, &s->lookup.gw));
	}
	if ((s->sight == S_DROP || s->sight == S_CONSUME) && *j->function)
		json_field("function", j->function);
	putchar('}');
}

void journey_json(const struct journey *j, unsigned int no, enum tri agrees)
{
	size_t i;

	printf("{\"packet\":%u,\"seen\":", no);
	json_string(verdict_name(j->verdict));
	json_field("text", j->text);
	printf(",\"agrees\":%s", agrees == YES ? "true" : agrees == NO ? "false" : "null");
	if (j->verdict == V_LEAVES)
		json_field("dev", j->egress_dev);
	if (j->function[0])
		json_field("function", j->function);
	if (j->reason[0])
		json_field("drop_reason", j->reason);
	if (j->hook)
		json_field("hook", j->hook);
	printf(",\"hops\":[");
	for (i = 0; i < j->n; i++) {
		if (i)
			putchar(',');
		json_hop(j, &j->hop[i]);
	}
	printf("],\"more\":%u,\"nft_trace\":[", j->more);
	for (i = 0; i < j->n_rules; i++) {
		if (i)
			putchar(',');
		json_string(j->rule[i]);
	}
	printf("]}");
}

void journey_free(struct journey *j)
{
	free(j->hop);
	free(j->rule);
	j->hop = NULL;
	j->rule = NULL;
}
