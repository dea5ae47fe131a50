// SPDX-License-Identifier: MIT
// The bus driver: the machine's devices, as the probe describes them, become physical device objects named after their
// ACPI ids. It answers what a PnP bus is asked; starting and stopping needs nothing of it. An ISA card has no power
// register, so its D-state, like a method of ACPI on a PC, goes to the machine by the probe.
#include "dbg/report.hpp"
#include "io.hpp"
#include "ke/ke.hpp"

namespace nanont::io {
namespace {

constexpr size_t kMaxDevices = 16;
constexpr ULONG kTag = tag("Bus ");

Driver* g_bus;
DeviceNode g_nodes[kMaxDevices];
size_t g_node_count;

NTSTATUS complete(PIRP irp, NTSTATUS status) {
    irp->IoStatus.Status = status;
    IofCompleteRequest(irp, IO_NO_INCREMENT);
    return status;
}

/// A string of its own for the caller, which frees it; MULTI_SZ ids get their second zero.
NTSTATUS answer_id(PIRP irp, const WCHAR* text) {
    const size_t length = wcslen(text);
    auto* copy = static_cast<PWSTR>(ExAllocatePoolWithTag(PagedPool, (length + 2) * sizeof(WCHAR), kTag));
    if (copy == nullptr) {
        return complete(irp, STATUS_INSUFFICIENT_RESOURCES);
    }
    RtlCopyMemory(copy, text, length * sizeof(WCHAR));
    copy[length] = copy[length + 1] = 0;
    irp->IoStatus.Information = reinterpret_cast<ULONG_PTR>(copy);
    return complete(irp, STATUS_SUCCESS);
}

NTSTATUS query_id(const DeviceNode& node, PIRP irp, BUS_QUERY_ID_TYPE type) {
    WCHAR text[64];
    switch (type) {
    case BusQueryDeviceID:
    case BusQueryHardwareIDs:
        _snwprintf(text, RTL_NUMBER_OF(text), L"ACPI\\%hs", node.machine.hardware_id);
        return answer_id(irp, text);
    case BusQueryCompatibleIDs:
        _snwprintf(text, RTL_NUMBER_OF(text), L"*%hs", node.machine.hardware_id);
        return answer_id(irp, text);
    case BusQueryInstanceID:
        _snwprintf(text, RTL_NUMBER_OF(text), L"%lu", static_cast<ULONG>(node.machine.unit));
        return answer_id(irp, text);
    default:
        return complete(irp, irp->IoStatus.Status);
    }
}

NTSTATUS query_capabilities(const DeviceNode& node, PIRP irp, DEVICE_CAPABILITIES* capabilities) {
    if (capabilities->Version != 1 || capabilities->Size < sizeof(DEVICE_CAPABILITIES)) {
        return complete(irp, STATUS_UNSUCCESSFUL);
    }
    capabilities->UniqueID = TRUE;
    capabilities->SilentInstall = TRUE;
    capabilities->Address = node.machine.unit;
    capabilities->UINumber = MAXULONG;
    capabilities->DeviceState[PowerSystemWorking] = PowerDeviceD0;
    for (int state = PowerSystemSleeping1; state <= PowerSystemShutdown; ++state) {
        capabilities->DeviceState[state] = PowerDeviceD3;
    }
    return complete(irp, STATUS_SUCCESS);
}

NTSTATUS query_target(PDEVICE_OBJECT pdo, PIRP irp, DEVICE_RELATION_TYPE type) {
    if (type != TargetDeviceRelation) {
        return complete(irp, irp->IoStatus.Status);
    }
    auto* relations = static_cast<PDEVICE_RELATIONS>(ExAllocatePoolWithTag(PagedPool, sizeof(DEVICE_RELATIONS), kTag));
    if (relations == nullptr) {
        return complete(irp, STATUS_INSUFFICIENT_RESOURCES);
    }
    relations->Count = 1;
    relations->Objects[0] = pdo;
    ObfReferenceObject(pdo);
    irp->IoStatus.Information = reinterpret_cast<ULONG_PTR>(relations);
    return complete(irp, STATUS_SUCCESS);
}

NTSTATUS NTAPI dispatch_pnp(PDEVICE_OBJECT device, PIRP irp) {
    const IO_STACK_LOCATION& location = *IoGetCurrentIrpStackLocation(irp);
    DeviceNode& node = *extension_of(device).node;
    switch (location.MinorFunction) {
    case IRP_MN_START_DEVICE:
    case IRP_MN_QUERY_STOP_DEVICE:
    case IRP_MN_CANCEL_STOP_DEVICE:
    case IRP_MN_STOP_DEVICE:
    case IRP_MN_QUERY_REMOVE_DEVICE:
    case IRP_MN_CANCEL_REMOVE_DEVICE:
    case IRP_MN_SURPRISE_REMOVAL:
    case IRP_MN_REMOVE_DEVICE: // the device stays on its bus: so does its PDO
        return complete(irp, STATUS_SUCCESS);
    case IRP_MN_QUERY_CAPABILITIES:
        return query_capabilities(node, irp, location.Parameters.DeviceCapabilities.Capabilities);
    case IRP_MN_QUERY_ID:
        return query_id(node, irp, location.Parameters.QueryId.IdType);
    case IRP_MN_QUERY_DEVICE_RELATIONS:
        return query_target(device, irp, location.Parameters.QueryDeviceRelations.Type);
    default:
        return complete(irp, irp->IoStatus.Status); // a bus driver leaves alone what it does not know
    }
}

NTSTATUS NTAPI dispatch_power(PDEVICE_OBJECT device, PIRP irp) {
    const IO_STACK_LOCATION& location = *IoGetCurrentIrpStackLocation(irp);
    const UCHAR minor = location.MinorFunction;
    if (minor == IRP_MN_SET_POWER && location.Parameters.Power.Type == DevicePowerState) {
        const DEVICE_POWER_STATE state = location.Parameters.Power.State.DeviceState;
        if (state < PowerDeviceD0 || state > PowerDeviceD3) {
            return complete(irp, STATUS_INVALID_PARAMETER);
        }
        dbg::tell_power(extension_of(device).node->machine.unit, static_cast<ULONG>(state - PowerDeviceD0));
    }
    const bool known = minor == IRP_MN_SET_POWER || minor == IRP_MN_QUERY_POWER;
    return complete(irp, known ? STATUS_SUCCESS : irp->IoStatus.Status);
}

NTSTATUS NTAPI dispatch_other(PDEVICE_OBJECT, PIRP irp) {
    return complete(irp, irp->IoStatus.Status);
}

NTSTATUS make_pdo(DeviceNode& node) {
    const NTSTATUS status = IoCreateDevice(&g_bus->object, 0, nullptr, FILE_DEVICE_UNKNOWN,
                                           FILE_AUTOGENERATED_DEVICE_NAME, FALSE, &node.pdo);
    if (!NT_SUCCESS(status)) {
        return status;
    }
    extension_of(node.pdo).node = &node;
    node.pdo->Flags |= DO_BUS_ENUMERATED_DEVICE;
    node.pdo->Flags &= ~ULONG{DO_DEVICE_INITIALIZING};
    List::init(node.interfaces);
    _snwprintf(node.instance, RTL_NUMBER_OF(node.instance), L"ACPI\\%hs\\%lu", node.machine.hardware_id,
               static_cast<ULONG>(node.machine.unit));
    return STATUS_SUCCESS;
}

/// What a machine description must say of a device so that it can be started.
const char* what_is_wrong_with(const mpulab_machine_device& device) {
    const char* id = device.hardware_id;
    if (id[0] == '\0' || strnlen(id, sizeof(device.hardware_id)) == sizeof(device.hardware_id)) {
        return "hardware id of 1..15 characters";
    }
    if (device.port_length == 0 || device.port_base > 0xffff || device.port_length > 0x10000 - device.port_base) {
        return "port range within 0..0xffff";
    }
    if (device.irq != MPULAB_IRQ_NONE && HalGetIsaVector(device.irq) == 0) {
        return "ISA interrupt line 0..15, or none";
    }
    return nullptr;
}

} // namespace

void init_bus() {
    if (!NT_SUCCESS(create_driver("ACPI", nullptr, g_bus))) {
        dbg::say("no memory for the bus driver's object");
        dbg::end_run(MPULAB_END_GUEST_UNFIT, static_cast<ULONG>(STATUS_INSUFFICIENT_RESOURCES));
    }
    for (auto& function : g_bus->object.MajorFunction) {
        function = dispatch_other;
    }
    g_bus->object.MajorFunction[IRP_MJ_PNP] = dispatch_pnp;
    g_bus->object.MajorFunction[IRP_MJ_POWER] = dispatch_power;
}

bool enumerate_machine() {
    mpulab_machine_device devices[kMaxDevices];
    ULONG size = sizeof(devices);
    if (!dbg::read_plan(MPULAB_SECTION_MACHINE, devices, size) || size % sizeof(devices[0]) != 0) {
        dbg::say("the machine's description has %lu bytes, expected a multiple of %u up to %u", size,
                 static_cast<unsigned>(sizeof(devices[0])), static_cast<unsigned>(sizeof(devices)));
        return false;
    }
    for (size_t i = 0; i < size / sizeof(devices[0]); ++i) {
        if (devices[i].bus != MPULAB_BUS_ISA) {
            dbg::say("device %u of the machine (card %u) is on PCI, which nanont does not enumerate yet: left alone",
                     static_cast<unsigned>(i), devices[i].unit);
            continue;
        }
        if (const char* expected = what_is_wrong_with(devices[i])) {
            dbg::say("device %u of the machine: ports 0x%x + %u, irq %u: expected a %s", static_cast<unsigned>(i),
                     devices[i].port_base, devices[i].port_length, devices[i].irq, expected);
            return false;
        }
        DeviceNode& node = g_nodes[g_node_count];
        node.machine = devices[i];
        node.state = NodeState::Found;
        if (!NT_SUCCESS(make_pdo(node))) {
            dbg::say("no memory for device %u of the machine", static_cast<unsigned>(i));
            return false;
        }
        ++g_node_count;
    }
    return true;
}

DeviceNode* node_at(size_t index) {
    return index < g_node_count ? &g_nodes[index] : nullptr;
}

DeviceNode* node_of(PDEVICE_OBJECT pdo) {
    for (size_t i = 0; i < g_node_count; ++i) {
        if (g_nodes[i].pdo == pdo) {
            return &g_nodes[i];
        }
    }
    return nullptr;
}

} // namespace nanont::io
