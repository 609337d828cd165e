/* SPDX-License-Identifier: GPL-2.0-only */
/* Eyes on the kernel's tracepoints, which close by themselves (probe.c). */
#ifndef UNHOLE_PROBE_H
#define UNHOLE_PROBE_H

#include "btf.h"
#include "decide.h"

enum sight { S_RECEIVE, S_QUEUE, S_XMIT, S_DROP, S_CONSUME, S_LOOKUP4, S_LOOKUP6, N_SIGHTS };

#define FRAMES 12
#define HEADER 64
/* What one program writes: one event. Made by BPF, so each field is aligned. */
struct seen {
	uint64_t skb, time;	/* time: CLOCK_MONOTONIC */
	uint32_t sight, id;	/* id: which of the followed packets, from 1; 0: none yet */
	uint32_t cpu, pid;
	uint32_t ns;		/* the device's namespace */
	uint32_t ifindex;	/* the device; of a lookup, the one found; 0: none */
	uint32_t mark, iif;	/* of a lookup, those that it was asked with */
	uint64_t location;	/* S_DROP: where in the kernel */
	uint32_t reason;	/* ... and why; S_XMIT: what the driver said */
	uint16_t protocol, unused;
	char dev[16];
	union {
		uint8_t header[HEADER];	/* from the IP header on */
		struct {
			struct addr src, dst, gw;
			uint32_t table;
			int32_t err;	/* of IPv4 */
			uint16_t dport, sport;
			uint8_t gw_family, type;	/* type: RTN_*, of IPv6 */
			uint16_t unused2;
		} lookup;
	};
	uint64_t frames[FRAMES];	/* S_DROP, S_CONSUME: who called whom */
};

struct probe {
	struct btf btf;
	int ring, state, followed, current;	/* maps */
	int prog[N_SIGHTS], at[N_SIGHTS];
	size_t n_progs;
	uint8_t *consumer, *producer;
	size_t page, size;
	uint64_t bad;		/* records that were none */
};

/* Follows so many packets that are as in the question that is answered. False: it cannot;
 * why: cause and cure.
 */
bool probe_open(struct probe *p, const struct path *path, unsigned int count, char *why, size_t room);
/* Gives fn each event that is there. */
void probe_read(struct probe *p, void (*fn)(const struct seen *s, void *arg), void *arg);
/* What has ended is followed no further. */
void probe_forget(struct probe *p, uint64_t skb);
/* How many events were not seen. */
uint64_t probe_lost(const struct probe *p);
void probe_close(struct probe *p);
/* One record, checked: false if it is none. */
bool probe_record(const void *data, size_t len, struct seen *to);

#endif
