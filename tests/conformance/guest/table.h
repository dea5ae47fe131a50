/* SPDX-License-Identifier: MIT */
/*
 * What guest_runner.py hands to the player as a multiboot module: steps of all cases, one after the other, verb END
 * last. The player judges nothing. For each step it makes one STEP_END record: verb, what it saw, the step's place.
 */
#ifndef MPULAB_CONFORMANCE_TABLE_H
#define MPULAB_CONFORMANCE_TABLE_H

#include <stdint.h>

enum table_verb {
    TABLE_END = 0,
    TABLE_CASE = 1,        /* the card loses its power, and has it again at the case's time 0 */
    TABLE_DATA = 2,        /* value */
    TABLE_COMMAND = 3,     /* value */
    TABLE_SEND = 4,        /* value; sees 1 when DRR never was 0 within a second */
    TABLE_READ_DATA = 5,   /* sees the byte */
    TABLE_READ_STATUS = 6, /* sees the byte */
    TABLE_RUN = 7,         /* time_ns */
    TABLE_MARKER = 8,      /* time_ns: its number */
    TABLE_IRQ = 9,         /* sees the level */
    TABLE_EDGES = 10,      /* sees how many interrupts it took since the last one */
    TABLE_LOG = 11,        /* a place in the log: what the wire and the FIFOs did until here */
    TABLE_AWAIT = 12,      /* value, mask, time_ns (every), limit_ns; sees the last STATUS */
    TABLE_NEVER = 13,      /* the same */
    TABLE_POWER_ON = 14,   /* the machine is reset */
    TABLE_POWER = 15,      /* value: D-state */
};

struct table_step {
    uint8_t verb, value, mask, reserved;
    uint32_t reserved2;
    uint64_t time_ns;
    uint64_t limit_ns;
};

#endif /* MPULAB_CONFORMANCE_TABLE_H */
