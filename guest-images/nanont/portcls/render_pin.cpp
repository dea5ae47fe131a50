// SPDX-License-Identifier: MIT
// The render pin: write IRPs become offers to the stream. The sequencer is render_engine.hpp; here are its IRPs, its
// timer and its locks (reference portcls-midi.md §2.6, §2.10), and the port's part of what is undocumented there: how
// much a Write is offered, when it is tried again, from where it is called, when its IRP completes.
#include "look_ahead.hpp"
#include "pin.hpp"

#include "ks/stream_header.hpp"

namespace portcls {
namespace {

constexpr ULONG kMaxPasses = 4; // service passes in one go; then the DPC takes over
constexpr int64_t kLongRetry100ns = 100'000;

/** Serial number of a queued write; DriverContext[1] is ks' (KSQUEUE_SPINLOCK_IRP_STORAGE). */
ULONGLONG& serial_of(PIRP irp) {
    return *reinterpret_cast<ULONGLONG*>(&irp->Tail.Overlay.DriverContext[2]);
}

class RenderPin final : public Pin {
  public:
    RenderPin(Filter& filter, ULONG pin_id) : Pin(filter, pin_id) {
        KeInitializeTimer(&timer_);
        KeInitializeDpc(&dpc_, on_timer, this);
        KeInitializeDpc(&more_, on_more, this);
    }

    void service() override {
        if (!timer_only_) serve();
    }

    void serve() {
        if (!begin_service()) return;
        for (ULONG passes = 1;; ++passes) {
            int64_t due = 0;
            PumpResult result = PumpResult::Idle;
            if (running()) result = pass(due);
            arm(result, due);
            if (!end_service()) return;
            if (passes == kMaxPasses) {
                arm(PumpResult::Again, 0);
                abandon_service();
                return;
            }
        }
    }

    // Host of RenderEngine; called inside service() only, so never twice at once. DISPATCH_LEVEL.
    int64_t now() const { return stream_time(); }
    int64_t lead() const { return stream_->lead(); }
    bool take(const RenderFrame*& frames, uint32_t& count);
    bool resume();
    void park() { KsReleaseIrpOnCancelableQueue(current_, nullptr); }
    RenderAnswer offer(RenderOffer offer);
    void finish(RenderEnd end, uint32_t accepted);

  protected:
    NTSTATUS submit(PIRP irp) override;
    ULONG stream_control_code() const override { return IOCTL_KS_WRITE_STREAM; }
    void on_run() override {
        timer_only_ = false;
        begin_pass();
    }
    bool is_served_until_told() const override { return trace::choose(NANONT_CHOICE_LEAVE_RUN) == 1; }
    void on_leave_run() override {
        wait_for_service();
        KeCancelTimer(&timer_);
        KeRemoveQueueDpc(&more_);
        timer_only_ = false;
    }
    void on_stop() override {
        wait_for_service();
        engine_.forget();
        ahead_.clear();
        offset_ = 0;
    }

  private:
    ~RenderPin() override {
        KeCancelTimer(&timer_);
        KeFlushQueuedDpcs();
    }
    static VOID NTAPI on_timer(PKDPC, PVOID context, PVOID, PVOID) { static_cast<RenderPin*>(context)->tick(); }
    static VOID NTAPI on_more(PKDPC, PVOID context, PVOID, PVOID) { static_cast<RenderPin*>(context)->service(); }
    void tick() {
        timer_only_ = false;
        serve();
    }
    void begin_pass();
    PumpResult pass(int64_t& due);
    PumpResult drain();
    StreamResult write(const RenderOffer& offer, ULONGLONG irp);
    ULONG write_size(ULONG count);
    void arm(PumpResult result, int64_t due);

