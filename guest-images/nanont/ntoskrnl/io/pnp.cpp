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

NTSTATUS start_with(Driver& driver, DeviceNode& node, PCM_RESOURCE_LIST raw, PCM_RESOURCE_LIST translated) {
    Outcome outcome;
    {
        const ke::WatchedCall call(false, MPULAB_CALLBACK_StartDevice, driver.module->name, "IRP_MN_START_DEVICE");
        outcome = send_pnp(node, IRP_MN_START_DEVICE, [&](IO_STACK_LOCATION& location) {
            location.Parameters.StartDevice.AllocatedResources = raw;
            location.Parameters.StartDevice.AllocatedResourcesTranslated = translated;
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

NTSTATUS start_device(Driver& driver, DeviceNode& node) {
    if (node.is_root) {
        return start_with(driver, node, nullptr, nullptr);
    }
    if (node.is_pci) {
        if (!prepare_pci_device(node)) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        make_pci_resources(node.pci, false, node.raw);
        make_pci_resources(node.pci, true, node.translated);
    } else {
        const ULONG vector = node.machine.irq != MPULAB_IRQ_NONE ? HalGetIsaVector(node.machine.irq) : 0;
        make_resources(node.machine, 0, node.raw);
        make_resources(node.machine, vector, node.translated);
    }
    return start_with(driver, node, node.raw.list(), node.translated.list());
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
        if (!node->is_wanted) {
            continue;
        }
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

extern "C" {

NTSTATUS NTAPI NanontRemoveDevice(ULONG Unit) {
    return remove_device(Unit);
}

} // extern "C"
