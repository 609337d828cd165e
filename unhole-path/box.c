// SPDX-License-Identifier: GPL-2.0-only
/* The box: sysctls, modules, and whether the kernel has the core patches. */
#include <errno.h>
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

/* Does a text file hold the string (in a line without `not`)? -1: no such file. */
static int holds(const char *path, const char *what, const char *not)
{
	char line[1024];
	int found = 0;
	FILE *f;

	f = fopen(path, "re");
	if (!f)
		return -1;
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, what) && !(not && strstr(line, not));
	fclose(f);
	return found;
}

static const char *release(void)
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
	if (holds(path, what, NULL) == 1)
		return true;
	snprintf(path, sizeof(path), "/lib/modules/%s/modules.dep", release());
	if (access(path, R_OK) == 0)
		return false;
	/* A container, without the kernel's files */
	snprintf(what, sizeof(what), " %s_", module);
	return holds("/proc/kallsyms", what, NULL) == 1;
}

static enum tri assumed = MAYBE;

void core_assume(bool yes)
{
	assumed = yes ? YES : NO;
}

/*
 * There is no interface that says it. What there is, the surest first:
 * - the target's module: in the tree, it came with the patches. It is built out
 *   of the tree (taint O) for kernels that lack them, as a rule;
 * - the kernel's symbols, where the compiler has not inlined the helpers;
 * - the name of kernels that this project builds.
 */
static enum tri core_look(const char **why)
{
	char path[256], *slash;
	int v;

	if (assumed != MAYBE) {
		*why = "--core";
		return assumed;
	}
	v = holds("/sys/module/xt_UNHOLE/parameters/core", "Y", NULL);
	if (v >= 0) {
		*why = "the module's parameter core";
		return v;
	}
	if (strstr(release(), "-unhole-")) {
		*why = "the kernel's name";
		return YES;
	}
	v = holds("/sys/module/xt_UNHOLE/taint", "O", NULL);
	if (v == 0) {
		*why = "the module is one of the tree";
		return YES;
	}
	if (holds("/proc/kallsyms", " ip_skb_unholed\n", "[") == 1 ||
	    holds("/proc/kallsyms", " ip6_rcv_unholed\n", "[") == 1) {
		*why = "the kernel's symbols";
		return YES;
	}
	if (v == 1) {
		*why = "the module is out of the tree";
		return NO;
	}
	snprintf(path, sizeof(path), "/lib/modules/%s/kernel/net/netfilter/xt_UNHOLE.ko", release());
	if (access(path, F_OK) == 0) {
		*why = "the module's place";
		return YES;
	}
	slash = strstr(path, "/kernel/");
	snprintf(slash, sizeof(path) - (slash - path), "/updates/xt_UNHOLE.ko");
	if (access(path, F_OK) == 0) {
		*why = "the module's place";
		return NO;
	}
	snprintf(path, sizeof(path), "/boot/config-%s", release());
	v = holds(path, "CONFIG_NETFILTER_XT_TARGET_UNHOLE", NULL);
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
