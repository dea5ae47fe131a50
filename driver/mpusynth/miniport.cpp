// SPDX-License-Identifier: MIT
#include "miniport.hpp"

#include "card_resources.hpp"
#include "events.hpp"
#include "filter_tables.hpp"
#include "hardware.hpp"
#include "midi_format.hpp"
#include "nt_try.hpp"
#include "pool.hpp"
#include "stream.hpp"
#include "trace.hpp"

namespace mpusynth {

namespace {

/// Says what the card did and turns it into a status. `command` is its name in the manual.
NTSTATUS report_failure(const char* command, const Report& report) {
    const ULONG status = report.status;
    const ULONG waited = report.waited_ms;
    switch (report.answer) {
    case Answer::Ok:
        return STATUS_SUCCESS;
    case Answer::Absent:
        MPUSYNTH_ERROR("no card before %s: status 0x%02lx, waited %lu ms; check the ports it is set to\n", command,
                       status, waited);
        return STATUS_NO_SUCH_DEVICE;
    case Answer::NotReady:
        MPUSYNTH_ERROR("card does not take %s: status 0x%02lx, waited %lu ms\n", command, status, waited);
        return STATUS_IO_DEVICE_ERROR;
    case Answer::NoAck:
        MPUSYNTH_ERROR("no ACK after %s: status 0x%02lx, waited %lu ms (sent %lu times)\n", command, status, waited,
                       static_cast<ULONG>(report.resets));
        return STATUS_IO_DEVICE_ERROR;
    }
    return STATUS_IO_DEVICE_ERROR;
}

} // namespace

MidiMiniport* MidiMiniport::create() {
    auto* miniport = new (nonpaged_pool(), kPoolTag) MidiMiniport;
    if (miniport != nullptr) miniport->AddRef();
    return miniport;
}

/// PASSIVE_LEVEL. For a port that never told us about removal: retire() has run already under our own adapter.
MidiMiniport::~MidiMiniport() {
    retire(Card::Present);
}

STDMETHODIMP_(NTSTATUS) MidiMiniport::NonDelegatingQueryInterface(REFIID interface_id, PVOID* object) {
    if (!IsEqualGUIDAligned(interface_id, IID_IMiniport) && !IsEqualGUIDAligned(interface_id, IID_IMiniportMidi))
        return CUnknown::NonDelegatingQueryInterface(interface_id, object);
    PMINIPORTMIDI miniport = this;
    miniport->AddRef();
    *object = miniport;
    return STATUS_SUCCESS;
}

STDMETHODIMP_(NTSTATUS) MidiMiniport::GetDescription(PPCFILTER_DESCRIPTOR* description) {
    *description = const_cast<PPCFILTER_DESCRIPTOR>(&kFilterDescriptor); // the port does not write to it
    return STATUS_SUCCESS;
}

/// There is one format, and the port's default answer is it.
STDMETHODIMP_(NTSTATUS)
MidiMiniport::DataRangeIntersection(ULONG, PKSDATARANGE, PKSDATARANGE, ULONG, PVOID, PULONG) {
    return STATUS_NOT_IMPLEMENTED;
}

STDMETHODIMP_(NTSTATUS)
MidiMiniport::Init(PUNKNOWN, PRESOURCELIST resources, PPORTMIDI port, PSERVICEGROUP* service_group) {
    *service_group = nullptr;
    const NTSTATUS status = start(resources, port);
    if (!NT_SUCCESS(status)) {
        retire(Card::Present);
        return status;
    }
    *service_group = group_.copy();
    return STATUS_SUCCESS;
}

NTSTATUS MidiMiniport::start(PRESOURCELIST resources, PPORTMIDI port) {
    CardResources assigned;
    NT_TRY(read_card_resources(resources, assigned));
    io_ = KernelIo{assigned.base};
    output_.use(io_);

    port_.copy_from(port);
    NT_TRY(PcNewServiceGroup(group_.put(), nullptr));
    port_->RegisterServiceGroup(group_.get()); // before anything can ask for service
    input_.use(io_, port_.get(), group_.get());

    if (!discard_pending(io_, input_)) {
        MPUSYNTH_ERROR("%lu bytes read and the card still shows one: its DSR is stuck\n",
                       static_cast<ULONG>(kMostUnread));
        return STATUS_IO_DEVICE_ERROR;
    }
    // Before RESET: its ACK holds the line of a PCI card high, and whoever shares a line of which nobody takes the
    // byte is called over and over.
    if (assigned.has_interrupt) NT_TRY(input_.connect(resources));
    NT_TRY(reset());
    return enter_uart_mode();
}

NTSTATUS MidiMiniport::reset() {
    const Report report = reset_card(io_, input_);
    counters_.resets.add(report.resets);
    counters_.acks_missed.add(report.resets - (report.answer == Answer::Ok ? 1 : 0));
    write_event(Event::Reset, report.answer == Answer::Ok ? Severity::Information : Severity::Error,
                static_cast<ULONG>(report.answer), report.resets, report.status, report.waited_ms);
    return report_failure("RESET", report);
}

/// Its ACK also tells whether interrupts come at all.
NTSTATUS MidiMiniport::enter_uart_mode() {
    input_.begin_ack_watch();
    NT_TRY(report_failure("ENTER_UART", write_enter_uart(io_)));
    in_uart_mode_ = true;
    const Report report = await_uart(io_, input_);
    const bool unheard = input_.by_interrupt() && mpu401::byte_waits_for_host(report.status);
    if (report.answer != Answer::Ok && unheard) {
        MPUSYNTH_WARNING("the card's interrupt does not come: status 0x%02lx for %lu ms; MIDI in will be polled\n",
                         static_cast<ULONG>(report.status), static_cast<ULONG>(report.waited_ms));
        write_event(Event::InterruptDead, Severity::Warning, report.status, report.waited_ms);
        input_.disconnect();
        input_.take();
    } else if (report.answer != Answer::Ok) {
        counters_.acks_missed.add(1);
        MPUSYNTH_WARNING("no ACK after ENTER_UART: status 0x%02lx, waited %lu ms; some cards send none, going on\n",
                         static_cast<ULONG>(report.status), static_cast<ULONG>(report.waited_ms));
    }
    input_.end_ack_watch();
    return STATUS_SUCCESS;
}

STDMETHODIMP_(NTSTATUS)
MidiMiniport::NewStream(PMINIPORTMIDISTREAM* stream, PUNKNOWN outer, POOL_TYPE pool, ULONG pin, BOOLEAN capture,
                        PKSDATAFORMAT format, PSERVICEGROUP* service_group) {
    *stream = nullptr;
    *service_group = nullptr;
    MutexGuard guard{life_};
    if (retired()) return STATUS_DEVICE_NOT_CONNECTED;
    const bool capturing = capture != FALSE;
    if (pin != (capturing ? kPinCapture : kPinRender)) return STATUS_INVALID_PARAMETER;
    if (!is_midi_format(format)) return STATUS_NO_MATCH;
    if (pin_open(capturing).exchange(true)) return STATUS_INVALID_DEVICE_REQUEST; // one client a pin

    MidiStream* created = MidiStream::create(*this, outer, pool, capturing);
    if (created == nullptr) {
        release_pin(capturing);
        return STATUS_INSUFFICIENT_RESOURCES;
    }
    *stream = created;
    // Only capture is driven by the interrupt; a render pin in the group would be woken for nothing.
    if (capturing) *service_group = group_.copy();
    return STATUS_SUCCESS;
}

void MidiMiniport::power_changed(DEVICE_POWER_STATE state) {
    MutexGuard guard{life_};
    if (retired()) return;
    const bool on = state == PowerDeviceD0;
    input_.set_power(on);
    if (state == PowerDeviceD3) in_uart_mode_ = false;
    if (on && !in_uart_mode_) enter_uart_mode(); // what goes wrong is in the debugger's log: nobody takes a status here
}

void MidiMiniport::retire(Card card) {
    {
        MutexGuard guard{life_};
        if (retired_.exchange(true)) return;
        if (card == Card::Present) {
            output_.finish();
            if (in_uart_mode_) leave_uart(io_);
        } else {
            output_.abandon();
        }
        input_.disconnect();
    }
    port_.reset(); // outside: it may let go of us in turn
}

} // namespace mpusynth
