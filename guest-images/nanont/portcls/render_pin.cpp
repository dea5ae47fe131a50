// SPDX-License-Identifier: MIT
// The render pin: write IRPs become offers to the stream's Write. The sequencer is render_engine.hpp; here are its
// IRPs, its timer and its locks (reference portcls-midi.md §2.6, §2.10).
#include "pin.hpp"
#include "render_engine.hpp"

#include "ks/stream_header.hpp"

namespace portcls {
namespace {

constexpr ULONG kMaxPasses = 16; // service passes in one go; then the timer takes over
constexpr ULONG kPattern = 0xA5A5A5A5;

/** Serial number of a queued write; DriverContext[1] is ks' (KSQUEUE_SPINLOCK_IRP_STORAGE). */
ULONGLONG& serial_of(PIRP irp) {
    return *reinterpret_cast<ULONGLONG*>(&irp->Tail.Overlay.DriverContext[2]);
}

class RenderPin final : public Pin {
  public:
    RenderPin(Filter& filter, ULONG pin_id) : Pin(filter, pin_id) {
        KeInitializeTimer(&timer_);
        KeInitializeDpc(&dpc_, on_timer, this);
    }

    void service() override {
        if (!begin_service()) return;
        for (ULONG passes = 1;; ++passes) {
            int64_t due = 0;
            PumpResult result = running() ? engine_.pump(*this, due) : PumpResult::Idle;
            arm(result, due);
            if (!end_service()) return;
            if (passes == kMaxPasses) {
                arm(PumpResult::Busy, 0);
                abandon_service();
                return;
            }
        }
    }

    // Host of RenderEngine; called inside service() only, so never twice at once. DISPATCH_LEVEL.
    int64_t now() const { return stream_time(); }
    bool take(const RenderFrame*& frames, uint32_t& count);
    bool resume();
    void park() { KsReleaseIrpOnCancelableQueue(current_, nullptr); }
    RenderAnswer offer(const uint8_t* bytes, uint32_t count);
    void finish(RenderEnd end, uint32_t accepted);

  protected:
    NTSTATUS submit(PIRP irp) override;
    ULONG stream_control_code() const override { return IOCTL_KS_WRITE_STREAM; }
    void on_run() override {
        DispatchLevel raised;
        service();
    }
    void on_leave_run() override {
        wait_for_service();
        KeCancelTimer(&timer_);
    }
    void on_stop() override {
        wait_for_service();
        engine_.forget();
        offset_ = 0;
    }

  private:
    ~RenderPin() override {
        KeCancelTimer(&timer_);
        KeFlushQueuedDpcs();
    }
    static VOID NTAPI on_timer(PKDPC, PVOID context, PVOID, PVOID) { static_cast<RenderPin*>(context)->service(); }
    void arm(PumpResult result, int64_t due);

    RenderEngine engine_;
    RenderFrame frames_[ks::kMaxStreamHeaders] = {}; // of the current write
    PIRP current_ = nullptr;
    ULONGLONG current_serial_ = 0;
    ULONGLONG next_serial_ = 0; // under control_
    NTSTATUS refusal_ = STATUS_SUCCESS;
    ULONGLONG offset_ = 0; // bytes the stream has accepted since STOP
    bool odd_partial_reported_ = false;
    KTIMER timer_;
    KDPC dpc_;
};

/** The timer expires at the first 1 ms tick that is not more than half a tick before `due`. */
void RenderPin::arm(PumpResult result, int64_t due) {
    if (result == PumpResult::Idle) return;
    LARGE_INTEGER relative;
    relative.QuadPart = -kTick100ns;
    if (result == PumpResult::Until) {
        int64_t wait = saturating_add(due, -kTick100ns / 2 - now());
        relative.QuadPart = wait > 1 ? -wait : -1;
    }
    KeSetTimer(&timer_, relative, &dpc_);
}

NTSTATUS RenderPin::submit(PIRP irp) {
    if (state() == KSSTATE_STOP) return STATUS_INVALID_DEVICE_STATE;
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
    DispatchLevel raised;
    service();
    return STATUS_PENDING;
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

RenderAnswer RenderPin::offer(const uint8_t* bytes, uint32_t count) {
    ULONGLONG irp = trace::irp(current_);
    ULONG written = kPattern;
    trace::Call call(MPULAB_CALLBACK_Write, count, number_, irp);
    NTSTATUS status = stream_->Write(const_cast<uint8_t*>(bytes), count, &written);
    const bool unwritten = written == kPattern && count < kPattern;
    const ULONG claimed = unwritten ? 0 : written;
    const ULONG taken = claimed < count ? claimed : count;
    if (NT_SUCCESS(status) && taken)
        trace::record(MPULAB_KIND_STREAM_RANGE, irp, offset_, taken, 0); // inside the call, as its result
    call.leave(status, claimed);
    if (!NT_SUCCESS(status)) {
        refusal_ = status;
        return {true, 0};
    }
    if (unwritten) trace::finding(22, written, count, "V22 Write succeeded and did not set *BytesWritten");
    if (claimed > count) trace::finding(23, claimed, count, "V23 Write took more bytes than it was offered");
    if (taken < count && taken % 4 != 0 && !odd_partial_reported_) {
        odd_partial_reported_ = true;
        trace::finding(24, taken, taken & ~3u, "V24 partial Write is not a multiple of 4 (told once a stream)");
    }
    offset_ += taken;
    return {false, taken};
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
