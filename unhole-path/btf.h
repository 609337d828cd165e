/* SPDX-License-Identifier: GPL-2.0-only */
/* What the running kernel says of its own types: /sys/kernel/btf/vmlinux (btf.c). */
#ifndef UNHOLE_BTF_H
#define UNHOLE_BTF_H

#include "util.h"

struct btf_type;
struct btf {
	char *data, *str;
	uint32_t str_len;
	const struct btf_type **type;	/* by their numbers; 0 is void */
	size_t n;
	/* Those that are looked for by name: structures, and tracepoints */
	const struct btf_type **compound, **tracepoint;
	size_t n_compound, n_tracepoints;
};

/* 0, or a negative errno; -EBADMSG: it is not what this tool knows. */
int btf_read(struct btf *b, const char *path);
int btf_parse(struct btf *b, char *data, size_t len);
void btf_free(struct btf *b);
/* Where in a structure a member is, in bytes, also one of an anonymous part of it; or -1 */
int btf_offset(const struct btf *b, const char *structure, const char *member);
/* Which argument of a tracepoint is of this type, or points to it; NULL: to void; or -1 */
int btf_arg(const struct btf *b, const char *tracepoint, const char *type);
/* The name of an enum's value, or NULL */
const char *btf_enum(const struct btf *b, const char *name, uint32_t value);

#endif
