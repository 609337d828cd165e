// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netfilter's rules, read from the kernel (x_tables by getsockopt, nf_tables by
 * nfnetlink) and walked with one packet, the first of its connection. What is
 * evaluated: devices, addresses, protocol, ports, TCP flags, mark, the state that
 * conntrack gives it; UNHOLE, MARK and verdicts. Everything else may match or not,
 * and the result says so.
 */
#include "path.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_CT.h>
#include <linux/netfilter/xt_UNHOLE.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_connmark.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_state.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_DEPTH 16	/* of jumps; the kernel allows as many */
#define TCP_FLAGS 13	/* their byte in the header */
#define TCP_SYN 0x02

struct table;

/* A packet on its way through one base chain. */
struct pkt {
	struct walk *w;
	struct addr src, dst;
	/* where it is: of nf_tables, or of x_tables */
	const char *table, *chain;
	unsigned int rule_no;	/* 0: the policy */
	const struct table *t;
	unsigned int off;
	bool filters;		/* what it drops is looked at */
	bool doubt;		/* a verdict before may have ended this chain */
	bool ended;		/* ... and one has, before its end */
	bool anywhere;		/* all chains of the table were walked, for a verdict map */
};

static const char *place(const struct pkt *p, char *buf, size_t len);

static void unsure(struct pkt *p, const char *what)
{
	char at[128];

	if (!p->w->unsure[0])
		snprintf(p->w->unsure, sizeof(p->w->unsure), "%s: %s", place(p, at, sizeof(at)), what);
}

static void mark_unsure(struct pkt *p, const char *what)
{
	char at[128];

	if (!p->w->mark_unsure)
		snprintf(p->w->mark_why, sizeof(p->w->mark_why), "%s: %s", place(p, at, sizeof(at)), what);
	p->w->mark_unsure = true;
	unsure(p, what);
}

static enum tri both(enum tri a, enum tri b)
{
	if (a == NO || b == NO)
		return NO;
	return a == MAYBE || b == MAYBE ? MAYBE : YES;
}

static enum tri invert(enum tri a, bool really)
{
	return a == MAYBE || !really ? a : !a;
}

/* --- what both kinds of rules share: matches and targets of x_tables ------- */

static enum tri port_in(const __u16 *range, uint16_t port, bool inv)
{
	if (range[0] == 0 && range[1] == 0xffff)
		return inv ? NO : YES;
	if (!port)
		return MAYBE;
	return invert(port >= range[0] && port <= range[1] ? YES : NO, inv);
}

/* Which bit of a mask of conntrack's states the packet has. What has no entry is
 * INVALID there: it has not come to conntrack yet.
 */
static enum tri state_in(const struct walk *w, uint32_t mask, uint32_t untracked)
{
	switch (w->ct) {
	case CT_NONE:
		return mask & XT_STATE_INVALID ? YES : NO;
	case CT_NEW:
		return mask & XT_STATE_BIT(IP_CT_NEW) ? YES : NO;
	case CT_UNTRACKED:
		return mask & untracked ? YES : NO;
	default:
		return MAYBE;
	}
}

static enum tri match_conntrack(const struct walk *w, int rev, const void *info)
{
	const struct xt_conntrack_mtinfo1 *m1 = info;
	const struct xt_conntrack_mtinfo2 *m = info;	/* the beginning of revision 3, too */
	uint32_t mask = rev == 1 ? m1->state_mask : m->state_mask;
	uint16_t flags = m->match_flags & ~XT_CONNTRACK_STATE_ALIAS;
	enum tri r = YES;

	if (flags & XT_CONNTRACK_STATE) {
		r = state_in(w, mask, XT_CONNTRACK_STATE_UNTRACKED);
		/* NAT rules are not read */
		if (r == NO && w->ct == CT_NEW && mask & (XT_CONNTRACK_STATE_SNAT | XT_CONNTRACK_STATE_DNAT))
			r = MAYBE;
		r = invert(r, m->invert_flags & XT_CONNTRACK_STATE);
	}
	return flags & ~XT_CONNTRACK_STATE ? both(r, MAYBE) : r;
}

static enum tri xt_match(struct pkt *p, const char *name, int rev, const void *info, size_t len)
{
	if (strcmp(name, "comment") == 0)
		return YES;
	if (strcmp(name, "conntrack") == 0 &&
	    ((rev == 1 && len >= sizeof(struct xt_conntrack_mtinfo1)) ||
	     (rev == 2 && len >= sizeof(struct xt_conntrack_mtinfo2)) ||
	     (rev == 3 && len >= sizeof(struct xt_conntrack_mtinfo3))))
		return match_conntrack(p->w, rev, info);
	if (strcmp(name, "state") == 0 && rev == 0 && len >= sizeof(struct xt_state_info))
		return state_in(p->w, ((const struct xt_state_info *)info)->statemask, XT_STATE_UNTRACKED);
	if (strcmp(name, "mark") == 0 && rev == 1 && len >= sizeof(struct xt_mark_mtinfo1)) {
		const struct xt_mark_mtinfo1 *m = info;

		if (p->w->mark_unsure)
			return MAYBE;
		return invert((p->w->mark & m->mask) == m->mark ? YES : NO, m->invert);
	}
	if (strcmp(name, "udp") == 0 && rev == 0 && len >= sizeof(struct xt_udp)) {
		const struct xt_udp *m = info;

		return both(port_in(m->spts, p->w->sport, m->invflags & XT_UDP_INV_SRCPT),
			    port_in(m->dpts, p->w->dport, m->invflags & XT_UDP_INV_DSTPT));
	}
	if (strcmp(name, "tcp") == 0 && rev == 0 && len >= sizeof(struct xt_tcp)) {
		const struct xt_tcp *m = info;
		enum tri r = both(port_in(m->spts, p->w->sport, m->invflags & XT_TCP_INV_SRCPT),
				  port_in(m->dpts, p->w->dport, m->invflags & XT_TCP_INV_DSTPT));

		/* The first of a connection is a SYN */
		if (m->flg_mask)
			r = both(r, invert((TCP_SYN & m->flg_mask) == m->flg_cmp ? YES : NO,
					   m->invflags & XT_TCP_INV_FLAGS));
		return m->option ? both(r, MAYBE) : r;
	}
	return MAYBE;
}

static void set_mark(struct pkt *p, uint32_t and, uint32_t xor, enum tri matched)
{
	uint32_t mark = (p->w->mark & ~and) ^ xor;

	if (and == 0xffffffff && matched == YES)
		p->w->mark_unsure = false;
	if (matched == MAYBE && mark != p->w->mark) {
		mark_unsure(p, "sets the mark, and has a match that is not evaluated");
	} else if (matched == YES) {
		p->w->mark = mark;
	}
}

/* What becomes of the connection: only of what conntrack has not seen. */
static void set_ct(struct walk *w, enum ct_state ct, enum tri matched)
{
	if (matched != NO && w->ct == CT_NONE)
		w->ct = matched == YES ? ct : CT_UNKNOWN;
}

static void unhole(struct pkt *p, const struct xt_unhole_tginfo *t, enum tri matched)
{
	struct walk *w = p->w;
	bool differs = t->flags != w->unhole_flags || t->mark != w->unhole_mark || t->mask != w->unhole_mask;

	if (!w->unholable || w->unholed == YES)
		return;
	/* One of two that do different things, or none */
	if (w->unholed == MAYBE && (matched == MAYBE || differs))
		return;
	place(p, w->where, sizeof(w->where));
	w->unhole_flags = t->flags;
	w->unhole_mark = t->mark;
	w->unhole_mask = t->mask;
	w->unholed = matched;
	if (matched == MAYBE)
		unsure(p, "UNHOLE, with a match that is not evaluated");
	/* The same formula as MARK's */
	if (t->mask || t->mark)
		set_mark(p, t->mask, t->mark, matched);
	if (t->flags & (XT_UNHOLE_NOTRACK | XT_UNHOLE_RESET_CT))
		w->ct = matched == MAYBE ? CT_UNKNOWN : t->flags & XT_UNHOLE_NOTRACK ? CT_UNTRACKED : CT_NONE;
}

static bool is_one_of(const char *name, const char *const *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(name, list[i]) == 0)
			return true;
	return false;
}

/* Targets that leave the path as it is, and let the next rule have the packet. */
static bool is_harmless(const char *name)
{
	static const char *const list[] = {
		"LOG", "NFLOG", "TRACE", "AUDIT", "CHECKSUM", "TCPMSS",
		"TTL", "HL", "CLASSIFY", "TCPOPTSTRIP", "SECMARK", "CONNSECMARK", "RATEEST",
		"TEE", "IDLETIMER", "LED", "ULOG", "DSCP", "TOS", "ECN",
	};

	return is_one_of(name, list, ARRAY_SIZE(list));
}

/* Targets of table nat: the packet goes on behind this chain. */
static bool is_nat(const char *name)
{
	static const char *const list[] = { "SNAT", "DNAT", "MASQUERADE", "REDIRECT", "NETMAP" };

	return is_one_of(name, list, ARRAY_SIZE(list));
}

/* What a target, or an expression, makes of the way through this chain. */
enum fate { GOES_ON, ACCEPTED, DROPPED, NOT_KNOWN };

