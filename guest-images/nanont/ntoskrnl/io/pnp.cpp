// SPDX-License-Identifier: MIT
// The PnP manager: AddDevice, START_DEVICE, removal.
#include "dbg/report.hpp"
#include "io.hpp"
#include "ke/call_watch.hpp"
#include "ke/ke.hpp"
#include "resources.hpp"

namespace nanont::io {
namespace {

Driver* g_driver; // of the devices; nullptr before it is started and after it is unloaded

/// A PnP request to the top of the device's stack.
template <typename Fill> Outcome send_pnp(DeviceNode& node, UCHAR minor, Fill fill) {
    PDEVICE_OBJECT top = IoGetAttachedDeviceReference(node.pdo);
    PIRP irp = allocate_counted_irp(top);
    Outcome outcome{STATUS_INSUFFICIENT_RESOURCES, 0};
    if (irp != nullptr) {
        irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
        IO_STACK_LOCATION& location = *IoGetNextIrpStackLocation(irp);
        location.MajorFunction = IRP_MJ_PNP;
        location.MinorFunction = minor;
        fill(location);
        outcome = send_and_wait(top, irp);
    }
    ObfDereferenceObject(top);
    return outcome;
}

Outcome send_pnp(DeviceNode& node, UCHAR minor) {
    return send_pnp(node, minor, [](IO_STACK_LOCATION&) {});
}

NTSTATUS add_device(Driver& driver, DeviceNode& node) {
    NTSTATUS status;
    {
        const ke::WatchedCall call(driver.module->under_test, MPULAB_CALLBACK_AddDevice, driver.module->name,
                                   "AddDevice");
        status = call.leave(driver.extension.AddDevice(&driver.object, node.pdo));
    }
    if (!NT_SUCCESS(status)) {
        dbg::say("%s: AddDevice for %ls failed: 0x%08lx", driver.module->name, node.instance,
                 static_cast<ULONG>(status));
        return status;
    }
    node.state = NodeState::Added;
    return STATUS_SUCCESS;
}

NTSTATUS start_device(Driver& driver, DeviceNode& node) {
    const ULONG vector = node.machine.irq != MPULAB_IRQ_NONE ? HalGetIsaVector(node.machine.irq) : 0;
    ResourceList raw;
    ResourceList translated;
    make_resources(node.machine, 0, raw);
    make_resources(node.machine, vector, translated);
    Outcome outcome;
    {
        const ke::WatchedCall call(false, MPULAB_CALLBACK_StartDevice, driver.module->name, "IRP_MN_START_DEVICE");
        outcome = send_pnp(node, IRP_MN_START_DEVICE, [&](IO_STACK_LOCATION& location) {
            location.Parameters.StartDevice.AllocatedResources = raw.list();
            location.Parameters.StartDevice.AllocatedResourcesTranslated = translated.list();
        });
    }
    if (!NT_SUCCESS(outcome.status)) {
        dbg::say("%s: IRP_MN_START_DEVICE for %ls failed: 0x%08lx", driver.module->name, node.instance,
                 static_cast<ULONG>(outcome.status));
        return outcome.status;
    }
    node.state = NodeState::Started;
    return STATUS_SUCCESS;
}

/// Open files keep a device from being removed.
bool has_open_files(DeviceNode& node) {
    for (PDEVICE_OBJECT device = node.pdo; device != nullptr; device = device->AttachedDevice) {
        if (device->ReferenceCount != 0) {
            return true;
        }
    }
    return false;
}

} // namespace

NTSTATUS start_devices(Driver& driver) {
    g_driver = &driver;
    if (driver.extension.AddDevice == nullptr) {
        return STATUS_SUCCESS; // not a PnP driver: its DriverEntry was all there is to start
    }
    DeviceNode* node = nullptr;
    for (size_t i = 0; (node = node_at(i)) != nullptr; ++i) {
        NTSTATUS status = add_device(driver, *node);
        if (NT_SUCCESS(status)) {
            status = start_device(driver, *node);
        }
        if (!NT_SUCCESS(status)) {
            return status;
        }
    }
    return STATUS_SUCCESS;
}

NTSTATUS remove_device(ULONG unit) {
    ke::require_irql(PASSIVE_LEVEL, "NanontRemoveDevice");
    DeviceNode* node = nullptr;
    for (size_t i = 0; (node = node_at(i)) != nullptr && node->machine.unit != unit; ++i) {
    }
    if (node == nullptr || node->state != NodeState::Started) {
        return STATUS_NO_SUCH_DEVICE;
    }
    const NTSTATUS query = send_pnp(*node, IRP_MN_QUERY_REMOVE_DEVICE).status;
    if (!NT_SUCCESS(query) || has_open_files(*node)) {
        send_pnp(*node, IRP_MN_CANCEL_REMOVE_DEVICE);
        return NT_SUCCESS(query) ? STATUS_DEVICE_BUSY : query;
    }
    const NTSTATUS status = send_pnp(*node, IRP_MN_REMOVE_DEVICE).status;
    forget_interfaces(*node);
    node->state = NodeState::Removed;
    if (node->pdo->AttachedDevice != nullptr) {
        dbg::say("%ls: a device object is still attached after IRP_MN_REMOVE_DEVICE", node->instance);
    }
    if (g_driver != nullptr && g_driver->object.DeviceObject == nullptr && g_driver->object.DriverUnload != nullptr) {
        Driver* driver = g_driver;
        g_driver = nullptr;
        unload_driver(*driver);
    }
    return status;
}

} // namespace nanont::io

