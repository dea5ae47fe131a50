// SPDX-License-Identifier: MIT
// A stream of an IMiniportDMus miniport (Microsoft Learn: "MIDI Transport", "IMXF Interfaces", "Allocator"). Render:
// the port's unpacker makes events of a record's bytes and puts them to the miniport's IMXF when they are due, earlier
// by SchedulePreFetch; events are played in the order in which they came. Capture: in the service DPC the miniport's
// IMXF is asked by PutMessage(NULL), and puts events to our sink (dmus_sink.hpp).
#include "dmus_allocator.hpp"
#include "dmus_clock.hpp"
#include "dmus_sink.hpp"
#include "midi_splitter.hpp"
#include "stream.hpp"

namespace portcls {
namespace {

constexpr ULONG kMaxChain = 256; // events of one write

class DMusStream final : public Stream {
  public:
    explicit DMusStream(const StreamRequest& request)
        : Stream(request), capture_(request.capture), sub_format_(request.format.SubFormat) {}
    ~DMusStream() override;

    NTSTATUS open(IMiniportDMus& miniport, const StreamRequest& request);

    PUNKNOWN unknown() const override { return mxf_; }
    bool takes_bytes() const override { return false; }

    /** IMXF has no SetFormat: the format of NewStream stays. */
    NTSTATUS set_format(KSDATAFORMAT& format) override {
        return IsEqualGUIDAligned(format.SubFormat, sub_format_) ? STATUS_SUCCESS : STATUS_INVALID_DEVICE_REQUEST;
    }

    NTSTATUS set_state(KSSTATE state) override {
        trace::Call call(MPULAB_CALLBACK_SetState, state, number_);
        const NTSTATUS status = call.run(*mxf_, &IMXF::SetState, state);
        if (state == KSSTATE_STOP) {
            splitter_.reset();
            if (sink_) sink_->reset_offset();
        }
        return status;
    }

    StreamResult write(const RenderOffer& offer, ULONGLONG irp, ULONGLONG offset) override;
    int64_t lead() const override { return lead_; }

    /** Asks the driver's stream; what it has it puts to the sink, now or later. */
    StreamResult read(UCHAR*, ULONG, ULONGLONG) override {
        trace::Call call(MPULAB_CALLBACK_PutMessage, 0, number_, MPULAB_CORR(MPULAB_CORR_STREAM, number_));
        return {call.run(*mxf_, &IMXF::PutMessage, nullptr), 0};
    }
    void flush() override {
        if (sink_) sink_->flush();
    }

  private:
    struct Chain {
        PDMUS_KERNEL_EVENT first, last;
        ULONG bytes;
    };
    PDMUS_KERNEL_EVENT new_event(const RenderOffer& offer, ULONG at, ULONG count, bool complete, ULONGLONG offset);
    void build(Chain& chain, const RenderOffer& offer, ULONGLONG offset);
    bool append(Chain& chain, const RenderOffer& offer, ULONG count, bool complete, ULONGLONG offset);
    bool one_event_a_record(const RenderOffer& offer) const;
    NTSTATUS put(PDMUS_KERNEL_EVENT event, ULONG bytes, ULONGLONG irp, ULONGLONG offset);

