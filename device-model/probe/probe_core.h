/* SPDX-License-Identifier: MIT */
/*
 * The probe without QEMU: plan, ports, records, the one total order of what card and guest do. QEMU's glue calls it,
 * tests call it. C face over an opaque handle; not thread-safe (QEMU: under the BQL); time is always an argument.
 *
 * The order of calls: create, set_plan and attach in any order, assemble, then run / accesses / pause as the machine
 * goes. Nothing but set_plan, attach, assemble and load can fail.
 */
#ifndef MPULAB_PROBE_CORE_H
#define MPULAB_PROBE_CORE_H

#include "mpulab_core.h"
#include "plan.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mpulab_probe mpulab_probe;

typedef struct mpulab_probe_host {
    void* opaque;
    /* Takes a batch of the link, waiting as long as that needs; false: the reader is gone, nothing more will come.
     * NULL: there is no link, nothing is recorded. */
    bool (*flush)(void* opaque, const void* bytes, size_t size);
    /* Copies guest RAM; false: not all of [address, address + size) is RAM. */
    bool (*read_memory)(void* opaque, uint64_t address, void* to, size_t size);
    /* A mistake of the guest, as one line of text. */
    void (*complain)(void* opaque, const char* text);
    /* The guest has loaded the driver: what the plan's seed is to vary begins here. Before the record's stop-at. NULL:
     * nobody wants to know. */
    void (*driver_loaded)(void* opaque);
} mpulab_probe_host;

/* The instruction that an event comes from. */
typedef struct mpulab_cause {
    uint64_t pc;
    uint8_t cpu; /* MPULAB_NO_CPU: no vCPU, and then pc is 0 */
} mpulab_cause;

/* What the glue has to do after a guest's write. */
typedef enum mpulab_probe_action {
    MPULAB_PROBE_NOTHING = 0,
    MPULAB_PROBE_HOLD, /* stop the machine at this instruction; it may be continued */
    MPULAB_PROBE_END   /* stop the machine at this instruction: the run is over */
} mpulab_probe_action;

/* NULL: no memory. `host` is copied. */
mpulab_probe* mpulab_probe_create(const mpulab_probe_host* host);
void mpulab_probe_destroy(mpulab_probe* probe);

/* Checks and copies a plan. Before assemble() it waits there; after it the cards get their cues at once, and the next
 * mpulab_probe_run() begins a new run. The machine must be stopped. false: the reason stands in `error`, the plan in
 * force stays. */
bool mpulab_probe_set_plan(mpulab_probe* probe, const void* plan, size_t size, char* error, size_t error_size);

/* Of the plan in force; 0 before the first. */
uint64_t mpulab_probe_seed(const mpulab_probe* probe);

/* A card that is there. `core` must outlive the probe or be detached. false: unit or ports are taken already. */
bool mpulab_probe_attach(mpulab_probe* probe, const mpulab_machine_device* device, mpulab_core* core, char* error,
                         size_t error_size);
void mpulab_probe_detach(mpulab_probe* probe, const mpulab_core* core);
/* All cards are there: makes MACHINE, hands out the cues. false: a CUES section has no card, or is invalid. */
bool mpulab_probe_assemble(mpulab_probe* probe, char* error, size_t error_size);

/* The machine runs from now on; the first time this makes the run's first record. */
void mpulab_probe_run(mpulab_probe* probe, int64_t now_ns);
/* The machine stands: what there is of the link goes out. What cards do meanwhile (a reset by a monitor) is no part of
 * any run and makes no record. */
void mpulab_probe_pause(mpulab_probe* probe);
void mpulab_probe_flush(mpulab_probe* probe);
bool mpulab_probe_ended(const mpulab_probe* probe);

/* The guest's PHASE record of this number stops the machine right after it, as HOLD does: the place for a snapshot. 0:
 * none does. It is no part of the machine's state, and a guest cannot tell. */
void mpulab_probe_stop_at(mpulab_probe* probe, uint32_t phase);
/* The same for the guest's MARKER records: after that record, and after what the cards' cues do about it at once. */
void mpulab_probe_stop_at_marker(mpulab_probe* probe, uint32_t marker);

/* Lets all cards do, in one order of time, what is due up to and including now_ns. Comes before every access to a card
 * or to the probe, and when a card's timer fires: so no record is ever older than the one before it. The caller copies
 * the interrupt lines and arms the timers afterwards. */
void mpulab_probe_settle(mpulab_probe* probe, int64_t now_ns);
/* A card's `emit`. `cause`: NULL when no instruction did it. */
void mpulab_probe_card_event(mpulab_probe* probe, uint8_t unit, const mpulab_cause* cause,
                             const mpulab_core_event* event);

/* The guest has accessed a port that no device of the machine has: makes NO_DEVICE. `size` 1, 2 or 4. The caller has
 * settled. */
void mpulab_probe_no_device(mpulab_probe* probe, uint32_t port, uint32_t size, uint32_t value, bool is_write,
                            const mpulab_cause* cause, int64_t now_ns);

/* Whether a write to CR8 at `pc` is to be told, and that it was made; the caller has settled before telling. */
bool mpulab_probe_watches(const mpulab_probe* probe, uint64_t pc);
void mpulab_probe_irql_written(mpulab_probe* probe, uint8_t irql, uint8_t before, const mpulab_cause* cause,
                               int64_t now_ns);

/* The guest's accesses: `offset` from the probe's base, `size` 1, 2 or 4. The caller has settled. */
uint32_t mpulab_probe_read(mpulab_probe* probe, uint32_t offset, uint32_t size);
mpulab_probe_action mpulab_probe_write(mpulab_probe* probe, uint32_t offset, uint32_t size, uint32_t value,
                                       const mpulab_cause* cause, int64_t now_ns);

/* Machine reset: half a line of text, the selected section, what was awaited and what was watched are gone. */
void mpulab_probe_reset(mpulab_probe* probe);

/* What a guest's next access depends on; not the plan, which is handed over anew. After a load the next
 * mpulab_probe_run() begins a new run. As in mpulab_core.h otherwise. */
size_t mpulab_probe_save(const mpulab_probe* probe, void* buffer, size_t size);
bool mpulab_probe_load(mpulab_probe* probe, const void* buffer, size_t size, char* error, size_t error_size);

#ifdef __cplusplus
}
#endif

#endif /* MPULAB_PROBE_CORE_H */
