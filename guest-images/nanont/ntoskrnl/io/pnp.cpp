// SPDX-License-Identifier: MIT
// The PnP manager: AddDevice, START_DEVICE, what is asked after it, removal. Who asks for it in the middle of a run is
// device_requests.cpp's and device_work.cpp's.
#include <score.h>

#include "dbg/report.hpp"
#include "io.hpp"
#include "ke/call_watch.hpp"
#include "ke/ke.hpp"
#include "notification.hpp"
#include "resources.hpp"
#include "vf/driver_call.hpp"

namespace nanont::io {
namespace {

Driver* g_driver; // of the devices; nullptr before it is started and after it is unloaded
KEVENT g_device_lock;
bool g_device_lock_ready;

const char* driver_name() {
    return g_driver != nullptr && g_driver->module != nullptr ? g_driver->module->name : "the driver";
}

/// A PnP request to the top of the device's stack. The call is bounded: ke/call_watch.hpp.
template <typename Fill> Outcome send_pnp(DeviceNode& node, UCHAR minor, Fill fill) {
    static const char* const kNames[] = {
        "IRP_MN_START_DEVICE", "IRP_MN_QUERY_REMOVE_DEVICE", "IRP_MN_REMOVE_DEVICE",     "IRP_MN_CANCEL_REMOVE_DEVICE",
        "IRP_MN_STOP_DEVICE",  "IRP_MN_QUERY_STOP_DEVICE",   "IRP_MN_CANCEL_STOP_DEVICE"};
    const char* name = minor < RTL_NUMBER_OF(kNames) ? kNames[minor] : "an IRP_MJ_PNP request";
    if (minor == IRP_MN_SURPRISE_REMOVAL) {
        name = "IRP_MN_SURPRISE_REMOVAL";
    }
    PDEVICE_OBJECT top = IoGetAttachedDeviceReference(node.pdo);
    PIRP irp = allocate_counted_irp(top, 0);
    Outcome outcome{STATUS_INSUFFICIENT_RESOURCES, 0};
    if (irp != nullptr) {
        irp->IoStatus.Status = STATUS_NOT_SUPPORTED;
        IO_STACK_LOCATION& location = *IoGetNextIrpStackLocation(irp);
        location.MajorFunction = IRP_MJ_PNP;
        location.MinorFunction = minor;
        fill(location);
        const ke::WatchedCall call(false, MPULAB_CALLBACK_StartDevice, driver_name(), name);
        outcome = send_and_wait(top, irp);
    }
    ObfDereferenceObject(top);
    return outcome;
}

/// The device's capabilities, which a stack may edit. Who asks makes the fields that mean "nothing said".
void look_at_capabilities(DeviceNode& node) {
    DEVICE_CAPABILITIES capabilities{};
    capabilities.Size = sizeof(capabilities);
    capabilities.Version = 1;
    capabilities.Address = capabilities.UINumber = MAXULONG;
    send_pnp(node, IRP_MN_QUERY_CAPABILITIES,
             [&](IO_STACK_LOCATION& location) { location.Parameters.DeviceCapabilities.Capabilities = &capabilities; });
}

/// RESOURCE records: what the device's driver may touch from here on, and nothing else. nullptr: nothing.
void tell_resources(const DeviceNode& node, const CM_RESOURCE_LIST* resources) {
    const ULONG device = node.machine.unit << 8;
    dbg::emit(MPULAB_KIND_RESOURCE, 0, device | CmResourceTypeNull, 0, 0);
    if (resources == nullptr || resources->Count == 0) {
        return;
    }
    const CM_PARTIAL_RESOURCE_LIST& list = resources->List[0].PartialResourceList;
    for (ULONG i = 0; i < list.Count; ++i) {
        const CM_PARTIAL_RESOURCE_DESCRIPTOR& item = list.PartialDescriptors[i];
        if (item.Type == CmResourceTypePort) {
            dbg::emit(MPULAB_KIND_RESOURCE, 0, device | item.Type, static_cast<ULONGLONG>(item.u.Port.Start.QuadPart),
                      item.u.Port.Length);
        } else if (item.Type == CmResourceTypeInterrupt) {
            dbg::emit(MPULAB_KIND_RESOURCE, 0, device | item.Type, item.u.Interrupt.Vector, item.u.Interrupt.Level);
        }
    }
}

NTSTATUS start_with(DeviceNode& node, PCM_RESOURCE_LIST raw, PCM_RESOURCE_LIST translated) {
    tell_resources(node, translated);
    const Outcome outcome = send_pnp(node, IRP_MN_START_DEVICE, [&](IO_STACK_LOCATION& location) {
        location.Parameters.StartDevice.AllocatedResources = raw;
        location.Parameters.StartDevice.AllocatedResourcesTranslated = translated;
    });
    if (!NT_SUCCESS(outcome.status)) {
        dbg::say("%s: IRP_MN_START_DEVICE for %ls failed: 0x%08lx", driver_name(), node.instance,
                 static_cast<ULONG>(outcome.status));
        return outcome.status;
    }
    node.state = NodeState::Started;
    look_at_capabilities(node);
    look_at_state(node, false);
    return STATUS_SUCCESS;
}

NTSTATUS load_and_enter() {
    if (g_driver != nullptr) {
        return STATUS_SUCCESS;
    }
    Driver& driver = reload_driver_under_test();
    const NTSTATUS status = call_driver_entry(driver);
    if (!NT_SUCCESS(status)) {
        dbg::say("%s: DriverEntry failed: 0x%08lx", driver.module->name, static_cast<ULONG>(status));
        unload_driver(driver);
        return status;
    }
    g_driver = &driver;
    return STATUS_SUCCESS;
}

} // namespace

DeviceLock::DeviceLock() {
    if (!g_device_lock_ready) { // the first is the boot's only thread
        KeInitializeEvent(&g_device_lock, SynchronizationEvent, TRUE);
        g_device_lock_ready = true;
    }
    KeWaitForSingleObject(&g_device_lock, Executive, KernelMode, FALSE, nullptr);
}

DeviceLock::~DeviceLock() {
    KeSetEvent(&g_device_lock, IO_NO_INCREMENT, FALSE);
}

void unload_if_unused() {
    if (g_driver != nullptr && g_driver->devices == 0 && g_driver->object.DriverUnload != nullptr) {
        Driver* driver = g_driver;
        g_driver = nullptr;
        unload_driver(*driver);
    }
}

void device_is_freed(PDEVICE_OBJECT device) {
    if (device->SecurityDescriptor != nullptr) {
        ExFreePool(device->SecurityDescriptor);
    }
    Driver& driver = driver_of(device->DriverObject);
    if (InterlockedDecrement(&driver.devices) == 0 && &driver == g_driver) {
        queue_unload_check();
    }
}

NTSTATUS send_pnp(DeviceNode& node, UCHAR minor) {
    return send_pnp(node, minor, [](IO_STACK_LOCATION&) {}).status;
}

NTSTATUS add_device(DeviceNode& node) {
    NTSTATUS status = load_and_enter();
    if (!NT_SUCCESS(status)) {
        return status;
    }
    node.raw.list()->Count = 0; // what it had, if it was there before
    {
        const ke::WatchedCall call(g_driver->module->under_test, MPULAB_CALLBACK_AddDevice, driver_name(), "AddDevice");
        status = call.leave(vf::call(g_driver->extension.AddDevice, &g_driver->object, node.pdo));
    }
    if (!NT_SUCCESS(status)) {
        dbg::say("%s: AddDevice for %ls failed: 0x%08lx", driver_name(), node.instance, static_cast<ULONG>(status));
        forget_interfaces(node);
        unload_if_unused();
        return status;
    }
    node.state = NodeState::Added;
    return STATUS_SUCCESS;
}

NTSTATUS start_device(DeviceNode& node) {
    if (node.is_root && node.machine.port_length == 0) {
        return start_with(node, nullptr, nullptr);
    }
    if (node.is_pci) {
        if (!prepare_pci_device(node)) {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        make_pci_resources(node.pci, false, node.raw);
        make_pci_resources(node.pci, true, node.translated);
    } else {
        const mpulab_machine_device& machine = node.resources_of->machine;
        const ULONG vector = machine.irq != MPULAB_IRQ_NONE ? HalGetIsaVector(machine.irq) : 0;
        make_resources(machine, 0, node.raw);
        make_resources(machine, vector, node.translated);
    }
    if (node.dealt == MPULAB_RESOURCES_NONE) {
        return start_with(node, nullptr, nullptr);
    }
    deal_resources(node.dealt, node.raw);
    deal_resources(node.dealt, node.translated);
    return start_with(node, node.raw.list(), node.translated.list());
}

DeviceNode* node_below(PDEVICE_OBJECT device) {
    while (extension_of(device).attached_to != nullptr) {
        device = extension_of(device).attached_to;
    }
    return extension_of(device).node;
}

bool has_open_files(const DeviceNode& node) {
    for (PDEVICE_OBJECT device = node.pdo; device != nullptr; device = device->AttachedDevice) {
        if (device->ReferenceCount != 0) {
            return true;
        }
    }
    return false;
}

void take_away(DeviceNode& node) {
    const NTSTATUS status = send_pnp(node, IRP_MN_SURPRISE_REMOVAL);
    if (!NT_SUCCESS(status)) { // "Handling an IRP_MN_SURPRISE_REMOVAL Request": it must not fail
        dbg::say("%s: IRP_MN_SURPRISE_REMOVAL for %ls came back with 0x%08lx, expected success", driver_name(),
                 node.instance, static_cast<ULONG>(status));
    }
    node.state = NodeState::SurpriseRemoved;
    tell_removed(node); // they close their handles
    if (!has_open_files(node)) {
        finish_removal(node);
    }
}

NTSTATUS finish_removal(DeviceNode& node) {
    const NTSTATUS status = send_pnp(node, IRP_MN_REMOVE_DEVICE);
    tell_resources(node, nullptr);
    forget_interfaces(node);
    if (node.state != NodeState::SurpriseRemoved) {
        tell_removed(node);
    }
    node.state = NodeState::Removed;
    if (node.pdo->AttachedDevice != nullptr) {
        dbg::say("%ls: a device object is still attached after IRP_MN_REMOVE_DEVICE", node.instance);
    }
    unload_if_unused();
    return status;
}

void look_at_state(DeviceNode& node, bool may_restart) {
    const Outcome outcome = send_pnp(node, IRP_MN_QUERY_PNP_DEVICE_STATE, [](IO_STACK_LOCATION&) {});
    const auto state = static_cast<PNP_DEVICE_STATE>(outcome.information);
    if (!NT_SUCCESS(outcome.status)) {
        return;
    }
    if ((state & (PNP_DEVICE_FAILED | PNP_DEVICE_REMOVED)) == 0) {
        if ((state & PNP_DEVICE_RESOURCE_REQUIREMENTS_CHANGED) != 0 && may_restart) {
            restart_device(node);
        }
        return;
    }
    dbg::say("%ls: by its driver's account it %s", node.instance,
             (state & PNP_DEVICE_REMOVED) != 0 ? "is not there any more" : "has failed");
    take_away(node);
}

void look_at_relations(DeviceNode& node) {
    const Outcome outcome = send_pnp(node, IRP_MN_QUERY_DEVICE_RELATIONS, [](IO_STACK_LOCATION& location) {
        location.Parameters.QueryDeviceRelations.Type = BusRelations;
    });
    auto* relations = reinterpret_cast<PDEVICE_RELATIONS>(outcome.information);
    if (!NT_SUCCESS(outcome.status) || relations == nullptr) {
        return;
    }
    dbg::say("%ls has %lu child devices: devices of a driver's own are not started", node.instance, relations->Count);
    for (ULONG i = 0; i < relations->Count; ++i) {
        ObfDereferenceObject(relations->Objects[i]);
    }
    ExFreePool(relations);
}

NTSTATUS start_devices(Driver& driver) {
    const DeviceLock lock;
    g_driver = &driver;
    if (driver.extension.AddDevice == nullptr) {
        return STATUS_SUCCESS; // not a PnP driver: its DriverEntry was all there is to start
    }
    DeviceNode* node = nullptr;
    for (size_t i = 0; (node = node_at(i)) != nullptr; ++i) {
        if (!node->is_wanted) {
            continue;
        }
        NTSTATUS status = add_device(*node);
        if (NT_SUCCESS(status)) {
            status = start_device(*node);
        }
        if (!NT_SUCCESS(status)) {
            return status;
        }
    }
    return STATUS_SUCCESS;
}

} // namespace nanont::io
