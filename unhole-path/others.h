/* SPDX-License-Identifier: GPL-2.0-only */
/* What decides about packets on this box, and is not looked at (others.c). */
#ifndef UNHOLE_OTHERS_H
#define UNHOLE_OTHERS_H

#include <stddef.h>

/* doctor's last line */
void say_what_is_not_looked_at(void);
/* What of it a packet may meet that crosses these devices, as a list; "" if nothing */
void not_looked_at(const int *dev, size_t n, char *text, size_t room);

#endif
