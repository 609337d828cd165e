/* SPDX-License-Identifier: GPL-2.0-only */
/* The verdict, for people and for programs (print.c). */
#ifndef UNHOLE_PRINT_H
#define UNHOLE_PRINT_H

#include "decide.h"

void print_text(const struct path *p, bool explain, bool color);
void print_json(const struct path *p);
void json_string(const char *s);

#endif
