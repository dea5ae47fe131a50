/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mpulab-probe: the test port. All behaviour is the probe core's (probe_core.h); this file gives it
 * ports, a chardev, the plan's file, and does what only QEMU can: stop the machine at an instruction,
 * and end it when nobody reads the link any more.
 */
#include "qemu/osdep.h"

#include "chardev/char-fe.h"
#include "exec/address-spaces.h"
#include "exec/cpu-common.h"
#include "exec/memory.h"
#include "hw/core/cpu.h"
#include "hw/isa/isa.h"
#include "hw/qdev-properties-system.h"
#include "hw/qdev-properties.h"
#include "hw/resettable.h"
#include "migration/vmstate.h"
#include "mpulab-glue.h"
#include "mpulab-patches.h"
#include "mpulab_link.h"
#include "probe_ports.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "qemu/error-report.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "qom/object.h"
#include "system/runstate-action.h"
#include "system/runstate.h"
#include "system/system.h"
#include "trace.h"

#define TYPE_MPULAB_PROBE "mpulab-probe"
OBJECT_DECLARE_SIMPLE_TYPE(MpulabProbeState, MPULAB_PROBE)

#define PROBE_MAX_STATE_BYTES (1 * MiB)
#define PROBE_FLUSH_MS 100 /* host time; a reader that watches a quiet run sees it no later than this */

struct MpulabProbeState {
    ISADevice parent_obj;

    mpulab_probe* probe;
    MemoryRegion io;
    MemoryRegion no_device; /* all ports that nobody has */
    QEMUTimer* flush_timer; /* on host time: moves bytes, never the machine */
    VMChangeStateEntry* state_entry;
    Notifier machine_done;

    /* properties */
    uint32_t iobase;
    CharBackend link;
    char* plan_path;
    char* on_end;
    uint32_t stop_at;
    uint32_t stop_at_marker;

    /* snapshot */
    uint32_t state_size;
    uint8_t* state;
};

/* ---- the end of the machine ---- */

/*
 * Nobody reads any more: the process ends now. -no-shutdown, which management tools pass, is meant for
 * guests that switch themselves off.
 */
static void probe_end_process(const char* why, int exit_code) {
    trace_mpulab_probe_stop(why);
    shutdown_action = SHUTDOWN_ACTION_POWEROFF;
    qemu_system_shutdown_request_with_code(SHUTDOWN_CAUSE_HOST_ERROR, exit_code);
}

static bool probe_flush(void* opaque, const void* bytes, size_t size) {
    MpulabProbeState* s = opaque;

    trace_mpulab_probe_flush(size);
    if (qemu_chr_fe_write_all(&s->link, bytes, size) != size) {
        error_report("mpulab-probe: the link cannot be written (%s); the machine ends here", strerror(errno));
        probe_end_process("link not writable", EXIT_FAILURE);
        return false;
    }
    return true;
}

static void probe_link_event(void* opaque, QEMUChrEvent event) {
    if (event == CHR_EVENT_CLOSED) {
        probe_end_process("link closed", EXIT_FAILURE);
    }
}

/* Of RAM alone: an address that leads to a device would let the guest run one from inside another. */
static bool probe_read_memory(void* opaque, uint64_t address, void* to, size_t size) {
    MemTxAttrs attrs = {.memory = true};

    return address_space_read(&address_space_memory, address, attrs, to, size) == MEMTX_OK;
}

static void probe_complain(void* opaque, const char* text) {
    qemu_log_mask(LOG_GUEST_ERROR, "mpulab-%s\n", text);
}

/* Up to here all seeds share the machine: a snapshot taken now has as many schedules as there are seeds. */
static void probe_driver_loaded(void* opaque) {
    icount_slice_vary();
}

