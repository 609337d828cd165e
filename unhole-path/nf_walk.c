// SPDX-License-Identifier: GPL-2.0-only
/*
 * The way of one packet through the chains of a hook. Where a rule may match or not, the
 * packet may come to what follows or not; each chain is walked once for each state that
 * the packet can have there, however many jumps lead to it.
 */
#include "nf.h"
#include "ipvs.h"
#include <errno.h>
#include <limits.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter_ipv4.h>
#include <stdlib.h>
#include <string.h>

/* Rules that are looked at in one hook: the kernel itself would take a second for them */
#define MAX_RULES 4000000
#define MAX_DEPTH 4096

struct nf_chains nf_chains[2] = { { .tracks = MAYBE }, { .tracks = MAYBE } }, nf_bridge_chains = { .tracks = NO };
static bool legacy_done[2];

static void (*trace_fn)(const char *line, void *arg);
static void *trace_arg;

/* --- what the decoders build with ----------------------------------------------------- */

struct nf_step *nf_step(struct nf_code *code, enum nf_what what)
{
	static struct nf_step none;
	struct nf_step *s = &none;

	if (code->n < NF_MAX_STEPS)
		s = &code->step[code->n++];
	else
		code->overflow = true;
	*s = (struct nf_step){ .what = what };
	return s;
}

void *nf_scratch(struct nf_code *code, const void *data, size_t len)
{
	static char none[NF_SCRATCH];
	size_t room = (len + 7) & ~(size_t)7;
	char *to = (char *)code->scratch + code->used;

	if (room > sizeof(code->scratch) - code->used) {
		code->overflow = true;
		return none;
	}
	code->used += room;
	memcpy(to, data, len);
	return to;
}

void nf_decode(const struct nf_chain *c, const struct nf_rule *r, struct nf_code *code)
{
	code->n = code->used = 0;
	code->overflow = false;
	if (c->legacy)
		xt_decode(c, r, code);
	else
		nft_decode(c, r, code);
}

const char *nf_place(const struct nf_chain *c, unsigned int no, char *buf, size_t len)
{
	if (no)
		snprintf(buf, len, "%s%s %s, rule %u", c->legacy ? "legacy " : "", c->table, c->name, no);
	else
		snprintf(buf, len, "%s%s %s, the policy", c->legacy ? "legacy " : "", c->table, c->name);
	return buf;
}

/* --- one chain --------------------------------------------------------------------------- */

struct visit {
	struct walk *w;
	unsigned int rules;
	bool everywhere;	/* all chains of a table are being walked */
};

/* Counts what has changed of the packet, in all walks: what has been seen at one count
 * need not be looked at again.
 */
static unsigned long changed;

/* How those that came into a chain have come out of it. */
struct out {
	bool back;		/* some, or all, behind the jump */
	bool accepted;		/* some may have been accepted */
	bool natted;		/* some may have met NAT */
};

static const struct nf_reach nobody = { NO, NO }, surely = { YES, YES };

static void walk_chain(struct visit *v, struct nf_chain *c, struct nf_reach reach, int depth, struct out *out);

static void drop(struct walk *w, const struct nf_chain *c, unsigned int no, enum tri how)
{
	if (w->dropped == YES || w->dropped == how)
		return;
	w->dropped = how;
	w->drop_chain = c;
	w->drop_no = no;
	nf_place(c, no, w->drop_at, sizeof(w->drop_at));
	changed++;
}

static void say_rule(const struct nf_chain *c, unsigned int no, enum tri how, const char *what, const char *to)
{
	char line[2 * WHERE], at[WHERE];

	if (!trace_fn)
		return;
	snprintf(line, sizeof(line), "%s: %s%s%s%s", nf_place(c, no, at, sizeof(at)), what, to ? " " : "",
		 to ? to : "", how == MAYBE ? " (it may)" : "");
	trace_fn(line, trace_arg);
}

