// SPDX-License-Identifier: GPL-2.0-only
/*
 * in-ns NAME COMMAND...: runs it in the network namespace of that name, as "ip netns exec"
 * does, but without a mount namespace and a /sys of its own: scenarios do this some ten
 * thousand times, and an emulated CPU takes four times as long for the other. Linked
 * statically, since most of a small program's time goes into loading its libraries.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char path[256];
	int fd;

	if (argc < 3)
		errx(125, "usage: in-ns NAME COMMAND...");
	snprintf(path, sizeof(path), "/run/netns/%s", argv[1]);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(125, "%s", path);
	execvp(argv[2], argv + 2);
	err(127, "%s", argv[2]);
}
