// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints how many kHz this machine's time stamp counter has. An emulated CPU's is
 * the same one, and a guest that counts it itself, against an emulated timer on a
 * busy host, may be wrong by a factor of 20.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

struct point {
	uint64_t tsc, ns, width;
};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return t.tv_sec * UINT64_C(1000000000) + t.tv_nsec;
}

/* The closest of some pairs: an interruption between the two is not among them. */
static struct point point(void)
{
	struct point best = { .width = UINT64_MAX };

	for (int i = 0; i < 1000; i++) {
		uint64_t from = now();
		uint64_t tsc = __rdtsc();
		uint64_t to = now();

		if (to - from < best.width)
			best = (struct point){ tsc, from, to - from };
	}
	return best;
}

int main(void)
{
	struct timespec pause = { .tv_nsec = 50000000 };
	struct point a = point(), b;

	nanosleep(&pause, NULL);
	b = point();
	printf("%" PRIu64 "\n", (b.tsc - a.tsc) * 1000000 / (b.ns - a.ns));
	return 0;
}