static enum fate xt_target(struct pkt *p, const char *name, int rev, const void *info, size_t len,
			   enum tri matched)
{
	if (strcmp(name, "UNHOLE") == 0 && len >= sizeof(struct xt_unhole_tginfo)) {
		unhole(p, info, matched);
		return GOES_ON;
	}
	if (strcmp(name, "MARK") == 0 && rev == 2 && len >= sizeof(struct xt_mark_tginfo2)) {
		const struct xt_mark_tginfo2 *t = info;

		set_mark(p, t->mask, t->mark, matched);
		return GOES_ON;
	}
	if (strcmp(name, "NOTRACK") == 0 || (strcmp(name, "CT") == 0 && len >= sizeof(__u16))) {
		__u16 flags = XT_CT_NOTRACK;

		if (name[0] == 'C')
			memcpy(&flags, info, sizeof(flags));
		set_ct(p->w, flags & XT_CT_NOTRACK ? CT_UNTRACKED : CT_TEMPLATE, matched);
		return GOES_ON;
	}
	if (is_harmless(name))
		return GOES_ON;
	if (is_nat(name))
		return ACCEPTED;
	if (strcmp(name, "REJECT") == 0)
		return DROPPED;
	if (strcmp(name, "CONNMARK") == 0) {
		const struct xt_connmark_tginfo1 *t1 = info;
		const struct xt_connmark_tginfo2 *t2 = info;

		/* To restore it sets the mark: there is no telling to what */
		if (!(rev == 1 && len >= sizeof(*t1) && t1->mode != XT_CONNMARK_RESTORE) &&
		    !(rev == 2 && len >= sizeof(*t2) && t2->mode != XT_CONNMARK_RESTORE))
			mark_unsure(p, "CONNMARK");
		return GOES_ON;
	}
	/* These may set it from what is not known here, and let it go on */
	if (strcmp(name, "SET") == 0 || strcmp(name, "HMARK") == 0) {
		if (rev >= 3 || name[0] == 'H')
			mark_unsure(p, "a target that is not evaluated, and may set the mark");
		return GOES_ON;
	}
	mark_unsure(p, "a target that is not evaluated");
	return NOT_KNOWN;
}

static enum tri dev_match(const char *have, const char *want, const unsigned char *mask, bool inv)
{
	size_t i;

	if (!have)
		have = "";
	for (i = 0; i < IFNAMSIZ; i++) {
		char c = i < strlen(have) ? have[i] : 0;

		if ((c ^ want[i]) & mask[i])
			return inv ? YES : NO;
	}
	return inv ? NO : YES;
}

static void dropped(struct pkt *p, enum tri how)
{
	struct walk *w = p->w;

	if (!p->filters || how == NO || w->dropped == YES || (how == MAYBE && w->dropped == MAYBE))
		return;
	w->dropped = how;
	place(p, w->drop_at, sizeof(w->drop_at));
}

/* --- x_tables --------------------------------------------------------------- */

/* The kernel's answer: struct ipt_getinfo and a blob of entries. The two families'
 * entries differ in the part that matches addresses only.
 */
struct table {
	char name[XT_TABLE_MAXNAMELEN];
	unsigned int size, hook_entry[NF_INET_NUMHOOKS],
		underflow[NF_INET_NUMHOOKS], valid_hooks;
	char *blob;
};

static struct table tables[2][8];
static unsigned int n_tables[2];

static size_t entry_base(int family)
{
	return family == AF_INET ? sizeof(struct ipt_entry) : sizeof(struct ip6t_entry);
}

/* Where an entry's target is and where the next entry is. The kernel has checked
 * all this; to be read out of bounds is not to be risked all the same.
 */
static bool entry_offsets(int family, const struct table *t, unsigned int off,
			  unsigned int *target, unsigned int *next)
{
	const size_t base = entry_base(family);
	const struct xt_entry_target *tg;
	const char *e = t->blob + off;

	if (off % sizeof(uint64_t) || off > t->size || t->size - off < base)
		return false;
	if (family == AF_INET) {
		*target = ((const struct ipt_entry *)e)->target_offset;
		*next = ((const struct ipt_entry *)e)->next_offset;
	} else {
		*target = ((const struct ip6t_entry *)e)->target_offset;
		*next = ((const struct ip6t_entry *)e)->next_offset;
	}
	if ((*target | *next) % sizeof(uint64_t) || *target < base || *next > t->size - off ||
	    *next < *target + sizeof(struct xt_standard_target))
		return false;
	tg = (const void *)(e + *target);
	return tg->u.target_size >= sizeof(*tg) && *target + tg->u.target_size <= *next &&
	       memchr(tg->u.user.name, 0, sizeof(tg->u.user.name));
}

/* The chain of an entry, and which of its rules it is; 0: its policy. */
static unsigned int entry_place(int family, const struct table *t, unsigned int entry,
				char *chain, size_t len)
{
	static const char *const hooks[] = { "PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING" };
	unsigned int off, target, next, no = 0, h;

	snprintf(chain, len, "?");
	for (off = 0; entry_offsets(family, t, off, &target, &next); off += next) {
		const struct xt_error_target *tg = (const void *)(t->blob + off + target);

		no++;
		for (h = 0; h < ARRAY_SIZE(hooks); h++)
			if (t->valid_hooks & (1u << h) && t->hook_entry[h] == off) {
				snprintf(chain, len, "%s", hooks[h]);
				no = 1;
			}
		if (off == entry)
			break;
		/* The head of a user's chain has its name */
		if (strcmp(tg->target.u.user.name, XT_ERROR_TARGET) == 0 &&
		    tg->target.u.target_size >= sizeof(*tg)) {
			snprintf(chain, len, "%.*s", (int)sizeof(tg->errorname), tg->errorname);
			no = 0;
		}
	}
	for (h = 0; h < ARRAY_SIZE(hooks); h++)
		if (t->valid_hooks & (1u << h) && t->underflow[h] == entry)
			return 0;
	return no;
}

static const char *place(const struct pkt *p, char *buf, size_t len)
{
	const char *table = p->t ? p->t->name : p->table, *chain = p->chain;
	unsigned int no = p->rule_no;
	char name[64];

	if (p->t) {
		no = entry_place(p->w->family, p->t, p->off, name, sizeof(name));
		chain = name;
	}
	if (no)
		snprintf(buf, len, "%s%s %s, rule %u", p->t ? "legacy " : "", table, chain, no);
	else
		snprintf(buf, len, "%s%s %s, the policy", p->t ? "legacy " : "", table, chain);
	return buf;
}

static int table_read(int family, int fd, const char *name, struct table *t)
{
	struct ipt_getinfo info = { 0 };	/* the same for both families */
	struct ipt_get_entries *get;
	socklen_t len = sizeof(info);
	int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
	size_t head = offsetof(struct ipt_get_entries, entrytable);

	_Static_assert(sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo), "one layout");
	_Static_assert(offsetof(struct ipt_get_entries, entrytable) ==
		       offsetof(struct ip6t_get_entries, entrytable), "one layout");
	snprintf(info.name, sizeof(info.name), "%.*s", (int)sizeof(info.name) - 1, name);
	if (getsockopt(fd, level, IPT_SO_GET_INFO, &info, &len) < 0)
		return -errno;
	len = head + info.size;
	get = calloc(1, len);
	if (!get)
		return -ENOMEM;
	memcpy(get->name, info.name, sizeof(get->name));
	get->size = info.size;
	/* EAGAIN: the table has changed in between */
	if (getsockopt(fd, level, IPT_SO_GET_ENTRIES, get, &len) < 0) {
		int err = -errno;

		free(get);
		return err;
	}
	memcpy(t->name, info.name, sizeof(t->name));
	t->size = info.size;
	t->valid_hooks = info.valid_hooks;
	memcpy(t->hook_entry, info.hook_entry, sizeof(t->hook_entry));
	memcpy(t->underflow, info.underflow, sizeof(t->underflow));
	t->blob = malloc(info.size);
	if (!t->blob) {
		free(get);
		return -ENOMEM;
	}
	memcpy(t->blob, (char *)get + head, info.size);
	free(get);
	return 0;
}

static int legacy_read(int family)
{
	const char *file = family == AF_INET ? "/proc/net/ip_tables_names" :
					       "/proc/net/ip6_tables_names";
	int i = family == AF_INET6, fd, err = 0;
	char name[64];
	FILE *f;

	/* A table that is not listed would be made by asking for it */
	f = fopen(file, "re");
	if (!f)
		return errno == ENOENT ? 0 : -errno;
	fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		err = -errno;
	while (!err && fgets(name, sizeof(name), f) && n_tables[i] < ARRAY_SIZE(tables[i])) {
		int tries = 0;

		name[strcspn(name, "\n")] = 0;
		do {
			err = table_read(family, fd, name, &tables[i][n_tables[i]]);
		} while (err == -EAGAIN && again(&tries));
		if (!err)
			n_tables[i]++;
	}
	if (fd >= 0)
		close(fd);
	fclose(f);
	return err;
}

static bool addr_masked(const struct addr *a, const void *want, const void *mask, size_t len)
{
	const unsigned char *w = want, *m = mask;
	size_t i;

	for (i = 0; i < len; i++)
		if ((a->b[i] & m[i]) != w[i])
			return false;
	return true;
}

/* ip_packet_match(), ip6_packet_match() */
static enum tri entry_match(struct pkt *p, const char *e)
{
	const struct walk *w = p->w;
	enum tri m;

