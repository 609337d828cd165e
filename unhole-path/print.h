/* SPDX-License-Identifier: GPL-2.0-only */
/* The verdict, for people and for programs (print.c). */
#ifndef UNHOLE_PRINT_H
#define UNHOLE_PRINT_H

#include "decide.h"

void print_text(const struct path *p, bool explain, bool color);
void print_json(const struct path *p);
/* "leaves" and the like */
const char *verdict_name(enum verdict v);
/* The object alone, without an end of line */
void json_packet(const struct path *p);
void json_string(const char *s);
/* ,"KEY":"VALUE" */
void json_field(const char *key, const char *value);

#endif
