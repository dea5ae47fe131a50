// SPDX-License-Identifier: MIT
#include "resources.hpp"

namespace nanont::io {

void make_resources(const mpulab_machine_device& device, ULONG vector, ResourceList& out) {
    out = {};
    CM_RESOURCE_LIST& list = *out.list();
    list.Count = 1;
    CM_FULL_RESOURCE_DESCRIPTOR& full = list.List[0];
    full.InterfaceType = Isa;
    full.BusNumber = 0;
    full.PartialResourceList.Version = 1;
    full.PartialResourceList.Revision = 1;
    full.PartialResourceList.Count = device.irq == MPULAB_IRQ_NONE ? 1 : 2;

    CM_PARTIAL_RESOURCE_DESCRIPTOR* descriptor = full.PartialResourceList.PartialDescriptors;
    descriptor->Type = CmResourceTypePort;
    descriptor->ShareDisposition = CmResourceShareDeviceExclusive;
    descriptor->Flags = CM_RESOURCE_PORT_IO | CM_RESOURCE_PORT_16_BIT_DECODE;
    descriptor->u.Port.Start.QuadPart = device.port_base;
    descriptor->u.Port.Length = device.port_length;
    if (device.irq == MPULAB_IRQ_NONE) {
        return;
    }
    ++descriptor;
    const bool latched = (device.irq_flags & MPULAB_IRQ_LATCHED) != 0;
    descriptor->Type = CmResourceTypeInterrupt;
    descriptor->ShareDisposition = latched ? CmResourceShareDeviceExclusive : CmResourceShareShared;
    descriptor->Flags = latched ? CM_RESOURCE_INTERRUPT_LATCHED : CM_RESOURCE_INTERRUPT_LEVEL_SENSITIVE;
    descriptor->u.Interrupt.Level = vector != 0 ? vector >> 4 : device.irq;
    descriptor->u.Interrupt.Vector = vector != 0 ? vector : device.irq;
    descriptor->u.Interrupt.Affinity = vector != 0 ? KeQueryActiveProcessors() : ~KAFFINITY{0};
}

} // namespace nanont::io