static const char *verdict_name(const struct nf_said *said)
{
	if (said->any)
		return "a verdict of a map";
	switch (said->code) {
	case NF_DROP:
		return "drop";
	case NF_ACCEPT:
		return "accept";
	case NF_NATTED:
		return "NAT";
	case NF_PROXIED:
		return "TPROXY";
	case NFT_JUMP:
		return "jump";
	case NFT_GOTO:
		return "goto";
	case NFT_RETURN:
		return "return";
	case NFT_CONTINUE:
		return "matches";
	default:
		return "a verdict that is not known here";
	}
}

static struct nf_chains *chains_of(const struct walk *w)
{
	return w->bridged ? &nf_bridge_chains : &nf_chains[w->family == AF_INET6];
}

/* A verdict map whose key is not known may lead to any chain of its table. */
static void walk_all(struct visit *v, const struct nf_chain *from, int depth, struct out *out)
{
	const struct nf_chains *all = chains_of(v->w);
	const struct nf_reach perhaps = { MAYBE, MAYBE };
	unsigned long before;
	size_t i;

	out->accepted = out->back = out->natted = true;
	if (v->everywhere)
		return;
	v->everywhere = true;
	do {
		before = changed;
		for (i = 0; i < all->n; i++) {
			struct nf_chain *c = all->chain[i];
			struct out one;

			if (!c->base && !c->legacy && c->family == from->family && strcmp(c->table, from->table) == 0)
				walk_chain(v, c, perhaps, depth + 1, &one);
		}
	} while (changed != before);
	v->everywhere = false;
}

static struct nf_reach combined(struct nf_reach reach, enum tri matched)
{
	return (struct nf_reach){ both(reach.here, matched), both(reach.unnatted, matched) };
}

/* Those that come to the next rule, if some of them do not, surely or perhaps. */
static struct nf_reach fewer(enum tri matched)
{
	return matched == YES ? nobody : (struct nf_reach){ MAYBE, MAYBE };
}

/* A program decides, or what is not known here; it may come back with a mark. */
static struct nf_reach anything(struct visit *v, const struct nf_chain *c, unsigned int no, bool map, int depth,
				struct out *out)
{
	if (map)
		walk_all(v, c, depth, out);
	else
		nf_mark_unsure(v->w, c, no, 0xffffffff, "a verdict that is not known here");
	nf_unsure(v->w, c, no, "a verdict that is not known here");
	drop(v->w, c, no, MAYBE);
	out->accepted = out->back = true;
	return (struct nf_reach){ MAYBE, MAYBE };
}

/* What a verdict makes of those that have come to it: who comes to the next rule? */
static struct nf_reach obey(struct visit *v, const struct nf_chain *c, unsigned int no, int code,
			    const struct nf_chain *to, enum tri matched, struct nf_reach reach, int depth, struct out *out)
{
	struct out one = { .back = false };

	switch (code) {
	case NFT_CONTINUE:
		return reach;
	case NF_DROP:
		drop(v->w, c, no, both(reach.here, matched));
		return matched == YES ? nobody : reach;
	case NFT_RETURN:
		out->back = true;
		return fewer(matched);
	case NF_NATTED:
		out->natted = true;
		return matched == YES ? nobody : (struct nf_reach){ MAYBE, reach.unnatted };
	case NFT_GOTO:
	case NFT_JUMP:
		walk_chain(v, (struct nf_chain *)to, combined(reach, matched), depth + 1, &one);
		out->accepted = out->accepted || one.accepted;
		out->natted = out->natted || one.natted;
		if (code == NFT_GOTO) {
			out->back = out->back || one.back;
			return fewer(matched);
		}
		if (!one.back && matched == YES)
			return nobody;
		if (one.accepted)
			return (struct nf_reach){ MAYBE, MAYBE };
		return (struct nf_reach){ one.natted ? MAYBE : reach.here, reach.unnatted };
	case NF_PROXIED:
		nf_unsure(v->w, c, no, "TPROXY, which drops what nobody listens for");
		drop(v->w, c, no, MAYBE);
		out->accepted = true;
		return fewer(matched);
	case NF_QUEUE:
		return anything(v, c, no, false, depth, out);
	default:
		out->accepted = true;
		return fewer(matched);
	}
}

