/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * isa-mpu401: the MPU-401 on the ISA bus. What is of this bus: two ports, an edge-triggered line, and ACPI, by which
 * guests find it. The rest of a card is mpulab-card.c.
 */
#include "qemu/osdep.h"

#include "hw/acpi/acpi_aml_interface.h"
#include "hw/acpi/acpi_dev_interface.h"
#include "hw/boards.h"
#include "hw/irq.h"
#include "hw/isa/isa.h"
#include "hw/qdev-properties-system.h"
#include "hw/qdev-properties.h"
#include "hw/resettable.h"
#include "mpulab-card.h"
#include "qapi/error.h"
#include "qemu/module.h"
#include "qom/object.h"

#define TYPE_ISA_MPU401 "isa-mpu401"
OBJECT_DECLARE_SIMPLE_TYPE(IsaMPU401State, ISA_MPU401)

struct IsaMPU401State {
    ISADevice parent_obj;

    MpulabCard card;
    qemu_irq line;
    uint32_t iobase;
    uint32_t irq;
};

static void isa_mpu401_set_line(MpulabCard* card, bool level) {
    qemu_set_irq(container_of(card, IsaMPU401State, card)->line, level);
}

static void isa_mpu401_reset_hold(Object* obj, ResetType type) {
    mpulab_card_reset(&ISA_MPU401(obj)->card);
}

/* Not switched off by the machine's property, and the hardware is there: isapc has the one without the other. */
static bool isa_mpu401_acpi_is_on(void) {
    g_autofree char* acpi = object_property_get_str(qdev_get_machine(), "acpi", NULL);
    bool several = false;

    return acpi && strcmp(acpi, "off") != 0 && (object_resolve_path_type("", TYPE_ACPI_DEVICE_IF, &several) || several);
}

static bool isa_mpu401_check_wiring(IsaMPU401State* s, Error** errp) {
    if (s->iobase < 0x100 || s->iobase > 0xfffe) {
        error_setg(errp, "isa-mpu401: iobase 0x%x is no pair of ISA ports; 0x100 to 0xfffe expected", s->iobase);
        return false;
    }
    if (s->irq < 3 || s->irq == 8 || s->irq == 13 || s->irq > 15) {
        error_setg(errp, "isa-mpu401: irq %u is no line for a card; 3 to 7, 9 to 12, 14 or 15 expected", s->irq);
        return false;
    }
    if (s->irq == 9 && isa_mpu401_acpi_is_on()) {
        error_setg(errp, "isa-mpu401: irq 9 is the SCI of this machine's ACPI, and guests refuse to share it "
                         "with a card; choose 5, 7, 10 or 11, or switch ACPI off (-machine acpi=off)");
        return false;
    }
    return true;
}

static void isa_mpu401_realize(DeviceState* dev, Error** errp) {
    IsaMPU401State* s = ISA_MPU401(dev);
    ISADevice* isa = ISA_DEVICE(dev);

    if (!isa_mpu401_check_wiring(s, errp)) {
        return;
    }
    s->line = isa_get_irq(isa, s->irq);
    s->card.name = TYPE_ISA_MPU401;
    s->card.set_line = isa_mpu401_set_line;
    s->card.device = (mpulab_machine_device){
        .hardware_id = "PNPB006",
        .port_base = s->iobase,
        .irq = s->irq,
        .irq_flags = MPULAB_IRQ_LATCHED,
        .bus = MPULAB_BUS_ISA,
    };
    if (mpulab_card_realize(&s->card, OBJECT(s), 0, errp)) {
        isa_register_ioport(isa, &s->card.io, s->iobase);
    }
}

static void isa_mpu401_unrealize(DeviceState* dev) {
    mpulab_card_unrealize(&ISA_MPU401(dev)->card);
}

static void isa_mpu401_build_aml(AcpiDevAmlIf* adev, Aml* scope) {
    IsaMPU401State* s = ISA_MPU401(adev);
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

static const VMStateDescription vmstate_isa_mpu401 = {
    .name = TYPE_ISA_MPU401,
    .version_id = 2,
    .minimum_version_id = 2,
    .fields = (const VMStateField[]){VMSTATE_STRUCT(card, IsaMPU401State, 0, vmstate_mpulab_card, MpulabCard),
                                     VMSTATE_END_OF_LIST()},
};

static const Property isa_mpu401_properties[] = {
    DEFINE_PROP_UINT32("iobase", IsaMPU401State, iobase, 0x330),
    DEFINE_PROP_UINT32("irq", IsaMPU401State, irq, 7),
#define MPULAB_CARD_STATE IsaMPU401State
#include "mpulab-card-properties.h"
#undef MPULAB_CARD_STATE
};

static void isa_mpu401_class_init(ObjectClass* klass, void* data) {
    DeviceClass* dc = DEVICE_CLASS(klass);

    dc->desc = "Roland MPU-401 MIDI interface (mpulab)";
    dc->realize = isa_mpu401_realize;
    dc->unrealize = isa_mpu401_unrealize;
    dc->vmsd = &vmstate_isa_mpu401;
    RESETTABLE_CLASS(klass)->phases.hold = isa_mpu401_reset_hold;
    ACPI_DEV_AML_IF_CLASS(klass)->build_dev_aml = isa_mpu401_build_aml;
    device_class_set_props(dc, isa_mpu401_properties);
    mpulab_card_describe(klass);
    object_class_property_set_description(klass, "iobase", "0x100 to 0xfffe: first of its two ports");
    object_class_property_set_description(klass, "irq",
                                          "ISA interrupt line: 3-7, 9-12, 14, 15; not 9 while ACPI is on");
    set_bit(DEVICE_CATEGORY_SOUND, dc->categories);
}

static const TypeInfo isa_mpu401_info = {
    .name = TYPE_ISA_MPU401,
    .parent = TYPE_ISA_DEVICE,
    .instance_size = sizeof(IsaMPU401State),
    .class_init = isa_mpu401_class_init,
    .interfaces =
        (InterfaceInfo[]){
            {TYPE_ACPI_DEV_AML_IF},
            {},
        },
};

static void isa_mpu401_register_types(void) {
    type_register_static(&isa_mpu401_info);
}

type_init(isa_mpu401_register_types)
