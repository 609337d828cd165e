// SPDX-License-Identifier: GPL-2.0-only
/* The whole box: what would keep packets in the hole, or let out too many. */
#include "doctor.h"
#include "box.h"
#include "fib.h"
#include "others.h"
#include "print.h"
#include "refusal.h"
#include "rules.h"
#include <errno.h>
#include <glob.h>
#include <linux/fib_rules.h>
#include <linux/lwtunnel.h>
#include <linux/netfilter/xt_UNHOLE.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const level_names[] = { [OK] = "ok", [NOTE] = "note", [WARN] = "warn", [BAD] = "bad" };

/* How many routes into the hole are followed behind it */
#define MAX_LOOPS 32

static bool as_json, in_color;
static unsigned int n_said, n_wrong;

/* Of one thing there is but one word: of several devices that one command mends. */
static bool is_mended(const char *check, const char *fix)
{
	static uint32_t done[64];
	static unsigned int n;
	uint32_t hash = 5381;
	unsigned int i;

	for (; *check; check++)
		hash = hash * 33 + (unsigned char)*check;
	for (; *fix; fix++)
		hash = hash * 33 + (unsigned char)*fix;
	for (i = 0; i < n && done[i] != hash; i++)
		;
	if (i < n)
		return true;
	if (n < ARRAY_SIZE(done))
		done[n++] = hash;
	return false;
}

void say(enum level level, const char *check, const char *fix, const char *fmt, ...)
{
	static const char *const colors[] = { [OK] = "\033[32m", [NOTE] = "", [WARN] = "\033[33m", [BAD] = "\033[31m" };
	char text[TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (fix && has_strange_name(fix))
		fix = NULL;
	if (fix && is_mended(check, fix))
		return;
	if (level > NOTE)
		n_wrong++;
	if (!as_json) {
		printf("%s%-4s%s %s: %s\n", in_color ? colors[level] : "", level_names[level],
		       in_color ? "\033[0m" : "", check, line_text(text));
		if (fix)
			printf("       %s\n", line_text(fix));
		return;
	}
	printf("%s{\"level\":\"%s\",\"check\":", n_said++ ? "," : "", level_names[level]);
	json_string(check);
	printf(",\"text\":");
	json_string(text);
	if (fix) {
		printf(",\"fix\":");
		json_string(fix);
	}
	putchar('}');
}

/* --- what leads into the hole -------------------------------------------------- */

enum hole hole_of(int family, const struct route *rt)
{
	const struct link *l;

	if (rt->type != RTN_UNICAST || rt->n_nh < 1 || is_reject_in_disguise(family, rt))
		return NO_HOLE;
	l = link_by_index(rt->nh[0].oif);
	return !l ? NO_HOLE : l->flags & IFF_LOOPBACK ? HOLE_LO : is_nvi(l) ? HOLE_NVI : NO_HOLE;
}

/* Does a policy rule lead to this table? */
static bool is_looked_up(const struct fib *fib, uint32_t table)
{
	size_t i;

	for (i = 0; i < fib->n_rules; i++)
		if (fib->rules[i].action == FR_ACT_TO_TBL && fib->rules[i].table == table)
			return true;
	return false;
}

/* 127.0.0.0/8 and the like in table local are none, nor is the link-local prefix
 * that each device has in IPv6.
 */
static void count_holes(int family, unsigned int *n)
{
	const struct fib *fib = fib_of(family);
	size_t i;

	for (i = 0; i < fib->n_routes; i++) {
		const struct route *rt = &fib->routes[i];

		if (rt->table == RT_TABLE_LOCAL || (family == AF_INET && rt->plen >= 8 && rt->dst.b[0] == 127) ||
		    (family == AF_INET6 && ((rt->plen == 128 && addr_is_local(family, &rt->dst)) ||
					    (rt->plen && rt->dst.b[0] == 0xfe) || rt->dst.b[0] == 0xff)))
			continue;
		if (hole_of(family, rt) && !is_looked_up(fib, rt->table))
			continue;
		n[hole_of(family, rt)]++;
	}
}

static bool table_leads_in(int family, uint32_t table)
{
	const struct fib *fib = fib_of(family);
	size_t i;

	for (i = 0; i < fib->n_routes; i++)
		if (fib->routes[i].table == table && hole_of(family, &fib->routes[i]))
			return true;
	return false;
}

bool rule_leads_in(int family, const struct rule *r)
{
	return r->action == FR_ACT_TO_TBL && r->table != RT_TABLE_LOCAL && table_leads_in(family, r->table);
}

/* Does a rule for what comes in by this device lead into the hole? */
static bool leads_in(int family, const char *dev)
{
	const struct fib *fib = fib_of(family);
	size_t i;

	for (i = 0; i < fib->n_rules; i++)
		if (strcmp(fib->rules[i].iif, dev) == 0 && rule_leads_in(family, &fib->rules[i]))
			return true;
	return false;
}

/* Has a rule before this one the same device? */
static bool seen_before(const struct fib *fib, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(fib->rules[i].iif, fib->rules[n].iif) == 0)
			return true;
	return false;
}

/* --- the checks ---------------------------------------------------------------- */

static enum tri check_kernel(void)
{
	const char *why;
	enum tri core = core_patched(&why);

	/* Unholed is what a module has seen, which then says it */
	say(core == MAYBE && is_present("xt_UNHOLE") ? WARN : OK, "kernel", NULL, "%s (%s)",
	    core == YES ? "has the core patches" : core == NO ? "is without the core patches" :
	    "with or without the core patches: unknown", why);
	if (access("/sys/module/xt_UNHOLE/parameters/core", F_OK) == 0 &&
	    access("/sys/module/xt_UNHOLE/parameters/userns", F_OK) != 0)
		say(BAD, "module-old", "rmmod xt_UNHOLE    # when its rules are gone; or reboot",
		    "the module that is loaded is xt_UNHOLE 1.0, with which a user without rights can panic the machine");
	return core;
}

