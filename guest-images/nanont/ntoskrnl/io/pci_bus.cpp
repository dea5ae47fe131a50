// SPDX-License-Identifier: MIT
// What a PnP bus driver says and does for a PCI function beside what every bus does: ids, configuration space, the bus
// interface, and whether messages are wanted.
#include "cm/cm.hpp"
#include "dbg/report.hpp"
#include "io.hpp"
#include "ke/ke.hpp"

namespace nanont::io {
namespace {

constexpr GUID kBusInterface = {0x496b8280, 0x6f25, 0x11d0, {0xbe, 0xaf, 0x08, 0x00, 0x2b, 0xe2, 0x09, 0x2f}};

/// Appends a zero-terminated id to a list of them.
class IdList {
  public:
    explicit IdList(DeviceNode& node) : next_(node.hardware_ids), left_(RTL_NUMBER_OF(node.hardware_ids) - 1) {}
    void add(const WCHAR* id) {
        const size_t length = wcslen(id) + 1;
        if (length <= left_) {
            RtlCopyMemory(next_, id, length * sizeof(WCHAR));
            next_ += length;
            left_ -= length;
        }
        *next_ = 0;
    }

  private:
    WCHAR* next_;
    size_t left_;
};

/// MSISupported of the device's "Interrupt Management\MessageSignaledInterruptProperties", which a package's INF sets.
bool asks_for_messages(const DeviceNode& node) {
    WCHAR path[kLongestKeyPath];
    enum_path(node, L"\\Device Parameters\\Interrupt Management\\MessageSignaledInterruptProperties", path);
    cm::Guard guard;
    cm::Key* key = nullptr;
    if (!NT_SUCCESS(cm::walk_path(cm::text_of(path), false, key, nullptr))) {
        return false;
    }
    const cm::Value* value = cm::find_value(*key, cm::text_of(L"MSISupported"));
    ULONG wanted = 0;
    if (value != nullptr && value->type == REG_DWORD && value->size == sizeof(wanted)) {
        RtlCopyMemory(&wanted, value->data, sizeof(wanted));
    }
    return wanted != 0;
}

ULONG configuration(const DeviceNode& node, PVOID buffer, ULONG offset, ULONG length, bool write) {
    return write ? HalSetBusDataByOffset(PCIConfiguration, node.pci.bus, node.pci.slot, buffer, offset, length)
                 : HalGetBusDataByOffset(PCIConfiguration, node.pci.bus, node.pci.slot, buffer, offset, length);
}

// The bus interface's functions; its context is the PDO.

DeviceNode& node_behind(PVOID context) {
    return *extension_of(static_cast<PDEVICE_OBJECT>(context)).node;
}
VOID NTAPI keep(PVOID context) {
    ObfReferenceObject(context);
}
VOID NTAPI let_go(PVOID context) {
    ObfDereferenceObject(context);
}
/// Ports and memory of a PC are where the bus says.
BOOLEAN NTAPI translate(PVOID, PHYSICAL_ADDRESS address, ULONG, PULONG, PPHYSICAL_ADDRESS translated) {
    *translated = address;
    return TRUE;
}
/// No DMA: refused by the bench as a whole.
struct _DMA_ADAPTER* NTAPI no_adapter(PVOID, struct _DEVICE_DESCRIPTION*, PULONG registers) {
    *registers = 0;
    return nullptr;
}
ULONG NTAPI set_data(PVOID context, ULONG type, PVOID buffer, ULONG offset, ULONG length) {
    return type == PCI_WHICHSPACE_CONFIG ? configuration(node_behind(context), buffer, offset, length, true) : 0;
}
ULONG NTAPI get_data(PVOID context, ULONG type, PVOID buffer, ULONG offset, ULONG length) {
    return type == PCI_WHICHSPACE_CONFIG ? configuration(node_behind(context), buffer, offset, length, false) : 0;
}

NTSTATUS give_interface(DeviceNode& node, const IO_STACK_LOCATION& location) {
    const auto& wanted = location.Parameters.QueryInterface;
    if (!IsEqualGUIDAligned(*wanted.InterfaceType, kBusInterface) || wanted.Size < sizeof(BUS_INTERFACE_STANDARD)) {
        return STATUS_NOT_SUPPORTED;
    }
    auto* out = reinterpret_cast<BUS_INTERFACE_STANDARD*>(wanted.Interface);
    *out = {};
    out->Size = sizeof(BUS_INTERFACE_STANDARD);
    out->Version = 1;
    out->Context = node.pdo;
    out->InterfaceReference = keep;
    out->InterfaceDereference = let_go;
    out->TranslateBusAddress = translate;
    out->GetDmaAdapter = no_adapter;
    out->SetBusData = set_data;
    out->GetBusData = get_data;
    keep(node.pdo);
    return STATUS_SUCCESS;
}

NTSTATUS access_configuration(const DeviceNode& node, PIRP irp, bool write) {
    const auto& wanted = IoGetCurrentIrpStackLocation(irp)->Parameters.ReadWriteConfig;
    if (wanted.WhichSpace != PCI_WHICHSPACE_CONFIG) {
        return STATUS_INVALID_PARAMETER_1;
    }
    irp->IoStatus.Information = configuration(node, wanted.Buffer, wanted.Offset, wanted.Length, write);
    return STATUS_SUCCESS;
}

} // namespace

NTSTATUS answer_pci(DeviceNode& node, PIRP irp) {
    const IO_STACK_LOCATION& location = *IoGetCurrentIrpStackLocation(irp);
    switch (location.MinorFunction) {
    case IRP_MN_QUERY_INTERFACE:
        return give_interface(node, location);
    case IRP_MN_READ_CONFIG:
    case IRP_MN_WRITE_CONFIG:
        return access_configuration(node, irp, location.MinorFunction == IRP_MN_WRITE_CONFIG);
    default:
        return STATUS_NOT_SUPPORTED;
    }
}

void name_pci_device(DeviceNode& node) {
    const PciFunction& f = node.pci;
    const ULONG subsystem = ULONG{f.subsystem} << 16 | f.subsystem_vendor;
    WCHAR head[32];
    _snwprintf(head, RTL_NUMBER_OF(head), L"PCI\\VEN_%04X&DEV_%04X", f.vendor, f.device);
    _snwprintf(node.device_id, RTL_NUMBER_OF(node.device_id), L"%ls&SUBSYS_%08lX&REV_%02X", head, subsystem,
               f.revision);
    _snwprintf(node.instance_id, RTL_NUMBER_OF(node.instance_id), L"%lu", static_cast<ULONG>(node.machine.unit));
    IdList ids(node);
    WCHAR id[64];
    ids.add(node.device_id);
    _snwprintf(id, RTL_NUMBER_OF(id), L"%ls&SUBSYS_%08lX", head, subsystem);
    ids.add(id);
    _snwprintf(id, RTL_NUMBER_OF(id), L"%ls&REV_%02X", head, f.revision);
    ids.add(id);
    ids.add(head);
    _snwprintf(id, RTL_NUMBER_OF(id), L"%ls&CC_%02X%02X%02X", head, f.base_class, f.subclass, f.programming);
    ids.add(id);
    _snwprintf(id, RTL_NUMBER_OF(id), L"%ls&CC_%02X%02X", head, f.base_class, f.subclass);
    ids.add(id);
}

bool prepare_pci_device(DeviceNode& node) {
    if (!assign_pci_resources(node.pci)) {
        return false;
    }
    if (node.pci.message_capability != 0 && node.pci.message_vector == 0 && asks_for_messages(node)) {
        node.pci.message_vector = HalAllocateMessageVector();
        if (node.pci.message_vector == 0) {
            dbg::say("%ls: no vector left for messages; it gets its line", node.instance);
        } else {
            register_pci_message(node.pci);
        }
    }
    return true;
}

} // namespace nanont::io
