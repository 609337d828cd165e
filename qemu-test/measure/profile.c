// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench-profile: a QEMU plug-in that counts what the guest executes between two
 * addresses, exactly. Arguments: start=, stop= (addresses of the guest's program)
 * and out= (a file). For each window, a line "window", and for each block of code
 * a line "ADDRESS INSTRUCTIONS", the number of instructions executed there.
 *
 * Debian has no package with qemu-plugin.h, so what is used of version 1 of that
 * interface is declared here.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
	void (*cb)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
	void (*cb)(unsigned int cpu, void *data), int flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
	void (*cb)(unsigned int cpu, void *data), int flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb,
						 size_t idx);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

/* A block stays known when QEMU forgets its translation. */
struct block {
	struct block *next;
	uint64_t at, insns, count;
};

static struct block *blocks;
static uint64_t start_at, stop_at;
static FILE *out;
static int on;

static void executed(unsigned int cpu, void *data)
{
	struct block *b = data;

	(void)cpu;
	if (on)
		b->count++;
}

static void start(unsigned int cpu, void *data)
{
	struct block *b;

	(void)cpu;
	(void)data;
	for (b = blocks; b; b = b->next)
		b->count = 0;
	on = 1;
}

static void stop(unsigned int cpu, void *data)
{
	struct block *b;

	(void)cpu;
	(void)data;
	on = 0;
	fputs("window\n", out);
	for (b = blocks; b; b = b->next)
		if (b->count)
			fprintf(out, "%llx %llu\n", (unsigned long long)b->at,
				(unsigned long long)(b->count * b->insns));
	fflush(out);
}

static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t i, n = qemu_plugin_tb_n_insns(tb);
	struct block *b = calloc(1, sizeof(*b));

	(void)id;
	if (!b)
		abort();
	b->at = qemu_plugin_tb_vaddr(tb);
	b->insns = n;
	b->next = blocks;
	blocks = b;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, executed, 0, b);
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		uint64_t at = qemu_plugin_insn_vaddr(insn);

		if (at == start_at)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, start, 0, NULL);
		if (at == stop_at)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, stop, 0, NULL);
	}
}

__attribute__((visibility("default")))
int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
	int i;

	(void)info;
	for (i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "start=", 6))
			start_at = strtoull(argv[i] + 6, NULL, 16);
		else if (!strncmp(argv[i], "stop=", 5))
			stop_at = strtoull(argv[i] + 5, NULL, 16);
		else if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "w");
	}
	if (!start_at || !stop_at || !out)
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	return 0;
}
