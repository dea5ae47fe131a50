// SPDX-License-Identifier: MIT
// The capture pin: whenever its service group fires, Read until it has nothing; what it gives is stamped and goes into
// read IRPs, one KSMUSICFORMAT record each, or waits for them (reference portcls-midi.md §2.5, §2.8, §2.10).
#include "capture_backlog.hpp"
#include "pin.hpp"

namespace portcls {
namespace {

constexpr ULONG kMaxReadBytes = 4096;
constexpr ULONG kMaxBytesPerService = 4096;
constexpr ULONG kMaxFullServices = 64; // services in a row that never saw Read return 0: V31
constexpr ULONG kMinExtent = 12;       // one record with up to four bytes
constexpr ULONG kMinEventExtent = 24;  // one DirectMusic event with up to four bytes

class CapturePin final : public Pin {
  public:
    CapturePin(Filter& filter, ULONG pin_id) : Pin(filter, pin_id) {}

    void service() override {
        if (!begin_service()) return;
        do {
            collect();
            deliver();
        } while (end_service());
    }

    /** What arrives outside RUN is dropped. */
    void captured(int64_t time, ULONG channel_group, const UCHAR* bytes, ULONG count) override {
        if (!running()) return;
        SpinLockGuard guard(lock_);
        const bool loses_old = !backlog_.fits(count) && trace::choose(NANONT_CHOICE_CAPTURE_OVERFLOW) == 1;
        backlog_.push(time, channel_group, bytes, count,
                      loses_old ? CaptureBacklog::Overflow::LosesOld : CaptureBacklog::Overflow::LosesNew);
    }
    void deliver() override;

  protected:
    NTSTATUS submit(PIRP irp) override;
    ULONG stream_control_code() const override { return IOCTL_KS_READ_STREAM; }
    void on_leave_run() override {
        wait_for_service();
        stream_->flush();
        if (!IsListEmpty(&queue_) && trace::choose(NANONT_CHOICE_PAUSE_READS) == 1) complete_empty();
    }
    void on_stop() override;

  private:
    ~CapturePin() override = default;
    void collect();
    ULONG read();
    ULONG read_size();
    void complete_empty();

