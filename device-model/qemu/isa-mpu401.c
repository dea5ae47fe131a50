/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * isa-mpu401: the MPU-401 on the ISA bus. All behaviour is the core's (mpulab_core.h); this file gives
 * it ports, a timer on the virtual clock, an interrupt line, a place in ACPI and one in a snapshot.
 */
#include "qemu/osdep.h"

#include "hw/acpi/acpi_aml_interface.h"
#include "hw/boards.h"
#include "hw/irq.h"
#include "hw/isa/isa.h"
#include "hw/qdev-properties-system.h"
#include "hw/qdev-properties.h"
#include "hw/resettable.h"
#include "migration/vmstate.h"
#include "mpulab-glue.h"
#include "mpulab-midi.h"
#include "mpulab_codes.h"
#include "mpulab_link.h"
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "qom/object.h"
#include "trace.h"

#define TYPE_ISA_MPU401 "isa-mpu401"
OBJECT_DECLARE_SIMPLE_TYPE(MPU401State, ISA_MPU401)

#define MPU401_MAX_STATE_BYTES (64 * MiB)

struct MPU401State {
    ISADevice parent_obj;

    MpulabCard card;
    MpulabMidi midi;
    MemoryRegion io;
    QEMUTimer* timer;
    int64_t armed_ns; /* what the timer is set to; MPULAB_CORE_NEVER = not at all */
    qemu_irq line;

    /* properties */
    uint32_t iobase;
    uint32_t irq;
    int32_t unit;
    /* and the card's own, handed on as they are: mpulab_properties.def */
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

static void mpu401_sync(MpulabCard* card) {
    MPU401State* s = container_of(card, MPU401State, card);
    bool level = mpulab_core_irq(card->core);
    uint64_t edges = mpulab_core_irq_edges(card->core);
    int64_t next_ns = mpulab_core_next_event(card->core);
    bool rises = level && !s->line_level;
    bool pulse = edges != s->line_edges + rises; /* it rose inside the call and fell again, or fell and rose */

    if (pulse) {
        qemu_irq_lower(s->line);
        qemu_irq_raise(s->line);
    }
    if (pulse || level != s->line_level) {
        trace_mpu401_irq(card->device.unit, level, pulse);
        qemu_set_irq(s->line, level);
    }
    s->line_level = level;
    s->line_edges = edges;

    if (next_ns != s->armed_ns) {
        s->armed_ns = next_ns;
        if (next_ns == MPULAB_CORE_NEVER) {
            timer_del(s->timer);
        } else {
            timer_mod(s->timer, next_ns);
        }
    }
    mpulab_midi_sync(&s->midi);
}

static void mpu401_timer(void* opaque) {
    MPU401State* s = opaque;

    s->armed_ns = MPULAB_CORE_NEVER;
    mpulab_core_advance(s->card.core, mpulab_settle());
    mpulab_sync_cards();
}

static uint64_t mpu401_io_read(void* opaque, hwaddr addr, unsigned size) {
    MPU401State* s = opaque;
    int64_t now = mpulab_settle();
    mpulab_cause cause = mpulab_current_cause();
    uint8_t value;

    if (addr >= mpulab_core_register_count(s->card.core)) {
        return 0xff; /* the second half of a wide access that hangs over the end */
    }
    s->card.cause = &cause;
    value = mpulab_core_read(s->card.core, addr, now);
    s->card.cause = NULL;
    trace_mpu401_read(s->card.device.unit, addr, value);
    mpulab_sync_cards();
    return value;
}

static void mpu401_io_write(void* opaque, hwaddr addr, uint64_t value, unsigned size) {
    MPU401State* s = opaque;
    int64_t now = mpulab_settle();
    mpulab_cause cause = mpulab_current_cause();

    if (addr >= mpulab_core_register_count(s->card.core)) {
        return;
    }
    trace_mpu401_write(s->card.device.unit, addr, value);
    s->card.cause = &cause;
    mpulab_core_write(s->card.core, addr, value, now);
    s->card.cause = NULL;
    mpulab_sync_cards();
}

static const MemoryRegionOps mpu401_io_ops = {
    .read = mpu401_io_read,
    .write = mpu401_io_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    /* Eight data lines: the bus splits a wider access. */
    .valid = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 1},
};

