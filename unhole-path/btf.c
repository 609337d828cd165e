// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the running kernel says of its own types. Where a packet's fields are, and which
 * argument of a tracepoint is what, is different from kernel to kernel; it is looked up,
 * never assumed.
 */
#include "btf.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More than any kernel has (a Debian kernel: 5 MB) */
#define MAX_BTF (64 << 20)
#define MAX_NESTED 6

/* What stands behind a type, in bytes; -1: a kind that is not known */
static long behind(const struct btf_type *t)
{
	uint32_t n = BTF_INFO_VLEN(t->info);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
	case BTF_KIND_DATASEC:
	case BTF_KIND_ENUM64:
		return n * 12L;
	case BTF_KIND_ENUM:
	case BTF_KIND_FUNC_PROTO:
		return n * 8L;
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	}
	return -1;
}

static const char *name_of(const struct btf *b, uint32_t off)
{
	return off < b->str_len ? b->str + off : "";
}

static const struct btf_type *type_of(const struct btf *b, uint32_t id)
{
	return id && id < b->n ? b->type[id] : NULL;
}

/* The kernel has a type "void (*btf_trace_NAME)(void *, ...)" for each tracepoint */
#define TRACEPOINT "btf_trace_"

static void add(const struct btf_type ***list, size_t *n, const struct btf_type *t)
{
	*(const struct btf_type **)one_more(list, n, sizeof(**list)) = t;
}

static bool is_compound(const struct btf_type *t)
{
	return t && (BTF_INFO_KIND(t->info) == BTF_KIND_STRUCT || BTF_INFO_KIND(t->info) == BTF_KIND_UNION);
}

static int index_types(struct btf *b, const char *at, const char *end)
{
	/* Each takes its header at least; void is the first */
	b->type = must_have(malloc(((end - at) / sizeof(struct btf_type) + 1) * sizeof(*b->type)));
	b->type[b->n++] = NULL;
	while (at < end) {
		const struct btf_type *t = (const struct btf_type *)at;
		long more;

		if (end - at < (long)sizeof(*t))
			return -EBADMSG;
		more = behind(t);
		at += sizeof(*t);
		if (more < 0 || more > end - at)
			return -EBADMSG;
		at += more;
		b->type[b->n++] = t;
		if (is_compound(t) && t->name_off)
			add(&b->compound, &b->n_compound, t);
		else if (BTF_INFO_KIND(t->info) == BTF_KIND_TYPEDEF &&
			 strncmp(name_of(b, t->name_off), TRACEPOINT, strlen(TRACEPOINT)) == 0)
			add(&b->tracepoint, &b->n_tracepoints, t);
	}
	return 0;
}

/* Takes the data over. */
int btf_parse(struct btf *b, char *data, size_t len)
{
	const struct btf_header *h = (const struct btf_header *)data;
	uint64_t types, strings;

	*b = (struct btf){ .data = data };
	if (len < sizeof(*h) || h->magic != BTF_MAGIC || h->version != BTF_VERSION || h->hdr_len < sizeof(*h))
		return -EBADMSG;
	types = (uint64_t)h->hdr_len + h->type_off;
	strings = (uint64_t)h->hdr_len + h->str_off;
	if (types % 4 || types + h->type_len > len || !h->str_len || strings + h->str_len > len ||
	    data[strings + h->str_len - 1])
		return -EBADMSG;
	b->str = data + strings;
	b->str_len = h->str_len;
	return index_types(b, data + types, data + types + h->type_len);
}

int btf_read(struct btf *b, const char *path)
{
	size_t len = 0, room = 8 << 20;
	char *data = must_have(malloc(room));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : 1;

	*b = (struct btf){ .data = data };
	while (got > 0 && len < MAX_BTF) {
		if (len == room)
			b->data = data = must_have(realloc(data, room *= 2));
		got = read(fd, data + len, room - len);
		if (got > 0)
			len += got;
	}
	if (got < 0) {
		got = -errno;
		if (fd >= 0)
			close(fd);
		return got;
	}
	close(fd);
	return btf_parse(b, data, len);
}

void btf_free(struct btf *b)
{
	free(b->data);
	free(b->type);
	free(b->compound);
	free(b->tracepoint);
	*b = (struct btf){ NULL };
}

