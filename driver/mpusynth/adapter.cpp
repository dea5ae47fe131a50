// SPDX-License-Identifier: MIT
// The driver's way in: DriverEntry, AddDevice, StartDevice; and its way out, a look at the PnP requests that end a
// card's life, before PortCls handles them.
#include "card_adapter.hpp"
#include "events.hpp"
#include "nt_try.hpp"
#include "pool.hpp"
#include "trace.hpp"

namespace mpusynth {
namespace {

/// Ours in the device extension, behind what belongs to PortCls. Zero in a new device.
struct DeviceContext {
    CardAdapter* adapter; // one reference, from StartDevice to STOP or REMOVE; NULL else
};

constexpr ULONG kMaxSubdevices = 1;
constexpr ULONG kExtensionSize = PORT_CLASS_DEVICE_EXTENSION_SIZE + sizeof(DeviceContext);

DeviceContext& context_of(PDEVICE_OBJECT device) {
    auto* extension = static_cast<UCHAR*>(device->DeviceExtension);
    return *reinterpret_cast<DeviceContext*>(extension + PORT_CLASS_DEVICE_EXTENSION_SIZE);
}

/// False: there was none. PASSIVE_LEVEL.
bool retire_adapter(PDEVICE_OBJECT device, MidiMiniport::Card card) {
    DeviceContext& context = context_of(device);
    CardAdapter* adapter = context.adapter;
    context.adapter = nullptr;
    if (adapter == nullptr) return false;
    adapter->retire(device, card);
    adapter->Release();
    return true;
}

/// PASSIVE_LEVEL.
void stop(PDEVICE_OBJECT device, MidiMiniport::Card card) {
    if (retire_adapter(device, card))
        write_event(Event::Stopped, Severity::Information, card == MidiMiniport::Card::Present);
}

/// PASSIVE_LEVEL, system thread; again on the same device after a STOP.
NTSTATUS NTAPI StartDevice(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources) {
    CardAdapter* adapter = CardAdapter::create();
    if (adapter == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
    context_of(device).adapter = adapter;
    const NTSTATUS status = adapter->start(device, irp, resources);
    if (!NT_SUCCESS(status)) {
        MPUSYNTH_ERROR("not started: status 0x%08lx\n", static_cast<ULONG>(status));
        retire_adapter(device, MidiMiniport::Card::Present);
    }
    write_event(Event::Started, NT_SUCCESS(status) ? Severity::Information : Severity::Error,
                static_cast<ULONG>(status));
    return status;
}

/// PASSIVE_LEVEL. Our part comes first: PortCls passes the request down, and then the ports are no longer ours.
NTSTATUS NTAPI DispatchPnp(PDEVICE_OBJECT device, PIRP irp) {
    switch (IoGetCurrentIrpStackLocation(irp)->MinorFunction) {
    case IRP_MN_STOP_DEVICE:
    case IRP_MN_REMOVE_DEVICE:
        stop(device, MidiMiniport::Card::Present);
        break;
    case IRP_MN_SURPRISE_REMOVAL:
        stop(device, MidiMiniport::Card::Gone);
        break;
    default:
        break;
    }
    return PcDispatchIrp(device, irp);
}

PDRIVER_UNLOAD g_port_unload; // PortCls' own, where it has one

/// PASSIVE_LEVEL, after the last device.
void NTAPI Unload(PDRIVER_OBJECT driver) {
    close_events();
    if (g_port_unload != nullptr) g_port_unload(driver);
}

/// PASSIVE_LEVEL, system worker thread. No resources yet.
NTSTATUS NTAPI AddDevice(PDRIVER_OBJECT driver, PDEVICE_OBJECT physical_device) {
    return PcAddAdapterDevice(driver, physical_device, StartDevice, kMaxSubdevices, kExtensionSize);
}

} // namespace
} // namespace mpusynth

/// PASSIVE_LEVEL. In the INIT section: gone once it has returned.
extern "C" DRIVER_INIT_CODE NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
    choose_nonpaged_pool();
    NT_TRY(PcInitializeAdapterDriver(driver, registry_path, mpusynth::AddDevice));
    driver->MajorFunction[IRP_MJ_PNP] = mpusynth::DispatchPnp;
    mpusynth::g_port_unload = driver->DriverUnload;
    driver->DriverUnload = mpusynth::Unload;
    mpusynth::open_events();
    return STATUS_SUCCESS;
}