/* The first line of a file, without its end; "" if it cannot be read. */
static const char *first_line(const char *path, char *buf, size_t len)
{
	FILE *f = fopen(path, "r");

	if (!f || !fgets(buf, len, f))
		buf[0] = '\0';
	if (f)
		fclose(f);
	buf[strcspn(buf, "\n")] = '\0';
	return buf;
}

/* Does the kernel refuse modules that are not signed with a key that it knows? Which
 * keys those are is not to be seen from here, so a signature is no proof.
 */
static void check_signature(const char *module)
{
	static const char magic[] = "~Module signature appended~\n";
	static const char enrol[] = "mokutil --import /var/lib/dkms/mok.pub    # then reboot, and enrol it when asked";
	char line[100], lockdown[100], end[sizeof(magic)] = "";
	const char *why = NULL;
	FILE *f;

	first_line("/sys/kernel/security/lockdown", lockdown, sizeof(lockdown));
	if (strchr(lockdown, '[') && !strstr(lockdown, "[none]"))
		why = "lockdown, by Secure Boot as a rule";
	else if (*first_line("/sys/module/module/parameters/sig_enforce", line, sizeof(line)) == 'Y')
		why = "module.sig_enforce";
	if (!why)
		return;
	/* A compressed one cannot be looked into */
	f = strcmp(module + strlen(module) - 3, ".ko") ? NULL : fopen(module, "r");
	if (f) {
		if (fseek(f, 1 - (long)sizeof(magic), SEEK_END) != 0 || fread(end, 1, sizeof(magic) - 1, f) != sizeof(magic) - 1)
			end[0] = '\0';
		fclose(f);
	}
	if (!f || !strcmp(end, magic))
		say(WARN, "signature", enrol, "this kernel refuses a module whose key it does not know (%s); that of %s must be enrolled",
		    why, module);
	else
		say(BAD, "signature", "apt-get install openssl; dpkg-reconfigure unhole-dkms    # signs; then look again",
		    "this kernel refuses a module that is not signed (%s), and %s is not", why, module);
}

/* Where a module does not compile for the kernel that runs, DKMS keeps the log (see
 * debian/dkms/pre-build in the sources).
 */
static bool not_compiled(const char *check, enum level level, const char *module, const char *tree)
{
	char pattern[512];
	glob_t logs;
	bool is;

	snprintf(pattern, sizeof(pattern), "/var/lib/dkms/%s/*/make.log-%s", tree, release());
	is = glob(pattern, 0, NULL, &logs) == 0;
	if (is)
		say(level, check, "apt-get install /FOLDER/unhole-dkms_*.deb    # a newer one; or boot a kernel that README names",
		    "%s does not compile for %s, which goes without it: see %s", module, release(), logs.gl_pathv[0]);
	globfree(&logs);
	return is;
}

static void check_module(void)
{
	static const char *const places[] = {
		"kernel/net/netfilter/xt_UNHOLE.ko", "updates/xt_UNHOLE.ko", "extra/xt_UNHOLE.ko",
		"updates/dkms/xt_UNHOLE.ko",
	};
	static const char *const suffixes[] = { "", ".xz", ".zst", ".gz" };
	unsigned int major, minor;
	char path[512];
	size_t i, j;

	if (access("/sys/module/xt_UNHOLE", F_OK) == 0) {
		say(OK, "module", NULL, "xt_UNHOLE is loaded");
		return;
	}
	if (not_compiled("module", BAD, "xt_UNHOLE", "unhole"))
		return;
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		for (j = 0; j < ARRAY_SIZE(suffixes); j++) {
			snprintf(path, sizeof(path), "/lib/modules/%s/%s%s", release(), places[i], suffixes[j]);
			if (access(path, F_OK) != 0)
				continue;
			say(OK, "module", NULL, "xt_UNHOLE is not loaded yet; iptables loads %s", path);
			check_signature(path);
			return;
		}
	}
	if (sscanf(release(), "%u.%u", &major, &minor) == 2 && (major < 6 || (major == 6 && minor < 1)))
		say(BAD, "module", NULL, "xt_UNHOLE is for kernels from 6.1 up, and this is %s", release());
	else {
		snprintf(path, sizeof(path), "/lib/modules/%s/build/include", release());
		/* DKMS builds it as soon as it can */
		say(BAD, "module", access("/var/lib/dkms/unhole", F_OK) != 0 ?
		    "apt-get install /FOLDER/unhole-dkms_*.deb    # or make install, in the sources" :
		    access(path, F_OK) != 0 ? "apt-get install linux-headers-$(uname -r)" :
		    "dkms autoinstall    # builds it, or says why not",
		    "xt_UNHOLE is not loaded, and there is none for %s", release());
	}
}

/* Where iptables looks: where its other plug-ins are. */
static void check_plugin(void)
{
	static const char *const places[] = {
#ifdef XTLIBDIR
		XTLIBDIR,	/* where this one was built, and so as a rule where it is used */
#endif
		"/usr/lib/x86_64-linux-gnu/xtables", "/usr/lib/aarch64-linux-gnu/xtables",
		"/usr/lib/arm-linux-gnueabihf/xtables", "/usr/lib/riscv64-linux-gnu/xtables",
		"/usr/lib/i386-linux-gnu/xtables", "/usr/lib64/xtables", "/usr/lib/xtables",
		"/lib/xtables", "/usr/local/lib/xtables",
	};
	const char *dir = getenv("XTABLES_LIBDIR");
	char path[512];
	size_t i;

	for (i = 0; !dir && i < ARRAY_SIZE(places); i++) {
		snprintf(path, sizeof(path), "%s/libxt_standard.so", places[i]);
		if (access(path, F_OK) == 0)
			dir = places[i];
	}
	if (!dir) {
		say(WARN, "plug-in", NULL, "iptables' plug-ins are not found");
		return;
	}
	snprintf(path, sizeof(path), "%s/libxt_UNHOLE.so", dir);
	if (access(path, R_OK) == 0)
		say(OK, "plug-in", NULL, "%s", path);
	else
		say(BAD, "plug-in", "apt-get install /FOLDER/iptables-unhole_*.deb    # or make install, in the sources", "%s has no libxt_UNHOLE.so, so iptables does not know the target", dir);
}

