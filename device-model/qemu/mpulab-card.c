/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A card without its bus. All behaviour is the core's (mpulab_core.h); this file gives it registers, a timer on
 * the virtual clock, a place in snapshots, tracepoints and a log.
 */
#include "qemu/osdep.h"

#include "mpulab-card.h"
#include "mpulab-glue.h"
#include "mpulab_codes.h"
#include "mpulab_link.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "qom/object.h"
#include "trace.h"

#define CARD_MAX_STATE_BYTES (64 * MiB)

/* ---- line and timer ---- */

void mpulab_card_sync(MpulabCard* card) {
    bool before = card->line_level;
    bool level = mpulab_core_irq(card->core);
    uint64_t edges = mpulab_core_irq_edges(card->core);
    int64_t next_ns = mpulab_core_next_event(card->core);
    bool rises = level && !before;
    bool pulse = edges != card->line_edges + rises; /* it rose inside the call and fell again, or fell and rose */

    card->line_level = level;
    card->line_edges = edges;
    if (pulse || level != before) {
        trace_mpu401_irq(card->device.unit, level, pulse);
    }
    if (pulse) {
        if (before) {
            card->set_line(card, false);
        }
        card->set_line(card, true);
        before = true;
    }
    if (level != before) {
        card->set_line(card, level);
    }

    if (next_ns != card->armed_ns) {
        card->armed_ns = next_ns;
        if (next_ns == MPULAB_CORE_NEVER) {
            timer_del(card->timer);
        } else {
            timer_mod(card->timer, next_ns);
        }
    }
    mpulab_midi_sync(&card->midi);
}

static void card_timer(void* opaque) {
    MpulabCard* card = opaque;

    card->armed_ns = MPULAB_CORE_NEVER;
    mpulab_core_advance(card->core, mpulab_settle());
    mpulab_sync_cards();
}

/* ---- accesses ---- */

static uint64_t card_io_read(void* opaque, hwaddr addr, unsigned size) {
    MpulabCard* card = opaque;
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    uint8_t value;

    if (mpulab_core_poll(card->core, addr, now, &value)) {
        trace_mpu401_read(card->device.unit, addr, value);
        return value;
    }
    mpulab_settle();
    if (addr >= mpulab_core_register_count(card->core)) {
        return 0xff; /* the second half of a wide access that hangs over the end, the rest of a BAR */
    }
    card->accessed = true;
    value = mpulab_core_read(card->core, addr, now);
    card->accessed = false;
    trace_mpu401_read(card->device.unit, addr, value);
    mpulab_sync_cards();
    return value;
}

static void card_io_write(void* opaque, hwaddr addr, uint64_t value, unsigned size) {
    MpulabCard* card = opaque;
    int64_t now = mpulab_settle();

    if (addr >= mpulab_core_register_count(card->core)) {
        return;
    }
    trace_mpu401_write(card->device.unit, addr, value);
    card->accessed = true;
    mpulab_core_write(card->core, addr, value, now);
    card->accessed = false;
    mpulab_sync_cards();
}

