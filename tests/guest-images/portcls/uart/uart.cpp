// SPDX-License-Identifier: MIT
// A PortCls adapter driver that has no miniport of its own: it gives the system's UART miniport (MINIPORT_CLASS) to the
// system's port (PORT_CLASS), as Microsoft Learn's page of PcNewMiniport describes it. It uses nothing of nanont's own.
#include <initguid.h>

#include "../support/counted.hpp"

#include "module/newer_portcls.hpp"

#include <initializer_list>

#include <dmusicks.h>

void aggregated(PMINIPORT miniport); // aggregated.cpp

namespace {

void told(const char* what, NTSTATUS status) {
    DbgPrint("uart: %s: 0x%08x\n", what, status);
}

/** What PcNewMiniport must refuse. */
void ask_wrongly() {
    PMINIPORT none = nullptr;
    told("no place", PcNewMiniport(nullptr, MINIPORT_CLASS));
    for (const GUID* id : {&CLSID_MiniportDriverFmSynth, &CLSID_MiniportDriverFmSynthWithVol, &CLSID_PortMidi}) {
        none = reinterpret_cast<PMINIPORT>(&none);
        const NTSTATUS status = PcNewMiniport(&none, *id);
        told(none ? "no miniport, and a pointer" : "no miniport", status);
    }
}

void set_technology(PMINIPORT miniport) {
    IMusicTechnology* technology = nullptr;
    told("IMusicTechnology", miniport->QueryInterface(IID_IMusicTechnology, reinterpret_cast<PVOID*>(&technology)));
    if (!technology) return;
    told("SetTechnology(NULL)", technology->SetTechnology(nullptr));
    const GUID fm = {STATIC_KSMUSIC_TECHNOLOGY_FMSYNTH};
    told("SetTechnology", technology->SetTechnology(&fm));
    technology->Release();
}

/** What else an adapter may do; MORE says which this one does. */
enum More {
    kNothing,
    kNoInterrupt,  // gives the miniport a list without the interrupt
    kOwnInterrupt, // has an IInterruptSync of its own, which it gives the miniport
    kPower,        // takes the device to D3 after a second, and to D0 after another
};

/** The adapter's common object: asked for IInterruptSync it gives its own. */
class Common final : public Counted<IUnknown> {
  public:
    explicit Common(PINTERRUPTSYNC sync) : sync_(sync) {}
    ~Common() override {
        sync_->Release();
        DbgPrint("uart: common object gone\n");
    }
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
        if (IsEqualGUIDAligned(iid, IID_IInterruptSync)) return sync_->QueryInterface(iid, out);
        return answer<Common, IUnknown>(this, iid, IID_IUnknown, out);
    }

  private:
    PINTERRUPTSYNC sync_;
};

NTSTATUS without_interrupt(PRESOURCELIST all, PRESOURCELIST* out) {
    NTSTATUS status = PcNewResourceSublist(out, nullptr, PagedPool, all, 1);
    return NT_SUCCESS(status) ? (*out)->AddEntryFromParent(all, CmResourceTypePort, 0) : status;
}

PDEVICE_OBJECT physical;
PIO_WORKITEM power_work;
ULONG seconds;

VOID NTAPI power_step(PDEVICE_OBJECT, PVOID context) {
    POWER_STATE state;
    state.DeviceState = ++seconds == 1 ? PowerDeviceD3 : PowerDeviceD0;
    told(seconds == 1 ? "D3" : "D0",
         PoRequestPowerIrp(static_cast<PDEVICE_OBJECT>(context), IRP_MN_SET_POWER, state, nullptr, nullptr, nullptr));
}

VOID NTAPI every_second(PDEVICE_OBJECT device, PVOID context) {
    if (seconds < 2) IoQueueWorkItem(power_work, power_step, DelayedWorkQueue, context);
    (void)device;
}

void begin_power(PDEVICE_OBJECT device) {
    power_work = IoAllocateWorkItem(device);
    if (power_work) told("PcRegisterIoTimeout", PcRegisterIoTimeout(device, every_second, physical));
}

NTSTATUS initialize(PPORT port, PDEVICE_OBJECT device, PIRP irp, PMINIPORT miniport, PRESOURCELIST resources) {
    if (MORE == kNoInterrupt) {
        PRESOURCELIST some = nullptr;
        NTSTATUS status = without_interrupt(resources, &some);
        if (NT_SUCCESS(status)) status = port->Init(device, irp, miniport, nullptr, some);
        if (some) some->Release();
        return status;
    }
    if (MORE == kOwnInterrupt) {
        PINTERRUPTSYNC sync = nullptr;
        NTSTATUS status = PcNewInterruptSync(&sync, nullptr, resources, 0, InterruptSyncModeAll);
        if (!NT_SUCCESS(status)) return status;
        auto* common = new (kObjectTag) Common(sync);
        if (!common) return STATUS_INSUFFICIENT_RESOURCES;
        status = port->Init(device, irp, miniport, common, resources);
        DbgPrint("uart: connected: %u\n", sync->GetKInterrupt() != nullptr);
        common->Release();
        return status;
    }
    const NTSTATUS status = port->Init(device, irp, miniport, nullptr, resources);
    if (MORE == kPower && NT_SUCCESS(status)) begin_power(device);
    if (MORE == kNothing && NT_SUCCESS(status)) aggregated(miniport);
    return status;
}

NTSTATUS NTAPI start_device(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources) {
    static WCHAR name[] = L"Uart";
    ask_wrongly();
    PPORT port = nullptr;
    PMINIPORT miniport = nullptr;
    NTSTATUS status = PcNewPort(&port, PORT_CLASS);
    if (NT_SUCCESS(status)) status = PcNewMiniport(&miniport, MINIPORT_CLASS);
    if (NT_SUCCESS(status)) {
        set_technology(miniport);
        status = initialize(port, device, irp, miniport, resources);
        told("Init", status);
    }
    if (NT_SUCCESS(status)) status = PcRegisterSubdevice(device, name, port);
    if (miniport) miniport->Release();
    if (port) port->Release();
    return status;
}

NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo) {
    physical = pdo;
    return PcAddAdapterDevice(driver, pdo, start_device, 1, 0);
}

} // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    return PcInitializeAdapterDriver(driver, path, add_device);
}