static void check_forwarding6(enum tri core, const unsigned int *holes, const char *outside)
{
	/* nvi does not ask, and the patches exempt what is unholed */
	bool asks = holes[HOLE_LO] && core == NO;
	const struct link *l = link_by_index(world.lo);
	const char *lo = l ? l->name : "lo";
	char fix[128];

	if (outside && !v6_forwards(outside)) {
		say(BAD, "forwarding6", fix_forwarding6(),
		    "IPv6 forwarding is off: nothing that comes in by %s enters the hole", outside);
	} else if (asks && !v6_forwards(lo)) {
		/* The least, where there is such a thing: the box stays a host */
		snprintf(fix, sizeof(fix), "sysctl -w %s=1", knob(AF_INET6, lo, "force_forwarding"));
		say(BAD, "forwarding6", conf(AF_INET6, lo, "force_forwarding") == 0 ? fix : fix_forwarding6(),
		    "IPv6 forwarding is off: on this kernel nothing leaves the hole");
	} else if (outside || asks) {
		say(OK, "forwarding6", NULL, "IPv6 forwarding is on");
	}
}

static void say_not_forwarded(const char *dev)
{
	char fix[128];

	snprintf(fix, sizeof(fix), "sysctl -w net/ipv4/conf/%s/forwarding=1", dev);
	say(BAD, "forwarding", conf(AF_INET, "all", "forwarding") == 1 ? fix : "sysctl -w net.ipv4.ip_forward=1",
	    "IPv4 forwarding is off for %s: nothing that comes in by it enters the hole", dev);
}

static void check_sysctls(int family, enum tri core, const unsigned int *holes)
{
	const struct fib *fib = fib_of(family);
	const char *outside = NULL, *dev_of[16];
	size_t i, n;

	/* What comes in by a NIC is forwarded into the hole */
	for (i = 0; i < fib->n_rules; i++) {
		const char *dev = fib->rules[i].iif;
		const struct link *l = *dev ? link_by_name(dev) : NULL;

		if (!l || l->index == world.lo || is_nvi(l) || seen_before(fib, i) || !leads_in(family, dev))
			continue;
		if (!outside || !v6_forwards(dev))
			outside = dev;
		if (family == AF_INET6 || conf(AF_INET, dev, "forwarding") != 0)
			continue;
		say_not_forwarded(dev);
	}
	n = not_forwarded(family, dev_of, ARRAY_SIZE(dev_of));
	for (i = 0; i < n && family == AF_INET; i++)
		say_not_forwarded(dev_of[i]);
	if (n)
		outside = dev_of[0];
	if (family == AF_INET6) {
		check_forwarding6(core, holes, outside);
		return;
	}
	if (core != NO || !holes[HOLE_LO])
		return;
	if (conf(AF_INET, "lo", "accept_local") == 1 || conf(AF_INET, "all", "accept_local") == 1)
		say(OK, "accept_local", NULL, "lo takes packets with a source of the box");
	else
		say(BAD, "accept_local", "sysctl -w net.ipv4.conf.lo.accept_local=1",
		    "lo does not take packets with a source of the box");
	if (conf(AF_INET, "lo", "forwarding") == 1)
		say(OK, "forwarding", NULL, "IPv4 forwarding is on for lo");
	else
		say(BAD, "forwarding", "sysctl -w net.ipv4.conf.lo.forwarding=1",
		    "IPv4 forwarding is off for lo: on this kernel nothing leaves the hole");
	if (rp_filter("lo") == 1)
		say(WARN, "rp_filter", "sysctl -w net.ipv4.conf.lo.rp_filter=2",
		    "rp_filter is strict on lo: of translated sources, only the box's own pass");
}

/* A device that is down takes its routes with it. */
static void check_devices(void)
{
	static const int families[] = { AF_INET, AF_INET6 };
	char fix[200];
	bool one_of;
	size_t i, j, n;

	for (i = 0; i < world.n_links; i++) {
		const struct link *l = &world.links[i];

		if (!is_nvi(l))
			continue;
		n = snprintf(fix, sizeof(fix), "ip link set %s %s", l->name, l->flags & IFF_UP ? "carrier on" : "up");
		for (j = 0; j < ARRAY_SIZE(families) && !(l->flags & IFF_UP); j++) {
			const struct rule *lost = way_in_lost(families[j], l, &one_of);

			if (lost && !one_of)
				n += snprintf(fix + n, sizeof(fix) - n, "; ip -%d route add default dev %s table %u", j ? 6 : 4, l->name,
					      lost->table);
		}
		if (!(l->flags & IFF_UP))
			say(BAD, "nvi-down", fix, "%s is down, so no route leads to it", l->name);
		else if (!(l->flags & LOWER_UP))
			say(BAD, "nvi-down", fix, "%s has no carrier", l->name);
		else
			say(OK, "nvi", NULL, "%s is up", l->name);
	}
}

/* A route that may have a packet looked up again, as recipes/bpf-reroute.sh has. */
static void check_bpf(int family)
{
	const struct fib *fib = fib_of(family);
	char buf[200];
	size_t i;

	for (i = 0; i < fib->n_routes; i++) {
		const struct route *rt = &fib->routes[i];

		if (rt->encap == LWTUNNEL_ENCAP_BPF)
			say(NOTE, "bpf-route", NULL, "the IPv%d route \"%s\" has a BPF program: if that has packets looked up again, MASQUERADE at its device loses them, FTP stands still, FORWARD is crossed once, no client hears of an error, and what it delivers on the box comes in as -i lo",
			    family == AF_INET ? 4 : 6, describe_route(family, rt, buf, sizeof(buf)));
	}
}

