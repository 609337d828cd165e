/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of routing tables and of realms, as ip(8) has them (names.c). */
#ifndef UNHOLE_NAMES_H
#define UNHOLE_NAMES_H

#include <stddef.h>
#include <stdint.h>

/* NULL: it has none */
const char *table_name(uint32_t id);
/* Its name, or its number. Good until the fourth call after. */
const char *table_text(uint32_t id);
/* Of a rule or a route: one realm, or the source's and the destination's */
const char *realms_text(uint32_t flow, char *buf, size_t len);
void names_free(void);

#endif
