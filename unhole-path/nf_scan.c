// SPDX-License-Identifier: GPL-2.0-only
/*
 * A look at all rules, for doctor: by no packet, but by all that may come. Of a rule it
 * matters which devices it names, whether it has other matches, and what it does.
 */
#define _GNU_SOURCE	/* memmem() */
#include "nf.h"
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/xt_UNHOLE.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SCANNED 65536

/* What a rule says of one device: a name, or the beginning of one and "+", or
 * nothing; FOUND_NOT, FOUND_PERHAPS.
 */
struct dev_said {
	char name[IFNAMSIZ + 1];
	uint32_t flags;
};

/* A rule, as far as it matters here. */
struct said {
	struct dev_said in, out;
	bool some;		/* matches more than that: some packets only */
	bool none;		/* is not for this family */
	bool reply;		/* replies only */
	int code;		/* NF_*, NFT_* */
	bool masq, snat, offload, redirect, to_lo;
	bool lo_const;		/* a register has an address of loopback */
	uint32_t number, mark;	/* what a register has, the bits that are known; the mark that is set */
	bool is_number;
	const struct nf_chain *to;
	const struct xt_unhole_tginfo *unhole;
};

/* One base chain that is walked. */
struct scan {
	found_fn fn;
	void *arg;
	int family;		/* NFPROTO_* */
	bool input, prerouting;
	bool lo_done;		/* POSTROUTING: another rule has what leaves by lo */
	bool maybe;		/* INPUT: it may have been accepted */
	bool ended;		/* INPUT: what comes in by lo from outside has its verdict */
	unsigned int rules;
	bool too_many;		/* rules, and jumps among them: some were not looked at */
};

/* How a chain is reached. */
struct reach {
	struct dev_said in, out;
	enum tri lo;		/* INPUT: by what comes in by lo */
	bool named, some;	/* a device is said; not by all packets */
};

static const struct reach all_packets = { .lo = YES };

enum tri found_takes(const char *pattern, uint32_t flags, const char *dev)
{
	size_t len = strlen(pattern);
	bool same;

	if (flags & FOUND_PERHAPS)
		return MAYBE;
	if (!len)
		return YES;
	if (pattern[len - 1] == '+')
		same = strncmp(pattern, dev, len - 1) == 0;
	else
		same = strcmp(pattern, dev) == 0;
	return same != !!(flags & FOUND_NOT);
}

/* --- what a rule says ---------------------------------------------------------------- */

/* What the register holds that the next step compares */
struct pending {
	const struct nf_step *load;
	bool changed;		/* masked, or turned round, in between */
};

static void names_device(struct said *r, const struct nf_step *load, const struct nf_step *s)
{
	bool in = load->field == F_IIFNAME || load->field == F_IIF;
	struct dev_said *dev = in ? &r->in : &r->out;
	const char *v = s->a;
	const struct link *l;
	uint32_t index = 0;

	if (s->what != NF_CMP || (s->arg != NFT_CMP_EQ && s->arg != NFT_CMP_NEQ)) {
		dev->flags = FOUND_PERHAPS;
		return;
	}
	if (load->field == F_IIF || load->field == F_OIF) {
		memcpy(&index, v, s->len < sizeof(index) ? s->len : sizeof(index));
		l = link_by_index(index);
		/* It may be gone */
		snprintf(dev->name, sizeof(dev->name), "%s", l ? l->name : "?");
	} else {
		/* Without its end it is the beginning of a name */
		snprintf(dev->name, sizeof(dev->name), "%.*s%s", s->len < IFNAMSIZ ? s->len : IFNAMSIZ, v,
			 s->len < IFNAMSIZ && !memchr(v, 0, s->len) ? "+" : "");
	}
	dev->flags = s->arg == NFT_CMP_NEQ ? FOUND_NOT : 0;
}

/* No packet from outside has a source of the box, so that is matched. */
static bool is_not_from_here(const struct nf_step *load, const struct nf_step *s)
{
	uint32_t type = 0;

	if (s->what == NF_TYPES)
		return !s->off && s->invert && s->arg == 1u << RTN_LOCAL;
	if (!load || load->field != F_ADDRTYPE || load->off || s->what != NF_CMP || s->arg != NFT_CMP_NEQ || s->len < 4)
		return false;
	memcpy(&type, s->a, sizeof(type));
	return type == RTN_LOCAL;
}