/* One of several verdicts of a map. NAT is sure if it is in each of them. */
static struct nf_reach obey_one_of(struct visit *v, const struct nf_chain *c, unsigned int no, const struct nf_said *said,
				   struct nf_reach reach, int depth, struct out *out)
{
	bool sure = said->sure && said->matched == YES, was = v->w->nat_sure, all = sure, stay = !sure;
	struct nf_reach perhaps = { MAYBE, sure ? reach.unnatted : MAYBE }, next;
	unsigned int i;

	for (i = 0; i < said->n; i++) {
		v->w->nat_sure = false;
		next = obey(v, c, no, said->alt[i].code, said->alt[i].to, YES, perhaps, depth, out);
		all = all && v->w->nat_sure;
		stay = stay || next.here != NO;
	}
	v->w->nat_sure = was || all;
	return stay ? (struct nf_reach){ MAYBE, all ? NO : MAYBE } : nobody;
}

static struct nf_reach met(struct visit *v, const struct nf_chain *c, unsigned int no, const struct nf_said *said,
			   struct nf_reach reach, int depth, struct out *out)
{
	if (said->any && said->n)
		return obey_one_of(v, c, no, said, reach, depth, out);
	if (said->any)
		return anything(v, c, no, true, depth, out);
	return obey(v, c, no, said->code, said->to, said->matched, reach, depth, out);
}

static void give_up(struct visit *v, const struct nf_chain *c, struct out *out)
{
	nf_mark_unsure(v->w, c, 1, 0xffffffff, "too many rules, and jumps among them, to be followed");
	nf_unsure(v->w, c, 1, "too many rules, and jumps among them, to be followed");
	drop(v->w, c, 1, MAYBE);
	if (v->w->unholable && v->w->unholed == NO)
		v->w->unholed = MAYBE;
	out->back = out->accepted = out->natted = true;
}

/* All that can be said of it has been said, the last time that it was walked. */
static bool is_known(const struct nf_chain *c, struct nf_reach reach)
{
	return c->seen_at == changed && (c->seen_here == reach.here || c->seen_here == YES) &&
	       (c->seen_unnatted == reach.unnatted || c->seen_unnatted == YES);
}

/* nft_do_chain(), ipt_do_table() */
static void walk_chain(struct visit *v, struct nf_chain *c, struct nf_reach reach, int depth, struct out *out)
{
	bool nat_before = v->w->nat_sure;
	unsigned long before = changed;
	struct nf_reach came = reach;
	struct nf_said said;
	size_t i;

	if (is_known(c, reach)) {
		*out = (struct out){ c->seen_back, c->seen_accepts, c->seen_natted };
		v->w->nat_sure = nat_before || c->seen_nat_sure;
		return;
	}
	/* A map that leads anywhere leads here again */
	*out = (struct out){ true, true, true };
	if (c->walking)
		return;
	*out = (struct out){ false, false, false };
	c->walking = true;
	v->w->nat_sure = false;
	for (i = 0; i < c->n_rules && reach.here != NO && v->w->dropped != YES; i++) {
		if (depth > MAX_DEPTH || ++v->rules > MAX_RULES)
			break;
		nf_eval(v->w, c, &c->rules[i], reach, &changed, &said);
		if (said.matched == NO)
			continue;
		say_rule(c, c->rules[i].no, both(reach.here, said.matched), verdict_name(&said), said.to ? said.to->name : NULL);
		reach = met(v, c, c->rules[i].no, &said, reach, depth, out);
	}
	c->walking = false;
	if (depth > MAX_DEPTH || v->rules > MAX_RULES)
		return give_up(v, c, out);
	if (reach.here != NO && v->w->dropped != YES)
		out->back = true;
	if (changed == before) {
		c->seen_at = changed;
		c->seen_here = came.here;
		c->seen_unnatted = came.unnatted;
		c->seen_back = out->back;
		c->seen_accepts = out->accepted;
		c->seen_natted = out->natted;
		c->seen_nat_sure = v->w->nat_sure;
	}
	v->w->nat_sure = v->w->nat_sure || nat_before;
}

