// SPDX-License-Identifier: MIT
// topology.sys: three topology filters without hardware. "Topology" and "Other" stay and are wired to each other,
// "Gone" is unregistered again before the device has started. What each call came to is printed.
#include <initguid.h>

#include "module/ddk.hpp"
#include "module/pool.hpp"

#include "../../support/counted.hpp"
#include "module/newer_portcls.hpp"

namespace {

KSDATARANGE range = {sizeof(KSDATARANGE),
                     0,
                     0,
                     0,
                     {STATIC_KSDATAFORMAT_TYPE_MUSIC},
                     {STATIC_KSDATAFORMAT_SUBTYPE_MIDI_BUS},
                     {STATIC_KSDATAFORMAT_SPECIFIER_NONE}};
const PKSDATARANGE ranges[] = {&range};
const GUID category = {STATIC_KSCATEGORY_AUDIO};
const PCPIN_DESCRIPTOR pins[] = {
    {0,
     0,
     0,
     nullptr,
     {0, nullptr, 0, nullptr, 1, ranges, KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_NONE, &category, nullptr, {0}}},
    {0,
     0,
     0,
     nullptr,
     {0, nullptr, 0, nullptr, 1, ranges, KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_NONE, &category, nullptr, {0}}}};
const PCCONNECTION_DESCRIPTOR connections[] = {{PCFILTER_NODE, 0, PCFILTER_NODE, 1}};
PCFILTER_DESCRIPTOR descriptor = {
    0, nullptr, sizeof(PCPIN_DESCRIPTOR), 2, pins, sizeof(PCNODE_DESCRIPTOR), 0, nullptr, 1, connections, 0, nullptr};

class Miniport final : public Counted<IMiniportTopology, IMiniportPnpNotify> {
  public:
    ~Miniport() override { DbgPrint("topology: miniport gone\n"); }
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
        if (gives<IMiniportTopology>(iid, IID_IMiniportTopology, out) ||
            gives<IMiniportPnpNotify>(iid, IID_IMiniportPnpNotify, out))
            return STATUS_SUCCESS;
        return gives_unknown(iid, out);
    }
    STDMETHODIMP_(void) PnpStop() override { DbgPrint("topology: miniport hears of a stop\n"); }
    STDMETHODIMP_(NTSTATUS) GetDescription(PPCFILTER_DESCRIPTOR* out) override {
        *out = &descriptor;
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(NTSTATUS)
    DataRangeIntersection(ULONG, PKSDATARANGE, PKSDATARANGE, ULONG, PVOID, PULONG) override {
        return STATUS_NOT_IMPLEMENTED;
    }
    STDMETHODIMP_(NTSTATUS) Init(PUNKNOWN, PRESOURCELIST, PPORTTOPOLOGY port) override {
        DbgPrint("topology: Init with a port: %u\n", port != nullptr);
        return STATUS_SUCCESS;
    }
};

/** An object that manages nothing. */
class Nothing final : public Counted<IUnknown> {
  public:
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override { return gives_unknown(iid, out); }
};

/** Can be rebalanced, but for the third time it is asked. */
class PlugAndPlay final : public Counted<IAdapterPnpManagement> {
  public:
    ~PlugAndPlay() override { DbgPrint("topology: plug and play gone\n"); }
    STDMETHODIMP_(NTSTATUS) QueryInterface(REFIID iid, PVOID* out) override {
        return gives<IAdapterPnpManagement>(iid, IID_IAdapterPnpManagement, out) ? STATUS_SUCCESS
                                                                                 : gives_unknown(iid, out);
    }
    STDMETHODIMP_(PC_REBALANCE_TYPE) GetSupportedRebalanceType() override {
        DbgPrint("topology: adapter is asked\n");
        return ++asked_ == 3 ? PcRebalanceNotSupported : PcRebalanceRemoveSubdevices;
    }
    STDMETHODIMP_(void) PnpQueryStop() override { DbgPrint("topology: adapter hears that it may be stopped\n"); }
    STDMETHODIMP_(void) PnpCancelStop() override { DbgPrint("topology: adapter hears that it is not\n"); }
    STDMETHODIMP_(void) PnpStop() override { DbgPrint("topology: adapter hears of a stop\n"); }

