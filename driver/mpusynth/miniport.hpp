// SPDX-License-Identifier: MIT
// The miniport: one MPU-401 in UART mode behind a PortCls MIDI port.
#pragma once

#include "com_ptr.hpp"
#include "counters.hpp"
#include "input.hpp"
#include "kernel_io.hpp"
#include "mutex.hpp"
#include "output.hpp"

namespace mpusynth {

inline constexpr ULONG kPoolTag = '104M'; // shown as M401

class MidiMiniport final : public IMiniportMidi, public CUnknown {
  public:
    /// A miniport with one reference, which is the caller's; NULL when there is no memory. PASSIVE_LEVEL.
    static MidiMiniport* create();
    ~MidiMiniport();
    MidiMiniport(const MidiMiniport&) = delete;
    MidiMiniport& operator=(const MidiMiniport&) = delete;

    DECLARE_STD_UNKNOWN()

    // IMiniport. PASSIVE_LEVEL.
    STDMETHODIMP_(NTSTATUS) GetDescription(PPCFILTER_DESCRIPTOR* description) override;
    STDMETHODIMP_(NTSTATUS)
    DataRangeIntersection(ULONG pin, PKSDATARANGE client, PKSDATARANGE ours, ULONG output_length, PVOID output,
                          PULONG result_length) override;

    // IMiniportMidi. PASSIVE_LEVEL, but Service: DISPATCH_LEVEL.
    STDMETHODIMP_(NTSTATUS)
    Init(PUNKNOWN adapter, PRESOURCELIST resources, PPORTMIDI port, PSERVICEGROUP* service_group) override;
    STDMETHODIMP_(void) Service() override {} // what it is for happens in Read, which the pin's own sink asks for
    STDMETHODIMP_(NTSTATUS)
    NewStream(PMINIPORTMIDISTREAM* stream, PUNKNOWN outer, POOL_TYPE pool, ULONG pin, BOOLEAN capture,
              PKSDATAFORMAT format, PSERVICEGROUP* service_group) override;

    enum class Card : UCHAR { Present, Gone };

    /// Ends all traffic with the card and lets go of interrupt and port. Streams may still exist and find everything
    /// shut. A second call does nothing. A card that is present goes back to intelligent mode; one that is gone is not
    /// touched. PASSIVE_LEVEL.
    ///
    /// Not left to the destructor alone: an open handle keeps this object alive past IRP_MN_REMOVE_DEVICE, when the
    /// ports may belong to somebody else; and it breaks the circle of references between port and miniport.
    void retire(Card card);

    /// The card is about to leave D0 or is back. D1 and D2 keep its mode, after D3 it is as after power-on: in
    /// intelligent mode. No stream runs meanwhile. Nothing happens to one that is retired. PASSIVE_LEVEL.
    void power_changed(DEVICE_POWER_STATE state);

    // For the streams and the filter's properties.
    [[nodiscard]] const Counters& counters() const { return counters_; }
    /// Once true it stays so. Any IRQL; what is true of it for longer than the call needs life().
    [[nodiscard]] bool retired() const { return retired_.load_acquire(); }
    /// Held by whoever starts or ends something with the card: a client's thread that sets a stream to RUN, PnP's that
    /// takes the card away and power's that wakes it come when they like, and on two CPUs together. PASSIVE_LEVEL.
    [[nodiscard]] Mutex& life() { return life_; }
    [[nodiscard]] Output& output() { return output_; }
    [[nodiscard]] Input& input() { return input_; }
    /// A stream of this direction is gone; another one may be opened.
    void release_pin(bool capture) { pin_open(capture).store_release(false); }

  private:
    MidiMiniport() : CUnknown(nullptr), input_(counters_), output_(counters_, input_) {}

    NTSTATUS start(PRESOURCELIST resources, PPORTMIDI port);
    NTSTATUS reset();
    NTSTATUS enter_uart_mode();
    [[nodiscard]] Atomic<bool>& pin_open(bool capture) { return capture ? capture_open_ : render_open_; }

    Counters counters_;
    Mutex life_;
    KernelIo io_;
    ComPtr<IPortMidi> port_;
    ComPtr<IServiceGroup> group_;
    Input input_;
    Output output_;
    bool in_uart_mode_ = false;
    Atomic<bool> retired_;
    Atomic<bool> render_open_;
    Atomic<bool> capture_open_;
};

} // namespace mpusynth
