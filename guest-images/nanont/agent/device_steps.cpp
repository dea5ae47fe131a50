// SPDX-License-Identifier: MIT
// What a score does beside streaming: any device by its name, any IOCTL with any bytes, and the requests of the PnP
// and the power manager.
#include "kernel.hpp"
#include "player.hpp"
#include "step.hpp"
#include "wait.hpp"

namespace agent {
namespace {

constexpr ULONG kTag = 'tcAM';

/** How much of the output buffer is the answer: the driver's word for it where the I/O manager copied it, and all of a
 * buffer that the driver itself wrote to, or may have. */
ULONG answer_bytes(const Control& control, NTSTATUS status, ULONG_PTR information) {
    if ((control.code & 3) != METHOD_BUFFERED) return control.output_bytes;
    if (NT_ERROR(status)) return 0;
    return information < control.output_bytes ? static_cast<ULONG>(information) : control.output_bytes;
}

} // namespace

NTSTATUS Player::ask(const ScoreStep& step) {
    auto op = arguments_of<mpulab_op_device>(step);
    NTSTATUS status = ask_device(op.unit, op.request, op.argument);
    take_completions(); // it may have ended requests
    return status;
}

NTSTATUS Player::begin_device(const ScoreStep& step) {
    NTSTATUS status = jobs_[arguments_of<mpulab_op_begin_device>(step).job].begin(step, event_);
    if (status != STATUS_PENDING) // there is no thread to say so
        trace::record(MPULAB_KIND_STEP_BEGIN, corr_of(step), step.head.opcode, 0,
                      arguments_of<mpulab_op_begin_device>(step).request);
    return status;
}

/** The end of a request that the score did not wait for. */
void Player::take_job(DeviceJob& job) {
    const NTSTATUS status = job.take();
    const ScoreStep& step = job.step();
    if ((NT_SUCCESS(status) && status != STATUS_TIMEOUT) || (step.head.flags & MPULAB_STEP_MAY_FAIL) || failed_step_)
        return;
    failed_ = status;
    failed_step_ = corr_of(step);
    failed_opcode_ = step.head.opcode;
}

/** Looked for every fifth of a byte on the wire or so, with what a look costs: the probe has no interrupt.
 * `information`: how many there have been.
 */
NTSTATUS Player::wait_event(const ScoreStep& step, ULONG_PTR& information) {
    constexpr ULONGLONG kLook = 400;    // 100 ns
    constexpr ULONG kLooksAtOthers = 4; // which cost as much as the time between two looks
    const ULONGLONG nth = arguments_of<mpulab_op_wait_event>(step).nth;
    const ULONGLONG deadline = KeQueryInterruptTime() + patience_of(step);
    for (ULONG looks = 0;; ++looks) {
        if (looks % kLooksAtOthers == 0) take_completions();
        ULONG seen;
        if (!card_events(seen)) return STATUS_NOT_SUPPORTED;
        information = seen;
        if (information >= nth || failed_step_) return STATUS_SUCCESS; // the run ends with what has failed
        if (KeQueryInterruptTime() >= deadline) return STATUS_TIMEOUT;
        sleep_exactly(kLook);
    }
}

NTSTATUS Player::open_by_name(Slot& slot, PUNICODE_STRING name) {
    RtlZeroMemory(&slot, sizeof slot);
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, name, OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE, nullptr, nullptr);
    IO_STATUS_BLOCK io{};
    NTSTATUS status = ZwCreateFile(&slot.handle, GENERIC_READ | GENERIC_WRITE, &attributes, &io, nullptr,
                                   FILE_ATTRIBUTE_NORMAL, 0, FILE_OPEN, 0, nullptr, 0);
    if (!NT_SUCCESS(status)) slot.handle = nullptr;
    return status;
}

NTSTATUS Player::open_device(const ScoreStep& step) {
    auto op = arguments_of<mpulab_op_open_device>(step);
    const auto bytes = static_cast<USHORT>(op.name_bytes); // at most 1024
    UNICODE_STRING name{bytes, bytes, reinterpret_cast<PWCH>(const_cast<uint8_t*>(step.arguments + sizeof op))};
    return open_by_name(slots_[step.head.slot], &name);
}

