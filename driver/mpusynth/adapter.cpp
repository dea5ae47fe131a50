// SPDX-License-Identifier: MIT
// The driver's way in: DriverEntry, AddDevice, StartDevice; and its way out, a look at the PnP requests that end a
// card's life, before PortCls handles them.
#include "card_resources.hpp"
#include "com_ptr.hpp"
#include "events.hpp"
#include "miniport.hpp"
#include "nt_try.hpp"
#include "pool.hpp"
#include "trace.hpp"

namespace mpusynth {
namespace {

/// Ours in the device extension, behind what belongs to PortCls. Zero in a new device.
struct AdapterContext {
    MidiMiniport* miniport; // one reference, from StartDevice to STOP or REMOVE; NULL else
};

constexpr ULONG kMaxSubdevices = 1;
constexpr ULONG kExtensionSize = PORT_CLASS_DEVICE_EXTENSION_SIZE + sizeof(AdapterContext);

/// Equals the INF's AddInterface reference string. PortCls keeps the pointer for the device's life.
WCHAR g_subdevice_name[] = L"UART";

AdapterContext& context_of(PDEVICE_OBJECT device) {
    auto* extension = static_cast<UCHAR*>(device->DeviceExtension);
    return *reinterpret_cast<AdapterContext*>(extension + PORT_CLASS_DEVICE_EXTENSION_SIZE);
}

/// PASSIVE_LEVEL.
void retire_miniport(PDEVICE_OBJECT device, MidiMiniport::Card card) {
    AdapterContext& context = context_of(device);
    MidiMiniport* miniport = context.miniport;
    context.miniport = nullptr;
    if (miniport == nullptr) return;
    miniport->retire(card);
    write_event(Event::Stopped, Severity::Information, card == MidiMiniport::Card::Present);
    miniport->Release();
}

/// Installs port and miniport as the card's only subdevice. On failure the miniport may have been started.
NTSTATUS install_subdevice(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources, MidiMiniport& miniport) {
    ComPtr<IPort> port;
    NT_TRY(PcNewPort(port.put(), CLSID_PortMidi));
    NT_TRY(port->Init(device, irp, static_cast<PMINIPORTMIDI>(&miniport), nullptr, resources));
    return PcRegisterSubdevice(device, g_subdevice_name, static_cast<PUNKNOWN>(port.get()));
}

/// PASSIVE_LEVEL, system thread; again on the same device after a STOP.
NTSTATUS NTAPI StartDevice(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources) {
    CardResources assigned;
    NT_TRY(read_card_resources(resources, assigned));
    retire_miniport(device, MidiMiniport::Card::Gone); // none, unless a STOP went by unseen

    MidiMiniport* miniport = MidiMiniport::create();
    if (miniport == nullptr) return STATUS_INSUFFICIENT_RESOURCES;
    context_of(device).miniport = miniport;
    const NTSTATUS status = install_subdevice(device, irp, resources, *miniport);
    if (!NT_SUCCESS(status)) {
        MPUSYNTH_ERROR("not started: status 0x%08lx\n", static_cast<ULONG>(status));
        retire_miniport(device, MidiMiniport::Card::Present);
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
        retire_miniport(device, MidiMiniport::Card::Present);
        break;
    case IRP_MN_SURPRISE_REMOVAL:
        retire_miniport(device, MidiMiniport::Card::Gone);
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