	if (w->family == AF_INET) {
		const struct ipt_ip *ip = &((const struct ipt_entry *)e)->ip;

		if (addr_masked(&p->src, &ip->src, &ip->smsk, 4) == !!(ip->invflags & IPT_INV_SRCIP) ||
		    addr_masked(&p->dst, &ip->dst, &ip->dmsk, 4) == !!(ip->invflags & IPT_INV_DSTIP))
			return NO;
		m = both(dev_match(w->iif, ip->iniface, ip->iniface_mask, ip->invflags & IPT_INV_VIA_IN),
			 dev_match(w->oif, ip->outiface, ip->outiface_mask, ip->invflags & IPT_INV_VIA_OUT));
		if (ip->proto)
			m = both(m, w->proto ? invert(ip->proto == w->proto ? YES : NO,
						      ip->invflags & IPT_INV_PROTO) : MAYBE);
		if (ip->flags & IPT_F_FRAG)	/* the first fragment has none before it */
			m = both(m, ip->invflags & IPT_INV_FRAG ? YES : NO);
	} else {
		const struct ip6t_ip6 *ip = &((const struct ip6t_entry *)e)->ipv6;

		if (addr_masked(&p->src, &ip->src, &ip->smsk, 16) == !!(ip->invflags & IP6T_INV_SRCIP) ||
		    addr_masked(&p->dst, &ip->dst, &ip->dmsk, 16) == !!(ip->invflags & IP6T_INV_DSTIP))
			return NO;
		m = both(dev_match(w->iif, ip->iniface, ip->iniface_mask, ip->invflags & IP6T_INV_VIA_IN),
			 dev_match(w->oif, ip->outiface, ip->outiface_mask, ip->invflags & IP6T_INV_VIA_OUT));
		if (ip->flags & IP6T_F_PROTO)
			m = both(m, w->proto ? invert(ip->proto == w->proto ? YES : NO,
						      ip->invflags & IP6T_INV_PROTO) : MAYBE);
	}
	return m;
}

/* ipt_do_table(), for one hook of one table. */
static void legacy_walk(struct walk *w, const struct table *t, struct pkt *p)
{
	unsigned int off = t->hook_entry[w->hook], back[MAX_DEPTH], depth = 0, steps = 0;
	const size_t base = entry_base(w->family);
	unsigned int target_off, next;

	for (; steps < 65536 && entry_offsets(w->family, t, off, &target_off, &next); steps++) {
		const char *e = t->blob + off;
		const struct xt_entry_target *tg;
		enum tri m = entry_match(p, e), own;
		unsigned int o;
		int verdict;

		p->off = off;
		tg = (const void *)(e + target_off);
		/* The end of the table, or the head of a chain, which is not reached */
		if (strcmp(tg->u.user.name, XT_ERROR_TARGET) == 0)
			return;
		for (o = base; m != NO && o + sizeof(struct xt_entry_match) <= target_off; ) {
			const struct xt_entry_match *em = (const void *)(e + o);

			if (em->u.match_size < sizeof(*em) || em->u.match_size % sizeof(uint64_t) ||
			    em->u.match_size > target_off - o ||
			    !memchr(em->u.user.name, 0, sizeof(em->u.user.name)))
				return;
			m = both(m, xt_match(p, em->u.user.name, em->u.user.revision, em->data,
					     em->u.match_size - sizeof(*em)));
			o += em->u.match_size;
		}
		if (m == NO) {
			off += next;
			continue;
		}
		own = m;
		if (p->doubt)
			m = MAYBE;
		verdict = ((const struct xt_standard_target *)tg)->verdict;
		if (tg->u.user.name[0]) {
			switch (xt_target(p, tg->u.user.name, tg->u.user.revision, tg->data,
					  tg->u.target_size - sizeof(*tg), m)) {
			case GOES_ON:
				off += next;
				continue;
			case ACCEPTED:
				verdict = -NF_ACCEPT - 1;
				break;
			case DROPPED:
				verdict = -NF_DROP - 1;
				break;
			case NOT_KNOWN:
				verdict = -NF_QUEUE - 1;
				break;
			}
		}
		if (verdict == -NF_QUEUE - 1) {
			/* Another decides, or a program; it may come back with a mark */
			mark_unsure(p, "a verdict that is not known here");
			dropped(p, MAYBE);
			m = own = MAYBE;
		}
		if (m == MAYBE && verdict != -NF_DROP - 1) {
			/* It may be taken: what follows may be seen or not */
			unsure(p, "a match that is not evaluated decides what is seen of the rest");
			p->doubt = true;
		}
		if (verdict >= 0) {
			/* A goto leaves no way back */
			bool is_goto = w->family == AF_INET ?
				((const struct ipt_entry *)e)->ip.flags & IPT_F_GOTO :
				((const struct ip6t_entry *)e)->ipv6.flags & IP6T_F_GOTO;

			if ((!is_goto || own == MAYBE) && depth < MAX_DEPTH)
				back[depth++] = off + next;
			off = verdict;
			continue;
		}
		if (verdict == -NF_DROP - 1)
			dropped(p, m);
		/* RETURN in a base chain: its policy, which is one of the entries. What
		 * ends the packet's way in a chain that it may not have come to ends
		 * only the way through that one.
		 */
		if (own == MAYBE) {
			off += next;
		} else if (depth && (verdict == XT_RETURN || p->doubt)) {
			off = back[--depth];
		} else if (verdict == XT_RETURN && off != t->underflow[w->hook]) {
			off = t->underflow[w->hook];
		} else {
			p->ended = off != t->underflow[w->hook];
			return;
		}
	}
}

/* --- nf_tables -------------------------------------------------------------- */

struct nft_chain {
	int family;
	char table[64], name[128], type[16];
	bool is_base;
	uint32_t hook, policy;
	int32_t prio;
};

struct nft_rule {
	int family;
	char table[64], chain[128];
	struct nlattr *exprs;	/* a copy of NFTA_RULE_EXPRESSIONS */
};

/* Tables whose chains are not hooked in */
struct nft_dormant {
	int family;
	char table[64];
};

static struct nft_chain *chains;
static struct nft_rule *nft_rules;
static struct nft_dormant *dormant;
static size_t n_chains, n_nft_rules, n_dormant;
static bool nft_done;

static void *grow(void *array, size_t n, size_t size)
{
	void *q = (n & (n - 1)) ? array : realloc(array, (n ? n * 2 : 1) * size);

	if (!q) {
		fprintf(stderr, "unhole-path: out of memory\n");
		exit(EXIT_UNKNOWN);
	}
	memset((char *)q + n * size, 0, size);
	return q;
}

static void copy_str(const struct nlattr *a, char *to, size_t size)
{
	snprintf(to, size, "%.*s", (int)mnl_attr_get_payload_len(a),
		 (const char *)mnl_attr_get_payload(a));
}

static uint32_t be32(const struct nlattr *a)
{
	return mnl_attr_get_payload_len(a) < 4 ? 0 : ntohl(mnl_attr_get_u32(a));
}

static int on_table(const struct nlmsghdr *nlh, void *arg)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);
	struct nft_dormant d = { .family = g->nfgen_family };
	const struct nlattr *a;
	uint32_t flags = 0;

	(void)arg;
	mnl_attr_for_each(a, nlh, sizeof(*g)) {
		if (mnl_attr_get_type(a) == NFTA_TABLE_NAME)
			copy_str(a, d.table, sizeof(d.table));
		else if (mnl_attr_get_type(a) == NFTA_TABLE_FLAGS)
			flags = be32(a);
	}
	if (flags & NFT_TABLE_F_DORMANT) {
		dormant = grow(dormant, n_dormant, sizeof(*dormant));
		dormant[n_dormant++] = d;
	}
	return MNL_CB_OK;
}

static int on_chain(const struct nlmsghdr *nlh, void *arg)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a, *b;
	struct nft_chain *c;
	size_t i;

	(void)arg;
	chains = grow(chains, n_chains, sizeof(*chains));
	c = &chains[n_chains++];
	c->family = g->nfgen_family;
	c->policy = NF_ACCEPT;
	mnl_attr_for_each(a, nlh, sizeof(*g)) {
		switch (mnl_attr_get_type(a)) {
		case NFTA_CHAIN_TABLE:
			copy_str(a, c->table, sizeof(c->table));
			break;
		case NFTA_CHAIN_NAME:
			copy_str(a, c->name, sizeof(c->name));
			break;
		case NFTA_CHAIN_TYPE:
			copy_str(a, c->type, sizeof(c->type));
			break;
		case NFTA_CHAIN_POLICY:
			c->policy = be32(a);
			break;
		case NFTA_CHAIN_HOOK:
			c->is_base = true;
			mnl_attr_for_each_nested(b, a) {
				if (mnl_attr_get_type(b) == NFTA_HOOK_HOOKNUM)
					c->hook = be32(b);
				else if (mnl_attr_get_type(b) == NFTA_HOOK_PRIORITY)
					c->prio = be32(b);
			}
			break;
		}
	}
	for (i = 0; i < n_dormant; i++)
		if (dormant[i].family == c->family && strcmp(dormant[i].table, c->table) == 0)
			c->is_base = false;
	return MNL_CB_OK;
}

static int on_nft_rule(const struct nlmsghdr *nlh, void *arg)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a;
	struct nft_rule *r;

	(void)arg;
	nft_rules = grow(nft_rules, n_nft_rules, sizeof(*nft_rules));
	r = &nft_rules[n_nft_rules++];
	r->family = g->nfgen_family;
	mnl_attr_for_each(a, nlh, sizeof(*g)) {
		switch (mnl_attr_get_type(a)) {
		case NFTA_RULE_TABLE:
			copy_str(a, r->table, sizeof(r->table));
			break;
		case NFTA_RULE_CHAIN:
			copy_str(a, r->chain, sizeof(r->chain));
			break;
		case NFTA_RULE_EXPRESSIONS:
			free(r->exprs);
			r->exprs = malloc(a->nla_len);
			if (r->exprs)
				memcpy(r->exprs, a, a->nla_len);
			break;
		}
	}
	return MNL_CB_OK;
}