static const MemoryRegionOps card_io_ops = {
    .read = card_io_read,
    .write = card_io_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    /* Eight data lines: the bus splits a wider access. */
    .valid = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

void mpulab_card_power(MpulabCard* card, uint32_t d_state) {
    int64_t now = mpulab_settle();

    card->accessed = true;
    mpulab_core_power(card->core, d_state, now);
    card->accessed = false;
    mpulab_sync_cards();
}

void mpulab_card_reset(MpulabCard* card) {
    trace_mpu401_reset(card->device.unit);
    mpulab_core_reset(card->core, mpulab_settle());
    mpulab_sync_cards();
}

/* ---- what the core tells ---- */

static const char* card_guest_error(uint64_t what) {
    switch (what) {
    case MPULAB_GUEST_READ_EMPTY:
        return "read while DSR = 1";
    case MPULAB_GUEST_WRITE_NOT_READY:
        return "written while DRR = 1";
    case MPULAB_GUEST_READ_UNPOWERED:
        return "read in D3";
    case MPULAB_GUEST_WRITE_UNPOWERED:
        return "written in D3";
    default:
        return "used wrongly";
    }
}

static void card_trace_event(const MpulabCard* card, const mpulab_core_event* event) {
    unsigned unit = card->device.unit;

    switch (event->kind) {
    case MPULAB_KIND_WIRE_OUT:
        trace_mpu401_wire_out(unit, event->a, event->time_ns);
        break;
    case MPULAB_KIND_WIRE_IN:
        trace_mpu401_wire_in(unit, event->a, event->time_ns);
        break;
    case MPULAB_KIND_LATCH:
        trace_mpu401_latch(unit, event->a, event->b);
        break;
    case MPULAB_KIND_MODE:
        trace_mpu401_mode(unit, event->a);
        break;
    case MPULAB_KIND_POWER:
        trace_mpu401_power(unit, event->a, event->b, event->c);
        break;
    case MPULAB_KIND_OVERRUN:
        trace_mpu401_overrun(unit, event->a, event->b);
        break;
    case MPULAB_KIND_CUE:
        trace_mpu401_cue(unit, event->a);
        break;
    case MPULAB_KIND_FAULT:
        trace_mpu401_fault(unit, event->a, event->b, event->c);
        break;
    case MPULAB_KIND_UNMODELLED:
        qemu_log_mask(LOG_UNIMP, "%s unit %u: command 0x%02" PRIx64 " is acknowledged, but has no effect here\n",
                      card->name, unit, event->a);
        break;
    case MPULAB_KIND_GUEST_ERROR:
        qemu_log_mask(LOG_GUEST_ERROR, "%s unit %u: register %" PRIu64 " %s, value 0x%02" PRIx64 "\n", card->name, unit,
                      event->b, card_guest_error(event->a), event->c);
        break;
    default:
        break;
    }
}

static void card_emit(void* opaque, const mpulab_core_event* event) {
    MpulabCard* card = opaque;

    card_trace_event(card, event);
    if (event->kind == MPULAB_KIND_WIRE_OUT) {
        mpulab_midi_wire_out(&card->midi, event->a, event->b);
        mpulab_sound_wire_out(&card->sound, event->a, event->b);
    }
    mpulab_card_event(card, event);
}

/* ---- life ---- */

static mpulab_core* card_create_core(MpulabCard* card, Error** errp) {
    const mpulab_core_host host = {.opaque = card, .emit = card_emit};
#define MPULAB_CHOICE(field, name, value, allowed, help)
#define MPULAB_SWITCH(field, name, value, help)
#define MPULAB_NUMBER(field, name, value, low, high, help) g_autofree char* field = g_strdup_printf("%d", card->field);
#include "mpulab_properties.def"
#undef MPULAB_CHOICE
#undef MPULAB_SWITCH
#undef MPULAB_NUMBER
    const mpulab_core_property properties[] = {
#define MPULAB_CHOICE(field, name, value, allowed, help) {name, card->field},
#define MPULAB_SWITCH(field, name, value, help) {name, card->field ? "on" : "off"},
#define MPULAB_NUMBER(field, name, value, low, high, help) {name, field},
#include "mpulab_properties.def"
#undef MPULAB_CHOICE
#undef MPULAB_SWITCH
#undef MPULAB_NUMBER
    };
    char reason[256];
    mpulab_core* core;

    if (mpulab_core_abi() != MPULAB_CORE_ABI) {
        error_setg(errp,
                   "%s: the card that is linked in has interface %u, this QEMU was built for %u; "
                   "build both from one tree",
                   card->name, mpulab_core_abi(), MPULAB_CORE_ABI);
        return NULL;
    }
    core = mpulab_core_create(properties, ARRAY_SIZE(properties), &host, reason, sizeof(reason));
    if (!core) {
        error_setg(errp, "%s: %s", card->name, reason);
    }
    return core;
}

/* QEMU's string properties have no default of their own; `info qtree` shows this one. */
static void card_fill_in_defaults(MpulabCard* card) {
#define MPULAB_CHOICE(field, name, value, allowed, help)                                                               \
    if (!card->field) {                                                                                                \
        card->field = g_strdup(value);                                                                                 \
    }
#define MPULAB_SWITCH(field, name, value, help)
#define MPULAB_NUMBER(field, name, value, low, high, help)
#include "mpulab_properties.def"
#undef MPULAB_CHOICE
#undef MPULAB_SWITCH
#undef MPULAB_NUMBER
}

bool mpulab_card_realize(MpulabCard* card, Object* owner, uint64_t io_bytes, Error** errp) {
    card_fill_in_defaults(card);
    card->core = card_create_core(card, errp);
    if (!card->core) {
        return false;
    }
    card->device.unit = card->unit; /* -1 is UINT32_MAX there */
    if (card->device.bus == MPULAB_BUS_ISA) {
        card->device.port_length = mpulab_core_register_count(card->core);
    }
    if (!mpulab_card_register(card, errp)) {
        mpulab_core_destroy(card->core);
        return false;
    }
    if (!mpulab_sound_realize(&card->sound, card, errp)) {
        mpulab_card_unregister(card);
        mpulab_core_destroy(card->core);
        return false;
    }
    card->unit = card->device.unit;
    card->armed_ns = MPULAB_CORE_NEVER;
    mpulab_core_tell_accesses(card->core, false); /* until a probe with a link wants to hear of them */
    card->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, card_timer, card);
    mpulab_midi_realize(&card->midi, card);
    memory_region_init_io(&card->io, owner, &card_io_ops, card, card->name,
                          io_bytes ?: mpulab_core_register_count(card->core));
    return true;
}

