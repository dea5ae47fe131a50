// SPDX-License-Identifier: MIT
// A PortCls adapter driver that has no miniport of its own: it gives the system's UART miniport (MINIPORT_CLASS) to the
// system's port (PORT_CLASS), as Microsoft Learn's page of PcNewMiniport describes it. It uses nothing of nanont's own.
#include <initguid.h>

#include "module/ddk.hpp"

#include <initializer_list>

#include <dmusicks.h>

DEFINE_GUID(IID_IMusicTechnology, 0x80396c3c, 0xcbcb, 0x409b, 0x9f, 0x65, 0x4f, 0x1e, 0x74, 0x67, 0xcd, 0xaf);

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

NTSTATUS NTAPI start_device(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources) {
    static WCHAR name[] = L"Uart";
    ask_wrongly();
    PPORT port = nullptr;
    PMINIPORT miniport = nullptr;
    NTSTATUS status = PcNewPort(&port, PORT_CLASS);
    if (NT_SUCCESS(status)) status = PcNewMiniport(&miniport, MINIPORT_CLASS);
    if (NT_SUCCESS(status)) {
        set_technology(miniport);
        status = port->Init(device, irp, miniport, nullptr, resources);
        told("Init", status);
    }
    if (NT_SUCCESS(status)) status = PcRegisterSubdevice(device, name, port);
    if (miniport) miniport->Release();
    if (port) port->Release();
    return status;
}

NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo) {
    return PcAddAdapterDevice(driver, pdo, start_device, 1, 0);
}

} // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    return PcInitializeAdapterDriver(driver, path, add_device);
}
