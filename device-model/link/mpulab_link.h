/* SPDX-License-Identifier: MIT */
/*
 * The link: the one stream from QEMU to the harness, and, stored, the event log.
 *
 * A stream is one mpulab_link_header followed by mpulab_record after mpulab_record, all little-endian and of fixed
 * size. The sequence number has no gaps; virtual time never runs backwards; the record kinds and what each payload
 * word means stand in mpulab_link_kinds.def and nowhere else. RUN_ENDED ends a stream; a machine that is put back and
 * run again begins the next one behind it: header, then sequence number 0. Card, probe, guest and harness include this
 * file.
 */
#ifndef MPULAB_LINK_H
#define MPULAB_LINK_H

#include <stdint.h>

#define MPULAB_LINK_MAGIC "MPLBLINK" /* 8 bytes, no terminator in the stream */
#define MPULAB_LINK_VERSION 1u

typedef struct mpulab_link_header {
    uint8_t magic[8];
    uint32_t version;     /* MPULAB_LINK_VERSION; a reader refuses any other */
    uint32_t record_size; /* sizeof(mpulab_record) */
} mpulab_link_header;

typedef struct mpulab_record {
    uint64_t seq;     /* 0, 1, 2 … without a gap */
    uint64_t time_ns; /* QEMU_CLOCK_VIRTUAL */
    uint64_t corr;    /* what this record belongs to: MPULAB_CORR(); 0 = nothing */
    uint64_t pc;      /* guest PC of the instruction that caused it; 0 = no instruction did */
    uint16_t kind;    /* mpulab_link_kind */
    uint8_t cpu;      /* vCPU number; MPULAB_NO_CPU when no vCPU caused it */
    uint8_t unit;     /* number of the card; MPULAB_NO_UNIT for probe and guest */
    uint16_t count;   /* bytes used in `a`..`c` for text and data kinds, 1 for all others */
    uint8_t irql;     /* guest records: IRQL when it was made; else 0 */
    uint8_t flags;    /* MPULAB_RECORD_* */
    uint64_t a, b, c; /* payload, see mpulab_link_kinds.def */
} mpulab_record;

/* Kinds of records (mpulab_link_kinds.def): a card's begin with the one, a guest's with the other. */
#define MPULAB_FIRST_CARD_KIND 16u
#define MPULAB_FIRST_GUEST_KIND 64u

#define MPULAB_NO_CPU 0xffu
#define MPULAB_NO_UNIT 0xffu

/* AWAIT's word a; a word of the events that may be anything. */
#define MPULAB_AWAIT(unit, kind) ((uint64_t)(unit) << 8 | (uint64_t)(kind))
#define MPULAB_EVENT_ANY 0xffffffffffffffffull
#define MPULAB_RECORD_MORE 0x01u  /* text and data kinds: the next record of this kind and corr goes on */
#define MPULAB_RECORD_PAYLOAD 24u /* bytes of text or data one record holds */

/* Correlation ids: a name space in the top byte, a number that starts at 1 below it. A byte's chain is followed by
 * these numbers, never by nearness in time. */
#define MPULAB_CORR_SHIFT 56
#define MPULAB_CORR(space, number) (((uint64_t)(space) << MPULAB_CORR_SHIFT) | (uint64_t)(number))
#define MPULAB_CORR_SPACE(corr) ((uint8_t)((corr) >> MPULAB_CORR_SHIFT))
#define MPULAB_CORR_NUMBER(corr) ((corr)&0x00ffffffffffffffull)

enum mpulab_corr_space {
    MPULAB_CORR_NONE = 0,
    MPULAB_CORR_TX_BYTE = 1, /* n-th byte the host wrote to a card's DATA port: register write, wire byte out */
    MPULAB_CORR_RX_BYTE = 2, /* n-th byte that was given to the host: wire byte in (or ACK), IRQ, register read */
    MPULAB_CORR_STEP = 3,    /* score step, counted from 1 */
    MPULAB_CORR_IRP = 4,     /* n-th IRP made in the guest */
    MPULAB_CORR_STREAM = 5,  /* n-th stream (pin instance) made in the guest */
    MPULAB_CORR_OWN_BYTE = 6 /* n-th byte a card sent on MIDI OUT by itself: Stop, clocks, silence-on-reset */
};

enum mpulab_link_kind {
#define MPULAB_KIND(value, name, text, a, b, c) MPULAB_KIND_##name = value,
#include "mpulab_link_kinds.def"
#undef MPULAB_KIND
};

/* Entry points of the driver under test that nanont reports entering and leaving (CALL_ENTER, CALL_LEAVE). */
enum mpulab_callback {
#define MPULAB_CALLBACK(value, name, text) MPULAB_CALLBACK_##name = value,
#include "mpulab_callbacks.def"
#undef MPULAB_CALLBACK
};

/* Registers of a bugcheck (REGISTER). */
enum mpulab_register {
#define MPULAB_REGISTER(value, name, text) MPULAB_REGISTER_##name = value,
#include "mpulab_registers.def"
#undef MPULAB_REGISTER
};

#if defined(__cplusplus)
static_assert(sizeof(mpulab_record) == 64, "the link's record is 64 bytes on every side");
static_assert(sizeof(mpulab_link_header) == 16, "the link's header is 16 bytes on every side");
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
_Static_assert(sizeof(mpulab_record) == 64, "the link's record is 64 bytes on every side");
_Static_assert(sizeof(mpulab_link_header) == 16, "the link's header is 16 bytes on every side");
#endif

#endif /* MPULAB_LINK_H */
