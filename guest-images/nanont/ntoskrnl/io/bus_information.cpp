// SPDX-License-Identifier: MIT
// What a bus says of a device before it has resources: its own kind (IRP_MN_QUERY_BUS_INFORMATION), and what it can be
// given (IO_RESOURCE_REQUIREMENTS_LIST, DevicePropertyResourceRequirements).
#include "bus_information.hpp"

namespace nanont::io {
namespace {

// wdmguid.h: GUID_BUS_TYPE_PCI, GUID_BUS_TYPE_ACPI
constexpr GUID kPci = {0xc8ebdfb0, 0xb510, 0x11d0, {0x80, 0xe5, 0x00, 0xa0, 0xc9, 0x25, 0x42, 0xe3}};
constexpr GUID kAcpi = {0xd7b46895, 0x001a, 0x4942, {0x89, 0x1f, 0xa7, 0xd4, 0x66, 0x10, 0xa8, 0x43}};

/// `fixed`: at this place or nowhere, as a card without plug and play is.
void require(const CM_PARTIAL_RESOURCE_DESCRIPTOR& has, bool fixed, IO_RESOURCE_DESCRIPTOR& out) {
    out.Type = has.Type;
    out.ShareDisposition = has.ShareDisposition;
    out.Flags = has.Flags;
    if (has.Type == CmResourceTypeInterrupt) {
        out.u.Interrupt.MinimumVector = out.u.Interrupt.MaximumVector = has.u.Interrupt.Vector;
        return;
    }
    const bool is_port = has.Type == CmResourceTypePort;
    out.u.Port.Length = has.u.Port.Length; // u.Memory lies there as well
    out.u.Port.Alignment = fixed ? 1 : has.u.Port.Length;
    if (fixed) {
        out.u.Port.MinimumAddress = has.u.Port.Start;
        out.u.Port.MaximumAddress.QuadPart = has.u.Port.Start.QuadPart + has.u.Port.Length - 1;
    } else {
        out.u.Port.MaximumAddress.QuadPart = is_port ? 0xffff : 0xffffffff;
    }
}

} // namespace

bool bus_information(const DeviceNode& node, PNP_BUS_INFORMATION& out) {
    if (node.is_root) {
        return false;
    }
    out.BusTypeGuid = node.is_pci ? kPci : kAcpi;
    out.LegacyBusType = node.is_pci ? PCIBus : Isa;
    out.BusNumber = node.is_pci ? node.pci.bus : 0;
    return true;
}

NTSTATUS answer_bus_information(const DeviceNode& node, PIRP irp) {
    PNP_BUS_INFORMATION found;
    if (!bus_information(node, found)) {
        return STATUS_NOT_SUPPORTED;
    }
    auto* out = static_cast<PPNP_BUS_INFORMATION>(ExAllocatePoolWithTag(PagedPool, sizeof(found), tag("Bus ")));
    if (out == nullptr) {
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *out = found;
    irp->IoStatus.Information = reinterpret_cast<ULONG_PTR>(out);
    return STATUS_SUCCESS;
}

ULONG make_requirements(const DeviceNode& node, RequirementsList& out) {
    out = {};
    ResourceList has;
    if (node.is_pci) {
        make_pci_resources(node.pci, false, has);
    } else {
        make_resources(node.machine, 0, has);
    }
    const CM_FULL_RESOURCE_DESCRIPTOR& full = has.list()->List[0];
    const ULONG count = full.PartialResourceList.Count;
    IO_RESOURCE_REQUIREMENTS_LIST& list = *out.list();
    list.InterfaceType = full.InterfaceType;
    list.BusNumber = full.BusNumber;
    list.SlotNumber = node.is_pci ? node.pci.slot : 0;
    list.AlternativeLists = 1;
    list.List[0].Version = list.List[0].Revision = 1;
    list.List[0].Count = count;
    // By pointer: to a compiler an array of one ends after one.
    const CM_PARTIAL_RESOURCE_DESCRIPTOR* from = full.PartialResourceList.PartialDescriptors;
    IO_RESOURCE_DESCRIPTOR* to = list.List[0].Descriptors;
    for (ULONG i = 0; i < count; ++i) {
        require(*from++, !node.is_pci, *to++);
    }
    list.ListSize = static_cast<ULONG>(offsetof(IO_RESOURCE_REQUIREMENTS_LIST, List[0].Descriptors) +
                                       count * sizeof(IO_RESOURCE_DESCRIPTOR));
    return list.ListSize;
}

} // namespace nanont::io