static void probe_act(MpulabProbeState* s, mpulab_probe_action action) {
    if (action == MPULAB_PROBE_NOTHING) {
        return;
    }
    trace_mpulab_probe_stop(action == MPULAB_PROBE_END ? "run ended" : "hold");
    vm_stop(RUN_STATE_PAUSED);
    if (action == MPULAB_PROBE_END && g_str_equal(s->on_end, "exit")) {
        probe_end_process("on-end=exit", EXIT_SUCCESS);
    }
}

/* ---- ports ---- */

static uint64_t probe_io_read(void* opaque, hwaddr addr, unsigned size) {
    MpulabProbeState* s = opaque;
    uint32_t value = mpulab_probe_read(s->probe, addr, size);

    trace_mpulab_probe_read(addr, size, value);
    return value;
}

static void probe_io_write(void* opaque, hwaddr addr, uint64_t value, unsigned size) {
    MpulabProbeState* s = opaque;
    int64_t now = mpulab_settle();
    mpulab_cause cause = mpulab_current_cause();
    mpulab_probe_action action;

    trace_mpulab_probe_write(addr, size, value);
    action = mpulab_probe_write(s->probe, addr, size, value, &cause, now);
    mpulab_sync_cards();
    probe_act(s, action);
}

static const MemoryRegionOps probe_io_ops = {
    .read = probe_io_read,
    .write = probe_io_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
};

/* ---- ports that no device has ---- */

/* Behind everything else: who comes here has met nobody, and gets what a bus without a device gives. */
#define NO_DEVICE_PRIORITY (-1000)
#define ALL_PORTS 0x10000

static void probe_tell_no_device(MpulabProbeState* s, hwaddr port, unsigned size, uint32_t value, bool is_write) {
    int64_t now = mpulab_settle();
    mpulab_cause cause = mpulab_current_cause();

    mpulab_probe_no_device(s->probe, port, size, value, is_write, &cause, now);
    mpulab_sync_cards();
}

static uint64_t probe_no_device_read(void* opaque, hwaddr port, unsigned size) {
    uint32_t value = MAKE_64BIT_MASK(0, size * BITS_PER_BYTE);

    probe_tell_no_device(opaque, port, size, value, false);
    return value;
}

static void probe_no_device_write(void* opaque, hwaddr port, uint64_t value, unsigned size) {
    probe_tell_no_device(opaque, port, size, value, true);
}

static const MemoryRegionOps probe_no_device_ops = {
    .read = probe_no_device_read,
    .write = probe_no_device_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
    .impl = {.min_access_size = 1, .max_access_size = 4, .unaligned = true},
};

/* ---- IRQL ---- */

static void probe_cr8(uint8_t before, uint8_t after) {
    mpulab_cause cause = mpulab_current_cause();
    int64_t now;

    if (!mpulab_probe_watches(mpulab_machine_probe, cause.pc)) {
        return;
    }
    now = mpulab_settle();
    mpulab_probe_irql_written(mpulab_machine_probe, after, before, &cause, now);
    mpulab_sync_cards();
}

/* ---- host time, run state ---- */

static void probe_arm_flush(MpulabProbeState* s) {
    timer_mod(s->flush_timer, qemu_clock_get_ms(QEMU_CLOCK_REALTIME) + PROBE_FLUSH_MS);
}

static void probe_flush_timer(void* opaque) {
    MpulabProbeState* s = opaque;

    mpulab_probe_flush(s->probe);
    probe_arm_flush(s);
}

