/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "midi": a raw byte chardev on a card's MIDI sockets. A byte goes out when its last bit has left the card, and comes
 * in 320 us after it was taken from the chardev or after the byte before it; what the card has no room for waits, here
 * and then in the chardev's pipe. Host time decides when bytes are moved to and from the host, never what the card sees
 * of a byte that is under way.
 *
 * Out: nobody connected is an unplugged cable, bytes leave as they would on hardware. A slow reader has a backlog of
 * MPULAB_MIDI_BACKLOG bytes; what comes on top is lost, and said: when it begins, and how many when it is over.
 */
#include "qemu/osdep.h"

#include "mpulab-glue.h"
#include "mpulab-midi.h"
#include "qemu/error-report.h"
#include "qemu/timer.h"
#include "system/system.h"
#include "trace.h"

/* ---- out ---- */

static void midi_report_lost(MpulabMidi* midi) {
    if (midi->lost) {
        warn_report("%s unit %u: midi: %" PRIu64 " bytes of MIDI OUT were lost: their reader was too slow",
                    midi->card->name, midi->card->device.unit, midi->lost);
        midi->lost = 0;
    }
}

static gboolean midi_writable(void* do_not_use, GIOCondition condition, void* opaque);

/* Hands over what waits, as far as the chardev takes it; comes back when it takes more. */
static void midi_drain(MpulabMidi* midi) {
    while (midi->backlog_size) {
        uint32_t run = MIN(midi->backlog_size, MPULAB_MIDI_BACKLOG - midi->backlog_head);
        int taken = qemu_chr_fe_write(&midi->chr, midi->backlog + midi->backlog_head, run);

        if (taken <= 0) {
            break;
        }
        midi->backlog_head = (midi->backlog_head + taken) % MPULAB_MIDI_BACKLOG;
        midi->backlog_size -= taken;
    }
    if (!midi->backlog_size) {
        midi_report_lost(midi);
    } else if (!midi->watch) {
        midi->watch = qemu_chr_fe_add_watch(&midi->chr, G_IO_OUT | G_IO_HUP, midi_writable, midi);
    }
}

static gboolean midi_writable(void* do_not_use, GIOCondition condition, void* opaque) {
    MpulabMidi* midi = opaque;

    midi->watch = 0;
    midi_drain(midi);
    return G_SOURCE_REMOVE;
}

static void midi_deliver(MpulabMidi* midi, uint8_t byte) {
    if (!qemu_chr_fe_backend_open(&midi->chr)) {
        midi->unheard++;
        return;
    }
    if (midi->backlog_size == MPULAB_MIDI_BACKLOG) {
        if (!midi->lost++) {
            warn_report("%s unit %u: midi: %u bytes wait for a slow reader; from here on bytes of MIDI OUT are "
                        "lost to it",
                        midi->card->name, midi->card->device.unit, MPULAB_MIDI_BACKLOG);
        }
        return;
    }
    midi->backlog[(midi->backlog_head + midi->backlog_size++) % MPULAB_MIDI_BACKLOG] = byte;
    if (!midi->watch) {
        midi_drain(midi);
    }
}

static void midi_byte_has_left(void* opaque) {
    MpulabMidi* midi = opaque;

    midi->out_busy = false;
    midi_deliver(midi, midi->out_byte);
}

void mpulab_midi_wire_out(MpulabMidi* midi, uint8_t byte, int64_t end_ns) {
    if (!midi->out_timer) {
        return;
    }
    if (midi->out_busy) { /* a wire carries one byte at a time: the one before it has left */
        midi_byte_has_left(midi);
    }
    midi->out_busy = true;
    midi->out_byte = byte;
    midi->out_end_ns = end_ns;
    timer_mod(midi->out_timer, end_ns);
}

/* ---- in ---- */

static void midi_arm_in(MpulabMidi* midi, int64_t not_before_ns) {
    midi->in_end_ns = MAX(midi->in_end_ns, not_before_ns) + MPULAB_CORE_WIRE_BYTE_NS;
    timer_mod(midi->in_timer, midi->in_end_ns);
}

static int midi_can_read(void* opaque) {
    MpulabMidi* midi = opaque;

    return midi->in_waits ? 0 : MPULAB_MIDI_READ_AHEAD - midi->in_count;
}