    const bool capture_;
    const GUID sub_format_;
    bool connected_ = false;
    IMXF* mxf_ = nullptr;
    Allocator* allocator_ = nullptr;
    MasterClock* clock_ = nullptr;
    CaptureSink* sink_ = nullptr;
    int64_t lead_ = 0;
    MidiSplitter splitter_;
};

DMusStream::~DMusStream() {
    if (mxf_) {
        if (connected_) {
            trace::Call call(MPULAB_CALLBACK_DisconnectOutput, number_);
            call.run(*mxf_, &IMXF::DisconnectOutput, sink_);
        }
        trace::Call call(MPULAB_CALLBACK_StreamRelease, number_);
        call.leave(STATUS_SUCCESS, call.begin(*mxf_, &IUnknown::Release));
    }
    if (sink_) {
        sink_->detach();
        sink_->Release();
    }
    if (clock_) {
        clock_->detach();
        clock_->Release();
    }
    if (allocator_) {
        allocator_->tell_leaks();
        allocator_->Release();
    }
}

NTSTATUS DMusStream::open(IMiniportDMus& miniport, const StreamRequest& request) {
    allocator_ = Allocator::create(number_);
    clock_ = new (kObjectTag) MasterClock(host_);
    if (!allocator_ || !clock_) return STATUS_INSUFFICIENT_RESOURCES;
    if (capture_ && !(sink_ = new (kObjectTag) CaptureSink(host_, *allocator_, *clock_, number_)))
        return STATUS_INSUFFICIENT_RESOURCES;
    auto* made = unwritten<IMXF>();
    PSERVICEGROUP made_group = unwritten<IServiceGroup>();
    constexpr ULONGLONG kUnset = 0xA5A5A5A5A5A5A5A5;
    ULONGLONG lead = kUnset;
    trace::Call call(MPULAB_CALLBACK_NewStream, request.pin_id, request.capture);
    const DMUS_STREAM_TYPE type = request.capture ? DMUS_STREAM_MIDI_CAPTURE : DMUS_STREAM_MIDI_RENDER;
    NTSTATUS status = call.run(miniport, &IMiniportDMus::NewStream, &made, nullptr, stream_pool(), request.pin_id, type,
                               &request.format, &made_group, allocator_, clock_, &lead);
    if (!NT_SUCCESS(status)) return status;
    const bool has_stream = made && made != unwritten<IMXF>();
    if (has_stream) mxf_ = made;
    trace::expect(22, has_stream, 0, 1, "V22 NewStream succeeded without a stream");
    if (has_stream) expect_sound_stream(made, IID_IMXF);
    if (!take_group(made_group, group_) || !has_stream) return STATUS_UNSUCCESSFUL;
    if (!capture_)
        trace::expect(22, lead != kUnset, 0, 1, "V22 NewStream succeeded and did not write *SchedulePreFetch");
    if (lead == kUnset) lead = 0;
    // DONT_HOLD_FOR_SEQUENCING is 1 << 63: whatever is that large means "at once"
    lead_ = lead > static_cast<ULONGLONG>(INT64_MAX) ? INT64_MAX : static_cast<int64_t>(lead);
    if (!capture_) return STATUS_SUCCESS;
    trace::Call connect(MPULAB_CALLBACK_ConnectOutput, number_);
    status = connect.run(*mxf_, &IMXF::ConnectOutput, sink_);
    connected_ = NT_SUCCESS(status);
    return status;
}

/** NULL: the pool has no event, or no buffer, left. */
PDMUS_KERNEL_EVENT DMusStream::new_event(const RenderOffer& offer, ULONG at, ULONG count, bool complete,
                                         ULONGLONG offset) {
    PDMUS_KERNEL_EVENT event;
    if (!NT_SUCCESS(allocator_->GetMessage(&event))) return nullptr;
    if (count > kInlineBytes) {
        PBYTE buffer;
        if (!NT_SUCCESS(allocator_->GetBuffer(&buffer))) {
            allocator_->PutMessage(event);
            return nullptr;
        }
        event->uData.pbData = buffer;
        RtlCopyMemory(buffer, offer.bytes + at, count);
    } else {
        RtlCopyMemory(event->uData.abData, offer.bytes + at, count);
    }
    event->cbEvent = static_cast<USHORT>(count);
    event->usChannelGroup = static_cast<USHORT>(offer.channel_group);
    event->usFlags = complete ? kEventComplete : kEventIncomplete;
    event->ullPresTime100ns = clock_->from_stream(offer.due);
    event->ullBytePosition = offset + at;
    return event;
}

bool DMusStream::append(Chain& chain, const RenderOffer& offer, ULONG count, bool complete, ULONGLONG offset) {
    PDMUS_KERNEL_EVENT event = new_event(offer, chain.bytes, count, complete, offset);
    if (!event) return false;
    (chain.last ? chain.last->pNextEvt : chain.first) = event;
    chain.last = event;
    chain.bytes += count;
    return true;
}

/** A record of a DirectMusic pin is one event already. */
bool DMusStream::one_event_a_record(const RenderOffer& offer) const {
    if (IsEqualGUIDAligned(sub_format_, KSDATAFORMAT_SUBTYPE_DIRECTMUSIC)) return true;
    MidiSplitter first = splitter_;
    if (first.next(offer.bytes, offer.count).bytes == offer.count) return false; // it makes no difference
    return trace::choose(NANONT_CHOICE_DMUS_EVENTS) == 1;
}

/** Events for as much of the offer as the pool has events for. The splitter steps on only past bytes that are taken. */
void DMusStream::build(Chain& chain, const RenderOffer& offer, ULONGLONG offset) {
    const bool whole = one_event_a_record(offer);
    for (ULONG events = 0; chain.bytes < offer.count && events < kMaxChain; ++events) {
        const ULONG left = offer.count - chain.bytes;
        const ULONG most = left <= kInlineBytes ? left : allocator_->GetBufferSize();
        const ULONG room = left < most ? left : most;
        if (whole) {
            if (!append(chain, offer, room, left <= most, offset)) return;
            continue;
        }
        const MidiSplitter before = splitter_;
        const MidiPiece piece = splitter_.next(offer.bytes + chain.bytes, room);
        if (!append(chain, offer, piece.bytes, piece.complete, offset)) {
            splitter_ = before;
            return;
        }
    }
}

NTSTATUS DMusStream::put(PDMUS_KERNEL_EVENT event, ULONG bytes, ULONGLONG irp, ULONGLONG offset) {
    trace::Call call(MPULAB_CALLBACK_PutMessage, bytes, number_, irp);
    const NTSTATUS status =
        call.begin(*mxf_, &IMXF::PutMessage, event); // the event is the driver's now, whatever it answers
    if (NT_SUCCESS(status)) trace::record(MPULAB_KIND_STREAM_RANGE, irp, offset, bytes, 0);
    return call.leave(status);
}

/** How events of one time are handed over (one by one, chained, in a package) the documentation leaves to the port. */
StreamResult DMusStream::write(const RenderOffer& offer, ULONGLONG irp, ULONGLONG offset) {
    Chain chain{};
    build(chain, offer, offset);
    if (!chain.first) return {STATUS_SUCCESS, 0}; // the allocator has none left: busy
    const ULONG choice = chain.first == chain.last ? 0 : trace::choose(NANONT_CHOICE_DMUS_CHAIN);
    if (choice == 1) return {put(chain.first, chain.bytes, irp, offset), chain.bytes};
    PDMUS_KERNEL_EVENT package;
    if (choice == 2 && NT_SUCCESS(allocator_->GetMessage(&package))) {
        package->usFlags = kPackageEvent;
        package->usChannelGroup = chain.first->usChannelGroup;
        package->ullPresTime100ns = chain.first->ullPresTime100ns;
        package->ullBytePosition = chain.first->ullBytePosition;
        package->uData.pPackageEvt = chain.first;
        package->cbEvent = sizeof(PVOID);
        return {put(package, chain.bytes, irp, offset), chain.bytes};
    }
    ULONG done = 0;
    NTSTATUS status = STATUS_SUCCESS;
    for (PDMUS_KERNEL_EVENT event = chain.first; event;) {
        PDMUS_KERNEL_EVENT next = event->pNextEvt;
        event->pNextEvt = nullptr;
        const ULONG bytes = event->cbEvent;
        if (NT_SUCCESS(status))
            status = put(event, bytes, irp, offset + done);
        else
            allocator_->PutMessage(event);
        done += bytes;
        event = next;
    }
    return {status, done};
}

} // namespace

NTSTATUS new_dmus_stream(IMiniportDMus& miniport, const StreamRequest& request, Stream*& out) {
    auto* stream = new (kObjectTag) DMusStream(request);
    if (!stream) return STATUS_INSUFFICIENT_RESOURCES;
    NTSTATUS status = stream->open(miniport, request);
    if (NT_SUCCESS(status))
        out = stream;
    else
        delete stream;
    return status;
}

} // namespace portcls