/* Returns whether a rule may end its way through this chain, before its end. */
static bool walk_base(struct visit *v, struct nf_chain *c, struct nf_reach reach)
{
	struct out out;

	changed++;
	walk_chain(v, c, reach, 0, &out);
	if (out.back && c->policy == NF_DROP) {
		enum tri how = out.accepted || out.natted ? MAYBE : reach.here;

		drop(v->w, c, 0, how);
		say_rule(c, 0, how, "drop", NULL);
	}
	return out.accepted || !out.back;
}

/* --- what is hooked in ------------------------------------------------------------------ */

enum kind { A_CHAIN, CONNTRACK, NAT, IPVS };

struct one {
	enum kind kind;
	int prio;
	size_t no;		/* in the order of registration, as far as that is known */
	struct nf_chain *c;
};

/* --- NAT --------------------------------------------------------------------------------- */

static void apply(struct walk *w, enum manip manip, const struct nat_to *to)
{
	struct addr *a = manip == MANIP_DST ? &w->dst : &w->src;
	uint16_t *port = manip == MANIP_DST ? &w->dport : &w->sport;

	if (to->drops) {
		w->nat = *to;
		w->dropped = YES;
		snprintf(w->drop_at, sizeof(w->drop_at), "%.150s: REDIRECT, and %s has no address", to->by, w->iif);
		return;
	}
	w->src_unsure = w->src_unsure || to->some;
	if (to->has_addr && memcmp(a, &to->addr, sizeof(*a)) != 0) {
		*a = to->addr;
		w->natted[manip] = true;
	}
	if (to->has_port && (!to->port || *port != to->port)) {
		*port = to->port;
		w->natted[manip] = true;
	}
	w->nat = *to;
	changed++;
}

static bool wants_conntrack(const struct nf_step *s)
{
	switch (s->what) {
	case NF_LOAD:
		return s->field >= F_CT_STATE && s->field <= F_CT_OTHER;
	case NF_SET_CTMARK:
	case NF_CONNMARK:
	case NF_SET_CT:
	case NF_NAT:
	case NF_OFFLOAD:
	case NF_HELPER:
	case NF_MAYBE:		/* who knows */
	case NF_MARK_UNKNOWN:
		return true;
	default:
		return false;
	}
}

/* Nothing is tracked, and so nothing is translated, until a rule of this network namespace
 * asks for it (nf_ct_netns_get()): a chain of type nat alone does not.
 */
static bool is_tracking(struct nf_chains *all)
{
	static struct nf_code code;
	size_t i, j;
	unsigned int k;

	for (i = 0; i < all->n && all->tracks == MAYBE; i++)
		for (j = 0; j < all->chain[i]->n_rules && all->tracks == MAYBE; j++) {
			nf_decode(all->chain[i], &all->chain[i]->rules[j], &code);
			for (k = 0; k < code.n; k++)
				if (wants_conntrack(&code.step[k]))
					all->tracks = YES;
		}
	if (all->tracks == MAYBE)
		all->tracks = NO;
	return all->tracks == YES;
}

/* nf_nat_packet(): a packet of a connection that NAT has changed. What IPVS has changed of it, it does itself. */
static void translate(struct walk *w, enum manip manip)
{
	bool of_source = (manip == MANIP_SRC) != w->conn->reply;
	struct nat_to to = { .has_addr = true, .addr = w->conn->to[manip], .has_port = w->conn->has_ports, .port = w->conn->port[manip] };

	w->nat_done[manip] = true;
	if (!(w->conn->status & (of_source ? IPS_SRC_NAT : IPS_DST_NAT)))
		return;
	snprintf(to.by, sizeof(to.by), "the connection");
	if (memcmp(&to.addr, manip == MANIP_DST ? &w->dst : &w->src, sizeof(to.addr)) != 0 ||
	    (to.has_port && to.port != (manip == MANIP_DST ? w->dport : w->sport)))
		apply(w, manip, &to);
}