    CaptureBacklog backlog_; // under lock_
    UCHAR buffer_[kMaxReadBytes + kReadGuardBytes] = {};
    ULONGLONG draws_ = 0;  // of read_size()
    ULONGLONG offset_ = 0; // bytes of the stream since STOP
    ULONG full_services_ = 0;
};

/** Reads until there is nothing, or the service's share is used up; then the group is asked to come again. */
void CapturePin::collect() {
    // Whether the port reads, and drops, what comes outside RUN is not documented; the driver may drop it as well.
    if (!running() && trace::choose(NANONT_CHOICE_CAPTURE_OUTSIDE_RUN) == 1) return;
    for (ULONG total = 0; total < kMaxBytesPerService;) {
        ULONG count = read();
        trace::judged(31);
        if (count == 0) {
            full_services_ = 0;
            return;
        }
        total += count;
        captured(stream_time(), kPlainChannelGroup, buffer_, count);
    }
    if (++full_services_ == kMaxFullServices)
        trace::finding(31, full_services_ * kMaxBytesPerService, 0, "V31 Read never returns 0 bytes");
    if (full_services_ < kMaxFullServices && group()) group()->RequestService();
}

/** How large the buffer of the next Read is: the port's choice, and no documentation says which. */
ULONG CapturePin::read_size() {
    constexpr ULONG kSizes[] = {256, 1, 3, 64, kMaxReadBytes};
    const ULONG choice = trace::choose(NANONT_CHOICE_READ_BUFFER);
    return choice == 3 ? trace::draw(draws_, kSizes[choice]) : kSizes[choice];
}

/** One Read; 0: nothing, or an error. */
ULONG CapturePin::read() {
    StreamResult result = stream_->read(buffer_, stream_->takes_bytes() ? read_size() : 0, offset_);
    if (!NT_SUCCESS(result.status)) return 0;
    if (running()) offset_ += result.bytes;
    return result.bytes;
}

/** Waiting bytes into waiting IRPs, both in order. IRQL <= DISPATCH_LEVEL. */
void CapturePin::deliver() {
    DispatchLevel raised;
    for (;;) {
        PIRP irp;
        {
            SpinLockGuard guard(lock_);
            if (backlog_.empty()) return;
            irp = KsRemoveIrpFromCancelableQueue(&queue_, &queue_lock_, KsListEntryHead, KsAcquireAndRemove);
            if (!irp) return;
            auto* header = static_cast<KSSTREAM_HEADER*>(irp->AssociatedIrp.SystemBuffer);
            auto* data = static_cast<uint8_t*>(MmGetSystemAddressForMdlSafe(irp->MdlAddress, NormalPagePriority));
            if (layout() == DataLayout::Music) {
                header->DataUsed = backlog_.pop_record(data, header->FrameExtent);
            } else {
                header->DataUsed = backlog_.pop_event(data, header->FrameExtent, header->PresentationTime.Time);
                header->PresentationTime.Numerator = header->PresentationTime.Denominator = 1;
            }
            header->OptionsFlags = 0;
        }
        irp->IoStatus.Status = STATUS_SUCCESS;
        irp->IoStatus.Information =
            IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.OutputBufferLength; // the headers go back
        IoCompleteRequest(irp, IO_SOUND_INCREMENT);
    }
}

NTSTATUS CapturePin::submit(PIRP irp) {
    if (state() == KSSTATE_STOP && !queues_in_stop()) return STATUS_INVALID_DEVICE_STATE;
    NTSTATUS status =
        KsProbeStreamIrp(irp, KSPROBE_STREAMREAD | KSPROBE_ALLOCATEMDL | KSPROBE_PROBEANDLOCK | KSPROBE_SYSTEMADDRESS,
                         sizeof(KSSTREAM_HEADER));
    if (!NT_SUCCESS(status)) return status;
    auto* header = static_cast<KSSTREAM_HEADER*>(irp->AssociatedIrp.SystemBuffer);
    const ULONG least = layout() == DataLayout::Music ? kMinExtent : kMinEventExtent;
    if (header->FrameExtent < least) {
        DbgPrint("portcls.sys: read refused: FrameExtent %u, at least %u is needed\n", header->FrameExtent, least);
        return STATUS_BUFFER_TOO_SMALL;
    }
    IoMarkIrpPending(irp);
    KsAddIrpToCancelableQueue(&queue_, &queue_lock_, irp, KsListEntryTail, nullptr);
    deliver();
    return STATUS_PENDING;
}

/** The requests that wait end with nothing in them. PASSIVE_LEVEL. */
void CapturePin::complete_empty() {
    while (PIRP irp = KsRemoveIrpFromCancelableQueue(&queue_, &queue_lock_, KsListEntryHead, KsAcquireAndRemove)) {
        static_cast<KSSTREAM_HEADER*>(irp->AssociatedIrp.SystemBuffer)->DataUsed = 0;
        irp->IoStatus.Status = STATUS_SUCCESS;
        irp->IoStatus.Information = IoGetCurrentIrpStackLocation(irp)->Parameters.DeviceIoControl.OutputBufferLength;
        IoCompleteRequest(irp, IO_NO_INCREMENT);
    }
}

void CapturePin::on_stop() {
    wait_for_service();
    ULONG dropped;
    ULONGLONG lost;
    {
        SpinLockGuard guard(lock_);
        dropped = backlog_.clear();
        lost = backlog_.take_lost();
        offset_ = 0;
        full_services_ = 0;
    }
    if (dropped || lost)
        DbgPrint(
            "portcls.sys: capture stream %u: %llu bytes lost because no read was pending and %u bytes were waiting; "
            "%u bytes that waited are dropped at STOP\n",
            number_, lost, CaptureBacklog::kCapacityBytes, dropped);
}

} // namespace

Pin* new_capture_pin(Filter& filter, ULONG pin_id) {
    return new (kObjectTag) CapturePin(filter, pin_id);
}

} // namespace portcls
