// SPDX-License-Identifier: MIT
// What the system's own UART miniports have in common (Microsoft Learn: PcNewMiniport, IMusicTechnology, IPowerNotify).
#pragma once

#include "uart.hpp"
#include "uart_filter.hpp"

namespace portcls {

/** `Interface` is IMiniportMidi or IMiniportDMus, `PortInterface` what its Init is given. Their streams hold a
 * reference. */
template <class Interface, class PortInterface>
class UartMiniport : public ComObject<Interface, IMusicTechnology, IPowerNotify>, public UartOwner {
  public:
    STDMETHODIMP_(NTSTATUS) GetDescription(PPCFILTER_DESCRIPTOR* out) override {
        if (!out) return STATUS_INVALID_PARAMETER;
        *out = filter_.descriptor();
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(NTSTATUS)
    DataRangeIntersection(ULONG, PKSDATARANGE, PKSDATARANGE, ULONG, PVOID, PULONG) override {
        return STATUS_NOT_IMPLEMENTED; // the port's own does it
    }

    /** Fails as Uart::start() does, or when the pool has nothing left; the port then releases the miniport. */
    STDMETHODIMP_(NTSTATUS)
    Init(PUNKNOWN adapter, PRESOURCELIST resources, PortInterface* port, PSERVICEGROUP* group) override {
        if (!port || !group) return STATUS_INVALID_PARAMETER;
        *group = nullptr;
        if (port_) return STATUS_INVALID_DEVICE_STATE;
        NTSTATUS status = PcNewServiceGroup(&group_, nullptr);
        if (!NT_SUCCESS(status)) return status;
        port->AddRef();
        port_ = port;
        port_->RegisterServiceGroup(group_); // before an interrupt can fire it
        status = uart_.start(adapter, resources, *this);
        if (!NT_SUCCESS(status)) return status;
        group_->AddRef();
        *group = group_;
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(void) Service() override {}

    // IMusicTechnology: before IPort::Init, which reads the description
    STDMETHODIMP_(NTSTATUS) SetTechnology(const GUID* technology) override {
        if (!technology) return STATUS_INVALID_PARAMETER;
        filter_.set_technology(*technology);
        return STATUS_SUCCESS;
    }
    // IPowerNotify
    STDMETHODIMP_(void) PowerChangeNotify(POWER_STATE state) override {
        uart_.power(state.DeviceState == PowerDeviceD0);
    }

    // UartOwner
    void received() override { port_->Notify(group_); }
    void room() override {}

    Uart& uart() { return uart_; }
    /** One stream a direction. STATUS_INVALID_DEVICE_REQUEST: there is one, or the pin is not of that direction. */
    NTSTATUS claim(ULONG pin, bool capture) {
        if (capture ? !filter_.is_capture(pin) : !filter_.is_render(pin)) return STATUS_INVALID_DEVICE_REQUEST;
        return InterlockedExchange(&claimed_[capture], 1) ? STATUS_INVALID_DEVICE_REQUEST : STATUS_SUCCESS;
    }
    void unclaim(bool capture) { InterlockedExchange(&claimed_[capture], 0); }

  protected:
    UartMiniport(UartFilter::Pins pins, bool dmus) : filter_(pins, dmus) {}
    ~UartMiniport() override {
        uart_.stop();
        if (group_) group_->Release();
        if (port_) port_->Release();
    }
    bool query_more(REFIID iid, PVOID* out) override {
        if (!IsEqualGUIDAligned(iid, IID_IMiniport)) return false;
        *out = static_cast<IMiniport*>(static_cast<Interface*>(this));
        return true;
    }
    /** What a capture stream's pin waits for. */
    void hand_out_group(PSERVICEGROUP* out) {
        group_->AddRef();
        *out = group_;
    }

  private:
    UartFilter filter_;
    Uart uart_;
    PortInterface* port_ = nullptr;
    PSERVICEGROUP group_ = nullptr;
    LONG claimed_[2] = {};
};

/** For PcNewMiniport. NULL: no memory. */
PMINIPORT new_uart_midi();
PMINIPORT new_uart_dmus(UartFilter::Pins pins);

} // namespace portcls