static void matches(struct said *r, const struct pending *p, const struct nf_step *s, int family)
{
	enum nf_field field = p->load && !p->changed ? p->load->field : F_UNKNOWN;

	switch (field) {
	case F_IIFNAME:
	case F_OIFNAME:
	case F_IIF:
	case F_OIF:
		names_device(r, p->load, s);
		return;
	case F_NFPROTO:
		if (s->what == NF_CMP && (s->arg == NFT_CMP_EQ || s->arg == NFT_CMP_NEQ)) {
			r->none = r->none || (*(const uint8_t *)s->a == family) != (s->arg == NFT_CMP_EQ);
			return;
		}
		break;
	case F_CT_DIR:
		/* 0 is the original direction */
		if (s->what == NF_CMP && (s->arg == NFT_CMP_EQ || s->arg == NFT_CMP_NEQ))
			r->reply = r->reply || !!*(const uint8_t *)s->a == (s->arg == NFT_CMP_EQ);
		break;
	default:
		break;
	}
	if (!is_not_from_here(p->changed ? NULL : p->load, s))
		r->some = true;
}

/* A mark that is a number, or the old one with bits of a number */
static void sets_mark(struct said *r, const struct nf_step *s)
{
	const struct xt_connmark_tginfo2 *ct = s->a;
	const struct xt_unhole_tginfo *unhole = s->a;
	uint32_t and = 0, xor = 0;

	switch (s->what) {
	case NF_LOAD:
		r->number = 0;
		r->is_number = s->field == F_MARK;
		break;
	case NF_CONST:
		memcpy(&r->number, s->a, s->len < 4 ? s->len : 4);
		r->is_number = s->len == 4;
		break;
	case NF_BITWISE:
		memcpy(&and, s->a, s->len < 4 ? s->len : 4);
		memcpy(&xor, s->b, s->len < 4 ? s->len : 4);
		r->number = (r->number & and) ^ xor;
		break;
	case NF_SET_MARK:
	case NF_SET_CTMARK:
		r->mark = r->is_number ? r->number : 0;
		break;
	case NF_CONNMARK:
		r->mark = ct->mode == XT_CONNMARK_SET ? ct->ctmark : 0;
		break;
	case NF_UNHOLE:
		r->mark = unhole->mark;
		break;
	default:
		break;
	}
}

static void does(struct said *r, const struct nf_step *s)
{
	sets_mark(r, s);
	switch (s->what) {
	case NF_NAT:
		r->masq = r->masq || s->nat.kind == NAT_MASQUERADE;
		r->snat = r->snat || s->nat.kind == NAT_SNAT;
		r->redirect = r->redirect || s->nat.kind == NAT_REDIRECT;
		r->to_lo = r->to_lo || (s->nat.kind == NAT_DNAT && r->lo_const);
		break;
	case NF_CONST:
		r->lo_const = r->lo_const || (s->len >= 4 && *(const uint8_t *)s->a == 127);
		break;
	case NF_OFFLOAD:
		r->offload = true;
		break;
	case NF_UNHOLE:
		r->unhole = s->a;
		break;
	case NF_VERDICT:
		r->code = s->arg;
		r->to = s->to;
		break;
	case NF_VMAP:
		r->code = NF_ACCEPT;
		break;
	default:
		break;
	}
}

static void says(const struct nf_chain *c, const struct nf_rule *rule, int family, struct nf_code *code, struct said *r)
{
	struct pending p = { NULL, false };
	unsigned int i;

	memset(r, 0, sizeof(*r));
	r->code = NFT_CONTINUE;
	nf_decode(c, rule, code);
	r->some = code->overflow;
	for (i = 0; i < code->n; i++) {
		const struct nf_step *s = &code->step[i];

		switch (s->what) {
		case NF_LOAD:
			/* A key of two parts: the first one is a match of its own */
			if (p.load && i && code->step[i - 1].what == NF_LOAD)
				matches(r, &p, s, family);
			p = (struct pending){ s, false };
			does(r, s);
			break;
		case NF_BITWISE:
		case NF_SWAP:
		case NF_SHIFT:
			p.changed = true;
			does(r, s);
			break;
		case NF_CMP:
		case NF_RANGE:
		case NF_LOOKUP:
		case NF_VMAP:
			matches(r, &p, s, family);
			does(r, s);
			p = (struct pending){ NULL, false };
			break;
		case NF_PORTS:
		case NF_IPSET:
		case NF_OWNER:
		case NF_SOCKET:
		case NF_MAYBE:
		case NF_NEVER:
		case NF_TYPES:
		case NF_DEV_LOCAL:
			p = (struct pending){ NULL, false };
			matches(r, &p, s, family);
			break;
		default:
			does(r, s);
		}
	}
}

/* --- chains ----------------------------------------------------------------------------- */

/* INPUT: a packet from outside that comes in by lo. Returns false where its way
 * through this chain ends.
 */