/* Past const, volatile and names of types, but no pointer */
static const struct btf_type *plain(const struct btf *b, uint32_t id)
{
	const struct btf_type *t = type_of(b, id);
	int i;

	for (i = 0; t && i < MAX_NESTED; i++) {
		switch (BTF_INFO_KIND(t->info)) {
		case BTF_KIND_TYPEDEF:
		case BTF_KIND_CONST:
		case BTF_KIND_VOLATILE:
		case BTF_KIND_RESTRICT:
		case BTF_KIND_TYPE_TAG:
			t = type_of(b, t->type);
			break;
		default:
			return t;
		}
	}
	return NULL;
}

static int member_offset(const struct btf *b, const struct btf_type *t, const char *member, int depth)
{
	const struct btf_member *m = (const struct btf_member *)(t + 1);
	uint32_t i;

	for (i = 0; i < BTF_INFO_VLEN(t->info); i++, m++) {
		uint32_t bits = BTF_INFO_KFLAG(t->info) ? BTF_MEMBER_BIT_OFFSET(m->offset) : m->offset;
		const char *name = name_of(b, m->name_off);
		const struct btf_type *in;
		int off;

		if (strcmp(name, member) == 0)
			return bits % 8 ? -1 : (int)(bits / 8);
		if (*name || depth == MAX_NESTED)
			continue;
		in = plain(b, m->type);
		off = is_compound(in) ? member_offset(b, in, member, depth + 1) : -1;
		if (off >= 0)
			return off + (int)(bits / 8);
	}
	return -1;
}

int btf_offset(const struct btf *b, const char *structure, const char *member)
{
	size_t i;

	for (i = 0; i < b->n_compound; i++)
		if (strcmp(name_of(b, b->compound[i]->name_off), structure) == 0)
			return member_offset(b, b->compound[i], member, 0);
	return -1;
}

/* Is it of a type of this name, or a pointer to one? */
static bool is_of(const struct btf *b, uint32_t id, const char *name)
{
	const struct btf_type *t = type_of(b, id);
	bool pointer = false;
	int i;

	for (i = 0; t && i < MAX_NESTED; i++) {
		uint32_t kind = BTF_INFO_KIND(t->info);

		if (name && strcmp(name_of(b, t->name_off), name) == 0)
			return true;
		if (kind == BTF_KIND_PTR)
			pointer = true;
		else if (kind != BTF_KIND_TYPEDEF && kind != BTF_KIND_CONST && kind != BTF_KIND_VOLATILE)
			return false;
		if (!t->type)
			return pointer && !name;
		t = type_of(b, t->type);
	}
	return false;
}

int btf_arg(const struct btf *b, const char *tracepoint, const char *type)
{
	const struct btf_param *p;
	const struct btf_type *t;
	uint32_t a;
	size_t i;

	for (i = 0; i < b->n_tracepoints; i++) {
		t = b->tracepoint[i];
		if (strcmp(name_of(b, t->name_off) + strlen(TRACEPOINT), tracepoint) != 0)
			continue;
		t = plain(b, t->type);
		t = t && BTF_INFO_KIND(t->info) == BTF_KIND_PTR ? plain(b, t->type) : NULL;
		if (!t || BTF_INFO_KIND(t->info) != BTF_KIND_FUNC_PROTO)
			return -1;
		p = (const struct btf_param *)(t + 1);
		for (a = 1; a < BTF_INFO_VLEN(t->info); a++)
			if (is_of(b, p[a].type, type))
				return a - 1;
		return -1;
	}
	return -1;
}

const char *btf_enum(const struct btf *b, const char *name, uint32_t value)
{
	size_t i;
	uint32_t v;

	for (i = 1; i < b->n; i++) {
		const struct btf_type *t = b->type[i];
		const struct btf_enum *e = (const struct btf_enum *)(t + 1);

		if (BTF_INFO_KIND(t->info) != BTF_KIND_ENUM || strcmp(name_of(b, t->name_off), name) != 0)
			continue;
		for (v = 0; v < BTF_INFO_VLEN(t->info); v++)
			if ((uint32_t)e[v].val == value)
				return name_of(b, e[v].name_off);
	}
	return NULL;
}