static int nft_dump(struct mnl_socket *nl, int msg, int family, mnl_cb_t fn)
{
	char req[MNL_NLMSG_HDRLEN + 64] = { 0 };
	static char buf[65536];
	static uint32_t seq;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(req);
	struct nfgenmsg *g;
	ssize_t n;
	int ret;

	if (!seq)
		seq = time(NULL);
	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | msg;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = ++seq;
	g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
	g->nfgen_family = family;
	g->version = NFNETLINK_V0;
	if (mnl_socket_sendto(nl, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	do {
		n = mnl_socket_recvfrom(nl, buf, sizeof(buf));
		if (n < 0)
			return -errno;
		ret = mnl_cb_run(buf, n, seq, mnl_socket_get_portid(nl), fn, NULL);
	} while (ret > MNL_CB_STOP);
	return ret < 0 ? -errno : 0;
}

static void nft_free(void)
{
	size_t i;

	for (i = 0; i < n_nft_rules; i++)
		free(nft_rules[i].exprs);
	free(nft_rules);
	free(chains);
	free(dormant);
	chains = NULL;
	nft_rules = NULL;
	dormant = NULL;
	n_chains = n_nft_rules = n_dormant = 0;
}

/* All families at once. What was read before a failure is forgotten: a part of the
 * rules is worse than none.
 */
static int nft_read_once(void)
{
	struct mnl_socket *nl;
	int err;

	nl = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!nl)
		return errno == EPROTONOSUPPORT ? 0 : -errno;
	err = mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;
	if (!err)
		err = nft_dump(nl, NFT_MSG_GETTABLE, AF_UNSPEC, on_table);
	if (!err)
		err = nft_dump(nl, NFT_MSG_GETCHAIN, AF_UNSPEC, on_chain);
	if (!err && n_chains)
		err = nft_dump(nl, NFT_MSG_GETRULE, AF_UNSPEC, on_nft_rule);
	mnl_socket_close(nl);
	if (err)
		nft_free();
	/* No nf_tables in this kernel: no rules of it either */
	return err == -EINVAL || err == -EOPNOTSUPP ? 0 : err;
}

static int nft_read(void)
{
	int err, tries = 0;

	if (nft_done || !is_present("nf_tables"))
		return 0;
	/* EINTR: the rules have changed in between */
	do {
		err = nft_read_once();
	} while (err == -EINTR && again(&tries));
	nft_done = !err;
	return err;
}

/* The registers of nf_tables' machine, 16 words of 4 bytes, and which are known. */
struct regs {
	uint8_t b[64];
	bool known[64];
};

static int reg_offset(uint32_t reg)
{
	if (reg >= NFT_REG_1 && reg <= NFT_REG_4)
		return (reg - NFT_REG_1) * 16;
	if (reg >= NFT_REG32_00 && reg <= NFT_REG32_15)
		return (reg - NFT_REG32_00) * 4;
	return -1;
}

static void load(struct regs *r, uint32_t reg, const void *data, const bool *known, size_t len)
{
	int o = reg_offset(reg);
	size_t i;

	if (o < 0)
		return;
	for (i = 0; i < len && o + i < sizeof(r->b); i++) {
		r->b[o + i] = data ? ((const uint8_t *)data)[i] : 0;
		r->known[o + i] = data && (!known || known[i]);
	}
	/* Padded to whole words */
	for (; (i & 3) && o + i < sizeof(r->b); i++) {
		r->b[o + i] = 0;
		r->known[o + i] = true;
	}
}

#define MAX_ATTR 16
static void index_attrs(const struct nlattr *nest, const struct nlattr **tb)
{
	const struct nlattr *a;

	memset(tb, 0, MAX_ATTR * sizeof(*tb));
	if (!nest)
		return;
	mnl_attr_for_each_nested(a, nest)
		if (mnl_attr_get_type(a) < MAX_ATTR)
			tb[mnl_attr_get_type(a)] = a;
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

static uint32_t opt32(const struct nlattr *a)
{
	return a ? be32(a) : 0;
}

/* nft_meta: returns NO where the rule ends. */
static void nft_meta(struct pkt *p, struct regs *r, const struct nlattr **tb, enum tri matched)
{
	uint32_t key = opt32(tb[NFTA_META_KEY]), dreg = opt32(tb[NFTA_META_DREG]);
	const struct walk *w = p->w;
	char name[IFNAMSIZ] = { 0 };
	uint8_t byte;
	uint32_t index;
	const struct link *l;

	if (tb[NFTA_META_SREG]) {
		int o = reg_offset(opt32(tb[NFTA_META_SREG]));
		uint32_t mark;

		if (key != NFT_META_MARK || o < 0)
			return;
		memcpy(&mark, r->b + o, sizeof(mark));
		if (r->known[o] && r->known[o + 1] && r->known[o + 2] && r->known[o + 3]) {
			set_mark(p, 0xffffffff, mark, matched);
		} else {
			mark_unsure(p, "sets the mark to what is not known");
		}
		return;
	}
	switch (key) {
	case NFT_META_IIFNAME:
	case NFT_META_OIFNAME: {
		const char *n = key == NFT_META_IIFNAME ? w->iif : w->oif;

		snprintf(name, sizeof(name), "%s", n ? n : "");
		load(r, dreg, name, NULL, sizeof(name));
		break;
	}
	case NFT_META_IIF:
	case NFT_META_OIF: {
		const char *n = key == NFT_META_IIF ? w->iif : w->oif;

		l = n ? link_by_name(n) : NULL;
		index = l ? l->index : 0;
		load(r, dreg, &index, NULL, 4);
		break;
	}
	case NFT_META_MARK:
		load(r, dreg, w->mark_unsure ? NULL : (const void *)&w->mark, NULL, 4);
		break;
	case NFT_META_L4PROTO:
		load(r, dreg, w->proto ? &w->proto : NULL, NULL, 1);
		break;
	case NFT_META_NFPROTO:
		byte = w->family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6;
		load(r, dreg, &byte, NULL, 1);
		break;
	default:
		load(r, dreg, NULL, NULL, 16);
	}
}

static void nft_payload(struct pkt *p, struct regs *r, const struct nlattr **tb)
{
	uint32_t base = opt32(tb[NFTA_PAYLOAD_BASE]), off = opt32(tb[NFTA_PAYLOAD_OFFSET]),
		len = opt32(tb[NFTA_PAYLOAD_LEN]), dreg = opt32(tb[NFTA_PAYLOAD_DREG]);
	const struct walk *w = p->w;
	uint8_t hdr[40] = { 0 };
	bool known[40] = { false };
	uint16_t port;

	if (tb[NFTA_PAYLOAD_SREG]) {
		mark_unsure(p, "changes the packet");
		return;
	}
	if (base == NFT_PAYLOAD_NETWORK_HEADER) {
		size_t n = w->family == AF_INET ? 4 : 16, s = w->family == AF_INET ? 12 : 8;

		hdr[0] = w->family == AF_INET ? 0x45 : 0x60;
		known[0] = w->family == AF_INET;
		hdr[w->family == AF_INET ? 9 : 6] = w->proto;
		known[w->family == AF_INET ? 9 : 6] = w->proto;
		memcpy(hdr + s, &p->src, n);
		memcpy(hdr + s + n, &p->dst, n);
		memset(known + s, true, 2 * n);
	} else if (base == NFT_PAYLOAD_TRANSPORT_HEADER &&
		   (w->proto == IPPROTO_TCP || w->proto == IPPROTO_UDP)) {
		port = htons(w->sport);
		memcpy(hdr, &port, 2);
		known[0] = known[1] = w->sport;
		port = htons(w->dport);
		memcpy(hdr + 2, &port, 2);
		known[2] = known[3] = w->dport;
		known[TCP_FLAGS] = w->proto == IPPROTO_TCP;
	} else if (base == NFT_PAYLOAD_TRANSPORT_HEADER && !w->proto) {
		/* Who asks for TCP's flags has asked for TCP before */
		known[TCP_FLAGS] = off == TCP_FLAGS && len == 1;
	}
	/* The first of a connection */
	if (known[TCP_FLAGS] && base == NFT_PAYLOAD_TRANSPORT_HEADER)
		hdr[TCP_FLAGS] = TCP_SYN;
	if (off > sizeof(hdr) || len > sizeof(hdr) - off)
		load(r, dreg, NULL, NULL, len > 16 ? 16 : len);
	else
		load(r, dreg, hdr + off, known + off, len);
}

static enum tri nft_cmp(const struct regs *r, const struct nlattr **tb)
{
	int o = reg_offset(opt32(tb[NFTA_CMP_SREG])), d = 0;
	uint32_t op = opt32(tb[NFTA_CMP_OP]);
	const uint8_t *v;
	size_t len = 0, i;

	v = data_value(tb[NFTA_CMP_DATA], &len);
	if (o < 0 || !v || o + len > sizeof(r->b))
		return MAYBE;
	for (i = 0; i < len; i++) {
		if (!r->known[o + i])
			break;
		d = r->b[o + i] - v[i];
		if (d)
			break;
	}
	if (i < len && !r->known[o + i]) {
		/* A later byte may tell them apart */
		for (; i < len; i++)
			if (r->known[o + i] && r->b[o + i] != v[i])
				return op == NFT_CMP_EQ ? NO : op == NFT_CMP_NEQ ? YES : MAYBE;
		return MAYBE;
	}
	switch (op) {
	case NFT_CMP_EQ:
		return d == 0;
	case NFT_CMP_NEQ:
		return d != 0;
	case NFT_CMP_LT:
		return d < 0;
	case NFT_CMP_LTE:
		return d <= 0;
	case NFT_CMP_GT:
		return d > 0;
	case NFT_CMP_GTE:
		return d >= 0;
	}
	return MAYBE;
}

static enum tri nft_range(const struct regs *r, const struct nlattr **tb)
{
	int o = reg_offset(opt32(tb[NFTA_RANGE_SREG]));
	size_t l1 = 0, l2 = 0, i;
	const uint8_t *from = data_value(tb[NFTA_RANGE_FROM_DATA], &l1);
	const uint8_t *to = data_value(tb[NFTA_RANGE_TO_DATA], &l2);
	bool in;

	if (o < 0 || !from || !to || l1 != l2 || o + l1 > sizeof(r->b))
		return MAYBE;
	for (i = 0; i < l1; i++)
		if (!r->known[o + i])
			return MAYBE;
	in = memcmp(r->b + o, from, l1) >= 0 && memcmp(r->b + o, to, l1) <= 0;
	return in == (opt32(tb[NFTA_RANGE_OP]) == NFT_RANGE_EQ);
}

static void nft_bitwise(struct regs *r, const struct nlattr **tb)
{
	int s = reg_offset(opt32(tb[NFTA_BITWISE_SREG])), d = reg_offset(opt32(tb[NFTA_BITWISE_DREG]));
	uint32_t len = opt32(tb[NFTA_BITWISE_LEN]), i;
	size_t ml = 0, xl = 0;
	const uint8_t *mask = data_value(tb[NFTA_BITWISE_MASK], &ml);
	const uint8_t *xor = data_value(tb[NFTA_BITWISE_XOR], &xl);

	if (s < 0 || d < 0 || len > 16 || s + len > sizeof(r->b) || d + len > sizeof(r->b))
		return;
	if (opt32(tb[NFTA_BITWISE_OP]) != 0 || !mask || !xor || ml < len || xl < len) {
		load(r, opt32(tb[NFTA_BITWISE_DREG]), NULL, NULL, len);
		return;
	}
	for (i = 0; i < len; i++) {
		bool known = r->known[s + i] || mask[i] == 0;

		r->b[d + i] = (r->b[s + i] & mask[i]) ^ xor[i];
		r->known[d + i] = known;
	}
}

/* What a rule says in the end. */
struct verdict_of {
	enum tri matched;
	int code;		/* NF_*, NFT_*; NFT_CONTINUE if it says nothing */
	char chain[128];
};

static void nft_immediate(struct regs *r, const struct nlattr **tb, struct verdict_of *v)
{
	const struct nlattr *d[MAX_ATTR], *w[MAX_ATTR];
	uint32_t dreg = opt32(tb[NFTA_IMMEDIATE_DREG]);

	index_attrs(tb[NFTA_IMMEDIATE_DATA], d);
	if (dreg != NFT_REG_VERDICT) {
		size_t len = 0;
		const void *value = data_value(tb[NFTA_IMMEDIATE_DATA], &len);

		load(r, dreg, value, NULL, value ? len : 16);
		return;
	}
	index_attrs(d[NFTA_DATA_VERDICT], w);
	v->code = (int)opt32(w[NFTA_VERDICT_CODE]);
	if (w[NFTA_VERDICT_CHAIN])
		copy_str(w[NFTA_VERDICT_CHAIN], v->chain, sizeof(v->chain));
}

static bool is_transparent(const char *name)
{
	static const char *const list[] = { "counter", "log", "notrack", "last", "dup" };

	return is_one_of(name, list, ARRAY_SIZE(list));
}

/* The state as a bit, or a part of the connection that is not known here. */
static void nft_ct(struct pkt *p, struct regs *r, const struct nlattr **tb)
{
	uint32_t state;

	/* What it sets is not the packet's */
	if (tb[NFTA_CT_SREG])
		return;
	state = p->w->ct == CT_NONE ? NF_CT_STATE_INVALID_BIT :
		p->w->ct == CT_NEW ? NF_CT_STATE_BIT(IP_CT_NEW) : NF_CT_STATE_UNTRACKED_BIT;
	if (opt32(tb[NFTA_CT_KEY]) == NFT_CT_STATE && p->w->ct != CT_UNKNOWN && p->w->ct != CT_TEMPLATE)
		load(r, opt32(tb[NFTA_CT_DREG]), &state, NULL, sizeof(state));
	else
		load(r, opt32(tb[NFTA_CT_DREG]), NULL, NULL, 16);
}

/* Beside nftables' verdicts: one of a verdict map's, whose elements are not read. */
#define ANY_VERDICT 1000

/* Expressions that end the way, or may. */
static bool nft_ends(struct pkt *p, const char *name, const struct nlattr **tb, struct verdict_of *v)
{
	static const char *const nat[] = { "nat", "masq", "redir" };

	if (is_one_of(name, nat, ARRAY_SIZE(nat))) {
		v->code = NF_ACCEPT;
	} else if (strcmp(name, "reject") == 0) {
		v->code = NF_DROP;
	} else if (strcmp(name, "queue") == 0 || strcmp(name, "synproxy") == 0) {
		v->code = NF_QUEUE;
	} else if (strcmp(name, "lookup") == 0 && tb[NFTA_LOOKUP_DREG] &&
		   opt32(tb[NFTA_LOOKUP_DREG]) == NFT_REG_VERDICT) {
		v->code = ANY_VERDICT;
		v->matched = both(v->matched, MAYBE);
		unsure(p, "a verdict map, which is not evaluated");
	} else {
		return false;
	}
	return true;
}

static void nft_rule_walk(struct pkt *p, const struct nft_rule *rule, struct verdict_of *v)
{
	struct regs regs = { 0 };
	const struct nlattr *e;

	v->matched = p->doubt ? MAYBE : YES;
	v->code = NFT_CONTINUE;
	if (!rule->exprs)
		return;
	mnl_attr_for_each_nested(e, rule->exprs) {
		const struct nlattr *ex[MAX_ATTR], *tb[MAX_ATTR];
		char name[32];
		size_t len;

		index_attrs(e, ex);
		if (!ex[NFTA_EXPR_NAME])
			continue;
		copy_str(ex[NFTA_EXPR_NAME], name, sizeof(name));
		index_attrs(ex[NFTA_EXPR_DATA], tb);
		if (strcmp(name, "meta") == 0) {
			nft_meta(p, &regs, tb, v->matched);
		} else if (strcmp(name, "payload") == 0) {
			nft_payload(p, &regs, tb);
		} else if (strcmp(name, "bitwise") == 0) {
			nft_bitwise(&regs, tb);
		} else if (strcmp(name, "cmp") == 0) {
			v->matched = both(v->matched, nft_cmp(&regs, tb));
		} else if (strcmp(name, "range") == 0) {
			v->matched = both(v->matched, nft_range(&regs, tb));
		} else if (strcmp(name, "immediate") == 0) {
			nft_immediate(&regs, tb, v);
		} else if (strcmp(name, "match") == 0 && tb[NFTA_MATCH_NAME] && tb[NFTA_MATCH_INFO]) {
			copy_str(tb[NFTA_MATCH_NAME], name, sizeof(name));
			len = mnl_attr_get_payload_len(tb[NFTA_MATCH_INFO]);
			v->matched = both(v->matched, xt_match(p, name, opt32(tb[NFTA_MATCH_REV]),
				mnl_attr_get_payload(tb[NFTA_MATCH_INFO]), len));
		} else if (strcmp(name, "target") == 0 && tb[NFTA_TARGET_NAME] && tb[NFTA_TARGET_INFO]) {
			copy_str(tb[NFTA_TARGET_NAME], name, sizeof(name));
			len = mnl_attr_get_payload_len(tb[NFTA_TARGET_INFO]);
			switch (xt_target(p, name, opt32(tb[NFTA_TARGET_REV]),
					  mnl_attr_get_payload(tb[NFTA_TARGET_INFO]), len, v->matched)) {
			case GOES_ON:
				break;
			case ACCEPTED:
				v->code = NF_ACCEPT;
				break;
			case DROPPED:
				v->code = NF_DROP;
				break;
			case NOT_KNOWN:
				v->code = NF_QUEUE;
				break;
			}
		} else if (strcmp(name, "ct") == 0) {
			nft_ct(p, &regs, tb);
		} else if (strcmp(name, "notrack") == 0) {
			set_ct(p->w, CT_UNTRACKED, v->matched);
		} else if (!nft_ends(p, name, tb, v) && !is_transparent(name)) {
			/* Some load a register, some match */
			memset(&regs, 0, sizeof(regs));
			v->matched = both(v->matched, MAYBE);
		}
		if (v->matched == NO)
			return;
	}
}

static void nft_chain_walk(struct pkt *p, const struct nft_chain *base, const char *name, int depth,
			   bool *stop);

/* A verdict map may lead to any chain of its table. */
static void nft_walk_all(struct pkt *p, const struct nft_chain *base, bool *stop)
{
	size_t i;

	if (p->anywhere)
		return;
	p->anywhere = true;
	for (i = 0; i < n_chains && !*stop; i++)
		if (!chains[i].is_base && chains[i].family == base->family &&
		    strcmp(chains[i].table, base->table) == 0)
			nft_chain_walk(p, base, chains[i].name, MAX_DEPTH, stop);
}

static void nft_chain_walk(struct pkt *p, const struct nft_chain *base, const char *name, int depth,
			   bool *stop)
{
	unsigned int no = 0;
	size_t i;

	for (i = 0; i < n_nft_rules && !*stop; i++) {
		const struct nft_rule *r = &nft_rules[i];
		struct verdict_of v = { 0 };

		if (r->family != base->family || strcmp(r->table, base->table) != 0 ||
		    strcmp(r->chain, name) != 0)
			continue;
		p->chain = name;
		p->rule_no = ++no;
		nft_rule_walk(p, r, &v);
		if (v.matched == NO || v.code == NFT_CONTINUE)
			continue;
		if (v.code == NF_QUEUE) {
			/* A program decides; the packet may come back with a mark */
			mark_unsure(p, "a verdict that is not known here");
			v.matched = MAYBE;
		}
		if (v.code == NF_DROP || v.code == NF_QUEUE || v.code == ANY_VERDICT)
			dropped(p, v.matched);
		if (v.matched == MAYBE) {
			/* It may be taken: what follows may be seen or not */
			if (v.code != NF_DROP) {
				unsure(p, "a match that is not evaluated decides what is seen of the rest");
				p->doubt = true;
			}
			if ((v.code == NFT_JUMP || v.code == NFT_GOTO) && depth < MAX_DEPTH)
				nft_chain_walk(p, base, v.chain, depth + 1, stop);
			else if (v.code == ANY_VERDICT)
				nft_walk_all(p, base, stop);
			continue;
		}
		switch (v.code) {
		case NFT_JUMP:
		case NFT_GOTO:
			if (depth < MAX_DEPTH)
				nft_chain_walk(p, base, v.chain, depth + 1, stop);
			if (v.code == NFT_GOTO)
				return;
			break;
		case NFT_RETURN:
			return;
		default:	/* ACCEPT, DROP: out of the base chain */
			p->ended = true;
			*stop = true;
		}
	}
	if (depth == 0 && !*stop && base->policy == NF_DROP) {
		p->chain = name;
		p->rule_no = 0;
		dropped(p, p->doubt ? MAYBE : YES);
	}
}

/* --- one hook, all its chains ----------------------------------------------- */

struct one {
	int prio;
	unsigned int no;	/* in the order of registration */
	const struct table *t;
	const struct nft_chain *c;
};

static int by_prio(const void *a, const void *b)
{
	const struct one *x = a, *y = b;

	if (x->prio != y->prio)
		return x->prio < y->prio ? -1 : 1;
	return x->no < y->no ? -1 : x->no > y->no;
}

#define PRIO_CONNTRACK (-200)	/* in PREROUTING and OUTPUT */
#define PRIO_DST_NAT (-100)

/* What a chain drops is looked at in PREROUTING, and where table mangle is.
 * Filtering in FORWARD and OUTPUT is none of this tool's business; a mark is,
 * whatever chain sets it.
 */
static bool filters(const struct walk *w, const struct one *o)
{
	if (o->t)
		return strcmp(o->t->name, "raw") == 0 || strcmp(o->t->name, "mangle") == 0;
	switch (w->hook) {
	case HOOK_PREROUTING:
		return strcmp(o->c->type, "filter") == 0;
	case HOOK_OUTPUT:
		return strcmp(o->c->type, "route") == 0;
	default:
		return strcmp(o->c->type, "nat") != 0 && o->c->prio == -150;
	}
}

static bool is_nat_chain(const struct one *o)
{
	return strcmp(o->t ? o->t->name : o->c->type, "nat") == 0;
}

/* What it changes of a packet of the box makes for another lookup. */
static bool routes(const struct one *o)
{
	return o->t ? strcmp(o->t->name, "mangle") == 0 : strcmp(o->c->type, "route") == 0;
}

/* Netfilter's own priority of a table of x_tables. */
static int table_prio(const char *name, enum hook hook)
{
	if (strcmp(name, "raw") == 0)
		return -300;
	if (strcmp(name, "mangle") == 0)
		return -150;
	if (strcmp(name, "nat") == 0)
		return hook == HOOK_POSTROUTING ? 100 : PRIO_DST_NAT;
	return strcmp(name, "security") == 0 ? 50 : 0;
}

static void relook(struct walk *w, bool unsure_before)
{
	w->relook = true;
	w->relook_mark = w->mark;
	w->relook_unsure = w->mark_unsure || unsure_before;
}

static void chain_walk(struct walk *w, const struct one *o)
{
	struct pkt p = { .w = w, .src = w->src, .dst = w->dst, .filters = filters(w, o) };
	bool stop = false, was_unsure = w->mark_unsure;
	uint32_t mark = w->mark;

	/* nat PREROUTING has changed the destination by then */
	if (w->hook == HOOK_PREROUTING && o->prio > PRIO_DST_NAT)
		p.dst = w->dst_nat;
	if (o->t) {
		p.t = o->t;
		legacy_walk(w, o->t, &p);
	} else {
		p.table = o->c->table;
		p.chain = o->c->name;
		nft_chain_walk(&p, o->c, o->c->name, 0, &stop);
	}
	if (o->prio == -300 && (p.ended || p.doubt))
		w->raw_ends = true;
	if (w->hook == HOOK_OUTPUT && routes(o) && (w->mark != mark || w->mark_unsure != was_unsure))
		relook(w, was_unsure);
}

void rules_walk(struct walk *w)
{
	int f = w->family == AF_INET6, family = f ? NFPROTO_IPV6 : NFPROTO_IPV4;
	const struct link *in = w->iif ? link_by_name(w->iif) : NULL;
	/* What comes out of loopback has a connection, unless that is taken off */
	bool second = w->hook == HOOK_PREROUTING && in && in->flags & IFF_LOOPBACK, seen = false;
	struct one *list = NULL;
	size_t n = 0, i;

	w->unholed = NO;
	w->dropped = NO;
	w->unsure[0] = 0;
	w->raw_ends = w->relook = false;
	for (i = 0; i < n_tables[f]; i++) {
		const struct table *t = &tables[f][i];

		if (!(t->valid_hooks & (1u << w->hook)))
			continue;
		list = grow(list, n, sizeof(*list));
		list[n] = (struct one){ .prio = table_prio(t->name, w->hook), .no = n, .t = t };
		n++;
	}
	for (i = 0; i < n_chains; i++) {
		const struct nft_chain *c = &chains[i];

		if (!c->is_base || c->hook != (uint32_t)w->hook ||
		    (c->family != family && c->family != NFPROTO_INET))
			continue;
		list = grow(list, n, sizeof(*list));
		list[n] = (struct one){ .prio = c->prio, .no = n, .c = c };
		n++;
	}
	if (n)
		qsort(list, n, sizeof(*list), by_prio);
	if (w->hook == HOOK_FORWARD || w->hook == HOOK_POSTROUTING || (second && w->ct == CT_NONE))
		w->ct = w->ct == CT_NONE ? CT_NEW : w->ct;
	for (i = 0; i <= n && w->dropped != YES; i++) {
		int prio = i < n ? list[i].prio : INT_MAX;

		if (prio > PRIO_CONNTRACK && (w->ct == CT_NONE || w->ct == CT_TEMPLATE))
			w->ct = CT_NEW;
		/* DNAT of a packet of the box */
		if (w->hook == HOOK_OUTPUT && w->dnat && !seen && prio > PRIO_DST_NAT) {
			relook(w, false);
			seen = true;
		}
		if (i == n)
			break;
		/* NAT's rules are for the first packet, and seen once; not if it is untracked */
		if (is_nat_chain(&list[i]) &&
		    (w->ct == CT_UNTRACKED ||
		     (second && !(w->unholed == YES && w->unhole_flags & XT_UNHOLE_RESET_CT))))
			continue;
		chain_walk(w, &list[i]);
	}
	free(list);
}

/* --- a look at all rules ------------------------------------------------------ */

/* What a rule says of one device: a name, or the beginning of one and "+", or
 * nothing; FOUND_NOT, FOUND_PERHAPS.
 */
struct dev_said {
	char name[IFNAMSIZ + 1];
	uint32_t flags;
};

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
	return invert(same ? YES : NO, flags & FOUND_NOT);
}

/* A rule, as far as it matters here. */
struct said {
	struct dev_said in, out;
	bool some;		/* matches more than that: some packets only */
	bool none;		/* is not for this family */
	int code;		/* NF_*, NFT_* */
	bool masq, snat, offload;
	unsigned int off;	/* where it jumps to: legacy, nft */
	char chain[128];
};

/* One base chain that is walked: by no packet, but by all that may come. */
struct scan {
	found_fn fn;
	void *arg;
	const char *table;
	bool input;
	bool lo_done;		/* POSTROUTING: another rule has what leaves by lo */
	bool maybe;		/* INPUT: it may have been accepted */
	bool ended;		/* INPUT: what comes in by lo from outside has its verdict */
	unsigned int steps;
};

/* How a chain is reached. */
struct reach {
	struct dev_said in, out;
	enum tri lo;		/* INPUT: by what comes in by lo */
	bool named, some;	/* a device is said; not by all packets */
};

static const struct reach all_packets = { .lo = YES };

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
		      const char *chain)
{
	char where[256];
	uint32_t flags;

	*to = *w;
	if (r->in.name[0] || r->in.flags)
		to->in = r->in;
	if (r->out.name[0] || r->out.flags)
		to->out = r->out;
	to->some = w->some || r->some;
	snprintf(where, sizeof(where), "%s %s", s->table, chain);
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

/* addrtype, as "! --src-type LOCAL" and nothing else: no packet from outside has
 * a source of the box, so it is matched.
 */
static bool is_not_local(const char *name, unsigned int rev, const void *info, size_t len)
{
	struct xt_addrtype_info_v1 i;

	if (strcmp(name, "addrtype") != 0 || rev != 1 || len < sizeof(i))
		return false;
	memcpy(&i, info, sizeof(i));
	return i.source == XT_ADDRTYPE_LOCAL && !i.dest && i.flags == XT_ADDRTYPE_INVERT_SOURCE;
}

static bool narrows(const char *name, unsigned int rev, const void *info, size_t len)
{
	return strcmp(name, "comment") != 0 && !is_not_local(name, rev, info, len);
}

static void legacy_dev(const char *name, const unsigned char *mask, bool inv, struct dev_said *to)
{
	size_t len = 0;

	/* Of "l+" the first byte counts, of "lo" three */
	while (len < IFNAMSIZ && mask[len] && name[len])
		len++;
	if (!len)
		return;
	snprintf(to->name, sizeof(to->name), "%.*s%s", (int)len, name, len < IFNAMSIZ && mask[len] ? "" : "+");
	to->flags = inv ? FOUND_NOT : 0;
}

static bool is_zero(const void *data, size_t len)
{
	const unsigned char *b = data;
	size_t i;

	for (i = 0; i < len; i++)
		if (b[i])
			return false;
	return true;
}

static void legacy_says(int family, const char *e, unsigned int target_off, struct said *r)
{
	const struct xt_entry_target *tg = (const void *)(e + target_off);
	unsigned int o = entry_base(family);
	bool is_goto;

	memset(r, 0, sizeof(*r));
	r->code = NFT_CONTINUE;
	if (family == AF_INET) {
		const struct ipt_ip *ip = &((const struct ipt_entry *)e)->ip;

		legacy_dev(ip->iniface, ip->iniface_mask, ip->invflags & IPT_INV_VIA_IN, &r->in);
		legacy_dev(ip->outiface, ip->outiface_mask, ip->invflags & IPT_INV_VIA_OUT, &r->out);
		r->some = !is_zero(&ip->smsk, 4) || !is_zero(&ip->dmsk, 4) || ip->proto || ip->flags & IPT_F_FRAG;
		is_goto = ip->flags & IPT_F_GOTO;
	} else {
		const struct ip6t_ip6 *ip = &((const struct ip6t_entry *)e)->ipv6;

		legacy_dev(ip->iniface, ip->iniface_mask, ip->invflags & IP6T_INV_VIA_IN, &r->in);
		legacy_dev(ip->outiface, ip->outiface_mask, ip->invflags & IP6T_INV_VIA_OUT, &r->out);
		r->some = !is_zero(&ip->smsk, 16) || !is_zero(&ip->dmsk, 16) || ip->flags & (IP6T_F_PROTO | IP6T_F_TOS);
		is_goto = ip->flags & IP6T_F_GOTO;
	}
	while (o + sizeof(struct xt_entry_match) <= target_off) {
		const struct xt_entry_match *em = (const void *)(e + o);

		if (em->u.match_size < sizeof(*em) || em->u.match_size % sizeof(uint64_t) ||
		    em->u.match_size > target_off - o || !memchr(em->u.user.name, 0, sizeof(em->u.user.name))) {
			r->some = true;
			break;
		}
		r->some = r->some || narrows(em->u.user.name, em->u.user.revision, em->data,
					     em->u.match_size - sizeof(*em));
		o += em->u.match_size;
	}
	r->masq = strcmp(tg->u.user.name, "MASQUERADE") == 0;
	r->snat = strcmp(tg->u.user.name, "SNAT") == 0;
	if (strcmp(tg->u.user.name, "REJECT") == 0)
		r->code = NF_DROP;
	if (!tg->u.user.name[0]) {
		int verdict = ((const struct xt_standard_target *)tg)->verdict;

		r->code = verdict >= 0 ? (is_goto ? NFT_GOTO : NFT_JUMP) : verdict == -NF_DROP - 1 ? NF_DROP :
			  verdict == -NF_ACCEPT - 1 ? NF_ACCEPT : verdict == XT_RETURN ? NFT_RETURN : NFT_CONTINUE;
		r->off = verdict >= 0 ? verdict : 0;
	}
}

static void legacy_scan_chain(struct scan *s, int family, const struct table *t, unsigned int off,
			      const char *name, const struct reach *w, int depth)
{
	unsigned int target_off, next;

	for (; !s->ended && s->steps < 65536 && entry_offsets(family, t, off, &target_off, &next); off += next) {
		const struct xt_entry_target *tg = (const void *)(t->blob + off + target_off);
		char chain[64];
		struct reach to;
		struct said r;

		s->steps++;
		/* The end of the table, or the head of the next chain */
		if (strcmp(tg->u.user.name, XT_ERROR_TARGET) == 0)
			return;
		legacy_says(family, t->blob + off, target_off, &r);
		if (!scan_rule(s, &r, w, &to, name))
			return;
		if ((r.code == NFT_JUMP || r.code == NFT_GOTO) && depth < MAX_DEPTH) {
			entry_place(family, t, r.off, chain, sizeof(chain));
			legacy_scan_chain(s, family, t, r.off, chain, &to, depth + 1);
			if (r.code == NFT_GOTO && !to.some && to.lo == YES && s->input)
				return;
		}
		/* The policy */
		if (!depth && off == t->underflow[s->input ? NF_INET_LOCAL_IN : NF_INET_POST_ROUTING])
			return;
	}
}

static void legacy_scan(int family, const struct table *t, found_fn fn, void *arg)
{
	unsigned int off, target_off, next, no = 0;
	struct scan s = { .fn = fn, .arg = arg };
	char where[64];

	for (off = 0; entry_offsets(family, t, off, &target_off, &next); off += next) {
		const struct xt_entry_target *tg = (const void *)(t->blob + off + target_off);
		struct xt_unhole_tginfo info = { 0 };

		no++;
		if (strcmp(tg->u.user.name, "UNHOLE") != 0)
			continue;
		if (tg->u.target_size >= sizeof(*tg) + sizeof(info))
			memcpy(&info, tg->data, sizeof(info));
		snprintf(where, sizeof(where), "legacy %s, entry %u", t->name, no);
		fn(FOUND_UNHOLE, where, "", info.flags, arg);
	}
	snprintf(where, sizeof(where), "legacy %s", t->name);
	s.table = where;
	if (t->valid_hooks & (1u << NF_INET_LOCAL_IN) && strcmp(t->name, "nat") != 0) {
		s.input = true;
		legacy_scan_chain(&s, family, t, t->hook_entry[NF_INET_LOCAL_IN], "INPUT", &all_packets, 0);
	}
	if (t->valid_hooks & (1u << NF_INET_POST_ROUTING) && strcmp(t->name, "nat") == 0) {
		s.input = s.ended = false;
		legacy_scan_chain(&s, family, t, t->hook_entry[NF_INET_POST_ROUTING], "POSTROUTING", &all_packets, 0);
	}
}

/* What a register holds that the next expression looks at. */
enum loaded { L_NOTHING, L_IN, L_OUT, L_IN_INDEX, L_OUT_INDEX, L_SOURCE_TYPE, L_FAMILY };

static void nft_compared(struct said *r, enum loaded what, const struct nlattr **tb, int family)
{
	struct dev_said *dev = what == L_IN || what == L_IN_INDEX ? &r->in : &r->out;
	uint32_t op = opt32(tb[NFTA_CMP_OP]), number = 0;
	const struct link *l;
	const char *v;
	size_t len = 0;

	v = data_value(tb[NFTA_CMP_DATA], &len);
	if (!v || (op != NFT_CMP_EQ && op != NFT_CMP_NEQ)) {
		r->some = true;
		return;
	}
	if (len >= sizeof(number))
		memcpy(&number, v, sizeof(number));
	switch (what) {
	case L_IN:
	case L_OUT:
		/* Without its end it is the beginning of a name */
		snprintf(dev->name, sizeof(dev->name), "%.*s%s", (int)(len < IFNAMSIZ ? len : IFNAMSIZ), v,
			 len < IFNAMSIZ && !memchr(v, 0, len) ? "+" : "");
		dev->flags = op == NFT_CMP_NEQ ? FOUND_NOT : 0;
		break;
	case L_IN_INDEX:
	case L_OUT_INDEX:
		l = link_by_index(number);
		/* It may be gone */
		snprintf(dev->name, sizeof(dev->name), "%s", l ? l->name : "?");
		dev->flags = op == NFT_CMP_NEQ ? FOUND_NOT : 0;
		break;
	case L_SOURCE_TYPE:
		if (number != RTN_LOCAL || op != NFT_CMP_NEQ)
			r->some = true;
		break;
	case L_FAMILY:
		r->none = r->none || ((uint8_t)*v == family) != (op == NFT_CMP_EQ);
		break;
	default:
		r->some = true;
	}
}

static enum loaded nft_loads(const char *name, const struct nlattr **tb)
{
	if (strcmp(name, "fib") == 0)
		return opt32(tb[NFTA_FIB_RESULT]) == NFT_FIB_RESULT_ADDRTYPE &&
		       opt32(tb[NFTA_FIB_FLAGS]) == NFTA_FIB_F_SADDR ? L_SOURCE_TYPE : L_NOTHING;
	if (strcmp(name, "meta") != 0 || tb[NFTA_META_SREG])
		return L_NOTHING;
	switch (opt32(tb[NFTA_META_KEY])) {
	case NFT_META_IIFNAME:
		return L_IN;
	case NFT_META_OIFNAME:
		return L_OUT;
	case NFT_META_IIF:
		return L_IN_INDEX;
	case NFT_META_OIF:
		return L_OUT_INDEX;
	case NFT_META_NFPROTO:
		return L_FAMILY;
	}
	return L_NOTHING;
}

static void nft_says(const struct nft_rule *rule, int family, struct said *r)
{
	enum loaded pending = L_NOTHING;
	const struct nlattr *e;
	uint32_t reg = 0;

	memset(r, 0, sizeof(*r));
	r->code = NFT_CONTINUE;
	if (!rule->exprs)
		return;
	mnl_attr_for_each_nested(e, rule->exprs) {
		const struct nlattr *ex[MAX_ATTR], *tb[MAX_ATTR];
		char name[32];

		index_attrs(e, ex);
		if (!ex[NFTA_EXPR_NAME])
			continue;
		copy_str(ex[NFTA_EXPR_NAME], name, sizeof(name));
		index_attrs(ex[NFTA_EXPR_DATA], tb);
		if (pending && strcmp(name, "cmp") == 0 && opt32(tb[NFTA_CMP_SREG]) == reg) {
			nft_compared(r, pending, tb, family);
			pending = L_NOTHING;
			continue;
		}
		/* A set of devices, or of devices and more, or of more that is done with them */
		if (pending) {
			if (pending == L_IN || pending == L_IN_INDEX)
				r->in.flags = FOUND_PERHAPS;
			else if (pending == L_OUT || pending == L_OUT_INDEX)
				r->out.flags = FOUND_PERHAPS;
			if (strcmp(name, "lookup") != 0 || pending == L_SOURCE_TYPE || pending == L_FAMILY)
				r->some = true;
			else if (opt32(tb[NFTA_LOOKUP_DREG]) == NFT_REG_VERDICT && tb[NFTA_LOOKUP_DREG])
				r->code = NF_ACCEPT;	/* a map of verdicts */
			pending = L_NOTHING;
			if (strcmp(name, "lookup") == 0)
				continue;
		}
		if (strcmp(name, "meta") == 0 || strcmp(name, "fib") == 0) {
			pending = nft_loads(name, tb);
			reg = opt32(tb[strcmp(name, "fib") == 0 ? (int)NFTA_FIB_DREG : (int)NFTA_META_DREG]);
			/* What sets a mark matches nothing */
			r->some = r->some || (!pending && !(*name == 'm' && tb[NFTA_META_SREG]));
		} else if (strcmp(name, "match") == 0 && tb[NFTA_MATCH_NAME] && tb[NFTA_MATCH_INFO]) {
			copy_str(tb[NFTA_MATCH_NAME], name, sizeof(name));
			r->some = r->some || narrows(name, opt32(tb[NFTA_MATCH_REV]),
						     mnl_attr_get_payload(tb[NFTA_MATCH_INFO]),
						     mnl_attr_get_payload_len(tb[NFTA_MATCH_INFO]));
		} else if (strcmp(name, "target") == 0 && tb[NFTA_TARGET_NAME]) {
			copy_str(tb[NFTA_TARGET_NAME], name, sizeof(name));
			r->masq = r->masq || strcmp(name, "MASQUERADE") == 0;
			r->snat = r->snat || strcmp(name, "SNAT") == 0;
			if (strcmp(name, "REJECT") == 0)
				r->code = NF_DROP;
		} else if (strcmp(name, "masq") == 0) {
			r->masq = true;
		} else if (strcmp(name, "nat") == 0) {
			r->snat = tb[NFTA_NAT_TYPE] && opt32(tb[NFTA_NAT_TYPE]) == NFT_NAT_SNAT;
		} else if (strcmp(name, "flow_offload") == 0) {
			r->offload = true;
		} else if (strcmp(name, "reject") == 0) {
			r->code = NF_DROP;
		} else if (strcmp(name, "immediate") == 0) {
			struct verdict_of v = { .code = NFT_CONTINUE };
			struct regs regs = { 0 };

			nft_immediate(&regs, tb, &v);
			if (v.code == NFT_CONTINUE)	/* an address for nat, as a rule */
				continue;
			r->code = v.code;
			memcpy(r->chain, v.chain, sizeof(r->chain));
		} else if (!is_transparent(name)) {
			r->some = true;
		}
	}
}

static bool *reached;	/* of nft_rules: from a base chain */

static void nft_scan_chain(struct scan *s, int family, const struct nft_chain *base, const char *name,
			   const struct reach *w, int depth)
{
	size_t i;

	for (i = 0; i < n_nft_rules && !s->ended && s->steps < 65536; i++) {
		const struct nft_rule *rule = &nft_rules[i];
		struct reach to;
		struct said r;

		if (rule->family != base->family || strcmp(rule->table, base->table) != 0 ||
		    strcmp(rule->chain, name) != 0)
			continue;
		s->steps++;
		if (reached)
			reached[i] = true;
		nft_says(rule, family, &r);
		if (r.none)
			continue;
		if (!scan_rule(s, &r, w, &to, name))
			return;
		if ((r.code == NFT_JUMP || r.code == NFT_GOTO) && depth < MAX_DEPTH) {
			nft_scan_chain(s, family, base, r.chain, &to, depth + 1);
			if (r.code == NFT_GOTO && !to.some && to.lo == YES && s->input)
				return;
		}
	}
	if (!depth && !s->ended && !s->maybe && s->input && base->policy == NF_DROP)
		s->fn(FOUND_INPUT_GUARD, base->name, "", 0, s->arg);
}

/* UNHOLE, wherever it stands. */
static void nft_scan_unhole(const struct nft_rule *rule, found_fn fn, void *arg)
{
	const struct nlattr *e;
	char where[256];

	if (!rule->exprs)
		return;
	snprintf(where, sizeof(where), "%s %s", rule->table, rule->chain);
	mnl_attr_for_each_nested(e, rule->exprs) {
		const struct nlattr *ex[MAX_ATTR], *tb[MAX_ATTR];
		struct xt_unhole_tginfo info = { 0 };
		char name[32];
		size_t len;

		index_attrs(e, ex);
		index_attrs(ex[NFTA_EXPR_DATA], tb);
		if (!ex[NFTA_EXPR_NAME] || !tb[NFTA_TARGET_NAME] || !tb[NFTA_TARGET_INFO])
			continue;
		copy_str(ex[NFTA_EXPR_NAME], name, sizeof(name));
		if (strcmp(name, "target") != 0)
			continue;
		copy_str(tb[NFTA_TARGET_NAME], name, sizeof(name));
		if (strcmp(name, "UNHOLE") != 0)
			continue;
		len = mnl_attr_get_payload_len(tb[NFTA_TARGET_INFO]);
		memcpy(&info, mnl_attr_get_payload(tb[NFTA_TARGET_INFO]), len < sizeof(info) ? len : sizeof(info));
		fn(FOUND_UNHOLE, where, "", info.flags, arg);
	}
}

static void nft_scan(int family, found_fn fn, void *arg)
{
	int nf = family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6;
	size_t i;

	reached = n_nft_rules ? calloc(n_nft_rules, sizeof(*reached)) : NULL;
	for (i = 0; i < n_chains; i++) {
		const struct nft_chain *c = &chains[i];
		struct scan s = { .fn = fn, .arg = arg, .table = c->table };

		if (!c->is_base || (c->family != nf && c->family != NFPROTO_INET))
			continue;
		s.input = c->hook == NF_INET_LOCAL_IN && strcmp(c->type, "nat") != 0;
		if (s.input || c->hook == NF_INET_FORWARD ||
		    (c->hook == NF_INET_POST_ROUTING && strcmp(c->type, "nat") == 0))
			nft_scan_chain(&s, nf, c, c->name, &all_packets, 0);
	}
	for (i = 0; i < n_nft_rules; i++) {
		const struct nft_rule *rule = &nft_rules[i];
		char where[256];
		struct said r;

		if (rule->family != nf && rule->family != NFPROTO_INET)
			continue;
		nft_scan_unhole(rule, fn, arg);
		if (!reached || reached[i])
			continue;
		/* By a map of verdicts, perhaps */
		nft_says(rule, nf, &r);
		snprintf(where, sizeof(where), "%s %s", rule->table, rule->chain);
		if (r.masq)
			fn(FOUND_MASQUERADE, where, r.out.name, r.out.flags | FOUND_PERHAPS, arg);
	}
	free(reached);
	reached = NULL;
}

void rules_scan(int family, found_fn fn, void *arg)
{
	int f = family == AF_INET6;
	size_t i;

	for (i = 0; i < n_tables[f]; i++)
		legacy_scan(family, &tables[f][i], fn, arg);
	nft_scan(family, fn, arg);
}

static bool legacy_done[2];

static void legacy_free(int f)
{
	while (n_tables[f])
		free(tables[f][--n_tables[f]].blob);
	legacy_done[f] = false;
}

int rules_read(int family)
{
	int f = family == AF_INET6, err = 0;

	if (!legacy_done[f]) {
		err = legacy_read(family);
		if (err)
			legacy_free(f);
		else
			legacy_done[f] = true;
	}
	if (!err)
		err = nft_read();
	return err == -EACCES ? -EPERM : err;
}

void rules_free(void)
{
	legacy_free(0);
	legacy_free(1);
	nft_free();
	nft_done = false;
}
