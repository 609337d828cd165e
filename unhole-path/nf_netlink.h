/* SPDX-License-Identifier: GPL-2.0-only */
/* nfnetlink, for what is read and asked of netfilter by messages (nf_nft.c). */
#ifndef UNHOLE_NF_NETLINK_H
#define UNHOLE_NF_NETLINK_H

#include "nf.h"

struct nlattr;
struct nlmsghdr;

struct nlmsghdr *nfnl_put(char *buf, int subsys, int msg, int flags, int family);
/* Sends a request, gives each answer to fn: 0, or a negative errno. */
int nfnl_talk(struct nlmsghdr *nlh, int (*fn)(const struct nlmsghdr *nlh, void *arg), void *arg);
void nfnl_close(void);

/* By their types; of none that is asked for the type is greater. */
#define MAX_ATTR 24
#define index_attrs(nest, tb) nf_index_attrs(nest, tb, ARRAY_SIZE(tb))
void nf_index_attrs(const struct nlattr *nest, const struct nlattr **tb, size_t n);
uint32_t nf_be32(const struct nlattr *a);	/* 0 if there is none */
void nf_verdict(const struct nf_chain *c, const struct nlattr **tb, uint32_t *code, const struct nf_chain **to);

#endif