/* nf_nat_inet_fn(): the chains of type nat, in their order, for what has no binding yet. */
static void nat(struct visit *v, const struct one *list, size_t n)
{
	struct walk *w = v->w;
	enum manip manip = w->hook == HOOK_PREROUTING || w->hook == HOOK_OUTPUT ? MANIP_DST : MANIP_SRC;
	size_t i;

	/* Each packet of it is translated, as the first was */
	if (w->ct == CT_ENTRY && !w->nat_done[manip]) {
		translate(w, manip);
		return;
	}
	if (w->ct == CT_UNTRACKED || w->ct == CT_NONE || w->nat_done[manip])
		return;
	if (n && !is_tracking(&nf_chains[w->family == AF_INET6]))
		n = 0;
	w->n_outcomes = 0;
	w->nat_unknown = w->nat_sure = w->told_met = false;
	for (i = 0; i < n && !w->nat_sure && w->dropped != YES; i++)
		walk_base(v, list[i].c, w->n_outcomes || w->nat_unknown ? (struct nf_reach){ MAYBE, YES } : surely);
	w->nat_done[manip] = true;
	/* Once: behind an entry of its own the rules say it */
	if (w->is_told[manip] && (w->told_met || manip == MANIP_SRC || !w->told_where_rules)) {
		w->is_told[manip] = false;
		apply(w, manip, &w->told[manip]);
		return;
	}
	if (w->nat_unknown) {
		w->fork = true;
		return;
	}
	if (w->ct == CT_UNKNOWN)
		w->nat_sure = false;
	if (w->n_outcomes && !w->nat_sure)
		w->outcome[w->n_outcomes++] = (struct nat_to){ .has_addr = false };
	if (w->n_outcomes > 1 && w->picked == w->n_picks)
		w->fork = true;
	else if (w->n_outcomes > 1)
		apply(w, manip, &w->outcome[w->pick[w->picked++] % w->n_outcomes]);
	else if (w->n_outcomes)
		apply(w, manip, &w->outcome[0]);
	else if (manip == MANIP_SRC && w->before.there != NO && w->before.zone == w->zone)
		w->sport = 0;	/* the other entry's reply has this one's port, so it gets another */
}

/* --- one hook, all its chains ------------------------------------------------------------ */

struct hooked {
	struct one *list;
	size_t n;
	struct one *nat;	/* chains of type nat, by their own priorities */
	size_t n_nat;
};

static const struct walk *sorting;
static bool reversed;

/* Of equals the last one that was registered is called first: nf_hook_entries_grow().
 * Which that was is not known of different tables, unless the kernel tells.
 */
static bool same_table(const struct nf_chain *a, const struct nf_chain *b)
{
	return a && b && !a->legacy && !b->legacy && a->family == b->family && strcmp(a->table, b->table) == 0;
}

static int by_prio(const void *a, const void *b)
{
	const struct one *x = a, *y = b;
	enum tri first;
	int last_first;

	if (x->prio != y->prio)
		return x->prio < y->prio ? -1 : 1;
	if (x->c == y->c)
		return x->kind < y->kind ? 1 : x->kind > y->kind ? -1 : 0;
	first = nf_hook_order(sorting->family, sorting->hook, x->prio, x->c, y->c);
	if (first != MAYBE)
		return first == YES ? -1 : 1;
	/* The kernel's own are there once a rule wants them: before a chain, or behind it */
	last_first = x->c && y->c ? (x->no > y->no ? -1 : 1) : x->c ? -1 : 1;
	return reversed && !same_table(x->c, y->c) ? -last_first : last_first;
}

/* A chain of devices: is it for the one that the packet is on? */
static bool for_device(const struct nf_chain *c, const char *dev)
{
	const char *d;

	if (c->hook != HOOK_INGRESS && c->hook != HOOK_EGRESS)
		return true;
	for (d = c->devs; d && *d && dev; d += strlen(d) + 1)
		if (found_takes(d, 0, dev) == YES)
			return true;
	return false;
}

