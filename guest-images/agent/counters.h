/* SPDX-License-Identifier: MIT */
/*
 * "mpulab counters": what a MIDI driver counts about its device, as a KS property that any driver may offer on its
 * filter, and that the bench asks for at the end of a run. No driver has to; one that does says so in documented KS
 * terms only.
 *
 *   set 40CEAA8A-7FB5-4305-ACB9-60EA1F09EC66, id 1, GET and BASICSUPPORT, filter handle, no instance data
 *
 * The value is one mpulab_counters. It begins with its size as the driver knows it and a version; a later version only
 * appends, so a reader takes what both know. The driver answers
 *
 *   no room                    STATUS_BUFFER_OVERFLOW, and the size
 *   less room than its size    STATUS_BUFFER_TOO_SMALL
 *   SET                        what the port answers for a property that has none
 *
 * Counters begin at 0 with IRP_MN_START_DEVICE and wrap. MPULAB_COUNTER_NONE stands for "not counted by this driver"; a
 * counter that comes by that number shows 0.
 */
#ifndef MPULAB_COUNTERS_H
#define MPULAB_COUNTERS_H

#include <stdint.h>

#define MPULAB_COUNTERS_SET                                                                                            \
    {                                                                                                                  \
        0x40ceaa8a, 0x7fb5, 0x4305, {                                                                                  \
            0xac, 0xb9, 0x60, 0xea, 0x1f, 0x09, 0xec, 0x66                                                             \
        }                                                                                                              \
    }
#define MPULAB_COUNTERS_ID 1u
#define MPULAB_COUNTERS_VERSION 1u
#define MPULAB_COUNTER_NONE 0xffffffffu

typedef struct mpulab_counters {
    uint32_t size;
    uint32_t version;
#define MPULAB_COUNTER(name, text) uint32_t name;
#include "counters.def"
#undef MPULAB_COUNTER
} mpulab_counters;

#endif /* MPULAB_COUNTERS_H */