static void check_rejects(void)
{
	const struct fib *fib = fib_of(AF_INET6);
	char buf[200], fix[TEXT], prefix[INET6_ADDRSTRLEN + 8] = "default";
	uint32_t id;
	size_t i;

	for (i = 0; i < fib->n_routes; i++) {
		const struct route *rt = &fib->routes[i];

		/* (The kernel's own is the prefix of an address of lo.) */
		if (rt->table == RT_TABLE_LOCAL || rt->protocol == RTPROT_KERNEL || !is_reject_in_disguise(AF_INET6, rt) ||
		    (rt->plen == 128 && addr_is_local(AF_INET6, &rt->dst)))
			continue;
		if (rt->plen)
			snprintf(prefix, sizeof(prefix), "%s/%u", addr_text(AF_INET6, &rt->dst), rt->plen);
		id = free_nhid();
		snprintf(fix, sizeof(fix), "ip -6 nexthop add id %u dev %s && ip -6 route replace %s nhid %u table %u metric %u",
			 id, dev_name(world.lo), rt->plen ? prefix : "default", id, rt->table, rt->metric);
		say(BAD, "reject-in-disguise", fix, "the IPv6 route \"%s\" rejects: only a nexthop object leads into lo",
		    describe_route(AF_INET6, rt, buf, sizeof(buf)));
	}
}

/* What rules make of it up to its second lookup. Returns false if that cannot be known. */
static bool through_rules(const struct link *hole, struct flow *f)
{
	bool lo = hole->flags & IFF_LOOPBACK;
	struct walk w = {
		.family = f->family, .hook = HOOK_POSTROUTING, .src = f->src, .dst = f->dst, .nexthop = f->dst,
		.oif = hole->name, .mark = f->mark, .mark_known = 0xffffffff, .ctmark_known = 0xffffffff, .unholable = true,
	};

	rules_walk(&w);
	if (!lo && nvi_flag(hole->name, "notrack"))
		w.ct = CT_UNTRACKED;
	if (!w.fork && (lo || nvi_flag(hole->name, "prerouting"))) {
		if (!lo && nvi_flag(hole->name, "reset-ct"))
			walk_reset_ct(&w, CT_NONE);
		w.hook = HOOK_PREROUTING;
		w.iif = hole->name;
		w.oif = NULL;
		rules_walk(&w);
	}
	f->mark = w.mark;
	f->src = w.src;
	f->dst = w.dst;
	return w.mark_known == 0xffffffff && !w.fork;
}

bool second_lookup(int family, const struct rule *r, const struct route *rt, const struct addr *dst, bool look,
		   struct flow *f, struct result *res)
{
	const struct link *l = link_by_index(rt->nh[0].oif);

	if (!l)
		return false;
	*f = (struct flow){ .family = family, .iif = l->index, .has_src = true, .dst = *dst, .src = r->src };
	if (r->src_len < (family == AF_INET ? 32 : 128))
		f->src.b[family == AF_INET ? 3 : 15] |= 1;
	f->mark = r->mark & r->mask;
	if (look && !through_rules(l, f))
		return false;
	fib_lookup(f, res);
	return !res->err && !res->unsure && res->route;
}

/* Where to enter the hole by a mark instead, as commands: what takes this route, by
 * this rule. Returns NULL if that is too much for a line.
 */
static const char *fix_by_mark(int family, const struct rule *r, const struct route *rt, char *buf, size_t len)
{
	const char *six = family == AF_INET ? "" : " -6", *ipt = family == AF_INET ? "iptables" : "ip6tables";
	const struct link *l = link_by_index(rt->nh[0].oif);
	char rule[200], to[80] = "", via[64], *selectors;
	bool longer = r->dst_len > rt->plen;
	unsigned int plen = longer ? r->dst_len : rt->plen;
	size_t n;

	if (plen)
		snprintf(to, sizeof(to), " -d %s/%u", addr_text(family, longer ? &r->dst : &rt->dst), plen);
	if (rt->table == RT_TABLE_MAIN || rt->table == RT_TABLE_DEFAULT) {
		/* All lookups find it there: it moves to a table that only the mark leads to */
		if (rt->nhid)
			snprintf(via, sizeof(via), "nhid %u", rt->nhid);
		else
			snprintf(via, sizeof(via), "dev %s", l->name);
		/* (whose bits somebody else has set is left alone) */
		n = snprintf(buf, len,
			 "ip%s route del %s/%u %s table %u; ip%s route add %s/%u %s table 50; ip%s rule add fwmark 0x50/0xff lookup 50 pref 50; "
			 "%s -t mangle -A OUTPUT%s -m mark --mark 0x0/0xff -j MARK --set-xmark 0x50/0xff; "
			 "%s -t mangle -A PREROUTING ! -i lo%s -m mark --mark 0x0/0xff -j MARK --set-xmark 0x50/0xff; "
			 "%s -t mangle -A %s %s -m mark --mark 0x50/0xff -j MARK --set-xmark 0x0/0xff",
			 six, addr_text(family, &rt->dst), rt->plen, via, rt->table,
			 six, addr_text(family, &rt->dst), rt->plen, via, six, ipt, to, ipt, to,
			 ipt, is_nvi(l) ? "POSTROUTING -o" : "PREROUTING -i", l->name);
		return n < len ? buf : NULL;
	}
	if (r->strange || r->has_uid || r->has_mark || r->l3mdev || r->flags & FIB_RULE_INVERT)
		return NULL;
	describe_rule(r, rule, sizeof(rule));
	selectors = strchr(rule, ':');
	if (!selectors || strlen(rule) == sizeof(rule) - 1)
		return NULL;
	/* By all that it says: of one preference there may be more */
	n = snprintf(buf, len, "ip%s rule del%s pref %u; ip%s rule add%s fwmark 0x54/0xff pref %u; ", six, selectors + 1, r->pref,
		     six, selectors + 1, r->pref);
	if (n < len && !r->iif[0])
		n += snprintf(buf + n, len - n, "%s -t mangle -A OUTPUT%s -m mark --mark 0x0/0xff -j MARK --set-xmark 0x54/0xff; ", ipt, to);
	if (n < len)
		n += snprintf(buf + n, len - n, "%s -t mangle -A PREROUTING %s-i %s%s -m mark --mark 0x0/0xff -j MARK --set-xmark 0x54/0xff",
			      ipt, r->iif[0] ? "" : "! ", r->iif[0] ? r->iif : "lo", to);
	return n < len ? buf : NULL;
}

