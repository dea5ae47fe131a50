/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pci-mpu401: the MPU-401 behind a PCI function. What is of this bus: one BAR, INTx or MSI as the guest enables
 * them, and the power-management capability. The rest of a card is mpulab-card.c.
 *
 * Vendor 1234h belongs to nobody and is what QEMU's own teaching devices use (edu, 11e8h; bochs-display, 1111h).
 */
#include "qemu/osdep.h"

#include "hw/pci/msi.h"
#include "hw/pci/pci_bus.h"
#include "hw/pci/pci_device.h"
#include "hw/qdev-properties-system.h"
#include "hw/qdev-properties.h"
#include "hw/resettable.h"
#include "mpulab-card.h"
#include "qapi/error.h"
#include "qemu/module.h"
#include "qom/object.h"

#define TYPE_PCI_MPU401 "pci-mpu401"
OBJECT_DECLARE_SIMPLE_TYPE(PciMPU401State, PCI_MPU401)

#define PCI_MPU401_VENDOR 0x1234
#define PCI_MPU401_DEVICE 0x4d50 /* "MP" */
#define PCI_MPU401_IO_BYTES 8
#define PCI_MPU401_MEMORY_BYTES 4096 /* a page of its own */

struct PciMPU401State {
    PCIDevice parent_obj;

    MpulabCard card;
    uint8_t pm_cap; /* where the capability stands */
    char* bar;
    OnOffAuto msi;
};

static uint32_t pci_mpu401_d_state(PciMPU401State* s) {
    return pci_get_word(PCI_DEVICE(s)->config + s->pm_cap + PCI_PM_CTRL) & PCI_PM_CTRL_STATE_MASK;
}

static void pci_mpu401_set_d_state(PciMPU401State* s, uint32_t d_state) {
    uint8_t* pmcsr = PCI_DEVICE(s)->config + s->pm_cap + PCI_PM_CTRL;

    pci_set_word(pmcsr, (pci_get_word(pmcsr) & ~PCI_PM_CTRL_STATE_MASK) | d_state);
}

/* INTx follows the line; a message goes out for each of its rising edges. */
static void pci_mpu401_set_line(MpulabCard* card, bool level) {
    PCIDevice* pci = PCI_DEVICE(container_of(card, PciMPU401State, card));

    if (!msi_enabled(pci)) {
        pci_set_irq(pci, level);
    } else if (level) {
        msi_notify(pci, 0);
    }
}

static void pci_mpu401_write_config(PCIDevice* pci, uint32_t address, uint32_t value, int size) {
    PciMPU401State* s = PCI_MPU401(pci);
    uint32_t d_state = pci_mpu401_d_state(s);
    bool had_msi = msi_enabled(pci);

    pci_default_write_config(pci, address, value, size);
    if (msi_enabled(pci) != had_msi && s->card.line_level) {
        pci_mpu401_set_line(&s->card, true); /* the interrupt that waits goes the new way */
    }
    if (pci_mpu401_d_state(s) == 1 || pci_mpu401_d_state(s) == 2) {
        pci_mpu401_set_d_state(s, d_state); /* not offered: PCI PM 1.2, 3.2.4, discards such a write */
    }
    if (pci_mpu401_d_state(s) != d_state) {
        mpulab_card_power(&s->card, pci_mpu401_d_state(s));
    }
}

static void pci_mpu401_reset_hold(Object* obj, ResetType type) {
    PciMPU401State* s = PCI_MPU401(obj);

    pci_mpu401_set_d_state(s, 0);
    mpulab_card_reset(&s->card);
}

/*
 * D0 and D3. The configuration outlives D3 (no soft reset), the card does not. The BAR stays mapped: the card itself
 * answers FFh there, and tells that it was asked.
 */
static bool pci_mpu401_add_power(PciMPU401State* s, Error** errp) {
    PCIDevice* pci = PCI_DEVICE(s);
    int place = pci_add_capability(pci, PCI_CAP_ID_PM, 0, PCI_PM_SIZEOF, errp);

    if (place < 0) {
        return false;
    }
    s->pm_cap = place;
    pci_set_word(pci->config + place + PCI_PM_PMC, PCI_PM_CAP_VER_1_2);
    pci_set_word(pci->config + place + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET);
    pci_set_word(pci->wmask + place + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);
    return true;
}

static bool pci_mpu401_add_msi(PciMPU401State* s, Error** errp) {
    Error* problem = NULL;

    if (s->msi == ON_OFF_AUTO_OFF) {
        return true;
    }
    if (msi_init(PCI_DEVICE(s), 0, 1, true, false, &problem) == 0) {
        return true;
    }
    if (s->msi == ON_OFF_AUTO_ON) {
        error_propagate_prepend(errp, problem, "pci-mpu401: msi=on: ");
        return false;
    }
    error_free(problem); /* a machine without: INTx it is */
    return true;
}