static void add(struct one **list, size_t *n, enum kind kind, int prio, struct nf_chain *c)
{
	size_t no = *n;

	*(struct one *)one_more(list, n, sizeof(**list)) = (struct one){ .kind = kind, .prio = prio, .no = no, .c = c };
}

static void collect(const struct walk *w, struct hooked *h)
{
	const struct nf_chains *all = chains_of(w);
	const char *dev = w->hook == HOOK_EGRESS ? w->oif : w->iif;
	size_t i;

	for (i = 0; i < all->n; i++) {
		struct nf_chain *c = all->chain[i];

		if (!c->base || c->hook != w->hook || !for_device(c, dev))
			continue;
		/* Whatever their priorities are, NAT is done at its own: they say which comes first */
		if (c->is_nat)
			add(&h->nat, &h->n_nat, A_CHAIN, c->prio, c);
		else
			add(&h->list, &h->n, A_CHAIN, c->prio, c);
	}
	if (w->bridged)
		return;
	if (w->hook == HOOK_PREROUTING || w->hook == HOOK_OUTPUT) {
		add(&h->list, &h->n, CONNTRACK, NF_IP_PRI_CONNTRACK, NULL);
		add(&h->list, &h->n, NAT, NF_IP_PRI_NAT_DST, NULL);
	} else if (w->hook == HOOK_POSTROUTING || w->hook == HOOK_INPUT) {
		add(&h->list, &h->n, NAT, NF_IP_PRI_NAT_SRC, NULL);
	}
	/* ip_vs_ops4: where it takes in; in FORWARD, answers of its servers */
	if (w->hook == HOOK_INPUT)
		add(&h->list, &h->n, IPVS, NF_IP_PRI_NAT_SRC - 1, NULL);
	else if (w->hook == HOOK_OUTPUT)
		add(&h->list, &h->n, IPVS, NF_IP_PRI_NAT_DST + 2, NULL);
	else if (w->hook == HOOK_FORWARD)
		add(&h->list, &h->n, IPVS, NF_IP_PRI_NAT_SRC, NULL);
}

/* ip_vs_out_hook(): an answer of a server gets the service's address, which conntrack has of it. It was not NAT that
 * said so.
 */
static void answers(struct walk *w)
{
	const struct ct_conn *c = w->ct == CT_ENTRY ? w->conn : NULL;
	struct nat_to to = { .has_addr = true, .has_port = c && c->has_ports, .by = "IPVS" };

	if (!c || !c->reply || c->status & IPS_DST_NAT || memcmp(&c->to[MANIP_SRC], &w->src, sizeof(w->src)) == 0)
		return;
	to.addr = c->to[MANIP_SRC];
	to.port = c->port[MANIP_SRC];
	apply(w, MANIP_SRC, &to);
	w->answers = true;
}

static void ipvs(struct walk *w)
{
	static struct ipvs vs;

	if (w->hook == HOOK_FORWARD)
		return answers(w);
	if (w->served || w->any)
		return;
	w->taken = ipvs_takes(w, &vs);
	w->vs = &vs;
}

static void relook(struct walk *w)
{
	w->relook = true;
	w->relook_mark = w->mark;
	w->relook_known = w->mark_known;
	w->relook_tos = w->tos;
}

static void walk_one(struct visit *v, struct nf_chain *c)
{
	struct walk *w = v->w;
	struct walk was = *w;
	bool ends = walk_base(v, c, surely);

	if (c->prio == NF_IP_PRI_RAW && ends)
		w->raw_ends = true;
	/* iptable_mangle_hook(), nf_route_table_hook4() */
	if (w->hook == HOOK_OUTPUT && c->routes &&
	    (w->mark != was.mark || w->mark_known != was.mark_known || w->tos != was.tos ||
	     w->tos_unsure != was.tos_unsure || memcmp(&w->src, &was.src, sizeof(was.src)) != 0 ||
	     memcmp(&w->dst, &was.dst, sizeof(was.dst)) != 0))
		relook(w);
}

