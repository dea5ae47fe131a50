// SPDX-License-Identifier: MIT
#include "card_adapter.hpp"

#include "nt_try.hpp"
#include "pool.hpp"

namespace mpusynth {

namespace {

/// Equals the INF's AddInterface reference string. PortCls keeps the pointer for the device's life.
WCHAR g_subdevice_name[] = L"UART";

} // namespace

CardAdapter* CardAdapter::create() {
    auto* adapter = new (nonpaged_pool(), kPoolTag) CardAdapter;
    if (adapter != nullptr) adapter->AddRef();
    return adapter;
}

STDMETHODIMP_(NTSTATUS) CardAdapter::NonDelegatingQueryInterface(REFIID interface_id, PVOID* object) {
    if (!IsEqualGUIDAligned(interface_id, IID_IAdapterPowerManagement))
        return CUnknown::NonDelegatingQueryInterface(interface_id, object);
    PADAPTERPOWERMANAGEMENT adapter = this;
    adapter->AddRef();
    *object = adapter;
    return STATUS_SUCCESS;
}

/// Going down, the port has paused the streams and the card still has its power; coming up, they run again only after
/// we have returned.
STDMETHODIMP_(void) CardAdapter::PowerChangeState(POWER_STATE state) {
    if (miniport_) miniport_->power_changed(state.DeviceState);
}

NTSTATUS CardAdapter::start(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources) {
    miniport_.attach(MidiMiniport::create());
    if (!miniport_) return STATUS_INSUFFICIENT_RESOURCES;
    NT_TRY(PcRegisterAdapterPowerManagement(static_cast<PADAPTERPOWERMANAGEMENT>(this), device));
    registered_ = true;
    return install_subdevice(device, irp, resources);
}

/// Port and miniport as the card's only subdevice. On failure the miniport may have been started.
NTSTATUS CardAdapter::install_subdevice(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources) {
    ComPtr<IPort> port;
    NT_TRY(PcNewPort(port.put(), CLSID_PortMidi));
    NT_TRY(port->Init(device, irp, static_cast<PMINIPORTMIDI>(miniport_.get()),
                      static_cast<PADAPTERPOWERMANAGEMENT>(this), resources));
    return PcRegisterSubdevice(device, g_subdevice_name, static_cast<PUNKNOWN>(port.get()));
}

void CardAdapter::retire(PDEVICE_OBJECT device, MidiMiniport::Card card) {
    if (registered_) PcUnregisterAdapterPowerManagement(device); // first: no power change comes in between
    if (miniport_) miniport_->retire(card);
}

} // namespace mpusynth
