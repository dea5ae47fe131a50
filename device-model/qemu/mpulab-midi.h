/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is plugged into a card's two MIDI sockets: a raw byte chardev ("midi"). Off by default; it has no say in what
 * the card does but for the bytes that it sends.
 */
#ifndef HW_MPULAB_MIDI_H
#define HW_MPULAB_MIDI_H

#include "chardev/char-fe.h"
#include "migration/vmstate.h"
#include "mpulab_core.h"
#include "qemu/notify.h"

#define MPULAB_MIDI_READ_AHEAD 64       /* bytes taken from the chardev before their time on the cable */
#define MPULAB_MIDI_BACKLOG (64 * 1024) /* bytes that wait for a slow reader */

typedef struct MpulabCard MpulabCard;

typedef struct MpulabMidi {
    MpulabCard* card;
    CharBackend chr;
    Notifier exit;

    /* MIDI OUT: the byte on the wire, then those that the reader has not taken */
    QEMUTimer* out_timer;
    bool out_busy;
    uint8_t out_byte;
    int64_t out_end_ns;
    uint8_t* backlog;
    uint32_t backlog_head;
    uint32_t backlog_size;
    unsigned watch;
    uint64_t lost;    /* the backlog was full, since the last complaint */
    uint64_t unheard; /* nobody was connected */

    /* MIDI IN: the first of these is on the cable */
    QEMUTimer* in_timer;
    uint8_t in_bytes[MPULAB_MIDI_READ_AHEAD];
    uint32_t in_count;
    int64_t in_end_ns;
    bool in_waits; /* it has arrived, and the card has no room */
} MpulabMidi;

/* At realize, when the card is registered; at unrealize. */
void mpulab_midi_realize(MpulabMidi* midi, MpulabCard* card);
void mpulab_midi_unrealize(MpulabMidi* midi);

/* A byte's start bit is on MIDI OUT; its last bit will have left at end_ns. */
void mpulab_midi_wire_out(MpulabMidi* midi, uint8_t byte, int64_t end_ns);
void mpulab_midi_go_on(MpulabMidi* midi);
/* After each access and each timer: the card may have room again. */
static inline void mpulab_midi_sync(MpulabMidi* midi) {
    if (midi->in_waits) {
        mpulab_midi_go_on(midi);
    }
}

/* A field of the device's state: VMSTATE_STRUCT(midi, State, 1, vmstate_mpulab_midi, MpulabMidi). */
extern const VMStateDescription vmstate_mpulab_midi;

#define DEFINE_MPULAB_MIDI_PROPERTIES(state, field) DEFINE_PROP_CHR("midi", state, field.chr)

#endif /* HW_MPULAB_MIDI_H */
