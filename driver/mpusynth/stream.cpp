// SPDX-License-Identifier: MIT
#include "stream.hpp"

#include "events.hpp"
#include "midi_format.hpp"
#include "pool.hpp"

namespace mpusynth {

namespace {

constexpr ULONG kOneMillisecond = 10'000; // 100 ns units

/// Read of a render stream, Write of a capture stream.
NTSTATUS wrong_way(PULONG count) {
    *count = 0;
    return STATUS_INVALID_DEVICE_REQUEST;
}

} // namespace

MidiStream* MidiStream::create(MidiMiniport& miniport, PUNKNOWN outer, POOL_TYPE pool, bool capture) {
    MidiStream* stream = nullptr;
    if (capture) {
        stream = new (pool, kPoolTag) CaptureStream(miniport, outer);
    } else {
        stream = new (pool, kPoolTag) RenderStream(miniport, outer);
    }
    if (stream != nullptr) stream->AddRef();
    return stream;
}

STDMETHODIMP_(NTSTATUS) MidiStream::NonDelegatingQueryInterface(REFIID interface_id, PVOID* object) {
    if (!IsEqualGUIDAligned(interface_id, IID_IMiniportMidiStream))
        return CUnknown::NonDelegatingQueryInterface(interface_id, object);
    PMINIPORTMIDISTREAM stream = this;
    stream->AddRef();
    *object = stream;
    return STATUS_SUCCESS;
}

/// There is one format and the port has matched it.
STDMETHODIMP_(NTSTATUS) MidiStream::SetFormat(PKSDATAFORMAT format) {
    return is_midi_format(format) ? STATUS_SUCCESS : STATUS_NO_MATCH;
}

/// Comes in single steps. Only RUN is different from the rest; leaving it cannot fail.
STDMETHODIMP_(NTSTATUS) MidiStream::SetState(KSSTATE state) {
    switch (state) {
    case KSSTATE_STOP:
    case KSSTATE_ACQUIRE:
    case KSSTATE_PAUSE:
        leave_run();
        break;
    case KSSTATE_RUN:
        if (!enter_run()) return STATUS_DEVICE_NOT_CONNECTED;
        break;
    default:
        return STATUS_INVALID_PARAMETER;
    }
    write_event(Event::StreamState, Severity::Information, capture_, state);
    return STATUS_SUCCESS;
}

bool MidiStream::enter_run() {
    MutexGuard guard{miniport().life()};
    if (running_) return true;
    if (miniport().retired()) return false;
    ExSetTimerResolution(kOneMillisecond, TRUE); // the default tick of 15.6 ms is 49 bytes of wire
    running_ = true;
    run();
    return true;
}

void MidiStream::leave_run() {
    MutexGuard guard{miniport().life()};
    if (!running_) return;
    halt();
    running_ = false;
    ExSetTimerResolution(0, FALSE);
}

STDMETHODIMP_(NTSTATUS) MidiStream::Read(PVOID, ULONG, PULONG bytes_read) {
    return wrong_way(bytes_read);
}

STDMETHODIMP_(NTSTATUS) MidiStream::Write(PVOID, ULONG, PULONG bytes_written) {
    return wrong_way(bytes_written);
}

RenderStream::~RenderStream() {
    leave_run(); // the port has stopped us; a port that forgot must not leave the pump on
    miniport().release_pin(false);
}

void RenderStream::run() {
    miniport().output().start();
}

void RenderStream::halt() {
    miniport().output().finish();
}

STDMETHODIMP_(NTSTATUS) RenderStream::Write(PVOID buffer, ULONG length, PULONG bytes_written) {
    *bytes_written = 0;
    if (miniport().retired()) return STATUS_DEVICE_NOT_CONNECTED;
    return miniport().output().write(static_cast<const UCHAR*>(buffer), length, *bytes_written);
}

CaptureStream::~CaptureStream() {
    leave_run();
    miniport().release_pin(true);
}

void CaptureStream::run() {
    miniport().input().start_capture();
}

void CaptureStream::halt() {
    miniport().input().stop_capture();
}

STDMETHODIMP_(NTSTATUS) CaptureStream::Read(PVOID buffer, ULONG length, PULONG bytes_read) {
    *bytes_read = miniport().input().read(static_cast<UCHAR*>(buffer), length);
    return STATUS_SUCCESS;
}

} // namespace mpusynth
