/* SPDX-License-Identifier: GPL-2.0-only */
/* What a real packet does, beside what was predicted (watch.c). */
#ifndef UNHOLE_WATCH_H
#define UNHOLE_WATCH_H

#include "decide.h"

#define WATCH_MAX 100	/* packets */

struct watch {
	unsigned int count, seconds;
	bool send, json;
};

/* Follows packets as in the question that p answers; returns the exit status. */
int watch(const struct path *p, const struct watch *w);

#endif
