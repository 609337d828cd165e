/* SPDX-License-Identifier: GPL-2.0-only */
/* One packet as in the question, by a socket of this program (send.c). */
#ifndef UNHOLE_SEND_H
#define UNHOLE_SEND_H

#include "decide.h"

/* Why such a packet cannot be sent from here, with the cure; or NULL. */
const char *cannot_send(const struct query *q);
/* The socket, to be closed when the packet has been seen, or a negative errno. refused: what
 * the kernel said to the packet itself, or 0; what: the step that failed.
 */
int send_one(const struct query *q, int *refused, const char **what);

#endif