struct addr example(int family, const struct rule *r, const struct route *rt, const struct route *longer)
{
	struct addr dst = rt->dst;
	unsigned int plen = rt->plen;

	if (r->dst_len > plen) {
		dst = r->dst;
		plen = r->dst_len;
	}
	if (longer && longer->plen > plen) {
		dst = longer->dst;
		plen = longer->plen;
	}
	/* A default route: any address that has no route of its own will do */
	if (!plen)
		memset(&dst, 198, 1);
	if (plen < (family == AF_INET ? 32 : 128))
		dst.b[family == AF_INET ? 3 : 15] |= 1;
	return dst;
}

/* Does a rule that leads into the hole lead there again, behind it? */
static void check_loop(int family, const struct rule *r, const struct route *rt, bool look)
{
	struct addr dst = example(family, r, rt, NULL);
	char rule[160], route[160], buf[2 * TEXT];
	const struct link *l;
	const char *fix = buf;
	struct result res;
	struct flow f;

	if (!second_lookup(family, r, rt, &dst, look, &f, &res) || !hole_of(family, res.route))
		return;
	l = link_by_index(f.iif);
	/* Out of loopback into nvi is another way, and may be meant */
	if (l->flags & IFF_LOOPBACK && hole_of(family, res.route) == HOLE_NVI)
		return;
	describe_rule(res.rule, rule, sizeof(rule));
	describe_route(family, rt, route, sizeof(route));
	if (rt->table == RT_TABLE_MAIN || rt->table == RT_TABLE_DEFAULT)
		fix = fix_by_mark(family, r, rt, buf, sizeof(buf));
	else if (is_nvi(l))
		snprintf(buf, sizeof(buf), "ip%s rule add iif %s lookup main pref %u", family == AF_INET ? "" : " -6",
			 l->name, pref_before(res.rule));
	else if (f.mark & res.rule->mask)
		snprintf(buf, sizeof(buf), "%s -t mangle -A PREROUTING -i lo -j MARK --set-xmark 0x0/0x%x",
			 family == AF_INET ? "iptables" : "ip6tables", res.rule->mask);
	else
		snprintf(buf, sizeof(buf),
			 "ip%s rule add iif lo fwmark 0x51/0xff lookup main pref %u; %s -t raw -I PREROUTING -i lo -j UNHOLE --set-xmark 0x51/0xff",
			 family == AF_INET ? "" : " -6", pref_before(res.rule), family == AF_INET ? "iptables" : "ip6tables");
	say(BAD, "loop", fix, "what \"%s\" takes in meets \"%s\" again behind the hole", route, rule);
}

/* A NIC with a strict rp_filter. */
static bool is_strict(const struct link *l)
{
	return !is_hole(l) && rp_filter(l->name) == 1;
}

/* The uplink's rp_filter looks up the way back to the reply's source, with no mark: for
 * a reply that is forwarded with the device that it leaves by as the input device, else
 * with lo. What finds the route into the hole so is not found by the uplink.
 * Returns true if it has said so.
 */
static bool check_replies(const struct rule *r, const struct route *rt, const struct addr *dst, bool look)
{
	const struct link *in = r->iif[0] ? link_by_name(r->iif) : NULL, *up;
	char rule[160], buf[2 * TEXT], fix[128];
	struct result res, back;
	struct flow f;

	if (!second_lookup(AF_INET, r, rt, dst, look, &f, &res) || hole_of(AF_INET, res.route) ||
	    res.type != RTN_UNICAST)
		return false;
	up = link_by_index(res.oif);
	if (!up || up == in || !is_strict(up))
		return false;
	f.iif = in && !is_nvi(in) ? in->index : world.lo;
	f.mark = 0;
	fib_lookup(&f, &back);
	if (back.err || back.unsure || !back.route || !hole_of(AF_INET, back.route))
		return false;
	if (!first_time(up->index))
		return true;
	describe_rule(back.rule, rule, sizeof(rule));
	/* Of several uplinks, the way back without the mark leads to one of them */
	snprintf(fix, sizeof(fix), "sysctl -w %s=2", knob(AF_INET, up->name, "rp_filter"));
	say(BAD, "rp_filter", has_several_uplinks() ? fix : fix_by_mark(AF_INET, r, rt, buf, sizeof(buf)),
	    "rp_filter is strict on %s and finds the way back to a reply's source (%s) in the hole, by \"%s\": every reply is dropped",
	    up->name, addr_text(AF_INET, &f.dst), rule);
	return true;
}

