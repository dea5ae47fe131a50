// SPDX-License-Identifier: MIT
// What every kind of step is asked.
#pragma once

#include "score_check.hpp"

#include "module/trace.hpp"

namespace agent {

constexpr ULONGLONG k100nsPerMs = 10'000;
constexpr ULONG kControlPatienceMs = 60'000; // of a step without a timeout of its own

template <class T> T arguments_of(const ScoreStep& step) {
    T value;
    RtlCopyMemory(&value, step.arguments, sizeof value);
    return value;
}

inline ULONGLONG corr_of(const ScoreStep& step) {
    return MPULAB_CORR(MPULAB_CORR_STEP, step.number);
}

inline ULONGLONG patience_of(const ScoreStep& step) {
    return k100nsPerMs * (step.head.timeout_ms ? step.head.timeout_ms : kControlPatienceMs);
}

/** From a value of the performance counter until now, in 100 ns. */
inline ULONGLONG since(LONGLONG began) {
    LARGE_INTEGER frequency;
    const auto ticks = static_cast<ULONGLONG>(KeQueryPerformanceCounter(&frequency).QuadPart - began);
    return ticks * 10'000'000 / static_cast<ULONGLONG>(frequency.QuadPart);
}

/** A request that nobody can take back half-way: it is waited for, and STATUS_TIMEOUT when it took longer than the step
 * allows. What went wrong in it comes first. */
template <class Ask> NTSTATUS unless_late(const ScoreStep& step, Ask ask) {
    const LONGLONG began = KeQueryPerformanceCounter(nullptr).QuadPart;
    const NTSTATUS status = ask();
    const ULONGLONG took = since(began);
    if (!NT_SUCCESS(status) || took <= patience_of(step)) return status;
    DbgPrint("agent.sys: step %u (%s) was done after %llu us, %llu us were allowed\n", step.number,
             opcode_name(step.head.opcode), took / 10, patience_of(step) / 10);
    return STATUS_TIMEOUT;
}

} // namespace agent
