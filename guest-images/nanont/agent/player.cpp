// SPDX-License-Identifier: MIT
#include "player.hpp"

#include "interface_name.hpp"
#include "kernel.hpp"
#include "step.hpp"
#include "wait.hpp"

#include <mpulab_codes.h>

namespace agent {
namespace {

constexpr ULONG kTag = 'tgAM';

} // namespace

NTSTATUS Player::initialize() {
    attach_kernel();
    slots_ = static_cast<Slot*>(allocate_zeroed(MPULAB_SCORE_SLOTS * sizeof(Slot), kTag));
    if (!slots_) return STATUS_INSUFFICIENT_RESOURCES;
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, nullptr, OBJ_KERNEL_HANDLE, nullptr, nullptr);
    return ZwCreateEvent(&event_, EVENT_ALL_ACCESS, &attributes, SynchronizationEvent, FALSE);
}

PlayEnd Player::play(const uint8_t* score) {
    ScoreWalk walk(score);
    ScoreStep step{};
    while (walk.next(step)) {
        current_step_ = corr_of(step);
        trace::set_correlation(current_step_);
        if (step.head.opcode != MPULAB_OP_BEGIN_DEVICE) // its thread says when
            trace::record(MPULAB_KIND_STEP_BEGIN, corr_of(step), step.head.opcode, step.head.slot,
                          step.head.opcode == MPULAB_OP_DEVICE ? arguments_of<mpulab_op_device>(step).request : 0);
        ULONG_PTR information = 0;
        NTSTATUS status = run_step(step, information);
        // a WRITE that was sent, or an IOCTL that may pend, ends when its IRP completes; BEGIN_DEVICE when it is done
        if (status != STATUS_PENDING)
            trace::record(MPULAB_KIND_STEP_END, corr_of(step), step.head.opcode, static_cast<ULONG>(status),
                          information);
        bool failed = status != STATUS_PENDING && (!NT_SUCCESS(status) || status == STATUS_TIMEOUT);
        if (failed) {
            DbgPrint("agent.sys: step %u (%s) failed: status 0x%08x%s\n", step.number, opcode_name(step.head.opcode),
                     status, step.head.flags & MPULAB_STEP_MAY_FAIL ? ", which it may" : "");
            if (!(step.head.flags & MPULAB_STEP_MAY_FAIL)) return {MPULAB_END_STEP_FAILED, status};
        }
        if (failed_step_) {
            DbgPrint("agent.sys: step %llu (%s) failed: status 0x%08x\n", MPULAB_CORR_NUMBER(failed_step_),
                     opcode_name(failed_opcode_), failed_);
            return {MPULAB_END_STEP_FAILED, failed_};
        }
    }
    return {MPULAB_END_SCORE_DONE, STATUS_SUCCESS};
}

NTSTATUS Player::run_step(const ScoreStep& step, ULONG_PTR& information) {
    Slot& slot = slots_[step.head.slot];
    switch (step.head.opcode) {
    case MPULAB_OP_OPEN_FILTER:
        return open_filter(step);
    case MPULAB_OP_OPEN_PIN:
        return open_pin(step);
    case MPULAB_OP_DELAY:
        wait_until(arguments_of<mpulab_op_delay>(step).ns / 100, [] { return false; });
        return STATUS_SUCCESS;
    case MPULAB_OP_MARKER:
        trace::record(MPULAB_KIND_MARKER, corr_of(step), arguments_of<mpulab_op_marker>(step).number);
        return STATUS_SUCCESS;
    case MPULAB_OP_REMOVE_DEVICE:
        return unless_late(step, [&] { return remove_device(arguments_of<mpulab_op_remove_device>(step).unit); });
    case MPULAB_OP_DEVICE:
        return unless_late(step, [&] { return ask(step); });
    case MPULAB_OP_BEGIN_DEVICE:
        return begin_device(step);
    case MPULAB_OP_WAIT_DEVICE: {
        const DeviceJob& job = jobs_[arguments_of<mpulab_op_wait_device>(step).job];
        return wait_until(patience_of(step), [&] { return !job.active(); });
    }
    case MPULAB_OP_WATCH_EVENT: {
        auto op = arguments_of<mpulab_op_watch_event>(step);
        trace::record(MPULAB_KIND_AWAIT, corr_of(step), MPULAB_AWAIT(op.unit, op.kind), op.a, op.b);
        return STATUS_SUCCESS;
    }
    case MPULAB_OP_WAIT_EVENT:
        return wait_event(step, information);
    case MPULAB_OP_OPEN_DEVICE:
        return open_device(step);
    default:
        break;
    }
    if (!slot.handle) return STATUS_INVALID_HANDLE; // its open had failed, and might
    switch (step.head.opcode) {
    case MPULAB_OP_SET_STATE:
        return set_state(step, information);
    case MPULAB_OP_WRITE:
        return write(step);
    case MPULAB_OP_WAIT_WRITES:
        return wait_until(patience_of(step), [&] { return slot.writes_active() == 0; });
    case MPULAB_OP_READ_START:
        return read_start(step);
    case MPULAB_OP_WAIT_CAPTURED: {
        ULONGLONG wanted = arguments_of<mpulab_op_wait_captured>(step).bytes;
        NTSTATUS status =
            wait_until(patience_of(step), [&] { return slot.captured >= wanted || !NT_SUCCESS(slot.read_status); });
        information = static_cast<ULONG_PTR>(slot.captured);
        return NT_SUCCESS(slot.read_status) || slot.captured >= wanted ? status : slot.read_status;
    }
    case MPULAB_OP_READ_STOP:
        return read_stop(step);
    case MPULAB_OP_CLOSE:
        return close(step);
    case MPULAB_OP_IOCTL:
        return control(step, information);
    case MPULAB_OP_WAIT_IOCTLS:
        return wait_until(patience_of(step), [&] { return slot.controls_active() == 0; });
    case MPULAB_OP_CANCEL_IO:
        return cancel_io(step);
    default:
        return STATUS_NOT_SUPPORTED; // check_score() lets no other pass
    }
}