using namespace nanont;
using namespace nanont::io;

namespace {

/// Writes a string property; the documented way round when it does not fit.
NTSTATUS give(const void* value, ULONG size, ULONG room, PVOID buffer, PULONG result) {
    *result = size;
    if (room < size) {
        return STATUS_BUFFER_TOO_SMALL;
    }
    RtlCopyMemory(buffer, value, size);
    return STATUS_SUCCESS;
}

NTSTATUS give_text(const WCHAR* text, ULONG room, PVOID buffer, PULONG result) {
    return give(text, static_cast<ULONG>((wcslen(text) + 1) * sizeof(WCHAR)), room, buffer, result);
}

} // namespace

extern "C" {

NTSTATUS NTAPI NanontRemoveDevice(ULONG Unit) {
    return remove_device(Unit);
}

NTSTATUS NTAPI IoGetDeviceProperty(PDEVICE_OBJECT DeviceObject, DEVICE_REGISTRY_PROPERTY DeviceProperty,
                                   ULONG BufferLength, PVOID PropertyBuffer, PULONG ResultLength) {
    ke::require_irql(PASSIVE_LEVEL, "IoGetDeviceProperty");
    *ResultLength = 0;
    DeviceNode* node = node_of(DeviceObject);
    if (node == nullptr) {
        return STATUS_INVALID_DEVICE_REQUEST;
    }
    WCHAR text[64] = {};
    switch (DeviceProperty) {
    case DevicePropertyHardwareID: {
        const int length = _snwprintf(text, RTL_NUMBER_OF(text) - 2, L"ACPI\\%hs", node->machine.hardware_id);
        return give(text, static_cast<ULONG>((length + 2) * sizeof(WCHAR)), BufferLength, PropertyBuffer, ResultLength);
    }
    case DevicePropertyCompatibleIDs: {
        const int length = _snwprintf(text, RTL_NUMBER_OF(text) - 2, L"*%hs", node->machine.hardware_id);
        return give(text, static_cast<ULONG>((length + 2) * sizeof(WCHAR)), BufferLength, PropertyBuffer, ResultLength);
    }
    case DevicePropertyDeviceDescription:
        _snwprintf(text, RTL_NUMBER_OF(text) - 1, L"%hs", node->machine.hardware_id);
        return give_text(text, BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyClassName:
        return give_text(L"MEDIA", BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyClassGuid:
        return give_text(L"{4d36e96c-e325-11ce-bfc1-08002be10318}", BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyEnumeratorName:
        return give_text(L"ACPI", BufferLength, PropertyBuffer, ResultLength);
    case DevicePropertyPhysicalDeviceObjectName: {
        const UNICODE_STRING name = ob::name_of(node->pdo);
        if (name.Length + sizeof(WCHAR) > sizeof(text)) {
            return STATUS_NAME_TOO_LONG;
        }
        RtlCopyMemory(text, name.Buffer, name.Length);
        return give_text(text, BufferLength, PropertyBuffer, ResultLength);
    }
    case DevicePropertyLegacyBusType: {
        const INTERFACE_TYPE type = Isa;
        return give(&type, sizeof(type), BufferLength, PropertyBuffer, ResultLength);
    }
    case DevicePropertyBusNumber: {
        const ULONG number = 0;
        return give(&number, sizeof(number), BufferLength, PropertyBuffer, ResultLength);
    }
    case DevicePropertyAddress: {
        const ULONG address = node->machine.unit;
        return give(&address, sizeof(address), BufferLength, PropertyBuffer, ResultLength);
    }
    default:
        return STATUS_OBJECT_NAME_NOT_FOUND;
    }
}

} // extern "C"