static bool scan_input(struct scan *s, const struct said *r, const struct reach *w, const char *where)
{
	if (w->lo == NO || w->some)
		return true;
	switch (r->code) {
	case NF_DROP:
		if (w->lo != YES)
			return true;
		if (!s->maybe)
			s->fn(FOUND_INPUT_GUARD, where, w->in.name, 0, s->arg);
		s->ended = true;
		return false;
	case NF_ACCEPT:
		/* All is taken, by whichever device: lo is not trusted more than others */
		if (w->named)
			s->fn(FOUND_INPUT_LO, where, w->in.name, w->lo == MAYBE ? FOUND_PERHAPS : 0, s->arg);
		s->ended = w->lo == YES;
		s->maybe = true;
		return !s->ended;
	case NFT_RETURN:
		return w->lo != YES;
	}
	return true;
}

/* A rule that is reached in this way: says it, and whether the next one is reached.
 * to: how the chain is reached that it jumps to.
 */
static bool scan_rule(struct scan *s, const struct said *r, const struct reach *w, struct reach *to,
		      const struct nf_chain *c, unsigned int no)
{
	char where[WHERE];
	uint32_t flags;

	*to = *w;
	if (r->in.name[0] || r->in.flags)
		to->in = r->in;
	if (r->out.name[0] || r->out.flags)
		to->out = r->out;
	to->some = w->some || r->some;
	snprintf(where, sizeof(where), "%s%s %s", c->legacy ? "legacy " : "", c->table, c->name);
	if (s->prerouting) {
		if (r->redirect || r->to_lo)
			s->fn(r->redirect ? FOUND_REDIRECT : FOUND_TO_LO, nf_place(c, no, where, sizeof(where)), to->in.name,
			      to->in.flags, s->arg);
		return true;
	}
	if (s->input) {
		to->lo = both(w->lo, found_takes(r->in.name, r->in.flags, "lo"));
		to->named = w->named || r->in.name[0] || r->in.flags;
		return scan_input(s, r, to, where);
	}
	flags = to->out.flags | (to->some ? FOUND_SOME : 0) | (s->lo_done ? FOUND_BEHIND : 0);
	if (r->masq || r->snat)
		s->fn(r->masq ? FOUND_MASQUERADE : FOUND_SNAT, where, to->out.name, flags, s->arg);
	if (r->offload)
		s->fn(FOUND_OFFLOAD, where, to->in.name, to->in.flags, s->arg);
	if ((r->masq || r->snat || r->code == NF_ACCEPT || r->code == NF_DROP) && !to->some &&
	    !to->in.name[0] && found_takes(to->out.name, to->out.flags, "lo") == YES)
		s->lo_done = true;
	return true;
}

/* Some have left: what follows is for some packets only. */
static bool takes_some(const struct said *r)
{
	bool named = r->in.name[0] || r->in.flags || r->out.name[0] || r->out.flags;

	return (r->some || named) && (r->code == NFT_RETURN || r->code == NFT_GOTO);
}

static void scan_chain(struct scan *s, struct nf_chain *c, const struct reach *from, struct nf_code *code, int depth)
{
	struct reach here = *from;
	const struct reach *w = &here;
	size_t i;

	c->reached = true;
	for (i = 0; i < c->n_rules && !s->ended && !s->too_many; i++) {
		struct reach to;
		struct said r;

		if (s->rules++ == MAX_SCANNED) {
			s->too_many = true;
			return;
		}
		says(c, &c->rules[i], s->family, code, &r);
		if (r.none)
			continue;
		if (!scan_rule(s, &r, w, &to, c, c->rules[i].no))
			return;
		if (((int)r.code == NFT_JUMP || (int)r.code == NFT_GOTO) && r.to && depth < 64) {
			scan_chain(s, (struct nf_chain *)r.to, &to, code, depth + 1);
			if (r.code == NFT_GOTO && !to.some && to.lo == YES && s->input)
				return;
		}
		/* INPUT looks at each packet by itself */
		here.some = here.some || (!s->input && takes_some(&r));
	}
	if (!depth && !s->ended && !s->maybe && !s->too_many && s->input && c->policy == NF_DROP)
		s->fn(FOUND_INPUT_GUARD, c->name, "", 0, s->arg);
}

