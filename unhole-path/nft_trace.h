/* SPDX-License-Identifier: GPL-2.0-only */
/* nftables' own trace, where a rule of the box has it on (nft_trace.c). */
#ifndef UNHOLE_NFT_TRACE_H
#define UNHOLE_NFT_TRACE_H

#include "util.h"

#define MAX_TRACED 128
/* Both front ends' own bounds would make it longer: then it is cut */
#define TRACED_TEXT 160

struct nlmsghdr;
struct mnl_socket;

struct traced {
	uint32_t id;		/* nftables' number of the packet */
	uint8_t header[40];	/* its IP header */
	bool drops;
	char chain[TRACED_TEXT], text[TRACED_TEXT + 60];
};

struct nft_trace {
	struct mnl_socket *nl;
	struct traced line[MAX_TRACED];	/* the newest ones */
	size_t n;
};

/* Listens; it turns no trace on and loads no module. Without nftables it is silent. */
void nft_trace_open(struct nft_trace *t);
void nft_trace_read(struct nft_trace *t);
void nft_trace_close(struct nft_trace *t);
int nft_trace_message(const struct nlmsghdr *nlh, void *arg);

#endif