    RenderEngine engine_;
    RenderFrame frames_[ks::kMaxStreamHeaders] = {}; // of the current write
    PIRP current_ = nullptr;
    ULONGLONG current_serial_ = 0;
    ULONGLONG next_serial_ = 0; // under control_
    NTSTATUS refusal_ = STATUS_SUCCESS;
    ULONGLONG offset_ = 0; // bytes the stream has accepted since STOP
    LookAhead ahead_;
    uint32_t drains_left_ = 0; // Write calls that drain() may still make in this pass
    bool busy_ = false;        // the miniport has left something of ahead_ in this pass
    ULONGLONG draws_ = 0;      // of write_size()
    bool error_reported_ = false;
    volatile bool timer_only_ = false; // until the timer has fired nothing is offered
    KTIMER timer_;
    KDPC dpc_;  // of timer_
    KDPC more_; // after a pass that was long enough
};

/** What the port holds, then what is queued. One pass is short: the miniport's DPC, and whoever else waits for the
 * processor, has its turn before the next. */
PumpResult RenderPin::pass(int64_t& due) {
    busy_ = false;
    drains_left_ = kMaxOffersPerPump;
    PumpResult held = drain();
    if (held == PumpResult::Again) return held;
    const PumpResult result = engine_.pump(*this, due);
    if (result == PumpResult::Busy || result == PumpResult::Again) return result;
    // What the port holds is due, whatever the engine waits for.
    held = drain();
    return held == PumpResult::Idle ? result : held;
}

/** The timer expires at the first 1 ms tick that is not more than half a tick before `due`. */
void RenderPin::arm(PumpResult result, int64_t due) {
    if (result == PumpResult::Idle) return;
    if (result == PumpResult::Again) {
        KeInsertQueueDpc(&more_, nullptr, nullptr);
        return;
    }
    LARGE_INTEGER relative;
    relative.QuadPart = -kTick100ns;
    if (result == PumpResult::Busy) {
        const ULONG retry = trace::choose(NANONT_CHOICE_WRITE_RETRY);
        if (retry != 0) relative.QuadPart = -kLongRetry100ns;
        if (retry == 2) timer_only_ = true;
    }
    if (result == PumpResult::Until) {
        int64_t wait = saturating_add(due, -lead() - kTick100ns / 2 - now());
        relative.QuadPart = wait > 1 ? -wait : -1;
    }
    KeSetTimer(&timer_, relative, &dpc_);
}

NTSTATUS RenderPin::submit(PIRP irp) {
    if (state() == KSSTATE_STOP && !queues_in_stop()) return STATUS_INVALID_DEVICE_STATE;
    NTSTATUS status =
        KsProbeStreamIrp(irp, KSPROBE_STREAMWRITE | KSPROBE_ALLOCATEMDL | KSPROBE_PROBEANDLOCK | KSPROBE_SYSTEMADDRESS,
                         sizeof(KSSTREAM_HEADER));
    if (!NT_SUCCESS(status)) return status;
    ULONG bytes = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.OutputBufferLength;
    auto* headers = static_cast<const KSSTREAM_HEADER*>(irp->AssociatedIrp.SystemBuffer);
    for (ULONG i = 0; i < bytes / sizeof(KSSTREAM_HEADER); ++i) {
        int64_t time;
        const KSTIME& stamp = headers[i].PresentationTime;
        if (!presentation_time(stamp.Time, stamp.Numerator, stamp.Denominator, time)) {
            DbgPrint("portcls.sys: write refused: PresentationTime %lld * %u / %u is no time\n", stamp.Time,
                     stamp.Numerator, stamp.Denominator);
            return STATUS_INVALID_PARAMETER;
        }
    }
    serial_of(irp) = ++next_serial_;
    IoMarkIrpPending(irp);
    KsAddIrpToCancelableQueue(&queue_, &queue_lock_, irp, KsListEntryTail, nullptr);
    if (!timer_only_) begin_pass();
    return STATUS_PENDING;
}

/** In the client's thread, or in the timer's DPC: the documentation allows Write to be called from either. */
void RenderPin::begin_pass() {
    if (trace::choose(NANONT_CHOICE_WRITE_CONTEXT) == 1) {
        if (running()) arm(PumpResult::Until, now());
        return;
    }
    DispatchLevel raised;
    serve();
}

bool RenderPin::take(const RenderFrame*& frames, uint32_t& count) {
    PIRP irp = KsRemoveIrpFromCancelableQueue(&queue_, &queue_lock_, KsListEntryHead, KsAcquireOnly);
    if (!irp) return false;
    current_ = irp;
    current_serial_ = serial_of(irp);
    auto* headers = static_cast<const KSSTREAM_HEADER*>(irp->AssociatedIrp.SystemBuffer);
    count = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.OutputBufferLength /
            static_cast<ULONG>(sizeof(KSSTREAM_HEADER));
    PMDL mdl = irp->MdlAddress;
    for (ULONG i = 0; i < count; ++i) {
        RenderFrame& frame = frames_[i];
        const KSTIME& stamp = headers[i].PresentationTime;
        presentation_time(stamp.Time, stamp.Numerator, stamp.Denominator, frame.presentation_100ns);
        frame.bytes = headers[i].DataUsed;
        frame.data = nullptr;
        frame.layout = layout();
        if (frame.bytes) { // a header without bytes has no MDL
            frame.data = static_cast<const uint8_t*>(MmGetSystemAddressForMdlSafe(mdl, NormalPagePriority));
            mdl = mdl->Next;
        }
    }
    frames = frames_;
    return true;
}

bool RenderPin::resume() {
    PIRP irp = KsRemoveIrpFromCancelableQueue(&queue_, &queue_lock_, KsListEntryHead, KsAcquireOnly);
    if (!irp) return false;
    if (serial_of(irp) == current_serial_) return true;
    KsReleaseIrpOnCancelableQueue(irp, nullptr); // the one begun was cancelled; this is another
    return false;
}

/** How much of a record one Write is offered. */
ULONG RenderPin::write_size(ULONG count) {
    ULONG most = count;
    if (!stream_->takes_bytes()) return count;
    switch (trace::choose(NANONT_CHOICE_WRITE_SIZE)) {
    case 1:
        most = 4;
        break;
    case 2:
        most = trace::draw(draws_, 16);
        break;
    default:
        break;
    }
    return count < most ? count : most;
}

StreamResult RenderPin::write(const RenderOffer& offer, ULONGLONG irp) {
    StreamResult result = stream_->write(offer, irp, offset_);
    if (NT_SUCCESS(result.status)) offset_ += result.bytes;
    return result;
}

RenderAnswer RenderPin::offer(RenderOffer offer) {
    const ULONGLONG irp = trace::irp(current_);
    if (trace::choose(NANONT_CHOICE_WRITE_COMPLETES) == 1) {
        const ULONG taken = ahead_.push(offer, irp);
        drain();
        return {false, taken ? taken : offer.count, taken};
    }
    offer.count = write_size(offer.count);
    StreamResult result = write(offer, irp);
    if (!NT_SUCCESS(result.status)) refusal_ = result.status;
    return {!NT_SUCCESS(result.status), offer.count, result.bytes};
}

/** What was taken over goes to the miniport. Idle: all of it. Busy: it left something, and is asked again in the next
 * pass. Again: the pass is long enough. An error can be told to nobody. */
PumpResult RenderPin::drain() {
    while (!ahead_.empty()) {
        if (busy_) return PumpResult::Busy;
        if (drains_left_ == 0) return PumpResult::Again;
        --drains_left_;
        uint64_t irp;
        RenderOffer offer = ahead_.front(irp);
        const ULONG whole = offer.count;
        offer.count = write_size(whole);
        StreamResult result = write(offer, irp);
        if (!NT_SUCCESS(result.status)) {
            if (!error_reported_)
                DbgPrint("portcls.sys: stream %u: the miniport refused %u bytes (status 0x%08x) of a write that was "
                         "completed when it was parsed (told once a stream)\n",
                         number_, whole, result.status);
            error_reported_ = true;
            ahead_.pop(whole);
            continue;
        }
        if (result.bytes) ahead_.pop(result.bytes);
        busy_ = result.bytes < offer.count;
    }
    return PumpResult::Idle;
}

void RenderPin::finish(RenderEnd end, uint32_t accepted) {
    PIRP irp = current_;
    current_ = nullptr;
    KsRemoveSpecificIrpFromCancelableQueue(irp);
    irp->IoStatus.Information = 0;
    switch (end) {
    case RenderEnd::Played: {
        ULONG bytes = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.OutputBufferLength;
        auto* headers = static_cast<const KSSTREAM_HEADER*>(irp->AssociatedIrp.SystemBuffer);
        for (ULONG i = 0; i < bytes / sizeof(KSSTREAM_HEADER); ++i)
            irp->IoStatus.Information += headers[i].DataUsed;
        irp->IoStatus.Status = STATUS_SUCCESS;
        break;
    }
    case RenderEnd::Malformed:
        DbgPrint(
            "portcls.sys: stream %u: a KSMUSICFORMAT record reaches past the end of its buffer; %u bytes were played "
            "before it\n",
            number_, accepted);
        irp->IoStatus.Status = STATUS_INVALID_PARAMETER;
        break;
    case RenderEnd::Refused:
        irp->IoStatus.Status = refusal_;
        break;
    }
    IoCompleteRequest(irp, IO_SOUND_INCREMENT);
}

} // namespace

Pin* new_render_pin(Filter& filter, ULONG pin_id) {
    return new (kObjectTag) RenderPin(filter, pin_id);
}

} // namespace portcls
