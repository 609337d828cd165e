// SPDX-License-Identifier: GPL-2.0-only
/* Small things: memory, addresses. */
#include "util.h"
#include <stdlib.h>
#include <string.h>

void *must_have(void *memory)
{
	if (!memory) {
		fprintf(stderr, "unhole-path: out of memory\n");
		exit(EXIT_UNKNOWN);
	}
	return memory;
}

void *one_more(void *array, size_t *n, size_t size)
{
	void **p = array;

	if ((*n & (*n - 1)) == 0) {	/* 0 and powers of two */
		size_t room = *n ? *n * 2 : 1;
		void *q = realloc(*p, room * size);

		*p = must_have(q);
	}
	memset((char *)*p + *n * size, 0, size);
	return (char *)*p + (*n)++ * size;
}

const char *printable(char *to, size_t room, const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len && i < room - 1 && s[i]; i++)
		to[i] = s[i] > 0x20 && s[i] < 0x7f ? s[i] : '?';
	to[i] = 0;
	return to;
}

const char *line_text(const char *s)
{
	static char buf[4][2048];
	static unsigned int n;
	char *to = buf[n++ % ARRAY_SIZE(buf)];
	size_t i;

	for (i = 0; i < sizeof(buf[0]) - 1 && s[i]; i++)
		to[i] = s[i] >= 0x20 && s[i] < 0x7f ? s[i] : '?';
	to[i] = 0;
	return to;
}

/* One of a few buffers, so that several fit into one printf(). */
const char *addr_text(int family, const struct addr *a)
{
	static char buf[8][INET6_ADDRSTRLEN];
	static unsigned int n;
	char *to = buf[n++ % ARRAY_SIZE(buf)];

	if (!inet_ntop(family == AF_INET6 ? AF_INET6 : AF_INET, a, to, INET6_ADDRSTRLEN))
		snprintf(to, INET6_ADDRSTRLEN, "?");
	return to;
}

bool in_prefix(const struct addr *a, const struct addr *p, int plen)
{
	int bytes = plen / 8, bits = plen % 8;

	if (memcmp(a, p, bytes) != 0)
		return false;
	return !bits || !((a->b[bytes] ^ p->b[bytes]) & (0xff << (8 - bits)));
}

bool is_private(int family, const struct addr *a)
{
	const uint8_t *b = a->b;

	if (family == AF_INET6)
		return (b[0] & 0xfe) == 0xfc;
	return b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168) ||
	       (b[0] == 100 && (b[1] & 0xc0) == 64);
}
