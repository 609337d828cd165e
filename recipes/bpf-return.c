// SPDX-License-Identifier: GPL-2.0-only
/*
 * bpf-return TYPE VALUE FILE: loads the smallest BPF program there is, which returns
 * VALUE, and pins it as FILE (below a bpf file system). TYPE is what may run it:
 *
 *   lwt_xmit   a route, by "ip route ... encap bpf xmit pinned FILE"; VALUE 128
 *              (BPF_LWT_REROUTE) has the packet looked up again: bpf-reroute.sh
 *   xdp        a device, by "ip link set DEV xdpdrv pinned FILE"; VALUE 2 (XDP_PASS)
 *              lets every packet pass
 *
 * It takes no compiler for BPF: cc -o bpf-return bpf-return.c
 *
 * Returns 0, or 1 with the reason on stderr. See bpf(2).
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static long bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int failed(const char *what, const char *cure)
{
	fprintf(stderr, "error: %s: %s\n  cure: %s\n", what, strerror(errno), cure);
	return 1;
}

int main(int argc, char **argv)
{
	struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr load, pin;
	char *end = "no number";
	long fd;

	/* The kernel wants zeros to the end. */
	memset(&load, 0, sizeof(load));
	memset(&pin, 0, sizeof(pin));
	load.insns = (uintptr_t)program;
	load.insn_cnt = sizeof(program) / sizeof(program[0]);
	load.license = (uintptr_t)"GPL";
	if (argc == 4)
		program[0].imm = strtol(argv[2], &end, 0);
	if (argc == 4 && !strcmp(argv[1], "xdp"))
		load.prog_type = BPF_PROG_TYPE_XDP;
	else if (argc == 4 && !strcmp(argv[1], "lwt_xmit"))
		load.prog_type = BPF_PROG_TYPE_LWT_XMIT;
	if (!load.prog_type || *end || end == argv[2]) {
		fprintf(stderr, "usage: bpf-return lwt_xmit|xdp VALUE FILE\n");
		return 1;
	}
	fd = bpf(BPF_PROG_LOAD, &load);
	if (fd < 0)
		return failed("the kernel does not take the program",
			      "be root, on a kernel with CONFIG_BPF_SYSCALL and, for lwt_xmit, CONFIG_LWTUNNEL_BPF");
	pin.pathname = (uintptr_t)argv[3];
	pin.bpf_fd = fd;
	if (bpf(BPF_OBJ_PIN, &pin))
		return failed(argv[3], "name a new file in a bpf file system (mount -t bpf bpf DIR)");
	return 0;
}
