// SPDX-License-Identifier: MIT
// CLSID_MiniportDriverUart: the UART miniport with IMiniportMidi.
#include "aggregation.hpp"
#include "uart_miniport.hpp"

namespace portcls {
namespace {

class UartMidi final : public UartMiniport<IMiniportMidi, IPortMidi> {
  public:
    UartMidi() : UartMiniport(UartFilter::Pins::RenderAndCapture, false) {}
    STDMETHODIMP_(NTSTATUS)
    NewStream(PMINIPORTMIDISTREAM* out, PUNKNOWN outer, POOL_TYPE, ULONG pin, BOOLEAN capture, PKSDATAFORMAT format,
              PSERVICEGROUP* group) override;
};

/** Both directions; each refuses what belongs to the other (reference §2.5, §2.6). */
class UartMidiStream final : public Aggregatable<IMiniportMidiStream> {
  public:
    UartMidiStream(PUNKNOWN outer, UartMidi& miniport, bool capture)
        : Aggregatable(outer), miniport_(miniport), capture_(capture) {
        miniport_.AddRef();
    }

    STDMETHODIMP_(NTSTATUS) SetFormat(PKSDATAFORMAT format) override {
        return format && IsEqualGUIDAligned(format->SubFormat, KSDATAFORMAT_SUBTYPE_MIDI) ? STATUS_SUCCESS
                                                                                          : STATUS_NO_MATCH;
    }
    STDMETHODIMP_(NTSTATUS) SetState(KSSTATE state) override {
        Uart& uart = miniport_.uart();
        if (capture_)
            uart.listen(state == KSSTATE_RUN);
        else if (state == KSSTATE_STOP)
            uart.discard();
        else
            uart.let_out(state == KSSTATE_RUN);
        return STATUS_SUCCESS;
    }
    STDMETHODIMP_(NTSTATUS) Read(PVOID buffer, ULONG room, PULONG read) override {
        *read = capture_ ? miniport_.uart().receive(static_cast<UCHAR*>(buffer), room) : 0;
        return capture_ ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_REQUEST;
    }
    STDMETHODIMP_(NTSTATUS) Write(PVOID buffer, ULONG count, PULONG written) override {
        *written = 0;
        if (capture_) return STATUS_INVALID_DEVICE_REQUEST;
        if (miniport_.uart().is_stuck()) return STATUS_IO_DEVICE_ERROR;
        *written = miniport_.uart().send(static_cast<const UCHAR*>(buffer), count, 4);
        return STATUS_SUCCESS;
    }

  private:
    ~UartMidiStream() override {
        SetState(KSSTATE_STOP);
        miniport_.unclaim(capture_);
        miniport_.Release();
    }

    UartMidi& miniport_;
    const bool capture_;
};

STDMETHODIMP_(NTSTATUS)
UartMidi::NewStream(PMINIPORTMIDISTREAM* out, PUNKNOWN outer, POOL_TYPE, ULONG pin, BOOLEAN capture, PKSDATAFORMAT,
                    PSERVICEGROUP* group) {
    *out = nullptr;
    *group = nullptr;
    NTSTATUS status = claim(pin, capture);
    if (!NT_SUCCESS(status)) return status;
    status = hand_out(new (kObjectTag) UartMidiStream(outer, *this, capture), out);
    if (!NT_SUCCESS(status)) {
        unclaim(capture);
        return status;
    }
    if (capture) hand_out_group(group);
    return STATUS_SUCCESS;
}

} // namespace

PMINIPORT new_uart_midi() {
    return new (kObjectTag) UartMidi();
}

} // namespace portcls