static void pci_mpu401_realize(PCIDevice* pci, Error** errp) {
    PciMPU401State* s = PCI_MPU401(pci);
    bool memory;

    if (!s->bar) {
        s->bar = g_strdup("io");
    }
    memory = g_str_equal(s->bar, "memory");
    if (!memory && !g_str_equal(s->bar, "io")) {
        error_setg(errp, "pci-mpu401: bar \"%s\" is neither io nor memory", s->bar);
        return;
    }
    if (!pci_bus_is_root(pci_get_bus(pci))) { /* MACHINE gives its address before firmware numbers such a bus */
        error_setg(errp, "pci-mpu401: bus \"%s\" is behind a bridge; a bus of the machine's own expected",
                   BUS(pci_get_bus(pci))->name);
        return;
    }
    pci_config_set_interrupt_pin(pci->config, 1);
    if (!pci_mpu401_add_power(s, errp) || !pci_mpu401_add_msi(s, errp)) {
        return;
    }
    s->card.name = TYPE_PCI_MPU401;
    s->card.set_line = pci_mpu401_set_line;
    s->card.device = (mpulab_machine_device){
        .hardware_id = "pci1234,4d50",
        .irq = MPULAB_IRQ_NONE,
        .bus = MPULAB_BUS_PCI,
        .address = pci_get_bdf(pci),
    };
    if (!mpulab_card_realize(&s->card, OBJECT(s), memory ? PCI_MPU401_MEMORY_BYTES : PCI_MPU401_IO_BYTES, errp)) {
        msi_uninit(pci);
        return;
    }
    pci_register_bar(pci, 0, memory ? PCI_BASE_ADDRESS_SPACE_MEMORY : PCI_BASE_ADDRESS_SPACE_IO, &s->card.io);
}

static void pci_mpu401_exit(PCIDevice* pci) {
    mpulab_card_unrealize(&PCI_MPU401(pci)->card);
    msi_uninit(pci);
}

static const VMStateDescription vmstate_pci_mpu401 = {
    .name = TYPE_PCI_MPU401,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]){VMSTATE_PCI_DEVICE(parent_obj, PciMPU401State),
                                     VMSTATE_STRUCT(card, PciMPU401State, 0, vmstate_mpulab_card, MpulabCard),
                                     VMSTATE_END_OF_LIST()},
};

static const Property pci_mpu401_properties[] = {
    DEFINE_PROP_STRING("bar", PciMPU401State, bar),
    DEFINE_PROP_ON_OFF_AUTO("msi", PciMPU401State, msi, ON_OFF_AUTO_AUTO),
#define MPULAB_CARD_STATE PciMPU401State
#include "mpulab-card-properties.h"
#undef MPULAB_CARD_STATE
};

static void pci_mpu401_class_init(ObjectClass* klass, void* data) {
    DeviceClass* dc = DEVICE_CLASS(klass);
    PCIDeviceClass* pc = PCI_DEVICE_CLASS(klass);

    dc->desc = "Roland MPU-401 MIDI interface on PCI (mpulab)";
    dc->vmsd = &vmstate_pci_mpu401;
    dc->hotpluggable = false; /* what the probe tells of the machine does not change while it runs */
    pc->realize = pci_mpu401_realize;
    pc->exit = pci_mpu401_exit;
    pc->config_write = pci_mpu401_write_config;
    pc->vendor_id = PCI_MPU401_VENDOR;
    pc->device_id = PCI_MPU401_DEVICE;
    pc->revision = 1;
    pc->class_id = PCI_CLASS_MULTIMEDIA_AUDIO;
    RESETTABLE_CLASS(klass)->phases.hold = pci_mpu401_reset_hold;
    device_class_set_props(dc, pci_mpu401_properties);
    mpulab_card_describe(klass);
    object_class_property_set_description(klass, "bar",
                                          "io|memory (default: io): BAR 0, 8 ports or a page; registers at 0 and 1");
    object_class_property_set_description(klass, "msi",
                                          "whether the guest may choose MSI over INTx; auto: where the machine has it");
    set_bit(DEVICE_CATEGORY_SOUND, dc->categories);
}

static const TypeInfo pci_mpu401_info = {
    .name = TYPE_PCI_MPU401,
    .parent = TYPE_PCI_DEVICE,
    .instance_size = sizeof(PciMPU401State),
    .class_init = pci_mpu401_class_init,
    .interfaces =
        (InterfaceInfo[]){
            {INTERFACE_CONVENTIONAL_PCI_DEVICE},
            {},
        },
};

static void pci_mpu401_register_types(void) {
    type_register_static(&pci_mpu401_info);
}

type_init(pci_mpu401_register_types)
