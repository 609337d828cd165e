/* SPDX-License-Identifier: GPL-2.0-only */
/* IPVS: what it takes, and where to (ipvs.c). */
#ifndef UNHOLE_IPVS_H
#define UNHOLE_IPVS_H

#include "rules.h"

#define MAX_SERVERS 32

/* A virtual service, as far as it matters for one packet. */
struct ipvs {
	char name[80];			/* for messages */
	bool follows;			/* all servers are known, and reached by NAT that conntrack knows of */
	unsigned int n;			/* those that can be chosen */
	struct addr server[MAX_SERVERS];
	uint16_t port[MAX_SERVERS];
};

/* Is the packet, as it is at INPUT or OUTPUT, one for a virtual service? v is told unless it is NO. */
enum tri ipvs_takes(const struct walk *w, struct ipvs *v);

/* net.ipv4.vs.NAME, or -1 */
int ipvs_knob(const char *name);

#endif