static void probe_run_state(void* opaque, bool running, RunState state) {
    MpulabProbeState* s = opaque;

    if (running) {
        mpulab_probe_run(s->probe, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
        probe_arm_flush(s);
    } else {
        timer_del(s->flush_timer);
        mpulab_probe_pause(s->probe);
    }
}

static void probe_reset_hold(Object* obj, ResetType type) {
    mpulab_probe_reset(MPULAB_PROBE(obj)->probe);
}

/* ---- plan ---- */

static bool probe_load_plan(MpulabProbeState* s, const char* path, Error** errp) {
    g_autoptr(GError) problem = NULL;
    GMappedFile* file = g_mapped_file_new(path, FALSE, &problem);
    char reason[320];
    bool taken;

    if (!file) {
        error_setg(errp, "mpulab-probe: plan \"%s\": %s", path, problem->message);
        return false;
    }
    taken = mpulab_probe_set_plan(s->probe, g_mapped_file_get_contents(file), g_mapped_file_get_length(file), reason,
                                  sizeof(reason));
    g_mapped_file_unref(file);
    if (taken) {
        icount_slice_run_seed(mpulab_probe_seed(s->probe));
    } else {
        error_setg(errp, "mpulab-probe: \"%s\": %s", path, reason);
    }
    return taken;
}

static char* probe_get_plan(Object* obj, Error** errp) {
    return g_strdup(MPULAB_PROBE(obj)->plan_path ?: "");
}

static void probe_set_plan(Object* obj, const char* path, Error** errp) {
    MpulabProbeState* s = MPULAB_PROBE(obj);

    if (DEVICE(obj)->realized) {
        if (runstate_is_running()) {
            error_setg(errp, "mpulab-probe: the plan cannot change while the machine runs; stop it first");
            return;
        }
        if (!probe_load_plan(s, path, errp)) {
            return;
        }
        mpulab_sync_cards();
    }
    g_free(s->plan_path);
    s->plan_path = g_strdup(path);
}

static void probe_get_stop_at(Object* obj, Visitor* v, const char* name, void* opaque, Error** errp) {
    visit_type_uint32(v, name, &MPULAB_PROBE(obj)->stop_at, errp);
}

static void probe_set_stop_at(Object* obj, Visitor* v, const char* name, void* opaque, Error** errp) {
    MpulabProbeState* s = MPULAB_PROBE(obj);

    if (visit_type_uint32(v, name, &s->stop_at, errp) && s->probe) {
        mpulab_probe_stop_at(s->probe, s->stop_at);
    }
}

static void probe_get_stop_at_marker(Object* obj, Visitor* v, const char* name, void* opaque, Error** errp) {
    visit_type_uint32(v, name, &MPULAB_PROBE(obj)->stop_at_marker, errp);
}

static void probe_set_stop_at_marker(Object* obj, Visitor* v, const char* name, void* opaque, Error** errp) {
    MpulabProbeState* s = MPULAB_PROBE(obj);

    if (visit_type_uint32(v, name, &s->stop_at_marker, errp) && s->probe) {
        mpulab_probe_stop_at_marker(s->probe, s->stop_at_marker);
    }
}

/* QEMU lets one region of ports hide another without a word. */
static bool probe_ports_are_free(const MpulabProbeState* s, const mpulab_machine_device* card) {
    if (card->bus != MPULAB_BUS_ISA || s->iobase >= card->port_base + card->port_length ||
        card->port_base >= s->iobase + MPULAB_PROBE_LENGTH) {
        return true;
    }
    error_report("mpulab-probe: iobase 0x%x: ports 0x%x to 0x%x have those of card %u among them, 0x%x to 0x%x; "
                 "others expected",
                 s->iobase, s->iobase, s->iobase + MPULAB_PROBE_LENGTH - 1, card->unit, card->port_base,
                 card->port_base + card->port_length - 1);
    return false;
}

/* All devices of the command line are there now, in whatever order they stood. */
static void probe_machine_done(Notifier* notifier, void* data) {
    MpulabProbeState* s = container_of(notifier, MpulabProbeState, machine_done);
    MpulabCard* card;
    char reason[320];

    QTAILQ_FOREACH(card, &mpulab_cards, next) {
        if (!probe_ports_are_free(s, &card->device)) {
            exit(EXIT_FAILURE);
        }
        if (!mpulab_probe_attach(s->probe, &card->device, card->core, reason, sizeof(reason))) {
            error_report("mpulab-probe: %s", reason);
            exit(EXIT_FAILURE);
        }
        mpulab_core_tell_accesses(card->core, qemu_chr_fe_backend_connected(&s->link));
    }
    if (!mpulab_probe_assemble(s->probe, reason, sizeof(reason))) {
        error_report("mpulab-probe: \"%s\": %s", s->plan_path, reason);
        exit(EXIT_FAILURE);
    }
    mpulab_sync_cards();
}

/* ---- life ---- */

static void probe_realize(DeviceState* dev, Error** errp) {
    MpulabProbeState* s = MPULAB_PROBE(dev);
    const mpulab_probe_host host = {
        .opaque = s,
        .flush = qemu_chr_fe_backend_connected(&s->link) ? probe_flush : NULL,
        .read_memory = probe_read_memory,
        .complain = probe_complain,
        .driver_loaded = probe_driver_loaded,
    };

    if (mpulab_machine_probe) {
        error_setg(errp, "mpulab-probe: there is one already; a machine has one probe");
        return;
    }
    if (s->iobase < 0x100 || s->iobase > 0x10000 - MPULAB_PROBE_LENGTH || s->iobase % MPULAB_PROBE_LENGTH) {
        error_setg(errp, "mpulab-probe: iobase 0x%x; a multiple of 0x%x from 0x100 to 0x%x expected", s->iobase,
                   MPULAB_PROBE_LENGTH, 0x10000 - MPULAB_PROBE_LENGTH);
        return;
    }
    if (!s->on_end) {
        s->on_end = g_strdup("stop");
    }
    if (!g_str_equal(s->on_end, "stop") && !g_str_equal(s->on_end, "exit")) {
        error_setg(errp, "mpulab-probe: on-end \"%s\" is neither stop nor exit", s->on_end);
        return;
    }
    s->probe = mpulab_probe_create(&host);
    if (!s->probe) {
        error_setg(errp, "mpulab-probe: no memory");
        return;
    }
    if (s->plan_path && !probe_load_plan(s, s->plan_path, errp)) {
        mpulab_probe_destroy(s->probe);
        return;
    }
    mpulab_probe_stop_at(s->probe, s->stop_at);
    mpulab_probe_stop_at_marker(s->probe, s->stop_at_marker);
    mpulab_machine_probe = s->probe;
    cr8_hook = probe_cr8;
    qemu_chr_fe_set_handlers(&s->link, NULL, NULL, probe_link_event, NULL, s, NULL, true);
    s->flush_timer = timer_new_ms(QEMU_CLOCK_REALTIME, probe_flush_timer, s);
    s->state_entry = qdev_add_vm_change_state_handler(dev, probe_run_state, s);
    s->machine_done.notify = probe_machine_done;
    qemu_add_machine_init_done_notifier(&s->machine_done);
    memory_region_init_io(&s->io, OBJECT(s), &probe_io_ops, s, TYPE_MPULAB_PROBE, MPULAB_PROBE_LENGTH);
    isa_register_ioport(ISA_DEVICE(dev), &s->io, s->iobase);
    memory_region_init_io(&s->no_device, OBJECT(s), &probe_no_device_ops, s, TYPE_MPULAB_PROBE "-no-device", ALL_PORTS);
    memory_region_add_subregion_overlap(get_system_io(), 0, &s->no_device, NO_DEVICE_PRIORITY);
}

static void probe_unrealize(DeviceState* dev) {
    MpulabProbeState* s = MPULAB_PROBE(dev);

    mpulab_probe_flush(s->probe);
    memory_region_del_subregion(get_system_io(), &s->no_device);
    qemu_del_vm_change_state_handler(s->state_entry);
    qemu_remove_machine_init_done_notifier(&s->machine_done);
    timer_free(s->flush_timer);
    cr8_hook = NULL;
    mpulab_machine_probe = NULL;
    mpulab_probe_destroy(s->probe);
    g_free(s->state);
}

static void probe_finalize(Object* obj) {
    g_free(MPULAB_PROBE(obj)->plan_path);
}

static int probe_pre_save(void* opaque) {
    MpulabProbeState* s = opaque;

    s->state_size = mpulab_probe_save(s->probe, NULL, 0);
    g_free(s->state);
    s->state = g_malloc(s->state_size);
    mpulab_probe_save(s->probe, s->state, s->state_size);
    return 0;
}

static int probe_pre_load(void* opaque) {
    MpulabProbeState* s = opaque;

    g_clear_pointer(&s->state, g_free);
    return 0;
}

static bool probe_state_size_is_sane(void* opaque, int version_id) {
    return ((MpulabProbeState*)opaque)->state_size <= PROBE_MAX_STATE_BYTES;
}

static int probe_post_load(void* opaque, int version_id) {
    MpulabProbeState* s = opaque;
    char reason[256];

    if (!mpulab_probe_load(s->probe, s->state, s->state_size, reason, sizeof(reason))) {
        error_report("mpulab-probe: %s", reason);
        return -EINVAL;
    }
    return 0;
}

static const VMStateDescription vmstate_probe = {
    .name = TYPE_MPULAB_PROBE,
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = probe_pre_save,
    .pre_load = probe_pre_load,
    .post_load = probe_post_load,
    .fields = (const VMStateField[]){VMSTATE_UINT32(state_size, MpulabProbeState),
                                     VMSTATE_VALIDATE("size of the probe's state", probe_state_size_is_sane),
                                     VMSTATE_VBUFFER_ALLOC_UINT32(state, MpulabProbeState, 0, NULL, state_size),
                                     VMSTATE_END_OF_LIST()},
};

static const Property probe_properties[] = {
    DEFINE_PROP_UINT32("iobase", MpulabProbeState, iobase, 0xe00),
    DEFINE_PROP_CHR("link", MpulabProbeState, link),
    DEFINE_PROP_STRING("on-end", MpulabProbeState, on_end),
};

static void probe_class_init(ObjectClass* klass, void* data) {
    DeviceClass* dc = DEVICE_CLASS(klass);

    dc->desc = "mpulab's test port: score in, records out";
    dc->realize = probe_realize;
    dc->unrealize = probe_unrealize;
    dc->vmsd = &vmstate_probe;
    RESETTABLE_CLASS(klass)->phases.hold = probe_reset_hold;
    device_class_set_props(dc, probe_properties);
    object_class_property_add_str(klass, "plan", probe_get_plan, probe_set_plan);
    object_class_property_set_description(klass, "iobase", "first of its 32 ports");
    object_class_property_set_description(klass, "link", "chardev that takes the records; none: they are thrown away");
    object_class_property_set_description(klass, "plan",
                                          "file with score, options and cues (plan.h); may be set again "
                                          "while the machine is stopped: a new run");
    object_class_property_add(klass, "stop-at", "uint32", probe_get_stop_at, probe_set_stop_at, NULL, NULL);
    object_class_property_set_description(klass, "stop-at",
                                          "number of a PHASE record that stops the machine; 0 (default): none; may be "
                                          "set again while the machine is stopped");
    object_class_property_add(klass, "stop-at-marker", "uint32", probe_get_stop_at_marker, probe_set_stop_at_marker,
                              NULL, NULL);
    object_class_property_set_description(klass, "stop-at-marker",
                                          "number of a MARKER record that stops the machine; 0 (default): none; may be "
                                          "set again while the machine is stopped");
    object_class_property_set_description(klass, "on-end", "stop (default) or exit: what QEMU does when the run ends");
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
}

static const TypeInfo probe_info = {
    .name = TYPE_MPULAB_PROBE,
    .parent = TYPE_ISA_DEVICE,
    .instance_size = sizeof(MpulabProbeState),
    .instance_finalize = probe_finalize,
    .class_init = probe_class_init,
};

static void probe_register_types(void) {
    type_register_static(&probe_info);
}

type_init(probe_register_types)
