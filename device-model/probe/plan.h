/* SPDX-License-Identifier: MIT */
/*
 * The plan: everything the harness hands to a machine before its first instruction, as one file ("plan=FILE" of the
 * probe, settable again after a restore). A header, then a table of sections, then their bytes, each section at a
 * multiple of 8. The probe checks the whole of it before the machine starts and refuses it by name; the guest reads
 * SCORE and OPTIONS through the probe's ports, CUES go to the card whose number stands in `unit`.
 *
 * MACHINE is not in the file: the probe makes it from the devices that are really there, so that no port or IRQ number
 * has to be written down twice.
 */
#ifndef MPULAB_PLAN_H
#define MPULAB_PLAN_H

#include <stdint.h>

#define MPULAB_PLAN_MAGIC "MPLBPLAN"
#define MPULAB_PLAN_VERSION 1u
#define MPULAB_PLAN_MAX_BYTES (16u << 20)
#define MPULAB_PLAN_MAX_SECTIONS 64u

#define MPULAB_SECTION_MACHINE 0x4843414du /* "MACH": mpulab_machine_device[] */
#define MPULAB_SECTION_SCORE 0x524f4353u   /* "SCOR": guest-images/agent/score.h */
#define MPULAB_SECTION_OPTIONS 0x5354504fu /* "OPTS": mpulab_guest_options */
#define MPULAB_SECTION_CUES 0x53455543u    /* "CUES": mpulab_cue[] followed by their bytes */

typedef struct mpulab_plan_header {
    uint8_t magic[8];
    uint32_t version;
    uint32_t size; /* of the whole plan in bytes */
    uint32_t section_count;
    uint32_t reserved; /* 0 */
    uint64_t seed;     /* of the run; goes into RUN_STARTED and to everything that draws lots */
} mpulab_plan_header;

typedef struct mpulab_plan_section {
    uint32_t tag;
    uint32_t unit;   /* CUES: card number; else 0 */
    uint32_t offset; /* from the start of the plan, multiple of 8 */
    uint32_t size;   /* in bytes */
} mpulab_plan_section;

/* One device the guest's bus driver shall find. */
typedef struct mpulab_machine_device {
    char hardware_id[16]; /* "PNPB006", zero-padded */
    uint32_t unit;        /* the card's number on the link */
    uint32_t port_base;
    uint32_t port_length;
    uint32_t irq;       /* ISA line; MPULAB_IRQ_NONE = the device has none */
    uint32_t irq_flags; /* MPULAB_IRQ_* */
    uint32_t reserved;  /* 0 */
} mpulab_machine_device;

#define MPULAB_IRQ_NONE 0xffffffffu
#define MPULAB_IRQ_LATCHED 0x1u /* edge-triggered, active high (ISA); without it level-triggered */

typedef struct mpulab_guest_options {
    uint32_t flags; /* MPULAB_OPTION_* */
    uint32_t reserved[7];
} mpulab_guest_options;

#define MPULAB_OPTION_HOLD_BEFORE_DRIVER_ENTRY 0x1u

/* A cue: something the card does by itself; it happens once. The section is the table of cues and then their bytes:
 * the bytes of cue 0 begin where the table ends, which tells its length. */
typedef struct mpulab_cue {
    uint32_t trigger;  /* mpulab_cue_trigger */
    uint32_t argument; /* of the trigger */
    uint64_t delay_ns; /* from the trigger */
    uint32_t action;   /* mpulab_cue_action */
    uint32_t offset;   /* of its bytes, from the start of the section */
    uint32_t size;     /* number of its bytes */
    uint32_t reserved; /* 0 */
} mpulab_cue;

enum mpulab_cue_trigger {
    MPULAB_TRIGGER_TIME = 0,  /* virtual time 0 of the machine */
    MPULAB_TRIGGER_MARKER = 1 /* the score's marker `argument` */
};
enum mpulab_cue_action {
    MPULAB_ACTION_INJECT = 1 /* bytes arrive at MIDI IN, the first one's start bit not before the delay is over,
                                320 us apart, after those of earlier cues that are still arriving */
};

#if defined(__cplusplus)
static_assert(sizeof(mpulab_plan_header) == 32 && sizeof(mpulab_plan_section) == 16 &&
                  sizeof(mpulab_machine_device) == 40 && sizeof(mpulab_guest_options) == 32 && sizeof(mpulab_cue) == 32,
              "the plan's structures have one layout on every side");
#endif

#endif /* MPULAB_PLAN_H */
