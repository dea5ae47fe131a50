/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a card is in QEMU, whatever bus it sits on: the core behind a region of registers, a timer on the
 * virtual clock, a line, a place in snapshots. isa-mpu401.c and pci-mpu401.c add their bus, and nothing else.
 */
#ifndef HW_MPULAB_CARD_H
#define HW_MPULAB_CARD_H

#include "exec/memory.h"
#include "migration/vmstate.h"
#include "mpulab-midi.h"
#include "mpulab-sound.h"
#include "mpulab_core.h"
#include "plan.h"
#include "probe_core.h"
#include "qemu/queue.h"
#include "qemu/timer.h"

typedef struct MpulabCard MpulabCard;

struct MpulabCard {
    /* set by the bus before mpulab_card_realize() */
    const char* name;                               /* of the device, for messages */
    mpulab_machine_device device;                   /* unit and port_length: the card fills them in */
    void (*set_line)(MpulabCard* card, bool level); /* the line goes to the other level */

    mpulab_core* core;
    MemoryRegion io;
    bool accessed; /* a guest's access is under way: what happens has its PC */
    QEMUTimer* timer;
    int64_t armed_ns; /* what the timer is set to; MPULAB_CORE_NEVER = not at all */
    MpulabMidi midi;
    MpulabSound sound;
    QTAILQ_ENTRY(MpulabCard) next;

    /* properties: mpulab-card-properties.h */
    int32_t unit;
#define MPULAB_CHOICE(field, name, value, allowed, help) char* field;
#define MPULAB_SWITCH(field, name, value, help) bool field;
#define MPULAB_NUMBER(field, name, value, low, high, help) int32_t field;
#include "mpulab_properties.def"
#undef MPULAB_CHOICE
#undef MPULAB_SWITCH
#undef MPULAB_NUMBER

    /* snapshot */
    bool line_level;
    uint64_t line_edges;
    uint32_t state_size;
    uint8_t* state;
};

/* Makes the core, and the region `io` of `io_bytes` (0: as many as there are registers), which the bus maps. */
bool mpulab_card_realize(MpulabCard* card, Object* owner, uint64_t io_bytes, Error** errp);
void mpulab_card_unrealize(MpulabCard* card);
void mpulab_card_reset(MpulabCard* card);
/* By an instruction of the guest, D0 to D3. */
void mpulab_card_power(MpulabCard* card, uint32_t d_state);
/* What `-device NAME,help` says of the properties that all cards have. */
void mpulab_card_describe(ObjectClass* klass);

extern const VMStateDescription vmstate_mpulab_card;

#endif /* HW_MPULAB_CARD_H */
