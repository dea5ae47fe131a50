// SPDX-License-Identifier: MIT
#include "device_job.hpp"

#include "kernel.hpp"
#include "step.hpp"

namespace agent {
namespace {

/** Above a client's 8: what the managers have to do waits for no program, and on one CPU comes into the middle of its
 * calls. Below the real-time priorities, from 16 on. */
constexpr KPRIORITY kManagersPriority = 13;

constexpr ULONGLONG kNsPer100ns = 100;

} // namespace

NTSTATUS DeviceJob::begin(const ScoreStep& step, HANDLE event) {
    begun_ = KeQueryPerformanceCounter(nullptr).QuadPart;
    step_ = step;
    event_ = event;
    done_ = 0;
    active_ = true;
    HANDLE thread;
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, nullptr, OBJ_KERNEL_HANDLE, nullptr, nullptr);
    NTSTATUS status = PsCreateSystemThread(&thread, THREAD_ALL_ACCESS, &attributes, nullptr, nullptr, run, this);
    if (!NT_SUCCESS(status)) {
        active_ = false;
        return status;
    }
    // From outside: at a client's own priority it would not begin before the client waits for something.
    PVOID body = nullptr;
    if (NT_SUCCESS(ObReferenceObjectByHandle(thread, THREAD_ALL_ACCESS, nullptr, KernelMode, &body, nullptr))) {
        KeSetPriorityThread(static_cast<PKTHREAD>(body), kManagersPriority);
        ObDereferenceObject(body);
    }
    ZwClose(thread);
    return STATUS_PENDING;
}

VOID NTAPI DeviceJob::run(PVOID job) {
    static_cast<DeviceJob*>(job)->make_request();
    PsTerminateSystemThread(STATUS_SUCCESS);
}

void DeviceJob::make_request() {
    const auto op = arguments_of<mpulab_op_begin_device>(step_);
    const ULONGLONG corr = corr_of(step_);
    const ULONGLONG later = op.later_ns / kNsPer100ns;
    if (const ULONGLONG passed = since(begun_); passed < later) sleep_exactly(later - passed);
    trace::set_correlation(corr);
    trace::record(MPULAB_KIND_STEP_BEGIN, corr, step_.head.opcode, 0, op.request);
    status_ = unless_late(step_, [&op] { return ask_device(op.unit, op.request, op.argument); });
    trace::record(MPULAB_KIND_STEP_END, corr, step_.head.opcode, static_cast<ULONG>(status_));
    InterlockedExchange(&done_, 1);
    ZwSetEvent(event_, nullptr);
}

} // namespace agent