static void check_reply(const struct rule *r, const struct route *rt, bool look)
{
	const struct fib *fib = fib_of(AF_INET);
	struct addr dst = example(AF_INET, r, rt, NULL);
	size_t i, j, n;

	if (check_replies(r, rt, &dst, look))
		return;
	/* What is true of one route by a device is true of the others, as a rule: there
	 * may be a million of them.
	 */
	for (i = 0; i < world.n_links; i++) {
		if (!is_strict(&world.links[i]))
			continue;
		for (j = n = 0; j < fib->n_routes && n < 4; j++) {
			const struct route *o = &fib->routes[j];

			if (o->type != RTN_UNICAST || o->table == RT_TABLE_LOCAL || !o->n_nh ||
			    o->nh[0].oif != world.links[i].index || o->plen <= rt->plen || o->plen <= r->dst_len ||
			    !in_prefix(&o->dst, &rt->dst, rt->plen) ||
			    !in_prefix(&o->dst, &r->dst, r->dst_len))
				continue;
			dst = example(AF_INET, r, rt, o);
			if (check_replies(r, rt, &dst, look))
				return;
			n++;
		}
	}
}

/* What is true of one route into the hole is true of the others, as a rule; there may be a table full of them, and each
 * is asked of all rules and all routes.
 */
static void check_loops(int family, bool look)
{
	const struct fib *fib = fib_of(family);
	unsigned int n = 0, left = 0;
	size_t i, j;

	for (i = 0; i < fib->n_rules; i++) {
		if (fib->rules[i].action != FR_ACT_TO_TBL || fib->rules[i].table == RT_TABLE_LOCAL)
			continue;
		for (j = 0; j < fib->n_routes; j++) {
			if (fib->routes[j].table != fib->rules[i].table || !hole_of(family, &fib->routes[j]))
				continue;
			if (n == MAX_LOOPS) {
				left++;
				continue;
			}
			n++;
			check_loop(family, &fib->rules[i], &fib->routes[j], look);
			if (family == AF_INET)
				check_reply(&fib->rules[i], &fib->routes[j], look);
		}
	}
	if (left)
		say(NOTE, "loop", NULL, "IPv%d: %u routes into the hole were looked at, and %u not", family == AF_INET ? 4 : 6, n, left);
}

struct seen {
	int family;
	unsigned int unhole, allow_local, reset_ct, input_lo;
	unsigned int input_perhaps;
	bool offload_perhaps;
	bool masq_lo, masq_lo_some, masq_other, masq_perhaps, snat, guard;
	char masq_lo_where[256], masq_where[256], masq_perhaps_where[256], input_where[256];
	char offload_where[256], offload_dev[IF_NAMESIZE];
	struct marks marks, reply_marks;
	char redirect_where[256], redirect_dev[IF_NAMESIZE];	/* what it meets is lost */
};

static void say_where(char *to, size_t len, const char *where, const char *dev, uint32_t flags)
{
	snprintf(to, len, "%s%s%s", where, flags & FOUND_PERHAPS ? ", -o one of a set" : !*dev ? "" :
		 flags & FOUND_NOT ? ", ! -o " : ", -o ", flags & FOUND_PERHAPS ? "" : dev);
}

/* An nvi device that the rule is for */
static bool takes_nvi(const char *dev, uint32_t flags)
{
	size_t i;

	for (i = 0; i < world.n_links; i++)
		if (is_nvi(&world.links[i]) && found_takes(dev, flags, world.links[i].name) == YES)
			return true;
	return false;
}

static bool takes_hole(const char *dev, uint32_t flags)
{
	return found_takes(dev, flags, "lo") == YES || takes_nvi(dev, flags);
}

static void on_masquerade(struct seen *s, const char *where, const char *dev, uint32_t flags)
{
	if (flags & FOUND_PERHAPS) {
		s->masq_perhaps = true;
		say_where(s->masq_perhaps_where, sizeof(s->masq_perhaps_where), where, dev, flags);
	} else if (found_takes(dev, flags, "lo") == YES) {
		s->snat = true;
		if (flags & FOUND_BEHIND)
			return;
		say_where(s->masq_lo_where, sizeof(s->masq_lo_where), where, dev, flags);
		/* As Docker's, ! -o docker0 -s 172.17.0.0/16: it is not about the hole */
		if (flags & FOUND_SOME && (!*dev || flags & FOUND_NOT))
			s->masq_lo_some = true;
		else
			s->masq_lo = true;
	} else if (takes_nvi(dev, flags)) {
		/* Takes an address that the driver keeps */
		s->snat = true;
	} else if (!s->masq_other) {
		s->masq_other = true;
		say_where(s->masq_where, sizeof(s->masq_where), where, dev, flags);
	}
}

/* What a flow takes that comes in by the uplink goes from NIC to NIC; what comes in by
 * a device whose packets go through the hole does not.
 */
static void on_offload(struct seen *s, const char *where, const char *dev, uint32_t flags)
{
	const struct link *l = link_by_name(dev);

	if (flags == 0 && l && l->index != world.lo && !is_nvi(l) && !leads_in(AF_INET, dev) && !leads_in(AF_INET6, dev)) {
		snprintf(s->offload_dev, sizeof(s->offload_dev), "%s", dev);
		return;
	}
	if (!s->offload_where[0] || !(flags & FOUND_PERHAPS))
		snprintf(s->offload_where, sizeof(s->offload_where), "%s%s%s", where, *dev ? ", iifname " : "", dev);
	s->offload_perhaps = flags & FOUND_PERHAPS;
}

/* route_localnet of lo; with the patches it does not count */
static bool loopback_taken(void)
{
	return core_patched(NULL) == NO && (conf(AF_INET, "lo", "route_localnet") == 1 || conf(AF_INET, "all", "route_localnet") == 1);
}

/* Behind the hole, a rule of NAT that leads where nothing is delivered: to loopback's own addresses; or of
 * an nvi device that has no address, nowhere.
 */
static void on_redirect(struct seen *s, bool redirect, const char *where, const char *dev, uint32_t flags)
{
	const struct link *l = flags ? NULL : link_by_name(dev);
	bool lo = l && l->flags & IFF_LOOPBACK;
	struct addr first;

	if (!l || s->redirect_where[0] || (!lo && !is_nvi(l)))
		return;
	if (lo ? s->family == AF_INET6 || loopback_taken() : redirect && first_addr(s->family, dev, &first))
		return;
	snprintf(s->redirect_where, sizeof(s->redirect_where), "%s", where);
	snprintf(s->redirect_dev, sizeof(s->redirect_dev), "%s", lo || !redirect ? "" : dev);
}

