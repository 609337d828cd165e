/* SPDX-License-Identifier: GPL-2.0-only */
/* The packet's way over both passes, and the verdict (decide.c). */
#ifndef UNHOLE_DECIDE_H
#define UNHOLE_DECIDE_H

#include "fib.h"
#include "rules.h"

enum verdict { V_LEAVES, V_LOCAL, V_DIES, V_UNKNOWN };

struct query {
	struct flow flow;	/* the packet as it is made or received */
	bool has_snat, has_dnat;
	bool conntrack;		/* it is one of a connection that is there */
	struct ct_key key;
	struct addr snat, dnat;
	uint16_t dnat_port;
	int port_of;		/* iif was told as this device, a port of it; or 0 */
};

struct step {
	struct flow flow;
	struct result res;
	const char *why;	/* what kind of lookup */
};

/* NAT, where it was done */
struct nat_done {
	const char *hook;
	bool source;		/* or destination */
	struct addr to;
	uint16_t port;		/* 0: as it was, or not known */
	char by[WHERE];		/* the rule, or "as told" */
	int before;		/* the lookup that follows, by its number */
};

#define MAX_STEPS 6
#define MAX_NATS 6
#define MAX_NOTES 8
#define TEXT 480
struct path {
	struct query q;
	enum verdict verdict;
	const char *reason;	/* a word, for scripts: see the manual page */
	char text[TEXT];
	struct step step[MAX_STEPS];
	int n_steps;
	bool dnat_done;		/* what is told */
	struct ct_conn conn;	/* which, if that is told */
	bool has_conn;
	enum tri hole;		/* it entered loopback, or an nvi device */
	enum tri unholed;
	char by[WHERE];		/* the rule that unholed it */
	uint32_t unhole_flags, unhole_mark, unhole_mask;
	enum tri core;
	const char *core_why;
	/* nvi: what counts it if it does not leave (ethtool -S), and the input device
	 * that FORWARD sees if it does; or NULL
	 */
	const char *counter, *forward_iif;
	bool again;		/* nvi: its second pass has crossed PREROUTING */
	struct nat_done nat[MAX_NATS];
	int n_nats;
	struct addr source;	/* with which it leaves */
	unsigned int fork;	/* NAT has so many outcomes, and which is taken is not known */
	char fork_by[WHERE + 80];
	char note[MAX_NOTES][TEXT];
	int n_notes;
	char fix[MAX_NOTES][TEXT];
	int n_fixes;
};

void decide(const struct query *q, struct path *p);
const char *vrf_of(int index);
const char *conn_state(const struct ct_conn *c);
/* A command that has this rule of iptables' lead to an address of the box that is none of loopback's;
 * NULL, if the rule is none of its.
 */
const char *fix_redirect(int family, const char *place, char *buf, size_t len);
/* A command that has all devices forward IPv6. Until the next call. */
const char *fix_forwarding6(void);

/* Each hook and each rule that the packet meets, a line each, if they are asked for. */
struct trace {
	char **line;
	size_t n;
};
extern struct trace trace;
void trace_on(void);

#endif