NTSTATUS Player::open_filter(const ScoreStep& step) {
    auto op = arguments_of<mpulab_op_open_filter>(step);
    GUID category;
    RtlCopyMemory(&category, op.category, sizeof category);
    PWSTR list = nullptr;
    NTSTATUS status = IoGetDeviceInterfaces(&category, nullptr, 0, &list);
    if (!NT_SUCCESS(status)) return status;
    constexpr size_t kMaxListChars = 65536;
    size_t chars = 0;
    const char16_t* link =
        find_link(reinterpret_cast<const char16_t*>(list), kMaxListChars, op.unit, op.reference, chars);
    if (!link || chars > kMaxLinkChars) {
        DbgPrint("agent.sys: no enabled device interface of that category belongs to unit %u and \"%ws\"; the first of "
                 "the category is \"%ws\"\n",
                 op.unit, op.reference, list);
        ExFreePool(list);
        return STATUS_NO_SUCH_DEVICE;
    }
    auto bytes = static_cast<USHORT>(chars * sizeof(WCHAR));
    UNICODE_STRING name{bytes, bytes, reinterpret_cast<PWCH>(const_cast<char16_t*>(link))};
    status = open_by_name(slots_[step.head.slot], &name);
    ExFreePool(list);
    return status;
}

NTSTATUS Player::open_pin(const ScoreStep& step) {
    auto op = arguments_of<mpulab_op_open_pin>(step);
    HANDLE filter = slots_[op.filter_slot].handle;
    if (!filter) return STATUS_INVALID_HANDLE;
    struct {
        KSPIN_CONNECT connect;
        KSDATAFORMAT format;
        uint8_t more[MPULAB_SCORE_MAX_FORMAT_BYTES - sizeof(KSDATAFORMAT)];
    } request{};
    static_assert(offsetof(decltype(request), more) == sizeof(KSPIN_CONNECT) + sizeof(KSDATAFORMAT));
    request.connect.Interface.Set = KSINTERFACESETID_Standard;
    request.connect.Interface.Id = KSINTERFACE_STANDARD_STREAMING;
    request.connect.Medium.Set = KSMEDIUMSETID_Standard;
    request.connect.Medium.Id = KSMEDIUM_STANDARD_DEVIO;
    request.connect.PinId = op.pin_id;
    request.connect.Priority.PriorityClass = KSPRIORITY_NORMAL;
    request.connect.Priority.PrioritySubClass = 1;
    request.format.FormatSize = sizeof request.format;
    request.format.MajorFormat = KSDATAFORMAT_TYPE_MUSIC;
    request.format.SubFormat = KSDATAFORMAT_SUBTYPE_MIDI;
    request.format.Specifier = KSDATAFORMAT_SPECIFIER_NONE;
    if (step.head.size > sizeof op)
        RtlCopyMemory(&request.format, step.arguments + sizeof op, step.head.size - sizeof op);

    Slot& slot = slots_[step.head.slot];
    RtlZeroMemory(&slot, sizeof slot);
    NTSTATUS status = KsCreatePin(filter, &request.connect, GENERIC_READ | GENERIC_WRITE, &slot.handle);
    if (!NT_SUCCESS(status)) slot.handle = nullptr;
    slot.is_pin = true;
    return status;
}

NTSTATUS Player::set_state(const ScoreStep& step, ULONG_PTR& information) {
    property_.Set = KSPROPSETID_Connection;
    property_.Id = KSPROPERTY_CONNECTION_STATE;
    property_.Flags = KSPROPERTY_TYPE_SET;
    state_value_ = arguments_of<mpulab_op_set_state>(step).state;
    control_io_.Status = STATUS_PENDING;
    HANDLE pin = slots_[step.head.slot].handle;
    NTSTATUS status = ZwDeviceIoControlFile(pin, event_, nullptr, nullptr, &control_io_, IOCTL_KS_PROPERTY, &property_,
                                            sizeof property_, &state_value_, sizeof state_value_);
    if (status == STATUS_PENDING) {
        status = wait_until(patience_of(step),
                            [this] { return *const_cast<volatile NTSTATUS*>(&control_io_.Status) != STATUS_PENDING; });
        if (status == STATUS_SUCCESS) status = control_io_.Status;
    }
    if (NT_SUCCESS(status)) information = control_io_.Information;
    take_completions(); // a downward step may have ended requests
    return status;
}

NTSTATUS Player::close(const ScoreStep& step) {
    Slot& slot = slots_[step.head.slot];
    slot.read_count = 0;
    NTSTATUS status = ZwClose(slot.handle);
    slot.handle = nullptr;
    if (!NT_SUCCESS(status)) return status;
    return wait_until(patience_of(step), [&] {
        return slot.writes_active() == 0 && slot.reads_active() == 0 && slot.controls_active() == 0;
    });
}

} // namespace agent
