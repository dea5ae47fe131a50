// SPDX-License-Identifier: MIT
// What a pin drives: one stream of the miniport, through whichever interface it has: IMiniportMidiStream
// (midi_stream.cpp) or IMXF (dmus_stream.cpp). Calls into the driver are traced here and nowhere else.
#pragma once

#include "com.hpp"
#include "dmus.hpp"
#include "render_engine.hpp"

#include "module/windows.hpp"

namespace portcls {

/** The pin as its stream sees it. */
class StreamHost {
  public:
    /** Time on the stream's clock. Any IRQL. */
    virtual int64_t stream_time() const = 0;
    /** The stream is in RUN. Any IRQL. */
    virtual bool running() const = 0;
    /** Bytes that the driver gave without being asked by Read; `time` is when they came, on the stream's clock.
     * IRQL <= DISPATCH_LEVEL. */
    virtual void captured(int64_t time, ULONG channel_group, const UCHAR* bytes, ULONG count) = 0;
    /** Gives what was captured to the requests that wait. IRQL <= DISPATCH_LEVEL, no lock held. */
    virtual void deliver() = 0;

  protected:
    ~StreamHost() = default;
};

struct StreamRequest {
    StreamHost& host;
    ULONG number; // of the stream, in the event log
    ULONG pin_id;
    bool capture;
    KSDATAFORMAT& format;
};

struct StreamResult {
    NTSTATUS status;
    ULONG bytes;
};

inline constexpr ULONG kReadGuardBytes = 16; // behind the buffer of a Read

class Stream {
  public:
    /** Releases the driver's stream, then its service group. PASSIVE_LEVEL, nothing of the stream runs any more. */
    virtual ~Stream() {
        if (group_) group_->Release();
    }
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    /** What PCPROPERTY_REQUEST.MinorTarget points to, and who is asked for IPowerNotify. */
    virtual PUNKNOWN unknown() const = 0;
    /** NULL: the driver named none. */
    PSERVICEGROUP group() const { return group_; }

    /** Bytes are its unit, in buffers of any size, and it is told its format (IMiniportMidiStream). False: events are,
     * and no format is ever set (IMXF). */
    virtual bool takes_bytes() const = 0;

    /** PASSIVE_LEVEL. */
    virtual NTSTATUS set_format(KSDATAFORMAT& format) = 0;
    virtual NTSTATUS set_state(KSSTATE state) = 0;

    /** Offers the driver `offer`; `bytes`: how many it took. An error: it refuses the data. `irp` and `offset` go into
     * the event log: whose bytes, and where in the stream they begin. DISPATCH_LEVEL. */
    virtual StreamResult write(const RenderOffer& offer, ULONGLONG irp, ULONGLONG offset) = 0;
    /** How long before its time a record is to be offered. */
    virtual int64_t lead() const { return 0; }

    /** Asks for captured bytes; 0: there are none now, or they go to StreamHost::captured(). Behind `room` there are
     * kReadGuardBytes more, which are written here and must stay as they are (V26). DISPATCH_LEVEL. */
    virtual StreamResult read(UCHAR* buffer, ULONG room, ULONGLONG offset) = 0;
    /** Leaves RUN: what is half captured is over. */
    virtual void flush() {}

  protected:
    explicit Stream(const StreamRequest& request) : host_(request.host), number_(request.number) {}

    StreamHost& host_;
    const ULONG number_;
    PSERVICEGROUP group_ = nullptr;
};

/** V22, V15: takes over the *ServiceGroup of a successful NewStream. False: it is none. */
bool take_group(PSERVICEGROUP made, PSERVICEGROUP& group);

/** Output parameters are filled with this before a call, so that one that was not written shows (V22). */
template <class T> T* unwritten() {
    return reinterpret_cast<T*>(static_cast<ULONG_PTR>(0xA5A5A5A5A5A5A5A5));
}

/** What NewStream is told to take its memory from. PASSIVE_LEVEL. */
inline POOL_TYPE stream_pool() {
    return windows_build() < kWindows8 ? NonPagedPool : NonPagedPoolNx;
}

/** Of a stream that NewStream hands out. V19: without a reference; it gets one, so that the port's Release finds it.
 * V21: asked for IUnknown and for its own interface, `own`, it must add one. V50: it is not pageable. PASSIVE_LEVEL. */
void expect_sound_stream(PUNKNOWN stream, REFIID own);

/** `known_group`: that of Init, which NewStream may hand out again; may be null. */
NTSTATUS new_midi_stream(IMiniportMidi& miniport, PSERVICEGROUP known_group, const StreamRequest& request,
                         Stream*& out);
NTSTATUS new_dmus_stream(IMiniportDMus& miniport, const StreamRequest& request, Stream*& out);

} // namespace portcls
