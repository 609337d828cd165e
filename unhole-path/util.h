/* SPDX-License-Identifier: GPL-2.0-only */
/* Small things: what is not known, memory, addresses (util.c). */
#ifndef UNHOLE_UTIL_H
#define UNHOLE_UTIL_H

/* libc's own before the kernel's, which then leave out what is there */
#include <arpa/inet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

/* IFF_LOWER_UP, which libc's header does not have */
#define LOWER_UP 0x10000

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* A rule's place, as text */
#define WHERE 200

/* An address of either family, in network order; IPv4 uses the first 4 bytes. */
struct addr {
	uint8_t b[16];
};

/* Yes, no, and what cannot be known. */
enum tri { NO, YES, MAYBE };

enum { EXIT_LEAVES, EXIT_STAYS, EXIT_USAGE, EXIT_UNKNOWN };

/* Both; or the other way round */
static inline enum tri both(enum tri a, enum tri b)
{
	if (a == NO || b == NO)
		return NO;
	return a == MAYBE || b == MAYBE ? MAYBE : YES;
}

static inline enum tri invert(enum tri a, bool really)
{
	return a == MAYBE || !really ? a : a == YES ? NO : YES;
}

/* Memory that could not be had ends the program. */
void *must_have(void *memory);
/* Room for one more in an array, which may move; zeroed, and counted. */
void *one_more(void *array, size_t *n, size_t size);

/* Text of somebody else's, up to its end or len bytes of it: what is not to be printed is '?'. */
const char *printable(char *to, size_t room, const char *s, size_t len);
/* The same, and it may have spaces: a line for people, whom no terminal shall fool. One of a few buffers. */
const char *line_text(const char *s);
const char *addr_text(int family, const struct addr *a);
bool in_prefix(const struct addr *a, const struct addr *p, int plen);
/* RFC 1918, 6598, 4193 */
bool is_private(int family, const struct addr *a);

#endif