/* UNHOLE, wherever it stands; and NAT in chains that no jump leads to: by a map, perhaps. */
static void scan_all(const struct nf_chain *c, int family, struct nf_code *code, found_fn fn, void *arg)
{
	char where[WHERE];
	struct said r;
	size_t i;

	snprintf(where, sizeof(where), "%s%s %s", c->legacy ? "legacy " : "", c->table, c->name);
	for (i = 0; i < c->n_rules; i++) {
		says(c, &c->rules[i], family, code, &r);
		if (r.unhole)
			fn(FOUND_UNHOLE, where, "", r.unhole->flags, arg);
		if (r.mark)
			fn(r.reply ? FOUND_REPLY_MARK : FOUND_MARK, where, "", r.mark, arg);
		if (r.masq && !c->reached)
			fn(FOUND_MASQUERADE, where, r.out.name, r.out.flags | FOUND_PERHAPS, arg);
	}
}

void rules_scan(int family, found_fn fn, void *arg)
{
	const struct nf_chains *all = &nf_chains[family == AF_INET6];
	int nf = family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6;
	static struct nf_code code;
	char where[WHERE];
	size_t i;

	for (i = 0; i < all->n; i++)
		all->chain[i]->reached = false;
	for (i = 0; i < all->n; i++) {
		struct nf_chain *c = all->chain[i];
		struct scan s = { .fn = fn, .arg = arg, .family = nf };

		s.input = c->hook == HOOK_INPUT && !c->is_nat;
		s.prerouting = c->hook == HOOK_PREROUTING && c->is_nat;
		if (c->base && (s.input || s.prerouting || c->hook == HOOK_FORWARD || (c->hook == HOOK_POSTROUTING && c->is_nat)))
			scan_chain(&s, c, &all_packets, &code, 0);
		if (s.too_many && !s.ended) {
			snprintf(where, sizeof(where), "%s%s %s", c->legacy ? "legacy " : "", c->table, c->name);
			fn(FOUND_TOO_MANY, where, "", MAX_SCANNED, arg);
		}
	}
	for (i = 0; i < all->n; i++)
		if (all->chain[i]->family != NFPROTO_NETDEV)
			scan_all(all->chain[i], nf, &code, fn, arg);
}

unsigned int rules_like(int family, const char *table, const char *chain, const char *in, const char *out)
{
	const struct nf_chains *all = &nf_chains[family == AF_INET6];
	int nf = family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6;
	static struct nf_code code;
	unsigned int n = 0;
	struct said r;
	size_t i, j;

	for (i = 0; i < all->n; i++) {
		const struct nf_chain *c = all->chain[i];

		if (c->family != nf || strcmp(c->table, table) != 0 || strcmp(c->name, chain) != 0)
			continue;
		for (j = 0; j < c->n_rules; j++) {
			says(c, &c->rules[j], nf, &code, &r);
			n += strcmp(r.in.name, in) == 0 && strcmp(r.out.name, out) == 0;
		}
	}
	return n;
}

bool rules_name_out(int family, const char *dev)
{
	const struct nf_chains *all = &nf_chains[family == AF_INET6];
	int nf = family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6;
	static struct nf_code code;
	struct said r;
	size_t i, j;

	for (i = 0; i < all->n; i++)
		for (j = 0; j < all->chain[i]->n_rules; j++) {
			says(all->chain[i], &all->chain[i]->rules[j], nf, &code, &r);
			/* (Docker's "! -o docker0" names all others; a set is not looked into.) */
			if (!r.out.flags && strcmp(r.out.name, dev) == 0)
				return true;
		}
	return false;
}

bool rules_have_table(int nf, const char *table)
{
	const struct nf_chains *all = &nf_chains[nf == NFPROTO_IPV6];
	size_t i;

	for (i = 0; i < all->n; i++)
		if (!all->chain[i]->legacy && all->chain[i]->family == nf && strcmp(all->chain[i]->table, table) == 0)
			return true;
	return false;
}

bool is_iptables(int family, const char *table)
{
	return nft_chain_find(family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6, table, "PREROUTING", strlen("PREROUTING"));
}

/* What a shell, sysctl(8) or iptables would take for something else. (A device's name that ends in "+" is a wildcard
 * to iptables.)
 */
static bool is_strange_in(const char *command, const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.,:@%+/-";
	size_t len = strspn(name, plain);

	return (name[len] || (len && name[len - 1] == '+')) && strstr(command, name);
}

bool has_strange_name(const char *command)
{
	size_t i, j;

	for (i = 0; i < world.n_links; i++)
		if (is_strange_in(command, world.links[i].name))
			return true;
	for (j = 0; j < 2; j++) {
		for (i = 0; i < world.fib[j].n_rules; i++)
			if (is_strange_in(command, world.fib[j].rules[i].iif) || is_strange_in(command, world.fib[j].rules[i].oif))
				return true;
		for (i = 0; i < nf_chains[j].n; i++)
			if (is_strange_in(command, nf_chains[j].chain[i]->table) || is_strange_in(command, nf_chains[j].chain[i]->name))
				return true;
	}
	return false;
}
