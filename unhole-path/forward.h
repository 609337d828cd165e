/* SPDX-License-Identifier: GPL-2.0-only */
/* What FORWARD drops between a hole and another device, and the cure (forward.c). */
#ifndef UNHOLE_FORWARD_H
#define UNHOLE_FORWARD_H

#include "rules.h"

/* A packet that is dropped in FORWARD, on its way into the hole or out of it: the commands, a line each, that let all
 * pass there; or NULL, where that may be meant so. from: the device that it first came in by, or NULL.
 */
const char *forward_cure(const struct walk *w, const char *from, char *buf, size_t len);

#endif