/* Does conntrack find the entry that it had before it was reset? It was confirmed at the end of the
 * first pass; what no NAT has changed has its tuple.
 */
static enum tri found_again(const struct walk *w)
{
	const struct ct_entry *e = &w->before;

	if (e->there == NO || e->natted[MANIP_SRC] || e->natted[MANIP_DST] || e->sport != w->sport ||
	    e->dport != w->dport || memcmp(&e->src, &w->src, sizeof(e->src)) != 0 ||
	    memcmp(&e->dst, &w->dst, sizeof(e->dst)) != 0)
		return NO;
	if (e->zone == ZONE_UNKNOWN || w->zone == ZONE_UNKNOWN)
		return MAYBE;
	return e->zone == w->zone ? e->there : NO;
}

static void tracked(struct walk *w)
{
	enum tri again;

	if (w->ct != CT_NONE && w->ct != CT_TEMPLATE)
		return;
	/* Of one that is there, another entry is there as well: nobody has asked for that */
	again = w->conn && (w->zone != w->conn->zone || w->before.there != NO) ? MAYBE : found_again(w);
	w->ct = again == MAYBE ? CT_UNKNOWN : w->conn ? CT_ENTRY : CT_NEW;
	w->ct_src = w->src;
	w->ct_dst = w->dst;
	w->ct_sport = w->sport;
	w->ct_dport = w->dport;
	if (w->ct == CT_ENTRY) {
		w->ct_src = w->conn->src;
		w->ct_dst = w->conn->dst;
		w->ctmark = w->conn->mark;
		w->ctmark_known = w->conn->mark_known;
	}
	if (again == YES) {
		/* With its NAT, which is none */
		w->nat_done[MANIP_SRC] = w->nat_done[MANIP_DST] = true;
		w->ctmark = w->before.mark;
		w->ctmark_known = w->before.mark_known;
	}
	changed++;
}

static void walk_hook(struct walk *w, struct hooked *h)
{
	struct visit v = { .w = w };
	size_t i;

	sorting = w;
	if (h->n)
		qsort(h->list, h->n, sizeof(*h->list), by_prio);
	if (h->n_nat)
		qsort(h->nat, h->n_nat, sizeof(*h->nat), by_prio);
	for (i = 0; i < h->n && w->dropped != YES && !w->fork && w->taken == NO; i++) {
		struct addr dst = w->dst;

		switch (h->list[i].kind) {
		case A_CHAIN:
			walk_one(&v, h->list[i].c);
			break;
		case CONNTRACK:
			tracked(w);
			break;
		case NAT:
			nat(&v, h->nat, h->n_nat);
			/* nf_nat_ipv4_local_fn() */
			if (w->hook == HOOK_OUTPUT && memcmp(&dst, &w->dst, sizeof(dst)) != 0)
				relook(w);
			break;
		case IPVS:
			ipvs(w);
			break;
		}
	}
}

/* Two chains of one priority, and it is not known which is called first */
static bool is_ambiguous(const struct one *list, size_t n)
{
	size_t i;

	for (i = 1; i < n; i++) {
		const struct nf_chain *a = list[i - 1].c, *b = list[i].c;

		if ((a || b) && list[i - 1].prio == list[i].prio && !same_table(a, b) &&
		    nf_hook_order(sorting->family, sorting->hook, list[i].prio, a, b) == MAYBE)
			return true;
	}
	return false;
}

static void disagree(struct walk *w, enum tri *what)
{
	*what = MAYBE;
	if (!w->unsure[0])
		snprintf(w->unsure, sizeof(w->unsure), "chains of one priority, whose order is not known");
}