static void mpu401_trace_event(unsigned unit, const mpulab_core_event* event) {
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
    case MPULAB_KIND_OVERRUN:
        trace_mpu401_overrun(unit, event->a, event->b);
        break;
    case MPULAB_KIND_CUE:
        trace_mpu401_cue(unit, event->a);
        break;
    case MPULAB_KIND_UNMODELLED:
        qemu_log_mask(LOG_UNIMP,
                      "isa-mpu401 unit %u: command 0x%02" PRIx64 " is acknowledged, but has no effect here\n", unit,
                      event->a);
        break;
    case MPULAB_KIND_FAULT:
        trace_mpu401_fault(unit, event->a, event->b, event->c);
        break;
    case MPULAB_KIND_GUEST_ERROR:
        qemu_log_mask(LOG_GUEST_ERROR, "isa-mpu401 unit %u: register %" PRIu64 " %s, value 0x%02" PRIx64 "\n", unit,
                      event->b, event->a == MPULAB_GUEST_READ_EMPTY ? "read while DSR = 1" : "written while DRR = 1",
                      event->c);
        break;
    default:
        break;
    }
}

static void mpu401_emit(void* opaque, const mpulab_core_event* event) {
    MPU401State* s = opaque;

    mpu401_trace_event(s->card.device.unit, event);
    if (event->kind == MPULAB_KIND_WIRE_OUT) {
        mpulab_midi_wire_out(&s->midi, event->a, event->b);
    }
    mpulab_card_event(&s->card, event);
}

static void mpu401_reset_hold(Object* obj, ResetType type) {
    MPU401State* s = ISA_MPU401(obj);

    trace_mpu401_reset(s->card.device.unit);
    mpulab_core_reset(s->card.core, mpulab_settle());
    mpulab_sync_cards();
}

/* The machine's "acpi" property, where it has one: on unless switched off. */
static bool mpu401_acpi_is_on(void) {
    g_autofree char* acpi = object_property_get_str(qdev_get_machine(), "acpi", NULL);

    return acpi && strcmp(acpi, "off") != 0;
}

static bool mpu401_check_wiring(MPU401State* s, Error** errp) {
    if (s->iobase < 0x100 || s->iobase > 0xfffe) {
        error_setg(errp, "isa-mpu401: iobase 0x%x is no pair of ISA ports; 0x100 to 0xfffe expected", s->iobase);
        return false;
    }
    if (s->irq < 3 || s->irq == 8 || s->irq == 13 || s->irq > 15) {
        error_setg(errp, "isa-mpu401: irq %u is no line for a card; 3 to 7, 9 to 12, 14 or 15 expected", s->irq);
        return false;
    }
    if (s->irq == 9 && mpu401_acpi_is_on()) {
        error_setg(errp, "isa-mpu401: irq 9 is the SCI of this machine's ACPI, and guests refuse to share it "
                         "with a card; choose 5, 7, 10 or 11, or switch ACPI off (-machine acpi=off)");
        return false;
    }
    return true;
}

static mpulab_core* mpu401_create_core(MPU401State* s, Error** errp) {
    const mpulab_core_host host = {.opaque = s, .emit = mpu401_emit};
#define MPULAB_CHOICE(field, name, value, allowed, help)
#define MPULAB_SWITCH(field, name, value, help)
#define MPULAB_NUMBER(field, name, value, low, high, help) g_autofree char* field = g_strdup_printf("%d", s->field);
#include "mpulab_properties.def"
#undef MPULAB_CHOICE
#undef MPULAB_SWITCH
#undef MPULAB_NUMBER
    const mpulab_core_property properties[] = {
#define MPULAB_CHOICE(field, name, value, allowed, help) {name, s->field ? s->field : value},
#define MPULAB_SWITCH(field, name, value, help) {name, s->field ? "on" : "off"},
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
                   "isa-mpu401: the card that is linked in has interface %u, this QEMU was built for %u; "
                   "build both from one tree",
                   mpulab_core_abi(), MPULAB_CORE_ABI);
        return NULL;
    }
    core = mpulab_core_create(properties, ARRAY_SIZE(properties), &host, reason, sizeof(reason));
    if (!core) {
        error_setg(errp, "isa-mpu401: %s", reason);
    }
    return core;
}

