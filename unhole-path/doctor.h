/* SPDX-License-Identifier: GPL-2.0-only */
/* The whole box (doctor.c). */
#ifndef UNHOLE_DOCTOR_H
#define UNHOLE_DOCTOR_H

#include "util.h"

int doctor(bool json, bool color);

#endif
