// SPDX-License-Identifier: MIT
// The port's end of a DirectMusic capture stream: the IMXF that the miniport's stream is connected to, and puts its
// events to (Microsoft Learn: "Allocator", IMXF::PutMessage).
#pragma once

#include "dmus_allocator.hpp"
#include "dmus_clock.hpp"
#include "midi_splitter.hpp"

namespace portcls {

/** Raw ("uncooked") events, flagged incomplete, are cut into messages here; complete ones are passed on as they are.
 * The client's bytes keep the order in which the miniport put them: a real-time byte inside a raw message cuts the
 * message there. */
class CaptureSink final : public ComObject<IMXF> {
  public:
    CaptureSink(StreamHost& host, Allocator& allocator, MasterClock& clock, ULONG number);

    STDMETHODIMP_(NTSTATUS) SetState(KSSTATE) override { return STATUS_SUCCESS; }
    /** It hands its events to the packer, and then to the allocator: there is nothing else to connect it to. */
    STDMETHODIMP_(NTSTATUS) ConnectOutput(PMXF) override { return STATUS_INVALID_DEVICE_REQUEST; }
    STDMETHODIMP_(NTSTATUS) DisconnectOutput(PMXF) override { return STATUS_INVALID_DEVICE_REQUEST; }
    /** An event, those chained behind it, and what packages among them hold. All of them go back to the allocator,
     * whose status it is: STATUS_INVALID_PARAMETER for one that is not out. NULL: nothing. IRQL <= DISPATCH_LEVEL. */
    STDMETHODIMP_(NTSTATUS) PutMessage(PDMUS_KERNEL_EVENT event) override;

    /** RUN is left: what is half a message is over. PASSIVE_LEVEL. */
    void flush();
    /** The stream goes: waits for a PutMessage that is under way. PASSIVE_LEVEL. */
    void detach();
    /** STOP: bytes are counted from 0 again. */
    void reset_offset() { offset_ = 0; }

  private:
    static constexpr ULONG kMaxMessage = 256; // captured raw: longer ones are given on in pieces
    static constexpr ULONG kMaxChain = 256; // events of one PutMessage, those of packages counted: the allocator's all
    static constexpr ULONG kPatienceMs = 5000;

    ~CaptureSink() override {
        allocator_->Release();
        clock_->Release();
    }
    // the rest under lock_
    void take_all(PDMUS_KERNEL_EVENT event);
    void take(const DMUS_KERNEL_EVENT& event);
    void split(int64_t time, USHORT group, const UCHAR* bytes, ULONG count);
    void hold(int64_t time, USHORT group, const UCHAR* bytes, ULONG count);
    void give();

    StreamHost* host_;
    ULONG delivering_ = 0;
    Allocator* allocator_;
    MasterClock* clock_;
    const ULONG number_;
    KSPIN_LOCK lock_;
    MidiSplitter splitter_;
    UCHAR message_[kMaxMessage] = {}; // raw bytes whose message is not complete
    ULONG held_ = 0;
    int64_t held_since_ = 0;
    USHORT held_group_ = 0;
    ULONGLONG offset_ = 0;
};

} // namespace portcls
