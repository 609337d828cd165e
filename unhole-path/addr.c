// SPDX-License-Identifier: GPL-2.0-only
/* Addresses. */
#include "util.h"
#include <string.h>

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