static void mpu401_realize(DeviceState* dev, Error** errp) {
    MPU401State* s = ISA_MPU401(dev);
    ISADevice* isa = ISA_DEVICE(dev);

    if (!mpu401_check_wiring(s, errp)) {
        return;
    }
    s->card.core = mpu401_create_core(s, errp);
    if (!s->card.core) {
        return;
    }
    s->card.sync = mpu401_sync;
    s->card.device = (mpulab_machine_device){
        .hardware_id = "PNPB006",
        .unit = s->unit, /* -1 is UINT32_MAX there */
        .port_base = s->iobase,
        .port_length = mpulab_core_register_count(s->card.core),
        .irq = s->irq,
        .irq_flags = MPULAB_IRQ_LATCHED,
    };
    s->armed_ns = MPULAB_CORE_NEVER;
    s->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, mpu401_timer, s);
    s->line = isa_get_irq(isa, s->irq);
    if (!mpulab_card_register(&s->card, errp)) {
        mpulab_core_destroy(s->card.core);
        timer_free(s->timer);
        return;
    }
    mpulab_midi_realize(&s->midi, &s->card);
    memory_region_init_io(&s->io, OBJECT(s), &mpu401_io_ops, s, TYPE_ISA_MPU401, s->card.device.port_length);
    isa_register_ioport(isa, &s->io, s->iobase);
}

static void mpu401_unrealize(DeviceState* dev) {
    MPU401State* s = ISA_MPU401(dev);

    mpulab_midi_unrealize(&s->midi);
    mpulab_card_unregister(&s->card);
    timer_free(s->timer);
    mpulab_core_destroy(s->card.core);
    g_free(s->state);
}

static void mpu401_build_aml(AcpiDevAmlIf* adev, Aml* scope) {
    MPU401State* s = ISA_MPU401(adev);
    Aml* crs = aml_resource_template();
    Aml* dev = aml_device("MP%02X", s->card.device.unit);

    aml_append(crs, aml_io(AML_DECODE16, s->iobase, s->iobase, 0x01, s->card.device.port_length));
    aml_append(crs, aml_irq_no_flags(s->irq));
    aml_append(dev, aml_name_decl("_HID", aml_eisaid("PNPB006")));
    aml_append(dev, aml_name_decl("_UID", aml_int(s->card.device.unit)));
    aml_append(dev, aml_name_decl("_STA", aml_int(0xf)));
    aml_append(dev, aml_name_decl("_CRS", crs));
    aml_append(scope, dev);
}

static int mpu401_pre_save(void* opaque) {
    MPU401State* s = opaque;

    s->state_size = mpulab_core_save(s->card.core, NULL, 0);
    g_free(s->state);
    s->state = g_malloc(s->state_size);
    mpulab_core_save(s->card.core, s->state, s->state_size);
    return 0;
}

static int mpu401_pre_load(void* opaque) {
    MPU401State* s = opaque;

    g_clear_pointer(&s->state, g_free);
    return 0;
}

static bool mpu401_state_size_is_sane(void* opaque, int version_id) {
    return ((MPU401State*)opaque)->state_size <= MPU401_MAX_STATE_BYTES;
}

static int mpu401_post_load(void* opaque, int version_id) {
    MPU401State* s = opaque;
    char reason[256];

    if (!mpulab_core_load(s->card.core, s->state, s->state_size, reason, sizeof(reason))) {
        error_report("isa-mpu401 unit %u: %s", s->card.device.unit, reason);
        return -EINVAL;
    }
    mpu401_sync(&s->card);
    return 0;
}

