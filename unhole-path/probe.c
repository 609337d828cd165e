// SPDX-License-Identifier: GPL-2.0-only
/*
 * Eyes on the kernel's tracepoints: a small BPF program on each, which reads the packet's
 * own header, follows the packets that the question is about, and no others, and writes
 * what it sees into a ring. Programs, maps and ring are file descriptors of this process:
 * the kernel takes all of them away when it ends, however it ends.
 */
#include "probe.h"
#include <endian.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RING_SIZE (512 << 10)
#define MAX_INSNS 512

/* state: what is left of the budget of packets; how many events did not fit */
struct state {
	int64_t left;
	uint64_t lost;
};

/* On the program's stack, below the frame pointer */
#define REC (-(int)sizeof(struct seen))
#define FIELD(f) (REC + (int)offsetof(struct seen, f))
#define TMP (REC - 8)
#define KEY (REC - 16)

enum { R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, FP };
enum label { OUT, FRESH, MATCH, EMIT, OWN, ALSO, CLAIM, HAS_DEV, WRITTEN, NO_CURRENT, CURRENT, N_LABELS };

struct code {
	struct bpf_insn insn[MAX_INSNS];
	int n, label[N_LABELS];
	bool jumps[MAX_INSNS];	/* its off is a label */
	bool bad;		/* a field that this kernel does not have */
};

/* Where things are in this kernel's structures */
struct where {
	int skb_head, skb_data, skb_nh, skb_dev, skb_proto, skb_mark, skb_iif, skb_dst;
	int dev_name, dev_index, dev_net, net_inum, dst_dev;
	int f4_iif, f4_mark, f4_src, f4_dst, f4_ports;
	int f6_iif, f6_mark, f6_src, f6_dst, f6_ports;
	int nh_dev, nh_gw, nh_family, res_nh, res_type, table_id;
};

struct want {
	const struct query *q;
	/* What NAT has made of the box's own, as predicted, before it is first seen; or not */
	bool natted, has_src;
	struct addr src, dst;
	const struct where *w;
	struct probe *p;
	uint32_t ns, count;
};

static long bpf(int cmd, union bpf_attr *attr)
{
	return syscall(__NR_bpf, cmd, attr, sizeof(*attr));
}

/* --- writing a program ------------------------------------------------------------------ */

static void put(struct code *c, uint8_t op, int dst, int src, int off, int32_t imm)
{
	if (c->n == MAX_INSNS) {
		c->bad = true;
		return;
	}
	c->insn[c->n++] = (struct bpf_insn){ .code = op, .dst_reg = dst, .src_reg = src, .off = off, .imm = imm };
}

