// SPDX-License-Identifier: MIT
// A pin: one stream of the miniport behind one handle (reference portcls-midi.md §2.10). This is what render and
// capture share: creation, the state machine, the queue of stream IRPs, properties, the end.
//
// Locks: control_ (PASSIVE, may be held across calls into the driver) orders state changes and submissions; lock_
// (spin) guards what DPCs see and is never held across a call into the driver; queue_lock_ belongs to ks' cancelable
// queue.
#pragma once

#include "filter.hpp"
#include "stream.hpp"

namespace portcls {

class Pin : public StreamHost {
  public:
    /** Calls NewStream and makes the pin behind the file of `irp`. PASSIVE_LEVEL. */
    static NTSTATUS create(Filter& filter, ULONG pin_id, KSDATAFORMAT& format, PIRP irp);

    /** PCPROPERTY_REQUEST.MinorTarget. */
    PUNKNOWN stream() const { return stream_->unknown(); }
    IMiniport* miniport() const { return filter_.miniport(); }
    Port& port() { return filter_.port(); }
    PSERVICEGROUP group() const { return stream_ ? stream_->group() : nullptr; }

    /** Walks the state machine to `target` in single steps. PASSIVE_LEVEL. */
    NTSTATUS set_state(KSSTATE target);
    /** Down to STOP, whatever the driver says; every pending IRP is cancelled. PASSIVE_LEVEL. */
    void stop();
    /** Power goes: a running stream pauses, and resume() makes it run again. PASSIVE_LEVEL. */
    void suspend();
    void resume();
    void notify_power(POWER_STATE state);
    /** The stream's service group asks: see render_pin.cpp, capture_pin.cpp. DISPATCH_LEVEL. */
    virtual void service() = 0;

    // StreamHost
    int64_t stream_time() const override;
    bool running() const override { return clock_.running(); }
    void captured(int64_t, ULONG, const UCHAR*, ULONG) override {}
    void deliver() override {}

    LIST_ENTRY port_link; // Port's list

  protected:
    Pin(Filter& filter, ULONG pin_id);
    virtual ~Pin();

    /** IOCTL_KS_WRITE_STREAM or READ_STREAM. STATUS_PENDING: queued. Else the caller completes. PASSIVE_LEVEL. */
    virtual NTSTATUS submit(PIRP irp) = 0;
    virtual ULONG stream_control_code() const = 0;
    /** The layout of what the client's buffers hold, by the pin's format. */
    DataLayout layout() const { return layout_; }
    /** The stream has entered RUN. PASSIVE_LEVEL. */
    virtual void on_run() {}
    /** Whether it is served as in RUN until the stream has been told to leave it, and not only until then. */
    virtual bool is_served_until_told() const { return false; }
    /** Nothing is delivered any more: waits for a service that is under way. PASSIVE_LEVEL. */
    virtual void on_leave_run() {}
    /** The queue is about to be cancelled. PASSIVE_LEVEL. */
    virtual void on_stop() {}

    KSSTATE state() const { return static_cast<KSSTATE>(state_); }
    /** Serialises service passes: true = the caller runs one now; end_service() true = once more. DISPATCH_LEVEL. */
    bool begin_service();
    bool end_service();
    /** Ends the pass although another was asked for; the caller has seen to it that one will come. */
    void abandon_service();
    void wait_for_service();
    void cancel_queue() { KsCancelIo(&queue_, &queue_lock_); }
    /** Whether stream requests wait in STOP, or are refused there; both are seen in the field (reference §5.5). */
    static bool queues_in_stop() { return trace::choose(NANONT_CHOICE_STOP_REQUESTS) == 1; }

    Filter& filter_; // one reference
    const ULONG pin_id_;
    const ULONG number_; // of the stream, in the event log
    Stream* stream_ = nullptr;
    ControlLock control_;
    KSPIN_LOCK lock_;
    LIST_ENTRY queue_;
    KSPIN_LOCK queue_lock_;

  private:
    NTSTATUS open(KSDATAFORMAT& format, bool capture);
    NTSTATUS walk(KSSTATE target);
    void leave_run();
    NTSTATUS step(KSSTATE next);
    static Pin& of(PIRP irp);
    static NTSTATUS NTAPI device_control(PDEVICE_OBJECT device, PIRP irp);
    static NTSTATUS NTAPI close(PDEVICE_OBJECT device, PIRP irp);
    static void cleanup(FileContext& file);
    NTSTATUS property(PIRP irp);
    NTSTATUS enable_event(PIRP irp);
    static NTSTATUS get_state(PIRP irp, PKSIDENTIFIER request, PVOID data);
    static NTSTATUS put_state(PIRP irp, PKSIDENTIFIER request, PVOID data);
    static NTSTATUS get_format(PIRP irp, PKSIDENTIFIER request, PVOID data);
    static NTSTATUS put_format(PIRP irp, PKSIDENTIFIER request, PVOID data);

    static const KSDISPATCH_TABLE kDispatch;
    static const KSPROPERTY_ITEM kConnectionItems[];
    static const KSPROPERTY_SET kSets[];

    IServiceSink* sink_ = nullptr;
    IPowerNotify* power_notify_ = nullptr;
    uint32_t state_ = KSSTATE_STOP; // under control_
    StreamClock clock_;             // written under control_ while no service runs
    KSDATAFORMAT format_{};
    DataLayout layout_ = DataLayout::Music;
    bool serving_ = false, again_ = false; // under lock_
    bool suspended_ = false;
};

/** The two kinds; nullptr: no memory. */
Pin* new_render_pin(Filter& filter, ULONG pin_id);
Pin* new_capture_pin(Filter& filter, ULONG pin_id);

} // namespace portcls
