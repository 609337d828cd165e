// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults to order, for the tests of the harness: insmod plant.ko fault=warn.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/module.h>
#include <linux/slab.h>

static char *fault = "";
module_param(fault, charp, 0444);
MODULE_PARM_DESC(fault, "panic, warn or leak");

MODULE_DESCRIPTION("Plants a fault for the harness to find");
MODULE_LICENSE("GPL");

static int __init plant_init(void)
{
	int i;

	if (!strcmp(fault, "panic"))
		panic("planted");
	if (!strcmp(fault, "warn"))
		WARN(1, "planted\n");
	if (!strcmp(fault, "leak")) {
		/* Several, since a stale pointer on a stack may hide one */
		for (i = 0; i < 16; i++)
			if (!kmalloc(1000 + i, GFP_KERNEL))
				return -ENOMEM;
	}
	return 0;
}

static void __exit plant_exit(void)
{
}

module_init(plant_init);
module_exit(plant_exit);
