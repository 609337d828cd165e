// SPDX-License-Identifier: GPL-2.0-only
/* Why a lookup is refused that has a route. */
#include "refusal.h"
#include "box.h"
#include "fib.h"
#include <errno.h>
#include <linux/rtnetlink.h>

int rp_filter(const char *dev)
{
	int own = conf(AF_INET, dev, "rp_filter"), all = conf(AF_INET, "all", "rp_filter");

	return own > all ? own : all;
}

static bool accepts_local(const char *dev)
{
	return conf(AF_INET, dev, "accept_local") == 1 || conf(AF_INET, "all", "accept_local") == 1;
}

static bool has_address(int index)
{
	size_t i;

	for (i = 0; i < world.n_addrs; i++)
		if (world.addrs[i].family == AF_INET && world.addrs[i].index == index)
			return true;
	return false;
}

enum refusal why_refused(const struct flow *f, int err)
{
	const char *dev = dev_name(f->iif);
	const uint8_t *s = f->src.b;
	int rp = rp_filter(dev);
	struct flow back = {
		.family = AF_INET, .src = f->dst, .dst = f->src, .has_src = true, .proto = f->proto,
		.sport = f->dport, .dport = f->sport,
	};
	struct result res;
	unsigned int i;

	if (f->family != AF_INET)
		return OTHER_REFUSAL;
	if (err == EXDEV)
		return RP_FILTER;
	if (err == EHOSTUNREACH)
		return NO_FORWARDING;
	/* No unicast address: nothing makes the kernel take it */
	if (err != EINVAL || !s[0] || s[0] == 127 || s[0] >= 224)
		return OTHER_REFUSAL;
	if (conf(AF_INET, dev, "src_valid_mark") == 1 || conf(AF_INET, "all", "src_valid_mark") == 1)
		back.mark = f->mark;
	fib_lookup(&back, &res);
	if (!accepts_local(dev) && (addr_is_local(AF_INET, &f->src) || (!res.err && res.type == RTN_LOCAL)))
		return MARTIAN;
	if (rp <= 0 || (!res.err && res.type != RTN_UNICAST))
		return OTHER_REFUSAL;
	for (i = 0; !res.err && res.route && i < res.route->n_nh; i++)
		if (res.route->nh[i].oif == f->iif)
			return OTHER_REFUSAL;
	return rp == 1 || res.err || !has_address(f->iif) ? RP_FILTER : OTHER_REFUSAL;
}