static const VMStateDescription vmstate_mpu401 = {
    .name = TYPE_ISA_MPU401,
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = mpu401_pre_save,
    .pre_load = mpu401_pre_load,
    .post_load = mpu401_post_load,
    .fields = (const VMStateField[]){VMSTATE_BOOL(line_level, MPU401State), VMSTATE_UINT64(line_edges, MPU401State),
                                     VMSTATE_UINT32(state_size, MPU401State),
                                     VMSTATE_VALIDATE("size of the card's state", mpu401_state_size_is_sane),
                                     VMSTATE_VBUFFER_ALLOC_UINT32(state, MPU401State, 0, NULL, state_size),
                                     VMSTATE_STRUCT(midi, MPU401State, 1, vmstate_mpulab_midi, MpulabMidi),
                                     VMSTATE_END_OF_LIST()},
};

static const Property mpu401_properties[] = {
    DEFINE_PROP_UINT32("iobase", MPU401State, iobase, 0x330),
    DEFINE_PROP_UINT32("irq", MPU401State, irq, 7),
    DEFINE_PROP_INT32("unit", MPU401State, unit, -1),
    DEFINE_MPULAB_MIDI_PROPERTIES(MPU401State, midi),
#define MPULAB_CHOICE(field, name, value, allowed, help) DEFINE_PROP_STRING(name, MPU401State, field),
#define MPULAB_SWITCH(field, name, value, help) DEFINE_PROP_BOOL(name, MPU401State, field, value),
#define MPULAB_NUMBER(field, name, value, low, high, help) DEFINE_PROP_INT32(name, MPU401State, field, value),
#include "mpulab_properties.def"
#undef MPULAB_CHOICE
#undef MPULAB_SWITCH
#undef MPULAB_NUMBER
};

static void mpu401_class_init(ObjectClass* klass, void* data) {
    static const char* const descriptions[][2] = {
        {"iobase", "first of its two ports"},
        {"irq", "ISA interrupt line: 3-7, 9-12, 14, 15; not 9 while ACPI is on"},
        {"unit", "its number on the link, 0-254; -1: the lowest free one"},
        MPULAB_MIDI_DESCRIPTIONS,
#define MPULAB_CHOICE(field, name, value, allowed, help) {name, allowed " (default: " value "): " help},
#define MPULAB_SWITCH(field, name, value, help) {name, help},
#define MPULAB_NUMBER(field, name, value, low, high, help) {name, #low " to " #high ": " help},
#include "mpulab_properties.def"
#undef MPULAB_CHOICE
#undef MPULAB_SWITCH
#undef MPULAB_NUMBER
    };
    DeviceClass* dc = DEVICE_CLASS(klass);

    dc->desc = "Roland MPU-401 MIDI interface (mpulab)";
    dc->realize = mpu401_realize;
    dc->unrealize = mpu401_unrealize;
    dc->vmsd = &vmstate_mpu401;
    RESETTABLE_CLASS(klass)->phases.hold = mpu401_reset_hold;
    ACPI_DEV_AML_IF_CLASS(klass)->build_dev_aml = mpu401_build_aml;
    device_class_set_props(dc, mpu401_properties);
    for (size_t i = 0; i < ARRAY_SIZE(descriptions); i++) {
        object_class_property_set_description(klass, descriptions[i][0], descriptions[i][1]);
    }
    set_bit(DEVICE_CATEGORY_SOUND, dc->categories);
}

static const TypeInfo mpu401_info = {
    .name = TYPE_ISA_MPU401,
    .parent = TYPE_ISA_DEVICE,
    .instance_size = sizeof(MPU401State),
    .class_init = mpu401_class_init,
    .interfaces =
        (InterfaceInfo[]){
            {TYPE_ACPI_DEV_AML_IF},
            {},
        },
};

static void mpu401_register_types(void) {
    type_register_static(&mpu401_info);
}

type_init(mpu401_register_types)
