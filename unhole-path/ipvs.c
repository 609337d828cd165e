// SPDX-License-Identifier: GPL-2.0-only
/*
 * IPVS takes packets for its virtual services in INPUT, behind filter, and what the box
 * sends in OUTPUT, behind nat. Its table is read from /proc/net/ip_vs, as its services are
 * not netfilter rules.
 */
#include "ipvs.h"
#include "box.h"
#include "fib.h"
#include <stdlib.h>
#include <string.h>

/* Hexadecimal digits, two a byte, perhaps with colons in between. */
static bool parse_addr(const char *text, int *family, struct addr *a)
{
	size_t n = 0;
	unsigned int byte;

	memset(a, 0, sizeof(*a));
	for (; *text && *text != ']' && n < sizeof(a->b); n++) {
		if (*text == '[' || *text == ':')
			text++;
		if (sscanf(text, "%2x", &byte) != 1)
			return false;
		a->b[n] = byte;
		text += 2;
	}
	*family = n == 4 ? AF_INET : AF_INET6;
	return n == 4 || n == sizeof(a->b);
}

int ipvs_knob(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv4/vs/%s", name);
	return read_number(path, -1);
}

/* "TCP  0A600002:1F40 rr ", "UDP  [2001:...]:0035 wlc ", "FWM  00000001 rr ". */
static enum tri is_for(const char *line, const struct walk *w, struct ipvs *v)
{
	char proto[8], text[64], *colon;
	unsigned int mark, port, number;
	struct addr a;
	int family;

	if (sscanf(line, "%7s %63s", proto, text) != 2)
		return NO;
	if (strcmp(proto, "FWM") == 0) {
		mark = strtoul(text, NULL, 16);
		snprintf(v->name, sizeof(v->name), "fwmark %u", mark);
		return (mark ^ w->mark) & w->mark_known ? NO : w->mark_known == 0xffffffff ? YES : MAYBE;
	}
	number = strcmp(proto, "TCP") == 0 ? IPPROTO_TCP : strcmp(proto, "UDP") == 0 ? IPPROTO_UDP : IPPROTO_SCTP;
	colon = strrchr(text, ':');
	if (!colon || (w->proto && w->proto != number))
		return NO;
	port = strtoul(colon + 1, NULL, 16);
	*colon = 0;
	if (!parse_addr(text, &family, &a) || family != w->family || !in_prefix(&a, &w->dst, family == AF_INET ? 32 : 128) ||
	    (port && w->dport && w->dport != port))
		return NO;
	snprintf(v->name, sizeof(v->name), family == AF_INET ? "%s %s:%u" : "%s [%s]:%u", proto, addr_text(family, &a), port);
	/* One for all ports is persistent, and other things may be */
	return w->proto && w->dport ? YES : MAYBE;
}

/* "  -> C6120002:0050      Masq    1      0          0": one more, with a weight. */
static void add_server(const char *line, const struct walk *w, struct ipvs *v)
{
	char text[64], way[16], *colon;
	unsigned int weight;
	int family;

	if (sscanf(line, " -> %63s %15s %u", text, way, &weight) != 3 || !weight)
		return;
	colon = strrchr(text, ':');
	if (!colon || strcmp(way, "Masq") != 0 || v->n == MAX_SERVERS) {
		v->follows = false;
		return;
	}
	v->port[v->n] = strtoul(colon + 1, NULL, 16);
	*colon = 0;
	if (!parse_addr(text, &family, &v->server[v->n]) || family != w->family || !v->port[v->n])
		v->follows = false;
	v->n++;
}

/* A connection that it has already, of which conntrack knows the server. */
static bool is_its_own(const struct walk *w, struct ipvs *v)
{
	const struct ct_conn *c = w->ct == CT_ENTRY ? w->conn : NULL;

	if (!c || c->reply || (c->to[MANIP_DST].b[0] == 0 && w->family == AF_INET) ||
	    (memcmp(&c->to[MANIP_DST], &w->dst, sizeof(w->dst)) == 0 && c->port[MANIP_DST] == w->dport))
		return false;
	v->server[0] = c->to[MANIP_DST];
	v->port[0] = c->port[MANIP_DST];
	v->n = 1;
	return true;
}

enum tri ipvs_takes(const struct walk *w, struct ipvs *v)
{
	FILE *f = fopen("/proc/net/ip_vs", "re");
	enum tri takes = NO, one;
	bool servers = false;
	struct ipvs found;
	char line[200];

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "TCP", 3) == 0 || strncmp(line, "UDP", 3) == 0 || strncmp(line, "SCTP", 4) == 0 ||
		    strncmp(line, "FWM", 3) == 0) {
			found = (struct ipvs){ .follows = true };
			one = is_for(line, w, &found);
			/* ip_vs_service_find(): that of a mark is the first; of several, one is enough to name */
			servers = one != NO && takes != YES;
			if (servers) {
				takes = one;
				*v = found;
			}
		} else if (servers) {
			add_server(line, w, v);
		}
	}
	if (f)
		fclose(f);
	if (takes == NO)
		return NO;
	v->follows = takes == YES && v->follows && v->n && strncmp(v->name, "fwmark", 6) != 0 && ipvs_knob("conntrack") == 1;
	if (v->follows && w->conn)
		v->follows = is_its_own(w, v);
	return takes;
}
