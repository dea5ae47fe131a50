/* SPDX-License-Identifier: MIT */
/* Small numbers that travel inside the link's payload words (mpulab_link_kinds.def names which word holds which). */
#ifndef MPULAB_CODES_H
#define MPULAB_CODES_H

/* RUN_ENDED: why the run is over. */
enum mpulab_run_end {
    MPULAB_END_SCORE_DONE = 0,     /* every step of the score was played */
    MPULAB_END_SCORE_REFUSED = 1,  /* the agent found the score invalid; text says where */
    MPULAB_END_STEP_FAILED = 2,    /* a step failed that the score needs to go on; detail: its NTSTATUS */
    MPULAB_END_DRIVER_REFUSED = 3, /* DriverEntry, AddDevice or START_DEVICE failed; detail: its NTSTATUS */
    MPULAB_END_MISSING_IMPORT = 4, /* IMPORT_MISSING records name them */
    MPULAB_END_BAD_IMAGE = 5,      /* a module is no loadable PE image; detail: NTSTATUS */
    MPULAB_END_BUGCHECK = 6,       /* BUGCHECK records before it */
    MPULAB_END_GUEST_UNFIT = 7     /* nanont itself cannot go on (no memory, no probe answer …); text says why */
};

/* PHASE: milestones of a boot, in order. */
enum mpulab_phase {
    MPULAB_PHASE_LOADER = 1,         /* first instruction of nanont's loader that can reach the probe */
    MPULAB_PHASE_KERNEL = 2,         /* ntoskrnl entered */
    MPULAB_PHASE_SYSTEM_READY = 3,   /* clock ticks, DPCs and threads work */
    MPULAB_PHASE_DRIVER_LOADED = 4,  /* image mapped and bound; DriverEntry not yet called */
    MPULAB_PHASE_DRIVER_STARTED = 5, /* START_DEVICE succeeded */
    MPULAB_PHASE_SCORE_BEGINS = 6    /* the agent has accepted the score */
};

/* MODE. */
enum mpulab_mode { MPULAB_MODE_INTELLIGENT = 0, MPULAB_MODE_UART = 1 };

/* OVERRUN: the place that was full. */
enum mpulab_overrun {
    MPULAB_OVERRUN_HOST_LATCH = 0, /* host wrote while DRR = 1: the byte before was overwritten */
    MPULAB_OVERRUN_RX_FIFO = 1     /* a MIDI IN byte found the RX FIFO full: the newest is lost */
};

/* GUEST_ERROR. */
enum mpulab_guest_error {
    MPULAB_GUEST_READ_EMPTY = 0,      /* DATA read while DSR = 1 */
    MPULAB_GUEST_WRITE_NOT_READY = 1, /* DATA or COMMAND written while DRR = 1 */
    MPULAB_GUEST_READ_UNPOWERED = 2,  /* any register read in D3 */
    MPULAB_GUEST_WRITE_UNPOWERED = 3  /* any register written in D3 */
};

/* CALL_ENTER of PnpNotify. */
enum mpulab_pnp_notice {
    MPULAB_PNP_REBALANCE_TYPE = 0, /* GetSupportedRebalanceType */
    MPULAB_PNP_QUERY_STOP = 1,
    MPULAB_PNP_CANCEL_STOP = 2,
    MPULAB_PNP_STOP = 3
};

/* IMAGE_NOTE. */
enum mpulab_image_note {
    MPULAB_IMAGE_MAPPED_WHOLE =
        0, /* b: SectionAlignment, below a page: one mapping, writable and executable throughout */
    MPULAB_IMAGE_INIT_DISCARDED = 1, /* b: bytes of its discardable sections, unmapped after DriverEntry */
    MPULAB_IMAGE_GUARDED = 2         /* b: functions its control-flow guard lets indirect calls reach */
};

/* FAULT: what a cue has spoilt. `a` holds three numbers. */
#define MPULAB_FAULT(action, moment, cue) ((uint64_t)(action) | (uint64_t)(moment) << 8 | (uint64_t)(cue) << 32)
#define MPULAB_FAULT_ACTION(a) ((uint32_t)((a)&0xff)) /* mpulab_cue_action */
#define MPULAB_FAULT_MOMENT(a) ((uint32_t)((a) >> 8 & 0xff))
#define MPULAB_FAULT_CUE(a) ((uint32_t)((a) >> 32)) /* number of the cue that did it */
#define MPULAB_FAULT_NOTHING 0x100u                 /* as `b` or `c`: no byte, no answer */
enum mpulab_fault_moment {
    MPULAB_FAULT_ACTS = 0, /* the record right after it shows the effect, or is missing because of it */
    MPULAB_FAULT_ENDS = 1  /* a fault that was in force for a time is over */
};

/* NO_DEVICE: in `c`, beside the size of the access. */
#define MPULAB_NO_DEVICE_WRITE 0x100u /* a write; else a read */

#endif /* MPULAB_CODES_H */
