// SPDX-License-Identifier: MIT
// The adapter: what a device has one of, however many subdevices. It makes them, answers for the device's power, and
// ends them. From StartDevice to STOP or REMOVE.
#pragma once

#include "com_ptr.hpp"
#include "miniport.hpp"

namespace mpusynth {

class CardAdapter final : public IAdapterPowerManagement, public CUnknown {
  public:
    /// An adapter with one reference, which is the caller's; NULL when there is no memory. PASSIVE_LEVEL.
    static CardAdapter* create();
    CardAdapter(const CardAdapter&) = delete;
    CardAdapter& operator=(const CardAdapter&) = delete;

    DECLARE_STD_UNKNOWN()

    // IAdapterPowerManagement: no state is refused, and the capabilities are the bus'. PASSIVE_LEVEL.
    STDMETHODIMP_(void) PowerChangeState(POWER_STATE state) override;
    STDMETHODIMP_(NTSTATUS) QueryPowerChangeState(POWER_STATE) override { return STATUS_SUCCESS; }
    STDMETHODIMP_(NTSTATUS) QueryDeviceCapabilities(PDEVICE_CAPABILITIES) override { return STATUS_SUCCESS; }

    /// Answers for the device's power from here on, and installs the card's subdevices; retire() is to follow whatever
    /// it comes to. PASSIVE_LEVEL, in StartDevice.
    NTSTATUS start(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources);

    /// Ends the subdevices (MidiMiniport::retire) and what start() registered. PASSIVE_LEVEL.
    void retire(PDEVICE_OBJECT device, MidiMiniport::Card card);

  private:
    CardAdapter() : CUnknown(nullptr) {}

    NTSTATUS install_subdevice(PDEVICE_OBJECT device, PIRP irp, PRESOURCELIST resources);

    ComPtr<MidiMiniport> miniport_;
    bool registered_ = false; // PortCls asks us about power, and holds a reference
};

} // namespace mpusynth
