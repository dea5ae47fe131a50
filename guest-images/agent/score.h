/* SPDX-License-Identifier: MIT */
/*
 * The score: what the agent does in the guest, compiled from a scenario or a MIDI file. The harness writes it; the
 * kernel-mode agent of nanont and, later, the user-mode agent for Windows read it. The agent checks all of it before it
 * does anything and refuses it whole (RUN_ENDED, SCORE_REFUSED, the text names step and reason).
 *
 * score = mpulab_score_header, then step after step; a step = mpulab_step, then `size` bytes of arguments, padded with
 * zeros to a multiple of 8. Step numbers start at 1; MPULAB_CORR(STEP, n) is n's correlation id. Each step makes one
 * STEP_BEGIN and one STEP_END record; that of a WRITE, or of an IOCTL that may pend, ends when its IRP is completed,
 * maybe long after the next began, and a BEGIN_DEVICE begins later, too.
 */
#ifndef MPULAB_SCORE_H
#define MPULAB_SCORE_H

#include <stdint.h>

#define MPULAB_SCORE_MAGIC "MPLBSCOR"
#define MPULAB_SCORE_VERSION 1u
#define MPULAB_SCORE_MAX_STEPS 1000000u
#define MPULAB_SCORE_MAX_WRITE_BYTES 65536u /* KSMUSICFORMAT records of one WRITE */
#define MPULAB_SCORE_SLOTS 16u            /* handles a score can hold open: filters, pins and devices share the slots */
#define MPULAB_SCORE_MAX_PENDING 16u      /* write IRPs of one pin in flight */
#define MPULAB_SCORE_MAX_NAME_BYTES 1024u /* of a device's name */
#define MPULAB_SCORE_MAX_FORMAT_BYTES 256u  /* of a pin's data format */
#define MPULAB_SCORE_MAX_IOCTL_BYTES 65536u /* in, and out */
#define MPULAB_SCORE_MAX_IOCTLS 4u          /* of one handle in flight */
#define MPULAB_SCORE_JOBS 4u                /* device requests under way beside the score */
#define MPULAB_SCORE_MAX_LATER_NS 3600000000000ull

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
#define MPULAB_OPCODE(number, NAME, text) MPULAB_OP_##NAME = number,
#include "score_opcodes.def"
#undef MPULAB_OPCODE
};

/* What MPULAB_OP_DEVICE asks for. */
enum mpulab_device_request {
#define MPULAB_DEVICE_REQUEST(number, NAME, text, argument) MPULAB_DEVICE_##NAME = number,
#include "score_requests.def"
#undef MPULAB_DEVICE_REQUEST
};

/* Argument of DEAL_RESOURCES. */
enum mpulab_resource_list {
#define MPULAB_RESOURCE_LIST(number, NAME, text) MPULAB_RESOURCES_##NAME = number,
#include "resource_lists.def"
#undef MPULAB_RESOURCE_LIST
};

#define MPULAB_DEVICE_ELSEWHERE                                                                                        \
    0xffffffffu /* argument of START: a PCI function at other addresses, with another interrupt where no other card    \
                   shares its own */

typedef struct mpulab_op_open_filter {
    uint32_t unit;
    uint8_t category[16];   /* GUID as Windows lays it out */
    uint16_t reference[32]; /* UTF-16, zero-terminated */
    uint32_t reserved;
} mpulab_op_open_filter;

/* What follows, if anything, is the format asked for: a KSDATAFORMAT and what belongs to it, whose FormatSize may say
 * less than there is. Else: MUSIC/MIDI/NONE. */
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

typedef struct mpulab_op_device {
    uint32_t unit;
    uint32_t request; /* mpulab_device_request */
    uint32_t argument;
    uint32_t reserved;
} mpulab_op_device;

/* A WAIT_DEVICE for the job must follow before the score ends, and before the job's next BEGIN_DEVICE. */
typedef struct mpulab_op_begin_device {
    uint32_t unit;
    uint32_t request; /* mpulab_device_request */
    uint32_t argument;
    uint32_t job;      /* 0..MPULAB_SCORE_JOBS-1 */
    uint64_t later_ns; /* from the step to the request: 0..MPULAB_SCORE_MAX_LATER_NS, in whole 100 ns */
} mpulab_op_begin_device;

typedef struct mpulab_op_wait_device {
    uint32_t job;
    uint32_t reserved;
} mpulab_op_wait_device;

typedef struct mpulab_op_watch_event {
    uint32_t kind; /* of a card: 16..63 of mpulab_link_kinds.def */
    uint32_t unit;
    uint64_t a; /* the record's words; MPULAB_EVENT_ANY: any */
    uint64_t b;
} mpulab_op_watch_event;

/* A WATCH_EVENT comes before it. */
typedef struct mpulab_op_wait_event {
    uint64_t nth; /* 1.. */
} mpulab_op_wait_event;

typedef struct mpulab_op_open_device {
    uint32_t name_bytes; /* of the UTF-16 name that follows, without a terminator: 2..MPULAB_SCORE_MAX_NAME_BYTES */
    uint32_t reserved;
} mpulab_op_open_device;

/* The transfer method is in the code. The input follows, then what the output buffer holds before (METHOD_IN_DIRECT and
 * METHOD_NEITHER show it to the driver); the rest of the output buffer is zero. */
typedef struct mpulab_op_ioctl {
    uint32_t code;
    uint32_t input_bytes;
    uint32_t output_bytes; /* room for the answer */
    uint32_t filled_bytes; /* 0..output_bytes */
    uint32_t pend; /* 0: the step waits for the end, and cancels it when the time is over (STATUS_TIMEOUT); 1: the
                      next step begins at once, and this one ends when its IRP is completed */
    uint32_t reserved;
} mpulab_op_ioctl;

#if defined(__cplusplus)
static_assert(sizeof(mpulab_score_header) == 24 && sizeof(mpulab_step) == 16 && sizeof(mpulab_op_open_filter) == 88 &&
                  sizeof(mpulab_op_write) == 16 && sizeof(mpulab_op_device) == 16 && sizeof(mpulab_op_ioctl) == 24 &&
                  sizeof(mpulab_op_begin_device) == 24 && sizeof(mpulab_op_watch_event) == 24,
              "the score has one layout on every side");
#endif

#endif /* MPULAB_SCORE_H */
