/* SPDX-License-Identifier: MIT */
/*
 * The plan: everything the harness hands to a machine before its first instruction, as one file ("plan=FILE" of the
 * probe, settable again after a restore). A header, then a table of sections, then their bytes, each section at a
 * multiple of 8. The probe checks the whole of it before the machine starts and refuses it by name; the guest reads
 * SCORE, OPTIONS and CHOICES through the probe's ports, CUES go to the card whose number stands in `unit`.
 *
 * MACHINE is not in the file: the probe makes it from the devices that are really there, so that no port or IRQ number
 * has to be written down twice. Nor is SEED, which the guest reads where it draws lots.
 */
#ifndef MPULAB_PLAN_H
#define MPULAB_PLAN_H

#include <stdint.h>

#define MPULAB_PLAN_MAGIC "MPLBPLAN"
#define MPULAB_PLAN_VERSION 2u
#define MPULAB_PLAN_MAX_BYTES (16u << 20)
#define MPULAB_PLAN_MAX_SECTIONS 64u

#define MPULAB_SECTION_MACHINE 0x4843414du /* "MACH": mpulab_machine_device[] */
#define MPULAB_SECTION_SCORE 0x524f4353u   /* "SCOR": guest-images/agent/score.h */
#define MPULAB_SECTION_OPTIONS 0x5354504fu /* "OPTS": mpulab_guest_options */
#define MPULAB_SECTION_CUES 0x53455543u    /* "CUES": mpulab_cues_header, mpulab_cue[], bytes */
#define MPULAB_SECTION_CHOICES 0x494f4843u /* "CHOI": mpulab_choice[] */
#define MPULAB_SECTION_SEED 0x44454553u    /* "SEED": the header's seed, 8 bytes */

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
    char hardware_id[16]; /* "PNPB006", PCI: "pci1234,4d50"; zero-padded */
    uint32_t unit;        /* the card's number on the link */
    uint32_t port_base;   /* PCI: this and the next three are 0, 0, MPULAB_IRQ_NONE, 0: firmware deals them out */
    uint32_t port_length;
    uint32_t irq;       /* ISA line; MPULAB_IRQ_NONE = the device has none */
    uint32_t irq_flags; /* MPULAB_IRQ_* */
    uint32_t bus;       /* MPULAB_BUS_* */
    uint32_t address;   /* PCI: bus << 8 | device << 3 | function; else 0 */
    uint32_t reserved;  /* 0 */
} mpulab_machine_device;

#define MPULAB_BUS_ISA 0u
#define MPULAB_BUS_PCI 1u /* what the device has been given stands in its configuration space */

#define MPULAB_IRQ_NONE 0xffffffffu
#define MPULAB_IRQ_LATCHED 0x1u /* edge-triggered, active high (ISA); without it level-triggered */

typedef struct mpulab_guest_options {
    uint32_t flags;         /* MPULAB_OPTION_* */
    uint32_t windows_build; /* of a profile in nanont_profiles.def; 0 = 19045 */
    uint32_t dpc_delay_us;  /* how late each DPC of a driver, portcls and ks comes, at least; 0 = not */
    uint32_t rules_off[3];  /* bit n: rule Vn of nanont_rules.def is off; 0 = all are on */
    uint32_t reserved[2];
} mpulab_guest_options;

#define MPULAB_MAX_DPC_DELAY_US 1000000u

#define MPULAB_OPTION_HOLD_BEFORE_DRIVER_ENTRY 0x1u

/* Where Windows is undocumented nanont takes one of several answers: guest-images/nanont/include/nanont_choices.def.
 * What is not forced here is drawn: SplitMix64(seed ^ number) % alternatives. */
typedef struct mpulab_choice {
    uint32_t number;      /* of the choice; none twice */
    uint32_t alternative; /* 0 = the first */
} mpulab_choice;

#define MPULAB_PLAN_MAX_CHOICES 256u

/* Cues: what a card does by itself, once or several times. The section is a header, the table of cues, and then the
 * bytes that INJECT sends. core/CUES.md explains triggers and actions; the two .def files list them with the bounds of
 * their fields. The card checks all of it before the machine starts. */
#define MPULAB_CUES_MAGIC "MPLBCUES"
#define MPULAB_CUES_VERSION 1u
#define MPULAB_CUES_MAX_FIRINGS (1u << 20) /* of all cues of a card together */

typedef struct mpulab_cues_header {
    uint8_t magic[8];
    uint32_t version;
    uint32_t size; /* of the whole section in bytes */
    uint32_t cue_count;
    uint32_t reserved; /* 0 */
    uint64_t seed;     /* every jitter is drawn from it */
} mpulab_cues_header;

typedef struct mpulab_cue {
    uint32_t trigger;   /* mpulab_cue_trigger */
    uint32_t argument;  /* of the trigger */
    uint32_t first;     /* it fires when the trigger happens for this time: 1 = the first; TIME: 1 */
    uint32_t firings;   /* how often it fires at most: 1 to 1,000,000 */
    uint64_t every;     /* more than one firing: then every n-th time; TIME: ns from one to the next, 1000 to an hour */
    uint64_t delay_ns;  /* from the trigger to the action, at most a year */
    uint64_t jitter_ns; /* and up to so much more, drawn for each firing; at most an hour */
    uint32_t action;    /* mpulab_cue_action */
    uint32_t count;     /* of the action */
    uint64_t time_ns;   /* of the action */
    uint32_t value;     /* of the action */
    uint32_t reserved;  /* 0 */
} mpulab_cue;

enum mpulab_cue_trigger {
#define MPULAB_TRIGGER(number, NAME, name, text, argument, most) MPULAB_TRIGGER_##NAME = number,
#include "mpulab_cue_triggers.def"
#undef MPULAB_TRIGGER
};

enum mpulab_cue_action {
#define MPULAB_ACTION(number, NAME, name, text, count, count_least, count_most, time, time_least, time_most, value,    \
                      value_least, value_most)                                                                         \
    MPULAB_ACTION_##NAME = number,
#include "mpulab_cue_actions.def"
#undef MPULAB_ACTION
};

#if defined(__cplusplus)
static_assert(sizeof(mpulab_plan_header) == 32 && sizeof(mpulab_plan_section) == 16 &&
                  sizeof(mpulab_machine_device) == 48 && sizeof(mpulab_guest_options) == 32 &&
                  sizeof(mpulab_cues_header) == 32 && sizeof(mpulab_cue) == 64 && sizeof(mpulab_choice) == 8,
              "the plan's structures have one layout on every side");
#endif

#endif /* MPULAB_PLAN_H */