NTSTATUS Player::control(const ScoreStep& step, ULONG_PTR& information) {
    Slot& slot = slots_[step.head.slot];
    auto op = arguments_of<mpulab_op_ioctl>(step);
    Control* control = nullptr;
    for (Control& free : slot.controls)
        if (!free.active) control = &free;
    if (!control) return STATUS_INSUFFICIENT_RESOURCES;
    const ULONG output_at = (op.input_bytes + 15) & ~15u;
    auto* block = static_cast<PUCHAR>(allocate_zeroed(output_at + op.output_bytes + 1, kTag)); // never of 0 bytes
    if (!block) return STATUS_INSUFFICIENT_RESOURCES;
    const uint8_t* bytes = step.arguments + sizeof op;
    RtlCopyMemory(block, bytes, op.input_bytes);
    RtlCopyMemory(block + output_at, bytes + op.input_bytes, op.filled_bytes);
    *control = {};
    control->io.Status = STATUS_PENDING;
    control->active = true;
    control->may_fail = step.head.flags & MPULAB_STEP_MAY_FAIL;
    control->step = corr_of(step);
    control->code = op.code;
    control->input = block;
    control->output = block + output_at;
    control->output_bytes = op.output_bytes;
    NTSTATUS status = ZwDeviceIoControlFile(slot.handle, event_, nullptr, nullptr, &control->io, op.code,
                                            op.input_bytes ? control->input : nullptr, op.input_bytes,
                                            op.output_bytes ? control->output : nullptr, op.output_bytes);
    const bool refused = NT_ERROR(status); // at once: the status block was not written
    if (refused) control->io.Status = status;
    if (op.pend && !control->is_done()) {
        control->pends = true;
        return STATUS_PENDING;
    }
    NTSTATUS waited = STATUS_SUCCESS;
    if (!control->is_done()) {
        waited = wait_until(patience_of(step), [&] { return control->is_done(); });
        if (waited == STATUS_TIMEOUT) {
            const NTSTATUS ended = end_control(slot, *control);
            if (!NT_SUCCESS(ended)) return ended; // its memory stays the I/O manager's
        }
    }
    status = control->io.Status;
    information = control->io.Information;
    const ULONG answer = answer_bytes(*control, status, information);
    if (answer) trace::bytes(MPULAB_KIND_ANSWER, control->step, control->output, answer);
    ExFreePoolWithTag(control->input, kTag);
    control->active = false;
    return waited == STATUS_TIMEOUT ? STATUS_TIMEOUT : status;
}

/** The time is over: it is cancelled, and must end. STATUS_IO_TIMEOUT: it does not. */
NTSTATUS Player::end_control(Slot& slot, Control& control) {
    IO_STATUS_BLOCK io{};
    ZwCancelIoFile(slot.handle, &io);
    if (wait_until(kControlPatienceMs * k100nsPerMs, [&] { return control.is_done(); }) == STATUS_SUCCESS)
        return STATUS_SUCCESS;
    DbgPrint("agent.sys: IOCTL 0x%08x was cancelled and has not ended after %u ms\n", control.code, kControlPatienceMs);
    return STATUS_IO_TIMEOUT;
}

/** The end of an IOCTL that the score did not wait for. */
void Player::take_control(Control& control) {
    const ULONG answer = answer_bytes(control, control.io.Status, control.io.Information);
    if (answer) trace::bytes(MPULAB_KIND_ANSWER, control.step, control.output, answer);
    trace::record(MPULAB_KIND_STEP_END, control.step, MPULAB_OP_IOCTL, static_cast<ULONG>(control.io.Status),
                  control.io.Information);
    ExFreePoolWithTag(control.input, kTag);
    control.active = false;
    if (!NT_SUCCESS(control.io.Status) && !control.may_fail && !failed_step_) {
        failed_ = control.io.Status;
        failed_step_ = control.step;
        failed_opcode_ = MPULAB_OP_IOCTL;
    }
}

NTSTATUS Player::cancel_io(const ScoreStep& step) {
    Slot& slot = slots_[step.head.slot];
    slot.read_count = 0; // reads that end now are not sent again
    IO_STATUS_BLOCK io{};
    NTSTATUS status = ZwCancelIoFile(slot.handle, &io);
    if (!NT_SUCCESS(status)) return status;
    return wait_until(patience_of(step), [&] {
        return slot.writes_active() == 0 && slot.reads_active() == 0 && slot.controls_active() == 0;
    });
}

} // namespace agent
