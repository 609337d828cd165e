/* SPDX-License-Identifier: GPL-2.0-only */
/* The names of the kernel's functions (symbols.c). */
#ifndef UNHOLE_SYMBOLS_H
#define UNHOLE_SYMBOLS_H

#include "util.h"

/* The function that each address is in, "" for address 0, the number where it has no name. */
void symbols(const uint64_t *at, char (*name)[64], size_t n);

#endif