static void midi_read(void* opaque, const uint8_t* bytes, int size) {
    MpulabMidi* midi = opaque;
    bool idle = midi->in_count == 0;

    memcpy(midi->in_bytes + midi->in_count, bytes, size);
    midi->in_count += size;
    if (idle) {
        midi_arm_in(midi, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    }
}

/* The stop bit of the first byte has ended; it is given to the card as soon as that has room. */
static void midi_byte_arrives(void* opaque) {
    MpulabMidi* midi = opaque;
    int64_t now = mpulab_settle();
    uint8_t byte = midi->in_bytes[0];

    if (!mpulab_core_wire_in_room(midi->card->core)) {
        midi->in_waits = true;
        return;
    }
    if (midi->in_waits) { /* the cable was held up: what follows is a byte's time behind this one, not behind its plan
                           */
        midi->in_waits = false;
        midi->in_end_ns = now;
    }
    midi->in_count--;
    memmove(midi->in_bytes, midi->in_bytes + 1, midi->in_count);
    if (midi->in_count) {
        midi_arm_in(midi, midi->in_end_ns);
    }
    mpulab_core_wire_in(midi->card->core, byte, now);
    mpulab_sync_cards();
    qemu_chr_fe_accept_input(&midi->chr);
}

void mpulab_midi_go_on(MpulabMidi* midi) {
    if (mpulab_core_wire_in_room(midi->card->core)) {
        timer_mod(midi->in_timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    }
}

/* ---- life ---- */

static void midi_event(void* opaque, QEMUChrEvent event) {
    MpulabMidi* midi = opaque;

    trace_mpulab_midi_event(midi->card->device.unit, event);
    if (event == CHR_EVENT_CLOSED) {
        midi->unheard += midi->backlog_size;
        midi->backlog_size = 0;
        midi_report_lost(midi);
    }
}

/* The chardevs are gone by then: what is said here is all that can be done. */
static void midi_at_exit(Notifier* notifier, void* data) {
    MpulabMidi* midi = container_of(notifier, MpulabMidi, exit);

    midi->lost += midi->backlog_size;
    midi_report_lost(midi);
    trace_mpulab_midi_unheard(midi->card->device.unit, midi->unheard);
}

void mpulab_midi_realize(MpulabMidi* midi, MpulabCard* card) {
    midi->card = card;
    if (!qemu_chr_fe_backend_connected(&midi->chr)) {
        return;
    }
    midi->backlog = g_malloc(MPULAB_MIDI_BACKLOG);
    midi->out_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, midi_byte_has_left, midi);
    midi->in_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, midi_byte_arrives, midi);
    midi->exit.notify = midi_at_exit;
    qemu_add_exit_notifier(&midi->exit);
    qemu_chr_fe_set_handlers(&midi->chr, midi_can_read, midi_read, midi_event, NULL, midi, NULL, true);
}

void mpulab_midi_unrealize(MpulabMidi* midi) {
    if (!midi->out_timer) {
        return;
    }
    g_clear_handle_id(&midi->watch, g_source_remove);
    qemu_remove_exit_notifier(&midi->exit);
    qemu_chr_fe_deinit(&midi->chr, false);
    timer_free(midi->out_timer);
    timer_free(midi->in_timer);
    g_free(midi->backlog);
}

/* A machine may be restored with another thing plugged in, or nothing: then bytes under way go nowhere. */
static int midi_post_load(void* opaque, int version_id) {
    MpulabMidi* midi = opaque;

    if (midi->in_count > MPULAB_MIDI_READ_AHEAD) {
        error_report("%s unit %u: midi: state holds %u bytes on the cable, at most %u expected", midi->card->name,
                     midi->card->device.unit, midi->in_count, MPULAB_MIDI_READ_AHEAD);
        return -EINVAL;
    }
    if (!midi->out_timer) {
        midi->out_busy = false;
        midi->in_count = 0;
        midi->in_waits = false;
        return 0;
    }
    timer_del(midi->out_timer);
    timer_del(midi->in_timer);
    if (midi->out_busy) {
        timer_mod(midi->out_timer, midi->out_end_ns);
    }
    if (midi->in_count && !midi->in_waits) {
        timer_mod(midi->in_timer, midi->in_end_ns);
    }
    return 0;
}

const VMStateDescription vmstate_mpulab_midi = {
    .name = "mpulab-midi",
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = midi_post_load,
    .fields = (const VMStateField[]){VMSTATE_BOOL(out_busy, MpulabMidi), VMSTATE_UINT8(out_byte, MpulabMidi),
                                     VMSTATE_INT64(out_end_ns, MpulabMidi),
                                     VMSTATE_UINT8_ARRAY(in_bytes, MpulabMidi, MPULAB_MIDI_READ_AHEAD),
                                     VMSTATE_UINT32(in_count, MpulabMidi), VMSTATE_INT64(in_end_ns, MpulabMidi),
                                     VMSTATE_BOOL(in_waits, MpulabMidi), VMSTATE_END_OF_LIST()},
};