/* What has come out of either order */
static void merge(struct walk *w, const struct walk *o)
{
	uint32_t differs = (w->mark ^ o->mark) | ~o->mark_known;

	if (w->dropped != o->dropped || w->fork != o->fork || memcmp(&w->dst, &o->dst, sizeof(w->dst)) != 0 ||
	    memcmp(&w->src, &o->src, sizeof(w->src)) != 0 || w->sport != o->sport || w->dport != o->dport ||
	    w->ct != o->ct || w->taken != o->taken) {
		if (!w->drop_at[0])
			snprintf(w->drop_at, sizeof(w->drop_at), "%s", o->drop_at);
		disagree(w, &w->dropped);
	}
	if (w->unholed != o->unholed)
		disagree(w, &w->unholed);
	if (differs & w->mark_known && w->mark_known == 0xffffffff)
		snprintf(w->mark_why, sizeof(w->mark_why), "chains of one priority, whose order is not known");
	w->mark_known &= ~differs;
	w->ctmark_known &= o->ctmark_known & ~(w->ctmark ^ o->ctmark);
	w->relook_known &= o->relook_known & ~(w->relook_mark ^ o->relook_mark);
	w->relook = w->relook || o->relook;
	w->ttl_unsure = w->ttl_unsure || o->ttl_unsure || w->ttl != o->ttl;
	w->src_unsure = w->src_unsure || o->src_unsure;
	w->tos_unsure = w->tos_unsure || o->tos_unsure || w->tos != o->tos;
}

void rules_walk(struct walk *w)
{
	struct hooked h = { 0 };
	struct walk other;

	w->unholed = w->dropped = w->taken = NO;
	w->unsure[0] = w->drop_at[0] = 0;
	w->raw_ends = w->relook = w->fork = false;
	w->n_outcomes = 0;
	w->nat = (struct nat_to){ .has_addr = false };
	collect(w, &h);
	/* Behind PREROUTING and OUTPUT each has its entry */
	if (w->hook == HOOK_FORWARD || w->hook == HOOK_POSTROUTING || w->hook == HOOK_INPUT)
		tracked(w);
	other = *w;
	reversed = false;
	walk_hook(w, &h);
	if (is_ambiguous(h.list, h.n) || is_ambiguous(h.nat, h.n_nat)) {
		void (*fn)(const char *line, void *arg) = trace_fn;

		trace_fn = NULL;
		reversed = true;
		walk_hook(&other, &h);
		merge(w, &other);
		trace_fn = fn;
	}
	free(h.list);
	free(h.nat);
}

bool rules_hooked(int family, enum hook hook)
{
	const struct nf_chains *all = &nf_chains[family == AF_INET6];
	size_t i;

	for (i = 0; i < all->n; i++)
		if (all->chain[i]->base && all->chain[i]->hook == hook)
			return true;
	return false;
}

void rules_drops(const struct walk *in, drops_fn fn, void *arg)
{
	const struct nf_chains *all = &nf_chains[in->family == AF_INET6];
	size_t i;

	for (i = 0; i < all->n; i++) {
		struct nf_chain *c = all->chain[i];
		struct walk w = *in;
		struct visit v = { .w = &w };

		if (!c->base || c->is_nat || c->hook != in->hook)
			continue;
		w.dropped = NO;
		w.ct = CT_NEW;
		walk_base(&v, c, surely);
		if (w.dropped == YES)
			fn(c, w.drop_chain, w.drop_no, arg);
	}
}

void rules_trace(void (*fn)(const char *line, void *arg), void *arg)
{
	trace_fn = fn;
	trace_arg = arg;
}

/* --- all of them ----------------------------------------------------------------------- */

int rules_read(int family)
{
	int f = family == AF_INET6, err = 0;

	if (!legacy_done[f]) {
		err = xt_read(family);
		legacy_done[f] = !err;
	}
	if (!err)
		err = nft_read();
	return err == -EACCES ? -EPERM : err;
}

void rules_free(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	size_t i;

	nf_hook_free();
	nft_free();
	free(nf_bridge_chains.chain);
	nf_bridge_chains = (struct nf_chains){ .tracks = NO };
	for (i = 0; i < ARRAY_SIZE(families); i++) {
		xt_free(families[i]);
		legacy_done[i] = false;
		free(nf_chains[i].chain);
		nf_chains[i] = (struct nf_chains){ .tracks = MAYBE };
	}
}
