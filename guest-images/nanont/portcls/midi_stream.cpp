// SPDX-License-Identifier: MIT
// A stream of an IMiniportMidi miniport (reference portcls-midi.md §2.3-§2.6), with the checks of §9 around each call.
#include "service_group.hpp"
#include "stream.hpp"

namespace portcls {
namespace {

constexpr ULONG kPattern = 0xA5A5A5A5;

constexpr UCHAR kGuardByte = 0x5B;

/** FNV-1a: whether a driver left the data of a Write as they were (V26). */
ULONGLONG checksum(const uint8_t* bytes, ULONG count) {
    ULONGLONG sum = 0xcbf29ce484222325;
    for (ULONG i = 0; i < count; ++i)
        sum = (sum ^ bytes[i]) * 0x100000001b3;
    return sum;
}

class MidiStream final : public Stream {
  public:
    MidiStream(const StreamRequest& request, IMiniportMidiStream* stream, PSERVICEGROUP group)
        : Stream(request), stream_(stream) {
        group_ = group;
    }
    ~MidiStream() override {
        trace::Call call(MPULAB_CALLBACK_StreamRelease, number_);
        call.leave(STATUS_SUCCESS, call.begin(*stream_, &IUnknown::Release));
    }

    PUNKNOWN unknown() const override { return stream_; }
    bool takes_bytes() const override { return true; }

    NTSTATUS set_format(KSDATAFORMAT& format) override {
        trace::Call call(MPULAB_CALLBACK_SetFormat);
        return call.run(*stream_, &IMiniportMidiStream::SetFormat, &format);
    }

    NTSTATUS set_state(KSSTATE state) override {
        trace::Call call(MPULAB_CALLBACK_SetState, state, number_);
        return call.run(*stream_, &IMiniportMidiStream::SetState, state);
    }

    StreamResult write(const RenderOffer& offer, ULONGLONG irp, ULONGLONG offset) override {
        ULONG written = kPattern;
        const ULONGLONG before = checksum(offer.bytes, offer.count);
        trace::Call call(MPULAB_CALLBACK_Write, offer.count, number_, irp);
        NTSTATUS status =
            call.begin(*stream_, &IMiniportMidiStream::Write, const_cast<uint8_t*>(offer.bytes), offer.count, &written);
        const bool unset = written == kPattern && offer.count < kPattern;
        const ULONG claimed = unset ? 0 : written;
        const ULONG taken = claimed < offer.count ? claimed : offer.count;
        if (NT_SUCCESS(status) && taken)
            trace::record(MPULAB_KIND_STREAM_RANGE, irp, offset, taken, 0); // inside the call, as its result
        call.leave(status, claimed);
        const ULONGLONG after = checksum(offer.bytes, offer.count);
        trace::expect(26, after == before, after, before, "V26 Write changed the data that it was given");
        if (!NT_SUCCESS(status)) return {status, 0};
        trace::expect(22, !unset, written, offer.count, "V22 Write succeeded and did not set *BytesWritten");
        trace::expect(23, claimed <= offer.count, claimed, offer.count,
                      "V23 Write took more bytes than it was offered");
        if (taken < offer.count) trace::judged(24);
        if (taken < offer.count && taken % 4 != 0) return odd_partial(taken);
        return {status, taken};
    }

    StreamResult read(UCHAR* buffer, ULONG room, ULONGLONG offset) override {
        ULONG count = kPattern;
        fill_guard(buffer + room);
        const ULONGLONG stream = MPULAB_CORR(MPULAB_CORR_STREAM, number_);
        trace::Call call(MPULAB_CALLBACK_Read, room, number_, stream);
        NTSTATUS status = call.begin(*stream_, &IMiniportMidiStream::Read, buffer, room, &count);
        const bool unset = count == kPattern;
        const ULONG claimed = unset ? 0 : count;
        const ULONG given = claimed < room ? claimed : room;
        if (NT_SUCCESS(status) && given && host_.running()) // inside the call, as its result
            trace::record(MPULAB_KIND_STREAM_RANGE, stream, offset, given, 1);
        call.leave(status, claimed);
        trace::expect(26, guard_is_whole(buffer + room), 1, 0, "V26 Read wrote behind the end of its buffer");
        if (!NT_SUCCESS(status)) return {status, 0};
        trace::expect(22, !unset, count, 0, "V22 Read succeeded and did not set *BytesRead");
        trace::expect(23, claimed <= room, claimed, room, "V23 Read gave more bytes than the buffer holds");
        return {status, given};
    }

