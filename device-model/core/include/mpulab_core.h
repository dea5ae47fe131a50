/* SPDX-License-Identifier: MIT */
/*
 * The one face of a card: a device of registers and one interrupt line, behind an opaque handle. QEMU's glue, the
 * tests and the fuzzers know only this file, so that another device, in C++ or in RTL, can stand behind it.
 *
 * - The caller owns time: every call carries `now` in nanoseconds, which never goes back. The card owns no timer; after
 *   each call the caller copies mpulab_core_irq() to its line and arms its timer for mpulab_core_next_event().
 * - The card owns no I/O: what happens inside comes out through `emit`, from inside the calls below, in order of time.
 * - Nothing is allocated after mpulab_core_create() but by mpulab_core_set_cues() and mpulab_core_load(), and no other
 *   call can fail.
 * - Not thread-safe: one caller at a time (QEMU: under the BQL).
 */
#ifndef MPULAB_CORE_H
#define MPULAB_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MPULAB_CORE_ABI 4u
#define MPULAB_CORE_NEVER INT64_MAX
#define MPULAB_CORE_WIRE_BYTE_NS 320000 /* a byte on a MIDI cable: ten bits at 31,250 baud */

typedef struct mpulab_core mpulab_core;

typedef struct mpulab_core_property {
    const char* name; /* as on QEMU's command line: "timing", "rx-fifo" … */
    const char* value;
} mpulab_core_property;

/* What happened. `kind` and the words are those of mpulab_link_kinds.def; the caller adds sequence number, PC and CPU.
 */
typedef struct mpulab_core_event {
    int64_t time_ns; /* never later than the `now` of the call it comes from, except WIRE_OUT's end in `b` */
    uint64_t corr;
    uint16_t kind;
    uint64_t a, b, c;
} mpulab_core_event;

typedef struct mpulab_core_host {
    void* opaque;
    void (*emit)(void* opaque, const mpulab_core_event* event);
} mpulab_core_host;

/* MPULAB_CORE_ABI of the core that is linked in; a caller built for another one stops here. */
uint32_t mpulab_core_abi(void);

/* Makes a card in its power-on state at time 0. NULL: the reason stands in `error`, naming property, value and what was
 * expected. `host` is copied. */
mpulab_core* mpulab_core_create(const mpulab_core_property* properties, size_t count, const mpulab_core_host* host,
                                char* error, size_t error_size);
void mpulab_core_destroy(mpulab_core* core);

/* Power-on reset (QEMU's machine reset). The card is in D0, cues are re-armed. */
void mpulab_core_reset(mpulab_core* core, int64_t now_ns);
/* The guest puts the card into D0 to D3 (0 to 3; others are ignored). In D3 it has no power: it decodes nothing, sends
 * nothing, hears nothing, its line is low. Out of D3 it is as after power-on; cues go on through all of that. */
void mpulab_core_power(mpulab_core* core, uint32_t d_state, int64_t now_ns);

/* Number of byte-wide registers. */
uint32_t mpulab_core_register_count(const mpulab_core* core);
/* Register accesses by the guest; `offset` < register count. They advance() first and emit REG_READ / REG_WRITE. */
uint8_t mpulab_core_read(mpulab_core* core, uint32_t offset, int64_t now_ns);
void mpulab_core_write(mpulab_core* core, uint32_t offset, uint8_t value, int64_t now_ns);
/* Whether accesses are told as events (REG_READ, REG_WRITE); at first they are. The caller knows of them anyway: one
 * that does not record them spares the card half the cost of a read. No part of the state. */
void mpulab_core_tell_accesses(mpulab_core* core, bool tell);
/* The short way of a driver that polls. true: the register reads as `value`, and mpulab_core_read() would give the
 * same, emit nothing, and leave line and next event as they are. false: nothing was done, ask mpulab_core_read(). */
bool mpulab_core_poll(mpulab_core* core, uint32_t offset, int64_t now_ns, uint8_t* value);

/* Lets everything happen that is due up to and including now_ns. */
void mpulab_core_advance(mpulab_core* core, int64_t now_ns);
/* Level of the interrupt line: a function of state. */
bool mpulab_core_irq(const mpulab_core* core);
/* Number of rising edges of the line so far. It may rise and fall inside one call: a caller whose interrupt input is
 * edge-triggered and that finds more edges than the levels before and after tell of makes one more. */
uint64_t mpulab_core_irq_edges(const mpulab_core* core);
/* Virtual time of the next thing the card does by itself; MPULAB_CORE_NEVER when there is none. */
int64_t mpulab_core_next_event(const mpulab_core* core);

/* A byte whose stop bit ends at now_ns arrives on MIDI IN from outside (a live chardev). false: the RX FIFO was full,
 * the byte is lost, OVERRUN was emitted. */
bool mpulab_core_wire_in(mpulab_core* core, uint8_t byte, int64_t now_ns);

/* Whether a byte that arrives now would be kept: the RX FIFO has room, and no cue's bytes are on the cable. A live
 * source that can wait (a chardev) asks first, so that it never loses one. */
bool mpulab_core_wire_in_room(const mpulab_core* core);

/* Gives the card its cues: a CUES section of a plan (device-model/probe/plan.h, core/CUES.md). The bytes are copied and
 * checked whole; true: what earlier cues have done to the card is over, and counting begins anew. false: the reason
 * stands in `error`, the card keeps the cues it had. Allocates: before the machine runs only. */
bool mpulab_core_set_cues(mpulab_core* core, const void* section, size_t size, char* error, size_t error_size);
/* The score reached a marker. */
void mpulab_core_marker(mpulab_core* core, uint32_t number, int64_t now_ns);

/* The complete state, cues included. save: returns the bytes needed, writes only if they fit. load: checks everything
 * on the way in; false leaves the card as it was and the reason in `error`. */
size_t mpulab_core_save(const mpulab_core* core, void* buffer, size_t size);
bool mpulab_core_load(mpulab_core* core, const void* buffer, size_t size, char* error, size_t error_size);

#ifdef __cplusplus
}
#endif

#endif /* MPULAB_CORE_H */
