// SPDX-License-Identifier: GPL-2.0-only
/* The box: sysctls, modules, and whether the kernel has the core patches. */
#define _GNU_SOURCE	/* memmem() */
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>
#include "path.h"

int conf(int family, const char *dev, const char *name)
{
	char path[128];
	FILE *f;
	int v;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv%d/conf/%s/%s",
		 family == AF_INET ? 4 : 6, dev, name);
	f = fopen(path, "re");
	if (!f)
		return -1;
	if (fscanf(f, "%d", &v) != 1)
		v = -1;
	fclose(f);
	return v;
}

/* Does a file hold the string? -1: it cannot be read. */
static int holds(const char *path, const char *what)
{
	size_t have = 0, n, len = strlen(what);
	static char buf[65536];
	int found = 0;
	FILE *f;

	f = fopen(path, "re");
	if (!f)
		return -1;
	while (!found && (n = fread(buf + have, 1, sizeof(buf) - have, f)) > 0) {
		have += n;
		found = memmem(buf, have, what, len) != NULL;
		/* It may lie across the border of two reads */
		if (have >= len) {
			memmove(buf, buf + have - len + 1, len - 1);
			have = len - 1;
		}
	}
	fclose(f);
	return found;
}

const char *release(void)
{
	static struct utsname u;

	if (!u.release[0])
		uname(&u);
	return u.release;
}

/* To ask a subsystem loads its module. So ask what is there, and nothing else. */
bool is_present(const char *module)
{
	char path[512], what[64];

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	if (access(path, F_OK) == 0)
		return true;
	snprintf(what, sizeof(what), "/%s.ko", module);
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.builtin", release());
	if (holds(path, what) == 1)
		return true;
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", release());
	if (access(path, R_OK) == 0)
		return false;
	/* A container, without the kernel's files */
	snprintf(what, sizeof(what), " %s_", module);
	return holds("/proc/kallsyms", what) == 1;
}

static enum tri assumed = MAYBE;

void core_assume(bool yes)
{
	assumed = yes ? YES : NO;
}

/* The module's file, if it is there and not compressed. */
static int module_holds(const char *what)
{
	static const char *const places[] = { "updates", "kernel/net/netfilter", "extra", "updates/dkms" };
	char path[512];
	size_t i;
	int v = -1;

	for (i = 0; i < ARRAY_SIZE(places) && v < 0; i++) {
		snprintf(path, sizeof(path), "/lib/modules/%s/%s/xt_UNHOLE.ko", release(), places[i]);
		v = holds(path, what);
	}
	return v;
}

/*
 * There is no interface that says it. What there is:
 * - the target's module: in the tree (no taint O), it came with the patches.
 *   Built out of the tree, it can tell what it was built for: only one for a
 *   kernel without the patches has the message that says so;
 * - the name of kernels that this project builds;
 * - the kernel's symbols, where the compiler has not inlined the helper. A
 *   module's copy of it has the module's name behind it.
 */
static enum tri core_look(const char **why)
{
	char path[512];
	int v;

	if (assumed != MAYBE) {
		*why = "--core";
		return assumed;
	}
	v = holds("/sys/module/xt_UNHOLE/parameters/core", "Y");
	if (v >= 0) {
		*why = "the module's parameter core";
		return v;
	}
	if (holds("/sys/module/xt_UNHOLE/taint", "O") == 0) {
		*why = "the module is one of the tree";
		return YES;
	}
	v = module_holds("this kernel lacks the core patches");
	if (v >= 0) {
		*why = "the module's file";
		return !v;
	}
	if (strstr(release(), "-unhole-")) {
		*why = "the kernel's name";
		return YES;
	}
	if (holds("/proc/kallsyms", " ip_skb_unholed\n") == 1) {
		*why = "the kernel's symbols";
		return YES;
	}
	snprintf(path, sizeof(path), "/boot/config-%s", release());
	v = holds(path, "CONFIG_NETFILTER_XT_TARGET_UNHOLE");
	if (v >= 0) {
		*why = "the kernel's configuration";
		return v;
	}
	*why = "nothing says it; see --core";
	return MAYBE;
}

enum tri core_patched(const char **why)
{
	static const char *because;
	static enum tri core;

	if (!because)
		core = core_look(&because);
	if (why)
		*why = because;
	return core;
}