static void say_redirect(const struct seen *s)
{
	char fix[TEXT];
	struct addr own;

	if (!s->redirect_dev[0]) {
		say(BAD, "redirect", fix_redirect(s->family, s->redirect_where, fix, sizeof(fix)),
		    "what comes out of the hole and meets %s is led to an address of loopback, where it is not delivered: it is lost",
		    s->redirect_where);
		return;
	}
	if (box_addr(s->family, &own))
		snprintf(fix, sizeof(fix), "ip addr add %s/%d dev %s", addr_text(s->family, &own), s->family == AF_INET ? 32 : 128,
			 s->redirect_dev);
	say(BAD, "redirect", box_addr(s->family, &own) ? fix : NULL,
	    "REDIRECT (%s) takes an address of %s, which has none: it drops what it meets", s->redirect_where, s->redirect_dev);
}

static void add_mark(struct marks *to, uint32_t mark)
{
	if (to->n < ARRAY_SIZE(to->mark))
		to->mark[to->n++] = mark;
}

static void on_found(enum finding what, const char *where, const char *dev, uint32_t flags, void *arg)
{
	struct seen *s = arg;

	switch (what) {
	case FOUND_UNHOLE:
		s->unhole++;
		s->allow_local += !!(flags & XT_UNHOLE_ALLOW_LOCAL);
		s->reset_ct += !!(flags & (XT_UNHOLE_RESET_CT | XT_UNHOLE_NOTRACK));
		break;
	case FOUND_MASQUERADE:
		on_masquerade(s, where, dev, flags);
		break;
	case FOUND_SNAT:
		s->snat = s->snat || takes_hole(dev, flags);
		break;
	case FOUND_INPUT_GUARD:
		s->guard = true;
		break;
	case FOUND_TOO_MANY:
		say(NOTE, "rules", NULL, "IPv%d: %s leads through more rules than are followed: what stands behind the first %u is not looked at",
		    s->family == AF_INET ? 4 : 6, where, flags);
		break;
	case FOUND_INPUT_LO:
		/* That is certain counts more */
		if (!s->input_lo)
			snprintf(s->input_where, sizeof(s->input_where), "%s", where);
		if (flags & FOUND_PERHAPS)
			s->input_perhaps++;
		else
			s->input_lo++;
		break;
	case FOUND_OFFLOAD:
		on_offload(s, where, dev, flags);
		break;
	case FOUND_MARK:
		add_mark(&s->marks, flags);
		break;
	case FOUND_REPLY_MARK:
		add_mark(&s->reply_marks, flags);
		break;
	case FOUND_REDIRECT:
	case FOUND_TO_LO:
		on_redirect(s, what == FOUND_REDIRECT, where, dev, flags);
		break;
	}
}

/* inet_select_addr() takes a global address of lo if there is one. */
static bool lo_has_global(int family)
{
	static const struct addr v6lo = { .b = { [15] = 1 } };
	size_t i;

	for (i = 0; i < world.n_addrs; i++)
		if (world.addrs[i].family == family && world.addrs[i].index == world.lo &&
		    !(family == AF_INET ? world.addrs[i].a.b[0] == 127 :
		      memcmp(&world.addrs[i].a, &v6lo, sizeof(v6lo)) == 0))
			return true;
	return false;
}

bool has_mark(const struct marks *set, const struct rule *r)
{
	unsigned int i;

	for (i = 0; i < set->n; i++)
		if (((set->mark[i] ^ r->mark) & r->mask) == 0)
			return true;
	return false;
}

/* Each rule that leads into the hole wants a mark that replies have, and nothing else: no NAT
 * is bound there.
 */
static bool only_replies_enter(const struct seen *s)
{
	const struct fib *fib = fib_of(s->family);
	size_t i;

	/* There may be more than were kept */
	if (s->marks.n == ARRAY_SIZE(s->marks.mark))
		return false;
	for (i = 0; i < fib->n_rules; i++) {
		const struct rule *r = &fib->rules[i];

		/* (Its table may be long.) */
		if ((!r->mask || has_mark(&s->marks, r) || !has_mark(&s->reply_marks, r)) && rule_leads_in(s->family, r))
			return false;
	}
	return true;
}

static void check_masquerade(const struct seen *s, const unsigned int *holes)
{
	const char *ipt = s->family == AF_INET ? "iptables" : "ip6tables";
	struct untranslated u;
	char fix[TEXT];

	if ((s->masq_lo || s->masq_lo_some) && (holes[HOLE_LO] || s->unhole) && !lo_has_global(s->family))
		say(s->masq_lo ? WARN : NOTE, "masquerade-lo", s->family == AF_INET ?
		    "ip addr add ADDRESS/32 dev lo  # or SNAT --to-source" :
		    "ip -6 addr add ADDRESS/128 dev lo  # or SNAT --to-source",
		    "IPv%d: MASQUERADE at -o lo (%s) takes some other device's address, for lo has none",
		    s->family == AF_INET ? 4 : 6, s->masq_lo_where);
	if (((!holes[HOLE_LO] || s->reset_ct >= s->unhole) && !holes[HOLE_NVI]) || only_replies_enter(s))
		return;
	if (s->masq_other && s->snat && s->family == AF_INET && find_untranslated(&s->marks, &u)) {
		snprintf(fix, sizeof(fix), "%s -t nat -A POSTROUTING -o %s -s %s/%d -j SNAT --to-source %s", ipt, dev_name(u.hole),
			 addr_text(AF_INET, &u.client), u.plen, addr_text(AF_INET, &u.to));
		say(WARN, "masquerade-uplink", fix,
		    "MASQUERADE (%s) never sees connections that go through the hole, and no NAT at %s is for %s: it leaves with its private source",
		    s->masq_where, dev_name(u.hole), addr_text(AF_INET, &u.client));
	} else if (s->masq_other) {
		snprintf(fix, sizeof(fix), "%s -t nat -I POSTROUTING -o %s -s PRIVATE -j SNAT --to-source ADDRESS", ipt,
			 holes[HOLE_NVI] ? "NVI" : "lo");
		/* Where NAT is done at the hole, this one is for the others */
		say(s->snat ? NOTE : WARN, "masquerade-uplink", s->snat ? NULL : fix,
		    "MASQUERADE (%s) never sees connections that go through the hole: their NAT is bound where they enter it",
		    s->masq_where);
	} else if (s->masq_perhaps) {
		say(NOTE, "masquerade-uplink", NULL,
		    "MASQUERADE (%s): if that is an uplink, it never sees connections that go through the hole",
		    s->masq_perhaps_where);
	}
}

