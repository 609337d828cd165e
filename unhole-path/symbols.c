// SPDX-License-Identifier: GPL-2.0-only
/* The names of the kernel's functions: /proc/kallsyms, read once for all that is asked. */
#include "symbols.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* No function is larger; what is further away is no part of it */
#define MAX_FUNCTION (1 << 20)

void symbols(const uint64_t *at, char (*name)[64], size_t n)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	uint64_t *best = must_have(calloc(n, sizeof(*best)));
	char line[600], *at_type;
	uint64_t start;
	size_t i;

	for (i = 0; i < n; i++)
		snprintf(name[i], 64, at[i] ? "0x%" PRIx64 : "", at[i]);
	while (f && fgets(line, sizeof(line), f)) {
		/* "ADDRESS TYPE NAME"; of types, a function's only */
		start = strtoull(line, &at_type, 16);
		if (!start || strlen(at_type) < 4 || !strchr("tTwW", at_type[1]))
			continue;
		for (i = 0; i < n; i++) {
			if (start > at[i] || start < best[i] || at[i] - start > MAX_FUNCTION)
				continue;
			best[i] = start;
			snprintf(name[i], 64, "%.*s", (int)strcspn(at_type + 3, " \t\n"), at_type + 3);
		}
	}
	if (f)
		fclose(f);
	free(best);
}