static void move(struct code *c, int dst, int src)
{
	put(c, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

static void set(struct code *c, int dst, int32_t imm)
{
	put(c, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm);
}

static void add(struct code *c, int dst, int32_t imm)
{
	put(c, BPF_ALU64 | BPF_ADD | BPF_K, dst, 0, 0, imm);
}

static void load(struct code *c, int size, int dst, int src, int off)
{
	put(c, BPF_LDX | BPF_MEM | size, dst, src, off, 0);
}

static void store(struct code *c, int size, int dst, int off, int src)
{
	put(c, BPF_STX | BPF_MEM | size, dst, src, off, 0);
}

static void call(struct code *c, int helper)
{
	put(c, BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

static void jump(struct code *c, int op, int dst, int32_t imm, enum label to)
{
	if (c->n < MAX_INSNS)
		c->jumps[c->n] = true;
	put(c, BPF_JMP | op | BPF_K, dst, 0, to, imm);
}

/* Compares 32 bits, so that a large number is no negative one */
static void unless_is(struct code *c, int reg, uint32_t imm, enum label to)
{
	if (c->n < MAX_INSNS)
		c->jumps[c->n] = true;
	put(c, BPF_JMP32 | BPF_JNE | BPF_K, reg, 0, to, (int32_t)imm);
}

static void here(struct code *c, enum label l)
{
	c->label[l] = c->n;
}

/* What has a namespace of numbers of its own: a map */
static void map(struct code *c, int reg, int fd)
{
	put(c, BPF_LD | BPF_DW | BPF_IMM, reg, BPF_PSEUDO_MAP_FD, 0, fd);
	put(c, 0, 0, 0, 0, 0);
}

/* An entry's address is in R0 then, or 0. */
static void lookup(struct code *c, int fd, int key)
{
	map(c, R1, fd);
	move(c, R2, FP);
	add(c, R2, key);
	call(c, BPF_FUNC_map_lookup_elem);
}

/* The one entry of an array */
static void entry(struct code *c, int fd)
{
	put(c, BPF_ST | BPF_MEM | BPF_W, FP, 0, KEY, 0);
	lookup(c, fd, KEY);
}

/* Reads the kernel's memory at base + off; what cannot be read is 0. */
static void fetch(struct code *c, int to, int size, int base, int off)
{
	if (off < 0)
		c->bad = true;
	move(c, R3, base);
	add(c, R3, off);
	move(c, R1, FP);
	add(c, R1, to);
	set(c, R2, size);
	call(c, BPF_FUNC_probe_read_kernel);
}

/* ... a pointer, or a number that is as long */
static void fetch_to(struct code *c, int reg, int base, int off)
{
	fetch(c, TMP, 8, base, off);
	load(c, BPF_DW, reg, FP, TMP);
}

/* An argument of the tracepoint; the program's own argument is in R6. */
static void argument(struct code *c, int reg, int no)
{
	if (no < 0)
		c->bad = true;
	load(c, BPF_DW, reg, R6, 8 * no);
}

/* --- the pieces of it ------------------------------------------------------------------- */

static void begin(struct code *c, enum sight sight)
{
	int i;

	move(c, R6, R1);
	for (i = KEY; i < 0; i += 8)
		put(c, BPF_ST | BPF_MEM | BPF_DW, FP, 0, i, 0);
	put(c, BPF_ST | BPF_MEM | BPF_W, FP, 0, FIELD(sight), sight);
}

/* The device in R8: its name, number and namespace. R8 is lost. */
static void device(struct code *c, const struct where *w)
{
	fetch(c, FIELD(ifindex), 4, R8, w->dev_index);
	fetch(c, FIELD(dev), 16, R8, w->dev_name);
	fetch_to(c, R8, R8, w->dev_net);
	fetch(c, FIELD(ns), 4, R8, w->net_inum);
}

/* Which packet this processor is at, for the lookups that follow: that in skb, or none */
static void current(struct code *c, const struct want *want, bool none)
{
	entry(c, want->p->current);
	jump(c, BPF_JEQ, R0, 0, none ? NO_CURRENT : CURRENT);
	if (none)
		set(c, R1, 0);
	else
		load(c, BPF_DW, R1, FP, FIELD(skb));
	store(c, BPF_DW, R0, 0, R1);
	here(c, none ? NO_CURRENT : CURRENT);
}

/* Ends unless there is something left of the budget. */
static void budget(struct code *c, const struct want *want)
{
	entry(c, want->p->state);
	jump(c, BPF_JEQ, R0, 0, OUT);
	load(c, BPF_DW, R1, R0, offsetof(struct state, left));
	jump(c, BPF_JSLE, R1, 0, OUT);
}

static void address_is(struct code *c, int field, const struct addr *a, int family, enum label otherwise)
{
	uint32_t word;
	int i;

	for (i = 0; i < (family == AF_INET ? 4 : 16); i += 4) {
		memcpy(&word, a->b + i, 4);
		load(c, BPF_W, R1, FP, field + i);
		unless_is(c, R1, word, otherwise);
	}
}

/* Ports, or the type of ICMP: 4 bytes behind the IP header, which R8 points to. */
static void transport_is(struct code *c, const struct flow *f, enum label otherwise)
{
	bool icmp = f->proto == (f->family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	uint8_t echo = f->family == AF_INET ? 8 : 128;
	uint16_t ports[2] = { htons(f->sport), htons(f->dport) };
	uint8_t mask[4] = { 0 }, key[4] = { 0 };
	uint32_t m, k;

	memset(mask, f->sport ? 0xff : 0, 2);
	memset(mask + 2, f->dport ? 0xff : 0, 2);
	memcpy(key, ports, 4);
	if (icmp) {
		mask[0] = 0xff;
		key[0] = echo;
	}
	memcpy(&m, mask, 4);
	memcpy(&k, key, 4);
	if (!m)
		return;
	if (f->family == AF_INET) {
		/* Of fragments only the first has it */
		load(c, BPF_H, R1, FP, FIELD(header[6]));
		put(c, BPF_ALU64 | BPF_AND | BPF_K, R1, 0, 0, htons(0x1fff));
		jump(c, BPF_JNE, R1, 0, otherwise);
		load(c, BPF_B, R1, FP, FIELD(header[0]));
		put(c, BPF_ALU64 | BPF_AND | BPF_K, R1, 0, 0, 15);
		put(c, BPF_ALU64 | BPF_LSH | BPF_K, R1, 0, 0, 2);
		put(c, BPF_ALU64 | BPF_ADD | BPF_X, R8, R1, 0, 0);
	} else {
		add(c, R8, 40);
	}
	fetch(c, TMP, 4, R8, 0);
	load(c, BPF_W, R1, FP, TMP);
	put(c, BPF_ALU | BPF_AND | BPF_K, R1, 0, 0, (int32_t)m);
	unless_is(c, R1, k & m, otherwise);
}

/* It is, and is followed from here on. */
static void claim(struct code *c, const struct want *want)
{
	/* It takes one of the budget; what is left tells its number */
	entry(c, want->p->state);
	jump(c, BPF_JEQ, R0, 0, OUT);
	set(c, R1, -1);
	put(c, BPF_STX | BPF_ATOMIC | BPF_DW, R0, R1, offsetof(struct state, left), BPF_ADD | BPF_FETCH);
	jump(c, BPF_JSLE, R1, 0, OUT);
	set(c, R2, want->count + 1);
	put(c, BPF_ALU64 | BPF_SUB | BPF_X, R2, R1, 0, 0);
	store(c, BPF_W, FP, FIELD(id), R2);
	map(c, R1, want->p->followed);
	move(c, R2, FP);
	add(c, R2, FIELD(skb));
	move(c, R3, FP);
	add(c, R3, FIELD(id));
	set(c, R4, BPF_ANY);
	call(c, BPF_FUNC_map_update_elem);
}

/* Is a packet that nobody has seen yet the one of the question? */
static void matches(struct code *c, enum sight sight, const struct want *want)
{
	const struct flow *f = &want->q->flow;
	bool v4 = f->family == AF_INET;
	int src = FIELD(header) + (v4 ? 12 : 8), dst = FIELD(header) + (v4 ? 16 : 24);
	enum label otherwise = want->natted ? ALSO : OUT;

	load(c, BPF_W, R1, FP, FIELD(ns));
	unless_is(c, R1, want->ns, OUT);
	load(c, BPF_W, R1, FP, FIELD(iif));
	/* What has come in by a device is not the box's own, and the other way round */
	if (!f->iif)
		jump(c, BPF_JNE, R1, 0, OUT);
	else if (sight != S_RECEIVE)
		jump(c, BPF_JEQ, R1, 0, OUT);
	load(c, BPF_H, R1, FP, FIELD(protocol));
	unless_is(c, R1, htons(v4 ? ETH_P_IP : ETH_P_IPV6), OUT);
	if (f->proto) {
		load(c, BPF_B, R1, FP, FIELD(header[v4 ? 9 : 6]));
		unless_is(c, R1, f->proto, OUT);
	}
	address_is(c, dst, &f->dst, f->family, otherwise);
	if (f->has_src)
		address_is(c, src, &f->src, f->family, otherwise);
	transport_is(c, f, otherwise);
	if (want->natted) {
		jump(c, BPF_JA, 0, 0, CLAIM);
		/* Ports are not compared: NAT may have changed them */
		here(c, ALSO);
		address_is(c, dst, &want->dst, f->family, OUT);
		if (want->has_src)
			address_is(c, src, &want->src, f->family, OUT);
		here(c, CLAIM);
	}
	claim(c, want);
}


/* Writes the record. One that does not fit is counted. */
static void emit(struct code *c, const struct want *want)
{
	call(c, BPF_FUNC_ktime_get_ns);
	store(c, BPF_DW, FP, FIELD(time), R0);
	call(c, BPF_FUNC_get_smp_processor_id);
	store(c, BPF_W, FP, FIELD(cpu), R0);
	call(c, BPF_FUNC_get_current_pid_tgid);
	store(c, BPF_W, FP, FIELD(pid), R0);
	map(c, R1, want->p->ring);
	move(c, R2, FP);
	add(c, R2, REC);
	set(c, R3, sizeof(struct seen));
	set(c, R4, 0);
	call(c, BPF_FUNC_ringbuf_output);
	jump(c, BPF_JEQ, R0, 0, WRITTEN);
	entry(c, want->p->state);
	jump(c, BPF_JEQ, R0, 0, WRITTEN);
	set(c, R1, 1);
	put(c, BPF_STX | BPF_ATOMIC | BPF_DW, R0, R1, offsetof(struct state, lost), BPF_ADD);
	here(c, WRITTEN);
}

static void forget(struct code *c, const struct want *want)
{
	map(c, R1, want->p->followed);
	move(c, R2, FP);
	add(c, R2, FIELD(skb));
	call(c, BPF_FUNC_map_delete_elem);
}

static void end(struct code *c)
{
	int i;

	here(c, OUT);
	set(c, R0, 0);
	put(c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	for (i = 0; i < c->n; i++)
		if (c->jumps[i])
			c->insn[i].off = c->label[c->insn[i].off] - i - 1;
}

/* --- the programs ----------------------------------------------------------------------- */

static const char *const tracepoints[N_SIGHTS] = {
	[S_RECEIVE] = "netif_receive_skb", [S_QUEUE] = "net_dev_queue", [S_XMIT] = "net_dev_xmit",
	[S_DROP] = "kfree_skb", [S_CONSUME] = "consume_skb",
	[S_LOOKUP4] = "fib_table_lookup", [S_LOOKUP6] = "fib6_table_lookup",
};

/* The packet's device, mark and header. R8 is the header's address then. */
static void look_at(struct code *c, enum sight sight, const struct where *w)
{
	fetch_to(c, R8, R7, w->skb_dev);
	if (sight == S_DROP) {
		/* In OUTPUT a packet has a route, and no device yet */
		jump(c, BPF_JNE, R8, 0, HAS_DEV);
		fetch_to(c, R8, R7, w->skb_dst);
		put(c, BPF_ALU64 | BPF_AND | BPF_K, R8, 0, 0, ~1);
		fetch_to(c, R8, R8, w->dst_dev);
		here(c, HAS_DEV);
	}
	device(c, w);
	fetch(c, FIELD(mark), 4, R7, w->skb_mark);
	fetch(c, FIELD(iif), 4, R7, w->skb_iif);
	fetch(c, FIELD(protocol), 2, R7, w->skb_proto);
	if (sight == S_RECEIVE) {
		/* The place of the network header is set right behind this tracepoint */
		fetch_to(c, R8, R7, w->skb_data);
	} else {
		fetch_to(c, R9, R7, w->skb_head);
		fetch(c, TMP, 2, R7, w->skb_nh);
		load(c, BPF_H, R8, FP, TMP);
		put(c, BPF_ALU64 | BPF_ADD | BPF_X, R8, R9, 0, 0);
	}
	fetch(c, FIELD(header), HEADER, R8, 0);
}

/* The rest of it: who freed it and why; whether it is followed any further. */
static void write_packet(struct code *c, enum sight sight, const struct want *want)
{
	const struct btf *b = &want->p->btf;
	const char *tp = tracepoints[sight];
	bool moves = sight == S_RECEIVE || sight == S_QUEUE;

	if (moves)
		current(c, want, false);
	if (sight == S_DROP) {
		argument(c, R1, btf_arg(b, tp, NULL));
		store(c, BPF_DW, FP, FIELD(location), R1);
		argument(c, R1, btf_arg(b, tp, "skb_drop_reason"));
		store(c, BPF_W, FP, FIELD(reason), R1);
	}
	if (sight == S_DROP || sight == S_CONSUME) {
		move(c, R1, R6);
		move(c, R2, FP);
		add(c, R2, FIELD(frames));
		set(c, R3, sizeof(((struct seen *)0)->frames));
		set(c, R4, 0);
		call(c, BPF_FUNC_get_stack);
	}
	emit(c, want);
	if (moves) {
		/* In another namespace it is followed no further */
		load(c, BPF_W, R1, FP, FIELD(ns));
		if (c->n < MAX_INSNS)
			c->jumps[c->n] = true;
		put(c, BPF_JMP32 | BPF_JEQ | BPF_K, R1, 0, OUT, (int32_t)want->ns);
	}
	if (sight != S_XMIT)
		forget(c, want);
}

static void packet_program(struct code *c, enum sight sight, const struct want *want)
{
	const char *tp = tracepoints[sight];
	const struct btf *b = &want->p->btf;
	bool moves = sight == S_RECEIVE || sight == S_QUEUE;
	/* What comes in by a device is not the box's own */
	bool begins = sight == S_DROP || sight == S_QUEUE || (sight == S_RECEIVE && want->q->flow.iif);

	begin(c, sight);
	argument(c, R7, btf_arg(b, tp, "sk_buff"));
	store(c, BPF_DW, FP, FIELD(skb), R7);
	lookup(c, want->p->followed, FIELD(skb));
	jump(c, BPF_JEQ, R0, 0, begins || moves ? FRESH : OUT);
	load(c, BPF_W, R1, R0, 0);
	store(c, BPF_W, FP, FIELD(id), R1);
	if (begins || moves) {
		jump(c, BPF_JA, 0, 0, MATCH);
		here(c, FRESH);
		if (moves)
			current(c, want, true);
		if (begins)
			budget(c, want);
		else
			jump(c, BPF_JA, 0, 0, OUT);
		here(c, MATCH);
	}
	if (sight == S_XMIT) {
		/* The driver may have freed the packet: it is not read */
		argument(c, R8, btf_arg(b, tp, "net_device"));
		device(c, want->w);
		argument(c, R1, btf_arg(b, tp, "int"));
		store(c, BPF_W, FP, FIELD(reason), R1);
	} else {
		look_at(c, sight, want->w);
	}
	if (begins) {
		load(c, BPF_W, R1, FP, FIELD(id));
		jump(c, BPF_JNE, R1, 0, EMIT);
		matches(c, sight, want);
		here(c, EMIT);
	}
	write_packet(c, sight, want);
	end(c);
}

/* What was found: a nexthop in R8 */
static void nexthop_program(struct code *c, const struct where *w)
{
	fetch(c, FIELD(lookup.gw_family), 1, R8, w->nh_family);
	fetch(c, FIELD(lookup.gw), 16, R8, w->nh_gw);
	fetch_to(c, R8, R8, w->nh_dev);
	device(c, w);
}

static void lookup_program(struct code *c, enum sight sight, const struct want *want)
{
	const struct where *w = want->w;
	const struct flow *f = &want->q->flow;
	const struct btf *b = &want->p->btf;
	const char *tp = tracepoints[sight];
	bool v4 = sight == S_LOOKUP4;
	int src = v4 ? w->f4_src : w->f6_src, dst = v4 ? w->f4_dst : w->f6_dst, len = v4 ? 4 : 16;

	begin(c, sight);
	argument(c, R7, btf_arg(b, tp, v4 ? "flowi4" : "flowi6"));
	entry(c, want->p->current);
	jump(c, BPF_JEQ, R0, 0, OUT);
	load(c, BPF_DW, R1, R0, 0);
	store(c, BPF_DW, FP, FIELD(skb), R1);
	lookup(c, want->p->followed, FIELD(skb));
	jump(c, BPF_JEQ, R0, 0, OWN);
	load(c, BPF_W, R1, R0, 0);
	store(c, BPF_W, FP, FIELD(id), R1);
	jump(c, BPF_JA, 0, 0, MATCH);
	/* What the box sends is looked up before it is a packet */
	here(c, OWN);
	if (f->iif) {
		jump(c, BPF_JA, 0, 0, OUT);
	} else {
		budget(c, want);
		fetch(c, FIELD(lookup.dst), len, R7, dst);
		address_is(c, FIELD(lookup.dst), &f->dst, f->family, want->natted ? ALSO : OUT);
		if (want->natted) {
			jump(c, BPF_JA, 0, 0, CLAIM);
			here(c, ALSO);
			address_is(c, FIELD(lookup.dst), &want->dst, f->family, OUT);
			here(c, CLAIM);
		}
	}
	here(c, MATCH);
	fetch(c, FIELD(lookup.src), len, R7, src);
	fetch(c, FIELD(lookup.dst), len, R7, dst);
	fetch(c, FIELD(iif), 4, R7, v4 ? w->f4_iif : w->f6_iif);
	fetch(c, FIELD(mark), 4, R7, v4 ? w->f4_mark : w->f6_mark);
	fetch(c, FIELD(lookup.dport), 4, R7, v4 ? w->f4_ports : w->f6_ports);
	if (v4) {
		argument(c, R1, btf_arg(b, tp, "u32"));
		store(c, BPF_W, FP, FIELD(lookup.table), R1);
		argument(c, R1, btf_arg(b, tp, "int"));
		store(c, BPF_W, FP, FIELD(lookup.err), R1);
		argument(c, R8, btf_arg(b, tp, "fib_nh_common"));
	} else {
		argument(c, R8, btf_arg(b, tp, "fib6_table"));
		fetch(c, FIELD(lookup.table), 4, R8, w->table_id);
		argument(c, R8, btf_arg(b, tp, "fib6_result"));
		fetch(c, FIELD(lookup.type), 1, R8, w->res_type);
		fetch_to(c, R8, R8, w->res_nh);
	}
	nexthop_program(c, w);
	emit(c, want);
	end(c);
}

/* --- loading them ----------------------------------------------------------------------- */

/* Offsets, in the order of struct where; a sum of two where a structure is in the other */
static bool find_fields(const struct btf *b, struct where *w)
{
	static const char *const names[][4] = {
		{ "sk_buff", "head" }, { "sk_buff", "data" }, { "sk_buff", "network_header" }, { "sk_buff", "dev" },
		{ "sk_buff", "protocol" }, { "sk_buff", "mark" }, { "sk_buff", "skb_iif" }, { "sk_buff", "_skb_refdst" },
		{ "net_device", "name" }, { "net_device", "ifindex" }, { "net_device", "nd_net" },
		{ "net", "ns", "ns_common", "inum" }, { "dst_entry", "dev" },
		{ "flowi4", "__fl_common", "flowi_common", "flowic_iif" },
		{ "flowi4", "__fl_common", "flowi_common", "flowic_mark" },
		{ "flowi4", "saddr" }, { "flowi4", "daddr" }, { "flowi4", "uli" },
		{ "flowi6", "__fl_common", "flowi_common", "flowic_iif" },
		{ "flowi6", "__fl_common", "flowi_common", "flowic_mark" },
		{ "flowi6", "saddr" }, { "flowi6", "daddr" }, { "flowi6", "uli" },
		{ "fib_nh_common", "nhc_dev" }, { "fib_nh_common", "nhc_gw" }, { "fib_nh_common", "nhc_gw_family" },
		{ "fib6_result", "nh" }, { "fib6_result", "fib6_type" }, { "fib6_table", "tb6_id" },
	};
	int *to = (int *)w;
	size_t i;

	_Static_assert(sizeof(*w) == ARRAY_SIZE(names) * sizeof(int), "one name for each");
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		int off = btf_offset(b, names[i][0], names[i][1]), in = 0;

		if (names[i][2])
			in = btf_offset(b, names[i][2], names[i][3]);
		if (off < 0 || in < 0)
			return false;
		to[i] = off + in;
	}
	return true;
}

static int new_map(enum bpf_map_type type, uint32_t key, uint32_t value, uint32_t n)
{
	union bpf_attr attr = { .map_type = type, .key_size = key, .value_size = value, .max_entries = n };

	return bpf(BPF_MAP_CREATE, &attr);
}

static int load_program(const struct code *c)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT, .insns = (uintptr_t)c->insn, .insn_cnt = c->n,
		.license = (uintptr_t)"GPL",
	};
	const char *debug = getenv("UNHOLE_PATH_BPF_LOG");
	char *log = NULL;
	int fd;

	if (debug) {
		log = must_have(calloc(1, 1 << 20));
		attr.log_buf = (uintptr_t)log;
		attr.log_size = 1 << 20;
		attr.log_level = 1;
	}
	fd = bpf(BPF_PROG_LOAD, &attr);
	if (debug) {
		fprintf(stderr, "%s\n", log);
		free(log);
	}
	return fd;
}

static bool attach(struct probe *p, enum sight sight, const struct want *want)
{
	static struct code c;
	union bpf_attr attr;

	memset(&c, 0, sizeof(c));
	if (sight == S_LOOKUP4 || sight == S_LOOKUP6)
		lookup_program(&c, sight, want);
	else
		packet_program(&c, sight, want);
	if (c.bad) {
		errno = ENOENT;
		return false;
	}
	p->prog[p->n_progs] = load_program(&c);
	if (p->prog[p->n_progs] < 0)
		return false;
	memset(&attr, 0, sizeof(attr));
	attr.raw_tracepoint.name = (uintptr_t)tracepoints[sight];
	attr.raw_tracepoint.prog_fd = p->prog[p->n_progs];
	p->at[p->n_progs] = bpf(BPF_RAW_TRACEPOINT_OPEN, &attr);
	return p->at[p->n_progs++] >= 0;
}

static bool map_ring(struct probe *p)
{
	p->page = sysconf(_SC_PAGESIZE);
	p->size = RING_SIZE;
	p->consumer = mmap(NULL, p->page, PROT_READ | PROT_WRITE, MAP_SHARED, p->ring, 0);
	if (p->consumer == MAP_FAILED) {
		p->consumer = NULL;
		return false;
	}
	/* The data follow the producer's page, twice, so that no record is cut in two */
	p->producer = mmap(NULL, p->page + 2 * p->size, PROT_READ, MAP_SHARED, p->ring, p->page);
	if (p->producer == MAP_FAILED)
		p->producer = NULL;
	return p->producer;
}

static bool make_maps(struct probe *p, unsigned int count)
{
	union bpf_attr attr = { .value = 0 };
	struct state s = { .left = count };
	uint32_t zero = 0;

	p->ring = new_map(BPF_MAP_TYPE_RINGBUF, 0, 0, RING_SIZE);
	p->state = new_map(BPF_MAP_TYPE_ARRAY, 4, sizeof(struct state), 1);
	p->followed = new_map(BPF_MAP_TYPE_HASH, 8, 4, count);
	p->current = new_map(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 1);
	if (p->ring < 0 || p->state < 0 || p->followed < 0 || p->current < 0)
		return false;
	attr.map_fd = p->state;
	attr.key = (uintptr_t)&zero;
	attr.value = (uintptr_t)&s;
	return bpf(BPF_MAP_UPDATE_ELEM, &attr) == 0 && map_ring(p);
}

static bool refused(char *why, size_t room)
{
	int err = errno;

	if (err == EPERM || err == EACCES)
		snprintf(why, room, "the kernel does not let this user load BPF programs (%s): be root of the machine, not of a container (CAP_BPF and CAP_PERFMON)",
			 strerror(err));
	else if (err == EINVAL || err == ENOSYS || err == ENOENT)
		snprintf(why, room, "this kernel cannot run BPF programs at its tracepoints, or has others than this tool knows (%s): it wants CONFIG_BPF_SYSCALL, CONFIG_BPF_EVENTS and CONFIG_DEBUG_INFO_BTF, as Debian's kernels from 6.1 on have them, and no kernel_lockdown(7) in mode confidentiality",
			 strerror(err));
	else
		snprintf(why, room, "BPF programs cannot be loaded: %s", strerror(err));
	return false;
}

/* What the box sends is no packet to be seen before NAT in OUTPUT and POSTROUTING. */
static void predict_nat(struct want *want, const struct path *path)
{
	const struct flow *f = &want->q->flow;
	bool done[2] = { false, false };
	int i;

	want->src = f->src;
	want->dst = f->dst;
	want->has_src = f->has_src;
	/* The first of each kind: a second pass comes later */
	for (i = 0; !f->iif && i < path->n_nats; i++) {
		const struct nat_done *n = &path->nat[i];

		if (done[n->source])
			continue;
		want->natted = done[n->source] = true;
		want->has_src |= n->source;
		*(n->source ? &want->src : &want->dst) = n->to;
	}
}

bool probe_open(struct probe *p, const struct path *path, unsigned int count, char *why, size_t room)
{
	static const char types[] = "/sys/kernel/btf/vmlinux";
	const struct query *q = &path->q;
	struct where where;
	struct want want = { .q = q, .w = &where, .p = p, .count = count };
	struct stat ns;
	int err, s;

	*p = (struct probe){ .ring = -1, .state = -1, .followed = -1, .current = -1 };
	if (stat("/proc/self/ns/net", &ns) != 0) {
		snprintf(why, room, "/proc/self/ns/net: %s: mount /proc", strerror(errno));
		return false;
	}
	want.ns = ns.st_ino;
	err = btf_read(&p->btf, types);
	if (err || !find_fields(&p->btf, &where)) {
		snprintf(why, room, "%s: %s: it says where a packet's fields are; mount /sys, or take a kernel that has CONFIG_DEBUG_INFO_BTF, as Debian's have",
			 types, err ? strerror(-err) : "other fields than this tool knows");
		return false;
	}
	predict_nat(&want, path);
	if (!make_maps(p, count))
		return refused(why, room);
	for (s = 0; s < N_SIGHTS; s++)
		if (s != (q->flow.family == AF_INET ? S_LOOKUP6 : S_LOOKUP4) && !attach(p, s, &want))
			return refused(why, room);
	return true;
}

bool probe_record(const void *data, size_t len, struct seen *to)
{
	if (len != sizeof(*to))
		return false;
	memcpy(to, data, len);
	to->dev[sizeof(to->dev) - 1] = 0;
	return to->sight < N_SIGHTS;
}

void probe_read(struct probe *p, void (*fn)(const struct seen *s, void *arg), void *arg)
{
	unsigned long *cpos = (unsigned long *)p->consumer, at = *cpos;
	const unsigned long *ppos = (const unsigned long *)p->producer;
	const uint8_t *data = p->producer + p->page;
	struct seen s;
	uint32_t len;

	while (at < __atomic_load_n(ppos, __ATOMIC_ACQUIRE)) {
		const uint8_t *rec = data + (at & (p->size - 1));

		len = __atomic_load_n((const uint32_t *)rec, __ATOMIC_ACQUIRE);
		if (len & BPF_RINGBUF_BUSY_BIT)
			break;
		if (!(len & BPF_RINGBUF_DISCARD_BIT)) {
			if (probe_record(rec + BPF_RINGBUF_HDR_SZ, len, &s))
				fn(&s, arg);
			else
				p->bad++;
		}
		len &= ~BPF_RINGBUF_DISCARD_BIT;
		at += (len + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
		__atomic_store_n(cpos, at, __ATOMIC_RELEASE);
	}
}

void probe_forget(struct probe *p, uint64_t skb)
{
	union bpf_attr attr = { .value = 0 };

	attr.map_fd = p->followed;
	attr.key = (uintptr_t)&skb;
	bpf(BPF_MAP_DELETE_ELEM, &attr);
}

uint64_t probe_lost(const struct probe *p)
{
	struct state s = { 0, 0 };
	union bpf_attr attr = { .value = 0 };
	struct bpf_prog_info info;
	uint64_t n = p->bad;
	uint32_t zero = 0;
	size_t i;

	attr.map_fd = p->state;
	attr.key = (uintptr_t)&zero;
	attr.value = (uintptr_t)&s;
	if (bpf(BPF_MAP_LOOKUP_ELEM, &attr) == 0)
		n += s.lost;
	/* A program does not interrupt itself: then it is not run */
	for (i = 0; i < p->n_progs; i++) {
		memset(&info, 0, sizeof(info));
		memset(&attr, 0, sizeof(attr));
		attr.info.bpf_fd = p->prog[i];
		attr.info.info_len = sizeof(info);
		attr.info.info = (uintptr_t)&info;
		if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) == 0)
			n += info.recursion_misses;
	}
	return n;
}

void probe_close(struct probe *p)
{
	int maps[] = { p->ring, p->state, p->followed, p->current };
	size_t i;

	for (i = 0; i < p->n_progs; i++) {
		if (p->at[i] >= 0)
			close(p->at[i]);
		close(p->prog[i]);
	}
	for (i = 0; i < ARRAY_SIZE(maps); i++)
		if (maps[i] >= 0)
			close(maps[i]);
	if (p->consumer)
		munmap(p->consumer, p->page);
	if (p->producer)
		munmap(p->producer, p->page + 2 * p->size);
	btf_free(&p->btf);
}