  private:
    ULONG asked_ = 0;
};

NTSTATUS say(const char* what, NTSTATUS status) {
    DbgPrint("topology: %s 0x%08x\n", what, status);
    return status;
}

/** One reference in `port`. */
NTSTATUS add(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources, const WCHAR* name, PPORT& port) {
    NTSTATUS status = PcNewPort(&port, CLSID_PortTopology);
    if (!NT_SUCCESS(status)) return status;
    auto* miniport = new (kObjectTag) Miniport();
    if (!miniport) return STATUS_INSUFFICIENT_RESOURCES;
    status = port->Init(device, irp, static_cast<IMiniportTopology*>(miniport), nullptr, resources);
    miniport->Release();
    return NT_SUCCESS(status) ? PcRegisterSubdevice(device, const_cast<PWSTR>(name), port) : status;
}

void unregister(PDEVICE_OBJECT device, PPORT here, PPORT there, PPORT gone) {
    IUnregisterPhysicalConnection* connections_of = nullptr;
    IUnregisterSubdevice* subdevices_of = nullptr;
    if (!NT_SUCCESS(here->QueryInterface(IID_IUnregisterPhysicalConnection, reinterpret_cast<PVOID*>(&connections_of))))
        return;
    say("unregister the wire", connections_of->UnregisterPhysicalConnection(device, here, 1, there, 0));
    say("unregister it again", connections_of->UnregisterPhysicalConnection(device, here, 1, there, 0));
    UNICODE_STRING distant, other;
    RtlInitUnicodeString(&distant, L"\\??\\Far");
    RtlInitUnicodeString(&other, L"\\??\\Other");
    say("wire to another adapter", PcRegisterPhysicalConnectionToExternal(device, here, 1, &distant, 4));
    say("wire from another adapter", PcRegisterPhysicalConnectionFromExternal(device, &distant, 4, here, 0));
    say("unregister one of another name",
        connections_of->UnregisterPhysicalConnectionToExternal(device, here, 1, &other, 4));
    say("unregister that to", connections_of->UnregisterPhysicalConnectionToExternal(device, here, 1, &distant, 4));
    say("unregister that from", connections_of->UnregisterPhysicalConnectionFromExternal(device, &distant, 4, here, 0));
    connections_of->Release();
    if (!NT_SUCCESS(here->QueryInterface(IID_IUnregisterSubdevice, reinterpret_cast<PVOID*>(&subdevices_of)))) return;
    say("unregister Gone", subdevices_of->UnregisterSubdevice(device, gone));
    say("unregister Gone again", subdevices_of->UnregisterSubdevice(device, gone));
    subdevices_of->Release();
}

/** One that is refused, one that is taken away again, one that stays until the device goes. */
void manage(PDEVICE_OBJECT device) {
    auto* pnp = new (kObjectTag) PlugAndPlay();
    auto* nothing = new (kObjectTag) Nothing();
    if (pnp && nothing) {
        say("manage without an object", PcRegisterAdapterPnpManagement(nullptr, device));
        say("manage without a device", PcRegisterAdapterPnpManagement(pnp, nullptr));
        say("manage by another object", PcRegisterAdapterPnpManagement(nothing, device));
        say("no longer manage", PcUnregisterAdapterPnpManagement(device));
        say("manage", PcRegisterAdapterPnpManagement(pnp, device));
        say("manage again", PcRegisterAdapterPnpManagement(pnp, device));
        say("no longer manage", PcUnregisterAdapterPnpManagement(device));
        say("no longer manage without a device", PcUnregisterAdapterPnpManagement(nullptr));
        say("manage", PcRegisterAdapterPnpManagement(pnp, device));
    }
    if (nothing) nothing->Release();
    if (pnp) pnp->Release();
}

NTSTATUS NTAPI start_device(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources) {
    static bool managed;
    if (!managed) manage(device);
    managed = true;
    const WCHAR* const names[] = {L"Topology", L"Other", L"Gone"};
    PPORT ports[3] = {};
    NTSTATUS status = STATUS_SUCCESS;
    for (ULONG i = 0; i < 3 && NT_SUCCESS(status); ++i)
        status = add(device, irp, resources, names[i], ports[i]);
    if (NT_SUCCESS(status)) {
        say("wire", PcRegisterPhysicalConnection(device, ports[0], 1, ports[1], 0));
        say("wire a pin that is not there", PcRegisterPhysicalConnection(device, ports[0], 2, ports[1], 0));
        unregister(device, ports[0], ports[1], ports[2]);
    }
    for (PPORT port : ports)
        if (port) port->Release();
    return status;
}

NTSTATUS NTAPI add_device(PDRIVER_OBJECT driver, PDEVICE_OBJECT pdo) {
    return PcAddAdapterDevice(driver, pdo, start_device, 3, 0);
}

} // namespace

extern "C" NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING path) {
    return PcInitializeAdapterDriver(driver, path, add_device);
}