static void check_rules(int family, const unsigned int *holes)
{
	const char *ipt = family == AF_INET ? "iptables" : "ip6tables";
	struct seen s = { .family = family };
	const struct route *stays;
	char fix[TEXT], route[200];

	rules_scan(family, on_found, &s);
	stays = holes[HOLE_LO] && s.unhole ? never_unholed(family) : NULL;
	/* The first of its chain: behind one that accepts, it would not be met */
	snprintf(fix, sizeof(fix), "%s -t raw -I PREROUTING -i lo -j UNHOLE", ipt);
	if (holes[HOLE_LO] && !s.unhole) {
		say(BAD, "no-rule", fix, "IPv%d: routes lead into the hole, and no rule leads out", family == AF_INET ? 4 : 6);
	} else if (stays) {
		say(BAD, "no-rule", fix, "IPv%d: the route \"%s\" leads into the hole, and what comes in by lo there meets no UNHOLE rule (of %u)",
		    family == AF_INET ? 4 : 6, describe_route(family, stays, route, sizeof(route)), s.unhole);
	} else if (s.unhole) {
		say(OK, "rule", NULL, "IPv%d: %u UNHOLE rule%s", family == AF_INET ? 4 : 6, s.unhole,
		    s.unhole > 1 ? "s" : "");
	}
	if (family == AF_INET)
		check_uplinks(&s.marks);
	if (!holes[HOLE_LO] && !holes[HOLE_NVI] && !s.unhole)
		return;
	check_masquerade(&s, holes);
	check_forward(family, &s.marks, &s.reply_marks);
	if ((s.input_lo || s.input_perhaps) && !s.guard && s.allow_local && outside_may_be_let_in(family)) {
		snprintf(fix, sizeof(fix), "%s -I INPUT -i lo -m addrtype ! --src-type LOCAL -j DROP", ipt);
		say(s.input_lo ? WARN : NOTE, "input-lo", fix, "INPUT%s accepts all that comes in by lo (%s), unholed outside traffic too",
		    s.input_lo ? "" : ", perhaps,", s.input_where);
	}
	if (s.redirect_where[0])
		say_redirect(&s);
	if (s.offload_where[0])
		say(s.offload_perhaps ? NOTE : WARN, "flowtable", "nft ... iifname UPLINK flow add @TABLE    # and nothing else",
		    "IPv%d: what is put into a flow table (%s) crosses neither PREROUTING nor the second lookup%s",
		    family == AF_INET ? 4 : 6, s.offload_where, s.offload_perhaps ? ": is it of an uplink alone?" : "");
	else if (s.offload_dev[0])
		say(NOTE, "flowtable", NULL, "IPv%d: connections whose replies come in by %s leave by it, once they are in the flow table",
		    family == AF_INET ? 4 : 6, s.offload_dev);
}

int doctor(bool json, bool color)
{
	static const int families[] = { AF_INET, AF_INET6 };
	unsigned int holes[2][N_HOLES] = { 0 }, lo, nvi;
	enum tri core;
	bool blind = false;
	int err[2];
	size_t i;

	as_json = json;
	in_color = color;
	if (json)
		printf("{\"findings\":[");
	for (i = 0; i < 2; i++)
		count_holes(families[i], holes[i]);
	lo = holes[0][HOLE_LO] + holes[1][HOLE_LO];
	nvi = holes[0][HOLE_NVI] + holes[1][HOLE_NVI];
	core = check_kernel();
	/* Who has nvi alone needs no target */
	if (lo || !nvi) {
		check_module();
		check_plugin();
	}
	if (!nvi)
		not_compiled("nvi-module", WARN, "nvi", "unhole-nvi");
	say(OK, "holes", NULL, "routes that lead into the hole: %u of IPv4, %u of IPv6",
	    holes[0][HOLE_LO] + holes[0][HOLE_NVI], holes[1][HOLE_LO] + holes[1][HOLE_NVI]);
	for (i = 0; i < 2; i++)
		err[i] = rules_read(families[i]);
	check_devices();
	check_rejects();
	for (i = 0; i < 2; i++) {
		if (err[i] && !blind) {
			say(WARN, "rules", NULL, "the rules cannot be read (%s)", strerror(-err[i]));
			blind = true;
		}
		check_bpf(families[i]);
		check_sysctls(families[i], core, holes[i]);
		check_ways(families[i]);
		if (holes[i][HOLE_LO] || holes[i][HOLE_NVI])
			check_loops(families[i], !err[i]);
		if (!err[i])
			check_rules(families[i], holes[i]);
	}
	if (!blind)
		check_recipes();
	say_what_is_not_looked_at();
	if (json)
		printf("],\"wrong\":%u}\n", n_wrong);
	return blind ? EXIT_UNKNOWN : n_wrong ? EXIT_STAYS : EXIT_LEAVES;
}
