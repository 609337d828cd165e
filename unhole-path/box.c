// SPDX-License-Identifier: GPL-2.0-only
/* The box: sysctls, modules, and whether the kernel has the core patches. */
#define _GNU_SOURCE	/* memmem() */
#include "box.h"
#include "netlink.h"
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

int read_number(const char *path, int otherwise)
{
	FILE *f = fopen(path, "re");
	int v;

	if (!f)
		return otherwise;
	if (fscanf(f, "%d", &v) != 1)
		v = otherwise;
	fclose(f);
	return v;
}

int conf(int family, const char *dev, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/proc/sys/net/ipv%d/conf/%s/%s",
		 family == AF_INET ? 4 : 6, dev, name);
	return read_number(path, -1);
}

const char *knob(int family, const char *dev, const char *name)
{
	static char buf[4][96];
	static unsigned int n;
	char *to = buf[n++ % ARRAY_SIZE(buf)], sep = strchr(dev, '.') ? '/' : '.';

	snprintf(to, sizeof(buf[0]), "net%cipv%d%cconf%c%s%c%s", sep, family == AF_INET ? 4 : 6, sep, sep,
		 dev, sep, name);
	return to;
}

int hash_policy(int family)
{
	return read_number(family == AF_INET ? "/proc/sys/net/ipv4/fib_multipath_hash_policy" :
			 "/proc/sys/net/ipv6/fib_multipath_hash_policy", 0);
}

bool v6_forwards(const char *dev)
{
	return conf(AF_INET6, "all", "forwarding") > 0 || conf(AF_INET6, dev, "force_forwarding") > 0;
}

static bool ethtool(const char *dev, void *command)
{
	struct ifreq req = { .ifr_data = command };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok;

	if (fd < 0)
		return false;
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", dev);
	ok = ioctl(fd, SIOCETHTOOL, &req) == 0;
	close(fd);
	return ok;
}

bool nvi_flag(const char *dev, const char *flag)
{
	struct ethtool_value flags = { .cmd = ETHTOOL_GPFLAGS };
	union {
		struct ethtool_gstrings get;
		char room[sizeof(struct ethtool_gstrings) + 32 * ETH_GSTRING_LEN];
	} names = { .get = { .cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_PRIV_FLAGS } };
	unsigned int i;

	/* There are no more than the 32 bits of data */
	if (!ethtool(dev, &flags) || !flags.data || !ethtool(dev, &names))
		return false;
	for (i = 0; i < names.get.len && i < 32; i++)
		if (flags.data & 1u << i &&
		    strncmp((char *)names.get.data + i * ETH_GSTRING_LEN, flag, ETH_GSTRING_LEN) == 0)
			return true;
	return false;
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

/* An address of /proc/net/tcp and its like, beside one of the packet's: YES: the same; MAYBE: it is for all. */
static enum tri is_address(const char *text, int family, const struct addr *of)
{
	static const struct addr any;
	struct addr a = { { 0 } };
	size_t len = strlen(text) / 8, i;
	unsigned int word;

	for (i = 0; i < len && i < 4; i++) {
		sscanf(text + 8 * i, "%8X", &word);
		memcpy(a.b + 4 * i, &word, 4);
	}
	if (memcmp(&a, &any, sizeof(a)) == 0)
		return MAYBE;
	/* One of IPv6 may be for IPv4 as well: that much is not looked into */
	return len != (family == AF_INET ? 1 : 4) || in_prefix(&a, of, family == AF_INET ? 32 : 128) ? YES : NO;
}

/* A line there: is its socket one for this packet? */
static bool is_for(const char *line, const struct flow *f, bool wild)
{
	unsigned int port, far_port;
	char text[33], far[33];
	enum tri on;

	if (sscanf(line, " %*u: %32[0-9A-F]:%X %32[0-9A-F]:%X", text, &port, far, &far_port) != 4 || port != f->dport ||
	    (far_port && f->sport && far_port != f->sport))
		return false;
	on = is_address(text, f->family, &f->dst);
	return (on == YES || (on == MAYBE && wild)) && is_address(far, f->family, &f->src) != NO;
}

/* nf_sk_lookup_slow_v4() looks for sockets of TCP and UDP; for others', of what ICMP's errors are about */
enum tri local_socket(const struct flow *f, bool wild)
{
	const char *name = f->proto == IPPROTO_TCP ? "tcp" : f->proto == IPPROTO_UDP ? "udp" : NULL;
	char path[40], line[256];
	enum tri found = NO;
	FILE *file;
	int six;

	if (f->proto && !name)
		return NO;
	if (!name || !f->dport)
		return MAYBE;
	for (six = f->family == AF_INET6; six < 2 && found == NO; six++) {
		snprintf(path, sizeof(path), "/proc/net/%s%s", name, six ? "6" : "");
		file = fopen(path, "re");
		/* Without IPv6 there is no such file */
		if (!file && !six)
			return MAYBE;
		while (file && found == NO && fgets(line, sizeof(line), file))
			if (is_for(line, f, wild))
				found = MAYBE;
		if (file)
			fclose(file);
	}
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

/*
 * The target's module says it, once it is loaded: a rule of the target loads it,
 * and nothing is unholed before. Without its word there are the name of kernels that
 * this project builds, and the kernel's symbols, where the compiler has not inlined
 * the helper (a module's copy of it has the module's name behind it).
 */
static enum tri core_look(const char **why)
{
	int v;

	*why = "--core";
	if (assumed != MAYBE)
		return assumed;
	*why = "the module's parameter core";
	v = holds("/sys/module/xt_UNHOLE/parameters/core", "Y");
	if (v >= 0)
		return v;
	*why = "the kernel's name";
	if (strstr(release(), "-unhole-"))
		return YES;
	*why = "the kernel's symbols";
	if (holds("/proc/kallsyms", " ip_skb_unholed\n") == 1)
		return YES;
	*why = "nothing says it before xt_UNHOLE is loaded; see --core";
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
