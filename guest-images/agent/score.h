/* SPDX-License-Identifier: MIT */
/*
 * The score: what the agent does in the guest, compiled from a scenario or a MIDI file. The harness writes it; the
 * kernel-mode agent of nanont and, later, the user-mode agent for Windows read it. The agent checks all of it before it
 * does anything and refuses it whole (RUN_ENDED, SCORE_REFUSED, the text names step and reason).
 *
 * score = mpulab_score_header, then step after step; a step = mpulab_step, then `size` bytes of arguments, padded with
 * zeros to a multiple of 8. Step numbers start at 1; MPULAB_CORR(STEP, n) is n's correlation id. Each step makes one
 * STEP_BEGIN and one STEP_END record; that of a WRITE ends when its IRP is completed, maybe long after the next began.
 */
#ifndef MPULAB_SCORE_H
#define MPULAB_SCORE_H

#include <stdint.h>

#define MPULAB_SCORE_MAGIC "MPLBSCOR"
#define MPULAB_SCORE_VERSION 1u
#define MPULAB_SCORE_MAX_STEPS 1000000u
#define MPULAB_SCORE_MAX_WRITE_BYTES 65536u /* KSMUSICFORMAT records of one WRITE */
#define MPULAB_SCORE_SLOTS 16u              /* handles a score can hold open: filters and pins share the slots */
#define MPULAB_SCORE_MAX_PENDING 16u        /* write IRPs of one pin in flight */

typedef struct mpulab_score_header {
    uint8_t magic[8];
    uint32_t version;
    uint32_t step_count;
    uint32_t size; /* of the whole score in bytes */
    uint32_t reserved;
} mpulab_score_header;

typedef struct mpulab_step {
    uint16_t opcode;     /* mpulab_opcode */
    uint16_t slot;       /* handle slot it works on, 0..MPULAB_SCORE_SLOTS-1 */
    uint32_t size;       /* bytes of arguments that follow, without padding */
    uint32_t flags;      /* MPULAB_STEP_* */
    uint32_t timeout_ms; /* virtual; bound of every wait in this step; never 0 for the steps that wait */
} mpulab_step;

#define MPULAB_STEP_MAY_FAIL 0x1u /* a failing status is recorded and the score goes on; else the run ends there */

enum mpulab_opcode {
    /* Open the filter of a device: the interface of category `category` that belongs to card `unit` and whose
     * reference string is `reference` (empty: the first). */
    MPULAB_OP_OPEN_FILTER = 1,   /* mpulab_op_open_filter */
    MPULAB_OP_OPEN_PIN = 2,      /* mpulab_op_open_pin: KSPIN_CONNECT with MUSIC/MIDI/NONE on the filter */
    MPULAB_OP_SET_STATE = 3,     /* mpulab_op_set_state: one KSPROPERTY_CONNECTION_STATE set, no step inserted */
    MPULAB_OP_WRITE = 4,         /* mpulab_op_write + records: one IOCTL_KS_WRITE_STREAM; asynchronous: waits only while
                                    `max_pending` of this pin's writes are in flight */
    MPULAB_OP_WAIT_WRITES = 5,   /* no arguments: until no write of the pin is in flight */
    MPULAB_OP_READ_START = 6,    /* mpulab_op_read_start: from now on keep that many IOCTL_KS_READ_STREAM pending; each
                                    completed one is reported (CAPTURED_AT, CAPTURED) and sent again */
    MPULAB_OP_WAIT_CAPTURED = 7, /* mpulab_op_wait_captured: until that many payload bytes have come since
                                    READ_START; STATUS_TIMEOUT when they do not come in time */
    MPULAB_OP_READ_STOP = 8,     /* no arguments: cancel the pending reads and wait for their completion */
    MPULAB_OP_DELAY = 9,         /* mpulab_op_delay: KeDelayExecutionThread */
    MPULAB_OP_MARKER = 10,       /* mpulab_op_marker: MARKER record; the card's cues wait for it */
    MPULAB_OP_CLOSE = 11,        /* no arguments: close the slot's handle */
    MPULAB_OP_REMOVE_DEVICE = 12 /* mpulab_op_remove_device: QUERY_REMOVE, REMOVE, unload */
};

typedef struct mpulab_op_open_filter {
    uint32_t unit;
    uint8_t category[16];   /* GUID as Windows lays it out */
    uint16_t reference[32]; /* UTF-16, zero-terminated */
    uint32_t reserved;
} mpulab_op_open_filter;

typedef struct mpulab_op_open_pin {
    uint16_t filter_slot;
    uint16_t reserved;
    uint32_t pin_id;
} mpulab_op_open_pin;

typedef struct mpulab_op_set_state {
    uint32_t state; /* KSSTATE 0..3 */
    uint32_t reserved;
} mpulab_op_set_state;

typedef struct mpulab_op_write {
    uint64_t presentation_time; /* KSSTREAM_HEADER.PresentationTime.Time in 100 ns, 1/1 */
    uint32_t records_size;      /* bytes of KSMUSICFORMAT records that follow, padded total = DataUsed */
    uint32_t max_pending;       /* 1..MPULAB_SCORE_MAX_PENDING */
} mpulab_op_write;

typedef struct mpulab_op_read_start {
    uint32_t buffer_bytes; /* of each read, KSMUSICFORMAT header included; 16..65536, multiple of 4 */
    uint32_t pending;      /* reads kept in flight, 1..MPULAB_SCORE_MAX_PENDING */
} mpulab_op_read_start;

typedef struct mpulab_op_wait_captured {
    uint64_t bytes;
} mpulab_op_wait_captured;

typedef struct mpulab_op_delay {
    uint64_t ns;
} mpulab_op_delay;

typedef struct mpulab_op_marker {
    uint32_t number; /* 1.. */
    uint32_t reserved;
} mpulab_op_marker;

typedef struct mpulab_op_remove_device {
    uint32_t unit;
    uint32_t reserved;
} mpulab_op_remove_device;

#if defined(__cplusplus)
static_assert(sizeof(mpulab_score_header) == 24 && sizeof(mpulab_step) == 16 && sizeof(mpulab_op_open_filter) == 88 &&
                  sizeof(mpulab_op_write) == 16,
              "the score has one layout on every side");
#endif

#endif /* MPULAB_SCORE_H */
