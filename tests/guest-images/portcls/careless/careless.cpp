// SPDX-License-Identifier: MIT
#include <initguid.h>

#include "careless.hpp"

#include "midi_pins.hpp"

namespace {

class Miniport final : public Counted<IMiniportMidi> {
  public:
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
        return gives<IMiniportMidi>(iid, IID_IMiniportMidi, out) ? STATUS_SUCCESS : gives_unknown(iid, out);
    }
    STDMETHODIMP_(NTSTATUS) GetDescription(PPCFILTER_DESCRIPTOR* out) override {
        static PCFILTER_DESCRIPTOR descriptor = *midi_pins();
        descriptor.AutomationTable = &property_table;
        *out = &descriptor;
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(NTSTATUS)
    DataRangeIntersection(ULONG, PKSDATARANGE, PKSDATARANGE, ULONG, PVOID, PULONG) override {
        return STATUS_NOT_IMPLEMENTED;
    }
    STDMETHODIMP_(NTSTATUS) Init(PUNKNOWN, PRESOURCELIST, PPORTMIDI, PSERVICEGROUP* group) override {
        *group = nullptr;
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(void) Service() override {}
    STDMETHODIMP_(NTSTATUS)
    NewStream(PMINIPORTMIDISTREAM*, PUNKNOWN, POOL_TYPE, ULONG, BOOLEAN, PKSDATAFORMAT, PSERVICEGROUP*) override {
        return STATUS_NOT_SUPPORTED;
    }
};

class Topology final : public Counted<IMiniportTopology> {
  public:
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
        return gives<IMiniportTopology>(iid, IID_IMiniportTopology, out) ? STATUS_SUCCESS : gives_unknown(iid, out);
    }
    STDMETHODIMP_(NTSTATUS) GetDescription(PPCFILTER_DESCRIPTOR* out) override {
        static const PCPIN_DESCRIPTOR pins[] = {midi_pins()->Pins[kCaptureBridge], midi_pins()->Pins[kRenderBridge]};
        static const PCCONNECTION_DESCRIPTOR through[] = {{PCFILTER_NODE, 0, PCFILTER_NODE, 1}};
        static PCFILTER_DESCRIPTOR descriptor = {
            0, nullptr, sizeof(PCPIN_DESCRIPTOR), 2, pins, sizeof(PCNODE_DESCRIPTOR), 0, nullptr, 1, through,
            0, nullptr};
        *out = &descriptor;
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(NTSTATUS)
    DataRangeIntersection(ULONG, PKSDATARANGE, PKSDATARANGE, ULONG, PVOID, PULONG) override {
        return STATUS_NOT_IMPLEMENTED;
    }
    STDMETHODIMP_(NTSTATUS) Init(PUNKNOWN, PRESOURCELIST, PPORTTOPOLOGY) override { return STATUS_SUCCESS; }
};

PDEVICE_OBJECT g_pdo;

/** One reference in `port`. */
template <class Interface, class Object>
NTSTATUS make_port(REFCLSID of, PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources, PPORT& port) {
    NTSTATUS status = PcNewPort(&port, of);
    if (!NT_SUCCESS(status)) return status;
    auto* miniport = new (kObjectTag) Object();
    if (!miniport) return STATUS_INSUFFICIENT_RESOURCES;
    status = port->Init(device, irp, static_cast<Interface*>(miniport), nullptr, resources);
    miniport->Release();
    return status;
}

NTSTATUS NTAPI start_device(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources) {
    static WCHAR name[] = L"Careless";
    PPORT port = nullptr;
    NTSTATUS status = make_port<IMiniportMidi, Miniport>(CLSID_PortMidi, device, irp, resources, port);
    if (NT_SUCCESS(status)) status = PcRegisterSubdevice(device, name, port);
    if (NT_SUCCESS(status)) {
        careless_interrupts(device, port, resources);
        careless_registrations(device, g_pdo, irp, resources);
    }
    begin("start_is_done");
    if (port) port->Release();
    return status;
}

NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo) {
    g_pdo = pdo;
    return PcAddAdapterDevice(driver, pdo, start_device, 8, 0);
}

} // namespace

NTSTATUS Filter::make(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources) {
    return make_port<IMiniportTopology, Topology>(CLSID_PortTopology, device, irp, resources, port);
}

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    return PcInitializeAdapterDriver(driver, path, add_device);
}
