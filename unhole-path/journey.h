/* SPDX-License-Identifier: GPL-2.0-only */
/* What was seen of one packet, in order, and what it comes to (journey.c). */
#ifndef UNHOLE_JOURNEY_H
#define UNHOLE_JOURNEY_H

#include "nft_trace.h"
#include "probe.h"

#define MAX_HOPS 128	/* a packet that circles has more: they are counted */
#define MAX_PENDING 16

struct hop {
	struct seen s;
	bool check;		/* a lookup of the way back to the source */
};

struct journey {
	struct hop *hop;
	size_t n;
	unsigned int more;	/* hops that are not kept */
	/* Lookups that may be this packet's: the next look at its addresses decides */
	struct seen pending[MAX_PENDING];
	unsigned int n_pending;
	struct seen first, last;	/* its first and its newest header */
	int egress;		/* the device that it leaves by as it seems now, or 0 */
	char egress_dev[IF_NAMESIZE];
	bool sent;		/* the egress's driver has taken it */
	bool local;		/* the newest lookup was for this box */
	bool closed;		/* nothing more is to come */
	uint64_t last_ms;	/* when the newest event was read */
	/* What became of it */
	enum verdict verdict;
	char text[TEXT], function[64], reason[48];
	const char *hook;	/* of netfilter, or NULL */
	/* What nftables' own trace says of it, and the chain that dropped it */
	char (*rule)[sizeof(((struct traced *)0)->text)];
	size_t n_rules;
	char chain[TRACED_TEXT];
};

/* One more event of it */
void journey_add(struct journey *j, const struct seen *s, uint32_t ns);
/* A lookup that may be its own: kept until then; the same again is kept once. */
void journey_lookup(struct seen *pending, unsigned int *n, const struct seen *s);
/* A lookup that was made for it before it was a packet */
void journey_adopt(struct journey *j, const struct seen *s);
/* Its lines of nftables' trace. */
void journey_rules(struct journey *j, const struct nft_trace *t);
/* Ends it; refused: what the kernel told who sent it, or 0. */
void journey_close(struct journey *j, const struct btf *b, int refused);
/* YES, NO, or MAYBE: what was seen is what was predicted. */
enum tri journey_agrees(const struct journey *j, const struct path *p);
void journey_text(const struct journey *j, unsigned int no);
void journey_json(const struct journey *j, unsigned int no, enum tri agrees);
void journey_free(struct journey *j);
/* A device's name may be any bytes; a terminal obeys some, and gets none of them. */
const char *clean(const char *s);

#endif
