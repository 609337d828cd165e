// SPDX-License-Identifier: GPL-2.0-only
/*
 * The UNHOLE target's plug-in for iptables and ip6tables, both front ends.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xtables.h>
#include <linux/netfilter/xt_UNHOLE.h>

enum {
	O_SET_XMARK,
	O_NOTRACK,
	O_RESET_CT,
	O_ALLOW_LOCAL,
};

static void unhole_help(void)
{
	puts("UNHOLE target options:\n"
	     "  --set-xmark value[/mask]  clear the bits of mask in the packet's mark, XOR value in\n"
	     "  --notrack                 conntrack does not see the second pass\n"
	     "  --reset-ct                the second pass has a conntrack entry of its own (table raw)\n"
	     "  --allow-local             the second lookup may deliver it on this machine\n"
	     "In PREROUTING of the raw and mangle tables, with -i lo: a packet that was routed\n"
	     "into loopback loses that route and is routed again.");
}

static const struct xt_option_entry unhole_opts[] = {
	{.name = "set-xmark", .id = O_SET_XMARK, .type = XTTYPE_MARKMASK32},
	{.name = "notrack", .id = O_NOTRACK, .type = XTTYPE_NONE,
	 .excl = 1 << O_RESET_CT},
	{.name = "reset-ct", .id = O_RESET_CT, .type = XTTYPE_NONE,
	 .excl = 1 << O_NOTRACK},
	{.name = "allow-local", .id = O_ALLOW_LOCAL, .type = XTTYPE_NONE},
	XTOPT_TABLEEND,
};

static void unhole_parse(struct xt_option_call *cb)
{
	struct xt_unhole_tginfo *info = cb->data;

	xtables_option_parse(cb);
	switch (cb->entry->id) {
	case O_SET_XMARK:
		info->mark = cb->val.mark;
		info->mask = cb->val.mask;
		break;
	case O_NOTRACK:
		info->flags |= XT_UNHOLE_NOTRACK;
		break;
	case O_RESET_CT:
		info->flags |= XT_UNHOLE_RESET_CT;
		break;
	case O_ALLOW_LOCAL:
		info->flags |= XT_UNHOLE_ALLOW_LOCAL;
		break;
	}
}

/* What -L -v and iptables-save add to the rule: text that can be fed back. */
static void unhole_save(const void *ip, const struct xt_entry_target *target)
{
	const struct xt_unhole_tginfo *info = (const void *)target->data;

	(void)ip;
	if (info->mark || info->mask)
		printf(" --set-xmark 0x%x/0x%x", info->mark, info->mask);
	if (info->flags & XT_UNHOLE_NOTRACK)
		printf(" --notrack");
	if (info->flags & XT_UNHOLE_RESET_CT)
		printf(" --reset-ct");
	if (info->flags & XT_UNHOLE_ALLOW_LOCAL)
		printf(" --allow-local");
}

static void unhole_print(const void *ip, const struct xt_entry_target *target,
			 int numeric)
{
	(void)numeric;
	unhole_save(ip, target);
}

static struct xtables_target unhole_reg = {
	.name		= "UNHOLE",
	.revision	= 0,
	.version	= XTABLES_VERSION,
	.family		= NFPROTO_UNSPEC,
	.size		= XT_ALIGN(sizeof(struct xt_unhole_tginfo)),
	.userspacesize	= XT_ALIGN(sizeof(struct xt_unhole_tginfo)),
	.help		= unhole_help,
	.print		= unhole_print,
	.save		= unhole_save,
	.x6_parse	= unhole_parse,
	.x6_options	= unhole_opts,
};

/*
 * libxtables refuses a plug-in that was built for another version of it, but
 * does not say what to do. XTABLES_VERSION is the library's file name.
 */
static void unhole_check_libxtables(void)
{
	const char *file;
	Dl_info lib;

	if (!dladdr(xtables_register_target, &lib) || !lib.dli_fname)
		return;
	file = strrchr(lib.dli_fname, '/');
	file = file ? file + 1 : lib.dli_fname;
	if (strncmp(file, "libxtables.so.", strlen("libxtables.so.")) != 0)
		return; /* linked statically: leave it to libxtables */
	if (strncmp(file, XTABLES_VERSION, strlen(XTABLES_VERSION)) == 0)
		return;
	fprintf(stderr,
		"libxt_UNHOLE was built for %s, but this iptables uses %s: build it again against this iptables (make install in its sources)\n",
		XTABLES_VERSION, file);
	exit(PARAMETER_PROBLEM);
}

static void __attribute__((constructor)) unhole_init(void)
{
	unhole_check_libxtables();
	xtables_register_target(&unhole_reg);
}