  private:
    static void fill_guard(UCHAR* guard) {
        for (ULONG i = 0; i < kReadGuardBytes; ++i)
            guard[i] = kGuardByte;
    }
    static bool guard_is_whole(const UCHAR* guard) {
        bool whole = true;
        for (ULONG i = 0; i < kReadGuardBytes; ++i)
            whole &= guard[i] == kGuardByte;
        return whole;
    }

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
    if (!trace::expect(22, made != unwritten<IServiceGroup>(), 0, 1,
                       "V22 NewStream succeeded and did not write *ServiceGroup"))
        return true;
    if (made && !trace::expect(15, is_service_group(made), reinterpret_cast<ULONG_PTR>(made), 0,
                               "V15 NewStream gave a foreign service group"))
        return false;
    group = made;
    return true;
}

/** What AddRef and Release return is the only way to ask. */
static ULONG references_of(PUNKNOWN object) {
    object->AddRef();
    return object->Release();
}

/** Whoever is given an interface is given a reference with it. Of an object that answers with another one nothing is
 * seen. */
static void expect_reference_of_query(PUNKNOWN stream, REFIID id) {
    const ULONG before = references_of(stream);
    auto given = query<IUnknown>(stream, id);
    if (!given) return;
    const ULONG now = references_of(stream);
    if (now > before || given.get() != stream) return;
    trace::finding(21, now, before + 1, "V21 QueryInterface of a stream gave an interface without a reference");
    (void)given.detach(); // it is not ours to release
}

void expect_sound_stream(PUNKNOWN stream, REFIID own) {
    const ULONG references = stream->AddRef();
    if (trace::expect(19, references > 1, references - 1, 1,
                      "V19 NewStream handed out a stream without a reference: the port's Release is one too many"))
        stream->Release();
    trace::expect(50, MmIsNonPagedSystemAddressValid(stream) != FALSE, reinterpret_cast<ULONG_PTR>(stream), 0,
                  "V50 the stream that NewStream made lies in memory that is pageable; it was told nonpaged pool");
    expect_reference_of_query(stream, IID_IUnknown);
    expect_reference_of_query(stream, own);
}

NTSTATUS new_midi_stream(IMiniportMidi& miniport, PSERVICEGROUP known_group, const StreamRequest& request,
                         Stream*& out) {
    auto* made = unwritten<IMiniportMidiStream>();
    PSERVICEGROUP made_group = unwritten<IServiceGroup>();
    const ULONG references = known_group ? references_of(known_group) : 0;
    trace::Call call(MPULAB_CALLBACK_NewStream, request.pin_id, request.capture);
    NTSTATUS status = call.run(miniport, &IMiniportMidi::NewStream, &made, nullptr, stream_pool(), request.pin_id,
                               request.capture, &request.format, &made_group);
    if (!NT_SUCCESS(status)) return status;
    const bool has_stream = made && made != unwritten<IMiniportMidiStream>();
    trace::expect(22, has_stream, 0, 1, "V22 NewStream succeeded without a stream");
    if (has_stream) expect_sound_stream(made, IID_IMiniportMidiStream);
    if (known_group && made_group == known_group) {
        const ULONG now = references_of(known_group);
        trace::expect(16, now > references, now, references + 1,
                      "V16 NewStream handed out the service group of Init without a reference of its own");
    }
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
        release.leave(STATUS_SUCCESS, release.begin(*made, &IUnknown::Release));
    }
    if (group) group->Release();
    return status;
}

} // namespace portcls