void mpulab_card_unrealize(MpulabCard* card) {
    mpulab_midi_unrealize(&card->midi);
    mpulab_sound_unrealize(&card->sound);
    mpulab_card_unregister(card);
    timer_free(card->timer);
    mpulab_core_destroy(card->core);
    g_free(card->state);
}

void mpulab_card_describe(ObjectClass* klass) {
    static const char* const descriptions[][2] = {
        {"unit", "its number on the link, 0-254; -1: the lowest free one"},
        {"midi", "chardev of raw MIDI bytes, out and in (default: nothing is plugged in)"},
        {"audiodev", "id of an -audiodev: a synthesizer plays there what MIDI OUT carries (default: no sound)"},
        {"soundfont", "its sound font, a .sf2 file (default: the one of Debian's that is installed)"},
        {"gain", "1 to 1000: its volume in percent"},
#define MPULAB_CHOICE(field, name, value, allowed, help) {name, allowed " (default: " value "): " help},
#define MPULAB_SWITCH(field, name, value, help) {name, help},
#define MPULAB_NUMBER(field, name, value, low, high, help) {name, #low " to " #high ": " help},
#include "mpulab_properties.def"
#undef MPULAB_CHOICE
#undef MPULAB_SWITCH
#undef MPULAB_NUMBER
    };

    for (size_t i = 0; i < ARRAY_SIZE(descriptions); i++) {
        object_class_property_set_description(klass, descriptions[i][0], descriptions[i][1]);
    }
}

/* ---- snapshot ---- */

static int card_pre_save(void* opaque) {
    MpulabCard* card = opaque;

    card->state_size = mpulab_core_save(card->core, NULL, 0);
    g_free(card->state);
    card->state = g_malloc(card->state_size);
    mpulab_core_save(card->core, card->state, card->state_size);
    return 0;
}

static int card_pre_load(void* opaque) {
    MpulabCard* card = opaque;

    g_clear_pointer(&card->state, g_free);
    return 0;
}

static bool card_state_size_is_sane(void* opaque, int version_id) {
    return ((MpulabCard*)opaque)->state_size <= CARD_MAX_STATE_BYTES;
}

static int card_post_load(void* opaque, int version_id) {
    MpulabCard* card = opaque;
    char reason[256];

    if (!mpulab_core_load(card->core, card->state, card->state_size, reason, sizeof(reason))) {
        error_report("%s unit %u: %s", card->name, card->device.unit, reason);
        return -EINVAL;
    }
    mpulab_sound_restored(&card->sound);
    mpulab_card_sync(card);
    return 0;
}

const VMStateDescription vmstate_mpulab_card = {
    .name = "mpulab-card",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = card_pre_save,
    .pre_load = card_pre_load,
    .post_load = card_post_load,
    .fields = (const VMStateField[]){VMSTATE_BOOL(line_level, MpulabCard), VMSTATE_UINT64(line_edges, MpulabCard),
                                     VMSTATE_UINT32(state_size, MpulabCard),
                                     VMSTATE_VALIDATE("size of the card's state", card_state_size_is_sane),
                                     VMSTATE_VBUFFER_ALLOC_UINT32(state, MpulabCard, 0, NULL, state_size),
                                     VMSTATE_STRUCT(midi, MpulabCard, 1, vmstate_mpulab_midi, MpulabMidi),
                                     VMSTATE_END_OF_LIST()},
};
