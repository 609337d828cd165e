// SPDX-License-Identifier: GPL-2.0-only
/*
 * fib-diff SEED QUESTIONS: this tool's lookup beside the kernel's, for questions by chance
 * about the rules and routes that are there: whatever table, whatever family. Prints each
 * difference, and the sums.
 */
#include "fib.h"
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

static uint32_t rnd(uint32_t n)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (state >> 33) % n;
}

/* An address that a route or a rule speaks of, or one beside it. */
static struct addr some_addr(int family)
{
	const struct fib *fib = fib_of(family);
	unsigned int len = family == AF_INET ? 4 : 16;
	struct addr a = fib->routes[rnd(fib->n_routes)].dst;
	const struct rule *r = &fib->rules[rnd(fib->n_rules)];

	if (rnd(4) == 0 && r->dst_len)
		a = r->dst;
	a.b[len - 1] ^= rnd(4);
	if (rnd(4) == 0)
		a.b[len - 2] ^= rnd(4);
	return a;
}

static bool own_addr(int family, struct addr *to)
{
	unsigned int tries;

	for (tries = 0; tries < 64; tries++) {
		const struct address *a = &world.addrs[rnd(world.n_addrs)];

		if (a->family != family || a->a.b[0] == 127 || a->a.b[0] == 0xfe || a->index == world.lo)
			continue;
		*to = a->a;
		return true;
	}
	return false;
}

/* What has ways of its own, whatever the rules: nowhere, loopback, a link, many. */
static bool is_special(int family, const struct addr *a)
{
	static const struct addr none;
	uint8_t first = a->b[0], type = addr_type(family, a);

	if (type == RTN_BROADCAST || type == RTN_MULTICAST)
		return true;
	return family == AF_INET ? first == 0 || first == 127 : first == 0xfe || memcmp(a, &none, 15) == 0;
}

static void question(int family, struct flow *f)
{
	const struct fib *fib = fib_of(family);
	const struct rule *r = &fib->rules[rnd(fib->n_rules)];
	static const uint8_t protos[] = { 0, IPPROTO_TCP, IPPROTO_UDP }, classes[] = { 0, 0, 0x10, 0x08, 0xb8 };

	memset(f, 0, sizeof(*f));
	f->family = family;
	do {
		f->dst = some_addr(family);
	} while (is_special(family, &f->dst));
	f->mark = rnd(2) ? 0 : r->mark ^ (rnd(4) == 0 ? 1u << rnd(32) : 0);
	f->tos = classes[rnd(sizeof(classes))];
	if (family == AF_INET6) {
		f->has_label = true;
		f->label = rnd(3) ? r->label ^ (rnd(2) ? 0 : 1u << rnd(4)) : 0;
	}
	f->proto = protos[rnd(sizeof(protos))];
	if (f->proto) {
		f->sport = 1024 + rnd(1000);
		f->dport = rnd(2) ? 53 : 1 + rnd(1000);
	}
	if (rnd(2)) {
		const struct link *l = &world.links[rnd(world.n_links)];

		if (l->index != world.lo && l->flags & IFF_UP) {
			f->iif = l->index;
			f->src = some_addr(family);
			f->has_src = true;
			return;
		}
	}
	f->has_uid = true;
	f->uid = rnd(2) ? 0 : 1000 + rnd(3);
	f->has_src = rnd(2) && own_addr(family, &f->src);
}

static bool is_choice(const struct result *e, const struct result *k)
{
	unsigned int i;

	if (e->oif == k->oif)
		return true;
	for (i = 0; e->route && i < e->route->n_nh; i++)
		if (e->route->nh[i].oif == k->oif)
			return true;
	return false;
}

static void show(const struct flow *f, const struct result *e, const struct result *k)
{
	const struct link *in = link_by_index(f->iif);
	char rule[200], route[200];

	printf("DIFFERS: to %s", addr_text(f->family, &f->dst));
	if (f->has_src)
		printf(" from %s", addr_text(f->family, &f->src));
	printf(" %s mark 0x%x tos 0x%x flowlabel 0x%x proto %u sport %u dport %u uid %u: ", in ? in->name : "output", f->mark,
	       f->tos, f->label, f->proto, f->sport, f->dport, f->uid);
	printf("here: error %d type %u dev %d (%s; %s); the kernel: error %d type %u dev %d\n", e->err, e->type, e->oif,
	       e->rule ? describe_rule(e->rule, rule, sizeof(rule)) : "-",
	       e->route ? describe_route(f->family, e->route, route, sizeof(route)) : "-", k->err, k->type, k->oif);
}

int main(int argc, char **argv)
{
	unsigned int i, n = argc > 2 ? atoi(argv[2]) : 1000, same = 0, refused = 0, unsure = 0, differ = 0;
	static const int families[] = { AF_INET, AF_INET6 };

	state = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	if (world_read()) {
		fprintf(stderr, "fib-diff: cannot read links, rules and routes\n");
		return 1;
	}
	for (i = 0; i < n; i++) {
		struct result e, k;
		struct flow f;

		question(families[rnd(2)], &f);
		fib_lookup(&f, &e);
		if (!ask_route(&f, &k))
			continue;
		if (e.unsure)
			unsure++;
		else if (k.err && !e.err && f.iif)
			refused++;	/* its source, or the like: not of the routes */
		else if (k.err ? e.err : !e.err && e.type == k.type && is_choice(&e, &k))
			same++;
		else if (differ++ < 40)
			show(&f, &e, &k);
	}
	printf("answers %u same %u refused %u unsure %u differ %u\n", same + refused + unsure + differ, same, refused, unsure, differ);
	world_free();
	return 0;
}
