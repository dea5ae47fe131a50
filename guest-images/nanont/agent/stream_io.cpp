// SPDX-License-Identifier: MIT
// Stream requests: sent, watched, reported, sent again (reference portcls-midi.md §5.5).
#include "player.hpp"
#include "step.hpp"
#include "wait.hpp"

namespace agent {
namespace {

constexpr ULONG kMaxEmptyReads = 1000; // successful reads without data in a row: something spins
constexpr ULONG kMaxReadsAtATime = 64; // of one slot, before the player looks at its step and its time again
constexpr ULONG kTag = 'drAM';

} // namespace

/** STATUS_PENDING: the I/O manager has it, or has finished it already; take_completions() sees to the rest. */
NTSTATUS Player::send(Slot& slot, Request& request, ULONG code) {
    request.order = ++slot.sent;
    request.io.Status = STATUS_PENDING;
    request.io.Information = 0;
    request.active = true;
    NTSTATUS status = ZwDeviceIoControlFile(slot.handle, event_, nullptr, nullptr, &request.io, code, nullptr, 0,
                                            &request.header, sizeof request.header);
    if (NT_ERROR(status)) { // refused at once: the status block was not written
        request.active = false;
        return status;
    }
    return STATUS_PENDING;
}

NTSTATUS Player::write(const ScoreStep& step) {
    Slot& slot = slots_[step.head.slot];
    auto op = arguments_of<mpulab_op_write>(step);
    NTSTATUS status = wait_until(k100nsPerMs * step.head.timeout_ms,
                                 [&] { return slot.writes_active() < op.max_pending || failed_step_; });
    if (status != STATUS_SUCCESS || failed_step_) return status;
    Request* write = nullptr;
    for (ULONG i = 0; i < MPULAB_SCORE_MAX_PENDING && !write; ++i) {
        ULONG at = (slot.next_write + i) % MPULAB_SCORE_MAX_PENDING;
        if (!slot.writes[at].active) {
            write = &slot.writes[at];
            slot.next_write = (at + 1) % MPULAB_SCORE_MAX_PENDING;
        }
    }
    if (!write) return STATUS_INSUFFICIENT_RESOURCES;
    write->step = MPULAB_CORR(MPULAB_CORR_STEP, step.number);
    write->may_fail = step.head.flags & MPULAB_STEP_MAY_FAIL;
    KSSTREAM_HEADER& header = write->header;
    RtlZeroMemory(&header, sizeof header);
    header.Size = sizeof header;
    header.PresentationTime.Time = static_cast<LONGLONG>(op.presentation_time);
    header.PresentationTime.Numerator = header.PresentationTime.Denominator = 1;
    header.FrameExtent = header.DataUsed = op.records_size;
    // the score stays in memory as long as the run lasts: its bytes are the client's buffer
    header.Data = const_cast<uint8_t*>(step.arguments + sizeof op);
    status = send(slot, *write, IOCTL_KS_WRITE_STREAM);
    take_completions();
    return status;
}

NTSTATUS Player::send_read(Slot& slot, Request& read) {
    KSSTREAM_HEADER& header = read.header;
    RtlZeroMemory(&header, sizeof header);
    RtlZeroMemory(read.buffer, slot.read_bytes); // as midisrv does: some drivers append after stale content
    header.Size = sizeof header;
    header.PresentationTime.Numerator = header.PresentationTime.Denominator = 1;
    header.FrameExtent = slot.read_bytes;
    header.Data = read.buffer;
    trace::set_correlation(
        slot.read_step); // a read that is sent again belongs to its READ_START, whatever step runs now
    NTSTATUS status = send(slot, read, IOCTL_KS_READ_STREAM);
    trace::set_correlation(current_step_);
    return status;
}

NTSTATUS Player::read_start(const ScoreStep& step) {
    Slot& slot = slots_[step.head.slot];
    auto op = arguments_of<mpulab_op_read_start>(step);
    slot.read_count = op.pending;
    slot.read_bytes = op.buffer_bytes;
    slot.read_step = MPULAB_CORR(MPULAB_CORR_STEP, step.number);
    slot.captured = 0;
    slot.empty_reads = 0;
    slot.read_status = STATUS_SUCCESS;
    for (ULONG i = 0; i < op.pending; ++i) {
        Request& read = slot.reads[i];
        if (read.buffer) ExFreePoolWithTag(read.buffer, kTag);
        read.buffer = static_cast<PUCHAR>(allocate_zeroed(op.buffer_bytes, kTag));
        NTSTATUS status = read.buffer ? send_read(slot, read) : STATUS_INSUFFICIENT_RESOURCES;
        if (NT_ERROR(status)) {
            slot.read_count = 0;
            return status;
        }
    }
    take_completions();
    return STATUS_SUCCESS;
}

NTSTATUS Player::read_stop(const ScoreStep& step) {
    Slot& slot = slots_[step.head.slot];
    slot.read_count = 0; // what completes from now on is not sent again
    IO_STATUS_BLOCK io{};
    NTSTATUS status = ZwCancelIoFile(slot.handle, &io);
    if (!NT_SUCCESS(status)) return status;
    return wait_until(k100nsPerMs * step.head.timeout_ms, [&] { return slot.reads_active() == 0; });
}

/** What a device that never runs dry completes at once when it is sent again must not keep the player here: true =
 * there may be more, look at the clock and come back. */
bool Player::take_completions() {
    bool more = false;
    for (ULONG s = 0; s < MPULAB_SCORE_SLOTS; ++s) {
        Slot& slot = slots_[s];
        for (ULONG i = 0; i < MPULAB_SCORE_MAX_PENDING; ++i) { // oldest first
            Request& write = slot.writes[(slot.next_write + i) % MPULAB_SCORE_MAX_PENDING];
            if (write.active && write.is_done()) take_write(write);
        }
        // in the order they were sent: what a later one holds comes behind what an earlier one will hold
        ULONG taken = 0;
        Request* read = slot.oldest_read();
        for (; read && read->is_done() && taken < kMaxReadsAtATime; read = slot.oldest_read(), ++taken)
            take_read(slot, *read);
        more |= taken == kMaxReadsAtATime;
        for (Control& control : slot.controls)
            if (control.active && control.pends && control.is_done()) take_control(control);
    }
    for (DeviceJob& job : jobs_)
        if (job.active() && job.is_done()) take_job(job);
    return more;
}

void Player::take_write(Request& write) {
    write.active = false;
    trace::record(MPULAB_KIND_STEP_END, write.step, MPULAB_OP_WRITE, static_cast<ULONG>(write.io.Status),
                  write.io.Information);
    if (!NT_SUCCESS(write.io.Status) && !write.may_fail && !failed_step_) {
        failed_ = write.io.Status;
        failed_step_ = write.step;
        failed_opcode_ = MPULAB_OP_WRITE;
    }
}

void Player::take_read(Slot& slot, Request& read) {
    read.active = false;
    if (NT_SUCCESS(read.io.Status))
        report_capture(slot, read);
    else if (slot.read_count != 0 && NT_SUCCESS(slot.read_status))
        slot.read_status = read.io.Status;
    if (slot.read_count == 0 || !slot.handle || !NT_SUCCESS(slot.read_status)) return;
    NTSTATUS status = send_read(slot, read);
    if (NT_ERROR(status)) slot.read_status = status;
}

/** CAPTURED_AT and CAPTURED: the record a completed read holds. Only the first counts, as in Microsoft's client. */
void Player::report_capture(Slot& slot, const Request& read) {
    KSMUSICFORMAT head{};
    if (read.header.DataUsed == 0) {
        if (++slot.empty_reads == kMaxEmptyReads) {
            DbgPrint("agent.sys: %u reads in a row completed without data\n", slot.empty_reads);
            slot.read_status = STATUS_UNSUCCESSFUL;
        }
        return;
    }
    slot.empty_reads = 0;
    if (read.header.DataUsed >= sizeof head) RtlCopyMemory(&head, read.buffer, sizeof head);
    if (read.header.DataUsed < sizeof head || read.header.DataUsed > slot.read_bytes ||
        head.ByteCount > read.header.DataUsed - sizeof head) {
        DbgPrint("agent.sys: a read completed with DataUsed %u, ByteCount %u in a buffer of %u\n", read.header.DataUsed,
                 head.ByteCount, slot.read_bytes);
        slot.read_status = STATUS_DATA_ERROR;
        return;
    }
    trace::record(MPULAB_KIND_CAPTURED_AT, slot.read_step, head.TimeDeltaMs, head.ByteCount, slot.captured);
    trace::bytes(MPULAB_KIND_CAPTURED, slot.read_step, read.buffer + sizeof head, head.ByteCount);
    slot.captured += head.ByteCount;
}

} // namespace agent
