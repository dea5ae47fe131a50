// SPDX-License-Identifier: MIT
// A stream of an IMiniportMidi miniport (reference portcls-midi.md §2.3-§2.6), with the checks of §9 around each call.
#include "service_group.hpp"
#include "stream.hpp"

namespace portcls {
namespace {

constexpr ULONG kPattern = 0xA5A5A5A5;

class MidiStream final : public Stream {
  public:
    MidiStream(const StreamRequest& request, IMiniportMidiStream* stream, PSERVICEGROUP group)
        : Stream(request), stream_(stream) {
        group_ = group;
    }
    ~MidiStream() override {
        trace::Call call(MPULAB_CALLBACK_StreamRelease, number_);
        call.leave(STATUS_SUCCESS, stream_->Release());
    }

    PUNKNOWN unknown() const override { return stream_; }
    bool takes_bytes() const override { return true; }

    NTSTATUS set_format(KSDATAFORMAT& format) override {
        trace::Call call(MPULAB_CALLBACK_SetFormat);
        return call.leave(stream_->SetFormat(&format));
    }

    NTSTATUS set_state(KSSTATE state) override {
        trace::Call call(MPULAB_CALLBACK_SetState, state, number_);
        return call.leave(stream_->SetState(state));
    }

    StreamResult write(const RenderOffer& offer, ULONGLONG irp, ULONGLONG offset) override {
        ULONG written = kPattern;
        trace::Call call(MPULAB_CALLBACK_Write, offer.count, number_, irp);
        NTSTATUS status = stream_->Write(const_cast<uint8_t*>(offer.bytes), offer.count, &written);
        const bool unset = written == kPattern && offer.count < kPattern;
        const ULONG claimed = unset ? 0 : written;
        const ULONG taken = claimed < offer.count ? claimed : offer.count;
        if (NT_SUCCESS(status) && taken)
            trace::record(MPULAB_KIND_STREAM_RANGE, irp, offset, taken, 0); // inside the call, as its result
        call.leave(status, claimed);
        if (!NT_SUCCESS(status)) return {status, 0};
        if (unset) trace::finding(22, written, offer.count, "V22 Write succeeded and did not set *BytesWritten");
        if (claimed > offer.count)
            trace::finding(23, claimed, offer.count, "V23 Write took more bytes than it was offered");
        if (taken < offer.count && taken % 4 != 0) return odd_partial(taken);
        return {status, taken};
    }

    StreamResult read(UCHAR* buffer, ULONG room, ULONGLONG offset) override {
        ULONG count = kPattern;
        const ULONGLONG stream = MPULAB_CORR(MPULAB_CORR_STREAM, number_);
        trace::Call call(MPULAB_CALLBACK_Read, room, number_, stream);
        NTSTATUS status = stream_->Read(buffer, room, &count);
        const bool unset = count == kPattern;
        const ULONG claimed = unset ? 0 : count;
        const ULONG given = claimed < room ? claimed : room;
        if (NT_SUCCESS(status) && given && host_.running()) // inside the call, as its result
            trace::record(MPULAB_KIND_STREAM_RANGE, stream, offset, given, 1);
        call.leave(status, claimed);
        if (!NT_SUCCESS(status)) return {status, 0};
        if (unset) trace::finding(22, count, 0, "V22 Read succeeded and did not set *BytesRead");
        if (claimed > room) trace::finding(23, claimed, room, "V23 Read gave more bytes than the buffer holds");
        return {status, given};
    }

  private:
    /** The documentation demands multiples of 4 of a partial Write; what Windows makes of another it does not say. */
    StreamResult odd_partial(ULONG taken) {
        if (!odd_partial_reported_) {
            odd_partial_reported_ = true;
            trace::finding(24, taken, taken & ~3u, "V24 partial Write is not a multiple of 4 (told once a stream)");
        }
        if (trace::choose(NANONT_CHOICE_PARTIAL_COUNT) == 1) return {STATUS_IO_DEVICE_ERROR, 0};
        return {STATUS_SUCCESS, taken};
    }

    IMiniportMidiStream* stream_;
    bool odd_partial_reported_ = false;
};

} // namespace

bool take_group(PSERVICEGROUP made, PSERVICEGROUP& group) {
    group = nullptr;
    if (made == unwritten<IServiceGroup>()) {
        trace::finding(22, 0, 1, "V22 NewStream succeeded and did not write *ServiceGroup");
        return true;
    }
    if (made && !is_service_group(made)) {
        trace::finding(15, reinterpret_cast<ULONG_PTR>(made), 0, "V15 NewStream gave a foreign service group");
        return false;
    }
    group = made;
    return true;
}

NTSTATUS new_midi_stream(IMiniportMidi& miniport, const StreamRequest& request, Stream*& out) {
    auto* made = unwritten<IMiniportMidiStream>();
    PSERVICEGROUP made_group = unwritten<IServiceGroup>();
    trace::Call call(MPULAB_CALLBACK_NewStream, request.pin_id, request.capture);
    NTSTATUS status = call.leave(miniport.NewStream(&made, nullptr, NonPagedPoolNx, request.pin_id, request.capture,
                                                    &request.format, &made_group));
    if (!NT_SUCCESS(status)) return status;
    const bool has_stream = made && made != unwritten<IMiniportMidiStream>();
    if (!has_stream) trace::finding(22, 0, 1, "V22 NewStream succeeded without a stream");
    PSERVICEGROUP group;
    const bool group_fits = take_group(made_group, group);
    if (has_stream && group_fits) {
        out = new (kObjectTag) MidiStream(request, made, group);
        if (out) return STATUS_SUCCESS;
        status = STATUS_INSUFFICIENT_RESOURCES;
    } else {
        status = STATUS_UNSUCCESSFUL;
    }
    if (has_stream) {
        trace::Call release(MPULAB_CALLBACK_StreamRelease, request.number);
        release.leave(STATUS_SUCCESS, made->Release());
    }
    if (group) group->Release();
    return status;
}

} // namespace portcls
