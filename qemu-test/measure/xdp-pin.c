// SPDX-License-Identifier: GPL-2.0-only
/*
 * xdp-pin FILE: loads the smallest XDP program there is, which lets every packet
 * pass, and pins it as FILE (below a bpf file system), for "ip link set DEV
 * xdpdrv pinned FILE". No compiler for BPF, and no binary in the tree, for it.
 *
 * Returns 0, or 1 with the reason on stderr. See bpf(2).
 */
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct bpf_insn pass[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
	{ .code = BPF_JMP | BPF_EXIT },
};

static long bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

int main(int argc, char **argv)
{
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insns = (uintptr_t)pass,
		.insn_cnt = sizeof(pass) / sizeof(pass[0]),
		.license = (uintptr_t)"GPL",
	};
	union bpf_attr pin = { 0 };
	long fd;

	if (argc != 2) {
		fprintf(stderr, "usage: xdp-pin FILE\n");
		return 1;
	}
	fd = bpf(BPF_PROG_LOAD, &load);
	if (fd < 0) {
		perror("BPF_PROG_LOAD");
		return 1;
	}
	pin.pathname = (uintptr_t)argv[1];
	pin.bpf_fd = fd;
	if (bpf(BPF_OBJ_PIN, &pin)) {
		perror(argv[1]);
		return 1;
	}
	return 0;
}
