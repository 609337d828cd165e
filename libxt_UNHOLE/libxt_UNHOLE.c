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

static void unhole_help(void)
{
	puts("UNHOLE target: no options\n"
	     "  In PREROUTING of the raw and mangle tables, with -i lo: a packet that was\n"
	     "  routed into loopback loses that route and is routed again.");
}

/* No options yet: an empty table makes libxtables name an unknown one. */
static const struct xt_option_entry unhole_opts[] = {
	XTOPT_TABLEEND,
};

/* Nothing to print or save, but iptables-legacy-save wants to be told so. */
static void unhole_save(const void *ip, const struct xt_entry_target *target)
{
	(void)ip;
	(void)target;
}

static struct xtables_target unhole_reg = {
	.name		= "UNHOLE",
	.revision	= 0,
	.version	= XTABLES_VERSION,
	.family		= NFPROTO_UNSPEC,
	.size		= XT_ALIGN(sizeof(struct xt_unhole_tginfo)),
	.userspacesize	= XT_ALIGN(sizeof(struct xt_unhole_tginfo)),
	.help		= unhole_help,
	.save		= unhole_save,
	.x6_parse	= xtables_option_parse,
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
